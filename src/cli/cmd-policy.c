/* SPDX-License-Identifier: GPL-3.0-or-later */
/* assent policy test: what a plan needs, and why, rule by rule. */
#include <glib/gi18n.h>
#include <inttypes.h>
#include <string.h>

#include "base/autoptr.h"
#include "base/text.h"
#include "cli/command.h"

#define MAX_ITEMS 1000
#define MAX_TEXT 8192

/* The texts of an array, joined. */
static char *names(struct json_obj *o, const char *member)
{
	GString *text = g_string_new(NULL);
	struct json_arr arr;
	size_t count = json_arr_get_opt(o, member, MAX_ITEMS, &arr);

	for (size_t i = 0; i < count; i++) {
		g_string_append_printf(text, "%s%s", i > 0 ? ", " : "",
				       json_arr_str(&arr, i, MAX_TEXT));
	}
	return g_string_free(text, FALSE);
}

static void print_policy(struct out *out, struct json_obj *root)
{
	g_autofree char *from = NULL, *channels = NULL, *glass = NULL;
	struct json_obj policy;
	int64_t required;

	if (!json_obj_get(root, "policy", &policy)) {
		return;
	}
	from = names(&policy, "from");
	channels = names(&policy, "channels");
	glass = names(&policy, "break_glass");
	required = json_int(&policy, "required", 0, JSON_MAX_INT);
	if (required == 0) {
		out_field(out, C_("field", "needs"), "%s", _("nobody's approval"));
	} else {
		/* TRANSLATORS: count, people, channels */
		out_field(out, C_("field", "needs"),
			  ngettext("%" PRId64 " approval from: %s; by: %s",
				   "%" PRId64 " approvals from: %s; by: %s", (gulong)required),
			  required, from, channels);
	}
	if (glass[0] != '\0') {
		out_field(out, "", _("or break-glass by: %s"), glass);
	}
	json_obj_ignore_rest(&policy);
}

/* In the largest unit that leaves no rest; text_duration() is for reading, and rounds. */
static char *exact_duration(int64_t seconds)
{
	static const struct {
		int64_t size;
		const char *letter;
	} units[] = {{86400, "d"}, {3600, "h"}, {60, "m"}, {1, "s"}};
	size_t i = 0;

	while (seconds % units[i].size != 0) {
		i++;
	}
	return g_strdup_printf("%" PRId64 "%s", seconds / units[i].size, units[i].letter);
}

/* What a rule that asks people says besides. */
static void print_conditions(struct out *out, struct json_obj *rule)
{
	int64_t quiet = json_int_opt(rule, "quiet", 0, JSON_MAX_INT, 0);
	int64_t expires = json_int_opt(rule, "expires", 0, JSON_MAX_INT, 0);
	g_autofree char *silence = exact_duration(quiet), *within = exact_duration(expires);

	if (!json_bool_opt(rule, "author_may_approve", true)) {
		out_field(out, "", "%s", _("  not from those who wrote or pushed the commits"));
	}
	if (quiet > 0) {
		/* TRANSLATORS: a duration like 10m */
		out_field(out, "", _("  or nobody's rejection for %s"), silence);
	}
	if (expires > 0) {
		/* TRANSLATORS: the approvals must come within a duration like 24h */
		out_field(out, "", _("  within %s"), within);
	}
}

static void print_rule(struct out *out, const char *name, struct json_obj *rule)
{
	const char *place =
		json_is_null(rule, "rule") ? NULL : json_str_opt(rule, "rule", MAX_TEXT);
	const char *what = json_str(rule, "what", MAX_TEXT);
	const char *first =
		json_is_null(rule, "first") ? NULL : json_str_opt(rule, "first", MAX_TEXT);
	int64_t changes = json_int(rule, "changes", 0, JSON_MAX_INT);
	g_autofree char *from = names(rule, "from"), *channels = names(rule, "channels");
	bool asks = json_has(rule, "required");
	int64_t required = json_int_opt(rule, "required", 0, JSON_MAX_INT, 0);

	out_field(out, name, "%s%s%s%s", place != NULL ? place : "", place != NULL ? " (" : "",
		  what, place != NULL ? ")" : "");
	if (changes > 0) {
		out_field(out, "",
			  ngettext("  %" PRId64 " change: %s",
				   "  %" PRId64 " changes, the first is %s", (gulong)changes),
			  changes, first != NULL ? first : "?");
	}
	if (asks && required == 0) {
		out_field(out, "", "%s", _("  asks nobody"));
	} else if (asks) {
		out_field(out, "", _("  asks for %" PRId64 " from: %s; by: %s"), required, from,
			  channels);
		print_conditions(out, rule);
	}
	json_obj_ignore_rest(rule);
}

static void print_rules(struct out *out, struct json_obj *root)
{
	struct json_arr arr;
	size_t count = json_arr_get(root, "rules", MAX_ITEMS, &arr);

	for (size_t i = 0; i < count; i++) {
		struct json_obj rule;

		if (json_arr_obj(&arr, i, &rule)) {
			print_rule(out, i == 0 ? C_("field", "because") : "", &rule);
		}
	}
	if (!json_is_null(root, "problem")) {
		out_field(out, C_("field", "PROBLEM"), "%s", json_str(root, "problem", MAX_TEXT));
	} else if (!json_bool(root, "current")) {
		out_field(
			out, C_("field", "PROBLEM"), "%s",
			_("the plan was made under another policy and is about to be made again"));
	}
}

static void print_votes(struct out *out, struct json_obj *root)
{
	struct json_arr arr;
	size_t count = json_arr_get(root, "votes", MAX_ITEMS, &arr);

	for (size_t i = 0; i < count; i++) {
		struct json_obj vote;

		if (json_arr_obj(&arr, i, &vote)) {
			/* TRANSLATORS: person, decision, channel */
			out_field(out, i == 0 ? C_("field", "votes") : "", _("%s: %s by %s"),
				  json_str(&vote, "person", MAX_TEXT),
				  json_str(&vote, "decision", MAX_TEXT),
				  json_str(&vote, "channel", MAX_TEXT));
			json_obj_ignore_rest(&vote);
		}
	}
}

static void print_missing(struct out *out, struct json_obj *root)
{
	g_autofree char *can = names(root, "can_approve"), *authors = names(root, "authors");
	g_autofree char *strangers = names(root, "no_address");
	g_autofree char *pushers = names(root, "pushers");
	int64_t missing = json_int(root, "missing", 0, JSON_MAX_INT);
	struct json_obj window;

	if (json_bool(root, "enough")) {
		out_field(out, C_("field", "missing"), "%s", _("nothing"));
	} else if (missing > 0) {
		out_field(out, C_("field", "missing"), _("%" PRId64 ", from: %s"), missing, can);
		if (authors[0] != '\0') {
			out_field(out, "",
				  pushers[0] != '\0'
					  ? _("not from those who wrote or pushed the commits: %s")
					  : _("not from those who wrote the commits: %s"),
				  authors);
		}
		if (!json_is_null(root, "quiet")) {
			out_field(out, "", _("or nobody's rejection until %s"),
				  json_str(root, "quiet", 64));
		}
	}
	if (strangers[0] != '\0') {
		out_field(out, C_("field", "note"),
			  _("no e-mail address tells if they wrote a commit: %s"), strangers);
	}
	if (pushers[0] != '\0') {
		out_field(out, C_("field", "pushed by"), "%s", pushers);
	}
	if (json_obj_get(root, "window", &window)) {
		if (json_bool(&window, "shut") && json_is_null(&window, "opens")) {
			out_field(out, C_("field", "window"), "%s",
				  _("shut, and none opens within a year"));
		} else if (json_bool(&window, "shut")) {
			out_field(out, C_("field", "window"), _("shut until %s"),
				  json_str(&window, "opens", 64));
		}
		json_obj_ignore_rest(&window);
	}
}

static bool print_json(struct cli *cli, struct json_obj *root, GError **error)
{
	struct json_writer *w = out_json_begin(cli->out);

	for (size_t i = 0; i < json_names(root); i++) {
		const char *name = json_name(root, i);

		if (strcmp(name, "schema_version") != 0) {
			json_w_value(w, name, json_any(root, name));
		}
	}
	return out_json_end(cli->out, w, error);
}

static bool cmd_policy_test(struct cli *cli, int argc, char **argv, GError **error)
{
	g_autoptr(json_doc_auto) doc = NULL;
	g_autofree char *path = NULL, *id = NULL;
	struct json_obj root;

	if (!cli_begin(cli, NULL, &argc, &argv, error)) {
		return false;
	}
	path = client_path("/v1/plans/%s/policy", argv[0]);
	if (!client_get_json(cli->client, path, &doc, error)) {
		return false;
	}
	json_doc_root(doc, &root);
	if (out_is_json(cli->out)) {
		return print_json(cli, &root, error);
	}
	id = text_short_id(json_str(&root, "plan", HASH_TEXT_SIZE));
	/* TRANSLATORS: a plan's id, its stack and its state */
	out_styled(cli->out, STYLE_BOLD, _("Plan %s of stack '%s': %s"), id,
		   json_str(&root, "stack", MAX_TEXT), json_str(&root, "state", MAX_TEXT));
	out_printf(cli->out, "\n");
	print_policy(cli->out, &root);
	print_rules(cli->out, &root);
	print_votes(cli->out, &root);
	print_missing(cli->out, &root);
	return client_check(doc, path, error);
}

const struct command policy_commands[] = {
	{"test", cmd_policy_test, NEEDS_AGENT, "PLAN",
	 N_("What a plan needs, rule by rule, and why"), NULL},
	{NULL},
};
