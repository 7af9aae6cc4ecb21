/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of base/http-client.c against a small server on loopback. */
#include "base/http-client.h"

#include <gio/gio.h>
#include <gio/gunixsocketaddress.h>
#include <string.h>

#include "temp-dir.h"

struct rig {
	GSocketService *service;
	guint16 port;
	GMainLoop *loop;
	struct http_client *client;
	GPtrArray *hanging; /* connections that are never answered */
	/* the newest report */
	long status;
	char *body, *problem;
	int64_t retry_after;
	unsigned reports;
	GString *lines; /* of streams: "^" when one begins, then each line and "|" */
};

static void answer(GString *out, const char *head, const char *request)
{
	if (g_str_has_prefix(head, "POST /busy")) {
		g_string_append(out, "HTTP/1.1 429 No\r\nRetry-After: 17\r\n");
	} else if (g_str_has_prefix(head, "GET /none")) {
		g_string_append(out, "HTTP/1.1 404 No\r\n");
	} else if (g_str_has_prefix(head, "POST /moved")) {
		g_string_append(out, "HTTP/1.1 302 Found\r\nLocation: /ok\r\n");
	} else {
		g_string_append(out, "HTTP/1.1 200 OK\r\n");
	}
	g_string_append(out, "Connection: close\r\n\r\n");
	if (g_str_has_prefix(head, "POST /big")) {
		g_autofree char *fill = g_strnfill(HTTP_CLIENT_ANSWER + 1, 'x');

		g_string_append(out, fill);
	} else if (g_str_has_prefix(head, "GET /stream")) {
		g_string_append(out, "one\n\ntwo\nth");
	} else {
		g_string_append(out, request);
	}
}

static void take_request(GSocketConnection *connection, struct rig *rig)
{
	GOutputStream *to = g_io_stream_get_output_stream(G_IO_STREAM(connection));
	GInputStream *from = g_io_stream_get_input_stream(G_IO_STREAM(connection));
	g_autoptr(GString) request = g_string_new(NULL);
	g_autoptr(GString) out = g_string_new(NULL);
	char buf[4096];
	gssize n;

	while (strstr(request->str, "\r\n\r\n{}") == NULL &&
	       !(g_str_has_prefix(request->str, "GET ") &&
		 g_str_has_suffix(request->str, "\r\n\r\n")) &&
	       (n = g_input_stream_read(from, buf, sizeof(buf), NULL, NULL)) > 0) {
		g_string_append_len(request, buf, n);
	}
	answer(out, request->str, request->str);
	g_output_stream_write_all(to, out->str, out->len, NULL, NULL, NULL);
	g_io_stream_close(G_IO_STREAM(connection), NULL, NULL);
	(void)rig;
}

static gboolean on_incoming(GThreadedSocketService *service, GSocketConnection *connection,
			    GObject *source, void *user)
{
	(void)service;
	(void)source;
	take_request(connection, user);
	return TRUE;
}

/* Takes the connection and says nothing. */
static gboolean on_silence(GSocketService *service, GSocketConnection *connection, GObject *source,
			   void *user)
{
	struct rig *rig = user;

	(void)service;
	(void)source;
	g_ptr_array_add(rig->hanging, g_object_ref(connection));
	return TRUE;
}

static void rig_start(struct rig *rig, bool silent)
{
	*rig = (struct rig){.loop = g_main_loop_new(NULL, FALSE), .client = http_client_new()};
	rig->hanging = g_ptr_array_new_with_free_func(g_object_unref);
	rig->service = silent ? g_socket_service_new() : g_threaded_socket_service_new(4);
	rig->port =
		g_socket_listener_add_any_inet_port(G_SOCKET_LISTENER(rig->service), NULL, NULL);
	g_assert_cmpint(rig->port, !=, 0);
	g_signal_connect(rig->service, silent ? "incoming" : "run",
			 silent ? G_CALLBACK(on_silence) : G_CALLBACK(on_incoming), rig);
	g_socket_service_start(rig->service);
}

static void rig_stop(struct rig *rig)
{
	http_client_free(rig->client);
	g_socket_service_stop(rig->service);
	g_socket_listener_close(G_SOCKET_LISTENER(rig->service));
	g_object_unref(rig->service);
	g_ptr_array_unref(rig->hanging);
	g_main_loop_unref(rig->loop);
	g_free(rig->body);
	g_free(rig->problem);
	if (rig->lines != NULL) {
		g_string_free(rig->lines, TRUE);
	}
}

static void on_done(const struct http_received *received, void *user)
{
	struct rig *rig = user;

	g_free(rig->body);
	g_free(rig->problem);
	rig->status = received->status;
	rig->body = g_strndup(received->body, received->len);
	rig->problem = g_strdup(received->problem);
	rig->retry_after = received->retry_after;
	rig->reports++;
	g_main_loop_quit(rig->loop);
}

static unsigned post(struct rig *rig, guint16 port, const char *path, unsigned timeout)
{
	char *headers[] = {g_strdup("Authorization: Bearer s3cret"), NULL};
	struct http_send send = {
		.url = g_strdup_printf("http://127.0.0.1:%u%s", port, path),
		.headers = g_strdupv(headers),
		.body = g_strdup("{}"),
		.body_len = 2,
		.timeout = timeout,
	};
	unsigned id = http_client_send(rig->client, &send, on_done, rig);

	http_send_clear(&send);
	g_assert_null(send.body);
	g_free(headers[0]);
	return id;
}

static void test_answers(void)
{
	struct rig rig;

	rig_start(&rig, false);
	post(&rig, rig.port, "/ok", 0);
	g_main_loop_run(rig.loop);
	g_assert_cmpint(rig.status, ==, 200);
	g_assert_null(rig.problem);
	g_assert_true(g_str_has_prefix(rig.body, "POST /ok HTTP/1.1\r\n"));
	g_assert_nonnull(strstr(rig.body, "Authorization: Bearer s3cret\r\n"));
	g_assert_nonnull(strstr(rig.body, "Content-Type: application/json; charset=utf-8\r\n"));
	post(&rig, rig.port, "/busy", 0);
	g_main_loop_run(rig.loop);
	g_assert_cmpint(rig.status, ==, 429);
	g_assert_cmpint(rig.retry_after, ==, 17);
	post(&rig, rig.port, "/moved", 0);
	g_main_loop_run(rig.loop);
	g_assert_cmpint(rig.status, ==, 302); // and not what stands at the other place
	g_assert_cmpint(rig.retry_after, ==, 0);
	rig_stop(&rig);
}

static void test_what_is_too_long_is_no_answer(void)
{
	struct rig rig;

	rig_start(&rig, false);
	post(&rig, rig.port, "/big?key=s3cret", 0);
	g_main_loop_run(rig.loop);
	g_assert_cmpint(rig.status, ==, 0);
	g_assert_nonnull(strstr(rig.problem, "longer than"));
	g_assert_null(strstr(rig.problem, "s3cret"));
	rig_stop(&rig);
}

static void test_silence_ends(void)
{
	struct rig rig;
	guint16 port;

	rig_start(&rig, true);
	port = rig.port;
	post(&rig, port, "/hook/s3cret", 1);
	g_main_loop_run(rig.loop);
	g_assert_cmpint(rig.status, ==, 0);
	g_assert_nonnull(rig.problem);
	g_assert_null(strstr(rig.problem, "s3cret"));
	g_socket_service_stop(rig.service);
	g_socket_listener_close(G_SOCKET_LISTENER(rig.service));
	post(&rig, port, "/hook/s3cret", 1); // nobody listens any more
	g_main_loop_run(rig.loop);
	g_assert_cmpint(rig.status, ==, 0);
	g_assert_null(strstr(rig.problem, "s3cret"));
	rig_stop(&rig);
}

static void test_cancelled_is_not_reported(void)
{
	struct rig quiet, rig;
	unsigned id;

	rig_start(&quiet, true);
	rig_start(&rig, false);
	id = http_client_send(rig.client,
			      &(struct http_send){.url = (char *)"http://127.0.0.1:1/x"}, on_done,
			      &rig);
	http_client_cancel(rig.client, id);
	http_client_cancel(rig.client, id); // and once more is harmless
	post(&rig, rig.port, "/ok", 0);
	g_main_loop_run(rig.loop);
	g_assert_cmpuint(rig.reports, ==, 1);
	g_assert_cmpint(rig.status, ==, 200);
	post(&rig, quiet.port, "/ok", 0); // under way when the client goes
	while (g_main_context_iteration(NULL, FALSE)) {
	}
	rig_stop(&rig);
	rig_stop(&quiet);
}

static void on_line(const char *text, size_t len, void *user)
{
	struct rig *rig = user;

	if (text == NULL) {
		g_string_append_c(rig->lines, '^');
		return;
	}
	g_assert_cmpuint(strlen(text), ==, len);
	g_string_append_printf(rig->lines, "%s|", text);
}

static void get_lines(struct rig *rig, const char *socket, const char *path, size_t max)
{
	struct http_send send = {.method = g_strdup("GET"),
				 .url = g_strconcat("http://agent", path, NULL),
				 .socket = g_strdup(socket),
				 .max = max,
				 .line = on_line};

	if (rig->lines != NULL) {
		g_string_free(rig->lines, TRUE);
	}
	rig->lines = g_string_new(NULL);
	(void)http_client_send(rig->client, &send, on_done, rig);
	http_send_clear(&send);
	g_main_loop_run(rig->loop);
}

static void test_streams_of_a_unix_socket(void)
{
	char *dir = temp_new();
	g_autofree char *path = g_build_filename(dir, "s", NULL);
	g_autoptr(GSocketAddress) address = g_unix_socket_address_new(path);
	struct rig rig;

	rig_start(&rig, false);
	g_assert_true(g_socket_listener_add_address(G_SOCKET_LISTENER(rig.service), address,
						    G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_DEFAULT,
						    NULL, NULL, NULL));
	get_lines(&rig, path, "/stream", 0);
	g_assert_cmpint(rig.status, ==, 200);
	g_assert_cmpstr(rig.lines->str, ==, "^one||two|"); // the last one never ended
	get_lines(&rig, path, "/stream", 5);
	g_assert_cmpint(rig.status, ==, 0);
	g_assert_nonnull(strstr(rig.problem, "longer than 5"));
	get_lines(&rig, path, "/none", 0);
	g_assert_cmpint(rig.status, ==, 404);
	g_assert_cmpstr(rig.lines->str, ==, ""); // an error's text is no line
	rig_stop(&rig);
	temp_free(dir);
}

static void test_addresses(void)
{
	static const char *const good[] = {"https://x.example.org", "https://x/a?b",
					   "http://127.0.0.1:80/", "http://[::1]/",
					   "http://localhost"};
	static const char *const bad[] = {"",
					  "https://",
					  "http://example.org/",
					  "http://localhost.example.org/",
					  "http://127.0.0.1.example.org/",
					  "https://a:b@example.org/",
					  "http://localhost@example.org/",
					  "https://a b/",
					  "file:///etc/passwd",
					  "https://a/\n"};
	g_autofree char *shown = http_client_display("https://hooks.example.org/services/s3cret");

	for (size_t i = 0; i < G_N_ELEMENTS(good); i++) {
		g_assert_true(http_client_is_url(good[i]));
	}
	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_test_message("%s", bad[i]);
		g_assert_false(http_client_is_url(bad[i]));
	}
	g_assert_cmpstr(shown, ==, "https://hooks.example.org");
}

/* People copy an address as their browser shows it. */
static void test_joined(void)
{
	static const struct {
		const char *base, *whole;
	} rows[] = {
		{"https://chat.example.org", "https://chat.example.org/api/v4/posts"},
		{"https://chat.example.org/", "https://chat.example.org/api/v4/posts"},
		{"https://example.org/chat//", "https://example.org/chat/api/v4/posts"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *whole = http_client_join(rows[i].base, "/api/v4/posts");

		g_assert_cmpstr(whole, ==, rows[i].whole);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/http-client/answers", test_answers);
	g_test_add_func("/http-client/what-is-too-long-is-no-answer",
			test_what_is_too_long_is_no_answer);
	g_test_add_func("/http-client/silence-ends", test_silence_ends);
	g_test_add_func("/http-client/cancelled-is-not-reported", test_cancelled_is_not_reported);
	g_test_add_func("/http-client/streams-of-a-unix-socket", test_streams_of_a_unix_socket);
	g_test_add_func("/http-client/addresses", test_addresses);
	g_test_add_func("/http-client/joined", test_joined);
	return g_test_run();
}
