/* SPDX-License-Identifier: GPL-3.0-or-later */
/* assent adopt: which objects of clusters a plan would take over, and from whom. Reads only. */
#include <glib/gi18n.h>
#include <inttypes.h>
#include <string.h>

#include "base/error.h"
#include "core/hash.h"
#include "cli/command.h"

#define TEXT_MAX ((size_t)65536)
#define ITEMS_MAX 1000
#define PAUSE (100 * 1000) /* microseconds between two looks */

struct inquiry {
	struct json_doc *doc;
	struct json_obj root;
	const char *state, *problem, *commit;
	bool blocked; /* something is in the way of one */
};

static bool take(struct inquiry *q, const char *path, GError **error)
{
	json_doc_root(q->doc, &q->root);
	q->state = json_str(&q->root, "state", 32);
	q->problem = json_is_null(&q->root, "problem")
			     ? NULL
			     : json_str_opt(&q->root, "problem", TEXT_MAX);
	q->commit = json_str(&q->root, "commit", HASH_TEXT_SIZE);
	return client_check(q->doc, path, error);
}

/* Asks for it, and waits until it is there. */
static bool ask(struct cli *cli, const char *stack, struct inquiry *q, GError **error)
{
	g_autofree char *path = client_path("/v1/stacks/%s/adopt", stack);

	if (!client_post_json(cli->client, path, NULL, CLIENT_QUICK, &q->doc, error) ||
	    !take(q, path, error)) {
		return false;
	}
	while (strcmp(q->state, "running") == 0) {
		g_usleep(PAUSE);
		json_doc_free(q->doc);
		q->doc = NULL;
		if (!client_get_json(cli->client, path, &q->doc, error) || !take(q, path, error)) {
			return false;
		}
	}
	return strcmp(q->state, "done") == 0 ||
	       problem(error, EXIT_USAGE, "failed", _("'assent why' tells more"),
		       _("stack '%s' cannot be compared: %s"), stack,
		       q->problem != NULL ? q->problem : q->state);
}

static void say(struct cli *cli, const char *text)
{
	g_autofree char *safe = out_safe(cli->out, text);

	out_printf(cli->out, "    %s\n", safe);
}

/* True: it would undo what we do. */
static bool read_claims(struct cli *cli, struct json_obj *found)
{
	bool json = out_is_json(cli->out), fights = false;
	struct json_arr list;
	size_t count = json_arr_get(found, "claims", ITEMS_MAX * 2, &list);

	for (size_t i = 0; i < count; i++) {
		struct json_obj claim;
		const char *text, *advice;

		if (!json_arr_obj(&list, i, &claim)) {
			break;
		}
		text = json_str(&claim, "text", TEXT_MAX);
		advice = json_str(&claim, "advice", TEXT_MAX);
		fights |= json_bool(&claim, "fights");
		if (!json) {
			g_autofree char *line = g_strdup_printf("%s; %s", text, advice);

			say(cli, line);
		}
	}
	return fights;
}

static bool read_problems(struct cli *cli, struct json_obj *found)
{
	struct json_arr list;
	size_t count = json_arr_get(found, "problems", ITEMS_MAX, &list);

	for (size_t i = 0; i < count && !out_is_json(cli->out); i++) {
		const char *text = json_arr_str(&list, i, TEXT_MAX);

		say(cli, text != NULL ? text : "");
	}
	return count > 0;
}

static const char *content_text(const char *content)
{
	if (g_strcmp0(content, "same") == 0) {
		return _("its content stays as it is");
	}
	return g_strcmp0(content, "changes") == 0 ? _("its content changes")
						  : _("not known what would change");
}

/* Prints them, unless in JSON. */
static void read_found(struct cli *cli, struct inquiry *q)
{
	struct json_arr list;
	size_t count = json_arr_get(&q->root, "found", ITEMS_MAX, &list);

	for (size_t i = 0; i < count; i++) {
		struct json_obj found;
		const char *id, *content;
		bool fights;

		if (!json_arr_obj(&list, i, &found)) {
			break;
		}
		id = json_str(&found, "id", TEXT_MAX);
		content = json_str(&found, "content", 32);
		if (!out_is_json(cli->out)) {
			g_autofree char *safe = out_safe(cli->out, id);

			out_printf(cli->out, "%s: %s\n", safe, content_text(content));
		}
		fights = read_claims(cli, &found);
		q->blocked = read_problems(cli, &found) || fights || q->blocked;
	}
}

static bool print(struct cli *cli, struct inquiry *q, const char *stack, GError **error)
{
	g_autofree char *path = client_path("/v1/stacks/%s/adopt", stack);
	int64_t total = json_int(&q->root, "found_total", 0, JSON_MAX_INT);

	if (total == 0 && !out_is_json(cli->out)) {
		/* TRANSLATORS: a stack */
		out_printf(cli->out, _("%s: there is nothing to take over\n"), stack);
	}
	read_found(cli, q);
	if (total > ITEMS_MAX && !out_is_json(cli->out)) {
		out_note(cli->out, _("these are the first of %" PRId64 "\n"), (gint64)total);
	}
	return client_check(q->doc, path, error);
}

static bool print_json(struct cli *cli, struct inquiry *q, const char *stack, GError **error)
{
	struct json_writer *w = out_json_begin(cli->out);

	json_w_str(w, "stack", stack);
	json_w_str(w, "commit", q->commit);
	json_w_bool(w, "blocked", q->blocked);
	json_w_value(w, "found", json_any(&q->root, "found"));
	json_w_value(w, "found_total", json_any(&q->root, "found_total"));
	return out_json_end(cli->out, w, error);
}

/* 1 means that something is in the way: what failed is told apart from that. */
static bool trouble(GError *local, GError **error)
{
	enum exit_code code = problem_exit(local);

	return problem(error, code == EXIT_REFUSED ? EXIT_USAGE : code, problem_name(local),
		       problem_hint(local), "%s", local->message);
}

bool cmd_adopt(struct cli *cli, int argc, char **argv, GError **error)
{
	const GOptionEntry options[] = {{NULL}};
	g_autoptr(GError) local = NULL;
	struct inquiry q = {0};
	bool good;

	if (!cli_begin(cli, options, &argc, &argv, &local)) {
		return local != NULL ? trouble(local, error) : false;
	}
	good = ask(cli, argv[0], &q, &local) && print(cli, &q, argv[0], &local) &&
	       (!out_is_json(cli->out) || print_json(cli, &q, argv[0], &local));
	cli->status = good && q.blocked ? EXIT_REFUSED : EXIT_DONE;
	json_doc_free(q.doc);
	return good || trouble(local, error);
}
