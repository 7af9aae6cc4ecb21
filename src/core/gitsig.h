/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * Taking a signed Git commit apart, from the raw bytes of the object.
 *
 * Git and libgit2 disagree about odd objects, and both accept some whose signed
 * part is not what they show. Here a commit is signed when it has exactly one
 * header "gpgsig", no other header that begins so, and no NUL byte; the signed
 * payload is everything else. Verify with the present time, never with the
 * committer's, who chooses it. SHA-1 repositories only.
 *
 * gitsig_split() is for whoever must come to git's own verdict: it takes the
 * object apart as "git verify-commit" does, odd ones too.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "assent/error.h"

struct gitsig {
	char *payload; /* both are freed by gitsig_clear() */
	size_t payload_len;
	char *armor; /* ends in a newline */
	size_t armor_len;
};

/* out->armor is NULL for a commit without a signature. ASSENT_EMALFORMED for an object that must
 * not be believed. */
int gitsig_parse(struct gitsig *out, const char *raw, size_t len, struct assent_error *err)
	ASSENT_CHECKED;
/* As git does: the lines of all headers "gpgsig" are the signature, other headers that begin so are
 * dropped. Fails only without memory. */
int gitsig_split(struct gitsig *out, const char *raw, size_t len, struct assent_error *err)
	ASSENT_CHECKED;
/* The committer's time as git reads it out of a payload: 0 where there is none. */
bool gitsig_time(uint64_t *out, const char *payload, size_t len);
void gitsig_clear(struct gitsig *sig);
