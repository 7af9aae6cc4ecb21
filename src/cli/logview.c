/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reads entries for display, and describes them in a line. */
#include "cli/logview.h"

#include <glib/gi18n.h>
#include <inttypes.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "core/merkle.h"

#define BUNDLE_MAX ((size_t)TILE_WIDTH * (ENTRY_MAX_SIZE + 2))

bool log_size(struct log_source *source, uint64_t *size, GError **error)
{
	g_autofree char *note = NULL;
	struct assent_error core;
	struct checkpoint cp;
	const char *end;
	size_t len;

	if (!log_source_read(source, "checkpoint", NOTE_MAX_SIZE, &note, &len, error)) {
		return false;
	}
	end = strstr(note, "\n\n");
	if (checkpoint_parse(&cp, note, end != NULL ? (size_t)(end - note) + 1 : len, &core) != 0) {
		return fail_core(error, &core, _("checkpoint of '%s'"), log_source_place(source));
	}
	*size = cp.size;
	return true;
}

static bool read_bundle(struct log_source *source, uint64_t index, uint64_t size, char **bytes,
			size_t *len, GError **error)
{
	uint64_t first = index * TILE_WIDTH;
	unsigned width = size - first < TILE_WIDTH ? (unsigned)(size - first) : TILE_WIDTH;
	g_autoptr(GError) local = NULL;
	char path[TILE_PATH_SIZE];

	tile_path(path, -1, index, width);
	if (log_source_read(source, path, BUNDLE_MAX, bytes, len, &local)) {
		return true;
	}
	if (width == TILE_WIDTH || !g_error_matches(local, BASE_ERROR, BASE_ERROR_NOT_FOUND)) {
		g_propagate_error(error, g_steal_pointer(&local));
		return false;
	}
	/* The log has grown since, and the narrow tile was dropped. */
	tile_path(path, -1, index, TILE_WIDTH);
	return log_source_read(source, path, BUNDLE_MAX, bytes, len, error);
}

bool log_each(struct log_source *source, uint64_t from, uint64_t to, log_view_fn fn, void *user,
	      GError **error)
{
	uint64_t size;

	if (!log_size(source, &size, error)) {
		return false;
	}
	to = MIN(to, size);
	for (uint64_t bundle = from / TILE_WIDTH; bundle * TILE_WIDTH < to; bundle++) {
		g_autofree char *bytes = NULL;
		size_t len, at = 0;

		if (!read_bundle(source, bundle, size, &bytes, &len, error)) {
			return false;
		}
		for (uint64_t i = bundle * TILE_WIDTH; i < MIN(to, (bundle + 1) * TILE_WIDTH);
		     i++) {
			size_t n = len - at >= 2
					   ? (size_t)(guchar)bytes[at] << 8 | (guchar)bytes[at + 1]
					   : SIZE_MAX;

			if (n == SIZE_MAX || n > len - at - 2) {
				return fail(error, BASE_ERROR, BASE_ERROR_MALFORMED,
					    _("the log is cut off at entry %" PRIu64), i);
			}
			if (i >= from && !fn(i, bytes + at + 2, n, user)) {
				return true;
			}
			at += 2 + n;
		}
	}
	return true;
}

const struct hash *log_plan_of(const struct record *record)
{
	switch (record->type) {
	case ENTRY_PLAN:
		return &record->u.plan.plan;
	case ENTRY_APPROVAL:
		return &record->u.approval.plan;
	case ENTRY_CLOSED:
		return record->u.closed.outcome != OUTCOME_CONVERGED ? &record->u.closed.plan
								     : NULL;
	case ENTRY_APPLY_START:
		return &record->u.apply_start.plan;
	case ENTRY_APPLY_DONE:
		return &record->u.apply_done.plan;
	case ENTRY_ROLLBACK:
		return record->u.rollback.has_plan ? &record->u.rollback.plan : NULL;
	case ENTRY_DRIFT:
		return record->u.drift.has_plan ? &record->u.drift.plan : NULL;
	case ENTRY_GENESIS:
	case ENTRY_POLICY:
	case ENTRY_COMMIT:
	case ENTRY_BLOCKED:
	case ENTRY_UNBLOCKED:
	case ENTRY_SUSPEND:
	case ENTRY_RESUME:
	case ENTRY_NOTE:
	case ENTRY_REWRITTEN:
	case ENTRY_UNPIN:
	case ENTRY_TRY:
	case ENTRY_RETURN:
	case ENTRY_ALERT:
		break;
	}
	return NULL;
}

static char *describe_plan(const struct record_plan *plan, const char *id)
{
	GString *text = g_string_new(NULL);

	g_string_append_printf(text, "%s #%" PRId64 " (%s):", id, plan->number, plan->reason);
	for (int i = 0; i < RECORD_ACTIONS; i++) {
		if (plan->summary[i] > 0) {
			g_string_append_printf(text, " %" PRId64 " %s", plan->summary[i],
					       plan_action_names[i]);
		}
	}
	return g_string_free(text, FALSE);
}

static char *describe_rewritten(const struct record_rewritten *rewritten)
{
	g_autofree char *base = text_short_id(rewritten->base);
	g_autofree char *commit = text_short_id(rewritten->commit);

	return g_strdup_printf("%s accepts %s, which does not descend from %s: %s",
			       rewritten->person, commit, base, rewritten->reason);
}

static char *with_reason(const char *text, const char *reason)
{
	return reason != NULL && reason[0] != '\0' ? g_strdup_printf("%s: %s", text, reason)
						   : g_strdup(text);
}

static char *describe_start(const struct record_apply_start *start, const char *id)
{
	return start->mode == MODE_APPLY
		       ? g_strdup(id)
		       : g_strdup_printf("%s %s by %s", id, record_mode_names[start->mode],
					 start->person);
}

static char *describe_done(const struct record_apply_done *done, const char *id)
{
	g_autofree char *text = g_strdup_printf("%s %s%s", id, record_result_names[done->result],
						done->halted ? ", halted" : "");

	return with_reason(text, done->reason);
}

static char *describe_rollback(const struct record_rollback *rollback, const char *id)
{
	g_autofree char *who = with_reason(rollback->person, rollback->reason);

	return g_strdup_printf("%.12s %s %s", rollback->commit, id, who);
}

static char *describe_try(const struct record_try *trial)
{
	g_autofree char *until = text_time(trial->until);
	g_autofree char *who = with_reason(trial->person, trial->reason);

	return g_strdup_printf("%s (%s) %s", trial->ref, until, who);
}

static char *describe_alert(const struct record_alert *alert)
{
	g_autofree char *what =
		with_reason(record_condition_names[alert->condition], alert->reason);

	return g_strdup_printf("%s %s", record_alert_state_names[alert->state], what);
}

/* The record's own words, as in doc/formats.md: they are not translated. */
char *log_describe(const struct record *record)
{
	const struct hash *plan = log_plan_of(record);
	char digest[HASH_TEXT_SIZE] = "";
	g_autofree char *id = NULL, *text = NULL;

	if (plan != NULL) {
		hash_text(digest, plan);
	}
	id = text_short_id(digest);
	switch (record->type) {
	case ENTRY_GENESIS:
		return g_strdup(record->u.genesis.agent);
	case ENTRY_POLICY:
		hash_text(digest, &record->u.policy.allowed_signers);
		return g_strdup(digest);
	case ENTRY_COMMIT:
		text = text_short_id(record->u.commit.commit);
		return g_strdup_printf("%s %s", text, record->u.commit.ref);
	case ENTRY_PLAN:
		return describe_plan(&record->u.plan, id);
	case ENTRY_APPROVAL:
		text = g_strdup_printf("%s %s %s by %s", record->u.approval.person,
				       verdict_names[record->u.approval.decision], id,
				       channel_names[record->u.approval.by.channel]);
		return with_reason(text, record->u.approval.reason);
	case ENTRY_CLOSED:
		if (record->u.closed.outcome == OUTCOME_CONVERGED) {
			text = text_short_id(record->u.closed.commit);
			return g_strdup_printf("%s converged", text);
		}
		text = g_strdup_printf("%s %s", id, record_outcome_names[record->u.closed.outcome]);
		return with_reason(text, record->u.closed.reason);
	case ENTRY_APPLY_START:
		return describe_start(&record->u.apply_start, id);
	case ENTRY_APPLY_DONE:
		return describe_done(&record->u.apply_done, id);
	case ENTRY_BLOCKED:
		return with_reason(record_block_names[record->u.blocked.kind],
				   record->u.blocked.reason);
	case ENTRY_UNBLOCKED:
		return g_strdup("");
	case ENTRY_DRIFT:
		return g_strdup_printf("%" PRId64 " %s %s", record->u.drift.changes,
				       record->u.drift.changes == 1 ? "change" : "changes", id);
	case ENTRY_SUSPEND:
	case ENTRY_RESUME:
		return with_reason(record->u.suspend.person, record->u.suspend.reason);
	case ENTRY_NOTE:
		return g_strdup(record->u.note.text);
	case ENTRY_REWRITTEN:
		return describe_rewritten(&record->u.rewritten);
	case ENTRY_ROLLBACK:
		return describe_rollback(&record->u.rollback, id);
	case ENTRY_UNPIN:
		return with_reason(record->u.unpin.person, record->u.unpin.reason);
	case ENTRY_TRY:
		return describe_try(&record->u.trial);
	case ENTRY_RETURN:
		return with_reason(record->u.end.person != NULL ? record->u.end.person : "-",
				   record->u.end.reason);
	case ENTRY_ALERT:
		return describe_alert(&record->u.alert);
	}
	return g_strdup("");
}
