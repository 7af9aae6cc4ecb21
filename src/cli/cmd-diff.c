/* SPDX-License-Identifier: GPL-3.0-or-later */
/* assent diff: how this host differs from what it shall be, now; nothing is planned by it. */
#include <glib/gi18n.h>
#include <inttypes.h>
#include <string.h>

#include "base/autoptr.h"
#include "base/error.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/render.h"
#include "cli/who.h"

#define PROBLEM_MAX 65536
#define CHANGED_MAX 20
#define PAUSE (100 * 1000) /* microseconds between two looks */

struct comparison {
	struct json_doc *doc;
	struct json_obj root;
	const char *state, *problem, *commit;
	bool differs;
};

static bool take(struct comparison *c, const char *path, GError **error)
{
	json_doc_root(c->doc, &c->root);
	c->state = json_str(&c->root, "state", 32);
	c->problem = json_is_null(&c->root, "problem")
			     ? NULL
			     : json_str_opt(&c->root, "problem", PROBLEM_MAX);
	c->commit = json_str(&c->root, "commit", HASH_TEXT_SIZE);
	c->differs = json_bool(&c->root, "differs");
	return client_check(c->doc, path, error);
}

/* Asks for it, and waits until it is there. */
static bool compare(struct cli *cli, const char *stack, struct comparison *c, GError **error)
{
	g_autofree char *path = client_path("/v1/stacks/%s/diff", stack);

	if (!client_post_json(cli->client, path, NULL, CLIENT_QUICK, &c->doc, error) ||
	    !take(c, path, error)) {
		return false;
	}
	while (strcmp(c->state, "running") == 0) {
		g_usleep(PAUSE);
		json_doc_free(c->doc);
		c->doc = NULL;
		if (!client_get_json(cli->client, path, &c->doc, error) || !take(c, path, error)) {
			return false;
		}
	}
	return strcmp(c->state, "done") == 0 ||
	       problem(error, EXIT_USAGE, "failed", _("'assent why' tells more"),
		       _("stack '%s' cannot be compared: %s"), stack,
		       c->problem != NULL ? c->problem : c->state);
}

/* The same reader as a plan's, which takes canonical bytes. */
static bool read_plan(struct comparison *c, struct plan **out, GError **error)
{
	struct json_writer *w = json_writer_new(JSON_CANONICAL);
	struct assent_error core;
	autocfree char *text = NULL;
	size_t len;

	json_w_value(w, NULL, json_any(&c->root, "plan"));
	if (json_writer_finish(w, &text, &len, &core) != 0 ||
	    plan_parse(out, text, len, &core) != 0) {
		return fail_core(error, &core, _("the agent's answer"));
	}
	return true;
}

/* NULL: it is too large to be told, or there is none. */
static GString *read_diff(struct comparison *c)
{
	autocfree char *bytes = NULL;
	size_t len;

	if (json_is_null(&c->root, "diff")) {
		return NULL;
	}
	bytes = json_bytes_dup(&c->root, "diff", CLIENT_ANSWER_MAX, &len);
	return bytes != NULL ? g_string_new_len(bytes, (gssize)len) : NULL;
}

static void on_who(const char *id, const char *text, void *user)
{
	struct out *out = user;
	g_autofree char *safe = out_safe(out, id), *who = out_safe(out, text);

	out_printf(out, "  %s: %s\n", safe, who);
}

/* As the newest look for drift found it. */
static void say_who(struct cli *cli, const char *stack)
{
	size_t more = who_changed(cli->client, stack, CHANGED_MAX, on_who, cli->out);

	if (more > 0) {
		out_printf(cli->out, "  + %zu\n", more);
	}
}

static bool print_text(struct cli *cli, struct comparison *c, const char *stack, bool no_diff,
		       GError **error)
{
	g_autofree char *commit = text_short_id(c->commit);
	g_autoptr(plan_auto) plan = NULL;
	struct review review = {0};

	if (!c->differs) {
		/* TRANSLATORS: a stack and a commit */
		out_printf(cli->out, _("%s: everything is as commit %s wants it\n"), stack, commit);
		return true;
	}
	if (!read_plan(c, &plan, error)) {
		return false;
	}
	review.plan = plan;
	review.diff = read_diff(c);
	if (review.diff != NULL &&
	    !review_diff_matches(plan, review.diff->str, review.diff->len, error)) {
		g_string_free(review.diff, TRUE);
		return false;
	}
	out_page(cli->out);
	/* TRANSLATORS: a stack and a commit */
	out_printf(cli->out, _("%s: what is here differs from commit %s. To get there:\n"), stack,
		   commit);
	render_changes(cli->out, plan);
	say_who(cli, stack);
	if (review.diff == NULL) {
		out_note(cli->out, _("the diff is too large to be shown here\n"));
	} else if (!no_diff) {
		render_diff(cli->out, &review);
	}
	if (review.diff != NULL) {
		g_string_free(review.diff, TRUE);
	}
	return true;
}

static bool print_json(struct cli *cli, struct comparison *c, const char *stack, GError **error)
{
	struct json_writer *w = out_json_begin(cli->out);
	GString *diff = read_diff(c);
	struct json_obj plan;

	json_w_str(w, "stack", stack);
	json_w_str(w, "commit", c->commit);
	json_w_bool(w, "differs", c->differs);
	if (json_obj_get_opt(&c->root, "plan", &plan)) {
		json_w_value(w, "changes", json_any(&plan, "changes"));
	} else {
		json_w_array(w, "changes");
		json_w_end(w);
	}
	if (diff != NULL) {
		if (g_utf8_validate_len(diff->str, diff->len, NULL)) {
			json_w_str(w, "diff", diff->str);
		} else {
			json_w_bytes(w, "diff", diff->str, diff->len);
		}
		g_string_free(diff, TRUE);
	} else {
		json_w_null(w, "diff");
	}
	return out_json_end(cli->out, w, error);
}

/* 1 means a difference here: what failed is told apart from that. */
static bool trouble(GError *local, GError **error)
{
	enum exit_code code = problem_exit(local);

	return problem(error, code == EXIT_REFUSED ? EXIT_USAGE : code, problem_name(local),
		       problem_hint(local), "%s", local->message);
}

bool cmd_diff(struct cli *cli, int argc, char **argv, GError **error)
{
	gboolean no_diff = FALSE;
	const GOptionEntry options[] = {
		{"no-diff", 0, 0, G_OPTION_ARG_NONE, &no_diff, N_("Leave out the diff"), NULL},
		{NULL}};
	g_autoptr(GError) local = NULL;
	struct comparison c = {0};
	bool good;

	if (!cli_begin(cli, options, &argc, &argv, &local)) {
		return local != NULL ? trouble(local, error) : false;
	}
	good = compare(cli, argv[0], &c, &local) &&
	       (out_is_json(cli->out) ? print_json(cli, &c, argv[0], &local)
				      : print_text(cli, &c, argv[0], no_diff, &local));
	cli->status = good && c.differs ? EXIT_REFUSED : EXIT_DONE;
	json_doc_free(c.doc);
	return good || trouble(local, error);
}
