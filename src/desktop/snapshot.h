/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * What an agent tells a desktop (GET /v1/desktop of doc/api.yaml), parsed. All
 * strings belong to the snapshot and come as the agent sent them: whoever shows
 * them makes them harmless first (desktop/render.h).
 */
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

struct snapshot_plan {
	char *id, *stack, *reason;
	char *subject, *author; /* NULL: not known */
	char *summary;		/* "1 remove, 2 create" */
	char *risks;		/* "deletion, secret"; "" */
	int64_t created, expires, required, votes;
	int64_t outside; /* changes of what was changed outside since it was applied */
	bool approved, voted, may_approve, may_reject;
};
struct snapshot_alert {
	char *condition, *reason;
	int64_t reminders;
};
/* What a person has asked for, and what lasts until it is taken back. */
enum snapshot_steered { STEERED_STOPPED, STEERED_SUSPENDED, STEERED_PINNED };
struct snapshot_steer {
	enum snapshot_steered kind;
	char *stack; /* NULL: of everything */
	char *by;    /* NULL: the reason says it */
	char *reason;
	int64_t until; /* 0: until somebody takes it back */
};
struct snapshot_stack {
	char *name, *state, *reason;
	int64_t drift;
	/* of the last apply; NULL: there was none */
	char *plan, *result, *why;
	int64_t done;
	GPtrArray *alerts; /* struct snapshot_alert, those that are told */
	char *halted;	   /* the plan whose apply can be undone or gone on with; NULL: none */
};
struct snapshot {
	char *agent;
	char *person;  /* NULL: nobody of the agent's people */
	char *problem; /* NULL: none */
	bool pages;
	int64_t remind;	   /* seconds, 0: never */
	GPtrArray *plans;  /* struct snapshot_plan */
	GPtrArray *stacks; /* struct snapshot_stack */
	GPtrArray *steers; /* struct snapshot_steer, that of everything once */
};

bool snapshot_parse(const char *text, size_t len, struct snapshot **out, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
void snapshot_free(struct snapshot *snapshot);

typedef struct snapshot snapshot_auto;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(snapshot_auto, snapshot_free)
