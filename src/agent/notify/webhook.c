/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Signed requests to a program of the user's own: doc/notify.md, Standard Webhooks. */
#include <inttypes.h>
#include <sodium.h>
#include <string.h>

#include "agent/notify/notify.h"
#include "agent/notify/text.h"
#include "agent/stack-say.h"
#include "base/autoptr.h"
#include "base/error.h"
#include "base/shared-secret.h"
#include "core/text.h"

#define PLAIN_MAX 2000
#define TOKENS_LISTED 50
#define ENCODED "whsec_" /* what follows is the key in base64 */

static bool decode(const char *text, struct shared_secret **key, GError **error)
{
	uint8_t bytes[SHARED_SECRET_MAX];
	size_t len;
	bool ok = text_base64_decode(bytes, sizeof(bytes), &len, text, strlen(text)) && len > 0;

	if (ok) {
		*key = shared_secret_new(bytes, len);
	}
	sodium_memzero(bytes, sizeof(bytes));
	return ok || fail(error, BASE_ERROR, BASE_ERROR_MALFORMED,
			  "the secret does not hold base64 after " ENCODED);
}

static bool webhook_open(struct notifier *n, GError **error)
{
	g_autoptr(shared_secret_auto) secret = NULL;
	struct shared_secret *key = NULL;
	const char *text;

	if (!shared_secret_load(n->conf->secret_file, &secret, error)) {
		return false;
	}
	text = shared_secret_get(secret, NULL);
	if (!g_str_has_prefix(text, ENCODED)) {
		n->data = g_steal_pointer(&secret);
		return true;
	}
	if (!decode(text + strlen(ENCODED), &key, error)) {
		return false;
	}
	n->data = key;
	return true;
}

static void webhook_close(struct notifier *n)
{
	shared_secret_free(n->data);
}

static void write_time(struct json_writer *w, const char *name, int64_t seconds)
{
	g_autofree char *text = seconds != 0 ? stack_time(seconds) : NULL;

	if (text != NULL) {
		json_w_str(w, name, text);
	} else {
		json_w_null(w, name);
	}
}

static void write_text(struct json_writer *w, const char *name, const char *text)
{
	if (text != NULL) {
		json_w_str(w, name, text);
	} else {
		json_w_null(w, name);
	}
}

static void write_strings(struct json_writer *w, const char *name, char *const *items)
{
	json_w_array(w, name);
	for (; items != NULL && *items != NULL; items++) {
		json_w_str(w, NULL, *items);
	}
	json_w_end(w);
}

static void write_risk(struct json_writer *w, unsigned risk)
{
	json_w_array(w, "risk");
	for (unsigned i = 0; plan_risk_names[i] != NULL; i++) {
		if ((risk & (1U << i)) != 0) {
			json_w_str(w, NULL, plan_risk_names[i]);
		}
	}
	json_w_end(w);
}

static void write_changes(struct json_writer *w, const struct notice *n)
{
	json_w_int(w, "changes_total", n->changes_total);
	json_w_int(w, "deletions", n->deletions);
	json_w_array(w, "changes");
	for (unsigned i = 0; i < n->changes->len; i++) {
		const struct notice_change *change = g_ptr_array_index(n->changes, i);

		json_w_object(w, NULL);
		json_w_str(w, "id", change->id);
		json_w_str(w, "action", plan_action_names[change->action]);
		write_risk(w, change->risk);
		write_text(w, "before", change->before);
		write_text(w, "after", change->after);
		write_text(w, "run", change->run);
		json_w_bool(w, "implied", change->implied);
		json_w_bool(w, "outside", change->outside);
		json_w_end(w);
	}
	json_w_end(w);
}

static void write_commit_list(struct json_writer *w, const GPtrArray *commits)
{
	json_w_array(w, "commits");
	for (unsigned i = 0; i < commits->len; i++) {
		const struct notice_commit *commit = g_ptr_array_index(commits, i);

		json_w_object(w, NULL);
		write_text(w, "id", commit->id);
		write_text(w, "author", commit->author);
		write_text(w, "subject", commit->subject);
		json_w_end(w);
	}
	json_w_end(w);
}

static void write_commits(struct json_writer *w, const struct notice *n)
{
	json_w_int(w, "commits_total", n->commits_total);
	write_commit_list(w, n->commits);
	if (!n->is_rewritten) {
		return;
	}
	json_w_object(w, "rewritten");
	if (n->gone_total >= 0) {
		json_w_int(w, "commits_total", n->gone_total);
	} else {
		json_w_null(w, "commits_total");
	}
	write_commit_list(w, n->gone);
	json_w_end(w);
}

static void write_votes(struct json_writer *w, const struct notice *n)
{
	json_w_array(w, "votes");
	for (unsigned i = 0; i < n->votes->len; i++) {
		const struct notice_vote *vote = g_ptr_array_index(n->votes, i);

		json_w_object(w, NULL);
		json_w_str(w, "person", vote->person);
		json_w_str(w, "decision", verdict_names[vote->verdict]);
		json_w_str(w, "channel", vote->channel);
		json_w_str(w, "reason", vote->reason);
		write_time(w, "time", vote->time);
		json_w_end(w);
	}
	json_w_end(w);
}

static void write_verification(struct json_writer *w, const struct notice_verification *v)
{
	if (v->mode == NULL) {
		json_w_null(w, "verification");
		return;
	}
	json_w_object(w, "verification");
	json_w_str(w, "mode", v->mode);
	json_w_int(w, "checked", v->checked);
	json_w_int(w, "signatures", v->signatures);
	write_strings(w, "signers", v->signers);
	write_text(w, "seal", v->seal);
	json_w_end(w);
}

static void write_plan(struct json_writer *w, const struct notice *n)
{
	json_w_object(w, "plan");
	json_w_str(w, "id", n->plan);
	json_w_int(w, "seq", n->number);
	json_w_str(w, "reason", n->why);
	write_time(w, "created", n->created);
	write_time(w, "expires", n->expires);
	write_time(w, "until", n->until);
	write_strings(w, "restores", n->restores);
	json_w_int(w, "required", n->required);
	json_w_int(w, "approvals", n->approvals);
	write_text(w, "repository", n->repository);
	write_text(w, "ref", n->ref);
	write_text(w, "commit", n->commit);
	write_text(w, "base", n->base);
	json_w_object(w, "summary");
	for (size_t i = 0; i < G_N_ELEMENTS(n->actions); i++) {
		if (n->actions[i] > 0) {
			json_w_int(w, plan_action_names[i], n->actions[i]);
		}
	}
	json_w_end(w);
	write_risk(w, n->risk);
	write_changes(w, n);
	write_commits(w, n);
	write_verification(w, &n->verification);
	write_votes(w, n);
	write_strings(w, "from", n->from);
	write_strings(w, "channels", n->accepts);
	json_w_int(w, "done", n->done);
	json_w_int(w, "undone", n->undone);
	json_w_int(w, "left", n->left);
	json_w_bool(w, "halted", n->halted);
	json_w_int(w, "outside", n->outside);
	json_w_end(w);
}

/* Only with the first message about a plan: whoever has it has them. */
static void write_tokens(struct json_writer *w, struct notifier *self, const struct notice *n,
			 struct notifier_message *message)
{
	const char *base = self->public_url;
	g_autofree char *url = NULL;

	if (!self->conf->approve || !message->first || n->reminder || base == NULL ||
	    !notice_is_open(n) || !notice_accepts(n, self->ops->name)) {
		return;
	}
	url = g_strconcat(base, "/v1/approvals", NULL);
	json_w_str(w, "approvals_url", url);
	json_w_array(w, "tokens");
	for (unsigned i = 0; n->from != NULL && n->from[i] != NULL && i < TOKENS_LISTED; i++) {
		const char *token = message->token(message, n->from[i]);

		if (token != NULL) {
			json_w_object(w, NULL);
			json_w_str(w, "person", n->from[i]);
			json_w_str(w, "token", token);
			json_w_end(w);
		}
	}
	json_w_end(w);
}

static void write_items(struct json_writer *w, const struct notice *n)
{
	json_w_int(w, "plans_total", n->items_total);
	json_w_array(w, "plans");
	for (unsigned i = 0; i < n->items->len; i++) {
		const struct notice_item *item = g_ptr_array_index(n->items, i);

		json_w_object(w, NULL);
		json_w_str(w, "id", item->plan);
		json_w_str(w, "stack", item->stack);
		json_w_int(w, "seq", item->number);
		json_w_int(w, "changes_total", item->changes);
		json_w_int(w, "deletions", item->deletions);
		json_w_end(w);
	}
	json_w_end(w);
}

/* Of a plan that one person decided on for all. */
static void write_broken(struct json_writer *w, const struct notice *n)
{
	const struct notice_vote *broken = notice_broken(n);

	if (broken == NULL) {
		return;
	}
	json_w_object(w, "break_glass");
	json_w_str(w, "plan", n->plan);
	json_w_str(w, "person", broken->person);
	json_w_str(w, "reason", broken->reason);
	write_time(w, "time", broken->time);
	json_w_end(w);
}

static void write_incident(struct json_writer *w, const struct notice *n)
{
	if (n->kind == NOTICE_ALERT) {
		json_w_object(w, "alert");
		json_w_str(w, "condition", record_condition_names[n->condition]);
		json_w_int(w, "count", n->round);
		write_time(w, "since", n->since);
		json_w_int(w, "lasted", n->lasted);
		json_w_end(w);
	} else if (n->kind == NOTICE_SUSPENDED || n->kind == NOTICE_STOPPED ||
		   n->kind == NOTICE_ROLLBACK || n->kind == NOTICE_TRIAL) {
		json_w_object(w, "steered");
		write_text(w, "person", n->person);
		write_text(w, "what", n->what);
		write_time(w, "until", n->until);
		json_w_end(w);
	}
}

static void write_data(struct json_writer *w, struct notifier *self, const struct notice *n,
		       struct notifier_message *message)
{
	g_autofree char *text = notify_plain(n, PLAIN_MAX);

	json_w_object(w, "data");
	json_w_str(w, "key", n->key);
	json_w_str(w, "agent", n->agent);
	write_text(w, "stack", n->stack);
	json_w_bool(w, "reminder", n->reminder);
	json_w_str(w, "text", text);
	write_text(w, "reason", n->text);
	write_text(w, "link", n->link);
	write_broken(w, n);
	write_incident(w, n);
	json_w_object(w, "log");
	json_w_int(w, "size", (int64_t)n->log_size);
	json_w_str(w, "root", n->log_root);
	json_w_end(w);
	if (n->kind == NOTICE_PLAN && !message->plain) {
		write_plan(w, n);
		write_tokens(w, self, n, message);
	} else if (n->kind == NOTICE_GROUP && !message->plain) {
		write_items(w, n);
	}
	json_w_end(w);
}

static char *header(const char *name, const char *value)
{
	return g_strconcat(name, ": ", value, NULL);
}

/* The signed content is id.timestamp.body. */
static void sign(struct notifier *self, struct notifier_message *message)
{
	struct http_send *send = &message->send;
	g_autofree char *stamp = g_strdup_printf("%" PRId64, message->now);
	const struct shared_secret_piece pieces[] = {{message->id, strlen(message->id)},
						     {".", 1},
						     {stamp, strlen(stamp)},
						     {".", 1},
						     {send->body, send->body_len}};
	uint8_t mac[SHARED_SECRET_HMAC];
	g_autofree char *text = NULL;
	g_autofree char *value = NULL;

	shared_secret_hmac(self->data, pieces, G_N_ELEMENTS(pieces), mac);
	text = g_base64_encode(mac, sizeof(mac));
	value = g_strconcat("v1,", text, NULL);
	send->headers = g_new0(char *, 4);
	send->headers[0] = header("webhook-id", message->id);
	send->headers[1] = header("webhook-timestamp", stamp);
	send->headers[2] = header("webhook-signature", value);
}

static bool webhook_tell(struct notifier *self, const struct notice *n,
			 struct notifier_message *message, GError **error)
{
	g_autofree char *type =
		g_strdup_printf("%s.%s", notice_kind_names[n->kind], notice_event_names[n->event]);
	struct json_writer *w = json_writer_new(0);
	struct assent_error err;
	char *text = NULL;
	size_t len = 0;

	json_w_object(w, NULL);
	json_w_str(w, "type", type);
	write_time(w, "timestamp", n->since != 0 ? n->since : message->now);
	write_data(w, self, n, message);
	json_w_end(w);
	if (json_writer_finish(w, &text, &len, &err) != 0) {
		return fail_core(error, &err, "message about '%s'", n->key);
	}
	message->send.url = g_strdup(self->conf->url);
	message->send.content_type = g_strdup("application/json");
	message->send.body = g_strndup(text, len);
	message->send.body_len = len;
	sodium_memzero(text, len);
	free(text);
	sign(self, message);
	return true;
}

static void webhook_judge(struct notifier *n, const struct http_received *answer,
			  struct notifier_outcome *out)
{
	(void)n;
	notify_judge(answer, out);
}

const struct notifier_ops notifier_webhook = {
	.name = "webhook",
	.caps = NOTIFIER_BUTTONS | NOTIFIER_EVENTS,
	.open = webhook_open,
	.close = webhook_close,
	.announce = webhook_tell,
	.refresh = webhook_tell,
	.judge = webhook_judge,
};
