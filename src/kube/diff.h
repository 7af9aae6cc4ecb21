/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * The difference of two values, as paths for people.
 *
 * A path is written as servers write it: .spec.containers[name="web"].image,
 * with ["a.b/c"] for names that would be read otherwise. Items of lists are
 * paired by what names them where each has such a name of its own, else by
 * their place. No difference is left out: the list is empty if and only if the
 * values are equal, and one that does not fit ends in an entry that says so.
 */
#include <glib.h>

#include "kube/value.h"

#define KUBE_DIFF_MAX 10000

struct kube_difference {
	char *path;	 /* "" is the whole */
	char *old, *new; /* canonical JSON; NULL: absent */
	bool order;	 /* the same items in another order; old and new are their names */
	bool more;	 /* the last: there are more that are not listed */
};

/* struct kube_difference, in the order of the names; either may be NULL. */
GPtrArray *kube_diff(const struct kube_value *old, const struct kube_value *new);
