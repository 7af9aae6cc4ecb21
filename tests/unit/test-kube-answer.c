/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of what the server's answers mean: every recorded error, and some that were not met. */
#include "kube/answer.h"

#include <string.h>

#include "unit/kube-vectors.h"

struct row {
	const char *name;
	enum kube_class class;
	enum kube_retry retry;
	const char *field, *manager; /* of the first cause */
};

static const struct row recorded[] = {
	{"crd-01-cr-before-crd.json", KUBE_NOT_SERVED, KUBE_RETRY_NEVER, NULL, NULL},
	{"crd-07-cr-unknown-field-strict.json", KUBE_SCHEMA, KUBE_RETRY_NEVER, ".spec.bogus", NULL},
	{"crd-08-cr-wrong-type.json", KUBE_SCHEMA, KUBE_RETRY_NEVER, ".spec.size", NULL},
	{"crd-09-cr-missing-required.json", KUBE_INVALID, KUBE_RETRY_NEVER, "spec.size", NULL},
	{"disc-06-apis-aggregated-etag-304.json", KUBE_NOT_MODIFIED, KUBE_RETRY_NEVER, NULL, NULL},
	{"disc-08-apis-aggregated-v2-only.json", KUBE_REFUSED, KUBE_RETRY_NEVER, NULL, NULL},
	{"event-02-missing-fields.json", KUBE_INVALID, KUBE_RETRY_NEVER, "eventTime", NULL},
	{"hook-00-sideeffects-some-rejected-v1.json", KUBE_INVALID, KUBE_RETRY_NEVER,
	 "webhooks[0].sideEffects", NULL},
	{"hook-01-unreachable-fail.json", KUBE_HOOK_UNREACHABLE, KUBE_RETRY_BACKOFF, "", NULL},
	{"lease-02-create-exists.json", KUBE_EXISTS, KUBE_RETRY_NEVER, NULL, NULL},
	{"lease-04-put-stale-rv-409.json", KUBE_STALE, KUBE_RETRY_REREAD, NULL, NULL},
	{"lease-05-microtime-without-fraction.json", KUBE_REFUSED, KUBE_RETRY_NEVER, NULL, NULL},
	{"lease-06-put-without-rv.json", KUBE_INVALID, KUBE_RETRY_NEVER, "metadata.resourceVersion",
	 NULL},
	{"lease-07-release.json", KUBE_INVALID, KUBE_RETRY_NEVER, "metadata.resourceVersion", NULL},
	{"list-03-bad-continue.json", KUBE_REFUSED, KUBE_RETRY_NEVER, NULL, NULL},
	{"list-04-exact-old-rv-410.json", KUBE_EXPIRED, KUBE_RETRY_NEVER, NULL, NULL},
	{"list-05-future-rv.json", KUBE_FAILED, KUBE_RETRY_AFTER, "", NULL},
	{"list-06-expired-continue-410.json", KUBE_EXPIRED, KUBE_RETRY_NEVER, NULL, NULL},
	{"ns-01-delete-namespace-no-kcm.json", KUBE_NO_NAMESPACE, KUBE_RETRY_NEVER, NULL, NULL},
	{"ns-03-apply-into-terminating-namespace.json", KUBE_TERMINATING, KUBE_RETRY_NEVER,
	 "metadata.namespace", NULL},
	{"prune-05-delete-wrong-uid.json", KUBE_GONE, KUBE_RETRY_NEVER, NULL, NULL},
	{"prune-06-delete-stale-rv.json", KUBE_STALE, KUBE_RETRY_REREAD, NULL, NULL},
	{"prune-08-delete-again-404.json", KUBE_NOT_FOUND, KUBE_RETRY_NEVER, NULL, NULL},
	{"rate-01-429.json", KUBE_THROTTLED, KUBE_RETRY_AFTER, NULL, NULL},
	{"scale-03-ssa-noforce-conflict.json", KUBE_CONFLICT, KUBE_RETRY_NEVER, ".spec.replicas",
	 "hpa"},
	{"size-01-configmap-1.1MB.json", KUBE_INVALID, KUBE_RETRY_NEVER, "[]", NULL},
	{"size-02-body-3.2MB.json", KUBE_TOO_LARGE, KUBE_RETRY_NEVER, NULL, NULL},
	{"ssa-01-dryrun-in-missing-namespace.json", KUBE_NO_NAMESPACE, KUBE_RETRY_NEVER, NULL,
	 NULL},
	{"ssa-09-other-manager-applies-conflict.json", KUBE_CONFLICT, KUBE_RETRY_NEVER, ".data.a",
	 "deployd"},
	{"ssa-11-conflict-with-update-manager.json", KUBE_CONFLICT, KUBE_RETRY_NEVER, ".data.a",
	 "kubectl-edit"},
	{"ssa-15-no-fieldmanager.json", KUBE_INVALID, KUBE_RETRY_NEVER, "fieldManager", NULL},
	{"ssa-16-managedfields-in-body.json", KUBE_REFUSED, KUBE_RETRY_NEVER, NULL, NULL},
	{"ssa-17-unknown-field.json", KUBE_SCHEMA, KUBE_RETRY_NEVER, ".dat", NULL},
	{"ssa-18-unknown-field-ignore.json", KUBE_SCHEMA, KUBE_RETRY_NEVER, ".dat", NULL},
	{"ssa-19-wrong-type.json", KUBE_SCHEMA, KUBE_RETRY_NEVER, ".data.a", NULL},
	{"ssa-20-dup-key-strict.json", KUBE_REFUSED, KUBE_RETRY_NEVER, NULL, NULL},
	{"ssa-22-name-mismatch.json", KUBE_REFUSED, KUBE_RETRY_NEVER, NULL, NULL},
	{"ssa-23-ns-mismatch.json", KUBE_REFUSED, KUBE_RETRY_NEVER, NULL, NULL},
	{"ssa-24-bad-content-type.json", KUBE_REFUSED, KUBE_RETRY_NEVER, NULL, NULL},
	{"ssa-25-unauthorized-anon.json", KUBE_FORBIDDEN, KUBE_RETRY_NEVER, NULL, NULL},
	{"ssa-26-bad-token.json", KUBE_UNAUTHENTICATED, KUBE_RETRY_NEVER, NULL, NULL},
	{"ssa-27-forbidden.json", KUBE_FORBIDDEN, KUBE_RETRY_NEVER, NULL, NULL},
	{"ssa-28-version-mismatch.json", KUBE_REFUSED, KUBE_RETRY_NEVER, NULL, NULL},
	{"ssa-29-with-resourceversion-stale.json", KUBE_STALE, KUBE_RETRY_REREAD, NULL, NULL},
	{"ssa-30-with-uid-mismatch.json", KUBE_RECREATED, KUBE_RETRY_NEVER, "metadata.uid", NULL},
	{"ssa-31-dup-container-name.json", KUBE_SCHEMA, KUBE_RETRY_NEVER,
	 ".spec.template.spec.containers", NULL},
	{"ssa-32-dup-env.json", KUBE_SCHEMA, KUBE_RETRY_NEVER,
	 ".spec.template.spec.containers[name=\"h\"].env", NULL},
	{"ssa-34-env-int-value.json", KUBE_SCHEMA, KUBE_RETRY_NEVER,
	 ".spec.template.spec.containers[name=\"h\"].env[name=\"A\"].value", NULL},
	{"ssa-35-annotation-bool.json", KUBE_SCHEMA, KUBE_RETRY_NEVER, ".metadata.annotations.x",
	 NULL},
	{"watch-07-sendInitialEvents-1.26.json", KUBE_INVALID, KUBE_RETRY_NEVER,
	 "resourceVersionMatch", NULL},
	{"whoami-01-selfsubjectreview-26.json", KUBE_NOT_SERVED, KUBE_RETRY_NEVER, NULL, NULL},
	{"wl-04-deploy-immutable-selector.json", KUBE_IMMUTABLE, KUBE_RETRY_NEVER, "spec.selector",
	 NULL},
	{"wl-05-deploy-unknown-nested.json", KUBE_SCHEMA, KUBE_RETRY_NEVER,
	 ".spec.template.spec.containers[name=\"web\"].imag", NULL},
	{"wl-06-deploy-wrong-type.json", KUBE_SCHEMA, KUBE_RETRY_NEVER, ".spec.replicas", NULL},
	{"wl-07-deploy-invalid-422.json", KUBE_INVALID, KUBE_RETRY_NEVER, "spec.replicas", NULL},
	{"wl-08-deploy-dup-list-keys.json", KUBE_SCHEMA, KUBE_RETRY_NEVER,
	 ".spec.template.spec.containers[name=\"web\"].ports", NULL},
	{"wl-15-svc-immutable-clusterip.json", KUBE_IMMUTABLE, KUBE_RETRY_NEVER,
	 "spec.clusterIPs[0]", NULL},
	{"wl-19-job-immutable-template.json", KUBE_IMMUTABLE, KUBE_RETRY_NEVER, "spec.template",
	 NULL},
	{"wl-21-pvc-immutable.json", KUBE_IMMUTABLE, KUBE_RETRY_NEVER, "spec", NULL},
	{"wl-23-sts-immutable.json", KUBE_IMMUTABLE, KUBE_RETRY_NEVER, "spec", NULL},
	{"wl-24-apply-with-uid-nonexistent.json", KUBE_GONE, KUBE_RETRY_NEVER, NULL, NULL},
	{"wl-26-generateName.json", KUBE_REFUSED, KUBE_RETRY_NEVER, NULL, NULL},
};

static const struct row *row_of(const char *name)
{
	for (size_t i = 0; i < G_N_ELEMENTS(recorded); i++) {
		if (strcmp(recorded[i].name, name) == 0) {
			return &recorded[i];
		}
	}
	return NULL;
}

static void check_text(const char *text)
{
	g_assert_true(g_utf8_validate(text, -1, NULL));
	g_assert_cmpuint(strlen(text), <=, KUBE_ANSWER_TEXT);
	g_assert_null(strpbrk(text, "\n\r\t"));
}

static void check_row(const struct row *row, const struct kube_answer *answer)
{
	struct kube_cause *cause = answer->causes->len > 0 ? answer->causes->pdata[0] : NULL;

	g_test_message("%s: %s", row->name, kube_class_name(answer->class));
	g_assert_cmpint(answer->class, ==, row->class);
	g_assert_cmpint(answer->retry, ==, row->retry);
	g_assert_cmpint(cause != NULL, ==, row->field != NULL);
	g_assert_cmpint(answer->hook != NULL, ==, row->class == KUBE_HOOK_UNREACHABLE);
	check_text(answer->message);
	if (cause != NULL) {
		check_text(cause->message);
		g_assert_cmpstr(cause->field, ==, row->field);
		g_assert_cmpstr(cause->manager, ==, row->manager);
	}
	g_assert_cmpuint(answer->retry_after, ==, row->retry == KUBE_RETRY_AFTER ? 1 : 0);
	if (row->class != KUBE_NOT_MODIFIED) {
		g_assert_cmpstr(answer->message, !=, "");
	}
}

/* All that were recorded: the good ones are good, and each error has its row. */
static void test_recorded(void)
{
	g_autoptr(GPtrArray) names = kube_vector_names();
	size_t good = 0, rows = 0;

	for (size_t i = 0; i < names->len; i++) {
		g_autoptr(kube_value_auto) exchange = kube_vector(names->pdata[i]);
		g_autoptr(kube_answer_auto) answer = NULL;
		const struct row *row = row_of(names->pdata[i]);
		g_autofree char *body = NULL;
		struct kube_reply reply;

		if (kube_vector_code(exchange) == 0) {
			continue;
		}
		reply = kube_vector_reply(exchange, &body);
		answer = kube_answer_read(&reply);
		if (reply.code < 300) {
			g_assert_cmpint(answer->class, ==,
					reply.code == 201 ? KUBE_CREATED : KUBE_DONE);
			g_assert_true(kube_answer_is_good(answer) && row == NULL);
			good++;
			continue;
		}
		g_test_message("%s", (const char *)names->pdata[i]);
		g_assert_nonnull(row);
		check_row(row, answer);
		rows++;
	}
	g_assert_cmpuint(rows, ==, G_N_ELEMENTS(recorded));
	g_assert_cmpuint(good, >, 50);
}

static struct kube_answer *status_answer(int code, const char *rest, bool secret)
{
	g_autofree char *body = g_strdup_printf(
		"{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"status\":\"Failure\",%s}", rest);
	struct kube_reply reply = {
		.code = code,
		.content_type = "application/json; charset=utf-8",
		.body = body,
		.len = strlen(body),
		.secret = secret,
	};

	return kube_answer_read(&reply);
}

static void test_more(void)
{
	static const struct {
		int code;
		enum kube_class class;
		enum kube_retry retry;
		const char *rest, *hook;
	} cases[] = {
		{403, KUBE_HOOK_DENIED, KUBE_RETRY_NEVER,
		 "\"message\":\"admission webhook \\\"a.b\\\" denied the request: does not support "
		 "dry run\"",
		 "a.b"},
		{500, KUBE_HOOK_DENIED, KUBE_RETRY_NEVER,
		 "\"message\":\"admission webhook \\\"a.b\\\" denied the request without "
		 "explanation\"",
		 "a.b"},
		{400, KUBE_HOOK_NO_DRY_RUN, KUBE_RETRY_NEVER,
		 "\"message\":\"admission webhook \\\"a.b\\\" does not support dry run\"", "a.b"},
		/* A name is shown, too. */
		{400, KUBE_HOOK_NO_DRY_RUN, KUBE_RETRY_NEVER,
		 "\"message\":\"admission webhook \\\"a\\nb\\\" does not support dry run\"", "a b"},
		{500, KUBE_FAILED, KUBE_RETRY_NEVER, "\"message\":\"etcd\"", NULL},
		{404, KUBE_NOT_FOUND, KUBE_RETRY_NEVER,
		 "\"reason\":\"NotFound\",\"details\":{\"kind\":\"pods\"}", NULL},
		{404, KUBE_FAILED, KUBE_RETRY_NEVER, "\"details\":{\"kind\":\"pods\"}", NULL},
		{409, KUBE_STALE, KUBE_RETRY_REREAD, "\"message\":\"anything else\"", NULL},
		/* Something else is wrong, too: replacing would not help. */
		{422, KUBE_INVALID, KUBE_RETRY_NEVER,
		 "\"details\":{\"causes\":[{\"message\":\"Invalid value: 1: field is immutable\"},"
		 "{\"message\":\"Required value\"}]}",
		 NULL},
		/* What the server repeats decides nothing. */
		{422, KUBE_INVALID, KUBE_RETRY_NEVER,
		 "\"details\":{\"causes\":[{\"message\":\"Invalid value: \\\": field is "
		 "immutable\\\": "
		 "must be small\"}]}",
		 NULL},
		{422, KUBE_INVALID, KUBE_RETRY_NEVER, "\"message\":\"field is immutable\"", NULL},
		{503, KUBE_FAILED, KUBE_RETRY_NEVER, "\"message\":\"no endpoints\"", NULL},
		{429, KUBE_THROTTLED, KUBE_RETRY_BACKOFF, "\"message\":\"later\"", NULL},
		{301, KUBE_FAILED, KUBE_RETRY_NEVER, "\"message\":\"elsewhere\"", NULL},
		{0, KUBE_FAILED, KUBE_RETRY_NEVER, "\"message\":\"nothing\"", NULL},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(kube_answer_auto) answer =
			status_answer(cases[i].code, cases[i].rest, false);

		g_test_message("case %zu: %s", i, kube_class_name(answer->class));
		g_assert_cmpint(answer->class, ==, cases[i].class);
		g_assert_cmpint(answer->retry, ==, cases[i].retry);
		g_assert_cmpstr(answer->hook, ==, cases[i].hook);
	}
}

static void test_retry_after(void)
{
	static const struct {
		const char *header;
		int code;
		enum kube_retry retry;
		unsigned seconds;
	} cases[] = {
		{"7", 429, KUBE_RETRY_AFTER, 7},
		{"7", 503, KUBE_RETRY_AFTER, 7},
		{"99999", 503, KUBE_RETRY_AFTER, KUBE_ANSWER_MAX_WAIT},
		{"99999999999999999999", 503, KUBE_RETRY_NEVER, 0},
		{"-1", 503, KUBE_RETRY_NEVER, 0},
		{"soon", 429, KUBE_RETRY_BACKOFF, 0},
		{"7", 403, KUBE_RETRY_NEVER, 0},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct kube_reply reply = {
			.code = cases[i].code,
			.content_type = "text/html",
			.retry_after = cases[i].header,
			.body = "<p>\x01\xffno\n\n more</p>",
			.len = 16,
		};
		g_autoptr(kube_answer_auto) answer = kube_answer_read(&reply);

		g_assert_cmpint(answer->retry, ==, cases[i].retry);
		g_assert_cmpuint(answer->retry_after, ==, cases[i].seconds);
		check_text(answer->message);
	}
}

/* What a proxy says is nothing about an object: it is neither gone nor unknown. */
static void test_strangers(void)
{
	static const struct {
		int code;
		const char *type, *body;
		enum kube_class class;
	} cases[] = {
		{404, "text/plain; charset=utf-8", "404 page not found\n", KUBE_NOT_SERVED},
		{404, "text/html", "404 page not found\n", KUBE_FAILED},
		{404, "text/plain", "404 page not found by the proxy", KUBE_FAILED},
		{404, "text/plain", "", KUBE_FAILED},
		{404, NULL, NULL, KUBE_FAILED},
		{404, "application/json", "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"reas",
		 KUBE_FAILED},
		{404, "application/json", "{\"error\":\"not found\"}", KUBE_FAILED},
		{404, "application/jsonx", "404 page not found", KUBE_FAILED},
		{409, "text/html", "conflict", KUBE_FAILED},
		{502, "text/html", "bad gateway", KUBE_FAILED},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct kube_reply reply = {
			.code = cases[i].code,
			.content_type = cases[i].type,
			.body = cases[i].body,
			.len = cases[i].body != NULL ? strlen(cases[i].body) : 0,
		};
		g_autoptr(kube_answer_auto) answer = kube_answer_read(&reply);

		g_test_message("case %zu: %s", i, kube_class_name(answer->class));
		g_assert_cmpint(answer->class, ==, cases[i].class);
		g_assert_cmpint(answer->retry, ==, KUBE_RETRY_NEVER);
	}
}

/* The namespace itself was asked for. */
static void test_namespace(void)
{
	g_autoptr(kube_value_auto) exchange = kube_vector("ns-01-delete-namespace-no-kcm.json");
	g_autofree char *body = NULL;
	struct kube_reply reply = kube_vector_reply(exchange, &body);
	g_autoptr(kube_answer_auto) answer = NULL;

	reply.resource = "namespaces";
	answer = kube_answer_read(&reply);
	g_assert_cmpint(answer->class, ==, KUBE_NOT_FOUND);
}

static void test_secrets(void)
{
	static const char *const cases[] = {
		"\"message\":\"failed to create typed patch object (n/s; /v1, Kind=Secret): "
		".data.a: "
		"expected string, got &value.valueUnstructured{Value:hidden}\"",
		"\"message\":\"hidden\",\"details\":{\"causes\":[{\"field\":\".data.a\","
		"\"message\":"
		"\"Invalid value: hidden\",\"reason\":\"FieldValueInvalid\"}]}",
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(kube_answer_auto) answer =
			status_answer(i == 0 ? 500 : 422, cases[i], true);
		const struct kube_cause *cause;

		g_assert_cmpuint(answer->causes->len, ==, 1);
		cause = answer->causes->pdata[0];
		g_assert_cmpstr(cause->field, ==, ".data.a");
		g_assert_cmpstr(cause->message, ==, "");
		g_assert_cmpstr(answer->message, ==, "");
	}
}

static void test_several_schema_errors(void)
{
	g_autoptr(kube_answer_auto) answer =
		status_answer(500,
			      "\"message\":\"failed to create typed patch object (n/w; apps/v1, "
			      "Kind=Deployment): "
			      "errors:\\n  .spec.a: field not declared in schema\\n  "
			      ".spec.b[k=\\\"x: y\\\"]: dup\"",
			      false);
	const struct kube_cause *first, *second;

	g_assert_cmpuint(answer->causes->len, ==, 2);
	first = answer->causes->pdata[0];
	second = answer->causes->pdata[1];
	g_assert_cmpstr(first->field, ==, ".spec.a");
	g_assert_cmpstr(first->message, ==, "field not declared in schema");
	g_assert_true(g_str_has_prefix(second->field, ".spec.b[k="));
}

static void test_watch_errors(void)
{
	g_autoptr(kube_value_auto) watch = kube_vector("watch-04-too-old-410.json");
	const struct kube_value *event = kube_value_item(kube_value_get(watch, "events"), 0);
	g_autoptr(kube_value_auto) odd = kube_vector_parse(
		"{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"status\":\"Failure\",\"code\":200}");
	g_autoptr(kube_answer_auto) answer =
		kube_answer_from_status(kube_value_get(event, "object"));
	g_autoptr(kube_answer_auto) other = kube_answer_from_status(odd);
	g_autoptr(kube_answer_auto) nothing = kube_answer_from_status(NULL);

	g_assert_cmpint(answer->class, ==, KUBE_EXPIRED);
	g_assert_cmpint(other->class, ==, KUBE_FAILED);
	g_assert_cmpint(nothing->class, ==, KUBE_FAILED);
}

static void test_expired_list_continues(void)
{
	g_autoptr(kube_value_auto) exchange = kube_vector("list-06-expired-continue-410.json");
	g_autofree char *body = NULL;
	struct kube_reply reply = kube_vector_reply(exchange, &body);
	g_autoptr(kube_answer_auto) answer = kube_answer_read(&reply);

	g_assert_nonnull(answer->continues);
	g_assert_cmpstr(answer->continues, !=, "");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/kube/answer/recorded", test_recorded);
	g_test_add_func("/kube/answer/more", test_more);
	g_test_add_func("/kube/answer/retry-after", test_retry_after);
	g_test_add_func("/kube/answer/strangers", test_strangers);
	g_test_add_func("/kube/answer/namespace", test_namespace);
	g_test_add_func("/kube/answer/secrets", test_secrets);
	g_test_add_func("/kube/answer/several-schema-errors", test_several_schema_errors);
	g_test_add_func("/kube/answer/watch-errors", test_watch_errors);
	g_test_add_func("/kube/answer/expired-list-continues", test_expired_list_continues);
	return g_test_run();
}
