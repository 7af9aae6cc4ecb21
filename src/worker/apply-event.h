/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/* What an apply writes into clusters about the objects that it has changed. */
#include "core/approval.h"
#include "worker/transaction.h"

/* votes: verified, of this plan; NULL: not at hand, and then nobody is named. */
void apply_tell_clusters(struct transaction *t, const struct approval *votes, size_t count);
/* "plan 0123456789ab of stack 'shop', commit 0123456789ab, approved by alice"; g_free(). */
char *apply_describe(const struct plan *plan, const struct approval *votes, size_t count);
