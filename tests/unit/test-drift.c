/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rules of drift, and what hangs together: src/worker/drift.c. */
#include "worker/drift.h"

#include <string.h>

/* What differs of one file or unit, and one rule after the other. */
struct judged {
	const char *name;
	const char *kind, *path, *id, *resource;
	const char *differs; /* "content mode", "missing", "foreign", "running", "enabled" */
	struct drift_rule rules[4];
	enum drift_class dflt, want;
	const char *left; /* fields that are left as they are */
};

enum { CONTENT = 1, MODE = 2, OWNER = 4, RUN = 256, ENABLE = 128 };

#define A_FILE "file", "/etc/app/a", "file:/etc/app/a", "file:/etc/app/a"
#define IN_TREE "tree", "/srv/www/x", "file:/srv/www/x", "tree:/srv/www"
#define A_UNIT "service", NULL, "service:a.service", "service:a.service"

static const struct judged judged[] = {
	{"no rules", A_FILE, "content", {{0}}, DRIFT_PROPOSE, DRIFT_PROPOSE, ""},
	{"a path",
	 A_FILE,
	 "content",
	 {{.path = "/etc/**", .class = DRIFT_FIX}},
	 DRIFT_REPORT,
	 DRIFT_FIX,
	 ""},
	{"another path",
	 A_FILE,
	 "content",
	 {{.path = "/etc/*", .class = DRIFT_FIX}},
	 DRIFT_REPORT,
	 DRIFT_REPORT,
	 ""},
	{"a path is nothing to a unit",
	 A_UNIT,
	 "running",
	 {{.path = "/**", .class = DRIFT_IGNORE}},
	 DRIFT_FIX,
	 DRIFT_FIX,
	 ""},
	{"the first rule counts",
	 A_FILE,
	 "content",
	 {{.kind = "file", .class = DRIFT_REPORT}, {.path = "/**", .class = DRIFT_FIX}},
	 DRIFT_PROPOSE,
	 DRIFT_REPORT,
	 ""},
	{"another kind",
	 A_FILE,
	 "content",
	 {{.kind = "tree", .class = DRIFT_REPORT}},
	 DRIFT_FIX,
	 DRIFT_FIX,
	 ""},
	{"the change's id",
	 IN_TREE,
	 "content",
	 {{.resource = "file:/srv/www/x", .class = DRIFT_FIX}},
	 DRIFT_REPORT,
	 DRIFT_FIX,
	 ""},
	{"the resource's id",
	 IN_TREE,
	 "content",
	 {{.resource = "tree:/srv/www", .class = DRIFT_FIX}},
	 DRIFT_REPORT,
	 DRIFT_FIX,
	 ""},
	{"a pattern of ids",
	 IN_TREE,
	 "content",
	 {{.resource = "tree:/srv/*", .class = DRIFT_FIX}},
	 DRIFT_REPORT,
	 DRIFT_FIX,
	 ""},
	{"all must fit",
	 IN_TREE,
	 "content",
	 {{.kind = "file", .resource = "tree:/srv/www", .class = DRIFT_FIX}},
	 DRIFT_REPORT,
	 DRIFT_REPORT,
	 ""},
	{"all of it is ignored",
	 A_FILE,
	 "mode",
	 {{.fields = MODE, .class = DRIFT_IGNORE}},
	 DRIFT_FIX,
	 DRIFT_IGNORE,
	 "mode"},
	{"one of two is ignored",
	 A_FILE,
	 "content mode",
	 {{.fields = MODE | OWNER, .class = DRIFT_IGNORE}},
	 DRIFT_FIX,
	 DRIFT_FIX,
	 "mode"},
	{"two rules ignore both",
	 A_FILE,
	 "content mode",
	 {{.fields = MODE, .class = DRIFT_IGNORE}, {.fields = CONTENT, .class = DRIFT_IGNORE}},
	 DRIFT_FIX,
	 DRIFT_IGNORE,
	 "content mode"},
	{"what is ignored is not looked at by the next",
	 A_FILE,
	 "content mode",
	 {{.fields = MODE, .class = DRIFT_IGNORE}, {.fields = CONTENT, .class = DRIFT_REPORT}},
	 DRIFT_FIX,
	 DRIFT_REPORT,
	 "mode"},
	{"nothing is ignored below the rule that fits",
	 A_FILE,
	 "content mode",
	 {{.class = DRIFT_REPORT}, {.fields = MODE, .class = DRIFT_IGNORE}},
	 DRIFT_FIX,
	 DRIFT_REPORT,
	 ""},
	{"a rule for one field",
	 A_FILE,
	 "mode",
	 {{.fields = MODE, .class = DRIFT_FIX}},
	 DRIFT_REPORT,
	 DRIFT_FIX,
	 ""},
	{"does not fit when more differs",
	 A_FILE,
	 "content mode",
	 {{.fields = MODE, .class = DRIFT_FIX}},
	 DRIFT_REPORT,
	 DRIFT_REPORT,
	 ""},
	{"what is missing is no field",
	 A_FILE,
	 "missing",
	 {{.fields = CONTENT | MODE | OWNER, .class = DRIFT_IGNORE}},
	 DRIFT_FIX,
	 DRIFT_FIX,
	 ""},
	{"nor is what is too much",
	 IN_TREE,
	 "foreign",
	 {{.fields = CONTENT | MODE | OWNER, .class = DRIFT_FIX}},
	 DRIFT_REPORT,
	 DRIFT_REPORT,
	 ""},
	{"without fields it is ignored",
	 A_FILE,
	 "missing",
	 {{.kind = "file", .class = DRIFT_IGNORE}},
	 DRIFT_FIX,
	 DRIFT_IGNORE,
	 ""},
	{"a unit's running",
	 A_UNIT,
	 "running enabled",
	 {{.fields = RUN, .class = DRIFT_IGNORE}},
	 DRIFT_FIX,
	 DRIFT_FIX,
	 "running"},
	{"a unit's both",
	 A_UNIT,
	 "running enabled",
	 {{.fields = RUN | ENABLE, .class = DRIFT_IGNORE}},
	 DRIFT_FIX,
	 DRIFT_IGNORE,
	 "enabled running"},
};

static bool says(const struct judged *j, const char *word)
{
	g_auto(GStrv) words = g_strsplit(j->differs, " ", -1);

	return g_strv_contains((const char *const *)words, word);
}

static struct plan_change change_of(const struct judged *j)
{
	struct plan_change c = {.id = j->id, .kind = j->kind, .path = j->path};

	if (j->path == NULL) {
		c.observed = c.desired = PLAN_STATE(STATE_SERVICE);
		c.action = says(j, "running") ? ACTION_START : ACTION_ENABLE;
		c.observed.running = "inactive";
		c.observed.enabled = "disabled";
		c.desired.running = says(j, "running") ? "active" : NULL;
		c.desired.enabled = says(j, "enabled") ? "enabled" : NULL;
		return c;
	}
	c.action = says(j, "missing")	? ACTION_CREATE
		   : says(j, "foreign") ? ACTION_REMOVE
					: ACTION_UPDATE;
	c.observed = PLAN_STATE(says(j, "missing") ? STATE_ABSENT : STATE_FILE);
	c.desired = PLAN_STATE(says(j, "foreign") ? STATE_ABSENT : STATE_FILE);
	c.observed.size = says(j, "missing") ? -1 : 1;
	c.observed.mode = says(j, "missing") ? -1 : 0644;
	c.desired.size = says(j, "content") || says(j, "missing") ? 2 : -1;
	c.desired.mode = says(j, "mode") || says(j, "missing") ? 0600 : -1;
	return c;
}

static char *names_of(unsigned fields)
{
	GString *out = g_string_new(NULL);

	for (unsigned bit = 0; drift_field_names[bit] != NULL; bit++) {
		if ((fields & 1U << bit) != 0) {
			g_string_append_printf(out, "%s%s", out->len > 0 ? " " : "",
					       drift_field_names[bit]);
		}
	}
	return g_string_free(out, FALSE);
}

static void test_judge(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(judged); i++) {
		struct judged j = judged[i];
		struct plan_change c = change_of(&j);
		struct drift_rules rules = {.dflt = j.dflt, .rules = j.rules};
		g_autofree char *left = NULL;
		unsigned ignored;

		g_test_message("%s", j.name);
		while (rules.count < G_N_ELEMENTS(j.rules) &&
		       memcmp(&j.rules[rules.count], &(struct drift_rule){0},
			      sizeof(struct drift_rule)) != 0) {
			rules.count++;
		}
		g_assert_cmpstr(drift_class_names[drift_judge(&rules, &c, j.resource, &ignored)],
				==, drift_class_names[j.want]);
		left = names_of(ignored);
		g_assert_cmpstr(left, ==, j.left);
	}
}

static void test_mask(void)
{
	const struct judged file = {.name = "", A_FILE, .differs = "content mode"};
	const struct judged unit = {.name = "", A_UNIT, .differs = "running enabled"};
	const char *because[] = {"file:/x", NULL};
	struct plan_change c = change_of(&file);
	bool whole;

	drift_mask(&c, MODE);
	g_assert_cmpuint(drift_fields(&c, &whole), ==, CONTENT);
	g_assert_false(whole);
	drift_mask(&c, CONTENT);
	g_assert_cmpuint(drift_fields(&c, &whole), ==, 0);
	c = change_of(&unit);
	c.because = because;
	drift_mask(&c, RUN);
	g_assert_cmpint(c.action, ==, ACTION_ENABLE);
	g_assert_null(c.because);
	g_assert_null(c.desired.running);
	c = change_of(&unit);
	drift_mask(&c, ENABLE);
	g_assert_cmpint(c.action, ==, ACTION_START);
	g_assert_null(c.desired.enabled);
}

/* One change for each word: NAME[/ABOVE][=own class] with what it needs and why. */
struct part {
	const char *id, *path; /* path NULL: a service, or a package */
	enum drift_class class;
	enum drift_cause cause;
	const char *needs, *because; /* one id each, or "A B" */
	enum state_type from, to;
	enum drift_class want;
};
struct parted {
	const char *name;
	struct part parts[6];
};

#define FROM_TO(f, t) .from = STATE_##f, .to = STATE_##t
#define RESTART .cause = DRIFT_BECAUSE, FROM_TO(SERVICE, SERVICE)

static const struct parted parted[] = {
	{"what is alone stays",
	 {{"file:/a", "/a", DRIFT_FIX, FROM_TO(FILE, FILE), .want = DRIFT_FIX},
	  {"file:/b", "/b", DRIFT_REPORT, FROM_TO(FILE, FILE), .want = DRIFT_REPORT}}},
	{"a restart goes with what causes it",
	 {{"file:/a", "/a", DRIFT_REPORT, FROM_TO(FILE, FILE), .want = DRIFT_REPORT},
	  {"service:s", NULL, DRIFT_FIX, RESTART, .needs = "file:/a", .because = "file:/a",
	   .want = DRIFT_REPORT}}},
	{"with the most automatic of two",
	 {{"file:/a", "/a", DRIFT_REPORT, FROM_TO(FILE, FILE), .want = DRIFT_REPORT},
	  {"file:/b", "/b", DRIFT_FIX, FROM_TO(FILE, FILE), .want = DRIFT_FIX},
	  {"service:s", NULL, DRIFT_FIX, RESTART, .needs = "file:/a file:/b",
	   .because = "file:/a file:/b", .want = DRIFT_FIX}}},
	{"and goes when they are ignored",
	 {{"file:/a", "/a", DRIFT_IGNORE, FROM_TO(FILE, FILE), .want = DRIFT_IGNORE},
	  {"service:s", NULL, DRIFT_FIX, RESTART, .needs = "file:/a", .because = "file:/a",
	   .want = DRIFT_IGNORE}}},
	{"a file is not fixed when its restart cannot be proved",
	 {{"file:/a", "/a", DRIFT_FIX, FROM_TO(FILE, FILE), .want = DRIFT_PROPOSE},
	  {"service:s", NULL, DRIFT_PROPOSE, RESTART, .needs = "file:/a", .because = "file:/a",
	   .want = DRIFT_PROPOSE}}},
	{"what needs another waits for it",
	 {{"package:p", NULL, DRIFT_REPORT, FROM_TO(ABSENT, PACKAGE), .want = DRIFT_REPORT},
	  {"file:/a", "/a", DRIFT_FIX, FROM_TO(FILE, FILE), .needs = "package:p",
	   .want = DRIFT_REPORT},
	  {"service:s", NULL, DRIFT_FIX, FROM_TO(SERVICE, SERVICE), .needs = "file:/a",
	   .want = DRIFT_REPORT}}},
	{"but not for what is ignored",
	 {{"file:/b", "/b", DRIFT_IGNORE, FROM_TO(FILE, FILE), .want = DRIFT_IGNORE},
	  {"file:/a", "/a", DRIFT_FIX, FROM_TO(FILE, FILE), .needs = "file:/b",
	   .want = DRIFT_FIX}}},
	{"a folder that is made for a file goes with it",
	 {{"directory:/d", "/d", DRIFT_FIX, DRIFT_BENEATH, FROM_TO(ABSENT, DIRECTORY),
	   .want = DRIFT_PROPOSE},
	  {"directory:/d/e", "/d/e", DRIFT_FIX, DRIFT_BENEATH, FROM_TO(ABSENT, DIRECTORY),
	   .want = DRIFT_PROPOSE},
	  {"file:/d/e/a", "/d/e/a", DRIFT_PROPOSE, FROM_TO(ABSENT, FILE), .want = DRIFT_PROPOSE},
	  {"file:/d/b", "/d/b", DRIFT_REPORT, FROM_TO(ABSENT, FILE), .want = DRIFT_REPORT}}},
	{"nothing is made in a folder that is not",
	 {{"directory:/d", "/d", DRIFT_REPORT, FROM_TO(ABSENT, DIRECTORY), .want = DRIFT_REPORT},
	  {"file:/d/a", "/d/a", DRIFT_FIX, FROM_TO(ABSENT, FILE), .want = DRIFT_REPORT}}},
	{"a folder's mode is another matter",
	 {{"directory:/d", "/d", DRIFT_REPORT, FROM_TO(DIRECTORY, DIRECTORY), .want = DRIFT_REPORT},
	  {"file:/d/a", "/d/a", DRIFT_FIX, FROM_TO(ABSENT, FILE), .want = DRIFT_FIX}}},
	{"what is ignored in a folder keeps it",
	 {{"file:/d/a", "/d/a", DRIFT_IGNORE, FROM_TO(FILE, ABSENT), .want = DRIFT_IGNORE},
	  {"directory:/d", "/d", DRIFT_FIX, FROM_TO(DIRECTORY, ABSENT), .want = DRIFT_IGNORE}}},
	{"what makes way goes with what comes",
	 {{"file:/d/a", "/d/a", DRIFT_FIX, FROM_TO(FILE, ABSENT), .want = DRIFT_REPORT},
	  {"file:/d", "/d", DRIFT_REPORT, FROM_TO(DIRECTORY, FILE), .want = DRIFT_REPORT}}},
	{"a manager does all of it or nothing",
	 {{"package:a", NULL, DRIFT_FIX, FROM_TO(ABSENT, PACKAGE), .want = DRIFT_PROPOSE},
	  {"package:b", NULL, DRIFT_PROPOSE, FROM_TO(ABSENT, PACKAGE), .want = DRIFT_PROPOSE},
	  {"package:c", NULL, DRIFT_FIX, DRIFT_BATCH, FROM_TO(ABSENT, PACKAGE),
	   .want = DRIFT_PROPOSE}}},
	{"and nothing for nobody",
	 {{"package:a", NULL, DRIFT_IGNORE, FROM_TO(ABSENT, PACKAGE), .want = DRIFT_IGNORE},
	  {"package:c", NULL, DRIFT_FIX, DRIFT_BATCH, FROM_TO(ABSENT, PACKAGE),
	   .want = DRIFT_IGNORE}}},
};

static void test_settle(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(parted); i++) {
		const struct part *parts = parted[i].parts;
		struct plan_change changes[6] = {{0}};
		struct drift_item items[6] = {{0}};
		char **lists[12] = {NULL};
		size_t count = 0;

		g_test_message("%s", parted[i].name);
		for (; count < 6 && parts[count].id != NULL; count++) {
			const struct part *p = &parts[count];
			struct plan_change *c = &changes[count];

			c->id = p->id;
			c->kind = p->path != NULL			? "file"
				  : g_str_has_prefix(p->id, "package:") ? "package"
									: "service";
			c->path = p->path;
			c->observed = PLAN_STATE(p->from);
			c->desired = PLAN_STATE(p->to);
			if (p->needs != NULL) {
				lists[2 * count] = g_strsplit(p->needs, " ", -1);
			}
			if (p->because != NULL) {
				lists[2 * count + 1] = g_strsplit(p->because, " ", -1);
			}
			c->needs = (const char **)lists[2 * count];
			c->because = (const char **)lists[2 * count + 1];
			items[count] = (struct drift_item){.change = c,
							   .resource = (char *)p->id,
							   .cause = p->cause,
							   .class = p->class};
		}
		drift_settle(items, count);
		for (size_t k = 0; k < count; k++) {
			g_test_message("  %s", parts[k].id);
			g_assert_cmpstr(drift_class_names[items[k].class], ==,
					drift_class_names[parts[k].want]);
			g_strfreev(lists[2 * k]);
			g_strfreev(lists[2 * k + 1]);
		}
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/drift/judge", test_judge);
	g_test_add_func("/drift/mask", test_mask);
	g_test_add_func("/drift/settle", test_settle);
	return g_test_run();
}
