/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Bounds of looking for drift and of putting it back. */
#include "agent/stack-drift.h"

#include <glib.h>
#include <string.h>

int64_t stack_touch_due(struct stack *s, int64_t now)
{
	int64_t gained = (now - s->touch_time) / STACK_TOUCH_PAUSE;
	bool set_back = s->touch_time > now + STACK_TOUCH_PAUSE;

	if (s->touch_time > now && !set_back) {
		return s->touch_time; // one is on its way already
	}
	if (s->touch_time == 0 || set_back || gained >= STACK_TOUCHES) {
		s->touches = STACK_TOUCHES;
		s->touch_time = now;
	} else {
		s->touches = MIN(STACK_TOUCHES, s->touches + (unsigned)gained);
		s->touch_time += gained * STACK_TOUCH_PAUSE;
	}
	if (s->touches == 0) { // the next one, taken before it is there
		s->touch_time += STACK_TOUCH_PAUSE;
		return s->touch_time;
	}
	s->touches--;
	return now;
}

bool stack_can_look(const struct stack *s, const struct stack_facts *f)
{
	bool between = f->phase == STACK_PHASE_FAILED || f->phase == STACK_PHASE_INTERRUPTED;

	if (f->base[0] == '\0' || f->halted[0] != '\0' || s->wanted != MODE_APPLY) {
		return false;
	}
	if (f->phase == STACK_PHASE_OPEN || f->phase == STACK_PHASE_APPLYING) {
		return false;
	}
	return !between || strcmp(f->plan_commit, f->base) == 0;
}

/* How often it was put back of late, and when last. */
static unsigned count_fixes(const struct stack_facts *f, const char *drift_key, int64_t now,
			    int64_t *last)
{
	unsigned count = 0;

	*last = 0;
	for (size_t i = 0; i < G_N_ELEMENTS(f->fixes); i++) {
		const struct stack_fix *fix = &f->fixes[i];
		bool recent = fix->time != 0 && ABS(now - fix->time) < STACK_FIX_SPAN;

		if (recent && strcmp(fix->drift, drift_key) == 0) {
			count++;
			*last = MAX(*last, fix->time);
		}
	}
	return count;
}

bool stack_fix_is_worn(const struct stack_facts *f, const char *drift_key, int64_t now)
{
	int64_t last;

	return count_fixes(f, drift_key, now, &last) >= STACK_FIX_LIMIT;
}

int64_t stack_fix_due(const struct stack_facts *f, const char *drift_key, int64_t now)
{
	int64_t last;
	unsigned count = count_fixes(f, drift_key, now, &last);

	return count > 0 ? MIN(last, now) + (int64_t)count * STACK_FIX_PAUSE : now;
}

void stack_fix_note(struct stack_facts *f, int64_t time)
{
	memmove(&f->fixes[1], &f->fixes[0], sizeof(f->fixes) - sizeof(f->fixes[0]));
	f->fixes[0].time = time;
	g_strlcpy(f->fixes[0].drift, f->drift, sizeof(f->fixes[0].drift));
}

void stack_fix_name(struct stack_facts *f)
{
	if (f->fixes[0].time != 0 && f->fixes[0].drift[0] == '\0') {
		g_strlcpy(f->fixes[0].drift, f->drift, sizeof(f->fixes[0].drift));
	}
}
