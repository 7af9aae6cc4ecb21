/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Judges and reads what Slack sends after a click. */
#include "agent/notify/slack-callback.h"

#include <inttypes.h>
#include <sodium.h>
#include <string.h>

#include "agent/notify/notify.h"
#include "base/autoptr.h"
#include "base/error.h"
#include "base/http-client.h"
#include "core/hash.h"
#include "core/json.h"
#include "core/statement.h"
#include "core/text.h"

#define ID_MAX 64
#define NAME_MAX 255
#define URL_MAX 3000
#define METADATA_MAX 3000
#define ENVELOPE_MAX 255
#define TIME_MAX INT64_C(99999999999) /* of a timestamp: eleven digits */
#define HOOKS "https://hooks.slack.com/"

static bool malformed(GError **error, const char *problem)
{
	return fail(error, NOTIFY_ERROR, NOTIFY_ERROR_MALFORMED, "%s", problem);
}

static bool is_in_window(uint64_t stamp, int64_t now, GError **error)
{
	int64_t age = now - (int64_t)stamp;

	if (age > SLACK_WINDOW) {
		return fail(error, NOTIFY_ERROR, NOTIFY_ERROR_LATE,
			    "the callback is %" PRId64 " seconds old", age);
	}
	if (age < -SLACK_WINDOW) {
		return fail(error, NOTIFY_ERROR, NOTIFY_ERROR_EARLY,
			    "the callback is %" PRId64 " seconds ahead of the clock", -age);
	}
	return true;
}

bool slack_verify(const struct shared_secret *secret, const char *timestamp, const char *signature,
		  const void *body, size_t len, int64_t now, uint8_t mac[static SHARED_SECRET_HMAC],
		  GError **error)
{
	char expected[3 + 2 * SHARED_SECRET_HMAC + 1] = "v0=";
	uint64_t stamp;

	if (timestamp == NULL || signature == NULL) {
		return malformed(error, "the callback is not signed");
	}
	if (!text_decimal(&stamp, timestamp, strlen(timestamp), TIME_MAX)) {
		return malformed(error, "the callback's timestamp is no number");
	}
	shared_secret_hmac(secret,
			   (const struct shared_secret_piece[]){
				   {"v0:", 3},
				   {timestamp, strlen(timestamp)},
				   {":", 1},
				   {body, len},
			   },
			   4, mac);
	sodium_bin2hex(expected + 3, sizeof(expected) - 3, mac, SHARED_SECRET_HMAC);
	/* the clock is looked at last: what is forged is called forged, however old it claims */
	if (strlen(signature) != strlen(expected) ||
	    sodium_memcmp(signature, expected, strlen(expected)) != 0) {
		return fail(error, NOTIFY_ERROR, NOTIFY_ERROR_FORGED,
			    "the callback's signature does not fit");
	}
	return is_in_window(stamp, now, error);
}

/* "payload=" and percent-encoded JSON: one field and no other. */
static char *decode(const char *body, size_t len, GError **error)
{
	g_autofree char *raw = NULL;
	char *text;

	if (len < 8 || memcmp(body, "payload=", 8) != 0 || memchr(body, '&', len) != NULL ||
	    memchr(body, '\0', len) != NULL) {
		malformed(error, "the callback's body is not one field 'payload'");
		return NULL;
	}
	raw = g_strndup(body + 8, len - 8);
	g_strdelimit(raw, "+", ' ');
	text = g_uri_unescape_string(raw, NULL);
	if (text == NULL) {
		malformed(error, "the callback's field 'payload' is not percent-encoded");
	}
	return text;
}

/* The member name of the object name of o, NULL when one of both is absent. */
static const char *inner(struct json_obj *o, const char *object, const char *name, size_t max)
{
	struct json_obj child;

	return json_obj_get_opt(o, object, &child) ? json_str_opt(&child, name, max) : NULL;
}

static void read_user(struct json_obj *o, struct slack_callback *c)
{
	struct json_obj user;

	if (!json_obj_get(o, "user", &user)) {
		return;
	}
	c->user = json_str(&user, "id", ID_MAX);
	c->user_team = json_str_opt(&user, "team_id", ID_MAX);
	c->name = json_str_opt(&user, "username", NAME_MAX);
	if (c->name == NULL) {
		c->name = json_str_opt(&user, "name", NAME_MAX);
	}
}

/* {"values": {"reason": {"text": {"value": "..."}}}}, as slack_modal() names them; the field is
 * empty as null. NULL: there is no such field. */
static const char *read_reason(struct json_obj *o)
{
	struct json_obj state, values, block, input;

	if (!json_obj_get_opt(o, "state", &state) || !json_obj_get_opt(&state, "values", &values) ||
	    !json_obj_get_opt(&values, "reason", &block) ||
	    !json_obj_get_opt(&block, "text", &input)) {
		return NULL;
	}
	return json_is_null(&input, "value") ? "" : json_str(&input, "value", STATEMENT_REASON_MAX);
}

static void read_click(struct json_obj *o, struct slack_callback *c)
{
	struct json_obj container, action;
	struct json_arr actions;
	const char *id;

	c->channel = inner(o, "channel", "id", ID_MAX);
	c->trigger = json_str_opt(o, "trigger_id", NAME_MAX);
	c->response_url = json_str_opt(o, "response_url", URL_MAX);
	c->reason = read_reason(o);
	if (json_obj_get(o, "container", &container)) {
		c->message_ts = json_str_opt(&container, "message_ts", ID_MAX);
		if (c->channel == NULL) {
			c->channel = json_str_opt(&container, "channel_id", ID_MAX);
		}
	}
	if (json_arr_get(o, "actions", 1, &actions) != 1 || !json_arr_obj(&actions, 0, &action)) {
		json_obj_fail(o, "actions", "must hold one action");
		return;
	}
	id = json_str(&action, "action_id", NAME_MAX);
	c->button = json_str_opt(&action, "value", ID_MAX);
	c->action_ts = json_str_opt(&action, "action_ts", ID_MAX);
	if (g_strcmp0(id, "approve") == 0) {
		c->kind = SLACK_APPROVE;
	} else if (g_strcmp0(id, "reject") == 0) {
		c->kind = SLACK_REJECT;
	}
}

static bool read_metadata(const char *text, struct slack_callback *c, GError **error)
{
	struct assent_error err;
	struct json_obj o;

	if (text == NULL ||
	    json_doc_parse(&c->metadata, text, strlen(text), JSON_CANONICAL, &err) != 0) {
		return malformed(error, "the dialog is not one of ours");
	}
	json_doc_root(c->metadata, &o);
	c->button = json_str(&o, "button", ID_MAX);
	c->channel = json_str(&o, "channel", ID_MAX);
	c->message_ts = json_str(&o, "ts", ID_MAX);
	json_obj_end(&o);
	return json_doc_status(c->metadata, &err) == 0 ||
	       malformed(error, "the dialog is not one of ours");
}

static bool read_dialog(struct json_obj *o, struct slack_callback *c, GError **error)
{
	struct json_obj view;
	const char *metadata;

	if (!json_obj_get(o, "view", &view) ||
	    g_strcmp0(json_str(&view, "callback_id", NAME_MAX), "reject_reason") != 0) {
		return malformed(error, "the dialog is not one of ours");
	}
	metadata = json_str(&view, "private_metadata", METADATA_MAX);
	c->kind = SLACK_REASON;
	c->action_ts = "";
	c->reason = read_reason(&view);
	/* Slack does not always tell it here; the click that opened the dialog was judged by it */
	if (c->user_team == NULL) {
		c->user_team = c->team;
	}
	return read_metadata(metadata, c, error);
}

static bool read_payload(struct json_obj *o, struct slack_callback *c, GError **error)
{
	struct assent_error err;
	const char *type = json_str(o, "type", ID_MAX);

	c->app = json_str_opt(o, "api_app_id", ID_MAX);
	c->team = inner(o, "team", "id", ID_MAX);
	read_user(o, c);
	if (g_strcmp0(type, "block_actions") == 0) {
		read_click(o, c);
	} else if (g_strcmp0(type, "view_submission") == 0 && !read_dialog(o, c, error)) {
		return false;
	}
	if (json_doc_status(c->doc, &err) != 0) {
		return malformed(error, err.text);
	}
	if (c->kind != SLACK_NOTHING && (c->button == NULL || c->message_ts == NULL)) {
		return malformed(error, "the callback names no button or no message");
	}
	if (c->kind == SLACK_REASON && c->reason == NULL) {
		return malformed(error, "the dialog comes without its field");
	}
	return true;
}

bool slack_callback_read(const char *body, size_t len, struct slack_callback **out, GError **error)
{
	g_autoptr(slack_callback_auto) c = g_new0(struct slack_callback, 1);
	g_autofree char *text = decode(body, len, error);
	struct assent_error err;
	struct json_obj o;

	if (text == NULL) {
		return false;
	}
	if (json_doc_parse(&c->doc, text, strlen(text), JSON_FLOATS, &err) != 0) {
		return malformed(error, err.text);
	}
	json_doc_root(c->doc, &o);
	if (!read_payload(&o, c, error)) {
		return false;
	}
	*out = g_steal_pointer(&c);
	return true;
}

static enum slack_frame_type frame_type(const char *type)
{
	return g_strcmp0(type, "hello") == 0	    ? SLACK_HELLO
	       : g_strcmp0(type, "disconnect") == 0 ? SLACK_DISCONNECT
						    : SLACK_ENVELOPE;
}

bool slack_envelope_read(const char *text, size_t len, struct slack_envelope *out, GError **error)
{
	g_autoptr(slack_callback_auto) c = g_new0(struct slack_callback, 1);
	struct json_obj o, payload;
	struct assent_error err;
	const char *type, *id, *reason;

	if (json_doc_parse(&c->doc, text, len, JSON_FLOATS, &err) != 0) {
		return malformed(error, err.text);
	}
	json_doc_root(c->doc, &o);
	type = json_str(&o, "type", ID_MAX);
	id = json_str_opt(&o, "envelope_id", ENVELOPE_MAX);
	reason = json_str_opt(&o, "reason", ID_MAX);
	if (json_doc_status(c->doc, &err) != 0) {
		return malformed(error, err.text);
	}
	out->type = frame_type(type);
	out->id = g_strdup(id);
	out->reason = g_strdup(reason);
	/* whatever else an app may get is acknowledged and no more */
	if (g_strcmp0(type, "interactive") == 0 && json_obj_get(&o, "payload", &payload)) {
		if (!read_payload(&payload, c, &out->problem)) {
			return true;
		}
		out->callback = g_steal_pointer(&c);
	}
	return true;
}

void slack_envelope_clear(struct slack_envelope *envelope)
{
	g_clear_pointer(&envelope->id, g_free);
	g_clear_pointer(&envelope->reason, g_free);
	g_clear_pointer(&envelope->callback, slack_callback_free);
	g_clear_error(&envelope->problem);
}

/* Members of other teams can press buttons of a shared channel. */
bool slack_callback_check(const struct slack_callback *c, const struct conf_notifier *conf,
			  GError **error)
{
	if (g_strcmp0(c->app, conf->app) != 0) {
		return fail(error, NOTIFY_ERROR, NOTIFY_ERROR_FOREIGN_APP,
			    "the callback is of app '%s'", c->app != NULL ? c->app : "");
	}
	if (g_strcmp0(c->team, conf->team) != 0 || g_strcmp0(c->user_team, conf->team) != 0) {
		const char *team = g_strcmp0(c->team, conf->team) != 0 ? c->team : c->user_team;

		return fail(error, NOTIFY_ERROR, NOTIFY_ERROR_FOREIGN_TEAM,
			    "the callback is of team '%s'", team != NULL ? team : "");
	}
	if (c->kind != SLACK_NOTHING &&
	    (c->channel == NULL ||
	     (conf->channel != NULL && strcmp(c->channel, conf->channel) != 0))) {
		return fail(error, NOTIFY_ERROR, NOTIFY_ERROR_FOREIGN_CHANNEL,
			    "the callback is of channel '%s'",
			    c->channel != NULL ? c->channel : "");
	}
	return true;
}

void slack_callback_free(struct slack_callback *callback)
{
	if (callback != NULL) {
		json_doc_free(callback->doc);
		json_doc_free(callback->metadata);
		g_free(callback);
	}
}

char *slack_evidence(const struct slack_callback *c, const void *body, size_t len)
{
	struct json_writer *w = json_writer_new(JSON_CANONICAL);
	autocfree char *text = NULL;
	char digest[HASH_TEXT_SIZE];
	struct hash hash;
	size_t text_len;

	hash_bytes(&hash, body, len);
	hash_text(digest, &hash);
	json_w_object(w, NULL);
	json_w_str(w, "action_ts", c->action_ts != NULL ? c->action_ts : "");
	json_w_str(w, "body", digest);
	json_w_str(w, "channel", c->channel);
	json_w_str(w, "message_ts", c->message_ts);
	json_w_str(w, "name", c->name != NULL ? c->name : "");
	json_w_str(w, "system", "slack");
	json_w_str(w, "team", c->user_team);
	json_w_str(w, "user", c->user);
	json_w_end(w);
	if (json_writer_finish(w, &text, &text_len, NULL) != 0) {
		g_error("cannot write evidence"); // only without memory: all of it was read
	}
	return g_strdup(text);
}

void slack_button(const struct shared_secret *secret, const char *plan, const char *channel,
		  char out[static SLACK_BUTTON_SIZE])
{
	static const char label[] = "assent.slack.button.v1";
	uint8_t mac[SHARED_SECRET_HMAC];

	/* NUL parts the pieces, and no callback's base begins so */
	shared_secret_hmac(secret,
			   (const struct shared_secret_piece[]){
				   {label, sizeof(label)},
				   {plan, strlen(plan) + 1},
				   {channel, strlen(channel) + 1},
			   },
			   3, mac);
	sodium_bin2base64(out, SLACK_BUTTON_SIZE, mac, sizeof(mac),
			  sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

bool slack_is_response_url(const char *url, const char *base)
{
	g_autofree char *host = NULL;
	g_autofree char *own = NULL;

	if (g_str_has_prefix(url, HOOKS)) {
		return http_client_is_url(url);
	}
	if (base == NULL || !g_str_has_prefix(base, "http://") || !http_client_is_url(base) ||
	    !http_client_is_url(url)) {
		return false;
	}
	host = http_client_display(url);
	own = http_client_display(base);
	return strcmp(host, own) == 0;
}
