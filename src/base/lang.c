/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Languages: which ones there are, which one is wanted, and its texts. */
#include "base/lang.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mo.h"

#undef _
#undef ngettext

#define HEADER_MAX 1024 /* bytes of Accept-Language that are read */
#define RANGES_MAX 32

struct lang {
	char *name;
	struct mo *mo; /* NULL: English, which the texts are written in */
};

struct langs {
	GPtrArray *list; /* struct lang, English first, then by name */
};

/* One thread reads and writes it; what locale the process has is no other thing. */
static const struct lang *current;

const char *lang_folder(void)
{
	const char *other = secure_getenv("ASSENT_LOCALEDIR");

	return other != NULL && other[0] == '/' ? other : LOCALEDIR;
}

static void lang_free(void *data)
{
	struct lang *lang = data;

	mo_free(lang->mo);
	g_free(lang->name);
	g_free(lang);
}

static void add(struct langs *langs, const char *name, struct mo *mo)
{
	struct lang *lang = g_new0(struct lang, 1);

	lang->name = g_strdelimit(g_strdup(name), "_", '-');
	lang->mo = mo;
	g_ptr_array_add(langs->list, lang);
}

static struct mo *load(const char *folder, const char *name, const char *domain)
{
	g_autofree char *file = g_strdup_printf("%s.mo", domain), *bytes = NULL;
	g_autofree char *path = g_build_filename(folder, name, "LC_MESSAGES", file, NULL);
	size_t len;

	return file_read(path, MO_MAX_SIZE, &bytes, &len, NULL) ? mo_parse(bytes, len) : NULL;
}

static int by_name(const void *a, const void *b)
{
	const struct lang *const *x = a, *const *y = b;

	return ((*x)->mo != NULL) != ((*y)->mo != NULL) ? ((*x)->mo != NULL ? 1 : -1)
							: strcmp((*x)->name, (*y)->name);
}

struct langs *langs_load(const char *folder, const char *domain)
{
	struct langs *langs = g_new0(struct langs, 1);
	GDir *dir = g_dir_open(folder, 0, NULL);
	const char *name;

	langs->list = g_ptr_array_new_with_free_func(lang_free);
	add(langs, "en", NULL);
	while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
		/* HTML has other names for those with a modifier, like sr@latin. */
		bool plain =
			strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_") ==
			strlen(name);
		struct mo *mo = plain ? load(folder, name, domain) : NULL;

		if (mo != NULL) {
			add(langs, name, mo);
		}
	}
	if (dir != NULL) {
		g_dir_close(dir);
	}
	g_ptr_array_sort(langs->list, by_name);
	return langs;
}

void langs_free(struct langs *langs)
{
	if (langs != NULL) {
		g_ptr_array_unref(langs->list);
		g_free(langs);
	}
}

/* "pt" is the beginning of "pt-BR", and not of "pta". */
static bool begins(const char *name, const char *range)
{
	size_t len = strlen(range);

	return g_ascii_strncasecmp(name, range, len) == 0 &&
	       (name[len] == '\0' || name[len] == '-');
}

struct range {
	char *text;
	unsigned weight; /* in thousandths */
};

static void range_free(void *data)
{
	struct range *range = data;

	g_free(range->text);
	g_free(range);
}

static bool is_refused(const GPtrArray *ranges, const struct lang *lang)
{
	for (unsigned i = 0; i < ranges->len; i++) {
		const struct range *range = ranges->pdata[i];

		if (range->weight == 0 && begins(lang->name, range->text)) {
			return true;
		}
	}
	return false;
}

/* The language itself, or one of its kind: "de-CH" takes "de", "pt" takes "pt-BR". */
static const struct lang *match(const struct langs *langs, const char *text,
				const GPtrArray *refused)
{
	g_autofree char *range = g_strdup(text);
	char *dash;

	do {
		for (unsigned i = 0; i < langs->list->len; i++) {
			const struct lang *lang = langs->list->pdata[i];

			if (begins(lang->name, range) &&
			    (refused == NULL || !is_refused(refused, lang))) {
				return lang;
			}
		}
		dash = strrchr(range, '-');
		if (dash != NULL) {
			*dash = '\0';
		}
	} while (dash != NULL);
	return NULL;
}

/* "0.8" in thousandths; what is malformed counts as nothing. */
static unsigned weight_of(const char *text)
{
	double value = text != NULL ? g_ascii_strtod(text, NULL) : 1;

	return value > 0 && value <= 1 ? (unsigned)(value * 1000 + 0.5) : 0;
}

static int by_weight(const void *a, const void *b)
{
	const struct range *const *x = a, *const *y = b;

	return (int)(*y)->weight - (int)(*x)->weight;
}

static GPtrArray *ranges_of(const char *header)
{
	g_autofree char *text = g_strndup(header, HEADER_MAX);
	g_auto(GStrv) items = g_strsplit(text, ",", RANGES_MAX + 1);
	GPtrArray *ranges = g_ptr_array_new_with_free_func(range_free);

	for (unsigned i = 0; items[i] != NULL && i < RANGES_MAX; i++) {
		char *quality = strchr(items[i], ';');
		struct range *range = g_new0(struct range, 1);
		const char *value = NULL;

		if (quality != NULL) {
			*quality++ = '\0';
			g_strstrip(quality);
			value = g_str_has_prefix(quality, "q=") ? quality + 2 : "";
		}
		range->text = g_strdup(g_strstrip(items[i]));
		range->weight = weight_of(value);
		g_ptr_array_add(ranges, range);
	}
	return ranges;
}

const struct lang *langs_accept(const struct langs *langs, const char *header,
				const struct lang *otherwise)
{
	g_autoptr(GPtrArray) refused = ranges_of(header != NULL ? header : "");
	g_autoptr(GPtrArray) ranges = g_ptr_array_copy(refused, NULL, NULL);

	g_ptr_array_set_free_func(ranges, NULL);
	g_ptr_array_sort(ranges, by_weight); // stable: GLib merges
	for (unsigned i = 0; i < ranges->len; i++) {
		const struct range *range = ranges->pdata[i];
		const struct lang *lang;

		if (range->weight == 0 || range->text[0] == '\0') {
			continue;
		}
		if (strcmp(range->text, "*") == 0) {
			return otherwise;
		}
		lang = match(langs, range->text, refused);
		if (lang != NULL) {
			return lang;
		}
	}
	return otherwise;
}

static const char *variable(const char *name)
{
	const char *value = g_getenv(name);

	return value != NULL && value[0] != '\0' ? value : NULL;
}

/* de_DE.UTF-8@euro is "de-DE". */
static const struct lang *match_locale(const struct langs *langs, const char *locale)
{
	g_autofree char *name = g_strndup(locale, strcspn(locale, ".@"));

	g_strdelimit(name, "_", '-');
	return name[0] != '\0' ? match(langs, name, NULL) : NULL;
}

const struct lang *langs_environment(const struct langs *langs)
{
	const struct lang *english = langs->list->pdata[0], *found = NULL;
	const char *list = variable("LANGUAGE"), *locale = variable("LC_ALL");
	g_auto(GStrv) names = NULL;

	if (locale == NULL) {
		locale = variable("LC_MESSAGES");
	}
	if (locale == NULL) {
		locale = variable("LANG");
	}
	if (locale == NULL || strcmp(locale, "C") == 0 || strcmp(locale, "POSIX") == 0) {
		return english; // as gettext: then LANGUAGE does not count
	}
	names = g_strsplit(list != NULL ? list : "", ":", RANGES_MAX);
	for (unsigned i = 0; names[i] != NULL && found == NULL; i++) {
		found = match_locale(langs, names[i]);
	}
	if (found == NULL && !g_str_has_prefix(locale, "C.")) {
		found = match_locale(langs, locale);
	}
	return found != NULL ? found : english;
}

const char *lang_name(const struct lang *lang)
{
	return lang->name;
}

const char *lang_current(void)
{
	return current != NULL ? current->name : "en";
}

const struct lang *lang_switch(const struct lang *lang)
{
	const struct lang *before = current;

	current = lang;
	return before;
}

const char *lang_text(const char *context, const char *text)
{
	const char *found;

	if (current == NULL) {
		return context != NULL ? g_dpgettext2(NULL, context, text) : gettext(text);
	}
	found = current->mo != NULL ? mo_find(current->mo, context, text, 0) : NULL;
	return found != NULL ? found : text;
}

const char *lang_plural(const char *one, const char *many, unsigned long n)
{
	const char *found;

	if (current == NULL) {
		return dngettext(NULL, one, many, n);
	}
	found = current->mo != NULL ? mo_find(current->mo, NULL, one, mo_form(current->mo, n))
				    : NULL;
	return found != NULL ? found : n == 1 ? one : many;
}
