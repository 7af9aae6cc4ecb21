/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Push messages by ntfy: a link to the review page, and a button where the topic has a person. */
#include <sodium.h>
#include <string.h>

#include "agent/notify/notify.h"
#include "agent/notify/text.h"
#include "base/autoptr.h"
#include "base/error.h"
#include "base/lang.h"
#include "base/shared-secret.h"

#define MESSAGE_MAX 4096 /* bytes; ntfy makes a longer one a file */
#define TITLE_MAX 250
#define LABEL_MAX 40

static bool ntfy_open(struct notifier *n, GError **error)
{
	struct shared_secret *token = NULL;

	if (n->conf->token_file != NULL &&
	    !shared_secret_load(n->conf->token_file, &token, error)) {
		return false;
	}
	n->data = token;
	return true;
}

static void ntfy_close(struct notifier *n)
{
	shared_secret_free(n->data);
}

/* 1 to 5, 3 is usual. */
static int priority(const struct notice *n)
{
	if (n->kind == NOTICE_BROKEN) {
		return 5;
	}
	if (n->kind == NOTICE_SUSPENDED || n->kind == NOTICE_ROLLBACK || n->kind == NOTICE_TRIAL) {
		return 3; // somebody wants it so
	}
	switch (n->event) {
	case NOTICE_FAILED:
	case NOTICE_INTERRUPTED:
		return 5;
	case NOTICE_PENDING:
	case NOTICE_VOTED:
	case NOTICE_ROLLED_BACK:
	case NOTICE_PROBLEM:
		return 4;
	case NOTICE_REJECTED:
	case NOTICE_EXPIRED:
	case NOTICE_SUPERSEDED:
	case NOTICE_VOID:
	case NOTICE_APPLYING:
		return 3;
	case NOTICE_OK:
	case NOTICE_RESOLVED:
		return 2;
	}
	g_assert_not_reached();
}

static void write_view(struct json_writer *w, const struct notice *n)
{
	g_autofree char *label = notify_cut(_("Review"), LABEL_MAX);

	json_w_object(w, NULL);
	json_w_str(w, "action", "view");
	json_w_str(w, "label", label);
	json_w_str(w, "url", n->link);
	json_w_end(w);
}

/* Whoever reads the topic can press it: it is that person's as far as we know. */
static void write_button(struct json_writer *w, struct notifier *self, const char *token,
			 const char *verdict, const char *label)
{
	g_autofree char *url = g_strconcat(self->public_url, "/v1/approvals", NULL);
	g_autofree char *shown = notify_cut(label, LABEL_MAX);
	struct json_writer *body = json_writer_new(0);
	char *text = NULL;
	size_t len = 0;

	json_w_object(body, NULL);
	json_w_str(body, "token", token);
	json_w_str(body, "verdict", verdict);
	json_w_str(body, "reason", "by a button in ntfy");
	json_w_end(body);
	if (json_writer_finish(body, &text, &len, NULL) != 0) {
		return;
	}
	json_w_object(w, NULL);
	json_w_str(w, "action", "http");
	json_w_str(w, "label", shown);
	json_w_str(w, "url", url);
	json_w_str(w, "method", "POST");
	json_w_object(w, "headers");
	json_w_str(w, "Content-Type", "application/json");
	json_w_end(w);
	json_w_str(w, "body", text);
	json_w_bool(w, "clear", true);
	json_w_end(w);
	sodium_memzero(text, len);
	free(text);
}

static void write_actions(struct json_writer *w, struct notifier *self, const struct notice *n,
			  struct notifier_message *message)
{
	const char *person = self->conf->person;
	const char *token = NULL;

	json_w_array(w, "actions");
	if (n->link != NULL) {
		write_view(w, n);
	}
	if (person != NULL && notice_is_open(n) && !n->reminder && message->first &&
	    self->public_url != NULL && notice_accepts(n, self->ops->name) && n->from != NULL &&
	    g_strv_contains((const char *const *)n->from, person)) {
		token = message->token(message, person);
	}
	if (token != NULL && self->conf->approve) {
		write_button(w, self, token, "approve", _("Approve"));
	}
	if (token != NULL) {
		write_button(w, self, token, "reject", _("Reject"));
	}
	json_w_end(w);
}

static bool ntfy_tell(struct notifier *self, const struct notice *n,
		      struct notifier_message *message, GError **error)
{
	struct json_writer *w = json_writer_new(0);
	g_autofree char *whole = notify_title(n);
	g_autofree char *title = notify_cut(whole, TITLE_MAX);
	g_autofree char *body = notify_plain(n, MESSAGE_MAX);
	struct assent_error err;
	char *text = NULL;
	size_t len = 0;

	json_w_object(w, NULL);
	json_w_str(w, "topic", self->conf->topic);
	json_w_str(w, "title", title);
	json_w_str(w, "message", body);
	json_w_int(w, "priority", priority(n));
	if (n->link != NULL) {
		json_w_str(w, "click", n->link);
	}
	if (!message->plain) {
		write_actions(w, self, n, message);
	}
	json_w_end(w);
	if (json_writer_finish(w, &text, &len, &err) != 0) {
		return fail_core(error, &err, "message about '%s'", n->key);
	}
	message->send.url = g_strdup(self->conf->url);
	message->send.body = g_strndup(text, len);
	message->send.body_len = len;
	sodium_memzero(text, len);
	free(text);
	if (self->data != NULL) {
		message->send.headers = g_new0(char *, 2);
		message->send.headers[0] = g_strconcat("Authorization: Bearer ",
						       shared_secret_get(self->data, NULL), NULL);
	}
	return true;
}

static void ntfy_judge(struct notifier *n, const struct http_received *answer,
		       struct notifier_outcome *out)
{
	(void)n;
	notify_judge(answer, out);
}

const struct notifier_ops notifier_ntfy = {
	.name = "ntfy",
	.caps = NOTIFIER_BUTTONS,
	.open = ntfy_open,
	.close = ntfy_close,
	.announce = ntfy_tell,
	.refresh = ntfy_tell,
	.judge = ntfy_judge,
};
