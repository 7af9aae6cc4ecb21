/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of what is read of apt and dpkg, and of the order of Debian's versions. */
#include "worker/target/apt-parse.h"

#include <string.h>

static struct package_list *make_list(const char *text)
{
	struct package_list *list = package_list_new("amd64");
	GError *error = NULL;

	g_assert_true(apt_parse_list(text, list, &error));
	g_assert_no_error(error);
	package_list_end(list, apt_compare_versions);
	return list;
}

static void test_list_knows_every_state(void)
{
	g_autoptr(package_list_auto) list = make_list("install|installed|ok|a|1.0|all\n"
						      "hold|installed|ok|b|1:2.0-1|amd64\n"
						      "deinstall|config-files|ok|c|1|amd64\n"
						      "unknown|not-installed|ok|d||\n"
						      "install|half-configured|ok|e|3|amd64\n"
						      "install|half-installed|reinstreq|f|4|amd64\n"
						      "install|unpacked|ok|g|5|amd64\n"
						      "install|triggers-pending|ok|h|6|amd64\n"
						      "install|installed|ok|i|7|i386\n");

	g_assert_cmpuint(list->items->len, ==, 7);
	g_assert_cmpstr(package_list_find(list, "a", NULL)->version, ==, "1.0");
	g_assert_true(package_list_find(list, "b", NULL)->held);
	g_assert_null(package_list_find(list, "c", NULL));
	g_assert_cmpstr(package_list_find(list, "e", NULL)->problem, ==, "half-configured");
	g_assert_cmpstr(package_list_find(list, "f", NULL)->problem, ==, "half-installed");
	g_assert_cmpstr(package_list_find(list, "g", NULL)->problem, ==, "unpacked");
	g_assert_null(package_list_find(list, "h", NULL)->problem);
	g_assert_null(package_list_find(list, "i", NULL));
	g_assert_true(package_list_find(list, "i", "i386")->foreign);
}

static void test_bad_lists_are_refused(void)
{
	static const char *const bad[] = {"install|installed|ok|a|1.0\n",
					  "install|installed|ok|-a|1.0|all\n",
					  "install|installed|ok|a|1 0|all\n",
					  "install|installed|ok|a|1.0|all|x\n", "rubbish\n"};

	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_autoptr(package_list_auto) list = package_list_new("amd64");
		g_autoptr(GError) error = NULL;

		g_assert_false(apt_parse_list(bad[i], list, &error));
		g_assert_error(error, PACKAGE_ERROR, PACKAGE_ERROR_FAILED);
	}
}

static const struct package_change *change_at(const GPtrArray *changes, guint i)
{
	return changes->pdata[i];
}

static void test_simulation(void)
{
	static const char text[] = "Reading package lists...\n"
				   "  Installing lib:amd64 as Depends of app:amd64\n"
				   "The following packages will be REMOVED:\n"
				   "  old rival\n"
				   "Remv old [1.0] [user:amd64 ]\n"
				   "Remv rival:i386 [2.0]\n"
				   "Inst lib (2.0 Test:1/main, Test:1/security [amd64])\n"
				   "Inst app [1.0] (1:1.1-1 test [all]) [user:amd64 ]\n"
				   "Inst far:i386 (3.0 test [i386])\n"
				   "Conf lib (2.0 Test:1/main [amd64])\n"
				   "Conf broken (2.0 test [all])\n";
	g_autoptr(package_list_auto) list = make_list("install|installed|ok|old|1.0|all\n"
						      "hold|installed|ok|app|1.0|amd64\n"
						      "install|installed|ok|rival|2.0|i386\n");
	g_autoptr(GPtrArray) changes = g_ptr_array_new_with_free_func(package_change_destroy);
	GError *error = NULL;

	g_assert_true(apt_parse_simulation(text, list, changes, &error));
	g_assert_no_error(error);
	g_assert_cmpuint(changes->len, ==, 5);
	g_assert_cmpstr(change_at(changes, 0)->name, ==, "app");
	g_assert_cmpstr(change_at(changes, 0)->from, ==, "1.0");
	g_assert_cmpstr(change_at(changes, 0)->to, ==, "1:1.1-1");
	g_assert_cmpstr(change_at(changes, 0)->arch, ==, "all");
	g_assert_true(change_at(changes, 0)->held);
	g_assert_cmpstr(change_at(changes, 1)->name, ==, "far");
	g_assert_true(change_at(changes, 1)->foreign);
	g_assert_cmpstr(change_at(changes, 2)->name, ==, "lib");
	g_assert_null(change_at(changes, 2)->from);
	g_assert_cmpstr(change_at(changes, 2)->why, ==, "Depends of app");
	g_assert_cmpstr(change_at(changes, 3)->name, ==, "old");
	g_assert_null(change_at(changes, 3)->to);
	g_assert_cmpstr(change_at(changes, 4)->name, ==, "rival");
	g_assert_true(change_at(changes, 4)->foreign);
}

static void test_bad_simulations_are_refused(void)
{
	static const char *const bad[] = {"Remv nowhere [1.0]\n",
					  "Inst a\n",
					  "Inst a (1.0)\n",
					  "Inst a (1.0 test)\n",
					  "Inst -a (1.0 test [all])\n",
					  "Inst a (;rm test [all])\n",
					  "Inst \n"};

	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_autoptr(package_list_auto) list = make_list("");
		g_autoptr(GPtrArray) changes =
			g_ptr_array_new_with_free_func(package_change_destroy);
		g_autoptr(GError) error = NULL;

		g_assert_false(apt_parse_simulation(bad[i], list, changes, &error));
		g_assert_error(error, PACKAGE_ERROR, PACKAGE_ERROR_FAILED);
	}
}

#define DIGEST "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void test_details(void)
{
	static const char text[] = "Package: app\nVersion: 2.0\nArchitecture: all\n"
				   "Installed-Size: 20\nSize: 1234\nSHA256: " DIGEST "\n\n"
				   "Package: app\nVersion: 2.0\nArchitecture: all\n"
				   "Size: 99\nSHA256: " DIGEST "\n\n"
				   "Package: app\nStatus: install ok installed\nVersion: 1.0\n"
				   "Architecture: all\nInstalled-Size: 7\n\n"
				   "Package: lib\nVersion: 1.0\nArchitecture: amd64\n"
				   "Installed-Size: x\nSize: -4\nSHA256: short\n";
	g_autoptr(GPtrArray) changes = g_ptr_array_new_with_free_func(package_change_destroy);

	g_ptr_array_add(changes, package_change_new("app", "all", "1.0", "2.0"));
	g_ptr_array_add(changes, package_change_new("lib", "amd64", NULL, "1.0"));
	apt_parse_show(text, changes);
	g_assert_cmpstr(change_at(changes, 0)->archive, ==, "sha256:" DIGEST);
	g_assert_cmpint(change_at(changes, 0)->download, ==, 1234);
	g_assert_cmpint(change_at(changes, 0)->old_size, ==, 7 * 1024);
	g_assert_cmpint(change_at(changes, 0)->new_size, ==, 20 * 1024);
	g_assert_null(change_at(changes, 1)->archive);
	g_assert_cmpint(change_at(changes, 1)->download, ==, -1);
}

static void test_policy_puts_the_candidate_first(void)
{
	static const char text[] = "app:\n"
				   "  Installed: 1.0\n"
				   "  Candidate: 2.0\n"
				   "  Version table:\n"
				   "     4.0 -10\n"
				   "        -10 file:/repo ./ Packages\n"
				   "     3.0 100\n"
				   "        100 file:/backports ./ Packages\n"
				   "     2.0 500\n"
				   "        500 file:/repo ./ Packages\n"
				   " *** 1.0 100\n"
				   "        100 /var/lib/dpkg/status\n"
				   "none:\n"
				   "  Installed: (none)\n"
				   "  Candidate: (none)\n"
				   "  Version table:\n";
	g_autoptr(GHashTable) table = apt_parse_policy(text);
	const GPtrArray *app = g_hash_table_lookup(table, "app");
	const GPtrArray *none = g_hash_table_lookup(table, "none");

	g_assert_cmpuint(app->len, ==, 2);
	g_assert_cmpstr(app->pdata[0], ==, "2.0");
	g_assert_cmpstr(app->pdata[1], ==, "3.0");
	g_assert_cmpuint(none->len, ==, 0);
	g_assert_null(g_hash_table_lookup(table, "other"));
}

static void check_error(const char *out, const char *err, const char *text)
{
	g_autofree char *got = apt_parse_error(out, err);

	g_assert_cmpstr(got, ==, text);
}

static void test_errors_are_told_in_their_own_words(void)
{
	check_error(
		"Setting up bad (1.0) ...\n",
		"dpkg: error processing package bad (--configure):\n"
		" installed bad package post-installation script subprocess returned error exit "
		"status 7\n"
		"Errors were encountered while processing:\n bad\n"
		"E: Sub-process /usr/bin/dpkg returned an error code (1)\n",
		"dpkg: error processing package bad (--configure): installed bad package "
		"post-installation script subprocess returned error exit status 7");
	check_error("Some packages could not be installed. This may mean\n\n"
		    "The following packages have unmet dependencies:\n"
		    " app : Depends: lib (>= 2) but it is not installable\n"
		    "       Depends: nothing\n",
		    "E: Unable to correct problems, you have held broken packages.\n",
		    "app : Depends: lib (>= 2) but it is not installable; Depends: nothing; Unable "
		    "to correct problems, you have held broken packages.");
	check_error("", "E: Unable to locate package x\n", "Unable to locate package x");
	check_error("", "Segmentation fault\n", "Segmentation fault");
	check_error("", "", "");
}

static void test_kept_files_are_named(void)
{
	g_autofree char *none = apt_parse_kept("dpkg: warning: downgrading a\n");
	g_autofree char *two = apt_parse_kept(
		"\nConfiguration file '/etc/a.conf'\n ==> Modified (by you or by a script) since "
		"installation.\n ==> Package distributor has shipped an updated version.\n ==> "
		"Keeping old config file as default.\n\nConfiguration file '/etc/b.conf'\n ==> "
		"Using current old file as you requested.\nConfiguration file '/etc/c.conf'\n ==> "
		"Using new file as you requested.\n");

	g_assert_null(none);
	g_assert_cmpstr(two, ==, "kept, because somebody changed it: /etc/a.conf, /etc/b.conf");
}

static void test_archives(void)
{
	g_autofree char *name = apt_archive_name("app", "1:1.0-1", "amd64");
	g_autofree char *path = apt_parse_uri(
		"Reading package lists...\n"
		"'http://deb.example.org/lib_1.deb' lib_1_all.deb 20 SHA256:00\n"
		"'file:/repo/./app_1%253a1.0-1.deb' app_1%3a1.0-1_amd64.deb 20672 SHA256:00\n",
		name);
	g_autofree char *other = apt_parse_uri("'file:/repo/x.deb' y_1_all.deb 20\n", "x");

	g_assert_cmpstr(name, ==, "app_1%3a1.0-1_amd64.deb");
	g_assert_cmpstr(path, ==, "/repo/./app_1%3a1.0-1.deb");
	g_assert_null(other);
}

static void test_versions_are_ordered(void)
{
	/* Each is smaller than the next. */
	static const char *const order[] = {"0~~",
					    "0~",
					    "0",
					    "0a",
					    "0+b",
					    "0.0",
					    "1~rc1",
					    "1~rc1+",
					    "1-0~1",
					    "1",
					    "1-1",
					    "1-1+b1",
					    "1-1.1",
					    "1-02",
					    "1.2",
					    "1.10",
					    "1.10a",
					    "1.10+b",
					    "1.11",
					    "99999999999999999999",
					    "99999999999999999999.1",
					    "1:0",
					    "1:0-1",
					    "2:0"};
	static const char *const same[][2] = {
		{"1.0", "0:1.0"}, {"1.0", "1.0-0"}, {"1.01", "1.1"}, {"1.0-1", "1.0-01"}};

	for (size_t i = 0; i < G_N_ELEMENTS(order); i++) {
		for (size_t k = 0; k < G_N_ELEMENTS(order); k++) {
			int got = apt_compare_versions(order[i], order[k]);

			g_assert_cmpint(i < k, ==, got < 0);
			g_assert_cmpint(i == k, ==, got == 0);
		}
	}
	for (size_t i = 0; i < G_N_ELEMENTS(same); i++) {
		g_assert_cmpint(apt_compare_versions(same[i][0], same[i][1]), ==, 0);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/apt/list-knows-every-state", test_list_knows_every_state);
	g_test_add_func("/apt/bad-lists-are-refused", test_bad_lists_are_refused);
	g_test_add_func("/apt/simulation", test_simulation);
	g_test_add_func("/apt/bad-simulations-are-refused", test_bad_simulations_are_refused);
	g_test_add_func("/apt/details", test_details);
	g_test_add_func("/apt/policy-puts-the-candidate-first",
			test_policy_puts_the_candidate_first);
	g_test_add_func("/apt/errors-in-their-own-words", test_errors_are_told_in_their_own_words);
	g_test_add_func("/apt/kept-files-are-named", test_kept_files_are_named);
	g_test_add_func("/apt/archives", test_archives);
	g_test_add_func("/apt/versions-are-ordered", test_versions_are_ordered);
	return g_test_run();
}
