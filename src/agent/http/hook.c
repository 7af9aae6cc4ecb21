/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The signatures of push hooks. */
#include "agent/http/hook.h"

#include <sodium.h>
#include <string.h>

#include "base/error.h"

#define HEX_SIZE ((size_t)2 * SHARED_SECRET_HMAC)
#define B64_SIZE sodium_base64_ENCODED_LEN(SHARED_SECRET_HMAC, sodium_base64_VARIANT_ORIGINAL)
#define CLOCK_SKEW 300 /* seconds, to either side */
#define SIGNING_PREFIX "whsec_"
#define SIGNING_MIN 24 /* bytes */
#define SIGNING_MAX 64
#define DECOY_SIZE 32

struct hook_kind {
	const char *name;
	const char *(*problem)(const struct hook_key *key, const struct hook_request *request);
	const char *header, *prefix;
	const char *event;	   /* the header that names it */
	const char *const *pushes; /* those that are worth a fetch */
};

static const char *header_of(const struct hook_request *request, const char *name)
{
	return request->header(request->user, name);
}

/* A header with the HMAC of the body, in small hexadecimal digits. */
static const char *check_hmac(const struct hook_key *key, const struct hook_request *request)
{
	const char *given = header_of(request, key->kind->header);
	const struct shared_secret_piece body = {request->body, request->len};
	uint8_t mac[SHARED_SECRET_HMAC];
	char hex[HEX_SIZE + 1];

	shared_secret_hmac(key->secret, &body, 1, mac);
	sodium_bin2hex(hex, sizeof(hex), mac, sizeof(mac));
	if (given == NULL || *given == '\0') {
		return "there is no signature: set the same secret at the forge";
	}
	if (!g_str_has_prefix(given, key->kind->prefix) ||
	    strlen(given) != strlen(key->kind->prefix) + HEX_SIZE) {
		return "the signature has another form";
	}
	return sodium_memcmp(given + strlen(key->kind->prefix), hex, HEX_SIZE) == 0
		       ? NULL
		       : "the signature does not fit: the secrets differ, or the body was changed";
}

static const char *check_token(const struct hook_key *key, const struct hook_request *request)
{
	const char *given = header_of(request, "X-Gitlab-Token");

	if (given == NULL || *given == '\0') {
		return "there is no token: set the same secret at the forge";
	}
	return shared_secret_is(key->secret, given, strlen(given)) ? NULL
								   : "the token does not fit";
}

static bool has_signature(const char *list, const char *expected)
{
	g_auto(GStrv) given = g_strsplit(list, " ", 16);
	bool found = false;

	for (char **one = given; *one != NULL; one++) {
		if (g_str_has_prefix(*one, "v1,") && strlen(*one) == 3 + strlen(expected) &&
		    sodium_memcmp(*one + 3, expected, strlen(expected)) == 0) {
			found = true;
		}
	}
	return found;
}

static bool is_near(const char *timestamp, int64_t now)
{
	gint64 at;

	return g_ascii_isdigit(timestamp[0]) &&
	       g_ascii_string_to_signed(timestamp, 10, 0, G_MAXINT32 * INT64_C(100), &at, NULL) &&
	       ABS(now - at) <= CLOCK_SKEW;
}

static void sign_standard(const struct hook_key *key, const char *id, const char *at,
			  const struct hook_request *request, char out[static B64_SIZE])
{
	const struct shared_secret_piece pieces[] = {{id, strlen(id)},
						     {".", 1},
						     {at, strlen(at)},
						     {".", 1},
						     {request->body, request->len}};
	uint8_t mac[SHARED_SECRET_HMAC];

	shared_secret_hmac(key->secret, pieces, G_N_ELEMENTS(pieces), mac);
	sodium_bin2base64(out, B64_SIZE, mac, sizeof(mac), sodium_base64_VARIANT_ORIGINAL);
}

/* Standard Webhooks: several keys may sign while one is replaced by another. */
static const char *check_signing(const struct hook_key *key, const struct hook_request *request)
{
	const char *id = header_of(request, "webhook-id");
	const char *at = header_of(request, "webhook-timestamp");
	const char *given = header_of(request, "webhook-signature");
	char expected[B64_SIZE];

	if (id == NULL || *id == '\0' || at == NULL || given == NULL || *given == '\0') {
		return "there is no signature: set the same signing token at the forge";
	}
	if (!is_near(at, request->now)) {
		return "it was signed more than five minutes away from now";
	}
	sign_standard(key, id, at, request, expected);
	return has_signature(given, expected)
		       ? NULL
		       : "the signature does not fit: the secrets differ, or the body was changed";
}

static const char *check_gitlab(const struct hook_key *key, const struct hook_request *request)
{
	return key->is_signing ? check_signing(key, request) : check_token(key, request);
}

static const char *const pushes[] = {"push", NULL};
/* A system hook names its event in the body alone. */
static const char *const gitlab_pushes[] = {"Push Hook", "Tag Push Hook", "System Hook", NULL};
/* Of the cloud, and of one's own server and its mirrors. */
static const char *const bitbucket_pushes[] = {"repo:push", "repo:refs_changed",
					       "mirror:repo_synchronized", NULL};

static const struct hook_kind kinds[] = {
	{"github", check_hmac, "X-Hub-Signature-256", "sha256=", "X-GitHub-Event", pushes},
	{"gitlab", check_gitlab, NULL, NULL, "X-Gitlab-Event", gitlab_pushes},
	{"gitea", check_hmac, "X-Gitea-Signature", "", "X-Gitea-Event", pushes},
	{"forgejo", check_hmac, "X-Forgejo-Signature", "", "X-Forgejo-Event", pushes},
	{"bitbucket", check_hmac, "X-Hub-Signature", "sha256=", "X-Event-Key", bitbucket_pushes},
};

static const struct hook_kind *find_kind(const char *name)
{
	for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
		if (strcmp(kinds[i].name, name) == 0) {
			return &kinds[i];
		}
	}
	return NULL;
}

/* The bytes that a signing token stands for. */
static struct shared_secret *decode_signing(const struct shared_secret *secret)
{
	const char *text = shared_secret_get(secret, NULL) + strlen(SIGNING_PREFIX);
	struct shared_secret *key = NULL;
	uint8_t bytes[SIGNING_MAX];
	size_t len;

	if (sodium_base642bin(bytes, sizeof(bytes), text, strlen(text), NULL, &len, NULL,
			      sodium_base64_VARIANT_ORIGINAL) == 0 &&
	    len >= SIGNING_MIN) {
		key = shared_secret_new(bytes, len);
	}
	sodium_memzero(bytes, sizeof(bytes));
	return key;
}

bool hook_key_take(struct hook_key *key, const char *kind, struct shared_secret *secret,
		   GError **error)
{
	struct hook_key taken = {.kind = find_kind(kind), .secret = secret};
	struct shared_secret *decoded;

	g_assert(taken.kind != NULL);
	if (strcmp(kind, "gitlab") == 0 &&
	    g_str_has_prefix(shared_secret_get(secret, NULL), SIGNING_PREFIX)) {
		decoded = decode_signing(secret);
		shared_secret_free(secret);
		if (decoded == NULL) {
			return fail(error, BASE_ERROR, BASE_ERROR_MALFORMED,
				    "a signing token is whsec_ and the base64 of 24 to 64 bytes");
		}
		taken.secret = decoded;
		taken.is_signing = true;
	}
	*key = taken;
	return true;
}

bool hook_key_load(struct hook_key *key, const char *kind, const char *path, GError **error)
{
	struct shared_secret *secret;

	return shared_secret_load(path, &secret, error) &&
	       (hook_key_take(key, kind, secret, error) || fail_prefix(error, "'%s'", path));
}

void hook_key_decoy(struct hook_key *key)
{
	uint8_t bytes[DECOY_SIZE];

	randombytes_buf(bytes, sizeof(bytes));
	*key = (struct hook_key){.kind = &kinds[0],
				 .secret = shared_secret_new(bytes, sizeof(bytes))};
}

void hook_key_clear(struct hook_key *key)
{
	shared_secret_free(key->secret);
	key->secret = NULL;
}

const char *hook_problem(const struct hook_key *key, const struct hook_request *request)
{
	return key->kind->problem(key, request);
}

bool hook_is_push(const struct hook_key *key, const struct hook_request *request)
{
	const char *event = header_of(request, key->kind->event);

	return event == NULL || *event == '\0' || g_strv_contains(key->kind->pushes, event);
}
