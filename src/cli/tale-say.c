/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Puts what a log tells of an apply into words and into JSON. */
#include <glib/gi18n.h>
#include <inttypes.h>
#include <string.h>

#include "cli/say.h"
#include "cli/tale.h"

static bool any_broken(const struct tale_run *run)
{
	for (unsigned i = 0; i < run->votes->len; i++) {
		if (((const struct tale_vote *)run->votes->pdata[i])->decision ==
		    VERDICT_BREAK_GLASS) {
			return true;
		}
	}
	return false;
}

const char *tale_authority(const struct tale_plan *plan, const struct tale_run *run)
{
	if (run->mode == MODE_UNDO) {
		return "nobody";
	}
	if (any_broken(run)) {
		return "break-glass";
	}
	if ((int64_t)run->votes->len >= plan->required) {
		return plan->required > 0 ? "people" : "policy";
	}
	return plan->quiet != 0 ? "quiet" : "policy";
}

char *tale_approvers(const struct tale_plan *plan, const struct tale_run *run)
{
	const char *authority = tale_authority(plan, run);
	g_autoptr(GString) text = g_string_new(NULL);

	if (strcmp(authority, "policy") == 0) {
		g_string_append(text, _("policy"));
	} else if (strcmp(authority, "quiet") == 0) {
		g_string_append(text, _("policy (nobody rejected it)"));
	}
	for (unsigned i = 0; i < run->votes->len; i++) {
		const struct tale_vote *v = run->votes->pdata[i];

		g_string_append_printf(text, "%s%s (%s)", text->len > 0 ? ", " : "", v->person,
				       v->decision == VERDICT_BREAK_GLASS
					       ? verdict_names[v->decision]
					       : channel_names[v->channel]);
	}
	return text->len > 0 ? g_string_free(g_steal_pointer(&text), FALSE) : NULL;
}

char *tale_result(const struct tale_run *run)
{
	g_autofree char *text =
		run->ended == 0
			? g_strdup(_("under way"))
			: g_strdup_printf("%s%s%s", record_result_names[run->result],
					  run->halted ? ", " : "", run->halted ? _("halted") : "");

	if (run->mode == MODE_APPLY || run->person == NULL) {
		return g_steal_pointer(&text);
	}
	return run->mode == MODE_RESUME
		       /* TRANSLATORS: "ok", "failed" ..., and a person */
		       ? g_strdup_printf(_("%s (resumed by %s)"), text, run->person)
		       /* TRANSLATORS: "rolled-back" ..., and a person */
		       : g_strdup_printf(_("%s (undone by %s)"), text, run->person);
}

static void text_json(struct json_writer *w, const char *name, const char *text)
{
	if (text != NULL) {
		json_w_str(w, name, text);
	} else {
		json_w_null(w, name);
	}
}

void tale_commit_json(struct json_writer *w, const char *name, const struct tale *tale,
		      const char *id)
{
	const struct tale_commit *commit = tale_commit(tale, id);

	if (id == NULL) {
		json_w_null(w, name);
		return;
	}
	json_w_object(w, name);
	json_w_str(w, "id", id);
	text_json(w, "author", commit != NULL ? commit->author : NULL);
	text_json(w, "email", commit != NULL ? commit->email : NULL);
	text_json(w, "subject", commit != NULL ? commit->subject : NULL);
	say_time_json(w, "time", commit != NULL ? commit->time : 0);
	json_w_end(w);
}

static void votes_json(struct json_writer *w, const GPtrArray *votes)
{
	json_w_array(w, "approvals");
	for (unsigned i = 0; i < votes->len; i++) {
		const struct tale_vote *v = votes->pdata[i];

		json_w_object(w, NULL);
		json_w_str(w, "person", v->person);
		json_w_str(w, "channel", channel_names[v->channel]);
		json_w_str(w, "decision", verdict_names[v->decision]);
		json_w_str(w, "reason", v->reason);
		say_time_json(w, "time", v->time);
		json_w_int(w, "entry", (int64_t)v->entry);
		json_w_end(w);
	}
	json_w_end(w);
}

static void run_json(struct json_writer *w, const struct tale_run *run)
{
	json_w_str(w, "mode", record_mode_names[run->mode]);
	text_json(w, "person", run->person);
	say_time_json(w, "started", run->started);
	say_time_json(w, "ended", run->ended);
	if (run->ended == 0) {
		json_w_null(w, "result");
		return;
	}
	json_w_int(w, "seconds", run->ended - run->started);
	json_w_str(w, "result", record_result_names[run->result]);
	json_w_bool(w, "halted", run->halted);
	json_w_int(w, "done", run->done);
	json_w_int(w, "undone", run->undone);
	json_w_int(w, "left", run->left);
	text_json(w, "message", run->reason);
}

void tale_plan_json(struct json_writer *w, const struct tale *tale, const struct tale_plan *plan,
		    const struct tale_run *run)
{
	json_w_str(w, "plan", plan->id);
	json_w_int(w, "number", plan->number);
	text_json(w, "stack", plan->stack);
	json_w_str(w, "reason", plan->reason);
	say_time_json(w, "made", plan->time);
	tale_commit_json(w, "commit", tale, plan->commit);
	json_w_int(w, "required", plan->required);
	if (run == NULL) {
		votes_json(w, plan->votes);
		text_json(w, "outcome", plan->outcome);
		text_json(w, "message", plan->end);
		return;
	}
	json_w_str(w, "authority", tale_authority(plan, run));
	votes_json(w, run->votes);
	run_json(w, run);
}
