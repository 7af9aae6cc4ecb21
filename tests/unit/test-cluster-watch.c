/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of watches: events in odd pieces, how they end, several side by side. */
#include "cluster/watch.h"

#include <glib-unix.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "unit/fake-api.h"

/* What a watch was told, as one text. */
struct told {
	GString *text;
	bool enough, ended;
	struct cluster_watches *w; /* to add another one to, when this ends */
	struct cluster *c;
	struct told *next;
};

static bool on_event(const char *type, struct kube_value *object, void *user)
{
	struct told *told = user;

	g_string_append_printf(told->text, "%s %s,", type,
			       kube_value_str_at(object, "metadata", "name", NULL));
	kube_value_free(object);
	return !told->enough;
}

static const struct cluster_watch_ops ops;

static void on_end(enum cluster_watch_end end, const struct kube_answer *answer,
		   const char *problem, void *user)
{
	static const char *const names[] = {"done", "expired", "refused", "lost"};
	struct told *told = user;
	g_autoptr(GError) error = NULL;

	g_assert_true((problem == NULL) == (end == CLUSTER_WATCH_DONE));
	g_assert_true(problem == NULL || g_str_has_prefix(problem, "cluster 'fake'"));
	g_string_append_printf(told->text, "%s %d", names[end], answer != NULL ? answer->code : 0);
	g_assert_false(told->ended);
	told->ended = true;
	if (told->next != NULL) {
		g_assert_true(cluster_watches_add(told->w, told->c, "/watch/next", &ops, told->next,
						  &error));
	}
}

static const struct cluster_watch_ops ops = {on_event, on_end};

static void add(struct cluster_watches *w, struct cluster *c, const char *path, struct told *told)
{
	g_autoptr(GError) error = NULL;

	told->text = g_string_new(NULL);
	g_assert_true(cluster_watches_add(w, c, path, &ops, told, &error));
	g_assert_no_error(error);
}

static void until(struct cluster_watches *w, const bool *what)
{
	for (unsigned i = 0; !*what; i++) {
		g_assert_cmpuint(i, <, 10000);
		cluster_watches_wait(w, -1, 100);
	}
}

static void assert_told(struct told *told, const char *text)
{
	g_assert_cmpstr(told->text->str, ==, text);
	g_string_free(told->text, TRUE);
	told->text = NULL;
}

#define BOTH "ADDED one,MODIFIED two\xc3\xa4\n,"

static void test_ends(void)
{
	static const struct {
		const char *path;
		bool enough;
		const char *told;
	} rows[] = {
		{"/watch/plain", false, BOTH "BOOKMARK mark,done 0"},
		{"/watch/enough", true, "ADDED one,done 0"},
		{"/watch/error", false, BOTH "expired 410"},
		{"/watch/gone", false, "expired 410"},
		{"/watch/refused", false, "refused 403"},
		{"/watch/cut", false, BOTH "lost 0"},
		{"/watch/broken", false, BOTH "lost 0"},
		{"/flaky/429/9/0/watch", false, "lost 429"},
		{"/flaky/500/9/-/watch", false, "lost 500"},
		{"/type/redirect", false, "refused 302"},
		{"/private/watch", false, "refused 401"},
	};
	g_autoptr(cluster_auto) c = fake_api_cluster("server", "token: hidden");
	g_autoptr(cluster_watches_auto) w = cluster_watches_new();

	fake_api_write("accept", "other");
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		struct told told = {.enough = rows[i].enough};

		g_test_message("%s", rows[i].path);
		add(w, c, rows[i].path, &told);
		g_assert_cmpuint(cluster_watches_count(w), ==, 1);
		until(w, &told.ended);
		assert_told(&told, rows[i].told);
		g_assert_cmpuint(cluster_watches_count(w), ==, 0);
	}
}

static void test_nobody(void)
{
	g_autoptr(cluster_settings_auto) settings =
		fake_api_settings("server", "server: 'https://127.0.0.1:1'", "");
	g_autoptr(cluster_auto) c = fake_api_open(settings);
	g_autoptr(cluster_watches_auto) w = cluster_watches_new();
	struct told told = {0};

	add(w, c, "/watch/plain", &told);
	until(w, &told.ended);
	assert_told(&told, "lost 0");
}

/* One that hangs holds up no other; what is removed is told nothing any more. */
static void test_side_by_side(void)
{
	g_autoptr(cluster_auto) c = fake_api_cluster("server", "");
	g_autoptr(cluster_auto) d = fake_api_cluster("server", "");
	g_autoptr(cluster_watches_auto) w = cluster_watches_new();
	struct told hang = {0}, plain = {0}, other = {0}, next = {0};

	add(w, c, "/watch/hang", &hang);
	add(w, c, "/watch/plain", &plain);
	add(w, d, "/watch/plain", &other);
	next.text = g_string_new(NULL);
	plain.w = w;
	plain.c = d;
	plain.next = &next;
	until(w, &plain.ended);
	until(w, &other.ended);
	until(w, &next.ended);
	while (strcmp(hang.text->str, BOTH) != 0) {
		cluster_watches_wait(w, -1, 100);
	}
	g_assert_cmpuint(cluster_watches_count(w), ==, 1);
	cluster_watches_remove(w, &hang);
	g_assert_cmpuint(cluster_watches_count(w), ==, 0);
	cluster_watches_wait(w, -1, 10);
	assert_told(&plain, BOTH "BOOKMARK mark,done 0");
	assert_told(&other, BOTH "BOOKMARK mark,done 0");
	assert_told(&next, BOTH "BOOKMARK mark,done 0");
	assert_told(&hang, BOTH);
}

/* Over HTTP/1.1 each takes a connection of its own. */
static void test_many(void)
{
	g_autoptr(cluster_auto) c = fake_api_cluster("server", "");
	g_autoptr(cluster_watches_auto) w = cluster_watches_new();
	struct told hang[9] = {{0}};
	bool all = false;

	for (size_t i = 0; i < G_N_ELEMENTS(hang); i++) {
		add(w, c, "/watch/hang", &hang[i]);
	}
	for (unsigned n = 0; !all; n++) {
		g_assert_cmpuint(n, <, 1000);
		cluster_watches_wait(w, -1, 100);
		all = true;
		for (size_t i = 0; i < G_N_ELEMENTS(hang); i++) {
			all = all && strcmp(hang[i].text->str, BOTH) == 0;
		}
	}
	g_assert_cmpuint(cluster_watches_count(w), ==, G_N_ELEMENTS(hang));
	for (size_t i = 0; i < G_N_ELEMENTS(hang); i++) {
		assert_told(&hang[i], BOTH);
	}
}

/* Ended from outside while it is open. */
static void test_freed(void)
{
	g_autoptr(cluster_auto) c = fake_api_cluster("server", "");
	struct cluster_watches *w = cluster_watches_new();
	struct told hang = {0};

	add(w, c, "/watch/hang", &hang);
	while (strcmp(hang.text->str, BOTH) != 0) {
		cluster_watches_wait(w, -1, 100);
	}
	cluster_watches_free(w);
	assert_told(&hang, BOTH);
}

static void test_readable(void)
{
	g_autoptr(cluster_watches_auto) w = cluster_watches_new();
	int fds[2];

	g_assert_true(g_unix_open_pipe(fds, 0, NULL));
	g_assert_cmpint(write(fds[1], "x", 1), ==, 1);
	cluster_watches_wait(w, fds[0], 600000);
	close(fds[0]);
	close(fds[1]);
}

static void test_credentials(void)
{
	g_autoptr(cluster_auto) c = NULL;
	g_autoptr(cluster_watches_auto) w = cluster_watches_new();
	struct told told = {0};

	fake_api_write("token", "first");
	c = fake_api_cluster("server", "tokenFile: token");
	add(w, c, "/watch/login", &told);
	fake_api_write("token", "second");
	until(w, &told.ended);
	assert_told(&told, BOTH "BOOKMARK mark,done 0");
	g_assert_cmpint(fake_api_count("/watch/login"), ==, 2);
}

static bool stop(void *user)
{
	return ++*(int *)user > 3;
}

static void test_single(void)
{
	int asked = 0;
	const struct cluster_limits stopping = {.stopped = stop, .user = &asked};
	g_autoptr(cluster_auto) c = fake_api_cluster("server", "");
	struct told told = {.text = g_string_new(NULL)};
	g_autoptr(GError) error = NULL;

	g_assert_true(cluster_watch(c, "/watch/plain", NULL, on_event, &told, &error));
	g_assert_no_error(error);
	g_assert_false(cluster_watch(c, "/watch/error", NULL, on_event, &told, &error));
	g_assert_error(error, BASE_ERROR, BASE_ERROR_NOT_FOUND);
	g_clear_error(&error);
	g_assert_false(cluster_watch(c, "/watch/refused", NULL, on_event, &told, &error));
	g_assert_error(error, BASE_ERROR, BASE_ERROR_FAILED);
	g_assert_nonnull(strstr(error->message, "no right to watch"));
	g_clear_error(&error);
	g_assert_false(cluster_watch(c, "/watch/hang", &stopping, on_event, &told, &error));
	g_assert_error(error, BASE_ERROR, BASE_ERROR_CANCELLED);
	g_string_free(told.text, TRUE);
}

int main(int argc, char **argv)
{
	int result;

	g_test_init(&argc, &argv, NULL);
	fake_api_start();
	g_test_add_func("/cluster/watch/ends", test_ends);
	g_test_add_func("/cluster/watch/nobody", test_nobody);
	g_test_add_func("/cluster/watch/side-by-side", test_side_by_side);
	g_test_add_func("/cluster/watch/many", test_many);
	g_test_add_func("/cluster/watch/freed", test_freed);
	g_test_add_func("/cluster/watch/readable", test_readable);
	g_test_add_func("/cluster/watch/credentials", test_credentials);
	g_test_add_func("/cluster/watch/single", test_single);
	result = g_test_run();
	fake_api_stop();
	return result;
}
