/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Looks through a log's folder for files that should not be there. */
#include "cli/logextra.h"

#include <glib/gi18n.h>
#include <inttypes.h>
#include <string.h>

#include "base/error.h"
#include "core/entry.h"
#include "core/merkle.h"

#define MAX_DEPTH 12
#define FILE_MAX ((size_t)TILE_WIDTH * (ENTRY_MAX_SIZE + 2))

struct walk {
	struct log_source *source;
	const GPtrArray *levels;
	struct log_report *report;
	GPtrArray *beyond; /* paths that the checkpoint does not cover */
};

/* "tile/L/xNNN/NNN[.p/W]" taken apart and put together again: only the exact spelling counts. */
static bool parse_path(const char *path, int *level, uint64_t *index, unsigned *width)
{
	g_auto(GStrv) parts = g_strsplit(path, "/", -1);
	unsigned count = g_strv_length(parts), last = count;
	char again[TILE_PATH_SIZE];
	uint64_t n = 0;

	if (count < 3 || count > 12 || strcmp(parts[0], "tile") != 0) {
		return false;
	}
	*width = TILE_WIDTH;
	if (g_str_has_suffix(parts[count - 2], ".p")) {
		last = count - 1;
		*width = (unsigned)g_ascii_strtoull(parts[last], NULL, 10);
		parts[last - 1][strlen(parts[last - 1]) - 2] = '\0';
	}
	*level = strcmp(parts[1], "entries") == 0 ? -1
						  : (int)g_ascii_strtoull(parts[1], NULL, 10) & 63;
	for (unsigned i = 2; i < last; i++) {
		const char *digits = parts[i] + (parts[i][0] == 'x');

		n = n * 1000 + g_ascii_strtoull(digits, NULL, 10) % 1000;
	}
	*index = n;
	tile_path(again, *level, *index, *width);
	return *width >= 1 && strcmp(again, path) == 0;
}

/* An older, narrower file must be a beginning of what stands there now. */
static void check_older(struct walk *w, const char *path, int level, uint64_t index, unsigned width)
{
	const GArray *hashes = w->levels->pdata[level < 0 ? 0 : level];
	const struct hash *expected = &g_array_index(hashes, struct hash, index * TILE_WIDTH);
	g_autofree char *bytes = NULL;
	size_t len, at = 0;
	bool same = true;

	if (!log_source_read(w->source, path, FILE_MAX, &bytes, &len, NULL)) {
		log_problem_add(w->report->problems, path, _("cannot be read"));
		return;
	}
	for (unsigned i = 0; i < width && same; i++) {
		struct hash leaf;
		size_t size = HASH_SIZE;

		if (level >= 0) {
			same = len - at >= size && memcmp(bytes + at, expected[i].bytes, size) == 0;
			at += size;
			continue;
		}
		same = len - at >= 2;
		size = same ? (size_t)(guchar)bytes[at] << 8 | (guchar)bytes[at + 1] : 0;
		same = same && len - at - 2 >= size;
		if (same) {
			merkle_leaf(&leaf, bytes + at + 2, size);
			same = hash_equal(&leaf, &expected[i]);
			at += 2 + size;
		}
	}
	if (!same || at != len) {
		log_problem_add(w->report->problems, path,
				_("an older, narrower tile that does not agree with the log"));
	}
}

static void judge(struct walk *w, const char *path)
{
	uint64_t index, have, full;
	unsigned width, partial;
	int level;

	if (!parse_path(path, &level, &index, &width)) {
		log_problem_add(w->report->problems, path, _("is not a file of a log"));
		return;
	}
	if (level >= 0 && (unsigned)level >= w->levels->len) {
		g_ptr_array_add(w->beyond, g_strdup(path));
		return;
	}
	have = ((const GArray *)w->levels->pdata[level < 0 ? 0 : level])->len;
	full = have / TILE_WIDTH;
	partial = (unsigned)(have % TILE_WIDTH);
	if (index > full || (index == full && width > partial)) {
		g_ptr_array_add(w->beyond, g_strdup(path));
	} else if (width < TILE_WIDTH && !(index == full && width == partial)) {
		check_older(w, path, level, index, width);
	}
}

static bool walk(struct walk *w, const char *path, unsigned depth, GError **error)
{
	g_autofree char *full = g_build_filename(log_source_folder(w->source), path, NULL);
	g_autoptr(GDir) dir = g_dir_open(full, 0, error);
	const char *name;

	if (dir == NULL) {
		return false;
	}
	while ((name = g_dir_read_name(dir)) != NULL) {
		g_autofree char *below = g_build_filename(path, name, NULL);
		g_autofree char *below_full = g_build_filename(full, name, NULL);

		if (name[0] == '.') {
			continue; /* a temporary file of the agent; never served */
		}
		if (!g_file_test(below_full, G_FILE_TEST_IS_DIR)) {
			judge(w, below);
		} else if (depth == MAX_DEPTH) {
			log_problem_add(w->report->problems, below, _("is not a file of a log"));
		} else if (!walk(w, below, depth + 1, error)) {
			return false;
		}
	}
	return true;
}

bool log_extra_check(struct log_source *source, const GPtrArray *levels, const struct note_key *key,
		     struct log_report *report, GError **error)
{
	g_autoptr(GPtrArray) beyond = g_ptr_array_new_with_free_func(g_free);
	struct walk w = {source, levels, report, beyond};
	g_autofree char *note = NULL, *tile = NULL;
	struct checkpoint now;
	size_t len;

	if (log_source_folder(source) == NULL) {
		return true;
	}
	tile = g_build_filename(log_source_folder(source), "tile", NULL);
	if (!g_file_test(tile, G_FILE_TEST_IS_DIR)) {
		return true; /* an empty log; anything else was found missing before */
	}
	if (!walk(&w, "tile", 0, error)) {
		return false;
	}
	if (beyond->len == 0) {
		return true;
	}
	/* An agent at work writes tiles first and signs then. */
	if (log_source_read(source, "checkpoint", NOTE_MAX_SIZE, &note, &len, NULL) &&
	    checkpoint_verify(&now, note, len, key, NULL) == 0 &&
	    now.size > report->checkpoint.size) {
		return true;
	}
	for (unsigned i = 0; i < beyond->len; i++) {
		log_problem_add(
			report->problems, beyond->pdata[i],
			ngettext("beyond the %" PRIu64 " entry of the checkpoint: not signed "
				 "(an interrupted agent discards it when it starts)",
				 "beyond the %" PRIu64 " entries of the checkpoint: not signed "
				 "(an interrupted agent discards it when it starts)",
				 (gulong)report->checkpoint.size),
			report->checkpoint.size);
	}
	return true;
}
