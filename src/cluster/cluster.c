/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A cluster from its settings, who it is, and what it serves. */
#include <sodium.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "cluster/inside.h"

#define ACCOUNT "/var/run/secrets/kubernetes.io/serviceaccount"
#define NAMESPACE_MAX 256

struct cluster_call *cluster_call_new(const char *method, char *path)
{
	struct cluster_call *call = g_new0(struct cluster_call, 1);

	call->method = method;
	call->path = path;
	return call;
}

void cluster_call_free(struct cluster_call *call)
{
	if (call == NULL) {
		return;
	}
	if (call->body != NULL) {
		sodium_memzero(call->body, call->body_len);
	}
	g_free(call->path);
	g_free(call->body);
	kube_answer_free(call->answer);
	kube_value_free(call->value);
	if (call->warnings != NULL) {
		g_ptr_array_unref(call->warnings);
	}
	g_free(call);
}

static void free_call(void *call)
{
	cluster_call_free(call);
}

GPtrArray *cluster_calls_new(void)
{
	return g_ptr_array_new_with_free_func(free_call);
}

/* What to do about it, where the server's words do not say. */
static char *advice(const struct kube_answer *answer)
{
	if (answer->class != KUBE_HOOK_NO_DRY_RUN) {
		return g_strdup("");
	}
	return g_strdup_printf("; nothing is planned without a dry run: webhook '%s' must have "
			       "`sideEffects: None` or `NoneOnDryRun` (and keep to it), or the "
			       "object must be left to another tool",
			       answer->hook != NULL ? answer->hook : "");
}

char *cluster_call_problem(const struct cluster *c, const struct cluster_call *call)
{
	const struct kube_answer *answer = call->answer;
	g_autofree char *path = g_strndup(call->path, strcspn(call->path, "?"));
	g_autofree char *more = advice(answer);

	return g_strdup_printf("cluster '%s': %s %s: %s (HTTP %d)%s%s%s", c->name, call->method,
			       path, kube_class_name(answer->class), answer->code,
			       answer->message[0] != '\0' ? ": " : "", answer->message, more);
}

static bool read_kubeconfig(const char *path, char **text, size_t *len, void *data, GError **error)
{
	(void)data;
	if (!g_file_test(path, G_FILE_TEST_EXISTS)) {
		return fail(error, BASE_ERROR, BASE_ERROR_NOT_FOUND, "there is no such file");
	}
	return file_read(path, KUBE_CONFIG_MAX, text, len, error);
}

static bool load_file(const struct cluster_settings *settings, struct kube_config **out,
		      GError **error)
{
	/* What it names is relative to where it is. */
	g_autofree char *path = settings->kubeconfig != NULL
					? g_canonicalize_filename(settings->kubeconfig, NULL)
					: NULL;
	struct kube_config_ask ask = {
		.path = path,
		.env = g_getenv("KUBECONFIG"),
		.home = g_get_home_dir(),
		.context = settings->context != NULL ? settings->context : settings->name,
		.exec_allowed = (const char *const *)settings->exec_plugins,
		.read = read_kubeconfig,
	};
	struct diag_list diags;
	bool good;

	diag_list_init(&diags);
	good = kube_config_load(&ask, out, &diags, error);
	if (!good && diags.items->len > 0) {
		g_autofree char *text = diag_text(&diags);

		g_strchomp(text);
		fail_prefix(error, "%s", text);
	}
	diag_list_clear(&diags);
	return good;
}

static bool load_account(struct kube_config **out, GError **error)
{
	const char *own = g_getenv("POD_NAMESPACE");
	g_autofree char *namespace = g_strdup(own != NULL && own[0] != '\0' ? own : NULL);
	size_t len;

	if (namespace == NULL &&
	    file_read(ACCOUNT "/namespace", NAMESPACE_MAX, &namespace, &len, NULL)) {
		g_strstrip(namespace);
	}
	return kube_config_in_cluster(g_getenv("KUBERNETES_SERVICE_HOST"),
				      g_getenv("KUBERNETES_SERVICE_PORT"), ACCOUNT, namespace, out,
				      error);
}

/* What the agent's configuration says of it is all of it. */
static void set_impersonation(struct kube_config *config, const struct cluster_settings *settings)
{
	if (settings->as == NULL) {
		return;
	}
	g_free(config->as);
	config->as = g_strdup(settings->as);
	g_clear_pointer(&config->as_uid, g_free);
	g_strfreev(config->as_groups);
	config->as_groups = g_strdupv(settings->as_groups);
	g_ptr_array_set_size(config->as_extra, 0);
}

static void free_handle(void *curl)
{
	curl_easy_cleanup(curl);
}

struct cluster *cluster_new(const struct cluster_settings *settings, GError **error)
{
	struct kube_config *config = NULL;
	struct cluster *c;

	if (!(settings->in_cluster ? load_account(&config, error)
				   : load_file(settings, &config, error))) {
		fail_prefix(error, "cluster '%s'", settings->name);
		return NULL;
	}
	set_impersonation(config, settings);
	c = g_new0(struct cluster, 1);
	c->name = g_strdup(settings->name);
	c->config = config;
	c->server = g_strdup(config->server);
	cluster_route_init(&c->route, config);
	c->source = credential_source_new(config, c->name);
	c->idle = g_ptr_array_new_with_free_func(free_handle);
	c->multi = cluster_multi_new(2);
	return c;
}

void cluster_free(struct cluster *c)
{
	if (c == NULL) {
		return;
	}
	g_ptr_array_unref(c->idle);
	curl_multi_cleanup(c->multi);
	credential_source_free(c->source);
	cluster_route_clear(&c->route);
	kube_config_free(c->config);
	kube_discovery_free(c->discovery);
	g_free(c->identity);
	g_free(c->server);
	g_free(c->name);
	g_free(c);
}

const char *cluster_name(const struct cluster *c)
{
	return c->name;
}

const char *cluster_namespace(const struct cluster *c)
{
	return c->config->namespace;
}

bool cluster_identity(struct cluster *c, const char **out, GError **error)
{
	g_autoptr(GPtrArray) calls = cluster_calls_new();
	struct cluster_call *call;

	if (c->identity == NULL) {
		call = cluster_call_new("GET", g_strdup("/api/v1/namespaces/kube-system"));
		call->resource = "namespaces";
		g_ptr_array_add(calls, call);
		if (!cluster_run(c, calls, NULL, error)) {
			return false;
		}
		if (kube_answer_is_good(call->answer)) {
			c->identity =
				g_strdup(kube_value_str_at(call->value, "metadata", "uid", NULL));
		} else if (call->answer->class == KUBE_FORBIDDEN ||
			   call->answer->class == KUBE_NOT_FOUND) {
			c->identity = g_strdup(c->server);
		}
		if (c->identity == NULL) {
			g_autofree char *problem = cluster_call_problem(c, call);

			return fail(error, BASE_ERROR, BASE_ERROR_FAILED, "%s", problem);
		}
	}
	*out = c->identity;
	return true;
}

static void ask(GPtrArray *calls, const char *path)
{
	struct cluster_call *call = cluster_call_new("GET", g_strdup(path));

	call->accept = KUBE_DISCOVERY_ACCEPT;
	g_ptr_array_add(calls, call);
}

static bool read_document(struct cluster *c, struct kube_discovery *found,
			  const struct cluster_call *call, GError **error)
{
	if (!kube_answer_is_good(call->answer)) {
		g_autofree char *problem = cluster_call_problem(c, call);

		return fail(error, BASE_ERROR, BASE_ERROR_FAILED, "%s", problem);
	}
	return kube_discovery_read(found, call->value, error) ||
	       fail_prefix(error, "cluster '%s': %s", c->name, call->path);
}

/* A group's document may be missing where its own server does not answer. */
static void read_group(struct kube_discovery *found, const struct cluster_call *call)
{
	g_auto(GStrv) parts = g_strsplit(call->path, "/", -1);
	guint count = g_strv_length(parts);

	if (kube_answer_is_good(call->answer) && kube_discovery_read(found, call->value, NULL)) {
		return;
	}
	if (count >= 3) {
		kube_discovery_mark_stale(found, count > 3 ? parts[2] : "", parts[count - 1]);
	}
}

static bool discover(struct cluster *c, struct kube_discovery *found, GError **error)
{
	g_autoptr(GPtrArray) calls = cluster_calls_new();
	g_autoptr(GPtrArray) missing = NULL;

	ask(calls, "/api");
	ask(calls, "/apis");
	if (!cluster_run(c, calls, NULL, error)) {
		return false;
	}
	for (guint i = 0; i < calls->len; i++) {
		if (!read_document(c, found, calls->pdata[i], error)) {
			return false;
		}
	}
	missing = kube_discovery_missing(found);
	g_ptr_array_set_size(calls, 0);
	for (guint i = 0; i < missing->len; i++) {
		ask(calls, missing->pdata[i]);
	}
	if (!cluster_run(c, calls, NULL, error)) {
		return false;
	}
	for (guint i = 0; i < calls->len; i++) {
		read_group(found, calls->pdata[i]);
	}
	return true;
}

bool cluster_discovery(struct cluster *c, const struct kube_discovery **out, GError **error)
{
	g_autoptr(kube_discovery_auto) found = NULL;

	if (c->discovery == NULL) {
		found = kube_discovery_new();
		if (!discover(c, found, error)) {
			return false;
		}
		c->discovery = g_steal_pointer(&found);
	}
	*out = c->discovery;
	return true;
}

void cluster_forget_discovery(struct cluster *c)
{
	kube_discovery_free(c->discovery);
	c->discovery = NULL;
}
