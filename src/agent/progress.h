/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * How far a worker is, from the newest line that it wrote (doc/worker.md). It
 * is shown and nothing else: what is malformed is no progress.
 */
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

struct json_writer;

/* Writes the member "progress": an object, or null when line tells of none. */
void progress_write(struct json_writer *w, const char *line, size_t len);
