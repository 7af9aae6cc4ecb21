/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Words for packages, services, commands, objects of clusters and checks. */
#include "base/change-text.h"

#include <inttypes.h>
#include <string.h>

#include "base/lang.h"
#include "base/text.h"
#include "base/words.h"

static void append_opt(GString *out, const char *text)
{
	if (text != NULL) {
		g_string_append_printf(out, " %s", text);
	}
}

char *change_state_text(const struct plan_state *state)
{
	GString *out = g_string_new(NULL);

	if (state->type == STATE_PACKAGE) {
		append_opt(out, state->version);
		append_opt(out, state->arch);
		append_opt(out, state->held == 1 ? "held" : NULL);
	} else if (state->type == STATE_SERVICE) {
		append_opt(out, state->enabled);
		append_opt(out, state->running);
	}
	return g_string_free(out, FALSE);
}

char *change_becomes_text(const struct plan_change *change)
{
	const char *old = change->observed.version, *new = change->desired.version;
	g_autofree char *before = NULL, *after = NULL;

	if (g_strcmp0(old, new) != 0) {
		before = g_strconcat(old != NULL ? " " : "", old, NULL);
		after = g_strconcat(new != NULL ? " " : "", new, NULL);
	} else {
		before = change_state_text(&change->observed);
		after = change_state_text(&change->desired);
	}
	if (strcmp(before, after) == 0) {
		return g_strdup("");
	}
	if (before[0] == '\0' || after[0] == '\0') {
		return g_strconcat(before, after, NULL);
	}
	return g_strconcat(before, " ->", after, NULL);
}

static void note_exec(GPtrArray *notes, const struct plan_exec *exec)
{
	g_autoptr(GPtrArray) lines = words_of_exec(exec);

	for (guint i = 0; i < lines->len; i++) {
		g_ptr_array_add(notes, g_strdup(lines->pdata[i]));
	}
}

GPtrArray *change_notes(const struct plan_change *change)
{
	GPtrArray *notes = g_ptr_array_new_with_free_func(g_free);

	if (change->object != NULL) {
		/* TRANSLATORS: name of a Kubernetes cluster */
		g_ptr_array_add(notes, g_strdup_printf(_("cluster: %s"), change->manager));
		if (change->action == ACTION_CREATE && !change->observed.dry_run) {
			g_ptr_array_add(
				notes,
				g_strdup(_("not tried yet: what it needs comes with this plan")));
		}
	} else if (change->manager != NULL) {
		/* TRANSLATORS: apt, dnf, zypper; or whose services: system, user */
		g_ptr_array_add(notes, g_strdup_printf(_("manager: %s"), change->manager));
	}
	if (change->implied) {
		g_ptr_array_add(notes, g_strdup(_("also: for the sake of other packages")));
	}
	if (change->because != NULL) {
		g_autoptr(GString) ids = g_string_new(NULL);

		words_append(ids, change->because);
		/* TRANSLATORS: resources whose change makes a service restart, for example */
		g_ptr_array_add(notes, g_strdup_printf(_("because of: %s"), ids->str));
	}
	if (change->exec != NULL) {
		note_exec(notes, change->exec);
	}
	if (change->outside_commit != NULL) {
		g_autofree char *id = text_short_id(change->outside_commit);
		g_autofree char *when = text_time(change->outside_time);

		/* TRANSLATORS: a time, and a commit's id */
		g_ptr_array_add(
			notes, g_strdup_printf(_("changed outside since %s, commit %s"), when, id));
	}
	return notes;
}

char *change_sizes_text(const struct plan *plan)
{
	int64_t fetch = 0, space = 0;
	g_autofree char *fetch_text = NULL, *space_text = NULL;

	for (size_t i = 0; i < plan->changes_count; i++) {
		const struct plan_change *c = &plan->changes[i];

		if (strcmp(c->kind, "package") == 0) {
			fetch += MAX(c->desired.download, 0);
			space += MAX(c->desired.space, 0) - MAX(c->observed.space, 0);
		}
	}
	if (fetch == 0 && space == 0) {
		return NULL;
	}
	fetch_text = g_format_size((guint64)fetch);
	space_text = g_format_size((guint64)ABS(space));
	return space >= 0 ? /* TRANSLATORS: sizes, as "12.5 MB" */
		       g_strdup_printf(_("%s to fetch, %s more on the disk"), fetch_text,
				       space_text)
			  : /* TRANSLATORS: sizes, as "12.5 MB" */
		       g_strdup_printf(_("%s to fetch, %s less on the disk"), fetch_text,
				       space_text);
}

char *change_check_text(const struct plan_check *check)
{
	GString *out = g_string_new(check->kind);

	append_opt(out, check->target);
	if (check->status > 0) {
		g_string_append_printf(out, ", HTTP %" PRId64, check->status);
	}
	if (check->body != NULL) {
		const char *body[] = {check->body, NULL};

		g_string_append(out, ", ");
		words_append(out, body);
	}
	append_opt(out, check->ca);
	if (check->successes > 1) {
		g_string_append_printf(out, ", %" PRId64 "x", check->successes);
	}
	if (check->interval > 0) {
		g_string_append_printf(out, ", /%" PRId64 "s", check->interval);
	}
	return g_string_free(out, FALSE);
}
