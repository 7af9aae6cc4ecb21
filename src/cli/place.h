/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/* What the command line must know of the agent's configuration: where its socket is. */
#include <glib.h>

/* $ASSENT_SOCKET, else the socket that config_file names, else the usual place. g_free(). */
char *place_socket(const char *config_file);
