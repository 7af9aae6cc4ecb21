/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One-line failing for libassent. */
#include "core/fail.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int core_fail(struct assent_error *err, int code, const char *format, ...)
{
	va_list args;

	if (err != NULL) {
		err->code = code;
		va_start(args, format);
		(void)vsnprintf(err->text, sizeof(err->text), format, args);
		va_end(args);
	}
	return code;
}

int core_fail_memory(struct assent_error *err)
{
	return core_fail(err, ASSENT_ENOMEM, "not enough memory");
}

int core_prefix(struct assent_error *err, int code, const char *format, ...)
{
	char old[sizeof(err->text)];
	va_list args;
	size_t used;

	if (err == NULL) {
		return code;
	}
	memcpy(old, err->text, sizeof(old));
	va_start(args, format);
	(void)vsnprintf(err->text, sizeof(err->text), format, args);
	va_end(args);
	used = strlen(err->text);
	(void)snprintf(err->text + used, sizeof(err->text) - used, ": %s", old);
	return code;
}
