/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Acts that do what a test says, and a transaction with them. */
#include "acts.h"

#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>

#include "base/error.h"
#include "base/objects.h"
#include "scratch.h"

#define TX "0123456789abcdef"

struct acts_world acts_world;

char *acts_path(const char *rel)
{
	return g_build_filename(acts_world.dir, rel, NULL);
}

char *acts_file(const char *id)
{
	return g_build_filename(acts_world.acts, id, NULL);
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
	g_autofree char *file = acts_file(id);

	g_string_append_printf(acts_world.log, "%s %s ", what, id);
	if (is(acts_world.dying, what, id)) {
		_exit(7);
	}
	if (is(acts_world.failing, what, id)) {
		return fail(error, BASE_ERROR, BASE_ERROR_FAILED, "%s %s failed", what, id);
	}
	if (is(acts_world.changed, what, id)) {
		return fail(error, TARGET_ERROR, TARGET_ERROR_CHANGED, "%s has changed", id);
	}
	if (acts_world.after != NULL) {
		acts_world.after(what, id);
	}
	if (there) {
		g_assert_true(g_file_set_contents(file, "", 0, NULL));
	} else {
		(void)g_unlink(file);
	}
	return !is(acts_world.half, what, id) ||
	       fail(error, BASE_ERROR, BASE_ERROR_FAILED, "%s %s failed", what, id);
}

bool acts_is_done(const char *id)
{
	g_autofree char *file = acts_file(id);

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
		.state = PLAN_STATE(acts_is_done(change->id) ? STATE_SERVICE : STATE_ABSENT)};
	return true;
}

static bool act_stage(struct target_run *run, struct step *step, GError **error)
{
	return act("stage", step, acts_is_done(step->change->id), error);
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
	return act("finish", step, acts_is_done(step->change->id), error);
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

const struct target_ops *acts_find(const char *kind)
{
	bool path = strcmp(kind, "file") == 0 || strcmp(kind, "directory") == 0;

	return path ? target_find(kind) : &scripted;
}

void acts_set_up(struct acts *f, const void *data)
{
	g_autofree char *folder = NULL;

	acts_world = (struct acts_world){.dir = scratch_new(), .log = g_string_new(NULL)};
	acts_world.objects = acts_path("objects");
	acts_world.acts = acts_path("acts");
	scratch_folder(acts_world.dir, "acts");
	scratch_folder(acts_world.dir, "host");
	folder = acts_path("journal");
	g_assert_true(journal_open(folder, &f->journal, NULL));
	f->plan = (struct plan){.on_failure = data != NULL ? "stop" : "rollback",
				.changes = f->changes};
}

void acts_tear_down(struct acts *f, const void *data)
{
	transaction_free(f->t);
	journal_close(f->journal);
	for (size_t i = 0; i < f->plan.changes_count; i++) {
		g_free((char *)f->changes[i].path);
		g_free((gpointer)f->changes[i].needs);
	}
	g_free(acts_world.objects);
	g_free(acts_world.acts);
	g_string_free(acts_world.log, TRUE);
	scratch_free(acts_world.dir);
}

static struct plan_change *add(struct acts *f, const char *kind, const char *id, const char *need)
{
	struct plan_change *c = &f->changes[f->plan.changes_count++];

	g_assert_cmpuint(f->plan.changes_count, <=, ACTS_MAX);
	*c = (struct plan_change){.id = id, .kind = kind};
	c->observed = c->desired = PLAN_STATE(STATE_ABSENT);
	if (need != NULL) {
		c->needs = g_new0(const char *, 2);
		c->needs[0] = need;
	}
	return c;
}

/* kind: all before ':' in the id. */
void acts_add(struct acts *f, const char *id, const char *need)
{
	struct plan_change *c =
		add(f, g_str_has_prefix(id, "package") ? "package" : "service", id, need);

	c->action = ACTION_START;
	c->manager = "apt";
	c->desired.type = STATE_SERVICE;
}

void acts_add_path(struct acts *f, const char *id, const char *rel, const char *need)
{
	struct plan_change *c =
		add(f, g_str_has_prefix(id, "dir") ? "directory" : "file", id, need);
	g_autoptr(observer_auto) o = observer_new(NULL, 0);
	struct observed now;

	c->path = acts_path(rel);
	c->desired = PLAN_STATE(STATE_DIRECTORY);
	c->desired.mode = 0755;
	if (strcmp(c->kind, "file") == 0) {
		c->desired.type = STATE_FILE;
		c->desired.mode = 0644;
		c->desired.size = 3;
		g_assert_true(
			objects_store(acts_world.objects, "new", 3, &c->desired.digest, NULL));
	}
	g_assert_true(observe_path(o, NULL, c->path, &now, NULL));
	c->observed = now.state;
	c->observed.owner = c->observed.group = NULL;
	g_assert_null(now.state.xattrs);
	c->action = now.state.type == STATE_ABSENT ? ACTION_CREATE : ACTION_UPDATE;
}

struct step *acts_step(struct acts *f, const char *id)
{
	for (guint i = 0; i < f->t->steps->len; i++) {
		struct step *s = &g_array_index(f->t->steps, struct step, i);

		if (strcmp(s->change->id, id) == 0) {
			return s;
		}
	}
	g_assert_not_reached();
}

void acts_begin(struct acts *f)
{
	g_autoptr(GError) error = NULL;

	transaction_free(f->t);
	f->t = transaction_new(&f->plan, acts_world.objects, TX);
	f->t->find = acts_find;
	f->t->tell = acts_world.tell;
	f->t->settle_user = f->journal;
	if (!transaction_prepare(f->t, &error)) {
		g_error("%s", error->message);
	}
}

bool acts_never(void *user)
{
	return false;
}

static const struct transaction_hooks acts_hooks = {.stopped = acts_never};

bool acts_try(struct acts *f, GError **error)
{
	const struct transaction_papers papers = {"plan", "sig", 4, 3};
	g_autoptr(GPtrArray) stale = g_ptr_array_new_with_free_func(g_free);

	acts_begin(f);
	g_assert_true(transaction_observe(f->t, stale, error));
	g_assert_cmpuint(stale->len, ==, 0);
	return transaction_apply(f->t, f->journal, &papers, &acts_hooks, error);
}

enum transaction_result acts_run(struct acts *f)
{
	g_autoptr(GError) error = NULL;

	if (!acts_try(f, &error)) {
		g_error("%s", error->message);
	}
	return f->t->result;
}

/* The process that applies ends at this call; the next one finds what is there. */
void acts_run_and_die(struct acts *f, const char *where)
{
	pid_t pid = fork();
	int status;

	g_assert_cmpint(pid, >=, 0);
	if (pid == 0) {
		acts_world.dying = where;
		(void)acts_run(f);
		_exit(0);
	}
	g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
	g_assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 7);
}

enum transaction_result acts_go(struct acts *f, acts_go_fn fn)
{
	autojournalstate state = {0};
	g_autoptr(GError) error = NULL;

	acts_begin(f);
	g_assert_true(journal_load(f->journal, ACTS_MAX, &state, &error));
	if (!fn(f->t, f->journal, &state, &error)) {
		g_error("%s", error->message);
	}
	return f->t->result;
}

guint acts_stale;

bool acts_resume(struct transaction *t, struct journal *journal, const struct journal_state *state,
		 GError **error)
{
	g_autoptr(GPtrArray) stale = g_ptr_array_new_with_free_func(g_free);
	bool ok = transaction_resume(t, journal, state, stale, &acts_hooks, error);

	acts_stale = stale->len;
	return ok;
}

void acts_assert_log(const char *expected)
{
	g_assert_cmpstr(acts_world.log->str, ==, expected);
	g_string_truncate(acts_world.log, 0);
}

void acts_assert_outcome(struct acts *f, const char *id, enum step_outcome expected)
{
	g_assert_cmpint(acts_step(f, id)->outcome, ==, expected);
}

void acts_assert_says(const char *text, const char *part)
{
	if (text == NULL || strstr(text, part) == NULL) {
		g_error("'%s' is not in '%s'", part, text);
	}
}

/* NULL: nothing is there. */
void acts_assert_file(const char *rel, const char *expected)
{
	g_autofree char *path = acts_path(rel);
	g_autofree char *got = NULL;

	(void)g_file_get_contents(path, &got, NULL, NULL);
	g_assert_cmpstr(got, ==, expected);
}

mode_t acts_mode(const char *rel)
{
	g_autofree char *path = acts_path(rel);
	struct stat st;

	return lstat(path, &st) == 0 ? st.st_mode & 07777 : 0;
}

/* Nothing in the host's folder but these. */
void acts_assert_names(const char *expected)
{
	g_autoptr(observer_auto) o = observer_new(NULL, 0);
	g_autoptr(GPtrArray) names = NULL;
	g_autofree char *path = acts_path("host");
	g_autofree char *got = NULL;

	g_assert_true(observe_names(o, NULL, path, &names, NULL));
	g_ptr_array_add(names, NULL);
	got = g_strjoinv(" ", (char **)names->pdata);
	names->len--;
	g_assert_cmpstr(got, ==, expected);
}

void acts_assert_ended(struct acts *f)
{
	g_assert_false(f->t->halted);
	g_assert_false(journal_is_pending(f->journal));
}

/* What people write into the repository's plan: a, then acts, then b, which needs the first. */
void acts_add_some(struct acts *f)
{
	acts_add_path(f, "file:a", "host/a", NULL);
	acts_add(f, "package:p", NULL);
	acts_add(f, "service:s", "package:p");
	acts_add_path(f, "file:b", "host/b", "package:p");
}
