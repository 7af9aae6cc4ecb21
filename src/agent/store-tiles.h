/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * The files of a C2SP tlog-tiles log: entry bundles and hash tiles below one
 * folder, with the right edge of the tree in memory so that the cost of an
 * append does not grow with the log.
 *
 *	tiles_push()     adds an entry in memory
 *	tiles_write()    makes durable what the last push changed
 *	tiles_settle()   after the head is durable: drops partial tiles of full ones
 *
 * Partial tiles of every signed size stay until their tile is full.
 */
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/merkle.h"

#define TILES_LEVELS 8

struct tiles_level {
	uint64_t count;	  /* hashes at this level in the whole tree */
	GByteArray *data; /* hashes of the tile that is not full yet */
	GByteArray *full; /* the tile that the last push completed, else empty */
};
struct tiles {
	char *dir;
	struct merkle_edge edge;
	struct tiles_level levels[TILES_LEVELS];
	GByteArray *bundle;	 /* entries of the bundle that is not full yet */
	GByteArray *full_bundle; /* the bundle that the last push completed, else empty */
	unsigned touched;	 /* levels that the last push changed */
};

void tiles_init(struct tiles *tiles, const char *dir);
void tiles_clear(struct tiles *tiles);
void tiles_push(struct tiles *tiles, const void *entry, size_t len);
bool tiles_write(const struct tiles *tiles, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool tiles_settle(const struct tiles *tiles, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Compares the stored tiles that the last push completed, or with all the unfinished ones too,
 * with what the entries give. Names the first file that differs. */
bool tiles_compare(const struct tiles *tiles, bool all, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Removes what lies beyond the tree's size: an append that was cut short, never signed. That is one
 * entry at most; more means that the head is an old one, and is refused. */
bool tiles_discard_beyond(const struct tiles *tiles, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Removes temporary files that a stopped write left in folder. */
bool tiles_remove_temps(const char *folder, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The bytes of bundle index when it holds width entries. */
bool tiles_read_bundle(const struct tiles *tiles, uint64_t index, unsigned width, char **data,
		       size_t *len, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The bundle's bytes if they are in memory: those of the last push or not full yet; else NULL. */
const GByteArray *tiles_bundle(const struct tiles *tiles, uint64_t index);
/* The entry at *offset, which moves behind it; false at the end or when the length lies. */
bool tiles_next_entry(const char *data, size_t len, size_t *offset, const char **entry,
		      size_t *entry_len);
