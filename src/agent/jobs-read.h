/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * What a worker said last: its result, its error, or why neither can be had.
 * Nothing that a worker writes is believed further than its shape.
 */
#include <glib.h>

#include "agent/jobs.h"

struct jobs_reading {
	struct job_result result; /* kind and stack are left alone */
	/* private */
	struct json_doc *doc;
	struct json_obj root, child;
	char *message, *code;
};
/* line: the last of stdout. error: why the process was ended, or NULL. */
void jobs_read(struct jobs_reading *out, const char *line, size_t len, int status, const char *err,
	       const GError *error);
/* In place of what jobs_read() gave: nothing came from a worker that had to become root first, so
 * it never began. fenced: elevate_is_fenced(). err: what was said on stderr. */
void jobs_read_not_raised(struct jobs_reading *out, enum elevate how, bool fenced,
			  const char *worker, const char *err);
/* The same: no worker was asked. */
void jobs_read_refused(struct jobs_reading *out, const char *why);
void jobs_reading_clear(struct jobs_reading *reading);
