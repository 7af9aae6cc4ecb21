/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * The approval statement (doc/formats.md 3): the bytes that a person signs.
 * It is always recomputed from its parts and never parsed from a caller.
 *
 * Its sibling is the attestation: what the agent signs when a person decided by
 * a channel where nobody has a key. The two differ in type, members and the
 * namespace of their signatures, so that neither can stand for the other.
 */
#include <stdbool.h>
#include <stdint.h>

#include "assent/error.h"
#include "core/hash.h"

#define STATEMENT_REASON_MAX 2000
/* Of the whole text: every byte of a reason may take six, every byte of a name two. */
#define STATEMENT_MAX_SIZE 16384

/* Who breaks the glass decides for all, and says why. */
enum verdict { VERDICT_APPROVE, VERDICT_REJECT, VERDICT_BREAK_GLASS };
extern const char *const verdict_names[]; /* "approve", "reject", "break-glass", NULL */

/* The ways to decide. All but the first are attested by the agent. */
enum channel {
	CHANNEL_SIGNATURE,
	CHANNEL_SLACK,
	CHANNEL_MATTERMOST,
	CHANNEL_NTFY,
	CHANNEL_WEBHOOK,
	CHANNEL_PAGE,
	CHANNEL_DESKTOP,
	CHANNELS,
};
extern const char *const channel_names[]; /* "signature", "slack", ... NULL */
#define CHANNEL_BIT(channel) (1U << (channel))
/* All channels that the agent attests. */
#define CHANNELS_ATTESTED (CHANNEL_BIT(CHANNELS) - 1 - CHANNEL_BIT(CHANNEL_SIGNATURE))
bool channel_find(const char *name, enum channel *out);

/* How a decision came. For CHANNEL_SIGNATURE the rest is empty. */
struct attestation {
	enum channel channel;
	struct hash evidence; /* of what the channel delivered, stored as an object */
	int64_t time;	      /* when the agent took it */
};

struct statement {
	const char *agent;
	const char *stack;
	const char *approver; /* principal in the approver list */
	enum verdict verdict;
	struct hash plan;
	int64_t seq;	    /* the plan's */
	int64_t expires;    /* the plan's */
	const char *reason; /* UTF-8, may be "" for an approval */
};

/* Canonical JSON without final newline. Freed with free(). */
int statement_text(char **out, size_t *len, const struct statement *st, struct assent_error *err)
	ASSENT_CHECKED;
/* What the agent signs instead; never for CHANNEL_SIGNATURE. Freed with free(). */
int attestation_text(char **out, size_t *len, const struct statement *st,
		     const struct attestation *by, struct assent_error *err) ASSENT_CHECKED;
/* Channel, evidence and time out of such a text. The other members are only worth something when
 * attestation_text() with them gives the same bytes. */
int attestation_parse(struct attestation *out, const char *text, size_t len,
		      struct assent_error *err) ASSENT_CHECKED;
