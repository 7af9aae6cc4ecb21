/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * What a reviewer sees of a change: a section in the form of git's extended
 * diff, so that known tools can colour and read it, with owners added.
 *
 *	diff --git a/etc/x b/etc/x
 *	old mode 100644
 *	new mode 100600
 *	old owner root:root
 *	new owner www-data:root
 *	--- a/etc/x
 *	+++ b/etc/x
 *	@@ ...
 *
 * Binary contents are named by size and digest and never shown. A link's text
 * is its content. A section ends with "... N more lines" where it is cut; the
 * digests beside it name what was not shown. Bytes of contents stay as they
 * are, whoever shows them escapes control characters; names in the headers are
 * quoted as git does, so that no name can forge a header.
 *
 * One differ serves the sections of one plan, and its bound is the plan's.
 */
#include <glib.h>
#include <stdbool.h>

#include "core/plan.h"

#define DIFF_MAX_CONTENT ((size_t)8 << 20) /* of one side; more is not compared by line */
#define DIFF_MAX_LINES 4000		   /* of one section */
#define DIFF_MAX_SECTION ((size_t)1 << 20)
#define DIFF_MAX_PLAN ((size_t)32 << 20)

struct differ;
struct differ *differ_new(size_t max_plan);
void differ_free(struct differ *d);

/* One side's content; bytes NULL: not at hand, only sizes and digests can be shown. */
struct diff_content {
	const char *bytes;
	size_t len;
};
/* Appends the section. change's states give the rest. */
bool diff_write(struct differ *d, GString *out, const struct plan_change *change,
		const struct diff_content *old, const struct diff_content *new, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;

typedef struct differ differ_auto;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(differ_auto, differ_free)
