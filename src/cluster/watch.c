/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Watches: streams of events, one line each. */
#include "cluster/watch.h"

#include <sodium.h>
#include <string.h>

#include "base/error.h"
#include "cluster/transfer.h"

/* Of one host. HTTP/2 takes one, and the next beside one that the server gives up; without it,
 * behind a proxy that has none, each watch takes one, and none may have to wait for the end of
 * another. */
#define CONNECTIONS 1000

struct watch {
	struct cluster_watches *all;
	struct transfer *transfer;
	struct cluster_call *call;
	const struct cluster_watch_ops *ops;
	void *user;
	size_t looked; /* bytes of the line under way that have no newline */
	bool renewed, stopped, expired, gone;
	char *problem;
	struct kube_answer *said; /* by an event */
};

struct cluster_watches {
	CURLM *multi;
	GPtrArray *watches; /* struct watch */
};

struct cluster_watches *cluster_watches_new(void)
{
	struct cluster_watches *w = g_new0(struct cluster_watches, 1);

	w->multi = cluster_multi_new(CONNECTIONS);
	w->watches = g_ptr_array_new();
	return w;
}

static void watch_free(struct watch *watch)
{
	if (watch->transfer != NULL) {
		curl_multi_remove_handle(watch->all->multi, watch->transfer->curl);
		transfer_free(watch->transfer);
	}
	cluster_call_free(watch->call);
	kube_answer_free(watch->said);
	g_free(watch->problem);
	g_free(watch);
}

void cluster_watches_free(struct cluster_watches *w)
{
	if (w == NULL) {
		return;
	}
	for (guint i = 0; i < w->watches->len; i++) {
		watch_free(w->watches->pdata[i]);
	}
	g_ptr_array_unref(w->watches);
	curl_multi_cleanup(w->multi);
	g_free(w);
}

unsigned cluster_watches_count(const struct cluster_watches *w)
{
	unsigned count = 0;

	for (guint i = 0; i < w->watches->len; i++) {
		count += !((const struct watch *)w->watches->pdata[i])->gone;
	}
	return count;
}

static bool fail_line(struct watch *watch, const char *problem)
{
	g_free(watch->problem);
	watch->problem =
		g_strdup_printf("cluster '%s': an event of %s is %s",
				watch->transfer->cluster->name, watch->call->path, problem);
	return false;
}

/* One event. False: no more of them. */
static bool on_line(struct watch *watch, const char *line, size_t len)
{
	g_autoptr(kube_value_auto) event = NULL;
	const char *type;
	struct kube_value *object;

	if (len == 0) {
		return true;
	}
	if (!kube_value_parse(line, len, KUBE_VALUE_MAX_SIZE, &event, NULL)) {
		return fail_line(watch, "no JSON");
	}
	type = kube_value_str_at(event, "type", NULL);
	if (type == NULL || !kube_value_is(kube_value_get(event, "object"), KUBE_MAP)) {
		return fail_line(watch, "none");
	}
	object = kube_value_steal(event, "object");
	if (strcmp(type, "ERROR") == 0) {
		watch->said = kube_answer_from_status(object);
		kube_value_free(object);
		return false;
	}
	if (watch->ops->event(type, object, watch->user)) {
		return true;
	}
	watch->stopped = true;
	return false;
}

/* Whole lines go, and the beginning of the next one stays. */
static bool hand_over_lines(struct watch *watch)
{
	struct transfer *t = watch->transfer;
	char *begin = t->body, *end;
	bool more = true;

	while (more && !watch->gone &&
	       (end = memchr(begin + watch->looked, '\n',
			     (size_t)(t->body + t->len - begin) - watch->looked)) != NULL) {
		*end = '\0';
		watch->looked = 0;
		more = on_line(watch, begin, (size_t)(end - begin));
		begin = end + 1;
	}
	if (begin != t->body) {
		size_t rest = (size_t)(t->body + t->len - begin);

		memmove(t->body, begin, rest);
		sodium_memzero(t->body + rest, t->len - rest);
		t->len = rest;
	}
	watch->looked = t->len;
	return more && !watch->gone;
}

static size_t on_stream(char *data, size_t size, size_t count, void *user)
{
	struct watch *watch = user;
	struct transfer *t = watch->transfer;
	size_t len = size * count;
	long code = 0;

	if (watch->gone || !transfer_take(t, data, len)) {
		return CURL_WRITEFUNC_ERROR;
	}
	curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &code);
	return code != 200 || hand_over_lines(watch) ? len : CURL_WRITEFUNC_ERROR;
}

static void start(struct watch *watch, struct cluster *c, struct credentials *credentials)
{
	struct transfer *t = transfer_new(c, watch->call, credentials, 0, KUBE_VALUE_MAX_SIZE);

	t->user = watch;
	watch->transfer = t;
	watch->looked = 0;
	curl_easy_setopt(t->curl, CURLOPT_WRITEFUNCTION, on_stream);
	curl_easy_setopt(t->curl, CURLOPT_WRITEDATA, watch);
	curl_easy_setopt(t->curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
	curl_easy_setopt(t->curl, CURLOPT_LOW_SPEED_TIME, (long)CLUSTER_WATCH_SILENCE);
	if (curl_multi_add_handle(watch->all->multi, t->curl) != CURLM_OK) {
		g_error("cannot start an HTTP request");
	}
}

bool cluster_watches_add(struct cluster_watches *w, struct cluster *c, const char *path,
			 const struct cluster_watch_ops *ops, void *user, GError **error)
{
	struct credentials *credentials;
	struct watch *watch;

	if (!credential_source_take(c->source, &credentials, error)) {
		return false;
	}
	watch = g_new0(struct watch, 1);
	watch->all = w;
	watch->call = cluster_call_new("GET", g_strdup(path));
	watch->call->accept = ops->accept;
	watch->ops = ops;
	watch->user = user;
	g_ptr_array_add(w->watches, watch);
	start(watch, c, credentials);
	credentials_unref(credentials);
	return true;
}

void cluster_watches_remove(struct cluster_watches *w, const void *user)
{
	for (guint i = 0; i < w->watches->len; i++) {
		struct watch *watch = w->watches->pdata[i];

		watch->gone |= watch->user == user;
	}
}

/* Not while libcurl is handing something over. */
static void sweep(struct cluster_watches *w)
{
	for (guint i = w->watches->len; i > 0; i--) {
		struct watch *watch = w->watches->pdata[i - 1];

		if (watch->gone) {
			g_ptr_array_remove_index_fast(w->watches, i - 1);
			watch_free(watch);
		}
	}
}

/* 401: the same with other credentials, where there are others. */
static bool try_again(struct watch *watch)
{
	struct transfer *t = watch->transfer;
	struct credentials *fresh = NULL;
	struct cluster *c = t->cluster;

	if (watch->call->answer->class != KUBE_UNAUTHENTICATED || watch->renewed ||
	    !credential_source_renew(c->source, t->credentials, &fresh, NULL) || fresh == NULL) {
		return false;
	}
	transfer_free(t);
	watch->renewed = true;
	start(watch, c, fresh);
	credentials_unref(fresh);
	return true;
}

/* What the server says: in an event, or instead of a stream. */
static enum cluster_watch_end judge(const struct kube_answer *answer)
{
	if (answer->class == KUBE_EXPIRED) {
		return CLUSTER_WATCH_EXPIRED;
	}
	return answer->class == KUBE_THROTTLED || answer->code >= 500 ? CLUSTER_WATCH_LOST
								      : CLUSTER_WATCH_REFUSED;
}

static void report(struct watch *watch, enum cluster_watch_end end,
		   const struct kube_answer *answer)
{
	const struct cluster *c = watch->transfer->cluster;
	g_autofree char *path = g_strndup(watch->call->path, strcspn(watch->call->path, "?"));
	g_autofree char *made = NULL;

	if (watch->problem == NULL && answer != NULL) {
		made = g_strdup_printf("cluster '%s': watching %s: %s (HTTP %d)%s%s", c->name, path,
				       kube_class_name(answer->class), answer->code,
				       answer->message[0] != '\0' ? ": " : "", answer->message);
	}
	watch->gone = true;
	if (watch->ops->ended != NULL) {
		watch->ops->ended(end, answer, watch->problem != NULL ? watch->problem : made,
				  watch->user);
	}
}

static void finish(struct watch *watch, CURLcode code)
{
	struct transfer *t = watch->transfer;
	const struct kube_answer *answer = NULL;
	enum cluster_watch_end end = CLUSTER_WATCH_DONE;
	g_autoptr(GError) local = NULL;
	long status = 0;

	curl_multi_remove_handle(watch->all->multi, t->curl);
	if (watch->gone) {
		return;
	}
	curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &status);
	if (watch->said != NULL) {
		answer = watch->said;
		end = judge(answer);
	} else if (watch->stopped) {
		end = CLUSTER_WATCH_DONE;
	} else if (watch->problem != NULL) {
		end = CLUSTER_WATCH_LOST;
	} else if (code == CURLE_OK && status != 200) {
		transfer_answer(t);
		if (try_again(watch)) {
			return;
		}
		answer = watch->call->answer;
		end = judge(answer);
	} else if (code != CURLE_OK) {
		cluster_fail_curl(t->cluster, t->curl, code, t->detail, &local);
		watch->problem = t->too_large ? g_strdup_printf("cluster '%s': an event is larger "
								"than %zu bytes",
								t->cluster->name, t->max)
					      : g_strdup(local->message);
		end = CLUSTER_WATCH_LOST;
	}
	report(watch, end, answer);
}

static void collect(struct cluster_watches *w)
{
	CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(w->multi, &left)) != NULL) {
		struct transfer *t = NULL;

		if (message->msg == CURLMSG_DONE) {
			curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&t);
			finish(t->user, message->data.result);
		}
	}
}

void cluster_watches_wait(struct cluster_watches *w, int fd, unsigned milliseconds)
{
	struct curl_waitfd extra = {.fd = fd, .events = CURL_WAIT_POLLIN};
	int running;

	sweep(w);
	curl_multi_perform(w->multi, &running);
	collect(w);
	curl_multi_poll(w->multi, &extra, fd >= 0 ? 1 : 0, (int)milliseconds, NULL);
	curl_multi_perform(w->multi, &running);
	collect(w);
	sweep(w);
}

struct single {
	cluster_event_fn *event;
	void *user;
	bool ended, good;
	GError **error;
};

static bool single_event(const char *type, struct kube_value *object, void *user)
{
	struct single *single = user;

	return single->event(type, object, single->user);
}

static void single_ended(enum cluster_watch_end end, const struct kube_answer *answer,
			 const char *problem, void *user)
{
	struct single *single = user;

	(void)answer;
	single->ended = true;
	single->good = end == CLUSTER_WATCH_DONE;
	if (!single->good) {
		fail(single->error, BASE_ERROR,
		     end == CLUSTER_WATCH_EXPIRED ? BASE_ERROR_NOT_FOUND : BASE_ERROR_FAILED, "%s",
		     problem);
	}
}

bool cluster_watch(struct cluster *c, const char *path, const struct cluster_limits *limits,
		   cluster_event_fn *event, void *user, GError **error)
{
	static const struct cluster_watch_ops ops = {single_event, single_ended};
	struct single single = {.event = event, .user = user, .error = error};
	g_autoptr(cluster_watches_auto) w = cluster_watches_new();
	int64_t end = limits != NULL && limits->total != 0
			      ? g_get_monotonic_time() + (int64_t)limits->total * G_USEC_PER_SEC
			      : G_MAXINT64;

	if (!cluster_watches_add(w, c, path, &ops, &single, error)) {
		return false;
	}
	while (!single.ended) {
		if (limits != NULL && limits->stopped != NULL && limits->stopped(limits->user)) {
			return fail(error, BASE_ERROR, BASE_ERROR_CANCELLED, "asked to stop");
		}
		if (g_get_monotonic_time() >= end) {
			return fail(error, BASE_ERROR, BASE_ERROR_TIMEOUT,
				    "cluster '%s': the watch is over", cluster_name(c));
		}
		cluster_watches_wait(w, -1, 200);
	}
	return single.good;
}
