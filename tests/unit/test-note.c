/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of core/note.h: signed notes, verifier keys, checkpoints, cosignatures. */
#include "core/note.h"
#include "unit/vectors.h"

static void load_key(struct note_key *key, const char *path)
{
	g_autofree char *text = NULL;
	size_t len;

	text = vector_load(path, &len);
	g_assert_cmpint(note_key_parse(key, g_strchomp(text), NULL), ==, 0);
}

static int verify(const char *path, const struct note_key *keys, size_t count, uint64_t *signed_by,
		  uint64_t *times)
{
	g_autofree char *note = NULL;
	size_t len, text_len;

	note = vector_load(path, &len);
	return note_verify(&text_len, signed_by, times, note, len, keys, count, NULL);
}

static void keys_survive_their_text(void)
{
	static const char *const files[] = {"note/log.vkey", "note/witness1.vkey",
					    "note/witness2.vkey", "note/spec-foo.vkey"};

	for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
		g_autofree char *text = NULL;
		char *again = NULL;
		struct note_key key;
		size_t len;

		text = vector_load(files[i], &len);
		g_strchomp(text);
		g_assert_cmpint(note_key_parse(&key, text, NULL), ==, 0);
		g_assert_cmpint(note_key_text(&again, &key, NULL), ==, 0);
		g_assert_cmpstr(again, ==, text);
		free(again);
		text[strcspn(text, "+") + 1] ^= 1;
		g_assert_cmpint(note_key_parse(&key, text, NULL), <, 0);
	}
}

static void good_notes(void)
{
	struct note_key key;

	load_key(&key, "note/spec-foo.vkey");
	g_assert_cmpint(verify("note/spec-foo.note", &key, 1, NULL, NULL), ==, 0);
	load_key(&key, "note/log.vkey");
	g_assert_cmpint(verify("note/good-empty-line-in-text.note", &key, 1, NULL, NULL), ==, 0);
	g_assert_cmpint(verify("note/good-extra-unknown-sig.note", &key, 1, NULL, NULL), ==, 0);
}

static void bad_notes(void)
{
	g_autoptr(GPtrArray) names = vector_names("note", "bad-");
	struct note_key key;

	load_key(&key, "note/log.vkey");
	g_assert_cmpuint(names->len, ==, 11);
	for (unsigned i = 0; i < names->len; i++) {
		g_autofree char *path = g_build_filename("note", names->pdata[i], NULL);

		g_test_message("%s", path);
		g_assert_cmpint(verify(path, &key, 1, NULL, NULL), <, 0);
	}
}

static void every_flip_is_refused(void)
{
	g_autofree char *note = NULL;
	struct checkpoint cp;
	struct note_key key;
	size_t len;

	load_key(&key, "note/log.vkey");
	note = vector_load("checkpoint/log-only.txt", &len);
	g_assert_cmpint(checkpoint_verify(&cp, note, len, &key, NULL), ==, 0);
	for (size_t i = 0; i < len; i++) {
		note[i] ^= 1;
		g_assert_cmpint(checkpoint_verify(&cp, note, len, &key, NULL), <, 0);
		note[i] ^= 1;
		g_assert_cmpint(checkpoint_verify(&cp, note, i, &key, NULL), <, 0);
	}
}

static void checkpoints(void)
{
	static const char *const good[] = {
		"checkpoint/log-only.txt",   "checkpoint/cosigned.txt",
		"checkpoint/empty-tree.txt", "checkpoint/equivocation-same-size-other-root.txt",
		"tiles300/checkpoint",	     "bundle/checkpoint"};
	g_autoptr(GPtrArray) names = vector_names("checkpoint", "bad-");
	struct note_key key;

	load_key(&key, "note/log.vkey");
	for (size_t i = 0; i < G_N_ELEMENTS(good); i++) {
		g_autofree char *note = NULL;
		char *text = NULL;
		struct checkpoint cp;
		size_t len;

		note = vector_load(good[i], &len);
		g_assert_cmpint(checkpoint_verify(&cp, note, len, &key, NULL), ==, 0);
		g_assert_cmpstr(cp.origin, ==, "gate.example.com/log1");
		g_assert_cmpint(checkpoint_text(&text, &cp, NULL), ==, 0);
		g_assert_true(g_str_has_prefix(note, text));
		free(text);
	}
	g_assert_cmpuint(names->len, ==, 7);
	for (unsigned i = 0; i < names->len; i++) {
		g_autofree char *path = g_build_filename("checkpoint", names->pdata[i], NULL);
		g_autofree char *note = NULL;
		struct checkpoint cp;
		size_t len;

		note = vector_load(path, &len);
		g_test_message("%s", path);
		g_assert_cmpint(checkpoint_verify(&cp, note, len, &key, NULL), <, 0);
	}
}

static void cosignatures(void)
{
	g_autofree char *note = NULL, *expected = NULL;
	char *message = NULL;
	struct note_key keys[3];
	uint64_t signed_by, times[3];
	size_t len, text_len, expected_len;

	load_key(&keys[0], "note/log.vkey");
	load_key(&keys[1], "note/witness1.vkey");
	load_key(&keys[2], "note/witness2.vkey");
	g_assert_cmpint(verify("checkpoint/log-only.txt", keys, 3, &signed_by, times), ==, 0);
	g_assert_cmpuint(signed_by, ==, 1);
	note = vector_load("checkpoint/cosigned.txt", &len);
	g_assert_cmpint(note_verify(&text_len, &signed_by, times, note, len, keys, 3, NULL), ==, 0);
	g_assert_cmpuint(signed_by, ==, 7);
	g_assert_cmpuint(times[0], ==, 0);
	expected = vector_load("checkpoint/cosigned-message-w1.bin", &expected_len);
	g_assert_cmpint(note_cosigned_text(&message, &len, times[1], note, text_len, NULL), ==, 0);
	g_assert_cmpmem(message, len, expected, expected_len);
	free(message);
}

/* The checkpoint behind the first empty line of an add-checkpoint request. */
static char *request_note(const char *path)
{
	g_autofree char *request = NULL;
	g_auto(GStrv) halves = NULL;
	size_t len;

	request = vector_load(path, &len);
	halves = g_strsplit(request, "\n\n", 2);
	g_assert_nonnull(halves[1]);
	return g_strdup(halves[1]);
}

static void witness_answer_completes_a_note(void)
{
	g_autofree char *note = NULL, *forged = NULL, *answer = NULL, *both = NULL;
	struct note_key keys[2];
	uint64_t signed_by, times[2];
	size_t len, text_len;

	load_key(&keys[0], "note/log.vkey");
	load_key(&keys[1], "note/witness1.vkey");
	note = request_note("witness/req2-old256-size300.txt");
	answer = vector_load("witness/resp2-200.txt", &len);
	both = g_strconcat(note, answer, NULL);
	g_assert_cmpint(
		note_verify(&text_len, &signed_by, times, both, strlen(both), keys, 2, NULL), ==,
		0);
	g_assert_cmpuint(signed_by, ==, 3);
	g_assert_cmpuint(times[1], ==, 1767225600);
	forged = request_note("witness/req6-unsigned-by-log-expect403.txt");
	g_assert_cmpint(note_verify(&text_len, NULL, NULL, forged, strlen(forged), keys, 1, NULL),
			<, 0);
}

static void signing(void)
{
	struct secret *secret = vector_secret("log"), *again = NULL;
	g_autofree char *expected = NULL, *text = NULL;
	char *note = NULL, *key_text = NULL, *name = NULL;
	size_t len;

	expected = vector_load("checkpoint/log-only.txt", &len);
	text = g_strndup(expected, (size_t)(strstr(expected, "\n\n") - expected) + 1);
	g_assert_cmpint(secret_sign_note(secret, "gate.example.com/log1", text, &note, NULL), ==,
			0);
	g_assert_cmpstr(note, ==, expected);
	free(note);
	note = NULL;
	g_assert_cmpint(
		secret_sign_note(secret, "gate.example.com/log1", "no newline", &note, NULL), <, 0);
	g_assert_cmpint(secret_sign_note(secret, "a b", text, &note, NULL), <, 0);
	g_assert_null(note);
	g_assert_cmpint(secret_to_note(secret, "gate.example.com/log1", &key_text, NULL), ==, 0);
	g_assert_cmpint(secret_from_note(&again, &name, key_text, strlen(key_text), NULL), ==, 0);
	g_assert_cmpstr(name, ==, "gate.example.com/log1");
	g_assert_cmpint(secret_sign_note(again, name, text, &note, NULL), ==, 0);
	g_assert_cmpstr(note, ==, expected);
	free(name);
	free(note);
	secret_text_free(key_text);
	secret_free(again);
	secret_free(secret);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/note/keys-survive-their-text", keys_survive_their_text);
	g_test_add_func("/note/good-notes", good_notes);
	g_test_add_func("/note/bad-notes", bad_notes);
	g_test_add_func("/note/every-flip-is-refused", every_flip_is_refused);
	g_test_add_func("/note/checkpoints", checkpoints);
	g_test_add_func("/note/cosignatures", cosignatures);
	g_test_add_func("/note/witness-answer-completes-a-note", witness_answer_completes_a_note);
	g_test_add_func("/note/signing", signing);
	return g_test_run();
}
