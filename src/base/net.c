/* SPDX-License-Identifier: GPL-3.0-or-later */
/* IP addresses, networks and places to listen on. */
#include "base/net.h"

#include <arpa/inet.h>
#include <glib.h>
#include <string.h>

#define V4_BITS 96 /* before an IPv4 address in its mapped form */

static const uint8_t v4_mapped[12] = {[10] = 0xff, [11] = 0xff};

static void take_v4(struct net_address *out, const void *four)
{
	memcpy(out->bytes, v4_mapped, sizeof(v4_mapped));
	memcpy(out->bytes + sizeof(v4_mapped), four, 4);
}

static bool is_v4(const struct net_address *address)
{
	return memcmp(address->bytes, v4_mapped, sizeof(v4_mapped)) == 0;
}

bool net_address_parse(struct net_address *out, const char *text)
{
	uint8_t bytes[16];

	if (inet_pton(AF_INET, text, bytes) == 1) {
		take_v4(out, bytes);
		return true;
	}
	if (inet_pton(AF_INET6, text, bytes) == 1) {
		memcpy(out->bytes, bytes, sizeof(bytes));
		return true;
	}
	return false;
}

bool net_address_take(struct net_address *out, const struct sockaddr *address)
{
	if (address->sa_family == AF_INET) {
		take_v4(out, &((const struct sockaddr_in *)(const void *)address)->sin_addr);
		return true;
	}
	if (address->sa_family == AF_INET6) {
		memcpy(out->bytes, &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr,
		       16);
		return true;
	}
	return false;
}

void net_address_text(char out[static NET_TEXT_SIZE], const struct net_address *address)
{
	if (is_v4(address)) {
		inet_ntop(AF_INET, address->bytes + sizeof(v4_mapped), out, NET_TEXT_SIZE);
	} else {
		inet_ntop(AF_INET6, address->bytes, out, NET_TEXT_SIZE);
	}
}

bool net_address_is_loopback(const struct net_address *address)
{
	static const uint8_t v6[16] = {[15] = 1};

	return is_v4(address) ? address->bytes[12] == 127
			      : memcmp(address->bytes, v6, sizeof(v6)) == 0;
}

static bool parse_number(const char *text, unsigned max, unsigned *out)
{
	guint64 n;

	if (!g_ascii_isdigit(text[0]) || (text[0] == '0' && text[1] != '\0') ||
	    !g_ascii_string_to_unsigned(text, 10, 0, max, &n, NULL)) {
		return false;
	}
	*out = (unsigned)n;
	return true;
}

bool net_parse(struct net *out, const char *text)
{
	const char *slash = strchr(text, '/');
	g_autofree char *base =
		slash != NULL ? g_strndup(text, (size_t)(slash - text)) : g_strdup(text);
	struct net_address address;
	unsigned before, bits = 128;

	if (!net_address_parse(&address, base)) {
		return false;
	}
	before = strchr(base, ':') == NULL ? V4_BITS : 0;
	if (slash != NULL) {
		if (!parse_number(slash + 1, 128 - before, &bits)) {
			return false;
		}
		bits += before;
	}
	*out = (struct net){address, bits};
	return true;
}

bool net_contains(const struct net *net, const struct net_address *address)
{
	unsigned whole = net->bits / 8, rest = net->bits % 8;

	if (memcmp(net->base.bytes, address->bytes, whole) != 0) {
		return false;
	}
	return rest == 0 || (net->base.bytes[whole] ^ address->bytes[whole]) >> (8 - rest) == 0;
}

static void set_v4(struct net_endpoint *out, const struct net_address *address, unsigned port)
{
	struct sockaddr_in sin = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};

	memcpy(&sin.sin_addr, address->bytes + sizeof(v4_mapped), 4);
	memcpy(&out->address, &sin, sizeof(sin));
	out->len = sizeof(sin);
}

static void set_v6(struct net_endpoint *out, const struct net_address *address, unsigned port)
{
	struct sockaddr_in6 sin6 = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};

	memcpy(&sin6.sin6_addr, address->bytes, 16);
	memcpy(&out->address, &sin6, sizeof(sin6));
	out->len = sizeof(sin6);
}

bool net_endpoint_parse(struct net_endpoint *out, const char *text)
{
	const char *colon = strrchr(text, ':');
	bool bracketed = text[0] == '[';
	g_autofree char *host = NULL;
	struct net_address address;
	unsigned port;

	if (colon == NULL || !parse_number(colon + 1, 65535, &port)) {
		return false;
	}
	host = g_strndup(text + bracketed, (size_t)(colon - text) - bracketed);
	if (bracketed) {
		if (!g_str_has_suffix(host, "]")) {
			return false;
		}
		host[strlen(host) - 1] = '\0';
	}
	if (bracketed != (strchr(host, ':') != NULL) || !net_address_parse(&address, host)) {
		return false;
	}
	memset(out, 0, sizeof(*out));
	if (bracketed) {
		set_v6(out, &address, port);
	} else {
		set_v4(out, &address, port);
	}
	return true;
}
