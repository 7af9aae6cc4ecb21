/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * What the parts of the plan's reader share. Nothing outside plan*.c includes
 * this. The getters record the first error in the document and then give
 * something harmless; texts live as long as the box.
 */
#include "core/plan.h"

#define NAME_MAX_BYTES 255
#define PATH_MAX_BYTES 4096
#define URL_MAX_BYTES 4096

/* The plan as it is given away stands first; the rest keeps its strings alive. */
struct plan_box {
	struct plan plan;
	struct json_doc *doc;
	void **texts; /* decoded from base64, and lists */
	size_t texts_count, texts_size;
};

void plan_box_free(struct plan_box *box);
/* count + 1 things, zero; NULL after an error. The caller's. */
void *plan_box_alloc(struct json_obj *o, size_t count, size_t size);
/* Takes memory from malloc(); false without memory, and then it is still the caller's. */
bool plan_box_keep(struct plan_box *box, void *text);
/* NAME or NAME_b64 as a C string; "" after an error. */
const char *plan_get_bytes(struct plan_box *box, struct json_obj *o, const char *name, size_t max);
const char *plan_get_bytes_opt(struct plan_box *box, struct json_obj *o, const char *name,
			       size_t max);
/* A text that is not empty and has no control characters. */
const char *plan_get_text(struct json_obj *o, const char *name, size_t max);
const char *plan_get_text_opt(struct json_obj *o, const char *name, size_t max);
/* One of names. */
const char *plan_get_name(struct json_obj *o, const char *name, const char *const *names);
bool plan_is_hex(const char *text, size_t len);
const char *plan_get_object_id(struct json_obj *o, const char *name);
void plan_get_digest(struct json_obj *o, const char *name, struct hash *out);
/* A clean absolute path; NULL when absent. */
const char *plan_get_path(struct plan_box *box, struct json_obj *o, const char *name);

/* plan-object.c */
/* NULL when absent. */
const struct plan_object *plan_read_object(struct plan_box *box, struct json_obj *o);
/* What belongs to objects alone, and that risks are named. */
void plan_check_object(struct json_obj *o, const struct plan_change *c);
bool plan_object_state_equal(const struct plan_state *a, const struct plan_state *b);

/* plan-change.c */
void plan_read_changes(struct plan_box *box, struct json_obj *o);
void plan_read_checks(struct plan_box *box, struct json_obj *o);
