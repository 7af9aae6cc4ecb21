/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * Where a log is read from: a folder, or the http(s):// address of one that is
 * published. Nothing read here is trusted; cli/logcheck.h judges it.
 *
 * Beside a folder lie, in an agent's state, the objects and the log's public
 * key; they are used when they are there.
 */
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "cli/command.h"
#include "core/note.h"

struct log_source;

/* place: a folder, a URL, or NULL: the log of the agent that answers at cli's socket, else of the
 * state folder that cli's configuration names. */
bool log_source_open(const struct cli *cli, const char *place, struct log_source **out,
		     GError **error) G_GNUC_WARN_UNUSED_RESULT;
void log_source_close(struct log_source *source);
const char *log_source_place(const struct log_source *source);
/* NULL for a URL. */
const char *log_source_folder(const struct log_source *source);
/* The folder of objects beside the log, NULL when there is none. */
const char *log_source_objects(const struct log_source *source);

/* BASE_ERROR_NOT_FOUND when there is no such file. text is NUL-terminated beyond len. */
bool log_source_read(struct log_source *source, const char *path, size_t max, char **text,
		     size_t *len, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The log's key: given (a vkey, or a file that holds one); else the one beside the folder; else the
 * one that the log's own first entry names, which *own then says. */
bool log_source_key(struct log_source *source, const char *given, struct note_key *key, bool *own,
		    GError **error) G_GNUC_WARN_UNUSED_RESULT;

typedef struct log_source log_source_auto;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(log_source_auto, log_source_close)
