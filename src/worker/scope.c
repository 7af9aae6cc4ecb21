/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the trust file lets a plan do. */
#include "worker/scope.h"

#include <string.h>

#include "base/error.h"
#include "base/glob.h"
#include "worker/job.h"
#include "worker/target/beneath.h"

#define RUNS_AS_OWNER 06000

static const char *const harmless[] = {"directory", "file", "link", "tree", NULL};

static bool refuse(const struct plan_change *c, GError **error, const char *format, ...)
	G_GNUC_PRINTF(3, 4);
static bool refuse(const struct plan_change *c, GError **error, const char *format, ...)
{
	g_autofree char *shown = g_utf8_make_valid(c->path != NULL ? c->path : c->id, -1);
	g_autofree char *why = NULL;
	va_list args;

	va_start(args, format);
	why = g_strdup_vprintf(format, args);
	va_end(args);
	return fail(error, JOB_ERROR, JOB_ERROR_UNTRUSTED, "'%s': %s", shown, why);
}

static bool check_kind(const struct trust *trust, const struct plan_change *c, bool raised,
		       GError **error)
{
	const char *const *kinds = (const char *const *)trust->kinds;

	if (kinds == NULL && raised) {
		kinds = harmless;
	}
	if (raised && strcmp(c->kind, "service") == 0 && g_strcmp0(c->manager, "system") != 0) {
		return refuse(c, error, "a privileged worker serves the system's manager alone");
	}
	return kinds == NULL || g_strv_contains(kinds, c->kind) ||
	       refuse(c, error, "the trust file does not allow kind '%s'", c->kind);
}

/* A check that runs something is no less than a command. */
static bool check_checks(const struct trust *trust, const struct plan *plan, bool raised,
			 GError **error)
{
	for (size_t i = 0; i < plan->checks_count; i++) {
		const struct plan_change as = {.id = plan->checks[i].target, .kind = "command"};

		if (plan->checks[i].exec != NULL && !check_kind(trust, &as, raised, error)) {
			return fail_prefix(error, "check");
		}
	}
	return true;
}

static bool check_path(const struct trust *trust, const struct plan_change *c, GError **error)
{
	char **pattern = trust->paths;

	if (pattern == NULL || c->path == NULL) {
		return true;
	}
	while (*pattern != NULL && !glob_matches(*pattern, c->path)) {
		pattern++;
	}
	return *pattern != NULL || refuse(c, error, "the trust file does not allow this path");
}

static bool check_mode(const struct trust *trust, const struct plan_change *c, bool raised,
		       GError **error)
{
	bool stays = c->action == ACTION_UPDATE && c->desired.mode < 0;
	int64_t mode = stays ? c->observed.mode : c->desired.mode;
	bool file = c->desired.type == STATE_FILE || c->desired.type == STATE_DIRECTORY;

	if (!raised || trust->setuid || !file) {
		return true;
	}
	if (mode > 0 && (mode & RUNS_AS_OWNER) != 0) {
		return refuse(c, error,
			      "mode %04o runs as its owner or group, and the trust file has no "
			      "'setuid: true'",
			      (unsigned)mode);
	}
	/* An update keeps them, and one of them may be a capability. */
	if (c->action == ACTION_UPDATE && c->observed.type == STATE_FILE &&
	    c->observed.xattrs != NULL && (c->observed.mode & 0111) != 0) {
		return refuse(c, error,
			      "it has extended attributes and may run, and the trust file has no "
			      "'setuid: true'");
	}
	return true;
}

/* The thing itself, what is in it, and the folders it lies in. */
static bool touches(const struct plan_change *c, const char *own)
{
	return beneath_is_within(c->path, own) || beneath_is_within(own, c->path);
}

static bool check_own(const struct trust *trust, const struct plan_change *c,
		      const struct privilege *privilege, GError **error)
{
	g_autofree char *trust_dir = g_path_get_dirname(privilege->places->trust);
	g_autofree char *list_dir = g_path_get_dirname(trust->approvers_file);

	return c->path == NULL ||
	       (!touches(c, trust_dir) && !touches(c, list_dir) &&
		!touches(c, privilege->places->state)) ||
	       refuse(c, error, "no plan changes what the privileged worker believes");
}

bool scope_check(const struct trust *trust, const struct plan *plan,
		 const struct privilege *privilege, GError **error)
{
	bool raised = privilege != NULL && privilege->raised;

	if (raised && trust->paths == NULL) {
		return fail(error, JOB_ERROR, JOB_ERROR_UNTRUSTED,
			    "the trust file has no 'paths', so a privileged worker may change "
			    "nothing");
	}
	for (size_t i = 0; i < plan->changes_count; i++) {
		const struct plan_change *c = &plan->changes[i];

		if (!check_kind(trust, c, raised, error) || !check_path(trust, c, error) ||
		    !check_mode(trust, c, raised, error) ||
		    (raised && !check_own(trust, c, privilege, error))) {
			return false;
		}
	}
	return check_checks(trust, plan, raised, error);
}
