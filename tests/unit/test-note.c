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

struct refusal {
	const char *name, *reason;
};

/* As many files as refusals, each with one: the reason of a file that is not listed is missed. */
static const char *reason_of(const struct refusal *all, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(all[i].name, name) == 0) {
			return all[i].reason;
		}
	}
	g_error("nobody says why '%s' is refused", name);
}

static void bad_notes(void)
{
	static const struct refusal all[] = {
		{"bad-control-char.note", "control character"},
		{"bad-cr.note", "control character"},
		{"bad-hyphen-not-emdash.note", "without its dash"},
		{"bad-known-key-forged-plus-good.note", "does not hold"},
		{"bad-known-key-forged-sig.note", "does not hold"},
		{"bad-no-blank-line.note", "note without signatures"},
		{"bad-no-final-newline.note", "does not end with a newline"},
		{"bad-only-unknown.note", "not signed by a known key"},
		{"bad-plus-in-name.note", "bad key name"},
		{"bad-short-sig.note", "too short"},
		{"bad-text-changed.note", "does not hold"},
	};
	g_autoptr(GPtrArray) names = vector_names("note", "bad-");
	struct note_key key;

	load_key(&key, "note/log.vkey");
	g_assert_cmpuint(names->len, ==, 11);
	for (unsigned i = 0; i < names->len; i++) {
		g_autofree char *path = g_build_filename("note", names->pdata[i], NULL);
		g_autofree char *note = NULL;
		struct assent_error err = {0};
		size_t len, text_len;

		g_test_message("%s", path);
		note = vector_load(path, &len);
		g_assert_cmpint(note_verify(&text_len, NULL, NULL, note, len, &key, 1, &err), <, 0);
		g_assert_nonnull(
			strstr(err.text, reason_of(all, G_N_ELEMENTS(all), names->pdata[i])));
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
}

/* The log's own key signed them all; it is the text that cannot be. */
static void bad_checkpoints(void)
{
	static const struct refusal all[] = {
		{"bad-leading-zero.txt", "without a tree size"},
		{"bad-negative.txt", "without a tree size"},
		{"bad-other-origin.txt", "checkpoint is of 'gate.example.com/log2'"},
		{"bad-plus.txt", "without a tree size"},
		{"bad-root-31-bytes.txt", "without a root hash"},
		{"bad-size-2pow64.txt", "without a tree size"},
		{"bad-two-lines.txt", "without a root hash"},
	};
	g_autoptr(GPtrArray) names = vector_names("checkpoint", "bad-");
	struct note_key key;

	load_key(&key, "note/log.vkey");
	g_assert_cmpuint(names->len, ==, 7);
	for (unsigned i = 0; i < names->len; i++) {
		g_autofree char *path = g_build_filename("checkpoint", names->pdata[i], NULL);
		g_autofree char *note = NULL;
		struct assent_error err = {0};
		struct checkpoint cp;
		size_t len;

		note = vector_load(path, &len);
		g_test_message("%s", path);
		g_assert_cmpint(verify(path, &key, 1, NULL, NULL), ==, 0);
		g_assert_cmpint(checkpoint_verify(&cp, note, len, &key, &err), <, 0);
		g_assert_nonnull(
			strstr(err.text, reason_of(all, G_N_ELEMENTS(all), names->pdata[i])));
	}
}

/* A body and a bare signature, as stock tools take them, are the note that we sign. */
static void stock_files_are_a_note(void)
{
	size_t body_len, raw_len, len;
	g_autofree char *body = vector_load("stock-tools/checkpoint.body", &body_len);
	g_autofree char *raw = vector_load("stock-tools/checkpoint.rawsig", &raw_len);
	g_autofree char *expected = vector_load("checkpoint/log-only.txt", &len);
	g_autofree char *base64 = NULL, *note = NULL;
	uint8_t bytes[4 + 64];
	struct checkpoint cp;
	struct note_key key;

	load_key(&key, "note/log.vkey");
	g_assert_cmpuint(raw_len, ==, 64);
	for (unsigned i = 0; i < 4; i++) {
		bytes[i] = (uint8_t)(key.id >> (24 - 8 * i));
	}
	memcpy(bytes + 4, raw, 64);
	base64 = g_base64_encode(bytes, sizeof(bytes));
	note = g_strdup_printf("%s\n\xe2\x80\x94 %s %s\n", body, key.name, base64);
	g_assert_cmpstr(note, ==, expected);
	g_assert_cmpint(checkpoint_verify(&cp, note, strlen(note), &key, NULL), ==, 0);
}

/* The log of the recorded bundle and its witnesses, as its policy names them. */
static void bundle_policy(void)
{
	static const char *const vkeys[] = {"note/log.vkey", "note/witness1.vkey",
					    "note/witness2.vkey"};
	size_t len, text_len;
	g_autofree char *policy = vector_load("bundle/policy", &len);
	g_autofree char *note = vector_load("bundle/checkpoint", &len);
	g_auto(GStrv) lines = g_strsplit(policy, "\n", -1);
	struct note_key keys[3];
	uint64_t signed_by, times[3];

	g_assert_cmpuint(g_strv_length(lines), >=, 3);
	for (unsigned i = 0; i < 3; i++) {
		struct note_key key;

		g_assert_true(g_str_has_prefix(lines[i], i == 0 ? "log " : "witness "));
		g_assert_cmpint(note_key_parse(&keys[i], strrchr(lines[i], ' ') + 1, NULL), ==, 0);
		load_key(&key, vkeys[i]);
		g_assert_cmpmem(&keys[i].pk, 32, &key.pk, 32);
		g_assert_cmpstr(keys[i].name, ==, key.name);
	}
	g_assert_cmpint(note_verify(&text_len, &signed_by, times, note, len, keys, 3, NULL), ==, 0);
	g_assert_cmpuint(signed_by, ==, 7);
	g_assert_cmpuint(times[1], ==, 1767226000);
	g_assert_cmpuint(times[2], ==, 1767226001);
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
	g_assert_cmpuint(times[1], ==, 1767225600);
	g_assert_cmpuint(times[2], ==, 1767225605);
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
	g_test_add_func("/note/bad-checkpoints", bad_checkpoints);
	g_test_add_func("/note/stock-files-are-a-note", stock_files_are_a_note);
	g_test_add_func("/note/bundle-policy", bundle_policy);
	g_test_add_func("/note/cosignatures", cosignatures);
	g_test_add_func("/note/witness-answer-completes-a-note", witness_answer_completes_a_note);
	g_test_add_func("/note/signing", signing);
	return g_test_run();
}
