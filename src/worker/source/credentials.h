/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * User name and password or token for one repository: from a file that only
 * its owner may read, or from a program that speaks git's credential-helper
 * protocol. Asked for only after the server wants to know.
 *
 * A token with a user name is sent as that user's password; without, as a
 * bearer token where the server takes one and else as the password of
 * "x-access-token", which the usual forges understand.
 */
#include "worker/source/remote.h"

struct credentials {
	char *username;
	char *secret; /* sodium_malloc()ed */
	bool is_token;
	bool from_helper;
};
/* False, JOB_ERROR_AUTH, when there are none or they cannot be read. */
bool credentials_load(const struct source_remote *remote, const struct source_url *url,
		      struct credentials *out, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The server refused them: a helper forgets them. */
void credentials_reject(const struct credentials *credentials, const struct source_remote *remote,
			const struct source_url *url);
void credentials_clear(struct credentials *credentials);
