/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which proxy the environment names for a server. */
#include "cluster/proxy.h"

#include <gio/gio.h>
#include <string.h>

char *proxy_for_curl(const char *proxy)
{
	static const char socks[] = "socks5://";

	if (g_ascii_strncasecmp(proxy, socks, strlen(socks)) == 0) {
		return g_strconcat("socks5h://", proxy + strlen(socks), NULL);
	}
	return strstr(proxy, "://") != NULL ? g_strdup(proxy) : g_strconcat("http://", proxy, NULL);
}

static const char *either(const char *const *env, const char *upper, const char *lower)
{
	static const char *const prefixes[] = {"ASSENT_CLUSTER_", ""};
	const char *const names[] = {upper, lower};

	for (size_t i = 0; i < 2 * G_N_ELEMENTS(prefixes); i++) {
		g_autofree char *name = g_strconcat(prefixes[i / 2], names[i % 2], NULL);
		const char *value = g_environ_getenv((char **)env, name);

		if (value != NULL && value[0] != '\0') {
			return value;
		}
	}
	return NULL;
}

/* Splits "host:port", "[::1]:port", or what has no port (*port stays). */
static char *split_port(const char *text, int *port)
{
	const char *colon = strrchr(text, ':');
	const char *end = text[0] == '[' ? strchr(text, ']') : NULL;

	if (end != NULL) {
		if (end[1] == ':') {
			*port = (int)g_ascii_strtoll(end + 2, NULL, 10);
		}
		return g_strndup(text + 1, (size_t)(end - text - 1));
	}
	if (colon == NULL || colon != strchr(text, ':')) {
		return g_strdup(text); // no port, or an IPv6 address
	}
	*port = (int)g_ascii_strtoll(colon + 1, NULL, 10);
	return g_strndup(text, (size_t)(colon - text));
}

static bool below(const char *host, const char *domain)
{
	size_t all = strlen(host), len = strlen(domain);

	return all > len && host[all - len - 1] == '.' &&
	       g_ascii_strcasecmp(host + all - len, domain) == 0;
}

/* "10.1.2.3/8": bits behind the mask do not count, as in Go and not in GLib. */
static bool net_matches(const char *entry, const char *slash, GInetAddress *address)
{
	g_autofree char *text = g_strndup(entry, (size_t)(slash - entry));
	g_autoptr(GInetAddress) net = g_inet_address_new_from_string(text);
	const guint8 *a, *b;
	guint64 bits;

	if (net == NULL || address == NULL ||
	    g_inet_address_get_family(net) != g_inet_address_get_family(address) ||
	    !g_ascii_string_to_unsigned(slash + 1, 10, 0, 8 * g_inet_address_get_native_size(net),
					&bits, NULL)) {
		return false;
	}
	a = g_inet_address_to_bytes(net);
	b = g_inet_address_to_bytes(address);
	if (memcmp(a, b, bits / 8) != 0) {
		return false;
	}
	return bits % 8 == 0 || (a[bits / 8] ^ b[bits / 8]) >> (8 - bits % 8) == 0;
}

static bool entry_matches(const char *entry, const char *host, int port)
{
	g_autoptr(GInetAddress) address = g_inet_address_new_from_string(host);
	const char *slash = strchr(entry, '/');
	g_autoptr(GInetAddress) wanted = NULL;
	g_autofree char *name = NULL;
	int only = 0;

	if (strcmp(entry, "*") == 0) {
		return true;
	}
	if (slash != NULL) {
		return net_matches(entry, slash, address);
	}
	name = split_port(entry, &only);
	if (name[0] == '\0' || (only != 0 && only != port)) {
		return false;
	}
	wanted = g_inet_address_new_from_string(name);
	if (wanted != NULL) {
		return address != NULL && g_inet_address_equal(wanted, address);
	}
	if (g_str_has_prefix(name, "*.")) {
		return below(host, name + 2);
	}
	if (name[0] == '.') {
		return below(host, name + 1);
	}
	return g_ascii_strcasecmp(host, name) == 0 || below(host, name);
}

static bool is_this_host(const char *host)
{
	g_autoptr(GInetAddress) address = g_inet_address_new_from_string(host);

	return g_ascii_strcasecmp(host, "localhost") == 0 ||
	       (address != NULL && g_inet_address_get_is_loopback(address));
}

char *proxy_from_env(const char *const *env, const char *scheme, const char *host, int port)
{
	bool tls = strcmp(scheme, "https") == 0;
	const char *proxy = tls ? either(env, "HTTPS_PROXY", "https_proxy")
				: either(env, "HTTP_PROXY", "http_proxy");
	const char *none = either(env, "NO_PROXY", "no_proxy");
	g_auto(GStrv) entries = g_strsplit(none != NULL ? none : "", ",", -1);

	if (proxy == NULL || is_this_host(host)) {
		return g_strdup("");
	}
	port = port > 0 ? port : tls ? 443 : 80;
	for (size_t i = 0; entries[i] != NULL; i++) {
		if (entry_matches(g_strstrip(entries[i]), host, port)) {
			return g_strdup("");
		}
	}
	return proxy_for_curl(proxy);
}
