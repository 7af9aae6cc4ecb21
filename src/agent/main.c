/* SPDX-License-Identifier: GPL-3.0-or-later */
/* assentd: reads the configuration, opens the log, serves the API, runs the loop. */
#include <inttypes.h>
#include <glib-unix.h>
#include <locale.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include "agent/agent.h"
#include "agent/clock.h"
#include "agent/http/server.h"
#include "agent/http/session.h"
#include "agent/leader.h"
#include "agent/notify/door.h"
#include "agent/notify/notify.h"
#include "agent/status.h"
#include "agent/store.h"
#include "base/autoptr.h"
#include "base/caller.h"
#include "base/error.h"
#include "base/lang.h"
#include "base/log.h"
#include "base/paths.h"
#include "base/sdnotify.h"

enum { EXIT_DONE = 0, EXIT_BAD = 1, EXIT_USAGE = 64, EXIT_CONFIG = 78 };

struct options {
	char *config, *state, *socket, *worker;
	gboolean check, init, version;
};

struct daemon {
	struct options *options;
	struct agent *agent;
	struct http_server *http;
	struct notify *notify; /* NULL: nobody is told */
	GMainLoop *loop;
	char *status; /* what the service manager was told last */
	guint deadline;
	int code; /* of our exit */
};

static void options_clear(struct options *o)
{
	g_free(o->config);
	g_free(o->state);
	g_free(o->socket);
	g_free(o->worker);
}

static void override(char **setting, const char *option)
{
	if (option != NULL) {
		g_free(*setting);
		*setting = g_canonicalize_filename(option, NULL);
	}
}

/* Every problem of the file is told; NULL after any. */
static struct conf *load_conf(const struct options *o)
{
	g_autofree char *standard = paths_config();
	const char *file = o->config != NULL ? o->config : standard;
	g_autoptr(GError) error = NULL;
	struct diag_list diags;
	struct conf *conf;

	diag_list_init(&diags);
	conf = conf_load(file, &diags, &error);
	if (error != NULL) {
		log_event(EV_CONFIG_BAD, NULL, NULL, "%s", error->message);
	}
	for (unsigned i = 0; i < diags.items->len; i++) {
		const struct diag *d = g_ptr_array_index(diags.items, i);

		log_event(EV_CONFIG_BAD, NULL, NULL, "%s:%u:%u: %s", d->file, d->line, d->column,
			  d->message);
	}
	diag_list_clear(&diags);
	if (conf != NULL) {
		override(&conf->state_dir, o->state);
		override(&conf->socket, o->socket);
		override(&conf->worker, o->worker);
	}
	return conf;
}

static void tell_status(void *user)
{
	struct daemon *d = user;
	g_autofree char *text = NULL;
	struct status status;

	status_count(d->agent, &status);
	text = status_text(&status);
	if (g_strcmp0(text, d->status) != 0) {
		sdnotify("STATUS=%s", text);
		g_free(d->status);
		d->status = g_steal_pointer(&text);
	}
}

static bool reload_agent(struct daemon *d, struct conf *conf, GError **error)
{
	if (d->notify != NULL) {
		notify_settle(d->notify);
	}
	if (agent_reload(d->agent, conf, error)) {
		return true;
	}
	if (d->notify != NULL) {
		notify_resume(d->notify);
	}
	return false;
}

static gboolean on_reload(void *data)
{
	struct daemon *d = data;
	g_autoptr(GError) error = NULL;
	struct conf *conf;

	sdnotify("RELOADING=1\nMONOTONIC_USEC=%" PRId64, g_get_monotonic_time());
	conf = load_conf(d->options);
	if (conf == NULL) {
		log_event(EV_CONFIG_BAD, NULL, NULL, "the old configuration stays in force");
	} else if (!http_prepare(d->http, conf, &error) || !reload_agent(d, conf, &error)) {
		log_event(EV_CONFIG_BAD, NULL, NULL, "%s; the old configuration stays in force",
			  error->message);
		http_commit(d->http, false);
		conf_free(conf);
	} else {
		if (d->notify != NULL) {
			notify_reload(d->notify); // before anybody is served: the old one is gone
		}
		http_commit(d->http, true);
		log_event(EV_RELOAD, NULL, NULL, "the configuration has been read again");
	}
	tell_status(d); // the last stack may have gone, which no stack's step tells
	sdnotify("READY=1");
	return G_SOURCE_CONTINUE;
}

static void quit(void *user)
{
	struct daemon *d = user;

	g_main_loop_quit(d->loop);
}

/* No job runs any more: another may lead. */
static void on_stopped(void *user)
{
	struct daemon *d = user;

	if (d->agent->leader != NULL) {
		leader_stop(d->agent->leader, quit, d);
	} else {
		quit(d);
	}
}

static void begin(void *user)
{
	struct daemon *d = user;
	g_autoptr(GError) error = NULL;

	if (!notify_open(d->agent, &d->notify, &error)) { // no reason not to work
		log_event(EV_NOTIFY_FAILED, NULL, NULL, "nobody is told: %s", error->message);
	}
	agent_run(d->agent);
	tell_status(d);
}

static gboolean on_deadline(void *user)
{
	struct daemon *d = user;

	d->deadline = 0;
	g_main_loop_quit(d->loop); // what still runs is killed; the next start recovers it
	return G_SOURCE_REMOVE;
}

/* Jobs come to an end, but not later than another may lead. */
static void on_lost(void *user)
{
	struct daemon *d = user;

	d->code = EXIT_BAD;
	sdnotify("STOPPING=1");
	d->deadline = g_timeout_add(leader_grace(d->agent), on_deadline, d);
	if (!d->agent->stopping) {
		agent_stop(d->agent, on_stopped, d);
	}
}

static gboolean on_stop(void *data)
{
	struct daemon *d = data;

	if (!d->agent->stopping) {
		sdnotify("STOPPING=1");
		log_event(EV_STOP, NULL, NULL, "stopping; a job under way comes to its end first");
		agent_stop(d->agent, on_stopped, d);
	}
	return G_SOURCE_CONTINUE;
}

static gboolean on_watchdog(void *data)
{
	(void)data;
	sdnotify("WATCHDOG=1");
	return G_SOURCE_CONTINUE;
}

static int serve(struct daemon *d)
{
	g_autoptr(GMainLoop) loop = g_main_loop_new(NULL, FALSE);
	g_autoptr(GError) error = NULL;
	unsigned beat = sdnotify_watchdog();
	struct clock *clock;

	d->loop = loop;
	if (!http_open(d->agent, d->agent->conf->socket, &d->http, &error)) {
		log_event(EV_START_FAILED, NULL, NULL, "%s", error->message);
		return EXIT_BAD;
	}
	g_unix_signal_add(SIGHUP, on_reload, d);
	g_unix_signal_add(SIGTERM, on_stop, d);
	g_unix_signal_add(SIGINT, on_stop, d);
	if (beat > 0) {
		g_timeout_add(beat, on_watchdog, d);
	}
	log_event(EV_START, NULL, NULL, "agent '%s' %s, log of %" PRIu64 " entries",
		  d->agent->conf->agent, PACKAGE_VERSION, (guint64)store_size(d->agent->store));
	d->agent->manager = (struct agent_watch){.changed = tell_status, .user = d};
	clock = clock_new(d->agent);
	if (d->agent->leader != NULL) {
		agent_run(d->agent); // says who leads
		leader_start(d->agent->leader);
	} else {
		begin(d);
	}
	sdnotify("READY=1");
	g_main_loop_run(loop);
	clock_free(clock);
	d->agent->manager = (struct agent_watch){0};
	notify_close(d->notify);
	http_close(d->http);
	if (d->deadline != 0) {
		g_source_remove(d->deadline);
	}
	return d->code;
}

static int run(struct options *o, struct conf *conf, const struct langs *langs)
{
	struct daemon d = {.options = o};
	g_autoptr(GError) error = NULL;
	int rc;

	if (!agent_open(conf, &d.agent, &error)) {
		log_event(EV_START_FAILED, NULL, NULL, "%s", error->message);
		return EXIT_BAD;
	}
	if (conf->kubernetes.leader != NULL) {
		const struct leader_ops ops = {begin, on_lost};

		d.agent->leader = leader_new(d.agent, &ops, &d);
	}
	d.agent->sessions = sessions_new();
	d.agent->doors = doors_new();
	d.agent->langs = langs;
	d.agent->lang = langs_environment(langs);
	rc = serve(&d);
	g_free(d.status);
	sessions_free(d.agent->sessions);
	doors_free(d.agent->doors);
	leader_free(d.agent->leader);
	d.agent->leader = NULL;
	agent_close(d.agent);
	return rc;
}

static int init(struct conf *conf)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *path = g_build_filename(conf->state_dir, "keys", "plan.pub", NULL);
	g_autofree char *line = NULL;
	bool made = false;
	int rc = EXIT_DONE;

	if (!store_init(conf->state_dir, conf->agent, &made, &error) ||
	    !g_file_get_contents(path, &line, NULL, &error)) {
		log_event(EV_START_FAILED, NULL, NULL, "%s", error->message);
		rc = EXIT_BAD;
	} else {
		fputs(line, stdout);
	}
	conf_free(conf);
	return rc;
}

static const char *translate(const char *text, void *user)
{
	(void)user;
	return lang_text(NULL, text);
}

static bool parse(int argc, char **argv, struct options *o, GError **error)
{
	const GOptionEntry entries[] = {
		{"config", 'c', 0, G_OPTION_ARG_FILENAME, &o->config, N_("configuration file"),
		 N_("FILE")},
		{"state", 0, 0, G_OPTION_ARG_FILENAME, &o->state, N_("state folder"), N_("DIR")},
		{"socket", 0, 0, G_OPTION_ARG_FILENAME, &o->socket, N_("socket of the API"),
		 N_("FILE")},
		{"worker", 0, 0, G_OPTION_ARG_FILENAME, &o->worker, N_("worker program"),
		 N_("FILE")},
		{"check", 0, 0, G_OPTION_ARG_NONE, &o->check,
		 N_("check the configuration and exit"), NULL},
		{"init", 0, 0, G_OPTION_ARG_NONE, &o->init,
		 N_("make the state folder and the keys, print the plan key, and exit"), NULL},
		{"version", 0, 0, G_OPTION_ARG_NONE, &o->version, N_("print the version and exit"),
		 NULL},
		G_OPTION_ENTRY_NULL,
	};
	g_autoptr(GOptionContext) context = g_option_context_new(_("- deploy what was approved"));

	g_option_context_add_main_entries(context, entries, NULL);
	g_option_group_set_translate_func(g_option_context_get_main_group(context), translate, NULL,
					  NULL);
	if (!g_option_context_parse(context, &argc, &argv, error)) {
		return false;
	}
	return argc == 1 || fail(error, BASE_ERROR, BASE_ERROR_FAILED,
				 "what is '%s'? see assentd --help", argv[1]);
}

int main(int argc, char **argv)
{
	struct options o = {0};
	g_autoptr(GError) error = NULL;
	struct conf *conf = NULL;
	struct langs *langs;
	int rc;

	(void)setlocale(LC_ALL, "");
	(void)setlocale(LC_MESSAGES,
			"C"); // what is logged and recorded is English, see base/lang.h
	langs = langs_load(lang_folder(), PACKAGE);
	(void)lang_switch(langs_environment(langs));
	/* Root may have come by sudo; the workers of its agent are its own all the same. */
	for (const char *const *mark = caller_marks; *mark != NULL; mark++) {
		g_unsetenv(*mark);
	}
	umask(077);
	prctl(PR_SET_DUMPABLE, 0); // keys stay out of core files and other programs' reach
	if (!parse(argc, argv, &o, &error)) {
		g_printerr("assentd: %s\n", error->message);
		rc = EXIT_USAGE;
	} else if (o.version) {
		printf("assentd (%s) %s\n", PACKAGE_NAME, PACKAGE_VERSION);
		rc = EXIT_DONE;
	} else if ((conf = load_conf(&o)) == NULL) {
		rc = EXIT_CONFIG;
	} else if (o.check) {
		conf_free(conf);
		rc = EXIT_DONE;
	} else {
		rc = o.init ? init(conf) : run(&o, conf, langs);
	}
	options_clear(&o);
	(void)lang_switch(NULL);
	langs_free(langs);
	return rc;
}
