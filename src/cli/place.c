/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Finds the agent's socket, state folder and lists. */
#include "cli/place.h"

#include <string.h>

#include "base/file.h"
#include "base/paths.h"
#include "base/yaml.h"

char *place_value(const char *config_file, const char *key)
{
	g_autofree char *text = NULL;
	size_t len = 0;
	struct diag_list diags;
	struct yaml_node *root;
	char *found = NULL;

	if (!file_read(config_file, yaml_default_limits.max_size, &text, &len, NULL)) {
		return NULL;
	}
	diag_list_init(&diags);
	root = yaml_parse(config_file, text, len, &yaml_default_limits, &diags);
	if (root != NULL && root->type == YAML_MAP) {
		found = g_strdup(yaml_get_string(root, key, NULL, &diags));
	}
	yaml_node_free(root);
	diag_list_clear(&diags);
	return found;
}

/* NULL when the configuration does not name it. */
static char *path_of(const char *config_file, const char *key)
{
	g_autofree char *value = place_value(config_file, key);

	return value != NULL ? paths_expand(value, config_file, g_get_home_dir()) : NULL;
}

static char *path_or_beside(const char *config_file, const char *key, const char *name)
{
	char *path = path_of(config_file, key);

	return path != NULL ? path : paths_expand(name, config_file, g_get_home_dir());
}

char *place_socket(const char *config_file)
{
	const char *named = g_getenv("ASSENT_SOCKET");
	char *path = NULL;

	if (named == NULL || named[0] == '\0') {
		path = path_of(config_file, "socket");
	}
	return path != NULL ? path : paths_socket();
}

char *place_trust(const char *config_file)
{
	return path_or_beside(config_file, "trust", "trust.yaml");
}

char *place_signers(const char *config_file)
{
	return path_or_beside(config_file, "allowed-signers", "allowed_signers");
}

char *place_state(const char *config_file)
{
	char *path = path_of(config_file, "state");

	return path != NULL ? path : paths_state();
}
