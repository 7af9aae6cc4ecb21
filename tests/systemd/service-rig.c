/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * For tests of services with real managers, without an agent: what an apply and a plan do with one
 * service each.
 *
 *	service-rig look MANAGER UNIT...        "UNIT: enabled running" of each, in one go
 *	service-rig active MANAGER UNIT         exit code 0 when it is; what a check would tell
 *	service-rig steps STEPS MANAGER ACTION UNIT [enabled=X] [running=X] [observed=E/R]
 *	                                        STEPS: of check, observe, commit, undo, revive; one
 *	                                        line for each. "crash" instead of commit: it was
 *	                                        begun, and nobody knows how it ended. UNIT
 *	                                        "daemon-reload" reads units again. stop=MS: asked
 *	                                        to stop after so long
 *	service-rig job SECONDS MANAGER VERB UNIT   one job with that patience
 *	service-rig plan HOME [PART...]         items of a plan in order; PART:
 *	    service=UNIT,scope=user,state=running,enabled=1,masked=0,reload
 *	    was=UNIT,...                        declared by the commit applied last
 *	    change=PATH,notify=UNIT             a file that the plan writes
 *	    remove=PATH
 *	    package=NAME
 *	    root                                root will apply it
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "worker/plan.h"
#include "worker/target/service.h"
#include "worker/target/systemd.h"

static void die(const char *what)
{
	fprintf(stderr, "service-rig: %s\n", what);
	exit(2);
}

/* Prints what went wrong. */
static int tell(bool ok, const char *what, GError *error)
{
	printf("%s: %s%s\n", what, ok ? "ok" : "failed: ", ok ? "" : error->message);
	g_clear_error(&error);
	return ok ? 0 : 1;
}

static struct systemd *open_manager(struct host *host, const char *manager)
{
	GError *error = NULL;
	struct systemd *s = host_systemd(host, strcmp(manager, "user") == 0, &error);

	if (s == NULL) {
		exit(tell(false, "open", error));
	}
	return s;
}

static const char *or_none(const char *text)
{
	return text != NULL ? text : "-";
}

static int look(char **args)
{
	g_autoptr(host_auto) host = host_new();
	struct systemd *s = open_manager(host, args[0]);
	g_autoptr(GHashTable) units = NULL;
	GError *error = NULL;

	if (!systemd_look_all(s, (const char *const *)args + 1, &units, &error)) {
		return tell(false, "look", error);
	}
	for (char **name = args + 1; *name != NULL; name++) {
		const struct systemd_unit *unit = g_hash_table_lookup(units, *name);

		printf("%s: %s %s%s\n", *name, or_none(unit->enabled), unit->running,
		       unit->found ? "" : " absent");
	}
	return 0;
}

static int active(char **args)
{
	g_autoptr(host_auto) host = host_new();
	g_autofree char *told = NULL;
	GError *error = NULL;
	bool is;

	if (!systemd_is_active(open_manager(host, args[0]), args[1], 5000, &is, &told, &error)) {
		return tell(false, "active", error);
	}
	puts(told);
	return is ? 0 : 1;
}

static int job(char **args)
{
	static const char *const verbs[] = {"start", "stop", "restart", "reload", NULL};
	struct systemd_patience patience = {.seconds = (unsigned)strtoul(args[0], NULL, 10)};
	g_autoptr(host_auto) host = host_new();
	GError *error = NULL;
	enum systemd_verb verb = SYSTEMD_START;
	bool ok;

	while (verbs[verb] != NULL && strcmp(verbs[verb], args[2]) != 0) {
		verb++;
	}
	ok = systemd_job(open_manager(host, args[1]), verb, args[3], &patience, &error);
	return tell(ok, args[2], error);
}

static enum plan_action find_action(const char *name)
{
	int action = 0;

	while (plan_action_names[action] != NULL && strcmp(plan_action_names[action], name) != 0) {
		action++;
	}
	return (enum plan_action)action;
}

static bool is_over(void *user)
{
	const gint64 *until = user;

	return *until != 0 && g_get_monotonic_time() >= *until;
}

static bool do_step(struct target_run *run, struct step *step, const char *name, GError **error)
{
	const struct target_ops *ops = &target_service;

	if (strcmp(name, "check") == 0) {
		return ops->check(step->change, error);
	}
	if (strcmp(name, "observe") == 0) {
		return ops->observe(run->observer, step->change, &step->before, error);
	}
	if (strcmp(name, "commit") == 0) {
		step->begun = true;
		step->outcome = STEP_FAILED;
		if (ops->commit(run, step, error)) {
			step->outcome = STEP_DONE;
		}
		return step->outcome == STEP_DONE;
	}
	if (strcmp(name, "crash") == 0) {
		step->begun = true;
		return true;
	}
	return strcmp(name, "undo") == 0 ? ops->undo(run, step, error)
					 : ops->revive(run, step, error);
}

static void read_steps(char **args, struct plan_change *c, gint64 *until)
{
	c->id = g_strconcat("service:", args[3], NULL);
	c->kind = "service";
	c->manager = args[1];
	c->action = find_action(args[2]);
	c->observed = PLAN_STATE(STATE_ABSENT);
	c->desired = PLAN_STATE(STATE_SERVICE);
	for (char **arg = args + 4; *arg != NULL; arg++) {
		char *value = strchr(*arg, '=') + 1;

		if (g_str_has_prefix(*arg, "enabled=")) {
			c->desired.enabled = value;
		} else if (g_str_has_prefix(*arg, "running=")) {
			c->desired.running = value;
		} else if (g_str_has_prefix(*arg, "stop=")) {
			*until = g_get_monotonic_time() + 1000 * strtol(value, NULL, 10);
		} else {
			char *slash = strchr(value, '/');

			*slash = '\0';
			c->observed.type = STATE_SERVICE;
			c->observed.enabled = value;
			c->observed.running = slash + 1;
		}
	}
}

static int steps(char **args)
{
	g_autoptr(observer_auto) observer = observer_new(NULL, 0);
	g_auto(GStrv) names = g_strsplit(args[0], ",", -1);
	gint64 until = 0;
	struct target_run run = {.observer = observer,
				 .host = observer_host(observer),
				 .stopped = is_over,
				 .user = &until};
	struct plan_change change = {0};
	struct step step = {.change = &change, .ops = &target_service};
	struct observed now;
	GError *error = NULL;
	int rc = 0;

	read_steps(args, &change, &until);
	if (change.observed.type == STATE_ABSENT) {
		if (!target_service.observe(observer, &change, &now, &error)) {
			return tell(false, "observe", error);
		}
		change.observed = now.state;
	}
	for (char **name = names; *name != NULL; name++) {
		bool ok = do_step(&run, &step, *name, &error);

		rc |= tell(ok, *name, g_steal_pointer(&error));
		fflush(stdout);
	}
	g_free((char *)change.id);
	return rc;
}

static struct desired_resource *add_resource(struct desired *d, enum desired_kind kind,
					     char **words)
{
	const char *name = strchr(words[0], '=') + 1;
	struct desired_resource *r = g_new0(struct desired_resource, 1);

	r->kind = kind;
	r->name = g_strdup(name);
	r->path = name[0] == '/' ? g_strdup(name) : NULL;
	r->id = g_strconcat(desired_kind_name(kind), ":", name, NULL);
	r->enabled = r->masked = r->held = -1;
	r->position = d->resources->len;
	r->file = "assent.yaml";
	for (char **word = words + 1; *word != NULL; word++) {
		const char *value = strchr(*word, '=') != NULL ? strchr(*word, '=') + 1 : "";

		if (g_str_has_prefix(*word, "scope=")) {
			r->user_scope = strcmp(value, "user") == 0;
		} else if (g_str_has_prefix(*word, "state=")) {
			r->state =
				strcmp(value, "running") == 0 ? DESIRED_RUNNING : DESIRED_STOPPED;
		} else if (g_str_has_prefix(*word, "enabled=")) {
			r->enabled = value[0] == '1';
		} else if (g_str_has_prefix(*word, "masked=")) {
			r->masked = value[0] == '1';
		} else if (g_str_has_prefix(*word, "reload")) {
			r->reload = true;
		} else if (g_str_has_prefix(*word, "notify=")) {
			r->notify = g_new0(char *, 2);
			r->notify[0] = g_strconcat("service:", value, NULL);
		} else {
			die(*word);
		}
	}
	g_ptr_array_add(d->resources, r);
	return r;
}

static void add_path(struct planner *p, const struct desired_resource *r, const char *path,
		     bool removal)
{
	struct plan_item *item = g_new0(struct plan_item, 1);

	item->resource = r;
	item->change.kind = "file";
	item->change.path = plan_keep(p, path);
	item->change.id = plan_id(p, STATE_FILE, path);
	item->change.action = removal ? ACTION_REMOVE : ACTION_CREATE;
	item->change.observed = PLAN_STATE(removal ? STATE_FILE : STATE_ABSENT);
	item->change.desired = PLAN_STATE(removal ? STATE_ABSENT : STATE_FILE);
	g_ptr_array_add(removal ? p->removals : p->changes, item);
}

static void add_part(struct planner *p, const char *part)
{
	g_auto(GStrv) words = g_strsplit(part, ",", -1);

	if (strcmp(part, "root") == 0) {
		p->for_root = true;
	} else if (g_str_has_prefix(part, "service=")) {
		add_resource(p->desired, DESIRED_SERVICE, words);
	} else if (g_str_has_prefix(part, "was=")) {
		add_resource(p->base_desired, DESIRED_SERVICE, words);
	} else if (g_str_has_prefix(part, "change=")) {
		struct desired_resource *r = add_resource(p->desired, DESIRED_FILE, words);

		add_path(p, r, r->path, false);
	} else if (g_str_has_prefix(part, "remove=")) {
		add_path(p, NULL, words[0] + strlen("remove="), true);
	} else if (g_str_has_prefix(part, "package=")) {
		struct desired_resource *r = add_resource(p->desired, DESIRED_PACKAGE, words);

		plan_act(p, r, DESIRED_PACKAGE, r->name)->change.manager = "apt";
	} else {
		die(part);
	}
}

static void print_ids(const char *what, const char **ids)
{
	for (; ids != NULL && *ids != NULL; ids++) {
		printf(" %s=%s", what, *ids);
	}
}

static void print_items(struct planner *p)
{
	g_autoptr(GPtrArray) items = plan_order(p);
	g_autoptr(GString) text = g_string_new(NULL);

	for (guint i = 0; i < items->len; i++) {
		const struct plan_change *c = &((struct plan_item *)items->pdata[i])->change;
		GError *error = NULL;

		printf("%s %s", plan_action_names[c->action], c->id);
		if (strcmp(c->kind, "service") == 0) {
			printf(" %s", c->manager);
			(void)target_service.diff(NULL, text, c, NULL, NULL, NULL);
			if (!target_service.check(c, &error)) {
				exit(tell(false, "check", error));
			}
		}
		printf(" risk=%u", c->risk);
		print_ids("needs", c->needs);
		puts("");
	}
	printf("%s", text->str);
	for (guint i = 0; i < p->warnings->len; i++) {
		printf("warning: %s\n", (char *)p->warnings->pdata[i]);
	}
	for (guint i = 0; i < p->diags.items->len; i++) {
		printf("problem: %s\n", ((struct diag *)p->diags.items->pdata[i])->message);
	}
}

/* The process ends with it: nothing is freed. */
static int plan(char **args)
{
	struct planner p = {.commit = "new", .base = "old", .base_asked = true};
	GError *error = NULL;

	p.env.home = args[0];
	p.desired = g_new0(struct desired, 1);
	p.desired->resources = g_ptr_array_new();
	p.desired->prune = true;
	p.base_desired = g_new0(struct desired, 1);
	p.base_desired->resources = g_ptr_array_new();
	p.observer = observer_new(NULL, 0);
	diag_list_init(&p.diags);
	p.warnings = g_ptr_array_new();
	p.changes = g_ptr_array_new();
	p.removals = g_ptr_array_new();
	p.acts = g_ptr_array_new();
	p.strings = g_string_chunk_new(4096);
	p.kept = g_ptr_array_new();
	for (char **part = args + 1; *part != NULL; part++) {
		add_part(&p, *part);
	}
	if (!plan_services(&p, &error)) {
		return tell(false, "plan", error);
	}
	print_items(&p);
	fflush(stdout);
	_exit(0);
}

int main(int argc, char **argv)
{
	if (argc >= 4 && strcmp(argv[1], "look") == 0) {
		return look(argv + 2);
	}
	if (argc == 4 && strcmp(argv[1], "active") == 0) {
		return active(argv + 2);
	}
	if (argc >= 6 && strcmp(argv[1], "steps") == 0) {
		return steps(argv + 2);
	}
	if (argc == 6 && strcmp(argv[1], "job") == 0) {
		return job(argv + 2);
	}
	if (argc >= 3 && strcmp(argv[1], "plan") == 0) {
		return plan(argv + 2);
	}
	die("look, active, steps, job or plan; see the head of service-rig.c");
}
