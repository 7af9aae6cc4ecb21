/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * Which applied plans changed a thing, newest first, and whether what is on
 * this host now is still what the newest of them left there.
 *
 *	name = blame_name("~/app/x", home, folder)      what a person typed
 *	findings = blame_find(tale, &name, stack)       struct blame_finding
 *	blame_look(&now, change)
 *
 * A change counts when the log says that it was done: of an apply that failed,
 * only where its list of steps says so, and not when it was undone since.
 */
#include <glib.h>
#include <stdbool.h>

#include "cli/tale.h"

enum blame_reach {
	BLAME_EXACT,
	BLAME_BARE,  /* what is called so, of any kind but a file's: "nginx", "nginx.service" */
	BLAME_BELOW, /* what lies beneath the path: a tree, a folder */
};
struct blame_name {
	char *id;   /* "package:nginx"; NULL: a path was meant */
	char *path; /* absolute and clean; NULL: not of that kind */
	char *bare; /* as it was given, where it could be the name of a package; NULL */
	enum blame_reach reach;
};
struct blame_finding {
	const struct tale_plan *plan;
	const struct tale_run *run;
	const struct plan_change *change;
};
enum blame_state { BLAME_SAME, BLAME_DIFFERENT, BLAME_UNKNOWN };
extern const char *const blame_state_names[]; /* "same", "different", "unknown" */
struct blame_now {
	enum blame_state state;
	GPtrArray *differs; /* "type", "content", "mode", "owner", "target": static texts */
	const char *code;   /* unknown: "secret", "kind", "error", "elsewhere"; NULL */
	char *why;	    /* the same for people */
};

/* home and folder are absolute. */
void blame_name_init(struct blame_name *name, const char *text, const char *home,
		     const char *folder);
void blame_name_clear(struct blame_name *name);
/* stack NULL: any. g_array_unref() */
GArray *blame_find(const struct tale *tale, const struct blame_name *name, const char *stack);
/* The longest path above name's that a plan was about, NULL: none. Borrowed from tale. */
const char *blame_parent(const struct tale *tale, const struct blame_name *name);
/* Looks at this host. */
void blame_look(struct blame_now *now, const struct plan_change *change);
void blame_now_clear(struct blame_now *now);
/* The newest drift since the finding that tells of it, NULL: none. */
const struct tale_event *blame_drift(const struct tale *tale, const struct blame_finding *finding);
