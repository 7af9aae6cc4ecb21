/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * Callbacks that must be answered at once, whatever the main loop waits for:
 * judged, kept and answered by the front (http/front.h); where the main loop may
 * know more, it is given a moment. What follows from them is the main loop's.
 *
 * A notifier that wants this has a door: a copy of what is needed to judge a
 * callback, and a place where it outlives the agent. Doors, what they remember
 * and the clicks that came in are under one lock, which the front holds while it
 * judges, and under which nobody writes to a disk. So a change of doors has a
 * moment: what was let in by a former door is kept by then, and what comes later
 * is of a new one.
 *
 *	doors_new()                      before there is a front
 *	doors_take(doors, "slack", call)     the front
 *	doors_lock(doors); doors_shut(doors); doors_add(doors, door); doors_unlock(doors)
 *	doors_hear(doors, heard, user)       heard(user): there are clicks
 *	click = doors_next(doors)            one after the other
 *	doors_free(doors)                after the last front
 *
 * All but doors_take() is for the main loop.
 */
#include <glib.h>
#include <stdbool.h>

struct call;
struct click;
struct door;
struct doors;
struct notifier;

enum door_verdict {
	DOOR_REFUSED, /* with an error of NOTIFY_ERROR */
	DOOR_DONE,    /* there is nothing to do but to say so */
	DOOR_CLICK,   /* the same, and the main loop has something to do: it is kept for it */
	DOOR_ASK,     /* kept, too, and the main loop may know a better answer */
	DOOR_LATER,   /* the main loop must judge it: it cannot be kept */
};

/* Embedded by the system's own; lives until doors_shut(). */
struct door {
	const char *name;   /* of the system */
	struct notifier *n; /* the main loop's */
	/* By the front, under the lock. out: for DOOR_CLICK and DOOR_ASK. */
	enum door_verdict (*judge)(struct door *door, const struct call *call, struct click **out,
				   GError **error);
};

struct click {
	struct door *door;
	struct call *call; /* wants to be answered and returned; NULL: it was answered */
	void *read;	   /* the system's, with the way to free it */
	GDestroyNotify free_read;
	char *bytes; /* as they came */
	size_t len;
	char *kept; /* where it outlives the agent */
};

struct doors *doors_new(void);
void doors_free(struct doors *doors);
/* True when the call is answered, or will be; false: it is the main loop's. */
bool doors_take(struct doors *doors, const char *name, struct call *call);
void doors_hear(struct doors *doors, void (*heard)(void *user), void *user);
void doors_lock(struct doors *doors);
/* Locked. Forgets all doors, and the clicks that nobody has taken: they are answered, and kept. */
void doors_shut(struct doors *doors);
/* Locked. */
void doors_add(struct doors *doors, struct door *door);
void doors_unlock(struct doors *doors);
/* NULL: there is none. */
struct click *doors_next(struct doors *doors);
void click_free(struct click *click);
