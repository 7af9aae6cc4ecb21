/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Kubeconfigs: which files, which entries of them, and the cluster's part. */
#include "kube/config.h"

#include <sodium.h>
#include <string.h>

#include "base/error.h"
#include "kube/config-inside.h"

static const struct yaml_limits limits = {KUBE_CONFIG_MAX, 32, 100000};

struct source {
	char *path, *folder;
	struct yaml_node *root;
};

struct load {
	const struct kube_config_ask *ask;
	GPtrArray *sources; /* struct source, in their order */
	struct diag_list *diags;
};

/* Tokens and keys are among its texts, not only those that were asked for. */
static void wipe_tree(struct yaml_node *node)
{
	if (node->type == YAML_SCALAR) {
		sodium_memzero(node->value, node->length);
		return;
	}
	for (guint i = 0; i < node->items->len; i++) {
		wipe_tree(node->items->pdata[i]);
	}
}

static void source_free(void *data)
{
	struct source *source = data;

	g_free(source->path);
	g_free(source->folder);
	wipe_tree(source->root);
	yaml_node_free(source->root);
	g_free(source);
}

static struct kube_config *config_new(void)
{
	struct kube_config *config = g_new0(struct kube_config, 1);

	config->as_extra = g_ptr_array_new_with_free_func(g_free);
	return config;
}

static void check_head(struct load *l, struct yaml_node *root)
{
	g_autofree char *kind = NULL, *version = NULL;

	if (root->type != YAML_MAP) {
		yaml_fail(root, l->diags, "not a kubeconfig");
		return;
	}
	kind = config_text(root, "kind", l->diags);
	version = config_text(root, "apiVersion", l->diags);
	if (kind != NULL && strcmp(kind, "Config") != 0) {
		yaml_fail(config_get(root, "kind"), l->diags, "'kind' must be Config");
	}
	if (version != NULL && strcmp(version, "v1") != 0) {
		yaml_fail(config_get(root, "apiVersion"), l->diags, "'apiVersion' must be v1");
	}
}

/* A file of nothing but white space and comments is one without entries. */
static bool is_blank(const char *text, size_t len)
{
	bool comment = false;

	for (size_t i = 0; i < len; i++) {
		comment = text[i] == '#' || (comment && text[i] != '\n');
		if (!comment && strchr(" \t\r\n", text[i]) == NULL) {
			return false;
		}
	}
	return true;
}

static bool read_source(struct load *l, const char *path, bool must_exist, GError **error)
{
	struct source *source;
	g_autoptr(GError) local = NULL;
	struct yaml_node *root;
	char *text = NULL;
	size_t len = 0;
	bool blank;

	if (!l->ask->read(path, &text, &len, l->ask->data, &local)) {
		if (!must_exist && g_error_matches(local, BASE_ERROR, BASE_ERROR_NOT_FOUND)) {
			return true;
		}
		g_propagate_error(error, g_steal_pointer(&local));
		return fail_prefix(error, "kubeconfig '%s'", path);
	}
	blank = is_blank(text, len);
	root = blank ? NULL : yaml_parse(path, text, len, &limits, l->diags);
	sodium_memzero(text, len);
	g_free(text);
	if (root == NULL) {
		return blank || fail(error, BASE_ERROR, BASE_ERROR_MALFORMED,
				     "kubeconfig '%s' cannot be read", path);
	}
	source = g_new0(struct source, 1);
	source->path = g_strdup(path);
	source->folder = g_path_get_dirname(path);
	source->root = root;
	g_ptr_array_add(l->sources, source);
	check_head(l, root);
	return true;
}

static bool read_env_files(struct load *l, GError **error)
{
	g_auto(GStrv) paths = g_strsplit(l->ask->env, ":", -1);
	g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);

	for (size_t i = 0; paths[i] != NULL; i++) {
		if (paths[i][0] == '\0' || !g_hash_table_add(seen, paths[i])) {
			continue;
		}
		/* Without a folder to begin from, a relative path means nothing to a daemon. */
		if (paths[i][0] != '/') {
			return fail(error, BASE_ERROR, BASE_ERROR_FAILED,
				    "kubeconfig '%s' must be an absolute path", paths[i]);
		}
		if (g_hash_table_size(seen) > KUBE_CONFIG_MAX_FILES) {
			return fail(error, BASE_ERROR, BASE_ERROR_LIMIT, "over %d kubeconfigs",
				    KUBE_CONFIG_MAX_FILES);
		}
		if (!read_source(l, paths[i], false, error)) {
			return false;
		}
	}
	return true;
}

static bool read_sources(struct load *l, GError **error)
{
	g_autofree char *own = NULL;

	if (l->ask->path != NULL) {
		return read_source(l, l->ask->path, true, error);
	}
	if (l->ask->env != NULL && l->ask->env[0] != '\0') {
		return read_env_files(l, error);
	}
	if (l->ask->home == NULL) {
		return true;
	}
	own = g_build_filename(l->ask->home, ".kube", "config", NULL);
	return read_source(l, own, false, error);
}

/* The entry of that name in a file's list; its names are looked at all, since one that stands there
 * twice is an error. */
static struct yaml_node *find_in(struct load *l, struct yaml_node *root, const char *list_name,
				 const char *inner, const char *name)
{
	const struct yaml_node *list = config_get(root, list_name);
	struct yaml_node *found = NULL;

	if (list == NULL) {
		return NULL;
	}
	if (list->type != YAML_LIST) {
		yaml_fail(list, l->diags, "'%s' must be a list", list_name);
		return NULL;
	}
	for (guint i = 0; i < list->items->len; i++) {
		struct yaml_node *item = list->items->pdata[i];
		g_autofree char *its = NULL;

		if (item->type != YAML_MAP) {
			yaml_fail(item, l->diags, "'%s' must be a list of maps", list_name);
			continue;
		}
		its = config_text(item, "name", l->diags);
		if (its == NULL || strcmp(its, name) != 0) {
			continue;
		}
		if (found != NULL) {
			yaml_fail(item, l->diags, "'%s' has '%s' twice", list_name, name);
			return NULL;
		}
		found = config_get(item, inner);
		if (found == NULL || found->type != YAML_MAP) {
			yaml_fail(item, l->diags, "'%s' has no map '%s'", name, inner);
			return NULL;
		}
	}
	return found;
}

/* In the first file that has it; NULL when none has, or after a diagnostic. */
static struct yaml_node *find(struct load *l, const char *list_name, const char *inner,
			      const char *name, const struct source **from)
{
	guint before = l->diags->items->len;

	for (guint i = 0; i < l->sources->len; i++) {
		struct source *source = l->sources->pdata[i];
		struct yaml_node *found;

		if (source->root->type != YAML_MAP) {
			continue;
		}
		found = find_in(l, source->root, list_name, inner, name);
		if (found != NULL || l->diags->items->len > before) {
			*from = source;
			return found;
		}
	}
	return NULL;
}

static char *current_context(struct load *l)
{
	for (guint i = 0; i < l->sources->len; i++) {
		struct source *source = l->sources->pdata[i];
		char *name = source->root->type == YAML_MAP
				     ? config_text(source->root, "current-context", l->diags)
				     : NULL;

		if (name != NULL) {
			return name;
		}
	}
	return NULL;
}

/* What is wrong with the address; NULL: nothing. */
static const char *server_problem(const char *server)
{
	g_autoptr(GUri) uri = g_uri_parse(server, G_URI_FLAGS_NONE, NULL);

	if (uri == NULL || g_uri_get_host(uri) == NULL || g_uri_get_host(uri)[0] == '\0') {
		return "must be an address like https://host:6443";
	}
	if (strcmp(g_uri_get_scheme(uri), "https") != 0 &&
	    strcmp(g_uri_get_scheme(uri), "http") != 0) {
		return "must begin with https:// or http://";
	}
	if (g_uri_get_userinfo(uri) != NULL || g_uri_get_query(uri) != NULL ||
	    g_uri_get_fragment(uri) != NULL) {
		return "must not have a user, a query or a fragment";
	}
	return NULL;
}

static void read_proxy(struct kube_config *config, struct yaml_node *cluster,
		       struct diag_list *diags)
{
	static const char *const schemes[] = {"http://", "https://", "socks5://", "socks5h://"};

	config->proxy = config_text(cluster, "proxy-url", diags);
	for (size_t i = 0; config->proxy != NULL && i < G_N_ELEMENTS(schemes); i++) {
		if (g_str_has_prefix(config->proxy, schemes[i])) {
			return;
		}
	}
	if (config->proxy != NULL) {
		yaml_fail(config_get(cluster, "proxy-url"), diags,
			  "'proxy-url' must begin with http://, https:// or socks5://");
	}
}

static void read_cluster(struct kube_config *config, struct yaml_node *cluster, const char *folder,
			 struct diag_list *diags)
{
	const char *problem;

	config->server = config_text(cluster, "server", diags);
	config->tls_server_name = config_text(cluster, "tls-server-name", diags);
	config->insecure = config_bool(cluster, "insecure-skip-tls-verify", diags);
	config->no_compression = config_bool(cluster, "disable-compression", diags);
	config->ca_file = config_path(cluster, "certificate-authority", folder, diags);
	config->ca_data = config_pem_text(cluster, "certificate-authority-data", diags);
	read_proxy(config, cluster, diags);
	if (config->server == NULL) {
		yaml_fail(cluster, diags, "'server' is missing");
		return;
	}
	problem = server_problem(config->server);
	if (problem != NULL) {
		yaml_fail(config_get(cluster, "server"), diags, "'server' %s", problem);
	}
	while (g_str_has_suffix(config->server, "/")) {
		config->server[strlen(config->server) - 1] = '\0';
	}
	if (config->ca_file != NULL && config->ca_data != NULL) {
		yaml_fail(cluster, diags,
			  "both 'certificate-authority' and 'certificate-authority-data'");
	}
	if (config->insecure && (config->ca_file != NULL || config->ca_data != NULL)) {
		yaml_fail(cluster, diags, "a certificate authority and 'insecure-skip-tls-verify'");
	}
}

static bool has_credentials(const struct kube_config *config)
{
	return config->token != NULL || config->token_file != NULL || config->username != NULL ||
	       config->cert_file != NULL || config->cert_data != NULL || config->exec != NULL;
}

static bool is_namespace(const char *text)
{
	size_t len = strlen(text);

	return len <= 63 && strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-") == len &&
	       text[0] != '-' && text[len - 1] != '-';
}

static void read_context(struct load *l, struct kube_config *config, struct yaml_node *context)
{
	g_autofree char *cluster_name = config_text(context, "cluster", l->diags);
	g_autofree char *user_name = config_text(context, "user", l->diags);
	struct yaml_node *cluster = NULL, *user = NULL;
	const struct source *from = NULL;
	guint before;

	config->namespace = config_text(context, "namespace", l->diags);
	if (config->namespace != NULL && !is_namespace(config->namespace)) {
		yaml_fail(config_get(context, "namespace"), l->diags, "'namespace' is no name");
	}
	if (config->namespace == NULL) {
		config->namespace = g_strdup("default");
	}
	before = l->diags->items->len;
	if (cluster_name != NULL) {
		cluster = find(l, "clusters", "cluster", cluster_name, &from);
	}
	if (cluster != NULL) {
		read_cluster(config, cluster, from->folder, l->diags);
	} else if (l->diags->items->len == before) {
		yaml_fail(context, l->diags, "no cluster '%s' in any kubeconfig",
			  cluster_name != NULL ? cluster_name : "");
	}
	if (user_name == NULL) {
		return;
	}
	before = l->diags->items->len;
	user = find(l, "users", "user", user_name, &from);
	if (user != NULL) {
		config_read_user(config, user, from->folder, l->ask->exec_allowed, l->diags);
	} else if (l->diags->items->len == before) {
		yaml_fail(context, l->diags, "no user '%s' in any kubeconfig", user_name);
	}
	/* Client-go keeps them back and asks as nobody: an error that is hard to find. */
	if (l->diags->items->len == 0 && has_credentials(config) &&
	    !g_str_has_prefix(config->server, "https://")) {
		yaml_fail(config_get(cluster, "server"), l->diags,
			  "'server' has credentials and no TLS");
	}
}

#define CONTEXTS_TOLD 8

/* Which files were read, and what is in them. */
static bool fail_context(const struct load *l, const char *name, GError **error)
{
	g_autoptr(GString) where = g_string_new(NULL), has = g_string_new(NULL);
	unsigned told = 0;

	for (guint i = 0; i < l->sources->len; i++) {
		const struct source *source = l->sources->pdata[i];
		const struct yaml_node *list = source->root->type == YAML_MAP
						       ? config_get(source->root, "contexts")
						       : NULL;

		g_string_append_printf(where, "%s'%s'", i > 0 ? ", " : "", source->path);
		for (guint k = 0; list != NULL && list->type == YAML_LIST && k < list->items->len;
		     k++) {
			g_autofree char *its = config_text(list->items->pdata[k], "name", l->diags);

			if (its != NULL && told++ < CONTEXTS_TOLD) {
				g_string_append_printf(has, "%s'%s'", told > 1 ? ", " : "", its);
			}
		}
	}
	return fail(error, BASE_ERROR, BASE_ERROR_NOT_FOUND,
		    "no context '%s' in %s, which has %s%s", name, where->str,
		    told > 0 ? has->str : "none", told > CONTEXTS_TOLD ? " and more" : "");
}

static bool choose(struct load *l, struct kube_config *config, GError **error)
{
	const struct source *from = NULL;
	struct yaml_node *context;

	config->context = l->ask->context != NULL ? g_strdup(l->ask->context) : current_context(l);
	if (l->sources->len == 0) {
		return fail(error, BASE_ERROR, BASE_ERROR_NOT_FOUND, "there is no kubeconfig");
	}
	if (config->context == NULL) {
		return fail(error, BASE_ERROR, BASE_ERROR_NOT_FOUND,
			    "no kubeconfig has a current-context");
	}
	context = find(l, "contexts", "context", config->context, &from);
	if (context != NULL) {
		read_context(l, config, context);
	} else if (l->diags->items->len == 0) {
		return fail_context(l, config->context, error);
	}
	if (l->diags->items->len > 0) {
		return fail(error, BASE_ERROR, BASE_ERROR_MALFORMED,
			    "the kubeconfig of context '%s' is wrong", config->context);
	}
	return true;
}

bool kube_config_load(const struct kube_config_ask *ask, struct kube_config **out,
		      struct diag_list *diags, GError **error)
{
	g_autoptr(GPtrArray) sources = g_ptr_array_new_with_free_func(source_free);
	struct load l = {.ask = ask, .sources = sources, .diags = diags};
	g_autoptr(kube_config_auto) config = config_new();

	if (!read_sources(&l, error)) {
		return false;
	}
	if (diags->items->len > 0) {
		return fail(error, BASE_ERROR, BASE_ERROR_MALFORMED, "a kubeconfig cannot be read");
	}
	if (!choose(&l, config, error)) {
		return false;
	}
	*out = g_steal_pointer(&config);
	return true;
}

bool kube_config_in_cluster(const char *host, const char *port, const char *folder,
			    const char *namespace, struct kube_config **out, GError **error)
{
	g_autoptr(kube_config_auto) config = config_new();
	bool brackets;

	if (host == NULL || host[0] == '\0' || port == NULL || port[0] == '\0') {
		return fail(error, BASE_ERROR, BASE_ERROR_NOT_FOUND,
			    "this is no pod of a cluster: its environment has no "
			    "KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT");
	}
	if (namespace != NULL && !is_namespace(namespace)) {
		return fail(error, BASE_ERROR, BASE_ERROR_MALFORMED,
			    "the pod's namespace is no name");
	}
	brackets = strchr(host, ':') != NULL && host[0] != '[';
	config->server = g_strdup_printf("https://%s%s%s:%s", brackets ? "[" : "", host,
					 brackets ? "]" : "", port);
	if (server_problem(config->server) != NULL) {
		return fail(error, BASE_ERROR, BASE_ERROR_MALFORMED,
			    "KUBERNETES_SERVICE_HOST and _PORT are no address");
	}
	config->context = g_strdup("in-cluster");
	config->namespace = g_strdup(namespace != NULL ? namespace : "default");
	config->token_file = g_build_filename(folder, "token", NULL);
	config->ca_file = g_build_filename(folder, "ca.crt", NULL);
	*out = g_steal_pointer(&config);
	return true;
}
