/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Makes the view of a plan that all renderers take. */
#include "agent/notify/notice.h"

#include <inttypes.h>
#include <string.h>

#include "agent/agent.h"
#include "agent/evidence.h"
#include "base/autoptr.h"
#include "base/change-text.h"
#include "base/objects.h"
#include "base/text.h"
#include "base/words.h"

#define TEXT_MAX 1000			 /* of one line from outside */
#define DIFF_LOAD_MAX ((int64_t)4 << 20) /* a larger one is not read for its beginning */

const char *const notice_event_names[] = {
	"pending", "voted",  "rejected",    "expired",	   "superseded", "void",     "applying",
	"ok",	   "failed", "rolled-back", "interrupted", "problem",	 "resolved", NULL,
};
const char *const notice_kind_names[] = {
	"plan",	 "blocked",   "drift",	 "dead",     "break-glass", "group",
	"alert", "suspended", "stopped", "rollback", "trial",	    NULL,
};

static void change_free(void *data)
{
	struct notice_change *change = data;

	g_free(change->id);
	g_free(change->renamed_from);
	g_free(change->becomes);
	g_free(change->notes);
	g_free(change->before);
	g_free(change->after);
	g_free(change->run);
	g_free(change);
}

static void commit_free(void *data)
{
	struct notice_commit *commit = data;

	g_free(commit->id);
	g_free(commit->author);
	g_free(commit->subject);
	g_free(commit);
}

static void vote_free(void *data)
{
	struct notice_vote *vote = data;

	g_free(vote->person);
	g_free(vote->channel);
	g_free(vote->reason);
	g_free(vote);
}

static void item_free(void *data)
{
	struct notice_item *item = data;

	g_free(item->stack);
	g_free(item->plan);
	g_free(item);
}

struct notice *notice_new(enum notice_kind kind, enum notice_event event)
{
	struct notice *notice = g_new0(struct notice, 1);

	notice->kind = kind;
	notice->event = event;
	notice->changes = g_ptr_array_new_with_free_func(change_free);
	notice->commits = g_ptr_array_new_with_free_func(commit_free);
	notice->gone = g_ptr_array_new_with_free_func(commit_free);
	notice->votes = g_ptr_array_new_with_free_func(vote_free);
	notice->items = g_ptr_array_new_with_free_func(item_free);
	notice->diff = g_strdup("");
	return notice;
}

void notice_free(struct notice *notice)
{
	if (notice == NULL) {
		return;
	}
	g_free(notice->key);
	g_free(notice->agent);
	g_free(notice->stack);
	g_free(notice->link);
	g_free(notice->text);
	g_free(notice->person);
	g_free(notice->what);
	g_free(notice->plan);
	g_free(notice->why);
	g_free(notice->repository);
	g_free(notice->ref);
	g_free(notice->commit);
	g_free(notice->base);
	g_free(notice->vouched);
	g_free(notice->verification.mode);
	g_strfreev(notice->verification.signers);
	g_free(notice->verification.seal);
	g_strfreev(notice->restores);
	g_strfreev(notice->from);
	g_strfreev(notice->accepts);
	g_free(notice->sizes);
	g_free(notice->diff);
	g_ptr_array_unref(notice->changes);
	g_ptr_array_unref(notice->commits);
	g_ptr_array_unref(notice->gone);
	g_ptr_array_unref(notice->votes);
	g_ptr_array_unref(notice->items);
	g_free(notice);
}

/* The longest beginning of at most max bytes that splits no character. */
static size_t whole(const char *text, size_t len, size_t max)
{
	size_t end = MIN(len, max);

	while (end > 0 && end < len && ((unsigned char)text[end] & 0xc0) == 0x80) {
		end--;
	}
	return end;
}

char *notice_clean(const char *text, size_t len, size_t max, bool lines)
{
	g_autoptr(GString) out = g_string_new(NULL);
	size_t done = 0;

	while (done < len && out->len < max) {
		const char *newline = lines ? memchr(text + done, '\n', len - done) : NULL;
		size_t end = newline != NULL ? (size_t)(newline - text) : len;

		/* escaping makes text longer, never shorter */
		text_append(out, text + done, MIN(end - done, max + 4), lines ? TEXT_TABS : 0);
		done = end;
		if (newline != NULL) {
			g_string_append_c(out, '\n');
			done++;
		}
	}
	g_string_truncate(out, whole(out->str, out->len, max));
	return g_string_free(g_steal_pointer(&out), FALSE);
}

static char *clean(const char *text)
{
	return text != NULL ? notice_clean(text, strlen(text), TEXT_MAX, false) : NULL;
}

enum notice_event notice_plan_event(const struct fold_plan *plan)
{
	static const enum notice_event events[] = {
		[STACK_PHASE_NONE] = NOTICE_PENDING,
		[STACK_PHASE_OPEN] = NOTICE_PENDING,
		[STACK_PHASE_APPLYING] = NOTICE_APPLYING,
		[STACK_PHASE_SUPERSEDED] = NOTICE_SUPERSEDED,
		[STACK_PHASE_EXPIRED] = NOTICE_EXPIRED,
		[STACK_PHASE_REJECTED] = NOTICE_REJECTED,
		[STACK_PHASE_VOID] = NOTICE_VOID,
		[STACK_PHASE_APPLIED] = NOTICE_OK,
		[STACK_PHASE_FAILED] = NOTICE_FAILED,
		[STACK_PHASE_ROLLED_BACK] = NOTICE_ROLLED_BACK,
		[STACK_PHASE_INTERRUPTED] = NOTICE_INTERRUPTED,
	};

	if (plan->phase == STACK_PHASE_OPEN && plan->votes->len > 0) {
		return NOTICE_VOTED;
	}
	return events[plan->phase];
}

bool notice_is_open(const struct notice *notice)
{
	return notice->kind == NOTICE_PLAN &&
	       (notice->event == NOTICE_PENDING || notice->event == NOTICE_VOTED);
}

bool notice_has_rounds(const struct notice *notice)
{
	return notice->kind == NOTICE_ALERT || notice->kind == NOTICE_SUSPENDED;
}

const struct notice_vote *notice_broken(const struct notice *notice)
{
	for (unsigned i = 0; i < notice->votes->len; i++) {
		const struct notice_vote *vote = g_ptr_array_index(notice->votes, i);

		if (vote->verdict == VERDICT_BREAK_GLASS) {
			return vote;
		}
	}
	return NULL;
}

bool notice_accepts(const struct notice *notice, const char *channel)
{
	return notice->accepts != NULL &&
	       g_strv_contains((const char *const *)notice->accepts, channel);
}

void notice_stamp(struct notice *notice, struct agent *agent)
{
	struct checkpoint cp;

	store_checkpoint(agent->store, &cp);
	notice->log_size = cp.size;
	hash_text(notice->log_root, &cp.root);
	g_free(notice->agent);
	notice->agent = clean(agent->conf->agent);
}

static void take_fold(struct notice *n, const struct fold_plan *plan)
{
	n->key = g_strconcat("plan:", plan->id, NULL);
	n->stack = clean(plan->stack);
	n->plan = g_strdup(plan->id);
	g_strlcpy(n->short_id, plan->id + strlen("sha256:"), sizeof(n->short_id));
	n->number = plan->number;
	n->created = plan->created;
	n->expires = plan->expires;
	n->since = plan->ended != 0 ? plan->ended : plan->created;
	n->required = plan->required;
	n->approvals = (int64_t)fold_approvals(plan);
	n->why = clean(plan->reason);
	n->commit = clean(plan->commit);
	n->text = plan->end != NULL && plan->end[0] != '\0' ? clean(plan->end) : NULL;
	n->halted = plan->halted && plan->phase == STACK_PHASE_FAILED;
	n->done = plan->done;
	n->undone = plan->undone;
	n->left = plan->left;
	memcpy(n->actions, plan->summary, sizeof(n->actions));
	for (unsigned i = 0; i < plan->votes->len; i++) {
		const struct fold_vote *vote = g_ptr_array_index(plan->votes, i);
		struct notice_vote *item = g_new0(struct notice_vote, 1);

		item->person = clean(vote->person);
		item->channel = clean(channel_names[vote->by.channel]);
		item->reason = clean(vote->reason);
		item->verdict = vote->verdict;
		item->time = vote->time;
		g_ptr_array_add(n->votes, item);
	}
}

/* Who does it is worth a word only where one could guess wrong. */
static char *notes_of(const struct plan_change *change)
{
	struct plan_change told = *change;
	g_autoptr(GPtrArray) notes = NULL;
	g_autofree char *text = NULL;

	if (g_strcmp0(change->manager, "user") != 0) {
		told.manager = NULL;
	}
	notes = change_notes(&told);
	g_ptr_array_add(notes, NULL);
	text = g_strjoinv("; ", (char **)notes->pdata);
	return text[0] != '\0' ? clean(text) : NULL;
}

/* A package's version, a service's state; NULL: neither. */
static char *state_of(const struct plan_state *state)
{
	g_autofree char *text = change_state_text(state);

	if (state->version != NULL) {
		return clean(state->version);
	}
	return text[0] != '\0' ? clean(text + 1) : NULL;
}

static struct notice_change *take_change(const struct plan_change *change)
{
	struct notice_change *item = g_new0(struct notice_change, 1);
	g_autofree char *becomes = change_becomes_text(change);
	g_autoptr(GString) run = g_string_new(NULL);

	item->id = clean(change->id);
	item->renamed_from = clean(change->renamed_from);
	item->becomes = clean(becomes);
	item->notes = notes_of(change);
	item->before = state_of(&change->observed);
	item->after = state_of(&change->desired);
	if (change->exec != NULL) {
		words_append(run, change->exec->run);
		item->run = clean(run->str);
	}
	item->action = change->action;
	item->risk = change->risk;
	item->implied = change->implied;
	item->outside = change->outside_commit != NULL;
	return item;
}

static void add_changes(struct notice *n, const struct plan *plan, bool deletions)
{
	for (size_t i = 0; i < plan->changes_count; i++) {
		const struct plan_change *change = &plan->changes[i];

		if (((change->risk & RISK_DELETION) != 0) != deletions) {
			continue;
		}
		n->deletions += deletions ? 1 : 0;
		n->risk |= change->risk;
		n->outside += change->outside_commit != NULL ? 1 : 0;
		if (n->changes->len == NOTICE_CHANGES) {
			continue;
		}
		g_ptr_array_add(n->changes, take_change(change));
	}
}

static char **channels_of(const struct plan *plan)
{
	GPtrArray *names = g_ptr_array_new();

	for (int i = 0; i < CHANNELS; i++) {
		if ((plan->policy.channels & CHANNEL_BIT(i)) != 0) {
			g_ptr_array_add(names, g_strdup(channel_names[i]));
		}
	}
	g_ptr_array_add(names, NULL);
	return (char **)g_ptr_array_free(names, FALSE);
}

static void add_commits(GPtrArray *out, const struct plan_commit *commits, size_t count)
{
	for (size_t i = 0; i < count && i < NOTICE_COMMITS; i++) {
		struct notice_commit *item = g_new0(struct notice_commit, 1);

		item->id = clean(commits[i].id);
		item->author = clean(commits[i].author_name);
		item->subject = clean(commits[i].subject);
		g_ptr_array_add(out, item);
	}
}

static char **clean_all(const char *const *texts, size_t count)
{
	char **out = g_new0(char *, count + 1);

	for (size_t i = 0; i < count; i++) {
		out[i] = clean(texts[i]);
	}
	return out;
}

static void take_verification(struct notice *n, const struct plan_verification *from)
{
	g_autofree char *text = text_verification(from);

	if (from->mode == NULL) {
		return;
	}
	n->vouched = clean(text);
	n->verification = (struct notice_verification){
		.mode = clean(from->mode),
		.checked = from->checked,
		.signatures = from->signatures,
		.signers = clean_all(from->signers, from->signers_count),
		.seal = clean(from->seal)};
}

void notice_take_plan(struct notice *n, const struct plan *plan)
{
	take_verification(n, &plan->verification);
	n->until = plan->until;
	n->restores = clean_all(plan->restores, plan->restores_count);
	n->repository = clean(plan->repository);
	n->ref = clean(plan->ref);
	n->base = clean(plan->base_commit);
	n->from = g_strdupv((char **)plan->policy.from);
	n->accepts = channels_of(plan);
	n->changes_total = (int64_t)plan->changes_count;
	n->sizes = change_sizes_text(plan);
	add_changes(n, plan, true);
	add_changes(n, plan, false);
	n->commits_total = plan->commits_total;
	add_commits(n->commits, plan->commits, plan->commits_count);
	n->is_rewritten = plan->is_rewritten;
	n->gone_total = plan->rewritten.total;
	add_commits(n->gone, plan->rewritten.commits, plan->rewritten.commits_count);
}

/* A diff that cannot be read is no reason to tell nobody. */
static void take_diff(struct notice *n, struct agent *agent, const struct plan *plan)
{
	g_autofree char *data = NULL;
	g_autofree char *text = NULL;
	const char *newline;
	size_t len = 0, end;

	n->diff_left = plan->diff_size;
	if (plan->diff_size > DIFF_LOAD_MAX ||
	    !objects_load(store_objects(agent->store), &plan->diff, (size_t)DIFF_LOAD_MAX, &data,
			  &len, NULL)) {
		return;
	}
	end = MIN(len, NOTICE_DIFF);
	if (end < len) {
		newline = memrchr(data, '\n', end);
		end = newline != NULL ? (size_t)(newline - data) + 1 : 0;
	}
	text = notice_clean(data, end, NOTICE_DIFF, true);
	if (strlen(text) == NOTICE_DIFF) { // escapes have made it longer
		char *last = strrchr(text, '\n');

		*(last != NULL ? last + 1 : text) = '\0';
	}
	g_free(n->diff);
	n->diff = g_steal_pointer(&text);
	n->diff_left = (int64_t)(len - end);
}

struct notice *notice_brief(struct agent *agent, const struct fold_plan *plan)
{
	struct notice *n = notice_new(NOTICE_PLAN, notice_plan_event(plan));

	notice_stamp(n, agent);
	take_fold(n, plan);
	for (size_t i = 0; i < G_N_ELEMENTS(n->actions); i++) {
		n->changes_total += n->actions[i];
	}
	n->deletions = n->actions[ACTION_REMOVE];
	return n;
}

bool notice_of_plan(struct agent *agent, const struct fold_plan *plan, const char *public_url,
		    struct notice **out, GError **error)
{
	g_autoptr(notice_auto) n = notice_brief(agent, plan);
	g_autoptr(plan_auto) document = NULL;

	if (!evidence_plan(agent, plan, &document, error)) {
		return false;
	}
	n->deletions = 0;
	notice_take_plan(n, document);
	take_diff(n, agent, document);
	if (public_url != NULL) {
		n->link = g_strconcat(public_url, "/plans/", plan->id + strlen("sha256:"), NULL);
	}
	*out = g_steal_pointer(&n);
	return true;
}
