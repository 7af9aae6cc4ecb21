/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The objects of clusters that the manifest asks for: which may be touched, rendered, opened. */
#include <string.h>

#include "base/error.h"
#include "base/objects.h"
#include "worker/plan.h"
#include "worker/render.h"
#include "worker/target/kubernetes-look.h"

#define MAX_RENDERERS 1000
#define MAX_WORDS 256
#define MAX_PATHS 4096
#define MAX_TIMEOUT 3600

static const char **read_words(struct planner *p, struct json_obj *from)
{
	struct json_arr list;
	size_t count = json_arr_get(from, "run", MAX_WORDS, &list);
	const char **words = plan_keep_list(p, count);

	for (size_t i = 0; i < count; i++) {
		words[i] = json_arr_str(&list, i, 4096);
	}
	if (count == 0 || words[0] == NULL || words[0][0] != '/') {
		json_obj_fail(from, "run", "must begin with a program's absolute path");
	}
	return words;
}

/* There may be none. */
static const char **read_paths(struct planner *p, struct json_obj *from, const char *name)
{
	struct json_arr list;
	size_t count = json_arr_get_opt(from, name, MAX_PATHS, &list);
	const char **paths = plan_keep_list(p, count);

	for (size_t i = 0; i < count; i++) {
		paths[i] = json_arr_str(&list, i, 4096);
		if (paths[i] == NULL || paths[i][0] != '/') {
			json_obj_fail(from, name, "must be absolute paths");
		}
	}
	return paths;
}

static void read_renderers(struct planner *p, struct json_obj *from)
{
	struct json_arr list;
	size_t count = json_arr_get_opt(from, "renderers", MAX_RENDERERS, &list);

	p->renderers = g_ptr_array_new_with_free_func(g_free);
	for (size_t i = 0; i < count; i++) {
		struct plan_renderer *renderer;
		struct json_obj item;

		if (!json_arr_obj(&list, i, &item)) {
			return;
		}
		renderer = g_new0(struct plan_renderer, 1);
		renderer->name = json_str(&item, "name", 255);
		renderer->run = read_words(p, &item);
		renderer->reads = read_paths(p, &item, "reads");
		renderer->hidden = read_paths(p, &item, "hidden");
		renderer->timeout = (unsigned)json_int(&item, "timeout", 1, MAX_TIMEOUT);
		json_obj_end(&item);
		g_ptr_array_add(p->renderers, renderer);
	}
}

void plan_clusters_read(struct planner *p, struct json_obj *from)
{
	const char **names;

	p->clusters = cluster_settings_read(from, "clusters");
	p->scope = cluster_scope_read(from, "cluster_scope");
	read_renderers(p, from);
	names = plan_keep_list(p, p->clusters != NULL ? p->clusters->len : 0);
	for (guint i = 0; p->clusters != NULL && i < p->clusters->len; i++) {
		names[i] = ((const struct cluster_settings *)p->clusters->pdata[i])->name;
	}
	p->env.clusters = names;
	names = plan_keep_list(p, p->renderers->len);
	for (guint i = 0; i < p->renderers->len; i++) {
		names[i] = ((const struct plan_renderer *)p->renderers->pdata[i])->name;
	}
	p->env.renderers = names;
}

void plan_clusters_clear(struct planner *p)
{
	g_clear_pointer(&p->clusters, g_ptr_array_unref);
	g_clear_pointer(&p->scope, cluster_scope_free);
	g_clear_pointer(&p->renderers, g_ptr_array_unref);
	g_clear_pointer(&p->rendered, g_array_unref);
}

static const struct plan_renderer *find(const struct planner *p, const char *name)
{
	for (guint i = 0; i < p->renderers->len; i++) {
		const struct plan_renderer *renderer = p->renderers->pdata[i];

		if (strcmp(renderer->name, name) == 0) {
			return renderer;
		}
	}
	return NULL;
}

/* The stack's folder from the repository's root. */
static const char *top_of(const struct planner *p)
{
	return strcmp(p->folder, ".") == 0 ? "" : p->folder;
}

/* Where the renderer sees a path of the stack's folder. */
static char *seen_at(const struct planner *p, const char *path)
{
	size_t len = strlen(top_of(p));

	return g_strconcat(RENDER_INPUT, "/", len > 0 ? path + len + 1 : path, NULL);
}

static char **command(const struct planner *p, const struct plan_renderer *renderer,
		      const struct desired_kubernetes *k)
{
	g_autoptr(GStrvBuilder) words = g_strv_builder_new();

	g_strv_builder_addv(words, renderer->run);
	for (char **path = k->values; path != NULL && *path != NULL; path++) {
		g_autofree char *file = seen_at(p, *path);
		g_autofree char *word = g_strconcat("--values=", file, NULL);

		g_strv_builder_add(words, word);
	}
	return g_strv_builder_end(words);
}

static bool stopped(void *user)
{
	return job_stopped(user);
}

static bool has_secret(const GPtrArray *objects)
{
	for (guint i = 0; i < objects->len; i++) {
		if (look_is_secret(((const struct kube_object *)objects->pdata[i])->id)) {
			return true;
		}
	}
	return false;
}

/* What was written stays with the plan, as other contents that it wants. */
static bool keep_output(struct planner *p, const struct desired_resource *r, const GString *out,
			const GPtrArray *objects, const struct render_facts *facts, GError **error)
{
	struct plan_rendered made = {.from = r->id,
				     .renderer = plan_keep(p, r->kubernetes->render),
				     .program = facts->program_is,
				     .input = facts->input,
				     .sealed = has_secret(objects)};
	g_autofree char *text = NULL;
	size_t len;

	if (made.sealed) {
		if (!plan_secret_keys(p, error) ||
		    !plan_secret_seal(p, r->id, out->str, out->len, &text, &len, error) ||
		    !objects_store_unsynced(p->objects, text, len, &made.object, error)) {
			return false;
		}
	} else if (!objects_store_unsynced(p->objects, out->str, out->len, &made.object, error)) {
		return false;
	}
	if (p->rendered == NULL) {
		p->rendered = g_array_new(FALSE, FALSE, sizeof(struct plan_rendered));
	}
	g_array_append_val(p->rendered, made);
	return true;
}

static gint by_resource(gconstpointer a, gconstpointer b)
{
	return strcmp(((const struct plan_rendered *)a)->from,
		      ((const struct plan_rendered *)b)->from);
}

struct plan_rendered *plan_rendered(struct planner *p, size_t *count)
{
	if (p->rendered == NULL) {
		*count = 0;
		return NULL;
	}
	g_array_sort(p->rendered, by_resource);
	*count = p->rendered->len;
	return (struct plan_rendered *)(void *)p->rendered->data;
}

/* What is the commit's or the configuration's fault is told at the resource. */
static bool render(struct planner *p, const struct desired_resource *r, GPtrArray *objects,
		   GError **error)
{
	const struct desired_kubernetes *k = r->kubernetes;
	const struct plan_renderer *renderer = find(p, k->render);
	struct render_facts facts = {0};
	g_autoptr(GError) problem = NULL;
	g_auto(GStrv) argv = NULL;
	struct render_ask ask = {
		.reader = p->reader,
		.root = top_of(p),
		.folder = k->path,
		.stopped = stopped,
		.user = p->job,
	};
	GString *out = NULL;

	g_assert(renderer != NULL); // or the manifest was refused
	argv = command(p, renderer, k);
	ask.argv = (const char *const *)argv;
	ask.timeout = renderer->timeout;
	ask.reads = renderer->reads;
	ask.hidden = renderer->hidden;
	if (render_run(&ask, &out, &facts, &problem)) {
		bool kept = !kubernetes_take(r, out->str, out->len, objects, &p->diags) ||
			    keep_output(p, r, out, objects, &facts, error);

		if (facts.said != NULL) {
			plan_warn(p, "%s: renderer '%s' says: %s", r->id, k->render,
				  g_strdelimit(facts.said, "\n", ' '));
		}
		g_string_free(out, TRUE);
		render_facts_clear(&facts);
		return kept;
	}
	if (g_error_matches(problem, RENDER_ERROR, RENDER_ERROR_STOPPED)) {
		return fail(error, JOB_ERROR, JOB_ERROR_INTERRUPTED, "asked to stop");
	}
	if (g_error_matches(problem, RENDER_ERROR, RENDER_ERROR_FAILED)) {
		g_propagate_error(error, g_steal_pointer(&problem));
		return false;
	}
	plan_fail_at(p, r, "renderer '%s': %s", k->render, problem->message);
	return true;
}

static void free_object(void *object)
{
	kube_object_free(object);
}

GPtrArray *plan_manifests(struct planner *p, struct desired_resource *r, GError **error)
{
	struct desired_kubernetes *k = r->kubernetes;
	guint before = p->diags.items->len;
	g_autoptr(GPtrArray) objects = NULL;

	if (k->objects == NULL) {
		objects = g_ptr_array_new_with_free_func(free_object);
		if (!render(p, r, objects, error)) {
			return NULL;
		}
		k->objects = g_steal_pointer(&objects);
	}
	return p->diags.items->len == before ? k->objects : NULL;
}

bool plan_manifest_unseal(struct planner *p, const struct desired_resource *r,
			  struct kube_object *object)
{
	return kubernetes_unseal(object, r->kubernetes->context, plan_unseal, p, &p->diags);
}
