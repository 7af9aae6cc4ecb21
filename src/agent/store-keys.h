/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * The agent's keys below STATE/keys: plan.key signs plans, log.key signs
 * checkpoints. Made once; a state folder whose log has begun never gets new
 * ones, since nobody could tell them from a forger's. seal.key opens secrets
 * (base/seal.h); the agent makes it, and only its workers read it.
 */
#include <glib.h>
#include <stdbool.h>

#include "core/sign.h"

struct store_keys {
	struct secret *plan;
	struct secret *log;
	struct note_key vkey; /* of log */
};

/* *made says whether a key was missing and has been made. */
bool store_keys_make(const char *state_dir, const char *agent, bool *made, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
/* Of keys that are there: what a start needs to find, and an older version or a crash left out. */
bool store_keys_complete(const char *state_dir, const char *agent, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
/* Fails when the log's key belongs to another name than agent. */
bool store_keys_load(const char *state_dir, const char *agent, struct store_keys *out,
		     GError **error) G_GNUC_WARN_UNUSED_RESULT;
void store_keys_clear(struct store_keys *keys);
