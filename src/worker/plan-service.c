/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is to be enabled, started, stopped or restarted. */
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "desired/names.h"
#include "worker/plan.h"
#include "worker/target/service.h"

/* The services of one manager. */
struct looking {
	struct planner *p;
	bool user;
	struct systemd *s;
	GHashTable *units; /* name to struct systemd_unit */
	GHashTable *stale; /* struct plan_item whose unit the manager must read again */
};
/* What one resource comes to. */
struct wish {
	const struct desired_resource *r;
	const struct systemd_unit *unit;
	const char *enabled; /* NULL: stays as it is */
	bool stays;	     /* there is nothing to start, stop, restart or reload */
	enum plan_action action;
	const char **because;
	bool fresh; /* its unit file is new or changed by this plan */
	struct systemd_details details;
};

static bool changes_file(const struct planner *p, const char *unit)
{
	g_autofree char *template = names_unit_template(unit);

	for (guint i = 0; i < p->changes->len; i++) {
		const struct plan_change *c = &((struct plan_item *)p->changes->pdata[i])->change;
		const char *name = strrchr(c->path, '/') + 1;

		if (c->desired.type != STATE_DIRECTORY &&
		    (strcmp(name, unit) == 0 || g_strcmp0(name, template) == 0)) {
			return true;
		}
	}
	return false;
}

/* Something that may bring units which are nowhere yet. */
static bool brings_units(const struct planner *p)
{
	for (guint i = 0; i < p->acts->len; i++) {
		const struct plan_item *item = p->acts->pdata[i];

		if (strcmp(item->change.kind, "package") == 0 ||
		    strcmp(item->change.kind, "command") == 0) {
			return true;
		}
	}
	return false;
}

static const char *wanted_enabled(const struct desired_resource *r)
{
	return r->masked == 1	 ? "masked"
	       : r->enabled == 1 ? "enabled"
	       : r->enabled == 0 ? "disabled"
	       : r->masked == 0	 ? "unmasked"
				 : NULL;
}

/* Of a unit that is there. */
static const char *change_enabled(struct planner *p, const struct wish *w)
{
	static const char *const possible[] = {
		"disabled",	  "linked", "linked-runtime", "enabled-runtime", "masked",
		"masked-runtime", NULL};
	const char *now = w->unit->enabled, *wanted = wanted_enabled(w->r);
	bool masked = service_is_masked(now);

	if (wanted == NULL || strcmp(wanted, "masked") == 0) {
		return wanted == NULL || masked ? NULL : wanted;
	}
	if (masked && w->r->masked == 0) {
		return wanted;
	}
	if (strcmp(wanted, "enabled") != 0) {
		bool enabled = service_is_enabled(now) || g_strcmp0(now, "enabled-runtime") == 0;

		return strcmp(wanted, "disabled") == 0 && enabled ? wanted : NULL;
	}
	if (masked) {
		plan_fail_at(p, w->r, "'%s' is masked; say 'masked: false' to enable it",
			     w->r->name);
		return NULL;
	}
	if (service_is_enabled(now)) {
		return NULL;
	}
	if (!w->fresh && (now == NULL || !g_strv_contains(possible, now))) {
		plan_fail_at(p, w->r,
			     "'%s' cannot be enabled: it is '%s' for systemd (has its file an "
			     "[Install] section?)",
			     w->r->name, now != NULL ? now : "not from a file");
		return NULL;
	}
	return wanted;
}

static bool is_active(const struct wish *w)
{
	return strcmp(w->unit->running, "active") == 0;
}

/* Sets what happens to a unit that is there. */
static void change_running(struct planner *p, struct wish *w)
{
	bool notified = w->because != NULL;

	w->stays = true;
	if (w->r->state == DESIRED_STOPPED) {
		w->stays = !is_active(w);
		w->action = ACTION_STOP;
	} else if (is_active(w)) {
		w->stays = !notified;
		w->action = w->r->reload ? ACTION_RELOAD : ACTION_RESTART;
		if (notified && w->r->reload && !w->details.can_reload && !w->fresh) {
			plan_warn(p, "'%s' cannot reload; it is restarted", w->r->name);
			w->action = ACTION_RESTART;
		}
	} else if (w->r->state == DESIRED_RUNNING) {
		/* One that ends by itself is never found running. */
		w->stays = w->details.runs_once && !notified &&
			   strcmp(w->unit->running, "failed") != 0;
		w->action = ACTION_START;
		if (!w->stays && service_is_masked(w->unit->enabled) && w->r->masked != 0) {
			plan_fail_at(p, w->r, "'%s' is masked; say 'masked: false' to start it",
				     w->r->name);
			w->stays = true;
		}
	}
}

/* A unit that this plan brings. */
static void change_new(struct wish *w, bool by_act)
{
	const char *wanted = wanted_enabled(w->r);
	bool stop = w->r->state == DESIRED_STOPPED;

	/* Who brings it may enable and start it by itself; a file does not. */
	if (by_act || g_strcmp0(wanted, "enabled") == 0 || g_strcmp0(wanted, "masked") == 0) {
		w->enabled = wanted;
	}
	w->stays = !(w->r->state == DESIRED_RUNNING || (stop && by_act));
	w->action = stop ? ACTION_STOP : ACTION_START;
}

static void add_item(struct looking *l, const struct wish *w)
{
	struct plan_item *item = plan_act(l->p, w->r, DESIRED_SERVICE, strchr(w->r->id, ':') + 1);
	struct plan_change *c = &item->change;

	c->manager = desired_scope_name(l->user);
	c->risk = l->user ? 0 : RISK_ROOT;
	service_state(w->unit, &c->observed);
	c->desired = PLAN_STATE(STATE_SERVICE);
	c->desired.enabled = w->enabled;
	c->action = !w->stays				  ? w->action
		    : strcmp(w->enabled, "enabled") == 0  ? ACTION_ENABLE
		    : strcmp(w->enabled, "disabled") == 0 ? ACTION_DISABLE
							  : ACTION_UPDATE;
	if (!w->stays) {
		c->desired.running = c->action == ACTION_STOP ? "inactive" : "active";
		c->because = c->action == ACTION_STOP ? NULL : w->because;
	}
	if (w->details.needs_reload) {
		g_hash_table_add(l->stale, item);
	}
}

/* What is to be known besides before a unit is started or ended. */
static bool ask(struct looking *l, struct wish *w, GError **error)
{
	bool runs = w->r->state == DESIRED_RUNNING || w->because != NULL ||
		    (w->r->state == DESIRED_STOPPED && is_active(w));

	if (!runs || names_unit_is_template(w->r->name) ||
	    (is_active(w) && w->because == NULL && w->r->state == DESIRED_RUNNING)) {
		return true;
	}
	if (!systemd_ask(l->s, w->r->name, &w->details, error)) {
		return false;
	}
	g_clear_pointer(&w->details.file, g_free);
	return true;
}

static bool compare(struct looking *l, const struct desired_resource *r, GError **error)
{
	struct wish w = {.r = r,
			 .unit = g_hash_table_lookup(l->units, r->name),
			 .stays = true,
			 .because = plan_notified(l->p, r->id),
			 .fresh = changes_file(l->p, r->name)};
	bool by_act = brings_units(l->p);

	if (w.unit->found) {
		if (!ask(l, &w, error)) {
			return false;
		}
		w.enabled = change_enabled(l->p, &w);
		change_running(l->p, &w);
	} else if (w.fresh || by_act) {
		change_new(&w, by_act);
	} else if (r->state == DESIRED_RUNNING || r->enabled == 1) {
		plan_fail_at(l->p, r, "there is no unit '%s', and nothing here brings it", r->name);
	} else if (r->masked == 1) {
		w.enabled = "masked";
	}
	if (!w.stays && w.details.is_ours &&
	    (w.action == ACTION_STOP || w.action == ACTION_RESTART)) {
		plan_fail_at(l->p, r, "'%s' is the agent's own unit, which cannot %s itself",
			     r->name, plan_action_names[w.action]);
	} else if (w.enabled != NULL || !w.stays) {
		add_item(l, &w);
	}
	return true;
}

static bool is_sound(struct planner *p, const struct desired_resource *r)
{
	if (!systemd_name_is_good(r->name)) {
		plan_fail_at(p, r, "'%s' is no name of a unit that can be started", r->name);
		return false;
	}
	if (r->masked == 1 && (r->state == DESIRED_RUNNING || r->enabled == 1)) {
		plan_fail_at(p, r,
			     "'%s' shall be masked, and then it can be neither enabled nor "
			     "running",
			     r->name);
		return false;
	}
	if (r->user_scope && p->for_root) {
		plan_fail_at(p, r,
			     "root applies this stack, and it does not speak with the "
			     "user's manager: '%s' needs 'scope: system' or a stack of its own",
			     r->name);
		return false;
	}
	return true;
}

static bool is_of(const struct desired_resource *r, bool user)
{
	return r->kind == DESIRED_SERVICE && r->user_scope == user;
}

/* Opens the manager and looks at all units; false with *error NULL: a person was told. */
static bool look(struct looking *l, GPtrArray *resources, GError **error)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new();
	g_autoptr(GError) problem = NULL;

	for (guint i = 0; i < resources->len; i++) {
		g_ptr_array_add(names, ((struct desired_resource *)resources->pdata[i])->name);
	}
	g_ptr_array_add(names, NULL);
	l->s = host_systemd(observer_host(l->p->observer), l->user, &problem);
	if (l->s == NULL) {
		plan_fail_at(l->p, resources->pdata[0], "%s", problem->message);
		return false;
	}
	return systemd_look_all(l->s, (const char *const *)names->pdata, &l->units, error);
}

static bool plan_manager(struct planner *p, bool user, GHashTable *stale, GError **error)
{
	g_autoptr(GPtrArray) resources = g_ptr_array_new();
	struct looking l = {.p = p, .user = user, .stale = stale};
	bool ok = true;

	for (guint i = 0; i < p->desired->resources->len; i++) {
		struct desired_resource *r = p->desired->resources->pdata[i];

		if (is_of(r, user) && is_sound(p, r)) {
			g_ptr_array_add(resources, r);
		}
	}
	if (resources->len == 0) {
		return true;
	}
	if (!look(&l, resources, error)) {
		return *error == NULL;
	}
	for (guint i = 0; ok && i < resources->len; i++) {
		ok = compare(&l, resources->pdata[i], error);
	}
	g_hash_table_unref(l.units);
	return ok;
}

/* An act that nobody asks for any more stands before everything else. */
static void add_first(struct planner *p, const struct desired_resource *was,
		      const struct systemd_unit *unit, bool stop, bool disable)
{
	struct plan_item *item = plan_act(p, NULL, DESIRED_SERVICE, strchr(was->id, ':') + 1);
	struct plan_change *c = &item->change;

	c->manager = desired_scope_name(was->user_scope);
	c->risk = was->user_scope ? 0 : RISK_ROOT;
	service_state(unit, &c->observed);
	c->desired = PLAN_STATE(STATE_SERVICE);
	c->desired.enabled = disable ? "disabled" : NULL;
	c->desired.running = stop ? "inactive" : NULL;
	c->action = stop ? ACTION_STOP : ACTION_DISABLE;
	g_ptr_array_insert(p->acts, 0, g_ptr_array_steal_index(p->acts, p->acts->len - 1));
}

static bool prune(struct planner *p, const struct desired_resource *was, GError **error)
{
	struct systemd *s = host_systemd(observer_host(p->observer), was->user_scope, NULL);
	struct systemd_details details = {0};
	struct systemd_unit unit;
	bool stop, disable;

	if (s == NULL || (was->user_scope && p->for_root)) {
		plan_warn(p,
			  "'%s' is not declared any more, but its manager cannot be asked; left "
			  "alone",
			  was->name);
		return true;
	}
	if (!systemd_look(s, was->name, &unit, error)) {
		return false;
	}
	stop = was->state == DESIRED_RUNNING && strcmp(unit.running, "active") == 0;
	disable = was->enabled == 1 && service_is_enabled(unit.enabled);
	if (stop && !systemd_ask(s, was->name, &details, error)) {
		return false;
	}
	g_free(details.file);
	if (details.is_ours) {
		plan_warn(p, "'%s' is not declared any more, but it is the agent's own; left alone",
			  was->name);
	} else if (stop || disable) {
		add_first(p, was, &unit, stop, disable);
	}
	return true;
}

/* What we were asked to run, or to enable, and are not any more. */
static bool prune_all(struct planner *p, GError **error)
{
	const struct desired *base;
	g_autoptr(GHashTable) declared = g_hash_table_new(g_str_hash, g_str_equal);

	if (!p->desired->prune || strcmp(p->base, p->commit) == 0) {
		return true;
	}
	base = plan_base(p);
	for (guint i = 0; i < p->desired->resources->len; i++) {
		g_hash_table_add(declared,
				 ((struct desired_resource *)p->desired->resources->pdata[i])->id);
	}
	for (guint i = base != NULL ? base->resources->len : 0; i > 0; i--) {
		const struct desired_resource *was = base->resources->pdata[i - 1];

		if (was->kind == DESIRED_SERVICE && !g_hash_table_contains(declared, was->id) &&
		    systemd_name_is_good(was->name) && !prune(p, was, error)) {
			return false;
		}
	}
	return true;
}

static void warn_of_rights(struct planner *p)
{
	for (guint i = 0; i < p->acts->len && !p->for_root && geteuid() != 0; i++) {
		const struct plan_item *item = p->acts->pdata[i];

		if (g_strcmp0(item->change.manager, "system") == 0 &&
		    strcmp(item->change.kind, "service") == 0) {
			plan_warn(p, "services of the system are changed by this user only where "
				     "polkit lets it; otherwise the stack needs 'elevate'");
			return;
		}
	}
}

bool plan_services(struct planner *p, GError **error)
{
	g_autoptr(GHashTable) stale = g_hash_table_new(g_direct_hash, g_direct_equal);

	if (!plan_manager(p, false, stale, error) || !plan_manager(p, true, stale, error) ||
	    !prune_all(p, error)) {
		return false;
	}
	plan_reloads(p, stale);
	warn_of_rights(p);
	return true;
}
