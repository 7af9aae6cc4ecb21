/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * Which notifications there are, as a pure step: no clock, no bus, no agent.
 *
 *	alerts = alerts_new(agents)
 *	alerts_step(alerts, &event, now, &effects)
 *	...perform the effects in their order; effects_clear()...
 *	alerts_wake(alerts)                      when ALERT_TICK is due
 *
 * From the agents' newest snapshots follows what should be seen; the step
 * compares that with what the server shows. So a server that starts anew, comes
 * late or goes away, and an agent that was silent for a while, need nothing of
 * their own.
 *
 * Held here, and tested without waiting:
 * - a button counts ARM_TIME after its notification was shown or changed, and
 *   never while the session is locked; what was pressed too early is shown again;
 * - dismissing decides nothing: the plan waits on, unseen until it is reminded of;
 * - a vote is sent once, for the plan of the notification that was pressed;
 * - of each notification one request is under way, however long the server is
 *   silent: what has changed meanwhile is sent after its answer.
 *
 * Times are monotonic microseconds.
 */
#include <stdint.h>

#include "desktop/render.h"
#include "desktop/snapshot.h"

#define ALERTS_ARM_TIME INT64_C(1000000)
#define ALERTS_FEW 3 /* more plans than this are one notification */
#define ALERTS_RETRY INT64_C(5000000)
#define ALERTS_RETRY_MAX INT64_C(300000000)

enum alert_event_kind {
	ALERT_SNAPSHOT,	   /* agent, snapshot (taken over) */
	ALERT_AGENT_GONE,  /* agent: not there for a while */
	ALERT_SERVER,	   /* caps: there is a server, and it shows nothing of ours */
	ALERT_SERVER_GONE, /* with all that it showed */
	ALERT_SHOWN,	   /* key, id: the server has taken it */
	ALERT_NOT_SHOWN,   /* key: it has not */
	ALERT_CLOSED,	   /* id */
	ALERT_ACTION,	   /* id, text: which action */
	ALERT_REPLIED,	   /* id, text: what was written */
	ALERT_LOCKED,
	ALERT_UNLOCKED,
	ALERT_REFUSED, /* agent, key, text: a vote or a page that did not work */
	ALERT_VOTED,   /* key */
	ALERT_TICK,
	ALERT_STOP,
};
struct alert_event {
	enum alert_event_kind kind;
	unsigned agent;
	struct snapshot *snapshot;
	struct caps caps;
	const char *key, *text;
	uint32_t id;
};

enum alert_effect_kind {
	ALERT_DO_SHOW,	 /* key, id (what it replaces), words (borrowed until the next step) */
	ALERT_DO_CLOSE,	 /* id */
	ALERT_DO_VOTE,	 /* key, agent, plan, approve, reason */
	ALERT_DO_REVIEW, /* key, agent, plan (NULL: the overview), id (that was pressed) */
	ALERT_DO_START,	 /* there is something to show and no server */
};
struct alert_effect {
	enum alert_effect_kind kind;
	char *key, *plan, *reason;
	uint32_t id;
	unsigned agent;
	bool approve;
	const struct words *words;
};

struct alerts;
/* agents: how many there may be; they are numbered. */
struct alerts *alerts_new(unsigned agents);
void alerts_free(struct alerts *alerts);
/* struct alert_effect */
GArray *effects_new(void);
void alerts_step(struct alerts *alerts, const struct alert_event *event, int64_t now,
		 GArray *effects);
/* 0: never by itself. */
int64_t alerts_wake(const struct alerts *alerts);
/* Plans that wait, at all agents. */
unsigned alerts_waiting(const struct alerts *alerts);
