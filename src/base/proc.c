/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Child processes in a main loop, with bounds; proc_run() brings a loop of its own. */
#include "base/proc.h"

#include "base/autoptr.h"
#include "base/error.h"
#include "base/spawn.h"

#include <errno.h>
#include <glib-unix.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define DEFAULT_MAX_OUTPUT ((size_t)1 << 20)
#define READ_SIZE 16384
#define MAX_TIMEOUT (UINT_MAX / 1000)
#define ASK_MS 200

struct proc {
	struct spawned child;
	GMainContext *context;
	char *name;
	char *input;
	size_t input_len, input_done;
	size_t max_output, out_total;
	bool endless;
	unsigned timeout_ms, grace;
	int pidfd;
	GString *out; /* proc_start(): the line under way; proc_run(): everything */
	GString *err;
	GSource *sources[4]; /* stdin, stdout, stderr, exit */
	GSource *deadline, *killer, *asking;
	GError *error;
	bool lines, hold_input;
	struct proc_ops ops;
	void *user;
};

enum { SOURCE_IN, SOURCE_OUT, SOURCE_ERR, SOURCE_EXIT };

static void drop_source(GSource **source)
{
	if (*source != NULL) {
		g_source_destroy(*source);
		g_clear_pointer(source, g_source_unref);
	}
}

static void proc_free(struct proc *proc)
{
	for (size_t i = 0; i < G_N_ELEMENTS(proc->sources); i++) {
		drop_source(&proc->sources[i]);
	}
	drop_source(&proc->deadline);
	drop_source(&proc->killer);
	drop_source(&proc->asking);
	spawn_close(&proc->child);
	if (proc->pidfd >= 0) {
		close(proc->pidfd);
	}
	if (proc->out != NULL) {
		g_string_free(proc->out, TRUE);
	}
	g_string_free(proc->err, TRUE);
	g_clear_error(&proc->error);
	g_clear_pointer(&proc->context, g_main_context_unref);
	g_free(proc->input);
	g_free(proc->name);
	g_free(proc);
}

static void close_input(struct proc *proc)
{
	drop_source(&proc->sources[SOURCE_IN]);
	if (proc->child.in >= 0) {
		close(fd_steal(&proc->child.in));
	}
}

static gboolean on_grace_over(void *user);

static void start_killer(struct proc *proc, unsigned grace)
{
	if (proc->killer == NULL) {
		proc->killer = g_timeout_source_new_seconds(grace);
		g_source_set_callback(proc->killer, on_grace_over, proc, NULL);
		g_source_attach(proc->killer, proc->context);
	}
}

static void proc_kill(struct proc *proc, int code, const char *why)
{
	if (proc->error == NULL) {
		fail(&proc->error, BASE_ERROR, code, "'%s' %s", proc->name, why);
	}
	kill(-proc->child.pid, proc->grace > 0 ? SIGTERM : SIGKILL);
	if (proc->grace > 0) {
		start_killer(proc, proc->grace);
	}
	if (proc->hold_input) {
		close_input(proc);
	}
}

static void give_lines(struct proc *proc)
{
	size_t start = 0;
	char *newline;

	while ((newline = memchr(proc->out->str + start, '\n', proc->out->len - start)) != NULL) {
		size_t len = newline - (proc->out->str + start);

		*newline = '\0';
		if (proc->ops.line != NULL) {
			proc->ops.line(proc->out->str + start, len, proc->user);
		}
		start += len + 1;
	}
	g_string_erase(proc->out, 0, start);
}

/* A line that does not end; of stderr the end stays, which says what was wrong last. */
static void bound_endless(struct proc *proc, bool is_out)
{
	size_t max = proc->max_output;

	if (!proc->endless) {
		return;
	}
	if (is_out && proc->out->len > max) {
		proc_kill(proc, BASE_ERROR_LIMIT, "writes more than is allowed");
	} else if (!is_out && proc->err->len > max) {
		g_string_erase(proc->err, 0, (gssize)(proc->err->len - max / 2));
	}
}

/* False at the end of the stream. */
static bool read_some(struct proc *proc, int fd, bool is_out, size_t *got_out)
{
	GString *into = is_out ? proc->out : proc->err;
	size_t *total = is_out ? &proc->out_total : &into->len;
	char buffer[READ_SIZE];
	ssize_t got = read(fd, buffer, sizeof(buffer));

	*got_out = got > 0 ? got : 0;
	if (got < 0) {
		return errno == EAGAIN || errno == EINTR;
	}
	if (got == 0) {
		return false;
	}
	if (proc->error != NULL) {
		return true; /* already killed; only the pipe is emptied */
	}
	if (!proc->endless && (size_t)got > proc->max_output - *total) {
		proc_kill(proc, BASE_ERROR_LIMIT, "writes more than is allowed");
		return true;
	}
	g_string_append_len(into, buffer, got);
	if (is_out) {
		proc->out_total += got;
		if (proc->lines) {
			give_lines(proc);
		}
	}
	bound_endless(proc, is_out);
	return true;
}

static gboolean on_readable(int fd, GIOCondition condition, void *user)
{
	struct proc *proc = user;
	bool is_out = fd == proc->child.out;
	size_t got;

	if (read_some(proc, fd, is_out, &got)) {
		return G_SOURCE_CONTINUE;
	}
	drop_source(&proc->sources[is_out ? SOURCE_OUT : SOURCE_ERR]);
	return G_SOURCE_REMOVE;
}

static gboolean on_writable(int fd, GIOCondition condition, void *user)
{
	struct proc *proc = user;
	ssize_t put =
		spawn_write(fd, proc->input + proc->input_done, proc->input_len - proc->input_done);

	if (put > 0) {
		proc->input_done += put;
	}
	if ((put >= 0 || errno == EAGAIN || errno == EINTR) && proc->input_done < proc->input_len) {
		return G_SOURCE_CONTINUE;
	}
	/* A child that does not read to the end has its reasons; its exit code tells. */
	if (proc->hold_input && proc->input_done == proc->input_len) {
		drop_source(&proc->sources[SOURCE_IN]);
	} else {
		close_input(proc);
	}
	return G_SOURCE_REMOVE;
}

/* What the child left in the pipes. Its own children may hold them open: do not wait for those. */
static void drain(struct proc *proc)
{
	size_t got;

	do {
		if (!read_some(proc, proc->child.out, true, &got)) {
			break;
		}
	} while (got > 0);
	while (proc->child.err >= 0 && read_some(proc, proc->child.err, false, &got) && got > 0) {
	}
}

static gboolean on_exit_of_child(int fd, GIOCondition condition, void *user)
{
	struct proc *proc = user;
	int status;

	if (proc->error != NULL) {
		/* What SIGTERM left of its group; its number is still its own. */
		kill(-proc->child.pid, SIGKILL);
	}
	status = spawn_reap(proc->child.pid);
	drain(proc);
	if (proc->lines && proc->out->len > 0 && proc->error == NULL && proc->ops.line != NULL) {
		proc->ops.line(proc->out->str, proc->out->len, proc->user);
	}
	proc->ops.exit(status, proc->err->str, proc->error, proc->user);
	proc_free(proc);
	return G_SOURCE_REMOVE;
}

static gboolean on_deadline(void *user)
{
	struct proc *proc = user;
	bool whole = proc->timeout_ms % 1000 == 0;
	g_autofree char *why = g_strdup_printf("did not finish within %u %s",
					       whole ? proc->timeout_ms / 1000 : proc->timeout_ms,
					       whole ? "seconds" : "milliseconds");

	proc_kill(proc, BASE_ERROR_TIMEOUT, why);
	drop_source(&proc->deadline);
	return G_SOURCE_REMOVE;
}

static gboolean on_grace_over(void *user)
{
	struct proc *proc = user;

	kill(-proc->child.pid, SIGKILL);
	drop_source(&proc->killer);
	return G_SOURCE_REMOVE;
}

void proc_stop(struct proc *proc, unsigned grace)
{
	kill(-proc->child.pid, SIGTERM);
	if (proc->hold_input) {
		close_input(proc);
	}
	start_killer(proc, grace);
}

static void watch(struct proc *proc, int which, int fd, GIOCondition condition,
		  GUnixFDSourceFunc func)
{
	if (fd < 0) {
		return;
	}
	proc->sources[which] = g_unix_fd_source_new(fd, condition);
	/* The exit last: lines before it are given first. */
	g_source_set_priority(proc->sources[which],
			      which == SOURCE_EXIT ? G_PRIORITY_DEFAULT + 1 : G_PRIORITY_DEFAULT);
	g_source_set_callback(proc->sources[which], G_SOURCE_FUNC(func), proc, NULL);
	g_source_attach(proc->sources[which], proc->context);
}

/* Where the kernel, or what stands for it (valgrind), has no pidfd_open(). */
static gboolean poll_exit(void *user)
{
	struct proc *proc = user;
	siginfo_t info = {0};

	if (waitid(P_PID, (id_t)proc->child.pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
	    info.si_pid == 0) {
		return G_SOURCE_CONTINUE;
	}
	return on_exit_of_child(-1, 0, proc);
}

static void watch_exit(struct proc *proc)
{
	if (proc->pidfd >= 0) {
		watch(proc, SOURCE_EXIT, proc->pidfd, G_IO_IN, on_exit_of_child);
		return;
	}
	proc->sources[SOURCE_EXIT] = g_timeout_source_new(20);
	g_source_set_callback(proc->sources[SOURCE_EXIT], poll_exit, proc, NULL);
	g_source_attach(proc->sources[SOURCE_EXIT], proc->context);
}

static bool open_pidfd(struct proc *proc, GError **error)
{
	proc->pidfd = syscall(SYS_pidfd_open, proc->child.pid, 0);
	if (proc->pidfd >= 0 || errno == ENOSYS) {
		return true; // without it poll_exit() looks
	}
	fail_errno(error, "cannot watch '%s'", proc->name);
	kill(-proc->child.pid, SIGKILL);
	spawn_reap(proc->child.pid);
	return false;
}

static bool start(const struct proc_spec *spec, GMainContext *context, bool lines,
		  const struct proc_ops *ops, void *user, struct proc **out, GError **error)
{
	struct proc *proc;
	struct spawned child;

	if (!spawn_start(spec, SPAWN_NONBLOCK, &child, error)) {
		return false;
	}
	proc = g_new0(struct proc, 1);
	proc->child = child;
	proc->context = g_main_context_ref(context);
	proc->name = g_path_get_basename(spec->argv[0]);
	proc->input = spec->input == NULL ? NULL : g_memdup2(spec->input, spec->input_len);
	proc->input_len = spec->input == NULL ? 0 : spec->input_len;
	proc->max_output = spec->max_output == 0 ? DEFAULT_MAX_OUTPUT : spec->max_output;
	proc->timeout_ms =
		spec->timeout_ms > 0 ? spec->timeout_ms : MIN(spec->timeout, MAX_TIMEOUT) * 1000;
	proc->endless = spec->endless;
	proc->grace = spec->grace;
	proc->out = g_string_new(NULL);
	proc->err = g_string_new(NULL);
	proc->lines = lines;
	proc->hold_input = spec->hold_input;
	proc->ops = *ops;
	proc->user = user;
	if (!open_pidfd(proc, error)) {
		proc_free(proc);
		return false;
	}
	watch(proc, SOURCE_IN, child.in, G_IO_OUT, on_writable);
	watch(proc, SOURCE_OUT, child.out, G_IO_IN, on_readable);
	watch(proc, SOURCE_ERR, child.err, G_IO_IN, on_readable);
	watch_exit(proc);
	if (proc->timeout_ms > 0) {
		proc->deadline = g_timeout_source_new(proc->timeout_ms);
		g_source_set_callback(proc->deadline, on_deadline, proc, NULL);
		g_source_attach(proc->deadline, proc->context);
	}
	*out = proc;
	return true;
}

bool proc_start(const struct proc_spec *spec, const struct proc_ops *ops, void *user,
		struct proc **out, GError **error)
{
	g_autoptr(GMainContext) context = g_main_context_ref_thread_default();

	return start(spec, context, true, ops, user, out, error);
}

struct run {
	struct proc *proc;
	struct proc_result *result;
	const struct proc_spec *spec;
	GError *error;
	bool done;
};

static void run_exit(int status, const char *err, const GError *error, void *user)
{
	struct run *run = user;

	run->done = true;
	if (error != NULL) {
		run->error = g_error_copy(error);
	}
	if (error != NULL && !run->spec->keep_output) {
		return;
	}
	run->result->status = status;
	run->result->out = g_steal_pointer(&run->proc->out);
	run->result->err = g_string_new_len(run->proc->err->str, run->proc->err->len);
}

static gboolean ask_stopped(void *user)
{
	struct run *run = user;

	if (run->spec->stopped(run->spec->stopped_user)) {
		proc_kill(run->proc, BASE_ERROR_CANCELLED, "was ended, for we are asked to stop");
		drop_source(&run->proc->asking);
	}
	return G_SOURCE_CONTINUE;
}

static void start_asking(struct run *run)
{
	GSource *source = g_timeout_source_new(ASK_MS);

	g_source_set_callback(source, ask_stopped, run, NULL);
	g_source_attach(source, run->proc->context);
	run->proc->asking = source;
}

bool proc_run(const struct proc_spec *spec, struct proc_result *result, GError **error)
{
	static const struct proc_ops ops = {.exit = run_exit};
	g_autoptr(GMainContext) context = g_main_context_new();
	struct run run = {.result = result, .spec = spec};

	if (!start(spec, context, false, &ops, &run, &run.proc, error)) {
		return false;
	}
	if (spec->stopped != NULL) {
		start_asking(&run);
	}
	while (!run.done) {
		g_main_context_iteration(context, TRUE);
	}
	if (run.error != NULL) {
		g_propagate_error(error, run.error);
		return false;
	}
	return true;
}

static void clear_text(GString **text)
{
	if (*text != NULL) {
		g_string_free(*text, TRUE);
		*text = NULL;
	}
}

void proc_result_clear(struct proc_result *result)
{
	clear_text(&result->out);
	clear_text(&result->err);
}
