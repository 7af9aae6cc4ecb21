/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which managers must read their units again, and when. */
#include <string.h>
#include <unistd.h>

#include "worker/plan.h"
#include "worker/target/service.h"

/* Where a manager looks for units. */
static GPtrArray *unit_folders(const struct planner *p, bool user)
{
	static const char *const below[] = {"/etc", "/run", "/usr/local/lib", "/usr/lib", "/lib"};
	static const char *const homes[] = {".config", ".local/share"};
	GPtrArray *folders = g_ptr_array_new_with_free_func(g_free);
	const char *config = g_getenv("XDG_CONFIG_HOME");

	for (size_t i = 0; i < G_N_ELEMENTS(below); i++) {
		g_ptr_array_add(folders,
				g_strconcat(below[i], "/systemd/", desired_scope_name(user), NULL));
	}
	for (size_t i = 0; user && p->env.home != NULL && i < G_N_ELEMENTS(homes); i++) {
		g_ptr_array_add(folders,
				g_build_filename(p->env.home, homes[i], "systemd/user", NULL));
	}
	if (user && config != NULL && config[0] == '/') {
		g_ptr_array_add(folders, g_build_filename(config, "systemd/user", NULL));
	}
	return folders;
}

/* Folders by themselves say nothing, nor do modes and owners. */
static bool is_telling(const struct plan_change *c)
{
	return c->action != ACTION_UPDATE ? c->desired.type != STATE_DIRECTORY
					  : c->desired.size >= 0 || c->desired.link != NULL;
}

static bool is_unit(const GPtrArray *folders, const struct plan_item *item)
{
	for (guint i = 0; is_telling(&item->change) && i < folders->len; i++) {
		if (beneath_is_within(item->change.path, folders->pdata[i])) {
			return true;
		}
	}
	return false;
}

static bool any_unit(const GPtrArray *folders, const GPtrArray *items)
{
	for (guint i = 0; i < items->len; i++) {
		if (is_unit(folders, items->pdata[i])) {
			return true;
		}
	}
	return false;
}

bool plan_is_unit(const struct planner *p, bool user, const struct plan_item *item)
{
	g_autoptr(GPtrArray) folders = unit_folders(p, user);

	return item->change.path != NULL && is_unit(folders, item);
}

static guint position_of(const struct plan_item *item)
{
	return item->resource != NULL ? item->resource->position : 0;
}

static int by_position(gconstpointer a, gconstpointer b)
{
	const struct plan_item *const *x = a, *const *y = b;

	return (position_of(*x) > position_of(*y)) - (position_of(*x) < position_of(*y));
}

/* The items of one manager's services, and its changed units, in order of their resources. */
static GPtrArray *sorted(const GPtrArray *items,
			 bool (*fits)(const struct plan_item *, const void *), const void *user)
{
	GPtrArray *out = g_ptr_array_new();

	for (guint i = 0; i < items->len; i++) {
		if (fits(items->pdata[i], user)) {
			g_ptr_array_add(out, items->pdata[i]);
		}
	}
	g_ptr_array_sort(out, by_position);
	return out;
}

static bool is_unit_item(const struct plan_item *item, const void *folders)
{
	return is_unit(folders, item);
}

static bool is_service_of(const struct plan_item *item, const void *manager)
{
	return item->resource != NULL && strcmp(item->change.kind, "service") == 0 &&
	       strcmp(item->change.manager, manager) == 0;
}

/* Ids are given once; *count: reloads so far. */
static struct plan_item *add_reload(struct planner *p, bool user, unsigned *count)
{
	g_autofree char *name = *count == 0 ? g_strdup("daemon-reload")
				: *count == 1 && user
					? g_strdup("daemon-reload:user")
					: g_strdup_printf("daemon-reload:%u", *count + 1);
	struct plan_item *item = plan_act(p, NULL, DESIRED_SERVICE, name);

	(*count)++;
	item->change.action = ACTION_RELOAD;
	item->change.manager = desired_scope_name(user);
	item->change.risk = user ? 0 : RISK_ROOT;
	item->change.observed = item->change.desired = PLAN_STATE(STATE_SERVICE);
	return item;
}

/* From here on the service waits for the reload that came last. */
static void need(struct planner *p, struct plan_item *service, const struct plan_item *reload)
{
	if (reload != NULL && service->change.action != ACTION_STOP) {
		service->change.needs = plan_keep_list(p, 1);
		service->change.needs[0] = reload->change.id;
	}
}

static void place_reloads(struct planner *p, bool user, const GPtrArray *folders, GHashTable *stale,
			  unsigned *count)
{
	g_autoptr(GPtrArray) units = sorted(p->changes, is_unit_item, folders);
	g_autoptr(GPtrArray) services = sorted(p->acts, is_service_of, desired_scope_name(user));
	bool pending = any_unit(folders, p->removals);
	struct plan_item *reload = NULL;
	guint next = 0;

	for (guint i = 0; i < services->len; i++) {
		struct plan_item *service = services->pdata[i];

		for (; next < units->len && position_of(units->pdata[next]) < position_of(service);
		     next++) {
			pending = true;
		}
		if (pending || (reload == NULL && g_hash_table_contains(stale, service))) {
			reload = add_reload(p, user, count);
			reload->place = service->resource;
			pending = false;
		}
		need(p, service, reload);
	}
	if (pending || next < units->len) {
		add_reload(p, user, count)->last = true;
	}
}

void plan_reloads(struct planner *p, GHashTable *stale)
{
	unsigned count = 0;

	for (int user = 0; user <= 1; user++) {
		g_autoptr(GPtrArray) folders = unit_folders(p, user);
		bool changed = any_unit(folders, p->changes) || any_unit(folders, p->removals);
		g_autoptr(GError) problem = NULL;

		if (!changed && g_hash_table_size(stale) == 0) {
			continue;
		}
		if (user && p->for_root) {
			if (changed) {
				plan_warn(p, "units of users change; their managers read them at "
					     "their own next reload");
			}
		} else if (host_systemd(observer_host(p->observer), user, &problem) == NULL) {
			if (changed) {
				plan_warn(p,
					  "units change, and nobody is told to read them again: "
					  "%s",
					  problem->message);
			}
		} else {
			place_reloads(p, user, folders, stale, &count);
		}
	}
}
