/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/* What stands behind the opaque types of include/assent. Part of libassent.so only. */
#include <string.h>

#include "assent/assent.h"
#include "core/approval.h"
#include "core/entry.h"
#include "core/note.h"
#include "core/plan.h"
#include "core/signers.h"

struct assent_key {
	struct ssh_key key;
	char fingerprint[SSH_FINGERPRINT_SIZE];
};
struct assent_signers {
	struct signers *list;
};
struct assent_log_key {
	struct note_key key;
};
struct assent_plan {
	struct plan *plan;
	struct ssh_key key; /* that signed it */
};
struct assent_checkpoint {
	struct checkpoint checkpoint;
};
struct assent_entry {
	struct entry entry;
	bool has_plan;
	struct assent_digest plan;
};

_Static_assert(ASSENT_DIGEST_SIZE == HASH_SIZE, "digests are hashes");
_Static_assert(ASSENT_DIGEST_TEXT_SIZE == HASH_TEXT_SIZE, "and have the same text");
_Static_assert((int)ASSENT_APPROVE == (int)VERDICT_APPROVE &&
		       (int)ASSENT_REJECT == (int)VERDICT_REJECT &&
		       (int)ASSENT_BREAK_GLASS == (int)VERDICT_BREAK_GLASS,
	       "decisions are verdicts");

static inline void api_digest(struct assent_digest *out, const struct hash *hash)
{
	memcpy(out->bytes, hash->bytes, HASH_SIZE);
}

static inline void api_hash(struct hash *out, const struct assent_digest *digest)
{
	memcpy(out->bytes, digest->bytes, HASH_SIZE);
}
