/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The signed log: appended durably, replayed completely or refused. */
#include "agent/store.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "agent/store-keys.h"
#include "agent/store-tiles.h"
#include "base/autoptr.h"
#include "base/error.h"
#include "base/file.h"
#include "base/secure.h"
#include "core/record.h"

#define CLOCK_SLACK 300 /* seconds that the clock may be behind the last entry */

/* clang-format off */
G_DEFINE_QUARK(store-error-quark, store_error)
/* clang-format on */

struct store {
	char *dir, *log_dir, *objects, *agent;
	char *head_file, *checkpoint_file;
	int lock;
	struct store_keys keys;
	struct tiles tiles;
	char *head; /* the signed checkpoint on disk; NULL before the first entry */
	struct checkpoint signed_head; /* what it says */
	struct checkpoint published;   /* what log/checkpoint said when the store was opened */
	int64_t last_time;
	bool dead;
};

typedef struct store store_auto;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(store_auto, store_close)

bool store_init(const char *state_dir, const char *agent, bool *made, GError **error)
{
	static const char *const folders[] = {"keys", "log", "objects", "git", "jobs", "apply"};

	if (!file_mkdirs(state_dir, 0700, error)) {
		return false;
	}
	for (size_t i = 0; i < G_N_ELEMENTS(folders); i++) {
		g_autofree char *path = g_build_filename(state_dir, folders[i], NULL);

		if (!file_mkdirs(path, 0700, error)) {
			return false;
		}
	}
	return store_keys_make(state_dir, agent, made, error);
}

/* Reads a checkpoint that this log's key signed; *note is NULL when there is none. */
static bool load_note(const struct store *store, const char *path, char **note,
		      struct checkpoint *cp, GError **error)
{
	g_autoptr(GError) local = NULL;
	g_autofree char *text = NULL;
	struct assent_error err;
	size_t len = 0;

	*note = NULL;
	if (!file_read(path, NOTE_MAX_SIZE, &text, &len, &local)) {
		if (g_error_matches(local, BASE_ERROR, BASE_ERROR_NOT_FOUND)) {
			memset(cp, 0, sizeof(*cp));
			merkle_empty_root(&cp->root);
			return true;
		}
		g_propagate_error(error, g_steal_pointer(&local));
		return false;
	}
	if (checkpoint_verify(cp, text, len, &store->keys.vkey, &err) != 0) {
		return fail(error, STORE_ERROR, STORE_ERROR_CORRUPT,
			    "'%s' is not a checkpoint of this log: %s", path, err.text);
	}
	*note = g_steal_pointer(&text);
	return true;
}

/* What was published when the log had this size must be what it was then. */
static bool check_published(const struct store *store, GError **error)
{
	struct hash root;

	/* Of the head's own size: compared with the head already. */
	if (store->tiles.edge.size != store->published.size ||
	    store->published.size == store->signed_head.size) {
		return true;
	}
	merkle_edge_root(&store->tiles.edge, &root);
	return hash_equal(&root, &store->published.root) ||
	       fail(error, STORE_ERROR, STORE_ERROR_CORRUPT,
		    "the first %" PRIu64 " entries are not those of the checkpoint '%s'",
		    store->published.size, store->checkpoint_file);
}

static bool replay_entry(struct store *store, const char *raw, size_t len, store_replay_fn replay,
			 void *user, GError **error)
{
	uint64_t seq = store->tiles.edge.size;
	struct assent_error err;
	struct entry entry;
	bool ok;

	if (entry_parse(&entry, raw, len, &err) != 0) {
		return fail(error, STORE_ERROR, STORE_ERROR_CORRUPT, "log entry %" PRIu64 ": %s",
			    seq, err.text);
	}
	if (entry.seq != seq || entry.time < store->last_time) {
		bool wrong_seq = entry.seq != seq;

		entry_clear(&entry);
		return fail(error, STORE_ERROR, STORE_ERROR_CORRUPT,
			    wrong_seq ? "log entry %" PRIu64 " stands in another's place"
				      : "log entry %" PRIu64 " is older than the one before it",
			    seq);
	}
	store->last_time = entry.time;
	tiles_push(&store->tiles, raw, len);
	ok = check_published(store, error) && tiles_compare(&store->tiles, false, error) &&
	     (replay == NULL || replay(&entry, raw, len, user, error));
	entry_clear(&entry);
	return ok;
}

static bool replay_bundle(struct store *store, uint64_t index, unsigned width,
			  store_replay_fn replay, void *user, GError **error)
{
	g_autofree char *data = NULL;
	size_t len = 0, offset = 0, entry_len = 0;
	const char *entry;

	if (!tiles_read_bundle(&store->tiles, index, width, &data, &len, error)) {
		return false;
	}
	for (unsigned i = 0; i < width; i++) {
		if (!tiles_next_entry(data, len, &offset, &entry, &entry_len)) {
			return fail(error, STORE_ERROR, STORE_ERROR_CORRUPT,
				    "the log is damaged: bundle %" PRIu64 " ends in entry %u of %u",
				    index, i, width);
		}
		if (!replay_entry(store, entry, entry_len, replay, user, error)) {
			return false;
		}
	}
	if (offset != len) {
		return fail(error, STORE_ERROR, STORE_ERROR_CORRUPT,
			    "the log is damaged: bundle %" PRIu64 " has bytes behind its entries",
			    index);
	}
	return true;
}

static bool replay_all(struct store *store, const struct checkpoint *head, store_replay_fn replay,
		       void *user, GError **error)
{
	struct hash root;

	for (uint64_t at = 0; at < head->size; at += TILE_WIDTH) {
		unsigned width = (unsigned)MIN(head->size - at, (uint64_t)TILE_WIDTH);

		if (!replay_bundle(store, at / TILE_WIDTH, width, replay, user, error)) {
			return false;
		}
	}
	if (!tiles_compare(&store->tiles, true, error)) {
		return false;
	}
	merkle_edge_root(&store->tiles.edge, &root);
	if (!hash_equal(&root, &head->root)) {
		return fail(error, STORE_ERROR, STORE_ERROR_CORRUPT,
			    "the log's %" PRIu64 " entries do not give the root of the signed head",
			    head->size);
	}
	return true;
}

/* The two signed notes. The published one may be older than the head, never newer; that it is of
 * the same log is seen while the entries are replayed. */
static bool load_heads(struct store *store, GError **error)
{
	struct checkpoint *head = &store->signed_head, *published = &store->published;
	g_autofree char *note = NULL;

	if (!load_note(store, store->head_file, &store->head, head, error) ||
	    !load_note(store, store->checkpoint_file, &note, published, error)) {
		return false;
	}
	if (published->size > head->size) {
		return fail(
			error, STORE_ERROR, STORE_ERROR_CORRUPT,
			"the published checkpoint (%" PRIu64
			" entries) is newer than '%s' (%" PRIu64
			" entries): the state folder was set back, or its key is used elsewhere",
			published->size, store->head_file, head->size);
	}
	if (published->size == head->size && !hash_equal(&published->root, &head->root)) {
		return fail(error, STORE_ERROR, STORE_ERROR_CORRUPT,
			    "'%s' and '%s' say different things of %" PRIu64
			    " entries: two agents have used this key",
			    store->head_file, store->checkpoint_file, head->size);
	}
	return true;
}

/* After a stop between head and checkpoint. */
static bool publish_again(struct store *store, GError **error)
{
	if (store->head == NULL || store->published.size == store->signed_head.size) {
		return true;
	}
	return file_replace(store->checkpoint_file, store->head, strlen(store->head), 0644, error);
}

static bool tidy(const struct store *store, GError **error)
{
	g_autofree char *keys = g_build_filename(store->dir, "keys", NULL);

	return tiles_discard_beyond(&store->tiles, error) &&
	       tiles_remove_temps(store->dir, error) && tiles_remove_temps(keys, error) &&
	       tiles_remove_temps(store->log_dir, error);
}

static struct store *store_new(const char *state_dir, const char *agent)
{
	struct store *store = g_new0(struct store, 1);

	store->lock = -1;
	store->dir = g_strdup(state_dir);
	store->agent = g_strdup(agent);
	store->log_dir = g_build_filename(state_dir, "log", NULL);
	store->objects = g_build_filename(state_dir, "objects", NULL);
	store->head_file = g_build_filename(state_dir, "head", NULL);
	store->checkpoint_file = g_build_filename(store->log_dir, "checkpoint", NULL);
	tiles_init(&store->tiles, store->log_dir);
	return store;
}

/* Who may write here may put another log or other keys in place. */
static bool check_folders(const struct store *store, GError **error)
{
	g_autofree char *keys = g_build_filename(store->dir, "keys", NULL);
	g_autoptr(GError) local = NULL;

	if (secure_folder(store->dir, &local) && secure_folder(keys, &local) &&
	    secure_folder(store->log_dir, &local)) {
		return true;
	}
	if (g_error_matches(local, BASE_ERROR, BASE_ERROR_NOT_FOUND)) {
		g_prefix_error(&local, "'%s' is no state folder yet ('assent init' makes one): ",
			       store->dir);
	}
	g_propagate_error(error, g_steal_pointer(&local));
	return false;
}

static bool take_lock(struct store *store, GError **error)
{
	g_autofree char *path = g_build_filename(store->dir, "lock", NULL);
	g_autoptr(GError) local = NULL;

	if (file_lock(path, &store->lock, &local)) {
		return true;
	}
	if (g_error_matches(local, BASE_ERROR, BASE_ERROR_TIMEOUT)) {
		return fail(
			error, STORE_ERROR, STORE_ERROR_LOCKED,
			"another agent uses '%s': stop it first, or give this one a state folder "
			"of its own",
			store->dir);
	}
	g_propagate_error(error, g_steal_pointer(&local));
	return false;
}

bool store_open(const char *state_dir, const char *agent, store_replay_fn replay, void *user,
		struct store **out, GError **error)
{
	g_autoptr(store_auto) store = store_new(state_dir, agent);

	if (!check_folders(store, error) || !take_lock(store, error) ||
	    !store_keys_load(state_dir, agent, &store->keys, error) ||
	    !store_keys_complete(state_dir, agent, error) || !load_heads(store, error) ||
	    !replay_all(store, &store->signed_head, replay, user, error) || !tidy(store, error) ||
	    !publish_again(store, error)) {
		return false;
	}
	*out = g_steal_pointer(&store);
	return true;
}

void store_close(struct store *store)
{
	if (store == NULL) {
		return;
	}
	store_keys_clear(&store->keys);
	tiles_clear(&store->tiles);
	autofd_close(&store->lock);
	g_free(store->dir);
	g_free(store->log_dir);
	g_free(store->objects);
	g_free(store->agent);
	g_free(store->head_file);
	g_free(store->checkpoint_file);
	g_free(store->head);
	g_free(store);
}

/* The head's members and the type's own, as text that is not canonical yet. */
static bool join_members(const struct store *store, enum entry_type type, const char *stack,
			 const char *fields, int64_t time, char **out, struct assent_error *err)
{
	g_autoptr(json_writer_auto) w = json_writer_new(0);
	autocfree char *head = NULL;
	const char *open = fields != NULL ? strchr(fields, '{') : NULL;
	size_t len = 0;

	json_w_object(w, NULL);
	json_w_int(w, "seq", (int64_t)store->tiles.edge.size);
	if (stack != NULL) {
		json_w_str(w, "stack", stack);
	}
	json_w_int(w, "time", time);
	json_w_str(w, "type", entry_type_names[type]);
	json_w_int(w, "v", 1);
	json_w_end(w);
	if (json_writer_finish(g_steal_pointer(&w), &head, &len, err) != 0) {
		return false;
	}
	if (open == NULL || g_str_equal(open, "{}")) {
		*out = g_strdup(head);
	} else {
		*out = g_strdup_printf("%.*s,%s", (int)(len - 1), head, open + 1);
	}
	return true;
}

/* What cannot be read again must not be written: the next start would fail at it for ever. */
static bool check_readable(const char *text, size_t len, struct assent_error *err)
{
	struct record record;
	struct entry entry;
	bool ok;

	if (entry_parse(&entry, text, len, err) != 0) {
		return false;
	}
	ok = record_read(&record, &entry, err) == 0;
	entry_clear(&entry);
	return ok;
}

/* The entry's canonical bytes; the parser refuses members that stand twice. */
static bool entry_compose(const struct store *store, enum entry_type type, const char *stack,
			  const char *fields, int64_t time, char **out, size_t *len, GError **error)
{
	g_autoptr(json_writer_auto) w = json_writer_new(JSON_CANONICAL);
	g_autoptr(json_doc_auto) doc = NULL;
	g_autofree char *joined = NULL;
	autocfree char *text = NULL;
	struct assent_error err;
	struct json_obj root;

	if (!join_members(store, type, stack, fields, time, &joined, &err) ||
	    json_doc_parse(&doc, joined, strlen(joined), 0, &err) != 0) {
		return fail_core(error, &err, "log entry '%s'", entry_type_names[type]);
	}
	json_doc_root(doc, &root);
	json_w_value(w, NULL, root.value);
	if (json_writer_finish(g_steal_pointer(&w), &text, len, &err) != 0 ||
	    !check_readable(text, *len, &err)) {
		return fail_core(error, &err, "log entry '%s'", entry_type_names[type]);
	}
	*out = g_steal_pointer(&text);
	return true;
}

static bool sign_head(const struct store *store, struct checkpoint *cp, char **note, GError **error)
{
	struct assent_error err;
	autocfree char *text = NULL;
	autocfree char *signed_note = NULL;

	g_strlcpy(cp->origin, store->agent, sizeof(cp->origin));
	cp->size = store->tiles.edge.size;
	merkle_edge_root(&store->tiles.edge, &cp->root);
	if (checkpoint_text(&text, cp, &err) != 0 ||
	    secret_sign_note(store->keys.log, store->agent, text, &signed_note, &err) != 0) {
		return fail_core(error, &err, "cannot sign the log's head");
	}
	*note = g_strdup(signed_note);
	return true;
}

/* Compare and swap: a head that is not ours means that somebody else writes this log. */
static bool swap_head(struct store *store, const struct checkpoint *cp, const char *note,
		      GError **error)
{
	g_autofree char *on_disk = NULL;
	struct checkpoint old;

	if (!load_note(store, store->head_file, &on_disk, &old, error)) {
		return false;
	}
	if (g_strcmp0(on_disk, store->head) != 0) {
		return fail(error, STORE_ERROR, STORE_ERROR_CORRUPT,
			    "'%s' was changed by another program", store->head_file);
	}
	if (!file_replace(store->head_file, note, strlen(note), 0600, error)) {
		return false;
	}
	g_free(store->head);
	store->head = g_strdup(note);
	store->signed_head = *cp;
	return true;
}

static bool write_entry(struct store *store, GError **error)
{
	g_autofree char *note = NULL;
	struct checkpoint cp = {0};

	return tiles_write(&store->tiles, error) && sign_head(store, &cp, &note, error) &&
	       swap_head(store, &cp, note, error) &&
	       file_replace(store->checkpoint_file, note, strlen(note), 0644, error) &&
	       tiles_settle(&store->tiles, error);
}

bool store_append(struct store *store, enum entry_type type, const char *stack, const char *fields,
		  int64_t now, uint64_t *seq, GError **error)
{
	int64_t time = MAX(now, store->last_time);
	autocfree char *text = NULL;
	size_t len = 0;

	if (store->dead) {
		return fail(
			error, STORE_ERROR, STORE_ERROR_FAILED,
			"the log could not be written before: nothing is done until the agent is "
			"started again");
	}
	if (now < store->last_time - CLOCK_SLACK) {
		return fail(error, STORE_ERROR, STORE_ERROR_CLOCK,
			    "the clock is %" PRId64 " s behind the log's last entry: set it right",
			    store->last_time - now);
	}
	if (!entry_compose(store, type, stack, fields, time, &text, &len, error)) {
		return false;
	}
	tiles_push(&store->tiles, text, len);
	if (!write_entry(store, error)) {
		store->dead = true;
		return fail_prefix(error, "cannot write the log");
	}
	store->last_time = time;
	if (seq != NULL) {
		*seq = store->tiles.edge.size - 1;
	}
	return true;
}

bool store_is_dead(const struct store *store)
{
	return store->dead;
}

/* What is signed: after a failed write the tree in memory is one entry ahead. */
uint64_t store_size(const struct store *store)
{
	return store->signed_head.size;
}

void store_checkpoint(const struct store *store, struct checkpoint *out)
{
	*out = store->signed_head;
	g_strlcpy(out->origin, store->agent, sizeof(out->origin));
}

static bool pick_entry(const char *data, size_t len, unsigned n, char **raw, size_t *raw_len)
{
	const char *entry = NULL;
	size_t offset = 0;

	for (unsigned i = 0; i <= n; i++) {
		if (!tiles_next_entry(data, len, &offset, &entry, raw_len)) {
			return false;
		}
	}
	*raw = g_strndup(entry, *raw_len);
	return true;
}

bool store_read(struct store *store, uint64_t seq, char **raw, size_t *len, GError **error)
{
	const GByteArray *bundle = tiles_bundle(&store->tiles, seq / TILE_WIDTH);
	g_autofree char *data = NULL;
	size_t data_len = 0;
	bool found;

	if (seq >= store_size(store)) {
		return fail(error, BASE_ERROR, BASE_ERROR_NOT_FOUND,
			    "the log has no entry %" PRIu64 " (it has %" PRIu64 ")", seq,
			    store_size(store));
	}
	if (bundle != NULL) {
		found = pick_entry((const char *)bundle->data, bundle->len, seq % TILE_WIDTH, raw,
				   len);
	} else {
		if (!tiles_read_bundle(&store->tiles, seq / TILE_WIDTH, TILE_WIDTH, &data,
				       &data_len, error)) {
			return false;
		}
		found = pick_entry(data, data_len, seq % TILE_WIDTH, raw, len);
	}
	return found || fail(error, STORE_ERROR, STORE_ERROR_CORRUPT,
			     "the bundle of log entry %" PRIu64 " is damaged", seq);
}

const char *store_objects(const struct store *store)
{
	return store->objects;
}

const char *store_dir(const struct store *store)
{
	return store->dir;
}

const struct secret *store_plan_key(const struct store *store)
{
	return store->keys.plan;
}

char *store_plan_key_line(const struct store *store)
{
	struct ssh_key key = {.type = SSH_ED25519};
	autocfree char *line = NULL;

	secret_public(store->keys.plan, key.pk);
	return ssh_key_line(&line, &key, NULL) == 0 ? g_strdup(line) : NULL;
}

char *store_log_vkey(const struct store *store)
{
	autocfree char *text = NULL;

	return note_key_text(&text, &store->keys.vkey, NULL) == 0 ? g_strdup(text) : NULL;
}
