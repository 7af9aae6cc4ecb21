/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The texts of numbers. */
#include "kube/number.h"

#include <glib.h>
#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#define DIGITS_MAX 17 /* that a double can need */

/* The significant digits (without zeros at the end), and the power of ten of the first. */
static void shortest(double number, char digits[DIGITS_MAX + 1], int *exponent)
{
	char text[40];
	size_t count = 0;
	int precision = 0;

	do {
		char format[8];

		g_snprintf(format, sizeof(format), "%%.%de", precision);
		g_ascii_formatd(text, sizeof(text), format, number);
	} while (g_ascii_strtod(text, NULL) != number && ++precision < DIGITS_MAX);
	for (const char *p = text; *p != 'e'; p++) {
		if (g_ascii_isdigit(*p)) {
			digits[count++] = *p;
		}
	}
	while (count > 1 && digits[count - 1] == '0') {
		count--;
	}
	digits[count] = '\0';
	*exponent = (int)g_ascii_strtoll(strchr(text, 'e') + 1, NULL, 10);
}

static void add_plain(GString *out, const char *digits, int exponent)
{
	int count = (int)strlen(digits);

	if (exponent < 0) {
		g_string_append(out, "0.");
		for (int i = -1; i > exponent; i--) {
			g_string_append_c(out, '0');
		}
		g_string_append(out, digits);
		return;
	}
	for (int i = 0; i <= exponent || i < count; i++) {
		if (i == exponent + 1) {
			g_string_append_c(out, '.');
		}
		g_string_append_c(out, i < count ? digits[i] : '0');
	}
}

char *kube_number_of_double(double number)
{
	char digits[DIGITS_MAX + 1];
	GString *out;
	int exponent;

	if (!isfinite(number)) {
		return NULL;
	}
	if (number == 0) {
		return g_strdup("0"); /* the server knows no -0 */
	}
	shortest(fabs(number), digits, &exponent);
	out = g_string_new(number < 0 ? "-" : "");
	if (fabs(number) >= 1e-6 && fabs(number) < 1e21) {
		add_plain(out, digits, exponent);
	} else {
		g_string_append_c(out, digits[0]);
		if (digits[1] != '\0') {
			g_string_append_printf(out, ".%s", digits + 1);
		}
		g_string_append_printf(out, "e%+d", exponent);
	}
	return g_string_free(out, FALSE);
}

/* What stands before the digits says their base; digits is left behind it. */
static int base_of(const char **digits)
{
	const char *p = *digits;
	int base = 10;

	if (p[0] != '0') {
		return base;
	}
	base = 8;
	if (p[1] != '\0' && p[2] != '\0') {
		switch (g_ascii_tolower(p[1])) {
		case 'x':
			base = 16;
			break;
		case 'b':
			base = 2;
			break;
		case 'o':
			break;
		default:
			*digits = p + 1;
			return base;
		}
		*digits = p + 2;
		return base;
	}
	*digits = p + 1;
	return base;
}

/* digits may be empty: 0. False: other characters, or too large. */
static bool magnitude(const char *digits, int base, guint64 *out)
{
	guint64 sum = 0;

	for (const char *p = digits; *p != '\0'; p++) {
		int digit = g_ascii_xdigit_value(*p);

		if (digit < 0 || digit >= base || sum > (G_MAXUINT64 - (guint64)digit) / base) {
			return false;
		}
		sum = sum * (guint64)base + (guint64)digit;
	}
	*out = sum;
	return true;
}

char *kube_number_of_integer(const char *text)
{
	bool has_sign = text[0] == '-' || text[0] == '+';
	const char *digits = text + has_sign;
	const guint64 half = (guint64)1 << 63;
	guint64 sum;
	int base;

	if (digits[0] == '\0') {
		return NULL;
	}
	base = base_of(&digits);
	if (!magnitude(digits, base, &sum)) {
		return NULL;
	}
	/* A sign makes it one of int64, as it does for Go. */
	if (has_sign && (text[0] == '-' ? sum > half : sum >= half)) {
		return NULL;
	}
	return g_strdup_printf("%s%" PRIu64, text[0] == '-' && sum > 0 ? "-" : "", sum);
}

static const char *skip_digits(const char *p)
{
	while (g_ascii_isdigit(*p)) {
		p++;
	}
	return p;
}

static bool is_decimal(const char *text)
{
	const char *whole = text + (text[0] == '-' || text[0] == '+');
	const char *p = skip_digits(whole);
	bool digits = p > whole;

	if (*p == '.') {
		const char *fraction = p + 1;

		p = skip_digits(fraction);
		digits = digits || p > fraction;
	}
	if (!digits) {
		return false;
	}
	if (*p == 'e' || *p == 'E') {
		const char *power = p + 1 + (p[1] == '-' || p[1] == '+');

		p = skip_digits(power);
		if (p == power) {
			return false;
		}
	}
	return *p == '\0';
}

char *kube_number_of_decimal(const char *text)
{
	return is_decimal(text) ? kube_number_of_double(g_ascii_strtod(text, NULL)) : NULL;
}

char *kube_number_of_json(const char *text)
{
	const char *whole = text + (text[0] == '-');
	bool is_whole = *skip_digits(whole) == '\0' && (whole[0] != '0' || whole[1] == '\0');
	char *number = is_whole ? kube_number_of_integer(text) : NULL;

	return number != NULL ? number : kube_number_of_decimal(text);
}
