/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Keeps, orders, groups, sends and repeats messages. */
#include "agent/notify/outbox.h"

#include <inttypes.h>
#include <glib/gstdio.h>
#include <string.h>

#include "agent/notify/outbox-job.h"
#include "base/log.h"
#include "core/hash.h"

/* A notifier and what is under way to it. */
struct lane {
	struct outbox *outbox;
	struct notifier *notifier;
	struct outbox_job *flight; /* NULL: nothing */
	unsigned request;
	char *sending;		 /* revision under way */
	bool reminding, ending;	 /* the message under way is a reminder; its last */
	bool has_rounds;	 /* the log says when to remind of it */
	int64_t pause;		 /* Retry-After: nothing before */
	char *told;		 /* the newest problem that was logged */
	int64_t window, started; /* first messages since then */
};

struct outbox {
	char *dir;
	struct outbox_world world;
	GPtrArray *jobs;  /* struct outbox_job, owned, in order of seq */
	GPtrArray *lanes; /* struct lane */
	int64_t seq;
	bool unwritten; /* was told that a file cannot be written */
};

static void lane_free(void *data)
{
	struct lane *lane = data;

	if (lane->flight != NULL) {
		lane->outbox->world.cancel(lane->outbox->world.user, lane->request);
	}
	g_free(lane->sending);
	g_free(lane->told);
	g_free(lane);
}

static int64_t now_of(const struct outbox *outbox)
{
	return outbox->world.now(outbox->world.user);
}

static void tell(struct lane *lane, const char *problem)
{
	if (g_strcmp0(lane->told, problem) != 0) {
		log_event(EV_NOTIFY_FAILED, NULL, NULL, "%s: %s", lane->notifier->conf->name,
			  problem);
		g_free(lane->told);
		lane->told = g_strdup(problem);
	}
}

/* Notices are not the record: without a disk they live in memory. */
static void save(struct outbox *outbox, const struct outbox_job *job)
{
	g_autoptr(GError) error = NULL;

	if (outbox_job_store(outbox->dir, job, &error)) {
		outbox->unwritten = false;
	} else if (!outbox->unwritten) {
		outbox->unwritten = true;
		log_event(EV_NOTIFY_FAILED, NULL, NULL, "%s", error->message);
	}
}

static void drop(struct outbox *outbox, struct outbox_job *job)
{
	g_autofree char *file = outbox_job_file(outbox->dir, job);

	g_unlink(file);
	g_ptr_array_remove(outbox->jobs, job); // keeps the order
}

static struct outbox_job *find(const struct outbox *outbox, const char *notifier, const char *key)
{
	for (unsigned i = 0; i < outbox->jobs->len; i++) {
		struct outbox_job *job = g_ptr_array_index(outbox->jobs, i);

		if (strcmp(job->notifier, notifier) == 0 && strcmp(job->key, key) == 0) {
			return job;
		}
	}
	return NULL;
}

static bool is_over(const struct notice *notice)
{
	return notice->kind == NOTICE_GROUP || notice->kind == NOTICE_BROKEN ||
	       (!notice_is_open(notice) && notice->event != NOTICE_APPLYING &&
		notice->event != NOTICE_PROBLEM);
}

static bool is_bad_end(const struct notice *notice)
{
	return notice->event == NOTICE_FAILED || notice->event == NOTICE_ROLLED_BACK ||
	       notice->event == NOTICE_INTERRUPTED;
}

/* What makes one state of a message differ from another. Systems that can only add messages get
 * one at the beginning and one at the end. */
static char *revision(const struct notifier *n, const struct notice *notice)
{
	enum notice_event event = notice->event;
	char digest[HASH_TEXT_SIZE];
	struct hash hash;

	if (notice->kind == NOTICE_GROUP) {
		return g_strdup("group");
	}
	if (notice->round > 0) { // a reminder is a message for every system
		return g_strdup_printf("%s#%" PRId64, notice_event_names[event], notice->round);
	}
	if ((n->caps & (NOTIFIER_UPDATE | NOTIFIER_EVENTS)) == 0) {
		if (!is_over(notice) && notice->kind == NOTICE_PLAN) {
			event = NOTICE_PENDING;
		}
		return g_strdup(notice_event_names[event]);
	}
	if (notice->kind == NOTICE_PLAN) {
		return g_strdup_printf("%s/%u", notice_event_names[event], notice->votes->len);
	}
	hash_bytes(&hash, notice->text != NULL ? notice->text : "",
		   notice->text != NULL ? strlen(notice->text) : 0);
	hash_text(digest, &hash);
	return g_strdup_printf("%s/%.16s", notice_event_names[event], digest + strlen("sha256:"));
}

/* How often the log had reminded of it when this was its state. */
static int64_t round_of(const char *text)
{
	const char *mark = strchr(text, '#');

	return mark != NULL ? g_ascii_strtoll(mark + 1, NULL, 10) : 0;
}

static bool is_waiting(const struct outbox_job *job)
{
	return strcmp(job->want, job->sent) != 0 && !job->failed;
}

static bool wants_stack(const struct notifier *n, const char *stack)
{
	return n->conf->stacks == NULL || stack == NULL ||
	       g_strv_contains((const char *const *)n->conf->stacks, stack);
}

static void take_incident(struct outbox_job *job, struct notice *notice)
{
	if (notice->kind == NOTICE_PLAN) {
		job->since = notice->since;
		return;
	}
	if (notice->event == NOTICE_PROBLEM && notice->text != NULL) {
		g_free(job->text);
		job->text = g_strdup(notice->text);
		job->since = notice->since;
	} else if (notice->event == NOTICE_RESOLVED && notice->text == NULL) {
		notice->text = g_strdup(job->text);
		notice->since = job->since;
	}
}

/* Nobody misses a message about what ended before it was told of. */
static bool is_moot(const struct outbox_job *job, const struct notice *notice)
{
	bool untold = job->sent[0] == '\0';

	if (job->grouped) {
		return is_over(notice) && !is_bad_end(notice);
	}
	return untold && (notice->event == NOTICE_RESOLVED || notice->event == NOTICE_SUPERSEDED ||
			  notice->event == NOTICE_VOID);
}

/* A system that cannot change messages need not say that a plan gave way to the next. */
static bool is_silent_end(const struct notifier *n, const struct notice *notice)
{
	return (n->caps & (NOTIFIER_UPDATE | NOTIFIER_EVENTS)) == 0 &&
	       (notice->event == NOTICE_SUPERSEDED || notice->event == NOTICE_VOID);
}

/* Beyond the bound the oldest goes, but never the one under way. */
static void bound(struct outbox *outbox, const char *notifier, const struct outbox_job *flight)
{
	struct outbox_job *oldest = NULL;
	unsigned count = 0;

	for (unsigned i = 0; i < outbox->jobs->len; i++) {
		struct outbox_job *job = g_ptr_array_index(outbox->jobs, i);

		if (strcmp(job->notifier, notifier) == 0) {
			oldest = oldest == NULL && job != flight ? job : oldest;
			count++;
		}
	}
	if (count > OUTBOX_JOBS && oldest != NULL) {
		log_event(EV_NOTIFY_FAILED, NULL, NULL,
			  "%s: more than %d messages wait; the one about '%s' is given up",
			  notifier, OUTBOX_JOBS, oldest->key);
		drop(outbox, oldest);
	}
}

static void touch_lane(struct lane *lane, const char *key)
{
	struct outbox *outbox = lane->outbox;
	const char *name = lane->notifier->conf->name;
	g_autoptr(notice_auto) notice = NULL;
	g_autofree char *want = NULL;
	struct outbox_job *job = find(outbox, name, key);

	notice = outbox->world.view(outbox->world.user, key, true);
	if (notice == NULL || !wants_stack(lane->notifier, notice->stack)) {
		return;
	}
	if (job == NULL) {
		if (notice->event == NOTICE_RESOLVED) {
			return;
		}
		job = outbox_job_new(name, key, ++outbox->seq);
		g_ptr_array_add(outbox->jobs, job);
		bound(outbox, name, lane->flight);
	}
	take_incident(job, notice);
	if (job != lane->flight &&
	    (is_moot(job, notice) || is_silent_end(lane->notifier, notice))) {
		drop(outbox, job);
		return;
	}
	want = revision(lane->notifier, notice);
	if (job->grouped && !is_over(notice)) {
		g_free(want);
		want = g_strdup(job->sent);
	}
	if (strcmp(want, job->want) != 0) {
		g_free(job->want);
		job->want = g_steal_pointer(&want);
		job->failed = false;
		job->plain = false;
		job->attempts = 0;
		job->next = 0;
	}
	save(outbox, job);
}

void outbox_touch(struct outbox *outbox, const char *key)
{
	for (unsigned i = 0; i < outbox->lanes->len; i++) {
		touch_lane(g_ptr_array_index(outbox->lanes, i), key);
	}
	outbox->world.due(outbox->world.user);
}

void outbox_shown(struct outbox *outbox, const char *notifier, const char *key)
{
	struct outbox_job *job = find(outbox, notifier, key);

	if (job != NULL && strcmp(job->sent, job->want) != 0) {
		g_free(job->sent);
		job->sent = g_strdup(job->want);
		save(outbox, job);
	}
}

const char *outbox_handle(const struct outbox *outbox, const char *notifier, const char *key)
{
	const struct outbox_job *job = find(outbox, notifier, key);

	return job != NULL ? job->handle : NULL;
}

/* Doubled with each failure, by a quarter more or less, so that agents do not come together. */
static int64_t pause_after(const struct outbox *outbox, int64_t attempts)
{
	int64_t pause = OUTBOX_PAUSE;

	for (int64_t i = 1; i < attempts && pause < OUTBOX_PAUSE_MAX; i++) {
		pause *= 2;
	}
	pause = MIN(pause, OUTBOX_PAUSE_MAX);
	return MAX(1, pause * 3 / 4 + (int64_t)(outbox->world.random(outbox->world.user) %
						(uint32_t)(pause / 2 + 1)));
}

static void on_delivered(struct lane *lane, struct outbox_job *job,
			 const struct notifier_outcome *outcome)
{
	struct outbox *outbox = lane->outbox;
	int64_t remind = lane->has_rounds ? 0 : lane->notifier->conf->remind;

	g_clear_pointer(&lane->told, g_free);
	outbox_job_drop_tokens(job);
	if (outcome->handle != NULL && !lane->reminding) {
		g_free(job->handle);
		job->handle = g_strdup(outcome->handle);
	}
	g_free(job->sent);
	job->sent = g_strdup(lane->sending);
	job->attempts = 0;
	job->next = 0;
	job->grouped = false;
	job->remind = remind > 0 ? now_of(outbox) + remind : 0;
	if (lane->ending) {
		drop(outbox, job);
	} else {
		save(outbox, job);
	}
}

static void on_later(struct lane *lane, struct outbox_job *job,
		     const struct notifier_outcome *outcome)
{
	struct outbox *outbox = lane->outbox;
	int64_t now = now_of(outbox);

	job->attempts++;
	job->next = now + pause_after(outbox, job->attempts);
	if (outcome->wait > 0) {
		job->next = now + outcome->wait;
		lane->pause = job->next;
	}
	if (lane->reminding && !lane->has_rounds) {
		job->remind = job->next;
	}
	tell(lane, outcome->problem);
	if (lane->ending && job->attempts > 1 && now - job->since > OUTBOX_AGE && job->since > 0) {
		drop(outbox, job);
	} else {
		save(outbox, job);
	}
}

static void on_payload(struct lane *lane, struct outbox_job *job,
		       const struct notifier_outcome *outcome)
{
	tell(lane, outcome->problem);
	job->failed = job->plain; // that was the second try
	job->plain = true;
	job->next = 0;
	save(lane->outbox, job);
}

static void on_permanent(struct lane *lane, struct outbox_job *job,
			 const struct notifier_outcome *outcome)
{
	tell(lane, outcome->problem);
	job->failed = true;
	if (lane->ending) {
		drop(lane->outbox, job);
	} else {
		save(lane->outbox, job);
	}
}

static void on_gone(struct lane *lane, struct outbox_job *job,
		    const struct notifier_outcome *outcome)
{
	bool had = job->handle != NULL;

	g_clear_pointer(&job->handle, g_free);
	if (had) {
		save(lane->outbox, job);
	} else {
		on_permanent(lane, job, outcome); // an answer that makes no sense to announce()
	}
}

static void (*const fates[])(struct lane *lane, struct outbox_job *job,
			     const struct notifier_outcome *outcome) = {
	[NOTIFIER_DELIVERED] = on_delivered, [NOTIFIER_LATER] = on_later,
	[NOTIFIER_PAYLOAD] = on_payload,     [NOTIFIER_PERMANENT] = on_permanent,
	[NOTIFIER_GONE] = on_gone,
};

static void land(struct lane *lane, const struct notifier_outcome *outcome)
{
	struct outbox_job *job = g_steal_pointer(&lane->flight);

	fates[outcome->fate](lane, job, outcome);
	lane->outbox->world.ended(lane->outbox->world.user, lane->notifier, outcome->fate);
	g_clear_pointer(&lane->sending, g_free);
}

static void on_answer(const struct http_received *answer, void *user)
{
	struct lane *lane = user;
	struct notifier_outcome outcome = {.fate = NOTIFIER_PERMANENT};

	lane->notifier->ops->judge(lane->notifier, answer, &outcome);
	if (outcome.problem == NULL && outcome.fate != NOTIFIER_DELIVERED) {
		outcome.problem = g_strdup_printf("the answer is HTTP %ld", answer->status);
	}
	land(lane, &outcome);
	notifier_outcome_clear(&outcome);
	lane->outbox->world.due(lane->outbox->world.user);
}

/* What a token is made for, while a message is composed. */
struct composing {
	struct lane *lane;
	struct outbox_job *job;
	const struct notice *notice;
};

static const char *give_token(struct notifier_message *message, const char *person)
{
	struct composing *c = message->token_user;
	const struct outbox_world *world = &c->lane->outbox->world;
	const char *key = person != NULL ? person : "";
	char text[48] = "";
	char *kept;

	if (c->job->tokens == NULL) {
		c->job->tokens = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	}
	kept = g_hash_table_lookup(c->job->tokens, key);
	if (kept == NULL && world->issue(world->user, c->lane->notifier, c->notice, person, text)) {
		kept = g_strdup(text);
		g_hash_table_insert(c->job->tokens, g_strdup(key), kept);
		memset(text, 0, sizeof(text));
	}
	return kept;
}

/* The same for every try to tell the same, so that a receiver knows a repetition. */
static void name_message(char out[static 48], const struct lane *lane, const struct outbox_job *job)
{
	g_autofree char *all =
		g_strdup_printf("%s\n%s\n%s\n%" PRId64 "\n%" PRId64, job->notifier, job->key,
				lane->sending, job->seq, lane->reminding ? job->remind : 0);
	char text[HASH_TEXT_SIZE];
	struct hash hash;

	hash_bytes(&hash, all, strlen(all));
	hash_text(text, &hash);
	g_snprintf(out, 48, "msg_%.32s", text + strlen("sha256:"));
}

static struct notice *view_group(struct lane *lane, const struct outbox_job *job)
{
	const struct outbox_world *world = &lane->outbox->world;
	struct notice *group = notice_new(NOTICE_GROUP, NOTICE_PENDING);

	group->key = g_strdup(job->key);
	for (char **m = job->members; m != NULL && *m != NULL; m++) {
		g_autoptr(notice_auto) one = world->view(world->user, *m, true);
		struct notice_item *item;

		if (one == NULL || !notice_is_open(one)) {
			continue;
		}
		g_free(group->agent);
		group->agent = g_strdup(one->agent);
		group->log_size = one->log_size;
		memcpy(group->log_root, one->log_root, sizeof(group->log_root));
		group->items_total++;
		if (group->items->len < NOTICE_ITEMS) {
			item = g_new0(struct notice_item, 1);
			item->stack = g_strdup(one->stack);
			item->plan = g_strdup(one->plan);
			item->number = one->number;
			item->changes = one->changes_total;
			item->deletions = one->deletions;
			g_ptr_array_add(group->items, item);
		}
	}
	if (group->items_total == 0) {
		g_clear_pointer(&group, notice_free);
	}
	return group;
}

static bool compose(struct lane *lane, struct outbox_job *job, const struct notice *notice,
		    struct notifier_message *message, GError **error)
{
	struct notifier *n = lane->notifier;
	bool again = !lane->reminding && job->sent[0] != '\0' && !job->grouped &&
		     ((n->caps & NOTIFIER_EVENTS) != 0 ||
		      ((n->caps & NOTIFIER_UPDATE) != 0 && job->handle != NULL));

	message->handle = job->handle;
	message->now = now_of(lane->outbox);
	message->first = job->sent[0] == '\0' || job->grouped;
	message->plain = job->plain;
	name_message(message->id, lane, job);
	return again ? n->ops->refresh(n, notice, message, error)
		     : n->ops->announce(n, notice, message, error);
}

static void start(struct lane *lane, struct outbox_job *job, struct notice *notice)
{
	const struct outbox_world *world = &lane->outbox->world;
	struct composing composing = {lane, job, notice};
	struct notifier_message message = {.token = give_token, .token_user = &composing};
	struct notifier_outcome outcome = {.fate = NOTIFIER_DELIVERED};
	g_autoptr(GError) error = NULL;
	bool ok;

	lane->flight = job;
	lane->sending = revision(lane->notifier, notice);
	lane->ending = is_over(notice);
	lane->has_rounds = notice_has_rounds(notice);
	if (job->sent[0] == '\0' && notice->kind != NOTICE_GROUP) {
		lane->started++;
	}
	ok = compose(lane, job, notice, &message, &error);
	if (ok && message.send.url != NULL) {
		if (message.send.ca_file == NULL) {
			message.send.ca_file = g_strdup(lane->notifier->conf->ca_file);
		}
		lane->request = world->send(world->user, &message.send, on_answer, lane);
	} else {
		if (!ok) {
			outcome.fate = NOTIFIER_PERMANENT;
			outcome.problem = g_strdup(error->message);
		}
		land(lane, &outcome);
	}
	http_send_clear(&message.send);
	notifier_outcome_clear(&outcome);
}

/* When this job has something to send, or 0. */
static int64_t due_at(const struct lane *lane, const struct outbox_job *job)
{
	int64_t at = 0;

	if (strcmp(job->notifier, lane->notifier->conf->name) != 0 || job == lane->flight) {
		return 0;
	}
	if (is_waiting(job)) {
		at = MAX(job->next, 1);
	} else if (job->remind > 0 && !job->failed) {
		at = MAX(job->remind, job->next);
	}
	return at == 0 ? 0 : MAX(at, lane->pause);
}

static bool is_new_plan(const struct outbox_job *job)
{
	return job->sent[0] == '\0' && g_str_has_prefix(job->key, "plan:") &&
	       job->members == NULL && g_str_has_prefix(job->want, "pending");
}

/* More new plans than one minute bears become one message. */
static void group(struct lane *lane, int64_t now)
{
	struct outbox *outbox = lane->outbox;
	g_autoptr(GPtrArray) fresh = g_ptr_array_new();
	g_autofree char *key = NULL;
	struct outbox_job *job;

	if (now - lane->window >= OUTBOX_WINDOW || now < lane->window) {
		lane->window = now;
		lane->started = 0;
	}
	for (unsigned i = 0; i < outbox->jobs->len; i++) {
		job = g_ptr_array_index(outbox->jobs, i);
		if (due_at(lane, job) != 0 && is_new_plan(job)) {
			g_ptr_array_add(fresh, job);
		}
	}
	if (fresh->len < 2 || lane->started + fresh->len <= lane->notifier->conf->burst) {
		return;
	}
	key = g_strdup_printf("group:%" PRId64, ++outbox->seq);
	job = outbox_job_new(lane->notifier->conf->name, key, outbox->seq);
	job->members = g_new0(char *, fresh->len + 1);
	for (unsigned i = 0; i < fresh->len; i++) {
		const struct outbox_job *member = g_ptr_array_index(fresh, i);

		job->members[i] = g_strdup(member->key);
	}
	g_free(job->want);
	job->want = g_strdup("group");
	g_ptr_array_add(outbox->jobs, job);
	save(outbox, job);
	for (unsigned i = 0; i < fresh->len; i++) {
		struct outbox_job *member = g_ptr_array_index(fresh, i);

		member->grouped = true;
		g_free(member->sent);
		member->sent = g_strdup(member->want);
		save(outbox, member);
	}
}

static bool is_urgent(const struct outbox_job *job)
{
	return g_str_has_prefix(job->key, "break-glass:");
}

/* Of those that are due the one whose turn came first, so that one which is always told to wait
 * holds up no other; of several the oldest. */
static struct outbox_job *first_due(const struct lane *lane, int64_t now, bool urgent)
{
	const struct outbox *outbox = lane->outbox;
	struct outbox_job *first = NULL;

	for (unsigned i = 0; i < outbox->jobs->len; i++) {
		struct outbox_job *job = g_ptr_array_index(outbox->jobs, i);
		int64_t due = due_at(lane, job);

		if (due != 0 && due <= now && is_urgent(job) == urgent &&
		    (first == NULL || job->next < first->next)) {
			first = job;
		}
	}
	return first;
}

/* The next of these jobs, with what is to be said of it; those without anything go. */
static struct outbox_job *next_of(struct lane *lane, int64_t now, bool urgent,
				  struct notice **notice)
{
	struct outbox *outbox = lane->outbox;
	const struct outbox_world *world = &outbox->world;
	struct outbox_job *job;

	while ((job = first_due(lane, now, urgent)) != NULL) {
		*notice = job->members != NULL ? view_group(lane, job)
					       : world->view(world->user, job->key, false);
		lane->reminding = !is_waiting(job);
		if (*notice != NULL) {
			take_incident(job, *notice);
			lane->reminding |=
				job->sent[0] != '\0' && (*notice)->round > round_of(job->sent);
			(*notice)->reminder = lane->reminding;
		}
		if (*notice != NULL && !is_moot(job, *notice) &&
		    wants_stack(lane->notifier, (*notice)->stack) &&
		    !(lane->reminding && is_over(*notice))) {
			return job;
		}
		g_clear_pointer(notice, notice_free);
		drop(outbox, job);
	}
	return NULL;
}

static struct outbox_job *next_job(struct lane *lane, int64_t now, struct notice **notice)
{
	struct outbox_job *job = next_of(lane, now, true, notice);

	return job != NULL ? job : next_of(lane, now, false, notice);
}

void outbox_run(struct outbox *outbox)
{
	int64_t now = now_of(outbox);

	for (unsigned i = 0; i < outbox->lanes->len; i++) {
		struct lane *lane = g_ptr_array_index(outbox->lanes, i);
		struct outbox_job *job;

		group(lane, now);
		while (lane->flight == NULL) {
			g_autoptr(notice_auto) notice = NULL;

			job = next_job(lane, now, &notice);
			if (job == NULL) {
				break;
			}
			start(lane, job, notice);
		}
	}
}

int64_t outbox_wake(const struct outbox *outbox)
{
	int64_t wake = 0;

	for (unsigned i = 0; i < outbox->lanes->len; i++) {
		const struct lane *lane = g_ptr_array_index(outbox->lanes, i);

		for (unsigned j = 0; lane->flight == NULL && j < outbox->jobs->len; j++) {
			int64_t due = due_at(lane, g_ptr_array_index(outbox->jobs, j));

			wake = due != 0 && (wake == 0 || due < wake) ? due : wake;
		}
	}
	return wake;
}

unsigned outbox_count(const struct outbox *outbox)
{
	return outbox->jobs->len;
}

GPtrArray *outbox_keys(const struct outbox *outbox)
{
	GPtrArray *keys = g_ptr_array_new_with_free_func(g_free);

	for (unsigned i = 0; i < outbox->jobs->len; i++) {
		const struct outbox_job *job = g_ptr_array_index(outbox->jobs, i);

		if (!g_ptr_array_find_with_equal_func(keys, job->key, g_str_equal, NULL)) {
			g_ptr_array_add(keys, g_strdup(job->key));
		}
	}
	return keys;
}

bool outbox_open(const char *dir, const struct outbox_world *world, struct outbox **out,
		 GError **error)
{
	GPtrArray *jobs = outbox_jobs_load(dir, error);
	struct outbox *outbox;

	if (jobs == NULL) {
		return false;
	}
	outbox = g_new0(struct outbox, 1);
	outbox->dir = g_strdup(dir);
	outbox->world = *world;
	outbox->jobs = jobs;
	outbox->lanes = g_ptr_array_new_with_free_func(lane_free);
	if (jobs->len > 0) {
		const struct outbox_job *newest = g_ptr_array_index(jobs, jobs->len - 1);

		outbox->seq = newest->seq;
	}
	*out = outbox;
	return true;
}

void outbox_free(struct outbox *outbox)
{
	if (outbox != NULL) {
		g_ptr_array_unref(outbox->lanes);
		g_ptr_array_unref(outbox->jobs);
		g_free(outbox->dir);
		g_free(outbox);
	}
}

void outbox_set(struct outbox *outbox, const GPtrArray *all)
{
	g_ptr_array_set_size(outbox->lanes, 0);
	for (unsigned i = 0; i < all->len; i++) {
		struct lane *lane = g_new0(struct lane, 1);

		lane->outbox = outbox;
		lane->notifier = g_ptr_array_index(all, i);
		lane->window = now_of(outbox);
		g_ptr_array_add(outbox->lanes, lane);
	}
	for (unsigned i = outbox->jobs->len; i-- > 0;) {
		struct outbox_job *job = g_ptr_array_index(outbox->jobs, i);
		bool known = false;

		job->failed = false;
		for (unsigned j = 0; j < all->len; j++) {
			const struct notifier *n = g_ptr_array_index(all, j);

			known = known || strcmp(n->conf->name, job->notifier) == 0;
		}
		if (!known) {
			drop(outbox, job);
		}
	}
}
