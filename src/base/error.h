/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * Failing in one line, with GError.
 *
 *	return fail(error, DECIDE_ERROR, DECIDE_ERROR_EXPIRED, "plan %s expired", id);
 *	return fail_errno(error, "cannot open '%s'", path);       -- adds ": reason" from errno
 *	return fail_core(error, &cerr, "plan '%s'", path);        -- from libassent, with context
 *	if (!f(..., error)) return fail_prefix(error, "stack '%s'", name);
 *
 * All return false. A module with codes that a caller acts on has its own
 * domain; everything else is BASE_ERROR, BASE_ERROR_FAILED.
 */
#include <glib.h>
#include <stdbool.h>

#include "assent/error.h"

#define BASE_ERROR base_error_quark()
GQuark base_error_quark(void);
enum base_error {
	BASE_ERROR_FAILED,
	BASE_ERROR_LIMIT, /* larger, deeper or longer than allowed */
	BASE_ERROR_TIMEOUT,
	BASE_ERROR_CANCELLED,
	BASE_ERROR_MALFORMED,
	BASE_ERROR_NOT_FOUND,
	BASE_ERROR_DENIED, /* by a server: who asks is not believed, or may not */
};

bool fail(GError **error, GQuark domain, int code, const char *format, ...) G_GNUC_PRINTF(4, 5);
bool fail_errno(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);
bool fail_core(GError **error, const struct assent_error *core, const char *format, ...)
	G_GNUC_PRINTF(3, 4);
bool fail_prefix(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);
