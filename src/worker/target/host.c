/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is known of the host, each part read once. */
#include "worker/target/host.h"

struct host {
	unsigned generation; /* of what was read */
};

struct host *host_new(void)
{
	return g_new0(struct host, 1);
}

void host_free(struct host *host)
{
	g_free(host);
}

void host_forget(struct host *host)
{
	host->generation++;
}
