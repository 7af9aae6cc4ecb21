/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * src/cluster by hand, for test-kube-client.sh:
 *
 *	cluster-driver KUBECONFIG CONTEXT COMMAND [ARGUMENT...]
 *	identity                   -- and the context's namespace
 *	kind GROUP VERSION KIND    -- where its objects are
 *	run                        -- lines METHOD PATH [BODY] of stdin, in one batch; apply: APPLY
 *	many COUNT PATH            -- applies that many ConfigMaps; %d in PATH; prints one line
 *	list PATH                  -- names, and the resourceVersion
 *	watch PATH COUNT           -- so many events; PATH may be several, in commas
 *
 * "run" prints for each call its class, code and path. The limits stand in the
 * environment: STREAMS, TIMEOUT, TOTAL; PLUGIN is a program that may give
 * credentials, AS whom to be. What went wrong is told on stderr, with 1.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cluster/watch.h"

#define APPLY "application/apply-patch+yaml"

static struct cluster_limits limits;

static unsigned number(const char *name)
{
	const char *text = g_getenv(name);

	return text != NULL ? (unsigned)g_ascii_strtoull(text, NULL, 10) : 0;
}

static struct cluster *open_cluster(char **argv, GError **error)
{
	g_autoptr(cluster_settings_auto) settings = cluster_settings_new(argv[1]);
	const char *plugins[] = {g_getenv("PLUGIN"), NULL};

	settings->kubeconfig = g_strdup(argv[0]);
	settings->exec_plugins = plugins[0] != NULL ? g_strdupv((char **)plugins) : NULL;
	settings->as = g_strdup(g_getenv("AS"));
	return cluster_new(settings, error);
}

static bool do_identity(struct cluster *c, char **args, GError **error)
{
	const char *identity;

	(void)args;
	if (!cluster_identity(c, &identity, error)) {
		return false;
	}
	printf("%s %s\n", identity, cluster_namespace(c));
	return true;
}

static bool do_kind(struct cluster *c, char **args, GError **error)
{
	const struct kube_discovery *found;
	const struct kube_kind *kind;
	g_autofree char *path = NULL;
	bool stale = false;

	if (!cluster_discovery(c, &found, error)) {
		return false;
	}
	kind = kube_discovery_find(found, args[0], args[1], args[2], &stale);
	if (kind == NULL) {
		printf("absent%s\n", stale ? ", perhaps" : "");
		return true;
	}
	if (!kube_discovery_path(kind, kind->namespaced ? "shop" : "", "x", NULL, &path, error)) {
		return false;
	}
	printf("%s\n", path);
	return true;
}

static void take_line(GPtrArray *calls, char *line)
{
	g_auto(GStrv) words = g_strsplit(g_strchomp(line), " ", 3);
	bool apply = strcmp(words[0], "APPLY") == 0;
	struct cluster_call *call =
		cluster_call_new(apply ? "PATCH" : g_intern_string(words[0]), g_strdup(words[1]));

	call->content_type = apply ? APPLY : NULL;
	call->body = g_strdup(words[2]);
	call->body_len = words[2] != NULL ? strlen(words[2]) : 0;
	g_ptr_array_add(calls, call);
}

static bool do_run(struct cluster *c, char **args, GError **error)
{
	g_autoptr(GPtrArray) calls = cluster_calls_new();
	char line[65536];
	bool good;

	(void)args;
	while (fgets(line, sizeof(line), stdin) != NULL) {
		take_line(calls, line);
	}
	good = cluster_run(c, calls, &limits, error);
	for (guint i = 0; i < calls->len; i++) {
		const struct cluster_call *call = calls->pdata[i];
		const struct kube_answer *answer = call->answer;

		printf("%s %d %s%s%s\n", answer != NULL ? kube_class_name(answer->class) : "none",
		       answer != NULL ? answer->code : 0, call->path,
		       answer != NULL && answer->message[0] != '\0' ? " " : "",
		       answer != NULL ? answer->message : "");
		for (guint n = 0; call->warnings != NULL && n < call->warnings->len; n++) {
			printf("warning: %s\n", (char *)call->warnings->pdata[n]);
		}
	}
	return good;
}

static bool do_many(struct cluster *c, char **args, GError **error)
{
	g_autoptr(GPtrArray) calls = cluster_calls_new();
	unsigned count = (unsigned)g_ascii_strtoull(args[0], NULL, 10), good = 0;
	int64_t begin;
	bool done;

	for (unsigned i = 0; i < count; i++) {
		g_auto(GStrv) parts = g_strsplit(args[1], "%d", 2);
		struct cluster_call *call =
			cluster_call_new("PATCH", g_strdup_printf("%s%u%s", parts[0], i, parts[1]));

		call->content_type = APPLY;
		call->body = g_strdup_printf("{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\","
					     "\"metadata\":{\"name\":\"many-%u\"},"
					     "\"data\":{\"text\":\"%0400u\"}}",
					     i, i);
		call->body_len = strlen(call->body);
		g_ptr_array_add(calls, call);
	}
	begin = g_get_monotonic_time();
	done = cluster_run(c, calls, &limits, error);
	for (guint i = 0; i < calls->len; i++) {
		const struct cluster_call *call = calls->pdata[i];

		good += call->answer != NULL && kube_answer_is_good(call->answer);
	}
	printf("%u good of %u\n", good, count);
	fprintf(stderr, "in %" PRId64 " ms\n", (g_get_monotonic_time() - begin) / 1000);
	return done;
}

static bool on_item(struct kube_value *item, void *user)
{
	(void)user;
	printf("%s %s\n", kube_value_str_at(item, "kind", NULL),
	       kube_value_str_at(item, "metadata", "name", NULL));
	kube_value_free(item);
	return true;
}

static bool do_list(struct cluster *c, char **args, GError **error)
{
	g_autofree char *version = NULL;

	if (!cluster_list(c, args[0], &limits, on_item, NULL, &version, error)) {
		return false;
	}
	printf("at %s\n", version);
	return true;
}

struct watching {
	unsigned left;
	bool failed;
};

static bool on_event(const char *type, struct kube_value *object, void *user)
{
	struct watching *w = user;

	printf("%s %s %s\n", type, kube_value_str_at(object, "kind", NULL),
	       kube_value_str_at(object, "metadata", "name", NULL));
	fflush(stdout);
	kube_value_free(object);
	w->left -= w->left > 0;
	return w->left > 0;
}

static void on_end(enum cluster_watch_end end, const struct kube_answer *answer,
		   const char *problem, void *user)
{
	static const char *const names[] = {"done", "expired", "refused", "lost"};
	struct watching *w = user;

	printf("%s %d\n", names[end], answer != NULL ? answer->code : 0);
	fflush(stdout);
	if (problem != NULL) {
		fprintf(stderr, "%s\n", problem);
	}
	w->failed |= end != CLUSTER_WATCH_DONE;
}

static bool do_watch(struct cluster *c, char **args, GError **error)
{
	static const struct cluster_watch_ops ops = {on_event, on_end};
	g_autoptr(cluster_watches_auto) w = cluster_watches_new();
	g_auto(GStrv) paths = g_strsplit(args[0], ",", -1);
	struct watching watching = {.left = (unsigned)g_ascii_strtoull(args[1], NULL, 10)};

	for (size_t i = 0; paths[i] != NULL; i++) {
		if (!cluster_watches_add(w, c, paths[i], &ops, &watching, error)) {
			return false;
		}
	}
	while (cluster_watches_count(w) > 0 && (watching.left > 0 || watching.failed)) {
		cluster_watches_wait(w, -1, 100);
	}
	return true;
}

static const struct {
	const char *name;
	int args;
	bool (*run)(struct cluster *c, char **args, GError **error);
} commands[] = {
	{"identity", 0, do_identity}, {"kind", 3, do_kind}, {"run", 0, do_run},
	{"many", 2, do_many},	      {"list", 1, do_list}, {"watch", 2, do_watch},
};

int main(int argc, char **argv)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(cluster_auto) c = NULL;

	limits.streams = number("STREAMS");
	limits.timeout = number("TIMEOUT");
	limits.total = number("TOTAL");
	for (size_t i = 0; argc > 3 && i < G_N_ELEMENTS(commands); i++) {
		if (strcmp(argv[3], commands[i].name) != 0 || argc != 4 + commands[i].args) {
			continue;
		}
		c = open_cluster(argv + 1, &error);
		if (c != NULL && commands[i].run(c, argv + 4, &error)) {
			return 0;
		}
		fprintf(stderr, "%s\n", error->message);
		return 1;
	}
	fprintf(stderr, "see the head of %s\n", __FILE__);
	return 2;
}
