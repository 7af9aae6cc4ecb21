/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * Whose signature a commit bears, with git's own verdict.
 *
 *	judge_open(&judge, folder, &keys, error)      -- keys are copied: one state for all commits
 *	judge_commit(judge, repository, &oid, &judgement, error)
 *	judge_free(judge)                             -- removes its private folder
 *
 * What "git verify-commit" says is said here, because the same programs are
 * asked in the same way: ssh-keygen with the list of signers, at the time that
 * the commit names as the committer's, and gpg, in a folder that knows the
 * given keys and nothing else. SIG_GOOD and nothing else is what git takes.
 * Only where git merely warns it is stricter: a file of revoked keys that is
 * missing is an error.
 *
 * A judgement is computed once for each commit and lives as long as its judge.
 * It fails only where nothing can be said: a program or a file is missing, it
 * was stopped, or something took too long.
 */
#include <git2.h>
#include <glib.h>
#include <stdbool.h>

/* In the order of plan_signature_names. */
enum judged {
	SIG_NONE,
	SIG_GOOD,
	SIG_BAD,
	SIG_UNKNOWN, /* nothing is configured by which to judge it */
	SIG_EXPIRED,
	SIG_REVOKED,
	SIG_UNTRUSTED, /* it holds, or might, but its key is nobody's who may sign */
};

struct judgement {
	enum judged verdict;
	char *signer; /* of SIG_GOOD: the person; NULL otherwise */
	char *key;    /* of SIG_GOOD: the key's fingerprint */
	char *why;    /* otherwise: "has no signature"; NULL of SIG_GOOD */
};

struct judge_keys { /* paths; NULL: none */
	const char *signers, *revoked, *openpgp;
	bool (*stopped)(void *user);
	void *user;
};

struct judge;
#define JUDGE_FOLDER "assent-judge-"
/* folder: where a private one is made, whose name begins so; others of this kind are removed, so
 * the caller holds its lock. */
bool judge_open(struct judge **out, const char *folder, const struct judge_keys *keys,
		GError **error) G_GNUC_WARN_UNUSED_RESULT;
void judge_free(struct judge *judge);
bool judge_commit(struct judge *judge, git_repository *repository, const git_oid *commit,
		  const struct judgement **out, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Does the commit's good signature hold at the present time, too? */
bool judge_holds_now(struct judge *judge, git_repository *repository, const git_oid *commit,
		     bool *out, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Before persons are told apart: OpenPGP keys that no signature has needed yet have names, too. */
bool judge_know_persons(struct judge *judge, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Equal for two good signatures of one person, as far as the keys tell (person.h). g_free() */
char *judge_person(const struct judge *judge, const struct judgement *judgement)
	G_GNUC_WARN_UNUSED_RESULT;

typedef struct judge judge_auto;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(judge_auto, judge_free)
