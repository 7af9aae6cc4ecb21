/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * HTTP requests that nobody waits for: libcurl's multi interface in the GLib
 * main loop. TLS 1.2 at least, verified; no redirects; the answer's size and
 * the time for all of it are bounded. base/http.h is the blocking one.
 *
 *	client = http_client_new()
 *	http_client_send(client, &send, done, user)    done is called once, from the loop
 *	http_client_free(client)              never from done; it ends all under way
 *
 * A stream is a request with a line function: each line is handed over as it
 * comes, and done is called when it has ended. The client's functions must not
 * be called from a line function.
 *
 * Messages never hold a URL's path or query: those of chats are secrets.
 */
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#define HTTP_CLIENT_ANSWER ((size_t)64 << 10) /* longest answer that is taken */

/* With the user of http_client_send(). */
typedef void (*http_client_line_fn)(const char *text, size_t len, void *user);

struct http_client;
/* Everything is owned; http_send_clear() wipes before it frees. */
struct http_send {
	char *method;	    /* NULL: POST */
	char *url;	    /* NULL: nothing to send */
	char **headers;	    /* "Name: value", may be NULL; they may hold secrets */
	char *content_type; /* NULL: application/json; charset=utf-8 */
	char *body;
	size_t body_len;
	char *ca_file;		  /* NULL: the system's */
	unsigned timeout;	  /* seconds, 0: 15; of a stream: none */
	char *socket;		  /* path of a Unix socket, NULL: the URL's host */
	size_t max;		  /* longest answer, or line of a stream; 0: HTTP_CLIENT_ANSWER */
	http_client_line_fn line; /* NULL: no stream. text is NUL-terminated; NULL: it begins now */
};
void http_send_clear(struct http_send *send);

struct http_received {
	long status;	  /* 0: no answer, see problem */
	const char *body; /* NUL-terminated beyond len, "" without an answer */
	size_t len;
	int64_t retry_after; /* seconds, 0: not said */
	const char *problem; /* NULL when status is set */
};
typedef void (*http_done_fn)(const struct http_received *answer, void *user);

struct http_client *http_client_new(void);
void http_client_free(struct http_client *client);
/* Copies what it needs. url: as http_client_is_url() wants it, or anything when a socket is named.
 * The returned number is for http_client_cancel(). */
unsigned http_client_send(struct http_client *client, const struct http_send *send,
			  http_done_fn done, void *user);
/* done is not called any more. */
void http_client_cancel(struct http_client *client, unsigned id);
/* https://, or http:// to this host itself; no user, password or fragment. */
bool http_client_is_url(const char *url);
/* path, which begins with a slash, below base, which may end with some; g_free(). */
char *http_client_join(const char *base, const char *path);
/* "https://host" for messages; g_free(). */
char *http_client_display(const char *url);
