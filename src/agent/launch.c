/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Prepares and starts workers for a stack. */
#include "agent/launch.h"

#include <string.h>

#include "agent/applies.h"
#include "agent/clusters.h"
#include "agent/evidence.h"
#include "agent/request.h"
#include "agent/restores.h"
#include "agent/watch.h"
#include "base/autoptr.h"
#include "base/error.h"
#include "base/file.h"
#include "base/trust.h"

#define MORE_TIME 10 /* seconds that a worker has to report its own timeout */

static enum elevate raiser(const struct agent_unit *unit)
{
	return elevate_parse(unit->conf->elevate);
}

/* refused: why no worker is asked. */
static bool run_or_refuse(struct agent_unit *unit, enum stack_job kind, const char *request,
			  const char *refused, int64_t timeout, const char *lock)
{
	bool applies = kind == STACK_JOB_APPLY || kind == STACK_JOB_RECOVER;
	const struct jobs_order order = {
		.kind = kind,
		.stack = unit->conf->name,
		.request = request != NULL ? request : "",
		.refused = refused,
		.timeout = (unsigned)(timeout + MORE_TIME),
		.lock = lock,
		.elevate = applies ? raiser(unit) : ELEVATE_NONE,
	};

	if (request == NULL && refused == NULL) {
		return false;
	}
	if (kind != STACK_JOB_DIFF) {
		unit->outdated = false;
		tally_begin(&unit->tally);
	}
	jobs_start(unit->agent->jobs, &order);
	return true;
}

static bool run(struct agent_unit *unit, enum stack_job kind, const char *request, int64_t timeout,
		const char *lock)
{
	return run_or_refuse(unit, kind, request, NULL, timeout, lock);
}

static bool make_parent(const char *path, GError **error)
{
	g_autofree char *folder = g_path_get_dirname(path);

	return file_mkdirs(folder, 0700, error);
}

/* Of the ref that is fetched. */
static const char *newest_of(const struct stack *step, const struct stack_facts *facts)
{
	return step->tries ? facts->try_commit : facts->commit;
}

bool launch_fetch(struct agent_unit *unit, GError **error)
{
	const struct conf_source *source = &unit->conf->source;
	g_autofree char *mirror = request_mirror(store_dir(unit->agent->store), source->url);
	g_autofree char *lock = g_strconcat(mirror, ".lock", NULL);
	g_autofree char *request = NULL;
	const struct stack_facts *facts = &unit->record->facts;
	const struct request_fetch fetch = {
		.ref = unit->step.tries ? facts->try_ref : NULL,
		.mirror = mirror,
		.known = stack_known(facts),
		.accepted = unit->step.tries ? "" : facts->accepted,
		.newest = newest_of(&unit->step, facts),
	};

	if (!make_parent(mirror, error)) {
		return false;
	}
	request = request_fetch(unit->conf, &fetch, error);
	return run(unit, STACK_JOB_FETCH, request, source->timeout, lock);
}

static char *seal_key(const struct agent_unit *unit)
{
	return g_build_filename(store_dir(unit->agent->store), "keys", "seal.key", NULL);
}

/* Does whoever applies put back what was approved without asking? With raised rights that stands in
 * a file of root's, which says so when it is asked for. */
static bool may_restore(const struct agent_unit *unit)
{
	g_autoptr(trust_auto) trust = NULL;

	if (unit->step.unfixable || unit->step.ask_first) {
		return false;
	}
	return raiser(unit) != ELEVATE_NONE ||
	       (trust_load(unit->agent->conf->trust, &trust, NULL) && trust->restore);
}

/* Why it stays as it is, for people; what was there before is better known. */
static void say_unfixable(struct agent_unit *unit)
{
	bool wants = strcmp(unit->conf->on_drift, "fix") == 0;

	if (wants && unit->step.fix_problem[0] == '\0') {
		stack_keep(unit->step.fix_problem, "the trust file does not say 'restore: true'");
	}
}

/* objects: where contents and diffs go. */
static bool plan(struct agent_unit *unit, enum stack_job kind, const char *objects,
		 const char *folder, bool adopt, GError **error)
{
	struct agent *agent = unit->agent;
	g_autofree char *draft_name = g_strconcat(folder, "draft.json", NULL);
	g_autofree char *cache_name = g_strconcat(folder, "stat-cache", NULL);
	g_autofree char *memory_name = g_strconcat(folder, "applied.memory", NULL);
	g_autofree char *watch = agent_scratch(unit, "watch");
	g_autofree char *mirror = request_mirror(store_dir(agent->store), unit->conf->source.url);
	g_autofree char *out = agent_scratch(unit, draft_name);
	g_autofree char *cache = agent_scratch(unit, cache_name);
	g_autofree char *memory = agent_scratch(unit, memory_name);
	g_autofree char *applied = NULL;
	g_autofree char *request = NULL;
	g_autofree char *keys = seal_key(unit);
	g_autoptr(GPtrArray) returns = NULL, looked_at = NULL;
	const struct stack_facts *facts = &unit->record->facts;
	const bool plans = kind == STACK_JOB_PLAN; // else it only compares
	struct request_plan job = {
		.mirror = mirror,
		.commit = plans ? stack_plan_commit(&unit->step, facts) : stack_target(facts),
		.adopt = adopt,
		.kept = plans ? NULL : store_objects(agent->store),
		.watch = plans && unit->watch != NULL ? watch : NULL,
		.drift = plans && (unit->step.looks || stack_plans_drift(facts)),
		.asked = unit->step.asked,
		.restore = may_restore(unit),
		.base = unit->record->facts.base,
		.home = g_get_home_dir(),
		.objects = objects,
		.out = out,
		.cache = cache,
		.seal_key = keys,
		.for_root = raiser(unit) != ELEVATE_NONE,
	};

	if (!make_parent(out, error) || !applies_write(unit, &applied, error)) {
		return false;
	}
	job.applied = applied;
	job.memory = applied != NULL ? memory : NULL;
	if (plans && facts->returning && !job.drift && job.restore) {
		returns = restores_trials(agent->fold, unit->record);
		job.returns = returns;
	}
	if (plans) {
		unit->asks_drift = job.drift;
		if (job.drift && !job.restore) {
			say_unfixable(unit);
		}
		if (job.drift) {
			looked_at = watch_objects(unit);
			job.looked_at = looked_at;
		}
		watch_settle(unit);
	}
	request = request_plan(agent->conf, unit->conf, &job, error);
	return run(unit, kind, request, unit->conf->plan_timeout, NULL);
}

bool launch_plan(struct agent_unit *unit, GError **error)
{
	return plan(unit, STACK_JOB_PLAN, store_objects(unit->agent->store), "", false, error);
}

bool launch_diff(struct agent_unit *unit, bool adopt, GError **error)
{
	g_autofree char *objects = agent_scratch(unit, LAUNCH_DIFF_OBJECTS);

	return file_mkdirs(objects, 0700, error) &&
	       plan(unit, STACK_JOB_DIFF, objects, "diff/", adopt, error);
}

/* NULL: with raised rights the worker keeps it where no user writes. */
static char *journal_of(const struct agent_unit *unit)
{
	if (raiser(unit) != ELEVATE_NONE) {
		return NULL;
	}
	return g_build_filename(store_dir(unit->agent->store), "apply", unit->conf->name, NULL);
}

/* The exact bytes that were signed, beside their signature. */
static bool write_plan(struct agent_unit *unit, const struct fold_plan *plan, const char *plan_file,
		       const char *sig_file, GError **error)
{
	g_autofree char *text = NULL;
	g_autofree char *sig = NULL;
	size_t len;

	return make_parent(plan_file, error) &&
	       (evidence_plan_text(unit->agent, plan, &text, &len, error) ||
		fail_prefix(error, "plan %s", plan->id)) &&
	       evidence_plan_signature(unit->agent, plan, &sig, error) &&
	       file_replace(plan_file, text, len, 0600, error) &&
	       file_replace(sig_file, sig, strlen(sig), 0600, error);
}

/* One of the plans that prove this one, with the votes that it had. */
static bool add_proof(struct agent_unit *unit, const char *id, GPtrArray *proofs, GError **error)
{
	g_autofree char *name = g_strdup_printf("restores-%u.json", proofs->len);
	struct request_proof *proof = g_new0(struct request_proof, 1);
	const struct fold_plan *plan = g_hash_table_lookup(unit->agent->fold->by_id, id);
	struct decide_world world;

	proof->plan = agent_scratch(unit, name);
	proof->signature = g_strconcat(proof->plan, ".sig", NULL);
	evidence_world(unit->agent, &world);
	if (plan == NULL || !write_plan(unit, plan, proof->plan, proof->signature, error) ||
	    !decide_votes(&world, plan, &proof->votes, &proof->sigs, error)) {
		request_proof_free(proof);
		return plan != NULL ? fail_prefix(error, "restores plan %s", id)
				    : fail(error, BASE_ERROR, BASE_ERROR_NOT_FOUND,
					   "restores plan %s, which is not in the log", id);
	}
	g_ptr_array_add(proofs, proof);
	return true;
}

static bool load_proofs(struct agent_unit *unit, GPtrArray *proofs, GError **error)
{
	g_autoptr(plan_auto) plan = NULL;

	if (!evidence_plan(unit->agent, unit->record->plan, &plan, error)) {
		return false;
	}
	for (size_t i = 0; i < plan->restores_count; i++) {
		if (!add_proof(unit, plan->restores[i], proofs, error)) {
			return false;
		}
	}
	return true;
}

static bool request_of_apply(struct agent_unit *unit, char **out, GError **error)
{
	g_autofree char *plan_file = agent_scratch(unit, "plan.json");
	g_autofree char *sig_file = agent_scratch(unit, "plan.json.sig");
	g_autofree char *journal = journal_of(unit);
	g_autofree char *keys = seal_key(unit);
	g_autoptr(GPtrArray) proofs = g_ptr_array_new_with_free_func(request_proof_free);
	g_autoptr(GPtrArray) clusters = clusters_of(unit->agent->conf, unit->conf);
	g_autoptr(cluster_scope_auto) scope = clusters_scope(unit->conf);
	g_autoptr(GArray) votes = NULL;
	g_auto(GStrv) sigs = NULL;
	struct decide_world world;
	struct request_apply apply = {
		.plan = plan_file,
		.signature = sig_file,
		.objects = store_objects(unit->agent->store),
		.journal = journal,
		.seal_key = keys,
		.proofs = proofs,
		.clusters = clusters,
		.scope = scope,
		.bound = unit->agent->leader != NULL && clusters != NULL,
	};

	evidence_world(unit->agent, &world);
	if ((journal != NULL && !make_parent(journal, error)) ||
	    !write_plan(unit, unit->record->plan, plan_file, sig_file, error) ||
	    !load_proofs(unit, proofs, error) ||
	    !decide_votes(&world, unit->record->plan, &votes, &sigs, error)) {
		return false;
	}
	apply.votes = (const struct approval *)(void *)votes->data;
	apply.count = votes->len;
	*out = request_apply(&apply, unit->step.mode, error);
	return *out != NULL;
}

/* What this apply needs and cannot be had, as a plan that is damaged, is no reason not to go on
 * with others. */
bool launch_apply(struct agent_unit *unit, GError **error)
{
	g_autofree char *request = NULL;
	g_autoptr(GError) local = NULL;
	bool whole = request_of_apply(unit, &request, &local);

	return run_or_refuse(unit, STACK_JOB_APPLY, request, whole ? NULL : local->message,
			     unit->conf->apply_timeout, NULL);
}

/* By its journal: nothing of the caller's but the place counts. */
static bool by_journal(struct agent_unit *unit, enum stack_job kind, GError **error)
{
	g_autofree char *journal = journal_of(unit);
	g_autofree char *keys = seal_key(unit);
	g_autofree char *request = NULL;
	g_autoptr(GPtrArray) clusters = clusters_of(unit->agent->conf, unit->conf);
	g_autoptr(cluster_scope_auto) scope = clusters_scope(unit->conf);
	struct request_apply apply = {
		.objects = store_objects(unit->agent->store),
		.journal = journal,
		.seal_key = keys,
		.clusters = clusters,
		.scope = scope,
		.bound = unit->agent->leader != NULL && clusters != NULL,
	};

	if (journal == NULL) {
		apply.agent = unit->agent->conf->agent;
		apply.stack = unit->conf->name;
	} else if (!make_parent(journal, error)) {
		return false;
	}
	request = kind == STACK_JOB_RECOVER ? request_recover(&apply, error)
					    : request_undo(&apply, error);
	return run(unit, kind, request, unit->conf->apply_timeout, NULL);
}

bool launch_recover(struct agent_unit *unit, GError **error)
{
	return by_journal(unit, STACK_JOB_RECOVER, error);
}

bool launch_undo(struct agent_unit *unit, GError **error)
{
	return by_journal(unit, STACK_JOB_APPLY, error);
}
