/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Stacks that live through whatever may come, in any order: what must never happen does not, the
 * log replays to what was known, and in the end all of them hold what the branch wants.
 *
 * Each life has a number, which is the seed of it: ASSENT_TEST_LIFE=N lives that one alone, and
 * tells of it; ASSENT_TEST_LIVES=N lives so many. */
#include <inttypes.h>
#include <string.h>

#include "agent/fold-steer.h"
#include "agent/rollback.h"
#include "stack-world.h"

#define LIVES 150
#define STEPS 300
#define CALM 400 /* steps until all is as it shall be */

static const char *const commits[] = {
	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb",
	"cccccccccccccccccccccccccccccccccccccccc", "dddddddddddddddddddddddddddddddddddddddd",
	"eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee", "ffffffffffffffffffffffffffffffffffffffff",
};

struct logged {
	char *type, *fields;
	int64_t time;
};
struct life {
	struct world w;
	GRand *rand;
	GPtrArray *log;	      /* struct logged */
	GHashTable *approved; /* ids of plans */
	bool outdated;	      /* as in the agent: of the job that runs */
	bool tells;
	unsigned starts;
};

static int any(struct life *l, int below)
{
	return g_rand_int_range(l->rand, 0, below);
}

/* Mostly nothing new. */
static const char *any_commit(struct life *l)
{
	const struct stack_facts *f = l->w.f;
	const char *last = l->w.s.tries ? f->try_commit : f->commit;

	if (last[0] != '\0' && any(l, 4) != 0) {
		for (size_t i = 0; i < G_N_ELEMENTS(commits); i++) {
			if (strcmp(commits[i], last) == 0) {
				return commits[i];
			}
		}
	}
	return commits[any(l, G_N_ELEMENTS(commits))];
}

static void free_logged(void *data)
{
	struct logged *entry = data;

	g_free(entry->type);
	g_free(entry->fields);
	g_free(entry);
}

static bool job_is_of_source(const struct stack *s)
{
	return s->job == STACK_JOB_FETCH || s->job == STACK_JOB_PLAN;
}

static void on_entry(struct world *w, const char *type, const char *fields)
{
	static const char *const steers[] = {"rollback", "unpin", "try", "return", NULL};
	struct life *l = w->user;
	struct logged *entry = g_new0(struct logged, 1);

	*entry = (struct logged){g_strdup(type), g_strdup(fields), w->now};
	g_ptr_array_add(l->log, entry);
	l->outdated |= g_strv_contains(steers, type) && job_is_of_source(&w->s);
	if (strcmp(type, "commit") == 0) { // it would be of the one and of the other
		g_assert_false(w->s.owned && w->f->try_ref[0] != '\0');
	}
	if (l->tells) {
		g_test_message("%" PRId64 " %s %s", w->now - NOW, type, fields);
	}
}

/* What must be so whenever something is about to be changed. */
static void on_start(struct world *w)
{
	struct life *l = w->user;
	const struct stack_facts *f = w->f;

	l->starts++;
	g_assert_cmpstr(w->s.stopped, ==, "");
	if (w->s.mode == MODE_UNDO) {
		return;
	}
	g_assert_cmpstr(f->suspended, ==, "");
	g_assert_cmpint(w->now, <, f->plan_expires);
	g_assert_cmpstr(f->plan_commit, ==, stack_target(f));
	g_assert_false(stack_is_blocked(f));
	g_assert_false(stack_targets_bad(f));
	g_assert_false(fold_is_bad(w->fold_stack, f->plan_commit));
	g_assert_false(w->s.shut);
	g_assert_cmpstr(w->s.waits, ==, "");
	g_assert_true(g_hash_table_contains(l->approved, f->plan));
	g_assert_cmpint(f->phase, ==,
			w->s.mode == MODE_APPLY ? STACK_PHASE_OPEN : STACK_PHASE_FAILED);
	if (f->try_ref[0] != '\0') {
		g_assert_cmpint(w->now, <, f->try_until);
	}
}

static void look(struct life *l)
{
	world_step(&l->w, STACK_LOOK, NULL);
}

static void fetched(struct life *l, const char *commit)
{
	struct stack_facts *f = l->w.f;
	struct stack_details d = {.commit = commit, .tree = T};

	d.bad = fold_is_bad(l->w.fold_stack, commit);
	if (!l->w.s.tries && stack_wants_list(f) && strcmp(f->commit, commit) == 0) {
		d.renewed = "listed anew";
	}
	world_step(&l->w, STACK_FETCHED, &d);
}

static void fetch_bad(struct life *l)
{
	static const enum stack_block blocks[] = {STACK_BLOCK_REWOUND, STACK_BLOCK_DELETED,
						  STACK_BLOCK_EMPTY, STACK_BLOCK_SIGNATURE};
	struct stack_details d = {.commit = any_commit(l), .reason = "why"};

	d.block = blocks[any(l, G_N_ELEMENTS(blocks))];
	world_step(&l->w, STACK_FETCH_BAD, &d);
}

static void end_fetch(struct life *l)
{
	int what = l->outdated ? 0 : any(l, 20);

	if (what == 0) {
		world_send(&l->w, STACK_FETCH_FAILED);
	} else if (what == 1) {
		fetch_bad(l);
	} else {
		fetched(l, any_commit(l));
	}
}

static void end_plan(struct life *l)
{
	static const enum stack_event events[] = {
		STACK_PLANNED, STACK_PLANNED,	 STACK_PLANNED,	    STACK_PLANNED, STACK_PLANNED,
		STACK_PLANNED, STACK_PLAN_EMPTY, STACK_PLAN_FAILED, STACK_PLAN_BAD};

	if (l->outdated) {
		l->w.s.next_plan = 0;
		world_send(&l->w, STACK_PLAN_FAILED);
		return;
	}
	world_send(&l->w, events[any(l, G_N_ELEMENTS(events))]);
}

static void end_apply(struct life *l)
{
	static const char *const results[] = {"ok", "ok", "ok", "failed", "rolled-back"};
	bool undoes = l->w.s.mode == MODE_UNDO ||
		      (l->w.fold_stack->plan != NULL && l->w.fold_stack->plan->mode == MODE_UNDO);

	l->w.result = results[any(l, G_N_ELEMENTS(results))];
	if (undoes && strcmp(l->w.result, "ok") == 0) {
		l->w.result = "rolled-back";
	}
	l->w.halts = any(l, 2) == 0;
	switch (any(l, 8)) {
	case 0:
		if (l->w.s.mode == MODE_APPLY) {
			world_send(&l->w, STACK_STALE);
			break;
		}
		world_send(&l->w, STACK_NOTHING_LEFT);
		break;
	case 1:
		world_send(&l->w, STACK_APPLY_LOST);
		break;
	default:
		world_send(&l->w, STACK_APPLIED);
	}
}

static void end_recover(struct life *l)
{
	static const enum stack_event events[] = {STACK_NOTHING_LEFT, STACK_RECOVER_FAILED};
	int what = any(l, 3);

	if (what == 2) {
		end_apply(l);
	} else {
		world_send(&l->w, events[what]);
	}
}

static void end_job(struct life *l)
{
	enum stack_job job = l->w.s.job;

	if (job == STACK_JOB_FETCH) {
		end_fetch(l);
	} else if (job == STACK_JOB_PLAN) {
		end_plan(l);
	} else if (job == STACK_JOB_APPLY) {
		end_apply(l);
	} else if (job == STACK_JOB_RECOVER) {
		end_recover(l);
	}
	l->outdated = false;
}

static void approve(struct life *l)
{
	if (l->w.f->phase == STACK_PHASE_OPEN && l->w.now < l->w.f->plan_expires) {
		g_hash_table_add(l->approved, g_strdup(l->w.f->plan));
		world_send(&l->w, STACK_APPROVED);
	}
}

/* Outside of the log: who stopped all, windows, other stacks, which branch is its own. */
static void change_around(struct life *l)
{
	struct stack *s = &l->w.s;

	switch (any(l, 4)) {
	case 0:
		stack_keep(s->stopped, any(l, 6) == 0 ? "stopped" : "");
		break;
	case 1:
		s->shut = any(l, 6) == 0;
		break;
	case 2: // another configuration
		s->owned = any(l, 2) == 0;
		l->outdated |= job_is_of_source(s);
		break;
	default:
		stack_keep(s->waits, any(l, 6) == 0 ? "another" : "");
	}
	look(l);
}

static void pass_time(struct life *l)
{
	static const int most[] = {30, 30, 30, 400, 400, 4000};

	l->w.now += any(l, most[any(l, G_N_ELEMENTS(most))]);
	look(l);
}

static void suspend(struct life *l)
{
	if (l->w.f->suspended[0] != '\0' && any(l, 10) != 0) {
		world_entry(&l->w, "resume", "\"person\":\"p\",\"reason\":\"r\"");
		l->w.s.approved = false; // the agent counts votes anew
	} else if (any(l, 2) == 0) {
		world_entry(&l->w, "suspend", "\"person\":\"p\",\"reason\":\"r\"");
	} else {
		world_entry(&l->w, "suspend",
			    "\"person\":\"p\",\"reason\":\"r\",\"until\":%" PRId64,
			    l->w.now + 1 + any(l, 2000));
	}
	look(l);
}

static bool is_under_way(const struct life *l)
{
	return l->w.f->phase == STACK_PHASE_APPLYING || l->w.s.wanted != MODE_APPLY;
}

static void roll_back(struct life *l)
{
	const char *to = any(l, 2) == 0 ? NULL : any_commit(l);
	const struct fold_held *held = NULL;
	g_autofree char *bad = NULL;
	const char *newest;

	if (is_under_way(l) ||
	    rollback_choose(l->w.fold, l->w.fold_stack, to, &held) != ROLLBACK_MAY) {
		return;
	}
	newest = rollback_bad(l->w.fold_stack, held);
	bad = newest != NULL ? g_strdup_printf("\"bad\":\"%s\",", newest) : g_strdup("");
	world_entry(&l->w, "rollback",
		    "%s\"commit\":\"%s\",\"tree\":\"" T "\",\"person\":\"p\",\"reason\":\"r\"", bad,
		    held->commit);
	world_send(&l->w, STACK_PLAN);
}

static void unpin(struct life *l, const char *commit)
{
	if (l->w.f->phase != STACK_PHASE_APPLYING && fold_is_bad(l->w.fold_stack, commit)) {
		world_entry(&l->w, "unpin", "\"commit\":\"%s\",\"person\":\"p\",\"reason\":\"r\"",
			    commit);
		world_send(&l->w, STACK_SYNC);
	}
}

/* As http/try.c refuses. */
static void begin_trial(struct life *l)
{
	const struct stack_facts *f = l->w.f;

	if (l->w.s.owned || is_under_way(l) || f->base[0] == '\0' || f->try_ref[0] != '\0' ||
	    f->returning || f->halted[0] != '\0' ||
	    (f->pin[0] != '\0' && strcmp(f->pin, f->base) != 0) ||
	    fold_is_bad(l->w.fold_stack, f->base) || f->suspended[0] != '\0' ||
	    stack_is_blocked(f)) {
		return;
	}
	world_entry(&l->w, "try",
		    "\"person\":\"p\",\"reason\":\"r\",\"ref\":\"refs/heads/t\",\"until\":%" PRId64,
		    l->w.now + 60 + any(l, 3000));
	l->w.s.turn = false;
	l->w.s.try_problem[0] = '\0';
	world_send(&l->w, STACK_SYNC);
}

static void end_trial(struct life *l)
{
	if (l->w.f->try_ref[0] != '\0' && !is_under_way(l)) {
		world_entry(&l->w, "return", "\"person\":\"p\",\"reason\":\"r\"");
		l->w.s.next_drift = l->w.now;
		look(l);
	}
}

static void follow(struct life *l)
{
	const struct stack_facts *f = l->w.f;
	char commit[STACK_ID_SIZE];

	if (f->block != STACK_BLOCK_REWOUND || f->base[0] == '\0') {
		return;
	}
	g_strlcpy(commit, f->block_commit, sizeof(commit));
	world_entry(&l->w, "rewritten",
		    "\"base\":\"%s\",\"commit\":\"%s\",\"person\":\"p\",\"reason\":\"r\"", f->base,
		    commit);
	world_send(&l->w, STACK_FOLLOW);
}

static void assert_replays(struct life *l, struct fold *again)
{
	struct fold_stack *a = l->w.fold_stack, *b = fold_stack_get(again, "web");

	g_assert_cmpmem(&a->facts, sizeof(a->facts), &b->facts, sizeof(b->facts));
	g_assert_cmpuint(a->held->len, ==, b->held->len);
	g_assert_cmpuint(g_hash_table_size(a->bad), ==, g_hash_table_size(b->bad));
	g_assert_cmpint(l->w.fold->next_number, ==, again->next_number);
	g_assert_cmpuint(l->w.fold->size, ==, again->size);
}

/* Nothing but the log is left. */
static void restart(struct life *l)
{
	struct fold *again = fold_new();

	for (guint i = 0; i < l->log->len; i++) {
		const struct logged *entry = l->log->pdata[i];

		fold_ok(again, entry->type, "web", entry->time, entry->fields);
	}
	assert_replays(l, again);
	fold_free(l->w.fold);
	l->w.fold = again;
	l->w.fold_stack = fold_stack_get(again, "web");
	l->w.f = &l->w.fold_stack->facts;
	stack_init(&l->w.s, &world_settings);
	l->outdated = false;
	if (l->tells) {
		g_test_message("%" PRId64 " restart", l->w.now - NOW);
	}
	look(l);
}

static void steer(struct life *l)
{
	static const enum stack_event events[] = {STACK_RESUME, STACK_UNDO, STACK_REPLAN,
						  STACK_SYNC, STACK_PLAN};

	switch (any(l, 10)) {
	case 0:
		roll_back(l);
		break;
	case 1:
		unpin(l, any_commit(l));
		break;
	case 2:
	case 3:
		begin_trial(l);
		break;
	case 4:
		end_trial(l);
		break;
	case 5:
		follow(l);
		break;
	default:
		world_send(&l->w, events[any(l, G_N_ELEMENTS(events))]);
	}
}

static void live(struct life *l)
{
	int what = any(l, 100);

	world_forget(&l->w);
	if (what < 40) {
		end_job(l);
	} else if (what < 60) {
		approve(l);
	} else if (what < 75) {
		pass_time(l);
	} else if (what < 80) {
		change_around(l);
	} else if (what < (l->w.f->suspended[0] != '\0' ? 90 : 81)) {
		suspend(l);
	} else if (what < 99) {
		steer(l);
	} else {
		restart(l);
	}
}

/* All that people have asked for is taken back, and everything goes well. */
static void begin_calm(struct life *l)
{
	struct stack *s = &l->w.s;

	s->stopped[0] = s->waits[0] = '\0';
	s->shut = s->owned = false;
	if (l->w.f->suspended[0] != '\0') {
		world_entry(&l->w, "resume", "\"person\":\"p\",\"reason\":\"r\"");
	}
	look(l);
}

static void go_on(struct life *l)
{
	enum stack_job job = l->w.s.job;

	l->w.result = "ok";
	l->w.halts = false;
	unpin(l, commits[0]);
	if (job == STACK_JOB_FETCH) {
		if (l->outdated) {
			world_send(&l->w, STACK_FETCH_FAILED);
		} else {
			fetched(l, commits[l->w.s.tries ? 1 : 0]);
		}
	} else if (job == STACK_JOB_PLAN) {
		l->w.s.next_plan = l->outdated ? 0 : l->w.s.next_plan;
		world_send(&l->w, l->outdated		      ? STACK_PLAN_FAILED
				  : stack_plans_drift(l->w.f) ? STACK_PLAN_EMPTY
							      : STACK_PLANNED);
	} else if (job == STACK_JOB_APPLY || job == STACK_JOB_RECOVER) {
		l->w.result =
			l->w.fold_stack->plan->mode == MODE_UNDO ? "rolled-back" : l->w.result;
		world_send(&l->w, STACK_APPLIED);
	}
	l->outdated = false;
	approve(l);
	end_trial(l);
	l->w.now += 30;
	look(l);
}

static void assert_ends_well(struct life *l)
{
	begin_calm(l);
	for (int i = 0; i < CALM; i++) {
		world_forget(&l->w);
		go_on(l);
		if (i % 50 == 49) {
			world_send(&l->w, STACK_REPLAN); // of what had been rejected or failed
		}
	}
	g_assert_cmpstr(l->w.f->base, ==, commits[0]);
	g_assert_cmpstr(l->w.f->commit, ==, commits[0]);
	g_assert_cmpstr(l->w.f->pin, ==, "");
	g_assert_cmpint(l->w.f->block, ==, STACK_BLOCK_NONE);
}

static unsigned number_of(const char *name, unsigned otherwise)
{
	const char *text = g_getenv(name);

	return text != NULL ? (unsigned)g_ascii_strtoull(text, NULL, 10) : otherwise;
}

/* Goes to commit, with a person's approval. */
static void hold(struct life *l, const char *commit)
{
	world_send(&l->w, STACK_SYNC);
	fetched(l, commit);
	if (l->w.s.job == STACK_JOB_PLAN) {
		world_send(&l->w, STACK_PLANNED);
	}
	approve(l);
	world_send(&l->w, STACK_APPLIED);
	g_assert_cmpstr(l->w.f->base, ==, commit);
}

static void begin_life(struct life *l, unsigned seed)
{
	l->rand = g_rand_new_with_seed(seed);
	l->log = g_ptr_array_new_with_free_func(free_logged);
	l->approved = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	world_begin(&l->w);
	l->w.user = l;
	l->w.entry = on_entry;
	l->w.start = on_start;
}

static void end_life(struct life *l)
{
	world_finish(&l->w);
	g_ptr_array_unref(l->log);
	g_hash_table_unref(l->approved);
	g_rand_free(l->rand);
}

static void roll_back_to(struct life *l, const char *commit, const char *bad)
{
	world_entry(&l->w, "rollback",
		    "\"bad\":\"%s\",\"commit\":\"%s\",\"tree\":\"" T "\",\"person\":\"p\","
		    "\"reason\":\"r\"",
		    bad, commit);
	look(l);
}

/* What was rolled back still holds when a trial begins: its end does not bring it back. */
static void test_trial_from_bad(void)
{
	struct life l = {0};

	begin_life(&l, 1);
	fetched(&l, commits[0]);
	world_send(&l.w, STACK_PLANNED);
	approve(&l);
	world_send(&l.w, STACK_APPLIED);
	hold(&l, commits[1]);
	roll_back_to(&l, commits[0], commits[1]);
	world_entry(&l.w, "try",
		    "\"person\":\"p\",\"reason\":\"r\",\"ref\":\"refs/heads/t\",\"until\":%" PRId64,
		    l.w.now + 600);
	world_entry(&l.w, "commit",
		    "\"commit\":\"%s\",\"tree\":\"" T "\",\"ref\":\"refs/heads/t\","
		    "\"repository\":\"u\"",
		    commits[2]);
	world_entry(&l.w, "closed",
		    "\"outcome\":\"converged\",\"commit\":\"%s\",\"tree\":\"" T
		    "\",\"reason\":\"r\"",
		    commits[2]);
	world_entry(&l.w, "return", "\"person\":\"p\",\"reason\":\"r\"");
	g_assert_cmpstr(stack_target(l.w.f), ==, commits[0]);
	g_assert_false(l.w.f->returning); // people are asked
	end_life(&l);
}

static void see(struct life *l, const char *commit)
{
	world_entry(&l->w, "commit",
		    "\"commit\":\"%s\",\"tree\":\"" T "\",\"ref\":\"r\",\"repository\":\"u\"",
		    commit);
}

/* The branch shows again what was rolled back to something that was rolled back itself. */
static void test_bad_behind_bad(void)
{
	struct life l = {0};

	begin_life(&l, 1);
	fetched(&l, commits[0]);
	world_send(&l.w, STACK_PLANNED);
	approve(&l);
	world_send(&l.w, STACK_APPLIED);
	hold(&l, commits[1]);
	hold(&l, commits[2]);
	roll_back_to(&l, commits[1], commits[2]);
	world_entry(&l.w, "closed",
		    "\"outcome\":\"converged\",\"commit\":\"%s\",\"tree\":\"" T
		    "\",\"reason\":\"r\"",
		    commits[1]);
	see(&l, commits[3]); // whose plan nobody approves
	roll_back_to(&l, commits[0], commits[3]);
	see(&l, commits[4]); // nor this one's, nor the way back
	see(&l, commits[2]);
	g_assert_cmpstr(stack_target(l.w.f), ==, commits[0]);
	end_life(&l);
}

static unsigned live_one(unsigned seed, bool tells)
{
	struct life l = {.tells = tells};

	g_test_message("life %u", seed);
	begin_life(&l, seed);
	for (int i = 0; i < STEPS; i++) {
		live(&l);
	}
	restart(&l);
	assert_ends_well(&l);
	restart(&l);
	end_life(&l);
	return l.starts;
}

static void test_lives(void)
{
	unsigned one = number_of("ASSENT_TEST_LIFE", 0);
	unsigned count = number_of("ASSENT_TEST_LIVES", LIVES), starts = 0;

	for (unsigned i = 1; one == 0 && i <= count; i++) {
		starts += live_one(i, false);
	}
	if (one != 0) {
		starts = live_one(one, true);
	}
	g_assert_cmpuint(starts, >, one != 0 ? 0 : count); // there was something to look at
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/any-life/never-what-must-not-be", test_lives);
	g_test_add_func("/any-life/no-way-back-to-what-was-rolled-back", test_trial_from_bad);
	g_test_add_func("/any-life/what-was-rolled-back-twice", test_bad_behind_bad);
	return g_test_run();
}
