/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Changes that inotify tells of, one word for a burst. */
#include "agent/watcher.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "scratch.h"

#define PATIENCE 30000 /* milliseconds; nothing here takes nearly as long */

struct place {
	char *dir;
	struct watcher *w;
	unsigned told;
	bool late;
};

static void on_touched(void *user)
{
	struct place *p = user;

	p->told++;
}

static char *at(const struct place *p, const char *name)
{
	return g_build_filename(p->dir, name, NULL);
}

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	g_assert_cmpint(fd, >=, 0);
	g_assert_cmpint(write(fd, text, strlen(text)), ==, (ssize_t)strlen(text));
	g_assert_cmpint(close(fd), ==, 0);
}

static void put(const struct place *p, const char *name, const char *text)
{
	g_autofree char *path = at(p, name);

	write_file(path, text);
}

static void set(struct place *p, const char *const *paths, bool whole, bool fresh)
{
	struct watcher_place places[8];
	size_t n;

	for (n = 0; paths[n] != NULL; n++) {
		places[n] = (struct watcher_place){paths[n], whole};
	}
	g_assert_true(watcher_set(p->w, places, n) == fresh);
	g_assert_null(watcher_problem(p->w));
}

/* A folder of its own with the file etc/app.conf, which is watched. */
static void begin(struct place *p)
{
	g_autofree char *etc = NULL;
	g_autofree char *file = NULL;

	*p = (struct place){.dir = scratch_new()};
	etc = at(p, "etc");
	file = at(p, "etc/app.conf");
	g_assert_cmpint(g_mkdir(etc, 0755), ==, 0);
	write_file(file, "one\n");
	p->w = watcher_new(on_touched, p);
	set(p, (const char *const[]){file, NULL}, false, true);
}

static void finish(struct place *p)
{
	watcher_free(p->w);
	scratch_free(p->dir);
}

static gboolean give_up(void *user)
{
	struct place *p = user;

	p->late = true;
	return G_SOURCE_REMOVE;
}

/* Exactly one word comes. */
static void expect(struct place *p)
{
	guint timer = g_timeout_add(PATIENCE, give_up, p);

	while (p->told == 0 && !p->late) {
		g_main_context_iteration(NULL, TRUE);
	}
	g_assert_false(p->late);
	g_source_remove(timer);
	g_assert_cmpuint(p->told, ==, 1);
	p->told = 0;
}

/* Nothing did: what comes afterwards is all that is told. */
static void expect_nothing(struct place *p)
{
	while (g_main_context_iteration(NULL, FALSE)) {
	}
	watcher_drain(p->w);
	g_assert_cmpuint(p->told, ==, 0);
}

/* No burst is under way, so that no timer waits. */
static bool is_quiet(struct place *p)
{
	gint64 end = g_get_monotonic_time() + (WATCHER_QUIET + 100) * G_GINT64_CONSTANT(1000);

	while (g_get_monotonic_time() < end && p->told == 0) {
		g_main_context_iteration(NULL, FALSE);
		g_usleep(1000);
	}
	return p->told == 0;
}

static void do_write(const struct place *p)
{
	put(p, "etc/app.conf", "two\n");
}

static void do_chmod(const struct place *p)
{
	g_autofree char *path = at(p, "etc/app.conf");

	g_assert_cmpint(g_chmod(path, 0600), ==, 0);
}

static void do_unlink(const struct place *p)
{
	g_autofree char *path = at(p, "etc/app.conf");

	g_assert_cmpint(g_unlink(path), ==, 0);
}

/* As editors save. */
static void do_replace(const struct place *p)
{
	g_autofree char *path = at(p, "etc/app.conf");
	g_autofree char *other = at(p, "etc/.app.conf.new");

	write_file(other, "two\n");
	g_assert_cmpint(g_rename(other, path), ==, 0);
}

static void do_move_away(const struct place *p)
{
	g_autofree char *path = at(p, "etc/app.conf");
	g_autofree char *other = at(p, "app.conf");

	g_assert_cmpint(g_rename(path, other), ==, 0);
}

static void do_move_folder(const struct place *p)
{
	g_autofree char *path = at(p, "etc");
	g_autofree char *other = at(p, "etc.old");

	g_assert_cmpint(g_rename(path, other), ==, 0);
}

static void do_remove_folder(const struct place *p)
{
	g_autofree char *path = at(p, "etc");

	scratch_remove(path);
}

static void do_append(const struct place *p)
{
	g_autofree char *path = at(p, "etc/app.conf");
	int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);

	g_assert_cmpint(write(fd, "x", 1), ==, 1);
	close(fd);
}

static void do_link(const struct place *p)
{
	g_autofree char *path = at(p, "etc/app.conf");

	do_unlink(p);
	g_assert_cmpint(symlink("elsewhere", path), ==, 0);
}

static const struct {
	const char *name;
	void (*act)(const struct place *p);
} acts[] = {
	{"write", do_write},
	{"append", do_append},
	{"chmod", do_chmod},
	{"unlink", do_unlink},
	{"replace-by-rename", do_replace},
	{"move-away", do_move_away},
	{"move-its-folder", do_move_folder},
	{"remove-its-folder", do_remove_folder},
	{"replace-by-link", do_link},
};

static void test_act(const void *data)
{
	const size_t i = GPOINTER_TO_SIZE(data);
	struct place p;

	begin(&p);
	expect_nothing(&p);
	acts[i].act(&p);
	expect(&p);
	finish(&p);
}

static void test_others(void)
{
	struct place p;

	begin(&p);
	put(&p, "etc/other.conf", "x");
	put(&p, "beside", "x");
	g_assert_true(is_quiet(&p));
	finish(&p);
}

static void test_missing(void)
{
	struct place p;
	g_autofree char *deep = NULL;
	g_autofree char *a = NULL;

	begin(&p);
	deep = at(&p, "a/b/c");
	a = at(&p, "a");
	set(&p, (const char *const[]){deep, NULL}, false, true);
	put(&p, "etc/app.conf", "no matter now\n");
	g_assert_true(is_quiet(&p));
	g_assert_cmpint(g_mkdir(a, 0755), ==, 0);
	expect(&p);
	set(&p, (const char *const[]){deep, NULL}, false, true);
	finish(&p);
}

static void test_whole(void)
{
	struct place p;
	g_autofree char *etc = NULL;

	begin(&p);
	etc = at(&p, "etc");
	set(&p, (const char *const[]){etc, NULL}, true, true);
	set(&p, (const char *const[]){etc, NULL}, true, false);
	put(&p, "etc/another", "x");
	expect(&p);
	finish(&p);
}

/* A folder that went and came back is watched again, by the next list. */
static void test_folder_again(void)
{
	struct place p;
	g_autofree char *etc = NULL;
	g_autofree char *file = NULL;

	begin(&p);
	etc = at(&p, "etc");
	file = at(&p, "etc/app.conf");
	do_move_folder(&p);
	expect(&p);
	put(&p, "etc.old/app.conf", "somewhere else\n");
	g_assert_true(is_quiet(&p));
	g_assert_cmpint(g_mkdir(etc, 0755), ==, 0);
	expect(&p);
	set(&p, (const char *const[]){file, NULL}, false, true);
	put(&p, "etc/app.conf", "back\n");
	expect(&p);
	finish(&p);
}

static void test_storm(void)
{
	struct place p;
	unsigned told;

	begin(&p);
	for (unsigned i = 0; i < 10000; i++) {
		put(&p, "etc/app.conf", i % 2 == 0 ? "even\n" : "odd\n");
	}
	expect(&p);
	told = p.told;
	g_assert_true(is_quiet(&p));
	g_assert_cmpuint(p.told, ==, told);
	finish(&p);
}

/* Who never stops is told of all the same. */
static void test_unending(void)
{
	struct place p;
	guint timer;

	begin(&p);
	timer = g_timeout_add(PATIENCE, give_up, &p);
	while (p.told == 0 && !p.late) {
		do_append(&p);
		g_main_context_iteration(NULL, FALSE);
		g_usleep(1000);
	}
	g_assert_false(p.late);
	g_source_remove(timer);
	finish(&p);
}

static void test_drain(void)
{
	struct place p;

	begin(&p);
	do_write(&p);
	watcher_drain(p.w);
	g_assert_true(is_quiet(&p));
	do_write(&p);
	expect(&p);
	finish(&p);
}

static void test_overflow(void)
{
	struct place p;

	begin(&p);
	watcher_overflow(p.w);
	expect(&p);
	do_write(&p);
	expect(&p);
	finish(&p);
}

/* Two names of one folder have one watch. */
static void test_link_above(void)
{
	struct place p;
	g_autofree char *link = NULL;
	g_autofree char *a = NULL;
	g_autofree char *b = NULL;

	begin(&p);
	link = at(&p, "link");
	a = at(&p, "etc/app.conf");
	b = at(&p, "link/other.conf");
	g_assert_cmpint(symlink("etc", link), ==, 0);
	set(&p, (const char *const[]){a, b, NULL}, false, true);
	put(&p, "etc/app.conf", "two\n");
	expect(&p);
	put(&p, "etc/other.conf", "two\n");
	expect(&p);
	g_assert_cmpint(g_unlink(link), ==, 0);
	expect(&p);
	finish(&p);
}

static void test_many_names(void)
{
	g_autoptr(GArray) places = g_array_new(FALSE, FALSE, sizeof(struct watcher_place));
	g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);
	struct place p;
	size_t before;

	begin(&p);
	before = watcher_folders(p.w);
	for (unsigned i = 0; i < 3 * WATCHER_NAMES; i++) {
		g_autofree char *name = g_strdup_printf("etc/%u", i);
		struct watcher_place place = {at(&p, name), false};

		g_ptr_array_add(paths, (gpointer)place.path);
		g_array_append_val(places, place);
	}
	watcher_set(p.w, (const void *)places->data, places->len);
	g_assert_cmpuint(watcher_folders(p.w), ==, before);
	put(&p, "etc/2999", "x");
	expect(&p);
	watcher_set(p.w, NULL, 0);
	g_assert_cmpuint(watcher_folders(p.w), ==, 0);
	put(&p, "etc/2999", "y");
	g_assert_true(is_quiet(&p));
	finish(&p);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	for (size_t i = 0; i < G_N_ELEMENTS(acts); i++) {
		g_autofree char *name = g_strconcat("/watcher/tells-of-", acts[i].name, NULL);

		g_test_add_data_func(name, GSIZE_TO_POINTER(i), test_act);
	}
	g_test_add_func("/watcher/is-silent-about-others", test_others);
	g_test_add_func("/watcher/waits-for-what-is-missing", test_missing);
	g_test_add_func("/watcher/every-name-of-a-whole-folder", test_whole);
	g_test_add_func("/watcher/a-folder-that-comes-back", test_folder_again);
	g_test_add_func("/watcher/a-storm-is-one-word", test_storm);
	g_test_add_func("/watcher/tells-of-who-never-stops", test_unending);
	g_test_add_func("/watcher/drain-forgets", test_drain);
	g_test_add_func("/watcher/a-full-queue-is-a-change", test_overflow);
	g_test_add_func("/watcher/a-link-on-the-way", test_link_above);
	g_test_add_func("/watcher/many-names-of-a-folder", test_many_names);
	return g_test_run();
}
