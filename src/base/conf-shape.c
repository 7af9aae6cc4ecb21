/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Shapes of single values. */
#include "base/conf-shape.h"

#include <glib.h>
#include <string.h>

#include "base/conf.h"
#include "base/net.h"

#define NAME_LIMIT 64
#define AGENT_LIMIT 200

bool conf_is_name(const char *name)
{
	return g_ascii_isalnum(name[0]) && !g_ascii_isupper(name[0]) &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789._-") == strlen(name) &&
	       strlen(name) <= NAME_LIMIT;
}

bool conf_is_agent_name(const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < len; i++) {
		if (!g_ascii_isgraph(name[i]) || strchr("+\"'\\#:,[]{}&*!|>%@`", name[i]) != NULL) {
			return false;
		}
	}
	return len >= 1 && len <= AGENT_LIMIT && g_ascii_isalnum(name[0]);
}

static bool is_printable(const char *text)
{
	for (const char *p = text; *p != '\0'; p++) {
		if (!g_ascii_isgraph(*p)) {
			return false;
		}
	}
	return true;
}

/* A password in the address would end up in plans and messages. */
static bool has_password(const char *url)
{
	const char *scheme = strstr(url, "://");
	const char *host = scheme != NULL ? scheme + 3 : url;
	g_autofree char *authority = g_strndup(host, strcspn(host, "/?#"));
	const char *at = strrchr(authority, '@');

	return at != NULL && memchr(authority, ':', (size_t)(at - authority)) != NULL;
}

bool conf_is_url(const char *url)
{
	static const char *const schemes[] = {"https://", "http://", "ssh://", "file:///"};
	const char *colon;

	if (!is_printable(url) || has_password(url) || strlen(url) > 2000) {
		return false;
	}
	for (size_t i = 0; i < G_N_ELEMENTS(schemes); i++) {
		if (g_str_has_prefix(url, schemes[i])) {
			return strlen(url) > strlen(schemes[i]);
		}
	}
	/* host:path */
	colon = strchr(url, ':');
	return strstr(url, "://") == NULL && colon != NULL && colon > url && colon[1] != '\0' &&
	       url[0] != '-' && memchr(url, '/', (size_t)(colon - url)) == NULL;
}

/* As git check-ref-format(1) says. */
bool conf_is_branch(const char *name)
{
	g_auto(GStrv) parts = g_strsplit(name, "/", -1);

	for (char **p = parts; *p != NULL; p++) {
		if (**p == '\0' || **p == '.' || g_str_has_suffix(*p, ".lock")) {
			return false;
		}
	}
	return parts[0] != NULL && name[0] != '-' && is_printable(name) && strlen(name) <= 200 &&
	       strpbrk(name, "~^:?*[\\") == NULL && strstr(name, "..") == NULL &&
	       strstr(name, "@{") == NULL && strcmp(name, "@") != 0 &&
	       !g_str_has_suffix(name, ".") && !g_str_has_prefix(name, "refs/");
}

bool conf_is_folder(const char *path)
{
	g_auto(GStrv) parts = g_strsplit(path, "/", -1);

	if (strcmp(path, ".") == 0) {
		return true;
	}
	for (char **p = parts; *p != NULL; p++) {
		if (**p == '\0' || strcmp(*p, ".") == 0 || strcmp(*p, "..") == 0 ||
		    g_ascii_strcasecmp(*p, ".git") == 0) {
			return false;
		}
	}
	return parts[0] != NULL && strlen(path) <= 1000 && g_utf8_validate(path, -1, NULL);
}

bool conf_is_endpoint(const char *text)
{
	struct net_endpoint endpoint;

	return net_endpoint_parse(&endpoint, text);
}

bool conf_is_network(const char *text)
{
	struct net net;

	return net_parse(&net, text);
}

bool conf_is_host(const char *text)
{
	return strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789.-[]:") == strlen(text) &&
	       strlen(text) <= 255;
}

bool conf_is_header(const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < len; i++) {
		if (!g_ascii_isalnum(name[i]) && name[i] != '-') {
			return false;
		}
	}
	return len >= 3 && len <= 64;
}

bool conf_is_public_url(const char *url)
{
	const char *host = g_str_has_prefix(url, "https://")  ? url + 8
			   : g_str_has_prefix(url, "http://") ? url + 7
							      : NULL;

	return host != NULL && is_printable(url) && *host != '/' && *host != '\0' &&
	       strpbrk(url, "?#@\"'<>\\^`{|}%;,") == NULL && strlen(url) <= 500;
}
/* "-", "_" and letters, as ntfy takes them. */
bool conf_is_topic(const char *topic)
{
	size_t len = strlen(topic);

	return len >= 1 && len <= 64 &&
	       strspn(topic, G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS "-_") == len;
}

static size_t slack_id(const char *text)
{
	return strspn(text, G_CSET_A_2_Z G_CSET_DIGITS);
}

bool conf_is_slack_id(const char *text)
{
	size_t len = slack_id(text);

	return len >= 2 && len <= 32 && text[len] == '\0';
}

bool conf_is_slack_person(const char *text)
{
	size_t len = slack_id(text);

	return len >= 2 && len <= 32 && text[len] == '/' && conf_is_slack_id(text + len + 1);
}

bool conf_is_zone(const char *name)
{
	g_autoptr(GTimeZone) zone = g_time_zone_new_identifier(name);

	return zone != NULL;
}

/* Its full path, as nothing is looked for in $PATH. */
bool conf_is_program(const char *path)
{
	g_autofree char *canonical = g_canonicalize_filename(path, "/");

	return g_path_is_absolute(path) && strcmp(path, canonical) == 0 && path[1] != '\0';
}

bool conf_is_object_name(const char *text)
{
	return g_ascii_isalnum(text[0]) && strlen(text) <= 253 &&
	       strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-.") == strlen(text);
}

bool conf_is_namespace_pattern(const char *text)
{
	size_t len = strlen(text);

	return len >= 1 && len <= 63 &&
	       strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-*?") == len;
}

/* Who a cluster takes the agent for; it travels in a header. */
bool conf_is_account(const char *text)
{
	size_t len = strlen(text);

	return len >= 1 && len <= 253 && is_printable(text);
}
