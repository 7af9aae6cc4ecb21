/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rules for the types of fields, and how they are followed through an object. */
#include "kube/types.h"

#include <sodium.h>
#include <string.h>

#include "core/text.h"

enum want { TEXT, WHOLE, TRUTH, BASE64 };

/* A path names a member, "*" stands for all members of a map, "[]" for all items of a list. */
struct rule {
	const char *path;
	enum want want;
};

static const struct rule metadata_rules[] = {
	{"labels.*", TEXT},
	{"annotations.*", TEXT},
	{"finalizers[]", TEXT},
	{NULL, TEXT},
};

static const struct rule container_rules[] = {
	{"name", TEXT},
	{"image", TEXT},
	{"imagePullPolicy", TEXT},
	{"workingDir", TEXT},
	{"command[]", TEXT},
	{"args[]", TEXT},
	{"env[].name", TEXT},
	{"env[].value", TEXT},
	{"ports[].name", TEXT},
	{"ports[].protocol", TEXT},
	{"ports[].containerPort", WHOLE},
	{"ports[].hostPort", WHOLE},
	{"volumeMounts[].name", TEXT},
	{"volumeMounts[].mountPath", TEXT},
	{"volumeMounts[].subPath", TEXT},
	{"volumeMounts[].readOnly", TRUTH},
	{"securityContext.privileged", TRUTH},
	{"securityContext.readOnlyRootFilesystem", TRUTH},
	{"securityContext.runAsUser", WHOLE},
	{NULL, TEXT},
};

static const struct rule pod_rules[] = {
	{"nodeName", TEXT},
	{"nodeSelector.*", TEXT},
	{"serviceAccountName", TEXT},
	{"restartPolicy", TEXT},
	{"hostNetwork", TRUTH},
	{"automountServiceAccountToken", TRUTH},
	{"terminationGracePeriodSeconds", WHOLE},
	{"tolerations[].key", TEXT},
	{"tolerations[].value", TEXT},
	{"volumes[].name", TEXT},
	{"securityContext.runAsUser", WHOLE},
	{"securityContext.fsGroup", WHOLE},
	{NULL, TEXT},
};

static const struct kind_rules {
	const char *group, *kind;
	struct rule rules[8];
} kinds[] = {
	{"", "ConfigMap", {{"data.*", TEXT}, {"binaryData.*", BASE64}, {"immutable", TRUTH}}},
	{"",
	 "Secret",
	 {{"data.*", BASE64}, {"stringData.*", TEXT}, {"type", TEXT}, {"immutable", TRUTH}}},
	{"",
	 "Service",
	 {{"spec.selector.*", TEXT},
	  {"spec.type", TEXT},
	  {"spec.clusterIP", TEXT},
	  {"spec.externalName", TEXT},
	  {"spec.ports[].name", TEXT},
	  {"spec.ports[].port", WHOLE},
	  {"spec.ports[].nodePort", WHOLE}}},
	{"", "ServiceAccount", {{"automountServiceAccountToken", TRUTH}}},
	{"",
	 "PersistentVolumeClaim",
	 {{"spec.storageClassName", TEXT}, {"spec.accessModes[]", TEXT}}},
	{"", "ReplicationController", {{"spec.replicas", WHOLE}, {"spec.selector.*", TEXT}}},
	{"apps",
	 "Deployment",
	 {{"spec.replicas", WHOLE},
	  {"spec.selector.matchLabels.*", TEXT},
	  {"spec.paused", TRUTH},
	  {"spec.progressDeadlineSeconds", WHOLE}}},
	{"apps", "ReplicaSet", {{"spec.replicas", WHOLE}, {"spec.selector.matchLabels.*", TEXT}}},
	{"apps", "DaemonSet", {{"spec.selector.matchLabels.*", TEXT}}},
	{"apps",
	 "StatefulSet",
	 {{"spec.replicas", WHOLE},
	  {"spec.selector.matchLabels.*", TEXT},
	  {"spec.serviceName", TEXT}}},
	{"batch", "Job", {{"spec.backoffLimit", WHOLE}, {"spec.suspend", TRUTH}}},
	{"batch", "CronJob", {{"spec.schedule", TEXT}, {"spec.suspend", TRUTH}}},
	{"networking.k8s.io",
	 "Ingress",
	 {{"spec.ingressClassName", TEXT},
	  {"spec.rules[].host", TEXT},
	  {"spec.rules[].http.paths[].path", TEXT},
	  {"spec.tls[].hosts[]", TEXT},
	  {"spec.tls[].secretName", TEXT}}},
	{"rbac.authorization.k8s.io",
	 "Role",
	 {{"rules[].verbs[]", TEXT}, {"rules[].apiGroups[]", TEXT}, {"rules[].resources[]", TEXT}}},
	{"rbac.authorization.k8s.io",
	 "ClusterRole",
	 {{"rules[].verbs[]", TEXT}, {"rules[].apiGroups[]", TEXT}, {"rules[].resources[]", TEXT}}},
	{"rbac.authorization.k8s.io", "RoleBinding", {{"subjects[].name", TEXT}}},
	{"rbac.authorization.k8s.io", "ClusterRoleBinding", {{"subjects[].name", TEXT}}},
};

/* Where workloads have the template of their pods; "" for the object itself. */
static const struct template_place {
	const char *group, *kind, *path;
} templates[] = {
	{"", "Pod", ""},
	{"", "PodTemplate", "template"},
	{"", "ReplicationController", "spec.template"},
	{"apps", "Deployment", "spec.template"},
	{"apps", "ReplicaSet", "spec.template"},
	{"apps", "DaemonSet", "spec.template"},
	{"apps", "StatefulSet", "spec.template"},
	{"batch", "Job", "spec.template"},
	{"batch", "CronJob", "spec.jobTemplate.spec.template"},
};

struct check {
	const char *file;
	struct diag_list *diags;
	GString *path;	  /* of the value at hand, for messages */
	GHashTable *told; /* values: several rules lead through the same list */
	enum want want;
};

static void complain_of(const struct check *c, const struct kube_value *value, const char *should,
			const char *is, const char *remedy)
{
	struct kube_place at = kube_value_place(value);

	if (g_hash_table_add(c->told, (void *)value)) {
		diag_add(c->diags, c->file, at.line, at.column, "'%s' must be %s, not %s%s",
			 c->path->str, should, is, remedy);
	}
}

static void complain(const struct check *c, const struct kube_value *value, const char *should,
		     const char *remedy)
{
	complain_of(c, value, should, kube_value_type_name(kube_value_type(value)), remedy);
}

static bool is_simple(const struct kube_value *value)
{
	return kube_value_is(value, KUBE_NUMBER) || kube_value_is(value, KUBE_BOOL);
}

static bool is_whole(const struct kube_value *value)
{
	size_t len;

	return kube_value_is(value, KUBE_NUMBER) &&
	       strpbrk(kube_value_text(value, &len), ".eE") == NULL;
}

/* Line ends are skipped, as servers do. */
static bool is_base64(const struct kube_value *value)
{
	size_t len, count = 0, size;
	const char *text = kube_value_text(value, &len);
	g_autofree char *packed = g_malloc(len + 1);
	g_autofree uint8_t *data = g_malloc(len + 1);
	bool good;

	for (size_t i = 0; i < len; i++) {
		if (text[i] != '\n' && text[i] != '\r') {
			packed[count++] = text[i];
		}
	}
	good = text_base64_decode(data, len, &size, packed, count);
	sodium_memzero(packed, len);
	sodium_memzero(data, len);
	return good;
}

static void check_base64(const struct check *c, const struct kube_value *value)
{
	struct kube_place at = kube_value_place(value);

	if (!kube_value_is(value, KUBE_STRING)) {
		complain(c, value, "a text in base64", is_simple(value) ? ": quote it" : "");
	} else if (!is_base64(value)) {
		diag_add(c->diags, c->file, at.line, at.column,
			 "'%s' is not base64: encode it, or move it to where plain text may stand",
			 c->path->str);
	}
}

/* Null stands for the default, wherever it is. */
static void check_leaf(const struct check *c, const struct kube_value *value)
{
	if (kube_value_is(value, KUBE_NULL)) {
		return;
	}
	switch (c->want) {
	case TEXT:
		if (!kube_value_is(value, KUBE_STRING)) {
			complain(c, value, "a text", is_simple(value) ? ": quote it" : "");
		}
		break;
	case WHOLE:
		if (kube_value_is(value, KUBE_NUMBER) && !is_whole(value)) {
			complain_of(c, value, "a whole number", "one with a fraction", "");
		} else if (!is_whole(value)) {
			complain(c, value, "a whole number",
				 kube_value_is(value, KUBE_STRING) ? ": remove the quotes" : "");
		}
		break;
	case TRUTH:
		if (!kube_value_is(value, KUBE_BOOL)) {
			complain(c, value, "true or false",
				 kube_value_is(value, KUBE_STRING) ? ": remove the quotes" : "");
		}
		break;
	case BASE64:
		check_base64(c, value);
		break;
	}
}

static void follow(struct check *c, const struct kube_value *value, const char *path);

static void follow_items(struct check *c, const struct kube_value *list, const char *rest)
{
	size_t before = c->path->len;

	if (kube_value_is(list, KUBE_NULL)) {
		return;
	}
	if (!kube_value_is(list, KUBE_LIST)) {
		complain(c, list, "a list", "");
		return;
	}
	for (size_t i = 0; i < kube_value_count(list); i++) {
		g_string_append_printf(c->path, "[%zu]", i);
		follow(c, kube_value_item(list, i), rest);
		g_string_truncate(c->path, before);
	}
}

static void follow_member(struct check *c, const struct kube_value *value, const char *name,
			  const char *rest)
{
	size_t before = c->path->len;

	g_string_append_printf(c->path, "%s%s", before > 0 ? "." : "", name);
	follow(c, value, rest);
	g_string_truncate(c->path, before);
}

static void follow_members(struct check *c, const struct kube_value *map, const char *path)
{
	size_t len = strcspn(path, ".[");
	g_autofree char *name = g_strndup(path, len);
	const char *rest = path + len + (path[len] == '.');
	const struct kube_value *value;

	if (kube_value_is(map, KUBE_NULL)) {
		return;
	}
	if (!kube_value_is(map, KUBE_MAP)) {
		complain(c, map, "a map", "");
		return;
	}
	if (strcmp(name, "*") != 0) {
		value = kube_value_get(map, name);
		if (value != NULL) {
			follow_member(c, value, name, rest);
		}
		return;
	}
	for (size_t i = 0; i < kube_value_count(map); i++) {
		follow_member(c, kube_value_item(map, i), kube_value_name(map, i), rest);
	}
}

/* path: what is left of the rule's. */
static void follow(struct check *c, const struct kube_value *value, const char *path)
{
	if (*path == '\0') {
		check_leaf(c, value);
	} else if (*path == '[') {
		follow_items(c, value, path + 2 + (path[2] == '.'));
	} else {
		follow_members(c, value, path);
	}
}

/* prefix: where value stands in the object. */
static void apply_rules(struct check *c, const struct kube_value *value, const char *prefix,
			const struct rule *rules)
{
	g_string_assign(c->path, prefix);
	if (value == NULL || kube_value_is(value, KUBE_NULL)) {
		return;
	}
	if (!kube_value_is(value, KUBE_MAP)) {
		complain(c, value, "a map", "");
		return;
	}
	for (; rules->path != NULL; rules++) {
		c->want = rules->want;
		follow(c, value, rules->path);
	}
}

static void check_containers(struct check *c, const struct kube_value *pod, const char *prefix)
{
	static const char *const lists[] = {"initContainers", "containers", "ephemeralContainers"};

	for (size_t i = 0; i < G_N_ELEMENTS(lists); i++) {
		const struct kube_value *list = kube_value_get(pod, lists[i]);

		for (size_t k = 0; k < kube_value_count(list); k++) {
			g_autofree char *place = g_strdup_printf("%s.%s[%zu]", prefix, lists[i], k);

			apply_rules(c, kube_value_item(list, k), place, container_rules);
		}
		if (list != NULL && !kube_value_is(list, KUBE_LIST) &&
		    !kube_value_is(list, KUBE_NULL)) {
			g_string_printf(c->path, "%s.%s", prefix, lists[i]);
			complain(c, list, "a list", "");
		}
	}
}

static const struct template_place *find_template(const struct kube_id *id)
{
	for (size_t i = 0; i < G_N_ELEMENTS(templates); i++) {
		if (strcmp(templates[i].group, id->group) == 0 &&
		    strcmp(templates[i].kind, id->kind) == 0) {
			return &templates[i];
		}
	}
	return NULL;
}

static struct kube_value *go_down(const struct kube_value *value, const char *path)
{
	g_auto(GStrv) names = g_strsplit(path, ".", -1); /* none for "" */
	const struct kube_value *at = value;

	for (size_t i = 0; names[i] != NULL; i++) {
		at = kube_value_get(at, names[i]);
	}
	return (struct kube_value *)at;
}

struct kube_value *kube_types_template(const struct kube_value *object, const struct kube_id *id)
{
	const struct template_place *place = find_template(id);

	return place != NULL ? go_down(object, place->path) : NULL;
}

static void check_template(struct check *c, const struct kube_value *object,
			   const struct kube_id *id)
{
	const struct template_place *place = find_template(id);
	const struct kube_value *template = kube_types_template(object, id);
	const struct kube_value *metadata = kube_value_get(template, "metadata");
	const struct kube_value *pod = kube_value_get(template, "spec");
	const char *dot;

	if (place == NULL) {
		return;
	}
	dot = place->path[0] != '\0' ? "." : "";
	if (metadata != NULL && place->path[0] != '\0') {
		g_autofree char *prefix = g_strdup_printf("%s.metadata", place->path);

		apply_rules(c, metadata, prefix, metadata_rules);
	}
	if (pod != NULL) {
		g_autofree char *prefix = g_strdup_printf("%s%sspec", place->path, dot);

		apply_rules(c, pod, prefix, pod_rules);
		check_containers(c, pod, prefix);
	}
}

bool kube_types_check(const struct kube_value *object, const struct kube_id *id, const char *file,
		      struct diag_list *diags)
{
	g_autoptr(GHashTable) told = g_hash_table_new(NULL, NULL);
	struct check c = {.file = file, .diags = diags, .told = told, .path = g_string_new(NULL)};
	unsigned before = diags->items->len;

	apply_rules(&c, kube_value_get(object, "metadata"), "metadata", metadata_rules);
	for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
		if (strcmp(kinds[i].group, id->group) == 0 &&
		    strcmp(kinds[i].kind, id->kind) == 0) {
			apply_rules(&c, object, "", kinds[i].rules);
		}
	}
	check_template(&c, object, id);
	g_string_free(c.path, TRUE);
	return diags->items->len == before;
}
