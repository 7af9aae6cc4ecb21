/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of agent/http/page-stacks.c: what the overview tells of what people have steered. */
#include "agent/http/page-overview.h"

#include <string.h>

#include "unit/markup-check.h"

#define NOW INT64_C(1790000000)
#define UNTIL (NOW + 7200)
#define STAMP "datetime=\"2026-09-21T16:13:20Z\""
#define HOSTILE "<b>&\"'\xe2\x80\xae\x1b[1m"

struct fixture {
	struct told_steer steers[TOLD_KINDS], stop;
	struct page_stack stack;
	struct page_overview view;
};

static void set_up(struct fixture *f, const void *data)
{
	(void)data;
	f->stack = (struct page_stack){.name = "web",
				       .reason = "because",
				       .state = STACK_STATE_SUSPENDED,
				       .commit = "1111111111111111111111111111111111111111",
				       .applied = "",
				       .steers = f->steers};
	f->view = (struct page_overview){
		.frame = {.root = "./", .agent = "web1", .person = "alice", .csrf = "c5rf"},
		.stacks = &f->stack,
		.stacks_count = 1,
		.log_root = "",
		.stop = &f->stop,
		.now = NOW};
}

static void steer(struct told_steer *steer, const char *person, const char *reason,
		  const char *what, int64_t until)
{
	*steer = (struct told_steer){.on = true,
				     .time = NOW - 60,
				     .until = until,
				     .person = (char *)person,
				     .reason = (char *)reason,
				     .what = (char *)what};
}

/* raw: of the markup itself, NULL: nothing. */
static void expect(const struct fixture *f, const char *said, const char *raw)
{
	struct markup m;
	size_t len;
	g_autofree char *text = page_overview(&f->view, &len);

	markup_check(&m, text, len);
	if (!markup_says(&m, said)) {
		g_error("'%s' is not in\n%s", said, m.text->str);
	}
	if (raw != NULL && strstr(text, raw) == NULL) {
		g_error("'%s' is not in\n%s", raw, text);
	}
	markup_clear(&m);
}

static void expect_not(const struct fixture *f, const char *said)
{
	struct markup m;
	size_t len;
	g_autofree char *text = page_overview(&f->view, &len);

	markup_check(&m, text, len);
	g_assert_false(markup_says(&m, said));
	markup_clear(&m);
}

static void test_a_suspension(struct fixture *f, const void *data)
{
	(void)data;
	expect_not(f, "Suspended by");
	steer(&f->steers[TOLD_SUSPENDED], "bob", "the disk is full", NULL, UNTIL);
	expect(f, "Suspended by bob: the disk is full; until: ", STAMP);
	f->steers[TOLD_SUSPENDED].until = 0;
	f->stack.reason = NULL;
	expect(f, "Suspended by bob: the disk is full; until somebody resumes it\n",
	       "<td class=\"text\"><strong>Suspended");
	f->steers[TOLD_SUSPENDED].on = false; // who ended it is kept, and is no suspension
	expect_not(f, "Suspended by");
}

static void test_a_rollback(struct fixture *f, const void *data)
{
	(void)data;
	steer(&f->steers[TOLD_PINNED], "bob", "it breaks", "2222", 0);
	expect_not(f, "Rolled back"); // the branch has passed it just now
	f->stack.pin = "2222222222222222222222222222222222222222";
	expect(f,
	       "because\n"
	       "Rolled back by bob: it breaks; stays at 222222222222 until the branch has "
	       "another commit than 111111111111\n",
	       "<br/><strong>Rolled");
}

static void test_a_trial(struct fixture *f, const void *data)
{
	(void)data;
	f->stack.returning = true;
	expect(f, "A trial has ended, and what was before is put back.", NULL);
	f->stack.returning = false;
	steer(&f->steers[TOLD_TRIAL], "bob", "before it is merged", "refs/heads/topic", UNTIL);
	expect(f, "Trial of refs/heads/topic by bob: before it is merged; until: ", STAMP);
	expect_not(f, "left out");
	f->stack.try_problem = "no manifest";
	expect(f, "Its newest commit is left out: no manifest", "<span lang=\"en\">no manifest");
}

static void test_what_it_waits_for(struct fixture *f, const void *data)
{
	(void)data;
	f->stack.waits = "stack 'base', which is failed: why";
	f->stack.opens = UNTIL;
	expect_not(f, "Approved, and");
	f->stack.wait = PAGE_WAIT_STACK;
	expect(f, "waits for another stack: stack 'base', which is failed: why\n",
	       "<td class=\"act\">approved</td>");
	f->stack.wait = PAGE_WAIT_WINDOW;
	expect(f, "waits for its window, which opens: ", STAMP);
	f->stack.opens = 0;
	expect(f, "waits for its window, but none opens within a year.", NULL);
}

static void test_a_fallback_and_drift(struct fixture *f, const void *data)
{
	(void)data;
	expect_not(f, "fallback");
	expect_not(f, "differ");
	f->stack.remote = "https://mirror.example.org/ops.git";
	f->stack.remote_problem = "it does not answer";
	f->stack.drift = 1;
	expect(f, "Fetched from a fallback: https://mirror.example.org/ops.git it does not answer",
	       NULL);
	expect(f, "1 place differs", NULL);
	expect_not(f, "since:");
	f->stack.drift = 3;
	f->stack.drift_since = UNTIL;
	expect(f, "3 places differ since: ", STAMP);
}

static void test_a_stop_of_everything(struct fixture *f, const void *data)
{
	(void)data;
	expect_not(f, "Everything");
	f->view.stop_file = true;
	expect(f, "Everything is stopped by a file in the agent's state folder.",
	       "role=\"alert\" id=\"stopped\"");
	steer(&f->stop, "bob", "fire", NULL, 0);
	expect(f, "Everything is stopped by bob: fire; until somebody resumes it\n", NULL);
	expect_not(f, "Stopped, as");
	f->stack.reason = NULL;
	expect(f, "Stopped, as everything is.", NULL);
	f->view.stop = NULL;
	f->view.stop_file = false;
	expect_not(f, "Everything");
}

static void test_nothing_of_it_is_markup(struct fixture *f, const void *data)
{
	(void)data;
	for (int i = 0; i < TOLD_KINDS; i++) {
		steer(&f->steers[i], HOSTILE, HOSTILE, HOSTILE, UNTIL);
	}
	steer(&f->stop, HOSTILE, HOSTILE, NULL, 0);
	f->stack.pin = f->stack.commit = f->stack.try_problem = f->stack.waits = HOSTILE;
	f->stack.remote = f->stack.remote_problem = f->stack.reason = HOSTILE;
	f->stack.wait = PAGE_WAIT_STACK;
	expect(f, "Suspended by <b>&\"'<U+202E><U+001B>[1m: <b>&", NULL); // judged there
}

#define ADD(name, test) g_test_add("/page-stacks/" name, struct fixture, NULL, set_up, test, NULL)

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD("a-suspension", test_a_suspension);
	ADD("a-rollback", test_a_rollback);
	ADD("a-trial", test_a_trial);
	ADD("what-it-waits-for", test_what_it_waits_for);
	ADD("a-fallback-and-drift", test_a_fallback_and_drift);
	ADD("a-stop-of-everything", test_a_stop_of_everything);
	ADD("nothing-of-it-is-markup", test_nothing_of_it_is_markup);
	return g_test_run();
}
