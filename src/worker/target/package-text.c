/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Names, versions and conditions: what may come near a package manager. */
#include "worker/target/package.h"

#include <string.h>

#include "base/error.h"

#define MAX_NAME 200
#define MAX_VERSION 200
#define MAX_CONDITIONS 16

/* Begins with a letter or digit, so never with '-' or '.', and has no blanks, globs or slashes. */
static bool is_word(const char *text, size_t max, const char *also)
{
	size_t len = strlen(text);

	if (len == 0 || len > max || !g_ascii_isalnum(text[0])) {
		return false;
	}
	for (size_t i = 0; i < len; i++) {
		if (!g_ascii_isalnum(text[i]) && strchr(also, text[i]) == NULL) {
			return false;
		}
	}
	return true;
}

bool package_name_is_good(const char *name)
{
	/* A '-' at its end means "remove" on apt's command line. */
	return is_word(name, MAX_NAME, "+-._") && name[strlen(name) - 1] != '-';
}

bool package_arch_is_good(const char *arch)
{
	return is_word(arch, 32, "-_");
}

bool package_version_is_good(const char *version)
{
	return is_word(version, MAX_VERSION, "+-._~^:");
}

/* Of rpm: where a name may have dots itself, only these are architectures. */
static const char *const architectures[] = {"noarch",  "x86_64", "i386",    "i486",
					    "i586",    "i686",	 "aarch64", "armv7hl",
					    "ppc64le", "s390x",	 "riscv64", NULL};

bool package_split(const struct package_ops *ops, const char *text, char **name, char **arch)
{
	const char *mark = strchr(text, ':');

	if (mark == NULL && strcmp(ops->name, "apt") != 0) {
		mark = strrchr(text, '.');
		if (mark != NULL && !g_strv_contains(architectures, mark + 1)) {
			mark = NULL;
		}
	}
	*name = mark != NULL ? g_strndup(text, mark - text) : g_strdup(text);
	*arch = mark != NULL ? g_strdup(mark + 1) : NULL;
	if (package_name_is_good(*name) && (*arch == NULL || package_arch_is_good(*arch))) {
		return true;
	}
	g_clear_pointer(name, g_free);
	g_clear_pointer(arch, g_free);
	return false;
}

enum comparison { OP_EQ, OP_NE, OP_LE, OP_LT, OP_GE, OP_GT };
static const struct {
	const char *text;
	enum comparison op;
} operators[] = {{"==", OP_EQ}, {"!=", OP_NE}, {"<=", OP_LE}, {">=", OP_GE},
		 {"=", OP_EQ},	{"<", OP_LT},  {">", OP_GT}};

static enum comparison take_operator(const char **text)
{
	for (size_t i = 0; i < G_N_ELEMENTS(operators); i++) {
		if (g_str_has_prefix(*text, operators[i].text)) {
			*text += strlen(operators[i].text);
			return operators[i].op;
		}
	}
	return OP_EQ;
}

bool package_conditions_check(const char *conditions, GError **error)
{
	g_auto(GStrv) parts = g_strsplit(conditions, ",", MAX_CONDITIONS + 1);

	if (g_strv_length(parts) > MAX_CONDITIONS) {
		return fail(error, PACKAGE_ERROR, PACKAGE_ERROR_FAILED,
			    "more than %d conditions of a version", MAX_CONDITIONS);
	}
	if (parts[0] == NULL) {
		return fail(error, PACKAGE_ERROR, PACKAGE_ERROR_FAILED, "no condition at all");
	}
	for (char **part = parts; *part != NULL; part++) {
		const char *text = g_strstrip(*part);
		const char *version = text;

		(void)take_operator(&version);
		while (*version == ' ') {
			version++;
		}
		if (!package_version_is_good(version)) {
			return fail(error, PACKAGE_ERROR, PACKAGE_ERROR_FAILED,
				    "'%s' is no condition of a version (>=1.22)", text);
		}
	}
	return true;
}

static bool fits(enum comparison op, int order)
{
	switch (op) {
	case OP_EQ:
		return order == 0;
	case OP_NE:
		return order != 0;
	case OP_LE:
		return order <= 0;
	case OP_LT:
		return order < 0;
	case OP_GE:
		return order >= 0;
	case OP_GT:
		return order > 0;
	}
	return false;
}

bool package_conditions_fit(const struct package_ops *ops, const char *conditions,
			    const char *version)
{
	g_auto(GStrv) parts = g_strsplit(conditions, ",", -1);

	for (char **part = parts; *part != NULL; part++) {
		const char *wanted = g_strstrip(*part);
		enum comparison op = take_operator(&wanted);

		while (*wanted == ' ') {
			wanted++;
		}
		if (!fits(op, ops->compare(version, wanted))) {
			return false;
		}
	}
	return true;
}
