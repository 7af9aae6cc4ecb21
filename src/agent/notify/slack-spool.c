/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Clicks that were answered and are not decided yet, for when the agent ends in between. */
#include <inttypes.h>
#include <glib/gstdio.h>
#include <sodium.h>
#include <string.h>

#include "agent/agent.h"
#include "agent/notify/slack.h"
#include "base/autoptr.h"
#include "base/error.h"
#include "base/file.h"
#include "base/lang.h"
#include "base/log.h"
#include "base/secure.h"
#include "core/text.h"

#define MAGIC "assent-click-v1 "
#define HEAD_MAX 128
#define TIME_MAX INT64_C(99999999999)

struct kept {
	char *text;
	const char *bytes; /* as they came from Slack, in text */
	size_t len;
	int64_t age; /* seconds */
};

static void make_mac(const struct slack_keep *keep, const char *stamp, const void *bytes,
		     size_t len, char out[static 2 * SHARED_SECRET_HMAC + 1])
{
	static const char label[] = "assent.slack.click.v1";
	uint8_t mac[SHARED_SECRET_HMAC];

	shared_secret_hmac(keep->secret,
			   (const struct shared_secret_piece[]){
				   {label, sizeof(label)},
				   {stamp, strlen(stamp) + 1},
				   {bytes, len},
			   },
			   3, mac);
	sodium_bin2hex(out, 2 * SHARED_SECRET_HMAC + 1, mac, sizeof(mac));
}

char *slack_spool_put(const struct slack_keep *keep, const void *bytes, size_t len)
{
	g_autofree char *stamp = g_strdup_printf("%" PRId64, agent_now());
	g_autofree char *prefix = g_strdup_printf("%016" G_GINT64_MODIFIER "x-", g_get_real_time());
	g_autofree char *name = file_temp_name(prefix);
	g_autofree char *path = g_build_filename(keep->folder, name, NULL);
	g_autoptr(GString) text = g_string_new(NULL);
	g_autoptr(GError) error = NULL;
	char mac[2 * SHARED_SECRET_HMAC + 1];

	make_mac(keep, stamp, bytes, len, mac);
	g_string_printf(text, MAGIC "%s %s\n", stamp, mac);
	g_string_append_len(text, bytes, (gssize)len);
	if ((g_mkdir(keep->folder, 0700) != 0 && errno != EEXIST) ||
	    !secure_folder(keep->folder, &error) ||
	    !file_replace_unsynced(path, text->str, text->len, 0600, &error)) {
		log_event(EV_NOTIFY_FAILED, NULL, NULL,
			  "%s: a click would be lost if the agent ended now: %s", keep->name,
			  error != NULL ? error->message : g_strerror(errno));
		return NULL;
	}
	return g_steal_pointer(&path);
}

void slack_spool_drop(const char *path)
{
	if (path != NULL && g_unlink(path) != 0 && errno != ENOENT) {
		log_event(EV_NOTIFY_FAILED, NULL, NULL, "cannot remove '%s': %s", path,
			  g_strerror(errno));
	}
}

/* False: not a file of this notifier's secret. */
static bool parse(const struct slack_keep *keep, size_t len, struct kept *out)
{
	char *end = memchr(out->text, '\n', MIN(len, HEAD_MAX));
	g_auto(GStrv) words = NULL;
	char mac[2 * SHARED_SECRET_HMAC + 1];
	uint64_t stamp;

	if (end == NULL || strncmp(out->text, MAGIC, strlen(MAGIC)) != 0) {
		return false;
	}
	*end = '\0';
	words = g_strsplit(out->text + strlen(MAGIC), " ", 2);
	out->bytes = end + 1;
	out->len = len - (size_t)(out->bytes - out->text);
	if (g_strv_length(words) != 2 ||
	    !text_decimal(&stamp, words[0], strlen(words[0]), TIME_MAX)) {
		return false;
	}
	make_mac(keep, words[0], out->bytes, out->len, mac);
	out->age = agent_now() - (int64_t)stamp;
	return strlen(words[1]) == strlen(mac) && sodium_memcmp(words[1], mac, strlen(mac)) == 0;
}

static bool is_form(const struct kept *kept)
{
	return g_str_has_prefix(kept->bytes, "payload=");
}

static bool read_click(const struct kept *kept, struct slack_callback **out, GError **error)
{
	struct slack_envelope e = {0};

	if (is_form(kept)) {
		return slack_callback_read(kept->bytes, kept->len, out, error);
	}
	if (!slack_envelope_read(kept->bytes, kept->len, &e, error)) {
		return false;
	}
	*out = g_steal_pointer(&e.callback);
	slack_envelope_clear(&e);
	return *out != NULL ||
	       fail(error, NOTIFY_ERROR, NOTIFY_ERROR_MALFORMED, "it holds no click");
}

static void lose(struct notifier *n, const struct slack_callback *c, int64_t age)
{
	log_event(EV_REFUSED, NULL, NULL,
		  "slack user '%s/%s': lost: the agent ended before this click was counted, "
		  "%" PRId64 " seconds ago",
		  c->user_team, c->user, age);
	slack_tell(n, c,
		   _("Your click was not counted: the agent was interrupted. Please look at the "
		     "plan and decide again."));
}

/* Anybody's but this notifier's stays where it is. */
static void resume(struct notifier *n, const char *path)
{
	g_autoptr(slack_callback_auto) c = NULL;
	g_autoptr(GError) error = NULL;
	g_autofree char *text = NULL;
	struct slack_answer answer = {.spool = path, .gone = true};
	const struct slack *s = n->data;
	struct kept kept = {0};
	size_t len = 0;

	if (!file_read_secret(path, SLACK_BODY_MAX + HEAD_MAX, &text, &len, &error)) {
		log_event(EV_NOTIFY_FAILED, NULL, NULL, "%s: %s", n->conf->name, error->message);
		return;
	}
	kept.text = text;
	if (!parse(slack_door_keep(s->door), len, &kept)) {
		log_event(EV_REFUSED, NULL, NULL, "%s: '%s' is no click that was kept here",
			  n->conf->name, path);
		return;
	}
	if (!read_click(&kept, &c, &error) || !slack_callback_check(c, n->conf, &error)) {
		log_event(EV_REFUSED, NULL, NULL, "%s: '%s': %s", n->conf->name, path,
			  error->message);
		return;
	}
	if (kept.age < 0 || kept.age > SLACK_WINDOW) {
		lose(n, c, kept.age);
	} else {
		slack_take(n, g_steal_pointer(&c), kept.bytes, kept.len, &answer);
	}
	if (answer.work == NULL) {
		slack_spool_drop(path);
	}
	slack_answer_clear(&answer);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* NULL: nothing is kept there, or others can put something there or take it away. */
static GDir *open_folder(const struct slack_keep *keep)
{
	g_autoptr(GError) error = NULL;

	if (!g_file_test(keep->folder, G_FILE_TEST_EXISTS)) {
		return NULL;
	}
	if (!secure_folder(keep->folder, &error)) {
		log_event(EV_NOTIFY_FAILED, NULL, NULL, "%s: %s", keep->name, error->message);
		return NULL;
	}
	return g_dir_open(keep->folder, 0, NULL);
}

GPtrArray *slack_spool_names(const struct slack_keep *keep)
{
	GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GDir) dir = open_folder(keep);
	const char *name;

	while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
		if (name[0] != '.') {
			g_ptr_array_add(names, g_strdup(name));
		}
	}
	g_ptr_array_sort(names, by_name);
	return names;
}

/* What has come since is the business of whoever let it in. */
void slack_spool_resume(struct notifier *n)
{
	struct slack *s = n->data;
	g_autoptr(GPtrArray) names = g_steal_pointer(&s->kept);

	for (unsigned i = 0; names != NULL && i < names->len; i++) {
		g_autofree char *path = g_build_filename(slack_door_keep(s->door)->folder,
							 g_ptr_array_index(names, i), NULL);

		resume(n, path);
	}
}
