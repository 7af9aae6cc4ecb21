/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/* What the parts of stack_step() share; for these alone. */
#include "agent/stack.h"

/* One step: what the handlers work on. */
struct step {
	struct stack *s;
	const struct stack_facts *f;
	const struct stack_details *d;
	struct stack_effects *fx;
	int64_t now;
	uint32_t random;
};

void step_add(struct step *step, enum stack_effect kind, enum stack_phase phase,
	      const char *reason);
void step_close_plan(struct step *step, enum stack_phase phase, const char *reason);
/* When to try again after so many failures in a row. */
int64_t step_back_off(const struct step *step, unsigned failures);

/* stack-fetch.c: the events of a fetch. */
void step_fetched(struct step *step);
void step_fetch_bad(struct step *step);
void step_fetch_failed(struct step *step);
/* Which ref is next: while one is tried, it and the branch take turns. */
void step_choose_ref(struct step *step);
