/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any bytes as YAML: read or refused, within the bounds. */
#include <glib.h>

#include "base/yaml.h"
#include "fuzz.h"

const char *const fuzz_corpus[] = {"manifests/bad", "manifests/good", NULL};

static unsigned count_nodes(const struct yaml_node *node)
{
	unsigned count = 1;

	for (guint i = 0; node->items != NULL && i < node->items->len; i++) {
		count += count_nodes(node->items->pdata[i]);
	}
	for (guint i = 0; node->keys != NULL && i < node->keys->len; i++) {
		count += count_nodes(node->keys->pdata[i]);
	}
	return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct yaml_limits limits = {.max_size = 65536, .max_depth = 8, .max_nodes = 200};
	struct diag_list diags = {0};
	struct yaml_node *strict, *all;
	unsigned faults;
	char *text;

	diag_list_init(&diags);
	strict = yaml_parse("f", (const char *)data, size, &limits, &diags);
	faults = diags.items->len;
	g_assert((strict != NULL) == (faults == 0));
	all = yaml_parse_all("f", (const char *)data, size, &limits, &diags);
	g_assert(diags.items->len == MIN(2 * faults, DIAG_MAX));
	if (all != NULL) {
		g_assert(count_nodes(all) <= limits.max_nodes);
	}
	text = diag_text(&diags);
	g_assert(g_utf8_validate(text, -1, NULL));
	g_free(text);
	yaml_node_free(strict);
	yaml_node_free(all);
	diag_list_clear(&diags);
	return 0;
}
