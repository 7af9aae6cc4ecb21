/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reads, compares and keeps what differs. */
#include "agent/drift.h"

#include <stdlib.h>
#include <string.h>

#include "agent/draft.h"
#include "agent/stack.h"
#include "base/autoptr.h"
#include "base/error.h"
#include "base/objects.h"

#define ID_MAX 16384
#define WORD_MAX 32
#define FIELDS_MAX 16
#define NAME_LONG 4096
#define DETAILS_MAX ((size_t)32 << 20)

void drift_who_clear(struct drift_who *who)
{
	g_free(who->process);
	g_free(who->exe);
	g_free(who->user);
	*who = (struct drift_who){.uid = -1};
}

void drift_who_copy(struct drift_who *to, const struct drift_who *from)
{
	drift_who_clear(to);
	*to = (struct drift_who){.pid = from->pid,
				 .uid = from->uid,
				 .process = g_strdup(from->process),
				 .exe = g_strdup(from->exe),
				 .user = g_strdup(from->user)};
}

static void item_free(void *data)
{
	struct drift_item *item = data;

	g_free(item->id);
	g_free(item->path);
	g_free(item->action);
	g_free(item->class);
	g_strfreev(item->fields);
	g_free(item->commit);
	g_free(item->owner);
	g_free(item->package);
	g_free(item->manager);
	drift_who_clear(&item->who);
	g_free(item);
}

void drift_free(struct drift *drift)
{
	if (drift == NULL) {
		return;
	}
	g_ptr_array_unref(drift->items);
	g_ptr_array_unref(drift->ids);
	g_free(drift);
}

static struct drift *drift_new(void)
{
	struct drift *drift = g_new0(struct drift, 1);

	drift->items = g_ptr_array_new_with_free_func(item_free);
	drift->ids = g_ptr_array_new_with_free_func(g_free);
	return drift;
}

static char *dup_word(struct json_obj *o, const char *name)
{
	const char *text = json_str(o, name, WORD_MAX);

	return g_strdup(text != NULL ? text : "");
}

static char **read_fields(struct json_obj *o)
{
	g_autoptr(GPtrArray) out = g_ptr_array_new();
	struct json_arr arr;
	size_t n = json_arr_get(o, "fields", FIELDS_MAX, &arr);

	for (size_t i = 0; i < n; i++) {
		const char *text = json_arr_str(&arr, i, WORD_MAX);

		g_ptr_array_add(out, g_strdup(text != NULL ? text : ""));
	}
	g_ptr_array_add(out, NULL);
	return (char **)g_ptr_array_free(g_steal_pointer(&out), FALSE);
}

/* "file:/etc/x" is about a path, "package:nginx" is not. */
static char *path_of(const char *id, size_t len)
{
	const char *colon = memchr(id, ':', len);

	return colon != NULL && colon[1] == '/' ? g_strndup(colon + 1, len - (colon + 1 - id))
						: NULL;
}

static void read_id(struct drift_item *item, struct json_obj *o)
{
	size_t len = 0;
	autocfree char *id = json_bytes_dup(o, "id", ID_MAX, &len);

	item->id = draft_id_text(id != NULL ? id : "", len);
	item->path = id != NULL ? path_of(id, len) : NULL;
}

static struct drift_item *read_common(struct json_obj *o)
{
	struct drift_item *item = g_new0(struct drift_item, 1);

	item->who.uid = -1;
	read_id(item, o);
	item->action = dup_word(o, "action");
	item->class = dup_word(o, "class");
	item->fields = read_fields(o);
	item->unproven = json_bool_opt(o, "unproven", false);
	item->owner = g_strdup(json_str_opt(o, "owner", NAME_LONG));
	item->changed = json_int_opt(o, "changed", 0, JSON_MAX_INT, 0);
	item->package = g_strdup(json_str_opt(o, "package", NAME_LONG));
	item->manager = g_strdup(json_str_opt(o, "manager", NAME_LONG));
	return item;
}

static void set_key(struct drift *drift)
{
	for (guint i = 0; i < drift->items->len && i < DRAFT_IDS; i++) {
		const struct drift_item *item = g_ptr_array_index(drift->items, i);

		draft_keep_id(drift->ids, &drift->ids_size, item->id);
	}
	stack_drift_key(drift->key, drift->count, (const char *const *)drift->ids->pdata,
			drift->ids->len);
}

bool drift_read(struct json_obj *result, struct drift **out)
{
	static const char *const drafts[] = {"fix", "propose", "none", NULL};
	struct json_obj o, one;
	struct json_arr arr;
	struct drift *drift;
	int64_t restores;
	size_t n;

	if (!json_obj_get_opt(result, "drift", &o)) {
		return false;
	}
	drift = drift_new();
	drift->count = json_int(&o, "fix", 0, PLAN_MAX_CHANGES);
	drift->count += json_int(&o, "propose", 0, PLAN_MAX_CHANGES);
	drift->count += json_int(&o, "report", 0, PLAN_MAX_CHANGES);
	json_int(&o, "ignored", 0, PLAN_MAX_CHANGES);
	restores = json_int(&o, "restores", 0, PLAN_MAX_RESTORES);
	drift->restores = json_enum(&o, "draft", drafts) == 0 && restores > 0;
	n = json_arr_get(&o, "differs", DRIFT_MAX, &arr);
	for (size_t i = 0; i < n; i++) {
		if (json_arr_obj(&arr, i, &one)) {
			struct drift_item *item = read_common(&one);

			item->commit = g_strdup(json_str_opt(&one, "commit", STACK_ID_SIZE - 1));
			item->time = json_int_opt(&one, "time", 0, JSON_MAX_INT, 0);
			json_obj_end(&one);
			g_ptr_array_add(drift->items, item);
		}
	}
	json_obj_end(&o);
	set_key(drift);
	*out = drift;
	return true;
}

static const struct drift_item *find(const struct drift *drift, const char *id, guint hint)
{
	for (guint i = 0; i < drift->items->len; i++) {
		const struct drift_item *item = g_ptr_array_index(
			drift->items, (i + hint) % drift->items->len); // mostly in the same place

		if (strcmp(item->id, id) == 0) {
			return item;
		}
	}
	return NULL;
}

void drift_join(struct drift *drift, const struct drift *before, int64_t now)
{
	for (guint i = 0; i < drift->items->len; i++) {
		struct drift_item *item = g_ptr_array_index(drift->items, i);
		const struct drift_item *old = before != NULL ? find(before, item->id, i) : NULL;

		item->since = old != NULL ? old->since : now;
		if (old != NULL && item->who.pid == 0) {
			drift_who_copy(&item->who, &old->who);
		}
		if (old != NULL && item->manager == NULL && old->manager != NULL) {
			item->manager = g_strdup(old->manager);
			item->changed = old->changed;
		}
	}
}

bool drift_equal(const struct drift *a, const struct drift *b)
{
	if (a->count != b->count || a->items->len != b->items->len) {
		return false;
	}
	for (guint i = 0; i < a->items->len; i++) {
		const struct drift_item *x = g_ptr_array_index(a->items, i);
		const struct drift_item *y = g_ptr_array_index(b->items, i);

		if (strcmp(x->id, y->id) != 0 || strcmp(x->action, y->action) != 0 ||
		    strcmp(x->class, y->class) != 0 ||
		    !g_strv_equal((const char *const *)x->fields, (const char *const *)y->fields)) {
			return false;
		}
	}
	return true;
}

static void write_opt(struct json_writer *w, const char *name, const char *text)
{
	if (text != NULL) {
		json_w_str(w, name, text);
	}
}

static void write_int(struct json_writer *w, const char *name, int64_t value)
{
	if (value > 0) {
		json_w_int(w, name, value);
	}
}

static void write_who(struct json_writer *w, const struct drift_who *who)
{
	if (who->pid == 0) {
		return;
	}
	json_w_object(w, "who");
	write_opt(w, "exe", who->exe);
	json_w_int(w, "pid", who->pid);
	write_opt(w, "process", who->process);
	if (who->uid >= 0) {
		json_w_int(w, "uid", who->uid);
	}
	write_opt(w, "user", who->user);
	json_w_end(w);
}

static void write_item(struct json_writer *w, const struct drift_item *item)
{
	json_w_object(w, NULL);
	json_w_str(w, "action", item->action);
	write_opt(w, "applied_commit", item->commit);
	write_int(w, "applied_time", item->time);
	write_int(w, "changed", item->changed);
	json_w_str(w, "class", item->class);
	json_w_array(w, "fields");
	for (guint i = 0; item->fields[i] != NULL; i++) {
		json_w_str(w, NULL, item->fields[i]);
	}
	json_w_end(w);
	json_w_str(w, "id", item->id);
	write_opt(w, "manager", item->manager);
	write_opt(w, "owner", item->owner);
	write_opt(w, "package", item->package);
	json_w_int(w, "since", item->since);
	if (item->unproven) {
		json_w_bool(w, "unproven", true);
	}
	write_who(w, &item->who);
	json_w_end(w);
}

bool drift_store(const struct drift *drift, const char *objects, struct hash *digest,
		 GError **error)
{
	struct json_writer *w = json_writer_new(JSON_CANONICAL);
	struct assent_error err;
	autocfree char *text = NULL;
	size_t len;

	json_w_object(w, NULL);
	json_w_array(w, "changes");
	for (guint i = 0; i < drift->items->len; i++) {
		write_item(w, g_ptr_array_index(drift->items, i));
	}
	json_w_end(w);
	json_w_int(w, "count", drift->count);
	json_w_end(w);
	if (json_writer_finish(w, &text, &len, &err) != 0) {
		return fail_core(error, &err, "what differs");
	}
	return objects_store(objects, text, len, digest, error);
}

static void read_who(struct drift_who *who, struct json_obj *o)
{
	struct json_obj from;

	if (!json_obj_get_opt(o, "who", &from)) {
		return;
	}
	who->exe = g_strdup(json_str_opt(&from, "exe", NAME_LONG));
	who->pid = json_int(&from, "pid", 0, JSON_MAX_INT);
	who->process = g_strdup(json_str_opt(&from, "process", NAME_LONG));
	who->uid = json_int_opt(&from, "uid", 0, JSON_MAX_INT, -1);
	who->user = g_strdup(json_str_opt(&from, "user", NAME_LONG));
	json_obj_end(&from);
}

static struct drift_item *read_stored(struct json_obj *o)
{
	struct drift_item *item = read_common(o);

	item->commit = g_strdup(json_str_opt(o, "applied_commit", STACK_ID_SIZE - 1));
	item->time = json_int_opt(o, "applied_time", 0, JSON_MAX_INT, 0);
	item->since = json_int(o, "since", 0, JSON_MAX_INT);
	read_who(&item->who, o);
	json_obj_end(o);
	return item;
}

bool drift_load(const char *objects, const struct hash *digest, struct drift **out, GError **error)
{
	g_autoptr(json_doc_auto) doc = NULL;
	g_autoptr(drift_auto) drift = drift_new();
	g_autofree char *text = NULL;
	struct assent_error err;
	struct json_obj root, one;
	struct json_arr arr;
	size_t len, n;

	if (!objects_load(objects, digest, DETAILS_MAX, &text, &len, error)) {
		return false;
	}
	if (json_doc_parse(&doc, text, len, JSON_CANONICAL, &err) != 0) {
		return fail_core(error, &err, "what differs");
	}
	json_doc_root(doc, &root);
	n = json_arr_get(&root, "changes", DRIFT_MAX, &arr);
	for (size_t i = 0; i < n; i++) {
		if (json_arr_obj(&arr, i, &one)) {
			g_ptr_array_add(drift->items, read_stored(&one));
		}
	}
	drift->count = json_int(&root, "count", 0, JSON_MAX_INT);
	json_obj_end(&root);
	if (json_doc_status(doc, &err) != 0) {
		return fail_core(error, &err, "what differs");
	}
	set_key(drift);
	*out = g_steal_pointer(&drift);
	return true;
}

/* Why one is not put back; NULL: it is about to be. */
static const char *why_not(const struct drift_item *item, const char *problem, const char *held)
{
	if (strcmp(item->class, "report") == 0) {
		return "on-drift says report";
	}
	if (held != NULL) {
		return held;
	}
	if (item->unproven) {
		return problem[0] != '\0' ? problem : "no plan that people approved proves it";
	}
	if (strcmp(item->class, "propose") == 0) {
		return "on-drift says propose";
	}
	return problem[0] != '\0' ? problem : NULL;
}

/* Each reason once, with how many it is of where there are several. */
char *drift_why(const struct drift *drift, const char *problem, const char *held)
{
	g_autoptr(GPtrArray) reasons = g_ptr_array_new();
	g_autoptr(GHashTable) counts = g_hash_table_new(g_str_hash, g_str_equal);
	g_autoptr(GString) out = g_string_new(NULL);

	for (guint i = 0; i < drift->items->len; i++) {
		const char *why = why_not(g_ptr_array_index(drift->items, i), problem, held);
		guint before = why == NULL ? 0 : GPOINTER_TO_UINT(g_hash_table_lookup(counts, why));

		if (why != NULL && before == 0) {
			g_ptr_array_add(reasons, (gpointer)why);
		}
		if (why != NULL) {
			g_hash_table_insert(counts, (gpointer)why, GUINT_TO_POINTER(before + 1));
		}
	}
	for (guint i = 0; i < reasons->len; i++) {
		const char *why = g_ptr_array_index(reasons, i);
		guint count = GPOINTER_TO_UINT(g_hash_table_lookup(counts, why));

		g_string_append(out, i > 0 ? "; " : "");
		if (count < drift->items->len) {
			g_string_append_printf(out, "%u: ", count);
		}
		g_string_append(out, why);
	}
	return out->len > 0 ? g_string_free(g_steal_pointer(&out), FALSE) : NULL;
}
