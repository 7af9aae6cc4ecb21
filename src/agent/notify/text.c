/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What notices say, and how it is kept within limits. */
#include "agent/notify/text.h"

#include <inttypes.h>
#include <string.h>

#include "agent/stack-say.h"
#include "base/lang.h"
#include "base/text.h"

#define MARK "\xe2\x80\xa6" /* U+2026 */
#define PLAIN_CHANGES 10
#define PLAIN_COMMITS 3
#define PLAIN_RESTORES 5

static size_t whole(const char *text, size_t max)
{
	while (max > 0 && ((unsigned char)text[max] & 0xc0) == 0x80) {
		max--;
	}
	return max;
}

char *notify_cut(const char *text, size_t max)
{
	size_t len = strlen(text);

	if (len <= max) {
		return g_strdup(text);
	}
	if (max < strlen(MARK)) {
		return g_strndup(text, whole(text, max));
	}
	return g_strdup_printf("%.*s" MARK, (int)whole(text, max - strlen(MARK)), text);
}

char *notify_cut_chars(const char *text, size_t max)
{
	size_t n = (size_t)g_utf8_strlen(text, -1);

	if (n <= max) {
		return g_strdup(text);
	}
	if (max == 0) {
		return g_strdup("");
	}
	return g_strdup_printf("%.*s" MARK,
			       (int)(g_utf8_offset_to_pointer(text, (glong)max - 1) - text), text);
}

char *notify_cut_lines(const char *text, size_t max, unsigned *left)
{
	size_t len = strlen(text), end = 0;
	unsigned missing = 0;

	while (end < len) {
		size_t next = end + strcspn(text + end, "\n");

		next += text[next] == '\n' ? 1 : 0;
		if (next > max) {
			break;
		}
		end = next;
	}
	for (const char *p = text + end; *p != '\0'; p++) {
		missing += *p == '\n' || p[1] == '\0' ? 1 : 0;
	}
	*left = missing;
	return g_strndup(text, end);
}

static char *title_of_plan(const struct notice *n)
{
	switch (n->event) {
	case NOTICE_PENDING:
	case NOTICE_VOTED:
		/* TRANSLATORS: a plan's id, and the name of a stack */
		return g_strdup_printf(_("Plan %s for %s waits for approval"), n->short_id,
				       n->stack);
	case NOTICE_REJECTED:
		/* TRANSLATORS: a plan's id, and the name of a stack */
		return g_strdup_printf(_("Plan %s for %s was rejected"), n->short_id, n->stack);
	case NOTICE_EXPIRED:
		/* TRANSLATORS: a plan's id, and the name of a stack */
		return g_strdup_printf(_("Plan %s for %s has expired"), n->short_id, n->stack);
	case NOTICE_SUPERSEDED:
		/* TRANSLATORS: a plan's id, and the name of a stack */
		return g_strdup_printf(_("Plan %s for %s was replaced by a newer one"), n->short_id,
				       n->stack);
	case NOTICE_VOID:
		/* TRANSLATORS: a plan's id, and the name of a stack */
		return g_strdup_printf(_("Plan %s for %s is void: the host has changed"),
				       n->short_id, n->stack);
	case NOTICE_APPLYING:
		/* TRANSLATORS: a plan's id, and the name of a stack */
		return g_strdup_printf(_("Plan %s for %s is being applied"), n->short_id, n->stack);
	case NOTICE_OK:
		if (g_strcmp0(n->why, "drift") == 0 && n->required == 0) {
			/* TRANSLATORS: the name of a stack, a plan's id */
			return g_strdup_printf(
				_("%s was put back by itself as it was approved (plan %s)"),
				n->stack, n->short_id);
		}
		/* TRANSLATORS: a plan's id, and the name of a stack */
		return g_strdup_printf(_("Plan %s for %s was applied"), n->short_id, n->stack);
	case NOTICE_FAILED:
		/* TRANSLATORS: a plan's id, and the name of a stack */
		return g_strdup_printf(_("Plan %s for %s has failed"), n->short_id, n->stack);
	case NOTICE_ROLLED_BACK:
		/* TRANSLATORS: a plan's id, and the name of a stack */
		return g_strdup_printf(_("Plan %s for %s failed and was undone"), n->short_id,
				       n->stack);
	case NOTICE_INTERRUPTED:
	case NOTICE_PROBLEM:
	case NOTICE_RESOLVED:
		break;
	}
	/* TRANSLATORS: a plan's id, and the name of a stack */
	return g_strdup_printf(_("Plan %s for %s was interrupted"), n->short_id, n->stack);
}

/* Whatever becomes of such a plan, nobody may overlook how it came to be. */
static char *title_of_broken(const struct notice *n)
{
	const struct notice_vote *broken = notice_broken(n);
	g_autofree char *title = title_of_plan(n);

	/* TRANSLATORS: a person who decided for all, and a title as "Plan ... was applied" */
	return broken != NULL ? g_strdup_printf(_("BREAK-GLASS by %s: %s"), broken->person, title)
			      : g_steal_pointer(&title);
}

/* The alarm itself. */
static char *title_of_glass(const struct notice *n)
{
	const struct notice_vote *broken = notice_broken(n);

	/* TRANSLATORS: a person, a plan's id, the name of a stack */
	return g_strdup_printf(_("BREAK-GLASS: %s decided for all about plan %s for %s"),
			       broken != NULL ? broken->person : "?", n->short_id, n->stack);
}

static char *title_of_alert(const struct notice *n)
{
	switch (n->condition) {
	case CONDITION_DRIFT:
		/* TRANSLATORS: the name of a stack */
		return g_strdup_printf(_("ALERT: %s has drifted, and still is not as approved"),
				       n->stack);
	case CONDITION_FETCH:
		/* TRANSLATORS: the name of a stack */
		return g_strdup_printf(_("ALERT: %s cannot be fetched"), n->stack);
	case CONDITION_PLAN:
		/* TRANSLATORS: the name of a stack */
		return g_strdup_printf(_("ALERT: %s cannot be planned"), n->stack);
	case CONDITION_APPLY:
		/* TRANSLATORS: the name of a stack */
		return g_strdup_printf(_("ALERT: the last apply of %s has failed"), n->stack);
	case CONDITION_BLOCKED:
		/* TRANSLATORS: the name of a stack */
		return g_strdup_printf(_("ALERT: %s is still blocked"), n->stack);
	case CONDITION_FLAPPING:
		/* TRANSLATORS: the name of a stack */
		return g_strdup_printf(_("ALERT: the state of %s comes and goes"), n->stack);
	case CONDITION_SUSPENDED:
		break;
	}
	g_assert_not_reached();
}

static char *title_of_alert_over(const struct notice *n)
{
	switch (n->condition) {
	case CONDITION_DRIFT:
		/* TRANSLATORS: the name of a stack */
		return g_strdup_printf(_("%s is again as it was approved"), n->stack);
	case CONDITION_FETCH:
		/* TRANSLATORS: the name of a stack */
		return g_strdup_printf(_("%s can be fetched again"), n->stack);
	case CONDITION_PLAN:
		/* TRANSLATORS: the name of a stack */
		return g_strdup_printf(_("%s can be planned again"), n->stack);
	case CONDITION_APPLY:
		/* TRANSLATORS: the name of a stack */
		return g_strdup_printf(_("%s has got over its failed apply"), n->stack);
	case CONDITION_BLOCKED:
		/* TRANSLATORS: the name of a stack */
		return g_strdup_printf(_("%s is no longer blocked"), n->stack);
	case CONDITION_FLAPPING:
		/* TRANSLATORS: the name of a stack */
		return g_strdup_printf(_("The state of %s has been calm for a while"), n->stack);
	case CONDITION_SUSPENDED:
		break;
	}
	g_assert_not_reached();
}

static char *title_of_steer(const struct notice *n)
{
	const char *what = n->what != NULL ? n->what : "?";
	bool over = n->event == NOTICE_RESOLVED;

	if (n->kind == NOTICE_STOPPED) {
		/* TRANSLATORS: the name of an agent */
		return over ? g_strdup_printf(_("All stacks of %s go on"), n->agent)
			    : g_strdup_printf(_("All stacks of %s are STOPPED"), n->agent);
	}
	if (n->kind == NOTICE_ROLLBACK) {
		/* TRANSLATORS: the name of a stack, a commit's id */
		return over ? g_strdup_printf(_("%s is no longer held at commit %.12s"), n->stack,
					      what)
			    : g_strdup_printf(_("%s is to go back to commit %.12s"), n->stack,
					      what);
	}
	if (n->kind == NOTICE_TRIAL) {
		/* TRANSLATORS: the name of a stack, the name of a ref */
		return over ? g_strdup_printf(_("The trial of %2$s on %1$s is over"), n->stack,
					      what)
			    : g_strdup_printf(_("%s tries %s"), n->stack, what);
	}
	if (over) {
		return g_strdup_printf(_("%s goes on"), n->stack);
	}
	return n->round > 0 ? g_strdup_printf(_("The suspension of %s ends soon"), n->stack)
			    : g_strdup_printf(_("%s is suspended"), n->stack);
}

char *notify_incident(const struct notice *n)
{
	g_autoptr(GString) out = g_string_new(NULL);
	g_autofree char *since = stack_time(n->since), *until = stack_time(n->until);
	g_autofree char *lasted = text_duration(n->lasted);

	if (n->person != NULL) {
		/* TRANSLATORS: the name of a person */
		g_string_append_printf(out, _("asked for by %s"), n->person);
		g_string_append_c(out, '\n');
	}
	if (n->kind == NOTICE_ALERT && n->event == NOTICE_PROBLEM && n->since != 0) {
		/* TRANSLATORS: a time */
		g_string_append_printf(out, _("since %s"), since);
		g_string_append_c(out, '\n');
	}
	if (n->reminder && n->round > 0) {
		g_string_append_printf(out, _("reminder %" PRId64), n->round);
		g_string_append_c(out, '\n');
	}
	if (n->lasted > 0) {
		/* TRANSLATORS: a duration as "12m" */
		g_string_append_printf(out, _("It lasted %s."), lasted);
		g_string_append_c(out, '\n');
	}
	if (n->until != 0 && n->event == NOTICE_PROBLEM) {
		/* TRANSLATORS: a time */
		g_string_append_printf(out, _("until %s"), until);
		g_string_append_c(out, '\n');
	}
	g_string_truncate(out, out->len - (out->len > 0 ? 1 : 0));
	return out->len > 0 ? g_string_free(g_steal_pointer(&out), FALSE) : NULL;
}

char *notify_title(const struct notice *n)
{
	bool over = n->event == NOTICE_RESOLVED;

	switch (n->kind) {
	case NOTICE_PLAN:
		return title_of_broken(n);
	case NOTICE_BROKEN:
		return title_of_glass(n);
	case NOTICE_BLOCKED:
		/* TRANSLATORS: the name of a stack */
		return over ? g_strdup_printf(_("%s is no longer blocked"), n->stack)
			    : g_strdup_printf(_("%s is blocked"), n->stack);
	case NOTICE_DRIFT:
		/* TRANSLATORS: the name of a stack */
		return over ? g_strdup_printf(_("%s is again as it was approved"), n->stack)
			    : g_strdup_printf(_("%s has drifted"), n->stack);
	case NOTICE_DEAD:
		/* TRANSLATORS: the name of an agent */
		return over ? g_strdup_printf(_("Agent %s works again"), n->agent)
			    : g_strdup_printf(_("Agent %s applies nothing any more"), n->agent);
	case NOTICE_GROUP:
		return g_strdup_printf(ngettext("%" PRId64 " plan waits for approval",
						"%" PRId64 " plans wait for approval",
						(gulong)n->items_total),
				       n->items_total);
	case NOTICE_ALERT:
		return over ? title_of_alert_over(n) : title_of_alert(n);
	case NOTICE_SUSPENDED:
	case NOTICE_STOPPED:
	case NOTICE_ROLLBACK:
	case NOTICE_TRIAL:
		return title_of_steer(n);
	}
	g_assert_not_reached();
}

static void append_history(GString *out, const struct notice *n)
{
	if (!n->is_rewritten) {
		return;
	}
	if (n->gone_total < 0) {
		g_string_append(out, _("the history was REWRITTEN"));
		return;
	}
	g_string_append_printf(out,
			       ngettext("the history was REWRITTEN, %" PRId64 " commit is gone",
					"the history was REWRITTEN, %" PRId64 " commits are gone",
					(gulong)n->gone_total),
			       n->gone_total);
}

char *notify_risk(const struct notice *n)
{
	static const struct {
		unsigned risk;
		const char *text;
	} rows[] = {
		/* TRANSLATORS: what a plan does; several are separated by semicolons */
		{RISK_SECRET, N_("touches secrets")},
		{RISK_ROOT, N_("touches what belongs to root")},
		{RISK_EXECUTABLE, N_("touches programs")},
		{RISK_CLUSTER, N_("touches the whole cluster")},
	};
	g_autoptr(GString) out = g_string_new(NULL);

	append_history(out, n);
	if (n->deletions > 0) {
		g_string_append(out, out->len > 0 ? "; " : "");
		g_string_append_printf(out,
				       ngettext("%" PRId64 " deletion", "%" PRId64 " deletions",
						(gulong)n->deletions),
				       n->deletions);
	}
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		if ((n->risk & rows[i].risk) != 0) {
			g_string_append(out, out->len > 0 ? "; " : "");
			g_string_append(out, _(rows[i].text));
		}
	}
	return out->len > 0 ? g_string_free(g_steal_pointer(&out), FALSE) : NULL;
}

char *notify_gone(const struct notice *n)
{
	g_autoptr(GString) out = g_string_new(NULL);

	for (unsigned i = 0; i < n->gone->len && i < PLAIN_COMMITS; i++) {
		const struct notice_commit *commit = g_ptr_array_index(n->gone, i);
		g_autofree char *subject = notify_cut(commit->subject, 120);
		g_autofree char *author = notify_cut(commit->author, 60);

		/* TRANSLATORS: a commit's id, its subject and its author */
		g_string_append_printf(out, _("gone: %.12s %s (%s)"), commit->id, subject, author);
		g_string_append_c(out, '\n');
	}
	if (n->gone_total > PLAIN_COMMITS) {
		int64_t more = n->gone_total - PLAIN_COMMITS;

		g_string_append_printf(out,
				       ngettext("gone: %" PRId64 " more commit\n",
						"gone: %" PRId64 " more commits\n", (gulong)more),
				       more);
	}
	g_string_truncate(out, out->len - (out->len > 0 ? 1 : 0));
	return out->len > 0 ? g_string_free(g_steal_pointer(&out), FALSE) : NULL;
}

char *notify_counts(const struct notice *n)
{
	g_autoptr(GString) out = g_string_new(NULL);

	for (size_t i = 0; i < G_N_ELEMENTS(n->actions); i++) {
		if (n->actions[i] > 0) {
			g_autofree char *count = text_count(n->actions[i], (enum plan_action)i);

			g_string_append_printf(out, "%s%s", out->len > 0 ? ", " : "", count);
		}
	}
	return g_string_free(g_steal_pointer(&out), FALSE);
}

char *notify_change(const struct notice_change *change)
{
	return g_strdup_printf("%s %s%s%s%s", text_action(change->action), change->id,
			       change->becomes != NULL ? change->becomes : "",
			       change->notes != NULL ? "; " : "",
			       change->notes != NULL ? change->notes : "");
}

static void append_halted(GString *out, const struct notice *n)
{
	g_string_append_printf(
		out,
		_("Of the last apply: %" PRId64 " done, %" PRId64 " undone, %" PRId64 " left."),
		n->done, n->undone, n->left);
	g_string_append_c(out, '\n');
	/* TRANSLATORS: the name of a stack, twice */
	g_string_append_printf(out,
			       _("It has halted: 'assent apply --resume %s' goes on, 'assent apply "
				 "--undo %s' takes it back."),
			       n->stack, n->stack);
	g_string_append_c(out, '\n');
}

static void append_restores(GString *out, const struct notice *n)
{
	guint count = n->restores != NULL ? g_strv_length(n->restores) : 0;
	g_autoptr(GString) ids = g_string_new(NULL);

	for (guint i = 0; i < count && i < PLAIN_RESTORES; i++) {
		g_autofree char *id = text_short_id(n->restores[i]);

		g_string_append_printf(ids, "%s%s", i > 0 ? ", " : "", id);
	}
	g_string_append(ids, count > PLAIN_RESTORES ? ", " MARK : "");
	if (count > 0) {
		/* TRANSLATORS: short ids of plans; this one puts back what they had approved */
		g_string_append_printf(out,
				       ngettext("Puts back what plan %s had approved.",
						"Puts back what plans %s had approved.", count),
				       ids->str);
		g_string_append_c(out, '\n');
	}
}

static void append_trial(GString *out, const struct notice *n)
{
	g_autofree char *until = stack_time(n->until);

	if (n->until != 0) {
		/* TRANSLATORS: a time */
		g_string_append_printf(out,
				       _("A trial until %s: after it, what it changed is put back "
					 "without being asked."),
				       until);
		g_string_append_c(out, '\n');
	}
}

char *notify_more(const struct notice *n)
{
	g_autoptr(GString) out = g_string_new(NULL);

	append_trial(out, n);
	append_restores(out, n);
	if (n->halted) {
		append_halted(out, n);
	}
	if (n->vouched != NULL) {
		g_string_append_printf(out, "%s\n", n->vouched);
	}
	if (n->outside > 0) {
		size_t outside = (size_t)n->outside;

		g_string_append_printf(
			out,
			ngettext("%zu resource was changed outside since it was applied.",
				 "%zu resources were changed outside since they were applied.",
				 outside),
			outside);
		g_string_append_c(out, '\n');
	}
	g_string_append(out, n->sizes != NULL ? n->sizes : "");
	if (g_str_has_suffix(out->str, "\n")) {
		g_string_truncate(out, out->len - 1);
	}
	return out->len > 0 ? g_string_free(g_steal_pointer(&out), FALSE) : NULL;
}

char *notify_needs(const struct notice *n)
{
	g_autofree char *until = NULL;

	if (!notice_is_open(n)) {
		return NULL;
	}
	until = stack_time(n->expires);
	/* TRANSLATORS: "1 of 2 approvals, until 2026-01-31T23:05:59Z" */
	return g_strdup_printf(ngettext("%" PRId64 " of %" PRId64 " approvals, until %s",
					"%" PRId64 " of %" PRId64 " approvals, until %s",
					(gulong)n->required),
			       n->approvals, n->required, until);
}

char *notify_vote(const struct notice_vote *vote)
{
	bool has_reason = vote->reason != NULL && vote->reason[0] != '\0';
	const char *reason = has_reason ? vote->reason : "";
	const char *colon = has_reason ? ": " : "";

	switch (vote->verdict) {
	case VERDICT_APPROVE:
		/* TRANSLATORS: person, channel (slack, page ...), nothing or a colon, reason */
		return g_strdup_printf(_("%s approved by %s%s%s"), vote->person, vote->channel,
				       colon, reason);
	case VERDICT_REJECT:
		/* TRANSLATORS: person, channel (slack, page ...), nothing or a colon, reason */
		return g_strdup_printf(_("%s rejected by %s%s%s"), vote->person, vote->channel,
				       colon, reason);
	case VERDICT_BREAK_GLASS:
		/* TRANSLATORS: person, channel (slack, page ...), nothing or a colon, reason */
		return g_strdup_printf(_("%s BROKE THE GLASS by %s%s%s"), vote->person,
				       vote->channel, colon, reason);
	}
	g_assert_not_reached();
}

char *notify_log(const struct notice *n)
{
	return g_strdup_printf(ngettext("Log: %" PRIu64 " entry, root %s",
					"Log: %" PRIu64 " entries, root %s", (gulong)n->log_size),
			       n->log_size, n->log_root);
}

static void put(GString *out, char *line)
{
	if (line != NULL && line[0] != '\0') {
		g_string_append_printf(out, "%s\n", line);
	}
	g_free(line);
}

static void put_plan(GString *out, const struct notice *n)
{
	put(out, notify_risk(n));
	put(out, notify_gone(n));
	put(out, notify_counts(n));
	put(out, notify_more(n));
	put(out, notify_needs(n));
	for (unsigned i = 0; i < n->votes->len; i++) {
		put(out, notify_vote(g_ptr_array_index(n->votes, i)));
	}
	for (unsigned i = 0; i < n->commits->len && i < PLAIN_COMMITS; i++) {
		const struct notice_commit *commit = g_ptr_array_index(n->commits, i);

		g_string_append_printf(out, "%.12s %s (%s)\n", commit->id, commit->subject,
				       commit->author);
	}
	for (unsigned i = 0; i < n->changes->len && i < PLAIN_CHANGES; i++) {
		const struct notice_change *change = g_ptr_array_index(n->changes, i);

		put(out, notify_change(change));
	}
	if (n->changes_total > PLAIN_CHANGES) {
		int64_t more = n->changes_total - PLAIN_CHANGES;

		g_string_append_printf(out,
				       ngettext("%" PRId64 " more change\n",
						"%" PRId64 " more changes\n", (gulong)more),
				       more);
	}
}

static void put_items(GString *out, const struct notice *n)
{
	for (unsigned i = 0; i < n->items->len; i++) {
		const struct notice_item *item = g_ptr_array_index(n->items, i);

		g_string_append_printf(out, "%s: %.12s\n", item->stack,
				       item->plan + strlen("sha256:"));
	}
}

char *notify_plain(const struct notice *n, size_t max)
{
	g_autoptr(GString) out = g_string_new(NULL);
	g_autoptr(GString) end = g_string_new(NULL);
	g_autofree char *head = NULL;

	put(out, notify_title(n));
	put(out, g_strdup(n->text));
	put(out, notify_incident(n));
	if (n->kind == NOTICE_PLAN) {
		put_plan(out, n);
	}
	put_items(out, n);
	put(end, g_strdup(n->link));
	put(end, notify_log(n));
	g_string_truncate(end, end->len - 1);
	if (end->len + 1 >= max) {
		return notify_cut(out->str, max);
	}
	/* what is at the end is never cut off */
	head = notify_cut(out->str, max - end->len - 1);
	return g_strdup_printf("%s%s%s", head, g_str_has_suffix(head, "\n") ? "" : "\n", end->str);
}
