/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * A blocking HTTP client on libcurl for the command line and workers: the
 * agent's Unix socket, and https:// logs of others.
 */
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

struct http_request {
	const char *socket;   /* path of a Unix socket, NULL: the URL's host */
	const char *method;   /* "GET", "POST" */
	const char *url;      /* over a socket: "http://agent/v1/status" */
	const char *content_type; /* of body; NULL: application/json */
	const char *body;
	size_t body_len;
	const char *ca_file;  /* NULL: the system's */
	size_t max_body;      /* of the answer */
	unsigned timeout;     /* seconds for all of it, 0: none */
};
struct http_answer {
	long status;
	GString *body;
	char *content_type;
};
void http_answer_clear(struct http_answer *answer);
/* False when there is no answer: BASE_ERROR_NOT_FOUND when nobody listens. Redirects are refused. */
bool http_perform(const struct http_request *request, struct http_answer *answer, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
/* Stream: each line of the answer's body as it comes; return false to stop. */
typedef bool (*http_line_fn)(const char *line, size_t len, void *user);
bool http_stream(const struct http_request *request, http_line_fn line, void *user, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
