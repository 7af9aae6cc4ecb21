/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Packages by dnf, of version 4 (Python) or 5. */
#include "worker/target/dnf.h"

#include <glob.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "worker/target/rpm.h"

#define MAX_LIST ((size_t)1 << 20)
#define VERSIONLOCK_LIST "/etc/dnf/plugins/versionlock.list"
#define VERSIONLOCK_CONF "/etc/dnf/plugins/versionlock.conf"
#define VERSIONLOCK_TOML "/etc/dnf/versionlock.toml"

static const char *const archives[] = {"/var/cache/dnf/*/packages", "/var/cache/libdnf5/*/packages",
				       NULL};

static bool is_five(void)
{
	g_autofree char *path = g_find_program_in_path("dnf");
	g_autofree char *real = path != NULL ? realpath(path, NULL) : NULL;

	return real != NULL && g_str_has_suffix(real, "/dnf5");
}

static bool detect(void)
{
	g_autofree char *dnf = g_find_program_in_path("dnf");
	g_autofree char *rpm = g_find_program_in_path("rpm");

	return dnf != NULL && rpm != NULL;
}

static char *private_cache(void)
{
	return g_build_filename(g_get_user_cache_dir(), "assent", "dnf", NULL);
}

static void add(GPtrArray *argv, const char *text)
{
	g_ptr_array_add(argv, g_strdup(text));
}

static void add_all(GPtrArray *argv, const GPtrArray *more)
{
	for (guint i = 0; i < more->len; i++) {
		add(argv, more->pdata[i]);
	}
}

/* dnf plans for root only. Who is not root plans as root of a namespace, in folders of his own:
 * there is nothing that he could change there. */
static void add_program(GPtrArray *argv, bool five)
{
	static const char *const folders[] = {"cachedir", "persistdir", "logdir"};
	g_autofree char *cache = private_cache();

	if (geteuid() != 0) {
		add(argv, "unshare");
		add(argv, "--user");
		add(argv, "--map-root-user");
	}
	add(argv, "dnf");
	for (size_t i = 0; geteuid() != 0 && i < G_N_ELEMENTS(folders); i++) {
		g_ptr_array_add(
			argv, g_strdup_printf("--setopt=%s=%s/%s", folders[i], cache, folders[i]));
	}
	if (!five) {
		add(argv, "--setopt=exit_on_lock=1");
		add(argv, "--color=never");
	}
}

static void add_options(GPtrArray *argv, const struct rpm_call *call)
{
	add(argv, call->dry ? "--assumeno" : "-y");
	add(argv, "--setopt=clean_requirements_on_remove=0");
	if (call->download_only) {
		add(argv, call->five ? "--setopt=downloadonly=1" : "--downloadonly");
	}
	if (call->cache_only) {
		add(argv, "-C");
	}
	if (call->exact) {
		add(argv, "--setopt=install_weak_deps=0");
	}
	if (call->ignore_holds && !call->five) {
		add(argv, "--disableplugin=versionlock");
	}
}

/* dnf 4 does both in one transaction only when a file tells it so. */
static bool add_script(GPtrArray *argv, const struct rpm_call *call, const char *folder,
		       GError **error)
{
	g_autofree char *path = g_build_filename(folder, "transaction", NULL);
	g_autoptr(GString) text = g_string_new(NULL);

	for (guint i = 0; i < call->out->len; i++) {
		g_string_append_printf(text, "remove %s\n", (char *)call->out->pdata[i]);
	}
	for (guint i = 0; i < call->in->len; i++) {
		g_string_append_printf(text, "install %s\n", (char *)call->in->pdata[i]);
	}
	g_string_append(text, "run\nexit\n");
	add(argv, "shell");
	add(argv, path);
	return file_replace_unsynced(path, text->str, text->len, 0600, error);
}

static bool is_busy(const struct proc_result *result)
{
	return result->status == 200 || strstr(result->err->str, " already locked by ") != NULL ||
	       strstr(result->err->str, "can't create transaction lock") != NULL;
}

static bool call_run(const struct rpm_call *call, struct proc_result *result, GError **error)
{
	g_autoptr(rpm_scratch) folder = rpm_scratch_new(error);
	g_autoptr(GPtrArray) argv = g_ptr_array_new_with_free_func(g_free);

	if (folder == NULL) {
		return false;
	}
	add_program(argv, call->five);
	add_options(argv, call);
	if (call->in->len > 0 && call->out->len > 0 && !call->five) {
		if (!add_script(argv, call, folder, error)) {
			return false;
		}
	} else if (call->in->len > 0 && call->out->len > 0) {
		add(argv, "do");
		add(argv, "--action=remove");
		add_all(argv, call->out);
		add(argv, "--action=install");
		add_all(argv, call->in);
	} else {
		add(argv, call->in->len > 0 ? "install" : "remove");
		add_all(argv, call->in->len > 0 ? call->in : call->out);
	}
	g_ptr_array_add(argv, NULL);
	return rpm_exec(call->run, (const char *const *)argv->pdata, NULL, call->flags, is_busy,
			result, error);
}

static bool has_versionlock(void)
{
	static const char *const places[] = {
		"/usr/lib/python3*/site-packages/dnf-plugins/versionlock.py",
		"/usr/lib/python3/dist-packages/dnf-plugins/versionlock.py",
	};
	bool found = false;

	for (size_t i = 0; i < G_N_ELEMENTS(places) && !found; i++) {
		glob_t names;

		found = glob(places[i], 0, NULL, &names) == 0;
		globfree(&names);
	}
	return found;
}

/* Where the plugin keeps its list. g_free(). */
static char *lock_list(void)
{
	g_autofree char *conf = NULL;
	g_auto(GStrv) lines = NULL;
	size_t len;

	if (!file_read(VERSIONLOCK_CONF, MAX_LIST, &conf, &len, NULL)) {
		return g_strdup(VERSIONLOCK_LIST);
	}
	lines = g_strsplit(conf, "\n", -1);
	for (char **line = lines; *line != NULL; line++) {
		char *is = strchr(*line, '=');

		if (is != NULL && g_str_has_prefix(*line, "locklist")) {
			return g_strdup(g_strstrip(is + 1));
		}
	}
	return g_strdup(VERSIONLOCK_LIST);
}

/* Names of what is held; without the plugin a list holds nothing. */
static GHashTable *read_held(void)
{
	bool five = is_five();
	g_autofree char *path = five ? g_strdup(VERSIONLOCK_TOML) : lock_list();
	g_autofree char *text = NULL;
	size_t len;

	if ((!five && !has_versionlock()) || !file_read(path, MAX_LIST, &text, &len, NULL)) {
		return dnf_held_parse("");
	}
	return dnf_held_parse(text);
}

static bool is_held(const char *name, const void *data)
{
	return g_hash_table_contains((GHashTable *)data, name);
}

static bool list(const struct package_run *run, struct package_list **out, GError **error)
{
	g_autoptr(GHashTable) held = read_held();

	return rpm_list(run, is_held, held, out, error);
}

/* NAME|EPOCH|VERSION|RELEASE|ARCH of each that a repository has. */
static bool query(const struct package_run *run, const char *const *names, char **out,
		  GError **error)
{
	g_autoptr(GPtrArray) argv = g_ptr_array_new_with_free_func(g_free);
	g_auto(proc_output) result = {0};
	bool five = is_five();

	add_program(argv, five);
	add(argv, "-q");
	if (!five) {
		add(argv, "--disableplugin=versionlock");
	}
	add(argv, "repoquery");
	add(argv, "--qf");
	/* dnf 5 ends no line by itself; an empty one is no harm. */
	add(argv, "%{name}|%{epoch}|%{version}|%{release}|%{arch}\n");
	for (; *names != NULL; names++) {
		g_auto(GStrv) parts = g_strsplit(*names, ":", 2);

		/* NAME:ARCH is NAME.ARCH of dnf. */
		g_ptr_array_add(argv, g_strjoinv(".", parts));
	}
	g_ptr_array_add(argv, NULL);
	if (!rpm_exec(run, (const char *const *)argv->pdata, NULL, 0, is_busy, &result, error)) {
		return false;
	}
	if (result.status != 0) {
		g_autofree char *text = dnf_problem(&result);

		return fail(error, PACKAGE_ERROR, PACKAGE_ERROR_FAILED, "dnf: %s", text);
	}
	*out = g_strdup(result.out->str);
	return true;
}

static bool fits_label(const char *name, const char *arch, char **fields, const char *native)
{
	if (strcmp(fields[0], name) != 0) {
		return false;
	}
	return arch != NULL ? strcmp(fields[4], arch) == 0
			    : strcmp(fields[4], native) == 0 || strcmp(fields[4], "noarch") == 0;
}

/* Of what query() gave. */
static GPtrArray *read_versions(const char *text, const char *label)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	GPtrArray *versions = g_ptr_array_new_with_free_func(g_free);
	g_autofree char *native = rpm_native();
	g_autofree char *name = NULL, *arch = NULL;

	rpm_split_label(label, &name, &arch);
	for (char **line = lines; *line != NULL; line++) {
		g_auto(GStrv) f = g_strsplit(*line, "|", -1);

		if (g_strv_length(f) == 5 && fits_label(name, arch, f, native)) {
			g_autofree char *evr = g_strconcat(f[1], ":", f[2], "-", f[3], NULL);

			g_ptr_array_add(versions, g_strdup(rpm_version(evr)));
		}
	}
	return versions;
}

static bool available(const struct package_run *run, const char *const *names, GHashTable **out,
		      GError **error)
{
	g_autofree char *text = NULL;
	g_autoptr(GHashTable) table = NULL;

	if (!query(run, names, &text, error)) {
		return false;
	}
	table = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
				      (GDestroyNotify)g_ptr_array_unref);
	for (; *names != NULL; names++) {
		g_autoptr(GPtrArray) versions = read_versions(text, *names);
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

/* Exactly this version: by its name where a repository has it, else the file in the cache. */
static bool add_version(struct rpm_call *call, const char *name, const char *version,
			const char *arch, GError **error)
{
	g_autofree char *path = rpm_cached(archives, name, version, arch);
	g_autofree char *label = package_label(name, arch, arch != NULL);
	const char *const names[] = {label, NULL};
	g_autofree char *text = NULL;
	g_autoptr(GPtrArray) versions = NULL;

	if (path == NULL) {
		g_ptr_array_add(call->in, rpm_spec(name, version, arch));
		return true;
	}
	if (!query(call->run, names, &text, error)) {
		return false;
	}
	versions = read_versions(text, label);
	if (g_ptr_array_find_with_equal_func(versions, version, g_str_equal, NULL)) {
		g_ptr_array_add(call->in, rpm_spec(name, version, arch));
	} else {
		g_ptr_array_add(call->in, g_steal_pointer(&path));
	}
	return true;
}

static bool add_want(struct rpm_call *call, const struct package_want *want, GError **error)
{
	char *spec;

	if (!want->absent && want->version != NULL) {
		return add_version(call, want->name, want->version, want->arch, error);
	}
	spec = want->arch != NULL ? g_strconcat(want->name, ".", want->arch, NULL)
				  : g_strdup(want->name);
	g_ptr_array_add(want->absent ? call->out : call->in, spec);
	return true;
}

/* Patterns of the metadata that dnf has for us. NULL-terminated; g_strfreev(). */
static char **metadata(void)
{
	g_autofree char *cache = private_cache();
	const char *base = geteuid() == 0 ? "/var/cache/dnf" : cache;
	const char *under = geteuid() == 0 ? "" : "/cachedir";
	char **out = g_new0(char *, 4);

	out[0] = g_strconcat(base, under, "/*/repodata/*primary.xml*", NULL);
	if (geteuid() == 0) {
		out[1] = g_strdup("/var/cache/libdnf5/*/repodata/*primary.xml*");
	}
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
	g_autoptr(GPtrArray) list = NULL;
	g_autoptr(GHashTable) held = read_held();
	g_auto(GStrv) patterns = metadata();

	call->dry = true;
	if (!call_run(call, &result, error) || !dnf_parse(&result, &list, error) ||
	    !rpm_complete(call->run, list, (const char *const *)patterns, is_held, held, error) ||
	    !complete_files(call, list, error)) {
		return false;
	}
	call->dry = false;
	*changes = g_steal_pointer(&list);
	return true;
}

static const struct rpm_way way = {
	.spec = rpm_spec,
	.add_version = add_version,
	.ask = ask,
	.differs = "dnf would now do something else than was planned",
};

static bool simulate(const struct package_run *run, const struct package_list *installed,
		     const struct package_request *request, GPtrArray **changes, GError **error)
{
	g_auto(rpm_call_auto) call;

	(void)installed; /* sizes are not in it */
	rpm_call_init(&call, run, &way);
	call.five = is_five();
	call.ignore_holds = request->change_held;
	for (size_t i = 0; i < request->count; i++) {
		if (!add_want(&call, &request->wants[i], error)) {
			return false;
		}
	}
	if (request->count == 0) {
		*changes = g_ptr_array_new_with_free_func(package_change_destroy);
		return true;
	}
	return ask(&call, changes, error);
}

static bool fetch(const struct package_run *run, const GPtrArray *changes, GError **error)
{
	g_auto(rpm_call_auto) call;
	g_auto(proc_output) result = {0};

	rpm_call_init(&call, run, &way);
	call.five = is_five();
	if (changes->len == 0) {
		return true;
	}
	if (!rpm_choose(&call, changes, error)) {
		return false;
	}
	call.download_only = true;
	if (call.in->len == 0) {
		return true;
	}
	if (!call_run(&call, &result, error)) {
		return false;
	}
	if (result.status != 0 || strstr(result.err->str, "Error:") != NULL) {
		g_autofree char *text = dnf_problem(&result);

		return fail(error, PACKAGE_ERROR, PACKAGE_ERROR_FAILED, "dnf: %s", text);
	}
	return true;
}

static bool hold(const struct package_run *run, const char *const *names, bool held, GError **error)
{
	g_autoptr(GHashTable) now = read_held();
	g_autoptr(GPtrArray) argv = g_ptr_array_new();
	g_auto(proc_output) result = {0};
	guint before;

	if (!is_five() && !has_versionlock()) {
		return !held ||
		       fail(error, PACKAGE_ERROR, PACKAGE_ERROR_FAILED,
			    "dnf cannot hold packages here: its plugin versionlock is missing "
			    "(python3-dnf-plugin-versionlock)");
	}
	for (const char *const *word = (const char *const[]){"dnf", "-y", "-q", "versionlock",
							     held ? "add" : "delete", NULL};
	     *word != NULL; word++) {
		g_ptr_array_add(argv, (gpointer)*word);
	}
	before = argv->len;
	for (; *names != NULL; names++) {
		g_autofree char *name = NULL, *arch = NULL;

		rpm_split_label(*names, &name, &arch);
		if (g_hash_table_contains(now, name) != held) {
			g_ptr_array_add(argv, (gpointer)g_intern_string(name));
		}
	}
	g_ptr_array_add(argv, NULL);
	if (argv->len == before + 1) {
		return true;
	}
	if (!rpm_exec(run, (const char *const *)argv->pdata, NULL, PACKAGE_EXEC_FINISH, is_busy,
		      &result, error)) {
		return false;
	}
	if (result.status != 0) {
		g_autofree char *text = dnf_problem(&result);

		return fail(error, PACKAGE_ERROR, PACKAGE_ERROR_FAILED, "dnf versionlock: %s",
			    text);
	}
	return true;
}

/* Those that are held, all or what stays of them. NULL-terminated; borrowed names. */
static GPtrArray *held_names(const GPtrArray *changes, bool staying)
{
	GPtrArray *names = g_ptr_array_new();

	for (guint i = 0; i < changes->len; i++) {
		const struct package_change *c = changes->pdata[i];

		if (c->held && (!staying || c->to != NULL)) {
			g_ptr_array_add(names, c->name);
		}
	}
	g_ptr_array_add(names, NULL);
	return names;
}

/* The plugin holds a version: the new one, from now on. */
static bool hold_anew(const struct package_run *run, const GPtrArray *changes, GError **error)
{
	g_autoptr(GPtrArray) old = held_names(changes, false);
	g_autoptr(GPtrArray) stay = held_names(changes, true);

	if (old->len == 1) {
		return true;
	}
	return hold(run, (const char *const *)old->pdata, false, error) &&
	       (stay->len == 1 || hold(run, (const char *const *)stay->pdata, true, error));
}

static bool judge(const struct package_run *run, const GPtrArray *changes,
		  const struct proc_result *result, GError **error)
{
	g_autofree char *scriptlets = rpm_scriptlets(result);

	if (scriptlets != NULL) {
		return fail(error, PACKAGE_ERROR, PACKAGE_ERROR_FAILED, "dnf: %s", scriptlets);
	}
	if (result->status != 0 || strstr(result->err->str, "Error:") != NULL) {
		g_autofree char *text = dnf_problem(result);

		return fail(error, PACKAGE_ERROR, PACKAGE_ERROR_FAILED, "dnf: %s", text);
	}
	return rpm_reached(run, changes, error) || fail_prefix(error, "dnf");
}

static bool transact(const struct package_run *run, const GPtrArray *changes, char **said,
		     GError **error)
{
	g_auto(rpm_call_auto) call;
	g_auto(proc_output) result = {0};

	*said = NULL;
	rpm_call_init(&call, run, &way);
	call.five = is_five();
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
	return judge(run, changes, &result, error) && hold_anew(run, changes, error);
}

/* What an upgrade that was killed left behind: both versions. The one that came last stays. */
static bool repair(const struct package_run *run, GError **error)
{
	g_autoptr(GPtrArray) entries = NULL, left = NULL, rest = NULL, after = NULL;
	g_auto(rpm_call_auto) call;
	g_auto(proc_output) result = {0};

	rpm_call_init(&call, run, &way);
	call.five = is_five();
	if (!rpm_wait_lock(run, error) || !rpm_entries(run, NULL, &entries, error)) {
		return false;
	}
	left = rpm_leftovers(entries);
	if (left->len == 0) {
		return true;
	}
	for (guint i = 0; i < left->len; i++) {
		const struct rpm_entry *e = left->pdata[i];

		g_ptr_array_add(call.out, rpm_spec(e->name, e->version, e->arch));
	}
	call.flags = PACKAGE_EXEC_FINISH;
	call.ignore_holds = true;
	if (!call_run(&call, &result, error) || !rpm_entries(run, NULL, &rest, error)) {
		return false;
	}
	after = rpm_leftovers(rest);
	if (after->len > 0) {
		const struct rpm_entry *e = after->pdata[0];
		g_autofree char *text = dnf_problem(&result);

		return fail(error, PACKAGE_ERROR, PACKAGE_ERROR_FAILED,
			    "dnf cannot remove what is left over of '%s' %s: %s", e->name,
			    e->version, text);
	}
	return true;
}

const struct package_ops package_dnf = {
	.name = "dnf",
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
