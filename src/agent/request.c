/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Writes the workers' request lines. */
#include "agent/request.h"

#include <string.h>

#include "agent/clusters.h"
#include "base/autoptr.h"
#include "base/error.h"
#include "cluster/settings.h"

static void str_opt(struct json_writer *w, const char *name, const char *value)
{
	if (value != NULL && value[0] != '\0') {
		json_w_str(w, name, value);
	}
}

/* How an attested vote came; a signature says all by itself. */
static void write_attestation(struct json_writer *w, const struct attestation *by)
{
	char evidence[HASH_TEXT_SIZE];

	if (by->channel == CHANNEL_SIGNATURE) {
		return;
	}
	hash_text(evidence, &by->evidence);
	json_w_str(w, "channel", channel_names[by->channel]);
	json_w_str(w, "evidence", evidence);
	json_w_int(w, "time", by->time);
}

static void int_opt(struct json_writer *w, const char *name, int64_t value)
{
	if (value > 0) {
		json_w_int(w, name, value);
	}
}

static struct json_writer *begin(const char *job)
{
	struct json_writer *w = json_writer_new(0);

	json_w_object(w, NULL);
	json_w_int(w, "v", 1);
	json_w_str(w, "job", job);
	return w;
}

static char *finish(struct json_writer *w, const char *job, GError **error)
{
	struct assent_error err;
	autocfree char *text = NULL;
	size_t len;

	json_w_end(w);
	if (json_writer_finish(w, &text, &len, &err) != 0) {
		fail_core(error, &err, "request for '%s'", job);
		return NULL;
	}
	return g_strconcat(text, "\n", NULL);
}

char *request_ref(const struct conf_stack *stack)
{
	return g_strconcat("refs/heads/", stack->source.branch, NULL);
}

char *request_mirror(const char *state_dir, const char *url)
{
	char text[HASH_TEXT_SIZE];
	struct hash hash;

	hash_bytes(&hash, url, strlen(url));
	hash_text(text, &hash);
	return g_strdup_printf("%s/git/%.16s.git", state_dir, text + strlen("sha256:"));
}

/* Keys without a demand are sent too: what commits bear is shown then. */
static void write_verify(struct json_writer *w, const struct conf_source *source)
{
	str_opt(w, "verify", source->verify);
	str_opt(w, "signers", source->signers);
	str_opt(w, "revoked_keys", source->revoked_keys);
	str_opt(w, "openpgp_keys", source->openpgp_keys);
	int_opt(w, "signatures", source->signatures);
}

char *request_fetch(const struct conf_stack *stack, const struct request_fetch *fetch,
		    GError **error)
{
	const struct conf_source *source = &stack->source;
	struct json_writer *w = begin("fetch");
	g_autofree char *branch = request_ref(stack);

	json_w_str(w, "url", source->url);
	json_w_str(w, "ref", fetch->ref != NULL ? fetch->ref : branch);
	json_w_str(w, "mirror", fetch->mirror);
	json_w_str(w, "known", fetch->known);
	str_opt(w, "accepted", fetch->accepted);
	if (fetch->ref != NULL) {
		json_w_bool(w, "trial", true);
	}
	if (source->fallbacks != NULL && source->fallbacks[0] != NULL) {
		json_w_array(w, "fallbacks");
		for (char **url = source->fallbacks; *url != NULL; url++) {
			json_w_str(w, NULL, *url);
		}
		json_w_end(w);
		str_opt(w, "newest", fetch->newest);
	}
	json_w_str(w, "path", source->path != NULL ? source->path : "");
	str_opt(w, "username", source->username);
	str_opt(w, "password_file", source->password_file);
	str_opt(w, "token_file", source->token_file);
	str_opt(w, "credential_helper", source->credential_helper);
	str_opt(w, "ca_file", source->ca_file);
	str_opt(w, "proxy", source->proxy);
	str_opt(w, "ssh_command", source->ssh_command);
	int_opt(w, "max_bytes", source->max_bytes);
	int_opt(w, "timeout", source->timeout);
	write_verify(w, source);
	return finish(w, "fetch", error);
}

/* For a person who asks, what would be told or put back by itself is proposed. */
static const char *word_for(const struct request_plan *plan, const char *word)
{
	return plan->asked && strcmp(word, "ignore") != 0 ? "propose" : word;
}

static void write_rule(struct json_writer *w, const struct request_plan *plan,
		       const struct conf_drift_rule *rule)
{
	json_w_object(w, NULL);
	json_w_str(w, "on_drift", word_for(plan, rule->on_drift));
	str_opt(w, "kind", rule->kind);
	str_opt(w, "path", rule->path);
	str_opt(w, "resource", rule->resource);
	if (rule->fields != NULL) {
		json_w_array(w, "fields");
		for (guint i = 0; rule->fields[i] != NULL; i++) {
			json_w_str(w, NULL, rule->fields[i]);
		}
		json_w_end(w);
	}
	json_w_end(w);
}

static void write_returns(struct json_writer *w, const GPtrArray *ids)
{
	if (ids == NULL) {
		return;
	}
	json_w_array(w, "return");
	for (guint i = 0; i < ids->len; i++) {
		json_w_str(w, NULL, g_ptr_array_index(ids, i));
	}
	json_w_end(w);
}

static void write_drift(struct json_writer *w, const struct conf_stack *stack,
			const struct request_plan *plan)
{
	if (!plan->drift) {
		return;
	}
	json_w_object(w, "drift");
	json_w_str(w, "default", word_for(plan, stack->on_drift));
	if (plan->looked_at != NULL) {
		json_w_array(w, "objects");
		for (guint i = 0; i < plan->looked_at->len; i++) {
			json_w_str(w, NULL, g_ptr_array_index(plan->looked_at, i));
		}
		json_w_end(w);
	}
	json_w_bool(w, "restore", plan->restore);
	json_w_array(w, "rules");
	for (guint i = 0; i < stack->drift_rules->len; i++) {
		write_rule(w, plan, g_ptr_array_index(stack->drift_rules, i));
	}
	json_w_end(w);
	json_w_end(w);
}

char *request_plan(const struct conf *conf, const struct conf_stack *stack,
		   const struct request_plan *plan, GError **error)
{
	struct json_writer *w = begin("plan");
	unsigned i;

	json_w_str(w, "mirror", plan->mirror);
	json_w_str(w, "commit", plan->commit);
	json_w_str(w, "base", plan->base);
	json_w_str(w, "path", stack->source.path != NULL ? stack->source.path : "");
	json_w_str(w, "agent", conf->agent);
	json_w_str(w, "stack", stack->name);
	json_w_str(w, "home", plan->home);
	json_w_array(w, "labels");
	for (i = 0; i < conf->labels->len; i++) {
		const struct conf_label *label = g_ptr_array_index(conf->labels, i);

		json_w_object(w, NULL);
		json_w_str(w, "name", label->name);
		json_w_str(w, "value", label->value);
		json_w_end(w);
	}
	json_w_end(w);
	json_w_str(w, "objects", plan->objects);
	json_w_str(w, "out", plan->out);
	if (plan->for_root) {
		json_w_bool(w, "for_root", true);
	}
	str_opt(w, "cache", plan->cache);
	str_opt(w, "applied", plan->applied);
	str_opt(w, "memory", plan->memory);
	str_opt(w, "kept", plan->kept);
	str_opt(w, "seal_key", plan->seal_key);
	str_opt(w, "watch", plan->watch);
	if (plan->adopt) {
		json_w_bool(w, "adopt", true);
	}
	clusters_write_plan(w, conf, stack);
	write_drift(w, stack, plan);
	write_returns(w, plan->returns);
	return finish(w, "plan", error);
}

/* Without a journal of ours the pipe is all that ties us to the worker. */
static void write_place(struct json_writer *w, const struct request_apply *apply)
{
	str_opt(w, "journal", apply->journal);
	str_opt(w, "agent", apply->agent);
	str_opt(w, "stack", apply->stack);
	str_opt(w, "seal_key", apply->seal_key);
	if (apply->clusters != NULL) {
		cluster_settings_write(w, "clusters", apply->clusters);
		cluster_scope_write(w, "cluster_scope", apply->scope);
	}
	if (apply->journal == NULL) {
		json_w_bool(w, "watch", true);
	}
	if (apply->bound) {
		json_w_bool(w, "bound", true);
	}
}

static void write_votes(struct json_writer *w, const struct approval *votes, size_t count)
{
	json_w_array(w, "approvals");
	for (size_t i = 0; i < count; i++) {
		json_w_object(w, NULL);
		json_w_str(w, "person", votes[i].person);
		json_w_str(w, "decision", verdict_names[votes[i].verdict]);
		json_w_str(w, "reason", votes[i].reason);
		json_w_str(w, "signature", votes[i].armor);
		write_attestation(w, &votes[i].by);
		json_w_end(w);
	}
	json_w_end(w);
}

static void write_proofs(struct json_writer *w, const GPtrArray *proofs)
{
	if (proofs == NULL || proofs->len == 0) {
		return;
	}
	json_w_array(w, "restores");
	for (guint i = 0; i < proofs->len; i++) {
		const struct request_proof *proof = g_ptr_array_index(proofs, i);

		json_w_object(w, NULL);
		json_w_str(w, "plan", proof->plan);
		json_w_str(w, "signature", proof->signature);
		write_votes(w, (const struct approval *)(void *)proof->votes->data,
			    proof->votes->len);
		json_w_end(w);
	}
	json_w_end(w);
}

void request_proof_free(void *data)
{
	struct request_proof *proof = data;

	g_free(proof->plan);
	g_free(proof->signature);
	g_clear_pointer(&proof->votes, g_array_unref);
	g_strfreev(proof->sigs);
	g_free(proof);
}

char *request_apply(const struct request_apply *apply, enum record_mode mode, GError **error)
{
	struct json_writer *w = begin("apply");

	json_w_str(w, "mode", record_mode_names[mode]);
	json_w_str(w, "plan", apply->plan);
	json_w_str(w, "signature", apply->signature);
	write_votes(w, apply->votes, apply->count);
	write_proofs(w, apply->proofs);
	json_w_str(w, "objects", apply->objects);
	write_place(w, apply);
	return finish(w, "apply", error);
}

/* What the journal says is enough for these. */
static char *by_journal(const struct request_apply *apply, const char *mode, GError **error)
{
	struct json_writer *w = begin("apply");

	json_w_str(w, "mode", mode);
	json_w_str(w, "objects", apply->objects);
	write_place(w, apply);
	return finish(w, mode, error);
}

char *request_recover(const struct request_apply *apply, GError **error)
{
	return by_journal(apply, "recover", error);
}

char *request_undo(const struct request_apply *apply, GError **error)
{
	return by_journal(apply, record_mode_names[MODE_UNDO], error);
}
