/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of core/plan.h: packages, services and commands in plans, what changes need, checks. */
#include "unit/plans.h"

#include <glib.h>
#include <string.h>

#define DIGEST "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define COUNT 5

static const char *const run[] = {"/opt/app/bin/migrate", "--to", "", "\xc3\xa9", NULL};
static const char *const unless[] = {"/opt/app/bin/migrate", "--check", NULL};
static const char *const env[] = {"A=", "B=c=d", NULL};
static const char *const needs[] = {"file:/etc/app.conf", "package:app", "tree:/srv/www", NULL};
static const char *const because[] = {"file:/etc/app.conf", "tree:/srv/www", NULL};

static const struct plan_exec whole_exec = {.run = (const char **)run,
					    .unless = (const char **)unless,
					    .creates = "/var/lib/app/migrated",
					    .user = "app",
					    .directory = "/opt/app",
					    .env = (const char **)env,
					    .timeout = 600,
					    .output = 65536};
static const struct plan_exec short_exec = {
	.run = (const char **)unless, .timeout = 1, .output = 0};

static void set_packages(struct plan_change *changes)
{
	changes[0] = (struct plan_change){.id = "package:app",
					  .kind = "package",
					  .manager = "apt",
					  .action = ACTION_UPDATE,
					  .observed = PLAN_STATE(STATE_PACKAGE),
					  .desired = PLAN_STATE(STATE_PACKAGE)};
	changes[0].observed.version = "1:1.0~rc1-1";
	changes[0].observed.arch = "amd64";
	changes[0].observed.held = 1;
	changes[0].desired.version = "2.0-1";
	changes[0].desired.arch = "amd64";
	changes[0].desired.archive = DIGEST;
	changes[0].desired.download = 0;
	changes[0].desired.space = 4096;
	changes[0].desired.held = 0;
	changes[1] = (struct plan_change){.id = "package:libapp1",
					  .kind = "package",
					  .manager = "zypper",
					  .action = ACTION_REMOVE,
					  .implied = true,
					  .risk = RISK_DELETION | RISK_ROOT,
					  .observed = PLAN_STATE(STATE_PACKAGE),
					  .desired = PLAN_STATE(STATE_ABSENT)};
	changes[1].observed.version = "1";
}

static void set_others(struct plan_change *changes)
{
	changes[2] = (struct plan_change){.id = "command:migrate",
					  .kind = "command",
					  .action = ACTION_RUN,
					  .exec = &whole_exec,
					  .needs = (const char **)needs,
					  .observed = PLAN_STATE(STATE_ABSENT),
					  .desired = PLAN_STATE(STATE_COMMAND)};
	changes[3] = (struct plan_change){.id = "service:app.service",
					  .kind = "service",
					  .manager = "user",
					  .action = ACTION_RESTART,
					  .needs = (const char **)needs,
					  .because = (const char **)because,
					  .observed = PLAN_STATE(STATE_SERVICE),
					  .desired = PLAN_STATE(STATE_SERVICE)};
	changes[3].observed.enabled = "enabled";
	changes[3].observed.running = "failed";
	changes[3].desired.running = "active";
	changes[4] = (struct plan_change){.id = "file:/srv/www/a",
					  .kind = "tree",
					  .path = "/srv/www/a",
					  .root = "/srv/www",
					  .action = ACTION_UPDATE,
					  .outside_commit = PLAN_BASE,
					  .outside_time = PLAN_TIME - 100,
					  .observed = PLAN_STATE(STATE_FILE),
					  .desired = PLAN_STATE(STATE_FILE)};
	changes[4].observed.mode = 0644;
	changes[4].desired.mode = 0600;
}

static void set_checks(struct plan_check *checks)
{
	checks[0] = (struct plan_check){.kind = "http",
					.target = "https://localhost/",
					.within = 30,
					.interval = 2,
					.successes = 3,
					.status = 204,
					.body = "all \"well\"\n",
					.ca = "/etc/app/ca.pem"};
	checks[1] = (struct plan_check){.kind = "tcp", .target = "[::1]:80", .within = 0};
	checks[2] = (struct plan_check){
		.kind = "command", .target = "ready", .within = 5, .exec = &whole_exec};
	checks[3] = (struct plan_check){
		.kind = "service", .target = "app.service", .within = 5, .manager = "user"};
}

struct rig {
	struct plan plan;
	struct plan_commit commit;
	struct plan_change changes[COUNT];
	struct plan_check checks[4];
	char *text;
	size_t len;
	struct plan *back;
};

static void rig_init(struct rig *rig)
{
	struct assent_error err = {0};
	struct plan_change unused;

	*rig = (struct rig){0};
	plan_rig_sample(&rig->plan, &unused, &rig->commit);
	set_packages(rig->changes);
	set_others(rig->changes);
	set_checks(rig->checks);
	rig->plan.changes = rig->changes;
	rig->plan.changes_count = COUNT;
	rig->plan.checks = rig->checks;
	rig->plan.checks_count = G_N_ELEMENTS(rig->checks);
	rig->plan.resources = -1;
	if (plan_write(&rig->text, &rig->len, &rig->plan, &err) != 0) {
		g_error("%s", err.text);
	}
	g_assert_cmpint(plan_parse(&rig->back, rig->text, rig->len, NULL), ==, 0);
	g_assert_cmpuint(rig->back->changes_count, ==, COUNT);
	g_assert_cmpuint(rig->back->checks_count, ==, 4);
}

static void rig_clear(struct rig *rig)
{
	plan_free(rig->back);
	free(rig->text);
}

static void assert_words(const char **got, const char *const *wanted)
{
	g_assert_true((got == NULL) == (wanted == NULL));
	if (got != NULL) {
		g_assert_cmpstrv((char **)got, (char **)wanted);
	}
}

static void assert_exec(const struct plan_exec *got, const struct plan_exec *wanted)
{
	g_assert_nonnull(got);
	assert_words(got->run, (const char *const *)wanted->run);
	assert_words(got->unless, (const char *const *)wanted->unless);
	assert_words(got->env, (const char *const *)wanted->env);
	g_assert_cmpstr(got->creates, ==, wanted->creates);
	g_assert_cmpstr(got->user, ==, wanted->user);
	g_assert_cmpstr(got->directory, ==, wanted->directory);
	g_assert_cmpint(got->timeout, ==, wanted->timeout);
	g_assert_cmpint(got->output, ==, wanted->output);
}

static void packages_survive(void)
{
	const struct plan_change *c;
	struct rig rig;

	rig_init(&rig);
	c = &rig.back->changes[0];
	g_assert_cmpstr(c->manager, ==, "apt");
	g_assert_false(c->implied);
	g_assert_null(c->path);
	g_assert_null(c->exec);
	g_assert_cmpstr(c->observed.version, ==, "1:1.0~rc1-1");
	g_assert_cmpstr(c->observed.arch, ==, "amd64");
	g_assert_cmpint(c->observed.held, ==, 1);
	g_assert_null(c->observed.archive);
	g_assert_cmpint(c->observed.download, ==, -1);
	g_assert_cmpint(c->observed.space, ==, -1);
	g_assert_cmpstr(c->desired.version, ==, "2.0-1");
	g_assert_cmpstr(c->desired.archive, ==, DIGEST);
	g_assert_cmpint(c->desired.download, ==, 0);
	g_assert_cmpint(c->desired.space, ==, 4096);
	g_assert_cmpint(c->desired.held, ==, 0);
	c = &rig.back->changes[1];
	g_assert_cmpstr(c->manager, ==, "zypper");
	g_assert_true(c->implied);
	g_assert_cmpint(c->observed.held, ==, -1);
	g_assert_null(c->observed.arch);
	g_assert_cmpint(c->desired.type, ==, STATE_ABSENT);
	rig_clear(&rig);
}

static void services_and_commands_survive(void)
{
	const struct plan_change *c;
	struct rig rig;

	rig_init(&rig);
	c = &rig.back->changes[2];
	assert_exec(c->exec, &whole_exec);
	assert_words(c->needs, needs);
	g_assert_null(c->because);
	g_assert_null(c->manager);
	g_assert_cmpint(c->desired.type, ==, STATE_COMMAND);
	c = &rig.back->changes[3];
	g_assert_cmpstr(c->manager, ==, "user");
	assert_words(c->because, because);
	g_assert_cmpstr(c->observed.enabled, ==, "enabled");
	g_assert_cmpstr(c->observed.running, ==, "failed");
	g_assert_null(c->desired.enabled);
	g_assert_cmpstr(c->desired.running, ==, "active");
	c = &rig.back->changes[4];
	g_assert_cmpstr(c->outside_commit, ==, PLAN_BASE);
	g_assert_cmpint(c->outside_time, ==, PLAN_TIME - 100);
	g_assert_null(rig.back->changes[3].outside_commit);
	rig_clear(&rig);
}

static void checks_survive(void)
{
	const struct plan_check *c;
	struct rig rig;

	rig_init(&rig);
	c = rig.back->checks;
	g_assert_cmpint(c[0].interval, ==, 2);
	g_assert_cmpint(c[0].successes, ==, 3);
	g_assert_cmpint(c[0].status, ==, 204);
	g_assert_cmpstr(c[0].body, ==, "all \"well\"\n");
	g_assert_cmpstr(c[0].ca, ==, "/etc/app/ca.pem");
	g_assert_null(c[0].exec);
	g_assert_cmpint(c[1].interval, ==, 0);
	g_assert_cmpint(c[1].successes, ==, 0);
	g_assert_cmpint(c[1].status, ==, 0);
	g_assert_null(c[1].body);
	g_assert_null(c[1].ca);
	assert_exec(c[2].exec, &whole_exec);
	g_assert_cmpstr(c[3].manager, ==, "user");
	rig_clear(&rig);
	rig_init(&rig);
	rig.checks[2].exec = &short_exec;
	free(rig.text);
	g_assert_cmpint(plan_draft_write(&rig.text, &rig.len, &rig.plan, NULL), ==, 0);
	plan_free(rig.back);
	g_assert_cmpint(plan_draft_parse(&rig.back, rig.text, rig.len, NULL), ==, 0);
	assert_exec(rig.back->checks[2].exec, &short_exec);
	rig_clear(&rig);
}

/* The corpus of fuzz-plan and test-libassent have it too. To write it anew: ASSENT_TEST_WRITE=DIR
 * test-plan-acts, then copy from there. */
static void fixture_is_this_one(void)
{
	g_autofree char *file =
		g_test_build_filename(G_TEST_DIST, "data", "plans", "acts.json", NULL);
	const char *dir = g_getenv("ASSENT_TEST_WRITE");
	g_autofree char *text = NULL;
	struct rig rig;
	gsize len;

	rig_init(&rig);
	if (dir != NULL) {
		g_autofree char *out = g_build_filename(dir, "acts.json", NULL);

		g_assert_true(g_file_set_contents(out, rig.text, (gssize)rig.len, NULL));
	}
	g_assert_true(g_file_get_contents(file, &text, &len, NULL));
	g_assert_cmpmem(text, len, rig.text, rig.len);
	rig_clear(&rig);
}

/* What was read is written again byte for byte. */
static void has_one_form(void)
{
	struct rig rig;
	char *again = NULL;
	size_t len;

	rig_init(&rig);
	g_assert_cmpint(plan_write(&again, &len, rig.back, NULL), ==, 0);
	g_assert_cmpmem(again, len, rig.text, rig.len);
	free(again);
	rig_clear(&rig);
}

/* The rig's text with each of the edits alone must not parse. */
static void refuse(const char *const edits[][2], size_t count)
{
	struct rig rig;

	rig_init(&rig);
	for (size_t i = 0; i < count; i++) {
		g_auto(GStrv) parts = g_strsplit(rig.text, edits[i][0], 2);
		g_autofree char *text = NULL;
		struct assent_error err = {0};
		struct plan *plan = NULL;

		g_test_message("%s to %s", edits[i][0], edits[i][1]);
		g_assert_nonnull(parts[0]);
		g_assert_nonnull(parts[1]);
		text = g_strconcat(parts[0], edits[i][1], parts[1], NULL);
		g_assert_cmpint(plan_parse(&plan, text, strlen(text), &err), <, 0);
		g_test_message("%s", err.text);
		g_assert_null(strstr(err.text, "canonical"));
	}
	rig_clear(&rig);
}

static void wrong_states_are_refused(void)
{
	static const char *const edits[][2] = {
		{"\"archive\":\"" DIGEST "\"", "\"archive\":\"" DIGEST "0\""},
		{"\"archive\":\"sha256:", "\"archive\":\"sha512:"},
		{"\"arch\":\"amd64\"", "\"arch\":\"\""},
		{"\"arch\":\"amd64\"", "\"arch\":\"a\\nb\""},
		{"\"download\":0", "\"download\":-1"},
		{"\"space\":4096", "\"space\":-1"},
		{"\"space\":4096", "\"space\":\"4096\""},
		{"\"held\":false", "\"held\":0"},
		{"\"held\":false", "\"held\":null"},
		{"\"version\":\"2.0-1\"", "\"version\":\"\""},
		{"\"version\":\"2.0-1\"", "\"version\":null"},
		{"\"version\":\"2.0-1\"", "\"version\":2"},
		{"\"running\":\"active\"", "\"running\":\"\""},
		{"\"running\":\"active\"", "\"held\":true"},
		{"{\"enabled\":\"enabled\"", "{\"enabled\":\"en\\tabled\""},
		{"\"type\":\"command\"}", "\"type\":\"command\",\"version\":\"1\"}"},
		{"{\"type\":\"command\"}", "{\"mode\":1,\"type\":\"command\"}"},
		{"\"observed\":{\"type\":\"package\",\"version\":\"1\"}",
		 "\"observed\":{\"type\":\"absent\",\"version\":\"1\"}"},
		{"\"observed\":{\"type\":\"package\",\"version\":\"1\"}",
		 "\"observed\":{\"mode\":1,\"type\":\"package\",\"version\":\"1\"}"},
	};

	refuse(edits, G_N_ELEMENTS(edits));
}

static void each_kind_has_its_own(void)
{
	static const char *const edits[][2] = {
		/* managers */
		{"\"kind\":\"package\",\"manager\":\"apt\"", "\"kind\":\"package\""},
		{"\"manager\":\"apt\"", "\"manager\":\"pip\""},
		{"\"manager\":\"apt\"", "\"manager\":\"system\""},
		{"\"manager\":\"apt\"", "\"manager\":null"},
		{"\"kind\":\"service\",\"manager\":\"user\"", "\"kind\":\"service\""},
		{"\"kind\":\"service\",\"manager\":\"user\"",
		 "\"kind\":\"service\",\"manager\":\"apt\""},
		{"\"kind\":\"command\",\"needs\"",
		 "\"kind\":\"command\",\"manager\":\"system\",\"needs\""},
		{"\"kind\":\"tree\"", "\"kind\":\"tree\",\"manager\":\"apt\""},
		/* paths */
		{"\"type\":\"package\",\"version\":\"1:1.0~rc1-1\"},",
		 "\"type\":\"package\",\"version\":\"1:1.0~rc1-1\"},\"path\":\"/x\","},
		{"\"type\":\"service\"},\"risk\"",
		 "\"type\":\"service\"},\"path\":\"/x\",\"risk\""},
		{"\"observed\":{\"type\":\"absent\"},\"risk\"",
		 "\"observed\":{\"type\":\"absent\"},\"path\":\"/x\",\"risk\""},
		/* commands */
		{"\"kind\":\"command\",\"needs\"", "\"kind\":\"file\",\"needs\""},
		{"\"id\":\"package:app\",",
		 "\"exec\":{\"output\":1,\"run\":[\"/x\"],\"timeout\":1},"
		 "\"id\":\"package:app\","},
		{"\"id\":\"package:app\",", "\"exec\":null,\"id\":\"package:app\","},
		/* what a manager adds */
		{"\"implied\":true", "\"implied\":false"},
		{"\"implied\":true", "\"implied\":1"},
		{"\"id\":\"service:app.service\",",
		 "\"id\":\"service:app.service\",\"implied\":true,"},
		{"\"id\":\"file:/srv/www/a\",", "\"id\":\"file:/srv/www/a\",\"implied\":true,"},
	};

	refuse(edits, G_N_ELEMENTS(edits));
}

static void wrong_commands_are_refused(void)
{
	static const char *const edits[][2] = {
		{"\"run\":[\"/opt/app/bin/migrate\",\"--to\",\"\",\"\xc3\xa9\"],", ""},
		{"\"run\":[\"/opt/app/bin/migrate\",\"--to\",\"\",\"\xc3\xa9\"]", "\"run\":[]"},
		{"\"run\":[\"/opt/app/bin/migrate\",\"--to\",\"\",\"\xc3\xa9\"]", "\"run\":null"},
		{"\"run\":[\"/opt/app/bin/migrate\",\"--to\",\"\",\"\xc3\xa9\"]",
		 "\"run\":\"a b\""},
		{"\"run\":[\"/opt/app/bin/migrate\"", "\"run\":[\"\""},
		{"\"run\":[\"/opt/app/bin/migrate\"", "\"run\":[7"},
		{"\"unless\":[\"/opt/app/bin/migrate\",\"--check\"]", "\"unless\":[]"},
		{"\"unless\":[\"/opt/app/bin/migrate\",\"--check\"]", "\"unless\":null"},
		{"\"creates\":\"/var", "\"creates\":\"var"},
		{"\"creates\":\"/var", "\"creates\":\"/var/.."},
		{"\"directory\":\"/opt", "\"directory\":\"opt"},
		{"\"env\":[\"A=\"", "\"env\":[\"A\""},
		{"\"env\":[\"A=\"", "\"env\":[\"=A\""},
		{"\"B=c=d\"", "\"\""},
		{"\"user\":\"app\"", "\"user\":\"\""},
		{"\"user\":\"app\"", "\"user\":\"a\\u0001\""},
		{"\"timeout\":600", "\"timeout\":0"},
		{"\"timeout\":600", "\"timeout\":86401"},
		{"\"output\":65536", "\"output\":-1"},
		{"\"output\":65536", "\"output\":67108865"},
		{"\"timeout\":600", "\"shell\":true,\"timeout\":600"},
	};

	refuse(edits, G_N_ELEMENTS(edits));
}

static void wrong_needs_are_refused(void)
{
	static const char *const edits[][2] = {
		{"\"needs\":[\"file:/etc/app.conf\",\"package:app\"",
		 "\"needs\":[\"package:app\",\"file:/etc/app.conf\""},
		{"\"needs\":[\"file:/etc/app.conf\"",
		 "\"needs\":[\"file:/etc/app.conf\",\"file:/etc/app.conf\""},
		{"\"needs\":[\"file:/etc/app.conf\"", "\"needs\":[\"\",\"file:/etc/app.conf\""},
		{"\"needs\":[\"file:/etc/app.conf\",\"package:app\",\"tree:/srv/www\"]",
		 "\"needs\":[]"},
		{"\"needs\":[\"file:/etc/app.conf\",\"package:app\",\"tree:/srv/www\"]",
		 "\"needs\":null"},
		{"\"because\":[\"file:/etc/app.conf\",", "\"because\":[\"file:/etc/other.conf\","},
		{"\"because\":[\"file:/etc/app.conf\",\"tree:/srv/www\"",
		 "\"because\":[\"tree:/srv/www\",\"file:/etc/app.conf\""},
		{"\"because\":[\"file:/etc/app.conf\",\"tree:/srv/www\"",
		 "\"because\":[\"file:/etc/app.conf\",\"tree:/srv/www\",\"tree:/srv/www2\""},
		{"\"because\":[\"file:/etc/app.conf\",\"tree:/srv/www\"]", "\"because\":[]"},
		{"\"action\":\"update\",\"desired\":{\"arch\"",
		 "\"action\":\"update\",\"because\":[\"x\"],\"desired\":{\"arch\""},
	};

	refuse(edits, G_N_ELEMENTS(edits));
}

static void wrong_outsiders_are_refused(void)
{
	static const char *const edits[][2] = {
		{"\"outside\":{\"commit\":\"2", "\"outside\":{\"commit\":\"g"},
		{"\"outside\":{\"commit\":\"" PLAN_BASE "\",", "\"outside\":{"},
		{",\"time\":1767225500}", "}"},
		{"\"time\":1767225500}", "\"time\":-1}"},
		{"\"time\":1767225500}", "\"time\":1767225500,\"who\":\"eve\"}"},
		{"\"outside\":{\"commit\":\"" PLAN_BASE "\",\"time\":1767225500}",
		 "\"outside\":null"},
	};

	refuse(edits, G_N_ELEMENTS(edits));
}

static void wrong_checks_are_refused(void)
{
	static const char *const edits[][2] = {
		{"\"interval\":2", "\"interval\":0"},
		{"\"successes\":3", "\"successes\":0"},
		{"\"successes\":3", "\"successes\":1001"},
		{"\"status\":204", "\"status\":99"},
		{"\"status\":204", "\"status\":600"},
		{"\"ca\":\"/etc/app/ca.pem\"", "\"ca\":\"ca.pem\""},
		{"\"within\":30", "\"within\":86401"},
		{"\"kind\":\"http\",", "\"kind\":\"tcp\","},
		{"{\"kind\":\"tcp\",", "{\"body\":\"x\",\"kind\":\"tcp\","},
		{"{\"kind\":\"tcp\",", "{\"ca\":\"/x\",\"kind\":\"tcp\","},
		{"\"kind\":\"tcp\",", "\"kind\":\"tcp\",\"status\":200,"},
		{"\"kind\":\"tcp\",", "\"kind\":\"tcp\",\"manager\":\"user\","},
		{"\"kind\":\"service\",\"manager\":\"user\",\"target\"",
		 "\"kind\":\"service\",\"manager\":\"apt\",\"target\""},
		{"\"kind\":\"tcp\",", "\"kind\":\"command\","},
		{"{\"kind\":\"tcp\",", "{\"exec\":{\"output\":1,\"run\":[\"/x\"],\"timeout\":1},"
				       "\"kind\":\"tcp\","},
	};

	refuse(edits, G_N_ELEMENTS(edits));
}

static void packages_compare_what_matters(void)
{
	struct plan_state a = PLAN_STATE(STATE_PACKAGE), b;

	a.version = "1";
	a.arch = "amd64";
	a.held = 0;
	b = a;
	b.download = b.space = 7;
	b.archive = DIGEST;
	g_assert_true(plan_state_equal(&a, &b));
	b = a;
	b.version = "2";
	g_assert_false(plan_state_equal(&a, &b));
	b.version = NULL;
	g_assert_false(plan_state_equal(&a, &b));
	b = a;
	b.arch = "arm64";
	g_assert_false(plan_state_equal(&a, &b));
	b = a;
	b.held = 1;
	g_assert_false(plan_state_equal(&a, &b));
	b.type = STATE_ABSENT;
	g_assert_false(plan_state_equal(&a, &b));
}

static void services_compare_what_matters(void)
{
	struct plan_state a = PLAN_STATE(STATE_SERVICE), b;

	a.enabled = "enabled";
	a.running = "active";
	b = a;
	b.enabled = g_strdup("enabled");
	g_assert_true(plan_state_equal(&a, &b));
	g_free((char *)b.enabled);
	b.enabled = "masked";
	g_assert_false(plan_state_equal(&a, &b));
	b = a;
	b.running = "failed";
	g_assert_false(plan_state_equal(&a, &b));
	b.running = NULL;
	g_assert_false(plan_state_equal(&a, &b));
	a = b = PLAN_STATE(STATE_COMMAND);
	g_assert_true(plan_state_equal(&a, &b));
	b.type = STATE_ABSENT;
	g_assert_false(plan_state_equal(&a, &b));
}

static void changes_belong_to_resources(void)
{
	static const char *const wanted[COUNT] = {"package:app", "package:libapp1",
						  "command:migrate", "service:app.service",
						  "tree:/srv/www"};
	struct plan_change alone = {.id = "file:/srv/x", .kind = "file", .path = "/srv/x"};
	struct rig rig;
	char *id;

	rig_init(&rig);
	for (size_t i = 0; i < COUNT; i++) {
		id = plan_change_resource(&rig.back->changes[i]);
		g_assert_cmpstr(id, ==, wanted[i]);
		free(id);
	}
	/* The root of what is no tree only bounds it. */
	alone.root = "/srv";
	id = plan_change_resource(&alone);
	g_assert_cmpstr(id, ==, "file:/srv/x");
	free(id);
	rig_clear(&rig);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/plan-acts/packages-survive", packages_survive);
	g_test_add_func("/plan-acts/services-and-commands-survive", services_and_commands_survive);
	g_test_add_func("/plan-acts/checks-survive", checks_survive);
	g_test_add_func("/plan-acts/has-one-form", has_one_form);
	g_test_add_func("/plan-acts/fixture-is-this-one", fixture_is_this_one);
	g_test_add_func("/plan-acts/wrong-states-are-refused", wrong_states_are_refused);
	g_test_add_func("/plan-acts/each-kind-has-its-own", each_kind_has_its_own);
	g_test_add_func("/plan-acts/wrong-commands-are-refused", wrong_commands_are_refused);
	g_test_add_func("/plan-acts/wrong-needs-are-refused", wrong_needs_are_refused);
	g_test_add_func("/plan-acts/wrong-outsiders-are-refused", wrong_outsiders_are_refused);
	g_test_add_func("/plan-acts/wrong-checks-are-refused", wrong_checks_are_refused);
	g_test_add_func("/plan-acts/packages-compare-what-matters", packages_compare_what_matters);
	g_test_add_func("/plan-acts/services-compare-what-matters", services_compare_what_matters);
	g_test_add_func("/plan-acts/changes-belong-to-resources", changes_belong_to_resources);
	return g_test_run();
}
