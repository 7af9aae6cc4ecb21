/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Values written as JSON: the canonical text, and the body of an apply. */
#include <sodium.h>
#include <string.h>

#include "base/error.h"
#include "core/text.h"
#include "kube/value-inside.h"

/* A parser of YAML takes keys up to 1,024 characters, with the quotes; an escape counts as long as
 * it is written. */
#define MAX_KEY 1022

/* Two passes of the same code, one that counts and one that writes, so that no copy of what was
 * written so far is left behind by a buffer that grew. */
struct out {
	char *data; /* NULL: only count */
	size_t len;
	bool for_yaml;
	const char *long_name;
};

static void put(struct out *o, const char *bytes, size_t len)
{
	if (o->data != NULL) {
		memcpy(o->data + o->len, bytes, len);
	}
	o->len += len;
}

/* Behind application/apply-patch+yaml is a parser of YAML 1.1: these would be refused (DEL, C1,
 * U+FFFE), or silently turned into spaces or line ends (U+0085, U+2028, U+2029); U+FEFF is one
 * that some take for a byte order mark. */
static bool yaml_escapes(gunichar c)
{
	return (c >= 0x7f && c <= 0x9f) || c == 0x2028 || c == 0x2029 || c == 0xfeff ||
	       c == 0xfffe || c == 0xffff;
}

/* How many characters were written. */
static size_t put_escaped(struct out *o, gunichar c)
{
	static const char special[] = "\b\t\n\f\r", letters[] = "btnfr";
	const char *known = c < 0x20 && c != 0 ? strchr(special, (int)c) : NULL;
	char text[8] = {'\\', (char)c};

	if (known != NULL && !o->for_yaml) {
		text[1] = letters[known - special];
	} else if (c != '"' && c != '\\') {
		(void)g_snprintf(text, sizeof(text), "\\u%04x", (unsigned)c & 0xffff);
	}
	put(o, text, strlen(text));
	return strlen(text);
}

/* How many characters were written, without the quotes. */
static size_t put_string(struct out *o, const char *text, size_t len)
{
	size_t written = 0;
	const char *from = text, *end = text + len;

	put(o, "\"", 1);
	for (const char *p = text; p < end;) {
		size_t n = text_utf8_len((const unsigned char *)p, (const unsigned char *)end);
		gunichar c = n == 1 ? (unsigned char)*p : g_utf8_get_char(p);

		g_assert(n > 0);
		if (c < 0x20 || c == '"' || c == '\\' || (o->for_yaml && yaml_escapes(c))) {
			put(o, from, (size_t)(p - from));
			written += put_escaped(o, c);
			from = p + n;
		} else {
			written++;
		}
		p += n;
	}
	put(o, from, (size_t)(end - from));
	put(o, "\"", 1);
	return written;
}

static void put_value(struct out *o, const struct kube_value *value);

static void put_map(struct out *o, const struct kube_value *map)
{
	g_assert(!map->unsealed);
	put(o, "{", 1);
	for (size_t i = 0; i < map->count; i++) {
		if (i > 0) {
			put(o, ",", 1);
		}
		if (put_string(o, map->names[i], strlen(map->names[i])) > MAX_KEY &&
		    o->long_name == NULL) {
			o->long_name = map->names[i];
		}
		put(o, ":", 1);
		put_value(o, map->items[i]);
	}
	put(o, "}", 1);
}

static void put_value(struct out *o, const struct kube_value *value)
{
	switch (value->type) {
	case KUBE_NULL:
		put(o, "null", 4);
		break;
	case KUBE_BOOL:
		put(o, value->truth ? "true" : "false", value->truth ? 4 : 5);
		break;
	case KUBE_NUMBER:
		put(o, value->text, value->count);
		break;
	case KUBE_STRING:
		(void)put_string(o, value->text, value->count);
		break;
	case KUBE_LIST:
		put(o, "[", 1);
		for (size_t i = 0; i < value->count; i++) {
			if (i > 0) {
				put(o, ",", 1);
			}
			put_value(o, value->items[i]);
		}
		put(o, "]", 1);
		break;
	case KUBE_MAP:
		put_map(o, value);
		break;
	}
}

static char *write_all(struct out *o, const struct kube_value *value, size_t *len)
{
	put_value(o, value);
	o->data = g_malloc(o->len + 1);
	o->len = 0;
	put_value(o, value);
	o->data[o->len] = '\0';
	*len = o->len;
	return o->data;
}

char *kube_value_canonical(const struct kube_value *value, size_t *len)
{
	struct out o = {0};

	return write_all(&o, value, len);
}

bool kube_value_apply_body(const struct kube_value *value, char **out, size_t *len, GError **error)
{
	struct out o = {.for_yaml = true}, count = {.for_yaml = true};

	put_value(&count, value);
	if (count.long_name != NULL) {
		return fail(error, BASE_ERROR, BASE_ERROR_LIMIT,
			    "name of more than %d characters, which the server cannot read: "
			    "'%.40s...'",
			    MAX_KEY, count.long_name);
	}
	*out = write_all(&o, value, len);
	return true;
}
