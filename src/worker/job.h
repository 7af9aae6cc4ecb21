/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * One job of the worker (doc/worker.md): the request in, events and one result
 * out. Adding a job is a function and a line in main.c's table.
 *
 *	bool x_run(struct job *job, GError **error)
 *	{
 *		struct json_obj *request = job_request(job);
 *		const char *path = json_str(request, "path", 4096);
 *
 *		if (!job_request_end(job, error)) return false;
 *		... job_progress(job, "...", done, total); job_stopped(job) ...
 *		json_w_int(job_result(job), "count", n);
 *		return true;
 *	}
 *
 * An error's code in the answer is that of JOB_ERROR, or the nearest to
 * BASE_ERROR's. The strings of a request live as long as the job.
 */
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/json.h"

#define JOB_REQUEST_MAX ((size_t)4 << 20)

#define JOB_ERROR job_error_quark()
GQuark job_error_quark(void);
enum job_error {
	JOB_ERROR_USAGE,
	JOB_ERROR_NETWORK,
	JOB_ERROR_AUTH,
	JOB_ERROR_HOSTKEY,
	JOB_ERROR_TLS,
	JOB_ERROR_TIMEOUT,
	JOB_ERROR_LIMIT,
	JOB_ERROR_REPOSITORY,
	JOB_ERROR_MANIFEST,
	JOB_ERROR_UNTRUSTED,
	JOB_ERROR_EXPIRED,
	JOB_ERROR_STALE,
	JOB_ERROR_IO,
	JOB_ERROR_INTERRUPTED,
	JOB_ERROR_FAILED,
};
/* "usage", "network", ... */
const char *job_error_code(const GError *error);

struct job;
struct privilege;
typedef bool (*job_fn)(struct job *job, GError **error);
struct job_kind {
	const char *name;
	job_fn run;
};

/* The request, for getters; v and job are read already. */
struct json_obj *job_request(struct job *job);
/* False, JOB_ERROR_USAGE, when a getter failed or a member was not read. */
bool job_request_end(struct job *job, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* What this process was started with. */
const char *job_trust(const struct job *job); /* the trust file, or NULL */
const struct privilege *job_privilege(const struct job *job);
/* Inside the object of the result; members may be added until the job returns. */
struct json_writer *job_result(struct job *job);
/* text may hold any bytes; what is not UTF-8 is replaced. */
void job_progress(struct job *job, const char *text, int64_t done, int64_t total);
/* An event of the job's own: one object, which is taken. Waits for whoever reads. */
void job_event(struct job *job, struct json_writer *event);
/* Added to the answer when the job fails. */
void job_diagnostic(struct job *job, const char *file, unsigned line, unsigned column,
		    const char *message);
/* SIGTERM has come, or the input that is watched has ended. */
bool job_stopped(const struct job *job);
/* Its caller keeps the request's pipe open and closes it to ask for an end: who raises rights
 * cannot send a signal any more, and one that dies closes it too. */
void job_watch(struct job *job);
/* While held, the process outlives its parent (apply's commit phase). */
void job_hold(struct job *job, bool hold);
/* It is never held: once its parent is gone, another may do the same elsewhere. */
void job_bind(struct job *job);

/* Signals, umask 077, no core dumps, death with the parent: once, at the start of the process. */
void job_process_setup(void);
struct job_start {
	const struct job_kind *kinds;	   /* ends with {} */
	const char *trust;		   /* NULL: none */
	const struct privilege *privilege; /* NULL: as whoever started it */
};
/* Reads the request from in, answers on out; the exit code of the process. */
int job_main(const struct job_start *start, int in, int out);
