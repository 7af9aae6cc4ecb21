/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Stages and order of kinds, and what keeps an object from being pruned. */
#include "kube/order.h"

#include <string.h>

#define ADMISSION "admissionregistration.k8s.io"
#define RBAC "rbac.authorization.k8s.io"
#define OTHERS 1000 /* ranks of the table are below */

/* Flux's order, with namespaces before what may want them. What is not here comes after all of its
 * stage, by group and kind. */
static const struct {
	const char *group, *kind;
	enum kube_stage stage;
} kinds[] = {
	{"", "Namespace", KUBE_STAGE_GROUND},
	{"apiextensions.k8s.io", "CustomResourceDefinition", KUBE_STAGE_GROUND},
	{RBAC, "ClusterRole", KUBE_STAGE_GROUND},
	{"scheduling.k8s.io", "PriorityClass", KUBE_STAGE_CLASSES},
	{"node.k8s.io", "RuntimeClass", KUBE_STAGE_CLASSES},
	{"storage.k8s.io", "StorageClass", KUBE_STAGE_CLASSES},
	{"networking.k8s.io", "IngressClass", KUBE_STAGE_CLASSES},
	{RBAC, "ClusterRoleBinding", KUBE_STAGE_REST},
	{"", "ResourceQuota", KUBE_STAGE_REST},
	{"", "LimitRange", KUBE_STAGE_REST},
	{"", "ServiceAccount", KUBE_STAGE_REST},
	{RBAC, "Role", KUBE_STAGE_REST},
	{RBAC, "RoleBinding", KUBE_STAGE_REST},
	{"", "ConfigMap", KUBE_STAGE_REST},
	{"", "Secret", KUBE_STAGE_REST},
	{"", "PersistentVolume", KUBE_STAGE_REST},
	{"", "PersistentVolumeClaim", KUBE_STAGE_REST},
	{"", "Service", KUBE_STAGE_REST},
	{"apps", "DaemonSet", KUBE_STAGE_REST},
	{"apps", "Deployment", KUBE_STAGE_REST},
	{"apps", "StatefulSet", KUBE_STAGE_REST},
	{"batch", "CronJob", KUBE_STAGE_REST},
	{"policy", "PodDisruptionBudget", KUBE_STAGE_REST},
	{ADMISSION, "MutatingWebhookConfiguration", KUBE_STAGE_HOOKS},
	{ADMISSION, "ValidatingWebhookConfiguration", KUBE_STAGE_HOOKS},
	{"apiregistration.k8s.io", "APIService", KUBE_STAGE_HOOKS},
};

static size_t rank_of(const struct kube_id *id, enum kube_stage *stage)
{
	for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
		if (strcmp(kinds[i].kind, id->kind) == 0 &&
		    strcmp(kinds[i].group, id->group) == 0) {
			*stage = kinds[i].stage;
			return i;
		}
	}
	*stage = g_str_has_suffix(id->kind, "Class") ? KUBE_STAGE_CLASSES : KUBE_STAGE_REST;
	return OTHERS;
}

enum kube_stage kube_order_stage(const struct kube_id *id)
{
	enum kube_stage stage;

	(void)rank_of(id, &stage);
	return stage;
}

int kube_order_compare(const struct kube_id *a, const struct kube_id *b)
{
	enum kube_stage left_stage, right_stage;
	size_t left = rank_of(a, &left_stage), right = rank_of(b, &right_stage);
	int order;

	if (left_stage != right_stage) {
		return left_stage < right_stage ? -1 : 1;
	}
	if (left != right) {
		return left < right ? -1 : 1;
	}
	order = strcmp(a->group, b->group);
	if (order == 0) {
		order = strcmp(a->kind, b->kind);
	}
	return order != 0 ? order : kube_id_compare(a, b);
}

int kube_order_compare_prune(const struct kube_id *a, const struct kube_id *b)
{
	return kube_order_compare(b, a);
}

bool kube_order_takes(const struct kube_id *gone, const struct kube_value *live,
		      const struct kube_id *id)
{
	const struct kube_value *spec = kube_value_get(live, "spec");

	if (gone->group[0] == '\0' && strcmp(gone->kind, "Namespace") == 0) {
		return strcmp(gone->name, id->namespace) == 0;
	}
	return strcmp(gone->group, "apiextensions.k8s.io") == 0 &&
	       strcmp(gone->kind, "CustomResourceDefinition") == 0 &&
	       g_strcmp0(kube_value_str_at(spec, "group", NULL), id->group) == 0 &&
	       g_strcmp0(kube_value_str_at(spec, "names", "kind", NULL), id->kind) == 0;
}

bool kube_order_is_grave(const struct kube_id *id)
{
	static const char *const core[] = {"Namespace", "PersistentVolume", "PersistentVolumeClaim",
					   NULL};

	if (id->group[0] == '\0') {
		return g_strv_contains(core, id->kind);
	}
	return strcmp(id->group, "apiextensions.k8s.io") == 0 &&
	       strcmp(id->kind, "CustomResourceDefinition") == 0;
}

/* Argo CD's options stand in one text: "Validate=false,Prune=false". */
static bool has_option(const char *text, const char *option)
{
	g_auto(GStrv) options = g_strsplit(text, ",", -1);

	for (size_t i = 0; options[i] != NULL; i++) {
		if (g_ascii_strcasecmp(g_strstrip(options[i]), option) == 0) {
			return true;
		}
	}
	return false;
}

static bool is_protected(const struct kube_value *annotations)
{
	const struct kube_value *own = kube_value_get(annotations, KUBE_ORDER_PROTECT);
	const char *flux =
		kube_value_str_at(annotations, "kustomize.toolkit.fluxcd.io/prune", NULL);
	const char *argo = kube_value_str_at(annotations, "argocd.argoproj.io/sync-options", NULL);
	const char *helm = kube_value_str_at(annotations, "helm.sh/resource-policy", NULL);

	/* Whatever somebody meant by another word, it was not to have it deleted. */
	if (own != NULL && g_strcmp0(kube_value_str(own), "enabled") != 0) {
		return true;
	}
	return (flux != NULL && g_ascii_strcasecmp(flux, "disabled") == 0) ||
	       (argo != NULL &&
		(has_option(argo, "Prune=false") || has_option(argo, "Delete=false"))) ||
	       (helm != NULL && g_ascii_strcasecmp(helm, "keep") == 0);
}

static bool has_controller(const struct kube_value *metadata)
{
	const struct kube_value *owners = kube_value_get(metadata, "ownerReferences");

	for (size_t i = 0; i < kube_value_count(owners); i++) {
		if (kube_value_is_true(kube_value_get(kube_value_item(owners, i), "controller"))) {
			return true;
		}
	}
	return false;
}

enum kube_prune kube_order_judge_prune(const struct kube_value *live,
				       const struct kube_prune_of *of)
{
	const struct kube_value *metadata = kube_value_get(live, "metadata");
	const struct kube_value *annotations = kube_value_get(metadata, "annotations");
	const char *uid = kube_value_str_at(metadata, "uid", NULL);
	const char *set = kube_value_str_at(metadata, "labels", KUBE_ID_PART_OF, NULL);
	const char *mark = kube_value_str_at(annotations, KUBE_ID_MARK, NULL);

	if (uid == NULL || of->uid == NULL || strcmp(uid, of->uid) != 0) {
		return KUBE_PRUNE_RECREATED;
	}
	switch (kube_id_judge_mark(mark, of->owner, of->id)) {
	case KUBE_MARK_COPIED:
		return KUBE_PRUNE_COPIED;
	case KUBE_MARK_NONE:
	case KUBE_MARK_OTHERS:
		return KUBE_PRUNE_OTHERS;
	case KUBE_MARK_OURS:
		break;
	}
	if (set == NULL || strcmp(set, of->set) != 0) {
		return KUBE_PRUNE_OTHERS;
	}
	if (is_protected(annotations)) {
		return KUBE_PRUNE_PROTECTED;
	}
	return has_controller(metadata) ? KUBE_PRUNE_OWNED : KUBE_PRUNE_ALLOWED;
}

const char *kube_prune_text(enum kube_prune verdict)
{
	switch (verdict) {
	case KUBE_PRUNE_ALLOWED:
		return "may be pruned";
	case KUBE_PRUNE_PROTECTED:
		return "protected by its annotation";
	case KUBE_PRUNE_COPIED:
		return "a copy of an object of ours";
	case KUBE_PRUNE_OTHERS:
		return "not marked as ours";
	case KUBE_PRUNE_RECREATED:
		return "not the object that was applied";
	case KUBE_PRUNE_OWNED:
		return "owned by a controller";
	}
	return "";
}
