/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * Is a request meant for us, and does a form come from one of our own pages?
 * Pure: header texts in, a reason out (NULL: all is well).
 */
#include <stdbool.h>

#include "base/net.h"

/* The name of a header Host without its port, in small letters; NULL when it is none. g_free(). */
char *guard_host_name(const char *host);
/* names: small letters; with a port only that port fits. */
bool guard_host_fits(const char *host, const char *const *names);
/* The origin of a URL, scheme://host[:port]; g_free(). */
char *guard_origin(const char *url);
/* What is wrong with the headers of a form: Sec-Fetch-Site, Origin (NULL: absent). origins: ours.
 */
const char *guard_form_problem(const char *site, const char *origin, const char *const *origins);
/* The last hop of X-Forwarded-For; false when it is no address. */
bool guard_last_hop(const char *forwarded, struct net_address *out);
