/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * Proxies by the rules of the ecosystem's programs, which are Go's and not
 * libcurl's: HTTPS_PROXY or https_proxy (for http:// HTTP_PROXY or http_proxy),
 * not for this host itself, and not for what NO_PROXY or no_proxy names: "*", an
 * address, a network ("10.0.0.0/8"), a domain (it and what is below it; with a
 * dot before it only what is below it), each with or without a port. A worker gets
 * them from its agent with ASSENT_CLUSTER_ before their names, and its other
 * requests do not see them.
 */
#include <stdbool.h>

/* What libcurl is told: "" for no proxy. port: -1 for the scheme's. g_free(). */
char *proxy_from_env(const char *const *env, const char *scheme, const char *host, int port);
/* One that a kubeconfig states: names are resolved by a SOCKS proxy, as Go does. g_free(). */
char *proxy_for_curl(const char *proxy);
