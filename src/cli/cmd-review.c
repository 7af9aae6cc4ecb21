/* SPDX-License-Identifier: GPL-3.0-or-later */
/* assent review: a link that signs in to the agent's pages, opened where there is a desktop. */
#include <glib/gi18n.h>
#include <string.h>

#include "base/autoptr.h"
#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "cli/client.h"
#include "cli/command.h"

struct link {
	char *person, *url;
	int64_t expires;
};

static void link_clear(struct link *link)
{
	g_free(link->person);
	g_free(link->url);
}
typedef struct link link_auto;
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(link_auto, link_clear)

static char *compose(const char *person, const char *plan)
{
	struct json_writer *w = json_writer_new(0);
	autocfree char *text = NULL;
	size_t len;

	json_w_object(w, NULL);
	if (person != NULL) {
		json_w_str(w, "person", person);
	}
	if (plan != NULL) {
		json_w_str(w, "plan", plan);
	}
	json_w_end(w);
	return json_writer_finish(w, &text, &len, NULL) == 0 ? g_strdup(text) : NULL;
}

static bool ask(struct cli *cli, const char *person, const char *plan, struct link *link,
		GError **error)
{
	static const char path[] = "/v1/review";
	g_autoptr(json_doc_auto) doc = NULL;
	g_autofree char *body = compose(person, plan);
	const char *who, *url, *expires;
	struct json_obj o;

	if (body == NULL) {
		return problem(error, EXIT_USAGE, "malformed", NULL,
			       _("the person or the plan is not UTF-8"));
	}
	if (!client_post_json(cli->client, path, body, CLIENT_QUICK, &doc, error)) {
		return false;
	}
	json_doc_root(doc, &o);
	who = json_str(&o, "person", 255);
	url = json_str(&o, "url", 2048);
	expires = json_str(&o, "expires", 64);
	json_obj_ignore_rest(&o);
	if (!client_check(doc, path, error)) {
		return false;
	}
	link->person = g_strdup(who);
	link->url = g_strdup(url);
	if (!text_parse_time(expires, &link->expires)) {
		link->expires = 0;
	}
	return true;
}

static bool has_desktop(void)
{
	const char *wayland = g_getenv("WAYLAND_DISPLAY"), *x11 = g_getenv("DISPLAY");

	return (wayland != NULL && wayland[0] != '\0') || (x11 != NULL && x11[0] != '\0');
}

/* Arguments of programs can be read by everybody on the host, and whoever has the link is that
 * person. So the browser is given a file of ours that leads there. */
static bool open_page(const char *url, GError **error)
{
	g_autofree char *dir = g_build_filename(g_get_user_runtime_dir(), "assent", NULL);
	g_autofree char *file = g_build_filename(dir, "review.html", NULL);
	g_autofree char *page = g_markup_printf_escaped(
		"<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
		"<meta name=\"referrer\" content=\"no-referrer\">"
		"<meta http-equiv=\"refresh\" content=\"0; url=%s\"><title>assent review</title>"
		"</head><body><a href=\"%s\">assent review</a></body></html>\n",
		url, url);
	g_autofree char *program = g_find_program_in_path("xdg-open");
	char *argv[] = {program, file, NULL};

	if (program == NULL) {
		return fail(error, BASE_ERROR, BASE_ERROR_NOT_FOUND, _("no xdg-open"));
	}
	return file_mkdirs(dir, 0700, error) &&
	       file_replace(file, page, strlen(page), 0600, error) &&
	       g_spawn_async(NULL, argv, NULL,
			     G_SPAWN_STDOUT_TO_DEV_NULL | G_SPAWN_STDERR_TO_DEV_NULL, NULL, NULL,
			     NULL, error);
}

static bool print_link(struct cli *cli, const struct link *link, bool opened, GError **error)
{
	g_autofree char *rest = text_age(link->expires, g_get_real_time() / G_USEC_PER_SEC);
	g_autofree char *person = out_safe(cli->out, link->person);
	g_autofree char *url = out_safe(cli->out, link->url);
	struct json_writer *w;

	if (out_is_json(cli->out)) {
		w = out_json_begin(cli->out);
		json_w_str(w, "person", link->person);
		json_w_str(w, "url", link->url);
		json_w_bool(w, "opened", opened);
		return out_json_end(cli->out, w, error);
	}
	out_printf(cli->out, "%s\n", url);
	/* TRANSLATORS: a person's name, and when: "in 9m" */
	out_note(cli->out, _("Whoever opens this link first is signed in as %s; it ends %s.\n"),
		 person, rest);
	return true;
}

bool cmd_review(struct cli *cli, int argc, char **argv, GError **error)
{
	g_autofree char *person = NULL;
	gboolean no_open = FALSE;
	const GOptionEntry options[] = {{"as", 0, 0, G_OPTION_ARG_STRING, &person,
					 N_("Sign in as this person"), N_("PERSON")},
					{"no-open", 0, 0, G_OPTION_ARG_NONE, &no_open,
					 N_("Print the link, open no browser"), NULL},
					{NULL}};
	g_auto(link_auto) link = {0};
	g_autoptr(GError) why = NULL;
	bool opened = false;

	if (!cli_begin(cli, options, &argc, &argv, error) ||
	    !ask(cli, person, argc > 0 ? argv[0] : NULL, &link, error)) {
		return false;
	}
	if (!no_open && has_desktop()) {
		opened = open_page(link.url, &why);
		if (!opened) {
			out_note(cli->out, _("No browser could be opened: %s\n"), why->message);
		}
	}
	return print_link(cli, &link, opened, error);
}
