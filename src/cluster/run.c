/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A batch of requests: so many at once, and which of them again, and when. */
#include <sodium.h>
#include <string.h>

#include "base/error.h"
#include "cluster/transfer.h"

#define MS INT64_C(1000)
#define POLL (200 * MS)
#define TRIES 10     /* of one call */
#define TIMEOUTS 2   /* of one call */
#define LOST_AGAIN 7 /* waves of lost connections in a row */
#define LOST_FIRST 2 /* the same before the first answer */
#define BACKOFF_FIRST (250 * MS)
#define BACKOFF_LAST (10000 * MS)
#define STREAMS_MAX 90 /* servers take 100 */

/* A call that is not under way. */
struct job {
	struct cluster_call *call;
	int64_t due;
	unsigned tries, timeouts;
	bool renewed; /* after a 401 */
};

struct batch {
	struct cluster *cluster;
	GPtrArray *calls;
	guint next;	    /* of calls, never sent */
	GPtrArray *waiting; /* struct job */
	GPtrArray *running; /* struct transfer, whose user is a struct job */
	struct cluster_limits limits;
	struct credentials *credentials;
	unsigned window, good; /* requests at once, good answers since it last changed */
	unsigned lost;
	int64_t pause, deadline;
	GError *problem; /* why a call is sent again */
};

/* Half of it is chance, so that many do not come back at once. */
static int64_t backoff(unsigned n)
{
	int64_t wait = MIN(BACKOFF_FIRST << MIN(n, 16), BACKOFF_LAST);

	return wait / 2 + randombytes_uniform((uint32_t)(wait / 2));
}

static bool is_harmless(const struct cluster_call *call)
{
	if (call->again || strcmp(call->method, "GET") == 0 ||
	    strstr(call->path, "dryRun=All") != NULL) {
		return true;
	}
	if (strcmp(call->method, "PATCH") == 0) {
		return g_strcmp0(call->content_type, "application/apply-patch+yaml") == 0;
	}
	return strcmp(call->method, "DELETE") == 0 && call->body != NULL &&
	       g_strstr_len(call->body, (gssize)call->body_len, "\"preconditions\"") != NULL;
}

static void transfer_end(struct batch *b, struct transfer *t)
{
	curl_multi_remove_handle(b->cluster->multi, t->curl);
	transfer_free(t);
}

static void batch_clear(struct batch *b)
{
	for (guint i = 0; i < b->running->len; i++) {
		struct transfer *t = b->running->pdata[i];

		g_free(t->user);
		transfer_end(b, t);
	}
	g_ptr_array_unref(b->running);
	g_ptr_array_unref(b->waiting);
	credentials_unref(b->credentials);
	g_clear_error(&b->problem);
}

static void start(struct batch *b, struct job *job)
{
	struct transfer *t = transfer_new(b->cluster, job->call, b->credentials, b->limits.timeout,
					  b->limits.max);

	t->user = job;
	g_ptr_array_add(b->running, t);
	if (curl_multi_add_handle(b->cluster->multi, t->curl) != CURLM_OK) {
		g_error("cannot start an HTTP request");
	}
}

/* One that is due, or a new one; NULL: none. */
static struct job *take_job(struct batch *b, int64_t now)
{
	struct job *job;

	for (guint i = 0; i < b->waiting->len; i++) {
		job = b->waiting->pdata[i];
		if (job->due <= now) {
			return g_ptr_array_steal_index(b->waiting, i);
		}
	}
	if (b->next >= b->calls->len) {
		return NULL;
	}
	job = g_new0(struct job, 1);
	job->call = b->calls->pdata[b->next++];
	return job;
}

static void start_due(struct batch *b, int64_t now)
{
	struct job *job;

	while (now >= b->pause && b->running->len < b->window && (job = take_job(b, now)) != NULL) {
		start(b, job);
	}
}

static void again(struct batch *b, struct job *job, int64_t due)
{
	job->due = due;
	g_ptr_array_add(b->waiting, job);
}

static void settle(struct batch *b, struct job *job)
{
	struct cluster_call *call = job->call;

	g_free(job);
	if (b->limits.done != NULL) {
		b->limits.done(call, b->limits.user);
	}
}

/* The server's load decides how much is asked at once. */
static void adapt(struct batch *b, bool good)
{
	if (!good) {
		if (b->good > 0 || b->window == b->limits.streams) {
			b->window = MAX(b->window / 2, 1);
		}
		b->good = 0;
	} else if (++b->good > b->window && b->window < b->limits.streams) {
		b->window++;
		b->good = 1;
	}
}

/* 401: once more with other credentials, where there are others. */
static bool renew(struct batch *b, struct transfer *t, struct job *job, bool *done, GError **error)
{
	g_autofree char *what = NULL;
	struct credentials *fresh = NULL;

	*done = true;
	if (!job->renewed) {
		if (!credential_source_renew(b->cluster->source, t->credentials, &fresh, error)) {
			return false;
		}
		if (fresh != NULL) {
			credentials_unref(b->credentials);
			b->credentials = fresh;
			job->renewed = true;
			*done = false;
			return true;
		}
	}
	what = credential_source_describe(b->cluster->source);
	return fail(error, BASE_ERROR, BASE_ERROR_DENIED,
		    "cluster '%s' at %s does not accept %s (HTTP 401): it has expired, or is of "
		    "another cluster",
		    b->cluster->name, b->cluster->server, what);
}

/* When the same is sent again after this answer; -1: never. */
static int64_t when_again(struct batch *b, const struct job *job, int64_t now)
{
	const struct kube_answer *answer = job->call->answer;
	int64_t due = -1;

	if (job->tries >= TRIES || (answer->class != KUBE_THROTTLED && !is_harmless(job->call))) {
		return -1;
	}
	switch (answer->retry) {
	case KUBE_RETRY_AFTER:
		due = now + (int64_t)answer->retry_after * 1000 * MS + backoff(0) / 2;
		break;
	case KUBE_RETRY_BACKOFF:
		due = now + backoff(job->tries);
		break;
	case KUBE_RETRY_NEVER:
	case KUBE_RETRY_REREAD:
		break;
	}
	return due < b->deadline ? due : -1;
}

/* Without HTTP/2 requests go side by side over more connections. */
static void on_first_answer(struct cluster *c, const struct transfer *t)
{
	long version = 0;

	curl_easy_getinfo(t->curl, CURLINFO_HTTP_VERSION, &version);
	if (version != CURL_HTTP_VERSION_2_0) {
		curl_multi_setopt(c->multi, CURLMOPT_MAX_HOST_CONNECTIONS,
				  (long)CLUSTER_CONNECTIONS);
	}
	c->answered = true;
}

static bool on_answer(struct batch *b, struct transfer *t, struct job *job, int64_t now,
		      GError **error)
{
	const struct kube_answer *answer;
	bool done;
	int64_t due;

	transfer_answer(t);
	answer = job->call->answer;
	if (!b->cluster->answered) {
		on_first_answer(b->cluster, t);
	}
	b->lost = 0;
	if (answer->class == KUBE_UNAUTHENTICATED) {
		if (!renew(b, t, job, &done, error)) {
			g_free(job);
			return false;
		}
		if (!done) {
			again(b, job, now);
			return true;
		}
	}
	adapt(b, answer->class != KUBE_THROTTLED);
	due = when_again(b, job, now);
	if (due >= 0) {
		job->tries++;
		again(b, job, due);
	} else {
		settle(b, job);
	}
	return true;
}

static bool fail_large(const struct batch *b, const struct transfer *t, GError **error)
{
	return fail(error, BASE_ERROR, BASE_ERROR_LIMIT,
		    "cluster '%s' at %s: the answer to %s %s is longer than %zu bytes",
		    b->cluster->name, b->cluster->server, t->call->method, t->call->path, t->max);
}

/* A connection that is lost takes all its requests along: that is one wave. */
static bool on_lost(struct batch *b, struct transfer *t, struct job *job, CURLcode code,
		    int64_t now, GError **error)
{
	g_autoptr(GError) local = NULL;
	bool sent = transfer_was_sent(t), harmless = !sent || is_harmless(job->call);
	unsigned most = b->cluster->answered ? LOST_AGAIN : LOST_FIRST;

	if (t->too_large) {
		return fail_large(b, t, error);
	}
	cluster_fail_curl(b->cluster, t->curl, code, t->detail, &local);
	job->timeouts += code == CURLE_OPERATION_TIMEDOUT;
	if (now >= b->pause) {
		b->lost++;
		b->pause = now + backoff(b->lost - 1);
	}
	if (cluster_may_pass(code) && harmless && b->lost <= most && ++job->tries < TRIES &&
	    job->timeouts < TIMEOUTS && b->pause < b->deadline) {
		g_clear_error(&b->problem);
		b->problem = g_steal_pointer(&local);
		again(b, job, b->pause);
		return true;
	}
	g_propagate_error(error, g_steal_pointer(&local));
	if (!harmless) {
		g_prefix_error(error, "%s %s may have been done, or not: ", t->call->method,
			       t->call->path);
	}
	return false;
}

static bool finish(struct batch *b, CURL *curl, CURLcode code, int64_t now, GError **error)
{
	struct transfer *t = NULL;
	struct job *job;
	bool good;

	curl_easy_getinfo(curl, CURLINFO_PRIVATE, (char **)&t);
	g_ptr_array_remove_fast(b->running, t);
	job = t->user;
	/* Of a head that was cut off libcurl makes an answer. */
	if (code == CURLE_OK && !t->has_head) {
		code = CURLE_GOT_NOTHING;
	}
	if (code == CURLE_OK) {
		good = on_answer(b, t, job, now, error);
	} else {
		good = on_lost(b, t, job, code, now, error);
		if (!good) {
			g_free(job);
		}
	}
	transfer_end(b, t);
	return good;
}

static bool collect(struct batch *b, GError **error)
{
	CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(b->cluster->multi, &left)) != NULL) {
		if (message->msg == CURLMSG_DONE &&
		    !finish(b, message->easy_handle, message->data.result, g_get_monotonic_time(),
			    error)) {
			return false;
		}
	}
	return true;
}

static int64_t next_due(const struct batch *b, int64_t now)
{
	int64_t due = now + POLL;

	for (guint i = 0; i < b->waiting->len; i++) {
		const struct job *job = b->waiting->pdata[i];

		due = MIN(due, MAX(job->due, b->pause));
	}
	return MAX(due - now, 0);
}

static bool check_bounds(struct batch *b, int64_t now, GError **error)
{
	if (b->limits.stopped != NULL && b->limits.stopped(b->limits.user)) {
		return fail(error, BASE_ERROR, BASE_ERROR_CANCELLED, "asked to stop");
	}
	if (now < b->deadline) {
		return true;
	}
	if (b->problem != NULL) {
		g_propagate_error(error, g_steal_pointer(&b->problem));
		return false;
	}
	return fail(error, BASE_ERROR, BASE_ERROR_TIMEOUT,
		    "cluster '%s' at %s did not answer all requests within %u seconds",
		    b->cluster->name, b->cluster->server, b->limits.total);
}

static bool run(struct batch *b, GError **error)
{
	while (b->next < b->calls->len || b->waiting->len > 0 || b->running->len > 0) {
		int64_t now = g_get_monotonic_time();
		int running;

		if (!check_bounds(b, now, error)) {
			return false;
		}
		start_due(b, now);
		curl_multi_perform(b->cluster->multi, &running);
		if (!collect(b, error)) {
			return false;
		}
		if (b->running->len > 0 || b->waiting->len > 0) {
			now = g_get_monotonic_time();
			curl_multi_poll(b->cluster->multi, NULL, 0,
					(int)((next_due(b, now) + MS - 1) / MS), NULL);
		}
	}
	return true;
}

static struct cluster_limits with_defaults(const struct cluster_limits *limits)
{
	struct cluster_limits own = limits != NULL ? *limits : (struct cluster_limits){0};

	own.streams = MIN(own.streams != 0 ? own.streams : CLUSTER_STREAMS, STREAMS_MAX);
	own.timeout = own.timeout != 0 ? own.timeout : CLUSTER_TIMEOUT;
	own.max = own.max != 0 ? own.max : KUBE_VALUE_MAX_SIZE;
	own.total = own.total != 0 ? own.total : CLUSTER_TOTAL;
	return own;
}

bool cluster_run(struct cluster *c, GPtrArray *calls, const struct cluster_limits *limits,
		 GError **error)
{
	struct batch b = {
		.cluster = c,
		.calls = calls,
		.waiting = g_ptr_array_new_with_free_func(g_free),
		.running = g_ptr_array_new(),
		.limits = with_defaults(limits),
	};
	bool good;

	b.window = b.limits.streams;
	b.deadline = g_get_monotonic_time() + (int64_t)b.limits.total * 1000 * MS;
	good = credential_source_take(c->source, &b.credentials, error) && run(&b, error);
	batch_clear(&b);
	return good;
}

bool cluster_run_one(struct cluster *c, struct cluster_call *call,
		     const struct cluster_limits *limits, GError **error)
{
	g_autoptr(GPtrArray) calls = g_ptr_array_new();
	g_autofree char *problem = NULL;

	g_ptr_array_add(calls, call);
	if (!cluster_run(c, calls, limits, error)) {
		return false;
	}
	if (kube_answer_is_good(call->answer)) {
		return true;
	}
	problem = cluster_call_problem(c, call);
	return fail(error, BASE_ERROR,
		    call->answer->class == KUBE_NOT_FOUND   ? BASE_ERROR_NOT_FOUND
		    : call->answer->class == KUBE_FORBIDDEN ? BASE_ERROR_DENIED
							    : BASE_ERROR_FAILED,
		    "%s", problem);
}
