/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* RFC 6962 trees: roots, proofs, and their verification as RFC 9162 2.1 spells it out. */
#include "core/merkle.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/fail.h"

void merkle_empty_root(struct hash *out)
{
	hash_bytes(out, "", 0);
}

void merkle_leaf(struct hash *out, const void *entry, size_t len)
{
	struct hash_state state;

	hash_init(&state);
	hash_update(&state, "\x00", 1);
	hash_update(&state, entry, len);
	hash_final(&state, out);
}

void merkle_node(struct hash *out, const struct hash *left, const struct hash *right)
{
	struct hash_state state;

	hash_init(&state);
	hash_update(&state, "\x01", 1);
	hash_update(&state, left->bytes, HASH_SIZE);
	hash_update(&state, right->bytes, HASH_SIZE);
	hash_final(&state, out);
}

static unsigned bits_set(uint64_t n)
{
	return (unsigned)__builtin_popcountll(n);
}

void merkle_edge_append(struct merkle_edge *edge, const struct hash *leaf)
{
	unsigned top = bits_set(edge->size);
	struct hash node = *leaf;

	for (uint64_t n = edge->size; (n & 1) != 0; n >>= 1) {
		merkle_node(&node, &edge->nodes[--top], &node);
	}
	edge->nodes[top] = node;
	edge->size++;
}

void merkle_edge_root(const struct merkle_edge *edge, struct hash *out)
{
	unsigned top = bits_set(edge->size);
	struct hash node;

	if (top == 0) {
		merkle_empty_root(out);
		return;
	}
	node = edge->nodes[--top];
	while (top > 0) {
		merkle_node(&node, &edge->nodes[--top], &node);
	}
	*out = node;
}

struct source {
	merkle_read_fn read;
	void *user;
	struct assent_error *err;
};

static uint64_t lower_half(uint64_t n)
{
	uint64_t k = UINT64_C(1) << (63 - __builtin_clzll(n));

	return k == n ? k >> 1 : k;
}

static unsigned level_of(uint64_t power)
{
	return (unsigned)__builtin_ctzll(power);
}

/* MTH of the n > 0 leaves from start, where start is a multiple of every complete subtree in it:
 * true for all ranges that the recursions below make. Folds complete subtrees from the right. */
static int range_root(struct hash *out, uint64_t start, uint64_t n, const struct source *source)
{
	struct hash node = {{0}}, part;
	bool first = true;
	int rc;

	for (uint64_t rest = n, end = start + n; rest != 0; rest &= rest - 1) {
		unsigned level = level_of(rest);

		end -= UINT64_C(1) << level;
		rc = source->read(source->user, level, end >> level, &part, source->err);
		if (rc != 0) {
			return rc;
		}
		if (first) {
			node = part;
		} else {
			merkle_node(&node, &part, &node);
		}
		first = false;
	}
	*out = node;
	return 0;
}

static int check_size(uint64_t size, struct assent_error *err)
{
	if (size > INT64_MAX) {
		return core_fail(err, ASSENT_ELIMIT, "tree size beyond 2^63-1");
	}
	return 0;
}

int merkle_root(struct hash *out, uint64_t size, merkle_read_fn read, void *user,
		struct assent_error *err)
{
	struct source source = {read, user, err};
	int rc = check_size(size, err);

	if (rc != 0) {
		return rc;
	}
	if (size == 0) {
		merkle_empty_root(out);
		return 0;
	}
	return range_root(out, 0, size, &source);
}

/* Proofs are made from the top down and given from the bottom up. */
static void reverse(struct hash *proof, size_t count)
{
	for (size_t i = 0; i < count / 2; i++) {
		struct hash swap = proof[i];

		proof[i] = proof[count - 1 - i];
		proof[count - 1 - i] = swap;
	}
}

int merkle_prove_inclusion(struct hash proof[static MERKLE_MAX_PROOF], size_t *count,
			   uint64_t index, uint64_t size, merkle_read_fn read, void *user,
			   struct assent_error *err)
{
	struct source source = {read, user, err};
	struct hash path[MERKLE_MAX_PROOF];
	uint64_t start = 0, n = size, k;
	size_t used = 0;
	int rc = check_size(size, err);

	if (rc != 0) {
		return rc;
	}
	if (index >= size) {
		return core_fail(err, ASSENT_EFAILED, "no entry %" PRIu64 " in a tree of %" PRIu64,
				 index, size);
	}
	while (n > 1) {
		k = lower_half(n);
		if (index - start < k) {
			rc = range_root(&path[used], start + k, n - k, &source);
			n = k;
		} else {
			rc = range_root(&path[used], start, k, &source);
			start += k;
			n -= k;
		}
		if (rc != 0) {
			return rc;
		}
		used++;
	}
	reverse(path, used);
	memcpy(proof, path, used * sizeof(*path));
	*count = used;
	return 0;
}

int merkle_prove_consistency(struct hash proof[static MERKLE_MAX_PROOF], size_t *count,
			     uint64_t old_size, uint64_t size, merkle_read_fn read, void *user,
			     struct assent_error *err)
{
	struct source source = {read, user, err};
	struct hash path[MERKLE_MAX_PROOF];
	uint64_t start = 0, n = size, m = old_size, k;
	size_t used = 0;
	bool whole = true; /* the old tree starts at 0 here: its root is known to the verifier */
	int rc = check_size(size, err);

	if (rc != 0) {
		return rc;
	}
	if (old_size > size) {
		return core_fail(err, ASSENT_EFAILED, "old tree is larger than the new one");
	}
	while (m != 0 && m != n) {
		k = lower_half(n);
		if (m <= k) {
			rc = range_root(&path[used], start + k, n - k, &source);
			n = k;
		} else {
			rc = range_root(&path[used], start, k, &source);
			start += k;
			m -= k;
			n -= k;
			whole = false;
		}
		if (rc != 0) {
			return rc;
		}
		used++;
	}
	if (!whole) {
		rc = range_root(&path[used], start, n, &source);
		if (rc != 0) {
			return rc;
		}
		used++;
	}
	reverse(path, used);
	memcpy(proof, path, used * sizeof(*path));
	*count = used;
	return 0;
}

/* After a step to the left: climb while the node is the left child of its parent. */
static void climb(uint64_t *fn, uint64_t *sn)
{
	while ((*fn & 1) == 0 && *fn != 0) {
		*fn >>= 1;
		*sn >>= 1;
	}
}

int merkle_verify_inclusion(const struct hash *leaf, uint64_t index, uint64_t size,
			    const struct hash *proof, size_t count, const struct hash *root,
			    struct assent_error *err)
{
	uint64_t fn = index, sn = size - 1;
	struct hash node = *leaf;

	if (index >= size) {
		return core_fail(err, ASSENT_EMISMATCH,
				 "entry %" PRIu64 " is not in a tree of %" PRIu64, index, size);
	}
	for (size_t i = 0; i < count; i++) {
		if (sn == 0) {
			return core_fail(err, ASSENT_EMISMATCH, "inclusion proof is too long");
		}
		if ((fn & 1) != 0 || fn == sn) {
			merkle_node(&node, &proof[i], &node);
			climb(&fn, &sn);
		} else {
			merkle_node(&node, &node, &proof[i]);
		}
		fn >>= 1;
		sn >>= 1;
	}
	if (sn != 0) {
		return core_fail(err, ASSENT_EMISMATCH, "inclusion proof is too short");
	}
	if (!hash_equal(&node, root)) {
		return core_fail(err, ASSENT_EMISMATCH, "inclusion proof leads to another root");
	}
	return 0;
}

/* The part for 0 < old < new. */
static int follow(uint64_t old_size, const struct hash *old_root, uint64_t size,
		  const struct hash *root, const struct hash *proof, size_t count,
		  struct assent_error *err)
{
	uint64_t fn = old_size - 1, sn = size - 1;
	struct hash fr, sr;
	size_t i = 0;

	if ((old_size & (old_size - 1)) == 0) {
		fr = *old_root;
	} else if (count > 0) {
		fr = proof[i++];
	} else {
		return core_fail(err, ASSENT_EMISMATCH, "consistency proof is too short");
	}
	sr = fr;
	while ((fn & 1) != 0) {
		fn >>= 1;
		sn >>= 1;
	}
	for (; i < count; i++) {
		if (sn == 0) {
			return core_fail(err, ASSENT_EMISMATCH, "consistency proof is too long");
		}
		if ((fn & 1) != 0 || fn == sn) {
			merkle_node(&fr, &proof[i], &fr);
			merkle_node(&sr, &proof[i], &sr);
			climb(&fn, &sn);
		} else {
			merkle_node(&sr, &sr, &proof[i]);
		}
		fn >>= 1;
		sn >>= 1;
	}
	if (sn != 0) {
		return core_fail(err, ASSENT_EMISMATCH, "consistency proof is too short");
	}
	if (!hash_equal(&fr, old_root) || !hash_equal(&sr, root)) {
		return core_fail(err, ASSENT_EMISMATCH, "consistency proof leads to another root");
	}
	return 0;
}

int merkle_verify_consistency(uint64_t old_size, const struct hash *old_root, uint64_t size,
			      const struct hash *root, const struct hash *proof, size_t count,
			      struct assent_error *err)
{
	struct hash empty;

	if (old_size > size) {
		return core_fail(err, ASSENT_EMISMATCH, "old tree is larger than the new one");
	}
	if (old_size != 0 && old_size != size) {
		return follow(old_size, old_root, size, root, proof, count, err);
	}
	if (count != 0) {
		return core_fail(err, ASSENT_EMISMATCH, "consistency proof is too long");
	}
	merkle_empty_root(&empty);
	if (!hash_equal(old_root, old_size == 0 ? &empty : root) ||
	    (size == 0 && !hash_equal(root, &empty))) {
		return core_fail(err, ASSENT_EMISMATCH,
				 "trees of the same size have different roots");
	}
	return 0;
}

void tile_path(char out[static TILE_PATH_SIZE], int level, uint64_t index, unsigned width)
{
	char groups[48], *at = groups + sizeof(groups);
	size_t used;

	*--at = '\0';
	for (uint64_t n = index, last = 1; last != 0 || n != 0; n /= 1000, last = 0) {
		at -= 3;
		at[0] = (char)('0' + n / 100 % 10);
		at[1] = (char)('0' + n / 10 % 10);
		at[2] = (char)('0' + n % 10);
		if (last == 0) {
			*--at = 'x';
		}
		if (n >= 1000) {
			*--at = '/';
		}
	}
	if (level < 0) {
		(void)snprintf(out, TILE_PATH_SIZE, "tile/entries/%s", at);
	} else {
		(void)snprintf(out, TILE_PATH_SIZE, "tile/%d/%s", level, at);
	}
	used = strlen(out);
	if (width < TILE_WIDTH) {
		(void)snprintf(out + used, TILE_PATH_SIZE - used, ".p/%u", width);
	}
}
