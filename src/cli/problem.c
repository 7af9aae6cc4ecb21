/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Errors of the command line: a stable code, a hint, an exit code. */
#include "cli/problem.h"

typedef struct {
	char *name;
	char *hint;
} ProblemPrivate;

static void problem_private_init(ProblemPrivate *p)
{
	*p = (ProblemPrivate){0};
}

static void problem_private_copy(const ProblemPrivate *from, ProblemPrivate *to)
{
	to->name = g_strdup(from->name);
	to->hint = g_strdup(from->hint);
}

static void problem_private_clear(ProblemPrivate *p)
{
	g_free(p->name);
	g_free(p->hint);
}

G_DEFINE_EXTENDED_ERROR(Problem, problem)

bool problem(GError **error, enum exit_code code, const char *name, const char *hint,
	     const char *format, ...)
{
	va_list args;

	if (error != NULL) {
		va_start(args, format);
		*error = g_error_new_valist(PROBLEM, (int)code, format, args);
		va_end(args);
		problem_get_private(*error)->name = g_strdup(name);
		problem_get_private(*error)->hint = g_strdup(hint);
	}
	return false;
}

enum exit_code problem_exit(const GError *error)
{
	return error->domain == PROBLEM ? (enum exit_code)error->code : EXIT_REFUSED;
}

const char *problem_name(const GError *error)
{
	return error->domain == PROBLEM ? problem_get_private(error)->name : "failed";
}

const char *problem_hint(const GError *error)
{
	return error->domain == PROBLEM ? problem_get_private(error)->hint : NULL;
}
