/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of the outbox: agent/notify/outbox*.c, with scripted time, chance, network and state. */
#include "agent/notify/outbox.h"

#include <string.h>

#include "agent/notify/outbox-job.h"
#include "scratch.h"

/* A request under way, as the fake network holds it. */
struct flight {
	unsigned id;
	char *body;
	http_done_fn done;
	void *data;
};
struct rig {
	char *dir;
	struct outbox *outbox;
	struct outbox_world world;
	struct conf_notifier conf[2];
	struct notifier notifier[2];
	GPtrArray *notifiers;
	int64_t now;
	GHashTable *views;  /* key to enum notice_event */
	GHashTable *texts;  /* key to an incident's text */
	int64_t round;	    /* of an alert */
	GPtrArray *flights; /* struct flight */
	unsigned last, issued;
	bool dying;			   /* announce() fails */
	unsigned ended[NOTIFIER_GONE + 1]; /* attempts by what became of them */
};

static bool put_message(const char *verb, struct notifier *n, const struct notice *notice,
			struct notifier_message *message)
{
	const char *token =
		notice_is_open(notice) && message->first ? message->token(message, "alice") : NULL;

	message->send.url = g_strdup("https://x.example.org/");
	message->send.body = g_strdup_printf(
		"%s %s %s %s%s%s%s%s%s items=%u", n->conf->name, verb, notice->key,
		notice_event_names[notice->event], notice->reminder ? " reminder" : "",
		message->plain ? " plain" : "", message->handle != NULL ? " h=" : "",
		message->handle != NULL ? message->handle : "", token != NULL ? token : "",
		notice->items->len);
	message->send.body_len = strlen(message->send.body);
	message->send.headers = g_new0(char *, 2);
	message->send.headers[0] = g_strdup(message->id);
	return true;
}

static bool announce(struct notifier *n, const struct notice *notice,
		     struct notifier_message *message, GError **error)
{
	struct rig *rig = n->data;

	if (rig->dying) {
		g_set_error_literal(error, NOTIFY_ERROR, NOTIFY_ERROR_MALFORMED, "no form");
		return false;
	}
	return put_message("announce", n, notice, message);
}

static bool refresh(struct notifier *n, const struct notice *notice,
		    struct notifier_message *message, GError **error)
{
	(void)error;
	return put_message("refresh", n, notice, message);
}

static void judge(struct notifier *n, const struct http_received *answer,
		  struct notifier_outcome *out)
{
	(void)n;
	notify_judge(answer, out);
	if (answer->status == 404 && strcmp(answer->body, "message") == 0) {
		out->fate = NOTIFIER_GONE;
	}
	if (out->fate == NOTIFIER_DELIVERED && answer->len > 0) {
		out->handle = g_strdup(answer->body);
	}
}

static const struct notifier_ops ops = {
	.name = "fake", .announce = announce, .refresh = refresh, .judge = judge};

static int64_t world_now(void *user)
{
	return ((struct rig *)user)->now;
}

static uint32_t world_random(void *user)
{
	(void)user;
	return 0; // the shortest pause: three quarters
}

static struct notice *world_view(void *user, const char *key, bool brief)
{
	struct rig *rig = user;
	gpointer event = NULL;
	struct notice *notice;

	(void)brief;
	if (!g_hash_table_lookup_extended(rig->views, key, NULL, &event)) {
		return NULL;
	}
	notice = notice_new(g_str_has_prefix(key, "plan:")	    ? NOTICE_PLAN
			    : g_str_has_prefix(key, "break-glass:") ? NOTICE_BROKEN
			    : g_str_has_prefix(key, "alert:")	    ? NOTICE_ALERT
								    : NOTICE_DRIFT,
			    (enum notice_event)GPOINTER_TO_INT(event));
	notice->key = g_strdup(key);
	notice->agent = g_strdup("a");
	notice->stack = g_strdup("web");
	notice->plan = g_strdup(key);
	notice->round = notice->kind == NOTICE_ALERT ? rig->round : 0;
	notice->text = g_strdup(g_hash_table_lookup(rig->texts, key));
	return notice;
}

static bool world_issue(void *user, const struct notifier *n, const struct notice *notice,
			const char *person, char text[static 48])
{
	struct rig *rig = user;

	(void)n;
	(void)notice;
	g_snprintf(text, 48, " token-%s-%u", person, ++rig->issued);
	return true;
}

static void flight_free(void *data)
{
	struct flight *flight = data;

	g_free(flight->body);
	g_free(flight);
}

static unsigned world_send(void *user, const struct http_send *send, http_done_fn done, void *data)
{
	struct rig *rig = user;
	struct flight *flight = g_new0(struct flight, 1);

	flight->id = ++rig->last;
	flight->body = g_strconcat(send->headers[0], " ", send->body, NULL);
	flight->done = done;
	flight->data = data;
	g_ptr_array_add(rig->flights, flight);
	return flight->id;
}

static void world_cancel(void *user, unsigned id)
{
	struct rig *rig = user;

	for (unsigned i = 0; i < rig->flights->len; i++) {
		if (((struct flight *)g_ptr_array_index(rig->flights, i))->id == id) {
			g_ptr_array_remove_index(rig->flights, i);
			return;
		}
	}
}

static void world_ended(void *user, const struct notifier *n, enum notifier_fate fate)
{
	struct rig *rig = user;

	(void)n;
	rig->ended[fate]++;
}

static void world_due(void *user)
{
	(void)user;
}

static void rig_open(struct rig *rig)
{
	g_autoptr(GError) error = NULL;

	rig->world = (struct outbox_world){world_now,	world_random, world_view,
					   world_issue, world_send,   world_cancel,
					   world_ended, world_due,    rig};
	g_assert_true(outbox_open(rig->dir, &rig->world, &rig->outbox, &error));
	g_assert_no_error(error);
	outbox_set(rig->outbox, rig->notifiers);
}

static void rig_start(struct rig *rig, unsigned caps, unsigned count)
{
	*rig = (struct rig){.dir = scratch_new(), .now = 1000};
	rig->notifiers = g_ptr_array_new();
	rig->views = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	rig->texts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	rig->flights = g_ptr_array_new_with_free_func(flight_free);
	for (unsigned i = 0; i < count; i++) {
		rig->conf[i].name = (char *)(i == 0 ? "one" : "two");
		rig->conf[i].burst = 5;
		rig->notifier[i] = (struct notifier){
			.ops = &ops, .conf = &rig->conf[i], .caps = caps, .data = rig};
		g_ptr_array_add(rig->notifiers, &rig->notifier[i]);
	}
	rig_open(rig);
}

/* As by kill -9: what is not on disk is gone. */
static void rig_restart(struct rig *rig)
{
	outbox_free(rig->outbox);
	g_ptr_array_set_size(rig->flights, 0);
	rig_open(rig);
}

static void rig_stop(struct rig *rig)
{
	outbox_free(rig->outbox);
	g_ptr_array_unref(rig->flights);
	g_ptr_array_unref(rig->notifiers);
	g_hash_table_unref(rig->views);
	g_hash_table_unref(rig->texts);
	scratch_free(rig->dir);
}

static void set(struct rig *rig, const char *key, enum notice_event event)
{
	g_hash_table_replace(rig->views, g_strdup(key), GINT_TO_POINTER(event));
	outbox_touch(rig->outbox, key);
	outbox_run(rig->outbox);
}

/* The only request under way holds all parts. */
static void under_way(const struct rig *rig, const char *part)
{
	g_assert_cmpuint(rig->flights->len, ==, 1);
	g_test_message("%s", ((struct flight *)g_ptr_array_index(rig->flights, 0))->body);
	g_assert_nonnull(strstr(((struct flight *)g_ptr_array_index(rig->flights, 0))->body, part));
}

static void reply(struct rig *rig, long status, const char *body, int64_t retry_after)
{
	struct flight *flight = g_ptr_array_steal_index(rig->flights, 0);
	struct http_received answer = {.status = status,
				       .body = body,
				       .len = strlen(body),
				       .retry_after = retry_after,
				       .problem = status == 0 ? "no answer" : NULL};

	flight->done(&answer, flight->data);
	flight_free(flight);
	outbox_run(rig->outbox);
}

static void at(struct rig *rig, int64_t now)
{
	rig->now = now;
	outbox_run(rig->outbox);
}

static void test_one_message_is_refreshed(void)
{
	struct rig rig;

	rig_start(&rig, NOTIFIER_UPDATE, 1);
	set(&rig, "plan:1", NOTICE_PENDING);
	under_way(&rig, "one announce plan:1 pending token-alice-1");
	reply(&rig, 200, "post7", 0);
	g_assert_cmpuint(rig.flights->len, ==, 0);
	g_assert_cmpstr(outbox_handle(rig.outbox, "one", "plan:1"), ==, "post7");
	outbox_touch(rig.outbox, "plan:1"); // nothing has changed
	outbox_run(rig.outbox);
	g_assert_cmpuint(rig.flights->len, ==, 0);
	set(&rig, "plan:1", NOTICE_APPLYING);
	under_way(&rig, "one refresh plan:1 applying h=post7");
	reply(&rig, 200, "", 0);
	set(&rig, "plan:1", NOTICE_OK);
	under_way(&rig, "refresh plan:1 ok h=post7");
	reply(&rig, 200, "", 0);
	g_assert_cmpuint(outbox_count(rig.outbox), ==, 0); // it can change no more
	g_assert_cmpuint(rig.ended[NOTIFIER_DELIVERED], ==, 3);
	g_assert_cmpuint(rig.ended[NOTIFIER_LATER], ==, 0);
	rig_stop(&rig);
}

static void test_only_the_last_state_is_told(void)
{
	struct rig rig;

	rig_start(&rig, NOTIFIER_EVENTS, 1);
	set(&rig, "plan:1", NOTICE_PENDING);
	set(&rig, "plan:1", NOTICE_VOTED);
	set(&rig, "plan:1", NOTICE_APPLYING);
	set(&rig, "plan:1", NOTICE_OK);
	under_way(&rig, "announce plan:1 pending"); // one at a time
	reply(&rig, 200, "", 0);
	under_way(&rig, "refresh plan:1 ok");
	reply(&rig, 200, "", 0);
	g_assert_cmpuint(outbox_count(rig.outbox), ==, 0);
	rig_stop(&rig);
}

static void test_messages_keep_their_order(void)
{
	struct rig rig;

	rig_start(&rig, NOTIFIER_UPDATE, 1);
	set(&rig, "plan:1", NOTICE_PENDING);
	set(&rig, "plan:2", NOTICE_PENDING);
	set(&rig, "plan:3", NOTICE_PENDING);
	under_way(&rig, "plan:1 ");
	reply(&rig, 200, "", 0);
	under_way(&rig, "plan:2 ");
	reply(&rig, 200, "", 0);
	under_way(&rig, "plan:3 ");
	rig_stop(&rig);
}

static void test_restart_loses_nothing(void)
{
	g_autofree char *first = NULL;
	struct rig rig;

	rig_start(&rig, NOTIFIER_UPDATE, 1);
	set(&rig, "plan:1", NOTICE_PENDING);
	first = g_strndup(((struct flight *)g_ptr_array_index(rig.flights, 0))->body, 36);
	rig_restart(&rig); // before any answer
	outbox_run(rig.outbox);
	under_way(&rig, "announce plan:1 pending");
	under_way(&rig, first); // the same id: a receiver knows that it has it
	reply(&rig, 200, "post7", 0);
	rig_restart(&rig);
	set(&rig, "plan:1", NOTICE_REJECTED);
	under_way(&rig, "refresh plan:1 rejected h=post7");
	reply(&rig, 503, "", 0);
	rig_restart(&rig);
	outbox_run(rig.outbox);
	g_assert_cmpuint(rig.flights->len, ==, 0); // its pause has outlived the restart
	at(&rig, rig.now + OUTBOX_PAUSE);
	under_way(&rig, "refresh plan:1 rejected h=post7");
	rig_stop(&rig);
}

static void test_pauses_double_and_end(void)
{
	struct rig rig;
	int64_t pause = OUTBOX_PAUSE;

	rig_start(&rig, NOTIFIER_UPDATE, 1);
	set(&rig, "plan:1", NOTICE_PENDING);
	for (unsigned i = 0; i < 12; i++) {
		int64_t wait = MAX(pause * 3 / 4, 1);

		reply(&rig, i % 2 == 0 ? 500 : 0, "", 0);
		g_assert_cmpint(outbox_wake(rig.outbox), ==, rig.now + wait);
		at(&rig, rig.now + wait - 1);
		g_assert_cmpuint(rig.flights->len, ==, 0);
		at(&rig, rig.now + 1);
		under_way(&rig, "announce plan:1 pending token-alice-1"); // no second token
		pause = MIN(pause * 2, OUTBOX_PAUSE_MAX);
	}
	reply(&rig, 200, "", 0);
	g_assert_cmpint(outbox_wake(rig.outbox), ==, 0);
	rig_stop(&rig);
}

static void test_retry_after_holds_for_the_whole_notifier(void)
{
	struct rig rig;

	rig_start(&rig, NOTIFIER_UPDATE, 1);
	set(&rig, "plan:1", NOTICE_PENDING);
	reply(&rig, 429, "", 77);
	set(&rig, "plan:2", NOTICE_PENDING);
	g_assert_cmpuint(rig.flights->len, ==, 0);
	g_assert_cmpint(outbox_wake(rig.outbox), ==, 1077);
	at(&rig, 1076);
	g_assert_cmpuint(rig.flights->len, ==, 0);
	at(&rig, 1077);
	under_way(&rig, "plan:2 "); // one that is refused again and again holds up no other
	reply(&rig, 429, "", 3);
	at(&rig, 1080);
	under_way(&rig, "plan:1 ");
	reply(&rig, 200, "", 0);
	under_way(&rig, "plan:2 ");
	rig_stop(&rig);
}

static void test_one_that_hangs_holds_up_nobody(void)
{
	struct rig rig;

	rig_start(&rig, NOTIFIER_UPDATE, 2);
	set(&rig, "plan:1", NOTICE_PENDING);
	g_assert_cmpuint(rig.flights->len, ==, 2);
	/* the first never answers */
	for (unsigned i = 0; i < 3; i++) {
		struct flight *flight = g_ptr_array_index(rig.flights, 1);
		struct http_received answer = {.status = 200, .body = ""};

		g_assert_nonnull(strstr(flight->body, " two "));
		flight = g_ptr_array_steal_index(rig.flights, 1);
		flight->done(&answer, flight->data);
		flight_free(flight);
		set(&rig, "plan:1", i % 2 == 0 ? NOTICE_VOTED : NOTICE_PENDING);
		g_assert_cmpuint(rig.flights->len, ==, 2);
	}
	rig_stop(&rig);
}

static void test_refused_form_becomes_plain_text(void)
{
	struct rig rig;

	rig_start(&rig, NOTIFIER_UPDATE, 1);
	set(&rig, "plan:1", NOTICE_PENDING);
	reply(&rig, 400, "", 0);
	under_way(&rig, "announce plan:1 pending plain");
	reply(&rig, 400, "", 0);
	g_assert_cmpuint(rig.flights->len, ==, 0); // once, not again and again
	g_assert_cmpint(outbox_wake(rig.outbox), ==, 0);
	set(&rig, "plan:1", NOTICE_APPLYING); // the next state is tried in full
	under_way(&rig, "announce plan:1 applying");
	g_assert_null(strstr(((struct flight *)g_ptr_array_index(rig.flights, 0))->body, "plain"));
	rig_stop(&rig);
}

static void test_what_cannot_succeed_rests(void)
{
	struct rig rig;

	rig_start(&rig, NOTIFIER_UPDATE, 1);
	set(&rig, "plan:1", NOTICE_PENDING);
	reply(&rig, 403, "", 0);
	g_assert_cmpuint(rig.flights->len, ==, 0);
	g_assert_cmpint(outbox_wake(rig.outbox), ==, 0);
	rig_restart(&rig); // somebody may have mended the configuration
	outbox_run(rig.outbox);
	under_way(&rig, "announce plan:1 pending");
	rig_stop(&rig);
}

static void test_message_that_is_gone_is_announced_anew(void)
{
	struct rig rig;

	rig_start(&rig, NOTIFIER_UPDATE, 1);
	set(&rig, "plan:1", NOTICE_PENDING);
	reply(&rig, 200, "post7", 0);
	set(&rig, "plan:1", NOTICE_VOTED);
	reply(&rig, 404, "message", 0);
	under_way(&rig, "announce plan:1 voted");
	reply(&rig, 404, "message", 0); // makes no sense: not for ever
	g_assert_cmpuint(rig.flights->len, ==, 0);
	rig_stop(&rig);
}

static void test_flood_is_one_message(void)
{
	struct rig rig;
	char key[32];

	rig_start(&rig, NOTIFIER_UPDATE, 1);
	for (unsigned i = 0; i < 9; i++) {
		g_snprintf(key, sizeof(key), "plan:%u", i);
		g_hash_table_replace(rig.views, g_strdup(key), GINT_TO_POINTER(NOTICE_PENDING));
		outbox_touch(rig.outbox, key);
	}
	outbox_run(rig.outbox);
	under_way(&rig, "announce group:10 pending");
	under_way(&rig, "items=9");
	reply(&rig, 200, "", 0);
	g_assert_cmpuint(rig.flights->len, ==, 0);
	set(&rig, "plan:1", NOTICE_VOTED); // no message of its own
	set(&rig, "plan:2", NOTICE_OK);
	g_assert_cmpuint(rig.flights->len, ==, 0);
	set(&rig, "plan:3", NOTICE_FAILED); // but this matters
	under_way(&rig, "announce plan:3 failed");
	reply(&rig, 200, "", 0);
	at(&rig, rig.now + OUTBOX_WINDOW);
	set(&rig, "plan:77", NOTICE_PENDING);
	under_way(&rig, "announce plan:77 pending");
	rig_stop(&rig);
}

/* Whether or not the plan is one of many, and before all that waits. */
static void test_broken_glass_waits_for_nothing(void)
{
	struct rig rig;
	char key[32];

	rig_start(&rig, 0, 1);
	for (unsigned i = 0; i < 9; i++) {
		g_snprintf(key, sizeof(key), "plan:%u", i);
		g_hash_table_replace(rig.views, g_strdup(key), GINT_TO_POINTER(NOTICE_PENDING));
		outbox_touch(rig.outbox, key);
	}
	outbox_run(rig.outbox);
	under_way(&rig, "announce group:10 pending");
	set(&rig, "drift:web", NOTICE_PROBLEM); // older than what follows
	set(&rig, "plan:3", NOTICE_VOTED);
	set(&rig, "break-glass:3", NOTICE_PROBLEM);
	reply(&rig, 200, "", 0);
	under_way(&rig, "announce break-glass:3 problem");
	reply(&rig, 500, "", 0); // as durable as any other
	rig_restart(&rig);
	at(&rig, rig.now + OUTBOX_PAUSE);
	under_way(&rig, "announce break-glass:3 problem");
	reply(&rig, 200, "", 0);
	under_way(&rig, "announce drift:web problem");
	reply(&rig, 200, "", 0);
	outbox_touch(rig.outbox, "plan:3");
	outbox_run(rig.outbox);
	g_assert_cmpuint(rig.flights->len, ==, 0); // and is told once
	rig_stop(&rig);
}

static void test_flood_outlives_a_restart(void)
{
	struct rig rig;
	char key[32];

	rig_start(&rig, NOTIFIER_UPDATE, 1);
	for (unsigned i = 0; i < 9; i++) {
		g_snprintf(key, sizeof(key), "plan:%u", i);
		g_hash_table_replace(rig.views, g_strdup(key), GINT_TO_POINTER(NOTICE_PENDING));
		outbox_touch(rig.outbox, key);
	}
	outbox_run(rig.outbox);
	rig_restart(&rig);
	for (unsigned i = 4; i < 9; i++) {
		g_snprintf(key, sizeof(key), "plan:%u", i);
		set(&rig, key, NOTICE_REJECTED);
	}
	under_way(&rig, "announce group:10 pending");
	under_way(&rig, "items=");
	reply(&rig, 200, "", 0);
	g_assert_cmpuint(rig.flights->len, ==, 0);
	g_assert_cmpuint(outbox_count(rig.outbox), ==, 4);
	rig_stop(&rig);
}

static void test_incident_is_told_resolved(void)
{
	struct rig rig;

	rig_start(&rig, NOTIFIER_UPDATE, 1);
	set(&rig, "drift:web", NOTICE_RESOLVED); // of nothing
	g_assert_cmpuint(outbox_count(rig.outbox), ==, 0);
	g_hash_table_replace(rig.texts, g_strdup("drift:web"), g_strdup("2 places"));
	set(&rig, "drift:web", NOTICE_PROBLEM);
	under_way(&rig, "announce drift:web problem");
	reply(&rig, 200, "post7", 0);
	g_hash_table_replace(rig.texts, g_strdup("drift:web"), g_strdup("3 places"));
	set(&rig, "drift:web", NOTICE_PROBLEM); // the same incident
	under_way(&rig, "refresh drift:web problem h=post7");
	reply(&rig, 200, "", 0);
	set(&rig, "drift:web", NOTICE_RESOLVED);
	under_way(&rig, "refresh drift:web resolved h=post7");
	reply(&rig, 200, "", 0);
	g_assert_cmpuint(outbox_count(rig.outbox), ==, 0);
	set(&rig, "drift:web", NOTICE_PROBLEM); // another one
	under_way(&rig, "announce drift:web problem");
	rig_stop(&rig);
}

static void test_what_was_over_untold_stays_untold(void)
{
	struct rig rig;

	rig_start(&rig, NOTIFIER_UPDATE, 1);
	set(&rig, "plan:0", NOTICE_PENDING); // keeps the line busy
	set(&rig, "plan:1", NOTICE_PENDING);
	set(&rig, "plan:1", NOTICE_SUPERSEDED);
	set(&rig, "drift:web", NOTICE_PROBLEM);
	set(&rig, "drift:web", NOTICE_RESOLVED);
	set(&rig, "plan:2", NOTICE_PENDING);
	set(&rig, "plan:2", NOTICE_REJECTED);
	reply(&rig, 200, "", 0);
	under_way(&rig, "announce plan:2 rejected");
	reply(&rig, 200, "", 0);
	g_assert_cmpuint(rig.flights->len, ==, 0);
	g_assert_cmpuint(outbox_count(rig.outbox), ==, 1);
	rig_stop(&rig);
}

static void test_who_cannot_update_hears_begin_and_end(void)
{
	struct rig rig;

	rig_start(&rig, 0, 1);
	set(&rig, "plan:1", NOTICE_PENDING);
	reply(&rig, 200, "", 0);
	set(&rig, "plan:1", NOTICE_VOTED);
	set(&rig, "plan:1", NOTICE_APPLYING);
	g_assert_cmpuint(rig.flights->len, ==, 0);
	set(&rig, "plan:1", NOTICE_OK);
	under_way(&rig, "announce plan:1 ok");
	reply(&rig, 200, "", 0);
	set(&rig, "plan:2", NOTICE_PENDING);
	reply(&rig, 200, "", 0);
	set(&rig, "plan:2", NOTICE_SUPERSEDED); // the next plan's message says it
	g_assert_cmpuint(rig.flights->len, ==, 0);
	g_assert_cmpuint(outbox_count(rig.outbox), ==, 0);
	rig_stop(&rig);
}

static void test_reminders(void)
{
	struct rig rig;

	rig_start(&rig, NOTIFIER_UPDATE, 1);
	rig.conf[0].remind = 3600;
	set(&rig, "plan:1", NOTICE_PENDING);
	reply(&rig, 200, "post7", 0);
	g_assert_cmpint(outbox_wake(rig.outbox), ==, 4600);
	rig_restart(&rig);
	at(&rig, 4600);
	under_way(&rig, "announce plan:1 pending reminder h=post7");
	reply(&rig, 200, "post8", 0);
	g_assert_cmpstr(outbox_handle(rig.outbox, "one", "plan:1"), ==, "post7");
	g_assert_cmpint(outbox_wake(rig.outbox), ==, 8200);
	set(&rig, "plan:1", NOTICE_REJECTED);
	under_way(&rig, "refresh plan:1 rejected h=post7");
	reply(&rig, 200, "", 0);
	g_assert_cmpint(outbox_wake(rig.outbox), ==, 0);
	rig_stop(&rig);
}

/* What the log reminds of is a message of its own, once for each time, in every system; the
 * notifier's own reminders do not come on top. */
static void test_rounds(void)
{
	static const unsigned caps[] = {NOTIFIER_UPDATE, NOTIFIER_EVENTS, 0};
	struct rig rig;

	for (size_t i = 0; i < G_N_ELEMENTS(caps); i++) {
		rig_start(&rig, caps[i], 1);
		rig.conf[0].remind = 60;
		set(&rig, "alert:drift:web", NOTICE_PROBLEM);
		under_way(&rig, "announce alert:drift:web problem items");
		reply(&rig, 200, "post7", 0);
		g_assert_cmpint(outbox_wake(rig.outbox), ==, 0);
		rig.round = 1;
		set(&rig, "alert:drift:web", NOTICE_PROBLEM);
		under_way(&rig, "announce alert:drift:web problem reminder h=post7");
		rig_restart(&rig); // before it was answered
		outbox_run(rig.outbox);
		under_way(&rig, "announce alert:drift:web problem reminder h=post7");
		reply(&rig, 500, "", 0);
		at(&rig, rig.now + 10);
		under_way(&rig, "announce alert:drift:web problem reminder h=post7");
		reply(&rig, 200, "post8", 0);
		g_assert_cmpstr(outbox_handle(rig.outbox, "one", "alert:drift:web"), ==, "post7");
		g_assert_cmpint(outbox_wake(rig.outbox), ==, 0);
		set(&rig, "alert:drift:web", NOTICE_PROBLEM); // nothing has changed
		g_assert_cmpuint(rig.flights->len, ==, 0);
		rig.round = 0;
		set(&rig, "alert:drift:web", NOTICE_RESOLVED);
		under_way(&rig, caps[i] != 0 ? "refresh alert:drift:web resolved"
					     : "announce alert:drift:web resolved");
		reply(&rig, 200, "", 0);
		g_assert_cmpuint(outbox_count(rig.outbox), ==, 0);
		rig_stop(&rig);
	}
}

static void test_what_cannot_be_composed_rests(void)
{
	struct rig rig;

	rig_start(&rig, NOTIFIER_UPDATE, 1);
	rig.dying = true;
	set(&rig, "plan:1", NOTICE_PENDING);
	g_assert_cmpuint(rig.flights->len, ==, 0);
	g_assert_cmpint(outbox_wake(rig.outbox), ==, 0);
	rig.dying = false;
	set(&rig, "plan:1", NOTICE_APPLYING);
	under_way(&rig, "announce plan:1 applying");
	rig_stop(&rig);
}

static void test_only_the_stacks_of_the_notifier(void)
{
	char *stacks[] = {(char *)"db", NULL};
	struct rig rig;

	rig_start(&rig, NOTIFIER_UPDATE, 2);
	rig.conf[0].stacks = stacks;
	set(&rig, "plan:1", NOTICE_PENDING);
	under_way(&rig, "two announce");
	rig_stop(&rig);
}

static void test_removed_notifier_takes_its_messages_along(void)
{
	struct rig rig;

	rig_start(&rig, NOTIFIER_UPDATE, 2);
	set(&rig, "plan:1", NOTICE_PENDING);
	g_assert_cmpuint(outbox_count(rig.outbox), ==, 2);
	g_ptr_array_remove_index(rig.notifiers, 0);
	outbox_set(rig.outbox, rig.notifiers); // while both are under way
	g_assert_cmpuint(rig.flights->len, ==, 0);
	g_assert_cmpuint(outbox_count(rig.outbox), ==, 1);
	outbox_run(rig.outbox);
	under_way(&rig, "two announce");
	rig_stop(&rig);
}

static void test_broken_file_is_passed_over(void)
{
	struct rig rig;

	rig_start(&rig, NOTIFIER_UPDATE, 1);
	set(&rig, "plan:1", NOTICE_PENDING);
	scratch_file(rig.dir, "ffff.json", "{\"attempts\":0");
	scratch_file(rig.dir, "ffff.json.tmp", "");
	rig_restart(&rig);
	g_assert_cmpuint(outbox_count(rig.outbox), ==, 1);
	rig_stop(&rig);
}

static void test_bounded(void)
{
	struct rig rig;
	char key[32];

	rig_start(&rig, NOTIFIER_UPDATE, 1);
	rig.conf[0].burst = 1000000;
	for (unsigned i = 0; i < OUTBOX_JOBS + 3; i++) {
		g_snprintf(key, sizeof(key), "plan:%u", i);
		g_hash_table_replace(rig.views, g_strdup(key), GINT_TO_POINTER(NOTICE_PENDING));
		outbox_touch(rig.outbox, key);
	}
	g_assert_cmpuint(outbox_count(rig.outbox), ==, OUTBOX_JOBS);
	outbox_run(rig.outbox);
	under_way(&rig, "plan:3 "); // the oldest three are gone
	rig_stop(&rig);
}

static void test_shown_by_the_answer_to_a_click(void)
{
	struct rig rig;

	rig_start(&rig, NOTIFIER_UPDATE, 1);
	set(&rig, "plan:1", NOTICE_PENDING);
	reply(&rig, 200, "post7", 0);
	g_hash_table_replace(rig.views, g_strdup("plan:1"), GINT_TO_POINTER(NOTICE_VOTED));
	outbox_touch(rig.outbox, "plan:1");
	outbox_shown(rig.outbox, "one", "plan:1");
	outbox_run(rig.outbox);
	g_assert_cmpuint(rig.flights->len, ==, 0);
	rig_stop(&rig);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/outbox/one-message-is-refreshed", test_one_message_is_refreshed);
	g_test_add_func("/outbox/only-the-last-state-is-told", test_only_the_last_state_is_told);
	g_test_add_func("/outbox/messages-keep-their-order", test_messages_keep_their_order);
	g_test_add_func("/outbox/restart-loses-nothing", test_restart_loses_nothing);
	g_test_add_func("/outbox/pauses-double-and-end", test_pauses_double_and_end);
	g_test_add_func("/outbox/retry-after-holds-for-the-whole-notifier",
			test_retry_after_holds_for_the_whole_notifier);
	g_test_add_func("/outbox/one-that-hangs-holds-up-nobody",
			test_one_that_hangs_holds_up_nobody);
	g_test_add_func("/outbox/refused-form-becomes-plain-text",
			test_refused_form_becomes_plain_text);
	g_test_add_func("/outbox/what-cannot-succeed-rests", test_what_cannot_succeed_rests);
	g_test_add_func("/outbox/message-that-is-gone-is-announced-anew",
			test_message_that_is_gone_is_announced_anew);
	g_test_add_func("/outbox/flood-is-one-message", test_flood_is_one_message);
	g_test_add_func("/outbox/broken-glass-waits-for-nothing",
			test_broken_glass_waits_for_nothing);
	g_test_add_func("/outbox/flood-outlives-a-restart", test_flood_outlives_a_restart);
	g_test_add_func("/outbox/incident-is-told-resolved", test_incident_is_told_resolved);
	g_test_add_func("/outbox/what-was-over-untold-stays-untold",
			test_what_was_over_untold_stays_untold);
	g_test_add_func("/outbox/who-cannot-update-hears-begin-and-end",
			test_who_cannot_update_hears_begin_and_end);
	g_test_add_func("/outbox/reminders", test_reminders);
	g_test_add_func("/outbox/rounds", test_rounds);
	g_test_add_func("/outbox/what-cannot-be-composed-rests",
			test_what_cannot_be_composed_rests);
	g_test_add_func("/outbox/only-the-stacks-of-the-notifier",
			test_only_the_stacks_of_the_notifier);
	g_test_add_func("/outbox/removed-notifier-takes-its-messages-along",
			test_removed_notifier_takes_its_messages_along);
	g_test_add_func("/outbox/broken-file-is-passed-over", test_broken_file_is_passed_over);
	g_test_add_func("/outbox/bounded", test_bounded);
	g_test_add_func("/outbox/shown-by-the-answer-to-a-click",
			test_shown_by_the_answer_to_a_click);
	return g_test_run();
}
