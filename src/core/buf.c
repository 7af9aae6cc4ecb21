/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Growing buffers, and SSH's wire encoding in both directions. */
#include "core/buf.h"

#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool grow(struct buf *b, size_t more)
{
	size_t size = b->size != 0 ? b->size : 256;
	char *data;

	if (b->failed || more > SIZE_MAX / 4 - b->len) {
		b->failed = true;
		return false;
	}
	if (b->len + more < b->size) {
		return true;
	}
	while (size <= b->len + more) {
		size *= 2;
	}
	data = malloc(size);
	if (data == NULL) {
		b->failed = true;
		return false;
	}
	if (b->data != NULL) {
		memcpy(data, b->data, b->len);
		sodium_memzero(b->data, b->len);
		free(b->data);
	}
	b->data = data;
	b->size = size;
	return true;
}

void buf_add(struct buf *b, const void *data, size_t len)
{
	if (grow(b, len) && len > 0) {
		memcpy(b->data + b->len, data, len);
		b->len += len;
	}
}

void buf_text(struct buf *b, const char *text)
{
	buf_add(b, text, strlen(text));
}

void buf_printf(struct buf *b, const char *format, ...)
{
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (len < 0 || !grow(b, (size_t)len)) {
		b->failed = true;
		return;
	}
	va_start(args, format);
	(void)vsnprintf(b->data + b->len, (size_t)len + 1, format, args);
	va_end(args);
	b->len += (size_t)len;
}

void buf_byte(struct buf *b, uint8_t byte)
{
	buf_add(b, &byte, 1);
}

void buf_u32(struct buf *b, uint32_t n)
{
	uint8_t bytes[4] = {(uint8_t)(n >> 24), (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n};

	buf_add(b, bytes, sizeof(bytes));
}

void buf_u64(struct buf *b, uint64_t n)
{
	buf_u32(b, (uint32_t)(n >> 32));
	buf_u32(b, (uint32_t)n);
}

void buf_wire(struct buf *b, const void *data, size_t len)
{
	if (len > UINT32_MAX) {
		b->failed = true;
		return;
	}
	buf_u32(b, (uint32_t)len);
	buf_add(b, data, len);
}

void buf_base64(struct buf *b, const void *data, size_t len)
{
	size_t room;

	if (len > SIZE_MAX / 8) {
		b->failed = true;
		return;
	}
	room = sodium_base64_encoded_len(len, sodium_base64_VARIANT_ORIGINAL);
	if (grow(b, room)) {
		sodium_bin2base64(b->data + b->len, room, data, len,
				  sodium_base64_VARIANT_ORIGINAL);
		b->len += room - 1;
	}
}

char *buf_steal(struct buf *b, size_t *len)
{
	char *data;

	if (!grow(b, 1)) {
		buf_clear(b);
		return NULL;
	}
	b->data[b->len] = '\0';
	data = b->data;
	if (len != NULL) {
		*len = b->len;
	}
	*b = (struct buf){0};
	return data;
}

void buf_clear(struct buf *b)
{
	if (b->data != NULL) {
		sodium_memzero(b->data, b->len);
	}
	free(b->data);
	*b = (struct buf){0};
}

const uint8_t *wire_bytes(struct wire *w, size_t len)
{
	const uint8_t *at = w->at;

	if (w->failed || w->left < len) {
		w->failed = true;
		return NULL;
	}
	w->at += len;
	w->left -= len;
	return at;
}

uint8_t wire_byte(struct wire *w)
{
	const uint8_t *at = wire_bytes(w, 1);

	return at != NULL ? at[0] : 0;
}

uint32_t wire_u32(struct wire *w)
{
	const uint8_t *at = wire_bytes(w, 4);

	if (at == NULL) {
		return 0;
	}
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

const uint8_t *wire_string(struct wire *w, size_t *len)
{
	uint32_t length = wire_u32(w);
	const uint8_t *at = wire_bytes(w, length);

	*len = at != NULL ? length : 0;
	return at;
}

bool wire_expect(struct wire *w, const char *text)
{
	size_t len;
	const uint8_t *at = wire_string(w, &len);

	if (at == NULL || len != strlen(text) || memcmp(at, text, len) != 0) {
		w->failed = true;
		return false;
	}
	return true;
}

bool wire_done(const struct wire *w)
{
	return !w->failed && w->left == 0;
}
