/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any bytes as a plan or a draft: what is one is written again byte for byte. */
#include <glib.h>
#include <stdlib.h>

#include "core/plan.h"
#include "fuzz.h"

const char *const fuzz_corpus[] = {"plans", NULL};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct plan *plan = NULL;
	char *text = NULL;
	size_t len;

	if (plan_parse(&plan, data, size, NULL) == 0) {
		g_assert(plan_write(&text, &len, plan, NULL) == 0);
		g_assert_cmpmem(text, len, data, size);
		for (size_t i = 0; i < plan->changes_count; i++) {
			g_assert(plan->changes[i].path == NULL || plan->changes[i].path[0] == '/');
		}
		free(text);
		plan_free(plan);
	}
	if (plan_draft_parse(&plan, data, size, NULL) == 0) {
		g_assert(plan_draft_write(&text, &len, plan, NULL) == 0);
		g_assert_cmpmem(text, len, data, size);
		free(text);
		plan_free(plan);
	}
	return 0;
}
