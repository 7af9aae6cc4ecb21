/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Paths of differences beside the sets of field managers. */
#include "kube/managers.h"

#include <string.h>

#include "base/text.h"

/* One step of a path as diff.h writes it. */
struct step {
	char *field;		 /* .name, ["a.b/c"] */
	struct kube_value *keys; /* [name="web"], [containerPort=80,protocol="TCP"] */
	char *index;		 /* [3] */
};

static void step_clear(struct step *step)
{
	g_clear_pointer(&step->field, g_free);
	g_clear_pointer(&step->keys, kube_value_free);
	g_clear_pointer(&step->index, g_free);
}

/* The text or number that begins at *at, which comes to stand behind it; NULL: none does. */
static struct kube_value *take_scalar(const char **at)
{
	struct kube_value *value = NULL;
	const char *end = *at;

	if (*end == '"') {
		for (end++; *end != '"' && *end != '\0'; end++) {
			end += *end == '\\' && end[1] != '\0';
		}
		end += *end == '"';
	} else {
		end += strcspn(end, ",]");
	}
	if (!kube_value_parse(*at, (size_t)(end - *at), KUBE_VALUE_MAX_SIZE, &value, NULL)) {
		return NULL;
	}
	*at = end;
	return value;
}

static bool take_keys(const char **at, struct step *step)
{
	step->keys = kube_value_map();
	while (**at != ']') {
		size_t len = strcspn(*at, "=]");
		g_autofree char *name = g_strndup(*at, len);
		struct kube_value *value;

		*at += len;
		if (**at != '=') {
			return false;
		}
		(*at)++;
		value = take_scalar(at);
		if (value == NULL) {
			return false;
		}
		kube_value_set(step->keys, name, value);
		*at += **at == ',';
	}
	return true;
}

static bool take_bracket(const char **at, struct step *step)
{
	size_t digits = strspn(*at, "0123456789");

	if (**at == '"') {
		g_autoptr(kube_value_auto) name = take_scalar(at);

		step->field = g_strdup(kube_value_str(name));
	} else if (digits > 0 && (*at)[digits] == ']') {
		step->index = g_strndup(*at, digits);
		*at += digits;
	} else if (!take_keys(at, step)) {
		return false;
	}
	if (**at != ']') {
		return false;
	}
	(*at)++;
	return step->field != NULL || step->index != NULL || step->keys != NULL;
}

/* False at the end, and at what is no path. */
static bool take_step(const char **at, struct step *step)
{
	*step = (struct step){NULL};
	if (**at == '[') {
		(*at)++;
		return take_bracket(at, step);
	}
	if (**at == '.') {
		size_t len = strcspn(*at + 1, ".[");

		step->field = g_strndup(*at + 1, len);
		*at += 1 + len;
		return len > 0;
	}
	return false;
}

/* Are all of keys in the item, as they are? */
static bool has_keys(const struct kube_value *item, const struct kube_value *keys)
{
	for (size_t i = 0; i < kube_value_count(keys); i++) {
		const struct kube_value *value = kube_value_get(item, kube_value_name(keys, i));

		if (value == NULL || !kube_value_equal(value, kube_value_item(keys, i))) {
			return false;
		}
	}
	return kube_value_is(keys, KUBE_MAP);
}

/* The part of live that the step leads to, NULL: it is not there; *index is its place in a list. */
static const struct kube_value *follow(const struct kube_value *live, const struct step *step,
				       size_t *index)
{
	if (step->field != NULL) {
		return kube_value_is(live, KUBE_MAP) ? kube_value_get(live, step->field) : NULL;
	}
	if (!kube_value_is(live, KUBE_LIST)) {
		return NULL;
	}
	if (step->index != NULL) {
		guint64 at = g_ascii_strtoull(step->index, NULL, 10);

		*index = (size_t)at;
		return at < kube_value_count(live) ? kube_value_item(live, (size_t)at) : NULL;
	}
	for (size_t i = 0; i < kube_value_count(live); i++) {
		*index = i;
		if (has_keys(kube_value_item(live, i), step->keys)) {
			return kube_value_item(live, i);
		}
	}
	return NULL;
}

/* 'k:{"name":"web"}', 'v:"x"' and 'i:3' name an item of a list. */
static bool names_item(const char *name, const struct kube_value *item, size_t index)
{
	g_autoptr(kube_value_auto) value = NULL;

	if (name[0] == '\0' || name[1] != ':' ||
	    !kube_value_parse(name + 2, strlen(name + 2), KUBE_VALUE_MAX_SIZE, &value, NULL)) {
		return false;
	}
	if (name[0] == 'k') {
		return has_keys(item, value);
	}
	if (name[0] == 'i') {
		int64_t number;

		return kube_value_get_int(value, &number) && number >= 0 && (size_t)number == index;
	}
	return name[0] == 'v' && kube_value_equal(item, value);
}

static const struct kube_value *set_below(const struct kube_value *set, const struct step *step,
					  const struct kube_value *item, size_t index)
{
	if (step->field != NULL) {
		g_autofree char *name = g_strconcat("f:", step->field, NULL);

		return kube_value_get(set, name);
	}
	for (size_t i = 0; item != NULL && i < kube_value_count(set); i++) {
		if (names_item(kube_value_name(set, i), item, index)) {
			return kube_value_item(set, i);
		}
	}
	return NULL;
}

bool kube_managers_owns(const struct kube_value *set, const struct kube_value *live,
			const char *path)
{
	const char *at = path;
	struct step step;

	while (*at != '\0') {
		size_t index = 0;

		if (!kube_value_is(set, KUBE_MAP)) {
			return false;
		}
		if (kube_value_count(set) == 0) {
			return at != path; // all of it is theirs, as one
		}
		if (!take_step(&at, &step)) {
			step_clear(&step);
			return false;
		}
		live = follow(live, &step, &index);
		set = set_below(set, &step, live, index);
		step_clear(&step);
	}
	return kube_value_is(set, KUBE_MAP) && (at != path || kube_value_count(set) > 0);
}

static void blame_free(void *data)
{
	struct kube_blame *blame = data;

	g_free(blame->manager);
	g_free(blame->subresource);
	g_ptr_array_unref(blame->paths);
	g_free(blame);
}

char *kube_managers_name(const char *text)
{
	g_autofree char *line = g_strndup(text, KUBE_MANAGERS_NAME);

	for (char *c = line; *c != '\0'; c++) {
		*c = g_ascii_iscntrl(*c) ? ' ' : *c;
	}
	return g_utf8_make_valid(line, -1);
}

static bool is_ours(const struct kube_value *entry, const char *own)
{
	return g_strcmp0(kube_value_str_at(entry, "manager", NULL), own) == 0 &&
	       g_strcmp0(kube_value_str_at(entry, "operation", NULL), "Apply") == 0 &&
	       kube_value_str_at(entry, "subresource", NULL) == NULL;
}

static struct kube_blame *read_blame(const struct kube_value *entry)
{
	const char *name = kube_value_str_at(entry, "manager", NULL);
	const char *time = kube_value_str_at(entry, "time", NULL);
	const char *sub = kube_value_str_at(entry, "subresource", NULL);
	struct kube_blame *blame = g_new0(struct kube_blame, 1);
	int64_t when = 0;

	blame->manager = kube_managers_name(name != NULL ? name : "");
	blame->subresource = sub != NULL && sub[0] != '\0' ? kube_managers_name(sub) : NULL;
	blame->applies = g_strcmp0(kube_value_str_at(entry, "operation", NULL), "Apply") == 0;
	if (time != NULL && text_parse_time(time, &when) && when > 0) {
		blame->time = when;
	}
	blame->paths = g_ptr_array_new_with_free_func(g_free);
	return blame;
}

static int newest_first(const void *a, const void *b)
{
	const struct kube_blame *x = *(struct kube_blame *const *)a;
	const struct kube_blame *y = *(struct kube_blame *const *)b;

	if (x->time != y->time) {
		return x->time > y->time ? -1 : 1;
	}
	return strcmp(x->manager, y->manager);
}

GPtrArray *kube_managers_find(const struct kube_value *fields, const struct kube_value *live,
			      const GPtrArray *differences, const char *own)
{
	GPtrArray *out = g_ptr_array_new_with_free_func(blame_free);
	size_t count = MIN(kube_value_count(fields), KUBE_MANAGERS_MAX);

	for (size_t i = 0; kube_value_is(fields, KUBE_LIST) && i < count; i++) {
		const struct kube_value *entry = kube_value_item(fields, i);
		const struct kube_value *set = kube_value_at(entry, "fieldsV1", NULL);
		struct kube_blame *blame;

		if (!kube_value_is(set, KUBE_MAP) || is_ours(entry, own)) {
			continue;
		}
		blame = read_blame(entry);
		for (guint k = 0; k < MIN(differences->len, KUBE_MANAGERS_PATHS); k++) {
			const struct kube_difference *one = differences->pdata[k];

			if (!one->more && kube_managers_owns(set, live, one->path)) {
				g_ptr_array_add(blame->paths, g_strdup(one->path));
			}
		}
		if (blame->paths->len > 0 && blame->manager[0] != '\0') {
			g_ptr_array_add(out, blame);
		} else {
			blame_free(blame);
		}
	}
	g_ptr_array_sort(out, newest_first);
	return out;
}
