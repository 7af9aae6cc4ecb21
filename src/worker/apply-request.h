/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * What an apply is asked for (doc/worker.md), and whether its plan and its
 * votes are to be believed. Errors are those of JOB_ERROR. The strings of a
 * request live as long as the job.
 */
#include <glib.h>
#include <stdbool.h>

#include "base/seal.h"
#include "base/trust.h"
#include "cluster/scope.h"
#include "core/approval.h"
#include "worker/job.h"

enum apply_mode { APPLY_APPLY, APPLY_RECOVER, APPLY_RESUME, APPLY_UNDO };

/* A plan that is named as proof, and its votes. */
struct apply_named {
	const char *plan, *signature;
	struct approval *votes;
	size_t votes_count;
};
struct apply_request {
	enum apply_mode mode;
	const char *plan, *signature, *objects, *journal;
	const char *seal_key; /* without raised rights, when the trust file names none; or NULL */
	const char *agent, *stack;   /* with raised rights: whose journal */
	GPtrArray *clusters;	     /* struct cluster_settings: that may be touched; NULL: none */
	struct cluster_scope *scope; /* what may be touched there; NULL: nothing */
	struct approval *votes;
	size_t votes_count;
	struct apply_named *named; /* of a plan that restores what they had approved */
	size_t named_count;
};

/* Does the configuration allow all objects that the plan changes? */
bool apply_check_scope(const struct apply_request *request, const struct plan *plan, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
bool apply_request_read(struct job *job, struct apply_request *out, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
void apply_request_clear(struct apply_request *request);
/* It brings a plan and votes along. */
bool apply_request_has_plan(const struct apply_request *request);
bool apply_is_raised(const struct job *job);
bool apply_trust(struct job *job, struct trust **out, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The keys that open the plan's secrets; *out is NULL, with *problem (g_free()), when there are
 * none, or nothing asks for them. */
void apply_seal_keys(const struct job *job, const struct apply_request *request,
		     const struct trust *trust, const struct plan *plan, struct seal_keys **out,
		     char **problem);
/* By the key of the agent that it names, and of no other. */
bool apply_verify_plan(const struct trust *trust, const char *bytes, size_t len, const char *armor,
		       size_t armor_len, struct plan **out, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
/* What the trust file says of votes, of the agent that signed the plan, now. */
struct approval_trust apply_believed(const struct trust *trust, const struct plan *plan);
/* restores: restores_verify() has seen to it that all it does was approved before, so that
 * the least quorum of the trust file holds for the plans that it names, and for itself what it
 * says.
 */
bool apply_check_votes(const struct trust *trust, const struct plan *plan,
		       const struct apply_request *request, bool restores, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;

#define autoapplyrequest __attribute__((cleanup(apply_request_clear))) struct apply_request
