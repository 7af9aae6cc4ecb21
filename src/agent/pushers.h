/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * Who pushed what, as forges tell by verified hooks. It can only take the right
 * to approve from somebody: it waits here for the fetch that brings the commit,
 * joins the list of commits that the log refers to, and is forgotten.
 *
 *	pushers_note(pushers, commit, conf, push)
 *	pushers_join(pushers, commit, &list, &len, before, before_len, &fresh, &error)
 *
 * There are few: an agent that never fetches what hooks speak of forgets the
 * oldest of them.
 */
#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/conf.h"

#define PUSHERS_MAX 16 /* that wait, for each stack */

/* What a hook says; NULL where it does not. */
struct push_report {
	char *commit;	/* the branch's new tip */
	char *email;	/* valid */
	char *login[2]; /* at the forge: a name, and a number or the like */
};
void push_report_clear(struct push_report *report);

struct pushers;
struct pushers *pushers_new(void);
void pushers_free(struct pushers *pushers);
/* Their address, and those of 'people' with this address or login, by name. */
void pushers_note(struct pushers *pushers, const struct conf *conf,
		  const struct push_report *report);
/* Into *list, the JSON of commits of a fetch that brought commit (free(), as *list comes): those
 * who pushed it or one of the commits listed, and those of before, the list of the commit seen last
 * (NULL: none, or all of it is applied). *fresh: one of them was an author neither here nor there.
 */
bool pushers_join(struct pushers *pushers, const char *commit, char **list, size_t *len,
		  const char *before, size_t before_len, bool *fresh, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
