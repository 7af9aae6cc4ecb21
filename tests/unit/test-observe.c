/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of worker/target/observe.c and its cache. */
#include "worker/target/observe.h"

#include <fcntl.h>
#include <string.h>
#include <sys/time.h>
#include <sys/xattr.h>

#include "base/error.h"
#include "scratch.h"

struct fixture {
	char *dir;
	struct observer *o;
};

static void set_up(struct fixture *f, const void *data)
{
	(void)data;
	f->dir = scratch_new();
	f->o = observer_new(NULL, 0);
}

static void tear_down(struct fixture *f, const void *data)
{
	(void)data;
	observer_free(f->o);
	scratch_free(f->dir);
}

static struct observed look(struct fixture *f, struct observer *o, const char *root,
			    const char *rel)
{
	g_autofree char *r = root != NULL ? g_build_filename(f->dir, root, NULL) : NULL;
	g_autofree char *path = g_build_filename(f->dir, rel, NULL);
	g_autoptr(GError) error = NULL;
	struct observed out;

	g_assert_true(observe_path(o, r, path, &out, &error));
	g_assert_no_error(error);
	return out;
}

static void test_types(struct fixture *f, const void *data)
{
	g_autofree char *link = g_build_filename(f->dir, "link", NULL);
	g_autofree char *fifo = g_build_filename(f->dir, "fifo", NULL);
	struct observed got;
	struct hash want;

	(void)data;
	scratch_file(f->dir, "file", "abc");
	scratch_folder(f->dir, "folder");
	g_assert_cmpint(symlink("../x y", link), ==, 0);
	g_assert_cmpint(mkfifo(fifo, 0600), ==, 0);
	got = look(f, f->o, NULL, "file");
	hash_bytes(&want, "abc", 3);
	g_assert_cmpint(got.state.type, ==, STATE_FILE);
	g_assert_true(hash_equal(&got.state.digest, &want));
	g_assert_cmpint(got.state.size, ==, 3);
	g_assert_cmpint(got.state.mode, ==, 0644);
	g_assert_cmpint(got.state.uid, ==, geteuid());
	got = look(f, f->o, NULL, "folder");
	g_assert_cmpint(got.state.type, ==, STATE_DIRECTORY);
	g_assert_cmpint(got.state.mode, ==, 0755);
	got = look(f, f->o, NULL, "link");
	g_assert_cmpint(got.state.type, ==, STATE_LINK);
	g_assert_cmpstr(got.state.link, ==, "../x y");
	g_assert_cmpint(got.state.mode, ==, -1);
	got = look(f, f->o, NULL, "fifo");
	g_assert_cmpint(got.state.type, ==, STATE_OTHER);
	got = look(f, f->o, NULL, "none/none");
	g_assert_cmpint(got.state.type, ==, STATE_ABSENT);
}

static void test_behind_a_link(struct fixture *f, const void *data)
{
	g_autofree char *link = g_build_filename(f->dir, "root/link", NULL);

	(void)data;
	scratch_folder(f->dir, "root");
	scratch_folder(f->dir, "real");
	scratch_file(f->dir, "real/x", "abc");
	g_assert_cmpint(symlink("../real", link), ==, 0);
	g_assert_cmpint(look(f, f->o, "root", "root/link/x").state.type, ==, STATE_ABSENT);
	g_assert_cmpint(look(f, f->o, "root", "root/link").state.type, ==, STATE_LINK);
	g_assert_cmpint(look(f, f->o, NULL, "root/link/x").state.type, ==, STATE_FILE);
}

static void test_xattrs(struct fixture *f, const void *data)
{
	g_autofree char *path = g_build_filename(f->dir, "x", NULL);
	struct hash want;
	char text[HASH_TEXT_SIZE];

	(void)data;
	scratch_file(f->dir, "x", "abc");
	g_assert_null(look(f, f->o, NULL, "x").state.xattrs);
	if (setxattr(path, "user.b", "2", 1, 0) != 0) {
		g_test_skip("no extended attributes here");
		return;
	}
	g_assert_cmpint(setxattr(path, "user.a", "", 0, 0), ==, 0);
	hash_bytes(&want,
		   "user.a\0"
		   "0\0"
		   "user.b\0"
		   "1\0"
		   "2",
		   19);
	hash_text(text, &want);
	g_assert_cmpstr(look(f, f->o, NULL, "x").state.xattrs, ==, text);
}

static void test_names(struct fixture *f, const void *data)
{
	g_autofree char *none = g_build_filename(f->dir, "none", NULL);
	g_autoptr(GPtrArray) names = NULL;
	GPtrArray *absent;

	(void)data;
	scratch_file(f->dir, "b", "");
	scratch_file(f->dir, "a", "");
	g_assert_true(observe_names(f->o, NULL, f->dir, &names, NULL));
	g_assert_cmpuint(names->len, ==, 2);
	g_assert_cmpstr(names->pdata[0], ==, "a");
	g_assert_true(observe_names(f->o, NULL, none, &absent, NULL));
	g_assert_null(absent);
}

static void set_times(const char *dir, const char *rel, time_t seconds)
{
	g_autofree char *path = g_build_filename(dir, rel, NULL);
	struct timeval times[2] = {{.tv_sec = seconds}, {.tv_sec = seconds}};

	g_assert_cmpint(utimes(path, times), ==, 0);
}

/* The clock given to the cache decides what is fresh; ctime cannot be set, so it is moved ahead. */
static void test_cache(struct fixture *f, const void *data)
{
	g_autofree char *file = g_build_filename(f->dir, "cache", NULL);
	g_autofree char *path = g_build_filename(f->dir, "x", NULL);
	g_autoptr(observe_cache_auto) cache = NULL;
	g_autoptr(observe_cache_auto) later = NULL;
	g_autoptr(observer_auto) o = NULL;
	struct observe_digests digests;
	struct observed got;
	struct stat st;

	(void)data;
	scratch_file(f->dir, "x", "abc");
	set_times(f->dir, "x", 1000);
	g_assert_cmpint(stat(path, &st), ==, 0);
	cache = observe_cache_load(file, (int64_t)time(NULL) + 100);
	o = observer_new(cache, BENEATH_KEEP);
	got = look(f, o, NULL, "x");
	observe_cache_put_blob(cache, "0123", &got.state.digest);
	g_assert_true(observe_cache_store(cache, NULL));
	later = observe_cache_load(file, (int64_t)time(NULL));
	g_assert_true(observe_cache_find(later, path, &st, &digests));
	g_assert_true(hash_equal(&digests.content, &got.state.digest));
	g_assert_true(observe_cache_find_blob(later, "0123", &digests.content));
	g_assert_false(observe_cache_find_blob(later, "0124", &digests.content));
	st.st_ctim.tv_nsec ^= 1;
	g_assert_false(observe_cache_find(later, path, &st, &digests));
}

static void test_cache_leaves_out_what_is_fresh(struct fixture *f, const void *data)
{
	g_autofree char *file = g_build_filename(f->dir, "cache", NULL);
	g_autofree char *path = g_build_filename(f->dir, "x", NULL);
	g_autoptr(observe_cache_auto) cache = NULL;
	g_autoptr(observer_auto) o = NULL;
	struct observe_digests digests;
	struct stat st;

	(void)data;
	scratch_file(f->dir, "x", "abc");
	g_assert_cmpint(stat(path, &st), ==, 0);
	cache = observe_cache_load(file, (int64_t)time(NULL));
	o = observer_new(cache, BENEATH_KEEP);
	look(f, o, NULL, "x");
	g_assert_false(observe_cache_find(cache, path, &st, &digests));
}

static void test_damaged_cache_is_empty(struct fixture *f, const void *data)
{
	g_autofree char *file = g_build_filename(f->dir, "cache", NULL);
	g_autofree char *bytes = NULL;
	struct hash digest = {{1}};
	struct observe_cache *cache = observe_cache_load(file, 1000);
	gsize len;

	(void)data;
	observe_cache_put_blob(cache, "0123", &digest);
	g_assert_true(observe_cache_store(cache, NULL));
	observe_cache_free(cache);
	g_assert_true(g_file_get_contents(file, &bytes, &len, NULL));
	for (gsize i = 0; i < len; i += 7) {
		bytes[i] ^= 1;
		g_assert_true(g_file_set_contents(file, bytes, (gssize)len, NULL));
		cache = observe_cache_load(file, 1000);
		g_assert_false(observe_cache_find_blob(cache, "0123", &digest));
		observe_cache_free(cache);
		bytes[i] ^= 1;
		g_assert_true(g_file_set_contents(file, bytes, (gssize)i, NULL));
		cache = observe_cache_load(file, 1000);
		g_assert_false(observe_cache_find_blob(cache, "0123", &digest));
		observe_cache_free(cache);
	}
}

/* The cache may be wrong, and then it is believed: that is why apply works without. */
static void test_no_cache_reads_again(struct fixture *f, const void *data)
{
	struct observed first, second;

	(void)data;
	scratch_file(f->dir, "x", "abc");
	first = look(f, f->o, NULL, "x");
	scratch_file(f->dir, "x", "abd");
	second = look(f, f->o, NULL, "x");
	g_assert_false(plan_state_equal(&first.state, &second.state));
	g_assert_false(observed_is_same(&first, &second.st));
}

#define ADD(name, function) g_test_add(name, struct fixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD("/observe/types", test_types);
	ADD("/observe/behind-a-link-is-absent", test_behind_a_link);
	ADD("/observe/xattrs", test_xattrs);
	ADD("/observe/names", test_names);
	ADD("/observe/no-cache-reads-again", test_no_cache_reads_again);
	ADD("/observe-cache/remembers", test_cache);
	ADD("/observe-cache/leaves-out-what-is-fresh", test_cache_leaves_out_what_is_fresh);
	ADD("/observe-cache/damaged-is-empty", test_damaged_cache_is_empty);
	return g_test_run();
}
