/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which approvals changes ask for. */
#include "agent/policy.h"

#include <string.h>

#include "base/error.h"
#include "core/plan.h"

static char alice[] = "alice", bob[] = "bob", carol[] = "carol", dora[] = "dora";
static char *ops[] = {alice, bob, carol, NULL};
static char *boss[] = {carol, NULL};
static char *outsider[] = {dora, NULL};

#define POLICY_DELETIONS 10 // as by default

struct world {
	struct conf conf;
	struct conf_stack stack;
};

static void begin(struct world *w, struct conf_rule *rules, size_t count)
{
	*w = (struct world){0};
	w->conf.people = g_ptr_array_new();
	w->conf.groups = g_ptr_array_new();
	w->stack.name = (char *)"web";
	w->stack.approval = (struct conf_approval){.required = 1,
						   .from = ops,
						   .expires = 3600,
						   .deletion_threshold = POLICY_DELETIONS,
						   .deletion_share = 25,
						   .size_threshold = 100};
	w->stack.rules = g_ptr_array_new();
	for (size_t i = 0; i < count; i++) {
		g_ptr_array_add(w->stack.rules, &rules[i]);
	}
}

static void finish(struct world *w)
{
	g_ptr_array_unref(w->conf.people);
	g_ptr_array_unref(w->conf.groups);
	g_ptr_array_unref(w->stack.rules);
}

/* "required from,from author expires" of the changes, or the error. */
static char *judge(struct conf_rule *rules, size_t rule_count, const struct policy_change *changes,
		   size_t count)
{
	g_autoptr(GError) error = NULL;
	struct policy_input in = {
		.changes = changes, .count = count, .resources = 100, .home = "/home/me"};
	struct policy policy;
	struct world w;
	char *text;

	begin(&w, rules, rule_count);
	if (!policy_of(&w.conf, &w.stack, &in, &policy, &error)) {
		text = g_strdup_printf("error: %s", error->message);
	} else {
		g_autofree char *from = g_strjoinv(",", policy.from);

		text = g_strdup_printf("%d %s %d %d", (int)policy.required, from,
				       policy.author_may_approve, (int)policy.expires);
		policy_clear(&policy);
	}
	finish(&w);
	return text;
}

#define FILE_CHANGE(p)                                                                             \
	{                                                                                          \
		.kind = "file", .path = (p), .action = "update"                                    \
	}

static void expect(struct conf_rule *rules, size_t rule_count, const struct policy_change *changes,
		   size_t count, const char *what)
{
	g_autofree char *got = judge(rules, rule_count, changes, count);

	g_assert_cmpstr(got, ==, what);
}

static void test_base(void)
{
	const struct policy_change changes[] = {FILE_CHANGE("/etc/x")};

	expect(NULL, 0, changes, 1, "1 alice,bob,carol 0 3600");
}

static void test_strictest(void)
{
	struct conf_rule rules[] = {
		{.path = (char *)"/etc/**", .approval = {2, ops, 600, true}},
		{.risk = (char *)"deletion", .approval = {1, boss, 7200, false}},
	};
	const struct policy_change etc = FILE_CHANGE("/etc/x");
	const struct policy_change gone = {
		.kind = "file", .path = "/srv/x", .action = "remove", .risk = RISK_DELETION};
	const struct policy_change both[] = {etc, gone};
	const struct policy_change one = {.kind = "file",
					  .path = "/etc/x",
					  .action = "remove",
					  .risk = RISK_DELETION | RISK_ROOT};

	expect(rules, 2, &etc, 1, "2 alice,bob,carol 1 600");
	expect(rules, 2, &gone, 1, "1 carol 0 7200");
	/* two of whom only one may: nobody could ever approve */
	expect(rules, 2, both, 2,
	       "error: the rules of stack 'web' ask for 2 approvals, but all of them together "
	       "accept only 1 people; change its 'approval' or 'rules'");
	expect(rules, 2, &one, 1,
	       "error: the rules of stack 'web' ask for 2 approvals, but all of them together "
	       "accept only 1 people; change its 'approval' or 'rules'");
}

static void test_nobody(void)
{
	struct conf_rule rules[] = {
		{.kind = (char *)"file", .approval = {1, boss, 600, false}},
		{.action = (char *)"update", .approval = {1, outsider, 600, false}},
	};
	const struct policy_change change = FILE_CHANGE("/etc/x");
	g_autofree char *got = judge(rules, 2, &change, 1);

	g_assert_true(g_str_has_prefix(got, "error: "));
}

static void test_automatic(void)
{
	struct conf_rule rules[] = {
		{.path = (char *)"~/app/**", .approval = {0, ops, 600, true}},
	};
	const struct policy_change app[] = {FILE_CHANGE("/home/me/app/a"),
					    FILE_CHANGE("/home/me/app/b/c")};
	const struct policy_change mixed[] = {FILE_CHANGE("/home/me/app/a"),
					      FILE_CHANGE("/home/me/.ssh/config")};
	const struct policy_change pathless = {.kind = "file", .action = "update"};

	expect(rules, 1, app, 2, "0  1 600");
	expect(rules, 1, mixed, 2, "1 alice,bob,carol 0 600");
	expect(rules, 1, &pathless, 1, "1 alice,bob,carol 0 3600");
}

static void test_deletions(void)
{
	struct conf_rule rules[] = {{.kind = (char *)"file", .approval = {0, ops, 600, true}}};
	struct policy_change many[POLICY_DELETIONS + 1];
	g_autofree char *few = NULL;
	g_autofree char *lots = NULL;

	for (size_t i = 0; i < G_N_ELEMENTS(many); i++) {
		many[i] = (struct policy_change){
			.kind = "file", .path = "/x", .action = "remove", .risk = RISK_DELETION};
	}
	few = judge(rules, 1, many, POLICY_DELETIONS);
	lots = judge(rules, 1, many, POLICY_DELETIONS + 1);
	g_assert_cmpstr(few, ==, "0  1 600");
	g_assert_cmpstr(lots, ==, "1 alice,bob,carol 0 600");
}

static void test_share_of_deletions(void)
{
	struct conf_rule rules[] = {{.kind = (char *)"file", .approval = {0, ops, 600, true}}};
	struct policy_change few[POLICY_DELETIONS_FEW + 1];
	struct policy_input in = {.changes = few, .count = G_N_ELEMENTS(few)};
	struct policy policy;
	struct world w;

	for (size_t i = 0; i < G_N_ELEMENTS(few); i++) {
		few[i] = (struct policy_change){
			.kind = "file", .path = "/x", .action = "remove", .risk = RISK_DELETION};
	}
	begin(&w, rules, 1);
	in.resources = 16;
	g_assert_true(policy_of(&w.conf, &w.stack, &in, &policy, NULL));
	g_assert_cmpint(policy.required, ==, 0);
	policy_clear(&policy);
	in.resources = 15;
	g_assert_true(policy_of(&w.conf, &w.stack, &in, &policy, NULL));
	g_assert_cmpint(policy.required, ==, 1);
	policy_clear(&policy);
	finish(&w);
}

/* The channels' names, or the error; unsigned_commits as given. */
static char *channels_of(struct conf_rule *rules, size_t rule_count, char **stack_channels,
			 const struct policy_input *in)
{
	g_autoptr(GError) error = NULL;
	GString *text = g_string_new(NULL);
	struct policy policy;
	struct world w;

	begin(&w, rules, rule_count);
	w.stack.approval.channels = stack_channels;
	if (!policy_of(&w.conf, &w.stack, in, &policy, &error)) {
		g_string_printf(text, "error: %s", error->message);
	} else {
		for (int i = 0; i < CHANNELS; i++) {
			if ((policy.channels & CHANNEL_BIT(i)) != 0) {
				g_string_append_printf(text, "%s ", channel_names[i]);
			}
		}
		policy_clear(&policy);
	}
	finish(&w);
	return g_string_free(text, FALSE);
}

static char signature[] = "signature", slack[] = "slack", page[] = "page";
static char *desk[] = {signature, slack, page, NULL};
static char *only_slack[] = {slack, NULL};
static char *only_page[] = {page, NULL};

static void expect_channels(struct conf_rule *rules, size_t rule_count,
			    const struct policy_change *changes, size_t count, const char *what)
{
	const struct policy_input in = {.changes = changes, .count = count, .resources = 100};
	g_autofree char *got = channels_of(rules, rule_count, desk, &in);

	g_assert_cmpstr(got, ==, what);
}

static void test_channels(void)
{
	struct conf_rule rules[] = {
		{.path = (char *)"/a/**",
		 .names_channels = true,
		 .approval = {.required = 1, .from = ops, .channels = only_slack}},
		{.path = (char *)"/*/b",
		 .names_channels = true,
		 .approval = {.required = 1, .from = ops, .channels = only_page}},
		{.path = (char *)"/free",
		 .names_channels = true,
		 .approval = {.required = 0, .channels = only_page}},
	};
	const struct policy_change plain[] = {FILE_CHANGE("/x")};
	const struct policy_change one[] = {FILE_CHANGE("/x"), FILE_CHANGE("/a/x")};
	const struct policy_change none[] = {FILE_CHANGE("/a/b")};
	const struct policy_change with_free[] = {FILE_CHANGE("/x"), FILE_CHANGE("/free")};
	const struct policy_input in = {.changes = plain, .count = 1};
	g_autofree char *by_default = channels_of(NULL, 0, NULL, &in);

	g_assert_cmpstr(by_default, ==, "signature ");
	expect_channels(rules, 3, plain, 1, "signature slack page ");
	expect_channels(rules, 3, one, 2, "slack ");
	expect_channels(rules, 3, none, 1,
			"error: the rules of stack 'web' have no channel in common by which to "
			"approve; change its 'approval' or 'rules'");
	expect_channels(rules, 3, with_free, 2, "signature slack page ");
	expect_channels(rules, 3, with_free + 1, 1, "signature ");
}

#define RISKY(p, r)                                                                                \
	{                                                                                          \
		.kind = "file", .path = (p), .action = "update", .risk = (r)                       \
	}

/* What is dangerous wants a key, unless a rule for this very danger says otherwise. */
static void test_signed_risks(void)
{
	struct conf_rule rules[] = {
		{.risk = (char *)"root",
		 .names_channels = true,
		 .approval = {.required = 1, .from = ops, .channels = desk}},
		{.kind = (char *)"file",
		 .names_channels = true,
		 .approval = {.required = 1, .from = ops, .channels = desk}},
		{.risk = (char *)"root",
		 .approval = {.required = 1, .from = ops, .channels = desk}},
		{.path = (char *)"/auto", .approval = {.required = 0}},
	};
	const struct policy_change secret[] = {RISKY("/x", RISK_SECRET)};
	const struct policy_change cluster[] = {RISKY("/x", RISK_CLUSTER)};
	const struct policy_change root[] = {RISKY("/x", RISK_ROOT)};
	const struct policy_change both[] = {RISKY("/x", RISK_ROOT | RISK_SECRET)};
	const struct policy_change script[] = {RISKY("/x", RISK_EXECUTABLE)};
	const struct policy_change automatic[] = {FILE_CHANGE("/x"), RISKY("/auto", RISK_ROOT)};

	expect_channels(NULL, 0, secret, 1, "signature ");
	expect_channels(NULL, 0, cluster, 1, "signature ");
	expect_channels(NULL, 0, root, 1, "signature ");
	expect_channels(NULL, 0, script, 1, "signature slack page ");
	expect_channels(rules, 1, root, 1, "signature slack page ");
	expect_channels(rules, 1, both, 1, "signature ");
	expect_channels(rules + 1, 1, root, 1, "signature "); // matches, but not for its risk
	expect_channels(rules + 2, 1, root, 1, "signature "); // for its risk, but names none
	expect_channels(rules + 3, 1, automatic, 2, "signature slack page ");
}

/* What people approved is put back without them, but not when that removes much. */
static void test_restoring_deletions(void)
{
	struct policy_change many[POLICY_DELETIONS + 1];
	struct policy_input in = {.changes = many, .resources = 100, .restores = true};
	struct policy policy;
	struct world w;

	for (size_t i = 0; i < G_N_ELEMENTS(many); i++) {
		many[i] = (struct policy_change){
			.kind = "file", .path = "/x", .action = "remove", .risk = RISK_DELETION};
	}
	begin(&w, NULL, 0);
	in.count = POLICY_DELETIONS;
	g_assert_true(policy_of(&w.conf, &w.stack, &in, &policy, NULL));
	g_assert_cmpint(policy.required, ==, 0);
	policy_clear(&policy);
	in.count = POLICY_DELETIONS + 1;
	g_assert_true(policy_of(&w.conf, &w.stack, &in, &policy, NULL));
	g_assert_cmpint(policy.required, ==, 1);
	g_assert_cmpuint(policy.channels, ==, CHANNEL_BIT(CHANNEL_SIGNATURE));
	policy_clear(&policy);
	finish(&w);
}

static void test_many_deletions_are_signed(void)
{
	struct conf_rule rule = {.risk = (char *)"deletion",
				 .names_channels = true,
				 .approval = {.required = 1, .from = ops, .channels = only_slack}};
	struct policy_change many[POLICY_DELETIONS + 1];

	for (size_t i = 0; i < G_N_ELEMENTS(many); i++) {
		many[i] = (struct policy_change){
			.kind = "file", .path = "/x", .action = "remove", .risk = RISK_DELETION};
	}
	expect_channels(NULL, 0, many, POLICY_DELETIONS, "signature slack page ");
	expect_channels(NULL, 0, many, POLICY_DELETIONS + 1, "signature ");
	expect_channels(&rule, 1, many, POLICY_DELETIONS + 1, "slack ");
}

static int64_t quiet_of(struct conf_rule *rules, size_t rule_count, int64_t stack_quiet,
			const struct policy_change *changes, size_t count)
{
	const struct policy_input in = {.changes = changes, .count = count, .resources = 100};
	struct policy policy;
	struct world w;
	int64_t quiet;

	begin(&w, rules, rule_count);
	w.stack.approval.quiet = stack_quiet;
	g_assert_true(policy_of(&w.conf, &w.stack, &in, &policy, NULL));
	quiet = policy.quiet;
	policy_clear(&policy);
	finish(&w);
	return quiet;
}

/* The longest of all, and none where one of them takes no silence or wants a key. */
static void test_quiet(void)
{
	struct conf_rule rules[] = {
		{.path = (char *)"/a", .approval = {.required = 1, .from = ops, .quiet = 900}},
		{.path = (char *)"/loud", .approval = {.required = 1, .from = ops}},
		{.path = (char *)"/free", .approval = {.required = 0}},
	};
	const struct policy_change plain[] = {FILE_CHANGE("/x"), FILE_CHANGE("/free")};
	const struct policy_change longer[] = {FILE_CHANGE("/x"), FILE_CHANGE("/a")};
	const struct policy_change loud[] = {FILE_CHANGE("/x"), FILE_CHANGE("/loud")};
	const struct policy_change root[] = {FILE_CHANGE("/x"), RISKY("/y", RISK_ROOT)};
	struct policy_change many[POLICY_DELETIONS + 1];

	for (size_t i = 0; i < G_N_ELEMENTS(many); i++) {
		many[i] = (struct policy_change){
			.kind = "file", .path = "/free", .action = "remove", .risk = RISK_DELETION};
	}
	g_assert_cmpint(quiet_of(rules, 3, 600, plain, 2), ==, 600);
	g_assert_cmpint(quiet_of(rules, 3, 600, longer, 2), ==, 900);
	g_assert_cmpint(quiet_of(rules, 3, 600, loud, 2), ==, 0);
	g_assert_cmpint(quiet_of(rules, 3, 600, root, 2), ==, 0);
	g_assert_cmpint(quiet_of(rules, 3, 0, longer, 2), ==, 0);
	g_assert_cmpint(quiet_of(rules, 3, 600, many, G_N_ELEMENTS(many)), ==, 0);
}

/* Nobody who can sign is nobody who can approve. */
static void test_who_has_no_key(void)
{
	struct signer item = {.principal = bob};
	struct signers signers = {.items = &item, .count = 1};
	const struct policy_change plain = FILE_CHANGE("/x"), root = RISKY("/x", RISK_ROOT);
	struct policy_input in = {.changes = &plain, .count = 1, .signers = &signers};
	g_autofree char *good = NULL, *enough = NULL, *bad = NULL;

	good = channels_of(NULL, 0, desk, &in);
	g_assert_cmpstr(good, ==, "signature slack page ");
	in.changes = &root;
	enough = channels_of(NULL, 0, desk, &in);
	g_assert_cmpstr(enough, ==, "signature ");
	item.principal = dora;
	bad = channels_of(NULL, 0, desk, &in);
	g_assert_nonnull(strstr(bad, "1 approvals by signature"));
}

static void test_classes(void)
{
	struct conf_rule rules[] = {
		{.risk = (char *)"size", .approval = {.required = 3, .from = ops}},
		{.risk = (char *)"unsigned", .approval = {.required = 2, .from = ops}},
		{.risk = (char *)"interruption", .approval = {.required = 1, .from = boss}},
		{.namespace = (char *)"prod", .approval = {.required = 2, .from = ops}},
	};
	struct policy_change *lots = g_new0(struct policy_change, 101);
	const struct policy_change restart = {
		.kind = "service", .action = "restart", .id = "service:x"};
	const struct policy_change reload = {
		.kind = "service", .action = "reload", .id = "service:x"};
	static const char *const ids[] = {"k8s:c/prod/Deployment/web",
					  "k8s:c/production/Deployment/x",
					  "k8s:prod/shop/Deployment/web", "file:/prod/x"};
	struct policy_input in = {.changes = lots, .count = 100, .resources = 1000};
	struct policy policy;
	struct world w;

	for (size_t i = 0; i < 101; i++) {
		lots[i] = (struct policy_change)FILE_CHANGE("/x");
	}
	begin(&w, rules, G_N_ELEMENTS(rules));
	g_assert_true(policy_of(&w.conf, &w.stack, &in, &policy, NULL));
	g_assert_cmpint(policy.required, ==, 1);
	policy_clear(&policy);
	in.has_unsigned = true;
	g_assert_true(policy_of(&w.conf, &w.stack, &in, &policy, NULL));
	g_assert_cmpint(policy.required, ==, 2);
	policy_clear(&policy);
	in.count = 101;
	g_assert_true(policy_of(&w.conf, &w.stack, &in, &policy, NULL));
	g_assert_cmpint(policy.required, ==, 3);
	g_assert_cmpuint(policy.reasons->len, ==, 2);
	policy_clear(&policy);
	finish(&w);
	expect(rules, 4, &restart, 1, "1 carol 0 0");
	expect(rules, 4, &reload, 1, "1 alice,bob,carol 0 3600");
	for (size_t i = 0; i < G_N_ELEMENTS(ids); i++) {
		const struct policy_change change = {
			.kind = "kubernetes", .action = "update", .id = ids[i]};

		expect(rules, 4, &change, 1,
		       i == 0 ? "2 alice,bob,carol 0 0" : "1 alice,bob,carol 0 3600");
	}
	g_free(lots);
}

/* As many deletions: never automatic, and by signature, unless a rule of its own says how. */
static void test_history(void)
{
	static char never[] = "/never/**";
	const struct policy_change changes[] = {FILE_CHANGE("/x"), FILE_CHANGE("/y/z")};
	const struct policy_input in = {
		.changes = changes, .count = 2, .resources = 100, .is_rewritten = true};
	struct conf_rule rules[] = {
		{.kind = (char *)"file", .approval = {.required = 0, .channels = desk}},
		{.risk = (char *)"history",
		 .names_channels = true,
		 .approval = {.required = 1, .from = ops, .channels = desk}},
		{.risk = (char *)"history", .approval = {.required = 2, .from = ops}},
	};
	g_autofree char *plain = channels_of(NULL, 0, desk, &in);
	g_autofree char *free_of_charge = channels_of(rules, 1, desk, &in);
	g_autofree char *named = channels_of(&rules[1], 1, desk, &in);
	g_autofree char *elsewhere = NULL, *half = NULL;
	struct policy policy;
	struct world w;

	g_assert_cmpstr(plain, ==, "signature ");
	g_assert_cmpstr(free_of_charge, ==, "signature ");
	g_assert_cmpstr(named, ==, "signature slack page ");
	rules[1].path = never;
	elsewhere = channels_of(&rules[1], 1, desk, &in);
	g_assert_cmpstr(elsewhere, ==, "signature ");
	rules[1].path = (char *)"/y/**"; // for one of the changes alone
	half = channels_of(&rules[1], 1, desk, &in);
	g_assert_cmpstr(half, ==, "signature ");
	begin(&w, rules, 1);
	w.stack.approval.quiet = 60;
	g_assert_true(policy_of(&w.conf, &w.stack, &in, &policy, NULL));
	g_assert_cmpint(policy.required, ==, 1);
	g_assert_cmpint(policy.quiet, ==, 0);
	policy_clear(&policy);
	finish(&w);
	begin(&w, &rules[2], 1);
	g_assert_true(policy_of(&w.conf, &w.stack, &in, &policy, NULL));
	g_assert_cmpint(policy.required, ==, 2);
	policy_clear(&policy);
	finish(&w);
}

static void test_reasons(void)
{
	struct conf_rule rule = {.path = (char *)"/etc/**",
				 .place = (char *)"rules[0]",
				 .approval = {2, ops, 600, true}};
	const struct policy_change changes[] = {
		{.kind = "file",
		 .path = "/etc/a",
		 .action = "update",
		 .id = "file:/etc/a",
		 .risk = RISK_ROOT},
		{.kind = "file", .path = "/srv/a", .action = "update", .id = "file:/srv/a"},
		{.kind = "file", .path = "/etc/b", .action = "update", .id = "file:/etc/b"},
	};
	const struct policy_input in = {.changes = changes, .count = 3};
	const struct policy_reason *reason;
	struct policy policy;
	struct world w;

	begin(&w, &rule, 1);
	g_assert_true(policy_of(&w.conf, &w.stack, &in, &policy, NULL));
	g_assert_cmpuint(policy.reasons->len, ==, 3);
	reason = g_ptr_array_index(policy.reasons, 0);
	g_assert_true(reason->rule == &rule);
	g_assert_cmpuint(reason->changes, ==, 2);
	g_assert_cmpstr(reason->first, ==, "file:/etc/a");
	reason = g_ptr_array_index(policy.reasons, 1);
	g_assert_null(reason->approval);
	g_assert_nonnull(strstr(reason->built_in, "root"));
	reason = g_ptr_array_index(policy.reasons, 2);
	g_assert_true(reason->approval == &w.stack.approval);
	g_assert_cmpstr(reason->first, ==, "file:/srv/a");
	policy_clear(&policy);
	finish(&w);
}

static void test_paths(void)
{
	static const struct {
		const char *pattern, *path;
		bool matches;
	} cases[] = {
		{"/etc/x", "/etc/x", true},
		{"/etc/x", "/etc/xy", false},
		{"/etc/*", "/etc/x", true},
		{"/etc/*", "/etc/x/y", false},
		{"/etc/**", "/etc/x/y", true},
		{"/etc/**", "/etc", false},
		{"/etc/**", "/etc/", true},
		{"/etc/*.conf", "/etc/a.conf", true},
		{"/etc/*.conf", "/etc/a/b.conf", false},
		{"/**/b.conf", "/etc/a/b.conf", true},
		{"/**/*.conf", "/etc/a/b.conf", true},
		{"/**/*.conf", "/etc/a/b.confx", false},
		{"/*/x/**", "/a/x/b/c", true},
		{"/*/x/**", "/a/b/x/c", false},
		{"/etc/?", "/etc/a", true},
		{"/etc/?", "/etc/ab", false},
		{"/etc?x", "/etc/x", false},
		{"~/app/**", "/home/me/app/x", true},
		{"~/app/**", "/home/you/app/x", false},
		{"~x", "~x", true},
		{"", "", true},
		{"", "/", false},
		{"**", "/anything/at/all", true},
		{"*", "/x", false},
	};
	g_autofree char *stars = g_strnfill(400, '*');
	g_autofree char *long_path = g_strnfill(4000, 'a');

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_test_message("%s %s", cases[i].pattern, cases[i].path);
		g_assert_true(policy_path_matches(cases[i].pattern, cases[i].path, "/home/me") ==
			      cases[i].matches);
	}
	for (size_t i = 1; i < 400; i += 2) {
		stars[i] = 'a';
	}
	stars[399] = 'b'; // the pattern that makes backtracking matchers stall
	g_assert_false(policy_path_matches(stars, long_path, NULL));
}

/* A check that runs a command is no change, and no less than one. */
static void test_checks_that_run(void)
{
	struct conf_rule rules[] = {
		{.kind = (char *)"file", .approval = {0, ops, 3600, true}},
		{.kind = (char *)"command", .approval = {2, ops, 600, false}},
	};
	const struct policy_change file = FILE_CHANGE("/etc/x");
	const struct policy_change check = {
		.kind = "command", .action = "run", .risk = RISK_EXECUTABLE, .id = "check:x"};
	struct policy_input in = {.changes = &file, .count = 1, .home = "/home/me"};

	for (size_t count = 0; count < 2; count++) {
		for (size_t used = 1; used <= 2; used++) {
			struct policy policy;
			struct world w;

			in.checks = &check;
			in.checks_count = count;
			begin(&w, rules, used);
			g_assert_true(policy_of(&w.conf, &w.stack, &in, &policy, NULL));
			g_assert_cmpint(policy.required, ==, count == 0 ? 0 : (int)used);
			policy_clear(&policy);
			finish(&w);
		}
	}
}

/* An act has a kind, a name and an action, and no path that a rule could mean. */
static void test_acts(void)
{
	struct conf_rule kinds[] = {
		{.kind = (char *)"package", .approval = {.required = 0, .expires = 7}},
		{.kind = (char *)"service", .approval = {.required = 0, .expires = 8}},
		{.kind = (char *)"command", .approval = {.required = 0, .expires = 9}},
	};
	struct conf_rule anywhere = {.path = (char *)"**", .approval = {.required = 0}};
	struct conf_rule pause = {.risk = (char *)"interruption",
				  .approval = {.required = 1, .from = boss, .expires = 5}};
	const struct policy_change acts[] = {
		{.kind = "package", .id = "package:x", .action = "create"},
		{.kind = "service", .id = "service:x", .action = "restart"},
		{.kind = "command", .id = "command:x", .action = "run"},
	};
	static const char *const wanted[] = {"0  0 7", "0  0 8", "0  0 9"};

	for (size_t i = 0; i < G_N_ELEMENTS(acts); i++) {
		g_autofree char *by_kind = judge(kinds, G_N_ELEMENTS(kinds), &acts[i], 1);
		g_autofree char *by_path = judge(&anywhere, 1, &acts[i], 1);
		g_autofree char *by_pause = judge(&pause, 1, &acts[i], 1);
		bool pauses = acts[i].action[0] == 'r' && acts[i].action[1] == 'e';

		g_assert_cmpstr(by_kind, ==, wanted[i]);
		g_assert_true(g_str_has_prefix(by_path, "1 ")); // the stack's own
		g_assert_true(g_str_has_suffix(by_pause, pauses ? " 5" : " 3600"));
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/policy/without-a-rule-the-stack's", test_base);
	g_test_add_func("/policy/the-strictest-wins", test_strictest);
	g_test_add_func("/policy/acts-have-no-path", test_acts);
	g_test_add_func("/policy/nobody-who-may-is-an-error", test_nobody);
	g_test_add_func("/policy/automatic-only-when-all-changes-are", test_automatic);
	g_test_add_func("/policy/many-deletions-need-a-person", test_deletions);
	g_test_add_func("/policy/a-share-of-deletions-needs-a-person", test_share_of_deletions);
	g_test_add_func("/policy/channels-that-all-accept", test_channels);
	g_test_add_func("/policy/risks-that-are-signed", test_signed_risks);
	g_test_add_func("/policy/much-is-not-removed-to-restore", test_restoring_deletions);
	g_test_add_func("/policy/many-deletions-are-signed", test_many_deletions_are_signed);
	g_test_add_func("/policy/quiet", test_quiet);
	g_test_add_func("/policy/who-has-no-key", test_who_has_no_key);
	g_test_add_func("/policy/classes-of-plans", test_classes);
	g_test_add_func("/policy/rewritten-history", test_history);
	g_test_add_func("/policy/reasons", test_reasons);
	g_test_add_func("/policy/paths", test_paths);
	g_test_add_func("/policy/checks-that-run", test_checks_that_run);
	return g_test_run();
}
