/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reads manifests in JSON. */
#include <string.h>

#include "kube/number.h"
#include "kube/reading.h"

/* Numbers take the form that the server gives them, texts their variables, keys are judged. */
static struct kube_value *convert(struct kube_reading *r, const struct kube_value *value,
				  unsigned depth);

static struct kube_value *convert_number(struct kube_reading *r, const struct kube_value *value)
{
	size_t len;
	g_autofree char *number = kube_number_of_json(kube_value_text(value, &len));

	if (number == NULL) {
		kube_reading_fail(r, kube_value_place(value),
				  "the number is too large: quote it, if it is a text");
		return kube_value_null();
	}
	return kube_value_number(number);
}

static struct kube_value *convert_string(struct kube_reading *r, const struct kube_value *value)
{
	size_t len;
	const char *text = kube_value_text(value, &len);
	struct kube_value *string =
		kube_reading_string(r, text, len, false, kube_value_place(value));

	return string != NULL ? string : kube_value_null();
}

static struct kube_value *convert_items(struct kube_reading *r, const struct kube_value *value,
					unsigned depth)
{
	bool is_map = kube_value_is(value, KUBE_MAP);
	g_autoptr(kube_value_auto) copy = is_map ? kube_value_map() : kube_value_list();
	const char *twice;

	for (size_t i = 0; i < kube_value_count(value); i++) {
		const struct kube_value *old = kube_value_item(value, i);
		const char *name = kube_value_name(value, i);
		struct kube_value *item;

		if (is_map && (!kube_reading_count_text(r, kube_value_place(old), strlen(name)))) {
			return NULL;
		}
		item = convert(r, old, depth + 1);
		if (item == NULL) {
			return NULL;
		}
		if (is_map) {
			(void)kube_reading_key(r, name, strlen(name), kube_value_place(old));
			kube_value_append(copy, name, item);
		} else {
			kube_value_add(copy, item);
		}
	}
	if (is_map && !kube_value_seal(copy, &twice)) {
		g_assert_not_reached();
	}
	return g_steal_pointer(&copy);
}

static struct kube_value *convert(struct kube_reading *r, const struct kube_value *value,
				  unsigned depth)
{
	struct kube_place at = kube_value_place(value);
	struct kube_value *copy = NULL;
	size_t len = 0;

	(void)kube_value_text(value, &len);
	if (!kube_reading_count(r, at, len, depth)) {
		return NULL;
	}
	switch (kube_value_type(value)) {
	case KUBE_NULL:
	case KUBE_BOOL:
		return kube_value_dup(value);
	case KUBE_NUMBER:
		copy = convert_number(r, value);
		break;
	case KUBE_STRING:
		copy = convert_string(r, value);
		break;
	case KUBE_LIST:
	case KUBE_MAP:
		copy = convert_items(r, value, depth);
		break;
	}
	if (copy != NULL) {
		kube_value_set_place(copy, at);
	}
	return copy;
}

static bool read_next(struct kube_reading *r, size_t *offset, struct kube_place *at,
		      GPtrArray *documents)
{
	const struct kube_source *source = r->source;
	g_autoptr(kube_value_auto) read = NULL;
	g_autoptr(GError) error = NULL;
	struct kube_value *value;

	if (!kube_value_parse_next(source->text, source->len, offset, at, &read, &error)) {
		kube_reading_fail(r, *at, "%s", error->message);
		return false;
	}
	value = convert(r, read, 1);
	if (value != NULL) {
		g_ptr_array_add(documents, value);
	}
	return value != NULL;
}

bool kube_json_parse(const struct kube_source *source, GPtrArray *documents,
		     struct diag_list *diags)
{
	struct kube_source plain = *source;
	struct kube_reading r = {.source = &plain, .diags = diags};
	unsigned before = diags->items->len;
	struct kube_place at = {1, 1};
	size_t offset = 0;

	if (!kube_reading_begin(&r, &plain)) {
		return false;
	}
	while (read_next(&r, &offset, &at, documents) && offset < plain.len) {
	}
	return kube_reading_end(&r, before);
}
