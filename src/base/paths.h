/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * Where Assent's files are when nobody says otherwise: the configuration, the
 * state folder and the agent's socket. Agent, command line and tests must agree
 * on these, so they stand here and nowhere else.
 *
 * Root means the system service: /etc/assent, /var/lib/assent, /run/assent,
 * whatever the runtime folder of a login is. Anybody else has the XDG folders.
 * All results are freed with g_free().
 */
#include <glib.h>
#include <stdbool.h>

/* $ASSENT_CONFIG; else the first that exists of the user's and the system's file (for root the
 * system's first); else the first of them. */
char *paths_config(void);
char *paths_state(void);
/* $ASSENT_SOCKET, else DIR/agent.sock. */
char *paths_socket(void);
/* A path of a configuration: "~/x" below home, a relative one below the folder of file. */
char *paths_expand(const char *path, const char *file, const char *home);
/* file, below the folder that `make install DESTDIR=...` was given when exe is the program that it
 * put into bindir there; file itself when it was not, or when nothing is there. */
char *paths_staged(const char *exe, const char *bindir, const char *file);
/* The installed worker. */
char *paths_worker(void);
