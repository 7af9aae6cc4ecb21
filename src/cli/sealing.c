/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reading secrets. */
#include "cli/sealing.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#include "base/autoptr.h"
#include "base/error.h"

void sealing_no_core(void)
{
	const struct rlimit none = {0, 0};

	setrlimit(RLIMIT_CORE, &none);
	prctl(PR_SET_DUMPABLE, 0);
}

/* What would end or stop the program while nothing is shown: it waits until that is over. */
struct prompt {
	struct termios was;
	sigset_t before;
	int signals; /* readable when one waits */
};

static bool prompt_hide(struct prompt *p, GError **error)
{
	static const int held[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP};
	struct termios quiet;
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < G_N_ELEMENTS(held); i++) {
		sigaddset(&set, held[i]);
	}
	p->signals = signalfd(-1, &set, SFD_CLOEXEC);
	if (p->signals < 0 || tcgetattr(STDIN_FILENO, &p->was) != 0) {
		return fail_errno(error, _("cannot hide what is typed"));
	}
	quiet = p->was;
	quiet.c_lflag &= ~(tcflag_t)(ECHO | ECHONL);
	quiet.c_lflag |= ICANON | ISIG;
	sigprocmask(SIG_BLOCK, &set, &p->before);
	if (tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet) != 0) {
		fail_errno(error, _("cannot hide what is typed"));
		sigprocmask(SIG_SETMASK, &p->before, NULL);
		return false;
	}
	return true;
}

/* Signals that waited come now. */
static void prompt_show(struct prompt *p)
{
	(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &p->was);
	sigprocmask(SIG_SETMASK, &p->before, NULL);
}

/* False: a signal waits. */
static bool prompt_wait(const struct prompt *p)
{
	struct pollfd fds[] = {{.fd = p->signals, .events = POLLIN},
			       {.fd = STDIN_FILENO, .events = POLLIN}};

	while (poll(fds, G_N_ELEMENTS(fds), -1) < 0 && errno == EINTR) {
	}
	return fds[0].revents == 0;
}

/* All there is; of a prompt a line, without its end. room: in guarded memory. False with *error,
 * or, when a signal waits, without. */
static bool read_all(int fd, const struct prompt *p, char *room, size_t *len, GError **error)
{
	*len = 0;
	while (*len <= SEAL_MAX_CONTENT) {
		ssize_t got;

		if (p != NULL && !prompt_wait(p)) {
			return false;
		}
		got = read(fd, room + *len, SEAL_MAX_CONTENT + 1 - *len);
		if (got < 0 && errno == EINTR) {
			continue;
		}
		if (got < 0) {
			return fail_errno(error, _("cannot read"));
		}
		*len += (size_t)got;
		if (got == 0 || (p != NULL && room[*len - 1] == '\n')) {
			*len -= p != NULL && *len > 0 && room[*len - 1] == '\n';
			return true;
		}
	}
	return fail(error, BASE_ERROR, BASE_ERROR_LIMIT, _("the secret is larger than %zu bytes"),
		    SEAL_MAX_CONTENT);
}

static bool read_from(int fd, const struct prompt *p, struct seal_bytes **out, GError **error)
{
	char *room = sodium_init() >= 0 ? sodium_malloc(SEAL_MAX_CONTENT + 1) : NULL;
	size_t len;
	bool ok;

	g_assert(room != NULL);
	ok = read_all(fd, p, room, &len, error);
	if (ok && p != NULL && len == 0) {
		ok = fail(error, BASE_ERROR, BASE_ERROR_MALFORMED, _("nothing was typed"));
	}
	if (ok) {
		*out = seal_bytes_new(room, len);
	}
	sodium_free(room);
	return ok;
}

static bool read_hidden(struct cli *cli, struct seal_bytes **out, GError **error)
{
	struct prompt p = {.signals = -1};
	GError *problem = NULL;
	bool ok = false;

	/* Who stopped and goes on is asked again. */
	while (!ok && problem == NULL) {
		if (prompt_hide(&p, &problem)) {
			out_note(cli->out, "%s ", _("Secret (one line, it is not shown):"));
			ok = read_from(STDIN_FILENO, &p, out, &problem);
			prompt_show(&p);
			out_note(cli->out, "\n");
		}
		if (p.signals >= 0) {
			close(p.signals);
		}
	}
	if (problem != NULL) {
		g_propagate_error(error, problem);
	}
	return ok;
}

bool sealing_read(struct cli *cli, const char *file, struct seal_bytes **out, GError **error)
{
	autofd fd = -1;

	if (strcmp(file, "-") == 0) {
		return isatty(STDIN_FILENO) == 1 ? read_hidden(cli, out, error)
						 : read_from(STDIN_FILENO, NULL, out, error);
	}
	fd = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0) {
		return fail_errno(error, _("cannot open '%s'"), file);
	}
	return read_from(fd, NULL, out, error);
}
