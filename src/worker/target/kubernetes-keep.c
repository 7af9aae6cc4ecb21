/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What objects were before a plan changed them, in a file beside the journal.
 * One line of JSON says whose it is: {"plan": DIGEST...}; then each object has
 * one, with "live", or "sealed" when it is a Secret.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "worker/target/kubernetes-group.h"

#define KEEP_MAX ((size_t)256 << 20)
#define KEEP_LINE_MAX ((size_t)8 << 20)
#define FORMAT "1"

/* The name that the step of a path would have beside it is this group's alone. */
static char *keep_path(const struct kube_group *group)
{
	const struct step *first = kube_group_item(group, 0)->step;

	return g_strdup_printf("%s/%s.kube", group->run->keep, first->temp);
}

static char *label(const struct kube_group *group, const struct kube_item *item)
{
	return g_strdup_printf("%s:%s", group->owner, item->step->change->id);
}

/* To our own newest key. */
static bool seal_object(const struct kube_group *group, const struct kube_item *item,
			struct kube_value *line, GError **error)
{
	g_autofree char *to = label(group, item), *text = NULL;
	struct seal_public public;
	char *plain;
	size_t len, text_len;
	bool ok;

	if (group->run->keys == NULL) {
		return fail(error, TARGET_ERROR, TARGET_ERROR_FAILED,
			    "'%s' is a secret, and there are no sealing keys: what it is now "
			    "could not be kept",
			    item->step->change->id);
	}
	seal_keys_public(group->run->keys, 0, &public);
	plain = kube_value_canonical(item->before, &len);
	ok = seal_write(&public, 1, to, plain, len, &text, &text_len, error);
	sodium_memzero(plain, len);
	g_free(plain);
	if (ok) {
		kube_value_set(line, "sealed", kube_value_string(text, (gssize)text_len));
	}
	return ok;
}

static void add_line(GString *out, const struct kube_value *line)
{
	size_t len;
	char *text = kube_value_canonical(line, &len);

	g_string_append_len(out, text, (gssize)len);
	g_string_append_c(out, '\n');
	g_free(text);
}

static bool add_object(const struct kube_group *group, const struct kube_item *item, GString *out,
		       GError **error)
{
	g_autoptr(kube_value_auto) line = kube_value_map();

	kube_value_set(line, "id", kube_value_string(item->step->change->id, -1));
	if (!item->secret) {
		kube_value_set(line, "live", kube_value_dup(item->before));
	} else if (!seal_object(group, item, line, error)) {
		return false;
	}
	add_line(out, line);
	return true;
}

bool kube_keep_store(const struct kube_group *group, GError **error)
{
	g_autoptr(kube_value_auto) head = kube_value_map();
	g_autoptr(GString) out = g_string_new(NULL);
	g_autofree char *path = NULL;

	if (group->run->keep == NULL) {
		return fail(error, TARGET_ERROR, TARGET_ERROR_FAILED,
			    "there is no place to keep what objects are now");
	}
	kube_value_set(head, "format", kube_value_string(FORMAT, -1));
	kube_value_set(head, "owner", kube_value_string(group->owner, -1));
	add_line(out, head);
	for (guint i = 0; i < group->items->len; i++) {
		const struct kube_item *item = kube_group_item(group, i);

		if (item->before != NULL && !add_object(group, item, out, error)) {
			return false;
		}
	}
	if (out->len > KEEP_MAX) {
		return fail(error, BASE_ERROR, BASE_ERROR_LIMIT,
			    "what the objects of cluster '%s' are now is too much to be kept",
			    cluster_name(group->cluster));
	}
	path = keep_path(group);
	return file_replace(path, out->str, out->len, 0600, error);
}

static struct kube_item *find_item(const struct kube_group *group, const char *id)
{
	for (guint i = 0; id != NULL && i < group->items->len; i++) {
		if (strcmp(kube_group_item(group, i)->step->change->id, id) == 0) {
			return kube_group_item(group, i);
		}
	}
	return NULL;
}

static bool open_object(const struct kube_group *group, const struct kube_item *item,
			const char *sealed, struct kube_value **out, GError **error)
{
	g_autoptr(seal_bytes_auto) opened = NULL;
	const char *bytes;
	size_t len;

	if (group->run->keys == NULL) {
		return fail(error, TARGET_ERROR, TARGET_ERROR_FAILED,
			    "what '%s' was is sealed, and there are no sealing keys",
			    item->step->change->id);
	}
	if (!seal_take(sealed, strlen(sealed), group->run->keys, group->run->agent,
		       group->run->stack, item->step->change->id, &opened, error)) {
		return false;
	}
	bytes = seal_bytes_get(opened, &len);
	return kube_value_parse(bytes, len, KEEP_LINE_MAX, out, error);
}

static bool bad(const char *path, GError **error)
{
	return fail(error, BASE_ERROR, BASE_ERROR_MALFORMED, "'%s' is not as it was written", path);
}

static bool read_line(struct kube_group *group, const char *path, const char *bytes, size_t len,
		      GError **error)
{
	g_autoptr(kube_value_auto) line = NULL, live = NULL;
	struct kube_item *item;
	const char *sealed;

	if (!kube_value_parse(bytes, len, KEEP_LINE_MAX, &line, NULL)) {
		return bad(path, error);
	}
	item = find_item(group, kube_value_str_at(line, "id", NULL));
	sealed = kube_value_str_at(line, "sealed", NULL);
	live = kube_value_steal(line, "live");
	if (item == NULL || item->before != NULL || (sealed != NULL) != item->secret ||
	    (sealed != NULL) == (live != NULL)) {
		return bad(path, error);
	}
	if (sealed != NULL && !open_object(group, item, sealed, &live, error)) {
		return false;
	}
	item->before = g_steal_pointer(&live);
	return true;
}

static bool read_head(const struct kube_group *group, const char *bytes, size_t len)
{
	g_autoptr(kube_value_auto) head = NULL;

	return kube_value_parse(bytes, len, KEEP_LINE_MAX, &head, NULL) &&
	       g_strcmp0(kube_value_str_at(head, "format", NULL), FORMAT) == 0 &&
	       g_strcmp0(kube_value_str_at(head, "owner", NULL), group->owner) == 0;
}

bool kube_keep_load(struct kube_group *group, GError **error)
{
	g_autofree char *path = NULL, *text = NULL;
	const char *at, *end;
	size_t len;

	if (group->run->keep == NULL) {
		return fail(error, TARGET_ERROR, TARGET_ERROR_FAILED,
			    "nobody says where it is kept what objects were");
	}
	path = keep_path(group);
	if (!file_read(path, KEEP_MAX, &text, &len, error)) {
		return fail_prefix(error, "what the objects were is not to be had");
	}
	end = strchr(text, '\n');
	if (end == NULL || !read_head(group, text, (size_t)(end - text))) {
		return bad(path, error);
	}
	for (at = end + 1; *at != '\0'; at = end + 1) {
		end = strchr(at, '\n');
		if (end == NULL) {
			return bad(path, error);
		}
		if (!read_line(group, path, at, (size_t)(end - at), error)) {
			return false;
		}
	}
	return true;
}

bool kube_keep_has(const struct kube_group *group)
{
	g_autofree char *path = group->run->keep != NULL ? keep_path(group) : NULL;

	return path != NULL && access(path, F_OK) == 0;
}

bool kube_keep_drop(const struct kube_group *group, GError **error)
{
	g_autofree char *path = NULL;

	if (group->run->keep == NULL) {
		return true;
	}
	path = keep_path(group);
	return unlink(path) == 0 || errno == ENOENT ||
	       fail_errno(error, "cannot remove '%s'", path);
}
