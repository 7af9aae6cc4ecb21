/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * Mattermost's notifier in its parts: mattermost.c tells, hears clicks and
 * decides, mattermost-dialog.c asks for the reason of a rejection. Nobody else
 * includes this.
 *
 * The dialog is one of the Mattermost server, which a bot alone can open, with
 * the trigger of a click. What comes back holds the state that we gave, which
 * everybody can make the server send: its MAC binds it to plan and user, and
 * who the user is the server says.
 */
#include <glib.h>
#include <stdbool.h>

#include "agent/notify/notify.h"
#include "base/shared-secret.h"
#include "core/json.h"

#define MATTERMOST_ID_MAX 64
#define MATTERMOST_MAC_SIZE (SHARED_SECRET_HMAC * 2 + 1)

/* n->data */
struct mattermost {
	struct shared_secret *webhook, *token, *secret; /* NULL: not given */
	GPtrArray *calls; /* requests of mattermost-dialog.c under way */
};

/* What a click or a dialog says; borrowed from its documents. */
struct mattermost_click {
	const char *user, *name, *post, *channel, *team;
	const char *trigger; /* of a click: opens a dialog; NULL: none */
	const char *notifier, *plan, *verdict, *mac;
	const char *reason;	/* of a dialog; NULL: it is a click */
	bool cancelled;		/* a dialog that was shut: nothing shall be done */
	struct json_doc *state; /* of a dialog; json_doc_free() */
};

bool mattermost_is_dialog(const struct json_obj *o);
/* Reads what the server sends when a dialog is submitted. */
bool mattermost_dialog_read(struct json_doc *doc, struct json_obj *o, struct mattermost_click *out,
			    GError **error);
/* Did self open it for this user? */
bool mattermost_dialog_check(struct notifier *self, const struct mattermost_click *c,
			     GError **error);
/* Opens the dialog for whoever has clicked; a failure is told to the operators and in the
 * channel. */
void mattermost_ask(struct notifier *self, const struct mattermost_click *c);
/* For the array of calls. */
void mattermost_call_free(void *call);
/* Sets where and how a bot asks the server for path. */
void mattermost_address(const struct notifier *self, const char *path, struct http_send *send);
bool mattermost_is_id(const char *text);
