/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Renders stacks, plans and the agent itself for the API. */
#include "agent/view.h"

#include <unistd.h>

#include "agent/leader.h"
#include "agent/ownconf.h"
#include "agent/planner.h"
#include "agent/progress.h"
#include "agent/stack-say.h"
#include "agent/watch.h"
#include "base/autoptr.h"
#include "base/error.h"
#include "base/file.h"

static void write_time(struct json_writer *w, const char *name, int64_t seconds)
{
	g_autofree char *text = NULL;

	if (seconds == 0) {
		json_w_null(w, name);
		return;
	}
	text = stack_time(seconds);
	json_w_str(w, name, text);
}

static void write_text(struct json_writer *w, const char *name, const char *text)
{
	if (text == NULL || text[0] == '\0') {
		json_w_null(w, name);
	} else {
		json_w_str(w, name, text);
	}
}

static void write_summary(struct json_writer *w, const struct fold_plan *plan)
{
	unsigned i;

	json_w_object(w, "summary");
	for (i = 0; i < RECORD_ACTIONS; i++) {
		if (plan->summary[i] > 0) {
			json_w_int(w, plan_action_names[i], plan->summary[i]);
		}
	}
	json_w_end(w);
}

static void write_pending(struct json_writer *w, const struct agent_unit *unit)
{
	const struct stack_facts *facts = &unit->record->facts;
	const struct fold_plan *plan = unit->record->plan;

	if (facts->phase != STACK_PHASE_OPEN) {
		json_w_null(w, "pending");
		return;
	}
	json_w_object(w, "pending");
	json_w_str(w, "plan", plan->id);
	json_w_int(w, "seq", plan->number);
	json_w_int(w, "required", plan->required);
	json_w_int(w, "votes", (int64_t)fold_approvals(plan));
	write_time(w, "expires", plan->expires);
	write_time(w, "quiet", plan->quiet);
	json_w_bool(w, "approved", unit->step.approved);
	json_w_bool(w, "shut", stack_is_held(&unit->step, facts));
	write_time(w, "opens", unit->step.opens);
	write_summary(w, plan);
	json_w_end(w);
}

/* As the log calls it. */
static const char *result_of(const struct fold_plan *plan)
{
	return plan->phase == STACK_PHASE_APPLIED ? "ok" : stack_phase_names[plan->phase];
}

static void write_last_apply(struct json_writer *w, const struct agent_unit *unit)
{
	const struct fold_plan *plan = unit->record->applied;

	if (plan == NULL) {
		json_w_null(w, "last_apply");
		return;
	}
	json_w_object(w, "last_apply");
	json_w_str(w, "plan", plan->id);
	json_w_int(w, "seq", plan->number);
	json_w_str(w, "commit", plan->commit);
	json_w_str(w, "result", result_of(plan));
	write_text(w, "reason", plan->end);
	write_time(w, "time", plan->ended);
	json_w_int(w, "done", plan->done);
	json_w_int(w, "undone", plan->undone);
	json_w_int(w, "left", plan->left);
	json_w_str(w, "mode", record_mode_names[plan->mode]);
	write_text(w, "person", plan->person);
	json_w_end(w);
}

/* What can be resumed or undone; a newer plan may wait. */
static void write_halted(struct json_writer *w, const struct agent_unit *unit)
{
	const struct stack_facts *facts = &unit->record->facts;
	const struct fold_plan *plan = unit->record->halted;

	if (plan == NULL) {
		json_w_null(w, "halted");
		return;
	}
	json_w_object(w, "halted");
	json_w_str(w, "plan", plan->id);
	json_w_int(w, "seq", plan->number);
	write_time(w, "expires", plan->expires);
	json_w_bool(w, "resumable",
		    stack_may_steer(&unit->step, facts, MODE_RESUME, agent_now()) == STACK_MAY);
	json_w_end(w);
}

static void write_block(struct json_writer *w, const struct stack_facts *facts)
{
	if (facts->block == STACK_BLOCK_NONE) {
		json_w_null(w, "block");
		return;
	}
	json_w_object(w, "block");
	json_w_str(w, "kind", stack_block_names[facts->block]);
	write_text(w, "commit", facts->block_commit);
	json_w_end(w);
}

static void write_pause(struct json_writer *w, const char *name, const struct fold_pause *pause)
{
	if (pause->person == NULL) {
		json_w_null(w, name);
		return;
	}
	json_w_object(w, name);
	json_w_str(w, "by", pause->person);
	json_w_str(w, "reason", pause->reason);
	write_time(w, "since", pause->since);
	write_time(w, "until", pause->until);
	json_w_end(w);
}

/* What a person wants instead of the branch's newest commit. */
static void write_wanted(struct json_writer *w, const struct fold_stack *stack)
{
	const struct stack_facts *facts = &stack->facts;
	const struct told_steer *trial = &stack->told.steers[TOLD_TRIAL];

	if (facts->pin[0] == '\0') {
		json_w_null(w, "pinned");
	} else {
		json_w_object(w, "pinned");
		json_w_str(w, "commit", facts->pin);
		json_w_str(w, "reason", facts->pin_why);
		write_text(w, "until_past", facts->commit);
		json_w_end(w);
	}
	write_text(w, "trial_ended", trial->on ? NULL : trial->reason);
	if (facts->try_ref[0] == '\0' && !facts->returning) {
		json_w_null(w, "trial");
		return;
	}
	json_w_object(w, "trial");
	write_text(w, "ref", facts->try_ref);
	write_text(w, "commit", facts->try_commit);
	json_w_str(w, "reason", facts->try_why);
	write_text(w, "from", facts->try_from);
	write_time(w, "until", facts->try_until);
	json_w_end(w);
}

/* Those that are not over. */
static void write_alerts(struct json_writer *w, const struct alert_log *log)
{
	json_w_array(w, "alerts");
	for (int c = 0; c < ALERT_CONDITIONS; c++) {
		const struct alert_facts *alert = &log->of[c];

		if (alert->raised) {
			json_w_object(w, NULL);
			json_w_str(w, "condition", record_condition_names[c]);
			json_w_str(w, "reason", alert->reason);
			write_time(w, "since", alert->began);
			json_w_int(w, "reminders", alert->count);
			json_w_bool(w, "quiet", alert->quiet);
			json_w_end(w);
		}
	}
	json_w_end(w);
}

/* Of the newest look; after a restart of what the log has, until there is one. */
static void write_drift_why(struct json_writer *w, const struct agent_unit *unit)
{
	const struct stack_facts *facts = &unit->record->facts;
	const struct drift *drift = unit->drift;
	g_autoptr(drift_auto) stored = NULL;
	g_autofree char *why = NULL;
	const char *held = unit->agent->fold->stop.on	 ? "everything is stopped"
			   : facts->suspended[0] != '\0' ? "suspended"
							 : NULL;

	if (facts->drift[0] != '\0' && drift == NULL && facts->has_drift_details &&
	    drift_load(store_objects(unit->agent->store), &facts->drift_details, &stored, NULL)) {
		drift = stored;
	}
	if (facts->drift[0] != '\0' && drift != NULL) {
		why = drift_why(drift, unit->step.fix_problem, held);
	}
	write_text(w, "drift_why", why);
}

void view_stack_members(struct json_writer *w, const struct agent_unit *unit)
{
	const struct stack_facts *facts = &unit->record->facts;
	g_autofree char *remote = NULL;
	const char *line;
	size_t len;

	json_w_str(w, "name", unit->conf->name);
	json_w_str(w, "state", stack_state_names[unit->step.state]);
	json_w_str(w, "reason", unit->step.reason);
	write_time(w, "since", unit->step.since);
	json_w_str(w, "job", stack_job_names[unit->step.job]);
	line = jobs_last(unit->agent->jobs, unit->conf->name, &len);
	progress_write(w, line, len);
	write_text(w, "commit", facts->commit);
	write_text(w, "tree", facts->tree);
	write_text(w, "applied", facts->base);
	write_block(w, facts);
	write_wanted(w, unit->record);
	write_text(w, "ref", unit->record->ref);
	write_text(w, "repository", unit->record->repository);
	json_w_int(w, "drift", facts->drift_count);
	write_pause(w, "suspended", &unit->record->pause);
	write_pause(w, "stopped", &unit->agent->fold->stopped);
	write_text(w, "waits", unit->step.waits);
	write_alerts(w, &unit->record->told.alerts);
	write_time(w, "drift_since", facts->drift_since);
	write_drift_why(w, unit);
	write_text(w, "watch_problem", watch_problem(unit));
	leader_write(w, unit->agent);
	write_pending(w, unit);
	write_last_apply(w, unit);
	write_halted(w, unit);
	write_time(w, "next_fetch", unit->step.next_fetch);
	write_text(w, "fetch_problem", unit->step.fetch_problem);
	if (unit->fetched > 0) {
		remote = planner_public_url(agent_remote(unit));
	}
	write_text(w, "remote", remote);
	write_text(w, "remote_problem", unit->remote_problem);
}

void view_stack(struct json_writer *w, const char *name, const struct agent_unit *unit)
{
	json_w_object(w, name);
	view_stack_members(w, unit);
	json_w_end(w);
}

static void write_votes(struct json_writer *w, const struct fold_plan *plan)
{
	unsigned i;

	json_w_array(w, "votes");
	for (i = 0; i < plan->votes->len; i++) {
		const struct fold_vote *vote = g_ptr_array_index(plan->votes, i);

		json_w_object(w, NULL);
		json_w_str(w, "person", vote->person);
		json_w_str(w, "decision", verdict_names[vote->verdict]);
		json_w_str(w, "reason", vote->reason);
		json_w_str(w, "channel", channel_names[vote->by.channel]);
		write_text(w, "fingerprint", vote->fingerprint);
		write_time(w, "time", vote->time);
		json_w_int(w, "entry", (int64_t)vote->entry);
		json_w_end(w);
	}
	json_w_end(w);
}

void view_plan_members(struct json_writer *w, const struct fold_plan *plan)
{
	char steps[HASH_TEXT_SIZE] = "";

	json_w_str(w, "id", plan->id);
	json_w_int(w, "seq", plan->number);
	json_w_str(w, "stack", plan->stack);
	json_w_str(w, "state", stack_phase_names[plan->phase]);
	json_w_str(w, "reason", plan->reason);
	json_w_str(w, "commit", plan->commit);
	write_time(w, "created", plan->created);
	write_time(w, "expires", plan->expires);
	write_time(w, "ended", plan->ended);
	write_summary(w, plan);
	json_w_int(w, "required", plan->required);
	write_time(w, "quiet", plan->quiet);
	write_votes(w, plan);
	write_text(w, "result", plan->end);
	json_w_int(w, "done", plan->done);
	json_w_int(w, "undone", plan->undone);
	json_w_int(w, "left", plan->left);
	json_w_bool(w, "halted", plan->halted);
	json_w_str(w, "mode", record_mode_names[plan->mode]);
	write_text(w, "person", plan->person);
	if (plan->has_steps) {
		hash_text(steps, &plan->steps);
	}
	write_text(w, "steps", steps);
	json_w_int(w, "entry", (int64_t)plan->entry);
}

void view_plan(struct json_writer *w, const char *name, const struct fold_plan *plan)
{
	json_w_object(w, name);
	view_plan_members(w, plan);
	json_w_end(w);
}

/* NULL: there is none. */
static char *seal_recipient(const char *state)
{
	g_autofree char *file = g_build_filename(state, "keys", "seal.pub", NULL);
	char *text;
	size_t len;

	return file_read(file, NOTE_MAX_SIZE, &text, &len, NULL) ? g_strchomp(text) : NULL;
}

bool view_info_members(struct json_writer *w, const struct agent *agent, GError **error)
{
	const char *state = store_dir(agent->store);
	g_autofree char *log = g_build_filename(state, "log", NULL);
	g_autofree char *file = g_build_filename(log, "checkpoint", NULL);
	g_autofree char *vkey = store_log_vkey(agent->store);
	g_autofree char *plan_key = store_plan_key_line(agent->store);
	g_autofree char *recipient = seal_recipient(state);
	g_autofree char *note = NULL;
	char root[HASH_TEXT_SIZE];
	struct checkpoint cp;
	size_t len;

	store_checkpoint(agent->store, &cp);
	hash_text(root, &cp.root);
	if (!file_read(file, NOTE_MAX_SIZE, &note, &len, error)) {
		return false;
	}
	json_w_str(w, "agent", agent->conf->agent);
	json_w_str(w, "version", PACKAGE_VERSION);
	json_w_int(w, "pid", getpid());
	json_w_str(w, "state_dir", state);
	json_w_str(w, "log", log);
	json_w_str(w, "objects", store_objects(agent->store));
	json_w_str(w, "allowed_signers", agent->conf->allowed_signers);
	json_w_int(w, "size", (int64_t)cp.size);
	json_w_str(w, "root", root);
	json_w_str(w, "checkpoint", note);
	json_w_str(w, "vkey", vkey);
	json_w_str(w, "plan_key", plan_key);
	write_text(w, "seal_recipient", recipient);
	write_text(w, "problem", agent->dead);
	write_text(w, "configuration_problem", ownconf_problem(agent));
	return true;
}
