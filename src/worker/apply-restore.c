/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Believing a plan that restores. */
#include "worker/apply-restore.h"

#include <inttypes.h>

#include "base/autoptr.h"
#include "base/error.h"
#include "core/restore.h"

static bool refuse(GError **error, const char *text)
{
	return fail(error, JOB_ERROR, JOB_ERROR_UNTRUSTED, "%s", text);
}

static bool load_named(const struct trust *trust, const struct apply_named *named,
		       const struct caller *caller, struct plan **out, GError **error)
{
	g_autofree char *bytes = NULL;
	g_autofree char *armor = NULL;
	size_t len, armor_len;

	return caller_read(caller, named->plan, PLAN_MAX_SIZE, &bytes, &len, error) &&
	       caller_read(caller, named->signature, SSHSIG_MAX_ARMOR, &armor, &armor_len, error) &&
	       apply_verify_plan(trust, bytes, len, armor, armor_len, out, error);
}

/* By whom it was approved counts by the list and the trust file of today. */
static bool check_approved(const struct trust *trust, const struct plan *plan,
			   const struct apply_named *named, GError **error)
{
	const struct approval_trust believed = apply_believed(trust, plan);
	struct assent_error problem = {0};

	if (approval_quorum_past(plan, named->votes, named->votes_count, &believed, &problem) ==
	    0) {
		return true;
	}
	return fail(error, JOB_ERROR, JOB_ERROR_UNTRUSTED,
		    "plan %" PRId64 ", whose state is to be restored: %s", plan->seq, problem.text);
}

static bool load_all(const struct trust *trust, const struct apply_request *request,
		     const struct caller *caller, GPtrArray *plans, GError **error)
{
	for (size_t i = 0; i < request->named_count; i++) {
		struct plan *plan = NULL;

		if (!load_named(trust, &request->named[i], caller, &plan, error)) {
			g_autofree char *why = g_strdup((*error)->message);

			g_clear_error(error);
			return fail(error, JOB_ERROR, JOB_ERROR_UNTRUSTED,
				    "a plan whose state is to be restored: %s", why);
		}
		g_ptr_array_add(plans, plan);
		if (!check_approved(trust, plan, &request->named[i], error)) {
			return false;
		}
	}
	return true;
}

static void free_plan(gpointer plan)
{
	plan_free(plan);
}

bool restores_verify(const struct trust *trust, const struct plan *plan,
		     const struct apply_request *request, const struct caller *caller, bool *out,
		     GError **error)
{
	g_autoptr(GPtrArray) plans = g_ptr_array_new_with_free_func(free_plan);
	struct assent_error problem = {0};

	*out = false;
	if (plan->restores_count == 0) {
		return request->named_count == 0 ||
		       refuse(error, "the request has plans to restore, the plan names none");
	}
	if (!trust->restore) {
		return refuse(error, "the trust file does not let a plan restore what was approved "
				     "before ('restore: true')");
	}
	if (!load_all(trust, request, caller, plans, error)) {
		return false;
	}
	if (restore_check(plan, (const struct plan *const *)plans->pdata, plans->len, &problem) !=
	    0) {
		return refuse(error, problem.text);
	}
	*out = true;
	return true;
}
