/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Asks in Mattermost why a plan is rejected. */
#include "agent/notify/mattermost.h"

#include <sodium.h>
#include <string.h>

#include "agent/notify/text.h"
#include "base/autoptr.h"
#include "base/error.h"
#include "base/lang.h"
#include "base/log.h"
#include "base/text.h"
#include "core/hash.h"
#include "core/statement.h"

#define STATE_MAX 1000
#define LABEL_MAX 24 /* characters of a title and of a field's name */
#define REASON_MIN 3
#define REASON_MAX 500 /* characters: 2000 bytes at most */
#define TIMEOUT 10
#define REASON "reason"

struct mattermost_call {
	struct notifier *n;
	struct http_send send;
	char *plan; /* whose dialog it is; NULL: the word that one did not open */
	unsigned request;
};

static void start(struct notifier *n, const char *path, char *body, const char *plan);

/* Its first line is not the one of a button, so that neither is taken for the other. */
static void mac_of(const struct mattermost *m, const struct mattermost_click *c,
		   char out[static MATTERMOST_MAC_SIZE])
{
	g_autofree char *text =
		g_strdup_printf("assent.mattermost.dialog.v1\n%s\n%s\n%s\n%s", c->notifier, c->plan,
				c->post != NULL ? c->post : "", c->user);
	const struct shared_secret_piece piece = {text, strlen(text)};
	uint8_t mac[SHARED_SECRET_HMAC];

	shared_secret_hmac(m->secret, &piece, 1, mac);
	sodium_bin2hex(out, MATTERMOST_MAC_SIZE, mac, sizeof(mac));
}

static char *finish(struct json_writer *w)
{
	autocfree char *text = NULL;
	struct assent_error err;
	size_t len;

	json_w_end(w);
	if (json_writer_finish(w, &text, &len, &err) != 0) {
		g_error("cannot write a dialog: %s", err.text); // all of it was read
	}
	return g_strdup(text);
}

static char *state_of(const struct notifier *self, const struct mattermost_click *c)
{
	struct json_writer *w = json_writer_new(JSON_CANONICAL);
	const struct mattermost_click own = {.notifier = self->conf->name,
					     .plan = c->plan,
					     .post = mattermost_is_id(c->post) ? c->post : NULL,
					     .user = c->user};
	char mac[MATTERMOST_MAC_SIZE];

	mac_of(self->data, &own, mac);
	json_w_object(w, NULL);
	json_w_str(w, "mac", mac);
	json_w_str(w, "notifier", own.notifier);
	json_w_str(w, "plan", own.plan);
	json_w_str(w, "post", own.post != NULL ? own.post : "");
	return finish(w);
}

static void put_label(struct json_writer *w, const char *name, const char *text)
{
	g_autofree char *cut = notify_cut_chars(text, LABEL_MAX);

	json_w_str(w, name, cut);
}

static void put_dialog(struct json_writer *w, const struct notifier *self,
		       const struct mattermost_click *c)
{
	g_autofree char *id = text_short_id(c->plan);
	g_autofree char *question = g_strdup_printf(_("Why is plan %s rejected?"), id);
	g_autofree char *state = state_of(self, c);

	json_w_object(w, "dialog");
	json_w_str(w, "callback_id", "reject");
	put_label(w, "title", _("Reject plan"));
	json_w_str(w, "introduction_text", question);
	json_w_array(w, "elements");
	json_w_object(w, NULL);
	/* TRANSLATORS: a field's name, at most 24 characters */
	put_label(w, "display_name", _("Reason"));
	json_w_str(w, "name", REASON);
	json_w_str(w, "type", "textarea");
	json_w_int(w, "min_length", REASON_MIN);
	json_w_int(w, "max_length", REASON_MAX);
	json_w_end(w);
	json_w_end(w);
	put_label(w, "submit_label", _("Reject"));
	json_w_str(w, "state", state);
	json_w_end(w);
}

void mattermost_ask(struct notifier *self, const struct mattermost_click *c)
{
	g_autofree char *url = g_strconcat(self->public_url, "/mattermost/dialog", NULL);
	struct json_writer *w = json_writer_new(0);

	json_w_object(w, NULL);
	json_w_str(w, "trigger_id", c->trigger);
	json_w_str(w, "url", url);
	put_dialog(w, self, c);
	start(self, "/api/v4/actions/dialogs/open", finish(w), c->plan);
}

/* Whoever pressed the button has seen nothing happen. */
static void excuse(struct notifier *n, const char *plan)
{
	struct json_writer *w = json_writer_new(0);
	g_autofree char *id = text_short_id(plan);
	g_autofree char *text =
		g_strdup_printf(_("Plan %s is not rejected: the dialog that asks for the reason "
				  "did not open. Press the button again, or use the review page."),
				id);

	json_w_object(w, NULL);
	json_w_str(w, "channel_id", n->conf->channel);
	json_w_str(w, "message", text);
	start(n, "/api/v4/posts", finish(w), NULL);
}

static void on_answer(const struct http_received *answer, void *user)
{
	struct mattermost_call *call = user;
	struct mattermost *m = call->n->data;
	struct notifier_outcome outcome = {.fate = NOTIFIER_PERMANENT};

	call->request = 0;
	notify_judge(answer, &outcome);
	if (outcome.fate != NOTIFIER_DELIVERED) {
		log_event(EV_NOTIFY_FAILED, NULL, call->plan, "%s: %s was not sent: %s",
			  call->n->conf->name,
			  call->plan != NULL ? "the dialog" : "the answer to a click",
			  outcome.problem);
		if (call->plan != NULL) {
			excuse(call->n, call->plan);
		}
	}
	notifier_outcome_clear(&outcome);
	g_ptr_array_remove_fast(m->calls, call);
}

/* The trigger is good for some seconds, so nothing is tried again. */
static void start(struct notifier *n, const char *path, char *body, const char *plan)
{
	struct mattermost *m = n->data;
	struct mattermost_call *call = g_new0(struct mattermost_call, 1);

	call->n = n;
	call->plan = g_strdup(plan);
	call->send.body = body;
	call->send.body_len = strlen(body);
	call->send.timeout = TIMEOUT;
	call->send.ca_file = g_strdup(n->conf->ca_file);
	mattermost_address(n, path, &call->send);
	g_ptr_array_add(m->calls, call);
	call->request = http_client_send(notify_client(n->notify), &call->send, on_answer, call);
}

void mattermost_call_free(void *data)
{
	struct mattermost_call *call = data;

	if (call->request != 0) {
		http_client_cancel(notify_client(call->n->notify), call->request);
	}
	http_send_clear(&call->send);
	g_free(call->plan);
	g_free(call);
}

bool mattermost_is_dialog(const struct json_obj *o)
{
	struct json_obj copy = *o;

	return g_strcmp0(json_str_opt(&copy, "type", MATTERMOST_ID_MAX), "dialog_submission") == 0;
}

static bool read_state(const char *text, struct mattermost_click *c, GError **error)
{
	struct assent_error err;
	struct json_obj o;

	if (json_doc_parse(&c->state, text, strlen(text), JSON_CANONICAL, &err) != 0) {
		return fail(error, NOTIFY_ERROR, NOTIFY_ERROR_MALFORMED,
			    "the dialog is not one of ours");
	}
	json_doc_root(c->state, &o);
	c->mac = json_str(&o, "mac", MATTERMOST_MAC_SIZE);
	c->notifier = json_str(&o, "notifier", MATTERMOST_ID_MAX);
	c->plan = json_str(&o, "plan", HASH_TEXT_SIZE);
	c->post = json_str(&o, "post", MATTERMOST_ID_MAX);
	json_obj_end(&o);
	return json_doc_status(c->state, &err) == 0 ||
	       fail(error, NOTIFY_ERROR, NOTIFY_ERROR_MALFORMED, "the dialog is not one of ours");
}

bool mattermost_dialog_read(struct json_doc *doc, struct json_obj *o, struct mattermost_click *c,
			    GError **error)
{
	struct json_obj submission;
	struct assent_error err;
	const char *state;

	c->verdict = "reject";
	c->reason = "";
	c->user = json_str(o, "user_id", MATTERMOST_ID_MAX);
	c->channel = json_str_opt(o, "channel_id", MATTERMOST_ID_MAX);
	c->team = json_str_opt(o, "team_id", MATTERMOST_ID_MAX);
	c->cancelled = json_bool_opt(o, "cancelled", false);
	state = json_str(o, "state", STATE_MAX);
	if (!c->cancelled && json_obj_get(o, "submission", &submission)) {
		/* nothing was written, or the empty text: that is said to whoever wrote it */
		if (json_has(&submission, REASON) && !json_is_null(&submission, REASON)) {
			c->reason = json_str(&submission, REASON, STATEMENT_REASON_MAX);
		}
	}
	if (json_doc_status(doc, &err) != 0) {
		return fail(error, NOTIFY_ERROR, NOTIFY_ERROR_MALFORMED, "%s", err.text);
	}
	return read_state(state, c, error);
}

/* The click was judged by channel and team; where the dialog is open says nothing. */
bool mattermost_dialog_check(struct notifier *self, const struct mattermost_click *c,
			     GError **error)
{
	const struct mattermost *m = self->data;
	char mac[MATTERMOST_MAC_SIZE];

	if (m->secret == NULL) {
		return fail(error, NOTIFY_ERROR, NOTIFY_ERROR_NOT_CONFIGURED,
			    "'%s' has no secret and so no dialogs", self->conf->name);
	}
	mac_of(m, c, mac);
	if (strcmp(c->notifier, self->conf->name) != 0 || strlen(c->mac) != strlen(mac) ||
	    sodium_memcmp(mac, c->mac, strlen(mac)) != 0) {
		return fail(error, NOTIFY_ERROR, NOTIFY_ERROR_FORGED,
			    "this dialog is not one that '%s' opened for '%s'", self->conf->name,
			    c->user);
	}
	return true;
}
