/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Stacks, pending plans and history on one page. */
#include "agent/http/page-overview.h"

#include <inttypes.h>

#include "base/lang.h"
#include "base/text.h"
#include "core/plan.h"

static void put_time(struct html *h, int64_t when, int64_t now)
{
	html_open(h, "td", NULL);
	if (when != 0) {
		page_time(h, when, now);
	}
	html_close(h, "td");
}

static void put_count(struct html *h, const struct fold_plan *plan, enum plan_action action)
{
	g_autofree char *text = text_count(plan->summary[action], action);

	html_text(h, text);
}

/* "2 create, 1 remove", the removals first. */
static void put_summary(struct html *h, const struct fold_plan *plan)
{
	const char *gap = "";

	html_open(h, "td", NULL);
	if (plan->summary[ACTION_REMOVE] > 0) {
		html_open(h, "strong", NULL);
		put_count(h, plan, ACTION_REMOVE);
		html_close(h, "strong");
		gap = ", ";
	}
	for (unsigned i = 0; i < RECORD_ACTIONS; i++) {
		if (i != ACTION_REMOVE && plan->summary[i] > 0) {
			html_text(h, gap);
			put_count(h, plan, (enum plan_action)i);
			gap = ", ";
		}
	}
	html_close(h, "td");
}

static void put_pending(struct html *h, const struct page_overview *view,
			const struct fold_plan *plan)
{
	html_open(h, "tr", NULL);
	html_open(h, "td", NULL);
	page_plan_link(h, view->frame.root, plan->id);
	html_close(h, "td");
	html_leaf(h, "td", NULL, plan->stack);
	put_summary(h, plan);
	html_open(h, "td", NULL);
	/* TRANSLATORS: how many have approved, of how many who must */
	html_say(h, _("%zu of %" PRId64), fold_approvals(plan), plan->required);
	html_close(h, "td");
	put_time(h, plan->created, view->now);
	put_time(h, plan->expires, view->now);
	html_close(h, "tr");
}

static void put_all_pending(struct html *h, const struct page_overview *view)
{
	static const char *const names[] = {NC_("column", "plan"),    NC_("column", "stack"),
					    NC_("column", "changes"), NC_("column", "approvals"),
					    NC_("column", "made"),    NC_("column", "expires")};
	size_t count = 0;

	html_open(h, "section", NULL);
	html_leaf(h, "h2", NULL, _("Waiting for a decision"));
	for (size_t i = 0; i < view->stacks_count; i++) {
		count += view->stacks[i].pending != NULL;
	}
	if (count == 0) {
		html_leaf(h, "p", NULL, _("Nothing waits for a decision."));
		html_close(h, "section");
		return;
	}
	page_table_begin(h, "pending", _("Waiting for a decision"), names, G_N_ELEMENTS(names));
	for (size_t i = 0; i < view->stacks_count; i++) {
		if (view->stacks[i].pending != NULL) {
			put_pending(h, view, view->stacks[i].pending);
		}
	}
	page_table_end(h);
	html_close(h, "section");
}

static void put_broken(struct html *h, const struct fold_vote *vote)
{
	html_open(h, "strong", NULL);
	/* TRANSLATORS: a person who decided for all in an emergency */
	html_say(h, _("BREAK-GLASS by %s"), vote->person);
	html_close(h, "strong");
}

static void put_voters(struct html *h, const struct fold_plan *plan)
{
	html_open(h, "td", NULL);
	for (unsigned i = 0; i < plan->votes->len; i++) {
		const struct fold_vote *vote = g_ptr_array_index(plan->votes, i);

		if (vote->verdict == VERDICT_BREAK_GLASS) {
			put_broken(h, vote);
		} else if (vote->verdict == VERDICT_APPROVE) {
			/* TRANSLATORS: a person, and the channel: signature, page, slack ... */
			html_say(h, _("%s approved (%s)"), vote->person,
				 channel_names[vote->by.channel]);
		} else {
			/* TRANSLATORS: a person, and the channel: signature, page, slack ... */
			html_say(h, _("%s rejected (%s)"), vote->person,
				 channel_names[vote->by.channel]);
		}
		if (i + 1 < plan->votes->len) {
			html_void(h, "br", NULL);
		}
	}
	html_close(h, "td");
}

static void put_past(struct html *h, const struct page_overview *view, const struct page_past *past)
{
	const struct fold_plan *plan = past->plan;
	g_autofree char *commit = text_short_id(plan->commit);

	html_open(h, "tr", NULL);
	put_time(h, plan->ended != 0 ? plan->ended : plan->created, view->now);
	html_leaf(h, "td", NULL, plan->stack);
	html_open(h, "td", "class", "text", NULL);
	html_leaf(h, "code", "id", commit);
	html_text(h, " ");
	html_text(h, past->subject);
	html_close(h, "td");
	html_leaf(h, "td", NULL, past->author);
	html_open(h, "td", NULL);
	page_plan_link(h, view->frame.root, plan->id);
	html_close(h, "td");
	put_voters(h, plan);
	html_leaf(h, "td", "act", page_phase_text(plan->phase));
	html_close(h, "tr");
}

static void put_older(struct html *h, const struct page_overview *view)
{
	g_autofree char *href =
		g_strdup_printf("%s?before=%" PRId64, view->frame.root, view->older);

	html_open(h, "p", NULL);
	html_open(h, "a", "href", href, NULL);
	html_text(h, _("Older ones"));
	html_close(h, "a");
	html_close(h, "p");
}

static void put_history(struct html *h, const struct page_overview *view)
{
	static const char *const names[] = {NC_("column", "when"),   NC_("column", "stack"),
					    NC_("column", "commit"), NC_("column", "author"),
					    NC_("column", "plan"),   NC_("column", "votes"),
					    NC_("column", "result")};

	html_open(h, "section", NULL);
	html_leaf(h, "h2", NULL, _("History"));
	page_table_begin(h, "history", _("History"), names, G_N_ELEMENTS(names));
	for (size_t i = 0; i < view->past_count; i++) {
		put_past(h, view, &view->past[i]);
	}
	page_table_end(h);
	if (view->older != 0) {
		put_older(h, view);
	}
	html_close(h, "section");
}

static void put_stop(struct html *h, const struct page_overview *view)
{
	bool told = view->stop != NULL && view->stop->on;

	if (!told && !view->stop_file) {
		return;
	}
	html_open(h, "p", "class", "banner", "role", "alert", "id", "stopped", NULL);
	if (told) {
		/* TRANSLATORS: a person; the reason follows, and until when */
		html_say(h, _("Everything is stopped by %s:"), view->stop->person);
		html_say(h, " %s; ", view->stop->reason);
		page_until(h, view->stop->until, view->now);
	} else {
		html_text(h, _("Everything is stopped by a file in the agent's state folder."));
	}
	html_close(h, "p");
}

char *page_overview(const struct page_overview *view, size_t *len)
{
	struct page_frame frame = view->frame;
	struct html *h;

	frame.title = _("What Assent does here");
	h = page_begin(&frame);
	if (view->problem != NULL) {
		html_open(h, "p", "class", "banner", "role", "alert", NULL);
		/* TRANSLATORS: the reason follows, in English */
		html_text(h, _("The log cannot be written, so nothing is applied:"));
		html_text(h, " ");
		page_english(h, "span", view->problem);
		html_close(h, "p");
	}
	put_stop(h, view);
	put_all_pending(h, view);
	page_stacks(h, &view->frame, view->stacks, view->stacks_count, view->now);
	put_history(h, view);
	html_open(h, "p", "class", "dim", NULL);
	html_say(h,
		 /* TRANSLATORS: a hash follows */
		 ngettext("The signed log has %" PRIu64 " entry and the root",
			  "The signed log has %" PRIu64 " entries and the root",
			  (gulong)view->log_size),
		 view->log_size);
	html_text(h, " ");
	html_leaf(h, "code", NULL, view->log_root);
	html_close(h, "p");
	return page_end(h, len);
}
