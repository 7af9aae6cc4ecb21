/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of worker/target/diff.c. */
#include "worker/target/diff.h"

#include <string.h>

static const struct plan_state absent = {
	.type = STATE_ABSENT, .size = -1, .mode = -1, .uid = -1, .gid = -1};

static struct plan_state file(const char *text, int64_t mode)
{
	struct plan_state s = {.type = STATE_FILE, .mode = mode, .uid = -1, .gid = -1};

	hash_bytes(&s.digest, text, strlen(text));
	s.size = (int64_t)strlen(text);
	return s;
}

static char *render(const struct plan_change *c, const char *old, const char *new)
{
	g_autoptr(differ_auto) d = differ_new(DIFF_MAX_PLAN);
	struct diff_content a = {old, old != NULL ? strlen(old) : 0};
	struct diff_content b = {new, new != NULL ? strlen(new) : 0};
	GString *out = g_string_new(NULL);
	g_autoptr(GError) error = NULL;

	g_assert_true(diff_write(d, out, c, &a, &b, &error));
	g_assert_no_error(error);
	return g_string_free(out, FALSE);
}

static void test_text(void)
{
	struct plan_change c = {.path = "/etc/x", .observed = file("a\nb\n", 0644)};
	g_autofree char *got = NULL;

	c.desired = file("a\nc", -1);
	got = render(&c, "a\nb\n", "a\nc");
	g_assert_cmpstr(got, ==,
			"diff --git a/etc/x b/etc/x\n"
			"--- a/etc/x\n+++ b/etc/x\n"
			"@@ -1,2 +1,2 @@\n a\n-b\n+c\n\\ No newline at end of file\n");
}

static void test_create_and_remove(void)
{
	struct plan_change c = {.path = "/x", .observed = absent};
	g_autofree char *made = NULL;
	g_autofree char *gone = NULL;

	c.desired = file("a\n", 0755);
	c.desired.uid = 33;
	c.desired.owner = "www-data";
	made = render(&c, "", "a\n");
	g_assert_cmpstr(made, ==,
			"diff --git a/x b/x\nnew file mode 100755\nnew owner www-data:\n"
			"--- /dev/null\n+++ b/x\n@@ -0,0 +1 @@\n+a\n");
	c.observed = file("a\n", 0600);
	c.desired = absent;
	gone = render(&c, "a\n", "");
	g_assert_cmpstr(gone, ==,
			"diff --git a/x b/x\ndeleted file mode 100600\n"
			"--- a/x\n+++ /dev/null\n@@ -1 +0,0 @@\n-a\n");
}

static void test_mode_and_owner_only(void)
{
	struct plan_change c = {.path = "/x", .observed = file("a\n", 0644)};
	g_autofree char *got = NULL;

	c.observed.uid = 0;
	c.observed.gid = 0;
	c.observed.owner = "root";
	c.observed.group = "root";
	c.desired = file("a\n", 0640);
	c.desired.gid = 33;
	c.desired.group = "www-data";
	got = render(&c, "a\n", "a\n");
	g_assert_cmpstr(got, ==,
			"diff --git a/x b/x\nold mode 100644\nnew mode 100640\n"
			"old owner root:root\nnew owner root:www-data\n");
}

static void test_type_change(void)
{
	struct plan_change c = {.path = "/x", .observed = file("a\n", 0644)};
	g_autofree char *got = NULL;

	c.desired = (struct plan_state){
		.type = STATE_LINK, .size = -1, .mode = -1, .uid = -1, .gid = -1, .link = "../y"};
	got = render(&c, "a\n", "../y");
	g_assert_cmpstr(got, ==,
			"diff --git a/x b/x\nold mode 100644\nnew mode 120000\n"
			"--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+../y\n"
			"\\ No newline at end of file\n");
}

static void test_binary(void)
{
	struct plan_change c = {.path = "/x", .observed = file("a\n", 0644)};
	struct diff_content old = {"a\n", 2}, new = {"s\0cret", 6};
	g_autoptr(differ_auto) d = differ_new(DIFF_MAX_PLAN);
	g_autoptr(GString) out = g_string_new(NULL);

	c.desired = c.observed;
	c.desired.size = 6;
	hash_bytes(&c.desired.digest, new.bytes, new.len);
	g_assert_true(diff_write(d, out, &c, &old, &new, NULL));
	g_assert_nonnull(strstr(out->str, "Binary files differ\nold 2 bytes sha256:"));
	g_assert_nonnull(strstr(out->str, "\nnew 6 bytes sha256:"));
	g_assert_null(strstr(out->str, "cret"));
}

static void test_long_file_is_cut(void)
{
	g_autoptr(GString) text = g_string_new(NULL);
	struct plan_change c = {.path = "/x", .observed = absent};
	g_autofree char *got = NULL;
	unsigned lines = 0;

	for (int i = 0; i < 100000; i++) {
		g_string_append_printf(text, "line %d\n", i);
	}
	c.desired = file(text->str, 0644);
	got = render(&c, "", text->str);
	for (const char *p = got; *p != '\0'; p++) {
		lines += *p == '\n';
	}
	g_assert_cmpuint(lines, <, DIFF_MAX_LINES + 10);
	g_assert_nonnull(strstr(got, "\n... 96001 more lines\nnew 1088890 bytes sha256:"));
}

static void test_plan_is_bounded(void)
{
	struct plan_change c = {.path = "/x", .observed = file("a\n", 0644)};
	struct diff_content old = {"a\n", 2}, new = {"b\n", 2};
	g_autoptr(differ_auto) d = differ_new(10);
	g_autoptr(GString) out = g_string_new(NULL);

	c.desired = file("b\n", -1);
	g_assert_true(diff_write(d, out, &c, &old, &new, NULL));
	g_string_truncate(out, 0);
	g_assert_true(diff_write(d, out, &c, &old, &new, NULL));
	g_assert_nonnull(strstr(out->str, "... not shown"));
	g_assert_null(strstr(out->str, "@@"));
}

static void test_name_cannot_forge_a_header(void)
{
	struct plan_change c = {.path = "/x\n+++ b/etc/shadow", .observed = file("a\n", 0644)};
	g_autofree char *got = NULL;

	c.desired = file("b\n", -1);
	got = render(&c, "a\n", "b\n");
	g_assert_nonnull(strstr(got, "--- \"a/x\\012+++ b/etc/shadow\"\n"));
	g_assert_null(strstr(got, "\n+++ b/etc/shadow"));
}

static void test_rename_is_named(void)
{
	struct plan_change c = {.path = "/x", .observed = absent, .renamed_from = "/y"};
	g_autofree char *got = NULL;

	c.desired = file("b\n", 0644);
	got = render(&c, "", "b\n");
	g_assert_nonnull(strstr(got, "\nsame content as /y, which goes\n"));
	g_assert_null(strstr(got, "@@"));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/diff/text-without-final-newline", test_text);
	g_test_add_func("/diff/create-and-remove", test_create_and_remove);
	g_test_add_func("/diff/mode-and-owner-only", test_mode_and_owner_only);
	g_test_add_func("/diff/type-change", test_type_change);
	g_test_add_func("/diff/binary-shows-no-content", test_binary);
	g_test_add_func("/diff/long-file-is-cut", test_long_file_is_cut);
	g_test_add_func("/diff/plan-is-bounded", test_plan_is_bounded);
	g_test_add_func("/diff/name-cannot-forge-a-header", test_name_cannot_forge_a_header);
	g_test_add_func("/diff/rename-is-named", test_rename_is_named);
	return g_test_run();
}
