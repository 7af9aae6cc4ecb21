/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of core/gitsig.h: signed commits, and objects on which Git and libgit2 disagree. */
#include "core/gitsig.h"
#include "core/signers.h"
#include "unit/vectors.h"

static void signed_commit(void)
{
	g_autofree char *raw = NULL, *payload = NULL, *armor = NULL;
	struct gitsig sig = {0};
	struct sshsig ssh;
	size_t len, payload_len, armor_len;

	raw = vector_load("git/signed-commit.raw", &len);
	payload = vector_load("git/signed-commit.payload", &payload_len);
	armor = vector_load("git/signed-commit.sig", &armor_len);
	g_assert_cmpint(gitsig_parse(&sig, raw, len, NULL), ==, 0);
	g_assert_cmpmem(sig.payload, sig.payload_len, payload, payload_len);
	g_assert_cmpmem(sig.armor, sig.armor_len, armor, armor_len);
	g_assert_cmpint(sshsig_parse(&ssh, sig.armor, sig.armor_len, NULL), ==, 0);
	g_assert_cmpint(sshsig_verify(&ssh, SSHSIG_NS_GIT, sig.payload, sig.payload_len, NULL), ==,
			0);
	gitsig_clear(&sig);
}

static void unsigned_commit(void)
{
	static const char raw[] = "tree b833ef252a3c496d89bfc16230141bc82a781ec5\n"
				  "author A <a@example.com> 1 +0000\n"
				  "committer A <a@example.com> 1 +0000\n\nmessage\n";
	struct gitsig sig = {0};

	g_assert_cmpint(gitsig_parse(&sig, raw, strlen(raw), NULL), ==, 0);
	g_assert_null(sig.armor);
	g_assert_cmpmem(sig.payload, sig.payload_len, raw, strlen(raw));
	gitsig_clear(&sig);
}

/* No signature that holds comes out of any of them. */
static void odd_objects(void)
{
	g_autoptr(GPtrArray) names = vector_names("git", "malleable-");

	g_assert_cmpuint(names->len, ==, 5);
	for (unsigned i = 0; i < names->len; i++) {
		g_autofree char *path = g_build_filename("git", names->pdata[i], NULL);
		g_autofree char *raw = NULL;
		struct gitsig sig = {0};
		struct sshsig ssh;
		size_t len;

		raw = vector_load(path, &len);
		g_test_message("%s", path);
		if (gitsig_parse(&sig, raw, len, NULL) == 0) {
			g_assert_true(sig.armor == NULL ||
				      sshsig_parse(&ssh, sig.armor, sig.armor_len, NULL) != 0 ||
				      sshsig_verify(&ssh, SSHSIG_NS_GIT, sig.payload,
						    sig.payload_len, NULL) != 0);
			gitsig_clear(&sig);
		}
	}
}

/* The committer's date is inside the key's validity, today is not. */
static void backdated_commit(void)
{
	g_autofree char *raw = NULL, *list_text = NULL, *strict = NULL;
	g_auto(GStrv) parts = NULL;
	struct gitsig sig = {0};
	struct signers *list = NULL;
	const struct signer *signer;
	struct sshsig ssh;
	size_t len;

	raw = vector_load("git/backdated-commit.raw", &len);
	g_assert_cmpint(gitsig_parse(&sig, raw, len, NULL), ==, 0);
	g_assert_cmpint(sshsig_parse(&ssh, sig.armor, sig.armor_len, NULL), ==, 0);
	g_assert_cmpint(sshsig_verify(&ssh, SSHSIG_NS_GIT, sig.payload, sig.payload_len, NULL), ==,
			0);
	/* The recorded list names no namespaces, which only ssh-keygen takes. */
	list_text = vector_load("git/allowed_signers_expired", &len);
	g_assert_cmpint(signers_parse(&list, list_text, len, NULL), ==, ASSENT_EMALFORMED);
	parts = g_strsplit(list_text, "valid-before", 2);
	strict = g_strconcat(parts[0], "namespaces=\"git\",valid-before", parts[1], NULL);
	g_assert_cmpint(signers_parse(&list, strict, strlen(strict), NULL), ==, 0);
	g_assert_cmpint(
		signers_find(&signer, list, NULL, &ssh.key, SSHSIG_NS_GIT, 1767225600, NULL), ==,
		ASSENT_EEXPIRED);
	signers_free(list);
	gitsig_clear(&sig);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/gitsig/signed-commit", signed_commit);
	g_test_add_func("/gitsig/unsigned-commit", unsigned_commit);
	g_test_add_func("/gitsig/odd-objects", odd_objects);
	g_test_add_func("/gitsig/backdated-commit", backdated_commit);
	return g_test_run();
}
