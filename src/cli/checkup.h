/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * Looks of `assent doctor` that need files alone: room for the log and for
 * contents, the keys by which commits are judged, the file that stops
 * everything. Each fills in detail (what is so), or fails with a problem whose
 * hint says what to do.
 */
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/conf.h"

struct checkup_space {
	int64_t log, objects, free; /* bytes */
};

/* What lies in the state folder, and the room for more. */
bool checkup_measure(const char *state, struct checkup_space *out, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
/* remarks: gets a struct remark when it may become too little. */
bool checkup_space(const char *state, const struct checkup_space *space,
		   const struct conf_retention *rule, GPtrArray *remarks, GString *detail,
		   GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Of every stack with 'verify': can its signers be read, and are there any? */
bool checkup_signers(const struct conf *conf, GString *detail, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
/* Does the file stop everything? */
bool checkup_stop(const char *state, GString *detail, GError **error) G_GNUC_WARN_UNUSED_RESULT;
