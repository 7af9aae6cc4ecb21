/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tells the worker what was applied, from the log. */
#include "agent/applies.h"

#include <string.h>

#include "base/autoptr.h"
#include "base/error.h"
#include "base/file.h"

/* Has it changed anything, as far as the log knows? An apply that was interrupted may have. */
static bool has_changed(const struct fold_plan *plan)
{
	switch (plan->phase) {
	case STACK_PHASE_APPLIED:
	case STACK_PHASE_INTERRUPTED:
		return true;
	case STACK_PHASE_FAILED: // what was refused before it began has none of these
		return plan->done + plan->undone + plan->left > 0;
	case STACK_PHASE_ROLLED_BACK:
		return plan->done > 0;
	case STACK_PHASE_NONE:
	case STACK_PHASE_OPEN:
	case STACK_PHASE_APPLYING:
	case STACK_PHASE_SUPERSEDED:
	case STACK_PHASE_EXPIRED:
	case STACK_PHASE_REJECTED:
	case STACK_PHASE_VOID:
		break;
	}
	return false;
}

/* What became of each change, where not all were made. */
static void write_steps(struct json_writer *w, const struct fold_plan *plan)
{
	char text[HASH_TEXT_SIZE];

	if (plan->has_steps && plan->phase != STACK_PHASE_APPLIED) {
		hash_text(text, &plan->steps);
		json_w_str(w, "steps", text);
	}
}

static void write_list(struct json_writer *w, const struct agent_unit *unit)
{
	const GPtrArray *plans = unit->agent->fold->plans;

	json_w_object(w, NULL);
	json_w_array(w, "applies");
	for (unsigned i = 0; i < plans->len; i++) {
		const struct fold_plan *plan = g_ptr_array_index(plans, i);

		if (strcmp(plan->stack, unit->conf->name) != 0 || !has_changed(plan)) {
			continue;
		}
		json_w_object(w, NULL);
		json_w_bool(w, "all", plan->phase == STACK_PHASE_APPLIED);
		json_w_str(w, "commit", plan->commit);
		json_w_str(w, "plan", plan->id);
		write_steps(w, plan);
		json_w_int(w, "time", plan->ended);
		json_w_end(w);
	}
	json_w_end(w);
	json_w_end(w);
}

bool applies_write(struct agent_unit *unit, char **file, GError **error)
{
	const uint64_t moves = unit->record->facts.moves;
	g_autofree char *path = agent_scratch(unit, "applied.json");
	struct assent_error problem = {0};
	autocfree char *text = NULL;
	struct json_writer *w;
	size_t len;

	if (unit->record->applied == NULL) {
		*file = NULL;
		return true;
	}
	if (moves != unit->applies_moves || !g_file_test(path, G_FILE_TEST_IS_REGULAR)) {
		w = json_writer_new(JSON_CANONICAL);
		write_list(w, unit);
		if (json_writer_finish(w, &text, &len, &problem) != 0) {
			return fail_core(error, &problem, "the list of applies");
		}
		if (!file_replace_unsynced(path, text, len, 0600, error)) {
			return false;
		}
		unit->applies_moves = moves;
	}
	*file = g_steal_pointer(&path);
	return true;
}
