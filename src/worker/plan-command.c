/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is to be run. */
#include "worker/plan.h"

static const char **keep_words(struct planner *p, char **words)
{
	guint count = words != NULL ? g_strv_length(words) : 0;
	const char **kept;

	if (words == NULL) {
		return NULL;
	}
	kept = plan_keep_list(p, count);
	for (guint i = 0; i < count; i++) {
		kept[i] = plan_keep(p, words[i]);
	}
	return kept;
}

static const char *keep_opt(struct planner *p, const char *text)
{
	return text != NULL ? plan_keep(p, text) : NULL;
}

const struct plan_exec *plan_exec(struct planner *p, const struct desired_exec *exec)
{
	struct plan_exec *out;

	if (exec == NULL) {
		return NULL;
	}
	out = g_new0(struct plan_exec, 1);
	g_ptr_array_add(p->kept, out);
	out->run = keep_words(p, exec->run);
	out->unless = keep_words(p, exec->unless);
	out->env = keep_words(p, exec->env);
	out->creates = keep_opt(p, exec->creates);
	out->directory = keep_opt(p, exec->directory);
	out->user = keep_opt(p, exec->user);
	out->timeout = exec->timeout;
	out->output = exec->output;
	return out;
}

bool plan_commands(struct planner *p, GError **error)
{
	return true;
}
