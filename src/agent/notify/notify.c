/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The systems that tell people, and what the agent has to do with them. */
#include "agent/notify/notify.h"

#include <inttypes.h>
#include <string.h>

#include "agent/agent.h"
#include "agent/decide.h"
#include "agent/evidence.h"
#include "agent/http/web.h"
#include "agent/notify/door.h"
#include "agent/notify/incident.h"
#include "agent/notify/outbox.h"
#include "agent/notify/tokens.h"
#include "base/autoptr.h"
#include "base/error.h"
#include "base/file.h"
#include "base/log.h"

#define WAIT_MAX 600 /* seconds: a long sleep in pieces, since the clock may be set meanwhile */

G_DEFINE_QUARK(assent - notify, notify_error)

const char *const notify_error_names[] = {
	"malformed",	 "forged",	    "late",
	"early",	 "replayed",	    "foreign-team",
	"foreign-app",	 "foreign-channel", "unknown-person",
	"token-unknown", "token-used",	    "token-revoked",
	"token-expired", "token-person",    "token-verdict",
	"token-plan",	 "not-configured",  NULL,
};

const struct notifier_ops *const notifiers[] = {
	&notifier_mattermost, &notifier_ntfy, &notifier_slack, &notifier_webhook, NULL,
};

struct notify {
	struct agent *agent;
	struct http_client *client;
	struct tokens *tokens;
	struct outbox *outbox;
	GPtrArray *open;     /* struct notifier */
	GHashTable *tallies; /* name to struct tally_notices */
	char *public_url;
	char *position_file;
	uint64_t position; /* entries of the log that the outbox knows */
	guint scan, timer;
	bool was_dead;
};

const struct notifier_ops *notifier_ops_find(const char *name)
{
	for (size_t i = 0; notifiers[i] != NULL; i++) {
		if (strcmp(notifiers[i]->name, name) == 0) {
			return notifiers[i];
		}
	}
	return NULL;
}

void notifier_outcome_clear(struct notifier_outcome *outcome)
{
	g_clear_pointer(&outcome->handle, g_free);
	g_clear_pointer(&outcome->problem, g_free);
}

void notify_judge(const struct http_received *answer, struct notifier_outcome *out)
{
	long status = answer->status;

	out->problem = answer->problem != NULL ? g_strdup(answer->problem)
					       : g_strdup_printf("the answer is HTTP %ld", status);
	if (status >= 200 && status < 300) {
		g_clear_pointer(&out->problem, g_free);
		out->fate = NOTIFIER_DELIVERED;
	} else if (status == 0 || status == 408 || status == 425 || status == 429 ||
		   status >= 500) {
		out->fate = NOTIFIER_LATER;
		out->wait = answer->retry_after;
	} else if (status == 400 || status == 413 || status == 422) {
		out->fate = NOTIFIER_PAYLOAD;
	} else {
		out->fate = NOTIFIER_PERMANENT;
	}
}

/* The world of the outbox. */

static int64_t world_now(void *user)
{
	(void)user;
	return agent_now();
}

static uint32_t world_random(void *user)
{
	(void)user;
	return g_random_int();
}

static struct notice *view_plan(struct notify *notify, const char *id, bool brief)
{
	struct fold_plan *plan = g_hash_table_lookup(notify->agent->fold->by_id, id);
	g_autoptr(GError) error = NULL;
	struct notice *notice = NULL;

	if (plan == NULL) {
		return NULL;
	}
	if (brief) {
		return notice_brief(notify->agent, plan);
	}
	if (!notice_of_plan(notify->agent, plan, notify->public_url, &notice, &error)) {
		log_event(EV_NOTIFY_FAILED, plan->stack, id, "%s", error->message);
		return NULL;
	}
	return notice;
}

static struct notice *view_stack(struct notify *notify, enum notice_kind kind, const char *stack,
				 const char *text)
{
	struct notice *notice = notice_new(kind, text != NULL ? NOTICE_PROBLEM : NOTICE_RESOLVED);

	notice->key = g_strdup_printf("%s:%s", notice_kind_names[kind], stack);
	notice->stack = g_strdup(stack);
	notice->text = text != NULL ? notice_clean(text, strlen(text), 1000, false) : NULL;
	notice->link =
		notify->public_url != NULL ? g_strconcat(notify->public_url, "/", NULL) : NULL;
	notice_stamp(notice, notify->agent);
	return notice;
}

static struct notice *view_blocked(struct notify *notify, const char *stack)
{
	const struct fold_stack *record = g_hash_table_lookup(notify->agent->fold->stacks, stack);
	struct notice *notice;
	g_autofree char *text = NULL;
	bool known = record != NULL && agent_unit(notify->agent, stack) != NULL;

	if (known && alert_is_flapping(&record->told.alerts, CONDITION_BLOCKED)) {
		text = g_strdup(record->told.alerts.of[CONDITION_FLAPPING].reason);
	} else if (known && record->facts.block != STACK_BLOCK_NONE) {
		text = g_strdup_printf("%s: %s", stack_block_names[record->facts.block],
				       record->facts.block_reason);
	}
	notice = view_stack(notify, NOTICE_BLOCKED, stack, text);
	notice->since = known ? record->facts.changed : 0;
	return notice;
}

/* Drift for which there is a plan is told as that plan. */
static struct notice *view_drift(struct notify *notify, const char *stack)
{
	const struct fold_stack *record = g_hash_table_lookup(notify->agent->fold->stacks, stack);
	struct notice *notice;
	g_autofree char *text = NULL;
	bool known = record != NULL && agent_unit(notify->agent, stack) != NULL;
	bool planned = known && record->plan != NULL &&
		       (record->facts.phase == STACK_PHASE_OPEN ||
			record->facts.phase == STACK_PHASE_APPLYING) &&
		       strcmp(record->plan->reason, "drift") == 0;

	if (known && alert_is_flapping(&record->told.alerts, CONDITION_DRIFT)) {
		text = g_strdup(record->told.alerts.of[CONDITION_FLAPPING].reason);
	} else if (known && record->facts.drift[0] != '\0' && !planned) {
		text = g_strdup_printf("%" PRId64 " differences from commit %.12s",
				       record->facts.drift_count, record->facts.base);
	}
	notice = view_stack(notify, NOTICE_DRIFT, stack, text);
	notice->since = known ? record->facts.changed : 0;
	return notice;
}

static struct notice *view_dead(struct notify *notify)
{
	struct notice *notice = view_stack(notify, NOTICE_DEAD, "", notify->agent->dead);

	g_clear_pointer(&notice->stack, g_free);
	g_free(notice->key);
	notice->key = g_strdup("dead");
	return notice;
}

/* Told once, and apart from the plan's own message, which may be one of many or change unseen. */
static struct notice *view_broken(struct notify *notify, const char *id)
{
	struct fold_plan *plan = g_hash_table_lookup(notify->agent->fold->by_id, id);
	const struct notice_vote *broken;
	struct notice *notice;

	if (plan == NULL) {
		return NULL;
	}
	notice = notice_brief(notify->agent, plan);
	broken = notice_broken(notice);
	if (broken == NULL) {
		notice_free(notice);
		return NULL;
	}
	notice->kind = NOTICE_BROKEN;
	notice->event = NOTICE_PROBLEM;
	g_free(notice->key);
	notice->key = g_strconcat(notice_kind_names[NOTICE_BROKEN], ":", id, NULL);
	g_free(notice->text);
	notice->text = g_strdup(broken->reason);
	notice->since = broken->time;
	if (notify->public_url != NULL) {
		notice->link =
			g_strconcat(notify->public_url, "/plans/", id + strlen("sha256:"), NULL);
	}
	return notice;
}

static struct notice *world_view(void *user, const char *key, bool brief)
{
	struct notify *notify = user;

	if (g_str_has_prefix(key, "plan:")) {
		return view_plan(notify, key + strlen("plan:"), brief);
	}
	if (g_str_has_prefix(key, "blocked:")) {
		return view_blocked(notify, key + strlen("blocked:"));
	}
	if (g_str_has_prefix(key, "drift:")) {
		return view_drift(notify, key + strlen("drift:"));
	}
	if (g_str_has_prefix(key, "break-glass:")) {
		return view_broken(notify, key + strlen("break-glass:"));
	}
	if (strcmp(key, "dead") == 0) {
		return view_dead(notify);
	}
	return incident_view(notify->agent, notify->public_url, key);
}

static bool world_issue(void *user, const struct notifier *n, const struct notice *notice,
			const char *person, char text[static 48])
{
	struct notify *notify = user;
	g_autoptr(GError) error = NULL;
	const struct token *token;

	if (tokens_issue(notify->tokens, notice->plan, n->ops->name, person, n->conf->name,
			 !n->conf->approve, agent_now(), notice->expires, text, &token, &error)) {
		return true;
	}
	log_event(EV_NOTIFY_FAILED, notice->stack, notice->plan, "%s", error->message);
	return false;
}

/* Nobody decides about a plan that the log does not have. */
static int64_t ended(void *user, const char *id)
{
	const struct notify *notify = user;
	const struct fold_plan *plan = g_hash_table_lookup(notify->agent->fold->by_id, id);

	return plan != NULL ? plan->ended : 1;
}

static unsigned world_send(void *user, const struct http_send *send, http_done_fn done, void *data)
{
	struct notify *notify = user;

	return http_client_send(notify->client, send, done, data);
}

static void world_cancel(void *user, unsigned request)
{
	struct notify *notify = user;

	http_client_cancel(notify->client, request);
}

/* The loop. */

static gboolean on_timer(void *user)
{
	struct notify *notify = user;
	int64_t wake;

	notify->timer = 0;
	outbox_run(notify->outbox);
	wake = outbox_wake(notify->outbox);
	if (wake != 0 && notify->timer == 0) {
		notify->timer = g_timeout_add_seconds((guint)CLAMP(wake - agent_now(), 1, WAIT_MAX),
						      on_timer, notify);
	}
	return G_SOURCE_REMOVE;
}

static void world_ended(void *user, const struct notifier *n, enum notifier_fate fate)
{
	struct notify *notify = user;
	struct tally_notices *tally = g_hash_table_lookup(notify->tallies, n->conf->name);

	if (tally == NULL) {
		tally = g_new0(struct tally_notices, 1);
		g_hash_table_insert(notify->tallies, g_strdup(n->conf->name), tally);
	}
	if (fate == NOTIFIER_DELIVERED) {
		tally->delivered++;
	} else {
		tally->failed++;
	}
}

const struct tally_notices *notify_tally(const struct notify *notify, const char *name)
{
	return notify != NULL ? g_hash_table_lookup(notify->tallies, name) : NULL;
}

unsigned notify_waiting(const struct notify *notify)
{
	return outbox_count(notify->outbox);
}

static void world_due(void *user)
{
	struct notify *notify = user;

	g_clear_handle_id(&notify->timer, g_source_remove);
	notify->timer = g_idle_add(on_timer, notify);
}

static void touch(struct notify *notify, const char *kind, const char *name)
{
	g_autofree char *key = g_strconcat(kind, ":", name, NULL);

	outbox_touch(notify->outbox, key);
}

static void touch_incident(const char *key, void *user)
{
	struct notify *notify = user;

	outbox_touch(notify->outbox, key);
}

static bool is_break_glass(struct entry *entry)
{
	const char *decision =
		entry->type == ENTRY_APPROVAL ? json_str_opt(&entry->fields, "decision", 16) : NULL;

	return g_strcmp0(decision, verdict_names[VERDICT_BREAK_GLASS]) == 0;
}

/* Which messages an entry of the log concerns; what they say is made when they are sent. */
static void take_entry(struct notify *notify, uint64_t seq)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *raw = NULL;
	struct assent_error err;
	struct entry entry;
	const char *plan;
	size_t len;

	if (!store_read(notify->agent->store, seq, &raw, &len, &error)) {
		log_event(EV_NOTIFY_FAILED, NULL, NULL, "%s", error->message);
		return;
	}
	if (entry_parse(&entry, raw, len, &err) != 0) {
		return; // the fold has refused it, too
	}
	plan = json_str_opt(&entry.fields, "plan", HASH_TEXT_SIZE);
	if (plan != NULL) {
		touch(notify, "plan", plan);
	}
	if (plan != NULL && is_break_glass(&entry)) {
		touch(notify, "break-glass", plan);
	}
	if (entry.stack != NULL) {
		touch(notify, "blocked", entry.stack);
		touch(notify, "drift", entry.stack);
	}
	incident_of_entry(&entry, touch_incident, notify);
	entry_clear(&entry);
}

static void save_position(struct notify *notify, uint64_t position)
{
	g_autofree char *text = g_strdup_printf("%" PRIu64 "\n", (guint64)position);
	g_autoptr(GError) error = NULL;

	notify->position = position;
	if (!file_replace(notify->position_file, text, strlen(text), 0600, &error)) {
		log_event(EV_NOTIFY_FAILED, NULL, NULL, "%s", error->message);
	}
}

static gboolean on_scan(void *user)
{
	struct notify *notify = user;
	uint64_t size = store_size(notify->agent->store);

	notify->scan = 0;
	for (uint64_t i = notify->position; i < size; i++) {
		take_entry(notify, i);
	}
	if (size != notify->position) {
		save_position(notify, size);
	}
	if ((notify->agent->dead != NULL) != notify->was_dead) {
		notify->was_dead = notify->agent->dead != NULL;
		outbox_touch(notify->outbox, "dead");
	}
	return G_SOURCE_REMOVE;
}

/* Later, from the loop: whoever decides must not wait for this. */
static void on_change(void *user)
{
	struct notify *notify = user;

	if (notify->scan == 0) {
		notify->scan = g_idle_add(on_scan, notify);
	}
}

static void on_entry(const char *raw, size_t len, void *user)
{
	(void)raw;
	(void)len;
	on_change(user);
}

/* Without a readable position the log begins to be told now; what is open is told anyway. */
static void load_position(struct notify *notify)
{
	uint64_t size = store_size(notify->agent->store);
	g_autofree char *text = NULL;
	guint64 position = 0;
	size_t len;

	if (file_read(notify->position_file, 64, &text, &len, NULL) &&
	    g_ascii_string_to_unsigned(g_strchomp(text), 10, 0, size, &position, NULL)) {
		notify->position = position;
	} else {
		save_position(notify, size);
	}
}

/* Whatever a former run or another configuration has left untold. */
static void catch_up(struct notify *notify)
{
	g_autoptr(GPtrArray) keys = outbox_keys(notify->outbox);
	const GPtrArray *plans = notify->agent->fold->plans;
	GHashTableIter iter;
	char *stack;

	for (unsigned i = 0; i < keys->len; i++) {
		outbox_touch(notify->outbox, g_ptr_array_index(keys, i));
	}
	for (unsigned i = 0; i < plans->len; i++) {
		const struct fold_plan *plan = g_ptr_array_index(plans, i);

		if (plan->phase == STACK_PHASE_OPEN || plan->phase == STACK_PHASE_APPLYING) {
			touch(notify, "plan", plan->id);
		}
	}
	g_hash_table_iter_init(&iter, notify->agent->fold->stacks);
	while (g_hash_table_iter_next(&iter, (void **)&stack, NULL)) {
		touch(notify, "blocked", stack);
		touch(notify, "drift", stack);
		incident_of_stack(stack, touch_incident, notify);
	}
	incident_of_stack(NULL, touch_incident, notify);
	on_change(notify);
}

static void notifier_free(void *data)
{
	struct notifier *n = data;

	if (n->ops->close != NULL) {
		n->ops->close(n);
	}
	g_free(n);
}

static void open_one(struct notify *notify, const struct conf_notifier *conf)
{
	const struct notifier_ops *ops = notifier_ops_find(conf->type);
	g_autoptr(GError) error = NULL;
	struct notifier *n;

	if (strcmp(conf->type, channel_names[CHANNEL_DESKTOP]) == 0) {
		return; // assent-desktop comes for it by itself: see http/desktop.c
	}
	if (ops == NULL) {
		log_event(EV_NOTIFY_FAILED, NULL, NULL, "%s: there is no system '%s'", conf->name,
			  conf->type);
		return;
	}
	n = g_new0(struct notifier, 1);
	n->ops = ops;
	n->conf = conf;
	n->notify = notify;
	n->public_url = notify->public_url;
	n->caps = ops->caps;
	if ((ops->check != NULL && !ops->check(conf, &error)) ||
	    (ops->open != NULL && !ops->open(n, &error))) {
		log_event(EV_NOTIFY_FAILED, NULL, NULL,
			  "%s: %s; nothing is told there until a "
			  "reload",
			  conf->name, error->message);
		g_free(n);
		return;
	}
	g_ptr_array_add(notify->open, n);
}

/* A moment in which no callback is judged: see notifier_ops. */
static void open_doors(struct notify *notify)
{
	struct doors *doors = notify->agent->doors;

	doors_lock(doors);
	doors_shut(doors);
	for (unsigned i = 0; i < notify->open->len; i++) {
		struct notifier *n = g_ptr_array_index(notify->open, i);
		struct door *door = n->ops->door != NULL ? n->ops->door(n) : NULL;

		if (door != NULL) {
			doors_add(doors, door);
		}
	}
	doors_unlock(doors);
}

static void take_clicks(const struct notify *notify, bool closing)
{
	struct click *click;

	while ((click = doors_next(notify->agent->doors)) != NULL) {
		struct notifier *n = click->door->n;

		n->ops->on_click(n, click, closing);
		click_free(click);
	}
}

static void on_clicks(void *user)
{
	take_clicks(user, false);
}

void notify_resume(struct notify *notify)
{
	open_doors(notify);
	for (unsigned i = 0; i < notify->open->len; i++) {
		struct notifier *n = g_ptr_array_index(notify->open, i);

		if (n->ops->resume != NULL) {
			n->ops->resume(n);
		}
	}
}

static void configure(struct notify *notify)
{
	const struct conf *conf = notify->agent->conf;

	g_free(notify->public_url);
	notify->public_url = conf->http != NULL ? web_link(conf->http, "") : NULL;
	for (unsigned i = 0; i < conf->notifiers->len; i++) {
		open_one(notify, g_ptr_array_index(conf->notifiers, i));
	}
	outbox_set(notify->outbox, notify->open);
	catch_up(notify);
	notify_resume(notify);
}

void notify_settle(struct notify *notify)
{
	take_clicks(notify, true);
	for (unsigned i = 0; i < notify->open->len; i++) {
		struct notifier *n = g_ptr_array_index(notify->open, i);

		if (n->ops->settle != NULL) {
			n->ops->settle(n);
		}
	}
}

void notify_reload(struct notify *notify)
{
	GPtrArray *before = notify->open;

	notify->open = g_ptr_array_new_with_free_func(notifier_free);
	configure(notify); // ends what is under way before the old ones go
	g_ptr_array_unref(before);
}

bool notify_open(struct agent *agent, struct notify **out, GError **error)
{
	const char *state = store_dir(agent->store);
	g_autofree char *outbox = g_build_filename(state, "outbox", NULL);
	g_autofree char *tokens = g_build_filename(state, "tokens", NULL);
	struct notify *notify = g_new0(struct notify, 1);
	struct outbox_world world = {.now = world_now,
				     .random = world_random,
				     .view = world_view,
				     .issue = world_issue,
				     .send = world_send,
				     .cancel = world_cancel,
				     .ended = world_ended,
				     .due = world_due,
				     .user = notify};

	notify->agent = agent;
	notify->client = http_client_new();
	notify->open = g_ptr_array_new_with_free_func(notifier_free);
	notify->tallies = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	notify->position_file = g_build_filename(outbox, "position", NULL);
	if (!outbox_open(outbox, &world, &notify->outbox, error) ||
	    !tokens_open(tokens, &notify->tokens, error)) {
		notify_close(notify);
		return false;
	}
	tokens_follow(notify->tokens, ended, notify);
	tokens_forget(notify->tokens, agent_now());
	load_position(notify);
	agent->notify = notify;
	agent->notices = (struct agent_watch){on_entry, on_change, notify};
	doors_hear(agent->doors, on_clicks, notify);
	configure(notify);
	*out = notify;
	return true;
}

void notify_close(struct notify *notify)
{
	if (notify == NULL) {
		return;
	}
	notify_settle(notify);
	doors_hear(notify->agent->doors, NULL, NULL);
	doors_lock(notify->agent->doors);
	doors_shut(notify->agent->doors); // what came just now is the next agent's
	doors_unlock(notify->agent->doors);
	memset(&notify->agent->notices, 0, sizeof(notify->agent->notices));
	notify->agent->notify = NULL;
	outbox_free(notify->outbox);
	g_ptr_array_unref(notify->open);
	g_hash_table_unref(notify->tallies);
	http_client_free(notify->client);
	tokens_free(notify->tokens);
	g_clear_handle_id(&notify->scan, g_source_remove);
	g_clear_handle_id(&notify->timer, g_source_remove);
	g_free(notify->public_url);
	g_free(notify->position_file);
	g_free(notify);
}

struct agent *notify_agent(const struct notify *notify)
{
	return notify->agent;
}

struct http_client *notify_client(const struct notify *notify)
{
	return notify->client;
}

struct tokens *notify_tokens(const struct notify *notify)
{
	return notify->tokens;
}

void notify_shown(struct notifier *n, const char *plan)
{
	g_autofree char *key = g_strconcat("plan:", plan, NULL);

	on_scan(n->notify); // what the decision wrote
	outbox_shown(n->notify->outbox, n->conf->name, key);
}

bool notify_view(struct notify *notify, const char *plan, struct notice **out)
{
	*out = view_plan(notify, plan, false);
	return *out != NULL;
}

bool notify_decide(struct notify *notify, const char *channel, const char *plan, const char *person,
		   const char *verdict, const char *reason, const char *evidence,
		   const struct fold_plan **plan_out, GError **error)
{
	const struct decide_request request = {.plan = plan,
					       .person = person,
					       .decision = verdict,
					       .reason = reason,
					       .channel = channel,
					       .evidence = evidence};
	struct fold_plan *decided = NULL;
	const struct store *store = notify->agent->store;
	uint64_t size = store_size(store);
	struct decide_world world;
	struct agent_unit *unit;

	evidence_world(notify->agent, &world);
	if (!decide(&world, &request, &decided, error)) {
		return false;
	}
	if (store_size(store) == size) {
		log_event(EV_REFUSED, decided->stack, decided->id,
			  "%s: duplicate: '%s' has already said this", channel, person);
	}
	unit = agent_unit(notify->agent, decided->stack);
	if (unit != NULL) {
		unit->recheck = true;
		agent_send(unit, STACK_LOOK, NULL);
	}
	if (plan_out != NULL) {
		*plan_out = decided;
	}
	return true;
}

/* Nobody's: what the last one asked found wrong is told, to the caller by name alone. */
void notify_refuse(struct call *call, const char *name, const GError *error)
{
	const char *code = error != NULL && error->domain == NOTIFY_ERROR
				   ? notify_error_names[error->code]
				   : "not-configured";

	call_note(call, "%s: %s", code, error != NULL ? error->message : "no such notifier");
	log_event(EV_REFUSED, NULL, NULL, "%s: %s: %s", name, code,
		  error != NULL ? error->message : "no such notifier");
	call_fail(call, MHD_HTTP_FORBIDDEN, code, "this request is refused", NULL);
}

void notify_http(struct notify *notify, const char *name, struct call *call)
{
	g_autoptr(GError) error = NULL;

	if (notify == NULL) { // Slack shows that this did not work, and people try again
		call_note(call, "%s: nobody is told or heard now", name);
		call_fail(call, MHD_HTTP_SERVICE_UNAVAILABLE, "closed", "try again", NULL);
		return;
	}
	for (unsigned i = 0; i < notify->open->len; i++) {
		struct notifier *n = g_ptr_array_index(notify->open, i);

		if (strcmp(n->ops->name, name) == 0 && n->ops->on_http != NULL) {
			g_clear_error(&error);
			if (n->ops->on_http(n, call, &error)) {
				return;
			}
		}
	}
	notify_refuse(call, name, error);
}
