/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * Judging and decoding text from outside: UTF-8, base64, decimal numbers.
 * All are exact: one value has one spelling.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Length of the well-formed UTF-8 sequence at p (1 to 4), 0 when there is none before end. */
size_t text_utf8_len(const unsigned char *p, const unsigned char *end);
bool text_is_utf8(const void *data, size_t len);
/* UTF-8 without control characters (below 0x20, and DEL): may stand in JSON as it is. */
bool text_is_plain(const void *data, size_t len);

/* Standard alphabet with padding, canonical. out holds max bytes; *out_len is how many came. */
bool text_base64_decode(uint8_t *out, size_t max, size_t *out_len, const char *text, size_t len);
/* Decimal without sign, leading zeros or anything around it, at most max. */
bool text_decimal(uint64_t *out, const char *text, size_t len, uint64_t max);
/* The next line of text (without its newline); false when text is used up or the rest has no
 * newline. */
bool text_line(const char **text, size_t *left, const char **line, size_t *line_len);
