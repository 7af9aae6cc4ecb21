/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Head and foot of a page, its policy, and its common words. */
#include "agent/http/page-frame.h"

#include <string.h>

#include "agent/http/style-css.h"
#include "agent/stack-say.h"
#include "base/lang.h"
#include "base/text.h"
#include "core/hash.h"

static void put_person(struct html *h, const struct page_frame *frame)
{
	g_autofree char *action = g_strconcat(frame->root, "logout", NULL);

	if (frame->person == NULL) {
		return;
	}
	html_open(h, "p", NULL);
	html_say(h, _("signed in as %s"), frame->person);
	html_close(h, "p");
	if (frame->can_leave) {
		html_open(h, "form", "class", "out", "method", "post", "action", action, NULL);
		html_void(h, "input", "type", "hidden", "name", "csrf", "value", frame->csrf, NULL);
		html_open(h, "button", "class", "quiet", NULL);
		html_text(h, _("Sign out"));
		html_close(h, "button");
		html_close(h, "form");
	}
}

static void put_header(struct html *h, const struct page_frame *frame)
{
	html_open(h, "a", "class", "skip", "href", "#main", NULL);
	html_text(h, _("To the content"));
	html_close(h, "a");
	html_open(h, "header", NULL);
	html_open(h, "p", NULL);
	html_open(h, "a", "href", frame->root, NULL);
	html_text(h, _("Assent: overview"));
	html_close(h, "a");
	html_close(h, "p");
	if (frame->agent != NULL) {
		html_open(h, "p", NULL);
		html_say(h, _("agent %s"), frame->agent);
		html_close(h, "p");
	}
	put_person(h, frame);
	html_close(h, "header");
}

struct html *page_begin(const struct page_frame *frame)
{
	struct html *h = html_new();

	html_literal(h, "<!DOCTYPE html>\n");
	html_open(h, "html", "lang", lang_current(), NULL);
	html_open(h, "head", NULL);
	html_void(h, "meta", "charset", "utf-8", NULL);
	html_void(h, "meta", "name", "viewport", "content", "width=device-width", NULL);
	html_void(h, "meta", "name", "color-scheme", "content", "light dark", NULL);
	html_leaf(h, "title", NULL, frame->title);
	html_open(h, "style", NULL);
	html_literal(h, style_css);
	html_close(h, "style");
	html_close(h, "head");
	html_open(h, "body", NULL);
	put_header(h, frame);
	html_open(h, "main", "id", "main", NULL);
	html_leaf(h, "h1", NULL, frame->title);
	return h;
}

char *page_end(struct html *h, size_t *len)
{
	html_close(h, "main");
	html_close(h, "body");
	html_close(h, "html");
	return html_finish(h, len);
}

char *page_style(void)
{
	g_autofree char *base64 = NULL;
	struct hash hash;

	hash_bytes(&hash, style_css, strlen(style_css));
	base64 = g_base64_encode(hash.bytes, sizeof(hash.bytes));
	return g_strdup_printf("'sha256-%s'", base64);
}

char *page_message(const struct page_message *message, size_t *len)
{
	struct html *h = page_begin(&message->frame);

	html_leaf(h, "p", NULL, message->text);
	if (message->detail != NULL) {
		page_english(h, "p", message->detail);
	}
	if (message->link != NULL) {
		html_open(h, "p", NULL);
		html_open(h, "a", "href", message->link, NULL);
		html_text(h, message->link_text);
		html_close(h, "a");
		html_close(h, "p");
	}
	return page_end(h, len);
}

void page_term(struct html *h, const char *name)
{
	html_leaf(h, "dt", NULL, name);
	html_open(h, "dd", NULL);
}

void page_fact(struct html *h, const char *name, const char *value)
{
	page_term(h, name);
	html_text(h, value);
	html_close(h, "dd");
}

void page_time(struct html *h, int64_t when, int64_t now)
{
	g_autofree char *stamp = stack_time(when);
	g_autofree char *local = text_time(when);
	g_autofree char *age = text_age(when, now);

	html_open(h, "time", "datetime", stamp, NULL);
	html_say(h, "%s (%s)", local, age);
	html_close(h, "time");
}

void page_plan_link(struct html *h, const char *root, const char *id)
{
	g_autofree char *brief = text_short_id(id);
	g_autofree char *href = g_strdup_printf("%splans/%s", root, brief);

	html_open(h, "a", "class", "mono", "href", href, NULL);
	html_text(h, brief);
	html_close(h, "a");
}

void page_english(struct html *h, const char *tag, const char *text)
{
	html_open(h, tag, "lang", "en", NULL);
	html_text(h, text);
	html_close(h, tag);
}

void page_table_begin(struct html *h, const char *id, const char *label, const char *const *names,
		      size_t count)
{
	html_open(h, "div", "class", "wide", "role", "region", "tabindex", "0", "aria-label", label,
		  NULL);
	html_open(h, "table", "class", "list", "id", id, NULL);
	html_open(h, "thead", NULL);
	html_open(h, "tr", NULL);
	for (size_t i = 0; i < count; i++) {
		html_open(h, "th", "scope", "col", NULL);
		html_text(h, C_("column", names[i]));
		html_close(h, "th");
	}
	html_close(h, "tr");
	html_close(h, "thead");
	html_open(h, "tbody", NULL);
}

void page_table_end(struct html *h)
{
	html_close(h, "tbody");
	html_close(h, "table");
	html_close(h, "div");
}

const char *page_action_text(const char *name)
{
	for (unsigned i = 0; plan_action_names[i] != NULL; i++) {
		if (g_strcmp0(plan_action_names[i], name) == 0) {
			return text_action((enum plan_action)i);
		}
	}
	return name;
}

const char *page_phase_text(enum stack_phase phase)
{
	static const char *const texts[] = {
		/* TRANSLATORS: said of a plan */
		[STACK_PHASE_NONE] = NC_("plan", "no plan"),
		[STACK_PHASE_OPEN] = NC_("plan", "waiting for approval"),
		[STACK_PHASE_APPLYING] = NC_("plan", "being applied"),
		[STACK_PHASE_SUPERSEDED] = NC_("plan", "superseded"),
		[STACK_PHASE_EXPIRED] = NC_("plan", "expired"),
		[STACK_PHASE_REJECTED] = NC_("plan", "rejected"),
		[STACK_PHASE_VOID] = NC_("plan", "void: the host has changed since"),
		[STACK_PHASE_APPLIED] = NC_("plan", "applied"),
		[STACK_PHASE_FAILED] = NC_("plan", "failed"),
		[STACK_PHASE_ROLLED_BACK] = NC_("plan", "failed and rolled back"),
		[STACK_PHASE_INTERRUPTED] = NC_("plan", "interrupted"),
	};

	return C_("plan", texts[phase]);
}
