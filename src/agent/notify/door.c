/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Who may answer a callback, and the clicks that wait for the main loop. */
#include "agent/notify/door.h"

#include <pthread.h>
#include <string.h>

#include "agent/http/call.h"
#include "agent/http/front.h"
#include "agent/notify/notify.h"
#include "base/error.h"
#include "base/log.h"

#define PATIENCE 80	/* milliseconds for the main loop to know better */
#define CLICKS_MAX 1024 /* that wait; more wait in their connections */

struct doors {
	pthread_mutex_t lock;
	GPtrArray *open; /* struct door */
	GQueue clicks;	 /* struct click */
	void (*heard)(void *user);
	void *user;
};

struct doors *doors_new(void)
{
	struct doors *doors = g_new0(struct doors, 1);

	pthread_mutex_init(&doors->lock, NULL);
	doors->open = g_ptr_array_new();
	/* Made at their first use, which shall not be that of two threads at once. */
	g_assert(NOTIFY_ERROR != BASE_ERROR);
	return doors;
}

void click_free(struct click *click)
{
	if (click == NULL) {
		return;
	}
	g_assert(click->call == NULL);
	if (click->read != NULL) {
		click->free_read(click->read);
	}
	g_free(click->bytes);
	g_free(click->kept);
	g_free(click);
}

void doors_lock(struct doors *doors)
{
	pthread_mutex_lock(&doors->lock);
}

void doors_unlock(struct doors *doors)
{
	pthread_mutex_unlock(&doors->lock);
}

static void say_so(struct call *call)
{
	call_reply(call, MHD_HTTP_OK, "text/plain; charset=utf-8", "", 0);
}

void doors_shut(struct doors *doors)
{
	struct click *click;

	g_ptr_array_set_size(doors->open, 0);
	while ((click = g_queue_pop_head(&doors->clicks)) != NULL) {
		if (click->call != NULL) {
			say_so(click->call);
			call_return(g_steal_pointer(&click->call));
		}
		click_free(click);
	}
}

void doors_free(struct doors *doors)
{
	if (doors == NULL) {
		return;
	}
	doors_shut(doors);
	g_ptr_array_unref(doors->open);
	pthread_mutex_destroy(&doors->lock);
	g_free(doors);
}

void doors_add(struct doors *doors, struct door *door)
{
	g_ptr_array_add(doors->open, door);
}

void doors_hear(struct doors *doors, void (*heard)(void *user), void *user)
{
	doors->heard = heard;
	doors->user = user;
}

struct click *doors_next(struct doors *doors)
{
	struct click *click;

	doors_lock(doors);
	click = g_queue_pop_head(&doors->clicks);
	doors_unlock(doors);
	return click;
}

/* In the main loop. */
static void tell_heard(void *user)
{
	const struct doors *doors = user;

	if (doors->heard != NULL) {
		doors->heard(doors->user);
	}
}

/* Whoever takes the call out of its click answers it. */
static bool take_back(struct doors *doors, const struct call *call)
{
	bool found = false;

	doors_lock(doors);
	for (GList *item = doors->clicks.head; item != NULL && !found; item = item->next) {
		struct click *click = item->data;

		if (click->call == call) {
			click->call = NULL;
			found = true;
		}
	}
	doors_unlock(doors);
	return found;
}

static gboolean on_deadline(void *user)
{
	struct call *call = user;

	if (take_back(call->doors, call)) {
		say_so(call);
		call_return(call);
	}
	return G_SOURCE_REMOVE;
}

static void wait_for_answer(struct doors *doors, struct call *call)
{
	call->doors = doors;
	call->deadline = g_timeout_source_new(PATIENCE);
	g_source_set_callback(call->deadline, on_deadline, call, NULL);
	g_source_attach(call->deadline, front_context(call->front));
	call_leave(call);
}

/* Each of them is asked; what the last one found wrong is told. False: there is none. */
static bool judge(struct doors *doors, const char *name, const struct call *call,
		  enum door_verdict *verdict, struct click **click, GError **error)
{
	bool asked = false;

	for (unsigned i = 0; i < doors->open->len; i++) {
		struct door *door = g_ptr_array_index(doors->open, i);

		if (strcmp(door->name, name) != 0) {
			continue;
		}
		asked = true;
		g_clear_error(error);
		*verdict = door->judge(door, call, click, error);
		if (*verdict != DOOR_REFUSED) {
			break;
		}
	}
	return asked;
}

bool doors_take(struct doors *doors, const char *name, struct call *call)
{
	enum door_verdict verdict = DOOR_LATER;
	g_autoptr(GError) error = NULL;
	struct click *click = NULL;

	doors_lock(doors);
	if (doors->clicks.length >= CLICKS_MAX ||
	    !judge(doors, name, call, &verdict, &click, &error)) {
		verdict = DOOR_LATER;
	}
	if (verdict == DOOR_ASK) {
		click->call = call;
		wait_for_answer(doors, call);
	}
	if (click != NULL) {
		g_queue_push_tail(&doors->clicks, click);
	}
	doors_unlock(doors);
	switch (verdict) {
	case DOOR_REFUSED:
		notify_refuse(call, name, error);
		break;
	case DOOR_DONE:
		say_so(call);
		break;
	case DOOR_CLICK:
		call_after(call, tell_heard, doors);
		say_so(call);
		break;
	case DOOR_ASK:
		front_tell(call->front, tell_heard, doors);
		break;
	case DOOR_LATER:
		return false;
	}
	return true;
}
