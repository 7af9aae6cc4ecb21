/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/* What the two ways of judging a signature share. Private to judge*.c. */
#include "worker/source/judge.h"
#include "worker/source/person.h"

#include "base/proc.h"

#include "core/gitsig.h"

struct judge {
	struct judge_keys keys; /* copies in folder; strings are owned here */
	char *folder;		/* private, removed at the end */
	char *armor;		/* file in it for the signature at hand */
	char *home;		/* gpg's, NULL before it was needed */
	char *zone;		/* "TZ=..." of ours, NULL: none */
	GHashTable *known;	/* commit's id to struct judgement */
	struct persons *persons;
};

/* Runs a program on the payload (NULL: without input). */
bool judge_run(const struct judge *judge, const char *const *argv, const struct gitsig *sig,
	       struct proc_result *result, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The signature stands in judge->armor. time: at which it is judged, 0: the present. */
bool judge_ssh(struct judge *judge, const struct gitsig *sig, uint64_t time, struct judgement *out,
	       GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool judge_openpgp(struct judge *judge, const struct gitsig *sig, struct judgement *out,
		   GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Makes the names of its keys known, if there are any. */
bool judge_openpgp_persons(struct judge *judge, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void judge_say(struct judgement *out, enum judged verdict, const char *format, ...)
	G_GNUC_PRINTF(3, 4);
