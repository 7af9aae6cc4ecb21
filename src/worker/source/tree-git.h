/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/* The objects behind a tree; tree.c checks paths and bounds before it asks. Private to source/. */
#include "worker/source/tree.h"

struct tree_git;

/* tree_id receives SOURCE_OID_SIZE bytes. */
bool tree_git_new(const char *mirror, const char *commit, struct tree_git **out, char *tree_id,
		  GError **error) G_GNUC_WARN_UNUSED_RESULT;
void tree_git_free(struct tree_git *t);
bool tree_git_stat(struct tree_git *t, const char *path, struct source_entry *entry, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
bool tree_git_read(struct tree_git *t, const struct source_entry *entry, size_t max, char **bytes,
		   size_t *len, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Owns its name. */
struct tree_row {
	char *name;
	struct source_entry entry;
};
void tree_row_clear(void *row);
/* Appends the entries of one folder (struct tree_row), in the order of a walk. */
bool tree_git_list(struct tree_git *t, const char *folder, GArray *entries, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
