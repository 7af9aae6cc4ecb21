/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Times as objects of a cluster have them. */
#include "kube/time.h"

#include <glib.h>

char *kube_time_micro(int64_t wall)
{
	g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(wall / G_USEC_PER_SEC);
	g_autofree char *text = g_date_time_format(time, "%Y-%m-%dT%H:%M:%S");

	/* Exactly six digits, or the server refuses it. */
	return g_strdup_printf("%s.%06dZ", text, (int)(wall % G_USEC_PER_SEC));
}
