/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of agent/store.c: what was appended comes back, what was touched is refused. */
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

#include "agent/store-keys.h"
#include "agent/store.h"
#include "base/autoptr.h"
#include "base/error.h"
#include "base/file.h"
#include "base/seal.h"
#include "core/merkle.h"
#include "scratch.h"

#define AGENT "web1.example.org"
#define NOW INT64_C(1767225600)

typedef struct store store_auto;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(store_auto, store_close)

struct fixture {
	char *dir;
};

static void set_up(struct fixture *f, const void *data)
{
	g_autoptr(GError) error = NULL;
	bool made = false;

	(void)data;
	f->dir = scratch_new();
	g_assert_true(store_init(f->dir, AGENT, &made, &error));
	g_assert_no_error(error);
	g_assert_true(made);
}

static void tear_down(struct fixture *f, const void *data)
{
	(void)data;
	scratch_free(f->dir);
}

struct seen {
	uint64_t count;
	int64_t time;
};

static bool count_entry(const struct entry *entry, const char *raw, size_t len, void *user,
			GError **error)
{
	struct seen *seen = user;

	(void)raw;
	(void)len;
	(void)error;
	g_assert_cmpuint(entry->seq, ==, seen->count);
	seen->count++;
	seen->time = entry->time;
	return true;
}

static struct store *open_good(struct fixture *f, struct seen *seen)
{
	g_autoptr(GError) error = NULL;
	struct store *store = NULL;

	g_assert_true(store_open(f->dir, AGENT, count_entry, seen, &store, &error));
	g_assert_no_error(error);
	return store;
}

static void append_notes(struct store *store, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		g_autofree char *fields = g_strdup_printf("{\"text\":\"note %u\"}", i);
		g_autoptr(GError) error = NULL;
		uint64_t seq = 0, size = store_size(store);

		g_assert_true(store_append(store, ENTRY_NOTE, NULL, fields, NOW + i, &seq, &error));
		g_assert_no_error(error);
		g_assert_cmpuint(seq, ==, size);
	}
}

static void refuse(struct fixture *f, const char *says)
{
	g_autoptr(store_auto) store = NULL;
	g_autoptr(GError) error = NULL;
	struct seen seen = {0};

	g_assert_false(store_open(f->dir, AGENT, count_entry, &seen, &store, &error));
	g_assert_nonnull(error);
	g_test_message("%s", error->message);
	if (strstr(error->message, says) == NULL) {
		g_error("'%s' is not in '%s'", says, error->message);
	}
}

static void refuse_damage(struct fixture *f, const char *says)
{
	g_autoptr(store_auto) store = NULL;
	g_autoptr(GError) error = NULL;

	g_assert_false(store_open(f->dir, AGENT, NULL, NULL, &store, &error));
	g_assert_error(error, STORE_ERROR, STORE_ERROR_CORRUPT);
	g_test_message("%s", error->message);
	if (strstr(error->message, says) == NULL) {
		g_error("'%s' is not in '%s'", says, error->message);
	}
}

static char *path_in(struct fixture *f, const char *name)
{
	return g_build_filename(f->dir, name, NULL);
}

static void copy(const char *from, const char *to)
{
	const char *argv[] = {"cp", "-a", from, to, NULL};
	int status = -1;

	g_assert_true(g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL,
				   NULL, &status, NULL));
	g_assert_cmpint(status, ==, 0);
}

static void test_entries_come_back(struct fixture *f, const void *data)
{
	struct seen seen = {0};
	g_autoptr(store_auto) store = open_good(f, &seen);
	g_autofree char *raw = NULL;
	g_autoptr(GError) error = NULL;
	struct checkpoint before, after;
	size_t len = 0;

	(void)data;
	append_notes(store, 300);
	store_checkpoint(store, &before);
	g_clear_pointer(&store, store_close);
	store = open_good(f, &seen);
	g_assert_cmpuint(seen.count, ==, 300);
	g_assert_cmpint(seen.time, ==, NOW + 299);
	store_checkpoint(store, &after);
	g_assert_true(hash_equal(&before.root, &after.root));
	g_assert_true(store_read(store, 7, &raw, &len, &error));
	g_assert_cmpstr(
		raw, ==,
		"{\"seq\":7,\"text\":\"note 7\",\"time\":1767225607,\"type\":\"note\",\"v\":1}");
	g_clear_pointer(&raw, g_free);
	g_assert_true(store_read(store, 299, &raw, &len, &error));
	g_assert_nonnull(strstr(raw, "note 299"));
	g_assert_false(store_read(store, 300, &raw, &len, &error));
	g_assert_error(error, BASE_ERROR, BASE_ERROR_NOT_FOUND);
}

static void test_full_tiles_replace_partial_ones(struct fixture *f, const void *data)
{
	struct seen seen = {0};
	g_autoptr(store_auto) store = open_good(f, &seen);
	g_autofree char *partials = g_build_filename(f->dir, "log/tile/entries/000.p", NULL);
	g_autofree char *full = g_build_filename(f->dir, "log/tile/0/000", NULL);
	g_autofree char *upper = g_build_filename(f->dir, "log/tile/1/000.p/1", NULL);
	struct stat st;

	(void)data;
	append_notes(store, 255);
	g_assert_true(g_file_test(partials, G_FILE_TEST_IS_DIR));
	append_notes(store, 1);
	g_assert_false(g_file_test(partials, G_FILE_TEST_EXISTS));
	g_assert_cmpint(g_stat(full, &st), ==, 0);
	g_assert_cmpint(st.st_size, ==, 8192);
	g_assert_cmpint(g_stat(upper, &st), ==, 0);
	g_assert_cmpint(st.st_size, ==, 32);
}

static void test_second_agent_is_refused(struct fixture *f, const void *data)
{
	struct seen seen = {0};
	g_autoptr(store_auto) store = open_good(f, &seen);

	(void)data;
	g_assert_nonnull(store);
	refuse(f, "another agent uses");
}

static void test_time_never_goes_back(struct fixture *f, const void *data)
{
	struct seen seen = {0};
	g_autoptr(store_auto) store = open_good(f, &seen);
	g_autoptr(GError) error = NULL;
	g_autofree char *raw = NULL;
	size_t len = 0;

	(void)data;
	g_assert_true(store_append(store, ENTRY_NOTE, NULL, "{\"text\":\"a\"}", NOW, NULL, &error));
	g_assert_true(
		store_append(store, ENTRY_NOTE, NULL, "{\"text\":\"b\"}", NOW - 9, NULL, &error));
	g_assert_true(store_read(store, 1, &raw, &len, &error));
	g_assert_nonnull(strstr(raw, "\"time\":1767225600"));
	g_assert_false(
		store_append(store, ENTRY_NOTE, NULL, "{\"text\":\"c\"}", NOW - 301, NULL, &error));
	g_assert_error(error, STORE_ERROR, STORE_ERROR_CLOCK);
	g_assert_false(store_is_dead(store));
}

static void test_bad_entry_costs_nothing(struct fixture *f, const void *data)
{
	struct seen seen = {0};
	g_autoptr(store_auto) store = open_good(f, &seen);
	g_autofree char *big = g_strnfill(ENTRY_MAX_SIZE, 'x');
	g_autofree char *fields = g_strdup_printf("{\"text\":\"%s\"}", big);
	g_autoptr(GError) error = NULL;

	(void)data;
	g_assert_false(store_append(store, ENTRY_NOTE, NULL, fields, NOW, NULL, &error));
	g_assert_nonnull(error);
	g_clear_error(&error);
	g_assert_false(store_append(store, ENTRY_NOTE, NULL, "{\"seq\":9}", NOW, NULL, &error));
	g_assert_nonnull(error);
	g_clear_error(&error);
	/* Written down they could not be read at the next start. */
	g_assert_false(store_append(store, ENTRY_NOTE, NULL, "{}", NOW, NULL, &error));
	g_assert_nonnull(error);
	g_clear_error(&error);
	fields[strlen(fields) - ENTRY_MAX_SIZE / 2] = '\0';
	memcpy(fields + strlen(fields) - 2, "\"}", 2);
	g_assert_false(store_append(store, ENTRY_NOTE, NULL, fields, NOW, NULL, &error));
	g_assert_nonnull(error);
	g_assert_false(store_is_dead(store));
	g_assert_cmpuint(store_size(store), ==, 0);
	append_notes(store, 2);
}

static void test_unwritable_log_is_dead(struct fixture *f, const void *data)
{
	struct seen seen = {0};
	g_autoptr(store_auto) store = open_good(f, &seen);
	g_autofree char *head = g_build_filename(f->dir, "head", NULL);
	g_autoptr(GError) error = NULL;

	(void)data;
	append_notes(store, 3);
	g_assert_true(file_replace(head, "x", 1, 0600, &error));
	g_assert_false(
		store_append(store, ENTRY_NOTE, NULL, "{\"text\":\"a\"}", NOW + 9, NULL, &error));
	g_assert_true(store_is_dead(store));
	g_clear_error(&error);
	g_assert_false(
		store_append(store, ENTRY_NOTE, NULL, "{\"text\":\"a\"}", NOW + 9, NULL, &error));
	g_assert_nonnull(strstr(error->message, "started again"));
}

/* The first byte of mark, or the middle one. */
static void flip_byte(const char *path, const char *mark)
{
	g_autofree char *text = NULL;
	gsize len = 0, at;

	g_assert_true(g_file_get_contents(path, &text, &len, NULL));
	at = len / 2;
	for (gsize i = 0; mark != NULL && i + strlen(mark) <= len; i++) {
		/* All but the first byte, which may be flipped already. */
		if (memcmp(text + i + 1, mark + 1, strlen(mark) - 1) == 0) {
			at = i;
			break;
		}
	}
	text[at] ^= 1;
	g_assert_true(g_file_set_contents(path, text, (gssize)len, NULL));
}

static void test_flipped_byte_is_found(struct fixture *f, const void *data)
{
	static const struct {
		const char *file, *says, *mark;
	} cases[] = {
		{"log/tile/entries/000", "entry 127 ", "note 127"},
		{"log/tile/entries/001.p/44", "entry 280 ", "note 280"},
		{"log/tile/entries/000", "log entry 99", "{\"seq\":99,"},
		{"log/tile/0/000", "entry 128 ", NULL},
		{"log/tile/0/001.p/44", "entry 278 ", NULL},
		{"log/tile/1/000.p/1", "tile/1/000.p/1", NULL},
		{"log/checkpoint", "log/checkpoint", NULL},
		{"head", "head", NULL},
	};
	struct seen seen = {0};
	struct store *store = open_good(f, &seen);

	(void)data;
	append_notes(store, 300);
	store_close(store);
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *path = path_in(f, cases[i].file);

		flip_byte(path, cases[i].mark);
		refuse_damage(f, cases[i].says);
		flip_byte(path, cases[i].mark);
	}
	seen.count = 0;
	store_close(open_good(f, &seen));
}

static void test_missing_and_cut_files_are_named(struct fixture *f, const void *data)
{
	static const char *const files[] = {"log/tile/entries/000", "log/tile/entries/001.p/44",
					    "log/tile/0/000", "log/tile/0/001.p/44",
					    "log/tile/1/000.p/1"};
	struct seen seen = {0};
	struct store *store = open_good(f, &seen);

	(void)data;
	append_notes(store, 300);
	store_close(store);
	for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
		g_autofree char *path = path_in(f, files[i]);
		g_autofree char *text = NULL;
		bool bundle = strstr(files[i], "entries") != NULL;
		gsize len = 0;

		g_assert_true(g_file_get_contents(path, &text, &len, NULL));
		g_assert_true(g_file_set_contents(path, text, (gssize)len - 1, NULL));
		refuse_damage(f, bundle ? "ends in entry" : files[i]);
		g_assert_cmpint(g_unlink(path), ==, 0);
		refuse_damage(f, files[i]);
		g_assert_true(g_file_set_contents(path, text, (gssize)len, NULL));
	}
	seen.count = 0;
	store_close(open_good(f, &seen));
}

static void test_swapped_entries_are_found(struct fixture *f, const void *data)
{
	struct seen seen = {0};
	struct store *store = open_good(f, &seen);
	g_autofree char *path = path_in(f, "log/tile/entries/000.p/4");
	g_autofree char *text = NULL;
	g_autofree char *swapped = NULL;
	gsize len = 0;

	(void)data;
	append_notes(store, 4);
	store_close(store);
	g_assert_true(g_file_get_contents(path, &text, &len, NULL));
	g_assert_cmpuint(len % 4, ==, 0);
	swapped = g_memdup2(text, len);
	memcpy(swapped, text + len / 4, len / 4);
	memcpy(swapped + len / 4, text, len / 4);
	g_assert_true(g_file_set_contents(path, swapped, (gssize)len, NULL));
	refuse_damage(f, "entry 0 stands in another's place");
	/* The same entry twice. */
	memcpy(swapped, text, len / 4);
	g_assert_true(g_file_set_contents(path, swapped, (gssize)len, NULL));
	refuse_damage(f, "entry 1 stands in another's place");
}

static void test_folder_set_back_is_refused(struct fixture *f, const void *data)
{
	struct seen seen = {0};
	struct store *store = open_good(f, &seen);
	g_autofree char *log = path_in(f, "log");
	g_autofree char *head = path_in(f, "head");
	g_autofree char *old_log = path_in(f, "old-log");
	g_autofree char *old_head = path_in(f, "old-head");
	g_autofree char *new_log = path_in(f, "new-log");
	g_autofree char *checkpoint = path_in(f, "log/checkpoint");
	g_autofree char *old_checkpoint = path_in(f, "old-log/checkpoint");

	(void)data;
	append_notes(store, 4);
	copy(log, old_log);
	copy(head, old_head);
	append_notes(store, 2);
	store_close(store);
	/* The head knows more than the log holds. */
	g_assert_cmpint(g_rename(log, new_log), ==, 0);
	copy(old_log, log);
	refuse_damage(f, "000.p/6");
	/* The log holds more than the head and the checkpoint know: no stopped append leaves that.
	 */
	scratch_remove(log);
	g_assert_cmpint(g_rename(new_log, log), ==, 0);
	g_assert_cmpint(g_rename(old_head, head), ==, 0);
	refuse_damage(f, "set back");
	g_assert_cmpint(g_rename(old_checkpoint, checkpoint), ==, 0);
	refuse_damage(f, "holds 6 entries, but the signed head knows 4");
}

/* An older checkpoint of ours that says something else: two logs were signed with this key. */
static void test_fork_is_found(struct fixture *f, const void *data)
{
	struct seen seen = {0};
	struct store *store = open_good(f, &seen);
	g_autofree char *path = path_in(f, "log/checkpoint");
	struct checkpoint cp = {.origin = AGENT, .size = 2};
	struct store_keys keys = {0};
	g_autoptr(GError) error = NULL;
	struct assent_error err;
	char *text = NULL, *note = NULL;

	(void)data;
	append_notes(store, 4);
	store_close(store);
	g_assert_true(store_keys_load(f->dir, AGENT, &keys, &error));
	g_assert_cmpint(checkpoint_text(&text, &cp, &err), ==, 0);
	g_assert_cmpint(secret_sign_note(keys.log, AGENT, text, &note, &err), ==, 0);
	g_assert_true(g_file_set_contents(path, note, -1, NULL));
	refuse_damage(f, "the first 2 entries are not those of the checkpoint");
	free(text);
	free(note);
	cp.size = 4;
	g_assert_cmpint(checkpoint_text(&text, &cp, &err), ==, 0);
	g_assert_cmpint(secret_sign_note(keys.log, AGENT, text, &note, &err), ==, 0);
	g_assert_true(g_file_set_contents(path, note, -1, NULL));
	refuse_damage(f, "two agents have used this key");
	store_keys_clear(&keys);
	free(text);
	free(note);
}

/* One entry more than what is signed may have been written; it must not be told. */
static void test_dead_store_tells_what_is_signed(struct fixture *f, const void *data)
{
	struct seen seen = {0};
	g_autoptr(store_auto) store = open_good(f, &seen);
	g_autofree char *folder = path_in(f, "log/tile/0");
	g_autofree char *aside = path_in(f, "aside");
	g_autofree char *raw = NULL;
	g_autoptr(GError) error = NULL;
	struct checkpoint before, after;
	size_t len;

	(void)data;
	append_notes(store, 255);
	store_checkpoint(store, &before);
	/* A file in the folder's place: writing fails for root as well. */
	g_assert_cmpint(g_rename(folder, aside), ==, 0);
	g_assert_true(g_file_set_contents(folder, "", 0, NULL));
	g_assert_false(
		store_append(store, ENTRY_NOTE, NULL, "{\"text\":\"a\"}", NOW + 300, NULL, &error));
	g_assert_true(store_is_dead(store));
	g_assert_cmpuint(store_size(store), ==, 255);
	store_checkpoint(store, &after);
	g_assert_true(hash_equal(&before.root, &after.root));
	g_clear_error(&error);
	g_assert_true(store_read(store, 3, &raw, &len, &error));
	g_assert_false(store_read(store, 255, &raw, &len, &error));
	g_clear_pointer(&store, store_close);
	g_assert_cmpint(g_unlink(folder), ==, 0);
	g_assert_cmpint(g_rename(aside, folder), ==, 0);
	seen.count = 0;
	store = open_good(f, &seen);
	g_assert_cmpuint(seen.count, ==, 255);
	append_notes(store, 2);
}

static bool refuse_third(const struct entry *entry, const char *raw, size_t len, void *user,
			 GError **error)
{
	(void)raw;
	(void)len;
	(void)user;
	return entry->seq < 2 || fail(error, BASE_ERROR, BASE_ERROR_FAILED, "not this one");
}

static void test_replay_may_refuse(struct fixture *f, const void *data)
{
	struct seen seen = {0};
	struct store *store = open_good(f, &seen);
	g_autoptr(GError) error = NULL;

	(void)data;
	append_notes(store, 4);
	store_close(store);
	store = NULL;
	g_assert_false(store_open(f->dir, AGENT, refuse_third, NULL, &store, &error));
	g_assert_nonnull(strstr(error->message, "not this one"));
	g_assert_null(store);
}

static void test_shorter_log_is_refused(struct fixture *f, const void *data)
{
	struct seen seen = {0};
	struct store *store = open_good(f, &seen);
	g_autofree char *head = g_build_filename(f->dir, "head", NULL);
	g_autofree char *bundle = g_build_filename(f->dir, "log/tile/entries/000.p/9", NULL);
	g_autofree char *old = NULL;

	(void)data;
	append_notes(store, 4);
	g_assert_true(g_file_get_contents(head, &old, NULL, NULL));
	append_notes(store, 5);
	store_close(store);
	g_assert_true(g_file_set_contents(head, old, -1, NULL));
	refuse(f, "set back");
	g_assert_cmpint(g_unlink(head), ==, 0);
	refuse(f, "");
	g_assert_cmpint(g_unlink(bundle), ==, 0);
	refuse(f, "");
}

static void test_unsigned_entries_are_discarded(struct fixture *f, const void *data)
{
	struct seen seen = {0};
	struct store *store = open_good(f, &seen);
	g_autofree char *left = g_build_filename(f->dir, "log/tile/entries/000.p/4", NULL);
	g_autofree char *hashes = g_build_filename(f->dir, "log/tile/0/000.p/4", NULL);

	(void)data;
	append_notes(store, 3);
	store_close(store);
	g_assert_true(g_file_set_contents(left, "half an entry", -1, NULL));
	g_assert_true(g_file_set_contents(hashes, "half a hash", -1, NULL));
	seen.count = 0;
	store = open_good(f, &seen);
	g_assert_cmpuint(seen.count, ==, 3);
	g_assert_false(g_file_test(left, G_FILE_TEST_EXISTS));
	g_assert_false(g_file_test(hashes, G_FILE_TEST_EXISTS));
	append_notes(store, 2);
	store_close(store);
}

static void test_checkpoint_is_republished(struct fixture *f, const void *data)
{
	struct seen seen = {0};
	struct store *store = open_good(f, &seen);
	g_autofree char *path = g_build_filename(f->dir, "log/checkpoint", NULL);
	g_autofree char *old = NULL;
	g_autofree char *new = NULL;
	g_autofree char *now = NULL;

	(void)data;
	append_notes(store, 1);
	g_assert_true(g_file_get_contents(path, &old, NULL, NULL));
	append_notes(store, 1);
	g_assert_true(g_file_get_contents(path, &new, NULL, NULL));
	store_close(store);
	g_assert_true(g_file_set_contents(path, old, -1, NULL));
	seen.count = 0;
	store_close(open_good(f, &seen));
	g_assert_true(g_file_get_contents(path, &now, NULL, NULL));
	g_assert_cmpstr(now, ==, new);
}

static void test_lost_key_is_not_made_again(struct fixture *f, const void *data)
{
	struct seen seen = {0};
	struct store *store = open_good(f, &seen);
	g_autofree char *key = g_build_filename(f->dir, "keys/plan.key", NULL);
	g_autoptr(GError) error = NULL;
	bool made = false;

	(void)data;
	append_notes(store, 1);
	store_close(store);
	g_assert_cmpint(g_unlink(key), ==, 0);
	g_assert_false(store_init(f->dir, AGENT, &made, &error));
	g_assert_error(error, STORE_ERROR, STORE_ERROR_CORRUPT);
}

static void test_keys_are_private(struct fixture *f, const void *data)
{
	g_autofree char *key = g_build_filename(f->dir, "keys/log.key", NULL);
	struct stat st;

	(void)data;
	g_assert_cmpint(g_stat(key, &st), ==, 0);
	g_assert_cmpint(st.st_mode & 0777, ==, 0600);
	g_assert_cmpint(g_chmod(key, 0644), ==, 0);
	refuse(f, "log.key");
}

static void write_line(const char *file, const struct seal_public *public)
{
	g_autofree char *line = seal_public_text(public);
	g_autofree char *text = g_strconcat(line, "\n", NULL);

	g_assert_true(file_replace(file, text, strlen(text), 0644, NULL));
}

static void assert_line(const char *file, const struct seal_public *public)
{
	g_autofree char *line = seal_public_text(public);
	g_autofree char *want = g_strconcat(line, "\n", NULL);
	g_autofree char *text = NULL;
	size_t len;

	g_assert_true(file_read(file, 4096, &text, &len, NULL));
	g_assert_cmpstr(text, ==, want);
}

/* Ended between the two files, when they were made or rotated. */
static void test_public_line_follows_its_key(struct fixture *f, const void *data)
{
	g_autofree char *key = g_build_filename(f->dir, "keys/seal.key", NULL);
	g_autofree char *pub = g_build_filename(f->dir, "keys/seal.pub", NULL);
	g_autoptr(seal_keys_auto) keys = NULL;
	struct seal_public now, old, renamed;
	struct seen seen = {0};
	bool made = false;

	(void)data;
	g_assert_true(seal_keys_renew(key, AGENT, true, NULL));
	g_assert_true(seal_keys_load(key, false, &keys, NULL));
	seal_keys_public(keys, 0, &now);
	seal_keys_public(keys, 1, &old);
	assert_line(pub, &old);
	g_assert_true(store_init(f->dir, AGENT, &made, NULL));
	assert_line(pub, &now);
	g_assert_cmpint(g_unlink(pub), ==, 0);
	g_assert_true(store_init(f->dir, AGENT, &made, NULL));
	assert_line(pub, &now);
	write_line(pub, &old);
	store_close(open_good(f, &seen));
	assert_line(pub, &now);
	renamed = now;
	g_strlcpy(renamed.name, "by-hand", sizeof(renamed.name));
	write_line(pub, &renamed);
	g_assert_true(store_init(f->dir, AGENT, &made, NULL));
	assert_line(pub, &renamed);
}

/* Of an agent whose state folder is older than secrets are. */
static void test_start_makes_sealing_key(struct fixture *f, const void *data)
{
	g_autofree char *key = g_build_filename(f->dir, "keys/seal.key", NULL);
	g_autofree char *pub = g_build_filename(f->dir, "keys/seal.pub", NULL);
	g_autoptr(seal_keys_auto) keys = NULL;
	struct seal_public now;
	struct seen seen = {0};

	(void)data;
	g_assert_cmpint(g_unlink(key), ==, 0);
	g_assert_cmpint(g_unlink(pub), ==, 0);
	store_close(open_good(f, &seen));
	g_assert_true(seal_keys_load(key, false, &keys, NULL));
	seal_keys_public(keys, 0, &now);
	assert_line(pub, &now);
}

/* A lost one is not made again, and one that cannot be used is left as it is. */
static void test_sealing_key_is_not_replaced(struct fixture *f, const void *data)
{
	g_autofree char *key = g_build_filename(f->dir, "keys/seal.key", NULL);
	g_autofree char *pub = g_build_filename(f->dir, "keys/seal.pub", NULL);
	g_autofree char *text = NULL;
	bool made = false;
	size_t len;

	(void)data;
	g_assert_true(file_replace(key, "broken\n", 7, 0600, NULL));
	g_assert_cmpint(g_unlink(pub), ==, 0);
	g_assert_true(store_init(f->dir, AGENT, &made, NULL));
	g_assert_true(file_read(key, 4096, &text, &len, NULL));
	g_assert_cmpstr(text, ==, "broken\n");
	g_assert_false(g_file_test(pub, G_FILE_TEST_EXISTS));
	g_assert_true(file_replace(pub, "x\n", 2, 0644, NULL));
	g_assert_cmpint(g_unlink(key), ==, 0);
	g_assert_true(store_init(f->dir, AGENT, &made, NULL));
	g_assert_false(g_file_test(key, G_FILE_TEST_EXISTS));
}

static void test_folders_are_ours(struct fixture *f, const void *data)
{
	static const char *const names[] = {".", "keys", "log"};

	(void)data;
	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autofree char *path = g_build_filename(f->dir, names[i], NULL);
		struct seen seen = {0};

		g_assert_cmpint(g_chmod(path, 0777), ==, 0);
		refuse(f, "can be written by others than its owner (mode 0777)");
		g_assert_cmpint(g_chmod(path, 0770), ==, 0);
		refuse(f, "can be written by others than its owner (mode 0770)");
		g_assert_cmpint(g_chmod(path, 0755), ==, 0); // a log is there to be published
		store_close(open_good(f, &seen));
	}
}

static void test_no_state_folder(struct fixture *f, const void *data)
{
	g_autofree char *keys = g_build_filename(f->dir, "keys", NULL);
	g_autofree char *away = g_build_filename(f->dir, "away", NULL);

	(void)data;
	g_assert_cmpint(g_rename(keys, away), ==, 0);
	refuse(f, "'assent init' makes one");
}

static void test_foreign_log_is_refused(struct fixture *f, const void *data)
{
	g_autoptr(store_auto) store = NULL;
	g_autoptr(GError) error = NULL;

	(void)data;
	g_assert_false(store_open(f->dir, "other", NULL, NULL, &store, &error));
	g_assert_nonnull(strstr(error->message, "is the log of agent"));
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*run)(struct fixture *f, const void *data);
	} tests[] = {
		{"/store/entries-come-back", test_entries_come_back},
		{"/store/full-tiles-replace-partial-ones", test_full_tiles_replace_partial_ones},
		{"/store/second-agent-is-refused", test_second_agent_is_refused},
		{"/store/time-never-goes-back", test_time_never_goes_back},
		{"/store/bad-entry-costs-nothing", test_bad_entry_costs_nothing},
		{"/store/unwritable-log-is-dead", test_unwritable_log_is_dead},
		{"/store/flipped-byte-is-found", test_flipped_byte_is_found},
		{"/store/missing-and-cut-files-are-named", test_missing_and_cut_files_are_named},
		{"/store/swapped-entries-are-found", test_swapped_entries_are_found},
		{"/store/folder-set-back-is-refused", test_folder_set_back_is_refused},
		{"/store/fork-is-found", test_fork_is_found},
		{"/store/dead-store-tells-what-is-signed", test_dead_store_tells_what_is_signed},
		{"/store/replay-may-refuse", test_replay_may_refuse},
		{"/store/shorter-log-is-refused", test_shorter_log_is_refused},
		{"/store/unsigned-entries-are-discarded", test_unsigned_entries_are_discarded},
		{"/store/checkpoint-is-republished", test_checkpoint_is_republished},
		{"/store/lost-key-is-not-made-again", test_lost_key_is_not_made_again},
		{"/store/keys-are-private", test_keys_are_private},
		{"/store/public-line-follows-its-key", test_public_line_follows_its_key},
		{"/store/start-makes-sealing-key", test_start_makes_sealing_key},
		{"/store/sealing-key-is-not-replaced", test_sealing_key_is_not_replaced},
		{"/store/foreign-log-is-refused", test_foreign_log_is_refused},
		{"/store/folders-others-may-write-are-refused", test_folders_are_ours},
		{"/store/no-state-folder-says-what-makes-one", test_no_state_folder},
	};

	g_test_init(&argc, &argv, NULL);
	for (size_t i = 0; i < G_N_ELEMENTS(tests); i++) {
		g_test_add(tests[i].name, struct fixture, NULL, set_up, tests[i].run, tear_down);
	}
	return g_test_run();
}
