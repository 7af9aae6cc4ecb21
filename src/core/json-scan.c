/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A validating reader of RFC 8259 that keeps nothing. cJSON is lenient in many
 * ways (leading zeros, raw control characters, bad UTF-8, trailing bytes,
 * rounding); what passes here it reads without surprise.
 */
#include "core/json-scan.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "core/fail.h"
#include "core/json.h"
#include "core/text.h"

#define MAX_DIGITS 40

struct scan {
	const unsigned char *start, *at, *end;
	unsigned flags;
	struct assent_error *err;
};

static int bad(const struct scan *s, const char *problem)
{
	return core_fail(s->err, ASSENT_EMALFORMED, "byte %zu: %s", (size_t)(s->at - s->start),
			 problem);
}

static bool canonical(const struct scan *s)
{
	return (s->flags & JSON_CANONICAL) != 0;
}

static void skip_space(struct scan *s)
{
	if (canonical(s)) {
		return;
	}
	while (s->at < s->end &&
	       (*s->at == ' ' || *s->at == '\t' || *s->at == '\n' || *s->at == '\r')) {
		s->at++;
	}
}

static bool take(struct scan *s, unsigned char c)
{
	if (s->at < s->end && *s->at == c) {
		s->at++;
		return true;
	}
	return false;
}

/* Four hexadecimal digits after "\u"; -1 when there are none. */
static int32_t take_hex4(struct scan *s)
{
	int32_t value = 0;

	if (s->end - s->at < 4) {
		return -1;
	}
	for (int i = 0; i < 4; i++) {
		unsigned char c = s->at[i];

		if (c >= '0' && c <= '9') {
			value = value * 16 + (c - '0');
		} else if (c >= 'a' && c <= 'f') {
			value = value * 16 + (c - 'a' + 10);
		} else if (c >= 'A' && c <= 'F' && !canonical(s)) {
			value = value * 16 + (c - 'A' + 10);
		} else {
			return -1;
		}
	}
	s->at += 4;
	return value;
}

static int scan_unicode_escape(struct scan *s)
{
	int32_t c = take_hex4(s);

	if (c < 0) {
		return bad(s, "bad \\u escape");
	}
	if (c == 0) {
		return bad(s, "U+0000 is not allowed");
	}
	if (canonical(s)) {
		if (c >= 0x20 || strchr("\b\t\n\f\r", c) != NULL) {
			return bad(s, "escape is not canonical");
		}
		return 0;
	}
	if (c >= 0xdc00 && c <= 0xdfff) {
		return bad(s, "lone surrogate");
	}
	if (c >= 0xd800 && c <= 0xdbff) {
		if (!take(s, '\\') || !take(s, 'u')) {
			return bad(s, "lone surrogate");
		}
		c = take_hex4(s);
		if (c < 0xdc00 || c > 0xdfff) {
			return bad(s, "lone surrogate");
		}
	}
	return 0;
}

static int scan_escape(struct scan *s)
{
	unsigned char c;

	if (s->at >= s->end) {
		return bad(s, "unfinished string");
	}
	c = *s->at++;
	if (c == 'u') {
		return scan_unicode_escape(s);
	}
	if (c == '\0' || strchr(canonical(s) ? "\"\\bfnrt" : "\"\\/bfnrt", c) == NULL) {
		s->at--;
		return bad(s, "unknown or needless escape");
	}
	return 0;
}

static int scan_string(struct scan *s)
{
	if (!take(s, '"')) {
		return bad(s, "expected a string");
	}
	while (s->at < s->end) {
		size_t len;

		if (*s->at == '"') {
			s->at++;
			return 0;
		}
		if (*s->at < 0x20) {
			return bad(s, "control character in a string");
		}
		if (*s->at == '\\') {
			int rc;

			s->at++;
			rc = scan_escape(s);
			if (rc != 0) {
				return rc;
			}
			continue;
		}
		len = text_utf8_len(s->at, s->end);
		if (len == 0) {
			return bad(s, "invalid UTF-8");
		}
		s->at += len;
	}
	return bad(s, "unfinished string");
}

static size_t take_digits(struct scan *s)
{
	const unsigned char *from = s->at;

	while (s->at < s->end && *s->at >= '0' && *s->at <= '9') {
		s->at++;
	}
	return (size_t)(s->at - from);
}

/* The part after the integer. Only with JSON_FLOATS. */
static int scan_fraction(struct scan *s)
{
	if (take(s, '.') && take_digits(s) == 0) {
		return bad(s, "expected digits after '.'");
	}
	if (take(s, 'e') || take(s, 'E')) {
		if (!take(s, '+')) {
			(void)take(s, '-');
		}
		if (take_digits(s) == 0) {
			return bad(s, "expected digits in the exponent");
		}
	}
	return 0;
}

static int scan_number(struct scan *s)
{
	const unsigned char *from = s->at, *digits;
	uint64_t value;
	size_t count;

	(void)take(s, '-');
	digits = s->at;
	count = take_digits(s);
	if (count == 0) {
		return bad(s, "expected a value");
	}
	if (*digits == '0' && count > 1) {
		return bad(s, "leading zero");
	}
	if ((s->flags & JSON_FLOATS) != 0) {
		int rc = scan_fraction(s);

		if (rc == 0 && s->at - from > MAX_DIGITS) {
			return bad(s, "number with too many digits");
		}
		return rc;
	}
	if (s->at < s->end && strchr(".eE", *s->at) != NULL && *s->at != '\0') {
		return bad(s, "only integers are allowed");
	}
	if (!text_decimal(&value, (const char *)digits, count, (uint64_t)JSON_MAX_INT)) {
		return bad(s, "integer beyond 2^53-1");
	}
	if (value == 0 && *from == '-') {
		return bad(s, "negative zero");
	}
	return 0;
}

static int scan_word(struct scan *s, const char *word)
{
	size_t len = strlen(word);

	if ((size_t)(s->end - s->at) < len || memcmp(s->at, word, len) != 0) {
		return bad(s, "expected a value");
	}
	s->at += len;
	return 0;
}

static int scan_value(struct scan *s, unsigned depth);

/* A member's name; in canonical documents also its alphabet and that it follows the one before. */
static int scan_name(struct scan *s, const unsigned char **last, size_t *last_len)
{
	const unsigned char *name = s->at + 1;
	size_t len, common;
	int order, rc = scan_string(s);

	if (rc != 0 || !canonical(s)) {
		return rc;
	}
	len = (size_t)(s->at - name) - 1;
	for (size_t i = 0; i < len; i++) {
		if (!((name[i] >= 'a' && name[i] <= 'z') || (name[i] >= '0' && name[i] <= '9') ||
		      name[i] == '_')) {
			return bad(s, "member name is not of [a-z0-9_]");
		}
	}
	if (len == 0) {
		return bad(s, "empty member name");
	}
	if (*last != NULL) {
		common = len < *last_len ? len : *last_len;
		order = memcmp(*last, name, common);
		if (order > 0 || (order == 0 && *last_len >= len)) {
			return bad(s, "member names are not sorted or not unique");
		}
	}
	*last = name;
	*last_len = len;
	return 0;
}

static int scan_object(struct scan *s, unsigned depth)
{
	const unsigned char *last = NULL;
	size_t last_len = 0;
	int rc;

	skip_space(s);
	if (take(s, '}')) {
		return 0;
	}
	for (;;) {
		skip_space(s);
		rc = scan_name(s, &last, &last_len);
		if (rc != 0) {
			return rc;
		}
		skip_space(s);
		if (!take(s, ':')) {
			return bad(s, "expected ':'");
		}
		rc = scan_value(s, depth);
		if (rc != 0) {
			return rc;
		}
		if (take(s, '}')) {
			return 0;
		}
		if (!take(s, ',')) {
			return bad(s, "expected ',' or '}'");
		}
	}
}

static int scan_array(struct scan *s, unsigned depth)
{
	int rc;

	skip_space(s);
	if (take(s, ']')) {
		return 0;
	}
	for (;;) {
		rc = scan_value(s, depth);
		if (rc != 0) {
			return rc;
		}
		if (take(s, ']')) {
			return 0;
		}
		if (!take(s, ',')) {
			return bad(s, "expected ',' or ']'");
		}
	}
}

static int scan_container(struct scan *s, unsigned depth)
{
	if (depth >= JSON_MAX_DEPTH) {
		return core_fail(s->err, ASSENT_ELIMIT, "byte %zu: nested deeper than %d",
				 (size_t)(s->at - s->start), JSON_MAX_DEPTH);
	}
	if (take(s, '{')) {
		return scan_object(s, depth + 1);
	}
	s->at++;
	return scan_array(s, depth + 1);
}

static int scan_value(struct scan *s, unsigned depth)
{
	int rc;

	skip_space(s);
	if (s->at >= s->end) {
		return bad(s, "expected a value");
	}
	switch (*s->at) {
	case '{':
	case '[':
		rc = scan_container(s, depth);
		break;
	case '"':
		rc = scan_string(s);
		break;
	case 't':
		rc = scan_word(s, "true");
		break;
	case 'f':
		rc = scan_word(s, "false");
		break;
	case 'n':
		rc = scan_word(s, "null");
		break;
	default:
		rc = scan_number(s);
		break;
	}
	skip_space(s);
	return rc;
}

int json_scan(const void *bytes, size_t len, unsigned flags, struct assent_error *err)
{
	struct scan s = {.start = bytes, .at = bytes, .flags = flags, .err = err};
	int rc;

	if (len > JSON_MAX_SIZE) {
		return core_fail(err, ASSENT_ELIMIT, "document larger than %zu bytes",
				 JSON_MAX_SIZE);
	}
	s.end = s.at + len;
	rc = scan_value(&s, 0);
	if (rc == 0 && s.at != s.end) {
		return bad(&s, "bytes after the document");
	}
	return rc;
}
