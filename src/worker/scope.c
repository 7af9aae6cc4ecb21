/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the trust file lets a plan do. */
#include "worker/scope.h"

#include <string.h>

#include "base/error.h"
#include "base/glob.h"
#include "kube/id.h"
#include "worker/job.h"
#include "worker/target/beneath.h"

#define RUNS_AS_OWNER 06000

static const char *const harmless[] = {"directory", "file", "link", "tree", NULL};

static bool refuse_as(const char *name, const char *why, GError **error)
{
	g_autofree char *shown = g_utf8_make_valid(name, -1);

	return fail(error, JOB_ERROR, JOB_ERROR_UNTRUSTED, "'%s': %s", shown, why);
}

static bool refuse_id(const char *id, GError **error, const char *format, ...) G_GNUC_PRINTF(3, 4);
static bool refuse_id(const char *id, GError **error, const char *format, ...)
{
	g_autofree char *why = NULL;
	va_list args;

	va_start(args, format);
	why = g_strdup_vprintf(format, args);
	va_end(args);
	return refuse_as(id, why, error);
}

static bool refuse(const struct plan_change *c, GError **error, const char *format, ...)
	G_GNUC_PRINTF(3, 4);
static bool refuse(const struct plan_change *c, GError **error, const char *format, ...)
{
	g_autofree char *why = NULL;
	va_list args;

	va_start(args, format);
	why = g_strdup_vprintf(format, args);
	va_end(args);
	return refuse_as(c->path != NULL ? c->path : c->id, why, error);
}

static bool names_object(const struct plan_change *c)
{
	const struct plan_object *o = c->object;
	const struct kube_id id = {.group = (char *)o->group,
				   .version = (char *)o->version,
				   .kind = (char *)o->kind,
				   .namespace = (char *)o->namespace,
				   .name = (char *)o->name};
	g_autofree char *wanted = kube_id_plan(&id, c->manager);

	return strcmp(c->id, wanted) == 0;
}

static bool names_itself(const struct plan_change *c)
{
	const struct plan_state *as = c->desired.type != STATE_ABSENT ? &c->desired : &c->observed;
	const char *word = c->path != NULL ? state_type_names[as->type] : c->kind;
	size_t len = strlen(word);

	if (c->object != NULL) {
		return names_object(c);
	}
	return strncmp(c->id, word, len) == 0 && c->id[len] == ':' &&
	       (c->path == NULL || strcmp(c->id + len + 1, c->path) == 0);
}

/* People read ids and approve those: each must say what is changed, and of acts only one. */
static bool check_id(GHashTable *acts, const struct plan_change *c, GError **error)
{
	if (!names_itself(c)) {
		g_autofree char *shown = g_utf8_make_valid(c->id, -1);

		return refuse(c, error, "the plan calls it '%s', which is something else", shown);
	}
	return c->path != NULL || g_hash_table_add(acts, (gpointer)c->id) ||
	       refuse(c, error, "stands in the plan twice");
}

static bool allows_kind(const struct trust *trust, const char *kind, bool raised)
{
	const char *const *kinds = (const char *const *)trust->kinds;

	if (kinds == NULL && raised) {
		kinds = harmless;
	}
	return kinds == NULL || g_strv_contains(kinds, kind);
}

static bool check_kind(const struct trust *trust, const struct plan_change *c, bool raised,
		       GError **error)
{
	return allows_kind(trust, c->kind, raised) ||
	       refuse(c, error, "the trust file does not allow kind '%s'", c->kind);
}

static bool is_listed(char **patterns, const char *text)
{
	while (*patterns != NULL && !glob_matches(*patterns, text)) {
		patterns++;
	}
	return *patterns != NULL;
}

/* No other spelling of a path than the one that is matched. */
static bool is_plain_path(const char *path)
{
	g_auto(GStrv) parts = g_strsplit(path, "/", -1);

	if (path[0] != '/') {
		return false;
	}
	for (char **part = parts + 1; *part != NULL; part++) {
		if (**part == '\0' || strcmp(*part, ".") == 0 || strcmp(*part, "..") == 0) {
			return false;
		}
	}
	return true;
}

static bool check_program(const struct trust *trust, const char *id, const char *const *words,
			  bool raised, GError **error)
{
	const char *program = words != NULL ? words[0] : NULL;

	if (words == NULL || (!raised && trust->commands == NULL)) {
		return true;
	}
	if (program != NULL && is_plain_path(program) && trust->commands != NULL &&
	    is_listed(trust->commands, program)) {
		return true;
	}
	return refuse_id(id, error, "the trust file's 'commands' do not allow the program '%s'",
			 program != NULL ? program : "");
}

/* What makes another program of the one that is allowed, before it has read a word. */
static bool check_env(const char *id, const char *const *env, GError **error)
{
	static const char *const loader[] = {"LD_", "GLIBC_TUNABLES=", NULL};

	for (; env != NULL && *env != NULL; env++) {
		for (const char *const *name = loader; *name != NULL; name++) {
			if (g_str_has_prefix(*env, *name)) {
				return refuse_id(id, error,
						 "a privileged worker sets no variable of the "
						 "dynamic loader: '%s'",
						 *env);
			}
		}
	}
	return true;
}

/* What is run, and what is asked first: both are commands. */
static bool check_exec(const struct trust *trust, const char *id, const struct plan_exec *exec,
		       bool raised, GError **error)
{
	if (exec == NULL) {
		return refuse_id(id, error, "there is nothing to run");
	}
	return check_program(trust, id, exec->run, raised, error) &&
	       check_program(trust, id, exec->unless, raised, error) &&
	       (!raised || check_env(id, exec->env, error));
}

static bool check_path(const struct trust *trust, const struct plan_change *c, GError **error)
{
	return trust->paths == NULL || c->path == NULL || is_listed(trust->paths, c->path) ||
	       refuse(c, error, "the trust file does not allow this path");
}

/* What comes after the kind in an act's id; NULL when it is none of this kind. */
static const char *name_of(const struct plan_change *c)
{
	size_t len = strlen(c->kind);

	return strncmp(c->id, c->kind, len) == 0 && c->id[len] == ':' && c->id[len + 1] != '\0'
		       ? c->id + len + 1
		       : NULL;
}

/* Also of packages that come or go for the sake of others. */
static bool check_package(const struct trust *trust, const struct plan_change *c, bool raised,
			  GError **error)
{
	const char *name = name_of(c);

	if (trust->packages == NULL) {
		return !raised || refuse(c, error,
					 "the trust file has no 'packages', so a privileged worker "
					 "may change none");
	}
	return (name != NULL && is_listed(trust->packages, name)) ||
	       refuse(c, error, "the trust file does not allow this package");
}

/* That units are read anew goes with the right to change any of them. */
static bool is_reload(const struct plan_change *c, const char *name)
{
	return c->action == ACTION_RELOAD && strcmp(name, "daemon-reload") == 0;
}

static bool check_service(const struct trust *trust, const struct plan_change *c, bool raised,
			  GError **error)
{
	const char *name = name_of(c);

	if (raised && g_strcmp0(c->manager, "system") != 0) {
		return refuse(c, error, "a privileged worker changes units of the system alone");
	}
	if (trust->services == NULL) {
		return !raised || refuse(c, error,
					 "the trust file has no 'services', so a privileged worker "
					 "may change none");
	}
	return (name != NULL && (is_listed(trust->services, name) ||
				 (is_reload(c, name) && trust->services[0] != NULL))) ||
	       refuse(c, error, "the trust file does not allow this service");
}

static bool check_act(const struct trust *trust, const struct plan_change *c, bool raised,
		      GError **error)
{
	if (strcmp(c->kind, "package") == 0) {
		return check_package(trust, c, raised, error);
	}
	if (strcmp(c->kind, "service") == 0) {
		return check_service(trust, c, raised, error);
	}
	if (c->object != NULL && raised) {
		/* Where a cluster is, and by which credentials, is the caller's word. */
		return refuse(c, error, "a privileged worker changes no cluster");
	}
	return strcmp(c->kind, "command") != 0 || check_exec(trust, c->id, c->exec, raised, error);
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

/* A check that runs something is a command, whatever becomes of its answer. */
static bool check_checks(const struct trust *trust, const struct plan *plan, bool raised,
			 GError **error)
{
	for (size_t i = 0; i < plan->checks_count; i++) {
		const struct plan_check *check = &plan->checks[i];

		if (strcmp(check->kind, "command") != 0) {
			continue;
		}
		if (!allows_kind(trust, "command", raised)) {
			return refuse_id(check->target, error,
					 "the trust file does not allow kind 'command', and this "
					 "check is one");
		}
		if (!check_exec(trust, check->target, check->exec, raised, error)) {
			return false;
		}
	}
	return true;
}

bool scope_check(const struct trust *trust, const struct plan *plan,
		 const struct privilege *privilege, GError **error)
{
	g_autoptr(GHashTable) acts = g_hash_table_new(g_str_hash, g_str_equal);
	bool raised = privilege != NULL && privilege->raised;

	if (raised && trust->paths == NULL) {
		return fail(error, JOB_ERROR, JOB_ERROR_UNTRUSTED,
			    "the trust file has no 'paths', so a privileged worker may change "
			    "nothing");
	}
	for (size_t i = 0; i < plan->changes_count; i++) {
		const struct plan_change *c = &plan->changes[i];

		if (!check_id(acts, c, error) || !check_kind(trust, c, raised, error) ||
		    !check_path(trust, c, error) || !check_act(trust, c, raised, error) ||
		    !check_mode(trust, c, raised, error) ||
		    (raised && !check_own(trust, c, privilege, error))) {
			return false;
		}
	}
	return check_checks(trust, plan, raised, error);
}
