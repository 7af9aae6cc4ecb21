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

/* The object's id, as Git computes it. */
static void check_id(const char *kind, const char *raw, size_t len, const char *id)
{
	g_autofree char *head = g_strdup_printf("%s %zu", kind, len);
	g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA1);

	g_checksum_update(sum, (guchar *)head, (gssize)strlen(head) + 1);
	g_checksum_update(sum, (guchar *)raw, (gssize)len);
	g_assert_cmpstr(g_checksum_get_string(sum), ==, id);
}

/* Who signed the recorded commit, by the list recorded with it. */
static void known_signer(void)
{
	size_t len, list_len;
	g_autofree char *raw = vector_load("git/signed-commit.raw", &len);
	g_autofree char *text = vector_load("git/allowed_signers", &list_len);
	struct gitsig sig = {0};
	struct signers *list = NULL;
	const struct signer *signer = NULL;
	struct sshsig ssh;

	check_id("commit", raw, len, "c293d3bafbc4db03b7613a9076e62b9087d4f4a5");
	g_assert_cmpint(gitsig_parse(&sig, raw, len, NULL), ==, 0);
	g_assert_cmpint(sshsig_parse(&ssh, sig.armor, sig.armor_len, NULL), ==, 0);
	g_assert_cmpint(signers_parse(&list, text, list_len, NULL), ==, 0);
	g_assert_cmpint(
		signers_find(&signer, list, NULL, &ssh.key, SSHSIG_NS_GIT, 1767225600, NULL), ==,
		0);
	g_assert_cmpstr(signer->principal, ==, "alice@example.com");
	g_assert_cmpint(
		signers_find(&signer, list, NULL, &ssh.key, SSHSIG_NS_APPROVAL, 1767225600, NULL),
		==, ASSENT_EUNTRUSTED);
	signers_free(list);
	gitsig_clear(&sig);
}

/* A tag carries its signature behind its text; it is no commit, and not taken for one. */
static void signed_tag(void)
{
	size_t len, payload_len, armor_len;
	g_autofree char *raw = vector_load("git/signed-tag.raw", &len);
	g_autofree char *payload = vector_load("git/signed-tag.payload", &payload_len);
	g_autofree char *armor = vector_load("git/signed-tag.sig", &armor_len);
	struct assent_error err = {0};
	struct gitsig sig = {0};

	g_assert_cmpuint(len, ==, payload_len + armor_len);
	g_assert_cmpmem(raw, payload_len, payload, payload_len);
	g_assert_cmpmem(raw + payload_len, armor_len, armor, armor_len);
	g_assert_cmpint(gitsig_parse(&sig, raw, len, &err), ==, ASSENT_EMALFORMED);
	g_assert_cmpstr(err.text, ==, "not a commit");
	g_assert_null(sig.armor);
}

/* Git and libgit2 disagree about each of them; no signature comes out of any. */
static void odd_objects(void)
{
	static const struct {
		const char *name, *reason; /* NULL: a commit without a signature */
	} all[] = {
		{"gpgsigfoo-prefix-header", "second or unknown signature header"},
		{"second-header-gpgsig-sha256-first", "second or unknown signature header"},
		{"sig-in-message-body", NULL},
		{"two-gpgsig", "second or unknown signature header"},
		{"unsigned-text-after-NUL", "NUL byte"},
	};
	g_autoptr(GPtrArray) names = vector_names("git", "malleable-");

	g_assert_cmpuint(names->len, ==, G_N_ELEMENTS(all));
	for (size_t i = 0; i < G_N_ELEMENTS(all); i++) {
		g_autofree char *path = g_strdup_printf("git/malleable-%s.raw", all[i].name);
		size_t len;
		g_autofree char *raw = vector_load(path, &len);
		struct assent_error err = {0};
		struct gitsig sig = {0};

		g_test_message("%s", path);
		if (all[i].reason != NULL) {
			g_assert_cmpint(gitsig_parse(&sig, raw, len, &err), ==, ASSENT_EMALFORMED);
			g_assert_nonnull(strstr(err.text, all[i].reason));
		} else {
			g_assert_cmpint(gitsig_parse(&sig, raw, len, NULL), ==, 0);
		}
		g_assert_null(sig.armor);
		gitsig_clear(&sig);
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
	g_assert_nonnull(strstr(sig.payload, "committer Alice <alice@example.com> 1717200000 "));
	g_assert_cmpint(
		signers_find(&signer, list, NULL, &ssh.key, SSHSIG_NS_GIT, 1717200000, NULL), ==,
		0);
	signers_free(list);
	gitsig_clear(&sig);
}

#define TREE "tree b833ef252a3c496d89bfc16230141bc82a781ec5\n"
#define BY "author A <a@example.com> 1 +0000\ncommitter A <a@example.com> 7 +0000\n"

/* As git takes odd objects apart: what it drops, and what it joins. */
static void split_as_git(void)
{
	static const struct {
		const char *raw, *payload, *armor;
	} rows[] = {
		{TREE BY "\nm\n", TREE BY "\nm\n", NULL},
		{TREE BY "gpgsig a\n b\n\nm\n", TREE BY "\nm\n", "a\nb\n"},
		{TREE "gpgsig a\n" BY "gpgsig b\n c\n\nm\n", TREE BY "\nm\n", "a\nb\nc\n"},
		{TREE "gpgsig-sha256 x\n y\n" BY "gpgsig a\n\nm", TREE BY "\nm", "a\n"},
		{TREE BY "gpgsig\n a\n\nm\n", TREE BY "\nm\n", NULL},
		{TREE BY "x y\n z\n\ngpgsig a\n", TREE BY "x y\n z\n\ngpgsig a\n", NULL},
		{TREE BY "gpgsig a", TREE BY, "a"},
		{"", "", NULL},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		struct gitsig sig = {0};

		g_assert_cmpint(gitsig_split(&sig, rows[i].raw, strlen(rows[i].raw), NULL), ==, 0);
		g_assert_cmpmem(sig.payload, sig.payload_len, rows[i].payload,
				strlen(rows[i].payload));
		g_assert_cmpstr(sig.armor, ==, rows[i].armor);
		gitsig_clear(&sig);
	}
}

static void time_as_git(void)
{
	static const struct {
		const char *line;
		bool found;
		uint64_t time;
	} rows[] = {
		{"committer A <a> 12 +0000\n", true, 12},
		{"committer A <a>   12 \t-0130\n", true, 12},
		{"committer A <a> B> 12 +0\n", true, 12},
		{"committer A <a> 12\n", true, 0},
		{"committer A <a> -12 +0000\n", true, 0},
		{"committer A <a> 12 +\n", true, 0},
		{"committer A <a>\n", true, 0},
		{"committer A <a> 99999999999999999999 +0000\n", true, UINT64_MAX},
		{"committer A <a> 1 +0000\ncommitter A <a> 2 +0000\n", true, 1},
		{"committer A <a 1 +0000\n", false, 0},
		{"committer A a> 1 +0000\n", false, 0},
		{"committer \n", false, 0},
		{"author A <a> 1 +0000\n", false, 0},
		{"\ncommitter A <a> 1 +0000\n", false, 0},
		{"", false, 0},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		uint64_t time = 0;

		g_assert_cmpint(gitsig_time(&time, rows[i].line, strlen(rows[i].line)), ==,
				rows[i].found);
		g_assert_cmpuint(time, ==, rows[i].time);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/gitsig/signed-commit", signed_commit);
	g_test_add_func("/gitsig/known-signer", known_signer);
	g_test_add_func("/gitsig/signed-tag", signed_tag);
	g_test_add_func("/gitsig/unsigned-commit", unsigned_commit);
	g_test_add_func("/gitsig/odd-objects", odd_objects);
	g_test_add_func("/gitsig/backdated-commit", backdated_commit);
	g_test_add_func("/gitsig/split-as-git-does", split_as_git);
	g_test_add_func("/gitsig/time-as-git-does", time_as_git);
	return g_test_run();
}
