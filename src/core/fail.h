/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * What every module of libassent needs: failing in one line and clean-up of
 * automatic variables.
 *
 *	return core_fail(err, ASSENT_EMALFORMED, "line %u: no key", line);
 *
 * err may be NULL. core_fail() returns code, so that it stands behind return.
 */
#include <stdlib.h>

#include "assent/error.h"

int core_fail(struct assent_error *err, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* "not enough memory", ASSENT_ENOMEM. */
int core_fail_memory(struct assent_error *err);
/* Puts "format: " before the text of an error that err already holds; returns its code. */
int core_prefix(struct assent_error *err, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* CLEANUP(free_p) char *text = NULL; */
#define CLEANUP(function) __attribute__((cleanup(function)))

static inline void free_p(void *pointer)
{
	free(*(void **)pointer);
}

/* Takes the pointer out of a variable that is cleaned up. */
static inline void *steal(void *pointer)
{
	void *taken = *(void **)pointer;

	*(void **)pointer = NULL;
	return taken;
}
