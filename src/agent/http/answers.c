/* SPDX-License-Identifier: GPL-3.0-or-later */
/* GET why, POST and GET diff of a stack. */
#include "agent/http/answers.h"

#include "agent/differ.h"
#include "agent/http/routes.h"
#include "agent/why.h"

static struct agent_unit *find_unit(struct call *call)
{
	struct agent_unit *unit = agent_unit(call->agent, call->args[0]);

	if (unit == NULL) {
		g_autofree char *text = g_strdup_printf("there is no stack '%s'", call->args[0]);

		call_fail(call, MHD_HTTP_NOT_FOUND, "unknown-stack", text, "see 'assent status'");
	}
	return unit;
}

void answers_why(struct call *call)
{
	const struct agent_unit *unit = find_unit(call);
	struct json_writer *w;

	if (unit != NULL) {
		w = call_json();
		why_members(w, unit);
		call_send(call, MHD_HTTP_OK, w);
	}
}

static void send_diff(struct call *call, const struct agent_unit *unit, bool adopts)
{
	struct json_writer *w = call_json();

	if (!differ_write(w, unit, adopts)) {
		json_writer_free(w);
		call_fail(call, MHD_HTTP_NOT_FOUND, "no-diff", "nothing was compared just now",
			  "POST asks for it");
		return;
	}
	call_send(call, MHD_HTTP_OK, w);
}

static void answer(struct call *call, bool adopts)
{
	const struct agent_unit *unit = find_unit(call);

	if (unit != NULL) {
		send_diff(call, unit, adopts);
	}
}

void answers_diff(struct call *call)
{
	answer(call, false);
}

void answers_adopt(struct call *call)
{
	answer(call, true);
}

static void start(struct call *call, bool adopts)
{
	struct agent_unit *unit = find_unit(call);
	g_autoptr(GError) error = NULL;

	if (unit == NULL) {
		return;
	}
	if (stack_target(&unit->record->facts)[0] == '\0') {
		call_fail(call, MHD_HTTP_CONFLICT, "no-commit", "no commit has been seen yet",
			  "'assent sync' fetches");
	} else if (unit->step.job == STACK_JOB_APPLY || unit->step.job == STACK_JOB_RECOVER) {
		call_fail(call, MHD_HTTP_CONFLICT, "busy", "an apply of this stack is under way",
			  "wait for its end: 'assent watch'");
	} else if (call->agent->stopping || !differ_start(unit, adopts, &error)) {
		call_fail(call, MHD_HTTP_SERVICE_UNAVAILABLE, "failed",
			  error != NULL ? error->message : "the agent stops", NULL);
	} else {
		send_diff(call, unit, adopts);
	}
}

void answers_diff_start(struct call *call)
{
	start(call, false);
}

void answers_adopt_start(struct call *call)
{
	start(call, true);
}
