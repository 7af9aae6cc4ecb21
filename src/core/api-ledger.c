/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The public face of the log. */
#include <inttypes.h>

#include "core/api.h"
#include "core/fail.h"
#include "core/merkle.h"
#include "core/record.h"
#include "core/tlogproof.h"

int assent_checkpoint_verify(assent_checkpoint **out, const char *note, size_t len,
			     const assent_log_key *key, struct assent_error *err)
{
	CLEANUP(free_p) assent_checkpoint *checkpoint = calloc(1, sizeof(*checkpoint));
	int rc;

	if (checkpoint == NULL) {
		return core_fail_memory(err);
	}
	rc = checkpoint_verify(&checkpoint->checkpoint, note, len, &key->key, err);
	if (rc != 0) {
		return rc;
	}
	*out = steal(&checkpoint);
	return 0;
}

void assent_checkpoint_free(assent_checkpoint *checkpoint)
{
	free(checkpoint);
}

const char *assent_checkpoint_origin(const assent_checkpoint *checkpoint)
{
	return checkpoint->checkpoint.origin;
}

uint64_t assent_checkpoint_size(const assent_checkpoint *checkpoint)
{
	return checkpoint->checkpoint.size;
}

void assent_checkpoint_root(const assent_checkpoint *checkpoint, struct assent_digest *out)
{
	api_digest(out, &checkpoint->checkpoint.root);
}

static int copy_path(struct hash out[static MERKLE_MAX_PROOF], const struct assent_digest *path,
		     size_t count, struct assent_error *err)
{
	if (count > MERKLE_MAX_PROOF) {
		return core_fail(err, ASSENT_ELIMIT, "proof with more than %d hashes",
				 MERKLE_MAX_PROOF);
	}
	for (size_t i = 0; i < count; i++) {
		api_hash(&out[i], &path[i]);
	}
	return 0;
}

int assent_inclusion_verify(const assent_checkpoint *checkpoint, uint64_t index, const void *entry,
			    size_t len, const struct assent_digest *path, size_t count,
			    struct assent_error *err)
{
	struct hash hashes[MERKLE_MAX_PROOF], leaf;
	int rc = copy_path(hashes, path, count, err);

	if (rc != 0) {
		return rc;
	}
	merkle_leaf(&leaf, entry, len);
	return merkle_verify_inclusion(&leaf, index, checkpoint->checkpoint.size, hashes, count,
				       &checkpoint->checkpoint.root, err);
}

int assent_consistency_verify(const assent_checkpoint *earlier, const assent_checkpoint *later,
			      const struct assent_digest *path, size_t count,
			      struct assent_error *err)
{
	const struct checkpoint *a = &earlier->checkpoint, *b = &later->checkpoint;
	struct hash hashes[MERKLE_MAX_PROOF];
	int rc = copy_path(hashes, path, count, err);

	if (rc != 0) {
		return rc;
	}
	if (strcmp(a->origin, b->origin) != 0) {
		return core_fail(err, ASSENT_EMISMATCH, "checkpoints of two logs");
	}
	return merkle_verify_consistency(a->size, &a->root, b->size, &b->root, hashes, count, err);
}

/* "plan" of the types that are about one; json_str() reads it only where it is. */
static void read_plan(assent_entry *entry)
{
	struct json_obj fields = entry->entry.fields;
	const char *text = json_str_opt(&fields, "plan", HASH_TEXT_SIZE);
	struct hash hash;

	entry->has_plan = text != NULL && hash_parse(&hash, text);
	if (entry->has_plan) {
		api_digest(&entry->plan, &hash);
	}
}

static int read_entry(assent_entry *entry, const void *bytes, size_t len, uint64_t index,
		      struct assent_error *err)
{
	struct record record;
	int rc = entry_parse(&entry->entry, bytes, len, err);

	if (rc != 0) {
		return rc;
	}
	read_plan(entry);
	rc = record_read(&record, &entry->entry, err);
	if (rc == 0 && entry->entry.seq != index) {
		rc = core_fail(err, ASSENT_EMISMATCH, "entry %" PRIu64 " calls itself %" PRIu64,
			       index, entry->entry.seq);
	}
	return rc;
}

int assent_entry_verify(assent_entry **out, const void *bytes, size_t len, const char *proof,
			size_t proof_len, const assent_log_key *key, struct assent_error *err)
{
	struct tlog_proof parsed;
	assent_entry *entry;
	int rc = tlog_proof_parse(&parsed, proof, proof_len, err);

	if (rc == 0) {
		rc = tlog_proof_verify(&parsed, bytes, len, &key->key, NULL, err);
	}
	if (rc != 0) {
		return rc;
	}
	entry = calloc(1, sizeof(*entry));
	if (entry == NULL) {
		return core_fail_memory(err);
	}
	rc = read_entry(entry, bytes, len, parsed.index, err);
	if (rc != 0) {
		assent_entry_free(entry);
		return rc;
	}
	*out = entry;
	return 0;
}

void assent_entry_free(assent_entry *entry)
{
	if (entry != NULL) {
		entry_clear(&entry->entry);
		free(entry);
	}
}

uint64_t assent_entry_seq(const assent_entry *entry)
{
	return entry->entry.seq;
}

int64_t assent_entry_time(const assent_entry *entry)
{
	return entry->entry.time;
}

const char *assent_entry_type(const assent_entry *entry)
{
	return entry_type_names[entry->entry.type];
}

const char *assent_entry_stack(const assent_entry *entry)
{
	return entry->entry.stack;
}

bool assent_entry_plan(const assent_entry *entry, struct assent_digest *out)
{
	if (entry->has_plan) {
		*out = entry->plan;
	}
	return entry->has_plan;
}
