/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The reading half of core/json.h, and the only file that knows cJSON. */
#include "core/json.h"

#include <cJSON.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/fail.h"
#include "core/json-scan.h"
#include "core/text.h"

#define NOT_IN_ARRAY SIZE_MAX
#define MAX_SEEN 64

struct json_doc {
	cJSON *root;
	struct assent_error error;
};

/* struct json_value is cJSON under another name. */
static const cJSON *node(const struct json_value *value)
{
	return (const cJSON *)(const void *)value;
}

static const struct json_value *value_of(const cJSON *item)
{
	return (const struct json_value *)(const void *)item;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp((*(const cJSON *const *)a)->string, (*(const cJSON *const *)b)->string);
}

/* The members of an object in an array to be freed, in document order; NULL without memory. */
static const cJSON **members(const cJSON *object, size_t *count)
{
	const cJSON **list, *item;
	size_t n = 0;

	cJSON_ArrayForEach(item, object)
	{
		n++;
	}
	list = malloc((n + 1) * sizeof(const cJSON *));
	if (list == NULL) {
		return NULL;
	}
	*count = 0;
	cJSON_ArrayForEach(item, object)
	{
		list[(*count)++] = item;
	}
	return list;
}

static int check_unique(const cJSON *item, struct assent_error *err)
{
	const cJSON *child;
	int rc;

	if (cJSON_IsObject(item)) {
		CLEANUP(free_p) const cJSON **list = NULL;
		size_t count;

		list = members(item, &count);
		if (list == NULL) {
			return core_fail_memory(err);
		}
		qsort(list, count, sizeof(const cJSON *), compare_names);
		for (size_t i = 1; i < count; i++) {
			if (strcmp(list[i - 1]->string, list[i]->string) == 0) {
				return core_fail(err, ASSENT_EMALFORMED,
						 "member '%.64s' stands twice", list[i]->string);
			}
		}
	}
	cJSON_ArrayForEach(child, item)
	{
		if (child->child != NULL) {
			rc = check_unique(child, err);
			if (rc != 0) {
				return rc;
			}
		}
	}
	return 0;
}

int json_doc_parse(struct json_doc **out, const void *bytes, size_t len, unsigned flags,
		   struct assent_error *err)
{
	struct json_doc *doc;
	const char *end = NULL;
	int rc = json_scan(bytes, len, flags, err);

	if (rc != 0) {
		return rc;
	}
	doc = calloc(1, sizeof(*doc));
	if (doc == NULL) {
		return core_fail_memory(err);
	}
	doc->root = cJSON_ParseWithLengthOpts(bytes, len, &end, 0);
	if (doc->root == NULL) {
		rc = core_fail(err, ASSENT_EMALFORMED, "cannot read the document");
	} else if ((flags & JSON_CANONICAL) == 0) {
		rc = check_unique(doc->root, err);
	}
	if (rc != 0) {
		json_doc_free(doc);
		return rc;
	}
	*out = doc;
	return 0;
}

void json_doc_free(struct json_doc *doc)
{
	if (doc != NULL) {
		cJSON_Delete(doc->root);
		free(doc);
	}
}

/* "changes[3].observed", into a buffer that may cut it. */
static size_t put_path(const struct json_obj *o, char *out, size_t size)
{
	size_t used = 0;
	int n;

	if (o == NULL || o->name == NULL) {
		out[0] = '\0';
		return 0;
	}
	used = put_path(o->parent, out, size);
	if (o->index == NOT_IN_ARRAY) {
		n = snprintf(out + used, size - used, "%s%.64s", used > 0 ? "." : "", o->name);
	} else {
		n = snprintf(out + used, size - used, "%s%.64s[%zu]", used > 0 ? "." : "", o->name,
			     o->index);
	}
	if (n > 0) {
		used += (size_t)n < size - used ? (size_t)n : size - used - 1;
	}
	return used;
}

static void fail_at(const struct json_obj *o, int code, const char *name, const char *problem)
{
	struct assent_error *error = &o->doc->error;
	char path[160];

	if (error->code != 0) {
		return;
	}
	(void)put_path(o, path, sizeof(path));
	(void)core_fail(error, code, "%s%s%.64s: %s", path,
			path[0] != '\0' && name != NULL ? "." : "", name != NULL ? name : "",
			problem);
}

void json_obj_fail(struct json_obj *o, const char *name, const char *problem)
{
	fail_at(o, ASSENT_EMALFORMED, name, problem);
}

int json_doc_status(const struct json_doc *doc, struct assent_error *err)
{
	if (doc->error.code == 0) {
		return 0;
	}
	return core_fail(err, doc->error.code, "%s", doc->error.text);
}

void json_doc_root(struct json_doc *doc, struct json_obj *out)
{
	*out = (struct json_obj){.doc = doc, .index = NOT_IN_ARRAY};
	if (cJSON_IsObject(doc->root)) {
		out->value = value_of(doc->root);
	} else {
		fail_at(out, ASSENT_EMALFORMED, NULL, "expected an object");
	}
}

static const cJSON *find(const struct json_obj *o, const char *name, size_t *index)
{
	const cJSON *item;

	*index = 0;
	if (o->value == NULL) {
		return NULL;
	}
	cJSON_ArrayForEach(item, node(o->value))
	{
		if (strcmp(item->string, name) == 0) {
			return item;
		}
		(*index)++;
	}
	return NULL;
}

/* Takes a member and marks it; records an error when it is required and absent. */
static const cJSON *take(struct json_obj *o, const char *name, bool required)
{
	size_t index;
	const cJSON *item = find(o, name, &index);

	if (item != NULL && index < MAX_SEEN) {
		o->seen |= UINT64_C(1) << index;
	}
	if (item == NULL && required && o->value != NULL) {
		fail_at(o, ASSENT_EMALFORMED, name, "missing");
	}
	return item;
}

bool json_has(const struct json_obj *o, const char *name)
{
	size_t index;

	return find(o, name, &index) != NULL;
}

bool json_is_null(const struct json_obj *o, const char *name)
{
	size_t index;

	return cJSON_IsNull(find(o, name, &index));
}

static const char *string_of(struct json_obj *o, const char *name, const cJSON *item, size_t max)
{
	if (!cJSON_IsString(item)) {
		fail_at(o, ASSENT_EMALFORMED, name, "expected a string");
		return "";
	}
	if (strlen(item->valuestring) > max) {
		fail_at(o, ASSENT_ELIMIT, name, "string too long");
		return "";
	}
	return item->valuestring;
}

const char *json_str(struct json_obj *o, const char *name, size_t max)
{
	const cJSON *item = take(o, name, true);

	return item != NULL ? string_of(o, name, item, max) : "";
}

const char *json_str_opt(struct json_obj *o, const char *name, size_t max)
{
	const cJSON *item = take(o, name, false);

	return item != NULL ? string_of(o, name, item, max) : NULL;
}

static int64_t int_of(struct json_obj *o, const char *name, const cJSON *item, int64_t min,
		      int64_t max)
{
	double d;

	if (!cJSON_IsNumber(item)) {
		fail_at(o, ASSENT_EMALFORMED, name, "expected an integer");
		return min;
	}
	d = item->valuedouble;
	if (!(d >= -(double)JSON_MAX_INT && d <= (double)JSON_MAX_INT) || (double)(int64_t)d != d) {
		fail_at(o, ASSENT_EMALFORMED, name, "expected an integer");
		return min;
	}
	if ((int64_t)d < min || (int64_t)d > max) {
		fail_at(o, ASSENT_EMALFORMED, name, "number out of range");
		return min;
	}
	return (int64_t)d;
}

int64_t json_int(struct json_obj *o, const char *name, int64_t min, int64_t max)
{
	const cJSON *item = take(o, name, true);

	return item != NULL ? int_of(o, name, item, min, max) : min;
}

int64_t json_int_opt(struct json_obj *o, const char *name, int64_t min, int64_t max, int64_t dflt)
{
	const cJSON *item = take(o, name, false);

	return item != NULL ? int_of(o, name, item, min, max) : dflt;
}

static bool bool_of(struct json_obj *o, const char *name, const cJSON *item)
{
	if (!cJSON_IsBool(item)) {
		fail_at(o, ASSENT_EMALFORMED, name, "expected true or false");
		return false;
	}
	return cJSON_IsTrue(item);
}

bool json_bool(struct json_obj *o, const char *name)
{
	const cJSON *item = take(o, name, true);

	return item != NULL && bool_of(o, name, item);
}

bool json_bool_opt(struct json_obj *o, const char *name, bool dflt)
{
	const cJSON *item = take(o, name, false);

	return item != NULL ? bool_of(o, name, item) : dflt;
}

int json_enum(struct json_obj *o, const char *name, const char *const *names)
{
	const cJSON *item = take(o, name, true);

	if (item == NULL) {
		return -1;
	}
	if (cJSON_IsString(item)) {
		for (int i = 0; names[i] != NULL; i++) {
			if (strcmp(names[i], item->valuestring) == 0) {
				return i;
			}
		}
	}
	fail_at(o, ASSENT_EMALFORMED, name, "not one of the known values");
	return -1;
}

static char *bytes_from_base64(struct json_obj *o, const char *name, const char *text, size_t max,
			       size_t *len)
{
	size_t room = strlen(text) / 4 * 3;
	uint8_t *bytes = malloc(room + 1);

	if (bytes == NULL) {
		fail_at(o, ASSENT_ENOMEM, name, "not enough memory");
		return NULL;
	}
	if (!text_base64_decode(bytes, room, len, text, strlen(text)) || *len > max) {
		fail_at(o, ASSENT_EMALFORMED, name, "bad base64, or too long");
		free(bytes);
		return NULL;
	}
	if (text_is_plain(bytes, *len)) {
		fail_at(o, ASSENT_EMALFORMED, name, "base64 of plain text");
		free(bytes);
		return NULL;
	}
	bytes[*len] = '\0';
	return (char *)bytes;
}

char *json_bytes_dup(struct json_obj *o, const char *name, size_t max, size_t *len)
{
	char longer[96];
	const char *text;
	char *copy;

	*len = 0;
	(void)snprintf(longer, sizeof(longer), "%.80s_b64", name);
	if (json_has(o, longer)) {
		if (json_has(o, name)) {
			fail_at(o, ASSENT_EMALFORMED, name, "stands as text and as base64");
			return NULL;
		}
		text = json_str(o, longer, max / 3 * 4 + 4);
		return o->doc->error.code == 0 ? bytes_from_base64(o, longer, text, max, len)
					       : NULL;
	}
	text = json_str(o, name, max);
	if (!text_is_plain(text, strlen(text))) {
		fail_at(o, ASSENT_EMALFORMED, name, "control characters must be written as base64");
	}
	if (o->doc->error.code != 0) {
		return NULL;
	}
	copy = strdup(text);
	if (copy == NULL) {
		fail_at(o, ASSENT_ENOMEM, name, "not enough memory");
		return NULL;
	}
	*len = strlen(copy);
	return copy;
}

static bool child_of(struct json_obj *o, const char *name, const cJSON *item,
		     struct json_obj *child)
{
	*child = (struct json_obj){.doc = o->doc, .parent = o, .name = name, .index = NOT_IN_ARRAY};
	if (item == NULL) {
		return false;
	}
	if (!cJSON_IsObject(item)) {
		fail_at(o, ASSENT_EMALFORMED, name, "expected an object");
		return false;
	}
	child->value = value_of(item);
	return true;
}

bool json_obj_get(struct json_obj *o, const char *name, struct json_obj *child)
{
	return child_of(o, name, take(o, name, true), child);
}

bool json_obj_get_opt(struct json_obj *o, const char *name, struct json_obj *child)
{
	const cJSON *item = take(o, name, false);

	return child_of(o, name, cJSON_IsNull(item) ? NULL : item, child);
}

static size_t array_of(struct json_obj *o, const char *name, const cJSON *item, size_t max,
		       struct json_arr *arr)
{
	*arr = (struct json_arr){.owner = o, .name = name};
	if (item == NULL) {
		return 0;
	}
	if (!cJSON_IsArray(item)) {
		fail_at(o, ASSENT_EMALFORMED, name, "expected an array");
		return 0;
	}
	arr->count = (size_t)cJSON_GetArraySize(item);
	if (arr->count > max) {
		fail_at(o, ASSENT_ELIMIT, name, "too many elements");
		arr->count = 0;
		return 0;
	}
	arr->value = value_of(item);
	arr->next = value_of(item->child);
	return arr->count;
}

size_t json_arr_get(struct json_obj *o, const char *name, size_t max, struct json_arr *arr)
{
	return array_of(o, name, take(o, name, true), max, arr);
}

size_t json_arr_get_opt(struct json_obj *o, const char *name, size_t max, struct json_arr *arr)
{
	const cJSON *item = take(o, name, false);

	return array_of(o, name, cJSON_IsNull(item) ? NULL : item, max, arr);
}

/* Going through in order costs one step each; anything else starts from the front. */
static const cJSON *element(struct json_arr *arr, size_t i)
{
	const cJSON *item;

	if (arr->value == NULL || i >= arr->count) {
		return NULL;
	}
	if (i < arr->next_index) {
		arr->next = value_of(node(arr->value)->child);
		arr->next_index = 0;
	}
	item = node(arr->next);
	for (; arr->next_index < i; arr->next_index++) {
		item = item->next;
	}
	arr->next = value_of(item);
	return item;
}

bool json_arr_obj(struct json_arr *arr, size_t i, struct json_obj *child)
{
	const cJSON *item = element(arr, i);

	*child = (struct json_obj){
		.doc = arr->owner->doc, .parent = arr->owner, .name = arr->name, .index = i};
	if (item == NULL) {
		return false;
	}
	if (!cJSON_IsObject(item)) {
		fail_at(child, ASSENT_EMALFORMED, NULL, "expected an object");
		return false;
	}
	child->value = value_of(item);
	return true;
}

const char *json_arr_str(struct json_arr *arr, size_t i, size_t max)
{
	const cJSON *item = element(arr, i);
	struct json_obj at = {
		.doc = arr->owner->doc, .parent = arr->owner, .name = arr->name, .index = i};

	return item != NULL ? string_of(&at, NULL, item, max) : "";
}

int64_t json_arr_int(struct json_arr *arr, size_t i, int64_t min, int64_t max)
{
	const cJSON *item = element(arr, i);
	struct json_obj at = {
		.doc = arr->owner->doc, .parent = arr->owner, .name = arr->name, .index = i};

	return item != NULL ? int_of(&at, NULL, item, min, max) : min;
}

const struct json_value *json_any(struct json_obj *o, const char *name)
{
	return value_of(take(o, name, false));
}

size_t json_names(const struct json_obj *o)
{
	return o->value != NULL ? (size_t)cJSON_GetArraySize(node(o->value)) : 0;
}

const char *json_name(const struct json_obj *o, size_t i)
{
	const cJSON *item = o->value != NULL ? cJSON_GetArrayItem(node(o->value), (int)i) : NULL;

	return item != NULL ? item->string : NULL;
}

void json_obj_end(struct json_obj *o)
{
	const cJSON *item;
	size_t index = 0;

	if (o->value == NULL) {
		return;
	}
	cJSON_ArrayForEach(item, node(o->value))
	{
		if (index >= MAX_SEEN || (o->seen >> index & 1) == 0) {
			fail_at(o, ASSENT_EMALFORMED, item->string, "unknown member");
			return;
		}
		index++;
	}
}

void json_obj_ignore_rest(struct json_obj *o)
{
	o->seen = UINT64_MAX;
}

/* RFC 8785 sorts by UTF-16 code units, which differs from byte order where surrogates meet
 * U+E000 and above. */
static uint32_t utf16_weight(const unsigned char *p)
{
	if (*p >= 0xf0) {
		return 0xd800; /* a surrogate pair */
	}
	if (*p >= 0xe0) {
		return (uint32_t)(*p & 0x0f) << 12 | (uint32_t)(p[1] & 0x3f) << 6 | (p[2] & 0x3f);
	}
	return 0;
}

static int compare_utf16(const void *a, const void *b)
{
	const unsigned char *p = (const unsigned char *)(*(const cJSON *const *)a)->string;
	const unsigned char *q = (const unsigned char *)(*(const cJSON *const *)b)->string;
	uint32_t u, v;

	while (*p != '\0' && *p == *q) {
		p++;
		q++;
	}
	if (*p >= 0xe0 && *q >= 0xe0) {
		u = utf16_weight(p);
		v = utf16_weight(q);
		if (u != v && (u == 0xd800 || v == 0xd800)) {
			return u < v ? -1 : 1;
		}
	}
	return (*p > *q) - (*p < *q);
}

static void write_item(struct json_writer *w, const char *name, const cJSON *item);

static void write_object(struct json_writer *w, const char *name, const cJSON *item)
{
	CLEANUP(free_p) const cJSON **list = NULL;
	size_t count = 0;

	list = members(item, &count);
	json_w_object(w, name);
	if (list == NULL) {
		json_w_str(w, NULL, ""); /* out of memory: a value without a name sticks as error */
		return;
	}
	qsort(list, count, sizeof(const cJSON *), compare_utf16);
	for (size_t i = 0; i < count; i++) {
		write_item(w, list[i]->string, list[i]);
	}
	json_w_end(w);
}

static void write_item(struct json_writer *w, const char *name, const cJSON *item)
{
	const cJSON *child;

	if (cJSON_IsObject(item)) {
		write_object(w, name, item);
	} else if (cJSON_IsArray(item)) {
		json_w_array(w, name);
		cJSON_ArrayForEach(child, item)
		{
			write_item(w, NULL, child);
		}
		json_w_end(w);
	} else if (cJSON_IsString(item)) {
		json_w_str(w, name, item->valuestring);
	} else if (cJSON_IsNumber(item)) {
		double d = item->valuedouble;
		bool whole = d >= -(double)JSON_MAX_INT && d <= (double)JSON_MAX_INT &&
			     (double)(int64_t)d == d;

		/* A fraction has no form here; the impossible integer sticks as an error. */
		json_w_int(w, name, whole ? (int64_t)d : INT64_MAX);
	} else if (cJSON_IsBool(item)) {
		json_w_bool(w, name, cJSON_IsTrue(item));
	} else {
		json_w_null(w, name);
	}
}

void json_w_value(struct json_writer *w, const char *name, const struct json_value *v)
{
	if (v == NULL) {
		json_w_null(w, name);
	} else {
		write_item(w, name, node(v));
	}
}

const struct json_value *json_doc_value(const struct json_doc *doc)
{
	return value_of(doc->root);
}
