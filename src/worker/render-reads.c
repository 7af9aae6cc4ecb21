/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Paths of this host that a renderer gets to see. */
#include "worker/render-reads.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/secure.h"
#include "base/text.h"
#include "worker/render.h"

/* Processes, devices and sockets are no files to read. */
static const char *const never[] = {"/proc", "/sys", "/dev", "/run", NULL};

static bool is_beneath(const char *path, const char *folder)
{
	size_t len = strlen(folder);

	while (len > 0 && folder[len - 1] == '/') {
		len--;
	}
	return strncmp(path, folder, len) == 0 && (path[len] == '\0' || path[len] == '/');
}

static bool touches(const char *path, const char *other)
{
	return is_beneath(path, other) || is_beneath(other, path);
}

/* The one of them that would be seen; NULL: none. What is not there may come: then by its name. */
static const char *seen_of(const char *path, const char *const *list)
{
	for (; list != NULL && *list != NULL; list++) {
		char *real = realpath(*list, NULL);
		bool seen = touches(path, *list) || (real != NULL && touches(path, real));

		free(real);
		if (seen) {
			return *list;
		}
	}
	return NULL;
}

static bool refuse(const char *path, const char *why, const char *what, GError **error)
{
	g_autofree char *shown = text_escape(path, -1, 0);

	g_set_error(error, RENDER_ERROR, RENDER_ERROR_PROGRAM, "'%s' in 'reads' %s%s", shown, why,
		    what);
	return false;
}

static bool judge(const char *path, const char *const *hidden, char **real, GError **error)
{
	g_autoptr(GError) own = NULL;
	const char *seen;
	char *to;

	if (!g_path_is_absolute(path)) {
		return refuse(path, "is not absolute", "", error);
	}
	to = realpath(path, NULL);
	if (to == NULL) {
		return refuse(path, "cannot be read: ", g_strerror(errno), error);
	}
	*real = g_strdup(to);
	free(to);
	seen = seen_of(*real, never);
	seen = seen != NULL ? seen : seen_of(*real, hidden);
	if (seen != NULL) {
		return refuse(path, "would let it see or be in ", seen, error);
	}
	return secure_linked(path, &own) ||
	       refuse(path, "can be changed by others: ", own->message, error);
}

bool render_reads(const char *const *reads, const char *const *hidden, char ***real, GError **error)
{
	g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func(g_free);

	for (; reads != NULL && *reads != NULL; reads++) {
		char *to = NULL;
		bool good = judge(*reads, hidden, &to, error);

		g_ptr_array_add(list, to);
		if (!good) {
			return false;
		}
	}
	g_ptr_array_add(list, NULL);
	*real = (char **)g_ptr_array_steal(list, NULL);
	return true;
}
