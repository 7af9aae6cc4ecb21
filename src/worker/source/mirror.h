/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * The bare mirror of a remote repository. The caller holds its lock.
 *
 *	mirror_open(path, &repository, error)        -- made or cleaned where needed
 *	mirror_fetch(repository, remote, &fetched, error)
 *	mirror_repack(repository, error)
 *
 * One ref is fetched, without tags, and kept as refs/assent/ and what follows
 * refs/ in its name. A tip that a later one does not descend from stays
 * reachable as refs/assent/kept/<its id>, since it may be what is applied.
 * Objects arrive in packs; once there are MIRROR_PACKS of them the small ones
 * become one, so that their number grows with the logarithm of the fetches.
 */
#include <git2.h>

#include "worker/source/remote.h"

#define MIRROR_PACKS 20

struct fetched {
	bool found;	/* the remote has the ref */
	bool any_refs;	/* the remote has any */
	git_oid commit; /* what the ref leads to */
	int64_t bytes;	/* received */
};

/* Makes it beside path and renames it; removes what a killed fetch left behind. */
bool mirror_open(const char *path, git_repository **out, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool mirror_fetch(git_repository *repository, const struct source_remote *remote,
		  struct fetched *out, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Locks, temporary files and half packs of a killed fetch. */
bool mirror_clean(const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool mirror_repack(const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Everything that the commit's tree names is there. */
bool mirror_check(git_repository *repository, const git_oid *commit, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
