/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The user entry of a kubeconfig: how we say who we are. */
#include <string.h>

#include "kube/config-inside.h"

#define EXEC_GROUP "client.authentication.k8s.io/"

static void fail_at(struct yaml_node *map, const char *key, struct diag_list *diags,
		    const char *problem)
{
	const struct yaml_node *node = config_get(map, key);

	yaml_fail(node != NULL ? node : map, diags, "'%s' %s", key, problem);
}

/* The file and the data of one thing: client-go takes the data and calls it an error. */
static void check_once(struct yaml_node *map, const char *file, const char *data,
		       struct diag_list *diags)
{
	if (config_get(map, file) != NULL && config_get(map, data) != NULL) {
		yaml_fail(config_get(map, data), diags, "both '%s' and '%s'", file, data);
	}
}

static void read_certificate(struct kube_config *config, struct yaml_node *user, const char *folder,
			     struct diag_list *diags)
{
	guint before = diags->items->len;
	bool cert, key;

	check_once(user, "client-certificate", "client-certificate-data", diags);
	check_once(user, "client-key", "client-key-data", diags);
	config->cert_file = config_path(user, "client-certificate", folder, diags);
	config->key_file = config_path(user, "client-key", folder, diags);
	config->cert_data = config_pem_text(user, "client-certificate-data", diags);
	config->key_data = config_pem(user, "client-key-data", diags);
	cert = config->cert_file != NULL || config->cert_data != NULL;
	key = config->key_file != NULL || config->key_data != NULL;
	if (cert != key && diags->items->len == before) {
		yaml_fail(user, diags,
			  cert ? "a client certificate without its key"
			       : "a client key without its certificate");
	}
}

static void read_impersonation(struct kube_config *config, struct yaml_node *user,
			       struct diag_list *diags)
{
	struct yaml_node *extra = config_get(user, "as-user-extra");

	config->as = config_text(user, "as", diags);
	config->as_uid = config_text(user, "as-uid", diags);
	config->as_groups = config_list(user, "as-groups", diags);
	if (extra != NULL && extra->type != YAML_MAP) {
		fail_at(user, "as-user-extra", diags, "must be a map");
		extra = NULL;
	}
	for (guint i = 0; extra != NULL && i < extra->keys->len; i++) {
		const struct yaml_node *key = extra->keys->pdata[i];
		g_auto(GStrv) values = config_list(extra, key->value, diags);

		for (size_t n = 0; values != NULL && values[n] != NULL; n++) {
			g_ptr_array_add(config->as_extra,
					g_strconcat(key->value, "=", values[n], NULL));
		}
	}
	if (config->as == NULL &&
	    (config->as_uid != NULL || config->as_groups != NULL || config->as_extra->len > 0)) {
		yaml_fail(user, diags, "'as-uid', 'as-groups' and 'as-user-extra' need 'as'");
	}
}

static char **read_env(struct yaml_node *exec, struct diag_list *diags)
{
	const struct yaml_node *list = config_get(exec, "env");
	g_autoptr(GStrvBuilder) texts = g_strv_builder_new();

	if (list != NULL && list->type != YAML_LIST) {
		fail_at(exec, "env", diags, "must be a list");
		list = NULL;
	}
	for (guint i = 0; list != NULL && i < list->items->len; i++) {
		struct yaml_node *item = list->items->pdata[i];
		g_autofree char *name = NULL, *value = NULL, *text = NULL;

		if (item->type == YAML_MAP) {
			name = config_text(item, "name", diags);
			value = config_text(item, "value", diags);
		}
		if (name == NULL || strchr(name, '=') != NULL) {
			yaml_fail(item, diags, "'env' needs a name and a value");
			continue;
		}
		text = g_strconcat(name, "=", value != NULL ? value : "", NULL);
		g_strv_builder_add(texts, text);
	}
	return g_strv_builder_end(texts);
}

/* The allowed program that is meant; a name alone means the only allowed one of that name, whatever
 * the search path says. NULL when none is. */
static char *allowed_program(const char *command, const char *folder, const char *const *allowed)
{
	g_autofree char *path = NULL;
	const char *found = NULL;

	if (strchr(command, '/') != NULL) {
		path = g_canonicalize_filename(command, folder);
	}
	for (size_t i = 0; allowed != NULL && allowed[i] != NULL; i++) {
		g_autofree char *name = g_path_get_basename(allowed[i]);

		if (allowed[i][0] != '/') {
			continue;
		}
		if (path != NULL ? strcmp(path, allowed[i]) == 0 : strcmp(command, name) == 0) {
			if (found != NULL && strcmp(found, allowed[i]) != 0) {
				return NULL;
			}
			found = allowed[i];
		}
	}
	return g_strdup(found);
}

static void check_exec_version(struct yaml_node *exec, const char *version, struct diag_list *diags)
{
	bool v1 = g_strcmp0(version, EXEC_GROUP "v1") == 0;
	g_autofree char *mode = config_text(exec, "interactiveMode", diags);

	if (!v1 && g_strcmp0(version, EXEC_GROUP "v1beta1") != 0) {
		fail_at(exec, "apiVersion", diags, "must be " EXEC_GROUP "v1 or v1beta1");
		return;
	}
	if (mode == NULL) {
		if (v1) {
			fail_at(exec, "interactiveMode", diags, "is missing");
		}
	} else if (strcmp(mode, "Always") == 0) {
		fail_at(exec, "interactiveMode", diags, "is Always, and nobody is there to answer");
	} else if (strcmp(mode, "Never") != 0 && strcmp(mode, "IfAvailable") != 0) {
		fail_at(exec, "interactiveMode", diags, "must be Never, IfAvailable or Always");
	}
}

static void exec_free(struct kube_config_exec *exec)
{
	if (exec != NULL) {
		g_free(exec->command);
		g_strfreev(exec->args);
		g_strfreev(exec->env);
		g_free(exec->api_version);
		g_free(exec);
	}
}

static struct kube_config_exec *read_exec(struct yaml_node *node, const char *folder,
					  const char *const *allowed, struct diag_list *diags)
{
	struct kube_config_exec *exec = g_new0(struct kube_config_exec, 1);
	g_autofree char *command = config_text(node, "command", diags);

	exec->args = config_list(node, "args", diags);
	exec->env = read_env(node, diags);
	exec->api_version = config_text(node, "apiVersion", diags);
	exec->wants_cluster = config_bool(node, "provideClusterInfo", diags);
	check_exec_version(node, exec->api_version, diags);
	if (command == NULL) {
		fail_at(node, "command", diags, "is missing");
		return exec;
	}
	exec->command = allowed_program(command, folder, allowed);
	if (exec->command == NULL) {
		yaml_fail(config_get(node, "command"), diags,
			  "'%s' is not one of the programs that may give credentials: those "
			  "stand in 'exec-plugins' of the agent's configuration",
			  command);
	}
	return exec;
}

static void check_methods(const struct kube_config *config, struct yaml_node *user,
			  struct diag_list *diags)
{
	bool token = config->token != NULL || config->token_file != NULL;
	bool basic = config->username != NULL || config->password != NULL;

	if (token && basic) {
		yaml_fail(user, diags, "a token and a user name: one method is enough");
	}
	if (basic && (config->username == NULL || config->password == NULL)) {
		yaml_fail(user, diags, "'username' and 'password' need each other");
	}
	if (config_get(user, "auth-provider") != NULL) {
		fail_at(user, "auth-provider", diags,
			"is not supported: use 'exec', a token or a certificate");
	}
}

void config_read_user(struct kube_config *config, struct yaml_node *user, const char *folder,
		      const char *const *exec_allowed, struct diag_list *diags)
{
	struct yaml_node *exec = config_get(user, "exec");
	bool has_own;

	config->token = config_secret(user, "token", diags);
	config->token_file = config_path(user, "tokenFile", folder, diags);
	config->username = config_text(user, "username", diags);
	config->password = config_secret(user, "password", diags);
	read_certificate(config, user, folder, diags);
	read_impersonation(config, user, diags);
	check_methods(config, user, diags);
	has_own = config->token != NULL || config->token_file != NULL || config->username != NULL ||
		  config->cert_file != NULL || config->cert_data != NULL;
	/* Client-go runs no plugin for a user that has credentials of its own. */
	if (exec == NULL || has_own) {
		return;
	}
	if (exec->type != YAML_MAP) {
		fail_at(user, "exec", diags, "must be a map");
		return;
	}
	config->exec = read_exec(exec, folder, exec_allowed, diags);
}

void kube_config_free(struct kube_config *config)
{
	if (config == NULL) {
		return;
	}
	g_free(config->context);
	g_free(config->namespace);
	g_free(config->server);
	g_free(config->tls_server_name);
	g_free(config->ca_file);
	g_free(config->ca_data);
	g_free(config->proxy);
	g_free(config->cert_file);
	g_free(config->key_file);
	g_free(config->cert_data);
	seal_bytes_free(config->key_data);
	seal_bytes_free(config->token);
	g_free(config->token_file);
	g_free(config->username);
	seal_bytes_free(config->password);
	exec_free(config->exec);
	g_free(config->as);
	g_free(config->as_uid);
	g_strfreev(config->as_groups);
	g_ptr_array_unref(config->as_extra);
	g_free(config);
}
