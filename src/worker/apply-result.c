/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is said of an apply. */
#include "worker/apply-result.h"

#include "core/hash.h"

#define MAX_STEPS 1000

static void write_text(struct json_writer *w, const char *name, const char *text)
{
	g_autofree char *valid = g_utf8_make_valid(text != NULL ? text : "", -1);

	json_w_str(w, name, valid);
}

static void write_steps(struct json_writer *w, const struct transaction *t)
{
	json_w_array(w, "steps");
	for (guint i = 0; i < t->steps->len && i < MAX_STEPS; i++) {
		const struct step *step = &g_array_index(t->steps, struct step, i);

		json_w_object(w, NULL);
		json_w_str(w, "action", plan_action_names[step->change->action]);
		write_text(w, "id", step->change->id);
		write_text(w, "message", step->message);
		json_w_str(w, "outcome", step_outcome_names[step->outcome]);
		json_w_end(w);
	}
	json_w_end(w);
}

void apply_write_result(struct job *job, const struct transaction *t)
{
	struct json_writer *w = job_result(job);

	json_w_int(w, "done", (int64_t)transaction_count(t, STEP_DONE));
	if (t->halted) {
		json_w_bool(w, "halted", true);
	}
	json_w_int(w, "left",
		   (int64_t)(transaction_count(t, STEP_LEFT) + transaction_count(t, STEP_FAILED)));
	if (t->halted) {
		char plan[HASH_TEXT_SIZE];

		hash_text(plan, &t->plan->digest);
		json_w_str(w, "plan", plan);
	}
	write_text(w, "reason", t->reason);
	json_w_str(w, "result", transaction_result_names[t->result]);
	write_steps(w, t);
	json_w_int(w, "undone", (int64_t)transaction_count(t, STEP_UNDONE));
}

void apply_write_none(struct job *job)
{
	struct json_writer *w = job_result(job);

	json_w_int(w, "done", 0);
	json_w_int(w, "left", 0);
	json_w_str(w, "reason", "nothing was interrupted or halted");
	json_w_str(w, "result", "none");
	json_w_array(w, "steps");
	json_w_end(w);
	json_w_int(w, "undone", 0);
}
