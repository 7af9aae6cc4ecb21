/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any bytes as a callback of Slack's, by HTTP and by its socket: what is read can be evidence. */
#include <glib.h>
#include <string.h>

#include "agent/notify/notify.h"
#include "agent/notify/slack-callback.h"
#include "base/autoptr.h"
#include "core/json.h"
#include "fuzz.h"

const char *const fuzz_corpus[] = {"callbacks/slack", NULL};

static void use(const struct slack_callback *callback, const uint8_t *data, size_t size)
{
	const struct conf_notifier conf = {
		.team = (char *)"T024", .app = (char *)"A01", .channel = (char *)"C1"};
	g_autofree char *evidence = NULL;
	g_autoptr(json_doc_auto) doc = NULL;
	g_autoptr(GError) error = NULL;

	if (!slack_callback_check(callback, &conf, &error)) {
		g_assert(error->domain == NOTIFY_ERROR);
	} else if (callback->kind != SLACK_NOTHING) {
		g_assert_cmpstr(callback->team, ==, "T024");
		g_assert_cmpstr(callback->user_team, ==, "T024");
		g_assert_cmpstr(callback->app, ==, "A01");
		evidence = slack_evidence(callback, data, size);
		g_assert(json_doc_parse(&doc, evidence, strlen(evidence), JSON_CANONICAL, NULL) ==
			 0);
	}
	if (callback->response_url != NULL && slack_is_response_url(callback->response_url, NULL)) {
		g_assert(g_str_has_prefix(callback->response_url, "https://hooks.slack.com/"));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autoptr(slack_callback_auto) callback = NULL;
	struct slack_envelope envelope = {0};
	g_autoptr(GError) error = NULL;

	if (slack_callback_read((const char *)data, size, &callback, &error)) {
		use(callback, data, size);
	} else {
		g_assert(callback == NULL && error->domain == NOTIFY_ERROR);
	}
	g_clear_error(&error);
	if (slack_envelope_read((const char *)data, size, &envelope, &error)) {
		g_assert(envelope.callback == NULL || envelope.problem == NULL);
		if (envelope.callback != NULL) {
			use(envelope.callback, data, size);
		}
		slack_envelope_clear(&envelope);
	} else {
		g_assert(error->domain == NOTIFY_ERROR);
	}
	return 0;
}
