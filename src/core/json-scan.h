/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * The strict look at JSON bytes before any parser sees them. Part of the json
 * module; nobody else needs it. Finds everything but duplicate names in
 * documents that are not canonical.
 */
#include <stddef.h>

#include "assent/error.h"

/* flags: enum json_flags. */
int json_scan(const void *bytes, size_t len, unsigned flags, struct assent_error *err)
	ASSENT_CHECKED;
