/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Push hooks: from a request to a fetch. */
#include "agent/http/push.h"

#include <string.h>

#include "agent/http/hook.h"
#include "agent/http/pusher.h"
#include "agent/request.h"
#include "base/autoptr.h"
#include "base/error.h"
#include "base/log.h"

struct hook {
	struct push *push;
	char *stack, *kind;
	struct hook_key key;
	gint64 interval, last; /* monotonic microseconds; last 0: never */
	guint timer;	       /* a fetch will follow */
};

struct push {
	struct agent *agent;
	GHashTable *hooks; /* stack to struct hook */
	struct hook_key decoy;
};

static void hook_free(void *data)
{
	struct hook *hook = data;

	g_clear_handle_id(&hook->timer, g_source_remove);
	hook_key_clear(&hook->key);
	g_free(hook->stack);
	g_free(hook->kind);
	g_free(hook);
}

static void fetch(struct hook *hook)
{
	struct agent_unit *unit = agent_unit(hook->push->agent, hook->stack);

	hook->last = g_get_monotonic_time();
	if (unit != NULL && !hook->push->agent->stopping) {
		log_event(EV_HOOK, hook->stack, NULL, "a push hook makes '%s' fetch", hook->stack);
		agent_send(unit, STACK_SYNC, NULL);
	}
}

static gboolean on_interval(void *data)
{
	struct hook *hook = data;

	hook->timer = 0;
	fetch(hook);
	return G_SOURCE_REMOVE;
}

static void arm(struct hook *hook, gint64 wait)
{
	hook->timer = g_timeout_add((guint)(wait / 1000 + 1), on_interval, hook);
}

static gint64 wait_of(const struct hook *hook)
{
	return hook->last == 0 ? 0 : hook->last + hook->interval - g_get_monotonic_time();
}

static void trigger(struct hook *hook)
{
	gint64 wait = wait_of(hook);

	if (hook->timer != 0) {
		return;
	}
	if (wait > 0) {
		arm(hook, wait);
	} else {
		fetch(hook);
	}
}

/* Only of a hook that has been verified. */
static void note_pusher(const struct hook *hook, const struct call *call)
{
	struct agent_unit *unit = agent_unit(hook->push->agent, hook->stack);
	struct push_report report;
	g_autofree char *ref = NULL;

	if (unit == NULL) {
		return;
	}
	ref = request_ref(unit->conf);
	pusher_read(hook->kind, call->body->str, call->body->len, ref, &report);
	pushers_note(unit->pushers, unit->agent->conf, &report);
	push_report_clear(&report);
}

static const char *header_of(const void *user, const char *name)
{
	return call_header(user, name);
}

/* fetch: something comes of it. */
static void send_accepted(struct call *call, bool fetch)
{
	struct json_writer *w = call_json();

	json_w_bool(w, "accepted", true);
	json_w_bool(w, "fetch", fetch);
	call_send(call, fetch ? MHD_HTTP_ACCEPTED : MHD_HTTP_OK, w);
}

void push_take(struct push *push, struct call *call)
{
	struct hook *hook = g_hash_table_lookup(push->hooks, call->args[0]);
	const struct hook_key *key = hook != NULL ? &hook->key : &push->decoy;
	const char *type = call_header(call, MHD_HTTP_HEADER_CONTENT_TYPE);
	const struct hook_request request = {.header = header_of,
					     .user = call,
					     .body = call->body->str,
					     .len = call->body->len,
					     .now = agent_now()};
	const char *problem = hook_problem(key, &request);

	if (hook == NULL) {
		problem = "this stack has no hook";
	}
	if (type == NULL || !call_is_type(type, "application/json")) {
		call_note(call, "the hook is not application/json");
		call_fail(call, MHD_HTTP_UNSUPPORTED_MEDIA_TYPE, "content-type",
			  "a hook is application/json", "choose this type at the forge");
	} else if (problem != NULL) {
		call_note(call, "%s", problem);
		call_fail(call, MHD_HTTP_FORBIDDEN, "refused", "this hook was not accepted",
			  "the agent's log says why");
	} else if (push->agent->dead != NULL) {
		call_note(call, "the agent's log cannot be written");
		call_fail(call, MHD_HTTP_SERVICE_UNAVAILABLE, "dead", "the agent does nothing now",
			  "the agent's log says why");
	} else if (hook_is_push(key, &request)) {
		note_pusher(hook, call);
		trigger(hook);
		send_accepted(call, true);
	} else {
		send_accepted(call, false);
	}
}

static void keep_count(struct hook *hook, const struct push *before)
{
	const struct hook *old =
		before != NULL ? g_hash_table_lookup(before->hooks, hook->stack) : NULL;

	if (old != NULL) {
		hook->last = old->last;
		if (old->timer != 0) {
			arm(hook, MAX(wait_of(hook), 0));
		}
	}
}

static bool add_hook(struct push *push, const struct conf_stack *stack, const struct push *before,
		     GError **error)
{
	struct hook_key key;
	struct hook *hook;

	if (!hook_key_load(&key, stack->hook.kind, stack->hook.secret, error)) {
		return fail_prefix(error, "hook of stack '%s'", stack->name);
	}
	hook = g_new0(struct hook, 1);
	hook->push = push;
	hook->stack = g_strdup(stack->name);
	hook->kind = g_strdup(stack->hook.kind);
	hook->key = key;
	hook->interval = stack->hook.interval * G_USEC_PER_SEC;
	g_hash_table_insert(push->hooks, hook->stack, hook);
	keep_count(hook, before);
	return true;
}

bool push_new(struct agent *agent, const struct conf *conf, const struct push *before,
	      struct push **out, GError **error)
{
	struct push *push = g_new0(struct push, 1);

	push->agent = agent;
	push->hooks = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, hook_free);
	hook_key_decoy(&push->decoy);
	for (unsigned i = 0; i < conf->stacks->len; i++) {
		const struct conf_stack *stack = g_ptr_array_index(conf->stacks, i);

		if (stack->hook.secret != NULL && !add_hook(push, stack, before, error)) {
			push_free(push);
			return false;
		}
	}
	*out = push;
	return true;
}

void push_free(struct push *push)
{
	if (push == NULL) {
		return;
	}
	g_hash_table_unref(push->hooks);
	hook_key_clear(&push->decoy);
	g_free(push);
}
