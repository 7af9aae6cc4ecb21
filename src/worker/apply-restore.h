/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * A plan that says it only puts back what people have approved: are the plans
 * that it names what it says they are, and does it (doc/elevate.md)? Errors are
 * those of JOB_ERROR.
 */
#include "base/caller.h"
#include "worker/apply-request.h"

/* *out: the plan restores, and all of it was proved. False in it without an error: the plan says
 * no such thing. caller: whose files those are; NULL: one's own. */
bool restores_verify(const struct trust *trust, const struct plan *plan,
		     const struct apply_request *request, const struct caller *caller, bool *out,
		     GError **error) G_GNUC_WARN_UNUSED_RESULT;
