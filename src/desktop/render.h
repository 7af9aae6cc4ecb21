/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * The words of a notification, for what a server can show. What comes from a
 * repository or an agent is escaped (base/text.h), shortened, and in the body
 * escaped once more where the server reads markup. No clock, no bus.
 */
#include <glib.h>
#include <stdbool.h>

#include "desktop/snapshot.h"

#define RENDER_SUMMARY 60 /* columns */
#define RENDER_LINE 120

/* What a notification server can do. */
struct caps {
	bool actions, body, markup, inline_reply;
};
enum urgency { URGENCY_LOW, URGENCY_NORMAL, URGENCY_CRITICAL };

struct words {
	char *summary, *body; /* owned */
	char **actions;	      /* key, label ...; owned, NULL-terminated */
	const char *category;
	enum urgency urgency;
	bool stays; /* until somebody closes it */
};
void words_clear(struct words *words);
void words_copy(struct words *to, const struct words *from);
bool words_equal(const struct words *a, const struct words *b);

/* A plan that waits. hidden: the screen is locked, so nothing of it is told. */
void render_plan(const struct snapshot *of, const struct snapshot_plan *plan,
		 const struct caps *caps, bool hidden, struct words *out);
/* Several at once; names: "web, db and others". pages: there is one to review them. */
void render_many(unsigned count, const char *const *stacks, bool pages, const struct caps *caps,
		 bool hidden, struct words *out);
void render_result(const struct snapshot *of, const struct snapshot_stack *stack,
		   const struct caps *caps, bool hidden, struct words *out);
/* Drift, a blocked stack: by the stack's state. */
void render_state(const struct snapshot *of, const struct snapshot_stack *stack,
		  const struct caps *caps, bool hidden, struct words *out);
/* What has been wrong for too long. */
void render_alert(const struct snapshot *of, const struct snapshot_stack *stack,
		  const struct snapshot_alert *alert, const struct caps *caps, bool hidden,
		  struct words *out);
/* What a person has stopped, suspended or rolled back. */
void render_steer(const struct snapshot *of, const struct snapshot_steer *steer,
		  const struct caps *caps, bool hidden, struct words *out);
/* The agent itself cannot go on. */
void render_problem(const struct snapshot *of, const struct caps *caps, bool hidden,
		    struct words *out);
/* Why a button had no effect. */
void render_refusal(const char *agent, const char *stack, const char *text, const struct caps *caps,
		    bool hidden, struct words *out);

typedef struct words words_auto;
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(words_auto, words_clear)
