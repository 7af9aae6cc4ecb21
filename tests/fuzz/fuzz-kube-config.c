/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any bytes as kubeconfigs, alone and merged with a good one: what is taken names one server and
 * one way to be known there, and runs nothing that was not allowed.
 */
#include <glib.h>
#include <string.h>

#include "base/error.h"
#include "fuzz.h"
#include "kube/config.h"

const char *const fuzz_corpus[] = {"kubeconfigs", NULL};

static const char good[] = "clusters:\n- name: c\n  cluster: {server: 'https://good.example'}\n"
			   "contexts:\n- name: good\n  context: {cluster: c, user: u}\n"
			   "users:\n- name: u\n  user: {token: t}\n";
static const char *const allowed[] = {"/opt/x/login", NULL};

struct input {
	const uint8_t *data;
	size_t size;
};

static bool read_file(const char *path, char **text, size_t *len, void *data, GError **error)
{
	const struct input *input = data;

	if (strcmp(path, "/etc/k/any") == 0) {
		*text = g_malloc(input->size + 1);
		if (input->size > 0) {
			memcpy(*text, input->data, input->size);
		}
		(*text)[input->size] = '\0';
		*len = input->size;
		return true;
	}
	if (strcmp(path, "/etc/k/good") == 0) {
		*text = g_strdup(good);
		*len = strlen(good);
		return true;
	}
	return fail(error, BASE_ERROR, BASE_ERROR_NOT_FOUND, "missing");
}

static void check_user(const struct kube_config *config)
{
	unsigned ways = (config->token != NULL || config->token_file != NULL) +
			(config->username != NULL) + (config->exec != NULL);
	bool any = ways > 0 || config->key_data != NULL || config->key_file != NULL;

	g_assert_cmpuint(ways, <=, 1);
	g_assert(!any || g_str_has_prefix(config->server, "https://"));
	g_assert((config->cert_file != NULL || config->cert_data != NULL) ==
		 (config->key_file != NULL || config->key_data != NULL));
	g_assert((config->username == NULL) == (config->password == NULL));
	g_assert(config->as != NULL || (config->as_uid == NULL && config->as_groups == NULL));
	if (config->exec != NULL) {
		g_assert_cmpstr(config->exec->command, ==, allowed[0]);
		g_assert_nonnull(strstr(config->exec->api_version, "client.authentication"));
	}
}

static void check_server(const struct kube_config *config)
{
	g_assert(g_str_has_prefix(config->server, "https://") ||
		 g_str_has_prefix(config->server, "http://"));
	g_assert(!g_str_has_suffix(config->server, "/"));
	g_assert(config->namespace[0] != '\0' && strpbrk(config->namespace, "/?#%& ") == NULL);
	g_assert(!config->insecure || (config->ca_file == NULL && config->ca_data == NULL));
	g_assert(config->ca_file == NULL || config->ca_file[0] == '/');
	g_assert(config->cert_file == NULL || config->cert_file[0] == '/');
	g_assert(config->key_file == NULL || config->key_file[0] == '/');
	g_assert(config->token_file == NULL || config->token_file[0] == '/');
}

static void run(struct input *input, const char *env, const char *context)
{
	const struct kube_config_ask ask = {
		.env = env,
		.context = context,
		.exec_allowed = allowed,
		.read = read_file,
		.data = input,
	};
	g_autoptr(kube_config_auto) config = NULL;
	g_autoptr(GError) error = NULL;
	struct diag_list diags;

	diag_list_init(&diags);
	if (kube_config_load(&ask, &config, &diags, &error)) {
		g_assert(error == NULL && diags.items->len == 0);
		check_server(config);
		check_user(config);
	} else {
		g_assert(config == NULL && (error != NULL || diags.items->len > 0));
	}
	for (guint i = 0; i < diags.items->len; i++) {
		const struct diag *diag = diags.items->pdata[i];

		g_assert(diag->line > 0 && g_utf8_validate(diag->message, -1, NULL));
		g_assert_null(strstr(diag->message, "hidden"));
	}
	g_assert(error == NULL || strstr(error->message, "hidden") == NULL);
	diag_list_clear(&diags);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = {.data = data, .size = size};

	run(&input, "/etc/k/any", NULL);
	run(&input, "/etc/k/any", "other");
	run(&input, "/etc/k/good:/etc/k/any", "other");
	run(&input, "/etc/k/any:/etc/k/good", "good");
	return 0;
}
