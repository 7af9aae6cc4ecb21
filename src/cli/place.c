/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Finds the agent's socket and the trust file. */
#include "cli/place.h"

#include <string.h>

#include "base/file.h"
#include "base/paths.h"
#include "base/yaml.h"

/* A configuration with mistakes is the agent's and `config check`'s matter; here it only means
 * that the usual place is taken. */
static char *configured_path(const char *config_file, const char *key)
{
	g_autofree char *text = NULL;
	size_t len = 0;
	struct diag_list diags;
	struct yaml_node *root;
	const char *path = NULL;
	char *found = NULL;

	if (!file_read(config_file, yaml_default_limits.max_size, &text, &len, NULL)) {
		return NULL;
	}
	diag_list_init(&diags);
	root = yaml_parse(config_file, text, len, &yaml_default_limits, &diags);
	if (root != NULL && root->type == YAML_MAP) {
		path = yaml_get_string(root, key, NULL, &diags);
	}
	if (path != NULL) {
		found = paths_expand(path, config_file, g_get_home_dir());
	}
	yaml_free(root);
	diag_list_clear(&diags);
	return found;
}

char *place_socket(const char *config_file)
{
	const char *named = g_getenv("ASSENT_SOCKET");
	char *configured = NULL;

	if (named == NULL || named[0] == '\0') {
		configured = configured_path(config_file, "socket");
	}
	return configured != NULL ? configured : paths_socket();
}

char *place_trust(const char *config_file)
{
	char *configured = configured_path(config_file, "trust");

	return configured != NULL ? configured
				  : paths_expand("trust.yaml", config_file, g_get_home_dir());
}
