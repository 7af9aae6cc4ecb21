/* SPDX-License-Identifier: GPL-3.0-or-later */
/* assent why: one answer to "why does nothing happen", or "why did it". */
#include <glib/gi18n.h>
#include <inttypes.h>
#include <string.h>

#include "base/autoptr.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/say.h"
#include "cli/who.h"

#define TEXT_MAX 65536
#define NAMES_MAX 1000
#define CHANGED_MAX 5 /* things that differ of which it is said who changed them */
#define CHAIN_MAX 16  /* stacks that wait for each other */

/* Looks at what stacks wait for. */
struct chain {
	struct cli *cli;
	GHashTable *goes_on; /* names of those that were asked and are not stuck */
};

/* One link of the chain: a stable code, and what it says. */
struct reason {
	const char *code;
	char *text;
};
struct answer {
	struct json_doc *doc, *policy;
	struct json_obj root, stack;
	const char *name, *state, *target;
	char *plan; /* that waits, 12 digits; NULL */
	int64_t now;
	GPtrArray *reasons; /* struct reason */
	GPtrArray *next;    /* commands */
	bool needs_person, follows;
};

static void reason_free(gpointer data)
{
	struct reason *r = data;

	g_free(r->text);
	g_free(r);
}

static void because(struct answer *a, const char *code, const char *format, ...)
	G_GNUC_PRINTF(3, 4);
static void because(struct answer *a, const char *code, const char *format, ...)
{
	struct reason *r = g_new0(struct reason, 1);
	va_list args;

	va_start(args, format);
	r->code = code;
	r->text = g_strdup_vprintf(format, args);
	va_end(args);
	g_ptr_array_add(a->reasons, r);
}

static void then(struct answer *a, const char *format, ...) G_GNUC_PRINTF(2, 3);
static void then(struct answer *a, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	g_ptr_array_add(a->next, g_strdup_vprintf(format, args));
	va_end(args);
}

static int64_t when_of(struct json_obj *o, const char *name)
{
	const char *text = json_is_null(o, name) ? NULL : json_str_opt(o, name, 64);
	int64_t when = 0;

	return text != NULL && text_parse_time(text, &when) ? when : 0;
}

static const char *str_of(struct json_obj *o, const char *name)
{
	const char *text = json_is_null(o, name) ? NULL : json_str_opt(o, name, TEXT_MAX);

	return text != NULL ? text : "";
}

/* "until 2026-... (in 3h)", or that somebody must end it. */
static char *until_of(const struct answer *a, struct json_obj *o)
{
	int64_t until = when_of(o, "until");
	g_autofree char *time = text_time(until), *age = text_age(until, a->now);

	/* TRANSLATORS: a time, and "in 3h" */
	return until != 0 ? g_strdup_printf(_("until %s, %s"), time, age)
			  : g_strdup(_("until somebody resumes it"));
}

static void on_dead(struct answer *a)
{
	const char *dead = str_of(&a->root, "dead");

	if (dead[0] != '\0') {
		because(a, "dead", _("the agent's log cannot be written, so nothing is done: %s"),
			dead);
		then(a, "assent doctor");
		a->needs_person = true;
	}
}

/* The reason of the stack's state says who leads. */
static void on_leader(struct answer *a)
{
	struct json_obj o;

	if (json_obj_get_opt(&a->stack, "leader", &o) && !json_bool_opt(&o, "acts", true)) {
		because(a, "follows", "%s", str_of(&a->stack, "reason"));
		a->follows = true;
	}
}

static void on_suspended(struct answer *a)
{
	struct json_obj o;

	if (json_obj_get_opt(&a->root, "stopped", &o)) {
		g_autofree char *until = until_of(a, &o);

		because(a, "stopped", _("all stacks are stopped, %s: %s"), until,
			str_of(&o, "reason"));
		then(a, "assent resume --all");
		a->needs_person = true;
	}
	if (json_obj_get_opt(&a->root, "suspended", &o)) {
		g_autofree char *until = until_of(a, &o);

		because(a, "suspended", _("it is suspended, %s: %s"), until, str_of(&o, "reason"));
		then(a, "assent resume %s", a->name);
		a->needs_person = true;
	}
}

static void on_pin(struct answer *a)
{
	struct json_obj o;

	if (json_obj_get_opt(&a->root, "pin", &o)) {
		g_autofree char *id = text_short_id(str_of(&o, "commit"));

		because(a, "pinned",
			_("it was rolled back to %s and stays there until its branch "
			  "has another commit: %s"),
			id, str_of(&o, "reason"));
	}
	if (json_bool_opt(&a->root, "bad_commit", false)) {
		because(a, "bad-commit", "%s",
			_("the branch's newest commit was rolled back and is not applied again"));
		then(a, "assent rollback %s --unpin --reason ...", a->name);
	}
	if (json_obj_get_opt(&a->root, "trial", &o)) {
		g_autofree char *until = until_of(a, &o);

		if (json_bool_opt(&o, "returning", false)) {
			because(a, "returning", "%s",
				_("a trial has ended, and what was before is put back"));
		} else {
			because(a, "trial", _("%s is tried, %s: %s"), str_of(&o, "ref"), until,
				str_of(&o, "reason"));
			then(a, "assent try %s --end --reason ...", a->name);
		}
	}
}

static void on_block(struct answer *a)
{
	struct json_obj o;
	const char *kind;

	if (!json_obj_get_opt(&a->stack, "block", &o)) {
		return;
	}
	kind = str_of(&o, "kind");
	because(a, "blocked", _("what came from the repository is not followed (%s): %s"), kind,
		str_of(&a->stack, "reason"));
	a->needs_person = true;
	if (strcmp(kind, "rewound") == 0) {
		then(a, "assent replan %s --rewritten --commit %s --reason ...", a->name,
		     str_of(&o, "commit"));
	} else {
		then(a, "assent sync %s", a->name);
	}
	if (strcmp(kind, "manifest") == 0) {
		/* The same commit, when what was wrong stands elsewhere and was mended there. */
		then(a, "assent replan %s", a->name);
	}
}

static void on_halted(struct answer *a)
{
	struct json_obj o;

	if (json_obj_get_opt(&a->stack, "halted", &o)) {
		g_autofree char *id = text_short_id(str_of(&o, "plan"));

		because(a, "halted", _("the apply of plan %s has halted half way"), id);
		if (json_bool_opt(&o, "resumable", false)) {
			then(a, "assent apply --resume %s", a->name);
		}
		then(a, "assent apply --undo %s", a->name);
		a->needs_person = true;
	}
}

static void on_after(struct answer *a)
{
	struct json_arr arr;
	size_t n = json_arr_get_opt(&a->root, "after", NAMES_MAX, &arr);
	struct json_obj o;

	for (size_t i = 0; i < n && json_arr_obj(&arr, i, &o); i++) {
		const char *state = str_of(&o, "state");

		if (strcmp(state, "converged") != 0) {
			because(a, "after", _("it comes after stack '%s', which is %s"),
				str_of(&o, "stack"), state[0] != '\0' ? state : _("unknown"));
			then(a, "assent why %s", str_of(&o, "stack"));
		}
	}
}

/* "alice, bob" */
static char *names_of(struct json_obj *o, const char *name)
{
	g_autoptr(GString) text = g_string_new(NULL);
	struct json_arr arr;
	size_t n = json_arr_get_opt(o, name, NAMES_MAX, &arr);

	for (size_t i = 0; i < n; i++) {
		const char *item = json_arr_str(&arr, i, TEXT_MAX);

		g_string_append_printf(text, "%s%s", i > 0 ? ", " : "", item != NULL ? item : "");
	}
	return g_string_free(g_steal_pointer(&text), FALSE);
}

static void on_policy(struct answer *a)
{
	struct json_obj o;
	g_autofree char *can = NULL, *authors = NULL;

	if (a->policy == NULL) {
		return;
	}
	json_doc_root(a->policy, &o);
	can = names_of(&o, "can_approve");
	authors = names_of(&o, "authors");
	if (can[0] != '\0') {
		because(a, "who", _("these can approve it: %s"), can);
	} else {
		because(a, "nobody", "%s", _("nobody is left who could approve it"));
	}
	if (authors[0] != '\0') {
		because(a, "authors", _("these cannot, since they wrote it: %s"), authors);
	}
}

static void on_pending(struct answer *a)
{
	struct json_obj o;
	int64_t votes, required;

	if (!json_obj_get_opt(&a->stack, "pending", &o)) {
		return;
	}
	votes = json_int_opt(&o, "votes", 0, JSON_MAX_INT, 0);
	required = json_int_opt(&o, "required", 0, JSON_MAX_INT, 0);
	if (!json_bool_opt(&o, "approved", false)) {
		g_autofree char *expires = text_age(when_of(&o, "expires"), a->now);

		because(a, "approvals",
			ngettext("plan %s has %" PRId64 " of %" PRId64 " approvals, expires %s",
				 "plan %s has %" PRId64 " of %" PRId64 " approvals, expires %s",
				 (gulong)required),
			a->plan, votes, required, expires);
		on_policy(a);
		then(a, "assent show %s", a->plan);
		then(a, "assent approve %s", a->plan);
		a->needs_person = true;
	}
	if (json_bool_opt(&o, "shut", false)) {
		int64_t opens = when_of(&o, "opens");
		g_autofree char *age = text_age(opens, a->now);

		if (opens != 0) {
			because(a, "window", _("a window keeps it, which opens %s"), age);
		} else {
			because(a, "window", "%s",
				_("a window keeps it, and none opens within a year"));
		}
	}
}

static void on_newest(struct answer *a)
{
	struct json_obj o;
	const char *state;
	g_autofree char *id = NULL;

	if (!json_obj_get_opt(&a->root, "newest_plan", &o)) {
		return;
	}
	state = str_of(&o, "state");
	if (!json_bool_opt(&o, "settled", false) || strcmp(state, "applied") == 0) {
		return;
	}
	id = text_short_id(str_of(&o, "plan"));
	because(a, "settled",
		_("plan %s is %s, and the same commit is not planned again by itself: %s"), id,
		state, str_of(&o, "message"));
	then(a, "assent replan %s", a->name);
	a->needs_person = true;
}

static void on_trouble(struct answer *a, const char *name, const char *what)
{
	struct json_obj o;
	const char *problem;

	if (!json_obj_get_opt(&a->root, name, &o)) {
		return;
	}
	problem = str_of(&o, "problem");
	if (problem[0] != '\0') {
		int64_t next = when_of(&o, "next");
		g_autofree char *age = next != 0 ? text_age(next, a->now) : NULL;

		if (age != NULL) {
			/* TRANSLATORS: what fails, why, and "in 3m" */
			because(a, name, _("%s: %s; tried again %s"), what, problem, age);
		} else {
			because(a, name, "%s: %s", what, problem);
		}
	}
}

static void on_jobs(struct answer *a)
{
	const char *job = str_of(&a->stack, "job");
	struct json_obj o;

	on_trouble(a, "fetch", _("fetching fails"));
	on_trouble(a, "plan", _("planning fails"));
	on_trouble(a, "recover", _("what an interrupted apply left cannot be settled"));
	if (job[0] == '\0' || strcmp(job, "none") == 0) {
		return;
	}
	if (json_obj_get_opt(&a->stack, "progress", &o)) {
		/* TRANSLATORS: "fetch", "plan", "apply"; how far: a text, 3, 12 */
		because(a, "job", _("a job runs: %s, %s (%" PRId64 "/%" PRId64 ")"), job,
			str_of(&o, "text"), json_int_opt(&o, "done", 0, JSON_MAX_INT, 0),
			json_int_opt(&o, "total", 0, JSON_MAX_INT, 0));
	} else {
		/* TRANSLATORS: "fetch", "plan", "apply" */
		because(a, "job", _("a job runs: %s"), job);
	}
}

static void on_who(const char *id, const char *text, void *user)
{
	because(user, "changed", "%s: %s", id, text);
}

static void on_drift(struct answer *a, struct client *client)
{
	int64_t count = json_int_opt(&a->stack, "drift", 0, JSON_MAX_INT, 0);
	const char *does = str_of(&a->root, "on_drift");
	size_t more;

	if (count == 0) {
		return;
	}
	because(a, "drift",
		ngettext("%" PRId64 " thing on this host was changed by others; on-drift is %s",
			 "%" PRId64 " things on this host were changed by others; on-drift is %s",
			 (gulong)count),
		count, does);
	more = who_changed(client, a->name, CHANGED_MAX, on_who, a);
	if (more > 0) {
		because(a, "changed", "+ %zu", more);
	}
	then(a, "assent diff %s", a->name);
	if (strcmp(does, "report") == 0) {
		then(a, "assent plan %s", a->name);
		a->needs_person = true;
	}
}

static void on_fetched(struct answer *a)
{
	int64_t fetched = when_of(&a->root, "fetched");
	g_autofree char *age = text_age(fetched, a->now);
	const char *newest = str_of(&a->stack, "commit"), *target = str_of(&a->root, "target");
	g_autofree char *commit = text_short_id(newest), *wanted = text_short_id(target);

	if (fetched == 0) {
		because(a, "fetched", "%s", _("nothing was fetched since the agent was started"));
	} else if (commit[0] == '\0') {
		because(a, "fetched", _("fetched %s: no commit yet"), age);
	} else if (target[0] != '\0' && strcmp(newest, target) != 0) {
		because(a, "fetched", _("fetched %s: commit %s, but commit %s is to hold here"),
			age, commit, wanted);
	} else if (strcmp(newest, str_of(&a->stack, "applied")) == 0) {
		because(a, "fetched", _("fetched %s: commit %s, which is what holds here"), age,
			commit);
	} else {
		because(a, "fetched", _("fetched %s: commit %s, which does not hold here yet"), age,
			commit);
	}
}

static void on_schedule(struct answer *a)
{
	struct json_obj o;
	int64_t fetch = 0, drift = when_of(&a->root, "next_drift");

	if (json_obj_get_opt(&a->root, "fetch", &o)) {
		fetch = when_of(&o, "next");
	}
	if (fetch != 0) {
		g_autofree char *age = text_age(fetch, a->now);

		because(a, "next-fetch", _("fetched next %s"), age);
	}
	if (drift != 0) {
		g_autofree char *age = text_age(drift, a->now);

		because(a, "next-drift", _("looked for drift next %s"), age);
	}
}

static void explain(struct answer *a, struct client *client)
{
	on_dead(a);
	on_leader(a);
	if (a->follows) {
		return; // what else there is to do is the other's
	}
	on_suspended(a);
	on_block(a);
	on_halted(a);
	on_pin(a);
	on_after(a);
	on_pending(a);
	on_newest(a);
	on_jobs(a);
	on_drift(a, client);
	on_fetched(a);
	on_schedule(a);
}

static bool load(struct cli *cli, struct answer *a, const char *stack, GError **error)
{
	g_autofree char *path = client_path("/v1/stacks/%s/why", stack);
	struct json_obj pending;

	if (!client_get_json(cli->client, path, &a->doc, error)) {
		return false;
	}
	json_doc_root(a->doc, &a->root);
	json_obj_get(&a->root, "stack", &a->stack);
	a->name = json_str(&a->stack, "name", TEXT_MAX);
	a->state = json_str(&a->stack, "state", 64);
	if (!client_check(a->doc, path, error)) {
		return false;
	}
	if (json_obj_get_opt(&a->stack, "pending", &pending)) {
		const char *id = str_of(&pending, "plan");
		g_autofree char *policy = client_path("/v1/plans/%s/policy", id);
		g_autoptr(GError) gone = NULL; // it may have ended meanwhile

		a->plan = text_short_id(id);
		if (!client_get_json(cli->client, policy, &a->policy, &gone)) {
			a->policy = NULL;
		}
	}
	return true;
}

static void print_text(struct out *out, const struct answer *a)
{
	g_autofree char *name = out_safe(out, a->name), *state = out_safe(out, a->state);
	struct json_obj stack = a->stack;
	g_autofree char *why = out_safe(out, str_of(&stack, "reason"));

	out_styled(out, STYLE_BOLD, "%s", name);
	out_printf(out, ": %s%s%s\n", state, why[0] != '\0' ? ": " : "", why);
	for (unsigned i = 0; i < a->reasons->len; i++) {
		const struct reason *r = a->reasons->pdata[i];
		g_autofree char *text = out_safe(out, r->text);

		out_printf(out, "  - %s\n", text);
	}
	if (a->next->len == 0) {
		out_printf(out, "%s\n", _("Nothing has to be done."));
		return;
	}
	out_printf(out, "%s\n", _("What can be done:"));
	for (unsigned i = 0; i < a->next->len; i++) {
		g_autofree char *text = out_safe(out, a->next->pdata[i]);

		out_printf(out, "  %s\n", text);
	}
}

static bool print_json(struct out *out, struct answer *a, GError **error)
{
	struct json_writer *w = out_json_begin(out);

	json_w_str(w, "stack", a->name);
	json_w_str(w, "state", a->state);
	json_w_str(w, "reason", str_of(&a->stack, "reason"));
	json_w_bool(w, "needs_person", a->needs_person);
	json_w_array(w, "because");
	for (unsigned i = 0; i < a->reasons->len; i++) {
		json_w_str(w, NULL, ((const struct reason *)a->reasons->pdata[i])->code);
	}
	json_w_end(w);
	json_w_array(w, "next");
	for (unsigned i = 0; i < a->next->len; i++) {
		json_w_str(w, NULL, a->next->pdata[i]);
	}
	json_w_end(w);
	json_w_value(w, "facts", a->root.value);
	if (a->policy != NULL) {
		json_w_value(w, "policy", json_doc_value(a->policy));
	} else {
		json_w_null(w, "policy");
	}
	return out_json_end(out, w, error);
}

static void answer_init(struct answer *a)
{
	*a = (struct answer){.now = g_get_real_time() / G_USEC_PER_SEC};
	a->reasons = g_ptr_array_new_with_free_func(reason_free);
	a->next = g_ptr_array_new_with_free_func(g_free);
}

static void answer_clear(struct answer *a)
{
	g_ptr_array_unref(a->reasons);
	g_ptr_array_unref(a->next);
	g_free(a->plan);
	json_doc_free(a->doc);
	json_doc_free(a->policy);
}

static bool awaits(struct chain *chain, struct answer *a, unsigned depth);

/* Whether it will not go on before somebody does something; one that cannot be asked will not. */
static bool is_stuck(struct chain *chain, const char *stack, unsigned depth)
{
	g_autoptr(GError) error = NULL;
	struct answer other;
	bool stuck;

	if (g_hash_table_contains(chain->goes_on, stack)) {
		return false;
	}
	answer_init(&other);
	stuck = !load(chain->cli, &other, stack, &error);
	if (!stuck) {
		explain(&other, chain->cli->client);
		stuck = other.needs_person || awaits(chain, &other, depth);
	}
	if (!stuck) {
		g_hash_table_add(chain->goes_on, g_strdup(stack));
	}
	answer_clear(&other);
	return stuck;
}

/* Does an approved plan wait for a stack that waits for a person? */
static bool awaits(struct chain *chain, struct answer *a, unsigned depth)
{
	struct json_obj pending, o;
	struct json_arr arr;
	size_t n = json_arr_get_opt(&a->root, "after", NAMES_MAX, &arr);

	if (!json_obj_get_opt(&a->stack, "pending", &pending) ||
	    !json_bool_opt(&pending, "approved", false)) {
		return false;
	}
	for (size_t i = 0; i < n && json_arr_obj(&arr, i, &o); i++) {
		if (strcmp(str_of(&o, "state"), "converged") != 0 &&
		    (depth == 0 || is_stuck(chain, str_of(&o, "stack"), depth - 1))) {
			return true;
		}
	}
	return false;
}

bool cmd_why(struct cli *cli, int argc, char **argv, GError **error)
{
	g_autoptr(GHashTable) goes_on =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	struct chain chain = {cli, goes_on};
	struct answer a;
	bool good = false;

	if (!cli_begin(cli, NULL, &argc, &argv, error)) {
		return false;
	}
	answer_init(&a);
	if (load(cli, &a, argv[0], error)) {
		explain(&a, cli->client);
		a.needs_person = a.needs_person || awaits(&chain, &a, CHAIN_MAX);
		if (out_is_json(cli->out)) {
			good = print_json(cli->out, &a, error);
		} else {
			print_text(cli->out, &a);
			good = true;
		}
		cli->status = a.needs_person ? EXIT_REFUSED : EXIT_DONE;
	}
	answer_clear(&a);
	return good;
}
