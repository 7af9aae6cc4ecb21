/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The agent's log: signed checkpoints of a Merkle tree (RFC 6962, SHA-256), and
 * entries that are in it.
 *
 * A proof shows that an entry is in the tree of one checkpoint, and that a later
 * tree holds all of an earlier one. That no other tree is shown to somebody else
 * follows from neither: compare checkpoints, or ask witnesses.
 */
#ifndef ASSENT_LEDGER_H
#define ASSENT_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <assent/keyring.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A signed state of the log. */
typedef struct assent_checkpoint assent_checkpoint;

/*
 * note: the checkpoint file, a C2SP signed note. ASSENT_EUNTRUSTED when key did not sign it,
 * ASSENT_ESIGNATURE when its signature does not hold, ASSENT_EMISMATCH for another log's name,
 * ASSENT_EMALFORMED, ASSENT_ELIMIT.
 */
ASSENT_API int assent_checkpoint_verify(assent_checkpoint **out, const char *note, size_t len,
					const assent_log_key *key, struct assent_error *err)
	ASSENT_CHECKED;
ASSENT_API void assent_checkpoint_free(assent_checkpoint *checkpoint);
ASSENT_API const char *assent_checkpoint_origin(const assent_checkpoint *checkpoint);
/* How many entries the log has. */
ASSENT_API uint64_t assent_checkpoint_size(const assent_checkpoint *checkpoint);
ASSENT_API void assent_checkpoint_root(const assent_checkpoint *checkpoint,
				       struct assent_digest *out);

/*
 * Is the entry of these bytes at index in the checkpoint's tree? path: the hashes of an inclusion
 * proof, leaf's sibling first. ASSENT_EMISMATCH when not.
 */
ASSENT_API int assent_inclusion_verify(const assent_checkpoint *checkpoint, uint64_t index,
				       const void *entry, size_t len,
				       const struct assent_digest *path, size_t count,
				       struct assent_error *err) ASSENT_CHECKED;

/*
 * Does the later log hold everything of the earlier one? Both must be of one log. ASSENT_EMISMATCH
 * when not: then keep both checkpoints, they are evidence.
 */
ASSENT_API int assent_consistency_verify(const assent_checkpoint *earlier,
					 const assent_checkpoint *later,
					 const struct assent_digest *path, size_t count,
					 struct assent_error *err) ASSENT_CHECKED;

/* An entry that is in a signed log. */
typedef struct assent_entry assent_entry;

/*
 * bytes: the entry as it is (N.leaf of a bundle); proof: its tlog-proof file, which holds the
 * checkpoint. Besides proof and signature, the entry must be canonical and bear the number that is
 * proved. Errors as of assent_checkpoint_verify() and assent_inclusion_verify().
 */
ASSENT_API int assent_entry_verify(assent_entry **out, const void *bytes, size_t len,
				   const char *proof, size_t proof_len, const assent_log_key *key,
				   struct assent_error *err) ASSENT_CHECKED;
ASSENT_API void assent_entry_free(assent_entry *entry);
ASSENT_API uint64_t assent_entry_seq(const assent_entry *entry);
/* POSIX seconds. */
ASSENT_API int64_t assent_entry_time(const assent_entry *entry);
/* "plan", "approval", "apply-start", ... as doc/formats.md lists them. */
ASSENT_API const char *assent_entry_type(const assent_entry *entry);
/* NULL for entries that concern no stack. */
ASSENT_API const char *assent_entry_stack(const assent_entry *entry);
/* The plan that the entry is about; false when it is about none. */
ASSENT_API bool assent_entry_plan(const assent_entry *entry, struct assent_digest *out);

#ifdef __cplusplus
}
#endif
#endif
