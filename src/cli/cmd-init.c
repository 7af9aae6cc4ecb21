/* SPDX-License-Identifier: GPL-3.0-or-later */
/* assent init: everything that an agent needs before its first start. */
#include <glib/gi18n.h>
#include <string.h>
#include <unistd.h>

#include "base/autoptr.h"
#include "base/conf.h"
#include "base/error.h"
#include "base/file.h"
#include "base/proc.h"
#include "base/trust.h"
#include "cli/command.h"
#include "cli/place.h"
#include "cli/sign.h"
#include "core/sshsig.h"

#define MAX_KEY 4096
#define INIT_TIMEOUT 60

struct setup {
	char *agent; /* its name */
	char *signers, *trust, *state;
	char *plan_key;		/* "ssh-ed25519 ..." */
	char *own_key;		/* file of the user's public key that was listed; NULL: none */
	GPtrArray *made, *kept; /* paths; owned */
};

static void setup_clear(struct setup *s)
{
	g_free(s->agent);
	g_free(s->signers);
	g_free(s->trust);
	g_free(s->state);
	g_free(s->plan_key);
	g_free(s->own_key);
	g_ptr_array_unref(s->made);
	g_ptr_array_unref(s->kept);
}

/* What is there is the user's and stays as it is. */
static bool keep_or_write(struct setup *s, const char *path, const char *text, GError **error)
{
	if (g_file_test(path, G_FILE_TEST_EXISTS)) {
		g_ptr_array_add(s->kept, g_strdup(path));
		return true;
	}
	if (!file_replace(path, text, strlen(text), 0600, error)) {
		return false;
	}
	g_ptr_array_add(s->made, g_strdup(path));
	return true;
}

static bool choose_agent(const char *config_file, char *wanted, struct setup *s, GError **error)
{
	g_autofree char *configured = place_value(config_file, "agent");

	if (configured != NULL && wanted != NULL && strcmp(configured, wanted) != 0) {
		return problem(error, EXIT_REFUSED, "agent-named",
			       _("an agent keeps its name for ever: its log is signed with it"),
			       _("'%s' names the agent '%s' already"), config_file, configured);
	}
	if (configured != NULL) {
		s->agent = g_steal_pointer(&configured);
	} else {
		s->agent = g_strdup(wanted != NULL ? wanted : g_get_host_name());
	}
	if (!conf_is_agent_name(s->agent)) {
		return problem(error, EXIT_USAGE, "bad-name",
			       _("--agent NAME gives one, like web1.example.org"),
			       _("'%s' cannot be an agent's name"), s->agent);
	}
	return true;
}

/* The user's own public key, when it is one that may approve. */
static char *own_key_line(struct setup *s)
{
	static const char *const names[] = {"id_ed25519.pub", "id_ed25519_sk.pub"};
	const char *user = conf_is_name(g_get_user_name()) ? g_get_user_name() : "me";

	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autofree char *file = g_build_filename(g_get_home_dir(), ".ssh", names[i], NULL);
		autocfree char *line = NULL;
		struct ssh_key key;

		if (sign_read_public(file, &key, NULL) && ssh_key_line(&line, &key, NULL) == 0) {
			s->own_key = g_steal_pointer(&file);
			return g_strdup_printf("%s namespaces=\"" SSHSIG_NS_APPROVAL "\" %s\n",
					       user, line);
		}
	}
	return NULL;
}

static bool write_signers(struct setup *s, GError **error)
{
	g_autofree char *line = own_key_line(s);
	g_autofree char *text = g_strdup_printf(
		"# Who may approve, one key per line: NAME namespaces=\"%s\" TYPE KEY\n"
		"# TYPE is ssh-ed25519 or sk-ssh-ed25519@openssh.com. See ssh-keygen(1), ALLOWED "
		"SIGNERS.\n%s",
		SSHSIG_NS_APPROVAL, line != NULL ? line : "");

	return keep_or_write(s, s->signers, text, error);
}

/* Keys are made by the program that keeps them. */
static bool make_keys(const struct cli *cli, GError **error)
{
	const char *const argv[] = {"assentd", "--init", "--config", cli->config_file, NULL};
	struct proc_spec spec = {.argv = argv, .timeout = INIT_TIMEOUT, .keep_env = true};
	struct proc_result result = {0};
	bool ok = proc_run(&spec, &result, error);

	if (ok && result.status != 0) {
		ok = problem(error, EXIT_REFUSED, "keys",
			     _("'assent config check' tells what is wrong with the configuration"),
			     _("assentd could not make the keys:\n%s"),
			     g_strchomp(result.err->str));
	}
	proc_result_clear(&result);
	return ok;
}

static bool read_plan_key(struct setup *s, GError **error)
{
	g_autofree char *path = g_build_filename(s->state, "keys", "plan.pub", NULL);
	g_autofree char *text = NULL;
	autocfree char *line = NULL;
	struct assent_error core;
	struct ssh_key key;
	size_t len;

	if (!file_read(path, MAX_KEY, &text, &len, error)) {
		return false;
	}
	g_strchomp(text);
	if (ssh_key_parse_line(&key, text, &core) != 0 || ssh_key_line(&line, &key, &core) != 0) {
		return fail_core(error, &core, "'%s'", path);
	}
	s->plan_key = g_strdup(line);
	return true;
}

static bool write_all(struct cli *cli, struct setup *s, GError **error)
{
	g_autofree char *folder = g_path_get_dirname(cli->config_file);
	g_autofree char *above = g_path_get_dirname(folder);
	g_autofree char *sample = conf_sample(s->agent), *trust = NULL;

	/* Root's lies where others have theirs, too: /usr/local/etc must not become root's alone.
	 */
	if (!file_mkdirs(above, geteuid() == 0 ? 0755 : 0700, error) ||
	    !file_mkdirs(folder, 0700, error) ||
	    !keep_or_write(s, cli->config_file, sample, error)) {
		return false;
	}
	s->signers = place_signers(cli->config_file);
	s->trust = place_trust(cli->config_file);
	s->state = place_state(cli->config_file);
	if (!write_signers(s, error) || !make_keys(cli, error) || !read_plan_key(s, error)) {
		return false;
	}
	trust = trust_text(s->agent, s->plan_key, s->signers, 1);
	return keep_or_write(s, s->trust, trust, error);
}

static void list_json(struct json_writer *w, const char *name, const GPtrArray *paths)
{
	json_w_array(w, name);
	for (guint i = 0; i < paths->len; i++) {
		json_w_str(w, NULL, paths->pdata[i]);
	}
	json_w_end(w);
}

static bool report_json(struct cli *cli, const struct setup *s, GError **error)
{
	struct json_writer *w = out_json_begin(cli->out);

	json_w_str(w, "agent", s->agent);
	json_w_str(w, "config", cli->config_file);
	json_w_str(w, "plan_key", s->plan_key);
	json_w_str(w, "state", s->state);
	list_json(w, "made", s->made);
	list_json(w, "kept", s->kept);
	return out_json_end(cli->out, w, error);
}

static void report_paths(struct cli *cli, const char *what, const GPtrArray *paths)
{
	for (guint i = 0; i < paths->len; i++) {
		g_autofree char *path = out_safe(cli->out, paths->pdata[i]);

		out_printf(cli->out, "%s %s\n", what, path);
	}
}

static void report(struct cli *cli, const struct setup *s)
{
	g_autofree char *config = out_safe(cli->out, cli->config_file);
	g_autofree char *signers = out_safe(cli->out, s->signers);

	report_paths(cli, _("wrote"), s->made);
	report_paths(cli, _("kept"), s->kept);
	out_printf(cli->out, _("agent '%s' signs its plans with\n  %s\n"), s->agent, s->plan_key);
	if (s->own_key == NULL) {
		out_printf(cli->out,
			   _("You have no Ed25519 key in ~/.ssh. Make one with 'ssh-keygen -t "
			     "ed25519'\nand add it to %s; the line's form stands there.\n"),
			   signers);
	}
	out_printf(cli->out,
		   _("Next: write your people and your first stack into %s,\n"
		     "look at it with 'assent config check', then start the agent with '%s'.\n"),
		   config, geteuid() == 0 ? "assent setup --system" : "assent setup");
}

bool cmd_init(struct cli *cli, int argc, char **argv, GError **error)
{
	g_autofree char *agent = NULL;
	const GOptionEntry options[] = {{"agent", 0, 0, G_OPTION_ARG_STRING, &agent,
					 N_("The agent's name, else the host's"), N_("NAME")},
					{NULL}};
	struct setup s = {.made = g_ptr_array_new_with_free_func(g_free),
			  .kept = g_ptr_array_new_with_free_func(g_free)};
	bool ok = cli_begin(cli, options, &argc, &argv, error) &&
		  choose_agent(cli->config_file, agent, &s, error) && write_all(cli, &s, error);

	if (ok && out_is_json(cli->out)) {
		ok = report_json(cli, &s, error);
	} else if (ok) {
		report(cli, &s);
	}
	setup_clear(&s);
	return ok;
}
