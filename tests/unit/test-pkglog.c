/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of worker/target/pkglog.c: which package's installation changed a file. */
#include "worker/target/pkglog.h"

#include <utime.h>

#include "temp-dir.h"

/* What is said in the zone of the test is two hours ahead of this. */
#define T0 1795845600 /* 2026-11-28 06:00:00 UTC */

static const char history[] =
	"\nStart-Date: 2026-11-28  08:00:00\n"
	"Commandline: apt-get install qq-app\n"
	"Requested-By: alice (1000)\n"
	"Install: qq-app:amd64 (1.0-1), qq-lib:amd64 (1:2.0, automatic)\n"
	"End-Date: 2026-11-28  08:00:10\n"
	"\nStart-Date: 2026-11-28  08:10:00\n"
	"Upgrade: qq-app:amd64 (1.0-1, 1.1-1), ../evil:amd64 (1, 2), qq-lib:amd64 (1:2.0, 1:2.1)\n"
	"Remove: qq-gone:all (1)\n"
	"End-Date: 2026-11-28  08:10:05\n"
	"\nStart-Date: 2026-11-28  08:15:00\n"
	"Commandline: apt-get install qq-broken\n"
	"Install: qq-app:amd64 (1.0-1)\n"
	"\nStart-Date: 2026-11-28  08:20:00\n"
	"Commandline: apt \xff reinstall qq-app\n"
	"Reinstall: qq-app:amd64 (1.1-1)\n";

struct rig {
	char *dir;
	struct pkglog *log;
};

static void put(struct rig *rig, const char *name, const char *text)
{
	g_free(temp_file(rig->dir, name, text));
}

static void rig_up(struct rig *rig, const void *data)
{
	static const char *const folders[] = {"var/log/apt", "var/lib/dpkg/info"};

	rig->dir = temp_new();
	for (size_t i = 0; i < G_N_ELEMENTS(folders); i++) {
		g_autofree char *folder = g_build_filename(rig->dir, folders[i], NULL);

		g_assert_cmpint(g_mkdir_with_parents(folder, 0700), ==, 0);
	}
	put(rig, "var/log/apt/history.log", history);
	put(rig, "var/lib/dpkg/info/qq-app.list", "/.\n/etc\n/etc/qq-app\n/etc/qq-app.conf\n");
	put(rig, "var/lib/dpkg/info/qq-lib:amd64.list", "/.\n/usr/lib/qq.so\n");
	put(rig, "var/lib/dpkg/info/qq-gone.list", "/etc/gone\n");
	put(rig, "var/lib/dpkg/evil.list", "/etc/evil\n");
	rig->log = pkglog_new(rig->dir);
}

static void rig_down(struct rig *rig, const void *data)
{
	pkglog_free(rig->log);
	temp_free(rig->dir);
}

static void test_install(struct rig *rig, const void *data)
{
	pkglog_ask(rig->log, "/etc/qq-app.conf", T0);
	pkglog_ask(rig->log, "/usr/lib/qq.so", T0 + 10);
	pkglog_ask(rig->log, "/etc/other", T0 + 5);
	g_assert_cmpstr(pkglog_answer(rig->log, "/etc/qq-app.conf"), ==,
			"qq-app 1.0-1 (apt-get install qq-app)");
	g_assert_cmpstr(pkglog_answer(rig->log, "/usr/lib/qq.so"), ==,
			"qq-lib 1:2.0 (apt-get install qq-app)");
	g_assert_null(pkglog_answer(rig->log, "/etc/other"));
	g_assert_null(pkglog_answer(rig->log, "/etc/never-asked"));
}

static void test_upgrade(struct rig *rig, const void *data)
{
	pkglog_ask(rig->log, "/etc/qq-app.conf", T0 + 603);
	pkglog_ask(rig->log, "/usr/lib/qq.so", T0 + 605);
	pkglog_ask(rig->log, "/etc/gone", T0 + 603);
	pkglog_ask(rig->log, "/etc/evil", T0 + 603);
	g_assert_cmpstr(pkglog_answer(rig->log, "/etc/qq-app.conf"), ==, "qq-app 1.1-1");
	g_assert_cmpstr(pkglog_answer(rig->log, "/usr/lib/qq.so"), ==, "qq-lib 1:2.1");
	g_assert_null(pkglog_answer(rig->log, "/etc/gone"));
	g_assert_null(pkglog_answer(rig->log, "/etc/evil"));
}

/* Before, between and after the runs, and in one that never ended: somebody else. */
static void test_other_times(struct rig *rig, const void *data)
{
	static const int64_t times[] = {T0 - 1,	  T0 + 11,	 T0 + 606,
					T0 + 901, T0 + 1200 - 1, T0 - 7200};

	for (size_t i = 0; i < G_N_ELEMENTS(times); i++) {
		g_autoptr(pkglog_auto) log = pkglog_new(rig->dir);

		pkglog_ask(log, "/etc/qq-app.conf", times[i]);
		g_assert_null(pkglog_answer(log, "/etc/qq-app.conf"));
	}
}

/* The last one may still run: as far as dpkg has come. */
static void test_running(struct rig *rig, const void *data)
{
	g_autofree char *dpkg = temp_file(rig->dir, "var/log/dpkg.log", "");
	const struct utimbuf at = {T0 + 1210, T0 + 1210};
	g_autoptr(pkglog_auto) later = pkglog_new(rig->dir);

	g_assert_cmpint(utime(dpkg, &at), ==, 0);
	pkglog_ask(rig->log, "/etc/qq-app.conf", T0 + 1210);
	g_assert_cmpstr(pkglog_answer(rig->log, "/etc/qq-app.conf"), ==,
			"qq-app 1.1-1 (apt \xef\xbf\xbd reinstall qq-app)");
	pkglog_ask(later, "/etc/qq-app.conf", T0 + 1211);
	g_assert_null(pkglog_answer(later, "/etc/qq-app.conf"));
}

/* Of a long history the end is read, from the first whole paragraph on. */
static void test_long(struct rig *rig, const void *data)
{
	g_autoptr(GString) text = g_string_new(history);
	g_autoptr(pkglog_auto) early = pkglog_new(rig->dir);

	while (text->len < 300 * 1024) {
		g_string_append(text, "\nStart-Date: 2026-11-28  09:00:00\n"
				      "End-Date: 2026-11-28  09:00:01\n");
	}
	g_string_append(text, "\nStart-Date: 2026-11-28  10:00:00\n"
			      "Install: qq-app:amd64 (3)\nEnd-Date: 2026-11-28  10:00:01\n");
	put(rig, "var/log/apt/history.log", text->str);
	pkglog_ask(rig->log, "/etc/qq-app.conf", T0 + 7200);
	g_assert_cmpstr(pkglog_answer(rig->log, "/etc/qq-app.conf"), ==, "qq-app 3");
	pkglog_ask(early, "/etc/qq-app.conf", T0);
	g_assert_null(pkglog_answer(early, "/etc/qq-app.conf"));
}

/* Whatever stands there, it is at most not known. */
static void test_garbage(struct rig *rig, const void *data)
{
	static const char *const texts[] = {
		"",
		"\n\n\n",
		"Start-Date: yesterday\nInstall: qq-app:amd64 (1)\nEnd-Date: 2026-11-28  08:00:10",
		"Start-Date: 2026-13-28  08:00:00\nInstall: qq-app:amd64 (1)\n"
		"End-Date: 2026-11-28  08:00:10",
		"Start-Date: 2026-11-28  08:00:00\nInstall: qq-app:amd64 (1\n"
		"End-Date: 2026-11-28  08:00:10",
		"Start-Date: 2026-11-28  08:00:00\nInstall: qq-app (1), (, ), :amd64 (), :\n"
		"End-Date: 2026-11-28  08:00:10",
	};

	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
		g_autoptr(pkglog_auto) log = pkglog_new(rig->dir);

		put(rig, "var/log/apt/history.log", texts[i]);
		pkglog_ask(log, "/etc/qq-app.conf", T0);
		g_assert_null(pkglog_answer(log, "/etc/qq-app.conf"));
	}
}

static void test_no_apt(void)
{
	g_autoptr(pkglog_auto) log = pkglog_new("/nonexistent");

	pkglog_ask(log, "/etc/qq-app.conf", T0);
	g_assert_null(pkglog_answer(log, "/etc/qq-app.conf"));
}

#define ADD(name, func) g_test_add("/pkglog/" name, struct rig, NULL, rig_up, func, rig_down)

int main(int argc, char **argv)
{
	g_setenv("TZ", "TST-2", TRUE);
	g_test_init(&argc, &argv, NULL);
	ADD("names-what-was-installed", test_install);
	ADD("names-the-newer-version", test_upgrade);
	ADD("guesses-nothing-at-other-times", test_other_times);
	ADD("names-a-run-that-still-goes-on", test_running);
	ADD("reads-the-end-of-a-long-history", test_long);
	ADD("knows-nothing-of-garbage", test_garbage);
	g_test_add_func("/pkglog/knows-nothing-without-apt", test_no_apt);
	return g_test_run();
}
