/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * A thread of its own for what others reach by TCP, so that a callback which
 * must be answered at once does not wait for the disk as the main loop does.
 * This is the one place where two threads meet:
 *
 *  1. All state of the agent (log, policy, stacks, notifiers, sessions,
 *     configuration) is the main loop's. The front touches none of it.
 *  2. libmicrohttpd, gate and guard of a port (web.c) are the front's. It never
 *     waits: for no lock that is held over a disk's work, and never for the main
 *     loop. The main loop may wait for it, with front_ask().
 *  3. A call is one thread's at a time. web.c suspends it and hands it on by
 *     front_tell(); it comes back by call_return(). While the main loop has it,
 *     it may read the suspended connection's headers and make a response, which
 *     the front then queues: nothing else of libmicrohttpd.
 *  4. What both know (notify/door.h) has a lock of its own, and is not the
 *     configuration but a copy of the little that is needed.
 *
 *	front_open(&front, &error)
 *	front_do(front, f, x)     f(x) in the front, soon
 *	front_ask(front, f, x)    the same, and returns when it is done; main loop only
 *	front_tell(front, f, x)   f(x) in the main loop, soon
 *	front_stop(front)         ends the thread, and does what was still to be done
 *	front_free(front)
 *
 * Each side gets its letters in the order in which they were written. After
 * front_stop() there is one thread again, and all is done at once.
 */
#include <glib.h>
#include <stdbool.h>

struct front;
typedef void (*front_fn)(void *user);

bool front_open(struct front **out, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* For the sources of the front. */
GMainContext *front_context(const struct front *front);
void front_do(struct front *front, front_fn f, void *user);
void front_ask(struct front *front, front_fn f, void *user);
void front_tell(struct front *front, front_fn f, void *user);
void front_stop(struct front *front);
/* After front_stop(). NULL is accepted. */
void front_free(struct front *front);
