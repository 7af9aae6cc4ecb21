/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Leads a browser to a page by a file of ours. */
#include "base/browser.h"

#include <glib/gi18n.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"

static char **environment(const char *token)
{
	char **env = g_get_environ();

	if (token != NULL) { // Wayland's name for it, and X11's
		env = g_environ_setenv(env, "XDG_ACTIVATION_TOKEN", token, TRUE);
		env = g_environ_setenv(env, "DESKTOP_STARTUP_ID", token, TRUE);
	}
	return env;
}

/* A browser opens files and runs scripts, too. */
static bool is_page(const char *url)
{
	if (!g_str_has_prefix(url, "https://") && !g_str_has_prefix(url, "http://")) {
		return false;
	}
	while (g_ascii_isgraph(*url)) {
		url++;
	}
	return *url == '\0';
}

bool browser_open(const char *url, const char *token, GError **error)
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
	g_auto(GStrv) env = environment(token);
	char *argv[] = {program, file, NULL};

	if (!is_page(url)) {
		return fail(error, BASE_ERROR, BASE_ERROR_MALFORMED,
			    _("what the agent names is no web page"));
	}
	if (program == NULL) {
		return fail(error, BASE_ERROR, BASE_ERROR_NOT_FOUND, _("no xdg-open"));
	}
	return file_mkdirs(dir, 0700, error) &&
	       file_replace(file, page, strlen(page), 0600, error) &&
	       g_spawn_async(NULL, argv, env,
			     G_SPAWN_STDOUT_TO_DEV_NULL | G_SPAWN_STDERR_TO_DEV_NULL, NULL, NULL,
			     NULL, error);
}
