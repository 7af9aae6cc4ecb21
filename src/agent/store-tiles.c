/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reads and writes the tiles and entry bundles of the log. */
#include "agent/store-tiles.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "agent/store.h"
#include "base/autoptr.h"
#include "base/error.h"
#include "base/file.h"

#define TILE_BYTES ((size_t)TILE_WIDTH * HASH_SIZE)
#define BUNDLE_MAX ((size_t)TILE_WIDTH * (ENTRY_MAX_SIZE + 2))
#define BUNDLE_LEVEL (-1)
#define TEMP_PREFIX ".assent-"

void tiles_init(struct tiles *tiles, const char *dir)
{
	memset(tiles, 0, sizeof(*tiles));
	tiles->dir = g_strdup(dir);
	tiles->bundle = g_byte_array_new();
	tiles->full_bundle = g_byte_array_new();
	for (int i = 0; i < TILES_LEVELS; i++) {
		tiles->levels[i].data = g_byte_array_new();
		tiles->levels[i].full = g_byte_array_new();
	}
}

void tiles_clear(struct tiles *tiles)
{
	if (tiles->dir == NULL) {
		return;
	}
	g_clear_pointer(&tiles->dir, g_free);
	g_byte_array_unref(tiles->bundle);
	g_byte_array_unref(tiles->full_bundle);
	for (int i = 0; i < TILES_LEVELS; i++) {
		g_byte_array_unref(tiles->levels[i].data);
		g_byte_array_unref(tiles->levels[i].full);
	}
}

static void tile_root(const GByteArray *tile, struct hash *out)
{
	struct hash nodes[TILE_WIDTH];

	memcpy(nodes, tile->data, TILE_BYTES);
	for (size_t n = TILE_WIDTH; n > 1; n /= 2) {
		for (size_t i = 0; i < n / 2; i++) {
			merkle_node(&nodes[i], &nodes[2 * i], &nodes[2 * i + 1]);
		}
	}
	*out = nodes[0];
}

static void move_all(GByteArray *to, GByteArray *from)
{
	g_byte_array_set_size(to, 0);
	g_byte_array_append(to, from->data, from->len);
	g_byte_array_set_size(from, 0);
}

static void push_bundle(struct tiles *tiles, const void *entry, size_t len)
{
	uint8_t size[2] = {(uint8_t)(len >> 8), (uint8_t)len};

	g_assert(len <= ENTRY_MAX_SIZE);
	g_byte_array_append(tiles->bundle, size, sizeof(size));
	g_byte_array_append(tiles->bundle, entry, (guint)len);
	if (tiles->edge.size % TILE_WIDTH == 0) {
		move_all(tiles->full_bundle, tiles->bundle);
	}
}

void tiles_push(struct tiles *tiles, const void *entry, size_t len)
{
	struct hash node;

	g_byte_array_set_size(tiles->full_bundle, 0);
	for (int i = 0; i < TILES_LEVELS; i++) {
		g_byte_array_set_size(tiles->levels[i].full, 0);
	}
	merkle_leaf(&node, entry, len);
	merkle_edge_append(&tiles->edge, &node);
	push_bundle(tiles, entry, len);
	tiles->touched = 0;
	for (int i = 0; i < TILES_LEVELS; i++) {
		struct tiles_level *level = &tiles->levels[i];

		g_byte_array_append(level->data, node.bytes, HASH_SIZE);
		level->count++;
		tiles->touched++;
		if (level->data->len < TILE_BYTES) {
			break;
		}
		tile_root(level->data, &node);
		move_all(level->full, level->data);
	}
}

static char *tile_file(const struct tiles *tiles, int level, uint64_t index, unsigned width)
{
	char path[TILE_PATH_SIZE];

	tile_path(path, level, index, width);
	return g_build_filename(tiles->dir, path, NULL);
}

static bool write_tile(const struct tiles *tiles, int level, uint64_t index, unsigned width,
		       const GByteArray *data, GError **error)
{
	g_autofree char *path = tile_file(tiles, level, index, width);
	g_autofree char *folder = g_path_get_dirname(path);

	return file_mkdirs(folder, 0755, error) &&
	       file_replace(path, data->data, data->len, 0644, error);
}

/* Either the tile that became full, or the one under way at its new width. */
static bool write_current(const struct tiles *tiles, int level, uint64_t count,
			  const GByteArray *full, const GByteArray *data, GError **error)
{
	if (full->len > 0) {
		return write_tile(tiles, level, count / TILE_WIDTH - 1, TILE_WIDTH, full, error);
	}
	return write_tile(tiles, level, count / TILE_WIDTH, (unsigned)(count % TILE_WIDTH), data,
			  error);
}

bool tiles_write(const struct tiles *tiles, GError **error)
{
	if (!write_current(tiles, BUNDLE_LEVEL, tiles->edge.size, tiles->full_bundle, tiles->bundle,
			   error)) {
		return false;
	}
	for (unsigned i = 0; i < tiles->touched; i++) {
		const struct tiles_level *level = &tiles->levels[i];

		if (!write_current(tiles, (int)i, level->count, level->full, level->data, error)) {
			return false;
		}
	}
	return true;
}

/* Removes partial tiles wider than keep from the folder of tile index. */
static bool remove_partials(const struct tiles *tiles, int level, uint64_t index, unsigned keep,
			    GError **error)
{
	g_autofree char *whole = tile_file(tiles, level, index, TILE_WIDTH);
	g_autofree char *folder = g_strdup_printf("%s.p", whole);
	g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
	const char *name;

	while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
		g_autofree char *path = g_build_filename(folder, name, NULL);
		guint64 width = g_ascii_strtoull(name, NULL, 10);

		/* Width 0: the temporary file of a write that was cut short. */
		if ((width == 0 || width > keep) && g_unlink(path) != 0 && errno != ENOENT) {
			return fail_errno(error, "cannot remove '%s'", path);
		}
	}
	if (keep == 0 && dir != NULL && g_rmdir(folder) != 0 && errno != ENOENT) {
		return fail_errno(error, "cannot remove '%s'", folder);
	}
	return true;
}

bool tiles_settle(const struct tiles *tiles, GError **error)
{
	if (tiles->full_bundle->len > 0 &&
	    !remove_partials(tiles, BUNDLE_LEVEL, tiles->edge.size / TILE_WIDTH - 1, 0, error)) {
		return false;
	}
	for (int i = 0; i < TILES_LEVELS; i++) {
		const struct tiles_level *level = &tiles->levels[i];

		if (level->full->len > 0 &&
		    !remove_partials(tiles, i, level->count / TILE_WIDTH - 1, 0, error)) {
			return false;
		}
	}
	return true;
}

/* A file of the log that is missing or too large is damage; one that cannot be read is a failure.
 */
static bool read_log_file(const char *path, size_t max, char **data, size_t *len, GError **error)
{
	g_autoptr(GError) local = NULL;

	if (file_read(path, max, data, len, &local)) {
		return true;
	}
	if (g_error_matches(local, BASE_ERROR, BASE_ERROR_NOT_FOUND) ||
	    g_error_matches(local, BASE_ERROR, BASE_ERROR_LIMIT)) {
		return fail(error, STORE_ERROR, STORE_ERROR_CORRUPT, "the log is damaged: %s",
			    local->message);
	}
	g_propagate_error(error, g_steal_pointer(&local));
	return fail_prefix(error, "the log cannot be verified");
}

static bool compare_tile(const struct tiles *tiles, int level, uint64_t index, unsigned width,
			 const GByteArray *want, GError **error)
{
	g_autofree char *path = tile_file(tiles, level, index, width);
	g_autofree char *data = NULL;
	size_t len = 0, same = 0;

	if (!read_log_file(path, TILE_BYTES, &data, &len, error)) {
		return false;
	}
	if (len != want->len) {
		return fail(error, STORE_ERROR, STORE_ERROR_CORRUPT,
			    "the log is damaged: '%s' has %zu bytes instead of %u", path, len,
			    want->len);
	}
	while (same < len && data[same] == (char)want->data[same]) {
		same++;
	}
	if (same == len) {
		return true;
	}
	if (level > 0) {
		return fail(error, STORE_ERROR, STORE_ERROR_CORRUPT,
			    "the log is damaged: '%s' is not the hash of the tiles below it", path);
	}
	return fail(error, STORE_ERROR, STORE_ERROR_CORRUPT,
		    "the log is damaged: entry %" PRIu64 " is not the one that '%s' was made from",
		    index * TILE_WIDTH + same / HASH_SIZE, path);
}

bool tiles_compare(const struct tiles *tiles, bool all, GError **error)
{
	for (int i = 0; i < TILES_LEVELS; i++) {
		const struct tiles_level *level = &tiles->levels[i];
		uint64_t index = level->count / TILE_WIDTH;

		if (level->full->len > 0 &&
		    !compare_tile(tiles, i, index - 1, TILE_WIDTH, level->full, error)) {
			return false;
		}
		if (all && level->data->len > 0 &&
		    !compare_tile(tiles, i, index, (unsigned)(level->count % TILE_WIDTH),
				  level->data, error)) {
			return false;
		}
	}
	return true;
}

bool tiles_remove_temps(const char *folder, GError **error)
{
	g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
	const char *name;

	while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
		g_autofree char *path = g_build_filename(folder, name, NULL);

		if (g_str_has_prefix(name, TEMP_PREFIX) && g_unlink(path) != 0 && errno != ENOENT) {
			return fail_errno(error, "cannot remove '%s'", path);
		}
	}
	return true;
}

static bool discard_level(const struct tiles *tiles, int level, uint64_t count, GError **error)
{
	uint64_t index = count / TILE_WIDTH;
	g_autofree char *whole = tile_file(tiles, level, index, TILE_WIDTH);
	g_autofree char *folder = g_path_get_dirname(whole);

	if (g_unlink(whole) != 0 && errno != ENOENT) {
		return fail_errno(error, "cannot remove '%s'", whole);
	}
	/* Also partial tiles of a full one, left by a stop between head and tiles_settle(). */
	return tiles_remove_temps(folder, error) &&
	       remove_partials(tiles, level, index, (unsigned)(count % TILE_WIDTH), error) &&
	       (index == 0 || remove_partials(tiles, level, index - 1, 0, error));
}

/* The widest partial bundle of index, TILE_WIDTH for a full one, 0 when there is none. */
static unsigned bundle_width(const struct tiles *tiles, uint64_t index)
{
	g_autofree char *whole = tile_file(tiles, BUNDLE_LEVEL, index, TILE_WIDTH);
	g_autofree char *folder = g_strdup_printf("%s.p", whole);
	g_autoptr(GDir) dir = NULL;
	const char *name;
	guint64 widest = 0;

	if (g_file_test(whole, G_FILE_TEST_EXISTS)) {
		return TILE_WIDTH;
	}
	dir = g_dir_open(folder, 0, NULL);
	while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
		guint64 width = g_ascii_strtoull(name, NULL, 10);

		widest = MAX(widest, MIN(width, TILE_WIDTH));
	}
	return (unsigned)widest;
}

static bool check_beyond(const struct tiles *tiles, GError **error)
{
	uint64_t index = tiles->edge.size / TILE_WIDTH;
	uint64_t there = index * TILE_WIDTH + bundle_width(tiles, index);

	if (there % TILE_WIDTH == 0 && there > tiles->edge.size) {
		there += bundle_width(tiles, index + 1);
	}
	if (there > tiles->edge.size + 1) {
		return fail(error, STORE_ERROR, STORE_ERROR_CORRUPT,
			    "'%s' holds %" PRIu64 " entries, but the signed head knows %" PRIu64
			    ": the head was set back, bring the newest one back from a backup",
			    tiles->dir, there, tiles->edge.size);
	}
	return true;
}

bool tiles_discard_beyond(const struct tiles *tiles, GError **error)
{
	if (!check_beyond(tiles, error) ||
	    !discard_level(tiles, BUNDLE_LEVEL, tiles->edge.size, error)) {
		return false;
	}
	for (int i = 0; i < TILES_LEVELS; i++) {
		if (!discard_level(tiles, i, tiles->levels[i].count, error)) {
			return false;
		}
	}
	return true;
}

bool tiles_read_bundle(const struct tiles *tiles, uint64_t index, unsigned width, char **data,
		       size_t *len, GError **error)
{
	g_autofree char *path = tile_file(tiles, BUNDLE_LEVEL, index, width);

	return read_log_file(path, BUNDLE_MAX, data, len, error);
}

const GByteArray *tiles_bundle(const struct tiles *tiles, uint64_t index)
{
	uint64_t last = tiles->edge.size / TILE_WIDTH;

	if (index == last) {
		return tiles->bundle;
	}
	return index + 1 == last && tiles->full_bundle->len > 0 ? tiles->full_bundle : NULL;
}

bool tiles_next_entry(const char *data, size_t len, size_t *offset, const char **entry,
		      size_t *entry_len)
{
	const uint8_t *bytes = (const uint8_t *)data + *offset;
	size_t rest = len - *offset;
	size_t n;

	if (rest < 2) {
		return false;
	}
	n = (size_t)bytes[0] << 8 | bytes[1];
	if (n > rest - 2) {
		return false;
	}
	*entry = data + *offset + 2;
	*entry_len = n;
	*offset += 2 + n;
	return true;
}
