/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * RFC 6962 Merkle trees with SHA-256, and the geometry of C2SP tlog-tiles.
 * No files here: proofs are computed through a callback that reads hashes.
 */
#include <stddef.h>
#include <stdint.h>

#include "assent/error.h"
#include "core/hash.h"

#define MERKLE_MAX_PROOF 64
#define TILE_WIDTH 256
#define TILE_PATH_SIZE 80

void merkle_empty_root(struct hash *out);
void merkle_leaf(struct hash *out, const void *entry, size_t len);
void merkle_node(struct hash *out, const struct hash *left, const struct hash *right);

/* The right edge of a tree: what is needed to append. Plain value, {0} is the empty tree. */
struct merkle_edge {
	uint64_t size;
	struct hash nodes[64]; /* complete subtrees, largest first; popcount(size) of them */
};
void merkle_edge_append(struct merkle_edge *edge, const struct hash *leaf);
void merkle_edge_root(const struct merkle_edge *edge, struct hash *out);

/* Hash of the complete subtree at level (0 = leaves), index; false with err set on failure. */
typedef int (*merkle_read_fn)(void *user, unsigned level, uint64_t index, struct hash *out,
			      struct assent_error *err);
int merkle_root(struct hash *out, uint64_t size, merkle_read_fn read, void *user,
		struct assent_error *err) ASSENT_CHECKED;
int merkle_prove_inclusion(struct hash proof[static MERKLE_MAX_PROOF], size_t *count,
			   uint64_t index, uint64_t size, merkle_read_fn read, void *user,
			   struct assent_error *err) ASSENT_CHECKED;
int merkle_prove_consistency(struct hash proof[static MERKLE_MAX_PROOF], size_t *count,
			     uint64_t old_size, uint64_t size, merkle_read_fn read, void *user,
			     struct assent_error *err) ASSENT_CHECKED;
int merkle_verify_inclusion(const struct hash *leaf, uint64_t index, uint64_t size,
			    const struct hash *proof, size_t count, const struct hash *root,
			    struct assent_error *err) ASSENT_CHECKED;
int merkle_verify_consistency(uint64_t old_size, const struct hash *old_root, uint64_t size,
			      const struct hash *root, const struct hash *proof, size_t count,
			      struct assent_error *err) ASSENT_CHECKED;

/* "tile/0/x001/234", with ".p/W" when width < 256; level -1 names entry bundles. */
void tile_path(char out[static TILE_PATH_SIZE], int level, uint64_t index, unsigned width);
