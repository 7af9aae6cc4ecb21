/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Messages to the service manager. */
#include "base/sdnotify.h"

#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/autoptr.h"

void sdnotify(const char *format, ...)
{
	const char *path = g_getenv("NOTIFY_SOCKET");
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	g_autofree char *text = NULL;
	autofd fd = -1;
	va_list args;

	if (path == NULL || strlen(path) >= sizeof(address.sun_path)) {
		return;
	}
	va_start(args, format);
	text = g_strdup_vprintf(format, args);
	va_end(args);
	memcpy(address.sun_path, path, strlen(path));
	if (address.sun_path[0] == '@') {
		address.sun_path[0] = '\0';
	}
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd >= 0) {
		socklen_t len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path));

		(void)!sendto(fd, text, strlen(text), MSG_NOSIGNAL,
			      (const struct sockaddr *)&address, len);
	}
}

unsigned sdnotify_watchdog(void)
{
	const char *micros = g_getenv("WATCHDOG_USEC");
	const char *pid = g_getenv("WATCHDOG_PID");
	guint64 value = 0, owner = 0;

	if (micros == NULL ||
	    !g_ascii_string_to_unsigned(micros, 10, 2000, G_MAXUINT32, &value, NULL)) {
		return 0;
	}
	if (pid != NULL && (!g_ascii_string_to_unsigned(pid, 10, 1, G_MAXINT32, &owner, NULL) ||
			    (pid_t)owner != getpid())) {
		return 0;
	}
	return (unsigned)(value / 2000);
}
