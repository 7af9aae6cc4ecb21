/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Starts workers, bounds them, and reads what they say. */
#include "agent/jobs.h"

#include <string.h>

#include "agent/jobs-read.h"
#include "base/autoptr.h"
#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "base/proc.h"

#define MAX_OUTPUT ((size_t)16 << 20)
#define GRACE 5 /* seconds between TERM and KILL */
#define GRACE_APPLY 120

struct job {
	struct jobs *jobs;
	enum stack_job kind;
	char *stack, *request, *lock;
	char *refused; /* why no worker is started */
	unsigned timeout;
	enum elevate elevate;
	bool started;
	bool is_long;	   /* others need not wait for it */
	guint patience;	   /* timer that says so */
	bool forgotten;	   /* its stack has gone */
	struct proc *proc; /* NULL before and after it runs */
	int lock_fd;
	GString *last; /* the newest line */
	GError *error; /* why it could not be started */
	guint idle;
};

struct jobs {
	char *worker, *trust;
	jobs_done_fn done;
	jobs_gate_fn gate; /* NULL: all may */
	void *user;
	GPtrArray *list; /* struct job, in the order they came */
	bool stopping, freeing;
};

static void job_free(void *data)
{
	struct job *job = data;

	if (job->idle != 0) {
		g_source_remove(job->idle);
	}
	if (job->patience != 0) {
		g_source_remove(job->patience);
	}
	autofd_close(&job->lock_fd);
	g_free(job->stack);
	g_free(job->request);
	g_free(job->lock);
	g_free(job->refused);
	g_string_free(job->last, TRUE);
	g_clear_error(&job->error);
	g_free(job);
}

struct jobs *jobs_new(jobs_done_fn done, void *user)
{
	struct jobs *jobs = g_new0(struct jobs, 1);

	jobs->done = done;
	jobs->user = user;
	jobs->list = g_ptr_array_new_with_free_func(job_free);
	return jobs;
}

void jobs_set_gate(struct jobs *jobs, jobs_gate_fn gate)
{
	jobs->gate = gate;
}

void jobs_configure(struct jobs *jobs, const char *worker, const char *trust)
{
	g_free(jobs->worker);
	g_free(jobs->trust);
	jobs->worker = g_strdup(worker);
	jobs->trust = g_strdup(trust);
}

const char *jobs_worker(const struct jobs *jobs)
{
	return jobs->worker;
}

unsigned jobs_running(const struct jobs *jobs)
{
	unsigned count = 0;
	unsigned i;

	for (i = 0; i < jobs->list->len; i++) {
		count += ((struct job *)g_ptr_array_index(jobs->list, i))->started;
	}
	return count;
}

static enum stack_job pool_of(const struct job *job)
{
	return job->kind == STACK_JOB_FETCH || job->kind == STACK_JOB_DIFF ? job->kind
									   : STACK_JOB_NONE;
}

static unsigned limit_of(const struct job *job)
{
	if (job->kind == STACK_JOB_DIFF) {
		return JOBS_DIFFS;
	}
	return job->kind == STACK_JOB_FETCH ? JOBS_FETCHES : JOBS_OTHERS;
}

/* Of one stack one runs, and one that only looks. */
static bool same_place(const struct job *a, const struct job *b)
{
	return strcmp(a->stack, b->stack) == 0 &&
	       (a->kind == STACK_JOB_DIFF) == (b->kind == STACK_JOB_DIFF);
}

const char *jobs_last(const struct jobs *jobs, const char *stack, size_t *len)
{
	for (unsigned i = 0; i < jobs->list->len; i++) {
		const struct job *job = g_ptr_array_index(jobs->list, i);

		if (job->started && job->kind != STACK_JOB_DIFF && !job->forgotten &&
		    strcmp(job->stack, stack) == 0) {
			*len = job->last->len;
			return job->last->str;
		}
	}
	*len = 0;
	return "";
}

static bool may_start(const struct jobs *jobs, const struct job *job)
{
	unsigned limit = limit_of(job);
	unsigned running = 0, all = 0;
	unsigned i;

	for (i = 0; i < jobs->list->len; i++) {
		const struct job *other = g_ptr_array_index(jobs->list, i);

		if (!other->started) {
			continue;
		}
		all += pool_of(job) == pool_of(other);
		running += pool_of(job) == pool_of(other) && !other->is_long;
		if (same_place(job, other)) { // a forgotten one of this name
			return false;
		}
		if (job->lock != NULL && g_strcmp0(job->lock, other->lock) == 0) {
			return false;
		}
	}
	return running < limit && all < JOBS_MOST;
}

static void start_waiting(struct jobs *jobs);

static void take_out(struct jobs *jobs, const struct job *job)
{
	unsigned at;

	if (g_ptr_array_find(jobs->list, job, &at)) {
		g_ptr_array_steal_index(jobs->list, at);
	}
}

/* A service manager's watchers look for these; what else a job says is a worker's message. */
static void log_failure(const struct job *job, const struct job_result *result)
{
	static const enum log_id events[] = {
		[STACK_JOB_NONE] = EV_WORKER,	   [STACK_JOB_FETCH] = EV_FETCH_FAILED,
		[STACK_JOB_PLAN] = EV_PLAN_FAILED, [STACK_JOB_APPLY] = EV_WORKER,
		[STACK_JOB_RECOVER] = EV_WORKER,   [STACK_JOB_DIFF] = EV_WORKER,
	};

	log_event(events[job->kind], job->stack, NULL, "%s: %s: %s", stack_job_names[job->kind],
		  result->code, result->message);
}

static void job_done(struct job *job, int status, const char *err, const GError *error)
{
	struct jobs *jobs = job->jobs;
	struct jobs_reading reading;

	job->proc = NULL;
	take_out(jobs, job);
	autofd_close(&job->lock_fd);
	job->lock_fd = -1;
	jobs_read(&reading, job->last->str, job->last->len, status, err, error);
	if (job->refused != NULL) {
		jobs_read_refused(&reading, job->refused);
	} else if (job->elevate != ELEVATE_NONE && job->last->len == 0 && error == NULL) {
		jobs_read_not_raised(&reading, job->elevate, elevate_is_fenced(job->elevate),
				     jobs->worker, err);
	}
	reading.result.kind = job->forgotten ? STACK_JOB_NONE : job->kind;
	reading.result.stack = job->stack;
	if (!job->forgotten && !jobs->stopping && reading.result.code != NULL &&
	    strcmp(reading.result.code, "interrupted") != 0) {
		log_failure(job, &reading.result);
	}
	if (!jobs->freeing) {
		jobs->done(&reading.result, jobs->user);
	}
	jobs_reading_clear(&reading);
	job_free(job);
	if (!jobs->freeing) {
		start_waiting(jobs);
	}
}

static void on_line(const char *line, size_t len, void *user)
{
	struct job *job = user;

	g_string_truncate(job->last, 0);
	g_string_append_len(job->last, line, (gssize)len);
}

static void on_ended(int status, const char *err, const GError *error, void *user)
{
	job_done(user, status, err, error);
}

static gboolean on_not_started(void *user)
{
	struct job *job = user;

	job->idle = 0;
	job_done(job, -1, "", job->error);
	return G_SOURCE_REMOVE;
}

/* By names that no library knows: a check of something on this host must not go there. */
static void add_proxies(GStrvBuilder *env)
{
	static const char *const names[] = {"HTTPS_PROXY", "https_proxy", "HTTP_PROXY",
					    "http_proxy",  "NO_PROXY",	  "no_proxy"};

	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		if (g_getenv(names[i]) != NULL) {
			g_autofree char *text = g_strconcat("ASSENT_CLUSTER_", names[i], "=",
							    g_getenv(names[i]), NULL);

			g_strv_builder_add(env, text);
		}
	}
}

/* Where a worker finds the managers of services, when that is not their usual place, and the
 * cluster that it is in, or whose kubeconfig says more. */
char **jobs_environment(void)
{
	static const char *const names[] = {
		"DBUS_SESSION_BUS_ADDRESS", "DBUS_SYSTEM_BUS_ADDRESS", "KUBECONFIG",
		"KUBERNETES_SERVICE_HOST",  "KUBERNETES_SERVICE_PORT", "POD_NAMESPACE",
	};
	g_autoptr(GStrvBuilder) env = g_strv_builder_new();

	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		if (g_getenv(names[i]) != NULL) {
			g_autofree char *text =
				g_strconcat(names[i], "=", g_getenv(names[i]), NULL);

			g_strv_builder_add(env, text);
		}
	}
	add_proxies(env);
	return g_strv_builder_end(env);
}

static bool launch(struct job *job, GError **error)
{
	g_auto(GStrv) env = jobs_environment();
	const char *argv[] = {job->jobs->worker, "--trust", job->jobs->trust, NULL};
	g_autofree const char **raised =
		job->elevate != ELEVATE_NONE ? elevate_argv(job->elevate, job->jobs->worker) : NULL;
	const struct proc_ops ops = {on_line, on_ended};
	struct proc_spec spec = {
		.argv = raised != NULL ? raised : argv,
		.env = (const char *const *)env,
		.input = job->request,
		.input_len = strlen(job->request),
		.max_output = MAX_OUTPUT,
		.timeout = job->timeout,
		.keep_env = job->kind == STACK_JOB_FETCH,
		.hold_input = raised != NULL,
	};

	if (job->lock != NULL && !file_lock(job->lock, &job->lock_fd, error)) {
		return false;
	}
	return proc_start(&spec, &ops, job, &job->proc, error);
}

static gboolean on_patience(void *user)
{
	struct job *job = user;

	job->patience = 0;
	job->is_long = true;
	start_waiting(job->jobs);
	return G_SOURCE_REMOVE;
}

static bool is_allowed(const struct job *job, GError **error)
{
	const struct jobs *jobs = job->jobs;

	return jobs->gate == NULL || jobs->gate(job->kind, job->stack, jobs->user, error);
}

static void start(struct job *job)
{
	job->started = true;
	job->patience = g_timeout_add_seconds(JOBS_LONG, on_patience, job);
	if (job->refused != NULL || !is_allowed(job, &job->error) || !launch(job, &job->error)) {
		job->idle = g_idle_add(on_not_started, job);
	}
}

static void start_waiting(struct jobs *jobs)
{
	unsigned i;

	for (i = 0; i < jobs->list->len && !jobs->stopping; i++) {
		struct job *job = g_ptr_array_index(jobs->list, i);

		if (!job->started && may_start(jobs, job)) {
			start(job);
		}
	}
}

void jobs_start(struct jobs *jobs, const struct jobs_order *order)
{
	struct job *job = g_new0(struct job, 1);

	job->jobs = jobs;
	job->kind = order->kind;
	job->stack = g_strdup(order->stack);
	job->request = g_strdup(order->request);
	job->lock = g_strdup(order->lock);
	job->refused = g_strdup(order->refused);
	job->timeout = order->timeout;
	job->elevate = order->elevate;
	job->lock_fd = -1;
	job->last = g_string_new(NULL);
	g_ptr_array_add(jobs->list, job);
	start_waiting(jobs);
}

/* stack NULL: of all. */
static void end_jobs(struct jobs *jobs, const char *stack)
{
	unsigned i;

	for (i = jobs->list->len; i > 0; i--) {
		struct job *job = g_ptr_array_index(jobs->list, i - 1);

		if (stack != NULL && strcmp(job->stack, stack) != 0) {
			continue;
		}
		if (!job->started) {
			g_ptr_array_remove_index(jobs->list, i - 1);
			continue;
		}
		job->forgotten |= stack != NULL;
		if (job->proc != NULL) {
			proc_stop(job->proc,
				  job->kind == STACK_JOB_APPLY || job->kind == STACK_JOB_RECOVER
					  ? GRACE_APPLY
					  : GRACE);
		}
	}
}

void jobs_stop(struct jobs *jobs)
{
	jobs->stopping = true;
	end_jobs(jobs, NULL);
}

void jobs_forget(struct jobs *jobs, const char *stack)
{
	end_jobs(jobs, stack);
}

unsigned jobs_interrupt(struct jobs *jobs)
{
	unsigned count = 0;

	for (unsigned i = 0; i < jobs->list->len; i++) {
		struct job *job = g_ptr_array_index(jobs->list, i);

		if (job->proc != NULL &&
		    (job->kind == STACK_JOB_APPLY || job->kind == STACK_JOB_RECOVER)) {
			proc_stop(job->proc, GRACE_APPLY);
			count++;
		}
	}
	return count;
}

static bool any_process(const struct jobs *jobs)
{
	unsigned i;

	for (i = 0; i < jobs->list->len; i++) {
		if (((struct job *)g_ptr_array_index(jobs->list, i))->proc != NULL) {
			return true;
		}
	}
	return false;
}

void jobs_free(struct jobs *jobs)
{
	unsigned i;

	if (jobs == NULL) {
		return;
	}
	jobs->freeing = jobs->stopping = true;
	for (i = 0; i < jobs->list->len; i++) {
		struct job *job = g_ptr_array_index(jobs->list, i);

		if (job->proc != NULL) {
			proc_stop(job->proc, 0);
		}
	}
	while (any_process(jobs)) { // each must be waited for, or its callbacks outlive us
		g_main_context_iteration(NULL, TRUE);
	}
	g_ptr_array_unref(jobs->list);
	g_free(jobs->worker);
	g_free(jobs->trust);
	g_free(jobs);
}
