/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of requests to an API server that is busy, slow, cut off, or none at all. */
#include "cluster/cluster.h"

#include <string.h>

#include "base/error.h"
#include "unit/fake-api.h"
#include "unit/kube-vectors.h"

static struct cluster *the_cluster(void)
{
	return fake_api_cluster("server", "token: hidden");
}

static struct cluster_call *add(GPtrArray *calls, const char *method, const char *path)
{
	struct cluster_call *call = cluster_call_new(method, g_strdup(path));

	g_ptr_array_add(calls, call);
	return call;
}

static struct cluster_call *add_body(GPtrArray *calls, const char *method, const char *path,
				     const char *type, const char *body)
{
	struct cluster_call *call = add(calls, method, path);

	call->content_type = type;
	call->body = g_strdup(body);
	call->body_len = strlen(body);
	return call;
}

static void assert_class(const struct cluster_call *call, enum kube_class class)
{
	g_assert_nonnull(call->answer);
	g_assert_cmpstr(kube_class_name(call->answer->class), ==, kube_class_name(class));
	g_assert_true((call->value != NULL) == kube_answer_is_good(call->answer));
}

static void run(struct cluster *c, GPtrArray *calls, const struct cluster_limits *limits)
{
	g_autoptr(GError) error = NULL;

	g_assert_true(cluster_run(c, calls, limits, &error) == (error == NULL));
	g_assert_no_error(error);
}

static void assert_says(const GError *error, int code, const char *text)
{
	g_assert_nonnull(error);
	if (strstr(error->message, text) == NULL) {
		g_test_message("%s", error->message);
	}
	g_assert_nonnull(strstr(error->message, text));
	g_assert_null(strstr(error->message, "hidden"));
	g_assert_error(error, BASE_ERROR, code);
}

static void fails(struct cluster *c, GPtrArray *calls, const struct cluster_limits *limits,
		  int code, const char *text)
{
	g_autoptr(GError) error = NULL;

	g_assert_false(cluster_run(c, calls, limits, &error));
	assert_says(error, code, text);
}

static void test_answers(void)
{
	g_autoptr(cluster_auto) c = the_cluster();
	g_autoptr(GPtrArray) calls = cluster_calls_new();
	const struct cluster_call *ok = add(calls, "GET", "/ok/one");
	const struct cluster_call *missing = add(calls, "GET", "/nothing");
	struct cluster_call *hidden = add(calls, "GET", "/ok/two");
	g_autofree char *problem = NULL;

	g_assert_cmpstr(cluster_name(c), ==, "fake");
	g_assert_cmpstr(cluster_namespace(c), ==, "shop");
	hidden->secret = true;
	run(c, calls, NULL);
	assert_class(ok, KUBE_DONE);
	g_assert_cmpstr(kube_value_str_at(ok->value, "metadata", "name", NULL), ==, "one");
	g_assert_cmpint(ok->date, >, 1700000000);
	g_assert_cmpuint(ok->warnings->len, ==, 1);
	g_assert_cmpstr(ok->warnings->pdata[0], ==, "use \\\"v2\\\"");
	g_assert_cmpuint(hidden->warnings->len, ==, 1);
	g_assert_null(strstr(hidden->warnings->pdata[0], "v2"));
	assert_class(missing, KUBE_NOT_SERVED);
	problem = cluster_call_problem(c, missing);
	g_assert_cmpstr(problem, ==,
			"cluster 'fake': GET /nothing: not-served (HTTP 404): 404 page not found");
}

/* What the server got. */
static bool has_header(const struct kube_value *echo, const char *name, const char *value)
{
	const struct kube_value *headers = kube_value_get(echo, "headers");

	for (size_t i = 0; i < kube_value_count(headers); i++) {
		const struct kube_value *pair = kube_value_item(headers, i);

		if (strcmp(kube_value_str(kube_value_item(pair, 0)), name) == 0 &&
		    (value == NULL ||
		     strcmp(kube_value_str(kube_value_item(pair, 1)), value) == 0)) {
			return true;
		}
	}
	return false;
}

static void test_request(void)
{
	static const char apply[] = "application/apply-patch+yaml";
	g_autoptr(cluster_auto) c = the_cluster();
	g_autoptr(GPtrArray) calls = cluster_calls_new();
	struct cluster_call *patch =
		add_body(calls, "PATCH", "/echo/x?dryRun=All", apply, "{\"a\":\"\xc3\xa4\"}");
	struct cluster_call *get = add(calls, "GET", "/echo/y");
	struct cluster_call *drop = add(calls, "DELETE", "/echo/z");

	get->accept = "application/json;as=Table";
	run(c, calls, NULL);
	g_assert_cmpstr(kube_value_str_at(patch->value, "method", NULL), ==, "PATCH");
	g_assert_cmpstr(kube_value_str_at(patch->value, "path", NULL), ==, "/echo/x?dryRun=All");
	g_assert_cmpstr(kube_value_str_at(patch->value, "body", NULL), ==, "{\"a\":\"\xc3\xa4\"}");
	g_assert_true(has_header(patch->value, "content-type", apply));
	g_assert_true(has_header(patch->value, "accept", "application/json"));
	g_assert_true(has_header(patch->value, "authorization", "Bearer hidden"));
	g_assert_true(has_header(patch->value, "accept-encoding", "gzip"));
	g_assert_false(has_header(patch->value, "expect", NULL));
	g_assert_cmpstr(kube_value_str_at(get->value, "method", NULL), ==, "GET");
	g_assert_true(has_header(get->value, "accept", "application/json;as=Table"));
	g_assert_false(has_header(get->value, "content-type", NULL));
	g_assert_cmpstr(kube_value_str_at(drop->value, "method", NULL), ==, "DELETE");
	g_assert_cmpstr(kube_value_str_at(drop->value, "body", NULL), ==, "");
}

/* Each row: what the server does first, and whether the same is sent again. */
static void test_again(void)
{
	static const struct {
		const char *method, *path, *type, *body;
		bool marked;
		enum kube_class class;
		int count;
	} rows[] = {
		{"GET", "/flaky/429/2/0/a", NULL, NULL, false, KUBE_DONE, 3},
		{"POST", "/flaky/429/1/0/b", NULL, "{}", false, KUBE_DONE, 2},
		{"GET", "/flaky/429/1/-/c", NULL, NULL, false, KUBE_DONE, 2},
		{"GET", "/flaky/503/1/0/d", NULL, NULL, false, KUBE_DONE, 2},
		{"GET", "/flaky/500/1/-/e", NULL, NULL, false, KUBE_FAILED, 1},
		{"POST", "/flaky/503/1/0/f", NULL, "{}", false, KUBE_FAILED, 1},
		{"POST", "/flaky/503/1/0/g", NULL, "{}", true, KUBE_DONE, 2},
		{"PATCH", "/flaky/503/1/0/h", "application/apply-patch+yaml", "{}", false,
		 KUBE_DONE, 2},
		{"PATCH", "/flaky/503/1/0/i", "application/json-patch+json", "[]", false,
		 KUBE_FAILED, 1},
		{"DELETE", "/flaky/503/1/0/j", NULL, "{\"preconditions\":{\"uid\":\"1\"}}", false,
		 KUBE_DONE, 2},
		{"DELETE", "/flaky/503/1/0/k", NULL, "{}", false, KUBE_FAILED, 1},
		{"PUT", "/flaky/503/1/0/l", NULL, "{}", false, KUBE_FAILED, 1},
		{"POST", "/flaky/503/1/0/m?dryRun=All", NULL, "{}", false, KUBE_DONE, 2},
		{"GET", "/flaky/429/99/100/n", NULL, NULL, false, KUBE_THROTTLED, 1},
	};
	struct cluster_limits limits = {.total = 20};
	g_autoptr(cluster_auto) c = the_cluster();
	g_autoptr(GPtrArray) calls = cluster_calls_new();

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		struct cluster_call *call = add(calls, rows[i].method, rows[i].path);

		call->content_type = rows[i].type;
		call->body = g_strdup(rows[i].body);
		call->body_len = rows[i].body != NULL ? strlen(rows[i].body) : 0;
		call->again = rows[i].marked;
	}
	run(c, calls, &limits);
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *path = g_strndup(rows[i].path, strcspn(rows[i].path, "?"));

		g_test_message("%s %s", rows[i].method, path);
		assert_class(calls->pdata[i], rows[i].class);
		g_assert_cmpint(fake_api_count(path), ==, rows[i].count);
	}
}

/* A server that never wants it: tries are counted, and the last answer stands. */
static void test_again_ends(void)
{
	g_autoptr(cluster_auto) c = the_cluster();
	g_autoptr(GPtrArray) calls = cluster_calls_new();
	const struct cluster_call *call = add(calls, "GET", "/flaky/503/1000/0/ends");

	run(c, calls, NULL);
	assert_class(call, KUBE_FAILED);
	g_assert_cmpint(fake_api_count("/flaky/503/1000/0/ends"), ==, 11);
}

static void test_cut(void)
{
	static const char *const paths[] = {"/cut/before/1/a", "/cut/head/1/a", "/cut/body/1/a"};
	g_autoptr(cluster_auto) c = the_cluster();
	g_autoptr(GPtrArray) calls = cluster_calls_new();

	for (size_t i = 0; i < G_N_ELEMENTS(paths); i++) {
		add(calls, "GET", paths[i]);
	}
	add(calls, "GET", "/ok/beside");
	run(c, calls, NULL);
	for (guint i = 0; i < calls->len; i++) {
		assert_class(calls->pdata[i], KUBE_DONE);
	}
	for (size_t i = 0; i < G_N_ELEMENTS(paths); i++) {
		g_assert_cmpint(fake_api_count(paths[i]), ==, 2);
	}
}

static void test_cut_change(void)
{
	g_autoptr(cluster_auto) c = the_cluster();
	g_autoptr(GPtrArray) calls = cluster_calls_new();
	const struct cluster_call *cut = add_body(calls, "POST", "/cut/body/9/post", NULL, "{}");

	fails(c, calls, NULL, BASE_ERROR_FAILED,
	      "POST /cut/body/9/post may have been done, or not");
	g_assert_null(cut->answer);
	g_assert_cmpint(fake_api_count("/cut/body/9/post"), ==, 1);
}

static void test_slow(void)
{
	const struct cluster_limits limits = {.timeout = 1};
	g_autoptr(cluster_auto) c = the_cluster();
	g_autoptr(GPtrArray) calls = cluster_calls_new();

	add(calls, "GET", "/slow/1500/get");
	run(c, calls, &limits);
	assert_class(calls->pdata[0], KUBE_DONE);
	g_assert_cmpint(fake_api_count("/slow/1500/get"), ==, 2);
	g_ptr_array_set_size(calls, 0);
	add_body(calls, "POST", "/slow/1500/post", NULL, "{}");
	fails(c, calls, &limits, BASE_ERROR_TIMEOUT, "no answer in time");
	g_assert_cmpint(fake_api_count("/slow/1500/post"), ==, 1);
}

static void test_total(void)
{
	const struct cluster_limits limits = {.total = 1};
	g_autoptr(cluster_auto) c = the_cluster();
	g_autoptr(GPtrArray) calls = cluster_calls_new();
	const struct cluster_call *quick = add(calls, "GET", "/ok/quick");

	add(calls, "GET", "/slow/1500/total");
	fails(c, calls, &limits, BASE_ERROR_TIMEOUT,
	      "did not answer all requests within 1 seconds");
	assert_class(quick, KUBE_DONE);
}

static bool stop(void *user)
{
	return ++*(int *)user > 2;
}

static void test_stopped(void)
{
	int asked = 0;
	const struct cluster_limits limits = {.stopped = stop, .user = &asked};
	g_autoptr(cluster_auto) c = the_cluster();
	g_autoptr(GPtrArray) calls = cluster_calls_new();

	add(calls, "GET", "/slow/1500/stop");
	fails(c, calls, &limits, BASE_ERROR_CANCELLED, "asked to stop");
	g_ptr_array_set_size(calls, 0);
	add(calls, "GET", "/ok/after");
	run(c, calls, NULL);
	assert_class(calls->pdata[0], KUBE_DONE);
}

static void test_large(void)
{
	static const char *const paths[] = {"/huge/3/plain", "/huge/3/gzip?gzip=1"};
	struct cluster_limits limits = {.max = (size_t)2 << 20};
	g_autoptr(cluster_auto) c = the_cluster();

	for (size_t i = 0; i < G_N_ELEMENTS(paths); i++) {
		g_autoptr(GPtrArray) calls = cluster_calls_new();

		add(calls, "GET", paths[i]);
		limits.max = (size_t)2 << 20;
		fails(c, calls, &limits, BASE_ERROR_LIMIT, "is longer than 2097152 bytes");
		limits.max = (size_t)4 << 20;
		run(c, calls, &limits);
		assert_class(calls->pdata[0], KUBE_DONE);
	}
}

static void test_no_api_server(void)
{
	static const struct {
		const char *path, *says;
	} rows[] = {
		{"/type/html", "this is no API server"},
		{"/type/half", "its answer is no JSON"},
		{"/type/empty", "its answer is no JSON"},
		{"/type/twice", "its answer is no JSON"},
		{"/type/redirect", ""},
	};
	g_autoptr(cluster_auto) c = the_cluster();
	g_autoptr(GPtrArray) calls = cluster_calls_new();

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		add(calls, "GET", rows[i].path);
	}
	run(c, calls, NULL);
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		const struct cluster_call *call = calls->pdata[i];

		assert_class(call, KUBE_FAILED);
		g_assert_nonnull(strstr(call->answer->message, rows[i].says));
	}
	g_ptr_array_set_size(calls, 0);
	add(calls, "GET", "/type/packed");
	fails(c, calls, NULL, BASE_ERROR_FAILED, "packed in a wrong way");
}

static void test_nobody(void)
{
	g_autoptr(cluster_settings_auto) settings =
		fake_api_settings("server", "server: 'https://127.0.0.1:1'", "token: hidden");
	g_autoptr(cluster_auto) c = fake_api_open(settings);
	g_autoptr(GPtrArray) calls = cluster_calls_new();

	add(calls, "POST", "/ok/x");
	fails(c, calls, NULL, BASE_ERROR_NOT_FOUND,
	      "cluster 'fake' at https://127.0.0.1:1: nobody answers there");
}

struct walk {
	GPtrArray *calls;
	unsigned done;
};

static void add_more(struct cluster_call *call, void *user)
{
	struct walk *walk = user;

	g_assert_nonnull(call->answer);
	if (++walk->done <= 20) {
		g_autofree char *path = g_strdup_printf("/slow/30/more-%u", walk->done);

		add(walk->calls, "GET", path);
	}
}

/* No more at once than was asked for, and what done() adds is done as well. */
static void test_many(void)
{
	g_autoptr(cluster_auto) c = the_cluster();
	g_autoptr(GPtrArray) calls = cluster_calls_new();
	g_autoptr(kube_value_auto) seen = NULL;
	struct walk walk = {.calls = calls};
	const struct cluster_limits limits = {.streams = 4, .done = add_more, .user = &walk};
	int64_t most = 0;

	for (unsigned i = 0; i < 20; i++) {
		g_autofree char *path = g_strdup_printf("/slow/30/many-%u", i);

		add(calls, "GET", path);
	}
	run(c, calls, &limits);
	g_assert_cmpuint(walk.done, ==, 40);
	g_assert_cmpuint(calls->len, ==, 40);
	for (guint i = 0; i < calls->len; i++) {
		assert_class(calls->pdata[i], KUBE_DONE);
	}
	seen = fake_api_seen();
	g_assert_true(kube_value_get_int(kube_value_get(seen, "most"), &most));
	g_assert_cmpint(most, >, 1);
	g_assert_cmpint(most, <=, 4);
}

struct listed {
	GHashTable *names;
	unsigned items, stop_at;
};

static bool on_item(struct kube_value *item, void *user)
{
	struct listed *listed = user;

	g_assert_cmpstr(kube_value_str_at(item, "kind", NULL), ==, "ConfigMap");
	g_assert_cmpstr(kube_value_str_at(item, "apiVersion", NULL), ==, "v1");
	g_hash_table_add(listed->names,
			 g_strdup(kube_value_str_at(item, "metadata", "name", NULL)));
	kube_value_free(item);
	return ++listed->items != listed->stop_at;
}

static void test_list(void)
{
	static const struct {
		const char *path;
		unsigned stop_at, items, names;
		int requests;
	} rows[] = {
		{"/list/1200/plain", 0, 1200, 1200, 3},
		{"/list/1200/stopped", 510, 510, 510, 2},
		{"/list/700/expire", 0, 1200, 700, 4},
		{"/list/0/plain", 0, 0, 0, 1},
		/* 9 KiB each: 500 and 50 are too many for 64 KiB, 5 are not */
		{"/list/12/large", 0, 12, 12, 5},
	};
	g_autoptr(cluster_auto) c = the_cluster();

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		const struct cluster_limits limits = {.max = i == 4 ? (size_t)64 << 10 : 0};
		g_autoptr(GHashTable) names =
			g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
		struct listed listed = {.names = names, .stop_at = rows[i].stop_at};
		g_autofree char *path = g_strconcat(rows[i].path, "?labelSelector=a%3Db", NULL);
		g_autofree char *version = NULL;
		g_autoptr(GError) error = NULL;

		g_assert_true(cluster_list(c, path, &limits, on_item, &listed, &version, &error));
		g_assert_no_error(error);
		g_assert_cmpstr(version, ==, "77");
		g_assert_cmpuint(listed.items, ==, rows[i].items);
		g_assert_cmpuint(g_hash_table_size(names), ==, rows[i].names);
		g_assert_cmpint(fake_api_count(rows[i].path), ==, rows[i].requests);
	}
}

static void test_list_fails(void)
{
	static const struct {
		const char *path;
		int code;
		const char *says;
	} rows[] = {
		{"/list/700/always", BASE_ERROR_FAILED, "expired (HTTP 410)"},
		{"/ok/object", BASE_ERROR_MALFORMED, "is no list"},
		{"/nothing", BASE_ERROR_NOT_FOUND, "not-served"},
	};
	g_autoptr(cluster_auto) c = the_cluster();
	g_autoptr(GHashTable) names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		struct listed listed = {.names = names};
		g_autofree char *version = NULL;
		g_autoptr(GError) error = NULL;

		g_assert_false(
			cluster_list(c, rows[i].path, NULL, on_item, &listed, &version, &error));
		g_assert_null(version);
		assert_says(error, rows[i].code, rows[i].says);
	}
}

/* Side by side; what is wrong with one is nothing to the others. */
static void test_list_many(void)
{
	static const struct {
		const char *path;
		unsigned page, stop_at, items, names;
		int requests;
		bool read;
	} rows[] = {
		{"/list/1200/many", 0, 0, 1200, 1200, 3, true},
		{"/list/1200/small", 400, 0, 1200, 1200, 3, true},
		{"/list/1200/stopped/many", 0, 510, 510, 510, 2, true},
		{"/list/700/expire/many", 0, 0, 1200, 700, 4, true},
		{"/list/700/always/many", 0, 0, 1500, 500, 6, true},
		{"/ok/object/many", 0, 0, 0, 0, 1, false},
		{"/nothing/many", 0, 0, 0, 0, 1, false},
		{"/list/0/many", 0, 0, 0, 0, 1, true},
	};
	struct cluster_listing listings[G_N_ELEMENTS(rows)] = {0};
	struct listed listed[G_N_ELEMENTS(rows)] = {0};
	g_autoptr(cluster_auto) c = the_cluster();
	g_autoptr(GError) error = NULL;

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		listed[i].names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
		listed[i].stop_at = rows[i].stop_at;
		listings[i] = (struct cluster_listing){.path = rows[i].path,
						       .page = rows[i].page,
						       .item = on_item,
						       .user = &listed[i]};
	}
	g_assert_true(cluster_list_many(c, listings, G_N_ELEMENTS(rows), NULL, &error));
	g_assert_no_error(error);
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_test_message("%s", rows[i].path);
		g_assert_cmpuint(listed[i].items, ==, rows[i].items);
		g_assert_cmpuint(g_hash_table_size(listed[i].names), ==, rows[i].names);
		g_assert_cmpint(fake_api_count(rows[i].path), ==, rows[i].requests);
		g_assert_true(listings[i].read == rows[i].read);
		g_hash_table_unref(listed[i].names);
	}
}

static struct cluster *cluster_like(const char *mode)
{
	g_autofree char *text = g_strdup_printf(
		"certificate-authority: ca.pem, server: 'https://127.0.0.1:%d/as/%s/'",
		fake_api_port("server"), mode);
	g_autoptr(cluster_settings_auto) settings =
		fake_api_settings("server", text, "token: hidden");

	return fake_api_open(settings);
}

/* Below a path, as the addresses of some cluster managers are. */
static void test_discovery(void)
{
	static const char *const modes[] = {"beta", "legacy"};

	for (size_t i = 0; i < G_N_ELEMENTS(modes); i++) {
		g_autoptr(cluster_auto) c = cluster_like(modes[i]);
		g_autoptr(GError) error = NULL;
		g_autofree char *apis = g_strdup_printf("/as/%s/apis", modes[i]);
		const struct kube_discovery *found = NULL, *again = NULL;
		const struct kube_kind *kind;
		bool stale = true;

		g_assert_true(cluster_discovery(c, &found, &error) == (error == NULL));
		g_assert_no_error(error);
		kind = kube_discovery_find(found, "apps", "v1", "Deployment", &stale);
		g_assert_nonnull(kind);
		g_assert_cmpstr(kind->resource, ==, "deployments");
		g_assert_nonnull(kube_discovery_find(found, "", "v1", "ConfigMap", &stale));
		/* The old form asks group by group, and of one there was no answer. */
		g_assert_null(kube_discovery_find(found, "batch", "v1", "NoJob", &stale));
		g_assert_true(stale == (i == 1));
		g_assert_true(cluster_discovery(c, &again, &error));
		g_assert_true(again == found);
		g_assert_cmpint(fake_api_count(apis), ==, 1);
		cluster_forget_discovery(c);
		g_assert_true(cluster_discovery(c, &again, &error));
		g_assert_cmpint(fake_api_count(apis), ==, 2);
	}
}

static void test_identity(void)
{
	g_autoptr(cluster_auto) open = cluster_like("beta");
	g_autoptr(cluster_auto) shut = cluster_like("legacy");
	g_autoptr(cluster_auto) ill = cluster_like("none");
	g_autofree char *address =
		g_strdup_printf("https://127.0.0.1:%d/as/legacy", fake_api_port("server"));
	g_autoptr(GError) error = NULL;
	const char *out = NULL;

	g_assert_true(cluster_identity(open, &out, &error));
	g_assert_cmpstr(out, ==, "the-uid");
	g_assert_true(cluster_identity(open, &out, &error));
	g_assert_cmpint(fake_api_count("/as/beta/api/v1/namespaces/kube-system"), ==, 1);
	g_assert_true(cluster_identity(shut, &out, &error));
	g_assert_cmpstr(out, ==, address);
	g_assert_false(cluster_identity(ill, &out, &error));
	assert_says(error, BASE_ERROR_FAILED, "HTTP 503");
}

/* Each recorded exchange comes to mean over the network what it means in a file. */
static void test_recorded(void)
{
	const struct cluster_limits limits = {.total = 1};
	g_autoptr(cluster_auto) c = the_cluster();
	g_autoptr(GPtrArray) names = kube_vector_names();
	g_autoptr(GPtrArray) calls = cluster_calls_new();
	g_autoptr(GPtrArray) classes = g_ptr_array_new();

	for (guint i = 0; i < names->len; i++) {
		g_autofree char *name = g_path_get_basename(names->pdata[i]);
		g_autofree char *path = g_strdup_printf(
			"/replay/%.*s", (int)(strlen(name) - strlen(".json")), name);
		g_autofree char *body = NULL;
		g_autoptr(kube_value_auto) exchange = kube_vector(names->pdata[i]);
		g_autoptr(kube_answer_auto) answer = NULL;
		struct kube_reply reply;

		/* Tables, and streams, of which test-cluster-watch has its own. */
		if (kube_vector_code(exchange) == 0 || kube_vector_body(exchange) == NULL) {
			continue;
		}
		reply = kube_vector_reply(exchange, &body);
		answer = kube_answer_read(&reply);
		if (answer->class == KUBE_UNAUTHENTICATED) {
			continue; // ends the run: see test-cluster-login
		}
		add(calls, "POST", path)->resource = reply.resource;
		g_ptr_array_add(classes, (void *)kube_class_name(answer->class));
	}
	g_assert_cmpuint(calls->len, >, 100);
	run(c, calls, &limits);
	for (guint i = 0; i < calls->len; i++) {
		const struct cluster_call *call = calls->pdata[i];

		g_test_message("%s", call->path);
		g_assert_cmpstr(kube_class_name(call->answer->class), ==, classes->pdata[i]);
	}
}

int main(int argc, char **argv)
{
	int result;

	g_test_init(&argc, &argv, NULL);
	fake_api_start();
	g_test_add_func("/cluster/client/many", test_many);
	g_test_add_func("/cluster/client/answers", test_answers);
	g_test_add_func("/cluster/client/request", test_request);
	g_test_add_func("/cluster/client/again", test_again);
	g_test_add_func("/cluster/client/again-ends", test_again_ends);
	g_test_add_func("/cluster/client/cut", test_cut);
	g_test_add_func("/cluster/client/cut-change", test_cut_change);
	g_test_add_func("/cluster/client/slow", test_slow);
	g_test_add_func("/cluster/client/total", test_total);
	g_test_add_func("/cluster/client/stopped", test_stopped);
	g_test_add_func("/cluster/client/large", test_large);
	g_test_add_func("/cluster/client/no-api-server", test_no_api_server);
	g_test_add_func("/cluster/client/nobody", test_nobody);
	g_test_add_func("/cluster/client/list", test_list);
	g_test_add_func("/cluster/client/list-fails", test_list_fails);
	g_test_add_func("/cluster/client/list-many", test_list_many);
	g_test_add_func("/cluster/client/discovery", test_discovery);
	g_test_add_func("/cluster/client/identity", test_identity);
	g_test_add_func("/cluster/client/recorded", test_recorded);
	result = g_test_run();
	fake_api_stop();
	return result;
}
