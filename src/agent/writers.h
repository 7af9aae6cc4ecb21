/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * Who wrote last, by fanotify(7), where this process may ask (CAP_SYS_ADMIN).
 *
 * Tells only who; that something was changed is the watcher's to notice. The
 * process is looked up in /proc as soon as its event is read; one that has gone
 * by then is a number. Not all is kept: the newest WRITERS_MAX paths.
 */
#include <glib.h>
#include <stdbool.h>

#include "agent/drift.h"
#include "agent/watcher.h"

#define WRITERS_MAX 4096

struct writers;
/* NULL where it is not to be had. */
struct writers *writers_new(void);
void writers_free(struct writers *writers);
/* The folders of these places from now on. */
void writers_set(struct writers *writers, const struct watcher_place *places, size_t count);
/* Reads what there is to read. */
void writers_drain(struct writers *writers);
/* NULL: nobody knows. */
const struct drift_who *writers_find(const struct writers *writers, const char *path);
/* What is known was done by ourselves. */
void writers_forget(struct writers *writers);
