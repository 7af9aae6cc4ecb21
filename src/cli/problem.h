/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * Why a command ended: a GError that also carries a stable code for programs
 * and a hint for people, and decides the exit code.
 *
 *	return problem(error, EXIT_USAGE, "unknown-option", hint, _("..."), ...);
 *
 * Any other GError means EXIT_REFUSED with the code "failed". hint may be NULL.
 */
#include <glib.h>
#include <stdbool.h>

enum exit_code {
	EXIT_DONE = 0,	     /* done, or no difference */
	EXIT_REFUSED = 1,    /* a difference, a refusal, or it could not be done */
	EXIT_USAGE = 2,	     /* the command was not understood */
	EXIT_UNREACHABLE = 3 /* no agent answers */
};

#define PROBLEM problem_quark()
GQuark problem_quark(void);

/* False, always. */
bool problem(GError **error, enum exit_code code, const char *name, const char *hint,
	     const char *format, ...) G_GNUC_PRINTF(5, 6);
enum exit_code problem_exit(const GError *error);
const char *problem_name(const GError *error);
const char *problem_hint(const GError *error); /* NULL: none */
