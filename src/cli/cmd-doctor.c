/* SPDX-License-Identifier: GPL-3.0-or-later */
/* assent doctor: looks at everything that must be right, and says what to do where it is not. */
#include <inttypes.h>
#include <glib/gi18n.h>
#include <string.h>

#include "base/autoptr.h"
#include "base/conf.h"
#include "base/elevate.h"
#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "base/trust.h"
#include "cli/api.h"
#include "cli/checkup.h"
#include "cli/command.h"
#include "cli/place.h"
#include "cli/remarks.h"
#include "cli/say.h"
#include "cli/sign.h"
#include "core/note.h"

#define MAX_KEY 4096
#define PRIVILEGED_FILE SYSCONFDIR "/assent/trust.yaml"

/* One look: fills in detail (what is so), or fails with a problem whose hint is what to do. */
struct patient {
	struct cli *cli;
	char *agent, *plan_key;	 /* as the state folder says; NULL: not read */
	struct api_info *info;	 /* NULL: the agent was not reached */
	struct signers *signers; /* NULL: not read */
	struct conf *conf;	 /* NULL: not read, or with mistakes */
	struct trust *trust;	 /* NULL: not read */
	GPtrArray *remarks;	 /* of the newest look, beside what it says itself; NULL: none */
};
typedef bool (*look_fn)(struct patient *p, GString *detail, GError **error);

static bool look_config(struct patient *p, GString *detail, GError **error)
{
	struct conf *conf;
	struct diag_list diags;
	guint count;

	if (!g_file_test(p->cli->config_file, G_FILE_TEST_EXISTS)) {
		return problem(error, EXIT_REFUSED, "no-config",
			       _("'assent init' writes one, --config names another"),
			       _("there is no configuration '%s'"), p->cli->config_file);
	}
	diag_list_init(&diags);
	conf = p->conf = conf_load(p->cli->config_file, &diags, error);
	count = diags.items->len;
	diag_list_clear(&diags);
	if (conf == NULL && count == 0) {
		return false;
	}
	if (conf == NULL) {
		return problem(error, EXIT_REFUSED, "config", _("'assent config check' lists them"),
			       ngettext("'%s' has %u mistake", "'%s' has %u mistakes", count),
			       p->cli->config_file, count);
	}
	g_string_append_printf(detail,
			       ngettext("%s: agent '%s', %u stack", "%s: agent '%s', %u stacks",
					conf->stacks->len),
			       p->cli->config_file, conf->agent, conf->stacks->len);
	return true;
}

static bool look_signers(struct patient *p, GString *detail, GError **error)
{
	g_autofree char *path = place_signers(p->cli->config_file), *text = NULL;
	struct assent_error core;
	size_t len;

	if (!file_read(path, SIGNERS_MAX_SIZE, &text, &len, error)) {
		return false;
	}
	if (signers_parse(&p->signers, text, len, &core) != 0) {
		return problem(error, EXIT_REFUSED, "signers",
			       _("one bad line makes the whole list void: correct it"), "'%s': %s",
			       path, core.text);
	}
	if (p->signers->count == 0) {
		return problem(error, EXIT_REFUSED, "signers",
			       _("add a line per approver; its form stands in the file"),
			       _("'%s' names nobody who may approve"), path);
	}
	g_string_append_printf(detail, ngettext("%s: %zu key", "%s: %zu keys", p->signers->count),
			       path, p->signers->count);
	return true;
}

/* The keys are made for one name and stay with it. */
static bool look_state(struct patient *p, GString *detail, GError **error)
{
	g_autofree char *state = place_state(p->cli->config_file);
	g_autofree char *wanted = place_value(p->cli->config_file, "agent");
	g_autofree char *vkey_file = g_build_filename(state, "keys", "log.vkey", NULL);
	g_autofree char *plan_file = g_build_filename(state, "keys", "plan.pub", NULL);
	g_autofree char *vkey = NULL;
	char fingerprint[SSH_FINGERPRINT_SIZE];
	struct assent_error core;
	struct note_key key;
	struct ssh_key plan_key;
	size_t len;

	if (!g_file_test(vkey_file, G_FILE_TEST_EXISTS)) {
		return problem(error, EXIT_REFUSED, "state", _("'assent init' makes them"),
			       _("there are no keys in '%s'"), state);
	}
	if (!file_read(vkey_file, MAX_KEY, &vkey, &len, error) ||
	    !file_read(plan_file, MAX_KEY, &p->plan_key, &len, error)) {
		return false;
	}
	g_strchomp(p->plan_key);
	if (note_key_parse(&key, g_strchomp(vkey), &core) != 0) {
		return fail_core(error, &core, "'%s'", vkey_file);
	}
	p->agent = g_strdup(key.name);
	if (wanted != NULL && strcmp(wanted, key.name) != 0) {
		return problem(error, EXIT_REFUSED, "state",
			       _("an agent keeps its name for ever: its log is signed with it"),
			       _("'%s' belongs to agent '%s', the configuration names '%s'"), state,
			       key.name, wanted);
	}
	if (ssh_key_parse_line(&plan_key, p->plan_key, &core) != 0) {
		return fail_core(error, &core, "'%s'", plan_file);
	}
	ssh_key_fingerprint(fingerprint, &plan_key);
	g_string_append_printf(detail, _("%s: '%s', with plan key %s"), state, key.name,
			       fingerprint);
	return true;
}

static bool look_space(struct patient *p, GString *detail, GError **error)
{
	g_autofree char *state = place_state(p->cli->config_file);
	struct checkup_space space;

	if (p->conf == NULL) {
		return problem(error, EXIT_REFUSED, "space", NULL,
			       _("cannot be judged without the configuration"));
	}
	p->remarks = g_ptr_array_new_with_free_func(remark_free);
	return checkup_measure(state, &space, error) &&
	       checkup_space(state, &space, &p->conf->retention, p->remarks, detail, error);
}

/* By the file, or by the log of an agent that answers. */
static bool look_stop(struct patient *p, GString *detail, GError **error)
{
	g_autofree char *state = place_state(p->cli->config_file);
	g_autoptr(api_list_auto) list = NULL;
	const struct api_pause *stopped;

	if (!checkup_stop(state, detail, error)) {
		return false;
	}
	if (p->info == NULL) {
		return true;
	}
	if (!api_status(p->cli->client, &list, error)) {
		return false;
	}
	stopped =
		list->items->len > 0 ? &((struct api_stack *)list->items->pdata[0])->stopped : NULL;
	return stopped == NULL || stopped->by == NULL ||
	       problem(error, EXIT_REFUSED, "stopped", _("'assent resume --all' ends it"),
		       /* TRANSLATORS: a person, a reason */
		       _("everything is stopped by %s: %s"), stopped->by,
		       stopped->reason != NULL ? stopped->reason : "");
}

static bool look_commits(struct patient *p, GString *detail, GError **error)
{
	if (p->conf == NULL) {
		return problem(error, EXIT_REFUSED, "commit-signers", NULL,
			       _("cannot be judged without the configuration"));
	}
	return checkup_signers(p->conf, detail, error);
}

static bool has_plan_key(const struct trust *trust, const char *agent, const char *line,
			 const char *path, GError **error)
{
	const struct ssh_key *key = trust_agent_key(trust, agent);
	struct ssh_key told;

	return (key != NULL && ssh_key_parse_line(&told, line, NULL) == 0 &&
		ssh_key_equal(key, &told)) ||
	       problem(error, EXIT_REFUSED, "trust",
		       _("nothing can be applied; if the agent is the right one, write its key "
			 "there"),
		       _("'%s' has another plan key for '%s' than the agent uses"), path, agent);
}

static bool look_trust(struct patient *p, GString *detail, GError **error)
{
	g_autofree char *path = place_trust(p->cli->config_file);
	const char *agent = p->info != NULL ? p->info->agent : p->agent;
	const char *line = p->info != NULL ? p->info->plan_key : p->plan_key;

	if (!trust_load(path, &p->trust, error)) {
		return false;
	}
	g_string_append(detail, path);
	return agent == NULL || line == NULL || has_plan_key(p->trust, agent, line, path, error);
}

static bool is_accepted(const struct patient *p, GError **error)
{
	unsigned bad = 0;

	for (guint i = 0; i < p->remarks->len; i++) {
		const struct remark *remark = g_ptr_array_index(p->remarks, i);

		bad += remark->bad;
	}
	return bad == 0 ||
	       problem(error, EXIT_REFUSED, "policy", NULL,
		       ngettext("the worker would refuse what %u part of it allows",
				"the worker would refuse what %u parts of it allow", bad),
		       bad);
}

static bool look_policy(struct patient *p, GString *detail, GError **error)
{
	g_autofree char *path = place_trust(p->cli->config_file);

	if (p->conf == NULL || p->signers == NULL || p->trust == NULL) {
		return problem(error, EXIT_REFUSED, "policy", NULL,
			       _("cannot be judged without configuration, approver list and trust "
				 "file"));
	}
	p->remarks = remarks_of(p->conf, p->signers, p->trust, path, false);
	if (!is_accepted(p, error)) {
		return false;
	}
	g_string_append(detail, _("the worker accepts what it allows"));
	return true;
}

/* How the stacks become root; ELEVATE_NONE: none does. The one that a fence would stop, first. */
static enum elevate raiser_of(const struct conf *conf)
{
	enum elevate how = ELEVATE_NONE;

	for (unsigned i = 0; i < conf->stacks->len; i++) {
		const struct conf_stack *stack = g_ptr_array_index(conf->stacks, i);
		enum elevate its = elevate_parse(stack->elevate);

		if (its != ELEVATE_NONE && (how == ELEVATE_NONE || how == ELEVATE_RUN0)) {
			how = its;
		}
	}
	return how;
}

static bool is_fenced(const struct api_info *info)
{
	g_autofree char *file = g_strdup_printf("/proc/%" PRId64 "/status", (int64_t)info->pid);
	g_autofree char *text = NULL;

	return g_file_get_contents(file, &text, NULL, NULL) &&
	       strstr(text, "\nNoNewPrivs:\t1\n") != NULL;
}

/* What root lends to stacks with `elevate`. */
static bool look_elevate(struct patient *p, GString *detail, GError **error)
{
	g_autoptr(trust_auto) trust = NULL;
	g_autoptr(GError) local = NULL;
	enum elevate how;

	if (p->conf == NULL || p->signers == NULL) {
		return problem(error, EXIT_REFUSED, "elevate", NULL,
			       _("cannot be judged without configuration, approver list and trust "
				 "file"));
	}
	how = raiser_of(p->conf);
	if (how == ELEVATE_NONE) {
		g_string_append(detail, _("no stack has 'elevate'"));
		return true;
	}
	if (how != ELEVATE_RUN0 && p->info != NULL && is_fenced(p->info)) {
		return problem(error, EXIT_REFUSED, "elevate",
			       _("give its unit the drop-in elevate.conf: see doc/systemd.md"),
			       _("the agent runs with NoNewPrivileges, which forbids %s"),
			       elevate_names[how]);
	}
	if (!trust_load_root(PRIVILEGED_FILE, &trust, &local)) {
		return problem(error, EXIT_REFUSED, "elevate",
			       _("doc/elevate.md says what root has to put there"), "%s",
			       local->message);
	}
	if (p->info != NULL &&
	    !has_plan_key(trust, p->info->agent, p->info->plan_key, PRIVILEGED_FILE, error)) {
		return false;
	}
	p->remarks = remarks_of(p->conf, p->signers, trust, PRIVILEGED_FILE, true);
	if (trust->paths == NULL) {
		return problem(error, EXIT_REFUSED, "elevate", NULL, "'%s': %s", PRIVILEGED_FILE,
			       _("it has no 'paths', so that nothing may be changed"));
	}
	g_string_append(detail, PRIVILEGED_FILE);
	return is_accepted(p, error);
}

static bool look_agent(struct patient *p, GString *detail, GError **error)
{
	if (!api_info(p->cli->client, &p->info, error)) {
		return false;
	}
	if (p->info->configuration_problem != NULL) {
		return problem(error, EXIT_REFUSED, "configuration",
			       _("reload assentd, or put the file back"), "%s",
			       p->info->configuration_problem);
	}
	g_string_append_printf(detail, _("'%s', version %s, process %" PRId64 ", at %s"),
			       p->info->agent, p->info->version, (gint64)p->info->pid,
			       client_socket(p->cli->client));
	return true;
}

static bool look_stacks(struct patient *p, GString *detail, GError **error)
{
	g_autoptr(api_list_auto) list = NULL;

	if (p->info == NULL) {
		return problem(error, EXIT_UNREACHABLE, "stacks", NULL,
			       _("cannot be asked without the agent"));
	}
	if (!api_status(p->cli->client, &list, error)) {
		return false;
	}
	for (guint i = 0; i < list->items->len; i++) {
		const struct api_stack *stack = list->items->pdata[i];

		if (strcmp(stack->state, "blocked") == 0 || strcmp(stack->state, "failed") == 0) {
			return problem(error, EXIT_REFUSED, "stacks",
				       _("'assent status' tells more"), "%s: %s: %s", stack->name,
				       stack->state, stack->reason != NULL ? stack->reason : "");
		}
	}
	g_string_append_printf(detail,
			       ngettext("%u stack is fetched and planned",
					"%u stacks are fetched and planned", list->items->len),
			       list->items->len);
	return true;
}

static bool look_key(struct patient *p, GString *detail, GError **error)
{
	g_autoptr(signing_auto) signing = NULL;
	char fingerprint[SSH_FINGERPRINT_SIZE];

	if (p->signers == NULL) {
		return problem(error, EXIT_REFUSED, "key", NULL,
			       _("cannot be judged without the approver list"));
	}
	if (!sign_choose(p->signers, NULL, NULL, g_get_home_dir(),
			 g_get_real_time() / G_USEC_PER_SEC, &signing, error)) {
		return false;
	}
	ssh_key_fingerprint(fingerprint, signing_key(signing));
	g_string_append_printf(detail, _("you are '%s', with %s"), signing_person(signing),
			       fingerprint);
	return true;
}

static bool look_programs(struct patient *p, GString *detail, GError **error)
{
	static const char *const names[] = {"ssh-keygen", "ssh", "git"};

	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autofree char *path = g_find_program_in_path(names[i]);

		if (path == NULL) {
			return problem(error, EXIT_REFUSED, "programs",
				       _("install the packages of git and of the OpenSSH client"),
				       _("there is no program '%s'"), names[i]);
		}
		g_string_append_printf(detail, "%s%s", i > 0 ? " " : "", path);
	}
	return true;
}

static const struct {
	const char *name; /* stable, for JSON */
	const char *title;
	look_fn look;
} looks[] = {
	{"programs", N_("programs"), look_programs},
	{"config", N_("configuration"), look_config},
	{"signers", N_("approver list"), look_signers},
	{"state", N_("state folder"), look_state},
	{"space", N_("room"), look_space},
	{"commit-signers", N_("signers of commits"), look_commits},
	{"agent", N_("agent"), look_agent},
	{"stop", N_("stop"), look_stop},
	{"trust", N_("trust file"), look_trust},
	{"policy", N_("policy"), look_policy},
	{"elevate", N_("root's worker"), look_elevate},
	{"stacks", N_("stacks"), look_stacks},
	{"key", N_("your key"), look_key},
};

static void tell_hint(struct cli *cli, const char *hint)
{
	g_autofree char *text = out_safe(cli->out, hint);

	out_printf(cli->out, "     %s\n", text);
}

static void tell_remarks(struct cli *cli, const char *title, const GPtrArray *remarks)
{
	for (guint i = 0; remarks != NULL && i < remarks->len; i++) {
		const struct remark *remark = g_ptr_array_index(remarks, i);
		g_autofree char *text = out_safe(cli->out, remark->text);

		out_styled(cli->out, remark->bad ? STYLE_BAD : STYLE_WARN, "%s",
			   remark->bad ? _("bad ") : _("tip "));
		out_printf(cli->out, "%s: %s\n", title, text);
		tell_hint(cli, remark->hint);
	}
}

static void tell(struct cli *cli, const char *title, const GString *detail, const GError *bad)
{
	g_autofree char *text = out_safe(cli->out, bad != NULL ? bad->message : detail->str);

	const char *word = bad != NULL ? _("bad") : _("ok");
	int wide = (int)MAX(text_width(_("bad")), text_width(_("ok")));

	out_styled(cli->out, bad != NULL ? STYLE_BAD : STYLE_GOOD, "%s%*s", word,
		   wide - (int)text_width(word) + 1, "");
	out_printf(cli->out, "%s: %s\n", title, text);
	if (bad != NULL && problem_hint(bad) != NULL) {
		tell_hint(cli, problem_hint(bad));
	}
}

static void write_remarks(struct json_writer *w, const GPtrArray *remarks)
{
	json_w_array(w, "remarks");
	for (guint i = 0; remarks != NULL && i < remarks->len; i++) {
		const struct remark *remark = g_ptr_array_index(remarks, i);
		g_autofree char *text = g_utf8_make_valid(remark->text, -1);
		g_autofree char *hint = g_utf8_make_valid(remark->hint, -1);

		json_w_object(w, NULL);
		json_w_bool(w, "ok", !remark->bad);
		json_w_str(w, "detail", text);
		json_w_str(w, "hint", hint);
		json_w_end(w);
	}
	json_w_end(w);
}

static void tell_json(struct json_writer *w, const char *name, const GString *detail,
		      const GError *bad, const GPtrArray *remarks)
{
	g_autofree char *text = g_utf8_make_valid(bad != NULL ? bad->message : detail->str, -1);

	json_w_object(w, NULL);
	json_w_str(w, "name", name);
	json_w_bool(w, "ok", bad == NULL);
	json_w_str(w, "detail", text);
	if (bad != NULL && problem_hint(bad) != NULL) {
		json_w_str(w, "hint", problem_hint(bad));
	}
	write_remarks(w, remarks);
	json_w_end(w);
}

static void patient_clear(struct patient *p)
{
	g_free(p->agent);
	g_free(p->plan_key);
	api_info_free(p->info);
	signers_free(p->signers);
	conf_free(p->conf);
	trust_free(p->trust);
}

bool cmd_doctor(struct cli *cli, int argc, char **argv, GError **error)
{
	struct patient p = {.cli = cli};
	struct json_writer *w = NULL;
	bool ok = true;

	if (!cli_begin(cli, NULL, &argc, &argv, error)) {
		return false;
	}
	if (out_is_json(cli->out)) {
		w = out_json_begin(cli->out);
		json_w_array(w, "looks");
	}
	for (size_t i = 0; i < G_N_ELEMENTS(looks); i++) {
		g_autoptr(GString) detail = g_string_new(NULL);
		g_autoptr(GError) bad = NULL;

		if (!looks[i].look(&p, detail, &bad)) {
			cli->status = EXIT_REFUSED;
		}
		if (w != NULL) {
			tell_json(w, looks[i].name, detail, bad, p.remarks);
		} else {
			tell(cli, _(looks[i].title), detail, bad);
			tell_remarks(cli, _(looks[i].title), p.remarks);
		}
		g_clear_pointer(&p.remarks, g_ptr_array_unref);
	}
	if (w != NULL) {
		json_w_end(w);
		ok = out_json_end(cli->out, w, error);
	}
	patient_clear(&p);
	return ok;
}
