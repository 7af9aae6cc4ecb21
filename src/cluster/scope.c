/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a stack may touch in its clusters. */
#include "cluster/scope.h"

#include "base/glob.h"

#define MAX_PATTERN 255

void cluster_scope_free(struct cluster_scope *scope)
{
	if (scope != NULL) {
		g_strfreev(scope->namespaces);
		g_free(scope);
	}
}

void cluster_scope_write(struct json_writer *w, const char *name, const struct cluster_scope *scope)
{
	json_w_object(w, name);
	json_w_bool(w, "cluster_scoped", scope->cluster_scoped);
	if (scope->namespaces != NULL) {
		json_w_array(w, "namespaces");
		for (char **text = scope->namespaces; *text != NULL; text++) {
			json_w_str(w, NULL, *text);
		}
		json_w_end(w);
	}
	json_w_end(w);
}

struct cluster_scope *cluster_scope_read(struct json_obj *o, const char *name)
{
	g_autoptr(cluster_scope_auto) scope = NULL;
	g_autoptr(GStrvBuilder) texts = NULL;
	struct json_obj inner;
	struct json_arr list;
	size_t count;

	if (!json_has(o, name) || !json_obj_get(o, name, &inner)) {
		return NULL;
	}
	scope = g_new0(struct cluster_scope, 1);
	scope->cluster_scoped = json_bool(&inner, "cluster_scoped");
	if (json_has(&inner, "namespaces")) {
		texts = g_strv_builder_new();
		count = json_arr_get(&inner, "namespaces", CLUSTER_SCOPE_MAX, &list);
		for (size_t i = 0; i < count; i++) {
			const char *text = json_arr_str(&list, i, MAX_PATTERN);

			g_strv_builder_add(texts, text != NULL ? text : "");
		}
		scope->namespaces = g_strv_builder_end(texts);
	}
	json_obj_end(&inner);
	return json_doc_status(o->doc, NULL) == 0 ? g_steal_pointer(&scope) : NULL;
}

char *cluster_scope_problem(const struct cluster_scope *scope, const char *namespace)
{
	if (scope == NULL) {
		return g_strdup("is in a cluster, and this stack may touch none");
	}
	if (namespace[0] == '\0') {
		return scope->cluster_scoped
			       ? NULL
			       : g_strdup("is in no namespace: the agent's configuration must say "
					  "'cluster-scoped: true' for this stack");
	}
	for (char **text = scope->namespaces; text != NULL && *text != NULL; text++) {
		if (glob_matches(*text, namespace)) {
			return NULL;
		}
	}
	return scope->namespaces == NULL
		       ? NULL
		       : g_strdup_printf("is in namespace '%s', which the agent's configuration "
					 "does not allow this stack",
					 namespace);
}
