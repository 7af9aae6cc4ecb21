/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * Is the session locked? logind says so of the user's session (LockedHint), and
 * screen savers of themselves (org.freedesktop.ScreenSaver, org.gnome.ScreenSaver).
 * One that says yes is enough; where none is there, nothing locks.
 *
 * No call waits, and each has a time limit. What is not answered changes nothing.
 */
#include <stdbool.h>

struct lock;
struct lock *lock_new(void (*changed)(bool locked, void *user), void *user);
void lock_free(struct lock *lock);
