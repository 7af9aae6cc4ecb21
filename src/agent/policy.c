/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Works out which approvals a draft's changes ask for. */
#include "agent/policy.h"

#include <inttypes.h>
#include <string.h>

#include "base/error.h"
#include "base/glob.h"

bool policy_path_matches(const char *pattern, const char *path, const char *home)
{
	g_autofree char *expanded = NULL;

	if (g_str_has_prefix(pattern, "~/") && home != NULL) {
		expanded = g_strconcat(home, pattern + 1, NULL);
		pattern = expanded;
	}
	return glob_matches(pattern, path);
}

/* The names that plans do not have; a rule's risk is one of both. */
static const struct {
	const char *name;
	unsigned bit;
} classes[] = {{"size", POLICY_SIZE},
	       {"unsigned", POLICY_UNSIGNED},
	       {"interruption", POLICY_INTERRUPTION},
	       {"history", POLICY_HISTORY}};

/* 0 when there is none of this name. */
static unsigned risk_bit(const char *name)
{
	unsigned bit;
	size_t i;

	for (bit = 0; plan_risk_names[bit] != NULL; bit++) {
		if (strcmp(plan_risk_names[bit], name) == 0) {
			return 1u << bit;
		}
	}
	for (i = 0; i < G_N_ELEMENTS(classes); i++) {
		if (strcmp(classes[i].name, name) == 0) {
			return classes[i].bit;
		}
	}
	return 0;
}

/* "k8s:CONTEXT/NAMESPACE/KIND/NAME" */
static bool is_in_namespace(const char *id, const char *namespace)
{
	const char *at = id != NULL && g_str_has_prefix(id, "k8s:") ? strchr(id, '/') : NULL;
	size_t len = strlen(namespace);

	return at != NULL && strncmp(at + 1, namespace, len) == 0 && at[1 + len] == '/';
}

static bool matches(const struct conf_rule *rule, const struct policy_change *change,
		    unsigned risks, const char *home)
{
	if (rule->risk != NULL && (risks & risk_bit(rule->risk)) == 0) {
		return false;
	}
	if (rule->kind != NULL && strcmp(rule->kind, change->kind) != 0) {
		return false;
	}
	if (rule->action != NULL && strcmp(rule->action, change->action) != 0) {
		return false;
	}
	if (rule->namespace != NULL && !is_in_namespace(change->id, rule->namespace)) {
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

/* A plan on its way to its policy. */
struct judging {
	const struct conf *conf;
	const struct conf_stack *stack;
	const struct policy_input *in;
	struct policy *policy;
	GHashTable *seen;	/* what asks, to its struct policy_reason */
	unsigned classes;	/* of the whole plan: POLICY_SIZE and the like */
	bool signatures;	/* signatures alone, whatever the rules say */
	bool deletions_decided; /* a rule for deletions has named the channels */
	bool history_open;	/* for some change no rule for rewritten histories has */
	bool loud;		/* somebody asks who takes no silence for an answer */
	int64_t deletions;
};

static void reason_free(void *data)
{
	struct policy_reason *reason = data;

	g_free(reason->first);
	g_free(reason);
}

/* Notes that key has a say about change (NULL: about the whole plan); true for the first time. */
static bool note(struct judging *j, const void *key, const struct policy_reason *what,
		 const struct policy_change *change)
{
	struct policy_reason *reason = g_hash_table_lookup(j->seen, key);
	bool fresh = reason == NULL;

	if (fresh) {
		reason = g_memdup2(what, sizeof(*what));
		reason->first = change != NULL ? g_strdup(change->id) : NULL;
		g_ptr_array_add(j->policy->reasons, reason);
		g_hash_table_insert(j->seen, (void *)key, reason);
	}
	reason->changes += change != NULL;
	return fresh;
}

/* One approval more: the stricter of each part. */
static void tighten(struct judging *j, const struct conf_approval *approval)
{
	struct policy *policy = j->policy;
	g_auto(GStrv) people = conf_people(j->conf, approval->from);

	policy->author_may_approve &= approval->author_may_approve;
	policy->required = MAX(policy->required, approval->required);
	policy->expires = MIN(policy->expires, approval->expires);
	if (approval->required == 0) {
		return; // asks nobody, so it shuts nobody and nothing out
	}
	policy->channels &= conf_channels(approval->channels);
	j->loud |= approval->quiet == 0;
	policy->quiet = MAX(policy->quiet, approval->quiet);
	if (policy->from == NULL) {
		policy->from = g_steal_pointer(&people);
	} else {
		char **fewer = both(policy->from, people);

		g_strfreev(policy->from);
		policy->from = fewer;
	}
}

/* Risks for which the agent's word is not enough. */
static const struct {
	const char *name, *what;
	unsigned bit;
} signed_risks[] = {
	{"secret", "a secret takes signatures alone", RISK_SECRET},
	{"root", "a target of root takes signatures alone", RISK_ROOT},
	{"cluster", "a change to a whole cluster takes signatures alone", RISK_CLUSTER},
};

/* decided: the risks whose rules have named channels for this change. */
static void restrict_channels(struct judging *j, const struct policy_change *change,
			      unsigned decided)
{
	size_t i;

	for (i = 0; i < G_N_ELEMENTS(signed_risks); i++) {
		if ((change->risk & signed_risks[i].bit & ~decided) != 0) {
			const struct policy_reason what = {.built_in = signed_risks[i].what};

			note(j, &signed_risks[i], &what, change);
			j->signatures = true;
		}
	}
}

static bool interrupts(const char *action)
{
	static const char *const actions[] = {"start", "stop", "restart", NULL};

	return g_strv_contains(actions, action);
}

static void judge_change(struct judging *j, const struct policy_change *change)
{
	unsigned risks = change->risk | j->classes |
			 (interrupts(change->action) ? (unsigned)POLICY_INTERRUPTION : 0);
	unsigned decided = 0, i;
	bool any = false, asks = false;

	for (i = 0; i < j->stack->rules->len; i++) {
		struct conf_rule *rule = g_ptr_array_index(j->stack->rules, i);
		const struct policy_reason what = {.rule = rule, .approval = &rule->approval};

		if (!matches(rule, change, risks, j->in->home)) {
			continue;
		}
		any = true;
		asks |= rule->approval.required > 0;
		if (rule->names_channels && rule->risk != NULL) {
			decided |= risk_bit(rule->risk);
		}
		if (note(j, rule, &what, change)) { // tightening twice changes nothing
			tighten(j, &rule->approval);
		}
	}
	if (!any) {
		const struct policy_reason what = {.approval = &j->stack->approval};

		asks = j->stack->approval.required > 0;
		if (note(j, &j->stack->approval, &what, change)) {
			tighten(j, &j->stack->approval);
		}
	}
	j->deletions += (change->risk & RISK_DELETION) != 0;
	j->deletions_decided |= (decided & RISK_DELETION) != 0;
	j->history_open |= (decided & POLICY_HISTORY) == 0;
	if (asks) { // where nobody is asked there is nothing to ask by signature
		restrict_channels(j, change, decided);
	}
}

static bool deletes_much(const struct judging *j)
{
	const struct conf_approval *approval = &j->stack->approval;

	return j->deletions > approval->deletion_threshold ||
	       (j->deletions > POLICY_DELETIONS_FEW &&
		j->deletions * 100 > j->in->resources * approval->deletion_share);
}

/* What no rule can make automatic, for which only a rule of its own can name channels. */
static void insist(struct judging *j, const char *needs, const char *alone, bool decided)
{
	struct conf_approval least = j->stack->approval;
	const struct policy_reason least_one = {.built_in = needs}, takes = {.built_in = alone};

	if (j->policy->required == 0) {
		least.required = MAX(least.required, 1);
		least.quiet = 0;
		note(j, needs, &least_one, NULL);
		tighten(j, &least);
	}
	if (!decided) {
		note(j, alone, &takes, NULL);
		j->signatures = true;
	}
}

static void judge_whole(struct judging *j)
{
	static const char many[] = "many deletions need at least one approval";
	static const char many_alone[] = "many deletions take signatures alone";
	static const char history[] = "a rewritten history needs at least one approval";
	static const char history_alone[] = "a rewritten history takes signatures alone";

	if (deletes_much(j)) {
		insist(j, many, many_alone, j->deletions_decided);
	}
	if (j->in->is_rewritten) {
		insist(j, history, history_alone, !j->history_open);
	}
}

/* What it does has been approved, in the plans that it names; whoever applies it looks at them
 * again.
 */
static void excuse(struct judging *j)
{
	static const char restores[] = "puts back only what was approved, and needs nobody";
	const struct policy_reason what = {.built_in = restores};

	note(j, restores, &what, NULL);
	j->policy->required = 0;
	j->policy->quiet = 0;
	j->signatures = false;
}

/* How many people can decide by what is left of the channels. */
static unsigned count_able(const struct judging *j)
{
	const struct policy *policy = j->policy;
	unsigned able = 0, i;

	for (i = 0; policy->from != NULL && policy->from[i] != NULL; i++) {
		able += (policy->channels & CHANNELS_ATTESTED) != 0 || j->in->signers == NULL ||
			signers_has_principal(j->in->signers, policy->from[i]);
	}
	return able;
}

static bool can_be_met(const struct judging *j, GError **error)
{
	const struct policy *policy = j->policy;
	unsigned people = count_able(j);

	if (policy->required > 0 && policy->channels == 0) {
		return fail(error, BASE_ERROR, BASE_ERROR_FAILED,
			    "the rules of stack '%s' have no channel in common by which to "
			    "approve; change its 'approval' or 'rules'",
			    j->stack->name);
	}
	if (policy->required <= people) {
		return true;
	}
	return fail(error, BASE_ERROR, BASE_ERROR_FAILED,
		    "the rules of stack '%s' ask for %" PRId64 " approvals%s, but all of them "
		    "together accept only %u people; change its 'approval' or 'rules'",
		    j->stack->name, policy->required,
		    policy->from != NULL && people < g_strv_length(policy->from) ? " by signature"
										 : "",
		    people);
}

static unsigned classes_of(const struct conf_stack *stack, const struct policy_input *in)
{
	unsigned found = (in->has_unsigned ? (unsigned)POLICY_UNSIGNED : 0) |
			 (in->is_rewritten ? (unsigned)POLICY_HISTORY : 0);

	return in->count > (uint64_t)stack->approval.size_threshold ? found | POLICY_SIZE : found;
}

bool policy_of(const struct conf *conf, const struct conf_stack *stack,
	       const struct policy_input *in, struct policy *out, GError **error)
{
	struct policy policy = {.expires = INT64_MAX,
				.author_may_approve = true,
				.channels = CHANNEL_BIT(CHANNELS) - 1};
	g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);
	struct judging j = {.conf = conf,
			    .stack = stack,
			    .in = in,
			    .policy = &policy,
			    .seen = seen,
			    .classes = classes_of(stack, in)};
	size_t i;

	policy.reasons = g_ptr_array_new_with_free_func(reason_free);
	policy.break_glass = conf_people(conf, stack->approval.break_glass);
	for (i = 0; i < in->count; i++) {
		judge_change(&j, &in->changes[i]);
	}
	for (i = 0; i < in->checks_count; i++) {
		judge_change(&j, &in->checks[i]);
	}
	if (in->restores) {
		excuse(&j);
	}
	judge_whole(&j);
	if (j.signatures || policy.required == 0) {
		policy.channels = CHANNEL_BIT(CHANNEL_SIGNATURE);
	}
	if (j.signatures || j.loud) {
		policy.quiet = 0;
	}
	if (!can_be_met(&j, error)) {
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
	g_strfreev(policy->break_glass);
	g_clear_pointer(&policy->reasons, g_ptr_array_unref);
	*policy = (struct policy){0};
}
