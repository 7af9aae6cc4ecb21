/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which places on the host matter, for whoever waits for changes there. */
#include "worker/plan.h"

#include <string.h>

#include "base/file.h"

static void add(GByteArray *out, char mark, const char *path)
{
	g_byte_array_append(out, (const guint8 *)&mark, 1);
	g_byte_array_append(out, (const guint8 *)path, (guint)strlen(path) + 1);
}

/* Of a mirrored folder every name matters: what is not wanted there goes. */
static bool is_whole(const struct want *want)
{
	return want->type == STATE_DIRECTORY && want->root != NULL && want->resource != NULL &&
	       want->resource->prune;
}

bool plan_watch(struct planner *p, GError **error)
{
	g_autoptr(GByteArray) out = NULL;

	if (p->watch == NULL) {
		return true;
	}
	out = g_byte_array_new();
	for (guint i = 0; i < p->wants->len; i++) {
		const struct want *want = p->wants->pdata[i];

		add(out, is_whole(want) ? '=' : '-', want->path);
	}
	if (p->watched != NULL) {
		g_byte_array_append(out, p->watched->data, p->watched->len);
	}
	return file_replace_unsynced(p->watch, out->data, out->len, 0600, error);
}
