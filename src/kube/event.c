/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Events about objects. */
#include "kube/event.h"

#include <string.h>

#include "kube/time.h"

#define GAP "..." /* behind what was cut */

const char *kube_event_namespace(const struct kube_id *id)
{
	return id->namespace[0] != '\0' ? id->namespace : "default";
}

static void cut(GString *text, size_t max, const char *gap)
{
	const char *end;

	if (text->len <= max) {
		return;
	}
	g_string_truncate(text, max - strlen(gap));
	(void)g_utf8_validate(text->str, -1, &end);
	g_string_truncate(text, (gsize)(end - text->str));
	g_string_append(text, gap);
}

static void put_text(struct kube_value *map, const char *name, const char *text)
{
	if (text != NULL) {
		kube_value_set(map, name, kube_value_string(text, -1));
	}
}

static void put_cut(struct kube_value *map, const char *name, const char *text, size_t max,
		    const char *gap)
{
	g_autofree char *valid = g_utf8_make_valid(text, -1);
	g_autoptr(GString) out = g_string_new(valid);

	cut(out, max, gap);
	put_text(map, name, out->str);
}

/* An Event's name must be a DNS subdomain; names of roles, say, need not. */
static void add_name(GString *out, const char *name, size_t max)
{
	for (const char *at = name; *at != '\0' && out->len < max; at++) {
		bool after = out->len > 0 && g_ascii_isalnum(out->str[out->len - 1]);

		if (g_ascii_isalnum(*at)) {
			g_string_append_c(out, g_ascii_tolower(*at));
		} else if (*at == '.' && after && g_ascii_isalnum(at[1])) {
			g_string_append_c(out, '.');
		} else if (out->len > 0) {
			g_string_append_c(out, '-');
		}
	}
	while (out->len > 0 && !g_ascii_isalnum(out->str[out->len - 1])) {
		g_string_truncate(out, out->len - 1);
	}
}

static struct kube_value *make_metadata(const struct kube_event *event)
{
	g_autoptr(GString) name = g_string_new(NULL);
	struct kube_value *metadata = kube_value_map();

	add_name(name, event->id->name, KUBE_EVENT_NAME_MAX - strlen(event->unique) - 1);
	g_string_append_printf(name, "%s%s", name->len > 0 ? "." : "", event->unique);
	put_text(metadata, "name", name->str);
	put_text(metadata, "namespace", kube_event_namespace(event->id));
	return metadata;
}

static struct kube_value *make_regarding(const struct kube_event *event)
{
	g_autofree char *version = kube_id_version(event->id);
	struct kube_value *regarding = kube_value_map();

	put_text(regarding, "apiVersion", version);
	put_text(regarding, "kind", event->id->kind);
	put_text(regarding, "name", event->id->name);
	put_text(regarding, "uid", event->uid);
	put_text(regarding, "resourceVersion", event->version);
	if (event->id->namespace[0] != '\0') {
		put_text(regarding, "namespace", event->id->namespace);
	}
	return regarding;
}

struct kube_value *kube_event_value(const struct kube_event *event)
{
	g_autofree char *time = kube_time_micro(event->time);
	struct kube_value *map = kube_value_map();

	put_text(map, "apiVersion", "events.k8s.io/v1");
	put_text(map, "kind", "Event");
	kube_value_set(map, "metadata", make_metadata(event));
	kube_value_set(map, "regarding", make_regarding(event));
	put_text(map, "eventTime", time);
	put_text(map, "type", event->warning ? "Warning" : "Normal");
	put_text(map, "reason", event->reason);
	put_text(map, "action", event->action);
	put_cut(map, "note", event->note, KUBE_EVENT_NOTE_MAX, GAP);
	put_text(map, "reportingController", KUBE_EVENT_CONTROLLER);
	put_cut(map, "reportingInstance", event->instance, KUBE_EVENT_INSTANCE_MAX, "");
	return map;
}
