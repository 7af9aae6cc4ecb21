/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/* What a source of trees does; tree.c checks paths and bounds before it asks. Private to source/.
 */
#include "worker/source/tree.h"

struct tree_walk {
	source_walk_fn each;
	void *user;
	unsigned count; /* entries so far, folders included */
};

struct tree_ops {
	const char *name;
	void (*free)(void *self);
	bool (*stat)(void *self, const char *path, struct source_entry *entry, GError **error);
	bool (*read)(void *self, const struct source_entry *entry, size_t max, char **bytes,
		     size_t *len, GError **error);
	/* The entries of one folder, in the order of a walk; path of each is its name. */
	bool (*list)(void *self, const char *folder, GArray *entries, GError **error);
};
extern const struct tree_ops tree_git_ops, tree_dir_ops;

bool tree_git_new(const char *mirror, const char *commit, void **self, char *tree_id,
		  GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool tree_dir_new(const char *path, void **self, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* A row of list(): owns its name. */
struct tree_row {
	char *name;
	struct source_entry entry;
};
void tree_row_clear(void *row);
