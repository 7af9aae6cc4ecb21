/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Readiness: what holds for all kinds, then a rule for each that has its own. */
#include "kube/ready.h"

#include <stdarg.h>
#include <string.h>

#include "kube/id.h"
#include "kube/ready-rules.h"

void kube_ready_clear(struct kube_ready *ready)
{
	g_clear_pointer(&ready->why, g_free);
}

const char *kube_state_name(enum kube_state state)
{
	switch (state) {
	case KUBE_STATE_READY:
		return "ready";
	case KUBE_STATE_WAITING:
		return "waiting";
	case KUBE_STATE_FAILED:
		return "failed";
	case KUBE_STATE_TERMINATING:
		return "terminating";
	}
	return "";
}

bool ready_say(struct kube_ready *out, enum kube_state state, const char *format, ...)
{
	va_list args;

	out->state = state;
	va_start(args, format);
	g_clear_pointer(&out->why, g_free);
	out->why = g_strdup_vprintf(format, args);
	va_end(args);
	/* What controllers write goes into logs. */
	for (char *p = out->why; *p != '\0'; p++) {
		*p = (unsigned char)*p < 0x20 || *p == 0x7f ? ' ' : *p;
	}
	return true;
}

const struct kube_value *ready_condition(const struct kube_value *object, const char *type)
{
	const struct kube_value *list = kube_value_at(object, "status", "conditions", NULL);

	for (size_t i = 0; i < kube_value_count(list); i++) {
		const struct kube_value *item = kube_value_item(list, i);

		if (g_strcmp0(kube_value_str_at(item, "type", NULL), type) == 0) {
			return item;
		}
	}
	return NULL;
}

bool ready_condition_is(const struct kube_value *object, const char *type, const char *status)
{
	return g_strcmp0(kube_value_str_at(ready_condition(object, type), "status", NULL),
			 status) == 0;
}

/* "reason: message" of a condition, for people. */
static void say_condition(struct kube_ready *out, enum kube_state state,
			  const struct kube_value *condition)
{
	const char *type = kube_value_str_at(condition, "type", NULL);
	const char *reason = kube_value_str_at(condition, "reason", NULL);
	const char *message = kube_value_str_at(condition, "message", NULL);
	const char *status = kube_value_str_at(condition, "status", NULL);

	(void)ready_say(out, state, "%s is %s%s%.100s%s%.300s", type, status,
			reason != NULL ? ": " : "", reason != NULL ? reason : "",
			message != NULL && message[0] != '\0' ? ": " : "",
			message != NULL ? message : "");
}

/* True when it is decided. */
static bool judge_generic(const struct kube_value *object, struct kube_ready *out)
{
	int64_t generation, observed;

	if (kube_value_str_at(object, "metadata", "deletionTimestamp", NULL) != NULL) {
		return ready_say(out, KUBE_STATE_TERMINATING, "it is being deleted");
	}
	if (kube_value_get_int(kube_value_at(object, "metadata", "generation", NULL),
			       &generation) &&
	    kube_value_get_int(kube_value_at(object, "status", "observedGeneration", NULL),
			       &observed) &&
	    generation != observed) {
		return ready_say(out, KUBE_STATE_WAITING, "its controller has not seen it yet");
	}
	if (ready_condition_is(object, "Reconciling", "True")) {
		say_condition(out, KUBE_STATE_WAITING, ready_condition(object, "Reconciling"));
		return true;
	}
	if (ready_condition_is(object, "Stalled", "True")) {
		say_condition(out, KUBE_STATE_FAILED, ready_condition(object, "Stalled"));
		return true;
	}
	return false;
}

/* Did any controller write into its status? */
static bool was_observed(const struct kube_value *object)
{
	return kube_value_at(object, "status", "observedGeneration", NULL) != NULL ||
	       kube_value_count(kube_value_at(object, "status", "conditions", NULL)) > 0;
}

static bool must_be_observed(const char *group, bool has_rule, const struct kube_ready_how *how)
{
	return (strcmp(group, "apps") == 0 && has_rule) ||
	       (how->has_status && !kube_id_is_own_group(group));
}

static void judge_rest(const struct kube_value *object, struct kube_ready *out)
{
	const struct kube_value *ready = ready_condition(object, "Ready");

	if (ready != NULL && !ready_condition_is(object, "Ready", "True")) {
		say_condition(out, KUBE_STATE_WAITING, ready);
	}
}

void kube_ready_judge(const struct kube_value *object, const struct kube_ready_how *how,
		      struct kube_ready *out)
{
	const char *version = kube_value_str_at(object, "apiVersion", NULL);
	const char *kind = kube_value_str_at(object, "kind", NULL);
	const char *slash = version != NULL ? strchr(version, '/') : NULL;
	g_autofree char *group = g_strndup(version != NULL ? version : "",
					   slash != NULL ? (size_t)(slash - version) : 0);
	ready_rule *rule = ready_rule_find(group, kind != NULL ? kind : "");

	*out = (struct kube_ready){.state = KUBE_STATE_READY};
	if (judge_generic(object, out)) {
		return;
	}
	if (must_be_observed(group, rule != NULL, how) && !was_observed(object)) {
		(void)ready_say(out, KUBE_STATE_WAITING, "no controller has looked at it yet");
		return;
	}
	if (rule != NULL) {
		(void)rule(object, how, out);
	} else {
		judge_rest(object, out);
	}
}
