/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The client's side of the ssh-agent protocol. */
#include "cli/sshagent.h"

#include <errno.h>
#include <glib/gi18n.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/autoptr.h"
#include "base/error.h"

#define MAX_MESSAGE (256u << 10) /* OpenSSH's own bound */
#define MAX_KEYS 1000
#define QUICK_MS 10000
#define FOREVER -1

enum message {
	MESSAGE_FAILURE = 5,
	MESSAGE_REQUEST_IDENTITIES = 11,
	MESSAGE_IDENTITIES_ANSWER = 12,
	MESSAGE_SIGN_REQUEST = 13,
	MESSAGE_SIGN_RESPONSE = 14,
};

struct sshagent {
	int fd;
};

/* What is left to read of a message; bad once something did not fit. */
struct reader {
	const uint8_t *at;
	size_t left;
	bool bad;
};

static uint32_t read_u32(struct reader *r)
{
	uint32_t n;

	if (r->bad || r->left < 4) {
		r->bad = true;
		return 0;
	}
	n = (uint32_t)r->at[0] << 24 | (uint32_t)r->at[1] << 16 | (uint32_t)r->at[2] << 8 |
	    r->at[3];
	r->at += 4;
	r->left -= 4;
	return n;
}

static const uint8_t *read_string(struct reader *r, size_t *len)
{
	const uint8_t *start;
	uint32_t n = read_u32(r);

	if (r->bad || n > r->left) {
		r->bad = true;
		*len = 0;
		return NULL;
	}
	start = r->at;
	r->at += n;
	r->left -= n;
	*len = n;
	return start;
}

static void put_u32(GByteArray *out, size_t n)
{
	uint8_t bytes[4] = {(uint8_t)(n >> 24), (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n};

	g_byte_array_append(out, bytes, sizeof(bytes));
}

static void put_string(GByteArray *out, const void *data, size_t len)
{
	put_u32(out, len);
	g_byte_array_append(out, data, (guint)len);
}

bool sshagent_open(const char *path, struct sshagent **out, GError **error)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	const char *where = path != NULL ? path : g_getenv("SSH_AUTH_SOCK");
	autofd fd = -1;

	if (where == NULL || where[0] == '\0') {
		return fail(error, BASE_ERROR, BASE_ERROR_NOT_FOUND,
			    _("no ssh-agent: SSH_AUTH_SOCK is not set"));
	}
	if (strlen(where) >= sizeof(address.sun_path)) {
		return fail(error, BASE_ERROR, BASE_ERROR_LIMIT, _("path too long: '%s'"), where);
	}
	memcpy(address.sun_path, where, strlen(where));
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0) {
		return fail_errno(error, _("cannot make a socket"));
	}
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) != 0) {
		int saved = errno;

		(void)fail_errno(error, _("cannot reach the ssh-agent at '%s'"), where);
		if (error != NULL && saved == ECONNREFUSED) {
			(*error)->code = BASE_ERROR_NOT_FOUND;
		}
		return false;
	}
	*out = g_new0(struct sshagent, 1);
	(*out)->fd = fd_steal(&fd);
	return true;
}

void sshagent_close(struct sshagent *agent)
{
	if (agent != NULL) {
		(void)close(agent->fd);
		g_free(agent);
	}
}

static bool send_all(int fd, const uint8_t *data, size_t len, GError **error)
{
	while (len > 0) {
		ssize_t n = send(fd, data, len, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR) {
			continue;
		}
		if (n < 0) {
			return fail_errno(error, _("cannot write to the ssh-agent"));
		}
		data += n;
		len -= (size_t)n;
	}
	return true;
}

static bool receive(int fd, uint8_t *data, size_t len, int timeout, GError **error)
{
	while (len > 0) {
		struct pollfd wait = {.fd = fd, .events = POLLIN};
		int ready = poll(&wait, 1, timeout);
		ssize_t n;

		if (ready == 0) {
			return fail(error, BASE_ERROR, BASE_ERROR_TIMEOUT,
				    _("the ssh-agent does not answer"));
		}
		n = ready < 0 ? -1 : recv(fd, data, len, 0);
		if (n < 0 && errno == EINTR) {
			continue;
		}
		if (n < 0) {
			return fail_errno(error, _("cannot read from the ssh-agent"));
		}
		if (n == 0) {
			return fail(error, BASE_ERROR, BASE_ERROR_FAILED,
				    _("the ssh-agent closed the connection"));
		}
		data += n;
		len -= (size_t)n;
	}
	return true;
}

/* Sends request (type and body), receives the answer's body when it is of the expected type. */
static bool ask(struct sshagent *agent, const GByteArray *request, enum message expected,
		int timeout, GByteArray **body, GError **error)
{
	g_autoptr(GByteArray) framed = g_byte_array_new();
	g_autoptr(GByteArray) answer = g_byte_array_new();
	uint8_t head[4];
	struct reader r = {.at = head, .left = sizeof(head)};
	uint32_t len;

	put_string(framed, request->data, request->len);
	if (!send_all(agent->fd, framed->data, framed->len, error) ||
	    !receive(agent->fd, head, sizeof(head), timeout, error)) {
		return false;
	}
	len = read_u32(&r);
	if (len < 1 || len > MAX_MESSAGE) {
		return fail(error, BASE_ERROR, BASE_ERROR_LIMIT,
			    ngettext("the ssh-agent's answer has %u byte",
				     "the ssh-agent's answer has %u bytes", len),
			    len);
	}
	g_byte_array_set_size(answer, len);
	if (!receive(agent->fd, answer->data, len, QUICK_MS, error)) {
		return false;
	}
	if (answer->data[0] == MESSAGE_FAILURE) {
		return fail(error, BASE_ERROR, BASE_ERROR_CANCELLED, _("the ssh-agent refused"));
	}
	if (answer->data[0] != expected) {
		return fail(error, BASE_ERROR, BASE_ERROR_MALFORMED,
			    _("the ssh-agent answered with message %u"), answer->data[0]);
	}
	g_byte_array_remove_index(answer, 0);
	*body = g_steal_pointer(&answer);
	return true;
}

static void free_key(void *item)
{
	struct sshagent_key *key = item;

	g_free(key->type);
	g_free(key->comment);
	g_bytes_unref(key->blob);
	g_free(key);
}

static struct sshagent_key *read_key(struct reader *r)
{
	size_t blob_len, comment_len, type_len;
	const uint8_t *blob = read_string(r, &blob_len);
	const uint8_t *comment = read_string(r, &comment_len);
	struct reader inner = {.at = blob, .left = blob_len, .bad = blob == NULL};
	const uint8_t *type = read_string(&inner, &type_len);
	struct sshagent_key *key;

	if (r->bad || inner.bad) {
		r->bad = true;
		return NULL;
	}
	key = g_new0(struct sshagent_key, 1);
	key->type = g_strndup((const char *)type, type_len);
	key->comment = g_strndup((const char *)comment, comment_len);
	key->blob = g_bytes_new(blob, blob_len);
	key->supported = ssh_key_from_blob(&key->key, blob, blob_len, NULL) == 0;
	return key;
}

bool sshagent_list(struct sshagent *agent, GPtrArray **keys, GError **error)
{
	g_autoptr(GByteArray) request = g_byte_array_new(), body = NULL;
	g_autoptr(GPtrArray) found = g_ptr_array_new_with_free_func(free_key);
	struct reader r;
	uint32_t count;

	g_byte_array_append(request, (const uint8_t[]){MESSAGE_REQUEST_IDENTITIES}, 1);
	if (!ask(agent, request, MESSAGE_IDENTITIES_ANSWER, QUICK_MS, &body, error)) {
		return false;
	}
	r = (struct reader){.at = body->data, .left = body->len};
	count = read_u32(&r);
	for (uint32_t i = 0; i < count && count <= MAX_KEYS && !r.bad; i++) {
		struct sshagent_key *key = read_key(&r);

		if (key != NULL) {
			g_ptr_array_add(found, key);
		}
	}
	if (r.bad || r.left != 0 || count != found->len) {
		return fail(error, BASE_ERROR, BASE_ERROR_MALFORMED,
			    _("the ssh-agent's list of keys is malformed"));
	}
	*keys = g_steal_pointer(&found);
	return true;
}

/* A signature is nothing until it is verified: the agent is another program. */
static bool armor_answer(const GByteArray *body, const struct ssh_key *key, const char *ns,
			 const void *msg, size_t len, char **armor, GError **error)
{
	struct reader r = {.at = body->data, .left = body->len};
	size_t inner_len;
	const uint8_t *inner = read_string(&r, &inner_len);
	struct assent_error core;
	struct sshsig sig;

	if (r.bad || r.left != 0) {
		return fail(error, BASE_ERROR, BASE_ERROR_MALFORMED,
			    _("the ssh-agent's signature is malformed"));
	}
	if (sshsig_from_inner(&sig, key, ns, "sha512", inner, inner_len, &core) != 0 ||
	    sshsig_verify(&sig, ns, msg, len, &core) != 0 ||
	    sshsig_armor(armor, &sig, &core) != 0) {
		return fail_core(error, &core, "the ssh-agent's signature is not accepted");
	}
	return true;
}

bool sshagent_sign(struct sshagent *agent, const struct sshagent_key *key, const char *ns,
		   const void *msg, size_t len, char **armor, GError **error)
{
	g_autoptr(GByteArray) request = g_byte_array_new(), body = NULL;
	struct assent_error core;
	autocfree uint8_t *data = NULL;
	size_t data_len = 0, blob_len;
	const void *blob = g_bytes_get_data(key->blob, &blob_len);

	if (!key->supported) {
		return fail(error, BASE_ERROR, BASE_ERROR_FAILED,
			    _("keys of type '%s' cannot sign"), key->type);
	}
	if (sshsig_signed_bytes(&data, &data_len, ns, "sha512", msg, len, &core) != 0) {
		return fail_core(error, &core, "cannot build what is to be signed");
	}
	g_byte_array_append(request, (const uint8_t[]){MESSAGE_SIGN_REQUEST}, 1);
	put_string(request, blob, blob_len);
	put_string(request, data, data_len);
	put_u32(request, 0);
	return ask(agent, request, MESSAGE_SIGN_RESPONSE, FOREVER, &body, error) &&
	       armor_answer(body, &key->key, ns, msg, len, armor, error);
}
