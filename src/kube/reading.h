/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/* What the readers of YAML and JSON share: counting, and variables. For nobody else. */
#include "kube/source.h"

struct kube_reading {
	const struct kube_source *source;
	struct diag_list *diags;
	unsigned values; /* so far */
	size_t text;	 /* bytes of them */
};

/* First: the size, NUL bytes, and a byte order mark, which is taken off. False when it was told
 * that this cannot be read. */
bool kube_reading_begin(struct kube_reading *r, struct kube_source *source);
/* Last. True when nothing was told since there were so many diagnostics. */
bool kube_reading_end(struct kube_reading *r, unsigned diags_before);
void kube_reading_fail(struct kube_reading *r, struct kube_place at, const char *format, ...)
	G_GNUC_PRINTF(3, 4);
/* About the byte at this offset of the source. */
void kube_reading_fail_byte(struct kube_reading *r, size_t offset, const char *problem);
/* One value more, with so many bytes of text, at this depth (from 1). False: too much, said. */
bool kube_reading_count(struct kube_reading *r, struct kube_place at, size_t text, unsigned depth);
bool kube_reading_count_text(struct kube_reading *r, struct kube_place at, size_t len);
/* A counted copy; NULL when it is too much. */
struct kube_value *kube_reading_copy(struct kube_reading *r, const struct kube_value *value,
				     struct kube_place at, unsigned depth);
/* The string with its variables put in; plain: not quoted. NULL with a diagnostic. */
struct kube_value *kube_reading_string(struct kube_reading *r, const char *text, size_t len,
				       bool plain, struct kube_place at);
/* May it be a key? Says why not. */
bool kube_reading_key(struct kube_reading *r, const char *name, size_t len, struct kube_place at);
