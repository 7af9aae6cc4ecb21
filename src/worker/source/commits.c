/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Commits between two points, for people to judge. */
#include "worker/source/commits.h"

#include "worker/source/repo.h"

#include "base/error.h"

#include "core/plan.h"

#include <string.h>

static bool is_there(git_repository *repository, const git_oid *commit)
{
	g_autoptr(git_commit_auto) object = NULL;

	return git_commit_lookup(&object, repository, commit) == 0;
}

bool commits_descend(git_repository *repository, const git_oid *commit, const git_oid *known,
		     bool *out, GError **error)
{
	int code;

	if (git_oid_equal(commit, known)) {
		*out = true;
		return true;
	}
	if (!is_there(repository, known)) {
		*out = false;
		return true;
	}
	code = git_graph_descendant_of(repository, commit, known);
	if (code < 0) {
		return fail_git(error, code, "cannot follow the history of %s",
				git_oid_tostr_s(commit));
	}
	*out = code == 1;
	return true;
}

/* At most max bytes, without half a character at the end. */
static char *cut(char *text, size_t max)
{
	if (strlen(text) > max) {
		while (max > 0 && ((unsigned char)text[max] & 0xc0) == 0x80) {
			max--;
		}
		text[max] = '\0';
	}
	return text;
}

/* In UTF-8 when the commit names an encoding that is known, else as it is. */
static char *text_of(const git_commit *commit, const char *text, size_t len, size_t max)
{
	const char *encoding = git_commit_message_encoding(commit);
	char *converted = NULL;

	if (encoding != NULL) {
		converted = g_convert(text, (gssize)len, "UTF-8", encoding, NULL, NULL, NULL);
	}
	return cut(converted != NULL ? converted : g_strndup(text, len), max);
}

static char *name_of(const git_commit *commit, const char *text)
{
	return text_of(commit, text, strlen(text), COMMITS_NAME_MAX);
}

/* The first line that is not empty. */
static char *subject_of(const git_commit *commit)
{
	const char *message = git_commit_message_raw(commit);

	message = message == NULL ? "" : message + strspn(message, "\r\n");
	return text_of(commit, message, strcspn(message, "\r\n"), COMMITS_SUBJECT_MAX);
}

static bool is_signed(const git_commit *commit)
{
	const char *header = git_commit_raw_header(commit);

	return g_str_has_prefix(header, "gpgsig") || strstr(header, "\ngpgsig") != NULL;
}

static void write_commit(struct json_writer *w, const git_commit *commit,
			 const struct judgement *judgement)
{
	const git_signature *author = git_commit_author(commit);
	const git_signature *committer = git_commit_committer(commit);
	g_autofree char *author_name = name_of(commit, author->name);
	g_autofree char *author_email = name_of(commit, author->email);
	g_autofree char *committer_name = name_of(commit, committer->name);
	g_autofree char *committer_email = name_of(commit, committer->email);
	g_autofree char *subject = subject_of(commit);
	const struct plan_commit row = {
		.id = git_oid_tostr_s(git_commit_id(commit)),
		.author_name = author_name,
		.author_email = author_email,
		.committer_name = committer_name,
		.committer_email = committer_email,
		.subject = subject,
		.time = CLAMP(committer->when.time, -JSON_MAX_INT, JSON_MAX_INT),
		.signature = judgement != NULL	 ? plan_signature_names[judgement->verdict]
			     : is_signed(commit) ? "unknown"
						 : "none",
		.signer = judgement != NULL ? judgement->signer : NULL,
	};

	plan_commit_write(w, &row);
}

/* What a walk over the history gathers. */
struct gathered {
	git_oid newest[COMMITS_MAX];
	int64_t total;
	GHashTable *authors;
	int64_t authors_total;
};

/* Addresses are compared as text, so one that is none can be nobody's. */
static void gather_address(struct gathered *g, const git_commit *commit,
			   const git_signature *signature)
{
	g_autofree char *email =
		text_of(commit, signature->email, strlen(signature->email), PLAN_MAX_ADDRESS);

	if (!g_utf8_validate(email, -1, NULL) || g_hash_table_contains(g->authors, email)) {
		return;
	}
	if (g_hash_table_size(g->authors) == PLAN_MAX_AUTHORS) {
		g->authors_total = PLAN_MAX_AUTHORS + 1; // how many more does not matter
		return;
	}
	g_hash_table_add(g->authors, g_steal_pointer(&email));
	g->authors_total++;
}

static int start_walk(git_repository *repository, const git_oid *commit, const git_oid *known,
		      git_revwalk **out)
{
	int code = git_revwalk_new(out, repository);

	code = code < 0 ? code : git_revwalk_sorting(*out, GIT_SORT_TOPOLOGICAL | GIT_SORT_TIME);
	code = code < 0 ? code : git_revwalk_push(*out, commit);
	if (code == 0 && known != NULL && is_there(repository, known)) {
		code = git_revwalk_hide(*out, known);
	}
	return code;
}

static int gather(git_repository *repository, const git_oid *commit, const git_oid *known,
		  struct gathered *g)
{
	g_autoptr(git_revwalk_auto) walk = NULL;
	git_oid oid;
	int code = start_walk(repository, commit, known, &walk);

	while (code == 0 && (code = git_revwalk_next(&oid, walk)) == 0) {
		g_autoptr(git_commit_auto) object = NULL;

		code = git_commit_lookup(&object, repository, &oid);
		if (code == 0) {
			gather_address(g, object, git_commit_author(object));
			gather_address(g, object, git_commit_committer(object));
			if (g->total < COMMITS_MAX) {
				g->newest[g->total] = oid;
			}
			g->total++;
		}
	}
	return code == GIT_ITEROVER ? 0 : code;
}

static int compare_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void write_authors(struct json_writer *w, const struct gathered *g)
{
	guint count = 0;
	g_autofree char **list = (char **)g_hash_table_get_keys_as_array(g->authors, &count);

	qsort(list, count, sizeof(*list), compare_text);
	json_w_array(w, "authors");
	for (guint i = 0; i < count; i++) {
		json_w_str(w, NULL, list[i]);
	}
	json_w_end(w);
	json_w_int(w, "authors_total", g->authors_total);
}

static bool write_one(git_repository *repository, struct judge *judge, const git_oid *oid,
		      struct json_writer *w, GError **error)
{
	const struct judgement *judgement = NULL;
	g_autoptr(git_commit_auto) object = NULL;
	int code = git_commit_lookup(&object, repository, oid);

	if (code != 0) {
		return fail_git(error, code, "cannot read commit %s", git_oid_tostr_s(oid));
	}
	if (judge != NULL && !judge_commit(judge, repository, oid, &judgement, error)) {
		return false;
	}
	write_commit(w, object, judgement);
	return true;
}

static bool write_newest(git_repository *repository, struct judge *judge, struct json_writer *w,
			 const struct gathered *g, GError **error)
{
	bool ok = true;

	json_w_array(w, "commits");
	for (int64_t i = 0; ok && i < MIN(g->total, COMMITS_MAX); i++) {
		ok = write_one(repository, judge, &g->newest[i], w, error);
	}
	json_w_end(w);
	return ok;
}

static bool fail_history(GError **error, int code, const git_oid *commit)
{
	return fail_git(error, code, "cannot follow the history of %s", git_oid_tostr_s(commit));
}

bool commits_write(git_repository *repository, struct judge *judge, const git_oid *commit,
		   const git_oid *known, struct json_writer *w, GError **error)
{
	g_autoptr(GHashTable) authors =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	struct gathered gathered = {.authors = authors};
	int code = gather(repository, commit, known, &gathered);

	if (code != 0) {
		return fail_history(error, code, commit);
	}
	write_authors(w, &gathered);
	if (!write_newest(repository, judge, w, &gathered, error)) {
		return false;
	}
	json_w_int(w, "commits_total", gathered.total);
	return true;
}

bool commits_write_gone(git_repository *repository, struct judge *judge, const git_oid *commit,
			const git_oid *known, struct json_writer *w, GError **error)
{
	g_autoptr(GHashTable) authors =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	struct gathered gathered = {.authors = authors};
	bool there = is_there(repository, known), ok;
	int code = there ? gather(repository, known, commit, &gathered) : 0;

	if (code != 0) {
		return fail_history(error, code, known);
	}
	json_w_object(w, "rewritten");
	ok = write_newest(repository, judge, w, &gathered, error);
	if (there) {
		json_w_int(w, "total", gathered.total);
	}
	json_w_end(w);
	return ok;
}

void commits_write_none(struct json_writer *w)
{
	json_w_array(w, "authors");
	json_w_end(w);
	json_w_int(w, "authors_total", 0);
	json_w_array(w, "commits");
	json_w_end(w);
	json_w_int(w, "commits_total", 0);
}
