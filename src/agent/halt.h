/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * What keeps an approved plan although nothing is wrong with it: everything was
 * stopped, its stack was suspended, or another stack goes first.
 *
 * A stop of everything stands in the log (fold->stopped) and in a file
 * (base/stopfile.h); either is enough, and both must go before an apply begins.
 * The file is looked at before every step and again when a worker is about to
 * start.
 */
#include "agent/agent.h"

/* Before the steps of an event: writes down what the file says, and ends a stop whose time is over.
 */
void halt_update(struct agent *agent);
/* Before each step: says in unit->step what keeps it. */
void halt_look(struct agent_unit *unit);
/* After the steps of an event: who waits for this stack looks again. */
void halt_told(struct agent_unit *unit);
/* For jobs_set_gate(): may this worker start now? */
bool halt_allows(enum stack_job kind, const char *stack, void *user, GError **error);
/* until 0: until somebody resumes all. False when the file or the log could not be written; what
 * was stopped so far stays so. */
bool halt_stop(struct agent *agent, const char *person, const char *reason, int64_t until,
	       GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool halt_go(struct agent *agent, const char *person, const char *reason, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
bool halt_is_stopped(const struct agent *agent);
/* The stack's own, person NULL: by the agent, since its time was over. */
bool halt_resume(struct agent_unit *unit, const char *person, const char *reason, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
/* All stacks look again, from the loop. */
void halt_look_soon(struct agent *agent);
