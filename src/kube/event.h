/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * An Event of events.k8s.io/v1: what somebody has done with an object, told beside it for
 * `kubectl describe` and `kubectl get events`.
 *
 *	path = "/apis/events.k8s.io/v1/namespaces/" kube_event_namespace(id) "/events"
 *	POST kube_event_value(&event)
 *
 * Texts that are longer than a server takes are cut, at the end of a character.
 */
#include "kube/id.h"

#define KUBE_EVENT_NAME_MAX 253
#define KUBE_EVENT_NOTE_MAX 1024    /* bytes */
#define KUBE_EVENT_INSTANCE_MAX 128 /* bytes */
#define KUBE_EVENT_CONTROLLER "assent.org/agent"

struct kube_event {
	const struct kube_id *id;    /* of the object */
	const char *uid, *version;   /* the object's, "version" as resourceVersion; NULL: unknown */
	bool warning;		     /* it is not as it should be */
	const char *reason, *action; /* words in UpperCamelCase */
	const char *note;	     /* for people; UTF-8 */
	const char *instance;	     /* who tells it; not empty */
	const char *unique;	     /* makes the name one of its own: hexadecimal digits, 16 */
	int64_t time;		     /* microseconds since 1970 */
};

/* Where it must be: in the object's namespace; borrowed. */
const char *kube_event_namespace(const struct kube_id *id);
struct kube_value *kube_event_value(const struct kube_event *event);
