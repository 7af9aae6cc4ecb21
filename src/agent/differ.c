/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Plans without publishing. */
#include "agent/differ.h"

#include <glib/gstdio.h>
#include <string.h>

#include "agent/launch.h"
#include "agent/planner.h"
#include "agent/request.h"
#include "base/autoptr.h"
#include "base/error.h"
#include "base/objects.h"

#define REASON_MAX 4000
#define WARNINGS 100

struct differ {
	struct agent_unit *unit;
	bool running;
	bool adopts;
	uint64_t moves; /* facts.moves when it began */
	const struct conf_stack *conf;
	char commit[STACK_ID_SIZE], tree[STACK_ID_SIZE];
	char *problem; /* NULL: there is an answer, or none yet */
	char *plan;    /* as a plan would be, unsigned; NULL: nothing differs */
	size_t plan_len;
	char *found; /* with adopts: {"found","found_total"}, canonical */
	size_t found_len;
	char *diff; /* NULL: too large */
	size_t diff_len;
	guint timer;
};

void differ_free(struct differ *differ)
{
	if (differ != NULL) {
		if (differ->timer != 0) {
			g_source_remove(differ->timer);
		}
		g_free(differ->problem);
		g_free(differ->plan);
		free(differ->found);
		g_free(differ->diff);
		g_free(differ);
	}
}

static void remove_files(const char *folder)
{
	g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
	const char *name;

	while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
		g_autofree char *path = g_build_filename(folder, name, NULL);

		if (!g_file_test(path, G_FILE_TEST_IS_SYMLINK) &&
		    g_file_test(path, G_FILE_TEST_IS_DIR)) {
			remove_files(path);
			(void)g_rmdir(path);
		} else {
			(void)g_unlink(path);
		}
	}
}

/* Contents and diffs that nobody will need; what cannot be removed now is removed next time. */
static void clean_up(const struct agent_unit *unit)
{
	g_autofree char *objects = agent_scratch(unit, LAUNCH_DIFF_OBJECTS);

	remove_files(objects);
}

bool differ_start(struct agent_unit *unit, bool adopts, GError **error)
{
	struct differ *differ;

	if (unit->differ != NULL && unit->differ->running) {
		return unit->differ->adopts == adopts ||
		       fail(error, BASE_ERROR, BASE_ERROR_FAILED,
			    "another comparison of this stack is under way; try again");
	}
	g_clear_pointer(&unit->differ, differ_free);
	clean_up(unit);
	if (!launch_diff(unit, adopts, error)) {
		return false;
	}
	differ = g_new0(struct differ, 1);
	differ->unit = unit;
	differ->running = true;
	differ->adopts = adopts;
	differ->moves = unit->record->facts.moves;
	differ->conf = unit->conf;
	g_strlcpy(differ->commit, stack_target(&unit->record->facts), STACK_ID_SIZE);
	g_strlcpy(differ->tree, stack_target_tree(&unit->record->facts), STACK_ID_SIZE);
	unit->differ = differ;
	return true;
}

static gboolean on_old(void *user)
{
	struct agent_unit *unit = user;

	unit->differ->timer = 0;
	g_clear_pointer(&unit->differ, differ_free);
	return G_SOURCE_REMOVE;
}

/* In the form of a plan, so that it is judged and shown as one; it is never signed. */
static bool compose(struct differ *d, const struct draft *draft, GError **error)
{
	const struct agent_unit *unit = d->unit;
	const struct conf_source *source = &unit->conf->source;
	g_autofree char *url = planner_public_url(source->url);
	g_autofree char *ref = request_ref(unit->conf);
	char *nobody[] = {(char *)"nobody", NULL};
	const struct policy policy = {.required = 1,
				      .expires = 1,
				      .from = nobody,
				      .channels = CHANNEL_BIT(CHANNEL_SIGNATURE)};
	const struct planner_input in = {
		.agent = unit->agent->conf->agent,
		.stack = unit->conf->name,
		.nonce = "00000000000000000000000000000000",
		.reason = "drift",
		.repository = url,
		.ref = ref,
		.path = source->path != NULL ? source->path : "",
		.seq = 1,
		.created = agent_now(),
		.base_commit = d->commit,
		.base_tree = d->tree,
		.commit = d->commit,
		.tree = d->tree,
		.policy = &policy,
		.approvers = &unit->agent->signers->digest,
		.draft = draft,
	};

	return planner_compose(&in, &d->plan, &d->plan_len, error);
}

static bool load_diff(struct differ *d, GError **error)
{
	g_autofree char *objects = agent_scratch(d->unit, LAUNCH_DIFF_OBJECTS);
	g_autoptr(plan_auto) plan = NULL;
	struct assent_error err;

	if (plan_parse(&plan, d->plan, d->plan_len, &err) != 0) {
		return fail_core(error, &err, "the draft of stack '%s'", d->unit->conf->name);
	}
	if (plan->diff_size > (int64_t)DIFFER_TEXT_MAX) {
		return true;
	}
	return objects_load(objects, &plan->diff, DIFFER_TEXT_MAX, &d->diff, &d->diff_len, error);
}

static bool read_draft(struct differ *d, int64_t resources, GError **error)
{
	g_autofree char *file = agent_scratch(d->unit, LAUNCH_DIFF_DRAFT);
	g_autoptr(draft_auto) draft = NULL;

	return draft_load(file, resources, &draft, error) && compose(d, draft, error) &&
	       load_diff(d, error);
}

/* What the worker found, as it said it. */
static bool take_found(struct differ *d, struct json_obj *o, GError **error)
{
	struct json_writer *w = json_writer_new(JSON_CANONICAL);
	struct assent_error err;

	json_w_object(w, NULL);
	json_w_value(w, "found", json_any(o, "found"));
	json_w_value(w, "found_total", json_any(o, "found_total"));
	json_w_end(w);
	return json_writer_finish(w, &d->found, &d->found_len, &err) == 0 ||
	       fail_core(error, &err, "the worker's result");
}

static void read_result(struct differ *d, const struct job_result *result)
{
	struct json_obj *o = result->result;
	g_autoptr(GError) error = NULL;
	struct assent_error err;
	int64_t changes, resources;

	changes = json_int(o, "changes", 0, PLAN_MAX_CHANGES);
	resources = json_int(o, "resources", 0, JSON_MAX_INT);
	if (d->adopts && !take_found(d, o, &error)) {
		d->problem = g_strdup(error->message);
		return;
	}
	json_obj_ignore_rest(o);
	if (json_doc_status(result->doc, &err) != 0) {
		d->problem = g_strdup_printf("the worker's result cannot be read: %s", err.text);
	} else if (changes > 0 && !d->adopts && !read_draft(d, resources, &error)) {
		d->problem = g_strdup(error->message);
	}
}

/* What was compared while an apply was under way is neither the old nor the new. */
static const char *interrupted(const struct differ *d)
{
	const struct agent_unit *unit = d->unit;

	if (d->conf != unit->conf) {
		return "the configuration changed meanwhile";
	}
	if (d->moves != unit->record->facts.moves || unit->step.job == STACK_JOB_APPLY ||
	    unit->step.job == STACK_JOB_RECOVER) {
		return "the stack moved on meanwhile";
	}
	return NULL;
}

void differ_take(struct agent_unit *unit, const struct job_result *result)
{
	struct differ *d = unit->differ;

	if (d == NULL || !d->running) {
		return;
	}
	d->running = false;
	if (result->code != NULL) {
		d->problem = g_strdup_printf("%s: %s", result->code, result->message);
	} else if (interrupted(d) != NULL) {
		d->problem = g_strdup(interrupted(d));
	} else {
		read_result(d, result);
	}
	if (d->problem != NULL) {
		g_clear_pointer(&d->plan, g_free);
		g_clear_pointer(&d->diff, g_free);
		g_clear_pointer(&d->found, free);
	}
	clean_up(unit);
	d->timer = g_timeout_add_seconds(DIFFER_KEPT, on_old, unit);
}

static void write_plan(struct json_writer *w, const struct differ *d)
{
	g_autoptr(json_doc_auto) doc = NULL;

	if (d->plan == NULL ||
	    json_doc_parse(&doc, d->plan, d->plan_len, JSON_CANONICAL, NULL) != 0) {
		json_w_null(w, "plan");
		json_w_null(w, "diff");
		return;
	}
	json_w_value(w, "plan", json_doc_value(doc));
	if (d->diff != NULL) {
		json_w_bytes(w, "diff", d->diff, d->diff_len);
	} else {
		json_w_null(w, "diff");
	}
}

static void write_found(struct json_writer *w, const struct differ *d)
{
	g_autoptr(json_doc_auto) doc = NULL;
	struct json_obj root;

	if (d->found == NULL ||
	    json_doc_parse(&doc, d->found, d->found_len, JSON_CANONICAL, NULL) != 0) {
		json_w_null(w, "found");
		json_w_null(w, "found_total");
		return;
	}
	json_doc_root(doc, &root);
	json_w_value(w, "found", json_any(&root, "found"));
	json_w_value(w, "found_total", json_any(&root, "found_total"));
}

bool differ_write(struct json_writer *w, const struct agent_unit *unit, bool adopts)
{
	const struct differ *d = unit->differ;

	if (d == NULL || d->adopts != adopts) {
		return false;
	}
	json_w_str(w, "stack", unit->conf->name);
	json_w_str(w, "state", d->running ? "running" : d->problem != NULL ? "failed" : "done");
	json_w_str(w, "commit", d->commit);
	if (!adopts) {
		json_w_bool(w, "differs", d->plan != NULL);
	}
	if (d->problem != NULL) {
		json_w_str(w, "problem", d->problem);
	} else {
		json_w_null(w, "problem");
	}
	if (adopts) {
		write_found(w, d);
	} else {
		write_plan(w, d);
	}
	return true;
}
