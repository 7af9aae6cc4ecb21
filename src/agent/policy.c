/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Works out which approvals a draft's changes ask for. */
#include "agent/policy.h"

#include <string.h>

#include "base/error.h"
#include "core/plan.h"

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
static bool glob(const char *p, const char *s)
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

bool policy_path_matches(const char *pattern, const char *path, const char *home)
{
	g_autofree char *expanded = NULL;

	if (g_str_has_prefix(pattern, "~/") && home != NULL) {
		expanded = g_strconcat(home, pattern + 1, NULL);
		pattern = expanded;
	}
	return glob(pattern, path);
}

static bool has_risk(unsigned risks, const char *name)
{
	unsigned bit;

	for (bit = 0; plan_risk_names[bit] != NULL; bit++) {
		if (strcmp(plan_risk_names[bit], name) == 0) {
			return (risks & 1u << bit) != 0;
		}
	}
	return false;
}

static bool matches(const struct conf_rule *rule, const struct policy_change *change,
		    const char *home)
{
	if (rule->risk != NULL && !has_risk(change->risk, rule->risk)) {
		return false;
	}
	if (rule->kind != NULL && strcmp(rule->kind, change->kind) != 0) {
		return false;
	}
	if (rule->action != NULL && strcmp(rule->action, change->action) != 0) {
		return false;
	}
	return rule->path == NULL ||
	       (change->path != NULL && policy_path_matches(rule->path, change->path, home));
}

/* Who stands in both. */
static char **both(char **a, char **b)
{
	g_autoptr(GPtrArray) out = g_ptr_array_new();
	unsigned i;

	for (i = 0; a[i] != NULL; i++) {
		if (g_strv_contains((const char *const *)b, a[i])) {
			g_ptr_array_add(out, g_strdup(a[i]));
		}
	}
	g_ptr_array_add(out, NULL);
	return (char **)g_ptr_array_free(g_steal_pointer(&out), FALSE);
}

/* One approval more: the stricter of each part. */
static void tighten(struct policy *policy, const struct conf *conf,
		    const struct conf_approval *approval)
{
	g_auto(GStrv) people = conf_people(conf, approval->from);

	policy->author_may_approve &= approval->author_may_approve;
	policy->required = MAX(policy->required, approval->required);
	policy->expires = MIN(policy->expires, approval->expires);
	if (approval->required == 0) {
		return; // asks nobody, so it shuts nobody out
	}
	if (policy->from == NULL) {
		policy->from = g_steal_pointer(&people);
	} else {
		char **fewer = both(policy->from, people);

		g_strfreev(policy->from);
		policy->from = fewer;
	}
}

static void judge_change(struct policy *policy, const struct conf *conf,
			 const struct conf_stack *stack, const char *home,
			 const struct policy_change *change, GHashTable *seen)
{
	bool any = false;
	unsigned i;

	for (i = 0; i < stack->rules->len; i++) {
		struct conf_rule *rule = g_ptr_array_index(stack->rules, i);

		if (!matches(rule, change, home)) {
			continue;
		}
		any = true;
		if (g_hash_table_add(seen, rule)) { // tightening twice changes nothing
			tighten(policy, conf, &rule->approval);
		}
	}
	if (!any && g_hash_table_add(seen, (void *)&stack->approval)) {
		tighten(policy, conf, &stack->approval);
	}
}

static bool deletes_much(const struct policy_change *changes, size_t count, int64_t resources)
{
	int64_t deletions = 0;
	size_t i;

	for (i = 0; i < count; i++) {
		deletions += (changes[i].risk & RISK_DELETION) != 0;
	}
	return deletions > POLICY_DELETIONS ||
	       (deletions > POLICY_DELETIONS_FEW && deletions * 4 > resources);
}

static bool can_be_met(const struct policy *policy, const struct conf_stack *stack, GError **error)
{
	unsigned people = policy->from != NULL ? g_strv_length(policy->from) : 0;

	if (policy->required <= people) {
		return true;
	}
	return fail(error, BASE_ERROR, BASE_ERROR_FAILED,
		    "the rules of stack '%s' ask for %" G_GINT64_FORMAT
		    " approvals, but all of them "
		    "together accept only %u people; change its 'approval' or 'rules'",
		    stack->name, policy->required, people);
}

bool policy_of(const struct conf *conf, const struct conf_stack *stack, const char *home,
	       const struct policy_change *changes, size_t count, int64_t resources,
	       struct policy *out, GError **error)
{
	struct policy policy = {.expires = INT64_MAX,
				.author_may_approve = true,
				.channels = CHANNEL_BIT(CHANNEL_SIGNATURE)};
	g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);
	size_t i;

	for (i = 0; i < count; i++) {
		judge_change(&policy, conf, stack, home, &changes[i], seen);
	}
	if (policy.required == 0 && deletes_much(changes, count, resources)) {
		struct conf_approval least = stack->approval;

		least.required = MAX(least.required, 1);
		tighten(&policy, conf, &least);
	}
	if (!can_be_met(&policy, stack, error)) {
		policy_clear(&policy);
		return false;
	}
	if (policy.from == NULL) {
		policy.from = g_new0(char *, 1);
	}
	if (policy.expires == INT64_MAX) {
		policy.expires = stack->approval.expires;
	}
	*out = policy;
	return true;
}

void policy_clear(struct policy *policy)
{
	g_strfreev(policy->from);
	*policy = (struct policy){0};
}
