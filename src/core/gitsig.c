/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Strict reading of signed commits. */
#include "core/gitsig.h"

#include <stdbool.h>
#include <string.h>

#include "core/buf.h"
#include "core/fail.h"
#include "core/text.h"

#define NAME "gpgsig"
#define NAME_LEN 6

static bool line_is(const char *line, size_t len, const char *prefix)
{
	return len >= strlen(prefix) && memcmp(line, prefix, strlen(prefix)) == 0;
}

static void put_line(struct buf *b, const char *line, size_t len)
{
	buf_add(b, line, len);
	buf_byte(b, '\n');
}

/* Headers up to the empty line; the signature's lines go to armor, all others to payload. */
static int read_headers(const char **text, size_t *left, struct buf *payload, struct buf *armor,
			struct assent_error *err)
{
	const char *line;
	size_t len;
	bool inside = false, first = true;

	while (text_line(text, left, &line, &len)) {
		if (len == 0) {
			put_line(payload, "", 0);
			return 0;
		}
		if (first && !line_is(line, len, "tree ")) {
			return core_fail(err, ASSENT_EMALFORMED, "not a commit");
		}
		first = false;
		if (line[0] == ' ') {
			put_line(inside ? armor : payload, line + (inside ? 1 : 0),
				 len - (inside ? 1 : 0));
			continue;
		}
		inside = line_is(line, len, NAME " ");
		if (line_is(line, len, NAME) && (!inside || armor->len != 0)) {
			return core_fail(err, ASSENT_EMALFORMED,
					 "commit with a second or unknown signature header");
		}
		if (inside) {
			put_line(armor, line + NAME_LEN + 1, len - NAME_LEN - 1);
		} else {
			put_line(payload, line, len);
		}
	}
	return core_fail(err, ASSENT_EMALFORMED, "commit without an end of its headers");
}

int gitsig_parse(struct gitsig *out, const char *raw, size_t len, struct assent_error *err)
{
	CLEANUP(buf_clear) struct buf payload = {0}, armor = {0};
	struct gitsig sig = {0};
	int rc;

	if (memchr(raw, '\0', len) != NULL) {
		return core_fail(err, ASSENT_EMALFORMED, "NUL byte in a commit");
	}
	rc = read_headers(&raw, &len, &payload, &armor, err);
	if (rc != 0) {
		return rc;
	}
	buf_add(&payload, raw, len);
	if (armor.len != 0) {
		sig.armor = buf_steal(&armor, &sig.armor_len);
		if (sig.armor == NULL) {
			return core_fail_memory(err);
		}
	}
	sig.payload = buf_steal(&payload, &sig.payload_len);
	if (sig.payload == NULL || armor.failed) {
		gitsig_clear(&sig);
		return core_fail_memory(err);
	}
	*out = sig;
	return 0;
}

enum part { PART_PAYLOAD, PART_SIGNATURE, PART_OTHER };

/* A line goes on where it begins with a space. */
static enum part part_of(enum part last, const char *line, size_t len)
{
	if (len > 0 && line[0] == ' ') {
		return last;
	}
	if (line_is(line, len, NAME " ")) {
		return PART_SIGNATURE;
	}
	return line_is(line, len, NAME) ? PART_OTHER : PART_PAYLOAD;
}

/* The first len bytes of text with the newline, where there is one. */
static size_t line_size(const char *text, size_t len)
{
	const char *end = memchr(text, '\n', len);

	return end == NULL ? len : (size_t)(end - text) + 1;
}

int gitsig_split(struct gitsig *out, const char *raw, size_t len, struct assent_error *err)
{
	CLEANUP(buf_clear) struct buf payload = {0}, armor = {0};
	struct gitsig sig = {0};
	enum part part = PART_PAYLOAD;
	bool any = false;

	while (len > 0 && raw[0] != '\n') {
		size_t size = line_size(raw, len);
		size_t skip = raw[0] == ' ' ? 1 : NAME_LEN + 1;

		part = part_of(part, raw, size);
		if (part == PART_SIGNATURE) {
			any = true;
			buf_add(&armor, raw + skip, size - skip);
		} else if (part == PART_PAYLOAD) {
			buf_add(&payload, raw, size);
		}
		raw += size;
		len -= size;
	}
	buf_add(&payload, raw, len);
	sig.payload = buf_steal(&payload, &sig.payload_len);
	if (any) {
		sig.armor = buf_steal(&armor, &sig.armor_len);
	}
	if (sig.payload == NULL || (any && sig.armor == NULL)) {
		gitsig_clear(&sig);
		return core_fail_memory(err);
	}
	*out = sig;
	return 0;
}

/* The first header of this name: what follows it, without newline. */
static const char *find_header(const char *text, size_t len, const char *name, size_t *out)
{
	while (len > 0 && text[0] != '\n') {
		size_t size = line_size(text, len);

		if (line_is(text, size, name)) {
			*out = size - strlen(name) - (text[size - 1] == '\n');
			return text + strlen(name);
		}
		text += size;
		len -= size;
	}
	return NULL;
}

static size_t count_of(const char *text, size_t len, const char *set)
{
	size_t n = 0;

	while (n < len && strchr(set, text[n]) != NULL && text[n] != '\0') {
		n++;
	}
	return n;
}

static uint64_t read_digits(const char *text, size_t count)
{
	uint64_t n = 0;

	for (size_t i = 0; i < count; i++) {
		unsigned digit = (unsigned)(text[i] - '0');

		if (n > (UINT64_MAX - digit) / 10) {
			return UINT64_MAX;
		}
		n = n * 10 + digit;
	}
	return n;
}

/* "TIME ZONE", which follows the last '>'; 0 when it is anything else. */
static uint64_t read_date(const char *text, size_t len)
{
	static const char digits[] = "0123456789", blanks[] = " \t\r\n";
	size_t at = count_of(text, len, blanks);
	size_t date = count_of(text + at, len - at, digits), zone;
	uint64_t time = read_digits(text + at, date);

	at += date;
	zone = at + count_of(text + at, len - at, blanks);
	if (date == 0 || zone == len || (text[zone] != '+' && text[zone] != '-')) {
		return 0;
	}
	zone++;
	return count_of(text + zone, len - zone, digits) > 0 ? time : 0;
}

bool gitsig_time(uint64_t *out, const char *payload, size_t len)
{
	size_t left, at;
	const char *line = find_header(payload, len, "committer ", &left);
	const char *mail = line == NULL ? NULL : memchr(line, '<', left);

	if (mail == NULL || memchr(mail, '>', left - (size_t)(mail - line)) == NULL) {
		return false;
	}
	at = left;
	while (line[at - 1] != '>') {
		at--;
	}
	*out = read_date(line + at, left - at);
	return true;
}

void gitsig_clear(struct gitsig *sig)
{
	if (sig != NULL) {
		free(sig->payload);
		free(sig->armor);
		*sig = (struct gitsig){0};
	}
}
