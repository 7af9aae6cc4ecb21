/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * How a user's agent has a plan applied by root: a program that raises rights
 * starts the worker with the one argument `apply`, without a shell and without
 * a question. What root lets happen then stands in root's trust file.
 */
#include <glib.h>
#include <stdbool.h>

enum elevate { ELEVATE_NONE, ELEVATE_SUDO, ELEVATE_PKEXEC, ELEVATE_RUN0 };
/* "none", "sudo", "pkexec", "run0"; NULL-terminated */
extern const char *const elevate_names[];

/* word: one of the names. */
enum elevate elevate_parse(const char *word);
/* NULL-terminated; only the last two are not the raiser's own. g_free(); the strings are borrowed.
 * Not for ELEVATE_NONE. */
const char **elevate_argv(enum elevate how, const char *worker);
/* A fence around this process, NoNewPrivileges, turns setuid programs into plain ones. */
bool elevate_is_fenced(enum elevate how);
/* What has to be done when it was refused: one sentence. fenced: by that fence. g_free(). */
char *elevate_hint(enum elevate how, bool fenced, const char *user, const char *worker);
