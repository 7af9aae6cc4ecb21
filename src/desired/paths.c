/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Checks and normalises the paths that a manifest writes. */
#include "desired/paths.h"

#include <stdbool.h>
#include <string.h>

char *paths_join(const char *a, const char *b)
{
	if (a[0] == '\0' || b[0] == '\0') {
		return g_strconcat(a, b, NULL);
	}
	return g_strconcat(a, "/", b, NULL);
}

char *paths_folder(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? g_strndup(path, (size_t)(slash - path)) : g_strdup("");
}

static bool has_control(const char *text)
{
	for (const char *p = text; *p != '\0'; p++) {
		if ((unsigned char)*p < 0x20 || *p == 0x7f) {
			return true;
		}
	}
	return false;
}

static const char *text_problem(const char *text)
{
	if (text[0] == '\0') {
		return "the path is empty";
	}
	if (strlen(text) > PATHS_MAX) {
		return "the path is too long";
	}
	return has_control(text) ? "the path has a control character" : NULL;
}

static char *give_up(char **problem, const char *message, const char *path)
{
	*problem = g_strdup_printf("%s: '%s'", message, path);
	return NULL;
}

/* What '~' makes of a path; the text itself when it does not begin with one. */
static char *expand_home(const char *text, const char *home, char **problem)
{
	if (text[0] != '~') {
		return g_strdup(text);
	}
	if (text[1] != '\0' && text[1] != '/') {
		return give_up(problem, "only '~/' is understood, not another user's home", text);
	}
	if (home == NULL || home[0] != '/') {
		return give_up(problem, "'~' is not known here", text);
	}
	return g_strconcat(home, text + 1, NULL);
}

char *paths_target(const char *text, const char *home, char **problem)
{
	const char *bad = text_problem(text);
	g_autofree char *whole = NULL;
	g_autoptr(GString) out = g_string_new(NULL);
	g_auto(GStrv) parts = NULL;

	if (bad != NULL) {
		return give_up(problem, bad, text);
	}
	whole = expand_home(text, home, problem);
	if (whole == NULL) {
		return NULL;
	}
	if (whole[0] != '/') {
		return give_up(problem, "the path must begin with '/' or '~/'", text);
	}
	parts = g_strsplit(whole, "/", -1);
	for (guint i = 0; parts[i] != NULL; i++) {
		if (strcmp(parts[i], "..") == 0) {
			return give_up(problem, "the path must not contain '..'", text);
		}
		if (strlen(parts[i]) > PATHS_MAX_NAME) {
			return give_up(problem, "a name in the path is too long", text);
		}
		if (parts[i][0] != '\0' && strcmp(parts[i], ".") != 0) {
			g_string_append_c(out, '/');
			g_string_append(out, parts[i]);
		}
	}
	if (out->len == 0) {
		return give_up(problem, "the root of the file system cannot be managed", text);
	}
	if (out->len > PATHS_MAX) {
		return give_up(problem, "the path is too long", text);
	}
	return g_strdup(out->str);
}

char *paths_link(const char *text, const char *home, char **problem)
{
	const char *bad = text_problem(text);
	char *whole;

	if (bad != NULL) {
		return give_up(problem, bad, text);
	}
	whole = expand_home(text, home, problem);
	if (whole != NULL && strlen(whole) > PATHS_MAX) {
		g_free(whole);
		return give_up(problem, "the path is too long", text);
	}
	return whole;
}

static bool is_git(const char *name)
{
	return g_ascii_strcasecmp(name, ".git") == 0;
}

/* Walks text from folder; parts holds the names from the repository's root. */
static const char *resolve(GPtrArray *parts, guint top, const char *text)
{
	g_auto(GStrv) names = g_strsplit(text, "/", -1);

	for (guint i = 0; names[i] != NULL; i++) {
		if (names[i][0] == '\0' || strcmp(names[i], ".") == 0) {
			continue;
		}
		if (strcmp(names[i], "..") != 0) {
			if (is_git(names[i]) || strlen(names[i]) > PATHS_MAX_NAME) {
				return "no such name can be in a repository";
			}
			g_ptr_array_add(parts, g_strdup(names[i]));
			continue;
		}
		if (parts->len <= top) {
			return "the path leaves the stack's folder";
		}
		g_ptr_array_set_size(parts, (gint)parts->len - 1);
	}
	return NULL;
}

char *paths_source(const char *text, const char *folder, const char *top, char **problem)
{
	g_autoptr(GPtrArray) parts = g_ptr_array_new_with_free_func(g_free);
	const char *bad = text_problem(text);
	bool from_top = text[0] == '/';
	g_auto(GStrv) base = g_strsplit(from_top ? top : folder, "/", -1);
	g_auto(GStrv) top_parts = g_strsplit(top, "/", -1);

	if (bad != NULL) {
		return give_up(problem, bad, text);
	}
	for (guint i = 0; base[i] != NULL; i++) {
		g_ptr_array_add(parts, g_strdup(base[i]));
	}
	bad = resolve(parts, g_strv_length(top_parts), text);
	if (bad != NULL) {
		return give_up(problem, bad, text);
	}
	g_ptr_array_add(parts, NULL);
	return g_strjoinv("/", (char **)parts->pdata);
}
