/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Gives a source tree the functions by which a desired state is read. */
#include "worker/tree-reader.h"

#include "base/error.h"

struct tree_reader {
	struct reader reader;
	struct source_tree *tree;
	struct source_entry last; /* of stat: its oid is lent to the caller */
};

struct walk {
	reader_fn *fn;
	void *data;
};

static struct tree_reader *tree_of(struct reader *reader)
{
	return (struct tree_reader *)reader;
}

static enum reader_type type_of(enum source_mode mode)
{
	switch (mode) {
	case SOURCE_FILE:
	case SOURCE_EXECUTABLE:
		return READER_FILE;
	case SOURCE_LINK:
		return READER_LINK;
	case SOURCE_FOLDER:
		return READER_FOLDER;
	}
	g_assert_not_reached();
}

static void fill(struct reader_entry *out, const struct source_entry *entry)
{
	out->path = entry->path;
	out->type = type_of(entry->mode);
	out->executable = entry->mode == SOURCE_EXECUTABLE;
	out->oid = entry->oid;
	out->size = entry->size;
}

static bool tree_stat(struct reader *reader, const char *path, struct reader_entry *entry,
		      GError **error)
{
	struct tree_reader *t = tree_of(reader);
	g_autoptr(GError) own = NULL;

	*entry = (struct reader_entry){.path = path, .type = READER_ABSENT, .oid = ""};
	if (source_tree_stat(t->tree, path, &t->last, &own)) {
		fill(entry, &t->last);
		entry->path = path;
		return true;
	}
	if (g_error_matches(own, BASE_ERROR, BASE_ERROR_NOT_FOUND)) {
		return true;
	}
	g_propagate_error(error, g_steal_pointer(&own));
	return false;
}

static bool tree_read(struct reader *reader, const char *path, size_t max, char **bytes,
		      size_t *len, GError **error)
{
	return source_tree_read(tree_of(reader)->tree, path, max, bytes, len, error);
}

static bool visit(const struct source_entry *entry, void *user, GError **error)
{
	const struct walk *walk = user;
	struct reader_entry out = {0};

	fill(&out, entry);
	return walk->fn(walk->data, &out, error);
}

static bool tree_walk(struct reader *reader, const char *folder, reader_fn *fn, void *data,
		      GError **error)
{
	struct walk walk = {.fn = fn, .data = data};

	return source_tree_walk(tree_of(reader)->tree, folder, visit, &walk, error);
}

static void tree_free(struct reader *reader)
{
	g_free(reader);
}

static const struct reader_ops tree_ops = {
	.stat = tree_stat,
	.read = tree_read,
	.walk = tree_walk,
	.free = tree_free,
};

struct reader *tree_reader_new(struct source_tree *tree)
{
	struct tree_reader *t = g_new0(struct tree_reader, 1);

	t->reader.ops = &tree_ops;
	t->tree = tree;
	return &t->reader;
}
