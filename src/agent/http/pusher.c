/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The bodies of push hooks. */
#include "agent/http/pusher.h"

#include <string.h>

#include "base/autoptr.h"
#include "core/json.h"

#define ADDRESS_MAX 254
#define LOGIN_MAX 255
#define REF_MAX 1024
#define CHANGES_MAX 100

bool pusher_is_address(const char *text)
{
	const char *at = strchr(text, '@');

	if (at == NULL || at == text || at[1] == '\0' || strchr(at + 1, '@') != NULL ||
	    strlen(text) > ADDRESS_MAX || !g_utf8_validate(text, -1, NULL)) {
		return false;
	}
	for (const char *p = text; *p != '\0'; p = g_utf8_next_char(p)) {
		gunichar c = g_utf8_get_char(p);

		if (!g_unichar_isgraph(c) || g_unichar_type(c) == G_UNICODE_FORMAT ||
		    (c < 128 && strchr("<>()[]\\,;:\"", (int)c) != NULL)) {
			return false;
		}
	}
	return true;
}

/* A text of that name, NULL when it is absent or something else. */
static const char *text_of(struct json_obj *o, const char *name, size_t max)
{
	return json_has(o, name) && !json_is_null(o, name) ? json_str_opt(o, name, max) : NULL;
}

static void take_commit(struct push_report *out, const char *id)
{
	size_t len = id != NULL ? strlen(id) : 0;

	if ((len == 40 || len == 64) && strspn(id, "0123456789abcdef") == len &&
	    strspn(id, "0") != len) {
		g_free(out->commit);
		out->commit = g_strdup(id);
	}
}

static void take_person(struct push_report *out, const char *email, const char *login,
			const char *other)
{
	if (email != NULL && pusher_is_address(email)) {
		out->email = g_strdup(email);
	}
	out->login[0] = login != NULL && *login != '\0' ? g_strdup(login) : NULL;
	out->login[1] = other != NULL && *other != '\0' ? g_strdup(other) : NULL;
}

static bool is_ref(struct json_obj *root, const char *ref)
{
	return g_strcmp0(text_of(root, "ref", REF_MAX), ref) == 0;
}

/* GitHub, Gitea and Forgejo. */
static void read_pusher(struct json_obj *root, const char *ref, struct push_report *out)
{
	struct json_obj pusher;

	if (!is_ref(root, ref) || !json_obj_get_opt(root, "pusher", &pusher)) {
		return;
	}
	take_commit(out, text_of(root, "after", 64));
	take_person(out, text_of(&pusher, "email", REF_MAX), text_of(&pusher, "login", LOGIN_MAX),
		    text_of(&pusher, "name", LOGIN_MAX));
}

static void read_gitlab(struct json_obj *root, const char *ref, struct push_report *out)
{
	if (is_ref(root, ref)) {
		take_commit(out, text_of(root, "after", 64));
		take_person(out, text_of(root, "user_email", REF_MAX),
			    text_of(root, "user_username", LOGIN_MAX), NULL);
	}
}

/* Of Bitbucket Cloud; the newest of several is at the end of the branch. */
static void read_change(struct json_obj *change, const char *ref, struct push_report *out)
{
	static const char heads[] = "refs/heads/";
	struct json_obj next, target;
	const char *type, *name;

	if (!json_obj_get_opt(change, "new", &next)) {
		return; // the branch has gone
	}
	type = text_of(&next, "type", 64);
	name = text_of(&next, "name", REF_MAX);
	if (g_strcmp0(type, "branch") == 0 && g_str_has_prefix(ref, heads) &&
	    g_strcmp0(name, ref + strlen(heads)) == 0 &&
	    json_obj_get_opt(&next, "target", &target)) {
		take_commit(out, text_of(&target, "hash", 64));
	}
}

static void read_changes(struct json_obj *holder, bool cloud, const char *ref,
			 struct push_report *out)
{
	struct json_arr arr;
	struct json_obj change;
	size_t count = json_arr_get_opt(holder, "changes", CHANGES_MAX, &arr);

	for (size_t i = 0; i < count && json_arr_obj(&arr, i, &change); i++) {
		if (cloud) {
			read_change(&change, ref, out);
		} else if (g_strcmp0(text_of(&change, "refId", REF_MAX), ref) == 0) {
			take_commit(out, text_of(&change, "toHash", 64));
		}
	}
}

/* Cloud tells no address, Data Center does. */
static void read_bitbucket(struct json_obj *root, const char *ref, struct push_report *out)
{
	struct json_obj actor, push;
	bool cloud;

	if (!json_obj_get_opt(root, "actor", &actor)) {
		return;
	}
	cloud = json_obj_get_opt(root, "push", &push);
	read_changes(cloud ? &push : root, cloud, ref, out);
	if (cloud) {
		take_person(out, NULL, text_of(&actor, "nickname", LOGIN_MAX),
			    text_of(&actor, "account_id", LOGIN_MAX));
	} else {
		take_person(out, text_of(&actor, "emailAddress", REF_MAX),
			    text_of(&actor, "name", LOGIN_MAX), NULL);
	}
}

static const struct {
	const char *kind;
	void (*read)(struct json_obj *root, const char *ref, struct push_report *out);
} readers[] = {
	{"github", read_pusher},  {"gitlab", read_gitlab},	 {"gitea", read_pusher},
	{"forgejo", read_pusher}, {"bitbucket", read_bitbucket},
};

void pusher_read(const char *kind, const char *body, size_t len, const char *ref,
		 struct push_report *out)
{
	g_autoptr(json_doc_auto) doc = NULL;
	struct json_obj root;

	*out = (struct push_report){0};
	if (json_doc_parse(&doc, body, len, JSON_FLOATS, NULL) != 0) {
		return;
	}
	json_doc_root(doc, &root);
	for (size_t i = 0; i < G_N_ELEMENTS(readers); i++) {
		if (strcmp(readers[i].kind, kind) == 0) {
			readers[i].read(&root, ref, out);
		}
	}
	if (json_doc_status(doc, NULL) != 0) {
		push_report_clear(out); // half understood is not understood
	}
}
