/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Stops, suspensions, and the order of stacks. */
#include "agent/halt.h"

#include <pwd.h>
#include <string.h>

#include "agent/leader.h"
#include "base/error.h"
#include "base/log.h"
#include "base/stopfile.h"
#include "core/text.h"

#define AGENT_PERSON "assentd" /* who ends what has an end */

static gboolean look_again(void *user)
{
	struct agent *agent = user;

	agent->looking = 0;
	for (unsigned i = 0; i < agent->conf->stacks->len; i++) {
		const struct conf_stack *conf = g_ptr_array_index(agent->conf->stacks, i);
		struct agent_unit *unit = agent_unit(agent, conf->name);
		bool sync = unit->look_first;

		unit->look_first = false;
		agent_send(unit, sync ? STACK_SYNC : STACK_LOOK, NULL);
	}
	return G_SOURCE_REMOVE;
}

void halt_look_soon(struct agent *agent)
{
	if (agent->looking == 0 && !agent->stopping) {
		agent->looking = g_idle_add(look_again, agent);
	}
}

bool halt_is_stopped(const struct agent *agent)
{
	return agent->fold->stopped.person != NULL || stopfile_present(store_dir(agent->store));
}

static bool log_stop(struct agent *agent, const char *person, const char *reason, int64_t until,
		     GError **error)
{
	struct record record = {.type = ENTRY_SUSPEND};

	record.u.suspend.person = person;
	record.u.suspend.reason = reason;
	record.u.suspend.until = until;
	if (!agent_append(agent, NULL, &record, error)) {
		return false;
	}
	log_event(EV_STOPPED, NULL, NULL, "everything is stopped by %s: %s", person, reason);
	halt_look_soon(agent);
	return true;
}

static bool log_go(struct agent *agent, const char *person, const char *reason, GError **error)
{
	struct record record = {.type = ENTRY_RESUME};

	record.u.suspend.person = person;
	record.u.suspend.reason = reason;
	if (!agent_append(agent, NULL, &record, error)) {
		return false;
	}
	log_event(EV_RESUMED, NULL, NULL, "everything goes on, by %s: %s", person, reason);
	halt_look_soon(agent);
	return true;
}

/* Whose file it is, as peer_name() would say. */
static char *owner_of(const struct agent *agent, const struct stopfile *file)
{
	const struct passwd *pw = getpwuid(file->owner);
	const struct conf_person *person =
		pw != NULL ? conf_person_of_user(agent->conf, pw->pw_name) : NULL;

	if (person != NULL) {
		return g_strdup(person->name);
	}
	return pw != NULL && text_is_plain(pw->pw_name, strlen(pw->pw_name))
		       ? g_strconcat("unix:", pw->pw_name, NULL)
		       : g_strdup_printf("unix:%u", (unsigned)file->owner);
}

/* Nobody told the agent of it; the log must say all the same why nothing happened. */
static void record_file(struct agent *agent, const struct stopfile *file)
{
	g_autofree char *owner = owner_of(agent, file);
	g_autoptr(GError) error = NULL;
	const char *reason = file->reason != NULL ? file->reason
						  : "the file '" STOPFILE
						    "' is in the state folder";

	(void)log_stop(agent, owner, reason, file->until, &error); // a failure has been told
}

/* A file that somebody has written since may want more time. */
static void end_stop(struct agent *agent, const struct stopfile *file, int64_t now)
{
	g_autoptr(GError) error = NULL;

	if (file->present && (!file->has_owner || file->until == 0 || file->until > now)) {
		if (file->has_owner) {
			record_file(agent, file);
		}
		return;
	}
	if (!stopfile_remove(store_dir(agent->store), &error)) {
		log_event(EV_STOPPED, NULL, NULL, "everything stays stopped: %s", error->message);
		return;
	}
	(void)log_go(agent, AGENT_PERSON, "its time was over", &error);
}

void halt_update(struct agent *agent)
{
	const struct fold_pause *stopped = &agent->fold->stopped;
	g_auto(stopfile_auto) file = {0};
	int64_t now = agent_now();

	if (agent->dead != NULL || agent->stopping) {
		return;
	}
	if (stopped->person == NULL && !stopfile_present(store_dir(agent->store))) {
		return;
	}
	stopfile_look(store_dir(agent->store), &file);
	if (stopped->person == NULL && file.has_owner) {
		record_file(agent, &file);
	}
	if (stopped->person != NULL && stopped->until != 0 && now >= stopped->until) {
		end_stop(agent, &file, now);
	}
}

static void look_at_stop(struct agent_unit *unit)
{
	const struct fold_pause *stopped = &unit->agent->fold->stopped;
	const char *dir = store_dir(unit->agent->store);
	g_autofree char *text = NULL;

	if (stopped->person != NULL) {
		text = g_strdup_printf("everything is stopped by %s: %s", stopped->person,
				       stopped->reason);
	} else if (stopfile_present(dir)) {
		text = g_strdup_printf("everything is stopped by the file '%s/" STOPFILE "'", dir);
	}
	stack_keep(unit->step.stopped, text);
	unit->step.stopped_until = stopped->until;
}

/* Looks for what has been pushed since: without that it may hold an older commit than the plan. */
static void ask_first(struct agent_unit *unit, struct agent_unit *other)
{
	if (unit->step.approved && other->step.job != STACK_JOB_FETCH && !other->step.want_fetch &&
	    other->step.fetch_failures == 0 && !other->look_first) {
		other->look_first = true;
		halt_look_soon(unit->agent);
	}
}

/* What of another stack keeps this one, NULL: nothing. */
static char *kept_by(struct agent_unit *unit, const char *name)
{
	struct agent_unit *other = agent_unit(unit->agent, name);

	if (other == NULL) {
		return g_strdup_printf("stack '%s', which is not configured", name);
	}
	if (other->step.state != STACK_STATE_CONVERGED) {
		return g_strdup_printf("stack '%s', which is %s: %s", name,
				       stack_state_names[other->step.state], other->step.reason);
	}
	if (other->fetched <= unit->planned) {
		ask_first(unit, other);
		return g_strdup_printf("stack '%s', which looks for newer commits", name);
	}
	return NULL;
}

static void look_at_others(struct agent_unit *unit)
{
	const struct stack_facts *facts = &unit->record->facts;
	g_autofree char *text = NULL;

	if (facts->phase == STACK_PHASE_OPEN || facts->halted[0] != '\0') {
		for (char **name = unit->conf->after; name != NULL && *name != NULL && text == NULL;
		     name++) {
			text = kept_by(unit, *name);
		}
	}
	stack_keep(unit->step.waits, text);
}

/* What was approved before counts if it still does: votes and policy are held against each other
 * anew, and the worker looks at the host before it changes anything. */
static void release(struct agent_unit *unit)
{
	unit->step.approved = false;
	unit->step.next_drift = agent_now();
	unit->recheck = unit->reconsider = true;
}

void halt_look(struct agent_unit *unit)
{
	bool held;

	look_at_stop(unit);
	look_at_others(unit);
	held = stack_is_suspended(&unit->step, &unit->record->facts);
	if (unit->held && !held) {
		release(unit);
	}
	unit->held = held;
}

static bool comes_after(const struct agent_unit *unit, const char *name)
{
	return unit->conf->after != NULL &&
	       g_strv_contains((const char *const *)unit->conf->after, name);
}

void halt_told(struct agent_unit *unit)
{
	struct agent_unit *other;
	GHashTableIter iter;

	if (unit->told_state == unit->step.state && unit->told_fetch == unit->fetched) {
		return;
	}
	unit->told_state = unit->step.state;
	unit->told_fetch = unit->fetched;
	g_hash_table_iter_init(&iter, unit->agent->units);
	while (g_hash_table_iter_next(&iter, NULL, (void **)&other)) {
		if (other->step.waits[0] != '\0' && comes_after(other, unit->conf->name)) {
			halt_look_soon(unit->agent);
			return;
		}
	}
}

bool halt_allows(enum stack_job kind, const char *stack, void *user, GError **error)
{
	struct agent *agent = user;
	const struct agent_unit *unit = agent_unit(agent, stack);

	if (!leader_acts(agent)) {
		return fail(error, BASE_ERROR, BASE_ERROR_FAILED, "nothing is done here: %s",
			    leader_reason(agent));
	}
	if (kind != STACK_JOB_APPLY && kind != STACK_JOB_RECOVER) {
		return true;
	}
	if (halt_is_stopped(agent)) {
		return fail(error, BASE_ERROR, BASE_ERROR_FAILED,
			    "everything was stopped before it began");
	}
	if (kind == STACK_JOB_APPLY && unit != NULL && unit->step.mode != MODE_UNDO &&
	    unit->record->facts.suspended[0] != '\0') {
		return fail(error, BASE_ERROR, BASE_ERROR_FAILED,
			    "the stack was suspended before it began");
	}
	return true;
}

bool halt_stop(struct agent *agent, const char *person, const char *reason, int64_t until,
	       GError **error)
{
	/* The file first: it stops also when the log cannot be written. */
	return stopfile_write(store_dir(agent->store), reason, until, error) &&
	       log_stop(agent, person, reason, until, error);
}

bool halt_go(struct agent *agent, const char *person, const char *reason, GError **error)
{
	/* The file first again: if it stays, everything does. */
	return stopfile_remove(store_dir(agent->store), error) &&
	       (agent->fold->stopped.person == NULL || log_go(agent, person, reason, error));
}

bool halt_resume(struct agent_unit *unit, const char *person, const char *reason, GError **error)
{
	struct record record = {.type = ENTRY_RESUME};

	record.u.suspend.person = person != NULL ? person : AGENT_PERSON;
	record.u.suspend.reason = reason;
	if (!agent_append(unit->agent, unit->conf->name, &record, error)) {
		return false;
	}
	log_event(EV_RESUMED, unit->conf->name, NULL, "goes on, by %s: %s", record.u.suspend.person,
		  reason);
	return true;
}
