/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reads cron expressions. */
#include "base/cron.h"

#include <glib.h>
#include <string.h>

#define TEXT_MAX 200

static const char *const month_names[] = {"jan", "feb", "mar", "apr", "may", "jun", "jul",
					  "aug", "sep", "oct", "nov", "dec", NULL};
static const char *const day_names[] = {"sun", "mon", "tue", "wed", "thu", "fri", "sat", NULL};

struct field {
	unsigned min, max;
	const char *const *names; /* the first stands for min; NULL: none */
};
static const struct field fields[] = {
	{0, 59, NULL}, {0, 23, NULL}, {1, 31, NULL}, {1, 12, month_names}, {0, 7, day_names},
};

static bool parse_value(const struct field *field, const char *text, unsigned *out)
{
	guint64 n;

	for (unsigned i = 0; field->names != NULL && field->names[i] != NULL; i++) {
		if (g_ascii_strcasecmp(field->names[i], text) == 0) {
			*out = field->min + i;
			return true;
		}
	}
	if (!g_ascii_string_to_unsigned(text, 10, field->min, field->max, &n, NULL)) {
		return false;
	}
	*out = (unsigned)n;
	return true;
}

/* "*", "3", "1-5" */
static bool parse_range(const struct field *field, const char *text, unsigned *from, unsigned *to)
{
	g_auto(GStrv) ends = g_strsplit(text, "-", 2);

	if (strcmp(text, "*") == 0) {
		*from = field->min;
		*to = field->max;
		return true;
	}
	if (ends[0] == NULL || !parse_value(field, ends[0], from)) {
		return false;
	}
	*to = *from;
	return ends[1] == NULL || (parse_value(field, ends[1], to) && *from <= *to);
}

/* A range, with "/STEP" behind it; "3/5" goes on to the end. */
static bool parse_part(const struct field *field, const char *text, uint64_t *bits)
{
	g_auto(GStrv) halves = g_strsplit(text, "/", 2);
	unsigned from, to;
	guint64 step = 1;

	if (halves[0] == NULL || !parse_range(field, halves[0], &from, &to)) {
		return false;
	}
	if (halves[1] != NULL) {
		if (!g_ascii_string_to_unsigned(halves[1], 10, 1, field->max, &step, NULL)) {
			return false;
		}
		to = strpbrk(halves[0], "-*") == NULL ? field->max : to;
	}
	for (unsigned n = from; n <= to; n += (unsigned)step) {
		*bits |= UINT64_C(1) << n;
	}
	return true;
}

static bool parse_field(const struct field *field, const char *text, uint64_t *bits)
{
	g_auto(GStrv) parts = g_strsplit(text, ",", -1);

	*bits = 0;
	for (char **part = parts; *part != NULL; part++) {
		if (!parse_part(field, *part, bits)) {
			return false;
		}
	}
	return parts[0] != NULL;
}

static const char *expand(const char *text)
{
	static const char *const macros[][2] = {
		{"@hourly", "0 * * * *"},  {"@daily", "0 0 * * *"},   {"@midnight", "0 0 * * *"},
		{"@weekly", "0 0 * * 0"},  {"@monthly", "0 0 1 * *"}, {"@yearly", "0 0 1 1 *"},
		{"@annually", "0 0 1 1 *"}};

	for (size_t i = 0; i < G_N_ELEMENTS(macros); i++) {
		if (strcmp(macros[i][0], text) == 0) {
			return macros[i][1];
		}
	}
	return text;
}

/* The five fields, whatever the space between them. */
static bool split(const char *text, char *out[G_N_ELEMENTS(fields)])
{
	g_auto(GStrv) words = g_strsplit_set(text, " \t", -1);
	size_t n = 0;

	for (char **word = words; *word != NULL; word++) {
		if (**word == '\0') {
			continue;
		}
		if (n == G_N_ELEMENTS(fields)) {
			return false;
		}
		out[n++] = g_steal_pointer(word);
		*word = g_strdup("");
	}
	return n == G_N_ELEMENTS(fields);
}

bool cron_parse(const char *text, struct cron *out)
{
	char *words[G_N_ELEMENTS(fields)] = {NULL};
	uint64_t bits[G_N_ELEMENTS(fields)] = {0};
	bool good = strlen(text) <= TEXT_MAX && split(expand(text), words);

	for (size_t i = 0; i < G_N_ELEMENTS(fields); i++) {
		good = good && parse_field(&fields[i], words[i], &bits[i]);
	}
	if (good && out != NULL) {
		*out = (struct cron){.minutes = bits[0],
				     .hours = (uint32_t)bits[1],
				     .days = (uint32_t)bits[2],
				     .months = (uint32_t)bits[3],
				     .weekdays = (uint32_t)(bits[4] | bits[4] >> 7) & 0x7f,
				     .any_day = strcmp(words[2], "*") == 0,
				     .any_weekday = strcmp(words[4], "*") == 0};
	}
	for (size_t i = 0; i < G_N_ELEMENTS(fields); i++) {
		g_free(words[i]);
	}
	return good;
}

bool cron_is_valid(const char *text)
{
	return cron_parse(text, NULL);
}

bool cron_day_matches(const struct cron *cron, unsigned day, unsigned month, unsigned weekday)
{
	bool on_day = (cron->days >> day & 1) != 0;
	bool on_weekday = (cron->weekdays >> weekday & 1) != 0;

	if ((cron->months >> month & 1) == 0) {
		return false;
	}
	return cron->any_day || cron->any_weekday ? on_day && on_weekday : on_day || on_weekday;
}

bool cron_time_matches(const struct cron *cron, unsigned hour, unsigned minute)
{
	return (cron->hours >> hour & 1) != 0 && (cron->minutes >> minute & 1) != 0;
}
