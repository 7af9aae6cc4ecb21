/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * A blocking HTTP client on libcurl for the command line and workers: the
 * agent's Unix socket, and https:// logs of others. TLS 1.2 at least, verified;
 * no redirects; no proxy for a socket. Errors: BASE_ERROR_NOT_FOUND (nobody
 * listens), BASE_ERROR_TIMEOUT, BASE_ERROR_LIMIT (the body is larger than
 * max_body), BASE_ERROR_CANCELLED (stopped said so) or BASE_ERROR_FAILED. URLs in messages carry no
 * user or password.
 */
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

struct http_request {
	const char *socket;	  /* path of a Unix socket, NULL: the URL's host */
	const char *method;	  /* "GET", "POST" */
	const char *url;	  /* over a socket: "http://agent/v1/status" */
	const char *content_type; /* of body; NULL: application/json */
	const char *body;
	size_t body_len;
	const char *ca_file; /* NULL: the system's */
	size_t max_body;     /* of the answer, bytes; 0: 1 MiB */
	unsigned timeout;    /* seconds for all of it, 0: none */
	unsigned timeout_ms; /* milliseconds instead, 0: timeout */
	bool any_status;     /* an answer that redirects is one like others; it is not followed */
	/* Shall it be ended? Asked about once a second; NULL: never. */
	bool (*stopped)(void *user);
	void *stopped_user;
};
struct http_answer {
	long status;
	GString *body;
	char *content_type;
};
void http_answer_clear(struct http_answer *answer);
/* False when there is no answer: BASE_ERROR_NOT_FOUND when nobody listens. Redirects are refused.
 */
bool http_perform(const struct http_request *request, struct http_answer *answer, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
/* Stream: each line of the answer's body as it comes, without newline and at most max_body long;
 * returning false stops, and that is no error. An answer other than 200 is one. timeout bounds only
 * the connecting, since a stream has no end. */
typedef bool (*http_line_fn)(const char *line, size_t len, void *user);
bool http_stream(const struct http_request *request, http_line_fn line, void *user, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
/* The URL without user and password, for messages. Freed with g_free(). */
char *http_url_display(const char *url);
