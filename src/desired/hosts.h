/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * Selectors: which hosts something in the manifest is meant for.
 *
 *	hosts: ["web*.example.org", "role=db & not env=test"]
 *
 * A selector is a list of terms, of which one must hold. A term is one
 * condition or several joined by '&', which must all hold. A condition is a
 * pattern for the agent's name, or LABEL=PATTERN; 'not ' in front turns it
 * around. In patterns '*' stands for any text and '?' for one character. A
 * label that the host does not have matches no pattern.
 */
#include <stdbool.h>

#include "desired/desired.h"

/* Says why a term is not understood; NULL when it is. Freed with g_free(). */
char *hosts_term_problem(const char *term);
/* terms: ends with NULL, each without problem. */
bool hosts_match(char **terms, const struct desired_env *env);
bool hosts_glob(const char *pattern, const char *text);
