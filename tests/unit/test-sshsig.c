/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of core/sshsig.h and core/sign.h against recorded signatures and against ssh-keygen. */
#include <glib/gstdio.h>

#include "unit/vectors.h"

#define NS "approval@gate.example.com"

static int judge(const char *sig_path, const char *msg_path, const char *ns, struct sshsig *sig,
		 struct assent_error *err)
{
	g_autofree char *armor = NULL, *msg = NULL;
	size_t armor_len, msg_len;
	int rc;

	armor = vector_load(sig_path, &armor_len);
	msg = vector_load(msg_path, &msg_len);
	rc = sshsig_parse(sig, armor, armor_len, err);
	return rc != 0 ? rc : sshsig_verify(sig, ns, msg, msg_len, err);
}

static void key_of(struct ssh_key *key, const char *path)
{
	size_t len;
	g_autofree char *line = vector_load(path, &len);

	g_assert_cmpint(ssh_key_parse_line(key, line, NULL), ==, 0);
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
		{"bundle/plan.json.sig", "bundle/plan.json", "plan@gate.example.com",
		 "keys/agent-plan.pub", "sha512"},
		{"bundle/approval-alice.json.sig", "bundle/approval-alice.json", NS,
		 "keys/alice.pub", "sha512"},
		{"bundle/approval-carol.json.sig", "bundle/approval-carol.json", NS,
		 "keys/carol-sk.pub", "sha512"},
		{"git/signed-commit.sig", "git/signed-commit.payload", "git", "keys/alice.pub",
		 "sha512"},
		{"git/signed-tag.sig", "git/signed-tag.payload", "git", "keys/alice.pub", "sha512"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(good); i++) {
		g_autofree char *armor = NULL;
		char *again = NULL;
		struct ssh_key key;
		struct sshsig sig;
		size_t len;

		g_test_message("%s", good[i].sig);
		g_assert_cmpint(judge(good[i].sig, good[i].msg, good[i].ns, &sig, NULL), ==, 0);
		key_of(&key, good[i].key);
		g_assert_true(ssh_key_equal(&key, &sig.key));
		g_assert_cmpstr(sig.hash_alg, ==, good[i].hash);
		armor = vector_load(good[i].sig, &len);
		g_assert_cmpint(sshsig_armor(&again, &sig, NULL), ==, 0);
		g_assert_cmpstr(again, ==, armor);
		free(again);
	}
}

/* Why a file is refused; "" when only its key is not the right one. */
static const char *reason_of(const char *name)
{
	static const struct {
		const char *name, *reason;
	} all[] = {
		{"bad-carol-no-touch-flags0.json.sig", "the security key was not touched"},
		{"bad-mallory-key.json.sig", ""},
		{"bad-namespace-relabelled.json.sig", "does not match the signed bytes"},
		{"bad-raw-ed25519-over-message.json.sig", "does not match the signed bytes"},
		{"bad-sha1.json.sig", "hash 'sha1'"},
		{"bad-trailing-bytes.json.sig", "followed by bytes"},
		{"bad-trailing-in-sigblob.json.sig", "followed by bytes"},
		{"bad-version2.json.sig", "version other than 1"},
		{"bad-wrong-namespace-git.json.sig", "for namespace 'git'"},
		{"malleable-crlf.json.sig", "not an armored SSH signature"},
		{"malleable-one-long-line.json.sig", "not wrapped"},
		{"malleable-reserved-nonempty.json.sig", "reserved field"},
		{"malleable-trailing-text-after-footer.json.sig", "not an armored SSH signature"},
		{"malleable-version0.json.sig", "version other than 1"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(all); i++) {
		if (strcmp(name, all[i].name) == 0) {
			return all[i].reason;
		}
	}
	g_error("nobody says why '%s' is refused", name);
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
			const char *reason = reason_of(names->pdata[i]);
			const char *msg = strstr(path, "carol") != NULL
						  ? "sshsig/approval-carol.json"
						  : "sshsig/approval-alice.json";
			struct assent_error err = {0};
			struct ssh_key alice;
			struct sshsig sig;
			int rc = judge(path, msg, NS, &sig, &err);

			g_test_message("%s: %d %s", path, rc, err.text);
			if (*reason == '\0') {
				key_of(&alice, "keys/alice.pub");
				g_assert_cmpint(rc, ==, 0);
				g_assert_false(ssh_key_equal(&alice, &sig.key));
			} else {
				g_assert_cmpint(rc, <, 0);
				g_assert_nonnull(strstr(err.text, reason));
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

static void container_is_openssh_s(void)
{
	size_t blob_len, len;
	g_autofree char *blob = vector_load("sshsig/approval-alice.blob.bin", &blob_len);
	g_autofree guchar *bytes = NULL;
	struct sshsig sig;
	char *armor = NULL, *end;

	g_assert_cmpint(judge("sshsig/approval-alice.json.sig", "sshsig/approval-alice.json", NS,
			      &sig, NULL),
			==, 0);
	g_assert_cmpint(sshsig_armor(&armor, &sig, NULL), ==, 0);
	end = strstr(armor, "-----END");
	g_assert_nonnull(end);
	*end = '\0';
	bytes = g_base64_decode(strchr(armor, '\n'), &len);
	g_assert_cmpmem(bytes, len, blob, blob_len);
	free(armor);
}

/* What a security key is known to have signed, and the digests on the way to it. */
static void fido_facts(void)
{
	struct json_obj root, carol;
	struct json_doc *doc = vector_json("sshsig/facts.json", &root);
	size_t len, msg_len, recorded_len;
	g_autofree char *msg = vector_load("sshsig/approval-carol.json", &msg_len);
	g_autofree char *recorded =
		vector_load("sshsig/approval-carol.fido-signed-bytes.bin", &recorded_len);
	uint8_t *bytes = NULL;
	struct hash application, tbs, expected;
	struct sshsig sig, uv;

	g_assert_true(json_obj_get(&root, "carol", &carol));
	g_assert_cmpint(judge("sshsig/approval-carol.json.sig", "sshsig/approval-carol.json",
			      json_str(&root, "namespace_approval", 64), &sig, NULL),
			==, 0);
	g_assert_cmpint(sig.flags, ==, json_int(&carol, "flags", 0, 255));
	g_assert_cmpint(sig.counter, ==, json_int(&carol, "counter", 0, UINT32_MAX));
	g_assert_cmpstr(sig.key.application, ==, json_str(&root, "sk_application", 64));
	hash_bytes(&application, sig.key.application, strlen(sig.key.application));
	vector_hash(&expected, json_str(&carol, "sha256_application", 64));
	g_assert_true(hash_equal(&application, &expected));
	g_assert_cmpint(sshsig_signed_bytes(&bytes, &len, NS, sig.hash_alg, msg, msg_len, NULL), ==,
			0);
	hash_bytes(&tbs, bytes, len);
	vector_hash(&expected, json_str(&carol, "sha256_tbs", 64));
	g_assert_true(hash_equal(&tbs, &expected));
	g_assert_cmpuint(recorded_len, ==, 69);
	g_assert_cmpmem(recorded, 32, application.bytes, 32);
	g_assert_cmpmem(recorded + 32, 5, "\x01\0\0\0\x07", 5);
	g_assert_cmpmem(recorded + 37, 32, tbs.bytes, 32);
	g_assert_cmpint(
		crypto_sign_verify_detached(sig.sig, (uint8_t *)recorded, recorded_len, sig.key.pk),
		==, 0);
	g_assert_cmpint(judge("sshsig/approval-carol-uv.json.sig", "sshsig/approval-carol.json", NS,
			      &uv, NULL),
			==, 0);
	g_assert_cmpint(uv.flags, ==, 5);
	g_assert_cmpint(uv.counter, ==, 8);
	g_assert_cmpint(json_doc_status(doc, NULL), ==, 0);
	free(bytes);
	json_doc_free(doc);
}

/* The digest that people type, and what the votes name. */
static void plan_digest_is_the_recorded_one(void)
{
	static const char *const votes[] = {
		"sshsig/approval-alice.json", "sshsig/approval-bob.json",
		"sshsig/approval-carol.json", "bundle/approval-alice.json",
		"bundle/approval-carol.json"};
	struct json_obj root, vote;
	struct json_doc *doc = vector_json("sshsig/facts.json", &root), *one;
	size_t len;
	g_autofree char *plan = vector_load("sshsig/plan.json", &len);
	char text[HASH_TEXT_SIZE];
	struct hash digest;

	hash_bytes(&digest, plan, len);
	hash_text(text, &digest);
	g_assert_cmpstr(text, ==, json_str(&root, "plan_digest", 71));
	for (size_t i = 0; i < G_N_ELEMENTS(votes); i++) {
		one = vector_json(votes[i], &vote);
		g_assert_cmpstr(json_str(&vote, "plan", 71), ==, text);
		json_doc_free(one);
	}
	json_doc_free(doc);
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

/* NAME.pem, as openssl reads it: a fixed head before the 32 bytes. */
static void check_pem(const char *name, const uint8_t *pk)
{
	static const uint8_t head[] = {0x30, 0x2a, 0x30, 0x05, 0x06, 0x03,
				       0x2b, 0x65, 0x70, 0x03, 0x21, 0x00};
	g_autofree char *path = g_strdup_printf("keys/%s.pem", name);
	size_t len;
	g_autofree char *text = vector_load(path, &len);
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	g_autofree guchar *der = NULL;

	g_assert_cmpstr(lines[0], ==, "-----BEGIN PUBLIC KEY-----");
	der = g_base64_decode(lines[1], &len);
	g_assert_cmpuint(len, ==, sizeof(head) + 32);
	g_assert_cmpmem(der, sizeof(head), head, sizeof(head));
	g_assert_cmpmem(der + sizeof(head), 32, pk, 32);
	g_assert_cmpstr(lines[2], ==, "-----END PUBLIC KEY-----");
}

/* Every key of the vectors: from its seed, from its file, and the name that people see. */
static void keys_match(void)
{
	struct json_obj root, item;
	struct json_doc *doc = vector_json("keys/keys.json", &root);

	g_assert_cmpuint(json_names(&root), ==, 9);
	for (size_t i = 0; i < json_names(&root); i++) {
		const char *name = json_name(&root, i);
		g_autofree char *path = g_strdup_printf("keys/%s.pub", name);
		char text[SSH_FINGERPRINT_SIZE];
		g_autofree char *line = NULL;
		struct secret *secret = vector_secret(name);
		uint8_t pk[32], expected[32];
		struct ssh_key key;
		char *again = NULL;
		size_t len;

		g_test_message("%s", name);
		g_assert_true(json_obj_get(&root, name, &item));
		g_assert_cmpuint(vector_hex(expected, 32, json_str(&item, "pub_hex", 64)), ==, 32);
		secret_public(secret, pk);
		g_assert_cmpmem(pk, 32, expected, 32);
		key_of(&key, path);
		g_assert_cmpmem(key.pk, 32, expected, 32);
		ssh_key_fingerprint(text, &key);
		g_assert_cmpstr(text, ==, json_str(&item, "ssh_fingerprint", 64));
		line = vector_load(path, &len);
		g_assert_cmpint(ssh_key_line(&again, &key, NULL), ==, 0);
		g_assert_true(g_str_has_prefix(line, again));
		if (key.type == SSH_ED25519) {
			check_pem(name, pk);
		} else {
			g_assert_cmpstr(name, ==, "carol-sk");
		}
		free(again);
		secret_free(secret);
	}
	g_assert_cmpint(json_doc_status(doc, NULL), ==, 0);
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

	g_assert_true(g_file_set_contents_full(path, text, -1, G_FILE_SET_CONTENTS_CONSISTENT, 0600,
					       NULL));
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

static void keygen_copy(struct keygen *k, const char *vector, const char *name)
{
	size_t len;
	g_autofree char *text = vector_load(vector, &len);

	keygen_write(k, name, text);
}

/* The recorded lists mean to ssh-keygen what they mean to us, who know no list of revoked keys. */
static void keygen_reads_recorded_lists(struct keygen *k, const void *data)
{
	static const struct {
		const char *who, *list, *revoked;
		bool good;
	} all[] = {
		{"alice", "sshsig/allowed_signers", "keys/mallory.pub", true},
		{"bob", "sshsig/allowed_signers", "keys/mallory.pub", true},
		{"carol", "sshsig/allowed_signers", "keys/mallory.pub", true},
		{"alice", "sshsig/allowed_signers", "sshsig/revoked_keys", false},
		{"bob", "sshsig/allowed_signers", "sshsig/revoked_keys", true},
		{"alice", "sshsig/allowed_signers_expired", "keys/mallory.pub", false},
		{"alice", "bundle/allowed_signers", "keys/mallory.pub", true},
		{"carol", "bundle/allowed_signers", "keys/mallory.pub", true},
	};
	struct ssh_key alice, revoked;

	(void)data;
	key_of(&alice, "keys/alice.pub");
	key_of(&revoked, "sshsig/revoked_keys");
	g_assert_true(ssh_key_equal(&alice, &revoked));
	if (k->program == NULL) {
		g_test_skip("no ssh-keygen");
		return;
	}
	for (size_t i = 0; i < G_N_ELEMENTS(all); i++) {
		g_autofree char *msg = g_strdup_printf("sshsig/approval-%s.json", all[i].who);
		g_autofree char *sig = g_strconcat(msg, ".sig", NULL);
		g_autofree char *command = g_strdup_printf(
			"ssh-keygen -Y verify -f signers -I %s@example.com -n " NS
			" -s msg.sig -r key.pub -Overify-time=20260101000000Z <msg 2>/dev/null",
			all[i].who);

		g_test_message("%s in %s without %s", all[i].who, all[i].list, all[i].revoked);
		keygen_copy(k, msg, "msg");
		keygen_copy(k, sig, "msg.sig");
		keygen_copy(k, all[i].list, "signers");
		keygen_copy(k, all[i].revoked, "key.pub");
		g_assert_true((keygen_run(k, command) == 0) == all[i].good);
	}
}

/* OpenSSH's own test data, where the tester has it. */
static void upstream_vectors(void)
{
	static const struct {
		const char *name;
		int rc;
		uint8_t flags;
		uint32_t counter;
	} all[] = {
		{"ed25519", 0, 0, 0},
		{"ed25519_sk", 0, 1, 0x12345678},
		{"ecdsa_sk", ASSENT_EUNSUPPORTED, 0, 0},
		{"ecdsa_sk_webauthn", ASSENT_EUNSUPPORTED, 0, 0},
	};
	size_t len, msg_len;
	g_autofree char *msg = upstream_load("upstream-openssh-sshsig/signed-data", &msg_len);
	g_autofree char *ns = NULL;

	if (msg == NULL) {
		return;
	}
	ns = g_strchomp(upstream_load("upstream-openssh-sshsig/namespace", &len));
	for (size_t i = 0; i < G_N_ELEMENTS(all); i++) {
		g_autofree char *path =
			g_strdup_printf("upstream-openssh-sshsig/%s.sig", all[i].name);
		g_autofree char *key_path =
			g_strdup_printf("upstream-openssh-sshsig/%s.pub", all[i].name);
		g_autofree char *armor = upstream_load(path, &len), *line = NULL;
		struct ssh_key key;
		struct sshsig sig;
		size_t line_len;

		g_test_message("%s", all[i].name);
		line = upstream_load(key_path, &line_len);
		g_assert_cmpint(sshsig_parse(&sig, armor, len, NULL), ==, all[i].rc);
		g_assert_cmpint(ssh_key_parse_line(&key, line, NULL), ==, all[i].rc);
		if (all[i].rc == 0) {
			g_assert_cmpint(sshsig_verify(&sig, ns, msg, msg_len, NULL), ==, 0);
			g_assert_true(ssh_key_equal(&key, &sig.key));
			g_assert_cmpint(sig.flags, ==, all[i].flags);
			g_assert_cmpuint(sig.counter, ==, all[i].counter);
			g_assert_cmpint(sshsig_verify(&sig, ns, msg, msg_len - 1, NULL), ==,
					ASSENT_ESIGNATURE);
		}
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/sshsig/verifies-good-vectors", verifies_good_vectors);
	g_test_add_func("/sshsig/refuses-bad-vectors", refuses_bad_vectors);
	g_test_add_func("/sshsig/every-cut-and-flip-is-refused", every_cut_and_flip_is_refused);
	g_test_add_func("/sshsig/signed-bytes-are-openssh-s", signed_bytes_are_openssh_s);
	g_test_add_func("/sshsig/container-is-openssh-s", container_is_openssh_s);
	g_test_add_func("/sshsig/fido-facts", fido_facts);
	g_test_add_func("/sshsig/plan-digest-is-the-recorded-one", plan_digest_is_the_recorded_one);
	g_test_add_func("/sshsig/keys-match", keys_match);
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
	g_test_add("/sshsig/keygen-reads-recorded-lists", struct keygen, NULL, keygen_set_up,
		   keygen_reads_recorded_lists, keygen_tear_down);
	g_test_add_func("/sshsig/upstream-vectors", upstream_vectors);
	return g_test_run();
}
