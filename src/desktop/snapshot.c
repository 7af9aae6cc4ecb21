/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reads what an agent tells a desktop. */
#include "desktop/snapshot.h"

#include <inttypes.h>

#include "base/autoptr.h"
#include "base/error.h"
#include "base/text.h"
#include "core/hash.h"
#include "core/plan.h"

#define MAX_NAME 1024
#define MAX_TEXT 65536
#define MAX_ITEMS 10000
#define MAX_RISKS 64
#define MAX_REMIND 31536000 /* a year */

static char *dup_text(struct json_obj *o, const char *name)
{
	return g_strdup(json_is_null(o, name) ? NULL : json_str_opt(o, name, MAX_TEXT));
}

static int64_t read_time(struct json_obj *o, const char *name)
{
	const char *text = json_is_null(o, name) ? NULL : json_str_opt(o, name, 64);
	int64_t when = 0;

	if (text != NULL && !text_parse_time(text, &when)) {
		json_obj_fail(o, name, "expected a time");
	}
	return when;
}

/* Removals first, as everywhere. */
static char *read_summary(struct json_obj *o)
{
	GString *text = g_string_new(NULL);
	struct json_obj counts;

	if (!json_obj_get_opt(o, "summary", &counts)) {
		return g_string_free(text, FALSE);
	}
	for (int i = -1; i < 0 || plan_action_names[i] != NULL; i++) {
		const char *name = plan_action_names[i < 0 ? ACTION_REMOVE : i];
		int64_t n =
			i == ACTION_REMOVE ? 0 : json_int_opt(&counts, name, 0, JSON_MAX_INT, 0);

		if (n > 0) {
			g_autofree char *count =
				text_count(n, i < 0 ? ACTION_REMOVE : (enum plan_action)i);

			g_string_append_printf(text, "%s%s", text->len > 0 ? ", " : "", count);
		}
	}
	json_obj_ignore_rest(&counts);
	return g_string_free(text, FALSE);
}

static char *read_risks(struct json_obj *o)
{
	GString *text = g_string_new(NULL);
	struct json_arr arr;
	size_t count = json_arr_get_opt(o, "risks", MAX_RISKS, &arr);

	for (size_t i = 0; i < count; i++) {
		g_string_append_printf(text, "%s%s", i > 0 ? ", " : "",
				       json_arr_str(&arr, i, MAX_NAME));
	}
	return g_string_free(text, FALSE);
}

static int64_t count_approvals(struct json_obj *o)
{
	struct json_arr arr;
	size_t count = json_arr_get_opt(o, "votes", MAX_ITEMS, &arr);
	int64_t approvals = 0;

	for (size_t i = 0; i < count; i++) {
		struct json_obj vote;

		if (json_arr_obj(&arr, i, &vote)) {
			approvals +=
				g_strcmp0(json_str(&vote, "decision", MAX_NAME), "approve") == 0;
			json_obj_ignore_rest(&vote);
		}
	}
	return approvals;
}

static void plan_free_item(void *item)
{
	struct snapshot_plan *plan = item;

	g_free(plan->id);
	g_free(plan->stack);
	g_free(plan->reason);
	g_free(plan->subject);
	g_free(plan->author);
	g_free(plan->summary);
	g_free(plan->risks);
	g_free(plan);
}

static void *read_plan(struct json_obj *o)
{
	struct snapshot_plan *plan = g_new0(struct snapshot_plan, 1);

	plan->id = g_strdup(json_str(o, "id", HASH_TEXT_SIZE));
	plan->stack = g_strdup(json_str(o, "stack", MAX_NAME));
	plan->reason = g_strdup(json_str(o, "reason", MAX_NAME));
	plan->subject = dup_text(o, "subject");
	plan->author = dup_text(o, "author");
	plan->summary = read_summary(o);
	plan->risks = read_risks(o);
	plan->outside = json_int_opt(o, "outside", 0, JSON_MAX_INT, 0);
	plan->created = read_time(o, "created");
	plan->expires = read_time(o, "expires");
	plan->required = json_int(o, "required", 0, JSON_MAX_INT);
	plan->votes = count_approvals(o);
	plan->approved = json_bool(o, "approved");
	plan->voted = json_bool(o, "voted");
	plan->may_approve = json_bool(o, "may_approve");
	plan->may_reject = json_bool(o, "may_reject");
	return plan;
}

static void stack_free_item(void *item)
{
	struct snapshot_stack *stack = item;

	g_free(stack->name);
	g_free(stack->state);
	g_free(stack->reason);
	g_free(stack->plan);
	g_free(stack->result);
	g_free(stack->why);
	g_free(stack->halted);
	g_clear_pointer(&stack->alerts, g_ptr_array_unref);
	g_free(stack);
}

static void alert_free_item(void *item)
{
	struct snapshot_alert *alert = item;

	g_free(alert->condition);
	g_free(alert->reason);
	g_free(alert);
}

static GPtrArray *read_alerts(struct json_obj *o)
{
	GPtrArray *alerts = g_ptr_array_new_with_free_func(alert_free_item);
	struct json_arr arr;
	size_t count = json_arr_get_opt(o, "alerts", MAX_ITEMS, &arr);
	struct json_obj item;

	for (size_t i = 0; i < count && json_arr_obj(&arr, i, &item); i++) {
		struct snapshot_alert *alert = g_new0(struct snapshot_alert, 1);

		alert->condition = g_strdup(json_str(&item, "condition", MAX_NAME));
		alert->reason = dup_text(&item, "reason");
		alert->reminders = json_int_opt(&item, "reminders", 0, JSON_MAX_INT, 0);
		if (json_bool_opt(&item, "quiet", false)) {
			alert_free_item(alert);
		} else {
			g_ptr_array_add(alerts, alert);
		}
		json_obj_ignore_rest(&item);
	}
	return alerts;
}

static void steer_free_item(void *item)
{
	struct snapshot_steer *steer = item;

	g_free(steer->stack);
	g_free(steer->by);
	g_free(steer->reason);
	g_free(steer);
}

static void read_steer(struct json_obj *o, const char *name, enum snapshot_steered kind,
		       const char *stack, GPtrArray *steers)
{
	struct snapshot_steer *steer;
	struct json_obj child;

	if (!json_obj_get_opt(o, name, &child)) {
		return;
	}
	steer = g_new0(struct snapshot_steer, 1);
	steer->kind = kind;
	steer->stack = g_strdup(stack);
	steer->by = json_has(&child, "by") ? dup_text(&child, "by") : NULL;
	steer->reason = dup_text(&child, "reason");
	steer->until = json_has(&child, "until") ? read_time(&child, "until") : 0;
	json_obj_ignore_rest(&child);
	g_ptr_array_add(steers, steer);
}

/* Each stack says that everything is stopped. */
static GPtrArray *read_steers(struct json_obj *root)
{
	GPtrArray *steers = g_ptr_array_new_with_free_func(steer_free_item);
	struct json_obj item;
	struct json_arr arr;
	size_t count = json_arr_get(root, "stacks", MAX_ITEMS, &arr);

	for (size_t i = 0; i < count && json_arr_obj(&arr, i, &item); i++) {
		const char *name = json_str(&item, "name", MAX_NAME);

		if (i == 0) {
			read_steer(&item, "stopped", STEERED_STOPPED, NULL, steers);
		}
		read_steer(&item, "suspended", STEERED_SUSPENDED, name, steers);
		read_steer(&item, "pinned", STEERED_PINNED, name, steers);
	}
	return steers;
}

static void *read_stack(struct json_obj *o)
{
	struct snapshot_stack *stack = g_new0(struct snapshot_stack, 1);
	struct json_obj last, halted;

	stack->name = g_strdup(json_str(o, "name", MAX_NAME));
	stack->state = g_strdup(json_str(o, "state", MAX_NAME));
	stack->reason = dup_text(o, "reason");
	stack->drift = json_int_opt(o, "drift", 0, JSON_MAX_INT, 0);
	stack->alerts = read_alerts(o);
	if (json_obj_get_opt(o, "last_apply", &last)) {
		stack->plan = g_strdup(json_str(&last, "plan", HASH_TEXT_SIZE));
		stack->result = g_strdup(json_str(&last, "result", MAX_NAME));
		stack->why = dup_text(&last, "reason");
		stack->done = json_int(&last, "done", 0, JSON_MAX_INT);
		json_obj_ignore_rest(&last);
	}
	if (json_obj_get_opt(o, "halted", &halted)) {
		stack->halted = g_strdup(json_str(&halted, "plan", HASH_TEXT_SIZE));
		json_obj_ignore_rest(&halted);
	}
	return stack;
}

static GPtrArray *read_items(struct json_obj *root, const char *name,
			     void *(*read)(struct json_obj *o), GDestroyNotify free_item)
{
	GPtrArray *items = g_ptr_array_new_with_free_func(free_item);
	struct json_obj item;
	struct json_arr arr;
	size_t count = json_arr_get(root, name, MAX_ITEMS, &arr);

	for (size_t i = 0; i < count && json_arr_obj(&arr, i, &item); i++) {
		g_ptr_array_add(items, read(&item));
		json_obj_ignore_rest(&item);
	}
	return items;
}

bool snapshot_parse(const char *text, size_t len, struct snapshot **out, GError **error)
{
	g_autoptr(snapshot_auto) snapshot = g_new0(struct snapshot, 1);
	g_autoptr(json_doc_auto) doc = NULL;
	struct assent_error err;
	struct json_obj root;

	if (json_doc_parse(&doc, text, len, 0, &err) != 0) {
		return fail_core(error, &err, "the agent's answer");
	}
	json_doc_root(doc, &root);
	(void)json_int(&root, "schema_version", 1, 1);
	snapshot->agent = g_strdup(json_str(&root, "agent", MAX_NAME));
	snapshot->person = dup_text(&root, "person");
	snapshot->problem = dup_text(&root, "problem");
	snapshot->pages = json_bool(&root, "pages");
	snapshot->remind = json_int(&root, "remind", 0, MAX_REMIND);
	snapshot->plans = read_items(&root, "plans", read_plan, plan_free_item);
	snapshot->steers = read_steers(&root);
	snapshot->stacks = read_items(&root, "stacks", read_stack, stack_free_item);
	json_obj_ignore_rest(&root);
	if (json_doc_status(doc, &err) != 0) {
		return fail_core(error, &err, "the agent's answer");
	}
	*out = g_steal_pointer(&snapshot);
	return true;
}

void snapshot_free(struct snapshot *snapshot)
{
	if (snapshot == NULL) {
		return;
	}
	g_free(snapshot->agent);
	g_free(snapshot->person);
	g_free(snapshot->problem);
	g_clear_pointer(&snapshot->plans, g_ptr_array_unref);
	g_clear_pointer(&snapshot->stacks, g_ptr_array_unref);
	g_clear_pointer(&snapshot->steers, g_ptr_array_unref);
	g_free(snapshot);
}
