/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a parsed plan owns, and getters of what stands in it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/plan-read.h"
#include "core/text.h"

void plan_box_free(struct plan_box *box)
{
	for (size_t i = 0; i < box->texts_count; i++) {
		free(box->texts[i]);
	}
	free(box->texts);
	free(box->plan.policy.from);
	free(box->plan.policy.break_glass);
	free(box->plan.authors);
	free(box->plan.restores);
	free(box->plan.rendered);
	free(box->plan.pushers);
	free(box->plan.verification.signers);
	free(box->plan.commits);
	free(box->plan.rewritten.commits);
	free(box->plan.checks);
	free(box->plan.changes);
	json_doc_free(box->doc);
	free(box);
}

void plan_free(struct plan *plan)
{
	if (plan != NULL) {
		plan_box_free((struct plan_box *)plan);
	}
}

void *plan_box_alloc(struct json_obj *o, size_t count, size_t size)
{
	void *memory = calloc(count + 1, size);

	if (memory == NULL) {
		json_obj_fail(o, NULL, "not enough memory");
	}
	return memory;
}

bool plan_box_keep(struct plan_box *box, void *text)
{
	if (box->texts_count == box->texts_size) {
		size_t size = box->texts_size != 0 ? box->texts_size * 2 : 64;
		void **texts = realloc(box->texts, size * sizeof(*texts));

		if (texts == NULL) {
			return false;
		}
		box->texts = texts;
		box->texts_size = size;
	}
	box->texts[box->texts_count++] = text;
	return true;
}

/* NAME or NAME_b64 as a C string; "" after an error. */
const char *plan_get_bytes(struct plan_box *box, struct json_obj *o, const char *name, size_t max)
{
	size_t len;
	char *text = json_bytes_dup(o, name, max, &len);

	if (text == NULL) {
		return "";
	}
	if (strlen(text) != len) {
		json_obj_fail(o, name, "contains a NUL byte");
		free(text);
		return "";
	}
	if (!plan_box_keep(box, text)) {
		json_obj_fail(o, name, "not enough memory");
		free(text);
		return "";
	}
	return text;
}

static bool has_bytes(const struct json_obj *o, const char *name)
{
	char longer[64];

	if (json_has(o, name)) {
		return true;
	}
	(void)snprintf(longer, sizeof(longer), "%s_b64", name);
	return json_has(o, longer);
}

const char *plan_get_bytes_opt(struct plan_box *box, struct json_obj *o, const char *name,
			       size_t max)
{
	return has_bytes(o, name) ? plan_get_bytes(box, o, name, max) : NULL;
}

const char *plan_get_text(struct json_obj *o, const char *name, size_t max)
{
	const char *text = json_str(o, name, max);

	if (text[0] == '\0') {
		json_obj_fail(o, name, "empty");
	} else if (!text_is_plain(text, strlen(text))) {
		json_obj_fail(o, name, "contains control characters");
	}
	return text;
}

const char *plan_get_text_opt(struct json_obj *o, const char *name, size_t max)
{
	return json_has(o, name) ? plan_get_text(o, name, max) : NULL;
}

const char *plan_get_name(struct json_obj *o, const char *name, const char *const *names)
{
	int i = json_enum(o, name, names);

	return i >= 0 ? names[i] : "";
}

bool plan_is_hex(const char *text, size_t len)
{
	return strlen(text) == len && strspn(text, "0123456789abcdef") == len;
}

const char *plan_get_object_id(struct json_obj *o, const char *name)
{
	const char *id = json_str(o, name, 64);

	if (!plan_is_hex(id, 40) && !plan_is_hex(id, 64)) {
		json_obj_fail(o, name, "not a Git object id");
	}
	return id;
}

void plan_get_digest(struct json_obj *o, const char *name, struct hash *out)
{
	if (!hash_parse(out, json_str(o, name, HASH_TEXT_SIZE))) {
		json_obj_fail(o, name, "not a digest (sha256:...)");
	}
}

/* Absolute, and no component that is empty, "." or "..". */
static bool path_is_clean(const char *path)
{
	size_t len;

	if (path[0] != '/') {
		return false;
	}
	if (path[1] == '\0') {
		return true;
	}
	while (*path == '/') {
		path++;
		len = strcspn(path, "/");
		if (len == 0 || (len == 1 && path[0] == '.') ||
		    (len == 2 && path[0] == '.' && path[1] == '.')) {
			return false;
		}
		path += len;
	}
	return true;
}

const char *plan_get_path(struct plan_box *box, struct json_obj *o, const char *name)
{
	const char *path = plan_get_bytes_opt(box, o, name, PATH_MAX_BYTES);

	if (path != NULL && !path_is_clean(path)) {
		json_obj_fail(o, name, "not a clean absolute path");
	}
	return path;
}
