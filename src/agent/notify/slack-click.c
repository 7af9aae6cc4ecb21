/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Clicks in Slack: answered at once, decided afterwards. */
#include <sodium.h>
#include <string.h>

#include "agent/agent.h"
#include "agent/decide.h"
#include "agent/http/call.h"
#include "agent/notify/slack-render.h"
#include "agent/notify/slack.h"
#include "base/autoptr.h"
#include "base/error.h"
#include "base/lang.h"
#include "base/log.h"

#define PLANS_MAX 10000 /* newest plans whose buttons are known */
#define TURNS 3		/* of the main loop, in which an answer by socket leaves */
#define REASON_MIN 3
#define TRIES 3

/* A click that was answered; the array of works has one reference, a call that is still to be
 * answered has another. */
struct slack_work {
	struct notifier *n; /* NULL: it is done */
	struct slack_callback *callback;
	char *evidence, *plan, *person;
	char *spool; /* NULL: it is kept nowhere */
	unsigned turns;
	guint source;
};

static void work_clear(void *data)
{
	struct slack_work *work = data;

	slack_callback_free(work->callback);
	g_free(work->evidence);
	g_free(work->plan);
	g_free(work->person);
	g_free(work->spool);
}

void slack_work_drop(void *data)
{
	struct slack_work *work = data;

	g_clear_handle_id(&work->source, g_source_remove);
	work->n = NULL;
	g_rc_box_release_full(work, work_clear);
}

void slack_value(const struct notifier *n, const char *plan, char out[static SLACK_BUTTON_SIZE])
{
	const struct slack *s = n->data;

	slack_button(s->secret, plan, n->conf->channel != NULL ? n->conf->channel : "", out);
}

static struct fold_plan *plan_of(const struct notifier *n, const char *value)
{
	const GPtrArray *plans = notify_agent(n->notify)->fold->plans;
	char expected[SLACK_BUTTON_SIZE];

	for (unsigned i = 0; i < plans->len && i < PLANS_MAX; i++) {
		struct fold_plan *plan = g_ptr_array_index(plans, plans->len - 1 - i);

		slack_value(n, plan->id, expected);
		if (strlen(value) == strlen(expected) &&
		    sodium_memcmp(value, expected, strlen(expected)) == 0) {
			return plan;
		}
	}
	return NULL;
}

static const char *base_of(const struct notifier *n)
{
	const struct slack *s = n->data;

	return s->webhook != NULL ? shared_secret_get(s->webhook, NULL) : n->conf->url;
}

/* NULL: there is none that we would send anything to. */
static const char *response_url(const struct notifier *n, const struct slack_callback *c)
{
	return c->response_url != NULL && slack_is_response_url(c->response_url, base_of(n))
		       ? c->response_url
		       : NULL;
}

static char *ephemeral(const struct slack_callback *c, const char *text)
{
	struct json_writer *w = json_writer_new(0);
	g_autofree char *safe = slack_escape(text, SLACK_TEXT_MAX);
	autocfree char *body = NULL;
	size_t len;

	json_w_object(w, NULL);
	json_w_str(w, "channel", c->channel);
	json_w_str(w, "user", c->user);
	json_w_str(w, "text", safe);
	json_w_end(w);
	if (json_writer_finish(w, &body, &len, NULL) != 0) {
		g_error("cannot write an answer");
	}
	return g_strdup(body);
}

void slack_tell(struct notifier *n, const struct slack_callback *c, const char *text)
{
	const struct slack *s = n->data;
	const char *what = "the answer to a click";
	g_autofree char *clean = notice_clean(text, strlen(text), 1000, true);

	if (response_url(n, c) != NULL) {
		slack_call_start(
			slack_call_new(n, what, NULL, c->response_url, slack_private(clean)),
			TRIES);
	} else if (s->token != NULL) {
		slack_call_start(
			slack_call_new(n, what, "chat.postEphemeral", NULL, ephemeral(c, clean)),
			TRIES);
	}
}

static const char *code_of(const GError *error)
{
	return error->domain == DECIDE_ERROR   ? decide_error_names[error->code]
	       : error->domain == NOTIFY_ERROR ? notify_error_names[error->code]
					       : "failed";
}

/* By the click's own address: an incoming webhook has no other way to change a message. */
static void show(struct slack_work *work)
{
	struct slack *s = work->n->data;
	g_autoptr(notice_auto) notice = NULL;
	struct slack_frame frame = {.replace = true, .ask = true};
	char value[SLACK_BUTTON_SIZE];

	if (s->webhook == NULL || response_url(work->n, work->callback) == NULL ||
	    !notify_view(work->n->notify, work->plan, &notice)) {
		return;
	}
	slack_value(work->n, work->plan, value);
	frame.button = notice_accepts(notice, work->n->ops->name) ? value : NULL;
	slack_call_start(slack_call_new(work->n, "the answer to a click", NULL,
					work->callback->response_url,
					slack_message(notice, &frame)),
			 TRIES);
	notify_shown(work->n, work->plan);
}

static bool perform(struct slack_work *work, GError **error)
{
	const struct slack_callback *c = work->callback;
	bool approve = c->kind == SLACK_APPROVE;

	return notify_decide(work->n->notify, work->n->ops->name, work->plan, work->person,
			     approve ? "approve" : "reject", approve ? "" : c->reason,
			     work->evidence, NULL, error);
}

static void log_refused(const struct slack_work *work, const GError *error)
{
	const struct slack_callback *c = work->callback;

	log_event(EV_REFUSED, NULL, work->plan, "slack user '%s/%s': %s: %s", c->user_team, c->user,
		  code_of(error), error->message);
}

static void finish(struct slack_work *work)
{
	struct slack *s = work->n->data;
	g_autofree char *hint = NULL;
	g_autoptr(GError) error = NULL;

	if (perform(work, &error)) {
		show(work);
	} else {
		log_refused(work, error);
		/* TRANSLATORS: why, in English as in the log */
		hint = g_strdup_printf(_("This was not counted: %s."), error->message);
		slack_tell(work->n, work->callback, hint);
	}
	slack_spool_drop(work->spool);
	g_ptr_array_remove(s->works, work);
}

/* Nothing can be sent any more: the outbox shows later what was decided, and what was refused is
 * kept, so that whoever clicked is told. */
void slack_settle(struct notifier *n)
{
	struct slack *s = n->data;

	for (unsigned i = 0; i < s->works->len; i++) {
		struct slack_work *work = g_ptr_array_index(s->works, i);
		g_autoptr(GError) error = NULL;

		if (perform(work, &error)) {
			slack_spool_drop(work->spool);
		} else {
			log_refused(work, error);
		}
	}
	g_ptr_array_set_size(s->works, 0);
}

static gboolean on_turn(void *user)
{
	struct slack_work *work = user;

	if (--work->turns > 0) {
		return G_SOURCE_CONTINUE;
	}
	work->source = 0;
	finish(work);
	return G_SOURCE_REMOVE;
}

/* Not by an idle priority, which a flood of requests would keep from its turn. */
static void start(struct slack_work *work, unsigned turns)
{
	work->turns = turns;
	work->source = g_idle_add_full(G_PRIORITY_DEFAULT, on_turn, work, NULL);
}

static void on_answered(void *user)
{
	struct slack_work *work = user;

	if (work->n != NULL) {
		start(work, 1);
	}
	g_rc_box_release_full(work, work_clear);
}

/* However long the disk takes: the answer is on its way before. */
static void start_after(struct slack_work *work, struct call *call)
{
	g_clear_handle_id(&work->source, g_source_remove);
	call_after(call, on_answered, g_rc_box_acquire(work));
}

static void queue(struct notifier *n, struct slack_callback *c, const char *plan,
		  const char *person, const void *bytes, size_t len, struct slack_answer *out)
{
	struct slack *s = n->data;
	struct slack_work *work = g_rc_box_new0(struct slack_work);

	work->n = n;
	work->callback = c;
	work->evidence = slack_evidence(c, bytes, len);
	work->plan = g_strdup(plan);
	work->person = g_strdup(person);
	work->spool = out->spool != NULL ? g_strdup(out->spool)
					 : slack_spool_put(slack_door_keep(s->door), bytes, len);
	g_ptr_array_add(s->works, work);
	start(work, TURNS);
	out->work = work;
}

/* The dialog stays open and shows what is wrong. */
static char *dialog_errors(const char *problem)
{
	struct json_writer *w = json_writer_new(0);
	autocfree char *text = NULL;
	size_t len;

	json_w_object(w, NULL);
	json_w_str(w, "response_action", "errors");
	json_w_object(w, "errors");
	json_w_str(w, "reason", problem);
	json_w_end(w);
	json_w_end(w);
	if (json_writer_finish(w, &text, &len, NULL) != 0) {
		g_error("cannot write an answer");
	}
	return g_strdup(text);
}

/* A click by the right app, from the right channel, that cannot count: Slack is content, the
 * person is told why. */
static void refuse(struct notifier *n, const struct slack_callback *c, const char *plan,
		   const char *code, const char *text, struct slack_answer *out)
{
	if (out->closing) {
		return;
	}
	out->note = g_strdup_printf("%s: slack user '%s/%s'", code, c->user_team, c->user);
	log_event(EV_REFUSED, NULL, plan, "slack user '%s/%s': %s", c->user_team, c->user, code);
	if (c->kind == SLACK_REASON && !out->gone) {
		out->body = dialog_errors(text);
	} else {
		slack_tell(n, c, text);
	}
}

static void refuse_stranger(struct notifier *n, const struct slack_callback *c, const char *plan,
			    struct slack_answer *out)
{
	/* TRANSLATORS: a line of the configuration, "slack: T024/U024BE7LH" */
	g_autofree char *text = g_strdup_printf(
		_("Assent does not know you. Ask for 'slack: %s/%s' in your entry of 'people' in "
		  "the agent's configuration."),
		c->user_team, c->user);

	refuse(n, c, plan, notify_error_names[NOTIFY_ERROR_UNKNOWN_PERSON], text, out);
}

/* The trigger is good for three seconds, so this comes before everything else. */
static void ask_reason(struct notifier *n, const struct slack_callback *c,
		       const struct fold_plan *plan, const struct slack_answer *out)
{
	g_autofree char *id = g_strndup(plan->id + strlen("sha256:"), 12);
	struct slack_call *call;

	if (out->closing) {
		return;
	}
	call = slack_call_new(n, "the dialog", "views.open", NULL,
			      slack_modal(c->trigger, id, c->button, c->channel, c->message_ts));
	call->response_url = g_strdup(response_url(n, c));
	slack_call_start(call, 1);
}

static bool has_reason(const struct slack_callback *c)
{
	g_autofree char *text = g_strstrip(g_strdup(c->reason != NULL ? c->reason : ""));

	return g_utf8_strlen(text, -1) >= REASON_MIN;
}

static void take(struct notifier *n, struct slack_callback *taken, const struct fold_plan *plan,
		 const void *bytes, size_t len, struct slack_answer *out)
{
	const struct slack *s = n->data;
	g_autoptr(slack_callback_auto) c = taken;
	g_autofree char *id = g_strconcat(c->user_team, "/", c->user, NULL);
	const struct conf_person *person = conf_person_of_slack(notify_agent(n->notify)->conf, id);

	if (person == NULL) {
		refuse_stranger(n, c, plan->id, out);
	} else if (c->kind == SLACK_REASON && plan->phase != STACK_PHASE_OPEN) {
		refuse(n, c, plan->id, "closed",
		       _("This plan is no longer waiting: it was decided or replaced meanwhile."),
		       out);
	} else if (c->kind == SLACK_REJECT && s->token != NULL && c->trigger != NULL) {
		ask_reason(n, c, plan, out);
	} else if (c->kind != SLACK_APPROVE && !has_reason(c)) {
		refuse(n, c, plan->id, "reason-missing",
		       _("Please say why, in at least three characters."), out);
	} else {
		queue(n, g_steal_pointer(&c), plan->id, person->name, bytes, len, out);
	}
}

void slack_take(struct notifier *n, struct slack_callback *taken, const void *bytes, size_t len,
		struct slack_answer *out)
{
	g_autoptr(slack_callback_auto) c = taken;
	const struct fold_plan *plan;

	if (c->kind == SLACK_NOTHING) {
		return;
	}
	plan = plan_of(n, c->button);
	if (plan == NULL) {
		refuse(n, c, NULL, notify_error_names[NOTIFY_ERROR_TOKEN_UNKNOWN],
		       _("This button is not known here: use the newest message or the review "
			 "page."),
		       out);
		return;
	}
	take(n, g_steal_pointer(&c), plan, bytes, len, out);
}

void slack_answer_clear(struct slack_answer *answer)
{
	g_clear_pointer(&answer->body, g_free);
	g_clear_pointer(&answer->note, g_free);
}

static void reply(struct call *call, const struct slack_answer *answer)
{
	if (answer->work != NULL) {
		start_after(answer->work, call);
	}
	if (answer->note != NULL) {
		call_note(call, "%s", answer->note);
	}
	if (answer->body != NULL) {
		call_reply(call, MHD_HTTP_OK, "application/json", answer->body,
			   strlen(answer->body));
	} else {
		call_reply(call, MHD_HTTP_OK, "text/plain; charset=utf-8", "", 0);
	}
}

/* What was let in, and is kept. */
void slack_on_click(struct notifier *n, struct click *click, bool closing)
{
	struct slack_answer answer = {
		.spool = click->kept, .gone = click->call == NULL, .closing = closing};

	slack_take(n, g_steal_pointer(&click->read), click->bytes, click->len, &answer);
	if (answer.work == NULL && !closing) {
		slack_spool_drop(click->kept);
	}
	if (click->call != NULL) {
		reply(click->call, &answer);
		call_return(g_steal_pointer(&click->call));
	}
	slack_answer_clear(&answer);
}

/* Only what could not be kept, or when there is no door at all. */
bool slack_on_http(struct notifier *n, struct call *call, GError **error)
{
	struct doors *doors = notify_agent(n->notify)->doors;
	const struct slack *s = n->data;
	struct slack_answer answer = {0};
	struct slack_callback *c = NULL;
	bool heard;

	if (s->door == NULL) {
		return fail(error, NOTIFY_ERROR, NOTIFY_ERROR_NOT_CONFIGURED,
			    "'%s' has no signing-secret and so no buttons", n->conf->name);
	}
	doors_lock(doors);
	heard = slack_door_hear(s->door, call, &c, error);
	doors_unlock(doors);
	if (!heard) {
		return false;
	}
	slack_take(n, c, call->body->str, call->body->len, &answer);
	reply(call, &answer);
	slack_answer_clear(&answer);
	return true;
}
