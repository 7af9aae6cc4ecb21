/* SPDX-License-Identifier: GPL-3.0-or-later */
/* assent log: what happened, one line an entry; assent log show: one entry whole. */
#include "cli/cmd-log.h"

#include <glib/gi18n.h>
#include <inttypes.h>
#include <string.h>

#include "base/autoptr.h"
#include "base/error.h"
#include "base/text.h"
#include "cli/logview.h"
#include "cli/say.h"

const struct command log_commands[] = {
	{"show", cmd_log_show, NEEDS_NOTHING, "N [LOG]", N_("Show one entry of the log"), NULL},
	{"verify", cmd_log_verify, NEEDS_NOTHING, "[LOG]",
	 N_("Check every hash, signature and decision of a log"), NULL},
	{"prove", cmd_log_prove, NEEDS_NOTHING, "N [LOG]",
	 N_("Write a proof that an entry is in the log"), NULL},
	{"export", cmd_log_export, NEEDS_NOTHING, "PLAN [FOLDER]",
	 N_("Write what proves a plan, for a check without Assent"), NULL},
	{NULL},
};

struct listing {
	struct out *out;
	struct table *table; /* NULL with --json */
	struct json_writer *w;
	const char *stack, *type; /* NULL: any */
	int64_t since;
};

static bool is_wanted(const struct listing *l, const struct entry *entry)
{
	return entry->time >= l->since &&
	       (l->stack == NULL || g_strcmp0(entry->stack, l->stack) == 0) &&
	       (l->type == NULL || strcmp(entry_type_names[entry->type], l->type) == 0);
}

static void list_entry(struct listing *l, const struct entry *entry, const struct record *record)
{
	g_autofree char *number = g_strdup_printf("%" PRIu64, entry->seq);
	g_autofree char *time = text_time(entry->time);
	g_autofree char *what = log_describe(record);

	if (l->table != NULL) {
		table_add(l->table, number, time, entry_type_names[entry->type], entry->stack,
			  what);
	} else {
		json_w_value(l->w, NULL, json_doc_value(entry->doc));
	}
}

static bool see(uint64_t index, const char *bytes, size_t len, void *user)
{
	struct listing *l = user;
	struct entry entry = {0};
	struct record record;
	struct assent_error core;

	if (entry_parse(&entry, bytes, len, &core) != 0 ||
	    record_read(&record, &entry, &core) != 0) {
		out_note(l->out, _("entry %" PRIu64 " cannot be read: %s\n"), index, core.text);
	} else if (is_wanted(l, &entry)) {
		list_entry(l, &entry, &record);
	}
	entry_clear(&entry);
	return true;
}

static bool known_type(const char *type, GError **error)
{
	for (int i = 0; entry_type_names[i] != NULL; i++) {
		if (type == NULL || strcmp(type, entry_type_names[i]) == 0) {
			return true;
		}
	}
	return problem(error, EXIT_USAGE, "unknown-type", _("doc/formats.md lists them"),
		       _("unknown type of entry '%s'"), type);
}

static bool list(struct cli *cli, struct listing *l, struct log_source *source, GError **error)
{
	g_autoptr(table_auto) table = NULL;

	if (out_is_json(cli->out)) {
		l->w = out_json_begin(cli->out);
		json_w_array(l->w, "entries");
	} else {
		table = table_new(C_("column", "ENTRY"), C_("column", "TIME"), C_("column", "TYPE"),
				  C_("column", "STACK"), C_("column", "WHAT"), NULL);
		l->table = table;
	}
	if (!log_each(source, 0, UINT64_MAX, see, l, error)) {
		json_writer_free(l->w);
		return false;
	}
	if (l->w != NULL) {
		json_w_end(l->w);
		return out_json_end(cli->out, l->w, error);
	}
	out_page(cli->out);
	table_print(table, cli->out);
	return true;
}

bool cmd_log(struct cli *cli, int argc, char **argv, GError **error)
{
	g_autofree char *stack = NULL, *type = NULL, *since = NULL;
	const GOptionEntry options[] = {
		{"stack", 0, 0, G_OPTION_ARG_STRING, &stack, N_("Only this stack"), N_("STACK")},
		{"type", 0, 0, G_OPTION_ARG_STRING, &type, N_("Only entries of this type"),
		 N_("TYPE")},
		{"since", 0, 0, G_OPTION_ARG_STRING, &since, N_("Only entries since then"),
		 N_("TIME")},
		{NULL},
	};
	g_autoptr(log_source_auto) source = NULL;
	struct listing l = {0};

	if (!cli_begin(cli, options, &argc, &argv, error)) {
		return false;
	}
	l.out = cli->out;
	l.stack = stack;
	l.type = type;
	if (!known_type(type, error) || !say_parse_since(since, &l.since, error) ||
	    !log_source_open(cli, argc > 0 ? argv[0] : NULL, &source, error)) {
		return false;
	}
	return list(cli, &l, source, error);
}

struct showing {
	struct out *out;
	GError **error;
	bool found, good;
};

/* Each member on a line of its own; texts of several lines indented below their name. */
static void show_member(struct out *out, struct json_obj *root, const char *name)
{
	const struct json_value *value = json_any(root, name);
	struct json_writer *w = json_writer_new(0);
	g_auto(GStrv) lines = NULL;
	autocfree char *json = NULL;
	size_t len;

	json_w_value(w, NULL, value);
	if (json_writer_finish(w, &json, &len, NULL) != 0) {
		return;
	}
	out_styled(out, STYLE_BOLD, "%s", name);
	if (json[0] != '"') {
		out_printf(out, ": %s\n", json);
		return;
	}
	lines = g_strsplit(json_str(root, name, ENTRY_MAX_SIZE), "\n", -1);
	out_printf(out, ":%s", lines[0] != NULL && lines[1] != NULL ? "\n" : " ");
	for (unsigned i = 0; lines[i] != NULL; i++) {
		g_autofree char *line = out_safe(out, lines[i]);

		out_printf(out, "%s%s\n", lines[1] != NULL ? "    " : "", line);
	}
}

static bool show(uint64_t index, const char *bytes, size_t len, void *user)
{
	struct showing *s = user;
	struct entry entry = {0};
	struct assent_error core;
	struct json_obj root;

	s->found = true;
	if (entry_parse(&entry, bytes, len, &core) != 0) {
		s->good = fail_core(s->error, &core, _("entry %" PRIu64), index);
		return false;
	}
	if (out_is_json(s->out)) {
		struct json_writer *w = out_json_begin(s->out);

		json_w_value(w, "entry", json_doc_value(entry.doc));
		s->good = out_json_end(s->out, w, s->error);
	} else {
		json_doc_root(entry.doc, &root);
		for (size_t i = 0; i < json_names(&root); i++) {
			show_member(s->out, &root, json_name(&root, i));
		}
		s->good = true;
	}
	entry_clear(&entry);
	return false;
}

bool cmd_log_show(struct cli *cli, int argc, char **argv, GError **error)
{
	const GOptionEntry options[] = {{NULL}};
	g_autoptr(log_source_auto) source = NULL;
	struct showing s = {.error = error};
	uint64_t index;

	if (!cli_begin(cli, options, &argc, &argv, error)) {
		return false;
	}
	if (!g_ascii_string_to_unsigned(argv[0], 10, 0, G_MAXINT64, &index, NULL)) {
		return problem(error, EXIT_USAGE, "bad-number", NULL,
			       _("'%s' is not the number of an entry"), argv[0]);
	}
	s.out = cli->out;
	if (!log_source_open(cli, argc > 1 ? argv[1] : NULL, &source, error) ||
	    !log_each(source, index, index + 1, show, &s, error)) {
		return false;
	}
	if (!s.found) {
		return problem(error, EXIT_REFUSED, "no-entry", NULL,
			       _("the log has no entry %" PRIu64), index);
	}
	return s.good;
}
