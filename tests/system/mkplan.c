/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * For tests of the worker without an agent: signs what a test wants signed.
 *
 *	mkplan keys DIR                     agent.key, alice.key, bob.key, eve.key, allowed_signers
 *	                                    (alice, bob), trust.yaml
 *	mkplan plan DIR DRAFT OUT [KEY [LIFETIME [REQUIRED [CHANNEL]]]]
 *	                                    OUT and OUT.sig from a worker's draft; CHANNEL counts
 *	                                    besides signatures
 *	mkplan request DIR OUT OBJECTS JOURNAL PERSON...
 *	                                    an apply request with these votes; "alice=bob.key" votes
 *	                                    as alice with another key, "alice@slack" is attested by
 *	                                    the agent, "alice@slack=alice.key" by another key,
 *	                                    "-alice" rejects
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/autoptr.h"
#include "base/error.h"
#include "base/file.h"
#include "base/trust.h"
#include "core/approval.h"
#include "core/sign.h"

#define AGENT "test.example.org"

static void die(const char *what)
{
	fprintf(stderr, "mkplan: %s\n", what);
	exit(2);
}

static void check(int rc, const struct assent_error *err)
{
	if (rc != 0) {
		die(err->text);
	}
}

static void write_file(const char *dir, const char *name, const char *text, size_t len)
{
	g_autofree char *path = dir != NULL ? g_build_filename(dir, name, NULL) : g_strdup(name);
	g_autoptr(GError) error = NULL;

	if (!file_replace(path, text, len, 0600, &error)) {
		die(error->message);
	}
}

static char *read_file(const char *dir, const char *name, size_t *len)
{
	g_autofree char *path = dir != NULL ? g_build_filename(dir, name, NULL) : g_strdup(name);
	g_autoptr(GError) error = NULL;
	char *text = NULL;

	if (!file_read(path, PLAN_MAX_SIZE, &text, len, &error)) {
		die(error->message);
	}
	return text;
}

static struct secret *load_key(const char *dir, const char *name)
{
	struct assent_error err = {0};
	struct secret *key = NULL;
	g_autofree char *text = NULL;
	size_t len;

	text = read_file(dir, name, &len);
	check(secret_from_openssh(&key, text, len, &err), &err);
	return key;
}

/* The public line of a fresh key. */
static char *make_key(const char *dir, const char *name)
{
	struct assent_error err = {0};
	struct ssh_key public = {.type = SSH_ED25519};
	g_autofree char *file = g_strconcat(name, ".key", NULL);
	struct secret *key = NULL;
	char *text = NULL, *line = NULL;

	check(secret_generate(&key, &err), &err);
	check(secret_to_openssh(key, name, &text, &err), &err);
	write_file(dir, file, text, strlen(text));
	secret_text_free(text);
	secret_public(key, public.pk);
	check(ssh_key_line(&line, &public, &err), &err);
	secret_free(key);
	return line;
}

static void make_keys(const char *dir)
{
	autocfree char *agent = make_key(dir, "agent");
	autocfree char *alice = make_key(dir, "alice");
	autocfree char *bob = make_key(dir, "bob");
	g_autofree char *signers =
		g_strdup_printf("alice namespaces=\"" SSHSIG_NS_APPROVAL
				"\" %s\nbob namespaces=\"" SSHSIG_NS_APPROVAL "\" %s\n",
				alice, bob);
	g_autofree char *trust = trust_text(AGENT, agent, "allowed_signers", 1);

	free(make_key(dir, "eve")); // stands in no list
	write_file(dir, "allowed_signers", signers, strlen(signers));
	write_file(dir, "trust.yaml", trust, strlen(trust));
}

static enum channel channel_of(const char *name)
{
	enum channel channel;

	if (!channel_find(name, &channel)) {
		die(name);
	}
	return channel;
}

static void make_plan(const char *dir, const char *draft, const char *out, const char *key_name,
		      int64_t lifetime, int64_t required, const char *channel_name)
{
	static const char zeros[] = "0000000000000000000000000000000000000000";
	const char *from[] = {"alice", "bob", NULL};
	struct assent_error err = {0};
	struct plan *parsed = NULL;
	struct plan plan;
	struct secret *key = load_key(dir, key_name);
	char *text = NULL, *armor = NULL;
	g_autofree char *bytes = NULL;
	g_autofree char *signers = NULL;
	g_autofree char *sig = g_strconcat(out, ".sig", NULL);
	size_t len, signers_len, text_len;

	bytes = read_file(NULL, draft, &len);
	signers = read_file(dir, "allowed_signers", &signers_len);
	check(plan_draft_parse(&parsed, bytes, len, &err), &err);
	plan = *parsed;
	plan.agent = AGENT;
	plan.stack = "web";
	plan.nonce = "00112233445566778899aabbccddeeff";
	plan.reason = plan.restores_count > 0 ? "drift" : "commit";
	plan.repository = "file:///ops.git";
	plan.ref = "refs/heads/main";
	plan.path = ".";
	plan.seq = 1;
	plan.created = (int64_t)time(NULL) - 3600;
	plan.expires = (int64_t)time(NULL) + lifetime;
	plan.target_commit = plan.target_tree = zeros;
	plan.policy = (struct plan_policy){
		.required = required, .from = from, .channels = CHANNEL_BIT(CHANNEL_SIGNATURE)};
	if (channel_name != NULL) {
		plan.policy.channels |= CHANNEL_BIT(channel_of(channel_name));
	}
	hash_bytes(&plan.policy.approvers, signers, signers_len);
	check(plan_write(&text, &text_len, &plan, &err), &err);
	check(secret_sshsig(key, SSHSIG_NS_PLAN, text, text_len, &armor, &err), &err);
	write_file(NULL, out, text, text_len);
	write_file(NULL, sig, armor, strlen(armor));
	free(text);
	free(armor);
	plan_free(parsed);
	secret_free(key);
}

static void sign_raw(const char *dir, const char *file)
{
	g_autofree char *sig = g_strconcat(file, ".sig", NULL);
	struct secret *key = load_key(dir, "agent.key");
	struct assent_error err = {0};
	g_autofree char *bytes = NULL;
	char *armor = NULL;
	size_t len;

	bytes = read_file(NULL, file, &len);
	check(secret_sshsig(key, SSHSIG_NS_PLAN, bytes, len, &armor, &err), &err);
	write_file(NULL, sig, armor, strlen(armor));
	free(armor);
	secret_free(key);
}

/* The members that tell how an attested vote came. */
static void write_attestation(struct json_writer *w, const struct attestation *by)
{
	char evidence[HASH_TEXT_SIZE];

	hash_text(evidence, &by->evidence);
	json_w_str(w, "channel", channel_names[by->channel]);
	json_w_str(w, "evidence", evidence);
	json_w_int(w, "time", by->time);
}

static void add_vote(struct json_writer *w, const char *dir, const struct plan *plan,
		     const char *voter)
{
	bool rejects = voter[0] == '-';
	g_auto(GStrv) parts = g_strsplit(voter + rejects, "=", 2);
	g_auto(GStrv) names = g_strsplit(parts[0], "@", 2);
	g_autofree char *own = g_strconcat(names[1] != NULL ? "agent" : names[0], ".key", NULL);
	struct statement st = {.agent = plan->agent,
			       .stack = plan->stack,
			       .approver = names[0],
			       .verdict = rejects ? VERDICT_REJECT : VERDICT_APPROVE,
			       .plan = plan->digest,
			       .seq = plan->seq,
			       .expires = plan->expires,
			       .reason = rejects ? "no" : ""};
	struct attestation by = {.time = (int64_t)time(NULL)};
	struct secret *key = load_key(dir, parts[1] != NULL ? parts[1] : own);
	struct assent_error err = {0};
	char *text = NULL, *armor = NULL;
	const char *ns = names[1] != NULL ? SSHSIG_NS_ATTESTATION : SSHSIG_NS_APPROVAL;
	size_t len;

	if (names[1] != NULL) {
		by.channel = channel_of(names[1]);
		check(attestation_text(&text, &len, &st, &by, &err), &err);
	} else {
		check(statement_text(&text, &len, &st, &err), &err);
	}
	check(secret_sshsig(key, ns, text, len, &armor, &err), &err);
	json_w_object(w, NULL);
	json_w_str(w, "person", names[0]);
	json_w_str(w, "decision", verdict_names[st.verdict]);
	json_w_str(w, "reason", st.reason);
	json_w_str(w, "signature", armor);
	if (names[1] != NULL) {
		write_attestation(w, &by);
	}
	json_w_end(w);
	free(text);
	free(armor);
	secret_free(key);
}

static void print_request(char **args, int count)
{
	const char *dir = args[0], *out = args[1];
	g_autofree char *sig = g_strconcat(out, ".sig", NULL);
	struct assent_error err = {0};
	struct json_writer *w = json_writer_new(0);
	struct plan *plan = NULL;
	g_autofree char *bytes = NULL;
	char *text = NULL;
	size_t len;

	bytes = read_file(NULL, out, &len);
	check(plan_parse(&plan, bytes, len, &err), &err);
	json_w_object(w, NULL);
	json_w_int(w, "v", 1);
	json_w_str(w, "job", "apply");
	json_w_str(w, "mode", "apply");
	json_w_str(w, "plan", out);
	json_w_str(w, "signature", sig);
	json_w_str(w, "objects", args[2]);
	json_w_str(w, "journal", args[3]);
	json_w_array(w, "approvals");
	for (int i = 4; i < count; i++) {
		add_vote(w, dir, plan, args[i]);
	}
	json_w_end(w);
	json_w_end(w);
	check(json_writer_finish(w, &text, &len, &err), &err);
	puts(text);
	free(text);
	plan_free(plan);
}

int main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "keys") == 0) {
		make_keys(argv[2]);
	} else if (argc >= 5 && argc <= 9 && strcmp(argv[1], "plan") == 0) {
		make_plan(argv[2], argv[3], argv[4], argc > 5 ? argv[5] : "agent.key",
			  argc > 6 ? g_ascii_strtoll(argv[6], NULL, 10) : 3600,
			  argc > 7 ? g_ascii_strtoll(argv[7], NULL, 10) : 1,
			  argc > 8 ? argv[8] : NULL);
	} else if (argc == 4 && strcmp(argv[1], "sign") == 0) {
		sign_raw(argv[2], argv[3]);
	} else if (argc >= 6 && strcmp(argv[1], "request") == 0) {
		print_request(argv + 2, argc - 2);
	} else {
		die("usage: see the head of mkplan.c");
	}
	return 0;
}
