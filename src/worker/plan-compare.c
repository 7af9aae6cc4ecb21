/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is wanted against what is there. */
#include "worker/plan.h"

#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"

#define FILE_MODE 0644
#define FOLDER_MODE 0755
#define ID_MAX INT64_C(4294967294)

static bool parse_number(const char *text, int64_t *out)
{
	char *end;
	guint64 n;

	if (!g_ascii_isdigit(text[0])) {
		return false;
	}
	n = g_ascii_strtoull(text, &end, 10);
	if (*end != '\0' || n > (guint64)ID_MAX) {
		return false;
	}
	*out = (int64_t)n;
	return true;
}

static void find_user(struct planner *p, const struct want *want, const char *name, int64_t *uid)
{
	const struct passwd *pw;

	if (parse_number(name, uid)) {
		return;
	}
	pw = getpwnam(name);
	if (pw == NULL) {
		plan_fail(p, want, "there is no user '%s' on this host", name);
	} else {
		*uid = pw->pw_uid;
	}
}

static void find_group(struct planner *p, const struct want *want, const char *name, int64_t *gid)
{
	const struct group *gr;

	if (parse_number(name, gid)) {
		return;
	}
	gr = getgrnam(name);
	if (gr == NULL) {
		plan_fail(p, want, "there is no group '%s' on this host", name);
	} else {
		*gid = gr->gr_gid;
	}
}

/* The digest of wanted content, without reading a blob whose digest is known. */
static bool want_digest(struct planner *p, const struct want *want, struct plan_state *out,
			GError **error)
{
	const struct desired_content *content = want->content;
	bool cached = p->cache != NULL && content->bytes == NULL && content->oid[0] != '\0';
	g_autofree char *bytes = NULL;
	size_t len;

	if (content->bytes != NULL) {
		len = g_bytes_get_size(content->bytes);
		hash_bytes(&out->digest, g_bytes_get_data(content->bytes, NULL), len);
		out->size = (int64_t)len;
		return true;
	}
	if (cached && observe_cache_find_blob(p->cache, content->oid, &out->digest)) {
		out->size = (int64_t)content->size;
		return true;
	}
	if (!plan_content(p, want, &bytes, &len, error)) {
		return false;
	}
	hash_bytes(&out->digest, bytes, len);
	out->size = (int64_t)len;
	if (cached) {
		observe_cache_put_blob(p->cache, content->oid, &out->digest);
	}
	return true;
}

/* The mode that is wanted of what is there; -1: no matter. */
static int64_t wanted_mode(const struct want *want, const struct plan_state *now)
{
	int64_t mode = now->mode;
	bool executable = (mode & 0100) != 0;

	if (want->type == STATE_LINK) {
		return -1;
	}
	if (want->mode >= 0) {
		return want->mode;
	}
	if (now->type != want->type) {
		return want->type == STATE_DIRECTORY ? FOLDER_MODE
		       : want->executable	     ? FILE_MODE | 0111
						     : FILE_MODE;
	}
	/* Git's own bit counts where the manifest is silent. */
	if (want->type == STATE_FILE && want->content->path != NULL &&
	    executable != want->executable) {
		return want->executable ? mode | (mode & 0444) >> 2 : mode & ~(int64_t)0111;
	}
	return mode;
}

/* What is stated and differs; false when nothing does. */
static bool differs(const struct plan_state *now, struct plan_state *want)
{
	bool content = false;

	if (now->type != want->type) {
		return true;
	}
	if (want->type == STATE_FILE) {
		content = !plan_content_equal(now, want);
		if (!content) {
			want->size = -1;
			want->keyed = NULL;
		}
	}
	if (want->type == STATE_LINK) {
		content = g_strcmp0(now->link, want->link) != 0;
		if (!content) {
			want->link = NULL;
		}
	}
	want->mode = want->mode == now->mode ? -1 : want->mode;
	want->uid = want->uid == now->uid ? -1 : want->uid;
	want->gid = want->gid == now->gid ? -1 : want->gid;
	return content || want->mode >= 0 || want->uid >= 0 || want->gid >= 0;
}

static bool in_group(gid_t gid)
{
	gid_t list[65536];
	int count = getgroups(G_N_ELEMENTS(list), list);

	for (int i = 0; i < count; i++) {
		if (list[i] == gid) {
			return true;
		}
	}
	return gid == getegid();
}

/* Only root gives files away, or keeps the owner of a new version of somebody else's file. */
static void check_privilege(struct planner *p, const struct want *want,
			    const struct plan_item *item)
{
	const struct plan_change *c = &item->change;
	bool update = c->action == ACTION_UPDATE;
	int64_t uid = c->desired.uid >= 0 ? c->desired.uid : update ? c->observed.uid : -1;
	int64_t gid = c->desired.gid >= 0 ? c->desired.gid : update ? c->observed.gid : -1;
	g_autofree char *shown = g_utf8_make_valid(c->path, -1);

	if (geteuid() == 0 || p->for_root) {
		return;
	}
	if ((uid >= 0 && uid != geteuid()) || (update && c->observed.uid != geteuid())) {
		plan_fail(p, want,
			  "'%s' belongs or shall belong to another user; only root may "
			  "do that",
			  shown);
	} else if (gid >= 0 && !in_group((gid_t)gid)) {
		plan_fail(p, want,
			  "'%s' belongs or shall belong to group %d, and this user is "
			  "not in it",
			  shown, (int)gid);
	}
}

static bool set_desired(struct planner *p, const struct want *want, const struct plan_state *now,
			struct plan_state *out, GError **error)
{
	*out = PLAN_STATE(want->type);
	if (want->type == STATE_FILE &&
	    !(plan_is_secret(p, want->path) ? plan_secret_digest(p, want, out, error)
					    : want_digest(p, want, out, error))) {
		return false;
	}
	out->link = want->link;
	out->mode = wanted_mode(want, now);
	if (want->resource != NULL && want->resource->owner != NULL) {
		find_user(p, want, want->resource->owner, &out->uid);
	}
	if (want->resource != NULL && want->resource->group != NULL) {
		find_group(p, want, want->resource->group, &out->gid);
	}
	return true;
}

static enum plan_action action_for(enum state_type now, enum state_type want)
{
	return now == STATE_ABSENT ? ACTION_CREATE : now == want ? ACTION_UPDATE : ACTION_REPLACE;
}

static bool compare(struct planner *p, const struct want *want, GError **error)
{
	struct plan_item *item;
	struct observed now;
	struct plan_state desired;
	g_autofree char *shown = NULL;

	if (!observe_path(p->observer, want->root, want->path, &now, error) ||
	    !set_desired(p, want, &now.state, &desired, error)) {
		return false;
	}
	if (!differs(&now.state, &desired)) {
		return true;
	}
	if (now.state.type == STATE_OTHER) {
		shown = g_utf8_make_valid(want->path, -1);
		plan_fail(p, want, "'%s' is a device, socket or pipe; it is not replaced", shown);
		return true;
	}
	item = g_new0(struct plan_item, 1);
	item->want = want;
	item->resource = want->resource;
	item->before = now;
	item->change.id = plan_id(p, want->type, want->path);
	item->change.kind = want->kind;
	item->change.path = want->path;
	item->change.root = want->root;
	item->change.action = action_for(now.state.type, want->type);
	item->change.observed = now.state;
	item->change.desired = desired;
	if (desired.uid >= 0) {
		item->change.desired.owner = observer_user(p->observer, (uid_t)desired.uid);
	}
	if (desired.gid >= 0) {
		item->change.desired.group = observer_group(p->observer, (gid_t)desired.gid);
	}
	g_ptr_array_add(p->changes, item);
	check_privilege(p, want, item);
	return now.state.type != STATE_DIRECTORY || want->type == STATE_DIRECTORY ||
	       plan_clear_folder(p, want, error);
}

bool plan_compare(struct planner *p, GError **error)
{
	for (guint i = 0; i < p->wants->len; i++) {
		if (!compare(p, p->wants->pdata[i], error)) {
			return false;
		}
	}
	return true;
}
