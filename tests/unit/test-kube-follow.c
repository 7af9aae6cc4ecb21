/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of following a collection, with scripted time and answers. */
#include "kube/follow.h"

#include <inttypes.h>
#include <string.h>

#include "unit/kube-vectors.h"

#define BASE "/api/v1/namespaces/shop/configmaps"
#define SELECTED "labelSelector=a%3Db"
#define LIST "LIST " BASE "?limit=500&" SELECTED
#define WATCH(version)                                                                             \
	"WATCH " BASE "?watch=1&allowWatchBookmarks=true&timeoutSeconds=300&" SELECTED             \
	"&resourceVersion=" version

struct scene {
	struct kube_follow *f;
	GString *told; /* "changed shop/web by kubectl-edit\n" ... */
	void *about;   /* of the last read */
	int64_t now;
};

static void on_followed(const struct kube_followed *one, void *user)
{
	struct scene *s = user;

	g_string_append_printf(s->told, "%s %s/%s%s%s%s\n", kube_follow_what_names[one->what],
			       one->namespace, one->name, one->change->own ? " own" : "",
			       one->change->manager != NULL ? " by " : "",
			       one->change->manager != NULL ? one->change->manager : "");
}

static void begin_kind(struct scene *s, bool namespaced, const char *namespace)
{
	const struct kube_kind kind = {
		.group = (char *)"",
		.version = (char *)"v1",
		.kind = (char *)(namespaced ? "ConfigMap" : "Namespace"),
		.resource = (char *)(namespaced ? "configmaps" : "namespaces"),
		.namespaced = namespaced,
	};
	const struct kube_follow_of of = {
		.kind = &kind,
		.namespace = namespace,
		.selector = "a=b",
		.own = "assent",
		.fn = on_followed,
		.user = s,
	};
	g_autoptr(GError) error = NULL;

	*s = (struct scene){.told = g_string_new(NULL), .now = 1000000};
	g_assert_true(kube_follow_new(&of, &s->f, &error));
	g_assert_no_error(error);
}

static void begin(struct scene *s)
{
	begin_kind(s, true, "shop");
}

static void leave(struct scene *s)
{
	g_assert_cmpstr(s->told->str, ==, "");
	kube_follow_free(s->f);
	g_string_free(s->told, TRUE);
}

static void check_asks(struct scene *s, const char *wanted)
{
	static const char *const names[] = {"LIST", "WATCH", "READ"};
	struct kube_follow_ask ask;
	g_autofree char *text = NULL;

	if (!kube_follow_next(s->f, s->now, &ask)) {
		text = g_strdup("nothing");
	} else if (ask.path == NULL) {
		g_assert_cmpint(ask.due, >, s->now);
		text = g_strdup_printf("in %" PRId64, ask.due - s->now);
	} else {
		g_assert_cmpint(ask.due, ==, s->now);
		text = g_strdup_printf("%s %s", names[ask.kind], ask.path);
		s->about = ask.about;
	}
	g_free(ask.path);
	g_assert_cmpstr(text, ==, wanted);
}

static void check_told(struct scene *s, const char *wanted)
{
	g_assert_cmpstr(s->told->str, ==, wanted);
	g_string_truncate(s->told, 0);
}

static struct kube_answer *answer_of(int code, const char *body)
{
	const struct kube_reply reply = {
		.code = code,
		.content_type = body[0] == '{' ? "application/json" : "text/plain",
		.retry_after = code == 429 ? "7" : NULL,
		.body = body,
		.len = strlen(body),
		.resource = "configmaps",
	};

	return kube_answer_read(&reply);
}

static void page(struct scene *s, int code, const char *body)
{
	g_autoptr(kube_answer_auto) answer = answer_of(code, body);
	g_autoptr(kube_value_auto) list = body[0] == '{' ? kube_vector_parse(body) : NULL;

	kube_follow_page(s->f, answer, NULL, list, s->now);
}

static bool event(struct scene *s, const char *type, const char *object)
{
	g_autoptr(kube_value_auto) value = kube_vector_parse(object);

	return kube_follow_event(s->f, type, value, s->now);
}

/* An object of which a manager is remembered. */
static char *object(const char *name, const char *uid, int version, const char *manager)
{
	return g_strdup_printf(
		"{\"metadata\":{\"name\":\"%s\",\"namespace\":\"shop\",\"uid\":\"%s\","
		"\"resourceVersion\":\"%d\",\"managedFields\":[{\"manager\":\"%s\","
		"\"operation\":\"Apply\",\"time\":\"2026-01-01T00:00:%02dZ\"}]}}",
		name, uid, version, manager, version % 60);
}

static bool happens(struct scene *s, const char *type, const char *name, int version,
		    const char *manager)
{
	g_autofree char *text = object(name, name, version, manager);

	return event(s, type, text);
}

/* "a" and "b", at version 10. */
static void see_all(struct scene *s)
{
	g_autofree char *a = object("a", "a", 3, "assent");
	g_autofree char *b = object("b", "b", 4, "assent");
	g_autofree char *list = g_strdup_printf(
		"{\"items\":[%s,%s],\"metadata\":{\"resourceVersion\":\"10\"}}", a, b);

	check_asks(s, LIST);
	check_asks(s, "nothing");
	g_assert_false(kube_follow_is_synced(s->f));
	page(s, 200, list);
	g_assert_true(kube_follow_is_synced(s->f));
	g_assert_cmpuint(kube_follow_count(s->f), ==, 2);
	check_told(s, "");
	check_asks(s, WATCH("10"));
	check_asks(s, "nothing");
}

static void test_changes(void)
{
	struct scene s;

	begin(&s);
	see_all(&s);
	g_assert_true(happens(&s, "MODIFIED", "a", 11, "hand"));
	check_told(&s, "changed shop/a by hand\n");
	g_assert_true(happens(&s, "MODIFIED", "b", 12, "assent"));
	check_told(&s, "changed shop/b own\n");
	g_assert_true(happens(&s, "ADDED", "c", 13, "hand"));
	check_told(&s, "new shop/c by hand\n");
	g_assert_true(happens(&s, "ADDED", "c", 13, "hand")); // nothing new
	check_told(&s, "");
	kube_follow_ended(s.f, NULL, NULL, s.now);
	check_asks(&s, WATCH("13"));
	leave(&s);
}

/* A bookmark is where a quiet watch goes on. */
static void test_bookmarks(void)
{
	struct scene s;

	begin(&s);
	see_all(&s);
	g_assert_true(event(&s, "BOOKMARK", "{\"metadata\":{\"resourceVersion\":\"77\"}}"));
	s.now += 400000;
	kube_follow_ended(s.f, NULL, NULL, s.now);
	check_asks(&s, WATCH("77"));
	check_told(&s, "");
	leave(&s);
}

static const char expired[] =
	"{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"metadata\":{},\"status\":\"Failure\","
	"\"message\":\"too old resource version: 1 (309)\",\"reason\":\"Expired\",\"code\":410}";

/* What has happened meanwhile is in the new list, and nothing else of it is told. */
static void test_expired_event(void)
{
	struct scene s;

	begin(&s);
	see_all(&s);
	g_assert_false(event(&s, "ERROR", expired));
	kube_follow_ended(s.f, NULL, NULL, s.now);
	check_asks(&s, LIST);
	{
		g_autofree char *a = object("a", "a", 20, "hand");
		g_autofree char *c = object("c", "c", 21, "assent");
		g_autofree char *list = g_strdup_printf(
			"{\"items\":[%s,%s],\"metadata\":{\"resourceVersion\":\"30\"}}", a, c);

		page(&s, 200, list);
	}
	check_told(&s, "changed shop/a by hand\nnew shop/c own\n");
	check_asks(&s, "READ " BASE "/b");
	{
		g_autoptr(kube_answer_auto) answer = answer_of(404, "404 page not found");

		kube_follow_read(s.f, s.about, answer, NULL);
	}
	check_told(&s, "gone shop/b\n");
	check_asks(&s, WATCH("30"));
	leave(&s);
}

static void test_expired_answer(void)
{
	g_autoptr(kube_answer_auto) answer = answer_of(410, expired);
	struct scene s;

	begin(&s);
	see_all(&s);
	kube_follow_ended(s.f, answer, NULL, s.now);
	check_asks(&s, LIST);
	page(&s, 410, expired); // again and again
	check_asks(&s, "in 2000");
	s.now += 2000;
	check_asks(&s, LIST);
	leave(&s);
}

/* The recorded stream, as it came. */
static void test_recorded(void)
{
	g_autoptr(kube_value_auto) list =
		kube_vector("prune-02-list-by-label-partialmetadata.json");
	g_autoptr(kube_value_auto) stream = kube_vector("watch-01-from-rv-with-changes.json");
	g_autoptr(kube_answer_auto) answer = answer_of(200, "{}");
	const struct kube_value *events = kube_value_get(stream, "events");
	struct scene s;

	begin(&s);
	check_asks(&s, LIST);
	kube_follow_page(s.f, answer, NULL, kube_vector_body(list), s.now);
	g_assert_true(kube_follow_is_synced(s.f));
	check_told(&s, "");
	check_asks(&s, WATCH("249"));
	for (size_t i = 0; i < kube_value_count(events); i++) {
		const struct kube_value *one = kube_value_item(events, i);

		g_assert_true(kube_follow_event(s.f, kube_value_str_at(one, "type", NULL),
						kube_value_get(one, "object"), s.now));
	}
	check_told(&s, "changed demo/p1 by hand\n");
	check_asks(&s, "READ /api/v1/namespaces/demo/configmaps/p2");
	kube_follow_read(s.f, s.about, NULL, NULL);
	check_told(&s, "changed demo/p2\n"); // which of both is not known
	check_asks(&s, "READ /api/v1/namespaces/demo/configmaps/p3");
	kube_follow_read(s.f, s.about, answer,
			 kube_value_at(kube_value_item(events, 2), "object", NULL));
	check_told(&s, "left demo/p3\n");
	check_asks(&s, "nothing");
	leave(&s);
}

/* Gone is what cannot be read; what is there has lost its label, or is another. */
static void test_left(void)
{
	g_autoptr(kube_answer_auto) good = answer_of(200, "{}");
	g_autoptr(kube_answer_auto) missing = answer_of(
		404, "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"status\":\"Failure\",\"reason\":"
		     "\"NotFound\","
		     "\"details\":{\"name\":\"b\",\"kind\":\"configmaps\"},\"code\":404}");
	g_autofree char *same = object("a", "a", 21, "hand");
	g_autofree char *other = object("a", "a2", 23, "hand");
	g_autoptr(kube_value_auto) same_value = kube_vector_parse(same);
	g_autoptr(kube_value_auto) other_value = kube_vector_parse(other);
	void *first;
	struct scene s;

	begin(&s);
	see_all(&s);
	g_assert_true(happens(&s, "DELETED", "a", 20, "assent"));
	g_assert_true(happens(&s, "DELETED", "b", 20, "assent"));
	check_told(&s, ""); // not yet
	check_asks(&s, "READ " BASE "/a");
	first = s.about;
	check_asks(&s, "READ " BASE "/b"); // side by side
	kube_follow_read(s.f, s.about, missing, NULL);
	check_told(&s, "gone shop/b\n");
	kube_follow_read(s.f, first, good, same_value);
	check_told(&s, "left shop/a by hand\n");
	/* its label is back, then it is made anew */
	g_assert_true(happens(&s, "ADDED", "a", 22, "hand"));
	check_told(&s, "new shop/a by hand\n");
	g_assert_true(happens(&s, "DELETED", "a", 22, "hand"));
	check_asks(&s, "READ " BASE "/a");
	kube_follow_read(s.f, s.about, good, other_value);
	check_told(&s, "changed shop/a by hand\n");
	leave(&s);
}

/* It is told once when it has come back before it was read. */
static void test_left_and_back(void)
{
	g_autoptr(kube_answer_auto) good = answer_of(200, "{}");
	g_autofree char *text = object("a", "a", 22, "hand");
	g_autoptr(kube_value_auto) value = kube_vector_parse(text);
	struct scene s;

	begin(&s);
	see_all(&s);
	g_assert_true(happens(&s, "DELETED", "a", 20, "assent"));
	check_asks(&s, "READ " BASE "/a");
	g_assert_true(happens(&s, "ADDED", "a", 22, "hand"));
	check_told(&s, "new shop/a by hand\n");
	kube_follow_read(s.f, s.about, good, value);
	check_told(&s, "");
	leave(&s);
}

static void test_reads_at_once(void)
{
	void *abouts[KUBE_FOLLOW_READS];
	struct scene s;

	begin(&s);
	see_all(&s);
	for (int i = 0; i < 20; i++) {
		g_autofree char *name = g_strdup_printf("n%d", i);

		g_assert_true(happens(&s, "ADDED", name, 20 + i, "assent"));
	}
	for (int i = 0; i < 20; i++) {
		g_autofree char *name = g_strdup_printf("n%d", i);

		g_assert_true(happens(&s, "DELETED", name, 50, "assent"));
	}
	g_string_truncate(s.told, 0);
	for (int i = 0; i < KUBE_FOLLOW_READS; i++) {
		g_autofree char *wanted = g_strdup_printf("READ " BASE "/n%d", i);

		check_asks(&s, wanted);
		abouts[i] = s.about;
	}
	check_asks(&s, "nothing");
	kube_follow_read(s.f, abouts[3], NULL, NULL);
	check_told(&s, "changed shop/n3\n");
	check_asks(&s, "READ " BASE "/n8");
	leave(&s);
}

/* Longer and longer, until it answers again; then from where it was. */
static void test_reconnect(void)
{
	static const char *const pauses[] = {"in 1000", "in 2000"};
	struct scene s;

	begin(&s);
	see_all(&s);
	g_assert_true(happens(&s, "MODIFIED", "a", 11, "hand"));
	g_string_truncate(s.told, 0);
	for (size_t i = 0; i < G_N_ELEMENTS(pauses); i++) {
		kube_follow_ended(s.f, NULL, "connection refused", s.now);
		g_assert_cmpstr(kube_follow_problem(s.f), ==, BASE ": connection refused");
		g_assert_false(kube_follow_is_refused(s.f));
		check_asks(&s, pauses[i]);
		s.now += 2000;
		check_asks(&s, WATCH("11"));
	}
	g_assert_true(event(&s, "BOOKMARK", "{\"metadata\":{\"resourceVersion\":\"12\"}}"));
	g_assert_null(kube_follow_problem(s.f));
	kube_follow_ended(s.f, NULL, "connection reset", s.now);
	check_asks(&s, "in 1000"); // from the beginning
	for (int i = 0; i < 12; i++) {
		struct kube_follow_ask ask = {0};

		s.now += 100000;
		kube_follow_next(s.f, s.now, &ask);
		g_free(ask.path);
		kube_follow_ended(s.f, NULL, "connection refused", s.now);
		kube_follow_page(s.f, NULL, "connection refused", NULL, s.now);
	}
	check_asks(&s, "in 60000");
	s.now += 60000;
	check_asks(&s, LIST); // a place of which it may know nothing any more
	leave(&s);
}

/* A server, or something between, that ends each stream at once is not asked without pause. */
static void test_ends_at_once(void)
{
	struct scene s;

	begin(&s);
	see_all(&s);
	kube_follow_ended(s.f, NULL, NULL, s.now + 10);
	check_asks(&s, "in 1010");
	leave(&s);
}

static void test_throttled(void)
{
	g_autoptr(kube_answer_auto) answer = answer_of(429, "Too many requests, please try again");
	struct scene s;

	begin(&s);
	see_all(&s);
	kube_follow_ended(s.f, answer, NULL, s.now);
	check_asks(&s, "in 7000");
	leave(&s);
}

static const char forbidden[] = "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"status\":\"Failure\","
				"\"reason\":\"Forbidden\",\"message\":"
				"\"configmaps is forbidden: User x cannot list\",\"code\":403}";

static void test_refused(void)
{
	struct scene s;

	begin(&s);
	check_asks(&s, LIST);
	page(&s, 403, forbidden);
	g_assert_cmpstr(kube_follow_problem(s.f), ==,
			BASE ": forbidden: configmaps is forbidden: User x cannot list");
	g_assert_true(kube_follow_is_refused(s.f));
	g_assert_false(kube_follow_is_synced(s.f));
	check_asks(&s, "in 1000"); // a server that has just begun knows no roles yet
	for (int i = 0; i < 12; i++) {
		s.now += KUBE_FOLLOW_REFUSED;
		check_asks(&s, LIST);
		page(&s, 403,
		     "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"status\":\"Failure\","
		     "\"reason\":\"Forbidden\",\"message\":\"cannot watch\",\"code\":403}");
		g_assert_cmpstr(kube_follow_problem(s.f), ==, // as it was told
				BASE ": forbidden: configmaps is forbidden: User x cannot list");
	}
	check_asks(&s, "in 300000");
	s.now += KUBE_FOLLOW_REFUSED;
	see_all(&s); // it may do so now
	g_assert_null(kube_follow_problem(s.f));
	g_assert_false(kube_follow_is_refused(s.f));
	leave(&s);
}

/* In the middle, and the list goes on where it was. */
static void test_pages(void)
{
	g_autofree char *a = object("a", "a", 3, "assent");
	g_autofree char *b = object("b", "b", 4, "assent");
	g_autofree char *first = g_strdup_printf(
		"{\"items\":[%s],\"metadata\":{\"continue\":\"t+1\",\"resourceVersion\":\"9\"}}",
		a);
	g_autofree char *last =
		g_strdup_printf("{\"items\":[%s],\"metadata\":{\"resourceVersion\":\"9\"}}", b);
	struct scene s;

	begin(&s);
	check_asks(&s, LIST);
	page(&s, 200, first);
	g_assert_false(kube_follow_is_synced(s.f));
	check_asks(&s, LIST "&continue=t%2B1");
	page(&s, 410, expired);
	check_asks(&s, "in 1000");
	s.now += 1000;
	check_asks(&s, LIST);
	page(&s, 200, first);
	check_asks(&s, LIST "&continue=t%2B1");
	page(&s, 200, last);
	g_assert_true(kube_follow_is_synced(s.f));
	g_assert_cmpuint(kube_follow_count(s.f), ==, 2);
	check_asks(&s, WATCH("9"));
	leave(&s);
}

static void test_nonsense(void)
{
	static const struct {
		const char *type, *object;
	} events[] = {
		{"ODD", "{\"metadata\":{\"resourceVersion\":\"12\"}}"},
		{"MODIFIED", "{}"},
		{"MODIFIED", "[]"},
		{"BOOKMARK", "{\"metadata\":{}}"},
		{"ERROR", "{}"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(events); i++) {
		struct scene s;

		begin(&s);
		see_all(&s);
		g_assert_false(event(&s, events[i].type, events[i].object));
		kube_follow_ended(s.f, NULL, NULL, s.now);
		check_asks(&s, "in 1000");
		g_assert_nonnull(kube_follow_problem(s.f));
		leave(&s);
	}
}

static void test_no_list(void)
{
	static const char *const bodies[] = {"{}", "{\"items\":[],\"metadata\":{}}",
					     "{\"items\":7,\"metadata\":[]}"};

	for (size_t i = 0; i < G_N_ELEMENTS(bodies); i++) {
		struct scene s;

		begin(&s);
		check_asks(&s, LIST);
		page(&s, 200, bodies[i]);
		g_assert_false(kube_follow_is_synced(s.f));
		g_assert_cmpstr(kube_follow_problem(s.f), ==, BASE ": an answer that is no list");
		check_asks(&s, "in 1000");
		leave(&s);
	}
}

/* Names come from outside and become paths. */
static void test_bad_names(void)
{
	struct scene s;

	begin(&s);
	see_all(&s);
	g_assert_true(event(&s, "ADDED",
			    "{\"metadata\":{\"name\":\"../x\",\"namespace\":\"shop\",\"uid\":\"u\","
			    "\"resourceVersion\":\"11\"}}"));
	g_assert_true(event(&s, "ADDED",
			    "{\"metadata\":{\"name\":\"x\",\"namespace\":\"a/b\",\"uid\":\"u\","
			    "\"resourceVersion\":\"12\"}}"));
	check_told(&s, "");
	g_assert_cmpuint(kube_follow_count(s.f), ==, 2);
	leave(&s);
}

static void test_cluster_wide(void)
{
	struct scene s;

	begin_kind(&s, false, "");
	check_asks(&s, "LIST /api/v1/namespaces?limit=500&" SELECTED);
	page(&s, 200,
	     "{\"items\":[{\"metadata\":{\"name\":\"shop\",\"uid\":\"u\",\"resourceVersion\":\"3\"}"
	     "}],"
	     "\"metadata\":{\"resourceVersion\":\"4\"}}");
	check_asks(
		&s,
		"WATCH "
		"/api/v1/namespaces?watch=1&allowWatchBookmarks=true&timeoutSeconds=300&" SELECTED
		"&resourceVersion=4");
	g_assert_true(event(
		&s, "DELETED",
		"{\"metadata\":{\"name\":\"shop\",\"uid\":\"u\",\"resourceVersion\":\"5\"}}"));
	check_asks(&s, "READ /api/v1/namespaces/shop");
	kube_follow_read(s.f, s.about, NULL, NULL);
	check_told(&s, "changed /shop\n");
	leave(&s);
	begin_kind(&s, true, "");
	check_asks(&s, "LIST /api/v1/configmaps?limit=500&" SELECTED);
	leave(&s);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/kube/follow/changes", test_changes);
	g_test_add_func("/kube/follow/bookmarks", test_bookmarks);
	g_test_add_func("/kube/follow/expired-event", test_expired_event);
	g_test_add_func("/kube/follow/expired-answer", test_expired_answer);
	g_test_add_func("/kube/follow/recorded", test_recorded);
	g_test_add_func("/kube/follow/left", test_left);
	g_test_add_func("/kube/follow/left-and-back", test_left_and_back);
	g_test_add_func("/kube/follow/reads-at-once", test_reads_at_once);
	g_test_add_func("/kube/follow/reconnect", test_reconnect);
	g_test_add_func("/kube/follow/ends-at-once", test_ends_at_once);
	g_test_add_func("/kube/follow/throttled", test_throttled);
	g_test_add_func("/kube/follow/refused", test_refused);
	g_test_add_func("/kube/follow/pages", test_pages);
	g_test_add_func("/kube/follow/nonsense", test_nonsense);
	g_test_add_func("/kube/follow/no-list", test_no_list);
	g_test_add_func("/kube/follow/bad-names", test_bad_names);
	g_test_add_func("/kube/follow/cluster-wide", test_cluster_wide);
	return g_test_run();
}
