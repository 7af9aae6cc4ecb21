/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Selectors by agent name and labels. */
#include "desired/hosts.h"

#include <string.h>

#define NAME_CHARS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.:/@+-"

struct condition {
	bool negated;
	char *label; /* NULL: the agent's name */
	char *pattern;
};

static void condition_clear(struct condition *c)
{
	g_free(c->label);
	g_free(c->pattern);
}

typedef struct condition condition_auto;
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(condition_auto, condition_clear)

/* Goes back to the last '*' only, so that the time is bounded by the product of the lengths. */
bool hosts_glob(const char *pattern, const char *text)
{
	const char *star = NULL, *resume = text;

	while (*text != '\0') {
		if (*pattern == '*') {
			star = pattern++;
			resume = text;
		} else if (*pattern == '?' || *pattern == *text) {
			pattern++;
			text++;
		} else if (star != NULL) {
			pattern = star + 1;
			text = ++resume;
		} else {
			return false;
		}
	}
	return pattern[strspn(pattern, "*")] == '\0';
}

static void condition_parse(const char *text, struct condition *out)
{
	g_autofree char *own = g_strstrip(g_strdup(text));
	char *rest = own, *equals;

	out->negated = g_str_has_prefix(rest, "not ");
	if (out->negated) {
		rest = g_strchug(rest + strlen("not "));
	}
	equals = strchr(rest, '=');
	if (equals != NULL) {
		out->label = g_strchomp(g_strndup(rest, (size_t)(equals - rest)));
		rest = g_strchug(equals + 1);
	}
	out->pattern = g_strdup(rest);
}

static char *condition_problem(const char *text)
{
	g_auto(condition_auto) c = {0};

	condition_parse(text, &c);
	if (c.label != NULL &&
	    (c.label[0] == '\0' || c.label[strspn(c.label, NAME_CHARS)] != '\0')) {
		return g_strdup_printf("'%s' is no label name", c.label);
	}
	if (c.pattern[0] == '\0') {
		return g_strdup(c.label != NULL ? "a value is missing after '='"
						: "a condition is empty");
	}
	if (c.pattern[strspn(c.pattern, NAME_CHARS "*?")] != '\0') {
		return g_strdup_printf("'%s' is no pattern: letters, digits, _ . : / @ + -, and "
				       "'*' or '?'",
				       c.pattern);
	}
	return NULL;
}

char *hosts_term_problem(const char *term)
{
	g_auto(GStrv) parts = g_strsplit(term, "&", -1);

	if (strlen(term) > 1000) {
		return g_strdup("too long");
	}
	if (parts[0] == NULL) {
		return g_strdup("a condition is empty");
	}
	for (guint i = 0; parts[i] != NULL; i++) {
		char *problem = condition_problem(parts[i]);

		if (problem != NULL) {
			return problem;
		}
	}
	return NULL;
}

static const char *label_value(const struct desired_env *env, const char *name)
{
	for (size_t i = 0; i < env->n_labels; i++) {
		if (strcmp(env->labels[i].name, name) == 0) {
			return env->labels[i].value;
		}
	}
	return NULL;
}

static bool condition_holds(const char *text, const struct desired_env *env)
{
	g_auto(condition_auto) c = {0};
	const char *value;

	condition_parse(text, &c);
	value = c.label != NULL ? label_value(env, c.label) : env->agent;
	return (value != NULL && hosts_glob(c.pattern, value)) != c.negated;
}

static bool term_holds(const char *term, const struct desired_env *env)
{
	g_auto(GStrv) parts = g_strsplit(term, "&", -1);

	for (guint i = 0; parts[i] != NULL; i++) {
		if (!condition_holds(parts[i], env)) {
			return false;
		}
	}
	return true;
}

bool hosts_match(char **terms, const struct desired_env *env)
{
	for (guint i = 0; terms[i] != NULL; i++) {
		if (term_holds(terms[i], env)) {
			return true;
		}
	}
	return false;
}
