/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reads what became of each change of a plan. */
#include "agent/steps.h"

#include "base/autoptr.h"
#include "base/error.h"
#include "core/json.h"

#define STEPS_MAX 1000
#define ID_MAX 8192
#define MESSAGE_MAX 65536

static const char *const end_names[] = {"left", "done", "undone", "failed", NULL};

static void item_free(void *data)
{
	struct steps_item *item = data;

	g_free(item->action);
	g_free(item->id);
	g_free(item->message);
	g_free(item);
}

static struct steps_item *read_item(struct json_obj *o)
{
	struct steps_item *item = g_new0(struct steps_item, 1);
	int end = json_enum(o, "outcome", end_names);

	item->action = g_strdup(json_str(o, "action", ID_MAX));
	item->id = g_strdup(json_str(o, "id", ID_MAX));
	item->message = g_strdup(json_str(o, "message", MESSAGE_MAX));
	item->end = end >= 0 ? (enum step_end)end : STEP_END_FAILED;
	json_obj_end(o);
	return item;
}

bool steps_parse(const char *text, size_t len, struct steps **out, GError **error)
{
	g_autoptr(json_doc_auto) doc = NULL;
	g_autoptr(steps_auto) steps = g_new0(struct steps, 1);
	struct assent_error err;
	struct json_obj root, o;
	struct json_arr arr;
	size_t count;

	steps->items = g_ptr_array_new_with_free_func(item_free);
	if (json_doc_parse(&doc, text, len, 0, &err) != 0) {
		return fail_core(error, &err, "steps of an apply");
	}
	json_doc_root(doc, &root);
	count = json_arr_get(&root, "steps", STEPS_MAX, &arr);
	for (size_t i = 0; i < count && json_arr_obj(&arr, i, &o); i++) {
		g_ptr_array_add(steps->items, read_item(&o));
	}
	json_obj_end(&root);
	if (json_doc_status(doc, &err) != 0) {
		return fail_core(error, &err, "steps of an apply");
	}
	*out = g_steal_pointer(&steps);
	return true;
}

void steps_free(struct steps *steps)
{
	if (steps != NULL) {
		g_ptr_array_unref(steps->items);
		g_free(steps);
	}
}
