/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Members of a kubeconfig's maps. */
#include <sodium.h>
#include <string.h>

#include "core/text.h"
#include "kube/config-inside.h"

struct yaml_node *config_get(struct yaml_node *map, const char *key)
{
	static const char *const nulls[] = {"", "~", "null", "Null", "NULL", NULL};
	struct yaml_node *node = yaml_get(map, key);

	if (node == NULL || node->type != YAML_SCALAR) {
		return node;
	}
	if (node->length == 0 || (!node->quoted && g_strv_contains(nulls, node->value))) {
		return NULL;
	}
	return node;
}

static const char *text_of(struct yaml_node *map, const char *key, struct diag_list *diags)
{
	const struct yaml_node *node = config_get(map, key);
	const char *text = node != NULL ? yaml_text(node, key, diags) : NULL;

	if (text != NULL && !text_is_plain(text, strlen(text))) {
		yaml_fail(node, diags, "'%s' has control characters or is not UTF-8", key);
		return NULL;
	}
	return text;
}

char *config_text(struct yaml_node *map, const char *key, struct diag_list *diags)
{
	return g_strdup(text_of(map, key, diags));
}

char *config_path(struct yaml_node *map, const char *key, const char *folder,
		  struct diag_list *diags)
{
	const char *text = text_of(map, key, diags);

	return text != NULL ? g_canonicalize_filename(text, folder) : NULL;
}

struct seal_bytes *config_secret(struct yaml_node *map, const char *key, struct diag_list *diags)
{
	const char *text = text_of(map, key, diags);

	return text != NULL ? seal_bytes_new(text, strlen(text)) : NULL;
}

struct seal_bytes *config_pem(struct yaml_node *map, const char *key, struct diag_list *diags)
{
	static const char begin[] = "-----BEGIN ";
	const struct yaml_node *node = config_get(map, key);
	const char *text = node != NULL ? yaml_text(node, key, diags) : NULL;
	struct seal_bytes *bytes = NULL;
	unsigned char *pem;
	size_t len = 0;

	if (text == NULL) {
		return NULL;
	}
	pem = g_malloc(node->length + 1);
	if (sodium_base642bin(pem, node->length, text, node->length, " \r\n\t", &len, NULL,
			      sodium_base64_VARIANT_ORIGINAL) != 0) {
		yaml_fail(node, diags, "'%s' is no base64", key);
	} else if (g_strstr_len((const char *)pem, (gssize)len, begin) == NULL ||
		   memchr(pem, '\0', len) != NULL) {
		yaml_fail(node, diags, "'%s' is no PEM in base64", key);
	} else {
		bytes = seal_bytes_new(pem, len);
	}
	sodium_memzero(pem, node->length + 1);
	g_free(pem);
	return bytes;
}

char *config_pem_text(struct yaml_node *map, const char *key, struct diag_list *diags)
{
	g_autoptr(seal_bytes_auto) bytes = config_pem(map, key, diags);
	size_t len;

	return bytes != NULL ? g_strdup(seal_bytes_get(bytes, &len)) : NULL;
}

char **config_list(struct yaml_node *map, const char *key, struct diag_list *diags)
{
	const struct yaml_node *list = config_get(map, key);
	g_autoptr(GStrvBuilder) texts = g_strv_builder_new();

	if (list == NULL) {
		return NULL;
	}
	if (list->type != YAML_LIST) {
		yaml_fail(list, diags, "'%s' must be a list", key);
		return NULL;
	}
	for (guint i = 0; i < list->items->len; i++) {
		const struct yaml_node *item = list->items->pdata[i];

		/* An empty argument is one, too. */
		if (item->type != YAML_SCALAR || strlen(item->value) != item->length) {
			yaml_fail(item, diags, "'%s' must be a list of texts", key);
			return NULL;
		}
		g_strv_builder_add(texts, item->value);
	}
	return g_strv_builder_end(texts);
}

bool config_bool(struct yaml_node *map, const char *key, struct diag_list *diags)
{
	return config_get(map, key) != NULL && yaml_get_bool(map, key, false, diags);
}
