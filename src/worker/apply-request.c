/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reading an apply request, and believing it. */
#include "worker/apply-request.h"

#include <string.h>
#include <time.h>

#include "base/error.h"
#include "cluster/settings.h"
#include "worker/privilege.h"

#define MAX_APPROVALS 1000

static const char *const modes[] = {"apply", "recover", "resume", "undo", NULL};

void apply_request_clear(struct apply_request *request)
{
	g_free(request->votes);
	for (size_t i = 0; i < request->named_count; i++) {
		g_free(request->named[i].votes);
	}
	g_free(request->named);
	g_clear_pointer(&request->clusters, g_ptr_array_unref);
	g_clear_pointer(&request->scope, cluster_scope_free);
}

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

static size_t read_votes(struct json_obj *from, struct approval **out)
{
	struct json_arr list;
	size_t count = json_arr_get(from, "approvals", MAX_APPROVALS, &list);
	struct approval *votes = *out = g_new0(struct approval, count + 1);

	for (size_t i = 0; i < count; i++) {
		struct json_obj vote;
		int verdict;

		if (!json_arr_obj(&list, i, &vote)) {
			return 0;
		}
		verdict = json_enum(&vote, "decision", verdict_names);
		votes[i].person = json_str(&vote, "person", 255);
		votes[i].verdict = verdict < 0 ? VERDICT_REJECT : (enum verdict)verdict;
		votes[i].reason = json_str(&vote, "reason", STATEMENT_REASON_MAX);
		votes[i].armor = json_str(&vote, "signature", SSHSIG_MAX_ARMOR);
		read_attestation(&vote, &votes[i].by);
		json_obj_end(&vote);
	}
	return count;
}

static void read_named(struct json_obj *from, struct apply_request *out)
{
	struct json_arr list;
	size_t count = json_arr_get_opt(from, "restores", PLAN_MAX_RESTORES, &list);

	out->named = g_new0(struct apply_named, count + 1);
	out->named_count = count;
	for (size_t i = 0; i < count; i++) {
		struct apply_named *named = &out->named[i];
		struct json_obj o;

		if (!json_arr_obj(&list, i, &o)) {
			return;
		}
		named->plan = json_str(&o, "plan", 4096);
		named->signature = json_str(&o, "signature", 4096);
		named->votes_count = read_votes(&o, &named->votes);
		json_obj_end(&o);
	}
}

bool apply_is_raised(const struct job *job)
{
	return job_privilege(job) != NULL && job_privilege(job)->raised;
}

bool apply_request_has_plan(const struct apply_request *request)
{
	return request->mode == APPLY_APPLY || request->mode == APPLY_RESUME;
}

/* Where the journal is: with raised rights that is no caller's affair. */
static void read_place(struct job *job, struct json_obj *from, struct apply_request *out)
{
	out->agent = json_str_opt(from, "agent", 255);
	out->stack = json_str_opt(from, "stack", 255);
	if (!apply_is_raised(job)) {
		out->journal = json_str(from, "journal", 4096);
	} else if (json_str_opt(from, "journal", 4096) != NULL) {
		json_obj_fail(from, "journal", "is chosen by a privileged worker itself");
	} else if (!apply_request_has_plan(out) && (out->agent == NULL || out->stack == NULL)) {
		json_obj_fail(from, "agent",
			      "and 'stack' must be named to recover or undo with raised rights");
	}
	out->seal_key = json_str_opt(from, "seal_key", 4096);
	/* Where a cluster is, and by which credentials, is the caller's word: not for root. */
	if (apply_is_raised(job) && json_has(from, "clusters")) {
		json_obj_fail(from, "clusters", "are nothing for a privileged worker");
	} else {
		out->clusters = cluster_settings_read(from, "clusters");
		out->scope = cluster_scope_read(from, "cluster_scope");
	}
	if (json_bool_opt(from, "watch", false)) {
		job_watch(job);
	}
	if (json_bool_opt(from, "bound", false)) {
		job_bind(job);
	}
}

bool apply_request_read(struct job *job, struct apply_request *out, GError **error)
{
	struct json_obj *from = job_request(job);

	int mode = json_enum(from, "mode", modes);

	out->mode = mode >= 0 ? (enum apply_mode)mode : APPLY_RECOVER;
	read_place(job, from, out);
	if (apply_request_has_plan(out)) {
		out->plan = json_str(from, "plan", 4096);
		out->signature = json_str(from, "signature", 4096);
		out->objects = json_str(from, "objects", 4096);
		out->votes_count = read_votes(from, &out->votes);
		read_named(from, out);
	} else {
		/* Not needed, and allowed for the caller's ease. */
		(void)json_str_opt(from, "plan", 4096);
		(void)json_str_opt(from, "signature", 4096);
		(void)json_str_opt(from, "objects", 4096);
		(void)json_any(from, "approvals");
		(void)json_any(from, "restores");
	}
	return job_request_end(job, error);
}

static bool has_secrets(const struct plan *plan)
{
	for (size_t i = 0; i < plan->changes_count; i++) {
		const struct plan_change *c = &plan->changes[i];

		/* What a Secret was is kept sealed, whatever becomes of it. */
		if (PLAN_CHANGE_IS_SECRET(c) ||
		    (c->object != NULL && (c->risk & RISK_SECRET) != 0)) {
			return true;
		}
	}
	return false;
}

void apply_seal_keys(const struct job *job, const struct apply_request *request,
		     const struct trust *trust, const struct plan *plan, struct seal_keys **out,
		     char **problem)
{
	bool raised = apply_is_raised(job);
	const char *file = trust->seal_key != NULL ? trust->seal_key
			   : raised		   ? NULL
						   : request->seal_key;
	g_autoptr(GError) error = NULL;

	*out = NULL;
	*problem = NULL;
	if (!has_secrets(plan)) {
		return;
	}
	if (file == NULL) {
		*problem = g_strdup("the trust file names no 'seal_key'");
	} else if (!seal_keys_load(file, raised, out, &error)) {
		*problem = g_strdup(error->message);
	}
}

bool apply_trust(struct job *job, struct trust **out, GError **error)
{
	if (job_trust(job) == NULL) {
		return fail(error, JOB_ERROR, JOB_ERROR_USAGE,
			    "apply needs a trust file; start the worker with --trust FILE");
	}
	if (apply_is_raised(job) ? !trust_load_root(job_trust(job), out, error)
				 : !trust_load(job_trust(job), out, error)) {
		g_autofree char *why = g_strdup((*error)->message);

		g_clear_error(error);
		return fail(error, JOB_ERROR, JOB_ERROR_UNTRUSTED, "%s", why);
	}
	return true;
}

bool apply_verify_plan(const struct trust *trust, const char *bytes, size_t len, const char *armor,
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

struct approval_trust apply_believed(const struct trust *trust, const struct plan *plan)
{
	return (struct approval_trust){
		.signers = trust->signers,
		.agent_key = trust_agent_key(trust, plan->agent), // the one that signed the plan
		.attested = trust->attested,
		.break_glass = trust->break_glass,
		.people = (const struct approval_person *)(void *)trust->people->data,
		.people_count = trust->people->len,
		.minimum = trust->minimum,
		.now = (int64_t)time(NULL),
	};
}

bool apply_check_scope(const struct apply_request *request, const struct plan *plan, GError **error)
{
	for (size_t i = 0; i < plan->changes_count; i++) {
		const struct plan_change *c = &plan->changes[i];
		g_autofree char *problem = NULL;

		if (c->object == NULL) {
			continue;
		}
		problem = cluster_scope_problem(request->scope, c->object->namespace);
		if (problem != NULL) {
			g_autofree char *shown = g_utf8_make_valid(c->id, -1);

			return fail(error, JOB_ERROR, JOB_ERROR_UNTRUSTED, "'%s' %s", shown,
				    problem);
		}
	}
	return true;
}

bool apply_check_votes(const struct trust *trust, const struct plan *plan,
		       const struct apply_request *request, bool restores, GError **error)
{
	struct approval_trust believed = apply_believed(trust, plan);
	struct assent_error problem = {0};
	int rc;

	if (restores) {
		believed.minimum = 0;
	}
	rc = approval_quorum(plan, request->votes, request->votes_count, &believed, &problem);
	if (rc == 0) {
		return true;
	}
	return fail(error, JOB_ERROR,
		    rc == ASSENT_EEXPIRED ? JOB_ERROR_EXPIRED : JOB_ERROR_UNTRUSTED, "%s",
		    problem.text);
}
