/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A command: run once it is approved, unless its guard says that it is not needed. */
#include <string.h>

#include "base/error.h"
#include "base/words.h"
#include "worker/target/exec.h"
#include "worker/target/target.h"

#define PREFIX "command:"

static bool bad(const struct plan_change *c, const char *why, GError **error)
{
	return fail(error, TARGET_ERROR, TARGET_ERROR_PLAN, "the plan's change '%s' %s", c->id,
		    why);
}

static bool check(const struct plan_change *c, GError **error)
{
	g_autoptr(GError) problem = NULL;
	bool known = c->observed.type == STATE_ABSENT || c->observed.type == STATE_COMMAND;

	if (c->exec == NULL || c->path != NULL || !g_str_has_prefix(c->id, PREFIX)) {
		return bad(c, "is not what a command looks like", error);
	}
	if (c->action != ACTION_RUN || !known || c->desired.type != STATE_COMMAND) {
		return bad(c, "does with a command what cannot be done", error);
	}
	return exec_check(c->exec, &problem) ||
	       fail(error, TARGET_ERROR, TARGET_ERROR_PLAN, "the plan's change '%s': %s", c->id,
		    problem->message);
}

/* Only what can be known without running anything. */
static bool observe(struct observer *o, const struct plan_change *change, struct observed *out,
		    GError **error)
{
	bool there = false;

	if (change->exec->creates != NULL &&
	    !observe_exists(o, change->exec->creates, &there, error)) {
		return fail_prefix(error, "'%s'", change->id);
	}
	*out = (struct observed){.state = PLAN_STATE(there ? STATE_COMMAND : STATE_ABSENT)};
	return true;
}

static bool diff(struct differ *d, GString *out, const struct plan_change *change,
		 const struct diff_content *old, const struct diff_content *new, GError **error)
{
	words_append_section(out, change->id + strlen(PREFIX), change->exec);
	return true;
}

/* May an earlier change of the same plan bring what is missing? */
static bool may_come(const struct target_run *run, const struct step *step, unsigned lack)
{
	for (guint i = 0; i < run->steps->len; i++) {
		const struct step *other = &g_array_index(run->steps, struct step, i);

		if (other == step) {
			return false;
		}
		/* A path gives no user. */
		if (other->ops->acts || (lack & EXEC_NO_USER) == 0) {
			return true;
		}
	}
	return false;
}

/* A person reads in the plan that it runs as root, or it does not. */
static bool check_root(const struct plan_change *c, GError **error)
{
	uid_t uid;

	return !exec_user_id(c->exec->user, &uid) || uid != 0 || (c->risk & RISK_ROOT) != 0 ||
	       fail(error, TARGET_ERROR, TARGET_ERROR_PLAN,
		    "'%s' would run as root, and the plan does not say so", c->id);
}

static bool stage(struct target_run *run, struct step *step, GError **error)
{
	g_autoptr(GError) problem = NULL;
	unsigned lack;

	if (!check_root(step->change, error)) {
		return false;
	}
	if (exec_ready(step->change->exec, &lack, &problem) ||
	    (lack != 0 && may_come(run, step, lack))) {
		return true;
	}
	g_propagate_prefixed_error(error, g_steal_pointer(&problem), "'%s': ", step->change->id);
	return false;
}

/* Did it end too soon, and not: it could not be started? */
static bool has_begun(const GError *problem)
{
	return g_error_matches(problem, BASE_ERROR, BASE_ERROR_TIMEOUT) ||
	       g_error_matches(problem, BASE_ERROR, BASE_ERROR_LIMIT) ||
	       g_error_matches(problem, BASE_ERROR, BASE_ERROR_CANCELLED);
}

static bool commit(struct target_run *run, struct step *step, GError **error)
{
	const struct plan_exec *exec = step->change->exec;
	const struct exec_limit limit = {.stopped = run->stopped, .user = run->user};
	g_autofree char *why = NULL;
	g_autofree char *words = NULL;
	g_autoptr(GError) problem = NULL;
	int status;

	if (!check_root(step->change, error)) {
		step->idle = true;
		return false;
	}
	if (!exec_guards(run->observer, exec, &limit, &why, error)) {
		step->idle = true;
		return fail_prefix(error, "'%s' was not run", step->change->id);
	}
	if (why != NULL) {
		step->idle = true;
		step->message = g_strdup_printf("not needed: %s", why);
		return true;
	}
	if (!exec_run(exec, exec->run, &limit, &status, &words, &problem)) {
		step->idle = !has_begun(problem);
		g_propagate_error(error, g_steal_pointer(&problem));
		return fail_prefix(error, "'%s'", step->change->id);
	}
	return status == 0 ||
	       fail(error, TARGET_ERROR, TARGET_ERROR_FAILED, "'%s' ended with status %d%s%s",
		    step->change->id, status, words[0] != '\0' ? ": " : "", words);
}

/* What it did, nobody knows; of one that failed that was said, and a rollback expects it. */
static bool undo(struct target_run *run, struct step *step, GError **error)
{
	static const char remains[] = "; what it did until then is not undone";
	bool ran = step->begun && !step->idle;

	if (ran && step->outcome == STEP_FAILED && step->message != NULL &&
	    !g_str_has_suffix(step->message, remains)) {
		g_autofree char *old = g_steal_pointer(&step->message);

		step->message = g_strconcat(old, remains, NULL);
	}
	return !ran || step->outcome == STEP_FAILED ||
	       fail(error, TARGET_ERROR, TARGET_ERROR_FAILED, "%s",
		    step->outcome == STEP_DONE ? "was run and cannot be undone"
					       : "may have run, and cannot be undone");
}

static bool finish(struct target_run *run, struct step *step, GError **error)
{
	return true;
}

const struct target_ops target_command = {
	.name = "command",
	.acts = true,
	.check = check,
	.observe = observe,
	.diff = diff,
	.stage = stage,
	.commit = commit,
	.undo = undo,
	.finish = finish,
};
