/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * The file "stopped" in the agent's state folder: while it lies there, no apply
 * begins. The agent writes it before it says that everything is stopped, and
 * `assent stop-all` where no agent answers; anybody who may write there can do
 * the same with touch(1).
 *
 * It fails closed: what cannot be looked at, read or understood stops as well.
 */
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define STOPFILE "stopped"

struct stopfile {
	bool present; /* or it cannot be told whether */
	bool has_owner;
	uid_t owner;
	char *reason;  /* one line, NULL: the file says none */
	int64_t until; /* 0: until it is removed */
	char *problem; /* why it says nothing, NULL: it does */
};

void stopfile_look(const char *state_dir, struct stopfile *out);
void stopfile_clear(struct stopfile *file);
/* Only whether it is there, or cannot be looked at. */
bool stopfile_present(const char *state_dir);
bool stopfile_write(const char *state_dir, const char *reason, int64_t until, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
/* True when it is gone, durably. */
bool stopfile_remove(const char *state_dir, GError **error) G_GNUC_WARN_UNUSED_RESULT;

typedef struct stopfile stopfile_auto;
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(stopfile_auto, stopfile_clear)
