/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rules of drift, and which changes go together. */
#include "worker/drift.h"

#include <string.h>

#include "base/glob.h"

enum {
	FIELD_CONTENT = 1 << 0,
	FIELD_MODE = 1 << 1,
	FIELD_OWNER = 1 << 2,
	FIELD_GROUP = 1 << 3,
	FIELD_XATTRS = 1 << 4,
	FIELD_LINK = 1 << 5,
	FIELD_VERSION = 1 << 6,
	FIELD_ENABLED = 1 << 7,
	FIELD_RUNNING = 1 << 8,
};

const char *const drift_class_names[] = {"ignore", "report", "propose", "fix", NULL};
const char *const drift_field_names[] = {"content", "mode",    "owner",	  "group",   "xattrs",
					 "link",    "version", "enabled", "running", NULL};

static unsigned text_field(const char *want, const char *now, unsigned bit)
{
	return want != NULL && g_strcmp0(want, now) != 0 ? bit : 0;
}

static unsigned number_field(int64_t want, int64_t now, unsigned bit)
{
	return want >= 0 && want != now ? bit : 0;
}

unsigned drift_fields(const struct plan_change *change, bool *whole)
{
	const struct plan_state *want = &change->desired, *now = &change->observed;
	const struct plan_state *shown = want->type == STATE_ABSENT ? now : want;
	const struct plan_state nothing = PLAN_STATE(now->type);
	unsigned fields = 0;

	*whole = want->type != now->type;
	if (*whole) {
		now = &nothing;
	}
	fields |= number_field(shown->mode, now->mode, FIELD_MODE);
	fields |= number_field(shown->uid, now->uid, FIELD_OWNER);
	fields |= number_field(shown->gid, now->gid, FIELD_GROUP);
	fields |= number_field(shown->held, now->held, FIELD_VERSION);
	fields |= text_field(shown->xattrs, now->xattrs, FIELD_XATTRS);
	fields |= text_field(shown->link, now->link, FIELD_LINK);
	fields |= text_field(shown->version, now->version, FIELD_VERSION);
	fields |= text_field(shown->arch, now->arch, FIELD_VERSION);
	fields |= text_field(shown->enabled, now->enabled, FIELD_ENABLED);
	fields |= text_field(shown->running, now->running, FIELD_RUNNING);
	if (shown->size >= 0 &&
	    (shown->size != now->size || !hash_equal(&shown->digest, &now->digest))) {
		fields |= FIELD_CONTENT;
	}
	return fields;
}

static bool is_about(const struct drift_rule *rule, const struct plan_change *c,
		     const char *resource)
{
	return (rule->kind == NULL || strcmp(rule->kind, c->kind) == 0) &&
	       (rule->path == NULL || (c->path != NULL && glob_matches(rule->path, c->path))) &&
	       (rule->resource == NULL || glob_matches(rule->resource, c->id) ||
		glob_matches(rule->resource, resource));
}

enum drift_class drift_judge(const struct drift_rules *rules, const struct plan_change *change,
			     const char *resource, unsigned *ignored)
{
	bool whole;
	unsigned fields = drift_fields(change, &whole);

	*ignored = 0;
	for (size_t i = 0; i < rules->count; i++) {
		const struct drift_rule *rule = &rules->rules[i];

		if (!is_about(rule, change, resource)) {
			continue;
		}
		if (rule->fields == 0) {
			return rule->class;
		}
		/* What is not there differs in more than fields. */
		if (whole || fields == 0) {
			continue;
		}
		if (rule->class == DRIFT_IGNORE) {
			*ignored |= fields & rule->fields;
			fields &= ~rule->fields;
			if (fields == 0) {
				return DRIFT_IGNORE;
			}
		} else if ((fields & ~rule->fields) == 0) {
			return rule->class;
		}
	}
	return rules->dflt;
}

/* What is left of it when the unit goes on as it runs. */
static void leave_running(struct plan_change *c)
{
	c->desired.running = NULL;
	c->because = NULL;
	c->action = g_strcmp0(c->desired.enabled, "enabled") == 0    ? ACTION_ENABLE
		    : g_strcmp0(c->desired.enabled, "disabled") == 0 ? ACTION_DISABLE
								     : ACTION_UPDATE;
}

void drift_mask(struct plan_change *change, unsigned ignored)
{
	struct plan_state *d = &change->desired;

	if ((ignored & FIELD_CONTENT) != 0) {
		d->size = -1;
	}
	if ((ignored & FIELD_MODE) != 0) {
		d->mode = -1;
	}
	if ((ignored & FIELD_OWNER) != 0) {
		d->uid = -1;
		d->owner = NULL;
	}
	if ((ignored & FIELD_GROUP) != 0) {
		d->gid = -1;
		d->group = NULL;
	}
	d->xattrs = (ignored & FIELD_XATTRS) != 0 ? NULL : d->xattrs;
	d->link = (ignored & FIELD_LINK) != 0 ? NULL : d->link;
	d->enabled = (ignored & FIELD_ENABLED) != 0 ? NULL : d->enabled;
	if ((ignored & FIELD_RUNNING) != 0) {
		leave_running(change);
	}
}

struct settling {
	struct drift_item *items;
	size_t count;
	GHashTable *members; /* resource to GPtrArray of its items */
	GHashTable *paths;   /* path to item */
	bool changed;
};

static void lower(struct settling *s, struct drift_item *item, enum drift_class class)
{
	if (class < item->class) {
		item->class = class;
		s->changed = true;
	}
}

static bool is_kind(const struct drift_item *item, const char *kind)
{
	return strcmp(item->change->kind, kind) == 0;
}

/* Least and most of a resource's changes that are not ignored; false: it has none. */
static bool range_of(const struct settling *s, const char *resource, enum drift_class *least,
		     enum drift_class *most)
{
	const GPtrArray *members = g_hash_table_lookup(s->members, resource);
	bool any = false;

	*least = DRIFT_FIX;
	*most = DRIFT_IGNORE;
	for (guint i = 0; members != NULL && i < members->len; i++) {
		const struct drift_item *item = members->pdata[i];

		if (item->class != DRIFT_IGNORE && item->cause != DRIFT_RELOAD) {
			*least = MIN(*least, item->class);
			*most = MAX(*most, item->class);
			any = true;
		}
	}
	return any;
}

static bool is_in(const char **ids, const char *id)
{
	return ids != NULL && g_strv_contains((const char *const *)ids, id);
}

/* It waits for these; what it is done for is another matter. */
static void settle_needs(struct settling *s, struct drift_item *item)
{
	const char **because = item->cause == DRIFT_BECAUSE ? item->change->because : NULL;
	enum drift_class least, most;

	for (const char **id = item->change->needs; id != NULL && *id != NULL; id++) {
		if (!is_in(because, *id) && range_of(s, *id, &least, &most)) {
			lower(s, item, least);
		}
	}
}

/* Goes with the most automatic of what causes it; and what causes it, not without it. */
static void settle_because(struct settling *s, struct drift_item *item)
{
	enum drift_class least, most, highest = DRIFT_IGNORE;

	if (item->cause != DRIFT_BECAUSE) {
		return;
	}
	for (const char **id = item->change->because; id != NULL && *id != NULL; id++) {
		if (range_of(s, *id, &least, &most)) {
			highest = MAX(highest, most);
		}
	}
	lower(s, item, highest);
	for (const char **id = item->change->because; id != NULL && *id != NULL; id++) {
		GPtrArray *members = g_hash_table_lookup(s->members, *id);

		for (guint i = 0; members != NULL && i < members->len; i++) {
			lower(s, members->pdata[i], item->class);
		}
	}
}

static struct drift_item *folder_of(const struct settling *s, const struct drift_item *item)
{
	g_autofree char *folder = NULL;

	if (item->change->path == NULL) {
		return NULL;
	}
	folder = g_path_get_dirname(item->change->path);
	return g_hash_table_lookup(s->paths, folder);
}

/* Nothing is made in a folder that is not there, and no folder goes that is not empty. */
static void settle_folder(struct settling *s, struct drift_item *item)
{
	struct drift_item *folder = folder_of(s, item);

	if (folder == NULL || folder == item) {
		return;
	}
	if (item->change->desired.type != STATE_ABSENT) {
		if (folder->change->observed.type != STATE_DIRECTORY) {
			lower(s, item, folder->class);
		}
	} else if (folder->change->desired.type != STATE_DIRECTORY) {
		lower(s, folder, item->class);
		lower(s, item, folder->class);
	}
}

/* Folders for nothing but what is in them; from the inside out. */
static void settle_beneath(struct settling *s)
{
	g_autoptr(GHashTable) most = g_hash_table_new(NULL, NULL);

	for (size_t i = s->count; i > 0; i--) {
		struct drift_item *item = &s->items[i - 1];
		struct drift_item *folder;

		if (item->cause == DRIFT_BENEATH) {
			lower(s, item,
			      (enum drift_class)GPOINTER_TO_INT(g_hash_table_lookup(most, item)));
		}
		folder = folder_of(s, item);
		if (folder != NULL &&
		    (int)item->class > GPOINTER_TO_INT(g_hash_table_lookup(most, folder))) {
			g_hash_table_insert(most, folder, GINT_TO_POINTER((int)item->class));
		}
	}
}

/* A manager does all of it at once, or works it out anew. */
static void settle_batch(struct settling *s, const struct drift_item *like)
{
	enum drift_class least = DRIFT_FIX;
	bool own = false;

	for (size_t i = 0; i < s->count; i++) {
		const struct drift_item *item = &s->items[i];

		if (is_kind(item, "package") && item->class != DRIFT_IGNORE &&
		    g_strcmp0(item->change->manager, like->change->manager) == 0) {
			least = MIN(least, item->class);
			own = own || item->cause != DRIFT_BATCH;
		}
	}
	for (size_t i = 0; i < s->count; i++) {
		struct drift_item *item = &s->items[i];

		if (is_kind(item, "package") && item->class != DRIFT_IGNORE &&
		    g_strcmp0(item->change->manager, like->change->manager) == 0) {
			lower(s, item, own ? least : DRIFT_IGNORE);
		}
	}
}

static const struct drift_item *first_package(const struct settling *s)
{
	for (size_t i = 0; i < s->count; i++) {
		if (is_kind(&s->items[i], "package") && s->items[i].class != DRIFT_IGNORE) {
			return &s->items[i];
		}
	}
	return NULL;
}

static void free_list(gpointer list)
{
	g_ptr_array_unref(list);
}

static void index_items(struct settling *s)
{
	for (size_t i = 0; i < s->count; i++) {
		struct drift_item *item = &s->items[i];
		GPtrArray *members = g_hash_table_lookup(s->members, item->resource);

		if (members == NULL) {
			members = g_ptr_array_new();
			g_hash_table_insert(s->members, item->resource, members);
		}
		g_ptr_array_add(members, item);
		if (item->change->path != NULL) {
			g_hash_table_insert(s->paths, (gpointer)item->change->path, item);
		}
	}
}

void drift_settle(struct drift_item *items, size_t count)
{
	g_autoptr(GHashTable) members =
		g_hash_table_new_full(g_str_hash, g_str_equal, NULL, free_list);
	g_autoptr(GHashTable) paths = g_hash_table_new(g_str_hash, g_str_equal);
	struct settling s = {.items = items, .count = count, .members = members, .paths = paths};
	const struct drift_item *package;

	index_items(&s);
	do {
		s.changed = false;
		for (size_t i = 0; i < count; i++) {
			if (items[i].class != DRIFT_IGNORE && items[i].cause != DRIFT_RELOAD) {
				settle_needs(&s, &items[i]);
				settle_because(&s, &items[i]);
			}
			settle_folder(&s, &items[i]);
		}
		settle_beneath(&s);
		package = first_package(&s);
		if (package != NULL) {
			settle_batch(&s, package);
		}
	} while (s.changed);
}
