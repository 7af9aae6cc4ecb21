/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * Slack's forms of a notice: Block Kit as JSON, within Slack's limits. Pure.
 *
 * What is from outside stands in plain_text and rich_text_preformatted, which
 * Slack does not read as markup; where markup is read, & < > are escaped, which
 * disarms mentions and links too. Each message has a complete text besides the
 * blocks: notifications and screen readers take that one.
 *
 * All results are g_free()d.
 */
#include <glib.h>
#include <stdbool.h>

#include "agent/notify/notice.h"

#define SLACK_BLOCKS_MAX 9500 /* bytes of all blocks; Slack's own limit is near 13,000 */
#define SLACK_TEXT_MAX 3900   /* bytes of text; chat.update refuses more than 4,000 */

/* What of a message is not in the notice. */
struct slack_frame {
	const char *channel; /* NULL: an incoming webhook has its own */
	const char *ts;	     /* of the message to be changed, NULL: a new one */
	const char *thread;  /* of the message below which it stands, NULL: none */
	const char *button;  /* value of approve and reject, NULL: no buttons */
	const char *id;	     /* block_id of its first block, another for each revision */
	bool ask;	     /* with a field for the reason, where no dialog can be opened */
	bool replace;	     /* an answer to a click: changes the clicked message */
	bool plain;	     /* no blocks */
};
char *slack_message(const struct notice *notice, const struct slack_frame *frame);
/* What stands in the thread: every listed change and more of the diff. */
char *slack_details(const struct notice *notice, const struct slack_frame *frame);
/* An answer to a click that only the clicking person sees. */
char *slack_private(const char *text);
/* The dialog that asks why, as views.open wants it. plan: as people see it. */
char *slack_modal(const char *trigger, const char *plan, const char *button, const char *channel,
		  const char *ts);
/* text for places where markup is read, at most max bytes. */
char *slack_escape(const char *text, size_t max);
