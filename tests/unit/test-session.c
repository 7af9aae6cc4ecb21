/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of agent/http/session.c. */
#include "agent/http/session.h"

#include <string.h>

#define NOW INT64_C(1767225600)

static struct sessions *open_one(char **cookie)
{
	struct sessions *s = sessions_new();
	char *link = sessions_link(s, "alice", NULL, NOW);
	char *target = NULL;

	*cookie = sessions_login(s, link, NOW, &target);
	g_assert_nonnull(*cookie);
	g_assert_null(target);
	sessions_wipe(link);
	return s;
}

static void test_a_link_signs_in_once(void)
{
	struct sessions *s = sessions_new();
	char *link = sessions_link(s, "alice", "sha256:77", NOW);
	g_autofree char *target = NULL;
	const struct session *session;
	char *cookie;

	g_assert_cmpuint(strlen(link), ==, 64);
	session = sessions_peek(s, link, NOW);
	g_assert_cmpstr(session->person, ==, "alice");
	g_assert_nonnull(sessions_peek(s, link, NOW)); // looking spends nothing
	g_assert_cmpuint(sessions_count(s), ==, 0);
	cookie = sessions_login(s, link, NOW, &target);
	g_assert_cmpstr(target, ==, "sha256:77");
	g_assert_cmpstr(cookie, !=, link);
	session = sessions_find(s, cookie, NOW);
	g_assert_cmpstr(session->person, ==, "alice");
	g_assert_null(sessions_login(s, link, NOW, &target));
	g_assert_null(sessions_peek(s, link, NOW));
	g_assert_null(sessions_find(s, link, NOW));   // a link is no cookie
	g_assert_null(sessions_peek(s, cookie, NOW)); // nor the other way round
	sessions_wipe(link);
	sessions_wipe(cookie);
	sessions_free(s);
}

static void test_a_link_expires(void)
{
	struct sessions *s = sessions_new();
	char *link = sessions_link(s, "alice", NULL, NOW);
	char *target = NULL;

	g_assert_nonnull(sessions_peek(s, link, NOW + SESSION_LINK_LIFE - 1));
	g_assert_null(sessions_login(s, link, NOW + SESSION_LINK_LIFE, &target));
	g_assert_null(sessions_login(s, link, NOW, &target)); // it does not come back
	sessions_wipe(link);
	link = sessions_link(s, "alice", NULL, NOW);
	g_assert_null(sessions_login(s, link, NOW - 1, &target)); // nor from the past
	sessions_wipe(link);
	sessions_free(s);
}

static void test_a_session_expires(void)
{
	char *cookie;
	struct sessions *s = open_one(&cookie);
	int64_t now = NOW;

	/* Used again and again it ends nevertheless. */
	while (now < NOW + SESSION_LIFE) {
		g_assert_nonnull(sessions_find(s, cookie, now));
		now += SESSION_IDLE - 1;
	}
	g_assert_null(sessions_find(s, cookie, NOW + SESSION_LIFE));
	g_assert_cmpuint(sessions_count(s), ==, 0);
	sessions_wipe(cookie);
	sessions_free(s);
	s = open_one(&cookie);
	g_assert_null(sessions_find(s, cookie, NOW + SESSION_IDLE));
	sessions_wipe(cookie);
	sessions_free(s);
}

static void test_signing_out_ends_it(void)
{
	char *cookie;
	struct sessions *s = open_one(&cookie);

	sessions_logout(s, "no such");
	g_assert_nonnull(sessions_find(s, cookie, NOW));
	sessions_logout(s, cookie);
	g_assert_null(sessions_find(s, cookie, NOW));
	sessions_wipe(cookie);
	sessions_free(s);
}

static void test_strange_tokens_are_nobody(void)
{
	g_autofree char *long_text = g_strnfill(100000, 'a');
	char *cookie;
	struct sessions *s = open_one(&cookie);
	const char *const rows[] = {"", "a", long_text, NULL};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_assert_null(sessions_find(s, rows[i], NOW));
		g_assert_null(sessions_peek(s, rows[i], NOW));
	}
	cookie[0] = cookie[0] == 'a' ? 'b' : 'a';
	g_assert_null(sessions_find(s, cookie, NOW));
	sessions_wipe(cookie);
	sessions_free(s);
}

static void test_both_kinds_are_bounded(void)
{
	struct sessions *s = sessions_new();
	char *first = sessions_link(s, "alice", NULL, NOW);
	char *cookie = NULL, *target = NULL;

	for (unsigned i = 0; i < SESSION_LINKS; i++) {
		sessions_wipe(sessions_link(s, "bob", NULL, NOW));
	}
	g_assert_null(sessions_peek(s, first, NOW));
	sessions_wipe(first);
	for (unsigned i = 0; i < SESSION_COUNT + 9; i++) {
		char *link = sessions_link(s, "bob", NULL, NOW);

		sessions_wipe(cookie);
		cookie = sessions_login(s, link, NOW, &target);
		sessions_wipe(link);
	}
	g_assert_cmpuint(sessions_count(s), ==, SESSION_COUNT);
	g_assert_nonnull(sessions_find(s, cookie, NOW)); // the newest stays
	sessions_wipe(cookie);
	sessions_free(s);
}

static void test_forms_are_bound_to_their_session(void)
{
	struct sessions *s = sessions_new(), *other = sessions_new();
	g_autofree char *token = sessions_csrf(s, "session 1");
	g_autofree char *same = sessions_csrf(s, "session 1");

	g_assert_cmpstr(token, ==, same);
	g_assert_true(sessions_csrf_fits(s, "session 1", token));
	g_assert_false(sessions_csrf_fits(s, "session 2", token));
	g_assert_false(sessions_csrf_fits(other, "session 1", token)); // after a restart
	g_assert_false(sessions_csrf_fits(s, "session 1", NULL));
	g_assert_false(sessions_csrf_fits(s, "session 1", ""));
	g_assert_false(sessions_csrf_fits(s, "session 1", "00"));
	sessions_free(s);
	sessions_free(other);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/session/a-link-signs-in-once", test_a_link_signs_in_once);
	g_test_add_func("/session/a-link-expires", test_a_link_expires);
	g_test_add_func("/session/a-session-expires", test_a_session_expires);
	g_test_add_func("/session/signing-out-ends-it", test_signing_out_ends_it);
	g_test_add_func("/session/strange-tokens-are-nobody", test_strange_tokens_are_nobody);
	g_test_add_func("/session/both-kinds-are-bounded", test_both_kinds_are_bounded);
	g_test_add_func("/session/forms-are-bound-to-their-session",
			test_forms_are_bound_to_their_session);
	return g_test_run();
}
