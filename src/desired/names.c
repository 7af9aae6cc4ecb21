/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Checks the names of packages, units, commands and accounts. */
#include "desired/names.h"

#include <string.h>

/* Suffixes of units that a person can enable or start. */
static const char *const suffixes[] = {".service", ".socket", ".timer", ".path",     ".mount",
				       ".target",  ".swap",   ".slice", ".automount"};
/* The manager makes these itself. */
static const char *const transient[] = {".scope", ".device"};

/* Letters and digits of ASCII, and those of more. */
static bool has_only(const char *text, size_t len, const char *more)
{
	for (size_t i = 0; i < len; i++) {
		if (!g_ascii_isalnum(text[i]) && strchr(more, text[i]) == NULL) {
			return false;
		}
	}
	return true;
}

static bool is_arch(const char *text)
{
	size_t len = strlen(text);

	return len > 0 && len <= 32 && g_ascii_isalnum(text[0]) && text[len - 1] != '-' &&
	       has_only(text, len, "-_");
}

const char *names_package_problem(const char *text, const char *manager)
{
	const char *colon = strchr(text, ':');
	size_t len = colon != NULL ? (size_t)(colon - text) : strlen(text);

	if (len == 0) {
		return "the name of a package is missing";
	}
	if (strlen(text) > NAMES_MAX) {
		return "the name is too long";
	}
	if (!g_ascii_isalnum(text[0]) || !has_only(text, len, "+-._")) {
		return "the name of a package begins with a letter or digit and has letters, "
		       "digits and + - . _";
	}
	if (text[len - 1] == '-') {
		/* To apt it means: remove. */
		return "the name of a package does not end with '-'";
	}
	if (colon != NULL && !is_arch(colon + 1)) {
		return "behind ':' belongs an architecture, like amd64";
	}
	if (colon != NULL && manager != NULL && strcmp(manager, "apt") != 0) {
		return "NAME:ARCH is apt's way; here it is NAME.ARCH";
	}
	return NULL;
}

static char *condition(const char *text, const char **problem)
{
	static const char *const operators[] = {">=", "<=", "=", ">", "<"};
	g_autofree char *own = g_strstrip(g_strdup(text));
	const char *sign = "=", *version = own;

	for (size_t i = 0; i < G_N_ELEMENTS(operators); i++) {
		if (g_str_has_prefix(own, operators[i])) {
			sign = operators[i];
			version = own + strlen(operators[i]);
			break;
		}
	}
	version += strspn(version, " ");
	if (version[0] == '\0') {
		*problem = "a version is missing";
	} else if (strlen(version) > NAMES_MAX) {
		*problem = "a version is too long";
	} else if (!g_ascii_isalnum(version[0]) || !has_only(version, strlen(version), ".+~:-^_")) {
		*problem =
			"a condition is a version, alone or behind one of = >= <= > <; a version "
			"begins with a letter or digit and has letters, digits and . + ~ : - ^ "
			"_";
	} else {
		return g_strconcat(sign, version, NULL);
	}
	return NULL;
}

char *names_conditions(const char *text, const char **problem)
{
	g_auto(GStrv) parts = g_strsplit(text, ",", NAMES_MAX_CONDITIONS + 1);
	g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
	g_auto(GStrv) all = NULL;

	if (parts[0] == NULL) {
		*problem = "a version is missing";
		return NULL;
	}
	if (g_strv_length(parts) > NAMES_MAX_CONDITIONS) {
		*problem = "too many conditions";
		return NULL;
	}
	for (guint i = 0; parts[i] != NULL; i++) {
		g_autofree char *one = condition(parts[i], problem);

		if (one == NULL) {
			return NULL;
		}
		g_strv_builder_add(builder, one);
	}
	all = g_strv_builder_end(builder);
	return g_strjoinv(", ", all);
}

static bool ends_with_one_of(const char *text, const char *const *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (g_str_has_suffix(text, list[i])) {
			return true;
		}
	}
	return false;
}

/* Letters, digits, : - _ . @ and what systemd-escape writes, \xHH. */
static bool is_unit_text(const char *text)
{
	for (const char *p = text; *p != '\0'; p++) {
		if (*p == '\\') {
			if (p[1] != 'x' || !g_ascii_isxdigit(p[2]) || !g_ascii_isxdigit(p[3])) {
				return false;
			}
			p += 3;
		} else if (!g_ascii_isalnum(*p) && strchr(":-_.@", *p) == NULL) {
			return false;
		}
	}
	return true;
}

char *names_unit(const char *text, const char **problem)
{
	bool whole = ends_with_one_of(text, suffixes, G_N_ELEMENTS(suffixes));
	g_autofree char *unit = g_strconcat(text, whole ? "" : ".service", NULL);

	if (text[0] == '\0' || text[0] == '.' || text[0] == '@') {
		*problem = "the name of a unit is missing";
	} else if (strlen(unit) > NAMES_MAX) {
		*problem = "the name is too long";
	} else if (!whole && ends_with_one_of(text, transient, G_N_ELEMENTS(transient))) {
		*problem = "systemd makes such units itself";
	} else if (text[0] == '-' || text[0] == '\\' || !is_unit_text(text)) {
		*problem = "the name of a unit begins with a letter or digit and has letters, "
			   "digits and : - _ . @";
	} else {
		return g_steal_pointer(&unit);
	}
	return NULL;
}

bool names_unit_is_template(const char *unit)
{
	const char *at = strchr(unit, '@');

	return at != NULL && at + 1 == strrchr(unit, '.');
}

char *names_unit_template(const char *unit)
{
	const char *at = strchr(unit, '@'), *dot = strrchr(unit, '.');

	if (at == NULL || at + 1 >= dot) {
		return NULL;
	}
	return g_strdup_printf("%.*s@%s", (int)(at - unit), unit, dot);
}

const char *names_command_problem(const char *text)
{
	if (strlen(text) > NAMES_MAX) {
		return "the name is too long";
	}
	if (!g_ascii_isalnum(text[0]) || !has_only(text, strlen(text), "-._")) {
		return "the name of a command begins with a letter or digit and has letters, "
		       "digits and - . _";
	}
	return NULL;
}

bool names_account_is_valid(const char *text)
{
	size_t len = strlen(text);
	size_t digits = strspn(text, "0123456789");

	if (digits == len) {
		/* The largest two mean "none" to the kernel and to NFS. */
		return len > 0 && len <= 10 && (len == 1 || text[0] != '0') &&
		       g_ascii_strtoull(text, NULL, 10) < 4294967294U;
	}
	if (len > 32 || !(g_ascii_isalpha(text[0]) || text[0] == '_')) {
		return false;
	}
	for (size_t i = 0; i < len; i++) {
		if (!g_ascii_isalnum(text[i]) && strchr("_.-", text[i]) == NULL &&
		    !(text[i] == '$' && i + 1 == len)) {
			return false;
		}
	}
	return true;
}

bool names_env_is_valid(const char *text)
{
	return (g_ascii_isalpha(text[0]) || text[0] == '_') && strlen(text) <= NAMES_MAX &&
	       has_only(text, strlen(text), "_");
}
