/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Running dnf, zypper and rpm, and what rpm itself says in their outputs. */
#include <ftw.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/autoptr.h"
#include "base/error.h"
#include "worker/target/rpm.h"

#define RUN_TIMEOUT 3600
#define BUSY_MS 500
#define MAX_WORDS ((size_t)1500)

char *rpm_one_line(const char *text, size_t max)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	GString *out = g_string_new(NULL);

	for (char **line = lines; *line != NULL; line++) {
		const char *part = g_strstrip(*line);

		if (*part != '\0') {
			g_string_append_printf(out, "%s%s", out->len > 0 ? "; " : "", part);
		}
	}
	if (out->len > max) {
		g_string_truncate(out, max);
		while (out->len > 0 && !g_utf8_validate(out->str, (gssize)out->len, NULL)) {
			g_string_truncate(out, out->len - 1);
		}
		g_string_append(out, "...");
	}
	if (!g_utf8_validate(out->str, (gssize)out->len, NULL)) {
		char *good = g_utf8_make_valid(out->str, (gssize)out->len);

		g_string_free(out, TRUE);
		return good;
	}
	return g_string_free(out, FALSE);
}

char *rpm_words(const struct proc_result *result, const char *text)
{
	g_autofree char *words = rpm_one_line(text, MAX_WORDS);
	const char *end = result->out->str;

	if (*words != '\0') {
		return g_steal_pointer(&words);
	}
	if (result->out->len > MAX_WORDS) {
		end += result->out->len - MAX_WORDS;
	}
	g_free(words);
	words = rpm_one_line(end, MAX_WORDS);
	return *words != '\0' ? g_steal_pointer(&words)
			      : g_strdup_printf("exit code %d", result->status);
}

static void add_once(GString *out, const char *text)
{
	if (strstr(out->str, text) == NULL) {
		g_string_append_printf(out, "%s%s", out->len > 0 ? "; " : "", text);
	}
}

static char *finish_text(GString *out)
{
	bool is_empty = out->len == 0;

	return g_string_free(out, is_empty);
}

/* "%post(NAME-1.0-1.noarch) scriptlet failed, exit status 7", from where the '%' is. */
static void add_scriptlet(GString *out, const char *line)
{
	const char *start = strchr(line, '%');
	const char *found = strstr(line, " scriptlet failed");

	if (start != NULL && found != NULL && start < found) {
		add_once(out, start);
	}
}

char *rpm_scriptlets(const struct proc_result *result)
{
	g_autofree char *both = g_strconcat(result->out->str, "\n", result->err->str, NULL);
	g_auto(GStrv) lines = g_strsplit(both, "\n", -1);
	GString *out = g_string_new(NULL);

	for (char **line = lines; *line != NULL; line++) {
		add_scriptlet(out, g_strstrip(*line));
	}
	/* dnf's own words, where those of rpm are missing (scripts in Lua). */
	for (char **line = lines; *line != NULL && out->len == 0; line++) {
		if (g_str_has_prefix(*line, "Error in ") && strstr(*line, " scriptlet") != NULL) {
			add_once(out, *line);
		}
	}
	return finish_text(out);
}

char *rpm_said(const struct proc_result *result)
{
	g_autofree char *both = g_strconcat(result->out->str, "\n", result->err->str, NULL);
	g_auto(GStrv) lines = g_strsplit(both, "\n", -1);
	GString *out = g_string_new(NULL);

	for (char **line = lines; *line != NULL; line++) {
		const char *made = strstr(*line, " created as ");
		const char *saved = strstr(*line, " saved as ");
		const char *path = strchr(*line, '/');
		g_autofree char *text = NULL;

		if (!g_str_has_prefix(*line, "warning: /") || path == NULL) {
			continue;
		}
		if (made != NULL) {
			text = g_strdup_printf("kept %.*s, the new one is %s", (int)(made - path),
					       path, made + strlen(" created as "));
		} else if (saved != NULL) {
			text = g_strdup_printf("the changed %.*s is now %s", (int)(saved - path),
					       path, saved + strlen(" saved as "));
		}
		if (text != NULL) {
			add_once(out, g_strchomp(text));
		}
	}
	return finish_text(out);
}

bool rpm_exec(const struct package_run *run, const char *const *argv, const char *const *env,
	      unsigned flags, bool (*busy)(const struct proc_result *result),
	      struct proc_result *result, GError **error)
{
	int64_t until = g_get_monotonic_time() + (int64_t)run->lock_wait * G_USEC_PER_SEC;

	for (;;) {
		g_auto(proc_output) now = {0};

		if (!package_exec(run, argv, env, RUN_TIMEOUT, flags, &now, error)) {
			return false;
		}
		if (!busy(&now)) {
			*result = now;
			now = (struct proc_result){0};
			return true;
		}
		if (g_get_monotonic_time() >= until) {
			g_autofree char *text =
				rpm_one_line(now.err->len > 0 ? now.err->str : now.out->str, 400);

			return fail(error, PACKAGE_ERROR, PACKAGE_ERROR_BUSY,
				    "locked for more than %u seconds: %s", run->lock_wait, text);
		}
		if (run->stopped != NULL && run->stopped(run->user)) {
			return fail(error, PACKAGE_ERROR, PACKAGE_ERROR_STOPPED, "asked to stop");
		}
		(void)poll(NULL, 0, BUSY_MS);
	}
}

bool rpm_wait_lock(const struct package_run *run, GError **error)
{
	static const char *const places[] = {"/var/lib/rpm/.rpm.lock",
					     "/usr/lib/sysimage/rpm/.rpm.lock"};

	for (size_t i = 0; i < G_N_ELEMENTS(places); i++) {
		if (!package_wait_lock(run, places[i], error)) {
			return false;
		}
	}
	return true;
}

char *rpm_scratch_new(GError **error)
{
	return g_dir_make_tmp("assent-rpm-XXXXXX", error);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

void rpm_scratch_free(char *folder)
{
	if (folder != NULL) {
		(void)nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
		g_free(folder);
	}
}
