/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * Where results go. Results are written to standard output through a struct
 * out, talk goes to standard error; with --json a command writes exactly one
 * JSON document and nothing else.
 *
 *	out_printf(out, _("%s is up to date\n"), safe);
 *	out_page(out);                    -- from here on through a pager, on a terminal
 *
 *	table = table_new(_("STACK"), _("STATE"), NULL);
 *	table_add(table, stack->name, state, NULL);         -- cells are escaped by it
 *	table_print(table, out);
 *
 *	w = out_json_begin(out);
 *	json_w_str(w, "stack", name);
 *	return out_json_end(out, w, error);
 *
 * Whatever comes from a repository, an agent or the user's arguments passes
 * out_safe() or a table cell on its way to the screen.
 */
#include <glib.h>
#include <stdbool.h>
#include <stdio.h>

#include "core/json.h"

enum out_colour { OUT_COLOUR_AUTO, OUT_COLOUR_ALWAYS, OUT_COLOUR_NEVER };
enum out_style {
	STYLE_BOLD,
	STYLE_DIM,
	STYLE_GOOD,
	STYLE_BAD,
	STYLE_WARN,
	STYLE_ADD,
	STYLE_REMOVE,
	STYLE_PLACE
};

struct out;
struct out_options {
	bool json;
	bool pager; /* may page */
	enum out_colour colour;
};

/* Reads NO_COLOR, CLICOLOR_FORCE, TERM, COLUMNS, $ASSENT_PAGER, $PAGER. */
struct out *out_new(const struct out_options *options);
/* Flushes, waits for the pager. False when something could not be written. */
bool out_free(struct out *out);

bool out_is_json(const struct out *out);
void out_printf(struct out *out, const char *format, ...) G_GNUC_PRINTF(2, 3);
#define OUT_FIELD 12 /* columns */
/* A line "  NAME   value": the name in its column, which is OUT_FIELD wide, the value made
 * harmless. A name is translated in the context "field", so that tests/po can look whether it fits.
 */
void out_field(struct out *out, const char *name, const char *format, ...) G_GNUC_PRINTF(3, 4);
void out_write(struct out *out, const char *bytes, size_t len);
/* The same text in a style; without colour just the text. */
void out_styled(struct out *out, enum out_style style, const char *format, ...) G_GNUC_PRINTF(3, 4);
/* Escaped for this terminal; g_free(). flags: enum text_flags, TEXT_ASCII is added as needed. */
char *out_safe(const struct out *out, const char *text);
unsigned out_text_flags(const struct out *out);
/* From here on through the pager, when there is a terminal and the user wants one. */
void out_page(struct out *out);

struct table;
struct table *table_new(const char *header, ...) G_GNUC_NULL_TERMINATED;
/* As many cells as headers; NULL prints "-". Copied. */
void table_add(struct table *table, ...);
/* Only on a terminal, the last column is cut at its right edge. Nothing for an empty table. */
void table_print(const struct table *table, struct out *out);
void table_free(struct table *table);

/* A writer inside the one object of this command; "schema_version" stands first. */
struct json_writer *out_json_begin(struct out *out);
bool out_json_end(struct out *out, struct json_writer *w, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* text as it is; with --json as the member name of the document. */
bool out_text(struct out *out, const char *name, const char *text, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;

/* Prints a failure to standard error: a line and a hint, or {"error":{...}} with json. */
void out_error(bool json, const GError *error);
/* Talk that is not the result: standard error, nothing with --json. */
void out_note(const struct out *out, const char *format, ...) G_GNUC_PRINTF(2, 3);

typedef struct table table_auto;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(table_auto, table_free)
