/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Renders what a stack's next step depends on. */
#include "agent/why.h"

#include "agent/stack-say.h"
#include "agent/view.h"

static void write_time(struct json_writer *w, const char *name, int64_t seconds)
{
	g_autofree char *text = seconds != 0 ? stack_time(seconds) : NULL;

	if (text != NULL) {
		json_w_str(w, name, text);
	} else {
		json_w_null(w, name);
	}
}

static void write_text(struct json_writer *w, const char *name, const char *text)
{
	if (text == NULL || text[0] == '\0') {
		json_w_null(w, name);
	} else {
		json_w_str(w, name, text);
	}
}

/* name, or null when there is nothing to say of it. */
static bool begin(struct json_writer *w, const char *name, bool any)
{
	if (any) {
		json_w_object(w, name);
	} else {
		json_w_null(w, name);
	}
	return any;
}

/* What people have decided of the stack beside plans. */
static void write_steering(struct json_writer *w, const struct agent_unit *unit)
{
	const struct stack_facts *facts = &unit->record->facts;

	if (begin(w, "stopped", unit->step.stopped[0] != '\0')) {
		json_w_str(w, "reason", unit->step.stopped);
		write_time(w, "until", unit->step.stopped_until);
		json_w_end(w);
	}
	if (begin(w, "suspended", facts->suspended[0] != '\0')) {
		json_w_str(w, "reason", facts->suspended);
		write_time(w, "until", facts->suspended_until);
		json_w_end(w);
	}
	if (begin(w, "pin", facts->pin[0] != '\0')) {
		json_w_str(w, "commit", facts->pin);
		write_text(w, "reason", facts->pin_why);
		json_w_end(w);
	}
	if (begin(w, "trial", facts->try_ref[0] != '\0' || facts->returning)) {
		write_text(w, "ref", facts->try_ref);
		write_text(w, "reason", facts->try_why);
		write_time(w, "until", facts->try_until);
		json_w_bool(w, "returning", facts->returning);
		json_w_end(w);
	}
	json_w_bool(w, "bad_commit", facts->is_bad);
}

static void write_after(struct json_writer *w, const struct agent_unit *unit)
{
	json_w_array(w, "after");
	for (size_t i = 0; unit->conf->after != NULL && unit->conf->after[i] != NULL; i++) {
		const struct agent_unit *other = agent_unit(unit->agent, unit->conf->after[i]);

		json_w_object(w, NULL);
		json_w_str(w, "stack", unit->conf->after[i]);
		write_text(w, "state", other != NULL ? stack_state_names[other->step.state] : NULL);
		json_w_end(w);
	}
	json_w_end(w);
}

static void write_trouble(struct json_writer *w, const char *name, unsigned failures,
			  const char *problem, int64_t next)
{
	json_w_object(w, name);
	json_w_int(w, "failures", failures);
	write_text(w, "problem", problem);
	write_time(w, "next", next);
	json_w_end(w);
}

static void write_jobs(struct json_writer *w, const struct agent_unit *unit)
{
	const struct stack *step = &unit->step;

	write_time(w, "fetched", unit->tally.fetched);
	write_trouble(w, "fetch", step->fetch_failures, step->fetch_problem, step->next_fetch);
	write_trouble(w, "plan", step->plan_failures, step->plan_problem, step->next_plan);
	write_trouble(w, "recover", step->recover_failures, step->recover_problem,
		      step->next_recover);
	write_time(w, "next_drift", step->next_drift);
	write_time(w, "wake", step->wake);
}

static void write_newest(struct json_writer *w, const struct agent_unit *unit)
{
	const struct stack_facts *facts = &unit->record->facts;
	const struct fold_plan *plan = unit->record->plan;

	if (!begin(w, "newest_plan", plan != NULL)) {
		return;
	}
	json_w_str(w, "plan", plan->id);
	json_w_int(w, "seq", plan->number);
	json_w_str(w, "state", stack_phase_names[plan->phase]);
	json_w_str(w, "commit", plan->commit);
	write_text(w, "message", plan->end);
	write_time(w, "ended", plan->ended);
	/* Then it is not planned again by itself. */
	json_w_bool(w, "settled",
		    facts->settled[0] != '\0' &&
			    g_strcmp0(facts->settled, stack_target(facts)) == 0);
	json_w_end(w);
}

void why_members(struct json_writer *w, const struct agent_unit *unit)
{
	const struct stack_facts *facts = &unit->record->facts;

	view_stack(w, "stack", unit);
	write_text(w, "target", stack_target(facts));
	write_text(w, "dead", unit->agent->dead);
	write_steering(w, unit);
	write_after(w, unit);
	write_newest(w, unit);
	json_w_str(w, "on_drift", unit->conf->on_drift);
	write_jobs(w, unit);
}
