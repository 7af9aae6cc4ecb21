/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * Which of several agents leads: one Lease of coordination.k8s.io/v1, held by
 * the rules of client-go's leaderelection, so that either kind sees the other.
 * Pure: what to do, and what follows from an answer; lease-hold.h does it.
 *
 *	lease_init(&lease, "web1_6f2...", &lease_times_default)
 *	for (;;) {
 *		switch (lease_next(&lease, now, &wait)) ...   -- what to ask the server
 *		lease_answer(&lease, &answer)                 -- what came, or that nothing did
 *		lease_leads(&lease, now)                      -- may we act?
 *	}
 *	lease_clear(&lease)
 *
 * Time is the caller's, in milliseconds, from a clock that no one sets and that
 * goes on while the machine sleeps (CLOCK_BOOTTIME). Another's clock is never
 * believed: a Lease is free when its text has not changed for as long as it
 * says itself, counted from when we saw that text first. We lead until
 * `renew` after the moment at which the last write that succeeded was sent, and
 * no longer, whatever the server says later; others may take the Lease only
 * `duration` after they saw that write, also when the Lease was deleted meanwhile. So nobody leads
 *before the former one has stopped, unless that one stands still between its look at the clock and
 * what it does then: this is no fence. What we do in a cluster carries
 * preconditions of its own.
 */
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "kube/value.h"

struct lease_times {
	int64_t duration; /* milliseconds; whole seconds */
	int64_t renew;	  /* less than duration */
	int64_t retry;	  /* less than renew */
};
extern const struct lease_times lease_times_default; /* 15 s, 10 s, 2 s */
#define LEASE_SECONDS_MIN 3
#define LEASE_SECONDS_MAX 600
/* In the same proportion, for another duration. */
struct lease_times lease_times_of(int64_t seconds);

enum lease_todo {
	LEASE_WAIT,   /* nothing before *wait milliseconds have passed */
	LEASE_READ,   /* GET */
	LEASE_CREATE, /* POST lease_body() */
	LEASE_WRITE,  /* PUT lease_body(), with the resourceVersion that was read */
	LEASE_LOST,   /* we led and no longer do: end. Nothing else comes after it */
};
enum lease_came {
	LEASE_FOUND,   /* the object, read or as it was written */
	LEASE_ABSENT,  /* 404 */
	LEASE_CHANGED, /* 409: somebody was faster */
	LEASE_NOTHING, /* any other failure, also of a write that may have been done */
};

struct lease {
	char *identity;
	struct lease_times times;
	struct kube_value *object; /* as last seen; NULL: none */
	char *seen;		   /* its spec, to tell a change */
	int64_t seen_at;	   /* when that spec was seen first */
	enum lease_todo todo;	   /* asked for by lease_next() */
	int64_t sent_at;	   /* when */
	int64_t next_at;	   /* nothing before that */
	int64_t led_until;	   /* valid while leading */
	bool leading, lost;
	bool fresh;  /* object is as the server has it, as far as is known */
	bool absent; /* there was none */
};

void lease_init(struct lease *lease, const char *identity, const struct lease_times *times);
void lease_clear(struct lease *lease);

enum lease_todo lease_next(struct lease *lease, int64_t now, int64_t *wait);
/* What came of the last LEASE_READ, LEASE_CREATE or LEASE_WRITE. object (taken; NULL but with
 * LEASE_FOUND): one that is no Lease counts as LEASE_NOTHING. */
void lease_answer(struct lease *lease, enum lease_came came, struct kube_value *object,
		  int64_t now);
/* May we act? Milliseconds for which we still may, 0: we may not. */
int64_t lease_leads(const struct lease *lease, int64_t now);
/* Who holds it as far as is known; NULL: nobody, or not read yet. Borrowed until the next answer.
 */
const char *lease_holder(const struct lease *lease);

/* The JSON of the Lease with which we take or keep it, for LEASE_CREATE and LEASE_WRITE. wall:
 * microseconds since 1970, for people who read it. g_free() */
char *lease_body(const struct lease *lease, const char *namespace, const char *name, int64_t wall);
/* The Lease given back, for one more PUT, after which nothing is done any more; NULL: it is not
 * ours to give. */
char *lease_release(struct lease *lease, int64_t now, int64_t wall);
