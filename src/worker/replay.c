/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The memory of what was applied. */
#include "worker/replay.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "worker/job.h"

#define MAX_FILE 256

/* A key that was replaced and comes back is remembered as well. */
static char *file_of(const struct replay *replay)
{
	char digest[HASH_TEXT_SIZE];
	g_autofree char *name = NULL;
	struct hash hash;

	hash_bytes(&hash, replay->key->pk, sizeof(replay->key->pk));
	hash_text(digest, &hash);
	name = g_strdup_printf("last-%.16s", digest + strlen("sha256:"));
	return g_build_filename(replay->folder, name, NULL);
}

static bool parse(const char *text, int64_t *seq, struct hash *plan, bool *applied)
{
	char word[8], digest[HASH_TEXT_SIZE];
	int end = 0;

	if (sscanf(text, "%7[a-z] %" SCNd64 " %71s\n%n", word, seq, digest, &end) != 3 ||
	    text[end] != '\0' || *seq < 0 || !hash_parse(plan, digest)) {
		return false;
	}
	*applied = strcmp(word, "applied") == 0;
	return *applied || strcmp(word, "begun") == 0;
}

bool replay_check(const struct replay *replay, const struct plan *plan, GError **error)
{
	g_autofree char *file = file_of(replay);
	g_autofree char *text = NULL;
	g_autoptr(GError) problem = NULL;
	struct hash last;
	int64_t seq;
	bool applied;
	size_t len;

	if (!file_read(file, MAX_FILE, &text, &len, &problem)) {
		if (g_error_matches(problem, BASE_ERROR, BASE_ERROR_NOT_FOUND)) {
			return true;
		}
		g_propagate_error(error, g_steal_pointer(&problem));
		return false;
	}
	if (!parse(text, &seq, &last, &applied)) {
		return fail(error, JOB_ERROR, JOB_ERROR_FAILED,
			    "'%s' is damaged, so that nobody knows what was applied last", file);
	}
	if (plan->seq > seq || (plan->seq == seq && !applied && hash_equal(&plan->digest, &last))) {
		return true;
	}
	if (hash_equal(&plan->digest, &last)) {
		return fail(error, JOB_ERROR, JOB_ERROR_UNTRUSTED,
			    "this plan was applied already; a plan is applied once");
	}
	return fail(error, JOB_ERROR, JOB_ERROR_UNTRUSTED,
		    "this plan has number %" PRId64 ", and number %" PRId64
		    " was the last of its stack: it is too old",
		    plan->seq, seq);
}

bool replay_note(const struct replay *replay, const struct plan *plan, bool applied, GError **error)
{
	g_autofree char *file = file_of(replay);
	g_autofree char *text = NULL;
	char digest[HASH_TEXT_SIZE];

	hash_text(digest, &plan->digest);
	text = g_strdup_printf("%s %" PRId64 " %s\n", applied ? "applied" : "begun", plan->seq,
			       digest);
	return file_replace(file, text, strlen(text), 0600, error) ||
	       fail_prefix(error, "cannot remember what was applied");
}
