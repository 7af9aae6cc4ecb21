/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * What an answer of the server means, and whether asking again could help.
 *
 *	struct kube_answer *answer = kube_answer_read(&reply);
 *	switch (answer->class) ...
 *	kube_answer_free(answer);
 *
 * Never fails: what cannot be understood is KUBE_FAILED, with no retry. Texts
 * are the server's, made one line of at most KUBE_ANSWER_TEXT bytes; a server
 * repeats values in them, so of a Secret only paths and reasons are kept.
 */
#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kube/value.h"

#define KUBE_ANSWER_TEXT 1000
#define KUBE_ANSWER_CAUSES 100
#define KUBE_ANSWER_MAX_WAIT 600 /* seconds; whatever the server says */

enum kube_class {
	KUBE_DONE,
	KUBE_CREATED, /* in a dry run: would be */
	KUBE_NOT_MODIFIED,
	KUBE_CONFLICT,	/* others own fields: see causes */
	KUBE_STALE,	/* it is not as the caller had read it */
	KUBE_GONE,	/* the object with this uid is not there; another may be */
	KUBE_RECREATED, /* the name is there, with another uid */
	KUBE_EXISTS,
	KUBE_SCHEMA, /* unknown field, wrong type, the same list key twice */
	KUBE_INVALID,
	KUBE_IMMUTABLE, /* nothing but fields that cannot change: replacing would help */
	KUBE_REFUSED,	/* the request itself is wrong: 400, 405, 406, 415 */
	KUBE_TOO_LARGE,
	KUBE_UNAUTHENTICATED,
	KUBE_FORBIDDEN,
	KUBE_TERMINATING, /* the namespace is being deleted */
	KUBE_NOT_FOUND,
	KUBE_NO_NAMESPACE,
	KUBE_NOT_SERVED, /* no such group, version or resource */
	KUBE_EXPIRED,	 /* 410: list again */
	KUBE_THROTTLED,
	KUBE_HOOK_DENIED,
	KUBE_HOOK_UNREACHABLE,
	KUBE_HOOK_NO_DRY_RUN,
	KUBE_FAILED,
};

enum kube_retry {
	KUBE_RETRY_NEVER,
	KUBE_RETRY_AFTER,   /* the same, after retry_after seconds */
	KUBE_RETRY_BACKOFF, /* the same, some time later */
	KUBE_RETRY_REREAD,  /* after looking at what is there now */
};

struct kube_cause {
	char *reason;  /* "FieldManagerConflict", "FieldValueInvalid", ...; "" */
	char *field;   /* ".spec.replicas"; "" */
	char *message; /* "" */
	char *manager; /* of a conflict: who owns the field; else NULL */
};

struct kube_answer {
	enum kube_class class;
	int code;
	enum kube_retry retry;
	unsigned retry_after; /* seconds */
	char *reason;	      /* the server's word for it; "" */
	char *message;	      /* "" when it said nothing that may be shown */
	char *hook;	      /* name of the webhook, of the classes KUBE_HOOK_*; else NULL */
	char *continues;      /* of KUBE_EXPIRED: a token for the rest, no longer of one moment */
	GPtrArray *causes;    /* struct kube_cause */
};

/* What came; borrowed. */
struct kube_reply {
	int code;
	const char *content_type; /* NULL: none */
	const char *retry_after;  /* the header's text; NULL: none */
	const char *body;
	size_t len;
	const char *resource; /* what was asked for: "configmaps"; NULL: no object */
	bool secret;	      /* the request or its object holds what nobody may read */
};

struct kube_answer *kube_answer_read(const struct kube_reply *reply);
/* Of a Status object, as it comes in a watch's ERROR event. */
struct kube_answer *kube_answer_from_status(const struct kube_value *status);
void kube_answer_free(struct kube_answer *answer);
typedef struct kube_answer kube_answer_auto;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(kube_answer_auto, kube_answer_free)
bool kube_answer_is_good(const struct kube_answer *answer);
/* "conflict", "stale", ...: for logs. */
const char *kube_class_name(enum kube_class class);
