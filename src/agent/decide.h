/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * The one door for decisions: whoever approves or rejects, by whatever way,
 * comes through decide().
 *
 * It refuses by name, writes the vote to the log before anybody is told, and
 * closes the plan after a rejection. The statement is recomputed from the plan
 * and never taken from the caller; the signature's principal decides who it
 * was, and not the Unix user or the connection. Saying the same again (person,
 * verdict, reason and signature) is accepted and writes nothing.
 *
 * Channel "signature" brings a signature by the person's own key. Every other
 * channel brings none: who asks vouches for the person, the agent attests it
 * with its plan key, and the plan's policy says whether that is enough.
 *
 * Whether the votes suffice is not decided here: see decide_quorum().
 */
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "agent/fold.h"
#include "core/approval.h"

#define DECIDE_ERROR decide_error_quark()
GQuark decide_error_quark(void);
enum decide_error {
	DECIDE_ERROR_UNKNOWN_PLAN,
	DECIDE_ERROR_AMBIGUOUS,
	DECIDE_ERROR_SUPERSEDED,
	DECIDE_ERROR_EXPIRED,
	DECIDE_ERROR_CLOSED,
	DECIDE_ERROR_UNKNOWN_PERSON,
	DECIDE_ERROR_NOT_ALLOWED,
	DECIDE_ERROR_CHANNEL,
	DECIDE_ERROR_AUTHOR,
	DECIDE_ERROR_DUPLICATE,
	DECIDE_ERROR_BAD_SIGNATURE,
	DECIDE_ERROR_REASON_MISSING,
	DECIDE_ERROR_MALFORMED,
	DECIDE_ERROR_UNWRITTEN,
};
/* "unknown-plan" ...; by code, NULL-terminated */
extern const char *const decide_error_names[];

struct decide_request {
	const char *plan, *person, *decision, *reason;
	const char *signature; /* NULL with any channel but "signature" */
	const char *channel;
	const char *evidence; /* what the channel delivered, as JSON without secrets; may be NULL */
};
/* What the door stands in; functions give false with error. */
struct decide_world {
	struct fold *fold;
	const struct signers *signers;
	const struct approval_person *people;
	size_t people_count;
	const struct ssh_key *agent_key; /* the public half of what attest() signs with */
	int64_t now;
	/* The stored plan, verified. */
	bool (*load)(void *user, const struct fold_plan *plan, struct plan **out, GError **error);
	/* The signature of a vote, from its log entry. g_free(). */
	bool (*signature)(void *user, const struct fold_vote *vote, char **out, GError **error);
	/* Signs an attestation with the agent's plan key. g_free(). */
	bool (*attest)(void *user, const char *text, size_t len, char **armor, GError **error);
	/* Keeps evidence as an object that is found by its digest. */
	bool (*keep)(void *user, const char *evidence, GError **error);
	/* Durable and folded when it returns. fields: see store_append(). */
	bool (*append)(void *user, enum entry_type type, const char *stack, const char *fields,
		       GError **error);
	void *user;
};

/* plan receives the one that was decided on. */
bool decide(const struct decide_world *world, const struct decide_request *request,
	    struct fold_plan **plan, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Would decide() take this now? Nothing is signed or written, and a signature is not looked at.
 * document: of the request's plan, verified; NULL: it is loaded. */
bool decide_would(const struct decide_world *world, const struct decide_request *request,
		  const struct plan *document, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Closes an open plan whose rejection stands in the log without what follows from it: between the
 * two entries the agent was killed. */
bool decide_settle(const struct decide_world *world, struct fold_plan *plan, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
/* Do the votes of this plan allow it now? Verifies every signature again. False with error when
 * something failed; why receives what is missing when *enough is false. */
bool decide_quorum(const struct decide_world *world, const struct fold_plan *plan, bool *enough,
		   char **why, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The votes as core wants them; strings are borrowed from plan and from sigs (g_strfreev()). */
bool decide_votes(const struct decide_world *world, const struct fold_plan *plan, GArray **votes,
		  char ***sigs, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Exactly the bytes to sign. g_free(). */
bool decide_statement(const struct plan *plan, const char *person, const char *decision,
		      const char *reason, char **out, GError **error) G_GNUC_WARN_UNUSED_RESULT;
