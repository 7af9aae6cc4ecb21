/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A plan's facts, risks and changes. */
#include "agent/http/page-facts.h"

#include <inttypes.h>
#include <string.h>

#include "agent/http/page-diff.h"
#include "base/change-text.h"
#include "base/lang.h"
#include "base/text.h"
#include "base/words.h"
#include "core/statement.h"

static const char *why_text(const char *reason)
{
	static const struct {
		const char *reason, *text;
	} texts[] = {
		{"commit", N_("the branch has a new commit")},
		{"drift", N_("the host is no longer as it was approved")},
		{"rollback", N_("an earlier commit is wanted back: newer ones are taken back")},
		{"try", N_("somebody tries it out")},
		{"return", N_("a trial has ended: what held before it comes back")},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
		if (strcmp(texts[i].reason, reason) == 0) {
			return _(texts[i].text);
		}
	}
	return reason;
}

static void put_commit(struct html *h, const struct plan_commit *commit, int64_t now)
{
	g_autofree char *id = text_short_id(commit->id);

	html_open(h, "li", NULL);
	html_leaf(h, "code", NULL, id);
	html_text(h, " ");
	html_text(h, commit->subject);
	html_void(h, "br", NULL);
	html_open(h, "span", "class", "dim", NULL);
	html_say(h, "%s <%s>", commit->author_name, commit->author_email);
	if (strcmp(commit->author_email, commit->committer_email) != 0) {
		html_text(h, ", ");
		/* TRANSLATORS: a name and an e-mail address */
		html_say(h, _("committed by %s <%s>"), commit->committer_name,
			 commit->committer_email);
	}
	html_say(h, ", %s%s%s, ", text_signature(commit->signature),
		 commit->signer != NULL ? " " : "", commit->signer != NULL ? commit->signer : "");
	page_time(h, commit->time, now);
	html_close(h, "span");
	html_close(h, "li");
}

/* Those whose commits are not shown are named at least: the author rule counts them. */
static void put_authors(struct html *h, const struct plan *plan)
{
	page_term(h, _("authors"));
	for (size_t i = 0; i < plan->authors_count; i++) {
		html_say(h, "%s%s", i > 0 ? ", " : "", plan->authors[i]);
	}
	if ((uint64_t)plan->authors_total > plan->authors_count) {
		html_text(h, ", …");
	}
	html_close(h, "dd");
}

static void put_pushers(struct html *h, const struct plan *plan)
{
	if (plan->pushers_count == 0) {
		return;
	}
	page_term(h, _("pushed by"));
	for (size_t i = 0; i < plan->pushers_count; i++) {
		html_say(h, "%s%s", i > 0 ? ", " : "", plan->pushers[i]);
	}
	html_close(h, "dd");
}

static void put_verification(struct html *h, const struct plan *plan)
{
	g_autofree char *text = text_verification(&plan->verification);

	if (text != NULL) {
		page_fact(h, _("vouched for"), text);
	}
}

static void put_commits(struct html *h, const struct plan *plan, int64_t now)
{
	int64_t more;

	page_term(h, _("commits"));
	html_say(h, "%" PRId64, plan->commits_total);
	html_open(h, "ol", NULL);
	for (size_t i = 0; i < plan->commits_count; i++) {
		put_commit(h, &plan->commits[i], now);
	}
	if ((uint64_t)plan->commits_total > plan->commits_count) {
		html_open(h, "li", NULL);
		more = plan->commits_total - (int64_t)plan->commits_count;
		html_say(h,
			 /* TRANSLATORS: commits */
			 ngettext("and %" PRId64 " older one", "and %" PRId64 " older ones",
				  (gulong)more),
			 more);
		html_close(h, "li");
	}
	html_close(h, "ol");
	html_close(h, "dd");
	if ((uint64_t)plan->commits_total > plan->commits_count) {
		put_authors(h, plan);
	}
	put_pushers(h, plan);
	put_verification(h, plan);
}

/* The commits that the target has not, and who wants it so. */
static void put_rewritten(struct html *h, const struct plan *plan, int64_t now)
{
	const struct plan_rewritten *gone = &plan->rewritten;

	if (!plan->is_rewritten) {
		return;
	}
	page_term(h, _("commits that are gone"));
	if (gone->total >= 0) {
		html_say(h, "%" PRId64, gone->total);
	} else {
		html_text(h, _("not known any more"));
	}
	html_open(h, "ol", NULL);
	for (size_t i = 0; i < gone->commits_count; i++) {
		put_commit(h, &gone->commits[i], now);
	}
	if (gone->total > (int64_t)gone->commits_count) {
		html_open(h, "li", NULL);
		html_say(h, _("and %" PRId64 " older ones"),
			 gone->total - (int64_t)gone->commits_count);
		html_close(h, "li");
	}
	html_close(h, "ol");
	html_close(h, "dd");
	page_term(h, _("rewritten history"));
	/* TRANSLATORS: a person and a reason */
	html_say(h, _("accepted by %s: %s"), gone->person, gone->reason);
	html_close(h, "dd");
}

static void put_code(struct html *h, const char *name, const char *value)
{
	page_term(h, name);
	html_leaf(h, "code", NULL, value);
	html_close(h, "dd");
}

static void put_channels(struct html *h, unsigned channels)
{
	const char *gap = "";

	/* TRANSLATORS: by which channels: signature, page ... */
	page_term(h, _("decided by"));
	for (unsigned i = 0; i < CHANNELS; i++) {
		if ((channels & CHANNEL_BIT(i)) != 0) {
			html_say(h, "%s%s", gap, channel_names[i]);
			gap = ", ";
		}
	}
	html_close(h, "dd");
}

/* By what a plan goes through without these approvals. */
static void put_exceptions(struct html *h, const struct plan_policy *policy)
{
	if (policy->quiet > 0 && policy->required > 0) {
		page_term(h, _("or by silence"));
		html_say(h, _("when nobody rejects it for %" PRId64 " seconds"), policy->quiet);
		html_close(h, "dd");
	}
	if (policy->break_glass != NULL && policy->break_glass[0] != NULL) {
		g_autofree char *glass = g_strjoinv(", ", (char **)policy->break_glass);

		page_term(h, _("or by break-glass"));
		/* TRANSLATORS: people */
		html_say(h, _("each of these, in an emergency and with a reason: %s"), glass);
		html_close(h, "dd");
	}
}

static void put_policy(struct html *h, const struct plan *plan)
{
	const struct plan_policy *policy = &plan->policy;
	g_autofree char *from = g_strjoinv(", ", (char **)policy->from);

	page_term(h, _("policy"));
	html_say(h,
		 policy->author_may_approve
			 /* TRANSLATORS: how many, and people's names */
			 ? ngettext("%" PRId64 " approval from: %s",
				    "%" PRId64 " approvals from: %s", (gulong)policy->required)
			 : ngettext("%" PRId64 " approval from: %s; not by an author",
				    "%" PRId64 " approvals from: %s; not by an author",
				    (gulong)policy->required),
		 policy->required, from);
	html_close(h, "dd");
	put_exceptions(h, policy);
	put_channels(h, policy->channels);
	page_fact(h, _("on failure"),
		  strcmp(plan->on_failure, "rollback") == 0 ? _("everything is undone")
							    : _("the rest is left out"));
	for (size_t i = 0; i < plan->checks_count; i++) {
		g_autofree char *check = change_check_text(&plan->checks[i]);
		const struct plan_exec *exec = plan->checks[i].exec;
		g_autoptr(GPtrArray) lines = exec != NULL ? words_of_exec(exec) : NULL;

		/* TRANSLATORS: what must be well after the plan was applied, an address for example
		 */
		page_term(h, C_("plan", "check"));
		/* TRANSLATORS: kind of a check, its address, seconds */
		html_say(h, _("%s, within %" PRId64 " s"), check, plan->checks[i].within);
		for (guint k = 0; lines != NULL && k < lines->len; k++) {
			html_void(h, "br", NULL);
			html_leaf(h, "code", NULL, lines->pdata[k]);
		}
		html_close(h, "dd");
	}
}

static void put_trial(struct html *h, const struct plan *plan, int64_t now)
{
	if (plan->until == 0) {
		return;
	}
	/* TRANSLATORS: a time follows */
	page_term(h, _("trial until"));
	page_time(h, plan->until, now);
	html_void(h, "br", NULL);
	html_text(h, _("After it, what it changed is put back without being asked."));
	html_close(h, "dd");
}

/* The plans whose approvals this one stands on, each a page of its own with who approved it. */
static void put_restores(struct html *h, const char *root, const struct plan *plan)
{
	if (plan->restores_count == 0) {
		return;
	}
	/* TRANSLATORS: links to plans follow */
	page_term(h, _("puts back what was approved by"));
	for (size_t i = 0; i < plan->restores_count; i++) {
		html_text(h, i > 0 ? ", " : "");
		page_plan_link(h, root, plan->restores[i]);
	}
	html_close(h, "dd");
}

void page_facts(struct html *h, const char *root, const struct plan *plan, int64_t now)
{
	bool in_folder = plan->path[0] != '\0' && strcmp(plan->path, ".") != 0;
	char digest[HASH_TEXT_SIZE];

	hash_text(digest, &plan->digest);
	html_open(h, "section", NULL);
	html_leaf(h, "h2", NULL, _("What and why"));
	html_open(h, "dl", NULL);
	page_fact(h, _("host (agent)"), plan->agent);
	page_fact(h, _("why now"), why_text(plan->reason));
	put_trial(h, plan, now);
	put_restores(h, root, plan);
	page_term(h, _("repository"));
	html_say(h, "%s %s%s%s", plan->repository, plan->ref, in_folder ? " " : "",
		 in_folder ? plan->path : "");
	html_close(h, "dd");
	if (plan->base_commit != NULL) {
		put_code(h, C_("commit", "from"), plan->base_commit);
	} else {
		page_fact(h, C_("commit", "from"), _("nothing was applied before"));
	}
	put_code(h, C_("commit", "to"), plan->target_commit);
	put_rewritten(h, plan, now);
	put_commits(h, plan, now);
	put_policy(h, plan);
	page_term(h, C_("plan", "made"));
	page_time(h, plan->created, now);
	html_close(h, "dd");
	/* TRANSLATORS: how many plans there have been, this one included */
	page_term(h, C_("plan", "number"));
	html_say(h, "%" PRId64, plan->seq);
	html_close(h, "dd");
	put_code(h, _("digest"), digest);
	html_close(h, "dl");
	html_close(h, "section");
}

static size_t count_risk(const struct plan *plan, unsigned risk)
{
	size_t count = 0;

	for (size_t i = 0; i < plan->changes_count; i++) {
		count += (plan->changes[i].risk & risk) != 0;
	}
	return count;
}

static size_t count_outside(const struct plan *plan)
{
	size_t count = 0;

	for (size_t i = 0; i < plan->changes_count; i++) {
		count += plan->changes[i].outside_commit != NULL;
	}
	return count;
}

static size_t count_removals(const struct plan *plan)
{
	size_t count = 0;

	for (size_t i = 0; i < plan->changes_count; i++) {
		count += plan->changes[i].action == ACTION_REMOVE;
	}
	return count;
}

static void put_removals(struct html *h, const struct plan *plan)
{
	size_t removed = count_removals(plan);

	html_open(h, "li", NULL);
	if (removed > 0) {
		html_open(h, "strong", NULL);
		html_say(
			h,
			ngettext("%zu resource is REMOVED.", "%zu resources are REMOVED.", removed),
			removed);
		html_close(h, "strong");
	} else {
		html_text(h, _("Nothing is removed."));
	}
	html_close(h, "li");
}

/* line is freed. */
static void put_line(struct html *h, char *line)
{
	html_leaf(h, "li", NULL, line);
	g_free(line);
}

static void put_history(struct html *h, const struct plan *plan)
{
	int64_t gone = plan->rewritten.total;

	if (!plan->is_rewritten) {
		return;
	}
	html_open(h, "li", NULL);
	html_open(h, "strong", NULL);
	if (gone >= 0) {
		html_say(h,
			 ngettext("The history was REWRITTEN: %" PRId64
				  " commit that was applied is gone.",
				  "The history was REWRITTEN: %" PRId64
				  " commits that were applied are gone.",
				  (gulong)gone),
			 gone);
	} else {
		html_text(h, _("The history was REWRITTEN."));
	}
	html_close(h, "strong");
	html_close(h, "li");
}

static void put_risks(struct html *h, const struct plan *plan)
{
	size_t secret = count_risk(plan, RISK_SECRET), root = count_risk(plan, RISK_ROOT);
	size_t exec = count_risk(plan, RISK_EXECUTABLE), cluster = count_risk(plan, RISK_CLUSTER);
	size_t outside = count_outside(plan);
	g_autofree char *sizes = change_sizes_text(plan);

	html_open(h, "ul", "class", "risk", "id", "risk", NULL);
	put_removals(h, plan);
	put_history(h, plan);
	if (secret > 0) {
		put_line(h, g_strdup_printf(ngettext("%zu change touches a secret.",
						     "%zu changes touch secrets.", secret),
					    secret));
	}
	if (root > 0) {
		put_line(h, g_strdup_printf(ngettext("%zu change is of what root owns.",
						     "%zu changes are of what root owns.", root),
					    root));
	}
	if (cluster > 0) {
		put_line(h,
			 g_strdup_printf(ngettext("%zu change is of the whole cluster.",
						  "%zu changes are of the whole cluster.", cluster),
					 cluster));
	}
	if (exec > 0) {
		put_line(h, g_strdup_printf(ngettext("%zu file can be executed.",
						     "%zu files can be executed.", exec),
					    exec));
	}
	if (outside > 0) {
		put_line(h, g_strdup_printf(
				    ngettext("%zu resource was changed outside since it was "
					     "applied.",
					     "%zu resources were changed outside since they were "
					     "applied.",
					     outside),
				    outside));
	}
	if (sizes != NULL) {
		put_line(h, g_steal_pointer(&sizes));
	}
	put_line(h, g_strdup_printf(ngettext("%zu change in all.", "%zu changes in all.",
					     plan->changes_count),
				    plan->changes_count));
	html_close(h, "ul");
}

static void append_owner(GString *text, const char *name, int64_t id)
{
	if (name != NULL) {
		g_string_append(text, name);
	} else if (id >= 0) {
		g_string_append_printf(text, "%" PRId64, id);
	} else {
		g_string_append_c(text, '-');
	}
}

char *page_state_text(const struct plan_state *s)
{
	g_autofree char *more = change_state_text(s);
	GString *text = g_string_new(state_type_names[s->type]);

	if (s->type == STATE_ABSENT) {
		return g_string_free(text, FALSE);
	}
	if (s->mode >= 0) {
		g_string_append_printf(text, " %04" PRIo64, (uint64_t)s->mode);
	}
	if (s->owner != NULL || s->group != NULL || s->uid >= 0 || s->gid >= 0) {
		g_string_append_c(text, ' ');
		append_owner(text, s->owner, s->uid);
		g_string_append_c(text, ':');
		append_owner(text, s->group, s->gid);
	}
	if (s->type == STATE_FILE && s->size >= 0) {
		g_string_append_printf(text, " %" PRId64 " B", s->size);
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

static void put_risk_words(struct html *h, unsigned risk)
{
	static const char *const words[] = {NC_("risk", "deletion"), NC_("risk", "secret"),
					    NC_("risk", "root"), NC_("risk", "executable"),
					    NC_("risk", "cluster")};
	const char *gap = "";

	html_open(h, "td", NULL);
	for (unsigned bit = 0; bit < G_N_ELEMENTS(words); bit++) {
		if ((risk & 1U << bit) != 0) {
			html_say(h, "%s%s", gap, C_("risk", words[bit]));
			gap = ", ";
		}
	}
	html_close(h, "td");
}

/* Who has changed it outside has a column of its own. */
static void put_notes(struct html *h, const struct plan_change *change)
{
	struct plan_change told = *change;
	g_autoptr(GPtrArray) notes = NULL;

	told.outside_commit = NULL;
	notes = change_notes(&told);
	for (guint i = 0; i < notes->len; i++) {
		html_void(h, "br", NULL);
		html_leaf(h, "span", "dim", notes->pdata[i]);
	}
}

/* Of which commit, and when, it was applied last. */
static void put_outside(struct html *h, const struct plan_change *change, int64_t now)
{
	html_open(h, "td", NULL);
	if (change->outside_commit != NULL) {
		g_autofree char *id = text_short_id(change->outside_commit);

		html_open(h, "strong", NULL);
		/* TRANSLATORS: in the column of what was changed outside: a time follows */
		html_text(h, _("changed since:"));
		html_close(h, "strong");
		html_text(h, " ");
		page_time(h, change->outside_time, now);
		html_void(h, "br", NULL);
		html_leaf(h, "code", NULL, id);
	}
	html_close(h, "td");
}

static void put_change(struct html *h, const struct plan_change *change, int64_t now)
{
	g_autofree char *before = page_state_text(&change->observed);
	g_autofree char *after = page_state_text(&change->desired);

	html_open(h, "tr", NULL);
	html_leaf(h, "td", change->action == ACTION_REMOVE ? "act remove" : "act",
		  text_action(change->action));
	html_open(h, "td", "class", "mono", NULL);
	html_text(h, change->id);
	if (change->renamed_from != NULL) {
		/* TRANSLATORS: follows the name of a file */
		html_text(h, " ");
		html_say(h, _("(same content as %s)"), change->renamed_from);
	}
	put_notes(h, change);
	html_close(h, "td");
	html_leaf(h, "td", "mono", before);
	html_leaf(h, "td", "mono", after);
	put_outside(h, change, now);
	put_risk_words(h, change->risk);
	html_close(h, "tr");
}

bool page_changes(struct html *h, const struct plan *plan, const size_t *order, int64_t now)
{
	static const char *const names[] = {
		NC_("column", "action"), NC_("column", "resource"),	   NC_("column", "before"),
		NC_("column", "after"),	 NC_("column", "changed outside"), NC_("column", "risk")};
	size_t shown = MIN(plan->changes_count, PAGE_CHANGES);

	html_open(h, "section", NULL);
	html_leaf(h, "h2", NULL, _("Changes and their risk"));
	put_risks(h, plan);
	page_table_begin(h, "changes", _("Changes"), names, G_N_ELEMENTS(names));
	for (size_t i = 0; i < shown; i++) {
		put_change(h, &plan->changes[order[i]], now);
	}
	page_table_end(h);
	if (shown < plan->changes_count) {
		html_open(h, "p", "class", "banner", NULL);
		html_say(h,
			 ngettext("%zu more change is not listed here.",
				  "%zu more changes are not listed here.",
				  plan->changes_count - shown),
			 plan->changes_count - shown);
		html_close(h, "p");
	}
	html_close(h, "section");
	return shown == plan->changes_count;
}
