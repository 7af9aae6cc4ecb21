/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Makes and reads the agent's keys. */
#include "agent/store-keys.h"

#include <string.h>

#include <sodium.h>

#include "agent/store.h"
#include "base/autoptr.h"
#include "base/error.h"
#include "base/file.h"
#include "base/seal.h"

#define KEY_FILE_MAX 4096

typedef struct secret secret_auto;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(secret_auto, secret_free)

#define SEAL_PUB_MAX ((size_t)4096)

static bool write_public(const char *dir, const char *name, const char *text, GError **error)
{
	g_autofree char *path = g_build_filename(dir, name, NULL);
	g_autofree char *line = g_strdup_printf("%s\n", text);

	return file_replace(path, line, strlen(line), 0644, error);
}

/* The private key comes last: where it stands, the pair is complete. secret is wiped and freed. */
static bool write_pair(const char *dir, const char *public_name, const char *public_text,
		       const char *name, char *secret, GError **error)
{
	g_autofree char *path = g_build_filename(dir, name, NULL);
	bool ok = write_public(dir, public_name, public_text, error) &&
		  file_replace(path, secret, strlen(secret), 0600, error);

	secret_text_free(secret);
	return ok;
}

static bool make_plan_key(const char *dir, const char *agent, GError **error)
{
	g_autoptr(secret_auto) secret = NULL;
	struct assent_error err;
	struct ssh_key key = {.type = SSH_ED25519};
	autocfree char *line = NULL;
	g_autofree char *with_name = NULL;
	char *text = NULL;

	if (secret_generate(&secret, &err) != 0) {
		return fail_core(error, &err, "cannot make the plan key");
	}
	secret_public(secret, key.pk);
	if (ssh_key_line(&line, &key, &err) != 0 ||
	    secret_to_openssh(secret, agent, &text, &err) != 0) {
		return fail_core(error, &err, "cannot write the plan key");
	}
	with_name = g_strdup_printf("%s %s", line, agent);
	return write_pair(dir, "plan.pub", with_name, "plan.key", text, error);
}

static bool make_log_key(const char *dir, const char *agent, GError **error)
{
	g_autoptr(secret_auto) secret = NULL;
	struct assent_error err;
	struct note_key key;
	uint8_t pk[32];
	autocfree char *vkey = NULL;
	char *text = NULL;

	if (secret_generate(&secret, &err) != 0) {
		return fail_core(error, &err, "cannot make the log key");
	}
	secret_public(secret, pk);
	if (note_key_init(&key, agent, NOTE_ED25519, pk, &err) != 0 ||
	    note_key_text(&vkey, &key, &err) != 0 ||
	    secret_to_note(secret, agent, &text, &err) != 0) {
		return fail_core(error, &err, "cannot write the log key for '%s'", agent);
	}
	return write_pair(dir, "log.vkey", vkey, "log.key", text, error);
}

static bool is_there(const char *dir, const char *name)
{
	g_autofree char *path = g_build_filename(dir, name, NULL);

	return g_file_test(path, G_FILE_TEST_EXISTS);
}

/* Is it the newest key's? */
static bool is_seal_pub(const char *dir, const struct seal_public *newest)
{
	g_autofree char *path = g_build_filename(dir, "seal.pub", NULL);
	g_autofree char *text = NULL;
	struct seal_public told;
	size_t len;

	return file_read(path, SEAL_PUB_MAX, &text, &len, NULL) &&
	       seal_public_parse(g_strchomp(text), &told, NULL) &&
	       memcmp(told.key, newest->key, sizeof(told.key)) == 0;
}

/* The public line follows the keys, also when who wrote them was ended before it came to that.
 * Keys that cannot be used are told where a plan needs them. */
static bool mend_seal_pub(const char *dir, GError **error)
{
	g_autofree char *path = g_build_filename(dir, "seal.key", NULL);
	g_autofree char *line = NULL;
	g_autoptr(seal_keys_auto) keys = NULL;
	struct seal_public newest;

	if (!seal_keys_load(path, false, &keys, NULL)) {
		return true;
	}
	seal_keys_public(keys, 0, &newest);
	if (is_seal_pub(dir, &newest)) {
		return true;
	}
	line = seal_public_text(&newest);
	return write_public(dir, "seal.pub", line, error);
}

/* A new one opens nothing that was sealed for the old one: one that is lost is not made again. */
static bool make_seal_key(const char *dir, const char *agent, GError **error)
{
	g_autofree char *path = g_build_filename(dir, "seal.key", NULL);

	if (is_there(dir, "seal.key")) {
		return mend_seal_pub(dir, error);
	}
	return is_there(dir, "seal.pub") ||
	       (seal_keys_renew(path, agent, false, error) && mend_seal_pub(dir, error));
}

bool store_keys_make(const char *state_dir, const char *agent, bool *made, GError **error)
{
	g_autofree char *dir = g_build_filename(state_dir, "keys", NULL);
	bool plan = is_there(dir, "plan.key");
	bool log = is_there(dir, "log.key");

	if (plan && log) {
		*made = false;
		return make_seal_key(dir, agent, error);
	}
	if (is_there(state_dir, "head")) {
		return fail(
			error, STORE_ERROR, STORE_ERROR_CORRUPT,
			"'%s/%s' is missing but the log has begun: bring the key back, or start "
			"with a new state folder",
			dir, plan ? "log.key" : "plan.key");
	}
	if (!file_mkdirs(dir, 0700, error) || (!plan && !make_plan_key(dir, agent, error)) ||
	    (!log && !make_log_key(dir, agent, error)) || !make_seal_key(dir, agent, error)) {
		return false;
	}
	*made = true;
	return true;
}

bool store_keys_complete(const char *state_dir, const char *agent, GError **error)
{
	g_autofree char *dir = g_build_filename(state_dir, "keys", NULL);

	return make_seal_key(dir, agent, error);
}

static void wipe(char *text, size_t len)
{
	sodium_memzero(text, len);
	g_free(text);
}

static bool load_plan_key(const char *dir, struct secret **out, GError **error)
{
	g_autofree char *path = g_build_filename(dir, "plan.key", NULL);
	struct assent_error err;
	char *text = NULL;
	size_t len = 0;
	int rc;

	if (!file_read_secret(path, KEY_FILE_MAX, &text, &len, error)) {
		return false;
	}
	rc = secret_from_openssh(out, text, len, &err);
	wipe(text, len);
	return rc == 0 || fail_core(error, &err, "'%s'", path);
}

static bool load_log_key(const char *dir, struct secret **out, char **name, GError **error)
{
	g_autofree char *path = g_build_filename(dir, "log.key", NULL);
	struct assent_error err;
	char *text = NULL;
	size_t len = 0;
	int rc;

	if (!file_read_secret(path, KEY_FILE_MAX, &text, &len, error)) {
		return false;
	}
	rc = secret_from_note(out, name, text, len, &err);
	wipe(text, len);
	return rc == 0 || fail_core(error, &err, "'%s'", path);
}

bool store_keys_load(const char *state_dir, const char *agent, struct store_keys *out,
		     GError **error)
{
	g_autofree char *dir = g_build_filename(state_dir, "keys", NULL);
	g_autoptr(secret_auto) plan = NULL;
	g_autoptr(secret_auto) log = NULL;
	autocfree char *name = NULL;
	struct assent_error err;
	uint8_t pk[32];

	if (!load_plan_key(dir, &plan, error) || !load_log_key(dir, &log, &name, error)) {
		return false;
	}
	if (strcmp(name, agent) != 0) {
		return fail(
			error, STORE_ERROR, STORE_ERROR_FAILED,
			"'%s' is the log of agent '%s', not of '%s': set 'agent' to that name, or "
			"choose another state folder",
			state_dir, name, agent);
	}
	secret_public(log, pk);
	if (note_key_init(&out->vkey, agent, NOTE_ED25519, pk, &err) != 0) {
		return fail_core(error, &err, "log key of '%s'", agent);
	}
	out->plan = g_steal_pointer(&plan);
	out->log = g_steal_pointer(&log);
	return true;
}

void store_keys_clear(struct store_keys *keys)
{
	g_clear_pointer(&keys->plan, secret_free);
	g_clear_pointer(&keys->log, secret_free);
}
