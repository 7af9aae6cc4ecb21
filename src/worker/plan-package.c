/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the package manager would do. */
#include "worker/plan.h"

#include <string.h>
#include <unistd.h>

#include "base/error.h"

/* One package of one manager: what is wanted of it, and what is there. */
struct asked {
	const struct desired_resource
		*resource; /* NULL: the last commit declared it, to be pruned */
	const char *name, *arch;
	const struct package *have;
	const char *label;   /* as the manager's functions take it */
	const char *version; /* that is chosen; NULL: the manager's choice */
	guint before;	     /* the last one of this name before it, counted from 1; 0: none */
	bool change;	     /* its version or presence must change */
	bool changes;	     /* the manager would change it */
};

/* A manager that was looked for; problem: there is none. */
struct found {
	const struct package_ops *ops;
	GError *problem;
};

/* The packages of one manager. */
struct batch {
	struct planner *p;
	const struct package_ops *ops;
	const struct package_list *list;
	struct package_run run;
	GHashTable *managers; /* as find_manager() wants it */
	GArray *asked;	      /* struct asked */
	GHashTable *last;     /* name to the last one in asked, counted from 1 */
	bool holds;	      /* some are to be held or released */
};

static bool is_package(const struct desired_resource *r)
{
	return r->kind == DESIRED_PACKAGE;
}

/* All packages go where the first of them does: they are one transaction. */
static const struct desired_resource *first_package(const struct planner *p)
{
	for (guint i = 0; i < p->desired->resources->len; i++) {
		if (is_package(p->desired->resources->pdata[i])) {
			return p->desired->resources->pdata[i];
		}
	}
	return NULL;
}

static void free_found(gpointer data)
{
	struct found *found = data;

	g_clear_error(&found->problem);
	g_free(found);
}

static bool detect(const char *name, const struct package_ops **out, GError **error)
{
	if (name == NULL) {
		return package_manager_of_host(NULL, out, error);
	}
	*out = package_manager_find(name);
	if (*out == NULL) {
		return fail(error, PACKAGE_ERROR, PACKAGE_ERROR_FAILED,
			    "'%s' is no package manager that is known here", name);
	}
	return (*out)->detect() ||
	       fail(error, PACKAGE_ERROR, PACKAGE_ERROR_FAILED, "this host has no %s", name);
}

/* managers: "" or a name to struct found, since that takes a look at files and $PATH. */
static bool find_manager(GHashTable *managers, const struct desired_resource *r,
			 const struct package_ops **out, GError **error)
{
	const char *key = r->manager != NULL ? r->manager : "";
	struct found *found = g_hash_table_lookup(managers, key);

	if (found == NULL) {
		found = g_new0(struct found, 1);
		g_hash_table_insert(managers, (gpointer)key, found);
		if (!detect(r->manager, &found->ops, &found->problem)) {
			found->ops = NULL;
		}
	}
	if (found->ops == NULL) {
		g_propagate_error(error, g_error_copy(found->problem));
		return false;
	}
	*out = found->ops;
	return true;
}

static bool stopped(void *user)
{
	return job_stopped(user);
}

static const char *keep_text(struct planner *p, const char *text)
{
	return text != NULL ? plan_keep(p, text) : NULL;
}

/* An entry for the resource; false: its name is not good. */
static bool add_asked(struct batch *b, const struct desired_resource *r, struct asked **out)
{
	g_autofree char *name = NULL, *arch = NULL, *label = NULL;
	struct asked asked = {.resource = r};

	if (!package_split(b->ops, r->name, &name, &arch)) {
		return false;
	}
	label = package_label(name, arch, arch != NULL);
	asked.name = plan_keep(b->p, name);
	asked.arch = keep_text(b->p, arch);
	asked.label = plan_keep(b->p, label);
	asked.have = package_list_find(b->list, name, arch);
	asked.before = GPOINTER_TO_UINT(g_hash_table_lookup(b->last, name));
	g_array_append_val(b->asked, asked);
	g_hash_table_insert(b->last, (gpointer)asked.name, GUINT_TO_POINTER(b->asked->len));
	*out = &g_array_index(b->asked, struct asked, b->asked->len - 1);
	return true;
}

static void ask(struct batch *b, const struct desired_resource *r)
{
	struct asked *a;
	g_autoptr(GError) problem = NULL;

	if (!add_asked(b, r, &a)) {
		plan_fail_at(b->p, r, "'%s' is no name of a package", r->name);
		return;
	}
	if (r->version != NULL && !package_conditions_check(r->version, &problem)) {
		plan_fail_at(b->p, r, "%s", problem->message);
		return;
	}
	if (r->state == DESIRED_ABSENT) {
		a->change = a->have != NULL;
		return;
	}
	if (a->have != NULL && a->have->problem != NULL) {
		plan_fail_at(b->p, r, "package '%s' is %s; repair it first, by hand", r->name,
			     a->have->problem);
		return;
	}
	a->change =
		a->have == NULL || (r->version != NULL &&
				    !package_conditions_fit(b->ops, r->version, a->have->version));
	b->holds |= r->held >= 0 && (a->have != NULL ? r->held != a->have->held : r->held == 1);
}

/* A set; the texts are the resources'. */
static GHashTable *package_ids(const struct desired *desired)
{
	GHashTable *ids = g_hash_table_new(g_str_hash, g_str_equal);

	for (guint i = 0; i < desired->resources->len; i++) {
		const struct desired_resource *r = desired->resources->pdata[i];

		if (is_package(r)) {
			g_hash_table_add(ids, r->id);
		}
	}
	return ids;
}

/* What the last commit wanted, and nobody wants any more. */
static void ask_vanished(struct batch *b, const struct desired *base)
{
	g_autoptr(GHashTable) declared = package_ids(b->p->desired);

	for (guint i = 0; base != NULL && i < base->resources->len; i++) {
		const struct desired_resource *r = base->resources->pdata[i];
		const struct package_ops *ops;
		struct asked *a;

		if (!is_package(r) || r->state == DESIRED_ABSENT ||
		    g_hash_table_contains(declared, r->id) ||
		    !find_manager(b->managers, r, &ops, NULL) || ops != b->ops ||
		    !add_asked(b, r, &a)) {
			continue;
		}
		a->resource = NULL;
		a->change = a->have != NULL;
	}
}

static bool any_change(const struct batch *b)
{
	for (guint i = 0; i < b->asked->len; i++) {
		if (g_array_index(b->asked, struct asked, i).change) {
			return true;
		}
	}
	return false;
}

/* Of the versions that could be had, the manager's first that fits. */
static void choose(struct batch *b, struct asked *a, const GPtrArray *versions)
{
	GString *all = g_string_new(NULL);

	for (guint i = 0; versions != NULL && i < versions->len; i++) {
		if (package_conditions_fit(b->ops, a->resource->version, versions->pdata[i])) {
			a->version = plan_keep(b->p, versions->pdata[i]);
			break;
		}
		g_string_append_printf(all, "%s%s", i > 0 ? ", " : "",
				       (const char *)versions->pdata[i]);
	}
	if (a->version == NULL && versions == NULL) {
		plan_fail_at(b->p, a->resource, "%s knows no package '%s'", b->ops->name, a->label);
	} else if (a->version == NULL) {
		plan_fail_at(b->p, a->resource, "no version of '%s' is %s: %s has %s", a->label,
			     a->resource->version, b->ops->name,
			     versions->len > 0 ? all->str : "none");
	}
	g_string_free(all, TRUE);
}

static bool is_conditional(const struct asked *a)
{
	return a->change && a->resource != NULL && a->resource->version != NULL &&
	       a->resource->state != DESIRED_ABSENT;
}

static bool choose_versions(struct batch *b, GError **error)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new();
	g_autoptr(GHashTable) table = NULL;

	for (guint i = 0; i < b->asked->len; i++) {
		const struct asked *a = &g_array_index(b->asked, struct asked, i);

		if (is_conditional(a)) {
			g_ptr_array_add(names, (gpointer)a->label);
		}
	}
	if (names->len == 0) {
		return true;
	}
	g_ptr_array_add(names, NULL);
	if (!b->ops->available(&b->run, (const char *const *)names->pdata, &table, error)) {
		return false;
	}
	for (guint i = 0; i < b->asked->len; i++) {
		struct asked *a = &g_array_index(b->asked, struct asked, i);

		if (is_conditional(a)) {
			choose(b, a, g_hash_table_lookup(table, a->label));
		}
	}
	return true;
}

/* Does the text speak of this package? */
static bool mentions(const char *text, const char *name)
{
	size_t len = strlen(name);

	for (const char *at = strstr(text, name); at != NULL; at = strstr(at + 1, name)) {
		bool before = at > text && (g_ascii_isalnum(at[-1]) || strchr("+-.", at[-1]));
		bool after = g_ascii_isalnum(at[len]) || at[len] == '+' || at[len] == '-';

		if (!before && !after) {
			return true;
		}
	}
	return false;
}

/* The manager will not: said where it is asked for. */
static void tell_refusal(struct batch *b, const char *text)
{
	const struct desired_resource *first = NULL;
	bool told = false;

	for (guint i = 0; i < b->asked->len; i++) {
		const struct asked *a = &g_array_index(b->asked, struct asked, i);

		if (!a->change || a->resource == NULL) {
			continue;
		}
		first = first != NULL ? first : a->resource;
		if (mentions(text, a->name)) {
			plan_fail_at(b->p, a->resource, "%s", text);
			told = true;
		}
	}
	if (!told) {
		plan_fail_at(b->p, first, "%s", text);
	}
}

static bool simulate(struct batch *b, GPtrArray **changes, GError **error)
{
	g_autofree struct package_want *wants = g_new0(struct package_want, b->asked->len);
	struct package_request request = {.wants = wants};
	g_autoptr(GError) problem = NULL;

	for (guint i = 0; i < b->asked->len; i++) {
		const struct asked *a = &g_array_index(b->asked, struct asked, i);
		const struct desired_resource *r = a->resource;

		if (!a->change) {
			continue;
		}
		wants[request.count++] =
			(struct package_want){.name = a->name,
					      .arch = a->arch,
					      .version = a->version,
					      .absent = r == NULL || r->state == DESIRED_ABSENT};
		request.change_held |= r != NULL && r->held >= 0;
	}
	if (b->ops->simulate(&b->run, b->list, &request, changes, &problem)) {
		return true;
	}
	if (!g_error_matches(problem, PACKAGE_ERROR, PACKAGE_ERROR_REFUSED)) {
		g_propagate_error(error, g_steal_pointer(&problem));
		return false;
	}
	tell_refusal(b, problem->message);
	return true;
}

static struct asked *find_asked(const struct batch *b, const struct package_change *c)
{
	guint i = GPOINTER_TO_UINT(g_hash_table_lookup(b->last, c->name));

	while (i > 0) {
		struct asked *a = &g_array_index(b->asked, struct asked, i - 1);

		if (a->arch != NULL ? strcmp(a->arch, c->arch) == 0 : !c->foreign) {
			return a;
		}
		i = a->before;
	}
	return NULL;
}

/* Does the manager's way agree with all that is declared? */
static void check_declared(struct batch *b, const struct asked *a, const struct package_change *c)
{
	const struct desired_resource *r = a != NULL ? a->resource : NULL;

	if (c->held && (r == NULL || r->held < 0)) {
		plan_fail_at(b->p, r != NULL ? r : first_package(b->p),
			     "package '%s' is held at %s, and %s would %s it; say `held: false` "
			     "of it, or release it by hand",
			     c->name, c->from, b->ops->name, c->to != NULL ? "change" : "remove");
	}
	if (r == NULL) {
		return;
	}
	if (r->state != DESIRED_ABSENT && c->to == NULL) {
		plan_fail_at(b->p, r, "%s would remove '%s' for the sake of the others%s%s",
			     b->ops->name, c->name, c->why != NULL ? ": " : "",
			     c->why != NULL ? c->why : "");
	} else if (r->state == DESIRED_ABSENT && c->to != NULL) {
		plan_fail_at(b->p, r, "%s would install '%s' for the sake of the others%s%s",
			     b->ops->name, c->name, c->why != NULL ? ": " : "",
			     c->why != NULL ? c->why : "");
	} else if (c->to != NULL && r->version != NULL &&
		   !package_conditions_fit(b->ops, r->version, c->to)) {
		plan_fail_at(b->p, r, "%s would make '%s' %s for the sake of the others, not %s",
			     b->ops->name, c->name, c->to, r->version);
	}
}

static struct plan_state installed_state(struct planner *p, const char *version, const char *arch,
					 int64_t size, int held)
{
	struct plan_state state = PLAN_STATE(STATE_PACKAGE);

	state.version = keep_text(p, version);
	state.arch = keep_text(p, arch);
	state.space = size;
	state.held = held;
	return state;
}

static struct plan_item *new_item(struct batch *b, const struct asked *a, const char *label)
{
	const struct desired_resource *r = a != NULL ? a->resource : NULL;
	struct plan_item *item = plan_act(b->p, r, DESIRED_PACKAGE, r != NULL ? r->name : label);

	item->place = first_package(b->p);
	item->change.manager = b->ops->name;
	item->change.risk = RISK_ROOT;
	return item;
}

/* Whether somebody asked for it, and why it is there if not. */
static void explain(struct batch *b, struct plan_item *item, const struct asked *a,
		    const struct package_change *c)
{
	g_autofree char *why = NULL;

	if (a == NULL) {
		item->change.implied = true;
		why = g_strdup_printf(" implied%s%s\n", c->why != NULL ? ": " : "",
				      c->why != NULL ? c->why : "");
	} else if (a->resource == NULL) {
		why = g_strdup(" not declared any more\n");
	}
	if (why != NULL) {
		item->change.note = plan_keep(b->p, why);
	}
}

static void add_change(struct batch *b, const struct package_change *c)
{
	const struct asked *a = find_asked(b, c);
	const struct package *have =
		c->from != NULL ? package_list_find(b->list, c->name, c->foreign ? c->arch : NULL)
				: NULL;
	g_autofree char *label = package_label(c->name, c->arch, c->foreign);
	const struct desired_resource *r = a != NULL ? a->resource : NULL;
	struct plan_item *item;

	check_declared(b, a, c);
	item = new_item(b, a, label);
	item->change.action = c->from == NULL ? ACTION_CREATE
			      : c->to == NULL ? ACTION_REMOVE
					      : ACTION_UPDATE;
	if (c->from != NULL) {
		item->change.observed = installed_state(
			b->p, c->from, have != NULL ? have->arch : c->arch, c->old_size, c->held);
	}
	if (c->to != NULL) {
		int held = r != NULL && r->held >= 0 && r->held != (c->from != NULL && c->held)
				   ? r->held
				   : -1;

		item->change.desired = installed_state(b->p, c->to, c->arch, c->new_size, held);
		item->change.desired.archive = keep_text(b->p, c->archive);
		item->change.desired.download = c->download;
	} else {
		item->change.risk |= RISK_DELETION;
	}
	explain(b, item, a, c);
}

/* Those of which only that changes. */
static void add_holds(struct batch *b)
{
	for (guint i = 0; i < b->asked->len; i++) {
		const struct asked *a = &g_array_index(b->asked, struct asked, i);
		struct plan_item *item;

		if (a->changes || a->resource == NULL || a->have == NULL || a->resource->held < 0 ||
		    a->resource->held == a->have->held || a->resource->state == DESIRED_ABSENT) {
			continue;
		}
		item = new_item(b, a, a->label);
		item->change.action = ACTION_UPDATE;
		item->change.observed =
			installed_state(b->p, a->have->version, a->have->arch, -1, a->have->held);
		item->change.desired = installed_state(b->p, NULL, NULL, -1, a->resource->held);
	}
}

/* Everything that is wanted is among the changes? */
static void check_complete(struct batch *b, const GPtrArray *changes)
{
	for (guint i = 0; i < changes->len; i++) {
		struct asked *a = find_asked(b, changes->pdata[i]);

		if (a != NULL) {
			a->changes = true;
		}
	}
	for (guint i = 0; i < b->asked->len; i++) {
		const struct asked *a = &g_array_index(b->asked, struct asked, i);

		if (a->change && !a->changes) {
			plan_fail_at(b->p, a->resource,
				     "%s would leave '%s' as it is, and does not say why",
				     b->ops->name, a->label);
		}
	}
}

/* Nothing works while the manager's database is in disorder. */
static void check_broken(struct batch *b)
{
	for (guint i = 0; i < b->list->items->len; i++) {
		const struct package *p = b->list->items->pdata[i];

		if (p->problem != NULL) {
			plan_fail_at(b->p, first_package(b->p),
				     "package '%s' is %s; until that is repaired, %s installs and "
				     "removes nothing",
				     p->name, p->problem, b->ops->name);
		}
	}
}

static void check_rights(struct batch *b)
{
	if (geteuid() != 0 && !b->p->for_root) {
		plan_fail_at(b->p, first_package(b->p),
			     "only root may change packages (doc/elevate.md)");
	}
}

/* Can it be taken back? Whoever approves should know. */
static bool check_way_back(struct batch *b, const GPtrArray *changes, GError **error)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GHashTable) table = NULL;

	for (guint i = 0; i < changes->len; i++) {
		const struct package_change *c = changes->pdata[i];

		if (c->from != NULL) {
			g_ptr_array_add(names, package_label(c->name, c->arch, c->foreign));
		}
	}
	if (names->len == 0) {
		return true;
	}
	g_ptr_array_add(names, NULL);
	if (!b->ops->available(&b->run, (const char *const *)names->pdata, &table, error)) {
		return false;
	}
	for (guint i = 0; i < changes->len; i++) {
		const struct package_change *c = changes->pdata[i];
		g_autofree char *label = package_label(c->name, c->arch, c->foreign);
		GPtrArray *have = g_hash_table_lookup(table, label);

		if (c->from != NULL &&
		    (have == NULL ||
		     !g_ptr_array_find_with_equal_func(have, c->from, g_str_equal, NULL))) {
			plan_warn(b->p,
				  "package '%s' cannot come back to %s: %s has that version no "
				  "more",
				  label, c->from, b->ops->name);
		}
	}
	return true;
}

static bool plan_batch(struct batch *b, GError **error)
{
	g_autoptr(GPtrArray) changes = NULL;

	if (b->p->diags.items->len > 0 || (!any_change(b) && !b->holds)) {
		return true;
	}
	check_rights(b);
	if (any_change(b)) {
		check_broken(b);
		if (!choose_versions(b, error)) {
			return false;
		}
		if (b->p->diags.items->len > 0) {
			return true;
		}
		if (!simulate(b, &changes, error)) {
			return false;
		}
		if (changes == NULL) {
			return true; // it was refused, and said
		}
		check_complete(b, changes);
		if (!check_way_back(b, changes, error)) {
			return false;
		}
	}
	for (guint i = 0; changes != NULL && i < changes->len; i++) {
		add_change(b, changes->pdata[i]);
	}
	add_holds(b);
	return true;
}

static bool run_batch(struct planner *p, GHashTable *managers, const struct package_ops *ops,
		      GPtrArray *resources, GError **error)
{
	struct batch b = {
		.p = p,
		.ops = ops,
		.run = {.stopped = stopped, .user = p->job, .lock_wait = PACKAGE_LOCK_WAIT},
		.managers = managers,
		.asked = g_array_new(FALSE, TRUE, sizeof(struct asked)),
		.last = g_hash_table_new(g_str_hash, g_str_equal)};
	bool ok = host_packages(observer_host(p->observer), ops, &b.list, error);

	for (guint i = 0; ok && i < resources->len; i++) {
		ask(&b, resources->pdata[i]);
	}
	if (ok && p->desired->prune && strcmp(p->base, p->commit) != 0) {
		ask_vanished(&b, plan_base(p));
	}
	ok = ok && plan_batch(&b, error);
	g_hash_table_unref(b.last);
	g_array_unref(b.asked);
	return ok;
}

/* The managers of what is declared, now or in the last commit, each with its resources. */
static void sort_out(struct planner *p, GHashTable *managers, GHashTable *batches)
{
	const struct desired *base = p->desired->prune ? plan_base(p) : NULL;
	const struct desired *const states[] = {p->desired, base};

	for (size_t s = 0; s < G_N_ELEMENTS(states); s++) {
		for (guint i = 0; states[s] != NULL && i < states[s]->resources->len; i++) {
			const struct desired_resource *r = states[s]->resources->pdata[i];
			g_autoptr(GError) problem = NULL;
			const struct package_ops *ops;
			GPtrArray *list;

			if (!is_package(r)) {
				continue;
			}
			if (!find_manager(managers, r, &ops, &problem)) {
				if (s == 0) {
					plan_fail_at(p, r, "%s", problem->message);
				}
				continue;
			}
			list = g_hash_table_lookup(batches, ops->name);
			if (list == NULL) {
				list = g_ptr_array_new();
				g_hash_table_insert(batches, (gpointer)ops->name, list);
			}
			if (s == 0) {
				g_ptr_array_add(list, (gpointer)r);
			}
		}
	}
}

static void free_batch(gpointer list)
{
	g_ptr_array_unref(list);
}

bool plan_packages(struct planner *p, GError **error)
{
	g_autoptr(GHashTable) batches =
		g_hash_table_new_full(g_str_hash, g_str_equal, NULL, free_batch);
	g_autoptr(GHashTable) managers =
		g_hash_table_new_full(g_str_hash, g_str_equal, NULL, free_found);
	g_autoptr(GList) names = NULL;

	sort_out(p, managers, batches);
	if (p->diags.items->len > 0) {
		return true;
	}
	names = g_list_sort(g_hash_table_get_keys(batches), (GCompareFunc)strcmp);
	for (GList *at = names; at != NULL; at = at->next) {
		if (!run_batch(p, managers, package_manager_find(at->data),
			       g_hash_table_lookup(batches, at->data), error)) {
			return false;
		}
	}
	return true;
}
