/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SSH signatures: what git asks of ssh-keygen, and more questions to say why it says no. */
#include "worker/source/judge-inside.h"

#include "base/error.h"

#include "core/text.h"

#include <string.h>

#define PRINCIPALS_MAX 100
#define PRINCIPAL_MAX 255

struct asking {
	struct judge *judge;
	const struct gitsig *sig;
	char *time; /* "-Overify-time=..."; NULL: now */
	char *problem;
	bool overdue; /* a key that fits is not valid at that time */
};

/* git says it in local time, since older versions of ssh-keygen know no other. */
static bool set_time(struct asking *a, uint64_t time, struct judgement *out)
{
	g_autoptr(GDateTime) when = NULL;
	g_autofree char *text = NULL;

	if (time == 0) {
		return true;
	}
	when = time <= INT64_MAX ? g_date_time_new_from_unix_local((gint64)time) : NULL;
	if (when == NULL || g_date_time_get_year(when) > 9999) {
		judge_say(out, SIG_BAD, "was committed at a time that does not exist");
		return false;
	}
	text = g_date_time_format(when, "%Y%m%d%H%M%S");
	a->time = g_strconcat("-Overify-time=", text, NULL);
	return true;
}

static bool keygen(struct asking *a, const char *const *argv, bool input,
		   struct proc_result *result, GError **error)
{
	g_autoptr(GPtrArray) all = g_ptr_array_new();

	g_ptr_array_add(all, (gpointer) "ssh-keygen");
	for (size_t i = 0; argv[i] != NULL; i++) {
		g_ptr_array_add(all, (gpointer)argv[i]);
	}
	if (a->time != NULL) {
		g_ptr_array_add(all, a->time);
	}
	g_ptr_array_add(all, NULL);
	return judge_run(a->judge, (const char *const *)all->pdata, input ? a->sig : NULL, result,
			 error);
}

static bool find_principals(struct asking *a, char ***out, GError **error)
{
	const struct judge *j = a->judge;
	const char *const argv[] = {"-Y", "find-principals", "-f", j->keys.signers,
				    "-s", j->armor,	     NULL};
	struct proc_result result = {0};

	if (!keygen(a, argv, false, &result, error)) {
		return false;
	}
	a->overdue = strstr(result.err->str, "expired") != NULL ||
		     strstr(result.err->str, "not yet valid") != NULL;
	*out = g_strsplit(result.status == 0 ? result.out->str : "", "\n", PRINCIPALS_MAX);
	proc_result_clear(&result);
	return true;
}

/* "... key SHA256:..." at the end of what ssh-keygen says of a good signature: who is named before
 * it may have any name. */
static char *fingerprint_of(const char *said)
{
	const char *at = g_strrstr(said, " key SHA256:");

	return at == NULL ? NULL : g_strndup(at + 5, strcspn(at + 5, "\r\n"));
}

static bool verify(struct asking *a, const char *principal, bool revocable, char **key,
		   GError **error)
{
	const struct judge *j = a->judge;
	const char *revoked = revocable ? j->keys.revoked : NULL;
	const char *const argv[] = {"-Y",
				    "verify",
				    "-n",
				    "git",
				    "-f",
				    j->keys.signers,
				    "-I",
				    principal,
				    "-s",
				    j->armor,
				    revoked == NULL ? NULL : "-r",
				    revoked,
				    NULL};
	struct proc_result result = {0};

	if (!keygen(a, argv, true, &result, error)) {
		return false;
	}
	if (result.status == 0 && g_str_has_prefix(result.out->str, "Good")) {
		*key = fingerprint_of(result.out->str);
	}
	proc_result_clear(&result);
	return true;
}

/* A certificate's names stand in no list. */
static void learn(struct asking *a, const char *key, char **principals)
{
	for (size_t i = 0; principals[i] != NULL; i++) {
		g_strchomp(principals[i]);
		if (principals[i][0] != '\0') {
			persons_unite(a->judge->persons, key, principals[i]);
		}
	}
}

/* The first of them who is believed, in *out; the rest of it is for the plan. */
static bool try_all(struct asking *a, char **principals, bool revocable, struct judgement *out,
		    GError **error)
{
	for (size_t i = 0; principals[i] != NULL; i++) {
		char *key = NULL;

		g_strchomp(principals[i]);
		if (principals[i][0] == '\0') {
			continue;
		}
		if (!verify(a, principals[i], revocable, &key, error)) {
			return false;
		}
		if (key != NULL) {
			size_t len = strlen(principals[i]);

			out->verdict = SIG_GOOD;
			out->key = key;
			learn(a, key, principals);
			out->signer = len <= PRINCIPAL_MAX && text_is_plain(principals[i], len)
					      ? g_strdup(principals[i])
					      : g_strdup(key);
			return true;
		}
	}
	return true;
}

/* Does it hold at all, whosever key it is? */
static bool holds(struct asking *a, char **key, GError **error)
{
	const char *const argv[] = {"-Y", "check-novalidate", "-n", "git",
				    "-s", a->judge->armor,    NULL};
	struct proc_result result = {0};

	if (!keygen(a, argv, true, &result, error)) {
		return false;
	}
	if (result.status == 0 && g_str_has_prefix(result.out->str, "Good")) {
		*key = fingerprint_of(result.out->str);
	}
	proc_result_clear(&result);
	return true;
}

/* It is refused already; this is for people, who must know what to do. */
static bool explain(struct asking *a, char **principals, struct judgement *out, GError **error)
{
	struct judgement other = {.verdict = SIG_BAD};
	g_autofree char *key = NULL;

	if (!holds(a, &key, error)) {
		return false;
	}
	if (key == NULL) {
		judge_say(out, SIG_BAD, "has a signature that does not fit");
		return true;
	}
	if (a->judge->keys.revoked != NULL && !try_all(a, principals, false, &other, error)) {
		return false;
	}
	if (other.verdict == SIG_GOOD) {
		judge_say(out, SIG_REVOKED, "is signed by the key %s, which is revoked", key);
	} else if (a->overdue) {
		judge_say(out, SIG_EXPIRED,
			  "is signed by the key %s, which was not valid when it was committed",
			  key);
	} else {
		judge_say(out, SIG_UNTRUSTED,
			  "is signed by the key %s, which may not sign commits here", key);
	}
	g_free(other.signer);
	g_free(other.key);
	return true;
}

bool judge_ssh(struct judge *judge, const struct gitsig *sig, uint64_t time, struct judgement *out,
	       GError **error)
{
	struct asking a = {.judge = judge, .sig = sig};
	g_auto(GStrv) principals = NULL;
	bool ok;

	if (judge->keys.signers == NULL) {
		judge_say(out, SIG_UNKNOWN,
			  "has an SSH signature, and no 'signers' are configured");
		return true;
	}
	if (!set_time(&a, time, out)) {
		return true;
	}
	out->verdict = SIG_BAD;
	ok = find_principals(&a, &principals, error) && try_all(&a, principals, true, out, error) &&
	     (out->verdict == SIG_GOOD || explain(&a, principals, out, error));
	g_free(a.time);
	return ok;
}
