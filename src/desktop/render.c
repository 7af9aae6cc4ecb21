/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Puts plans, results and problems into a few words. */
#include "desktop/render.h"

#include <glib/gi18n.h>
#include <inttypes.h>
#include <string.h>

#include "base/text.h"

#define STACK_SHOWN 32 /* columns of a name inside a sentence */
#define NAMES_SHOWN 5

void words_clear(struct words *words)
{
	g_free(words->summary);
	g_free(words->body);
	g_strfreev(words->actions);
	*words = (struct words){0};
}

void words_copy(struct words *to, const struct words *from)
{
	words_clear(to);
	*to = *from;
	to->summary = g_strdup(from->summary);
	to->body = g_strdup(from->body);
	to->actions = g_strdupv(from->actions);
}

bool words_equal(const struct words *a, const struct words *b)
{
	static const char *const none[] = {NULL};
	const char *const *x = a->actions != NULL ? (const char *const *)a->actions : none;
	const char *const *y = b->actions != NULL ? (const char *const *)b->actions : none;

	return g_strcmp0(a->summary, b->summary) == 0 && g_strcmp0(a->body, b->body) == 0 &&
	       a->urgency == b->urgency && g_strv_equal(x, y);
}

/* Harmless and at most so wide. */
static char *shown(const char *text, unsigned width)
{
	g_autofree char *safe = text_escape(text, -1, 0);

	return text_cut(safe, width, false);
}

static void add_line(GString *body, const char *text)
{
	g_autofree char *line = shown(text, RENDER_LINE);

	if (line[0] != '\0') {
		g_string_append_printf(body, "%s%s", body->len > 0 ? "\n" : "", line);
	}
}

G_GNUC_PRINTF(2, 3) static void add_format(GString *body, const char *format, ...)
{
	g_autofree char *line = NULL;
	va_list args;

	va_start(args, format);
	line = g_strdup_vprintf(format, args);
	va_end(args);
	add_line(body, line);
}

G_GNUC_PRINTF(2, 3) static void set_summary(struct words *out, const char *format, ...)
{
	g_autofree char *line = NULL;
	va_list args;

	va_start(args, format);
	line = g_strdup_vprintf(format, args);
	va_end(args);
	out->summary = shown(line, RENDER_SUMMARY);
}

/* Takes body over. */
static void finish(struct words *out, GString *body, const struct caps *caps)
{
	g_autofree char *text = g_string_free(body, FALSE);

	if (!caps->body) {
		out->body = g_strdup("");
	} else if (caps->markup) {
		out->body = g_markup_escape_text(text, -1);
	} else {
		out->body = g_steal_pointer(&text);
	}
}

static void add_action(GPtrArray *actions, const char *key, const char *label)
{
	g_ptr_array_add(actions, g_strdup(key));
	g_ptr_array_add(actions, g_strdup(label));
}

static void set_actions(struct words *out, GPtrArray *actions)
{
	g_ptr_array_add(actions, NULL);
	out->actions = (char **)g_ptr_array_free(actions, FALSE);
}

static void offer_review(GPtrArray *actions, bool pages, const struct caps *caps)
{
	if (caps->actions && pages) {
		add_action(actions, "default", _("Review"));
		add_action(actions, "review", _("Review"));
	}
}

static void offer_decisions(GPtrArray *actions, const struct snapshot_plan *plan,
			    const struct caps *caps)
{
	if (!caps->actions) {
		return;
	}
	if (plan->may_approve) {
		add_action(actions, "approve", _("Approve"));
	}
	if (plan->may_reject) {
		add_action(actions, caps->inline_reply ? "inline-reply" : "reject", _("Reject"));
	}
}

static void describe_plan(GString *body, const struct snapshot *of,
			  const struct snapshot_plan *plan)
{
	static const struct {
		const char *reason, *text;
	} reasons[] = {
		{"drift", N_("Restores what others have changed.")},
		{"rollback", N_("an earlier commit is wanted back: newer ones are taken back")},
		{"try", N_("somebody tries it out")},
		{"return", N_("a trial has ended: what held before it comes back")},
	};
	g_autofree char *expires = text_time(plan->expires);

	if (plan->subject != NULL) {
		/* TRANSLATORS: a commit's subject, and its author */
		add_format(body, _("%s (%s)"), plan->subject,
			   plan->author != NULL ? plan->author : "?");
	}
	for (size_t i = 0; i < G_N_ELEMENTS(reasons); i++) {
		if (strcmp(reasons[i].reason, plan->reason) == 0) {
			add_line(body, _(reasons[i].text));
		}
	}
	add_line(body, plan->summary);
	if (plan->outside > 0) {
		size_t outside = (size_t)plan->outside;

		add_format(body,
			   ngettext("%zu resource was changed outside since it was applied.",
				    "%zu resources were changed outside since they were applied.",
				    outside),
			   outside);
	}
	if (plan->risks[0] != '\0') {
		/* TRANSLATORS: a list of names of risks */
		add_format(body, _("Risks: %s"), plan->risks);
	}
	add_format(body, _("%" PRId64 " of %" PRId64 " approvals; expires %s"), plan->votes,
		   plan->required, expires);
	/* TRANSLATORS: the name of a host's agent */
	add_format(body, _("Agent %s"), of->agent);
}

void render_plan(const struct snapshot *of, const struct snapshot_plan *plan,
		 const struct caps *caps, bool hidden, struct words *out)
{
	g_autofree char *id = text_short_id(plan->id), *stack = shown(plan->stack, STACK_SHOWN);
	GPtrArray *actions = g_ptr_array_new();
	GString *body = g_string_new(NULL);

	*out = (struct words){
		.category = "x-assent.plan", .urgency = URGENCY_NORMAL, .stays = true};
	if (hidden) {
		set_summary(out, "%s", _("A plan waits for approval"));
	} else {
		if (plan->may_approve) {
			/* TRANSLATORS: a stack, and the id of a plan */
			set_summary(out, _("%s: approve plan %s?"), stack, id);
		} else {
			/* TRANSLATORS: a stack, and the id of a plan */
			set_summary(out, _("%s: plan %s waits"), stack, id);
		}
		describe_plan(body, of, plan);
		if (!caps->actions || !of->pages) {
			add_format(body, _("Decide with: %s"), "assent approve | reject");
		}
		offer_review(actions, of->pages, caps);
		offer_decisions(actions, plan, caps);
	}
	set_actions(out, actions);
	finish(out, body, caps);
}

void render_many(unsigned count, const char *const *stacks, bool pages, const struct caps *caps,
		 bool hidden, struct words *out)
{
	GPtrArray *actions = g_ptr_array_new();
	GString *body = g_string_new(NULL);
	g_autoptr(GString) names = g_string_new(NULL);

	*out = (struct words){
		.category = "x-assent.plan", .urgency = URGENCY_NORMAL, .stays = true};
	set_summary(out,
		    ngettext("%u plan waits for approval", "%u plans wait for approval", count),
		    count);
	for (unsigned i = 0; i < NAMES_SHOWN && stacks[i] != NULL; i++) {
		g_autofree char *name = shown(stacks[i], STACK_SHOWN);

		g_string_append_printf(names, "%s%s", i > 0 ? ", " : "", name);
	}
	if (!hidden) {
		if (count > NAMES_SHOWN) {
			g_string_append(names, ", …");
		}
		add_line(body, names->str);
		offer_review(actions, pages, caps);
	}
	set_actions(out, actions);
	finish(out, body, caps);
}

void render_result(const struct snapshot *of, const struct snapshot_stack *stack,
		   const struct caps *caps, bool hidden, struct words *out)
{
	bool ok = strcmp(stack->result, "ok") == 0, untouched = strcmp(stack->result, "void") == 0;
	bool halted = g_strcmp0(stack->halted, stack->plan) == 0;
	g_autofree char *id = text_short_id(stack->plan), *name = shown(stack->name, STACK_SHOWN);
	GString *body = g_string_new(NULL);

	*out = (struct words){.category = "x-assent.result",
			      .urgency = ok	     ? URGENCY_LOW
					 : untouched ? URGENCY_NORMAL
						     : URGENCY_CRITICAL,
			      .stays = !ok};
	if (hidden) {
		set_summary(out, "%s",
			    ok		? _("A plan was applied")
			    : untouched ? _("A plan was not applied")
					: _("A plan FAILED"));
		finish(out, body, caps);
		return;
	}
	if (ok) {
		set_summary(out, _("%s: applied"), name);
	} else if (untouched) {
		set_summary(out, _("%s: not applied, the host had changed"), name);
	} else if (strcmp(stack->result, "rolled-back") == 0) {
		set_summary(out, _("%s: FAILED, and rolled back"), name);
	} else if (halted) {
		set_summary(out, _("%s: FAILED half way, and HALTED"), name);
	} else {
		set_summary(out, _("%s: the apply FAILED"), name);
	}
	add_format(body, _("Plan %s"), id);
	if (stack->why != NULL) {
		add_line(body, stack->why);
	}
	add_format(body,
		   ngettext("%" PRId64 " change done", "%" PRId64 " changes done",
			    (gulong)stack->done),
		   stack->done);
	if (halted) {
		/* TRANSLATORS: a command */
		add_format(body, _("Go on or take it back with: %s"),
			   "assent apply --resume | --undo");
	}
	add_format(body, _("Agent %s"), of->agent);
	finish(out, body, caps);
}

void render_state(const struct snapshot *of, const struct snapshot_stack *stack,
		  const struct caps *caps, bool hidden, struct words *out)
{
	bool drift = strcmp(stack->state, "drifted") == 0;
	g_autofree char *name = shown(stack->name, STACK_SHOWN);
	GString *body = g_string_new(NULL);

	*out = (struct words){.category = drift ? "x-assent.drift" : "x-assent.blocked",
			      .urgency = URGENCY_NORMAL,
			      .stays = true};
	if (hidden) {
		set_summary(out, "%s",
			    drift ? _("Something was changed by others")
				  : _("Something is blocked"));
		finish(out, body, caps);
		return;
	}
	if (drift) {
		set_summary(out, _("%s: changed by others"), name);
		add_format(body,
			   ngettext("%" PRId64 " difference from what was approved",
				    "%" PRId64 " differences from what was approved",
				    (gulong)stack->drift),
			   stack->drift);
	} else {
		set_summary(out, _("%s: blocked"), name);
		add_line(body, stack->reason != NULL ? stack->reason : "");
	}
	add_format(body, _("Agent %s"), of->agent);
	finish(out, body, caps);
}

void render_alert(const struct snapshot *of, const struct snapshot_stack *stack,
		  const struct snapshot_alert *alert, const struct caps *caps, bool hidden,
		  struct words *out)
{
	g_autofree char *name = shown(stack->name, STACK_SHOWN);
	GString *body = g_string_new(NULL);

	*out = (struct words){
		.category = "x-assent.alert", .urgency = URGENCY_CRITICAL, .stays = true};
	if (hidden) {
		set_summary(out, "%s", _("Something has been wrong for a while"));
		finish(out, body, caps);
		return;
	}
	/* TRANSLATORS: the name of a stack */
	set_summary(out, _("%s: ALERT"), name);
	add_line(body, alert->reason != NULL ? alert->reason : alert->condition);
	if (alert->reminders > 0) {
		/* TRANSLATORS: a number */
		add_format(body, _("reminder %" PRId64), alert->reminders);
	}
	add_format(body, _("Agent %s"), of->agent);
	finish(out, body, caps);
}

void render_steer(const struct snapshot *of, const struct snapshot_steer *steer,
		  const struct caps *caps, bool hidden, struct words *out)
{
	g_autofree char *name = shown(steer->stack != NULL ? steer->stack : of->agent, STACK_SHOWN);
	g_autofree char *until = text_time(steer->until);
	GString *body = g_string_new(NULL);

	*out = (struct words){
		.category = "x-assent.steered", .urgency = URGENCY_NORMAL, .stays = true};
	if (hidden) {
		set_summary(out, "%s", _("Something was suspended or rolled back"));
		finish(out, body, caps);
		return;
	}
	set_summary(out,
		    /* TRANSLATORS: the name of an agent, or of a stack */
		    steer->kind == STEERED_STOPPED     ? _("All stacks of %s are STOPPED")
		    : steer->kind == STEERED_SUSPENDED ? _("%s is suspended")
						       : _("%s was rolled back"),
		    name);
	add_line(body, steer->reason != NULL ? steer->reason : "");
	if (steer->by != NULL) {
		/* TRANSLATORS: the name of a person */
		add_format(body, _("asked for by %s"), steer->by);
	}
	if (steer->until != 0) {
		/* TRANSLATORS: a time */
		add_format(body, _("until %s"), until);
	}
	if (steer->stack != NULL) {
		add_format(body, _("Agent %s"), of->agent);
	}
	finish(out, body, caps);
}

void render_problem(const struct snapshot *of, const struct caps *caps, bool hidden,
		    struct words *out)
{
	GString *body = g_string_new(NULL);

	*out = (struct words){
		.category = "x-assent.problem", .urgency = URGENCY_CRITICAL, .stays = true};
	set_summary(out, "%s", _("Nothing is applied any more"));
	if (!hidden) {
		add_line(body, of->problem);
		add_format(body, _("Agent %s"), of->agent);
	}
	finish(out, body, caps);
}

void render_refusal(const char *agent, const char *stack, const char *text, const struct caps *caps,
		    bool hidden, struct words *out)
{
	g_autofree char *name = shown(stack != NULL ? stack : agent, STACK_SHOWN);
	GString *body = g_string_new(NULL);

	*out = (struct words){.category = "x-assent.refused", .urgency = URGENCY_NORMAL};
	if (hidden) {
		set_summary(out, "%s", _("Nothing was decided"));
	} else {
		set_summary(out, _("%s: nothing was decided"), name);
		add_line(body, text);
	}
	finish(out, body, caps);
}
