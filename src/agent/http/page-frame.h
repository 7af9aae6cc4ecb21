/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * What all pages share: head, style sheet, header and footer, and the words
 * and small elements that more than one of them uses. Pages are pure functions
 * from values to text; nothing here reads the agent.
 *
 * Pages have no script and take nothing from anywhere else; links are relative,
 * so that a reverse proxy may put them below any path.
 */
#include "agent/http/html.h"
#include "agent/stack.h"
#include "core/plan.h"

/* On every page. */
struct page_frame {
	const char *title;  /* of the page, also its heading */
	const char *root;   /* relative way to the overview: "./", "../" */
	const char *agent;  /* NULL: not told to those who have not signed in */
	const char *person; /* signed in, NULL: nobody */
	const char *csrf;   /* of their forms */
	bool can_leave;	    /* by a button here, not by a proxy's page */
};

/* Up to and with the heading; more goes into <main>. */
struct html *page_begin(const struct page_frame *frame);
/* g_free() */
char *page_end(struct html *h, size_t *len);
/* The style sheet as Content-Security-Policy names it: "'sha256-...'". g_free(). */
char *page_style(void);

/* A page of one message: errors, refusals, what was done. link NULL: none. */
struct page_message {
	struct page_frame frame;
	const char *text, *detail; /* detail NULL: none; it is in English (from the agent) */
	const char *link, *link_text;
};
char *page_message(const struct page_message *message, size_t *len);

/* <dt>, and <dd> left open or filled. */
void page_term(struct html *h, const char *name);
void page_fact(struct html *h, const char *name, const char *value);
/* <time>: "2026-01-31 23:05:59 UTC (3h ago)". */
void page_time(struct html *h, int64_t when, int64_t now);
/* <a> to a plan, by its short id; root as in the frame. */
void page_plan_link(struct html *h, const char *root, const char *id);
/* A text of the agent's, which is not translated. tag: span, p ... */
void page_english(struct html *h, const char *tag, const char *text);
/* A table with these columns up to its <tbody>. It can be scrolled sideways by itself, by keyboard,
 * too, so that the page is as narrow as its screen. */
void page_table_begin(struct html *h, const char *id, const char *label, const char *const *names,
		      size_t count);
void page_table_end(struct html *h);
/* A step's action by its name; what is no action's name is given back. */
const char *page_action_text(const char *name);
/* In words. */
const char *page_phase_text(enum stack_phase phase);
