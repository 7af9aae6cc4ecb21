/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of base/trust.c and base/secure.c. */
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/secure.h"
#include "base/trust.h"
#include "signer-line.h"
#include "temp-dir.h"

static char *good_text(void)
{
	g_autofree char *key = seed_key_line(1);

	return g_strdup_printf("agents:\n  web1.example.org: %s\napprovers: allowed_signers\n"
			       "attested: [slack, page]\nbreak_glass: true\nrestore: "
			       "true\nminimum: 2\npeople:\n  alice: "
			       "[alice@example.org, a@b]\n  bob: b@c\n",
			       key);
}

static char *make(const char *dir, const char *trust)
{
	g_autofree char *alice = seed_signer_line("alice", 2);

	g_free(temp_file(dir, "allowed_signers", alice));
	return temp_file(dir, "trust.yaml", trust);
}

static void test_reads_all_of_it(void)
{
	char *dir = temp_new();
	g_autofree char *text = good_text();
	g_autofree char *file = make(dir, text);
	g_autofree char *expected = seed_key_line(1);
	g_autoptr(trust_auto) trust = NULL;
	g_autoptr(GError) error = NULL;
	const struct approval_person *person;
	struct assent_error cerr;
	char *line = NULL;

	g_assert_true(trust_load(file, &trust, &error));
	g_assert_no_error(error);
	g_assert_cmpint(trust->minimum, ==, 2);
	g_assert_true(trust->break_glass);
	g_assert_true(trust->restore);
	g_assert_cmphex(trust->attested, ==,
			CHANNEL_BIT(CHANNEL_SLACK) | CHANNEL_BIT(CHANNEL_PAGE));
	g_assert_cmpuint(trust->signers->count, ==, 1);
	g_assert_null(trust_agent_key(trust, "web1"));
	g_assert_cmpint(ssh_key_line(&line, trust_agent_key(trust, "web1.example.org"), &cerr), ==,
			0);
	g_assert_cmpstr(line, ==, expected);
	free(line);
	g_assert_cmpuint(trust->people->len, ==, 2);
	person = &g_array_index(trust->people, struct approval_person, 0);
	g_assert_cmpstr(person->name, ==, "alice");
	g_assert_cmpstr(person->emails[1], ==, "a@b");
	g_assert_null(person->emails[2]);
	person = &g_array_index(trust->people, struct approval_person, 1);
	g_assert_cmpstr(person->emails[0], ==, "b@c");
	temp_free(dir);
}

static void test_scope_is_read(void)
{
	char *dir = temp_new();
	g_autofree char *good = good_text();
	g_autofree char *text = g_strconcat(good,
					    "paths: [/etc/app/**, /srv/www]\nkinds: "
					    "[file, tree]\nsetuid: true\nseal_key: seal.key\n",
					    NULL);
	g_autofree char *file = make(dir, text);
	g_autofree char *beside = g_build_filename(dir, "seal.key", NULL);
	g_autoptr(trust_auto) trust = NULL;
	g_autoptr(GError) error = NULL;

	g_assert_true(trust_load(file, &trust, &error));
	g_assert_no_error(error);
	g_assert_cmpuint(g_strv_length(trust->paths), ==, 2);
	/* Beside the file. */
	g_assert_cmpstr(trust->seal_key, ==, beside);
	g_assert_cmpstr(trust->paths[0], ==, "/etc/app/**");
	g_assert_cmpstr(trust->kinds[1], ==, "tree");
	g_assert_true(trust->setuid);
	temp_free(dir);
}

/* In a folder of a user's, or one below /tmp, no file is root's alone. */
static void test_root_takes_only_roots(void)
{
	char *dir = temp_new();
	g_autofree char *text = good_text();
	g_autofree char *file = make(dir, text);
	g_autofree char *link = g_build_filename(dir, "link", NULL);
	g_autofree char *through = g_build_filename(link, "trust.yaml", NULL);
	g_autofree char *read = NULL;
	struct trust *trust = NULL;
	g_autoptr(GError) error = NULL;
	size_t len;

	g_assert_false(trust_load_root(file, &trust, &error));
	g_assert_null(trust);
	g_test_message("%s", error->message);
	g_assert_true(g_str_has_prefix(error->message, "trust file: folder '/"));
	g_clear_error(&error);
	g_assert_cmpint(symlink("/", link), ==, 0);
	g_assert_false(secure_folder_root(through, &error));
	g_clear_error(&error);
	g_assert_false(secure_read_root("trust.yaml", 100, &read, &len, &error));
	g_assert_cmpstr(error->message, ==, "'.' is not an absolute path");
	temp_free(dir);
}

static void test_written_text_is_read(void)
{
	char *dir = temp_new();
	g_autofree char *key = seed_key_line(1);
	g_autofree char *text = trust_text("web1", key, "it's: a list", 1);
	g_autofree char *file = make(dir, text);
	g_autofree char *list = seed_signer_line("alice", 2);
	g_autoptr(trust_auto) trust = NULL;
	g_autoptr(GError) error = NULL;

	g_free(temp_file(dir, "it's: a list", list));
	g_assert_true(trust_load(file, &trust, &error));
	g_assert_no_error(error);
	g_assert_nonnull(trust_agent_key(trust, "web1"));
	g_assert_false(trust->break_glass);
	g_assert_false(trust->restore);
	g_assert_cmphex(trust->attested, ==, 0); // nothing unless it is asked for
	temp_free(dir);
}

static void refuse(const char *file, const char *part)
{
	struct trust *trust = NULL;
	g_autoptr(GError) error = NULL;

	g_assert_false(trust_load(file, &trust, &error));
	g_assert_null(trust);
	g_test_message("%s", error->message);
	if (strstr(error->message, part) == NULL) {
		g_error("'%s' is not in '%s'", part, error->message);
	}
}

static void test_bad_files_are_refused(void)
{
	static const struct {
		const char *text, *part;
	} cases[] = {
		{"", ""},
		{"approvers: allowed_signers\n", "'agents' is missing"},
		{"agents: {}\napprovers: allowed_signers\n", "'agents' is missing"},
		{"agents: {a: ssh-ed25519 AAAA}\napprovers: allowed_signers\n", "key of agent 'a'"},
		{"agents: {a: ssh-rsa AAAA}\napprovers: allowed_signers\n", "key of agent 'a'"},
		{"agents: {a b: KEY}\napprovers: allowed_signers\n", "is not an agent's name"},
		{"agents: {a: KEY}\n", "'approvers' is missing"},
		{"agents: {a: KEY}\napprovers: missing\n", "No such file"},
		{"agents: {a: KEY}\napprovers: trust.yaml\n", "approver list"},
		{"agents: {a: KEY}\napprovers: allowed_signers\nminimum: -1\n",
		 "'minimum' must be"},
		{"agents: {a: KEY}\napprovers: allowed_signers\nmaximum: 1\n", "unknown key"},
		{"agents: {a: KEY, a: KEY}\napprovers: allowed_signers\n", "2:"},
		{"- a\n", "a map"},
		{"agents: {a: KEY}\napprovers: allowed_signers\nattested: [signature]\n",
		 "'signature' is no channel that is attested"},
		{"agents: {a: KEY}\napprovers: allowed_signers\nattested: pigeon\n",
		 "'pigeon' is no channel"},
		{"agents: {a: KEY}\napprovers: allowed_signers\npaths: etc/app\n",
		 "'etc/app' is not an absolute path"},
		{"agents: {a: KEY}\napprovers: allowed_signers\npaths: [/etc, /srv/../etc]\n",
		 "'/srv/../etc' is not an absolute path"},
		{"agents: {a: KEY}\napprovers: allowed_signers\npaths: ['~/x']\n", "is not an"},
		{"agents: {a: KEY}\napprovers: allowed_signers\npaths: [/a//b]\n", "is not an"},
		{"agents: {a: KEY}\napprovers: allowed_signers\npaths: {a: b}\n", "not a map"},
		{"agents: {a: KEY}\napprovers: allowed_signers\nseal_key: ''\n",
		 "'seal_key' is empty"},
		{"agents: {a: KEY}\napprovers: allowed_signers\nseal_key: [a]\n", "seal_key"},
		{"agents: {a: KEY}\napprovers: allowed_signers\nkinds: [File]\n",
		 "'File' is not a kind"},
		{"agents: {a: KEY}\napprovers: allowed_signers\nsetuid: 7\n", "setuid"},
		{"agents: {a: KEY}\napprovers: allowed_signers\npackages: [a/b]\n",
		 "'a/b' is not a package's name"},
		{"agents: {a: KEY}\napprovers: allowed_signers\nservices: ['']\n",
		 "'' is not a unit's name"},
		{"agents: {a: KEY}\napprovers: allowed_signers\ncommands: [bin/x]\n",
		 "'bin/x' is not a program's absolute path"},
	};
	g_autofree char *key = seed_key_line(1);

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		char *dir = temp_new();
		g_auto(GStrv) parts = g_strsplit(cases[i].text, "KEY", -1);
		g_autofree char *text = g_strjoinv(key, parts);
		g_autofree char *file = make(dir, text);

		refuse(file, i == 11 ? "'a'" : cases[i].part);
		temp_free(dir);
	}
}

static void test_what_others_may_write_is_refused(void)
{
	char *dir = temp_new();
	g_autofree char *text = good_text();
	g_autofree char *file = make(dir, text);
	g_autofree char *list = g_build_filename(dir, "allowed_signers", NULL);
	g_autofree char *link = g_build_filename(dir, "link", NULL);
	g_autofree char *fifo = g_build_filename(dir, "fifo", NULL);
	g_autofree char *below = g_build_filename(dir, "below", NULL);
	g_autofree char *deep = g_build_filename(below, "deep", NULL);

	g_assert_cmpint(g_chmod(file, 0664), ==, 0);
	refuse(file, "run 'chmod go-w' on it");
	g_assert_cmpint(g_chmod(file, 0602), ==, 0);
	refuse(file, "run 'chmod go-w' on it");
	g_assert_cmpint(g_chmod(file, 0600), ==, 0);
	g_assert_cmpint(g_chmod(list, 0660), ==, 0);
	refuse(file, "approver list");
	g_assert_cmpint(g_chmod(list, 0600), ==, 0);
	g_assert_cmpint(g_chmod(dir, 0770), ==, 0);
	refuse(file, "folder");
	g_assert_cmpint(g_chmod(dir, 01777), ==, 0);
	refuse(file, "folder");
	g_assert_cmpint(g_chmod(dir, 0700), ==, 0);
	g_assert_cmpint(symlink("trust.yaml", link), ==, 0);
	refuse(link, "symbolic link");
	g_assert_cmpint(mkfifo(fifo, 0600), ==, 0);
	refuse(fifo, "not a regular file");
	refuse(dir, "not a regular file");
	/* A folder further up counts as well. */
	g_assert_cmpint(g_mkdir_with_parents(deep, 0700), ==, 0);
	{
		g_autofree char *copy = make(deep, text);

		g_assert_cmpint(g_chmod(below, 0777), ==, 0);
		refuse(copy, "folder");
		g_assert_cmpint(g_chmod(below, 0755), ==, 0);
		if (geteuid() == 0) {
			g_assert_cmpint(chown(copy, 12345, 12345), ==, 0);
			refuse(copy, "belongs to uid 12345");
			g_assert_cmpint(chown(copy, 0, 0), ==, 0);
			g_assert_cmpint(chown(below, 12345, 12345), ==, 0);
			refuse(copy, "belongs to uid 12345");
			g_assert_cmpint(chown(below, 0, 0), ==, 0);
		}
		g_autoptr(trust_auto) trust = NULL;
		g_autoptr(GError) error = NULL;

		g_assert_true(trust_load(copy, &trust, &error));
		g_assert_no_error(error);
	}
	temp_free(dir);
}

static void refuse_linked(const char *path, const char *part)
{
	g_autoptr(GError) error = NULL;

	g_assert_false(secure_linked(path, &error));
	g_test_message("%s", error->message);
	g_assert_nonnull(strstr(error->message, part));
}

static void take_linked(const char *path)
{
	g_autoptr(GError) error = NULL;

	g_assert_true(secure_linked(path, &error));
	g_assert_no_error(error);
}

/* Whoever may change a link on the way says which file it is. */
static void test_links_are_out_of_reach(void)
{
	char *dir = temp_new();
	g_autofree char *file = temp_file(dir, "keys", "");
	g_autofree char *open = g_build_filename(dir, "open", NULL);
	g_autofree char *up = g_build_filename(open, "up", NULL);
	g_autofree char *through = g_build_filename(up, "keys", NULL);
	g_autofree char *link = g_build_filename(dir, "link", NULL);
	g_autofree char *first = g_build_filename(dir, "first", NULL);
	g_autofree char *round = g_build_filename(dir, "round", NULL);
	g_autofree char *relative = g_build_filename(dir, "open", "up", "open", "..", "link", NULL);

	g_assert_cmpint(g_mkdir(open, 0755), ==, 0);
	g_assert_cmpint(symlink("..", up), ==, 0);
	g_assert_cmpint(symlink("open/up/keys", link), ==, 0);
	g_assert_cmpint(symlink(link, first), ==, 0);
	g_assert_cmpint(symlink("round", round), ==, 0);
	take_linked(file);
	take_linked(through);
	take_linked(first);
	take_linked(relative);
	g_assert_cmpint(g_chmod(open, 0777), ==, 0);
	take_linked(file);
	refuse_linked(through, "/open' can be written by others");
	refuse_linked(link, "/open' can be written by others");
	refuse_linked(first, "/open' can be written by others");
	g_assert_cmpint(g_chmod(open, 0755), ==, 0);
	g_assert_cmpint(g_chmod(file, 0666), ==, 0);
	refuse_linked(first, "/keys' can be written by others");
	g_assert_cmpint(g_unlink(file), ==, 0);
	refuse_linked(first, "cannot open '");
	refuse_linked(round, "cannot open '");
	refuse_linked("keys", "'keys' is not an absolute path");
	temp_free(dir);
}

static void test_size_is_bounded(void)
{
	char *dir = temp_new();
	g_autofree char *file = temp_file(dir, "x", "0123456789");
	g_autofree char *text = NULL;
	g_autoptr(GError) error = NULL;
	size_t len;

	g_assert_true(secure_read(file, 10, &text, &len, &error));
	g_assert_cmpuint(len, ==, 10);
	g_assert_cmpstr(text, ==, "0123456789");
	g_clear_pointer(&text, g_free);
	g_assert_false(secure_read(file, 9, &text, &len, &error));
	g_assert_error(error, BASE_ERROR, BASE_ERROR_LIMIT);
	g_clear_error(&error);
	g_assert_false(secure_read("/nowhere/at/all", 9, &text, &len, &error));
	g_assert_error(error, BASE_ERROR, BASE_ERROR_NOT_FOUND);
	temp_free(dir);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/trust/reads-all-of-it", test_reads_all_of_it);
	g_test_add_func("/trust/written-text-is-read", test_written_text_is_read);
	g_test_add_func("/trust/scope-is-read", test_scope_is_read);
	g_test_add_func("/trust/root-takes-only-roots", test_root_takes_only_roots);
	g_test_add_func("/trust/bad-files-are-refused", test_bad_files_are_refused);
	g_test_add_func("/trust/what-others-may-write-is-refused",
			test_what_others_may_write_is_refused);
	g_test_add_func("/trust/links-are-out-of-reach", test_links_are_out_of_reach);
	g_test_add_func("/trust/size-is-bounded", test_size_is_bounded);
	return g_test_run();
}
