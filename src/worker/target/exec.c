/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Running a program as a plan states it. */
#include "worker/target/exec.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/proc.h"
#include "base/secure.h"
#include "base/text.h"
#include "base/words.h"

#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#define GRACE 5 /* seconds */
#define LAST_LINES 5
#define LAST_BYTES 1500
#define WORDS_BYTES 2000
#define MAX_GROUPS 65536

/* Whom it runs as, and what that user has. */
struct exec_user {
	uid_t uid;
	gid_t gid;
	char *name, *home;
	gid_t *groups;
	int groups_count;
};

static void exec_user_clear(struct exec_user *user)
{
	g_free(user->name);
	g_free(user->home);
	g_free(user->groups);
}
#define autouser __attribute__((cleanup(exec_user_clear))) struct exec_user

/* A name, or a number, which need not belong to anybody. */
static bool parse_id(const char *text, uid_t *uid)
{
	guint64 number;

	if (!g_ascii_string_to_unsigned(text, 10, 0, G_MAXUINT32 - 1, &number, NULL)) {
		return false;
	}
	*uid = (uid_t)number;
	return true;
}

bool exec_user_id(const char *user, uid_t *uid)
{
	const struct passwd *pw;

	if (user == NULL) {
		*uid = geteuid();
		return true;
	}
	pw = getpwnam(user);
	if (pw != NULL) {
		*uid = pw->pw_uid;
		return true;
	}
	return parse_id(user, uid);
}

static bool find_groups(struct exec_user *user, GError **error)
{
	int count = 64;

	do {
		user->groups_count = count;
		user->groups = g_renew(gid_t, user->groups, count);
		if (getgrouplist(user->name, user->gid, user->groups, &user->groups_count) >= 0) {
			return true;
		}
		count *= 2;
	} while (count <= MAX_GROUPS);
	return fail(error, BASE_ERROR, BASE_ERROR_LIMIT, "user '%s' is in too many groups",
		    user->name);
}

static bool find_user(const char *wanted, struct exec_user *out, GError **error)
{
	const struct passwd *pw;
	uid_t uid;

	if (!exec_user_id(wanted, &uid)) {
		return fail(error, BASE_ERROR, BASE_ERROR_NOT_FOUND, "there is no user '%s'",
			    wanted);
	}
	pw = getpwuid(uid);
	if (pw == NULL && uid != geteuid()) {
		return fail(error, BASE_ERROR, BASE_ERROR_NOT_FOUND, "there is no user '%s'",
			    wanted);
	}
	if (uid != geteuid() && geteuid() != 0) {
		return fail(error, BASE_ERROR, BASE_ERROR_FAILED,
			    "only root can run a command as user '%s'", wanted);
	}
	out->uid = uid;
	out->gid = pw != NULL ? pw->pw_gid : getegid();
	out->name = pw != NULL ? g_strdup(pw->pw_name) : g_strdup_printf("%u", (unsigned)uid);
	out->home = g_strdup(pw != NULL && pw->pw_dir[0] == '/' ? pw->pw_dir : "/");
	return uid == geteuid() || find_groups(out, error);
}

static const char *stated(const struct plan_exec *exec, const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; exec->env != NULL && exec->env[i] != NULL; i++) {
		if (strncmp(exec->env[i], name, len) == 0 && exec->env[i][len] == '=') {
			return exec->env[i] + len + 1;
		}
	}
	return NULL;
}

char **exec_path(const struct plan_exec *exec)
{
	const char *path = stated(exec, "PATH");

	return g_strsplit(path != NULL ? path : DEFAULT_PATH, ":", -1);
}

static bool is_program(const char *file)
{
	struct stat st;

	return stat(file, &st) == 0 && S_ISREG(st.st_mode) && access(file, X_OK) == 0;
}

char *exec_find(const struct plan_exec *exec, const char *program)
{
	g_auto(GStrv) folders = exec_path(exec);

	if (strchr(program, '/') != NULL) {
		return is_program(program) ? g_strdup(program) : NULL;
	}
	for (char **folder = folders; *folder != NULL; folder++) {
		g_autofree char *file = g_build_filename(*folder, program, NULL);

		if ((*folder)[0] == '/' && is_program(file)) {
			return g_steal_pointer(&file);
		}
	}
	return NULL;
}

static bool check_program(const char *program, GError **error)
{
	return program[0] == '/' ||
	       (strchr(program, '/') == NULL && program[0] != '\0' && strcmp(program, ".") != 0 &&
		strcmp(program, "..") != 0) ||
	       fail(error, BASE_ERROR, BASE_ERROR_MALFORMED,
		    "'%s' is neither an absolute path nor the name of a program", program);
}

static bool check_absolute(const char *path, GError **error)
{
	return path == NULL || path[0] == '/' ||
	       fail(error, BASE_ERROR, BASE_ERROR_MALFORMED, "'%s' is no absolute path", path);
}

bool exec_check(const struct plan_exec *exec, GError **error)
{
	return check_program(exec->run[0], error) &&
	       (exec->unless == NULL || check_program(exec->unless[0], error)) &&
	       check_absolute(exec->creates, error) && check_absolute(exec->directory, error);
}

/* Of a program that others can change nobody has approved what it does with root's rights. */
static bool check_safe(const struct exec_user *user, const char *program, GError **error)
{
	return user->uid != 0 || secure_linked(program, error) ||
	       fail_prefix(error, "root runs nothing that others can change");
}

bool exec_ready(const struct plan_exec *exec, unsigned *lack, GError **error)
{
	autouser user = {0};
	g_autofree char *program = NULL;
	g_autoptr(GError) problem = NULL;

	*lack = 0;
	if (!find_user(exec->user, &user, &problem)) {
		*lack = g_error_matches(problem, BASE_ERROR, BASE_ERROR_NOT_FOUND) ? EXEC_NO_USER
										   : 0;
		g_propagate_error(error, g_steal_pointer(&problem));
		return false;
	}
	if (exec->directory != NULL && !g_file_test(exec->directory, G_FILE_TEST_IS_DIR)) {
		*lack = EXEC_NO_DIRECTORY;
		return fail(error, BASE_ERROR, BASE_ERROR_NOT_FOUND, "there is no folder '%s'",
			    exec->directory);
	}
	program = exec_find(exec, exec->run[0]);
	if (program == NULL) {
		*lack = EXEC_NO_PROGRAM;
		return fail(error, BASE_ERROR, BASE_ERROR_NOT_FOUND, "there is no program '%s'",
			    exec->run[0]);
	}
	return check_safe(&user, program, error);
}

static char **environment(const struct plan_exec *exec, const struct exec_user *user)
{
	g_auto(GStrv) env = g_new0(char *, 1);

	env = g_environ_setenv(env, "PATH", DEFAULT_PATH, TRUE);
	env = g_environ_setenv(env, "HOME", user->home, TRUE);
	env = g_environ_setenv(env, "LANG", "C.UTF-8", TRUE);
	env = g_environ_setenv(env, "USER", user->name, TRUE);
	env = g_environ_setenv(env, "LOGNAME", user->name, TRUE);
	for (size_t i = 0; exec->env != NULL && exec->env[i] != NULL; i++) {
		g_auto(GStrv) parts = g_strsplit(exec->env[i], "=", 2);

		env = g_environ_setenv(env, parts[0], parts[1], TRUE);
	}
	return g_steal_pointer(&env);
}

/* Where the last lines of a text begin. */
static const char *last_lines(const GString *text)
{
	const char *end = text->str + text->len, *start = end;
	unsigned lines = 0;

	while (start > text->str && end - start < LAST_BYTES) {
		if (start[-1] == '\n' && start != end && ++lines == LAST_LINES) {
			break;
		}
		start--;
	}
	while (start < end && (*start & 0xc0) == 0x80) {
		start++; // the rest of a character that was cut
	}
	return start;
}

/* One line of what matters: the errors, or else the output. */
static char *last_words(const struct proc_result *result)
{
	const GString *from =
		result->err != NULL && result->err->len > 0 ? result->err : result->out;
	g_autoptr(GString) out = g_string_new(NULL);
	const char *line, *end;

	if (from == NULL) {
		return g_strdup("");
	}
	line = last_lines(from);
	end = from->str + from->len;
	while (line < end) {
		const char *newline = memchr(line, '\n', end - line);
		size_t len = (newline != NULL ? newline : end) - line;

		if (len > 0 && out->len > 0) {
			g_string_append(out, " / ");
		}
		text_append(out, line, len, 0);
		line += len + 1;
	}
	if (out->len > WORDS_BYTES) {
		const char *cut = g_utf8_find_prev_char(out->str, out->str + WORDS_BYTES);

		g_string_truncate(out, cut - out->str);
	}
	return g_string_free(g_steal_pointer(&out), FALSE);
}

static bool fail_words(const struct proc_result *result, GError *problem, GError **error)
{
	g_autofree char *words = last_words(result);

	if (words[0] != '\0') {
		g_autofree char *old = g_steal_pointer(&problem->message);

		problem->message = g_strdup_printf("%s; its last words: %s", old, words);
	}
	g_propagate_error(error, problem);
	return false;
}

bool exec_run(const struct plan_exec *exec, const char **argv, const struct exec_limit *limit,
	      int *status, char **words, GError **error)
{
	autouser user = {0};
	g_autofree char *program = exec_find(exec, argv[0]);
	g_autofree const char **args = NULL;
	g_auto(GStrv) env = NULL;
	struct proc_user as;
	struct proc_spec spec = {
		.keep_output = true, .bare = true, .session = true, .grace = GRACE};
	struct proc_result result = {0};
	GError *problem = NULL;
	bool ok;

	if (!find_user(exec->user, &user, error)) {
		return false;
	}
	if (program == NULL) {
		return fail(error, BASE_ERROR, BASE_ERROR_NOT_FOUND, "there is no program '%s'",
			    argv[0]);
	}
	if (!check_safe(&user, program, error)) {
		return false;
	}
	args = g_memdup2(argv, (g_strv_length((char **)argv) + 1) * sizeof(*argv));
	args[0] = program;
	env = environment(exec, &user);
	as = (struct proc_user){user.uid, user.gid, user.groups, (size_t)user.groups_count};
	spec.argv = args;
	spec.env = (const char *const *)env;
	spec.cwd = exec->directory;
	spec.max_output = (size_t)exec->output;
	spec.timeout = (unsigned)exec->timeout;
	spec.timeout_ms = limit->ms;
	spec.stopped = limit->stopped;
	spec.stopped_user = limit->user;
	spec.user = user.uid != geteuid() ? &as : NULL;
	ok = proc_run(&spec, &result, &problem);
	if (ok) {
		*status = result.status;
		*words = last_words(&result);
	} else {
		fail_words(&result, problem, error);
	}
	proc_result_clear(&result);
	return ok;
}

bool exec_guards(struct observer *o, const struct plan_exec *exec, const struct exec_limit *limit,
		 char **why, GError **error)
{
	g_autofree char *words = NULL;
	g_autoptr(GString) shown = NULL;
	bool there = false;
	int status;

	*why = NULL;
	if (exec->creates != NULL && !observe_exists(o, exec->creates, &there, error)) {
		return false;
	}
	if (there) {
		g_autofree char *path = text_escape(exec->creates, -1, 0);

		*why = g_strdup_printf("'%s' is there", path);
		return true;
	}
	if (exec->unless == NULL) {
		return true;
	}
	shown = g_string_new(NULL);
	words_append(shown, exec->unless);
	if (!exec_run(exec, exec->unless, limit, &status, &words, error)) {
		return fail_prefix(error, "guard %s", shown->str);
	}
	if (status == 0) {
		*why = g_strdup_printf("%s exits with 0", shown->str);
	}
	return true;
}
