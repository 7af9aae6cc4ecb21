/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any bytes as the body of a form, and as the headers by which a request is judged. */
#include <glib.h>
#include <string.h>

#include "agent/http/call.h"
#include "agent/http/guard.h"
#include "fuzz.h"

const char *const fuzz_corpus[] = {"callbacks/forms", NULL};

static void read_fields(const char *text, size_t len)
{
	static const char *const names[] = {"csrf", "plan", "decision", "reason", "seen",
					    "t",    "u",    "x",	""};
	GString *body = g_string_new_len(text, (gssize)len);
	const struct call call = {.body = body};

	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autofree char *value = call_form(&call, names[i]);

		g_assert(value == NULL || g_utf8_validate(value, -1, NULL));
		g_assert(value == NULL || strlen(value) <= len);
	}
	g_string_free(body, TRUE);
}

static void judge_host(const char *host)
{
	static const char *const names[] = {"ops.example.org", "127.0.0.1:7420", NULL};
	g_autofree char *name = guard_host_name(host);
	g_autofree char *again = name != NULL ? guard_host_name(name) : NULL;

	g_assert_cmpstr(again, ==, name); // no port and no capital is left in it
	if (guard_host_fits(host, names)) {
		g_assert(name != NULL);
		g_assert(strcmp(name, names[0]) == 0 || strcmp(host, names[1]) == 0);
	}
}

static void judge_form(const char *site, const char *origin)
{
	static const char *const ours[] = {"http://127.0.0.1:7420", NULL};
	bool same = strcmp(site, "same-origin") == 0, own = strcmp(origin, ours[0]) == 0;

	g_assert(guard_form_problem(NULL, NULL, ours) != NULL);
	g_assert((guard_form_problem(NULL, origin, ours) == NULL) == own);
	g_assert((guard_form_problem(site, NULL, ours) == NULL) == same);
	g_assert((guard_form_problem(site, origin, ours) == NULL) ==
		 (same && (own || strcmp(origin, "null") == 0)));
}

static void judge_hop(const char *forwarded)
{
	struct net_address address, again;
	char text[NET_TEXT_SIZE];

	if (guard_last_hop(forwarded, &address)) {
		net_address_text(text, &address);
		g_assert(net_address_parse(&again, text));
	}
}

/* Host, Sec-Fetch-Site, Origin and X-Forwarded-For, a line each; then the body. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree char *text = g_strndup((const char *)data, size);
	g_auto(GStrv) lines = g_strsplit(text, "\n", 5);

	read_fields((const char *)data, size);
	if (g_strv_length(lines) == 5) {
		judge_host(lines[0]);
		judge_form(lines[1], lines[2]);
		judge_hop(lines[3]);
		read_fields(lines[4], strlen(lines[4]));
	}
	return 0;
}
