/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of which changes of an object matter, and who made them. */
#include "kube/seen.h"

#include <inttypes.h>
#include <string.h>

#include "unit/kube-vectors.h"

static struct kube_seen *seen_of(const char *text)
{
	g_autoptr(kube_value_auto) object = kube_vector_parse(text);

	return kube_seen_new(object, "assent");
}

/* "-": nothing that matters; "?": somebody; "own"; or who. */
static char *judged(const char *before, const char *now)
{
	g_autoptr(kube_seen_auto) old = before != NULL ? seen_of(before) : NULL;
	g_autoptr(kube_seen_auto) new = seen_of(now);
	struct kube_change change = {false};
	char *text;

	g_assert_nonnull(new);
	if (!kube_seen_judge(old, new, &change)) {
		g_assert_null(change.manager);
		return g_strdup("-");
	}
	g_assert_true(change.manager == NULL || !change.own);
	text = change.own		? g_strdup("own")
	       : change.manager == NULL ? g_strdup("?")
	       : change.subresource != NULL
		       ? g_strdup_printf("%s/%s %" PRId64, change.manager, change.subresource,
					 change.time)
		       : g_strdup_printf("%s %" PRId64, change.manager, change.time);
	kube_change_clear(&change);
	return text;
}

static const char own1[] = "{\"manager\":\"assent\",\"operation\":\"Apply\",\"time\":"
			   "\"2026-01-01T00:00:01Z\",\"fieldsV1\":{\"f:a\":{},\"f:b\":{}}}";
static const char own1_less[] = "{\"manager\":\"assent\",\"operation\":\"Apply\",\"time\":"
				"\"2026-01-01T00:00:01Z\",\"fieldsV1\":{\"f:b\":{}}}";
static const char own2[] = "{\"manager\":\"assent\",\"operation\":\"Apply\",\"time\":"
			   "\"2026-01-01T00:00:02Z\",\"fieldsV1\":{\"f:a\":{},\"f:b\":{}}}";
static const char edit2[] = "{\"manager\":\"kubectl-edit\",\"operation\":\"Update\",\"time\":"
			    "\"2026-01-01T00:00:02Z\",\"fieldsV1\":{\"f:a\":{}}}";
static const char edit3[] = "{\"manager\":\"kubectl-edit\",\"operation\":\"Update\",\"time\":"
			    "\"2026-01-01T00:00:03Z\",\"fieldsV1\":{\"f:a\":{}}}";
static const char scale3[] = "{\"manager\":\"hpa\",\"operation\":\"Update\",\"subresource\":"
			     "\"scale\",\"time\":\"2026-01-01T00:00:03Z\",\"fieldsV1\":{}}";
static const char status2[] = "{\"manager\":\"kcm\",\"operation\":\"Update\",\"subresource\":"
			      "\"status\",\"time\":\"2026-01-01T00:00:02Z\",\"fieldsV1\":{}}";
static const char status3[] = "{\"manager\":\"kcm\",\"operation\":\"Update\",\"subresource\":"
			      "\"status\",\"time\":\"2026-01-01T00:00:03Z\",\"fieldsV1\":{}}";
static const char fake3[] = "{\"manager\":\"assent\",\"operation\":\"Update\",\"time\":"
			    "\"2026-01-01T00:00:03Z\",\"fieldsV1\":{}}";

/* version, the rest of the metadata, and up to three entries of managedFields */
struct sight {
	const char *version, *more;
	const char *fields[3];
};

static char *object_of(const struct sight *s)
{
	g_autofree char *list = NULL;
	const char *fields[4] = {s->fields[0], s->fields[1], s->fields[2], NULL};

	list = g_strjoinv(",", (char **)fields);
	return g_strdup_printf("{\"metadata\":{\"name\":\"n\",\"uid\":\"u\",\"resourceVersion\":"
			       "\"%s\",\"managedFields\":[%s]%s}}",
			       s->version, list, s->more);
}

static const struct {
	struct sight before, now;
	const char *wanted;
} sights[] = {
	/* no generation */
	{{"1", "", {own1}}, {"1", "", {own1}}, "-"},
	{{"1", "", {own1}}, {"2", "", {own1_less, edit2}}, "kubectl-edit 1767225602"},
	{{"1", "", {own1, edit2}}, {"2", "", {own1, edit3}}, "kubectl-edit 1767225603"},
	{{"1", "", {own1, edit2}}, {"2", "", {own2, edit2}}, "own"},
	{{"1", "", {own1_less, edit2}}, {"2", "", {own2}}, "own"},
	{{"1", "", {own1}}, {"2", "", {own2, edit3}}, "kubectl-edit 1767225603"},
	/* within one second, and what leaves no trace */
	{{"1", "", {own1, edit2}}, {"2", "", {own1, edit2}}, "?"},
	{{"1", "", {own1}}, {"2", "", {own1_less}}, "?"},
	/* a status is nobody's concern */
	{{"1", "", {own1, status2}}, {"2", "", {own1, status3}}, "-"},
	{{"1", "", {own1}}, {"2", "", {own1, status3}}, "-"},
	{{"1", "", {own1, status2}},
	 {"2", "", {own1_less, edit3, status3}},
	 "kubectl-edit 1767225603"},
	/* with a generation */
	{{"1", ",\"generation\":4", {own1, status2}},
	 {"2", ",\"generation\":4", {own1, status2}},
	 "-"},
	{{"1", ",\"generation\":4", {own1}}, {"2", ",\"generation\":4", {own1, edit2}}, "-"},
	{{"1", ",\"generation\":4", {own1}},
	 {"2", ",\"generation\":5", {own1, scale3}},
	 "hpa/scale 1767225603"},
	{{"1", ",\"generation\":4", {own1}}, {"2", ",\"generation\":5", {own2}}, "own"},
	{{"1", ",\"generation\":4", {own1}},
	 {"2", ",\"generation\":5", {own1, fake3}},
	 "assent 1767225603"},
	/* labels count in all kinds */
	{{"1", ",\"generation\":4,\"labels\":{\"a\":\"b\"}", {own1}},
	 {"2", ",\"generation\":4,\"labels\":{\"a\":\"c\"}", {own1_less, edit2}},
	 "kubectl-edit 1767225602"},
	{{"1", ",\"generation\":4,\"labels\":{\"a\":\"b\"}", {own1}},
	 {"2", ",\"generation\":4", {own1_less}},
	 "?"},
	{{"1", ",\"generation\":4", {own1}},
	 {"2", ",\"deletionTimestamp\":\"2026-01-01T00:00:02Z\",\"generation\":4", {own1}},
	 "?"},
};

static void test_judge(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(sights); i++) {
		g_autofree char *before = object_of(&sights[i].before);
		g_autofree char *now = object_of(&sights[i].now);
		g_autofree char *text = judged(before, now);

		g_test_message("%zu", i);
		g_assert_cmpstr(text, ==, sights[i].wanted);
	}
}

static void test_new(void)
{
	static const struct sight own = {"1", "", {own1}}, other = {"1", "", {own1, edit2}};
	g_autofree char *first = object_of(&own);
	g_autofree char *second = object_of(&other);
	g_autofree char *ours = judged(NULL, first);
	g_autofree char *theirs = judged(NULL, second);

	g_assert_cmpstr(ours, ==, "own");
	g_assert_cmpstr(theirs, ==, "kubectl-edit 1767225602");
}

/* Another object of this name: whatever its traces are, they are new. */
static void test_recreated(void)
{
	static const char format[] =
		"{\"metadata\":{\"name\":\"n\",\"uid\":\"%s\",\"resourceVersion\":\"1\","
		"\"managedFields\":[%s]}}";
	g_autofree char *before = g_strdup_printf(format, "u", edit2);
	g_autofree char *now = g_strdup_printf(format, "v", edit2);
	g_autofree char *text = judged(before, now);

	g_assert_cmpstr(text, ==, "kubectl-edit 1767225602");
}

static void test_no_object(void)
{
	static const char *const texts[] = {
		"{}",
		"[]",
		"null",
		"{\"metadata\":7}",
		"{\"metadata\":{\"name\":\"n\"}}",
		"{\"metadata\":{\"uid\":\"u\"}}",
		"{\"metadata\":{\"uid\":\"u\",\"name\":3}}",
	};

	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
		g_autoptr(kube_seen_auto) seen = seen_of(texts[i]);

		g_assert_null(seen);
	}
}

/* Metadata alone says the same as the whole object. */
static void test_recorded(void)
{
	g_autoptr(kube_value_auto) whole = kube_vector("watch-01-from-rv-with-changes.json");
	g_autoptr(kube_value_auto) partial = kube_vector("watch-02-partialmetadata.json");
	g_autoptr(kube_value_auto) before = kube_vector("prune-01-list-by-label.json");
	const struct kube_value *items = kube_value_at(kube_vector_body(before), "items", NULL);
	const struct kube_value *event = kube_value_item(kube_value_get(whole, "events"), 0);
	const struct kube_value *object = kube_value_get(event, "object");
	g_autoptr(kube_seen_auto) now = kube_seen_new(object, "deployd");
	unsigned compared = 0;

	g_assert_nonnull(now);
	for (size_t i = 0; i < kube_value_count(items); i++) {
		const struct kube_value *item = kube_value_item(items, i);
		g_autoptr(kube_seen_auto) old = kube_seen_new(item, "deployd");
		struct kube_change change = {false};

		g_assert_nonnull(old);
		if (strcmp(kube_seen_uid(old), kube_seen_uid(now)) == 0) {
			g_assert_true(kube_seen_judge(old, now, &change));
			g_assert_cmpstr(change.manager, ==, "hand");
			compared++;
		}
		kube_change_clear(&change);
	}
	for (size_t i = 0; i < kube_value_count(kube_value_get(partial, "events")); i++) {
		const struct kube_value *one =
			kube_value_item(kube_value_get(partial, "events"), i);
		g_autoptr(kube_seen_auto) seen =
			kube_seen_new(kube_value_get(one, "object"), "deployd");

		g_assert_nonnull(seen);
	}
	g_assert_cmpuint(compared, ==, 1);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/kube/seen/judge", test_judge);
	g_test_add_func("/kube/seen/new", test_new);
	g_test_add_func("/kube/seen/recreated", test_recreated);
	g_test_add_func("/kube/seen/no-object", test_no_object);
	g_test_add_func("/kube/seen/recorded", test_recorded);
	return g_test_run();
}
