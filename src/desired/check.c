/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reads one check of the manifest. */
#include <string.h>

#include "desired/load.h"
#include "desired/names.h"
#include "desired/paths.h"

#define MAX_BODY 4096

struct check_kind {
	enum desired_check_kind kind;
	/* What is wrong with a target; NULL when nothing is. */
	const char *(*problem)(const char *target);
	/* Its own keys; NULL: none. */
	void (*read)(struct load *l, struct yaml_node *map, const struct keys_table *table,
		     struct desired_check *check);
};

void check_free(struct desired_check *check)
{
	if (check != NULL) {
		g_free(check->target);
		g_free(check->body);
		g_free(check->ca);
		exec_free(check->exec);
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

static const char *unit_problem(const char *target)
{
	const char *problem = NULL;
	g_autofree char *unit = names_unit(target, &problem);

	if (unit != NULL && names_unit_is_template(unit)) {
		return "a template is never active";
	}
	return problem;
}

static void read_http(struct load *l, struct yaml_node *map, const struct keys_table *table,
		      struct desired_check *check)
{
	const struct yaml_node *body = keys_get(map, table, "body");
	const struct yaml_node *ca = keys_get(map, table, "ca");
	const char *text = keys_text(map, table, "body", l->diags);
	const char *path = keys_text(map, table, "ca", l->diags);

	check->status = (unsigned)keys_number(map, table, "status", l->diags);
	if (text != NULL) {
		check->body = load_expand(l, body, text);
	}
	if (check->body != NULL && l->selected &&
	    (check->body[0] == '\0' || strlen(check->body) > MAX_BODY)) {
		yaml_fail(body, l->diags, "'body' must have from 1 to %d bytes", MAX_BODY);
	}
	if (path != NULL) {
		check->ca = load_path(l, ca, path, paths_target);
	}
}

static void read_command(struct load *l, struct yaml_node *map, const struct keys_table *table,
			 struct desired_check *check)
{
	check->exec = exec_read(l, map, table);
}

static void read_service(struct load *l, struct yaml_node *map, const struct keys_table *table,
			 struct desired_check *check)
{
	check->user_scope = strcmp(keys_choice(map, table, "scope", l->diags), "user") == 0;
}

static const struct check_kind kinds[] = {
	{DESIRED_CHECK_HTTP, http_problem, read_http},
	{DESIRED_CHECK_TCP, tcp_problem, NULL},
	{DESIRED_CHECK_COMMAND, names_command_problem, read_command},
	{DESIRED_CHECK_SERVICE, unit_problem, read_service},
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

/* What is stated; 0: it is not. */
static unsigned stated(struct load *l, struct yaml_node *map, const struct keys_table *table,
		       const char *key)
{
	int64_t value = keys_number(map, table, key, l->diags);

	return keys_get(map, table, key) != NULL ? (unsigned)value : 0;
}

static void read_times(struct load *l, struct yaml_node *map, const struct keys_table *table,
		       struct desired_check *check)
{
	check->within = (unsigned)keys_number(map, table, "within", l->diags);
	check->interval = stated(l, map, table, "interval");
	check->successes = stated(l, map, table, "successes");
	if (check->interval > check->within) {
		yaml_fail(keys_get(map, table, "interval"), l->diags,
			  "'interval' is longer than 'within'");
	}
}

/* True: nothing is wrong with the target. A unit gets its whole name. */
static bool take_target(struct load *l, const struct yaml_node *node, const struct check_kind *kind,
			const char *text, struct desired_check *check)
{
	g_autofree char *target = load_expand(l, node, text);
	const char *problem;

	if (target == NULL || !l->selected) {
		return false;
	}
	problem = kind->problem(target);
	if (problem != NULL) {
		yaml_fail(node, l->diags, "cannot check '%s': %s", target, problem);
		return false;
	}
	check->target = kind->kind == DESIRED_CHECK_SERVICE ? names_unit(target, &problem)
							    : g_steal_pointer(&target);
	return true;
}

static void read_as(struct load *l, struct yaml_node *map, const struct check_kind *kind)
{
	const char *name = desired_check_name(kind->kind);
	const struct keys_table *table = keys_find(keys_checks, name);
	const char *text = keys_text(map, table, name, l->diags);
	struct desired_check *check = g_new0(struct desired_check, 1);
	g_autofree char *selector = NULL;

	check->kind = kind->kind;
	check->file = l->document->file;
	check->line = map->line;
	check->column = map->column;
	l->selected = load_hosts(l, map, table, &selector) && l->selected;
	read_times(l, map, table, check);
	if (kind->read != NULL) {
		kind->read(l, map, table, check);
	}
	keys_end(map, table, l->diags);
	if (text != NULL && take_target(l, keys_get(map, table, name), kind, text, check)) {
		g_ptr_array_add(l->out->checks, check);
	} else {
		check_free(check);
	}
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
		yaml_fail(first, l->diags,
			  "unknown check '%s': a check begins with http, tcp, "
			  "command or service",
			  first->value);
		return;
	}
	read_as(l, node, kind);
}
