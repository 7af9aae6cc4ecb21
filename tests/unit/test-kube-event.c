/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of the Events that are told about objects. */
#include "kube/event.h"

#include <string.h>

#include "kube/time.h"

#define UNIQUE "00000000deadbeef"

static struct kube_id id_of(const char *group, const char *kind, const char *namespace,
			    const char *name)
{
	return (struct kube_id){(char *)group, (char *)"v1", (char *)kind, (char *)namespace,
				(char *)name};
}

static struct kube_event event_of(const struct kube_id *id)
{
	return (struct kube_event){.id = id,
				   .uid = "u-1",
				   .version = "17",
				   .reason = "Applied",
				   .action = "Update",
				   .note = "Changed by plan 0123456789ab.",
				   .instance = "web1.example.org",
				   .unique = UNIQUE,
				   .time = INT64_C(1700000000000007)};
}

static void test_body(void)
{
	const struct kube_id id = id_of("apps", "Deployment", "shop", "web");
	const struct kube_event event = event_of(&id);
	g_autoptr(kube_value_auto) value = kube_event_value(&event);
	size_t len;
	g_autofree char *text = kube_value_canonical(value, &len);

	g_assert_cmpstr(text, ==,
			"{\"action\":\"Update\",\"apiVersion\":\"events.k8s.io/v1\","
			"\"eventTime\":\"2023-11-14T22:13:20.000007Z\",\"kind\":\"Event\","
			"\"metadata\":{\"name\":\"web." UNIQUE "\",\"namespace\":\"shop\"},"
			"\"note\":\"Changed by plan 0123456789ab.\",\"reason\":\"Applied\","
			"\"regarding\":{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\","
			"\"name\":\"web\",\"namespace\":\"shop\",\"resourceVersion\":\"17\","
			"\"uid\":\"u-1\"},\"reportingController\":\"assent.org/agent\","
			"\"reportingInstance\":\"web1.example.org\",\"type\":\"Normal\"}");
}

/* What is in no namespace has its Events in "default", and says of itself no namespace. */
static void test_of_the_cluster(void)
{
	const struct kube_id id = id_of("", "Namespace", "", "shop");
	struct kube_event event = event_of(&id);
	g_autoptr(kube_value_auto) value = NULL;
	const struct kube_value *regarding;

	event.warning = true;
	event.uid = event.version = NULL;
	value = kube_event_value(&event);
	regarding = kube_value_get(value, "regarding");
	g_assert_cmpstr(kube_value_str_at(value, "metadata", "namespace", NULL), ==, "default");
	g_assert_cmpstr(kube_value_str_at(value, "type", NULL), ==, "Warning");
	g_assert_cmpstr(kube_value_str_at(regarding, "apiVersion", NULL), ==, "v1");
	g_assert_null(kube_value_get(regarding, "namespace"));
	g_assert_null(kube_value_get(regarding, "uid"));
	g_assert_null(kube_value_get(regarding, "resourceVersion"));
	g_assert_cmpuint(kube_value_count(regarding), ==, 3);
}

static char *name_of(const char *name)
{
	const struct kube_id id = id_of("", "X", "shop", name);
	const struct kube_event event = event_of(&id);
	g_autoptr(kube_value_auto) value = kube_event_value(&event);

	return g_strdup(kube_value_str_at(value, "metadata", "name", NULL));
}

static void test_names(void)
{
	static const struct {
		const char *name, *wanted;
	} rows[] = {
		{"web", "web." UNIQUE},	    {"widgets.example.org", "widgets.example.org." UNIQUE},
		{"a-b.c", "a-b.c." UNIQUE}, {"system:node:Proxy", "system-node-proxy." UNIQUE},
		{"a..b", "a--b." UNIQUE},   {"a.-b-.c", "a--b--c." UNIQUE},
		{".web.", "web." UNIQUE},   {"-_-", UNIQUE},
		{"\xc3\xa4x", "x." UNIQUE}, {"x\xc3\xa4", "x." UNIQUE},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *name = name_of(rows[i].name);

		g_assert_cmpstr(name, ==, rows[i].wanted);
	}
}

/* Both the longest name and one that would be cut behind its dot. */
static void test_long_names(void)
{
	g_autofree char *a = g_strnfill(KUBE_EVENT_NAME_MAX, 'a');
	g_autofree char *long_name = name_of(a), *dotted = NULL;

	g_assert_cmpuint(strlen(long_name), ==, KUBE_EVENT_NAME_MAX);
	g_assert_true(g_str_has_suffix(long_name, "a." UNIQUE));
	a[KUBE_EVENT_NAME_MAX - strlen("." UNIQUE) - 1] = '.';
	dotted = name_of(a);
	g_assert_cmpuint(strlen(dotted), ==, KUBE_EVENT_NAME_MAX - 1);
	g_assert_true(g_str_has_suffix(dotted, "a." UNIQUE));
}

static char *text_of(const char *member, const char *text)
{
	const struct kube_id id = id_of("apps", "Deployment", "shop", "web");
	struct kube_event event = event_of(&id);
	g_autoptr(kube_value_auto) value = NULL;

	if (strcmp(member, "note") == 0) {
		event.note = text;
	} else {
		event.instance = text;
	}
	value = kube_event_value(&event);
	return g_strdup(kube_value_str_at(value, member, NULL));
}

/* So many bytes of letters, then this; what is said ends at a character. */
static void assert_cut(const char *member, size_t letters, const char *rest, size_t kept,
		       const char *end)
{
	g_autofree char *filled = g_strnfill(letters, 'x');
	g_autofree char *text = g_strconcat(filled, rest, NULL), *said = text_of(member, text);

	g_assert_true(g_utf8_validate(said, -1, NULL));
	g_assert_cmpuint(strlen(said), ==, kept + strlen(end));
	g_assert_true(g_str_has_suffix(said, end));
	g_assert_true(strncmp(said, text, kept) == 0);
}

static void test_cut(void)
{
	assert_cut("note", 1024, "", 1024, "");
	assert_cut("note", 1025, "", 1021, "...");
	assert_cut("note", 1022, "\xc3\xa4", 1024, "");
	assert_cut("note", 1020, "\xc3\xa4yyy", 1020, "...");
	assert_cut("note", 1019, "\xc3\xa4yyyy", 1021, "...");
	assert_cut("note", 1018, "\xf0\x9f\x98\x80yyy", 1018, "...");
	assert_cut("reportingInstance", 128, "", 128, "");
	assert_cut("reportingInstance", 129, "", 128, "");
	assert_cut("reportingInstance", 127, "\xc3\xa4", 127, "");
	assert_cut("reportingInstance", 126, "\xc3\xa4", 128, "");
}

static void test_not_utf8(void)
{
	g_autofree char *said = text_of("note", "a\xff");

	g_assert_cmpstr(said, ==, "a\xef\xbf\xbd");
}

static void test_time(void)
{
	g_autofree char *first = kube_time_micro(0), *last = kube_time_micro(INT64_C(999999));

	g_assert_cmpstr(first, ==, "1970-01-01T00:00:00.000000Z");
	g_assert_cmpstr(last, ==, "1970-01-01T00:00:00.999999Z");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/kube-event/body", test_body);
	g_test_add_func("/kube-event/of-the-cluster", test_of_the_cluster);
	g_test_add_func("/kube-event/names", test_names);
	g_test_add_func("/kube-event/long-names", test_long_names);
	g_test_add_func("/kube-event/cut", test_cut);
	g_test_add_func("/kube-event/not-utf8", test_not_utf8);
	g_test_add_func("/kube-event/time", test_time);
	return g_test_run();
}
