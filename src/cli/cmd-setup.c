/* SPDX-License-Identifier: GPL-3.0-or-later */
/* assent setup: has the agent started by the system, and says what it did for that. */
#include <glib/gi18n.h>
#include <string.h>
#include <unistd.h>

#include "base/autoptr.h"
#include "base/conf.h"
#include "base/paths.h"
#include "cli/api.h"
#include "cli/command.h"
#include "cli/manager.h"
#include "cli/setup.h"

static const struct {
	const char *name; /* stable, for JSON */
	const char *did, *already, *would;
} sentences[] = {
	[SETUP_RELOAD] = {"reload", N_("the manager has read its units again"), N_("is known"),
			  N_("the manager would read its units again")},
	[SETUP_USER] = {"user", N_("this user was made"), N_("there is this user already"),
			N_("this user would be made")},
	[SETUP_FOLDER] = {"folder", N_("can be read by the agent now"),
			  N_("can be read by the agent already"),
			  N_("would be made readable for the agent")},
	[SETUP_ENABLE] = {"enable", N_("starts by itself from now on"),
			  N_("starts by itself already"), N_("would start by itself from now on")},
	[SETUP_START] = {"start", N_("was started"), N_("runs already"), N_("would be started")},
	[SETUP_LINGER] = {"linger", N_("the agent runs without a session from now on"),
			  N_("the agent runs without a session already"),
			  N_("the agent would run without a session")},
	[SETUP_WRITE] = {"write", N_("was written"), N_("is there already"),
			 N_("would be written")},
	[SETUP_STOP] = {"stop", N_("was stopped"), N_("does not run"), N_("would be stopped")},
	[SETUP_DISABLE] = {"disable", N_("no longer starts by itself"),
			   N_("does not start by itself"), N_("would no longer start by itself")},
	[SETUP_UNLINGER] = {"unlinger", N_("the agent ends with the last session from now on"),
			    N_("the agent ends with the last session already"),
			    N_("the agent would end with the last session")},
	[SETUP_REMOVE] = {"remove", N_("was removed"), N_("is not there"), N_("would be removed")},
	[SETUP_KEEP] = {"keep", NULL, N_("is another than ours and stays"), NULL},
};

bool setup_is_needed(struct setup *s, enum setup_step step, const char *subject, bool needed)
{
	struct setup_done done = {step, needed, g_strdup(subject)};

	g_array_append_val(s->done, done);
	s->changes += needed;
	return needed && !s->dry_run;
}

static void done_clear(void *data)
{
	struct setup_done *done = data;

	g_free(done->subject);
}

static const char *result_name(const struct setup *s, const struct setup_done *done)
{
	return !done->needed ? "already" : s->dry_run ? "would" : "done";
}

static void report(struct cli *cli, const struct setup *s)
{
	for (guint i = 0; i < s->done->len; i++) {
		const struct setup_done *done = &g_array_index(s->done, struct setup_done, i);
		g_autofree char *subject = out_safe(cli->out, done->subject);
		const char *text = !done->needed ? sentences[done->step].already
				   : s->dry_run	 ? sentences[done->step].would
						 : sentences[done->step].did;

		out_styled(cli->out, done->needed ? STYLE_BOLD : STYLE_DIM, "%s", subject);
		out_printf(cli->out, ": %s\n", _(text));
	}
	for (guint i = 0; i < s->notes->len; i++) {
		out_note(cli->out, "%s\n", (const char *)s->notes->pdata[i]);
	}
}

static bool report_json(struct cli *cli, const struct setup *s, GError **error)
{
	struct json_writer *w = out_json_begin(cli->out);

	json_w_bool(w, "dry_run", s->dry_run);
	json_w_array(w, "steps");
	for (guint i = 0; i < s->done->len; i++) {
		const struct setup_done *done = &g_array_index(s->done, struct setup_done, i);

		json_w_object(w, NULL);
		json_w_str(w, "step", sentences[done->step].name);
		json_w_str(w, "subject", done->subject);
		json_w_str(w, "result", result_name(s, done));
		json_w_end(w);
	}
	json_w_end(w);
	return out_json_end(cli->out, w, error);
}

/* The unit starts the agent with the usual configuration, and it must be one to start with. */
static bool check_config(const struct cli *cli, const struct setup *s, GError **error)
{
	g_autofree char *usual =
		s->system
			? g_build_filename(SYSCONFDIR, "assent", "assentd.yaml", NULL)
			: g_build_filename(g_get_user_config_dir(), "assent", "assentd.yaml", NULL);
	g_autofree char *named = g_canonicalize_filename(cli->config_file, NULL);
	g_autoptr(conf_auto) conf = NULL;
	struct diag_list diags;
	guint count;

	if (!g_file_test(named, G_FILE_TEST_EXISTS)) {
		return problem(error, EXIT_REFUSED, "no-config",
			       _("'assent init' writes one; then say 'assent setup' again"),
			       _("there is no configuration '%s'"), named);
	}
	if (strcmp(usual, named) != 0) {
		return problem(error, EXIT_REFUSED, "other-config",
			       _("put it there, or give the unit a drop-in with "
				 "'Environment=ASSENT_CONFIG=FILE' and enable it by systemctl"),
			       _("the agent that setup starts reads '%s', not '%s'"), usual, named);
	}
	diag_list_init(&diags);
	conf = conf_load(named, &diags, error);
	count = diags.items->len;
	diag_list_clear(&diags);
	if (conf == NULL && count > 0) {
		return problem(error, EXIT_REFUSED, "config", _("'assent config check' lists them"),
			       ngettext("'%s' has %u mistake", "'%s' has %u mistakes", count),
			       named, count);
	}
	return conf != NULL;
}

static bool check_caller(const struct setup *s, GError **error)
{
	bool root = geteuid() == 0;

	if (s->system && !root) {
		return problem(error, EXIT_REFUSED, "not-root", _("sudo assent setup --system"),
			       _("only root can set up the agent of the machine"));
	}
	if (!s->system && root) {
		return problem(error, EXIT_USAGE, "root",
			       _("'assent setup --system' sets up the agent of the machine"),
			       _("root has no agent of its own"));
	}
	if (s->system && s->linger) {
		return problem(error, EXIT_USAGE, "linger", NULL,
			       _("the agent of the machine needs no session: leave --linger out"));
	}
	if (s->system && !manager_is_booted()) {
		return problem(error, EXIT_REFUSED, "no-systemd",
			       _("have your init run 'assentd' in the foreground, as a user of its "
				 "own"),
			       _("this machine was not started by systemd"));
	}
	return true;
}

bool cmd_setup(struct cli *cli, int argc, char **argv, GError **error)
{
	gboolean system = FALSE, linger = FALSE, dry_run = FALSE, undo = FALSE;
	const GOptionEntry options[] = {{"system", 0, 0, G_OPTION_ARG_NONE, &system,
					 N_("The agent of the machine instead of yours, as root"),
					 NULL},
					{"linger", 0, 0, G_OPTION_ARG_NONE, &linger,
					 N_("Let the agent run without a session, too"), NULL},
					{"dry-run", 0, 0, G_OPTION_ARG_NONE, &dry_run,
					 N_("Say what would be done, and do nothing"), NULL},
					{"undo", 0, 0, G_OPTION_ARG_NONE, &undo,
					 N_("Stop the agent and have it started no more"), NULL},
					{NULL}};
	struct setup s = {.cli = cli,
			  .done = g_array_new(FALSE, FALSE, sizeof(struct setup_done)),
			  .notes = g_ptr_array_new_with_free_func(g_free)};
	bool ok;

	g_array_set_clear_func(s.done, done_clear);
	ok = cli_begin(cli, options, &argc, &argv, error);
	s.system = system;
	s.linger = linger;
	s.dry_run = dry_run;
	ok = ok && check_caller(&s, error) && (undo || check_config(cli, &s, error));
	if (ok) {
		ok = undo ? setup_undo(&s, error) : setup_do(&s, error);
	}
	if (s.done->len > 0 && (ok || !out_is_json(cli->out))) {
		if (out_is_json(cli->out)) {
			ok = report_json(cli, &s, error);
		} else {
			report(cli, &s); // what was done before a failure, too
		}
	}
	cli->status = s.dry_run && s.changes > 0 ? EXIT_REFUSED : EXIT_DONE;
	g_array_unref(s.done);
	g_ptr_array_unref(s.notes);
	return ok;
}
