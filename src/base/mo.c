/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Compiled catalogues of texts. */
#include "base/mo.h"

#include <inttypes.h>
#include <string.h>

#define MAGIC 0x950412deU
#define STRINGS_MAX 100000
#define SEGMENTS_MAX 64
#define FORMS_MAX 8
#define TRIED 1000 /* numbers, as msgfmt tries them */
#define LAST_SEGMENT 0xffffffffU

/* Offsets of the fields of the header. */
enum { AT_REVISION = 4, AT_COUNT = 8, AT_IDS = 12, AT_TEXTS = 16, HEADER = 28 };
enum {
	AT_SEGMENTS = 28,
	AT_SEGMENT_TABLE = 32,
	AT_SYSTEM = 36,
	AT_SYSTEM_IDS = 40,
	AT_SYSTEM_TEXTS = 44,
	LONG_HEADER = 48
};

struct mo {
	GHashTable *texts; /* the id (with a context before \004) to a GBytes of all forms */
	char *plural;	   /* NULL: as in English */
	unsigned forms;
};

struct reading {
	const char *bytes;
	size_t len;
	bool swapped;
	GHashTable *texts;
};

static bool number_at(const struct reading *r, uint64_t at, uint32_t *out)
{
	uint32_t value;

	if (at + sizeof(value) > r->len) {
		return false;
	}
	memcpy(&value, r->bytes + at, sizeof(value));
	*out = r->swapped ? GUINT32_SWAP_LE_BE(value) : value;
	return true;
}

/* len without the NUL that must follow. */
static bool string_at(const struct reading *r, uint64_t at, uint64_t len, const char **out)
{
	if (at + len >= r->len || r->bytes[at + len] != '\0') {
		return false;
	}
	*out = r->bytes + at;
	return true;
}

/* Every form of it must be UTF-8. */
static bool is_text(const char *bytes, size_t len)
{
	for (size_t at = 0; at <= len; at += strlen(bytes + at) + 1) {
		if (!g_utf8_validate(bytes + at, -1, NULL)) {
			return false;
		}
	}
	return true;
}

/* A form may have the arguments of the singular or of the plural; msgfmt leaves the latter's
 * <PRId64> as they are. The header is no format. */
static bool fits(const char *id, size_t id_len, const char *text, size_t len)
{
	const char *context = strchr(id, '\004');
	const char *one = context != NULL ? context + 1 : id;
	const char *many = strlen(id) < id_len ? id + strlen(id) + 1 : one;

	for (size_t at = 0; id_len > 0 && at <= len; at += strlen(text + at) + 1) {
		if (!mo_format_fits(one, text + at) && !mo_format_fits(many, text + at)) {
			return false;
		}
	}
	return true;
}

/* The id's plural, behind its NUL, is no part of the key. */
static bool add(struct reading *r, const char *id, size_t id_len, const char *text, size_t len)
{
	if (!is_text(id, id_len) || !is_text(text, len)) {
		return false;
	}
	if (fits(id, id_len, text, len)) {
		g_hash_table_replace(r->texts, g_strdup(id), g_bytes_new(text, len + 1));
	}
	return true;
}

static bool read_string(struct reading *r, uint64_t ids, uint64_t texts, uint32_t i)
{
	uint32_t id_len, id_at, len, at;
	const char *id, *text;

	return number_at(r, ids + 8ULL * i, &id_len) && number_at(r, ids + 8ULL * i + 4, &id_at) &&
	       number_at(r, texts + 8ULL * i, &len) && number_at(r, texts + 8ULL * i + 4, &at) &&
	       string_at(r, id_at, id_len, &id) && string_at(r, at, len, &text) &&
	       add(r, id, id_len, text, len);
}

static bool read_strings(struct reading *r)
{
	uint32_t count, ids, texts;

	if (!number_at(r, AT_COUNT, &count) || !number_at(r, AT_IDS, &ids) ||
	    !number_at(r, AT_TEXTS, &texts) || count > STRINGS_MAX) {
		return false;
	}
	for (uint32_t i = 0; i < count; i++) {
		if (!read_string(r, ids, texts, i)) {
			return false;
		}
	}
	return true;
}

/* What <PRId64> and the like are here; NULL: not known. */
static const char *directive(const char *name)
{
	static const struct {
		const char *name, *text;
	} rows[] = {{"PRId64", PRId64}, {"PRIi64", PRIi64}, {"PRIu64", PRIu64},
		    {"PRIo64", PRIo64}, {"PRIx64", PRIx64}, {"PRIX64", PRIX64}};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		if (strcmp(rows[i].name, name) == 0) {
			return rows[i].text;
		}
	}
	return NULL;
}

static bool segment(const struct reading *r, uint32_t number, const char **out)
{
	uint32_t count, table, len, at;
	const char *name;

	if (!number_at(r, AT_SEGMENTS, &count) || !number_at(r, AT_SEGMENT_TABLE, &table) ||
	    count > SEGMENTS_MAX || number >= count || !number_at(r, table + 8ULL * number, &len) ||
	    !number_at(r, table + 8ULL * number + 4, &at) || len == 0 ||
	    !string_at(r, at, len - 1, &name)) { // this length counts the NUL
		return false;
	}
	*out = directive(name);
	return true;
}

/* A string in pieces: bytes, a directive, bytes ... known: this system has all directives. */
static bool read_pieces(const struct reading *r, uint64_t at, GString *out, bool *known)
{
	uint32_t bytes, len, number;
	const char *text;

	if (!number_at(r, at, &bytes)) {
		return false;
	}
	for (at += 4;; at += 8) {
		if (!number_at(r, at, &len) || !number_at(r, at + 4, &number) ||
		    (uint64_t)bytes + len > r->len) {
			return false;
		}
		g_string_append_len(out, r->bytes + bytes, len);
		bytes += len;
		if (number == LAST_SEGMENT) {
			return out->len > 0 && out->str[out->len - 1] == '\0';
		}
		if (!segment(r, number, &text) || out->len > r->len) {
			return false;
		}
		*known = *known && text != NULL;
		g_string_append(out, text != NULL ? text : "");
	}
}

static bool read_system_strings(struct reading *r)
{
	uint32_t count, ids, texts, id_at, at;

	if (!number_at(r, AT_SYSTEM, &count) || !number_at(r, AT_SYSTEM_IDS, &ids) ||
	    !number_at(r, AT_SYSTEM_TEXTS, &texts) || count > STRINGS_MAX) {
		return false;
	}
	for (uint32_t i = 0; i < count; i++) {
		g_autoptr(GString) id = g_string_new(NULL), text = g_string_new(NULL);
		bool known = true;

		if (!number_at(r, ids + 4ULL * i, &id_at) || !number_at(r, texts + 4ULL * i, &at) ||
		    !read_pieces(r, id_at, id, &known) || !read_pieces(r, at, text, &known) ||
		    (known && !add(r, id->str, id->len - 1, text->str, text->len - 1))) {
			return false;
		}
	}
	return true;
}

static const char *field(const char *header, const char *name)
{
	const char *at = strstr(header, name);

	return at != NULL ? at + strlen(name) : NULL;
}

/* "nplurals=2; plural=(n != 1);" of the header, which is the text of "". */
static bool read_plural(struct mo *mo)
{
	const char *header = mo_find(mo, NULL, "", 0);
	const char *count = header != NULL ? field(header, "nplurals=") : NULL;
	const char *rule = count != NULL ? field(count, "plural=") : NULL;
	unsigned long form;
	guint64 forms;

	if (rule == NULL) {
		return header == NULL || field(header, "nplurals=") == NULL;
	}
	forms = g_ascii_strtoull(count, NULL, 10);
	mo->plural = g_strndup(rule, strcspn(rule, ";\n"));
	for (unsigned long n = 0; n <= TRIED; n++) {
		if (!mo_plural(mo->plural, n, &form) || form >= forms) {
			return false;
		}
	}
	mo->forms = (unsigned)forms;
	return forms <= FORMS_MAX;
}

static void bytes_unref(void *bytes)
{
	g_bytes_unref(bytes);
}

struct mo *mo_parse(const char *bytes, size_t len)
{
	struct reading r = {.bytes = bytes, .len = len};
	struct mo *mo = g_new0(struct mo, 1);
	uint32_t magic = 0, revision = 0;

	mo->texts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, bytes_unref);
	r.texts = mo->texts;
	if (len <= MO_MAX_SIZE && len >= HEADER && number_at(&r, 0, &magic)) {
		r.swapped = magic != MAGIC;
		(void)number_at(&r, 0, &magic);
		(void)number_at(&r, AT_REVISION, &revision);
		if (magic == MAGIC && revision >> 16 <= 1 && read_strings(&r) &&
		    ((revision & 0xffff) == 0 || len < LONG_HEADER || read_system_strings(&r)) &&
		    read_plural(mo)) {
			return mo;
		}
	}
	mo_free(mo);
	return NULL;
}

void mo_free(struct mo *mo)
{
	if (mo != NULL) {
		g_hash_table_unref(mo->texts);
		g_free(mo->plural);
		g_free(mo);
	}
}

const char *mo_find(const struct mo *mo, const char *context, const char *text, unsigned form)
{
	g_autofree char *key = context != NULL ? g_strdup_printf("%s\004%s", context, text) : NULL;
	GBytes *found = g_hash_table_lookup(mo->texts, key != NULL ? key : text);
	const char *at = found != NULL ? g_bytes_get_data(found, NULL) : NULL;
	const char *end = at != NULL ? at + g_bytes_get_size(found) : NULL;

	for (; at != NULL && form > 0 && at < end; form--) {
		at += strlen(at) + 1;
	}
	return at != NULL && at < end && (*at != '\0' || *text == '\0') ? at : NULL;
}

unsigned mo_form(const struct mo *mo, unsigned long n)
{
	unsigned long form = n != 1;

	if (mo->plural != NULL && (!mo_plural(mo->plural, n, &form) || form >= mo->forms)) {
		form = 0;
	}
	return (unsigned)form;
}
