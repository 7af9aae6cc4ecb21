/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reads a plan job's draft. */
#include "agent/draft.h"

#include <string.h>

#include "base/autoptr.h"
#include "base/error.h"
#include "base/file.h"
#include "core/text.h"

#define TEXT_MAX 8192
#define CHECKS_MAX 100

void draft_free(struct draft *draft)
{
	if (draft == NULL) {
		return;
	}
	g_array_unref(draft->changes);
	g_array_unref(draft->checks);
	g_ptr_array_unref(draft->ids);
	g_ptr_array_unref(draft->texts);
	json_doc_free(draft->doc);
	g_free(draft);
}

static unsigned read_risk(struct json_obj *o)
{
	struct json_arr arr;
	size_t n = json_arr_get(o, "risk", 8, &arr);
	unsigned risk = 0, bit;
	size_t i;

	for (i = 0; i < n; i++) {
		const char *name = json_arr_str(&arr, i, 32);

		for (bit = 0; name != NULL && plan_risk_names[bit] != NULL; bit++) {
			risk |= strcmp(plan_risk_names[bit], name) == 0 ? 1u << bit : 0;
		}
	}
	return risk;
}

static char *read_path(struct json_obj *o)
{
	size_t len;

	if (!json_has(o, "path") && !json_has(o, "path_b64")) {
		return NULL;
	}
	return json_bytes_dup(o, "path", TEXT_MAX, &len);
}

/* What a text without control characters takes in JSON. */
static size_t size_in_json(const char *text)
{
	size_t size = strlen(text) + 3; // quotes and a comma

	for (; *text != '\0'; text++) {
		size += *text == '"' || *text == '\\';
	}
	return size;
}

char *draft_id_text(const char *id, size_t len)
{
	g_autofree char *base64 = g_base64_encode((const guchar *)id, len);

	return text_is_plain(id, len) ? g_strndup(id, len) : g_strconcat("base64:", base64, NULL);
}

/* An entry of the log has an end, and so has this list. */
void draft_keep_id(GPtrArray *ids, size_t *ids_size, const char *text)
{
	size_t size = size_in_json(text);

	if (size <= DRAFT_IDS_SIZE - *ids_size) {
		*ids_size += size;
		g_ptr_array_add(ids, g_strdup(text));
	}
}

static void read_change(struct draft *draft, struct json_obj *o)
{
	struct policy_change change = {0};
	int action = json_enum(o, "action", plan_action_names);
	size_t len = 0;
	char *path = read_path(o);
	char *id = json_bytes_dup(o, "id", TEXT_MAX, &len);

	id = id != NULL ? id : strdup("");
	g_ptr_array_add(draft->texts, id);
	if (draft->ids->len < DRAFT_IDS) {
		g_autofree char *text = draft_id_text(id, len);

		draft_keep_id(draft->ids, &draft->ids_size, text);
	}
	change.id = id;
	change.kind = json_str(o, "kind", 64);
	change.risk = read_risk(o);
	change.path = path;
	if (path != NULL) {
		g_ptr_array_add(draft->texts, path);
	}
	json_obj_ignore_rest(o);
	if (action >= 0 && change.kind != NULL) {
		change.action = plan_action_names[action];
		draft->summary[action]++;
		g_array_append_val(draft->changes, change);
	}
}

static void read_check(struct draft *draft, struct json_obj *o)
{
	const char *kind = json_str(o, "kind", 64);
	const char *target = json_str(o, "target", TEXT_MAX);
	struct policy_change check = {.kind = "command", .action = plan_action_names[ACTION_RUN]};

	if (json_has(o, "exec") || g_strcmp0(kind, "command") == 0) {
		check.id = g_strconcat("check:", target, NULL);
		g_ptr_array_add(draft->texts, (gpointer)check.id);
		g_array_append_val(draft->checks, check);
	}
	json_obj_ignore_rest(o);
}

bool draft_load(const char *file, int64_t resources, struct draft **out, GError **error)
{
	g_autoptr(draft_auto) draft = g_new0(struct draft, 1);
	g_autofree char *text = NULL;
	struct assent_error err;
	struct json_obj root, o;
	struct json_arr arr;
	size_t len, n, i;

	draft->resources = resources;
	draft->changes = g_array_new(FALSE, FALSE, sizeof(struct policy_change));
	draft->checks = g_array_new(FALSE, FALSE, sizeof(struct policy_change));
	draft->ids = g_ptr_array_new_with_free_func(g_free);
	draft->texts = g_ptr_array_new_with_free_func(free);
	if (!file_read(file, PLAN_MAX_SIZE, &text, &len, error)) {
		return false;
	}
	if (json_doc_parse(&draft->doc, text, len, JSON_CANONICAL, &err) != 0) {
		return fail_core(error, &err, "draft '%s'", file);
	}
	json_doc_root(draft->doc, &root);
	n = json_arr_get(&root, "changes", PLAN_MAX_CHANGES, &arr);
	for (i = 0; i < n; i++) {
		if (json_arr_obj(&arr, i, &o)) {
			read_change(draft, &o);
		}
	}
	n = json_arr_get_opt(&root, "checks", CHECKS_MAX, &arr);
	for (i = 0; i < n; i++) {
		if (json_arr_obj(&arr, i, &o)) {
			read_check(draft, &o);
		}
	}
	draft->restores = json_has(&root, "restores");
	json_obj_ignore_rest(&root); // planner_compose() takes the rest, and nothing else
	if (json_doc_status(draft->doc, &err) != 0) {
		return fail_core(error, &err, "draft '%s'", file);
	}
	*out = g_steal_pointer(&draft);
	return true;
}
