/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Credentials from files and helper programs. */
#include "worker/source/credentials.h"

#include "worker/job.h"

#include "base/autoptr.h"
#include "base/error.h"
#include "base/file.h"
#include "base/proc.h"

#include <sodium.h>
#include <string.h>

#define SECRET_MAX 65536
#define HELPER_TIMEOUT 60U

void credentials_clear(struct credentials *credentials)
{
	g_clear_pointer(&credentials->username, g_free);
	g_clear_pointer(&credentials->secret, sodium_free);
}

/* Moves text into guarded memory and wipes it where it was. */
static char *keep_secret(char *text, size_t len)
{
	char *secret = sodium_malloc(len + 1);

	g_assert(secret != NULL);
	memcpy(secret, text, len);
	secret[len] = '\0';
	sodium_memzero(text, len);
	return secret;
}

static bool from_file(const char *path, char **secret, GError **error)
{
	g_autofree char *text = NULL;
	GError *problem = NULL;
	size_t len, used;

	if (!file_read_secret(path, SECRET_MAX, &text, &len, &problem)) {
		fail(error, JOB_ERROR, JOB_ERROR_AUTH, "%s", problem->message);
		g_error_free(problem);
		return false;
	}
	used = strcspn(text, "\r\n");
	if (used == 0 || memchr(text, '\0', used) != NULL) {
		sodium_memzero(text, len);
		return fail(error, JOB_ERROR, JOB_ERROR_AUTH,
			    "'%s' holds no password or token in its first line", path);
	}
	*secret = keep_secret(text, used);
	sodium_memzero(text, len);
	return true;
}

/* As git has it: a path is a program, a mere name is git's own "git credential-NAME". */
static void add_program(GStrvBuilder *argv, char **words)
{
	g_autofree char *own = g_strconcat("credential-", words[0], NULL);

	if (strchr(words[0], '/') != NULL || strcmp(words[0], "git") == 0) {
		g_strv_builder_addv(argv, (const char **)words);
		return;
	}
	g_strv_builder_add_many(argv, "git", own, NULL);
	g_strv_builder_addv(argv, (const char **)words + 1);
}

/* "git credential" itself, which takes other verbs than a helper and leaves the path away where the
 * user's configuration does not want it. */
static bool is_git(const char *command)
{
	g_auto(GStrv) words = NULL;

	return g_shell_parse_argv(command, NULL, &words, NULL) && g_strv_length(words) == 2 &&
	       strcmp(words[0], "git") == 0 && strcmp(words[1], "credential") == 0;
}

static bool helper_argv(const char *command, const char *verb, const char *git_verb, char ***out,
			GError **error)
{
	g_autoptr(GStrvBuilder) argv = g_strv_builder_new();
	g_auto(GStrv) words = NULL;
	g_autoptr(GError) problem = NULL;

	if (!g_shell_parse_argv(command, NULL, &words, &problem)) {
		return fail(error, JOB_ERROR, JOB_ERROR_AUTH,
			    "the credential helper '%s' is not a command: %s", command,
			    problem->message);
	}
	add_program(argv, words);
	g_strv_builder_add(argv, is_git(command) ? git_verb : verb);
	*out = g_strv_builder_end(argv);
	return true;
}

static char *describe(const char *helper, const struct source_url *url, const char *username)
{
	GString *text = g_string_new(NULL);
	bool own_port = url->port != (url->scheme == SCHEME_HTTPS ? 443 : 80);

	g_string_append_printf(text, "protocol=%s\nhost=%s",
			       url->scheme == SCHEME_HTTPS ? "https" : "http", url->host);
	if (own_port) {
		g_string_append_printf(text, ":%u", url->port);
	}
	g_string_append_c(text, '\n');
	if (is_git(helper)) {
		g_string_append_printf(text, "path=%s\n", url->path + (url->path[0] == '/'));
	}
	if (username != NULL) {
		g_string_append_printf(text, "username=%s\n", username);
	}
	g_string_append_c(text, '\n');
	return g_string_free(text, FALSE);
}

static bool run_helper(const char *command, const char *verb, const char *git_verb,
		       const char *input, size_t input_len, struct proc_result *result,
		       GError **error)
{
	static const char *const env[] = {"GIT_TERMINAL_PROMPT=0",
					  "GIT_ASKPASS=", "SSH_ASKPASS=", NULL};
	g_auto(GStrv) argv = NULL;
	struct proc_spec spec = {.env = env, .input = input, .input_len = input_len};
	GError *problem = NULL;

	if (!helper_argv(command, verb, git_verb, &argv, error)) {
		return false;
	}
	spec.argv = (const char *const *)argv;
	spec.keep_env = true;
	spec.max_output = SECRET_MAX;
	spec.timeout = HELPER_TIMEOUT;
	if (!proc_run(&spec, result, &problem)) {
		fail(error, JOB_ERROR, JOB_ERROR_AUTH, "the credential helper failed: %s",
		     problem->message);
		g_error_free(problem);
		return false;
	}
	return true;
}

/* The value of "key=value" in the answer, or NULL. */
static char *find_value(char *answer, const char *key, size_t *len)
{
	size_t key_len = strlen(key);

	for (char *line = answer; *line != '\0';) {
		size_t all = strcspn(line, "\n");

		if (all > key_len && strncmp(line, key, key_len) == 0 && line[key_len] == '=') {
			*len = all - key_len - 1;
			return line + key_len + 1;
		}
		line += all + (line[all] == '\n');
	}
	return NULL;
}

static bool from_helper(const struct source_remote *remote, const struct source_url *url,
			const char *username, struct credentials *out, GError **error)
{
	g_autofree char *input = describe(remote->credential_helper, url, username);
	struct proc_result result = {0};
	char *password, *user;
	size_t password_len, user_len;

	if (!run_helper(remote->credential_helper, "get", "fill", input, strlen(input), &result,
			error)) {
		return false;
	}
	password = find_value(result.out->str, "password", &password_len);
	user = find_value(result.out->str, "username", &user_len);
	if (result.status != 0 || password == NULL || password_len == 0) {
		fail(error, JOB_ERROR, JOB_ERROR_AUTH,
		     "the credential helper '%s' gives no password for '%s' (exit code %d)",
		     remote->credential_helper, url->plain, result.status);
		password = NULL;
	} else {
		out->username = user != NULL ? g_strndup(user, user_len) : g_strdup(username);
		out->secret = keep_secret(password, password_len);
		out->from_helper = true;
	}
	sodium_memzero(result.out->str, result.out->len);
	proc_result_clear(&result);
	return password != NULL;
}

bool credentials_load(const struct source_remote *remote, const struct source_url *url,
		      struct credentials *out, GError **error)
{
	const char *username = remote->username != NULL ? remote->username : url->user;
	struct credentials found = {0};

	if (sodium_init() < 0) {
		return fail(error, JOB_ERROR, JOB_ERROR_FAILED, "cannot start libsodium");
	}
	if (remote->token_file != NULL) {
		if (!from_file(remote->token_file, &found.secret, error)) {
			return false;
		}
		found.is_token = true;
		found.username = g_strdup(username);
	} else if (remote->password_file != NULL) {
		if (!from_file(remote->password_file, &found.secret, error)) {
			return false;
		}
		found.username = g_strdup(username != NULL ? username : "");
	} else if (remote->credential_helper != NULL) {
		if (!from_helper(remote, url, username, &found, error)) {
			return false;
		}
	} else {
		return fail(error, JOB_ERROR, JOB_ERROR_AUTH,
			    "'%s' wants a user name and password, and none are configured; name a "
			    "password file, a token file or a credential helper",
			    url->plain);
	}
	*out = found;
	return true;
}

void credentials_reject(const struct credentials *credentials, const struct source_remote *remote,
			const struct source_url *url)
{
	g_autofree char *start = NULL;
	struct proc_result result = {0};
	size_t start_len, secret_len;
	char *input;

	if (!credentials->from_helper) {
		return;
	}
	start = describe(remote->credential_helper, url, credentials->username);
	start_len = strlen(start) - 1; /* without the blank line */
	secret_len = strlen(credentials->secret);
	input = sodium_malloc(start_len + secret_len + sizeof("password=\n\n"));
	g_assert(input != NULL);
	memcpy(input, start, start_len);
	memcpy(input + start_len, "password=", 9);
	memcpy(input + start_len + 9, credentials->secret, secret_len);
	memcpy(input + start_len + 9 + secret_len, "\n\n", 3);
	/* It only tidies the helper's store; the fetch has failed already. */
	if (run_helper(remote->credential_helper, "erase", "reject", input, strlen(input), &result,
		       NULL)) {
		proc_result_clear(&result);
	}
	sodium_free(input);
}
