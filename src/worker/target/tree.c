/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A tree: a folder of the repository, mirrored. Each thing in it is a change of its own. */
#include "worker/target/path.h"

#include "base/error.h"

static void add_entry(const struct desired_resource *resource, const struct desired_entry *entry,
		      GPtrArray *wants)
{
	g_autofree char *path = g_strconcat(resource->path, "/", entry->path, NULL);
	enum state_type type = entry->type == READER_LINK     ? STATE_LINK
			       : entry->type == READER_FOLDER ? STATE_DIRECTORY
							      : STATE_FILE;
	struct want *want = want_new(resource, path, type);

	want->root = resource->path;
	if (type == STATE_DIRECTORY) {
		want->mode = resource->folder_mode;
	} else {
		want->mode = type == STATE_FILE ? resource->mode : -1;
		want->executable = entry->content.executable;
		want->content = &entry->content;
		want->link = entry->link;
	}
	g_ptr_array_add(wants, want);
}

static void add_wants(const struct desired_resource *resource, GPtrArray *wants)
{
	struct want *top = want_new(resource, resource->path, STATE_DIRECTORY);

	top->mode = resource->folder_mode;
	top->root = resource->path;
	g_ptr_array_add(wants, top);
	for (unsigned i = 0; i < resource->entries->len; i++) {
		add_entry(resource, resource->entries->pdata[i], wants);
	}
}

static bool check(const struct plan_change *change, GError **error)
{
	if (change->root == NULL) {
		return fail(error, TARGET_ERROR, TARGET_ERROR_PLAN,
			    "the plan's change '%s' belongs to a tree and names no root",
			    change->id);
	}
	return path_check(change, (1U << STATE_FILE) | (1U << STATE_DIRECTORY) | (1U << STATE_LINK),
			  error);
}

const struct target_ops target_tree = {
	.name = "tree",
	.want = add_wants,
	.check = check,
	.observe = path_observe,
	.diff = diff_write,
	.stage = path_stage,
	.commit = path_commit,
	.undo = path_undo,
	.finish = path_finish,
};
