/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which plan it was, for people who look at an object. */
#include "worker/apply-event.h"

#include <string.h>

#include "core/hash.h"
#include "worker/target/kubernetes-event.h"

#define DIGITS 12 /* as people are shown them elsewhere */

static void add_votes(GString *out, const struct approval *votes, size_t count)
{
	const char *before = ", approved by ";

	for (size_t i = 0; i < count; i++) {
		if (votes[i].verdict == VERDICT_REJECT) {
			continue;
		}
		g_string_append_printf(out, "%s%s%s", before, votes[i].person,
				       votes[i].verdict == VERDICT_BREAK_GLASS ? " (break-glass)"
									       : "");
		before = ", ";
	}
}

char *apply_describe(const struct plan *plan, const struct approval *votes, size_t count)
{
	GString *out = g_string_new(NULL);
	char digest[HASH_TEXT_SIZE];

	hash_text(digest, &plan->digest);
	g_string_append_printf(out, "plan %.*s", DIGITS, strchr(digest, ':') + 1);
	if (strcmp(plan->reason, "commit") != 0) {
		g_string_append_printf(out, " (%s)", plan->reason);
	}
	g_string_append_printf(out, " of stack '%s', commit %.*s", plan->stack, DIGITS,
			       plan->target_commit);
	if (votes != NULL) {
		add_votes(out, votes, count);
	}
	return g_string_free(out, FALSE);
}

void apply_tell_clusters(struct transaction *t, const struct approval *votes, size_t count)
{
	g_autofree char *plan = NULL;

	if (t->run.told == NULL) {
		return;
	}
	plan = apply_describe(t->plan, votes, count);
	kube_events_send(&t->run, plan, KUBE_EVENTS_WITHIN);
}
