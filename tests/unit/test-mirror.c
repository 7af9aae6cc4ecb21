/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of worker/source/mirror*.c and commits.c, over file://. */
#include "worker/source/mirror.h"

#include "worker/job.h"
#include "worker/source/commits.h"
#include "worker/source/repo.h"

#include "base/error.h"

#include <glib/gstdio.h>
#include <string.h>

struct rig {
	char *dir, *origin, *mirror, *url;
	git_repository *repository; /* the origin */
	git_oid tip;
	unsigned count;
};

static git_oid put(git_repository *repository, git_object_t type, const void *data, size_t len)
{
	g_autoptr(git_odb_auto) odb = NULL;
	git_oid oid;

	g_assert_cmpint(git_repository_odb(&odb, repository), ==, 0);
	g_assert_cmpint(git_odb_write(&oid, odb, data, len, type), ==, 0);
	return oid;
}

static git_oid put_tree(git_repository *repository, const git_oid *blob)
{
	g_autoptr(GString) raw = g_string_new("100644 file");

	g_string_append_c(raw, '\0');
	g_string_append_len(raw, (const char *)blob->id, 20);
	return put(repository, GIT_OBJECT_TREE, raw->str, raw->len);
}

/* A commit of one file upon parent (NULL: none), with these headers' people and message. */
static git_oid put_commit(struct rig *rig, const git_oid *parent, const char *people,
			  const char *message)
{
	g_autofree char *content = g_strdup_printf("content %u\n", rig->count++);
	git_oid blob = put(rig->repository, GIT_OBJECT_BLOB, content, strlen(content));
	git_oid tree = put_tree(rig->repository, &blob);
	g_autoptr(GString) raw = g_string_new(NULL);

	g_string_append_printf(raw, "tree %s\n", git_oid_tostr_s(&tree));
	if (parent != NULL) {
		g_string_append_printf(raw, "parent %s\n", git_oid_tostr_s(parent));
	}
	g_string_append_printf(raw, "%s\n%s", people, message);
	return put(rig->repository, GIT_OBJECT_COMMIT, raw->str, raw->len);
}

static const char plain_people[] = "author A <a@x> 1700000000 +0000\n"
				   "committer C <c@x> 1700000001 +0000\n";

static void move_branch(struct rig *rig, const git_oid *oid)
{
	g_autoptr(git_reference_auto) ref = NULL;

	g_assert_cmpint(
		git_reference_create(&ref, rig->repository, "refs/heads/main", oid, 1, NULL), ==,
		0);
	rig->tip = *oid;
}

static void advance(struct rig *rig)
{
	git_oid oid = put_commit(rig, rig->count == 0 ? NULL : &rig->tip, plain_people, "next\n");

	move_branch(rig, &oid);
}

static void rig_up(struct rig *rig, const void *data)
{
	GError *error = NULL;

	rig->dir = g_dir_make_tmp("assent-mirror-XXXXXX", NULL);
	rig->origin = g_build_filename(rig->dir, "origin.git", NULL);
	rig->mirror = g_build_filename(rig->dir, "state", "mirror.git", NULL);
	rig->url = g_strconcat("file://", rig->origin, NULL);
	g_assert_true(repo_setup(&error));
	g_assert_cmpint(git_repository_init(&rig->repository, rig->origin, 1), ==, 0);
	advance(rig);
}

static void rig_down(struct rig *rig, const void *data)
{
	g_autofree char *quoted = g_shell_quote(rig->dir);
	g_autofree char *command = g_strconcat("rm -rf ", quoted, NULL);

	git_repository_free(rig->repository);
	g_assert_true(g_spawn_command_line_sync(command, NULL, NULL, NULL, NULL));
	g_free(rig->dir);
	g_free(rig->origin);
	g_free(rig->mirror);
	g_free(rig->url);
}

static bool try_fetch(struct rig *rig, const char *ref, int64_t max, struct fetched *fetched,
		      GError **error)
{
	g_autoptr(git_repository_auto) mirror = NULL;
	struct source_remote remote = {.url = rig->url,
				       .ref = ref,
				       .max_bytes = max,
				       .connect_timeout = 10,
				       .low_speed_time = 10,
				       .timeout = 100};

	return mirror_open(rig->mirror, &mirror, error) &&
	       mirror_fetch(mirror, &remote, fetched, error);
}

static struct fetched fetch(struct rig *rig)
{
	struct fetched fetched = {0};
	GError *error = NULL;

	g_assert_true(try_fetch(rig, "refs/heads/main", 1 << 20, &fetched, &error));
	g_assert_no_error(error);
	return fetched;
}

static bool exists(struct rig *rig, const char *name)
{
	g_autofree char *path = g_build_filename(rig->mirror, name, NULL);

	return g_file_test(path, G_FILE_TEST_EXISTS);
}

static void leave(struct rig *rig, const char *name)
{
	g_autofree char *path = g_build_filename(rig->mirror, name, NULL);

	g_assert_true(g_file_set_contents(path, "x", 1, NULL));
}

static unsigned count_packs(struct rig *rig)
{
	g_autofree char *folder = g_build_filename(rig->mirror, "objects", "pack", NULL);
	g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
	const char *name;
	unsigned count = 0;

	while ((name = g_dir_read_name(dir)) != NULL) {
		count += g_str_has_suffix(name, ".pack");
	}
	return count;
}

static void test_only_the_ref_is_fetched(struct rig *rig, const void *data)
{
	g_autoptr(git_reference_auto) other = NULL;
	struct fetched fetched;
	g_autoptr(GError) error = NULL;

	g_assert_cmpint(git_reference_create(&other, rig->repository, "refs/heads/other", &rig->tip,
					     0, NULL),
			==, 0);
	fetched = fetch(rig);
	g_assert_true(fetched.found);
	g_assert_true(git_oid_equal(&fetched.commit, &rig->tip));
	g_assert_cmpint(fetched.bytes, >, 0);
	g_assert_true(exists(rig, "refs/assent/heads/main"));
	g_assert_false(exists(rig, "refs/assent/heads/other"));
	g_assert_false(exists(rig, "refs/heads/main"));
	g_assert_true(try_fetch(rig, "refs/heads/none", 1 << 20, &fetched, &error));
	g_assert_false(fetched.found);
	g_assert_true(fetched.any_refs);
	g_assert_false(try_fetch(rig, "main", 1 << 20, &fetched, &error));
	g_assert_error(error, JOB_ERROR, JOB_ERROR_USAGE);
}

static void test_too_many_bytes_are_refused(struct rig *rig, const void *data)
{
	struct fetched fetched;
	g_autoptr(GError) error = NULL;

	g_assert_false(try_fetch(rig, "refs/heads/main", 20, &fetched, &error));
	g_assert_error(error, JOB_ERROR, JOB_ERROR_LIMIT);
	g_assert_false(exists(rig, "refs/assent/heads/main"));
}

static void test_leftovers_are_cleaned(struct rig *rig, const void *data)
{
	static const char *const left[] = {"refs/assent/heads/main.lock",
					   "HEAD.lock",
					   "config.lock",
					   "objects/pack/pack_git2_abc",
					   "objects/tmp_object_git2_abc",
					   "objects/info/_git2_abc",
					   "objects/pack/pack-0123.pack",
					   "objects/pack/pack-4567.idx"};

	fetch(rig);
	for (size_t i = 0; i < G_N_ELEMENTS(left); i++) {
		leave(rig, left[i]);
	}
	advance(rig);
	fetch(rig);
	for (size_t i = 0; i < G_N_ELEMENTS(left); i++) {
		g_assert_false(exists(rig, left[i]));
	}
	g_assert_cmpuint(count_packs(rig), ==, 2);
}

static void test_many_fetches_leave_few_packs(struct rig *rig, const void *data)
{
	git_oid first = rig->tip;
	g_autoptr(git_repository_auto) mirror = NULL;
	g_autoptr(GError) error = NULL;
	unsigned most = 0;

	for (int i = 0; i < 120; i++) {
		advance(rig);
		fetch(rig);
		g_assert_true(mirror_repack(rig->mirror, &error));
		most = MAX(most, count_packs(rig));
	}
	g_assert_cmpuint(most, <, MIRROR_PACKS);
	g_assert_cmpuint(most, >=, MIRROR_PACKS / 2);
	g_assert_true(repo_open(rig->mirror, &mirror, &error));
	g_assert_true(mirror_check(mirror, &first, &error));
	g_assert_true(mirror_check(mirror, &rig->tip, &error));
}

static void test_rewound_tip_is_kept(struct rig *rig, const void *data)
{
	g_autofree char *kept = NULL;
	git_oid first = rig->tip, old, other;

	advance(rig);
	old = rig->tip;
	fetch(rig);
	other = put_commit(rig, &first, plain_people, "other\n");
	move_branch(rig, &other);
	fetch(rig);
	kept = g_strconcat("refs/assent/kept/", git_oid_tostr_s(&old), NULL);
	g_assert_true(exists(rig, kept));
	/* Going on from there is no rewind. */
	advance(rig);
	g_clear_pointer(&kept, g_free);
	kept = g_strconcat("refs/assent/kept/", git_oid_tostr_s(&other), NULL);
	fetch(rig);
	g_assert_false(exists(rig, kept));
}

static char *first_pack(struct rig *rig)
{
	g_autofree char *folder = g_build_filename(rig->mirror, "objects", "pack", NULL);
	g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
	const char *name = g_dir_read_name(dir);

	while (!g_str_has_suffix(name, ".pack")) {
		name = g_dir_read_name(dir);
	}
	return g_build_filename(folder, name, NULL);
}

/* A disk that is not mounted does not answer, so that a fallback is asked; a folder that is no
 * repository does. */
static void test_a_path_that_is_gone_does_not_answer(struct rig *rig, const void *data)
{
	static const enum job_error codes[] = {JOB_ERROR_NETWORK, JOB_ERROR_REPOSITORY};
	g_autofree char *away = g_strconcat(rig->origin, ".away", NULL);

	g_assert_cmpint(g_rename(rig->origin, away), ==, 0);
	for (size_t i = 0; i < G_N_ELEMENTS(codes); i++) {
		g_autoptr(GError) error = NULL;
		struct fetched fetched = {0};

		g_assert_false(try_fetch(rig, "refs/heads/main", 1 << 20, &fetched, &error));
		g_assert_error(error, JOB_ERROR, (int)codes[i]);
		g_assert_nonnull(strstr(error->message, "cannot connect"));
		g_assert_cmpint(g_mkdir(rig->origin, 0700), ==, i == 0 ? 0 : -1);
	}
}

/* The disk, not a killed fetch: what is there is not asked for again, so it must go. */
static void test_a_damaged_mirror_is_made_anew(struct rig *rig, const void *data)
{
	g_autofree char *ref = g_build_filename(rig->mirror, "refs/assent/heads/main", NULL);

	for (int i = 0; i < 2; i++) {
		g_autoptr(GError) error = NULL;
		g_autofree char *pack = NULL;
		struct fetched fetched = {0};

		fetch(rig);
		pack = first_pack(rig);
		g_assert_cmpint(g_chmod(pack, 0600), ==, 0);
		g_assert_true(g_file_set_contents(i == 0 ? pack : ref, "x", 1, NULL));
		g_assert_false(try_fetch(rig, "refs/heads/main", 1 << 20, &fetched, &error));
		g_assert_error(error, JOB_ERROR, JOB_ERROR_REPOSITORY);
		g_assert_nonnull(strstr(error->message, "will be fetched anew"));
		g_assert_false(g_file_test(rig->mirror, G_FILE_TEST_EXISTS));
	}
	g_assert_true(fetch(rig).found);
}

static void rename_branch(struct rig *rig, const char *from, const char *to)
{
	g_autoptr(git_reference_auto) old = NULL, new = NULL;

	g_assert_cmpint(git_reference_lookup(&old, rig->repository, from), ==, 0);
	g_assert_cmpint(git_reference_rename(&new, old, to, 0, NULL), ==, 0);
}

/* Of "a" and "a/b" one name is a file where the other one is a folder. */
static void test_branches_may_move_below_one_another(struct rig *rig, const void *data)
{
	static const char *const names[] = {"refs/heads/a", "refs/heads/a/b", "refs/heads/a",
					    "refs/heads/a%2Fb"};
	const char *before = "refs/heads/main";

	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		struct fetched fetched = {0};
		GError *error = NULL;

		rename_branch(rig, before, "refs/heads/between");
		rename_branch(rig, "refs/heads/between", names[i]);
		before = names[i];
		g_assert_true(try_fetch(rig, names[i], 1 << 20, &fetched, &error));
		g_assert_no_error(error);
		g_assert_true(fetched.found);
	}
	g_assert_true(exists(rig, "refs/assent/heads/a%2Fb"));
	g_assert_true(exists(rig, "refs/assent/heads/a%252Fb"));
}

static void test_missing_content_is_noticed(struct rig *rig, const void *data)
{
	g_autoptr(GError) error = NULL;
	git_oid blob, tree, commit;
	g_autofree char *raw = NULL;

	git_oid_fromstr(&blob, "0123456789012345678901234567890123456789");
	tree = put_tree(rig->repository, &blob);
	raw = g_strdup_printf("tree %s\n%s\nx\n", git_oid_tostr_s(&tree), plain_people);
	commit = put(rig->repository, GIT_OBJECT_COMMIT, raw, strlen(raw));
	g_assert_true(mirror_check(rig->repository, &rig->tip, &error));
	g_assert_false(mirror_check(rig->repository, &commit, &error));
	g_assert_error(error, BASE_ERROR, BASE_ERROR_NOT_FOUND);
	g_assert_nonnull(strstr(error->message, "'file'"));
}

static char *commits(git_repository *repository, const git_oid *tip, const git_oid *known)
{
	struct json_writer *w = json_writer_new(JSON_CANONICAL);
	struct assent_error cerr;
	GError *error = NULL;
	char *text, *copy;
	size_t len;

	json_w_object(w, NULL);
	g_assert_true(commits_write(repository, NULL, tip, known, w, &error));
	json_w_end(w);
	g_assert_cmpint(json_writer_finish(w, &text, &len, &cerr), ==, 0);
	copy = g_strdup(text);
	free(text);
	return copy;
}

static void test_commits_are_told(struct rig *rig, const void *data)
{
	static const char odd[] = "author \xff\xfe <a@x> 1 +0000\ncommitter B <b@x> 2 +0000\n";
	static const char latin[] = "author J\xfcrgen <j@x> 1 +0000\ncommitter B <b@x> 3 +0000\n"
				    "encoding ISO-8859-1\n";
	static const char sealed[] = "author A <a@x> 1 +0000\ncommitter B <b@x> 4 +0000\n"
				     "gpgsig -----BEGIN SSH SIGNATURE-----\n x\n"
				     " -----END SSH SIGNATURE-----\n";
	git_oid first = rig->tip;
	git_oid one = put_commit(rig, &first, odd, "tab\there\n\nbody\n");
	git_oid two = put_commit(rig, &one, latin,
				 "gr\xfc\xdf"
				 "e\n");
	git_oid three = put_commit(rig, &two, sealed, "\n\nsealed \xe2\x82\xac");
	g_autofree char *text = commits(rig->repository, &three, &first);
	g_autofree char *none = commits(rig->repository, &first, &first);
	g_autofree char *all = commits(rig->repository, &three, NULL);

	g_assert_nonnull(strstr(text, "\"author_name_b64\":\"//4=\""));
	g_assert_nonnull(strstr(text, "\"subject_b64\":\"dGFiCWhlcmU=\""));
	g_assert_nonnull(strstr(text, "\"author_name\":\"J\xc3\xbcrgen\""));
	g_assert_nonnull(strstr(text, "\"subject\":\"gr\xc3\xbc\xc3\x9f"
				      "e\""));
	g_assert_nonnull(
		strstr(text, "\"signature\":\"unknown\",\"subject\":\"sealed \xe2\x82\xac\""));
	g_assert_nonnull(strstr(text, "\"signature\":\"none\""));
	g_assert_nonnull(strstr(text, "\"commits_total\":3"));
	g_assert_true(strstr(text, git_oid_tostr_s(&three)) < strstr(text, "\"J\xc3\xbcrgen\""));
	g_assert_cmpstr(none, ==,
			"{\"authors\":[],\"authors_total\":0,\"commits\":[],\"commits_total\":0}");
	g_assert_nonnull(strstr(all, "\"commits_total\":4"));
	g_assert_nonnull(
		strstr(text, "{\"authors\":[\"a@x\",\"b@x\",\"j@x\"],\"authors_total\":3,"));
}

static void test_only_so_many_commits_are_told(struct rig *rig, const void *data)
{
	static const char early[] = "author E <early@x> 1 +0000\ncommitter E <early@x> 2 +0000\n";
	git_oid first = put_commit(rig, &rig->tip, early, "early\n");
	g_autofree char *text = NULL;
	unsigned told = 0;

	move_branch(rig, &first);
	for (int i = 0; i < COMMITS_MAX + 5; i++) {
		advance(rig);
	}
	text = commits(rig->repository, &rig->tip, NULL);
	for (const char *p = text; (p = strstr(p, "\"id\":")) != NULL; p++) {
		told++;
	}
	g_assert_cmpuint(told, ==, COMMITS_MAX);
	g_assert_nonnull(strstr(text, "\"commits_total\":107"));
	/* Whoever wrote one that is not told is an author all the same. */
	g_assert_null(strstr(text, "\"author_email\":\"early@x\""));
	g_assert_nonnull(strstr(text, "\"early@x\""));
}

static char *gone(git_repository *repository, const git_oid *tip, const git_oid *known)
{
	struct json_writer *w = json_writer_new(JSON_CANONICAL);
	GError *error = NULL;
	char *text, *copy;
	size_t len;

	json_w_object(w, NULL);
	g_assert_true(commits_write_gone(repository, NULL, tip, known, w, &error));
	json_w_end(w);
	g_assert_cmpint(json_writer_finish(w, &text, &len, NULL), ==, 0);
	copy = g_strdup(text);
	free(text);
	return copy;
}

static void test_commits_that_are_gone(struct rig *rig, const void *data)
{
	git_oid first = rig->tip, missing;
	git_oid lost = put_commit(rig, &first, plain_people, "lost\n");
	git_oid other = put_commit(rig, &first, plain_people, "other\n");
	g_autofree char *text = gone(rig->repository, &other, &lost);
	g_autofree char *back = gone(rig->repository, &first, &lost);
	g_autofree char *unknown = NULL;

	g_assert_nonnull(strstr(text, "\"subject\":\"lost\""));
	g_assert_null(strstr(text, "other"));
	g_assert_true(g_str_has_prefix(text, "{\"rewritten\":{\"commits\":[{"));
	g_assert_true(g_str_has_suffix(text, "],\"total\":1}}"));
	g_assert_cmpstr(back, ==, text);
	git_oid_fromstr(&missing, "0123456789012345678901234567890123456789");
	unknown = gone(rig->repository, &other, &missing);
	g_assert_cmpstr(unknown, ==, "{\"rewritten\":{\"commits\":[]}}");
}

static void test_descent(struct rig *rig, const void *data)
{
	git_oid first = rig->tip, other = put_commit(rig, NULL, plain_people, "root\n"), missing;
	GError *error = NULL;
	bool descends = false;

	advance(rig);
	git_oid_fromstr(&missing, "0123456789012345678901234567890123456789");
	g_assert_true(commits_descend(rig->repository, &rig->tip, &first, &descends, &error));
	g_assert_true(descends);
	g_assert_true(commits_descend(rig->repository, &first, &rig->tip, &descends, &error));
	g_assert_false(descends);
	g_assert_true(commits_descend(rig->repository, &rig->tip, &other, &descends, &error));
	g_assert_false(descends);
	g_assert_true(commits_descend(rig->repository, &rig->tip, &missing, &descends, &error));
	g_assert_false(descends);
	g_assert_true(commits_descend(rig->repository, &first, &first, &descends, &error));
	g_assert_true(descends);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*run)(struct rig *rig, const void *data);
	} tests[] = {
		{"/mirror/only-the-ref-is-fetched", test_only_the_ref_is_fetched},
		{"/mirror/too-many-bytes-are-refused", test_too_many_bytes_are_refused},
		{"/mirror/leftovers-are-cleaned", test_leftovers_are_cleaned},
		{"/mirror/many-fetches-leave-few-packs", test_many_fetches_leave_few_packs},
		{"/mirror/rewound-tip-is-kept", test_rewound_tip_is_kept},
		{"/mirror/a-path-that-is-gone-does-not-answer",
		 test_a_path_that_is_gone_does_not_answer},
		{"/mirror/a-damaged-mirror-is-made-anew", test_a_damaged_mirror_is_made_anew},
		{"/mirror/branches-may-move-below-one-another",
		 test_branches_may_move_below_one_another},
		{"/mirror/missing-content-is-noticed", test_missing_content_is_noticed},
		{"/commits/are-told", test_commits_are_told},
		{"/commits/only-so-many-are-told", test_only_so_many_commits_are_told},
		{"/commits/descent", test_descent},
		{"/mirror/commits-that-are-gone", test_commits_that_are_gone},
	};

	g_test_init(&argc, &argv, NULL);
	for (size_t i = 0; i < G_N_ELEMENTS(tests); i++) {
		g_test_add(tests[i].name, struct rig, NULL, rig_up, tests[i].run, rig_down);
	}
	return g_test_run();
}
