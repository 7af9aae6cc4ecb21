/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Writing the plan document: the worker's draft and the agent's whole. */
#include "core/plan.h"

#include <string.h>

#include "core/fail.h"

static void write_digest(struct json_writer *w, const char *name, const struct hash *digest)
{
	char text[HASH_TEXT_SIZE];

	hash_text(text, digest);
	json_w_str(w, name, text);
}

static void write_bytes(struct json_writer *w, const char *name, const char *text)
{
	if (text != NULL) {
		json_w_bytes(w, name, text, strlen(text));
	}
}

static void write_stated(struct json_writer *w, const char *name, int64_t n)
{
	if (n >= 0) {
		json_w_int(w, name, n);
	}
}

static void write_text(struct json_writer *w, const char *name, const char *text)
{
	if (text != NULL) {
		json_w_str(w, name, text);
	}
}

static void write_state_package(struct json_writer *w, const struct plan_state *state)
{
	write_text(w, "arch", state->arch);
	write_text(w, "archive", state->archive);
	write_stated(w, "download", state->download);
	if (state->held >= 0) {
		json_w_bool(w, "held", state->held != 0);
	}
	write_stated(w, "space", state->space);
	json_w_str(w, "type", "package");
	write_text(w, "version", state->version);
}

static void write_state_service(struct json_writer *w, const struct plan_state *state)
{
	write_text(w, "enabled", state->enabled);
	write_text(w, "running", state->running);
	json_w_str(w, "type", "service");
}

/* "ID:64 hexadecimal digits" */
static void write_keyed(struct json_writer *w, const struct plan_state *state)
{
	char text[PLAN_KEY_ID_LENGTH + HASH_TEXT_SIZE] = "";

	hash_text(text + PLAN_KEY_ID_LENGTH - strlen("sha256"), &state->digest);
	memcpy(text, state->keyed, PLAN_KEY_ID_LENGTH);
	json_w_str(w, "keyed", text);
}

static void write_state_object(struct json_writer *w, const struct plan_state *state)
{
	if (state->keyed != NULL) {
		write_keyed(w, state);
	} else if (state->type == STATE_OBJECT || state->dry_run) {
		write_digest(w, "digest", &state->digest);
	}
	write_text(w, "object_uid", state->object_uid);
	write_text(w, "sealed", state->sealed);
	json_w_str(w, "type", state_type_names[state->type]);
}

static void write_state_path(struct json_writer *w, const struct plan_state *state)
{
	bool there = state->type != STATE_COMMAND;
	bool content = state->type == STATE_FILE && state->size >= 0;

	if (content && state->keyed == NULL) {
		write_digest(w, "digest", &state->digest);
	}
	if (there) {
		write_stated(w, "gid", state->gid);
		write_bytes(w, "group", state->group);
		if (content && state->keyed != NULL) {
			write_keyed(w, state);
		}
		if (state->type == STATE_LINK) {
			write_bytes(w, "link", state->link);
		}
		write_stated(w, "mode", state->mode);
		write_bytes(w, "owner", state->owner);
	}
	if (content && state->keyed != NULL) {
		write_text(w, "sealed", state->sealed);
	} else if (content) {
		json_w_int(w, "size", state->size);
	}
	json_w_str(w, "type", state_type_names[state->type]);
	if (there) {
		write_stated(w, "uid", state->uid);
		write_text(w, "xattrs", state->xattrs);
	}
}

void plan_state_write(struct json_writer *w, const char *name, const struct plan_state *state)
{
	json_w_object(w, name);
	if (state->type == STATE_PACKAGE) {
		write_state_package(w, state);
	} else if (state->type == STATE_SERVICE) {
		write_state_service(w, state);
	} else if (state->type == STATE_OBJECT || state->type == STATE_ABSENT) {
		write_state_object(w, state);
	} else {
		write_state_path(w, state);
	}
	json_w_end(w);
}

static void write_words(struct json_writer *w, const char *name, const char *const *words)
{
	if (words == NULL) {
		return;
	}
	json_w_array(w, name);
	for (; *words != NULL; words++) {
		json_w_str(w, NULL, *words);
	}
	json_w_end(w);
}

void plan_exec_write(struct json_writer *w, const char *name, const struct plan_exec *exec)
{
	json_w_object(w, name);
	write_bytes(w, "creates", exec->creates);
	write_bytes(w, "directory", exec->directory);
	write_words(w, "env", exec->env);
	json_w_int(w, "output", exec->output);
	write_words(w, "run", exec->run);
	json_w_int(w, "timeout", exec->timeout);
	write_words(w, "unless", exec->unless);
	write_text(w, "user", exec->user);
	json_w_end(w);
}

static void write_risk(struct json_writer *w, unsigned risk)
{
	json_w_array(w, "risk");
	for (int bit = 0; plan_risk_names[bit] != NULL; bit++) {
		if ((risk & 1U << bit) != 0) {
			json_w_str(w, NULL, plan_risk_names[bit]);
		}
	}
	json_w_end(w);
}

void plan_change_write(struct json_writer *w, const struct plan_change *change)
{
	json_w_object(w, NULL);
	json_w_str(w, "action", plan_action_names[change->action]);
	write_words(w, "because", change->because);
	plan_state_write(w, "desired", &change->desired);
	write_digest(w, "diff", &change->diff);
	json_w_int(w, "diff_size", change->diff_size);
	if (change->exec != NULL) {
		plan_exec_write(w, "exec", change->exec);
	}
	write_bytes(w, "id", change->id);
	if (change->implied) {
		json_w_bool(w, "implied", true);
	}
	json_w_str(w, "kind", change->kind);
	write_text(w, "manager", change->manager);
	write_words(w, "needs", change->needs);
	if (change->object != NULL) {
		plan_object_write(w, "object", change->object);
	}
	plan_state_write(w, "observed", &change->observed);
	if (change->outside_commit != NULL) {
		json_w_object(w, "outside");
		json_w_str(w, "commit", change->outside_commit);
		json_w_int(w, "time", change->outside_time);
		json_w_end(w);
	}
	write_bytes(w, "path", change->path);
	write_bytes(w, "renamed_from", change->renamed_from);
	write_risk(w, change->risk);
	write_bytes(w, "root", change->root);
	json_w_end(w);
}

void plan_commit_write(struct json_writer *w, const struct plan_commit *commit)
{
	json_w_object(w, NULL);
	write_bytes(w, "author_email", commit->author_email);
	write_bytes(w, "author_name", commit->author_name);
	write_bytes(w, "committer_email", commit->committer_email);
	write_bytes(w, "committer_name", commit->committer_name);
	json_w_str(w, "id", commit->id);
	json_w_str(w, "signature", commit->signature);
	if (commit->signer != NULL) {
		json_w_str(w, "signer", commit->signer);
	}
	write_bytes(w, "subject", commit->subject);
	json_w_int(w, "time", commit->time);
	json_w_end(w);
}

/* What is not stated is left out. */
static void write_positive(struct json_writer *w, const char *name, int64_t n)
{
	if (n > 0) {
		json_w_int(w, name, n);
	}
}

void plan_check_write(struct json_writer *w, const struct plan_check *check)
{
	json_w_object(w, NULL);
	write_text(w, "body", check->body);
	write_bytes(w, "ca", check->ca);
	if (check->exec != NULL) {
		plan_exec_write(w, "exec", check->exec);
	}
	write_positive(w, "interval", check->interval);
	json_w_str(w, "kind", check->kind);
	write_text(w, "manager", check->manager);
	write_positive(w, "status", check->status);
	write_positive(w, "successes", check->successes);
	json_w_str(w, "target", check->target);
	json_w_int(w, "within", check->within);
	json_w_end(w);
}

static void write_changes(struct json_writer *w, const struct plan *plan)
{
	json_w_array(w, "changes");
	for (size_t i = 0; i < plan->changes_count; i++) {
		plan_change_write(w, &plan->changes[i]);
	}
	json_w_end(w);
	json_w_array(w, "checks");
	for (size_t i = 0; i < plan->checks_count; i++) {
		plan_check_write(w, &plan->checks[i]);
	}
	json_w_end(w);
}

static void write_authors(struct json_writer *w, const struct plan *plan)
{
	json_w_array(w, "authors");
	for (size_t i = 0; i < plan->authors_count; i++) {
		json_w_str(w, NULL, plan->authors[i]);
	}
	json_w_end(w);
	json_w_int(w, "authors_total", plan->authors_total);
}

static void write_pushers(struct json_writer *w, const struct plan *plan)
{
	if (plan->pushers_count == 0) {
		return;
	}
	json_w_array(w, "pushers");
	for (size_t i = 0; i < plan->pushers_count; i++) {
		json_w_str(w, NULL, plan->pushers[i]);
	}
	json_w_end(w);
}

static void write_commits(struct json_writer *w, const struct plan *plan)
{
	json_w_array(w, "commits");
	for (size_t i = 0; i < plan->commits_count; i++) {
		plan_commit_write(w, &plan->commits[i]);
	}
	json_w_end(w);
	json_w_int(w, "commits_total", plan->commits_total);
}

static void write_rewritten(struct json_writer *w, const struct plan *plan)
{
	const struct plan_rewritten *rewritten = &plan->rewritten;

	if (!plan->is_rewritten) {
		return;
	}
	json_w_object(w, "rewritten");
	json_w_array(w, "commits");
	for (size_t i = 0; i < rewritten->commits_count; i++) {
		plan_commit_write(w, &rewritten->commits[i]);
	}
	json_w_end(w);
	json_w_str(w, "person", rewritten->person);
	json_w_str(w, "reason", rewritten->reason);
	write_stated(w, "total", rewritten->total);
	json_w_end(w);
}

static void write_point(struct json_writer *w, const char *name, const char *commit,
			const char *tree)
{
	if (commit == NULL || tree == NULL) {
		json_w_null(w, name);
		return;
	}
	json_w_object(w, name);
	json_w_str(w, "commit", commit);
	json_w_str(w, "tree", tree);
	json_w_end(w);
}

void plan_channels_write(struct json_writer *w, unsigned channels)
{
	if ((channels & CHANNELS_ATTESTED) == 0) {
		return; // what is meant when nothing is said
	}
	json_w_array(w, "channels");
	for (int i = 0; i < CHANNELS; i++) {
		if ((channels & CHANNEL_BIT(i)) != 0) {
			json_w_str(w, NULL, channel_names[i]);
		}
	}
	json_w_end(w);
}

/* Nobody is what is meant when nothing is said. */
static void write_people(struct json_writer *w, const char *name, const char **people)
{
	if (people == NULL || people[0] == NULL) {
		return;
	}
	json_w_array(w, name);
	for (size_t i = 0; people[i] != NULL; i++) {
		json_w_str(w, NULL, people[i]);
	}
	json_w_end(w);
}

static void write_policy(struct json_writer *w, const struct plan_policy *policy)
{
	json_w_object(w, "policy");
	write_digest(w, "approvers", &policy->approvers);
	json_w_bool(w, "author_may_approve", policy->author_may_approve);
	write_people(w, "break_glass", policy->break_glass);
	plan_channels_write(w, policy->channels);
	json_w_array(w, "from");
	for (size_t i = 0; policy->from != NULL && policy->from[i] != NULL; i++) {
		json_w_str(w, NULL, policy->from[i]);
	}
	json_w_end(w);
	if (policy->quiet > 0) {
		json_w_int(w, "quiet", policy->quiet);
	}
	json_w_int(w, "required", policy->required);
	json_w_end(w);
}

static void write_restores(struct json_writer *w, const struct plan *plan)
{
	if (plan->restores_count == 0) {
		return;
	}
	json_w_array(w, "restores");
	for (size_t i = 0; i < plan->restores_count; i++) {
		json_w_str(w, NULL, plan->restores[i]);
	}
	json_w_end(w);
}

static void write_rendered(struct json_writer *w, const struct plan *plan)
{
	if (plan->rendered_count == 0) {
		return;
	}
	json_w_array(w, "rendered");
	for (size_t i = 0; i < plan->rendered_count; i++) {
		const struct plan_rendered *r = &plan->rendered[i];

		json_w_object(w, NULL);
		json_w_str(w, "from", r->from);
		write_digest(w, "input", &r->input);
		write_digest(w, "object", &r->object);
		write_digest(w, "program", &r->program);
		json_w_str(w, "renderer", r->renderer);
		if (r->sealed) {
			json_w_bool(w, "sealed", true);
		}
		json_w_end(w);
	}
	json_w_end(w);
}

int plan_draft_write(char **out, size_t *len, const struct plan *plan, struct assent_error *err)
{
	struct json_writer *w = json_writer_new(JSON_CANONICAL);

	if (w == NULL) {
		return core_fail_memory(err);
	}
	json_w_object(w, NULL);
	write_changes(w, plan);
	write_digest(w, "diff", &plan->diff);
	json_w_int(w, "diff_size", plan->diff_size);
	json_w_str(w, "on_failure", plan->on_failure);
	write_rendered(w, plan);
	write_restores(w, plan);
	json_w_end(w);
	return json_writer_finish(w, out, len, err);
}

void plan_verification_write(struct json_writer *w, const struct plan_verification *verification)
{
	if (verification->mode == NULL) {
		return;
	}
	json_w_object(w, "verification");
	json_w_int(w, "checked", verification->checked);
	json_w_str(w, "mode", verification->mode);
	write_text(w, "seal", verification->seal);
	json_w_int(w, "signatures", verification->signatures);
	json_w_array(w, "signers");
	for (size_t i = 0; i < verification->signers_count; i++) {
		json_w_str(w, NULL, verification->signers[i]);
	}
	json_w_end(w);
	json_w_end(w);
}

static void write_plan(struct json_writer *w, const struct plan *plan)
{
	json_w_object(w, NULL);
	json_w_str(w, "agent", plan->agent);
	write_authors(w, plan);
	write_point(w, "base", plan->base_commit, plan->base_tree);
	write_changes(w, plan);
	write_commits(w, plan);
	json_w_int(w, "created", plan->created);
	write_digest(w, "diff", &plan->diff);
	json_w_int(w, "diff_size", plan->diff_size);
	json_w_int(w, "expires", plan->expires);
	json_w_str(w, "nonce", plan->nonce);
	json_w_str(w, "on_failure", plan->on_failure);
	write_bytes(w, "path", plan->path);
	write_policy(w, &plan->policy);
	write_pushers(w, plan);
	json_w_str(w, "reason", plan->reason);
	json_w_str(w, "ref", plan->ref);
	write_rendered(w, plan);
	json_w_str(w, "repository", plan->repository);
	write_stated(w, "resources", plan->resources);
	write_restores(w, plan);
	write_rewritten(w, plan);
	json_w_int(w, "seq", plan->seq);
	json_w_str(w, "stack", plan->stack);
	write_point(w, "target", plan->target_commit, plan->target_tree);
	json_w_str(w, "type", "plan");
	if (plan->until != 0) {
		json_w_int(w, "until", plan->until);
	}
	json_w_int(w, "v", 1);
	plan_verification_write(w, &plan->verification);
	json_w_end(w);
}

int plan_write(char **out, size_t *len, const struct plan *plan, struct assent_error *err)
{
	struct json_writer *w = json_writer_new(JSON_CANONICAL);
	struct plan *again = NULL;
	char *text = NULL;
	size_t text_len = 0;
	int rc;

	if (w == NULL) {
		return core_fail_memory(err);
	}
	write_plan(w, plan);
	rc = json_writer_finish(w, &text, &text_len, err);
	if (rc == 0) {
		/* Nothing is signed that a verifier would refuse. */
		rc = plan_parse(&again, text, text_len, err);
	}
	if (rc != 0) {
		free(text);
		return rc;
	}
	plan_free(again);
	*out = text;
	*len = text_len;
	return 0;
}
