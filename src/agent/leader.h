/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * Leader election: of several agents with one Lease (kubernetes.leader-election)
 * the one that holds it acts, by a worker that keeps it (doc/worker.md, "lead").
 *
 *	agent->leader = leader_new(agent, &ops, user)     nothing is done from here on
 *	leader_start(agent->leader)
 *	ops.acquired(user)           once: now everything may begin
 *	ops.lost(user)               after that, once: end, before another may begin
 *	leader_stop(leader, done, user)      gives the Lease back; done() when that is over
 *	leader_free(leader)
 *
 * Whoever acts asks leader_acts(): it is false from the moment on at which the
 * newest renewal proves nothing any more, whatever the worker or the loop do. An
 * agent that led and no longer does never leads again: it ends, and whoever
 * started it starts it anew.
 */
#include "agent/agent.h"

struct leader_ops {
	void (*acquired)(void *user);
	void (*lost)(void *user);
};

struct leader *leader_new(struct agent *agent, const struct leader_ops *ops, void *user);
void leader_free(struct leader *leader);
void leader_start(struct leader *leader);
void leader_stop(struct leader *leader, void (*done)(void *user), void *user);

/* True without leader election, too. */
bool leader_acts(const struct agent *agent);
/* It never led in this process. */
bool leader_waits(const struct agent *agent);
/* Who leads instead, for people; borrowed until the loop runs. */
const char *leader_reason(const struct agent *agent);
/* "leader": null without leader election. */
void leader_write(struct json_writer *w, const struct agent *agent);
/* Between the end of leading and the moment at which another may lead: milliseconds. */
unsigned leader_grace(const struct agent *agent);
/* Does it still hold after a reload? */
bool leader_may_stay(const struct agent *agent, const struct conf *conf);
/* Before each step of a stack: says in unit->step what keeps it. */
void leader_look(struct agent_unit *unit);
