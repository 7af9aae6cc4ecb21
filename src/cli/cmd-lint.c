/* SPDX-License-Identifier: GPL-3.0-or-later */
/* assent lint: says what is wrong with a manifest, without an agent and without a host. */
#include <glib/gi18n.h>
#include <string.h>

#include "base/autoptr.h"
#include "cli/command.h"
#include "desired/desired.h"
#include "desired/schema.h"

struct lint {
	char *folder;
	struct desired_env env;
	GArray *labels; /* struct desired_label */
	struct diag_list diags;
	struct desired *desired;
};

static void lint_clear(struct lint *lint)
{
	g_free(lint->folder);
	g_clear_pointer(&lint->labels, g_array_unref);
	diag_list_clear(&lint->diags);
	desired_free(lint->desired);
}
typedef struct lint lint_auto;
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(lint_auto, lint_clear)

static bool print_schema(struct cli *cli, GError **error)
{
	autocfree char *schema = NULL;

	if (!schema_write(&schema, error)) {
		return false;
	}
	out_printf(cli->out, "%s\n", schema);
	return true;
}

/* texts are cut at their '=' and stay the caller's. */
static bool take_labels(struct lint *lint, char **texts, GError **error)
{
	lint->labels = g_array_new(FALSE, FALSE, sizeof(struct desired_label));
	for (guint i = 0; texts != NULL && texts[i] != NULL; i++) {
		char *equals = strchr(texts[i], '=');
		struct desired_label label;

		if (equals == NULL || equals == texts[i]) {
			return problem(error, EXIT_USAGE, "bad-option",
				       _("a label is written NAME=VALUE"), _("'%s' is no label"),
				       texts[i]);
		}
		*equals = '\0';
		label.name = texts[i];
		label.value = equals + 1;
		g_array_append_val(lint->labels, label);
	}
	lint->env.labels = (const struct desired_label *)(void *)lint->labels->data;
	lint->env.n_labels = lint->labels->len;
	return true;
}

static bool take_host(struct lint *lint, const char *agent, char **labels, const char *home,
		      GError **error)
{
	if (agent == NULL && labels != NULL) {
		return problem(error, EXIT_USAGE, "bad-option",
			       _("without both, the manifest is checked for all hosts"),
			       _("--label needs --agent"));
	}
	if (home != NULL && home[0] != '/') {
		return problem(error, EXIT_USAGE, "bad-option", NULL, _("'%s' is no absolute path"),
			       home);
	}
	lint->env.agent = agent != NULL ? agent : "any-host";
	lint->env.stack = "any-stack";
	lint->env.home = home != NULL ? home : g_get_home_dir();
	lint->env.every_host = agent == NULL;
	return take_labels(lint, labels, error);
}

/* The folder that an operand names: itself, or the one that holds the named manifest. */
static char *folder_of(const char *operand)
{
	g_autofree char *base = g_path_get_basename(operand);

	if (strcmp(base, DESIRED_MANIFEST) == 0 && !g_file_test(operand, G_FILE_TEST_IS_DIR)) {
		return g_path_get_dirname(operand);
	}
	return g_strdup(operand);
}

/* Where a diagnostic's file is, as seen from here. */
static char *place_of(const struct lint *lint, const struct diag *d)
{
	return strcmp(lint->folder, ".") == 0 ? g_strdup(d->file)
					      : g_build_filename(lint->folder, d->file, NULL);
}

static bool print_json(struct cli *cli, const struct lint *lint, GError **error)
{
	struct json_writer *w = out_json_begin(cli->out);

	json_w_bool(w, "ok", lint->desired != NULL);
	json_w_array(w, "diagnostics");
	for (guint i = 0; i < lint->diags.items->len; i++) {
		const struct diag *d = lint->diags.items->pdata[i];
		g_autofree char *place = place_of(lint, d);

		json_w_object(w, NULL);
		json_w_bytes(w, "file", place, strlen(place));
		json_w_int(w, "line", d->line);
		json_w_int(w, "column", d->column);
		json_w_str(w, "message", d->message);
		json_w_end(w);
	}
	json_w_end(w);
	json_w_array(w, "warnings");
	for (guint i = 0; lint->desired != NULL && i < lint->desired->warnings->len; i++) {
		json_w_str(w, NULL, lint->desired->warnings->pdata[i]);
	}
	json_w_end(w);
	if (lint->desired != NULL) {
		json_w_int(w, "resources", lint->desired->resources->len);
	}
	return out_json_end(cli->out, w, error);
}

static void print_text(struct cli *cli, const struct lint *lint)
{
	guint count = lint->diags.items->len;

	for (guint i = 0; i < count; i++) {
		const struct diag *d = lint->diags.items->pdata[i];
		g_autofree char *place = place_of(lint, d);
		g_autofree char *safe = out_safe(cli->out, place);
		g_autofree char *message = out_safe(cli->out, d->message);

		out_styled(cli->out, STYLE_PLACE, "%s:%u:%u:", safe, d->line, d->column);
		out_printf(cli->out, " %s\n", message);
	}
	for (guint i = 0; lint->desired != NULL && i < lint->desired->warnings->len; i++) {
		g_autofree char *safe = out_safe(cli->out, lint->desired->warnings->pdata[i]);

		out_printf(cli->out, _("warning: %s\n"), safe);
	}
	if (lint->desired != NULL) {
		count = lint->desired->resources->len;
		out_note(cli->out,
			 ngettext("%u resource, no problem found\n",
				  "%u resources, no problem found\n", count),
			 count);
	} else {
		out_note(cli->out, ngettext("%u problem found\n", "%u problems found\n", count),
			 count);
	}
}

static bool load(struct lint *lint, GError **error)
{
	g_autoptr(GError) own = NULL;
	struct reader *reader = reader_open_folder(lint->folder, &own);
	bool good;

	if (reader == NULL) {
		return problem(error, EXIT_USAGE, "bad-folder",
			       _("name the folder that holds assent.yaml"), "%s", own->message);
	}
	diag_list_init(&lint->diags);
	good = desired_load(reader, "", &lint->env, &lint->desired, &lint->diags, &own);
	reader_free(reader);
	if (!good && own != NULL) {
		g_propagate_error(error, g_steal_pointer(&own));
		return false;
	}
	diag_list_sort(&lint->diags);
	return true;
}

bool cmd_lint(struct cli *cli, int argc, char **argv, GError **error)
{
	g_autofree char *agent = NULL, *home = NULL;
	g_auto(GStrv) labels = NULL;
	gboolean schema = FALSE;
	const GOptionEntry options[] = {
		{"agent", 0, 0, G_OPTION_ARG_STRING, &agent,
		 N_("Check what is meant for this agent, instead of all hosts"), N_("NAME")},
		{"label", 0, 0, G_OPTION_ARG_STRING_ARRAY, &labels, N_("A label of that agent"),
		 N_("NAME=VALUE")},
		{"home", 0, 0, G_OPTION_ARG_FILENAME, &home,
		 N_("What ~ means; default: your home folder"), N_("DIR")},
		{"schema", 0, 0, G_OPTION_ARG_NONE, &schema,
		 N_("Print the manifest's JSON Schema and do nothing else"), NULL},
		{NULL}};
	g_auto(lint_auto) lint = {0};

	if (!cli_begin(cli, options, &argc, &argv, error)) {
		return false;
	}
	if (schema) {
		return print_schema(cli, error);
	}
	lint.folder = folder_of(argc > 0 ? argv[0] : ".");
	if (!take_host(&lint, agent, labels, home, error) || !load(&lint, error)) {
		return false;
	}
	cli->status = lint.desired != NULL ? EXIT_DONE : EXIT_REFUSED;
	if (out_is_json(cli->out)) {
		return print_json(cli, &lint, error);
	}
	print_text(cli, &lint);
	return true;
}
