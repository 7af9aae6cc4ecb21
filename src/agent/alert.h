/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * What is wrong with a stack for too long, as a pure step.
 *
 * struct alert_log is what the log says: only fold-told.h changes it. struct
 * alert_watch is what this process knows besides. alert_step() says what is to
 * be written next; it is asked until it has nothing to say:
 *
 *	while (alert_step(&watch, &look, &news))
 *		...append the entry, which is folded into look.log...
 *	alert_wait(&watch)                    seconds until it is to be asked again
 *
 * A condition that has lasted, or a job that has failed ALERT_FAILURES times in
 * a row, is raised once. Reminders follow, each after a gap twice as long, until
 * it is over. What was over before it was raised is never told of.
 *
 * Flapping, by two thresholds: a condition that came or went ALERT_FLAPS times
 * within ALERT_FLAP_SPAN does, and goes on to until it has been calm for
 * ALERT_CALM or its changes are further apart than ALERT_FLAP_STAY. As long as
 * that is an alert, the condition raises none of its own.
 *
 * Times of the log are the wall clock's; how long something has lasted goes by
 * one that nobody sets, from the moment at which this process met it. A wall
 * clock that jumps moves no alert.
 */
#include <stdbool.h>
#include <stdint.h>

#include "agent/stack.h"
#include "core/record.h"

#define ALERT_CONDITIONS (CONDITION_SUSPENDED + 1)
#define ALERT_FAILURES 3
#define ALERT_FLAPS 5
#define ALERT_FLAP_SPAN 3600
#define ALERT_FLAP_STAY 7200
#define ALERT_CALM 1800
#define ALERT_GAP_MAX 86400

/* Of one condition. */
struct alert_facts {
	int64_t since; /* it holds since then, 0: it does not, or the log does not know */
	int64_t changes[ALERT_FLAPS]; /* when it came or went, newest first; 0: none */
	bool raised;
	bool quiet;    /* raised while the stack was suspended: nobody is told before it goes on */
	int64_t began; /* the newest alert's since, */
	int64_t time;  /* its newest entry, */
	int64_t count; /* its reminders */
	char reason[STACK_REASON_MAX];
};
struct alert_log {
	struct alert_facts of[ALERT_CONDITIONS];
	char failed[STACK_ID_SIZE]; /* the commit whose apply failed last, "": none; and why */
	char failed_why[STACK_REASON_MAX];
};

/* Zeroed at the start. */
struct alert_watch {
	struct {
		int64_t since;		   /* wall clock; 0: it does not hold */
		int64_t began;		   /* the same by the other one */
		int64_t told, told_at;	   /* the newest entry: other clock, wall clock */
		int64_t change, change_at; /* the newest change, in the same way */
	} of[ALERT_CONDITIONS];
	int64_t wait;
};

struct alert_look {
	const struct alert_log *log;
	const struct stack_facts *facts;
	const struct stack *stack;
	bool suspended;		    /* this stack, or all of them */
	int64_t after, remind, end; /* seconds; after 0: never; end: before a suspension is over */
	int64_t now;		    /* wall clock */
	int64_t clock;		    /* seconds of a clock that nobody sets */
};
struct alert_news {
	enum record_condition condition;
	enum record_alert_state state;
	int64_t since, count;
	char reason[STACK_REASON_MAX];
};

/* True: news is to be written down, and the step asked again. */
bool alert_step(struct alert_watch *watch, const struct alert_look *look, struct alert_news *news);
/* 0: not by itself. */
int64_t alert_wait(const struct alert_watch *watch);
/* Does this condition come and go, and has that been told instead of it? */
bool alert_is_flapping(const struct alert_log *log, enum record_condition condition);
