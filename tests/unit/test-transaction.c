/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of worker/transaction*.c: acts and paths together, with acts that do what a test says. */
#include "worker/transaction.h"

#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>

#include "base/error.h"
#include "base/objects.h"
#include "scratch.h"

#define TX "0123456789abcdef"
#define MAX_CHANGES 8

/* The acts' host. An act is done when the file ACTS/ID is there. */
static struct world {
	char *dir, *objects, *acts;
	GString *log;	       /* "commit ID " ... since the test began */
	const char *failing;   /* "commit ID": fails before it does anything */
	const char *half;      /* the same, after it did all */
	const char *dying;     /* the process ends there, before anything was done */
	void (*after)(const char *what, const char *id); /* NULL: does no more */
} world;

struct fixture {
	struct plan plan;
	struct plan_change changes[MAX_CHANGES];
	struct transaction *t;
	struct journal *journal;
	bool stop;
};

static char *at(const char *rel)
{
	return g_build_filename(world.dir, rel, NULL);
}

static char *act_file(const char *id)
{
	return g_build_filename(world.acts, id, NULL);
}

static bool is(const char *wanted, const char *what, const char *id)
{
	g_autofree char *call = g_strconcat(what, " ", id, NULL);

	return g_strcmp0(wanted, call) == 0;
}

/* Does the call, and what the test hangs on to it. */
static bool act(const char *what, const struct step *step, bool there, GError **error)
{
	const char *id = step->change->id;
	g_autofree char *file = act_file(id);

	g_string_append_printf(world.log, "%s %s ", what, id);
	if (is(world.dying, what, id)) {
		_exit(7);
	}
	if (is(world.failing, what, id)) {
		return fail(error, BASE_ERROR, BASE_ERROR_FAILED, "%s %s failed", what, id);
	}
	if (world.after != NULL) {
		world.after(what, id);
	}
	if (there) {
		g_assert_true(g_file_set_contents(file, "", 0, NULL));
	} else {
		(void)g_unlink(file);
	}
	return !is(world.half, what, id) ||
	       fail(error, BASE_ERROR, BASE_ERROR_FAILED, "%s %s failed", what, id);
}

static bool is_done(const char *id)
{
	g_autofree char *file = act_file(id);

	return g_file_test(file, G_FILE_TEST_EXISTS);
}

static bool act_check(const struct plan_change *change, GError **error)
{
	return true;
}

static bool act_observe(struct observer *o, const struct plan_change *change, struct observed *out,
			GError **error)
{
	*out = (struct observed){
		.state = PLAN_STATE(is_done(change->id) ? STATE_SERVICE : STATE_ABSENT)};
	return true;
}

static bool act_stage(struct target_run *run, struct step *step, GError **error)
{
	return act("stage", step, is_done(step->change->id), error);
}

static bool act_commit(struct target_run *run, struct step *step, GError **error)
{
	g_assert_true(step->begun);
	return act("commit", step, true, error);
}

static bool act_undo(struct target_run *run, struct step *step, GError **error)
{
	g_assert_true(step->begun);
	g_assert_null(run->stopped);
	return act("undo", step, false, error);
}

static bool act_revive(struct target_run *run, struct step *step, GError **error)
{
	g_assert_true(step->begun);
	return act("revive", step, false, error);
}

static bool act_finish(struct target_run *run, struct step *step, GError **error)
{
	return act("finish", step, is_done(step->change->id), error);
}

static const struct target_ops scripted = {
	.name = "scripted",
	.acts = true,
	.check = act_check,
	.observe = act_observe,
	.stage = act_stage,
	.commit = act_commit,
	.undo = act_undo,
	.revive = act_revive,
	.finish = act_finish,
};

static const struct target_ops *find(const char *kind)
{
	bool path = strcmp(kind, "file") == 0 || strcmp(kind, "directory") == 0;

	return path ? target_find(kind) : &scripted;
}

static void set_up(struct fixture *f, const void *data)
{
	g_autofree char *folder = NULL;

	world = (struct world){.dir = scratch_new(), .log = g_string_new(NULL)};
	world.objects = at("objects");
	world.acts = at("acts");
	scratch_folder(world.dir, "acts");
	scratch_folder(world.dir, "host");
	folder = at("journal");
	g_assert_true(journal_open(folder, &f->journal, NULL));
	f->plan = (struct plan){.on_failure = data != NULL ? "stop" : "rollback",
				.changes = f->changes};
}

static void tear_down(struct fixture *f, const void *data)
{
	transaction_free(f->t);
	journal_close(f->journal);
	for (size_t i = 0; i < f->plan.changes_count; i++) {
		g_free((char *)f->changes[i].path);
		g_free((gpointer)f->changes[i].needs);
	}
	g_free(world.objects);
	g_free(world.acts);
	g_string_free(world.log, TRUE);
	scratch_free(world.dir);
}

static struct plan_change *add(struct fixture *f, const char *kind, const char *id,
			       const char *need)
{
	struct plan_change *c = &f->changes[f->plan.changes_count++];

	g_assert_cmpuint(f->plan.changes_count, <=, MAX_CHANGES);
	*c = (struct plan_change){.id = id, .kind = kind};
	c->observed = c->desired = PLAN_STATE(STATE_ABSENT);
	if (need != NULL) {
		c->needs = g_new0(const char *, 2);
		c->needs[0] = need;
	}
	return c;
}

/* kind: all before ':' in the id. */
static void add_act(struct fixture *f, const char *id, const char *need)
{
	struct plan_change *c = add(f, g_str_has_prefix(id, "package") ? "package" : "service", id,
				    need);

	c->action = ACTION_START;
	c->manager = "apt";
	c->desired.type = STATE_SERVICE;
}

static void add_path(struct fixture *f, const char *id, const char *rel, const char *need)
{
	struct plan_change *c = add(f, g_str_has_prefix(id, "dir") ? "directory" : "file", id, need);
	g_autoptr(observer_auto) o = observer_new(NULL, 0);
	struct observed now;

	c->path = at(rel);
	c->desired = PLAN_STATE(STATE_DIRECTORY);
	c->desired.mode = 0755;
	if (strcmp(c->kind, "file") == 0) {
		c->desired.type = STATE_FILE;
		c->desired.mode = 0644;
		c->desired.size = 3;
		g_assert_true(
			objects_store(world.objects, "new", 3, &c->desired.digest, NULL));
	}
	g_assert_true(observe_path(o, NULL, c->path, &now, NULL));
	c->observed = now.state;
	c->observed.owner = c->observed.group = NULL;
	g_assert_null(now.state.xattrs);
	c->action = now.state.type == STATE_ABSENT ? ACTION_CREATE : ACTION_UPDATE;
}

static struct step *step(struct fixture *f, const char *id)
{
	for (guint i = 0; i < f->t->steps->len; i++) {
		struct step *s = &g_array_index(f->t->steps, struct step, i);

		if (strcmp(s->change->id, id) == 0) {
			return s;
		}
	}
	g_assert_not_reached();
}

static void begin(struct fixture *f)
{
	g_autoptr(GError) error = NULL;

	transaction_free(f->t);
	f->t = transaction_new(&f->plan, world.objects, TX);
	f->t->find = find;
	if (!transaction_prepare(f->t, &error)) {
		g_error("%s", error->message);
	}
}

static bool never(void *user)
{
	return false;
}

static const struct transaction_hooks hooks = {.stopped = never};

static enum transaction_result run(struct fixture *f)
{
	const struct transaction_papers papers = {"plan", "sig", 4, 3};
	g_autoptr(GPtrArray) stale = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GError) error = NULL;

	begin(f);
	g_assert_true(transaction_observe(f->t, stale, &error));
	g_assert_cmpuint(stale->len, ==, 0);
	if (!transaction_apply(f->t, f->journal, &papers, &hooks, &error)) {
		g_error("%s", error->message);
	}
	return f->t->result;
}

/* The process that applies ends at this call; the next one finds what is there. */
static void run_and_die(struct fixture *f, const char *where)
{
	pid_t pid = fork();
	int status;

	g_assert_cmpint(pid, >=, 0);
	if (pid == 0) {
		world.dying = where;
		(void)run(f);
		_exit(0);
	}
	g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
	g_assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 7);
}

typedef bool (*go_fn)(struct transaction *t, struct journal *journal,
		      const struct journal_state *state, GError **error);

static enum transaction_result go(struct fixture *f, go_fn fn)
{
	autojournalstate state = {0};
	g_autoptr(GError) error = NULL;

	begin(f);
	g_assert_true(journal_load(f->journal, MAX_CHANGES, &state, &error));
	if (!fn(f->t, f->journal, &state, &error)) {
		g_error("%s", error->message);
	}
	return f->t->result;
}

static guint stale_count;

static bool resume(struct transaction *t, struct journal *journal,
		   const struct journal_state *state, GError **error)
{
	g_autoptr(GPtrArray) stale = g_ptr_array_new_with_free_func(g_free);
	bool ok = transaction_resume(t, journal, state, stale, &hooks, error);

	stale_count = stale->len;
	return ok;
}

static void assert_log(const char *expected)
{
	g_assert_cmpstr(world.log->str, ==, expected);
	g_string_truncate(world.log, 0);
}

static void assert_outcome(struct fixture *f, const char *id, enum step_outcome expected)
{
	g_assert_cmpint(step(f, id)->outcome, ==, expected);
}

static void assert_says(const char *text, const char *part)
{
	if (text == NULL || strstr(text, part) == NULL) {
		g_error("'%s' is not in '%s'", part, text);
	}
}

/* NULL: nothing is there. */
static void assert_file(const char *rel, const char *expected)
{
	g_autofree char *path = at(rel);
	g_autofree char *got = NULL;

	(void)g_file_get_contents(path, &got, NULL, NULL);
	g_assert_cmpstr(got, ==, expected);
}

static mode_t mode_of(const char *rel)
{
	g_autofree char *path = at(rel);
	struct stat st;

	return lstat(path, &st) == 0 ? st.st_mode & 07777 : 0;
}

/* Nothing in the host's folder but these. */
static void assert_names(const char *expected)
{
	g_autoptr(observer_auto) o = observer_new(NULL, 0);
	g_autoptr(GPtrArray) names = NULL;
	g_autofree char *path = at("host");
	g_autofree char *got = NULL;

	g_assert_true(observe_names(o, NULL, path, &names, NULL));
	g_ptr_array_add(names, NULL);
	got = g_strjoinv(" ", (char **)names->pdata);
	names->len--;
	g_assert_cmpstr(got, ==, expected);
}

static void assert_ended(struct fixture *f)
{
	g_assert_false(f->t->halted);
	g_assert_false(journal_is_pending(f->journal));
}

/* What people write into the repository's plan: a, then acts, then b, which needs the first. */
static void add_some(struct fixture *f)
{
	add_path(f, "file:a", "host/a", NULL);
	add_act(f, "package:p", NULL);
	add_act(f, "service:s", "package:p");
	add_path(f, "file:b", "host/b", "package:p");
}

static void test_all_is_done_in_order(struct fixture *f, const void *data)
{
	add_some(f);
	g_assert_cmpint(run(f), ==, TRANSACTION_OK);
	assert_log("stage package:p stage service:s commit package:p commit service:s "
		   "finish package:p finish service:s ");
	g_assert_cmpuint(transaction_count(f->t, STEP_DONE), ==, 4);
	assert_file("host/a", "new");
	assert_names("a b");
	assert_ended(f);
}

static void test_all_goes_back_in_order(struct fixture *f, const void *data)
{
	scratch_file(world.dir, "host/a", "old");
	add_some(f);
	world.failing = "commit service:s";
	g_assert_cmpint(run(f), ==, TRANSACTION_ROLLED_BACK);
	assert_log("stage package:p stage service:s commit package:p commit service:s "
		   "undo service:s undo package:p revive package:p revive service:s "
		   "finish package:p finish service:s ");
	assert_outcome(f, "file:a", STEP_UNDONE);
	assert_outcome(f, "package:p", STEP_UNDONE);
	assert_outcome(f, "service:s", STEP_FAILED);
	assert_outcome(f, "file:b", STEP_LEFT);
	assert_says(f->t->reason, "commit service:s failed");
	assert_file("host/a", "old");
	assert_names("a");
	assert_ended(f);
}

static void test_what_was_not_begun_is_not_undone(struct fixture *f, const void *data)
{
	add_some(f);
	world.failing = "commit package:p";
	g_assert_cmpint(run(f), ==, TRANSACTION_ROLLED_BACK);
	assert_log("stage package:p stage service:s commit package:p undo package:p "
		   "revive package:p finish package:p finish service:s ");
	assert_ended(f);
}

static void test_failed_staging_touches_nothing(struct fixture *f, const void *data)
{
	add_some(f);
	world.failing = "stage service:s";
	g_assert_cmpint(run(f), ==, TRANSACTION_FAILED);
	assert_log("stage package:p stage service:s finish package:p finish service:s ");
	assert_names("");
	assert_ended(f);
}

static void test_what_cannot_be_undone_is_told(struct fixture *f, const void *data)
{
	add_path(f, "file:a", "host/a", NULL);
	add_act(f, "package:p", NULL);
	add_act(f, "service:s", NULL);
	add_act(f, "service:t", NULL);
	world.failing = "undo service:s";
	world.half = "commit service:t";
	g_assert_cmpint(run(f), ==, TRANSACTION_FAILED);
	assert_outcome(f, "service:s", STEP_FAILED);
	assert_says(step(f, "service:s")->message, "undo service:s failed");
	assert_outcome(f, "service:t", STEP_FAILED);
	assert_says(step(f, "service:t")->message, "commit service:t failed");
	assert_outcome(f, "package:p", STEP_UNDONE);
	assert_outcome(f, "file:a", STEP_UNDONE);
	assert_says(f->t->reason, "commit service:t failed");
	assert_names("");
	assert_ended(f);
}

static void test_what_does_not_revive_is_told(struct fixture *f, const void *data)
{
	add_some(f);
	world.half = "commit service:s";
	world.failing = "revive package:p";
	g_assert_cmpint(run(f), ==, TRANSACTION_FAILED);
	assert_outcome(f, "package:p", STEP_FAILED);
	assert_says(step(f, "package:p")->message, "revive package:p failed");
	assert_ended(f);
}

/* The package brings b and the folder d, and on its way out finds them as it left them. */
static void brings(const char *what, const char *id)
{
	if (strcmp(id, "package:p") == 0 && strcmp(what, "commit") == 0) {
		g_autofree char *folder = at("host/d");

		scratch_file(world.dir, "host/b", "packaged");
		g_assert_cmpint(mkdir(folder, 0700), ==, 0);
	} else if (strcmp(id, "package:p") == 0 && strcmp(what, "undo") == 0) {
		g_autofree char *file = at("host/b");
		g_autofree char *folder = at("host/d");

		assert_file("host/b", "packaged");
		g_assert_cmpuint(mode_of("host/d"), ==, 0700);
		g_assert_cmpint(unlink(file), ==, 0);
		g_assert_cmpint(rmdir(folder), ==, 0);
	}
}

static void add_brought(struct fixture *f)
{
	add_act(f, "package:p", NULL);
	add_path(f, "file:b", "host/b", "package:p");
	add_path(f, "directory:d", "host/d", "package:p");
	add_path(f, "file:d/x", "host/d/x", "package:p");
	world.after = brings;
}

static void test_what_an_act_brings_is_replaced(struct fixture *f, const void *data)
{
	add_brought(f);
	g_assert_cmpint(run(f), ==, TRANSACTION_OK);
	assert_file("host/b", "new");
	assert_file("host/d/x", "new");
	g_assert_cmpuint(mode_of("host/d"), ==, 0755);
	assert_names("b d");
	assert_ended(f);
}

static void test_what_an_act_brings_comes_back(struct fixture *f, const void *data)
{
	add_brought(f);
	add_act(f, "service:s", NULL);
	world.failing = "commit service:s";
	g_assert_cmpint(run(f), ==, TRANSACTION_ROLLED_BACK);
	assert_outcome(f, "package:p", STEP_UNDONE);
	assert_outcome(f, "file:b", STEP_UNDONE);
	assert_names("");
	assert_ended(f);
}

static void test_it_comes_back_after_a_crash(struct fixture *f, const void *data)
{
	add_brought(f);
	add_act(f, "service:s", NULL);
	run_and_die(f, "commit service:s");
	assert_file("host/b", "new");
	g_assert_cmpuint(mode_of("host/d"), ==, 0755);
	g_assert_cmpint(go(f, transaction_recover), ==, TRANSACTION_ROLLED_BACK);
	assert_log("undo service:s undo package:p revive package:p revive service:s "
		   "finish package:p finish service:s ");
	assert_outcome(f, "package:p", STEP_UNDONE);
	assert_outcome(f, "file:d/x", STEP_UNDONE);
	assert_outcome(f, "service:s", STEP_LEFT);
	assert_names("");
	assert_ended(f);
}

static void test_what_is_not_needed_is_not_replaced(struct fixture *f, const void *data)
{
	add_act(f, "package:p", NULL);
	add_path(f, "file:b", "host/b", NULL);
	world.after = brings;
	g_assert_cmpint(run(f), ==, TRANSACTION_ROLLED_BACK);
	assert_outcome(f, "file:b", STEP_FAILED);
	assert_says(step(f, "file:b")->message, "`after: package:p`");
	assert_names("");
	assert_ended(f);
}

static void brings_link(const char *what, const char *id)
{
	g_autofree char *link = at("host/b");

	if (strcmp(what, "commit") == 0) {
		g_assert_cmpint(symlink("elsewhere", link), ==, 0);
	} else if (strcmp(what, "undo") == 0) {
		g_assert_cmpint(unlink(link), ==, 0);
	}
}

static void test_another_type_is_not_replaced(struct fixture *f, const void *data)
{
	add_act(f, "package:p", NULL);
	add_path(f, "file:b", "host/b", "package:p");
	world.after = brings_link;
	g_assert_cmpint(run(f), ==, TRANSACTION_ROLLED_BACK);
	assert_outcome(f, "file:b", STEP_FAILED);
	assert_says(step(f, "file:b")->message, "must not be replaced");
	assert_names("");
	assert_ended(f);
}

static void writes_the_same(const char *what, const char *id)
{
	if (strcmp(what, "commit") == 0) {
		scratch_file(world.dir, "host/b", "old");
	}
}

static void test_the_same_in_another_file_is_the_same(struct fixture *f, const void *data)
{
	scratch_file(world.dir, "host/b", "old");
	add_act(f, "package:p", NULL);
	add_path(f, "file:b", "host/b", NULL);
	add_act(f, "service:s", NULL);
	world.after = writes_the_same;
	world.failing = "commit service:s";
	g_assert_cmpint(run(f), ==, TRANSACTION_ROLLED_BACK);
	assert_outcome(f, "file:b", STEP_UNDONE);
	assert_file("host/b", "old");
	assert_names("b");
	assert_ended(f);
}

static void takes_away(const char *what, const char *id)
{
	g_autofree char *file = at("host/b");

	if (strcmp(what, "commit") == 0) {
		g_assert_cmpint(unlink(file), ==, 0);
	} else if (strcmp(what, "undo") == 0) {
		assert_file("host/b", NULL);
	}
}

static void test_what_an_act_takes_away_is_put(struct fixture *f, const void *data)
{
	scratch_file(world.dir, "host/b", "old");
	add_act(f, "package:p", NULL);
	add_path(f, "file:b", "host/b", "package:p");
	world.after = takes_away;
	g_assert_cmpint(run(f), ==, TRANSACTION_OK);
	assert_file("host/b", "new");
	assert_names("b");
	assert_ended(f);
}

static void somebody_writes(const char *what, const char *id)
{
	if (strcmp(what, "stage") == 0) {
		scratch_file(world.dir, "host/b", "somebody's");
	}
}

static void test_rest_is_looked_at_before_the_first_act(struct fixture *f, const void *data)
{
	add_some(f);
	world.after = somebody_writes;
	g_assert_cmpint(run(f), ==, TRANSACTION_ROLLED_BACK);
	assert_log("stage package:p stage service:s finish package:p finish service:s ");
	assert_outcome(f, "file:b", STEP_FAILED);
	assert_outcome(f, "file:a", STEP_UNDONE);
	assert_file("host/b", "somebody's");
	assert_names("b");
	assert_ended(f);
}

static void test_packages_are_one_act(struct fixture *f, const void *data)
{
	add_act(f, "package:p", NULL);
	add_act(f, "package:q", NULL);
	world.failing = "commit package:p";
	g_assert_cmpint(run(f), ==, TRANSACTION_ROLLED_BACK);
	assert_log("stage package:p stage package:q commit package:p undo package:q "
		   "undo package:p revive package:p revive package:q "
		   "finish package:p finish package:q ");
	assert_ended(f);
	run_and_die(f, "commit package:p");
	g_string_truncate(world.log, 0);
	g_assert_cmpint(go(f, transaction_recover), ==, TRANSACTION_ROLLED_BACK);
	assert_log("undo package:q undo package:p revive package:p revive package:q "
		   "finish package:p finish package:q ");
	assert_ended(f);
}

static void test_crash_anywhere(struct fixture *f, const void *data)
{
	static const struct {
		const char *where;
		enum transaction_result result;
		const char *names;
	} cases[] = {
		{"stage service:s", TRANSACTION_ROLLED_BACK, ""},
		{"commit package:p", TRANSACTION_ROLLED_BACK, ""},
		{"commit service:s", TRANSACTION_ROLLED_BACK, ""},
		{"finish package:p", TRANSACTION_OK, "a b"},
		{"finish service:s", TRANSACTION_OK, "a b"},
	};
	static const char *const made[] = {"host/a", "host/b", "acts/package:p", "acts/service:s"};

	add_some(f);
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		bool undone = cases[i].result == TRANSACTION_ROLLED_BACK;

		run_and_die(f, cases[i].where);
		g_assert_cmpint(go(f, transaction_recover), ==, cases[i].result);
		g_assert_true(is_done("package:p") != undone);
		assert_names(cases[i].names);
		assert_ended(f);
		for (size_t k = 0; !undone && k < G_N_ELEMENTS(made); k++) {
			g_autofree char *path = at(made[k]);

			g_assert_cmpint(unlink(path), ==, 0);
		}
	}
}

/* s fails, t needs it, c is for itself. */
static void halt(struct fixture *f)
{
	add_some(f);
	add_act(f, "service:t", "service:s");
	add_path(f, "file:c", "host/c", NULL);
	add_path(f, "file:d", "host/d", "service:t");
	world.failing = "commit service:s";
	g_assert_cmpint(run(f), ==, TRANSACTION_FAILED);
	assert_log("stage package:p stage service:s stage service:t commit package:p "
		   "commit service:s ");
	assert_outcome(f, "service:s", STEP_FAILED);
	assert_outcome(f, "service:t", STEP_LEFT);
	assert_says(step(f, "service:t")->message, "left out");
	assert_outcome(f, "file:b", STEP_DONE);
	assert_outcome(f, "file:c", STEP_DONE);
	assert_outcome(f, "file:d", STEP_LEFT);
	g_assert_true(f->t->halted);
	world.failing = NULL;
}

static void test_independent_steps_go_on(struct fixture *f, const void *data)
{
	halt(f);
	g_assert_cmpint(go(f, transaction_recover), ==, TRANSACTION_HALTED);
	g_assert_true(f->t->halted);
	assert_outcome(f, "package:p", STEP_DONE);
	assert_outcome(f, "service:s", STEP_LEFT);
	assert_outcome(f, "file:c", STEP_DONE);
	assert_log("");
}

static void test_halted_is_resumed(struct fixture *f, const void *data)
{
	halt(f);
	g_assert_cmpint(go(f, resume), ==, TRANSACTION_OK);
	assert_log("stage service:s stage service:t commit service:s commit service:t "
		   "finish package:p finish service:s finish service:t ");
	g_assert_cmpuint(transaction_count(f->t, STEP_DONE), ==, 7);
	assert_names("a b c d");
	assert_ended(f);
}

static void test_resumed_halts_again(struct fixture *f, const void *data)
{
	halt(f);
	world.failing = "commit service:t";
	g_assert_cmpint(go(f, resume), ==, TRANSACTION_FAILED);
	g_assert_true(f->t->halted);
	assert_outcome(f, "service:s", STEP_DONE);
	assert_outcome(f, "file:d", STEP_LEFT);
	world.failing = NULL;
	g_string_truncate(world.log, 0);
	g_assert_cmpint(go(f, resume), ==, TRANSACTION_OK);
	assert_log("stage service:t commit service:t finish package:p finish service:s "
		   "finish service:t ");
	assert_ended(f);
}

static void test_stale_is_not_resumed(struct fixture *f, const void *data)
{
	g_autofree char *file = act_file("package:p");

	halt(f);
	g_assert_cmpint(unlink(file), ==, 0);
	scratch_file(world.dir, "host/d", "somebody's");
	(void)go(f, resume);
	g_assert_cmpuint(stale_count, ==, 2);
	assert_log("");
	g_assert_cmpint(go(f, transaction_recover), ==, TRANSACTION_HALTED);
}

static void test_halted_is_undone(struct fixture *f, const void *data)
{
	halt(f);
	g_assert_cmpint(go(f, transaction_undo), ==, TRANSACTION_ROLLED_BACK);
	assert_log("undo service:s undo package:p revive package:p revive service:s "
		   "finish package:p finish service:s finish service:t ");
	g_assert_cmpuint(transaction_count(f->t, STEP_UNDONE), ==, 4);
	assert_names("");
	assert_ended(f);
}

static void test_halted_is_settled(struct fixture *f, const void *data)
{
	halt(f);
	g_assert_cmpint(go(f, transaction_settle), ==, TRANSACTION_FAILED);
	assert_log("finish package:p finish service:s finish service:t ");
	g_assert_true(is_done("package:p"));
	assert_names("a b c");
	assert_ended(f);
}

static void resume_and_die(struct fixture *f, const char *where)
{
	pid_t pid = fork();
	int status;

	g_assert_cmpint(pid, >=, 0);
	if (pid == 0) {
		world.dying = where;
		(void)go(f, resume);
		_exit(0);
	}
	g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
	g_assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 7);
}

static void test_crash_while_resuming(struct fixture *f, const void *data)
{
	halt(f);
	resume_and_die(f, "stage service:t");
	g_assert_cmpint(go(f, transaction_recover), ==, TRANSACTION_HALTED);
	resume_and_die(f, "commit service:t");
	g_assert_cmpint(go(f, transaction_recover), ==, TRANSACTION_ROLLED_BACK);
	g_assert_false(is_done("package:p"));
	assert_names("");
	assert_ended(f);
}

static void test_left_out_packages_are_left_together(struct fixture *f, const void *data)
{
	add_act(f, "service:s", NULL);
	add_act(f, "package:p", NULL);
	add_act(f, "package:q", "service:s");
	world.failing = "commit service:s";
	g_assert_cmpint(run(f), ==, TRANSACTION_FAILED);
	assert_log("stage service:s stage package:p stage package:q commit service:s ");
	assert_outcome(f, "package:p", STEP_LEFT);
	assert_outcome(f, "package:q", STEP_LEFT);
	g_assert_true(f->t->halted);
}

static bool no(const struct plan *plan, void *user, GError **error)
{
	return fail(error, BASE_ERROR, BASE_ERROR_FAILED, "it does not answer");
}

static void test_failed_check_halts(struct fixture *f, const void *data)
{
	const struct transaction_hooks with_check = {.stopped = never, .check = no};
	const struct transaction_papers papers = {"plan", "sig", 4, 3};
	g_autoptr(GPtrArray) stale = g_ptr_array_new_with_free_func(g_free);

	add_some(f);
	begin(f);
	g_assert_true(transaction_observe(f->t, stale, NULL));
	g_assert_true(transaction_apply(f->t, f->journal, &papers, &with_check, NULL));
	g_assert_cmpint(f->t->result, ==, TRANSACTION_FAILED);
	g_assert_true(f->t->halted);
	g_assert_cmpuint(transaction_count(f->t, STEP_DONE), ==, 4);
	g_assert_cmpint(go(f, transaction_undo), ==, TRANSACTION_ROLLED_BACK);
	assert_names("");
	assert_ended(f);
}

static unsigned looks;

static bool after_two(void *user)
{
	return ++looks > 7;
}

static void test_asked_to_stop_between_acts(struct fixture *f, const void *data)
{
	const struct transaction_hooks stopping = {.stopped = after_two};
	const struct transaction_papers papers = {"plan", "sig", 4, 3};
	g_autoptr(GPtrArray) stale = g_ptr_array_new_with_free_func(g_free);

	looks = 0;
	add_some(f);
	begin(f);
	g_assert_true(transaction_observe(f->t, stale, NULL));
	g_assert_true(transaction_apply(f->t, f->journal, &papers, &stopping, NULL));
	g_assert_cmpint(f->t->result, ==, TRANSACTION_INTERRUPTED);
	g_assert_cmpuint(transaction_count(f->t, STEP_UNDONE), >, 0);
	g_assert_false(is_done("package:p"));
	assert_names("");
	assert_ended(f);
}

static void assert_bad(struct fixture *f, const char *why)
{
	g_autoptr(GError) error = NULL;

	transaction_free(f->t);
	f->t = transaction_new(&f->plan, world.objects, TX);
	f->t->find = find;
	g_assert_false(transaction_prepare(f->t, &error));
	g_assert_error(error, TARGET_ERROR, TARGET_ERROR_PLAN);
	assert_says(error->message, why);
}

static void test_needs_of_later_ones_are_refused(struct fixture *f, const void *data)
{
	add_path(f, "file:a", "host/a", "package:p");
	add_act(f, "package:p", NULL);
	assert_bad(f, "needs what does not come before it");
}

static void test_needs_of_nobody_are_refused(struct fixture *f, const void *data)
{
	add_act(f, "package:p", NULL);
	add_act(f, "service:s", "package:q");
	assert_bad(f, "needs what does not come before it");
}

static void test_needs_of_itself_are_refused(struct fixture *f, const void *data)
{
	add_act(f, "package:p", "package:p");
	assert_bad(f, "needs what does not come before it");
}

static void test_packages_apart_are_refused(struct fixture *f, const void *data)
{
	add_act(f, "package:p", NULL);
	add_act(f, "service:s", NULL);
	add_act(f, "package:q", NULL);
	assert_bad(f, "stands apart");
}

static void test_act_with_a_path_is_refused(struct fixture *f, const void *data)
{
	add_act(f, "package:p", NULL);
	f->changes[0].path = g_strdup("/etc/x");
	assert_bad(f, "has a path");
}

#define ADD(name, function) \
	g_test_add("/transaction/" name, struct fixture, NULL, set_up, function, tear_down)
#define ADD_STOP(name, function) \
	g_test_add("/transaction/" name, struct fixture, "stop", set_up, function, tear_down)

static void add_stop_tests(void)
{
	ADD_STOP("independent-steps-go-on", test_independent_steps_go_on);
	ADD_STOP("halted-is-resumed", test_halted_is_resumed);
	ADD_STOP("resumed-halts-again", test_resumed_halts_again);
	ADD_STOP("stale-is-not-resumed", test_stale_is_not_resumed);
	ADD_STOP("halted-is-undone", test_halted_is_undone);
	ADD_STOP("halted-is-settled", test_halted_is_settled);
	ADD_STOP("crash-while-resuming", test_crash_while_resuming);
	ADD_STOP("left-out-packages-are-left-together", test_left_out_packages_are_left_together);
	ADD_STOP("failed-check-halts", test_failed_check_halts);
	ADD_STOP("asked-to-stop-between-acts", test_asked_to_stop_between_acts);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD("all-is-done-in-order", test_all_is_done_in_order);
	ADD("all-goes-back-in-order", test_all_goes_back_in_order);
	ADD("what-was-not-begun-is-not-undone", test_what_was_not_begun_is_not_undone);
	ADD("failed-staging-touches-nothing", test_failed_staging_touches_nothing);
	ADD("what-cannot-be-undone-is-told", test_what_cannot_be_undone_is_told);
	ADD("what-does-not-revive-is-told", test_what_does_not_revive_is_told);
	ADD("what-an-act-brings-is-replaced", test_what_an_act_brings_is_replaced);
	ADD("what-an-act-brings-comes-back", test_what_an_act_brings_comes_back);
	ADD("it-comes-back-after-a-crash", test_it_comes_back_after_a_crash);
	ADD("what-is-not-needed-is-not-replaced", test_what_is_not_needed_is_not_replaced);
	ADD("another-type-is-not-replaced", test_another_type_is_not_replaced);
	ADD("the-same-in-another-file-is-the-same", test_the_same_in_another_file_is_the_same);
	ADD("what-an-act-takes-away-is-put", test_what_an_act_takes_away_is_put);
	ADD("rest-is-looked-at-before-the-first-act", test_rest_is_looked_at_before_the_first_act);
	ADD("packages-are-one-act", test_packages_are_one_act);
	ADD("crash-anywhere", test_crash_anywhere);
	ADD("needs-of-later-ones-are-refused", test_needs_of_later_ones_are_refused);
	ADD("needs-of-nobody-are-refused", test_needs_of_nobody_are_refused);
	ADD("needs-of-itself-are-refused", test_needs_of_itself_are_refused);
	ADD("packages-apart-are-refused", test_packages_apart_are_refused);
	ADD("act-with-a-path-is-refused", test_act_with_a_path_is_refused);
	add_stop_tests();
	return g_test_run();
}
