/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which names may be a component of a path in a repository. */
#include "worker/source/name.h"

#include "worker/source/tree.h"

#include "base/error.h"

#include <string.h>

/* HFS+ ignores these code points: U+200C..F, U+202A..E, U+206A..F, U+FEFF. Length, 0: another. */
static size_t ignorable(const char *s)
{
	const unsigned char *u = (const unsigned char *)s;

	if (u[0] == 0xef && u[1] == 0xbb && u[2] == 0xbf) {
		return 3;
	}
	if (u[0] != 0xe2) {
		return 0;
	}
	if (u[1] == 0x80 && ((u[2] >= 0x8c && u[2] <= 0x8f) || (u[2] >= 0xaa && u[2] <= 0xae))) {
		return 3;
	}
	return u[1] == 0x81 && u[2] >= 0xaa && u[2] <= 0xaf ? 3 : 0;
}

/* NTFS ignores dots and spaces at the end, and a stream's name after ':'. */
static bool is_ntfs_end(const char *rest)
{
	rest += strspn(rest, ". ");
	return *rest == '\0' || *rest == ':';
}

static bool is_dot_git(const char *name)
{
	g_autoptr(GString) plain = g_string_new(NULL);

	for (const char *p = name; *p != '\0';) {
		size_t skip = ignorable(p);

		if (skip == 0) {
			g_string_append_c(plain, g_ascii_tolower(*p));
		}
		p += skip == 0 ? 1 : skip;
	}
	return (g_str_has_prefix(plain->str, ".git") && is_ntfs_end(plain->str + 4)) ||
	       (g_str_has_prefix(plain->str, "git~1") && is_ntfs_end(plain->str + 5));
}

const char *name_problem(const char *name)
{
	if (name[0] == '\0') {
		return "an empty name";
	}
	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0) {
		return "'.' and '..' are not names";
	}
	if (strchr(name, '/') != NULL) {
		return "a name with '/'";
	}
	if (strlen(name) > 255) {
		return "a name of more than 255 bytes";
	}
	return is_dot_git(name) ? "some systems take this name for '.git'" : NULL;
}

bool name_check_path(const char *path, GError **error)
{
	g_auto(GStrv) parts = NULL;

	if (strlen(path) > SOURCE_MAX_PATH) {
		return fail(error, BASE_ERROR, BASE_ERROR_LIMIT, "a path is longer than %d bytes",
			    SOURCE_MAX_PATH);
	}
	if (path[0] == '\0') {
		return true;
	}
	parts = g_strsplit(path, "/", -1);
	if (g_strv_length(parts) > SOURCE_MAX_DEPTH) {
		return fail(error, BASE_ERROR, BASE_ERROR_LIMIT, "'%s' is deeper than %d folders",
			    path, SOURCE_MAX_DEPTH);
	}
	for (size_t i = 0; parts[i] != NULL; i++) {
		const char *problem = name_problem(parts[i]);

		if (problem != NULL) {
			return fail(error, BASE_ERROR, BASE_ERROR_MALFORMED,
				    "'%s' is not a path in a repository: %s", path, problem);
		}
	}
	return true;
}

char *name_join(const char *folder, const char *name)
{
	return folder[0] == '\0' ? g_strdup(name) : g_strconcat(folder, "/", name, NULL);
}
