/* SPDX-License-Identifier: GPL-3.0-or-later */
/* assent suspend, resume, stop-all: keep what was approved from being applied, for some time. */
#include <glib/gi18n.h>
#include <inttypes.h>
#include <string.h>

#include "base/autoptr.h"
#include "base/error.h"
#include "base/stopfile.h"
#include "base/yaml.h"
#include "cli/api.h"
#include "cli/command.h"
#include "cli/place.h"
#include "cli/say.h"
#include "cli/steer.h"
#include "core/text.h"

struct wish {
	char *duration, *until, *reason;
	gboolean now;
	int64_t end; /* 0: none was said */
};

static void wish_clear(struct wish *wish)
{
	g_free(wish->duration);
	g_free(wish->until);
	g_free(wish->reason);
}

typedef struct wish wish_auto;
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(wish_auto, wish_clear)

static int64_t now(void)
{
	return g_get_real_time() / G_USEC_PER_SEC;
}

/* "18:00" is the next such time here. */
static GDateTime *time_of_day(const char *text)
{
	g_autoptr(GDateTime) today = g_date_time_new_now_local();
	GDateTime *at;
	guint64 hour, minute;

	if (strlen(text) != 5 || text[2] != ':' ||
	    !text_decimal(&minute, text[3] == '0' ? text + 4 : text + 3, text[3] == '0' ? 1 : 2,
			  59) ||
	    !text_decimal(&hour, text[0] == '0' ? text + 1 : text, text[0] == '0' ? 1 : 2, 23)) {
		return NULL;
	}
	at = g_date_time_new_local(g_date_time_get_year(today), g_date_time_get_month(today),
				   g_date_time_get_day_of_month(today), (int)hour, (int)minute, 0);
	if (at != NULL && g_date_time_compare(at, today) <= 0) {
		GDateTime *next = g_date_time_add_days(at, 1);

		g_date_time_unref(at);
		at = next;
	}
	return at;
}

static bool parse_end(struct wish *wish, GError **error)
{
	g_autoptr(GTimeZone) here = g_time_zone_new_local();
	g_autoptr(GDateTime) at = NULL;
	int64_t seconds;

	if (wish->duration != NULL && wish->until != NULL) {
		return problem(error, EXIT_USAGE, "usage", NULL,
			       _("--for and --until exclude each other"));
	}
	if (wish->duration != NULL) {
		if (!yaml_duration(wish->duration, &seconds) || seconds <= 0) {
			return problem(error, EXIT_USAGE, "usage", _("write it as 90m, 2h or 3d"),
				       _("'%s' is no duration"), wish->duration);
		}
		wish->end = now() + seconds;
	}
	if (wish->until != NULL) {
		at = time_of_day(wish->until);
		at = at != NULL ? at : g_date_time_new_from_iso8601(wish->until, here);
		if (at == NULL) {
			return problem(error, EXIT_USAGE, "usage",
				       _("write it as 18:00 or 2026-11-28T18:00:00"),
				       _("'%s' is no time"), wish->until);
		}
		wish->end = g_date_time_to_unix(at);
		if (wish->end <= now()) {
			return problem(error, EXIT_USAGE, "usage", NULL, _("'%s' is over"),
				       wish->until);
		}
	}
	return true;
}

static char *body_of(const struct wish *wish, GError **error)
{
	struct json_writer *w = json_writer_new(0);

	json_w_object(w, NULL);
	if (wish->reason != NULL) {
		json_w_str(w, "reason", wish->reason);
	}
	if (wish->end != 0) {
		say_time_json(w, "until", wish->end);
	}
	if (wish->now) {
		json_w_bool(w, "now", true);
	}
	return steer_body(w, error);
}

static bool one(struct cli *cli, const char *name, const char *verb, const struct wish *wish,
		GError **error)
{
	g_autoptr(api_stack_auto) stack = NULL;
	g_autofree char *body = body_of(wish, error);

	if (body == NULL || !api_stack_send(cli->client, name, verb, body, 0, &stack, error)) {
		return false;
	}
	return steer_say(cli, stack, error);
}

static void say_all(struct cli *cli, const struct api_list *list)
{
	for (guint i = 0; i < list->items->len; i++) {
		say_stack(cli->out, list->items->pdata[i], now());
	}
	if (list->interrupted > 0) {
		out_note(cli->out,
			 ngettext("%" PRId64
				  " apply that is under way was asked to come to an end\n",
				  "%" PRId64
				  " applies that are under way were asked to come to an end\n",
				  (gulong)list->interrupted),
			 (gint64)list->interrupted);
	}
}

static bool all(struct cli *cli, const char *verb, const struct wish *wish, GError **error)
{
	g_autoptr(api_list_auto) list = NULL;
	g_autofree char *body = body_of(wish, error);
	struct json_writer *w;

	if (body == NULL || !api_all_do(cli->client, verb, body, &list, error)) {
		return false;
	}
	if (!out_is_json(cli->out)) {
		say_all(cli, list);
		return true;
	}
	w = out_json_begin(cli->out);
	json_w_int(w, "interrupted", list->interrupted);
	json_w_array(w, "stacks");
	for (guint i = 0; i < list->items->len; i++) {
		json_w_object(w, NULL);
		say_stack_json(w, list->items->pdata[i]);
		json_w_end(w);
	}
	json_w_end(w);
	return out_json_end(cli->out, w, error);
}

/* No agent answers: what it looks at before it begins anything can be written all the same. */
static bool stop_by_file(struct cli *cli, const struct wish *wish, GError *why, GError **error)
{
	g_autoptr(GError) unreachable = why;
	g_autofree char *state = place_state(cli->config_file);
	g_autofree char *path = g_build_filename(state, STOPFILE, NULL);
	g_autoptr(GError) local = NULL;
	struct json_writer *w;

	if (!stopfile_write(state, wish->reason != NULL ? wish->reason : "no reason given",
			    wish->end, &local)) {
		return problem(error, EXIT_UNREACHABLE, "unreachable",
			       _("become the agent's user, or root"),
			       _("%s; and nothing could be stopped by its file: %s"),
			       unreachable->message, local->message);
	}
	if (out_is_json(cli->out)) {
		w = out_json_begin(cli->out);
		json_w_str(w, "file", path);
		return out_json_end(cli->out, w, error);
	}
	out_note(cli->out, "%s\n", unreachable->message);
	/* TRANSLATORS: a path */
	out_note(cli->out,
		 _("the file '%s' was written: an agent of this state folder begins no apply "
		   "while it is there; one that is under way goes on\n"),
		 path);
	return true;
}

bool cmd_suspend(struct cli *cli, int argc, char **argv, GError **error)
{
	g_auto(wish_auto) wish = {0};
	const GOptionEntry options[] = {
		{"for", 0, 0, G_OPTION_ARG_STRING, &wish.duration, N_("How long: 90m, 2h, 3d"),
		 N_("TIME")},
		{"until", 0, 0, G_OPTION_ARG_STRING, &wish.until,
		 N_("Until when: 18:00, or a date and time"), N_("TIME")},
		{"reason", 'r', 0, G_OPTION_ARG_STRING, &wish.reason, N_("Why"), N_("TEXT")},
		{NULL}};

	return cli_begin(cli, options, &argc, &argv, error) && parse_end(&wish, error) &&
	       one(cli, argv[0], "suspend", &wish, error);
}

bool cmd_resume(struct cli *cli, int argc, char **argv, GError **error)
{
	g_auto(wish_auto) wish = {0};
	gboolean everything = FALSE;
	const GOptionEntry options[] = {
		{"all", 0, 0, G_OPTION_ARG_NONE, &everything,
		 N_("End what 'assent stop-all' began"), NULL},
		{"reason", 'r', 0, G_OPTION_ARG_STRING, &wish.reason, N_("Why"), N_("TEXT")},
		{NULL}};

	if (!cli_begin(cli, options, &argc, &argv, error)) {
		return false;
	}
	if ((argc > 0) == everything) {
		return problem(error, EXIT_USAGE, "usage", NULL,
			       _("name a stack, or say --all to end a stop of everything"));
	}
	return everything ? all(cli, "resume", &wish, error)
			  : one(cli, argv[0], "resume", &wish, error);
}

bool cmd_stop_all(struct cli *cli, int argc, char **argv, GError **error)
{
	g_auto(wish_auto) wish = {0};
	g_autoptr(GError) local = NULL;
	const GOptionEntry options[] = {
		{"for", 0, 0, G_OPTION_ARG_STRING, &wish.duration, N_("How long: 90m, 2h, 3d"),
		 N_("TIME")},
		{"until", 0, 0, G_OPTION_ARG_STRING, &wish.until,
		 N_("Until when: 18:00, or a date and time"), N_("TIME")},
		{"now", 0, 0, G_OPTION_ARG_NONE, &wish.now,
		 N_("Have what is under way come to an end, too"), NULL},
		{"reason", 'r', 0, G_OPTION_ARG_STRING, &wish.reason, N_("Why"), N_("TEXT")},
		{NULL}};

	if (!cli_begin(cli, options, &argc, &argv, error) || !parse_end(&wish, error)) {
		return false;
	}
	if (all(cli, "stop", &wish, &local)) {
		return true;
	}
	if (problem_exit(local) == EXIT_UNREACHABLE) {
		return stop_by_file(cli, &wish, g_steal_pointer(&local), error);
	}
	g_propagate_error(error, g_steal_pointer(&local));
	return false;
}
