/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of agent/http/front.c: letters between the main loop and the front. */
#include "agent/http/front.h"

#include <string.h>

#define LETTERS 1000

struct rig {
	struct front *front;
	GThread *main, *wrong; /* wrong: a letter was read by somebody else */
	unsigned there, here;  /* letters read in order */
	GMainLoop *loop;
};
struct number {
	struct rig *rig;
	unsigned n;
};

static void rig_begin(struct rig *rig)
{
	memset(rig, 0, sizeof(*rig));
	rig->main = g_thread_self();
	rig->loop = g_main_loop_new(NULL, FALSE);
	g_assert_true(front_open(&rig->front, NULL));
}

static void rig_end(struct rig *rig)
{
	front_stop(rig->front);
	front_free(rig->front);
	g_main_loop_unref(rig->loop);
	g_assert_null(rig->wrong);
}

static void come_here(void *user)
{
	struct number *number = user;
	struct rig *rig = number->rig;

	if (g_thread_self() != rig->main || number->n != rig->here) {
		rig->wrong = g_thread_self();
	}
	rig->here++;
	g_free(number);
	if (rig->here == LETTERS) {
		g_main_loop_quit(rig->loop);
	}
}

static void go_there(void *user)
{
	struct number *number = user;
	struct rig *rig = number->rig;

	if (g_thread_self() == rig->main || number->n != rig->there) {
		rig->wrong = g_thread_self();
	}
	rig->there++;
	front_tell(rig->front, come_here, number);
}

static struct number *number_new(struct rig *rig, unsigned n)
{
	struct number *number = g_new0(struct number, 1);

	*number = (struct number){rig, n};
	return number;
}

static void test_letters_come_in_order(void)
{
	struct rig rig;

	rig_begin(&rig);
	for (unsigned i = 0; i < LETTERS; i++) {
		front_do(rig.front, go_there, number_new(&rig, i));
	}
	g_main_loop_run(rig.loop);
	g_assert_cmpuint(rig.here, ==, LETTERS);
	rig_end(&rig);
}

static void see(void *user)
{
	*(GThread **)user = g_thread_self();
}

static void test_a_question_is_answered_before_it_returns(void)
{
	GThread *seen = NULL;
	struct rig rig;

	rig_begin(&rig);
	for (unsigned i = 0; i < 100; i++) {
		front_do(rig.front, go_there, number_new(&rig, i));
	}
	front_ask(rig.front, see, &seen);
	g_assert_nonnull(seen);
	g_assert_true(seen != rig.main);
	g_assert_cmpuint(rig.there, ==, 100); // what was written before has been read before
	g_assert_cmpuint(rig.here, ==, 0);    // and waits for the main loop
	rig_end(&rig);
	g_assert_cmpuint(rig.here, ==, 100); // which did not run: nothing is lost
}

static void test_afterwards_all_is_done_at_once(void)
{
	GThread *done = NULL, *told = NULL, *asked = NULL;
	struct rig rig;

	rig_begin(&rig);
	front_stop(rig.front);
	front_do(rig.front, see, &done);
	front_tell(rig.front, see, &told);
	front_ask(rig.front, see, &asked);
	g_assert_true(done == rig.main && told == rig.main && asked == rig.main);
	rig_end(&rig);
}

static gboolean on_timer(void *user)
{
	struct rig *rig = user;

	if (g_thread_self() == rig->main) {
		rig->wrong = rig->main;
	}
	front_tell(rig->front, come_here, number_new(rig, LETTERS - 1));
	return G_SOURCE_REMOVE;
}

static void test_sources_are_the_fronts(void)
{
	struct rig rig;
	GSource *source;

	rig_begin(&rig);
	rig.here = LETTERS - 1;
	source = g_timeout_source_new(1);
	g_source_set_callback(source, on_timer, &rig, NULL);
	g_source_attach(source, front_context(rig.front));
	g_source_unref(source);
	g_main_loop_run(rig.loop);
	g_assert_cmpuint(rig.here, ==, LETTERS);
	rig_end(&rig);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/front/letters-come-in-order", test_letters_come_in_order);
	g_test_add_func("/front/a-question-is-answered-before-it-returns",
			test_a_question_is_answered_before_it_returns);
	g_test_add_func("/front/afterwards-all-is-done-at-once",
			test_afterwards_all_is_done_at_once);
	g_test_add_func("/front/sources-are-the-fronts", test_sources_are_the_fronts);
	return g_test_run();
}
