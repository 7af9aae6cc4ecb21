/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of base/error.c. */
#include <errno.h>

#include "base/error.h"

static void test_prefix_adds_context(void)
{
	g_autoptr(GError) error = NULL;

	g_assert_false(fail(&error, BASE_ERROR, BASE_ERROR_LIMIT, "too large: %d bytes", 7));
	g_assert_false(fail_prefix(&error, "file '%s'", "x"));
	g_assert_error(error, BASE_ERROR, BASE_ERROR_LIMIT);
	g_assert_cmpstr(error->message, ==, "file 'x': too large: 7 bytes");
}

static void test_errno_is_named_and_kept(void)
{
	g_autoptr(GError) error = NULL;

	errno = ENOENT;
	g_assert_false(fail_errno(&error, "cannot open '%s'", "x"));
	g_assert_error(error, BASE_ERROR, BASE_ERROR_NOT_FOUND);
	g_assert_cmpstr(error->message, ==, "cannot open 'x': No such file or directory");
	g_assert_cmpint(errno, ==, ENOENT);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/error/prefix-adds-context", test_prefix_adds_context);
	g_test_add_func("/error/errno-is-named-and-kept", test_errno_is_named_and_kept);
	return g_test_run();
}
