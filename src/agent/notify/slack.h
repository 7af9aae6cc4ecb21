/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * Slack's notifier in its parts: slack.c tells, slack-click.c hears and answers,
 * slack-call.c sends what is not a notice, slack-spool.c keeps what was answered
 * until it is done; see slack-render.h and
 * slack-callback.h for what is pure. Nobody else includes this.
 */
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "agent/notify/notify.h"
#include "agent/notify/slack-callback.h"
#include "base/shared-secret.h"

#define SLACK_SEEN 1024 /* callbacks that are remembered */

/* n->data */
struct slack {
	struct shared_secret *token, *webhook; /* one of both */
	struct shared_secret *secret;	       /* NULL: no buttons */
	struct shared_secret *app_token;       /* of Socket Mode, NULL: none */
	struct slack_socket *socket;	       /* NULL: none */
	char *plan;	  /* announced by the message under way, NULL: nothing that has details */
	GPtrArray *calls; /* struct slack_call under way */
	GPtrArray *works; /* struct slack_work: answered, but not yet done */
	uint8_t seen[SLACK_SEEN][SHARED_SECRET_HMAC];
	unsigned seen_count;
};

struct slack_work;
/* What Slack gets at once, whatever comes of a click. */
struct slack_answer {
	char *body;		 /* JSON, NULL: empty */
	char *note;		 /* why it was refused, for the log; NULL: it was not */
	const char *spool;	 /* where the click is kept already; NULL: nowhere */
	struct slack_work *work; /* the decision that follows, NULL: none; borrowed */
};
/* What was judged and read: takes callback; nothing here waits. bytes: as they came, for the
 * evidence. out: cleared, but for spool. */
void slack_take(struct notifier *n, struct slack_callback *callback, const void *bytes, size_t len,
		struct slack_answer *out);
void slack_answer_clear(struct slack_answer *answer);
bool slack_on_http(struct notifier *n, struct call *call, GError **error);
/* Only whoever clicked sees it. */
void slack_tell(struct notifier *n, const struct slack_callback *callback, const char *text);
void slack_settle(struct notifier *n);
void slack_work_drop(void *work);

/*
 * Decisions that were answered and are not made yet, each in a file beside the agent's socket:
 * memory, which no slow disk delays, and which outlives the agent. Each file has a MAC, since what
 * stands there is counted again. All that fails is told to the operators.
 */
/* The file's path, g_free(); NULL when there is none. */
char *slack_spool_put(const struct notifier *n, const void *bytes, size_t len);
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
