/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The rows of the overview's stacks. */
#include "agent/http/page-stacks.h"

#include <inttypes.h>

#include "base/lang.h"
#include "base/text.h"

struct row {
	struct html *h;
	const struct page_frame *frame;
	const struct page_stack *s;
	int64_t now;
	bool any; /* something stands in the cell already */
};

static const char *state_text(enum stack_state state)
{
	static const char *const texts[] = {
		/* TRANSLATORS: said of a stack */
		[STACK_STATE_IDLE] = NC_("stack", "idle"),
		[STACK_STATE_PLANNING] = NC_("stack", "planning"),
		[STACK_STATE_PENDING] = NC_("stack", "waiting for approval"),
		[STACK_STATE_APPLYING] = NC_("stack", "being applied"),
		[STACK_STATE_CONVERGED] = NC_("stack", "as approved"),
		[STACK_STATE_FAILED] = NC_("stack", "failed"),
		[STACK_STATE_DRIFTED] = NC_("stack", "drifted"),
		[STACK_STATE_SUSPENDED] = NC_("stack", "suspended"),
		[STACK_STATE_BLOCKED] = NC_("stack", "blocked"),
	};

	return C_("stack", texts[state]);
}

static void put_time(const struct row *row, int64_t when)
{
	html_open(row->h, "td", NULL);
	if (when != 0) {
		page_time(row->h, when, row->now);
	}
	html_close(row->h, "td");
}

static void put_id(const struct row *row, const char *id)
{
	g_autofree char *brief = text_short_id(id);

	html_leaf(row->h, "td", "mono id", brief);
}

/* A line of the cell, which begins in bold; the rest of it follows. */
static void begin(struct row *row, const char *lead)
{
	if (row->any) {
		html_void(row->h, "br", NULL);
	}
	row->any = true;
	html_open(row->h, "strong", NULL);
	html_text(row->h, lead);
	html_close(row->h, "strong");
	html_text(row->h, " ");
}

static void begin_by(struct row *row, const char *format, ...) G_GNUC_PRINTF(2, 3);
static void begin_by(struct row *row, const char *format, ...)
{
	g_autofree char *lead = NULL;
	va_list args;

	va_start(args, format);
	lead = g_strdup_vprintf(format, args);
	va_end(args);
	begin(row, lead);
}

void page_until(struct html *h, int64_t until, int64_t now)
{
	if (until == 0) {
		html_text(h, _("until somebody resumes it"));
		return;
	}
	/* TRANSLATORS: a time follows */
	html_text(h, _("until:"));
	html_text(h, " ");
	page_time(h, until, now);
}

static const struct told_steer *steer_of(const struct row *row, enum told_kind kind)
{
	return row->s->steers != NULL && row->s->steers[kind].on ? &row->s->steers[kind] : NULL;
}

static void put_suspended(struct row *row)
{
	const struct told_steer *by = steer_of(row, TOLD_SUSPENDED);

	if (by != NULL) {
		/* TRANSLATORS: a person; the reason follows, and until when */
		begin_by(row, _("Suspended by %s:"), by->person);
		html_say(row->h, "%s; ", by->reason);
		page_until(row->h, by->until, row->now);
	} else if (row->s->state == STACK_STATE_SUSPENDED && row->s->reason == NULL) {
		begin(row, _("Stopped, as everything is."));
	}
}

static void put_pinned(struct row *row)
{
	const struct told_steer *by = steer_of(row, TOLD_PINNED);
	g_autofree char *pin =
		by != NULL && row->s->pin != NULL ? text_short_id(row->s->pin) : NULL;
	g_autofree char *tip = text_short_id(row->s->commit);

	if (pin != NULL && pin[0] != '\0') {
		/* TRANSLATORS: a person; the reason follows */
		begin_by(row, _("Rolled back by %s:"), by->person);
		html_say(row->h, "%s; ", by->reason);
		/* TRANSLATORS: two commits */
		html_say(row->h, _("stays at %s until the branch has another commit than %s"), pin,
			 tip);
	}
}

static void put_trial(struct row *row)
{
	const struct told_steer *by = steer_of(row, TOLD_TRIAL);

	if (row->s->returning) {
		begin(row, _("A trial has ended, and what was before is put back."));
	}
	if (by == NULL) {
		return;
	}
	/* TRANSLATORS: the name of a branch, and a person; the reason follows, and until when */
	begin_by(row, _("Trial of %s by %s:"), by->what, by->person);
	html_say(row->h, "%s; ", by->reason);
	page_until(row->h, by->until, row->now);
	if (row->s->try_problem != NULL && row->s->try_problem[0] != '\0') {
		/* TRANSLATORS: of what is tried; the reason follows, in English */
		begin(row, _("Its newest commit is left out:"));
		page_english(row->h, "span", row->s->try_problem);
	}
}

static void put_wait(struct row *row)
{
	if (row->s->wait == PAGE_WAIT_STACK) {
		/* TRANSLATORS: a plan; which stack follows, in English */
		begin(row, _("Approved, and waits for another stack:"));
		page_english(row->h, "span", row->s->waits);
	} else if (row->s->wait == PAGE_WAIT_WINDOW && row->s->opens != 0) {
		/* TRANSLATORS: a plan; a time follows */
		begin(row, _("Approved, and waits for its window, which opens:"));
		page_time(row->h, row->s->opens, row->now);
	} else if (row->s->wait == PAGE_WAIT_WINDOW) {
		begin(row, _("Approved, and waits for its window, but none opens within a year."));
	}
}

static void put_remote(struct row *row)
{
	if (row->s->remote != NULL) {
		/* TRANSLATORS: an address follows, and in English why the first has not answered */
		begin(row, _("Fetched from a fallback:"));
		html_leaf(row->h, "code", NULL, row->s->remote);
		html_text(row->h, " ");
		page_english(row->h, "span", row->s->remote_problem);
	}
}

static void put_drift(struct row *row)
{
	g_autofree char *count =
		g_strdup_printf(ngettext("%" PRId64 " place differs", "%" PRId64 " places differ",
					 (gulong)row->s->drift),
				row->s->drift);

	if (row->s->drift == 0) {
		return;
	}
	begin(row, count);
	if (row->s->drift_since != 0) {
		/* TRANSLATORS: a time follows */
		html_text(row->h, _("since:"));
		html_text(row->h, " ");
		page_time(row->h, row->s->drift_since, row->now);
	}
}

static void put_halted(struct row *row)
{
	if (row->s->halted == NULL) {
		return;
	}
	/* TRANSLATORS: an apply; the id of its plan follows */
	begin(row, row->s->resumable ? _("Halted, can be resumed or undone:")
				     : _("Halted, can be undone:"));
	page_plan_link(row->h, row->frame->root, row->s->halted->id);
}

static void put_alerts(struct row *row)
{
	for (int c = 0; row->s->alerts != NULL && c < ALERT_CONDITIONS; c++) {
		const struct alert_facts *alert = &row->s->alerts->of[c];

		if (!alert->raised) {
			continue;
		}
		/* TRANSLATORS: something has been wrong for too long; what follows, and since when
		 */
		begin(row, alert->quiet ? _("Alert, not told while suspended:") : _("Alert:"));
		page_english(row->h, "span", alert->reason);
		html_text(row->h, " ");
		page_time(row->h, alert->began, row->now);
	}
}

/* What keeps it first, what is wrong last. */
static void put_why(struct row *row)
{
	static void (*const lines[])(struct row * row) = {
		put_suspended, put_pinned, put_trial,  put_wait,
		put_remote,    put_drift,  put_halted, put_alerts,
	};

	html_open(row->h, "td", "class", "text", NULL);
	if (row->s->reason != NULL && row->s->reason[0] != '\0') {
		page_english(row->h, "span", row->s->reason);
		row->any = true;
	}
	for (size_t i = 0; i < G_N_ELEMENTS(lines); i++) {
		lines[i](row);
	}
	html_close(row->h, "td");
}

static void put_stack(struct row *row)
{
	const struct page_stack *s = row->s;

	html_open(row->h, "tr", NULL);
	html_open(row->h, "th", "scope", "row", NULL);
	html_text(row->h, s->name);
	html_close(row->h, "th");
	html_leaf(row->h, "td", "act",
		  s->wait != PAGE_WAIT_NONE ? C_("stack", "approved") : state_text(s->state));
	put_time(row, s->since);
	put_why(row);
	put_id(row, s->commit);
	put_id(row, s->applied);
	html_close(row->h, "tr");
}

void page_stacks(struct html *h, const struct page_frame *frame, const struct page_stack *stacks,
		 size_t count, int64_t now)
{
	static const char *const names[] = {NC_("column", "stack"),  NC_("column", "state"),
					    NC_("column", "since"),  NC_("column", "why"),
					    NC_("column", "commit"), NC_("column", "applied")};

	html_open(h, "section", NULL);
	html_leaf(h, "h2", NULL, _("Stacks"));
	page_table_begin(h, "stacks", _("Stacks"), names, G_N_ELEMENTS(names));
	for (size_t i = 0; i < count; i++) {
		struct row row = {.h = h, .frame = frame, .s = &stacks[i], .now = now};

		put_stack(&row);
	}
	page_table_end(h);
	html_close(h, "section");
}
