/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Walks over the commits that must be signed. */
#include "worker/source/vouch.h"

#include "worker/source/commits.h"
#include "worker/source/repo.h"

#include "base/error.h"

#include <string.h>

#define SEAL "Assent-Seal"
#define SAME_TREE_MAX 10000 /* commits that are looked at for more signers */

struct walk {
	struct judge *judge;
	git_repository *repository;
	const git_oid *tip, *known;
	const struct vouch_demand *demand;
	struct vouched *out;
	GHashTable *sealed; /* ids of commits that a seal vouches for */
	GHashTable *keys;   /* of those in good */
	GPtrArray *good;    /* struct judgement of the judge's, one for each key */
};

static char *id_of(const git_oid *oid)
{
	return g_strdup(git_oid_tostr_s(oid));
}

static bool lookup(const struct walk *w, const git_oid *oid, git_commit **out, GError **error)
{
	int code = git_commit_lookup(out, w->repository, oid);

	return code == 0 || fail_git(error, code, "cannot read commit %s", git_oid_tostr_s(oid));
}

/* Trailers are found as git finds them; a seal says why. */
static bool has_seal(const git_commit *commit)
{
	git_message_trailer_array trailers = {0};
	bool found = false;

	if (git_message_trailers(&trailers, git_commit_message_raw(commit)) != 0) {
		return false;
	}
	for (size_t i = 0; i < trailers.count; i++) {
		const char *value = trailers.trailers[i].value;

		found |= g_ascii_strcasecmp(trailers.trailers[i].key, SEAL) == 0 &&
			 value[strspn(value, " \t\r\n")] != '\0';
	}
	git_message_trailer_array_free(&trailers);
	return found;
}

static bool is_seal(struct walk *w, const git_commit *commit, bool *out, GError **error)
{
	*out = has_seal(commit);
	return !*out || judge_holds_now(w->judge, w->repository, git_commit_id(commit), out, error);
}

static void seal_parents(struct walk *w, const git_commit *commit)
{
	for (unsigned i = 0; i < git_commit_parentcount(commit); i++) {
		g_hash_table_add(w->sealed, id_of(git_commit_parent_id(commit, i)));
	}
}

static void blame(struct walk *w, const git_commit *commit, const char *why)
{
	const git_oid *oid = git_commit_id(commit);
	g_autofree char *id = id_of(oid);

	if (git_oid_equal(oid, w->tip)) {
		w->out->problem = g_strdup_printf("commit %.12s %s; sign it ('git commit --amend "
						  "-S'), or put a signed commit "
						  "on top of it",
						  id, why);
		return;
	}
	w->out->problem = g_strdup_printf(
		"commit %.12s, on which %.12s builds, %s; a signed commit with the trailer "
		"'" SEAL ": <why>' on top vouches for what is older",
		id, git_oid_tostr_s(w->tip), why);
}

static bool check(struct walk *w, const git_commit *commit, GError **error)
{
	const struct judgement *judgement;

	if (!judge_commit(w->judge, w->repository, git_commit_id(commit), &judgement, error)) {
		return false;
	}
	if (judgement->verdict != SIG_GOOD) {
		blame(w, commit, judgement->why);
		return true;
	}
	w->out->checked++;
	return true;
}

/* Children come before their parents, so that it is known by now whether a seal is above. */
static bool visit(struct walk *w, const git_oid *oid, GError **error)
{
	g_autoptr(git_commit_auto) commit = NULL;
	bool seal;

	if (!lookup(w, oid, &commit, error)) {
		return false;
	}
	if (g_hash_table_contains(w->sealed, git_oid_tostr_s(oid))) {
		seal_parents(w, commit);
		return true;
	}
	if (!check(w, commit, error) || w->out->problem != NULL) {
		return w->out->problem != NULL;
	}
	if (!is_seal(w, commit, &seal, error)) {
		return false;
	}
	if (seal) {
		seal_parents(w, commit);
		if (w->out->seal[0] == '\0') {
			git_oid_tostr(w->out->seal, sizeof(w->out->seal), oid);
		}
	}
	return true;
}

static bool start(const struct walk *w, git_revwalk **out, GError **error)
{
	int code = git_revwalk_new(out, w->repository);

	code = code < 0 ? code : git_revwalk_sorting(*out, GIT_SORT_TOPOLOGICAL | GIT_SORT_TIME);
	code = code < 0 ? code : git_revwalk_push(*out, w->tip);
	if (code == 0 && w->known != NULL) {
		code = git_revwalk_hide(*out, w->known);
	}
	return code == 0 ||
	       fail_git(error, code, "cannot follow the history of %s", git_oid_tostr_s(w->tip));
}

static bool check_all(struct walk *w, GError **error)
{
	g_autoptr(git_revwalk_auto) revwalk = NULL;
	git_oid oid;
	int code = 0;

	if (!start(w, &revwalk, error)) {
		return false;
	}
	while (w->out->problem == NULL && (code = git_revwalk_next(&oid, revwalk)) == 0) {
		if (!visit(w, &oid, error)) {
			return false;
		}
	}
	return code == 0 || code == GIT_ITEROVER ||
	       fail_git(error, code, "cannot follow the history of %s", git_oid_tostr_s(w->tip));
}

static bool check_head(struct walk *w, GError **error)
{
	g_autoptr(git_commit_auto) commit = NULL;

	return lookup(w, w->tip, &commit, error) && check(w, commit, error);
}

/* One for each person: signatures that came last may show that two of them are one. */
static void count_people(struct walk *w)
{
	g_autoptr(GHashTable) people = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

	g_ptr_array_set_size(w->out->signers, 0);
	for (guint i = 0; i < w->good->len; i++) {
		const struct judgement *judgement = g_ptr_array_index(w->good, i);

		if (g_hash_table_add(people, judge_person(w->judge, judgement))) {
			g_ptr_array_add(w->out->signers, g_strdup(judgement->signer));
		}
	}
}

/* The same key once, whatever name it is found by. */
static bool count_signer(struct walk *w, const struct judgement *judgement, GError **error)
{
	if (w->good->len == VOUCH_SIGNERS_MAX || g_hash_table_contains(w->keys, judgement->key)) {
		return true;
	}
	g_hash_table_add(w->keys, judgement->key);
	g_ptr_array_add(w->good, (gpointer)judgement);
	if (w->good->len > 1 && !judge_know_persons(w->judge, error)) {
		return false;
	}
	count_people(w);
	return true;
}

/* Old commits vouch for nothing new: a merge could bring back whatever was signed once. */
static bool is_new(const struct walk *w, const git_oid *oid, bool *out, GError **error)
{
	bool old = false;

	if (w->known != NULL && !commits_descend(w->repository, w->known, oid, &old, error)) {
		return false;
	}
	*out = !old;
	return true;
}

static bool push_same(struct walk *w, GPtrArray *todo, GHashTable *seen, const git_commit *commit,
		      GError **error)
{
	for (unsigned i = 0; i < git_commit_parentcount(commit); i++) {
		const git_oid *oid = git_commit_parent_id(commit, i);
		g_autoptr(git_commit_auto) parent = NULL;
		bool fresh;

		if (!lookup(w, oid, &parent, error) || !is_new(w, oid, &fresh, error)) {
			return false;
		}
		if (fresh && seen != NULL && g_hash_table_size(seen) < SAME_TREE_MAX &&
		    git_oid_equal(git_commit_tree_id(parent), git_commit_tree_id(commit)) &&
		    g_hash_table_add(seen, id_of(oid))) {
			g_ptr_array_add(todo, g_memdup2(oid, sizeof(*oid)));
		}
	}
	return true;
}

static bool count_one(struct walk *w, const git_oid *oid, GPtrArray *todo, GHashTable *seen,
		      GError **error)
{
	g_autoptr(git_commit_auto) commit = NULL;
	const struct judgement *judgement;

	if (!lookup(w, oid, &commit, error) ||
	    !judge_commit(w->judge, w->repository, oid, &judgement, error)) {
		return false;
	}
	if (judgement->verdict == SIG_GOOD && !count_signer(w, judgement, error)) {
		return false;
	}
	return push_same(w, todo, seen, commit, error);
}

static int compare_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static char *list_signers(const GPtrArray *signers)
{
	g_autoptr(GPtrArray) copy = g_ptr_array_new();

	for (guint i = 0; i < signers->len; i++) {
		g_ptr_array_add(copy, g_ptr_array_index(signers, i));
	}
	g_ptr_array_add(copy, NULL);
	return g_strjoinv(", ", (char **)copy->pdata);
}

static void judge_count(struct walk *w)
{
	g_autofree char *names = list_signers(w->out->signers);

	if (w->out->signers->len >= w->demand->signatures) {
		return;
	}
	w->out->problem = g_strdup_printf(
		"commit %.12s needs the signatures of %" PRId64
		" different people and has %u (%s); "
		"another one signs an empty commit on top of it ('git commit --allow-empty -S')",
		git_oid_tostr_s(w->tip), w->demand->signatures, w->out->signers->len, names);
}

static bool count_signers(struct walk *w, GError **error)
{
	g_autoptr(GPtrArray) todo = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

	g_ptr_array_add(todo, g_memdup2(w->tip, sizeof(*w->tip)));
	for (guint i = 0; i < todo->len && w->out->signers->len < w->demand->signatures; i++) {
		if (!count_one(w, g_ptr_array_index(todo, i), todo, seen, error)) {
			return false;
		}
	}
	qsort(w->out->signers->pdata, w->out->signers->len, sizeof(gpointer), compare_text);
	judge_count(w);
	return true;
}

/* libgit2 would take the commits where it ends for those without parents. */
static bool is_whole(git_repository *repository, GError **error)
{
	return git_repository_is_shallow(repository) == 0 ||
	       fail(error, BASE_ERROR, BASE_ERROR_FAILED,
		    "the mirror '%s' is shallow: remove it, and it will be fetched anew",
		    git_repository_path(repository));
}

bool vouch(struct judge *judge, git_repository *repository, const git_oid *tip,
	   const git_oid *known, const struct vouch_demand *demand, struct vouched *out,
	   GError **error)
{
	g_autoptr(GHashTable) sealed = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_autoptr(GHashTable) keys = g_hash_table_new(g_str_hash, g_str_equal);
	g_autoptr(GPtrArray) good = g_ptr_array_new();
	struct vouched found = {.signers = g_ptr_array_new_with_free_func(g_free)};
	struct walk walk = {judge, repository, tip, known, demand, &found, sealed, keys, good};
	g_autoptr(git_commit_auto) there = NULL;
	bool ok;

	if (known != NULL && git_commit_lookup(&there, repository, known) != 0) {
		walk.known = NULL; // nothing can be told to be older
	}
	ok = is_whole(repository, error) &&
	     (demand->all ? check_all(&walk, error) : check_head(&walk, error));
	ok = ok && (found.problem != NULL || count_signers(&walk, error));
	if (!ok) {
		vouched_clear(&found);
		return false;
	}
	*out = found;
	return true;
}

void vouched_clear(struct vouched *vouched)
{
	g_clear_pointer(&vouched->signers, g_ptr_array_unref);
	g_clear_pointer(&vouched->problem, g_free);
}
