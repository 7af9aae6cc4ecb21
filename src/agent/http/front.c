/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The thread of a port, and the letters between it and the main loop. */
#include "agent/http/front.h"

#include <glib-unix.h>
#include <pthread.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/error.h"

struct letter {
	front_fn f;
	void *user;
	bool *done; /* of whoever waits for it, NULL: nobody */
};

/* Letters to one side. */
struct box {
	struct front *front;
	GQueue letters;
	int fd; /* readable when there are some */
	GSource *source;
};

struct front {
	GMainContext *context;
	GMainLoop *loop;
	GThread *thread; /* NULL: it has ended */
	/* Of POSIX, not of GLib: ThreadSanitizer sees these. */
	pthread_mutex_t lock;
	pthread_cond_t done;
	struct box there, here; /* of the front, of the main loop */
};

static bool take(struct box *box, struct letter *out)
{
	struct letter *letter;

	pthread_mutex_lock(&box->front->lock);
	letter = g_queue_pop_head(&box->letters);
	pthread_mutex_unlock(&box->front->lock);
	if (letter == NULL) {
		return false;
	}
	*out = *letter;
	g_free(letter);
	return true;
}

static void read_letter(struct front *front, const struct letter *letter)
{
	letter->f(letter->user);
	if (letter->done != NULL) {
		pthread_mutex_lock(&front->lock);
		*letter->done = true;
		pthread_cond_signal(&front->done);
		pthread_mutex_unlock(&front->lock);
	}
}

static gboolean on_letters(gint fd, GIOCondition condition, void *data)
{
	struct box *box = data;
	struct letter letter;
	uint64_t n;

	(void)condition;
	if (read(fd, &n, sizeof(n)) != (ssize_t)sizeof(n)) {
		return G_SOURCE_CONTINUE; // woken for nothing
	}
	/* Those that were written since: a flood of them leaves others their turn. */
	for (; n > 0 && take(box, &letter); n--) {
		read_letter(box->front, &letter);
	}
	return G_SOURCE_CONTINUE;
}

static void write_letter(struct box *box, front_fn f, void *user, bool *done)
{
	struct letter *letter = g_new0(struct letter, 1);
	const uint64_t one = 1;

	*letter = (struct letter){f, user, done};
	pthread_mutex_lock(&box->front->lock);
	g_queue_push_tail(&box->letters, letter);
	pthread_mutex_unlock(&box->front->lock);
	if (write(box->fd, &one, sizeof(one)) != (ssize_t)sizeof(one)) {
		g_error("cannot wake a thread"); // the count of an eventfd is never full
	}
}

static bool box_open(struct box *box, struct front *front, GMainContext *context, GError **error)
{
	box->front = front;
	box->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (box->fd < 0) {
		return fail_errno(error, "cannot make an eventfd");
	}
	box->source = g_unix_fd_source_new(box->fd, G_IO_IN);
	g_source_set_callback(box->source, G_SOURCE_FUNC(on_letters), box, NULL);
	g_source_attach(box->source, context);
	return true;
}

static void box_close(struct box *box)
{
	if (box->source != NULL) {
		g_source_destroy(box->source);
		g_source_unref(box->source);
	}
	if (box->fd >= 0) {
		close(box->fd);
	}
}

static void *run(void *data)
{
	struct front *front = data;

	g_main_context_push_thread_default(front->context);
	g_main_loop_run(front->loop);
	g_main_context_pop_thread_default(front->context);
	return NULL;
}

bool front_open(struct front **out, GError **error)
{
	struct front *front = g_new0(struct front, 1);

	front->context = g_main_context_new();
	front->loop = g_main_loop_new(front->context, FALSE);
	pthread_mutex_init(&front->lock, NULL);
	pthread_cond_init(&front->done, NULL);
	front->there.fd = front->here.fd = -1;
	if (!box_open(&front->there, front, front->context, error) ||
	    !box_open(&front->here, front, NULL, error)) {
		front_free(front);
		return false;
	}
	front->thread = g_thread_try_new("assentd-front", run, front, error);
	if (front->thread == NULL) {
		front_free(front);
		return false;
	}
	*out = front;
	return true;
}

GMainContext *front_context(const struct front *front)
{
	return front->context;
}

void front_do(struct front *front, front_fn f, void *user)
{
	if (front->thread == NULL) {
		f(user);
	} else {
		write_letter(&front->there, f, user, NULL);
	}
}

void front_ask(struct front *front, front_fn f, void *user)
{
	bool done = false;

	if (front->thread == NULL) {
		f(user);
		return;
	}
	write_letter(&front->there, f, user, &done);
	pthread_mutex_lock(&front->lock);
	while (!done) {
		pthread_cond_wait(&front->done, &front->lock);
	}
	pthread_mutex_unlock(&front->lock);
}

void front_tell(struct front *front, front_fn f, void *user)
{
	if (front->thread == NULL) {
		f(user);
	} else {
		write_letter(&front->here, f, user, NULL);
	}
}

static void quit(void *user)
{
	g_main_loop_quit(user);
}

void front_stop(struct front *front)
{
	struct letter letter;

	if (front->thread == NULL) {
		return;
	}
	front_do(front, quit, front->loop);
	g_thread_join(front->thread);
	front->thread = NULL; // not before: the front looks at it
	while (take(&front->there, &letter) || take(&front->here, &letter)) {
		read_letter(front, &letter);
	}
}

void front_free(struct front *front)
{
	if (front == NULL) {
		return;
	}
	g_assert(front->thread == NULL);
	box_close(&front->there);
	box_close(&front->here);
	pthread_cond_destroy(&front->done);
	pthread_mutex_destroy(&front->lock);
	g_main_loop_unref(front->loop);
	g_main_context_unref(front->context);
	g_free(front);
}
