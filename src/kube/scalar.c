/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The types of scalars. */
#include "kube/scalar.h"

#include <string.h>

#include "core/text.h"
#include "kube/number.h"

#define TAG "tag:yaml.org,2002:"

enum kind { TEXT, NOTHING, TRUTH, WHOLE, FLOAT, ENDLESS };

struct guess {
	enum kind kind;
	bool truth;
	char *number;
};

static void guess_clear(struct guess *guess)
{
	g_free(guess->number);
}
typedef struct guess guess_auto;
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(guess_auto, guess_clear)

static const struct word {
	const char *text;
	enum kind kind;
	bool truth;
} words[] = {
	{"", NOTHING, false},	   {"~", NOTHING, false},     {"null", NOTHING, false},
	{"Null", NOTHING, false},  {"NULL", NOTHING, false},  {"y", TRUTH, true},
	{"Y", TRUTH, true},	   {"yes", TRUTH, true},      {"Yes", TRUTH, true},
	{"YES", TRUTH, true},	   {"true", TRUTH, true},     {"True", TRUTH, true},
	{"TRUE", TRUTH, true},	   {"on", TRUTH, true},	      {"On", TRUTH, true},
	{"ON", TRUTH, true},	   {"n", TRUTH, false},	      {"N", TRUTH, false},
	{"no", TRUTH, false},	   {"No", TRUTH, false},      {"NO", TRUTH, false},
	{"false", TRUTH, false},   {"False", TRUTH, false},   {"FALSE", TRUTH, false},
	{"off", TRUTH, false},	   {"Off", TRUTH, false},     {"OFF", TRUTH, false},
	{".nan", ENDLESS, false},  {".NaN", ENDLESS, false},  {".NAN", ENDLESS, false},
	{".inf", ENDLESS, false},  {".Inf", ENDLESS, false},  {".INF", ENDLESS, false},
	{"+.inf", ENDLESS, false}, {"+.Inf", ENDLESS, false}, {"+.INF", ENDLESS, false},
	{"-.inf", ENDLESS, false}, {"-.Inf", ENDLESS, false}, {"-.INF", ENDLESS, false},
};

static const struct word *find_word(const char *text)
{
	for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
		if (strcmp(words[i].text, text) == 0) {
			return &words[i];
		}
	}
	return NULL;
}

/* Without '_'. With between, NULL when one does not stand between digits. */
static char *without_underscores(const char *text, bool between)
{
	GString *out = g_string_new(NULL);

	for (const char *p = text; *p != '\0'; p++) {
		if (*p != '_') {
			g_string_append_c(out, *p);
		} else if (between &&
			   (p == text || !g_ascii_isdigit(p[-1]) || !g_ascii_isdigit(p[1]))) {
			g_string_free(out, TRUE);
			return NULL;
		}
	}
	return g_string_free(out, FALSE);
}

/* Go reads the digits behind "0b" as a number of their own, with a sign. */
static char *signed_binary(const char *plain)
{
	g_autofree char *text = NULL;

	if (!g_str_has_prefix(plain, "0b") || (plain[2] != '-' && plain[2] != '+')) {
		return NULL;
	}
	text = g_strdup_printf("%c0b%s", plain[2], plain + 3);
	return kube_number_of_integer(text);
}

static struct guess guess_number(const char *text)
{
	g_autofree char *plain = without_underscores(text, text[0] == '.');
	struct guess guess = {.kind = TEXT};

	if (plain == NULL) {
		return guess;
	}
	if (text[0] != '.') {
		guess.number = kube_number_of_integer(plain);
		guess.kind = WHOLE;
	}
	if (guess.number == NULL) {
		guess.number = kube_number_of_decimal(plain);
		guess.kind = FLOAT;
	}
	if (guess.number == NULL) {
		guess.number = signed_binary(plain);
		guess.kind = guess.number != NULL ? WHOLE : TEXT;
	}
	return guess;
}

static struct guess guess_kind(const char *text)
{
	const struct word *word = find_word(text);
	struct guess guess = {.kind = TEXT};

	if (word != NULL) {
		guess.kind = word->kind;
		guess.truth = word->truth;
		return guess;
	}
	return strchr("+-.0123456789", text[0]) != NULL ? guess_number(text) : guess;
}

static const char *take_string(struct kube_scalar *out, const char *text, size_t len)
{
	out->type = KUBE_STRING;
	out->text = g_malloc(len + 1);
	memcpy(out->text, text, len);
	out->text[len] = '\0';
	out->len = len;
	return NULL;
}

static const char *take_number(struct kube_scalar *out, struct guess *guess, bool is_float)
{
	out->type = KUBE_NUMBER;
	out->is_float = is_float;
	out->text = g_steal_pointer(&guess->number);
	out->len = strlen(out->text);
	return NULL;
}

static const char *take_guess(struct kube_scalar *out, struct guess *guess, const char *text,
			      size_t len)
{
	switch (guess->kind) {
	case TEXT:
		return take_string(out, text, len);
	case NOTHING:
		out->type = KUBE_NULL;
		return NULL;
	case TRUTH:
		out->type = KUBE_BOOL;
		out->truth = guess->truth;
		return NULL;
	case WHOLE:
	case FLOAT:
		return take_number(out, guess, guess->kind == FLOAT);
	case ENDLESS:
		return "no number of JSON: quote it, if it is a text";
	}
	g_assert_not_reached();
}

/* "!!float 3" is what Go makes of a whole number of int64, and no other. */
static const char *take_as_float(struct kube_scalar *out, struct guess *guess)
{
	g_autofree char *number = g_steal_pointer(&guess->number);

	if (number[0] != '-' && g_ascii_strtoull(number, NULL, 10) > G_MAXINT64) {
		return "the number is too large for the tag '!!float'";
	}
	guess->number = kube_number_of_double(g_ascii_strtod(number, NULL));
	return take_number(out, guess, true);
}

/* Line ends count for nothing in base64. */
static const char *take_binary(struct kube_scalar *out, const char *text, size_t len)
{
	g_autofree char *packed = g_malloc(len + 1);
	g_autofree char *data = g_malloc(len + 1);
	size_t count = 0, size;

	for (size_t i = 0; i < len; i++) {
		if (text[i] != '\n' && text[i] != '\r') {
			packed[count++] = text[i];
		}
	}
	if (!text_base64_decode((uint8_t *)data, len, &size, packed, count)) {
		return "not base64, as its tag says";
	}
	if (!text_is_utf8(data, size)) {
		return "binary data cannot stand in an object: keep it in base64, without the tag";
	}
	return take_string(out, data, size);
}

/* Tags that say a type; others say nothing to the ecosystem's reader. */
static const struct tag {
	const char *tag;
	enum kind kind;
	const char *problem; /* when the text is of another kind */
} tags[] = {
	{TAG "bool", TRUTH, "not true or false, as its tag says"},
	{TAG "int", WHOLE, "not a whole number, as its tag says"},
	{TAG "float", FLOAT, "not a number, as its tag says"},
	{TAG "null", NOTHING, "not null, as its tag says"},
};

static const char *take_tagged(struct kube_scalar *out, const char *tag, const char *text,
			       size_t len)
{
	g_auto(guess_auto) guess = {.kind = TEXT};

	for (size_t i = 0; i < G_N_ELEMENTS(tags); i++) {
		if (strcmp(tags[i].tag, tag) != 0) {
			continue;
		}
		if (strlen(text) == len) {
			guess = guess_kind(text);
		}
		if (tags[i].kind == FLOAT && guess.kind == WHOLE) {
			return take_as_float(out, &guess);
		}
		if (tags[i].kind != guess.kind &&
		    (tags[i].kind != FLOAT || guess.kind != ENDLESS)) {
			return tags[i].problem;
		}
		return take_guess(out, &guess, text, len);
	}
	if (strcmp(tag, TAG "binary") == 0) {
		return take_binary(out, text, len);
	}
	if (strcmp(tag, TAG "timestamp") == 0) {
		return "an object has no dates: quote the text, without the tag";
	}
	return take_string(out, text, len);
}

const char *kube_scalar_resolve(const char *tag, bool plain, const char *text, size_t len,
				struct kube_scalar *out)
{
	g_auto(guess_auto) guess = {.kind = TEXT};

	*out = (struct kube_scalar){.type = KUBE_NULL};
	if (tag != NULL) {
		return take_tagged(out, tag, text, len);
	}
	if (plain) {
		guess = guess_kind(text);
	}
	return take_guess(out, &guess, text, len);
}
