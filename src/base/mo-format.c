/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whether a translation may be printed with the arguments of its original. */
#include <string.h>

#include "base/mo.h"

#define ARGUMENTS_MAX 16
#define LENGTHS "hlqjztL"

/* What each argument is taken for; "" where it is not used. */
struct arguments {
	char kinds[ARGUMENTS_MAX][4];
	unsigned count;
	bool in_order, by_number;
};

/* Conversions of a class take the same argument; NUL: not for us. */
static char class_of(char conversion)
{
	static const char *const classes[] = {"di", "ouxX", "eEfFgGaA", "c", "s", "p"};

	for (size_t i = 0; conversion != '\0' && i < G_N_ELEMENTS(classes); i++) {
		if (strchr(classes[i], conversion) != NULL) {
			return classes[i][0];
		}
	}
	return '\0';
}

static bool note(struct arguments *a, unsigned number, const char *length, size_t len, char kind)
{
	char text[4] = {kind};

	if (number >= ARGUMENTS_MAX || len > 2 || kind == '\0') {
		return false;
	}
	memcpy(text + 1, length, len);
	if (a->kinds[number][0] != '\0' && strcmp(a->kinds[number], text) != 0) {
		return false;
	}
	memcpy(a->kinds[number], text, sizeof(text));
	a->count = MAX(a->count, number + 1);
	return true;
}

/* "2$": which argument; else the next one. */
static unsigned number_of(struct arguments *a, const char **at)
{
	size_t digits = strspn(*at, "0123456789");
	guint64 number;

	if (digits == 0 || (*at)[digits] != '$') {
		a->in_order = true;
		return a->count;
	}
	a->by_number = true;
	number = g_ascii_strtoull(*at, NULL, 10);
	*at += digits + 1;
	return number == 0 || number > ARGUMENTS_MAX ? ARGUMENTS_MAX : (unsigned)number - 1;
}

/* Flags, a width and a precision, either of which may be an argument of its own. */
static bool skip_size(struct arguments *a, const char **at, unsigned *number)
{
	*at += strspn(*at, "-+ #0'");
	for (int i = 0; i < 2; i++) {
		if (**at == '*') {
			if (!note(a, *number, "", 0, '*')) {
				return false;
			}
			++*number;
			++*at;
		}
		*at += strspn(*at, "0123456789");
		if (**at != '.') {
			break;
		}
		++*at;
	}
	return true;
}

static bool read_arguments(const char *text, struct arguments *a)
{
	for (const char *at = strchr(text, '%'); at != NULL; at = strchr(at, '%')) {
		unsigned number;
		size_t len;

		if (*++at == '%') {
			at++;
			continue;
		}
		number = number_of(a, &at);
		if (!skip_size(a, &at, &number)) {
			return false;
		}
		len = strspn(at, LENGTHS);
		if (!note(a, number, at, len, class_of(at[len]))) {
			return false;
		}
		at += len + 1;
	}
	return !(a->in_order && a->by_number);
}

bool mo_format_fits(const char *original, const char *text)
{
	struct arguments given = {.count = 0}, used = {.count = 0};

	if (!read_arguments(text, &used)) {
		return strcmp(original, text) == 0;
	}
	if (used.count == 0) {
		return true;
	}
	if (!read_arguments(original, &given) || used.count > given.count) {
		return false;
	}
	/* One that is left out in between would have the others taken from the wrong place. */
	for (unsigned i = 0; i < used.count; i++) {
		if (strcmp(used.kinds[i], given.kinds[i]) != 0) {
			return false;
		}
	}
	return true;
}
