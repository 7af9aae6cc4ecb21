/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Draws the live view and listens to keys, signals and the agent. */
#include "cli/live.h"

#include <errno.h>
#include <glib/gi18n.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#include "base/autoptr.h"
#include "base/error.h"
#include "base/text.h"
#include "cli/frame.h"
#include "core/hash.h"

#define TICK 1000	/* milliseconds */
#define LOG_LINES 200	/* that are kept */
#define LOG_AT_ONCE 200 /* entries asked for */

/* The other screen, without a cursor; and back. */
#define ENTER "\033[?1049h\033[?25l\033[2J"
#define LEAVE "\033[?25h\033[?1049l"

/* What of an entry says most in one line, in this order. */
static const char *const told[] = {"outcome", "result", "kind", "decision", "person",
				   "commit",  "reason", "text", NULL};

struct live {
	struct cli *cli;
	struct termios before;
	int signals;
	struct api_list *stacks;
	GPtrArray *log;	  /* lines, newest last */
	int64_t size;	  /* of the log that was read, -1: none of it */
	char *problem;	  /* NULL: the agent answers */
	GPtrArray *shown; /* NULL: nothing, draw all */
	bool over;
};

static void append_member(GString *line, struct json_obj *fields, const char *name)
{
	const char *text = json_str_opt(fields, name, ENTRY_MAX_SIZE);

	if (text != NULL && text[0] != '\0') {
		g_string_append_printf(line, " %s", text);
	}
}

char *live_entry(struct entry *entry)
{
	g_autofree char *time = text_time(entry->time);
	g_autoptr(GString) line = g_string_new(time);
	const char *plan = json_str_opt(&entry->fields, "plan", HASH_TEXT_SIZE);

	g_string_append_printf(line, " %s", entry_type_names[entry->type]);
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
	return g_string_free(g_steal_pointer(&line), FALSE);
}

static bool enter(struct live *l)
{
	struct termios raw = l->before;

	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	raw.c_cc[VMIN] = 1;
	raw.c_cc[VTIME] = 0;
	if (tcsetattr(STDIN_FILENO, TCSAFLUSH, &raw) != 0) {
		return false;
	}
	g_clear_pointer(&l->shown, g_ptr_array_unref);
	out_write(l->cli->out, ENTER, strlen(ENTER));
	return true;
}

static void leave(struct live *l)
{
	out_write(l->cli->out, LEAVE, strlen(LEAVE));
	(void)fflush(stdout);
	(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &l->before);
}

static void measure(unsigned *width, unsigned *height)
{
	struct winsize size;

	*width = 80;
	*height = 24;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 && size.ws_row > 0) {
		*width = size.ws_col;
		*height = size.ws_row;
	}
}

static bool draw(struct live *l)
{
	const struct frame_view view = {l->stacks, l->log, l->problem,
					g_get_real_time() / G_USEC_PER_SEC};
	struct out *out = l->cli->out;
	unsigned width, height;
	GPtrArray *lines;

	measure(&width, &height);
	lines = frame_make(out, &view, width, height);
	if (frame_equal(lines, l->shown)) {
		g_ptr_array_unref(lines);
		return true;
	}
	out_printf(out, "\033[H");
	for (unsigned i = 0; i < lines->len; i++) {
		const struct frame_line *line = lines->pdata[i];

		if (line->style >= 0) {
			out_styled(out, (enum out_style)line->style, "%s", line->text);
		} else {
			out_printf(out, "%s", line->text);
		}
		out_printf(out, "\033[K%s", i + 1 < lines->len ? "\r\n" : "");
	}
	out_printf(out, "\033[J");
	g_clear_pointer(&l->shown, g_ptr_array_unref);
	l->shown = lines;
	return fflush(stdout) == 0;
}

static void take_entry(struct live *l, const struct json_value *value)
{
	struct json_writer *w = json_writer_new(JSON_CANONICAL);
	autocfree char *bytes = NULL;
	struct entry entry = {0};
	size_t len;

	json_w_value(w, NULL, value);
	if (json_writer_finish(w, &bytes, &len, NULL) == 0 &&
	    entry_parse(&entry, bytes, len, NULL) == 0) {
		g_ptr_array_add(l->log, live_entry(&entry));
		if (l->log->len > LOG_LINES) {
			g_ptr_array_remove_index(l->log, 0);
		}
	}
	entry_clear(&entry);
}

static bool read_log(struct live *l, int64_t from, GError **error)
{
	g_autofree char *path = g_strdup_printf("/v1/log?from=%" PRId64 "&count=%d",
						(gint64)MAX(from, 0), LOG_AT_ONCE);
	g_autoptr(json_doc_auto) doc = NULL;
	struct json_obj root, item;
	struct json_arr arr;
	int64_t size;
	size_t n;

	if (!client_get_json(l->cli->client, path, &doc, error)) {
		return false;
	}
	json_doc_root(doc, &root);
	size = json_int(&root, "size", 0, JSON_MAX_INT);
	n = json_arr_get(&root, "entries", LOG_AT_ONCE, &arr);
	if (!client_check(doc, path, error)) {
		return false;
	}
	for (size_t i = 0; i < n && json_arr_obj(&arr, i, &item); i++) {
		take_entry(l, item.value);
	}
	/* Far behind, only the newest count. */
	l->size = MAX(from, 0) + (int64_t)n;
	if (size - l->size > LOG_LINES) {
		l->size = size - LOG_LINES;
	}
	return true;
}

static bool read_agent(struct live *l, GError **error)
{
	struct api_list *stacks = NULL;

	if (!api_status(l->cli->client, &stacks, error)) {
		return false;
	}
	api_list_free(l->stacks);
	l->stacks = stacks;
	if (l->size < 0) { // where the log ends
		struct api_info *info;

		if (!api_info(l->cli->client, &info, error)) {
			return false;
		}
		l->size = MAX(info->size - LOG_LINES, 0);
		api_info_free(info);
	}
	return read_log(l, l->size, error);
}

static void look(struct live *l)
{
	g_autoptr(GError) error = NULL;

	g_clear_pointer(&l->problem, g_free);
	if (!read_agent(l, &error)) {
		l->problem = g_strdup(error->message);
	}
}

/* False: it ends. */
static bool on_signal(struct live *l)
{
	struct signalfd_siginfo info;

	if (read(l->signals, &info, sizeof(info)) != (ssize_t)sizeof(info)) {
		return true;
	}
	switch (info.ssi_signo) {
	case SIGTSTP:
		leave(l);
		(void)raise(SIGSTOP);
		return enter(l);
	case SIGWINCH:
	case SIGCONT:
		g_clear_pointer(&l->shown, g_ptr_array_unref);
		out_write(l->cli->out, "\033[2J", 4);
		return true;
	default:
		return false;
	}
}

static bool on_key(void)
{
	char key[64];
	ssize_t n = read(STDIN_FILENO, key, sizeof(key));

	if (n <= 0) {
		return n < 0 && errno == EINTR;
	}
	return memchr(key, 'q', (size_t)n) == NULL && memchr(key, 'Q', (size_t)n) == NULL;
}

/* Keys and signals; timeout in milliseconds. False: errno says why. */
static bool take_events(struct live *l, int timeout)
{
	struct pollfd fds[] = {{.fd = STDIN_FILENO, .events = POLLIN},
			       {.fd = l->signals, .events = POLLIN}};

	if (poll(fds, G_N_ELEMENTS(fds), timeout) < 0) {
		return errno == EINTR;
	}
	if ((fds[1].revents != 0 && !on_signal(l)) || (fds[0].revents != 0 && !on_key())) {
		l->over = true;
	}
	return true;
}

/* An agent that does not answer must not keep anybody here. */
static bool gives_up(void *user)
{
	struct live *l = user;

	if (!l->over && (!take_events(l, 0) || !draw(l))) {
		l->over = true;
	}
	return l->over;
}

static bool loop(struct live *l, GError **error)
{
	gint64 due = 0;

	while (!l->over) {
		gint64 now = g_get_monotonic_time() / 1000;

		if (now >= due) {
			look(l);
			due = g_get_monotonic_time() / 1000 + TICK;
			continue;
		}
		if (!draw(l)) {
			return fail_errno(error, _("cannot write the output"));
		}
		if (!take_events(l, (int)MAX(due - now, 0))) {
			return fail_errno(error, _("cannot wait for keys"));
		}
	}
	return true;
}

static bool run(struct live *l, GError **error)
{
	bool good;

	if (!enter(l)) {
		return fail_errno(error, _("cannot set up the terminal"));
	}
	client_set_stopped(l->cli->client, gives_up, l);
	good = loop(l, error);
	client_set_stopped(l->cli->client, NULL, NULL);
	leave(l);
	return good;
}

bool live_run(struct cli *cli, GError **error)
{
	static const int caught[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGCONT, SIGWINCH};
	struct live l = {.cli = cli, .size = -1};
	sigset_t set, before;
	bool good;

	if (tcgetattr(STDIN_FILENO, &l.before) != 0) {
		return fail_errno(error, _("cannot set up the terminal"));
	}
	sigemptyset(&set);
	for (size_t i = 0; i < G_N_ELEMENTS(caught); i++) {
		sigaddset(&set, caught[i]);
	}
	(void)sigprocmask(SIG_BLOCK, &set, &before);
	l.signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	l.log = g_ptr_array_new_with_free_func(g_free);
	good = l.signals >= 0 ? run(&l, error) : fail_errno(error, _("cannot set up the terminal"));
	if (l.signals >= 0) {
		(void)close(l.signals);
	}
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	g_clear_pointer(&l.shown, g_ptr_array_unref);
	g_ptr_array_unref(l.log);
	g_free(l.problem);
	api_list_free(l.stacks);
	return good;
}
