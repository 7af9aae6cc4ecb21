/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * IP addresses, networks and places to listen on, as people write them. Nothing
 * here asks a name server.
 *
 *	net_address_parse(&a, "192.0.2.7")     both kinds in one form, IPv4 mapped
 *	net_parse(&n, "192.0.2.0/24")          an address alone is a network of one
 *	net_contains(&n, &a)
 *	net_endpoint_parse(&e, "[::1]:7420")
 */
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#define NET_TEXT_SIZE 46

struct net_address {
	uint8_t bytes[16];
};
struct net {
	struct net_address base;
	unsigned bits; /* of 128 */
};
struct net_endpoint {
	struct sockaddr_storage address;
	socklen_t len;
};

bool net_address_parse(struct net_address *out, const char *text);
/* False for a kind of address that is not IP. */
bool net_address_take(struct net_address *out, const struct sockaddr *address);
void net_address_text(char out[static NET_TEXT_SIZE], const struct net_address *address);
bool net_address_is_loopback(const struct net_address *address);
bool net_parse(struct net *out, const char *text);
bool net_contains(const struct net *net, const struct net_address *address);
/* "127.0.0.1:7420" or "[::1]:7420"; port 0 is any free one. */
bool net_endpoint_parse(struct net_endpoint *out, const char *text);
