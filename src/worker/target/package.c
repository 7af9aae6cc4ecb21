/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Packages: what a plan may say of them, and the one transaction that does it. */
#include "worker/target/package.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "worker/target/package-group.h"

static bool bad(const struct plan_change *c, const char *why, GError **error)
{
	return fail(error, TARGET_ERROR, TARGET_ERROR_PLAN, "the plan's change '%s' %s", c->id,
		    why);
}

static bool state_is_good(const struct plan_state *s)
{
	return (s->version == NULL || package_version_is_good(s->version)) &&
	       (s->arch == NULL || package_arch_is_good(s->arch));
}

/* Do the states fit the action? */
static bool action_is_good(const struct plan_change *c)
{
	const struct plan_state *o = &c->observed, *d = &c->desired;
	bool was = o->type == STATE_PACKAGE && o->version != NULL;

	switch (c->action) {
	case ACTION_CREATE:
		return o->type == STATE_ABSENT && d->type == STATE_PACKAGE && d->version != NULL;
	case ACTION_UPDATE:
		return was && d->type == STATE_PACKAGE && (d->version != NULL || d->held >= 0);
	case ACTION_REMOVE:
		return was && d->type == STATE_ABSENT;
	case ACTION_REPLACE:
	case ACTION_START:
	case ACTION_STOP:
	case ACTION_RESTART:
	case ACTION_RELOAD:
	case ACTION_ENABLE:
	case ACTION_DISABLE:
	case ACTION_RUN:
		break;
	}
	return false;
}

static bool package_check(const struct plan_change *c, GError **error)
{
	const struct package_ops *ops =
		c->manager != NULL ? package_manager_find(c->manager) : NULL;
	g_autofree char *name = NULL, *arch = NULL;

	if (ops == NULL) {
		return bad(c, "names no package manager that is known", error);
	}
	if (!g_str_has_prefix(c->id, "package:") ||
	    !package_split(ops, c->id + strlen("package:"), &name, &arch)) {
		return bad(c, "does not name a package", error);
	}
	if (!state_is_good(&c->observed) || !state_is_good(&c->desired)) {
		return bad(c, "has a version or an architecture that is none", error);
	}
	return action_is_good(c) || bad(c, "has states that do not fit its action", error);
}

static bool package_observe(struct observer *o, const struct plan_change *change,
			    struct observed *out, GError **error)
{
	const struct package_ops *ops = package_manager_find(change->manager);
	const struct package_list *list;

	if (ops == NULL || !ops->detect()) {
		return fail(error, TARGET_ERROR, TARGET_ERROR_FAILED, "this host has no %s",
			    change->manager);
	}
	if (!host_packages(observer_host(o), ops, &list, error)) {
		return false;
	}
	*out = (struct observed){.state = package_state(ops, list, change)};
	return true;
}

static void add_side(GString *out, char sign, const struct plan_state *s)
{
	if (s->type != STATE_PACKAGE) {
		return;
	}
	if (s->version != NULL) {
		g_string_append_printf(out, "%c%s\n", sign, s->version);
	}
}

static void add_held(GString *out, char sign, const struct plan_state *s)
{
	if (s->type == STATE_PACKAGE && s->held >= 0) {
		g_string_append_printf(out, "%c%s\n", sign, s->held ? "held" : "not held");
	}
}

static void add_sizes(GString *out, const struct plan_change *c)
{
	int64_t old = c->observed.type == STATE_PACKAGE ? c->observed.space : 0;
	int64_t new = c->desired.type == STATE_PACKAGE ? c->desired.space : 0;

	if (c->desired.download >= 0) {
		g_string_append_printf(out, " %" PRId64 " bytes to fetch\n", c->desired.download);
	}
	if (old >= 0 && new >= 0 && (c->desired.version != NULL || c->action == ACTION_REMOVE)) {
		g_string_append_printf(out, " %+" PRId64 " bytes on the disk\n", new - old);
	}
	if (c->desired.archive != NULL) {
		g_string_append_printf(out, " archive %s\n", c->desired.archive);
	}
}

static bool package_diff(struct differ *d, GString *out, const struct plan_change *c,
			 const struct diff_content *old, const struct diff_content *new,
			 GError **error)
{
	bool version = c->action != ACTION_UPDATE || c->desired.version != NULL;

	g_string_append_printf(out, "package %s (%s)\n", c->id + strlen("package:"), c->manager);
	if (version) {
		add_side(out, '-', &c->observed);
		add_side(out, '+', &c->desired);
	} else {
		add_side(out, ' ', &c->observed);
	}
	if (c->desired.type == STATE_PACKAGE && c->desired.held >= 0) {
		add_held(out, '-', &c->observed);
		add_held(out, '+', &c->desired);
	}
	add_sizes(out, c);
	if (c->note != NULL) {
		g_string_append(out, c->note);
	}
	return true;
}

static bool is_leader(const struct package_group *g, const struct step *step)
{
	return package_group_step(g, 0) == step;
}

static bool is_at(const struct plan_state *now, const struct plan_state *want)
{
	if (want->type == STATE_ABSENT || now->type == STATE_ABSENT) {
		return want->type == now->type;
	}
	return g_strcmp0(want->version, now->version) == 0;
}

/* Is it as the plan leaves it? */
static bool is_done(const struct plan_state *now, const struct plan_change *c)
{
	struct plan_state want = c->desired;

	if (c->action == ACTION_UPDATE && want.version == NULL) {
		want.version = c->observed.version;
	}
	return is_at(now, &want) &&
	       (want.held < 0 || want.type == STATE_ABSENT || now->held == want.held);
}

/* What is left to do of the plan's versions; what is there is what the plan saw, or wants. */
static bool find_changes(const struct package_group *g, const struct package_list *list,
			 GPtrArray *out, GError **error)
{
	for (guint i = 0; i < g->count; i++) {
		const struct plan_change *c = package_group_step(g, i)->change;
		struct plan_state now = package_state(g->ops, list, c);
		bool remove = c->desired.type == STATE_ABSENT;
		struct package_change *change;

		if (c->action == ACTION_UPDATE && c->desired.version == NULL) {
			continue;
		}
		if (is_at(&now, &c->desired)) {
			continue;
		}
		if (!is_at(&now, &c->observed)) {
			return fail(error, TARGET_ERROR, TARGET_ERROR_CHANGED,
				    "'%s' is %s, which is neither what the plan saw nor what it "
				    "wants",
				    c->id, now.type == STATE_ABSENT ? "absent" : now.version);
		}
		change = package_group_change(g, list, c, remove ? NULL : c->desired.version);
		change->archive = g_strdup(c->desired.archive);
		g_ptr_array_add(out, change);
	}
	return true;
}

/* What is half done by an earlier try is brought to its end first. */
static bool repair(const struct package_group *g, const struct package_list **list, GError **error)
{
	bool broken = false;

	for (guint i = 0; i < g->count; i++) {
		const struct plan_change *c = package_group_step(g, i)->change;
		struct plan_state now = package_state(g->ops, *list, c);

		broken |= now.type == STATE_PACKAGE && strchr(now.version, ',') != NULL;
	}
	if (!broken) {
		return true;
	}
	if (!g->ops->repair(&g->how, error)) {
		return false;
	}
	host_forget(g->run->host);
	return package_group_list(g, list, error);
}

static bool package_stage(struct target_run *run, struct step *step, GError **error)
{
	g_autoptr(GPtrArray) changes = g_ptr_array_new_with_free_func(package_change_destroy);
	const struct package_list *list;
	struct package_group g;

	if (!package_group_find(run, step, &g, error)) {
		return false;
	}
	if (!is_leader(&g, step)) {
		return true;
	}
	if (geteuid() != 0) {
		return fail(error, TARGET_ERROR, TARGET_ERROR_FAILED,
			    "only root may change packages");
	}
	return package_group_list(&g, &list, error) && find_changes(&g, list, changes, error) &&
	       (changes->len == 0 || (package_group_simulate(&g, list, changes, error) &&
				      g.ops->fetch(&g.how, changes, error)));
}

static bool is_expected(const GPtrArray *changes, const struct package *p)
{
	for (guint i = 0; i < changes->len; i++) {
		const struct package_change *c = changes->pdata[i];

		if (strcmp(c->name, p->name) == 0) {
			return true;
		}
	}
	return false;
}

/* One that is in the one list and not so in the other, and in no change; NULL: none. */
static const struct package *find_surprise(const struct package_list *a,
					   const struct package_list *b, const GPtrArray *changes)
{
	for (guint i = 0; i < a->items->len; i++) {
		const struct package *p = a->items->pdata[i];
		const struct package *q = package_list_find(b, p->name, p->arch);

		if ((q == NULL || (strcmp(q->version, p->version) != 0 &&
				   package_list_find(a, p->name, p->arch) == p)) &&
		    !is_expected(changes, p)) {
			return p;
		}
	}
	return NULL;
}

/* Nothing but the plan has happened? */
static bool check_rest(const struct package_group *g, const struct package_list *before,
		       const GPtrArray *changes, GError **error)
{
	const struct package *p;
	const struct package_list *after;

	if (!package_group_list(g, &after, error)) {
		return false;
	}
	p = find_surprise(before, after, changes);
	if (p == NULL) {
		p = find_surprise(after, before, changes);
	}
	return p == NULL ||
	       fail(error, TARGET_ERROR, TARGET_ERROR_CHANGED,
		    "'%s' has changed with the others, and the plan does not know it", p->name);
}

static int desired_held(const struct plan_change *c)
{
	return c->desired.type == STATE_PACKAGE ? c->desired.held : -1;
}

static bool run_transaction(const struct package_group *g, const GPtrArray *changes, char **said,
			    GError **error)
{
	g_autoptr(package_list_auto) before = NULL;

	if (!g->ops->list(&g->how, &before, error) ||
	    !package_group_simulate(g, before, changes, error)) {
		return false;
	}
	if (!g->ops->transact(&g->how, changes, said, error)) {
		host_forget(g->run->host);
		return false;
	}
	host_forget(g->run->host);
	return check_rest(g, before, changes, error);
}

static bool commit_group(const struct package_group *g, char **said, GError **error)
{
	g_autoptr(GPtrArray) changes = g_ptr_array_new_with_free_func(package_change_destroy);
	const struct package_list *list;

	host_forget(g->run->host);
	return package_group_list(g, &list, error) && repair(g, &list, error) &&
	       find_changes(g, list, changes, error) &&
	       (changes->len == 0 || run_transaction(g, changes, said, error)) &&
	       package_group_hold(g, desired_held, error);
}

static bool verify(const struct package_group *g, const struct step *step, GError **error)
{
	const struct plan_change *c = step->change;
	const struct package_list *list;
	struct plan_state now;

	if (!package_group_list(g, &list, error)) {
		return false;
	}
	now = package_state(g->ops, list, c);
	return is_done(&now, c) ||
	       fail(error, TARGET_ERROR, TARGET_ERROR_FAILED, "%s leaves it %s%s", g->ops->name,
		    now.type == STATE_ABSENT ? "absent" : now.version,
		    now.held == 1 ? " and held" : "");
}

static bool package_commit(struct target_run *run, struct step *step, GError **error)
{
	struct package_group g;
	g_autofree char *said = NULL;

	if (!package_group_find(run, step, &g, error)) {
		return false;
	}
	if (is_leader(&g, step) && !commit_group(&g, &said, error)) {
		return false;
	}
	if (said != NULL) {
		g_free(step->message);
		step->message = g_steal_pointer(&said);
	}
	return verify(&g, step, error);
}

/* Archives stay in the manager's cache: they serve the next step back. */
static bool package_finish(struct target_run *run, struct step *step, GError **error)
{
	return true;
}

const struct target_ops target_package = {
	.name = "package",
	.acts = true,
	.check = package_check,
	.observe = package_observe,
	.diff = package_diff,
	.stage = package_stage,
	.commit = package_commit,
	.undo = package_undo,
	.finish = package_finish,
};
