/* SPDX-License-Identifier: GPL-3.0-or-later */
/* assent blame: who wrote, approved and applied what is there. */
#include <glib/gi18n.h>
#include <inttypes.h>
#include <string.h>

#include "base/change-text.h"
#include "base/text.h"
#include "cli/blame.h"
#include "cli/say.h"
#include "cli/who.h"

#define DETAILS_MAX 100000
#define ID_MAX 16384

struct blame {
	struct out *out;
	const struct tale *tale;
	const struct blame_name *name;
	GArray *found; /* struct blame_finding, newest first */
	bool is_here;  /* the log is this host's */
	bool all;
};

static const struct blame_finding *newest(const struct blame *b)
{
	return &g_array_index(b->found, struct blame_finding, 0);
}

static void look(const struct blame *b, struct blame_now *now)
{
	if (b->is_here) {
		blame_look(now, newest(b)->change);
		return;
	}
	*now = (struct blame_now){.state = BLAME_UNKNOWN,
				  .differs = g_ptr_array_new(),
				  .code = "elsewhere",
				  .why = g_strdup(_("the log may be another host's"))};
}

static char *differs_text(const struct blame_now *now)
{
	g_ptr_array_add(now->differs, NULL);
	return g_strjoinv(", ", (char **)now->differs->pdata);
}

static void print_votes(struct out *out, const struct blame_finding *f)
{
	g_autofree char *who = tale_approvers(f->plan, f->run);

	out_field(out, C_("field", "approved"), "%s", who != NULL ? who : _("by nobody"));
	for (unsigned i = 0; i < f->run->votes->len; i++) {
		const struct tale_vote *v = f->run->votes->pdata[i];
		g_autofree char *when = text_time(v->time);

		out_field(out, "", "%s, %s%s%s", v->person, when, v->reason[0] != '\0' ? ": " : "",
			  v->reason);
	}
}

static void print_finding(const struct blame *b, const struct blame_finding *f)
{
	int64_t now = g_get_real_time() / G_USEC_PER_SEC;
	const struct tale_commit *commit = tale_commit(b->tale, f->plan->commit);
	g_autofree char *id = text_short_id(f->plan->id), *tip = text_short_id(f->plan->commit);
	g_autofree char *when = text_time(f->run->ended), *age = text_age(f->run->ended, now);
	g_autofree char *result = tale_result(f->run);
	g_autofree char *made = commit != NULL ? text_time(commit->time) : NULL;

	out_field(b->out, C_("field", "stack"), "%s", f->plan->stack);
	out_field(b->out, C_("field", "change"), "%s", text_action(f->change->action));
	out_field(b->out, C_("field", "commit"), "%s %s", tip,
		  commit != NULL ? commit->subject : "");
	if (commit != NULL) {
		out_field(b->out, C_("field", "author"), "%s <%s>, %s", commit->author,
			  commit->email, made);
	}
	out_field(b->out, C_("field", "plan"), "%s #%" PRId64 " %s", id, f->plan->number,
		  f->plan->reason);
	print_votes(b->out, f);
	out_field(b->out, C_("field", "applied"), "%s (%s), %s", when, age, result);
}

/* What a record of drift says of one thing (doc/formats.md 4); NULL: nothing. */
static const struct json_value *detail_of(const struct tale_event *drift, const char *id,
					  struct json_obj *item)
{
	struct json_obj root;
	struct json_arr arr;
	size_t n;

	if (drift->details == NULL) {
		return NULL;
	}
	json_doc_root(drift->details, &root);
	n = json_arr_get_opt(&root, "changes", DETAILS_MAX, &arr);
	for (size_t i = 0; i < n && json_arr_obj(&arr, i, item); i++) {
		if (g_strcmp0(json_str_opt(item, "id", ID_MAX), id) == 0) {
			return item->value;
		}
	}
	return NULL;
}

static void print_who(const struct blame *b, struct json_obj *item)
{
	g_autoptr(GPtrArray) lines = who_lines(item);

	for (guint i = 0; i < lines->len; i++) {
		out_field(b->out, "", "%s", (const char *)lines->pdata[i]);
	}
}

static void print_drift(const struct blame *b)
{
	const struct tale_event *drift = blame_drift(b->tale, newest(b));
	struct json_obj item;
	g_autofree char *when = drift != NULL ? text_time(drift->time) : NULL;

	if (drift == NULL) {
		return;
	}
	/* TRANSLATORS: a time, and the number of an entry of the log */
	out_field(b->out, C_("field", "drift"), _("recorded %s (entry %" PRIu64 ")"), when,
		  drift->entry);
	if (detail_of(drift, newest(b)->change->id, &item) != NULL) {
		print_who(b, &item);
	}
}

static void print_now(const struct blame *b)
{
	struct blame_now now;
	g_autofree char *what = NULL;

	look(b, &now);
	what = differs_text(&now);
	switch (now.state) {
	case BLAME_SAME:
		out_field(b->out, C_("field", "now"), "%s", _("as it was applied"));
		break;
	case BLAME_DIFFERENT:
		/* TRANSLATORS: what differs: "content, mode" */
		out_field(b->out, C_("field", "now"), _("changed since: %s"), what);
		break;
	case BLAME_UNKNOWN:
		/* TRANSLATORS: why */
		out_field(b->out, C_("field", "now"), _("not known: %s"), now.why);
		break;
	}
	blame_now_clear(&now);
}

static void print_text(const struct blame *b)
{
	g_autofree char *id = out_safe(b->out, newest(b)->change->id);

	out_styled(b->out, STYLE_BOLD, "%s", id);
	out_printf(b->out, "\n");
	print_finding(b, newest(b));
	print_now(b);
	print_drift(b);
	for (unsigned i = 1; b->all && i < b->found->len; i++) {
		out_printf(b->out, "\n");
		print_finding(b, &g_array_index(b->found, struct blame_finding, i));
	}
}

static void write_now(struct json_writer *w, const struct blame *b)
{
	struct blame_now now;

	look(b, &now);
	json_w_object(w, "now");
	json_w_str(w, "state", blame_state_names[now.state]);
	json_w_array(w, "differs");
	for (unsigned i = 0; i < now.differs->len; i++) {
		json_w_str(w, NULL, now.differs->pdata[i]);
	}
	json_w_end(w);
	if (now.code != NULL) {
		json_w_str(w, "why", now.code);
	} else {
		json_w_null(w, "why");
	}
	json_w_end(w);
	blame_now_clear(&now);
}

static void write_drift(struct json_writer *w, const struct blame *b)
{
	const struct tale_event *drift = blame_drift(b->tale, newest(b));
	const struct json_value *detail;
	struct json_obj item;

	if (drift == NULL) {
		json_w_null(w, "drift");
		return;
	}
	detail = detail_of(drift, newest(b)->change->id, &item);
	json_w_object(w, "drift");
	json_w_int(w, "entry", (int64_t)drift->entry);
	say_time_json(w, "time", drift->time);
	if (detail != NULL) {
		json_w_value(w, "detail", detail);
	} else {
		json_w_null(w, "detail");
	}
	json_w_end(w);
}

static bool print_json(const struct blame *b, GError **error)
{
	struct json_writer *w = out_json_begin(b->out);
	const struct plan_change *change = newest(b)->change;

	json_w_bool(w, "verified", true);
	json_w_bool(w, "key_from_log", b->tale->own_key);
	json_w_bytes(w, "resource", change->id, strlen(change->id));
	if (change->path != NULL) {
		json_w_bytes(w, "path", change->path, strlen(change->path));
	}
	write_now(w, b);
	write_drift(w, b);
	json_w_array(w, "changes");
	for (unsigned i = 0; i < (b->all ? b->found->len : 1); i++) {
		const struct blame_finding *f = &g_array_index(b->found, struct blame_finding, i);

		json_w_object(w, NULL);
		json_w_str(w, "action", plan_action_names[f->change->action]);
		tale_plan_json(w, b->tale, f->plan, f->run);
		json_w_end(w);
	}
	json_w_end(w);
	return out_json_end(b->out, w, error);
}

/* What else a person may have meant. */
static GArray *find_wider(const struct blame *b, const char *stack, struct blame_name *name)
{
	GArray *found = g_array_new(FALSE, FALSE, sizeof(struct blame_finding));

	for (int i = BLAME_BARE; found->len == 0 && name->path != NULL && i <= BLAME_BELOW; i++) {
		name->reach = (enum blame_reach)i;
		g_array_unref(found);
		found = blame_find(b->tale, name, stack);
	}
	return found;
}

/* Links above it may lead elsewhere than the name says: once more by where it really lies. */
static GArray *find(const struct blame *b, const char *stack, struct blame_name *name)
{
	GArray *found = blame_find(b->tale, name, stack);
	g_autofree char *folder = NULL, *real = NULL, *last = NULL;
	char *again;

	if (found->len > 0 || name->path == NULL || !b->is_here) {
		return found;
	}
	folder = g_path_get_dirname(name->path);
	last = g_path_get_basename(name->path);
	real = realpath(folder, NULL);
	again = real != NULL ? g_build_filename(real, last, NULL) : NULL;
	if (again == NULL || strcmp(again, name->path) == 0) {
		g_free(again);
		return found;
	}
	g_array_unref(found);
	g_free(name->path);
	name->path = again;
	return blame_find(b->tale, name, stack);
}

static bool nothing(const struct blame *b, const char *given, GError **error)
{
	const char *parent = blame_parent(b->tale, b->name);
	g_autofree char *hint =
		parent != NULL
			/* TRANSLATORS: a path */
			? g_strdup_printf(_("'%s' above it is managed; what was there before "
					    "the first plan has no other history"),
					  parent)
			: g_strdup(_("'assent history' lists what was applied"));

	return problem(error, EXIT_REFUSED, "unmanaged", hint,
		       _("no applied plan has changed '%s'"), given);
}

static bool run(struct cli *cli, struct blame *b, const char *given, const char *stack,
		GError **error)
{
	g_autofree char *folder = g_get_current_dir();
	struct blame_name name;
	bool good;

	blame_name_init(&name, given, g_get_home_dir(), folder);
	b->out = cli->out;
	b->name = &name;
	b->found = find(b, stack, &name);
	if (b->found->len == 0) {
		g_array_unref(b->found);
		b->found = find_wider(b, stack, &name);
	}
	tale_remark(b->tale, b->out);
	if (b->found->len > 0 && name.reach == BLAME_BELOW) {
		g_autofree char *path = out_safe(b->out, name.path);

		/* TRANSLATORS: a path */
		out_note(b->out,
			 _("no plan has changed '%s' itself, this is the newest below it\n"), path);
	}
	if (b->found->len == 0) {
		good = nothing(b, given, error);
	} else if (out_is_json(b->out)) {
		good = print_json(b, error);
	} else {
		print_text(b);
		good = true;
	}
	g_array_unref(b->found);
	blame_name_clear(&name);
	return good;
}

bool cmd_blame(struct cli *cli, int argc, char **argv, GError **error)
{
	g_autofree char *stack = NULL, *place = NULL, *key = NULL, *objects = NULL;
	gboolean all = FALSE;
	const GOptionEntry options[] = {
		{"stack", 0, 0, G_OPTION_ARG_STRING, &stack, N_("Only this stack"), N_("STACK")},
		{"all", 0, 0, G_OPTION_ARG_NONE, &all, N_("Every plan that changed it"), NULL},
		{"log", 0, 0, G_OPTION_ARG_STRING, &place, N_("The log (default: the agent's)"),
		 N_("LOG")},
		{"key", 0, 0, G_OPTION_ARG_STRING, &key,
		 N_("The log's verifier key, or a file that holds it"), N_("VKEY|FILE")},
		{"objects", 0, 0, G_OPTION_ARG_FILENAME, &objects,
		 N_("Folder of plans and approver lists (default: beside the log)"), N_("DIR")},
		{NULL},
	};
	g_autoptr(tale_auto) tale = NULL;
	struct blame b = {0};

	if (!cli_begin(cli, options, &argc, &argv, error) ||
	    !tale_read(cli, &(struct tale_request){place, key, objects}, &tale, error)) {
		return false;
	}
	b.tale = tale;
	b.is_here = place == NULL;
	b.all = all;
	return run(cli, &b, argv[0], stack, error);
}
