/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * Who may come in by TCP, how many at once, for how long and how often. Pure:
 * time comes in as monotonic microseconds, and a connection is a descriptor that
 * is handed back when it must be cut. Memory is bounded by the limits.
 *
 *	gate_new(&limits)
 *	gate_admits(gate, &peer)              a connection may come
 *	visit = gate_enter(gate, &peer, fd, now)   it is there; asking until
 *	gate_answering(visit, now)                 its request is complete
 *	gate_asking(visit, now)                    the answer has gone, it may ask again
 *	gate_leave(gate, visit)
 *	gate_sweep(gate, now, cut, user)      cuts those whose time is up
 *	gate_take(gate, &peer, now, &denied)  one request; false: too many
 *
 * A peer is an IPv4 address or the /64 of an IPv6 address: more are free for
 * everybody who has one.
 */
#include <glib.h>
#include <stdbool.h>

#include "base/net.h"

struct gate;
struct visit;
struct gate_limits {
	unsigned connections, peer_connections;
	gint64 ask, answer;   /* microseconds */
	unsigned rate, burst; /* requests a minute, and at once */
};
typedef void (*gate_cut)(int fd, void *user);

struct gate *gate_new(const struct gate_limits *limits);
void gate_free(struct gate *gate);
/* free: the peer does not count by itself, as a proxy does not. */
bool gate_admits(const struct gate *gate, const struct net_address *peer, bool is_free);
/* When all places are taken, the one that has asked for the longest time is cut. */
struct visit *gate_enter(struct gate *gate, const struct net_address *peer, bool is_free, int fd,
			 gint64 now, gate_cut cut, void *user);
void gate_answering(struct gate *gate, struct visit *visit, gint64 now);
void gate_asking(struct gate *gate, struct visit *visit, gint64 now);
void gate_leave(struct gate *gate, struct visit *visit);
/* How many were cut. */
unsigned gate_sweep(struct gate *gate, gint64 now, gate_cut cut, void *user);
unsigned gate_visits(const struct gate *gate);
const struct net_address *gate_peer(const struct visit *visit);
/* denied: how many of the peer's requests have been denied in a row. */
bool gate_take(struct gate *gate, const struct net_address *peer, gint64 now, unsigned *denied);
