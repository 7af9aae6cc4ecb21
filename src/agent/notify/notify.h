/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * Telling people, and hearing them: one interface for all systems.
 *
 * To add a system:
 *  1. one file notify/NAME.c with a const struct notifier_ops notifier_NAME;
 *  2. its line in the table of notify.c and here;
 *  3. its rows "notify.*.NAME" and below in base/conf-table.c, with fields of
 *     struct conf_notifier (add one there when none fits);
 *  4. announce() and refresh() fill a request from a notice and nothing else:
 *     no clock, no network, so that tests render without either; limits are
 *     kept with notify/text.h; when there is nothing to send, leave url NULL;
 *  5. judge() says what an answer means; the outbox does the rest (durable,
 *     ordered, retried, grouped); a system that is called back has on_http();
 *  6. tests/unit/test-NAME.c, a section of doc/notify.md and of assentd.yaml(5).
 *
 * Notices are not the record: whatever fails here is told by log_event() and
 * stops nothing.
 */
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "agent/notify/notice.h"
#include "base/conf.h"
#include "base/http-client.h"

struct agent;
struct call;
struct click;
struct door;
struct notify;

/* What a system can do; the outbox and the renderers of links go by it. */
enum notifier_caps {
	NOTIFIER_BUTTONS = 1 << 0, /* people decide in it, by on_http() or by token */
	NOTIFIER_UPDATE = 1 << 1,  /* a message can be changed in place: refresh() */
	NOTIFIER_EVENTS = 1 << 2,  /* takes every state as an event of its own: refresh() */
	NOTIFIER_THREAD = 1 << 3,  /* reminders go below the message, not beside it */
	/* without UPDATE and EVENTS: announced anew when a plan ends or an incident resolves */
};

/* One entry of the configuration's notify: list. */
struct notifier {
	const struct notifier_ops *ops;
	const struct conf_notifier *conf; /* of agent->conf */
	struct notify *notify;
	/* of the HTTP listener, without a slash at its end; NULL: there is none */
	const char *public_url;
	unsigned caps; /* ops->caps; open() may change them by the configuration */
	void *data;    /* ops' own, from open() to close() */
};

/* A request to be sent; strings are owned, body and headers are wiped when cleared. */
struct notifier_message {
	struct http_send send;
	const char *handle; /* of refresh(): what judge() kept, NULL before */
	char id[48];	    /* of this message and state, the same at each retry */
	int64_t now;	    /* of the attempt */
	bool first;	    /* nothing was delivered for this plan or incident yet */
	bool plain;	    /* the system refused the rich form: one plain text, please */
	/* A one-time token for this plan, bound to channel and person (NULL: any), the same at
	 * each retry; NULL when none can be made. Borrowed until the message is cleared. */
	const char *(*token)(struct notifier_message *message, const char *person);
	void *token_user;
};

/* What became of a request. */
enum notifier_fate {
	NOTIFIER_DELIVERED,
	NOTIFIER_LATER,	    /* 429, 5xx, network: again, after *wait seconds when it is not 0 */
	NOTIFIER_PAYLOAD,   /* the form was refused: once again as plain text */
	NOTIFIER_PERMANENT, /* the configuration is wrong: told once, not tried again */
	NOTIFIER_GONE,	    /* refresh(): the message is no more: announce() anew */
};
struct notifier_outcome {
	enum notifier_fate fate;
	char *handle;  /* DELIVERED: for refresh(), kept on disk, no secret; NULL keeps the old */
	char *problem; /* else: for the operators' log, without anything secret */
	int64_t wait;  /* LATER: what Retry-After said, 0: nothing */
};
void notifier_outcome_clear(struct notifier_outcome *outcome);

struct notifier_ops {
	const char *name; /* in the configuration, and the channel of its decisions */
	unsigned caps;
	/* What the table of keys cannot say; error names the key. NULL: nothing. */
	bool (*check)(const struct conf_notifier *conf, GError **error);
	/* Reads secrets into n->data. A failure leaves this notifier out until a reload. */
	bool (*open)(struct notifier *n, GError **error);
	void (*close)(struct notifier *n);
	bool (*announce)(struct notifier *n, const struct notice *notice,
			 struct notifier_message *out, GError **error);
	bool (*refresh)(struct notifier *n, const struct notice *notice,
			struct notifier_message *out, GError **error);
	void (*judge)(struct notifier *n, const struct http_received *answer,
		      struct notifier_outcome *out);
	/* A callback from outside (call->web). True when it was answered; false, with an error of
	 * NOTIFY_ERROR that names the reason, when it is not this notifier's or is refused: then
	 * the next one of the same name is asked, and after the last the refusal is logged and
	 * sent. NULL: none. */
	bool (*on_http)(struct notifier *n, struct call *call, GError **error);
	/* For callbacks that are to be answered at once, see door.h: this one's door, until
	 * close(); NULL: it has none. What is kept at this moment is what resume() takes up, since
	 * the doors before are shut, and nobody has come by this one since. NULL: on_http() is
	 * all. */
	struct door *(*door)(struct notifier *n);
	/* What came by it; the call is answered and returned when there is one. closing: settle()
	 * comes next, so what is no decision stays where it is kept. */
	void (*on_click)(struct notifier *n, struct click *click, bool closing);
	/* What was answered and is not yet done is done now, or kept for resume(): close() comes
	 * next. NULL: there is never any. */
	void (*settle)(struct notifier *n);
	/* Takes up what was kept, by settle() or by a crash; after door(). NULL: nothing is. */
	void (*resume)(struct notifier *n);
};

/* The systems; ends with NULL. */
extern const struct notifier_ops *const notifiers[];
extern const struct notifier_ops notifier_mattermost;
extern const struct notifier_ops notifier_ntfy;
extern const struct notifier_ops notifier_slack;
extern const struct notifier_ops notifier_webhook;
/* judge() by the status alone, as HTTP means it: 2xx delivered; 408, 425, 429, 5xx and silence
 * later; 400, 413 and 422 the form; everything else permanent. */
void notify_judge(const struct http_received *answer, struct notifier_outcome *out);
const struct notifier_ops *notifier_ops_find(const char *name);

#define NOTIFY_ERROR notify_error_quark()
GQuark notify_error_quark(void);
enum notify_error {
	NOTIFY_ERROR_MALFORMED,
	NOTIFY_ERROR_FORGED,   /* signature or secret does not fit */
	NOTIFY_ERROR_LATE,     /* too old */
	NOTIFY_ERROR_EARLY,    /* from the future */
	NOTIFY_ERROR_REPLAYED, /* seen before */
	NOTIFY_ERROR_FOREIGN_TEAM,
	NOTIFY_ERROR_FOREIGN_APP,
	NOTIFY_ERROR_FOREIGN_CHANNEL,
	NOTIFY_ERROR_UNKNOWN_PERSON, /* nobody has this chat id */
	NOTIFY_ERROR_TOKEN_UNKNOWN,
	NOTIFY_ERROR_TOKEN_USED,
	NOTIFY_ERROR_TOKEN_REVOKED,
	NOTIFY_ERROR_TOKEN_EXPIRED,
	NOTIFY_ERROR_TOKEN_PERSON,  /* it is another person's */
	NOTIFY_ERROR_TOKEN_VERDICT, /* it rejects and no more */
	NOTIFY_ERROR_TOKEN_PLAN,    /* its plan is unknown or gone */
	NOTIFY_ERROR_NOT_CONFIGURED,
};
extern const char *const notify_error_names[]; /* "malformed", "forged", ... */

/* Reads the state folder, opens the configured notifiers and tells what is new since the last time.
 * Problems of single notifiers are logged. */
bool notify_open(struct agent *agent, struct notify **out, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
void notify_close(struct notify *notify);
/* Before agent_reload(): people who were answered have decided under the old configuration. */
void notify_settle(struct notify *notify);
/* After an agent_reload() that failed: nothing is closed, and what was kept is taken up here. */
void notify_resume(struct notify *notify);
/* After agent_reload(). */
void notify_reload(struct notify *notify);
/* What became of its messages so far; NULL: it had none. */
const struct tally_notices *notify_tally(const struct notify *notify, const char *name);
unsigned notify_waiting(const struct notify *notify);
struct agent *notify_agent(const struct notify *notify);
struct http_client *notify_client(const struct notify *notify); /* for calls beside the outbox */
struct tokens *notify_tokens(const struct notify *notify);
/* A callback for the system of this name; answers call. */
void notify_http(struct notify *notify, const char *name, struct call *call);
/* Answers a callback that is refused, and tells the operators why; by any thread. */
void notify_refuse(struct call *call, const char *name, const GError *error);
/* The plan's message shows already what the log says now, by the answer to a click. */
void notify_shown(struct notifier *n, const char *plan);
/* The plan as it stands now; false when it cannot be shown. */
bool notify_view(struct notify *notify, const char *plan, struct notice **out);
/* A decision that the agent attests: decide() with the channel, then the stack looks again.
 * evidence: JSON without secrets. plan_out may be NULL. */
bool notify_decide(struct notify *notify, const char *channel, const char *plan, const char *person,
		   const char *verdict, const char *reason, const char *evidence,
		   const struct fold_plan **plan_out, GError **error) G_GNUC_WARN_UNUSED_RESULT;
