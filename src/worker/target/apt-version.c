/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The order of Debian's versions (Debian Policy 5.6.12). */
#include <string.h>

#include "worker/target/apt-parse.h"

/* '~' before the end, the end before letters, letters before all else. */
static int rank(char c)
{
	if (c == '~') {
		return -1;
	}
	if (c == '\0' || g_ascii_isdigit(c)) {
		return 0;
	}
	return g_ascii_isalpha(c) ? (unsigned char)c : (unsigned char)c + 256;
}

static size_t digits(const char *text)
{
	return strspn(text, "0123456789");
}

/* Numbers of any length. */
static int compare_numbers(const char *a, size_t a_len, const char *b, size_t b_len)
{
	for (; a_len > 0 && *a == '0'; a++) {
		a_len--;
	}
	for (; b_len > 0 && *b == '0'; b++) {
		b_len--;
	}
	return a_len != b_len ? (a_len < b_len ? -1 : 1) : strncmp(a, b, a_len);
}

/* Texts and numbers by turns. */
static int compare_part(const char *a, const char *b)
{
	while (*a != '\0' || *b != '\0') {
		int order;

		while ((*a != '\0' && !g_ascii_isdigit(*a)) ||
		       (*b != '\0' && !g_ascii_isdigit(*b))) {
			order = rank(*a) - rank(*b);
			if (order != 0) {
				return order;
			}
			a += *a != '\0';
			b += *b != '\0';
		}
		order = compare_numbers(a, digits(a), b, digits(b));
		if (order != 0) {
			return order;
		}
		a += digits(a);
		b += digits(b);
	}
	return 0;
}

/* [EPOCH:]UPSTREAM[-REVISION]; missing: "0" */
static void split(const char *version, char *parts[3])
{
	const char *colon = strchr(version, ':');
	const char *rest = colon != NULL ? colon + 1 : version;
	const char *dash = strrchr(rest, '-');

	parts[0] = colon != NULL ? g_strndup(version, colon - version) : g_strdup("0");
	parts[1] = dash != NULL ? g_strndup(rest, dash - rest) : g_strdup(rest);
	parts[2] = g_strdup(dash != NULL ? dash + 1 : "0");
}

int apt_compare_versions(const char *a, const char *b)
{
	char *left[3], *right[3];
	int order = 0;

	split(a, left);
	split(b, right);
	for (int i = 0; i < 3; i++) {
		if (order == 0) {
			order = compare_part(left[i], right[i]);
		}
		g_free(left[i]);
		g_free(right[i]);
	}
	return order;
}
