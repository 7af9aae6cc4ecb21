/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * Worker processes: one job each, at most one per stack, a bounded number at
 * the same time. Fetches have a pool of their own, so that dead networks never
 * keep an approved plan waiting, and so have comparisons, which also run beside
 * their stack's own job; the rest queue first come, first served. One that
 * takes long leaves its place to others, so that what hangs delays nobody but
 * its own stack.
 * Fetches of one mirror follow each other.
 *
 * Each started job ends with exactly one call of done, never from within
 * jobs_start(). A worker that dies, hangs or talks nonsense is a result with an
 * error code like every other.
 */
#include <glib.h>
#include <stdbool.h>

#include "agent/stack.h"
#include "base/elevate.h"
#include "core/json.h"

#define JOBS_FETCHES 4
#define JOBS_OTHERS 4
#define JOBS_LONG 10 /* seconds; then another may start beside it */
#define JOBS_MOST 64 /* of each pool, those that take long included */
#define JOBS_DIFFS 2 /* of people who only look, see differ.h */

struct jobs;
struct job_result {
	enum stack_job kind;
	const char *stack;
	const char *code;	 /* NULL: there is a result; else as in doc/worker.md, or "lost" */
	const char *message;	 /* with code: one line, diagnostics included */
	struct json_obj *result; /* without code: the caller ends it with json_obj_end() */
	struct json_doc *doc;
};
typedef void (*jobs_done_fn)(const struct job_result *result, void *user);

struct jobs *jobs_new(jobs_done_fn done, void *user);
/* Kills what still runs, without calling done. */
void jobs_free(struct jobs *jobs);
/* Asked whenever a worker is about to start, also after it has waited for its turn; refused, the
 * job ends as one that could not be started. */
typedef bool (*jobs_gate_fn)(enum stack_job kind, const char *stack, void *user, GError **error);
void jobs_set_gate(struct jobs *jobs, jobs_gate_fn gate);
/* Before the first job; then for those to come. */
void jobs_configure(struct jobs *jobs, const char *worker, const char *trust);
struct jobs_order {
	enum stack_job kind;
	const char *stack;
	const char *request; /* see request.h */
	/* Why no worker is started and the job ends as one that a worker refuses; NULL: one is. */
	const char *refused;
	unsigned timeout; /* seconds */
	const char *lock; /* a file that is locked meanwhile; NULL: none */
	enum elevate elevate;
};
void jobs_start(struct jobs *jobs, const struct jobs_order *order);
/* The stack is no longer known: what waits is dropped, what runs is stopped. done is called for the
 * latter with STACK_JOB_NONE, so that its result is nobody's. */
void jobs_forget(struct jobs *jobs, const char *stack);
/* Before the end: what waits is dropped, fetches and plans are stopped, applies are asked to come
 * to an end. done is called for those that ran. */
void jobs_stop(struct jobs *jobs);
/* Applies and recoveries that run are asked to come to an end, as before the end; how many. */
unsigned jobs_interrupt(struct jobs *jobs);
unsigned jobs_running(const struct jobs *jobs);
/* The program, as it is configured; borrowed. */
const char *jobs_worker(const struct jobs *jobs);
/* What a worker has in its environment beside the usual; g_strfreev(). */
char **jobs_environment(void);
/* The newest line of the stack's running job, "" without one; borrowed until the main loop runs. */
const char *jobs_last(const struct jobs *jobs, const char *stack, size_t *len);
