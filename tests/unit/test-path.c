/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of worker/target/path*.c: what happens when somebody else is quicker. */
#include "worker/target/path.h"

#include <fcntl.h>
#include <string.h>
#include <sys/xattr.h>

#include "base/error.h"
#include "base/objects.h"
#include "scratch.h"
#include "worker/transaction.h"

struct fixture {
	char *dir, *objects;
	struct plan plan;
	struct plan_change change;
	struct transaction *t;
	struct step *step;
};

static void set_up(struct fixture *f, const void *data)
{
	(void)data;
	f->dir = scratch_new();
	f->objects = g_build_filename(f->dir, "objects", NULL);
	f->plan =
		(struct plan){.on_failure = "rollback", .changes = &f->change, .changes_count = 1};
}

static void tear_down(struct fixture *f, const void *data)
{
	(void)data;
	transaction_free(f->t);
	g_free((char *)f->change.path);
	g_free((char *)f->change.root);
	g_free(f->objects);
	scratch_free(f->dir);
}

static const struct plan_state absent = {
	.type = STATE_ABSENT, .size = -1, .mode = -1, .uid = -1, .gid = -1};

static struct plan_state wanted(struct fixture *f, const char *text, int64_t mode)
{
	struct plan_state s = absent;

	s.type = STATE_FILE;
	s.mode = mode;
	if (text != NULL) {
		s.size = (int64_t)strlen(text);
		g_assert_true(objects_store(f->objects, text, strlen(text), &s.digest, NULL));
	}
	return s;
}

/* Makes a transaction of one change to rel as it is now, and stages it. */
static void stage(struct fixture *f, const char *rel, enum plan_action action,
		  struct plan_state desired, const char *root)
{
	g_autoptr(observer_auto) o = observer_new(NULL, 0);
	g_autoptr(GPtrArray) stale = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GError) error = NULL;
	struct plan_change *c = &f->change;
	struct observed now;

	c->id = "test";
	c->kind = root != NULL ? "tree" : state_type_names[desired.type];
	c->action = action;
	c->path = g_build_filename(f->dir, rel, NULL);
	c->root = root != NULL ? g_build_filename(f->dir, root, NULL) : NULL;
	c->desired = desired;
	g_assert_true(observe_path(o, c->root, c->path, &now, &error));
	c->observed = now.state;
	if (action == ACTION_REMOVE && root == NULL) {
		c->kind = state_type_names[now.state.type];
	}
	f->t = transaction_new(&f->plan, f->objects, "0123456789abcdef");
	f->step = &g_array_index(f->t->steps, struct step, 0);
	g_assert_true(transaction_prepare(f->t, &error));
	g_assert_true(transaction_observe(f->t, stale, &error));
	g_assert_cmpuint(stale->len, ==, 0);
	g_assert_true(f->step->ops->stage(&f->t->run, f->step, &error));
	g_assert_no_error(error);
}

static void commit(struct fixture *f)
{
	g_autoptr(GError) error = NULL;

	g_assert_true(f->step->ops->commit(&f->t->run, f->step, &error));
	g_assert_no_error(error);
}

static void assert_commit_refused(struct fixture *f)
{
	g_autoptr(GError) error = NULL;

	g_assert_false(f->step->ops->commit(&f->t->run, f->step, &error));
	g_assert_error(error, TARGET_ERROR, TARGET_ERROR_CHANGED);
}

static void undo(struct fixture *f)
{
	g_autoptr(GError) error = NULL;

	g_assert_true(f->step->ops->undo(&f->t->run, f->step, &error));
	g_assert_no_error(error);
}

static void assert_undo_conflicts(struct fixture *f)
{
	g_autoptr(GError) error = NULL;

	g_assert_false(f->step->ops->undo(&f->t->run, f->step, &error));
	g_assert_error(error, TARGET_ERROR, TARGET_ERROR_CONFLICT);
}

static void finish(struct fixture *f)
{
	g_autoptr(GError) error = NULL;

	g_assert_true(f->step->ops->finish(&f->t->run, f->step, &error));
	g_assert_no_error(error);
}

static char *at(struct fixture *f, const char *rel)
{
	return g_build_filename(f->dir, rel, NULL);
}

static void assert_file(struct fixture *f, const char *rel, const char *text)
{
	g_autofree char *path = at(f, rel);
	g_autofree char *got = NULL;

	g_assert_true(g_file_get_contents(path, &got, NULL, NULL));
	g_assert_cmpstr(got, ==, text);
}

/* In the folder, besides the object store. */
static void assert_names(struct fixture *f, const char *rel, const char *expected)
{
	g_autoptr(observer_auto) o = observer_new(NULL, 0);
	g_autoptr(GPtrArray) names = NULL;
	g_autoptr(GString) got = g_string_new(NULL);
	g_autofree char *path = at(f, rel);

	g_assert_true(observe_names(o, NULL, path, &names, NULL));
	g_assert_nonnull(names);
	for (guint i = 0; i < names->len; i++) {
		if (strcmp(names->pdata[i], "objects") != 0) {
			g_string_append_printf(got, "%s ", (char *)names->pdata[i]);
		}
	}
	g_assert_cmpstr(got->str, ==, expected);
}

static void rename_over(struct fixture *f, const char *from, const char *to)
{
	g_autofree char *a = at(f, from);
	g_autofree char *b = at(f, to);

	g_assert_cmpint(rename(a, b), ==, 0);
}

static void test_update_and_back(struct fixture *f, const void *data)
{
	(void)data;
	scratch_file(f->dir, "x", "old");
	stage(f, "x", ACTION_UPDATE, wanted(f, "new", -1), NULL);
	assert_file(f, "x", "old");
	commit(f);
	assert_file(f, "x", "new");
	undo(f);
	assert_file(f, "x", "old");
	assert_names(f, ".", "x ");
	undo(f);
	finish(f);
	assert_file(f, "x", "old");
}

static void test_update_and_finish(struct fixture *f, const void *data)
{
	(void)data;
	scratch_file(f->dir, "x", "old");
	stage(f, "x", ACTION_UPDATE, wanted(f, "new", -1), NULL);
	commit(f);
	finish(f);
	finish(f);
	assert_file(f, "x", "new");
	assert_names(f, ".", "x ");
}

static void test_written_at_the_last_moment(struct fixture *f, const void *data)
{
	(void)data;
	scratch_file(f->dir, "x", "old");
	stage(f, "x", ACTION_UPDATE, wanted(f, "new", -1), NULL);
	scratch_file(f->dir, "x", "somebody");
	assert_commit_refused(f);
	undo(f);
	assert_file(f, "x", "somebody");
	assert_names(f, ".", "x ");
}

static void test_replaced_at_the_last_moment(struct fixture *f, const void *data)
{
	(void)data;
	scratch_file(f->dir, "x", "old");
	scratch_file(f->dir, "y", "old");
	stage(f, "x", ACTION_UPDATE, wanted(f, "new", -1), NULL);
	rename_over(f, "y", "x");
	assert_commit_refused(f);
	undo(f);
	assert_file(f, "x", "old");
	assert_names(f, ".", "x ");
}

static void test_made_at_the_last_moment(struct fixture *f, const void *data)
{
	(void)data;
	stage(f, "x", ACTION_CREATE, wanted(f, "new", 0644), NULL);
	scratch_file(f->dir, "x", "somebody");
	assert_commit_refused(f);
	undo(f);
	assert_file(f, "x", "somebody");
	assert_names(f, ".", "x ");
}

static void test_removed_thing_changed(struct fixture *f, const void *data)
{
	(void)data;
	scratch_file(f->dir, "x", "old");
	stage(f, "x", ACTION_REMOVE, absent, NULL);
	scratch_file(f->dir, "x", "somebody");
	assert_commit_refused(f);
	undo(f);
	assert_file(f, "x", "somebody");
}

static void test_folder_is_in_use(struct fixture *f, const void *data)
{
	(void)data;
	scratch_folder(f->dir, "d");
	stage(f, "d", ACTION_REMOVE, absent, NULL);
	scratch_file(f->dir, "d/x", "somebody");
	assert_commit_refused(f);
	undo(f);
	assert_file(f, "d/x", "somebody");
}

static void test_planted_link_in_the_way(struct fixture *f, const void *data)
{
	g_autofree char *link = at(f, "root/d");
	g_autoptr(GError) error = NULL;

	(void)data;
	scratch_folder(f->dir, "root/d");
	scratch_folder(f->dir, "elsewhere");
	scratch_file(f->dir, "root/d/x", "old");
	scratch_file(f->dir, "elsewhere/x", "old");
	stage(f, "root/d/x", ACTION_UPDATE, wanted(f, "new", -1), "root");
	rename_over(f, "root/d", "root/moved");
	g_assert_cmpint(symlink("../elsewhere", link), ==, 0);
	g_assert_false(f->step->ops->commit(&f->t->run, f->step, &error));
	g_assert_error(error, BENEATH_ERROR, BENEATH_ERROR_LINK);
	assert_file(f, "elsewhere/x", "old");
	assert_names(f, "elsewhere", "x ");
}

static void test_undo_keeps_what_somebody_wrote(struct fixture *f, const void *data)
{
	(void)data;
	scratch_file(f->dir, "x", "old");
	stage(f, "x", ACTION_UPDATE, wanted(f, "new", -1), NULL);
	commit(f);
	scratch_file(f->dir, "y", "somebody");
	rename_over(f, "y", "x");
	assert_undo_conflicts(f);
	assert_file(f, "x", "somebody");
	assert_file(f, "x.assent-old", "old");
	assert_names(f, ".", "x x.assent-old ");
	undo(f);
	assert_file(f, "x", "somebody");
}

static void test_undo_keeps_what_somebody_wrote_into_it(struct fixture *f, const void *data)
{
	g_autofree char *path = at(f, "x");
	int fd;

	(void)data;
	scratch_file(f->dir, "x", "old");
	scratch_file(f->dir, "x.assent-old", "already there");
	stage(f, "x", ACTION_UPDATE, wanted(f, "new", -1), NULL);
	commit(f);
	fd = open(path, O_WRONLY | O_APPEND);
	g_assert_cmpint(write(fd, "!", 1), ==, 1);
	close(fd);
	assert_undo_conflicts(f);
	assert_file(f, "x", "new!");
	assert_file(f, "x.assent-old", "already there");
	assert_file(f, "x.assent-old-2", "old");
}

static void test_undo_keeps_a_created_file_in_use(struct fixture *f, const void *data)
{
	g_autofree char *path = at(f, "x");
	int fd;

	(void)data;
	stage(f, "x", ACTION_CREATE, wanted(f, "new", 0644), NULL);
	commit(f);
	fd = open(path, O_WRONLY | O_APPEND);
	g_assert_cmpint(write(fd, "!", 1), ==, 1);
	close(fd);
	assert_undo_conflicts(f);
	assert_file(f, "x", "new!");
}

static void test_undo_keeps_a_created_folder_in_use(struct fixture *f, const void *data)
{
	struct plan_state folder = absent;

	(void)data;
	folder.type = STATE_DIRECTORY;
	folder.mode = 0755;
	stage(f, "d", ACTION_CREATE, folder, NULL);
	commit(f);
	scratch_file(f->dir, "d/x", "somebody");
	assert_undo_conflicts(f);
	assert_file(f, "d/x", "somebody");
	assert_names(f, ".", "d ");
}

static void test_undo_of_a_removal_keeps_the_new_one(struct fixture *f, const void *data)
{
	(void)data;
	scratch_file(f->dir, "x", "old");
	stage(f, "x", ACTION_REMOVE, absent, NULL);
	commit(f);
	assert_names(f, ".", ".assent-0123456789abcdef-0 ");
	scratch_file(f->dir, "x", "somebody");
	assert_undo_conflicts(f);
	assert_file(f, "x", "somebody");
	assert_file(f, "x.assent-old", "old");
}

static void test_undo_of_a_mode(struct fixture *f, const void *data)
{
	g_autofree char *path = at(f, "x");
	struct stat st;

	(void)data;
	scratch_file(f->dir, "x", "old");
	stage(f, "x", ACTION_UPDATE, wanted(f, NULL, 0600), NULL);
	g_assert_cmpint(f->step->way, ==, WAY_TOUCH);
	commit(f);
	g_assert_cmpint(stat(path, &st), ==, 0);
	g_assert_cmpint(st.st_mode & 07777, ==, 0600);
	g_assert_cmpint(chmod(path, 0666), ==, 0);
	assert_undo_conflicts(f);
	g_assert_cmpint(stat(path, &st), ==, 0);
	g_assert_cmpint(st.st_mode & 07777, ==, 0666);
	g_assert_cmpint(chmod(path, 0600), ==, 0);
	undo(f);
	g_assert_cmpint(stat(path, &st), ==, 0);
	g_assert_cmpint(st.st_mode & 07777, ==, 0644);
}

/* Another name of the same file is none of the plan's business. */
static void test_hard_link_is_left_alone(struct fixture *f, const void *data)
{
	g_autofree char *path = at(f, "x");
	g_autofree char *other = at(f, "other");
	struct stat st;

	(void)data;
	scratch_file(f->dir, "x", "old");
	g_assert_cmpint(link(path, other), ==, 0);
	stage(f, "x", ACTION_UPDATE, wanted(f, NULL, 0600), NULL);
	commit(f);
	finish(f);
	g_assert_cmpint(stat(other, &st), ==, 0);
	g_assert_cmpint(st.st_mode & 07777, ==, 0644);
	g_assert_cmpint(stat(path, &st), ==, 0);
	g_assert_cmpint(st.st_mode & 07777, ==, 0600);
	assert_file(f, "x", "old");
}

static void test_update_keeps_attributes(struct fixture *f, const void *data)
{
	g_autofree char *path = at(f, "x");
	char value[8] = "";

	(void)data;
	scratch_file(f->dir, "x", "old");
	if (setxattr(path, "user.note", "kept", 4, 0) != 0) {
		g_test_skip("no extended attributes here");
		return;
	}
	stage(f, "x", ACTION_UPDATE, wanted(f, "new", 0640), NULL);
	commit(f);
	finish(f);
	g_assert_cmpint(getxattr(path, "user.note", value, sizeof(value)), ==, 4);
	g_assert_cmpstr(value, ==, "kept");
}

static void test_owner_and_bits(struct fixture *f, const void *data)
{
	g_autofree char *path = at(f, "x");
	struct plan_state s;
	struct stat st;

	(void)data;
	if (geteuid() != 0) {
		g_test_skip("needs root to give files away");
		return;
	}
	scratch_file(f->dir, "x", "old");
	g_assert_cmpint(chmod(path, 04755), ==, 0);
	s = wanted(f, NULL, -1);
	s.uid = 12345;
	s.gid = 54321;
	stage(f, "x", ACTION_UPDATE, s, NULL);
	g_assert_cmpint(f->step->way, ==, WAY_SWAP);
	commit(f);
	finish(f);
	g_assert_cmpint(stat(path, &st), ==, 0);
	g_assert_cmpint(st.st_mode & 07777, ==, 04755);
	g_assert_cmpint(st.st_uid, ==, 12345);
	g_assert_cmpint(st.st_gid, ==, 54321);
}

static void test_damaged_content_is_not_staged(struct fixture *f, const void *data)
{
	struct plan_state s = wanted(f, "new", 0644);
	g_autofree char *object = objects_path(f->objects, &s.digest);
	g_autoptr(GError) error = NULL;

	(void)data;
	stage(f, "x", ACTION_CREATE, s, NULL);
	undo(f);
	g_assert_true(g_file_set_contents(object, "nEw", 3, NULL));
	g_assert_false(f->step->ops->stage(&f->t->run, f->step, &error));
	g_assert_nonnull(strstr(error->message, "another digest"));
	f->step->new_ino = 0;
	undo(f);
	assert_names(f, ".", "");
}

#define ADD(name, function) g_test_add(name, struct fixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD("/path/update-and-back", test_update_and_back);
	ADD("/path/update-and-finish", test_update_and_finish);
	ADD("/path/written-at-the-last-moment", test_written_at_the_last_moment);
	ADD("/path/replaced-at-the-last-moment", test_replaced_at_the_last_moment);
	ADD("/path/made-at-the-last-moment", test_made_at_the_last_moment);
	ADD("/path/removed-thing-changed", test_removed_thing_changed);
	ADD("/path/folder-is-in-use", test_folder_is_in_use);
	ADD("/path/planted-link-in-the-way", test_planted_link_in_the_way);
	ADD("/path/undo-keeps-what-somebody-wrote", test_undo_keeps_what_somebody_wrote);
	ADD("/path/undo-keeps-what-somebody-wrote-into-it",
	    test_undo_keeps_what_somebody_wrote_into_it);
	ADD("/path/undo-keeps-a-created-file-in-use", test_undo_keeps_a_created_file_in_use);
	ADD("/path/undo-keeps-a-created-folder-in-use", test_undo_keeps_a_created_folder_in_use);
	ADD("/path/undo-of-a-removal-keeps-the-new-one", test_undo_of_a_removal_keeps_the_new_one);
	ADD("/path/undo-of-a-mode", test_undo_of_a_mode);
	ADD("/path/hard-link-is-left-alone", test_hard_link_is_left_alone);
	ADD("/path/update-keeps-attributes", test_update_keeps_attributes);
	ADD("/path/owner-and-bits", test_owner_and_bits);
	ADD("/path/damaged-content-is-not-staged", test_damaged_content_is_not_staged);
	return g_test_run();
}
