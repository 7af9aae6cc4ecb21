/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Judging commits' signatures: the folder, what is remembered, and who is asked. */
#include "worker/source/judge.h"

#include "worker/source/judge-inside.h"
#include "worker/source/repo.h"

#include "base/autoptr.h"
#include "base/error.h"
#include "base/file.h"
#include "base/secure.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#define KEYS_MAX ((size_t)4 << 20)
#define COMMIT_MAX ((size_t)16 << 20)
#define ARMOR_MAX ((size_t)64 << 10)
#define OUTPUT_MAX (2 * KEYS_MAX) /* gpg lists them */
#define TIMEOUT 60
#define ID_SIZE (GIT_OID_HEXSZ + 1)

typedef DIR dir_auto;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(dir_auto, closedir)

static void judgement_free(void *data)
{
	struct judgement *item = data;

	g_free(item->signer);
	g_free(item->key);
	g_free(item->why);
	g_free(item);
}

void judge_say(struct judgement *out, enum judged verdict, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	g_free(out->why);
	out->why = g_strdup_vprintf(format, ap);
	out->verdict = verdict;
	va_end(ap);
}

/* A copy, so that all commits are judged by the same keys. */
static bool keep_file(const struct judge *judge, const char *name, const char *from, char **out,
		      GError **error)
{
	g_autofree char *text = NULL;
	g_autofree char *path = g_build_filename(judge->folder, name, NULL);
	size_t len;

	if (from == NULL) {
		return true;
	}
	if (!secure_linked(from, error) || !file_read(from, KEYS_MAX, &text, &len, error) ||
	    !file_replace_unsynced(path, text, len, 0600, error)) {
		return fail_prefix(error, "the keys of those who sign commits");
	}
	*out = g_steal_pointer(&path);
	return true;
}

static bool keep_keys(struct judge *judge, const struct judge_keys *from, GError **error)
{
	char *signers = NULL, *revoked = NULL, *openpgp = NULL;
	bool ok = keep_file(judge, "signers", from->signers, &signers, error) &&
		  keep_file(judge, "revoked", from->revoked, &revoked, error) &&
		  keep_file(judge, "openpgp", from->openpgp, &openpgp, error);

	judge->keys = *from;
	judge->keys.signers = signers;
	judge->keys.revoked = revoked;
	judge->keys.openpgp = openpgp;
	return ok;
}

static bool know_persons(struct judge *judge, GError **error)
{
	g_autofree char *text = NULL;
	size_t len;

	judge->persons = persons_new();
	if (judge->keys.signers == NULL) {
		return true;
	}
	if (!file_read(judge->keys.signers, KEYS_MAX, &text, &len, error)) {
		return false;
	}
	persons_read_signers(judge->persons, text, len);
	return true;
}

/* Two levels, as gpg makes them. */
static void remove_folder(const char *path, unsigned depth)
{
	g_autoptr(dir_auto) dir = opendir(path);
	const struct dirent *entry;

	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		g_autofree char *inner = NULL;

		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) {
			continue;
		}
		inner = g_build_filename(path, entry->d_name, NULL);
		if (unlinkat(dirfd(dir), entry->d_name, 0) < 0 && depth > 0) {
			remove_folder(inner, depth - 1);
		}
	}
	(void)rmdir(path);
}

/* What was left behind by one that was killed. */
static void remove_others(const char *folder)
{
	g_autoptr(dir_auto) dir = opendir(folder);
	const struct dirent *entry;

	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		if (g_str_has_prefix(entry->d_name, JUDGE_FOLDER)) {
			g_autofree char *path = g_build_filename(folder, entry->d_name, NULL);

			remove_folder(path, 3);
		}
	}
}

bool judge_open(struct judge **out, const char *folder, const struct judge_keys *keys,
		GError **error)
{
	g_autoptr(judge_auto) judge = g_new0(struct judge, 1);
	const char *zone = g_getenv("TZ");

	judge->known = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, judgement_free);
	judge->zone = zone == NULL ? NULL : g_strconcat("TZ=", zone, NULL);
	remove_others(folder);
	judge->folder = g_strconcat(folder, "/" JUDGE_FOLDER "XXXXXX", NULL);
	if (g_mkdtemp_full(judge->folder, 0700) == NULL) {
		fail_errno(error, "cannot make a folder in '%s'", folder);
		g_clear_pointer(&judge->folder, g_free);
		return false;
	}
	judge->armor = g_build_filename(judge->folder, "signature", NULL);
	if (!keep_keys(judge, keys, error) || !know_persons(judge, error)) {
		return false;
	}
	*out = g_steal_pointer(&judge);
	return true;
}

void judge_free(struct judge *judge)
{
	if (judge == NULL) {
		return;
	}
	if (judge->folder != NULL) {
		remove_folder(judge->folder, 3);
	}
	g_free((char *)judge->keys.signers);
	g_free((char *)judge->keys.revoked);
	g_free((char *)judge->keys.openpgp);
	g_free(judge->folder);
	g_free(judge->armor);
	g_free(judge->home);
	g_free(judge->zone);
	g_hash_table_unref(judge->known);
	persons_free(judge->persons);
	g_free(judge);
}

bool judge_run(const struct judge *judge, const char *const *argv, const struct gitsig *sig,
	       struct proc_result *result, GError **error)
{
	const char *const env[] = {"LC_ALL=C", judge->zone, NULL};
	const struct proc_spec spec = {
		.argv = argv,
		.env = env,
		.input = sig == NULL ? NULL : sig->payload,
		.input_len = sig == NULL ? 0 : sig->payload_len,
		.max_output = OUTPUT_MAX,
		.timeout = TIMEOUT,
		.stopped = judge->keys.stopped,
		.stopped_user = judge->keys.user,
	};

	return proc_run(&spec, result, error) || fail_prefix(error, "cannot verify commits");
}

static bool begins(const struct gitsig *sig, const char *text)
{
	return sig->armor_len >= strlen(text) && memcmp(sig->armor, text, strlen(text)) == 0;
}

/* git does not even read a commit that begins otherwise. */
static bool begins_with_tree(const char *raw, size_t len)
{
	size_t start = strlen("tree ");

	if (len <= start + GIT_OID_HEXSZ || memcmp(raw, "tree ", start) != 0) {
		return false;
	}
	for (size_t i = start; i < start + GIT_OID_HEXSZ; i++) {
		if (!g_ascii_isxdigit(raw[i])) {
			return false;
		}
	}
	return raw[start + GIT_OID_HEXSZ] == '\n';
}

/* Only what stands at the very start tells of what kind it is. */
static bool ask(struct judge *judge, const struct gitsig *sig, bool now, struct judgement *out,
		GError **error)
{
	uint64_t time;

	if (sig->armor == NULL || sig->armor_len == 0) {
		judge_say(out, SIG_NONE, "has no signature");
		return true;
	}
	if (sig->armor_len > ARMOR_MAX) {
		judge_say(out, SIG_BAD, "has a signature of more than %zu bytes", ARMOR_MAX);
		return true;
	}
	if (!gitsig_time(&time, sig->payload, sig->payload_len)) {
		judge_say(out, SIG_BAD, "has no committer");
		return true;
	}
	if (!file_replace_unsynced(judge->armor, sig->armor, sig->armor_len, 0600, error)) {
		return false;
	}
	if (begins(sig, "-----BEGIN SSH SIGNATURE-----")) {
		return judge_ssh(judge, sig, now ? 0 : time, out, error);
	}
	if (begins(sig, "-----BEGIN PGP SIGNATURE-----") ||
	    begins(sig, "-----BEGIN PGP MESSAGE-----")) {
		return judge_openpgp(judge, sig, out, error);
	}
	if (begins(sig, "-----BEGIN SIGNED MESSAGE-----")) {
		judge_say(out, SIG_BAD,
			  "has an X.509 signature, and only SSH and OpenPGP are known");
		return true;
	}
	judge_say(out, SIG_BAD, "has a signature that is neither SSH's nor OpenPGP's");
	return true;
}

static bool judge_raw(struct judge *judge, git_odb_object *object, bool now, struct judgement *out,
		      GError **error)
{
	size_t len = git_odb_object_size(object);
	const char *raw = git_odb_object_data(object);
	struct gitsig sig = {0};
	struct assent_error core;
	bool ok;

	if (git_odb_object_type(object) != GIT_OBJECT_COMMIT) {
		return fail(error, BASE_ERROR, BASE_ERROR_FAILED, "it is no commit");
	}
	if (len > COMMIT_MAX) {
		judge_say(out, SIG_BAD, "is larger than %zu bytes", COMMIT_MAX);
		return true;
	}
	if (!begins_with_tree(raw, len)) {
		judge_say(out, SIG_BAD, "does not begin with its tree");
		return true;
	}
	if (gitsig_split(&sig, raw, len, &core) != 0) {
		return fail_core(error, &core, "its signature");
	}
	ok = ask(judge, &sig, now, out, error);
	gitsig_clear(&sig);
	return ok;
}

/* From the object database: libgit2 would cut what follows a NUL byte. */
static bool compute(struct judge *judge, git_repository *repository, const git_oid *commit,
		    bool now, struct judgement *out, GError **error)
{
	g_autoptr(git_odb_auto) odb = NULL;
	g_autoptr(git_odb_object_auto) object = NULL;
	int code = git_repository_odb(&odb, repository);

	code = code == 0 ? git_odb_read(&object, odb, commit) : code;
	if (code != 0) {
		return fail_git(error, code, "cannot read commit %s", git_oid_tostr_s(commit));
	}
	return judge_raw(judge, object, now, out, error) ||
	       fail_prefix(error, "commit %.12s", git_oid_tostr_s(commit));
}

bool judge_commit(struct judge *judge, git_repository *repository, const git_oid *commit,
		  const struct judgement **out, GError **error)
{
	char id[ID_SIZE];
	struct judgement *item;

	git_oid_tostr(id, sizeof(id), commit);
	item = g_hash_table_lookup(judge->known, id);
	if (item == NULL) {
		item = g_new0(struct judgement, 1);
		if (!compute(judge, repository, commit, false, item, error)) {
			judgement_free(item);
			return false;
		}
		g_hash_table_insert(judge->known, g_strdup(id), item);
	}
	*out = item;
	return true;
}

bool judge_holds_now(struct judge *judge, git_repository *repository, const git_oid *commit,
		     bool *out, GError **error)
{
	struct judgement *item = g_new0(struct judgement, 1);
	bool ok = compute(judge, repository, commit, true, item, error);

	*out = item->verdict == SIG_GOOD;
	judgement_free(item);
	return ok;
}

bool judge_know_persons(struct judge *judge, GError **error)
{
	return judge_openpgp_persons(judge, error);
}

char *judge_person(const struct judge *judge, const struct judgement *judgement)
{
	return persons_of(judge->persons, judgement->key);
}
