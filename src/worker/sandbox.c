/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a program that is shut in gets to see, and who shuts it in. */
#include "worker/sandbox.h"

#include <dirent.h>
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/secure.h"
#include "base/text.h"
#include "worker/confine.h"

#define PROBE_TIMEOUT 10
/* Ids that no distribution, container manager or directory gives to anybody. */
#define UID_FIRST 2100000000u
#define UID_COUNT (1u << 24)

const char *sandbox_name(enum sandbox_kind kind)
{
	switch (kind) {
	case SANDBOX_ANY:
		break;
	case SANDBOX_BWRAP:
		return "bubblewrap";
	case SANDBOX_OWN:
		return "namespaces";
	}
	return "";
}

/* Does this user namespace know the ids that we take from? */
static bool ids_are_known(const char *path)
{
	g_autofree char *text = NULL;
	unsigned inside, outside, count;
	bool known = false;
	size_t len;

	if (!file_read(path, 1 << 16, &text, &len, NULL)) {
		return false;
	}
	for (char *line = text; *line != '\0' && !known; line += strcspn(line, "\n")) {
		line += *line == '\n';
		known = sscanf(line, "%u %u %u", &inside, &outside, &count) == 3 &&
			inside <= UID_FIRST && count > UID_COUNT &&
			UID_FIRST - inside <= count - UID_COUNT;
	}
	return known;
}

uid_t sandbox_uid(void)
{
	if (geteuid() != 0 || !ids_are_known("/proc/self/uid_map") ||
	    !ids_are_known("/proc/self/gid_map")) {
		return geteuid();
	}
	return UID_FIRST + randombytes_uniform(UID_COUNT);
}

bool sandbox_is_uid(uid_t uid)
{
	return uid >= UID_FIRST && uid - UID_FIRST < UID_COUNT;
}

static void add(GPtrArray *args, const char *first, ...) G_GNUC_NULL_TERMINATED;
static void add(GPtrArray *args, const char *first, ...)
{
	va_list more;

	va_start(more, first);
	for (const char *word = first; word != NULL; word = va_arg(more, const char *)) {
		g_ptr_array_add(args, g_strdup(word));
	}
	va_end(more);
}

/* The system's own folders: each is a link into /usr today, or a folder of its own. */
static void add_system(GPtrArray *args)
{
	static const char *const folders[] = {"/bin",	"/sbin",   "/lib",
					      "/lib32", "/libx32", "/lib64"};
	static const char *const files[] = {"/etc/ld.so.cache", "/etc/ld.so.conf",
					    "/etc/ld.so.conf.d", "/etc/alternatives"};
	static const char *const devices[] = {"/dev/null", "/dev/zero", "/dev/full", "/dev/random",
					      "/dev/urandom"};

	add(args, "--ro-bind", "/usr", "/usr", (char *)NULL);
	for (size_t i = 0; i < G_N_ELEMENTS(folders); i++) {
		g_autofree char *text = g_file_read_link(folders[i], NULL);

		if (text != NULL) {
			add(args, "--symlink", text, folders[i], (char *)NULL);
		} else if (g_file_test(folders[i], G_FILE_TEST_IS_DIR)) {
			add(args, "--ro-bind", folders[i], folders[i], (char *)NULL);
		}
	}
	for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
		if (g_file_test(files[i], G_FILE_TEST_EXISTS)) {
			add(args, "--ro-bind", files[i], files[i], (char *)NULL);
		}
	}
	for (size_t i = 0; i < G_N_ELEMENTS(devices); i++) {
		add(args, "--dev-bind", devices[i], devices[i], (char *)NULL);
	}
}

static bool stands_in_system(const char *path)
{
	static const char *const folders[] = {"/usr/", "/bin/", "/sbin/", "/lib/", "/lib64/"};

	for (size_t i = 0; i < G_N_ELEMENTS(folders); i++) {
		if (g_str_has_prefix(path, folders[i])) {
			return true;
		}
	}
	return false;
}

/* At the path that it has and at the one that it is called by: that may be a link. */
static void add_named(GPtrArray *args, const char *real, const char *name)
{
	if (!stands_in_system(real)) {
		add(args, "--ro-bind", real, real, (char *)NULL);
	}
	if (!stands_in_system(name) && strcmp(name, real) != 0) {
		add(args, "--ro-bind", real, name, (char *)NULL);
	}
}

static void add_view(GPtrArray *args, const struct sandbox *sandbox, bool proc)
{
	g_autofree char *size = g_strdup_printf("%zu", SANDBOX_TMP / 2);

	add(args, "--hostname", "render", "--size", size, "--tmpfs", "/tmp", "--size", size,
	    "--tmpfs", "/tmp/home", (char *)NULL);
	add_system(args);
	if (proc) {
		add(args, "--proc", "/proc", "--symlink", "/proc/self/fd", "/dev/fd", (char *)NULL);
	}
	for (size_t i = 0; sandbox->reads != NULL && sandbox->reads[i] != NULL; i++) {
		add_named(args, sandbox->real[i], sandbox->reads[i]);
	}
	add_named(args, sandbox->program, sandbox->argv[0]);
	add(args, "--ro-bind", sandbox->input, sandbox->place, "--remount-ro", "/", "--chdir",
	    sandbox->cwd, "--", (char *)NULL);
}

/* Before Linux 5.14 a user's processes are counted wherever they are. */
static unsigned processes_of(uid_t uid)
{
	DIR *dir = opendir("/proc");
	unsigned count = 0;

	for (struct dirent *entry; dir != NULL && (entry = readdir(dir)) != NULL;) {
		g_autofree char *tasks = g_strdup_printf("/proc/%s/task", entry->d_name);
		struct stat st;

		if (g_ascii_isdigit(entry->d_name[0]) && stat(tasks, &st) == 0 &&
		    st.st_uid == uid && st.st_nlink > 2) {
			count += st.st_nlink - 2;
		}
	}
	if (dir != NULL) {
		closedir(dir);
	}
	return count;
}

/* NULL: it is not there, or others might change it. */
static char *find_bwrap(GString *why)
{
	g_autofree char *path = g_find_program_in_path("bwrap");
	g_autoptr(GError) error = NULL;

	if (path == NULL) {
		g_string_append(why, "it is not installed");
		return NULL;
	}
	if (!secure_linked(path, &error)) {
		g_string_append(why, error->message);
		return NULL;
	}
	return g_steal_pointer(&path);
}

/* All before the program's words. */
static GPtrArray *make_args(const struct sandbox *sandbox, const char *bwrap, const char *base,
			    bool proc)
{
	GPtrArray *args = g_ptr_array_new_with_free_func(g_free);
	unsigned others = geteuid() == 0 ? 0 : processes_of(geteuid());
	g_autofree char *processes = g_strdup_printf("%u", SANDBOX_PROCESSES + others);
	g_autofree char *uid = g_strdup_printf("%u", (unsigned)sandbox->uid);

	add(args, "/proc/self/exe", CONFINE_ARGUMENT, "--processes", processes, (char *)NULL);
	if (sandbox->uid != geteuid()) {
		add(args, "--become", uid, (char *)NULL);
	}
	if (bwrap != NULL) {
		add(args, "--exec", "--", bwrap, "--unshare-user", "--unshare-all",
		    "--disable-userns", "--die-with-parent", "--new-session", "--cap-drop", "ALL",
		    (char *)NULL);
	} else {
		add(args, "--own", base, (char *)NULL);
	}
	add_view(args, sandbox, proc);
	return args;
}

static bool run_args(GPtrArray *args, const char *const *more, const struct sandbox *sandbox,
		     const struct proc_spec *limits, struct proc_result *result, GError **error)
{
	g_autoptr(GPtrArray) all = g_ptr_array_new();
	struct proc_spec spec = {.env = sandbox->env,
				 .bare = true,
				 .session = true,
				 .keep_output = limits->keep_output,
				 .timeout = limits->timeout,
				 .timeout_ms = limits->timeout_ms,
				 .max_output = limits->max_output,
				 .stopped = limits->stopped,
				 .stopped_user = limits->stopped_user};

	for (guint i = 0; i < args->len; i++) {
		g_ptr_array_add(all, args->pdata[i]);
	}
	for (size_t i = 0; more[i] != NULL; i++) {
		g_ptr_array_add(all, (char *)more[i]);
	}
	g_ptr_array_add(all, NULL);
	spec.argv = (const char *const *)all->pdata;
	return proc_run(&spec, result, error);
}

/* With the same view, and a program that does nothing. */
static bool probe(GPtrArray *args, const char *bwrap, const struct sandbox *sandbox, GString *why)
{
	const char *const version[] = {bwrap, "--version", NULL}, *const nothing[] = {NULL};
	const struct proc_spec limits = {.timeout = PROBE_TIMEOUT};
	struct proc_result result = {0};
	g_autoptr(GError) error = NULL;
	bool works = false;

	if (!run_args(args, bwrap != NULL ? version : nothing, sandbox, &limits, &result, &error)) {
		g_string_assign(why, error->message);
	} else if (result.status != 0) {
		g_autofree char *said = NULL;

		g_strchomp(result.err->str);
		said = text_escape(result.err->str, MIN(strlen(result.err->str), 400), 0);
		g_string_assign(why, said);
	} else {
		works = true;
	}
	proc_result_clear(&result);
	return works;
}

enum outcome { OUTCOME_RAN, OUTCOME_IMPOSSIBLE, OUTCOME_ERROR };

/* It is run at once, for making namespaces takes its time: when it fails, was it the program, which
 * may write and exit with what it likes, or was none started? A program that does nothing tells. */
static enum outcome try_args(GPtrArray *args, const char *bwrap, const struct sandbox *sandbox,
			     const struct proc_spec *limits, struct proc_result *result,
			     GString *why, GError **error)
{
	if (!run_args(args, sandbox->argv, sandbox, limits, result, error)) {
		return OUTCOME_ERROR;
	}
	if (result->status == 0 || probe(args, bwrap, sandbox, why)) {
		return OUTCOME_RAN;
	}
	proc_result_clear(result);
	return OUTCOME_IMPOSSIBLE;
}

static enum outcome try_kind(const struct sandbox *sandbox, enum sandbox_kind kind,
			     const char *base, const struct proc_spec *limits,
			     struct proc_result *result, GString *why, GError **error)
{
	g_autofree char *bwrap = kind == SANDBOX_BWRAP ? find_bwrap(why) : NULL;
	enum outcome outcome = OUTCOME_IMPOSSIBLE;

	if (kind == SANDBOX_BWRAP && bwrap == NULL) {
		return OUTCOME_IMPOSSIBLE;
	}
	/* In a container that hides parts of /proc there cannot be a new one: then there is none.
	 */
	for (int proc = 1; proc >= 0 && outcome == OUTCOME_IMPOSSIBLE; proc--) {
		g_autoptr(GPtrArray) args = make_args(sandbox, bwrap, base, proc == 1);

		outcome = try_args(args, bwrap, sandbox, limits, result, why, error);
	}
	return outcome;
}

bool sandbox_run(const struct sandbox *sandbox, const struct proc_spec *limits,
		 struct proc_result *result, enum sandbox_kind *used, GError **error)
{
	static const enum sandbox_kind kinds[] = {SANDBOX_BWRAP, SANDBOX_OWN};
	g_autofree char *base = g_build_filename(sandbox->scratch, "root", NULL);
	g_autoptr(GString) whys = g_string_new(NULL);

	if (mkdir(base, 0700) != 0 && errno != EEXIST) {
		return fail_errno(error, "cannot make '%s'", base);
	}
	for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
		g_autoptr(GString) why = g_string_new(NULL);
		enum outcome outcome;

		if (sandbox->kind != SANDBOX_ANY && sandbox->kind != kinds[i]) {
			continue;
		}
		outcome = try_kind(sandbox, kinds[i], base, limits, result, why, error);
		if (outcome != OUTCOME_IMPOSSIBLE) {
			*used = kinds[i];
			return outcome == OUTCOME_RAN;
		}
		g_string_append_printf(whys, "%s%s: %s", whys->len > 0 ? "; " : "",
				       sandbox_name(kinds[i]), why->str);
	}
	return fail(error, BASE_ERROR, BASE_ERROR_NOT_FOUND, "no sandbox can be made here: %s",
		    whys->str);
}
