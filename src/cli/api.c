/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Typed answers of the agent. */
#include "cli/api.h"

#include <inttypes.h>
#include <string.h>

#include "base/autoptr.h"
#include "base/error.h"
#include "base/text.h"
#include "core/plan.h"

#define MAX_NAME 1024
#define MAX_TEXT 65536
#define MAX_ITEMS 100000

/* A time is RFC 3339, or null or "" where there is none. */
static int64_t read_time(struct json_obj *o, const char *name)
{
	const char *text = json_is_null(o, name) ? NULL : json_str_opt(o, name, 64);
	int64_t when = 0;

	if (text != NULL && text[0] != '\0' && !text_parse_time(text, &when)) {
		json_obj_fail(o, name, "expected a time");
	}
	return when;
}

/* Absent, null and "" mean the same: nothing to tell. */
static const char *read_text(struct json_obj *o, const char *name)
{
	const char *text = json_is_null(o, name) ? NULL : json_str_opt(o, name, MAX_TEXT);

	return text != NULL && text[0] != '\0' ? text : NULL;
}

/* {"create":2,"remove":1}: removals first, as everywhere. */
static char *read_summary(struct json_obj *o)
{
	static const enum plan_action first = ACTION_REMOVE;
	struct json_obj counts;
	GString *text = g_string_new(NULL);

	if (!json_obj_get_opt(o, "summary", &counts)) {
		return g_string_free(text, FALSE);
	}
	for (int i = -1; i < 0 || plan_action_names[i] != NULL; i++) {
		const char *name = plan_action_names[i < 0 ? (int)first : i];
		int64_t n = i == (int)first ? 0 : json_int_opt(&counts, name, 0, JSON_MAX_INT, 0);

		if (n > 0) {
			g_autofree char *part = text_count(n, i < 0 ? first : (enum plan_action)i);

			g_string_append_printf(text, "%s%s", text->len > 0 ? ", " : "", part);
		}
	}
	json_obj_ignore_rest(&counts);
	return g_string_free(text, FALSE);
}

static void read_votes(struct json_obj *o, GArray *votes)
{
	struct json_arr arr;
	size_t count = json_arr_get_opt(o, "votes", MAX_ITEMS, &arr);

	for (size_t i = 0; i < count; i++) {
		struct json_obj item;
		struct api_vote vote;

		if (!json_arr_obj(&arr, i, &item)) {
			return;
		}
		vote = (struct api_vote){
			.person = json_str(&item, "person", MAX_NAME),
			.decision = json_str(&item, "decision", MAX_NAME),
			.reason = read_text(&item, "reason"),
			.channel = read_text(&item, "channel"),
			.time = read_time(&item, "time"),
		};
		json_obj_ignore_rest(&item);
		g_array_append_val(votes, vote);
	}
}

/* Not of an apply that no person steered. */
static const char *read_steered(struct json_obj *o)
{
	const char *mode = read_text(o, "mode");

	return g_strcmp0(mode, "resume") == 0 || g_strcmp0(mode, "undo") == 0 ? mode : NULL;
}

static struct api_plan *read_plan(struct json_obj *o)
{
	struct api_plan *plan = g_new0(struct api_plan, 1);

	plan->votes = g_array_new(FALSE, FALSE, sizeof(struct api_vote));
	plan->id = json_str(o, "id", HASH_TEXT_SIZE);
	plan->stack = json_str(o, "stack", MAX_NAME);
	plan->state = json_str(o, "state", MAX_NAME);
	plan->reason = read_text(o, "reason");
	plan->commit = read_text(o, "commit");
	plan->result = read_text(o, "result");
	plan->seq = json_int(o, "seq", 0, JSON_MAX_INT);
	plan->required = json_int(o, "required", 0, JSON_MAX_INT);
	plan->created = read_time(o, "created");
	plan->expires = read_time(o, "expires");
	plan->done = json_int_opt(o, "done", 0, JSON_MAX_INT, 0);
	plan->undone = json_int_opt(o, "undone", 0, JSON_MAX_INT, 0);
	plan->left = json_int_opt(o, "left", 0, JSON_MAX_INT, 0);
	plan->halted = json_bool_opt(o, "halted", false);
	plan->has_steps = read_text(o, "steps") != NULL;
	plan->steered = read_steered(o);
	plan->person = read_text(o, "person");
	plan->summary = read_summary(o);
	read_votes(o, plan->votes);
	json_obj_ignore_rest(o);
	return plan;
}

void api_plan_free(struct api_plan *plan)
{
	if (plan != NULL) {
		g_free(plan->summary);
		g_array_unref(plan->votes);
		json_doc_free(plan->doc);
		g_free(plan);
	}
}

static void read_pause(struct json_obj *o, const char *name, struct api_pause *pause)
{
	struct json_obj child;

	if (json_obj_get_opt(o, name, &child)) {
		pause->by = json_str(&child, "by", MAX_TEXT);
		pause->reason = read_text(&child, "reason");
		pause->since = read_time(&child, "since");
		pause->until = read_time(&child, "until");
		json_obj_ignore_rest(&child);
	}
}

static void read_alerts(struct json_obj *o, struct api_stack *stack)
{
	struct json_arr arr;
	size_t count = json_arr_get_opt(o, "alerts", API_ALERTS, &arr);
	struct json_obj alert;

	for (size_t i = 0; i < count && json_arr_obj(&arr, i, &alert); i++) {
		stack->alerts[stack->alerts_count++] = (struct api_alert){
			.condition = json_str(&alert, "condition", MAX_NAME),
			.reason = read_text(&alert, "reason"),
			.since = read_time(&alert, "since"),
			.quiet = json_bool_opt(&alert, "quiet", false),
		};
		json_obj_ignore_rest(&alert);
	}
}

static struct api_stack *read_stack(struct json_obj *o)
{
	struct api_stack *stack = g_new0(struct api_stack, 1);
	struct json_obj child;

	stack->name = json_str(o, "name", MAX_NAME);
	stack->state = json_str(o, "state", MAX_NAME);
	stack->reason = read_text(o, "reason");
	stack->commit = read_text(o, "commit");
	stack->tree = read_text(o, "tree");
	stack->ref = read_text(o, "ref");
	stack->repository = read_text(o, "repository");
	stack->since = read_time(o, "since");
	stack->next_fetch = read_time(o, "next_fetch");
	stack->drift = json_int_opt(o, "drift", 0, JSON_MAX_INT, 0);
	stack->drift_since = read_time(o, "drift_since");
	stack->drift_why = read_text(o, "drift_why");
	stack->watch_problem = read_text(o, "watch_problem");
	if (json_has(o, "leader") && !json_is_null(o, "leader")) {
		stack->leader = json_any(o, "leader");
	}
	stack->fetch_problem = read_text(o, "fetch_problem");
	read_alerts(o, stack);
	stack->job = read_text(o, "job");
	if (json_obj_get_opt(o, "progress", &child)) {
		stack->progress = json_str(&child, "text", MAX_TEXT);
		stack->progress_done = json_int(&child, "done", 0, JSON_MAX_INT);
		stack->progress_total = json_int(&child, "total", 0, JSON_MAX_INT);
	}
	if (json_obj_get_opt(o, "pending", &child)) {
		stack->pending = (struct api_pending){
			.plan = json_str(&child, "plan", HASH_TEXT_SIZE),
			.seq = json_int(&child, "seq", 0, JSON_MAX_INT),
			.required = json_int(&child, "required", 0, JSON_MAX_INT),
			.votes = json_int(&child, "votes", 0, JSON_MAX_INT),
			.expires = read_time(&child, "expires"),
			.approved = json_bool_opt(&child, "approved", false),
			.shut = json_bool_opt(&child, "shut", false),
			.opens = read_time(&child, "opens"),
			.quiet = read_time(&child, "quiet"),
			.summary = read_summary(&child),
		};
		json_obj_ignore_rest(&child);
	}
	stack->applied = read_text(o, "applied");
	read_pause(o, "suspended", &stack->suspended);
	read_pause(o, "stopped", &stack->stopped);
	stack->trial_ended = read_text(o, "trial_ended");
	stack->waits = read_text(o, "waits");
	stack->remote = read_text(o, "remote");
	stack->remote_problem = read_text(o, "remote_problem");
	if (json_obj_get_opt(o, "block", &child)) {
		bool rewound = strcmp(json_str(&child, "kind", MAX_NAME), "rewound") == 0;

		stack->rewound = rewound ? read_text(&child, "commit") : NULL;
		json_obj_ignore_rest(&child);
	}
	if (json_obj_get_opt(o, "last_apply", &child)) {
		stack->last_result = read_text(&child, "result");
		stack->last_done = json_int_opt(&child, "done", 0, JSON_MAX_INT, 0);
		stack->last_undone = json_int_opt(&child, "undone", 0, JSON_MAX_INT, 0);
		stack->last_left = json_int_opt(&child, "left", 0, JSON_MAX_INT, 0);
		stack->last_steered = read_steered(&child);
		stack->last_person = read_text(&child, "person");
		json_obj_ignore_rest(&child);
	}
	if (json_obj_get_opt(o, "halted", &child)) {
		stack->halted = json_str(&child, "plan", HASH_TEXT_SIZE);
		stack->halted_seq = json_int(&child, "seq", 0, JSON_MAX_INT);
		stack->resumable = json_bool(&child, "resumable");
		json_obj_ignore_rest(&child);
	}
	json_obj_ignore_rest(o);
	return stack;
}

void api_stack_free(struct api_stack *stack)
{
	if (stack != NULL) {
		g_free(stack->pending.summary);
		json_doc_free(stack->doc);
		g_free(stack);
	}
}

static void free_plan(gpointer plan)
{
	api_plan_free(plan);
}

static void free_stack(gpointer stack)
{
	api_stack_free(stack);
}

void api_list_free(struct api_list *list)
{
	if (list != NULL) {
		g_ptr_array_unref(list->items);
		json_doc_free(list->doc);
		g_free(list);
	}
}

bool api_info(struct client *client, struct api_info **out, GError **error)
{
	g_autoptr(api_info_auto) info = g_new0(struct api_info, 1);
	struct json_obj root;

	if (!client_get_json(client, "/v1/info", &info->doc, error)) {
		return false;
	}
	json_doc_root(info->doc, &root);
	info->agent = json_str(&root, "agent", MAX_NAME);
	info->version = json_str(&root, "version", MAX_NAME);
	info->state_dir = json_str(&root, "state_dir", MAX_TEXT);
	info->vkey = json_str(&root, "vkey", MAX_NAME);
	info->plan_key = json_str(&root, "plan_key", MAX_NAME);
	info->allowed_signers = read_text(&root, "allowed_signers");
	info->configuration_problem = read_text(&root, "configuration_problem");
	info->pid = json_int(&root, "pid", 0, JSON_MAX_INT);
	info->size = json_int(&root, "size", 0, JSON_MAX_INT);
	json_obj_ignore_rest(&root);
	if (!client_check(info->doc, "/v1/info", error)) {
		return false;
	}
	*out = g_steal_pointer(&info);
	return true;
}

void api_info_free(struct api_info *info)
{
	if (info != NULL) {
		json_doc_free(info->doc);
		g_free(info);
	}
}

typedef gpointer (*read_fn)(struct json_obj *o);

/* Takes over doc. */
static bool finish_list(struct json_doc *doc, const char *path, const char *member, read_fn read,
			GDestroyNotify free_item, struct api_list **out, GError **error)
{
	g_autoptr(api_list_auto) list = g_new0(struct api_list, 1);
	struct json_obj root, item;
	struct json_arr arr;
	size_t count;

	list->items = g_ptr_array_new_with_free_func(free_item);
	list->doc = doc;
	json_doc_root(list->doc, &root);
	list->interrupted = json_int_opt(&root, "interrupted", 0, JSON_MAX_INT, 0);
	count = json_arr_get(&root, member, MAX_ITEMS, &arr);
	for (size_t i = 0; i < count && json_arr_obj(&arr, i, &item); i++) {
		g_ptr_array_add(list->items, read(&item));
	}
	json_obj_ignore_rest(&root);
	if (!client_check(list->doc, path, error)) {
		return false;
	}
	*out = g_steal_pointer(&list);
	return true;
}

static bool read_list(struct client *client, const char *path, const char *member, read_fn read,
		      GDestroyNotify free_item, struct api_list **out, GError **error)
{
	struct json_doc *doc = NULL;

	return client_get_json(client, path, &doc, error) &&
	       finish_list(doc, path, member, read, free_item, out, error);
}

static gpointer read_stack_item(struct json_obj *o)
{
	return read_stack(o);
}

static gpointer read_plan_item(struct json_obj *o)
{
	return read_plan(o);
}

bool api_status(struct client *client, struct api_list **out, GError **error)
{
	return read_list(client, "/v1/status", "stacks", read_stack_item, free_stack, out, error);
}

bool api_all_do(struct client *client, const char *verb, const char *body, struct api_list **out,
		GError **error)
{
	g_autofree char *path = g_strconcat("/v1/", verb, NULL);
	struct json_doc *doc = NULL;

	return client_post_json(client, path, body, CLIENT_QUICK, &doc, error) &&
	       finish_list(doc, path, "stacks", read_stack_item, free_stack, out, error);
}

bool api_plans(struct client *client, const char *stack, const char *state, struct api_list **out,
	       GError **error)
{
	g_autoptr(GString) path = g_string_new("/v1/plans");

	if (stack != NULL) {
		g_autofree char *part = client_path("?stack=%s", stack);

		g_string_append(path, part);
	}
	if (state != NULL) {
		g_autofree char *part = client_path("state=%s", state);

		g_string_append_printf(path, "%c%s", stack != NULL ? '&' : '?', part);
	}
	return read_list(client, path->str, "plans", read_plan_item, free_plan, out, error);
}

/* Takes over doc. */
static bool finish_stack(struct json_doc *doc, const char *path, struct api_stack **out,
			 GError **error)
{
	g_autoptr(api_stack_auto) stack = NULL;
	struct json_obj root;

	json_doc_root(doc, &root);
	stack = read_stack(&root);
	stack->doc = doc;
	if (!client_check(doc, path, error)) {
		return false;
	}
	*out = g_steal_pointer(&stack);
	return true;
}

bool api_stack(struct client *client, const char *name, struct api_stack **out, GError **error)
{
	g_autofree char *path = client_path("/v1/stacks/%s", name);
	struct json_doc *doc = NULL;

	return client_get_json(client, path, &doc, error) && finish_stack(doc, path, out, error);
}

static bool post_stack(struct client *client, const char *name, const char *verb, const char *body,
		       unsigned wait, struct api_stack **out, GError **error)
{
	g_autofree char *base = client_path("/v1/stacks/%s", name);
	g_autofree char *path = wait > 0 ? g_strdup_printf("%s/%s?wait=%u", base, verb, wait)
					 : g_strdup_printf("%s/%s", base, verb);
	struct json_doc *doc = NULL;

	return client_post_json(client, path, body, wait + CLIENT_QUICK, &doc, error) &&
	       finish_stack(doc, path, out, error);
}

bool api_stack_do(struct client *client, const char *name, const char *verb, unsigned wait,
		  struct api_stack **out, GError **error)
{
	return post_stack(client, name, verb, NULL, wait, out, error);
}

bool api_stack_follow(struct client *client, const char *name, const char *commit,
		      const char *reason, unsigned wait, struct api_stack **out, GError **error)
{
	struct json_writer *w = json_writer_new(0);
	struct assent_error core;
	autocfree char *body = NULL;
	size_t len;

	json_w_object(w, NULL);
	json_w_str(w, "commit", commit);
	json_w_str(w, "reason", reason);
	json_w_end(w);
	if (json_writer_finish(w, &body, &len, &core) != 0) {
		return fail_core(error, &core, "request");
	}
	return post_stack(client, name, "follow", body, wait, out, error);
}

bool api_stack_steer(struct client *client, const char *name, const char *mode, unsigned wait,
		     struct api_stack **out, GError **error)
{
	g_autofree char *body = g_strdup_printf("{\"mode\":\"%s\"}", mode);

	return post_stack(client, name, "apply", body, wait, out, error);
}

bool api_stack_send(struct client *client, const char *name, const char *verb, const char *body,
		    unsigned wait, struct api_stack **out, GError **error)
{
	return post_stack(client, name, verb, body, wait, out, error);
}

void api_steps_free(struct api_steps *steps)
{
	if (steps != NULL) {
		g_array_unref(steps->items);
		json_doc_free(steps->doc);
		g_free(steps);
	}
}

static struct api_step read_step(struct json_obj *o)
{
	struct api_step step = {
		.id = json_str(o, "id", MAX_TEXT),
		.action = json_str(o, "action", MAX_NAME),
		.outcome = json_str(o, "outcome", MAX_NAME),
		.message = read_text(o, "message"),
	};

	json_obj_ignore_rest(o);
	return step;
}

bool api_plan_steps(struct client *client, const char *id, struct api_steps **out, GError **error)
{
	g_autofree char *path = client_path("/v1/plans/%s/steps", id);
	g_autoptr(api_steps_auto) steps = g_new0(struct api_steps, 1);
	g_autoptr(GString) body = NULL;
	struct assent_error core;
	struct json_obj root, item;
	struct json_arr arr;
	size_t count;

	steps->items = g_array_new(FALSE, FALSE, sizeof(struct api_step));
	if (!client_get(client, path, CLIENT_ANSWER_MAX, &body, error)) {
		return false;
	}
	if (json_doc_parse(&steps->doc, body->str, body->len, 0, &core) != 0) {
		return fail_core(error, &core, "%s", path);
	}
	json_doc_root(steps->doc, &root);
	count = json_arr_get(&root, "steps", MAX_ITEMS, &arr);
	for (size_t i = 0; i < count && json_arr_obj(&arr, i, &item); i++) {
		struct api_step step = read_step(&item);

		g_array_append_val(steps->items, step);
	}
	json_obj_ignore_rest(&root);
	if (!client_check(steps->doc, path, error)) {
		return false;
	}
	*out = g_steal_pointer(&steps);
	return true;
}

bool api_plan(struct client *client, const char *id, struct api_plan **out, GError **error)
{
	g_autofree char *path = client_path("/v1/plans/%s", id);
	g_autoptr(api_plan_auto) plan = NULL;
	struct json_doc *doc = NULL;
	struct json_obj root;

	if (!client_get_json(client, path, &doc, error)) {
		return false;
	}
	json_doc_root(doc, &root);
	plan = read_plan(&root);
	plan->doc = doc;
	if (!client_check(doc, path, error)) {
		return false;
	}
	*out = g_steal_pointer(&plan);
	return true;
}
