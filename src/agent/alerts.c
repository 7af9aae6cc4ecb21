/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Alerts of a stack: from the pure step into the log. */
#include "agent/alerts.h"

#include "agent/agent.h"
#include "base/log.h"

#define MAX_NEWS 32 /* entries at once; more is an error of ours */

static bool append(struct agent_unit *unit, const struct alert_news *news)
{
	struct record record = {.type = ENTRY_ALERT};
	g_autoptr(GError) error = NULL;

	record.u.alert = (struct record_alert){.condition = news->condition,
					       .state = news->state,
					       .since = news->since,
					       .count = news->count,
					       .reason = news->reason};
	log_event(news->state == ALERT_RESOLVED ? EV_ALERT_OVER : EV_ALERT, unit->conf->name, NULL,
		  "%s %s: %s", record_condition_names[news->condition],
		  record_alert_state_names[news->state], news->reason);
	return agent_append(unit->agent, unit->conf->name, &record, &error);
}

int64_t alerts_look(struct agent_unit *unit)
{
	const struct agent *agent = unit->agent;
	const struct conf_stack *conf = unit->conf;
	struct alert_look look = {
		.log = &unit->record->told.alerts,
		.facts = &unit->record->facts,
		.stack = &unit->step,
		.suspended = unit->record->facts.suspended[0] != '\0' ||
			     agent->fold->stopped.person != NULL,
		.after = conf->alert_after,
		.remind = conf->alert_remind,
		.end = conf->suspend.remind,
		.now = agent_now(),
		.clock = g_get_monotonic_time() / G_USEC_PER_SEC,
	};
	struct alert_news news;

	if (agent->dead != NULL || agent->stopping) {
		return 0;
	}
	for (unsigned i = 0; alert_step(&unit->alerts, &look, &news); i++) {
		g_assert(i < MAX_NEWS);
		if (!append(unit, &news)) {
			return 0;
		}
	}
	return alert_wait(&unit->alerts);
}
