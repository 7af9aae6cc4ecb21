/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any bytes as a push hook: only one that is signed with the secret is let in. */
#include <glib.h>
#include <string.h>

#include "agent/http/hook.h"
#include "fuzz.h"

#define NOW 1790000100
#define SECRET "hush"
#define OTHER "hash" /* whoever signed with the one did not with the other */

const char *const fuzz_corpus[] = {"callbacks/hooks", NULL};

/* The value of the only line that begins with name, as call_header() gives it. */
static const char *find_header(const void *user, const char *name)
{
	const char *found = NULL;

	for (char *const *line = user; *line != NULL; line++) {
		size_t len = strlen(name);

		if (g_ascii_strncasecmp(*line, name, len) == 0 && (*line)[len] == ':') {
			if (found != NULL) {
				return NULL;
			}
			found = *line + len + 1;
			found += strspn(found, " ");
		}
	}
	return found;
}

static const char *judge(const char *kind, const char *secret, char **lines, const char *body,
			 size_t len)
{
	const struct hook_request request = {
		.header = find_header, .user = lines, .body = body, .len = len, .now = NOW};
	struct hook_key key;
	const char *problem = "unknown";

	if (hook_key_take(&key, kind, shared_secret_new(secret, strlen(secret)), NULL)) {
		problem = hook_problem(&key, &request);
		hook_key_clear(&key);
	}
	return problem;
}

/* The kind, headers, an empty line, the body. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const kinds[] = {"github", "gitea", "forgejo", "bitbucket", "gitlab"};
	const char *end = size > 0 ? memmem(data, size, "\n\n", 2) : NULL;
	size_t head = end != NULL ? (size_t)(end - (const char *)data) : size;
	const char *body = end != NULL ? end + 2 : "";
	size_t len = end != NULL ? size - head - 2 : 0;
	g_autofree char *text = g_strndup((const char *)data, head);
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	unsigned let_in = 0;

	for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
		let_in += judge(kinds[i], SECRET, lines, body, len) == NULL;
		g_assert(judge(kinds[i], OTHER, lines, body, len) != NULL);
	}
	g_assert(let_in <= 1);
	return 0;
}
