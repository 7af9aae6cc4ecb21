/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * The operators' log: one line per event to stderr ("<N>" prefixed when the
 * journal reads it), or structured to the journal. Not the signed record.
 *
 *	log_event(EV_PLAN_STALE, "STACK", name, NULL, "plan '%s' is stale", id)
 *
 * Events, their levels, ids and fields are rows of one table (log.c); each has
 * an entry in contrib/systemd/assent.catalog. Nothing secret, nothing with
 * several lines: control characters are escaped here.
 */
#include <glib.h>

enum log_id {
	EV_START, EV_STOP, EV_RELOAD, EV_CONFIG_BAD, EV_FETCHED, EV_FETCH_FAILED, EV_BLOCKED,
	EV_UNBLOCKED, EV_PLANNED, EV_PLAN_FAILED, EV_PLAN_STALE, EV_APPROVED, EV_REJECTED, EV_REFUSED,
	EV_EXPIRED, EV_SUPERSEDED, EV_APPLY_START, EV_APPLIED, EV_APPLY_FAILED, EV_RECOVERED,
	EV_STORE_FAILED, EV_WORKER, EV_DRIFT, EV_HTTP, EV_DEBUG,
};

/* stack and plan may be NULL. */
void log_event(enum log_id id, const char *stack, const char *plan, const char *format, ...)
	G_GNUC_PRINTF(4, 5);
/* Least level shown: LOG_DEBUG (7) ... LOG_ERR (3), as syslog's. */
void log_init(int level);
