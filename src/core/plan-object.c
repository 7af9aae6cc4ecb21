/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Objects of a cluster in a plan: read, written, compared. */
#include <stdlib.h>
#include <string.h>

#include "core/plan-read.h"

#define WITHIN_MAX 86400
#define FROM_MAX_BYTES (PATH_MAX_BYTES + 2 * NAME_MAX_BYTES)

static bool text_equal(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

/* Part of a path of the server: nothing that could make it another path. "" when absent. */
static const char *read_part(struct json_obj *o, const char *name)
{
	const char *text = json_has(o, name) ? plan_get_text(o, name, NAME_MAX_BYTES) : "";

	if (strpbrk(text, "/%?#") != NULL || strcmp(text, ".") == 0 || strcmp(text, "..") == 0) {
		json_obj_fail(o, name, "cannot stand in a path");
	}
	return text;
}

static const char *read_needed(struct json_obj *o, const char *name)
{
	const char *text = read_part(o, name);

	if (text[0] == '\0') {
		json_obj_fail(o, name, "missing");
	}
	return text;
}

/* One form for each meaning: what is not so is left out. */
static bool read_truth(struct json_obj *o, const char *name)
{
	bool truth = json_bool_opt(o, name, false);

	if (!truth && json_has(o, name)) {
		json_obj_fail(o, name, "left out unless it is true");
	}
	return truth;
}

const struct plan_object *plan_read_object(struct plan_box *box, struct json_obj *o)
{
	struct plan_object *out;
	struct json_obj e;

	if (!json_has(o, "object") || !json_obj_get(o, "object", &e)) {
		return NULL;
	}
	out = plan_box_alloc(o, 0, sizeof(*out));
	if (out == NULL || !plan_box_keep(box, out)) {
		free(out);
		json_obj_fail(o, "object", "not enough memory");
		return NULL;
	}
	out->cluster = plan_get_text(&e, "cluster", URL_MAX_BYTES);
	out->group = read_part(&e, "group");
	out->version = read_needed(&e, "version");
	out->kind = read_needed(&e, "kind");
	out->namespace = read_part(&e, "namespace");
	out->namespaced = out->namespace[0] != '\0';
	out->name = read_needed(&e, "name");
	out->resource = read_needed(&e, "resource");
	out->has_status = read_truth(&e, "has_status");
	out->force = read_truth(&e, "force");
	out->replace = read_truth(&e, "replace");
	out->wait = json_has(&e, "within");
	out->within = json_int_opt(&e, "within", 1, WITHIN_MAX, 0);
	out->set = plan_get_text_opt(&e, "set", NAME_MAX_BYTES);
	out->owner = plan_get_text(&e, "owner", 2 * NAME_MAX_BYTES + 1);
	out->from = plan_get_text_opt(&e, "from", FROM_MAX_BYTES);
	json_obj_end(&e);
	return out;
}

static void write_text(struct json_writer *w, const char *name, const char *text)
{
	if (text != NULL && text[0] != '\0') {
		json_w_str(w, name, text);
	}
}

static void write_truth(struct json_writer *w, const char *name, bool truth)
{
	if (truth) {
		json_w_bool(w, name, true);
	}
}

void plan_object_write(struct json_writer *w, const char *name, const struct plan_object *object)
{
	json_w_object(w, name);
	write_text(w, "cluster", object->cluster);
	write_truth(w, "force", object->force);
	write_text(w, "from", object->from);
	write_text(w, "group", object->group);
	write_truth(w, "has_status", object->has_status);
	write_text(w, "kind", object->kind);
	write_text(w, "name", object->name);
	write_text(w, "namespace", object->namespace);
	write_text(w, "owner", object->owner);
	write_truth(w, "replace", object->replace);
	write_text(w, "resource", object->resource);
	write_text(w, "set", object->set);
	write_text(w, "version", object->version);
	if (object->wait) {
		json_w_int(w, "within", object->within);
	}
	json_w_end(w);
}

/* The one state is a body that is wanted, the other what was seen. */
static void check_states(struct json_obj *o, const struct plan_change *c)
{
	const struct plan_state *was = &c->observed, *will = &c->desired;

	if (was->type == STATE_OBJECT && (was->object_uid == NULL || was->keyed != NULL)) {
		json_obj_fail(o, "observed", "an object has a uid and a digest");
	}
	if (will->object_uid != NULL || will->dry_run) {
		json_obj_fail(o, "desired", "states what only an observed object has");
	}
	if (will->keyed != NULL && will->sealed == NULL) {
		json_obj_fail(o, "desired", "a secret that is not kept");
	}
}

static bool does_what_it_says(const struct plan_change *c)
{
	bool was = c->observed.type == STATE_OBJECT, will = c->desired.type == STATE_OBJECT;

	if ((!was && c->observed.type != STATE_ABSENT) ||
	    (!will && c->desired.type != STATE_ABSENT)) {
		return false;
	}
	switch (c->action) {
	case ACTION_CREATE:
		return !was && will;
	case ACTION_UPDATE:
		return was && will;
	case ACTION_REPLACE:
		return was && will && c->object->replace;
	case ACTION_REMOVE:
		return was && !will;
	case ACTION_START:
	case ACTION_STOP:
	case ACTION_RESTART:
	case ACTION_RELOAD:
	case ACTION_ENABLE:
	case ACTION_DISABLE:
	case ACTION_RUN:
		return false;
	}
	return false;
}

static bool is_secret(const struct plan_object *object)
{
	return object->group[0] == '\0' && strcmp(object->kind, "Secret") == 0;
}

void plan_check_object(struct json_obj *o, const struct plan_change *c)
{
	if (c->object == NULL) {
		if (c->observed.type == STATE_OBJECT || c->desired.type == STATE_OBJECT ||
		    c->observed.dry_run || c->desired.dry_run) {
			json_obj_fail(o, "observed", "belongs to objects of a cluster");
		}
		return;
	}
	check_states(o, c);
	if (!does_what_it_says(c)) {
		json_obj_fail(o, "action", "not what leads from observed to desired");
	}
	if (c->path != NULL || c->root != NULL || c->renamed_from != NULL) {
		json_obj_fail(o, "path", "belongs to kinds that are paths");
	}
	if (is_secret(c->object) && (c->risk & RISK_SECRET) == 0) {
		json_obj_fail(o, "risk", "a secret is not named as one");
	}
	if (is_secret(c->object) && c->desired.type == STATE_OBJECT && c->desired.keyed == NULL) {
		json_obj_fail(o, "desired", "a secret whose digest is not keyed");
	}
	if (!c->object->namespaced && (c->risk & RISK_CLUSTER) == 0) {
		json_obj_fail(o, "risk", "what is the cluster's is not named as such");
	}
}

bool plan_object_state_equal(const struct plan_state *a, const struct plan_state *b)
{
	bool states = a->type == STATE_OBJECT || a->dry_run;

	return a->dry_run == b->dry_run && text_equal(a->object_uid, b->object_uid) &&
	       text_equal(a->keyed, b->keyed) && (!states || hash_equal(&a->digest, &b->digest));
}

bool plan_object_equal(const struct plan_object *a, const struct plan_object *b)
{
	if (a == NULL || b == NULL) {
		return a == b;
	}
	return text_equal(a->cluster, b->cluster) && text_equal(a->group, b->group) &&
	       text_equal(a->version, b->version) && text_equal(a->kind, b->kind) &&
	       text_equal(a->namespace, b->namespace) && text_equal(a->name, b->name) &&
	       text_equal(a->resource, b->resource) && text_equal(a->set, b->set) &&
	       text_equal(a->owner, b->owner) && a->replace == b->replace;
}
