/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/* What a plan says of itself, for the review page. */
#include "agent/http/page-frame.h"

/* What, why, who, by which rule. root as in struct page_frame. */
void page_facts(struct html *h, const char *root, const struct plan *plan, int64_t now);
/* Risk in words, then the table of changes in this order (page_order()). False when some were left
 * out. */
bool page_changes(struct html *h, const struct plan *plan, const size_t *order, int64_t now);
/* "file 0644 root:root 12 bytes"; g_free() */
char *page_state_text(const struct plan_state *state);
