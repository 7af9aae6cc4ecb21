/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of core/tlogproof.h. */
#include "core/tlogproof.h"
#include "unit/vectors.h"

static int judge(const char *proof_path, const char *leaf_path)
{
	g_autofree char *vkey = NULL, *text = NULL, *leaf = NULL;
	struct tlog_proof proof;
	struct note_key key;
	size_t len, leaf_len;
	int rc;

	vkey = vector_load("note/log.vkey", &len);
	g_assert_cmpint(note_key_parse(&key, g_strchomp(vkey), NULL), ==, 0);
	text = vector_load(proof_path, &len);
	leaf = vector_load(leaf_path, &leaf_len);
	rc = tlog_proof_parse(&proof, text, len, NULL);
	return rc != 0 ? rc : tlog_proof_verify(&proof, leaf, leaf_len, &key, NULL, NULL);
}

static void vectors(void)
{
	g_assert_cmpint(judge("tlog-proof/entry273.tlog-proof", "tlog-proof/entry273.leaf"), ==, 0);
	g_assert_cmpint(judge("tlog-proof/entry273-extra.tlog-proof", "tlog-proof/entry273.leaf"),
			==, 0);
	g_assert_cmpint(judge("tlog-proof/size1-empty-path.tlog-proof", "tlog-proof/size1.leaf"),
			==, 0);
	g_assert_cmpint(judge("tlog-proof/entry273.tlog-proof", "tlog-proof/size1.leaf"), <, 0);
	g_assert_cmpint(judge("tlog-proof/bad-index.tlog-proof", "tlog-proof/entry273.leaf"), ==,
			ASSENT_EMISMATCH);
	g_assert_cmpint(
		judge("tlog-proof/bad-truncated-path.tlog-proof", "tlog-proof/entry273.leaf"), ==,
		ASSENT_EMISMATCH);
}

/* All proofs of a bundle lead to the one checkpoint in it. */
static void bundle(void)
{
	size_t note_len;
	g_autofree char *note = vector_load("bundle/checkpoint", &note_len);

	for (unsigned i = 0; i < 6; i++) {
		g_autofree char *path = g_strdup_printf("bundle/proofs/%u.tlog-proof", i);
		g_autofree char *leaf = g_strdup_printf("bundle/proofs/%u.leaf", i);
		size_t len;
		g_autofree char *text = vector_load(path, &len);
		struct tlog_proof proof;

		g_assert_cmpint(judge(path, leaf), ==, 0);
		g_assert_cmpint(tlog_proof_parse(&proof, text, len, NULL), ==, 0);
		g_assert_cmpuint(proof.index, ==, i);
		g_assert_cmpmem(proof.note, proof.note_len, note, note_len);
	}
	g_assert_cmpint(judge("bundle/proofs/1.tlog-proof", "bundle/proofs/2.leaf"), ==,
			ASSENT_EMISMATCH);
}

static void survives_writing(void)
{
	g_autofree char *text = NULL;
	struct tlog_proof proof;
	char *again = NULL;
	size_t len, again_len;

	text = vector_load("tlog-proof/entry273.tlog-proof", &len);
	g_assert_cmpint(tlog_proof_parse(&proof, text, len, NULL), ==, 0);
	g_assert_cmpint(tlog_proof_write(&again, &again_len, &proof, NULL), ==, 0);
	g_assert_cmpmem(again, again_len, text, len);
	free(again);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/tlogproof/vectors", vectors);
	g_test_add_func("/tlogproof/bundle", bundle);
	g_test_add_func("/tlogproof/survives-writing", survives_writing);
	return g_test_run();
}
