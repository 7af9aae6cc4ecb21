/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Performs a stack's effects as the agent would, upon a folded log. */
#include "stack-world.h"

#include <string.h>

#include "agent/fold-steer.h"

static const char *const effect_names[] = {
	"fetch",       "plan",	       "apply",	  "recover",	"publish", "+commit",
	"+blocked",    "+unblocked",   "+closed", "+converged", "+drift",  "+apply-start",
	"+apply-done", "+interrupted", "+resume", "+return",
};

void world_entry(struct world *w, const char *type, const char *format, ...)
{
	g_autofree char *fields = NULL;
	va_list ap;

	va_start(ap, format);
	fields = g_strdup_vprintf(format, ap);
	va_end(ap);
	if (w->entry != NULL) {
		w->entry(w, type, fields);
	}
	fold_ok(w->fold, type, "web", w->now, fields);
}

void world_publish(struct world *w)
{
	w->plans++;
	world_entry(w, "plan",
		    "\"commit\":\"%s\",\"expires\":%d,\"number\":%u,\"plan\":\"sha256:%064u\","
		    "\"reason\":\"%s\",\"required\":%d,\"sig\":\"s\",\"summary\":{\"create\":1}",
		    stack_target(w->f), (int)w->now + TTL, w->plans, w->plans,
		    stack_plans_drift(w->f) ? "drift" : "commit", w->restores ? 0 : 1);
}

static void apply_done(struct world *w, const char *result, const char *reason)
{
	world_entry(w, "apply-done",
		    "\"commit\":\"%s\",\"tree\":\"" T "\",\"plan\":\"%s\",\"done\":1,\"undone\":0,"
		    "\"left\":0,\"reason\":\"%s\",\"result\":\"%s\"%s",
		    w->f->plan_commit, w->f->plan, reason, result,
		    w->halts && strcmp(result, "failed") == 0 ? ",\"halted\":true" : "");
}

static void apply_start(struct world *w)
{
	g_autofree char *mode =
		g_strdup_printf(",\"mode\":\"%s\",\"person\":\"p\"", record_mode_names[w->s.mode]);
	bool steered = w->s.mode != MODE_APPLY;

	if (w->start != NULL) {
		w->start(w);
	}
	world_entry(w, "apply-start", "\"approvals\":[3],\"commit\":\"%s\",\"plan\":\"%s\"%s",
		    steered ? w->fold_stack->halted->commit : w->f->plan_commit,
		    steered ? w->f->halted : w->f->plan, steered ? mode : "");
}

static void log_drift(struct world *w)
{
	g_autofree char *plan = g_strdup_printf(",\"plan\":\"%s\"", w->f->plan);

	world_entry(w, "drift", "\"changes\":1,\"resources\":[\"file:/x\"]%s",
		    w->f->phase == STACK_PHASE_OPEN ? plan : "");
}

static void perform(struct world *w, enum stack_effect kind, enum stack_phase phase,
		    const char *reason, const struct stack_details *d)
{
	switch (kind) {
	case STACK_DO_FETCH:
	case STACK_DO_PLAN:
	case STACK_DO_APPLY:
	case STACK_DO_RECOVER:
		break;
	case STACK_DO_PUBLISH:
		world_publish(w);
		break;
	case STACK_LOG_COMMIT:
		world_entry(w, "commit",
			    "\"commit\":\"%s\",\"tree\":\"" T
			    "\",\"ref\":\"%s\",\"repository\":\"u\"",
			    d->commit, w->s.tries ? w->f->try_ref : "r");
		break;
	case STACK_LOG_BLOCKED:
		world_entry(w, "blocked", "\"commit\":\"%s\",\"kind\":\"%s\",\"reason\":\"%s\"",
			    d->commit != NULL ? d->commit : stack_target(w->f),
			    stack_block_names[d->block], d->reason);
		break;
	case STACK_LOG_UNBLOCKED:
		world_entry(w, "unblocked", "%s", "");
		break;
	case STACK_LOG_CLOSED:
		world_entry(w, "closed", "\"outcome\":\"%s\",\"plan\":\"%s\",\"reason\":\"%s\"",
			    stack_phase_names[phase], w->f->plan, reason);
		break;
	case STACK_LOG_CONVERGED:
		world_entry(w, "closed",
			    "\"outcome\":\"converged\",\"commit\":\"%s\",\"tree\":\"" T
			    "\",\"reason\":\"%s\"",
			    stack_plan_commit(&w->s, w->f), reason);
		break;
	case STACK_LOG_DRIFT:
		log_drift(w);
		break;
	case STACK_LOG_APPLY_START:
		apply_start(w);
		break;
	case STACK_LOG_APPLY_DONE:
		apply_done(w, w->result, "why");
		break;
	case STACK_LOG_INTERRUPTED:
		apply_done(w, "interrupted", reason);
		break;
	case STACK_LOG_RESUME:
		world_entry(w, "resume", "\"person\":\"assentd\",\"reason\":\"%s\"", reason);
		break;
	case STACK_LOG_RETURN:
		world_entry(w, "return", "\"reason\":\"%s\"", reason);
		break;
	}
}

void world_step(struct world *w, enum stack_event event, const struct stack_details *d)
{
	struct stack_effects fx;
	size_t i;

	stack_step(&w->s, w->f, event, d, w->now, 0, &fx);
	for (i = 0; i < fx.count; i++) {
		g_string_append_printf(w->trace, "%s%s", w->trace->len > 0 ? " " : "",
				       effect_names[fx.items[i].kind]);
		if (fx.items[i].kind == STACK_LOG_CLOSED) {
			g_string_append_printf(w->trace, ":%s",
					       stack_phase_names[fx.items[i].phase]);
		}
		perform(w, fx.items[i].kind, fx.items[i].phase, fx.items[i].reason, d);
	}
	if (fx.count > 0 || event != STACK_LOOK) {
		world_step(w, STACK_LOOK, NULL);
	}
}

/* What the tests report with each event. */
static void drift_key(char out[HASH_TEXT_SIZE])
{
	const char *const ids[] = {"file:/x"};

	stack_drift_key(out, 1, ids, 1);
}

void world_send(struct world *w, enum stack_event event)
{
	char key[HASH_TEXT_SIZE];
	struct stack_details d = {
		.reason = "why",
		.drift_key = key,
		.restores = w->restores,
		.refused = w->refused,
		.ok = strcmp(w->result, "ok") == 0,
	};

	drift_key(key);
	if (event == STACK_FETCHED) {
		d.commit = B;
		d.tree = T;
	} else if (event == STACK_FETCH_BAD) {
		d.commit = B;
		d.block = STACK_BLOCK_REWOUND;
	} else if (event == STACK_PLAN_BAD) {
		d.block = STACK_BLOCK_MANIFEST;
	}
	world_step(w, event, &d);
}

void world_fetched(struct world *w, const char *commit)
{
	struct stack_details d = {
		.commit = commit, .tree = T, .bad = fold_is_bad(w->fold_stack, commit)};

	world_step(w, STACK_FETCHED, &d);
}

const struct stack_settings world_settings = {
	.interval = 60,
	.backoff_max = 600,
	.drift_interval = 300,
};

void world_begin(struct world *w)
{
	*w = (struct world){.now = NOW, .trace = g_string_new(NULL), .result = "ok"};
	w->fold = fold_new();
	w->fold_stack = fold_stack_get(w->fold, "web");
	w->f = &w->fold_stack->facts;
	stack_init(&w->s, &world_settings);
	world_step(w, STACK_LOOK, NULL);
}

void world_finish(struct world *w)
{
	g_string_free(w->trace, TRUE);
	fold_free(w->fold);
}

void world_forget(struct world *w)
{
	g_string_truncate(w->trace, 0);
}

/* Situations, each built by real events. */
void world_at_first_fetch(struct world *w)
{
}

void world_at_planning(struct world *w)
{
	world_fetched(w, A);
}

void world_at_pending(struct world *w)
{
	world_at_planning(w);
	world_send(w, STACK_PLANNED);
}

void world_at_pending_fetching(struct world *w)
{
	world_at_pending(w);
	world_send(w, STACK_SYNC);
}

void world_at_applying(struct world *w)
{
	world_at_pending(w);
	world_send(w, STACK_APPROVED);
}

void world_at_recovering(struct world *w)
{
	world_at_applying(w);
	world_send(w, STACK_APPLY_LOST);
}

void world_at_converged(struct world *w)
{
	world_at_applying(w);
	world_send(w, STACK_APPLIED);
}

void world_at_checking(struct world *w)
{
	world_at_converged(w);
	world_send(w, STACK_SYNC);
	world_fetched(w, A);
	w->now += 300;
	w->s.next_fetch = w->now + 1;
	world_step(w, STACK_LOOK, NULL);
}

void world_at_drifted(struct world *w)
{
	world_at_converged(w);
	w->s.next_fetch = 0;
	w->now += 330;
	world_step(w, STACK_LOOK, NULL);
	world_send(w, STACK_DIFFERS);
}

/* Suspended, and something was changed. */
void world_at_looking(struct world *w)
{
	world_at_converged(w);
	world_send(w, STACK_SYNC);
	world_fetched(w, A);
	world_entry(w, "suspend", "\"person\":\"alice\",\"reason\":\"holiday\"");
	world_send(w, STACK_TOUCHED);
}

void world_at_failed(struct world *w)
{
	world_at_applying(w);
	w->result = "rolled-back";
	world_send(w, STACK_APPLIED);
	w->result = "ok";
}

/* The plan of A has failed half way, and everything stands as it was left. */
void world_at_halted(struct world *w)
{
	world_at_applying(w);
	w->result = "failed";
	w->halts = true;
	world_send(w, STACK_APPLIED);
	w->result = "ok";
}

/* A commit has come since, and its plan waits. */
void world_at_halted_behind(struct world *w)
{
	world_at_halted(w);
	world_send(w, STACK_SYNC);
	world_fetched(w, B);
	world_send(w, STACK_PLANNED);
}

void world_at_undoing(struct world *w)
{
	world_at_halted(w);
	world_send(w, STACK_UNDO);
}

void world_at_rejected(struct world *w)
{
	world_at_pending(w);
	world_entry(w, "approval",
		    "\"channel\":\"signature\",\"decision\":\"reject\",\"fingerprint\":\"f\","
		    "\"person\":\"bob\",\"plan\":\"%s\",\"reason\":\"no\",\"sig\":\"s\","
		    "\"statement\":\"t\"",
		    w->f->plan);
	world_entry(w, "closed", "\"outcome\":\"rejected\",\"plan\":\"%s\",\"reason\":\"bob: no\"",
		    w->f->plan);
	world_step(w, STACK_LOOK, NULL);
}

void world_at_suspended(struct world *w)
{
	world_at_pending(w);
	world_entry(w, "suspend", "\"person\":\"alice\",\"reason\":\"holiday\"");
	world_step(w, STACK_LOOK, NULL);
}

void world_at_blocked(struct world *w)
{
	world_at_pending_fetching(w);
	world_send(w, STACK_FETCH_BAD);
}

void world_at_bad_manifest(struct world *w)
{
	world_at_planning(w);
	world_send(w, STACK_PLAN_BAD);
}

void world_at_dead(struct world *w)
{
	world_at_pending(w);
	world_send(w, STACK_DEAD);
}
