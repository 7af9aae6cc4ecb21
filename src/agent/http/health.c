/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Health, readiness and numbers. */
#include "agent/http/health.h"

#include <string.h>

#include "agent/agent.h"
#include "agent/leader.h"
#include "agent/metrics.h"

static void say(struct call *call, const char *problem)
{
	g_autofree char *text = g_strconcat(problem != NULL ? problem : "ok", "\n", NULL);

	call_reply(call, problem == NULL ? MHD_HTTP_OK : MHD_HTTP_SERVICE_UNAVAILABLE,
		   "text/plain; charset=utf-8", text, strlen(text));
}

static const char *illness(const struct agent *agent)
{
	return agent->dead != NULL ? "the log cannot be written" : NULL;
}

void health_get(struct call *call)
{
	say(call, illness(call->agent));
}

/* Has its repository answered, well or not, since this process was started? */
static bool was_looked_at(const struct agent_unit *unit)
{
	return unit->step.next_fetch != 0 || unit->record->facts.phase == STACK_PHASE_APPLYING;
}

void health_get_ready(struct call *call)
{
	const struct agent_unit *unit;
	GHashTableIter iter;
	const char *problem = illness(call->agent);

	if (problem == NULL && leader_waits(call->agent)) {
		problem = "another agent leads";
	}
	if (problem == NULL && call->agent->stopping) {
		problem = "it stops";
	}
	g_hash_table_iter_init(&iter, call->agent->units);
	while (problem == NULL && g_hash_table_iter_next(&iter, NULL, (void **)&unit)) {
		problem = was_looked_at(unit) ? NULL : "not every stack was fetched yet";
	}
	say(call, problem);
}

void health_get_metrics(struct call *call)
{
	g_autoptr(GString) text = NULL;

	if (call->web && !call->agent->conf->http->metrics) {
		call_fail(call, MHD_HTTP_NOT_FOUND, "unknown-path", "there is no such path", NULL);
		return;
	}
	text = g_string_new(NULL);
	metrics_write(text, call->agent);
	call_reply(call, MHD_HTTP_OK, METRICS_TYPE, text->str, text->len);
}
