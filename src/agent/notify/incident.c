/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Makes the notices of alerts and of what people have steered. */
#include "agent/notify/incident.h"

#include <string.h>

#include "agent/agent.h"

#define TEXT_MAX 1000

static char *clean(const char *text)
{
	return text != NULL && text[0] != '\0' ? notice_clean(text, strlen(text), TEXT_MAX, false)
					       : NULL;
}

static struct notice *begin(struct agent *agent, const char *public_url, enum notice_kind kind,
			    bool on, const char *key, const char *stack)
{
	struct notice *n = notice_new(kind, on ? NOTICE_PROBLEM : NOTICE_RESOLVED);

	n->key = g_strdup(key);
	n->stack = g_strdup(stack);
	n->link = public_url != NULL ? g_strconcat(public_url, "/", NULL) : NULL;
	notice_stamp(n, agent);
	return n;
}

/* NULL: it is not in the configuration, so nothing of it is wrong any more. */
static const struct told *told_of(const struct agent *agent, const char *stack)
{
	const struct agent_unit *unit = agent_unit(agent, stack);

	return unit != NULL ? &unit->record->told : NULL;
}

static struct notice *view_alert(struct agent *agent, const char *public_url, const char *key,
				 const char *rest)
{
	const char *stack = strchr(rest, ':');
	const struct told *told = stack != NULL ? told_of(agent, stack + 1) : NULL;
	g_autofree char *name =
		stack != NULL ? g_strndup(rest, (size_t)(stack - rest)) : g_strdup(rest);
	const struct alert_facts *facts;
	struct notice *n;
	int c = 0;

	while (record_condition_names[c] != NULL && strcmp(record_condition_names[c], name) != 0) {
		c++;
	}
	if (stack == NULL || record_condition_names[c] == NULL) {
		return NULL;
	}
	facts = told != NULL ? &told->alerts.of[c] : NULL;
	if (facts != NULL && facts->raised && facts->quiet) {
		return NULL;
	}
	n = begin(agent, public_url, NOTICE_ALERT, facts != NULL && facts->raised, key, stack + 1);
	n->condition = (enum record_condition)c;
	if (facts != NULL) {
		n->since = facts->began;
		n->round = facts->raised ? facts->count : 0;
		n->text = clean(facts->reason);
		n->lasted = facts->raised ? 0 : MAX(facts->time - facts->began, 0);
	}
	return n;
}

static struct notice *view_steer(struct agent *agent, const char *public_url, enum notice_kind kind,
				 const char *key, const char *stack, const struct told_steer *steer)
{
	struct notice *n = begin(agent, public_url, kind, steer != NULL && steer->on, key, stack);

	if (steer != NULL) {
		n->since = steer->time;
		n->until = steer->until;
		n->person = clean(steer->person);
		n->what = clean(steer->what);
		n->text = clean(steer->reason);
	}
	return n;
}

static const struct {
	const char *prefix;
	enum notice_kind kind;
	enum told_kind told;
} steers[] = {
	{"suspended:", NOTICE_SUSPENDED, TOLD_SUSPENDED},
	{"rollback:", NOTICE_ROLLBACK, TOLD_PINNED},
	{"trial:", NOTICE_TRIAL, TOLD_TRIAL},
};

struct notice *incident_view(struct agent *agent, const char *public_url, const char *key)
{
	struct notice *n;

	if (g_str_has_prefix(key, "alert:")) {
		return view_alert(agent, public_url, key, key + strlen("alert:"));
	}
	if (strcmp(key, "stopped") == 0) {
		return view_steer(agent, public_url, NOTICE_STOPPED, key, NULL, &agent->fold->stop);
	}
	for (size_t i = 0; i < G_N_ELEMENTS(steers); i++) {
		const char *stack = key + strlen(steers[i].prefix);
		const struct told *told;

		if (!g_str_has_prefix(key, steers[i].prefix)) {
			continue;
		}
		told = told_of(agent, stack);
		n = view_steer(agent, public_url, steers[i].kind, key, stack,
			       told != NULL ? &told->steers[steers[i].told] : NULL);
		if (told != NULL && n->kind == NOTICE_SUSPENDED && n->event == NOTICE_PROBLEM) {
			n->round = told->alerts.of[CONDITION_SUSPENDED].count;
		}
		return n;
	}
	return NULL;
}

static void touch_key(const char *prefix, const char *stack, incident_fn touch, void *user)
{
	g_autofree char *key = g_strconcat(prefix, stack, NULL);

	touch(key, user);
}

static void touch_alert(const char *condition, const char *stack, incident_fn touch, void *user)
{
	g_autofree char *prefix = g_strconcat("alert:", condition, ":", NULL);

	touch_key(prefix, stack, touch, user);
}

void incident_of_stack(const char *stack, incident_fn touch, void *user)
{
	if (stack == NULL) {
		touch("stopped", user);
		return;
	}
	for (size_t i = 0; i < G_N_ELEMENTS(steers); i++) {
		touch_key(steers[i].prefix, stack, touch, user);
	}
	for (size_t i = 0; record_condition_names[i] != NULL; i++) {
		touch_alert(record_condition_names[i], stack, touch, user);
	}
}

void incident_of_entry(struct entry *entry, incident_fn touch, void *user)
{
	const char *condition;

	switch (entry->type) {
	case ENTRY_ALERT:
		condition = json_str_opt(&entry->fields, "condition", 32);
		if (g_strcmp0(condition, record_condition_names[CONDITION_SUSPENDED]) == 0) {
			touch_key("suspended:", entry->stack, touch, user);
		} else if (condition != NULL) {
			touch_alert(condition, entry->stack, touch, user);
		}
		break;
	case ENTRY_SUSPEND:
	case ENTRY_RESUME: // what was held back may be told now
		incident_of_stack(entry->stack, touch, user);
		break;
	case ENTRY_COMMIT:
	case ENTRY_ROLLBACK:
	case ENTRY_UNPIN:
		touch_key("rollback:", entry->stack, touch, user);
		break;
	case ENTRY_TRY:
	case ENTRY_RETURN:
		touch_key("trial:", entry->stack, touch, user);
		break;
	case ENTRY_GENESIS:
	case ENTRY_POLICY:
	case ENTRY_PLAN:
	case ENTRY_APPROVAL:
	case ENTRY_CLOSED:
	case ENTRY_APPLY_START:
	case ENTRY_APPLY_DONE:
	case ENTRY_BLOCKED:
	case ENTRY_UNBLOCKED:
	case ENTRY_DRIFT:
	case ENTRY_NOTE:
	case ENTRY_REWRITTEN:
		break;
	}
}
