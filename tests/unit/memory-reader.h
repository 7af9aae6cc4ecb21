/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * A repository in memory, for tests of the manifest.
 *
 *	struct memory_reader m;
 *	memory_reader_init(&m);
 *	memory_reader_add(&m, "app.conf", READER_FILE, "port\n", 5);
 *	desired_load(&m.reader, ...);
 *	memory_reader_clear(&m);
 */
#include <string.h>

#include "base/error.h"
#include "desired/reader.h"

struct memory_reader {
	struct reader reader;
	GTree *files; /* path to struct memory_file */
};
struct memory_file {
	enum reader_type type;
	GBytes *bytes;
};

static void memory_file_free(void *data)
{
	struct memory_file *f = data;

	g_bytes_unref(f->bytes);
	g_free(f);
}

static struct memory_reader *memory_of(struct reader *reader)
{
	return (struct memory_reader *)reader;
}

static void memory_fill(struct reader_entry *entry, const char *path, const struct memory_file *f)
{
	entry->path = path;
	entry->type = f->type;
	entry->executable = g_str_has_suffix(path, ".sh");
	entry->oid = "0123456789012345678901234567890123456789";
	entry->size = g_bytes_get_size(f->bytes);
}

static gboolean memory_is_beneath(gpointer key, gpointer value, gpointer data)
{
	const char **prefix = data;

	if (g_str_has_prefix(key, *prefix)) {
		*prefix = NULL;
		return TRUE;
	}
	return FALSE;
}

static bool memory_stat(struct reader *reader, const char *path, struct reader_entry *entry,
			GError **error)
{
	g_autofree char *folder = path[0] != '\0' ? g_strconcat(path, "/", NULL) : g_strdup("");
	const char *prefix = folder;
	const struct memory_file *f = g_tree_lookup(memory_of(reader)->files, path);

	*entry = (struct reader_entry){.path = path, .oid = ""};
	if (f != NULL) {
		memory_fill(entry, path, f);
		return true;
	}
	g_tree_foreach(memory_of(reader)->files, memory_is_beneath, &prefix);
	entry->type = prefix == NULL ? READER_FOLDER : READER_ABSENT;
	return true;
}

static bool memory_read(struct reader *reader, const char *path, size_t max, char **bytes,
			size_t *len, GError **error)
{
	const struct memory_file *f = g_tree_lookup(memory_of(reader)->files, path);
	const char *data;

	if (f == NULL) {
		return fail(error, BASE_ERROR, BASE_ERROR_NOT_FOUND, "no '%s'", path);
	}
	data = g_bytes_get_data(f->bytes, len);
	if (*len > max) {
		return fail(error, BASE_ERROR, BASE_ERROR_LIMIT, "'%s' is too large", path);
	}
	*bytes = g_malloc(*len + 1);
	if (*len > 0) {
		memcpy(*bytes, data, *len);
	}
	(*bytes)[*len] = '\0';
	return true;
}

struct memory_walk {
	const char *prefix;
	reader_fn *fn;
	void *data;
	GError **error;
	bool good;
};

static gboolean memory_visit(gpointer key, gpointer value, gpointer data)
{
	struct memory_walk *walk = data;
	struct reader_entry entry = {0};

	if (g_str_has_prefix(key, walk->prefix)) {
		memory_fill(&entry, key, value);
		walk->good = walk->fn(walk->data, &entry, walk->error);
	}
	return !walk->good;
}

static bool memory_walk(struct reader *reader, const char *folder, reader_fn *fn, void *data,
			GError **error)
{
	g_autofree char *prefix = folder[0] != '\0' ? g_strconcat(folder, "/", NULL) : g_strdup("");
	struct memory_walk walk = {
		.prefix = prefix, .fn = fn, .data = data, .error = error, .good = true};

	g_tree_foreach(memory_of(reader)->files, memory_visit, &walk);
	return walk.good;
}

static void memory_reader_clear(struct memory_reader *m)
{
	g_tree_unref(m->files);
}

static void memory_free(struct reader *reader)
{
	memory_reader_clear(memory_of(reader));
}

static int memory_compare(gconstpointer a, gconstpointer b, gpointer data)
{
	return strcmp(a, b);
}

static void memory_reader_init(struct memory_reader *m)
{
	static const struct reader_ops ops = {
		.stat = memory_stat, .read = memory_read, .walk = memory_walk, .free = memory_free};

	m->reader.ops = &ops;
	m->files = g_tree_new_full(memory_compare, NULL, g_free, memory_file_free);
}

static void memory_reader_add(struct memory_reader *m, const char *path, enum reader_type type,
			      const void *data, size_t len)
{
	struct memory_file *f = g_new0(struct memory_file, 1);

	f->type = type;
	f->bytes = g_bytes_new(data, len);
	g_tree_insert(m->files, g_strdup(path), f);
}
