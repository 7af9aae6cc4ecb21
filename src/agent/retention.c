/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Removes contents of old plans from among the objects. */
#include "agent/retention.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/agent.h"
#include "base/autoptr.h"
#include "base/error.h"
#include "base/log.h"
#include "base/objects.h"

#define SLICE 5000 /* microseconds */
#define PAUSE 20   /* milliseconds between two slices */
#define WAIT 10000 /* the same while jobs run */
#define DAY (24 * 60 * 60)
#define PREFIX "sha256:"

struct retention {
	struct retention_world world;
	GHashTable *kept;   /* struct hash: not to be removed */
	GHashTable *old;    /* struct hash: contents of plans that are not kept */
	GHashTable *keep;   /* struct fold_plan: kept, as of the log's size chosen */
	GHashTable *heeded; /* struct fold_plan: their contents are in kept */
	bool has_chosen;
	uint64_t chosen;
	unsigned plans;	  /* read so far */
	uint64_t entries; /* the same */
	GArray *doomed;	  /* struct hash, all of old; NULL: not yet */
	unsigned judged;  /* of them */
	uint64_t count, bytes;
	unsigned skipped; /* plans that cannot be read */
	char *problem;	  /* of the first of them, NULL: there is none */
};

static guint digest_hash(gconstpointer key)
{
	guint value;

	memcpy(&value, ((const struct hash *)key)->bytes, sizeof(value));
	return value;
}

static gboolean digest_equal(gconstpointer a, gconstpointer b)
{
	return hash_equal(a, b);
}

struct retention *retention_new(const struct retention_world *world)
{
	struct retention *r = g_new0(struct retention, 1);

	r->world = *world;
	r->kept = g_hash_table_new_full(digest_hash, digest_equal, g_free, NULL);
	r->old = g_hash_table_new_full(digest_hash, digest_equal, g_free, NULL);
	r->keep = g_hash_table_new(NULL, NULL);
	r->heeded = g_hash_table_new(NULL, NULL);
	return r;
}

void retention_free(struct retention *r)
{
	if (r == NULL) {
		return;
	}
	g_hash_table_unref(r->kept);
	g_hash_table_unref(r->old);
	g_hash_table_unref(r->keep);
	g_hash_table_unref(r->heeded);
	if (r->doomed != NULL) {
		g_array_unref(r->doomed);
	}
	g_free(r->problem);
	g_free(r);
}

void retention_removed(const struct retention *r, uint64_t *count, uint64_t *bytes)
{
	*count = r->count;
	*bytes = r->bytes;
}

const char *retention_skipped(const struct retention *r, unsigned *count)
{
	*count = r->skipped;
	return r->problem;
}

static void put(GHashTable *set, const struct hash *digest)
{
	if (!g_hash_table_contains(set, digest)) {
		g_hash_table_add(set, g_memdup2(digest, sizeof(*digest)));
	}
}

/* Every digest that stands anywhere in a text, whatever it is there for. */
static void keep_named(struct retention *r, const char *text, size_t len)
{
	char name[HASH_TEXT_SIZE] = "";
	const char *end = text + len;
	struct hash digest;

	for (const char *at = text;
	     (at = memmem(at, (size_t)(end - at), PREFIX, strlen(PREFIX))) != NULL &&
	     (size_t)(end - at) >= HASH_TEXT_SIZE - 1;
	     at += strlen(PREFIX)) {
		memcpy(name, at, HASH_TEXT_SIZE - 1);
		if (hash_parse(&digest, name)) {
			put(r->kept, &digest);
		}
	}
}

static void keep_name(struct retention *r, const char *name)
{
	if (name != NULL) {
		keep_named(r, name, strlen(name));
	}
}

/* --- which plans are kept */

static gint newest_first(gconstpointer a, gconstpointer b)
{
	const struct fold_plan *const *x = a, *const *y = b;

	return (*x)->ended != (*y)->ended    ? ((*x)->ended < (*y)->ended ? 1 : -1)
	       : (*x)->number < (*y)->number ? 1
					     : -1;
}

static void choose_plan(struct retention *r, const struct fold_plan *plan)
{
	if (plan != NULL) {
		g_hash_table_add(r->keep, (void *)plan);
	}
}

/* The newest applied ones of a stack, and those that something may still be done with. */
static void choose_of_stack(struct retention *r, const struct fold_stack *stack, GPtrArray *applied,
			    int64_t now)
{
	choose_plan(r, stack->plan);
	choose_plan(r, stack->applied);
	choose_plan(r, stack->halted);
	if (applied == NULL) {
		return;
	}
	g_ptr_array_sort(applied, newest_first);
	for (unsigned i = 0; i < applied->len; i++) {
		const struct fold_plan *plan = g_ptr_array_index(applied, i);

		if (i < r->world.rule.plans || now - plan->ended < r->world.rule.age) {
			choose_plan(r, plan);
		}
	}
}

static void choose(struct retention *r, int64_t now)
{
	const struct fold *fold = r->world.fold;
	g_autoptr(GHashTable) applied = g_hash_table_new_full(g_str_hash, g_str_equal, NULL,
							      (GDestroyNotify)g_ptr_array_unref);
	struct fold_stack *stack;
	GHashTableIter iter;

	if (r->has_chosen && r->chosen == fold->size) {
		return;
	}
	r->has_chosen = true;
	r->chosen = fold->size;
	g_hash_table_remove_all(r->keep);
	for (unsigned i = 0; i < fold->plans->len; i++) {
		struct fold_plan *plan = g_ptr_array_index(fold->plans, i);
		GPtrArray *list = g_hash_table_lookup(applied, plan->stack);

		if (plan->phase <= STACK_PHASE_APPLYING || plan->halted) {
			choose_plan(r, plan);
		} else if (plan->phase == STACK_PHASE_APPLIED) {
			if (list == NULL) {
				list = g_ptr_array_new();
				g_hash_table_insert(applied, plan->stack, list);
			}
			g_ptr_array_add(list, plan);
		}
	}
	g_hash_table_iter_init(&iter, fold->stacks);
	while (g_hash_table_iter_next(&iter, NULL, (void **)&stack)) {
		choose_of_stack(r, stack, g_hash_table_lookup(applied, stack->name), now);
	}
}

/* --- what they name */

static void note_digest(struct retention *r, const struct hash *digest, bool keep)
{
	/* Most contents of old plans have gone long ago. */
	if (keep) {
		put(r->kept, digest);
	} else if (objects_has(r->world.objects, digest)) {
		put(r->old, digest);
	}
}

static void note_state(struct retention *r, const struct plan_state *state, bool keep)
{
	/* Of an observed object no content is kept: its digest is of what was seen. */
	bool content = state->type == STATE_FILE ||
		       (state->type == STATE_OBJECT && state->object_uid == NULL);
	struct hash sealed;

	if (content && state->size >= 0 && state->keyed == NULL) {
		note_digest(r, &state->digest, keep);
	}
	if (state->sealed != NULL && hash_parse(&sealed, state->sealed)) {
		note_digest(r, &sealed, keep);
	}
	keep_name(r, state->xattrs);
	keep_name(r, state->archive);
}

static bool note_plan(struct retention *r, const struct fold_plan *known, GError **error)
{
	bool keep = g_hash_table_contains(r->keep, known);
	g_autoptr(plan_auto) plan = NULL;
	g_autofree char *text = NULL;
	struct assent_error err;
	struct hash id;
	size_t len;

	if (!hash_parse(&id, known->id)) {
		return fail(error, BASE_ERROR, BASE_ERROR_FAILED, "bad plan id '%s'", known->id);
	}
	if (!objects_load(r->world.objects, &id, PLAN_MAX_SIZE, &text, &len, error)) {
		return fail_prefix(error, "plan %s", known->id);
	}
	if (plan_parse(&plan, text, len, &err) != 0) {
		return fail_core(error, &err, "plan %s", known->id);
	}
	put(r->kept, &id);
	put(r->kept, &plan->diff);
	put(r->kept, &plan->policy.approvers);
	for (size_t i = 0; i < plan->restores_count; i++) {
		keep_name(r, plan->restores[i]);
	}
	for (size_t i = 0; i < plan->rendered_count; i++) {
		note_digest(r, &plan->rendered[i].object, keep);
	}
	for (size_t i = 0; i < plan->changes_count; i++) {
		put(r->kept, &plan->changes[i].diff);
		note_state(r, &plan->changes[i].observed, keep);
		note_state(r, &plan->changes[i].desired, keep);
	}
	if (keep) {
		g_hash_table_add(r->heeded, (void *)known);
	}
	return true;
}

/* What an old plan wanted that cannot be read stays, unless others know it. What a kept one wants
 * must be known before anything goes. */
static bool note_or_skip(struct retention *r, const struct fold_plan *known, GError **error)
{
	g_autoptr(GError) local = NULL;

	if (note_plan(r, known, &local)) {
		return true;
	}
	if (g_hash_table_contains(r->keep, known)) {
		g_propagate_error(error, g_steal_pointer(&local));
		return false;
	}
	if (r->skipped++ == 0) {
		r->problem = g_strdup(local->message);
	}
	return true;
}

/* A plan's signature is an object, too, and named by nothing. */
static bool keep_signature(struct retention *r, uint64_t seq, const char *raw, size_t len,
			   GError **error)
{
	struct assent_error err;
	struct record record;
	struct entry entry;
	struct hash digest;

	if (entry_parse(&entry, raw, len, &err) != 0) {
		return fail_core(error, &err, "log entry %" PRIu64, seq);
	}
	if (entry.type == ENTRY_PLAN) {
		if (record_read(&record, &entry, &err) != 0) {
			entry_clear(&entry);
			return fail_core(error, &err, "log entry %" PRIu64, seq);
		}
		hash_bytes(&digest, record.u.plan.sig, strlen(record.u.plan.sig));
		put(r->kept, &digest);
	}
	entry_clear(&entry);
	return true;
}

static bool note_entry(struct retention *r, uint64_t seq, GError **error)
{
	g_autofree char *raw = NULL;
	size_t len;

	if (!r->world.read(r->world.user, seq, &raw, &len, error)) {
		return false;
	}
	keep_named(r, raw, len);
	return keep_signature(r, seq, raw, len, error);
}

/* A plan may be kept that was old when it was read. */
static bool catch_up(struct retention *r, GError **error)
{
	const struct fold_plan *plan;
	GHashTableIter iter;

	g_hash_table_iter_init(&iter, r->keep);
	while (g_hash_table_iter_next(&iter, (void **)&plan, NULL)) {
		if (!g_hash_table_contains(r->heeded, plan) && !note_plan(r, plan, error)) {
			return false;
		}
	}
	return true;
}

bool retention_mark(struct retention *r, int64_t now, bool *done, GError **error)
{
	const struct fold *fold = r->world.fold;
	gint64 end = g_get_monotonic_time() + SLICE;

	*done = false;
	choose(r, now);
	do {
		if (r->plans < fold->plans->len) {
			if (!note_or_skip(r, g_ptr_array_index(fold->plans, r->plans), error)) {
				return false;
			}
			r->plans++;
		} else if (r->entries < fold->size) {
			if (!note_entry(r, r->entries, error)) {
				return false;
			}
			r->entries++;
		} else {
			*done = true;
			return catch_up(r, error);
		}
	} while (g_get_monotonic_time() < end);
	return true;
}

/* --- removing */

static bool remove_one(struct retention *r, const struct hash *digest, GError **error)
{
	g_autofree char *path = objects_path(r->world.objects, digest);
	struct stat st;

	if (g_hash_table_contains(r->kept, digest) || lstat(path, &st) != 0) {
		return true;
	}
	if (unlink(path) != 0) {
		return errno == ENOENT || fail_errno(error, "cannot remove '%s'", path);
	}
	r->count++;
	r->bytes += (uint64_t)st.st_size;
	return true;
}

static void list_doomed(struct retention *r)
{
	const struct hash *digest;
	GHashTableIter iter;

	r->doomed = g_array_new(FALSE, FALSE, sizeof(struct hash));
	g_hash_table_iter_init(&iter, r->old);
	while (g_hash_table_iter_next(&iter, (void **)&digest, NULL)) {
		g_array_append_vals(r->doomed, digest, 1);
	}
}

bool retention_sweep(struct retention *r, int64_t now, bool *done, GError **error)
{
	gint64 end = g_get_monotonic_time() + SLICE;
	bool marked = false;

	*done = false;
	if (!retention_mark(r, now, &marked, error)) { // what has come since
		return false;
	}
	if (!marked) {
		return true;
	}
	if (r->doomed == NULL) {
		list_doomed(r);
	}
	do {
		if (r->judged == r->doomed->len) {
			*done = true;
			return true;
		}
		if (!remove_one(r, &g_array_index(r->doomed, struct hash, r->judged), error)) {
			return false;
		}
		r->judged++;
	} while (g_get_monotonic_time() < end);
	return true;
}

/* --- the agent's */

static bool read_entry(void *user, uint64_t seq, char **raw, size_t *len, GError **error)
{
	struct agent *agent = user;

	return store_read(agent->store, seq, raw, len, error);
}

void retention_stop(struct agent *agent)
{
	if (agent->retaining != 0) {
		g_source_remove(agent->retaining);
		agent->retaining = 0;
	}
	g_clear_pointer(&agent->retention, retention_free);
}

static void end(struct agent *agent, const GError *error)
{
	uint64_t count, bytes;
	unsigned skipped;
	const char *problem = retention_skipped(agent->retention, &skipped);

	retention_removed(agent->retention, &count, &bytes);
	if (problem != NULL) {
		log_event(EV_RETENTION, NULL, NULL,
			  "contents of %u old plans that cannot be read stay: %s", skipped,
			  problem);
	}
	if (error != NULL) {
		log_event(EV_RETENTION, NULL, NULL,
			  "contents of old plans stay: %s; %" PRIu64 " of %" PRIu64
			  " bytes had gone",
			  error->message, count, bytes);
	} else if (count > 0) {
		log_event(EV_RETENTION, NULL, NULL,
			  "%" PRIu64 " contents of old plans have gone, %" PRIu64 " bytes", count,
			  bytes);
	}
	agent->retained = agent_now();
	retention_stop(agent);
}

static gboolean on_slice(void *user)
{
	struct agent *agent = user;
	g_autoptr(GError) error = NULL;
	bool busy = jobs_running(agent->jobs) > 0;
	bool done = false, marked = false, ok;

	agent->retaining = 0;
	if (agent->stopping || agent->dead != NULL) {
		retention_stop(agent);
		return G_SOURCE_REMOVE;
	}
	ok = busy ? retention_mark(agent->retention, agent_now(), &marked, &error)
		  : retention_sweep(agent->retention, agent_now(), &done, &error);
	if (!ok || done) {
		end(agent, error);
	} else {
		agent->retaining = g_timeout_add_full(G_PRIORITY_LOW, marked ? WAIT : PAUSE,
						      on_slice, agent, NULL);
	}
	return G_SOURCE_REMOVE;
}

void retention_due(struct agent *agent)
{
	struct retention_world world = {
		.fold = agent->fold,
		.objects = store_objects(agent->store),
		.rule = agent->conf->retention,
		.read = read_entry,
		.user = agent,
	};
	int64_t since = agent_now() - agent->retained;

	if (agent->retention != NULL || agent->stopping || (since >= 0 && since < DAY)) {
		return;
	}
	agent->retention = retention_new(&world);
	agent->retaining = g_timeout_add_full(G_PRIORITY_LOW, PAUSE, on_slice, agent, NULL);
}
