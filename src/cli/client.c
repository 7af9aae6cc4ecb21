/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Requests to the agent and what comes back. */
#include "cli/client.h"

#include <errno.h>
#include <glib/gi18n.h>
#include <glib/gstdio.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "base/autoptr.h"
#include "base/error.h"
#include "base/http.h"
#include "cli/problem.h"

#define SCHEMA_VERSION 1
#define STREAM_LINE_MAX ((size_t)1 << 20)
#define MAX_CODE 64
#define MAX_MESSAGE 65536

struct client {
	char *socket;
	bool (*stopped)(void *user); /* NULL: never */
	void *stopped_user;
};

struct client *client_new(const char *socket)
{
	struct client *client = g_new0(struct client, 1);

	client->socket = g_strdup(socket);
	return client;
}

void client_free(struct client *client)
{
	if (client != NULL) {
		g_free(client->socket);
		g_free(client);
	}
}

const char *client_socket(const struct client *client)
{
	return client->socket;
}

void client_set_stopped(struct client *client, bool (*stopped)(void *user), void *user)
{
	client->stopped = stopped;
	client->stopped_user = user;
}

/* {"error":{"code","message","hint"}}, else the status is all that is known. */
static bool refused(const struct http_answer *answer, const char *path, GError **error)
{
	g_autoptr(json_doc_auto) doc = NULL;
	struct json_obj root, inner;
	const char *code, *message, *hint;

	if (json_doc_parse(&doc, answer->body->str, answer->body->len, 0, NULL) == 0) {
		json_doc_root(doc, &root);
		if (json_obj_get_opt(&root, "error", &inner)) {
			code = json_str(&inner, "code", MAX_CODE);
			message = json_str(&inner, "message", MAX_MESSAGE);
			hint = json_str_opt(&inner, "hint", MAX_MESSAGE);
			if (json_doc_status(doc, NULL) == 0) {
				return problem(error, EXIT_REFUSED, code,
					       hint != NULL && hint[0] != '\0' ? hint : NULL, "%s",
					       message);
			}
		}
	}
	return problem(error, EXIT_REFUSED, "bad-answer", NULL,
		       _("the agent answered %ld to %s without saying why"), answer->status, path);
}

static bool unreachable(const struct client *client, GError *why, GError **error)
{
	g_autoptr(GError) owned = why;

	/* curl tells no more than that it cannot connect. */
	if (g_access(client->socket, W_OK) != 0 && errno == EACCES) {
		return problem(error, EXIT_UNREACHABLE, "forbidden",
			       _("only the agent's own user and root may"),
			       _("you may not talk to the agent at '%s'"), client->socket);
	}
	if (g_error_matches(owned, BASE_ERROR, BASE_ERROR_NOT_FOUND)) {
		return problem(error, EXIT_UNREACHABLE, "unreachable",
			       _("start it with 'assentd', or name its socket with --socket"),
			       _("no agent listens at '%s'"), client->socket);
	}
	if (g_error_matches(owned, BASE_ERROR, BASE_ERROR_LIMIT)) {
		return problem(error, EXIT_REFUSED, "too-large", NULL,
			       _("the agent's answer is too large: %s"), owned->message);
	}
	return problem(error, EXIT_UNREACHABLE, "unreachable", NULL,
		       _("the agent does not answer: %s"), owned->message);
}

static bool perform(struct client *client, struct http_request *request, const char *path,
		    GString **body, GError **error)
{
	g_autofree char *url = g_strconcat("http://agent", path, NULL);
	struct http_answer answer = {0};
	GError *why = NULL;
	bool ok;

	request->socket = client->socket;
	request->url = url;
	request->stopped = client->stopped;
	request->stopped_user = client->stopped_user;
	if (!http_perform(request, &answer, &why)) {
		return unreachable(client, why, error);
	}
	ok = answer.status >= 200 && answer.status < 300;
	if (ok) {
		*body = g_steal_pointer(&answer.body);
	} else {
		(void)refused(&answer, path, error);
	}
	http_answer_clear(&answer);
	return ok;
}

bool client_get(struct client *client, const char *path, size_t max, GString **body, GError **error)
{
	struct http_request request = {.method = "GET", .max_body = max, .timeout = CLIENT_QUICK};

	return perform(client, &request, path, body, error);
}

static bool read_json(const GString *body, const char *path, struct json_doc **out, GError **error)
{
	g_autoptr(json_doc_auto) doc = NULL;
	struct assent_error core;
	struct json_obj root;
	int64_t version;

	if (json_doc_parse(&doc, body->str, body->len, 0, &core) != 0) {
		return problem(error, EXIT_REFUSED, "bad-answer", NULL,
			       _("the agent's answer to %s is malformed: %s"), path, core.text);
	}
	json_doc_root(doc, &root);
	version = json_int(&root, "schema_version", 0, JSON_MAX_INT);
	if (!client_check(doc, path, error)) {
		return false;
	}
	if (version != SCHEMA_VERSION) {
		return problem(error, EXIT_REFUSED, "bad-version",
			       _("agent and command line should come from the same release"),
			       _("the agent answers in version %" PRId64 ", this program knows %d"),
			       (gint64)version, SCHEMA_VERSION);
	}
	*out = g_steal_pointer(&doc);
	return true;
}

bool client_get_json(struct client *client, const char *path, struct json_doc **doc, GError **error)
{
	g_autoptr(GString) body = NULL;

	return client_get(client, path, CLIENT_ANSWER_MAX, &body, error) &&
	       read_json(body, path, doc, error);
}

bool client_post_json(struct client *client, const char *path, const char *body, unsigned timeout,
		      struct json_doc **doc, GError **error)
{
	struct http_request request = {.method = "POST",
				       .body = body != NULL ? body : "",
				       .body_len = body != NULL ? strlen(body) : 0,
				       .max_body = CLIENT_ANSWER_MAX,
				       .timeout = timeout};
	g_autoptr(GString) answer = NULL;

	return perform(client, &request, path, &answer, error) &&
	       read_json(answer, path, doc, error);
}

bool client_stream(struct client *client, const char *path,
		   bool (*line)(const char *line, size_t len, void *user), void *user,
		   GError **error)
{
	g_autofree char *url = g_strconcat("http://agent", path, NULL);
	struct http_request request = {.socket = client->socket,
				       .method = "GET",
				       .url = url,
				       .max_body = STREAM_LINE_MAX,
				       .timeout = CLIENT_QUICK};
	GError *why = NULL;

	if (!http_stream(&request, line, user, &why)) {
		return unreachable(client, why, error);
	}
	return true;
}

bool client_check(const struct json_doc *doc, const char *path, GError **error)
{
	struct assent_error core;

	if (json_doc_status(doc, &core) != 0) {
		return problem(error, EXIT_REFUSED, "bad-answer", NULL,
			       _("the agent's answer to %s is malformed: %s"), path, core.text);
	}
	return true;
}

char *client_path(const char *format, const char *id)
{
	g_autofree char *escaped = g_uri_escape_string(id, ":", FALSE);
	g_auto(GStrv) parts = g_strsplit(format, "%s", 2);

	return g_strconcat(parts[0], escaped, parts[1], NULL);
}
