/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A plan's page, its diff, and the decision that is sent from there. */
#include "agent/http/review.h"

#include <string.h>

#include "agent/decide.h"
#include "agent/evidence.h"
#include "agent/http/guest.h"
#include "agent/http/page.h"
#include "base/autoptr.h"
#include "base/error.h"
#include "base/lang.h"
#include "base/log.h"
#include "base/objects.h"

#define STEPS_SIZE ((size_t)32 << 20)

/* A plan on its way to its page. */
struct visit {
	struct call *call;
	struct guest guest;
	struct fold_plan *known;
	struct plan *plan;
	char *diff;
	size_t diff_len;
	char *missing, *author;
	struct steps *steps;
};

static void visit_clear(struct visit *v)
{
	guest_clear(&v->guest);
	plan_free(v->plan);
	g_free(v->diff);
	g_free(v->missing);
	g_free(v->author);
	steps_free(v->steps);
}
typedef struct visit visit_auto;
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(visit_auto, visit_clear)

static void send_message(const struct visit *v, unsigned status, const char *title,
			 const char *text, const char *detail)
{
	struct page_message message = {
		.text = text, .detail = detail, .link = "../", .link_text = _("To the overview")};
	size_t len;

	guest_frame(v->call, &v->guest, "../", &message.frame);
	message.frame.title = title;
	guest_page(v->call, status, page_message(&message, &len), true);
}

static bool fail_visit(const struct visit *v, const GError *error)
{
	log_event(EV_HTTP, NULL, NULL, "%s: %s", v->call->url, error->message);
	send_message(v, MHD_HTTP_INTERNAL_SERVER_ERROR, _("This page cannot be shown"),
		     _("The agent's log says more."), NULL);
	return false;
}

static bool load_diff(struct visit *v, GError **error)
{
	return objects_load(store_objects(v->call->agent->store), &v->plan->diff, PLAN_MAX_SIZE,
			    &v->diff, &v->diff_len, error);
}

/* A list that cannot be read is no reason to show nothing: the counts stand in the log. */
static void load_steps(struct visit *v)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *text = NULL;
	size_t len = 0;

	if (v->known->has_steps &&
	    (!objects_load(store_objects(v->call->agent->store), &v->known->steps, STEPS_SIZE,
			   &text, &len, &error) ||
	     !steps_parse(text, len, &v->steps, &error))) {
		log_event(EV_HTTP, NULL, NULL, "%s: %s", v->call->url, error->message);
	}
}

/* What the plan is and where it stands. */
static bool load_visit(struct visit *v)
{
	g_autoptr(GError) error = NULL;
	struct decide_world world;
	const char *problem;
	bool enough = false;

	evidence_world(v->call->agent, &world);
	if (!evidence_plan(v->call->agent, v->known, &v->plan, &error) || !load_diff(v, &error) ||
	    (v->known->phase == STACK_PHASE_OPEN &&
	     !decide_quorum(&world, v->known, &enough, &v->missing, &error))) {
		return fail_visit(v, error);
	}
	problem =
		approval_author_problem(v->plan, v->guest.person, world.people, world.people_count);
	load_steps(v);
	if (problem != NULL) {
		v->author = g_strdup_printf("%s %s", v->guest.person, problem);
	}
	return true;
}

/* False after an answer. */
static bool begin_visit(struct call *call, struct visit *v)
{
	bool ambiguous = false;

	*v = (struct visit){.call = call};
	if (!guest_find(call, &v->guest)) {
		guest_unknown(call);
		return false;
	}
	v->known = fold_find_plan(call->agent->fold, call->args[0], &ambiguous);
	if (v->known == NULL) {
		send_message(v, ambiguous ? MHD_HTTP_CONFLICT : MHD_HTTP_NOT_FOUND,
			     _("There is no such plan"),
			     ambiguous ? _("Several plans begin with these digits.")
				       : _("No plan begins with these digits."),
			     NULL);
		return false;
	}
	return true;
}

static bool is_asked(const struct visit *v)
{
	for (const char **from = v->plan->policy.from; *from != NULL; from++) {
		if (strcmp(*from, v->guest.person) == 0) {
			return true;
		}
	}
	return false;
}

static const struct fold_vote *vote_of(const struct visit *v)
{
	for (unsigned i = 0; i < v->known->votes->len; i++) {
		const struct fold_vote *vote = g_ptr_array_index(v->known->votes, i);

		if (strcmp(vote->person, v->guest.person) == 0) {
			return vote;
		}
	}
	return NULL;
}

/* What decide() would refuse anyway needs no form. */
static const char *bar_of(const struct visit *v)
{
	if (vote_of(v) != NULL) {
		return _("You have decided about this plan.");
	}
	if (!is_asked(v)) {
		return _("The policy of this plan does not ask you.");
	}
	if ((v->plan->policy.channels & CHANNEL_BIT(CHANNEL_PAGE)) == 0) {
		return _("The policy of this plan does not take decisions by this page. With a "
			 "signature, 'assent approve' and 'assent reject' decide.");
	}
	return NULL;
}

static const char *newer_of(const struct visit *v)
{
	const struct fold_stack *stack =
		g_hash_table_lookup(v->call->agent->fold->stacks, v->known->stack);

	return stack != NULL && stack->plan != NULL && stack->plan != v->known ? stack->plan->id
									       : NULL;
}

/* What the stack knows of its open plan: silence and windows. */
static void fill_waiting(const struct visit *v, struct page_plan *view)
{
	const struct agent_unit *unit = agent_unit(v->call->agent, v->known->stack);
	struct window_state window;

	if (unit == NULL || unit->record->plan != v->known || v->known->phase != STACK_PHASE_OPEN) {
		return;
	}
	windows_look(unit->windows, view->now, &window);
	view->quiet = stack_quiet_due(&unit->step, &unit->record->facts);
	view->windows = unit->conf->windows->len > 0;
	view->shut = window.shut;
	view->opens = window.until;
}

static void fill_view(const struct visit *v, struct page_plan *view)
{
	*view = (struct page_plan){.plan = v->plan,
				   .known = v->known,
				   .diff = v->diff,
				   .diff_len = v->diff_len,
				   .newer = newer_of(v),
				   .missing = v->missing,
				   .barred = bar_of(v),
				   .no_approval = v->author,
				   .steps = v->steps,
				   .now = agent_now()};
	fill_waiting(v, view);
}

static void show(const struct visit *v, unsigned status, const char *root, const char *problem,
		 const char *reason)
{
	struct page_plan view;
	size_t len;

	fill_view(v, &view);
	guest_frame(v->call, &v->guest, root, &view.frame);
	view.problem = problem;
	view.reason = reason;
	guest_page(v->call, status, page_plan(&view, &len), true);
}

void review_get_plan(struct call *call)
{
	g_auto(visit_auto) v = {0};

	if (begin_visit(call, &v) && load_visit(&v)) {
		show(&v, MHD_HTTP_OK, "../", NULL, NULL);
	}
}

/* As a file to keep: a browser would let its invisible characters mislead. */
void review_get_diff(struct call *call)
{
	g_auto(visit_auto) v = {0};
	g_autofree char *name = NULL;

	if (!begin_visit(call, &v) || !load_visit(&v)) {
		return;
	}
	name = g_strdup_printf("attachment; filename=\"plan-%.12s.diff\"",
			       v.known->id + strlen("sha256:"));
	call_add_header(call, MHD_HTTP_HEADER_CONTENT_DISPOSITION, name);
	call_reply(call, MHD_HTTP_OK, "text/x-diff", v.diff, v.diff_len);
}

/* The refusals of decide(), for whoever pressed a button. */
static const struct refusal {
	enum decide_error code;
	unsigned status;
	const char *text;
} refusals[] = {
	{DECIDE_ERROR_SUPERSEDED, MHD_HTTP_CONFLICT,
	 N_("Nothing was decided: another plan has taken this one's place.")},
	{DECIDE_ERROR_EXPIRED, MHD_HTTP_GONE, N_("Nothing was decided: this plan has expired.")},
	{DECIDE_ERROR_CLOSED, MHD_HTTP_CONFLICT,
	 N_("Nothing was decided: this plan does not wait for approval any more.")},
	{DECIDE_ERROR_UNKNOWN_PERSON, MHD_HTTP_FORBIDDEN,
	 N_("Nothing was decided: you are not in the approver list.")},
	{DECIDE_ERROR_NOT_ALLOWED, MHD_HTTP_FORBIDDEN,
	 N_("Nothing was decided: the policy of this plan does not ask you.")},
	{DECIDE_ERROR_CHANNEL, MHD_HTTP_FORBIDDEN,
	 N_("Nothing was decided: the policy of this plan wants a signature. Use 'assent "
	    "approve'.")},
	{DECIDE_ERROR_AUTHOR, MHD_HTTP_FORBIDDEN,
	 N_("Nothing was decided: an author may not approve.")},
	{DECIDE_ERROR_DUPLICATE, MHD_HTTP_CONFLICT,
	 N_("You have decided about this plan before; that holds.")},
	{DECIDE_ERROR_REASON_MISSING, MHD_HTTP_BAD_REQUEST,
	 N_("Nothing was decided: to reject, give a reason.")},
	{DECIDE_ERROR_MALFORMED, MHD_HTTP_BAD_REQUEST,
	 N_("Nothing was decided: the reason is too long, or has characters that a reason cannot "
	    "have.")},
	{DECIDE_ERROR_UNWRITTEN, MHD_HTTP_SERVICE_UNAVAILABLE,
	 N_("Nothing was decided: the agent cannot write its log.")},
};

static void show_refusal(struct visit *v, const GError *error, const char *reason)
{
	call_note(v->call, "%s", error->message);
	if (error->domain != DECIDE_ERROR) {
		fail_visit(v, error);
		return;
	}
	for (size_t i = 0; i < G_N_ELEMENTS(refusals); i++) {
		if ((int)refusals[i].code == error->code) {
			show(v, refusals[i].status, "../../", _(refusals[i].text), reason);
			return;
		}
	}
	show(v, MHD_HTTP_BAD_REQUEST, "../../", _("Nothing was decided."), reason);
}

struct form {
	char *plan, *decision, *reason, *seen;
};

static void form_clear(struct form *form)
{
	g_free(form->plan);
	g_free(form->decision);
	g_free(form->reason);
	g_free(form->seen);
}
typedef struct form form_auto;
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(form_auto, form_clear)

/* Lines of a form end with CR LF; a statement knows neither control character. */
static char *one_line(const char *text)
{
	g_auto(GStrv) words = g_strsplit_set(text, "\r\n\t", -1);
	g_autoptr(GString) line = g_string_new(NULL);

	for (char **word = words; *word != NULL; word++) {
		g_strstrip(*word);
		if (**word != '\0') {
			g_string_append_printf(line, "%s%s", line->len > 0 ? " " : "", *word);
		}
	}
	return g_string_free(g_steal_pointer(&line), FALSE);
}

static bool read_form(const struct call *call, struct form *form)
{
	g_autofree char *reason = call_form(call, "reason");

	form->plan = call_form(call, "plan");
	form->decision = call_form(call, "decision");
	form->seen = call_form(call, "seen");
	if (reason != NULL) {
		form->reason = one_line(reason);
	}
	return form->plan != NULL && form->decision != NULL && form->reason != NULL;
}

static bool is_complete(const struct visit *v)
{
	struct page_plan view;

	fill_view(v, &view);
	return !page_is_incomplete(&view);
}

/* False after an answer: what the form itself lacks. */
static bool check_form(struct visit *v, const struct form *form)
{
	if (strcmp(form->plan, v->known->id) != 0) {
		call_note(v->call, "the form is of another plan");
		show(v, MHD_HTTP_CONFLICT, "../../",
		     _("Nothing was decided: the form was for another plan."), form->reason);
		return false;
	}
	if (strcmp(form->decision, "approve") == 0 && form->seen == NULL && !is_complete(v)) {
		call_note(v->call, "the diff was not shown in full");
		show(v, MHD_HTTP_BAD_REQUEST, "../../",
		     _("Nothing was decided: not all of the diff is shown here, and the box that "
		       "says so was not ticked."),
		     form->reason);
		return false;
	}
	return true;
}

static void decide_by_page(struct visit *v, const struct form *form)
{
	g_autofree char *evidence = guest_evidence(v->call, &v->guest);
	g_autofree char *location = NULL;
	struct decide_request request = {.plan = v->known->id,
					 .person = v->guest.person,
					 .decision = form->decision,
					 .reason = form->reason,
					 .channel = channel_names[CHANNEL_PAGE],
					 .evidence = evidence};
	g_autoptr(GError) error = NULL;
	struct decide_world world;
	struct fold_plan *plan = NULL;
	struct agent_unit *unit;

	evidence_world(v->call->agent, &world);
	if (!decide(&world, &request, &plan, &error)) {
		show_refusal(v, error, form->reason);
		return;
	}
	unit = agent_unit(v->call->agent, plan->stack);
	if (unit != NULL) {
		unit->recheck = true;
		agent_send(unit, STACK_LOOK, NULL);
	}
	location = g_strdup_printf("../%.12s", plan->id + strlen("sha256:"));
	guest_redirect(v->call, location);
}

void review_post_decision(struct call *call)
{
	g_auto(visit_auto) v = {0};
	g_auto(form_auto) form = {0};

	if (!begin_visit(call, &v)) {
		return;
	}
	if (!guest_form_fits(call, &v.guest)) {
		call_note(call, "the form's token does not fit");
		send_message(
			&v, MHD_HTTP_FORBIDDEN, _("Nothing was decided"),
			_("This form was made for somebody else, or before the agent was started "
			  "anew. Load the plan's page again."),
			NULL);
		return;
	}
	if (!read_form(call, &form)) {
		send_message(&v, MHD_HTTP_BAD_REQUEST, _("Nothing was decided"),
			     _("The form is not complete."), NULL);
		return;
	}
	if (load_visit(&v) && check_form(&v, &form)) {
		decide_by_page(&v, &form);
	}
}
