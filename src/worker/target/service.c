/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A service of systemd: enabled, running, started again; and its manager, which reads units. */
#include "worker/target/service.h"

#include <string.h>

#include "base/error.h"
#include "desired/names.h"
#include "worker/target/systemd.h"
#include "worker/target/target.h"

#define PREFIX "service:"

static bool bad_plan(const struct plan_change *c, const char *why, GError **error)
{
	return fail(error, TARGET_ERROR, TARGET_ERROR_PLAN, "the plan's change '%s' %s", c->id,
		    why);
}

bool service_is_reload(const struct plan_change *change)
{
	size_t len = strlen(SERVICE_RELOAD_ID);

	return strncmp(change->id, SERVICE_RELOAD_ID, len) == 0 &&
	       (change->id[len] == '\0' || change->id[len] == ':');
}

static const char *unit_of(const struct plan_change *change)
{
	return change->id + strlen(PREFIX);
}

bool service_is_enabled(const char *state)
{
	return g_strcmp0(state, "enabled") == 0;
}

bool service_is_masked(const char *state)
{
	return state != NULL && g_str_has_prefix(state, "masked");
}

static bool is_active(const struct plan_state *state)
{
	return g_strcmp0(state->running, "active") == 0;
}

static bool one_of(const char *text, const char *const *names)
{
	return text == NULL || g_strv_contains(names, text);
}

/* Each action says the most that happens: none hides a start or a stop. */
static bool action_fits(const struct plan_change *c)
{
	const char *enabled = c->desired.enabled, *running = c->desired.running;

	switch (c->action) {
	case ACTION_START:
		return g_strcmp0(running, "active") == 0 && !is_active(&c->observed) &&
		       g_strcmp0(enabled, "masked") != 0;
	case ACTION_STOP:
		return g_strcmp0(running, "inactive") == 0;
	case ACTION_RESTART:
	case ACTION_RELOAD:
		return g_strcmp0(running, "active") == 0 && is_active(&c->observed);
	case ACTION_ENABLE:
		return running == NULL && g_strcmp0(enabled, "enabled") == 0;
	case ACTION_DISABLE:
		return running == NULL && g_strcmp0(enabled, "disabled") == 0;
	case ACTION_UPDATE:
		return running == NULL && enabled != NULL;
	case ACTION_CREATE:
	case ACTION_REPLACE:
	case ACTION_REMOVE:
	case ACTION_RUN:
		break;
	}
	return false;
}

static bool check(const struct plan_change *c, GError **error)
{
	static const char *const managers[] = {"system", "user", NULL};
	static const char *const enabled[] = {"enabled", "disabled", "masked", "unmasked", NULL};
	static const char *const running[] = {"active", "inactive", NULL};

	if (c->path != NULL || c->manager == NULL || !g_strv_contains(managers, c->manager) ||
	    !g_str_has_prefix(c->id, PREFIX) || c->desired.type != STATE_SERVICE ||
	    (c->observed.type != STATE_SERVICE && c->observed.type != STATE_ABSENT)) {
		return bad_plan(c, "is not that of a service", error);
	}
	if (service_is_reload(c)) {
		return (c->action == ACTION_RELOAD && c->desired.enabled == NULL &&
			c->desired.running == NULL) ||
		       bad_plan(c, "does more than to read units again", error);
	}
	if (!systemd_name_is_good(unit_of(c)) ||
	    (c->desired.running != NULL && names_unit_is_template(unit_of(c)))) {
		return bad_plan(c, "names no unit that can do that", error);
	}
	if (!one_of(c->desired.enabled, enabled) || !one_of(c->desired.running, running) ||
	    !action_fits(c)) {
		return bad_plan(c, "has an action that does not fit its states", error);
	}
	return true;
}

static struct systemd *manager_of(struct host *host, const struct plan_change *c, GError **error)
{
	return host_systemd(host, strcmp(c->manager, "user") == 0, error);
}

static bool observe(struct observer *o, const struct plan_change *c, struct observed *out,
		    GError **error)
{
	struct systemd *s = manager_of(observer_host(o), c, error);
	struct systemd_unit unit;

	*out = (struct observed){.state = PLAN_STATE(STATE_SERVICE)};
	if (s == NULL) {
		return false;
	}
	if (service_is_reload(c)) {
		return true;
	}
	if (!systemd_look(s, unit_of(c), &unit, error)) {
		return false;
	}
	service_state(&unit, &out->state);
	return true;
}

void service_state(const struct systemd_unit *unit, struct plan_state *out)
{
	*out = PLAN_STATE(unit->found ? STATE_SERVICE : STATE_ABSENT);
	if (unit->found) {
		out->enabled = unit->enabled;
		out->running = unit->running;
	}
}

static void add_sides(GString *out, const char *what, const char *old, const char *new)
{
	if (new != NULL && g_strcmp0(old, new) != 0) {
		if (old != NULL) {
			g_string_append_printf(out, "-%s %s\n", what, old);
		}
		g_string_append_printf(out, "+%s %s\n", what, new);
	} else if (old != NULL) {
		g_string_append_printf(out, " %s %s\n", what, old);
	}
}

/*
 *	service app.service (system)
 *	 enabled enabled
 *	 running active
 *	+restart
 *	 because file:/etc/app.conf
 */
static bool diff(struct differ *d, GString *out, const struct plan_change *c,
		 const struct diff_content *old, const struct diff_content *new, GError **error)
{
	(void)d;
	(void)old;
	(void)new;
	(void)error;
	g_string_append_printf(out, "service %s (%s)\n", unit_of(c), c->manager);
	if (c->observed.type == STATE_ABSENT) {
		g_string_append(out, " not there yet\n");
	}
	add_sides(out, "enabled", c->observed.enabled, c->desired.enabled);
	add_sides(out, "running", c->observed.running, c->desired.running);
	if (c->action == ACTION_RESTART || c->action == ACTION_RELOAD) {
		g_string_append_printf(out, "+%s\n", plan_action_names[c->action]);
	}
	for (const char **id = c->because; id != NULL && *id != NULL; id++) {
		g_autofree char *valid = g_utf8_make_valid(*id, -1);
		g_autofree char *shown = g_strescape(valid, NULL);

		g_string_append_printf(out, " because %s\n", shown);
	}
	return true;
}

static bool stage(struct target_run *run, struct step *step, GError **error)
{
	(void)run;
	(void)step;
	(void)error;
	return true;
}

/* A worker with raised rights serves the system's manager alone. */
static struct systemd *manager_for(struct target_run *run, const struct step *step, GError **error)
{
	if (run->caller != NULL && strcmp(step->change->manager, "system") != 0) {
		bad_plan(step->change, "is of a user's manager, which root does not speak with",
			 error);
		return NULL;
	}
	return manager_of(run->host, step->change, error);
}

static bool unmask(struct systemd *s, const char *unit, GError **error)
{
	return systemd_unmask(s, unit, false, error) && systemd_unmask(s, unit, true, error);
}

/* The links as desired; they may have been changed by what came before, a package for example. */
static bool set_enabled(struct systemd *s, const struct plan_change *c, GError **error)
{
	const char *wanted = c->desired.enabled, *unit = unit_of(c);
	struct systemd_unit now;

	if (wanted == NULL || !systemd_look(s, unit, &now, error)) {
		return wanted == NULL;
	}
	if (strcmp(wanted, "masked") == 0) {
		return service_is_masked(now.enabled) || systemd_mask(s, unit, false, error);
	}
	if (service_is_masked(now.enabled) &&
	    (!unmask(s, unit, error) || !systemd_look(s, unit, &now, error))) {
		return false;
	}
	if (strcmp(wanted, "enabled") == 0) {
		return service_is_enabled(now.enabled) || systemd_enable(s, unit, false, error);
	}
	if (strcmp(wanted, "disabled") == 0 && now.enabled != NULL) {
		bool runtime = strcmp(now.enabled, "enabled-runtime") == 0;

		return (!runtime && !service_is_enabled(now.enabled)) ||
		       (systemd_disable(s, unit, false, error) &&
			(!runtime || systemd_disable(s, unit, true, error)));
	}
	return true;
}

/* It would end this very process, and be undone when that is started again, for ever. */
static bool check_own(struct systemd *s, const struct plan_change *c, GError **error)
{
	struct systemd_details details;

	if (c->action != ACTION_STOP && c->action != ACTION_RESTART) {
		return true;
	}
	if (!systemd_ask(s, unit_of(c), &details, error)) {
		return false;
	}
	g_free(details.file);
	return !details.is_ours || fail(error, TARGET_ERROR, TARGET_ERROR_FAILED,
					"'%s' is the agent's own unit, which cannot do that to "
					"itself",
					unit_of(c));
}

static bool set_running(struct target_run *run, struct systemd *s, const struct plan_change *c,
			GError **error)
{
	const struct systemd_patience patience = {.stopped = run->stopped, .user = run->user};
	const char *unit = unit_of(c);
	struct systemd_unit now;

	if (!systemd_look(s, unit, &now, error)) {
		return false;
	}
	switch (c->action) {
	case ACTION_START:
		return systemd_job(s, SYSTEMD_START, unit, &patience, error);
	case ACTION_STOP:
		return strcmp(now.running, "inactive") == 0 ||
		       systemd_job(s, SYSTEMD_STOP, unit, &patience, error);
	case ACTION_RESTART:
		return systemd_job(s, SYSTEMD_RESTART, unit, &patience, error);
	case ACTION_RELOAD:
		return systemd_job(s, SYSTEMD_RELOAD, unit, &patience, error);
	case ACTION_CREATE:
	case ACTION_UPDATE:
	case ACTION_REPLACE:
	case ACTION_REMOVE:
	case ACTION_ENABLE:
	case ACTION_DISABLE:
	case ACTION_RUN:
		break;
	}
	return true;
}

static bool commit(struct target_run *run, struct step *step, GError **error)
{
	struct systemd *s = manager_for(run, step, error);

	if (s == NULL) {
		return false;
	}
	if (service_is_reload(step->change)) {
		return systemd_reload(s, error);
	}
	return check_own(s, step->change, error) && set_enabled(s, step->change, error) &&
	       set_running(run, s, step->change, error);
}

/* A link to a file elsewhere makes a unit "linked"; disabling takes that, too. */
static bool disable_again(struct systemd *s, const char *unit, const char *before, GError **error)
{
	struct systemd_details details = {0};
	bool linked = g_strcmp0(before, "linked") == 0;
	g_autofree char *target = NULL;

	if (linked && !systemd_ask(s, unit, &details, error)) {
		return false;
	}
	target = details.file != NULL ? g_file_read_link(details.file, NULL) : NULL;
	g_free(details.file);
	return systemd_disable(s, unit, false, error) &&
	       (target == NULL || systemd_link(s, target, error));
}

static bool undo_links(struct systemd *s, const struct plan_change *c,
		       const struct systemd_unit *now, GError **error)
{
	const char *before = c->observed.enabled, *wanted = c->desired.enabled;
	const char *unit = unit_of(c);
	bool was_masked = service_is_masked(before);

	if (wanted == NULL) {
		return true;
	}
	if (strcmp(wanted, "masked") == 0) {
		return was_masked || !service_is_masked(now->enabled) || unmask(s, unit, error);
	}
	if (strcmp(wanted, "enabled") == 0 && !service_is_enabled(before) &&
	    service_is_enabled(now->enabled) && !disable_again(s, unit, before, error)) {
		return false;
	}
	return !was_masked || service_is_masked(now->enabled) ||
	       systemd_mask(s, unit, strcmp(before, "masked-runtime") == 0, error);
}

/* What was started stops, before its files go. */
static bool undo_start(struct systemd *s, const struct plan_change *c,
		       const struct systemd_unit *now, GError **error)
{
	const char *unit = unit_of(c);

	if (c->action != ACTION_START || now->idle) {
		return true;
	}
	if (!systemd_job(s, SYSTEMD_STOP, unit, NULL, error)) {
		return false;
	}
	/* One that had failed before cannot be made to have failed; it is told by nobody. */
	systemd_reset_failed(s, unit);
	return true;
}

static bool undo(struct target_run *run, struct step *step, GError **error)
{
	const struct plan_change *c = step->change;
	struct systemd *s;
	struct systemd_unit now;

	if (!step->begun || service_is_reload(c)) {
		return true;
	}
	s = manager_for(run, step, error);
	if (s == NULL) {
		return false;
	}
	return systemd_look(s, unit_of(c), &now, error) &&
	       (!now.found || undo_start(s, c, &now, error)) && undo_links(s, c, &now, error);
}

static bool revive_links(struct systemd *s, const struct plan_change *c, GError **error)
{
	const char *before = c->observed.enabled;
	bool runtime = g_strcmp0(before, "enabled-runtime") == 0;
	struct systemd_unit now;

	if (g_strcmp0(c->desired.enabled, "disabled") != 0 ||
	    (!runtime && !service_is_enabled(before))) {
		return true;
	}
	return systemd_look(s, unit_of(c), &now, error) &&
	       (g_strcmp0(now.enabled, before) == 0 ||
		systemd_enable(s, unit_of(c), runtime, error));
}

/* The old files are back: a manager that knows the new ones, or none, reads them first. */
static bool reread(struct systemd *s, const char *unit, GError **error)
{
	struct systemd_details details;

	if (!systemd_ask(s, unit, &details, error)) {
		return false;
	}
	g_free(details.file);
	return !details.needs_reload || systemd_reload(s, error);
}

static bool revive_running(struct systemd *s, const struct plan_change *c, GError **error)
{
	const char *unit = unit_of(c);
	struct systemd_unit now;

	if (!is_active(&c->observed) || (c->action != ACTION_STOP && c->action != ACTION_RESTART &&
					 c->action != ACTION_RELOAD)) {
		return true;
	}
	if (!reread(s, unit, error) || !systemd_look(s, unit, &now, error)) {
		return false;
	}
	if (strcmp(now.running, "active") == 0) {
		return c->action == ACTION_STOP ||
		       systemd_job(s, c->action == ACTION_RELOAD ? SYSTEMD_RELOAD : SYSTEMD_RESTART,
				   unit, NULL, error);
	}
	return systemd_job(s, SYSTEMD_RESTART, unit, NULL, error);
}

static bool revive(struct target_run *run, struct step *step, GError **error)
{
	const struct plan_change *c = step->change;
	struct systemd *s;

	if (!step->begun) {
		return true;
	}
	s = manager_for(run, step, error);
	if (s == NULL) {
		return false;
	}
	return service_is_reload(c) ? systemd_reload(s, error)
				    : revive_links(s, c, error) && revive_running(s, c, error);
}

static bool finish(struct target_run *run, struct step *step, GError **error)
{
	(void)run;
	(void)step;
	(void)error;
	return true;
}

const struct target_ops target_service = {
	.name = "service",
	.acts = true,
	.check = check,
	.observe = observe,
	.diff = diff,
	.stage = stage,
	.commit = commit,
	.undo = undo,
	.revive = revive,
	.finish = finish,
};
