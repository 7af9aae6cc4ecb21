/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Exact readers for UTF-8, base64 and numbers. */
#include "core/text.h"

#include <sodium.h>
#include <string.h>

size_t text_utf8_len(const unsigned char *p, const unsigned char *end)
{
	size_t left = (size_t)(end - p);
	unsigned char low = 0x80, high = 0xbf;
	size_t len;

	if (left == 0) {
		return 0;
	}
	if (p[0] < 0x80) {
		return 1;
	}
	if (p[0] < 0xc2 || p[0] > 0xf4) {
		return 0; /* continuation, overlong form, above U+10FFFF */
	}
	len = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
	if (left < len) {
		return 0;
	}
	if (p[0] == 0xe0) {
		low = 0xa0;
	} else if (p[0] == 0xed) {
		high = 0x9f; /* surrogates */
	} else if (p[0] == 0xf0) {
		low = 0x90;
	} else if (p[0] == 0xf4) {
		high = 0x8f;
	}
	if (p[1] < low || p[1] > high) {
		return 0;
	}
	for (size_t i = 2; i < len; i++) {
		if (p[i] < 0x80 || p[i] > 0xbf) {
			return 0;
		}
	}
	return len;
}

bool text_is_utf8(const void *data, size_t len)
{
	const unsigned char *p = data, *end = p + len;

	while (p < end) {
		size_t n = text_utf8_len(p, end);

		if (n == 0) {
			return false;
		}
		p += n;
	}
	return true;
}

bool text_is_plain(const void *data, size_t len)
{
	const unsigned char *p = data;

	for (size_t i = 0; i < len; i++) {
		if (p[i] < 0x20 || p[i] == 0x7f) {
			return false;
		}
	}
	return text_is_utf8(data, len);
}

bool text_base64_decode(uint8_t *out, size_t max, size_t *out_len, const char *text, size_t len)
{
	/* Without an end pointer libsodium refuses foreign characters; with one it would stop at
	 * them and succeed. */
	return sodium_base642bin(out, max, text, len, NULL, out_len, NULL,
				 sodium_base64_VARIANT_ORIGINAL) == 0;
}

bool text_decimal(uint64_t *out, const char *text, size_t len, uint64_t max)
{
	uint64_t n = 0;

	if (len == 0 || len > 20 || (text[0] == '0' && len > 1)) {
		return false;
	}
	for (size_t i = 0; i < len; i++) {
		unsigned digit = (unsigned)(unsigned char)text[i] - '0';

		if (digit > 9 || n > (max - digit) / 10 || digit > max) {
			return false;
		}
		n = n * 10 + digit;
	}
	*out = n;
	return true;
}

bool text_line(const char **text, size_t *left, const char **line, size_t *line_len)
{
	const char *end = *left > 0 ? memchr(*text, '\n', *left) : NULL;

	if (end == NULL) {
		return false;
	}
	*line = *text;
	*line_len = (size_t)(end - *text);
	*left -= *line_len + 1;
	*text = end + 1;
	return true;
}
