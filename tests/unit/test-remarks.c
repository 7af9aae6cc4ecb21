/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of the comparison of policy and trust: cli/remarks.c. */
#include "cli/remarks.h"

#include <string.h>

#include "base/file.h"
#include "signer-line.h"
#include "temp-dir.h"

#define PEOPLE "people:\n  alice: {email: [alice@example.org]}\n  bob: {email: [bob@example.org]}\n"
#define KNOWN "people:\n  alice: Alice@Example.org\n  bob: [bob@example.org, bob@b]\n"

struct rig {
	char *dir, *trust_file;
	struct conf *conf;
	struct trust *trust;
	struct signers *signers;
	GPtrArray *list;
};

static void load(struct rig *rig, const char *conf_text, const char *trust_text)
{
	g_autofree char *key = seed_key_line(1), *signers_text = NULL, *list_file = NULL;
	g_autofree char *conf = g_strconcat("agent: web1\n", conf_text, NULL);
	g_autofree char *trust = g_strdup_printf("agents:\n  web1: %s\n%s", key, trust_text);
	g_autofree char *conf_file = temp_file(rig->dir, "assentd.yaml", conf);
	g_autoptr(GError) error = NULL;
	struct assent_error err;
	struct diag_list diags;
	size_t len;

	diag_list_init(&diags);
	rig->conf = conf_load(conf_file, &diags, &error);
	g_assert_no_error(error);
	if (rig->conf == NULL) {
		g_error("%s", diag_text(&diags));
	}
	diag_list_clear(&diags);
	rig->trust_file = temp_file(rig->dir, "trust.yaml", trust);
	g_assert_true(trust_load(rig->trust_file, &rig->trust, &error));
	list_file = g_build_filename(rig->dir, "allowed_signers", NULL);
	g_assert_true(file_read(list_file, 4096, &signers_text, &len, &error));
	g_assert_cmpint(signers_parse(&rig->signers, signers_text, len, &err), ==, 0);
}

static void rig_start(struct rig *rig, const char *conf, const char *trust)
{
	g_autofree char *alice = seed_signer_line("alice", 2), *bob = seed_signer_line("bob", 3);
	g_autofree char *both = g_strconcat(alice, bob, NULL);
	g_autofree char *other = g_strconcat(alice, "# nobody else\n", NULL);
	g_autofree char *again = g_strconcat("# the same\n", both, NULL);

	rig->dir = temp_new();
	g_free(temp_file(rig->dir, "allowed_signers", both));
	g_free(temp_file(rig->dir, "fewer", other));
	g_free(temp_file(rig->dir, "again", again));
	load(rig, conf, trust);
	rig->list = remarks_of(rig->conf, rig->signers, rig->trust, rig->trust_file, false);
}

static void rig_stop(struct rig *rig)
{
	g_ptr_array_unref(rig->list);
	signers_free(rig->signers);
	trust_free(rig->trust);
	conf_free(rig->conf);
	g_free(rig->trust_file);
	temp_free(rig->dir);
}

/* What is remarked, and what to do; ends with NULL. */
struct remarked {
	bool bad;
	const char *text, *hint;
};

static void check(const char *conf, const char *trust, const struct remarked *expected)
{
	struct rig rig;
	size_t count = 0;

	rig_start(&rig, conf, trust);
	for (; expected[count].text != NULL; count++) {
		const struct remark *remark;

		g_assert_cmpuint(count, <, rig.list->len);
		remark = g_ptr_array_index(rig.list, count);
		g_test_message("%s; %s", remark->text, remark->hint);
		g_assert_nonnull(strstr(remark->text, expected[count].text));
		g_assert_nonnull(strstr(remark->hint, expected[count].hint));
		g_assert_cmpint(remark->bad, ==, expected[count].bad);
	}
	g_assert_cmpuint(rig.list->len, ==, count);
	rig_stop(&rig);
}

#define STACK(more) "stacks:\n  web:\n    source: {url: \"https://g/r\"}\n" more

static void test_nothing_to_remark(void)
{
	check(STACK("    approval: {required: 1, from: [alice, bob], channels: [signature, slack], "
		    "break-glass: [bob]}\n") PEOPLE,
	      "approvers: allowed_signers\nattested: [slack, page]\nbreak_glass: true\n" KNOWN,
	      (struct remarked[]){{0}});
}

static void test_channels(void)
{
	check(STACK("    approval: {required: 1, from: [alice], channels: [signature, slack, "
		    "page]}\n    rules:\n"
		    "      - {match: {kind: file}, channels: [slack, ntfy]}\n"
		    "      - {match: {kind: link}, required: 1}\n") PEOPLE,
	      "approvers: allowed_signers\nattested: [page]\n" KNOWN,
	      (struct remarked[]){
		      {true, "'stacks.web.approval' takes decisions by 'slack'",
		       "add 'slack' to 'attested' in '"},
		      {true, "'stacks.web.rules[0]' takes decisions by 'ntfy'", "add 'ntfy'"},
		      {0}});
}

static void test_minimum(void)
{
	check(STACK("    approval: {required: 2, from: [alice, bob], quiet: 1h}\n    rules:\n"
		    "      - {match: {kind: file}, required: 0, channels: [slack]}\n"
		    "      - {match: {kind: link}, channels: [signature]}\n") PEOPLE,
	      "approvers: allowed_signers\nminimum: 2\n" KNOWN,
	      (struct remarked[]){
		      {true, "'stacks.web.approval' lets silence approve", "write 'minimum: 0' in"},
		      {true,
		       "'stacks.web.rules[0]' has 'required: 0', less than the worker's "
		       "'minimum: 2'",
		       "write 'minimum: 0' in"},
		      {true, "'stacks.web.rules[0]' lets silence approve", "take 'quiet' out"},
		      {0}});
	check(STACK("    approval: {required: 2, from: [alice, bob], quiet: 1h}\n    rules:\n"
		    "      - {match: {kind: file}, required: 0}\n") PEOPLE,
	      "approvers: allowed_signers\nminimum: 0\n" KNOWN, (struct remarked[]){{0}});
}

static void test_common_rule_is_told_once(void)
{
	check("stacks:\n  web:\n    source: {url: \"https://g/r\"}\n    approval: {from: [bob]}\n"
	      "  db:\n    source: {url: \"https://g/r\"}\n    approval: {from: [bob]}\n"
	      "rules:\n  - {match: {kind: file}, required: 0}\n" PEOPLE,
	      "approvers: allowed_signers\nminimum: 1\n" KNOWN,
	      (struct remarked[]){{true, "'rules[0]' has 'required: 0'", "'minimum: 0'"}, {0}});
}

static void test_break_glass(void)
{
	check(STACK("    approval: {from: [alice], break-glass: [bob]}\n") PEOPLE,
	      "approvers: allowed_signers\n" KNOWN,
	      (struct remarked[]){{true, "'stacks.web.approval' lets people break the glass",
				   "'break_glass: true'"},
				  {0}});
}

static void test_addresses(void)
{
	check(STACK("    approval: {from: [alice, bob]}\n") PEOPLE,
	      "approvers: allowed_signers\npeople:\n  bob: other@example.org\n",
	      (struct remarked[]){
		      {false, "'alice' is alice@example.org", "'alice: [alice@example.org]'"},
		      {false, "'bob' is bob@example.org", "under 'people' in"},
		      {0}});
	check(STACK("    approval: {from: [alice, bob], author-may-approve: true}\n") PEOPLE,
	      "approvers: allowed_signers\n", (struct remarked[]){{0}});
}

static void test_nobody_recognises_a_chat_id(void)
{
	const char *people = "people:\n  alice: {email: [alice@example.org]}\n"
			     "  carol: {slack: T024/U024BE7LH}\n";
	g_autofree char *on = g_strconcat(
		STACK("    approval: {from: [alice, carol], channels: [signature, slack]}\n"),
		people, NULL);
	g_autofree char *off = g_strconcat(
		STACK("    approval: {from: [alice, carol], channels: [signature, slack], "
		      "author-may-approve: true}\n"),
		people, NULL);
	const char *trust = "approvers: allowed_signers\nattested: [slack]\n" KNOWN;

	check(on, trust,
	      (struct remarked[]){{false,
				   "'stacks.web.approval' lets no author approve, and 'carol' has "
				   "no e-mail address",
				   "write 'email: [ADDRESS]' for 'carol' under 'people'"},
				  {0}});
	check(off, trust, (struct remarked[]){{0}});
}

static void test_keys(void)
{
	const char *conf = STACK("    approval: {from: [alice]}\n") PEOPLE;

	check(conf, "approvers: fewer\n" KNOWN,
	      (struct remarked[]){{true,
				   "differ, first in a key of 'bob': the worker refuses every plan",
				   "copy the right one"},
				  {0}});
	check(conf, "approvers: again\n" KNOWN,
	      (struct remarked[]){
		      {true, "have the same keys and are not the same text", "'approvers' in"},
		      {0}});
}

static void test_restores(void)
{
	static const char trust[] = "approvers: allowed_signers\n" KNOWN;
	static const char fix[] =
		STACK("    approval: {from: [alice]}\n    on-drift: fix\n") PEOPLE;
	static const char rule[] = STACK("    approval: {from: [alice]}\n    drift-rules:\n"
					 "      - {kind: link, on-drift: ignore}\n"
					 "      - {kind: file, on-drift: fix}\n") PEOPLE;

	check(fix, trust,
	      (struct remarked[]){{false, "'stacks.web.on-drift' is 'fix'", "'restore: true' in"},
				  {0}});
	check(rule, trust,
	      (struct remarked[]){
		      {false, "'stacks.web.drift-rules[1].on-drift' is 'fix'", "'propose'"}, {0}});
	check(fix, "restore: true\napprovers: allowed_signers\n" KNOWN, (struct remarked[]){{0}});
	check(STACK("    approval: {from: [alice]}\n    on-drift: report\n") PEOPLE, trust,
	      (struct remarked[]){{0}});
}

/* Each file is for the stacks whose worker reads it. */
static void test_raised_stacks(void)
{
	static const char conf[] =
		STACK("    approval: {required: 1, from: [alice, bob]}\n"
		      "  top:\n    source: {url: \"https://g/r\"}\n    elevate: sudo\n"
		      "    approval: {required: 1, from: [alice, bob]}\n") PEOPLE;
	struct rig rig;

	rig_start(&rig, conf, "approvers: fewer\nminimum: 2\n" KNOWN);
	for (int raised = 0; raised < 2; raised++) {
		g_autoptr(GPtrArray) list =
			remarks_of(rig.conf, rig.signers, rig.trust, rig.trust_file, raised == 1);
		const struct remark *remark;

		g_assert_cmpuint(list->len, ==, 2);
		remark = g_ptr_array_index(list, 0);
		g_assert_nonnull(strstr(remark->text, "the worker refuses every plan"));
		remark = g_ptr_array_index(list, 1);
		g_assert_nonnull(strstr(remark->text, raised == 1 ? "'stacks.top.approval' has"
								  : "'stacks.web.approval' has"));
	}
	rig_stop(&rig);
	rig_start(&rig, STACK("    approval: {required: 1, from: [alice]}\n") PEOPLE,
		  "approvers: fewer\n" KNOWN);
	g_ptr_array_unref(rig.list);
	rig.list = remarks_of(rig.conf, rig.signers, rig.trust, rig.trust_file, true);
	g_assert_cmpuint(rig.list->len, ==, 0);
	rig_stop(&rig);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/remarks/nothing-to-remark", test_nothing_to_remark);
	g_test_add_func("/remarks/channels", test_channels);
	g_test_add_func("/remarks/minimum", test_minimum);
	g_test_add_func("/remarks/common-rule-is-told-once", test_common_rule_is_told_once);
	g_test_add_func("/remarks/break-glass", test_break_glass);
	g_test_add_func("/remarks/addresses", test_addresses);
	g_test_add_func("/remarks/nobody-recognises-a-chat-id", test_nobody_recognises_a_chat_id);
	g_test_add_func("/remarks/keys", test_keys);
	g_test_add_func("/remarks/restores", test_restores);
	g_test_add_func("/remarks/raised-stacks", test_raised_stacks);
	return g_test_run();
}
