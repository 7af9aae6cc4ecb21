/* SPDX-License-Identifier: GPL-3.0-or-later */
/* apt and dpkg: Debian, Ubuntu and their like. */
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "worker/target/apt-parse.h"

#define READ_TIMEOUT 60
#define SIMULATE_TIMEOUT 300
#define FETCH_TIMEOUT 3600
#define TRANSACT_TIMEOUT 7200
#define FRONTEND_LOCK "/var/lib/dpkg/lock-frontend"
#define DPKG_LOCK "/var/lib/dpkg/lock"

/* Nothing asks; nothing but the plan is done: needrestart would restart services by itself. */
static const char *const quiet[] = {"DEBIAN_FRONTEND=noninteractive",
				    "APT_LISTCHANGES_FRONTEND=none", "NEEDRESTART_SUSPEND=1",
				    "UCF_FORCE_CONFFOLD=1", NULL};

static bool apt_detect(void)
{
	static const char *const programs[] = {"apt-get", "apt-cache", "apt-mark", "dpkg",
					       "dpkg-query"};

	for (size_t i = 0; i < G_N_ELEMENTS(programs); i++) {
		g_autofree char *path = g_find_program_in_path(programs[i]);

		if (path == NULL) {
			return false;
		}
	}
	return true;
}

/* Why a program has failed, in its own words. */
static bool fail_program(const struct proc_result *result, int code, const char *what,
			 GError **error)
{
	g_autofree char *text = apt_parse_error(result->out->str, result->err->str);

	/* Somebody was quicker after we had looked. */
	if (strstr(text, "Could not get lock") != NULL) {
		code = PACKAGE_ERROR_BUSY;
	}
	return fail(error, PACKAGE_ERROR, code, "%s: %s", what,
		    text[0] != '\0' ? text : "it says nothing");
}

/* A program that must exit with 0. out: its stdout, or NULL; g_free(). */
static bool run_program(const struct package_run *run, const char *const *argv, unsigned timeout,
			unsigned flags, char **out, GError **error)
{
	struct proc_result result = {0};
	bool ok = package_exec(run, argv, quiet, timeout, flags, &result, error);

	if (ok && result.status != 0) {
		ok = fail_program(&result, PACKAGE_ERROR_FAILED, argv[0], error);
	}
	if (ok && out != NULL) {
		*out = g_string_free(g_steal_pointer(&result.out), FALSE);
	}
	proc_result_clear(&result);
	return ok;
}

static bool apt_list(const struct package_run *run, struct package_list **out, GError **error)
{
	static const char *const arch_argv[] = {"dpkg", "--print-architecture", NULL};
	static const char *const list_argv[] = {"dpkg-query", "-W", "-f", APT_LIST_FORMAT, NULL};
	g_autofree char *arch = NULL, *text = NULL;
	g_autoptr(package_list_auto) list = NULL;

	if (!run_program(run, arch_argv, READ_TIMEOUT, 0, &arch, error) ||
	    !run_program(run, list_argv, READ_TIMEOUT, 0, &text, error)) {
		return false;
	}
	list = package_list_new(g_strchomp(arch));
	if (!apt_parse_list(text, list, error)) {
		return false;
	}
	package_list_end(list, apt_compare_versions);
	*out = g_steal_pointer(&list);
	return true;
}

/* The folder of archives. g_free() */
static bool find_cache(const struct package_run *run, char **out, GError **error)
{
	static const char *const argv[] = {"apt-config", "shell", "DIR", "Dir::Cache::archives/d",
					   NULL};
	g_autofree char *text = NULL, *folder = NULL;

	if (!run_program(run, argv, READ_TIMEOUT, 0, &text, error)) {
		return false;
	}
	if (g_str_has_prefix(text, "DIR=")) {
		folder = g_shell_unquote(g_strchomp(text) + strlen("DIR="), NULL);
	}
	if (folder == NULL || folder[0] != '/') {
		return fail(error, PACKAGE_ERROR, PACKAGE_ERROR_FAILED,
			    "apt-config does not say where its archives are");
	}
	*out = g_steal_pointer(&folder);
	return true;
}

/* What the cache alone has, behind what the sources have. */
static void add_cached(GHashTable *table, const char *const *names, const char *folder)
{
	g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
	const char *file;

	while (dir != NULL && (file = g_dir_read_name(dir)) != NULL) {
		g_auto(GStrv) parts = g_strsplit(file, "_", 4);
		g_autofree char *name = NULL, *version = NULL;

		if (g_strv_length(parts) != 3 || !g_str_has_suffix(parts[2], ".deb")) {
			continue;
		}
		name = g_uri_unescape_string(parts[0], NULL);
		version = g_uri_unescape_string(parts[1], NULL);
		if (name == NULL || version == NULL || !g_strv_contains(names, name) ||
		    !package_version_is_good(version)) {
			continue;
		}
		GPtrArray *have = g_hash_table_lookup(table, name);

		if (have != NULL &&
		    !g_ptr_array_find_with_equal_func(have, version, g_str_equal, NULL)) {
			g_ptr_array_add(have, g_steal_pointer(&version));
		}
	}
}

static bool read_policy(const struct package_run *run, const char *const *names, GHashTable **out,
			GError **error)
{
	g_autoptr(GPtrArray) argv = g_ptr_array_new();
	g_autofree char *text = NULL;

	g_ptr_array_add(argv, (gpointer) "apt-cache");
	g_ptr_array_add(argv, (gpointer) "policy");
	for (; *names != NULL; names++) {
		g_ptr_array_add(argv, (gpointer)*names);
	}
	g_ptr_array_add(argv, NULL);
	if (!run_program(run, (const char *const *)argv->pdata, SIMULATE_TIMEOUT, 0, &text,
			 error)) {
		return false;
	}
	*out = apt_parse_policy(text);
	return true;
}

static bool apt_available(const struct package_run *run, const char *const *names, GHashTable **out,
			  GError **error)
{
	g_autofree char *folder = NULL;

	if (!find_cache(run, &folder, error) || !read_policy(run, names, out, error)) {
		return false;
	}
	add_cached(*out, names, folder);
	return true;
}

/* A command line in the making. */
struct command {
	GPtrArray *argv; /* char * */
};

static void add(struct command *c, const char *text)
{
	g_ptr_array_add(c->argv, g_strdup(text));
}

static void command_init(struct command *c)
{
	static const char *const common[] = {
		"apt-get",
		"-q",
		"-y",
		"-o",
		"APT::Get::AutomaticRemove=false",
		"-o",
		"APT::Keep-Downloaded-Packages=true",
		"-o",
		"DPkg::Use-Pty=0",
		"-o",
		"Dpkg::Options::=--force-confdef",
		"-o",
		"Dpkg::Options::=--force-confold",
	};

	*c = (struct command){.argv = g_ptr_array_new_with_free_func(g_free)};
	for (size_t i = 0; i < G_N_ELEMENTS(common); i++) {
		add(c, common[i]);
	}
}

static void command_clear(struct command *c)
{
	g_ptr_array_unref(c->argv);
}

/* The archive in the cache, where it is; NULL: not there. g_free() */
static char *cached_archive(const char *cache, const char *name, const char *version,
			    const char *arch)
{
	g_autofree char *file = apt_archive_name(name, version, arch);
	g_autofree char *path = g_build_filename(cache, file, NULL);

	return access(path, R_OK) == 0 ? g_steal_pointer(&path) : NULL;
}

static char *any_cached(const char *cache, const struct package_want *want, const char *native)
{
	const char *const archs[] = {want->arch != NULL ? want->arch : native, "all"};
	char *path = NULL;

	for (size_t i = 0; path == NULL && i < G_N_ELEMENTS(archs); i++) {
		path = cached_archive(cache, want->name, want->version, archs[i]);
	}
	return path;
}

static void add_want(struct command *c, const struct package_want *want, const char *path)
{
	g_autofree char *label = package_label(want->name, want->arch, want->arch != NULL);

	if (path != NULL) {
		g_ptr_array_add(c->argv, g_strdup(path));
	} else if (want->absent) {
		g_ptr_array_add(c->argv, g_strconcat(label, "-", NULL));
	} else if (want->version != NULL) {
		g_ptr_array_add(c->argv, g_strconcat(label, "=", want->version, NULL));
	} else {
		add(c, label);
	}
}

/* Archives of the wanted versions that only the cache has, by number of want. */
static bool find_cached(const struct package_run *run, const char *cache, const char *native,
			const struct package_request *request, GPtrArray *paths, GError **error)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GHashTable) known = NULL;

	g_ptr_array_set_size(paths, (int)request->count);
	for (size_t i = 0; i < request->count; i++) {
		const struct package_want *w = &request->wants[i];

		paths->pdata[i] = w->version != NULL ? any_cached(cache, w, native) : NULL;
		if (paths->pdata[i] != NULL) {
			g_ptr_array_add(names, package_label(w->name, w->arch, w->arch != NULL));
		}
	}
	if (names->len == 0) {
		return true;
	}
	g_ptr_array_add(names, NULL);
	if (!read_policy(run, (const char *const *)names->pdata, &known, error)) {
		return false;
	}
	for (size_t i = 0; i < request->count; i++) {
		const struct package_want *w = &request->wants[i];
		g_autofree char *label = package_label(w->name, w->arch, w->arch != NULL);
		GPtrArray *have = g_hash_table_lookup(known, label);

		if (have != NULL && w->version != NULL &&
		    g_ptr_array_find_with_equal_func(have, w->version, g_str_equal, NULL)) {
			g_clear_pointer((char **)&paths->pdata[i], g_free);
		}
	}
	return true;
}

/* apt-get with these flags, ending with NULL, and what is wanted. */
static bool run_request(const struct package_run *run, const struct package_request *request,
			const char *native, const char *const *flags, unsigned timeout,
			unsigned exec_flags, struct proc_result *result, GError **error)
{
	g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);
	g_autofree char *cache = NULL;
	struct command c;
	bool ok;

	if (!find_cache(run, &cache, error) ||
	    !find_cached(run, cache, native, request, paths, error)) {
		return false;
	}
	command_init(&c);
	for (; *flags != NULL; flags++) {
		add(&c, *flags);
	}
	add(&c, "install");
	for (size_t i = 0; i < request->count; i++) {
		add_want(&c, &request->wants[i], paths->pdata[i]);
	}
	g_ptr_array_add(c.argv, NULL);
	ok = package_exec(run, (const char *const *)c.argv->pdata, quiet, timeout, exec_flags,
			  result, error);
	command_clear(&c);
	return ok;
}

/* Sizes and digests of the changes' old and new versions. */
static bool read_details(const struct package_run *run, GPtrArray *changes, GError **error)
{
	g_autoptr(GPtrArray) argv = g_ptr_array_new_with_free_func(g_free);
	struct proc_result result = {0};

	g_ptr_array_add(argv, g_strdup("apt-cache"));
	g_ptr_array_add(argv, g_strdup("show"));
	for (guint i = 0; i < changes->len; i++) {
		const struct package_change *c = changes->pdata[i];
		const char *const versions[] = {c->from, c->to};

		for (size_t k = 0; k < G_N_ELEMENTS(versions); k++) {
			if (versions[k] != NULL) {
				g_autofree char *label =
					package_label(c->name, c->arch, c->foreign);

				g_ptr_array_add(argv, g_strconcat(label, "=", versions[k], NULL));
			}
		}
	}
	g_ptr_array_add(argv, NULL);
	/* It fails when it does not know one of them; the others are there all the same. */
	if (!package_exec(run, (const char *const *)argv->pdata, NULL, SIMULATE_TIMEOUT, 0, &result,
			  error)) {
		return false;
	}
	apt_parse_show(result.out->str, changes);
	proc_result_clear(&result);
	return true;
}

/* An archive that is in the cache already is not fetched; one that only the cache has, has no
 * digest in any source. */
static bool look_into_cache(const struct package_run *run, GPtrArray *changes, GError **error)
{
	g_autofree char *cache = NULL;

	if (!find_cache(run, &cache, error)) {
		return false;
	}
	for (guint i = 0; i < changes->len; i++) {
		struct package_change *c = changes->pdata[i];
		g_autofree char *path =
			c->to != NULL ? cached_archive(cache, c->name, c->to, c->arch) : NULL;

		if (path == NULL) {
			continue;
		}
		c->download = 0;
		if (c->archive == NULL) {
			c->archive = package_digest_file(path, error);
			if (c->archive == NULL) {
				return false;
			}
		}
	}
	return true;
}

static bool apt_simulate(const struct package_run *run, const struct package_list *installed,
			 const struct package_request *request, GPtrArray **out, GError **error)
{
	const char *flags[] = {"-s",
			       "--allow-downgrades",
			       "-o",
			       "Debug::pkgDepCache::AutoInstall=1",
			       request->change_held ? "--allow-change-held-packages" : NULL,
			       NULL};
	g_autoptr(GPtrArray) changes = g_ptr_array_new_with_free_func(package_change_destroy);
	struct proc_result result = {0};
	bool ok;

	if (!run_request(run, request, installed->native, flags, SIMULATE_TIMEOUT, 0, &result,
			 error)) {
		return false;
	}
	if (result.status != 0) {
		ok = fail_program(&result, PACKAGE_ERROR_REFUSED, "apt", error);
	} else {
		g_string_append(result.out, result.err->str);
		ok = apt_parse_simulation(result.out->str, installed, changes, error);
	}
	proc_result_clear(&result);
	if (!ok || (changes->len > 0 && (!read_details(run, changes, error) ||
					 !look_into_cache(run, changes, error)))) {
		return false;
	}
	*out = g_steal_pointer(&changes);
	return true;
}

/* The changes as a request. Names and versions are borrowed. */
static void make_request(const GPtrArray *changes, struct package_request *out)
{
	struct package_want *wants = g_new0(struct package_want, changes->len);

	*out = (struct package_request){.wants = wants, .count = changes->len};
	for (guint i = 0; i < changes->len; i++) {
		const struct package_change *c = changes->pdata[i];

		wants[i] = (struct package_want){.name = c->name,
						 .arch = c->foreign ? c->arch : NULL,
						 .version = c->to,
						 .absent = c->to == NULL};
		out->change_held |= c->held;
	}
}

/* What the changes allow, and nothing more. */
static void add_flags(GPtrArray *flags, const GPtrArray *changes)
{
	bool removes = false, downgrades = false, held = false;

	for (guint i = 0; i < changes->len; i++) {
		const struct package_change *c = changes->pdata[i];

		removes |= c->to == NULL;
		held |= c->held;
		downgrades |= c->from != NULL && c->to != NULL &&
			      apt_compare_versions(c->from, c->to) > 0;
	}
	if (!removes) {
		g_ptr_array_add(flags, (gpointer) "--no-remove");
	}
	if (downgrades) {
		g_ptr_array_add(flags, (gpointer) "--allow-downgrades");
	}
	if (held) {
		g_ptr_array_add(flags, (gpointer) "--allow-change-held-packages");
	}
}

static bool native_arch(const struct package_run *run, char **out, GError **error)
{
	static const char *const argv[] = {"dpkg", "--print-architecture", NULL};

	if (!run_program(run, argv, READ_TIMEOUT, 0, out, error)) {
		return false;
	}
	g_strchomp(*out);
	return true;
}

/* apt-get with more flags (ending with NULL) for exactly these changes. */
static bool run_changes(const struct package_run *run, const GPtrArray *changes,
			const char *const *more, unsigned timeout, unsigned exec_flags,
			struct proc_result *result, GError **error)
{
	g_autoptr(GPtrArray) flags = g_ptr_array_new();
	g_autofree char *native = NULL;
	struct package_request request;
	bool ok;

	if (!native_arch(run, &native, error)) {
		return false;
	}
	for (; *more != NULL; more++) {
		g_ptr_array_add(flags, (gpointer)*more);
	}
	add_flags(flags, changes);
	g_ptr_array_add(flags, NULL);
	make_request(changes, &request);
	ok = run_request(run, &request, native, (const char *const *)flags->pdata, timeout,
			 exec_flags, result, error);
	g_free((gpointer)request.wants);
	return ok;
}

/* Where the archives of a file: source are. */
static bool read_uris(const struct package_run *run, const GPtrArray *changes, char **out,
		      GError **error)
{
	static const char *const flags[] = {"--print-uris", NULL};
	struct proc_result result = {0};
	bool ok;

	if (!run_changes(run, changes, flags, SIMULATE_TIMEOUT, 0, &result, error)) {
		return false;
	}
	ok = result.status == 0 ||
	     fail_program(&result, PACKAGE_ERROR_FAILED, "apt-get --print-uris", error);
	if (ok) {
		*out = g_string_free(g_steal_pointer(&result.out), FALSE);
	}
	proc_result_clear(&result);
	return ok;
}

static bool check_archive(const struct package_change *c, const char *path, GError **error)
{
	g_autofree char *digest = path != NULL ? package_digest_file(path, error) : NULL;

	if (path == NULL) {
		return fail(error, PACKAGE_ERROR, PACKAGE_ERROR_FAILED,
			    "the archive of %s %s is not there after the download", c->name, c->to);
	}
	if (digest == NULL) {
		return false;
	}
	return c->archive == NULL || strcmp(digest, c->archive) == 0 ||
	       fail(error, PACKAGE_ERROR, PACKAGE_ERROR_FAILED,
		    "the archive of %s %s is not the one in the plan: it has %s, not %s", c->name,
		    c->to, digest, c->archive);
}

static bool check_archives(const struct package_run *run, const GPtrArray *changes, GError **error)
{
	g_autofree char *cache = NULL, *uris = NULL;

	if (!find_cache(run, &cache, error)) {
		return false;
	}
	for (guint i = 0; i < changes->len; i++) {
		const struct package_change *c = changes->pdata[i];
		g_autofree char *path = NULL, *file = NULL;

		if (c->to == NULL) {
			continue;
		}
		path = cached_archive(cache, c->name, c->to, c->arch);
		if (path == NULL && uris == NULL && !read_uris(run, changes, &uris, error)) {
			return false;
		}
		file = apt_archive_name(c->name, c->to, c->arch);
		path = path != NULL ? g_steal_pointer(&path) : apt_parse_uri(uris, file);
		if (!check_archive(c, path, error)) {
			return false;
		}
	}
	return true;
}

static bool wait_locks(const struct package_run *run, GError **error)
{
	return package_wait_lock(run, FRONTEND_LOCK, error) &&
	       package_wait_lock(run, DPKG_LOCK, error);
}

static bool apt_fetch(const struct package_run *run, const GPtrArray *changes, GError **error)
{
	g_autofree char *timeout = g_strdup_printf("DPkg::Lock::Timeout=%u", run->lock_wait);
	const char *flags[] = {"--download-only", "-o", timeout, NULL};
	g_autofree char *cache = NULL, *lock = NULL;
	struct proc_result result = {0};
	bool ok;

	if (!find_cache(run, &cache, error)) {
		return false;
	}
	lock = g_build_filename(cache, "lock", NULL);
	/* It takes dpkg's locks, too. */
	if (!wait_locks(run, error) || !package_wait_lock(run, lock, error) ||
	    !run_changes(run, changes, flags, FETCH_TIMEOUT, 0, &result, error)) {
		return false;
	}
	ok = result.status == 0 ||
	     fail_program(&result, PACKAGE_ERROR_FAILED, "apt-get --download-only", error);
	proc_result_clear(&result);
	return ok && check_archives(run, changes, error);
}

static bool run_with_names(const struct package_run *run, const char *program, const char *verb,
			   const GPtrArray *names, GError **error)
{
	g_autoptr(GPtrArray) argv = g_ptr_array_new();

	if (names->len == 0) {
		return true;
	}
	g_ptr_array_add(argv, (gpointer)program);
	g_ptr_array_add(argv, (gpointer)verb);
	for (guint i = 0; i < names->len; i++) {
		g_ptr_array_add(argv, names->pdata[i]);
	}
	g_ptr_array_add(argv, NULL);
	return run_program(run, (const char *const *)argv->pdata, READ_TIMEOUT, PACKAGE_EXEC_FINISH,
			   NULL, error);
}

/* Naming a package makes apt believe that somebody wants it: those that came, or are there, for
 * others, are marked so again. And dpkg forgets a hold when it installs. */
static bool mark_again(const struct package_run *run, const GPtrArray *changes,
		       const char *automatic, GError **error)
{
	g_auto(GStrv) before = g_strsplit(automatic, "\n", -1);
	g_autoptr(GPtrArray) others = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GPtrArray) held = g_ptr_array_new_with_free_func(g_free);

	for (guint i = 0; i < changes->len; i++) {
		const struct package_change *c = changes->pdata[i];
		g_autofree char *label = package_label(c->name, c->arch, c->foreign);

		if (c->to == NULL) {
			continue;
		}
		if (c->held) {
			g_ptr_array_add(held, g_strdup(label));
		}
		if ((c->implied && c->from == NULL) ||
		    (c->from != NULL && g_strv_contains((const char *const *)before, label))) {
			g_ptr_array_add(others, g_strdup(label));
		}
	}
	return run_with_names(run, "apt-mark", "auto", others, error) &&
	       run_with_names(run, "apt-mark", "hold", held, error);
}

static bool apt_transact(const struct package_run *run, const GPtrArray *changes, char **said,
			 GError **error)
{
	static const char *const auto_argv[] = {"apt-mark", "showauto", NULL};
	g_autofree char *timeout = g_strdup_printf("DPkg::Lock::Timeout=%u", run->lock_wait);
	const char *flags[] = {"-o", timeout, NULL};
	struct proc_result result = {0};
	g_autofree char *automatic = NULL;
	bool ok;

	if (!wait_locks(run, error) ||
	    !run_program(run, auto_argv, READ_TIMEOUT, 0, &automatic, error) ||
	    !run_changes(run, changes, flags, TRANSACT_TIMEOUT, PACKAGE_EXEC_FINISH, &result,
			 error)) {
		return false;
	}
	ok = result.status == 0 || fail_program(&result, PACKAGE_ERROR_FAILED, "apt", error);
	if (ok) {
		ok = mark_again(run, changes, automatic, error);
		*said = apt_parse_kept(result.err->str);
	}
	proc_result_clear(&result);
	return ok;
}

static bool apt_hold(const struct package_run *run, const char *const *names, bool held,
		     GError **error)
{
	g_autoptr(GPtrArray) list = g_ptr_array_new();

	for (; *names != NULL; names++) {
		g_ptr_array_add(list, (gpointer)*names);
	}
	return wait_locks(run, error) &&
	       run_with_names(run, "apt-mark", held ? "hold" : "unhold", list, error);
}

/* What was killed while it was unpacked can neither be configured nor removed in order. */
static bool remove_wrecks(const struct package_run *run, GError **error)
{
	g_autoptr(package_list_auto) list = NULL;
	g_autoptr(GPtrArray) argv = g_ptr_array_new_with_free_func(g_free);
	guint options;

	if (!apt_list(run, &list, error)) {
		return false;
	}
	g_ptr_array_add(argv, g_strdup("dpkg"));
	g_ptr_array_add(argv, g_strdup("--force-remove-reinstreq"));
	g_ptr_array_add(argv, g_strdup("--remove"));
	options = argv->len;
	for (guint i = 0; i < list->items->len; i++) {
		const struct package *p = list->items->pdata[i];

		if (p->problem != NULL && apt_is_wreck(p->problem)) {
			g_ptr_array_add(argv, package_label(p->name, p->arch, p->foreign));
		}
	}
	if (argv->len == options) {
		return true;
	}
	g_ptr_array_add(argv, NULL);
	return run_program(run, (const char *const *)argv->pdata, TRANSACT_TIMEOUT,
			   PACKAGE_EXEC_FINISH, NULL, error);
}

static bool apt_repair(const struct package_run *run, GError **error)
{
	static const char *const argv[] = {
		"dpkg", "--force-confdef", "--force-confold", "--configure", "-a", NULL};
	g_autoptr(GError) problem = NULL;
	bool ok;

	if (!wait_locks(run, error)) {
		return false;
	}
	/* A wreck that something else needs goes, perhaps, when that is configured. */
	ok = remove_wrecks(run, &problem);
	if (!run_program(run, argv, TRANSACT_TIMEOUT, PACKAGE_EXEC_FINISH, NULL, error)) {
		return false;
	}
	return ok || remove_wrecks(run, error);
}

const struct package_ops package_apt = {
	.name = "apt",
	.detect = apt_detect,
	.list = apt_list,
	.available = apt_available,
	.simulate = apt_simulate,
	.fetch = apt_fetch,
	.transact = apt_transact,
	.hold = apt_hold,
	.repair = apt_repair,
	.compare = apt_compare_versions,
};
