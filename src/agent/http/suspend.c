/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Suspends and resumes, by a person's word. */
#include "agent/http/suspend.h"

#include <inttypes.h>
#include <string.h>

#include "agent/agent.h"
#include "agent/halt.h"
#include "agent/http/peer.h"
#include "agent/http/routes.h"
#include "agent/view.h"
#include "base/autoptr.h"
#include "base/log.h"
#include "base/stopfile.h"
#include "base/text.h"
#include "core/text.h"

#define SECONDS_MAX ((int64_t)366 * 86400)
#define TIME_MAX 64
#define NO_REASON "no reason given"

struct wish {
	char *person, *reason; /* reason NULL: none was given */
	int64_t until;	       /* 0: no end was said */
	bool now;
};

static void wish_clear(struct wish *wish)
{
	g_free(wish->person);
	g_free(wish->reason);
}

typedef struct wish wish_auto;
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(wish_auto, wish_clear)

static bool malformed(struct call *call, const char *text)
{
	call_fail(call, MHD_HTTP_BAD_REQUEST, "malformed", text, "see doc/api.yaml");
	return false;
}

static bool take_until(struct call *call, struct wish *wish, const char *until, int64_t seconds)
{
	if (until != NULL && seconds != 0) {
		return malformed(call, "'until' and 'seconds' exclude each other");
	}
	if (seconds != 0) {
		wish->until = agent_now() + seconds;
	}
	if (until != NULL && !text_parse_time(until, &wish->until)) {
		return malformed(call, "'until' is no time");
	}
	if (wish->until != 0 && wish->until <= agent_now()) {
		return malformed(call, "that time is over");
	}
	return wish->until <= agent_now() + SECONDS_MAX ||
	       malformed(call, "that is more than a year");
}

static bool take_reason(struct call *call, struct wish *wish, const char *reason)
{
	if (reason == NULL || strspn(reason, " ") == strlen(reason)) {
		return true;
	}
	if (!text_is_plain(reason, strlen(reason))) {
		return malformed(call, "the reason is more than one line of text");
	}
	wish->reason = g_strdup(reason);
	return true;
}

/* ends: the request may say when it ends; all: it is about everything. */
static bool take(struct call *call, bool ends, bool all, struct wish *wish)
{
	g_autoptr(json_doc_auto) doc = NULL;
	const char *reason, *until = NULL;
	struct assent_error err;
	int64_t seconds = 0;
	struct json_obj o;

	if (!call_body(call, &doc, &o)) {
		return false;
	}
	reason = json_str_opt(&o, "reason", STATEMENT_REASON_MAX);
	if (ends) {
		until = json_str_opt(&o, "until", TIME_MAX);
		seconds = json_int_opt(&o, "seconds", 1, SECONDS_MAX, 0);
		wish->now = all && json_bool_opt(&o, "now", false);
	}
	json_obj_end(&o);
	if (json_doc_status(doc, &err) != 0) {
		return malformed(call, err.text);
	}
	if (!take_reason(call, wish, reason) || !take_until(call, wish, until, seconds)) {
		return false;
	}
	wish->person = peer_name(call);
	if (wish->person == NULL) {
		call_fail(call, MHD_HTTP_FORBIDDEN, "unknown-person",
			  "the kernel does not say who asks", NULL);
	}
	return wish->person != NULL;
}

static void fail_unwritten(struct call *call, const GError *error, const char *hint)
{
	call_fail(call, MHD_HTTP_SERVICE_UNAVAILABLE, "unwritten", error->message, hint);
}

/* What the stack's configuration asks of a suspension, and how long it may last. */
static bool check(struct call *call, const struct conf_suspend *conf, struct wish *wish)
{
	g_autofree char *longest = text_duration(conf->longest);
	g_autofree char *text = g_strdup_printf("it may be suspended for %s at most", longest);
	int64_t last = conf->longest != 0 ? agent_now() + conf->longest : 0;

	if (conf->reason && wish->reason == NULL) {
		call_fail(call, MHD_HTTP_BAD_REQUEST, "reason-missing",
			  "this stack is suspended for a reason only", "say why, with --reason");
		return false;
	}
	if (conf->until && wish->until == 0) {
		call_fail(call, MHD_HTTP_BAD_REQUEST, "until-missing",
			  "this stack is suspended for some time only",
			  "say how long, with --for or --until");
		return false;
	}
	if (last != 0 && wish->until > last) {
		call_fail(call, MHD_HTTP_BAD_REQUEST, "too-long", text,
			  "ask for less; it can be suspended again before that is over");
		return false;
	}
	wish->until = wish->until != 0 ? wish->until : last;
	return true;
}

void suspend_post(struct call *call)
{
	g_auto(wish_auto) wish = {0};
	struct record record = {.type = ENTRY_SUSPEND};
	g_autoptr(GError) error = NULL;
	struct agent_unit *unit;
	gint64 seconds;

	if (!take(call, true, false, &wish)) {
		return;
	}
	unit = routes_begin(call, &seconds);
	if (unit == NULL || !check(call, &unit->conf->suspend, &wish)) {
		return;
	}
	record.u.suspend.person = wish.person;
	record.u.suspend.reason = wish.reason != NULL ? wish.reason : NO_REASON;
	record.u.suspend.until = wish.until;
	if (!agent_append(call->agent, unit->conf->name, &record, &error)) {
		fail_unwritten(call, error, "see the agent's log");
		return;
	}
	log_event(EV_SUSPENDED, unit->conf->name, NULL, "suspended by %s: %s", wish.person,
		  record.u.suspend.reason);
	routes_finish(call, unit, STACK_LOOK, seconds);
}

void suspend_post_resume(struct call *call)
{
	g_auto(wish_auto) wish = {0};
	g_autoptr(GError) error = NULL;
	struct agent_unit *unit;
	gint64 seconds;

	if (!take(call, false, false, &wish)) {
		return;
	}
	unit = routes_begin(call, &seconds);
	if (unit == NULL) {
		return;
	}
	if (unit->record->facts.suspended[0] == '\0') {
		call_fail(call, MHD_HTTP_CONFLICT, "not-suspended", "this stack is not suspended",
			  halt_is_stopped(call->agent)
				  ? "'assent resume --all' ends a stop of everything"
				  : "see 'assent status'");
		return;
	}
	if (!halt_resume(unit, wish.person, wish.reason != NULL ? wish.reason : NO_REASON,
			 &error)) {
		fail_unwritten(call, error, "see the agent's log");
		return;
	}
	routes_finish(call, unit, STACK_LOOK, seconds);
}

/* All stacks as they stand now; those that just began to move say so. */
static void send_all(struct call *call, unsigned interrupted)
{
	struct json_writer *w = call_json();

	json_w_bool(w, "stopped", halt_is_stopped(call->agent));
	json_w_int(w, "interrupted", interrupted);
	json_w_array(w, "stacks");
	for (unsigned i = 0; i < call->agent->conf->stacks->len; i++) {
		const struct conf_stack *conf = g_ptr_array_index(call->agent->conf->stacks, i);
		struct agent_unit *unit = agent_unit(call->agent, conf->name);

		agent_send(unit, STACK_LOOK, NULL);
		view_stack(w, NULL, unit);
	}
	json_w_end(w);
	call_send(call, MHD_HTTP_OK, w);
}

void suspend_post_stop(struct call *call)
{
	g_auto(wish_auto) wish = {0};
	g_autoptr(GError) error = NULL;
	unsigned interrupted = 0;

	if (!take(call, true, true, &wish)) {
		return;
	}
	if (!halt_stop(call->agent, wish.person, wish.reason != NULL ? wish.reason : NO_REASON,
		       wish.until, &error)) {
		fail_unwritten(call, error,
			       "an agent that cannot write applies nothing; see 'assent status'");
		return;
	}
	if (wish.now) {
		interrupted = jobs_interrupt(call->agent->jobs);
	}
	send_all(call, interrupted);
}

void suspend_post_go(struct call *call)
{
	g_auto(wish_auto) wish = {0};
	g_autoptr(GError) error = NULL;

	if (!take(call, false, true, &wish)) {
		return;
	}
	if (!halt_is_stopped(call->agent)) {
		call_fail(call, MHD_HTTP_CONFLICT, "not-stopped", "nobody has stopped everything",
			  "'assent resume STACK' resumes one that is suspended");
		return;
	}
	if (!halt_go(call->agent, wish.person, wish.reason != NULL ? wish.reason : NO_REASON,
		     &error)) {
		fail_unwritten(call, error,
			       "everything stays stopped until the file '" STOPFILE
			       "' in the state folder is gone and the log says so");
		return;
	}
	send_all(call, 0);
}
