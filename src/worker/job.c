/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The worker's protocol: one request, progress, one answer. */
#include "worker/job.h"

#include "base/autoptr.h"
#include "base/error.h"
#include "base/file.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

G_DEFINE_QUARK(job - error - quark, job_error)

static const char *const codes[] = {
	[JOB_ERROR_USAGE] = "usage",
	[JOB_ERROR_NETWORK] = "network",
	[JOB_ERROR_AUTH] = "auth",
	[JOB_ERROR_HOSTKEY] = "hostkey",
	[JOB_ERROR_TLS] = "tls",
	[JOB_ERROR_TIMEOUT] = "timeout",
	[JOB_ERROR_LIMIT] = "limit",
	[JOB_ERROR_REPOSITORY] = "repository",
	[JOB_ERROR_MANIFEST] = "manifest",
	[JOB_ERROR_UNTRUSTED] = "untrusted",
	[JOB_ERROR_EXPIRED] = "expired",
	[JOB_ERROR_STALE] = "stale",
	[JOB_ERROR_IO] = "io",
	[JOB_ERROR_INTERRUPTED] = "interrupted",
	[JOB_ERROR_FAILED] = "failed",
};

struct diagnostic {
	char *file;
	unsigned line, column;
	char *message;
};

struct job {
	struct json_doc *doc;
	struct json_obj request;
	const struct job_start *start;
	int in, out;
	bool watch, bound;
	struct json_writer *result;
	GArray *diagnostics;
};

static volatile sig_atomic_t stop_asked;

static void on_sigterm(int sig)
{
	stop_asked = 1;
}

void job_process_setup(void)
{
	struct sigaction stop = {.sa_handler = on_sigterm, .sa_flags = SA_RESTART};
	struct sigaction ignore = {.sa_handler = SIG_IGN};
	const struct rlimit none = {0, 0};

	/* A terminal that is closed or asked for an end must not leave an apply halfway either. */
	sigaction(SIGTERM, &stop, NULL);
	sigaction(SIGINT, &stop, NULL);
	sigaction(SIGHUP, &stop, NULL);
	sigaction(SIGQUIT, &stop, NULL);
	sigaction(SIGPIPE, &ignore, NULL);
	setrlimit(RLIMIT_CORE, &none);
	/* No limit holds for a core file that is piped to a program. */
	prctl(PR_SET_DUMPABLE, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	umask(077);
}

const char *job_error_code(const GError *error)
{
	if (error->domain == JOB_ERROR) {
		return codes[error->code];
	}
	if (error->domain != BASE_ERROR) {
		return "failed";
	}
	switch ((enum base_error)error->code) {
	case BASE_ERROR_LIMIT:
		return "limit";
	case BASE_ERROR_TIMEOUT:
		return "timeout";
	case BASE_ERROR_CANCELLED:
		return "interrupted";
	case BASE_ERROR_DENIED:
		return "auth";
	case BASE_ERROR_FAILED:
	case BASE_ERROR_MALFORMED:
	case BASE_ERROR_NOT_FOUND:
		return "failed";
	}
	return "failed";
}

struct json_obj *job_request(struct job *job)
{
	return &job->request;
}

bool job_request_end(struct job *job, GError **error)
{
	struct assent_error cerr;

	json_obj_end(&job->request);
	if (json_doc_status(job->doc, &cerr) < 0) {
		return fail(error, JOB_ERROR, JOB_ERROR_USAGE, "the request is wrong: %s",
			    cerr.text);
	}
	return true;
}

const char *job_trust(const struct job *job)
{
	return job->start->trust;
}

const struct privilege *job_privilege(const struct job *job)
{
	return job->start->privilege;
}

/* More than the request is nobody's business. */
static bool input_has_ended(int in)
{
	struct pollfd fd = {.fd = in, .events = POLLIN};
	char buffer[4096];

	return poll(&fd, 1, 0) > 0 && read(in, buffer, sizeof(buffer)) == 0;
}

bool job_stopped(const struct job *job)
{
	return stop_asked != 0 || (job->watch && input_has_ended(job->in));
}

void job_watch(struct job *job)
{
	job->watch = true;
}

void job_hold(struct job *job, bool hold)
{
	prctl(PR_SET_PDEATHSIG, hold && !job->bound ? 0 : SIGKILL);
}

void job_bind(struct job *job)
{
	job->bound = true;
}

static void write_text(struct json_writer *w, const char *name, const char *text)
{
	g_autofree char *valid = g_utf8_make_valid(text, -1);

	json_w_str(w, name, valid);
}

/* One line, written whole. Frees the writer. */
static bool send_line(struct job *job, struct json_writer *w, GError **error)
{
	struct assent_error cerr;
	autocfree char *text = NULL;
	g_autofree char *line = NULL;
	size_t len;

	if (json_writer_finish(w, &text, &len, &cerr) < 0) {
		return fail_core(error, &cerr, "cannot write the answer");
	}
	line = g_strconcat(text, "\n", NULL);
	return file_write_all(job->out, line, len + 1, error);
}

void job_progress(struct job *job, const char *text, int64_t done, int64_t total)
{
	struct pollfd reader = {.fd = job->out, .events = POLLOUT};
	struct json_writer *w;

	/* Who does not read must not make an apply stand still halfway. */
	if (poll(&reader, 1, 0) != 1 || (reader.revents & POLLOUT) == 0) {
		return;
	}
	w = json_writer_new(0);
	json_w_object(w, NULL);
	json_w_str(w, "event", "progress");
	write_text(w, "text", text);
	json_w_int(w, "done", done);
	json_w_int(w, "total", total);
	json_w_end(w);
	/* Nobody may be listening any more; the job's result does not hang on it. */
	if (!send_line(job, w, NULL)) {
		return;
	}
}

void job_event(struct job *job, struct json_writer *event)
{
	/* Who is not there any more needs none; SIGTERM or our parent's death ends the job. */
	if (!send_line(job, event, NULL)) {
		return;
	}
}

struct json_writer *job_result(struct job *job)
{
	if (job->result == NULL) {
		job->result = json_writer_new(0);
		json_w_object(job->result, NULL);
		json_w_object(job->result, "result");
	}
	return job->result;
}

static void diagnostic_clear(void *item)
{
	struct diagnostic *d = item;

	g_free(d->file);
	g_free(d->message);
}

void job_diagnostic(struct job *job, const char *file, unsigned line, unsigned column,
		    const char *message)
{
	struct diagnostic d = {g_strdup(file), line, column, g_strdup(message)};

	g_array_append_val(job->diagnostics, d);
}

static bool send_result(struct job *job, GError **error)
{
	struct json_writer *w = job_result(job);

	job->result = NULL;
	json_w_end(w);
	json_w_end(w);
	return send_line(job, w, error);
}

static void send_error(struct job *job, const GError *problem)
{
	struct json_writer *w = json_writer_new(0);
	g_autoptr(GError) error = NULL;

	json_w_object(w, NULL);
	json_w_object(w, "error");
	json_w_str(w, "code", job_error_code(problem));
	write_text(w, "message", problem->message);
	if (job->diagnostics->len > 0) {
		json_w_array(w, "diagnostics");
	}
	for (unsigned i = 0; i < job->diagnostics->len; i++) {
		const struct diagnostic *d = &g_array_index(job->diagnostics, struct diagnostic, i);

		json_w_object(w, NULL);
		write_text(w, "file", d->file);
		json_w_int(w, "line", d->line);
		json_w_int(w, "column", d->column);
		write_text(w, "message", d->message);
		json_w_end(w);
	}
	if (job->diagnostics->len > 0) {
		json_w_end(w);
	}
	json_w_end(w);
	json_w_end(w);
	if (!send_line(job, w, &error)) {
		g_printerr("assent-worker: %s\nassent-worker: %s\n", problem->message,
			   error->message);
	}
}

/* Everything up to the first newline or the end. */
static bool read_request(int in, GString *line, GError **error)
{
	char buffer[16384];

	for (;;) {
		ssize_t got = read(in, buffer, sizeof(buffer));
		const char *newline = got > 0 ? memchr(buffer, '\n', got) : NULL;
		size_t len = newline != NULL ? (size_t)(newline - buffer) : (size_t)MAX(got, 0);

		if (got < 0 && errno == EINTR && stop_asked == 0) {
			continue;
		}
		if (got < 0) {
			return fail_errno(error, "cannot read the request");
		}
		if (len > JOB_REQUEST_MAX - line->len) {
			return fail(error, JOB_ERROR, JOB_ERROR_USAGE,
				    "the request is longer than %zu bytes", JOB_REQUEST_MAX);
		}
		g_string_append_len(line, buffer, len);
		if (newline != NULL || got == 0) {
			return true;
		}
	}
}

static const struct job_kind *find_kind(const struct job_kind *kinds, const char *name)
{
	while (kinds->name != NULL && g_strcmp0(kinds->name, name) != 0) {
		kinds++;
	}
	return kinds->name == NULL ? NULL : kinds;
}

static bool run(struct job *job, GError **error)
{
	g_autoptr(GString) line = g_string_new(NULL);
	const struct job_kind *kind;
	struct assent_error cerr;
	const char *name;

	if (!read_request(job->in, line, error)) {
		return false;
	}
	if (json_doc_parse(&job->doc, line->str, line->len, 0, &cerr) < 0) {
		return fail(error, JOB_ERROR, JOB_ERROR_USAGE, "the request is not JSON: %s",
			    cerr.text);
	}
	json_doc_root(job->doc, &job->request);
	json_int(&job->request, "v", 1, 1);
	name = json_str(&job->request, "job", 32);
	if (json_doc_status(job->doc, &cerr) < 0) {
		return fail(error, JOB_ERROR, JOB_ERROR_USAGE, "the request is wrong: %s",
			    cerr.text);
	}
	kind = find_kind(job->start->kinds, name);
	if (kind == NULL) {
		return fail(error, JOB_ERROR, JOB_ERROR_USAGE, "there is no job '%s'", name);
	}
	return kind->run(job, error) && send_result(job, error);
}

int job_main(const struct job_start *start, int in, int out)
{
	g_autoptr(GError) error = NULL;
	struct job job = {.start = start, .in = in, .out = out};
	bool done;

	job.diagnostics = g_array_new(FALSE, TRUE, sizeof(struct diagnostic));
	g_array_set_clear_func(job.diagnostics, diagnostic_clear);
	done = run(&job, &error);
	if (!done) {
		send_error(&job, error);
	}
	json_writer_free(job.result);
	json_doc_free(job.doc);
	g_array_unref(job.diagnostics);
	return done ? 0 : 1;
}
