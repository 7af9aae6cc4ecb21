/* SPDX-License-Identifier: GPL-3.0-or-later */
/* assent log verify: recompute a log and say where it fails. */
#include <glib/gi18n.h>
#include <inttypes.h>

#include "base/autoptr.h"
#include "cli/cmd-log.h"
#include "cli/logfold.h"

static void print_list(struct out *out, const GPtrArray *list, enum out_style style)
{
	for (unsigned i = 0; i < list->len; i++) {
		const struct log_problem *p = list->pdata[i];
		g_autofree char *message = out_safe(out, p->message);
		g_autofree char *where = out_safe(out, p->place); // may be any file's name

		out_styled(out, style, "%s", where);
		out_printf(out, ": %s\n", message);
	}
}

static void print_text(struct out *out, const struct log_report *report, const char *place,
		       bool own)
{
	char root[HASH_TEXT_SIZE];

	print_list(out, report->problems, STYLE_BAD);
	print_list(out, report->notes, STYLE_WARN);
	if (own) {
		out_printf(out, "%s\n",
			   _("The key was taken from the log itself. Give the one you got from the "
			     "agent's owner with --key: only then a forged log cannot pass."));
	}
	if (report->problems->len > 0) {
		out_styled(out, STYLE_BAD,
			   ngettext("%u problem", "%u problems", report->problems->len),
			   report->problems->len);
		out_printf(out, " (%s)\n", place);
		return;
	}
	hash_text(root, &report->checkpoint.root);
	out_styled(out, STYLE_GOOD, "%s", _("verified"));
	out_printf(out, ": ");
	/* TRANSLATORS: after "verified:": the log's name, how many entries it has, its root hash */
	out_printf(out,
		   ngettext("%s, %" PRIu64 " entry, root %s\n",
			    "%s, %" PRIu64 " entries, root %s\n", (gulong)report->checkpoint.size),
		   report->checkpoint.origin, report->checkpoint.size, root);
}

static void write_list(struct json_writer *w, const char *name, const GPtrArray *list)
{
	json_w_array(w, name);
	for (unsigned i = 0; i < list->len; i++) {
		const struct log_problem *p = list->pdata[i];
		g_autofree char *message = g_utf8_make_valid(p->message, -1);
		g_autofree char *where = g_utf8_make_valid(p->place, -1);

		json_w_object(w, NULL);
		json_w_str(w, "place", where);
		json_w_str(w, "message", message);
		json_w_end(w);
	}
	json_w_end(w);
}

static bool print_json(struct out *out, const struct log_report *report, bool own, GError **error)
{
	struct json_writer *w = out_json_begin(out);
	char root[HASH_TEXT_SIZE];

	hash_text(root, &report->checkpoint.root);
	json_w_bool(w, "verified", report->problems->len == 0);
	json_w_str(w, "origin", report->checkpoint.origin);
	json_w_int(w, "size", (int64_t)report->checkpoint.size);
	json_w_str(w, "root", root);
	json_w_bool(w, "key_from_log", own);
	write_list(w, "problems", report->problems);
	write_list(w, "notes", report->notes);
	return out_json_end(out, w, error);
}

static bool run(struct cli *cli, const char *place, const char *given, const char *objects,
		struct log_report *report, GError **error)
{
	g_autoptr(log_source_auto) source = NULL;
	g_autoptr(log_fold_auto) fold = NULL;
	struct note_key key;
	bool own;

	if (!log_source_open(cli, place, &source, error) ||
	    !log_source_key(source, given, &key, &own, error)) {
		return false;
	}
	if (objects == NULL) {
		objects = log_source_objects(source);
	}
	fold = log_fold_new(objects, key.name, report);
	if (!log_check(source, &key, log_fold_entry, fold, NULL, report, error)) {
		return false;
	}
	cli->status = report->problems->len > 0 ? EXIT_REFUSED : EXIT_DONE;
	if (out_is_json(cli->out)) {
		return print_json(cli->out, report, own, error);
	}
	print_text(cli->out, report, log_source_place(source), own);
	return true;
}

bool cmd_log_verify(struct cli *cli, int argc, char **argv, GError **error)
{
	g_autofree char *given = NULL, *objects = NULL;
	const GOptionEntry options[] = {
		{"key", 0, 0, G_OPTION_ARG_STRING, &given,
		 N_("The log's verifier key, or a file that holds it"), N_("VKEY|FILE")},
		{"objects", 0, 0, G_OPTION_ARG_FILENAME, &objects,
		 N_("Folder of plans and approver lists (default: beside the log)"), N_("DIR")},
		{NULL},
	};
	struct log_report report;
	bool good;

	if (!cli_begin(cli, options, &argc, &argv, error)) {
		return false;
	}
	log_report_init(&report);
	good = run(cli, argc > 0 ? argv[0] : NULL, given, objects, &report, error);
	log_report_clear(&report);
	return good;
}
