/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of agent/http/hook.c: each vector of tests/data/vectors/webhook, and more. */
#include "agent/http/hook.h"

#include <string.h>

#include "base/error.h"
#include "vectors.h"

/* Headers as an array of name, value, ... NULL. */
static const char *find_header(const void *user, const char *name)
{
	const char *const *headers = user;

	for (size_t i = 0; headers[i] != NULL; i += 2) {
		if (g_ascii_strcasecmp(headers[i], name) == 0) {
			return headers[i + 1];
		}
	}
	return NULL;
}

static const char *judge(const char *kind, const char *secret, const char *const *headers,
			 const char *body, int64_t now)
{
	const struct hook_request request = {.header = find_header,
					     .user = headers,
					     .body = body,
					     .len = strlen(body),
					     .now = now};
	struct hook_key key;
	g_autoptr(GError) error = NULL;
	const char *problem;

	g_assert_true(hook_key_take(&key, kind, shared_secret_new(secret, strlen(secret)), &error));
	problem = hook_problem(&key, &request);
	hook_key_clear(&key);
	return problem;
}

static const char *kind_of(const char *scheme)
{
	static const char *const known[][2] = {
		{"github", "github"},
		{"gitea", "gitea"},
		{"forgejo", "forgejo"},
		{"gitlab-token", "gitlab"},
		{"standard-webhooks (GitLab signing token)", "gitlab"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(known); i++) {
		if (strcmp(known[i][0], scheme) == 0) {
			return known[i][1];
		}
	}
	return NULL;
}

static bool check_vector(struct json_obj *item)
{
	const char *scheme = json_str(item, "scheme", 100);
	const char *origin = json_str(item, "origin", 200);
	const char *secret = json_str(item, "secret", 200);
	const char *body = json_str(item, "body", 4096);
	int64_t now = json_int_opt(item, "now", 0, JSON_MAX_INT, 1);
	bool valid = json_bool(item, "valid");
	const char *headers[9] = {NULL};
	const char *problem;
	struct json_obj given;

	if (kind_of(scheme) == NULL) {
		g_assert_cmpstr(scheme, ==, "slack-v0"); // another module's
		return false;
	}
	g_assert_true(json_obj_get(item, "headers", &given));
	for (size_t i = 0; json_name(&given, i) != NULL; i++) {
		g_assert_cmpuint(i, <, 4);
		headers[2 * i] = json_name(&given, i);
		headers[2 * i + 1] = json_str(&given, headers[2 * i], 500);
	}
	problem = judge(kind_of(scheme), secret, headers, body, now);
	g_test_message("%s, %s: %s", scheme, origin, problem);
	g_assert_cmpint(problem == NULL, ==, valid);
	return true;
}

static void test_vectors(void)
{
	struct json_obj root, item;
	struct json_doc *doc = vector_json("webhook/vectors.json", &root);
	struct json_arr list;
	size_t n = json_arr_get(&root, "list", 100, &list);
	unsigned ours = 0;

	for (size_t i = 0; i < n; i++) {
		g_assert_true(json_arr_obj(&list, i, &item));
		ours += check_vector(&item);
	}
	g_assert_cmpuint(ours, ==, 14);
	json_doc_free(doc);
}

#define SECRET "It's a Secret to Everybody"
#define HELLO "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"

static void test_forges(void)
{
	static const struct {
		const char *kind, *header, *value;
		const char *problem; /* a part of it; NULL: none */
	} cases[] = {
		{"github", "X-Hub-Signature-256", "sha256=" HELLO, NULL},
		{"bitbucket", "X-Hub-Signature", "sha256=" HELLO, NULL},
		{"gitea", "x-gitea-signature", HELLO, NULL},
		{"forgejo", "x-forgejo-signature", HELLO, NULL},
		{"github", "X-Hub-Signature", "sha256=" HELLO, "no signature"},
		{"bitbucket", "X-Hub-Signature-256", "sha256=" HELLO, "no signature"},
		{"bitbucket", "X-Hub-Signature", HELLO, "another form"},
		{"gitea", "X-Gitea-Signature", "sha256=" HELLO, "another form"},
		{"gitea", "X-Forgejo-Signature", HELLO, "no signature"},
		{"forgejo", "X-Gitea-Signature", HELLO, "no signature"},
		{"forgejo", "X-Forgejo-Signature", "0" HELLO, "another form"},
		{"gitlab", "X-Gitlab-Token", SECRET, NULL},
		{"gitlab", "X-Gitlab-Token", "it's a secret to everybody", "does not fit"},
		{"gitlab", "X-Gitlab-Token", SECRET "x", "does not fit"},
		{"gitlab", "X-Gitlab-Token", "", "no token"},
		{"gitlab", "X-Hub-Signature-256", "sha256=" HELLO, "no token"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		const char *const headers[] = {cases[i].header, cases[i].value, NULL};
		const char *problem = judge(cases[i].kind, SECRET, headers, "Hello, World!", 1);

		g_test_message("%s %s: %s", cases[i].kind, cases[i].value, problem);
		if (cases[i].problem == NULL) {
			g_assert_null(problem);
			/* One byte of the body, and it is over. */
			g_assert_true((judge(cases[i].kind, SECRET, headers, "Hello, world!", 1) ==
				       NULL) == (strcmp(cases[i].kind, "gitlab") == 0));
		} else {
			g_assert_nonnull(problem);
			g_assert_nonnull(strstr(problem, cases[i].problem));
		}
	}
}

/* Only a push is worth a fetch, and what has no name may be one. */
static void test_events(void)
{
	static const struct {
		const char *kind, *header, *value;
		bool is_push;
	} cases[] = {
		{"github", "X-GitHub-Event", "push", true},
		{"github", "x-github-event", "push", true},
		{"github", "X-GitHub-Event", "ping", false},
		{"github", "X-GitHub-Event", "Push", false},
		{"github", "X-GitHub-Event", "pull_request", false},
		{"github", "X-GitHub-Event", "", true},
		{"github", "X-Gitea-Event", "ping", true},
		{"gitlab", "X-Gitlab-Event", "Push Hook", true},
		{"gitlab", "X-Gitlab-Event", "Tag Push Hook", true},
		{"gitlab", "X-Gitlab-Event", "System Hook", true},
		{"gitlab", "X-Gitlab-Event", "Merge Request Hook", false},
		{"gitea", "X-Gitea-Event", "push", true},
		{"gitea", "X-Gitea-Event", "issues", false},
		{"forgejo", "X-Forgejo-Event", "push", true},
		{"forgejo", "X-Forgejo-Event", "release", false},
		{"bitbucket", "X-Event-Key", "repo:push", true},
		{"bitbucket", "X-Event-Key", "repo:refs_changed", true},
		{"bitbucket", "X-Event-Key", "mirror:repo_synchronized", true},
		{"bitbucket", "X-Event-Key", "diagnostics:ping", false},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		const char *const headers[] = {cases[i].header, cases[i].value, NULL};
		const struct hook_request request = {.header = find_header, .user = headers};
		struct hook_key key;

		g_test_message("%s %s: %s", cases[i].kind, cases[i].header, cases[i].value);
		g_assert_true(hook_key_take(&key, cases[i].kind, shared_secret_new("x", 1), NULL));
		g_assert_true(hook_is_push(&key, &request) == cases[i].is_push);
		hook_key_clear(&key);
	}
}

#define WHSEC "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
#define WHSIG "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="

static void test_signing_token(void)
{
	static const struct {
		const char *id, *at, *signature;
		int64_t now;
		const char *problem;
	} cases[] = {
		{"msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", WHSIG, 1614265330, NULL},
		{"msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", WHSIG, 1614265030, NULL},
		{"msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", WHSIG, 1614265630, NULL},
		{"msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", WHSIG, 1614265029, "five minutes"},
		{"msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", WHSIG, 1614265631, "five minutes"},
		{"msg_other", "1614265330", WHSIG, 1614265330, "does not fit"},
		{"msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265331", WHSIG, 1614265330, "does not fit"},
		{"msg_p5jXN8AQM9LWM0D4loKWxJek", "+1614265330", WHSIG, 1614265330, "five minutes"},
		{"msg_p5jXN8AQM9LWM0D4loKWxJek", "", WHSIG, 1614265330, "five minutes"},
		{"msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", "v2" WHSIG, 1614265330, "not fit"},
		{"msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", "", 1614265330, "no signature"},
		{"", "1614265330", WHSIG, 1614265330, "no signature"},
		{NULL, "1614265330", WHSIG, 1614265330, "no signature"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		const char *const headers[] = {"webhook-timestamp",
					       cases[i].at,
					       "webhook-signature",
					       cases[i].signature,
					       "webhook-id",
					       cases[i].id,
					       NULL};
		const char *problem =
			judge("gitlab", WHSEC, headers, "{\"test\": 2432232314}", cases[i].now);

		g_test_message("%zu: %s", i, problem);
		g_assert_cmpint(problem == NULL, ==, cases[i].problem == NULL);
		g_assert_true(problem == NULL || strstr(problem, cases[i].problem) != NULL);
	}
}

/* A signing token is never sent: who sends it has read it somewhere. */
static void test_signing_token_is_no_token(void)
{
	const char *const headers[] = {"X-Gitlab-Token", WHSEC, NULL};

	g_assert_nonnull(judge("gitlab", WHSEC, headers, "{}", 1614265330));
}

static void test_bad_signing_tokens(void)
{
	static const char *const bad[] = {"whsec_", "whsec_AAAA", "whsec_!!!!", "whsec_MfKQ9r8G",
					  "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw="};

	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_autoptr(GError) error = NULL;
		struct hook_key key;

		g_assert_false(hook_key_take(&key, "gitlab",
					     shared_secret_new(bad[i], strlen(bad[i])), &error));
		g_assert_error(error, BASE_ERROR, BASE_ERROR_MALFORMED);
	}
}

static void test_decoy_refuses(void)
{
	static const char *const headers[] = {"X-Hub-Signature-256", "sha256=" HELLO, NULL};
	const struct hook_request request = {
		.header = find_header, .user = headers, .body = "Hello, World!", .len = 13};
	struct hook_key key;

	hook_key_decoy(&key);
	g_assert_nonnull(hook_problem(&key, &request));
	hook_key_clear(&key);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/hook/vectors", test_vectors);
	g_test_add_func("/hook/forges", test_forges);
	g_test_add_func("/hook/events", test_events);
	g_test_add_func("/hook/signing-token", test_signing_token);
	g_test_add_func("/hook/signing-token-is-no-token", test_signing_token_is_no_token);
	g_test_add_func("/hook/bad-signing-tokens", test_bad_signing_tokens);
	g_test_add_func("/hook/decoy-refuses", test_decoy_refuses);
	return g_test_run();
}
