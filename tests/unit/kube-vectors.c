/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reading the recorded exchanges. */
#include "unit/kube-vectors.h"

#include <stdlib.h>
#include <string.h>

struct kube_value *kube_vector_parse(const char *text)
{
	g_autoptr(GError) error = NULL;
	struct kube_value *value = NULL;
	bool ok = kube_value_parse(text, strlen(text), KUBE_VALUE_MAX_SIZE, &value, &error);

	g_assert_no_error(error);
	g_assert_true(ok);
	return value;
}

struct kube_value *kube_vector(const char *name)
{
	g_autofree char *path =
		g_test_build_filename(G_TEST_DIST, "data", "kubernetes", name, NULL);
	g_autofree char *text = NULL;
	g_autoptr(GError) error = NULL;

	g_file_get_contents(path, &text, NULL, &error);
	g_assert_no_error(error);
	return kube_vector_parse(text);
}

/* Some recordings have the answer's parts beside the request. */
static struct kube_value *response(const struct kube_value *exchange)
{
	struct kube_value *found = kube_value_get(exchange, "response");

	return found != NULL ? found : (struct kube_value *)exchange;
}

struct kube_value *kube_vector_body(const struct kube_value *exchange)
{
	return kube_value_get(response(exchange), "body");
}

int kube_vector_code(const struct kube_value *exchange)
{
	const char *status = NULL;

	if (kube_value_is(exchange, KUBE_MAP)) {
		status = kube_value_str_at(response(exchange), "status", NULL);
	}
	status = status != NULL ? strchr(status, ' ') : NULL;
	return status != NULL ? (int)strtol(status, NULL, 10) : 0;
}

static const char *header(const struct kube_value *exchange, const char *name)
{
	const struct kube_value *headers = kube_value_get(response(exchange), "headers");
	size_t len = strlen(name);

	for (size_t i = 0; i < kube_value_count(headers); i++) {
		const char *line = kube_value_str(kube_value_item(headers, i));

		if (line != NULL && g_ascii_strncasecmp(line, name, len) == 0 && line[len] == ':') {
			return line + len + 1 + strspn(line + len + 1, " ");
		}
	}
	return NULL;
}

/* A watch that was refused was recorded line by line. */
static char *joined(const struct kube_value *lines)
{
	GString *text = g_string_new(NULL);

	for (size_t i = 0; i < kube_value_count(lines); i++) {
		const char *line = kube_value_str(kube_value_item(lines, i));

		g_string_append_printf(text, "%s\n", line != NULL ? line : "");
	}
	return g_string_free(text, FALSE);
}

struct kube_reply kube_vector_reply(const struct kube_value *exchange, char **body)
{
	const struct kube_value *value = kube_vector_body(exchange);
	const char *text = kube_value_str(value);
	struct kube_reply reply = {.code = kube_vector_code(exchange)};

	if (value == NULL) {
		*body = joined(kube_value_get(exchange, "events"));
	} else if (text != NULL) {
		*body = g_strdup(text);
	} else {
		*body = kube_vector_text(value);
	}
	reply.body = *body;
	reply.len = strlen(*body);
	reply.content_type = header(exchange, "content-type");
	reply.retry_after = header(exchange, "retry-after");
	return reply;
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

GPtrArray *kube_vector_names(void)
{
	g_autofree char *path = g_test_build_filename(G_TEST_DIST, "data", "kubernetes", NULL);
	GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
	const char *name;

	g_assert_nonnull(dir);
	while ((name = g_dir_read_name(dir)) != NULL) {
		if (g_str_has_suffix(name, ".json")) {
			g_ptr_array_add(names, g_strdup(name));
		}
	}
	g_ptr_array_sort(names, compare);
	return names;
}

char *kube_vector_text(const struct kube_value *value)
{
	size_t len;

	return kube_value_canonical(value, &len);
}
