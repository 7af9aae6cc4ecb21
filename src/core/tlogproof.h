/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * C2SP tlog-proof@v1: one file that shows that an entry is in a log. It holds
 * the entry's index, the inclusion proof and the whole checkpoint, not the
 * entry itself.
 *
 * Size and root come from the checkpoint inside and from nowhere else: an
 * inclusion proof alone does not bind the size of a tree.
 */
#include "core/merkle.h"
#include "core/note.h"

#define TLOG_PROOF_MAX_SIZE (NOTE_MAX_SIZE + 8192)

struct tlog_proof {
	uint64_t index;
	struct hash path[MERKLE_MAX_PROOF]; /* leaf's sibling first */
	size_t count;
	const char *note; /* borrowed from the parsed text */
	size_t note_len;
};

int tlog_proof_parse(struct tlog_proof *out, const char *text, size_t len, struct assent_error *err)
	ASSENT_CHECKED;
/* Freed with free(). */
int tlog_proof_write(char **out, size_t *len, const struct tlog_proof *proof,
		     struct assent_error *err) ASSENT_CHECKED;
/* entry: the bytes whose place is proved. cp (may be NULL) receives the checkpoint. */
int tlog_proof_verify(const struct tlog_proof *proof, const void *entry, size_t len,
		      const struct note_key *log, struct checkpoint *cp, struct assent_error *err)
	ASSENT_CHECKED;
