/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any bytes as manifests: refused with a place, or read; and what was read is the same after it was
 * written as a body of an apply and read again, as JSON and as the YAML that a server takes it for.
 */
#include <glib.h>
#include <string.h>

#include "fuzz.h"
#include "kube/object.h"

const char *const fuzz_corpus[] = {"kubernetes/manifests", NULL};

static const struct kube_limits limits = {
	.max_size = 65536,
	.max_depth = 12,
	.max_values = 1000,
	.max_text = 100000,
};

static const char *lookup(const char *name, enum kube_var_type *type, void *data)
{
	(void)data;
	*type = name[0] == 'n' ? KUBE_VAR_NUMBER : KUBE_VAR_TEXT;
	return name[0] == 'n' ? "7" : name[0] == 't' ? "a\n---\n\"b\": {" : NULL;
}
static const struct kube_vars vars = {.lookup = lookup};

static void check_places(const struct diag_list *diags)
{
	for (guint i = 0; i < diags->items->len; i++) {
		const struct diag *diag = diags->items->pdata[i];

		g_assert(diag->line > 0 && diag->column > 0);
		g_assert(g_utf8_validate(diag->message, -1, NULL));
	}
}

static void check_again(const struct kube_value *value)
{
	const struct kube_limits wide = {
		.max_size = KUBE_VALUE_MAX_SIZE,
		.max_depth = 13,
		.max_values = 2000,
		.max_text = 200000,
	};
	struct kube_source source = {.file = "f", .limits = &wide};
	g_autoptr(GPtrArray) documents = g_ptr_array_new();
	g_autoptr(kube_value_auto) json = NULL;
	struct diag_list diags = {0};
	g_autofree char *body = NULL;
	size_t len;

	if (!kube_value_apply_body(value, &body, &len, NULL)) {
		return; /* a key that is too long with its escapes */
	}
	g_assert(kube_value_parse(body, len, len, &json, NULL));
	g_assert(kube_value_equal(json, value));
	source.text = body;
	source.len = len;
	diag_list_init(&diags);
	g_assert(kube_yaml_parse(&source, documents, &diags) && documents->len == 1);
	g_assert(kube_value_equal(documents->pdata[0], value));
	kube_value_free(documents->pdata[0]);
	diag_list_clear(&diags);
}

typedef bool parse_fn(const struct kube_source *source, GPtrArray *documents,
		      struct diag_list *diags);

static void run(parse_fn *parse, const struct kube_source *source)
{
	g_autoptr(GPtrArray) documents = g_ptr_array_new();
	struct diag_list diags = {0};
	bool good;

	diag_list_init(&diags);
	good = parse(source, documents, &diags);
	g_assert(good == (diags.items->len == 0));
	check_places(&diags);
	for (guint i = 0; i < documents->len; i++) {
		if (good) {
			check_again(documents->pdata[i]);
		}
		kube_value_free(documents->pdata[i]);
	}
	diag_list_clear(&diags);
}

/* What became an object has a name and can be sent. */
static void run_objects(const struct kube_source *source)
{
	g_autoptr(GPtrArray) objects = g_ptr_array_new();
	struct diag_list diags = {0};
	bool good;

	diag_list_init(&diags);
	good = kube_objects_read(source, objects, &diags);
	g_assert(good == (diags.items->len == 0));
	check_places(&diags);
	for (guint i = 0; i < objects->len; i++) {
		struct kube_object *object = objects->pdata[i];

		g_assert(object->id->name[0] != '\0' && object->id->kind[0] != '\0');
		g_assert_null(kube_value_get(object->value, "status"));
		check_again(object->value);
		kube_object_free(object);
	}
	diag_list_clear(&diags);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kube_source source = {
		.file = "f",
		.text = (const char *)data,
		.len = size,
		.limits = &limits,
	};

	run(kube_yaml_parse, &source);
	run(kube_json_parse, &source);
	source.vars = &vars;
	run(kube_yaml_parse, &source);
	source.vars = NULL;
	run_objects(&source);
	source.file = "f.json";
	run_objects(&source);
	return 0;
}
