/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tries another branch for some time, by a person's word. */
#include "agent/http/try.h"

#include <string.h>

#include "agent/agent.h"
#include "agent/fold-steer.h"
#include "agent/http/rollback.h"
#include "agent/http/routes.h"
#include "agent/request.h"
#include "base/autoptr.h"
#include "base/log.h"
#include "core/statement.h"
#include "core/text.h"

#define SECONDS_MIN 1
#define SECONDS_MAX ((int64_t)30 * 86400)
#define BRANCH_MAX (STACK_REF_SIZE - 1 - (int)sizeof("refs/heads/") + 1)

struct wish {
	const char *branch, *reason;
	int64_t seconds;
	bool end;
};

static bool refuse(struct call *call, unsigned status, const char *code, const char *text,
		   const char *hint)
{
	call_fail(call, status, code, text, hint);
	return false;
}

static bool conflict(struct call *call, const char *code, const char *text, const char *hint)
{
	return refuse(call, MHD_HTTP_CONFLICT, code, text, hint);
}

/* As far as it would be misunderstood; whether there is such a branch, the fetch tells. */
static bool is_branch(const char *name)
{
	return name[0] != '\0' && name[0] != '-' && name[0] != '/' &&
	       strlen(name) <= (size_t)BRANCH_MAX && text_is_plain(name, strlen(name)) &&
	       strpbrk(name, " ~^:?*[\\") == NULL && strstr(name, "..") == NULL &&
	       strstr(name, "//") == NULL && !g_str_has_suffix(name, "/") &&
	       !g_str_has_prefix(name, "refs/");
}

static bool check_wish(struct call *call, const struct wish *wish)
{
	if (wish->end) {
		return (wish->branch == NULL && wish->seconds == 0) ||
		       refuse(call, MHD_HTTP_BAD_REQUEST, "malformed",
			      "'end' goes with 'reason' only", "see doc/api.yaml");
	}
	if (wish->branch == NULL || !is_branch(wish->branch)) {
		return refuse(call, MHD_HTTP_BAD_REQUEST, "malformed",
			      "it needs the short name of a branch", "as 'topic', without refs/");
	}
	return (wish->seconds >= SECONDS_MIN && wish->seconds <= SECONDS_MAX) ||
	       refuse(call, MHD_HTTP_BAD_REQUEST, "until-missing",
		      "a trial has an end, within 30 days", "say how long, with --for");
}

static bool is_under_way(const struct agent_unit *unit)
{
	return unit->record->facts.phase == STACK_PHASE_APPLYING || unit->step.wanted != MODE_APPLY;
}

/* A trial begins from something that holds, so that it has something to return to. */
static bool may_begin(struct call *call, const struct agent_unit *unit, const struct wish *wish)
{
	const struct stack_facts *facts = &unit->record->facts;

	if (is_under_way(unit)) {
		return conflict(call, "busy", "an apply of this stack is under way",
				"wait for its end: 'assent watch'");
	}
	if (facts->base[0] == '\0') {
		return conflict(call, "never-applied",
				"nothing was ever applied to this stack: there is nothing to "
				"return to",
				"see 'assent status'");
	}
	if (facts->try_ref[0] != '\0' || facts->returning) {
		return conflict(call, "trial",
				facts->returning ? "what held before a trial is on its way back"
						 : "a branch is tried already",
				"'assent try STACK --end' ends a trial");
	}
	if (facts->halted[0] != '\0') {
		return conflict(call, "halted", "an apply of this stack has halted half way",
				"'assent apply --resume' or '--undo' first");
	}
	if ((facts->pin[0] != '\0' && strcmp(facts->pin, facts->base) != 0) ||
	    fold_is_bad(unit->record, facts->base)) {
		return conflict(call, "rollback", "a rollback is under way", "see 'assent status'");
	}
	if (facts->suspended[0] != '\0') {
		return conflict(call, "suspended", "the stack is suspended", "see 'assent status'");
	}
	if (stack_is_blocked(facts)) {
		return conflict(call, "blocked", "the stack is blocked", "see 'assent status'");
	}
	return strcmp(wish->branch, unit->conf->source.branch) != 0 ||
	       conflict(call, "own-branch", "that is the stack's own branch",
			"'assent sync' fetches it");
}

static bool append(struct call *call, struct agent_unit *unit, const struct record *record)
{
	g_autoptr(GError) error = NULL;

	if (!agent_append(call->agent, unit->conf->name, record, &error)) {
		return refuse(call, MHD_HTTP_SERVICE_UNAVAILABLE, "unwritten", error->message,
			      "see the agent's log");
	}
	rollback_outdate(unit);
	return true;
}

static bool begin(struct call *call, struct agent_unit *unit, const struct wish *wish,
		  const char *person)
{
	g_autofree char *ref = g_strconcat("refs/heads/", wish->branch, NULL);
	struct record record = {.type = ENTRY_TRY};

	record.u.trial.person = person;
	record.u.trial.reason = wish->reason;
	record.u.trial.ref = ref;
	record.u.trial.until = agent_now() + wish->seconds;
	if (!may_begin(call, unit, wish) || !append(call, unit, &record)) {
		return false;
	}
	unit->step.turn = false;
	unit->step.try_problem[0] = '\0';
	log_event(EV_TRIAL, unit->conf->name, NULL, "'%s' is tried by %s: %s", ref, person,
		  wish->reason);
	return true;
}

static bool end(struct call *call, struct agent_unit *unit, const struct wish *wish,
		const char *person)
{
	struct record record = {.type = ENTRY_RETURN};

	record.u.end.person = person;
	record.u.end.reason = wish->reason;
	if (unit->record->facts.try_ref[0] == '\0') {
		return conflict(call, "no-trial", "nothing is tried on this stack",
				"see 'assent status'");
	}
	if (is_under_way(unit)) {
		return conflict(call, "busy", "an apply of this stack is under way",
				"wait for its end: 'assent watch'");
	}
	if (!append(call, unit, &record)) {
		return false;
	}
	unit->step.next_drift = agent_now(); // a trial that failed may have left something
	log_event(EV_TRIAL, unit->conf->name, NULL, "the trial was ended by %s: %s", person,
		  wish->reason);
	return true;
}

void try_post(struct call *call)
{
	g_autoptr(json_doc_auto) doc = NULL;
	g_autofree char *person = NULL;
	struct assent_error err;
	struct agent_unit *unit;
	struct wish wish;
	struct json_obj o;
	gint64 seconds;

	if (!call_body(call, &doc, &o)) {
		return;
	}
	wish.branch = json_str_opt(&o, "branch", STACK_REF_SIZE);
	wish.end = json_bool_opt(&o, "end", false);
	wish.reason = json_str_opt(&o, "reason", STATEMENT_REASON_MAX);
	wish.seconds = json_int_opt(&o, "seconds", 1, JSON_MAX_INT, 0);
	json_obj_end(&o);
	if (json_doc_status(doc, &err) != 0) {
		call_fail(call, MHD_HTTP_BAD_REQUEST, "malformed", err.text, "see doc/api.yaml");
		return;
	}
	unit = routes_begin(call, &seconds);
	if (unit == NULL || !check_wish(call, &wish) || !rollback_who(call, wish.reason, &person)) {
		return;
	}
	if (wish.end ? end(call, unit, &wish, person) : begin(call, unit, &wish, person)) {
		routes_finish(call, unit, wish.end ? STACK_LOOK : STACK_SYNC, seconds);
	}
}
