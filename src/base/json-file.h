/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * A file that is one canonical JSON object and nobody else's business (mode
 * 0600): written atomically, read with a bound. what names it in errors.
 */
#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

#include "core/json.h"

/* Ends w, which is freed whatever comes back. */
bool json_file_store(const char *file, struct json_writer *w, const char *what, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
bool json_file_load(const char *file, size_t max, const char *what, struct json_doc **out,
		    GError **error) G_GNUC_WARN_UNUSED_RESULT;
