/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Writes notices in Slack's Block Kit. */
#include "agent/notify/slack-render.h"

#include <inttypes.h>
#include <string.h>

#include "agent/notify/text.h"
#include "base/autoptr.h"
#include "base/lang.h"
#include "base/text.h"
#include "core/json.h"

/* Slack's limits, in characters; we count bytes, which are never fewer. */
#define HEADER_MAX 150
#define OBJECT_MAX 2900 /* of 3000 */
#define BUTTON_URL_MAX 3000
#define CONFIRM_MAX 300
#define ID_SIZE 200    /* of 255 */
#define CHANGE_MAX 400 /* of a line of the list of changes */
#define COMMITS 3
#define VOTES 10
#define ITEMS 20

/* How much of what is long is shown; the next row is taken when a message is too large. */
struct budget {
	size_t changes, diff;
};
static const struct budget message_budgets[] = {{1200, 1500}, {600, 800}, {400, 0}, {200, 0}};
static const struct budget details_budgets[] = {{2900, 2800}, {2000, 1500}, {1000, 800}, {500, 0}};

/* Three of them would begin a block of code, and no escape exists. */
#define APART "\xe2\x80\x8b" /* U+200B */
#define MARK "\xe2\x80\xa6"  /* U+2026 */

static void append_escaped(GString *out, const char *p)
{
	if (*p == '&') {
		g_string_append(out, "&amp;");
	} else if (*p == '<') {
		g_string_append(out, "&lt;");
	} else if (*p == '>') {
		g_string_append(out, "&gt;");
	} else {
		g_string_append_len(out, p, g_utf8_next_char(p) - p);
	}
	if (g_str_has_prefix(p, "```")) {
		g_string_append(out, APART);
	}
}

char *slack_escape(const char *text, size_t max)
{
	g_autoptr(GString) out = g_string_new(NULL);
	size_t good = 0; // up to here there is room for the mark

	for (const char *p = text; *p != '\0' && out->len <= max; p = g_utf8_next_char(p)) {
		append_escaped(out, p);
		if (out->len + strlen(MARK) <= max) {
			good = out->len;
		}
	}
	if (out->len > max) {
		g_string_truncate(out, good);
		g_string_append(out, max >= strlen(MARK) ? MARK : "");
	}
	return g_string_free(g_steal_pointer(&out), FALSE);
}

static void put_plain(struct json_writer *w, const char *name, const char *text, size_t max)
{
	g_autofree char *cut = notify_cut(text, max);

	json_w_object(w, name);
	json_w_str(w, "type", "plain_text");
	json_w_str(w, "text", cut[0] != '\0' ? cut : " ");
	json_w_bool(w, "emoji", false);
	json_w_end(w);
}

static void begin_block(struct json_writer *w, const char *type)
{
	json_w_object(w, NULL);
	json_w_str(w, "type", type);
}

static void put_section(struct json_writer *w, const char *text)
{
	if (text == NULL || text[0] == '\0') {
		return;
	}
	begin_block(w, "section");
	put_plain(w, "text", text, OBJECT_MAX);
	json_w_end(w);
}

/* What must not be overlooked, in bold letters. */
static void put_risk(struct json_writer *w, const struct notice *n)
{
	g_autofree char *risk = notify_risk(n);
	g_autofree char *safe = NULL;
	g_autofree char *bold = NULL;

	if (risk == NULL) {
		return;
	}
	safe = slack_escape(risk, OBJECT_MAX - 2);
	bold = g_strdup_printf("*%s*", safe);
	begin_block(w, "section");
	json_w_object(w, "text");
	json_w_str(w, "type", "mrkdwn");
	json_w_str(w, "text", bold);
	json_w_bool(w, "verbatim", true);
	json_w_end(w);
	json_w_end(w);
}

static void put_line(GString *out, char *line)
{
	if (line != NULL && line[0] != '\0') {
		g_string_append_printf(out, "%s%s", out->len > 0 ? "\n" : "", line);
	}
	g_free(line);
}

static void put_summary(struct json_writer *w, const struct notice *n)
{
	g_autoptr(GString) out = g_string_new(NULL);

	if (n->kind == NOTICE_PLAN) {
		put_line(out, notify_gone(n));
		put_line(out, notify_counts(n));
		put_line(out, notify_more(n));
		put_line(out, notify_needs(n));
	}
	if (n->text != NULL) {
		put_line(out, notify_cut(n->text, 1000));
	}
	put_line(out, notify_incident(n));
	for (unsigned i = 0; n->kind == NOTICE_PLAN && i < n->votes->len && i < VOTES; i++) {
		g_autofree char *vote = notify_vote(g_ptr_array_index(n->votes, i));

		put_line(out, notify_cut(vote, 200));
	}
	for (unsigned i = 0; i < n->commits->len && i < COMMITS; i++) {
		const struct notice_commit *commit = g_ptr_array_index(n->commits, i);
		g_autofree char *subject = notify_cut(commit->subject, 120);
		g_autofree char *author = notify_cut(commit->author, 60);

		put_line(out, g_strdup_printf("%.12s %s (%s)", commit->id, subject, author));
	}
	if (n->commits_total > COMMITS) {
		int64_t more = n->commits_total - COMMITS;

		put_line(out,
			 g_strdup_printf(ngettext("and %" PRId64 " more commit",
						  "and %" PRId64 " more commits", (gulong)more),
					 more));
	}
	put_section(w, out->str);
}

/* Deletions are first in the notice. */
static void put_changes(struct json_writer *w, const struct notice *n, size_t max)
{
	g_autoptr(GString) out = g_string_new(NULL);
	int64_t shown = 0;

	for (unsigned i = 0; i < n->changes->len; i++) {
		const struct notice_change *change = g_ptr_array_index(n->changes, i);
		g_autofree char *whole = notify_change(change);
		g_autofree char *part = notify_cut(whole, CHANGE_MAX);
		g_autofree char *line = g_strconcat(i > 0 ? "\n" : "", part, NULL);

		if (out->len + strlen(line) > max) {
			break;
		}
		g_string_append(out, line);
		shown++;
	}
	if (n->changes_total > shown) {
		int64_t more = n->changes_total - shown;

		put_line(out,
			 g_strdup_printf(ngettext("and %" PRId64 " more change",
						  "and %" PRId64 " more changes", (gulong)more),
					 more));
	}
	put_section(w, out->str);
}

static void put_items(struct json_writer *w, const struct notice *n)
{
	g_autoptr(GString) out = g_string_new(NULL);

	for (unsigned i = 0; i < n->items->len && i < ITEMS; i++) {
		const struct notice_item *item = g_ptr_array_index(n->items, i);

		put_line(out,
			 g_strdup_printf("%s: %.12s", item->stack, item->plan + strlen("sha256:")));
	}
	put_section(w, out->str);
}

static void put_context(struct json_writer *w, const char *text)
{
	begin_block(w, "context");
	json_w_array(w, "elements");
	put_plain(w, NULL, text, OBJECT_MAX);
	json_w_end(w);
	json_w_end(w);
}

/* No markup is read in it, so that a diff cannot end it. */
static void put_diff(struct json_writer *w, const struct notice *n, size_t max)
{
	unsigned left = 0;
	g_autofree char *diff = notify_cut_lines(n->diff, max, &left);

	if (diff[0] != '\0') {
		begin_block(w, "rich_text");
		json_w_array(w, "elements");
		json_w_object(w, NULL);
		json_w_str(w, "type", "rich_text_preformatted");
		json_w_array(w, "elements");
		json_w_object(w, NULL);
		json_w_str(w, "type", "text");
		json_w_str(w, "text", diff);
		json_w_end(w);
		json_w_end(w);
		json_w_end(w);
		json_w_end(w);
		json_w_end(w);
	}
	if (n->diff_left > 0) {
		put_context(w, _("The diff is longer: read all of it on the review page."));
	} else if (left > 0) {
		g_autofree char *text = g_strdup_printf(
			ngettext("%u more line of the diff", "%u more lines of the diff", left),
			left);

		put_context(w, text);
	}
}

static void put_confirm(struct json_writer *w, const struct notice *n)
{
	g_autofree char *title = notify_title(n);
	g_autofree char *risk = notify_risk(n);
	g_autofree char *counts = notify_counts(n);
	g_autofree char *text = g_strdup_printf("%s. %s%s%s", title, risk != NULL ? risk : "",
						risk != NULL ? ". " : "", counts);

	json_w_object(w, "confirm");
	put_plain(w, "title", _("Approve this plan?"), 100);
	put_plain(w, "text", text, CONFIRM_MAX);
	put_plain(w, "confirm", _("Approve"), 30);
	put_plain(w, "deny", _("Cancel"), 30);
	json_w_str(w, "style", n->deletions > 0 ? "danger" : "primary");
	json_w_end(w);
}

static void begin_button(struct json_writer *w, const char *id, const char *text, const char *style)
{
	begin_block(w, "button");
	json_w_str(w, "action_id", id);
	put_plain(w, "text", text, 75);
	if (style != NULL) {
		json_w_str(w, "style", style);
	}
}

static void put_input(struct json_writer *w)
{
	json_w_object(w, "element");
	json_w_str(w, "type", "plain_text_input");
	json_w_str(w, "action_id", "text");
	json_w_bool(w, "multiline", true);
	json_w_int(w, "max_length", 500); // characters: 2000 bytes at most
}

/* Without a token no dialog can be opened: the field stands in the message itself. */
static void put_field(struct json_writer *w)
{
	begin_block(w, "input");
	json_w_str(w, "block_id", "reason");
	json_w_bool(w, "optional", true);
	put_plain(w, "label", _("Why? Only to reject"), 2000);
	put_input(w);
	json_w_end(w);
	json_w_end(w);
}

static void put_buttons(struct json_writer *w, const struct notice *n, const char *value)
{
	bool link = n->link != NULL && strlen(n->link) <= BUTTON_URL_MAX;

	if (value == NULL && !link) {
		return;
	}
	begin_block(w, "actions");
	json_w_array(w, "elements");
	if (value != NULL) {
		begin_button(w, "approve", _("Approve"), "primary");
		json_w_str(w, "value", value);
		put_confirm(w, n);
		json_w_end(w);
		begin_button(w, "reject", _("Reject"), "danger");
		json_w_str(w, "value", value);
		json_w_end(w);
	}
	if (link) {
		begin_button(w, "review", _("Review"), NULL);
		json_w_str(w, "url", n->link);
		json_w_end(w);
	}
	json_w_end(w);
	json_w_end(w);
}

/* The chat is a witness of the log. */
static void put_log(struct json_writer *w, const struct notice *n)
{
	g_autofree char *log = notify_log(n);
	g_autofree char *text =
		g_strdup_printf("%s%s%s\n%s", n->agent != NULL ? n->agent : "",
				n->plan != NULL ? "  " : "", n->plan != NULL ? n->plan : "", log);

	put_context(w, text);
}

static void put_header(struct json_writer *w, const char *title, const char *id)
{
	g_autofree char *unique = g_strndup(id != NULL ? id : "", ID_SIZE);

	begin_block(w, "header");
	if (unique[0] != '\0') {
		json_w_str(w, "block_id", unique);
	}
	put_plain(w, "text", title, HEADER_MAX);
	json_w_end(w);
}

static void put_message(struct json_writer *w, const struct notice *n,
			const struct slack_frame *frame, const struct budget *budget)
{
	g_autofree char *title = notify_title(n);
	g_autofree char *marked =
		n->reminder ? g_strdup_printf(_("Reminder: %s"), title) : g_strdup(title);

	put_header(w, marked, frame->id);
	if (n->kind == NOTICE_PLAN) {
		put_risk(w, n);
	}
	put_summary(w, n);
	if (n->kind == NOTICE_PLAN) {
		put_changes(w, n, budget->changes);
	}
	if (notice_is_open(n)) {
		put_diff(w, n, budget->diff);
	}
	put_items(w, n);
	if (frame->ask && frame->button != NULL && notice_is_open(n)) {
		put_field(w);
	}
	put_buttons(w, n, notice_is_open(n) ? frame->button : NULL);
	put_log(w, n);
}

static void put_details(struct json_writer *w, const struct notice *n,
			const struct slack_frame *frame, const struct budget *budget)
{
	(void)frame;
	put_changes(w, n, budget->changes);
	put_diff(w, n, budget->diff);
}

typedef void (*put_fn)(struct json_writer *w, const struct notice *n,
		       const struct slack_frame *frame, const struct budget *budget);

static char *finish(struct json_writer *w)
{
	autocfree char *text = NULL;
	struct assent_error err;
	size_t len;

	if (json_writer_finish(w, &text, &len, &err) != 0) {
		g_error("cannot write a message: %s", err.text); // notices are UTF-8
	}
	return g_strdup(text);
}

static size_t blocks_size(const struct notice *n, const struct slack_frame *frame, put_fn put,
			  const struct budget *budget)
{
	struct json_writer *w = json_writer_new(0);
	g_autofree char *text = NULL;

	json_w_array(w, NULL);
	put(w, n, frame, budget);
	json_w_end(w);
	text = finish(w);
	return strlen(text);
}

static void put_frame(struct json_writer *w, const struct slack_frame *frame)
{
	if (frame->channel != NULL) {
		json_w_str(w, "channel", frame->channel);
	}
	if (frame->ts != NULL) {
		json_w_str(w, "ts", frame->ts);
	}
	if (frame->thread != NULL) {
		json_w_str(w, "thread_ts", frame->thread);
	}
	if (frame->replace) {
		json_w_bool(w, "replace_original", true);
	}
	if (frame->ts == NULL && !frame->replace) {
		json_w_bool(w, "unfurl_links", false);
		json_w_bool(w, "unfurl_media", false);
	}
}

static char *write_message(const struct notice *n, const struct slack_frame *frame,
			   const char *plain, put_fn put, const struct budget *budgets,
			   size_t count)
{
	struct json_writer *w = json_writer_new(0);
	g_autofree char *text = slack_escape(plain, SLACK_TEXT_MAX);
	size_t i = 0;

	json_w_object(w, NULL);
	put_frame(w, frame);
	json_w_str(w, "text", text);
	if (frame->plain && frame->ts == NULL) {
		json_w_end(w);
		return finish(w);
	}
	json_w_array(w, "blocks"); // an empty one takes those of an earlier revision away
	if (!frame->plain) {
		while (i + 1 < count &&
		       blocks_size(n, frame, put, &budgets[i]) > SLACK_BLOCKS_MAX) {
			i++;
		}
		put(w, n, frame, &budgets[i]);
	}
	json_w_end(w);
	json_w_end(w);
	return finish(w);
}

char *slack_message(const struct notice *n, const struct slack_frame *frame)
{
	/* escaping must not cut off what stands at the end: the log's root */
	g_autofree char *plain = notify_plain(n, SLACK_TEXT_MAX);
	g_autofree char *whole = slack_escape(plain, 5 * SLACK_TEXT_MAX);

	if (strlen(whole) > SLACK_TEXT_MAX) {
		g_free(plain);
		plain = notify_plain(n, SLACK_TEXT_MAX / 5);
	}
	return write_message(n, frame, plain, put_message, message_budgets,
			     G_N_ELEMENTS(message_budgets));
}

char *slack_details(const struct notice *n, const struct slack_frame *frame)
{
	g_autofree char *plain = g_strdup_printf(_("Details of plan %s"), n->short_id);

	return write_message(n, frame, plain, put_details, details_budgets,
			     G_N_ELEMENTS(details_budgets));
}

char *slack_private(const char *text)
{
	struct json_writer *w = json_writer_new(0);
	g_autofree char *safe = slack_escape(text, SLACK_TEXT_MAX);

	json_w_object(w, NULL);
	json_w_str(w, "response_type", "ephemeral");
	json_w_bool(w, "replace_original", false);
	json_w_str(w, "text", safe);
	json_w_end(w);
	return finish(w);
}

static char *metadata(const char *button, const char *channel, const char *ts)
{
	struct json_writer *w = json_writer_new(JSON_CANONICAL);

	json_w_object(w, NULL);
	json_w_str(w, "button", button);
	json_w_str(w, "channel", channel);
	json_w_str(w, "ts", ts);
	json_w_end(w);
	return finish(w);
}

static void put_question(struct json_writer *w, const char *plan)
{
	g_autofree char *label = g_strdup_printf(_("Why is plan %s rejected?"), plan);

	begin_block(w, "input");
	json_w_str(w, "block_id", "reason");
	put_plain(w, "label", label, 2000);
	put_input(w);
	json_w_int(w, "min_length", 3);
	json_w_bool(w, "focus_on_load", true);
	json_w_end(w);
	json_w_end(w);
}

char *slack_modal(const char *trigger, const char *plan, const char *button, const char *channel,
		  const char *ts)
{
	struct json_writer *w = json_writer_new(0);
	g_autofree char *private = metadata(button, channel, ts);

	json_w_object(w, NULL);
	json_w_str(w, "trigger_id", trigger);
	json_w_object(w, "view");
	json_w_str(w, "type", "modal");
	json_w_str(w, "callback_id", "reject_reason");
	json_w_str(w, "private_metadata", private);
	put_plain(w, "title", _("Reject plan"), 24);
	put_plain(w, "submit", _("Reject"), 24);
	put_plain(w, "close", _("Cancel"), 24);
	json_w_array(w, "blocks");
	put_question(w, plan);
	json_w_end(w);
	json_w_end(w);
	json_w_end(w);
	return finish(w);
}
