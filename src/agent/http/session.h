/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * Who looks at the pages: one-time links, and the sessions that they open.
 *
 *	token = sessions_link(s, "alice", plan, now)       over the socket only
 *	sessions_peek(s, token, now)                       whom it would sign in, spends nothing
 *	cookie = sessions_login(s, token, now, &target)    once
 *	sessions_find(s, cookie, now)                      with every request
 *	sessions_logout(s, cookie)
 *
 * Tokens are 32 random bytes in hexadecimal. Only their SHA-256 is kept, in
 * memory: after a restart everybody signs in again. Both kinds are bounded; the
 * oldest gives way. Time comes in; a link lives for SESSION_LINK_LIFE, a session
 * for SESSION_LIFE, or SESSION_IDLE when nobody uses it.
 *
 * The token of a form (csrf) is made of a key of this process and of whom it is
 * for, so that it needs no memory.
 */
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/hash.h"

#define SESSION_LINK_LIFE 600
#define SESSION_LIFE (12 * 3600)
#define SESSION_IDLE (2 * 3600)
#define SESSION_LINKS 256
#define SESSION_COUNT 256

struct session {
	struct hash id; /* of its cookie; names it in evidence */
	char *person;
	char *target; /* of a link: the plan it leads to, NULL: the overview */
	int64_t began, used;
};
struct sessions;

struct sessions *sessions_new(void);
void sessions_free(struct sessions *s);

/* The token's text; sessions_wipe(). */
char *sessions_link(struct sessions *s, const char *person, const char *target, int64_t now);
/* NULL when it is unknown, spent or too old. Borrowed until the next call. */
const struct session *sessions_peek(struct sessions *s, const char *token, int64_t now);
/* The cookie of a new session, sessions_wipe(); NULL as above. target: g_free(), may be NULL. */
char *sessions_login(struct sessions *s, const char *token, int64_t now, char **target);
/* NULL when there is none. Borrowed until the next call; counts as a use. */
const struct session *sessions_find(struct sessions *s, const char *cookie, int64_t now);
void sessions_logout(struct sessions *s, const char *cookie);
size_t sessions_count(const struct sessions *s);

/* The token that forms for subject carry; g_free(). */
char *sessions_csrf(const struct sessions *s, const char *subject);
bool sessions_csrf_fits(const struct sessions *s, const char *subject, const char *token);
/* Overwrites, then frees. NULL is accepted. */
void sessions_wipe(char *token);
