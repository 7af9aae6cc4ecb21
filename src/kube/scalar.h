/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * What a scalar of YAML is: YAML 1.1 as go-yaml v2 reads it.
 *
 * kubectl, Flux and the API server itself have that reader, so that a manifest
 * means here what it means there: yes is true, 0777 is 511, 1.10 is 1.1, 12:30
 * and 2001-01-01 are texts.
 */
#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

#include "kube/value.h"

struct kube_scalar {
	enum kube_type type; /* no list, no map */
	bool truth;
	bool is_float; /* a number that was not written as a whole one */
	char *text;    /* of a string or number; g_free() */
	size_t len;
};

/* tag: NULL without one, or in its long form. plain: neither quoted nor a block. NULL, or what is
 * wrong with it and what to do. */
const char *kube_scalar_resolve(const char *tag, bool plain, const char *text, size_t len,
				struct kube_scalar *out);
