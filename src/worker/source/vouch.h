/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * Whether what is to be applied is vouched for, as the stack demands it
 * (doc/verify.md).
 *
 * "head": the commit itself has a good signature. "all": so has every commit
 * that it has and known has not, on all sides of merges, but for the ancestors
 * of a seal. A seal is a commit with a good signature that holds at the present
 * time as well, and with the trailer "Assent-Seal: <why>". In both cases as many
 * different people as demanded vouch for the commit's tree: those who signed
 * it, or a new commit from which it is reached without the tree changing.
 */
#include "worker/source/judge.h"

#define VOUCH_SIGNERS_MAX 100

struct vouch_demand {
	bool all;	    /* otherwise: head */
	int64_t signatures; /* different people */
};

struct vouched {
	GPtrArray *signers;	      /* owned texts, sorted, none twice */
	int64_t checked;	      /* commits whose signature was demanded, and is good */
	char seal[GIT_OID_HEXSZ + 1]; /* the newest at which the walk has ended; "": none */
	char *problem;		      /* what is wrong, and what to do; NULL: nothing is */
};

/* False only where nothing can be said. known may be NULL, or missing from the repository. */
bool vouch(struct judge *judge, git_repository *repository, const git_oid *tip,
	   const git_oid *known, const struct vouch_demand *demand, struct vouched *out,
	   GError **error) G_GNUC_WARN_UNUSED_RESULT;
void vouched_clear(struct vouched *vouched);

typedef struct vouched vouched_auto;
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(vouched_auto, vouched_clear)
