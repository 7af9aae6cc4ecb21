/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a person reads before deciding: facts, changes, diff. */
#include "cli/render.h"

#include <glib/gi18n.h>
#include <inttypes.h>
#include <string.h>

#include "base/change-text.h"
#include "base/text.h"
#include "base/words.h"

#define ACTION_WIDTH 8 /* of the column of actions */

static void render_signature(struct out *out, const struct review *review)
{
	char fingerprint[SSH_FINGERPRINT_SIZE];

	ssh_key_fingerprint(fingerprint, &review->key);
	out_field(out, C_("field", "signature"),
		  review->from_trust_file ? _("good, by the plan key of the trust file, %s")
					  : _("good, by the key that the agent itself names, %s"),
		  fingerprint);
}

static void render_target(struct out *out, const struct plan *plan)
{
	out_field(out, C_("field", "repository"), "%s %s%s%s", plan->repository, plan->ref,
		  plan->path[0] != '\0' ? " " : "", plan->path);
	out_field(out, C_("field", "from"), "%s",
		  plan->base_commit != NULL ? plan->base_commit : _("nothing was applied before"));
	out_field(out, C_("field", "to"), "%s", plan->target_commit);
	out_field(out, C_("field", "tree"), "%s", plan->target_tree);
}

static void render_commit(struct out *out, const struct plan_commit *commit)
{
	g_autofree char *id = text_short_id(commit->id);
	g_autofree char *when = text_time(commit->time), *committer = NULL;
	bool other = strcmp(commit->author_email, commit->committer_email) != 0;

	out_field(out, "", "%s %s", id, commit->subject);
	if (other) {
		/* TRANSLATORS: a name and an e-mail address */
		committer = g_strdup_printf(_("committed by %s <%s>"), commit->committer_name,
					    commit->committer_email);
	}
	out_field(out, "", "  %s <%s>%s%s, %s, %s%s%s", commit->author_name, commit->author_email,
		  other ? ", " : "", other ? committer : "", when,
		  text_signature(commit->signature), commit->signer != NULL ? " " : "",
		  commit->signer != NULL ? commit->signer : "");
}

/* Those whose commits are not shown are named at least: the author rule counts them. */
static void render_authors(struct out *out, const struct plan *plan)
{
	g_autoptr(GString) text = g_string_new(NULL);

	for (size_t i = 0; i < plan->authors_count; i++) {
		g_string_append_printf(text, "%s%s", i > 0 ? ", " : "", plan->authors[i]);
	}
	if ((uint64_t)plan->authors_total > plan->authors_count) {
		g_string_append(text, ", ...");
	}
	out_field(out, C_("field", "authors"), "%s", text->str);
}

static void render_verification(struct out *out, const struct plan *plan)
{
	g_autofree char *text = text_verification(&plan->verification);

	if (text != NULL) {
		out_field(out, C_("field", "vouched for"), "%s", text);
	}
}

static void render_pushers(struct out *out, const struct plan *plan)
{
	g_autoptr(GString) text = g_string_new(NULL);

	for (size_t i = 0; i < plan->pushers_count; i++) {
		g_string_append_printf(text, "%s%s", i > 0 ? ", " : "", plan->pushers[i]);
	}
	if (text->len > 0) {
		out_field(out, C_("field", "pushed by"), "%s", text->str);
	}
}

static void render_commits(struct out *out, const struct plan *plan)
{
	int64_t more;

	out_field(out, C_("field", "commits"), "%" PRId64, plan->commits_total);
	for (size_t i = 0; i < plan->commits_count; i++) {
		render_commit(out, &plan->commits[i]);
	}
	if ((uint64_t)plan->commits_total > plan->commits_count) {
		more = plan->commits_total - (int64_t)plan->commits_count;
		out_field(out, "",
			  /* TRANSLATORS: commits */
			  ngettext("and %" PRId64 " older one", "and %" PRId64 " older ones",
				   (gulong)more),
			  more);
		render_authors(out, plan);
	}
	render_pushers(out, plan);
	render_verification(out, plan);
}

/* What the plan leaves behind, as loudly as what it removes. */
static void render_rewritten(struct out *out, const struct plan *plan)
{
	const struct plan_rewritten *gone = &plan->rewritten;

	if (!plan->is_rewritten) {
		return;
	}
	if (gone->total < 0) {
		out_field(out, C_("field", "HISTORY"), "%s",
			  _("was REWRITTEN; which commits are gone is not known any more"));
	} else {
		out_field(out, C_("field", "HISTORY"),
			  ngettext("was REWRITTEN; %" PRId64 " commit that was applied is gone:",
				   "was REWRITTEN; %" PRId64 " commits that were applied are gone:",
				   (gulong)gone->total),
			  gone->total);
	}
	for (size_t i = 0; i < gone->commits_count; i++) {
		render_commit(out, &gone->commits[i]);
	}
	if (gone->total > (int64_t)gone->commits_count) {
		out_field(out, "", _("and %" PRId64 " older ones"),
			  gone->total - (int64_t)gone->commits_count);
	}
	/* TRANSLATORS: a person and a reason */
	out_field(out, "", _("accepted by %s: %s"), gone->person, gone->reason);
}

static char *channels_text(unsigned channels)
{
	GString *text = g_string_new(NULL);

	for (int i = 0; i < CHANNELS; i++) {
		if ((channels & CHANNEL_BIT(i)) != 0) {
			g_string_append_printf(text, "%s%s", text->len > 0 ? ", " : "",
					       channel_names[i]);
		}
	}
	return g_string_free(text, FALSE);
}

static void render_policy(struct out *out, const struct plan *plan)
{
	const struct plan_policy *policy = &plan->policy;
	g_autofree char *from = g_strjoinv(", ", (char **)policy->from);
	g_autofree char *channels = NULL;
	char digest[HASH_TEXT_SIZE];

	out_field(out, C_("field", "policy"),
		  policy->author_may_approve
			  /* TRANSLATORS: how many, and people's names */
			  ? ngettext("%" PRId64 " approval from: %s",
				     "%" PRId64 " approvals from: %s", (gulong)policy->required)
			  : ngettext("%" PRId64 " approval from: %s; not by an author",
				     "%" PRId64 " approvals from: %s; not by an author",
				     (gulong)policy->required),
		  (gint64)policy->required, from);
	if (policy->quiet > 0 && policy->required > 0) {
		out_field(
			out, "",
			/* TRANSLATORS: a plan needs approvals, or that nobody rejects it so long */
			ngettext("or nobody's rejection for %" PRId64 " second",
				 "or nobody's rejection for %" PRId64 " seconds",
				 (gulong)policy->quiet),
			policy->quiet);
	}
	if (policy->break_glass != NULL) {
		g_autofree char *glass = g_strjoinv(", ", (char **)policy->break_glass);

		out_field(out, "", _("or break-glass by: %s"), glass);
	}
	channels = channels_text(policy->channels);
	out_field(out, C_("field", "channels"), "%s", channels);
	hash_text(digest, &policy->approvers);
	out_field(out, C_("field", "approvers"), "%s", digest);
	out_field(out, C_("field", "on failure"), "%s", plan->on_failure);
	for (size_t i = 0; i < plan->checks_count; i++) {
		g_autofree char *check = change_check_text(&plan->checks[i]);
		const struct plan_exec *exec = plan->checks[i].exec;
		g_autoptr(GPtrArray) lines = exec != NULL ? words_of_exec(exec) : NULL;

		/* TRANSLATORS: what must be well after the plan was applied, an address for example
		 */
		out_field(out, C_("field", "check"), "%s, %" PRId64 "s", check,
			  plan->checks[i].within);
		for (guint k = 0; lines != NULL && k < lines->len; k++) {
			out_field(out, "", "%s", (const char *)lines->pdata[k]);
		}
	}
}

static void render_votes(struct out *out, const struct api_plan *known, int64_t now)
{
	if (known == NULL) {
		return;
	}
	out_field(out, C_("field", "state"), "%s%s%s", known->state,
		  known->result != NULL ? ": " : "", known->result != NULL ? known->result : "");
	for (guint i = 0; i < known->votes->len; i++) {
		const struct api_vote *vote = &g_array_index(known->votes, struct api_vote, i);
		g_autofree char *age = text_age(vote->time, now);

		bool signs = vote->channel == NULL || strcmp(vote->channel, "signature") == 0;

		/* TRANSLATORS: person, approve or reject, age, channel, nothing or ": ", reason */
		out_field(out, i == 0 ? C_("field", "votes") : "",
			  signs ? _("%s: %s, %s (%s)%s%s")
				: _("%s: %s, %s (%s, attested by the agent)%s%s"),
			  vote->person, vote->decision, age,
			  vote->channel != NULL ? vote->channel : "?",
			  vote->reason != NULL ? ": " : "",
			  vote->reason != NULL ? vote->reason : "");
	}
}

static void render_times(struct out *out, const struct plan *plan, int64_t now)
{
	g_autofree char *made = text_time(plan->created), *ends = text_time(plan->expires);
	g_autofree char *age = text_age(plan->created, now), *rest = text_age(plan->expires, now);

	out_field(out, C_("field", "made"), "%s (%s)", made, age);
	out_field(out, plan->expires > now ? C_("field", "expires") : C_("field", "EXPIRED"),
		  "%s (%s)", ends, rest);
}

static void render_restores(struct out *out, const struct review *review)
{
	const struct plan *plan = review->plan;
	g_autoptr(GString) text = g_string_new(NULL);

	for (size_t i = 0; i < plan->restores_count; i++) {
		g_autofree char *id = text_short_id(plan->restores[i]);

		g_string_append_printf(text, "%s%s", i > 0 ? ", " : "", id);
		if (review->restored[i] > 0) {
			g_string_append_printf(text, " (%" PRId64 ")", review->restored[i]);
		}
	}
	if (plan->restores_count > 0) {
		/* TRANSLATORS: short ids of plans, with their numbers; this one puts back what they
		 * had approved */
		out_field(out, C_("field", "restores"),
			  ngettext("what plan %s had approved", "what plans %s had approved",
				   (gulong)plan->restores_count),
			  text->str);
	}
}

static void render_rendered(struct out *out, const struct plan *plan)
{
	for (size_t i = 0; i < plan->rendered_count; i++) {
		const struct plan_rendered *r = &plan->rendered[i];
		g_autofree char *from = text_escape(r->from, -1, 0);
		g_autofree char *renderer = text_escape(r->renderer, -1, 0);
		char program[HASH_TEXT_SIZE], object[HASH_TEXT_SIZE];

		hash_text(program, &r->program);
		hash_text(object, &r->object);
		out_field(out, C_("field", "rendered"),
			  /* TRANSLATORS: id of a resource, name of a renderer, two digests */
			  _("%s by %s (program %s), kept as %s"), from, renderer, program, object);
	}
}

void render_head(struct out *out, const struct review *review, int64_t now)
{
	const struct plan *plan = review->plan;
	g_autofree char *id = text_short_id(review->id);
	g_autofree char *stack = out_safe(out, plan->stack), *agent = out_safe(out, plan->agent);

	/* TRANSLATORS: a plan's short id, a stack's and an agent's name */
	out_styled(out, STYLE_BOLD, _("Plan %s of stack '%s' on '%s'"), id, stack, agent);
	out_printf(out, "\n");
	out_field(out, C_("field", "digest"), "%s", review->id);
	render_signature(out, review);
	/* TRANSLATORS: how many plans there have been, this one included */
	out_field(out, C_("field", "number"), "%" PRId64 " (%s)", plan->seq, plan->reason);
	render_target(out, plan);
	render_rendered(out, plan);
	render_restores(out, review);
	render_rewritten(out, plan);
	render_commits(out, plan);
	render_policy(out, plan);
	render_times(out, plan, now);
	render_votes(out, review->known, now);
}

size_t render_count_removals(const struct plan *plan)
{
	size_t count = 0;

	for (size_t i = 0; i < plan->changes_count; i++) {
		count += plan->changes[i].action == ACTION_REMOVE;
	}
	return count;
}

/* "0644", or "-" where nothing is stated. */
static char *mode_text(int64_t mode)
{
	return mode < 0 ? g_strdup("-") : g_strdup_printf("%04" PRIo64, (uint64_t)mode);
}

static char *owner_text(const struct plan_state *s)
{
	g_autofree char *uid = g_strdup_printf("%" PRId64, s->uid);
	g_autofree char *gid = g_strdup_printf("%" PRId64, s->gid);

	return g_strdup_printf("%s:%s",
			       s->owner != NULL ? s->owner
			       : s->uid < 0	? "-"
						: uid,
			       s->group != NULL ? s->group
			       : s->gid < 0	? "-"
						: gid);
}

/* "file 0644 root:root 12 bytes" */
static char *state_text(const struct plan_state *s)
{
	g_autofree char *mode = mode_text(s->mode), *owner = owner_text(s);
	g_autofree char *more = change_state_text(s);
	GString *text = g_string_new(state_type_names[s->type]);

	if (s->type == STATE_ABSENT) {
		return g_string_free(text, FALSE);
	}
	if (s->mode >= 0) {
		g_string_append_printf(text, " %s", mode);
	}
	if (strcmp(owner, "-:-") != 0) {
		g_string_append_printf(text, " %s", owner);
	}
	if (s->type == STATE_FILE && s->size >= 0) {
		g_string_append_printf(text, " %" PRId64 "B", s->size);
	}
	if (s->link != NULL) {
		g_string_append_printf(text, " -> %s", s->link);
	}
	if (s->xattrs != NULL) {
		g_string_append(text, " +xattrs");
	}
	g_string_append(text, more);
	return g_string_free(text, FALSE);
}

static char *risk_text(unsigned risk)
{
	GString *text = g_string_new(NULL);

	for (unsigned bit = 0; plan_risk_names[bit] != NULL; bit++) {
		if ((risk & 1U << bit) != 0) {
			g_string_append_printf(text, "%s%s", text->len > 0 ? " " : "",
					       plan_risk_names[bit]);
		}
	}
	return g_string_free(text, FALSE);
}

static enum out_style style_of(enum plan_action action)
{
	if (action == ACTION_REMOVE) {
		return STYLE_REMOVE;
	}
	return action == ACTION_CREATE ? STYLE_ADD : STYLE_WARN;
}

static void render_notes(struct out *out, const struct plan_change *change)
{
	g_autoptr(GPtrArray) notes = change_notes(change);

	for (guint i = 0; i < notes->len; i++) {
		g_autofree char *note = out_safe(out, notes->pdata[i]);

		out_printf(out, "          %s\n", note);
	}
}

/* Two lines, what else is to be known, and a last one where there is something to fear. */
static void render_change(struct out *out, const struct plan_change *change)
{
	g_autofree char *id = out_safe(out, change->id);
	g_autofree char *before = state_text(&change->observed);
	g_autofree char *after = state_text(&change->desired);
	g_autofree char *safe_before = out_safe(out, before), *safe_after = out_safe(out, after);
	g_autofree char *risk = risk_text(change->risk);
	const char *action = text_action(change->action);

	/* A column of its own, so that it is seen in a long list. */
	out_styled(out, STYLE_WARN, "%s", change->outside_commit != NULL ? "! " : "  ");
	out_styled(out, style_of(change->action), "%s%*s", action,
		   MAX(1, ACTION_WIDTH - (int)text_width(action)), "");
	out_styled(out, STYLE_BOLD, "%s", id);
	if (change->renamed_from != NULL) {
		g_autofree char *from = out_safe(out, change->renamed_from);

		/* TRANSLATORS: follows the name of a file */
		out_printf(out, " ");
		out_printf(out, _("(same content as %s)"), from);
	}
	out_printf(out, "\n");
	/* Of a command its words say more. */
	if (change->exec == NULL) {
		out_printf(out, "          %s => %s\n", safe_before, safe_after);
	}
	render_notes(out, change);
	if (risk[0] != '\0') {
		out_styled(out, STYLE_WARN, "          %s %s", _("risk:"), risk);
		out_printf(out, "\n");
	}
}

typedef void (*change_fn)(struct out *out, const struct plan *plan, size_t i, void *user);

/* Removals first, then the rest; each in the plan's order. */
static void each_change(struct out *out, const struct plan *plan, change_fn visit, void *user)
{
	for (int pass = 0; pass < 2; pass++) {
		for (size_t i = 0; i < plan->changes_count; i++) {
			if ((plan->changes[i].action == ACTION_REMOVE) == (pass == 0)) {
				visit(out, plan, i, user);
			}
		}
	}
}

static void visit_change(struct out *out, const struct plan *plan, size_t i, void *user)
{
	render_change(out, &plan->changes[i]);
}

void render_changes(struct out *out, const struct plan *plan)
{
	size_t removals = render_count_removals(plan);
	g_autofree char *sizes = change_sizes_text(plan);
	size_t outside = 0;

	for (size_t i = 0; i < plan->changes_count; i++) {
		outside += plan->changes[i].outside_commit != NULL;
	}
	out_printf(out, "\n");
	if (removals > 0) {
		out_styled(out, STYLE_BAD,
			   ngettext("%zu resource is REMOVED.", "%zu resources are REMOVED.",
				    removals),
			   removals);
		out_printf(out, " ");
	} else {
		out_printf(out, "%s ", _("Nothing is removed."));
	}
	out_printf(out, ngettext("%zu change:\n", "%zu changes:\n", plan->changes_count),
		   plan->changes_count);
	if (outside > 0) {
		out_printf(out, "  ");
		out_styled(out, STYLE_WARN,
			   ngettext("%zu resource was changed outside since it was applied.",
				    "%zu resources were changed outside since they were applied.",
				    outside),
			   outside);
		out_printf(out, "\n");
	}
	if (sizes != NULL) {
		out_printf(out, "  %s\n", sizes);
	}
	each_change(out, plan, visit_change, NULL);
}

struct diff_walk {
	const struct review *review;
	size_t *offsets; /* of each change's section */
	unsigned escaped;
	bool in_hunk; /* where "--- x" is a line that goes, and no name of a file */
	GString *line;
};

static void render_line(struct out *out, const char *text, size_t len, struct diff_walk *walk)
{
	enum { NAMES = 2 };
	static const struct {
		const char *prefix;
		enum out_style style;
	} styles[] = {{"+++ ", STYLE_BOLD},
		      {"--- ", STYLE_BOLD},
		      {"@@", STYLE_PLACE},
		      {"+", STYLE_ADD},
		      {"-", STYLE_REMOVE}};

	g_string_truncate(walk->line, 0);
	walk->escaped += text_append(walk->line, text, len, out_text_flags(out) | TEXT_TABS);
	walk->in_hunk = walk->in_hunk || g_str_has_prefix(walk->line->str, "@@");
	for (size_t i = walk->in_hunk ? NAMES : 0; i < G_N_ELEMENTS(styles); i++) {
		if (strncmp(walk->line->str, styles[i].prefix, strlen(styles[i].prefix)) == 0) {
			out_styled(out, styles[i].style, "%s", walk->line->str);
			out_write(out, "\n", 1);
			return;
		}
	}
	out_write(out, walk->line->str, walk->line->len);
	out_write(out, "\n", 1);
}

static void visit_diff(struct out *out, const struct plan *plan, size_t i, void *user)
{
	struct diff_walk *walk = user;
	const struct plan_change *change = &plan->changes[i];
	g_autofree char *id = out_safe(out, change->id);
	const char *at = walk->review->diff->str + walk->offsets[i];
	const char *end = at + change->diff_size;

	out_printf(out, "\n");
	out_styled(out, style_of(change->action), "== %s %s", text_action(change->action), id);
	out_printf(out, "\n");
	walk->in_hunk = false;
	while (at < end) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		const char *stop = newline != NULL ? newline : end;

		render_line(out, at, (size_t)(stop - at), walk);
		at = newline != NULL ? newline + 1 : end;
	}
}

void render_diff(struct out *out, const struct review *review)
{
	const struct plan *plan = review->plan;
	g_autofree size_t *offsets = g_new0(size_t, plan->changes_count + 1);
	g_autoptr(GString) line = g_string_new(NULL);
	struct diff_walk walk = {.review = review, .offsets = offsets, .line = line};

	for (size_t i = 0; i < plan->changes_count; i++) {
		offsets[i + 1] = offsets[i] + (size_t)plan->changes[i].diff_size;
	}
	each_change(out, plan, visit_diff, &walk);
	if (walk.escaped > 0) {
		out_printf(out, "\n");
		out_styled(
			out, STYLE_WARN,
			ngettext("%u character that is invisible or could mislead is shown as <…>.",
				 "%u characters that are invisible or could mislead are shown as "
				 "<…>.",
				 walk.escaped),
			walk.escaped);
		out_printf(out, "\n");
	}
}
