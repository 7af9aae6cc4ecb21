/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of src/cluster/lease.c: candidates over a Lease that lives in the test, in scripted time.
 */
#include <string.h>

#include "cluster/lease.h"

/* The server: one Lease, its resourceVersion, and what it counts. */
struct server {
	struct kube_value *object;
	int version;
	bool down, mute; /* answers nothing; does what it is asked, and the answer is lost */
};
struct candidate {
	struct lease lease;
	int64_t skew; /* of its clock from the test's */
	int64_t wall; /* of its calendar, microseconds */
	bool ended;
};

static void server_store(struct server *s, const char *text)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *version = g_strdup_printf("%d", ++s->version);
	struct kube_value *object;

	g_assert_true(kube_value_parse(text, strlen(text), 1 << 20, &object, &error));
	g_assert_no_error(error);
	kube_value_set(kube_value_get(object, "metadata"), "resourceVersion",
		       kube_value_string(version, -1));
	kube_value_free(s->object);
	s->object = object;
}

static enum lease_came found(struct server *s, struct kube_value **out)
{
	*out = kube_value_dup(s->object);
	return LEASE_FOUND;
}

static enum lease_came server_ask(struct server *s, struct candidate *c, enum lease_todo todo,
				  struct kube_value **out)
{
	g_autofree char *body = NULL;
	g_autoptr(kube_value_auto) sent = NULL;

	*out = NULL;
	if (s->down) {
		return LEASE_NOTHING;
	}
	if (todo == LEASE_READ) {
		return s->object == NULL ? LEASE_ABSENT : found(s, out);
	}
	body = lease_body(&c->lease, "assent", "lead", c->wall);
	g_assert_true(kube_value_parse(body, strlen(body), 1 << 20, &sent, NULL));
	if (todo == LEASE_CREATE && s->object != NULL) {
		return LEASE_CHANGED;
	}
	if (todo == LEASE_WRITE && s->object == NULL) {
		return LEASE_ABSENT;
	}
	if (todo == LEASE_WRITE &&
	    g_strcmp0(kube_value_str_at(sent, "metadata", "resourceVersion", NULL),
		      kube_value_str_at(s->object, "metadata", "resourceVersion", NULL)) != 0) {
		return LEASE_CHANGED;
	}
	server_store(s, body);
	return s->mute ? LEASE_NOTHING : found(s, out);
}

/* All that it does at this moment; took: of each request. */
static void act(struct server *s, struct candidate *c, int64_t *now, int64_t took)
{
	struct kube_value *object;
	enum lease_todo todo;
	enum lease_came came;
	int64_t wait;

	for (unsigned i = 0; !c->ended && i < 10; i++) {
		todo = lease_next(&c->lease, *now + c->skew, &wait);
		if (todo == LEASE_LOST) {
			c->ended = true;
		}
		if (todo == LEASE_LOST || todo == LEASE_WAIT) {
			g_assert_true(todo == LEASE_LOST || wait > 0);
			return;
		}
		came = server_ask(s, c, todo, &object);
		*now += took;
		lease_answer(&c->lease, came, object, *now + c->skew);
	}
	g_assert_true(c->ended);
}

static bool leads(const struct candidate *c, int64_t now)
{
	return !c->ended && lease_leads(&c->lease, now + c->skew) > 0;
}

static void begin(struct candidate *c, const char *identity)
{
	memset(c, 0, sizeof(*c));
	lease_init(&c->lease, identity, &lease_times_default);
	c->wall = 1795000000123456;
}

static void end(struct server *s, struct candidate *a, struct candidate *b)
{
	kube_value_free(s->object);
	lease_clear(&a->lease);
	if (b != NULL) {
		lease_clear(&b->lease);
	}
}

static const char *spec(const struct server *s, const char *name)
{
	size_t len;

	return kube_value_text(kube_value_at(s->object, "spec", name, NULL), &len);
}

static void test_take(void)
{
	struct server s = {0};
	struct candidate a;
	int64_t now = 0;

	begin(&a, "a");
	g_assert_false(leads(&a, now));
	g_assert_null(lease_holder(&a.lease));
	act(&s, &a, &now, 0);
	g_assert_true(leads(&a, now));
	g_assert_cmpstr(lease_holder(&a.lease), ==, "a");
	g_assert_cmpstr(spec(&s, "holderIdentity"), ==, "a");
	g_assert_cmpstr(spec(&s, "leaseDurationSeconds"), ==, "15");
	g_assert_cmpstr(spec(&s, "leaseTransitions"), ==, "0");
	/* MicroTime, with exactly six digits. */
	g_assert_cmpstr(spec(&s, "acquireTime"), ==, "2026-11-18T11:06:40.123456Z");
	g_assert_cmpstr(spec(&s, "renewTime"), ==, spec(&s, "acquireTime"));
	g_assert_cmpstr(kube_value_str_at(s.object, "metadata", "namespace", NULL), ==, "assent");
	g_assert_cmpstr(kube_value_str_at(s.object, "metadata", "name", NULL), ==, "lead");
	now += 2000;
	a.wall = 1795000002000007;
	act(&s, &a, &now, 0);
	g_assert_cmpstr(spec(&s, "renewTime"), ==, "2026-11-18T11:06:42.000007Z");
	g_assert_cmpstr(spec(&s, "acquireTime"), ==, "2026-11-18T11:06:40.123456Z");
	g_assert_cmpint(s.version, ==, 2);
	end(&s, &a, NULL);
}

/* Never two, whatever becomes of the first, however their clocks stand. */
static void take_over(int64_t skew, int64_t wall, bool mute)
{
	struct server s = {0};
	struct candidate a, b;
	int64_t now = 1000, left = -1, taken = -1;

	begin(&a, "a");
	begin(&b, "b");
	b.skew = skew;
	b.wall = wall;
	act(&s, &a, &now, 0);
	for (int i = 0; i < 600 && taken < 0; i++, now += 100) {
		bool dark = now >= 9000; // from then on the first reaches nobody

		s.down = dark && !mute;
		s.mute = dark && mute && now < 12000;
		if (!dark || !mute || now < 12000) {
			act(&s, &a, &now, 0);
		}
		s.down = s.mute = false;
		if (left < 0 && !leads(&a, now)) {
			left = now;
		}
		act(&s, &b, &now, 0);
		g_assert_false(leads(&a, now) && leads(&b, now));
		if (leads(&b, now)) {
			taken = now;
		}
	}
	g_assert_cmpint(left, >, 9000);
	g_assert_cmpint(taken, >=, left + 4000); // 15 s less 10 s, less the steps of this test
	g_assert_cmpstr(spec(&s, "holderIdentity"), ==, "b");
	g_assert_cmpstr(spec(&s, "leaseTransitions"), ==, "1");
	act(&s, &a, &now, 0);
	g_assert_true(a.ended); // and it stays so
	end(&s, &a, &b);
}

static void test_take_over(void)
{
	take_over(0, 1795000000000000, false);
	take_over(86400000, 0, false);		       // ahead by a day, its calendar in 1970
	take_over(-86400000, 4102444800000000, false); // behind, in 2100
	take_over(0, 1795000000000000, true);	       // its writes are done, and it is not told
	take_over(-86400000, 4102444800000000, true);
}

/* Another's text that changes is a life sign, whatever time it states. */
static void test_others_clock(void)
{
	struct server s = {0};
	struct candidate a, b;
	int64_t now = 0;

	begin(&a, "a");
	begin(&b, "b");
	a.wall = 1000000; // 1970
	act(&s, &a, &now, 0);
	for (int i = 0; i < 60; i++, now += 1000) {
		a.wall -= 10; // and going back
		act(&s, &a, &now, 0);
		act(&s, &b, &now, 0);
		g_assert_true(leads(&a, now));
		g_assert_false(leads(&b, now));
	}
	g_assert_cmpstr(lease_holder(&b.lease), ==, "a");
	end(&s, &a, &b);
}

static void test_release(void)
{
	struct server s = {0};
	struct candidate a, b;
	g_autofree char *body = NULL;
	int64_t now = 0;

	begin(&a, "a");
	begin(&b, "b");
	act(&s, &a, &now, 0);
	act(&s, &b, &now, 0);
	body = lease_release(&b.lease, now, b.wall);
	g_assert_null(body); // not its own
	lease_clear(&b.lease);
	begin(&b, "b");
	act(&s, &b, &now, 0);
	now += 2000;
	act(&s, &a, &now, 0);
	body = lease_release(&a.lease, now, a.wall);
	g_assert_nonnull(body);
	g_assert_false(leads(&a, now));
	server_store(&s, body);
	g_assert_cmpstr(spec(&s, "holderIdentity"), ==, "");
	g_assert_cmpstr(spec(&s, "leaseDurationSeconds"), ==, "1");
	act(&s, &b, &now, 0);
	g_assert_true(leads(&b, now)); // at its next look
	g_assert_cmpstr(spec(&s, "leaseTransitions"), ==, "1");
	g_assert_cmpstr(spec(&s, "leaseDurationSeconds"), ==, "15");
	act(&s, &a, &now, 0);
	g_assert_true(a.ended);
	end(&s, &a, &b);
}

/* A person deletes it; b looks before a does, and a may still act. */
static void test_deleted(void)
{
	struct server s = {0};
	struct candidate a, b;
	int64_t now = 0;

	begin(&a, "a");
	begin(&b, "b");
	act(&s, &a, &now, 0);
	act(&s, &b, &now, 0);
	g_assert_true(leads(&a, now));
	g_clear_pointer(&s.object, kube_value_free);
	a.wall += 4000000;
	for (now = 2000; now <= 4000; now += 2000) {
		act(&s, &b, &now, 0);
		g_assert_null(s.object);
		g_assert_false(leads(&b, now));
		act(&s, &a, &now, 0);
		g_assert_true(leads(&a, now));
	}
	g_assert_cmpstr(spec(&s, "holderIdentity"), ==, "a");
	act(&s, &b, &now, 0);
	g_assert_cmpstr(lease_holder(&b.lease), ==, "a");
	g_clear_pointer(&s.object, kube_value_free); // and a is no more
	for (; now < 6000 + 15000; now += 1000) {
		act(&s, &b, &now, 0);
		g_assert_null(s.object);
		g_assert_false(leads(&b, now));
	}
	for (; now <= 6000 + 15000 + 2000; now += 1000) {
		act(&s, &b, &now, 0);
	}
	g_assert_true(leads(&b, now));
	end(&s, &a, &b);
}

static void test_race(void)
{
	struct server s = {0};
	struct candidate a, b;
	struct kube_value *object;
	int64_t now = 0, wait;

	begin(&a, "a");
	begin(&b, "b");
	g_assert_cmpint(lease_next(&a.lease, now, &wait), ==, LEASE_READ);
	g_assert_cmpint(lease_next(&b.lease, now, &wait), ==, LEASE_READ);
	lease_answer(&a.lease, LEASE_ABSENT, NULL, now);
	lease_answer(&b.lease, LEASE_ABSENT, NULL, now);
	g_assert_cmpint(lease_next(&a.lease, now, &wait), ==, LEASE_CREATE);
	g_assert_cmpint(lease_next(&b.lease, now, &wait), ==, LEASE_CREATE);
	g_assert_cmpint(server_ask(&s, &b, LEASE_CREATE, &object), ==, LEASE_FOUND);
	lease_answer(&b.lease, LEASE_FOUND, object, now);
	g_assert_cmpint(server_ask(&s, &a, LEASE_CREATE, &object), ==, LEASE_CHANGED);
	lease_answer(&a.lease, LEASE_CHANGED, NULL, now);
	g_assert_true(leads(&b, now));
	g_assert_false(leads(&a, now));
	g_assert_cmpint(lease_next(&a.lease, now, &wait), ==, LEASE_WAIT);
	now += wait;
	act(&s, &a, &now, 0);
	g_assert_cmpstr(lease_holder(&a.lease), ==, "b");
	g_assert_false(leads(&a, now));
	end(&s, &a, &b);
}

/* What a leader meets while it renews, and whether it leads afterwards. */
static void test_renewals(void)
{
	static const struct {
		const char *name, *lease; /* what is there then; NULL: nothing, "": as it was */
		bool still;
	} cases[] = {
		{"deleted", NULL, true},
		{"labelled by a person",
		 "{\"kind\":\"Lease\",\"metadata\":{\"labels\":{\"x\":\"y\"}},"
		 "\"spec\":{\"holderIdentity\":\"a\"}}",
		 true},
		{"given to another",
		 "{\"kind\":\"Lease\",\"metadata\":{},\"spec\":"
		 "{\"holderIdentity\":\"c\",\"leaseDurationSeconds\":15}}",
		 false},
		{"emptied", "{\"kind\":\"Lease\",\"metadata\":{},\"spec\":{}}", false},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct server s = {0};
		struct candidate a;
		int64_t now = 0;

		g_test_message("%s", cases[i].name);
		begin(&a, "a");
		act(&s, &a, &now, 0);
		g_clear_pointer(&s.object, kube_value_free);
		if (cases[i].lease != NULL) {
			server_store(&s, cases[i].lease);
		}
		for (int j = 0; j < 5; j++) {
			now += 2000;
			act(&s, &a, &now, 0);
		}
		g_assert_cmpint(leads(&a, now), ==, cases[i].still);
		g_assert_cmpint(a.ended, ==, !cases[i].still);
		if (i == 1) { // what others put there stays
			g_assert_cmpstr(
				kube_value_str_at(s.object, "metadata", "labels", "x", NULL), ==,
				"y");
		}
		end(&s, &a, NULL);
	}
}

/* The time that a request took is taken off: others may have seen the write at its beginning. */
static void test_slow(void)
{
	struct server s = {0};
	struct candidate a;
	int64_t now = 0;

	begin(&a, "a");
	act(&s, &a, &now, 4000); // read and created
	g_assert_cmpint(now, ==, 8000);
	g_assert_cmpint(lease_leads(&a.lease, now), ==, 6000);
	lease_clear(&a.lease);
	begin(&a, "a2");
	kube_value_free(s.object);
	s.object = NULL;
	act(&s, &a, &now, 11000); // longer than it may lead
	g_assert_false(leads(&a, now));
	act(&s, &a, &now, 0);
	g_assert_true(a.ended);
	end(&s, &a, NULL);
}

static void test_clock(void)
{
	struct server s = {0};
	struct candidate a, b;
	int64_t now = 100000, wait;

	begin(&a, "a");
	begin(&b, "b");
	act(&s, &a, &now, 0);
	act(&s, &b, &now, 0);
	g_assert_cmpint(lease_leads(&a.lease, now), ==, 10000);
	g_assert_cmpint(lease_leads(&a.lease, now + 9999), ==, 1);
	g_assert_cmpint(lease_leads(&a.lease, now + 10000), ==, 0);
	g_assert_cmpint(lease_leads(&a.lease, now - 1), ==, 0);	      // no clock of ours does that
	g_assert_cmpint(lease_leads(&a.lease, now + 3600000), ==, 0); // it slept
	g_assert_cmpint(lease_next(&b.lease, now - 50000, &wait), ==, LEASE_WAIT);
	now -= 50000;
	b.lease.next_at = now;
	act(&s, &b, &now, 0);
	g_assert_false(leads(&b, now)); // what went back has not lasted
	end(&s, &a, &b);
}

/* What another says of its duration counts, within bounds; without it, ours does. */
static void test_durations(void)
{
	static const struct {
		const char *text;
		int64_t lasts;
	} cases[] = {
		{"\"leaseDurationSeconds\":40,", 40000},   {"", 15000},
		{"\"leaseDurationSeconds\":0,", 15000},	   {"\"leaseDurationSeconds\":-5,", 15000},
		{"\"leaseDurationSeconds\":null,", 15000}, {"\"leaseDurationSeconds\":1,", 1000},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct server s = {0};
		struct candidate a;
		int64_t now = 0, wait;
		g_autofree char *text =
			g_strdup_printf("{\"kind\":\"Lease\",\"metadata\":{},\"spec\":{%s"
					"\"holderIdentity\":\"x\"}}",
					cases[i].text);

		server_store(&s, text);
		begin(&a, "a");
		act(&s, &a, &now, 0);
		g_assert_false(leads(&a, now));
		while (!leads(&a, now)) {
			if (lease_next(&a.lease, now, &wait) == LEASE_WAIT) {
				now += wait;
			}
			act(&s, &a, &now, 0);
			g_assert_cmpint(now, <, 60000);
		}
		g_assert_cmpint(now, >=, cases[i].lasts);
		g_assert_cmpint(now, <=, cases[i].lasts + 2000);
		end(&s, &a, NULL);
	}
}

/* What is no Lease is no answer. */
static void test_nonsense(void)
{
	static const char *const cases[] = {
		"{\"kind\":\"Status\",\"metadata\":{}}",
		"{\"kind\":\"Lease\",\"metadata\":{},\"spec\":[]}",
		"{\"kind\":\"Lease\",\"metadata\":{},\"spec\":\"a\"}",
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct server s = {0};
		struct candidate a;
		int64_t now = 0;

		server_store(&s, cases[i]);
		begin(&a, "a");
		for (int j = 0; j < 20; j++, now += 2000) {
			act(&s, &a, &now, 0);
			g_assert_false(leads(&a, now));
		}
		g_assert_cmpint(s.version, ==, 1);
		end(&s, &a, NULL);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/lease/take-and-renew", test_take);
	g_test_add_func("/lease/never-two", test_take_over);
	g_test_add_func("/lease/others-clock-is-not-believed", test_others_clock);
	g_test_add_func("/lease/release", test_release);
	g_test_add_func("/lease/race-for-a-new-one", test_race);
	g_test_add_func("/lease/deleted", test_deleted);
	g_test_add_func("/lease/renewals", test_renewals);
	g_test_add_func("/lease/slow-requests", test_slow);
	g_test_add_func("/lease/clock", test_clock);
	g_test_add_func("/lease/durations", test_durations);
	g_test_add_func("/lease/nonsense", test_nonsense);
	return g_test_run();
}
