/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * C2SP signed notes, verifier keys, checkpoints and cosignatures.
 * Formats: c2sp.org/signed-note, tlog-checkpoint, tlog-cosignature.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "assent/error.h"
#include "core/hash.h"

#define NOTE_MAX_SIZE ((size_t)1 << 20)
#define NOTE_NAME_MAX 255
enum note_key_type { NOTE_ED25519 = 1, NOTE_COSIGNATURE = 4 };

struct note_key {
	char name[NOTE_NAME_MAX + 1];
	uint32_t id;
	uint8_t type; /* enum note_key_type */
	uint8_t pk[32];
};

/* vkey text "name+id+base64". */
int note_key_parse(struct note_key *out, const char *vkey, struct assent_error *err) ASSENT_CHECKED;
int note_key_init(struct note_key *out, const char *name, uint8_t type, const uint8_t pk[static 32],
		  struct assent_error *err) ASSENT_CHECKED;
/* Freed with free(). */
int note_key_text(char **out, const struct note_key *key, struct assent_error *err) ASSENT_CHECKED;

/* Not empty, no white space, no '+', no control characters, at most NOTE_NAME_MAX bytes. */
bool note_name_is_good(const char *name, size_t len);

/* Verify a note: at least one of keys signed it, none of them forged. text_len receives the length
 * of the signed text at the note's start; signed_by (may be NULL) a bit per key, times (may be
 * NULL) the cosignature time per key in POSIX seconds. count <= 64. */
int note_verify(size_t *text_len, uint64_t *signed_by, uint64_t *times, const char *note,
		size_t len, const struct note_key *keys, size_t count, struct assent_error *err)
	ASSENT_CHECKED;

/* The bytes that a witness signs for a note's text at a time (POSIX seconds). Freed with free(). */
int note_cosigned_text(char **out, size_t *out_len, uint64_t time, const char *text, size_t len,
		       struct assent_error *err) ASSENT_CHECKED;

struct checkpoint {
	char origin[NOTE_NAME_MAX + 1];
	uint64_t size;
	struct hash root;
};
/* The text of a note; extension lines are allowed and ignored. */
int checkpoint_parse(struct checkpoint *out, const char *text, size_t len, struct assent_error *err)
	ASSENT_CHECKED;
/* Origin line, size, root, without signatures. Freed with free(). */
int checkpoint_text(char **out, const struct checkpoint *cp, struct assent_error *err)
	ASSENT_CHECKED;
/* note_verify() with one log key, then checkpoint_parse(), then origin == key name. */
int checkpoint_verify(struct checkpoint *out, const char *note, size_t len,
		      const struct note_key *log, struct assent_error *err) ASSENT_CHECKED;
