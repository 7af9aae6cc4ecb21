/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reads one check of the manifest. */
#include <string.h>

#include "desired/load.h"

#define MAX_WITHIN 3600

struct check_kind {
	enum desired_check_kind kind;
	/* What is wrong with a target; NULL when nothing is. */
	const char *(*problem)(const char *target);
};

void check_free(struct desired_check *check)
{
	if (check != NULL) {
		g_free(check->target);
		g_free(check);
	}
}

static const char *http_problem(const char *target)
{
	g_autoptr(GUri) uri = g_uri_parse(target, G_URI_FLAGS_NONE, NULL);
	const char *scheme = uri != NULL ? g_uri_get_scheme(uri) : "";

	for (const char *p = target; *p != '\0'; p++) {
		if ((unsigned char)*p <= 0x20 || (unsigned char)*p >= 0x7f) {
			return "a URL has no spaces, control characters or letters beyond ASCII";
		}
	}
	if (uri == NULL) {
		return "it is not a URL";
	}
	if (strcmp(scheme, "http") != 0 && strcmp(scheme, "https") != 0) {
		return "it must begin with http:// or https://";
	}
	if (g_uri_get_host(uri) == NULL || g_uri_get_host(uri)[0] == '\0') {
		return "a host is missing";
	}
	if (g_uri_get_userinfo(uri) != NULL) {
		return "a user or password does not belong into a manifest";
	}
	return g_uri_get_port(uri) == 0 ? "port 0 cannot be reached" : NULL;
}

static const char *tcp_problem(const char *target)
{
	const char *colon = strrchr(target, ':');
	size_t host = colon != NULL ? (size_t)(colon - target) : 0;
	const char *port = colon != NULL ? colon + 1 : "";
	size_t digits = strspn(port, "0123456789");

	if (host == 0 || digits == 0 || digits > 5 || port[digits] != '\0' || port[0] == '0' ||
	    g_ascii_strtoull(port, NULL, 10) > 65535) {
		return "it must be HOST:PORT";
	}
	if (target[0] == '[') {
		return target[host - 1] == ']' && host > 2 &&
				       strspn(target + 1, "0123456789abcdefABCDEF:.") == host - 2
			       ? NULL
			       : "it is not [ADDRESS]:PORT";
	}
	for (size_t i = 0; i < host; i++) {
		if (!g_ascii_isalnum(target[i]) && strchr("._-", target[i]) == NULL) {
			return "the host is not a name or address; IPv6 needs brackets: [::1]:80";
		}
	}
	return NULL;
}

static const struct check_kind kinds[] = {
	{DESIRED_CHECK_HTTP, http_problem},
	{DESIRED_CHECK_TCP, tcp_problem},
};

static const struct check_kind *kind_find(const char *name)
{
	for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
		if (strcmp(desired_check_name(kinds[i].kind), name) == 0) {
			return &kinds[i];
		}
	}
	return NULL;
}

static void read_as(struct load *l, struct yaml_node *map, const struct check_kind *kind)
{
	const char *name = desired_check_name(kind->kind);
	const struct keys_table *table = keys_find(keys_checks, name);
	const struct yaml_node *node = keys_get(map, table, name);
	const char *text = keys_text(map, table, name, l->diags), *problem;
	g_autofree char *selector = NULL, *target = NULL;
	struct desired_check *check;
	int64_t dflt = 0, within;

	l->selected = load_hosts(l, map, table, &selector) && l->selected;
	if (!yaml_duration(keys_row(table, "within")->dflt, &dflt)) {
		g_assert_not_reached();
	}
	keys_get(map, table, "within");
	within = yaml_get_duration(map, "within", 1, MAX_WITHIN, dflt, l->diags);
	keys_end(map, table, l->diags);
	target = text != NULL ? load_expand(l, node, text) : NULL;
	if (target == NULL || !l->selected) {
		return;
	}
	problem = kind->problem(target);
	if (problem != NULL) {
		yaml_fail(node, l->diags, "cannot check '%s': %s", target, problem);
		return;
	}
	check = g_new0(struct desired_check, 1);
	check->kind = kind->kind;
	check->target = g_steal_pointer(&target);
	check->within = (unsigned)within;
	check->file = l->document->file;
	check->line = map->line;
	check->column = map->column;
	g_ptr_array_add(l->out->checks, check);
}

void check_read(struct load *l, struct yaml_node *node)
{
	const struct yaml_node *first;
	const struct check_kind *kind;

	if (node->type != YAML_MAP || node->keys->len == 0) {
		yaml_fail(node, l->diags, "a check must be a map, like 'http: http://localhost/'");
		return;
	}
	if (l->out->checks->len >= DESIRED_MAX_CHECKS) {
		yaml_fail(node, l->diags, "more than %d checks", DESIRED_MAX_CHECKS);
		return;
	}
	first = node->keys->pdata[0];
	kind = kind_find(first->value);
	if (kind == NULL) {
		yaml_fail(first, l->diags, "unknown check '%s': a check begins with http or tcp",
			  first->value);
		return;
	}
	read_as(l, node, kind);
}
