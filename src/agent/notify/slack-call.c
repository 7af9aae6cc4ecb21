/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Slack's Web API: requests beside the outbox, and what its answers mean. */
#include <string.h>

#include "agent/notify/slack-render.h"
#include "agent/notify/slack.h"
#include "base/autoptr.h"
#include "base/lang.h"
#include "base/log.h"

#define ERROR_MAX 200
#define PAUSE 2 /* seconds before another try, when Slack does not say */
#define PAUSE_MAX 120
#define TIMEOUT 10

static const char *const later[] = {
	"ratelimited",	   "rate_limited",	  "internal_error", "fatal_error",
	"request_timeout", "service_unavailable", "rollup_error",   NULL,
};
static const char *const payload[] = {
	"invalid_blocks",  "invalid_blocks_format",  "msg_blocks_too_long", "msg_too_long",
	"invalid_payload", "invalid_json",	     "invalid_arguments",   "no_text",
	"block_mismatch",  "markdown_text_conflict", "invalid_attachments", NULL,
};
static const char *const gone[] = {
	"message_not_found",  "cant_update_message",
	"edit_window_closed", "expired_url",
	"used_url",	      NULL,
};

static enum notifier_fate fate_of(const char *error)
{
	return g_strv_contains(later, error)	 ? NOTIFIER_LATER
	       : g_strv_contains(payload, error) ? NOTIFIER_PAYLOAD
	       : g_strv_contains(gone, error)	 ? NOTIFIER_GONE
						 : NOTIFIER_PERMANENT;
}

/* An error's name goes to the log, so it must be one. */
static void fail_by_name(const char *name, struct notifier_outcome *out)
{
	g_autofree char *error = g_strndup(name, strspn(name, G_CSET_a_2_z G_CSET_DIGITS "_"));

	out->fate = fate_of(error);
	g_free(out->problem);
	out->problem = g_strdup_printf("Slack says '%.*s'", ERROR_MAX, error);
}

/* {"ok": true, "channel": "C1", "ts": "1.5"}, or {"ok": false, "error": "..."} with HTTP 200. */
static void judge_json(struct json_doc *doc, struct notifier_outcome *out)
{
	struct json_obj o, message;
	const char *channel, *ts, *error;
	bool ok, below;

	json_doc_root(doc, &o);
	ok = json_bool(&o, "ok");
	error = json_str_opt(&o, "error", ERROR_MAX);
	channel = json_str_opt(&o, "channel", 64);
	ts = json_str_opt(&o, "ts", 64);
	below = json_obj_get_opt(&o, "message", &message) && json_has(&message, "thread_ts");
	if (json_doc_status(doc, NULL) != 0 || (!ok && error == NULL)) {
		out->fate = NOTIFIER_LATER;
		out->problem = g_strdup("the answer is not one of Slack's");
	} else if (!ok) {
		fail_by_name(error, out);
	} else {
		out->fate = NOTIFIER_DELIVERED;
		/* what stands in a thread is not the message that is kept up to date */
		out->handle = channel != NULL && ts != NULL && !below
				      ? g_strconcat(channel, "/", ts, NULL)
				      : NULL;
	}
}

void slack_judge(struct notifier *n, const struct http_received *answer,
		 struct notifier_outcome *out)
{
	g_autoptr(json_doc_auto) doc = NULL;
	bool is_text;

	(void)n;
	notify_judge(answer, out);
	if (out->fate == NOTIFIER_LATER) {
		return; // whatever a proxy has put into the body
	}
	is_text = answer->len == 0 || answer->body[0] != '{';
	if (is_text && out->fate == NOTIFIER_DELIVERED && strcmp(answer->body, "ok") == 0) {
		return; // a webhook's whole answer
	}
	if (is_text && out->fate != NOTIFIER_DELIVERED) {
		if (g_ascii_islower(answer->body[0])) {
			fail_by_name(answer->body, out); // a webhook's, with its own status
		}
		return;
	}
	g_clear_pointer(&out->problem, g_free);
	if (json_doc_parse(&doc, answer->body, answer->len, JSON_FLOATS, NULL) == 0) {
		judge_json(doc, out);
	} else {
		out->fate = NOTIFIER_LATER;
		out->problem = g_strdup("the answer is not one of Slack's");
	}
}

bool slack_handle(const char *handle, char **channel, char **ts)
{
	const char *slash = handle != NULL ? strchr(handle, '/') : NULL;

	if (slash == NULL || slash == handle || slash[1] == '\0') {
		return false;
	}
	*channel = g_strndup(handle, (size_t)(slash - handle));
	*ts = g_strdup(slash + 1);
	return true;
}

void slack_address(const struct notifier *n, const char *method, struct http_send *send)
{
	const struct slack *s = n->data;
	g_autofree char *path = g_strconcat("/", method, NULL);

	send->url = http_client_join(n->conf->url, path);
	send->headers = g_new0(char *, 2);
	send->headers[0] =
		g_strconcat("Authorization: Bearer ", shared_secret_get(s->token, NULL), NULL);
}

struct slack_call *slack_call_new(struct notifier *n, const char *what, const char *method,
				  const char *url, char *body)
{
	struct slack_call *call = g_new0(struct slack_call, 1);

	call->n = n;
	call->what = what;
	call->send.body = body;
	call->send.body_len = strlen(body);
	call->send.timeout = TIMEOUT;
	call->send.ca_file = g_strdup(n->conf->ca_file);
	if (method != NULL) {
		slack_address(n, method, &call->send);
	} else {
		call->send.url = g_strdup(url);
	}
	return call;
}

void slack_call_free(void *data)
{
	struct slack_call *call = data;

	if (call->request != 0) {
		http_client_cancel(notify_client(call->n->notify), call->request);
	}
	g_clear_handle_id(&call->timer, g_source_remove);
	http_send_clear(&call->send);
	g_free(call->response_url);
	g_free(call);
}

static void send_now(struct slack_call *call);

static gboolean on_timer(void *user)
{
	struct slack_call *call = user;

	call->timer = 0;
	send_now(call);
	return G_SOURCE_REMOVE;
}

static void give_up(struct slack_call *call, const char *problem)
{
	log_event(EV_NOTIFY_FAILED, NULL, NULL, "%s: %s was not sent: %s", call->n->conf->name,
		  call->what, problem);
	if (call->response_url != NULL) {
		char *body = slack_private(_("That did not work: Slack has refused the dialog. "
					     "Press the button again, or use the review page."));

		slack_call_start(slack_call_new(call->n, "the answer to a click", NULL,
						call->response_url, body),
				 3);
	}
}

static void on_answer(const struct http_received *answer, void *user)
{
	struct slack_call *call = user;
	struct slack *s = call->n->data;
	struct notifier_outcome outcome = {.fate = NOTIFIER_PERMANENT};
	int64_t wait;

	call->request = 0;
	slack_judge(call->n, answer, &outcome);
	wait = CLAMP(outcome.wait, PAUSE, PAUSE_MAX);
	if (outcome.fate == NOTIFIER_LATER && call->tries > 0) {
		call->timer = g_timeout_add_seconds((guint)wait, on_timer, call);
	} else {
		if (outcome.fate != NOTIFIER_DELIVERED) {
			give_up(call, outcome.problem != NULL ? outcome.problem : "");
		}
		g_ptr_array_remove_fast(s->calls, call);
	}
	notifier_outcome_clear(&outcome);
}

static void send_now(struct slack_call *call)
{
	call->tries--;
	call->request =
		http_client_send(notify_client(call->n->notify), &call->send, on_answer, call);
}

void slack_call_start(struct slack_call *call, unsigned tries)
{
	struct slack *s = call->n->data;

	call->tries = tries;
	g_ptr_array_add(s->calls, call);
	send_now(call);
}
