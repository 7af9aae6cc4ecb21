/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Finding the row of a path. */
#include "agent/http/route.h"

#include <string.h>

static bool matches(const char *pattern, const char *url, char *args[CALL_ARGS])
{
	unsigned n = 0;

	while (*pattern != '\0') {
		if (*pattern == '*') {
			size_t len = strcspn(url, "/");

			if (len == 0 || n == CALL_ARGS) {
				return false;
			}
			g_free(args[n]);
			args[n++] = g_strndup(url, len);
			url += len;
			pattern++;
		} else if (*pattern++ != *url++) {
			return false;
		}
	}
	return *url == '\0';
}

const struct route *route_find(const struct route *table, struct call *call, const char *method,
			       bool *known)
{
	*known = false;
	for (const struct route *r = table; r->method != NULL; r++) {
		if (!matches(r->pattern, call->url, call->args)) {
			continue;
		}
		*known = true;
		if (strcmp(r->method, method) == 0) {
			return r;
		}
	}
	return NULL;
}

char *route_methods(const struct route *table, struct call *call)
{
	GString *text = g_string_new(NULL);

	for (const struct route *r = table; r->method != NULL; r++) {
		if (matches(r->pattern, call->url, call->args)) {
			g_string_append_printf(text, "%s%s", text->len > 0 ? ", " : "", r->method);
		}
	}
	return g_string_free(text, FALSE);
}
