/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Resumes or undoes an apply that halted. */
#include "agent/http/steer.h"

#include <inttypes.h>

#include "agent/agent.h"
#include "agent/decide.h"
#include "agent/evidence.h"
#include "agent/halt.h"
#include "agent/http/peer.h"
#include "agent/http/routes.h"
#include "agent/renew.h"
#include "base/autoptr.h"

static const struct {
	unsigned status;
	const char *code, *text, *hint;
} refusals[] = {
	[STACK_MAY] = {MHD_HTTP_OK, "", "", NULL},
	[STACK_NOT_HALTED] = {MHD_HTTP_CONFLICT, "not-halted", "no apply of this stack has halted",
			      "see 'assent status'"},
	[STACK_BUSY] = {MHD_HTTP_CONFLICT, "busy", "an apply of this stack is under way",
			"wait for its end: 'assent watch'"},
	[STACK_NEWER] = {MHD_HTTP_CONFLICT, "superseded",
			 "a commit or a plan has come since the apply halted",
			 "the next plan goes on from here; or 'assent apply --undo'"},
	[STACK_EXPIRED] = {MHD_HTTP_GONE, "expired", "its plan has expired",
			   "'assent replan' asks again; or 'assent apply --undo'"},
	[STACK_SUSPENDED] = {MHD_HTTP_CONFLICT, "suspended", "the stack is suspended",
			     "see 'assent status'"},
	[STACK_BLOCKED] = {MHD_HTTP_CONFLICT, "blocked", "the stack is blocked",
			   "see 'assent status'"},
	[STACK_WAITS] = {MHD_HTTP_CONFLICT, "waits", "another stack goes before this one",
			 "see 'assent status'"},
	[STACK_STOPPED] = {MHD_HTTP_CONFLICT, "stopped", "everything is stopped",
			   "'assent resume --all' ends that"},
	[STACK_SHUT] = {MHD_HTTP_CONFLICT, "window", "a window keeps the stack shut now",
			"'assent policy test' tells until when"},
};

static bool refuse(struct call *call, const char *code, const char *text)
{
	call_fail(call, MHD_HTTP_CONFLICT, code, text,
		  "'assent replan' asks again; or 'assent apply --undo'");
	return false;
}

/* What was approved under other rules, or by keys that no longer count, is not gone on with. */
static bool still_holds(struct call *call, struct agent_unit *unit)
{
	g_autofree char *changed = renew_outdated(unit);
	g_autofree char *why = NULL;
	g_autoptr(GError) error = NULL;
	struct decide_world world;
	bool enough;

	if (changed != NULL) {
		return refuse(call, "superseded", changed);
	}
	evidence_world(unit->agent, &world);
	if (!decide_quorum(&world, unit->record->plan, &enough, &why, &error)) {
		return refuse(call, "not-approved", error->message);
	}
	return enough || refuse(call, "not-approved", why);
}

static bool may_steer(struct call *call, struct agent_unit *unit, enum record_mode mode)
{
	enum stack_refusal refusal;

	agent_look_at_windows(unit);
	halt_look(unit);
	refusal = stack_may_steer(&unit->step, &unit->record->facts, mode, agent_now());
	if (refusal != STACK_MAY) {
		call_fail(call, refusals[refusal].status, refusals[refusal].code,
			  refusals[refusal].text, refusals[refusal].hint);
		return false;
	}
	return mode == MODE_UNDO || still_holds(call, unit);
}

static void steer(struct call *call, enum record_mode mode)
{
	g_autofree char *person = peer_name(call);
	struct agent_unit *unit;
	gint64 seconds;

	unit = routes_begin(call, &seconds);
	if (unit == NULL) {
		return;
	}
	if (person == NULL) {
		call_fail(call, MHD_HTTP_FORBIDDEN, "unknown-person",
			  "the kernel does not say who asks", NULL);
		return;
	}
	if (!may_steer(call, unit, mode)) {
		return;
	}
	g_free(unit->steerer);
	unit->steerer = g_steal_pointer(&person);
	routes_finish(call, unit, mode == MODE_RESUME ? STACK_RESUME : STACK_UNDO, seconds);
}

void steer_post(struct call *call)
{
	g_autoptr(json_doc_auto) doc = NULL;
	struct assent_error err;
	struct json_obj o;
	int mode;

	if (!call_body(call, &doc, &o)) {
		return;
	}
	mode = json_enum(&o, "mode", record_mode_names + 1);
	json_obj_end(&o);
	if (json_doc_status(doc, &err) != 0) {
		call_fail(call, MHD_HTTP_BAD_REQUEST, "malformed", err.text, "see doc/api.yaml");
		return;
	}
	steer(call, mode == 0 ? MODE_RESUME : MODE_UNDO);
}
