/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of worker/applied.h: what is known of what was applied, and when nothing is. */
#include "worker/applied.h"

#include <string.h>

#include "base/objects.h"
#include "scratch.h"
#include "unit/plans.h"

#define FIRST "1111111111111111111111111111111111111111"
#define SECOND "2222222222222222222222222222222222222222"
#define THIRD "3333333333333333333333333333333333333333"

struct fixture {
	char *dir, *objects, *list, *memory;
	GString *applies; /* the list as it grows */
	struct applied *applied;
};

static void set_up(struct fixture *f, const void *data)
{
	f->dir = scratch_new();
	f->objects = g_build_filename(f->dir, "objects", NULL);
	f->list = g_build_filename(f->dir, "list", NULL);
	f->memory = g_build_filename(f->dir, "memory", NULL);
	f->applies = g_string_new(NULL);
}

static void tear_down(struct fixture *f, const void *data)
{
	applied_free(f->applied);
	g_string_free(f->applies, TRUE);
	g_free(f->memory);
	g_free(f->list);
	g_free(f->objects);
	scratch_free(f->dir);
}

static void store(struct fixture *f, const char *text, size_t len, char digest[HASH_TEXT_SIZE])
{
	struct hash hash;

	g_assert_true(objects_store(f->objects, text, len, &hash, NULL));
	hash_text(digest, &hash);
}

static void add_line(struct fixture *f, const char *plan, bool all, const char *commit,
		     const char *steps)
{
	static const char form[] = "%s{\"all\":%s,\"commit\":\"%s\",\"plan\":\"%s\"%s%s%s,"
				   "\"time\":%d}";

	g_string_append_printf(f->applies, form, f->applies->len > 0 ? "," : "",
			       all ? "true" : "false", commit, plan,
			       steps != NULL ? ",\"steps\":\"" : "", steps != NULL ? steps : "",
			       steps != NULL ? "\"" : "", commit[0] - '0');
}

/* A plan of these changes was applied. steps: JSON of a list of steps, NULL: none is kept. */
static void apply(struct fixture *f, struct plan_change *changes, size_t count, bool all,
		  const char *commit, const char *steps)
{
	char plan_id[HASH_TEXT_SIZE], steps_id[HASH_TEXT_SIZE];
	struct plan_change unused;
	struct plan_commit listed;
	struct plan plan;
	char *text = NULL;
	size_t len;

	plan_rig_sample(&plan, &unused, &listed);
	plan.changes = changes;
	plan.changes_count = count;
	plan.target_commit = commit;
	g_assert_cmpint(plan_write(&text, &len, &plan, NULL), ==, 0);
	store(f, text, len, plan_id);
	free(text);
	if (steps != NULL) {
		store(f, steps, strlen(steps), steps_id);
	}
	add_line(f, plan_id, all, commit, steps != NULL ? steps_id : NULL);
}

static void load(struct fixture *f)
{
	g_autofree char *text = g_strdup_printf("{\"applies\":[%s]}", f->applies->str);
	g_autoptr(GError) error = NULL;

	g_assert_true(g_file_set_contents(f->list, text, -1, NULL));
	g_clear_pointer(&f->applied, applied_free);
	g_assert_true(applied_load(f->list, f->memory, f->objects, &f->applied, &error));
	g_assert_no_error(error);
	g_assert_true(applied_store(f->applied, f->memory, &error));
	g_assert_no_error(error);
}

static struct plan_change path(const char *name, enum state_type type, int64_t mode)
{
	struct plan_change c = {.id = name,
				.kind = "file",
				.path = name,
				.observed = PLAN_STATE(STATE_ABSENT),
				.desired = PLAN_STATE(type)};

	c.desired.mode = mode;
	if (type == STATE_FILE) {
		c.desired.size = (int64_t)strlen(name);
		hash_bytes(&c.desired.digest, name, strlen(name));
	}
	return c;
}

static struct plan_change act(const char *id, const char *kind, const char *manager,
			      enum state_type type)
{
	return (struct plan_change){.id = id,
				    .kind = kind,
				    .manager = manager,
				    .observed = PLAN_STATE(STATE_ABSENT),
				    .desired = PLAN_STATE(type)};
}

/* The commit that is known of it; "" none. */
static void assert_known(struct fixture *f, const struct plan_change *c, const char *commit)
{
	const struct applied_thing *thing = applied_find(f->applied, c);

	g_assert_cmpstr(thing != NULL ? thing->commit : "", ==, commit);
	if (thing != NULL) {
		g_assert_cmpint(thing->time, ==, commit[0] - '0');
	}
}

static bool differs(struct fixture *f, const struct plan_change *c, const struct plan_state *now)
{
	const struct applied_thing *thing = applied_find(f->applied, c);

	g_assert_nonnull(thing);
	return applied_differs(&thing->state, now);
}

static void what_was_wanted_lies_over_what_was_there(struct fixture *f, const void *data)
{
	struct plan_change c = path("/x", STATE_FILE, -1);
	struct plan_state now;

	c.action = ACTION_UPDATE;
	c.observed = c.desired;
	c.observed.mode = 0644;
	c.observed.uid = 7;
	hash_bytes(&c.observed.digest, "old", 3);
	load(f);
	assert_known(f, &c, "");
	apply(f, &c, 1, true, FIRST, NULL);
	load(f);
	assert_known(f, &c, FIRST);
	now = c.desired;
	now.mode = 0644;
	now.uid = 7;
	now.gid = 9; // never stated, never seen
	g_assert_false(differs(f, &c, &now));
	now.mode = 0600;
	g_assert_true(differs(f, &c, &now));
	now.mode = 0644;
	now.uid = 0;
	g_assert_true(differs(f, &c, &now));
	now.uid = 7;
	now.digest.bytes[0] ^= 1;
	g_assert_true(differs(f, &c, &now));
	now = PLAN_STATE(STATE_ABSENT);
	g_assert_true(differs(f, &c, &now));
	/* Then the mode alone: the content stays known. */
	c.observed = c.desired;
	c.observed.mode = 0644;
	c.desired.size = -1;
	c.desired.mode = 0600;
	apply(f, &c, 1, true, SECOND, NULL);
	load(f);
	assert_known(f, &c, SECOND);
	now = c.observed;
	now.mode = 0600;
	g_assert_false(differs(f, &c, &now));
	now.size++;
	g_assert_true(differs(f, &c, &now));
}

static void packages_services_and_links(struct fixture *f, const void *data)
{
	static const char *const run[] = {"/bin/true", NULL};
	static const struct plan_exec exec = {.run = (const char **)run, .timeout = 1};
	static const struct plan_exec other = {.run = (const char **)run, .timeout = 2};
	struct plan_change c[] = {
		act("package:a", "package", "apt", STATE_PACKAGE),
		act("service:a", "service", "system", STATE_SERVICE),
		act("service:daemon-reload", "service", "system", STATE_SERVICE),
		act("command:a", "command", NULL, STATE_COMMAND),
		path("/l", STATE_LINK, -1),
		act("package:b", "package", "apt", STATE_ABSENT),
	};
	struct plan_state now;

	c[0].desired.version = "2";
	c[0].desired.held = 0;
	c[1].observed = PLAN_STATE(STATE_SERVICE);
	c[1].observed.enabled = "enabled";
	c[1].desired.running = "active";
	c[3].exec = &exec;
	c[4].desired.link = "there";
	c[5].observed = c[0].desired;
	apply(f, c, G_N_ELEMENTS(c), true, FIRST, NULL);
	for (int i = 0; i < 2; i++) { // made, then remembered
		load(f);
		now = c[0].desired;
		g_assert_false(differs(f, &c[0], &now));
		now.version = "2.1";
		g_assert_true(differs(f, &c[0], &now));
		now = c[0].desired;
		now.held = 1;
		g_assert_true(differs(f, &c[0], &now));
		now = c[1].desired;
		now.enabled = "enabled";
		g_assert_false(differs(f, &c[1], &now));
		now.enabled = "disabled";
		g_assert_true(differs(f, &c[1], &now));
		now.enabled = "enabled";
		now.running = "failed";
		g_assert_true(differs(f, &c[1], &now));
		assert_known(f, &c[2], "");
		assert_known(f, &c[3], "");
		g_assert_true(applied_has_exec(f->applied, "command:a", &exec));
		g_assert_false(applied_has_exec(f->applied, "command:a", &other));
		g_assert_false(applied_has_exec(f->applied, "command:b", &exec));
		g_assert_false(applied_has_exec(f->applied, "package:a", &exec));
		now = c[4].desired;
		g_assert_false(differs(f, &c[4], &now));
		now.link = "elsewhere";
		g_assert_true(differs(f, &c[4], &now));
		now = c[0].desired; // removed, and there again
		g_assert_true(differs(f, &c[5], &now));
		now = PLAN_STATE(STATE_ABSENT);
		g_assert_false(differs(f, &c[5], &now));
	}
}

static void what_is_known_of_a_part(struct fixture *f, const void *data)
{
	struct plan_change c[] = {path("/a", STATE_FILE, 0644), path("/b", STATE_FILE, 0644),
				  path("/c", STATE_FILE, 0644), path("/d", STATE_FILE, 0644),
				  path("/e", STATE_FILE, 0644)};

	apply(f, c, 5, true, FIRST, NULL);
	/* What became of /e does not stand in the list, which may have been too long. */
	apply(f, c, 5, false, SECOND,
	      "{\"steps\":["
	      "{\"action\":\"create\",\"id\":\"/a\",\"message\":\"\",\"outcome\":\"done\"},"
	      "{\"action\":\"create\",\"id\":\"/b\",\"message\":\"\",\"outcome\":\"undone\"},"
	      "{\"action\":\"create\",\"id\":\"/c\",\"message\":\"\",\"outcome\":\"left\"},"
	      "{\"action\":\"create\",\"id\":\"/d\",\"message\":\"x\",\"outcome\":\"failed\"}]}");
	load(f);
	assert_known(f, &c[0], SECOND);
	assert_known(f, &c[1], FIRST);
	assert_known(f, &c[2], FIRST);
	assert_known(f, &c[3], "");
	assert_known(f, &c[4], "");
	/* Nothing is known of the next. */
	apply(f, c, 2, false, THIRD, NULL);
	load(f);
	assert_known(f, &c[0], "");
	assert_known(f, &c[1], "");
	assert_known(f, &c[2], FIRST);
	/* Nor from a list that is none. */
	apply(f, &c[2], 1, false, THIRD, "{\"steps\":[{\"id\":\"/c\",\"outcome\":\"well\"}]}");
	load(f);
	assert_known(f, &c[2], "");
}

static void without_a_plan_nothing_before_it_is_known(struct fixture *f, const void *data)
{
	struct plan_change a = path("/a", STATE_FILE, 0644), b = path("/b", STATE_FILE, 0644);
	char none[HASH_TEXT_SIZE];

	apply(f, &a, 1, true, FIRST, NULL);
	load(f);
	assert_known(f, &a, FIRST);
	store(f, "no plan", 7, none);
	add_line(f, none, true, SECOND, NULL);
	apply(f, &b, 1, true, THIRD, NULL);
	load(f);
	assert_known(f, &a, "");
	assert_known(f, &b, THIRD);
}

static void memory_is_of_its_applies(struct fixture *f, const void *data)
{
	struct plan_change a = path("/a", STATE_FILE, 0644), b = path("/b", STATE_FILE, 0644);
	g_autofree char *first = NULL;
	g_autofree char *text = NULL;
	char *plans;

	apply(f, &a, 1, true, FIRST, NULL);
	load(f);
	first = g_strdup(f->applies->str);
	apply(f, &b, 1, true, SECOND, NULL);
	/* The plans are not read again. */
	plans = g_build_filename(f->dir, "away", NULL);
	load(f);
	assert_known(f, &a, FIRST);
	assert_known(f, &b, SECOND);
	g_assert_cmpint(rename(f->objects, plans), ==, 0);
	load(f);
	assert_known(f, &a, FIRST);
	assert_known(f, &b, SECOND);
	/* A list that goes back is another one; so is one in which a line is another. */
	g_assert_cmpint(rename(plans, f->objects), ==, 0);
	g_string_assign(f->applies, first);
	load(f);
	assert_known(f, &b, "");
	assert_known(f, &a, FIRST);
	g_string_truncate(f->applies, 0);
	apply(f, &b, 1, true, THIRD, NULL);
	load(f);
	assert_known(f, &a, "");
	assert_known(f, &b, THIRD);
	/* One flipped bit in what is remembered. */
	g_assert_true(g_file_get_contents(f->memory, &text, NULL, NULL));
	*strstr(text, THIRD) = '4';
	g_assert_true(g_file_set_contents(f->memory, text, -1, NULL));
	load(f);
	assert_known(f, &b, THIRD);
	g_free(plans);
}

static void a_list_that_is_none_is_an_error(struct fixture *f, const void *data)
{
	static const char *const texts[] = {
		"",
		"{}",
		"{\"applies\":[],\"more\":1}",
		"{\"applies\":[{\"all\":true,\"commit\":\"x\",\"plan\":\"y\",\"time\":1}]}",
		"{\"applies\":[7]}",
	};

	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
		g_autoptr(GError) error = NULL;

		g_assert_true(g_file_set_contents(f->list, texts[i], -1, NULL));
		g_assert_false(applied_load(f->list, f->memory, f->objects, &f->applied, &error));
		g_assert_nonnull(error);
		g_assert_null(f->applied);
	}
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*test)(struct fixture *f, const void *data);
	} tests[] = {
		{"/applied/what-was-wanted-lies-over-what-was-there",
		 what_was_wanted_lies_over_what_was_there},
		{"/applied/packages-services-and-links", packages_services_and_links},
		{"/applied/what-is-known-of-a-part", what_is_known_of_a_part},
		{"/applied/without-a-plan-nothing-before-it-is-known",
		 without_a_plan_nothing_before_it_is_known},
		{"/applied/memory-is-of-its-applies", memory_is_of_its_applies},
		{"/applied/a-list-that-is-none-is-an-error", a_list_that_is_none_is_an_error},
	};

	g_test_init(&argc, &argv, NULL);
	for (size_t i = 0; i < G_N_ELEMENTS(tests); i++) {
		g_test_add(tests[i].name, struct fixture, NULL, set_up, tests[i].test, tear_down);
	}
	return g_test_run();
}
