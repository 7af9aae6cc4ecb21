/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Brings log, stacks and jobs together. */
#include "agent/agent.h"

#include <inttypes.h>
#include <string.h>

#include "agent/alerts.h"
#include "agent/cluster-watch.h"
#include "agent/clusters.h"
#include "agent/differ.h"
#include "agent/evidence.h"
#include "agent/genesis.h"
#include "agent/halt.h"
#include "agent/leader.h"
#include "agent/ownconf.h"
#include "agent/perform.h"
#include "agent/renew.h"
#include "agent/request.h"
#include "agent/results.h"
#include "agent/retention.h"
#include "agent/verified.h"
#include "agent/watch.h"
#include "base/autoptr.h"
#include "base/error.h"
#include "base/log.h"
#include "base/paths.h"
#include "base/sdnotify.h"

#define MAX_ROUNDS 32 /* steps after one event; more is an error of ours */
/* A long log may take longer than the service manager waits for a start: every so many entries it
 * is told that this goes on, and that it may need so many seconds more. */
#define REPLAY_SIGN 1024
#define REPLAY_PATIENCE 60

int64_t agent_now(void)
{
	return g_get_real_time() / G_USEC_PER_SEC;
}

struct agent_unit *agent_unit(const struct agent *agent, const char *name)
{
	return g_hash_table_lookup(agent->units, name);
}

const char *agent_remote(const struct agent_unit *unit)
{
	const struct conf_source *source = &unit->conf->source;

	return unit->remote > 0 && source->fallbacks != NULL &&
			       unit->remote <= g_strv_length(source->fallbacks)
		       ? source->fallbacks[unit->remote - 1]
		       : source->url;
}

char *agent_scratch(const struct agent_unit *unit, const char *name)
{
	return g_build_filename(store_dir(unit->agent->store), "jobs", unit->conf->name, name,
				NULL);
}

static gboolean tell_the_stacks(void *user)
{
	struct agent *agent = user;
	struct agent_news news = {.details.reason = agent->dead};
	struct agent_unit *unit;
	GHashTableIter iter;

	agent->mourning = 0;
	g_hash_table_iter_init(&iter, agent->units);
	while (g_hash_table_iter_next(&iter, NULL, (void **)&unit)) {
		agent_send(unit, STACK_DEAD, &news);
	}
	return G_SOURCE_REMOVE;
}

/* From the loop, not from here: a step may be under way. */
void agent_fail(struct agent *agent, const char *why)
{
	if (agent->dead != NULL) {
		return;
	}
	agent->dead = g_strdup(why);
	log_event(EV_STORE_FAILED, NULL, NULL,
		  "%s; nothing is applied any more: mend this and start assentd again", why);
	agent->mourning = g_idle_add(tell_the_stacks, agent);
}

static bool fold_new_entry(struct agent *agent, uint64_t seq, GError **error)
{
	g_autofree char *raw = NULL;
	struct assent_error err;
	struct entry entry;
	size_t len;
	bool ok;

	if (!store_read(agent->store, seq, &raw, &len, error)) {
		return false;
	}
	if (entry_parse(&entry, raw, len, &err) != 0) {
		return fail_core(error, &err, "log entry %" PRIu64, seq);
	}
	ok = fold_entry(agent->fold, &entry, error);
	agent->log_bytes += (int64_t)len;
	entry_clear(&entry);
	if (ok && agent->watch.entry != NULL) {
		agent->watch.entry(raw, len, agent->watch.user);
	}
	if (ok && agent->notices.entry != NULL) {
		agent->notices.entry(raw, len, agent->notices.user);
	}
	return ok;
}

bool agent_append_text(struct agent *agent, enum entry_type type, const char *stack,
		       const char *fields, GError **error)
{
	GError *local = NULL;
	uint64_t seq;

	if (agent->dead != NULL) {
		return fail(error, BASE_ERROR, BASE_ERROR_FAILED, "the log cannot be written: %s",
			    agent->dead);
	}
	if (store_append(agent->store, type, stack, fields, agent_now(), &seq, &local) &&
	    fold_new_entry(agent, seq, &local)) {
		return true;
	}
	agent_fail(agent, local->message);
	g_propagate_error(error, local);
	return false;
}

bool agent_append(struct agent *agent, const char *stack, const struct record *record,
		  GError **error)
{
	struct assent_error err;
	autocfree char *fields = NULL;

	if (record_write(&fields, record, &err) != 0) {
		fail_core(error, &err, "entry '%s'", entry_type_names[record->type]);
		agent_fail(agent, err.text);
		return false;
	}
	return agent_append_text(agent, record->type, stack, fields, error);
}

/* Does only silence speak for the open plan, and has not lasted long enough? The time that the
 * agent was away counts in the plan, and does not count here. */
static bool is_silence_young(const struct agent_unit *unit)
{
	const struct stack_facts *facts = &unit->record->facts;
	const struct fold_plan *plan = unit->record->plan;

	return facts->plan_quiet != 0 && facts->plan_broken[0] == '\0' &&
	       (int64_t)fold_approvals(plan) < plan->required &&
	       agent_now() < stack_quiet_due(&unit->step, facts);
}

/* Counts the votes anew; the policy itself approves where nobody needs to. */
static bool has_quorum(struct agent_unit *unit)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *why = NULL;
	struct decide_world world;
	bool enough;

	unit->recheck = false;
	if (unit->record->facts.phase != STACK_PHASE_OPEN || unit->step.approved) {
		return false;
	}
	evidence_world(unit->agent, &world);
	if (!decide_quorum(&world, unit->record->plan, &enough, &why, &error)) {
		log_event(EV_REFUSED, unit->conf->name, unit->record->plan->id, "%s",
			  error->message);
		return false;
	}
	return enough && !is_silence_young(unit);
}

static gboolean on_timer(void *user)
{
	struct agent_unit *unit = user;

	unit->timer = 0;
	agent_send(unit, STACK_LOOK, NULL);
	return G_SOURCE_REMOVE;
}

/* most: seconds to sleep at most, 0: as long as the step says. */
static void arm(struct agent_unit *unit, int64_t most)
{
	int64_t wait = most;

	if (unit->timer != 0) {
		g_source_remove(unit->timer);
		unit->timer = 0;
	}
	if (unit->step.wake != 0) {
		wait = MAX(unit->step.wake - agent_now(), 1);
		wait = most != 0 ? MIN(wait, most) : wait;
	}
	if (wait != 0 && !unit->agent->stopping) {
		/* a long sleep in pieces, since the clock may be set meanwhile */
		unit->timer = g_timeout_add_seconds((guint)CLAMP(wait, 1, 600), on_timer, unit);
	}
}

void agent_look_at_windows(struct agent_unit *unit)
{
	struct window_state state = {0};

	if (unit->record->facts.phase == STACK_PHASE_OPEN ||
	    unit->record->facts.halted[0] != '\0') {
		windows_look(unit->windows, agent_now(), &state);
	}
	unit->step.shut = state.shut;
	unit->step.opens = state.until;
}

/* Nobody has rejected the plan for as long as its policy wants. */
static bool quiet_is_over(const struct agent_unit *unit, int64_t now)
{
	const struct stack_facts *facts = &unit->record->facts;

	return facts->phase == STACK_PHASE_OPEN && !unit->step.approved && facts->plan_quiet != 0 &&
	       now >= stack_quiet_due(&unit->step, facts) && now < facts->plan_expires;
}

static void look_at_trial(struct agent_unit *unit)
{
	g_autofree char *own = request_ref(unit->conf);

	unit->step.owned = strcmp(unit->record->facts.try_ref, own) == 0;
}

/* One step and its effects; true when there was something to do. */
static bool step(struct agent_unit *unit, enum stack_event event, const struct agent_news *news)
{
	static const struct agent_news none;
	const struct agent_news *with = news != NULL ? news : &none;
	struct stack_effects effects;
	size_t i;

	agent_look_at_windows(unit);
	look_at_trial(unit);
	halt_look(unit);
	leader_look(unit);
	stack_step(&unit->step, &unit->record->facts, event, &with->details, agent_now(),
		   g_random_int(), &effects);
	for (i = 0; i < effects.count; i++) {
		if (!perform(unit, effects.items[i].kind, effects.items[i].phase,
			     effects.items[i].reason, with)) {
			return false;
		}
	}
	return effects.count > 0;
}

/* Was the open plan made under another configuration? */
static void reconsider(struct agent_unit *unit)
{
	g_autofree char *why = renew_reason(unit);
	struct agent_news news = {.details.reason = why};

	unit->reconsider = false;
	if (why != NULL) {
		step(unit, STACK_REPLAN, &news);
	}
}

void agent_send(struct agent_unit *unit, enum stack_event event, const struct agent_news *news)
{
	struct agent *agent = unit->agent;
	unsigned round;
	bool busy;

	if (leader_waits(agent)) { // nothing is done, logged or told; it is said who leads
		step(unit, STACK_LOOK, NULL);
		if (agent->watch.changed != NULL) {
			agent->watch.changed(agent->watch.user);
		}
		return;
	}
	halt_update(agent);
	halt_look(unit);
	if (unit->reconsider && event == STACK_LOOK && !agent->stopping) {
		reconsider(unit); // what was approved before may be ready to go
	}
	busy = step(unit, event, news) || event != STACK_LOOK;
	unit->recheck |= quiet_is_over(unit, agent_now());
	for (round = 0; !agent->stopping && (busy || unit->recheck); round++) {
		g_assert(round < MAX_ROUNDS);
		if (unit->reconsider) {
			reconsider(unit);
		}
		if (unit->recheck && has_quorum(unit)) {
			step(unit, STACK_APPROVED, NULL);
		}
		busy = step(unit, STACK_LOOK, NULL);
	}
	arm(unit, alerts_look(unit));
	halt_told(unit);
	if (agent->watch.changed != NULL) {
		agent->watch.changed(agent->watch.user);
	}
	if (agent->notices.changed != NULL) {
		agent->notices.changed(agent->notices.user);
	}
	if (agent->manager.changed != NULL) {
		agent->manager.changed(agent->manager.user);
	}
}

static void unit_free(void *data)
{
	struct agent_unit *unit = data;

	if (unit->timer != 0) {
		g_source_remove(unit->timer);
	}
	watch_stop(unit);
	windows_free(unit->windows);
	pushers_free(unit->pushers);
	draft_free(unit->draft);
	drift_free(unit->drift);
	g_free(unit->plan);
	g_free(unit->steerer);
	g_free(unit->remote_problem);
	differ_free(unit->differ);
	g_free(unit);
}

static void settings_of(const struct conf_stack *conf, struct stack_settings *out)
{
	*out = (struct stack_settings){
		.interval = conf->source.interval,
		.backoff_max = conf->source.backoff_max,
		.drift_interval = conf->drift_interval,
	};
}

static struct agent_unit *add_unit(struct agent *agent, const struct conf_stack *conf)
{
	struct agent_unit *unit = g_new0(struct agent_unit, 1);
	struct stack_settings settings;

	unit->agent = agent;
	unit->conf = conf;
	unit->record = fold_stack_get(agent->fold, conf->name);
	unit->recheck = unit->reconsider = true;
	unit->windows = windows_new(conf);
	unit->pushers = pushers_new();
	settings_of(conf, &settings);
	stack_init(&unit->step, &settings);
	unit->step.started = agent_now();
	watch_start(unit);
	g_hash_table_insert(agent->units, conf->name, unit);
	return unit;
}

static void take_people(struct agent *agent)
{
	unsigned i;

	g_array_set_size(agent->people, 0);
	for (i = 0; i < agent->conf->people->len; i++) {
		const struct conf_person *person = g_ptr_array_index(agent->conf->people, i);
		struct approval_person item = {person->name, (const char *const *)person->emails};

		g_array_append_val(agent->people, item);
	}
}

static bool replay(const struct entry *entry, const char *raw, size_t len, void *user,
		   GError **error)
{
	struct agent *agent = user;

	if ((entry->seq + 1) % REPLAY_SIGN == 0) {
		sdnotify("EXTEND_TIMEOUT_USEC=%d\nSTATUS=replaying the log, entry %" PRIu64,
			 REPLAY_PATIENCE * (int)G_USEC_PER_SEC, entry->seq + 1);
	}
	agent->log_bytes += (int64_t)len;
	return fold_entry(agent->fold, entry, error);
}

static void configure_jobs(struct agent *agent)
{
	const struct conf *conf = agent->conf;
	g_autofree char *worker = conf->worker != NULL ? g_strdup(conf->worker) : paths_worker();

	jobs_configure(agent->jobs, worker, conf->trust);
}

bool agent_open(struct conf *conf, struct agent **out, GError **error)
{
	struct agent *agent = g_new0(struct agent, 1);
	unsigned i;

	agent->conf = conf;
	agent->fold = fold_new();
	agent->people = g_array_new(TRUE, FALSE, sizeof(struct approval_person));
	agent->units = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, unit_free);
	agent->jobs = jobs_new(results_take, agent);
	agent->clusters = cluster_watch_new(agent);
	jobs_set_gate(agent->jobs, halt_allows);
	configure_jobs(agent);
	take_people(agent);
	if (!store_open(conf->state_dir, conf->agent, replay, agent, &agent->store, error) ||
	    !genesis_load(agent->store, conf->allowed_signers, &agent->signers, error) ||
	    !genesis_record(agent, error)) {
		agent_close(agent);
		return false;
	}
	agent->plan_key.type = SSH_ED25519;
	secret_public(store_plan_key(agent->store), agent->plan_key.pk);
	for (i = 0; i < conf->stacks->len; i++) {
		add_unit(agent, g_ptr_array_index(conf->stacks, i));
	}
	if (!renew_orphans(agent, error)) {
		agent_close(agent);
		return false;
	}
	ownconf_start(agent);
	*out = agent;
	return true;
}

void agent_close(struct agent *agent)
{
	if (agent == NULL) {
		return;
	}
	if (agent->mourning != 0) {
		g_source_remove(agent->mourning);
	}
	if (agent->looking != 0) {
		g_source_remove(agent->looking);
	}
	ownconf_stop(agent);
	retention_stop(agent);
	jobs_free(agent->jobs);
	cluster_watch_free(agent->clusters);
	g_hash_table_unref(agent->units);
	g_array_unref(agent->people);
	signers_free(agent->signers);
	fold_free(agent->fold);
	store_close(agent->store);
	conf_free(agent->conf);
	g_free(agent->dead);
	g_free(agent);
}

/* A rejection whose entry is there and whose consequence is not: the agent was killed in between.
 */
static bool settle(const struct agent_unit *unit, GError **error)
{
	struct decide_world world;

	if (unit->record->facts.phase != STACK_PHASE_OPEN) {
		return true;
	}
	evidence_world(unit->agent, &world);
	return decide_settle(&world, unit->record->plan, error);
}

void agent_run(struct agent *agent)
{
	unsigned i;

	if (!leader_waits(agent)) {
		cluster_watch_renew(agent->clusters);
	}
	for (i = 0; i < agent->conf->stacks->len && !leader_waits(agent); i++) {
		const struct conf_stack *conf = g_ptr_array_index(agent->conf->stacks, i);
		g_autoptr(GError) error = NULL;

		if (!settle(agent_unit(agent, conf->name), &error)) {
			break; // the log's failure has been told, and stops everything by itself
		}
	}
	for (i = 0; i < agent->conf->stacks->len; i++) {
		const struct conf_stack *conf = g_ptr_array_index(agent->conf->stacks, i);

		agent_send(agent_unit(agent, conf->name), STACK_LOOK, NULL);
	}
}

void agent_stop(struct agent *agent, void (*stopped)(void *user), void *user)
{
	agent->stopping = true;
	agent->stopped = stopped;
	agent->stopped_user = user;
	jobs_stop(agent->jobs);
	if (jobs_running(agent->jobs) == 0) {
		stopped(user);
	}
}

static const struct conf_stack *find_stack(const struct conf *conf, const char *name)
{
	unsigned i;

	for (i = 0; i < conf->stacks->len; i++) {
		const struct conf_stack *stack = g_ptr_array_index(conf->stacks, i);

		if (strcmp(stack->name, name) == 0) {
			return stack;
		}
	}
	return NULL;
}

static bool must_stay(const char *key, const char *before, const char *after, GError **error)
{
	if (g_strcmp0(before, after) == 0) {
		return true;
	}
	return fail(error, BASE_ERROR, BASE_ERROR_FAILED,
		    "'%s' has changed, which needs a restart of assentd", key);
}

/* A stack in the middle of an apply cannot go: its result could not be told any more. Neither can
 * what it may touch: nothing could be taken back there. */
static bool may_change(struct agent_unit *unit, const struct conf_stack *after, GError **error)
{
	g_autoptr(plan_auto) plan = NULL;

	if (after == NULL) {
		return fail(error, BASE_ERROR, BASE_ERROR_FAILED,
			    "stack '%s' is being applied and cannot be removed now",
			    unit->conf->name);
	}
	if (evidence_plan(unit->agent, unit->record->plan, &plan, NULL) &&
	    clusters_allow(unit->conf, plan) && !clusters_allow(after, plan)) {
		return fail(error, BASE_ERROR, BASE_ERROR_FAILED,
			    "stack '%s' is being applied and must be allowed to touch its "
			    "clusters until that has ended",
			    unit->conf->name);
	}
	return true;
}

static bool may_reload(const struct agent *agent, const struct conf *conf, GError **error)
{
	struct agent_unit *unit;
	GHashTableIter iter;

	if (!must_stay("agent", agent->conf->agent, conf->agent, error) ||
	    !must_stay("state", agent->conf->state_dir, conf->state_dir, error) ||
	    !must_stay("socket", agent->conf->socket, conf->socket, error)) {
		return false;
	}
	if (!leader_may_stay(agent, conf)) {
		return must_stay("kubernetes.leader-election", "", NULL, error);
	}
	g_hash_table_iter_init(&iter, agent->units);
	while (g_hash_table_iter_next(&iter, NULL, (void **)&unit)) {
		if (unit->record->facts.phase == STACK_PHASE_APPLYING &&
		    !may_change(unit, find_stack(conf, unit->conf->name), error)) {
			return false;
		}
	}
	return true;
}

static bool same_labels(const struct conf *a, const struct conf *b)
{
	unsigned i;

	if (a->labels->len != b->labels->len) {
		return false;
	}
	for (i = 0; i < a->labels->len; i++) {
		const struct conf_label *x = g_ptr_array_index(a->labels, i);
		const struct conf_label *y = g_ptr_array_index(b->labels, i);

		if (strcmp(x->name, y->name) != 0 || strcmp(x->value, y->value) != 0) {
			return false;
		}
	}
	return true;
}

static bool same_source(const struct conf_source *a, const struct conf_source *b)
{
	return strcmp(a->url, b->url) == 0 && strcmp(a->branch, b->branch) == 0 &&
	       g_strcmp0(a->path, b->path) == 0 && verified_same(a, b);
}

struct reloading {
	struct agent *agent;
	struct conf *old;
	GPtrArray *again; /* struct agent_unit: plan these anew */
};

static void renew_unit(struct reloading *r, const struct conf_stack *stack)
{
	struct agent_unit *unit = agent_unit(r->agent, stack->name);
	const struct conf_stack *before;

	if (unit == NULL) {
		add_unit(r->agent, stack);
		return;
	}
	before = unit->conf;
	watch_stop(unit);
	g_hash_table_steal(r->agent->units, before->name); // its key goes with the old one
	unit->conf = stack;
	unit->recheck = unit->reconsider = true;
	windows_free(unit->windows);
	unit->windows = windows_new(stack);
	settings_of(stack, &unit->step.settings);
	unit->step.unfixable = false;
	g_hash_table_insert(r->agent->units, stack->name, unit);
	watch_start(unit);
	if (!same_source(&before->source, &stack->source) || !same_labels(r->old, r->agent->conf) ||
	    !clusters_same(r->old, before, r->agent->conf, stack)) {
		unit->outdated =
			unit->step.job == STACK_JOB_FETCH || unit->step.job == STACK_JOB_PLAN;
		unit->step.fetch_due = true;
		g_ptr_array_add(r->again, unit);
	} else if (verified_demands(&stack->source)) {
		unit->step.fetch_due = true; // the keys may be others
	}
}

static void drop_removed(struct agent *agent, const struct conf *conf)
{
	struct agent_unit *unit;
	GHashTableIter iter;

	g_hash_table_iter_init(&iter, agent->units);
	while (g_hash_table_iter_next(&iter, NULL, (void **)&unit)) {
		if (find_stack(conf, unit->conf->name) == NULL) {
			jobs_forget(agent->jobs, unit->conf->name);
			g_hash_table_iter_remove(&iter);
		}
	}
}

bool agent_reload(struct agent *agent, struct conf *conf, GError **error)
{
	struct agent_news changed = {.details.reason = "the configuration has changed"};
	struct reloading r = {.agent = agent, .old = agent->conf};
	g_autoptr(GPtrArray) again = g_ptr_array_new();
	g_autoptr(GError) local = NULL;
	struct signers *signers;
	unsigned i;

	if (!may_reload(agent, conf, error) ||
	    !genesis_load(agent->store, conf->allowed_signers, &signers, error)) {
		return false;
	}
	r.again = again;
	retention_stop(agent); // the rule may be another
	drop_removed(agent, conf);
	agent->conf = conf;
	signers_free(agent->signers);
	agent->signers = signers;
	take_people(agent);
	configure_jobs(agent);
	for (i = 0; i < conf->stacks->len; i++) {
		renew_unit(&r, g_ptr_array_index(conf->stacks, i));
	}
	conf_free(r.old);
	if (!genesis_record(agent, &local) || !renew_orphans(agent, &local)) {
		return true; // the log's failure has been told, and stops everything by itself
	}
	ownconf_start(agent);
	for (i = 0; i < again->len; i++) {
		agent_send(g_ptr_array_index(again, i), STACK_REPLAN, &changed);
	}
	agent_run(agent);
	return true;
}
