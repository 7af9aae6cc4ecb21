/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Puts a plan's policy into words that a person can follow. */
#include "agent/explain.h"

#include <string.h>

#include "agent/evidence.h"
#include "agent/ruling.h"
#include "agent/stack-say.h"
#include "base/autoptr.h"

static void write_names(struct json_writer *w, const char *name, const char *const *names)
{
	json_w_array(w, name);
	for (size_t i = 0; names != NULL && names[i] != NULL; i++) {
		json_w_str(w, NULL, names[i]);
	}
	json_w_end(w);
}

static void write_channels(struct json_writer *w, unsigned channels)
{
	json_w_array(w, "channels");
	for (int i = 0; i < CHANNELS; i++) {
		if ((channels & CHANNEL_BIT(i)) != 0) {
			json_w_str(w, NULL, channel_names[i]);
		}
	}
	json_w_end(w);
}

static void write_policy(struct json_writer *w, const struct plan_policy *policy)
{
	json_w_object(w, "policy");
	json_w_int(w, "required", policy->required);
	write_names(w, "from", policy->from);
	write_channels(w, policy->channels);
	json_w_bool(w, "author_may_approve", policy->author_may_approve);
	json_w_int(w, "quiet", policy->quiet);
	write_names(w, "break_glass", (const char *const *)policy->break_glass);
	json_w_end(w);
}

static void append_match(GString *text, const char *name, const char *value)
{
	if (value != NULL) {
		g_string_append_printf(text, "%s%s %s", text->len > 0 ? ", " : "", name, value);
	}
}

/* "risk deletion, path /etc/x" */
static char *match_of(const struct conf_rule *rule)
{
	GString *text = g_string_new(NULL);

	append_match(text, "risk", rule->risk);
	append_match(text, "kind", rule->kind);
	append_match(text, "path", rule->path);
	append_match(text, "action", rule->action);
	append_match(text, "namespace", rule->namespace);
	append_match(text, "stack", rule->stack);
	return g_string_free(text, FALSE);
}

static void write_what(struct json_writer *w, const struct policy_reason *reason)
{
	g_autofree char *match = reason->rule != NULL ? match_of(reason->rule) : NULL;

	if (reason->rule != NULL) {
		json_w_str(w, "rule", reason->rule->place);
		json_w_str(w, "what", match);
	} else if (reason->approval != NULL) {
		json_w_str(w, "rule", "approval");
		json_w_str(w, "what", "no rule matches");
	} else {
		json_w_null(w, "rule");
		json_w_str(w, "what", reason->built_in);
	}
}

static void write_reason(struct json_writer *w, const struct conf *conf,
			 const struct policy_reason *reason)
{
	const struct conf_approval *approval = reason->approval;
	g_autofree char *first =
		reason->first != NULL ? g_utf8_make_valid(reason->first, -1) : NULL;

	json_w_object(w, NULL);
	write_what(w, reason);
	json_w_int(w, "changes", (int64_t)reason->changes);
	if (first != NULL) {
		json_w_str(w, "first", first);
	} else {
		json_w_null(w, "first");
	}
	if (approval != NULL) {
		g_auto(GStrv) people = conf_people(conf, approval->from);

		json_w_int(w, "required", approval->required);
		write_names(w, "from", (const char *const *)people);
		write_channels(w, conf_channels(approval->channels));
		json_w_int(w, "quiet", approval->quiet);
		json_w_int(w, "expires", approval->expires);
		json_w_bool(w, "author_may_approve", approval->author_may_approve);
	}
	json_w_end(w);
}

/* What the configuration says of this plan today. */
static void write_rules(struct json_writer *w, const struct agent_unit *unit,
			const struct plan *plan)
{
	g_autoptr(GError) problem = NULL;
	struct policy policy = {0};

	json_w_array(w, "rules");
	if (ruling_of_plan(unit, plan, &policy, &problem)) {
		for (unsigned i = 0; i < policy.reasons->len; i++) {
			write_reason(w, unit->agent->conf, g_ptr_array_index(policy.reasons, i));
		}
	}
	json_w_end(w);
	json_w_bool(w, "current", problem == NULL && ruling_holds(unit, plan));
	if (problem != NULL) {
		json_w_str(w, "problem", problem->message);
	} else {
		json_w_null(w, "problem");
	}
	policy_clear(&policy);
}

static bool has_voted(const struct fold_plan *plan, const char *person)
{
	for (unsigned i = 0; i < plan->votes->len; i++) {
		const struct fold_vote *vote = g_ptr_array_index(plan->votes, i);

		if (strcmp(vote->person, person) == 0) {
			return true;
		}
	}
	return false;
}

static void write_votes(struct json_writer *w, const struct fold_plan *plan)
{
	json_w_array(w, "votes");
	for (unsigned i = 0; i < plan->votes->len; i++) {
		const struct fold_vote *vote = g_ptr_array_index(plan->votes, i);

		json_w_object(w, NULL);
		json_w_str(w, "person", vote->person);
		json_w_str(w, "decision", verdict_names[vote->verdict]);
		json_w_str(w, "channel", channel_names[vote->by.channel]);
		json_w_end(w);
	}
	json_w_end(w);
}

/* Those whom the policy names: who can still decide, and who cannot, since they wrote it. */
static void write_people(struct json_writer *w, const struct agent_unit *unit,
			 const struct fold_plan *plan, const struct plan *document)
{
	const GArray *people = unit->agent->people;
	g_autoptr(GPtrArray) can = g_ptr_array_new(), barred = g_ptr_array_new();

	for (size_t i = 0; document->policy.from[i] != NULL; i++) {
		const char *person = document->policy.from[i];
		bool author = approval_author_problem(
				      document, person,
				      (const struct approval_person *)(void *)people->data,
				      people->len) != NULL;

		if (!has_voted(plan, person)) {
			g_ptr_array_add(author ? barred : can, (void *)person);
		}
	}
	g_ptr_array_add(can, NULL);
	g_ptr_array_add(barred, NULL);
	write_names(w, "can_approve", (const char *const *)can->pdata);
	write_names(w, "authors", (const char *const *)barred->pdata);
	json_w_array(w, "pushers");
	for (size_t i = 0; i < document->pushers_count; i++) {
		json_w_str(w, NULL, document->pushers[i]);
	}
	json_w_end(w);
}

/* Whom the author rule cannot recognise, since they have no address. */
static void write_strangers(struct json_writer *w, const struct agent_unit *unit,
			    const struct plan_policy *policy)
{
	json_w_array(w, "no_address");
	for (size_t i = 0; !policy->author_may_approve && policy->from[i] != NULL; i++) {
		const struct conf_person *person = conf_person(unit->agent->conf, policy->from[i]);

		if (person == NULL || person->emails[0] == NULL) {
			json_w_str(w, NULL, policy->from[i]);
		}
	}
	json_w_end(w);
}

static void write_time(struct json_writer *w, const char *name, int64_t when)
{
	g_autofree char *text = when != 0 ? stack_time(when) : NULL;

	if (text != NULL) {
		json_w_str(w, name, text);
	} else {
		json_w_null(w, name);
	}
}

static void write_window(struct json_writer *w, const struct agent_unit *unit)
{
	struct window_state state;

	windows_look(unit->windows, agent_now(), &state);
	json_w_object(w, "window");
	json_w_bool(w, "shut", state.shut);
	write_time(w, "opens", state.until);
	json_w_end(w);
}

bool explain_members(struct json_writer *w, const struct agent_unit *unit,
		     const struct fold_plan *plan, GError **error)
{
	g_autoptr(plan_auto) document = NULL;
	g_autofree char *why = NULL;
	struct decide_world world;
	int64_t given = (int64_t)fold_approvals(plan);
	bool enough;

	evidence_world(unit->agent, &world);
	if (!evidence_plan(unit->agent, plan, &document, error) ||
	    !decide_quorum(&world, plan, &enough, &why, error)) {
		return false;
	}
	json_w_str(w, "plan", plan->id);
	json_w_str(w, "stack", plan->stack);
	json_w_str(w, "state", stack_phase_names[plan->phase]);
	write_policy(w, &document->policy);
	write_rules(w, unit, document);
	write_votes(w, plan);
	json_w_int(w, "approvals", given);
	json_w_int(w, "missing", MAX(plan->required - given, 0));
	write_people(w, unit, plan, document);
	write_strangers(w, unit, &document->policy);
	json_w_bool(w, "enough", enough);
	write_time(w, "quiet", plan->quiet);
	write_window(w, unit);
	return true;
}
