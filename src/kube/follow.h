/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * A collection of a cluster's objects, followed by list and watch: what to ask
 * next, what is known of them, what has changed. Metadata is enough, so requests
 * carry KUBE_FOLLOW_ACCEPT. Whoever has the connection does:
 *
 *	if (kube_follow_next(f, now, &ask)) ... at ask.due: send GET ask.path
 *	KUBE_FOLLOW_LIST   kube_follow_page(f, answer, list, now)
 *	KUBE_FOLLOW_WATCH  kube_follow_event(f, type, object, now) for each, then
 *kube_follow_ended() KUBE_FOLLOW_READ   kube_follow_read(f, answer, object, now)
 *
 * At most one list or watch is under way, and beside it one read. The first list
 * tells of nothing; from then on whatever happens is told, also what happened
 * while the connection was lost or the server had forgotten where we were.
 *
 * That an object left the selection is no proof that it is gone: it is read
 * before it is called so. Times are milliseconds of one clock that only goes
 * forward.
 */
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "kube/answer.h"
#include "kube/discovery.h"
#include "kube/seen.h"
#include "kube/value.h"

#define KUBE_FOLLOW_ACCEPT_LIST "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
#define KUBE_FOLLOW_ACCEPT "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
#define KUBE_FOLLOW_MAX 100000	    /* objects of one collection */
#define KUBE_FOLLOW_READS 8	    /* at once */
#define KUBE_FOLLOW_PAUSE 1000	    /* after the first failure; twice as long after each other */
#define KUBE_FOLLOW_PAUSE_MAX 60000 /* and no longer */
#define KUBE_FOLLOW_REFUSED 300000  /* the same after refusals */

enum kube_follow_what {
	KUBE_FOLLOW_NEW,
	KUBE_FOLLOW_CHANGED,
	KUBE_FOLLOW_LEFT, /* it is there, and not selected any more */
	KUBE_FOLLOW_GONE,
};
extern const char *const kube_follow_what_names[]; /* "new", "changed", "left", "gone", NULL */

struct kube_followed {
	enum kube_follow_what what;
	const char *namespace; /* "": none */
	const char *name;
	const struct kube_change *change;
};
typedef void kube_follow_fn(const struct kube_followed *followed, void *user);

struct kube_follow_of {
	const struct kube_kind *kind; /* copied */
	const char *namespace;	      /* "": all of them, or none */
	const char *selector;	      /* of labels; NULL: none */
	const char *own;	      /* see seen.h */
	unsigned spread;	      /* 0 to 99: so that not all wake up together */
	kube_follow_fn *fn;
	void *user;
};
struct kube_follow;
/* An error when the kind has no such collection. */
bool kube_follow_new(const struct kube_follow_of *of, struct kube_follow **out, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
void kube_follow_free(struct kube_follow *f);
typedef struct kube_follow kube_follow_auto;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(kube_follow_auto, kube_follow_free)

enum kube_follow_kind { KUBE_FOLLOW_LIST, KUBE_FOLLOW_WATCH, KUBE_FOLLOW_READ };
struct kube_follow_ask {
	enum kube_follow_kind kind;
	char *path;  /* g_free(); NULL: not due yet */
	void *about; /* of a read */
	int64_t due;
};
/* False: nothing to ask before something under way has ended. What is due is under way from then
 * on; there may be more of it. */
bool kube_follow_next(struct kube_follow *f, int64_t now, struct kube_follow_ask *out);

/* answer NULL: there was none, and why says what happened instead. */
void kube_follow_page(struct kube_follow *f, const struct kube_answer *answer, const char *why,
		      const struct kube_value *list, int64_t now);
/* False: the stream is to be ended. */
bool kube_follow_event(struct kube_follow *f, const char *type, const struct kube_value *object,
		       int64_t now);
/* Both NULL: the server, or we, ended it. */
void kube_follow_ended(struct kube_follow *f, const struct kube_answer *answer, const char *why,
		       int64_t now);
/* answer NULL: there was none. */
void kube_follow_read(struct kube_follow *f, void *about, const struct kube_answer *answer,
		      const struct kube_value *object);

/* It has seen all of it, once at least. */
bool kube_follow_is_synced(const struct kube_follow *f);
/* Why it does not know what is there now; NULL: it does, or has just begun. */
const char *kube_follow_problem(const struct kube_follow *f);
/* Of the problem: it is refused, which time alone does not mend. */
bool kube_follow_is_refused(const struct kube_follow *f);
size_t kube_follow_count(const struct kube_follow *f);
