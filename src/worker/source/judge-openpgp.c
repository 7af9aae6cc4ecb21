/* SPDX-License-Identifier: GPL-3.0-or-later */
/* OpenPGP signatures: what git asks of gpg, with no other keys than those that are configured. */
#include "worker/source/judge-inside.h"

#include "base/error.h"

#include "core/text.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#define SIGNER_MAX 255

/* Words of gpg's that exclude each other. */
static const struct {
	const char *word;
	enum judged verdict;
	const char *why;
} statuses[] = {
	{"GOODSIG", SIG_GOOD, NULL},
	{"BADSIG", SIG_BAD, "has a signature that does not fit"},
	{"EXPSIG", SIG_EXPIRED, "has a signature that has expired"},
	{"EXPKEYSIG", SIG_EXPIRED, "is signed by a key that has expired"},
	{"REVKEYSIG", SIG_REVOKED, "is signed by a key that is revoked"},
	{"ERRSIG", SIG_UNTRUSTED, "is signed by a key that is unknown, or cannot be verified"},
};

static bool run(const struct judge *judge, const char *const *words, const struct gitsig *sig,
		struct proc_result *result, GError **error)
{
	const char *argv[24] = {"gpg",
				"--homedir",
				judge->home,
				"--no-tty",
				"--no-autostart",
				"--disable-dirmngr",
				"--no-auto-key-retrieve",
				"--no-auto-key-locate",
				"--no-auto-check-trustdb",
				"--trust-model",
				"always"};
	size_t at = 11;

	for (size_t i = 0; words[i] != NULL && at + 1 < G_N_ELEMENTS(argv); i++) {
		argv[at++] = words[i];
	}
	return judge_run(judge, argv, sig, result, error);
}

/* The person of a user id "Name <address>": the address, or all of it. Takes text. */
static char *person_in(char *user_id)
{
	g_autofree char *text = user_id;
	char *open = text == NULL ? NULL : strrchr(text, '<');
	char *end = open == NULL ? NULL : strchr(open, '>');

	if (end != NULL && end > open + 1) {
		*end = '\0';
		memmove(text, open + 1, strlen(open + 1) + 1);
	}
	if (text == NULL || text[0] == '\0' || strlen(text) > SIGNER_MAX ||
	    !text_is_plain(text, strlen(text))) {
		return NULL;
	}
	return g_steal_pointer(&text);
}

/* In a field of a listing, "\\x3a" is a colon. */
static char *unescape_field(const char *text)
{
	g_autoptr(GString) out = g_string_new(NULL);

	for (size_t i = 0; text[i] != '\0'; i++) {
		bool coded = text[i] == '\\' && text[i + 1] == 'x' &&
			     g_ascii_isxdigit(text[i + 2]) && g_ascii_isxdigit(text[i + 3]);

		if (coded) {
			g_string_append_c(out, (char)(g_ascii_xdigit_value(text[i + 2]) << 4 |
						      g_ascii_xdigit_value(text[i + 3])));
			i += 3;
		} else {
			g_string_append_c(out, text[i]);
		}
	}
	return g_string_free(g_steal_pointer(&out), FALSE);
}

/* Each primary key with the addresses of all its user ids. */
static void read_listing(struct judge *judge, const char *text)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	g_autofree char *key = NULL;

	for (size_t i = 0; lines[i] != NULL; i++) {
		g_auto(GStrv) fields = g_strsplit(lines[i], ":", 12);

		if (g_strv_length(fields) < 10) {
			continue;
		}
		if (strcmp(fields[0], "pub") == 0) {
			g_clear_pointer(&key, g_free);
		} else if (strcmp(fields[0], "fpr") == 0 && key == NULL) {
			key = g_strdup(fields[9]);
		} else if (strcmp(fields[0], "uid") == 0 && key != NULL) {
			g_autofree char *person = person_in(unescape_field(fields[9]));

			if (person != NULL) {
				persons_unite(judge->persons, key, person);
			}
		}
	}
}

static bool know_persons(struct judge *judge, GError **error)
{
	const char *const words[] = {"--batch", "--quiet", "--with-colons", "--list-keys", NULL};
	struct proc_result result = {0};
	bool ok;

	if (!run(judge, words, NULL, &result, error)) {
		return false;
	}
	ok = result.status == 0 ||
	     fail(error, BASE_ERROR, BASE_ERROR_FAILED, "gpg does not list 'openpgp-keys': %.300s",
		  result.err->str);
	if (ok) {
		read_listing(judge, result.out->str);
	}
	proc_result_clear(&result);
	return ok;
}

/* Once, and only when there is something to verify. */
static bool set_up(struct judge *judge, GError **error)
{
	const char *const words[] = {"--batch", "--quiet",	     "--import",
				     "--",	judge->keys.openpgp, NULL};
	struct proc_result result = {0};
	bool ok;

	if (judge->home != NULL) {
		return true;
	}
	judge->home = g_build_filename(judge->folder, "gnupg", NULL);
	if (mkdir(judge->home, 0700) < 0 && errno != EEXIST) {
		return fail_errno(error, "cannot make '%s'", judge->home);
	}
	if (!run(judge, words, NULL, &result, error)) {
		return false;
	}
	ok = result.status == 0 ||
	     fail(error, BASE_ERROR, BASE_ERROR_FAILED, "gpg does not take 'openpgp-keys': %.300s",
		  result.err->str);
	proc_result_clear(&result);
	return ok && know_persons(judge, error);
}

bool judge_openpgp_persons(struct judge *judge, GError **error)
{
	return judge->keys.openpgp == NULL || set_up(judge, error);
}

/* Of "%XX", as gpg writes what would end a line. */
static char *person_of(const char *user_id)
{
	return person_in(g_uri_unescape_string(user_id, NULL));
}

struct heard {
	int status; /* index into statuses, -1: none */
	unsigned count;
	char *person, *key; /* the primary key's fingerprint */
};

static void hear(struct heard *h, const char *line)
{
	g_auto(GStrv) words = g_strsplit(line, " ", 16);
	guint n = g_strv_length(words);

	for (size_t i = 0; n > 0 && i < G_N_ELEMENTS(statuses); i++) {
		if (strcmp(words[0], statuses[i].word) == 0) {
			h->status = (int)i;
			h->count++;
			g_free(h->person);
			h->person =
				n > 2 ? person_of(line + strlen(words[0]) + strlen(words[1]) + 2)
				      : NULL;
		}
	}
	if (n > 10 && strcmp(words[0], "VALIDSIG") == 0) {
		g_free(h->key);
		h->key = g_strdup(words[10]);
	}
}

static void listen(struct heard *h, const char *text)
{
	static const char prefix[] = "[GNUPG:] ";
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

	for (size_t i = 0; lines[i] != NULL; i++) {
		if (g_str_has_prefix(lines[i], prefix)) {
			hear(h, lines[i] + strlen(prefix));
		}
	}
}

static void decide(struct judge *judge, struct heard *h, int exit_code, struct judgement *out)
{
	if (h->count > 1) {
		judge_say(out, SIG_BAD, "has more than one signature");
	} else if (h->count == 0) {
		judge_say(out, SIG_BAD, "has a signature that gpg cannot read");
	} else if (statuses[h->status].verdict != SIG_GOOD) {
		judge_say(out, statuses[h->status].verdict, "%s", statuses[h->status].why);
	} else if (exit_code != 0 || h->key == NULL) {
		judge_say(out, SIG_BAD, "has a signature that gpg does not take");
	} else {
		out->verdict = SIG_GOOD;
		out->key = g_steal_pointer(&h->key);
		if (h->person != NULL) {
			persons_unite(judge->persons, out->key, h->person);
		}
		out->signer = h->person != NULL ? g_steal_pointer(&h->person) : g_strdup(out->key);
	}
}

bool judge_openpgp(struct judge *judge, const struct gitsig *sig, struct judgement *out,
		   GError **error)
{
	const char *const words[] = {"--status-fd", "1",	"--keyid-format",
				     "long",	    "--verify", "--",
				     judge->armor,  "-",	NULL};
	struct proc_result result = {0};
	struct heard heard = {.status = -1};

	if (judge->keys.openpgp == NULL) {
		judge_say(out, SIG_UNKNOWN,
			  "has an OpenPGP signature, and no 'openpgp-keys' are configured");
		return true;
	}
	if (!set_up(judge, error) || !run(judge, words, sig, &result, error)) {
		return false;
	}
	listen(&heard, result.out->str);
	decide(judge, &heard, result.status, out);
	g_free(heard.person);
	g_free(heard.key);
	proc_result_clear(&result);
	return true;
}
