/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Gathers what concerns a plan out of a verified log, and writes it as files. */
#include "cli/bundle.h"

#include <glib/gi18n.h>
#include <inttypes.h>
#include <string.h>

#include "base/autoptr.h"
#include "base/error.h"
#include "base/file.h"
#include "base/objects.h"
#include "cli/logfold.h"
#include "cli/logview.h"
#include "cli/problem.h"
#include "core/tlogproof.h"

#define DIFF_MAX ((size_t)1 << 30)

/* A C string made of verify.sh by the build. */
static const char verify_script[] =
#include "cli/verify-sh.h"
	;

struct kept {
	uint64_t index;
	char *bytes;
	size_t len;
};

/* What becomes a folder: the plan's own, and one in it for each plan that a restore hangs on. */
struct part {
	struct bundle_request request; /* strings are borrowed, but for the folder */
	char *folder;
	GPtrArray *kept;   /* struct kept */
	struct plan *plan; /* NULL: not here, which put_plan() says */
	bool inner;
};

struct gather {
	struct log_fold *fold;
	GPtrArray *parts; /* struct part, the plan's own first */
};

static void kept_free(gpointer data)
{
	struct kept *kept = data;

	g_free(kept->bytes);
	g_free(kept);
}

/* Who accepted the history that the plan is of. */
static bool accepts(const struct plan *plan, const struct entry *entry, const struct record *record)
{
	return record->type == ENTRY_REWRITTEN && plan != NULL && plan->is_rewritten &&
	       strcmp(entry->stack, plan->stack) == 0 &&
	       strcmp(record->u.rewritten.base, plan->base_commit) == 0 &&
	       strcmp(record->u.rewritten.commit, plan->target_commit) == 0;
}

/* The entries that name keys and approvers, and all that are about the plan. */
static bool concerns(const struct part *part, const struct entry *entry,
		     const struct record *record)
{
	const struct hash *plan = log_plan_of(record);

	return record->type == ENTRY_GENESIS || record->type == ENTRY_POLICY ||
	       (plan != NULL && hash_equal(plan, &part->request.plan)) ||
	       accepts(part->plan, entry, record);
}

static void keep(struct part *part, uint64_t index, const char *bytes, size_t len)
{
	struct kept *kept = g_new0(struct kept, 1);

	kept->index = index;
	kept->bytes = g_memdup2(bytes, len);
	kept->len = len;
	g_ptr_array_add(part->kept, kept);
}

static void take(uint64_t index, const char *bytes, size_t len, void *user)
{
	struct gather *g = user;
	struct entry entry = {0};
	struct record record;

	log_fold_entry(index, bytes, len, g->fold);
	if (entry_parse(&entry, bytes, len, NULL) == 0 && record_read(&record, &entry, NULL) == 0) {
		for (unsigned i = 0; i < g->parts->len; i++) {
			if (concerns(g->parts->pdata[i], &entry, &record)) {
				keep(g->parts->pdata[i], index, bytes, len);
			}
		}
	}
	entry_clear(&entry);
}

static bool put(const struct bundle_request *r, const char *name, const void *data, size_t len,
		GError **error)
{
	g_autofree char *path = g_build_filename(r->folder, name, NULL);

	return file_replace(path, data, len, g_str_has_suffix(name, ".sh") ? 0755 : 0644, error);
}

static bool put_text(const struct bundle_request *r, const char *name, const char *text,
		     GError **error)
{
	return put(r, name, text, strlen(text), error);
}

static bool put_object(const struct bundle_request *r, const char *name, const struct hash *digest,
		       GError **error)
{
	g_autofree char *bytes = NULL;
	size_t len;

	return objects_load(r->objects, digest, DIFF_MAX, &bytes, &len, error) &&
	       put(r, name, bytes, len, error);
}

static bool put_approval(const struct bundle_request *r, uint64_t index,
			 const struct record_approval *a, GError **error)
{
	g_autofree char *name = g_strdup_printf("approval-%" PRIu64 ".json", index);
	g_autofree char *sig = g_strconcat(name, ".sig", NULL);
	g_autofree char *evidence = g_strdup_printf("evidence-%" PRIu64 ".json", index);

	if (!put_text(r, name, a->statement, error) || !put_text(r, sig, a->sig, error)) {
		return false;
	}
	return a->by.channel == CHANNEL_SIGNATURE ||
	       put_object(r, evidence, &a->by.evidence, error);
}

static bool put_steps(const struct bundle_request *r, uint64_t index,
		      const struct record_apply_done *done, GError **error)
{
	g_autofree char *name = g_strdup_printf("steps-%" PRIu64 ".json", index);

	return !done->has_steps || put_object(r, name, &done->steps, error);
}

/* Nobody looks at the diff of a plan that only proves another, and it may be gone by now. */
static bool put_diff(const struct part *part, const struct plan *plan, GError **error)
{
	return part->inner || put_object(&part->request, "diff", &plan->diff, error);
}

/* The plan's own files, which the log refers to by digest. */
static bool put_plan(const struct part *part, const struct record_plan *record, GError **error)
{
	const struct bundle_request *r = &part->request;
	g_autoptr(plan_auto) plan = NULL;
	g_autofree char *bytes = NULL;
	struct assent_error core;
	size_t len;

	if (!objects_load(r->objects, &r->plan, PLAN_MAX_SIZE, &bytes, &len, error)) {
		return false;
	}
	if (plan_parse(&plan, bytes, len, &core) != 0) {
		return fail_core(error, &core, _("the plan"));
	}
	return put(r, "plan.json", bytes, len, error) &&
	       put_text(r, "plan.json.sig", record->sig, error) && put_diff(part, plan, error) &&
	       put_object(r, "allowed_signers", &plan->policy.approvers, error);
}

static bool put_entry(const struct part *part, const struct kept *kept, GError **error)
{
	const struct bundle_request *r = &part->request;
	g_autofree char *name = g_strdup_printf("proofs/%" PRIu64 ".leaf", kept->index);
	struct entry entry = {0};
	struct record record;
	struct assent_error core;
	bool good = false;

	if (entry_parse(&entry, kept->bytes, kept->len, &core) != 0 ||
	    record_read(&record, &entry, &core) != 0) {
		(void)fail_core(error, &core, "entry %" PRIu64, kept->index);
	} else if (record.type == ENTRY_PLAN) {
		good = put_plan(part, &record.u.plan, error);
	} else if (record.type == ENTRY_APPROVAL) {
		good = put_approval(r, kept->index, &record.u.approval, error);
	} else if (record.type == ENTRY_APPLY_DONE) {
		good = put_steps(r, kept->index, &record.u.apply_done, error);
	} else {
		good = true;
	}
	entry_clear(&entry);
	return good && put(r, name, kept->bytes, kept->len, error);
}

static bool put_proof(const struct bundle_request *r, const struct log_report *report,
		      GArray *leaves, uint64_t index, GError **error)
{
	struct tlog_proof proof = {
		.index = index, .note = report->note, .note_len = report->note_len};
	g_autofree char *name = g_strdup_printf("proofs/%" PRIu64 ".tlog-proof", index);
	struct assent_error core;
	autocfree char *text = NULL;
	size_t len;

	if (merkle_prove_inclusion(proof.path, &proof.count, index, leaves->len, log_leaves_read,
				   leaves, &core) != 0 ||
	    tlog_proof_write(&text, &len, &proof, &core) != 0) {
		return fail_core(error, &core, "entry %" PRIu64, index);
	}
	return put(r, name, text, len, error);
}

static bool put_policy(const struct bundle_request *r, const struct note_key *key, GError **error)
{
	g_autofree char *policy = NULL;
	autocfree char *vkey = NULL;
	struct assent_error core;

	if (note_key_text(&vkey, key, &core) != 0) {
		return fail_core(error, &core, _("the log's key"));
	}
	policy = g_strdup_printf("log %s\nquorum none\n", vkey);
	return put_text(r, "policy", policy, error);
}

static bool write_part(const struct part *part, const struct log_report *report, GArray *leaves,
		       const struct note_key *key, GError **error)
{
	const struct bundle_request *r = &part->request;
	g_autofree char *proofs = g_build_filename(r->folder, "proofs", NULL);

	if (!file_mkdirs(proofs, 0755, error)) {
		return false;
	}
	for (unsigned i = 0; i < part->kept->len; i++) {
		const struct kept *k = part->kept->pdata[i];

		if (!put_entry(part, k, error) || !put_proof(r, report, leaves, k->index, error)) {
			return false;
		}
	}
	return put(r, "checkpoint", report->note, report->note_len, error) &&
	       put_policy(r, key, error) &&
	       (part->inner || put_text(r, "verify.sh", verify_script, error));
}

/* The plan's own is written last, and with it verify.sh. */
static bool write_all(const GPtrArray *parts, const struct log_report *report, GArray *leaves,
		      const struct note_key *key, GError **error)
{
	for (unsigned i = parts->len; i > 0; i--) {
		if (!write_part(parts->pdata[i - 1], report, leaves, key, error)) {
			return false;
		}
	}
	return true;
}

static bool check_report(const struct log_report *report, GError **error)
{
	const struct log_problem *first;

	if (report->problems->len == 0) {
		return true;
	}
	first = report->problems->pdata[0];
	return problem(error, EXIT_REFUSED, "not-verified",
		       _("'assent log verify' lists everything that is wrong"),
		       _("the log does not verify: %s: %s"), first->place, first->message);
}

static struct plan *load_plan(const struct bundle_request *r)
{
	g_autofree char *bytes = NULL;
	struct plan *plan = NULL;
	size_t len;

	if (!objects_load(r->objects, &r->plan, PLAN_MAX_SIZE, &bytes, &len, NULL) ||
	    plan_parse(&plan, bytes, len, NULL) != 0) {
		return NULL;
	}
	return plan;
}

static void part_free(gpointer data)
{
	struct part *part = data;

	g_ptr_array_unref(part->kept);
	plan_free(part->plan);
	g_free(part->folder);
	g_free(part);
}

static struct part *part_new(const struct bundle_request *request, const struct hash *plan,
			     char *folder)
{
	struct part *part = g_new0(struct part, 1);

	part->request = *request;
	part->request.plan = *plan;
	part->request.folder = folder;
	part->folder = folder;
	part->kept = g_ptr_array_new_with_free_func(kept_free);
	part->plan = load_plan(&part->request);
	return part;
}

/* None of these restores itself (core/restore.h), so that one level is all. */
static GPtrArray *list_parts(const struct bundle_request *r)
{
	GPtrArray *parts = g_ptr_array_new_with_free_func(part_free);
	struct part *own = part_new(r, &r->plan, g_strdup(r->folder));

	g_ptr_array_add(parts, own);
	for (size_t i = 0; own->plan != NULL && i < own->plan->restores_count; i++) {
		const char *digits = own->plan->restores[i] + strlen("sha256:");
		struct part *part;
		struct hash digest;

		if (hash_parse(&digest, own->plan->restores[i])) {
			part = part_new(r, &digest,
					g_build_filename(r->folder, "restores", digits, NULL));
			part->inner = true;
			g_ptr_array_add(parts, part);
		}
	}
	return parts;
}

bool bundle_write(const struct bundle_request *request, GError **error)
{
	g_autoptr(GPtrArray) parts = NULL;
	g_autoptr(GArray) leaves = NULL;
	g_autoptr(log_fold_auto) fold = NULL;
	struct gather gather = {0};
	struct log_report report;
	struct note_key key;
	bool own, good;

	if (request->objects == NULL) {
		return problem(error, EXIT_REFUSED, "no-objects",
			       _("name their folder with --objects"),
			       _("the plan itself is not beside the log"));
	}
	if (!log_source_key(request->source, request->key, &key, &own, error)) {
		return false;
	}
	log_report_init(&report);
	fold = log_fold_new(request->objects, key.name, &report);
	gather.fold = fold;
	parts = list_parts(request);
	gather.parts = parts;
	good = log_check(request->source, &key, take, &gather, &leaves, &report, error) &&
	       check_report(&report, error) && write_all(parts, &report, leaves, &key, error);
	log_report_clear(&report);
	return good;
}
