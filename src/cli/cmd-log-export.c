/* SPDX-License-Identifier: GPL-3.0-or-later */
/* assent log export: everything about one plan, for somebody who has nothing of ours. */
#include <glib/gi18n.h>
#include <glib/gstdio.h>
#include <string.h>

#include "base/autoptr.h"
#include "base/error.h"
#include "base/text.h"
#include "cli/bundle.h"
#include "cli/cmd-log.h"
#include "cli/logview.h"

struct search {
	const char *prefix; /* hexadecimal digits */
	GHashTable *found;  /* "sha256:..." */
	struct hash digest;
};

static bool look(uint64_t index, const char *bytes, size_t len, void *user)
{
	struct search *search = user;
	struct entry entry = {0};
	struct record record;
	char text[HASH_TEXT_SIZE];

	(void)index;
	if (entry_parse(&entry, bytes, len, NULL) == 0 && record_read(&record, &entry, NULL) == 0 &&
	    record.type == ENTRY_PLAN) {
		hash_text(text, &record.u.plan.plan);
		if (g_str_has_prefix(text + strlen("sha256:"), search->prefix)) {
			g_hash_table_add(search->found, g_strdup(text));
			search->digest = record.u.plan.plan;
		}
	}
	entry_clear(&entry);
	return true;
}

static bool find_plan(struct log_source *source, const char *id, struct hash *digest,
		      GError **error)
{
	g_autoptr(GHashTable) found = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	struct search search = {.prefix = g_str_has_prefix(id, "sha256:") ? id + 7 : id,
				.found = found};

	if (strlen(search.prefix) < 7 ||
	    strspn(search.prefix, "0123456789abcdef") != strlen(search.prefix)) {
		return problem(error, EXIT_USAGE, "bad-plan",
			       _("'assent log --type plan' lists them"),
			       _("'%s' is not a plan: give at least 7 of its digits"), id);
	}
	if (!log_each(source, 0, UINT64_MAX, look, &search, error)) {
		return false;
	}
	if (g_hash_table_size(found) == 0) {
		return problem(error, EXIT_REFUSED, "unknown-plan",
			       _("'assent log --type plan' lists them"),
			       _("the log has no plan '%s'"), id);
	}
	if (g_hash_table_size(found) > 1) {
		return problem(error, EXIT_REFUSED, "ambiguous", _("give more of its digits"),
			       ngettext("'%s' means %u plan", "'%s' means %u plans",
					g_hash_table_size(found)),
			       id, g_hash_table_size(found));
	}
	*digest = search.digest;
	return true;
}

/* A folder that is new or empty: the bundle must not mix with anything. */
static bool check_folder(const char *folder, GError **error)
{
	g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);

	if (g_file_test(folder, G_FILE_TEST_EXISTS) &&
	    (dir == NULL || g_dir_read_name(dir) != NULL)) {
		return problem(error, EXIT_REFUSED, "exists", _("name a new folder"),
			       _("'%s' exists and is not an empty folder"), folder);
	}
	return true;
}

bool cmd_log_export(struct cli *cli, int argc, char **argv, GError **error)
{
	g_autofree char *given = NULL, *place = NULL, *objects = NULL, *folder = NULL;
	const GOptionEntry options[] = {
		{"log", 0, 0, G_OPTION_ARG_STRING, &place, N_("The log (default: the agent's)"),
		 N_("LOG")},
		{"key", 0, 0, G_OPTION_ARG_STRING, &given,
		 N_("The log's verifier key, or a file that holds it"), N_("VKEY|FILE")},
		{"objects", 0, 0, G_OPTION_ARG_FILENAME, &objects,
		 N_("Folder of plans and approver lists (default: beside the log)"), N_("DIR")},
		{NULL},
	};
	g_autoptr(log_source_auto) source = NULL;
	struct bundle_request request = {0};
	char digest[HASH_TEXT_SIZE];
	g_autofree char *short_id = NULL;

	if (!cli_begin(cli, options, &argc, &argv, error)) {
		return false;
	}
	if (!log_source_open(cli, place, &source, error) ||
	    !find_plan(source, argv[0], &request.plan, error)) {
		return false;
	}
	hash_text(digest, &request.plan);
	short_id = text_short_id(digest);
	folder = argc > 1 ? g_strdup(argv[1]) : g_strdup_printf("plan-%s", short_id);
	request.source = source;
	request.key = given;
	request.objects = objects != NULL ? objects : log_source_objects(source);
	request.folder = folder;
	if (!check_folder(folder, error) || !bundle_write(&request, error)) {
		return false;
	}
	if (out_is_json(cli->out)) {
		struct json_writer *w = out_json_begin(cli->out);

		json_w_str(w, "plan", digest);
		json_w_bytes(w, "folder", folder, strlen(folder));
		return out_json_end(cli->out, w, error);
	}
	out_printf(cli->out, _("Written to %s; check it with %s/verify.sh\n"), folder, folder);
	return true;
}
