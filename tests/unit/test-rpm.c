/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The order of rpm's versions, its database, and what dnf and zypper write. */
#include <string.h>

#include "worker/target/dnf.h"
#include "worker/target/rpm-md.h"
#include "worker/target/rpm.h"
#include "worker/target/zypper.h"

static void test_versions_are_ordered(void)
{
	/* Each two that stand side by side. */
	static const char *const rising[] = {"1.0~rc1-1", "1.0~rc2-1",	"1.0-1",  "1.0-2",
					     "1.0-10",	  "1.0^git1-1", "1.0a-1", "1.0.1-1",
					     "1.1-1",	  "1.2-1",	"1.10-1", "2-1",
					     "10-1",	  "1:0.1-1",	"1:2-1",  "2:1-1.el9"};

	for (size_t i = 0; i + 1 < G_N_ELEMENTS(rising); i++) {
		g_test_message("%s < %s", rising[i], rising[i + 1]);
		g_assert_cmpint(rpm_compare(rising[i], rising[i + 1]), <, 0);
		g_assert_cmpint(rpm_compare(rising[i + 1], rising[i]), >, 0);
		g_assert_cmpint(rpm_compare(rising[i], rising[i]), ==, 0);
	}
}

static void test_versions_that_are_equal(void)
{
	static const char *const same[][2] = {{"0:1.0-1", "1.0-1"}, {"1.0-1", "1.00-1"},
					      {"1.0", "1.0-7"},	    {"1_0-1", "1.0-1"},
					      {"2:1.0", "2:1.0-7"}, {"1.0.a-1", "1.0a-1"}};

	for (size_t i = 0; i < G_N_ELEMENTS(same); i++) {
		g_test_message("%s = %s", same[i][0], same[i][1]);
		g_assert_cmpint(rpm_compare(same[i][0], same[i][1]), ==, 0);
		g_assert_cmpint(rpm_compare(same[i][1], same[i][0]), ==, 0);
	}
}

static void assert_spec(const char *version, const char *arch, const char *wanted)
{
	g_autofree char *spec = rpm_spec("rig-a", version, arch);

	g_assert_cmpstr(spec, ==, wanted);
}

static void test_specs_name_one(void)
{
	assert_spec("1.0-1", "noarch", "rig-a-0:1.0-1.noarch");
	assert_spec("2:1.0-1", "noarch", "rig-a-2:1.0-1.noarch");
	assert_spec("1.0-1", NULL, "rig-a-0:1.0-1");
	assert_spec("1.0", "noarch", "rig-a-0:1.0");
}

static void test_database_is_read(void)
{
	g_autoptr(GPtrArray) entries = rpm_entries_parse(
		"rig-up\t0\t1.0\t1\tnoarch\t12\t3\nrig-epoch\t2\t1.0\t1\tnoarch\t12\t4\n"
		"gpg-pubkey\t0\tabc\tdef\t(none)\t0\t5\nrig-up\t0\t2.0\t1\tnoarch\t13\t6\n"
		"package nothing is not installed\n"
		"kernel\t0\t6.1\t1\tx86_64\t9000000000\t7\nkernel\t0\t6.2\t1\tx86_64\t9\t8\n");
	g_autoptr(GPtrArray) left = NULL;
	struct rpm_entry *e;

	g_assert_cmpuint(entries->len, ==, 5);
	e = entries->pdata[1];
	g_assert_cmpstr(e->version, ==, "2:1.0-1");
	e = entries->pdata[3];
	g_assert_cmpint(e->size, ==, G_GINT64_CONSTANT(9000000000));
	((struct rpm_entry *)entries->pdata[3])->many = true;
	((struct rpm_entry *)entries->pdata[4])->many = true;
	left = rpm_leftovers(entries);
	g_assert_cmpuint(left->len, ==, 1);
	e = left->pdata[0];
	g_assert_cmpstr(e->version, ==, "1.0-1");
}

static struct proc_result result_of(int status, const char *out, const char *err)
{
	return (struct proc_result){status, g_string_new(out), g_string_new(err)};
}

static void assert_changes(const GPtrArray *changes, const char *wanted)
{
	g_autoptr(GString) text = g_string_new(NULL);

	for (guint i = 0; i < changes->len; i++) {
		const struct package_change *c = changes->pdata[i];

		g_string_append_printf(text, "%s,%s,%s,%s ", c->name, c->arch,
				       c->from == NULL ? "-" : c->from,
				       c->to == NULL ? "-" : c->to);
	}
	g_assert_cmpstr(text->str, ==, wanted);
}

static void dnf_gives(int status, const char *out, const char *err, const char *wanted)
{
	g_auto(proc_output) result = result_of(status, out, err);
	g_autoptr(GPtrArray) changes = NULL;
	g_autoptr(GError) error = NULL;

	g_assert_true(dnf_parse(&result, &changes, &error));
	g_assert_no_error(error);
	assert_changes(changes, wanted);
}

static void dnf_fails(int status, const char *out, const char *err, int code, const char *part)
{
	g_auto(proc_output) result = result_of(status, out, err);
	GPtrArray *changes = NULL;
	g_autoptr(GError) error = NULL;

	g_assert_false(dnf_parse(&result, &changes, &error));
	g_assert_null(changes);
	g_assert_error(error, PACKAGE_ERROR, code);
	g_test_message("%s", error->message);
	g_assert_nonnull(strstr(error->message, part));
}

#define RULE "================================================================================\n"
#define HEAD                                                                                       \
	"Dependencies resolved.\n" RULE                                                            \
	" Package            Architecture      Version             Repository       Size\n" RULE
#define ABORTED "Operation aborted.\n"

static void test_dnf_table(void)
{
	dnf_gives(1,
		  "Last metadata expiration check: 0:00:12 ago on Fri 27 Nov 2026.\n" HEAD
		  "Installing:\n"
		  " rig-epoch  noarch  2:1.0-1  rig  6.6 k\n"
		  " rig-new  noarch  2.0-1  rig  6.6 k\n"
		  "     replacing  rig-old.noarch 1.0-1\n"
		  "Upgrading:\n"
		  " rig-a  noarch  2.0-1  rig  6.6 k\n"
		  "Downgrading:\n"
		  " rig-lib  noarch  1.0-1  rig  6.6 k\n"
		  "Removing:\n"
		  " rig-b  noarch  1.0-1  @rig  12  \n"
		  "Removing dependent packages:\n"
		  " rig-c  i686  1.0-1  @System  12  \n"
		  "\nTransaction Summary\n" RULE "Install    2 Packages\nUpgrade    1 Package\n"
		  "Remove     2 Packages\nDowngrade  1 Package\n\nTotal size: 34 k\n"
		  "Installed size: 60  \n",
		  ABORTED,
		  "rig-epoch,noarch,-,2:1.0-1 rig-new,noarch,-,2.0-1 rig-old,noarch,1.0-1,- "
		  "rig-a,noarch,,2.0-1 rig-lib,noarch,,1.0-1 rig-b,noarch,1.0-1,- "
		  "rig-c,i686,1.0-1,- ");
	dnf_gives(0,
		  "Package rig-a-1.0-1.noarch is already installed.\nDependencies resolved.\n"
		  "Nothing to do.\nComplete!\n",
		  "", "");
}

/* What does not fit stands in another line, of the head and of the rows. */
static void test_dnf_wide_table(void)
{
	dnf_gives(1,
		  "Dependencies resolved.\n" RULE
		  " Package                             Arch    Version Repo\n"
		  "                                                       Size\n" RULE
		  "Installing:\n"
		  " rig-a  noarch  1.0-1   rig  6.6 k\n"
		  " rig-a-package-with-a-very-long-name\n"
		  "                                     noarch  1.0-1   a-repository-with-a-name\n"
		  "                                                          7.3 k\n"
		  "\nTransaction Summary\n" RULE "Install  2 Packages\n\n",
		  ABORTED,
		  "rig-a,noarch,-,1.0-1 rig-a-package-with-a-very-long-name,noarch,-,1.0-1 ");
}

/* Of dnf 5, by its documentation and sources. */
static void test_dnf5_table(void)
{
	dnf_gives(1,
		  "Package        Arch   Version   Repository      Size\n"
		  "Installing:\n"
		  " rig-new       noarch 0:2.0-1   rig         12.0   B\n"
		  "   replacing rig-old noarch 0:1.0-1 rig     12.0   B\n"
		  "Upgrading:\n"
		  " rig-a         noarch 0:2.0-1   rig         12.0   B\n"
		  "   replacing rig-a noarch 0:1.0-1 rig       12.0   B\n"
		  "\nTransaction Summary:\n Installing:        1 package\n"
		  " Upgrading:         1 package\n Replacing:         2 packages\n\n",
		  "Updating and loading repositories:\nRepositories loaded.\n"
		  "Operation aborted by the user.\n",
		  "rig-new,noarch,-,2.0-1 rig-old,noarch,1.0-1,- rig-a,noarch,1.0-1,2.0-1 ");
}

static void test_dnf_refuses(void)
{
	dnf_fails(1, "(try to add '--skip-broken')\n",
		  "Error: \n Problem: conflicting requests\n"
		  "  - nothing provides no-such-cap needed by rig-unmet-1.0-1.noarch\n",
		  PACKAGE_ERROR_REFUSED,
		  "dnf: Problem: conflicting requests; - nothing provides no-such-cap");
	dnf_fails(1, "No match for argument: nosuch\n", "Error: Unable to find a match: nosuch\n",
		  PACKAGE_ERROR_REFUSED, "Unable to find a match: nosuch");
	/* Its shell goes on without what it did not find, and ends with 0. */
	dnf_fails(0,
		  HEAD "Removing:\n rig-b noarch 1.0-1 @rig 12\n\nTransaction Summary\n" RULE
		       "Remove  1 Package\n",
		  "Error: Unable to find a match: nosuch\nError: Operation aborted.\n",
		  PACKAGE_ERROR_REFUSED, "nosuch");
}

static void test_dnf_is_not_guessed(void)
{
	static const char rows[] = "Installing:\n rig-a  noarch  1.0-1  rig  6.6 k\n";
	g_autofree char *less =
		g_strconcat(HEAD, rows, "\nTransaction Summary\nInstall  2 Packages\n", NULL);
	g_autofree char *cut = g_strconcat(HEAD, rows, NULL);

	dnf_fails(1, less, ABORTED, PACKAGE_ERROR_FAILED, "1 of 2 packages understood");
	dnf_fails(1, cut, ABORTED, PACKAGE_ERROR_FAILED, "does not say what it would do");
	dnf_fails(1, "", ABORTED, PACKAGE_ERROR_FAILED, "does not say what it would do");
	dnf_fails(1, "", "", PACKAGE_ERROR_REFUSED, "dnf");
	dnf_fails(1, HEAD "Enabling module streams:\n nodejs  18\n\nTransaction Summary\n", ABORTED,
		  PACKAGE_ERROR_REFUSED, "Enabling module streams");
	dnf_fails(1,
		  HEAD "Installing:\n rig-a  1.0-1  rig  6.6 k\n\nTransaction Summary\n"
		       "Install  1 Package\n",
		  ABORTED, PACKAGE_ERROR_FAILED, "rig-a");
	dnf_fails(1,
		  HEAD "Installing:\n --evil  noarch  1.0-1  rig  6.6 k\n\nTransaction Summary\n"
		       "Install  1 Package\n",
		  ABORTED, PACKAGE_ERROR_FAILED, "--evil");
}

static void test_dnf_locks(void)
{
	g_autoptr(GHashTable) four = dnf_held_parse("# Added lock on Fri Nov 27\n"
						    "rig-a-0:1.0-1.*\n!rig-b-0:2.0-1.*\n\n"
						    "rig-long-name-2:1.0-1.*\n");
	g_autoptr(GHashTable) five =
		dnf_held_parse("version = \"1.0\"\n\n[[packages]]\nname = \"rig-a\"\n"
			       "comment = \"name\"\n[[packages.conditions]]\nkey = \"evr\"\n"
			       "comparator = \"=\"\nvalue = \"1.0-1\"\n");

	g_assert_cmpuint(g_hash_table_size(four), ==, 2);
	g_assert_true(g_hash_table_contains(four, "rig-a"));
	g_assert_true(g_hash_table_contains(four, "rig-long-name"));
	g_assert_cmpuint(g_hash_table_size(five), ==, 1);
	g_assert_true(g_hash_table_contains(five, "rig-a"));
}

#define XML "<?xml version='1.0'?>\n<stream>\n"
#define PACKAGE_OF(name) "<solvable type=\"package\" name=\"" name "\" arch=\"noarch\""
#define OLD(now, then) " edition=\"" now "\" edition-old=\"" then "\" arch-old=\"noarch\""
#define END " summary=\"test\">\n<description>a problem in words</description></solvable>\n"

static void zypper_gives(const char *out, const char *wanted)
{
	g_auto(proc_output) result = result_of(0, out, "");
	g_autoptr(GPtrArray) changes = NULL;
	g_autoptr(GError) error = NULL;

	g_assert_true(zypper_parse(&result, &changes, &error));
	g_assert_no_error(error);
	assert_changes(changes, wanted);
}

static void zypper_fails(int status, const char *out, int code, const char *part)
{
	g_auto(proc_output) result = result_of(status, out, "");
	GPtrArray *changes = NULL;
	g_autoptr(GError) error = NULL;

	g_assert_false(zypper_parse(&result, &changes, &error));
	g_assert_null(changes);
	if (code >= 0) {
		g_assert_error(error, PACKAGE_ERROR, code);
	}
	g_test_message("%s", error->message);
	g_assert_nonnull(strstr(error->message, part));
}

static void test_zypper_summary(void)
{
	static const char all[] = XML
		"<message type=\"info\">Loading repository data...</message>\n"
		"<install-summary download-size=\"20216\" packages-to-change=\"4\">\n"
		"<to-install>\n" PACKAGE_OF("rig-epoch") " edition=\"2:1.0-1\"" END
							 "</to-install>\n<to-upgrade>\n" PACKAGE_OF(
								 "rig-a") OLD("2.0-1", "1.0-1") END
		"</to-upgrade>\n<to-downgrade>\n" PACKAGE_OF("rig-lib") OLD("1.0-1", "2.0-1") END
		"</to-downgrade>\n<to-remove>\n" PACKAGE_OF(
			"rig-b") " edition=\"1.0-1\"" END
				 "</to-remove>\n</install-summary>\n</stream>\n";

	zypper_gives(all, "rig-epoch,noarch,-,2:1.0-1 rig-a,noarch,1.0-1,2.0-1 "
			  "rig-lib,noarch,2.0-1,1.0-1 rig-b,noarch,1.0-1,- ");
	zypper_gives(XML "<install-summary download-size=\"0\" packages-to-change=\"0\">\n"
			 "</install-summary>\n<message type=\"info\">Nothing to do.</message>\n"
			 "</stream>\n",
		     "");
	/* Another architecture is another package. */
	zypper_gives(XML "<install-summary packages-to-change=\"1\"><to-upgrade-change-arch>"
			 "<solvable type=\"package\" name=\"rig-a\" edition=\"2.0-1\" "
			 "arch=\"x86_64\" edition-old=\"1.0-1\" arch-old=\"noarch\"/>"
			 "</to-upgrade-change-arch></install-summary></stream>",
		     "rig-a,noarch,1.0-1,- rig-a,x86_64,-,2.0-1 ");
}

static void test_zypper_refuses(void)
{
	zypper_fails(4,
		     XML "<message type=\"info\">Resolving package dependencies...</message>\n"
			 "<prompt id=\"1\">\n<description>Problem: rig-conflict-1.0-1.noarch "
			 "conflicts with rig-a provided by rig-a-1.0-1.noarch\n Solution 1: "
			 "deinstallation of rig-a-1.0-1.noarch\n</description>\n"
			 "<text>Choose from above solutions by number or cancel</text>\n"
			 "</prompt>\n</stream>\n",
		     PACKAGE_ERROR_REFUSED,
		     "zypper: Problem: rig-conflict-1.0-1.noarch conflicts with rig-a");
	zypper_fails(104,
		     XML "<message type=\"error\">No provider of &apos;nosuch&apos; found."
			 "</message>\n</stream>\n",
		     PACKAGE_ERROR_REFUSED, "No provider of 'nosuch' found.");
}

static void test_zypper_is_not_guessed(void)
{
	static const char reinstall[] =
		XML "<install-summary packages-to-change=\"1\"><to-reinstall>" PACKAGE_OF(
			"rig-a") " edition=\"1-1\"" END
				 "</to-reinstall></install-summary></stream>";
	static const char evil[] =
		XML "<install-summary packages-to-change=\"1\"><to-install>" PACKAGE_OF(
			"-evil") " edition=\"1-1\"" END "</to-install></install-summary></stream>";

	zypper_fails(0, XML "<message type=\"info\">Nothing to do.</message>\n</stream>\n",
		     PACKAGE_ERROR_FAILED, "does not say");
	zypper_fails(0, XML "<install-summary packages-to-change=\"2\"></install-summary></stream>",
		     PACKAGE_ERROR_FAILED, "does not say");
	zypper_fails(0, XML "<install-summary packages-to-change=\"1\"><to-install>", -1,
		     "cannot read");
	zypper_fails(0,
		     XML "<install-summary packages-to-change=\"1\"><to-install><solvable "
			 "type=\"pattern\" name=\"base\" edition=\"1-1\" arch=\"noarch\"/>"
			 "</to-install></install-summary></stream>",
		     PACKAGE_ERROR_REFUSED, "pattern base");
	zypper_fails(0, reinstall, PACKAGE_ERROR_FAILED, "to-reinstall");
	zypper_fails(0, evil, PACKAGE_ERROR_FAILED, "-evil");
}

static void test_zypper_finds(void)
{
	g_autoptr(GPtrArray) found = NULL;
	g_autoptr(GError) error = NULL;

	g_assert_true(zypper_versions_parse(
		XML "<search-result version=\"0.0\">\n<solvable-list>\n"
		    "<solvable status=\"other-version\" name=\"rig-a\" kind=\"package\" "
		    "edition=\"2.0-1\" arch=\"noarch\" repository=\"rig\"/>\n"
		    "<solvable status=\"installed\" name=\"rig-a\" kind=\"package\" "
		    "edition=\"1.0-1\" arch=\"noarch\" repository=\"(System Packages)\"/>\n"
		    "<solvable status=\"not-installed\" name=\"rig-a\" kind=\"srcpackage\" "
		    "edition=\"2.0-1\" arch=\"noarch\" repository=\"rig\"/>\n"
		    "</solvable-list>\n</search-result>\n</stream>\n",
		&found, &error));
	g_assert_no_error(error);
	g_assert_cmpuint(found->len, ==, 1);
	g_assert_cmpstr(found->pdata[0], ==, "rig-a noarch 2.0-1");
}

static void test_zypper_locks(void)
{
	g_autoptr(GPtrArray) held = zypper_locks_parse(
		"\ntype: package\nmatch_type: glob\ncase_sensitive: on\nsolvable_name: rig-a\n"
		"\ntype: pattern\nmatch_type: glob\nsolvable_name: base\n"
		"\ntype: package\nmatch_type: glob\nsolvable_name: rig-b\nversion: > 2\n"
		"\ntype: package\nmatch_type: glob\nsolvable_name: lib*\n");

	g_assert_cmpuint(held->len, ==, 2);
	g_assert_cmpstr(held->pdata[0], ==, "rig-a");
	g_assert_cmpstr(held->pdata[1], ==, "lib*");
}

static void test_words_of_rpm(void)
{
	g_auto(proc_output) result =
		result_of(0,
			  "  Upgrading        : rig-a-2.0-1.noarch        1/2\n"
			  "warning: /etc/rig-a.conf created as /etc/rig-a.conf.rpmnew\n"
			  "warning: /etc/rig-b.conf saved as /etc/rig-b.conf.rpmsave\n"
			  "warning: %post(rig-post-1.0-1.noarch) scriptlet failed, exit status 7\n",
			  "Error in POSTIN scriptlet in rpm package rig-post\n");
	g_auto(proc_output) lua =
		result_of(0, "Complete!\n", "Error in POSTIN scriptlet in rpm package rig-lua\n");
	g_auto(proc_output) quiet = result_of(0, "Complete!\n", "");
	g_autofree char *said = rpm_said(&result), *scriptlets = rpm_scriptlets(&result);
	g_autofree char *of_lua = rpm_scriptlets(&lua);

	g_assert_cmpstr(said, ==,
			"kept /etc/rig-a.conf, the new one is /etc/rig-a.conf.rpmnew; the changed "
			"/etc/rig-b.conf is now /etc/rig-b.conf.rpmsave");
	g_assert_cmpstr(scriptlets, ==,
			"%post(rig-post-1.0-1.noarch) scriptlet failed, exit status 7");
	g_assert_cmpstr(of_lua, ==, "Error in POSTIN scriptlet in rpm package rig-lua");
	g_assert_null(rpm_said(&quiet));
	g_assert_null(rpm_scriptlets(&quiet));
}

#define DIGEST "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define IN_REPOSITORY(name, digest)                                                                \
	"<package type=\"rpm\"><name>" name "</name><arch>noarch</arch>"                           \
	"<version epoch=\"2\" ver=\"1.0\" rel=\"1\"/>"                                             \
	"<checksum type=\"sha256\" pkgid=\"YES\">" digest "</checksum>"                            \
	"<size package=\"6708\" installed=\"12\" archive=\"400\"/><format><rpm:provides>"          \
	"<rpm:entry name=\"x\"/></rpm:provides><name>not-this</name></format></package>"

static void read_metadata(GPtrArray *changes, const char *packages)
{
	g_autofree char *xml = g_strconcat("<?xml version=\"1.0\"?><metadata packages=\"1\">",
					   packages, "</metadata>", NULL);
	g_autoptr(GInputStream) stream =
		g_memory_input_stream_new_from_data(xml, (gssize)strlen(xml), NULL);
	g_autoptr(GError) error = NULL;

	g_assert_true(rpm_md_parse(changes, stream, &error));
	g_assert_no_error(error);
}

static void test_metadata(void)
{
	g_autoptr(GPtrArray) changes = g_ptr_array_new_with_free_func(package_change_destroy);
	struct package_change *c = package_change_new("rig-a", "noarch", NULL, "2:1.0-1");

	g_ptr_array_add(changes, c);
	g_ptr_array_add(changes, package_change_new("rig-b", "noarch", "2:1.0-1", NULL));
	read_metadata(changes, IN_REPOSITORY("rig-b", DIGEST) IN_REPOSITORY("rig-a", DIGEST));
	g_assert_cmpstr(c->archive, ==, "sha256:" DIGEST);
	g_assert_cmpint(c->download, ==, 6708);
	g_assert_cmpint(c->new_size, ==, 12);
	g_assert_null(((struct package_change *)changes->pdata[1])->archive);
	/* Two repositories do not agree: nobody knows which one it will be. */
	read_metadata(changes, IN_REPOSITORY("rig-a", "b" DIGEST));
	g_assert_null(c->archive);
}

static void test_differences_are_named(void)
{
	g_autoptr(GPtrArray) planned = g_ptr_array_new_with_free_func(package_change_destroy);
	g_autoptr(GPtrArray) now = g_ptr_array_new_with_free_func(package_change_destroy);
	g_autoptr(GError) more = NULL, less = NULL;

	g_ptr_array_add(planned, package_change_new("rig-a", "noarch", NULL, "1.0-1"));
	g_ptr_array_add(now, package_change_new("rig-a", "noarch", NULL, "1.0-1"));
	g_assert_true(rpm_same(planned, now, "dnf would", NULL));
	g_ptr_array_add(now, package_change_new("rig-b", "noarch", "1.0-1", NULL));
	g_assert_false(rpm_same(planned, now, "dnf would", &more));
	g_assert_cmpstr(more->message, ==, "dnf would: also rig-b from 1.0-1 to nothing");
	g_assert_false(rpm_same(now, planned, "dnf would", &less));
	g_assert_cmpstr(less->message, ==, "dnf would: not rig-b from 1.0-1 to nothing");
}

static void add_install(GPtrArray *changes, const char *name, const char *archive)
{
	struct package_change *c = package_change_new(name, "noarch", NULL, "1.0-1");

	c->archive = g_strdup(archive);
	g_ptr_array_add(changes, c);
}

static void test_archives_are_compared_by_package(void)
{
	g_autoptr(GPtrArray) planned = g_ptr_array_new_with_free_func(package_change_destroy);
	g_autoptr(GPtrArray) now = g_ptr_array_new_with_free_func(package_change_destroy);
	g_autoptr(GPtrArray) other = g_ptr_array_new_with_free_func(package_change_destroy);
	g_autoptr(GError) error = NULL;

	add_install(planned, "rig-a", "sha256:a");
	add_install(planned, "rig-b", "sha256:b");
	add_install(now, "rig-b", "sha256:b");
	add_install(now, "rig-a", "sha256:a");
	g_assert_true(rpm_same(planned, now, "dnf would", NULL));
	add_install(other, "rig-b", "sha256:b");
	add_install(other, "rig-a", "sha256:x");
	g_assert_false(rpm_same(planned, other, "dnf would", &error));
	g_assert_cmpstr(error->message, ==,
			"the archive of 'rig-a' 1.0-1 is another one than was planned");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/rpm/versions-are-ordered", test_versions_are_ordered);
	g_test_add_func("/rpm/versions-that-are-equal", test_versions_that_are_equal);
	g_test_add_func("/rpm/specs-name-one", test_specs_name_one);
	g_test_add_func("/rpm/database-is-read", test_database_is_read);
	g_test_add_func("/rpm/words", test_words_of_rpm);
	g_test_add_func("/rpm/metadata", test_metadata);
	g_test_add_func("/rpm/differences-are-named", test_differences_are_named);
	g_test_add_func("/rpm/archives-are-compared-by-package",
			test_archives_are_compared_by_package);
	g_test_add_func("/dnf/table", test_dnf_table);
	g_test_add_func("/dnf/wide-table", test_dnf_wide_table);
	g_test_add_func("/dnf/table-of-dnf5", test_dnf5_table);
	g_test_add_func("/dnf/refuses", test_dnf_refuses);
	g_test_add_func("/dnf/is-not-guessed", test_dnf_is_not_guessed);
	g_test_add_func("/dnf/locks", test_dnf_locks);
	g_test_add_func("/zypper/summary", test_zypper_summary);
	g_test_add_func("/zypper/refuses", test_zypper_refuses);
	g_test_add_func("/zypper/is-not-guessed", test_zypper_is_not_guessed);
	g_test_add_func("/zypper/finds", test_zypper_finds);
	g_test_add_func("/zypper/locks", test_zypper_locks);
	return g_test_run();
}
