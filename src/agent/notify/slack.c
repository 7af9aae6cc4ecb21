/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Slack: messages with buttons, as an app's bot or by an incoming webhook. */
#include "agent/notify/slack.h"

#include <string.h>

#include "agent/notify/slack-render.h"
#include "agent/notify/slack-socket.h"
#include "base/autoptr.h"
#include "base/error.h"

static bool check(const struct conf_notifier *conf, GError **error)
{
	if ((conf->token_file != NULL) == (conf->url_file != NULL)) {
		return fail(error, BASE_ERROR, BASE_ERROR_FAILED,
			    "slack takes either 'token' or 'webhook'");
	}
	if (conf->token_file != NULL && conf->channel == NULL) {
		return fail(error, BASE_ERROR, BASE_ERROR_FAILED,
			    "slack with a 'token' needs a 'channel'");
	}
	if (conf->secret_file != NULL && (conf->team == NULL || conf->app == NULL)) {
		return fail(error, BASE_ERROR, BASE_ERROR_FAILED,
			    "slack with a 'signing-secret' needs 'team' and 'app', from which "
			    "alone clicks count");
	}
	if (conf->app_token_file != NULL &&
	    (conf->token_file == NULL || conf->secret_file == NULL)) {
		return fail(error, BASE_ERROR, BASE_ERROR_FAILED,
			    "slack with an 'app-token' needs 'token' and 'signing-secret'");
	}
	if (conf->app_token_file != NULL && !slack_socket_is_built()) {
		return fail(error, BASE_ERROR, BASE_ERROR_FAILED,
			    "slack has an 'app-token', but this assentd was built without Socket "
			    "Mode");
	}
	return true;
}

static bool load(const char *file, struct shared_secret **out, GError **error)
{
	return file == NULL || shared_secret_load(file, out, error);
}

static void slack_close(struct notifier *n)
{
	struct slack *s = n->data;

	slack_socket_close(s->socket);
	slack_door_free(s->door);
	g_clear_pointer(&s->kept, g_ptr_array_unref);
	g_ptr_array_unref(s->works);
	g_ptr_array_unref(s->calls);
	shared_secret_free(s->token);
	shared_secret_free(s->webhook);
	shared_secret_free(s->secret);
	shared_secret_free(s->app_token);
	g_free(s->plan);
	g_free(s);
	n->data = NULL;
}

static bool slack_open(struct notifier *n, GError **error)
{
	struct slack *s = g_new0(struct slack, 1);
	bool ok = load(n->conf->token_file, &s->token, error) &&
		  load(n->conf->url_file, &s->webhook, error) &&
		  load(n->conf->secret_file, &s->secret, error) &&
		  load(n->conf->app_token_file, &s->app_token, error);

	n->data = s;
	s->calls = g_ptr_array_new_with_free_func(slack_call_free);
	s->works = g_ptr_array_new_with_free_func(slack_work_drop);
	if (ok && s->webhook != NULL && !http_client_is_url(shared_secret_get(s->webhook, NULL))) {
		ok = fail(error, BASE_ERROR, BASE_ERROR_MALFORMED,
			  "the file of 'webhook' does not hold an https:// address");
	}
	if (!ok) {
		slack_close(n);
		return false;
	}
	if (s->app_token != NULL) {
		s->socket = slack_socket_open(n, s->app_token);
	}
	n->caps |= s->token != NULL ? NOTIFIER_UPDATE | NOTIFIER_THREAD : 0;
	return true;
}

static struct door *open_door(struct notifier *n)
{
	struct slack *s = n->data;

	if (s->secret == NULL) {
		return NULL;
	}
	if (s->door == NULL) {
		s->door = slack_door_new(n, s->secret);
	}
	g_clear_pointer(&s->kept, g_ptr_array_unref);
	s->kept = slack_spool_names(slack_door_keep(s->door));
	return slack_door_base(s->door);
}

/* Only where a click can count. */
static bool has_buttons(const struct notifier *n, const struct notice *notice)
{
	const struct slack *s = n->data;

	return s->secret != NULL && notice_is_open(notice) && notice_accepts(notice, n->ops->name);
}

static void fill(struct notifier *n, const struct notice *notice, struct slack_frame *frame,
		 const char *method, struct notifier_message *out)
{
	const struct slack *s = n->data;
	char value[SLACK_BUTTON_SIZE];

	frame->id = out->id;
	frame->plain = out->plain;
	frame->ask = s->token == NULL;
	if (has_buttons(n, notice)) {
		slack_value(n, notice->plan, value);
		frame->button = value;
	}
	out->send.body = slack_message(notice, frame);
	out->send.body_len = strlen(out->send.body);
	frame->button = NULL;
	if (s->webhook != NULL) {
		out->send.url = g_strdup(shared_secret_get(s->webhook, NULL));
	} else {
		slack_address(n, method, &out->send);
	}
}

static bool slack_announce(struct notifier *n, const struct notice *notice,
			   struct notifier_message *out, GError **error)
{
	struct slack *s = n->data;
	g_autofree char *channel = NULL;
	g_autofree char *ts = NULL;
	struct slack_frame frame = {0};

	(void)error;
	g_clear_pointer(&s->plan, g_free);
	if (s->token != NULL) {
		frame.channel = n->conf->channel;
		if (notice->reminder && slack_handle(out->handle, &channel, &ts)) {
			frame.thread = ts;
		} else if (notice_is_open(notice) && !out->plain) {
			s->plan = g_strdup(notice->plan);
		}
	}
	fill(n, notice, &frame, "chat.postMessage", out);
	return true;
}

static bool slack_refresh(struct notifier *n, const struct notice *notice,
			  struct notifier_message *out, GError **error)
{
	struct slack *s = n->data;
	g_autofree char *channel = NULL;
	g_autofree char *ts = NULL;
	struct slack_frame frame = {0};

	if (s->token == NULL || !slack_handle(out->handle, &channel, &ts)) {
		return slack_announce(n, notice, out, error);
	}
	g_clear_pointer(&s->plan, g_free);
	frame.channel = channel;
	frame.ts = ts;
	fill(n, notice, &frame, "chat.update", out);
	return true;
}

/* More than the message holds, below it. Beside the outbox: whoever misses it has the message. */
static void send_details(struct notifier *n, const char *plan, const char *handle)
{
	g_autofree char *channel = NULL;
	g_autofree char *ts = NULL;
	g_autoptr(notice_auto) notice = NULL;

	if (slack_handle(handle, &channel, &ts) && notify_view(n->notify, plan, &notice)) {
		struct slack_frame frame = {.channel = channel, .thread = ts};

		slack_call_start(slack_call_new(n, "a plan's details", "chat.postMessage", NULL,
						slack_details(notice, &frame)),
				 5);
	}
}

static void judge(struct notifier *n, const struct http_received *answer,
		  struct notifier_outcome *out)
{
	struct slack *s = n->data;
	g_autofree char *plan = g_steal_pointer(&s->plan);

	slack_judge(n, answer, out);
	if (out->fate == NOTIFIER_DELIVERED && plan != NULL && out->handle != NULL) {
		send_details(n, plan, out->handle);
	}
}

const struct notifier_ops notifier_slack = {
	.name = "slack",
	.caps = NOTIFIER_BUTTONS,
	.check = check,
	.open = slack_open,
	.close = slack_close,
	.announce = slack_announce,
	.refresh = slack_refresh,
	.judge = judge,
	.on_http = slack_on_http,
	.door = open_door,
	.on_click = slack_on_click,
	.settle = slack_settle,
	.resume = slack_spool_resume,
};
