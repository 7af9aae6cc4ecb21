/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Goes through what was applied, and remembers it. */
#include "worker/applied.h"

#include <inttypes.h>
#include <string.h>

#include "base/autoptr.h"
#include "base/error.h"
#include "base/file.h"
#include "base/json-file.h"
#include "base/objects.h"
#include "base/words.h"

#define STEPS_MAX_SIZE ((size_t)32 << 20)
#define STEPS_MAX 1000
#define STEP_ID_MAX 65536
#define STEP_WORD_MAX 32
#define STEP_TEXT_MAX 65536
#define ID_MAX 64
#define SUM_SIZE ((size_t)HASH_TEXT_SIZE) /* a digest and a newline */

struct applied {
	GHashTable *things; /* path, or id of what has none, to struct applied_thing */
	GStringChunk *strings;
	struct hash chain; /* over the applies that went in */
	int64_t count;	   /* how many those are */
	bool dirty;
};

/* One line of the list. */
struct apply {
	struct hash plan, steps;
	const char *commit;
	int64_t time;
	bool all;	/* all changes of the plan were made */
	bool has_steps; /* what became of each */
};

static struct applied *applied_new(void)
{
	struct applied *a = g_new0(struct applied, 1);

	a->things = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, g_free);
	a->strings = g_string_chunk_new(4096);
	return a;
}

void applied_free(struct applied *applied)
{
	if (applied != NULL) {
		g_hash_table_unref(applied->things);
		g_string_chunk_free(applied->strings);
		g_free(applied);
	}
}

static const char *key_of(const struct plan_change *c)
{
	return c->path != NULL ? c->path : c->id;
}

static const char *keep(struct applied *a, const char *text)
{
	return text != NULL ? g_string_chunk_insert_const(a->strings, text) : NULL;
}

/* Into text: all that decides about what is run, and when not. */
static void digest_exec(char text[HASH_TEXT_SIZE], const struct plan_exec *exec)
{
	g_autoptr(GPtrArray) lines = words_of_exec(exec);
	g_autoptr(GString) all = g_string_new(NULL);
	struct hash hash;

	for (guint i = 0; i < lines->len; i++) {
		g_string_append_printf(all, "%s\n", (const char *)lines->pdata[i]);
	}
	g_string_append_printf(all, "output %" PRId64 "\n", exec->output);
	hash_bytes(&hash, all->str, all->len);
	hash_text(text, &hash);
}

/* exec: the digest of c's; NULL: it has none. */
static void put(struct applied *a, const struct plan_change *c, const struct plan_state *state,
		const char *commit, int64_t time, const char *exec)
{
	struct applied_thing *thing = g_new0(struct applied_thing, 1);

	thing->id = keep(a, c->id);
	thing->kind = keep(a, c->kind);
	thing->path = keep(a, c->path);
	thing->manager = keep(a, c->manager);
	thing->commit = keep(a, commit);
	thing->time = time;
	thing->exec = keep(a, exec);
	thing->state = *state;
	thing->state.link = keep(a, state->link);
	thing->state.keyed = keep(a, state->keyed);
	thing->state.sealed = keep(a, state->sealed);
	thing->state.version = keep(a, state->version);
	thing->state.arch = keep(a, state->arch);
	thing->state.enabled = keep(a, state->enabled);
	thing->state.running = keep(a, state->running);
	thing->state.owner = thing->state.group = NULL;
	thing->state.xattrs = thing->state.archive = NULL;
	thing->state.download = thing->state.space = -1;
	/* The key is the thing's own. */
	g_hash_table_replace(a->things, (gpointer)(thing->path != NULL ? thing->path : thing->id),
			     thing);
}

/* What is wanted, over what was there. */
static struct plan_state state_after(const struct plan_change *c)
{
	const struct plan_state *old = &c->observed;
	struct plan_state s = c->desired;

	if (s.type != old->type) {
		return s;
	}
	if (s.size < 0) {
		s.size = old->size;
		s.digest = old->digest;
		s.keyed = old->keyed;
	}
	s.mode = s.mode < 0 ? old->mode : s.mode;
	s.uid = s.uid < 0 ? old->uid : s.uid;
	s.gid = s.gid < 0 ? old->gid : s.gid;
	s.held = s.held < 0 ? old->held : s.held;
	s.link = s.link == NULL ? old->link : s.link;
	s.version = s.version == NULL ? old->version : s.version;
	s.arch = s.arch == NULL ? old->arch : s.arch;
	s.enabled = s.enabled == NULL ? old->enabled : s.enabled;
	s.running = s.running == NULL ? old->running : s.running;
	return s;
}

enum outcome { DONE, UNTOUCHED, UNKNOWN };

/* id to outcome + 1, of what the list of steps tells; NULL: nothing. */
static GHashTable *load_steps(const char *objects, const struct hash *digest)
{
	static const char *const outcomes[] = {"done", "undone", "left", "failed", NULL};
	static const enum outcome means[] = {DONE, UNTOUCHED, UNTOUCHED, UNKNOWN};
	g_autoptr(GHashTable) steps = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_autoptr(json_doc_auto) doc = NULL;
	g_autofree char *text = NULL;
	struct json_obj root, step;
	struct json_arr list;
	size_t len, count;

	if (!objects_load(objects, digest, STEPS_MAX_SIZE, &text, &len, NULL) ||
	    json_doc_parse(&doc, text, len, JSON_CANONICAL, NULL) != 0) {
		return NULL;
	}
	json_doc_root(doc, &root);
	count = json_arr_get(&root, "steps", STEPS_MAX, &list);
	for (size_t i = 0; i < count && json_arr_obj(&list, i, &step); i++) {
		const char *id = json_str(&step, "id", STEP_ID_MAX);
		int outcome = json_enum(&step, "outcome", outcomes);

		if (outcome >= 0) {
			g_hash_table_insert(steps, g_strdup(id),
					    GINT_TO_POINTER((int)means[outcome] + 1));
		}
		json_obj_ignore_rest(&step);
	}
	return json_doc_status(doc, NULL) == 0 ? g_steal_pointer(&steps) : NULL;
}

static enum outcome outcome_of(GHashTable *steps, const struct apply *apply,
			       const struct plan_change *c)
{
	int known = steps != NULL ? GPOINTER_TO_INT(g_hash_table_lookup(steps, c->id)) : 0;

	if (apply->all) {
		return DONE;
	}
	return known > 0 ? (enum outcome)(known - 1) : UNKNOWN;
}

/* Units that are read again leave no state. What an object became only its cluster can tell: body
 * and object are no more alike than a wish and what comes of it. */
static bool has_state(const struct plan_change *c)
{
	return c->object == NULL && strcmp(c->id, "service:daemon-reload") != 0;
}

static void take_plan(struct applied *a, const struct apply *apply, const struct plan *plan,
		      GHashTable *steps)
{
	for (size_t i = 0; i < plan->changes_count; i++) {
		const struct plan_change *c = &plan->changes[i];
		enum outcome outcome = outcome_of(steps, apply, c);

		if (!has_state(c) || outcome == UNTOUCHED) {
			continue;
		}
		if (outcome == DONE) {
			const struct plan_state state = state_after(c);
			char exec[HASH_TEXT_SIZE];

			if (c->exec != NULL) {
				digest_exec(exec, c->exec);
			}
			put(a, c, &state, apply->commit, apply->time,
			    c->exec != NULL ? exec : NULL);
		} else {
			g_hash_table_remove(a->things, key_of(c));
		}
	}
}

static void take(struct applied *a, const struct apply *apply, const char *objects)
{
	g_autoptr(GHashTable) steps = NULL;
	g_autoptr(plan_auto) plan = NULL;
	g_autofree char *text = NULL;
	size_t len;

	if (!objects_load(objects, &apply->plan, PLAN_MAX_SIZE, &text, &len, NULL) ||
	    plan_parse(&plan, text, len, NULL) != 0) {
		/* Whatever it has changed, nothing from before it is known to hold. */
		g_hash_table_remove_all(a->things);
		return;
	}
	if (!apply->all && apply->has_steps) {
		steps = load_steps(objects, &apply->steps);
	}
	take_plan(a, apply, plan, steps);
}

static void chain(struct hash *hash, const struct apply *apply)
{
	char before[HASH_TEXT_SIZE], plan[HASH_TEXT_SIZE], steps[HASH_TEXT_SIZE] = "";
	g_autofree char *text = NULL;

	hash_text(before, hash);
	hash_text(plan, &apply->plan);
	if (apply->has_steps) {
		hash_text(steps, &apply->steps);
	}
	text = g_strdup_printf("%s\n%s %s %d %s %" PRId64 "\n", before, plan, steps, apply->all,
			       apply->commit, apply->time);
	hash_bytes(hash, text, strlen(text));
}

/* A line with the digest of the rest, the rest. */
static struct plan *load_memory(const char *memory)
{
	g_autofree char *text = NULL;
	struct plan *draft = NULL;
	char want[HASH_TEXT_SIZE];
	struct hash have;
	size_t len;

	if (memory == NULL || !file_read(memory, PLAN_MAX_SIZE, &text, &len, NULL) ||
	    len <= SUM_SIZE) {
		return NULL;
	}
	hash_bytes(&have, text + SUM_SIZE, len - SUM_SIZE);
	hash_text(want, &have);
	if (memcmp(text, want, SUM_SIZE - 1) != 0 || text[SUM_SIZE - 1] != '\n' ||
	    plan_draft_parse(&draft, text + SUM_SIZE, len - SUM_SIZE, NULL) != 0) {
		return NULL;
	}
	return draft;
}

/* Where the memory ends in the list; 0 when it is of another one, and then nothing is taken. */
static size_t take_memory(struct applied *a, const char *memory, const GArray *list)
{
	g_autoptr(plan_auto) draft = load_memory(memory);
	struct hash hash = {0};

	if (draft == NULL || draft->diff_size > (int64_t)list->len) {
		return 0;
	}
	for (int64_t i = 0; i < draft->diff_size; i++) {
		chain(&hash, &g_array_index(list, struct apply, (guint)i));
	}
	if (!hash_equal(&hash, &draft->diff)) {
		return 0;
	}
	for (size_t i = 0; i < draft->changes_count; i++) {
		const struct plan_change *c = &draft->changes[i];

		if (c->outside_commit != NULL) {
			put(a, c, &c->desired, c->outside_commit, c->outside_time,
			    c->exec != NULL ? c->exec->run[0] : NULL);
		}
	}
	a->chain = hash;
	a->count = draft->diff_size;
	return (size_t)draft->diff_size;
}

static bool read_digest(struct json_obj *o, const char *name, struct hash *out)
{
	if (!hash_parse(out, json_str(o, name, HASH_TEXT_SIZE))) {
		json_obj_fail(o, name, "not a digest");
		return false;
	}
	return true;
}

static bool read_apply(struct json_obj *o, struct apply *out)
{
	bool good = read_digest(o, "plan", &out->plan);

	out->all = json_bool(o, "all");
	out->commit = json_str(o, "commit", ID_MAX);
	out->time = json_int(o, "time", 0, JSON_MAX_INT);
	out->has_steps = json_has(o, "steps");
	good = good && (!out->has_steps || read_digest(o, "steps", &out->steps));
	json_obj_end(o);
	return good;
}

static bool read_list(struct json_doc *doc, GArray *out, GError **error)
{
	struct assent_error problem;
	struct json_obj root, o;
	struct json_arr list;
	size_t count;

	json_doc_root(doc, &root);
	count = json_arr_get(&root, "applies", G_MAXINT, &list);
	for (size_t i = 0; i < count && json_arr_obj(&list, i, &o); i++) {
		struct apply apply = {0};

		if (!read_apply(&o, &apply)) {
			break;
		}
		g_array_append_val(out, apply);
	}
	json_obj_end(&root);
	return json_doc_status(doc, &problem) == 0 ||
	       fail_core(error, &problem, "the list of applies");
}

bool applied_load(const char *list, const char *memory, const char *objects, struct applied **out,
		  GError **error)
{
	g_autoptr(GArray) applies = g_array_new(FALSE, FALSE, sizeof(struct apply));
	g_autoptr(applied_auto) a = applied_new();
	g_autoptr(json_doc_auto) doc = NULL;

	if (!json_file_load(list, JSON_MAX_SIZE, "the list of applies", &doc, error) ||
	    !read_list(doc, applies, error)) {
		return false;
	}
	for (size_t i = take_memory(a, memory, applies); i < applies->len; i++) {
		const struct apply *apply = &g_array_index(applies, struct apply, i);

		take(a, apply, objects);
		chain(&a->chain, apply);
		a->count++;
		a->dirty = true;
	}
	*out = g_steal_pointer(&a);
	return true;
}

struct applied *applied_new_of(const struct plan_change *change)
{
	struct apply apply = {.all = true, .commit = ""};
	const struct plan plan = {.changes = (struct plan_change *)change, .changes_count = 1};
	struct applied *a = applied_new();

	take_plan(a, &apply, &plan, NULL);
	return a;
}

bool applied_has_exec(const struct applied *applied, const char *id, const struct plan_exec *exec)
{
	const struct applied_thing *thing = g_hash_table_lookup(applied->things, id);
	char text[HASH_TEXT_SIZE];

	if (thing == NULL || thing->exec == NULL) {
		return false;
	}
	digest_exec(text, exec);
	return strcmp(thing->exec, text) == 0;
}

const struct applied_thing *applied_find(const struct applied *applied,
					 const struct plan_change *change)
{
	const struct applied_thing *thing = g_hash_table_lookup(applied->things, key_of(change));

	/* A command leaves no state that could be compared. */
	return thing != NULL && thing->exec == NULL ? thing : NULL;
}

GPtrArray *applied_secrets(const struct applied *applied)
{
	GPtrArray *paths = g_ptr_array_new();
	GHashTableIter iter;
	gpointer value;

	g_hash_table_iter_init(&iter, applied->things);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		const struct applied_thing *thing = value;

		if (thing->path != NULL && thing->state.keyed != NULL) {
			g_ptr_array_add(paths, (gpointer)thing->path);
		}
	}
	return paths;
}

static bool texts_differ(const char *a, const char *b)
{
	return a != NULL && b != NULL && strcmp(a, b) != 0;
}

static bool numbers_differ(int64_t a, int64_t b)
{
	return a >= 0 && b >= 0 && a != b;
}

bool applied_differs(const struct plan_state *applied, const struct plan_state *now)
{
	if (applied->type != now->type) {
		return true;
	}
	/* Digests by two keys, or by one and by none, say nothing of each other. */
	if (now->type == STATE_FILE && applied->size >= 0 && now->size >= 0 &&
	    g_strcmp0(applied->keyed, now->keyed) == 0 && !plan_content_equal(applied, now)) {
		return true;
	}
	return texts_differ(applied->link, now->link) ||
	       texts_differ(applied->version, now->version) ||
	       texts_differ(applied->arch, now->arch) ||
	       texts_differ(applied->enabled, now->enabled) ||
	       texts_differ(applied->running, now->running) ||
	       numbers_differ(applied->mode, now->mode) || numbers_differ(applied->uid, now->uid) ||
	       numbers_differ(applied->gid, now->gid) || numbers_differ(applied->held, now->held);
}

static bool write_memory(const char *memory, const char *text, size_t len, GError **error)
{
	g_autoptr(GString) out = g_string_sized_new(SUM_SIZE + len);
	char sum[HASH_TEXT_SIZE];
	struct hash hash;

	hash_bytes(&hash, text, len);
	hash_text(sum, &hash);
	g_string_append_printf(out, "%s\n", sum);
	g_string_append_len(out, text, (gssize)len);
	return file_replace_unsynced(memory, out->str, out->len, 0600, error);
}

/* In the form of a draft, which has a writer and a strict reader: each change is what was applied
 * (desired) and since when (outside), the diff's digest and size are what it was made from. A
 * command is the digest of one. */
bool applied_store(const struct applied *applied, const char *memory, GError **error)
{
	guint count = g_hash_table_size(applied->things);
	g_autofree struct plan_change *changes = g_new0(struct plan_change, count + 1);
	g_autofree const char **words = g_new0(const char *, 2 * (gsize)count + 1);
	g_autofree struct plan_exec *execs = g_new0(struct plan_exec, count + 1);
	struct plan draft = {.changes = changes,
			     .diff = applied->chain,
			     .diff_size = applied->count,
			     .on_failure = "stop"};
	struct assent_error problem = {0};
	autocfree char *text = NULL;
	GHashTableIter iter;
	gpointer value;
	size_t len;

	if (!applied->dirty || count > PLAN_MAX_CHANGES) {
		return true;
	}
	g_hash_table_iter_init(&iter, applied->things);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		const struct applied_thing *thing = value;
		size_t i = draft.changes_count++;

		words[2 * i] = thing->exec;
		execs[i] = (struct plan_exec){.run = &words[2 * i], .timeout = 1};
		changes[i] =
			(struct plan_change){.id = thing->id,
					     .kind = thing->kind,
					     .path = thing->path,
					     .manager = thing->manager,
					     .exec = thing->exec != NULL ? &execs[i] : NULL,
					     .risk = thing->state.keyed != NULL ? RISK_SECRET : 0,
					     .observed = PLAN_STATE(STATE_ABSENT),
					     .desired = thing->state,
					     .outside_commit = thing->commit,
					     .outside_time = thing->time};
	}
	if (plan_draft_write(&text, &len, &draft, &problem) != 0) {
		return fail_core(error, &problem, "what was applied");
	}
	return write_memory(memory, text, len, error);
}

struct applied_apply {
	const struct apply *apply;
	GHashTable *steps;
};

bool applied_was_made(const struct applied_apply *apply, const struct plan_change *change)
{
	return outcome_of(apply->steps, apply->apply, change) == DONE;
}

static bool visit_one(const struct apply *apply, const char *objects, applied_visit visit,
		      void *user)
{
	struct applied_apply visited = {.apply = apply};
	g_autoptr(plan_auto) plan = NULL;
	g_autofree char *text = NULL;
	bool keeps = false, goes_on;
	size_t len;

	if (!objects_load(objects, &apply->plan, PLAN_MAX_SIZE, &text, &len, NULL) ||
	    plan_parse(&plan, text, len, NULL) != 0) {
		return false;
	}
	if (!apply->all && apply->has_steps) {
		visited.steps = load_steps(objects, &apply->steps);
	}
	goes_on = visit(plan, &visited, &keeps, user);
	g_clear_pointer(&visited.steps, g_hash_table_unref);
	if (keeps) {
		(void)g_steal_pointer(&plan);
	}
	return goes_on;
}

bool applied_walk(const char *list, const char *objects, applied_visit visit, void *user,
		  GError **error)
{
	g_autoptr(GArray) applies = g_array_new(FALSE, FALSE, sizeof(struct apply));
	g_autoptr(json_doc_auto) doc = NULL;

	if (!json_file_load(list, JSON_MAX_SIZE, "the list of applies", &doc, error) ||
	    !read_list(doc, applies, error)) {
		return false;
	}
	for (guint i = applies->len; i > 0; i--) {
		if (!visit_one(&g_array_index(applies, struct apply, i - 1), objects, visit,
			       user)) {
			break;
		}
	}
	return true;
}
