/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Holds a Lease, so that one of several agents acts. */
#include "worker/lead.h"

#include <string.h>
#include <time.h>

#include "base/autoptr.h"
#include "base/error.h"
#include "cluster/cluster.h"
#include "cluster/lease.h"

#define IDENTITY_MAX 256
#define NAME_MAX_LEN 253
#define LEASES "/apis/coordination.k8s.io/v1/namespaces/"
#define NAP 100 /* milliseconds; then it is looked whether to stop */
#define RELEASE_SECONDS 3

struct leading {
	struct job *job;
	struct cluster *cluster;
	const char *namespace, *name;
	struct lease lease;
	char *problem; /* of the last request; NULL: none */
	/* What was told last. */
	char *told_holder, *told_problem;
	int64_t told_until;
	bool told;
};

/* Goes on while the machine sleeps, and nobody sets it; the agent reads the same one. */
static int64_t milliseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void write_opt(struct json_writer *w, const char *name, const char *text)
{
	g_autofree char *valid = text != NULL ? g_utf8_make_valid(text, -1) : NULL;

	if (valid != NULL) {
		json_w_str(w, name, valid);
	}
}

static void tell(struct leading *l)
{
	const char *holder = lease_holder(&l->lease);
	int64_t now = milliseconds();
	int64_t left = lease_leads(&l->lease, now);
	int64_t until = left > 0 ? now + left : 0;
	struct json_writer *w;

	if (l->told && until == l->told_until && g_strcmp0(holder, l->told_holder) == 0 &&
	    g_strcmp0(l->problem, l->told_problem) == 0) {
		return;
	}
	l->told = true;
	l->told_until = until;
	g_free(l->told_holder);
	l->told_holder = g_strdup(holder);
	g_free(l->told_problem);
	l->told_problem = g_strdup(l->problem);
	w = json_writer_new(0);
	json_w_object(w, NULL);
	json_w_str(w, "event", "lead");
	write_opt(w, "holder", holder);
	write_opt(w, "problem", l->problem);
	json_w_int(w, "until", until);
	json_w_end(w);
	job_event(l->job, w);
}

static bool stopped(void *user)
{
	return job_stopped(user);
}

static struct cluster_call *call_for(const struct leading *l, enum lease_todo todo, char *body)
{
	const char *method = todo == LEASE_READ ? "GET" : todo == LEASE_CREATE ? "POST" : "PUT";
	char *path = g_strconcat(LEASES, l->namespace, "/leases", todo == LEASE_CREATE ? "" : "/",
				 todo == LEASE_CREATE ? "" : l->name, NULL);
	struct cluster_call *call = cluster_call_new(method, path);

	call->resource = "leases";
	call->body = body;
	call->body_len = body != NULL ? strlen(body) : 0;
	return call;
}

/* What came; l->problem is set when that is no answer. */
static enum lease_came judge(struct leading *l, const struct cluster_call *call,
			     enum lease_todo todo)
{
	switch (call->answer->class) {
	case KUBE_DONE:
	case KUBE_CREATED:
		return call->value != NULL ? LEASE_FOUND : LEASE_NOTHING;
	case KUBE_NOT_FOUND:
		if (todo != LEASE_CREATE) {
			return todo == LEASE_READ ? LEASE_ABSENT : LEASE_CHANGED;
		}
		break;
	case KUBE_EXISTS:
	case KUBE_STALE:
	case KUBE_GONE:
	case KUBE_RECREATED:
		return LEASE_CHANGED;
	default:
		break;
	}
	l->problem = cluster_call_problem(l->cluster, call);
	return LEASE_NOTHING;
}

/* Bounded by what is left of the time in which we lead: after that the answer is of no use. */
static enum lease_came ask(struct leading *l, enum lease_todo todo, struct kube_value **value)
{
	int64_t left = lease_leads(&l->lease, milliseconds());
	unsigned seconds = (unsigned)MAX((left > 0 ? left : l->lease.times.renew) / 1000, 1);
	struct cluster_limits limits = {
		.timeout = seconds, .total = seconds, .stopped = stopped, .user = l->job};
	g_autoptr(GPtrArray) calls = cluster_calls_new();
	g_autoptr(GError) error = NULL;
	struct cluster_call *call;
	enum lease_came came;
	char *body = todo == LEASE_READ
			     ? NULL
			     : lease_body(&l->lease, l->namespace, l->name, g_get_real_time());

	call = call_for(l, todo, body);
	g_ptr_array_add(calls, call);
	g_clear_pointer(&l->problem, g_free);
	*value = NULL;
	if (!cluster_run(l->cluster, calls, &limits, &error)) {
		l->problem = g_strdup(error->message);
		return LEASE_NOTHING;
	}
	came = judge(l, call, todo);
	if (came == LEASE_FOUND) {
		*value = g_steal_pointer(&call->value);
	}
	return came;
}

static void give_back(struct leading *l)
{
	char *body = lease_release(&l->lease, milliseconds(), g_get_real_time());
	struct cluster_limits limits = {.timeout = RELEASE_SECONDS, .total = RELEASE_SECONDS};
	g_autoptr(cluster_call_auto) call = NULL;
	g_autoptr(GError) error = NULL;
	bool done;

	if (body == NULL) {
		return;
	}
	call = call_for(l, LEASE_WRITE, body);
	done = cluster_run_one(l->cluster, call, &limits, &error);
	json_w_bool(job_result(l->job), "released", done);
	if (!done) { // it ends by itself
		g_printerr("assent-worker: the Lease could not be given back: %s\n",
			   error->message);
	}
}

static bool run(struct leading *l, GError **error)
{
	while (!job_stopped(l->job)) {
		int64_t wait;
		enum lease_todo todo = lease_next(&l->lease, milliseconds(), &wait);
		struct kube_value *value;
		enum lease_came came;

		switch (todo) {
		case LEASE_LOST:
			tell(l);
			return fail(error, BASE_ERROR, BASE_ERROR_FAILED,
				    "the Lease '%s/%s' was lost%s%s", l->namespace, l->name,
				    l->problem != NULL ? ": " : "",
				    l->problem != NULL ? l->problem : "");
		case LEASE_WAIT:
			g_usleep((gulong)MIN(wait, NAP) * 1000);
			break;
		case LEASE_READ:
		case LEASE_CREATE:
		case LEASE_WRITE:
			came = ask(l, todo, &value);
			lease_answer(&l->lease, came, value, milliseconds());
			tell(l);
			break;
		}
	}
	give_back(l);
	return true;
}

static const char *name_of(struct json_obj *request, const char *member, size_t max)
{
	const char *name = json_str(request, member, max);

	if (name != NULL &&
	    (name[0] == '\0' || name[0] == '.' ||
	     strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-.") != strlen(name))) {
		json_obj_fail(request, member, "is no name");
	}
	return name;
}

bool lead_run(struct job *job, GError **error)
{
	struct json_obj *request = job_request(job);
	GPtrArray *clusters = cluster_settings_read(request, "clusters");
	const char *identity = json_str(request, "identity", IDENTITY_MAX);
	const char *namespace = name_of(request, "namespace", NAME_MAX_LEN);
	const char *name = name_of(request, "name", NAME_MAX_LEN);
	int64_t seconds = json_int(request, "duration", LEASE_SECONDS_MIN, LEASE_SECONDS_MAX);
	struct leading l = {.job = job, .namespace = namespace, .name = name};
	bool done = false;

	if (clusters == NULL || clusters->len != 1) {
		json_obj_fail(request, "clusters", "must be one");
	}
	if (job_request_end(job, error) &&
	    (l.cluster = cluster_new(clusters->pdata[0], error)) != NULL) {
		const struct lease_times times = lease_times_of(seconds);

		lease_init(&l.lease, identity, &times);
		done = run(&l, error);
		lease_clear(&l.lease);
		cluster_free(l.cluster);
	}
	if (clusters != NULL) {
		g_ptr_array_unref(clusters);
	}
	g_free(l.problem);
	g_free(l.told_holder);
	g_free(l.told_problem);
	return done;
}
