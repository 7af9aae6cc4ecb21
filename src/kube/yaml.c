/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reads the YAML of manifests: documents, and what the parser itself does not like or tell. */
#include <string.h>

#include "kube/yaml-inside.h"

static const struct advice {
	const char *problem, *advice;
} advices[] = {
	{"found character that cannot start any token",
	 "quote a text that begins with '@', '`' or '%', and indent with blanks, not tabs"},
	{"mapping values are not allowed in this context",
	 "quote a text with ': ' in it, or indent as the lines above"},
	{"block sequence entries are not allowed in this context",
	 "begin a list on a line of its own, and quote a text that begins with '- '"},
	{"did not find expected key", "indent as the lines above, and look for a quote too many"},
	{"did not find expected '-' indicator", "indent as the lines above"},
	{"did not find expected <document start>",
	 "begin a document with '---', and indent what belongs to the lines above"},
	{"could not find expected ':'", "write ': ' behind the key, and indent what goes on"},
	{"found unknown escape character", "write '\\\\' for a backslash, or use single quotes"},
	{"found invalid Unicode character escape code",
	 "write the character itself, or \\U and eight digits"},
	{"found unexpected end of stream", "look for a quote or bracket that is not closed"},
	{"found unexpected document indicator", "look for a quote that is not closed"},
	{"found a tab character that violates indentation", "indent with blanks, not tabs"},
	{"found undefined tag handle", "quote a text that begins with '!'"},
	{"control characters are not allowed", "write it as \\x and two digits, in double quotes"},
};

static const char *find_advice(const char *problem)
{
	for (size_t i = 0; i < G_N_ELEMENTS(advices); i++) {
		if (strcmp(advices[i].problem, problem) == 0) {
			return advices[i].advice;
		}
	}
	return "look at this line and the one above";
}

void kube_yaml_explain(struct kube_yaml *y)
{
	const char *problem = y->parser.problem != NULL ? y->parser.problem : "not readable";
	g_autofree char *message =
		g_strdup_printf("not YAML: %s: %s", problem, find_advice(problem));

	if (y->parser.error == YAML_READER_ERROR) {
		/* The reader is ahead of the marks and knows an offset only. */
		kube_reading_fail_byte(&y->common, y->parser.problem_offset, message);
		return;
	}
	kube_reading_fail(&y->common, kube_yaml_place(y->parser.problem_mark), "%s", message);
}

/* The byte of the character at this index; marks count characters. */
static const char *byte_at(struct kube_yaml *y, size_t index)
{
	const char *text = y->common.source->text;
	size_t len = y->common.source->len;

	if (index < y->seen_index) {
		y->seen_index = y->seen_byte = 0;
	}
	while (y->seen_index < index && y->seen_byte < len) {
		do {
			y->seen_byte++;
		} while (y->seen_byte < len && (text[y->seen_byte] & 0xc0) == 0x80);
		y->seen_index++;
	}
	return text + y->seen_byte;
}

const char *kube_yaml_escape_problem(struct kube_yaml *y)
{
	const char *end, *p;

	if (y->event.data.scalar.style != YAML_DOUBLE_QUOTED_SCALAR_STYLE ||
	    memchr(y->event.data.scalar.value, '/', y->event.data.scalar.length) == NULL) {
		return NULL;
	}
	p = byte_at(y, y->event.start_mark.index);
	end = byte_at(y, y->event.end_mark.index);
	for (; p + 1 < end; p++) {
		if (p[0] == '\\' && p[1] == '/') {
			return "'\\/' is an escape of JSON, not of YAML 1.1: write '/', or name "
			       "the file .json";
		}
		p += *p == '\\';
	}
	return NULL;
}

bool kube_yaml_has_bare_tag(struct kube_yaml *y)
{
	const char *end = y->common.source->text + y->common.source->len;
	const char *p = byte_at(y, y->event.start_mark.index);

	if (p < end && *p == '&') {
		while (p < end && strchr(" \t\r\n", *p) == NULL) {
			p++;
		}
		while (p < end && strchr(" \t\r\n", *p) != NULL) {
			p++;
		}
	}
	return p < end && *p == '!';
}

static void check_separators(struct kube_reading *r)
{
	const char *text = r->source->text, *end = text + r->source->len;
	struct kube_place at = {1, 1};

	for (const char *p = text; p != NULL && p < end; at.line++) {
		if (end - p > 3 && memcmp(p, "---", 3) == 0 && strchr(" \t\r\n", p[3]) == NULL) {
			/* kubectl and others cut a file at each such line, whatever follows. */
			kube_reading_fail(r, at,
					  "a line must not begin with '---' and more: some tools "
					  "begin a document there; indent it");
		}
		p = memchr(p, '\n', (size_t)(end - p));
		p = p != NULL ? p + 1 : NULL;
	}
}

/* Is the byte behind what libyaml takes for the end of a line? */
static bool is_after_break(const char *text, size_t offset)
{
	static const char *const breaks[] = {"\n", "\r", "\xc2\x85", "\xe2\x80\xa8",
					     "\xe2\x80\xa9"};

	for (size_t i = 0; i < G_N_ELEMENTS(breaks); i++) {
		size_t len = strlen(breaks[i]);

		if (offset >= len && memcmp(text + offset - len, breaks[i], len) == 0) {
			return true;
		}
	}
	return false;
}

/* libyaml leaves a byte order mark out at the begin of each line, other readers do not. */
static void check_byte_order_marks(struct kube_reading *r)
{
	const char *text = r->source->text;
	size_t len = r->source->len;

	for (size_t i = 0; i + 3 <= len; i++) {
		if (text[i] == '\xef' && memcmp(text + i, "\xef\xbb\xbf", 3) == 0 &&
		    (i == 0 || is_after_break(text, i))) {
			kube_reading_fail_byte(r, i,
					       "a byte order mark inside of the file: remove it");
			return;
		}
	}
}

static void check_version(struct kube_yaml *y)
{
	const yaml_version_directive_t *version = y->event.data.document_start.version_directive;
	struct kube_place at = kube_yaml_place(y->event.start_mark);

	if (version != NULL && (version->major != 1 || version->minor != 1)) {
		kube_reading_fail(&y->common, at,
				  "Kubernetes reads YAML 1.1: remove the line with '%%YAML'");
	}
}

static void check_root(struct kube_yaml *y, unsigned marker_line)
{
	if (y->event.start_mark.line + 1 == marker_line &&
	    y->event.start_mark.index != y->event.end_mark.index) {
		kube_reading_fail(&y->common, kube_yaml_place(y->event.start_mark),
				  "some tools drop what follows '---': begin it on the next line");
	}
}

static void forget_document(struct kube_yaml *y)
{
	for (guint i = 0; i < y->dropped->len; i++) {
		kube_value_free(y->dropped->pdata[i]);
	}
	g_ptr_array_set_size(y->dropped, 0);
	g_hash_table_remove_all(y->by_name);
	g_ptr_array_set_size(y->anchors, 0);
}

/* At a document's start. False: reading cannot go on. */
static bool read_document(struct kube_yaml *y, GPtrArray *documents)
{
	bool is_explicit = !y->event.data.document_start.implicit;
	unsigned line = (unsigned)y->event.end_mark.line + 1;
	struct kube_value *value;

	check_version(y);
	if (!kube_yaml_next(y)) {
		return false;
	}
	if (is_explicit) {
		check_root(y, line);
	}
	value = kube_yaml_read(y);
	forget_document(y);
	if (value == NULL) {
		return false;
	}
	g_ptr_array_add(documents, value);
	return kube_yaml_next(y);
}

static void read_stream(struct kube_yaml *y, GPtrArray *documents)
{
	if (!kube_yaml_next(y)) {
		return;
	}
	while (kube_yaml_next(y) && y->event.type != YAML_STREAM_END_EVENT) {
		if (!read_document(y, documents)) {
			return;
		}
	}
}

static void read_all(struct kube_yaml *y, GPtrArray *documents)
{
	const struct kube_source *source = y->common.source;

	if (yaml_parser_initialize(&y->parser) != 1) {
		kube_reading_fail_byte(&y->common, 0, "out of memory");
		return;
	}
	y->by_name = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	y->anchors = g_ptr_array_new_with_free_func(g_free);
	y->dropped = g_ptr_array_new();
	yaml_parser_set_encoding(&y->parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&y->parser, (const unsigned char *)source->text, source->len);
	read_stream(y, documents);
	forget_document(y);
	g_hash_table_unref(y->by_name);
	g_ptr_array_unref(y->anchors);
	g_ptr_array_unref(y->dropped);
	yaml_event_delete(&y->event);
	yaml_parser_delete(&y->parser);
}

bool kube_yaml_parse(const struct kube_source *source, GPtrArray *documents,
		     struct diag_list *diags)
{
	struct kube_source plain = *source;
	struct kube_yaml y = {.common = {.source = &plain, .diags = diags}};
	unsigned before = diags->items->len;

	if (!kube_reading_begin(&y.common, &plain)) {
		return false;
	}
	check_separators(&y.common);
	check_byte_order_marks(&y.common);
	read_all(&y, documents);
	return kube_reading_end(&y.common, before);
}
