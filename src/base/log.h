/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * The operators' log: structured when stderr is the journal, else one line per
 * event ("<N>" prefixed under systemd) that ends in [EVENT stack=S plan=ID].
 * Not the signed record.
 *
 *	log_event(EV_PLAN_STALE, stack, id, "plan '%s' is stale", id)
 *
 * Events, their levels and ids are rows of one table (log.c); each has an entry
 * in contrib/systemd/assent.catalog. Nothing secret, nothing with several
 * lines: control characters are escaped here.
 *
 * Adding an event: a name here, a row in log.c, an entry in the catalog.
 */
#include <glib.h>
#include <stdbool.h>

enum log_id {
	EV_START,
	EV_START_FAILED,
	EV_STOP,
	EV_RELOAD,
	EV_CONFIG_BAD,
	EV_CONFIG_CHANGED,
	EV_FETCHED,
	EV_FETCH_FAILED,
	EV_BLOCKED,
	EV_UNBLOCKED,
	EV_REWRITTEN,
	EV_SUSPENDED,
	EV_RESUMED,
	EV_STOPPED,
	EV_LEADS,
	EV_FOLLOWS,
	EV_LEAD_LOST,
	EV_ROLLBACK,
	EV_TRIAL,
	EV_PLANNED,
	EV_PLAN_FAILED,
	EV_PLAN_STALE,
	EV_APPROVED,
	EV_REJECTED,
	EV_REFUSED,
	EV_EXPIRED,
	EV_SUPERSEDED,
	EV_APPLY_START,
	EV_APPLIED,
	EV_APPLY_FAILED,
	EV_RECOVERED,
	EV_RETENTION,
	EV_STORE_FAILED,
	EV_WORKER,
	EV_DRIFT,
	EV_ALERT,
	EV_ALERT_OVER,
	EV_WATCH,
	EV_HTTP,
	EV_HTTP_REFUSED,
	EV_HOOK,
	EV_NOTIFY_FAILED,
	EV_DESKTOP,
	EV_DESKTOP_FAILED,
	EV_DEBUG,
	LOG_EVENTS,
};

/* A row of the table. Fields in the journal: MESSAGE_ID, PRIORITY, ASSENT_EVENT, ASSENT_STACK,
 * ASSENT_PLAN, ASSENT_PERSON, CODE_FILE, CODE_LINE, CODE_FUNC. */
struct log_row {
	const char *name;	/* "plan-stale" */
	const char *message_id; /* 32 hexadecimal digits */
	int level;		/* syslog's */
};
const struct log_row *log_row(enum log_id id);

/* What an event is about, each NULL when it is about none, and where in the code it is told. */
struct log_about {
	const char *stack, *plan, *person;
	const char *file, *line, *func;
};
void log_write(enum log_id id, const struct log_about *about, const char *format, ...)
	G_GNUC_PRINTF(3, 4);
#define log_about_person(id, stack, plan, person, ...)                                             \
	log_write((id),                                                                            \
		  &(const struct log_about){(stack), (plan), (person), __FILE__,                   \
					    G_STRINGIFY(__LINE__), __func__},                      \
		  __VA_ARGS__)
#define log_event(id, stack, plan, ...) log_about_person(id, stack, plan, NULL, __VA_ARGS__)
/* Least level shown: LOG_DEBUG (7) ... LOG_ERR (3), as syslog's; without it LOG_INFO. */
void log_init(int level);
/* The program's name in the journal, static; without it assentd. */
void log_name(const char *name);
/* One line of printable UTF-8: control and invisible characters escaped, bounded. g_free(). */
char *log_escape(const char *text);
