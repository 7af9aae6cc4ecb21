/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/* What the command line must know of the agent's configuration: where things are. */
#include <glib.h>

/* $ASSENT_SOCKET, else the socket that config_file names, else the usual place. g_free(). */
char *place_socket(const char *config_file);
/* The trust file that config_file names, else trust.yaml beside it. g_free(). */
char *place_trust(const char *config_file);
