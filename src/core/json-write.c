/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The writing half of core/json.h. */
#include "core/json.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/buf.h"
#include "core/fail.h"
#include "core/text.h"

struct level {
	bool array, any;
	size_t name, name_len; /* where the last name stands in the buffer, canonical only */
};

struct json_writer {
	struct buf buf;
	unsigned flags;
	unsigned depth; /* open containers; levels[depth] is the innermost, [0] the root */
	struct level levels[JSON_MAX_DEPTH + 1];
	struct assent_error error;
};

struct json_writer *json_writer_new(unsigned flags)
{
	struct json_writer *w = calloc(1, sizeof(*w));

	if (w != NULL) {
		w->flags = flags;
	}
	return w;
}

void json_writer_free(struct json_writer *w)
{
	if (w != NULL) {
		buf_clear(&w->buf);
		free(w);
	}
}

static void bad(struct json_writer *w, const char *name, const char *problem)
{
	if (w->error.code == 0) {
		(void)core_fail(&w->error, ASSENT_EFAILED, "cannot write '%.64s': %s",
				name != NULL ? name : "", problem);
	}
}

static void put_string(struct json_writer *w, const char *s, size_t len)
{
	static const char special[] = "\b\t\n\f\r\"\\", letters[] = "btnfr\"\\";
	size_t from = 0;

	buf_byte(&w->buf, '"');
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)s[i];
		const char *known = strchr(special, c);

		if (c >= 0x20 && c != '"' && c != '\\') {
			continue;
		}
		buf_add(&w->buf, s + from, i - from);
		from = i + 1;
		if (known != NULL) {
			buf_byte(&w->buf, '\\');
			buf_byte(&w->buf, (uint8_t)letters[known - special]);
		} else {
			buf_printf(&w->buf, "\\u%04x", c);
		}
	}
	buf_add(&w->buf, s + from, len - from);
	buf_byte(&w->buf, '"');
}

static bool name_is_canonical(const char *name)
{
	return name[0] != '\0' &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") == strlen(name);
}

/* Names of one object must ascend; the last one is compared where it stands in the output. */
static void check_order(struct json_writer *w, struct level *level, const char *name, size_t len)
{
	size_t common = len < level->name_len ? len : level->name_len;
	int order;

	if (level->name_len > 0) {
		order = memcmp(w->buf.data + level->name, name, common);
		if (order > 0 || (order == 0 && level->name_len >= len)) {
			bad(w, name, "member names out of order");
		}
	}
	level->name = w->buf.len + 1;
	level->name_len = len;
}

/* Comma and name before a value; false when nothing more may be written. */
static bool begin(struct json_writer *w, const char *name)
{
	struct level *level = &w->levels[w->depth];
	bool wants_name = w->depth > 0 && !level->array;

	if (w->error.code != 0 || w->buf.failed) {
		return false;
	}
	if (wants_name != (name != NULL)) {
		bad(w, name, wants_name ? "value without a name" : "name outside an object");
		return false;
	}
	if (w->depth == 0 && level->any) {
		bad(w, name, "second root value");
		return false;
	}
	if (level->any) {
		buf_byte(&w->buf, ',');
	}
	level->any = true;
	if (!wants_name) {
		return true;
	}
	if ((w->flags & JSON_CANONICAL) != 0) {
		if (!name_is_canonical(name)) {
			bad(w, name, "member name is not of [a-z0-9_]");
			return false;
		}
		check_order(w, level, name, strlen(name));
	}
	if (!text_is_utf8(name, strlen(name))) {
		bad(w, name, "member name is not UTF-8");
		return false;
	}
	put_string(w, name, strlen(name));
	buf_byte(&w->buf, ':');
	return w->error.code == 0 && !w->buf.failed;
}

static void open_level(struct json_writer *w, const char *name, bool array)
{
	if (!begin(w, name)) {
		return;
	}
	if (w->depth >= JSON_MAX_DEPTH) {
		bad(w, name, "nested too deep");
		return;
	}
	w->levels[++w->depth] = (struct level){.array = array};
	buf_byte(&w->buf, array ? '[' : '{');
}

void json_w_object(struct json_writer *w, const char *name)
{
	open_level(w, name, false);
}

void json_w_array(struct json_writer *w, const char *name)
{
	open_level(w, name, true);
}

void json_w_end(struct json_writer *w)
{
	if (w->error.code != 0 || w->buf.failed) {
		return;
	}
	if (w->depth == 0) {
		bad(w, NULL, "end without a beginning");
		return;
	}
	buf_byte(&w->buf, w->levels[w->depth--].array ? ']' : '}');
}

void json_w_str(struct json_writer *w, const char *name, const char *s)
{
	size_t len = strlen(s);

	if (!begin(w, name)) {
		return;
	}
	if (!text_is_utf8(s, len)) {
		bad(w, name, "text is not UTF-8");
		return;
	}
	put_string(w, s, len);
}

void json_w_bytes(struct json_writer *w, const char *name, const void *data, size_t len)
{
	char longer[96];

	if (text_is_plain(data, len)) {
		if (begin(w, name)) {
			put_string(w, data, len);
		}
		return;
	}
	if (name == NULL || strlen(name) > sizeof(longer) - sizeof("_b64")) {
		bad(w, name, "bytes need a name");
		return;
	}
	(void)snprintf(longer, sizeof(longer), "%s_b64", name);
	if (begin(w, longer)) {
		buf_byte(&w->buf, '"');
		buf_base64(&w->buf, data, len);
		buf_byte(&w->buf, '"');
	}
}

void json_w_int(struct json_writer *w, const char *name, int64_t n)
{
	if (n > JSON_MAX_INT || n < -JSON_MAX_INT) {
		bad(w, name, "integer beyond 2^53-1");
		return;
	}
	if (begin(w, name)) {
		buf_printf(&w->buf, "%" PRId64, n);
	}
}

void json_w_bool(struct json_writer *w, const char *name, bool b)
{
	if (begin(w, name)) {
		buf_text(&w->buf, b ? "true" : "false");
	}
}

void json_w_null(struct json_writer *w, const char *name)
{
	if (begin(w, name)) {
		buf_text(&w->buf, "null");
	}
}

int json_writer_finish(struct json_writer *w, char **out, size_t *len, struct assent_error *err)
{
	char *text = NULL;
	int rc = 0;

	if (w->error.code == 0 && (w->depth != 0 || !w->levels[0].any)) {
		bad(w, NULL, "document is not finished");
	}
	if (w->error.code != 0) {
		rc = core_fail(err, w->error.code, "%s", w->error.text);
	} else {
		text = buf_steal(&w->buf, len);
		if (text == NULL) {
			rc = core_fail_memory(err);
		} else {
			*out = text;
		}
	}
	json_writer_free(w);
	return rc;
}
