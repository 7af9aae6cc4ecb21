/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Hands calls to the reader at hand. */
#include "desired/reader.h"

bool reader_stat(struct reader *reader, const char *path, struct reader_entry *entry,
		 GError **error)
{
	return reader->ops->stat(reader, path, entry, error);
}

bool reader_read(struct reader *reader, const char *path, size_t max, char **bytes, size_t *len,
		 GError **error)
{
	return reader->ops->read(reader, path, max, bytes, len, error);
}

bool reader_walk(struct reader *reader, const char *folder, reader_fn *fn, void *data,
		 GError **error)
{
	return reader->ops->walk(reader, folder, fn, data, error);
}

void reader_free(struct reader *reader)
{
	if (reader != NULL) {
		reader->ops->free(reader);
	}
}
