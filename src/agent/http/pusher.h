/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * Who pushed what, from the body of a hook that has been verified: one row of a
 * table for each forge.
 *
 *	pusher_read("github", body, len, "refs/heads/main", &report)
 *	push_report_clear(&report)
 *
 * What is said of other branches, and what is not understood, is nothing: the
 * report stays empty, and the fetch that follows needs none of it.
 */
#include "agent/pushers.h"

void pusher_read(const char *kind, const char *body, size_t len, const char *ref,
		 struct push_report *out);
/* One "@", something on both sides, nothing that could be taken for more than an address. */
bool pusher_is_address(const char *text);
