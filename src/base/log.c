/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The operators' log. */
#include "base/log.h"

#include <inttypes.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#define MAX_TEXT 4096

static const struct log_row rows[] = {
	[EV_START] = {"start", "b43f1e4dd0dc4ff0a1e0a55a3a1c6f01", LOG_NOTICE},
	[EV_START_FAILED] = {"start-failed", "6f0c2b9a47e14d83b5d8e1a3c90f7e1a", LOG_CRIT},
	[EV_STOP] = {"stop", "5c1a7f0de2c74a3e9a8f0b1c6d2e7302", LOG_NOTICE},
	[EV_RELOAD] = {"reload", "0e6b9f3c1d5a4d0fb7a2c8e4f1963503", LOG_NOTICE},
	[EV_CONFIG_BAD] = {"config-bad", "d81f54c0a7e94b6c8f3b2e1d0a594704", LOG_ERR},
	[EV_CONFIG_CHANGED] = {"config-changed", "dacd93280ada4d62900bfc93e82c0284", LOG_WARNING},
	[EV_FETCHED] = {"fetched", "7a90c2b5e4f84c1d93d6a0b8f72e1105", LOG_INFO},
	[EV_FETCH_FAILED] = {"fetch-failed", "c4e25d7198ab4f60b1d34c9e07fa8206", LOG_WARNING},
	[EV_BLOCKED] = {"blocked", "92f06ab3d5c14e7a8b40f7c12d9e6307", LOG_WARNING},
	[EV_UNBLOCKED] = {"unblocked", "3bd1e8f72a604c95ae17d02c5f8b4908", LOG_NOTICE},
	[EV_REWRITTEN] = {"rewritten", "5c0e86d19b2f4aa7b3d8417fe05a62c9", LOG_WARNING},
	[EV_SUSPENDED] = {"suspended", "9b7d4e02f1c64a5d8e36b0a9c172f51d", LOG_NOTICE},
	[EV_RESUMED] = {"resumed", "41f8c6a93e0b4d27a5c9d1807be3621e", LOG_NOTICE},
	[EV_STOPPED] = {"stopped", "e05a93d7b24c4f6892d16f3a0c8be71f", LOG_WARNING},
	[EV_LEADS] = {"leads", "b6670bfcd1b54766921618794b2510dc", LOG_NOTICE},
	[EV_FOLLOWS] = {"follows", "be2366e44ffe4caf8cb04d4dac46c4f9", LOG_NOTICE},
	[EV_LEAD_LOST] = {"lead-lost", "b185103f673d4036800b740359f95aee", LOG_WARNING},
	[EV_ROLLBACK] = {"rollback", "9e41d07c5ab84f3c8d62f1b7a05e3c94", LOG_WARNING},
	[EV_TRIAL] = {"trial", "4b7f2ac9d1684e05b3e9608d7c51fa27", LOG_NOTICE},
	[EV_PLANNED] = {"planned", "ee7c30a9516f4d82bc05a9e8d3174209", LOG_NOTICE},
	[EV_PLAN_FAILED] = {"plan-failed", "168fd4c2b07a4e39a5e1c7063b9d820a", LOG_WARNING},
	[EV_PLAN_STALE] = {"plan-stale", "f5a2097c8e3d4b16904dbe71c3a6f80b", LOG_NOTICE},
	[EV_APPROVED] = {"approved", "20c9e7d18b5f4a6397f2d0e4ab513c0c", LOG_NOTICE},
	[EV_REJECTED] = {"rejected", "8e13b6f5d27c4905a04c9f8e6d7a1b0d", LOG_NOTICE},
	[EV_REFUSED] = {"refused", "4d7f92a0c6e84b3fb85d1a3e7092cf0e", LOG_WARNING},
	[EV_EXPIRED] = {"expired", "b90a5e3d7f1c4286a3f86e20dc49510f", LOG_NOTICE},
	[EV_SUPERSEDED] = {"superseded", "61e8c4b20d9f4f57a27b3c5d8e0fa610", LOG_NOTICE},
	[EV_APPLY_START] = {"apply-start", "a7d03f6e915b4c48b3e92f0d6c81e711", LOG_NOTICE},
	[EV_APPLIED] = {"applied", "0fb84d29c7e34a61951fd7a0b26e3812", LOG_NOTICE},
	[EV_APPLY_FAILED] = {"apply-failed", "d36a81f7e05c4b9d84a6e2c90f1b7513", LOG_ERR},
	[EV_RECOVERED] = {"recovered", "5972ce0b4fd84d3ca9c1f8e637d0ba14", LOG_WARNING},
	[EV_RETENTION] = {"retention", "2d8e5b71c0f94a36b7d41e9a60c3f852", LOG_NOTICE},
	[EV_STORE_FAILED] = {"store-failed", "fc4096d8b1e7432a9e3b05c7d28fa115", LOG_CRIT},
	[EV_WORKER] = {"worker", "83a5d1e92c6f4078b0d47e9f1c3b6a16", LOG_INFO},
	[EV_DRIFT] = {"drift", "1ec7f04a8d2b49e5a6b38c90e5f7d217", LOG_WARNING},
	[EV_ALERT] = {"alert", "b2d64e0c91f7483a8e5a07c3f61d924e", LOG_WARNING},
	[EV_ALERT_OVER] = {"alert-over", "47f1a9c8e03d4b6d9c72b85e1f0a36d4", LOG_NOTICE},
	[EV_WATCH] = {"watch", "5d9a0c7e31f84b2a96c8e4d17b30fa58", LOG_WARNING},
	[EV_HTTP] = {"http", "c86bd92f3a0e4157b9f4d1e07c2a5818", LOG_INFO},
	[EV_HTTP_REFUSED] = {"http-refused", "a90d3f61c74e4b28b5e6d20f8c17931a", LOG_WARNING},
	[EV_HOOK] = {"hook", "d4b7e21f50a94c8399cb06e1f2a87d1b", LOG_INFO},
	[EV_NOTIFY_FAILED] = {"notify-failed", "6ad0e7c34b8f4f129c5b20d71e83fa1b", LOG_WARNING},
	[EV_DESKTOP] = {"desktop", "7be1c50f6a2d4d9ab3f7091ce84d251c", LOG_INFO},
	[EV_DESKTOP_FAILED] = {"desktop-failed", "92c8f4ad017e4b65a8d3e6b90f5c731d", LOG_WARNING},
	[EV_DEBUG] = {"debug", "3f50a7be6c914d2da0e78fb15d9c4e19", LOG_DEBUG},
};
G_STATIC_ASSERT(G_N_ELEMENTS(rows) == LOG_EVENTS);

static const char *const level_names[] = {"emergency", "alert",	 "critical", "error",
					  "warning",   "notice", "info",     "debug"};

/* The one sink of the program. */
static struct {
	int level;
	const char *name;
} sink = {.level = LOG_INFO, .name = "assentd"};

void log_init(int level)
{
	sink.level = level;
}

void log_name(const char *name)
{
	sink.name = name;
}

const struct log_row *log_row(enum log_id id)
{
	return &rows[id];
}

static bool is_shown_as_is(gunichar c)
{
	/* Direction marks and their like could make a line look like another. */
	return !g_unichar_iscntrl(c) && g_unichar_type(c) != G_UNICODE_FORMAT &&
	       g_unichar_type(c) != G_UNICODE_LINE_SEPARATOR &&
	       g_unichar_type(c) != G_UNICODE_PARAGRAPH_SEPARATOR;
}

char *log_escape(const char *text)
{
	GString *out = g_string_new(NULL);

	while (*text != '\0' && out->len < MAX_TEXT) {
		gunichar c = g_utf8_get_char_validated(text, -1);

		if (c == (gunichar)-1 || c == (gunichar)-2) {
			g_string_append_printf(out, "\\x%02x", (unsigned char)*text);
			text++;
			continue;
		}
		if (is_shown_as_is(c)) {
			g_string_append_unichar(out, c);
		} else if (c == '\n') {
			g_string_append(out, "\\n");
		} else {
			g_string_append_printf(out, c < 0x100 ? "\\x%02x" : "\\u%04x", c);
		}
		text = g_utf8_next_char(text);
	}
	if (*text != '\0') {
		g_string_append(out, "...");
	}
	return g_string_free(out, FALSE);
}

static bool to_journal(const struct log_row *row, const struct log_about *about, const char *text)
{
	const char priority[] = {(char)('0' + row->level), '\0'};
	GLogField fields[] = {
		{"MESSAGE", text, -1},
		{"PRIORITY", priority, -1},
		{"SYSLOG_IDENTIFIER", sink.name, -1},
		{"MESSAGE_ID", row->message_id, -1},
		{"ASSENT_EVENT", row->name, -1},
		{"ASSENT_STACK", about->stack, -1},
		{"ASSENT_PLAN", about->plan, -1},
		{"ASSENT_PERSON", about->person, -1},
		{"CODE_FILE", about->file, -1},
		{"CODE_LINE", about->line, -1},
		{"CODE_FUNC", about->func, -1},
	};
	GLogField given[G_N_ELEMENTS(fields)];
	size_t n = 0;

	for (size_t i = 0; i < G_N_ELEMENTS(fields); i++) {
		if (fields[i].value != NULL) {
			given[n++] = fields[i];
		}
	}
	return g_log_writer_journald(G_LOG_LEVEL_MESSAGE, given, n, NULL) == G_LOG_WRITER_HANDLED;
}

/* JOURNAL_STREAM tells that a service manager takes our stderr and knows the prefix. Programs that
 * were started in a terminal inherit it, too: it must be this very stream. */
static bool is_managed(void)
{
	const char *named = g_getenv("JOURNAL_STREAM");
	g_autofree char *ours = NULL;
	struct stat st;

	if (named == NULL || fstat(STDERR_FILENO, &st) != 0) {
		return false;
	}
	ours = g_strdup_printf("%" PRIu64 ":%" PRIu64, (guint64)st.st_dev, (guint64)st.st_ino);
	return strcmp(ours, named) == 0;
}

/* The fields that the journal keeps apart. */
static char *fields_text(const struct log_row *row, const struct log_about *about)
{
	GString *out = g_string_new(NULL);
	const char *id = about->plan != NULL ? strchr(about->plan, ':') : NULL;

	g_string_append_printf(out, " [%s", row->name);
	if (about->stack != NULL) {
		g_string_append_printf(out, " stack=%s", about->stack);
	}
	if (about->plan != NULL) {
		g_string_append_printf(out, " plan=%.12s", id != NULL ? id + 1 : about->plan);
	}
	/* It may be what a stranger calls himself: not what looks like other fields. */
	if (about->person != NULL && strpbrk(about->person, " []=") == NULL) {
		g_string_append_printf(out, " person=%s", about->person);
	}
	g_string_append_c(out, ']');
	return g_string_free(out, FALSE);
}

static void to_stderr(const struct log_row *row, const struct log_about *about, const char *text)
{
	g_autofree char *raw = fields_text(row, about);
	g_autofree char *fields = log_escape(raw);
	g_autofree char *line =
		is_managed() ? g_strdup_printf("<%d>%s%s\n", row->level, text, fields)
			     : g_strdup_printf("%s: %s%s\n", level_names[row->level], text, fields);
	size_t len = strlen(line), done = 0;

	/* One write, so that lines of several processes do not mix. */
	while (done < len) {
		ssize_t n = write(STDERR_FILENO, line + done, len - done);

		if (n < 0 && errno != EINTR) {
			return;
		}
		done += n > 0 ? (size_t)n : 0;
	}
}

void log_write(enum log_id id, const struct log_about *about, const char *format, ...)
{
	const struct log_row *row = &rows[id];
	g_autofree char *raw = NULL;
	g_autofree char *text = NULL;
	int saved = errno;
	va_list args;

	if (row->level > sink.level) {
		return;
	}
	va_start(args, format);
	raw = g_strdup_vprintf(format, args);
	va_end(args);
	text = log_escape(raw);
	if (!g_log_writer_is_journald(STDERR_FILENO) || !to_journal(row, about, text)) {
		to_stderr(row, about, text);
	}
	errno = saved;
}
