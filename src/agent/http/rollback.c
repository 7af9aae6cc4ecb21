/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Goes back to an earlier state, by a person's word. */
#include "agent/http/rollback.h"

#include <string.h>

#include "agent/agent.h"
#include "agent/fold-steer.h"
#include "agent/http/peer.h"
#include "agent/http/routes.h"
#include "agent/rollback.h"
#include "base/autoptr.h"
#include "base/log.h"
#include "core/statement.h"
#include "core/text.h"

static const struct {
	unsigned status;
	const char *code, *text, *hint;
} refusals[] = {
	[ROLLBACK_MAY] = {MHD_HTTP_OK, "", "", NULL},
	[ROLLBACK_BUSY] = {MHD_HTTP_CONFLICT, "busy", "an apply of this stack is under way",
			   "wait for its end: 'assent watch'"},
	[ROLLBACK_TRIAL] = {MHD_HTTP_CONFLICT, "trial", "a branch is tried on this stack",
			    "'assent try STACK --end' goes back to what held before"},
	[ROLLBACK_NEVER] = {MHD_HTTP_CONFLICT, "never-applied",
			    "nothing was ever applied to this stack", "see 'assent status'"},
	[ROLLBACK_NO_OTHER] = {MHD_HTTP_CONFLICT, "no-other",
			       "no other state was applied that was not rolled back itself",
			       "'assent plans' lists them; name one with --to"},
	[ROLLBACK_UNKNOWN] = {MHD_HTTP_NOT_FOUND, "not-applied",
			      "no such commit or plan was applied to this stack",
			      "'assent plans' lists them; 7 digits of its name are enough"},
	[ROLLBACK_AMBIGUOUS] = {MHD_HTTP_CONFLICT, "ambiguous", "several names begin like this",
				"write more of it"},
	[ROLLBACK_WAS_TRIAL] = {MHD_HTTP_CONFLICT, "trial", "that was approved for a trial only",
				"'assent try' tries it again"},
	[ROLLBACK_WAS_BAD] = {MHD_HTTP_CONFLICT, "rolled-back", "that was rolled back itself",
			      "'assent rollback STACK --unpin --commit COMMIT' takes that back"},
	[ROLLBACK_THERE] = {MHD_HTTP_CONFLICT, "there", "this is what is wanted already",
			    "see 'assent status'"},
};

bool rollback_who(struct call *call, const char *reason, char **person)
{
	if (reason == NULL || strspn(reason, " ") == strlen(reason) ||
	    !text_is_plain(reason, strlen(reason))) {
		call_fail(call, MHD_HTTP_BAD_REQUEST, "reason-missing",
			  "it needs a reason, one line of text", "say why, with --reason");
		return false;
	}
	*person = peer_name(call);
	if (*person == NULL) {
		call_fail(call, MHD_HTTP_FORBIDDEN, "unknown-person",
			  "the kernel does not say who asks", NULL);
	}
	return *person != NULL;
}

void rollback_outdate(struct agent_unit *unit)
{
	unit->outdated |= unit->step.job == STACK_JOB_FETCH || unit->step.job == STACK_JOB_PLAN;
}

static bool append(struct call *call, struct agent_unit *unit, const struct record *record)
{
	g_autoptr(GError) error = NULL;

	if (!agent_append(call->agent, unit->conf->name, record, &error)) {
		call_fail(call, MHD_HTTP_SERVICE_UNAVAILABLE, "unwritten", error->message,
			  "see the agent's log");
		return false;
	}
	rollback_outdate(unit);
	return true;
}

static bool write_rollback(struct call *call, struct agent_unit *unit, const struct fold_held *held,
			   const char *person, const char *reason)
{
	struct record record = {.type = ENTRY_ROLLBACK};
	struct record_rollback *out = &record.u.rollback;

	out->bad = rollback_bad(unit->record, held);
	out->commit = held->commit;
	out->tree = held->tree;
	out->has_plan = held->plan != NULL && hash_parse(&out->plan, held->plan->id);
	out->person = person;
	out->reason = reason;
	if (!append(call, unit, &record)) {
		return false;
	}
	log_event(EV_ROLLBACK, unit->conf->name, NULL, "rolled back to commit %s by %s: %s",
		  held->commit, person, reason);
	return true;
}

static void answer(struct call *call, const char *to, const char *reason)
{
	const struct fold_held *held = NULL;
	g_autofree char *person = NULL;
	enum rollback_refusal refusal;
	struct agent_unit *unit;
	gint64 seconds;

	unit = routes_begin(call, &seconds);
	if (unit == NULL || !rollback_who(call, reason, &person)) {
		return;
	}
	refusal = rollback_choose(call->agent->fold, unit->record, to, &held);
	if (unit->step.wanted != MODE_APPLY) {
		refusal = ROLLBACK_BUSY;
	}
	if (refusal != ROLLBACK_MAY) {
		call_fail(call, refusals[refusal].status, refusals[refusal].code,
			  refusals[refusal].text, refusals[refusal].hint);
	} else if (write_rollback(call, unit, held, person, reason)) {
		routes_finish(call, unit, STACK_PLAN, seconds);
	}
}

void rollback_post(struct call *call)
{
	g_autoptr(json_doc_auto) doc = NULL;
	const char *to, *reason;
	struct assent_error err;
	struct json_obj o;

	if (!call_body(call, &doc, &o)) {
		return;
	}
	to = json_str_opt(&o, "to", HASH_TEXT_SIZE - 1);
	reason = json_str_opt(&o, "reason", STATEMENT_REASON_MAX);
	json_obj_end(&o);
	if (json_doc_status(doc, &err) != 0) {
		call_fail(call, MHD_HTTP_BAD_REQUEST, "malformed", err.text, "see doc/api.yaml");
		return;
	}
	answer(call, to, reason);
}

/* The whole name of one that was rolled back; NULL: it was answered. */
static const char *find_bad(struct call *call, const struct fold_stack *stack, const char *commit)
{
	const char *found = NULL;
	GHashTableIter iter;
	const char *bad;

	if (commit == NULL && fold_is_bad(stack, stack->facts.commit)) {
		return stack->facts.commit;
	}
	g_hash_table_iter_init(&iter, stack->bad);
	while (commit != NULL && strlen(commit) >= 7 &&
	       g_hash_table_iter_next(&iter, (void **)&bad, NULL)) {
		if (g_str_has_prefix(bad, commit) && found != NULL) {
			call_fail(call, MHD_HTTP_CONFLICT, "ambiguous",
				  "several names begin like this", "write more of it");
			return NULL;
		}
		found = g_str_has_prefix(bad, commit) ? bad : found;
	}
	if (found == NULL) {
		call_fail(call, MHD_HTTP_CONFLICT, "not-rolled-back",
			  commit != NULL ? "no such commit was rolled back"
					 : "the branch's newest commit was not rolled back",
			  "see 'assent status'");
	}
	return found;
}

static void unpin(struct call *call, const char *commit, const char *reason)
{
	struct record record = {.type = ENTRY_UNPIN};
	g_autofree char *person = NULL;
	g_autofree char *whole = NULL;
	struct agent_unit *unit;
	gint64 seconds;

	unit = routes_begin(call, &seconds);
	if (unit == NULL || !rollback_who(call, reason, &person)) {
		return;
	}
	if (unit->record->facts.phase == STACK_PHASE_APPLYING) {
		call_fail(call, refusals[ROLLBACK_BUSY].status, refusals[ROLLBACK_BUSY].code,
			  refusals[ROLLBACK_BUSY].text, refusals[ROLLBACK_BUSY].hint);
		return;
	}
	whole = g_strdup(find_bad(call, unit->record, commit)); // the fold frees it
	if (whole == NULL) {
		return;
	}
	record.u.unpin.commit = whole;
	record.u.unpin.person = person;
	record.u.unpin.reason = reason;
	if (append(call, unit, &record)) {
		log_event(EV_ROLLBACK, unit->conf->name, NULL,
			  "commit %s may be applied again, by %s: %s", whole, person, reason);
		routes_finish(call, unit, STACK_SYNC, seconds);
	}
}

void rollback_post_unpin(struct call *call)
{
	g_autoptr(json_doc_auto) doc = NULL;
	const char *commit, *reason;
	struct assent_error err;
	struct json_obj o;

	if (!call_body(call, &doc, &o)) {
		return;
	}
	commit = json_str_opt(&o, "commit", STACK_ID_SIZE - 1);
	reason = json_str_opt(&o, "reason", STATEMENT_REASON_MAX);
	json_obj_end(&o);
	if (json_doc_status(doc, &err) != 0) {
		call_fail(call, MHD_HTTP_BAD_REQUEST, "malformed", err.text, "see doc/api.yaml");
		return;
	}
	unpin(call, commit, reason);
}
