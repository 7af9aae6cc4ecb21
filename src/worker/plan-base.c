/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The desired state of the commit that was applied last. */
#include "worker/plan.h"
#include "worker/tree-reader.h"

static void load(struct planner *p)
{
	g_autoptr(source_tree_auto) tree = NULL;
	g_autoptr(GError) problem = NULL;
	struct desired_env env = p->env;
	struct diag_list diags;
	struct reader *reader;

	if (!source_tree_open(p->mirror, p->base, &tree, &problem)) {
		plan_warn(p, "nothing is pruned: the last applied commit cannot be read: %s",
			  problem->message);
		return;
	}
	/* What was sealed then may be sealed for a key that is gone: only where it went matters. */
	env.unseal = NULL;
	/* What is to go from a cluster stands there, and which one may be touched now counts. */
	env.no_objects = true;
	env.clusters = env.renderers = NULL;
	diag_list_init(&diags);
	reader = tree_reader_new(tree);
	if (!desired_load(reader, p->folder, &env, &p->base_desired, &diags, &problem)) {
		plan_warn(p, "nothing is pruned: the manifest of the last applied commit is not "
			     "understood");
	}
	reader_free(reader);
	diag_list_clear(&diags);
}

const struct desired *plan_base(struct planner *p)
{
	if (!p->base_asked && p->base[0] != '\0') {
		load(p);
	}
	p->base_asked = true;
	return p->base_desired;
}
