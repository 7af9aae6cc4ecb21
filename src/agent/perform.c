/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Performs the effects of a stack's steps. */
#include "agent/perform.h"

#include <inttypes.h>
#include <string.h>

#include "agent/evidence.h"
#include "agent/halt.h"
#include "agent/launch.h"
#include "agent/planner.h"
#include "agent/request.h"
#include "agent/retention.h"
#include "base/autoptr.h"
#include "base/error.h"
#include "base/log.h"
#include "base/objects.h"

struct doing {
	struct agent_unit *unit;
	struct agent *agent;
	const struct stack_facts *facts;
	const char *name; /* the stack's */
	enum stack_phase phase;
	const char *reason;
	const struct agent_news *news;
};

static bool append(struct doing *d, const struct record *record, GError **error)
{
	return agent_append(d->agent, d->name, record, error);
}

static bool plan_digest(const struct doing *d, struct hash *out)
{
	return hash_parse(out, d->facts->plan);
}

static bool do_fetch(struct doing *d, GError **error)
{
	d->unit->asked = ++d->agent->stamps;
	return launch_fetch(d->unit, error);
}

static bool do_plan(struct doing *d, GError **error)
{
	return launch_plan(d->unit, error);
}

static bool do_apply(struct doing *d, GError **error)
{
	return d->unit->step.mode == MODE_UNDO ? launch_undo(d->unit, error)
					       : launch_apply(d->unit, error);
}

static bool do_recover(struct doing *d, GError **error)
{
	return launch_recover(d->unit, error);
}

static bool sign_plan(struct doing *d, struct hash *digest, char **sig, GError **error)
{
	const char *objects = store_objects(d->agent->store);
	autocfree char *armor = NULL;
	struct assent_error err;
	struct hash ignored;

	if (secret_sshsig(store_plan_key(d->agent->store), SSHSIG_NS_PLAN, d->unit->plan,
			  d->unit->plan_len, &armor, &err) != 0) {
		return fail_core(error, &err, "plan of stack '%s'", d->name);
	}
	*sig = g_strdup(armor);
	return objects_store(objects, d->unit->plan, d->unit->plan_len, digest, error) &&
	       objects_store(objects, armor, strlen(armor), &ignored, error);
}

static bool do_publish(struct doing *d, GError **error)
{
	struct record record = {.type = ENTRY_PLAN};
	struct record_plan *entry = &record.u.plan;
	g_autoptr(plan_auto) plan = NULL;
	g_autofree char *sig = NULL;
	struct assent_error err;

	if (plan_parse(&plan, d->unit->plan, d->unit->plan_len, &err) != 0) {
		return fail_core(error, &err, "plan of stack '%s'", d->name);
	}
	if (!sign_plan(d, &entry->plan, &sig, error)) {
		return false;
	}
	entry->commit = plan->target_commit;
	entry->expires = plan->expires;
	entry->number = plan->seq;
	entry->reason = plan->reason;
	entry->quiet = plan->policy.quiet > 0 ? plan->created + plan->policy.quiet : 0;
	entry->required = plan->policy.required;
	entry->sig = sig;
	memcpy(entry->summary, d->unit->draft->summary, sizeof(entry->summary));
	if (!append(d, &record, error)) {
		return false;
	}
	d->unit->recheck = true;
	d->unit->planned = ++d->agent->stamps;
	log_event(EV_PLANNED, d->name, d->facts->plan,
		  "plan %" PRId64 " has %zu changes and needs %" PRId64 " approvals", entry->number,
		  plan->changes_count, entry->required);
	return true;
}

static bool log_commit(struct doing *d, GError **error)
{
	struct record record = {.type = ENTRY_COMMIT};
	g_autofree char *url = planner_public_url(agent_remote(d->unit));
	g_autofree char *branch = request_ref(d->unit->conf);
	const char *ref = d->unit->step.tries ? d->facts->try_ref : branch;

	record.u.commit.commit = d->news->details.commit;
	record.u.commit.tree = d->news->details.tree;
	record.u.commit.ref = ref;
	record.u.commit.repository = url;
	if (d->news->commits != NULL) {
		record.u.commit.has_commits = true;
		if (!objects_store(store_objects(d->agent->store), d->news->commits,
				   d->news->commits_len, &record.u.commit.commits, error)) {
			return false;
		}
	}
	log_event(EV_FETCHED, d->name, NULL, "commit %s came", d->news->details.commit);
	return append(d, &record, error);
}

static bool log_blocked(struct doing *d, GError **error)
{
	static const enum record_block kinds[] = {
		[STACK_BLOCK_NONE] = BLOCK_FETCH,	   [STACK_BLOCK_REWOUND] = BLOCK_REWOUND,
		[STACK_BLOCK_DELETED] = BLOCK_DELETED,	   [STACK_BLOCK_EMPTY] = BLOCK_EMPTY,
		[STACK_BLOCK_MANIFEST] = BLOCK_MANIFEST,   [STACK_BLOCK_FETCH] = BLOCK_FETCH,
		[STACK_BLOCK_SIGNATURE] = BLOCK_SIGNATURE,
	};
	const struct stack_details *details = &d->news->details;
	struct record record = {.type = ENTRY_BLOCKED};

	record.u.blocked.kind = kinds[details->block];
	record.u.blocked.reason = details->reason;
	if (details->commit != NULL && details->commit[0] != '\0') {
		record.u.blocked.commit = details->commit;
	} else if (details->block == STACK_BLOCK_MANIFEST) {
		record.u.blocked.commit = stack_target(d->facts);
	}
	log_event(EV_BLOCKED, d->name, NULL, "%s", details->reason);
	return append(d, &record, error);
}

static bool log_unblocked(struct doing *d, GError **error)
{
	struct record record = {.type = ENTRY_UNBLOCKED};

	log_event(EV_UNBLOCKED, d->name, NULL, "no longer %s", stack_block_names[d->facts->block]);
	return append(d, &record, error);
}

static bool log_closed(struct doing *d, GError **error)
{
	struct record record = {.type = ENTRY_CLOSED};
	struct record_closed *closed = &record.u.closed;
	enum log_id event = EV_SUPERSEDED;

	closed->outcome = OUTCOME_SUPERSEDED;
	closed->reason = d->reason;
	if (d->phase == STACK_PHASE_EXPIRED) {
		closed->outcome = OUTCOME_EXPIRED;
		event = EV_EXPIRED;
	} else if (d->phase == STACK_PHASE_VOID) {
		closed->outcome = OUTCOME_VOID;
		event = EV_PLAN_STALE;
	}
	if (!plan_digest(d, &closed->plan)) {
		return fail(error, BASE_ERROR, BASE_ERROR_FAILED, "no plan to close");
	}
	log_event(event, d->name, d->facts->plan, "%s: %s", stack_phase_names[d->phase], d->reason);
	return append(d, &record, error);
}

static bool log_converged(struct doing *d, GError **error)
{
	struct record record = {.type = ENTRY_CLOSED};

	record.u.closed.outcome = OUTCOME_CONVERGED;
	record.u.closed.commit = stack_plan_commit(&d->unit->step, d->facts);
	record.u.closed.tree =
		d->unit->step.looks ? d->facts->base_tree : stack_target_tree(d->facts);
	record.u.closed.reason = d->reason;
	return append(d, &record, error);
}

static bool log_drift(struct doing *d, GError **error)
{
	struct record record = {.type = ENTRY_DRIFT};
	struct record_drift *drift = &record.u.drift;
	const struct drift *found = d->unit->drift;
	unsigned i;

	if (!drift_store(found, store_objects(d->agent->store), &drift->details, error)) {
		return false;
	}
	drift->has_details = true;
	drift->changes = found->count;
	drift->since = d->facts->drift_since != 0 ? d->facts->drift_since : agent_now();
	drift->has_plan = d->facts->phase == STACK_PHASE_OPEN && plan_digest(d, &drift->plan);
	for (i = 0; i < found->ids->len && i < RECORD_MAX_RESOURCES; i++) {
		drift->resources[i] = g_ptr_array_index(found->ids, i);
	}
	drift->resources_count = i;
	log_event(EV_DRIFT, d->name, NULL, "the host differs from commit %s in %" PRId64 " places",
		  d->facts->base, found->count);
	return append(d, &record, error);
}

static void name_votes(const GPtrArray *votes, struct record_apply_start *start)
{
	for (unsigned i = 0; i < votes->len && i < RECORD_MAX_VOTES; i++) {
		const struct fold_vote *vote = g_ptr_array_index(votes, i);

		start->approvals[start->approvals_count++] = vote->entry;
	}
}

/* Of the apply that halted; an undo needs nobody's approval. */
static bool log_steered(struct doing *d, GError **error)
{
	struct record record = {.type = ENTRY_APPLY_START};
	struct record_apply_start *start = &record.u.apply_start;
	const struct fold_plan *plan = d->unit->record->halted;

	if (plan == NULL || !hash_parse(&start->plan, plan->id)) {
		return fail(error, BASE_ERROR, BASE_ERROR_FAILED, "no apply has halted");
	}
	start->commit = plan->commit;
	start->mode = d->unit->step.mode;
	start->person = d->unit->steerer;
	if (start->mode == MODE_RESUME) {
		name_votes(plan->votes, start);
	}
	log_event(EV_APPLY_START, d->name, plan->id, "plan %" PRId64 ": %s, asked for by %s",
		  plan->number, record_mode_names[start->mode], start->person);
	return append(d, &record, error);
}

static bool log_apply_start(struct doing *d, GError **error)
{
	struct record record = {.type = ENTRY_APPLY_START};
	struct record_apply_start *start = &record.u.apply_start;

	if (d->unit->step.mode != MODE_APPLY) {
		return log_steered(d, error);
	}
	start->commit = d->facts->plan_commit;
	name_votes(d->unit->record->plan->votes, start);
	if (!plan_digest(d, &start->plan)) {
		return fail(error, BASE_ERROR, BASE_ERROR_FAILED, "no plan to apply");
	}
	log_event(EV_APPLY_START, d->name, d->facts->plan, "plan %" PRId64 " is applied%s%s",
		  d->facts->plan_number,
		  d->facts->plan_broken[0] != '\0' ? ", by break-glass of " : "",
		  d->facts->plan_broken);
	return append(d, &record, error);
}

/* What was not begun has changed nothing: it stands as it halted. */
static void keep_halted(const struct fold_plan *plan, struct record_apply_done *done)
{
	done->halted = true;
	done->done = plan->done;
	done->undone = plan->undone;
	done->left = plan->left;
	done->has_steps = plan->has_steps;
	done->steps = plan->steps;
}

static bool append_done(struct doing *d, enum record_result result, const char *reason,
			GError **error)
{
	struct record record = {.type = ENTRY_APPLY_DONE};
	struct record_apply_done *done = &record.u.apply_done;
	g_autoptr(plan_auto) plan = NULL;
	char line[STACK_REASON_MAX];

	/* A newer commit may have come before an undo, and none while a plan is applied. */
	if (strcmp(stack_target(d->facts), d->facts->plan_commit) != 0 &&
	    !evidence_plan(d->agent, d->unit->record->plan, &plan, error)) {
		return false;
	}
	stack_keep(line, reason);
	done->result = result;
	done->reason = line;
	done->commit = d->facts->plan_commit;
	done->tree = plan != NULL ? plan->target_tree : stack_target_tree(d->facts);
	done->done = d->news->done;
	done->undone = d->news->undone;
	done->left = d->news->left;
	done->halted = d->news->halted;
	if (d->news->refused && d->unit->record->plan->halted) {
		keep_halted(d->unit->record->plan, done);
	}
	if (d->news->steps != NULL) {
		done->has_steps = true;
		if (!objects_store(store_objects(d->agent->store), d->news->steps,
				   d->news->steps_len, &done->steps, error)) {
			return false;
		}
	}
	if (!plan_digest(d, &done->plan)) {
		return fail(error, BASE_ERROR, BASE_ERROR_FAILED, "no plan was applied");
	}
	log_event(result == RESULT_OK ? EV_APPLIED : EV_APPLY_FAILED, d->name, d->facts->plan,
		  "plan %" PRId64 ": %s%s%s", d->facts->plan_number, record_result_names[result],
		  line[0] != '\0' ? ": " : "", line);
	return append(d, &record, error);
}

static bool log_apply_done(struct doing *d, GError **error)
{
	if (!append_done(d, d->news->result, d->news->details.reason, error)) {
		return false;
	}
	retention_due(d->agent);
	return true;
}

static bool log_interrupted(struct doing *d, GError **error)
{
	return append_done(d, RESULT_INTERRUPTED, d->reason, error);
}

static bool log_resume(struct doing *d, GError **error)
{
	return halt_resume(d->unit, NULL, d->reason, error);
}

static bool log_return(struct doing *d, GError **error)
{
	struct record record = {.type = ENTRY_RETURN};

	record.u.end.reason = d->reason;
	log_event(EV_TRIAL, d->name, NULL, "the trial has ended: %s", d->reason);
	if (!append(d, &record, error)) {
		return false;
	}
	d->unit->outdated |= d->unit->step.job == STACK_JOB_FETCH ||
			     d->unit->step.job == STACK_JOB_PLAN; // it is about the trial
	return true;
}

static bool (*const doers[])(struct doing *doing, GError **error) = {
	[STACK_DO_FETCH] = do_fetch,
	[STACK_DO_PLAN] = do_plan,
	[STACK_DO_APPLY] = do_apply,
	[STACK_DO_RECOVER] = do_recover,
	[STACK_DO_PUBLISH] = do_publish,
	[STACK_LOG_COMMIT] = log_commit,
	[STACK_LOG_BLOCKED] = log_blocked,
	[STACK_LOG_UNBLOCKED] = log_unblocked,
	[STACK_LOG_CLOSED] = log_closed,
	[STACK_LOG_CONVERGED] = log_converged,
	[STACK_LOG_DRIFT] = log_drift,
	[STACK_LOG_APPLY_START] = log_apply_start,
	[STACK_LOG_APPLY_DONE] = log_apply_done,
	[STACK_LOG_INTERRUPTED] = log_interrupted,
	[STACK_LOG_RESUME] = log_resume,
	[STACK_LOG_RETURN] = log_return,
};

bool perform(struct agent_unit *unit, enum stack_effect effect, enum stack_phase phase,
	     const char *reason, const struct agent_news *news)
{
	struct doing d = {
		.unit = unit,
		.agent = unit->agent,
		.facts = &unit->record->facts,
		.name = unit->conf->name,
		.phase = phase,
		.reason = reason,
		.news = news,
	};
	g_autoptr(GError) error = NULL;

	if (unit->agent->stopping && effect <= STACK_DO_RECOVER) {
		return false;
	}
	if (doers[effect](&d, &error)) {
		return true;
	}
	agent_fail(unit->agent, error->message);
	return false;
}
