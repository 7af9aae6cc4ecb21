/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Puts drafts and plans before the policy. */
#include "agent/ruling.h"

#include <string.h>
#include <unistd.h>

#include "base/autoptr.h"
#include "base/elevate.h"
#include "base/error.h"

#define COMMITS 100

static struct policy_input input_of(const struct agent_unit *unit)
{
	return (struct policy_input){.home = g_get_home_dir(), .signers = unit->agent->signers};
}

/* What cannot be seen is not signed either. */
static bool has_unsigned(struct json_obj *root)
{
	struct json_obj o;
	struct json_arr arr;
	size_t count, i;

	count = json_arr_get(root, "commits", COMMITS, &arr);
	for (i = 0; i < count; i++) {
		if (!json_arr_obj(&arr, i, &o) ||
		    strcmp(json_str(&o, "signature", 16), "good") != 0) {
			return true;
		}
	}
	return (uint64_t)json_int(root, "total", 0, JSON_MAX_INT) > count;
}

/* Of a list that cannot be read the worst is believed. */
static void judge_commits(struct policy_input *in, const char *commits, size_t len)
{
	g_autoptr(json_doc_auto) doc = NULL;
	struct json_obj root;

	if (commits == NULL) {
		return;
	}
	if (json_doc_parse(&doc, commits, len, JSON_CANONICAL, NULL) != 0) {
		in->has_unsigned = in->is_rewritten = true;
		return;
	}
	json_doc_root(doc, &root);
	in->has_unsigned = has_unsigned(&root);
	in->is_rewritten = json_has(&root, "rewritten");
}

/* Whose commands run with root's rights are those of root, whatever user they name. */
static unsigned risk_of_checks(const struct agent_unit *unit)
{
	bool root = geteuid() == 0 || elevate_parse(unit->conf->elevate) != ELEVATE_NONE;

	return RISK_EXECUTABLE | (root ? RISK_ROOT : 0);
}

bool ruling_of_draft(const struct agent_unit *unit, const struct draft *draft, const char *commits,
		     size_t len, struct policy *out, GError **error)
{
	struct policy_input in = input_of(unit);

	in.changes = (const struct policy_change *)(void *)draft->changes->data;
	in.count = draft->changes->len;
	in.resources = draft->resources;
	for (guint i = 0; i < draft->checks->len; i++) {
		g_array_index(draft->checks, struct policy_change, i).risk = risk_of_checks(unit);
	}
	in.checks = (const struct policy_change *)(void *)draft->checks->data;
	in.checks_count = draft->checks->len;
	judge_commits(&in, commits, len);
	in.restores = draft->restores;
	return policy_of(unit->agent->conf, unit->conf, &in, out, error);
}

static bool plan_has_unsigned(const struct plan *plan)
{
	size_t i;

	for (i = 0; i < plan->commits_count; i++) {
		if (strcmp(plan->commits[i].signature, "good") != 0) {
			return true;
		}
	}
	return (uint64_t)plan->commits_total > plan->commits_count;
}

/* As draft_load() has them; ids are to be freed. */
static GArray *checks_of(const struct agent_unit *unit, const struct plan *plan, GPtrArray *ids)
{
	GArray *checks = g_array_new(FALSE, FALSE, sizeof(struct policy_change));

	for (size_t i = 0; i < plan->checks_count; i++) {
		struct policy_change check = {.kind = "command",
					      .action = plan_action_names[ACTION_RUN],
					      .risk = risk_of_checks(unit)};

		if (plan->checks[i].exec != NULL) {
			check.id = g_strconcat("check:", plan->checks[i].target, NULL);
			g_ptr_array_add(ids, (gpointer)check.id);
			g_array_append_val(checks, check);
		}
	}
	return checks;
}

bool ruling_of_plan(const struct agent_unit *unit, const struct plan *plan, struct policy *out,
		    GError **error)
{
	g_autofree struct policy_change *changes =
		g_new0(struct policy_change, plan->changes_count + 1);
	g_autoptr(GPtrArray) ids = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GArray) checks = checks_of(unit, plan, ids);
	struct policy_input in = input_of(unit);
	size_t i;

	for (i = 0; i < plan->changes_count; i++) {
		const struct plan_change *from = &plan->changes[i];

		changes[i] = (struct policy_change){.kind = from->kind,
						    .path = from->path,
						    .action = plan_action_names[from->action],
						    .risk = from->risk,
						    .id = from->id};
	}
	in.changes = changes;
	in.count = plan->changes_count;
	in.checks = (const struct policy_change *)(void *)checks->data;
	in.checks_count = checks->len;
	in.resources = MAX(plan->resources, 0);
	in.has_unsigned = plan_has_unsigned(plan);
	in.is_rewritten = plan->is_rewritten;
	in.restores = plan->restores_count > 0;
	return policy_of(unit->agent->conf, unit->conf, &in, out, error);
}

static bool same_names(const char *const *a, char *const *b)
{
	static const char *const nobody[] = {NULL};

	return g_strv_equal(a != NULL ? a : nobody, (const char *const *)b);
}

static bool agrees(const struct plan_policy *stated, const struct policy *policy)
{
	return stated->required == policy->required && stated->channels == policy->channels &&
	       stated->quiet == policy->quiet &&
	       stated->author_may_approve == policy->author_may_approve &&
	       same_names(stated->from, policy->from) &&
	       same_names(stated->break_glass, policy->break_glass);
}

bool ruling_holds(const struct agent_unit *unit, const struct plan *plan)
{
	g_autoptr(GError) error = NULL;
	struct policy policy;
	bool holds;

	if (!ruling_of_plan(unit, plan, &policy, &error)) {
		return false; // the new plan tells why
	}
	holds = agrees(&plan->policy, &policy);
	policy_clear(&policy);
	return holds;
}
