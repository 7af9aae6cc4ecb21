/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Commands: how they are run, shown and planned, and when their guards are asked. */
#include "worker/target/exec.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/words.h"
#include "temp-dir.h"
#include "worker/plan.h"

static const struct exec_limit no_limit = {0};

/* Whoever owns nothing. */
enum { NOBODY = 65534 };

#define SH(script) ((const char *[]){"sh", "-c", (script), NULL})
#define EXEC(script) ((struct plan_exec){.run = SH(script), .timeout = 60, .output = 65536})

static char *run(struct plan_exec exec, int want)
{
	g_autoptr(GError) error = NULL;
	char *words = NULL;
	int status = -1;

	g_assert_true(exec_run(&exec, exec.run, &no_limit, &status, &words, &error));
	g_assert_no_error(error);
	g_assert_cmpint(status, ==, want);
	return words;
}

static void expect(struct plan_exec exec, int status, const char *words)
{
	g_autofree char *got = run(exec, status);

	g_assert_cmpstr(got, ==, words);
}

static void test_last_words(void)
{
	g_autofree char *cut = run(EXEC("yes x | tr -d '\\n' | head -c 9000"), 0);

	expect(EXEC("true"), 0, "");
	expect(EXEC("echo fine; exit 3"), 3, "fine");
	expect(EXEC("echo fine; echo bad >&2; kill -9 $$"), 137, "bad");
	expect(EXEC("seq 1 9; echo; exit 1"), 1, "6 / 7 / 8 / 9");
	expect(EXEC("printf 'a\\033[1m\\377\\n' >&2; exit 1"), 1, "a<U+001B>[1m<FF>");
	g_assert_cmpuint(strlen(cut), <=, 2000);
	g_assert_cmpuint(strlen(cut), >, 1000);
}

static void test_environment(void)
{
	static const char *env[] = {"A=b=c", "LANG=xx", NULL};
	struct plan_exec exec =
		EXEC("echo $LANG,$A,${ASSENT_SECRET-none},$PWD,$USER,$LOGNAME,$HOME");
	g_autofree char *want = NULL;
	const char *user = g_get_user_name();

	exec.env = env;
	exec.directory = "/usr";
	g_setenv("ASSENT_SECRET", "s", TRUE);
	g_setenv("HOME", "/nowhere", TRUE);
	want = g_strdup_printf("xx,b=c,none,/usr,%s,%s,", user, user);
	{
		g_autofree char *got = run(exec, 0);

		g_assert_true(g_str_has_prefix(got, want));
		g_assert_false(g_str_has_suffix(got, "nowhere"));
	}
	expect(EXEC("echo $PATH"), 0,
	       "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
	expect(EXEC("umask; cat"), 0, "0022");
}

static void test_programs(void)
{
	char *dir = temp_new();
	g_autofree char *tool = temp_file(dir, "tool", "#!/bin/sh\necho mine\n");
	g_autofree char *path = g_strdup_printf("PATH=.::%s:/usr/bin:/bin", dir);
	const char *env[] = {path, NULL};
	struct plan_exec exec = {
		.run = (const char *[]){"tool", NULL}, .timeout = 60, .output = 99};
	g_autoptr(GError) error = NULL;
	char *words;
	unsigned lack;
	int status;

	exec.env = env;
	g_assert_false(exec_run(&exec, exec.run, &no_limit, &status, &words, &error));
	g_assert_error(error, BASE_ERROR, BASE_ERROR_NOT_FOUND);
	g_clear_error(&error);
	g_assert_false(exec_ready(&exec, &lack, &error));
	g_assert_cmpuint(lack, ==, EXEC_NO_PROGRAM);
	g_clear_error(&error);
	g_assert_cmpint(chmod(tool, 0755), ==, 0);
	g_assert_true(exec_ready(&exec, &lack, &error));
	expect(exec, 0, "mine");
	exec.directory = "/no/such";
	g_assert_false(exec_ready(&exec, &lack, &error));
	g_assert_cmpuint(lack, ==, EXEC_NO_DIRECTORY);
	g_clear_error(&error);
	exec.user = "no-such-user";
	g_assert_false(exec_ready(&exec, &lack, &error));
	g_assert_cmpuint(lack, ==, EXEC_NO_USER);
	g_clear_error(&error);
	exec.user = NULL;
	for (const char *const *bad = (const char *const[]){"a/b", "./x", "..", "", NULL};
	     *bad != NULL; bad++) {
		exec.run = (const char *[]){*bad, NULL};
		g_assert_false(exec_check(&exec, &error));
		g_clear_error(&error);
	}
	temp_free(dir);
}

static void test_other_user(void)
{
	struct plan_exec exec = EXEC("id -u; id -g; echo $USER $HOME; cat /etc/shadow");
	g_autofree char *words = NULL;
	g_autoptr(GError) error = NULL;
	unsigned lack;

	if (geteuid() != 0) {
		exec.user = "root";
		g_assert_false(exec_ready(&exec, &lack, &error));
		g_assert_cmpuint(lack, ==, 0);
		g_assert_nonnull(strstr(error->message, "only root"));
		return;
	}
	exec.user = "nobody";
	words = run(exec, 1);
	g_assert_nonnull(strstr(words, "denied"));
	exec = EXEC("echo $(id -u) $(id -G) $USER");
	exec.user = "65534";
	g_free(words);
	words = run(exec, 0);
	g_assert_cmpstr(words, ==, "65534 65534 nobody");
}

/* Whoever can change it would run what he likes as root. */
static void test_root_runs_what_is_its_own(void)
{
	char *dir = temp_new();
	g_autofree char *tool = temp_file(dir, "tool", "#!/bin/sh\n");
	g_autofree char *link = g_build_filename(dir, "link", NULL);
	const char *run[] = {tool, NULL}, *linked[] = {link, NULL};
	struct plan_exec exec = {.run = run, .timeout = 60, .output = 99};
	g_autoptr(GError) error = NULL;
	bool root = geteuid() == 0;
	unsigned lack;

	g_assert_cmpint(symlink(tool, link), ==, 0);
	g_assert_cmpint(chmod(tool, 0755), ==, 0);
	expect(exec, 0, "");
	g_assert_cmpint(chmod(tool, 0775), ==, 0);
	for (unsigned i = 0; i < 2; i++) {
		exec.run = i == 0 ? run : linked;
		g_assert_true(exec_ready(&exec, &lack, &error) == !root);
		g_assert_true(root == (error != NULL));
		g_assert_cmpuint(lack, ==, 0);
		g_clear_error(&error);
	}
	g_assert_cmpint(chmod(tool, 0755), ==, 0);
	g_assert_cmpint(chmod(dir, 0777), ==, 0);
	g_assert_true(exec_ready(&exec, &lack, &error) == !root);
	g_clear_error(&error);
	temp_free(dir);
}

static bool stop_now(void *user)
{
	return true;
}

static void test_bounds(void)
{
	struct plan_exec exec = EXEC("echo begun; exec sleep 600");
	struct exec_limit limit = {.ms = 400};
	g_autoptr(GError) error = NULL;
	char *words;
	int status;

	g_assert_false(exec_run(&exec, exec.run, &limit, &status, &words, &error));
	g_assert_error(error, BASE_ERROR, BASE_ERROR_TIMEOUT);
	g_assert_nonnull(strstr(error->message, "its last words: begun"));
	g_clear_error(&error);
	limit = (struct exec_limit){.stopped = stop_now};
	g_assert_false(exec_run(&exec, exec.run, &limit, &status, &words, &error));
	g_assert_error(error, BASE_ERROR, BASE_ERROR_CANCELLED);
	g_clear_error(&error);
	exec = EXEC("while :; do echo spam; done");
	exec.output = 1000;
	g_assert_false(exec_run(&exec, exec.run, &no_limit, &status, &words, &error));
	g_assert_error(error, BASE_ERROR, BASE_ERROR_LIMIT);
}

static void test_words_are_quoted(void)
{
	static const char *const cases[][2] = {
		{"plain/x-1_2.3:4=5,6@7%8+9", "plain/x-1_2.3:4=5,6@7%8+9"},
		{"", "''"},
		{"two words", "'two words'"},
		{"$HOME `x` \"y\" \\", "'$HOME `x` \"y\" \\'"},
		{"it's", "$'it\\'s'"},
		{"a\nrun evil", "$'a\\nrun evil'"},
		{"\033[2J", "$'\\x1B[2J'"},
		{"b\xff", "$'b\\xFF'"},
		{"a\xe2\x80\xae"
		 "b\\",
		 "$'a\\u202Eb\\\\'"},
		{"\xc3\xa4", "'\xc3\xa4'"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		const char *words[] = {cases[i][0], "x", NULL};
		g_autoptr(GString) out = g_string_new(NULL);
		g_autofree char *want = g_strconcat(cases[i][1], " x", NULL);

		words_append(out, words);
		g_assert_cmpstr(out->str, ==, want);
	}
}

/* A manifest with one command and perhaps the one before it. */
struct scene {
	struct planner p;
	struct desired desired, base;
	struct desired_resource now, before, file;
	struct desired_exec exec, old_exec;
	struct desired_check check;
	char *dir, *trace, *made;
	char *unless[4];
	bool has_base, never_applied, was_output;
};

/* What a struct desired_resource wants, which may be written to. */
static char text_sh[] = "sh", text_c[] = "-c", text_x[] = "x", text_id[] = "command:x",
	    text_true[] = "true", text_false[] = "false", text_env[] = "A=1",
	    text_nobody[] = "nobody", text_usr[] = "/usr", text_none[] = "no-such-user",
	    text_root[] = "root", text_file[] = "file:/x";

static void give(struct desired_resource *r, struct desired_exec *exec)
{
	r->kind = DESIRED_COMMAND;
	r->file = "assent.yaml";
	r->id = text_id;
	r->name = text_x;
	r->exec = exec;
}

static char *program[] = {text_true, NULL};

/* The guard says whether it is needed and leaves a trace. */
static void scene_init(struct scene *s, bool needed)
{
	memset(s, 0, sizeof(*s));
	s->dir = temp_new();
	s->trace = g_build_filename(s->dir, "trace", NULL);
	s->made = g_build_filename(s->dir, "made", NULL);
	s->unless[0] = text_sh;
	s->unless[1] = text_c;
	s->unless[2] = g_strdup_printf("echo . >>%s; exit %d", s->trace, needed ? 1 : 0);
	s->exec = (struct desired_exec){
		.run = program, .unless = s->unless, .timeout = 60, .output = 65536};
	s->old_exec = s->exec;
	give(&s->now, &s->exec);
	give(&s->before, &s->old_exec);
	s->has_base = true;
}

/* What the last commit declares was run. */
static struct applied *applied_of(struct scene *s)
{
	const struct desired_exec *from = &s->old_exec;
	const struct plan_exec exec = {.run = (const char **)from->run,
				       .unless = (const char **)from->unless,
				       .env = (const char **)from->env,
				       .creates = from->creates,
				       .directory = from->directory,
				       .user = from->user,
				       .timeout = from->timeout,
				       .output = s->was_output ? 1 : from->output};
	const struct plan_change change = {.id = text_id,
					   .kind = "command",
					   .action = ACTION_RUN,
					   .observed = PLAN_STATE(STATE_ABSENT),
					   .desired = PLAN_STATE(STATE_COMMAND),
					   .exec = &exec};

	return applied_new_of(&change);
}

static unsigned scene_plan(struct scene *s)
{
	struct planner *p = &s->p;
	GPtrArray *lists[] = {g_ptr_array_new(), g_ptr_array_new(), g_ptr_array_new()};
	g_autoptr(GError) error = NULL;

	s->desired.resources = g_ptr_array_new();
	s->base.resources = g_ptr_array_new();
	s->desired.checks = g_ptr_array_new();
	if (s->check.exec != NULL) {
		g_ptr_array_add(s->desired.checks, &s->check);
	}
	if (s->file.id != NULL) {
		g_ptr_array_add(s->desired.resources, &s->file);
	}
	g_ptr_array_add(s->desired.resources, &s->now);
	if (s->has_base) {
		g_ptr_array_add(s->base.resources, &s->before);
	}
	p->desired = &s->desired;
	p->base = "";
	p->base_desired = &s->base;
	p->base_asked = true;
	p->known = s->never_applied ? NULL : applied_of(s);
	p->known_asked = true;
	p->observer = observer_new(NULL, 0);
	p->acts = lists[0];
	p->changes = lists[1];
	p->removals = lists[2];
	p->strings = g_string_chunk_new(1024);
	p->kept = g_ptr_array_new_with_free_func(g_free);
	p->warnings = g_ptr_array_new();
	diag_list_init(&p->diags);
	if (s->file.notify != NULL) {
		static struct plan_item told;

		told = (struct plan_item){.resource = &s->file};
		g_ptr_array_add(p->changes, &told);
	}
	g_assert_true(plan_commands(p, &error));
	g_assert_no_error(error);
	return p->acts->len;
}

static const struct plan_item *scene_item(struct scene *s)
{
	g_assert_cmpuint(s->p.acts->len, ==, 1);
	return s->p.acts->pdata[0];
}

static bool was_asked(const struct scene *s)
{
	return g_file_test(s->trace, G_FILE_TEST_EXISTS);
}

static void scene_clear(struct scene *s)
{
	g_ptr_array_set_free_func(s->p.acts, g_free);
	g_ptr_array_unref(s->p.acts);
	g_ptr_array_unref(s->p.changes);
	g_ptr_array_unref(s->p.removals);
	g_ptr_array_unref(s->p.warnings);
	g_ptr_array_unref(s->p.kept);
	g_string_chunk_free(s->p.strings);
	g_clear_pointer(&s->p.notifiers, g_hash_table_unref);
	g_clear_pointer(&s->p.changed, g_hash_table_unref);
	diag_list_clear(&s->p.diags);
	observer_free(s->p.observer);
	applied_free(s->p.known);
	g_ptr_array_unref(s->desired.resources);
	g_ptr_array_unref(s->base.resources);
	g_ptr_array_unref(s->desired.checks);
	g_free(s->unless[2]);
	g_free(s->trace);
	g_free(s->made);
	temp_free(s->dir);
}

static void test_approved_guard_is_asked(void)
{
	struct scene s;

	scene_init(&s, false);
	g_assert_cmpuint(scene_plan(&s), ==, 0);
	g_assert_true(was_asked(&s));
	scene_clear(&s);
	scene_init(&s, true);
	g_assert_cmpuint(scene_plan(&s), ==, 1);
	g_assert_true(was_asked(&s));
	g_assert_null(scene_item(&s)->remark);
	g_assert_cmpint(scene_item(&s)->change.action, ==, ACTION_RUN);
	g_assert_cmphex(scene_item(&s)->change.risk, ==,
			RISK_EXECUTABLE | (geteuid() == 0 ? RISK_ROOT : 0));
	scene_clear(&s);
}

static char *other_words[] = {text_false, NULL};
static char *other_env[] = {text_env, NULL};

/* What differs in one member from what was applied, or was not there, is not asked. */
static void test_new_guard_is_not_asked(void)
{
	for (unsigned i = 0; i < 12; i++) {
		struct scene s;
		struct desired_exec *old = &s.old_exec;

		scene_init(&s, false);
		switch (i) {
		case 0:
			s.has_base = false;
			break;
		case 1:
			old->run = other_words;
			break;
		case 2:
			old->unless = other_words;
			break;
		case 3:
			old->unless = NULL;
			break;
		case 4:
			old->env = other_env;
			break;
		case 5:
			old->user = text_nobody;
			break;
		case 6:
			old->directory = text_usr;
			break;
		case 7:
			old->timeout = 61;
			break;
		case 8:
			old->creates = s.made;
			break;
		case 9:
			s.before.only_notified = true;
			break;
		case 10: /* it was not for this host then */
			s.never_applied = true;
			break;
		case 11:
			s.was_output = true;
			break;
		}
		g_assert_cmpuint(scene_plan(&s), ==, 1);
		g_assert_false(was_asked(&s));
		g_assert_nonnull(strstr(scene_item(&s)->remark, "new"));
		scene_clear(&s);
	}
}

/* A commit that changes nothing is applied without anybody's approval; so a new guard must make a
 * change even when what the command creates is there. */
static void test_new_guard_is_always_a_change(void)
{
	struct scene s;

	scene_init(&s, true);
	s.has_base = false;
	s.exec.creates = s.dir;
	g_assert_cmpuint(scene_plan(&s), ==, 1);
	g_assert_false(was_asked(&s));
	g_assert_cmpint(scene_item(&s)->change.observed.type, ==, STATE_COMMAND);
	scene_clear(&s);
}

static void test_creates(void)
{
	struct scene s;

	scene_init(&s, true);
	s.exec.unless = s.old_exec.unless = NULL;
	s.exec.creates = s.made;
	g_assert_cmpuint(scene_plan(&s), ==, 1);
	g_assert_cmpint(scene_item(&s)->change.observed.type, ==, STATE_ABSENT);
	scene_clear(&s);
	scene_init(&s, true);
	s.exec.unless = NULL;
	s.exec.creates = s.made;
	g_assert_cmpint(symlink("/no/such", s.made), ==, 0);
	g_assert_cmpuint(scene_plan(&s), ==, 0);
	scene_clear(&s);
	/* One that both have is enough. */
	scene_init(&s, true);
	s.exec.creates = s.old_exec.creates = s.dir;
	g_assert_cmpuint(scene_plan(&s), ==, 0);
	g_assert_false(was_asked(&s));
	scene_clear(&s);
}

static void test_notified(void)
{
	char *told[] = {text_id, NULL};
	struct scene s;

	for (unsigned notified = 0; notified < 2; notified++) {
		for (unsigned guarded = 0; guarded < 2; guarded++) {
			scene_init(&s, false);
			s.now.only_notified = s.before.only_notified = true;
			s.exec.unless = guarded ? s.unless : NULL;
			s.old_exec.unless = s.exec.unless;
			s.file = (struct desired_resource){.id = text_file,
							   .notify = notified ? told : NULL};
			g_assert_cmpuint(scene_plan(&s), ==, notified);
			g_assert_false(was_asked(&s));
			if (notified) {
				g_assert_cmpstr(scene_item(&s)->change.because[0], ==, "file:/x");
			}
			scene_clear(&s);
		}
	}
}

/* Whoever looks now is not who applies it. */
static void test_another_users_guard_is_not_asked(void)
{
	struct scene s;
	bool root = geteuid() == 0;

	scene_init(&s, false);
	s.p.for_root = true;
	g_assert_cmpuint(scene_plan(&s), ==, root ? 0 : 1);
	g_assert_true(was_asked(&s) == root);
	scene_clear(&s);
	scene_init(&s, false);
	s.p.for_root = true;
	s.exec.user = s.old_exec.user = text_none;
	g_assert_cmpuint(scene_plan(&s), ==, 1);
	g_assert_false(was_asked(&s));
	g_assert_cmphex(scene_item(&s)->change.risk, ==, RISK_EXECUTABLE);
	scene_clear(&s);
}

static void test_user_needs_root(void)
{
	const uid_t self = geteuid();
	struct scene s;

	/* Root may run as anybody: here it is one of them. */
	g_assert_true(self != 0 || seteuid(NOBODY) == 0);
	scene_init(&s, false);
	s.exec.user = s.old_exec.user = text_root;
	g_assert_cmpuint(scene_plan(&s), ==, 0);
	g_assert_cmpuint(s.p.diags.items->len, ==, 1);
	g_assert_false(was_asked(&s));
	scene_clear(&s);
	scene_init(&s, false);
	s.old_exec.user = text_root;
	s.check = (struct desired_check){.exec = &s.old_exec, .file = "assent.yaml"};
	(void)scene_plan(&s);
	g_assert_cmpuint(s.p.diags.items->len, ==, 1);
	scene_clear(&s);
	g_assert_true(seteuid(self) == 0);
}

static void test_section(void)
{
	static const char *env[] = {"A=x y", NULL};
	struct plan_exec exec = EXEC("echo '\n' >&2");
	struct plan_change c = {.id = "command:x", .kind = "command", .exec = &exec};
	g_autoptr(GString) out = g_string_new(NULL);
	const struct diff_content none = {"", 0};

	exec.env = env;
	exec.unless = (const char *[]){"test", "-e", "/x", NULL};
	exec.creates = "/a b";
	exec.user = "root";
	exec.directory = "/srv";
	g_assert_true(target_find("command")->diff(NULL, out, &c, &none, &none, NULL));
	g_assert_cmpstr(out->str, ==,
			"command x\n+run sh -c $'echo \\'\\n\\' >&2'\n+user root\n+directory /srv\n"
			"+env 'A=x y'\n+unless test -e /x\n+creates '/a b'\n+timeout 60s\n");
}

/* One step of a plan, as the transaction drives it. */
struct act {
	struct plan_change c;
	struct target_run run;
	GArray *steps;
	struct step *step;
};

static void act_init(struct act *a, const struct plan_exec *exec)
{
	memset(a, 0, sizeof(*a));
	a->c = (struct plan_change){.id = "command:x",
				    .kind = "command",
				    .action = ACTION_RUN,
				    .risk = RISK_EXECUTABLE | RISK_ROOT,
				    .observed = PLAN_STATE(STATE_ABSENT),
				    .desired = PLAN_STATE(STATE_COMMAND),
				    .exec = exec};
	a->steps = g_array_sized_new(FALSE, TRUE, sizeof(struct step), 1);
	g_array_set_size(a->steps, 1);
	a->step = &g_array_index(a->steps, struct step, 0);
	a->step->change = &a->c;
	a->step->ops = target_find("command");
	a->run = (struct target_run){.observer = observer_new(NULL, 0), .steps = a->steps};
}

static void act_clear(struct act *a)
{
	g_free(a->step->message);
	g_array_unref(a->steps);
	observer_free(a->run.observer);
}

/* As the transaction does. */
static bool act_do(struct act *a)
{
	g_autoptr(GError) error = NULL;

	a->step->begun = true;
	if (a->step->ops->commit(&a->run, a->step, &error)) {
		g_assert_no_error(error);
		a->step->outcome = STEP_DONE;
		return true;
	}
	a->step->outcome = STEP_FAILED;
	a->step->message = g_strdup(error->message);
	return false;
}

static char *act_undo(struct act *a)
{
	GError *error = NULL;
	char *text = NULL;

	if (!a->step->ops->undo(&a->run, a->step, &error)) {
		g_assert_error(error, TARGET_ERROR, TARGET_ERROR_FAILED);
		text = g_strdup(error->message);
		g_clear_error(&error);
	}
	return text;
}

static void test_act(void)
{
	struct plan_exec exec = EXEC("exit 0");
	struct act a;
	g_autofree char *text = NULL;

	act_init(&a, &exec);
	g_assert_true(a.step->ops->check(&a.c, NULL));
	g_assert_true(a.step->ops->stage(&a.run, a.step, NULL));
	g_assert_null(act_undo(&a));
	g_assert_true(act_do(&a));
	text = act_undo(&a);
	g_assert_cmpstr(text, ==, "was run and cannot be undone");
	act_clear(&a);
	exec = EXEC("echo oops >&2; exit 7");
	act_init(&a, &exec);
	g_assert_false(act_do(&a));
	g_free(text);
	for (unsigned again = 0; again < 2; again++) {
		text = act_undo(&a);
		g_assert_null(text);
		g_assert_cmpstr(a.step->message, ==,
				"'command:x' ended with status 7: oops; what it did until then is "
				"not undone");
	}
	/* After a crash: begun, and nobody knows more. */
	a.step->outcome = STEP_LEFT;
	text = act_undo(&a);
	g_assert_cmpstr(text, ==, "may have run, and cannot be undone");
	act_clear(&a);
}

static void test_act_is_not_needed(void)
{
	struct plan_exec exec = EXEC("exit 9");
	struct act a;

	exec.creates = "/usr";
	act_init(&a, &exec);
	g_assert_true(act_do(&a));
	g_assert_cmpstr(a.step->message, ==, "not needed: '/usr' is there");
	g_assert_null(act_undo(&a));
	act_clear(&a);
	exec.creates = "/usr/no/such";
	exec.unless = SH("exit 0");
	act_init(&a, &exec);
	g_assert_true(act_do(&a));
	g_assert_cmpstr(a.step->message, ==, "not needed: sh -c 'exit 0' exits with 0");
	act_clear(&a);
	exec.unless = SH("exit 1");
	act_init(&a, &exec);
	g_assert_false(act_do(&a));
	act_clear(&a);
	/* A guard that gives no answer is no permission. */
	exec.unless = (const char *[]){"no-such-program", NULL};
	act_init(&a, &exec);
	g_assert_false(act_do(&a));
	g_assert_nonnull(strstr(a.step->message, "was not run: guard no-such-program"));
	g_assert_null(act_undo(&a));
	act_clear(&a);
}

static void test_act_is_checked(void)
{
	struct plan_exec exec = EXEC("true");
	struct act a;
	g_autoptr(GError) error = NULL;

	act_init(&a, &exec);
	a.c.action = ACTION_CREATE;
	g_assert_false(a.step->ops->check(&a.c, NULL));
	a.c.action = ACTION_RUN;
	a.c.desired.type = STATE_ABSENT;
	g_assert_false(a.step->ops->check(&a.c, NULL));
	a.c.desired.type = STATE_COMMAND;
	a.c.id = "file:/x";
	g_assert_false(a.step->ops->check(&a.c, NULL));
	a.c.id = "command:x";
	exec.run = (const char *[]){"bin/x", NULL};
	g_assert_false(a.step->ops->check(&a.c, &error));
	g_assert_error(error, TARGET_ERROR, TARGET_ERROR_PLAN);
	g_clear_error(&error);
	/* The plan does not say that it would run as root. */
	exec = EXEC("true");
	a.c.risk = RISK_EXECUTABLE;
	g_assert_true(a.step->ops->stage(&a.run, a.step, NULL) == (geteuid() != 0));
	g_assert_true(act_do(&a) == (geteuid() != 0));
	act_clear(&a);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/exec/last-words", test_last_words);
	g_test_add_func("/exec/environment", test_environment);
	g_test_add_func("/exec/programs", test_programs);
	g_test_add_func("/exec/other-user", test_other_user);
	g_test_add_func("/exec/root-runs-what-is-its-own", test_root_runs_what_is_its_own);
	g_test_add_func("/exec/bounds", test_bounds);
	g_test_add_func("/exec/words-are-quoted", test_words_are_quoted);
	g_test_add_func("/command/approved-guard-is-asked", test_approved_guard_is_asked);
	g_test_add_func("/command/new-guard-is-not-asked", test_new_guard_is_not_asked);
	g_test_add_func("/command/new-guard-is-always-a-change", test_new_guard_is_always_a_change);
	g_test_add_func("/command/creates", test_creates);
	g_test_add_func("/command/notified", test_notified);
	g_test_add_func("/command/another-users-guard-is-not-asked",
			test_another_users_guard_is_not_asked);
	g_test_add_func("/command/user-needs-root", test_user_needs_root);
	g_test_add_func("/command/section", test_section);
	g_test_add_func("/command/act", test_act);
	g_test_add_func("/command/act-is-not-needed", test_act_is_not_needed);
	g_test_add_func("/command/act-is-checked", test_act_is_checked);
	return g_test_run();
}
