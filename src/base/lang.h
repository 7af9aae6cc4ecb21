/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * Texts in the reader's language, for an agent whose readers have several.
 *
 * The command line uses gettext: its reader's locale is its own. The agent's
 * readers have none on its host, and gettext finds a catalogue only through a
 * locale that is installed (C.UTF-8 is none for glibc 2.39 and newer). So the
 * agent reads gettext's catalogues (.mo) itself, and never sets LC_MESSAGES:
 * what it logs and records is English whoever looks at a page meanwhile.
 *
 *	langs = langs_load(lang_folder(), PACKAGE);
 *	own = langs_environment(langs);          -- what LANGUAGE, LC_ALL, ... ask for
 *	lang_switch(own);
 *
 *	lang_scope before = lang_switch(langs_accept(langs, header, own));
 *	html_text(h, _("Changes"));              -- until the end of the scope
 *
 * Files that the agent runs include this instead of <glib/gi18n.h>. Where
 * nothing was switched on, as in the command line, gettext is asked.
 */
#include <glib.h>
#include <libintl.h>

struct lang;  /* one language: its name and its catalogue */
struct langs; /* English, and each language with a catalogue */

/* Where the catalogues stand: LOCALEDIR, or $ASSENT_LOCALEDIR for a build that is not installed. */
const char *lang_folder(void);

/* Reads FOLDER/LANGUAGE/LC_MESSAGES/DOMAIN.mo; what is no whole catalogue is left out. */
struct langs *langs_load(const char *folder, const char *domain);
void langs_free(struct langs *langs); /* after lang_switch(NULL) */
/* What comes nearest to the header Accept-Language; otherwise, and without a header. */
const struct lang *langs_accept(const struct langs *langs, const char *header,
				const struct lang *otherwise);
/* What the environment asks for, as gettext understands it; whether the locale is installed or not
 * does not matter. English when there is nothing better. */
const struct lang *langs_environment(const struct langs *langs);

/* The name for HTML's lang: "en", "pt-BR". */
const char *lang_name(const struct lang *lang);
const char *lang_current(void);
/* The language from now on; NULL: gettext's. Gives the one before. Borrowed. */
const struct lang *lang_switch(const struct lang *lang);

static inline void lang_restore(const struct lang **before)
{
	(void)lang_switch(*before);
}
#define lang_scope __attribute__((cleanup(lang_restore))) G_GNUC_UNUSED const struct lang *

/* context NULL: none. Borrowed: from the catalogue, or text itself. */
const char *lang_text(const char *context, const char *text) G_GNUC_FORMAT(2);
const char *lang_plural(const char *one, const char *many, unsigned long n) G_GNUC_FORMAT(1)
	G_GNUC_FORMAT(2);

#undef ngettext
#define _(text) lang_text(NULL, text)
#define N_(text) (text)
#define C_(context, text) lang_text(context, text)
#define NC_(context, text) (text)
#define ngettext(one, many, n) lang_plural(one, many, n)
