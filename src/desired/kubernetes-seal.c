/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Values of Secrets that are sealed: found, judged by their form, opened. */
#include <sodium.h>
#include <string.h>

#include "base/template.h"
#include "desired/kubernetes.h"
#include "desired/load.h"

static bool is_secret(const struct kube_object *object)
{
	return object->id->group[0] == '\0' && strcmp(object->id->kind, "Secret") == 0;
}

static void complain(const struct kube_object *object, const struct kube_value *value,
		     struct diag_list *diags, const char *format, ...) G_GNUC_PRINTF(4, 5);
static void complain(const struct kube_object *object, const struct kube_value *value,
		     struct diag_list *diags, const char *format, ...)
{
	struct kube_place at = kube_value_place(value);
	g_autofree char *message = NULL;
	va_list args;

	va_start(args, format);
	message = g_strdup_vprintf(format, args);
	va_end(args);
	diag_add(diags, object->file, at.line, at.column, "%s", message);
}

/* A text as a block of YAML has it may lack its last newline, or have more. NULL: not sealed. */
static char *sealed_text(const char *text, size_t len, size_t *out_len)
{
	char *whole;

	while (len > 0 && g_ascii_isspace(text[0])) {
		text++;
		len--;
	}
	if (!seal_begins(text, len)) {
		return NULL;
	}
	while (len > 0 && g_ascii_isspace(text[len - 1])) {
		len--;
	}
	whole = g_malloc(len + 2);
	memcpy(whole, text, len);
	whole[len] = '\n';
	whole[len + 1] = '\0';
	*out_len = len + 1;
	return whole;
}

/* What is sealed behind a value in base64; NULL: nothing. g_free(). */
static char *sealed_value(const struct kube_value *value, size_t *out_len)
{
	g_autofree unsigned char *bytes = NULL;
	size_t len = 0, size = 0;
	const char *text = kube_value_text(value, &len);
	char *sealed;

	if (!kube_value_is(value, KUBE_STRING)) {
		return NULL;
	}
	bytes = g_malloc(len + 1);
	if (sodium_base642bin(bytes, len + 1, text, len, "\r\n", &size, NULL,
			      sodium_base64_VARIANT_ORIGINAL) != 0) {
		return NULL;
	}
	sealed = sealed_text((const char *)bytes, size, out_len);
	sodium_memzero(bytes, len + 1);
	return sealed;
}

bool kubernetes_is_sealed(const struct kube_object *object)
{
	const struct kube_value *data = kube_value_get(object->value, "data");

	for (size_t i = 0; is_secret(object) && i < kube_value_count(data); i++) {
		size_t len;
		g_autofree char *sealed = sealed_value(kube_value_item(data, i), &len);

		if (sealed != NULL) {
			return true;
		}
	}
	return false;
}

static void check_secret(const struct kube_object *object, struct diag_list *diags)
{
	const struct kube_value *data = kube_value_get(object->value, "data");

	for (size_t i = 0; i < kube_value_count(data); i++) {
		const struct kube_value *value = kube_value_item(data, i);
		g_autoptr(seal_box_auto) box = NULL;
		g_autoptr(GError) error = NULL;
		size_t len;
		g_autofree char *sealed = sealed_value(value, &len);

		if (sealed != NULL && !seal_parse(sealed, len, &box, &error)) {
			complain(object, value, diags, "'%s': %s", kube_value_name(data, i),
				 error->message);
		}
	}
}

/* Nobody wants a program to read what is sealed. */
static void refuse_sealed(const struct kube_object *object, const struct kube_value *value,
			  struct diag_list *diags)
{
	size_t len = 0, sealed_len;
	g_autofree char *sealed = NULL;
	const char *text;

	switch (kube_value_type(value)) {
	case KUBE_LIST:
	case KUBE_MAP:
		for (size_t i = 0; i < kube_value_count(value); i++) {
			refuse_sealed(object, kube_value_item(value, i), diags);
		}
		break;
	case KUBE_STRING:
		text = kube_value_text(value, &len);
		sealed = sealed_text(text, len, &sealed_len);
		if (sealed != NULL) {
			complain(object, value, diags,
				 "this is a sealed secret, which is opened in the 'stringData' "
				 "and 'data' of a Secret alone");
		}
		break;
	case KUBE_NULL:
	case KUBE_BOOL:
	case KUBE_NUMBER:
		break;
	}
}

void kubernetes_check_sealed(const GPtrArray *objects, struct diag_list *diags)
{
	for (guint i = 0; i < objects->len; i++) {
		const struct kube_object *object = objects->pdata[i];

		refuse_sealed(object, object->value, diags);
		if (is_secret(object)) {
			check_secret(object, diags);
		}
	}
}

/* In base64; of a text without the newline with which 'echo' and editors end it. */
static struct kube_value *open_value(const struct seal_bytes *bytes, struct kube_place place)
{
	size_t len, size;
	const char *text = seal_bytes_get(bytes, &len);
	struct kube_value *value;
	char *out;

	if (len > 0 && text[len - 1] == '\n' && template_is_text(text, len)) {
		len--;
	}
	size = sodium_base64_ENCODED_LEN(len, sodium_base64_VARIANT_ORIGINAL);
	out = g_malloc(size);
	sodium_bin2base64(out, size, (const unsigned char *)text, len,
			  sodium_base64_VARIANT_ORIGINAL);
	value = kube_value_string(out, -1);
	kube_value_set_place(value, place);
	sodium_memzero(out, size);
	g_free(out);
	return value;
}

bool kubernetes_unseal(struct kube_object *object, const char *context, desired_unseal_fn *unseal,
		       void *data, struct diag_list *diags)
{
	struct kube_value *map = kube_value_get(object->value, "data");
	g_autofree char *id = kube_id_plan(object->id, context);
	guint before = diags->items->len;

	for (size_t i = 0; is_secret(object) && i < kube_value_count(map); i++) {
		const struct kube_value *value = kube_value_item(map, i);
		const char *name = kube_value_name(map, i);
		g_autofree char *where = g_strconcat(id, "/", name, NULL);
		g_autoptr(seal_bytes_auto) bytes = NULL;
		g_autoptr(GError) error = NULL;
		size_t len;
		g_autofree char *sealed = sealed_value(value, &len);

		if (sealed == NULL) {
			continue;
		}
		if (!unseal(sealed, len, where, &bytes, data, &error)) {
			complain(object, value, diags, "secret '%s': %s", name, error->message);
			continue;
		}
		kube_value_set(map, name, open_value(bytes, kube_value_place(value)));
	}
	return diags->items->len == before;
}
