/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of agent/http/gate.c: numbers, times and rates, with a scripted clock. */
#include "agent/http/gate.h"

#define SECOND ((gint64)G_USEC_PER_SEC)

static const struct gate_limits small = {.connections = 4,
					 .peer_connections = 2,
					 .ask = 10 * SECOND,
					 .answer = 60 * SECOND,
					 .rate = 60,
					 .burst = 3};

static struct net_address peer_of(const char *text)
{
	struct net_address peer;

	g_assert_true(net_address_parse(&peer, text));
	return peer;
}

struct cuts {
	int fds[16];
	unsigned n;
};

static void note_cut(int fd, void *user)
{
	struct cuts *cuts = user;

	cuts->fds[cuts->n++] = fd;
}

static struct visit *enter(struct gate *gate, const char *peer, int fd, gint64 now,
			   struct cuts *cuts)
{
	struct net_address address = peer_of(peer);

	return gate_enter(gate, &address, false, fd, now, note_cut, cuts);
}

static bool admits(const struct gate *gate, const char *peer, bool is_free)
{
	struct net_address address = peer_of(peer);

	return gate_admits(gate, &address, is_free);
}

static void test_one_peer_has_its_share(void)
{
	struct gate *gate = gate_new(&small);
	struct cuts cuts = {.n = 0};
	struct visit *a = enter(gate, "192.0.2.1", 1, 0, &cuts);
	struct visit *b = enter(gate, "192.0.2.1", 2, 0, &cuts);

	g_assert_false(admits(gate, "192.0.2.1", false));
	g_assert_true(admits(gate, "192.0.2.1", true)); // a proxy stands for many
	g_assert_true(admits(gate, "192.0.2.2", false));
	gate_leave(gate, a);
	g_assert_true(admits(gate, "192.0.2.1", false));
	gate_leave(gate, b);
	g_assert_cmpuint(cuts.n, ==, 0);
	g_assert_cmpuint(gate_visits(gate), ==, 0);
	gate_free(gate);
}

static void test_neighbours_of_ipv6_are_one_peer(void)
{
	struct gate *gate = gate_new(&small);
	struct cuts cuts = {.n = 0};
	struct visit *a = enter(gate, "2001:db8:0:1::1", 1, 0, &cuts);
	struct visit *b = enter(gate, "2001:db8:0:1:ffff::2", 2, 0, &cuts);

	g_assert_false(admits(gate, "2001:db8:0:1::3", false));
	g_assert_true(admits(gate, "2001:db8:0:2::3", false));
	gate_leave(gate, a);
	gate_leave(gate, b);
	gate_free(gate);
}

static void test_the_slowest_makes_place(void)
{
	struct gate *gate = gate_new(&small);
	struct cuts cuts = {.n = 0};
	struct visit *v[6];

	v[0] = enter(gate, "192.0.2.1", 1, 0, &cuts);
	v[1] = enter(gate, "192.0.2.2", 2, 1, &cuts);
	v[2] = enter(gate, "192.0.2.3", 3, 2, &cuts);
	v[3] = enter(gate, "192.0.2.4", 4, 3, &cuts);
	gate_answering(gate, v[0], 4); // is being served, and is left alone
	g_assert_true(admits(gate, "192.0.2.5", false));
	v[4] = enter(gate, "192.0.2.5", 5, 5, &cuts);
	g_assert_cmpuint(cuts.n, ==, 1);
	g_assert_cmpint(cuts.fds[0], ==, 2);
	v[5] = enter(gate, "192.0.2.6", 6, 6, &cuts); // the one cut is still there
	g_assert_cmpint(cuts.fds[1], ==, 3);
	gate_asking(gate, v[1], 7); // being cut is final
	g_assert_cmpuint(gate_sweep(gate, 3600 * SECOND, note_cut, &cuts), ==, 4);
	g_assert_cmpuint(cuts.n, ==, 6);
	for (unsigned i = 0; i < G_N_ELEMENTS(v); i++) {
		gate_leave(gate, v[i]);
	}
	gate_free(gate);
}

static void test_no_place_when_all_are_served(void)
{
	struct gate *gate = gate_new(&small);
	struct cuts cuts = {.n = 0};
	struct visit *v[4];

	for (unsigned i = 0; i < G_N_ELEMENTS(v); i++) {
		g_autofree char *peer = g_strdup_printf("192.0.2.%u", i);

		v[i] = enter(gate, peer, (int)i, 0, &cuts);
		gate_answering(gate, v[i], 0);
	}
	g_assert_false(admits(gate, "192.0.2.9", false));
	g_assert_false(admits(gate, "192.0.2.9", true));
	gate_asking(gate, v[2], 1);
	g_assert_true(admits(gate, "192.0.2.9", false));
	for (unsigned i = 0; i < G_N_ELEMENTS(v); i++) {
		gate_leave(gate, v[i]);
	}
	gate_free(gate);
}

static void test_time_is_up_however_it_trickles(void)
{
	struct gate *gate = gate_new(&small);
	struct cuts cuts = {.n = 0};
	struct visit *slow = enter(gate, "192.0.2.1", 1, 0, &cuts);
	struct visit *served = enter(gate, "192.0.2.2", 2, 0, &cuts);
	struct visit *again = enter(gate, "192.0.2.3", 3, 0, &cuts);

	gate_answering(gate, served, 9 * SECOND);
	gate_answering(gate, again, 9 * SECOND);
	gate_asking(gate, again, 9 * SECOND);
	g_assert_cmpuint(gate_sweep(gate, 10 * SECOND - 1, note_cut, &cuts), ==, 0);
	g_assert_cmpuint(gate_sweep(gate, 10 * SECOND, note_cut, &cuts), ==, 1);
	g_assert_cmpint(cuts.fds[0], ==, 1);
	g_assert_cmpuint(gate_sweep(gate, 11 * SECOND, note_cut, &cuts), ==, 0);
	g_assert_cmpuint(gate_sweep(gate, 19 * SECOND, note_cut, &cuts), ==, 1);
	g_assert_cmpint(cuts.fds[1], ==, 3);
	g_assert_cmpuint(gate_sweep(gate, 69 * SECOND, note_cut, &cuts), ==, 1);
	g_assert_cmpint(cuts.fds[2], ==, 2);
	gate_leave(gate, slow);
	gate_leave(gate, served);
	gate_leave(gate, again);
	gate_free(gate);
}

static bool take(struct gate *gate, const char *peer, gint64 now, unsigned *denied)
{
	struct net_address address = peer_of(peer);

	return gate_take(gate, &address, now, denied);
}

static void test_rate(void)
{
	struct gate *gate = gate_new(&small);
	gint64 now = 1000 * SECOND;
	unsigned denied = 0;

	for (unsigned i = 0; i < 3; i++) {
		g_assert_true(take(gate, "192.0.2.1", now, &denied));
		g_assert_cmpuint(denied, ==, 0);
	}
	g_assert_false(take(gate, "192.0.2.1", now, &denied));
	g_assert_cmpuint(denied, ==, 1);
	g_assert_false(take(gate, "192.0.2.1", now + SECOND / 2, &denied));
	g_assert_cmpuint(denied, ==, 2);
	g_assert_true(take(gate, "192.0.2.2", now, &denied)); // another's trouble
	g_assert_cmpuint(denied, ==, 0);
	g_assert_true(take(gate, "192.0.2.1", now + SECOND, &denied));
	g_assert_cmpuint(denied, ==, 2); // told once
	g_assert_false(take(gate, "192.0.2.1", now + SECOND, &denied));
	g_assert_cmpuint(denied, ==, 1);
	now += 3600 * SECOND; // no more than the burst is saved
	for (unsigned i = 0; i < 3; i++) {
		g_assert_true(take(gate, "192.0.2.1", now, &denied));
	}
	g_assert_false(take(gate, "192.0.2.1", now, &denied));
	gate_free(gate);
}

/* However many ask, the table stays as it is, and the one who floods is not forgotten by it. */
static void test_many_peers(void)
{
	struct gate *gate = gate_new(&small);
	gint64 now = 1000 * SECOND;
	unsigned denied, i, kept = 0;

	for (i = 0; i < 100000; i++) {
		g_autofree char *peer =
			g_strdup_printf("10.%u.%u.%u", i >> 16, i >> 8 & 255, i & 255);

		g_assert_true(take(gate, peer, now + i, &denied));
		if (i % 100 == 0) {
			kept += !take(gate, "192.0.2.1", now + i, &denied);
		}
	}
	g_assert_cmpuint(kept, >, 900);
	gate_free(gate);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/gate/one-peer-has-its-share", test_one_peer_has_its_share);
	g_test_add_func("/gate/neighbours-of-ipv6-are-one-peer",
			test_neighbours_of_ipv6_are_one_peer);
	g_test_add_func("/gate/the-slowest-makes-place", test_the_slowest_makes_place);
	g_test_add_func("/gate/no-place-when-all-are-served", test_no_place_when_all_are_served);
	g_test_add_func("/gate/time-is-up-however-it-trickles",
			test_time_is_up_however_it_trickles);
	g_test_add_func("/gate/rate", test_rate);
	g_test_add_func("/gate/many-peers", test_many_peers);
	return g_test_run();
}
