/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Metadata of an object, then and now. */
#include "kube/seen.h"

#include <string.h>

#include "base/text.h"
#include "core/hash.h"
#include "kube/managers.h"

/* An entry of managedFields. */
struct trace {
	char *key; /* what tells it from the others of its object */
	char *manager, *subresource;
	struct hash hash; /* of all of it */
	int64_t time;
	bool own, status;
};
struct kube_seen {
	char *uid, *version;
	int64_t generation; /* -1: its server does not count */
	struct hash meta;
	GArray *traces; /* struct trace */
};

static void trace_clear(void *data)
{
	struct trace *trace = data;

	g_free(trace->key);
	g_free(trace->manager);
	g_free(trace->subresource);
}

static void hash_value(const struct kube_value *value, struct hash *out)
{
	size_t len;
	g_autofree char *text = kube_value_canonical(value, &len);

	hash_bytes(out, text, len);
}

static const char *word(const struct kube_value *entry, const char *name)
{
	const char *text = kube_value_str_at(entry, name, NULL);

	return text != NULL ? text : "";
}

static void read_trace(struct trace *trace, const struct kube_value *entry, const char *own)
{
	const char *manager = word(entry, "manager"), *operation = word(entry, "operation");
	const char *sub = word(entry, "subresource");

	trace->key = g_strdup_printf("%s\n%s\n%s\n%s", manager, operation, sub,
				     word(entry, "apiVersion"));
	trace->manager = kube_managers_name(manager);
	trace->subresource = sub[0] != '\0' ? kube_managers_name(sub) : NULL;
	trace->own = strcmp(manager, own) == 0 && strcmp(operation, "Apply") == 0 && sub[0] == '\0';
	trace->status = strcmp(sub, "status") == 0;
	if (!text_parse_time(word(entry, "time"), &trace->time) || trace->time < 0) {
		trace->time = 0;
	}
	hash_value(entry, &trace->hash);
}

static GArray *read_traces(const struct kube_value *fields, const char *own)
{
	GArray *traces = g_array_new(FALSE, TRUE, sizeof(struct trace));
	size_t count = MIN(kube_value_count(fields), KUBE_MANAGERS_MAX);

	g_array_set_clear_func(traces, trace_clear);
	for (size_t i = 0; kube_value_is(fields, KUBE_LIST) && i < count; i++) {
		struct trace trace = {NULL};

		read_trace(&trace, kube_value_item(fields, i), own);
		g_array_append_val(traces, trace);
	}
	return traces;
}

/* Without what changes with each change of whatever part. */
static void hash_meta(const struct kube_value *meta, struct hash *out)
{
	static const char *const noise[] = {"resourceVersion", "managedFields", "generation",
					    "selfLink"};
	g_autoptr(kube_value_auto) rest = kube_value_dup(meta);

	for (size_t i = 0; i < G_N_ELEMENTS(noise); i++) {
		kube_value_set(rest, noise[i], NULL);
	}
	hash_value(rest, out);
}

struct kube_seen *kube_seen_new(const struct kube_value *object, const char *own)
{
	const struct kube_value *meta = kube_value_get(object, "metadata");
	const char *uid = kube_value_str_at(meta, "uid", NULL);
	struct kube_seen *seen;

	if (!kube_value_is(meta, KUBE_MAP) || uid == NULL ||
	    kube_value_str_at(meta, "name", NULL) == NULL) {
		return NULL;
	}
	seen = g_new0(struct kube_seen, 1);
	seen->uid = g_strdup(uid);
	seen->version = g_strdup(word(meta, "resourceVersion"));
	if (!kube_value_get_int(kube_value_get(meta, "generation"), &seen->generation)) {
		seen->generation = -1;
	}
	hash_meta(meta, &seen->meta);
	seen->traces = read_traces(kube_value_get(meta, "managedFields"), own);
	return seen;
}

void kube_seen_free(struct kube_seen *seen)
{
	if (seen != NULL) {
		g_free(seen->uid);
		g_free(seen->version);
		g_array_unref(seen->traces);
		g_free(seen);
	}
}

const char *kube_seen_uid(const struct kube_seen *seen)
{
	return seen->uid;
}

void kube_change_clear(struct kube_change *change)
{
	g_free(change->manager);
	g_free(change->subresource);
	*change = (struct kube_change){false};
}

static const struct trace *find(const struct kube_seen *seen, const char *key)
{
	for (guint i = 0; seen != NULL && i < seen->traces->len; i++) {
		const struct trace *trace = &g_array_index(seen->traces, struct trace, i);

		if (strcmp(trace->key, key) == 0) {
			return trace;
		}
	}
	return NULL;
}

/* Whether the main part's traces, or those of a status, are not as they were. */
static void compare(const struct kube_seen *before, const struct kube_seen *now, bool *main,
		    bool *status)
{
	for (guint i = 0; i < now->traces->len; i++) {
		const struct trace *trace = &g_array_index(now->traces, struct trace, i);
		const struct trace *old = find(before, trace->key);

		if (old == NULL || !hash_equal(&old->hash, &trace->hash)) {
			*(trace->status ? status : main) = true;
		}
	}
	for (guint i = 0; i < before->traces->len; i++) {
		const struct trace *trace = &g_array_index(before->traces, struct trace, i);

		if (find(now, trace->key) == NULL) {
			*(trace->status ? status : main) = true;
		}
	}
}

static bool matters(const struct kube_seen *before, const struct kube_seen *now)
{
	bool main = false, status = false;

	if (before == NULL || strcmp(before->uid, now->uid) != 0) {
		return true;
	}
	if (now->version[0] != '\0' && strcmp(before->version, now->version) == 0) {
		return false;
	}
	if (before->generation != now->generation || !hash_equal(&before->meta, &now->meta)) {
		return true;
	}
	if (now->generation >= 0) {
		return false;
	}
	compare(before, now, &main, &status);
	return main || !status;
}

/* Times are of whole seconds, and one stays when others take fields away: who has a newer one has
 * done something. */
static void find_who(const struct kube_seen *before, const struct kube_seen *now,
		     struct kube_change *out)
{
	const struct trace *newest = NULL;
	bool own = false;

	for (guint i = 0; i < now->traces->len; i++) {
		const struct trace *trace = &g_array_index(now->traces, struct trace, i);
		const struct trace *old = find(before, trace->key);

		if (trace->status || (old != NULL && old->time == trace->time)) {
			continue;
		}
		own |= trace->own;
		if (!trace->own && (newest == NULL || trace->time >= newest->time)) {
			newest = trace;
		}
	}
	*out = (struct kube_change){.own = own && newest == NULL};
	if (newest != NULL && newest->manager[0] != '\0') {
		out->manager = g_strdup(newest->manager);
		out->subresource = g_strdup(newest->subresource);
		out->time = newest->time;
	}
}

bool kube_seen_judge(const struct kube_seen *before, const struct kube_seen *now,
		     struct kube_change *out)
{
	if (!matters(before, now)) {
		return false;
	}
	if (out != NULL) {
		bool same = before != NULL && strcmp(before->uid, now->uid) == 0;

		find_who(same ? before : NULL, now, out);
	}
	return true;
}
