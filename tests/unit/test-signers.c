/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of core/signers.h: the strict approver list. */
#include "core/signers.h"
#include "unit/vectors.h"

#define NS "approval@gate.example.com"
#define ALICE "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPk5tDCIKXuI/KOg2ly9Z/AgypHpHgyfX7AgCQ84BoEg"
#define BOB "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDSqEsAOidEBoL+agOIljfzFdoCxtgsLjsD/hxI44GN3"

static struct signers *load(const char *path)
{
	g_autofree char *text = NULL;
	struct signers *list = NULL;
	size_t len;

	text = vector_load(path, &len);
	g_assert_cmpint(signers_parse(&list, text, len, NULL), ==, 0);
	return list;
}

static void key_of(struct ssh_key *key, const char *path)
{
	g_autofree char *line = NULL;
	size_t len;

	line = vector_load(path, &len);
	g_assert_cmpint(ssh_key_parse_line(key, line, NULL), ==, 0);
}

static void vectors(void)
{
	struct signers *list = load("sshsig/allowed_signers"), *none = NULL;
	g_autofree char *broken = NULL;
	const struct signer *signer;
	struct ssh_key alice, carol, mallory;
	struct assent_error err;
	size_t len;

	g_assert_cmpuint(list->count, ==, 4);
	g_assert_true(signers_has_principal(list, "bob@example.com"));
	g_assert_false(signers_has_principal(list, "bob"));
	key_of(&alice, "keys/alice.pub");
	key_of(&carol, "keys/carol-sk.pub");
	key_of(&mallory, "keys/mallory.pub");
	g_assert_cmpint(
		signers_find(&signer, list, "alice@example.com", &alice, NS, 1767225600, NULL), ==,
		0);
	g_assert_cmpstr(signer->principal, ==, "alice@example.com");
	g_assert_cmpint(signers_find(&signer, list, NULL, &carol, NS, 1767225600, NULL), ==, 0);
	g_assert_cmpstr(signer->principal, ==, "carol@example.com");
	g_assert_cmpint(
		signers_find(&signer, list, "bob@example.com", &alice, NS, 1767225600, &err), ==,
		ASSENT_EUNTRUSTED);
	g_assert_cmpint(signers_find(&signer, list, NULL, &mallory, NS, 1767225600, &err), ==,
			ASSENT_EUNTRUSTED);
	g_assert_nonnull(strstr(err.text, "SHA256:"));
	g_assert_cmpint(signers_find(&signer, list, NULL, &alice, "git", 1767225600, &err), ==,
			ASSENT_EUNTRUSTED);
	signers_free(list);
	broken = vector_load("sshsig/allowed_signers_broken_line", &len);
	g_assert_cmpint(signers_parse(&none, broken, len, NULL), ==, ASSENT_EMALFORMED);
	g_assert_null(none);
}

/* The list of the recorded bundle is the one that its first entry names. */
static void bundle(void)
{
	struct json_obj root;
	struct json_doc *doc = vector_json("bundle/proofs/0.leaf", &root);
	struct signers *list = load("bundle/allowed_signers");
	char text[HASH_TEXT_SIZE];

	hash_text(text, &list->digest);
	g_assert_cmpstr(json_str(&root, "allowed_signers", 71), ==, text);
	g_assert_cmpuint(list->count, ==, 4);
	signers_free(list);
	json_doc_free(doc);
}

static void validity_is_inclusive(void)
{
	struct signers *list = load("sshsig/allowed_signers");
	const struct signer *signer;
	struct ssh_key alice;

	key_of(&alice, "keys/alice.pub");
	/* 2025-01-01 to 2030-01-01, both counted */
	g_assert_cmpint(signers_find(&signer, list, NULL, &alice, NS, 1735689600, NULL), ==, 0);
	g_assert_cmpint(signers_find(&signer, list, NULL, &alice, NS, 1735689599, NULL), ==,
			ASSENT_EEXPIRED);
	g_assert_cmpint(signers_find(&signer, list, NULL, &alice, NS, 1893456000, NULL), ==, 0);
	g_assert_cmpint(signers_find(&signer, list, NULL, &alice, NS, 1893456001, NULL), ==,
			ASSENT_EEXPIRED);
	signers_free(list);
	list = load("sshsig/allowed_signers_expired");
	g_assert_cmpint(signers_find(&signer, list, NULL, &alice, NS, 1767225600, NULL), ==,
			ASSENT_EEXPIRED);
	signers_free(list);
}

static void good_lines(void)
{
	static const char text[] =
		"# comment\n"
		"\n"
		"  # another\n"
		"alice,al namespaces=\"a,b\",valid-before=\"20300228123456Z\" " ALICE " a comment\n"
		"bob valid-after=\"202401010000Z\",namespaces=\"b\" " BOB "\n";
	struct signers *list = NULL;

	g_assert_cmpint(signers_parse(&list, text, strlen(text), NULL), ==, 0);
	g_assert_cmpuint(list->count, ==, 3);
	g_assert_cmpstr(list->items[1].principal, ==, "al");
	g_assert_cmpint(list->items[0].valid_before, ==, 1898512496);
	g_assert_cmpint(list->items[2].valid_after, ==, 1704067200);
	signers_free(list);
	list = NULL;
	g_assert_cmpint(signers_parse(&list, "", 0, NULL), ==, 0);
	g_assert_cmpuint(list->count, ==, 0);
	signers_free(list);
}

static void one_bad_line_spoils_the_list(void)
{
	static const char *const bad[] = {
		"alice " ALICE "\n",
		"alice namespaces=\"\" " ALICE "\n",
		"alice namespaces=\"*\" " ALICE "\n",
		"alice namespaces=\"a,a\" " ALICE "\n",
		"alice namespaces=\"a\",namespaces=\"b\" " ALICE "\n",
		"alice NAMESPACES=\"a\" " ALICE "\n",
		"alice cert-authority,namespaces=\"a\" " ALICE "\n",
		"alice namespaces=\"a\",valid-before=\"20300101\" " ALICE "\n",
		"alice namespaces=\"a\",valid-before=\"20300230Z\" " ALICE "\n",
		"alice "
		"namespaces=\"a\",valid-before=\"20300101Z\",valid-before=\"20300101Z\" " ALICE
		"\n",
		"* namespaces=\"a\" " ALICE "\n",
		"!bob namespaces=\"a\" " ALICE "\n",
		"alice,alice namespaces=\"a\" " ALICE "\n",
		"alice, namespaces=\"a\" " ALICE "\n",
		"alice namespaces=\"a\" ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQ==\n",
		"alice namespaces=\"a\" " ALICE "\r\n",
		"alice namespaces=\"a\" " ALICE,
		"alice namespaces=\"a\" " ALICE "\nbob namespaces=\"a\" " ALICE "\n",
		"alice namespaces=\"a\" ssh-ed25519\n",
		"alice namespaces=\"a\n",
		"alice\n",
	};

	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_autofree char *text =
			g_strconcat("carol namespaces=\"x\" " BOB "\n", bad[i], NULL);
		struct assent_error err = {0};
		struct signers *list = NULL;

		g_assert_cmpint(signers_parse(&list, text, strlen(text), &err), <, 0);
		g_assert_null(list);
		g_test_message("%s", err.text);
		g_assert_true(g_str_has_prefix(err.text, "line "));
	}
	{
		static const char nul[] = "alice\0 x\n";
		struct signers *list = NULL;

		g_assert_cmpint(signers_parse(&list, nul, sizeof(nul) - 1, NULL), <, 0);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/signers/vectors", vectors);
	g_test_add_func("/signers/bundle", bundle);
	g_test_add_func("/signers/validity-is-inclusive", validity_is_inclusive);
	g_test_add_func("/signers/good-lines", good_lines);
	g_test_add_func("/signers/one-bad-line-spoils-the-list", one_bad_line_spoils_the_list);
	return g_test_run();
}
