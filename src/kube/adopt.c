/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Marks of other tools. */
#include "kube/adopt.h"

#include <string.h>

#include "kube/managers.h"

#define LAST_APPLIED "kubectl.kubernetes.io/last-applied-configuration"
#define KUBECTL_UPDATES "kubectl-client-side-apply"
#define KUSTOMIZE "kustomize.toolkit.fluxcd.io/"
#define HELM_RELEASE "helm.toolkit.fluxcd.io/"
#define FLUX_KUSTOMIZE "kustomize-controller"
#define FLUX_HELM "helm-controller"
#define ARGO_TRACKING "argocd.argoproj.io/tracking-id"
#define ARGO_LABEL "app.kubernetes.io/instance"
#define ARGO_MANAGER "argocd-controller"
#define HELM_NAME "meta.helm.sh/release-name"
#define HELM_NAMESPACE "meta.helm.sh/release-namespace"

struct search {
	const struct kube_value *labels, *annotations, *fields;
	GPtrArray *out;
};

static void claim_free(void *data)
{
	struct kube_claim *claim = data;

	g_free(claim->name);
	g_free(claim->namespace);
	g_free(claim);
}

static void add(struct search *s, enum kube_tool tool, const char *name, const char *namespace,
		bool fights)
{
	struct kube_claim *claim = g_new0(struct kube_claim, 1);

	claim->tool = tool;
	claim->name = kube_managers_name(name != NULL ? name : "");
	claim->namespace = kube_managers_name(namespace != NULL ? namespace : "");
	claim->fights = fights;
	g_ptr_array_add(s->out, claim);
}

static bool has(const struct search *s, enum kube_tool tool)
{
	for (guint i = 0; i < s->out->len; i++) {
		const struct kube_claim *claim = s->out->pdata[i];

		if (claim->tool == tool) {
			return true;
		}
	}
	return false;
}

/* operation NULL: whichever. */
static bool has_manager(const struct search *s, const char *manager, const char *operation)
{
	size_t count = MIN(kube_value_count(s->fields), KUBE_MANAGERS_MAX);

	for (size_t i = 0; kube_value_is(s->fields, KUBE_LIST) && i < count; i++) {
		const struct kube_value *entry = kube_value_item(s->fields, i);
		const char *does = kube_value_str_at(entry, "operation", NULL);

		if (g_strcmp0(kube_value_str_at(entry, "manager", NULL), manager) == 0 &&
		    (operation == NULL || g_strcmp0(does, operation) == 0)) {
			return true;
		}
	}
	return false;
}

static void find_flux(struct search *s)
{
	const char *name = kube_value_str_at(s->labels, KUSTOMIZE "name", NULL);
	const char *release = kube_value_str_at(s->labels, HELM_RELEASE "name", NULL);

	if (name != NULL || has_manager(s, FLUX_KUSTOMIZE, "Apply")) {
		add(s, KUBE_TOOL_FLUX, name,
		    kube_value_str_at(s->labels, KUSTOMIZE "namespace", NULL), true);
	}
	if (release != NULL || has_manager(s, FLUX_HELM, NULL)) {
		add(s, KUBE_TOOL_FLUX_HELM, release,
		    kube_value_str_at(s->labels, HELM_RELEASE "namespace", NULL), true);
	}
}

/* The Application of "APP:GROUP/KIND:NAMESPACE/NAME"; NULL: it names another object, or none. An
 * object of the whole cluster has its Application's target namespace there. */
static char *argo_application(const char *text, const struct kube_id *id)
{
	g_auto(GStrv) parts = g_strsplit(text, ":", 3);
	g_autofree char *kind = g_strdup_printf("%s/%s", id->group, id->kind);
	const char *slash;

	if (g_strv_length(parts) != 3 || parts[0][0] == '\0' || strcmp(parts[1], kind) != 0) {
		return NULL;
	}
	slash = strchr(parts[2], '/');
	if (slash == NULL || strcmp(slash + 1, id->name) != 0 ||
	    (id->namespace[0] != '\0' &&
	     (strlen(id->namespace) != (size_t)(slash - parts[2]) ||
	      strncmp(parts[2], id->namespace, strlen(id->namespace)) != 0))) {
		return NULL;
	}
	return g_strdup(parts[0]);
}

/* The label is everybody's, and says something only where Argo CD has written fields. */
static void find_argo(struct search *s, const struct kube_id *id)
{
	const char *tracking = kube_value_str_at(s->annotations, ARGO_TRACKING, NULL);
	g_autofree char *app = tracking != NULL ? argo_application(tracking, id) : NULL;

	if (app != NULL) {
		add(s, KUBE_TOOL_ARGO, app, NULL, true);
	} else if (tracking == NULL && has_manager(s, ARGO_MANAGER, NULL)) {
		add(s, KUBE_TOOL_ARGO, kube_value_str_at(s->labels, ARGO_LABEL, NULL), NULL, true);
	}
}

/* Flux makes releases of Helm's, too. */
static void find_helm(struct search *s)
{
	const char *name = kube_value_str_at(s->annotations, HELM_NAME, NULL);

	if (name != NULL && !has(s, KUBE_TOOL_FLUX_HELM)) {
		add(s, KUBE_TOOL_HELM, name,
		    kube_value_str_at(s->annotations, HELM_NAMESPACE, NULL), false);
	}
}

static void find_controller(struct search *s, const struct kube_value *live)
{
	const struct kube_value *owners = kube_value_at(live, "metadata", "ownerReferences", NULL);

	for (size_t i = 0; kube_value_is(owners, KUBE_LIST) && i < kube_value_count(owners); i++) {
		const struct kube_value *owner = kube_value_item(owners, i);
		const char *kind = kube_value_str_at(owner, "kind", NULL);
		const char *name = kube_value_str_at(owner, "name", NULL);
		g_autofree char *text = g_strdup_printf("%s %s", kind != NULL ? kind : "",
							name != NULL ? name : "");

		if (kube_value_is_true(kube_value_get(owner, "controller"))) {
			add(s, KUBE_TOOL_CONTROLLER, text, NULL, true);
		}
	}
}

/* Whoever is known already is not said again. */
static bool is_known(const struct search *s, const char *manager)
{
	return (has(s, KUBE_TOOL_FLUX) && strcmp(manager, FLUX_KUSTOMIZE) == 0) ||
	       (has(s, KUBE_TOOL_FLUX_HELM) && strcmp(manager, FLUX_HELM) == 0) ||
	       (has(s, KUBE_TOOL_ARGO) && strcmp(manager, ARGO_MANAGER) == 0);
}

static void find_appliers(struct search *s, const char *own)
{
	size_t count = MIN(kube_value_count(s->fields), KUBE_MANAGERS_MAX);

	for (size_t i = 0; kube_value_is(s->fields, KUBE_LIST) && i < count; i++) {
		const struct kube_value *entry = kube_value_item(s->fields, i);
		const char *manager = kube_value_str_at(entry, "manager", NULL);

		if (manager != NULL && strcmp(manager, own) != 0 && !is_known(s, manager) &&
		    g_strcmp0(kube_value_str_at(entry, "operation", NULL), "Apply") == 0 &&
		    kube_value_str_at(entry, "subresource", NULL) == NULL) {
			add(s, KUBE_TOOL_APPLIER, manager, NULL, false);
		}
	}
}

GPtrArray *kube_adopt_claims(const struct kube_value *live, const struct kube_value *fields,
			     const struct kube_id *id, const char *own)
{
	struct search s = {
		.labels = kube_value_at(live, "metadata", "labels", NULL),
		.annotations = kube_value_at(live, "metadata", "annotations", NULL),
		.fields = fields,
		.out = g_ptr_array_new_with_free_func(claim_free),
	};
	const char *set = kube_value_str_at(s.labels, KUBE_ID_PART_OF, NULL);

	find_flux(&s);
	find_argo(&s, id);
	find_helm(&s);
	find_controller(&s, live);
	if (set != NULL) {
		add(&s, KUBE_TOOL_APPLYSET, set, NULL, true);
	}
	/* Argo CD applies the way that kubectl does, and leaves the same annotation. */
	if (has_manager(&s, KUBECTL_UPDATES, "Update") ||
	    (kube_value_get(s.annotations, LAST_APPLIED) != NULL && !has(&s, KUBE_TOOL_ARGO))) {
		add(&s, KUBE_TOOL_KUBECTL, KUBECTL_UPDATES, NULL, false);
	}
	find_appliers(&s, own);
	return s.out;
}

const char *kube_tool_name(enum kube_tool tool)
{
	static const char *const names[] = {
		[KUBE_TOOL_KUBECTL] = "kubectl",
		[KUBE_TOOL_FLUX] = "flux",
		[KUBE_TOOL_FLUX_HELM] = "flux-helm",
		[KUBE_TOOL_ARGO] = "argocd",
		[KUBE_TOOL_HELM] = "helm",
		[KUBE_TOOL_APPLYSET] = "applyset",
		[KUBE_TOOL_CONTROLLER] = "controller",
		[KUBE_TOOL_APPLIER] = "applier",
	};

	return names[tool];
}

/* "flux-system/apps", "apps", or "of unknown name" */
static char *full_name(const struct kube_claim *claim)
{
	if (claim->name[0] == '\0') {
		return g_strdup("of unknown name");
	}
	return claim->namespace[0] != '\0' ? g_strdup_printf("%s/%s", claim->namespace, claim->name)
					   : g_strdup(claim->name);
}

char *kube_claim_text(const struct kube_claim *claim)
{
	g_autofree char *name = full_name(claim);

	switch (claim->tool) {
	case KUBE_TOOL_KUBECTL:
		return g_strdup("made by `kubectl apply`, client-side");
	case KUBE_TOOL_FLUX:
		return g_strdup_printf("kept by Flux: Kustomization %s", name);
	case KUBE_TOOL_FLUX_HELM:
		return g_strdup_printf("kept by Flux: HelmRelease %s", name);
	case KUBE_TOOL_ARGO:
		return g_strdup_printf("kept by Argo CD: Application %s", name);
	case KUBE_TOOL_HELM:
		return g_strdup_printf("made by Helm: release %s", name);
	case KUBE_TOOL_APPLYSET:
		return g_strdup_printf("member of another ApplySet: %s", name);
	case KUBE_TOOL_CONTROLLER:
		return g_strdup_printf("kept by a controller of the cluster: %s", name);
	case KUBE_TOOL_APPLIER:
		return g_strdup_printf("applied server-side by \"%s\"", name);
	}
	return g_strdup("");
}

/* May it stand in a command that somebody copies? */
static bool is_plain(const char *text)
{
	return g_ascii_isalnum(text[0]) &&
	       strspn(text, G_CSET_A_2_Z G_CSET_a_2_z "0123456789-_.") == strlen(text);
}

static char *suspend(const struct kube_claim *claim, const char *kind)
{
	return is_plain(claim->name) && is_plain(claim->namespace)
		       ? g_strdup_printf("suspend that first: flux suspend %s %s -n %s", kind,
					 claim->name, claim->namespace)
		       : g_strdup_printf("suspend that %s first", kind);
}

char *kube_claim_advice(const struct kube_claim *claim)
{
	switch (claim->tool) {
	case KUBE_TOOL_KUBECTL:
		return g_strdup("apply it with kubectl no more; a field that the manifest drops "
				"later stays, as kubectl's");
	case KUBE_TOOL_FLUX:
		return suspend(claim, "kustomization");
	case KUBE_TOOL_FLUX_HELM:
		return suspend(claim, "helmrelease");
	case KUBE_TOOL_ARGO:
		return is_plain(claim->name)
			       ? g_strdup_printf("end its automated sync first: argocd app set %s "
						 "--sync-policy none",
						 claim->name)
			       : g_strdup("end its automated sync first");
	case KUBE_TOOL_HELM:
		return g_strdup("upgrade or uninstall that release no more: it would change or "
				"delete the object");
	case KUBE_TOOL_APPLYSET:
		return g_strdup("end that set first: it deletes what it does not apply");
	case KUBE_TOOL_CONTROLLER:
		return g_strdup("take it out of the manifest: its owner makes it");
	case KUBE_TOOL_APPLIER:
		return g_strdup("a field that the manifest drops later stays, as that manager's");
	}
	return g_strdup("");
}

/* Takes one member out, and the map when nothing is left in it. */
static void drop(struct kube_value *object, const char *map, const char *member)
{
	struct kube_value *metadata = kube_value_get(object, "metadata");
	struct kube_value *members = kube_value_get(metadata, map);

	if (!kube_value_is(members, KUBE_MAP)) {
		return;
	}
	kube_value_free(kube_value_steal(members, member));
	if (kube_value_count(members) == 0) {
		kube_value_free(kube_value_steal(metadata, map));
	}
}

bool kube_adopt_keeps(const struct kube_value *live, const struct kube_value *wanted)
{
	g_autoptr(kube_value_auto) a = kube_value_dup(live);
	g_autoptr(kube_value_auto) b = kube_value_dup(wanted);

	drop(a, "annotations", KUBE_ID_MARK);
	drop(b, "annotations", KUBE_ID_MARK);
	drop(a, "labels", KUBE_ID_PART_OF);
	drop(b, "labels", KUBE_ID_PART_OF);
	return kube_value_equal(a, b);
}
