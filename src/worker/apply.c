/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The apply job: trust, journal, transaction, result. */
#include "worker/apply.h"

#include <string.h>
#include <time.h>

#include "base/autoptr.h"
#include "base/caller.h"
#include "base/error.h"
#include "base/file.h"
#include "worker/apply-event.h"
#include "worker/apply-request.h"
#include "worker/apply-restore.h"
#include "worker/apply-result.h"
#include "worker/checks.h"
#include "worker/journal.h"
#include "worker/privilege.h"
#include "worker/replay.h"
#include "worker/scope.h"
#include "worker/transaction.h"

#define MAX_STALE 100

/* What belongs to one job; the user of the hooks. */
struct running {
	struct job *job;
	const struct apply_request *request;
	const struct trust *trust;
	struct replay memory;
	const struct replay *replay; /* the same; NULL: nothing is remembered */
	struct journal *journal;
	struct seal_keys *keys; /* of the plan that is worked on; NULL: none */
	char *keys_problem;
};

/* What a module cannot know: the code that the caller sees. */
static bool fail_as(GError **error, enum job_error code)
{
	if (error != NULL && *error != NULL && (*error)->domain != JOB_ERROR) {
		g_autofree char *text = g_strdup((*error)->message);

		g_clear_error(error);
		return fail(error, JOB_ERROR, code, "%s", text);
	}
	return false;
}

static bool stopped(void *user)
{
	const struct running *running = user;

	return job_stopped(running->job);
}

static void progress(const char *text, size_t done, size_t total, void *user)
{
	const struct running *running = user;

	job_progress(running->job, text, (int64_t)done, (int64_t)total);
}

static bool check(const struct plan *plan, void *user, GError **error)
{
	const struct checks_hooks hooks = {.stopped = stopped, .progress = progress, .user = user};

	return checks_run(plan, &hooks, error);
}

/* Staging may take long, and what has expired meanwhile was approved for an earlier time. */
static bool may_commit(const struct plan *plan, void *user, GError **error)
{
	const struct running *running = user;

	if (time(NULL) >= plan->expires) {
		return fail(error, JOB_ERROR, JOB_ERROR_EXPIRED,
			    "the plan expired while it was made ready; nothing was changed");
	}
	return running->replay == NULL || replay_note(running->replay, plan, false, error);
}

static bool settle(const struct plan *plan, void *user, GError **error)
{
	const struct running *running = user;

	return running->replay == NULL || replay_note(running->replay, plan, true, error);
}

/* Those who approved are those whose votes came with this plan, which run_plan() has verified. */
static void tell(struct transaction *t, void *user)
{
	const struct running *running = user;
	bool has_plan = apply_request_has_plan(running->request);

	apply_tell_clusters(t, has_plan ? running->request->votes : NULL,
			    running->request->votes_count);
}

static struct transaction *make_transaction(struct running *running, const struct plan *plan,
					    const char *objects, const char *tx)
{
	struct transaction *t = transaction_new(plan, objects, tx);

	t->settle = settle;
	t->tell = tell;
	t->settle_user = running;
	if (running->keys == NULL && running->keys_problem == NULL) {
		apply_seal_keys(running->job, running->request, running->trust, plan,
				&running->keys, &running->keys_problem);
	}
	t->run.keys = running->keys;
	t->run.keys_problem = running->keys_problem;
	t->run.agent = plan->agent;
	t->run.stack = plan->stack;
	if (running->replay != NULL) {
		transaction_confine(t, apply_request_has_plan(running->request)
					       ? &job_privilege(running->job)->caller
					       : NULL);
	}
	t->run.keep = running->replay != NULL ? running->replay->folder : running->request->journal;
	host_set_clusters(t->run.host, running->request->clusters);
	return t;
}

/* The plan in the journal, which the same agent has signed. */
static bool load_plan(struct running *running, const struct journal_state *state, struct plan **out,
		      GError **error)
{
	g_autofree char *bytes = NULL;
	g_autofree char *armor = NULL;
	g_autoptr(plan_auto) plan = NULL;
	size_t len, armor_len;

	if (!journal_load_plan(running->journal, &bytes, &len, &armor, &armor_len, error) ||
	    !apply_verify_plan(running->trust, bytes, len, armor, armor_len, &plan, error)) {
		return false;
	}
	if (!hash_equal(&plan->digest, &state->plan)) {
		return fail(error, JOB_ERROR, JOB_ERROR_FAILED,
			    "the journal does not belong to its plan");
	}
	*out = g_steal_pointer(&plan);
	return true;
}

static bool is_stale(struct running *running, GPtrArray *stale, guint total, GError **error)
{
	for (guint i = 0; i < stale->len && i < MAX_STALE; i++) {
		job_diagnostic(running->job, "", 0, 0, stale->pdata[i]);
	}
	return stale->len > 0 &&
	       !fail(error, JOB_ERROR, JOB_ERROR_STALE,
		     "%u of %u targets are not as the plan says, nothing was changed: %s",
		     stale->len, total, (const char *)stale->pdata[0]);
}

/* Looks at every target again; one difference and nothing is done. */
static bool check_fresh(struct running *running, struct transaction *t, GError **error)
{
	g_autoptr(GPtrArray) stale = g_ptr_array_new_with_free_func(g_free);

	if (!transaction_prepare(t, error)) {
		return fail_as(error, JOB_ERROR_FAILED);
	}
	if (!transaction_observe(t, stale, error)) {
		return fail_as(error, JOB_ERROR_IO);
	}
	return !is_stale(running, stale, t->steps->len, error);
}

/* What is pending must be halted; *state stays empty when nothing is. */
static bool load_halted(struct running *running, struct journal_state *state, GError **error)
{
	if (!journal_is_pending(running->journal)) {
		return true;
	}
	if (!journal_load(running->journal, PLAN_MAX_CHANGES, state, error)) {
		return fail_as(error, JOB_ERROR_IO);
	}
	return (state->halted && !state->committed) ||
	       fail(error, JOB_ERROR, JOB_ERROR_FAILED,
		    "an earlier apply was interrupted; it must be recovered first");
}

/* The halted apply of another plan ends here: nobody can go on with it after this one. */
static bool settle_halted(struct running *running, const struct journal_state *state,
			  GError **error)
{
	g_autoptr(plan_auto) plan = NULL;
	g_autoptr(transaction_auto) t = NULL;

	if (!load_plan(running, state, &plan, error)) {
		return fail_as(error, JOB_ERROR_IO);
	}
	t = make_transaction(running, plan, "", state->tx);
	return (transaction_prepare(t, error) &&
		transaction_settle(t, running->journal, state, error)) ||
	       fail_as(error, JOB_ERROR_IO);
}

/* Under the journal's lock: what is not to be begun at all. */
static bool may_begin(struct running *running, const struct journal_state *state,
		      struct transaction *t, GError **error)
{
	if (state->halted && hash_equal(&state->plan, &t->plan->digest)) {
		return fail(error, JOB_ERROR, JOB_ERROR_FAILED,
			    "the apply of this plan is halted: it can be resumed or undone");
	}
	if ((running->replay != NULL && !replay_check(running->replay, t->plan, error)) ||
	    !check_fresh(running, t, error)) {
		return false;
	}
	return !job_stopped(running->job) || fail(error, JOB_ERROR, JOB_ERROR_INTERRUPTED,
						  "asked to stop before anything was changed");
}

static const struct transaction_hooks *get_hooks(struct running *running,
						 struct transaction_hooks *hooks)
{
	*hooks = (struct transaction_hooks){.stopped = stopped,
					    .progress = progress,
					    .may_commit = may_commit,
					    .check = check,
					    .user = running};
	return hooks;
}

static bool fail_transaction(GError **error)
{
	if (g_error_matches(*error, TARGET_ERROR, TARGET_ERROR_STOPPED)) {
		return fail_as(error, JOB_ERROR_INTERRUPTED);
	}
	if (g_error_matches(*error, TARGET_ERROR, TARGET_ERROR_STALE)) {
		return fail_prefix(error, "not as the plan says, nothing was changed") ||
		       fail_as(error, JOB_ERROR_STALE);
	}
	return fail_as(error, JOB_ERROR_IO);
}

static bool apply_plan(struct running *running, const struct plan *plan,
		       const struct transaction_papers *papers, GError **error)
{
	autojournalstate state = {0};
	g_autofree char *tx = file_temp_name("");
	g_autoptr(transaction_auto) t =
		make_transaction(running, plan, running->request->objects, tx);
	struct transaction_hooks hooks;
	bool ok;

	if (!load_halted(running, &state, error) || !may_begin(running, &state, t, error)) {
		return false;
	}
	job_hold(running->job, true);
	ok = (!state.halted || settle_halted(running, &state, error)) &&
	     transaction_apply(t, running->journal, papers, get_hooks(running, &hooks), error);
	job_hold(running->job, false);
	if (!ok) {
		return fail_transaction(error);
	}
	apply_write_result(running->job, t);
	return true;
}

static bool resume_halted(struct running *running, const struct plan *plan,
			  const struct journal_state *state, GError **error)
{
	g_autoptr(GPtrArray) stale = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(transaction_auto) t =
		make_transaction(running, plan, running->request->objects, state->tx);
	struct transaction_hooks hooks;
	bool ok;

	if (!hash_equal(&state->plan, &plan->digest)) {
		return fail(error, JOB_ERROR, JOB_ERROR_FAILED, "another plan is halted");
	}
	if (running->replay != NULL && !replay_check(running->replay, plan, error)) {
		return false;
	}
	if (!transaction_prepare(t, error)) {
		return fail_as(error, JOB_ERROR_FAILED);
	}
	job_hold(running->job, true);
	ok = transaction_resume(t, running->journal, state, stale, get_hooks(running, &hooks),
				error);
	job_hold(running->job, false);
	if (!ok) {
		return fail_transaction(error);
	}
	if (is_stale(running, stale, t->steps->len, error)) {
		return false;
	}
	apply_write_result(running->job, t);
	return true;
}

static bool resume_plan(struct running *running, const struct plan *plan, GError **error)
{
	autojournalstate state = {0};

	if (!load_halted(running, &state, error)) {
		return false;
	}
	if (!state.halted) {
		apply_write_none(running->job);
		return true;
	}
	return resume_halted(running, plan, &state, error);
}

static bool open_journal(struct running *running, struct journal **out, GError **error)
{
	const char *folder =
		running->replay != NULL ? running->replay->folder : running->request->journal;

	if (!journal_open(folder, out, error)) {
		return fail_as(error, JOB_ERROR_IO);
	}
	running->journal = *out;
	return true;
}

/* With raised rights, the folder of the plan's stack and the memory in it. */
static bool find_replay(struct running *running, const char *agent, const char *stack, bool make,
			GError **error)
{
	struct replay *out = &running->memory;

	running->replay = out;
	out->key = trust_agent_key(running->trust, agent);
	if (out->key == NULL) {
		return fail(error, JOB_ERROR, JOB_ERROR_UNTRUSTED,
			    "the trust file knows no agent of that name");
	}
	return privilege_folder(job_privilege(running->job), agent, stack, make, &out->folder,
				error) ||
	       fail_as(error, JOB_ERROR_UNTRUSTED);
}

static bool begin(struct running *running, const struct plan *plan,
		  const struct transaction_papers *papers, GError **error)
{
	g_autoptr(journal_auto) journal = NULL;

	if (!open_journal(running, &journal, error)) {
		return false;
	}
	return running->request->mode == APPLY_RESUME ? resume_plan(running, plan, error)
						      : apply_plan(running, plan, papers, error);
}

static bool begin_as(struct running *running, const struct plan *plan,
		     const struct transaction_papers *papers, GError **error)
{
	return (!apply_is_raised(running->job) ||
		find_replay(running, plan->agent, plan->stack, true, error)) &&
	       begin(running, plan, papers, error);
}

static bool run_plan(struct running *running, GError **error)
{
	struct job *job = running->job;
	const struct apply_request *request = running->request;
	const struct caller *caller = apply_is_raised(job) ? &job_privilege(job)->caller : NULL;
	g_autofree char *bytes = NULL;
	g_autofree char *armor = NULL;
	g_autoptr(plan_auto) plan = NULL;
	struct transaction_papers papers;
	bool restores;

	if (!caller_read(caller, request->plan, PLAN_MAX_SIZE, &bytes, &papers.plan_len, error) ||
	    !caller_read(caller, request->signature, SSHSIG_MAX_ARMOR, &armor,
			 &papers.signature_len, error)) {
		return fail_as(error, JOB_ERROR_IO);
	}
	papers.plan = bytes;
	papers.signature = armor;
	return apply_verify_plan(running->trust, bytes, papers.plan_len, armor,
				 papers.signature_len, &plan, error) &&
	       checks_known(plan, error) &&
	       restores_verify(running->trust, plan, request, caller, &restores, error) &&
	       apply_check_votes(running->trust, plan, request, restores, error) &&
	       scope_check(running->trust, plan, job_privilege(job), error) &&
	       apply_check_scope(request, plan, error) && begin_as(running, plan, &papers, error);
}

static bool recover_plan(struct running *running, const struct journal_state *state, GError **error)
{
	g_autoptr(plan_auto) plan = NULL;
	g_autoptr(transaction_auto) t = NULL;
	bool ok;

	if (!load_plan(running, state, &plan, error)) {
		return fail_as(error, JOB_ERROR_IO);
	}
	if (!apply_check_scope(running->request, plan, error)) {
		return false;
	}
	t = make_transaction(running, plan, "", state->tx);
	job_hold(running->job, true);
	ok = transaction_prepare(t, error) &&
	     (running->request->mode == APPLY_UNDO
		      ? transaction_undo(t, running->journal, state, error)
		      : transaction_recover(t, running->journal, state, error));
	job_hold(running->job, false);
	if (!ok) {
		return fail_as(error, JOB_ERROR_IO);
	}
	apply_write_result(running->job, t);
	return true;
}

static bool recover(struct running *running, GError **error)
{
	g_autoptr(journal_auto) journal = NULL;
	autojournalstate state = {0};

	if (!open_journal(running, &journal, error)) {
		return false;
	}
	if (!journal_is_pending(journal)) {
		apply_write_none(running->job);
		return true;
	}
	if (!journal_load(journal, PLAN_MAX_CHANGES, &state, error)) {
		return fail_as(error, JOB_ERROR_IO);
	}
	if (state.steps == NULL) {
		/* Not even begun. */
		apply_write_none(running->job);
		return journal_end(journal, error) || fail_as(error, JOB_ERROR_IO);
	}
	return recover_plan(running, &state, error);
}

static bool run_journal(struct running *running, GError **error)
{
	const struct apply_request *request = running->request;

	if (!apply_is_raised(running->job)) {
		return recover(running, error);
	}
	if (!find_replay(running, request->agent, request->stack, false, error)) {
		return false;
	}
	if (running->memory.folder == NULL) {
		apply_write_none(running->job);
		return true;
	}
	return recover(running, error);
}

bool apply_run(struct job *job, GError **error)
{
	autoapplyrequest request = {0};
	g_autoptr(trust_auto) trust = NULL;
	struct running running = {.job = job, .request = &request};
	bool ok;

	if (!apply_request_read(job, &request, error) || !apply_trust(job, &trust, error)) {
		return false;
	}
	running.trust = trust;
	ok = apply_request_has_plan(&request) ? run_plan(&running, error)
					      : run_journal(&running, error);
	g_free(running.memory.folder);
	seal_keys_free(running.keys);
	g_free(running.keys_problem);
	return ok;
}
