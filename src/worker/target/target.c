/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The table of resource kinds. */
#include "worker/target/target.h"

#include <string.h>

G_DEFINE_QUARK(target - error - quark, target_error)

const char *const step_outcome_names[] = {"left", "done", "undone", "failed"};

static const struct target_ops *const kinds[] = {
	&target_command, &target_directory, &target_file,    &target_kubernetes,
	&target_link,	 &target_package,   &target_service, &target_tree,
};

const struct target_ops *target_find(const char *kind)
{
	for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
		if (strcmp(kinds[i]->name, kind) == 0) {
			return kinds[i];
		}
	}
	return NULL;
}

bool step_owns_name(const char *name)
{
	static const char prefix[] = ".assent-";
	const char *at = name + strlen(prefix);
	size_t tx;

	if (!g_str_has_prefix(name, prefix)) {
		return false;
	}
	tx = strspn(at, "0123456789abcdef");
	at += tx;
	return tx == STEP_TX_SIZE && at[0] == '-' && at[1] != '\0' &&
	       at[1 + strspn(at + 1, "0123456789")] == '\0';
}

struct want *want_new(const struct desired_resource *resource, const char *path,
		      enum state_type type)
{
	struct want *want = g_new0(struct want, 1);

	want->path = g_strdup(path);
	want->type = type;
	want->mode = -1;
	want->resource = resource;
	want->kind = resource != NULL ? desired_kind_name(resource->kind) : "directory";
	return want;
}

void want_free(struct want *want)
{
	if (want != NULL) {
		g_free(want->path);
		g_free(want);
	}
}
