/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Makes the sockets to listen on, and judges who connects to the API's. */
#include "agent/http/socket.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "base/autoptr.h"
#include "base/error.h"
#include "base/file.h"

#define BACKLOG 64

static bool make_folder(const char *path, GError **error)
{
	g_autofree char *folder = g_path_get_dirname(path);
	struct stat st;

	if (!file_mkdirs(folder, 0700, error)) {
		return false;
	}
	if (lstat(folder, &st) != 0) {
		return fail_errno(error, "cannot look at '%s'", folder);
	}
	if (!S_ISDIR(st.st_mode) || (st.st_uid != geteuid() && st.st_uid != 0) ||
	    (st.st_mode & 022) != 0) {
		return fail(error, BASE_ERROR, BASE_ERROR_FAILED,
			    "'%s' must be a folder that only you can write; "
			    "choose another 'socket'",
			    folder);
	}
	return true;
}

static bool is_answered(const struct sockaddr_un *address)
{
	autofd fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	return fd >= 0 && (connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0 ||
			   errno == EAGAIN);
}

static bool take_away(const struct sockaddr_un *address, GError **error)
{
	struct stat st;

	if (lstat(address->sun_path, &st) != 0) {
		return errno == ENOENT ||
		       fail_errno(error, "cannot look at '%s'", address->sun_path);
	}
	if (!S_ISSOCK(st.st_mode)) {
		return fail(error, BASE_ERROR, BASE_ERROR_FAILED,
			    "'%s' is there and is no socket; choose another 'socket'",
			    address->sun_path);
	}
	if (is_answered(address)) {
		return fail(error, BASE_ERROR, BASE_ERROR_FAILED, "another program listens on '%s'",
			    address->sun_path);
	}
	return unlink(address->sun_path) == 0 || errno == ENOENT ||
	       fail_errno(error, "cannot remove '%s'", address->sun_path);
}

bool socket_listen(const char *path, int *fd, GError **error)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	autofd own = -1;
	mode_t before;
	int rc;

	if (strlen(path) >= sizeof(address.sun_path)) {
		return fail(error, BASE_ERROR, BASE_ERROR_LIMIT,
			    "the socket's path '%s' is longer than %zu bytes", path,
			    sizeof(address.sun_path) - 1);
	}
	memcpy(address.sun_path, path, strlen(path));
	if (!make_folder(path, error) || !take_away(&address, error)) {
		return false;
	}
	own = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (own < 0) {
		return fail_errno(error, "cannot make a socket");
	}
	before = umask(0177);
	rc = bind(own, (const struct sockaddr *)&address, sizeof(address));
	umask(before);
	if (rc != 0 || listen(own, BACKLOG) != 0) {
		return fail_errno(error, "cannot listen on '%s'", path);
	}
	*fd = fd_steal(&own);
	return true;
}

bool socket_listen_tcp(const struct net_endpoint *endpoint, const char *name, int *fd,
		       GError **error)
{
	const struct sockaddr *address = (const struct sockaddr *)&endpoint->address;
	const int on = 1;
	autofd own = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (own < 0 || setsockopt(own, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0) {
		return fail_errno(error, "cannot make a socket");
	}
	if (address->sa_family == AF_INET6 &&
	    setsockopt(own, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) != 0) {
		return fail_errno(error, "cannot make a socket");
	}
	if (bind(own, address, endpoint->len) != 0 || listen(own, BACKLOG) != 0) {
		return fail_errno(error, "cannot listen on '%s'", name);
	}
	*fd = fd_steal(&own);
	return true;
}

bool socket_peer_is_ours(int fd)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) != 0 || len != sizeof(peer)) {
		return false;
	}
	return peer.uid == geteuid() || peer.uid == 0;
}
