/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A file: content, mode and owner at one path. */
#include "worker/target/path.h"

static void add_wants(const struct desired_resource *resource, GPtrArray *wants)
{
	struct want *want = want_new(resource, resource->path, STATE_FILE);

	want->mode = resource->mode;
	want->executable = resource->content.executable;
	want->content = &resource->content;
	g_ptr_array_add(wants, want);
}

static bool check(const struct plan_change *change, GError **error)
{
	return path_check(change, 1U << STATE_FILE, error);
}

const struct target_ops target_file = {
	.name = "file",
	.want = add_wants,
	.check = check,
	.observe = path_observe,
	.diff = diff_write,
	.stage = path_stage,
	.commit = path_commit,
	.undo = path_undo,
	.finish = path_finish,
};
