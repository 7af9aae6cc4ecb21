/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * The signed log on disk, its keys, and the object store beside it: the
 * agent's only memory. See doc/formats.md 4 for the entries.
 *
 *	STATE/lock                  one instance
 *	STATE/keys/plan.key .pub    signs plans (OpenSSH format)
 *	STATE/keys/log.key .vkey    signs checkpoints (note format)
 *	STATE/head                  the last signed checkpoint, the log's lock
 *	STATE/log/                  C2SP tlog-tiles, may be published as it is
 *	STATE/objects/              see base/objects.h
 *	STATE/git/ STATE/jobs/ STATE/apply/
 *
 * store_append() is durable when it returns: tiles, fsync, signature, head,
 * checkpoint. After any failure the store is dead (store_is_dead()): every
 * later append fails, because a failed fsync must not be retried; the agent
 * stops applying. store_open() replays every entry to the caller, repairs what
 * an interrupted append left (entries beyond the head are unsigned and are
 * discarded), and refuses a log that is smaller than or different from the head.
 */
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/entry.h"
#include "core/note.h"
#include "core/sign.h"

struct store;

#define STORE_ERROR store_error_quark()
GQuark store_error_quark(void);
enum store_error { STORE_ERROR_FAILED, STORE_ERROR_LOCKED, STORE_ERROR_CORRUPT, STORE_ERROR_CLOCK };

/* Makes folders and keys where missing (assent init); says in *made whether keys were made. */
bool store_init(const char *state_dir, const char *agent, bool *made, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;

/* raw: the entry's bytes. False aborts the opening. */
typedef bool (*store_replay_fn)(const struct entry *entry, const char *raw, size_t len, void *user,
				GError **error);
bool store_open(const char *state_dir, const char *agent, store_replay_fn replay, void *user,
		struct store **out, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void store_close(struct store *store);

/* fields: a JSON object with the type's own members (any order), may be NULL. now: POSIX seconds; a
 * clock behind the last entry is STORE_ERROR_CLOCK when by more than 5 minutes, else the last
 * entry's time is used. The caller then folds the entry as in a replay. */
bool store_append(struct store *store, enum entry_type type, const char *stack, const char *fields,
		  int64_t now, uint64_t *seq, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool store_is_dead(const struct store *store);
uint64_t store_size(const struct store *store);
void store_checkpoint(const struct store *store, struct checkpoint *out);
bool store_read(struct store *store, uint64_t seq, char **raw, size_t *len, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
const char *store_objects(const struct store *store); /* folder */
const char *store_dir(const struct store *store);
const struct secret *store_plan_key(const struct store *store);
char *store_plan_key_line(const struct store *store); /* "ssh-ed25519 ..."; g_free() */
char *store_log_vkey(const struct store *store);      /* g_free() */
