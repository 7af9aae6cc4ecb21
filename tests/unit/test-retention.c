/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which contents of old plans go, and that nothing else does. */
#include "agent/retention.h"

#include <string.h>

#include "base/autoptr.h"
#include "base/objects.h"
#include "fold-entry.h"
#include "plans.h"
#include "temp-dir.h"

#define A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define DAY 86400
#define CHANGES 3

struct world {
	char *dir; /* objects */
	struct fold *fold;
	GPtrArray *entries; /* bytes of each */
	struct conf_retention rule;
	int64_t number, time;
	uint64_t count, bytes; /* of the newest run */
	unsigned skipped;      /* the same */
	char *problem;
};

static bool read_entry(void *user, uint64_t seq, char **raw, size_t *len, GError **error)
{
	struct world *w = user;

	*raw = g_strdup(g_ptr_array_index(w->entries, seq));
	*len = strlen(*raw);
	return true;
}

static void entry(struct world *w, const char *type, const char *stack, const char *fields)
{
	g_ptr_array_add(w->entries, fold_line(w->fold, type, stack, w->time, fields));
	fold_ok(w->fold, type, stack, w->time, fields);
}

static void object(const struct world *w, const char *text, char *name)
{
	g_autoptr(GError) error = NULL;
	struct hash digest;

	g_assert_true(objects_store(w->dir, text, strlen(text), &digest, &error));
	g_assert_no_error(error);
	hash_text(name, &digest);
}

static bool has(const struct world *w, const char *text)
{
	struct hash digest;

	hash_bytes(&digest, text, strlen(text));
	return objects_has(w->dir, &digest);
}

static void begin(struct world *w, int64_t plans, int64_t age)
{
	char name[HASH_TEXT_SIZE];
	g_autofree char *fields = NULL;

	*w = (struct world){.dir = temp_new(),
			    .fold = fold_new(),
			    .entries = g_ptr_array_new_with_free_func(g_free),
			    .rule = {.plans = plans, .age = age},
			    .time = 1000};
	object(w, "approvers", name);
	fields = g_strdup_printf("\"agent\":\"a\",\"allowed_signers\":\"%s\",\"log_key\":\"l\","
				 "\"plan_key\":\"p\"",
				 name);
	entry(w, "genesis", NULL, fields);
	entry(w, "commit", "web",
	      "\"commit\":\"" A "\",\"ref\":\"r\",\"repository\":\"u\",\"tree\":\"" A "\"");
	entry(w, "commit", "db",
	      "\"commit\":\"" A "\",\"ref\":\"r\",\"repository\":\"u\",\"tree\":\"" A "\"");
}

static void end(struct world *w)
{
	temp_free(w->dir);
	g_free(w->problem);
	fold_free(w->fold);
	g_ptr_array_unref(w->entries);
}

/* One change: a secret where its text begins with '!', whose object that is. */
static void change(struct world *w, struct plan_change *c, const char *text, char *id, char *name)
{
	char diff[HASH_TEXT_SIZE];
	g_autofree char *shown = g_strdup_printf("+%s", text);

	object(w, text, name);
	object(w, shown, diff);
	c->id = id;
	c->path = id + strlen("file:");
	c->desired.size = (int64_t)strlen(text);
	hash_bytes(&c->desired.digest, text, strlen(text));
	g_assert_true(hash_parse(&c->diff, diff));
	if (text[0] == '!') {
		hash_bytes(&c->desired.digest, "keyed", 5);
		c->desired.keyed = "0123456789abcdef";
		c->desired.sealed = name;
		c->desired.size = 0;
		c->risk |= RISK_SECRET;
	}
}

/* What a renderer made: a text that begins with '%'. */
static void render(struct world *w, struct plan *plan, struct plan_rendered *out, const char *text)
{
	char name[HASH_TEXT_SIZE];

	if (text[0] != '%') {
		return;
	}
	object(w, text, name);
	*out = (struct plan_rendered){.from = "kubernetes:prod/a", .renderer = "helm"};
	g_assert_true(hash_parse(&out->object, name));
	plan->rendered = out;
	plan->rendered_count = 1;
}

/* Writes a plan that wants these contents, and its entry. texts: up to CHANGES, then NULL. */
static void make(struct world *w, const char *stack, const char *const *texts, char *id)
{
	struct plan_change changes[CHANGES], sample;
	char names[CHANGES][HASH_TEXT_SIZE], paths[CHANGES][16];
	struct plan_rendered made;
	struct plan_commit commit;
	struct plan plan;
	struct assent_error err;
	autocfree char *text = NULL;
	g_autofree char *fields = NULL;
	char ignored[HASH_TEXT_SIZE];
	size_t len;

	plan_rig_sample(&plan, &sample, &commit);
	plan.stack = stack;
	plan.seq = ++w->number;
	plan.changes = changes;
	plan.changes_count = 0;
	hash_bytes(&plan.policy.approvers, "approvers", strlen("approvers"));
	for (size_t i = 0; texts[i] != NULL; i++) {
		changes[i] = sample;
		render(w, &plan, &made, texts[i]);
		g_snprintf(paths[i], sizeof(paths[i]), "file:/srv/%zu", i);
		change(w, &changes[i], texts[i][0] == '%' ? "beside" : texts[i], paths[i],
		       names[i]);
		plan.changes_count++;
	}
	if (plan_write(&text, &len, &plan, &err) != 0) {
		g_error("%s", err.text);
	}
	object(w, text, id);
	object(w, "signature", ignored);
	fields = g_strdup_printf("\"commit\":\"" A "\",\"expires\":1000000000,\"number\":%d,"
				 "\"plan\":\"%s\",\"reason\":\"commit\",\"required\":1,"
				 "\"sig\":\"signature\",\"summary\":{\"create\":1}",
				 (int)w->number, id);
	entry(w, "plan", stack, fields);
}

static void start(struct world *w, const char *stack, const char *id)
{
	g_autofree char *fields =
		g_strdup_printf("\"approvals\":[],\"commit\":\"" A "\",\"plan\":\"%s\"", id);

	entry(w, "apply-start", stack, fields);
}

static void finish(struct world *w, const char *stack, const char *id, const char *result)
{
	g_autofree char *fields =
		g_strdup_printf("\"commit\":\"" A "\",\"done\":1,\"left\":0,\"plan\":\"%s\","
				"\"reason\":\"\",\"tree\":\"" A "\",\"undone\":0,%s",
				id, result);

	entry(w, "apply-done", stack, fields);
}

static void apply_of(struct world *w, const char *stack, const char *one, const char *two,
		     const char *three)
{
	const char *const texts[CHANGES + 1] = {one, two, three, NULL};
	char id[HASH_TEXT_SIZE];

	make(w, stack, texts, id);
	start(w, stack, id);
	finish(w, stack, id, "\"result\":\"ok\"");
}

static bool run(struct world *w, GError **error)
{
	const struct retention_world world = {
		.fold = w->fold, .objects = w->dir, .rule = w->rule, .read = read_entry, .user = w};
	g_autoptr(retention_auto) r = retention_new(&world);
	bool done = false, ok = true;

	while (ok && !done) {
		ok = retention_sweep(r, w->time, &done, error);
	}
	retention_removed(r, &w->count, &w->bytes);
	g_free(w->problem);
	w->problem = g_strdup(retention_skipped(r, &w->skipped));
	return ok;
}

static void run_ok(struct world *w)
{
	GError *error = NULL;
	bool ok = run(w, &error);

	g_assert_no_error(error);
	g_assert_true(ok);
}

static void test_count(void)
{
	struct world w;

	begin(&w, 2, 0);
	apply_of(&w, "web", "one", "shared", NULL);
	apply_of(&w, "db", "of another stack", NULL, NULL);
	w.time += DAY;
	apply_of(&w, "web", "two", NULL, NULL);
	apply_of(&w, "web", "three", "shared", NULL);
	w.time += DAY;
	run_ok(&w);
	g_assert_false(has(&w, "one"));
	g_assert_true(has(&w, "shared")); // a kept plan wants it, too
	g_assert_true(has(&w, "two") && has(&w, "three"));
	g_assert_true(has(&w, "of another stack"));
	g_assert_cmpuint(w.count, ==, 1);
	g_assert_cmpuint(w.bytes, ==, strlen("one"));
	run_ok(&w);
	g_assert_cmpuint(w.count, ==, 0);
	end(&w);
}

static void test_age(void)
{
	struct world w;

	begin(&w, 1, 2 * DAY);
	apply_of(&w, "web", "one", NULL, NULL);
	w.time += DAY;
	apply_of(&w, "web", "two", NULL, NULL);
	apply_of(&w, "web", "three", NULL, NULL);
	w.time += DAY - 1;
	run_ok(&w);
	g_assert_cmpuint(w.count, ==, 0);
	w.time++;
	run_ok(&w);
	g_assert_false(has(&w, "one"));
	g_assert_true(has(&w, "two") && has(&w, "three"));
	w.time += DAY;
	run_ok(&w);
	g_assert_false(has(&w, "two"));
	g_assert_true(has(&w, "three")); // the newest, however old
	end(&w);
}

/* However fast one plan follows the other. */
static void test_no_age(void)
{
	struct world w;

	begin(&w, 1, 0);
	apply_of(&w, "web", "one", NULL, NULL);
	apply_of(&w, "web", "two", NULL, NULL);
	run_ok(&w);
	g_assert_false(has(&w, "one"));
	g_assert_true(has(&w, "two"));
	end(&w);
}

static void test_secret(void)
{
	struct world w;

	begin(&w, 1, 0);
	apply_of(&w, "web", "!old", "!both", NULL);
	w.time += DAY;
	apply_of(&w, "web", "!new", "!both", NULL);
	w.time += DAY;
	run_ok(&w);
	g_assert_false(has(&w, "!old"));
	g_assert_true(has(&w, "!both") && has(&w, "!new"));
	g_assert_cmpuint(w.count, ==, 1);
	end(&w);
}

/* What a renderer made stays as long as what the plan wants. */
static void test_rendered(void)
{
	struct world w;

	begin(&w, 2, 0);
	for (unsigned i = 0; i < 3; i++) {
		apply_of(&w, "web", i == 0 ? "%old" : i == 1 ? "%both" : "%new", NULL, NULL);
		w.time += DAY;
	}
	run_ok(&w);
	g_assert_false(has(&w, "%old"));
	g_assert_true(has(&w, "%both") && has(&w, "%new") && has(&w, "beside"));
	g_assert_cmpuint(w.count, ==, 1);
	end(&w);
}

/* Contents that are something else as well: the stack brings the approver list itself, or a file
 * that is as a diff, a signature, a list or a plan. */
static void test_named(void)
{
	char id[HASH_TEXT_SIZE], list[HASH_TEXT_SIZE], steps[HASH_TEXT_SIZE];
	const char *const texts[] = {"steps", NULL};
	const char *const last[] = {"last", NULL};
	g_autofree char *fields = NULL;
	g_autofree char *result = NULL;
	struct world w;

	begin(&w, 1, 0);
	object(&w, "steps", steps);
	object(&w, "commits", list);
	apply_of(&w, "web", "approvers", "+last", "signature");
	apply_of(&w, "web", "gone", "commits", NULL);
	fields = g_strdup_printf("\"commit\":\"" A "\",\"commits\":\"%s\",\"ref\":\"r\","
				 "\"repository\":\"u\",\"tree\":\"" A "\"",
				 list);
	entry(&w, "commit", "web", fields);
	make(&w, "web", texts, id);
	start(&w, "web", id);
	result = g_strdup_printf("\"result\":\"ok\",\"steps\":\"%s\"", steps);
	finish(&w, "web", id, result);
	w.time += DAY;
	make(&w, "web", last, id);
	start(&w, "web", id);
	finish(&w, "web", id, "\"result\":\"ok\"");
	w.time += DAY;
	run_ok(&w);
	g_assert_false(has(&w, "gone"));
	g_assert_cmpuint(w.count, ==, 1);
	g_assert_true(has(&w, "approvers") && has(&w, "signature") && has(&w, "+gone"));
	g_assert_true(has(&w, "commits") && has(&w, "steps") && has(&w, "+last"));
	end(&w);
}

/* What can still be applied, resumed or undone stays, however old; what never will be goes. */
static void test_unfinished(void)
{
	const char *const halted[] = {"halted", NULL};
	const char *const closed[] = {"superseded", NULL};
	const char *const open[] = {"open", NULL};
	const char *const applying[] = {"applying", NULL};
	char id[HASH_TEXT_SIZE];
	g_autofree char *fields = NULL;
	struct world w;

	begin(&w, 1, 0);
	apply_of(&w, "web", "before", NULL, NULL);
	make(&w, "web", halted, id);
	start(&w, "web", id);
	finish(&w, "web", id, "\"halted\":true,\"result\":\"failed\"");
	make(&w, "web", closed, id);
	fields = g_strdup_printf("\"outcome\":\"superseded\",\"plan\":\"%s\",\"reason\":\"r\"", id);
	entry(&w, "closed", "web", fields);
	make(&w, "web", open, id);
	make(&w, "db", applying, id);
	start(&w, "db", id);
	w.time += 1000 * DAY;
	run_ok(&w);
	g_assert_true(has(&w, "before") && has(&w, "halted") && has(&w, "open"));
	g_assert_true(has(&w, "applying"));
	g_assert_false(has(&w, "superseded"));
	g_assert_cmpuint(w.count, ==, 1);
	end(&w);
}

/* Between looking and removing the log goes on. */
static void test_growth(void)
{
	struct retention_world world;
	g_autoptr(GError) error = NULL;
	struct retention *r;
	bool done = false;
	struct world w;

	begin(&w, 1, 0);
	apply_of(&w, "web", "one", "again", NULL);
	apply_of(&w, "web", "two", NULL, NULL);
	w.time += DAY;
	world = (struct retention_world){
		.fold = w.fold, .objects = w.dir, .rule = w.rule, .read = read_entry, .user = &w};
	r = retention_new(&world);
	while (!done) {
		g_assert_true(retention_mark(r, w.time, &done, &error));
	}
	apply_of(&w, "web", "again", NULL, NULL);
	for (done = false; !done;) {
		g_assert_true(retention_sweep(r, w.time, &done, &error));
	}
	retention_free(r);
	g_assert_false(has(&w, "one"));
	g_assert_true(has(&w, "again") && has(&w, "two"));
	end(&w);
}

/* Who does not know what a plan wants removes nothing. */
static void test_unreadable(void)
{
	const char *const texts[] = {"last", NULL};
	g_autoptr(GError) error = NULL;
	g_autofree char *path = NULL;
	char id[HASH_TEXT_SIZE];
	struct hash digest;
	struct world w;

	begin(&w, 1, 0);
	apply_of(&w, "web", "one", NULL, NULL);
	make(&w, "web", texts, id);
	start(&w, "web", id);
	finish(&w, "web", id, "\"result\":\"ok\"");
	w.time += DAY;
	g_assert_true(hash_parse(&digest, id));
	path = objects_path(w.dir, &digest);
	g_assert_true(g_file_set_contents(path, "{}", -1, NULL));
	g_assert_false(run(&w, &error));
	g_assert_nonnull(strstr(error->message, id));
	g_assert_true(has(&w, "one"));
	g_assert_cmpuint(w.count, ==, 0);
	end(&w);
}

/* What it wanted alone stays; all else goes as ever. */
static void test_unreadable_old(void)
{
	const char *const texts[] = {"of the damaged", "one", NULL};
	g_autofree char *path = NULL;
	char id[HASH_TEXT_SIZE];
	struct hash digest;
	struct world w;

	begin(&w, 1, 0);
	make(&w, "web", texts, id);
	start(&w, "web", id);
	finish(&w, "web", id, "\"result\":\"ok\"");
	apply_of(&w, "web", "one", "two", NULL);
	apply_of(&w, "web", "three", NULL, NULL);
	w.time += DAY;
	g_assert_true(hash_parse(&digest, id));
	path = objects_path(w.dir, &digest);
	g_assert_true(g_file_set_contents(path, "{}", -1, NULL));
	run_ok(&w);
	g_assert_cmpuint(w.skipped, ==, 1);
	g_assert_nonnull(strstr(w.problem, id));
	g_assert_false(has(&w, "one") || has(&w, "two"));
	g_assert_true(has(&w, "three") && has(&w, "of the damaged"));
	g_assert_true(objects_has(w.dir, &digest));
	end(&w);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/retention/newest-plans-of-each-stack", test_count);
	g_test_add_func("/retention/age-keeps-more", test_age);
	g_test_add_func("/retention/age-of-nothing-keeps-no-more", test_no_age);
	g_test_add_func("/retention/sealed-secrets", test_secret);
	g_test_add_func("/retention/what-was-rendered", test_rendered);
	g_test_add_func("/retention/what-is-named-otherwise-stays", test_named);
	g_test_add_func("/retention/unfinished-plans-stay", test_unfinished);
	g_test_add_func("/retention/the-log-grows-meanwhile", test_growth);
	g_test_add_func("/retention/an-unreadable-plan-keeps-all", test_unreadable);
	g_test_add_func("/retention/an-unreadable-old-plan-keeps-its-own", test_unreadable_old);
	return g_test_run();
}
