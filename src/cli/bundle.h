/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * The bundle of doc/formats.md 5: a folder that proves one plan to somebody who
 * has ssh-keygen, openssl and coreutils, and nothing of ours.
 */
#include <glib.h>
#include <stdbool.h>

#include "cli/logsource.h"
#include "core/hash.h"

struct bundle_request {
	struct log_source *source;
	const char *key;     /* as log_source_key() takes it, NULL: none given */
	const char *objects; /* folder of objects */
	const char *folder;  /* new or empty; made */
	struct hash plan;
};

/* Refused when the log does not verify, or when the plan's bytes are not here. verify.sh comes
 * last: a folder without it is not complete. */
bool bundle_write(const struct bundle_request *request, GError **error) G_GNUC_WARN_UNUSED_RESULT;
