/* SPDX-License-Identifier: GPL-3.0-or-later */
/* assent completion: a script for a shell; what it offers, the program says at the time. */
#include <glib/gi18n.h>
#include <string.h>

#include "base/text.h"
#include "cli/api.h"
#include "cli/command.h"

/* The scripts hand the words so far to `assent complete` and take its lines. */
static const struct {
	const char *shell, *script;
} scripts[] = {
	{"bash", "_assent()\n"
		 "{\n"
		 "\tlocal line\n"
		 "\tCOMPREPLY=()\n"
		 "\twhile read -r line; do\n"
		 "\t\tCOMPREPLY+=(\"$line\")\n"
		 "\tdone < <(assent complete -- \"${COMP_WORDS[@]:1:COMP_CWORD}\" 2>/dev/null)\n"
		 "}\n"
		 "complete -o default -F _assent assent\n"},
	{"zsh",
	 "#compdef assent\n"
	 "_assent()\n"
	 "{\n"
	 "\tlocal -a found\n"
	 "\tfound=(\"${(@f)$(assent complete -- \"${(@)words[2,CURRENT]}\" 2>/dev/null)}\")\n"
	 "\tif [[ -n \"$found[1]\" ]]; then\n"
	 "\t\tcompadd -- $found\n"
	 "\telse\n"
	 "\t\t_files\n"
	 "\tfi\n"
	 "}\n"
	 "compdef _assent assent\n"},
	{"fish", "complete -c assent -f -a '(assent complete -- (commandline -opc)[2..-1] "
		 "(commandline -ct) 2>/dev/null)'\n"},
};

bool cmd_completion(struct cli *cli, int argc, char **argv, GError **error)
{
	if (!cli_begin(cli, NULL, &argc, &argv, error)) {
		return false;
	}
	for (size_t i = 0; i < G_N_ELEMENTS(scripts); i++) {
		if (strcmp(scripts[i].shell, argv[0]) == 0) {
			return out_text(cli->out, "script", scripts[i].script, error);
		}
	}
	return problem(error, EXIT_USAGE, "bad-shell", _("say bash, zsh or fish"),
		       _("no completion for the shell '%s'"), argv[0]);
}

/* Only what cannot do anything in a shell is offered. */
static void offer(struct cli *cli, const char *word, const char *prefix)
{
	if (g_str_has_prefix(word, prefix) &&
	    word[strspn(word, "abcdefghijklmnopqrstuvwxyz0123456789._-")] == '\0') {
		out_printf(cli->out, "%s\n", word);
	}
}

static void offer_commands(struct cli *cli, const struct command *table, const char *prefix)
{
	for (const struct command *c = table; c->name != NULL; c++) {
		if ((c->needs & IS_HIDDEN) == 0) {
			offer(cli, c->name, prefix);
		}
	}
}

/* The options as the command's own help names them. */
static void offer_options(struct cli *cli, const char *path, const char *prefix)
{
	g_auto(GStrv) words = g_strsplit(path, " ", -1);
	g_autoptr(GPtrArray) argv = g_ptr_array_new();
	g_autofree char *help = NULL;
	g_autoptr(GRegex) option = g_regex_new("--[a-z][a-z-]*", 0, 0, NULL);
	g_autoptr(GMatchInfo) match = NULL;

	g_ptr_array_add(argv, (char *)"assent");
	for (size_t i = 0; words[i] != NULL; i++) {
		g_ptr_array_add(argv, words[i]);
	}
	g_ptr_array_add(argv, (char *)"--help");
	g_ptr_array_add(argv, NULL);
	if (!g_spawn_sync(NULL, (char **)argv->pdata, NULL,
			  G_SPAWN_SEARCH_PATH | G_SPAWN_STDERR_TO_DEV_NULL, NULL, NULL, &help, NULL,
			  NULL, NULL)) {
		return;
	}
	g_regex_match(option, help, 0, &match);
	for (; g_match_info_matches(match); g_match_info_next(match, NULL)) {
		g_autofree char *word = g_match_info_fetch(match, 0);

		offer(cli, word, prefix);
	}
}

static void offer_stacks(struct cli *cli, const char *prefix)
{
	g_autoptr(api_list_auto) list = NULL;

	if (api_status(cli->client, &list, NULL)) {
		for (guint i = 0; i < list->items->len; i++) {
			offer(cli, ((const struct api_stack *)list->items->pdata[i])->name, prefix);
		}
	}
}

static void offer_plans(struct cli *cli, const char *prefix)
{
	g_autoptr(api_list_auto) list = NULL;

	if (api_plans(cli->client, NULL, NULL, &list, NULL)) {
		for (guint i = 0; i < list->items->len; i++) {
			const struct api_plan *plan = list->items->pdata[i];
			g_autofree char *id = text_short_id(plan->id);

			offer(cli, id, prefix);
		}
	}
}

/* The last word is the one to complete. */
bool cmd_complete(struct cli *cli, int argc, char **argv, GError **error)
{
	g_autoptr(GString) path = g_string_new(NULL);
	const struct command *found;
	const char *prefix;
	int used = 0;

	if (!cli_begin(cli, NULL, &argc, &argv, error)) {
		return false;
	}
	prefix = argv[argc - 1];
	found = command_find(command_table, argc - 1, argv, &used, path, NULL);
	if (argc == 1) {
		offer_commands(cli, command_table, prefix);
	} else if (found == NULL) {
		return true;
	} else if (prefix[0] == '-') {
		offer_options(cli, path->str, prefix);
	} else if (found->members != NULL && used == argc - 1) {
		offer_commands(cli, found->members, prefix);
	} else if (strstr(found->args, "STACK") != NULL) {
		offer_stacks(cli, prefix);
	} else if (strstr(found->args, "PLAN") != NULL) {
		offer_plans(cli, prefix);
	}
	return true;
}
