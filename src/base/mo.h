/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * Reads a compiled catalogue of GNU gettext (.mo), with its plural forms and
 * with the strings that depend on the system (%<PRId64>).
 *
 *	mo = mo_parse(bytes, len);       -- NULL: no whole catalogue
 *	text = mo_find(mo, NULL, "%u thing", mo_form(mo, n));
 *	mo_free(mo);
 *
 * A text that would take other arguments than its original counts as not
 * translated, so that no catalogue can make a format read what is not there.
 */
#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

#define MO_MAX_SIZE ((size_t)4 << 20)

struct mo;

/* bytes are copied. */
struct mo *mo_parse(const char *bytes, size_t len);
void mo_free(struct mo *mo);
/* form: 0 for what has no plural. Borrowed; NULL: not translated. */
const char *mo_find(const struct mo *mo, const char *context, const char *text, unsigned form);
/* Which of the plural forms a number takes. */
unsigned mo_form(const struct mo *mo, unsigned long n);

/* Takes text no other arguments of printf() than original does? (Not all need be taken: "one plan"
 * for "%u plans".) What both say without a conversion fits. */
bool mo_format_fits(const char *original, const char *text);
/* Evaluates a header's "plural=" expression, C's operators over n; false when it is none. */
bool mo_plural(const char *expression, unsigned long n, unsigned long *form);
