/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * What the command line must know of the agent's configuration: where things
 * are. A configuration with mistakes, or none, means the usual places; that it
 * has mistakes is `config check`'s matter. All results are freed with g_free().
 */
#include <glib.h>

/* $ASSENT_SOCKET, else the socket that config_file names, else the usual place. */
char *place_socket(const char *config_file);
/* Else trust.yaml and allowed_signers beside config_file, and the usual state folder. */
char *place_trust(const char *config_file);
char *place_signers(const char *config_file);
char *place_state(const char *config_file);
/* The value of a top-level key of config_file; NULL when there is none. */
char *place_value(const char *config_file, const char *key);
