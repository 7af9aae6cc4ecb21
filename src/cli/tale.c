/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reads a log, verified, and puts together what belongs together. */
#include "cli/tale.h"

#include <glib/gi18n.h>
#include <inttypes.h>
#include <string.h>

#include "base/autoptr.h"
#include "base/objects.h"
#include "cli/logfold.h"

#define COMMITS_MAX 1000
#define TEXT_MAX ((size_t)1 << 20)
#define STEPS_SIZE ((size_t)64 << 20)
#define STEPS_MAX 1000
#define TRIES 3 /* an agent at work may take away what was just to be read */

static void vote_free(gpointer data)
{
	struct tale_vote *v = data;

	g_free(v->person);
	g_free(v->reason);
	g_free(v);
}

static void run_free(gpointer data)
{
	struct tale_run *r = data;

	g_ptr_array_unref(r->votes);
	g_free(r->person);
	g_free(r->reason);
	g_clear_pointer(&r->outcomes, g_hash_table_unref);
	g_free(r);
}

static void plan_end(gpointer data)
{
	struct tale_plan *p = data;

	g_ptr_array_unref(p->runs);
	g_ptr_array_unref(p->votes);
	g_free(p->stack);
	g_free(p->commit);
	g_free(p->reason);
	g_free(p->outcome);
	g_free(p->end);
	g_free(p);
}

static void commit_free(gpointer data)
{
	struct tale_commit *c = data;

	g_free(c->author);
	g_free(c->email);
	g_free(c->subject);
	g_free(c);
}

static void event_free(gpointer data)
{
	struct tale_event *e = data;

	g_free(e->stack);
	g_free(e->commit);
	g_free(e->person);
	g_free(e->reason);
	g_free(e->kind);
	json_doc_free(e->details);
	g_free(e);
}

static struct tale *tale_new(void)
{
	struct tale *tale = g_new0(struct tale, 1);

	tale->events = g_ptr_array_new_with_free_func(event_free);
	tale->plans = g_ptr_array_new_with_free_func(plan_end);
	tale->commits = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, commit_free);
	tale->by_id = g_hash_table_new(g_str_hash, g_str_equal);
	return tale;
}

void tale_free(struct tale *tale)
{
	if (tale != NULL) {
		g_ptr_array_unref(tale->events);
		g_ptr_array_unref(tale->plans);
		g_hash_table_unref(tale->commits);
		g_hash_table_unref(tale->by_id);
		log_fold_free(tale->fold);
		g_free(tale->objects);
		g_free(tale);
	}
}

static void know_commit(struct tale *tale, const struct plan_commit *commit)
{
	struct tale_commit *c;

	if (g_hash_table_contains(tale->commits, commit->id)) {
		return;
	}
	c = g_new0(struct tale_commit, 1);
	c->author = g_strdup(commit->author_name);
	c->email = g_strdup(commit->author_email);
	c->subject = g_strdup(commit->subject);
	c->time = commit->time;
	g_hash_table_insert(tale->commits, g_strdup(commit->id), c);
}

/* An object beside the log, as JSON; NULL when it is not here. Damage was reported before. */
static struct json_doc *object_json(const struct tale *tale, const struct hash *digest)
{
	g_autofree char *bytes = NULL;
	struct json_doc *doc = NULL;
	size_t len;

	if (tale->objects == NULL ||
	    !objects_load(tale->objects, digest, STEPS_SIZE, &bytes, &len, NULL) ||
	    json_doc_parse(&doc, bytes, len, JSON_CANONICAL, NULL) != 0) {
		return NULL;
	}
	return doc;
}

/* Of the commits that came with a new tip; also of those that never had a plan. */
static void know_list(struct tale *tale, const struct hash *digest)
{
	g_autoptr(json_doc_auto) doc = object_json(tale, digest);
	struct json_obj root, o;
	struct json_arr arr;
	size_t n;

	if (doc == NULL) {
		return;
	}
	json_doc_root(doc, &root);
	n = json_arr_get(&root, "commits", COMMITS_MAX, &arr);
	for (size_t i = 0; i < n && json_arr_obj(&arr, i, &o); i++) {
		const struct plan_commit commit = {
			.id = json_str(&o, "id", HASH_TEXT_SIZE),
			.author_name = json_str(&o, "author_name", TEXT_MAX),
			.author_email = json_str(&o, "author_email", TEXT_MAX),
			.subject = json_str(&o, "subject", TEXT_MAX),
			.time = json_int(&o, "time", 0, JSON_MAX_INT),
		};

		if (json_doc_status(doc, NULL) != 0) {
			return;
		}
		know_commit(tale, &commit);
	}
}

static struct tale_plan *plan_by(const struct tale *tale, const struct hash *digest)
{
	char id[HASH_TEXT_SIZE];

	hash_text(id, digest);
	return g_hash_table_lookup(tale->by_id, id);
}

static struct tale_event *add_event(struct tale *tale, const struct entry *entry)
{
	struct tale_event *e = g_new0(struct tale_event, 1);

	e->type = entry->type;
	e->entry = entry->seq;
	e->time = entry->time;
	e->stack = g_strdup(entry->stack);
	g_ptr_array_add(tale->events, e);
	return e;
}

static void on_plan(struct tale *tale, const struct entry *entry, const struct record_plan *r)
{
	struct tale_plan *p = g_new0(struct tale_plan, 1);

	hash_text(p->id, &r->plan);
	p->entry = entry->seq;
	p->stack = g_strdup(entry->stack);
	p->commit = g_strdup(r->commit);
	p->reason = g_strdup(r->reason);
	p->number = r->number;
	p->time = entry->time;
	p->required = r->required;
	p->quiet = r->quiet;
	p->votes = g_ptr_array_new_with_free_func(vote_free);
	p->runs = g_ptr_array_new_with_free_func(run_free);
	p->document = log_fold_plan(tale->fold, p->id);
	g_ptr_array_add(tale->plans, p);
	g_hash_table_replace(tale->by_id, p->id, p);
	for (size_t i = 0; p->document != NULL && i < p->document->commits_count; i++) {
		know_commit(tale, &p->document->commits[i]);
	}
	add_event(tale, entry)->plan = p;
}

static void on_approval(struct tale *tale, const struct entry *entry,
			const struct record_approval *r)
{
	struct tale_plan *p = plan_by(tale, &r->plan);
	struct tale_vote *v;

	if (p == NULL) {
		return;
	}
	v = g_new0(struct tale_vote, 1);
	v->entry = entry->seq;
	v->person = g_strdup(r->person);
	v->reason = g_strdup(r->reason);
	v->channel = r->by.channel;
	v->decision = r->decision;
	v->time = entry->time;
	g_ptr_array_add(p->votes, v);
}

static void on_start(struct tale *tale, const struct entry *entry,
		     const struct record_apply_start *r)
{
	struct tale_plan *p = plan_by(tale, &r->plan);
	struct tale_run *run;
	struct tale_event *e;

	if (p == NULL) {
		return;
	}
	run = g_new0(struct tale_run, 1);
	run->mode = r->mode;
	run->person = g_strdup(r->person);
	run->started = entry->time;
	run->votes = g_ptr_array_new();
	for (unsigned i = 0; i < p->votes->len; i++) {
		const struct tale_vote *v = p->votes->pdata[i];

		for (size_t k = 0; k < r->approvals_count; k++) {
			if (r->approvals[k] == v->entry) {
				g_ptr_array_add(run->votes, p->votes->pdata[i]);
			}
		}
	}
	g_ptr_array_add(p->runs, run);
	e = add_event(tale, entry);
	e->plan = p;
	e->run = run;
}

static struct tale_run *last_run(const struct tale_plan *p)
{
	return p != NULL && p->runs->len > 0 ? p->runs->pdata[p->runs->len - 1] : NULL;
}

static void read_steps(const struct tale *tale, struct tale_run *run, const struct hash *digest)
{
	g_autoptr(json_doc_auto) doc = object_json(tale, digest);
	struct json_obj root, o;
	struct json_arr arr;
	size_t n;

	if (doc == NULL) {
		return;
	}
	run->outcomes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	json_doc_root(doc, &root);
	n = json_arr_get(&root, "steps", STEPS_MAX, &arr);
	for (size_t i = 0; i < n && json_arr_obj(&arr, i, &o); i++) {
		const char *id = json_str(&o, "id", TEXT_MAX);
		const char *outcome = json_str(&o, "outcome", 32);

		if (id != NULL && outcome != NULL) {
			g_hash_table_replace(run->outcomes, g_strdup(id), g_strdup(outcome));
		}
	}
}

static void on_done(struct tale *tale, const struct entry *entry, const struct record_apply_done *r)
{
	struct tale_run *run = last_run(plan_by(tale, &r->plan));

	if (run == NULL || run->ended != 0) {
		return;
	}
	run->ended = entry->time;
	run->result = r->result;
	run->halted = r->halted;
	run->done = r->done;
	run->undone = r->undone;
	run->left = r->left;
	run->reason = g_strdup(r->reason);
	if (r->has_steps) {
		read_steps(tale, run, &r->steps);
	}
}

/* An apply whose plan was found stale has touched nothing: it was none. */
static void drop_run(struct tale *tale, struct tale_plan *p)
{
	struct tale_run *run = last_run(p);

	if (run == NULL || run->ended != 0) {
		return;
	}
	for (unsigned i = tale->events->len; i > 0; i--) {
		if (((struct tale_event *)tale->events->pdata[i - 1])->run == run) {
			g_ptr_array_remove_index(tale->events, i - 1);
			break;
		}
	}
	g_ptr_array_remove_index(p->runs, p->runs->len - 1);
}

static void on_closed(struct tale *tale, const struct entry *entry, const struct record_closed *r)
{
	struct tale_plan *p;

	if (r->outcome == OUTCOME_CONVERGED) {
		struct tale_event *e = add_event(tale, entry);

		e->commit = g_strdup(r->commit);
		e->reason = g_strdup(r->reason);
		return;
	}
	p = plan_by(tale, &r->plan);
	if (p != NULL) {
		g_free(p->outcome);
		g_free(p->end);
		p->outcome = g_strdup(record_outcome_names[r->outcome]);
		p->end = g_strdup(r->reason);
		drop_run(tale, p);
	}
}

static void say(struct tale_event *e, const char *person, const char *commit, const char *reason)
{
	e->person = g_strdup(person);
	e->commit = g_strdup(commit);
	e->reason = g_strdup(reason);
}

static void on_drift(struct tale *tale, struct tale_event *e, const struct record_drift *r)
{
	g_autoptr(GString) text = g_string_new(NULL);

	for (size_t i = 0; i < r->resources_count; i++) {
		g_string_append_printf(text, "%s%s", i > 0 ? ", " : "", r->resources[i]);
	}
	if ((int64_t)r->resources_count < r->changes) {
		g_string_append(text, ", ...");
	}
	say(e, NULL, NULL, text->str);
	if (r->has_details) {
		e->details = object_json(tale, &r->details);
	}
}

/* What people or the host did beside plans. */
static void on_other(struct tale *tale, const struct entry *entry, const struct record *record)
{
	struct tale_event *e = add_event(tale, entry);

	switch (record->type) {
	case ENTRY_ROLLBACK:
		say(e, record->u.rollback.person, record->u.rollback.commit,
		    record->u.rollback.reason);
		e->plan = plan_by(tale, &record->u.rollback.plan);
		break;
	case ENTRY_UNPIN:
		say(e, record->u.unpin.person, record->u.unpin.commit, record->u.unpin.reason);
		break;
	case ENTRY_TRY:
		say(e, record->u.trial.person, NULL, record->u.trial.reason);
		e->kind = g_strdup(record->u.trial.ref);
		e->until = record->u.trial.until;
		break;
	case ENTRY_RETURN:
		say(e, record->u.end.person, NULL, record->u.end.reason);
		break;
	case ENTRY_SUSPEND:
	case ENTRY_RESUME:
		say(e, record->u.suspend.person, NULL, record->u.suspend.reason);
		e->until = record->u.suspend.until;
		break;
	case ENTRY_REWRITTEN:
		say(e, record->u.rewritten.person, record->u.rewritten.commit,
		    record->u.rewritten.reason);
		break;
	case ENTRY_BLOCKED:
		say(e, NULL, record->u.blocked.commit, record->u.blocked.reason);
		e->kind = g_strdup(record_block_names[record->u.blocked.kind]);
		break;
	case ENTRY_DRIFT:
		on_drift(tale, e, &record->u.drift);
		break;
	case ENTRY_ALERT:
		say(e, NULL, NULL, record->u.alert.reason);
		e->kind =
			g_strdup_printf("%s %s", record_condition_names[record->u.alert.condition],
					record_alert_state_names[record->u.alert.state]);
		break;
	case ENTRY_NOTE:
		say(e, NULL, NULL, record->u.note.text);
		break;
	case ENTRY_GENESIS:
	case ENTRY_POLICY:
	case ENTRY_COMMIT:
	case ENTRY_PLAN:
	case ENTRY_APPROVAL:
	case ENTRY_CLOSED:
	case ENTRY_APPLY_START:
	case ENTRY_APPLY_DONE:
	case ENTRY_UNBLOCKED:
		break;
	}
}

static void tell(struct tale *tale, const struct entry *entry, const struct record *record)
{
	switch (record->type) {
	case ENTRY_PLAN:
		on_plan(tale, entry, &record->u.plan);
		return;
	case ENTRY_APPROVAL:
		on_approval(tale, entry, &record->u.approval);
		return;
	case ENTRY_APPLY_START:
		on_start(tale, entry, &record->u.apply_start);
		return;
	case ENTRY_APPLY_DONE:
		on_done(tale, entry, &record->u.apply_done);
		return;
	case ENTRY_CLOSED:
		on_closed(tale, entry, &record->u.closed);
		return;
	case ENTRY_COMMIT:
		if (record->u.commit.has_commits) {
			know_list(tale, &record->u.commit.commits);
		}
		return;
	case ENTRY_GENESIS:
	case ENTRY_POLICY:
		return;
	case ENTRY_BLOCKED:
	case ENTRY_UNBLOCKED:
	case ENTRY_DRIFT:
	case ENTRY_SUSPEND:
	case ENTRY_RESUME:
	case ENTRY_NOTE:
	case ENTRY_REWRITTEN:
	case ENTRY_ROLLBACK:
	case ENTRY_UNPIN:
	case ENTRY_TRY:
	case ENTRY_RETURN:
	case ENTRY_ALERT:
		on_other(tale, entry, record);
		return;
	}
}

static void on_entry(uint64_t index, const char *bytes, size_t len, void *user)
{
	struct tale *tale = user;
	struct entry entry = {0};
	struct record record;

	log_fold_entry(index, bytes, len, tale->fold); // says what is wrong with it
	if (entry_parse(&entry, bytes, len, NULL) == 0 && record_read(&record, &entry, NULL) == 0) {
		tell(tale, &entry, &record);
	}
	entry_clear(&entry);
}

static bool judge(const struct log_report *report, const struct log_source *source, GError **error)
{
	const struct log_problem *first;

	if (report->problems->len == 0) {
		return true;
	}
	first = report->problems->pdata[0];
	return problem(error, EXIT_REFUSED, "unverified", _("'assent log verify' says all of it"),
		       _("the log in '%s' does not verify: %s: %s"), log_source_place(source),
		       first->place, first->message);
}

static bool read_once(struct cli *cli, const struct tale_request *request, struct tale **out,
		      struct log_report *report, GError **error)
{
	g_autoptr(tale_auto) tale = tale_new();
	g_autoptr(log_source_auto) source = NULL;
	struct note_key key;

	if (!log_source_open(cli, request->place, &source, error) ||
	    !log_source_key(source, request->key, &key, &tale->own_key, error)) {
		return false;
	}
	tale->objects =
		g_strdup(request->objects != NULL ? request->objects : log_source_objects(source));
	tale->fold = log_fold_new(tale->objects, key.name, report);
	if (!log_check(source, &key, on_entry, tale, NULL, report, error) ||
	    !judge(report, source, error)) {
		return false;
	}
	tale->checkpoint = report->checkpoint;
	tale->missing = report->notes->len;
	*out = g_steal_pointer(&tale);
	return true;
}

bool tale_read(struct cli *cli, const struct tale_request *request, struct tale **out,
	       GError **error)
{
	for (int i = 1;; i++) {
		g_autoptr(GError) local = NULL;
		struct log_report report;
		bool good;

		log_report_init(&report);
		good = read_once(cli, request, out, &report, &local);
		log_report_clear(&report);
		if (good) {
			return true;
		}
		if (i == TRIES || strcmp(problem_name(local), "unverified") != 0) {
			g_propagate_error(error, g_steal_pointer(&local));
			return false;
		}
	}
}

void tale_remark(const struct tale *tale, const struct out *out)
{
	if (tale->own_key) {
		out_note(out, "%s\n",
			 _("The key was taken from the log itself. Give the one you got from the "
			   "agent's owner with --key: only then a forged log cannot pass."));
	}
	if (tale->missing > 0) {
		out_note(out, "%s\n",
			 _("Not all that the log names lies beside it: some authors, signatures "
			   "and steps are not known here ('assent log verify' lists them)."));
	}
}

const struct tale_commit *tale_commit(const struct tale *tale, const char *id)
{
	return id != NULL ? g_hash_table_lookup(tale->commits, id) : NULL;
}
