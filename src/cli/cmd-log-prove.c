/* SPDX-License-Identifier: GPL-3.0-or-later */
/* assent log prove: a tlog-proof file for one entry. */
#include <glib/gi18n.h>
#include <inttypes.h>
#include <string.h>

#include "base/autoptr.h"
#include "base/error.h"
#include "base/file.h"
#include "cli/cmd-log.h"
#include "cli/logfold.h"
#include "core/tlogproof.h"

/* Nothing is proved out of a log that does not hold together. */
static bool refuse(const struct log_report *report, GError **error)
{
	const struct log_problem *first = report->problems->pdata[0];

	return problem(error, EXIT_REFUSED, "not-verified",
		       _("'assent log verify' lists everything that is wrong"),
		       _("the log does not verify: %s: %s"), first->place, first->message);
}

static bool prove(const struct log_report *report, GArray *leaves, uint64_t index, char **text,
		  size_t *len, GError **error)
{
	struct tlog_proof proof = {
		.index = index, .note = report->note, .note_len = report->note_len};
	struct assent_error core;

	if (report->problems->len > 0) {
		return refuse(report, error);
	}
	if (index >= leaves->len) {
		return problem(error, EXIT_REFUSED, "no-entry", NULL,
			       _("the log has no entry %" PRIu64), index);
	}
	if (merkle_prove_inclusion(proof.path, &proof.count, index, leaves->len, log_leaves_read,
				   leaves, &core) != 0 ||
	    tlog_proof_write(text, len, &proof, &core) != 0) {
		return fail_core(error, &core, _("entry %" PRIu64), index);
	}
	return true;
}

/* To the file, when one is named, and to standard output what is left to say. */
static bool give(struct cli *cli, uint64_t index, const char *proof, size_t len, const char *file,
		 GError **error)
{
	g_autofree char *text = g_strndup(proof, len);
	struct json_writer *w;

	if (file != NULL && !file_replace(file, proof, len, 0644, error)) {
		return false;
	}
	if (!out_is_json(cli->out)) {
		out_write(cli->out, proof, file == NULL ? len : 0);
		return true;
	}
	w = out_json_begin(cli->out);
	json_w_int(w, "entry", (int64_t)index);
	if (file != NULL) {
		json_w_bytes(w, "file", file, strlen(file));
	} else {
		json_w_str(w, "proof", text);
	}
	return out_json_end(cli->out, w, error);
}

bool cmd_log_prove(struct cli *cli, int argc, char **argv, GError **error)
{
	g_autofree char *given = NULL, *file = NULL;
	const GOptionEntry options[] = {
		{"key", 0, 0, G_OPTION_ARG_STRING, &given,
		 N_("The log's verifier key, or a file that holds it"), N_("VKEY|FILE")},
		{"output", 'o', 0, G_OPTION_ARG_FILENAME, &file, N_("Write to this file"),
		 N_("FILE")},
		{NULL},
	};
	g_autoptr(log_source_auto) source = NULL;
	g_autoptr(log_fold_auto) fold = NULL;
	g_autoptr(GArray) leaves = NULL;
	autocfree char *text = NULL;
	struct log_report report;
	struct note_key key;
	uint64_t index;
	size_t len;
	bool own, good;

	if (!cli_begin(cli, options, &argc, &argv, error)) {
		return false;
	}
	if (!g_ascii_string_to_unsigned(argv[0], 10, 0, G_MAXINT64, &index, NULL)) {
		return problem(error, EXIT_USAGE, "bad-number", NULL,
			       _("'%s' is not the number of an entry"), argv[0]);
	}
	if (!log_source_open(cli, argc > 1 ? argv[1] : NULL, &source, error) ||
	    !log_source_key(source, given, &key, &own, error)) {
		return false;
	}
	log_report_init(&report);
	fold = log_fold_new(log_source_objects(source), key.name, &report);
	good = log_check(source, &key, log_fold_entry, fold, &leaves, &report, error) &&
	       prove(&report, leaves, index, &text, &len, error);
	log_report_clear(&report);
	return good && give(cli, index, text, len, file, error);
}
