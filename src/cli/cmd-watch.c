/* SPDX-License-Identifier: GPL-3.0-or-later */
/* assent watch: the log as it grows. */
#include <glib/gi18n.h>
#include <stdio.h>

#include "base/text.h"
#include "cli/command.h"
#include "core/entry.h"
#include "core/hash.h"

#define MAX_TEXT 65535

/* What of an entry says most in one line, in this order. */
static const char *const told[] = {"outcome", "result", "kind", "decision", "person",
				   "commit",  "reason", "text", NULL};

static void append_member(GString *line, struct json_obj *fields, const char *name)
{
	const char *text = json_str_opt(fields, name, MAX_TEXT);

	if (text != NULL && text[0] != '\0') {
		g_string_append_printf(line, " %s", text);
	}
}

static void print_entry(struct out *out, struct entry *entry)
{
	g_autoptr(GString) line = g_string_new(NULL);
	g_autofree char *time = text_time(entry->time), *safe = NULL;
	const char *plan = json_str_opt(&entry->fields, "plan", HASH_TEXT_SIZE);

	if (entry->stack != NULL) {
		g_string_append_printf(line, " %s", entry->stack);
	}
	if (plan != NULL) {
		g_autofree char *id = text_short_id(plan);

		g_string_append_printf(line, " %s", id);
	}
	for (size_t i = 0; told[i] != NULL; i++) {
		append_member(line, &entry->fields, told[i]);
	}
	safe = out_safe(out, line->str);
	out_printf(out, "%s ", time);
	out_styled(out, STYLE_BOLD, "%s", entry_type_names[entry->type]);
	out_printf(out, "%s\n", safe);
}

struct watch {
	struct out *out;
	GError **error;
};

static bool on_line(const char *line, size_t len, void *user)
{
	struct watch *watch = user;
	struct assent_error core;
	struct entry entry;

	if (len == 0) {
		return true; /* the agent shows that it is there */
	}
	if (entry_parse(&entry, line, len, &core) != 0) {
		return problem(watch->error, EXIT_REFUSED, "bad-answer", NULL,
			       _("the agent sent a malformed entry: %s"), core.text);
	}
	if (out_is_json(watch->out)) {
		out_write(watch->out, line, len);
		out_write(watch->out, "\n", 1);
	} else {
		print_entry(watch->out, &entry);
	}
	entry_clear(&entry);
	return fflush(stdout) == 0;
}

bool cmd_watch(struct cli *cli, int argc, char **argv, GError **error)
{
	g_autoptr(GError) bad = NULL;
	struct watch watch = {.error = &bad};

	if (!cli_begin(cli, NULL, &argc, &argv, error)) {
		return false;
	}
	watch.out = cli->out;
	if (!client_stream(cli->client, "/v1/events", on_line, &watch, error)) {
		return false;
	}
	if (bad != NULL) {
		g_propagate_error(error, g_steal_pointer(&bad));
		return false;
	}
	return true;
}
