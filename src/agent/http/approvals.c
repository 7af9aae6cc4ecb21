/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Decisions by token and by button, and the tokens themselves. */
#include "agent/http/approvals.h"

#include <sodium.h>
#include <string.h>

#include "agent/decide.h"
#include "agent/evidence.h"
#include "agent/http/routes.h"
#include "agent/notify/notify.h"
#include "agent/notify/tokens.h"
#include "agent/stack-say.h"
#include "base/autoptr.h"
#include "base/error.h"
#include "base/log.h"

static bool is_ready(struct call *call)
{
	if (call->agent->notify == NULL) {
		call_fail(call, MHD_HTTP_SERVICE_UNAVAILABLE, "failed",
			  "this agent keeps no tokens", "see the agent's log");
	}
	return call->agent->notify != NULL;
}

static unsigned status_of(int code)
{
	switch ((enum notify_error)code) {
	case NOTIFY_ERROR_MALFORMED:
		return MHD_HTTP_BAD_REQUEST;
	case NOTIFY_ERROR_TOKEN_USED:
		return MHD_HTTP_CONFLICT;
	case NOTIFY_ERROR_TOKEN_REVOKED:
	case NOTIFY_ERROR_TOKEN_EXPIRED:
	case NOTIFY_ERROR_TOKEN_PLAN:
		return MHD_HTTP_GONE;
	case NOTIFY_ERROR_FORGED:
	case NOTIFY_ERROR_LATE:
	case NOTIFY_ERROR_EARLY:
	case NOTIFY_ERROR_REPLAYED:
	case NOTIFY_ERROR_FOREIGN_TEAM:
	case NOTIFY_ERROR_FOREIGN_APP:
	case NOTIFY_ERROR_FOREIGN_CHANNEL:
	case NOTIFY_ERROR_UNKNOWN_PERSON:
	case NOTIFY_ERROR_TOKEN_UNKNOWN:
	case NOTIFY_ERROR_TOKEN_PERSON:
	case NOTIFY_ERROR_TOKEN_VERDICT:
	case NOTIFY_ERROR_NOT_CONFIGURED:
		return MHD_HTTP_FORBIDDEN;
	}
	return MHD_HTTP_INTERNAL_SERVER_ERROR;
}

/* Refusals of decide() have the names and codes that they have on the socket. */
static void refuse(struct call *call, const char *plan, const GError *error)
{
	const char *code = error->domain == NOTIFY_ERROR   ? notify_error_names[error->code]
			   : error->domain == DECIDE_ERROR ? decide_error_names[error->code]
							   : "failed";

	call_note(call, "%s: %s", code, error->message);
	log_event(EV_REFUSED, NULL, plan, "%s: %s", code, error->message);
	if (error->domain == NOTIFY_ERROR) {
		call_fail(call, status_of(error->code), code, error->message, NULL);
	} else {
		routes_refuse(call, error);
	}
}

bool approvals_read(struct json_doc *doc, struct approvals_answer *out, struct assent_error *err)
{
	struct json_obj o;

	json_doc_root(doc, &o);
	out->token = json_str(&o, "token", (size_t)2 * TOKEN_TEXT_SIZE);
	out->verdict = json_str(&o, "verdict", 16);
	out->person = json_str_opt(&o, "person", 255);
	out->reason = json_str_opt(&o, "reason", STATEMENT_REASON_MAX);
	json_obj_end(&o);
	return json_doc_status(doc, err) == 0;
}

static bool read_answer(struct call *call, struct json_doc *doc, struct approvals_answer *out)
{
	struct assent_error err;

	if (!approvals_read(doc, out, &err)) {
		call_note(call, "malformed: %s", err.text);
		call_fail(call, MHD_HTTP_BAD_REQUEST, "malformed", err.text, "see doc/notify.md");
		return false;
	}
	return true;
}

static char *evidence_of(const struct call *call, const struct token *token)
{
	g_autofree char *issued = stack_time(token->issued);
	struct json_writer *w = json_writer_new(JSON_CANONICAL);
	autocfree char *text = NULL;
	size_t len = 0;

	json_w_object(w, NULL);
	json_w_str(w, "issued", issued);
	json_w_str(w, "notifier", token->slot);
	json_w_str(w, "peer", call->peer);
	json_w_str(w, "token", token->id);
	json_w_end(w);
	return json_writer_finish(w, &text, &len, NULL) == 0 ? g_strdup(text) : NULL;
}

static bool check(struct call *call, const struct approvals_answer *a, const struct token **token,
		  GError **error)
{
	const struct tokens *tokens = notify_tokens(call->agent->notify);
	bool ambiguous;

	if (!tokens_check(tokens, a->token, a->person, a->verdict, agent_now(), token, error)) {
		return false;
	}
	return fold_find_plan(call->agent->fold, (*token)->plan, &ambiguous) != NULL ||
	       fail(error, NOTIFY_ERROR, NOTIFY_ERROR_TOKEN_PLAN,
		    "token %s is for a plan that this agent does not know", (*token)->id);
}

/* Used before the decision is made, so that a crash between the two loses a token and never lets
 * one decide twice; valid again when the decision was refused. */
static bool spend(struct call *call, const struct token *token, const struct approvals_answer *a,
		  const struct fold_plan **plan, GError **error)
{
	struct tokens *tokens = notify_tokens(call->agent->notify);
	g_autofree char *evidence = evidence_of(call, token);
	g_autofree char *id = g_strdup(token->plan);
	g_autofree char *channel = g_strdup(token->channel);
	g_autofree char *person = g_strdup(token->person != NULL ? token->person : a->person);
	g_autoptr(GError) local = NULL;

	if (!tokens_spend(tokens, token, error)) {
		return false;
	}
	if (notify_decide(call->agent->notify, channel, id, person, a->verdict,
			  a->reason != NULL ? a->reason : "", evidence, plan, error)) {
		return true;
	}
	if (!tokens_restore(tokens, token, &local)) {
		log_event(EV_NOTIFY_FAILED, NULL, id, "%s", local->message);
	}
	return false;
}

void approvals_post(struct call *call)
{
	g_autoptr(json_doc_auto) doc = NULL;
	g_autoptr(GError) error = NULL;
	const struct fold_plan *plan = NULL;
	const struct token *token = NULL;
	struct approvals_answer a;
	struct json_obj o;

	if (!is_ready(call) || !call_body(call, &doc, &o) || !read_answer(call, doc, &a)) {
		return;
	}
	if (!check(call, &a, &token, &error)) {
		refuse(call, NULL, error);
		return;
	}
	if (!spend(call, token, &a, &plan, &error)) {
		refuse(call, token->plan, error);
		return;
	}
	sodium_memzero(call->body->str, call->body->len);
	routes_accept(call, plan);
}

void approvals_mattermost(struct call *call)
{
	notify_http(call->agent->notify, "mattermost", call);
}

void approvals_slack(struct call *call)
{
	notify_http(call->agent->notify, "slack", call);
}

static void view(struct call *call, struct json_writer *w, const struct token *token)
{
	g_autofree char *issued = stack_time(token->issued);
	g_autofree char *expires = stack_time(token->expires);

	json_w_str(w, "id", token->id);
	json_w_str(w, "plan", token->plan);
	json_w_str(w, "channel", token->channel);
	if (token->person != NULL) {
		json_w_str(w, "person", token->person);
	} else {
		json_w_null(w, "person");
	}
	json_w_str(w, "notifier", token->slot);
	json_w_str(w, "issued", issued);
	json_w_str(w, "expires", expires);
	json_w_str(w, "state",
		   tokens_state(notify_tokens(call->agent->notify), token, agent_now()));
}

void approvals_list(struct call *call)
{
	g_autoptr(GPtrArray) list = NULL;
	struct json_writer *w;

	if (!is_ready(call)) {
		return;
	}
	list = tokens_list(notify_tokens(call->agent->notify));
	w = call_json();
	json_w_array(w, "tokens");
	for (unsigned i = 0; i < list->len; i++) {
		json_w_object(w, NULL);
		view(call, w, g_ptr_array_index(list, i));
		json_w_end(w);
	}
	json_w_end(w);
	call_send(call, MHD_HTTP_OK, w);
}

struct wish {
	const char *plan, *channel, *person;
};

static bool read_wish(struct call *call, struct json_doc *doc, struct json_obj *o, struct wish *out)
{
	struct assent_error err;

	out->plan = json_str(o, "plan", HASH_TEXT_SIZE);
	out->channel = json_str_opt(o, "channel", 32);
	out->person = json_str_opt(o, "person", 255);
	json_obj_end(o);
	if (out->channel == NULL) {
		out->channel = "webhook";
	}
	if (json_doc_status(doc, &err) != 0) {
		call_fail(call, MHD_HTTP_BAD_REQUEST, "malformed", err.text, "see doc/api.yaml");
		return false;
	}
	return true;
}

/* What decide() would refuse later is refused now. */
static bool may_have(struct call *call, const struct wish *wish, const struct fold_plan *plan,
		     GError **error)
{
	g_autoptr(plan_auto) document = NULL;
	enum channel channel;

	if (plan->phase != STACK_PHASE_OPEN) {
		return fail(error, DECIDE_ERROR, DECIDE_ERROR_CLOSED, "plan %s is %s", plan->id,
			    stack_phase_names[plan->phase]);
	}
	if (agent_now() >= plan->expires) {
		return fail(error, DECIDE_ERROR, DECIDE_ERROR_EXPIRED, "plan %s has expired",
			    plan->id);
	}
	if (!evidence_plan(call->agent, plan, &document, error)) {
		return false;
	}
	if (channel_find(wish->channel, &channel) && channel == CHANNEL_DESKTOP) {
		return fail(error, DECIDE_ERROR, DECIDE_ERROR_CHANNEL,
			    "on the desktop a person decides as their own Unix user, not by token");
	}
	if (!channel_find(wish->channel, &channel) || channel == CHANNEL_SIGNATURE ||
	    (document->policy.channels & CHANNEL_BIT(channel)) == 0) {
		return fail(error, DECIDE_ERROR, DECIDE_ERROR_CHANNEL,
			    "plan %s takes no decisions by '%s'", plan->id, wish->channel);
	}
	if (wish->person != NULL && !g_strv_contains(document->policy.from, wish->person)) {
		return fail(error, DECIDE_ERROR, DECIDE_ERROR_NOT_ALLOWED,
			    "'%s' may not decide about plan %s", wish->person, plan->id);
	}
	return true;
}

static void send_token(struct call *call, const struct token *token, char *text)
{
	struct json_writer *w = call_json();

	json_w_str(w, "token", text);
	view(call, w, token);
	call_send(call, MHD_HTTP_OK, w);
	sodium_memzero(text, TOKEN_TEXT_SIZE);
	log_event(EV_HTTP, NULL, token->plan, "token %s for %s by %s was issued", token->id,
		  token->person != NULL ? token->person : "anybody", token->channel);
}

void approvals_issue(struct call *call)
{
	char text[TOKEN_TEXT_SIZE];
	g_autoptr(json_doc_auto) doc = NULL;
	g_autoptr(GError) error = NULL;
	const struct token *token;
	struct fold_plan *plan;
	struct wish wish;
	struct json_obj o;
	bool ambiguous = false;

	if (!is_ready(call) || !call_body(call, &doc, &o) || !read_wish(call, doc, &o, &wish)) {
		return;
	}
	plan = fold_find_plan(call->agent->fold, wish.plan, &ambiguous);
	if (plan == NULL || ambiguous) {
		fail(&error, DECIDE_ERROR,
		     ambiguous ? DECIDE_ERROR_AMBIGUOUS : DECIDE_ERROR_UNKNOWN_PLAN,
		     ambiguous ? "several plans begin with '%s'" : "there is no plan '%s'",
		     wish.plan);
		routes_refuse(call, error);
		return;
	}
	if (!may_have(call, &wish, plan, &error) ||
	    !tokens_issue(notify_tokens(call->agent->notify), plan->id, wish.channel, wish.person,
			  "", false, agent_now(), plan->expires, text, &token, &error)) {
		routes_refuse(call, error);
		return;
	}
	send_token(call, token, text);
}

void approvals_revoke(struct call *call)
{
	g_autoptr(GError) error = NULL;
	const struct token *token;
	struct json_writer *w;

	if (!is_ready(call)) {
		return;
	}
	if (!tokens_revoke(notify_tokens(call->agent->notify), call->args[0], &token, &error)) {
		bool named = error->domain == NOTIFY_ERROR;
		bool unknown = named && error->code == NOTIFY_ERROR_TOKEN_UNKNOWN;

		call_fail(call,
			  unknown ? MHD_HTTP_NOT_FOUND
			  : named ? MHD_HTTP_CONFLICT
				  : MHD_HTTP_INTERNAL_SERVER_ERROR,
			  named ? notify_error_names[error->code] : "failed", error->message,
			  "see 'assent token list'");
		return;
	}
	log_event(EV_HTTP, NULL, token->plan, "token %s was revoked", token->id);
	w = call_json();
	view(call, w, token);
	call_send(call, MHD_HTTP_OK, w);
}
