/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * What lies between the commit that was last applied and a new one.
 *
 * Names and subjects are bytes as the author wrote them (converted where the
 * commit names its encoding); JSON carries what is not text as base64. A judge
 * says whose signature a commit bears; without one (NULL) the verdict is "none"
 * or "unknown".
 */
#include <git2.h>
#include <glib.h>
#include <stdbool.h>

#include "core/json.h"
#include "worker/source/judge.h"

#define COMMITS_MAX 100
#define COMMITS_NAME_MAX 1024
#define COMMITS_SUBJECT_MAX 4096

/* Whether commit is known or one of its descendants; a known that is missing is not. */
bool commits_descend(git_repository *repository, const git_oid *commit, const git_oid *known,
		     bool *out, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Writes the members authors, authors_total, commits and commits_total: what commit has and known
 * (may be NULL, may be missing) has not, newest first. Longer names and subjects are cut. authors
 * are the addresses of all of them, not only of the commits that are listed. */
bool commits_write(git_repository *repository, struct judge *judge, const git_oid *commit,
		   const git_oid *known, struct json_writer *w, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
/* What known had and commit has not, as the object "rewritten": commits (newest first, at most
 * COMMITS_MAX) and total, which is left out when known is missing. */
bool commits_write_gone(git_repository *repository, struct judge *judge, const git_oid *commit,
			const git_oid *known, struct json_writer *w, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
/* The members of commits_write() of no commits. */
void commits_write_none(struct json_writer *w);
