/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Packages by zypper. */
#include "worker/target/zypper.h"

#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "worker/target/rpm.h"

#define MAX_FILE ((size_t)1 << 20)
#define LOCKS "/etc/zypp/locks"
#define CONF "/etc/zypp/zypp.conf"

/* Exit codes, of zypper(8). */
enum code {
	CODE_BUSY = 7,
	CODE_NOT_FOUND = 104,
	CODE_REBOOT_NEEDED = 102,
	CODE_RESTART_NEEDED = 103,
};

static const char *const archives[] = {"/var/cache/zypp/packages/*",
				       "/var/cache/zypp/packages/*/noarch",
				       "/var/cache/zypp/packages/*/*", NULL};

static bool detect(void)
{
	g_autofree char *zypper = g_find_program_in_path("zypper");
	g_autofree char *rpm = g_find_program_in_path("rpm");

	return zypper != NULL && rpm != NULL;
}

static char *private_cache(void)
{
	return g_build_filename(g_get_user_cache_dir(), "assent", "zypper", NULL);
}

static void add(GPtrArray *argv, const char *text)
{
	g_ptr_array_add(argv, g_strdup(text));
}

/* zypper plans for root only; who is not root plans as root of a namespace, in a cache of his own:
 * there is nothing that he could change there. */
static void add_program(GPtrArray *argv, bool cache_only)
{
	if (geteuid() != 0) {
		add(argv, "unshare");
		add(argv, "--user");
		add(argv, "--map-root-user");
	}
	add(argv, "zypper");
	add(argv, "--non-interactive");
	add(argv, "--xmlout");
	if (cache_only) {
		add(argv, "--no-refresh");
	}
	if (geteuid() != 0) {
		g_autofree char *cache = private_cache();

		add(argv, "--cache-dir");
		add(argv, cache);
	}
}

static void add_capabilities(GPtrArray *argv, const struct rpm_call *call)
{
	/* A removal takes along what needs it; with something to install zypper refuses that. */
	bool remove = call->in->len == 0;

	add(argv, remove ? "remove" : "install");
	add(argv, call->dry ? "--dry-run" : "-y");
	if (!remove) {
		add(argv, "--oldpackage");
		/* Licenses are the approvers' matter: they see what comes. */
		add(argv, "--auto-agree-with-licenses");
	}
	if (!remove && call->download_only) {
		add(argv, "--download-only");
	}
	if (!remove && call->exact) {
		add(argv, "--no-recommends");
	}
	if (remove) {
		add(argv, "--no-clean-deps");
	}
	add(argv, "--");
	for (guint i = 0; i < call->in->len; i++) {
		add(argv, call->in->pdata[i]);
	}
	for (guint i = 0; i < call->out->len; i++) {
		g_ptr_array_add(argv,
				g_strconcat(remove ? "" : "-", (char *)call->out->pdata[i], NULL));
	}
}

/* zypper's configuration with no locks in it. */
static bool write_conf(const char *folder, char **path, GError **error)
{
	g_autofree char *text = NULL, *all = NULL;
	size_t len;

	if (!file_read(CONF, MAX_FILE, &text, &len, NULL)) {
		text = g_strdup("");
	}
	all = g_strconcat(text, "\n[main]\nlocksfile.path = /dev/null\n", NULL);
	*path = g_build_filename(folder, "zypp.conf", NULL);
	return file_replace_unsynced(*path, all, strlen(all), 0600, error);
}

static bool is_busy(const struct proc_result *result)
{
	return result->status == CODE_BUSY ||
	       strstr(result->out->str, "create transaction lock") != NULL;
}

static bool call_run(const struct rpm_call *call, struct proc_result *result, GError **error)
{
	g_autoptr(rpm_scratch) folder = rpm_scratch_new(error);
	g_autoptr(GPtrArray) argv = g_ptr_array_new_with_free_func(g_free);
	g_autofree char *conf = NULL, *conf_env = NULL, *lock_env = NULL;
	const char *env[3] = {NULL};
	size_t n = 0;

	if (folder == NULL) {
		return false;
	}
	if (call->ignore_holds) {
		if (!write_conf(folder, &conf, error)) {
			return false;
		}
		conf_env = g_strconcat("ZYPP_CONF=", conf, NULL);
		env[n++] = conf_env;
	}
	/* Looking needs nobody's lock. */
	if (call->dry) {
		lock_env = g_strconcat("ZYPP_LOCKFILE_ROOT=", folder, NULL);
		env[n++] = lock_env;
	}
	add_program(argv, call->cache_only);
	add_capabilities(argv, call);
	g_ptr_array_add(argv, NULL);
	return rpm_exec(call->run, (const char *const *)argv->pdata, env, call->flags, is_busy,
			result, error);
}

static GPtrArray *read_held(void)
{
	g_autofree char *text = NULL;
	size_t len;

	return zypper_locks_parse(file_read(LOCKS, MAX_FILE, &text, &len, NULL) ? text : "");
}

static bool is_held(const char *name, const void *data)
{
	const GPtrArray *patterns = data;

	for (guint i = 0; i < patterns->len; i++) {
		if (g_pattern_match_simple(patterns->pdata[i], name)) {
			return true;
		}
	}
	return false;
}

static bool list(const struct package_run *run, struct package_list **out, GError **error)
{
	g_autoptr(GPtrArray) held = read_held();

	return rpm_list(run, is_held, held, out, error);
}

/* "NAME ARCH VERSION" of what repositories have with these names. */
static bool search(const struct package_run *run, const char *const *names, GPtrArray **out,
		   GError **error)
{
	g_autoptr(rpm_scratch) folder = rpm_scratch_new(error);
	g_autoptr(GPtrArray) argv = g_ptr_array_new_with_free_func(g_free);
	g_auto(proc_output) result = {0};
	g_autofree char *lock_env = g_strconcat("ZYPP_LOCKFILE_ROOT=", folder, NULL);
	const char *const env[] = {lock_env, NULL};

	if (folder == NULL) {
		return false;
	}
	add_program(argv, false);
	for (const char *const *word = (const char *const[]){"search", "-s", "--match-exact",
							     "--type", "package", "--", NULL};
	     *word != NULL; word++) {
		add(argv, *word);
	}
	for (; *names != NULL; names++) {
		g_autofree char *name = NULL, *arch = NULL;

		rpm_split_label(*names, &name, &arch);
		add(argv, name);
	}
	g_ptr_array_add(argv, NULL);
	if (!rpm_exec(run, (const char *const *)argv->pdata, env, 0, is_busy, &result, error)) {
		return false;
	}
	if (result.status != 0 && result.status != CODE_NOT_FOUND) {
		g_autofree char *text = zypper_problem(&result);

		return fail(error, PACKAGE_ERROR, PACKAGE_ERROR_FAILED, "zypper: %s", text);
	}
	return zypper_versions_parse(result.out->str, out, error);
}

static GPtrArray *read_versions(const GPtrArray *found, const char *label)
{
	GPtrArray *versions = g_ptr_array_new_with_free_func(g_free);
	g_autofree char *native = rpm_native();
	g_autofree char *name = NULL, *arch = NULL;

	rpm_split_label(label, &name, &arch);
	for (guint i = 0; i < found->len; i++) {
		g_auto(GStrv) f = g_strsplit(found->pdata[i], " ", 3);
		bool fits = arch != NULL ? strcmp(f[1], arch) == 0
					 : strcmp(f[1], native) == 0 || strcmp(f[1], "noarch") == 0;

		if (strcmp(f[0], name) == 0 && fits) {
			g_ptr_array_add(versions, g_strdup(f[2]));
		}
	}
	return versions;
}

static bool available(const struct package_run *run, const char *const *names, GHashTable **out,
		      GError **error)
{
	g_autoptr(GPtrArray) found = NULL;
	g_autoptr(GHashTable) table = NULL;

	if (!search(run, names, &found, error)) {
		return false;
	}
	table = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
				      (GDestroyNotify)g_ptr_array_unref);
	for (; *names != NULL; names++) {
		g_autoptr(GPtrArray) versions = read_versions(found, *names);
		g_autofree char *name = NULL, *arch = NULL;

		rpm_split_label(*names, &name, &arch);
		if (!rpm_cached_versions(run, archives, name, arch, versions, error)) {
			return false;
		}
		if (versions->len > 0) {
			g_hash_table_insert(table, g_strdup(*names), g_steal_pointer(&versions));
		}
	}
	*out = g_steal_pointer(&table);
	return true;
}

static char *capability(const char *name, const char *version, const char *arch)
{
	return g_strconcat(name, arch != NULL ? "." : "", arch != NULL ? arch : "",
			   version != NULL ? "=" : "", version != NULL ? version : "", NULL);
}

/* Exactly this version: by its name where a repository has it, else the file in the cache. */
static bool add_version(struct rpm_call *call, const char *name, const char *version,
			const char *arch, GError **error)
{
	g_autofree char *path = rpm_cached(archives, name, version, arch);
	g_autofree char *label = package_label(name, arch, arch != NULL);
	const char *const names[] = {label, NULL};
	g_autoptr(GPtrArray) found = NULL, versions = NULL;

	if (path == NULL) {
		g_ptr_array_add(call->in, capability(name, version, arch));
		return true;
	}
	if (!search(call->run, names, &found, error)) {
		return false;
	}
	versions = read_versions(found, label);
	if (g_ptr_array_find_with_equal_func(versions, version, g_str_equal, NULL)) {
		g_ptr_array_add(call->in, capability(name, version, arch));
	} else {
		g_ptr_array_add(call->in, g_steal_pointer(&path));
	}
	return true;
}

/* Patterns of the metadata that zypper has for us; g_strfreev(). */
static char **metadata(void)
{
	g_autofree char *cache = private_cache();
	char **out = g_new0(char *, 2);

	out[0] = g_strconcat(geteuid() == 0 ? "/var/cache/zypp" : cache,
			     "/raw/*/repodata/*primary.xml*", NULL);
	return out;
}

/* Of an archive that is named by its file. */
static bool complete_files(const struct rpm_call *call, GPtrArray *changes, GError **error)
{
	for (guint i = 0; i < changes->len; i++) {
		struct package_change *c = changes->pdata[i];
		g_autofree char *path =
			c->to != NULL ? rpm_cached(archives, c->name, c->to, c->arch) : NULL;

		if (path != NULL &&
		    g_ptr_array_find_with_equal_func(call->in, path, g_str_equal, NULL)) {
			g_free(c->archive);
			c->archive = package_digest_file(path, error);
			if (c->archive == NULL) {
				return false;
			}
			c->download = 0;
		}
	}
	return true;
}

static bool ask(struct rpm_call *call, GPtrArray **changes, GError **error)
{
	g_auto(proc_output) result = {0};
	g_autoptr(GPtrArray) list = NULL, held = read_held();
	g_auto(GStrv) patterns = metadata();

	call->dry = true;
	if (!call_run(call, &result, error) || !zypper_parse(&result, &list, error) ||
	    !rpm_complete(call->run, list, (const char *const *)patterns, is_held, held, error) ||
	    !complete_files(call, list, error)) {
		return false;
	}
	call->dry = false;
	*changes = g_steal_pointer(&list);
	return true;
}

static const struct rpm_way way = {
	.spec = capability,
	.add_version = add_version,
	.ask = ask,
	.differs = "zypper would now do something else than was planned",
};

static bool simulate(const struct package_run *run, const struct package_list *installed,
		     const struct package_request *request, GPtrArray **changes, GError **error)
{
	g_auto(rpm_call_auto) call;

	(void)installed; /* sizes are not in it */
	rpm_call_init(&call, run, &way);
	call.ignore_holds = request->change_held;
	for (size_t i = 0; i < request->count; i++) {
		const struct package_want *want = &request->wants[i];

		if (!want->absent && want->version != NULL) {
			if (!add_version(&call, want->name, want->version, want->arch, error)) {
				return false;
			}
			continue;
		}
		g_ptr_array_add(want->absent ? call.out : call.in,
				capability(want->name, NULL, want->arch));
	}
	if (request->count == 0) {
		*changes = g_ptr_array_new_with_free_func(package_change_destroy);
		return true;
	}
	return ask(&call, changes, error);
}

static bool fail_result(const struct proc_result *result, GError **error)
{
	g_autofree char *text = zypper_problem(result);

	return fail(error, PACKAGE_ERROR, PACKAGE_ERROR_FAILED, "zypper (%d): %s", result->status,
		    text);
}

static bool fetch(const struct package_run *run, const GPtrArray *changes, GError **error)
{
	g_auto(rpm_call_auto) call;
	g_auto(proc_output) result = {0};

	rpm_call_init(&call, run, &way);
	if (changes->len == 0) {
		return true;
	}
	if (!rpm_choose(&call, changes, error)) {
		return false;
	}
	if (call.in->len == 0) {
		return true;
	}
	call.download_only = true;
	if (!call_run(&call, &result, error)) {
		return false;
	}
	return result.status == 0 || fail_result(&result, error);
}

/* "Reboot" and "run zypper again" are no failures: all was done. */
static bool judge(const struct package_run *run, const GPtrArray *changes,
		  const struct proc_result *result, GError **error)
{
	g_autofree char *scriptlets = rpm_scriptlets(result);

	if (scriptlets != NULL) {
		return fail(error, PACKAGE_ERROR, PACKAGE_ERROR_FAILED, "zypper: %s", scriptlets);
	}
	if (result->status != 0 && result->status != CODE_REBOOT_NEEDED &&
	    result->status != CODE_RESTART_NEEDED) {
		return fail_result(result, error);
	}
	return rpm_reached(run, changes, error) || fail_prefix(error, "zypper");
}

static bool transact(const struct package_run *run, const GPtrArray *changes, char **said,
		     GError **error)
{
	g_auto(rpm_call_auto) call;
	g_auto(proc_output) result = {0};

	*said = NULL;
	rpm_call_init(&call, run, &way);
	if (changes->len == 0) {
		return true;
	}
	call.cache_only = true;
	if (!rpm_wait_lock(run, error) || !rpm_choose(&call, changes, error)) {
		return false;
	}
	call.flags = PACKAGE_EXEC_FINISH;
	if (!call_run(&call, &result, error)) {
		return false;
	}
	*said = rpm_said(&result);
	return judge(run, changes, &result, error);
}

static bool hold(const struct package_run *run, const char *const *names, bool held, GError **error)
{
	g_autoptr(GPtrArray) now = read_held();
	g_autoptr(GPtrArray) argv = g_ptr_array_new_with_free_func(g_free);
	g_auto(proc_output) result = {0};
	guint before;

	add_program(argv, true);
	add(argv, held ? "addlock" : "removelock");
	before = argv->len;
	for (; *names != NULL; names++) {
		g_autofree char *name = NULL, *arch = NULL;

		rpm_split_label(*names, &name, &arch);
		if (is_held(name, now) != held) {
			add(argv, name);
		}
	}
	if (argv->len == before) {
		return true;
	}
	g_ptr_array_add(argv, NULL);
	if (!rpm_exec(run, (const char *const *)argv->pdata, NULL, PACKAGE_EXEC_FINISH, is_busy,
		      &result, error)) {
		return false;
	}
	return result.status == 0 || fail_result(&result, error);
}

/* What an upgrade that was killed left behind: both versions. The one that came last stays. */
static bool repair(const struct package_run *run, GError **error)
{
	g_autoptr(GPtrArray) entries = NULL, left = NULL, rest = NULL, after = NULL;
	g_auto(rpm_call_auto) call;
	g_auto(proc_output) result = {0};

	rpm_call_init(&call, run, &way);
	if (!rpm_wait_lock(run, error) || !rpm_entries(run, NULL, &entries, error)) {
		return false;
	}
	left = rpm_leftovers(entries);
	if (left->len == 0) {
		return true;
	}
	for (guint i = 0; i < left->len; i++) {
		const struct rpm_entry *e = left->pdata[i];

		g_ptr_array_add(call.out, capability(e->name, e->version, e->arch));
	}
	call.flags = PACKAGE_EXEC_FINISH;
	call.ignore_holds = true;
	call.cache_only = true;
	if (!call_run(&call, &result, error) || !rpm_entries(run, NULL, &rest, error)) {
		return false;
	}
	after = rpm_leftovers(rest);
	return after->len == 0 || fail_result(&result, error);
}

const struct package_ops package_zypper = {
	.name = "zypper",
	.detect = detect,
	.list = list,
	.available = available,
	.simulate = simulate,
	.fetch = fetch,
	.transact = transact,
	.hold = hold,
	.repair = repair,
	.compare = rpm_compare,
};
