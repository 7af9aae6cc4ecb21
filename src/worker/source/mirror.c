/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Making a mirror and fetching one ref into it. */
#include "worker/source/mirror.h"

#include "worker/job.h"
#include "worker/source/repo.h"

#include "base/autoptr.h"
#include "base/error.h"
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define PROGRESS_INTERVAL (G_USEC_PER_SEC / 2)

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *where)
{
	return remove(path);
}

static bool remove_tree(const char *path, GError **error)
{
	if (nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS) == 0 || errno == ENOENT) {
		return true;
	}
	return fail_errno(error, "cannot remove '%s'", path);
}

static bool make(const char *path, GError **error)
{
	git_repository_init_options options = GIT_REPOSITORY_INIT_OPTIONS_INIT;
	g_autoptr(git_repository_auto) repository = NULL;
	g_autofree char *fresh = g_strconcat(path, ".new", NULL);
	g_autofree char *parent = g_path_get_dirname(path);
	int code;

	options.flags = GIT_REPOSITORY_INIT_BARE | GIT_REPOSITORY_INIT_MKDIR |
			GIT_REPOSITORY_INIT_NO_REINIT;
	options.mode = 0700;
	if (!file_mkdirs(parent, 0700, error) || !remove_tree(fresh, error)) {
		return false;
	}
	code = git_repository_init_ext(&repository, fresh, &options);
	if (code < 0) {
		return fail_git(error, code, "cannot make the mirror '%s'", path);
	}
	if (rename(fresh, path) < 0) {
		return fail_errno(error, "cannot make the mirror '%s'", path);
	}
	return file_sync_dir(AT_FDCWD, parent, error);
}

bool mirror_open(const char *path, git_repository **out, GError **error)
{
	g_autofree char *fresh = g_strconcat(path, ".new", NULL);
	struct stat st;

	if (!repo_setup(error) || !remove_tree(fresh, error)) {
		return false;
	}
	if (lstat(path, &st) < 0) {
		if (errno != ENOENT) {
			return fail_errno(error, "cannot look at the mirror '%s'", path);
		}
		if (!make(path, error)) {
			return false;
		}
	}
	return mirror_clean(path, error) && repo_open(path, out, error);
}

static int on_transfer(const git_indexer_progress *stats, void *payload)
{
	struct connection *c = payload;
	int64_t now = g_get_monotonic_time();

	/* The transport for file:// is libgit2's own and does not count. */
	if (c->url.scheme == SCHEME_FILE) {
		c->received = 0;
		if (connection_received(c, stats->received_bytes) < 0) {
			return -1;
		}
	}
	if (c->remote->progress != NULL && now - c->last_progress >= PROGRESS_INTERVAL) {
		c->last_progress = now;
		c->remote->progress("receiving objects", stats->received_objects,
				    stats->total_objects, c->remote->user);
	}
	return connection_check(c);
}

/* refs/heads/main is kept as refs/assent/heads/main, and refs/heads/a/b as refs/assent/heads/a%2Fb:
 * a branch "a" that was there before would be in the way of a folder "a". */
static char *local_name(const char *ref)
{
	const char *kind = ref + strlen("refs/");
	size_t len = strcspn(kind, "/");
	g_autoptr(GString) name = g_string_new("refs/assent/");

	g_string_append_len(name, kind, (gssize)len);
	for (const char *p = kind + len; *p != '\0'; p++) {
		if (*p == '%' || (*p == '/' && p != kind + len)) {
			g_string_append(name, *p == '%' ? "%25" : "%2F");
		} else {
			g_string_append_c(name, *p);
		}
	}
	return g_strdup(name->str);
}

/* A local path that the system cannot open (a disk that is not mounted) does not answer. */
static enum job_error connect_code(const struct connection *c)
{
	const git_error *last = git_error_last();

	return c->url.scheme == SCHEME_FILE && last != NULL && last->klass == GIT_ERROR_OS
		       ? JOB_ERROR_NETWORK
		       : JOB_ERROR_REPOSITORY;
}

/* What libgit2 says of ids that are longer than it knows them: of a folder, and of a server. */
static const char *hint_at(const char *message)
{
	if (strstr(message, "extensions.objectformat") != NULL) {
		return "; it is a SHA-256 repository, which cannot be read: deploy from one that "
		       "'git init --object-format=sha1' made";
	}
	if (strstr(message, "REF pkt-line") != NULL) {
		return "; is it a SHA-256 repository? Those cannot be read: deploy from one that "
		       "'git init --object-format=sha1' made";
	}
	return "";
}

static bool fail_fetch(struct connection *c, enum job_error kind, int code, const char *what,
		       GError **error)
{
	g_autoptr(GError) problem = NULL;

	if (c->error != NULL) {
		g_propagate_error(error, g_steal_pointer(&c->error));
		return false;
	}
	fail_git(&problem, code, "%s", what);
	return fail(error, JOB_ERROR, (int)kind, "cannot fetch '%s' from '%s': %s%s",
		    c->remote->ref, c->url.plain, problem->message, hint_at(problem->message));
}

/* The id of the wanted ref in what the remote advertises. */
static bool find_ref(git_remote *remote, struct connection *c, struct fetched *out, git_oid *oid,
		     GError **error)
{
	const git_remote_head **heads;
	size_t count;
	int code = git_remote_ls(&heads, &count, remote);

	if (code < 0) {
		return fail_fetch(c, JOB_ERROR_REPOSITORY, code, "cannot list the refs", error);
	}
	for (size_t i = 0; i < count; i++) {
		out->any_refs = true;
		if (strcmp(heads[i]->name, c->remote->ref) == 0) {
			out->found = true;
			*oid = heads[i]->oid;
		}
	}
	return true;
}

static bool download(git_remote *remote, git_fetch_options *options, struct connection *c,
		     GError **error)
{
	g_autofree char *local = local_name(c->remote->ref);
	g_autofree char *spec = g_strdup_printf("+%s:%s", c->remote->ref, local);
	char *specs[] = {spec};
	git_strarray list = {specs, 1};
	int code = git_remote_download(remote, &list, options);

	return code == 0 || fail_fetch(c, JOB_ERROR_REPOSITORY, code, "the transfer failed", error);
}

/* A mirror that lacks something would stay so, since what is there is not asked for again. Says so,
 * with what is wrong with it. */
static bool forget(git_repository *repository, struct connection *c, const char *problem,
		   GError **error)
{
	g_autofree char *path = g_strdup(git_repository_path(repository));

	return remove_tree(path, error) &&
	       fail(error, JOB_ERROR, JOB_ERROR_REPOSITORY,
		    "the mirror of '%s' was removed and will be fetched anew: %s", c->url.plain,
		    problem);
}

static bool forget_git(git_repository *repository, struct connection *c, int code, const char *what,
		       GError **error)
{
	g_autoptr(GError) problem = NULL;

	fail_git(&problem, code, "cannot read its '%s'", what);
	return forget(repository, c, problem->message, error);
}

static bool peel(git_repository *repository, const git_oid *oid, struct connection *c,
		 git_oid *commit, GError **error)
{
	git_object *object = NULL, *peeled = NULL;
	int code = git_object_lookup(&object, repository, oid, GIT_OBJECT_ANY);

	if (code < 0) {
		return forget_git(repository, c, code, git_oid_tostr_s(oid), error);
	}
	code = git_object_peel(&peeled, object, GIT_OBJECT_COMMIT);
	if (code == 0) {
		*commit = *git_object_id(peeled);
	}
	git_object_free(peeled);
	git_object_free(object);
	return code == 0 ||
	       fail_fetch(c, JOB_ERROR_REPOSITORY, code, "the ref leads to no commit", error);
}

/* What stays behind after a rewind may be what is applied: keep it reachable. */
static bool keep_old(git_repository *repository, const char *local, const git_oid *commit,
		     struct connection *c, GError **error)
{
	g_autoptr(git_reference_auto) ref = NULL, kept = NULL;
	git_object *old = NULL;
	g_autofree char *name = NULL;
	int code = git_reference_lookup(&ref, repository, local);

	if (code == GIT_ENOTFOUND) {
		return true;
	}
	code = code < 0 ? code : git_reference_peel(&old, ref, GIT_OBJECT_COMMIT);
	if (code < 0) {
		return forget_git(repository, c, code, local, error);
	}
	name = g_strconcat("refs/assent/kept/", git_oid_tostr_s(git_object_id(old)), NULL);
	if (!git_oid_equal(git_object_id(old), commit) &&
	    git_graph_descendant_of(repository, commit, git_object_id(old)) != 1) {
		code = git_reference_create(&kept, repository, name, git_object_id(old), 1, NULL);
	}
	git_object_free(old);
	return code == 0 || fail_git(error, code, "cannot write the mirror's '%s'", name);
}

static bool set_ref(git_repository *repository, const git_oid *oid, const git_oid *commit,
		    struct connection *c, GError **error)
{
	g_autoptr(git_reference_auto) current = NULL, written = NULL;
	g_autofree char *local = local_name(c->remote->ref);
	int code = git_reference_lookup(&current, repository, local);

	if (code == 0 && git_reference_target(current) != NULL &&
	    git_oid_equal(git_reference_target(current), oid)) {
		return true;
	}
	if (!keep_old(repository, local, commit, c, error)) {
		return false;
	}
	code = git_reference_create(&written, repository, local, oid, 1, NULL);
	return code == 0 || fail_git(error, code, "cannot write the mirror's '%s'", local);
}

static bool check_complete(git_repository *repository, const git_oid *commit, struct connection *c,
			   GError **error)
{
	g_autoptr(GError) problem = NULL;
	g_autofree char *why = NULL;

	if (mirror_check(repository, commit, &problem)) {
		return true;
	}
	if (g_error_matches(problem, BASE_ERROR, BASE_ERROR_LIMIT)) {
		return fail(error, JOB_ERROR, JOB_ERROR_LIMIT, "'%s' has %s", c->url.plain,
			    problem->message);
	}
	why = g_strdup_printf("commit %s is incomplete: %s", git_oid_tostr_s(commit),
			      problem->message);
	return forget(repository, c, why, error);
}

static bool fetch_connected(git_repository *repository, git_remote *remote,
			    git_fetch_options *options, struct connection *c, struct fetched *out,
			    GError **error)
{
	struct fetched fetched = {0};
	git_oid oid;

	if (!find_ref(remote, c, &fetched, &oid, error)) {
		return false;
	}
	if (fetched.found) {
		if (!download(remote, options, c, error) ||
		    !peel(repository, &oid, c, &fetched.commit, error) ||
		    !check_complete(repository, &fetched.commit, c, error) ||
		    !set_ref(repository, &oid, &fetched.commit, c, error)) {
			return false;
		}
	}
	fetched.bytes = c->received;
	*out = fetched;
	return true;
}

static bool fetch(git_repository *repository, struct connection *c, struct fetched *out,
		  GError **error)
{
	git_remote_create_options create = GIT_REMOTE_CREATE_OPTIONS_INIT;
	git_fetch_options options = GIT_FETCH_OPTIONS_INIT;
	g_autoptr(git_remote_auto) remote = NULL;
	bool done;
	int code;

	create.repository = repository;
	create.flags = GIT_REMOTE_CREATE_SKIP_INSTEADOF | GIT_REMOTE_CREATE_SKIP_DEFAULT_FETCHSPEC;
	options.download_tags = GIT_REMOTE_DOWNLOAD_TAGS_NONE;
	options.update_fetchhead = 0;
	options.callbacks.transport = connection_transport(c);
	options.callbacks.transfer_progress = on_transfer;
	options.callbacks.payload = c;
	code = git_remote_create_with_opts(&remote, c->remote->url, &create);
	code = code < 0 ? code
			: git_remote_connect(remote, GIT_DIRECTION_FETCH, &options.callbacks, NULL,
					     NULL);
	if (code < 0) {
		return fail_fetch(c, connect_code(c), code, "cannot connect", error);
	}
	done = fetch_connected(repository, remote, &options, c, out, error);
	git_remote_disconnect(remote);
	return done;
}

bool mirror_fetch(git_repository *repository, const struct source_remote *remote,
		  struct fetched *out, GError **error)
{
	struct connection c;
	int valid = 0;
	bool done;

	if (!g_str_has_prefix(remote->ref, "refs/") ||
	    git_reference_name_is_valid(&valid, remote->ref) < 0 || valid == 0) {
		return fail(error, JOB_ERROR, JOB_ERROR_USAGE,
			    "'%s' is not the full name of a ref, as refs/heads/main is",
			    remote->ref);
	}
	if (!connection_init(&c, remote, error)) {
		return false;
	}
	done = fetch(repository, &c, out, error);
	connection_clear(&c);
	return done;
}
