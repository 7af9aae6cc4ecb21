/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * Tells the service manager how this process is (sd_notify(3)): one datagram to
 * $NOTIFY_SOCKET. Does nothing where there is none.
 */
#include <glib.h>

/* "READY=1", "STATUS=...", ... */
void sdnotify(const char *format, ...) G_GNUC_PRINTF(1, 2);
/* Milliseconds between two "WATCHDOG=1", half of what the manager waits; 0: none wanted. */
unsigned sdnotify_watchdog(void);
