/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * A plan as a person may look at it and sign it: fetched as bytes, its
 * signature verified with the trusted plan key, its digest compared with what
 * was asked for, its diff compared with the digests that the plan holds. What
 * is shown and what is signed both come from here and from the same bytes.
 *
 *	review_load(cli, "3f2a9c1", &review, error)       -- verified plan
 *	review_load_diff(cli, review, error)              -- and its diff
 *	review_load_signers(cli, review, &signers, error) -- the list that the plan pins
 *
 * The trusted key is that of the trust file, where there is one: the agent is
 * not asked to vouch for itself.
 */
#include <glib.h>
#include <stdbool.h>

#include "cli/api.h"
#include "cli/command.h"
#include "core/plan.h"
#include "core/signers.h"

struct review {
	char id[HASH_TEXT_SIZE];
	struct plan *plan;	/* verified */
	GString *bytes;		/* plan.json */
	GString *diff;		/* NULL before review_load_diff() */
	struct api_plan *known; /* what the agent says of it: votes, state; not verified */
	int64_t *restored;  /* number of each of plan->restores as the agent says, 0: it does not */
	struct ssh_key key; /* that signed the plan */
	bool from_trust_file; /* else the agent itself named the key */
};

/* id: "sha256:..." or at least seven of its digits. */
bool review_load(struct cli *cli, const char *id, struct review **out, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
bool review_load_diff(struct cli *cli, struct review *review, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
bool review_load_signers(struct cli *cli, const struct review *review, struct signers **out,
			 GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The votes again, after one was cast. */
bool review_refresh(struct cli *cli, struct review *review, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
void review_free(struct review *review);

/* Does id, as a person types it, name digest? */
bool review_id_matches(const char *id, const char *digest);
/* Does every section of diff have the digest and size that plan says, and the whole? */
bool review_diff_matches(const struct plan *plan, const char *diff, size_t len, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;

typedef struct review review_auto;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(review_auto, review_free)
