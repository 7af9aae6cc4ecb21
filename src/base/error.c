/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One-line failing for the programs. */
#include "base/error.h"

#include <errno.h>

G_DEFINE_QUARK(base - error - quark, base_error)

bool fail(GError **error, GQuark domain, int code, const char *format, ...)
{
	va_list args;

	if (error != NULL) {
		va_start(args, format);
		*error = g_error_new_valist(domain, code, format, args);
		va_end(args);
	}
	return false;
}

bool fail_errno(GError **error, const char *format, ...)
{
	int saved = errno;
	g_autofree char *text = NULL;
	va_list args;

	va_start(args, format);
	text = g_strdup_vprintf(format, args);
	va_end(args);
	g_set_error(error, BASE_ERROR, saved == ENOENT ? BASE_ERROR_NOT_FOUND : BASE_ERROR_FAILED,
		    "%s: %s", text, g_strerror(saved));
	errno = saved;
	return false;
}

bool fail_core(GError **error, const struct assent_error *core, const char *format, ...)
{
	g_autofree char *text = NULL;
	va_list args;

	va_start(args, format);
	text = g_strdup_vprintf(format, args);
	va_end(args);
	g_set_error(error, BASE_ERROR,
		    core->code == ASSENT_EMALFORMED ? BASE_ERROR_MALFORMED : BASE_ERROR_FAILED,
		    "%s: %s", text, core->text);
	return false;
}

bool fail_prefix(GError **error, const char *format, ...)
{
	g_autofree char *text = NULL;
	va_list args;

	if (error != NULL && *error != NULL) {
		va_start(args, format);
		text = g_strdup_vprintf(format, args);
		va_end(args);
		g_prefix_error(error, "%s: ", text);
	}
	return false;
}
