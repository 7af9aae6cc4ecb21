/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The kinds of checks. */
#include "worker/probe.h"

#include <gio/gio.h>
#include <string.h>

#include "base/error.h"
#include "base/http.h"
#include "base/text.h"
#include "worker/target/exec.h"
#include "worker/target/systemd.h"

#define MAX_BODY ((size_t)4 << 20)
#define ASK_MS 200

static bool is_status(const struct plan_check *check, long status)
{
	return check->status > 0 ? status == check->status : status >= 200 && status <= 299;
}

static bool contains(const GString *body, const char *text)
{
	return text == NULL || memmem(body->str, body->len, text, strlen(text)) != NULL;
}

static bool judge_answer(const struct plan_check *check, const struct http_answer *answer,
			 GError **error)
{
	g_autofree char *text = NULL;

	if (!is_status(check, answer->status)) {
		return check->status > 0 ? fail(error, BASE_ERROR, BASE_ERROR_FAILED,
						"the answer is %ld and not %ld", answer->status,
						(long)check->status)
					 : fail(error, BASE_ERROR, BASE_ERROR_FAILED,
						"the answer is %ld", answer->status);
	}
	if (contains(answer->body, check->body)) {
		return true;
	}
	text = text_escape(check->body, -1, 0);
	return fail(error, BASE_ERROR, BASE_ERROR_FAILED,
		    "the answer is %ld, but does not contain '%s'", answer->status, text);
}

static bool try_http(const struct probe *probe, GError **error)
{
	const struct plan_check *check = probe->check;
	const struct http_request request = {.method = "GET",
					     .url = check->target,
					     .ca_file = check->ca,
					     .max_body = MAX_BODY,
					     .timeout_ms = (unsigned)probe->left_ms,
					     .any_status = true,
					     .stopped = probe->stopped,
					     .stopped_user = probe->user};
	struct http_answer answer = {0};
	bool ok = http_perform(&request, &answer, error) && judge_answer(check, &answer, error);

	http_answer_clear(&answer);
	return ok;
}

/* A connection on its way. */
struct dial {
	const struct probe *probe;
	GCancellable *cancel;
	int64_t end; /* microseconds */
	GError *error;
	bool done, late;
};

static void on_connected(GObject *client, GAsyncResult *result, gpointer user)
{
	struct dial *dial = user;
	GSocketConnection *connection = g_socket_client_connect_to_host_finish(
		G_SOCKET_CLIENT(client), result, &dial->error);

	g_clear_object(&connection);
	dial->done = true;
}

static gboolean on_tick(gpointer user)
{
	struct dial *dial = user;

	dial->late = g_get_monotonic_time() >= dial->end;
	if (dial->late || dial->probe->stopped(dial->probe->user)) {
		g_cancellable_cancel(dial->cancel);
	}
	return G_SOURCE_CONTINUE;
}

static bool dialled(const struct dial *dial, GError **error)
{
	if (dial->error == NULL) {
		return true;
	}
	if (dial->late) {
		return fail(error, BASE_ERROR, BASE_ERROR_TIMEOUT, "no connection in time");
	}
	return fail(error, BASE_ERROR, BASE_ERROR_FAILED, "%s", dial->error->message);
}

static bool try_tcp(const struct probe *probe, GError **error)
{
	g_autoptr(GMainContext) context = g_main_context_new();
	g_autoptr(GSocketClient) client = g_socket_client_new();
	g_autoptr(GCancellable) cancel = g_cancellable_new();
	g_autoptr(GSource) tick = g_timeout_source_new(MIN(ASK_MS, (guint)probe->left_ms));
	struct dial dial = {.probe = probe,
			    .cancel = cancel,
			    .end = g_get_monotonic_time() + probe->left_ms * 1000};
	bool ok;

	if (strrchr(probe->check->target, ':') == NULL) {
		return fail(error, BASE_ERROR, BASE_ERROR_MALFORMED, "not HOST:PORT");
	}
	g_main_context_push_thread_default(context);
	g_socket_client_set_enable_proxy(client, FALSE);
	g_source_set_callback(tick, on_tick, &dial, NULL);
	g_source_attach(tick, context);
	g_socket_client_connect_to_host_async(client, probe->check->target, 0, cancel, on_connected,
					      &dial);
	while (!dial.done) {
		g_main_context_iteration(context, TRUE);
	}
	g_source_destroy(tick);
	g_main_context_pop_thread_default(context);
	ok = dialled(&dial, error);
	g_clear_error(&dial.error);
	return ok;
}

static bool try_command(const struct probe *probe, GError **error)
{
	const struct plan_exec *exec = probe->check->exec;
	const struct exec_limit limit = {
		.ms = (unsigned)MIN(probe->left_ms, exec->timeout * 1000),
		.stopped = probe->stopped,
		.user = probe->user,
	};
	g_autofree char *words = NULL;
	int status;

	return exec_run(exec, exec->run, &limit, &status, &words, error) &&
	       (status == 0 ||
		fail(error, BASE_ERROR, BASE_ERROR_FAILED, "it ended with status %d%s%s", status,
		     words[0] != '\0' ? ": " : "", words));
}

static bool try_service(const struct probe *probe, GError **error)
{
	const struct plan_check *check = probe->check;
	struct systemd *s =
		host_systemd(probe->host, g_strcmp0(check->manager, "user") == 0, error);
	g_autofree char *told = NULL;
	bool active = false;

	if (s == NULL) {
		host_forget(probe->host); // it may come
		return false;
	}
	if (!systemd_name_is_good(check->target)) {
		return fail(error, BASE_ERROR, BASE_ERROR_MALFORMED, "not the name of a unit");
	}
	return systemd_is_active(s, check->target, (int)MIN(probe->left_ms, G_MAXINT), &active,
				 &told, error) &&
	       (active || fail(error, BASE_ERROR, BASE_ERROR_FAILED, "it is %s", told));
}

static const struct probe_kind {
	const char *name;
	probe_fn run;
} kinds[] = {
	{"command", try_command},
	{"http", try_http},
	{"service", try_service},
	{"tcp", try_tcp},
};

probe_fn probe_find(const char *kind)
{
	for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
		if (strcmp(kinds[i].name, kind) == 0) {
			return kinds[i].run;
		}
	}
	return NULL;
}
