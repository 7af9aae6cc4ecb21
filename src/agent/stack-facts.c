/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What follows from a stack's facts alone. */
#include "agent/stack.h"

#include <inttypes.h>
#include <glib.h>
#include <string.h>

/* What is no character ends it, a part of one too. */
static void end_well(char *text)
{
	const char *end;

	if (!g_utf8_validate(text, -1, &end)) {
		text[end - text] = '\0';
	}
}

void stack_keep(char out[STACK_REASON_MAX], const char *text)
{
	static const char more[] = "…";
	char *c;

	if (g_strlcpy(out, text != NULL ? text : "", STACK_REASON_MAX) >= STACK_REASON_MAX) {
		out[STACK_REASON_MAX - sizeof(more)] = '\0';
		end_well(out);
		g_strlcat(out, more, STACK_REASON_MAX);
	}
	end_well(out);
	for (c = out; *c != '\0'; c++) {
		if (g_ascii_iscntrl(*c)) {
			*c = ' ';
		}
	}
}

const char *stack_target(const struct stack_facts *f)
{
	if (f->try_ref[0] != '\0') {
		return f->try_commit;
	}
	if (f->returning) {
		return f->try_from;
	}
	return f->pin[0] != '\0' ? f->pin : f->commit;
}

const char *stack_target_tree(const struct stack_facts *f)
{
	if (f->try_ref[0] != '\0') {
		return f->try_tree;
	}
	if (f->returning) {
		return f->try_from_tree;
	}
	return f->pin[0] != '\0' ? f->pin_tree : f->tree;
}

bool stack_plans_drift(const struct stack_facts *f)
{
	return f->base[0] != '\0' && strcmp(stack_target(f), f->base) == 0;
}

bool stack_is_rewritten(const struct stack_facts *f)
{
	return f->accepted[0] != '\0' && strcmp(f->accepted, f->commit) == 0;
}

const char *stack_plan_commit(const struct stack *s, const struct stack_facts *f)
{
	return s->looks ? f->base : stack_target(f);
}

void stack_drift_key(char out[HASH_TEXT_SIZE], int64_t count, const char *const *ids, size_t n)
{
	g_autoptr(GString) text = g_string_new(NULL);
	struct hash hash;
	size_t i;

	g_string_printf(text, "%" PRId64 "\n", count);
	for (i = 0; i < n; i++) {
		g_string_append_printf(text, "%s\n", ids[i]);
	}
	hash_bytes(&hash, text->str, text->len);
	hash_text(out, &hash);
}
