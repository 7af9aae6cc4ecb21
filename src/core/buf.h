/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * A growing byte buffer whose failure sticks: append freely, look once.
 *
 *	CLEANUP(buf_clear) struct buf b = {0};
 *	buf_text(&b, "SSHSIG");
 *	buf_wire(&b, ns, strlen(ns));
 *	text = buf_steal(&b, &len);     -- NULL without memory
 *
 * The buffer is wiped when it grows or is cleared, since it may carry keys.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf {
	char *data;
	size_t len, size;
	bool failed;
};

void buf_add(struct buf *b, const void *data, size_t len);
void buf_text(struct buf *b, const char *text);
void buf_printf(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
void buf_byte(struct buf *b, uint8_t byte);
void buf_u32(struct buf *b, uint32_t n);
void buf_u64(struct buf *b, uint64_t n);
/* SSH's string: length in four bytes, then the bytes. */
void buf_wire(struct buf *b, const void *data, size_t len);
void buf_base64(struct buf *b, const void *data, size_t len);
/* Ends with a NUL beyond len; the caller frees. NULL when any append failed. */
char *buf_steal(struct buf *b, size_t *len);
void buf_clear(struct buf *b);

/* The reading half of buf_wire(): takes from the front, failure sticks. */
struct wire {
	const uint8_t *at;
	size_t left;
	bool failed;
};
uint8_t wire_byte(struct wire *w);
uint32_t wire_u32(struct wire *w);
/* Borrowed from the wire; NULL and *len 0 after a failure. */
const uint8_t *wire_string(struct wire *w, size_t *len);
/* Takes a string that must be exactly text. */
bool wire_expect(struct wire *w, const char *text);
/* Takes len bytes as they stand. */
const uint8_t *wire_bytes(struct wire *w, size_t len);
/* Everything was taken and nothing failed. */
bool wire_done(const struct wire *w);
