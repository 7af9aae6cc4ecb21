/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any bytes as an answer by token, and as a click in Mattermost that nobody's button made. */
#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>

#include "agent/http/approvals.h"
#include "agent/http/call.h"
#include "agent/notify/notify.h"
#include "agent/notify/tokens.h"
#include "base/autoptr.h"
#include "fuzz.h"

const char *const fuzz_corpus[] = {"callbacks/chats", NULL};

static void answer(const uint8_t *data, size_t size)
{
	g_autoptr(json_doc_auto) doc = NULL;
	struct approvals_answer out;

	if (json_doc_parse(&doc, data, size, 0, NULL) != 0 || !approvals_read(doc, &out, NULL)) {
		return;
	}
	g_assert(out.token != NULL && strlen(out.token) <= (size_t)2 * TOKEN_TEXT_SIZE);
	g_assert(out.verdict != NULL && g_utf8_validate(out.verdict, -1, NULL));
	g_assert(out.reason == NULL || strlen(out.reason) <= STATEMENT_REASON_MAX);
}

static char *secret_file(const char *dir, const char *name, const char *text)
{
	char *file = g_build_filename(dir, name, NULL);

	g_assert(g_file_set_contents(file, text, -1, NULL) && g_chmod(file, 0600) == 0);
	return file;
}

/* One for all inputs; its secret is read once. */
static struct notifier *mattermost(void)
{
	static struct conf_notifier conf;
	static struct notifier n;
	g_autoptr(GError) error = NULL;
	g_autofree char *dir = NULL;

	if (n.ops != NULL) {
		return &n;
	}
	dir = g_dir_make_tmp("assent-fuzz-XXXXXX", NULL);
	g_assert(dir != NULL);
	conf.name = (char *)"it";
	conf.secret_file = secret_file(dir, "secret", "button\n");
	conf.url_file = secret_file(dir, "url", "https://chat.example.org/hooks/x\n");
	n = (struct notifier){.ops = &notifier_mattermost, .conf = &conf};
	if (!n.ops->open(&n, &error)) {
		g_error("%s", error->message);
	}
	g_unlink(conf.secret_file);
	g_unlink(conf.url_file);
	g_rmdir(dir);
	return &n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct notifier *n = mattermost();
	g_autoptr(GError) error = NULL;
	struct call call = {.body = g_string_new_len((const char *)data, (gssize)size)};

	answer(data, size);
	g_assert(!n->ops->on_http(n, &call, &error)); // nobody has guessed an HMAC
	g_assert(error->domain == NOTIFY_ERROR);
	g_string_free(call.body, TRUE);
	return 0;
}
