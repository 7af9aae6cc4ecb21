/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Parts what differs into what is fixed, proposed, reported and ignored. */
#include "worker/plan-drift.h"

#include <stdlib.h>
#include <string.h>

#include "base/autoptr.h"
#include "core/restore.h"
#include "worker/plan-restore.h"
#include "worker/target/pkglog.h"

#define MAX_RULES 1000
#define MAX_TRIALS PLAN_MAX_RESTORES
#define MAX_DIFFERS 1000
#define MAX_OBJECTS 20000
#define MAX_ID 65536

static const char *const kinds[] = {"file",    "tree",	  "directory",	"link", "package",
				    "service", "command", "kubernetes", NULL};

static unsigned read_fields(struct json_obj *o)
{
	struct json_arr list;
	size_t count = json_arr_get_opt(o, "fields", 16, &list);
	unsigned fields = 0;

	for (size_t i = 0; i < count; i++) {
		const char *name = json_arr_str(&list, i, 32);
		unsigned bit = 0;

		while (drift_field_names[bit] != NULL &&
		       strcmp(drift_field_names[bit], name) != 0) {
			bit++;
		}
		if (drift_field_names[bit] == NULL) {
			json_obj_fail(o, "fields", "is none that can differ");
			return 0;
		}
		fields |= 1U << bit;
	}
	if (json_has(o, "fields") && fields == 0) {
		json_obj_fail(o, "fields", "names none");
	}
	return fields;
}

/* "~" is the home that the manifest's is. */
static const char *read_pattern(struct planner *p, struct json_obj *o)
{
	const char *pattern = json_str_opt(o, "path", 4096);
	g_autofree char *whole = NULL;

	if (pattern == NULL || pattern[0] != '~' || (pattern[1] != '/' && pattern[1] != '\0')) {
		return pattern;
	}
	if (p->env.home == NULL) {
		json_obj_fail(o, "path", "has '~', and nobody says which home is meant");
		return NULL;
	}
	whole = g_strconcat(p->env.home, pattern + 1, NULL);
	return plan_keep(p, whole);
}

static void read_rule(struct planner *p, struct json_obj *o, struct drift_rule *out)
{
	int kind = json_has(o, "kind") ? json_enum(o, "kind", kinds) : -1;
	int class = json_enum(o, "on_drift", drift_class_names);

	out->kind = kind >= 0 ? kinds[kind] : NULL;
	out->path = read_pattern(p, o);
	out->resource = json_str_opt(o, "resource", MAX_ID);
	out->fields = read_fields(o);
	out->class = class >= 0 ? (enum drift_class) class : DRIFT_REPORT;
	json_obj_end(o);
}

static void read_objects(struct drift_request *drift, struct json_obj *o)
{
	struct json_arr list;
	size_t count = json_arr_get_opt(o, "objects", MAX_OBJECTS, &list);

	if (!json_has(o, "objects")) {
		return;
	}
	drift->objects = g_hash_table_new(g_str_hash, g_str_equal);
	for (size_t i = 0; i < count; i++) {
		const char *id = json_arr_str(&list, i, MAX_ID);

		if (id != NULL) {
			g_hash_table_add(drift->objects, (gpointer)id);
		}
	}
}

bool plan_drift_looks_at(const struct planner *p, const char *id)
{
	return p->drift == NULL || p->drift->objects == NULL ||
	       g_hash_table_contains(p->drift->objects, id);
}

static void read_drift(struct planner *p, struct json_obj *o)
{
	struct drift_request *drift = g_new0(struct drift_request, 1);
	struct json_arr list;
	size_t count;
	int dflt = json_enum(o, "default", drift_class_names + 1);

	p->drift = drift;
	drift->rules.dflt = dflt >= 0 ? (enum drift_class)(dflt + 1) : DRIFT_REPORT;
	drift->restore = json_bool_opt(o, "restore", true);
	read_objects(drift, o);
	count = json_arr_get_opt(o, "rules", MAX_RULES, &list);
	drift->rules.rules = g_new0(struct drift_rule, count + 1);
	for (size_t i = 0; i < count; i++) {
		struct json_obj rule;

		if (!json_arr_obj(&list, i, &rule)) {
			return;
		}
		read_rule(p, &rule, &drift->rules.rules[drift->rules.count++]);
	}
	json_obj_end(o);
}

static void read_returns(struct planner *p, struct json_obj *from)
{
	struct json_arr list;
	size_t count = json_arr_get(from, "return", MAX_TRIALS, &list);
	struct hash hash;

	p->returns = plan_keep_list(p, count);
	for (size_t i = 0; i < count; i++) {
		p->returns[i] = json_arr_str(&list, i, HASH_TEXT_SIZE);
		if (!hash_parse(&hash, p->returns[i])) {
			json_obj_fail(from, "return", "is not a digest");
		}
	}
	if (count == 0) {
		json_obj_fail(from, "return", "names no trial");
	}
}

void plan_drift_read(struct planner *p, struct json_obj *from)
{
	struct json_obj o;

	if (json_has(from, "drift") && strcmp(p->commit, p->base) != 0) {
		json_obj_fail(from, "drift", "is for the commit that was applied last");
	} else if (json_obj_get_opt(from, "drift", &o)) {
		read_drift(p, &o);
	}
	if (json_has(from, "return")) {
		read_returns(p, from);
		if (p->drift != NULL) {
			json_obj_fail(from, "return", "is no drift");
		}
	}
}

void plan_drift_clear(struct planner *p)
{
	if (p->drift != NULL) {
		g_free(p->drift->rules.rules);
		g_clear_pointer(&p->drift->objects, g_hash_table_unref);
	}
	g_clear_pointer(&p->drift, g_free);
}

/* What is being parted. */
struct parting {
	struct planner *p;
	GPtrArray *all; /* struct plan_item, in the order of the plan */
	struct drift_item *items;
	size_t count;
	size_t ignored;
	struct evidence *evidence;
	struct pkglog *log;
};

static enum drift_cause cause_of(const struct plan_item *item)
{
	const struct plan_change *c = &item->change;
	bool whole;

	if (restore_is_reload(c)) {
		return DRIFT_RELOAD;
	}
	if (c->implied) {
		return DRIFT_BATCH;
	}
	if (c->because != NULL &&
	    (strcmp(c->kind, "command") == 0 || drift_fields(c, &whole) == 0)) {
		return DRIFT_BECAUSE;
	}
	if (item->resource == NULL && c->action == ACTION_CREATE &&
	    c->desired.type == STATE_DIRECTORY) {
		return DRIFT_BENEATH;
	}
	return DRIFT_OWN;
}

/* Each by itself; what is done for others only has no say. */
static void judge_item(struct parting *t, size_t i)
{
	struct plan_item *item = t->all->pdata[i];
	struct drift_item *out = &t->items[i];
	unsigned ignored = 0;
	bool whole;

	out->change = &item->change;
	out->resource = plan_change_resource(&item->change);
	out->cause = cause_of(item);
	out->class = DRIFT_FIX;
	if (out->cause == DRIFT_OWN) {
		out->class = drift_judge(&t->p->drift->rules, out->change, out->resource, &ignored);
		if (out->class != DRIFT_IGNORE) {
			drift_mask(out->change, ignored);
		}
		out->fields = drift_fields(out->change, &whole);
	}
}

static void lower_unproven(struct drift_item *item)
{
	if (item->class == DRIFT_FIX) {
		item->class = DRIFT_PROPOSE;
		item->unproven = true;
	}
}

static GPtrArray *items_of(const struct parting *t, enum drift_class class)
{
	GPtrArray *out = g_ptr_array_new();

	for (size_t i = 0; i < t->count; i++) {
		if (t->items[i].class == class && t->items[i].cause != DRIFT_RELOAD) {
			g_ptr_array_add(out, t->all->pdata[i]);
		}
	}
	return out;
}

/* What no plan proves is proposed instead, and with it what hangs together with it, until all that
 * is left is proved. */
static void prove(struct parting *t)
{
	bool again = true;

	while (again) {
		g_autoptr(GPtrArray) fixed = items_of(t, DRIFT_FIX);
		g_autofree bool *proved = g_new0(bool, fixed->len + 1);
		guint k = 0;

		again = false;
		if (t->evidence == NULL) {
			t->evidence = evidence_find(t->p, fixed);
		}
		evidence_name(t->evidence, t->p, fixed, proved);
		for (size_t i = 0; i < t->count; i++) {
			struct drift_item *item = &t->items[i];

			if (item->class != DRIFT_FIX || item->cause == DRIFT_RELOAD) {
				continue;
			}
			if (!proved[k++]) {
				lower_unproven(item);
				again = true;
			}
		}
		drift_settle(t->items, t->count);
	}
}

static void part(struct parting *t)
{
	drift_settle(t->items, t->count);
	if (t->p->drift->restore) {
		prove(t);
		return;
	}
	for (size_t i = 0; i < t->count; i++) {
		if (t->items[i].cause != DRIFT_RELOAD) {
			lower_unproven(&t->items[i]);
		}
	}
}

static size_t count_of(const struct parting *t, enum drift_class class)
{
	g_autoptr(GPtrArray) items = items_of(t, class);

	return items->len;
}

/* The ids that something in the draft belongs to; NULL when none are left. */
static const char **keep_those(struct planner *p, const char **ids, GHashTable *there)
{
	guint count = ids != NULL ? g_strv_length((char **)ids) : 0, kept = 0;
	const char **out = count > 0 ? plan_keep_list(p, count) : NULL;

	for (guint i = 0; i < count; i++) {
		if (g_hash_table_contains(there, ids[i])) {
			out[kept++] = ids[i];
		}
	}
	return kept > 0 ? out : NULL;
}

static bool is_needed(const struct parting *t, const struct drift_item *reload,
		      enum drift_class class)
{
	bool user = g_strcmp0(reload->change->manager, "user") == 0;

	for (size_t i = 0; i < t->count; i++) {
		const struct drift_item *item = &t->items[i];
		const char *const *needs = (const char *const *)item->change->needs;

		if (item->class == class && item->cause != DRIFT_RELOAD &&
		    ((needs != NULL && g_strv_contains(needs, reload->change->id)) ||
		     plan_is_unit(t->p, user, t->all->pdata[i]))) {
			return true;
		}
	}
	return false;
}

/* Only what is of the class, and what that needs, stays in the list. */
static void choose(struct parting *t, enum drift_class class)
{
	g_autoptr(GHashTable) there = g_hash_table_new(g_str_hash, g_str_equal);
	guint kept = 0;

	for (size_t i = 0; i < t->count; i++) {
		const struct drift_item *item = &t->items[i];

		if (item->cause == DRIFT_RELOAD ? is_needed(t, item, class)
						: item->class == class) {
			g_hash_table_add(there, item->resource);
			t->all->pdata[kept++] = t->all->pdata[i];
		}
	}
	g_ptr_array_set_size(t->all, (int)kept);
	for (guint i = 0; i < kept; i++) {
		struct plan_change *c = &((struct plan_item *)t->all->pdata[i])->change;

		c->needs = keep_those(t->p, c->needs, there);
		c->because = keep_those(t->p, c->because, there);
	}
}

static void write_fields(struct json_writer *w, unsigned fields)
{
	json_w_array(w, "fields");
	for (unsigned bit = 0; drift_field_names[bit] != NULL; bit++) {
		if ((fields & 1U << bit) != 0) {
			json_w_str(w, NULL, drift_field_names[bit]);
		}
	}
	json_w_end(w);
}

static bool is_told(const struct drift_item *item)
{
	return item->class != DRIFT_IGNORE && item->cause != DRIFT_RELOAD;
}

static bool is_there(const struct plan_item *item)
{
	return item->change.path != NULL && item->change.observed.type != STATE_ABSENT;
}

/* By the package of which run of apt; a folder changes with each name in it. */
static void ask_log(struct parting *t)
{
	t->log = pkglog_new("/");
	for (size_t i = 0; i < t->count; i++) {
		const struct plan_item *item = t->all->pdata[i];

		if (is_told(&t->items[i]) && is_there(item) &&
		    item->change.observed.type != STATE_DIRECTORY && item->before.st.st_ino != 0) {
			pkglog_ask(t->log, item->change.path, (int64_t)item->before.st.st_ctime);
		}
	}
}

/* Whose it is now, since when, and by which package. */
static void write_who(const struct parting *t, struct json_writer *w, const struct plan_item *item)
{
	const struct stat *st = &item->before.st;
	const char *owner = item->change.observed.owner, *package;

	if (item->changer != NULL) {
		json_w_str(w, "manager", item->changer);
		json_w_int(w, "changed", item->changed);
		return;
	}
	if (!is_there(item)) {
		return;
	}
	if (owner != NULL && g_utf8_validate(owner, -1, NULL)) {
		json_w_str(w, "owner", owner);
	}
	if (st->st_ino != 0) {
		int64_t changed = MAX((int64_t)st->st_mtime, (int64_t)st->st_ctime);

		json_w_int(w, "changed", MAX(changed, 0));
	}
	package = pkglog_answer(t->log, item->change.path);
	if (package != NULL) {
		json_w_str(w, "package", package);
	}
}

static void write_item(struct parting *t, struct json_writer *w, size_t i)
{
	const struct drift_item *item = &t->items[i];
	const struct plan_item *from = t->all->pdata[i];
	const struct applied *applied = plan_applied(t->p);
	const struct applied_thing *thing =
		applied != NULL ? applied_find(applied, item->change) : NULL;

	json_w_object(w, NULL);
	json_w_bytes(w, "id", item->change->id, strlen(item->change->id));
	json_w_str(w, "action", plan_action_names[item->change->action]);
	json_w_str(w, "class", drift_class_names[item->class]);
	write_fields(w, item->fields);
	if (item->unproven) {
		json_w_bool(w, "unproven", true);
	}
	if (thing != NULL && applied_differs(&thing->state, &item->change->observed)) {
		json_w_str(w, "commit", thing->commit);
		json_w_int(w, "time", thing->time);
	}
	write_who(t, w, from);
	json_w_end(w);
}

static void write_result(struct parting *t, const char *draft)
{
	struct json_writer *w = job_result(t->p->job);
	size_t written = 0;

	ask_log(t);
	json_w_object(w, "drift");
	json_w_int(w, "fix", (int64_t)count_of(t, DRIFT_FIX));
	json_w_int(w, "propose", (int64_t)count_of(t, DRIFT_PROPOSE));
	json_w_int(w, "report", (int64_t)count_of(t, DRIFT_REPORT));
	json_w_int(w, "ignored", (int64_t)count_of(t, DRIFT_IGNORE));
	json_w_str(w, "draft", draft);
	json_w_int(w, "restores", (int64_t)t->p->restores_count);
	json_w_array(w, "differs");
	for (size_t i = 0; i < t->count && written < MAX_DIFFERS; i++) {
		if (is_told(&t->items[i])) {
			write_item(t, w, i);
			written++;
		}
	}
	json_w_end(w);
	json_w_end(w);
}

static void drift(struct planner *p, GPtrArray *items)
{
	struct parting t = {.p = p, .all = items, .count = items->len};
	enum drift_class class = DRIFT_FIX;

	t.items = g_new0(struct drift_item, t.count + 1);
	for (size_t i = 0; i < t.count; i++) {
		judge_item(&t, i);
	}
	part(&t);
	if (count_of(&t, DRIFT_FIX) == 0 || p->restores_count == 0) {
		class = DRIFT_PROPOSE;
		p->restores_count = 0;
	}
	write_result(&t, count_of(&t, class) > 0 ? drift_class_names[class] : "none");
	choose(&t, class);
	evidence_free(t.evidence);
	pkglog_free(t.log);
	for (size_t i = 0; i < t.count; i++) {
		free(t.items[i].resource);
	}
	g_free(t.items);
}

/* All of it is put back, or people are asked about all of it. */
static void put_back(struct planner *p, GPtrArray *items)
{
	struct evidence *evidence = evidence_find(p, items);
	g_autofree bool *proved = g_new0(bool, items->len + 1);

	evidence_name(evidence, p, items, proved);
	for (guint i = 0; i < items->len; i++) {
		if (!proved[i]) {
			p->restores_count = 0;
		}
	}
	json_w_int(job_result(p->job), "restores", (int64_t)p->restores_count);
	evidence_free(evidence);
}

void plan_drift(struct planner *p, GPtrArray *items)
{
	if (p->drift != NULL) {
		drift(p, items);
	} else if (p->returns != NULL) {
		put_back(p, items);
	}
}
