/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The desktop's view of the agent, and its decisions. */
#include "agent/http/desktop.h"

#include <string.h>

#include "agent/evidence.h"
#include "agent/http/peer.h"
#include "agent/http/routes.h"
#include "agent/view.h"
#include "base/autoptr.h"
#include "base/error.h"
#include "base/log.h"

/* Only for asking whether a rejection would be taken. */
#define SOME_REASON "-"

/* NULL: the configuration does not speak of the desktop, so nothing is taken away. */
static const struct conf_notifier *settings(const struct agent *agent)
{
	for (unsigned i = 0; i < agent->conf->notifiers->len; i++) {
		const struct conf_notifier *n = g_ptr_array_index(agent->conf->notifiers, i);

		if (strcmp(n->type, channel_names[CHANNEL_DESKTOP]) == 0) {
			return n;
		}
	}
	return NULL;
}

static bool is_shown(const struct conf_notifier *n, const char *stack)
{
	return n == NULL || n->stacks == NULL ||
	       g_strv_contains((const char *const *)n->stacks, stack);
}

static bool has_buttons(const struct conf_notifier *n, const char *stack)
{
	return n == NULL || (n->buttons && is_shown(n, stack));
}

static void write_opt(struct json_writer *w, const char *name, const char *text)
{
	if (text != NULL) {
		json_w_str(w, name, text);
	} else {
		json_w_null(w, name);
	}
}

/* Would the peer's click be taken? why tells what stands against an approval. */
static bool may(const struct call *call, const struct peer *peer, const struct fold_plan *plan,
		const struct plan *document, enum verdict verdict, char **why)
{
	struct decide_request request = {.plan = plan->id,
					 .person = peer->person,
					 .decision = verdict_names[verdict],
					 .reason = verdict == VERDICT_REJECT ? SOME_REASON : "",
					 .channel = channel_names[CHANNEL_DESKTOP]};
	g_autoptr(GError) error = NULL;
	struct decide_world world;

	if (peer->person == NULL) {
		*why = g_strdup("your Unix user is nobody of 'people'");
		return false;
	}
	if (!has_buttons(settings(call->agent), plan->stack)) {
		*why = g_strdup("the configuration wants no buttons on the desktop");
		return false;
	}
	evidence_world(call->agent, &world);
	if (!decide_would(&world, &request, document, &error)) {
		*why = g_strdup(error->message);
		return false;
	}
	return true;
}

static bool has_voted(const struct fold_plan *plan, const char *person)
{
	for (unsigned i = 0; person != NULL && i < plan->votes->len; i++) {
		const struct fold_vote *vote = g_ptr_array_index(plan->votes, i);

		if (strcmp(vote->person, person) == 0) {
			return true;
		}
	}
	return false;
}

/* What the plan's document says in a line or two; NULL when it cannot be read. */
static void write_document(struct json_writer *w, const struct plan *document)
{
	const struct plan_commit *newest = NULL;
	int64_t outside = 0;
	unsigned risk = 0;

	for (size_t i = 0; document != NULL && i < document->changes_count; i++) {
		risk |= document->changes[i].risk;
		outside += document->changes[i].outside_commit != NULL ? 1 : 0;
	}
	if (document != NULL && document->commits_count > 0) {
		newest = &document->commits[0];
	}
	write_opt(w, "subject", newest != NULL ? newest->subject : NULL);
	write_opt(w, "author", newest != NULL ? newest->author_name : NULL);
	json_w_int(w, "commits", document != NULL ? document->commits_total : 0);
	json_w_int(w, "outside", outside);
	json_w_array(w, "risks");
	for (unsigned i = 0; plan_risk_names[i] != NULL; i++) {
		if ((risk & (1U << i)) != 0) {
			json_w_str(w, NULL, plan_risk_names[i]);
		}
	}
	json_w_end(w);
}

/* A plan that cannot be read is shown all the same, and nobody can decide about it. */
static void write_plan(struct json_writer *w, const struct call *call, const struct peer *peer,
		       const struct agent_unit *unit)
{
	const struct fold_plan *plan = unit->record->plan;
	g_autoptr(plan_auto) document = NULL;
	g_autoptr(GError) error = NULL;
	g_autofree char *why = NULL, *ignored = NULL;
	bool approve = false, reject = false;

	if (evidence_plan(call->agent, plan, &document, &error)) {
		approve = may(call, peer, plan, document, VERDICT_APPROVE, &why);
		reject = may(call, peer, plan, document, VERDICT_REJECT, &ignored);
	}
	json_w_object(w, NULL);
	view_plan_members(w, plan);
	write_document(w, document);
	json_w_bool(w, "approved", unit->step.approved);
	json_w_bool(w, "voted", has_voted(plan, peer->person));
	json_w_bool(w, "may_approve", approve);
	json_w_bool(w, "may_reject", reject);
	write_opt(w, "why_not", error != NULL ? error->message : why);
	json_w_end(w);
}

static int compare_units(const void *a, const void *b)
{
	const struct agent_unit *const *x = a, *const *y = b;

	return strcmp((*x)->conf->name, (*y)->conf->name);
}

/* The stacks that are shown, by name. */
static GPtrArray *units_of(const struct agent *agent, const struct conf_notifier *n)
{
	GPtrArray *units = g_ptr_array_new();
	GHashTableIter iter;
	struct agent_unit *unit;

	g_hash_table_iter_init(&iter, agent->units);
	while (g_hash_table_iter_next(&iter, NULL, (void **)&unit)) {
		if (is_shown(n, unit->conf->name)) {
			g_ptr_array_add(units, unit);
		}
	}
	g_ptr_array_sort(units, compare_units);
	return units;
}

void desktop_get(struct call *call)
{
	const struct conf_notifier *n = settings(call->agent);
	g_autoptr(GPtrArray) units = units_of(call->agent, n);
	struct json_writer *w = call_json();
	g_auto(peer_auto) peer = {0};

	(void)peer_find(call, &peer); // nobody's peer is shown everything, and no buttons
	json_w_str(w, "agent", call->agent->conf->agent);
	write_opt(w, "person", peer.person);
	write_opt(w, "problem", call->agent->dead);
	json_w_bool(w, "pages", call->agent->conf->http != NULL);
	json_w_int(w, "remind", n != NULL ? n->remind : 0);
	json_w_array(w, "plans");
	for (unsigned i = 0; i < units->len; i++) {
		const struct agent_unit *unit = g_ptr_array_index(units, i);

		if (unit->record->facts.phase == STACK_PHASE_OPEN) {
			write_plan(w, call, &peer, unit);
		}
	}
	json_w_end(w);
	json_w_array(w, "stacks");
	for (unsigned i = 0; i < units->len; i++) {
		view_stack(w, NULL, g_ptr_array_index(units, i));
	}
	json_w_end(w);
	call_send(call, MHD_HTTP_OK, w);
}

static char *evidence_of(const struct peer *peer)
{
	struct json_writer *w = json_writer_new(JSON_CANONICAL);
	autocfree char *text = NULL;
	size_t len = 0;

	json_w_object(w, NULL);
	json_w_int(w, "pid", peer->pid);
	json_w_int(w, "uid", peer->uid);
	json_w_str(w, "user", peer->user);
	json_w_end(w);
	return json_writer_finish(w, &text, &len, NULL) == 0 ? g_strdup(text) : NULL;
}

/* The configuration's own word, before the one door's. */
static bool check(struct call *call, const struct peer *peer, const char *id, GError **error)
{
	bool ambiguous = false;
	const struct fold_plan *plan = fold_find_plan(call->agent->fold, id, &ambiguous);

	if (peer->person == NULL) {
		return fail(error, DECIDE_ERROR, DECIDE_ERROR_UNKNOWN_PERSON,
			    "your Unix user is nobody of 'people'");
	}
	return plan == NULL || has_buttons(settings(call->agent), plan->stack) ||
	       fail(error, DECIDE_ERROR, DECIDE_ERROR_CHANNEL,
		    "the configuration wants no buttons on the desktop");
}

void desktop_decide(struct call *call, struct json_doc *doc, struct json_obj *o,
		    struct decide_request *request)
{
	g_auto(peer_auto) peer = {0};
	g_autofree char *evidence = NULL;
	g_autoptr(GError) error = NULL;
	struct fold_plan *plan = NULL;
	struct decide_world world;
	struct assent_error err;

	json_obj_end(o); // whose vote it is, is not for the caller to say
	if (json_doc_status(doc, &err) != 0) {
		call_fail(call, MHD_HTTP_BAD_REQUEST, "malformed", err.text, "see doc/api.yaml");
		return;
	}
	(void)peer_find(call, &peer);
	evidence = peer.person != NULL ? evidence_of(&peer) : NULL;
	request->person = peer.person;
	request->reason = request->reason != NULL ? request->reason : "";
	request->evidence = evidence;
	evidence_world(call->agent, &world);
	if (!check(call, &peer, request->plan, &error) || !decide(&world, request, &plan, &error)) {
		log_event(EV_REFUSED, NULL, request->plan, "a decision of '%s' on the desktop: %s",
			  peer.user != NULL ? peer.user : "?", error->message);
		routes_refuse(call, error);
		return;
	}
	routes_decided(call, plan);
}
