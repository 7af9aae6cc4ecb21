/* SPDX-License-Identifier: GPL-3.0-or-later */
/* assent token: one-time tokens with which somebody decides by HTTP. */
#include <glib/gi18n.h>
#include <string.h>

#include "base/autoptr.h"
#include "base/text.h"
#include "cli/command.h"

#define MAX_TEXT 1024
#define MAX_TOKENS 100000

const struct command token_commands[] = {
	{"issue", cmd_token_issue, NEEDS_AGENT, "PLAN",
	 N_("Print a token that decides once about a plan"), NULL},
	{"list", cmd_token_list, NEEDS_AGENT, "", N_("List the tokens and what became of them"),
	 NULL},
	{"revoke", cmd_token_revoke, NEEDS_AGENT, "TOKEN", N_("Make a token worthless"), NULL},
	{NULL},
};

struct token {
	const char *id, *plan, *channel, *person, *notifier, *state, *issued, *expires;
	const char *text; /* NULL: not just issued */
};

static void read_token(struct json_obj *o, struct token *out)
{
	out->text = json_str_opt(o, "token", MAX_TEXT);
	out->id = json_str(o, "id", MAX_TEXT);
	out->plan = json_str(o, "plan", HASH_TEXT_SIZE);
	out->channel = json_str(o, "channel", MAX_TEXT);
	out->person = json_is_null(o, "person") ? NULL : json_str_opt(o, "person", MAX_TEXT);
	out->notifier = json_str(o, "notifier", MAX_TEXT);
	out->issued = json_str(o, "issued", MAX_TEXT);
	out->expires = json_str(o, "expires", MAX_TEXT);
	out->state = json_str(o, "state", MAX_TEXT);
	json_obj_ignore_rest(o);
}

static void write_token(struct json_writer *w, const struct token *t)
{
	if (t->text != NULL) {
		json_w_str(w, "token", t->text);
	}
	json_w_str(w, "id", t->id);
	json_w_str(w, "plan", t->plan);
	json_w_str(w, "channel", t->channel);
	if (t->person != NULL) {
		json_w_str(w, "person", t->person);
	} else {
		json_w_null(w, "person");
	}
	json_w_str(w, "notifier", t->notifier);
	json_w_str(w, "issued", t->issued);
	json_w_str(w, "expires", t->expires);
	json_w_str(w, "state", t->state);
}

static bool print_json(struct cli *cli, const struct token *t, GError **error)
{
	struct json_writer *w = out_json_begin(cli->out);

	write_token(w, t);
	return out_json_end(cli->out, w, error);
}

static char *ask_for(const char *plan, const char *channel, const char *person)
{
	struct json_writer *w = json_writer_new(0);
	autocfree char *text = NULL;
	size_t len = 0;

	json_w_object(w, NULL);
	json_w_str(w, "plan", plan);
	if (channel != NULL) {
		json_w_str(w, "channel", channel);
	}
	if (person != NULL) {
		json_w_str(w, "person", person);
	}
	json_w_end(w);
	return json_writer_finish(w, &text, &len, NULL) == 0 ? g_strdup(text) : NULL;
}

/* The token alone goes to standard output, so that it can be handed on. */
static bool issue(struct cli *cli, const char *body, GError **error)
{
	g_autoptr(json_doc_auto) doc = NULL;
	g_autofree char *expires = NULL;
	struct json_obj root;
	struct token t;

	if (!client_post_json(cli->client, "/v1/tokens", body, CLIENT_QUICK, &doc, error)) {
		return false;
	}
	json_doc_root(doc, &root);
	read_token(&root, &t);
	if (!client_check(doc, "/v1/tokens", error)) {
		return false;
	}
	if (out_is_json(cli->out)) {
		return print_json(cli, &t, error);
	}
	expires = out_safe(cli->out, t.expires);
	out_note(cli->out, _("Valid until %s. It is shown this once.\n"), expires);
	out_printf(cli->out, "%s\n", t.text != NULL ? t.text : "");
	return true;
}

bool cmd_token_issue(struct cli *cli, int argc, char **argv, GError **error)
{
	g_autofree char *person = NULL;
	g_autofree char *channel = NULL;
	g_autofree char *body = NULL;
	const GOptionEntry options[] = {
		{"person", 0, 0, G_OPTION_ARG_STRING, &person, N_("Whose it is"), N_("NAME")},
		{"channel", 0, 0, G_OPTION_ARG_STRING, &channel,
		 N_("How its decision comes (default: webhook)"), N_("CHANNEL")},
		{NULL}};

	if (!cli_begin(cli, options, &argc, &argv, error)) {
		return false;
	}
	body = ask_for(argv[0], channel, person);
	if (body == NULL) {
		return problem(error, EXIT_USAGE, "malformed", NULL,
			       _("the plan or an option is not UTF-8"));
	}
	return issue(cli, body, error);
}

static bool list_json(struct cli *cli, struct json_arr *arr, size_t count, GError **error)
{
	struct json_writer *w = out_json_begin(cli->out);
	struct json_obj item;
	struct token t;

	json_w_array(w, "tokens");
	for (size_t i = 0; i < count && json_arr_obj(arr, i, &item); i++) {
		read_token(&item, &t);
		json_w_object(w, NULL);
		write_token(w, &t);
		json_w_end(w);
	}
	json_w_end(w);
	return out_json_end(cli->out, w, error);
}

static void list_text(struct cli *cli, struct json_arr *arr, size_t count)
{
	g_autoptr(table_auto) table = table_new(
		C_("column", "TOKEN"), C_("column", "PLAN"), C_("column", "PERSON"),
		C_("column", "CHANNEL"), C_("column", "EXPIRES"), C_("column", "STATE"), NULL);
	struct json_obj item;
	struct token t;

	for (size_t i = 0; i < count && json_arr_obj(arr, i, &item); i++) {
		g_autofree char *plan = NULL;

		read_token(&item, &t);
		plan = text_short_id(t.plan);
		table_add(table, t.id, plan, t.person, t.channel, t.expires, t.state);
	}
	table_print(table, cli->out);
}

bool cmd_token_list(struct cli *cli, int argc, char **argv, GError **error)
{
	g_autoptr(json_doc_auto) doc = NULL;
	struct json_obj root;
	struct json_arr arr;
	size_t count;
	bool ok = true;

	if (!cli_begin(cli, NULL, &argc, &argv, error) ||
	    !client_get_json(cli->client, "/v1/tokens", &doc, error)) {
		return false;
	}
	json_doc_root(doc, &root);
	count = json_arr_get(&root, "tokens", MAX_TOKENS, &arr);
	json_obj_ignore_rest(&root);
	if (!client_check(doc, "/v1/tokens", error)) {
		return false;
	}
	if (out_is_json(cli->out)) {
		ok = list_json(cli, &arr, count, error);
	} else {
		list_text(cli, &arr, count);
	}
	return ok && client_check(doc, "/v1/tokens", error);
}

bool cmd_token_revoke(struct cli *cli, int argc, char **argv, GError **error)
{
	g_autoptr(json_doc_auto) doc = NULL;
	g_autofree char *path = NULL;
	g_autofree char *id = NULL;
	struct json_obj root;
	struct token t;

	if (!cli_begin(cli, NULL, &argc, &argv, error)) {
		return false;
	}
	path = client_path("/v1/tokens/%s/revoke", argv[0]);
	if (!client_post_json(cli->client, path, NULL, CLIENT_QUICK, &doc, error)) {
		return false;
	}
	json_doc_root(doc, &root);
	read_token(&root, &t);
	if (!client_check(doc, path, error)) {
		return false;
	}
	if (out_is_json(cli->out)) {
		return print_json(cli, &t, error);
	}
	id = out_safe(cli->out, t.id);
	out_printf(cli->out, _("Token %s is worthless now\n"), id);
	return true;
}
