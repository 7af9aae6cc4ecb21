/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Recomputes a log's tree from its entries and compares it with what is published. */
#include "cli/logcheck.h"

#include <glib/gi18n.h>
#include <inttypes.h>
#include <string.h>

#include "base/error.h"
#include "cli/logextra.h"
#include "core/entry.h"
#include "core/merkle.h"

#define BUNDLE_MAX ((size_t)TILE_WIDTH * (ENTRY_MAX_SIZE + 2))
#define TILE_SIZE ((size_t)TILE_WIDTH * HASH_SIZE)

struct check {
	struct log_source *source;
	struct log_report *report;
	GArray *leaves; /* struct hash */
	log_entry_fn entry;
	void *user;
};

static void problem_free(gpointer data)
{
	struct log_problem *p = data;

	g_free(p->place);
	g_free(p->message);
	g_free(p);
}

void log_report_init(struct log_report *report)
{
	*report = (struct log_report){.problems = g_ptr_array_new_with_free_func(problem_free),
				      .notes = g_ptr_array_new_with_free_func(problem_free)};
}

void log_report_clear(struct log_report *report)
{
	g_clear_pointer(&report->problems, g_ptr_array_unref);
	g_clear_pointer(&report->notes, g_ptr_array_unref);
	g_clear_pointer(&report->note, g_free);
}

void log_problem_add(GPtrArray *list, const char *place, const char *format, ...)
{
	struct log_problem *p = g_new0(struct log_problem, 1);
	va_list args;

	va_start(args, format);
	p->message = g_strdup_vprintf(format, args);
	va_end(args);
	p->place = g_strdup(place);
	g_ptr_array_add(list, p);
}

/* The tile of this width, or the full one that took its place since. *missing says that neither is
 * there, which is the log's problem and no error. */
static bool read_tile(struct check *c, int level, uint64_t index, unsigned width, size_t max,
		      char **bytes, size_t *len, char place[static TILE_PATH_SIZE], bool *missing,
		      GError **error)
{
	g_autoptr(GError) local = NULL;
	char full[TILE_PATH_SIZE];

	*missing = false;
	tile_path(place, level, index, width);
	if (log_source_read(c->source, place, max, bytes, len, &local)) {
		return true;
	}
	if (g_error_matches(local, BASE_ERROR, BASE_ERROR_NOT_FOUND) && width < TILE_WIDTH) {
		g_clear_error(&local);
		tile_path(full, level, index, TILE_WIDTH);
		if (log_source_read(c->source, full, max, bytes, len, &local)) {
			memcpy(place, full, TILE_PATH_SIZE);
			return true;
		}
	}
	if (g_error_matches(local, BASE_ERROR, BASE_ERROR_NOT_FOUND)) {
		log_problem_add(c->report->problems, place, _("missing"));
		*missing = true;
		return true;
	}
	if (g_error_matches(local, BASE_ERROR, BASE_ERROR_LIMIT)) {
		log_problem_add(c->report->problems, place, _("larger than a tile can be"));
		*missing = true;
		return true;
	}
	g_propagate_error(error, g_steal_pointer(&local));
	return false;
}

static bool tile_is_full_path(const char *place)
{
	return strstr(place, ".p/") == NULL;
}

/* The bundle's entries to leaves and to the caller. False in *whole when it is cut off. */
static void take_entries(struct check *c, const char *place, const char *bytes, size_t len,
			 unsigned width, bool *whole)
{
	size_t at = 0;

	*whole = true;
	for (unsigned i = 0; i < width; i++) {
		size_t size;
		struct hash leaf;

		if (len - at < 2 || (size = (size_t)(guchar)bytes[at] << 8 |
					    (guchar)bytes[at + 1]) > len - at - 2) {
			log_problem_add(c->report->problems, place, _("cut off at entry %u"),
					c->leaves->len);
			*whole = false;
			return;
		}
		merkle_leaf(&leaf, bytes + at + 2, size);
		c->entry(c->leaves->len, bytes + at + 2, size, c->user);
		g_array_append_val(c->leaves, leaf);
		at += 2 + size;
	}
	if (at != len && (width == TILE_WIDTH || !tile_is_full_path(place))) {
		log_problem_add(c->report->problems, place,
				ngettext("%zu byte after its last entry",
					 "%zu bytes after its last entry", len - at),
				len - at);
	}
}

static bool read_entries(struct check *c, bool *whole, GError **error)
{
	uint64_t size = c->report->checkpoint.size;

	*whole = true;
	for (uint64_t at = 0; at < size && *whole; at += TILE_WIDTH) {
		unsigned width = size - at < TILE_WIDTH ? (unsigned)(size - at) : TILE_WIDTH;
		g_autofree char *bytes = NULL;
		char place[TILE_PATH_SIZE];
		bool missing;
		size_t len = 0;

		if (!read_tile(c, -1, at / TILE_WIDTH, width, BUNDLE_MAX, &bytes, &len, place,
			       &missing, error)) {
			return false;
		}
		*whole = !missing;
		if (!missing) {
			take_entries(c, place, bytes, len, width, whole);
		}
	}
	return true;
}

static void compare_tile(struct check *c, const char *place, unsigned level, const char *bytes,
			 size_t len, const struct hash *expected, unsigned width, uint64_t first)
{
	size_t wanted = tile_is_full_path(place) ? TILE_SIZE : (size_t)width * HASH_SIZE;

	if (len != wanted) {
		log_problem_add(c->report->problems, place,
				ngettext("%zu byte, expected %zu", "%zu bytes, expected %zu", len),
				len, wanted);
		return;
	}
	for (unsigned i = 0; i < width; i++) {
		uint64_t from = (first + i) << (8 * level), to = (first + i + 1) << (8 * level);

		if (memcmp(bytes + (size_t)i * HASH_SIZE, expected[i].bytes, HASH_SIZE) == 0) {
			continue;
		}
		if (level == 0) {
			g_autofree char *entry = g_strdup_printf("entry %" PRIu64, from);

			log_problem_add(c->report->problems, entry,
					_("does not have the hash that stands in '%s'"), place);
		} else {
			log_problem_add(c->report->problems, place,
					_("hash %u is not that of entries %" PRIu64 " to %" PRIu64),
					i, from, to - 1);
		}
	}
}

/* One level's tiles; next receives the hashes of the level above. */
static bool check_level(struct check *c, unsigned level, const GArray *hashes, GArray *next,
			GError **error)
{
	const struct hash *all = (const struct hash *)(void *)hashes->data;

	for (unsigned at = 0; at < hashes->len; at += TILE_WIDTH) {
		unsigned width = MIN(hashes->len - at, (unsigned)TILE_WIDTH);
		g_autofree char *bytes = NULL;
		char place[TILE_PATH_SIZE];
		struct merkle_edge edge = {0};
		struct hash above;
		bool missing;
		size_t len = 0;

		if (!read_tile(c, (int)level, at / TILE_WIDTH, width, TILE_SIZE, &bytes, &len,
			       place, &missing, error)) {
			return false;
		}
		if (!missing) {
			compare_tile(c, place, level, bytes, len, all + at, width, at);
		}
		if (width < TILE_WIDTH) {
			break;
		}
		for (unsigned i = 0; i < TILE_WIDTH; i++) {
			merkle_edge_append(&edge, &all[at + i]);
		}
		merkle_edge_root(&edge, &above);
		g_array_append_val(next, above);
	}
	return true;
}

static bool check_tiles(struct check *c, GPtrArray *levels, GError **error)
{
	g_ptr_array_add(levels, g_array_ref(c->leaves));
	for (unsigned level = 0; level < levels->len; level++) {
		g_autoptr(GArray) next = g_array_new(FALSE, FALSE, sizeof(struct hash));

		if (!check_level(c, level, levels->pdata[level], next, error)) {
			return false;
		}
		if (next->len > 0) {
			g_ptr_array_add(levels, g_steal_pointer(&next));
		}
	}
	return true;
}

static void check_root(struct check *c)
{
	struct merkle_edge edge = {0};
	struct hash root;

	for (unsigned i = 0; i < c->leaves->len; i++) {
		merkle_edge_append(&edge, &g_array_index(c->leaves, struct hash, i));
	}
	merkle_edge_root(&edge, &root);
	if (!hash_equal(&root, &c->report->checkpoint.root)) {
		log_problem_add(c->report->problems, "checkpoint",
				ngettext("its root is not the root of this %" PRIu64 " entry",
					 "its root is not the root of these %" PRIu64 " entries",
					 (gulong)c->report->checkpoint.size),
				c->report->checkpoint.size);
	}
}

static bool read_checkpoint(struct check *c, const struct note_key *key, bool *good, GError **error)
{
	struct log_report *report = c->report;
	g_autoptr(GError) local = NULL;
	struct assent_error core;

	*good = false;
	if (!log_source_read(c->source, "checkpoint", NOTE_MAX_SIZE, &report->note,
			     &report->note_len, &local)) {
		if (!g_error_matches(local, BASE_ERROR, BASE_ERROR_NOT_FOUND)) {
			g_propagate_error(error, g_steal_pointer(&local));
			return false;
		}
		log_problem_add(report->problems, "checkpoint", _("missing"));
		return true;
	}
	if (checkpoint_verify(&report->checkpoint, report->note, report->note_len, key, &core) !=
	    0) {
		log_problem_add(report->problems, "checkpoint", "%s", core.text);
		return true;
	}
	*good = true;
	return true;
}

bool log_check(struct log_source *source, const struct note_key *key, log_entry_fn entry,
	       void *user, GArray **leaves, struct log_report *report, GError **error)
{
	g_autoptr(GPtrArray) levels = g_ptr_array_new_with_free_func((GDestroyNotify)g_array_unref);
	g_autoptr(GArray) own = g_array_new(FALSE, FALSE, sizeof(struct hash));
	struct check c = {
		.source = source, .report = report, .leaves = own, .entry = entry, .user = user};
	bool good, whole;

	if (!read_checkpoint(&c, key, &good, error)) {
		return false;
	}
	if (good) {
		if (!read_entries(&c, &whole, error)) {
			return false;
		}
		/* A tree over some of the entries has other roots and other partial tiles: they
		 * would all be reported for one missing file. */
		if (whole) {
			if (!check_tiles(&c, levels, error)) {
				return false;
			}
			check_root(&c);
			if (!log_extra_check(source, levels, key, report, error)) {
				return false;
			}
		}
	}
	if (leaves != NULL) {
		*leaves = g_steal_pointer(&own);
	}
	return true;
}

int log_leaves_read(void *leaves, unsigned level, uint64_t index, struct hash *out,
		    struct assent_error *err)
{
	const GArray *all = leaves;
	struct merkle_edge edge = {0};

	for (uint64_t i = index << level; i < (index + 1) << level; i++) {
		g_assert(i < all->len);
		merkle_edge_append(&edge, &g_array_index(all, struct hash, i));
	}
	merkle_edge_root(&edge, out);
	return 0;
}
