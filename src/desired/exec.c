/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reads how a command is run, of resources and checks. */
#include <string.h>

#include "desired/load.h"
#include "desired/names.h"
#include "desired/paths.h"

#define MAX_WORDS 1000

void exec_free(struct desired_exec *exec)
{
	if (exec == NULL) {
		return;
	}
	g_strfreev(exec->run);
	g_strfreev(exec->unless);
	g_strfreev(exec->env);
	g_free(exec->creates);
	g_free(exec->directory);
	g_free(exec->user);
	g_free(exec);
}

/* A program as it is run: a bare name, to be found in PATH, or an absolute path. */
static char *place_program(struct load *l, const struct yaml_node *node, const char *word,
			   const char *directory)
{
	g_autofree char *whole = NULL, *problem = NULL;
	char *path = NULL;

	if (word[0] == '\0' || word[0] == '-') {
		problem = g_strdup_printf("'%s' is no program", word);
	} else if (strchr(word, '/') == NULL && word[0] != '~') {
		return g_strdup(word);
	} else if (word[0] == '/' || word[0] == '~') {
		path = paths_target(word, l->env->home, &problem);
	} else if (directory == NULL) {
		problem = g_strdup_printf("'%s' is relative: say to which 'directory', or write "
					  "it from '/' or '~/'",
					  word);
	} else {
		whole = g_strconcat(directory, "/", word, NULL);
		path = paths_target(whole, l->env->home, &problem);
	}
	if (problem != NULL) {
		yaml_fail(node, l->diags, "%s", problem);
	}
	return path;
}

/* One word of a command; NULL with diagnostics. */
static char *read_word(struct load *l, const struct yaml_node *node, const char *key,
		       const char *directory, bool is_program)
{
	const char *text = yaml_text(node, key, l->diags);
	g_autofree char *expanded = text != NULL ? load_expand(l, node, text) : NULL;

	if (expanded == NULL || !is_program || !l->selected) {
		return g_steal_pointer(&expanded);
	}
	return place_program(l, node, expanded, directory);
}

/* NULL when absent, or with diagnostics. */
static char **read_words(struct load *l, struct yaml_node *map, const struct keys_table *table,
			 const char *key, const char *directory)
{
	struct yaml_node *list = keys_words(map, table, key, l->diags);
	g_autoptr(GPtrArray) words = g_ptr_array_new_with_free_func(g_free);
	bool good = true;

	if (list == NULL) {
		return NULL;
	}
	if (list->items->len == 0 || list->items->len > MAX_WORDS) {
		yaml_fail(list, l->diags,
			  list->items->len == 0 ? "'%s' is empty" : "'%s' has too many words", key);
		return NULL;
	}
	for (guint i = 0; i < list->items->len; i++) {
		char *word = read_word(l, list->items->pdata[i], key, directory, i == 0);

		good = good && word != NULL;
		g_ptr_array_add(words, word);
	}
	if (!good) {
		return NULL;
	}
	g_ptr_array_add(words, NULL);
	return (char **)g_ptr_array_steal(words, NULL);
}

static char **read_shell(struct load *l, struct yaml_node *map, const struct keys_table *table)
{
	const struct yaml_node *node = keys_get(map, table, "shell");
	const char *text = keys_text(map, table, "shell", l->diags);
	g_autofree char *expanded = text != NULL ? load_expand(l, node, text) : NULL;
	char **words;

	if (expanded == NULL) {
		return NULL;
	}
	if (expanded[0] == '\0') {
		yaml_fail(node, l->diags, "'shell' is empty");
		return NULL;
	}
	words = g_new0(char *, 4);
	words[0] = g_strdup("/bin/sh");
	words[1] = g_strdup("-c");
	words[2] = g_steal_pointer(&expanded);
	return words;
}

static char **read_run(struct load *l, struct yaml_node *map, const struct keys_table *table,
		       const char *directory)
{
	const struct yaml_node *run = keys_get(map, table, "run");
	const struct yaml_node *shell = keys_get(map, table, "shell");

	if ((run == NULL) == (shell == NULL)) {
		yaml_fail(map, l->diags, "a command needs 'run' or 'shell', and not both");
		return NULL;
	}
	if (shell != NULL) {
		return read_shell(l, map, table);
	}
	if (run->type == YAML_SCALAR) {
		yaml_fail(run, l->diags,
			  "'run' must be a list of words, like [systemctl, daemon-reload]; what a "
			  "shell shall read is 'shell'");
		return NULL;
	}
	return read_words(l, map, table, "run", directory);
}

/* "NAME=value"; NULL with diagnostics. */
static char *read_variable(struct load *l, const struct yaml_node *name,
			   const struct yaml_node *node)
{
	const char *text = yaml_text(node, name->value, l->diags);
	g_autofree char *expanded = text != NULL ? load_expand(l, node, text) : NULL;

	if (!names_env_is_valid(name->value) || strlen(name->value) != name->length) {
		yaml_fail(name, l->diags,
			  "'%s' is no name of a variable: letters, digits and _, no digit first",
			  name->value);
		return NULL;
	}
	if (g_str_has_prefix(name->value, "LD_")) {
		yaml_fail(name, l->diags, "'%s' would change what the program is; it is not passed",
			  name->value);
		return NULL;
	}
	return expanded != NULL ? g_strconcat(name->value, "=", expanded, NULL) : NULL;
}

static int compare_texts(gconstpointer a, gconstpointer b)
{
	const char *const *x = a, *const *y = b;

	return strcmp(*x, *y);
}

/* Sorted, so that another order of the same says the same. */
static char **read_env(struct load *l, struct yaml_node *map, const struct keys_table *table)
{
	struct yaml_node *env = keys_env(map, table, "env", l->diags);
	g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func(g_free);

	if (env == NULL || env->items->len == 0) {
		return NULL;
	}
	if (env->items->len > MAX_WORDS) {
		yaml_fail(env, l->diags, "'env' has too many variables");
		return NULL;
	}
	for (guint i = 0; i < env->items->len; i++) {
		char *variable = read_variable(l, env->keys->pdata[i], env->items->pdata[i]);

		if (variable != NULL) {
			g_ptr_array_add(list, variable);
		}
	}
	g_ptr_array_sort(list, compare_texts);
	g_ptr_array_add(list, NULL);
	return (char **)g_ptr_array_steal(list, NULL);
}

static char *read_user(struct load *l, struct yaml_node *map, const struct keys_table *table)
{
	const struct yaml_node *node = keys_get(map, table, "user");
	const char *text = keys_text(map, table, "user", l->diags);
	g_autofree char *expanded = text != NULL ? load_expand(l, node, text) : NULL;

	if (expanded != NULL && l->selected &&
	    (!names_account_is_valid(expanded) || g_ascii_isdigit(expanded[0]))) {
		yaml_fail(node, l->diags, "'user' is no name of a user: '%s'", expanded);
		return NULL;
	}
	return g_steal_pointer(&expanded);
}

static char *read_place(struct load *l, struct yaml_node *map, const struct keys_table *table,
			const char *key)
{
	const char *text = keys_text(map, table, key, l->diags);

	/* The root folder is where a command runs anyway; paths_target() speaks of what is
	 * managed. */
	if (text != NULL && strcmp(text, "/") == 0) {
		return NULL;
	}
	return text != NULL ? load_path(l, keys_get(map, table, key), text, paths_target) : NULL;
}

struct desired_exec *exec_read(struct load *l, struct yaml_node *map,
			       const struct keys_table *table)
{
	struct desired_exec *exec = g_new0(struct desired_exec, 1);
	bool guarded = keys_row(table, "unless") != NULL;
	const char *base;

	exec->directory = read_place(l, map, table, "directory");
	/* A wrong one was told; the words shall not be blamed as well. */
	base = exec->directory == NULL && keys_get(map, table, "directory") != NULL
		       ? "/"
		       : exec->directory;
	exec->run = read_run(l, map, table, base);
	if (guarded) {
		exec->unless = read_words(l, map, table, "unless", base);
		exec->creates = read_place(l, map, table, "creates");
	}
	exec->user = read_user(l, map, table);
	exec->env = read_env(l, map, table);
	exec->timeout = (unsigned)keys_number(map, table, "timeout", l->diags);
	exec->output = (unsigned)keys_number(map, table, "output", l->diags);
	return exec;
}
