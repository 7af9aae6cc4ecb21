/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Each type of log entry: its members, read and written. */
#include "core/record.h"

#include <string.h>

#include "core/fail.h"
#include "core/sshsig.h"

#define NAME_MAX_SIZE 255
#define TEXT_MAX_SIZE 8192
#define MAX_COUNT 1000000000

const char *const record_outcome_names[] = {"superseded", "expired",   "rejected",
					    "void",	  "converged", NULL};
const char *const record_result_names[] = {"ok", "failed", "rolled-back", "interrupted", NULL};
const char *const record_mode_names[] = {"apply", "resume", "undo", NULL};
const char *const record_alert_state_names[] = {"raised", "reminded", "resolved", NULL};
const char *const record_condition_names[] = {"drift",	 "fetch",    "plan",	  "apply",
					      "blocked", "flapping", "suspended", NULL};
const char *const record_block_names[] = {"rewound", "deleted",	  "empty", "manifest",
					  "fetch",   "signature", NULL};

static void read_hash(struct hash *out, struct json_obj *o, const char *name)
{
	const char *text = json_str(o, name, HASH_TEXT_SIZE);

	if (text == NULL || !hash_parse(out, text)) {
		json_obj_fail(o, name, "is not a digest");
	}
}

static void write_hash(struct json_writer *w, const char *name, const struct hash *hash)
{
	char text[HASH_TEXT_SIZE];

	hash_text(text, hash);
	json_w_str(w, name, text);
}

static int64_t read_time(struct json_obj *o, const char *name)
{
	return json_int(o, name, 0, JSON_MAX_INT);
}

static void genesis_read(struct record *r, struct json_obj *o)
{
	r->u.genesis.agent = json_str(o, "agent", NAME_MAX_SIZE);
	read_hash(&r->u.genesis.allowed_signers, o, "allowed_signers");
	r->u.genesis.log_key = json_str(o, "log_key", TEXT_MAX_SIZE);
	r->u.genesis.plan_key = json_str(o, "plan_key", TEXT_MAX_SIZE);
}

static void genesis_write(const struct record *r, struct json_writer *w)
{
	json_w_str(w, "agent", r->u.genesis.agent);
	write_hash(w, "allowed_signers", &r->u.genesis.allowed_signers);
	json_w_str(w, "log_key", r->u.genesis.log_key);
	json_w_str(w, "plan_key", r->u.genesis.plan_key);
}

static void policy_read(struct record *r, struct json_obj *o)
{
	read_hash(&r->u.policy.allowed_signers, o, "allowed_signers");
}

static void policy_write(const struct record *r, struct json_writer *w)
{
	write_hash(w, "allowed_signers", &r->u.policy.allowed_signers);
}

static void commit_read(struct record *r, struct json_obj *o)
{
	r->u.commit.commit = json_str(o, "commit", NAME_MAX_SIZE);
	r->u.commit.has_commits = json_has(o, "commits");
	if (r->u.commit.has_commits) {
		read_hash(&r->u.commit.commits, o, "commits");
	}
	r->u.commit.ref = json_str(o, "ref", TEXT_MAX_SIZE);
	r->u.commit.repository = json_str(o, "repository", TEXT_MAX_SIZE);
	r->u.commit.tree = json_str(o, "tree", NAME_MAX_SIZE);
}

static void commit_write(const struct record *r, struct json_writer *w)
{
	json_w_str(w, "commit", r->u.commit.commit);
	if (r->u.commit.has_commits) {
		write_hash(w, "commits", &r->u.commit.commits);
	}
	json_w_str(w, "ref", r->u.commit.ref);
	json_w_str(w, "repository", r->u.commit.repository);
	json_w_str(w, "tree", r->u.commit.tree);
}

static void planned_read(struct record *r, struct json_obj *o)
{
	struct record_plan *p = &r->u.plan;
	struct json_obj summary;

	p->commit = json_str(o, "commit", NAME_MAX_SIZE);
	p->expires = read_time(o, "expires");
	p->number = json_int(o, "number", 1, JSON_MAX_INT);
	read_hash(&p->plan, o, "plan");
	p->quiet = json_int_opt(o, "quiet", 1, JSON_MAX_INT, 0);
	p->reason = json_str(o, "reason", NAME_MAX_SIZE);
	p->required = json_int(o, "required", 0, MAX_COUNT);
	p->sig = json_str(o, "sig", SSHSIG_MAX_ARMOR);
	if (json_obj_get(o, "summary", &summary)) {
		for (size_t i = 0; i < RECORD_ACTIONS; i++) {
			p->summary[i] =
				json_int_opt(&summary, plan_action_names[i], 1, MAX_COUNT, 0);
		}
		json_obj_end(&summary);
	}
}

/* The actions with a count, in the order of their names as canonical JSON wants them. */
static void write_summary(struct json_writer *w, const int64_t summary[RECORD_ACTIONS])
{
	const char *last = "";

	json_w_object(w, "summary");
	for (;;) {
		size_t next = RECORD_ACTIONS;

		for (size_t i = 0; i < RECORD_ACTIONS; i++) {
			if (summary[i] > 0 && strcmp(plan_action_names[i], last) > 0 &&
			    (next == RECORD_ACTIONS ||
			     strcmp(plan_action_names[i], plan_action_names[next]) < 0)) {
				next = i;
			}
		}
		if (next == RECORD_ACTIONS) {
			break;
		}
		json_w_int(w, plan_action_names[next], summary[next]);
		last = plan_action_names[next];
	}
	json_w_end(w);
}

static void planned_write(const struct record *r, struct json_writer *w)
{
	const struct record_plan *p = &r->u.plan;

	json_w_str(w, "commit", p->commit);
	json_w_int(w, "expires", p->expires);
	json_w_int(w, "number", p->number);
	write_hash(w, "plan", &p->plan);
	if (p->quiet > 0) {
		json_w_int(w, "quiet", p->quiet);
	}
	json_w_str(w, "reason", p->reason);
	json_w_int(w, "required", p->required);
	json_w_str(w, "sig", p->sig);
	write_summary(w, p->summary);
}

static void read_attested(struct record_approval *a, enum channel channel, struct json_obj *o)
{
	if (attestation_parse(&a->by, a->statement, strlen(a->statement), NULL) != 0) {
		json_obj_fail(o, "statement", "is no attestation");
	} else if (a->by.channel != channel) {
		json_obj_fail(o, "statement", "is of another channel");
	}
}

static void approval_read(struct record *r, struct json_obj *o)
{
	struct record_approval *a = &r->u.approval;
	int channel, decision;

	channel = json_enum(o, "channel", channel_names);
	decision = json_enum(o, "decision", verdict_names);
	a->decision = decision < 0 ? VERDICT_REJECT : (enum verdict)decision;
	if (channel == CHANNEL_SIGNATURE) {
		a->fingerprint = json_str(o, "fingerprint", NAME_MAX_SIZE);
	}
	a->person = json_str(o, "person", NAME_MAX_SIZE);
	read_hash(&a->plan, o, "plan");
	a->reason = json_str(o, "reason", STATEMENT_REASON_MAX);
	a->sig = json_str(o, "sig", SSHSIG_MAX_ARMOR);
	a->statement = json_str(o, "statement", STATEMENT_MAX_SIZE);
	if (channel > CHANNEL_SIGNATURE) {
		read_attested(a, (enum channel)channel, o);
	}
}

static void approval_write(const struct record *r, struct json_writer *w)
{
	const struct record_approval *a = &r->u.approval;

	json_w_str(w, "channel", channel_names[a->by.channel]);
	json_w_str(w, "decision", verdict_names[a->decision]);
	if (a->by.channel == CHANNEL_SIGNATURE) {
		json_w_str(w, "fingerprint", a->fingerprint);
	}
	json_w_str(w, "person", a->person);
	write_hash(w, "plan", &a->plan);
	json_w_str(w, "reason", a->reason);
	json_w_str(w, "sig", a->sig);
	json_w_str(w, "statement", a->statement);
}

static void closed_read(struct record *r, struct json_obj *o)
{
	int outcome = json_enum(o, "outcome", record_outcome_names);

	r->u.closed.outcome = outcome < 0 ? OUTCOME_VOID : (enum record_outcome)outcome;
	if (outcome == OUTCOME_CONVERGED) {
		r->u.closed.commit = json_str(o, "commit", NAME_MAX_SIZE);
		r->u.closed.tree = json_str(o, "tree", NAME_MAX_SIZE);
	} else {
		read_hash(&r->u.closed.plan, o, "plan");
	}
	r->u.closed.reason = json_str(o, "reason", TEXT_MAX_SIZE);
}

static void closed_write(const struct record *r, struct json_writer *w)
{
	const struct record_closed *c = &r->u.closed;

	if (c->outcome == OUTCOME_CONVERGED) {
		json_w_str(w, "commit", c->commit);
	}
	json_w_str(w, "outcome", record_outcome_names[c->outcome]);
	if (c->outcome != OUTCOME_CONVERGED) {
		write_hash(w, "plan", &c->plan);
	}
	json_w_str(w, "reason", c->reason);
	if (c->outcome == OUTCOME_CONVERGED) {
		json_w_str(w, "tree", c->tree);
	}
}

static void apply_start_read(struct record *r, struct json_obj *o)
{
	struct record_apply_start *a = &r->u.apply_start;
	struct json_arr arr;

	a->approvals_count = json_arr_get(o, "approvals", RECORD_MAX_VOTES, &arr);
	for (size_t i = 0; i < a->approvals_count && i < RECORD_MAX_VOTES; i++) {
		a->approvals[i] = (uint64_t)json_arr_int(&arr, i, 0, JSON_MAX_INT);
	}
	a->commit = json_str(o, "commit", NAME_MAX_SIZE);
	a->mode = MODE_APPLY;
	if (json_has(o, "mode")) {
		int mode = json_enum(o, "mode", record_mode_names + 1);

		a->mode = mode == 0 ? MODE_RESUME : MODE_UNDO;
		a->person = json_str(o, "person", NAME_MAX_SIZE);
	}
	read_hash(&a->plan, o, "plan");
}

static void apply_start_write(const struct record *r, struct json_writer *w)
{
	const struct record_apply_start *a = &r->u.apply_start;

	json_w_array(w, "approvals");
	for (size_t i = 0; i < a->approvals_count && i < RECORD_MAX_VOTES; i++) {
		json_w_int(w, NULL, (int64_t)a->approvals[i]);
	}
	json_w_end(w);
	json_w_str(w, "commit", a->commit);
	if (a->mode != MODE_APPLY) {
		json_w_str(w, "mode", record_mode_names[a->mode]);
		json_w_str(w, "person", a->person);
	}
	write_hash(w, "plan", &a->plan);
}

static void apply_done_read(struct record *r, struct json_obj *o)
{
	struct record_apply_done *a = &r->u.apply_done;
	int result;

	a->commit = json_str(o, "commit", NAME_MAX_SIZE);
	a->done = json_int(o, "done", 0, MAX_COUNT);
	a->halted = json_has(o, "halted");
	if (a->halted && !json_bool(o, "halted")) {
		json_obj_fail(o, "halted", "is true where it stands");
	}
	a->left = json_int(o, "left", 0, MAX_COUNT);
	read_hash(&a->plan, o, "plan");
	a->reason = json_str(o, "reason", TEXT_MAX_SIZE);
	result = json_enum(o, "result", record_result_names);
	a->result = result < 0 ? RESULT_FAILED : (enum record_result)result;
	if (a->halted && result != RESULT_FAILED) {
		json_obj_fail(o, "halted", "is only of an apply that failed");
	}
	a->has_steps = json_has(o, "steps");
	if (a->has_steps) {
		read_hash(&a->steps, o, "steps");
	}
	a->tree = json_str(o, "tree", NAME_MAX_SIZE);
	a->undone = json_int(o, "undone", 0, MAX_COUNT);
}

static void apply_done_write(const struct record *r, struct json_writer *w)
{
	const struct record_apply_done *a = &r->u.apply_done;

	json_w_str(w, "commit", a->commit);
	json_w_int(w, "done", a->done);
	if (a->halted) {
		json_w_bool(w, "halted", true);
	}
	json_w_int(w, "left", a->left);
	write_hash(w, "plan", &a->plan);
	json_w_str(w, "reason", a->reason);
	json_w_str(w, "result", record_result_names[a->result]);
	if (a->has_steps) {
		write_hash(w, "steps", &a->steps);
	}
	json_w_str(w, "tree", a->tree);
	json_w_int(w, "undone", a->undone);
}

static void blocked_read(struct record *r, struct json_obj *o)
{
	int kind;

	r->u.blocked.commit = json_str_opt(o, "commit", NAME_MAX_SIZE);
	kind = json_enum(o, "kind", record_block_names);
	r->u.blocked.kind = kind < 0 ? BLOCK_FETCH : (enum record_block)kind;
	r->u.blocked.reason = json_str(o, "reason", TEXT_MAX_SIZE);
}

static void blocked_write(const struct record *r, struct json_writer *w)
{
	if (r->u.blocked.commit != NULL) {
		json_w_str(w, "commit", r->u.blocked.commit);
	}
	json_w_str(w, "kind", record_block_names[r->u.blocked.kind]);
	json_w_str(w, "reason", r->u.blocked.reason);
}

static void drift_read(struct record *r, struct json_obj *o)
{
	struct record_drift *d = &r->u.drift;
	struct json_arr arr;

	d->changes = json_int(o, "changes", 0, MAX_COUNT);
	d->has_details = json_has(o, "details");
	if (d->has_details) {
		read_hash(&d->details, o, "details");
	}
	d->has_plan = json_has(o, "plan");
	if (d->has_plan) {
		read_hash(&d->plan, o, "plan");
	}
	d->resources_count = json_arr_get(o, "resources", RECORD_MAX_RESOURCES, &arr);
	for (size_t i = 0; i < d->resources_count && i < RECORD_MAX_RESOURCES; i++) {
		d->resources[i] = json_arr_str(&arr, i, TEXT_MAX_SIZE);
	}
	d->since = json_int_opt(o, "since", 1, JSON_MAX_INT, 0);
}

static void drift_write(const struct record *r, struct json_writer *w)
{
	const struct record_drift *d = &r->u.drift;

	json_w_int(w, "changes", d->changes);
	if (d->has_details) {
		write_hash(w, "details", &d->details);
	}
	if (d->has_plan) {
		write_hash(w, "plan", &d->plan);
	}
	json_w_array(w, "resources");
	for (size_t i = 0; i < d->resources_count && i < RECORD_MAX_RESOURCES; i++) {
		json_w_str(w, NULL, d->resources[i]);
	}
	json_w_end(w);
	if (d->since != 0) {
		json_w_int(w, "since", d->since);
	}
}

static void suspend_read(struct record *r, struct json_obj *o)
{
	r->u.suspend.person = json_str(o, "person", NAME_MAX_SIZE);
	r->u.suspend.reason = json_str(o, "reason", TEXT_MAX_SIZE);
	r->u.suspend.until = json_int_opt(o, "until", 1, JSON_MAX_INT, 0);
}

static void suspend_write(const struct record *r, struct json_writer *w)
{
	json_w_str(w, "person", r->u.suspend.person);
	json_w_str(w, "reason", r->u.suspend.reason);
	if (r->u.suspend.until != 0) {
		json_w_int(w, "until", r->u.suspend.until);
	}
}

static void note_read(struct record *r, struct json_obj *o)
{
	r->u.note.text = json_str(o, "text", TEXT_MAX_SIZE);
}

static void note_write(const struct record *r, struct json_writer *w)
{
	json_w_str(w, "text", r->u.note.text);
}

static void rewritten_read(struct record *r, struct json_obj *o)
{
	r->u.rewritten.base = json_str(o, "base", NAME_MAX_SIZE);
	r->u.rewritten.commit = json_str(o, "commit", NAME_MAX_SIZE);
	r->u.rewritten.person = json_str(o, "person", NAME_MAX_SIZE);
	r->u.rewritten.reason = json_str(o, "reason", TEXT_MAX_SIZE);
}

static void rewritten_write(const struct record *r, struct json_writer *w)
{
	json_w_str(w, "base", r->u.rewritten.base);
	json_w_str(w, "commit", r->u.rewritten.commit);
	json_w_str(w, "person", r->u.rewritten.person);
	json_w_str(w, "reason", r->u.rewritten.reason);
}

static void rollback_read(struct record *r, struct json_obj *o)
{
	r->u.rollback.bad = json_str_opt(o, "bad", NAME_MAX_SIZE);
	r->u.rollback.commit = json_str(o, "commit", NAME_MAX_SIZE);
	r->u.rollback.person = json_str(o, "person", NAME_MAX_SIZE);
	r->u.rollback.has_plan = json_has(o, "plan");
	if (r->u.rollback.has_plan) {
		read_hash(&r->u.rollback.plan, o, "plan");
	}
	r->u.rollback.reason = json_str(o, "reason", TEXT_MAX_SIZE);
	r->u.rollback.tree = json_str(o, "tree", NAME_MAX_SIZE);
}

static void write_opt(struct json_writer *w, const char *name, const char *text)
{
	if (text != NULL) {
		json_w_str(w, name, text);
	}
}

static void rollback_write(const struct record *r, struct json_writer *w)
{
	write_opt(w, "bad", r->u.rollback.bad);
	json_w_str(w, "commit", r->u.rollback.commit);
	json_w_str(w, "person", r->u.rollback.person);
	if (r->u.rollback.has_plan) {
		write_hash(w, "plan", &r->u.rollback.plan);
	}
	json_w_str(w, "reason", r->u.rollback.reason);
	json_w_str(w, "tree", r->u.rollback.tree);
}

static void unpin_read(struct record *r, struct json_obj *o)
{
	r->u.unpin.commit = json_str_opt(o, "commit", NAME_MAX_SIZE);
	r->u.unpin.person = json_str(o, "person", NAME_MAX_SIZE);
	r->u.unpin.reason = json_str(o, "reason", TEXT_MAX_SIZE);
}

static void unpin_write(const struct record *r, struct json_writer *w)
{
	write_opt(w, "commit", r->u.unpin.commit);
	json_w_str(w, "person", r->u.unpin.person);
	json_w_str(w, "reason", r->u.unpin.reason);
}

static void try_read(struct record *r, struct json_obj *o)
{
	r->u.trial.person = json_str(o, "person", NAME_MAX_SIZE);
	r->u.trial.reason = json_str(o, "reason", TEXT_MAX_SIZE);
	r->u.trial.ref = json_str(o, "ref", TEXT_MAX_SIZE);
	r->u.trial.until = json_int(o, "until", 1, JSON_MAX_INT);
}

static void try_write(const struct record *r, struct json_writer *w)
{
	json_w_str(w, "person", r->u.trial.person);
	json_w_str(w, "reason", r->u.trial.reason);
	json_w_str(w, "ref", r->u.trial.ref);
	json_w_int(w, "until", r->u.trial.until);
}

static void return_read(struct record *r, struct json_obj *o)
{
	r->u.end.person = json_str_opt(o, "person", NAME_MAX_SIZE);
	r->u.end.reason = json_str(o, "reason", TEXT_MAX_SIZE);
}

static void return_write(const struct record *r, struct json_writer *w)
{
	write_opt(w, "person", r->u.end.person);
	json_w_str(w, "reason", r->u.end.reason);
}

static void alert_read(struct record *r, struct json_obj *o)
{
	struct record_alert *a = &r->u.alert;
	int condition, state;

	condition = json_enum(o, "condition", record_condition_names);
	a->condition = condition < 0 ? CONDITION_DRIFT : (enum record_condition)condition;
	a->count = json_int(o, "count", 0, MAX_COUNT);
	a->reason = json_str(o, "reason", TEXT_MAX_SIZE);
	a->since = read_time(o, "since");
	state = json_enum(o, "state", record_alert_state_names);
	a->state = state < 0 ? ALERT_RAISED : (enum record_alert_state)state;
}

static void alert_write(const struct record *r, struct json_writer *w)
{
	const struct record_alert *a = &r->u.alert;

	json_w_str(w, "condition", record_condition_names[a->condition]);
	json_w_int(w, "count", a->count);
	json_w_str(w, "reason", a->reason);
	json_w_int(w, "since", a->since);
	json_w_str(w, "state", record_alert_state_names[a->state]);
}

static void nothing_read(struct record *r, struct json_obj *o)
{
}

static void nothing_write(const struct record *r, struct json_writer *w)
{
}

enum stack_rule { STACK_NEVER, STACK_ALWAYS, STACK_MAYBE };

static const struct row {
	void (*read)(struct record *record, struct json_obj *o);
	void (*write)(const struct record *record, struct json_writer *w);
	enum stack_rule stack;
} rows[] = {
	[ENTRY_GENESIS] = {genesis_read, genesis_write, STACK_NEVER},
	[ENTRY_POLICY] = {policy_read, policy_write, STACK_NEVER},
	[ENTRY_COMMIT] = {commit_read, commit_write, STACK_ALWAYS},
	[ENTRY_PLAN] = {planned_read, planned_write, STACK_ALWAYS},
	[ENTRY_APPROVAL] = {approval_read, approval_write, STACK_ALWAYS},
	[ENTRY_CLOSED] = {closed_read, closed_write, STACK_ALWAYS},
	[ENTRY_APPLY_START] = {apply_start_read, apply_start_write, STACK_ALWAYS},
	[ENTRY_APPLY_DONE] = {apply_done_read, apply_done_write, STACK_ALWAYS},
	[ENTRY_BLOCKED] = {blocked_read, blocked_write, STACK_ALWAYS},
	[ENTRY_UNBLOCKED] = {nothing_read, nothing_write, STACK_ALWAYS},
	[ENTRY_DRIFT] = {drift_read, drift_write, STACK_ALWAYS},
	[ENTRY_SUSPEND] = {suspend_read, suspend_write, STACK_MAYBE},
	[ENTRY_RESUME] = {suspend_read, suspend_write, STACK_MAYBE},
	[ENTRY_NOTE] = {note_read, note_write, STACK_MAYBE},
	[ENTRY_REWRITTEN] = {rewritten_read, rewritten_write, STACK_ALWAYS},
	[ENTRY_ROLLBACK] = {rollback_read, rollback_write, STACK_ALWAYS},
	[ENTRY_UNPIN] = {unpin_read, unpin_write, STACK_ALWAYS},
	[ENTRY_TRY] = {try_read, try_write, STACK_ALWAYS},
	[ENTRY_RETURN] = {return_read, return_write, STACK_ALWAYS},
	[ENTRY_ALERT] = {alert_read, alert_write, STACK_ALWAYS},
};

int record_read(struct record *out, struct entry *entry, struct assent_error *err)
{
	const struct row *row = &rows[entry->type];
	struct record record = {.type = entry->type};
	int rc;

	if (row->stack == STACK_ALWAYS && entry->stack == NULL) {
		return core_fail(err, ASSENT_EMALFORMED, "entry '%s' names no stack",
				 entry_type_names[entry->type]);
	}
	if (row->stack == STACK_NEVER && entry->stack != NULL) {
		return core_fail(err, ASSENT_EMALFORMED, "entry '%s' names a stack",
				 entry_type_names[entry->type]);
	}
	row->read(&record, &entry->fields);
	json_obj_end(&entry->fields);
	rc = json_doc_status(entry->doc, err);
	if (rc == 0) {
		*out = record;
	}
	return rc;
}

int record_write(char **fields, const struct record *record, struct assent_error *err)
{
	struct json_writer *w = json_writer_new(JSON_CANONICAL);
	size_t len;

	if (w == NULL) {
		return core_fail_memory(err);
	}
	json_w_object(w, NULL);
	rows[record->type].write(record, w);
	json_w_end(w);
	return json_writer_finish(w, fields, &len, err);
}
