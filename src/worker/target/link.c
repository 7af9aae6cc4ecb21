/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A symbolic link: its text. */
#include "worker/target/path.h"

static void add_wants(const struct desired_resource *resource, GPtrArray *wants)
{
	struct want *want = want_new(resource, resource->path, STATE_LINK);

	want->link = resource->link;
	g_ptr_array_add(wants, want);
}

static bool check(const struct plan_change *change, GError **error)
{
	return path_check(change, 1U << STATE_LINK, error);
}

const struct target_ops target_link = {
	.name = "link",
	.want = add_wants,
	.check = check,
	.observe = path_observe,
	.diff = diff_write,
	.stage = path_stage,
	.commit = path_commit,
	.undo = path_undo,
	.finish = path_finish,
};
