/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * The certificate and its key, as libmicrohttpd wants them. The key's file must
 * be its owner's alone; its text is needed only until the listener is open.
 */
#include <glib.h>
#include <stdbool.h>

#include "base/conf.h"
#include "base/shared-secret.h"

struct tls {
	char *certificate;
	struct shared_secret *key; /* NULL: no TLS */
};

bool tls_load(struct tls *tls, const struct conf_http *http, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
void tls_clear(struct tls *tls);
