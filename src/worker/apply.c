/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The apply job: trust, journal, transaction, result. */
#include "worker/apply.h"

#include <string.h>
#include <time.h>

#include "base/autoptr.h"
#include "base/caller.h"
#include "base/error.h"
#include "base/file.h"
#include "base/trust.h"
#include "core/approval.h"
#include "worker/checks.h"
#include "worker/journal.h"
#include "worker/privilege.h"
#include "worker/replay.h"
#include "worker/scope.h"
#include "worker/transaction.h"

#define MAX_APPROVALS 1000
#define MAX_STEPS 1000
#define MAX_STALE 100

static const char *const modes[] = {"apply", "recover", NULL};

struct request {
	bool recover;
	const char *plan, *signature, *objects, *journal;
	const char *agent, *stack; /* of a recovery with raised rights */
	struct approval *votes;
	size_t votes_count;
};

static void request_clear(struct request *request)
{
	g_free(request->votes);
}
#define autorequest __attribute__((cleanup(request_clear))) struct request

/* How an attested vote came; a signature has none of these. */
static void read_attestation(struct json_obj *vote, struct attestation *out)
{
	const char *channel = json_str_opt(vote, "channel", 32);

	if (channel == NULL) {
		return;
	}
	if (!channel_find(channel, &out->channel) || out->channel == CHANNEL_SIGNATURE) {
		json_obj_fail(vote, "channel", "is none that is attested");
	}
	if (!hash_parse(&out->evidence, json_str(vote, "evidence", HASH_TEXT_SIZE))) {
		json_obj_fail(vote, "evidence", "is not a digest");
	}
	out->time = json_int(vote, "time", 0, JSON_MAX_INT);
}

static void read_votes(struct json_obj *from, struct request *out)
{
	struct json_arr list;
	size_t count = json_arr_get(from, "approvals", MAX_APPROVALS, &list);

	out->votes = g_new0(struct approval, count + 1);
	for (size_t i = 0; i < count; i++) {
		struct json_obj vote;
		int verdict;

		if (!json_arr_obj(&list, i, &vote)) {
			return;
		}
		verdict = json_enum(&vote, "decision", verdict_names);
		out->votes[i].person = json_str(&vote, "person", 255);
		out->votes[i].verdict = verdict < 0 ? VERDICT_REJECT : (enum verdict)verdict;
		out->votes[i].reason = json_str(&vote, "reason", STATEMENT_REASON_MAX);
		out->votes[i].armor = json_str(&vote, "signature", SSHSIG_MAX_ARMOR);
		read_attestation(&vote, &out->votes[i].by);
		json_obj_end(&vote);
	}
	out->votes_count = count;
}

static bool is_raised(const struct job *job)
{
	return job_privilege(job) != NULL && job_privilege(job)->raised;
}

/* Where the journal is: with raised rights that is no caller's affair. */
static void read_place(struct job *job, struct json_obj *from, struct request *out)
{
	out->agent = json_str_opt(from, "agent", 255);
	out->stack = json_str_opt(from, "stack", 255);
	if (!is_raised(job)) {
		out->journal = json_str(from, "journal", 4096);
	} else if (json_str_opt(from, "journal", 4096) != NULL) {
		json_obj_fail(from, "journal", "is chosen by a privileged worker itself");
	} else if (out->recover && (out->agent == NULL || out->stack == NULL)) {
		json_obj_fail(from, "agent",
			      "and 'stack' must be named to recover with raised "
			      "rights");
	}
	if (json_bool_opt(from, "watch", false)) {
		job_watch(job);
	}
}

static bool read_request(struct job *job, struct request *out, GError **error)
{
	struct json_obj *from = job_request(job);

	out->recover = json_enum(from, "mode", modes) == 1;
	read_place(job, from, out);
	if (!out->recover) {
		out->plan = json_str(from, "plan", 4096);
		out->signature = json_str(from, "signature", 4096);
		out->objects = json_str(from, "objects", 4096);
		read_votes(from, out);
	} else {
		/* Not needed, and allowed for the caller's ease. */
		(void)json_str_opt(from, "plan", 4096);
		(void)json_str_opt(from, "signature", 4096);
		(void)json_str_opt(from, "objects", 4096);
		(void)json_any(from, "approvals");
	}
	return job_request_end(job, error);
}

static bool load_trust(struct job *job, struct trust **out, GError **error)
{
	if (job_trust(job) == NULL) {
		return fail(error, JOB_ERROR, JOB_ERROR_USAGE,
			    "apply needs a trust file; start the worker with --trust FILE");
	}
	if (is_raised(job) ? !trust_load_root(job_trust(job), out, error)
			   : !trust_load(job_trust(job), out, error)) {
		g_autofree char *why = g_strdup((*error)->message);

		g_clear_error(error);
		return fail(error, JOB_ERROR, JOB_ERROR_UNTRUSTED, "%s", why);
	}
	return true;
}

/* By the key of the agent that it names, and of no other. */
static bool verify_plan(const struct trust *trust, const char *bytes, size_t len, const char *armor,
			size_t armor_len, struct plan **out, GError **error)
{
	struct assent_error problem = {0};

	for (guint i = 0; i < trust->agents->len; i++) {
		const struct trust_agent *agent =
			&g_array_index(trust->agents, struct trust_agent, i);
		struct plan *plan = NULL;

		if (plan_verify(&plan, bytes, len, armor, armor_len, &agent->key, &problem) != 0) {
			continue;
		}
		if (strcmp(plan->agent, agent->name) == 0) {
			*out = plan;
			return true;
		}
		g_snprintf(problem.text, sizeof(problem.text),
			   "it names agent '%s', but the key is that of '%s'", plan->agent,
			   agent->name);
		plan_free(plan);
	}
	return fail(error, JOB_ERROR, JOB_ERROR_UNTRUSTED,
		    "the plan is not signed by an agent in the trust file: %s",
		    trust->agents->len > 0 ? problem.text : "it names none");
}

static bool check_votes(const struct trust *trust, const struct plan *plan,
			const struct request *request, GError **error)
{
	struct approval_trust believed = {
		.signers = trust->signers,
		.agent_key = trust_agent_key(trust, plan->agent), // the one that signed the plan
		.attested = trust->attested,
		.break_glass = trust->break_glass,
		.people = (const struct approval_person *)(void *)trust->people->data,
		.people_count = trust->people->len,
		.minimum = trust->minimum,
		.now = (int64_t)time(NULL),
	};
	struct assent_error problem = {0};
	int rc = approval_quorum(plan, request->votes, request->votes_count, &believed, &problem);

	if (rc == 0) {
		return true;
	}
	return fail(error, JOB_ERROR,
		    rc == ASSENT_EEXPIRED ? JOB_ERROR_EXPIRED : JOB_ERROR_UNTRUSTED, "%s",
		    problem.text);
}

static void write_text(struct json_writer *w, const char *name, const char *text)
{
	g_autofree char *valid = g_utf8_make_valid(text != NULL ? text : "", -1);

	json_w_str(w, name, valid);
}

static void write_steps(struct json_writer *w, const struct transaction *t)
{
	json_w_array(w, "steps");
	for (guint i = 0; i < t->steps->len && i < MAX_STEPS; i++) {
		const struct step *step = &g_array_index(t->steps, struct step, i);

		json_w_object(w, NULL);
		json_w_str(w, "action", plan_action_names[step->change->action]);
		write_text(w, "id", step->change->id);
		write_text(w, "message", step->message);
		json_w_str(w, "outcome", step_outcome_names[step->outcome]);
		json_w_end(w);
	}
	json_w_end(w);
}

static void write_result(struct job *job, const struct transaction *t)
{
	struct json_writer *w = job_result(job);

	json_w_int(w, "done", (int64_t)transaction_count(t, STEP_DONE));
	json_w_int(w, "left",
		   (int64_t)(transaction_count(t, STEP_LEFT) + transaction_count(t, STEP_FAILED)));
	write_text(w, "reason", t->reason);
	json_w_str(w, "result", transaction_result_names[t->result]);
	write_steps(w, t);
	json_w_int(w, "undone", (int64_t)transaction_count(t, STEP_UNDONE));
}

static void write_none(struct job *job)
{
	struct json_writer *w = job_result(job);

	json_w_int(w, "done", 0);
	json_w_int(w, "left", 0);
	json_w_str(w, "reason", "nothing was interrupted");
	json_w_str(w, "result", "none");
	json_w_array(w, "steps");
	json_w_end(w);
	json_w_int(w, "undone", 0);
}

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

static bool open_journal(const char *folder, struct journal **out, GError **error)
{
	return journal_open(folder, out, error) || fail_as(error, JOB_ERROR_IO);
}

/* What the hooks of one apply share. */
struct running {
	struct job *job;
	const struct replay *replay; /* NULL: nothing is remembered */
};

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
	return checks_run(plan, stopped, user, error);
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

/* Looks at every target again; one difference and nothing is done. */
static bool check_fresh(struct job *job, struct transaction *t, GError **error)
{
	g_autoptr(GPtrArray) stale = g_ptr_array_new_with_free_func(g_free);

	if (!transaction_prepare(t, error)) {
		return fail_as(error, JOB_ERROR_FAILED);
	}
	if (!transaction_observe(t, stale, error)) {
		return fail_as(error, JOB_ERROR_IO);
	}
	for (guint i = 0; i < stale->len && i < MAX_STALE; i++) {
		job_diagnostic(job, "", 0, 0, stale->pdata[i]);
	}
	return stale->len == 0 ||
	       fail(error, JOB_ERROR, JOB_ERROR_STALE,
		    "%u of %u targets are not as the plan says, nothing was changed: %s",
		    stale->len, t->steps->len, (const char *)stale->pdata[0]);
}

/* Under the journal's lock: what is not to be begun at all. */
static bool may_begin(struct running *running, struct journal *journal, struct transaction *t,
		      GError **error)
{
	if (journal_is_pending(journal)) {
		return fail(error, JOB_ERROR, JOB_ERROR_FAILED,
			    "an earlier apply was interrupted; it must be recovered first");
	}
	if ((running->replay != NULL && !replay_check(running->replay, t->plan, error)) ||
	    !check_fresh(running->job, t, error)) {
		return false;
	}
	return !job_stopped(running->job) || fail(error, JOB_ERROR, JOB_ERROR_INTERRUPTED,
						  "asked to stop before anything was changed");
}

static bool carry_out(struct running *running, const struct request *request,
		      const struct plan *plan, const struct transaction_papers *papers,
		      GError **error)
{
	const struct transaction_hooks hooks = {.stopped = stopped,
						.progress = progress,
						.may_commit = may_commit,
						.check = check,
						.user = running};
	g_autofree char *tx = file_temp_name("");
	g_autoptr(transaction_auto) t = transaction_new(plan, request->objects, tx);
	g_autoptr(journal_auto) journal = NULL;
	bool ok;

	t->settle = settle;
	t->settle_user = running;
	if (running->replay != NULL) {
		transaction_confine(t, &job_privilege(running->job)->caller);
	}
	if (!open_journal(running->replay != NULL ? running->replay->folder : request->journal,
			  &journal, error) ||
	    !may_begin(running, journal, t, error)) {
		return false;
	}
	job_hold(running->job, true);
	ok = transaction_apply(t, journal, papers, &hooks, error);
	job_hold(running->job, false);
	if (!ok) {
		return fail_as(error, JOB_ERROR_IO);
	}
	write_result(running->job, t);
	return true;
}

/* With raised rights, the folder of the plan's stack and the memory in it. */
static bool find_replay(struct job *job, const struct trust *trust, const char *agent,
			const char *stack, bool make, struct replay *out, GError **error)
{
	out->key = trust_agent_key(trust, agent);
	if (out->key == NULL) {
		return fail(error, JOB_ERROR, JOB_ERROR_UNTRUSTED,
			    "the trust file knows no agent of that name");
	}
	return privilege_folder(job_privilege(job), agent, stack, make, &out->folder, error) ||
	       fail_as(error, JOB_ERROR_UNTRUSTED);
}

static bool begin_apply(struct job *job, const struct request *request, const struct trust *trust,
			const struct plan *plan, const struct transaction_papers *papers,
			GError **error)
{
	struct running running = {.job = job};
	struct replay replay = {0};
	bool ok;

	if (!is_raised(job)) {
		return carry_out(&running, request, plan, papers, error);
	}
	running.replay = &replay;
	ok = find_replay(job, trust, plan->agent, plan->stack, true, &replay, error) &&
	     carry_out(&running, request, plan, papers, error);
	g_free(replay.folder);
	return ok;
}

static bool run_apply(struct job *job, const struct request *request, const struct trust *trust,
		      GError **error)
{
	g_autofree char *bytes = NULL;
	g_autofree char *armor = NULL;
	g_autoptr(plan_auto) plan = NULL;
	const struct caller *caller = is_raised(job) ? &job_privilege(job)->caller : NULL;
	struct transaction_papers papers;

	if (!caller_read(caller, request->plan, PLAN_MAX_SIZE, &bytes, &papers.plan_len, error) ||
	    !caller_read(caller, request->signature, SSHSIG_MAX_ARMOR, &armor,
			 &papers.signature_len, error)) {
		return fail_as(error, JOB_ERROR_IO);
	}
	papers.plan = bytes;
	papers.signature = armor;
	return verify_plan(trust, bytes, papers.plan_len, armor, papers.signature_len, &plan,
			   error) &&
	       check_votes(trust, plan, request, error) &&
	       scope_check(trust, plan, job_privilege(job), error) &&
	       begin_apply(job, request, trust, plan, &papers, error);
}

static bool recover_plan(struct running *running, struct journal *journal,
			 const struct trust *trust, GError **error)
{
	struct job *job = running->job;
	g_autofree char *bytes = NULL;
	g_autofree char *armor = NULL;
	g_autoptr(plan_auto) plan = NULL;
	g_autoptr(transaction_auto) t = NULL;
	struct journal_state state;
	size_t len, armor_len;
	bool ok;

	if (!journal_load(journal, PLAN_MAX_CHANGES, &state, error)) {
		return fail_as(error, JOB_ERROR_IO);
	}
	if (state.steps == NULL) {
		/* Not even begun. */
		write_none(job);
		return journal_end(journal, error) || fail_as(error, JOB_ERROR_IO);
	}
	ok = journal_load_plan(journal, &bytes, &len, &armor, &armor_len, error) &&
	     verify_plan(trust, bytes, len, armor, armor_len, &plan, error);
	if (ok && !hash_equal(&plan->digest, &state.plan)) {
		ok = fail(error, JOB_ERROR, JOB_ERROR_FAILED,
			  "the journal does not belong to its plan");
	}
	if (ok) {
		t = transaction_new(plan, "", state.tx);
		t->settle = settle;
		t->settle_user = running;
		if (running->replay != NULL) {
			transaction_confine(t, NULL);
		}
		job_hold(job, true);
		ok = transaction_prepare(t, error) &&
		     transaction_recover(t, journal, &state, error);
		job_hold(job, false);
	}
	journal_state_clear(&state);
	if (!ok) {
		return fail_as(error, JOB_ERROR_IO);
	}
	write_result(job, t);
	return true;
}

static bool recover_in(struct running *running, const char *folder, const struct trust *trust,
		       GError **error)
{
	g_autoptr(journal_auto) journal = NULL;

	if (!open_journal(folder, &journal, error)) {
		return false;
	}
	if (!journal_is_pending(journal)) {
		write_none(running->job);
		return true;
	}
	return recover_plan(running, journal, trust, error);
}

static bool run_recover(struct job *job, const struct request *request, const struct trust *trust,
			GError **error)
{
	struct running running = {.job = job};
	struct replay replay = {0};
	bool ok;

	if (!is_raised(job)) {
		return recover_in(&running, request->journal, trust, error);
	}
	if (!find_replay(job, trust, request->agent, request->stack, false, &replay, error)) {
		return false;
	}
	if (replay.folder == NULL) {
		write_none(job);
		return true;
	}
	running.replay = &replay;
	ok = recover_in(&running, replay.folder, trust, error);
	g_free(replay.folder);
	return ok;
}

bool apply_run(struct job *job, GError **error)
{
	autorequest request = {0};
	g_autoptr(trust_auto) trust = NULL;

	if (!read_request(job, &request, error) || !load_trust(job, &trust, error)) {
		return false;
	}
	return request.recover ? run_recover(job, &request, trust, error)
			       : run_apply(job, &request, trust, error);
}
