/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Speaks to systemd through systemctl. */
#include "cli/manager.h"

#include <glib/gi18n.h>
#include <string.h>

#include "base/autoptr.h"
#include "base/proc.h"
#include "cli/problem.h"

/* A start returns when the agent is ready, which a long log may delay: no bound of our own. */
#define NO_TIMEOUT 0

void manager_unit_clear(struct manager_unit *unit)
{
	g_clear_pointer(&unit->name, g_free);
	g_clear_pointer(&unit->load, g_free);
	g_clear_pointer(&unit->active, g_free);
	g_clear_pointer(&unit->file, g_free);
}

bool manager_is_booted(void)
{
	return g_file_test("/run/systemd/system", G_FILE_TEST_IS_DIR); // as sd_booted(3) does
}

bool manager_run(const char *const *argv, char **out, GError **error)
{
	struct proc_spec spec = {.argv = argv, .timeout = NO_TIMEOUT, .keep_env = true};
	struct proc_result result = {0};
	bool ok = proc_run(&spec, &result, error);

	if (ok && result.status != 0) {
		g_autofree char *line = g_strjoinv(" ", (char **)argv);

		ok = problem(error, EXIT_REFUSED, "manager", NULL, _("'%s' has failed: %s"), line,
			     g_strchomp(result.err->str));
	}
	if (ok && out != NULL) {
		*out = g_strdup(result.out->str);
	}
	proc_result_clear(&result);
	return ok;
}

static void take(struct manager_unit *unit, const char *key, const char *value)
{
	if (strcmp(key, "LoadState") == 0) {
		unit->load = g_strdup(value);
	} else if (strcmp(key, "ActiveState") == 0) {
		unit->active = g_strdup(value);
	} else if (strcmp(key, "UnitFileState") == 0) {
		unit->file = g_strdup(value);
	} else if (strcmp(key, "NeedDaemonReload") == 0) {
		unit->outdated = strcmp(value, "yes") == 0;
	}
}

static const char *scope(bool system)
{
	return system ? "--system" : "--user";
}

bool manager_look(bool system, const char *name, struct manager_unit *out, GError **error)
{
	const char *const argv[] = {"systemctl",
				    scope(system),
				    "show",
				    "--property",
				    "LoadState,ActiveState,UnitFileState,NeedDaemonReload",
				    name,
				    NULL};
	struct manager_unit unit = {.name = g_strdup(name)};
	g_autofree char *text = NULL;
	g_auto(GStrv) lines = NULL;

	if (!manager_run(argv, &text, error)) {
		manager_unit_clear(&unit);
		return false;
	}
	lines = g_strsplit(text, "\n", -1);
	for (size_t i = 0; lines[i] != NULL; i++) {
		char *value = strchr(lines[i], '=');

		if (value != NULL) {
			*value = '\0';
			take(&unit, lines[i], value + 1);
		}
	}
	if (unit.load == NULL || unit.active == NULL || unit.file == NULL) {
		manager_unit_clear(&unit);
		return problem(error, EXIT_REFUSED, "manager", NULL,
			       _("systemctl does not say how '%s' is"), name);
	}
	*out = unit;
	return true;
}

bool manager_call(bool system, GError **error, ...)
{
	g_autoptr(GPtrArray) argv = g_ptr_array_new();
	const char *word;
	va_list args;

	g_ptr_array_add(argv, (char *)"systemctl");
	g_ptr_array_add(argv, (char *)scope(system));
	va_start(args, error);
	while ((word = va_arg(args, const char *)) != NULL) {
		g_ptr_array_add(argv, (char *)word);
	}
	va_end(args);
	g_ptr_array_add(argv, NULL);
	return manager_run((const char *const *)argv->pdata, NULL, error);
}
