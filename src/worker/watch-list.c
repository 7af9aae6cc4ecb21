/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Writes and reads the objects in a list of places. */
#include "worker/watch-list.h"

#include <stdlib.h>
#include <string.h>

#include "base/autoptr.h"
#include "base/error.h"
#include "core/json.h"

#define TEXT_MAX 4096

void watch_list_add(GByteArray *out, const char *cluster, const char *id,
		    const struct plan_object *object)
{
	struct json_writer *w = json_writer_new(JSON_CANONICAL);
	struct assent_error err;
	autocfree char *text = NULL;
	size_t len;

	json_w_object(w, NULL);
	json_w_str(w, "cluster", cluster);
	json_w_str(w, "group", object->group);
	json_w_str(w, "id", id);
	json_w_str(w, "kind", object->kind);
	json_w_str(w, "name", object->name);
	json_w_str(w, "namespace", object->namespace);
	json_w_str(w, "resource", object->resource);
	if (object->set != NULL) {
		json_w_str(w, "set", object->set);
	}
	json_w_str(w, "version", object->version);
	json_w_end(w);
	if (json_writer_finish(w, &text, &len, &err) == 0) {
		g_byte_array_append(out, (const guint8 *)"k", 1);
		g_byte_array_append(out, (const guint8 *)text, (guint)strlen(text) + 1);
	}
}

void watch_list_item_free(void *data)
{
	struct watch_list_item *item = data;

	g_free(item->cluster);
	g_free(item->id);
	g_free(item->group);
	g_free(item->version);
	g_free(item->kind);
	g_free(item->resource);
	g_free(item->namespace);
	g_free(item->name);
	g_free(item->set);
	g_free(item);
}

static struct watch_list_item *read_item(struct json_obj *o)
{
	struct watch_list_item *item = g_new0(struct watch_list_item, 1);

	item->cluster = g_strdup(json_str(o, "cluster", TEXT_MAX));
	item->group = g_strdup(json_str(o, "group", TEXT_MAX));
	item->id = g_strdup(json_str(o, "id", TEXT_MAX));
	item->kind = g_strdup(json_str(o, "kind", TEXT_MAX));
	item->name = g_strdup(json_str(o, "name", TEXT_MAX));
	item->namespace = g_strdup(json_str(o, "namespace", TEXT_MAX));
	item->resource = g_strdup(json_str(o, "resource", TEXT_MAX));
	item->set = g_strdup(json_str_opt(o, "set", TEXT_MAX));
	item->version = g_strdup(json_str(o, "version", TEXT_MAX));
	json_obj_end(o);
	return item;
}

static bool read_line(const char *text, size_t len, const char *cluster, GPtrArray *items,
		      GError **error)
{
	g_autoptr(json_doc_auto) doc = NULL;
	struct assent_error err;
	struct json_obj root;
	struct watch_list_item *item;

	if (json_doc_parse(&doc, text, len, JSON_CANONICAL, &err) != 0) {
		return fail_core(error, &err, "the list of what is to be watched");
	}
	json_doc_root(doc, &root);
	item = read_item(&root);
	if (json_doc_status(doc, &err) != 0) {
		watch_list_item_free(item);
		return fail_core(error, &err, "the list of what is to be watched");
	}
	if (strcmp(item->cluster, cluster) == 0) {
		g_ptr_array_add(items, item);
	} else {
		watch_list_item_free(item);
	}
	return true;
}

bool watch_list_read(const char *text, size_t len, const char *cluster, GPtrArray *items,
		     GError **error)
{
	size_t at = 0;

	while (at < len) {
		size_t n = strnlen(text + at, len - at);

		if (n > 1 && text[at] == 'k' && at + n < len &&
		    !read_line(text + at + 1, n - 1, cluster, items, error)) {
			return false;
		}
		at += n + 1;
	}
	return true;
}
