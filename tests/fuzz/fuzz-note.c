/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any bytes as a signed note, a checkpoint, a verifier key or a proof. */
#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "core/tlogproof.h"
#include "fuzz.h"

#define VKEY "gate.example.com/log1+1a3d7aad+AcbIgEFkg+d7Zi9w7LYR1dApR6i+d7Jl4wJ8Agzs8/2T"

const char *const fuzz_corpus[] = {"vectors/note", "vectors/checkpoint", "vectors/tlog-proof",
				   "vectors/witness", NULL};

static void try_key(const char *text)
{
	struct note_key key;
	char *again = NULL;

	if (note_key_parse(&key, text, NULL) == 0) {
		g_assert(note_key_text(&again, &key, NULL) == 0);
		g_assert_cmpstr(again, ==, text);
		free(again);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree char *text = g_strndup((const char *)data, size);
	struct checkpoint cp;
	struct tlog_proof proof;
	struct note_key key;
	char *again = NULL;
	size_t len;

	g_assert(note_key_parse(&key, VKEY, NULL) == 0);
	if (checkpoint_verify(&cp, text, strlen(text), &key, NULL) == 0) {
		g_assert_cmpstr(cp.origin, ==, key.name);
		g_assert(checkpoint_text(&again, &cp, NULL) == 0);
		g_assert(g_str_has_prefix(text, again));
		free(again);
	}
	g_assert(checkpoint_parse(&cp, (const char *)data, size, NULL) <= 0);
	if (tlog_proof_parse(&proof, (const char *)data, size, NULL) == 0) {
		g_assert(proof.count <= MERKLE_MAX_PROOF && proof.note_len <= size);
		g_assert(tlog_proof_write(&again, &len, &proof, NULL) == 0);
		g_assert(len <= size);
		g_assert(tlog_proof_verify(&proof, data, size, &key, NULL, NULL) <= 0);
		free(again);
	}
	try_key(text);
	return 0;
}
