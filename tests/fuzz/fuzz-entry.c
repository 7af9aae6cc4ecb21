/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any bytes as a log entry: what is read can be written. */
#include <glib.h>
#include <stdlib.h>

#include "core/record.h"
#include "fuzz.h"

const char *const fuzz_corpus[] = {"entries", NULL};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct entry entry = {0};
	struct record record;
	char *fields = NULL;

	if (entry_parse(&entry, data, size, NULL) != 0) {
		return 0;
	}
	g_assert(size <= ENTRY_MAX_SIZE && entry.time >= 0);
	if (record_read(&record, &entry, NULL) == 0) {
		g_assert(record.type == entry.type);
		g_assert(record_write(&fields, &record, NULL) == 0);
		free(fields);
	}
	entry_clear(&entry);
	return 0;
}
