/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * Slack's notifier in its parts: slack.c tells, slack-door.c judges callbacks,
 * slack-click.c acts on them, slack-call.c sends what is not a notice,
 * slack-spool.c keeps what was answered until it is done; see slack-render.h and
 * slack-callback.h for what is pure. Nobody else includes this.
 */
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "agent/notify/door.h"
#include "agent/notify/notify.h"
#include "agent/notify/slack-callback.h"
#include "base/shared-secret.h"

/* n->data */
struct slack {
	struct shared_secret *token, *webhook; /* one of both */
	struct shared_secret *secret;	       /* NULL: no buttons */
	struct shared_secret *app_token;       /* of Socket Mode, NULL: none */
	struct slack_socket *socket;	       /* NULL: none */
	char *plan;	  /* announced by the message under way, NULL: nothing that has details */
	GPtrArray *calls; /* struct slack_call under way */
	GPtrArray *works; /* struct slack_work: answered, but not yet done */
	struct slack_door *door; /* NULL: no buttons */
	GPtrArray *kept;	 /* names of what was kept when the door was opened */
};

struct slack_work;
/* What Slack gets at once, whatever comes of a click. */
struct slack_answer {
	char *body;		 /* JSON, NULL: empty */
	char *note;		 /* why it was refused, for the log; NULL: it was not */
	const char *spool;	 /* where the click is kept already; NULL: nowhere */
	bool gone;		 /* Slack has its answer already: what it had to say is told */
	bool closing;		 /* nothing can be sent any more: what is no decision is left */
	struct slack_work *work; /* the decision that follows, NULL: none; borrowed */
};
/* What was judged and read: takes callback; nothing here waits. bytes: as they came, for the
 * evidence. out: cleared, but for spool, gone and closing. */
void slack_take(struct notifier *n, struct slack_callback *callback, const void *bytes, size_t len,
		struct slack_answer *out);
void slack_answer_clear(struct slack_answer *answer);
bool slack_on_http(struct notifier *n, struct call *call, GError **error);
void slack_on_click(struct notifier *n, struct click *click, bool closing);
/* Only whoever clicked sees it. */
void slack_tell(struct notifier *n, const struct slack_callback *callback, const char *text);
void slack_settle(struct notifier *n);
void slack_work_drop(void *work);

/*
 * What judges callbacks, in the front or in the main loop: under the lock of the
 * doors from slack_door_base() being added until it is no more.
 */
struct slack_door;
/* secret is borrowed. */
struct slack_door *slack_door_new(struct notifier *n, const struct shared_secret *secret);
void slack_door_free(struct slack_door *d);
struct door *slack_door_base(struct slack_door *d);
/* Signature, clock, replay, form, and whence it comes: once. */
bool slack_door_hear(struct slack_door *d, const struct call *call, struct slack_callback **out,
		     GError **error) G_GNUC_WARN_UNUSED_RESULT;

/*
 * Decisions that were answered and are not made yet, each in a file beside the agent's socket:
 * memory, which no slow disk delays, and which outlives the agent. Each file has a MAC, since what
 * stands there is counted again. All that fails is told to the operators.
 */
struct slack_keep {
	const char *name; /* of the notifier */
	char *folder;
	const struct shared_secret *secret;
};
const struct slack_keep *slack_door_keep(const struct slack_door *d);
/* The file's path, g_free(); NULL when there is none. */
char *slack_spool_put(const struct slack_keep *keep, const void *bytes, size_t len);
/* What is kept now, in the order in which it was answered. */
GPtrArray *slack_spool_names(const struct slack_keep *keep);
void slack_spool_drop(const char *path);
/* Each is judged as if it came now; one that is too old for that is told to whoever clicked. */
void slack_spool_resume(struct notifier *n);

/* The value of a plan's buttons of this notifier. */
void slack_value(const struct notifier *n, const char *plan, char out[static SLACK_BUTTON_SIZE]);

/* A request beside the outbox: tried again a few times, then told to the operators. */
struct slack_call {
	struct notifier *n;
	struct http_send send;
	const char *what; /* for the log: "the answer to a click" */
	unsigned tries;	  /* that are left */
	unsigned request;
	guint timer;
	char *response_url; /* where to say that it has failed, NULL: nowhere */
};
/* All is taken; body is g_free()d. method: of the Web API, url: another address (one is NULL). */
struct slack_call *slack_call_new(struct notifier *n, const char *what, const char *method,
				  const char *url, char *body);
void slack_call_start(struct slack_call *call, unsigned tries);
void slack_call_free(void *call);
/* Sets where and how the Web API is asked for method. */
void slack_address(const struct notifier *n, const char *method, struct http_send *send);
/* What an answer of the Web API, a webhook or a response_url means. */
void slack_judge(struct notifier *n, const struct http_received *answer,
		 struct notifier_outcome *out);
/* The two parts of a handle; g_free() both. False when it is none of ours. */
bool slack_handle(const char *handle, char **channel, char **ts);
