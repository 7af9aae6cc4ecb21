/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The job "fetch": brings one ref into the mirror and says what is new there. */
#include "worker/fetch.h"

#include "worker/source/commits.h"
#include "worker/source/judge.h"
#include "worker/source/mirror.h"
#include "worker/source/repo.h"
#include "worker/source/tree.h"
#include "worker/source/vouch.h"

#include "base/error.h"

#include "core/plan.h"

#include <string.h>

#define EMPTY_TREE "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
#define DAY 86400
#define FALLBACKS_MAX 16

struct request {
	struct source_remote remote;
	const char *mirror, *known, *path;
	const char *accepted; /* need not descend from known; NULL: none */
	bool trial;	      /* for some time only: it need not descend */
	struct judge_keys keys;
	bool demands; /* that commits are signed */
	struct vouch_demand demand;
	const char *newest; /* the newest that the caller has seen, NULL: none */
	git_oid known_oid, newest_oid;
	const char *urls[1 + FALLBACKS_MAX]; /* in the order in which they are tried */
	size_t urls_count, used;	     /* used: which one has answered */
	char *problem;			     /* why the first has not; NULL: it has. g_free() */
};

static bool is_stopped(void *user)
{
	return job_stopped(user);
}

static void on_progress(const char *text, int64_t done, int64_t total, void *user)
{
	job_progress(user, text, done, total);
}

/* An option that is given as "" is not given. */
static const char *option(struct json_obj *o, const char *name)
{
	const char *value = json_str_opt(o, name, 4096);

	return value == NULL || value[0] == '\0' ? NULL : value;
}

static unsigned seconds(struct json_obj *o, const char *name, unsigned dflt)
{
	return (unsigned)json_int_opt(o, name, 1, DAY, dflt);
}

static void read_verify(struct json_obj *o, struct request *r)
{
	static const char *const modes[] = {"none", "head", "all", NULL};
	enum { MODE_NONE, MODE_HEAD, MODE_ALL };
	int mode = json_has(o, "verify") ? json_enum(o, "verify", modes) : MODE_NONE;

	r->keys.signers = option(o, "signers");
	r->keys.revoked = option(o, "revoked_keys");
	r->keys.openpgp = option(o, "openpgp_keys");
	r->demands = mode != MODE_NONE;
	r->demand.all = mode == MODE_ALL;
	r->demand.signatures = json_int_opt(o, "signatures", 1, VOUCH_SIGNERS_MAX, 1);
}

static void read_urls(struct json_obj *o, struct request *r)
{
	struct json_arr arr;
	size_t n = json_arr_get_opt(o, "fallbacks", FALLBACKS_MAX, &arr);

	r->urls[r->urls_count++] = json_str(o, "url", SOURCE_URL_MAX);
	for (size_t i = 0; i < n; i++) {
		r->urls[r->urls_count++] = json_arr_str(&arr, i, SOURCE_URL_MAX);
	}
}

static bool read_request(struct job *job, struct request *r, GError **error)
{
	struct json_obj *o = job_request(job);
	struct source_remote *remote = &r->remote;

	read_urls(o, r);
	remote->ref = json_str(o, "ref", 1024);
	r->mirror = json_str(o, "mirror", 4096);
	r->known = json_str(o, "known", 40);
	r->accepted = option(o, "accepted");
	r->newest = option(o, "newest");
	r->path = json_str(o, "path", SOURCE_MAX_PATH);
	r->trial = json_bool_opt(o, "trial", false);
	remote->username = option(o, "username");
	remote->password_file = option(o, "password_file");
	remote->token_file = option(o, "token_file");
	remote->credential_helper = option(o, "credential_helper");
	remote->ca_file = option(o, "ca_file");
	remote->proxy = option(o, "proxy");
	remote->ssh_command = option(o, "ssh_command");
	remote->max_bytes = json_int_opt(o, "max_bytes", 1, JSON_MAX_INT, INT64_C(1) << 30);
	remote->connect_timeout = seconds(o, "connect_timeout", 30);
	remote->low_speed_time = seconds(o, "low_speed_time", 60);
	remote->timeout = seconds(o, "timeout", 600);
	read_verify(o, r);
	if (!job_request_end(job, error)) {
		return false;
	}
	r->keys.stopped = is_stopped;
	r->keys.user = job;
	remote->stopped = is_stopped;
	remote->progress = on_progress;
	remote->user = job;
	r->path = strcmp(r->path, ".") == 0 ? "" : r->path;
	if (r->mirror[0] != '/') {
		return fail(error, JOB_ERROR, JOB_ERROR_USAGE,
			    "the mirror's path '%s' is not absolute", r->mirror);
	}
	return (r->known[0] == '\0' || repo_oid_parse(&r->known_oid, r->known, error)) &&
	       (r->newest == NULL || repo_oid_parse(&r->newest_oid, r->newest, error));
}

/* What a person must know before this commit can be followed; state stays "ok" otherwise. */
struct finding {
	const char *state;
	char *reason; /* g_free() */
};

/* The folder must hold something: an empty desired state would remove everything. */
static bool look_at_tree(const struct request *r, const char *commit, char *tree_id,
			 struct finding *finding, GError **error)
{
	g_autoptr(source_tree_auto) tree = NULL;
	g_autoptr(GError) problem = NULL;
	struct source_entry entry;

	if (!source_tree_open(r->mirror, commit, &tree, error)) {
		return false;
	}
	g_strlcpy(tree_id, source_tree_tree_id(tree), SOURCE_OID_SIZE);
	/* Rewound says more than empty; what is unchanged has been judged before. */
	if (strcmp(finding->state, "ok") != 0 && strcmp(finding->state, "rewritten") != 0) {
		return true;
	}
	if (!source_tree_stat(tree, r->path, &entry, &problem)) {
		if (!g_error_matches(problem, BASE_ERROR, BASE_ERROR_NOT_FOUND)) {
			return fail(error, JOB_ERROR, JOB_ERROR_REPOSITORY, "%s", problem->message);
		}
		finding->state = "empty";
		finding->reason =
			g_strdup_printf("commit %.12s has no folder '%s'", commit, r->path);
	} else if (entry.mode != SOURCE_FOLDER) {
		finding->state = "empty";
		finding->reason =
			g_strdup_printf("'%s' is not a folder in commit %.12s", r->path, commit);
	} else if (strcmp(entry.oid, EMPTY_TREE) == 0) {
		finding->state = "empty";
		finding->reason = g_strdup_printf("commit %.12s has no files in '%s'", commit,
						  r->path[0] == '\0' ? "." : r->path);
	}
	return true;
}

/* A fallback may lag behind the first address: only what is newer than all that was seen is news.
 * That the history was rewritten, or the branch removed, is for the first one to say. */
static bool look_behind(git_repository *repository, const struct request *r, const git_oid *commit,
			struct finding *finding, GError **error)
{
	bool newer, older;

	if (r->used == 0 || r->newest == NULL) {
		return true;
	}
	if (!commits_descend(repository, commit, &r->newest_oid, &newer, error) ||
	    !commits_descend(repository, &r->newest_oid, commit, &older, error)) {
		return false;
	}
	if (older) {
		finding->state = "behind";
		return true;
	}
	return newer ||
	       fail(error, JOB_ERROR, JOB_ERROR_REPOSITORY,
		    "commit %.12s of a fallback does not descend from %.12s, the newest that was "
		    "seen: that its history was rewritten, only the first address can say; which "
		    "does not answer: %s",
		    git_oid_tostr_s(commit), r->newest, r->problem);
}

static bool look_at_history(git_repository *repository, const struct request *r,
			    const git_oid *commit, struct finding *finding, GError **error)
{
	bool descends;

	if (!look_behind(repository, r, commit, finding, error)) {
		return false;
	}
	if (r->known[0] == '\0' || strcmp(finding->state, "ok") != 0) {
		return true;
	}
	if (git_oid_equal(commit, &r->known_oid)) {
		finding->state = "unchanged";
		return true;
	}
	if (!commits_descend(repository, commit, &r->known_oid, &descends, error)) {
		return false;
	}
	if (!descends && r->accepted != NULL && strcmp(git_oid_tostr_s(commit), r->accepted) == 0) {
		finding->state = "rewritten";
	} else if (!descends && !r->trial) {
		finding->state = "rewound";
		finding->reason =
			g_strdup_printf("'%s' was rewound: commit %.12s does not descend from "
					"%.12s, which was applied last",
					r->remote.ref, git_oid_tostr_s(commit), r->known);
	}
	return true;
}

static void write_verification(struct json_writer *w, const struct request *r,
			       const struct vouched *vouched)
{
	const struct plan_verification found = {
		.mode = r->demand.all ? "all" : "head",
		.checked = vouched->checked,
		.signatures = r->demand.signatures,
		.signers = (const char **)vouched->signers->pdata,
		.signers_count = vouched->signers->len,
		.seal = vouched->seal[0] != '\0' ? vouched->seal : NULL,
	};

	plan_verification_write(w, &found);
}

/* What was applied already is judged no more, and of what is rewound a person is asked first. */
static bool look_at_signatures(git_repository *repository, struct judge *judge,
			       const struct request *r, const git_oid *commit,
			       struct vouched *vouched, struct finding *finding, GError **error)
{
	bool judged = strcmp(finding->state, "ok") == 0 || strcmp(finding->state, "rewritten") == 0;

	if (!r->demands || !judged) {
		return true;
	}
	if (!vouch(judge, repository, commit, r->known[0] == '\0' ? NULL : &r->known_oid,
		   &r->demand, vouched, error)) {
		return false;
	}
	if (vouched->problem != NULL) {
		finding->state = "bad-signature";
		finding->reason = g_strdup(vouched->problem);
	}
	return true;
}

static bool open_judge(const struct request *r, struct judge **out, GError **error)
{
	if (!r->demands && r->keys.signers == NULL && r->keys.openpgp == NULL) {
		return true;
	}
	return judge_open(out, r->mirror, &r->keys, error);
}

static void write_start(struct json_writer *w, const struct request *r,
			const struct finding *finding, const char *commit, const char *tree,
			int64_t bytes)
{
	if (r->used > 0) {
		json_w_int(w, "remote", (int64_t)r->used);
		json_w_str(w, "problem", r->problem);
	}
	json_w_str(w, "state", finding->state);
	json_w_str(w, "reason", finding->reason == NULL ? "" : finding->reason);
	json_w_str(w, "commit", commit);
	json_w_str(w, "tree", tree);
	json_w_int(w, "bytes", bytes);
}

/* The commits, as those say who wrote and signed them. */
static bool write_commits(struct job *job, git_repository *repository, struct judge *judge,
			  const struct request *r, const git_oid *commit, bool rewritten,
			  GError **error)
{
	struct json_writer *w = job_result(job);
	const git_oid *known = r->known[0] == '\0' ? NULL : &r->known_oid;

	return commits_write(repository, judge, commit, known, w, error) &&
	       (!rewritten || commits_write_gone(repository, judge, commit, known, w, error));
}

static bool write_found(struct job *job, git_repository *repository, const struct request *r,
			const struct fetched *fetched, GError **error)
{
	struct finding finding = {"ok", NULL};
	char commit[SOURCE_OID_SIZE], tree[SOURCE_OID_SIZE];
	g_autoptr(judge_auto) judge = NULL;
	g_auto(vouched_auto) vouched = {0};
	g_autofree char *reason = NULL;
	bool ok;

	git_oid_tostr(commit, sizeof(commit), &fetched->commit);
	if (!open_judge(r, &judge, error) ||
	    !look_at_history(repository, r, &fetched->commit, &finding, error)) {
		return false;
	}
	ok = look_at_signatures(repository, judge, r, &fetched->commit, &vouched, &finding,
				error) &&
	     look_at_tree(r, commit, tree, &finding, error);
	reason = finding.reason;
	if (!ok) {
		return false;
	}
	write_start(job_result(job), r, &finding, commit, tree, fetched->bytes);
	if (strcmp(finding.state, "behind") == 0) {
		commits_write_none(job_result(job));
		return true;
	}
	if (vouched.signers != NULL && vouched.problem == NULL) {
		write_verification(job_result(job), r, &vouched);
	}
	return write_commits(job, repository, judge, r, &fetched->commit,
			     strcmp(finding.state, "rewritten") == 0, error);
}

static bool write_missing(struct job *job, const struct request *r, const struct fetched *fetched,
			  GError **error)
{
	struct json_writer *w = job_result(job);
	bool deleted = fetched->any_refs || r->known[0] != '\0';
	g_autofree char *reason =
		fetched->any_refs ? g_strdup_printf("the repository has no '%s'", r->remote.ref)
		: deleted ? g_strdup_printf("the repository has no '%s' any more, nor any other "
					    "branch",
					    r->remote.ref)
			  : g_strdup("the repository has no commits");
	const struct finding finding = {deleted ? "deleted" : "empty", reason};

	if (r->used > 0) {
		return fail(
			error, JOB_ERROR, JOB_ERROR_REPOSITORY,
			"of a fallback: %s; which only the first address can say, and that does "
			"not answer: %s",
			reason, r->problem);
	}
	write_start(w, r, &finding, "", "", fetched->bytes);
	commits_write_none(w);
	return true;
}

/* It did not answer, or nobody knows who did; what a repository says is an answer. */
static bool is_unreachable(const GError *error)
{
	static const enum job_error codes[] = {JOB_ERROR_NETWORK, JOB_ERROR_AUTH, JOB_ERROR_HOSTKEY,
					       JOB_ERROR_TLS, JOB_ERROR_TIMEOUT};
	bool found = false;

	for (size_t i = 0; i < G_N_ELEMENTS(codes) && !found; i++) {
		found = g_error_matches(error, JOB_ERROR, (int)codes[i]);
	}
	return found;
}

/* All of them fail: the first one's reason leads. */
static bool fail_all(GError *first, const struct request *r, GError **error)
{
	g_assert(first != NULL);
	g_propagate_error(error, first);
	if (error != NULL && r->urls_count > 1) {
		g_autofree char *text =
			g_strdup_printf("%s; nor does any of the %zu fallbacks answer",
					(*error)->message, r->urls_count - 1);

		g_free((*error)->message);
		(*error)->message = g_steal_pointer(&text);
	}
	return false;
}

/* One after the other; each has its share of the time that is left. */
static bool fetch_any(git_repository *repository, struct request *r, struct fetched *out,
		      GError **error)
{
	gint64 end = g_get_monotonic_time() + (gint64)r->remote.timeout * G_USEC_PER_SEC;
	GError *first = NULL;

	for (r->used = 0; r->used < r->urls_count; r->used++) {
		gint64 left = (end - g_get_monotonic_time() + G_USEC_PER_SEC - 1) / G_USEC_PER_SEC;
		GError *problem = NULL;

		r->remote.url = r->urls[r->used];
		r->remote.timeout = (unsigned)MAX(left / (gint64)(r->urls_count - r->used), 1);
		if (mirror_fetch(repository, &r->remote, out, &problem)) {
			r->problem = first != NULL ? g_strdup(first->message) : NULL;
			g_clear_error(&first);
			return true;
		}
		if (!is_unreachable(problem)) {
			g_clear_error(&first);
			g_propagate_error(error, problem);
			return false;
		}
		if (first == NULL) {
			first = problem;
		} else {
			g_error_free(problem);
		}
	}
	return fail_all(first, r, error);
}

static bool fetch(struct job *job, struct request *r, GError **error)
{
	g_autoptr(git_repository_auto) repository = NULL;
	g_autoptr(GError) problem = NULL;
	struct fetched fetched;

	if (!mirror_open(r->mirror, &repository, &problem)) {
		return fail(error, JOB_ERROR, JOB_ERROR_IO, "%s", problem->message);
	}
	if (!fetch_any(repository, r, &fetched, error)) {
		return false;
	}
	return fetched.found ? write_found(job, repository, r, &fetched, error)
			     : write_missing(job, r, &fetched, error);
}

bool fetch_run(struct job *job, GError **error)
{
	g_autoptr(GError) problem = NULL;
	struct request r = {0};
	bool ok = read_request(job, &r, error) && fetch(job, &r, error);

	g_free(r.problem);
	if (!ok) {
		return false;
	}
	if (!mirror_repack(r.mirror, &problem)) {
		return fail(error, JOB_ERROR, JOB_ERROR_IO, "%s", problem->message);
	}
	return true;
}
