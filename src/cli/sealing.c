/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reading secrets. */
#include "cli/sealing.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
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

/* All there is, or a line. room: in guarded memory. */
static bool read_all(int fd, bool line, char *room, size_t *len, GError **error)
{
	*len = 0;
	while (*len <= SEAL_MAX_CONTENT) {
		ssize_t got = read(fd, room + *len, SEAL_MAX_CONTENT + 1 - *len);

		if (got < 0 && errno == EINTR) {
			continue;
		}
		if (got < 0) {
			return fail_errno(error, _("cannot read"));
		}
		*len += (size_t)got;
		if (got == 0 || (line && room[*len - 1] == '\n')) {
			*len -= line && *len > 0 && room[*len - 1] == '\n';
			return true;
		}
	}
	return fail(error, BASE_ERROR, BASE_ERROR_LIMIT, _("the secret is larger than %zu bytes"),
		    SEAL_MAX_CONTENT);
}

static bool read_from(int fd, bool line, struct seal_bytes **out, GError **error)
{
	char *room = sodium_init() >= 0 ? sodium_malloc(SEAL_MAX_CONTENT + 1) : NULL;
	size_t len;
	bool ok;

	g_assert(room != NULL);
	ok = read_all(fd, line, room, &len, error);
	if (ok) {
		*out = seal_bytes_new(room, len);
	}
	sodium_free(room);
	return ok;
}

static bool read_hidden(struct cli *cli, struct seal_bytes **out, GError **error)
{
	struct termios was, quiet;
	bool ok;

	if (tcgetattr(STDIN_FILENO, &was) != 0) {
		return fail_errno(error, _("cannot hide what is typed"));
	}
	quiet = was;
	quiet.c_lflag &= ~(tcflag_t)ECHO;
	if (tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet) != 0) {
		return fail_errno(error, _("cannot hide what is typed"));
	}
	out_note(cli->out, "%s ", _("Secret (one line, it is not shown):"));
	ok = read_from(STDIN_FILENO, true, out, error);
	(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &was);
	out_note(cli->out, "\n");
	return ok;
}

bool sealing_read(struct cli *cli, const char *file, struct seal_bytes **out, GError **error)
{
	autofd fd = -1;

	if (strcmp(file, "-") == 0) {
		return isatty(STDIN_FILENO) == 1 ? read_hidden(cli, out, error)
						 : read_from(STDIN_FILENO, false, out, error);
	}
	fd = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0) {
		return fail_errno(error, _("cannot open '%s'"), file);
	}
	return read_from(fd, false, out, error);
}
