/* SPDX-License-Identifier: GPL-3.0-or-later */
/* assent-desktop: agents on one side, the session's notification server on the other. */
#include <glib-unix.h>
#include <libintl.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "base/autoptr.h"
#include "base/browser.h"
#include "base/error.h"
#include "base/log.h"
#include "base/paths.h"
#include "base/sdnotify.h"
#include "desktop/alerts.h"
#include "desktop/link.h"
#include "desktop/lock.h"
#include "desktop/server.h"

#define SYSTEM_SOCKET "/run/assent/agent.sock"
#define AGENTS_MAX 64

enum { EXIT_DONE = 0, EXIT_USAGE = 64 };

struct options {
	char **sockets;
	gboolean foreground, verbose, version;
};

/* One of the agents. */
struct seat {
	struct desktop *desktop;
	unsigned number;
	struct link *link;
};

struct desktop {
	GMainLoop *loop;
	struct http_client *client;
	struct alerts *alerts;
	struct server *server;
	struct lock *lock;
	struct seat *seats;
	unsigned count;
	guint timer;
	bool stopping;
};

static void step(struct desktop *d, const struct alert_event *event);

static gboolean on_timer(void *user)
{
	struct desktop *d = user;
	struct alert_event event = {.kind = ALERT_TICK};

	d->timer = 0;
	step(d, &event);
	return G_SOURCE_REMOVE;
}

static void set_timer(struct desktop *d)
{
	int64_t wake = alerts_wake(d->alerts), wait;

	g_clear_handle_id(&d->timer, g_source_remove);
	if (wake != 0 && !d->stopping) {
		wait = (wake - g_get_monotonic_time()) / 1000 + 1;
		d->timer = g_timeout_add((guint)CLAMP(wait, 1, 3600 * 1000), on_timer, d);
	}
}

static void refuse(struct desktop *d, unsigned agent, const char *key, const char *text)
{
	struct alert_event event = {
		.kind = ALERT_REFUSED, .agent = agent, .key = key, .text = text};

	step(d, &event);
}

static void perform(struct desktop *d, const struct alert_effect *effect)
{
	struct link *link = d->seats[effect->agent].link;

	switch (effect->kind) {
	case ALERT_DO_SHOW:
		server_show(d->server, effect->key, effect->id, effect->words);
		break;
	case ALERT_DO_CLOSE:
		server_close(d->server, effect->id);
		break;
	case ALERT_DO_VOTE:
		link_vote(link, effect->key, effect->plan, effect->approve, effect->reason);
		break;
	case ALERT_DO_REVIEW: {
		g_autofree char *key = g_strdup_printf("%u %s", effect->id, effect->key);

		link_review(link, key, effect->plan);
		break;
	}
	case ALERT_DO_START:
		server_start(d->server);
		break;
	}
}

static void step(struct desktop *d, const struct alert_event *event)
{
	g_autoptr(GArray) effects = effects_new();

	alerts_step(d->alerts, event, g_get_monotonic_time(), effects);
	for (unsigned i = 0; i < effects->len; i++) {
		perform(d, &g_array_index(effects, struct alert_effect, i));
	}
	set_timer(d);
}

/* From the agents. */

static void tell_status(struct desktop *d)
{
	unsigned up = 0;

	for (unsigned i = 0; i < d->count; i++) {
		up += link_is_up(d->seats[i].link) ? 1 : 0;
	}
	sdnotify("STATUS=plans that wait: %u, at agents: %u", alerts_waiting(d->alerts), up);
}

static void on_news(struct snapshot *snapshot, void *user)
{
	struct seat *seat = user;
	struct alert_event event = {
		.kind = ALERT_SNAPSHOT, .agent = seat->number, .snapshot = snapshot};

	step(seat->desktop, &event);
	tell_status(seat->desktop);
}

static void on_gone(void *user)
{
	struct seat *seat = user;
	struct alert_event event = {.kind = ALERT_AGENT_GONE, .agent = seat->number};

	step(seat->desktop, &event);
	tell_status(seat->desktop);
}

/* "ID KEY", as perform() has put it together. */
static void open_page(struct seat *seat, const char *what, const char *url)
{
	struct desktop *d = seat->desktop;
	g_autoptr(GError) error = NULL;
	guint64 id = g_ascii_strtoull(what, NULL, 10);
	g_autofree char *token = server_take_token(d->server, (uint32_t)id);

	if (!browser_open(url, token, &error)) {
		log_event(EV_DESKTOP_FAILED, NULL, NULL, "the page cannot be opened: %s",
			  error->message);
		refuse(d, seat->number, strchr(what, ' ') + 1, error->message);
	}
}

static void on_done(const char *key, const char *url, const char *problem, void *user)
{
	struct seat *seat = user;
	bool review = g_ascii_isdigit(key[0]);
	struct alert_event event = {.kind = ALERT_VOTED, .key = key};

	if (problem != NULL) {
		refuse(seat->desktop, seat->number, review ? strchr(key, ' ') + 1 : key, problem);
	} else if (!review) {
		log_event(EV_DESKTOP, NULL, NULL, "a decision was taken by the agent");
		step(seat->desktop, &event);
	} else if (url != NULL) {
		open_page(seat, key, url);
	}
}

/* From the session. */

static void on_event(const struct alert_event *event, void *user)
{
	step(user, event);
}

static void on_lock(bool locked, void *user)
{
	struct alert_event event = {.kind = locked ? ALERT_LOCKED : ALERT_UNLOCKED};

	step(user, &event);
}

static void on_stopped(void *user)
{
	struct desktop *d = user;

	g_main_loop_quit(d->loop);
}

static gboolean on_stop(void *user)
{
	struct alert_event event = {.kind = ALERT_STOP};
	struct desktop *d = user;

	if (!d->stopping) {
		d->stopping = true;
		sdnotify("STOPPING=1");
		step(d, &event);
		server_stop(d->server, on_stopped, d);
	}
	return G_SOURCE_CONTINUE;
}

static gboolean on_watchdog(void *user)
{
	sdnotify("WATCHDOG=1");
	return G_SOURCE_CONTINUE;
}

/* The user's own agent, and the machine's where this user may talk to it. */
static char **default_sockets(void)
{
	g_autofree char *own = paths_socket();
	GPtrArray *sockets = g_ptr_array_new();

	if (strcmp(own, SYSTEM_SOCKET) != 0 && access(SYSTEM_SOCKET, W_OK) == 0) {
		g_ptr_array_add(sockets, g_strdup(SYSTEM_SOCKET));
	}
	g_ptr_array_add(sockets, g_steal_pointer(&own));
	g_ptr_array_add(sockets, NULL);
	return (char **)g_ptr_array_free(sockets, FALSE);
}

static void open_links(struct desktop *d, char **sockets)
{
	static const struct link_calls calls = {.news = on_news, .gone = on_gone, .done = on_done};

	d->count = g_strv_length(sockets);
	d->alerts = alerts_new(d->count);
	d->seats = g_new0(struct seat, d->count);
	d->server = server_new(on_event, d);
	d->lock = lock_new(on_lock, d);
	for (unsigned i = 0; i < d->count; i++) {
		g_autofree char *path = g_canonicalize_filename(sockets[i], NULL);
		struct seat *seat = &d->seats[i];

		seat->desktop = d;
		seat->number = i;
		seat->link = link_new(d->client, path, &calls, seat);
	}
}

static void close_all(struct desktop *d)
{
	for (unsigned i = 0; i < d->count; i++) {
		link_free(d->seats[i].link);
	}
	lock_free(d->lock);
	server_free(d->server);
	while (g_main_context_iteration(NULL, FALSE)) { // what was cancelled says so
	}
	g_clear_handle_id(&d->timer, g_source_remove);
	alerts_free(d->alerts);
	http_client_free(d->client);
	g_free(d->seats);
}

static void run(char **sockets)
{
	g_autoptr(GMainLoop) loop = g_main_loop_new(NULL, FALSE);
	struct desktop d = {.loop = loop, .client = http_client_new()};
	unsigned beat = sdnotify_watchdog();

	g_unix_signal_add(SIGTERM, on_stop, &d);
	g_unix_signal_add(SIGINT, on_stop, &d);
	g_unix_signal_add(SIGHUP, on_stop, &d);
	if (beat > 0) {
		g_timeout_add(beat, on_watchdog, NULL);
	}
	open_links(&d, sockets);
	log_event(EV_DESKTOP, NULL, NULL, "assent-desktop %s follows %u agents", PACKAGE_VERSION,
		  d.count);
	sdnotify("READY=1");
	g_main_loop_run(loop);
	close_all(&d);
}

static bool parse(int argc, char **argv, struct options *o, GError **error)
{
	const GOptionEntry entries[] = {
		{"socket", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &o->sockets,
		 "socket of an agent; again for another", "FILE"},
		{"foreground", 0, 0, G_OPTION_ARG_NONE, &o->foreground,
		 "stay in the foreground, as always", NULL},
		{"verbose", 0, 0, G_OPTION_ARG_NONE, &o->verbose, "log more", NULL},
		{"version", 0, 0, G_OPTION_ARG_NONE, &o->version, "print the version and exit",
		 NULL},
		G_OPTION_ENTRY_NULL,
	};
	g_autoptr(GOptionContext) context =
		g_option_context_new("- show on the desktop what waits for approval");

	g_option_context_add_main_entries(context, entries, NULL);
	if (!g_option_context_parse(context, &argc, &argv, error)) {
		return false;
	}
	if (argc != 1) {
		return fail(error, BASE_ERROR, BASE_ERROR_FAILED,
			    "what is '%s'? see assent-desktop --help", argv[1]);
	}
	return o->sockets == NULL || g_strv_length(o->sockets) <= AGENTS_MAX ||
	       fail(error, BASE_ERROR, BASE_ERROR_LIMIT, "more than %d sockets", AGENTS_MAX);
}

int main(int argc, char **argv)
{
	struct options o = {0};
	g_autoptr(GError) error = NULL;
	int rc = EXIT_DONE;

	(void)setlocale(LC_ALL, "");
	(void)bindtextdomain(PACKAGE, LOCALEDIR); // of what is shown; logs stay English
	(void)bind_textdomain_codeset(PACKAGE, "UTF-8");
	(void)textdomain(PACKAGE);
	log_name("assent-desktop");
	if (!parse(argc, argv, &o, &error)) {
		g_printerr("assent-desktop: %s\n", error->message);
		rc = EXIT_USAGE;
	} else if (o.version) {
		printf("assent-desktop (%s) %s\n", PACKAGE_NAME, PACKAGE_VERSION);
	} else {
		log_init(o.verbose ? LOG_DEBUG : LOG_INFO);
		if (o.sockets == NULL) {
			o.sockets = default_sockets();
		}
		run(o.sockets);
	}
	g_strfreev(o.sockets);
	return rc;
}
