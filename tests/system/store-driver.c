/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Drives the agent's store for tests that kill it, break its disk or read its
 * log with other tools. Says "ack N" with writev(), so that a test can break
 * write() without breaking the answer.
 *
 *	store-driver init DIR            folders and keys; prints the log's vkey
 *	store-driver append DIR N        appends N entries; 3 when the store died as it must
 *	store-driver check DIR ACKED     opens, and reads back all that was acknowledged
 *	store-driver bulk DIR N          a long log, quickly: nothing is synced between the entries
 *	store-driver wrong DIR N         a writer with the wrong order, which a test must catch
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "agent/store-keys.h"
#include "agent/store-tiles.h"
#include "agent/store.h"
#include "base/autoptr.h"
#include "base/file.h"

#define AGENT "driver.example.org"
#define NOW INT64_C(1767225600)

typedef struct store store_auto;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(store_auto, store_close)

static int complain(const GError *error)
{
	fprintf(stderr, "%s\n", error->message);
	return 1;
}

static void ack(uint64_t seq)
{
	g_autofree char *line = g_strdup_printf("ack %" PRIu64 "\n", seq);
	struct iovec iov = {line, strlen(line)};

	if (writev(STDOUT_FILENO, &iov, 1) < 0) {
		exit(9);
	}
}

/* Long enough that a torn write would show. */
static char *fields_of(uint64_t seq)
{
	g_autofree char *filler = g_strnfill(700, (char)('a' + seq % 26));

	return g_strdup_printf("{\"text\":\"entry %" PRIu64 " %s\"}", seq, filler);
}

static int init(const char *dir)
{
	g_autoptr(store_auto) store = NULL;
	g_autoptr(GError) error = NULL;
	g_autofree char *vkey = NULL;
	bool made;

	if (!store_init(dir, AGENT, &made, &error) ||
	    !store_open(dir, AGENT, NULL, NULL, &store, &error)) {
		return complain(error);
	}
	vkey = store_log_vkey(store);
	printf("%s\n", vkey);
	return 0;
}

/* A store that failed once must stay dead and must not tell more than it signed. */
static int died(struct store *store, uint64_t size, const GError *error)
{
	g_autoptr(GError) again = NULL;
	g_autofree char *fields = fields_of(size);

	fprintf(stderr, "%s\n", error->message);
	if (!store_is_dead(store) ||
	    store_append(store, ENTRY_NOTE, NULL, fields, NOW, NULL, &again) ||
	    store_size(store) < size || store_size(store) > size + 1) {
		return 4;
	}
	return 3;
}

static int append(const char *dir, uint64_t n)
{
	g_autoptr(store_auto) store = NULL;
	g_autoptr(GError) error = NULL;

	if (!store_open(dir, AGENT, NULL, NULL, &store, &error)) {
		return complain(error);
	}
	for (uint64_t i = 0; i < n; i++) {
		uint64_t seq = store_size(store);
		g_autofree char *fields = fields_of(seq);

		if (!store_append(store, ENTRY_NOTE, NULL, fields, NOW + (int64_t)seq, &seq,
				  &error)) {
			return died(store, seq, error);
		}
		ack(seq);
	}
	return 0;
}

static bool count_entry(const struct entry *entry, const char *raw, size_t len, void *user,
			GError **error)
{
	uint64_t *count = user;

	(*count)++;
	return entry->seq == *count - 1;
}

static int check(const char *dir, uint64_t acked)
{
	g_autoptr(store_auto) store = NULL;
	g_autoptr(GError) error = NULL;
	g_autofree char *fields = fields_of(acked);
	uint64_t count = 0;

	if (!store_open(dir, AGENT, count_entry, &count, &store, &error)) {
		return complain(error);
	}
	if (count != store_size(store) || count < acked || count > acked + 1) {
		fprintf(stderr, "%" PRIu64 " entries, %" PRIu64 " acknowledged\n", count, acked);
		return 1;
	}
	for (uint64_t i = 0; i < count; i++) {
		g_autofree char *raw = NULL;
		g_autofree char *want = fields_of(i);
		size_t len;

		if (!store_read(store, i, &raw, &len, &error)) {
			return complain(error);
		}
		want[strlen(want) - 1] = '\0';
		if (strstr(raw, want + 1) == NULL) {
			fprintf(stderr, "entry %" PRIu64 " is not what was appended\n", i);
			return 1;
		}
	}
	/* And it goes on. */
	if (!store_append(store, ENTRY_NOTE, NULL, fields, NOW + (int64_t)count, NULL, &error)) {
		return complain(error);
	}
	return 0;
}

/* The files of a store, written by hand. */
struct writer {
	const char *dir;
	struct store_keys keys;
	struct tiles tiles;
};

static bool writer_open(struct writer *w, const char *dir, GError **error)
{
	g_autofree char *log = g_build_filename(dir, "log", NULL);
	bool made;

	w->dir = dir;
	tiles_init(&w->tiles, log);
	return store_init(dir, AGENT, &made, error) && store_keys_load(dir, AGENT, &w->keys, error);
}

static void writer_push(struct writer *w)
{
	uint64_t seq = w->tiles.edge.size;
	g_autofree char *fields = fields_of(seq);
	g_autofree char *entry = g_strdup_printf(
		"{\"seq\":%" PRIu64 ",%.*s,\"time\":%" PRId64 ",\"type\":\"note\",\"v\":1}", seq,
		(int)strlen(fields) - 2, fields + 1, NOW + (int64_t)seq);

	tiles_push(&w->tiles, entry, strlen(entry));
}

static bool writer_sign(struct writer *w, GError **error)
{
	g_autofree char *head = g_build_filename(w->dir, "head", NULL);
	g_autofree char *checkpoint = g_build_filename(w->dir, "log/checkpoint", NULL);
	struct checkpoint cp = {.origin = AGENT, .size = w->tiles.edge.size};
	struct assent_error err;
	autocfree char *text = NULL;
	autocfree char *note = NULL;

	merkle_edge_root(&w->tiles.edge, &cp.root);
	if (checkpoint_text(&text, &cp, &err) != 0 ||
	    secret_sign_note(w->keys.log, AGENT, text, &note, &err) != 0) {
		g_error("%s", err.text);
	}
	return file_replace(head, note, strlen(note), 0600, error) &&
	       file_replace(checkpoint, note, strlen(note), 0644, error);
}

static int bulk(const char *dir, uint64_t n)
{
	struct writer w = {0};
	g_autoptr(GError) error = NULL;

	if (!writer_open(&w, dir, &error)) {
		return complain(error);
	}
	for (uint64_t i = 1; i <= n; i++) {
		writer_push(&w);
		if ((i % TILE_WIDTH == 0 || i == n) &&
		    (!tiles_write(&w.tiles, &error) || !tiles_settle(&w.tiles, &error))) {
			return complain(error);
		}
	}
	if (!writer_sign(&w, &error)) {
		return complain(error);
	}
	store_keys_clear(&w.keys);
	tiles_clear(&w.tiles);
	return 0;
}

static int wrong(const char *dir, uint64_t n)
{
	struct writer w = {0};
	g_autoptr(GError) error = NULL;

	if (!writer_open(&w, dir, &error)) {
		return complain(error);
	}
	for (uint64_t i = 0; i < n; i++) {
		writer_push(&w);
		/* Signs what is not on the disk yet. */
		if (!writer_sign(&w, &error) || !tiles_write(&w.tiles, &error) ||
		    !tiles_settle(&w.tiles, &error)) {
			return complain(error);
		}
		ack(i);
	}
	store_keys_clear(&w.keys);
	tiles_clear(&w.tiles);
	return 0;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(const char *dir, uint64_t n);
	} commands[] = {{"append", append}, {"check", check}, {"bulk", bulk}, {"wrong", wrong}};

	if (argc == 3 && strcmp(argv[1], "init") == 0) {
		return init(argv[2]);
	}
	for (size_t i = 0; argc == 4 && i < G_N_ELEMENTS(commands); i++) {
		if (strcmp(argv[1], commands[i].name) == 0) {
			return commands[i].run(argv[2], g_ascii_strtoull(argv[3], NULL, 10));
		}
	}
	fprintf(stderr, "usage: store-driver init DIR | append|check|bulk|wrong DIR N\n");
	return 2;
}
