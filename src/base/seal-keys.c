/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Keys of sealed secrets: public lines, the file of secret keys, keyed digests. */
#include "base/seal.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/secure.h"

#define PUBLIC_WORD "assent-seal1"
#define SECRET_WORD "assent-seal-key1"
#define DIGEST_PURPOSE "assent.seal.digest.v1"
#define KEY_TEXT_SIZE (sodium_base64_ENCODED_LEN(SEAL_KEY_SIZE, sodium_base64_VARIANT_ORIGINAL))
#define LINE_MAX_SIZE 256
#define FILE_MAX_SIZE ((size_t)SEAL_MAX_KEYS * LINE_MAX_SIZE)

struct seal_key {
	uint8_t secret[SEAL_KEY_SIZE];
	struct seal_public public;
	char id[SEAL_ID_SIZE];
};
/* In memory of sodium_malloc(), as a whole. */
struct seal_keys {
	size_t count;
	struct seal_key keys[SEAL_MAX_KEYS + 1];
};
struct seal_bytes {
	size_t len;
	char text[];
};

struct seal_bytes *seal_bytes_new(const void *data, size_t len)
{
	size_t align = G_ALIGNOF(struct seal_bytes);
	struct seal_bytes *bytes;

	g_assert(sodium_init() >= 0);
	bytes = sodium_malloc((sizeof(*bytes) + len + align) / align * align);
	g_assert(bytes != NULL);
	bytes->len = len;
	if (data != NULL && len > 0) {
		memcpy(bytes->text, data, len);
	}
	bytes->text[len] = '\0';
	return bytes;
}

const char *seal_bytes_get(const struct seal_bytes *bytes, size_t *len)
{
	if (len != NULL) {
		*len = bytes->len;
	}
	return bytes->text;
}

void seal_bytes_free(struct seal_bytes *bytes)
{
	sodium_free(bytes);
}

bool seal_name_is_valid(const char *name)
{
	size_t len = strlen(name);

	return len > 0 && len <= SEAL_MAX_NAME && name[0] != '-' &&
	       strspn(name, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "._-") == len;
}

void seal_public_id(const struct seal_public *public, char out[static SEAL_ID_SIZE])
{
	struct hash hash;

	hash_bytes(&hash, public->key, sizeof(public->key));
	sodium_bin2hex(out, SEAL_ID_SIZE, hash.bytes, (SEAL_ID_SIZE - 1) / 2);
}

char *seal_public_text(const struct seal_public *public)
{
	char key[KEY_TEXT_SIZE];

	sodium_bin2base64(key, sizeof(key), public->key, sizeof(public->key),
			  sodium_base64_VARIANT_ORIGINAL);
	return g_strdup_printf(PUBLIC_WORD " %s%s%s", key, public->name[0] != '\0' ? " " : "",
			       public->name);
}

/* libsodium takes some bytes above 127 for letters: what it makes of a text must give that text. */
bool seal_base64(const char *text, size_t len, uint8_t *out, size_t want)
{
	size_t size = sodium_base64_ENCODED_LEN(want, sodium_base64_VARIANT_ORIGINAL), got = 0;
	char *again;
	bool same;

	if (len != size - 1 ||
	    sodium_base642bin(out, want, text, len, NULL, &got, NULL,
			      sodium_base64_VARIANT_ORIGINAL) != 0 ||
	    got != want) {
		return false;
	}
	g_assert(sodium_init() >= 0);
	again = sodium_malloc(size);
	g_assert(again != NULL);
	sodium_bin2base64(again, size, out, want, sodium_base64_VARIANT_ORIGINAL);
	same = memcmp(again, text, len) == 0;
	sodium_free(again);
	return same;
}

/* "WORD BASE64 NAME", the key to key and the name to name. */
static bool parse_line(const char *line, const char *word, uint8_t key[SEAL_KEY_SIZE],
		       char name[SEAL_MAX_NAME + 1])
{
	size_t len = strlen(word), text_len = KEY_TEXT_SIZE - 1;
	const char *text = line + len + 1;

	if (strncmp(line, word, len) != 0 || line[len] != ' ' || strlen(text) < text_len ||
	    !seal_base64(text, text_len, key, SEAL_KEY_SIZE)) {
		return false;
	}
	text += text_len;
	name[0] = '\0';
	if (*text == '\0') {
		return true;
	}
	if (*text != ' ' || !seal_name_is_valid(text + 1)) {
		return false;
	}
	g_strlcpy(name, text + 1, SEAL_MAX_NAME + 1);
	return true;
}

bool seal_public_parse(const char *line, struct seal_public *out, GError **error)
{
	struct seal_public public = {.name = ""};

	if (!parse_line(line, PUBLIC_WORD, public.key, public.name)) {
		return fail(error, BASE_ERROR, BASE_ERROR_MALFORMED,
			    "not a recipient, which looks like '" PUBLIC_WORD " BASE64 NAME'");
	}
	*out = public;
	return true;
}

static struct seal_keys *keys_new(void)
{
	size_t align = G_ALIGNOF(struct seal_keys);
	struct seal_keys *keys;

	g_assert(sodium_init() >= 0);
	keys = sodium_malloc((sizeof(*keys) + align - 1) / align * align);
	g_assert(keys != NULL);
	keys->count = 0;
	return keys;
}

void seal_keys_free(struct seal_keys *keys)
{
	sodium_free(keys);
}

size_t seal_keys_count(const struct seal_keys *keys)
{
	return keys->count;
}

void seal_keys_public(const struct seal_keys *keys, size_t i, struct seal_public *out)
{
	*out = keys->keys[i].public;
}

const char *seal_keys_id(const struct seal_keys *keys, size_t i)
{
	return keys->keys[i].id;
}

static void complete(struct seal_key *key)
{
	crypto_scalarmult_base(key->public.key, key->secret);
	seal_public_id(&key->public, key->id);
}

/* Lines of text, which is taken apart. */
static bool parse_keys(struct seal_keys *keys, char *text, const char *file, GError **error)
{
	for (char *line = text; *line != '\0' && keys->count < SEAL_MAX_KEYS;) {
		struct seal_key *key = &keys->keys[keys->count];
		char *end = strchr(line, '\n');

		if (end != NULL) {
			*end = '\0';
		}
		if (end == NULL || !parse_line(line, SECRET_WORD, key->secret, key->public.name)) {
			return fail(error, BASE_ERROR, BASE_ERROR_MALFORMED,
				    "'%s' is no file of sealing keys", file);
		}
		complete(key);
		keys->count++;
		line = end + 1;
	}
	return keys->count > 0 ||
	       fail(error, BASE_ERROR, BASE_ERROR_MALFORMED, "'%s' has no sealing key", file);
}

/* Nobody else can change it, or what leads to it: what is looked at here is what is read. */
static bool check_root(const char *file, GError **error)
{
	g_autofree char *folder = g_path_get_dirname(file);
	struct stat st;

	if (!secure_folder_root(folder, error)) {
		return false;
	}
	if (lstat(file, &st) != 0) {
		return fail_errno(error, "cannot look at '%s'", file);
	}
	return (S_ISREG(st.st_mode) && st.st_uid == 0) ||
	       fail(error, BASE_ERROR, BASE_ERROR_FAILED, "'%s' is not a file of root's own", file);
}

bool seal_keys_load(const char *file, bool for_root, struct seal_keys **out, GError **error)
{
	g_autoptr(seal_keys_auto) keys = NULL;
	char *text = NULL;
	size_t len = 0;
	bool ok;

	if ((for_root && !check_root(file, error)) ||
	    !file_read_secret(file, FILE_MAX_SIZE, &text, &len, error)) {
		return fail_prefix(error, "sealing keys");
	}
	keys = keys_new();
	ok = parse_keys(keys, text, file, error);
	sodium_memzero(text, len);
	g_free(text);
	if (ok) {
		*out = g_steal_pointer(&keys);
	}
	return ok;
}

static bool store(const char *file, const struct seal_keys *keys, GError **error)
{
	struct seal_bytes *bytes = seal_bytes_new(NULL, FILE_MAX_SIZE);
	size_t at = 0;
	bool ok;

	for (size_t i = 0; i < keys->count; i++) {
		const struct seal_key *key = &keys->keys[i];
		char text[KEY_TEXT_SIZE];

		sodium_bin2base64(text, sizeof(text), key->secret, sizeof(key->secret),
				  sodium_base64_VARIANT_ORIGINAL);
		at += (size_t)g_snprintf(bytes->text + at, FILE_MAX_SIZE - at, "%s %s%s%s\n",
					 SECRET_WORD, text, key->public.name[0] != '\0' ? " " : "",
					 key->public.name);
		sodium_memzero(text, sizeof(text));
	}
	ok = file_replace(file, bytes->text, at, 0600, error);
	seal_bytes_free(bytes);
	return ok;
}

static void generate(struct seal_key *key, const char *name)
{
	randombytes_buf(key->secret, sizeof(key->secret));
	g_strlcpy(key->public.name, seal_name_is_valid(name) ? name : "", sizeof(key->public.name));
	complete(key);
}

/* root's file in the place of a user's would lock the agent out; and where a user may set links,
 * root's own keys must not be taken for his. */
static bool check_owner(const char *file, GError **error)
{
	struct stat st;

	if (lstat(file, &st) == 0 && st.st_uid != geteuid()) {
		return fail(error, BASE_ERROR, BASE_ERROR_FAILED,
			    "'%s' belongs to another user: only that one changes it", file);
	}
	return true;
}

bool seal_keys_renew(const char *file, const char *name, bool keep, GError **error)
{
	g_autoptr(seal_keys_auto) old = NULL;
	g_autoptr(seal_keys_auto) keys = keys_new();

	if (!check_owner(file, error) || (keep && !seal_keys_load(file, false, &old, error))) {
		return false;
	}
	if (old != NULL && old->count >= SEAL_MAX_KEYS) {
		return fail(error, BASE_ERROR, BASE_ERROR_LIMIT,
			    "'%s' has %d keys already: drop the old ones first", file,
			    SEAL_MAX_KEYS);
	}
	generate(&keys->keys[0], name);
	keys->count = 1;
	for (size_t i = 0; old != NULL && i < old->count; i++) {
		keys->keys[keys->count++] = old->keys[i];
	}
	return store(file, keys, error);
}

bool seal_keys_drop(const char *file, GError **error)
{
	g_autoptr(seal_keys_auto) keys = NULL;

	if (!check_owner(file, error) || !seal_keys_load(file, false, &keys, error)) {
		return false;
	}
	keys->count = 1;
	return store(file, keys, error);
}

const uint8_t *seal_keys_secret(const struct seal_keys *keys, size_t i)
{
	return keys->keys[i].secret;
}

bool seal_digest_begin(struct seal_digest *digest, const struct seal_keys *keys, const char *id)
{
	uint8_t key[crypto_auth_hmacsha256_KEYBYTES];

	for (size_t i = 0; keys != NULL && i < keys->count; i++) {
		if (strcmp(keys->keys[i].id, id) == 0) {
			crypto_generichash(key, sizeof(key), (const uint8_t *)DIGEST_PURPOSE,
					   strlen(DIGEST_PURPOSE), keys->keys[i].secret,
					   SEAL_KEY_SIZE);
			crypto_auth_hmacsha256_init(&digest->state, key, sizeof(key));
			sodium_memzero(key, sizeof(key));
			return true;
		}
	}
	return false;
}

void seal_digest_update(struct seal_digest *digest, const void *data, size_t len)
{
	crypto_auth_hmacsha256_update(&digest->state, data, len);
}

void seal_digest_end(struct seal_digest *digest, struct hash *out)
{
	crypto_auth_hmacsha256_final(&digest->state, out->bytes);
	sodium_memzero(digest, sizeof(*digest));
}
