/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Verifies a plan and its approvals with libassent, and says what it would do.
 *
 *	verify-plan [-t TIME] PLAN SIGNATURE AGENT-KEY SIGNERS [PERSON APPROVAL-SIGNATURE]...
 *
 * PLAN and SIGNATURE are plan.json and plan.json.sig, AGENT-KEY the agent's plan key ("ssh-ed25519
 * ..."), SIGNERS the approver list; each PERSON is followed by the file with their signature of the
 * approval. TIME, in POSIX seconds, is when the approvals are to be judged: now, if not given.
 * Everything but the keys may come out of an exported bundle.
 *
 * Build: cc -o verify-plan verify-plan.c $(pkg-config --cflags --libs assent)
 */
#include <assent/assent.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define FILE_MAX ((size_t)64 << 20)
#define VOTES_MAX 64

/* The whole file with a NUL behind it, or NULL after a message. */
static char *read_file(const char *path, size_t *len)
{
	FILE *file = fopen(path, "rb");
	char *text = NULL;
	size_t size = 0, got;

	*len = 0;
	if (file == NULL) {
		perror(path);
		return NULL;
	}
	do {
		char *more = realloc(text, size + 65536 + 1);

		if (more == NULL || size > FILE_MAX) {
			(void)fprintf(stderr, "%s: too large\n", path);
			free(more != NULL ? more : text);
			(void)fclose(file);
			return NULL;
		}
		text = more;
		got = fread(text + size, 1, 65536, file);
		size += got;
	} while (got > 0);
	text[size] = '\0';
	*len = size;
	(void)fclose(file);
	return text;
}

static void print_plan(const assent_plan *plan)
{
	char text[ASSENT_DIGEST_TEXT_SIZE];
	struct assent_digest digest;
	struct assent_change change;

	assent_plan_digest(plan, &digest);
	assent_digest_text(text, &digest);
	(void)printf("plan %s\nagent %s, stack %s, commit %s\n", text, assent_plan_agent(plan),
		     assent_plan_stack(plan), assent_plan_commit(plan));
	for (size_t i = 0; i < assent_plan_change_count(plan); i++) {
		if (assent_plan_change(plan, i, &change, NULL) == 0) {
			(void)printf("  %s %s%s\n", change.action, change.id,
				     (change.risk & ASSENT_RISK_DELETION) != 0 ? " (deletion)"
									       : "");
		}
	}
}

struct input {
	char **pairs; /* PERSON FILE ... */
	size_t votes;
	int64_t now;
};

static int judge(const struct input *in, const assent_plan *plan, const assent_signers *signers)
{
	struct assent_vote votes[VOTES_MAX];
	struct assent_error err;
	size_t len, count = 0;
	int rc = 0;

	while (count < in->votes) {
		char *text = read_file(in->pairs[2 * count + 1], &len);

		if (text == NULL) {
			rc = ASSENT_EFAILED;
			break;
		}
		votes[count] = (struct assent_vote){.person = in->pairs[2 * count],
						    .decision = ASSENT_APPROVE,
						    .reason = "",
						    .signature = text};
		count++;
	}
	if (rc == 0) {
		rc = assent_quorum_verify(plan, votes, count, signers, 0, in->now, &err);
		(void)printf(rc == 0 ? "approved\n" : "not approved: %s\n", err.text);
	}
	while (count > 0) {
		free((char *)votes[--count].signature);
	}
	return rc;
}

static int verify(const struct input *in, char *plan_text, size_t plan_len, const char *sig,
		  size_t sig_len, const char *key_line, const char *list, size_t list_len)
{
	assent_key *key = NULL;
	assent_signers *signers = NULL;
	assent_plan *plan = NULL;
	struct assent_error err;
	int rc = assent_key_parse(&key, key_line, &err);

	if (rc == 0) {
		rc = assent_signers_parse(&signers, list, list_len, &err);
	}
	if (rc == 0) {
		rc = assent_plan_verify(&plan, plan_text, plan_len, sig, sig_len, key, &err);
	}
	if (rc != 0) {
		(void)fprintf(stderr, "verify-plan: %s\n", err.text);
	} else {
		print_plan(plan);
		rc = judge(in, plan, signers);
	}
	assent_plan_free(plan);
	assent_signers_free(signers);
	assent_key_free(key);
	return rc;
}

int main(int argc, char **argv)
{
	struct input in = {.now = (int64_t)time(NULL)};
	char *texts[4] = {NULL};
	size_t lens[4];
	int at = 1, rc = ASSENT_EFAILED;

	if (argc > 2 && strcmp(argv[1], "-t") == 0) {
		in.now = strtoll(argv[2], NULL, 10);
		at = 3;
	}
	if (argc - at < 4 || (argc - at) % 2 != 0 || (argc - at - 4) / 2 > VOTES_MAX) {
		(void)fprintf(stderr,
			      "usage: verify-plan [-t TIME] PLAN SIGNATURE AGENT-KEY SIGNERS "
			      "[PERSON APPROVAL-SIGNATURE]...\n");
		return 2;
	}
	in.pairs = argv + at + 4;
	in.votes = (size_t)(argc - at - 4) / 2;
	for (int i = 0; i < 4; i++) {
		texts[i] = read_file(argv[at + i], &lens[i]);
	}
	if (texts[0] != NULL && texts[1] != NULL && texts[2] != NULL && texts[3] != NULL) {
		rc = verify(&in, texts[0], lens[0], texts[1], lens[1], texts[2], texts[3], lens[3]);
	}
	for (int i = 0; i < 4; i++) {
		free(texts[i]);
	}
	return rc == 0 ? 0 : 1;
}
