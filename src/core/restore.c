/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether a plan only puts back what was approved. */
#include "core/restore.h"

#include <string.h>

#include "core/fail.h"

/* A change of one of the plans. */
struct piece {
	const char *key;
	const struct plan_change *change;
	const struct plan *plan;
};

struct restore {
	const struct plan *const *plans;
	size_t plans_count;
	bool returns;
	struct piece *pieces; /* sorted by key, then from the oldest plan to the newest */
	size_t pieces_count;
};

/* What was approved of one thing, plan over plan. */
struct approved {
	bool known;
	unsigned lost; /* of what was wanted: was not there when others were approved */
	bool seen;     /* as a trial had found it, where owners are there whether wanted or not */
	struct plan_state state;
};

static const char *key_of(const struct plan_change *c)
{
	return c->path != NULL ? c->path : c->id;
}

static bool is_trial(const struct plan *plan)
{
	return strcmp(plan->reason, "try") == 0;
}

static bool text_equal(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static int compare(const void *a, const void *b)
{
	const struct piece *x = a, *y = b;
	int order = strcmp(x->key, y->key);

	if (order != 0) {
		return order;
	}
	if (x->plan->seq != y->plan->seq) {
		return x->plan->seq < y->plan->seq ? -1 : 1;
	}
	/* Of one plan, or of two that claim to be the same: in the order of their changes. */
	return x->change < y->change ? -1 : x->change > y->change;
}

int restore_open(struct restore **out, const struct plan *const *plans, size_t count, bool returns,
		 struct assent_error *err)
{
	struct restore *r = calloc(1, sizeof(*r));
	size_t total = 0;

	for (size_t i = 0; i < count; i++) {
		total += plans[i]->changes_count;
	}
	if (r != NULL) {
		r->pieces = calloc(total + 1, sizeof(*r->pieces));
	}
	if (r == NULL || r->pieces == NULL) {
		free(r);
		return core_fail_memory(err);
	}
	r->plans = plans;
	r->plans_count = count;
	r->returns = returns;
	for (size_t i = 0; i < count; i++) {
		for (size_t k = 0; k < plans[i]->changes_count; k++) {
			const struct plan_change *c = &plans[i]->changes[k];

			r->pieces[r->pieces_count++] = (struct piece){key_of(c), c, plans[i]};
		}
	}
	qsort(r->pieces, r->pieces_count, sizeof(*r->pieces), compare);
	*out = r;
	return 0;
}

void restore_free(struct restore *restore)
{
	if (restore != NULL) {
		free(restore->pieces);
		free(restore);
	}
}

bool restore_is_reload(const struct plan_change *c)
{
	const struct plan_state *d = &c->desired;

	return strcmp(c->kind, "service") == 0 && c->action == ACTION_RELOAD &&
	       strncmp(c->id, "service:daemon-reload", strlen("service:daemon-reload")) == 0 &&
	       d->type == STATE_SERVICE && c->observed.type == STATE_SERVICE &&
	       d->enabled == NULL && d->running == NULL;
}

static bool is_word(const char *text, const char *word)
{
	return text != NULL && strcmp(text, word) == 0;
}

/* What is done must be what is wanted: it is the states that are proved. */
static bool does_what_it_wants(const struct plan_change *c)
{
	const struct plan_state *d = &c->desired;

	if (strcmp(c->kind, "service") != 0) {
		return c->action <= ACTION_REMOVE &&
		       (c->action == ACTION_REMOVE) == (d->type == STATE_ABSENT);
	}
	switch (c->action) {
	case ACTION_START:
	case ACTION_RESTART:
	case ACTION_RELOAD:
		return is_word(d->running, "active") || restore_is_reload(c);
	case ACTION_STOP:
		return is_word(d->running, "inactive");
	case ACTION_ENABLE:
		return is_word(d->enabled, "enabled") && d->running == NULL;
	case ACTION_DISABLE:
		return is_word(d->enabled, "disabled") && d->running == NULL;
	case ACTION_UPDATE:
		return d->enabled != NULL && d->running == NULL;
	case ACTION_CREATE:
	case ACTION_REPLACE:
	case ACTION_REMOVE:
	case ACTION_RUN:
		return false;
	}
	return false;
}

const char *restore_unprovable(const struct plan_change *c)
{
	if (c->exec != NULL || strcmp(c->kind, "command") == 0 || c->action == ACTION_RUN) {
		return "is a command, and what it does is never put back";
	}
	if ((c->action == ACTION_RESTART || c->action == ACTION_RELOAD) && c->because == NULL &&
	    !restore_is_reload(c)) {
		return "is done for no change of this plan";
	}
	return does_what_it_wants(c) ? NULL : "does something else than it wants";
}

enum lost { LOST_MODE = 1 << 0, LOST_UID = 1 << 1, LOST_GID = 1 << 2, LOST_CONTENT = 1 << 3 };

/* One number over what was wanted of it before and found then; bit: of what was lost. */
static void overlay_number(struct approved *a, enum lost bit, int64_t *before, int64_t found,
			   int64_t wanted)
{
	if (wanted >= 0) {
		*before = wanted;
		a->lost &= ~(unsigned)bit;
	} else if (*before >= 0 && found >= 0 && *before != found) {
		*before = -1;
		a->lost |= bit;
	}
}

static void overlay_content(struct approved *a, const struct plan_change *c)
{
	const struct plan_state *d = &c->desired, *found = &c->observed;
	struct plan_state *s = &a->state;

	if (d->size >= 0) {
		s->size = d->size;
		s->digest = d->digest;
		s->keyed = d->keyed;
		a->lost &= ~(unsigned)LOST_CONTENT;
	} else if (s->size >= 0 && found->size >= 0 && !plan_content_equal(s, found)) {
		s->size = -1;
		a->lost |= LOST_CONTENT;
	}
}

/* What the plan wanted, over what others wanted before. Whoever approved a new content saw the mode
 * and the owner that it would have: what was wanted once does not go with it if it was not there
 * any more. */
static void overlay(struct approved *a, const struct plan_change *c)
{
	const struct plan_state *d = &c->desired;
	struct plan_state *s = &a->state;

	if (!a->known || s->type != d->type || c->observed.type != d->type) {
		*a = (struct approved){.known = true, .state = *d};
		return;
	}
	overlay_content(a, c);
	overlay_number(a, LOST_MODE, &s->mode, c->observed.mode, d->mode);
	overlay_number(a, LOST_UID, &s->uid, c->observed.uid, d->uid);
	overlay_number(a, LOST_GID, &s->gid, c->observed.gid, d->gid);
	s->held = d->held >= 0 ? d->held : s->held;
	s->link = d->link != NULL ? d->link : s->link;
	s->xattrs = d->xattrs != NULL ? d->xattrs : s->xattrs;
	s->enabled = d->enabled != NULL ? d->enabled : s->enabled;
	s->running = d->running != NULL ? d->running : s->running;
	if (d->version != NULL) {
		s->version = d->version;
		s->arch = d->arch;
		s->archive = d->archive;
	}
}

static bool is_same_thing(const struct plan_change *a, const struct plan_change *b)
{
	return strcmp(a->id, b->id) == 0 && strcmp(a->kind, b->kind) == 0 &&
	       text_equal(a->path, b->path) && text_equal(a->root, b->root) &&
	       text_equal(a->manager, b->manager) && plan_object_equal(a->object, b->object);
}

static const struct piece *find_first(const struct restore *r, const char *key)
{
	size_t low = 0, high = r->pieces_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(r->pieces[middle].key, key) < 0) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return &r->pieces[low];
}

static struct approved find_approved(const struct restore *r, const struct plan_change *c)
{
	const struct piece *end = r->pieces + r->pieces_count;
	struct approved a = {.known = false};
	bool tried = false;

	for (const struct piece *p = find_first(r, key_of(c));
	     p < end && strcmp(p->key, key_of(c)) == 0; p++) {
		if (p->change->exec != NULL) {
			a.known = false;
		} else if (!r->returns || !is_trial(p->plan)) {
			overlay(&a, p->change);
			a.known = is_same_thing(p->change, c);
		} else if (!tried) { // the first of them found what was there before all
			a = (struct approved){
				.known = text_equal(p->change->manager, c->manager) &&
					 plan_object_equal(p->change->object, c->object),
				.seen = true,
				.state = p->change->observed};
			tried = true;
		}
	}
	return a;
}

/* Is one number or text wanted as it was approved? What is made anew wants all of it. */
static bool number_fits(int64_t want, int64_t approved, bool stays)
{
	return want >= 0 ? want == approved : stays || approved < 0;
}

static bool text_fits(const char *want, const char *approved, bool stays)
{
	return want != NULL ? text_equal(want, approved) : stays || approved == NULL;
}

static bool content_fits(const struct plan_state *want, const struct plan_state *approved,
			 bool stays)
{
	if (want->size < 0) {
		return stays || approved->size < 0;
	}
	return plan_content_equal(want, approved);
}

static bool package_fits(const struct plan_state *want, const struct approved *a, bool stays)
{
	const struct plan_state *s = &a->state;

	return text_fits(want->version, s->version, stays) &&
	       text_fits(want->arch, s->arch, stays) && number_fits(want->held, s->held, stays) &&
	       /* Of what is installed already nobody knows from which file. */
	       (a->seen || text_fits(want->archive, s->archive, stays));
}

static const char *mismatch(const struct plan_change *c, const struct approved *a)
{
	const struct plan_state *want = &c->desired, *s = &a->state;
	bool stays = c->observed.type == want->type;

	if (want->type != s->type) {
		return s->type == STATE_ABSENT ? "shall be there, and was approved to be gone"
		       : want->type == STATE_ABSENT
			       ? "shall be gone, and nobody approved that"
			       : "shall be something else than what was approved";
	}
	if (want->type == STATE_ABSENT) {
		return NULL;
	}
	if (a->lost != 0 && !stays) {
		return "shall be made anew, and not all of it is known";
	}
	if (!content_fits(want, s, stays) || !text_fits(want->link, s->link, stays)) {
		return "shall have another content than what was approved";
	}
	if (!number_fits(want->mode, s->mode, stays) ||
	    !number_fits(want->uid, s->uid, stays || a->seen) ||
	    !number_fits(want->gid, s->gid, stays || a->seen) ||
	    (want->xattrs != NULL && !text_equal(want->xattrs, s->xattrs))) {
		return "shall have another mode or owner than what was approved";
	}
	if (!package_fits(want, a, stays)) {
		return "shall have another version than what was approved";
	}
	if (!text_fits(want->enabled, s->enabled, stays) ||
	    !text_fits(want->running, s->running, stays)) {
		return "shall be in another state than what was approved";
	}
	return NULL;
}

const char *restore_problem(const struct restore *restore, const struct plan_change *change)
{
	const char *problem = restore_unprovable(change);
	struct approved a;

	if (problem != NULL || restore_is_reload(change)) {
		return problem;
	}
	a = find_approved(restore, change);
	return a.known ? mismatch(change, &a) : "stands as such in none of them";
}

static bool words_equal(const char *const *a, const char *const *b)
{
	size_t i = 0;

	if (a == NULL || b == NULL) {
		return a == b;
	}
	while (a[i] != NULL && b[i] != NULL && strcmp(a[i], b[i]) == 0) {
		i++;
	}
	return a[i] == NULL && b[i] == NULL;
}

static bool exec_equal(const struct plan_exec *a, const struct plan_exec *b)
{
	if (a == NULL || b == NULL) {
		return a == b;
	}
	return words_equal(a->run, b->run) && words_equal(a->unless, b->unless) &&
	       words_equal(a->env, b->env) && text_equal(a->creates, b->creates) &&
	       text_equal(a->user, b->user) && text_equal(a->directory, b->directory) &&
	       a->timeout == b->timeout && a->output == b->output;
}

bool restore_same_check(const struct plan_check *a, const struct plan_check *b)
{
	return strcmp(a->kind, b->kind) == 0 && strcmp(a->target, b->target) == 0 &&
	       exec_equal(a->exec, b->exec);
}

static bool has_check(const struct restore *restore, const struct plan_check *check)
{
	for (size_t i = 0; i < restore->plans_count; i++) {
		const struct plan *plan = restore->plans[i];

		for (size_t k = 0; k < plan->checks_count; k++) {
			if (restore_same_check(&plan->checks[k], check)) {
				return true;
			}
		}
	}
	return false;
}

static int check_named(const struct plan *plan, const struct plan *named, struct assent_error *err)
{
	if (strcmp(plan->agent, named->agent) != 0 || strcmp(plan->stack, named->stack) != 0) {
		return core_fail(err, ASSENT_EMISMATCH, "plan %lld is of another agent or stack",
				 (long long)named->seq);
	}
	if (named->seq >= plan->seq) {
		return core_fail(err, ASSENT_EMISMATCH, "plan %lld is not older",
				 (long long)named->seq);
	}
	if (named->restores_count > 0) {
		return core_fail(err, ASSENT_EMISMATCH,
				 "plan %lld only restores itself what others had approved",
				 (long long)named->seq);
	}
	return 0;
}

static bool has_digest(const struct plan *const *named, size_t count, const char *digest)
{
	char text[HASH_TEXT_SIZE];

	for (size_t i = 0; i < count; i++) {
		hash_text(text, &named[i]->digest);
		if (strcmp(text, digest) == 0) {
			return true;
		}
	}
	return false;
}

/* None is missing, none too many: as many as it names, and each of those. */
static int check_all_named(const struct plan *plan, const struct plan *const *named, size_t count,
			   struct assent_error *err)
{
	int rc = 0;

	if (count != plan->restores_count) {
		return core_fail(err, ASSENT_EMISMATCH,
				 "it names %zu plans that it restores, and %zu are here",
				 plan->restores_count, count);
	}
	for (size_t i = 0; i < count; i++) {
		if (!has_digest(named, count, plan->restores[i])) {
			return core_fail(err, ASSENT_EMISMATCH,
					 "plan %s, which it names, is missing", plan->restores[i]);
		}
	}
	for (size_t i = 0; rc == 0 && i < count; i++) {
		rc = check_named(plan, named[i], err);
	}
	return rc;
}

static int check_reason(const struct plan *plan, const struct plan *const *named, size_t count,
			struct assent_error *err)
{
	bool tried = false;

	if (plan->restores_count == 0) {
		return core_fail(err, ASSENT_EMISMATCH, "it restores nothing");
	}
	if (strcmp(plan->reason, "return") != 0) {
		if (plan->base_commit == NULL ||
		    strcmp(plan->base_commit, plan->target_commit) != 0) {
			return core_fail(err, ASSENT_EMISMATCH,
					 "it restores, and is for another commit than was applied");
		}
		return 0;
	}
	for (size_t i = 0; i < count; i++) {
		tried = tried || is_trial(named[i]);
	}
	return tried ? 0
		     : core_fail(err, ASSENT_EMISMATCH,
				 "it returns from a trial that it does not name");
}

static int check_work(const struct plan *plan, const struct restore *r, struct assent_error *err)
{
	for (size_t i = 0; i < plan->changes_count; i++) {
		const char *problem = restore_problem(r, &plan->changes[i]);

		if (problem != NULL) {
			return core_fail(err, ASSENT_EMISMATCH,
					 "'%.200s' %s in the plans that it restores",
					 plan->changes[i].id, problem);
		}
	}
	for (size_t i = 0; i < plan->checks_count; i++) {
		if (plan->checks[i].exec != NULL && !has_check(r, &plan->checks[i])) {
			return core_fail(err, ASSENT_EMISMATCH,
					 "check '%.200s' runs what none of the plans that it "
					 "restores does",
					 plan->checks[i].target);
		}
	}
	return 0;
}

int restore_check(const struct plan *plan, const struct plan *const *named, size_t count,
		  struct assent_error *err)
{
	struct restore *r = NULL;
	int rc = check_all_named(plan, named, count, err);

	if (rc == 0) {
		rc = check_reason(plan, named, count, err);
	}
	if (rc == 0) {
		rc = restore_open(&r, named, count, strcmp(plan->reason, "return") == 0, err);
	}
	if (rc == 0) {
		rc = check_work(plan, r, err);
	}
	restore_free(r);
	return rc;
}
