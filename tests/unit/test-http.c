/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of base/http.c against a small server on loopback and on a Unix socket. */
#include "base/http.h"

#include "base/error.h"

#include <gio/gio.h>
#include <gio/gunixsocketaddress.h>
#include <glib/gstdio.h>
#include <string.h>

struct rig {
	GSocketListener *listener;
	int stop; /* atomic */
	GThread *thread;
	guint16 port;
	char *dir, *socket;
};

/* "METHOD PATH", then the body. */
static char *read_request(GInputStream *in, char **body)
{
	g_autoptr(GDataInputStream) lines = g_data_input_stream_new(in);
	char *first = g_data_input_stream_read_line(lines, NULL, NULL, NULL);
	size_t len = 0;
	char *line;

	g_data_input_stream_set_newline_type(lines, G_DATA_STREAM_NEWLINE_TYPE_CR_LF);
	while ((line = g_data_input_stream_read_line(lines, NULL, NULL, NULL)) != NULL &&
	       line[0] != '\0' && line[0] != '\r') {
		if (g_ascii_strncasecmp(line, "content-length:", 15) == 0) {
			len = g_ascii_strtoull(line + 15, NULL, 10);
		}
		g_free(line);
	}
	g_free(line);
	*body = g_malloc0(len + 1);
	g_input_stream_read_all(G_INPUT_STREAM(lines), *body, len, NULL, NULL, NULL);
	return first;
}

static void serve(GSocketConnection *connection)
{
	GOutputStream *out = g_io_stream_get_output_stream(G_IO_STREAM(connection));
	g_autofree char *body = NULL;
	g_autofree char *first =
		read_request(g_io_stream_get_input_stream(G_IO_STREAM(connection)), &body);
	g_autoptr(GString) answer = g_string_new(NULL);
	const char *path = first == NULL ? "" : strchr(first, '/');

	if (g_str_has_prefix(path, "/silent")) {
		g_usleep(3 * G_USEC_PER_SEC);
		return;
	}
	if (g_str_has_prefix(path, "/redirect")) {
		g_string_append(answer, "HTTP/1.1 302 Found\r\nLocation: /ok\r\n");
	} else if (g_str_has_prefix(path, "/missing")) {
		g_string_append(answer, "HTTP/1.1 404 Not Found\r\n");
	} else {
		g_string_append(answer, "HTTP/1.1 200 OK\r\n");
	}
	g_string_append(answer, "Content-Type: text/plain\r\nConnection: close\r\n\r\n");
	if (g_str_has_prefix(path, "/lines")) {
		g_string_append(answer, "one\ntwo\n\nthree");
	} else if (g_str_has_prefix(path, "/big")) {
		g_autofree char *fill = g_strnfill(5000, 'x');

		g_string_append(answer, fill);
	} else {
		g_string_append_printf(answer, "%.*s|%s", (int)strcspn(first, " "), first, body);
	}
	g_output_stream_write_all(out, answer->str, answer->len, NULL, NULL, NULL);
}

/* One request after the other. */
static gpointer server_thread(gpointer data)
{
	struct rig *rig = data;
	GSocketConnection *connection;

	for (;;) {
		connection = g_socket_listener_accept(rig->listener, NULL, NULL, NULL);
		if (g_atomic_int_get(&rig->stop) != 0) {
			break;
		}
		serve(connection);
		g_object_unref(connection);
	}
	g_clear_object(&connection);
	return NULL;
}

static void rig_up(struct rig *rig, const void *data)
{
	g_autoptr(GSocketAddress) address = NULL;

	rig->listener = g_socket_listener_new();
	rig->dir = g_dir_make_tmp("assent-http-XXXXXX", NULL);
	rig->socket = g_build_filename(rig->dir, "s", NULL);
	address = g_unix_socket_address_new(rig->socket);
	g_assert_true(g_socket_listener_add_address(rig->listener, address, G_SOCKET_TYPE_STREAM,
						    G_SOCKET_PROTOCOL_DEFAULT, NULL, NULL, NULL));
	rig->port = g_socket_listener_add_any_inet_port(rig->listener, NULL, NULL);
	g_assert_cmpuint(rig->port, !=, 0);
	rig->thread = g_thread_new("server", server_thread, rig);
}

static void rig_down(struct rig *rig, const void *data)
{
	g_autoptr(GSocketClient) client = g_socket_client_new();
	g_autoptr(GSocketConnection) last = NULL;

	g_atomic_int_set(&rig->stop, 1);
	last = g_socket_client_connect_to_host(client, "127.0.0.1", rig->port, NULL, NULL);
	g_thread_join(rig->thread);
	g_socket_listener_close(rig->listener);
	g_object_unref(rig->listener);
	g_unlink(rig->socket);
	g_rmdir(rig->dir);
	g_free(rig->socket);
	g_free(rig->dir);
}

struct call {
	struct rig *rig;
	struct http_request request;
	struct http_answer answer;
	http_line_fn line;
	void *user;
	bool ok;
	GError *error;
};

static void perform(struct call *call, const char *path, bool over_socket)
{
	g_autofree char *url =
		over_socket ? g_strconcat("http://agent", path, NULL)
			    : g_strdup_printf("http://u:pw@localhost:%u%s", call->rig->port, path);

	call->request.url = url;
	call->request.socket = over_socket ? call->rig->socket : NULL;
	call->request.method = call->request.method == NULL ? "GET" : call->request.method;
	call->ok = call->line == NULL
			   ? http_perform(&call->request, &call->answer, &call->error)
			   : http_stream(&call->request, call->line, call->user, &call->error);
}

static void test_get(struct rig *rig, const void *data)
{
	for (int over_socket = 0; over_socket < 2; over_socket++) {
		struct call call = {.rig = rig};

		perform(&call, "/ok", over_socket);
		g_assert_no_error(call.error);
		g_assert_cmpint(call.answer.status, ==, 200);
		g_assert_cmpstr(call.answer.body->str, ==, "GET|");
		g_assert_cmpstr(call.answer.content_type, ==, "text/plain");
		http_answer_clear(&call.answer);
		http_answer_clear(&call.answer);
	}
}

static void test_post(struct rig *rig, const void *data)
{
	struct call call = {.rig = rig, .request.method = "POST", .request.body = "{\"a\":1}"};
	struct call empty = {.rig = rig, .request.method = "POST"};

	call.request.body_len = 7;
	perform(&call, "/ok", true);
	g_assert_no_error(call.error);
	g_assert_cmpstr(call.answer.body->str, ==, "POST|{\"a\":1}");
	http_answer_clear(&call.answer);
	perform(&empty, "/ok", true);
	g_assert_no_error(empty.error);
	g_assert_cmpstr(empty.answer.body->str, ==, "POST|");
	http_answer_clear(&empty.answer);
}

static void test_status_is_no_error(struct rig *rig, const void *data)
{
	struct call call = {.rig = rig};

	perform(&call, "/missing", false);
	g_assert_no_error(call.error);
	g_assert_cmpint(call.answer.status, ==, 404);
	http_answer_clear(&call.answer);
}

static void expect_error(struct rig *rig, struct call call, const char *path, int code,
			 const char *text)
{
	call.rig = rig;
	perform(&call, path, false);
	g_assert_false(call.ok);
	g_assert_error(call.error, BASE_ERROR, code);
	g_assert_nonnull(strstr(call.error->message, text));
	g_assert_null(strstr(call.error->message, "pw"));
	g_assert_null(call.answer.body);
	g_clear_error(&call.error);
}

static void test_redirect_is_refused(struct rig *rig, const void *data)
{
	expect_error(rig, (struct call){0}, "/redirect", BASE_ERROR_FAILED, "redirects (HTTP 302)");
}

static void test_large_body_is_refused(struct rig *rig, const void *data)
{
	struct call fits = {.rig = rig, .request.max_body = 5000};

	expect_error(rig, (struct call){.request.max_body = 4999}, "/big", BASE_ERROR_LIMIT,
		     "longer than 4999 bytes");
	perform(&fits, "/big", false);
	g_assert_no_error(fits.error);
	g_assert_cmpuint(fits.answer.body->len, ==, 5000);
	http_answer_clear(&fits.answer);
}

static void test_silence_times_out(struct rig *rig, const void *data)
{
	expect_error(rig, (struct call){.request.timeout = 1}, "/silent", BASE_ERROR_TIMEOUT,
		     "within 1 seconds");
}

static void test_nobody_listens(struct rig *rig, const void *data)
{
	struct call call = {.rig = rig};

	g_unlink(rig->socket);
	perform(&call, "/ok", true);
	g_assert_error(call.error, BASE_ERROR, BASE_ERROR_NOT_FOUND);
	g_assert_nonnull(strstr(call.error->message, rig->socket));
	g_clear_error(&call.error);
}

static bool on_line(const char *line, size_t len, void *user)
{
	GString *all = user;

	g_string_append_printf(all, "[%.*s]", (int)len, line);
	return strcmp(line, "two") != 0 || all->str[0] != '!';
}

static void test_stream_gives_lines(struct rig *rig, const void *data)
{
	g_autoptr(GString) all = g_string_new(NULL);
	g_autoptr(GString) some = g_string_new("!");
	struct call call = {.rig = rig, .line = on_line, .user = all};
	struct call stop = {.rig = rig, .line = on_line, .user = some};
	struct call missing = {.rig = rig, .line = on_line, .user = all};

	perform(&call, "/lines", true);
	g_assert_no_error(call.error);
	g_assert_cmpstr(all->str, ==, "[one][two][][three]");
	perform(&stop, "/lines", true);
	g_assert_no_error(stop.error);
	g_assert_cmpstr(some->str, ==, "![one][two]");
	perform(&missing, "/missing", true);
	g_assert_error(missing.error, BASE_ERROR, BASE_ERROR_FAILED);
	g_clear_error(&missing.error);
}

static void test_display_hides_userinfo(void)
{
	static const char *const pairs[][2] = {
		{"https://u:p@h/x@y", "https://h/x@y"},
		{"https://u:p@q@h:1", "https://h:1"},
		{"https://h/x@y", "https://h/x@y"},
		{"https://h?u@v", "https://h?u@v"},
		{"host:path", "host:path"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(pairs); i++) {
		g_autofree char *shown = http_url_display(pairs[i][0]);

		g_assert_cmpstr(shown, ==, pairs[i][1]);
	}
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*run)(struct rig *rig, const void *data);
	} tests[] = {
		{"/http/get", test_get},
		{"/http/post", test_post},
		{"/http/status-is-no-error", test_status_is_no_error},
		{"/http/redirect-is-refused", test_redirect_is_refused},
		{"/http/large-body-is-refused", test_large_body_is_refused},
		{"/http/silence-times-out", test_silence_times_out},
		{"/http/nobody-listens", test_nobody_listens},
		{"/http/stream-gives-lines", test_stream_gives_lines},
	};

	g_test_init(&argc, &argv, NULL);
	for (size_t i = 0; i < G_N_ELEMENTS(tests); i++) {
		g_test_add(tests[i].name, struct rig, NULL, rig_up, tests[i].run, rig_down);
	}
	g_test_add_func("/http/display-hides-userinfo", test_display_hides_userinfo);
	return g_test_run();
}
