/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Finds a command's row, parses its options, satisfies its needs, runs it. */
#include "cli/command.h"

#include <errno.h>
#include <glib/gi18n.h>
#include <glib/gstdio.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/paths.h"
#include "cli/place.h"

/* Levenshtein distance, words of a few letters. */
static unsigned distance(const char *a, const char *b)
{
	size_t la = strlen(a), lb = strlen(b);
	g_autofree unsigned *row = g_new(unsigned, lb + 1);

	for (size_t j = 0; j <= lb; j++) {
		row[j] = (unsigned)j;
	}
	for (size_t i = 1; i <= la; i++) {
		unsigned diagonal = row[0];

		row[0] = (unsigned)i;
		for (size_t j = 1; j <= lb; j++) {
			unsigned cost = diagonal + (a[i - 1] != b[j - 1]);

			diagonal = row[j];
			row[j] = MIN(cost, MIN(row[j], row[j - 1]) + 1);
		}
	}
	return row[lb];
}

static const char *nearest(const struct command *table, const char *word)
{
	const char *best = NULL;
	unsigned best_distance = 3; /* farther is no typing error */

	if (strlen(word) > 40) {
		return NULL;
	}
	for (const struct command *c = table; c->name != NULL; c++) {
		unsigned d = distance(c->name, word);

		if ((c->needs & IS_HIDDEN) == 0 && d < best_distance && d < strlen(word)) {
			best = c->name;
			best_distance = d;
		}
	}
	return best;
}

static bool unknown_command(const struct command *table, const char *path, const char *word,
			    GError **error)
{
	const char *near = nearest(table, word);
	const char *gap = path[0] != '\0' ? " " : "";
	g_autofree char *hint = NULL;

	if (near != NULL) {
		/* TRANSLATORS: the %s are the words of a command */
		hint = g_strdup_printf(_("did you mean 'assent %s%s%s'?"), path, gap, near);
	} else {
		/* TRANSLATORS: the %s are a group of commands and a blank, or nothing */
		hint = g_strdup_printf(_("'assent %s%s--help' lists the commands"), path, gap);
	}
	/* TRANSLATORS: the %s are the words of a command */
	return problem(error, EXIT_USAGE, "unknown-command", hint, _("unknown command '%s%s%s'"),
		       path, gap, word);
}

static const struct command *find_row(const struct command *table, const char *name)
{
	for (const struct command *c = table; c->name != NULL; c++) {
		if (strcmp(c->name, name) == 0) {
			return c;
		}
	}
	return NULL;
}

const struct command *command_find(const struct command *table, int argc, char **argv, int *used,
				   GString *path, GError **error)
{
	const struct command *found = NULL;

	*used = 0;
	while (table != NULL && *used < argc && argv[*used][0] != '-') {
		const struct command *next = find_row(table, argv[*used]);

		if (next == NULL && found != NULL && found->run != NULL) {
			return found; /* a group that runs by itself, with an operand */
		}
		if (next == NULL) {
			(void)unknown_command(table, path->str, argv[*used], error);
			return NULL;
		}
		found = next;
		g_string_append_printf(path, "%s%s", path->len > 0 ? " " : "", found->name);
		table = found->members;
		(*used)++;
	}
	return found;
}

void command_operands(const char *args, int *least, int *most)
{
	g_auto(GStrv) words = g_strsplit(args, " ", -1);

	*least = *most = 0;
	for (size_t i = 0; words[i] != NULL; i++) {
		if (words[i][0] == '\0') {
			continue;
		}
		*least += words[i][0] != '[';
		if (*most >= 0) {
			*most += 1;
		}
		if (strstr(words[i], "...") != NULL) {
			*most = -1;
		}
	}
}

static void print_members(const struct command *table)
{
	int width = 0;

	for (const struct command *c = table; c->name != NULL; c++) {
		width = MAX(width, (int)strlen(c->name));
	}
	for (const struct command *c = table; c->name != NULL; c++) {
		if ((c->needs & IS_HIDDEN) == 0) {
			(void)printf("  %-*s  %s\n", width, c->name, _(c->summary));
		}
	}
}

/* The list of commands, of all or of a group that does nothing by itself. */
static void print_list(const char *path, const struct command *table)
{
	/* TRANSLATORS: the %s are a group of commands and a blank, or nothing */
	(void)printf(_("Usage:\n  assent %s%sCOMMAND [OPTION…] [ARGUMENT…]\n\n"), path,
		     path[0] != '\0' ? " " : "");
	if (path[0] == '\0') {
		(void)printf("%s\n\n", _("Looks at, approves and steers what assentd deploys."));
	}
	(void)printf("%s\n", _("Commands:"));
	print_members(table);
	/* TRANSLATORS: the %s are a group of commands and a blank, or nothing. At most 90 columns.
	 */
	(void)printf(_("\n'assent %s%sCOMMAND --help' tells more of one. "
		       "Exit codes: 0 done or no difference, 1 difference or\n"
		       "refused, 2 usage, 3 agent not reachable.\n"),
		     path, path[0] != '\0' ? " " : "");
}

static void print_help(const struct cli *cli, GOptionContext *context)
{
	g_autofree char *help = g_option_context_get_help(context, FALSE, NULL);

	(void)fputs(help, stdout);
	if (cli->command->members != NULL) {
		(void)printf("%s\n", _("Commands:"));
		print_members(cli->command->members);
		(void)putchar('\n');
	}
}

static bool parse_colour(const char *text, enum out_colour *colour, GError **error)
{
	static const char *const names[] = {"auto", "always", "never"};

	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		if (text == NULL || strcmp(text, names[i]) == 0) {
			*colour = (enum out_colour)i;
			return true;
		}
	}
	return problem(error, EXIT_USAGE, "bad-option", NULL,
		       _("'%s' is no colour mode: say auto, always or never"), text);
}

static bool check_operands(const struct cli *cli, int argc, char **argv, GError **error)
{
	int least, most;
	g_autofree char *hint =
		g_strdup_printf(_("usage: assent %s [OPTION…] %s"), cli->path, cli->command->args);

	g_strchomp(hint);
	command_operands(cli->command->args, &least, &most);
	if (argc < least) {
		return problem(error, EXIT_USAGE, "missing-operand", hint,
			       _("'assent %s' needs an argument"), cli->path);
	}
	if (most >= 0 && argc > most) {
		return problem(error, EXIT_USAGE, "extra-operand", hint,
			       _("'assent %s' does not understand '%s'"), cli->path, argv[most]);
	}
	return true;
}

/* Without the file that was named, defaults would lead to another agent than the one meant. */
static bool check_config(const struct cli *cli, bool named, GError **error)
{
	unsigned needs = cli->command->needs;
	bool needed = (needs & NEEDS_CONFIG) != 0 || (named && (needs & MAKES_CONFIG) == 0);

	if (!needed || g_access(cli->config_file, R_OK) == 0) {
		return true;
	}
	if (errno == ENOENT || errno == ENOTDIR) {
		return problem(error, EXIT_REFUSED, "no-config",
			       _("'assent init' writes one, --config names another"),
			       _("there is no configuration '%s'"), cli->config_file);
	}
	return problem(error, EXIT_REFUSED, "no-config", NULL,
		       _("cannot read the configuration '%s': %s"), cli->config_file,
		       g_strerror(errno));
}

static bool satisfy_needs(struct cli *cli, GError **error)
{
	bool named = cli->config_file != NULL;

	if (!named) {
		cli->config_file = paths_config();
	}
	if (!check_config(cli, named, error)) {
		return false;
	}
	if ((cli->command->needs & NEEDS_AGENT) != 0) {
		if (cli->socket == NULL) {
			cli->socket = place_socket(cli->config_file);
		}
		cli->client = client_new(cli->socket);
	}
	return true;
}

static void add_group(GOptionContext *context, const char *name, const char *title,
		      const GOptionEntry *entries)
{
	GOptionGroup *group = g_option_group_new(name, title, "", NULL, NULL);

	g_option_group_add_entries(group, entries);
	g_option_group_set_translation_domain(group, PACKAGE);
	g_option_context_add_group(context, group);
}

/* Two groups, because help prints groups in their order and main entries last. */
static GOptionContext *options_of(struct cli *cli, const GOptionEntry *options,
				  const GOptionEntry *common)
{
	GOptionContext *context = g_option_context_new(cli->command->args);
	g_autofree char *program = g_strdup_printf("assent %s", cli->path);

	g_set_prgname(program);
	g_option_context_set_help_enabled(context, FALSE);
	g_option_context_set_translation_domain(context, PACKAGE);
	g_option_context_set_summary(context, _(cli->command->summary));
	if (options != NULL) {
		add_group(context, "command", _("Options:"), options);
	}
	add_group(context, "common", _("Common options:"), common);
	return context;
}

bool cli_begin(struct cli *cli, const GOptionEntry *options, int *argc, char ***argv,
	       GError **error)
{
	gboolean help = FALSE, json = cli->json, no_pager = cli->no_pager;
	const GOptionEntry common[] = {
		{"help", 'h', 0, G_OPTION_ARG_NONE, &help, N_("Show this help"), NULL},
		{"json", 0, 0, G_OPTION_ARG_NONE, &json, N_("Print one JSON document"), NULL},
		{"color", 0, 0, G_OPTION_ARG_STRING, &cli->colour,
		 N_("Colour: auto, always or never"), N_("WHEN")},
		{"no-pager", 0, 0, G_OPTION_ARG_NONE, &no_pager, N_("Never start a pager"), NULL},
		{"config", 0, 0, G_OPTION_ARG_FILENAME, &cli->config_file,
		 N_("The agent's configuration"), N_("FILE")},
		{"socket", 0, 0, G_OPTION_ARG_FILENAME, &cli->socket, N_("The agent's socket"),
		 N_("PATH")},
		{NULL}};
	g_autoptr(GOptionContext) context = options_of(cli, options, common);
	g_autoptr(GError) bad = NULL;
	enum out_colour colour = OUT_COLOUR_AUTO;

	if (!g_option_context_parse(context, argc, argv, &bad)) {
		g_autofree char *hint =
			g_strdup_printf(_("'assent %s --help' lists the options"), cli->path);

		return problem(error, EXIT_USAGE, "bad-option", hint, "%s", bad->message);
	}
	if (help) {
		print_help(cli, context);
		return false;
	}
	cli->json = json;
	cli->no_pager = no_pager;
	(*argc)--;
	(*argv)++;
	if (*argc > 0 && strcmp((*argv)[0], "--") == 0) {
		(*argc)--;
		(*argv)++;
	}
	if (!parse_colour(cli->colour, &colour, error) ||
	    !check_operands(cli, *argc, *argv, error)) {
		return false;
	}
	cli->out = out_new(&(struct out_options){
		.json = cli->json, .pager = !cli->no_pager, .colour = colour});
	return satisfy_needs(cli, error);
}

/* The row's function sees the words from its own name on. */
static int run_command(struct cli *cli, int argc, char **argv)
{
	g_autoptr(GError) error = NULL;
	bool ok = cli->command->run(cli, argc, argv, &error);

	if (!out_free(cli->out) && error == NULL) {
		ok = problem(&error, EXIT_REFUSED, "output", NULL, _("cannot write the output"));
	}
	if (!ok && error != NULL) {
		out_error(cli->json, error);
		return problem_exit(error);
	}
	return cli->status;
}

static bool is_help(const char *word)
{
	return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

static bool asks_for_json(int argc, char **argv)
{
	for (int i = 0; i < argc && strcmp(argv[i], "--") != 0; i++) {
		if (strcmp(argv[i], "--json") == 0) {
			return true;
		}
	}
	return false;
}

/* What stands before the command's name: --help, --version, or a common option. */
static int without_command(int argc, char **argv, GError **error)
{
	if (argc == 0) {
		(void)problem(error, EXIT_USAGE, "no-command",
			      _("'assent --help' lists the commands"), _("no command given"));
		return EXIT_USAGE;
	}
	if (strcmp(argv[0], "--version") == 0) {
		if (asks_for_json(argc, argv)) {
			(void)printf("{\"schema_version\":1,\"version\":\"%s\"}\n",
				     PACKAGE_VERSION);
		} else {
			(void)printf("assent %s\n", PACKAGE_VERSION);
		}
		return EXIT_DONE;
	}
	if (is_help(argv[0])) {
		print_list("", command_table);
		return EXIT_DONE;
	}
	(void)problem(error, EXIT_USAGE, "bad-option", _("options stand after the command's name"),
		      _("expected a command, not '%s'"), argv[0]);
	return EXIT_USAGE;
}

/* A group that does nothing by itself prints its members. */
static int run_group(const char *path, const struct command *group, int argc, char **argv)
{
	g_autoptr(GError) error = NULL;

	if (argc > 0 && is_help(argv[0])) {
		print_list(path, group->members);
		return EXIT_DONE;
	}
	if (argc == 0) {
		g_autofree char *hint =
			g_strdup_printf(_("'assent %s --help' lists the commands"), path);

		(void)problem(&error, EXIT_USAGE, "no-command", hint,
			      _("'assent %s' needs a command"), path);
	} else {
		(void)unknown_command(group->members, path, argv[0], &error);
	}
	out_error(asks_for_json(argc, argv), error);
	return EXIT_USAGE;
}

int cli_main(int argc, char **argv)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GString) path = g_string_new(NULL);
	struct cli cli = {.json = asks_for_json(argc, argv)};
	int used = 0, status;

	if (cli.json) { // for programs, in every language the same
		(void)setlocale(LC_MESSAGES, "C");
	}
	cli.command = command_find(command_table, argc - 1, argv + 1, &used, path, &error);
	cli.path = path->str;
	if (cli.command == NULL) {
		status = EXIT_USAGE;
		if (error == NULL) {
			status = without_command(argc - 1, argv + 1, &error);
		}
		if (error != NULL) {
			out_error(cli.json, error);
		}
		return status;
	}
	if (cli.command->run == NULL) {
		return run_group(path->str, cli.command, argc - 1 - used, argv + 1 + used);
	}
	status = run_command(&cli, argc - used, argv + used);
	client_free(cli.client);
	g_free(cli.config_file);
	g_free(cli.socket);
	g_free(cli.colour);
	return status;
}

static void list_json(struct json_writer *w, const char *group, const struct command *table)
{
	for (const struct command *c = table; c->name != NULL; c++) {
		g_autofree char *path =
			g_strconcat(group, group[0] != '\0' ? " " : "", c->name, NULL);

		if ((c->needs & IS_HIDDEN) != 0) {
			continue;
		}
		if (c->run != NULL) {
			json_w_object(w, NULL);
			json_w_str(w, "name", path);
			json_w_str(w, "args", c->args);
			json_w_str(w, "summary", c->summary);
			json_w_end(w);
		}
		if (c->members != NULL) {
			list_json(w, path, c->members);
		}
	}
}

/* As if --help stood behind the command's name. */
static int help_of(int argc, char **argv)
{
	g_autofree char **words = g_new0(char *, (size_t)argc + 3);

	words[0] = (char *)"assent";
	memcpy(&words[1], argv, (size_t)argc * sizeof(*words));
	words[argc + 1] = (char *)"--help";
	return cli_main(argc + 2, words);
}

bool cmd_help(struct cli *cli, int argc, char **argv, GError **error)
{
	struct json_writer *w;

	if (!cli_begin(cli, NULL, &argc, &argv, error)) {
		return false;
	}
	if (argc > 0) {
		cli->status = help_of(argc, argv);
		return true;
	}
	if (!out_is_json(cli->out)) {
		print_list("", command_table);
		return true;
	}
	w = out_json_begin(cli->out);
	json_w_array(w, "commands");
	list_json(w, "", command_table);
	json_w_end(w);
	return out_json_end(cli->out, w, error);
}
