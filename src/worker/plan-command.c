/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is to be run. */
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/text.h"
#include "worker/plan.h"
#include "worker/target/exec.h"

static const char **keep_words(struct planner *p, char **words)
{
	guint count = words != NULL ? g_strv_length(words) : 0;
	const char **kept;

	if (words == NULL) {
		return NULL;
	}
	kept = plan_keep_list(p, count);
	for (guint i = 0; i < count; i++) {
		kept[i] = plan_keep(p, words[i]);
	}
	return kept;
}

static const char *keep_opt(struct planner *p, const char *text)
{
	return text != NULL ? plan_keep(p, text) : NULL;
}

const struct plan_exec *plan_exec(struct planner *p, const struct desired_exec *exec)
{
	struct plan_exec *out;

	if (exec == NULL) {
		return NULL;
	}
	out = g_new0(struct plan_exec, 1);
	g_ptr_array_add(p->kept, out);
	out->run = keep_words(p, exec->run);
	out->unless = keep_words(p, exec->unless);
	out->env = keep_words(p, exec->env);
	out->creates = keep_opt(p, exec->creates);
	out->directory = keep_opt(p, exec->directory);
	out->user = keep_opt(p, exec->user);
	out->timeout = exec->timeout;
	out->output = exec->output;
	return out;
}

static bool same_text(const char *a, const char *b)
{
	return g_strcmp0(a, b) == 0;
}

static bool same_words(char **a, char **b)
{
	return a == b || (a != NULL && b != NULL &&
			  g_strv_equal((const char *const *)a, (const char *const *)b));
}

static bool same_exec(const struct desired_exec *a, const struct desired_exec *b)
{
	return same_words(a->run, b->run) && same_words(a->unless, b->unless) &&
	       same_words(a->env, b->env) && same_text(a->creates, b->creates) &&
	       same_text(a->directory, b->directory) && same_text(a->user, b->user) &&
	       a->timeout == b->timeout && a->output == b->output;
}

static bool was_applied(struct planner *p, const struct desired_resource *r)
{
	const struct applied *applied = plan_applied(p);

	return applied != NULL && applied_has_exec(applied, r->id, plan_exec(p, r->exec));
}

/* Did exactly this stand in the commit that was applied last, and in a plan that was applied here,
 * so that whoever approved that knew of its guard? A commit that changes nothing becomes that one
 * without anybody's approval, so a command with a guard is always a change as long as this is not
 * true; and one that was not for this host becomes so when the host gets another label. */
static bool is_approved(struct planner *p, const struct desired_resource *r)
{
	const struct desired *base = plan_base(p);

	for (guint i = 0; base != NULL && i < base->resources->len; i++) {
		const struct desired_resource *old = base->resources->pdata[i];

		if (old->kind == DESIRED_COMMAND && strcmp(old->id, r->id) == 0) {
			return old->only_notified == r->only_notified &&
			       same_exec(old->exec, r->exec) && was_applied(p, r);
		}
	}
	return false;
}

/* Would the guard run here as whom it will run as when the plan is applied? */
static bool may_ask(const struct planner *p, const struct desired_exec *exec)
{
	uid_t uid;

	if (exec->user == NULL) {
		return !p->for_root || geteuid() == 0;
	}
	return exec_user_id(exec->user, &uid) && (uid == geteuid() || geteuid() == 0);
}

static bool check_stopped(void *user)
{
	return job_stopped(user);
}

/* What the guards say. remark: why they could not be asked. */
static bool ask_guards(struct planner *p, const struct desired_resource *r, bool *needed,
		       const char **remark, GError **error)
{
	const struct exec_limit limit = {.stopped = check_stopped, .user = p->job};
	g_autoptr(GError) problem = NULL;
	g_autofree char *why = NULL;
	g_autofree char *shown = NULL;
	g_autofree char *text = NULL;

	*needed = true;
	if (exec_guards(p->observer, plan_exec(p, r->exec), &limit, &why, &problem)) {
		*needed = why == NULL;
		return true;
	}
	if (job_stopped(p->job)) {
		return fail(error, JOB_ERROR, JOB_ERROR_INTERRUPTED, "asked to stop");
	}
	shown = text_escape(problem->message, -1, 0);
	text = g_strdup_printf("(the guard failed and is asked again when this is applied: %s)",
			       shown);
	*remark = plan_keep(p, text);
	return true;
}

static bool runs_as_root(const struct planner *p, const struct desired_exec *exec)
{
	uid_t uid;

	if (exec->user == NULL) {
		return p->for_root || geteuid() == 0;
	}
	/* Whom nobody knows yet is not root: apply sees to it. */
	return exec_user_id(exec->user, &uid) && uid == 0;
}

/* Only root becomes another. */
static bool check_user(struct planner *p, const struct desired_exec *exec, const char *file,
		       unsigned line, unsigned column)
{
	uid_t uid;

	if (exec->user == NULL || p->for_root || geteuid() == 0 ||
	    (exec_user_id(exec->user, &uid) && uid == geteuid())) {
		return true;
	}
	diag_add(&p->diags, file, line, column, "only root can run a command as user '%s'",
		 exec->user);
	return false;
}

static void add_item(struct planner *p, const struct desired_resource *r, bool there,
		     const char **because, const char *remark)
{
	struct plan_item *item = plan_act(p, r, DESIRED_COMMAND, r->name);
	struct plan_change *c = &item->change;

	c->action = ACTION_RUN;
	c->observed.type = there ? STATE_COMMAND : STATE_ABSENT;
	c->desired.type = STATE_COMMAND;
	c->exec = plan_exec(p, r->exec);
	c->because = because;
	c->risk = RISK_EXECUTABLE | (runs_as_root(p, r->exec) ? RISK_ROOT : 0);
	item->remark = remark;
}

static bool plan_command(struct planner *p, const struct desired_resource *r, GError **error)
{
	const struct desired_exec *exec = r->exec;
	const char **because = plan_notified(p, r->id);
	const char *remark = NULL;
	bool there = false, needed = true;

	if (!check_user(p, exec, r->file, r->line, r->column)) {
		return true;
	}
	if (exec->creates != NULL && !observe_exists(p->observer, exec->creates, &there, error)) {
		return false;
	}
	if (because != NULL || r->only_notified) {
		needed = because != NULL;
	} else if (exec->unless == NULL) {
		needed = !there;
	} else if (!is_approved(p, r)) {
		remark = "(the guard is new and is asked for the first time when this is applied)";
	} else if (there) {
		needed = false;
	} else if (!may_ask(p, exec)) {
		remark = "(the guard is another user's and is asked when this is applied)";
	} else if (!ask_guards(p, r, &needed, &remark, error)) {
		return false;
	}
	if (needed) {
		add_item(p, r, there, because, remark);
	}
	return true;
}

bool plan_commands(struct planner *p, GError **error)
{
	for (guint i = 0; i < p->desired->resources->len; i++) {
		const struct desired_resource *r = p->desired->resources->pdata[i];

		if (r->kind == DESIRED_COMMAND && !plan_command(p, r, error)) {
			return false;
		}
	}
	for (guint i = 0; i < p->desired->checks->len; i++) {
		const struct desired_check *check = p->desired->checks->pdata[i];

		if (check->exec != NULL) {
			(void)check_user(p, check->exec, check->file, check->line, check->column);
		}
	}
	return true;
}
