/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * The agent's API over its Unix socket (doc/api.yaml), blocking: bytes in,
 * bytes out. cli/api.h makes typed answers of them.
 *
 * A refusal by the agent becomes a problem() with the agent's own code, message
 * and hint; no agent becomes EXIT_UNREACHABLE.
 */
#include <glib.h>
#include <stdbool.h>

#include "core/json.h"

#define CLIENT_ANSWER_MAX ((size_t)32 << 20)
#define CLIENT_QUICK 60 /* seconds for an answer that needs no work */

struct client;

/* Connects with the first request. socket is copied. */
struct client *client_new(const char *socket);
void client_free(struct client *client);
const char *client_socket(const struct client *client);
/* Asked about once a second while the agent does not answer: shall the request be given up? */
void client_set_stopped(struct client *client, bool (*stopped)(void *user), void *user);

/* The body of GET path; more than max bytes are an error. */
bool client_get(struct client *client, const char *path, size_t max, GString **body, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
/* The same, read as JSON with schema_version 1; json_doc_free(). */
bool client_get_json(struct client *client, const char *path, struct json_doc **doc, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
/* body NULL: empty. timeout in seconds, 0: as long as it takes. */
bool client_post_json(struct client *client, const char *path, const char *body, unsigned timeout,
		      struct json_doc **doc, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Each line of a stream as it comes; line returns false to stop, and that is no error. */
bool client_stream(struct client *client, const char *path,
		   bool (*line)(const char *line, size_t len, void *user), void *user,
		   GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* After the getters: false when the answer was not what it should be. */
bool client_check(const struct json_doc *doc, const char *path, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
/* "/v1/plans/ID/diff" with ID escaped for a URL; g_free(). format has one %s. */
char *client_path(const char *format, const char *id) G_GNUC_FORMAT(1);
