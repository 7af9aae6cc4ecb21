/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a callback of Slack must pass before anybody acts on it; in the front, too. */
#include <string.h>

#include "agent/agent.h"
#include "agent/http/call.h"
#include "agent/notify/slack.h"
#include "base/autoptr.h"
#include "base/error.h"

#define FORM "application/x-www-form-urlencoded"
#define SEEN 1024 /* callbacks that are remembered */

struct slack_door {
	struct door door;
	struct slack_keep keep;
	struct conf_notifier conf; /* name, app, team and channel; a reload frees the other one */
	uint8_t seen[SEEN][SHARED_SECRET_HMAC];
	unsigned seen_count;
};

/* The same bytes twice are no second click: each has its own time and trigger. */
static bool is_replay(const struct slack_door *d, const uint8_t mac[static SHARED_SECRET_HMAC])
{
	for (unsigned i = 0; i < MIN(d->seen_count, SEEN); i++) {
		if (memcmp(d->seen[i], mac, SHARED_SECRET_HMAC) == 0) {
			return true;
		}
	}
	return false;
}

static void remember(struct slack_door *d, const uint8_t mac[static SHARED_SECRET_HMAC])
{
	memcpy(d->seen[d->seen_count % SEEN], mac, SHARED_SECRET_HMAC);
	d->seen_count = d->seen_count + 1 == 2 * SEEN ? SEEN : d->seen_count + 1;
}

static bool read_call(const struct slack_door *d, const struct call *call,
		      uint8_t mac[static SHARED_SECRET_HMAC], struct slack_callback **out,
		      GError **error)
{
	const char *type = call_header(call, MHD_HTTP_HEADER_CONTENT_TYPE);
	g_autoptr(slack_callback_auto) c = NULL;

	if (!slack_verify(d->keep.secret, call_header(call, "X-Slack-Request-Timestamp"),
			  call_header(call, "X-Slack-Signature"), call->body->str, call->body->len,
			  agent_now(), mac, error)) {
		return false;
	}
	if (type == NULL || !call_is_type(type, FORM)) {
		return fail(error, NOTIFY_ERROR, NOTIFY_ERROR_MALFORMED,
			    "the callback is not " FORM);
	}
	if (is_replay(d, mac)) {
		return fail(error, NOTIFY_ERROR, NOTIFY_ERROR_REPLAYED,
			    "the callback has come before");
	}
	if (!slack_callback_read(call->body->str, call->body->len, &c, error) ||
	    !slack_callback_check(c, &d->conf, error)) {
		return false;
	}
	*out = g_steal_pointer(&c);
	return true;
}

bool slack_door_hear(struct slack_door *d, const struct call *call, struct slack_callback **out,
		     GError **error)
{
	uint8_t mac[SHARED_SECRET_HMAC];

	if (!read_call(d, call, mac, out, error)) {
		return false;
	}
	remember(d, mac);
	return true;
}

static void free_callback(void *callback)
{
	slack_callback_free(callback);
}

static enum door_verdict judge(struct door *door, const struct call *call, struct click **out,
			       GError **error)
{
	struct slack_door *d = (struct slack_door *)door;
	g_autoptr(slack_callback_auto) c = NULL;
	uint8_t mac[SHARED_SECRET_HMAC];
	struct click *click;
	enum slack_kind kind;
	char *kept;

	if (!read_call(d, call, mac, &c, error)) {
		return DOOR_REFUSED;
	}
	if (c->kind == SLACK_NOTHING) {
		remember(d, mac);
		return DOOR_DONE;
	}
	kept = slack_spool_put(&d->keep, call->body->str, call->body->len);
	if (kept == NULL) {
		return DOOR_LATER;
	}
	remember(d, mac);
	kind = c->kind;
	click = g_new0(struct click, 1);
	click->door = door;
	click->read = g_steal_pointer(&c);
	click->free_read = free_callback;
	click->bytes = g_memdup2(call->body->str, call->body->len);
	click->len = call->body->len;
	click->kept = kept;
	*out = click;
	/* Only a dialog shows what its answer says; who presses a button is told by a message. */
	return kind == SLACK_REASON ? DOOR_ASK : DOOR_CLICK;
}

struct slack_door *slack_door_new(struct notifier *n, const struct shared_secret *secret)
{
	g_autofree char *near = g_path_get_dirname(notify_agent(n->notify)->conf->socket);
	struct slack_door *d = g_new0(struct slack_door, 1);

	d->door = (struct door){n->ops->name, n, judge};
	d->conf.name = g_strdup(n->conf->name);
	d->conf.app = g_strdup(n->conf->app);
	d->conf.team = g_strdup(n->conf->team);
	d->conf.channel = g_strdup(n->conf->channel);
	d->keep.name = d->conf.name;
	d->keep.folder = g_build_filename(near, "clicks", NULL);
	d->keep.secret = secret;
	return d;
}

struct door *slack_door_base(struct slack_door *d)
{
	return &d->door;
}

const struct slack_keep *slack_door_keep(const struct slack_door *d)
{
	return &d->keep;
}

void slack_door_free(struct slack_door *d)
{
	if (d == NULL) {
		return;
	}
	g_free(d->keep.folder);
	g_free(d->conf.name);
	g_free(d->conf.app);
	g_free(d->conf.team);
	g_free(d->conf.channel);
	g_free(d);
}
