/* SPDX-License-Identifier: GPL-3.0-or-later */
/* assent review: a link that signs in to the agent's pages, opened where there is a desktop. */
#include <glib/gi18n.h>
#include <string.h>

#include "base/autoptr.h"
#include "base/browser.h"
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
		opened = browser_open(link.url, NULL, &why);
		if (!opened) {
			out_note(cli->out, _("No browser could be opened: %s\n"), why->message);
		}
	}
	return print_link(cli, &link, opened, error);
}
