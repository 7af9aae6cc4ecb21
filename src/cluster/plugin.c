/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Runs a program for credentials and reads what it prints. */
#include "cluster/plugin.h"

#include <sodium.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "base/proc.h"
#include "kube/value.h"

#define PLUGIN_SECONDS 60
#define PLUGIN_OUTPUT ((size_t)1 << 20)
#define SAID_MAX 300
#define CA_MAX ((size_t)1 << 20)

void plugin_result_free(struct plugin_result *result)
{
	if (result != NULL) {
		seal_bytes_free(result->token);
		seal_bytes_free(result->cert);
		seal_bytes_free(result->key);
		g_free(result);
	}
}

static void set_text(struct kube_value *map, const char *name, const char *text)
{
	if (text != NULL) {
		kube_value_set(map, name, kube_value_string(text, -1));
	}
}

static bool describe_cluster(const struct kube_config *config, struct kube_value **out,
			     GError **error)
{
	g_autoptr(kube_value_auto) cluster = kube_value_map();
	g_autofree char *ca = NULL, *coded = NULL;
	const char *pem = config->ca_data;
	size_t len = pem != NULL ? strlen(pem) : 0;

	if (pem == NULL && config->ca_file != NULL) {
		if (!file_read(config->ca_file, CA_MAX, &ca, &len, error)) {
			return fail_prefix(error, "certificate-authority");
		}
		pem = ca;
	}
	coded = pem != NULL ? g_base64_encode((const guchar *)pem, len) : NULL;
	set_text(cluster, "server", config->server);
	set_text(cluster, "tls-server-name", config->tls_server_name);
	set_text(cluster, "certificate-authority-data", coded);
	set_text(cluster, "proxy-url", config->proxy);
	if (config->insecure) {
		kube_value_set(cluster, "insecure-skip-tls-verify", kube_value_bool(true));
	}
	*out = g_steal_pointer(&cluster);
	return true;
}

/* "KUBERNETES_EXEC_INFO={...}" */
static bool exec_info(const struct kube_config *config, char **out, GError **error)
{
	g_autoptr(kube_value_auto) info = kube_value_map();
	struct kube_value *spec = kube_value_map(), *cluster = NULL;
	g_autofree char *text = NULL;
	size_t len;

	set_text(info, "apiVersion", config->exec->api_version);
	set_text(info, "kind", "ExecCredential");
	kube_value_set(info, "spec", spec);
	kube_value_set(spec, "interactive", kube_value_bool(false));
	if (config->exec->wants_cluster) {
		if (!describe_cluster(config, &cluster, error)) {
			return false;
		}
		kube_value_set(spec, "cluster", cluster);
	}
	text = kube_value_canonical(info, &len);
	*out = g_strconcat("KUBERNETES_EXEC_INFO=", text, NULL);
	return true;
}

static struct seal_bytes *take_secret(const struct kube_value *status, const char *name)
{
	const char *text = kube_value_str_at(status, name, NULL);

	return text != NULL && text[0] != '\0' ? seal_bytes_new(text, strlen(text)) : NULL;
}

static bool read_end(const struct kube_value *status, int64_t *out, GError **error)
{
	const char *text = kube_value_str_at(status, "expirationTimestamp", NULL);
	g_autoptr(GDateTime) when = NULL;

	if (text == NULL) {
		return true;
	}
	when = g_date_time_new_from_iso8601(text, NULL);
	if (when == NULL) {
		return fail(error, BASE_ERROR, BASE_ERROR_MALFORMED,
			    "its expirationTimestamp is no time");
	}
	*out = g_date_time_to_unix(when);
	return true;
}

static bool read_result(const struct kube_config *config, const struct kube_value *said,
			struct plugin_result *result, GError **error)
{
	const char *kind = kube_value_str_at(said, "kind", NULL);
	const char *version = kube_value_str_at(said, "apiVersion", NULL);
	const struct kube_value *status = kube_value_get(said, "status");

	if (g_strcmp0(kind, "ExecCredential") != 0 ||
	    g_strcmp0(version, config->exec->api_version) != 0) {
		return fail(error, BASE_ERROR, BASE_ERROR_MALFORMED,
			    "it did not print an ExecCredential of %s", config->exec->api_version);
	}
	if (!kube_value_is(status, KUBE_MAP)) {
		return fail(error, BASE_ERROR, BASE_ERROR_MALFORMED, "it printed no status");
	}
	result->token = take_secret(status, "token");
	result->cert = take_secret(status, "clientCertificateData");
	result->key = take_secret(status, "clientKeyData");
	if ((result->cert == NULL) != (result->key == NULL)) {
		return fail(error, BASE_ERROR, BASE_ERROR_MALFORMED,
			    "it printed a certificate or a key without the other");
	}
	if (result->token == NULL && result->cert == NULL) {
		return fail(error, BASE_ERROR, BASE_ERROR_MALFORMED,
			    "it printed no token and no certificate");
	}
	return read_end(status, &result->ends, error);
}

/* The last line of what it said to people. */
static char *last_words(const GString *err)
{
	g_autofree char *valid = g_utf8_make_valid(err->str, (gssize)err->len);
	g_auto(GStrv) lines = g_strsplit(g_strstrip(valid), "\n", -1);
	guint count = g_strv_length(lines);
	g_autofree char *line = count > 0 ? g_strdup(lines[count - 1]) : g_strdup("");
	char *out;

	for (char *p = line; *p != '\0'; p++) {
		*p = g_ascii_iscntrl(*p) ? ' ' : *p;
	}
	out = g_utf8_substring(line, 0, MIN(g_utf8_strlen(line, -1), SAID_MAX));
	return g_strstrip(out);
}

static bool parse(const struct kube_config *config, const struct proc_result *ran,
		  struct plugin_result **out, GError **error)
{
	g_autoptr(plugin_result_auto) result = g_new0(struct plugin_result, 1);
	g_autoptr(kube_value_auto) said = NULL;

	if (ran->status != 0) {
		g_autofree char *words = last_words(ran->err);

		return fail(error, BASE_ERROR, BASE_ERROR_FAILED, "it ended with %d%s%s",
			    ran->status, words[0] != '\0' ? ": " : "", words);
	}
	if (!kube_value_parse(ran->out->str, ran->out->len, PLUGIN_OUTPUT, &said, error)) {
		return fail_prefix(error, "what it printed");
	}
	if (!read_result(config, said, result, error)) {
		return false;
	}
	*out = g_steal_pointer(&result);
	return true;
}

static void wipe_result(struct proc_result *ran)
{
	if (ran->out != NULL) {
		sodium_memzero(ran->out->str, ran->out->allocated_len);
	}
	proc_result_clear(ran);
}

bool plugin_run(const struct kube_config *config, struct plugin_result **out, GError **error)
{
	const struct kube_config_exec *exec = config->exec;
	g_autoptr(GPtrArray) argv = g_ptr_array_new();
	g_autoptr(GPtrArray) env = g_ptr_array_new();
	g_autofree char *info = NULL;
	struct proc_spec spec = {
		.timeout = PLUGIN_SECONDS, .max_output = PLUGIN_OUTPUT, .keep_env = true};
	struct proc_result ran = {0};
	bool good;

	if (!exec_info(config, &info, error)) {
		return false;
	}
	g_ptr_array_add(argv, exec->command);
	for (size_t i = 0; exec->args != NULL && exec->args[i] != NULL; i++) {
		g_ptr_array_add(argv, exec->args[i]);
	}
	g_ptr_array_add(argv, NULL);
	for (size_t i = 0; exec->env != NULL && exec->env[i] != NULL; i++) {
		g_ptr_array_add(env, exec->env[i]);
	}
	g_ptr_array_add(env, info);
	g_ptr_array_add(env, NULL);
	spec.argv = (const char *const *)argv->pdata;
	spec.env = (const char *const *)env->pdata;
	good = proc_run(&spec, &ran, error) && parse(config, &ran, out, error);
	wipe_result(&ran);
	return good || fail_prefix(error, "'%s', which gives credentials", exec->command);
}
