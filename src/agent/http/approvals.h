/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * Decisions by one-time token and by chats' buttons (TCP), and what makes,
 * lists and revokes tokens (the socket).
 */
#include "agent/http/call.h"

/* POST /v1/approvals: {token, verdict, person, reason} */
struct approvals_answer {
	const char *token, *verdict; /* borrowed from the document */
	const char *person, *reason; /* NULL: not given */
};
bool approvals_read(struct json_doc *doc, struct approvals_answer *out, struct assent_error *err);
void approvals_post(struct call *call);
/* POST /mattermost; POST /mattermost/dialog */
void approvals_mattermost(struct call *call);
/* POST /slack/interactive */
void approvals_slack(struct call *call);
/* GET /v1/tokens; POST /v1/tokens {plan, channel, person}; POST /v1/tokens/ID/revoke */
void approvals_list(struct call *call);
void approvals_issue(struct call *call);
void approvals_revoke(struct call *call);
