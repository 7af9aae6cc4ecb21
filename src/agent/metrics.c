/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Writes the agent's numbers. */
#include "agent/metrics.h"

#include <inttypes.h>
#include <string.h>

#include "agent/agent.h"
#include "agent/halt.h"
#include "agent/leader.h"
#include "agent/metrics-process.h"
#include "agent/notify/notify.h"

static void family(GString *out, const char *name, const char *type, const char *help)
{
	g_string_append_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* One label with its value, whatever that holds. */
static void label(GString *out, const char *separator, const char *name, const char *value)
{
	g_string_append_printf(out, "%s%s=\"", separator, name);
	for (const char *c = value; *c != '\0'; c++) {
		if (*c == '\n') {
			g_string_append(out, "\\n");
		} else {
			if (*c == '"' || *c == '\\') {
				g_string_append_c(out, '\\');
			}
			g_string_append_c(out, *c);
		}
	}
	g_string_append_c(out, '"');
}

static void number(GString *out, int64_t value)
{
	g_string_append_printf(out, "} %" PRId64 "\n", value);
}

static void single(GString *out, const char *name, const char *type, const char *help,
		   int64_t value)
{
	family(out, name, type, help);
	g_string_append_printf(out, "%s %" PRId64 "\n", name, value);
}

static const struct agent_unit *unit_at(const struct agent *agent, unsigned i)
{
	const struct conf_stack *conf = g_ptr_array_index(agent->conf->stacks, i);

	return agent_unit(agent, conf->name);
}

/* One number of each stack. */

static int64_t since(const struct agent_unit *unit)
{
	return unit->step.since;
}

static int64_t fetched(const struct agent_unit *unit)
{
	return unit->tally.fetched;
}

static int64_t fetch_failures(const struct agent_unit *unit)
{
	return unit->step.fetch_failures;
}

static int64_t plan_failures(const struct agent_unit *unit)
{
	return unit->step.plan_failures;
}

static bool is_open(const struct agent_unit *unit)
{
	return unit->record->facts.phase == STACK_PHASE_OPEN;
}

static int64_t pending(const struct agent_unit *unit)
{
	return is_open(unit);
}

static int64_t pending_since(const struct agent_unit *unit)
{
	return is_open(unit) ? unit->record->facts.plan_created : 0;
}

static int64_t pending_expires(const struct agent_unit *unit)
{
	return is_open(unit) ? unit->record->facts.plan_expires : 0;
}

static int64_t pending_missing(const struct agent_unit *unit)
{
	int64_t given;

	if (!is_open(unit) || unit->step.approved) {
		return 0;
	}
	given = (int64_t)fold_approvals(unit->record->plan);
	return MAX(unit->record->facts.plan_required - given, 0);
}

static int64_t drift(const struct agent_unit *unit)
{
	return unit->record->facts.drift_count;
}

static int64_t suspended(const struct agent_unit *unit)
{
	return unit->record->facts.suspended[0] != '\0';
}

static int64_t suspended_until(const struct agent_unit *unit)
{
	return unit->record->facts.suspended_until;
}

static int64_t pinned(const struct agent_unit *unit)
{
	return unit->record->facts.pin[0] != '\0';
}

static int64_t halted(const struct agent_unit *unit)
{
	return unit->record->facts.halted[0] != '\0';
}

static int64_t applied_at(const struct agent_unit *unit)
{
	return unit->record->applied != NULL ? unit->record->applied->ended : 0;
}

static int64_t applied_well(const struct agent_unit *unit)
{
	const struct fold_plan *plan = unit->record->applied;

	return plan == NULL || plan->phase == STACK_PHASE_APPLIED ||
	       plan->phase == STACK_PHASE_APPLYING;
}

static const struct {
	const char *name, *help;
	int64_t (*value)(const struct agent_unit *unit);
} numbers[] = {
	{"assent_stack_since_timestamp_seconds", "Since when the stack is in its state.", since},
	{"assent_stack_fetched_timestamp_seconds",
	 "When a fetch last ended well, 0 before the first of this process.", fetched},
	{"assent_stack_fetch_failures", "Fetches that failed in a row.", fetch_failures},
	{"assent_stack_plan_failures", "Plans that could not be made, in a row.", plan_failures},
	{"assent_stack_pending", "1 while a plan waits for its approvals or its window.", pending},
	{"assent_stack_pending_since_timestamp_seconds",
	 "When the plan that waits was made, 0 without one.", pending_since},
	{"assent_stack_pending_expires_timestamp_seconds",
	 "When the plan that waits expires, 0 without one.", pending_expires},
	{"assent_stack_pending_missing", "Approvals that the plan that waits still lacks.",
	 pending_missing},
	{"assent_stack_drift_changes", "How many changes would undo what others did.", drift},
	{"assent_stack_suspended", "1 while a person keeps the stack suspended.", suspended},
	{"assent_stack_suspended_until_timestamp_seconds",
	 "When that ends by itself, 0 when it does not.", suspended_until},
	{"assent_stack_pinned", "1 while the stack is rolled back to an earlier state.", pinned},
	{"assent_stack_halted", "1 while an apply can be resumed or undone.", halted},
	{"assent_stack_applied_timestamp_seconds",
	 "When the newest apply ended, 0 before the first.", applied_at},
	{"assent_stack_applied_ok", "0 when the newest apply did not end well.", applied_well},
};

static void write_numbers(GString *out, const struct agent *agent)
{
	for (size_t n = 0; n < G_N_ELEMENTS(numbers); n++) {
		family(out, numbers[n].name, "gauge", numbers[n].help);
		for (unsigned i = 0; i < agent->conf->stacks->len; i++) {
			const struct agent_unit *unit = unit_at(agent, i);

			g_string_append(out, numbers[n].name);
			label(out, "{", "stack", unit->conf->name);
			number(out, numbers[n].value(unit));
		}
	}
}

static void write_states(GString *out, const struct agent *agent)
{
	static const char name[] = "assent_stack_state";

	family(out, name, "gauge", "1 for the state that the stack is in, 0 for all others.");
	for (unsigned i = 0; i < agent->conf->stacks->len; i++) {
		const struct agent_unit *unit = unit_at(agent, i);

		for (int s = 0; stack_state_names[s] != NULL; s++) {
			g_string_append(out, name);
			label(out, "{", "stack", unit->conf->name);
			label(out, ",", "state", stack_state_names[s]);
			number(out, (int)unit->step.state == s);
		}
	}
}

/* What the log counts. */

static void write_plans(GString *out, const struct agent *agent)
{
	static const char name[] = "assent_plans_total";

	family(out, name, "counter",
	       "Plans that were made, by what has become of them; those of the log.");
	for (unsigned i = 0; i < agent->conf->stacks->len; i++) {
		const struct agent_unit *unit = unit_at(agent, i);
		int64_t counts[STACK_PHASE_INTERRUPTED + 1] = {0};

		for (unsigned p = 0; p < agent->fold->plans->len; p++) {
			const struct fold_plan *plan = g_ptr_array_index(agent->fold->plans, p);

			if (strcmp(plan->stack, unit->conf->name) == 0) {
				counts[plan->phase]++;
			}
		}
		for (int phase = STACK_PHASE_SUPERSEDED; phase <= STACK_PHASE_INTERRUPTED;
		     phase++) {
			g_string_append(out, name);
			label(out, "{", "stack", unit->conf->name);
			label(out, ",", "outcome", stack_phase_names[phase]);
			number(out, counts[phase]);
		}
	}
}

static void write_votes(GString *out, const struct agent *agent)
{
	int64_t counts[VERDICT_BREAK_GLASS + 1] = {0};

	for (unsigned p = 0; p < agent->fold->plans->len; p++) {
		const struct fold_plan *plan = g_ptr_array_index(agent->fold->plans, p);

		for (unsigned v = 0; v < plan->votes->len; v++) {
			const struct fold_vote *vote = g_ptr_array_index(plan->votes, v);

			counts[vote->verdict]++;
		}
	}
	family(out, "assent_decisions_total", "counter", "Decisions of people; those of the log.");
	for (size_t i = 0; i < G_N_ELEMENTS(counts); i++) {
		g_string_append(out, "assent_decisions_total");
		label(out, "{", "decision", verdict_names[i]);
		number(out, counts[i]);
	}
}

static void histogram(GString *out, const char *name, const struct agent_unit *unit,
		      const char *job, const struct tally_times *times)
{
	uint64_t below = 0;

	for (unsigned i = 0; i <= TALLY_BUCKETS; i++) {
		char bound[G_ASCII_DTOSTR_BUF_SIZE] = "+Inf";

		if (i < TALLY_BUCKETS) {
			g_ascii_dtostr(bound, sizeof(bound), tally_bounds[i]);
		}
		below += times->buckets[i];
		g_string_append_printf(out, "%s_bucket", name);
		label(out, "{", "stack", unit->conf->name);
		label(out, ",", "job", job);
		label(out, ",", "le", bound);
		number(out, (int64_t)below);
	}
	for (int counts = 0; counts < 2; counts++) {
		char sum[G_ASCII_DTOSTR_BUF_SIZE];

		g_string_append_printf(out, "%s_%s", name, counts ? "count" : "sum");
		label(out, "{", "stack", unit->conf->name);
		label(out, ",", "job", job);
		if (counts) {
			number(out, (int64_t)below);
		} else {
			g_string_append_printf(out, "} %s\n",
					       g_ascii_dtostr(sum, sizeof(sum), times->sum));
		}
	}
}

/* Those of this process. */
static void write_jobs(GString *out, const struct agent *agent)
{
	family(out, "assent_job_failures_total", "counter",
	       "Workers that did not do their job, since the agent's start.");
	for (unsigned i = 0; i < agent->conf->stacks->len; i++) {
		const struct agent_unit *unit = unit_at(agent, i);

		for (int job = STACK_JOB_FETCH; job < TALLY_JOBS; job++) {
			g_string_append(out, "assent_job_failures_total");
			label(out, "{", "stack", unit->conf->name);
			label(out, ",", "job", stack_job_names[job]);
			number(out, (int64_t)unit->tally.failed[job]);
		}
	}
	family(out, "assent_job_duration_seconds", "histogram",
	       "How long workers took, since the agent's start.");
	for (unsigned i = 0; i < agent->conf->stacks->len; i++) {
		const struct agent_unit *unit = unit_at(agent, i);

		for (int job = STACK_JOB_FETCH; job < TALLY_JOBS; job++) {
			histogram(out, "assent_job_duration_seconds", unit, stack_job_names[job],
				  &unit->tally.jobs[job]);
		}
	}
}

static void write_notices(GString *out, const struct agent *agent)
{
	const struct tally_notices none = {0, 0};

	family(out, "assent_notifications_total", "counter",
	       "Messages to a notifier, by what became of the attempt, since the agent's start.");
	for (unsigned i = 0; i < agent->conf->notifiers->len; i++) {
		const struct conf_notifier *conf = g_ptr_array_index(agent->conf->notifiers, i);
		const struct tally_notices *tally = notify_tally(agent->notify, conf->name);

		tally = tally != NULL ? tally : &none;
		for (int failed = 0; failed < 2; failed++) {
			g_string_append(out, "assent_notifications_total");
			label(out, "{", "notifier", conf->name);
			label(out, ",", "result", failed ? "failed" : "delivered");
			number(out, (int64_t)(failed ? tally->failed : tally->delivered));
		}
	}
	single(out, "assent_notifications_waiting", "gauge",
	       "Messages that are not told yet, or may change yet.",
	       agent->notify != NULL ? notify_waiting(agent->notify) : 0);
}

static void write_log(GString *out, const struct agent *agent)
{
	struct checkpoint cp;

	store_checkpoint(agent->store, &cp);
	single(out, "assent_log_writable", "gauge",
	       "0 when the log cannot be written; nothing is applied then.", agent->dead == NULL);
	single(out, "assent_log_entries", "gauge", "Entries of the log.", (int64_t)cp.size);
	single(out, "assent_log_bytes", "gauge", "Size of all entries together.", agent->log_bytes);
	single(out, "assent_stopped", "gauge", "1 while a person has stopped everything.",
	       halt_is_stopped(agent));
}

void metrics_write(GString *out, const struct agent *agent)
{
	family(out, "assent_info", "gauge", "Always 1; what this agent is.");
	g_string_append(out, "assent_info");
	label(out, "{", "agent", agent->conf->agent);
	label(out, ",", "version", PACKAGE_VERSION);
	number(out, 1);
	write_states(out, agent);
	write_numbers(out, agent);
	write_plans(out, agent);
	write_votes(out, agent);
	write_jobs(out, agent);
	write_notices(out, agent);
	write_log(out, agent);
	single(out, "assent_leader", "gauge",
	       "1 while this agent acts, 0 while another leads or nobody knows who does.",
	       leader_acts(agent));
	metrics_write_process(out);
}
