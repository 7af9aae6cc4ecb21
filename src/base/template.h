/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * Text with variables: ${name} is replaced, $${ is a literal ${, any other '$'
 * stands for itself. Values are put in as they are and not looked at again.
 */
#include <glib.h>
#include <stdbool.h>

/* The value of a variable; NULL when unknown. Borrowed. */
typedef const char *template_lookup_fn(const char *name, void *data);
/* Receives each problem with its place in the text, from 1, in characters. */
typedef void template_problem_fn(unsigned line, unsigned column, const char *message, void *data);

struct template_source {
	template_lookup_fn *lookup;
	template_problem_fn *problem;
	void *data; /* for both */
	size_t max; /* of the result, in bytes */
	/* Values may be secrets: no copy of the result is left behind. */
	bool secret;
};

/* NULL after problems, of which at least one was told. */
char *template_expand(const char *text, size_t len, const struct template_source *source,
		      size_t *out_len) G_GNUC_WARN_UNUSED_RESULT;
/* A letter or '_', then letters, digits and '_'; at most 64. */
bool template_name_is_valid(const char *name);
/* Text without NUL, in UTF-8: what may be expanded. */
bool template_is_text(const char *bytes, size_t len);
