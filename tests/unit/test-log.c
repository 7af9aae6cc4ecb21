/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of base/log.c and of the catalog that explains its events. */
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "base/log.h"

static void test_table_is_complete(void)
{
	g_autoptr(GHashTable) ids = g_hash_table_new(g_str_hash, g_str_equal);

	for (int i = 0; i < LOG_EVENTS; i++) {
		const struct log_row *row = log_row((enum log_id)i);

		g_assert_nonnull(row->name);
		g_assert_cmpuint(strlen(row->message_id), ==, 32);
		g_assert_cmpuint(strspn(row->message_id, "0123456789abcdef"), ==, 32);
		g_assert_true(g_hash_table_add(ids, (void *)row->message_id));
		g_assert_true(g_hash_table_add(ids, (void *)row->name));
		g_assert_cmpint(row->level, >=, LOG_CRIT);
		g_assert_cmpint(row->level, <=, LOG_DEBUG);
	}
}

static void test_catalog_explains_each_event(void)
{
	g_autofree char *path =
		g_test_build_filename(G_TEST_DIST, "..", "contrib/systemd/assent.catalog", NULL);
	g_autofree char *text = NULL;
	g_autoptr(GError) error = NULL;
	g_auto(GStrv) parts = NULL;

	g_file_get_contents(path, &text, NULL, &error);
	g_assert_no_error(error);
	parts = g_strsplit(text, "\n-- ", -1);
	g_assert_cmpuint(g_strv_length(parts), ==, LOG_EVENTS + 1);
	for (int i = 0; i < LOG_EVENTS; i++) {
		const char *body = parts[i + 1];

		/* In the table's order, each with a subject and an explanation. */
		g_assert_true(g_str_has_prefix(body, log_row((enum log_id)i)->message_id));
		g_assert_true(g_str_has_prefix(body + 32, "\nSubject: "));
		g_assert_nonnull(strstr(body, "\nDefined-By: Assent\n\n"));
		g_assert_cmpuint(strlen(strstr(body, "\n\n")), >, 20);
	}
}

static void test_one_line_whatever_comes(void)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{"plain \xc3\xa4", "plain \xc3\xa4"},
		{"a\nb", "a\\nb"},
		{"a\x1b[31mb", "a\\x1b[31mb"},
		{"bad \xff\xc3", "bad \\xff\\xc3"},
		{"c1 \xc2\x9b", "c1 \\x9b"},
		{"bidi \xe2\x80\xae.", "bidi \\u202e."},
		{"line \xe2\x80\xa8.", "line \\u2028."},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *out = log_escape(cases[i].in);

		g_assert_cmpstr(out, ==, cases[i].out);
	}
}

static void test_long_text_is_cut(void)
{
	g_autofree char *in = g_strnfill(100000, 'x');
	g_autofree char *out = log_escape(in);

	g_assert_cmpuint(strlen(out), <, 5000);
	g_assert_true(g_str_has_suffix(out, "x..."));
}

static void say(const char *stream, int level, const char *plan)
{
	if (stream != NULL) {
		g_setenv("JOURNAL_STREAM", stream, TRUE);
	} else {
		g_unsetenv("JOURNAL_STREAM");
	}
	log_init(level);
	log_event(EV_PLANNED, "web", plan, "plan of '%s'\nwaits", "web");
	log_event(EV_DEBUG, NULL, NULL, "detail");
}

static void test_person_and_no_forged_fields(void)
{
	if (g_test_subprocess()) {
		g_unsetenv("JOURNAL_STREAM");
		log_about_person(EV_APPROVED, "web", NULL, "alice", "yes");
		log_about_person(EV_REFUSED, NULL, NULL, "x] [approved stack=web", "no");
		return;
	}
	g_test_trap_subprocess(NULL, 0, 0);
	g_test_trap_assert_passed();
	g_test_trap_assert_stderr("notice: yes [approved stack=web person=alice]\n"
				  "warning: no [refused]\n");
}

static void test_lines_for_people_and_managers(void)
{
	if (g_test_subprocess()) {
		g_autofree char *ours = NULL;
		struct stat st;

		g_assert_cmpint(fstat(STDERR_FILENO, &st), ==, 0);
		ours = g_strdup_printf("%" PRIu64 ":%" PRIu64, (guint64)st.st_dev,
				       (guint64)st.st_ino);
		say(NULL, LOG_INFO, "sha256:0123456789abcdef");
		say(ours, LOG_DEBUG, NULL);
		say("8:1", LOG_INFO, NULL); // a terminal's, whose own stderr was the journal
		say(NULL, LOG_ERR, NULL);
		return;
	}
	g_test_trap_subprocess(NULL, 0, 0);
	g_test_trap_assert_passed();
	g_test_trap_assert_stderr(
		"notice: plan of 'web'\\nwaits [planned stack=web plan=0123456789ab]\n"
		"<5>plan of 'web'\\nwaits [planned stack=web]\n<7>detail [debug]\n"
		"notice: plan of 'web'\\nwaits [planned stack=web]\n");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/log/table-is-complete", test_table_is_complete);
	g_test_add_func("/log/catalog-explains-each-event", test_catalog_explains_each_event);
	g_test_add_func("/log/one-line-whatever-comes", test_one_line_whatever_comes);
	g_test_add_func("/log/long-text-is-cut", test_long_text_is_cut);
	g_test_add_func("/log/lines-for-people-and-managers", test_lines_for_people_and_managers);
	g_test_add_func("/log/person-and-no-forged-fields", test_person_and_no_forged_fields);
	return g_test_run();
}
