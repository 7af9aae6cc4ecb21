/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The overview's page. */
#include <string.h>
#include <sys/stat.h>

#include "agent/evidence.h"
#include "agent/halt.h"
#include "agent/http/guest.h"
#include "agent/http/page-overview.h"
#include "agent/http/review.h"
#include "agent/planner.h"
#include "base/autoptr.h"
#include "base/objects.h"

#define PAST_SHOWN 30
#define PAST_SIZE (256 << 10) /* a larger plan is not read for its author's sake */

struct list {
	struct call *call;
	GArray *stacks, *past;
	GPtrArray *texts; /* what the others borrow */
};

static void list_clear(struct list *list)
{
	g_array_unref(list->stacks);
	g_array_unref(list->past);
	g_ptr_array_unref(list->texts);
}
typedef struct list list_auto;
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(list_auto, list_clear)

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* text is freed with the list. */
static const char *keep(struct list *list, char *text)
{
	g_ptr_array_add(list->texts, text);
	return text;
}

static enum page_wait wait_of(const struct agent_unit *unit)
{
	const struct stack_facts *facts = &unit->record->facts;
	const struct stack *step = &unit->step;

	if (step->state != STACK_STATE_PENDING || !step->approved) {
		return PAGE_WAIT_NONE;
	}
	return stack_is_held(step, facts)      ? PAGE_WAIT_WINDOW
	       : stack_is_waiting(step, facts) ? PAGE_WAIT_STACK
					       : PAGE_WAIT_NONE;
}

/* What a person has decided, and the first address's silence. */
static void fill_steering(struct list *list, const struct agent_unit *unit,
			  struct page_stack *stack)
{
	const struct stack_facts *facts = &unit->record->facts;

	stack->steers = unit->record->told.steers;
	stack->pin = facts->pin;
	stack->returning = facts->returning;
	stack->try_problem = facts->try_ref[0] != '\0' ? unit->step.try_problem : NULL;
	stack->wait = wait_of(unit);
	stack->waits = unit->step.waits;
	stack->opens = unit->step.opens;
	stack->drift = facts->drift_count;
	stack->drift_since = facts->drift_since;
	if (unit->fetched > 0 && unit->remote_problem != NULL) {
		stack->remote = keep(list, planner_public_url(agent_remote(unit)));
		stack->remote_problem = unit->remote_problem;
	}
}

/* What of its reason stands nowhere else on the page: the rest is told in the reader's language. */
static const char *reason_of(struct list *list, const struct agent_unit *unit)
{
	bool told = (unit->step.state == STACK_STATE_SUSPENDED &&
		     unit->record->facts.phase != STACK_PHASE_APPLYING) ||
		    wait_of(unit) != PAGE_WAIT_NONE;

	return told ? NULL : keep(list, g_strndup(unit->step.reason, unit->step.own));
}

static void list_stacks(struct list *list)
{
	unsigned count = 0;
	g_autofree char **names =
		(char **)g_hash_table_get_keys_as_array(list->call->agent->units, &count);

	qsort(names, count, sizeof(*names), compare_names);
	for (unsigned i = 0; i < count; i++) {
		const struct agent_unit *unit = agent_unit(list->call->agent, names[i]);
		const struct stack_facts *facts = &unit->record->facts;
		struct page_stack stack = {
			.name = unit->conf->name,
			.reason = reason_of(list, unit),
			.state = unit->step.state,
			.since = unit->step.since,
			.commit = facts->commit,
			.applied = facts->base,
			.pending = facts->phase == STACK_PHASE_OPEN ? unit->record->plan : NULL,
			.halted = unit->record->halted,
			.alerts = &unit->record->told.alerts,
			.resumable = stack_may_steer(&unit->step, facts, MODE_RESUME,
						     agent_now()) == STACK_MAY,
		};

		fill_steering(list, unit, &stack);
		g_array_append_val(list->stacks, stack);
	}
}

static bool is_small(const struct agent *agent, const struct fold_plan *plan)
{
	g_autofree char *path = NULL;
	struct hash digest;
	struct stat st;

	if (!hash_parse(&digest, plan->id)) {
		return false;
	}
	path = objects_path(store_objects(agent->store), &digest);
	return stat(path, &st) == 0 && st.st_size <= PAST_SIZE;
}

static void add_past(struct list *list, const struct fold_plan *known)
{
	struct page_past past = {.plan = known};
	g_autoptr(plan_auto) plan = NULL;

	if (is_small(list->call->agent, known) &&
	    evidence_plan(list->call->agent, known, &plan, NULL) && plan->commits_count > 0) {
		past.author = keep(list, g_strdup(plan->commits[0].author_name));
		past.subject = keep(list, g_strdup(plan->commits[0].subject));
	}
	g_array_append_val(list->past, past);
}

/* Plans numbered below before, newest first; the number to go on with, 0 at the end. */
static int64_t list_past(struct list *list, int64_t before)
{
	const GPtrArray *plans = list->call->agent->fold->plans;

	for (unsigned i = plans->len; i-- > 0;) {
		const struct fold_plan *plan = g_ptr_array_index(plans, i);

		if (plan->number >= before) {
			continue;
		}
		if (list->past->len == PAST_SHOWN) {
			return plan->number + 1;
		}
		add_past(list, plan);
	}
	return 0;
}

/* False after an answer. */
static bool read_before(struct call *call, gint64 *before)
{
	const char *text = call_query(call, "before");

	*before = G_MAXINT64;
	if (text == NULL || g_ascii_string_to_signed(text, 10, 1, G_MAXINT64, before, NULL)) {
		return true;
	}
	call_note(call, "'before' is no plan's number");
	call_fail(call, MHD_HTTP_BAD_REQUEST, "malformed", "'before' is no plan's number", NULL);
	return false;
}

void review_get_overview(struct call *call)
{
	g_auto(list_auto) list = {
		.call = call,
		.stacks = g_array_new(FALSE, FALSE, sizeof(struct page_stack)),
		.past = g_array_new(FALSE, FALSE, sizeof(struct page_past)),
		.texts = g_ptr_array_new_with_free_func(g_free),
	};
	g_auto(guest_auto) guest = {0};
	struct page_overview view = {.problem = call->agent->dead, .now = agent_now()};
	char root[HASH_TEXT_SIZE];
	struct checkpoint cp;
	gint64 before;
	size_t len;

	if (!guest_find(call, &guest)) {
		guest_unknown(call);
		return;
	}
	if (!read_before(call, &before)) {
		return;
	}
	list_stacks(&list);
	view.stop = &call->agent->fold->stop;
	view.stop_file = halt_is_stopped(call->agent);
	view.older = list_past(&list, before);
	store_checkpoint(call->agent->store, &cp);
	hash_text(root, &cp.root);
	guest_frame(call, &guest, "./", &view.frame);
	view.stacks = (const struct page_stack *)(void *)list.stacks->data;
	view.stacks_count = list.stacks->len;
	view.past = (const struct page_past *)(void *)list.past->data;
	view.past_count = list.past->len;
	view.log_size = cp.size;
	view.log_root = root;
	guest_page(call, MHD_HTTP_OK, page_overview(&view, &len), true);
}
