/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * Addresses of repositories: https://, http://, ssh://, host:path and file://.
 *
 * What could be taken for an option or a shell's text further down (a host,
 * user or path that begins with '-', control characters) is refused here, once.
 */
#include <glib.h>
#include <stdbool.h>

#define SOURCE_URL_MAX 2048

enum source_scheme { SCHEME_HTTP, SCHEME_HTTPS, SCHEME_SSH, SCHEME_FILE };

struct source_url {
	enum source_scheme scheme;
	char *user;    /* NULL: none */
	char *host;    /* without brackets; NULL for file:// */
	unsigned port; /* the scheme's own when none is given; 0 for file:// and for ssh without one
			*/
	char *path;    /* begins with '/', but for ssh's "~user/x" and "host:x"; with http the query
			  too */
	char *plain;   /* the address without user and password: for messages and requests */
};
/* A password in it is refused: it belongs into a file. */
bool source_url_parse(const char *text, struct source_url *out, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
void source_url_clear(struct source_url *url);
/* The host is this machine, so that nobody listens on the way. */
bool source_url_is_loopback(const struct source_url *url);
/* Both have the same host and port, and to is not less safe than from. */
bool source_url_may_redirect(const struct source_url *from, const struct source_url *to);
typedef struct source_url source_url_auto;
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(source_url_auto, source_url_clear)
