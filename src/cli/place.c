/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Finds the agent's socket. */
#include "cli/place.h"

#include "base/paths.h"

char *place_socket(const char *config_file)
{
	return paths_socket();
}
