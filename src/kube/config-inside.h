/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/* What the files of kube/config.h share; for nobody else. All on a map's members; a member that is
 * null or an empty text is absent. */
#include "kube/config.h"

/* NULL when absent; marks nothing. */
struct yaml_node *config_get(struct yaml_node *map, const char *key);
/* g_free(). */
char *config_text(struct yaml_node *map, const char *key, struct diag_list *diags);
/* The same, resolved against the folder. */
char *config_path(struct yaml_node *map, const char *key, const char *folder,
		  struct diag_list *diags);
/* In guarded memory. */
struct seal_bytes *config_secret(struct yaml_node *map, const char *key, struct diag_list *diags);
/* base64 of PEM. */
struct seal_bytes *config_pem(struct yaml_node *map, const char *key, struct diag_list *diags);
char *config_pem_text(struct yaml_node *map, const char *key, struct diag_list *diags);
/* Strings; g_strfreev(), NULL when absent. */
char **config_list(struct yaml_node *map, const char *key, struct diag_list *diags);
bool config_bool(struct yaml_node *map, const char *key, struct diag_list *diags);

void config_read_user(struct kube_config *config, struct yaml_node *user, const char *folder,
		      const char *const *exec_allowed, struct diag_list *diags);
