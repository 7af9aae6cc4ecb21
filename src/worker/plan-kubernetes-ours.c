/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whose a field was that somebody else owns now: ours, if we applied it last. */
#include <sodium.h>
#include <string.h>

#include "base/objects.h"
#include "worker/plan-kubernetes.h"

#define BODY_MAX ((size_t)16 << 20)

/* --- fields, as servers write them */

/* Past `text` at the beginning of field; NULL: it does not begin so. */
static const char *skip(const char *field, const char *text)
{
	size_t len = strlen(text);

	return strncmp(field, text, len) == 0 ? field + len : NULL;
}

static bool ends(const char *rest)
{
	return rest[0] == '\0' || rest[0] == '.' || rest[0] == '[';
}

static bool in_map(const struct kube_value *map, const char *field)
{
	for (size_t i = 0; field[0] == '.' && i < kube_value_count(map); i++) {
		const char *rest = skip(field + 1, kube_value_name(map, i));

		/* Names may have dots in them, so that one may be the beginning of another. */
		if (rest != NULL && ends(rest) && kube_field_is_in(kube_value_item(map, i), rest)) {
			return true;
		}
	}
	return false;
}

/* 'name="web",port=80' up to the bracket; NULL: not this item. */
static const char *skip_keys(const char *at, const struct kube_value *item)
{
	while (true) {
		const char *equals = strchr(at, '=');
		g_autofree char *name = equals != NULL ? g_strndup(at, (gsize)(equals - at)) : NULL;
		const struct kube_value *value = name == NULL	   ? NULL
						 : name[0] == '\0' ? item
								   : kube_value_get(item, name);
		g_autofree char *text = NULL;
		size_t len;

		if (value == NULL) {
			return NULL;
		}
		text = kube_value_canonical(value, &len);
		at = skip(equals + 1, text);
		if (at == NULL || at[0] != ',') {
			return at;
		}
		at++;
	}
}

static bool in_list(const struct kube_value *list, const char *field)
{
	for (size_t i = 0; field[0] == '[' && i < kube_value_count(list); i++) {
		const struct kube_value *item = kube_value_item(list, i);
		g_autofree char *number = g_strdup_printf("%zu", i);
		const char *rest = skip(field + 1, number);

		if (rest == NULL || rest[0] != ']') {
			rest = skip_keys(field + 1, item);
		}
		if (rest != NULL && rest[0] == ']' && kube_field_is_in(item, rest + 1)) {
			return true;
		}
	}
	return false;
}

bool kube_field_is_in(const struct kube_value *value, const char *field)
{
	if (field[0] == '\0') {
		return value != NULL;
	}
	return kube_value_is(value, KUBE_MAP)	 ? in_map(value, field)
	       : kube_value_is(value, KUBE_LIST) ? in_list(value, field)
						 : false;
}

/* --- what was applied */

struct search {
	struct kube_part *part;
	const struct kube_wanted *wanted;
	const char *id;
	const char *field;
	bool found;
};

static struct kube_value *parse_body(const char *text, size_t len)
{
	struct kube_value *value = NULL;

	return kube_value_parse(text, len, BODY_MAX, &value, NULL) ? value : NULL;
}

static struct kube_value *open_body(struct kube_part *part, const char *id, const char *text,
				    size_t len)
{
	g_autoptr(seal_bytes_auto) bytes = NULL;
	const char *content;

	if (!plan_unseal(text, len, id, &bytes, part->p, NULL)) {
		return NULL;
	}
	content = seal_bytes_get(bytes, &len);
	return parse_body(content, len);
}

/* NULL: it is not there any more, or cannot be opened. */
static struct kube_value *load_body(struct kube_part *part, const struct plan_change *c)
{
	struct hash digest = c->desired.digest;
	g_autofree char *text = NULL;
	size_t len;

	if (c->desired.type != STATE_OBJECT ||
	    (c->desired.sealed != NULL && !hash_parse(&digest, c->desired.sealed)) ||
	    !objects_load(part->p->bodies, &digest, BODY_MAX, &text, &len, NULL)) {
		return NULL;
	}
	return c->desired.sealed != NULL ? open_body(part, c->id, text, len)
					 : parse_body(text, len);
}

/* Ends with the newest plan that has the object. */
static bool visit(struct plan *plan, const struct applied_apply *apply, bool *keeps, void *user)
{
	struct search *s = user;

	(void)keeps;
	for (size_t i = 0; i < plan->changes_count; i++) {
		const struct plan_change *c = &plan->changes[i];
		g_autoptr(kube_value_auto) body = NULL;

		if (c->object == NULL || strcmp(c->id, s->id) != 0 || !applied_was_made(apply, c)) {
			continue;
		}
		body = strcmp(c->object->cluster, s->part->identity) == 0 ? load_body(s->part, c)
									  : NULL;
		s->found = body != NULL && kube_field_is_in(body, s->field);
		return false;
	}
	return true;
}

bool kube_part_had(struct kube_part *part, const struct kube_wanted *w, const char *field)
{
	g_autofree char *id = kube_id_plan(w->id, part->context);
	struct search s = {.part = part, .wanted = w, .id = id, .field = field};

	/* What stands in the list under this uid was applied by us. */
	if (part->p->applied == NULL || w->uid == NULL || g_strcmp0(w->uid, w->look->uid) != 0) {
		return false;
	}
	return applied_walk(part->p->applied, part->p->bodies, visit, &s, NULL) && s.found;
}
