/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * What Slack sends when somebody presses a button or submits a form: judged and
 * read, nothing more. Pure.
 *
 *	slack_verify(secret, timestamp, signature, body, len, now, mac, &error)
 *	slack_callback_read(body, len, &callback, &error)
 *	slack_callback_check(callback, conf, &error)     whence it comes
 *	slack_callback_free(callback)
 *
 * The signature is over the bytes as they came, so it is judged before any of
 * them is decoded. Errors are NOTIFY_ERROR_*. Strings belong to the callback;
 * none of it is to be believed before slack_callback_check().
 */
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/conf.h"
#include "base/shared-secret.h"

#define SLACK_BODY_MAX ((size_t)256 << 10)
#define SLACK_WINDOW 300     /* seconds, to both sides */
#define SLACK_BUTTON_SIZE 44 /* of a button's value, with the final NUL */

enum slack_kind {
	SLACK_NOTHING, /* links and dialogs that were closed: to be acknowledged only */
	SLACK_APPROVE,
	SLACK_REJECT,
	SLACK_REASON, /* the dialog was sent */
};
struct slack_callback {
	struct json_doc *doc;
	struct json_doc *metadata; /* of the dialog: what slack_modal() wrote */
	enum slack_kind kind;
	const char *app, *team, *user, *user_team, *name, *channel;
	const char *message_ts, *action_ts; /* action_ts "" for a dialog */
	const char *button;		    /* the value of the one that was pressed */
	const char *trigger, *response_url; /* NULL: none */
	const char *reason;		    /* of SLACK_REASON, or of the message; NULL: no field */
};

/* What comes by a socket instead (Socket Mode). */
enum slack_frame_type { SLACK_HELLO, SLACK_DISCONNECT, SLACK_ENVELOPE };
struct slack_envelope {
	enum slack_frame_type type;
	char *id;			 /* to be acknowledged, NULL: it is not */
	char *reason;			 /* of a disconnect, NULL: none */
	struct slack_callback *callback; /* NULL: nothing for us */
	GError *problem;		 /* why there is none, although there should be */
};

/* mac receives the signature, by which a replay is known. */
bool slack_verify(const struct shared_secret *secret, const char *timestamp, const char *signature,
		  const void *body, size_t len, int64_t now, uint8_t mac[static SHARED_SECRET_HMAC],
		  GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool slack_callback_read(const char *body, size_t len, struct slack_callback **out, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
bool slack_callback_check(const struct slack_callback *callback, const struct conf_notifier *conf,
			  GError **error) G_GNUC_WARN_UNUSED_RESULT;
void slack_callback_free(struct slack_callback *callback);
/* False when it is not even an envelope. */
bool slack_envelope_read(const char *text, size_t len, struct slack_envelope *out, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
void slack_envelope_clear(struct slack_envelope *envelope);
/* What the agent keeps of it beside the vote: canonical JSON without secrets. g_free(). */
char *slack_evidence(const struct slack_callback *callback, const void *body, size_t len);
/* The value of a plan's buttons in a channel: nothing can be read from it, and nobody without the
 * signing secret can make one. It is worth nothing without a signed callback. */
void slack_button(const struct shared_secret *secret, const char *plan, const char *channel,
		  char out[static SLACK_BUTTON_SIZE]);
/* Is this address one of Slack's that takes answers to a click? The only host is hooks.slack.com,
 * or that of base (NULL: none), a server of tests on this host. */
bool slack_is_response_url(const char *url, const char *base);

typedef struct slack_callback slack_callback_auto;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(slack_callback_auto, slack_callback_free)
