/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * What an apply must know after a crash, in a folder of its own:
 *
 *	lock            held by the apply or recovery under way
 *	plan.json, plan.json.sig   copies of what was approved
 *	journal         lines "CHECK TEXT\n", appended; CHECK are the first 16 digits
 *	                of the SHA-256 of the line's text after the CHECK before it
 *
 *	begin TX DIGEST COUNT      TX is part of every temporary name
 *	step N WAY OLD NEW [MODE UID GID]   inode numbers, once N is staged; a later line of N
 *	                           counts instead. MODE UID GID: the old ones, -1 for none, when
 *	                           what was there is not what the plan says
 *	commit                     from here on steps may have become visible
 *	act N                      N is no path and may have been begun
 *	acted N                    and came to its end
 *	idle N                     likewise, and nothing had to be done
 *	halted                     a step or a check failed, and a person decides what becomes of it
 *	resume                     it goes on
 *	undo                       it is taken back
 *	committed                  all of them are, and durable; old versions go
 *
 * A line that is cut short at the end was never acted upon and counts as not
 * written. Any other line that is not right makes the journal unreadable, which
 * is a person's affair. A failed sync is final: nothing more is written.
 *
 * Rule of recovery: with `committed` finish; else while it is `halted` nothing;
 * else undo.
 */
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/hash.h"

#define JOURNAL_TX_SIZE 17

struct journal;

struct journal_step {
	char way; /* enum step_way; 0: was not staged */
	uint64_t old_ino, new_ino;
	bool kept; /* the three below are stated */
	int64_t mode, uid, gid;
	bool begun, acted, idle; /* of an act */
};
struct journal_state {
	char tx[JOURNAL_TX_SIZE];
	struct hash plan;
	GArray *steps;			/* struct journal_step, one for each change */
	bool commit, halted, committed; /* halted: and not gone on with since */
};
void journal_state_clear(struct journal_state *state);
#define autojournalstate __attribute__((cleanup(journal_state_clear))) struct journal_state

/* Makes the folder if needed and takes the lock. */
bool journal_open(const char *folder, struct journal **out, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
void journal_close(struct journal *journal);
/* Is there something that was begun and not ended? */
bool journal_is_pending(const struct journal *journal);
/* The copies of an unfinished apply's plan; g_free() both. */
bool journal_load_plan(struct journal *journal, char **plan, size_t *len, char **signature,
		       size_t *signature_len, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool journal_load(struct journal *journal, size_t max_steps, struct journal_state *out,
		  GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* All but step(), act() and acted() are durable when they return. After journal_load() the rest may
 * be appended to what was found. */
bool journal_begin(struct journal *journal, const char *tx, const char *plan, size_t len,
		   const char *signature, size_t signature_len, size_t count, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
bool journal_step(struct journal *journal, size_t index, const struct journal_step *step,
		  GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool journal_commit(struct journal *journal, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool journal_act(struct journal *journal, size_t index, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool journal_acted(struct journal *journal, size_t index, bool idle, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
/* What was written last. */
bool journal_sync(struct journal *journal, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool journal_halted(struct journal *journal, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool journal_resume(struct journal *journal, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool journal_undo(struct journal *journal, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool journal_committed(struct journal *journal, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Nothing is left to do; forgets everything. */
bool journal_end(struct journal *journal, GError **error) G_GNUC_WARN_UNUSED_RESULT;

typedef struct journal journal_auto;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(journal_auto, journal_close)
