/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The plan job: request, desired state, and the order of the work. */
#include "worker/plan.h"

#include <string.h>
#include <time.h>

#include "base/autoptr.h"
#include "base/error.h"
#include "worker/plan-drift.h"
#include "worker/tree-reader.h"

#define MAX_LABELS 1000
#define MAX_CONTENT ((size_t)512 << 20)

const char *plan_keep(struct planner *p, const char *text)
{
	return g_string_chunk_insert(p->strings, text);
}

const char **plan_keep_list(struct planner *p, size_t count)
{
	const char **list = g_new0(const char *, count + 1);

	g_ptr_array_add(p->kept, list);
	return list;
}

const char *plan_id(struct planner *p, enum state_type type, const char *path)
{
	g_autofree char *id = g_strconcat(state_type_names[type], ":", path, NULL);

	return plan_keep(p, id);
}

void plan_warn(struct planner *p, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	g_ptr_array_add(p->warnings, g_strdup_vprintf(format, args));
	va_end(args);
}

G_GNUC_PRINTF(3, 0)
static void fail_at(struct planner *p, const struct desired_resource *r, const char *format,
		    va_list args)
{
	g_autofree char *text = g_strdup_vprintf(format, args);

	diag_add(&p->diags, r != NULL ? r->file : DESIRED_MANIFEST, r != NULL ? r->line : 1,
		 r != NULL ? r->column : 1, "%s", text);
}

void plan_fail_at(struct planner *p, const struct desired_resource *resource, const char *format,
		  ...)
{
	va_list args;

	va_start(args, format);
	fail_at(p, resource, format, args);
	va_end(args);
}

void plan_fail(struct planner *p, const struct want *want, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fail_at(p, want->resource, format, args);
	va_end(args);
}

struct plan_item *plan_act(struct planner *p, const struct desired_resource *resource,
			   enum desired_kind kind, const char *name)
{
	g_autofree char *id = g_strconcat(desired_kind_name(kind), ":", name, NULL);
	struct plan_item *item = g_new0(struct plan_item, 1);

	item->resource = resource;
	item->change.kind = desired_kind_name(kind);
	item->change.id = plan_keep(p, id);
	item->change.observed = PLAN_STATE(STATE_ABSENT);
	item->change.desired = PLAN_STATE(STATE_ABSENT);
	g_ptr_array_add(p->acts, item);
	return item;
}

bool plan_content(struct planner *p, const struct want *want, char **bytes, size_t *len,
		  GError **error)
{
	const struct desired_content *content = want->content;

	if (content->bytes != NULL) {
		*len = g_bytes_get_size(content->bytes);
		*bytes = g_malloc(*len + 1);
		memcpy(*bytes, g_bytes_get_data(content->bytes, NULL), *len);
		(*bytes)[*len] = '\0';
		return true;
	}
	return reader_read(p->reader, content->path, MAX_CONTENT, bytes, len, error);
}

static void read_labels(struct planner *p, struct json_obj *from)
{
	struct json_arr list;
	size_t count = json_arr_get_opt(from, "labels", MAX_LABELS, &list);
	struct desired_label *labels = g_new0(struct desired_label, count + 1);

	for (size_t i = 0; i < count; i++) {
		struct json_obj label;

		if (!json_arr_obj(&list, i, &label)) {
			break;
		}
		labels[i].name = json_str(&label, "name", 255);
		labels[i].value = json_str(&label, "value", 255);
		json_obj_end(&label);
	}
	p->env.labels = labels;
	p->env.n_labels = count;
}

static bool read_request(struct planner *p, const char **cache, GError **error)
{
	struct json_obj *from = job_request(p->job);

	p->mirror = json_str(from, "mirror", 4096);
	p->commit = json_str(from, "commit", 64);
	p->base = json_str(from, "base", 64);
	p->folder = json_str(from, "path", 4096);
	p->env.agent = json_str(from, "agent", 255);
	p->env.stack = json_str(from, "stack", 255);
	p->env.home = json_str_opt(from, "home", 4096);
	p->objects = json_str(from, "objects", 4096);
	p->out = json_str(from, "out", 4096);
	*cache = json_str_opt(from, "cache", 4096);
	p->for_root = json_bool_opt(from, "for_root", false);
	p->applied = json_str_opt(from, "applied", 4096);
	p->memory = json_str_opt(from, "memory", 4096);
	p->bodies = json_str_opt(from, "kept", 4096);
	p->bodies = p->bodies != NULL ? p->bodies : p->objects;
	p->seal_key = json_str_opt(from, "seal_key", 4096);
	p->env.unseal = plan_unseal;
	p->env.unseal_data = p;
	plan_clusters_read(p, from);
	p->watch = json_str_opt(from, "watch", 4096);
	p->adopts = json_bool_opt(from, "adopt", false);
	read_labels(p, from);
	plan_drift_read(p, from);
	return job_request_end(p->job, error);
}

static void free_want(gpointer want)
{
	want_free(want);
}

static void planner_init(struct planner *p, struct job *job)
{
	*p = (struct planner){.job = job};
	diag_list_init(&p->diags);
	p->warnings = g_ptr_array_new_with_free_func(g_free);
	p->wants = g_ptr_array_new_with_free_func(free_want);
	p->secrets = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	p->by_path = g_hash_table_new(g_str_hash, g_str_equal);
	p->changes = g_ptr_array_new_with_free_func(g_free);
	p->removals = g_ptr_array_new_with_free_func(g_free);
	p->removed = g_hash_table_new(g_str_hash, g_str_equal);
	p->acts = g_ptr_array_new_with_free_func(g_free);
	p->strings = g_string_chunk_new(4096);
	p->kept = g_ptr_array_new_with_free_func(g_free);
}

static void planner_clear(struct planner *p)
{
	plan_drift_clear(p);
	plan_clusters_clear(p);
	g_clear_pointer(&p->watched, g_byte_array_unref);
	g_clear_pointer(&p->notifiers, g_hash_table_unref);
	g_clear_pointer(&p->changed, g_hash_table_unref);
	g_ptr_array_unref(p->acts);
	g_hash_table_unref(p->removed);
	g_hash_table_unref(p->by_path);
	g_hash_table_unref(p->secrets);
	g_ptr_array_unref(p->removals);
	g_ptr_array_unref(p->changes);
	g_ptr_array_unref(p->wants);
	g_ptr_array_unref(p->warnings);
	observer_free(p->observer);
	observe_cache_free(p->cache);
	same_cache_free(p->same);
	applied_free(p->known);
	desired_free(p->base_desired);
	desired_free(p->desired);
	seal_keys_free(p->keys);
	reader_free(p->reader);
	g_string_chunk_free(p->strings);
	g_ptr_array_unref(p->kept);
	diag_list_clear(&p->diags);
	g_clear_pointer(&p->found, g_ptr_array_unref);
	g_free((gpointer)p->env.labels);
}

static bool fail_diags(struct planner *p, GError **error)
{
	diag_list_sort(&p->diags);
	for (guint i = 0; i < p->diags.items->len; i++) {
		const struct diag *d = p->diags.items->pdata[i];

		job_diagnostic(p->job, d->file, d->line, d->column, d->message);
	}
	return fail(error, JOB_ERROR, JOB_ERROR_MANIFEST, "%u problems; nothing was planned",
		    p->diags.items->len);
}

/* What went wrong is the manifest's fault or the repository's. */
static bool load(struct planner *p, GError **error)
{
	if (!desired_load(p->reader, p->folder, &p->env, &p->desired, &p->diags, error)) {
		return *error != NULL ? false : fail_diags(p, error);
	}
	for (guint i = 0; i < p->desired->warnings->len; i++) {
		plan_warn(p, "%s", (const char *)p->desired->warnings->pdata[i]);
	}
	if (p->desired->resources->len == 0) {
		return fail(error, JOB_ERROR, JOB_ERROR_MANIFEST,
			    "the desired state is empty for this host; that is never applied");
	}
	return true;
}

static bool check_stop(struct planner *p, GError **error)
{
	return !job_stopped(p->job) ||
	       fail(error, JOB_ERROR, JOB_ERROR_INTERRUPTED, "asked to stop");
}

/* The parts of the work; each needs what was found before to be right. */
static bool look(struct planner *p, GError **error)
{
	static bool (*const parts[])(struct planner *, GError **) = {
		plan_wants,	 plan_secrets, plan_compare,  plan_prune,   plan_packages,
		plan_kubernetes, plan_watch,   plan_commands, plan_services};

	for (size_t i = 0; i < G_N_ELEMENTS(parts); i++) {
		if (!check_stop(p, error) || !parts[i](p, error)) {
			return false;
		}
		if (p->diags.items->len > 0) {
			return fail_diags(p, error);
		}
	}
	return true;
}

static bool work(struct planner *p, GError **error)
{
	g_autoptr(GPtrArray) items = NULL;
	g_autoptr(GError) ignored = NULL;

	if (!look(p, error)) {
		return false;
	}
	items = plan_order(p);
	if (items->len > PLAN_MAX_CHANGES) {
		return fail(error, BASE_ERROR, BASE_ERROR_LIMIT, "more than %d changes",
			    PLAN_MAX_CHANGES);
	}
	if (p->ids_size > PLAN_MAX_SIZE) {
		return fail(error, BASE_ERROR, BASE_ERROR_LIMIT,
			    "what the changes need is larger than %zu bytes", PLAN_MAX_SIZE);
	}
	plan_outside(p, items);
	plan_drift(p, items);
	if (!check_stop(p, error) || !plan_draft(p, items, error)) {
		return false;
	}
	if (p->cache != NULL &&
	    (!observe_cache_store(p->cache, &ignored) || !same_cache_store(p->same, &ignored))) {
		plan_warn(p, "the cache could not be written: %s", ignored->message);
	}
	return true;
}

static void write_result(struct planner *p)
{
	struct json_writer *w = job_result(p->job);

	json_w_str(w, "draft", p->out);
	if (p->adopts) {
		plan_found_write(p, w);
	}
	json_w_int(w, "resources", p->desired->resources->len);
	json_w_array(w, "warnings");
	for (guint i = 0; i < p->warnings->len; i++) {
		g_autofree char *text = g_utf8_make_valid(p->warnings->pdata[i], -1);

		json_w_str(w, NULL, text);
	}
	json_w_end(w);
}

static bool run(struct planner *p, GError **error)
{
	int64_t now = (int64_t)time(NULL);
	g_autoptr(source_tree_auto) tree = NULL;
	const char *cache = NULL;
	bool ok;

	if (!read_request(p, &cache, error) ||
	    !source_tree_open(p->mirror, p->commit, &tree, error)) {
		return false;
	}
	p->reader = tree_reader_new(tree);
	if (cache != NULL && cache[0] != '\0') {
		g_autofree char *same = g_strconcat(cache, ".objects", NULL);

		p->cache = observe_cache_load(cache, now);
		p->same = same_cache_load(same, now);
	}
	p->observer = observer_new(p->cache, BENEATH_KEEP | (p->for_root ? BENEATH_NO_LINKS : 0));
	ok = load(p, error) && work(p, error);
	if (ok) {
		write_result(p);
	}
	/* The reader needs the tree. */
	reader_free(p->reader);
	p->reader = NULL;
	return ok;
}

bool plan_run(struct job *job, GError **error)
{
	struct planner p;
	bool ok;

	planner_init(&p, job);
	ok = run(&p, error);
	planner_clear(&p);
	return ok;
}
