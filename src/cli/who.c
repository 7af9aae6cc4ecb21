/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Who changed what differs. */
#include "cli/who.h"

#include <glib/gi18n.h>
#include <inttypes.h>

#include "base/autoptr.h"
#include "base/text.h"

#define TEXT_MAX 16384
#define ITEMS_MAX 100000
#define LIST_MAX ((size_t)64 << 20)

static void add(GPtrArray *lines, const char *format, ...) G_GNUC_PRINTF(2, 3);
static void add(GPtrArray *lines, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	g_ptr_array_add(lines, g_strdup_vprintf(format, args));
	va_end(args);
}

/* "vi (pid 7), root": what the kernel told of a process. */
static void add_process(GPtrArray *lines, struct json_obj *item)
{
	struct json_obj who;
	const char *process, *user;

	if (!json_obj_get_opt(item, "who", &who)) {
		return;
	}
	process = json_str_opt(&who, "process", TEXT_MAX);
	user = json_str_opt(&who, "user", TEXT_MAX);
	/* TRANSLATORS: a program, its process id, a user */
	add(lines, _("by %s (process %" PRId64 ") of %s"), process != NULL ? process : "?",
	    json_int_opt(&who, "pid", 0, JSON_MAX_INT, 0), user != NULL ? user : "?");
}

static void add_manager(GPtrArray *lines, struct json_obj *item)
{
	const char *manager = json_str_opt(item, "manager", TEXT_MAX);
	int64_t changed = json_int_opt(item, "changed", 0, JSON_MAX_INT, 0);
	g_autofree char *when = changed > 0 ? text_time(changed) : NULL;

	if (manager != NULL && when != NULL) {
		/* TRANSLATORS: a field manager of Kubernetes ("kubectl-edit"), and a time */
		add(lines, _("by field manager %s, %s"), manager, when);
	} else if (manager != NULL) {
		/* TRANSLATORS: a field manager of Kubernetes */
		add(lines, _("by field manager %s"), manager);
	}
}

GPtrArray *who_lines(struct json_obj *item)
{
	GPtrArray *lines = g_ptr_array_new_with_free_func(g_free);
	const char *owner = json_str_opt(item, "owner", TEXT_MAX);
	const char *package = json_str_opt(item, "package", TEXT_MAX);

	add_process(lines, item);
	add_manager(lines, item);
	if (owner != NULL) {
		/* TRANSLATORS: a user */
		add(lines, _("it belonged to %s then"), owner);
	}
	if (package != NULL) {
		/* TRANSLATORS: a package */
		add(lines, _("by package %s"), package);
	}
	return lines;
}

char *who_text(struct json_obj *item)
{
	g_autoptr(GPtrArray) lines = who_lines(item);

	g_ptr_array_add(lines, NULL);
	return lines->len > 1 ? g_strjoinv("; ", (char **)lines->pdata) : NULL;
}

size_t who_changed(struct client *client, const char *stack, size_t max,
		   void (*fn)(const char *id, const char *text, void *user), void *user)
{
	g_autofree char *path = client_path("/v1/stacks/%s/drift", stack);
	g_autoptr(json_doc_auto) doc = NULL;
	g_autoptr(GString) list = NULL;
	struct json_obj root, item;
	struct json_arr arr;
	size_t n, known = 0;

	/* The list as it was kept, whose digest is in the log: without a schema's version. */
	if (!client_get(client, path, LIST_MAX, &list, NULL) ||
	    json_doc_parse(&doc, list->str, list->len, 0, NULL) != 0) {
		return 0;
	}
	json_doc_root(doc, &root);
	n = json_arr_get_opt(&root, "changes", ITEMS_MAX, &arr);
	for (size_t i = 0; i < n && json_arr_obj(&arr, i, &item); i++) {
		const char *id = json_str_opt(&item, "id", TEXT_MAX);
		g_autofree char *text = who_text(&item);

		if (id != NULL && text != NULL && known++ < max) {
			fn(id, text, user);
		}
	}
	return known > max ? known - max : 0;
}
