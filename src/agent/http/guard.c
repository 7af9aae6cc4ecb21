/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Judging a request by its headers. */
#include "agent/http/guard.h"

#include <glib.h>
#include <string.h>

#define HOST_MAX 255

static bool is_port(const char *text)
{
	guint64 n;

	return g_ascii_isdigit(text[0]) && g_ascii_string_to_unsigned(text, 10, 1, 65535, &n, NULL);
}

static bool is_name(const char *host, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (!g_ascii_isalnum(host[i]) && host[i] != '.' && host[i] != '-' &&
		    host[i] != '_') {
			return false;
		}
	}
	return len > 0;
}

/* How long the name is, brackets included; 0: it is none. */
static size_t name_length(const char *host)
{
	size_t len;

	if (host[0] == '[') {
		len = strspn(host + 1, "0123456789abcdefABCDEF:.") + 1;
		return len > 1 && host[len] == ']' ? len + 1 : 0;
	}
	len = strcspn(host, ":");
	return is_name(host, len) ? len : 0;
}

char *guard_host_name(const char *host)
{
	size_t len = name_length(host);

	if (len == 0 || strlen(host) > HOST_MAX ||
	    (host[len] != '\0' && (host[len] != ':' || !is_port(host + len + 1)))) {
		return NULL;
	}
	return g_ascii_strdown(host, (gssize)len);
}

bool guard_host_fits(const char *host, const char *const *names)
{
	g_autofree char *name = guard_host_name(host);

	for (size_t i = 0; name != NULL && names[i] != NULL; i++) {
		if (strcmp(names[i], name) == 0 || g_ascii_strcasecmp(names[i], host) == 0) {
			return true;
		}
	}
	return false;
}

char *guard_origin(const char *url)
{
	const char *scheme = strstr(url, "://");
	g_autofree char *origin = NULL;

	g_assert(scheme != NULL);
	origin = g_strndup(url, (size_t)(scheme - url) + 3 + strcspn(scheme + 3, "/?#"));
	return g_ascii_strdown(origin, -1);
}

const char *guard_form_problem(const char *site, const char *origin, const char *const *origins)
{
	if (site == NULL && origin == NULL) {
		return "neither Sec-Fetch-Site nor Origin tells where the form comes from";
	}
	if (site != NULL && strcmp(site, "same-origin") != 0) {
		return "Sec-Fetch-Site says that another site sent the form";
	}
	/* A browser that hides the origin says "null"; Sec-Fetch-Site has told it then. */
	if (origin == NULL || (site != NULL && strcmp(origin, "null") == 0)) {
		return NULL;
	}
	return g_strv_contains(origins, origin) ? NULL
						: "Origin says that another site sent the form";
}

bool guard_last_hop(const char *forwarded, struct net_address *out)
{
	const char *comma = strrchr(forwarded, ',');
	g_autofree char *hop = g_strstrip(g_strdup(comma != NULL ? comma + 1 : forwarded));

	return net_address_parse(out, hop);
}
