/* SPDX-License-Identifier: GPL-3.0-or-later */
/* JSON read into values, strictly, in one pass and with bounds. */
#include <sodium.h>
#include <string.h>

#include "base/error.h"
#include "core/text.h"
#include "kube/value-inside.h"

struct scan {
	const char *start, *at, *end;
	unsigned nodes;
	bool places;	  /* a file of people's */
	const char *seen; /* the byte whose place is known */
	struct kube_place place;
	GError **error;
};

/* Of the byte at hand. */
static struct kube_place find_place(struct scan *s)
{
	for (; s->seen < s->at; s->seen++) {
		if (*s->seen == '\n') {
			s->place = (struct kube_place){s->place.line + 1, 1};
		} else {
			s->place.column += (*s->seen & 0xc0) != 0x80;
		}
	}
	return s->place;
}

static bool bad(const struct scan *s, const char *problem)
{
	if (s->places) {
		return fail(s->error, BASE_ERROR, BASE_ERROR_MALFORMED, "not JSON: %s", problem);
	}
	return fail(s->error, BASE_ERROR, BASE_ERROR_MALFORMED, "JSON, byte %zu: %s",
		    (size_t)(s->at - s->start), problem);
}

static void skip_space(struct scan *s)
{
	while (s->at < s->end && strchr(" \t\r\n", *s->at) != NULL && *s->at != '\0') {
		s->at++;
	}
}

static bool take(struct scan *s, char c)
{
	if (s->at < s->end && *s->at == c) {
		s->at++;
		return true;
	}
	return false;
}

static bool take_word(struct scan *s, const char *word)
{
	size_t len = strlen(word);

	if ((size_t)(s->end - s->at) < len || memcmp(s->at, word, len) != 0) {
		return bad(s, "no value");
	}
	s->at += len;
	return true;
}

static size_t digits(const char **at, const char *end)
{
	const char *from = *at;

	while (*at < end && g_ascii_isdigit(**at)) {
		(*at)++;
	}
	return (size_t)(*at - from);
}

/* The end of the number that begins there; NULL when none does. */
static const char *number_end(const char *at, const char *end)
{
	size_t count;
	const char *first;

	if (at < end && *at == '-') {
		at++;
	}
	first = at;
	count = digits(&at, end);
	if (count == 0 || (count > 1 && *first == '0')) {
		return NULL;
	}
	if (at < end && *at == '.') {
		at++;
		if (digits(&at, end) == 0) {
			return NULL;
		}
	}
	if (at < end && (*at == 'e' || *at == 'E')) {
		at++;
		if (at < end && (*at == '+' || *at == '-')) {
			at++;
		}
		if (digits(&at, end) == 0) {
			return NULL;
		}
	}
	return at;
}

bool kube_value_is_number(const char *text)
{
	const char *end = text + strlen(text);

	return number_end(text, end) == end && *text != '\0';
}

/* Four hexadecimal digits; -1 when there are none. */
static int32_t take_hex4(struct scan *s)
{
	int32_t value = 0;

	if (s->end - s->at < 4) {
		return -1;
	}
	for (int i = 0; i < 4; i++) {
		int digit = g_ascii_xdigit_value(s->at[i]);

		if (digit < 0) {
			return -1;
		}
		value = value * 16 + digit;
	}
	s->at += 4;
	return value;
}

/* Behind "\u". */
static bool take_unicode(struct scan *s, char **out)
{
	int32_t c = take_hex4(s), low;

	if (c < 0) {
		return bad(s, "bad \\u escape");
	}
	if (c >= 0xd800 && c <= 0xdfff) {
		if (c >= 0xdc00 || !take(s, '\\') || !take(s, 'u')) {
			return bad(s, "lone surrogate");
		}
		low = take_hex4(s);
		if (low < 0xdc00 || low > 0xdfff) {
			return bad(s, "lone surrogate");
		}
		c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
	}
	*out += g_unichar_to_utf8((gunichar)c, *out);
	return true;
}

static bool take_escape(struct scan *s, char **out)
{
	static const char letters[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
	const char *letter;

	if (take(s, 'u')) {
		return take_unicode(s, out);
	}
	letter = s->at < s->end && *s->at != '\0' ? strchr(letters, *s->at) : NULL;
	if (letter == NULL) {
		return bad(s, "unknown escape");
	}
	s->at++;
	*(*out)++ = meant[letter - letters];
	return true;
}

/* Behind the quote: to the next one that is not escaped, or NULL. */
static const char *string_end(const struct scan *s)
{
	for (const char *p = s->at; p < s->end; p++) {
		if (*p == '"') {
			return p;
		}
		p += *p == '\\';
	}
	return NULL;
}

static bool take_character(struct scan *s, const char *end, char **to)
{
	size_t n = text_utf8_len((const unsigned char *)s->at, (const unsigned char *)end);

	if (n == 0) {
		return bad(s, "not UTF-8");
	}
	if ((unsigned char)*s->at < 0x20) {
		return bad(s, "control character in a string");
	}
	if (take(s, '\\')) {
		return take_escape(s, to);
	}
	memcpy(*to, s->at, n);
	*to += n;
	s->at += n;
	return true;
}

/* An escape is never shorter than what it stands for, so that the text fits where it stood. */
static bool take_text(struct scan *s, char **text, size_t *len)
{
	const char *end;
	char *out, *to;

	if (!take(s, '"')) {
		return bad(s, "no string");
	}
	end = string_end(s);
	if (end == NULL) {
		return bad(s, "unfinished string");
	}
	to = out = g_malloc((size_t)(end - s->at) + 1);
	while (s->at < end) {
		if (!take_character(s, end, &to)) {
			sodium_memzero(out, (size_t)(to - out));
			g_free(out);
			return false;
		}
	}
	s->at++;
	*to = '\0';
	*len = (size_t)(to - out);
	*text = out;
	return true;
}

static bool take_name(struct scan *s, char **name)
{
	size_t len;

	if (!take_text(s, name, &len)) {
		return false;
	}
	if (strlen(*name) != len) {
		g_clear_pointer(name, g_free);
		return bad(s, "U+0000 in a name");
	}
	return true;
}

static struct kube_value *take_value(struct scan *s, unsigned depth);

static bool take_members(struct scan *s, struct kube_value *map, unsigned depth)
{
	const char *twice;

	skip_space(s);
	if (take(s, '}')) {
		return true;
	}
	for (;;) {
		g_autofree char *name = NULL;
		struct kube_value *item;

		skip_space(s);
		if (!take_name(s, &name)) {
			return false;
		}
		skip_space(s);
		if (!take(s, ':')) {
			return bad(s, "no ':'");
		}
		item = take_value(s, depth + 1);
		if (item == NULL) {
			return false;
		}
		value_append(map, g_steal_pointer(&name), item);
		skip_space(s);
		if (take(s, '}')) {
			return kube_value_seal(map, &twice) || bad(s, "a name stands there twice");
		}
		if (!take(s, ',')) {
			return bad(s, "no ',' or '}'");
		}
	}
}

static bool take_items(struct scan *s, struct kube_value *list, unsigned depth)
{
	skip_space(s);
	if (take(s, ']')) {
		return true;
	}
	for (;;) {
		struct kube_value *item = take_value(s, depth + 1);

		if (item == NULL) {
			return false;
		}
		kube_value_add(list, item);
		skip_space(s);
		if (take(s, ']')) {
			return true;
		}
		if (!take(s, ',')) {
			return bad(s, "no ',' or ']'");
		}
	}
}

static bool take_number(struct scan *s, struct kube_value *value)
{
	const char *end = number_end(s->at, s->end);

	if (end == NULL) {
		return bad(s, "no value");
	}
	value->type = KUBE_NUMBER;
	value->count = (size_t)(end - s->at);
	value->text = g_strndup(s->at, value->count);
	s->at = end;
	return true;
}

static bool take_kind(struct scan *s, struct kube_value *value, unsigned depth)
{
	switch (s->at < s->end ? *s->at : '\0') {
	case '{':
		s->at++;
		value->type = KUBE_MAP;
		return take_members(s, value, depth);
	case '[':
		s->at++;
		value->type = KUBE_LIST;
		return take_items(s, value, depth);
	case '"':
		value->type = KUBE_STRING;
		return take_text(s, &value->text, &value->count);
	case 't':
		value->type = KUBE_BOOL;
		value->truth = true;
		return take_word(s, "true");
	case 'f':
		value->type = KUBE_BOOL;
		return take_word(s, "false");
	case 'n':
		return take_word(s, "null");
	default:
		return take_number(s, value);
	}
}

static struct kube_value *take_value(struct scan *s, unsigned depth)
{
	g_autoptr(kube_value_auto) value = NULL;

	if (depth > KUBE_VALUE_MAX_DEPTH || ++s->nodes > KUBE_VALUE_MAX_NODES) {
		(void)fail(s->error, BASE_ERROR, BASE_ERROR_LIMIT, "JSON, byte %zu: %s",
			   (size_t)(s->at - s->start),
			   depth > KUBE_VALUE_MAX_DEPTH ? "nested too deep" : "too many values");
		return NULL;
	}
	skip_space(s);
	value = value_new(KUBE_NULL);
	if (s->places) {
		value->place = find_place(s);
	}
	return take_kind(s, value, depth) ? g_steal_pointer(&value) : NULL;
}

bool kube_value_parse(const char *bytes, size_t len, size_t max, struct kube_value **out,
		      GError **error)
{
	struct scan s = {.start = bytes, .at = bytes, .end = bytes + len, .error = error};
	g_autoptr(kube_value_auto) value = NULL;

	if (len > max) {
		return fail(error, BASE_ERROR, BASE_ERROR_LIMIT, "JSON of %zu bytes, over %zu", len,
			    max);
	}
	value = take_value(&s, 0);
	if (value == NULL) {
		return false;
	}
	skip_space(&s);
	if (s.at != s.end) {
		return bad(&s, "bytes behind the value");
	}
	*out = g_steal_pointer(&value);
	return true;
}

bool kube_value_parse_next(const char *bytes, size_t len, size_t *offset, struct kube_place *at,
			   struct kube_value **out, GError **error)
{
	struct scan s = {
		.start = bytes,
		.at = bytes + *offset,
		.end = bytes + len,
		.error = error,
		.places = true,
		.seen = bytes + *offset,
		.place = *at,
	};
	struct kube_value *value = take_value(&s, 0);

	if (value != NULL) {
		skip_space(&s);
		*offset = (size_t)(s.at - bytes);
		*out = value;
	}
	*at = find_place(&s);
	return value != NULL;
}
