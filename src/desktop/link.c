/* SPDX-License-Identifier: GPL-3.0-or-later */
/* An agent's stream, its snapshots, and what is asked of it. */
#include "desktop/link.h"

#include <glib/gi18n.h>
#include <string.h>

#include "base/autoptr.h"
#include "base/log.h"
#include "core/json.h"

#define WAIT_FIRST 1 /* seconds until it is tried again, then twice as long */
#define WAIT_MAX 30
#define GONE_AFTER 30  /* seconds: a restart is not worth a flicker */
#define ASK_AGAIN 5000 /* milliseconds, after an answer that says nothing */
#define PAUSE 100      /* milliseconds: events come in company */
#define ANSWER_TIME 30 /* seconds */
#define VOTE_TIME 60
#define SNAPSHOT_MAX ((size_t)8 << 20)
#define LINE_MAX_SIZE ((size_t)1 << 20)
#define TEXT_MAX_SIZE 65536

struct link {
	struct http_client *client;
	char *socket;
	struct link_calls calls;
	void *user;
	unsigned stream, query; /* requests under way, 0: none */
	guint retry, pause, gone;
	unsigned wait;
	bool open;	 /* the stream has begun */
	bool behind;	 /* something happened since the query was sent */
	bool is_up;	 /* there was a snapshot, and the agent was not given up since */
	bool told;	 /* that it is away */
	GPtrArray *asks; /* struct ask */
};

/* A vote or a review under way. */
struct ask {
	struct link *link;
	char *key;
	unsigned request;
};

static void connect_stream(struct link *l);

static void ask_free(void *data)
{
	struct ask *ask = data;

	if (ask->request != 0) {
		http_client_cancel(ask->link->client, ask->request);
	}
	g_free(ask->key);
	g_free(ask);
}

static unsigned send_request(struct link *l, const char *method, const char *path, const char *body,
			     unsigned timeout, http_done_fn done, void *user)
{
	struct http_send request = {.method = g_strdup(method),
				    .url = g_strconcat("http://agent", path, NULL),
				    .body = g_strdup(body),
				    .body_len = body != NULL ? strlen(body) : 0,
				    .timeout = timeout,
				    .socket = g_strdup(l->socket),
				    .max = SNAPSHOT_MAX};
	unsigned id = http_client_send(l->client, &request, done, user);

	http_send_clear(&request);
	return id;
}

/* Snapshots. */

static void query(struct link *l);
static gboolean on_pause(void *user);

static void on_answer(const struct http_received *answer, void *user)
{
	struct link *l = user;
	struct snapshot *snapshot = NULL;
	g_autoptr(GError) error = NULL;

	l->query = 0;
	if (answer->status != 200) {
		log_event(EV_DESKTOP_FAILED, NULL, NULL, "the agent at '%s' does not tell: %s",
			  l->socket, answer->problem != NULL ? answer->problem : "a refusal");
	} else if (!snapshot_parse(answer->body, answer->len, &snapshot, &error)) {
		log_event(EV_DESKTOP_FAILED, NULL, NULL, "'%s': %s", l->socket, error->message);
	}
	if (l->behind && l->open) {
		query(l);
	} else if (snapshot == NULL && l->open && l->pause == 0) {
		l->pause = g_timeout_add(ASK_AGAIN, on_pause, l);
	}
	if (snapshot != NULL) {
		l->is_up = true;
		l->calls.news(snapshot, l->user);
	}
}

static gboolean on_pause(void *user)
{
	struct link *l = user;

	l->pause = 0;
	if (l->query != 0) {
		l->behind = true;
	} else {
		query(l);
	}
	return G_SOURCE_REMOVE;
}

static void query(struct link *l)
{
	l->behind = false;
	l->query = send_request(l, "GET", "/v1/desktop", NULL, ANSWER_TIME, on_answer, l);
}

/* The stream. */

static gboolean on_gone(void *user)
{
	struct link *l = user;

	l->gone = 0;
	l->is_up = false;
	l->calls.gone(l->user);
	return G_SOURCE_REMOVE;
}

static gboolean on_retry(void *user)
{
	struct link *l = user;

	l->retry = 0;
	connect_stream(l);
	return G_SOURCE_REMOVE;
}

static void on_end(const struct http_received *answer, void *user)
{
	struct link *l = user;

	l->stream = 0;
	if (l->open || !l->told) {
		log_event(EV_DESKTOP, NULL, NULL, "no agent at '%s'%s%s", l->socket,
			  answer->problem != NULL ? ": " : "",
			  answer->problem != NULL ? answer->problem : "");
	}
	l->told = true;
	l->open = false;
	if (l->is_up && l->gone == 0) {
		l->gone = g_timeout_add_seconds(GONE_AFTER, on_gone, l);
	}
	l->retry = g_timeout_add_seconds(l->wait, on_retry, l);
	l->wait = MIN(l->wait * 2, WAIT_MAX);
}

/* Nothing of the client may be called from here. */
static void on_line(const char *text, size_t len, void *user)
{
	struct link *l = user;

	if (text == NULL) {
		l->open = true;
		l->wait = WAIT_FIRST;
		g_clear_handle_id(&l->gone, g_source_remove);
		log_event(EV_DESKTOP, NULL, NULL, "there is an agent at '%s'", l->socket);
	}
	if (l->pause == 0 && (text == NULL || len > 0)) {
		l->pause = g_timeout_add(text == NULL ? 0 : PAUSE, on_pause, l);
	}
}

static void connect_stream(struct link *l)
{
	struct http_send request = {.method = g_strdup("GET"),
				    .url = g_strdup("http://agent/v1/events"),
				    .socket = g_strdup(l->socket),
				    .max = LINE_MAX_SIZE,
				    .line = on_line};

	l->stream = http_client_send(l->client, &request, on_end, l);
	http_send_clear(&request);
}

struct link *link_new(struct http_client *client, const char *socket,
		      const struct link_calls *calls, void *user)
{
	struct link *l = g_new0(struct link, 1);

	l->client = client;
	l->socket = g_strdup(socket);
	l->calls = *calls;
	l->user = user;
	l->wait = WAIT_FIRST;
	l->asks = g_ptr_array_new_with_free_func(ask_free);
	connect_stream(l);
	return l;
}

void link_free(struct link *l)
{
	if (l == NULL) {
		return;
	}
	g_ptr_array_unref(l->asks);
	http_client_cancel(l->client, l->stream);
	http_client_cancel(l->client, l->query);
	g_clear_handle_id(&l->retry, g_source_remove);
	g_clear_handle_id(&l->pause, g_source_remove);
	g_clear_handle_id(&l->gone, g_source_remove);
	g_free(l->socket);
	g_free(l);
}

bool link_is_up(const struct link *l)
{
	return l->open;
}

/* Votes and reviews. */

/* {"error":{"message":...}}; g_free(). */
static char *refusal_of(const struct http_received *answer)
{
	g_autoptr(json_doc_auto) doc = NULL;
	struct json_obj root, inner;
	const char *message;

	if (answer->status == 0) {
		return g_strdup(_("The agent does not answer."));
	}
	if (json_doc_parse(&doc, answer->body, answer->len, 0, NULL) == 0) {
		json_doc_root(doc, &root);
		if (json_obj_get_opt(&root, "error", &inner)) {
			message = json_str(&inner, "message", TEXT_MAX_SIZE);
			if (json_doc_status(doc, NULL) == 0) {
				return g_strdup(message);
			}
		}
	}
	return g_strdup(_("The agent refused without saying why."));
}

static char *url_of(const struct http_received *answer)
{
	g_autoptr(json_doc_auto) doc = NULL;
	struct json_obj root;
	const char *url;

	if (json_doc_parse(&doc, answer->body, answer->len, 0, NULL) != 0) {
		return NULL;
	}
	json_doc_root(doc, &root);
	url = json_str_opt(&root, "url", 2048);
	return json_doc_status(doc, NULL) == 0 ? g_strdup(url) : NULL;
}

static void on_asked(const struct http_received *answer, void *user)
{
	struct ask *ask = user;
	struct link *l = ask->link;
	g_autofree char *problem = answer->status != 200 ? refusal_of(answer) : NULL;
	g_autofree char *url = problem == NULL ? url_of(answer) : NULL;

	ask->request = 0;
	if (answer->status != 200) {
		log_event(EV_DESKTOP_FAILED, NULL, NULL, "%s: %s", l->socket, problem);
	}
	l->calls.done(ask->key, url, problem, l->user);
	g_ptr_array_remove_fast(l->asks, ask);
}

static void ask_agent(struct link *l, const char *key, const char *path, struct json_writer *w)
{
	struct ask *ask = g_new0(struct ask, 1);
	autocfree char *body = NULL;
	struct assent_error err;
	size_t len;

	ask->link = l;
	ask->key = g_strdup(key);
	g_ptr_array_add(l->asks, ask);
	if (json_writer_finish(w, &body, &len, &err) != 0) {
		l->calls.done(key, NULL, err.text, l->user);
		g_ptr_array_remove_fast(l->asks, ask);
		return;
	}
	ask->request = send_request(l, "POST", path, body, VOTE_TIME, on_asked, ask);
}

void link_vote(struct link *l, const char *key, const char *plan, bool approve, const char *reason)
{
	g_autofree char *path = g_strdup_printf("/v1/plans/%s/decisions", plan);
	struct json_writer *w = json_writer_new(0);

	json_w_object(w, NULL);
	json_w_str(w, "channel", "desktop");
	json_w_str(w, "decision", approve ? "approve" : "reject");
	json_w_str(w, "reason", reason);
	json_w_end(w);
	ask_agent(l, key, path, w);
}

void link_review(struct link *l, const char *key, const char *plan)
{
	struct json_writer *w = json_writer_new(0);

	json_w_object(w, NULL);
	if (plan != NULL) {
		json_w_str(w, "plan", plan);
	}
	json_w_end(w);
	ask_agent(l, key, "/v1/review", w);
}
