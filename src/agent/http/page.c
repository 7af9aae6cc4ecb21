/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The page of one plan. */
#include "agent/http/page.h"

#include <inttypes.h>
#include <string.h>

#include "agent/http/page-diff.h"
#include "agent/http/page-facts.h"
#include "agent/http/page-steps.h"
#include "base/autoptr.h"
#include "base/lang.h"
#include "base/text.h"
#include "core/statement.h"

static bool is_open(const struct page_plan *view)
{
	return view->known->phase == STACK_PHASE_OPEN;
}

static const char *state_class(const struct page_plan *view)
{
	switch (view->known->phase) {
	case STACK_PHASE_APPLIED:
		return "state good";
	case STACK_PHASE_REJECTED:
	case STACK_PHASE_FAILED:
	case STACK_PHASE_ROLLED_BACK:
	case STACK_PHASE_INTERRUPTED:
	case STACK_PHASE_VOID:
		return "state bad";
	case STACK_PHASE_NONE:
	case STACK_PHASE_OPEN:
	case STACK_PHASE_APPLYING:
	case STACK_PHASE_SUPERSEDED:
	case STACK_PHASE_EXPIRED:
		break;
	}
	return "state";
}

/* Who has decided for all; NULL: nobody. */
static const struct fold_vote *broken_by(const struct fold_plan *known)
{
	for (unsigned i = 0; i < known->votes->len; i++) {
		const struct fold_vote *vote = g_ptr_array_index(known->votes, i);

		if (vote->verdict == VERDICT_BREAK_GLASS) {
			return vote;
		}
	}
	return NULL;
}

static void put_quiet(struct html *h, const struct page_plan *view)
{
	html_text(h, _(" Or it is approved by silence, if nobody rejects it until: "));
	page_time(h, view->quiet, view->now);
	html_text(h, ".");
}

/* What the votes so far leave to be done. */
static void put_needed(struct html *h, const struct page_plan *view)
{
	const struct plan_policy *policy = &view->plan->policy;
	g_autofree char *from = g_strjoinv(", ", (char **)policy->from);
	int64_t have = (int64_t)fold_approvals(view->known);
	int64_t left = policy->required - have;

	html_text(h, " ");
	if (left > 0 && broken_by(view->known) == NULL) {
		html_say(h,
			 ngettext("%" PRId64 " more approval is needed, from: %s.",
				  "%" PRId64 " more approvals are needed, from: %s.", (gulong)left),
			 left, from);
		if (view->quiet != 0) {
			put_quiet(h, view);
		}
	} else if (view->missing != NULL) {
		page_english(h, "span", view->missing);
	} else {
		html_text(h, _("It has the approvals that it needs."));
	}
	html_text(h, " ");
	/* TRANSLATORS: a time follows */
	html_text(h, view->plan->expires > view->now ? _("Expires:") : _("EXPIRED:"));
	html_text(h, " ");
	page_time(h, view->plan->expires, view->now);
}

/* Windows keep what is approved, and nothing that somebody broke the glass for. */
static void put_window(struct html *h, const struct page_plan *view)
{
	if (!view->windows || !is_open(view) || broken_by(view->known) != NULL) {
		return;
	}
	html_open(h, "p", "class", "state", "id", "window", NULL);
	if (!view->shut) {
		html_text(h, _("Its windows let it through now, once it is approved."));
	} else if (view->opens == 0) {
		html_text(h, _("No window lets it through, also when it is approved: none opens "
			       "within a year."));
	} else {
		html_text(h, _("No window lets it through now, also when it is approved. The next "
			       "one opens: "));
		page_time(h, view->opens, view->now);
	}
	html_close(h, "p");
}

static void put_broken(struct html *h, const struct fold_vote *vote)
{
	html_open(h, "p", "class", "banner", "id", "break-glass", NULL);
	/* TRANSLATORS: a person, and the reason that they gave */
	html_say(h, _("BREAK-GLASS: %s decided for all, whoever else should have. Reason: %s"),
		 vote->person, vote->reason);
	html_close(h, "p");
}

static void put_state(struct html *h, const struct page_plan *view)
{
	const struct fold_vote *broken = broken_by(view->known);

	html_open(h, "p", "class", state_class(view), "role", "status", NULL);
	html_open(h, "strong", "id", "state", NULL);
	html_text(h, page_phase_text(view->known->phase));
	html_close(h, "strong");
	if (is_open(view)) {
		put_needed(h, view);
	} else if (view->known->ended != 0) {
		html_text(h, " ");
		page_time(h, view->known->ended, view->now);
		html_text(h, " ");
		page_english(h, "span", view->known->end);
	}
	html_close(h, "p");
	if (broken != NULL) {
		put_broken(h, broken);
	}
	put_window(h, view);
	if (view->problem != NULL) {
		html_open(h, "p", "class", "banner", "role", "alert", "id", "problem", NULL);
		html_text(h, view->problem);
		html_close(h, "p");
	}
	if (view->newer != NULL) {
		html_open(h, "p", "class", "banner", NULL);
		/* TRANSLATORS: the other plan's id follows */
		html_text(h, _("Another plan has taken this one's place:"));
		html_text(h, " ");
		page_plan_link(h, view->frame.root, view->newer);
		html_close(h, "p");
	}
}

static const char *verdict_text(enum verdict verdict)
{
	switch (verdict) {
	case VERDICT_APPROVE:
		return C_("vote", "approved");
	case VERDICT_REJECT:
		return C_("vote", "rejected");
	case VERDICT_BREAK_GLASS:
		return C_("vote", "BREAK-GLASS");
	}
	return "?";
}

static void put_votes(struct html *h, const struct page_plan *view)
{
	static const char *const names[] = {
		NC_("column", "person"), NC_("column", "decision"),
		/* TRANSLATORS: by which channel somebody decided: signature, page, slack ... */
		NC_("column", "by"), NC_("column", "time"), NC_("column", "reason"),
		NC_("column", "log entry")};
	const GPtrArray *votes = view->known->votes;

	html_open(h, "section", NULL);
	html_leaf(h, "h2", NULL, _("Decisions so far"));
	if (votes->len == 0) {
		html_leaf(h, "p", NULL, _("Nobody has decided yet."));
		html_close(h, "section");
		return;
	}
	page_table_begin(h, "votes", _("Decisions so far"), names, G_N_ELEMENTS(names));
	for (unsigned i = 0; i < votes->len; i++) {
		const struct fold_vote *vote = g_ptr_array_index(votes, i);

		html_open(h, "tr", NULL);
		html_leaf(h, "td", NULL, vote->person);
		html_leaf(h, "td", "act", verdict_text(vote->verdict));
		html_open(h, "td", NULL);
		html_text(h, channel_names[vote->by.channel]);
		if (vote->fingerprint != NULL) {
			html_text(h, " ");
			html_leaf(h, "span", "mono dim", vote->fingerprint);
		}
		html_close(h, "td");
		html_open(h, "td", NULL);
		page_time(h, vote->time, view->now);
		html_close(h, "td");
		html_leaf(h, "td", NULL, vote->reason);
		html_open(h, "td", NULL);
		html_say(h, "%" PRIu64, vote->entry);
		html_close(h, "td");
		html_close(h, "tr");
	}
	page_table_end(h);
	html_close(h, "section");
}

static void put_hidden(struct html *h, const char *name, const char *value)
{
	html_void(h, "input", "type", "hidden", "name", name, "value", value, NULL);
}

static void put_button(struct html *h, const char *value, const char *class, const char *text)
{
	html_open(h, "button", "type", "submit", "name", "decision", "value", value, "class", class,
		  NULL);
	html_text(h, text);
	html_close(h, "button");
}

static void put_acknowledgement(struct html *h)
{
	html_open(h, "p", "class", "banner", NULL);
	html_void(h, "input", "type", "checkbox", "name", "seen", "value", "1", "id", "seen", NULL);
	html_open(h, "label", "for", "seen", "class", "box", NULL);
	html_text(h, _("Not all of the diff is shown on this page. I have read the rest elsewhere, "
		       "or I approve without having read it."));
	html_close(h, "label");
	html_close(h, "p");
}

static void put_form(struct html *h, const struct page_plan *view, bool complete)
{
	g_autofree char *brief = text_short_id(view->known->id);
	g_autofree char *action = g_strdup_printf("%splans/%s/decision", view->frame.root, brief);
	g_autofree char *most = g_strdup_printf("%d", STATEMENT_REASON_MAX);

	html_open(h, "form", "class", "vote", "method", "post", "action", action, NULL);
	put_hidden(h, "csrf", view->frame.csrf);
	put_hidden(h, "plan", view->known->id);
	html_open(h, "label", "for", "reason", NULL);
	html_text(h, _("Reason (needed to reject; everybody can read it)"));
	html_close(h, "label");
	html_open(h, "textarea", "id", "reason", "name", "reason", "maxlength", most, NULL);
	html_text(h, view->reason);
	html_close(h, "textarea");
	if (view->no_approval != NULL) {
		html_open(h, "p", "id", "no-approval", NULL);
		html_text(h, view->no_approval);
		html_close(h, "p");
	} else {
		if (!complete) {
			put_acknowledgement(h);
		}
		put_button(h, "approve", "yes", _("Approve"));
	}
	put_button(h, "reject", "no", _("Reject"));
	html_close(h, "form");
}

static void put_decision(struct html *h, const struct page_plan *view, bool complete)
{
	if (!is_open(view)) {
		return;
	}
	html_open(h, "section", NULL);
	html_leaf(h, "h2", NULL, _("Your decision"));
	if (view->barred != NULL) {
		html_open(h, "p", "class", "state", "id", "barred", NULL);
		html_text(h, view->barred);
		html_close(h, "p");
	} else {
		put_form(h, view, complete);
	}
	html_close(h, "section");
}

static void put_odd(struct html *h)
{
	unsigned odd = html_odd(h);

	if (odd > 0) {
		html_open(h, "p", "class", "banner", NULL);
		html_say(h,
			 ngettext("%u character that is invisible or could mislead is shown by its "
				  "number.",
				  "%u characters that are invisible or could mislead are shown by "
				  "their numbers.",
				  odd),
			 odd);
		html_close(h, "p");
	}
}

char *page_plan(const struct page_plan *view, size_t *len)
{
	g_autofree char *brief = text_short_id(view->known->id);
	g_autofree char *raw = g_strdup_printf("%splans/%s/diff", view->frame.root, brief);
	g_autofree char *title =
		/* TRANSLATORS: a plan's short id, and a stack's name */
		g_strdup_printf(_("Plan %s of stack '%s'"), brief, view->plan->stack);
	g_autofree size_t *order = page_order(view->plan);
	struct page_diff diff = {view->plan, view->diff, view->diff_len, raw};
	struct page_frame frame = view->frame;
	struct html *h;
	bool complete;

	frame.title = title;
	h = page_begin(&frame);
	put_state(h, view);
	page_steps(h, view->known, view->steps);
	page_facts(h, view->frame.root, view->plan, view->now);
	complete = page_changes(h, view->plan, order, view->now);
	complete = page_diff(h, &diff, order) && complete;
	put_odd(h);
	put_votes(h, view);
	put_decision(h, view, complete);
	return page_end(h, len);
}

bool page_is_incomplete(const struct page_plan *view)
{
	g_autofree size_t *order = page_order(view->plan);
	struct page_diff diff = {view->plan, view->diff, view->diff_len, ""};
	struct html *h = html_new();
	bool complete = page_changes(h, view->plan, order, view->now);

	complete = page_diff(h, &diff, order) && complete;
	html_free(h);
	return !complete;
}
