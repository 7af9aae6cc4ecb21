/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * Does a push hook come from somebody who knows the secret? One row of a table
 * for each forge; see doc/http.md for what each of them sends.
 *
 *	hook_key_load(&key, "github", path, &error)
 *	why = hook_problem(&key, &request)     NULL: it does
 *	hook_is_push(&key, &request)           is there something to fetch?
 *	hook_key_clear(&key)
 *
 * The body is compared as it came and not looked into here. Adding a forge: a row in hook.c, its
 *word in base/conf-table.c, its vectors.
 */
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/shared-secret.h"

struct hook_kind;
struct hook_key {
	const struct hook_kind *kind;
	struct shared_secret *secret;
	bool is_signing; /* GitLab's newer secret: signs, instead of being sent */
};

struct hook_request {
	/* NULL when the header is absent, or there twice. */
	const char *(*header)(const void *user, const char *name);
	const void *user;
	const void *body;
	size_t len;
	int64_t now; /* seconds */
};

bool hook_key_load(struct hook_key *key, const char *kind, const char *path, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
/* The same with the secret at hand, which becomes the key's. */
bool hook_key_take(struct hook_key *key, const char *kind, struct shared_secret *secret,
		   GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* One that nobody knows: refuses everything, in the same time. */
void hook_key_decoy(struct hook_key *key);
void hook_key_clear(struct hook_key *key);
const char *hook_problem(const struct hook_key *key, const struct hook_request *request);
/* By the event that the forge names in a header. No signature covers it, and none need: the most
 * that a lie is worth is a fetch. True without a name. */
bool hook_is_push(const struct hook_key *key, const struct hook_request *request);
