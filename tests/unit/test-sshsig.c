/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of core/sshsig.h and core/sign.h against recorded signatures and against ssh-keygen. */
#include <glib/gstdio.h>

#include "unit/vectors.h"

#define NS "approval@gate.example.com"

static int judge(const char *sig_path, const char *msg_path, const char *ns, struct sshsig *sig)
{
	g_autofree char *armor = NULL, *msg = NULL;
	size_t armor_len, msg_len;
	int rc;

	armor = vector_load(sig_path, &armor_len);
	msg = vector_load(msg_path, &msg_len);
	rc = sshsig_parse(sig, armor, armor_len, NULL);
	return rc != 0 ? rc : sshsig_verify(sig, ns, msg, msg_len, NULL);
}

static void verifies_good_vectors(void)
{
	static const struct {
		const char *sig, *msg, *ns, *key, *hash;
	} good[] = {
		{"sshsig/plan.json.sig", "sshsig/plan.json", "plan@gate.example.com",
		 "keys/agent-plan.pub", "sha512"},
		{"sshsig/approval-alice.json.sig", "sshsig/approval-alice.json", NS,
		 "keys/alice.pub", "sha512"},
		{"sshsig/approval-bob.json.sig", "sshsig/approval-bob.json", NS, "keys/bob.pub",
		 "sha256"},
		{"sshsig/approval-carol.json.sig", "sshsig/approval-carol.json", NS,
		 "keys/carol-sk.pub", "sha512"},
		{"sshsig/approval-carol-uv.json.sig", "sshsig/approval-carol.json", NS,
		 "keys/carol-sk.pub", "sha512"},
		{"git/signed-commit.sig", "git/signed-commit.payload", "git", "keys/alice.pub",
		 "sha512"},
		{"git/signed-tag.sig", "git/signed-tag.payload", "git", "keys/alice.pub", "sha512"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(good); i++) {
		g_autofree char *line = NULL, *armor = NULL;
		char *again = NULL;
		struct ssh_key key;
		struct sshsig sig;
		size_t len;

		g_test_message("%s", good[i].sig);
		g_assert_cmpint(judge(good[i].sig, good[i].msg, good[i].ns, &sig), ==, 0);
		line = vector_load(good[i].key, &len);
		g_assert_cmpint(ssh_key_parse_line(&key, line, NULL), ==, 0);
		g_assert_true(ssh_key_equal(&key, &sig.key));
		g_assert_cmpstr(sig.hash_alg, ==, good[i].hash);
		armor = vector_load(good[i].sig, &len);
		g_assert_cmpint(sshsig_armor(&again, &sig, NULL), ==, 0);
		g_assert_cmpstr(again, ==, armor);
		free(again);
	}
}

/* Every bad-* and malleable-* file is refused, in parsing, by the signature or by its key. */
static void refuses_bad_vectors(void)
{
	static const char *const prefixes[] = {"bad-", "malleable-"};
	unsigned seen = 0;

	for (size_t p = 0; p < G_N_ELEMENTS(prefixes); p++) {
		g_autoptr(GPtrArray) names = vector_names("sshsig", prefixes[p]);

		for (unsigned i = 0; i < names->len; i++) {
			g_autofree char *path = g_build_filename("sshsig", names->pdata[i], NULL);
			g_autofree char *line = NULL;
			const char *msg = strstr(path, "carol") != NULL
						  ? "sshsig/approval-carol.json"
						  : "sshsig/approval-alice.json";
			struct ssh_key alice;
			struct sshsig sig;
			size_t len;
			int rc = judge(path, msg, NS, &sig);

			g_test_message("%s: %d", path, rc);
			if (strstr(path, "mallory") != NULL) {
				line = vector_load("keys/alice.pub", &len);
				g_assert_cmpint(ssh_key_parse_line(&alice, line, NULL), ==, 0);
				g_assert_cmpint(rc, ==, 0);
				g_assert_false(ssh_key_equal(&alice, &sig.key));
			} else {
				g_assert_cmpint(rc, <, 0);
			}
			seen++;
		}
	}
	g_assert_cmpuint(seen, ==, 14);
}

static void every_cut_and_flip_is_refused(void)
{
	g_autofree char *armor = NULL, *msg = NULL;
	struct sshsig sig;
	size_t len, msg_len;

	armor = vector_load("sshsig/approval-alice.json.sig", &len);
	msg = vector_load("sshsig/approval-alice.json", &msg_len);
	for (size_t i = 0; i < len; i++) {
		g_assert_cmpint(sshsig_parse(&sig, armor, i, NULL), <, 0);
	}
	for (size_t i = 0; i < len; i++) {
		armor[i] ^= 1;
		g_assert_true(sshsig_parse(&sig, armor, len, NULL) != 0 ||
			      sshsig_verify(&sig, NS, msg, msg_len, NULL) != 0);
		armor[i] ^= 1;
	}
}

static void signed_bytes_are_openssh_s(void)
{
	g_autofree char *msg = NULL, *expected = NULL;
	size_t msg_len, expected_len, len;
	uint8_t *bytes = NULL;

	msg = vector_load("sshsig/approval-alice.json", &msg_len);
	expected = vector_load("sshsig/approval-alice.signed-bytes.bin", &expected_len);
	g_assert_cmpint(sshsig_signed_bytes(&bytes, &len, NS, "sha512", msg, msg_len, NULL), ==, 0);
	g_assert_cmpmem(bytes, len, expected, expected_len);
	free(bytes);
}

static void our_signature_is_byte_equal(void)
{
	static const struct {
		const char *key, *ns, *msg, *sig;
	} all[] = {
		{"alice", NS, "sshsig/approval-alice.json", "sshsig/approval-alice.json.sig"},
		{"agent-plan", "plan@gate.example.com", "sshsig/plan.json", "sshsig/plan.json.sig"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(all); i++) {
		struct secret *secret = vector_secret(all[i].key);
		g_autofree char *msg = NULL, *expected = NULL;
		size_t msg_len, len;
		char *armor = NULL;

		msg = vector_load(all[i].msg, &msg_len);
		expected = vector_load(all[i].sig, &len);
		g_assert_cmpint(secret_sshsig(secret, all[i].ns, msg, msg_len, &armor, NULL), ==,
				0);
		g_assert_cmpstr(armor, ==, expected);
		free(armor);
		secret_free(secret);
	}
}

static void agent_answer_becomes_the_same_file(void)
{
	struct json_obj root;
	struct json_doc *doc = vector_json("agent/transcript.json", &root);
	g_autofree char *expected = NULL, *line = NULL;
	uint8_t bytes[512];
	struct ssh_key key;
	struct sshsig sig;
	char *armor = NULL;
	size_t len,
		n = vector_hex(bytes, sizeof(bytes), json_str(&root, "sign_response_hex", 2000));

	/* length, type 14, then one string */
	g_assert_cmpuint(bytes[4], ==, 14);
	line = vector_load("keys/alice.pub", &len);
	g_assert_cmpint(ssh_key_parse_line(&key, line, NULL), ==, 0);
	g_assert_cmpint(sshsig_from_inner(&sig, &key, NS, "sha512", bytes + 9, n - 9, NULL), ==, 0);
	g_assert_cmpint(sshsig_armor(&armor, &sig, NULL), ==, 0);
	expected = vector_load("sshsig/approval-alice.json.sig", &len);
	g_assert_cmpstr(armor, ==, expected);
	g_assert_cmpint(sshsig_from_inner(&sig, &key, NS, "sha512", bytes + 9, n - 10, NULL), <, 0);
	free(armor);
	json_doc_free(doc);
}

static void fingerprints_match(void)
{
	static const struct {
		const char *file, *fingerprint;
	} all[] = {
		{"keys/alice.pub", "SHA256:NFfjgBnkz+tuUFdYEIEDWlVJ/b6RblhxJhbkaU5STSE"},
		{"keys/carol-sk.pub", "SHA256:ftHIWe61y7xg+8yE7EF77UCdL8etFngwPyW9TvpX3og"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(all); i++) {
		char text[SSH_FINGERPRINT_SIZE];
		g_autofree char *line = NULL;
		struct ssh_key key;
		char *again = NULL;
		size_t len;

		line = vector_load(all[i].file, &len);
		g_assert_cmpint(ssh_key_parse_line(&key, line, NULL), ==, 0);
		ssh_key_fingerprint(text, &key);
		g_assert_cmpstr(text, ==, all[i].fingerprint);
		g_assert_cmpint(ssh_key_line(&again, &key, NULL), ==, 0);
		g_assert_true(g_str_has_prefix(line, again));
		free(again);
	}
}

static void other_keys_are_refused_by_name(void)
{
	static const char *const rsa = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQ==";
	/* y = 1: the neutral element, under which one signature fits every message */
	static const char *const small =
		"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAEAAAAAAAAAAAAAAAAAAAAA"
		"AAAAAAAAAAAAAAAAAAAA";
	struct assent_error err = {0};
	struct ssh_key key;

	g_assert_cmpint(ssh_key_parse_line(&key, rsa, &err), ==, ASSENT_EUNSUPPORTED);
	g_assert_nonnull(strstr(err.text, "ssh-rsa"));
	g_assert_cmpint(ssh_key_parse_line(&key, small, &err), ==, ASSENT_EMALFORMED);
	g_assert_cmpint(ssh_key_parse_line(&key, "ssh-ed25519", &err), ==, ASSENT_EMALFORMED);
	g_assert_cmpint(ssh_key_parse_line(&key, "", &err), ==, ASSENT_EMALFORMED);
}

static void private_key_survives_its_file(void)
{
	struct secret *secret = vector_secret("alice"), *again = NULL;
	uint8_t a[32], b[32];
	char *text = NULL;
	size_t len;

	g_assert_cmpint(secret_to_openssh(secret, "a comment", &text, NULL), ==, 0);
	len = strlen(text);
	g_assert_cmpint(secret_from_openssh(&again, text, len, NULL), ==, 0);
	secret_public(secret, a);
	secret_public(again, b);
	g_assert_cmpmem(a, 32, b, 32);
	secret_free(again);
	again = NULL;
	text[len / 2] ^= 1;
	g_assert_cmpint(secret_from_openssh(&again, text, len, NULL), <, 0);
	g_assert_cmpint(secret_from_openssh(&again, text, len - 1, NULL), <, 0);
	g_assert_null(again);
	secret_text_free(text);
	secret_free(secret);
}

struct keygen {
	char *program, *dir;
};

static void keygen_set_up(struct keygen *k, const void *data)
{
	(void)data;
	k->program = g_find_program_in_path("ssh-keygen");
	k->dir = g_dir_make_tmp("assent-sshsig-XXXXXX", NULL);
	g_assert_nonnull(k->dir);
}

static void keygen_tear_down(struct keygen *k, const void *data)
{
	static const char *const names[] = {"key", "key.pub", "msg", "msg.sig", "signers"};

	(void)data;
	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autofree char *path = g_build_filename(k->dir, names[i], NULL);

		g_unlink(path);
	}
	g_rmdir(k->dir);
	g_free(k->dir);
	g_free(k->program);
}

static void keygen_write(struct keygen *k, const char *name, const char *text)
{
	g_autofree char *path = g_build_filename(k->dir, name, NULL);

	g_assert_true(
		g_file_set_contents_full(path, text, -1, G_FILE_SET_CONTENTS_NONE, 0600, NULL));
}

static int keygen_run(struct keygen *k, const char *command)
{
	const char *argv[] = {"/bin/sh", "-c", command, NULL};
	int status = -1;

	g_assert_true(g_spawn_sync(k->dir, (char **)argv, NULL, G_SPAWN_STDOUT_TO_DEV_NULL, NULL,
				   NULL, NULL, NULL, &status, NULL));
	return status;
}

static void keygen_verifies_ours(struct keygen *k, const void *data)
{
	static const char msg[] = "{\"what\":\"we sign\"}";
	struct secret *secret = NULL;
	struct ssh_key key = {.type = SSH_ED25519};
	g_autofree char *signers = NULL;
	char *armor = NULL, *line = NULL;

	(void)data;
	if (k->program == NULL) {
		g_test_skip("no ssh-keygen");
		return;
	}
	g_assert_cmpint(secret_generate(&secret, NULL), ==, 0);
	secret_public(secret, key.pk);
	g_assert_cmpint(ssh_key_line(&line, &key, NULL), ==, 0);
	g_assert_cmpint(secret_sshsig(secret, SSHSIG_NS_PLAN, msg, strlen(msg), &armor, NULL), ==,
			0);
	signers = g_strdup_printf("agent namespaces=\"%s\" %s\n", SSHSIG_NS_PLAN, line);
	keygen_write(k, "msg", msg);
	keygen_write(k, "msg.sig", armor);
	keygen_write(k, "signers", signers);
	g_assert_cmpint(keygen_run(k, "ssh-keygen -Y verify -f signers -I agent -n " SSHSIG_NS_PLAN
				      " -s msg.sig <msg"),
			==, 0);
	g_assert_cmpint(keygen_run(k, "ssh-keygen -Y verify -f signers -I agent -n other"
				      " -s msg.sig <msg 2>/dev/null"),
			!=, 0);
	free(armor);
	free(line);
	secret_free(secret);
}

static void we_verify_keygen_s(struct keygen *k, const void *data)
{
	static const char msg[] = "what ssh-keygen signs with the key that we wrote\n";
	g_autofree char *path = NULL, *armor = NULL;
	struct secret *secret = NULL;
	char *text = NULL, *ours = NULL;
	struct sshsig sig;
	size_t len;

	(void)data;
	if (k->program == NULL) {
		g_test_skip("no ssh-keygen");
		return;
	}
	g_assert_cmpint(secret_generate(&secret, NULL), ==, 0);
	g_assert_cmpint(secret_to_openssh(secret, "test", &text, NULL), ==, 0);
	keygen_write(k, "key", text);
	keygen_write(k, "msg", msg);
	g_assert_cmpint(keygen_run(k, "ssh-keygen -q -Y sign -f key -n " SSHSIG_NS_APPROVAL
				      " msg 2>/dev/null"),
			==, 0);
	path = g_build_filename(k->dir, "msg.sig", NULL);
	g_assert_true(g_file_get_contents(path, &armor, &len, NULL));
	g_assert_cmpint(sshsig_parse(&sig, armor, len, NULL), ==, 0);
	g_assert_cmpint(sshsig_verify(&sig, SSHSIG_NS_APPROVAL, msg, strlen(msg), NULL), ==, 0);
	g_assert_cmpint(secret_sshsig(secret, SSHSIG_NS_APPROVAL, msg, strlen(msg), &ours, NULL),
			==, 0);
	g_assert_cmpstr(armor, ==, ours);
	free(ours);
	secret_text_free(text);
	secret_free(secret);
}

/* OpenSSH's own test data, where the tester has it. */
static void upstream_vectors(void)
{
	const char *top = g_getenv("ASSENT_UPSTREAM_VECTORS");
	g_autofree char *dir = NULL;
	static const struct {
		const char *name;
		int rc;
	} all[] = {
		{"ed25519.sig", 0},
		{"ed25519_sk.sig", 0},
		{"ecdsa.sig", ASSENT_EUNSUPPORTED},
		{"ecdsa_sk.sig", ASSENT_EUNSUPPORTED},
		{"rsa.sig", ASSENT_EUNSUPPORTED},
	};
	unsigned seen = 0;

	if (top == NULL) {
		g_test_skip("ASSENT_UPSTREAM_VECTORS is not set");
		return;
	}
	dir = g_build_filename(top, "upstream-openssh-sshsig", NULL);
	for (size_t i = 0; i < G_N_ELEMENTS(all); i++) {
		g_autofree char *path = g_build_filename(dir, all[i].name, NULL);
		g_autofree char *data = g_build_filename(dir, "signed-data", NULL);
		g_autofree char *ns = g_build_filename(dir, "namespace", NULL);
		g_autofree char *armor = NULL, *msg = NULL, *name = NULL;
		struct sshsig sig;
		size_t len, msg_len;

		if (!g_file_get_contents(path, &armor, &len, NULL)) {
			continue;
		}
		seen++;
		g_assert_cmpint(sshsig_parse(&sig, armor, len, NULL), ==, all[i].rc);
		if (all[i].rc == 0) {
			g_assert_true(g_file_get_contents(data, &msg, &msg_len, NULL));
			g_assert_true(g_file_get_contents(ns, &name, NULL, NULL));
			g_assert_cmpint(sshsig_verify(&sig, g_strchomp(name), msg, msg_len, NULL),
					==, 0);
		}
	}
	g_assert_cmpuint(seen, >, 0);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/sshsig/verifies-good-vectors", verifies_good_vectors);
	g_test_add_func("/sshsig/refuses-bad-vectors", refuses_bad_vectors);
	g_test_add_func("/sshsig/every-cut-and-flip-is-refused", every_cut_and_flip_is_refused);
	g_test_add_func("/sshsig/signed-bytes-are-openssh-s", signed_bytes_are_openssh_s);
	g_test_add_func("/sshsig/our-signature-is-byte-equal", our_signature_is_byte_equal);
	g_test_add_func("/sshsig/agent-answer-becomes-the-same-file",
			agent_answer_becomes_the_same_file);
	g_test_add_func("/sshsig/fingerprints-match", fingerprints_match);
	g_test_add_func("/sshsig/other-keys-are-refused-by-name", other_keys_are_refused_by_name);
	g_test_add_func("/sshsig/private-key-survives-its-file", private_key_survives_its_file);
	g_test_add("/sshsig/keygen-verifies-ours", struct keygen, NULL, keygen_set_up,
		   keygen_verifies_ours, keygen_tear_down);
	g_test_add("/sshsig/we-verify-keygen-s", struct keygen, NULL, keygen_set_up,
		   we_verify_keygen_s, keygen_tear_down);
	g_test_add_func("/sshsig/upstream-vectors", upstream_vectors);
	return g_test_run();
}
