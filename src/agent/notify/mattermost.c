/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Mattermost: messages with buttons, by an incoming webhook or as a bot. */
#include "agent/notify/mattermost.h"

#include <inttypes.h>
#include <sodium.h>
#include <string.h>

#include "agent/agent.h"
#include "agent/decide.h"
#include "agent/http/call.h"
#include "agent/notify/text.h"
#include "base/autoptr.h"
#include "base/error.h"
#include "base/lang.h"
#include "base/log.h"
#include "base/text.h"

#define TEXT_CHARS 6000 /* of an attachment; a post has room for 16,383 */
#define DIFF_BYTES 3000
#define PLAIN_MAX 4000
#define CHANGES 20
#define CHANGE_MAX 400 /* bytes of one of them */
#define ID_MAX MATTERMOST_ID_MAX
#define MAC_HEX MATTERMOST_MAC_SIZE
#define TRIGGER_MAX 1024
#define REASON_MIN 3		  /* characters */
#define ZERO_WIDTH "\xe2\x80\x8b" /* U+200B: ends a mention or a fence and is not seen */

static bool mattermost_check(const struct conf_notifier *conf, GError **error)
{
	bool bot = conf->url != NULL && conf->token_file != NULL && conf->channel != NULL;

	if ((conf->url_file != NULL) == bot ||
	    (conf->url_file != NULL && (conf->url != NULL || conf->token_file != NULL))) {
		return fail(error, BASE_ERROR, BASE_ERROR_FAILED,
			    "mattermost takes either 'webhook', or 'url', 'token' and 'channel'");
	}
	return true;
}

static bool load(const char *file, struct shared_secret **out, GError **error)
{
	return file == NULL || shared_secret_load(file, out, error);
}

static void mattermost_close(struct notifier *n)
{
	struct mattermost *m = n->data;

	g_ptr_array_unref(m->calls);
	shared_secret_free(m->webhook);
	shared_secret_free(m->token);
	shared_secret_free(m->secret);
	g_free(m);
}

static bool mattermost_open(struct notifier *n, GError **error)
{
	struct mattermost *m = g_new0(struct mattermost, 1);
	bool ok = load(n->conf->url_file, &m->webhook, error) &&
		  load(n->conf->token_file, &m->token, error) &&
		  load(n->conf->secret_file, &m->secret, error);

	n->data = m;
	m->calls = g_ptr_array_new_with_free_func(mattermost_call_free);
	if (ok && m->webhook != NULL && !http_client_is_url(shared_secret_get(m->webhook, NULL))) {
		ok = fail(error, BASE_ERROR, BASE_ERROR_MALFORMED,
			  "the file of 'webhook' does not hold an https:// address");
	}
	if (!ok) {
		mattermost_close(n);
		n->data = NULL;
		return false;
	}
	n->caps |= m->token != NULL ? NOTIFIER_UPDATE : 0;
	return true;
}

/* Nothing from a repository may mark up, mention or link. */
static void put_escaped(GString *out, const char *text)
{
	for (; text != NULL && *text != '\0'; text++) {
		if (strchr("\\`*_{}[]()#+-.!|~<>:", *text) != NULL) {
			g_string_append_c(out, '\\');
		}
		g_string_append_c(out, *text);
		if (*text == '@') {
			g_string_append(out, ZERO_WIDTH);
		}
	}
}

static void put_line(GString *out, char *line)
{
	if (line != NULL && line[0] != '\0') {
		put_escaped(out, line);
		g_string_append(out, "\n");
	}
	g_free(line);
}

static void put_changes(GString *out, const struct notice *n)
{
	for (unsigned i = 0; i < n->changes->len && i < CHANGES; i++) {
		const struct notice_change *change = g_ptr_array_index(n->changes, i);

		g_autofree char *whole = notify_change(change);

		put_line(out, notify_cut(whole, CHANGE_MAX));
	}
	if (n->changes_total > CHANGES) {
		int64_t more = n->changes_total - CHANGES;

		put_line(out, g_strdup_printf(ngettext("%" PRId64 " more change",
						       "%" PRId64 " more changes", (gulong)more),
					      more));
	}
}

/* A fence that its content cannot end. */
static void put_diff(GString *out, const char *diff)
{
	unsigned left;
	g_autofree char *part = notify_cut_lines(diff, DIFF_BYTES, &left);

	if (part[0] == '\0') {
		return;
	}
	g_string_append(out, "```diff\n");
	for (const char *p = part; *p != '\0'; p++) {
		g_string_append_c(out, *p);
		if (*p == '`') {
			g_string_append(out, ZERO_WIDTH);
		}
	}
	g_string_append_printf(out, "%s```\n", g_str_has_suffix(part, "\n") ? "" : "\n");
}

static char *body_of(const struct notice *n)
{
	g_autoptr(GString) out = g_string_new(NULL);
	g_autofree char *head = NULL;

	put_line(out, notify_risk(n));
	put_line(out, g_strdup(n->text));
	put_line(out, notify_incident(n));
	if (n->kind == NOTICE_PLAN) {
		put_line(out, notify_counts(n));
		put_line(out, notify_more(n));
		put_line(out, notify_needs(n));
		for (unsigned i = 0; i < n->votes->len; i++) {
			put_line(out, notify_vote(g_ptr_array_index(n->votes, i)));
		}
		for (unsigned i = 0; i < n->commits->len && i < 5; i++) {
			const struct notice_commit *c = g_ptr_array_index(n->commits, i);

			put_line(out,
				 g_strdup_printf("%.12s %s (%s)", c->id, c->subject, c->author));
		}
		put_changes(out, n);
	}
	for (unsigned i = 0; i < n->items->len; i++) {
		const struct notice_item *item = g_ptr_array_index(n->items, i);

		put_line(out,
			 g_strdup_printf("%s: %.12s", item->stack, item->plan + strlen("sha256:")));
	}
	head = notify_cut_chars(out->str, TEXT_CHARS);
	g_string_assign(out, head);
	if (notice_is_open(n)) {
		put_diff(out, n->diff);
	}
	put_line(out, notify_log(n));
	return g_string_free(g_steal_pointer(&out), FALSE);
}

static const char *color_of(const struct notice *n)
{
	switch (n->event) {
	case NOTICE_OK:
	case NOTICE_RESOLVED:
		return "#1a7f37";
	case NOTICE_REJECTED:
	case NOTICE_FAILED:
	case NOTICE_ROLLED_BACK:
	case NOTICE_INTERRUPTED:
	case NOTICE_PROBLEM:
		return "#cf222e";
	case NOTICE_PENDING:
	case NOTICE_VOTED:
	case NOTICE_APPLYING:
		return "#bf8700";
	case NOTICE_EXPIRED:
	case NOTICE_SUPERSEDED:
	case NOTICE_VOID:
		return "#6e7781";
	}
	g_assert_not_reached();
}

/* Over all that a button means, so that nobody can make one who does not know the secret. */
static void mac_of(const struct mattermost *m, const char *notifier, const char *plan,
		   const char *verdict, char out[static MAC_HEX])
{
	g_autofree char *text =
		g_strdup_printf("assent.mattermost.v1\n%s\n%s\n%s", notifier, plan, verdict);
	const struct shared_secret_piece piece = {text, strlen(text)};
	uint8_t mac[SHARED_SECRET_HMAC];

	shared_secret_hmac(m->secret, &piece, 1, mac);
	sodium_bin2hex(out, MAC_HEX, mac, sizeof(mac));
}

static void write_button(struct json_writer *w, struct notifier *self, const struct notice *n,
			 const char *verdict, const char *label, const char *style)
{
	g_autofree char *url = g_strconcat(self->public_url, "/mattermost", NULL);
	char mac[MAC_HEX];

	mac_of(self->data, self->conf->name, n->plan, verdict, mac);
	json_w_object(w, NULL);
	json_w_str(w, "id", verdict);
	json_w_str(w, "type", "button");
	json_w_str(w, "name", label);
	json_w_str(w, "style", style);
	json_w_object(w, "integration");
	json_w_str(w, "url", url);
	json_w_object(w, "context");
	json_w_str(w, "mac", mac);
	json_w_str(w, "notifier", self->conf->name);
	json_w_str(w, "plan", n->plan);
	json_w_str(w, "verdict", verdict);
	json_w_end(w);
	json_w_end(w);
	json_w_end(w);
}

static void write_attachments(struct json_writer *w, struct notifier *self, const struct notice *n)
{
	const struct mattermost *m = self->data;
	g_autofree char *title = notify_title(n);
	g_autofree char *body = body_of(n);

	json_w_array(w, "attachments");
	json_w_object(w, NULL);
	json_w_str(w, "fallback", title);
	json_w_str(w, "color", color_of(n));
	json_w_str(w, "title", title);
	if (n->link != NULL) {
		json_w_str(w, "title_link", n->link);
	}
	json_w_str(w, "text", body);
	if (m->secret != NULL && notice_is_open(n) && self->public_url != NULL &&
	    notice_accepts(n, self->ops->name)) {
		json_w_array(w, "actions");
		write_button(w, self, n, "approve", _("Approve"), "success");
		write_button(w, self, n, "reject", _("Reject"), "danger");
		json_w_end(w);
	}
	json_w_end(w);
	json_w_end(w);
}

/* A post as its text and props; the text alone is what is notified and read out. */
static void write_post(struct json_writer *w, struct notifier *self, const struct notice *n,
		       bool plain, bool webhook)
{
	g_autofree char *text = plain ? notify_plain(n, PLAIN_MAX) : notify_title(n);
	g_autoptr(GString) escaped = g_string_new(NULL);

	put_escaped(escaped, text);
	json_w_str(w, webhook ? "text" : "message", escaped->str);
	if (webhook) {
		if (!plain) {
			write_attachments(w, self, n);
		}
		return;
	}
	json_w_object(w, "props");
	if (!plain) {
		write_attachments(w, self, n);
	}
	json_w_end(w);
}

static bool finish(struct json_writer *w, struct notifier_message *message, GError **error)
{
	struct assent_error err;
	char *text = NULL;
	size_t len = 0;

	json_w_end(w);
	if (json_writer_finish(w, &text, &len, &err) != 0) {
		return fail_core(error, &err, "message for Mattermost");
	}
	message->send.body = g_strndup(text, len);
	message->send.body_len = len;
	free(text);
	return true;
}

void mattermost_address(const struct notifier *self, const char *path, struct http_send *send)
{
	const struct mattermost *m = self->data;

	send->url = http_client_join(self->conf->url, path);
	send->headers = g_new0(char *, 2);
	send->headers[0] =
		g_strconcat("Authorization: Bearer ", shared_secret_get(m->token, NULL), NULL);
}

static void address(struct notifier *self, struct notifier_message *message, const char *path)
{
	const struct mattermost *m = self->data;

	if (m->webhook != NULL) {
		message->send.url = g_strdup(shared_secret_get(m->webhook, NULL));
	} else {
		mattermost_address(self, path, &message->send);
	}
}

static bool mattermost_announce(struct notifier *self, const struct notice *n,
				struct notifier_message *message, GError **error)
{
	const struct mattermost *m = self->data;
	struct json_writer *w = json_writer_new(0);

	json_w_object(w, NULL);
	if (m->webhook == NULL) {
		json_w_str(w, "channel_id", self->conf->channel);
		if (n->reminder && message->handle != NULL) {
			json_w_str(w, "root_id", message->handle);
		}
	}
	write_post(w, self, n, message->plain, m->webhook != NULL);
	address(self, message, "/api/v4/posts");
	return finish(w, message, error);
}

static bool mattermost_refresh(struct notifier *self, const struct notice *n,
			       struct notifier_message *message, GError **error)
{
	struct json_writer *w = json_writer_new(0);
	g_autofree char *path = g_strdup_printf("/api/v4/posts/%s/patch", message->handle);

	json_w_object(w, NULL);
	write_post(w, self, n, message->plain, false);
	address(self, message, path);
	message->send.method = g_strdup("PUT");
	return finish(w, message, error);
}

bool mattermost_is_id(const char *text)
{
	return text != NULL && text[0] != '\0' &&
	       strspn(text, G_CSET_a_2_z G_CSET_DIGITS) == strlen(text);
}

static void mattermost_judge(struct notifier *self, const struct http_received *answer,
			     struct notifier_outcome *out)
{
	const struct mattermost *m = self->data;
	g_autoptr(json_doc_auto) doc = NULL;
	struct json_obj o;
	const char *id;

	notify_judge(answer, out);
	if (m->webhook != NULL || out->fate != NOTIFIER_DELIVERED) {
		return;
	}
	if (json_doc_parse(&doc, answer->body, answer->len, JSON_FLOATS, NULL) == 0) {
		json_doc_root(doc, &o);
		id = json_str(&o, "id", ID_MAX);
		out->handle = mattermost_is_id(id) ? g_strdup(id) : NULL;
	}
}

static bool read_click(struct json_doc *doc, struct json_obj *o, struct mattermost_click *c,
		       GError **error)
{
	struct json_obj context;
	struct assent_error err;

	c->user = json_str(o, "user_id", ID_MAX);
	c->name = json_str_opt(o, "user_name", 255);
	c->post = json_str_opt(o, "post_id", ID_MAX);
	c->channel = json_str_opt(o, "channel_id", ID_MAX);
	c->team = json_str_opt(o, "team_id", ID_MAX);
	c->trigger = json_str_opt(o, "trigger_id", TRIGGER_MAX);
	if (json_obj_get(o, "context", &context)) {
		c->mac = json_str(&context, "mac", MAC_HEX);
		c->notifier = json_str(&context, "notifier", 64);
		c->plan = json_str(&context, "plan", HASH_TEXT_SIZE);
		c->verdict = json_str(&context, "verdict", 16);
	}
	json_obj_ignore_rest(o);
	return json_doc_status(doc, &err) == 0 ||
	       fail(error, NOTIFY_ERROR, NOTIFY_ERROR_MALFORMED, "%s", err.text);
}

static bool check_click(struct notifier *self, const struct mattermost_click *c, GError **error)
{
	const struct mattermost *m = self->data;
	char mac[MAC_HEX];

	if (m->secret == NULL) {
		return fail(error, NOTIFY_ERROR, NOTIFY_ERROR_NOT_CONFIGURED,
			    "'%s' has no secret and so no buttons", self->conf->name);
	}
	mac_of(m, self->conf->name, c->plan, c->verdict, mac);
	if (strcmp(c->notifier, self->conf->name) != 0 || strlen(c->mac) != strlen(mac) ||
	    sodium_memcmp(mac, c->mac, strlen(mac)) != 0) {
		return fail(error, NOTIFY_ERROR, NOTIFY_ERROR_FORGED,
			    "this button is not one that '%s' made", self->conf->name);
	}
	if (self->conf->team != NULL && g_strcmp0(self->conf->team, c->team) != 0) {
		return fail(error, NOTIFY_ERROR, NOTIFY_ERROR_FOREIGN_TEAM,
			    "the click comes from another team");
	}
	if (self->conf->channel != NULL && g_strcmp0(self->conf->channel, c->channel) != 0) {
		return fail(error, NOTIFY_ERROR, NOTIFY_ERROR_FOREIGN_CHANNEL,
			    "the click comes from another channel");
	}
	return true;
}

static char *evidence_of(struct notifier *self, const struct mattermost_click *c)
{
	struct json_writer *w = json_writer_new(JSON_CANONICAL);
	autocfree char *text = NULL;
	size_t len = 0;

	json_w_object(w, NULL);
	json_w_str(w, "channel_id", c->channel != NULL ? c->channel : "");
	json_w_str(w, "notifier", self->conf->name);
	json_w_str(w, "post_id", c->post != NULL ? c->post : "");
	json_w_str(w, "team_id", c->team != NULL ? c->team : "");
	json_w_str(w, "user_id", c->user);
	json_w_str(w, "user_name", c->name != NULL ? c->name : "");
	json_w_end(w);
	return json_writer_finish(w, &text, &len, NULL) == 0 ? g_strdup(text) : NULL;
}

static bool is_dialog(const struct mattermost_click *c)
{
	return c->reason != NULL;
}

/* Only whoever clicked sees it; a dialog stays open and shows it. */
static void refuse(struct call *call, const struct mattermost_click *c, const char *code,
		   const char *text)
{
	g_autofree char *clean = notice_clean(text, strlen(text), 1000, false);
	struct json_writer *w = json_writer_new(0);

	call_note(call, "%s: %s", code, text);
	log_event(EV_REFUSED, NULL, c->plan, "mattermost user '%s': %s: %s", c->user, code, text);
	json_w_object(w, NULL);
	json_w_str(w, is_dialog(c) ? "error" : "ephemeral_text", clean);
	call_send(call, MHD_HTTP_OK, w);
}

/* All is well, and nothing is to be shown. */
static void send_nothing(struct call *call)
{
	struct json_writer *w = json_writer_new(0);

	json_w_object(w, NULL);
	call_send(call, MHD_HTTP_OK, w);
}

/* A dialog cannot change the message: the bot that opened it does that by itself. */
static void answer(struct notifier *self, struct call *call, const struct mattermost_click *c)
{
	struct json_writer *w;
	g_autoptr(notice_auto) notice = NULL;

	if (is_dialog(c)) {
		send_nothing(call);
		return;
	}
	w = json_writer_new(0);
	json_w_object(w, NULL);
	if (notify_view(self->notify, c->plan, &notice)) {
		json_w_object(w, "update");
		write_post(w, self, notice, false, false);
		json_w_end(w);
		notify_shown(self, c->plan);
	}
	call_send(call, MHD_HTTP_OK, w);
}

/* Only a bot can open a dialog; what can be decided no more is refused at once. */
static bool can_ask(const struct notifier *self, const struct mattermost_click *c)
{
	const struct mattermost *m = self->data;
	const struct fold *fold = notify_agent(self->notify)->fold;
	const struct fold_plan *plan = g_hash_table_lookup(fold->by_id, c->plan);

	return !is_dialog(c) && strcmp(c->verdict, "reject") == 0 && c->trigger != NULL &&
	       m->token != NULL && self->public_url != NULL && plan != NULL &&
	       plan->phase == STACK_PHASE_OPEN;
}

static bool lacks_reason(const struct mattermost_click *c)
{
	g_autofree char *text = g_strstrip(g_strdup(is_dialog(c) ? c->reason : ""));

	return is_dialog(c) && g_utf8_strlen(text, -1) < REASON_MIN;
}

static void vote(struct notifier *self, struct call *call, const struct mattermost_click *c,
		 const char *person)
{
	g_autofree char *evidence = evidence_of(self, c);
	g_autoptr(GError) refusal = NULL;

	if (notify_decide(self->notify, self->ops->name, c->plan, person, c->verdict,
			  is_dialog(c) ? c->reason : "by a button in Mattermost", evidence, NULL,
			  &refusal)) {
		answer(self, call, c);
	} else {
		refuse(call, c,
		       refusal->domain == DECIDE_ERROR ? decide_error_names[refusal->code]
						       : "failed",
		       refusal->message);
	}
}

static void take(struct notifier *self, struct call *call, const struct mattermost_click *c)
{
	const struct conf *conf = notify_agent(self->notify)->conf;
	const struct conf_person *person = conf_person_of_mattermost(conf, c->user);

	if (c->cancelled) {
		send_nothing(call);
	} else if (person == NULL) {
		g_autofree char *text = g_strdup_printf(
			_("Assent does not know you. Ask for 'mattermost: %s' in your entry of "
			  "'people' in the agent's configuration."),
			c->user);

		refuse(call, c, notify_error_names[NOTIFY_ERROR_UNKNOWN_PERSON], text);
	} else if (can_ask(self, c)) {
		mattermost_ask(self, c);
		send_nothing(call);
	} else if (lacks_reason(c)) {
		refuse(call, c, decide_error_names[DECIDE_ERROR_REASON_MISSING],
		       _("Please say why, in at least three characters."));
	} else {
		vote(self, call, c, person->name);
	}
}

static bool read_and_check(struct notifier *self, struct json_doc *doc, struct mattermost_click *c,
			   GError **error)
{
	struct json_obj o;

	json_doc_root(doc, &o);
	return mattermost_is_dialog(&o)
		       ? mattermost_dialog_read(doc, &o, c, error) &&
				 mattermost_dialog_check(self, c, error)
		       : read_click(doc, &o, c, error) && check_click(self, c, error);
}

static bool mattermost_http(struct notifier *self, struct call *call, GError **error)
{
	g_autoptr(json_doc_auto) doc = NULL;
	struct mattermost_click c = {0};
	struct assent_error err;
	bool good;

	if (json_doc_parse(&doc, call->body->str, call->body->len, JSON_FLOATS, &err) != 0) {
		return fail(error, NOTIFY_ERROR, NOTIFY_ERROR_MALFORMED, "%s", err.text);
	}
	good = read_and_check(self, doc, &c, error);
	if (good) {
		take(self, call, &c);
	}
	json_doc_free(c.state);
	return good;
}

const struct notifier_ops notifier_mattermost = {
	.name = "mattermost",
	.caps = NOTIFIER_BUTTONS,
	.check = mattermost_check,
	.open = mattermost_open,
	.close = mattermost_close,
	.announce = mattermost_announce,
	.refresh = mattermost_refresh,
	.judge = mattermost_judge,
	.on_http = mattermost_http,
};
