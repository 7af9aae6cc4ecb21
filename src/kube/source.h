/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * A text with manifests that is being read: where it comes from, how much of
 * it is borne, and the variables that its texts may name.
 *
 * Variables are put in after the text was taken apart, into strings only, never
 * into the file: so a value can change what a field says, but never add a
 * field, an object or a line, whatever characters it has. A string stays a
 * string. One exception, by the type that the variable was declared with: a
 * plain scalar that is one variable and nothing else (replicas: ${count})
 * becomes a number or true or false when the variable is one; no text of a
 * variable is ever looked at to find a type. Keys take no variables.
 */
#include "base/yaml.h"
#include "kube/value.h"

enum kube_var_type { KUBE_VAR_TEXT, KUBE_VAR_NUMBER, KUBE_VAR_BOOL };

struct kube_vars {
	/* NULL: unknown. Borrowed until the next call. */
	const char *(*lookup)(const char *name, enum kube_var_type *type, void *data);
	void *data;
};

struct kube_limits {
	size_t max_size;     /* bytes of one file */
	unsigned max_depth;  /* no more than KUBE_VALUE_MAX_DEPTH */
	unsigned max_values; /* of one file, those that aliases repeat included */
	size_t max_text;     /* bytes of all texts, likewise */
};
extern const struct kube_limits kube_limits_default; /* 8 MiB, 100, 500000, 32 MiB */

/* What several files took together. */
struct kube_spent {
	unsigned values;
	size_t text;
};

struct kube_source {
	const char *file; /* for messages */
	const char *text;
	size_t len;
	const struct kube_limits *limits;
	const struct kube_vars *vars; /* NULL: "${" stands for itself */
	struct kube_spent *spent;     /* NULL, or what this one takes is added */
};

/* Both readers: one struct kube_value for each document, null for one without content, appended to
 * documents. False with diagnostics, which know line and column; documents are then incomplete. */
bool kube_yaml_parse(const struct kube_source *source, GPtrArray *documents,
		     struct diag_list *diags);
/* JSON, one or several values; as strict as kube_value_parse(). */
bool kube_json_parse(const struct kube_source *source, GPtrArray *documents,
		     struct diag_list *diags);
