/* SPDX-License-Identifier: GPL-3.0-or-later */
/* assent config: judge the agent's configuration, or print what helps to write one. */
#include <glib/gi18n.h>
#include <string.h>

#include "base/autoptr.h"
#include "base/conf.h"
#include "cli/command.h"

const struct command config_commands[] = {
	{"check", cmd_config_check, NEEDS_CONFIG, "",
	 N_("Tell everything that is wrong with the configuration"), NULL},
	{"sample", cmd_config_sample, NEEDS_NOTHING, "",
	 N_("Print a commented configuration with every key"), NULL},
	{"schema", cmd_config_schema, NEEDS_NOTHING, "",
	 N_("Print the JSON Schema of the configuration, for editors"), NULL},
	{NULL},
};

static bool check_json(struct cli *cli, const struct diag_list *diags, GError **error)
{
	struct json_writer *w = out_json_begin(cli->out);

	json_w_str(w, "config", cli->config_file);
	json_w_bool(w, "ok", diags->items->len == 0);
	json_w_array(w, "problems");
	for (guint i = 0; i < diags->items->len; i++) {
		const struct diag *d = diags->items->pdata[i];
		g_autofree char *message = g_utf8_make_valid(d->message, -1);

		json_w_object(w, NULL);
		json_w_str(w, "file", d->file);
		json_w_int(w, "line", d->line);
		json_w_int(w, "column", d->column);
		json_w_str(w, "message", message);
		json_w_end(w);
	}
	json_w_end(w);
	return out_json_end(cli->out, w, error);
}

static void check_text(struct cli *cli, const struct diag_list *diags)
{
	g_autofree char *file = out_safe(cli->out, cli->config_file);

	for (guint i = 0; i < diags->items->len; i++) {
		const struct diag *d = diags->items->pdata[i];
		g_autofree char *where = out_safe(cli->out, d->file);
		g_autofree char *message = out_safe(cli->out, d->message);

		out_styled(cli->out, STYLE_BOLD, "%s:%u:%u:", where, d->line, d->column);
		out_printf(cli->out, " %s\n", message);
	}
	if (diags->items->len == 0) {
		out_printf(cli->out, _("%s is good\n"), file);
	}
}

bool cmd_config_check(struct cli *cli, int argc, char **argv, GError **error)
{
	g_autoptr(conf_auto) conf = NULL;
	g_autoptr(GError) unreadable = NULL;
	struct diag_list diags;
	bool ok = true;

	if (!cli_begin(cli, NULL, &argc, &argv, error)) {
		return false;
	}
	diag_list_init(&diags);
	conf = conf_load(cli->config_file, &diags, &unreadable);
	if (unreadable != NULL) {
		g_propagate_error(error, g_steal_pointer(&unreadable));
		diag_list_clear(&diags);
		return false;
	}
	diag_list_sort(&diags);
	cli->status = diags.items->len == 0 ? EXIT_DONE : EXIT_REFUSED;
	if (out_is_json(cli->out)) {
		ok = check_json(cli, &diags, error);
	} else {
		check_text(cli, &diags);
	}
	diag_list_clear(&diags);
	return ok;
}

bool cmd_config_sample(struct cli *cli, int argc, char **argv, GError **error)
{
	g_autofree char *text = NULL;

	if (!cli_begin(cli, NULL, &argc, &argv, error)) {
		return false;
	}
	text = conf_sample(conf_is_agent_name(g_get_host_name()) ? g_get_host_name() : "agent");
	return out_text(cli->out, "sample", text, error);
}

bool cmd_config_schema(struct cli *cli, int argc, char **argv, GError **error)
{
	g_autofree char *text = NULL;

	if (!cli_begin(cli, NULL, &argc, &argv, error)) {
		return false;
	}
	text = conf_schema_json();
	out_printf(cli->out, "%s", text);
	return true;
}
