/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * Lets the desired state be read from a commit: the one place where source/
 * and desired/ meet.
 *
 *	source_tree_open(mirror, commit, &tree, error)
 *	reader = tree_reader_new(tree);
 *	desired_load(reader, path, &env, &desired, &diags, error)
 *	reader_free(reader);          -- the tree stays the caller's
 */
#include "desired/reader.h"
#include "worker/source/tree.h"

/* tree is borrowed and must live as long as the reader. */
struct reader *tree_reader_new(struct source_tree *tree);
