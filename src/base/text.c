/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Harmless texts, their widths, ages and times. */
#include "base/text.h"

#include <inttypes.h>
#include <string.h>

#include "base/lang.h"

#define SHORT_ID 12

/* Letters by their category that show nothing; a filler in a path would be invisible. */
static bool is_blank_letter(gunichar c)
{
	static const gunichar blanks[] = {0x034F, 0x115F, 0x1160, 0x17B4,
					  0x17B5, 0x2800, 0x3164, 0xFFA0};

	for (size_t i = 0; i < G_N_ELEMENTS(blanks); i++) {
		if (blanks[i] == c) {
			return true;
		}
	}
	return (c >= 0x180B && c <= 0x180F) || (c >= 0xFE00 && c <= 0xFE0F) ||
	       (c >= 0xE0100 && c <= 0xE01EF);
}

static bool is_harmless(gunichar c, unsigned flags)
{
	if (c < 0x80) {
		return (c >= 0x20 && c < 0x7f) || (c == '\t' && (flags & TEXT_TABS) != 0);
	}
	if ((flags & TEXT_ASCII) != 0 || is_blank_letter(c)) {
		return false;
	}
	switch (g_unichar_type(c)) {
	case G_UNICODE_CONTROL:
	case G_UNICODE_FORMAT:
	case G_UNICODE_UNASSIGNED:
	case G_UNICODE_PRIVATE_USE:
	case G_UNICODE_SURROGATE:
	case G_UNICODE_LINE_SEPARATOR:
	case G_UNICODE_PARAGRAPH_SEPARATOR:
	case G_UNICODE_SPACE_SEPARATOR:
		return false;
	default:
		return true;
	}
}

static bool is_no_break(gunichar c)
{
	return c == 0x00A0 || c == 0x202F;
}

/* Is the no-break space after what is in out one that a sentence has there? */
static bool is_punctuation_space(const GString *out, const char *space, const char *end)
{
	const char *after = g_utf8_next_char(space);
	gunichar next = after < end ? g_utf8_get_char_validated(after, end - after) : 0;

	return (next < 0x80 && next != 0 && strchr(":;!?%", (int)next) != NULL) || next == 0x00BB ||
	       g_str_has_suffix(out->str, "\302\253");
}

unsigned text_append(GString *out, const char *text, size_t len, unsigned flags)
{
	const char *end = text + len;
	unsigned escaped = 0;

	while (text < end) {
		gunichar c = g_utf8_get_char_validated(text, end - text);

		/* A NUL gives 0 or an error, depending on GLib's version. */
		if (c == (gunichar)-1 || c == (gunichar)-2) {
			g_string_append_printf(out, "<%02X>", (unsigned char)*text);
			escaped++;
			text++;
			continue;
		}
		if (is_harmless(c, flags)) {
			g_string_append_unichar(out, c);
		} else if ((flags & TEXT_SENTENCE) != 0 && is_no_break(c) &&
			   is_punctuation_space(out, text, end)) {
			g_string_append_c(out, ' ');
		} else {
			g_string_append_printf(out, "<U+%04X>", c);
			escaped++;
		}
		text = c == 0 ? text + 1 : g_utf8_next_char(text);
	}
	return escaped;
}

char *text_escape(const char *text, gssize len, unsigned flags)
{
	GString *out = g_string_new(NULL);

	if (text != NULL) {
		(void)text_append(out, text, len < 0 ? strlen(text) : (size_t)len, flags);
	}
	return g_string_free(out, FALSE);
}

static unsigned char_width(gunichar c)
{
	if (g_unichar_iszerowidth(c)) {
		return 0;
	}
	return g_unichar_iswide(c) ? 2 : 1;
}

unsigned text_width(const char *text)
{
	unsigned width = 0;

	for (const char *p = text; *p != '\0'; p = g_utf8_next_char(p)) {
		width += char_width(g_utf8_get_char(p));
	}
	return width;
}

char *text_cut(const char *text, unsigned width, bool ascii)
{
	const char *mark = ascii ? "~" : "…", *p = text;
	unsigned used = 0;

	if (text_width(text) <= width) {
		return g_strdup(text);
	}
	if (width == 0) {
		return g_strdup("");
	}
	while (used + char_width(g_utf8_get_char(p)) <= width - 1) {
		used += char_width(g_utf8_get_char(p));
		p = g_utf8_next_char(p);
	}
	return g_strdup_printf("%.*s%s", (int)(p - text), text, mark);
}

char *text_duration(int64_t seconds)
{
	static const struct {
		int64_t at_least, unit;
		const char *letter;
	} units[] = {{2 * 86400, 86400, "d"}, {2 * 3600, 3600, "h"}, {120, 60, "m"}, {0, 1, "s"}};
	int64_t size = seconds < 0 ? 0 : seconds;
	size_t i = 0;

	while (size < units[i].at_least) {
		i++;
	}
	return g_strdup_printf("%" PRId64 "%s", size / units[i].unit, units[i].letter);
}

char *text_age(int64_t when, int64_t now)
{
	g_autofree char *distance = text_duration(when > now ? when - now : now - when);

	if (when == now) {
		return g_strdup(_("now"));
	}
	if (when > now) {
		/* TRANSLATORS: %s is a duration like 3h or 12m */
		return g_strdup_printf(_("in %s"), distance);
	}
	/* TRANSLATORS: %s is a duration like 3h or 12m */
	return g_strdup_printf(_("%s ago"), distance);
}

char *text_time(int64_t when)
{
	g_autoptr(GDateTime) time = g_date_time_new_from_unix_local(when);
	char *text = time != NULL ? g_date_time_format(time, "%Y-%m-%d %H:%M:%S %Z") : NULL;

	return text != NULL ? text : g_strdup_printf("@%" PRId64, when);
}

bool text_parse_time(const char *text, int64_t *when)
{
	g_autoptr(GTimeZone) utc = g_time_zone_new_utc();
	g_autoptr(GDateTime) time = g_date_time_new_from_iso8601(text, utc);

	if (time == NULL) {
		return false;
	}
	*when = g_date_time_to_unix(time);
	return true;
}

char *text_short_id(const char *id)
{
	const char *digits = g_str_has_prefix(id, "sha256:") ? id + strlen("sha256:") : id;

	return g_strndup(digits, SHORT_ID);
}

const char *text_signature(const char *verdict)
{
	static const struct {
		const char *verdict, *text;
	} texts[] = {
		/* TRANSLATORS: said of a commit of Git */
		{"none", N_("not signed")},
		{"bad", N_("BAD SIGNATURE")},
		{"unknown", N_("signed by an unknown key")},
		{"expired", N_("signed, but the key or the signature had EXPIRED")},
		{"revoked", N_("signed by a REVOKED key")},
		{"untrusted", N_("signed by a key that may not sign here")},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
		if (strcmp(texts[i].verdict, verdict) == 0) {
			return _(texts[i].text);
		}
	}
	/* TRANSLATORS: said of a commit of Git; the signer's name may follow */
	return _("signed");
}

static char *join_signers(const struct plan_verification *v)
{
	GString *out = g_string_new(NULL);

	for (size_t i = 0; i < v->signers_count; i++) {
		g_string_append_printf(out, "%s%s", i > 0 ? ", " : "", v->signers[i]);
	}
	return g_string_free(out, FALSE);
}

char *text_verification(const struct plan_verification *v)
{
	g_autofree char *names = NULL;

	if (v->mode == NULL) {
		return NULL;
	}
	names = join_signers(v);
	if (strcmp(v->mode, "head") == 0) {
		/* TRANSLATORS: of the commit to be applied; people who have signed it */
		return g_strdup_printf(_("signed by %s; older commits were not verified"), names);
	}
	if (v->seal != NULL) {
		return g_strdup_printf(
			/* TRANSLATORS: people who have signed, a number, a commit's id */
			ngettext("signed by %s; %" PRId64 " commit was verified, up to the seal "
				 "%.12s, which vouches for what is older",
				 "signed by %s; %" PRId64 " commits were verified, up to the seal "
				 "%.12s, which vouches for what is older",
				 (gulong)v->checked),
			names, v->checked, v->seal);
	}
	return g_strdup_printf(
		/* TRANSLATORS: people who have signed, and a number */
		ngettext("signed by %s; %" PRId64 " commit was verified, which is all that is new",
			 "signed by %s; all %" PRId64 " new commits were verified",
			 (gulong)v->checked),
		names, v->checked);
}

const char *text_action(enum plan_action action)
{
	static const char *const texts[] = {
		/* TRANSLATORS: what a plan does: a noun or an infinitive, before a file's name */
		[ACTION_CREATE] = NC_("action", "create"),
		[ACTION_UPDATE] = NC_("action", "update"),
		[ACTION_REPLACE] = NC_("action", "replace"),
		[ACTION_REMOVE] = NC_("action", "remove"),
		[ACTION_START] = NC_("action", "start"),
		[ACTION_STOP] = NC_("action", "stop"),
		[ACTION_RESTART] = NC_("action", "restart"),
		[ACTION_RELOAD] = NC_("action", "reload"),
		[ACTION_ENABLE] = NC_("action", "enable"),
		[ACTION_DISABLE] = NC_("action", "disable"),
		[ACTION_RUN] = NC_("action", "run"),
	};

	return C_("action", texts[action]);
}

char *text_count(int64_t count, enum plan_action action)
{
	/* TRANSLATORS: how often, and what a plan does: "2 create" */
	return g_strdup_printf(C_("action", "%" PRId64 " %s"), count, text_action(action));
}
