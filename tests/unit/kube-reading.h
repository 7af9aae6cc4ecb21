/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/* Texts with manifests, read and shown again, for the tests of src/kube. */
#include <string.h>

#include "kube/source.h"

typedef struct diag_list diags_auto;
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(diags_auto, diag_list_clear)

static inline void free_values(void *values)
{
	GPtrArray *array = values;

	for (guint i = 0; i < array->len; i++) {
		kube_value_free(array->pdata[i]);
	}
	g_ptr_array_unref(array);
}

/* The canonical texts of the documents, each with a line end; or the problems, sorted. g_free() */
static inline char *read_with(const struct kube_source *source)
{
	bool json = g_str_has_suffix(source->file, ".json");
	GPtrArray *documents = g_ptr_array_new();
	g_auto(diags_auto) diags = {0};
	GString *text = g_string_new(NULL);
	char *problems;

	diag_list_init(&diags);
	if ((json ? kube_json_parse : kube_yaml_parse)(source, documents, &diags)) {
		g_assert_cmpuint(diags.items->len, ==, 0);
		for (guint i = 0; i < documents->len; i++) {
			size_t len;
			g_autofree char *one = kube_value_canonical(documents->pdata[i], &len);

			g_string_append_printf(text, "%s\n", one);
		}
		free_values(documents);
		return g_string_free(text, FALSE);
	}
	g_string_free(text, TRUE);
	free_values(documents);
	problems = diag_text(&diags);
	g_assert_cmpuint(diags.items->len, >, 0);
	return problems;
}
