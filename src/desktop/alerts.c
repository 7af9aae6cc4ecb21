/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What should be seen, what is seen, and what was pressed. */
#include "desktop/alerts.h"

#include <inttypes.h>
#include <string.h>

#define REPLY_MAX 500 /* bytes of a written reason */
#define START_FIRST INT64_C(60000000)
#define START_MAX INT64_C(3600000000)

enum alert_kind { ALERT_PLAN, ALERT_MANY, ALERT_RESULT, ALERT_STATE, ALERT_PROBLEM, ALERT_NOTE };

/* A notification: wanted, shown, or about to go. */
struct alert {
	enum alert_kind kind;
	char *key, *plan, *stack;
	unsigned agent;
	bool wanted;
	struct words words; /* as it should be */
	struct words plain; /* the same as if nothing were hidden */
	struct words sent;  /* as the server has it, or will */
	struct words told;  /* what plain was then */
	bool hidden;	    /* sent tells less than told */
	uint32_t id;	    /* 0: the server shows none */
	bool under_way;	    /* it was asked to */
	bool again;	    /* shown once more though nothing has changed */
	bool dismissed;
	int64_t reminders; /* of what the agent says; each is worth seeing again */
	int64_t dismissed_at, shown_at, retry_at;
	unsigned failures;
	bool voting;
};
struct agent_view {
	struct snapshot *snapshot; /* NULL: not known, or gone */
	GHashTable *results;	   /* stack to "plan result" that was seen */
	bool known;		   /* a first snapshot has come: what is new is new */
};
struct alerts {
	unsigned agents;
	struct agent_view *views;
	GPtrArray *items; /* struct alert */
	struct caps caps;
	bool has_server, locked, stopping;
	char *many; /* ids of the plans that the one notification stood for */
	int64_t start_at;
	unsigned starts;
	int64_t now;
	GArray *fx;
};

static void alert_free(void *data)
{
	struct alert *a = data;

	g_free(a->key);
	g_free(a->plan);
	g_free(a->stack);
	words_clear(&a->words);
	words_clear(&a->plain);
	words_clear(&a->sent);
	words_clear(&a->told);
	g_free(a);
}

static void effect_clear(void *data)
{
	struct alert_effect *effect = data;

	g_free(effect->key);
	g_free(effect->plan);
	g_free(effect->reason);
}

GArray *effects_new(void)
{
	GArray *effects = g_array_new(FALSE, TRUE, sizeof(struct alert_effect));

	g_array_set_clear_func(effects, effect_clear);
	return effects;
}

struct alerts *alerts_new(unsigned agents)
{
	struct alerts *s = g_new0(struct alerts, 1);

	s->agents = agents;
	s->views = g_new0(struct agent_view, agents);
	s->items = g_ptr_array_new_with_free_func(alert_free);
	for (unsigned i = 0; i < agents; i++) {
		s->views[i].results =
			g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	}
	return s;
}

void alerts_free(struct alerts *s)
{
	if (s == NULL) {
		return;
	}
	for (unsigned i = 0; i < s->agents; i++) {
		snapshot_free(s->views[i].snapshot);
		g_hash_table_unref(s->views[i].results);
	}
	g_free(s->views);
	g_ptr_array_unref(s->items);
	g_free(s->many);
	g_free(s);
}

static struct alert *find_key(const struct alerts *s, const char *key)
{
	for (unsigned i = 0; i < s->items->len; i++) {
		struct alert *a = g_ptr_array_index(s->items, i);

		if (strcmp(a->key, key) == 0) {
			return a;
		}
	}
	return NULL;
}

static struct alert *find_id(const struct alerts *s, uint32_t id)
{
	for (unsigned i = 0; i < s->items->len; i++) {
		struct alert *a = g_ptr_array_index(s->items, i);

		if (id != 0 && a->id == id) {
			return a;
		}
	}
	return NULL;
}

static struct alert_effect *add(struct alerts *s, enum alert_effect_kind kind,
				const struct alert *a)
{
	struct alert_effect effect = {.kind = kind,
				      .key = g_strdup(a != NULL ? a->key : NULL),
				      .id = a != NULL ? a->id : 0,
				      .agent = a != NULL ? a->agent : 0};

	g_array_append_val(s->fx, effect);
	return &g_array_index(s->fx, struct alert_effect, s->fx->len - 1);
}

static char *key_of(const char *kind, unsigned agent, const char *name)
{
	return g_strdup_printf("%s:%u:%s", kind, agent, name);
}

/* Wanted from here on; its words are set by the caller. */
static struct alert *want(struct alerts *s, enum alert_kind kind, const char *key, unsigned agent)
{
	struct alert *a = find_key(s, key);

	if (a == NULL) {
		a = g_new0(struct alert, 1);
		a->kind = kind;
		a->key = g_strdup(key);
		g_ptr_array_add(s->items, a);
	}
	a->agent = agent;
	a->wanted = true;
	words_clear(&a->words);
	words_clear(&a->plain);
	return a;
}

static bool waits(const struct snapshot_plan *plan)
{
	return !plan->approved && !plan->voted;
}

unsigned alerts_waiting(const struct alerts *s)
{
	unsigned count = 0;

	for (unsigned i = 0; i < s->agents; i++) {
		const struct snapshot *of = s->views[i].snapshot;

		for (unsigned p = 0; of != NULL && p < of->plans->len; p++) {
			count += waits(g_ptr_array_index(of->plans, p)) ? 1 : 0;
		}
	}
	return count;
}

static void want_plans(struct alerts *s, unsigned agent, const struct snapshot *of)
{
	for (unsigned p = 0; p < of->plans->len; p++) {
		const struct snapshot_plan *plan = g_ptr_array_index(of->plans, p);
		g_autofree char *key = key_of("plan", agent, plan->id);
		struct alert *a;

		if (waits(plan)) {
			a = want(s, ALERT_PLAN, key, agent);
			g_free(a->plan);
			g_free(a->stack);
			a->plan = g_strdup(plan->id);
			a->stack = g_strdup(plan->stack);
			render_plan(of, plan, &s->caps, false, &a->plain);
			render_plan(of, plan, &s->caps, s->locked, &a->words);
		}
	}
}

/* One for all. A plan that it did not stand for yet makes it worth seeing again. */
static void want_many(struct alerts *s)
{
	g_autoptr(GPtrArray) stacks = g_ptr_array_new();
	g_autoptr(GString) ids = g_string_new(NULL);
	unsigned first = s->agents;
	bool news = false;
	struct alert *a;

	for (unsigned i = 0; i < s->agents; i++) {
		const struct snapshot *of = s->views[i].snapshot;

		for (unsigned p = 0; of != NULL && p < of->plans->len; p++) {
			const struct snapshot_plan *plan = g_ptr_array_index(of->plans, p);

			if (waits(plan)) {
				g_ptr_array_add(stacks, plan->stack);
				g_string_append_printf(ids, "%s ", plan->id);
				news |= s->many == NULL || strstr(s->many, plan->id) == NULL;
				first = MIN(first, i);
			}
		}
	}
	g_ptr_array_add(stacks, NULL);
	g_free(s->many);
	s->many = g_strdup(ids->str);
	a = want(s, ALERT_MANY, "many", first);
	a->dismissed = a->dismissed && !news;
	render_many(stacks->len - 1, (const char *const *)stacks->pdata,
		    s->views[first].snapshot->pages, &s->caps, false, &a->plain);
	render_many(stacks->len - 1, (const char *const *)stacks->pdata,
		    s->views[first].snapshot->pages, &s->caps, s->locked, &a->words);
}

static void want_state(struct alerts *s, unsigned agent, const struct snapshot *of,
		       const struct snapshot_stack *stack)
{
	g_autofree char *name = g_strconcat(stack->state, ":", stack->name, NULL);
	g_autofree char *key = key_of("state", agent, name);
	struct alert *a;

	if (strcmp(stack->state, "drifted") == 0 || strcmp(stack->state, "blocked") == 0) {
		a = want(s, ALERT_STATE, key, agent);
		render_state(of, stack, &s->caps, false, &a->plain);
		render_state(of, stack, &s->caps, s->locked, &a->words);
	}
}

static void want_alerts(struct alerts *s, unsigned agent, const struct snapshot *of,
			const struct snapshot_stack *stack)
{
	for (unsigned i = 0; i < stack->alerts->len; i++) {
		const struct snapshot_alert *alert = g_ptr_array_index(stack->alerts, i);
		g_autofree char *name = g_strconcat(alert->condition, ":", stack->name, NULL);
		g_autofree char *key = key_of("alert", agent, name);
		struct alert *a = want(s, ALERT_STATE, key, agent);

		a->dismissed = a->dismissed && alert->reminders <= a->reminders;
		a->reminders = alert->reminders;
		render_alert(of, stack, alert, &s->caps, false, &a->plain);
		render_alert(of, stack, alert, &s->caps, s->locked, &a->words);
	}
}

/* Another person, reason or time is another one, and worth seeing although the first was closed. */
static void want_steer(struct alerts *s, unsigned agent, const struct snapshot *of,
		       const struct snapshot_steer *steer)
{
	static const char *const kinds[] = {"stopped", "suspended", "pinned"};
	g_autofree char *name = g_strdup_printf("%s:%s:%s:%" PRId64 ":%s", kinds[steer->kind],
						steer->stack != NULL ? steer->stack : "",
						steer->by != NULL ? steer->by : "", steer->until,
						steer->reason != NULL ? steer->reason : "");
	g_autofree char *key = key_of("steer", agent, name);
	struct alert *a = want(s, ALERT_STATE, key, agent);

	render_steer(of, steer, &s->caps, false, &a->plain);
	render_steer(of, steer, &s->caps, s->locked, &a->words);
}

/* A result is told when it is news; then it stays until somebody closes it. */
static void keep_result(struct alerts *s, unsigned agent, const struct snapshot *of,
			const struct snapshot_stack *stack)
{
	g_autofree char *key = key_of("result", agent, stack->name);
	struct alert *a = find_key(s, key);

	if (a != NULL && stack->result != NULL && strcmp(stack->result, "applying") != 0) {
		a = want(s, ALERT_RESULT, key, agent);
		render_result(of, stack, &s->caps, false, &a->plain);
		render_result(of, stack, &s->caps, s->locked, &a->words);
	}
}

static void want_agent(struct alerts *s, unsigned agent, const struct snapshot *of)
{
	g_autofree char *key = key_of("problem", agent, "");
	struct alert *a;

	if (of->problem != NULL) {
		a = want(s, ALERT_PROBLEM, key, agent);
		render_problem(of, &s->caps, false, &a->plain);
		render_problem(of, &s->caps, s->locked, &a->words);
	}
	for (unsigned i = 0; i < of->steers->len; i++) {
		want_steer(s, agent, of, g_ptr_array_index(of->steers, i));
	}
	for (unsigned i = 0; i < of->stacks->len; i++) {
		const struct snapshot_stack *stack = g_ptr_array_index(of->stacks, i);

		want_state(s, agent, of, stack);
		want_alerts(s, agent, of, stack);
		keep_result(s, agent, of, stack);
	}
}

/* What should be seen, from all that is known. */
static void decide_wanted(struct alerts *s)
{
	bool many = alerts_waiting(s) > ALERTS_FEW;

	for (unsigned i = 0; i < s->items->len; i++) {
		struct alert *a = g_ptr_array_index(s->items, i);

		/* How a plan ended is so, whether its agent answers or not. */
		a->wanted = a->wanted &&
			    (a->kind == ALERT_NOTE ||
			     (a->kind == ALERT_RESULT && s->views[a->agent].snapshot == NULL));
	}
	for (unsigned i = 0; i < s->agents; i++) {
		const struct snapshot *of = s->views[i].snapshot;

		if (of != NULL) {
			want_agent(s, i, of);
		}
		if (of != NULL && !many) {
			want_plans(s, i, of);
		}
	}
	if (many) {
		want_many(s);
	} else {
		g_clear_pointer(&s->many, g_free);
	}
}

static bool must_show(const struct alerts *s, const struct alert *a)
{
	if (!a->wanted || a->dismissed || a->under_way || !s->has_server || s->now < a->retry_at) {
		return false;
	}
	if (a->id == 0 || a->again) {
		return true;
	}
	if (s->locked && !a->hidden && words_equal(&a->plain, &a->told)) {
		return false; // it was there before the lock
	}
	return !words_equal(&a->words, &a->sent);
}

static void show(struct alerts *s, struct alert *a)
{
	words_copy(&a->sent, &a->words);
	words_copy(&a->told, &a->plain);
	a->hidden = s->locked;
	a->under_way = true;
	a->again = false;
	add(s, ALERT_DO_SHOW, a)->words = &a->sent;
}

static void start_server(struct alerts *s)
{
	bool any = false;

	for (unsigned i = 0; i < s->items->len; i++) {
		const struct alert *a = g_ptr_array_index(s->items, i);

		any |= a->wanted && !a->dismissed;
	}
	if (!s->has_server && any && s->now >= s->start_at) {
		s->start_at = s->now + MIN(START_FIRST << MIN(s->starts, 10), START_MAX);
		s->starts++;
		add(s, ALERT_DO_START, NULL);
	}
}

/* From what is seen to what should be. */
static void reconcile(struct alerts *s)
{
	for (unsigned i = s->items->len; i-- > 0;) {
		struct alert *a = g_ptr_array_index(s->items, i);

		if (!a->wanted && a->id != 0) {
			add(s, ALERT_DO_CLOSE, a);
			a->id = 0;
		}
		if (!a->wanted && !a->under_way) {
			g_ptr_array_remove_index(s->items, i);
		}
	}
	for (unsigned i = 0; i < s->items->len; i++) {
		struct alert *a = g_ptr_array_index(s->items, i);

		if (must_show(s, a)) {
			show(s, a);
		}
	}
	start_server(s);
}

/* Results that were not there the last time. */
static void note_results(struct alerts *s, unsigned agent)
{
	struct agent_view *view = &s->views[agent];

	for (unsigned i = 0; i < view->snapshot->stacks->len; i++) {
		const struct snapshot_stack *stack = g_ptr_array_index(view->snapshot->stacks, i);
		g_autofree char *now = g_strdup_printf("%s %s", stack->plan, stack->result);
		g_autofree char *key = key_of("result", agent, stack->name);
		const char *before = g_hash_table_lookup(view->results, stack->name);
		struct alert *a;

		if (stack->result == NULL || g_strcmp0(now, before) == 0) {
			continue;
		}
		g_hash_table_replace(view->results, g_strdup(stack->name), g_steal_pointer(&now));
		if (view->known && strcmp(stack->result, "applying") != 0) {
			a = want(s, ALERT_RESULT, key, agent);
			a->dismissed = false;
		}
	}
	view->known = true;
}

static void on_snapshot(struct alerts *s, const struct alert_event *event)
{
	struct agent_view *view = &s->views[event->agent];

	snapshot_free(view->snapshot);
	view->snapshot = event->snapshot;
	note_results(s, event->agent);
}

static void on_agent_gone(struct alerts *s, const struct alert_event *event)
{
	g_clear_pointer(&s->views[event->agent].snapshot, snapshot_free);
}

/* Nothing is seen any more. What was only for a moment is not said twice. */
static void forget_shown(struct alerts *s)
{
	for (unsigned i = s->items->len; i-- > 0;) {
		struct alert *a = g_ptr_array_index(s->items, i);
		bool was = a->id != 0 || a->under_way;

		a->id = 0;
		a->under_way = false;
		a->retry_at = 0;
		a->failures = 0;
		if (was && !a->sent.stays) {
			g_ptr_array_remove_index(s->items, i);
		}
	}
}

static void on_server(struct alerts *s, const struct alert_event *event)
{
	forget_shown(s);
	s->caps = event->caps;
	s->has_server = true;
	s->starts = 0;
	s->start_at = 0;
}

static void on_server_gone(struct alerts *s, const struct alert_event *event)
{
	(void)event;
	forget_shown(s);
	s->has_server = false;
}

static void on_shown(struct alerts *s, const struct alert_event *event)
{
	struct alert *a = find_key(s, event->key);

	if (a != NULL) {
		a->id = event->id;
		a->under_way = false;
		a->shown_at = s->now;
		a->failures = 0;
	}
}

static void on_not_shown(struct alerts *s, const struct alert_event *event)
{
	struct alert *a = find_key(s, event->key);

	if (a != NULL) {
		a->under_way = false;
		a->id = 0;
		a->retry_at = s->now + MIN(ALERTS_RETRY << MIN(a->failures, 10), ALERTS_RETRY_MAX);
		a->failures++;
	}
}

/* By whomever and why ever: it decides nothing. */
static void on_closed(struct alerts *s, const struct alert_event *event)
{
	struct alert *a = find_id(s, event->id);

	if (a == NULL) {
		return;
	}
	a->id = 0;
	if (a->under_way) {
		return; // it is about to be seen again
	}
	a->dismissed = true;
	a->dismissed_at = s->now;
	if (a->kind == ALERT_NOTE) {
		a->wanted = false;
	}
}

static const struct snapshot_plan *plan_of(const struct alerts *s, const struct alert *a)
{
	const struct snapshot *of = s->views[a->agent].snapshot;

	for (unsigned i = 0; of != NULL && a->plan != NULL && i < of->plans->len; i++) {
		const struct snapshot_plan *plan = g_ptr_array_index(of->plans, i);

		if (strcmp(plan->id, a->plan) == 0) {
			return plan;
		}
	}
	return NULL;
}

/* What was pressed counts: it could be seen, and by whoever sits here. */
static bool is_armed(struct alerts *s, struct alert *a)
{
	if (s->locked || a->under_way || s->now - a->shown_at < ALERTS_ARM_TIME) {
		a->again = true; // most servers close what was pressed
		return false;
	}
	return true;
}

static void vote(struct alerts *s, struct alert *a, bool approve, const char *reason)
{
	const struct snapshot_plan *plan = plan_of(s, a);
	struct alert_effect *effect;

	if (plan == NULL || a->voting || !(approve ? plan->may_approve : plan->may_reject)) {
		return;
	}
	a->voting = true;
	effect = add(s, ALERT_DO_VOTE, a);
	effect->plan = g_strdup(a->plan);
	effect->approve = approve;
	effect->reason = g_strdup(reason);
}

/* Not translated: it becomes part of a signed statement. */
static char *standard_reason(const struct alerts *s, const struct alert *a)
{
	const struct snapshot *of = s->views[a->agent].snapshot;

	return g_strdup_printf("rejected on the desktop by %s",
			       of != NULL && of->person != NULL ? of->person : "?");
}

static void on_action(struct alerts *s, const struct alert_event *event)
{
	struct alert *a = find_id(s, event->id);
	g_autofree char *reason = NULL;

	if (a == NULL || (a->kind != ALERT_PLAN && a->kind != ALERT_MANY) || a->voting ||
	    !is_armed(s, a)) {
		return;
	}
	if (strcmp(event->text, "default") == 0 || strcmp(event->text, "review") == 0) {
		add(s, ALERT_DO_REVIEW, a)->plan = g_strdup(a->plan);
	} else if (strcmp(event->text, "approve") == 0) {
		vote(s, a, true, "");
	} else if (strcmp(event->text, "reject") == 0) {
		reason = standard_reason(s, a);
		vote(s, a, false, reason);
	}
}

/* One line without control characters, of bounded length; g_free(). */
static char *reason_of(const char *text)
{
	g_autofree char *valid = g_utf8_make_valid(text, -1);
	char *end;

	for (char *c = valid; *c != '\0'; c++) {
		if (g_ascii_iscntrl(*c)) {
			*c = ' ';
		}
	}
	if (strlen(valid) > REPLY_MAX) {
		end = g_utf8_find_prev_char(valid, valid + REPLY_MAX);
		*end = '\0';
	}
	return g_strdup(g_strstrip(valid));
}

static void on_replied(struct alerts *s, const struct alert_event *event)
{
	struct alert *a = find_id(s, event->id);
	g_autofree char *reason = reason_of(event->text);

	if (a == NULL || a->kind != ALERT_PLAN || a->voting || !is_armed(s, a)) {
		return;
	}
	if (reason[0] == '\0') {
		a->again = true; // a rejection needs a reason
	} else {
		vote(s, a, false, reason);
	}
}

static void on_locked(struct alerts *s, const struct alert_event *event)
{
	s->locked = event->kind == ALERT_LOCKED;
}

/* The agent's next word takes it away. */
static void on_voted(struct alerts *s, const struct alert_event *event)
{
	struct alert *a = find_key(s, event->key);

	if (a == NULL) {
		return;
	}
	a->voting = false;
	a->dismissed = true;
	a->dismissed_at = s->now;
	if (a->id != 0) {
		add(s, ALERT_DO_CLOSE, a);
		a->id = 0;
	}
}

static void on_refused(struct alerts *s, const struct alert_event *event)
{
	struct alert *a = find_key(s, event->key);
	const struct snapshot *of = s->views[event->agent].snapshot;
	g_autofree char *key = key_of("note", event->agent, "");
	const char *agent = of != NULL ? of->agent : "assent";
	g_autofree char *stack = a != NULL ? g_strdup(a->stack) : NULL;
	struct alert *note;

	if (a != NULL) {
		a->voting = false;
		a->dismissed = false;
	}
	note = want(s, ALERT_NOTE, key, event->agent);
	note->dismissed = false;
	render_refusal(agent, stack, event->text, &s->caps, false, &note->plain);
	render_refusal(agent, stack, event->text, &s->caps, s->locked, &note->words);
}

static int64_t remind_at(const struct alerts *s, const struct alert *a)
{
	const struct snapshot *of = s->views[a->agent].snapshot;

	if (!a->dismissed || !a->wanted || of == NULL || of->remind == 0 ||
	    a->kind == ALERT_RESULT || a->kind == ALERT_NOTE) {
		return 0;
	}
	return a->dismissed_at + of->remind * G_USEC_PER_SEC;
}

static void on_tick(struct alerts *s, const struct alert_event *event)
{
	(void)event;
	for (unsigned i = 0; i < s->items->len; i++) {
		struct alert *a = g_ptr_array_index(s->items, i);
		int64_t due = remind_at(s, a);

		a->dismissed = a->dismissed && !(due != 0 && s->now >= due);
	}
}

static void on_stop(struct alerts *s, const struct alert_event *event)
{
	(void)event;
	s->stopping = true;
	for (unsigned i = 0; i < s->items->len; i++) {
		((struct alert *)g_ptr_array_index(s->items, i))->wanted = false;
	}
}

void alerts_step(struct alerts *s, const struct alert_event *event, int64_t now, GArray *effects)
{
	static void (*const handlers[])(struct alerts * s, const struct alert_event *event) = {
		[ALERT_SNAPSHOT] = on_snapshot, [ALERT_AGENT_GONE] = on_agent_gone,
		[ALERT_SERVER] = on_server,	[ALERT_SERVER_GONE] = on_server_gone,
		[ALERT_SHOWN] = on_shown,	[ALERT_NOT_SHOWN] = on_not_shown,
		[ALERT_CLOSED] = on_closed,	[ALERT_ACTION] = on_action,
		[ALERT_REPLIED] = on_replied,	[ALERT_LOCKED] = on_locked,
		[ALERT_UNLOCKED] = on_locked,	[ALERT_REFUSED] = on_refused,
		[ALERT_VOTED] = on_voted,	[ALERT_TICK] = on_tick,
		[ALERT_STOP] = on_stop,
	};

	s->now = now;
	s->fx = effects;
	handlers[event->kind](s, event);
	if (!s->stopping) {
		decide_wanted(s);
	}
	reconcile(s);
	s->fx = NULL;
}

static void earlier(int64_t *wake, int64_t when)
{
	if (when != 0 && (*wake == 0 || when < *wake)) {
		*wake = when;
	}
}

int64_t alerts_wake(const struct alerts *s)
{
	int64_t wake = 0;

	for (unsigned i = 0; i < s->items->len; i++) {
		const struct alert *a = g_ptr_array_index(s->items, i);

		earlier(&wake, remind_at(s, a));
		if (a->wanted && !a->dismissed && !a->under_way && a->id == 0) {
			earlier(&wake, s->has_server ? a->retry_at : s->start_at);
		}
	}
	return wake;
}
