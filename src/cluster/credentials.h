/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * Who we say that we are, and whom we believe: certificates, tokens, headers.
 *
 *	source = credential_source_new(config, "prod", env);
 *	credential_source_take(source, &credentials, error)     -- before each batch
 *	... 401: credential_source_renew(source, credentials, &again, error)
 *	credentials_unref(credentials);
 *
 * Files are read again when they have changed; a program is run again when what
 * it gave is over, and both after a 401. One set of credentials never changes:
 * requests that are under way keep theirs.
 */
#include <curl/curl.h>
#include <glib.h>
#include <stdbool.h>

#include "base/seal.h"
#include "kube/config.h"

struct credentials {
	int refs;
	unsigned number;		    /* from 1, each set has another */
	struct seal_bytes *ca, *cert, *key; /* PEM; NULL: none */
	/* Whole lines of headers, which point into secrets; borrowed by requests. */
	struct curl_slist *headers;
	GPtrArray *secrets; /* struct seal_bytes */
	int64_t ends;	    /* POSIX seconds; 0: never */
};
struct credentials *credentials_ref(struct credentials *credentials);
void credentials_unref(struct credentials *credentials);

struct credential_source;
/* config is borrowed, and lives longer. */
struct credential_source *credential_source_new(const struct kube_config *config, const char *name);
void credential_source_free(struct credential_source *source);
/* "the token in '/x/token'": for messages; g_free(). */
char *credential_source_describe(const struct credential_source *source);
/* Those that hold now, with a reference. */
bool credential_source_take(struct credential_source *source, struct credentials **out,
			    GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* refused were answered with 401: others, or *out NULL when there are no others to be had. */
bool credential_source_renew(struct credential_source *source, const struct credentials *refused,
			     struct credentials **out, GError **error) G_GNUC_WARN_UNUSED_RESULT;
