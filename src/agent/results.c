/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Turns the results of workers into events. */
#include "agent/results.h"

#include <sodium.h>
#include <string.h>

#include "agent/agent.h"
#include "agent/differ.h"
#include "agent/fold-steer.h"
#include "agent/planner.h"
#include "agent/request.h"
#include "agent/ruling.h"
#include "agent/verified.h"
#include "agent/watch.h"
#include "base/autoptr.h"
#include "base/error.h"
#include "base/log.h"
#include "base/objects.h"

#define REASON_MAX 4000
#define WARNINGS 100
#define COMMITS 100
#define NONCE_SIZE 16
#define STEPS 1000
#define STEP_WORD_MAX 32
#define STEP_ID_MAX 16384
#define STEP_TEXT_MAX ((size_t)1 << 20)
#define STEP_TEXT_KEPT 4096 /* bytes of a message that go into the object store */

/* A result on its way to its stack. The event is that of a failure until all was read. */
struct taking {
	struct agent_unit *unit;
	const struct job_result *result;
	enum stack_event event;
	struct agent_news news;
	char *text;    /* owned: what details.reason points at */
	char *commits; /* owned, malloc() */
	char *steps;   /* the same */
};

static void because(struct taking *t, enum stack_event event, const char *format, ...)
	G_GNUC_PRINTF(3, 4);
static void because(struct taking *t, enum stack_event event, const char *format, ...)
{
	va_list ap;

	g_free(t->text);
	va_start(ap, format);
	t->text = g_strdup_vprintf(format, ap);
	va_end(ap);
	t->event = event;
	t->news.details.reason = t->text;
}

/* All of the result has been asked for; was it what it should be? */
static bool is_complete(struct taking *t, enum stack_event otherwise)
{
	struct assent_error err;

	json_obj_end(t->result->result);
	if (json_doc_status(t->result->doc, &err) == 0) {
		return true;
	}
	because(t, otherwise, "the worker's result cannot be read: %s", err.text);
	return false;
}

/* A result that tells of commits must tell of their authors. */
static bool take_commits(struct taking *t, struct json_obj *o)
{
	struct json_writer *w = json_writer_new(JSON_CANONICAL);
	bool any = json_has(o, "commits");
	struct json_arr arr;

	json_w_object(w, NULL);
	if (any) {
		json_arr_get(o, "authors", PLAN_MAX_AUTHORS, &arr);
		json_arr_get(o, "commits", COMMITS, &arr);
		json_w_value(w, "authors", json_any(o, "authors"));
		json_w_int(w, "authors_total", json_int(o, "authors_total", 0, JSON_MAX_INT));
		json_w_value(w, "commits", json_any(o, "commits"));
		if (json_has(o, "rewritten")) {
			json_w_value(w, "rewritten", json_any(o, "rewritten"));
		}
		json_w_int(w, "total", json_int(o, "commits_total", 0, JSON_MAX_INT));
		if (json_has(o, "verification")) {
			json_w_value(w, "verification", json_any(o, "verification"));
		}
	} else {
		json_w_array(w, "authors");
		json_w_end(w);
		json_w_int(w, "authors_total", 0);
		json_w_array(w, "commits");
		json_w_end(w);
		json_w_int(w, "total", 0);
	}
	json_w_end(w);
	return json_writer_finish(w, &t->commits, &t->news.commits_len, NULL) == 0;
}

/* What pushes are known of commits that still wait for their plan. */
static bool load_before(const struct agent_unit *unit, char **out, size_t *len, GError **error)
{
	const struct fold_stack *stack = unit->record;
	bool tries = unit->step.tries;

	if (!(tries ? stack->has_try_commits : stack->has_commits) ||
	    stack_plans_drift(&stack->facts)) {
		return true;
	}
	return objects_load(store_objects(unit->agent->store),
			    tries ? &stack->try_commits : &stack->commits, PLAN_MAX_SIZE, out, len,
			    error);
}

/* Commits that were seen before less was demanded are news once they are verified. */
static void take_verification(struct taking *t, const char *before, size_t before_len)
{
	const struct agent_unit *unit = t->unit;
	const struct conf_source *source = &unit->conf->source;
	const struct stack_facts *facts = &unit->record->facts;

	if (!verified_commits(source, "commit", t->commits, t->news.commits_len)) {
		because(t, STACK_FETCH_FAILED,
			"the worker has not verified the commits as it was asked to");
	} else if (t->news.details.renewed == NULL &&
		   strcmp(t->news.details.commit,
			  unit->step.tries ? facts->try_commit : facts->commit) == 0 &&
		   !verified_commits(source, "commit", before, before_len)) {
		t->news.details.renewed = "its signatures were verified";
	}
}

/* Whoever pushed what has come may not approve it alone. A hook that was slower than the fetch says
 * so of a commit that was seen before: that counts as new. */
static void take_pushers(struct taking *t)
{
	struct agent_unit *unit = t->unit;
	const char *commit = t->news.details.commit;
	g_autoptr(GError) error = NULL;
	g_autofree char *before = NULL;
	size_t before_len = 0;
	bool fresh = false;

	if (!load_before(unit, &before, &before_len, &error) ||
	    !pushers_join(unit->pushers, commit, &t->commits, &t->news.commits_len, before,
			  before_len, &fresh, &error)) {
		because(t, STACK_FETCH_FAILED, "%s", error->message);
		return;
	}
	t->news.commits = t->commits;
	if (fresh && !unit->step.tries && strcmp(commit, unit->record->facts.commit) == 0 &&
	    t->news.details.renewed == NULL) {
		t->news.details.renewed = "who pushed it has become known";
	}
	take_verification(t, before, before_len);
}

/* Followed for as long as it is the one tip that a person has accepted. */
static void take_rewritten(struct taking *t)
{
	const struct stack_facts *facts = &t->unit->record->facts;

	if (strcmp(facts->accepted, t->news.details.commit) != 0) {
		because(t, STACK_FETCH_FAILED,
			"the worker follows a rewritten history that nobody has accepted");
		return;
	}
	if (facts->block == STACK_BLOCK_REWOUND) {
		t->news.details.renewed = "its rewritten history was accepted";
	}
	t->event = STACK_FETCHED;
}

/* Which address it comes from; one that the stack has, since it was asked. */
static void take_remote(struct taking *t, struct json_obj *o)
{
	struct agent_unit *unit = t->unit;
	unsigned before = unit->remote;
	const char *problem;

	unit->remote = (unsigned)json_int_opt(o, "remote", 0, UINT16_MAX, 0);
	problem = json_str_opt(o, "problem", REASON_MAX);
	g_free(unit->remote_problem);
	unit->remote_problem = unit->remote > 0 ? log_escape(problem != NULL ? problem : "") : NULL;
	if (unit->remote != before) {
		g_autofree char *url = planner_public_url(agent_remote(unit));

		log_event(EV_FETCHED, unit->conf->name, NULL, "'%s' answers now%s%s", url,
			  unit->remote > 0 ? ": " : "",
			  unit->remote > 0 ? unit->remote_problem : "");
	}
}

/* What is known of a commit that was seen before may be of another base. */
static void take_known(struct taking *t)
{
	const struct fold_stack *stack = t->unit->record;

	t->news.details.bad = fold_is_bad(stack, t->news.details.commit);
	if (!t->unit->step.tries && t->news.details.renewed == NULL &&
	    stack_wants_list(&stack->facts) &&
	    strcmp(stack->facts.commit, t->news.details.commit) == 0) {
		t->news.details.renewed = "what lies between it and what holds is another now";
	}
}

static void take_fetch(struct taking *t)
{
	static const char *const states[] = {"ok",	"unchanged",	 "rewound",
					     "deleted", "empty",	 "rewritten",
					     "behind",	"bad-signature", NULL};
	static const enum stack_block blocks[] = {
		STACK_BLOCK_NONE,  STACK_BLOCK_NONE, STACK_BLOCK_REWOUND, STACK_BLOCK_DELETED,
		STACK_BLOCK_EMPTY, STACK_BLOCK_NONE, STACK_BLOCK_NONE,	  STACK_BLOCK_SIGNATURE};
	enum { UNCHANGED = 1, REWRITTEN = 5, BEHIND = 6 };
	struct json_obj *o = t->result->result;
	const char *reason;
	int state;

	if (t->result->code != NULL) {
		because(t, STACK_FETCH_FAILED, "%s: %s", t->result->code, t->result->message);
		return;
	}
	state = json_enum(o, "state", states);
	reason = json_str_opt(o, "reason", REASON_MAX);
	t->news.details.commit = json_str_opt(o, "commit", STACK_ID_SIZE - 1);
	t->news.details.tree = json_str_opt(o, "tree", STACK_ID_SIZE - 1);
	t->news.details.behind = state == BEHIND;
	json_int_opt(o, "bytes", 0, JSON_MAX_INT, 0);
	take_remote(t, o);
	if (!take_commits(t, o) || !is_complete(t, STACK_FETCH_FAILED)) {
		t->event = STACK_FETCH_FAILED;
		if (t->text == NULL) {
			because(t, STACK_FETCH_FAILED, "the worker's commits cannot be read");
		}
		return;
	}
	t->news.commits = t->commits;
	t->news.details.block = blocks[state];
	if (blocks[state] != STACK_BLOCK_NONE) {
		because(t, STACK_FETCH_BAD, "%s",
			reason != NULL && reason[0] != '\0' ? reason : states[state]);
	} else if (t->news.details.commit == NULL || t->news.details.tree == NULL) {
		because(t, STACK_FETCH_FAILED, "the worker's result names no commit");
	} else if (state == REWRITTEN) {
		take_rewritten(t);
	} else {
		t->event = STACK_FETCHED;
	}
	if (t->event == STACK_FETCHED && state != BEHIND) {
		take_known(t);
	}
	if (t->event == STACK_FETCHED && state != UNCHANGED && state != BEHIND) {
		take_pushers(t);
	}
}

static void nonce_text(char out[2 * NONCE_SIZE + 1])
{
	uint8_t bytes[NONCE_SIZE];

	randombytes_buf(bytes, sizeof(bytes));
	sodium_bin2hex(out, 2 * NONCE_SIZE + 1, bytes, sizeof(bytes));
}

/* The commits between what holds and what is wanted. A drift has none, nor has a way back. */
static bool load_commits(struct agent_unit *unit, char **out, size_t *len, GError **error)
{
	const struct fold_stack *stack = unit->record;
	bool tries = stack->facts.try_ref[0] != '\0';
	bool any =
		tries ? stack->has_try_commits : stack->has_commits && stack_follows(&stack->facts);

	*out = NULL;
	*len = 0;
	if (!any || stack_plans_drift(&stack->facts)) {
		return true;
	}
	return objects_load(store_objects(unit->agent->store),
			    tries ? &stack->try_commits : &stack->commits, PLAN_MAX_SIZE, out, len,
			    error);
}

static const char *reason_of(const struct stack_facts *facts)
{
	if (stack_plans_drift(facts)) {
		return "drift";
	}
	if (facts->try_ref[0] != '\0') {
		return "try";
	}
	if (facts->returning) {
		return "return";
	}
	return facts->pin[0] != '\0' ? "rollback" : "commit";
}

static bool compose(struct agent_unit *unit, const struct policy *policy, const char *commits,
		    size_t commits_len, GError **error)
{
	const struct stack_facts *facts = &unit->record->facts;
	const struct conf_source *source = &unit->conf->source;
	g_autofree char *url = planner_public_url(source->url);
	g_autofree char *branch = request_ref(unit->conf);
	char nonce[2 * NONCE_SIZE + 1];
	struct planner_input in = {
		.agent = unit->agent->conf->agent,
		.stack = unit->conf->name,
		.nonce = nonce,
		.reason = reason_of(facts),
		.repository = url,
		.ref = facts->try_ref[0] != '\0' ? facts->try_ref : branch,
		.path = source->path != NULL ? source->path : "",
		.seq = unit->agent->fold->next_number,
		.created = agent_now(),
		.base_commit = facts->base,
		.base_tree = facts->base_tree,
		.commit = stack_target(facts),
		.tree = stack_target_tree(facts),
		.until = stack_plans_drift(facts) ? 0 : facts->try_until,
		.policy = policy,
		.approvers = &unit->agent->signers->digest,
		.draft = unit->draft,
		.commits = commits,
		.commits_len = commits_len,
	};

	if (stack_is_rewritten(facts) && stack_follows(facts) && !stack_plans_drift(facts)) {
		in.rewritten_by = unit->record->accepted_by;
		in.rewritten_why = unit->record->accepted_why;
	}
	nonce_text(nonce);
	return planner_compose(&in, &unit->plan, &unit->plan_len, error);
}

/* Never of commits that were not verified as it is demanded now, if the network is down even. */
static bool may_plan(const struct agent_unit *unit, const char *commits, size_t len, GError **error)
{
	const struct stack_facts *facts = &unit->record->facts;

	return verified_commits(&unit->conf->source, reason_of(facts), commits, len) ||
	       fail(error, BASE_ERROR, BASE_ERROR_FAILED,
		    "the signatures of commit %.12s are not verified yet as the configuration "
		    "demands; the next fetch does so",
		    stack_target(facts));
}

static bool prepare(struct agent_unit *unit, int64_t resources, GError **error)
{
	g_autofree char *file = agent_scratch(unit, "draft.json");
	g_autofree char *commits = NULL;
	struct policy policy;
	size_t len;
	bool ok;

	if (!draft_load(file, resources, &unit->draft, error) ||
	    !load_commits(unit, &commits, &len, error) || !may_plan(unit, commits, len, error) ||
	    !ruling_of_draft(unit, unit->draft, commits, len, &policy, error)) {
		return false;
	}
	ok = compose(unit, &policy, commits, len, error);
	policy_clear(&policy);
	return ok;
}

static void log_warnings(const struct taking *t, struct json_arr *arr, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		const char *text = json_arr_str(arr, i, REASON_MAX);

		if (text != NULL) {
			log_event(EV_WORKER, t->unit->conf->name, NULL, "warning: %s", text);
		}
	}
}

static void take_draft(struct taking *t, int64_t resources)
{
	g_autoptr(GError) error = NULL;

	if (!prepare(t->unit, resources, &error)) {
		because(t, STACK_PLAN_FAILED, "%s", error->message);
		return;
	}
	t->event = STACK_PLANNED;
}

/* What differs, and how that stands to what the log has. False when it does not fit what was asked.
 */
static bool take_drift(struct taking *t, struct json_obj *o)
{
	struct agent_unit *unit = t->unit;
	const struct stack_facts *facts = &unit->record->facts;
	g_autoptr(drift_auto) before = NULL;
	g_autoptr(GError) error = NULL;

	if (!drift_read(o, &unit->drift)) {
		return !unit->asks_drift;
	}
	if (facts->has_drift_details && !drift_load(store_objects(unit->agent->store),
						    &facts->drift_details, &before, &error)) {
		log_event(EV_WORKER, unit->conf->name, NULL, "warning: %s", error->message);
	}
	watch_name(unit);
	drift_join(unit->drift, before, agent_now());
	t->news.details.drift_key = unit->drift->key;
	t->news.details.drift_changed = before == NULL || !drift_equal(before, unit->drift);
	t->news.details.restores = unit->drift->restores;
	return unit->asks_drift;
}

/* The newest plan job's things make room. */
static void forget_draft(struct agent_unit *unit)
{
	draft_free(g_steal_pointer(&unit->draft));
	drift_free(g_steal_pointer(&unit->drift));
	g_clear_pointer(&unit->plan, g_free);
}

/* Something differs, and there is nothing to publish of it. */
static bool tells_only(const struct agent_unit *unit, int64_t changes)
{
	return unit->drift != NULL && unit->drift->count > 0 && (changes == 0 || unit->step.looks);
}

static void take_plan(struct taking *t)
{
	struct json_obj *o = t->result->result;
	struct json_arr warnings;
	int64_t changes, resources;
	bool fits;

	forget_draft(t->unit);
	if (t->result->code != NULL && strcmp(t->result->code, "manifest") == 0) {
		because(t, STACK_PLAN_BAD, "%s", t->result->message);
		t->news.details.block = STACK_BLOCK_MANIFEST;
		return;
	}
	if (t->result->code != NULL) {
		because(t, STACK_PLAN_FAILED, "%s: %s", t->result->code, t->result->message);
		return;
	}
	changes = json_int(o, "changes", 0, PLAN_MAX_CHANGES);
	resources = json_int(o, "resources", 0, JSON_MAX_INT);
	json_int(o, "deletions", 0, JSON_MAX_INT);
	json_str(o, "draft", 4096); // ours is where we asked for it
	json_any(o, "summary");
	log_warnings(t, &warnings, json_arr_get_opt(o, "warnings", WARNINGS, &warnings));
	json_int_opt(o, "restores", 0, PLAN_MAX_RESTORES, 0); // of a return; the draft has them
	fits = take_drift(t, o);
	if (!is_complete(t, STACK_PLAN_FAILED)) {
		return;
	}
	watch_listed(t->unit);
	if (!fits) {
		because(t, STACK_PLAN_FAILED, "the worker's result does not fit what was asked");
	} else if (tells_only(t->unit, changes)) {
		t->event = STACK_DIFFERS;
	} else if (changes == 0) {
		t->event = STACK_PLAN_EMPTY;
	} else {
		take_draft(t, resources);
	}
}

/* As in the log, and two more: nothing was interrupted, or what was had halted before. */
static const char *const apply_results[] = {"ok",   "failed", "rolled-back", "interrupted",
					    "none", "halted", NULL};
enum { APPLY_INTERRUPTED = 3, APPLY_NONE = 4, APPLY_HALTED = 5 };

static char *cut(const char *text, size_t max)
{
	char *out = g_strndup(text, max);
	const char *end;

	if (!g_utf8_validate(out, -1, &end)) {
		out[end - out] = '\0';
	}
	return out;
}

static void copy_step(struct json_writer *w, struct json_obj *o)
{
	const char *action = json_str(o, "action", STEP_WORD_MAX);
	const char *id = json_str(o, "id", STEP_ID_MAX);
	const char *message = json_str(o, "message", STEP_TEXT_MAX);
	const char *outcome = json_str(o, "outcome", STEP_WORD_MAX);
	g_autofree char *kept = message != NULL ? cut(message, STEP_TEXT_KEPT) : NULL;

	json_obj_end(o);
	json_w_object(w, NULL);
	json_w_str(w, "action", action != NULL ? action : "");
	json_w_str(w, "id", id != NULL ? id : "");
	json_w_str(w, "message", kept != NULL ? kept : "");
	json_w_str(w, "outcome", outcome != NULL ? outcome : "");
	json_w_end(w);
}

/* What became of each change, kept beside the log. */
static void take_steps(struct taking *t, struct json_obj *o)
{
	struct json_writer *w;
	struct json_arr arr;
	size_t n = json_arr_get_opt(o, "steps", STEPS, &arr);

	if (n == 0) {
		return;
	}
	w = json_writer_new(JSON_CANONICAL);
	json_w_object(w, NULL);
	json_w_array(w, "steps");
	for (size_t i = 0; i < n; i++) {
		struct json_obj step;

		if (json_arr_obj(&arr, i, &step)) {
			copy_step(w, &step);
		}
	}
	json_w_end(w);
	json_w_end(w);
	if (json_writer_finish(w, &t->steps, &t->news.steps_len, NULL) == 0) {
		t->news.steps = t->steps;
	}
}

/* How the apply under way came about, also when the agent was started anew meanwhile. */
static enum record_mode mode_of(const struct taking *t)
{
	const struct fold_plan *plan = t->unit->record->plan;

	return plan != NULL ? plan->mode : MODE_APPLY;
}

/* Is the apply that has halted another plan's, upon which the one under way never began? */
static bool is_others(const struct taking *t, const char *plan)
{
	return plan != NULL && t->unit->record->plan != NULL &&
	       strcmp(plan, t->unit->record->plan->id) != 0;
}

/* It was not even gone on with, for a reason that is known. */
static void take_halted(struct taking *t, const char *reason)
{
	const char *lost = t->unit->step.lost;

	because(t, STACK_APPLIED, "%s", lost[0] != '\0' ? lost : reason != NULL ? reason : "");
}

/* The fields of an apply or a recovery; -1 when they cannot be read. */
static int read_apply(struct taking *t, enum stack_event otherwise)
{
	struct json_obj *o = t->result->result;
	int result = json_enum(o, "result", apply_results);
	const char *reason = json_str_opt(o, "reason", REASON_MAX);
	const char *plan = json_str_opt(o, "plan", HASH_TEXT_SIZE);

	t->news.done = json_int_opt(o, "done", 0, JSON_MAX_INT, 0);
	t->news.undone = json_int_opt(o, "undone", 0, JSON_MAX_INT, 0);
	t->news.left = json_int_opt(o, "left", 0, JSON_MAX_INT, 0);
	t->news.halted = json_bool_opt(o, "halted", false) || result == APPLY_HALTED;
	take_steps(t, o);
	if (!is_complete(t, otherwise)) {
		return -1;
	}
	because(t, STACK_APPLIED, "%s", reason != NULL ? reason : "");
	t->news.result = result < APPLY_INTERRUPTED ? (enum record_result)result : RESULT_FAILED;
	if (result == APPLY_HALTED && is_others(t, plan)) {
		t->news.done = t->news.undone = t->news.left = 0;
		t->news.halted = false;
		t->news.steps = NULL;
		return APPLY_NONE;
	}
	if (result == APPLY_HALTED) {
		take_halted(t, reason);
	}
	if (result == 0 && mode_of(t) == MODE_UNDO) {
		because(t, STACK_APPLIED, "the worker says of an undo that all is done");
		t->news.result = RESULT_FAILED;
	}
	t->news.halted &= t->news.result == RESULT_FAILED;
	t->news.details.ok = t->news.result == RESULT_OK;
	return result;
}

/* The worker refused before it touched anything. */
static bool was_refused(const char *code)
{
	static const char *const codes[] = {"usage", "untrusted", "expired", "elevate", NULL};

	return g_strv_contains(codes, code);
}

static void take_apply(struct taking *t)
{
	const char *code = t->result->code;
	int result;

	if (code == NULL) {
		result = read_apply(t, STACK_APPLY_LOST);
		if (result == APPLY_NONE && mode_of(t) != MODE_APPLY) {
			t->event = STACK_NOTHING_LEFT;
		} else if (result >= APPLY_INTERRUPTED) {
			t->event = STACK_APPLY_LOST; // the journal knows more
		}
	} else if (strcmp(code, "stale") == 0) {
		because(t, STACK_STALE, "%s", t->result->message);
	} else if (was_refused(code)) {
		because(t, STACK_APPLIED, "%s: %s", code, t->result->message);
		t->news.result = RESULT_FAILED;
		t->news.refused = t->news.details.refused = true;
	} else {
		because(t, STACK_APPLY_LOST, "%s: %s", code, t->result->message);
	}
}

static void take_recover(struct taking *t)
{
	int result;

	if (t->result->code != NULL) {
		because(t, STACK_RECOVER_FAILED, "%s: %s", t->result->code, t->result->message);
		return;
	}
	result = read_apply(t, STACK_RECOVER_FAILED);
	if (result == APPLY_NONE) {
		t->event = STACK_NOTHING_LEFT;
	} else if (result == APPLY_INTERRUPTED) {
		because(t, STACK_RECOVER_FAILED, "interrupted");
	} else if (result >= 0) {
		log_event(EV_RECOVERED, t->unit->conf->name, t->unit->record->facts.plan, "%s",
			  apply_results[result]);
	}
}

static void take_nothing(struct taking *t)
{
}

static const struct {
	void (*take)(struct taking *taking);
	enum stack_event outdated; /* when the configuration has changed meanwhile */
} kinds[] = {
	[STACK_JOB_NONE] = {take_nothing, STACK_LOOK},
	[STACK_JOB_FETCH] = {take_fetch, STACK_FETCH_FAILED},
	[STACK_JOB_PLAN] = {take_plan, STACK_PLAN_FAILED},
	[STACK_JOB_APPLY] = {take_apply, STACK_APPLY_LOST},
	[STACK_JOB_RECOVER] = {take_recover, STACK_RECOVER_FAILED},
	[STACK_JOB_DIFF] = {take_nothing, STACK_LOOK}, // differ.h takes it
};

/* While stopping only the end of an apply is worth writing down; the rest is done again. */
static bool is_wanted(const struct agent *agent, const struct taking *t)
{
	return !agent->stopping || t->event == STACK_APPLIED || t->event == STACK_STALE;
}

void results_take(const struct job_result *result, void *user)
{
	struct agent *agent = user;
	struct taking t = {.unit = agent_unit(agent, result->stack), .result = result};

	if (t.unit != NULL && result->kind == STACK_JOB_DIFF) {
		differ_take(t.unit, result);
	} else if (t.unit != NULL && t.unit->step.job == result->kind) {
		tally_end(&t.unit->tally, result->kind, result->code != NULL);
		if (result->kind == STACK_JOB_APPLY || result->kind == STACK_JOB_RECOVER) {
			watch_applied(t.unit);
		}
		if (t.unit->outdated) {
			because(&t, kinds[result->kind].outdated,
				"something else is wanted meanwhile");
			t.unit->step.next_plan = 0;
		} else {
			kinds[result->kind].take(&t);
		}
		if (t.event == STACK_FETCHED) {
			t.unit->fetched = t.unit->asked;
		}
		if (is_wanted(agent, &t)) {
			agent_send(t.unit, t.event, &t.news);
		}
	}
	g_free(t.text);
	free(t.commits);
	free(t.steps);
	if (agent->stopping && jobs_running(agent->jobs) == 0) {
		agent->stopped(agent->stopped_user);
	}
}
