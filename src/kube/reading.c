/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Bounds and variables of what is being read. */
#include "kube/reading.h"

#include <sodium.h>
#include <stdarg.h>
#include <string.h>

#include "base/template.h"
#include "kube/number.h"

#define MAX_EXPANDED ((size_t)1 << 20) /* a server takes no longer text */
#define MAX_KEY 1022		       /* characters; servers read no longer ones */

const struct kube_limits kube_limits_default = {
	.max_size = (size_t)8 << 20,
	.max_depth = 100,
	.max_values = 500000,
	.max_text = (size_t)32 << 20,
};

void kube_reading_fail(struct kube_reading *r, struct kube_place at, const char *format, ...)
{
	g_autofree char *message = NULL;
	va_list args;

	va_start(args, format);
	message = g_strdup_vprintf(format, args);
	va_end(args);
	diag_add(r->diags, r->source->file, at.line, at.column, "%s", message);
}

void kube_reading_fail_byte(struct kube_reading *r, size_t offset, const char *problem)
{
	const char *text = r->source->text;
	struct kube_place at = {1, 1};

	for (const char *p = text; p < text + MIN(offset, r->source->len); p++) {
		at.column = *p == '\n' ? 1 : at.column + ((*p & 0xc0) != 0x80);
		at.line += *p == '\n';
	}
	kube_reading_fail(r, at, "%s", problem);
}

bool kube_reading_begin(struct kube_reading *r, struct kube_source *source)
{
	const char *nul;

	if (source->len > source->limits->max_size) {
		kube_reading_fail(r, (struct kube_place){1, 1},
				  "the file is too large: %zu bytes, at most %zu; split it",
				  source->len, source->limits->max_size);
		return false;
	}
	if (source->len >= 3 && memcmp(source->text, "\xef\xbb\xbf", 3) == 0) {
		source->text += 3;
		source->len -= 3;
	}
	nul = source->len > 0 ? memchr(source->text, '\0', source->len) : NULL;
	if (nul != NULL) {
		/* libyaml would take it for the end of the text. */
		kube_reading_fail_byte(r, (size_t)(nul - source->text),
				       "a NUL byte: the file must be text in UTF-8");
		return false;
	}
	return true;
}

bool kube_reading_end(struct kube_reading *r, unsigned diags_before)
{
	if (r->source->spent != NULL) {
		r->source->spent->values += r->values;
		r->source->spent->text += r->text;
	}
	return r->diags->items->len == diags_before;
}

bool kube_reading_count_text(struct kube_reading *r, struct kube_place at, size_t len)
{
	size_t max = r->source->limits->max_text;

	if (len > max - r->text) {
		kube_reading_fail(r, at,
				  "too much text, with what aliases repeat: at most %zu bytes "
				  "here; split it, or use fewer aliases",
				  max);
		return false;
	}
	r->text += len;
	return true;
}

bool kube_reading_count(struct kube_reading *r, struct kube_place at, size_t text, unsigned depth)
{
	const struct kube_limits *limits = r->source->limits;

	if (depth > limits->max_depth) {
		kube_reading_fail(r, at, "nested too deeply: at most %u levels", limits->max_depth);
		return false;
	}
	if (r->values >= limits->max_values) {
		kube_reading_fail(r, at,
				  "too many values, with those that aliases repeat: at most %u "
				  "here; split it, or use fewer aliases",
				  limits->max_values);
		return false;
	}
	r->values++;
	return kube_reading_count_text(r, at, text);
}

static bool copy_items(struct kube_reading *r, const struct kube_value *from, struct kube_value *to,
		       struct kube_place at, unsigned depth)
{
	for (size_t i = 0; i < kube_value_count(from); i++) {
		const char *name = kube_value_name(from, i);
		struct kube_value *item;

		if (name != NULL && !kube_reading_count_text(r, at, strlen(name))) {
			return false;
		}
		item = kube_reading_copy(r, kube_value_item(from, i), at, depth + 1);
		if (item == NULL) {
			return false;
		}
		if (name != NULL) {
			kube_value_append(to, name, item);
		} else {
			kube_value_add(to, item);
		}
	}
	return true;
}

struct kube_value *kube_reading_copy(struct kube_reading *r, const struct kube_value *value,
				     struct kube_place at, unsigned depth)
{
	g_autoptr(kube_value_auto) copy = NULL;
	const char *twice;
	size_t len = 0;

	(void)kube_value_text(value, &len);
	if (!kube_reading_count(r, at, len, depth)) {
		return NULL;
	}
	switch (kube_value_type(value)) {
	case KUBE_NULL:
	case KUBE_BOOL:
	case KUBE_NUMBER:
	case KUBE_STRING:
		return kube_value_dup(value);
	case KUBE_LIST:
		copy = kube_value_list();
		break;
	case KUBE_MAP:
		copy = kube_value_map();
		break;
	}
	kube_value_set_place(copy, kube_value_place(value));
	if (!copy_items(r, value, copy, at, depth)) {
		return NULL;
	}
	if (kube_value_is(copy, KUBE_MAP) && !kube_value_seal(copy, &twice)) {
		g_assert_not_reached();
	}
	return g_steal_pointer(&copy);
}

struct finding {
	struct kube_reading *reading;
	struct kube_place at;
	enum kube_var_type type;
};

static const char *lookup(const char *name, void *data)
{
	const struct kube_vars *vars;
	struct finding *f = data;

	vars = f->reading->source->vars;
	return vars->lookup(name, &f->type, vars->data);
}

/* A place inside of a string is not known: quotes, escapes and indentation are gone. */
static void problem(unsigned line, unsigned column, const char *message, void *data)
{
	struct finding *f = data;

	(void)line;
	(void)column;
	kube_reading_fail(f->reading, f->at, "%s", message);
}

/* "${name}" and nothing else. */
static bool is_one_variable(const char *text, size_t len)
{
	return len > 3 && g_str_has_prefix(text, "${") && strcspn(text, "}") == len - 1;
}

static struct kube_value *typed(struct finding *f, const char *text)
{
	g_autofree char *number = NULL;

	if (f->type == KUBE_VAR_BOOL && (strcmp(text, "true") == 0 || strcmp(text, "false") == 0)) {
		return kube_value_bool(text[0] == 't');
	}
	if (f->type == KUBE_VAR_NUMBER && kube_value_is_number(text)) {
		number = kube_number_of_json(text);
	}
	if (number == NULL) {
		kube_reading_fail(f->reading, f->at,
				  "the variable is not of the type that it was "
				  "declared with");
		return NULL;
	}
	return kube_value_number(number);
}

static struct kube_value *expanded(struct kube_reading *r, const char *text, size_t len, bool plain,
				   struct kube_place at)
{
	struct finding f = {.reading = r, .at = at, .type = KUBE_VAR_TEXT};
	const struct template_source source = {
		.lookup = lookup,
		.problem = problem,
		.data = &f,
		.max = MAX_EXPANDED,
		.secret = true,
	};
	struct kube_value *value;
	size_t size;
	char *out = template_expand(text, len, &source, &size);

	if (out == NULL) {
		return NULL;
	}
	if (plain && f.type != KUBE_VAR_TEXT && is_one_variable(text, len)) {
		value = typed(&f, out);
	} else if (g_utf8_validate(out, (gssize)size, NULL)) {
		value = kube_value_string(out, (gssize)size);
	} else {
		kube_reading_fail(r, at, "a variable is not UTF-8");
		value = NULL;
	}
	sodium_memzero(out, size);
	g_free(out);
	return value;
}

struct kube_value *kube_reading_string(struct kube_reading *r, const char *text, size_t len,
				       bool plain, struct kube_place at)
{
	if (r->source->vars == NULL || g_strstr_len(text, (gssize)len, "${") == NULL) {
		return kube_value_string(text, (gssize)len);
	}
	return expanded(r, text, len, plain, at);
}

bool kube_reading_key(struct kube_reading *r, const char *name, size_t len, struct kube_place at)
{
	if (strlen(name) != len) {
		kube_reading_fail(r, at, "a key must not contain a NUL character");
		return false;
	}
	if (g_utf8_strlen(name, -1) > MAX_KEY) {
		kube_reading_fail(r, at,
				  "the key is too long: an API server reads at most %d characters",
				  MAX_KEY);
		return false;
	}
	if (r->source->vars != NULL && strstr(name, "${") != NULL) {
		kube_reading_fail(r, at, "variables are put into values only, not into a key");
		return false;
	}
	return true;
}
