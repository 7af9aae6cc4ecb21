/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Patterns of paths. */
#include "base/glob.h"

#include <glib.h>
#include <string.h>

static bool is_deep(const char *p, size_t i)
{
	return p[i + 1] == '*' || (i > 0 && p[i - 1] == '*');
}

/* A star may stand for nothing. */
static void skip_stars(const char *p, size_t len, bool *at)
{
	size_t i;

	for (i = 0; i < len; i++) {
		at[i + 1] |= at[i] && p[i] == '*';
	}
}

/* All places of the pattern at once, so that no path can make it slow. */
bool glob_matches(const char *p, const char *s)
{
	size_t len = strlen(p);
	g_autofree bool *at = g_new0(bool, len + 1);
	g_autofree bool *next = g_new0(bool, len + 1);
	size_t i;

	at[0] = true;
	skip_stars(p, len, at);
	for (; *s != '\0'; s++) {
		memset(next, 0, len + 1);
		for (i = 0; i < len; i++) {
			if (!at[i]) {
				continue;
			}
			if (p[i] == '*') {
				next[i] |= *s != '/' || is_deep(p, i);
			} else {
				next[i + 1] |= p[i] == *s || (p[i] == '?' && *s != '/');
			}
		}
		memcpy(at, next, len + 1);
		skip_stars(p, len, at);
	}
	return at[len];
}
