/* SPDX-License-Identifier: GPL-3.0-or-later */
/* For tests: the objects of a folder of manifests, as src/kube reads them, one JSON text a line. */
#include <stdio.h>

#include "base/autoptr.h"
#include "desired/reader.h"
#include "kube/folder.h"

struct passing {
	kube_found_fn *found;
	void *data;
};

static bool pass(void *data, const struct reader_entry *entry, GError **error)
{
	struct passing *p = data;

	return p->found(entry->path, entry->type == READER_LINK, p->data, error);
}

static bool walk(void *data, const char *folder, kube_found_fn *found, void *found_data,
		 GError **error)
{
	struct passing p = {found, found_data};

	return reader_walk(data, folder, pass, &p, error);
}

static bool read_file(void *data, const char *path, size_t max, char **bytes, size_t *len,
		      GError **error)
{
	return reader_read(data, path, max, bytes, len, error);
}

static void object_free(void *object)
{
	kube_object_free(object);
}

static int print(const GPtrArray *objects)
{
	for (guint i = 0; i < objects->len; i++) {
		const struct kube_object *object = objects->pdata[i];
		g_autofree char *text = NULL;
		size_t len;

		text = kube_value_canonical(object->value, &len);
		printf("%s\n", text);
	}
	return 0;
}

int main(int argc, char **argv)
{
	g_autoptr(GPtrArray) objects = g_ptr_array_new_with_free_func(object_free);
	g_autoptr(GError) error = NULL;
	struct kube_files files = {.walk = walk, .read = read_file};
	struct diag_list diags;
	struct reader *reader;
	int rc = 1;

	if (argc != 2) {
		fprintf(stderr, "usage: kube-read FOLDER\n");
		return 2;
	}
	diag_list_init(&diags);
	reader = reader_open_folder(argv[1], &error);
	if (reader != NULL) {
		files.data = reader;
		if (kube_folder_read(&files, "", NULL, objects, &diags, &error) &&
		    kube_objects_check_unique(objects, &diags)) {
			rc = print(objects);
		}
		reader_free(reader);
	}
	for (guint i = 0; i < diags.items->len; i++) {
		const struct diag *d = diags.items->pdata[i];

		fprintf(stderr, "%s:%u:%u: %s\n", d->file, d->line, d->column, d->message);
	}
	if (error != NULL) {
		fprintf(stderr, "%s\n", error->message);
	}
	diag_list_clear(&diags);
	return rc;
}
