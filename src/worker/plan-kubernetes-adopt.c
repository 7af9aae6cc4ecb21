/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Objects that are there and not ours yet: whose they are, and what a take-over would change. */
#include <string.h>

#include "base/error.h"
#include "kube/adopt.h"
#include "worker/plan-kubernetes.h"

/* One object, for whoever asked what there is to take over. */
struct plan_found {
	char *id, *text;     /* of the plan; "Deployment shop/web" */
	const char *content; /* "same", "changes", "unknown" */
	GPtrArray *claims;   /* struct kube_claim */
	GPtrArray *problems; /* texts: nothing is planned because of them */
};

static void found_free(void *data)
{
	struct plan_found *found = data;

	g_free(found->id);
	g_free(found->text);
	g_clear_pointer(&found->claims, g_ptr_array_unref);
	g_ptr_array_unref(found->problems);
	g_free(found);
}

/* It stands in our list under this uid, and says so itself. */
static bool is_ours(const struct kube_part *part, const struct kube_wanted *w)
{
	const char *mark =
		kube_value_str_at(w->look->live, "metadata", "annotations", KUBE_ID_MARK, NULL);

	return w->uid != NULL && g_strcmp0(w->uid, w->look->uid) == 0 &&
	       kube_id_judge_mark(mark, part->owner, w->id) == KUBE_MARK_OURS;
}

bool kube_part_is_new(const struct kube_part *part, const struct kube_wanted *w)
{
	return w->body != NULL && w->look->live != NULL && !is_ours(part, w);
}

static GPtrArray *claims_of(const struct kube_wanted *w)
{
	return kube_adopt_claims(w->look->live, w->look->fields, w->id, LOOK_MANAGER);
}

static bool keeps(const struct kube_wanted *w)
{
	return w->look->state != LOOK_IMMUTABLE && w->look->wanted != NULL &&
	       kube_adopt_keeps(w->look->live, w->look->wanted);
}

void kube_part_remark(struct kube_part *part, const struct kube_wanted *w, GString *note)
{
	g_autofree char *id = kube_id_plan(w->id, part->context);
	g_autoptr(GPtrArray) claims = NULL;

	if (!kube_part_is_new(part, w)) {
		return;
	}
	claims = claims_of(w);
	g_string_append(note, keeps(w) ? " taken over as it is: only what marks it as ours is new\n"
				       : " taken over, with a change of its content\n");
	for (guint i = 0; i < claims->len; i++) {
		const struct kube_claim *claim = claims->pdata[i];
		g_autofree char *text = kube_claim_text(claim), *advice = kube_claim_advice(claim);

		g_string_append_printf(note, " %s; %s\n", text, advice);
		if (claim->fights) {
			plan_warn(part->p, "%s: %s; %s", id, text, advice);
		}
	}
}

/* problems is taken. */
void kube_part_find(struct kube_part *part, const struct kube_wanted *w, GPtrArray *problems)
{
	struct planner *p = part->p;
	struct plan_found *found;

	if (!kube_part_is_new(part, w) && problems->len == 0) {
		g_ptr_array_unref(problems);
		return;
	}
	found = g_new0(struct plan_found, 1);
	found->id = kube_id_plan(w->id, part->context);
	found->text = kube_id_text(w->id);
	found->claims = claims_of(w);
	found->problems = problems;
	found->content = w->look->live == NULL || w->look->wanted == NULL ? "unknown"
			 : keeps(w)					  ? "same"
									  : "changes";
	if (p->found == NULL) {
		p->found = g_ptr_array_new_with_free_func(found_free);
	}
	g_ptr_array_add(p->found, found);
}

static void write_claims(struct json_writer *w, const GPtrArray *claims)
{
	json_w_array(w, "claims");
	for (guint i = 0; i < claims->len; i++) {
		const struct kube_claim *claim = claims->pdata[i];
		g_autofree char *text = kube_claim_text(claim), *advice = kube_claim_advice(claim);

		json_w_object(w, NULL);
		json_w_str(w, "advice", advice);
		json_w_bool(w, "fights", claim->fights);
		json_w_str(w, "name", claim->name);
		json_w_str(w, "namespace", claim->namespace);
		json_w_str(w, "text", text);
		json_w_str(w, "tool", kube_tool_name(claim->tool));
		json_w_end(w);
	}
	json_w_end(w);
}

void plan_found_write(const struct planner *p, struct json_writer *w)
{
	guint count = p->found != NULL ? p->found->len : 0;

	json_w_array(w, "found");
	for (guint i = 0; i < MIN(count, PLAN_FOUND_MAX); i++) {
		const struct plan_found *found = p->found->pdata[i];

		json_w_object(w, NULL);
		write_claims(w, found->claims);
		json_w_str(w, "content", found->content);
		json_w_str(w, "id", found->id);
		json_w_str(w, "object", found->text);
		json_w_array(w, "problems");
		for (guint k = 0; k < found->problems->len; k++) {
			g_autofree char *text = g_utf8_make_valid(found->problems->pdata[k], -1);

			json_w_str(w, NULL, text);
		}
		json_w_end(w);
		json_w_end(w);
	}
	json_w_end(w);
	json_w_int(w, "found_total", count);
}
