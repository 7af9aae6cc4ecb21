/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Standard output of a command: colour, pager, JSON. */
#include "cli/out.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/autoptr.h"
#include "base/error.h"
#include "base/text.h"
#include "cli/problem.h"

#define SCHEMA_VERSION 1

struct out {
	FILE *stream; /* standard output, or the pager's standard input */
	bool json, terminal, colour, pager, ascii;
	GPid pager_pid; /* 0: none */
};

static const char *variable(const char *name)
{
	const char *value = g_getenv(name);

	return value != NULL && value[0] != '\0' ? value : NULL;
}

/* no-color.org and bixense.com/clicolors; the option beats both. */
static bool wants_colour(const struct out_options *options, bool terminal)
{
	const char *forced = variable("CLICOLOR_FORCE");

	if (options->colour != OUT_COLOUR_AUTO) {
		return options->colour == OUT_COLOUR_ALWAYS;
	}
	if (variable("NO_COLOR") != NULL) {
		return false;
	}
	if (forced != NULL && strcmp(forced, "0") != 0) {
		return true;
	}
	return terminal && g_strcmp0(g_getenv("TERM"), "dumb") != 0;
}

struct out *out_new(const struct out_options *options)
{
	struct out *out = g_new0(struct out, 1);

	out->stream = stdout;
	out->json = options->json;
	out->terminal = isatty(STDOUT_FILENO) == 1;
	out->colour = !options->json && wants_colour(options, out->terminal);
	out->pager = options->pager && out->terminal && !options->json;
	out->ascii = !g_get_charset(NULL);
	return out;
}

bool out_free(struct out *out)
{
	int status = 0;
	bool ok;

	if (out == NULL) {
		return true;
	}
	ok = fflush(out->stream) == 0 && ferror(out->stream) == 0;
	if (out->pager_pid != 0) {
		(void)fclose(out->stream);
		while (waitpid(out->pager_pid, &status, 0) < 0 && errno == EINTR) {
		}
		/* Whoever quits the pager early has seen enough; a pager that the shell
		 * cannot run has shown nothing. */
		ok = !WIFEXITED(status) || WEXITSTATUS(status) < 126;
	}
	g_free(out);
	return ok;
}

bool out_is_json(const struct out *out)
{
	return out->json;
}

void out_write(struct out *out, const char *bytes, size_t len)
{
	(void)fwrite(bytes, 1, len, out->stream);
}

void out_printf(struct out *out, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)vfprintf(out->stream, format, args);
	va_end(args);
}

void out_styled(struct out *out, enum out_style style, const char *format, ...)
{
	static const char *const codes[] = {
		[STYLE_BOLD] = "1",    [STYLE_DIM] = "2",    [STYLE_GOOD] = "32",
		[STYLE_BAD] = "1;31",  [STYLE_WARN] = "33",  [STYLE_ADD] = "32",
		[STYLE_REMOVE] = "31", [STYLE_PLACE] = "36",
	};
	va_list args;

	if (out->colour) {
		(void)fprintf(out->stream, "\033[%sm", codes[style]);
	}
	va_start(args, format);
	(void)vfprintf(out->stream, format, args);
	va_end(args);
	if (out->colour) {
		(void)fputs("\033[0m", out->stream);
	}
}

unsigned out_text_flags(const struct out *out)
{
	return out->ascii ? TEXT_ASCII : 0;
}

char *out_safe(const struct out *out, const char *text)
{
	return text_escape(text, -1, out_text_flags(out));
}

static bool has_program(const char *name)
{
	g_autofree char *path = g_find_program_in_path(name);

	return path != NULL;
}

static const char *pager_command(void)
{
	const char *command = g_getenv("ASSENT_PAGER");

	if (command == NULL) {
		command = variable("PAGER");
	}
	if (command != NULL) {
		return command;
	}
	return has_program("less") ? "less" : "";
}

void out_page(struct out *out)
{
	const char *command = pager_command();
	const char *argv[] = {"/bin/sh", "-c", command, NULL};
	g_auto(GStrv) env = NULL;
	int input = -1;

	if (!out->pager || out->pager_pid != 0 || command[0] == '\0' ||
	    strcmp(command, "cat") == 0) {
		return;
	}
	env = g_environ_setenv(g_get_environ(), "LESS", "FRX", FALSE);
	if (!g_spawn_async_with_pipes(NULL, (char **)argv, env, G_SPAWN_DO_NOT_REAP_CHILD, NULL,
				      NULL, &out->pager_pid, &input, NULL, NULL, NULL)) {
		out->pager_pid = 0;
		return; /* without a pager, then */
	}
	/* A pager that is quit early is no failure of the command. */
	(void)signal(SIGPIPE, SIG_IGN);
	(void)fflush(stdout);
	out->stream = fdopen(input, "w");
	g_assert(out->stream != NULL);
}

struct json_writer *out_json_begin(struct out *out)
{
	struct json_writer *w = json_writer_new(0);

	g_assert(w != NULL && out->json);
	json_w_object(w, NULL);
	json_w_int(w, "schema_version", SCHEMA_VERSION);
	return w;
}

bool out_json_end(struct out *out, struct json_writer *w, GError **error)
{
	struct assent_error core;
	autocfree char *text = NULL;
	size_t len = 0;

	json_w_end(w);
	if (json_writer_finish(w, &text, &len, &core) != 0) {
		return fail_core(error, &core, "cannot write the answer as JSON");
	}
	out_printf(out, "%s\n", text);
	return true;
}

bool out_text(struct out *out, const char *name, const char *text, GError **error)
{
	struct json_writer *w;

	if (!out->json) {
		out_write(out, text, strlen(text));
		return true;
	}
	w = out_json_begin(out);
	json_w_str(w, name, text);
	return out_json_end(out, w, error);
}

static bool print_json_error(const GError *error)
{
	struct json_writer *w = json_writer_new(0);
	/* Messages may quote bytes that are not UTF-8, which JSON cannot hold. */
	g_autofree char *message = g_utf8_make_valid(error->message, -1);
	g_autofree char *hint =
		problem_hint(error) != NULL ? g_utf8_make_valid(problem_hint(error), -1) : NULL;
	autocfree char *text = NULL;
	size_t len = 0;

	json_w_object(w, NULL);
	json_w_int(w, "schema_version", SCHEMA_VERSION);
	json_w_object(w, "error");
	json_w_str(w, "code", problem_name(error));
	json_w_str(w, "message", message);
	if (hint != NULL) {
		json_w_str(w, "hint", hint);
	}
	json_w_end(w);
	json_w_end(w);
	if (json_writer_finish(w, &text, &len, NULL) != 0) {
		return false;
	}
	(void)fprintf(stderr, "%s\n", text);
	return true;
}

/* Lines of a message are kept, everything else in them is made harmless. */
static void print_lines(const char *prefix, const char *text)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

	for (size_t i = 0; lines[i] != NULL; i++) {
		g_autofree char *safe = text_escape(
			lines[i], -1, TEXT_SENTENCE | (g_get_charset(NULL) ? 0 : TEXT_ASCII));

		(void)fprintf(stderr, "%s%s\n", i == 0 ? prefix : "", safe);
	}
}

void out_error(bool json, const GError *error)
{
	if (json && print_json_error(error)) {
		return;
	}
	print_lines("assent: ", error->message);
	if (problem_hint(error) != NULL) {
		print_lines("", problem_hint(error));
	}
}

void out_note(const struct out *out, const char *format, ...)
{
	va_list args;

	if (out->json) {
		return;
	}
	(void)fflush(out->stream); /* in the order in which it was said */
	va_start(args, format);
	(void)vfprintf(stderr, format, args);
	va_end(args);
}

void out_field(struct out *out, const char *name, const char *format, ...)
{
	g_autofree char *value = NULL, *safe = NULL;
	va_list args;

	va_start(args, format);
	value = g_strdup_vprintf(format, args);
	va_end(args);
	safe = text_escape(value, -1, out_text_flags(out) | TEXT_SENTENCE);
	out_printf(out, "  %s%*s %s\n", name, MAX(0, OUT_FIELD - (int)text_width(name)), "", safe);
}
