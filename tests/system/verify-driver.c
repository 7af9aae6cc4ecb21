/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Judges commits as the worker does: verify-driver REPOSITORY FOLDER SIGNERS REVOKED OPENPGP, "-"
 * for none; ids come on stdin. For each a line "ID VERDICT SIGNER", where SIGNER may be "-".
 */
#include "worker/source/judge.h"
#include "worker/source/repo.h"

#include "core/plan.h"

#include <stdio.h>
#include <string.h>

static const char *given(const char *word)
{
	return strcmp(word, "-") == 0 ? NULL : word;
}

static bool judge_line(struct judge *judge, git_repository *repository, const char *id,
		       GError **error)
{
	const struct judgement *judgement;
	git_oid oid;

	if (!repo_oid_parse(&oid, id, error) ||
	    !judge_commit(judge, repository, &oid, &judgement, error)) {
		return false;
	}
	printf("%s %s %s\n", id, plan_signature_names[judgement->verdict],
	       judgement->signer != NULL ? judgement->signer : "-");
	return true;
}

static bool run(char **argv, GError **error)
{
	const struct judge_keys keys = {
		.signers = given(argv[3]), .revoked = given(argv[4]), .openpgp = given(argv[5])};
	g_autoptr(judge_auto) judge = NULL;
	g_autoptr(git_repository_auto) repository = NULL;
	char line[128];

	if (!repo_setup(error) || !repo_open(argv[1], &repository, error) ||
	    !judge_open(&judge, argv[2], &keys, error)) {
		return false;
	}
	while (fgets(line, sizeof(line), stdin) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		if (!judge_line(judge, repository, line, error)) {
			return false;
		}
	}
	return true;
}

int main(int argc, char **argv)
{
	g_autoptr(GError) error = NULL;

	if (argc != 6) {
		fprintf(stderr, "usage: verify-driver REPOSITORY FOLDER SIGNERS REVOKED OPENPGP\n");
		return 2;
	}
	if (!run(argv, &error)) {
		fprintf(stderr, "verify-driver: %s\n", error->message);
		return 1;
	}
	return 0;
}
