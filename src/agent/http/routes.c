/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The routes of the API and what they answer. */
#include "agent/http/routes.h"

#include <inttypes.h>
#include <string.h>

#include "agent/decide.h"
#include "agent/evidence.h"
#include "agent/explain.h"
#include "agent/http/answers.h"
#include "agent/http/approvals.h"
#include "agent/http/desktop.h"
#include "agent/http/guest.h"
#include "agent/http/health.h"
#include "agent/http/peer.h"
#include "agent/http/rollback.h"
#include "agent/http/server.h"
#include "agent/http/steer.h"
#include "agent/http/suspend.h"
#include "agent/http/try.h"
#include "agent/leader.h"
#include "agent/view.h"
#include "base/autoptr.h"
#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "base/objects.h"
#include "core/text.h"

#define ENTRIES_MAX 1000

static void fail_with(struct call *call, const GError *error)
{
	call_fail(call, MHD_HTTP_INTERNAL_SERVER_ERROR, "failed", error->message,
		  "see the agent's log");
}

static struct agent_unit *find_unit(struct call *call)
{
	struct agent_unit *unit = agent_unit(call->agent, call->args[0]);

	if (unit == NULL) {
		g_autofree char *text = g_strdup_printf("there is no stack '%s'", call->args[0]);

		call_fail(call, MHD_HTTP_NOT_FOUND, "unknown-stack", text, "see 'assent status'");
	}
	return unit;
}

static struct fold_plan *find_plan(struct call *call)
{
	bool ambiguous = false;
	struct fold_plan *plan = fold_find_plan(call->agent->fold, call->args[0], &ambiguous);
	g_autofree char *text = NULL;

	if (plan != NULL && !ambiguous) {
		return plan;
	}
	text = g_strdup_printf(ambiguous ? "several plans begin with '%s'"
					 : "there is no plan '%s'",
			       call->args[0]);
	call_fail(call, ambiguous ? MHD_HTTP_CONFLICT : MHD_HTTP_NOT_FOUND,
		  ambiguous ? "ambiguous" : "unknown-plan", text,
		  ambiguous ? "give more digits" : "see 'assent plans'; at least 7 digits");
	return NULL;
}

static void get_info(struct call *call)
{
	struct json_writer *w = call_json();
	g_autoptr(GError) error = NULL;

	if (!view_info_members(w, call->agent, &error)) {
		json_writer_free(w);
		fail_with(call, error);
		return;
	}
	call_send(call, MHD_HTTP_OK, w);
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void get_status(struct call *call)
{
	struct json_writer *w = call_json();
	unsigned count = 0;
	g_autofree char **names =
		(char **)g_hash_table_get_keys_as_array(call->agent->units, &count);

	qsort(names, count, sizeof(*names), compare_names);
	json_w_array(w, "stacks");
	for (unsigned i = 0; i < count; i++) {
		view_stack(w, NULL, agent_unit(call->agent, names[i]));
	}
	json_w_end(w);
	call_send(call, MHD_HTTP_OK, w);
}

static void send_unit(struct call *call, const struct agent_unit *unit)
{
	struct json_writer *w = call_json();

	view_stack_members(w, unit);
	call_send(call, MHD_HTTP_OK, w);
}

static void get_stack(struct call *call)
{
	struct agent_unit *unit = find_unit(call);

	if (unit != NULL) {
		send_unit(call, unit);
	}
}

void routes_rested(struct call *call)
{
	const struct agent_unit *unit = find_unit(call); // a reload may have removed it

	if (unit != NULL) {
		send_unit(call, unit);
	}
}

struct agent_unit *routes_begin(struct call *call, gint64 *seconds)
{
	struct agent_unit *unit = find_unit(call);
	const char *wait = call_query(call, "wait");

	*seconds = 0;
	if (unit == NULL) {
		return NULL;
	}
	if (wait != NULL && !g_ascii_string_to_signed(wait, 10, 0, HTTP_WAIT_MAX, seconds, NULL)) {
		call_fail(call, MHD_HTTP_BAD_REQUEST, "malformed", "'wait' is no number of seconds",
			  "0 to 3600");
		return NULL;
	}
	if (call->agent->dead != NULL) {
		call_fail(call, MHD_HTTP_SERVICE_UNAVAILABLE, "dead", call->agent->dead,
			  "mend this, then start assentd again");
		return NULL;
	}
	if (leader_waits(call->agent)) {
		call_fail(call, MHD_HTTP_SERVICE_UNAVAILABLE, "follows", leader_reason(call->agent),
			  "ask the agent that leads");
		return NULL;
	}
	return unit;
}

void routes_finish(struct call *call, struct agent_unit *unit, enum stack_event event,
		   gint64 seconds)
{
	agent_send(unit, event, NULL);
	if (seconds == 0 || stack_rests(&unit->step, &unit->record->facts, agent_now())) {
		send_unit(call, unit);
	} else {
		call_wait(call, seconds);
	}
}

static void send_event(struct call *call, enum stack_event event)
{
	gint64 seconds;
	struct agent_unit *unit = routes_begin(call, &seconds);

	if (unit != NULL) {
		routes_finish(call, unit, event, seconds);
	}
}

static void post_sync(struct call *call)
{
	send_event(call, STACK_SYNC);
}

static void post_plan(struct call *call)
{
	send_event(call, STACK_PLAN);
}

static void post_replan(struct call *call)
{
	send_event(call, STACK_REPLAN);
}

/* Only what blocks can be accepted, and only by its whole name. */
static bool check_follow(struct call *call, const struct agent_unit *unit, const char *commit,
			 const char *reason)
{
	const struct stack_facts *facts = &unit->record->facts;
	g_autofree char *text = NULL;

	if (facts->block != STACK_BLOCK_REWOUND || facts->base[0] == '\0') {
		call_fail(call, MHD_HTTP_CONFLICT, "not-rewritten",
			  "no rewritten history blocks this stack", "see 'assent status'");
	} else if (strcmp(facts->block_commit, commit) != 0) {
		text = g_strdup_printf("commit %s is not the tip of the branch, which is %s",
				       commit, facts->block_commit);
		call_fail(call, MHD_HTTP_CONFLICT, "not-the-tip", text,
			  "look at that one; it takes its whole id");
	} else if (strspn(reason, " ") == strlen(reason) ||
		   !text_is_plain(reason, strlen(reason))) {
		call_fail(call, MHD_HTTP_BAD_REQUEST, "reason-missing",
			  "a rewritten history is accepted for a reason, in one line",
			  "say why, with --reason");
	} else {
		return true;
	}
	return false;
}

static void follow(struct call *call, struct agent_unit *unit, const char *commit,
		   const char *reason, gint64 seconds)
{
	g_autofree char *person = peer_name(call);
	struct record record = {.type = ENTRY_REWRITTEN};
	g_autoptr(GError) error = NULL;

	if (person == NULL) {
		call_fail(call, MHD_HTTP_FORBIDDEN, "unknown-person",
			  "the kernel does not say who asks", NULL);
		return;
	}
	if (!check_follow(call, unit, commit, reason)) {
		return;
	}
	record.u.rewritten.base = unit->record->facts.base;
	record.u.rewritten.commit = commit;
	record.u.rewritten.person = person;
	record.u.rewritten.reason = reason;
	if (!agent_append(call->agent, unit->conf->name, &record, &error)) {
		fail_with(call, error);
		return;
	}
	log_event(EV_REWRITTEN, unit->conf->name, NULL,
		  "%s accepts commit %s, which does not descend from %s: %s", person, commit,
		  unit->record->facts.base, reason);
	routes_finish(call, unit, STACK_FOLLOW, seconds);
}

static void post_follow(struct call *call)
{
	g_autoptr(json_doc_auto) doc = NULL;
	const char *commit, *reason;
	struct agent_unit *unit;
	struct assent_error err;
	struct json_obj o;
	gint64 seconds;

	if (!call_body(call, &doc, &o)) {
		return;
	}
	commit = json_str(&o, "commit", STACK_ID_SIZE - 1);
	reason = json_str(&o, "reason", STATEMENT_REASON_MAX);
	json_obj_end(&o);
	if (json_doc_status(doc, &err) != 0) {
		call_fail(call, MHD_HTTP_BAD_REQUEST, "malformed", err.text, "see doc/api.yaml");
		return;
	}
	unit = routes_begin(call, &seconds);
	if (unit != NULL) {
		follow(call, unit, commit, reason, seconds);
	}
}

/* Of the configuration, or of the log: plans outlive the stack that they were made for. */
static bool is_stack(struct call *call, const char *name)
{
	const GPtrArray *plans = call->agent->fold->plans;
	bool found = agent_unit(call->agent, name) != NULL;

	for (unsigned i = 0; !found && i < plans->len; i++) {
		found = strcmp(((const struct fold_plan *)plans->pdata[i])->stack, name) == 0;
	}
	return found;
}

/* An empty list must not be the answer to a typing error. */
static bool check_filter(struct call *call, const char *stack, const char *state)
{
	g_autofree char *text = NULL, *states = NULL;

	if (stack != NULL && !is_stack(call, stack)) {
		text = g_strdup_printf("there is no stack '%s'", stack);
		call_fail(call, MHD_HTTP_NOT_FOUND, "unknown-stack", text, "see 'assent status'");
		return false;
	}
	if (state != NULL && !g_strv_contains(stack_phase_names + 1, state)) {
		text = g_strdup_printf("no plan is ever in the state '%s'", state);
		states = g_strjoinv(", ", (char **)(stack_phase_names + 1));
		call_fail(call, MHD_HTTP_BAD_REQUEST, "unknown-state", text, states);
		return false;
	}
	return true;
}

static void get_plans(struct call *call)
{
	struct json_writer *w;
	const char *stack = call_query(call, "stack");
	const char *state = call_query(call, "state");
	const GPtrArray *plans = call->agent->fold->plans;

	if (!check_filter(call, stack, state)) {
		return;
	}
	w = call_json();
	json_w_array(w, "plans");
	for (unsigned i = plans->len; i-- > 0;) {
		const struct fold_plan *plan = g_ptr_array_index(plans, i);

		if ((stack == NULL || strcmp(stack, plan->stack) == 0) &&
		    (state == NULL || strcmp(state, stack_phase_names[plan->phase]) == 0)) {
			view_plan(w, NULL, plan);
		}
	}
	json_w_end(w);
	call_send(call, MHD_HTTP_OK, w);
}

static void get_plan(struct call *call)
{
	struct fold_plan *plan = find_plan(call);
	struct json_writer *w;

	if (plan != NULL) {
		w = call_json();
		view_plan_members(w, plan);
		call_send(call, MHD_HTTP_OK, w);
	}
}

static void get_plan_json(struct call *call)
{
	struct fold_plan *plan = find_plan(call);
	g_autoptr(GError) error = NULL;
	g_autofree char *text = NULL;
	size_t len = 0;

	if (plan == NULL) {
		return;
	}
	if (!evidence_plan_text(call->agent, plan, &text, &len, &error)) {
		fail_with(call, error);
		return;
	}
	call_reply(call, MHD_HTTP_OK, "application/json", text, len);
}

static void get_plan_signature(struct call *call)
{
	struct fold_plan *plan = find_plan(call);
	g_autoptr(GError) error = NULL;
	g_autofree char *text = NULL;

	if (plan == NULL) {
		return;
	}
	if (!evidence_plan_signature(call->agent, plan, &text, &error)) {
		fail_with(call, error);
		return;
	}
	call_reply(call, MHD_HTTP_OK, "text/plain; charset=utf-8", text, strlen(text));
}

static void send_object(struct call *call, const struct hash *digest, const char *type)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *data = NULL;
	size_t len = 0;

	if (!objects_load(store_objects(call->agent->store), digest, PLAN_MAX_SIZE, &data, &len,
			  &error)) {
		bool absent = g_error_matches(error, BASE_ERROR, BASE_ERROR_NOT_FOUND);

		call_fail(call, absent ? MHD_HTTP_NOT_FOUND : MHD_HTTP_INTERNAL_SERVER_ERROR,
			  absent ? "unknown-object" : "failed", error->message, NULL);
		return;
	}
	call_reply(call, MHD_HTTP_OK, type, data, len);
}

static void get_plan_diff(struct call *call)
{
	struct fold_plan *found = find_plan(call);
	g_autoptr(plan_auto) plan = NULL;
	g_autoptr(GError) error = NULL;

	if (found == NULL) {
		return;
	}
	if (!evidence_plan(call->agent, found, &plan, &error)) {
		fail_with(call, error);
		return;
	}
	send_object(call, &plan->diff, "text/plain");
}

/* What became of its changes, of its last apply. */
static void get_plan_steps(struct call *call)
{
	const struct fold_plan *plan = find_plan(call);

	if (plan == NULL) {
		return;
	}
	if (plan->has_steps) {
		send_object(call, &plan->steps, "application/json");
	} else {
		call_fail(call, MHD_HTTP_NOT_FOUND, "no-steps",
			  "nothing is told of the steps of this plan", NULL);
	}
}

/* What differs, as it stands in the log. */
static void get_drift(struct call *call)
{
	const struct agent_unit *unit = find_unit(call);

	if (unit == NULL) {
		return;
	}
	if (unit->record->facts.has_drift_details) {
		send_object(call, &unit->record->facts.drift_details, "application/json");
	} else {
		call_fail(call, MHD_HTTP_NOT_FOUND, "no-drift", "nothing differs that is known",
			  NULL);
	}
}

static void get_policy(struct call *call)
{
	struct fold_plan *plan = find_plan(call);
	g_autoptr(GError) error = NULL;
	struct agent_unit *unit;
	struct json_writer *w;

	if (plan == NULL) {
		return;
	}
	unit = agent_unit(call->agent, plan->stack);
	if (unit == NULL) {
		call_fail(call, MHD_HTTP_NOT_FOUND, "unknown-stack",
			  "the configuration names the plan's stack no more", NULL);
		return;
	}
	w = call_json();
	if (!explain_members(w, unit, plan, &error)) {
		json_writer_free(w);
		fail_with(call, error);
		return;
	}
	call_send(call, MHD_HTTP_OK, w);
}

static void get_statement(struct call *call)
{
	struct fold_plan *found = find_plan(call);
	const char *approver = call_query(call, "approver");
	const char *decision = call_query(call, "decision");
	const char *reason = call_query(call, "reason");
	g_autoptr(plan_auto) plan = NULL;
	g_autoptr(GError) error = NULL;
	g_autofree char *text = NULL;

	if (found == NULL) {
		return;
	}
	if (approver == NULL || decision == NULL) {
		call_fail(call, MHD_HTTP_BAD_REQUEST, "malformed",
			  "'approver' or 'decision' is missing", "see doc/api.yaml");
		return;
	}
	if (!evidence_plan(call->agent, found, &plan, &error) ||
	    !decide_statement(plan, approver, decision, reason != NULL ? reason : "", &text,
			      &error)) {
		call_fail(call, MHD_HTTP_BAD_REQUEST, "malformed", error->message, NULL);
		return;
	}
	call_reply(call, MHD_HTTP_OK, "text/plain; charset=utf-8", text, strlen(text));
}

/* What a refusal is in HTTP, and what to do about it. */
static const struct {
	unsigned status;
	const char *hint;
} refusals[] = {
	[DECIDE_ERROR_UNKNOWN_PLAN] = {MHD_HTTP_NOT_FOUND, "see 'assent plans'; at least 7 digits"},
	[DECIDE_ERROR_AMBIGUOUS] = {MHD_HTTP_CONFLICT, "give more digits"},
	[DECIDE_ERROR_SUPERSEDED] = {MHD_HTTP_CONFLICT,
				     "review the plan that came after it: 'assent status'"},
	[DECIDE_ERROR_EXPIRED] = {MHD_HTTP_GONE, "'assent replan' asks again"},
	[DECIDE_ERROR_CLOSED] = {MHD_HTTP_CONFLICT, "see 'assent status'"},
	[DECIDE_ERROR_UNKNOWN_PERSON] = {MHD_HTTP_FORBIDDEN,
					 "the approver list of the agent must name them"},
	[DECIDE_ERROR_NOT_ALLOWED] = {MHD_HTTP_FORBIDDEN,
				      "'assent policy test' tells who may decide about it"},
	[DECIDE_ERROR_CHANNEL] = {MHD_HTTP_FORBIDDEN,
				  "sign it with 'assent approve' or 'assent reject'"},
	[DECIDE_ERROR_AUTHOR] = {MHD_HTTP_FORBIDDEN, "ask somebody who did not write it"},
	[DECIDE_ERROR_DUPLICATE] = {MHD_HTTP_CONFLICT, "'assent show' lists the votes"},
	[DECIDE_ERROR_BAD_SIGNATURE] = {MHD_HTTP_FORBIDDEN,
					"sign exactly what 'assent approve PLAN --print' prints"},
	[DECIDE_ERROR_REASON_MISSING] = {MHD_HTTP_BAD_REQUEST, "say why, with --reason"},
	[DECIDE_ERROR_MALFORMED] = {MHD_HTTP_BAD_REQUEST, "see doc/api.yaml"},
	[DECIDE_ERROR_UNWRITTEN] = {MHD_HTTP_SERVICE_UNAVAILABLE, "see the agent's log"},
};

void routes_refuse(struct call *call, const GError *error)
{
	if (error->domain != DECIDE_ERROR) {
		fail_with(call, error);
		return;
	}
	call_fail(call, refusals[error->code].status, decide_error_names[error->code],
		  error->message, refusals[error->code].hint);
}

void routes_accept(struct call *call, const struct fold_plan *plan)
{
	struct json_writer *w = call_json();

	json_w_bool(w, "accepted", true);
	json_w_str(w, "state", stack_phase_names[plan->phase]);
	json_w_int(w, "votes", (int64_t)fold_approvals(plan));
	json_w_int(w, "required", plan->required);
	call_send(call, MHD_HTTP_OK, w);
}

void routes_decided(struct call *call, const struct fold_plan *plan)
{
	struct agent_unit *unit = agent_unit(call->agent, plan->stack);

	if (unit != NULL) {
		unit->recheck = true;
		agent_send(unit, STACK_LOOK, NULL);
	}
	routes_accept(call, plan);
}

static void post_decision(struct call *call)
{
	g_autoptr(json_doc_auto) doc = NULL;
	g_autoptr(GError) error = NULL;
	struct decide_request request = {.plan = call->args[0]};
	struct decide_world world;
	struct assent_error err;
	struct fold_plan *plan = NULL;
	struct json_obj o;

	if (!call_body(call, &doc, &o)) {
		return;
	}
	request.channel = json_str(&o, "channel", 32);
	request.decision = json_str(&o, "decision", 16);
	request.reason = json_str_opt(&o, "reason", STATEMENT_REASON_MAX);
	if (strcmp(request.channel, channel_names[CHANNEL_DESKTOP]) == 0) {
		desktop_decide(call, doc, &o, &request);
		return;
	}
	request.person = json_str(&o, "person", 255);
	request.signature = json_str(&o, "signature", SSHSIG_MAX_ARMOR);
	json_obj_end(&o);
	if (json_doc_status(doc, &err) != 0) {
		call_fail(call, MHD_HTTP_BAD_REQUEST, "malformed", err.text, "see doc/api.yaml");
		return;
	}
	if (strcmp(request.channel, "signature") != 0) {
		call_fail(call, MHD_HTTP_FORBIDDEN, decide_error_names[DECIDE_ERROR_CHANNEL],
			  "decisions come here by the channels 'signature' and 'desktop' only",
			  "the other channels have their own ways in");
		return;
	}
	if (request.reason == NULL) {
		request.reason = "";
	}
	evidence_world(call->agent, &world);
	if (!decide(&world, &request, &plan, &error)) {
		log_about_person(EV_REFUSED, NULL, request.plan, request.person,
				 "a decision of '%s': %s", request.person, error->message);
		routes_refuse(call, error);
		return;
	}
	routes_decided(call, plan);
}

static bool get_number(struct call *call, const char *name, guint64 max, guint64 dflt, guint64 *out)
{
	const char *text = call_query(call, name);

	*out = dflt;
	if (text == NULL || g_ascii_string_to_unsigned(text, 10, 0, max, out, NULL)) {
		return true;
	}
	call_fail(call, MHD_HTTP_BAD_REQUEST, "malformed", "'from' or 'count' is out of range",
		  "count is at most 1000");
	return false;
}

static void get_log(struct call *call)
{
	g_autoptr(GString) text = g_string_new("{\"schema_version\":1,\"entries\":[");
	guint64 from, count;

	if (!get_number(call, "from", G_MAXINT64, 0, &from) ||
	    !get_number(call, "count", ENTRIES_MAX, ENTRIES_MAX, &count)) {
		return;
	}
	for (guint64 i = from; i < store_size(call->agent->store) && i - from < count; i++) {
		g_autoptr(GError) error = NULL;
		g_autofree char *raw = NULL;
		size_t len = 0;

		if (!store_read(call->agent->store, i, &raw, &len, &error)) {
			fail_with(call, error);
			return;
		}
		g_string_append_printf(text, "%s", i > from ? "," : "");
		g_string_append_len(text, raw, (gssize)len);
	}
	g_string_append_printf(text, "],\"size\":%" PRIu64 "}",
			       (guint64)store_size(call->agent->store));
	call_reply(call, MHD_HTTP_OK, "application/json", text->str, text->len);
}

static void get_entry(struct call *call)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *raw = NULL;
	size_t len = 0;
	guint64 seq = 0;

	if (!g_ascii_string_to_unsigned(call->args[0], 10, 0, G_MAXINT64, &seq, NULL)) {
		call_fail(call, MHD_HTTP_BAD_REQUEST, "malformed",
			  "the entry's number is no number", NULL);
		return;
	}
	if (!store_read(call->agent->store, seq, &raw, &len, &error)) {
		bool absent = g_error_matches(error, BASE_ERROR, BASE_ERROR_NOT_FOUND);

		call_fail(call, absent ? MHD_HTTP_NOT_FOUND : MHD_HTTP_INTERNAL_SERVER_ERROR,
			  absent ? "unknown-entry" : "failed", error->message, NULL);
		return;
	}
	call_reply(call, MHD_HTTP_OK, "application/json", raw, len);
}

static void get_checkpoint(struct call *call)
{
	g_autofree char *path =
		g_build_filename(store_dir(call->agent->store), "log", "checkpoint", NULL);
	g_autoptr(GError) error = NULL;
	g_autofree char *text = NULL;
	size_t len = 0;

	if (!file_read(path, NOTE_MAX_SIZE, &text, &len, &error)) {
		fail_with(call, error);
		return;
	}
	call_reply(call, MHD_HTTP_OK, "text/plain; charset=utf-8", text, len);
}

static void get_object(struct call *call)
{
	struct hash digest;

	if (!hash_parse(&digest, call->args[0])) {
		call_fail(call, MHD_HTTP_BAD_REQUEST, "malformed", "not a digest (sha256:...)",
			  NULL);
		return;
	}
	send_object(call, &digest, "application/octet-stream");
}

const struct route routes[] = {
	{"GET", "/v1/info", get_info},
	{"GET", "/v1/status", get_status},
	{"GET", "/v1/stacks/*", get_stack},
	{"GET", "/v1/stacks/*/why", answers_why},
	{"GET", "/v1/stacks/*/diff", answers_diff},
	{"POST", "/v1/stacks/*/diff", answers_diff_start},
	{"GET", "/v1/stacks/*/adopt", answers_adopt},
	{"POST", "/v1/stacks/*/adopt", answers_adopt_start},
	{"GET", "/v1/stacks/*/drift", get_drift},
	{"POST", "/v1/stacks/*/sync", post_sync},
	{"POST", "/v1/stacks/*/plan", post_plan},
	{"POST", "/v1/stacks/*/replan", post_replan},
	{"POST", "/v1/stacks/*/follow", post_follow},
	{"POST", "/v1/stacks/*/apply", steer_post},
	{"POST", "/v1/stacks/*/suspend", suspend_post},
	{"POST", "/v1/stacks/*/resume", suspend_post_resume},
	{"POST", "/v1/stop", suspend_post_stop},
	{"POST", "/v1/resume", suspend_post_go},
	{"POST", "/v1/stacks/*/rollback", rollback_post},
	{"POST", "/v1/stacks/*/unpin", rollback_post_unpin},
	{"POST", "/v1/stacks/*/try", try_post},
	{"GET", "/v1/plans", get_plans},
	{"GET", "/v1/plans/*", get_plan},
	{"GET", "/v1/plans/*/plan.json", get_plan_json},
	{"GET", "/v1/plans/*/plan.json.sig", get_plan_signature},
	{"GET", "/v1/plans/*/diff", get_plan_diff},
	{"GET", "/v1/plans/*/steps", get_plan_steps},
	{"GET", "/v1/plans/*/policy", get_policy},
	{"GET", "/v1/plans/*/statement", get_statement},
	{"POST", "/v1/plans/*/decisions", post_decision},
	{"GET", "/v1/desktop", desktop_get},
	{"POST", "/v1/review", guest_post_review},
	{"GET", "/v1/tokens", approvals_list},
	{"POST", "/v1/tokens", approvals_issue},
	{"POST", "/v1/tokens/*/revoke", approvals_revoke},
	{"GET", "/v1/log", get_log},
	{"GET", "/v1/log/entries/*", get_entry},
	{"GET", "/v1/checkpoint", get_checkpoint},
	{"GET", "/v1/objects/*", get_object},
	{"GET", "/v1/events", call_stream},
	{"GET", "/healthz", health_get},
	{"GET", "/readyz", health_get_ready},
	{"GET", "/metrics", health_get_metrics},
	{NULL},
};

void routes_handle(struct call *call)
{
	bool is_head = strcmp(call->method, "HEAD") == 0;
	bool known;
	const struct route *route =
		route_find(routes, call, is_head ? "GET" : call->method, &known);
	g_autofree char *methods = NULL;

	if (route != NULL) {
		route->handle(call);
	} else if (known) {
		methods = route_methods(routes, call);
		call_add_header(call, MHD_HTTP_HEADER_ALLOW, methods);
		call_fail(call, MHD_HTTP_METHOD_NOT_ALLOWED, "method",
			  "this path has another method", "see doc/api.yaml");
	} else {
		call_fail(call, MHD_HTTP_NOT_FOUND, "unknown-path", "there is no such path",
			  "see doc/api.yaml");
	}
}
