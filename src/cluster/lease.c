/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which of several agents leads, by a Lease. */
#include "cluster/lease.h"

#include <string.h>

#include "kube/time.h"

#define DURATION_MAX 86400 /* seconds that another's Lease is believed to last */

const struct lease_times lease_times_default = {15000, 10000, 2000};

struct lease_times lease_times_of(int64_t seconds)
{
	return (struct lease_times){seconds * 1000, seconds * 10000 / 15, seconds * 2000 / 15};
}

void lease_init(struct lease *lease, const char *identity, const struct lease_times *times)
{
	memset(lease, 0, sizeof(*lease));
	lease->identity = g_strdup(identity);
	lease->times = *times;
	lease->next_at = INT64_MIN;
	g_assert(times->retry > 0 && times->retry < times->renew &&
		 times->renew < times->duration && times->duration % 1000 == 0);
}

void lease_clear(struct lease *lease)
{
	g_free(lease->identity);
	kube_value_free(lease->object);
	g_free(lease->seen);
	memset(lease, 0, sizeof(*lease));
}

static const struct kube_value *spec_of(const struct lease *lease)
{
	return kube_value_get(lease->object, "spec");
}

const char *lease_holder(const struct lease *lease)
{
	const char *holder = kube_value_str_at(spec_of(lease), "holderIdentity", NULL);

	return holder != NULL && *holder != '\0' ? holder : NULL;
}

static bool is_ours(const struct lease *lease)
{
	return g_strcmp0(lease_holder(lease), lease->identity) == 0;
}

/* What does not say how long it lasts lasts as long as ours. */
static int64_t duration_of(const struct lease *lease)
{
	int64_t seconds;

	if (!kube_value_get_int(kube_value_get(spec_of(lease), "leaseDurationSeconds"), &seconds) ||
	    seconds <= 0) {
		return lease->times.duration;
	}
	return MIN(seconds, DURATION_MAX) * 1000;
}

/* Free for us? A clock that went back has told nothing yet. */
static bool is_free(const struct lease *lease, int64_t now)
{
	return lease->object == NULL || lease_holder(lease) == NULL || is_ours(lease) ||
	       now - lease->seen_at >= duration_of(lease);
}

int64_t lease_leads(const struct lease *lease, int64_t now)
{
	if (!lease->leading || lease->lost || now >= lease->led_until ||
	    now < lease->led_until - lease->times.renew) { // a clock that jumps back proves nothing
		return 0;
	}
	return lease->led_until - now;
}

static enum lease_todo ask(struct lease *lease, enum lease_todo todo, int64_t now)
{
	lease->todo = todo;
	lease->sent_at = now;
	return todo;
}

enum lease_todo lease_next(struct lease *lease, int64_t now, int64_t *wait)
{
	*wait = 0;
	if (lease->lost || (lease->leading && lease_leads(lease, now) == 0)) {
		lease->lost = true;
		return LEASE_LOST;
	}
	if (now < lease->next_at) {
		*wait = lease->next_at - now;
		if (lease->leading) {
			*wait = MIN(*wait, lease->led_until - now);
		}
		return LEASE_WAIT;
	}
	if (!lease->fresh) {
		return ask(lease, LEASE_READ, now);
	}
	return ask(lease, lease->absent ? LEASE_CREATE : LEASE_WRITE, now);
}

static void later(struct lease *lease, int64_t now)
{
	lease->next_at = now + lease->times.retry;
	lease->fresh = false;
}

static void keep(struct lease *lease, struct kube_value *object, int64_t now)
{
	size_t len;
	g_autofree char *seen = kube_value_canonical(kube_value_get(object, "spec"), &len);

	kube_value_free(lease->object);
	lease->object = object;
	lease->absent = false;
	if (g_strcmp0(seen, lease->seen) != 0) {
		g_free(lease->seen);
		lease->seen = g_steal_pointer(&seen);
		lease->seen_at = now;
	}
}

static bool is_lease(const struct kube_value *object)
{
	return g_strcmp0(kube_value_str_at(object, "kind", NULL), "Lease") == 0 &&
	       kube_value_is(kube_value_get(object, "metadata"), KUBE_MAP) &&
	       kube_value_str_at(object, "metadata", "resourceVersion", NULL) != NULL &&
	       (kube_value_get(object, "spec") == NULL ||
		kube_value_is(kube_value_get(object, "spec"), KUBE_MAP));
}

static void on_read(struct lease *lease, int64_t now)
{
	if (lease->leading && !is_ours(lease)) {
		lease->lost = true; // somebody took it, or a person edited it
	} else if (is_free(lease, now)) {
		lease->fresh = true;
	} else {
		later(lease, now);
	}
}

/* Since when counts from before the write was sent: others may have seen it at once. */
static void on_written(struct lease *lease, int64_t now)
{
	if (!is_ours(lease)) {
		lease->lost = lease->leading;
		later(lease, now);
		return;
	}
	lease->leading = true;
	lease->led_until = lease->sent_at + lease->times.renew;
	lease->next_at = now + lease->times.retry;
	lease->fresh = true;
}

void lease_answer(struct lease *lease, enum lease_came came, struct kube_value *object, int64_t now)
{
	if (came == LEASE_FOUND && !is_lease(object)) {
		came = LEASE_NOTHING;
	}
	switch (came) {
	case LEASE_FOUND:
		keep(lease, object, now);
		if (lease->todo == LEASE_READ) {
			on_read(lease, now);
		} else {
			on_written(lease, now);
		}
		return;
	case LEASE_ABSENT:
		if (lease->todo == LEASE_READ && !is_free(lease, now)) {
			later(lease, now); // who held it does not know yet, and acts
		} else if (lease->todo == LEASE_READ) {
			g_clear_pointer(&lease->object, kube_value_free);
			g_clear_pointer(&lease->seen, g_free);
			lease->absent = lease->fresh = true;
		} else {
			later(lease, now); // or the namespace is gone
		}
		break;
	case LEASE_CHANGED: // a leader asks at once who has changed it
		lease->fresh = false;
		lease->next_at = lease->leading ? now : now + lease->times.retry;
		break;
	case LEASE_NOTHING:
		later(lease, now);
		break;
	}
	kube_value_free(object);
}

/* A calendar that stands still must not look like an agent that does. */
static char *next_time(const struct kube_value *spec, int64_t wall)
{
	char *text = kube_time_micro(wall);

	if (g_strcmp0(text, kube_value_str(kube_value_get(spec, "renewTime"))) == 0) {
		g_free(text);
		text = kube_time_micro(wall + 1);
	}
	return text;
}

static void put_text(struct kube_value *map, const char *name, const char *text)
{
	kube_value_set(map, name, kube_value_string(text, -1));
}

static struct kube_value *part(struct kube_value *map, const char *name)
{
	if (!kube_value_is(kube_value_get(map, name), KUBE_MAP)) {
		kube_value_set(map, name, kube_value_map());
	}
	return kube_value_get(map, name);
}

/* What others put into it stays. */
static struct kube_value *copy(const struct lease *lease, const char *namespace, const char *name)
{
	struct kube_value *object =
		lease->object != NULL ? kube_value_dup(lease->object) : kube_value_map();

	put_text(object, "apiVersion", "coordination.k8s.io/v1");
	put_text(object, "kind", "Lease");
	if (lease->object == NULL) {
		put_text(part(object, "metadata"), "namespace", namespace);
		put_text(part(object, "metadata"), "name", name);
	}
	return object;
}

static char *text_of(const struct kube_value *object)
{
	size_t len;

	return kube_value_canonical(object, &len);
}

char *lease_body(const struct lease *lease, const char *namespace, const char *name, int64_t wall)
{
	g_autoptr(kube_value_auto) object = copy(lease, namespace, name);
	struct kube_value *spec = part(object, "spec");
	g_autofree char *now = next_time(spec, wall);
	int64_t transitions = 0;

	if (!is_ours(lease) || kube_value_str(kube_value_get(spec, "acquireTime")) == NULL) {
		put_text(spec, "acquireTime", now);
	}
	if (lease->object != NULL && !is_ours(lease)) {
		(void)kube_value_get_int(kube_value_get(spec, "leaseTransitions"), &transitions);
		transitions = transitions >= 0 && transitions < INT32_MAX ? transitions + 1 : 0;
		kube_value_set(spec, "leaseTransitions", kube_value_int(transitions));
	} else if (kube_value_get(spec, "leaseTransitions") == NULL) {
		kube_value_set(spec, "leaseTransitions", kube_value_int(0));
	}
	put_text(spec, "holderIdentity", lease->identity);
	put_text(spec, "renewTime", now);
	kube_value_set(spec, "leaseDurationSeconds", kube_value_int(lease->times.duration / 1000));
	return text_of(object);
}

char *lease_release(struct lease *lease, int64_t now, int64_t wall)
{
	g_autoptr(kube_value_auto) object = NULL;
	g_autofree char *time = kube_time_micro(wall);
	bool held = lease_leads(lease, now) > 0 && lease->object != NULL && is_ours(lease);
	struct kube_value *spec;

	lease->lost = true;
	lease->leading = false;
	if (!held) {
		return NULL;
	}
	object = kube_value_dup(lease->object);
	spec = part(object, "spec");
	put_text(spec, "holderIdentity", "");
	put_text(spec, "acquireTime", time);
	put_text(spec, "renewTime", time);
	kube_value_set(spec, "leaseDurationSeconds", kube_value_int(1));
	return text_of(object);
}
