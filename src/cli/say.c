/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Puts a stack's state into words and into JSON. */
#include "cli/say.h"

#include <inttypes.h>
#include <glib/gi18n.h>
#include <string.h>

#include "base/text.h"
#include "base/yaml.h"
#include "cli/problem.h"

static const struct {
	const char *state, *text;
	enum exit_code exit;
} states[] = {
	{"idle", N_("no commit has been planned yet"), EXIT_DONE},
	{"planning", N_("working out what would change"), EXIT_DONE},
	{"pending", N_("waits for approval"), EXIT_REFUSED},
	{"applying", N_("applying what was approved"), EXIT_DONE},
	{"converged", N_("everything is as the repository says"), EXIT_DONE},
	{"failed", N_("the last apply failed"), EXIT_REFUSED},
	{"drifted", N_("something was changed on this host"), EXIT_REFUSED},
	{"suspended", N_("suspended by a person"), EXIT_REFUSED},
	{"blocked", N_("blocked"), EXIT_REFUSED},
};

static char *say_pending(const struct api_pending *pending, int64_t now)
{
	g_autofree char *id = text_short_id(pending->plan);
	g_autofree char *rest = text_age(pending->expires, now);
	g_autofree char *opens = text_age(pending->opens, now);
	g_autofree char *quiet = text_age(pending->quiet, now);

	if (pending->approved && pending->shut) {
		return pending->opens == 0
			       ? g_strdup_printf(
					 _("plan %s is approved (%s) and waits for a window, "
					   "but none opens within a year"),
					 id, pending->summary)
			       /* TRANSLATORS: id, "3 create, 1 remove", "in 3h" */
			       : g_strdup_printf(_("plan %s is approved (%s) and waits for its "
						   "window, which opens %s"),
						 id, pending->summary, opens);
	}
	if (pending->quiet != 0 && !pending->approved) {
		/* TRANSLATORS: id, given approvals, needed ones, "3 create, 1 remove", "in 10m" */
		return g_strdup_printf(
			ngettext("plan %s has %" PRId64 " of %" PRId64
				 " approvals (%s), is applied %s unless somebody rejects it",
				 "plan %s has %" PRId64 " of %" PRId64
				 " approvals (%s), is applied %s unless somebody rejects it",
				 (gulong)pending->required),
			id, (gint64)pending->votes, (gint64)pending->required, pending->summary,
			quiet);
	}
	/* TRANSLATORS: id, given approvals, needed ones, "3 create, 1 remove", "in 3h" */
	return g_strdup_printf(
		ngettext("plan %s has %" PRId64 " of %" PRId64 " approvals (%s), expires %s",
			 "plan %s has %" PRId64 " of %" PRId64 " approvals (%s), expires %s",
			 (gulong)pending->required),
		id, (gint64)pending->votes, (gint64)pending->required, pending->summary, rest);
}

static char *say_state(const struct api_stack *stack, int64_t now)
{
	bool waits = stack->pending.approved && stack->waits != NULL && !stack->pending.shut;

	if (stack->pending.plan != NULL && strcmp(stack->state, "pending") == 0 && !waits) {
		return say_pending(&stack->pending, now);
	}
	if (stack->reason != NULL) {
		return g_strdup(stack->reason);
	}
	for (size_t i = 0; i < G_N_ELEMENTS(states); i++) {
		if (strcmp(states[i].state, stack->state) == 0) {
			return g_strdup(_(states[i].text));
		}
	}
	return g_strdup("");
}

/* That fetching fails matters in every state: the commit that would help may never arrive. */
char *say_why(const struct api_stack *stack, int64_t now)
{
	g_autofree char *why = say_state(stack, now);
	const char *problem = stack->fetch_problem;

	if (problem == NULL || strstr(why, problem) != NULL) {
		return g_steal_pointer(&why);
	}
	/* TRANSLATORS: why nothing happens, and why new commits cannot be fetched */
	return g_strdup_printf(_("%s; and fetching fails: %s"), why, problem);
}

int say_exit(const struct api_stack *stack)
{
	for (size_t i = 0; i < G_N_ELEMENTS(states); i++) {
		if (strcmp(states[i].state, stack->state) == 0) {
			return states[i].exit;
		}
	}
	return EXIT_REFUSED;
}

/* What can be done about an apply that stopped half way, also while another plan waits. */
static void say_halted(struct out *out, const struct api_stack *stack)
{
	g_autofree char *id = stack->halted != NULL ? text_short_id(stack->halted) : NULL;

	if (id == NULL) {
		return;
	}
	if (stack->resumable) {
		/* TRANSLATORS: a plan's id, and the name of a stack, twice */
		out_note(out,
			 _("the apply of plan %s has halted: 'assent apply --resume %s' goes on, "
			   "'assent apply --undo %s' takes it back; 'assent show %s' lists its "
			   "steps\n"),
			 id, stack->name, stack->name, id);
	} else {
		out_note(out,
			 _("the apply of plan %s has halted: 'assent apply --undo %s' takes it "
			   "back; 'assent show %s' lists its steps\n"),
			 id, stack->name, id);
	}
}

static void say_steered(struct out *out, const struct api_stack *stack)
{
	if (stack->last_steered == NULL || stack->last_person == NULL) {
		return;
	}
	if (strcmp(stack->last_steered, "resume") == 0) {
		/* TRANSLATORS: a person */
		out_note(out, _("the last apply had halted and was resumed by %s\n"),
			 stack->last_person);
	} else {
		/* TRANSLATORS: a person */
		out_note(out, _("the last apply had halted and was undone by %s\n"),
			 stack->last_person);
	}
}

/* What was begun before is not stopped by it. */
static void say_under_way(struct out *out, const struct api_stack *stack)
{
	bool paused = stack->suspended.by != NULL || stack->stopped.by != NULL;

	if (paused && strcmp(stack->state, "applying") == 0) {
		out_note(out, _("an apply is under way and goes on to its end; nothing is begun "
				"after it\n"));
	}
}

static void say_remote(struct out *out, const struct api_stack *stack)
{
	if (stack->remote != NULL && stack->remote_problem != NULL) {
		g_autofree char *remote = out_safe(out, stack->remote);
		g_autofree char *why = out_safe(out, stack->remote_problem);

		/* TRANSLATORS: an address, and why another one does not answer */
		out_note(out,
			 _("fetched from the fallback '%s', since the first does not answer: %s\n"),
			 remote, why);
	}
}

void say_alerts(struct out *out, const struct api_stack *stack, int64_t now)
{
	for (size_t i = 0; i < stack->alerts_count; i++) {
		const struct api_alert *alert = &stack->alerts[i];
		g_autofree char *age = text_age(alert->since, now);
		g_autofree char *reason = out_safe(out, alert->reason);
		g_autofree char *name = out_safe(out, stack->name);

		if (alert->quiet) {
			/* TRANSLATORS: a stack, "3h ago", what is wrong, in English */
			out_printf(out, _("alert: %s since %s, not told while suspended: %s"), name,
				   age, reason);
		} else {
			/* TRANSLATORS: a stack, "3h ago", what is wrong, in English */
			out_printf(out, _("alert: %s since %s: %s"), name, age, reason);
		}
		out_printf(out, "\n");
	}
}

void say_stack(struct out *out, const struct api_stack *stack, int64_t now)
{
	g_autofree char *why = say_why(stack, now);
	g_autofree char *safe_why = out_safe(out, why);
	g_autofree char *name = out_safe(out, stack->name), *state = out_safe(out, stack->state);

	out_styled(out, STYLE_BOLD, "%s", name);
	out_printf(out, ": %s: %s\n", state, safe_why);
	if (stack->pending.plan != NULL) {
		g_autofree char *id = text_short_id(stack->pending.plan);

		out_note(out, _("look at it with 'assent show %s'\n"), id);
	}
	say_remote(out, stack);
	say_under_way(out, stack);
	say_halted(out, stack);
	say_steered(out, stack);
}

void say_time_json(struct json_writer *w, const char *name, int64_t when)
{
	g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(when);
	g_autofree char *text =
		time != NULL ? g_date_time_format(time, "%Y-%m-%dT%H:%M:%SZ") : NULL;

	if (when == 0 || text == NULL) {
		json_w_null(w, name);
	} else {
		json_w_str(w, name, text);
	}
}

static void text_json(struct json_writer *w, const char *name, const char *text)
{
	if (text != NULL) {
		json_w_str(w, name, text);
	} else {
		json_w_null(w, name);
	}
}

static void pause_json(struct json_writer *w, const char *name, const struct api_pause *pause)
{
	if (pause->by == NULL) {
		json_w_null(w, name);
		return;
	}
	json_w_object(w, name);
	json_w_str(w, "by", pause->by);
	text_json(w, "reason", pause->reason);
	say_time_json(w, "since", pause->since);
	say_time_json(w, "until", pause->until);
	json_w_end(w);
}

void say_stack_json(struct json_writer *w, const struct api_stack *stack)
{
	json_w_str(w, "name", stack->name);
	json_w_str(w, "state", stack->state);
	text_json(w, "reason", stack->reason);
	say_time_json(w, "since", stack->since);
	text_json(w, "commit", stack->commit);
	text_json(w, "tree", stack->tree);
	text_json(w, "repository", stack->repository);
	text_json(w, "ref", stack->ref);
	json_w_int(w, "drift", stack->drift);
	say_time_json(w, "drift_since", stack->drift_since);
	text_json(w, "drift_why", stack->drift_why);
	text_json(w, "watch_problem", stack->watch_problem);
	if (stack->leader != NULL) {
		json_w_value(w, "leader", stack->leader);
	} else {
		json_w_null(w, "leader");
	}
	say_time_json(w, "next_fetch", stack->next_fetch);
	text_json(w, "last_result", stack->last_result);
	text_json(w, "fetch_problem", stack->fetch_problem);
	text_json(w, "halted", stack->halted);
	pause_json(w, "suspended", &stack->suspended);
	pause_json(w, "stopped", &stack->stopped);
	text_json(w, "trial_ended", stack->trial_ended);
	text_json(w, "waits", stack->waits);
	text_json(w, "remote", stack->remote);
	text_json(w, "remote_problem", stack->remote_problem);
	json_w_array(w, "alerts");
	for (size_t i = 0; i < stack->alerts_count; i++) {
		json_w_object(w, NULL);
		json_w_str(w, "condition", stack->alerts[i].condition);
		text_json(w, "reason", stack->alerts[i].reason);
		say_time_json(w, "since", stack->alerts[i].since);
		json_w_bool(w, "quiet", stack->alerts[i].quiet);
		json_w_end(w);
	}
	json_w_end(w);
	if (stack->pending.plan == NULL) {
		json_w_null(w, "pending");
		return;
	}
	json_w_object(w, "pending");
	json_w_str(w, "plan", stack->pending.plan);
	json_w_int(w, "seq", stack->pending.seq);
	json_w_int(w, "votes", stack->pending.votes);
	json_w_int(w, "required", stack->pending.required);
	say_time_json(w, "expires", stack->pending.expires);
	json_w_str(w, "summary", stack->pending.summary);
	json_w_end(w);
}

void say_plan_json(struct json_writer *w, const struct api_plan *plan)
{
	json_w_str(w, "id", plan->id);
	json_w_int(w, "seq", plan->seq);
	json_w_str(w, "stack", plan->stack);
	json_w_str(w, "state", plan->state);
	text_json(w, "reason", plan->reason);
	text_json(w, "commit", plan->commit);
	say_time_json(w, "created", plan->created);
	say_time_json(w, "expires", plan->expires);
	json_w_str(w, "summary", plan->summary);
	text_json(w, "result", plan->result);
	json_w_int(w, "done", plan->done);
	json_w_int(w, "undone", plan->undone);
	json_w_int(w, "left", plan->left);
	json_w_bool(w, "halted", plan->halted);
	json_w_int(w, "required", plan->required);
	json_w_array(w, "votes");
	for (guint i = 0; i < plan->votes->len; i++) {
		const struct api_vote *vote = &g_array_index(plan->votes, struct api_vote, i);

		json_w_object(w, NULL);
		json_w_str(w, "person", vote->person);
		json_w_str(w, "decision", vote->decision);
		text_json(w, "reason", vote->reason);
		text_json(w, "channel", vote->channel);
		say_time_json(w, "time", vote->time);
		json_w_end(w);
	}
	json_w_end(w);
}

bool say_parse_since(const char *text, int64_t *since, GError **error)
{
	int64_t seconds;

	*since = 0;
	if (text == NULL || text_parse_time(text, since)) {
		return true;
	}
	if (!yaml_duration(text, &seconds)) {
		return problem(error, EXIT_USAGE, "bad-time",
			       _("examples: 30m, 2h, 7d, 2026-01-31T12:00:00Z"),
			       _("'%s' is neither a duration nor a time"), text);
	}
	*since = g_get_real_time() / G_USEC_PER_SEC - seconds;
	return true;
}
