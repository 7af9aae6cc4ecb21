/* SPDX-License-Identifier: GPL-3.0-or-later */
/* assent trust: what the worker that runs as root believes, and whether that can be right. */
#include <errno.h>
#include <glib/gi18n.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "base/autoptr.h"
#include "base/error.h"
#include "base/file.h"
#include "base/seal.h"
#include "base/trust.h"
#include "cli/api.h"
#include "cli/command.h"
#include "cli/sealing.h"

#define PRIVILEGED_FILE SYSCONFDIR "/assent/trust.yaml"

/* All that is printed, and what is wrong with it. */
struct finding {
	const char *file;
	bool privileged; /* the file that root's worker reads */
	struct trust *trust;
	struct api_info *info; /* NULL: no agent answers */
	int64_t now;
	GPtrArray *problems; /* char *, translated */
};

static void wrong(struct finding *f, const char *format, ...) G_GNUC_PRINTF(2, 3);
static void wrong(struct finding *f, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	g_ptr_array_add(f->problems, g_strdup_vprintf(format, args));
	va_end(args);
}

static bool is_valid_now(const struct finding *f, const struct signer *s)
{
	return f->now >= s->valid_after && f->now <= s->valid_before;
}

/* People with a key that counts today. */
static unsigned count_people(const struct finding *f)
{
	g_autoptr(GHashTable) people = g_hash_table_new(g_str_hash, g_str_equal);

	for (size_t i = 0; i < f->trust->signers->count; i++) {
		const struct signer *s = &f->trust->signers->items[i];

		if (is_valid_now(f, s)) {
			g_hash_table_add(people, s->principal);
		}
	}
	return g_hash_table_size(people);
}

static void judge_agent(struct finding *f)
{
	const struct ssh_key *key = trust_agent_key(f->trust, f->info->agent);
	g_autofree char *text = NULL;
	struct ssh_key told;
	struct hash digest;
	size_t len;

	if (key == NULL) {
		wrong(f, _("the agent '%s' that answers here is not in it"), f->info->agent);
	} else if (ssh_key_parse_line(&told, f->info->plan_key, NULL) != 0 ||
		   !ssh_key_equal(key, &told)) {
		wrong(f, _("the agent '%s' that answers here signs with another plan key"),
		      f->info->agent);
	}
	/* A list that we may not read cannot be compared; the worker does. */
	if (f->info->allowed_signers != NULL &&
	    file_read(f->info->allowed_signers, SIGNERS_MAX_SIZE, &text, &len, NULL)) {
		hash_bytes(&digest, text, len);
		if (!hash_equal(&digest, &f->trust->signers->digest)) {
			wrong(f,
			      _("the agent's approver list '%s' is another, so that no plan of "
				"it is valid"),
			      f->info->allowed_signers);
		}
	}
}

/* A kind that is named and a list that is not, or the other way round, are half of a right. */
static void judge_kind(struct finding *f, const char *kind, const char *list, char **items)
{
	bool named = f->trust->kinds != NULL &&
		     g_strv_contains((const char *const *)f->trust->kinds, kind);

	if (f->privileged && named && items == NULL) {
		wrong(f, _("'kinds' names '%s', but there is no '%s', so that none may be changed"),
		      kind, list);
	} else if (f->privileged && !named && items != NULL) {
		wrong(f, _("there is '%s', but 'kinds' does not name '%s'"), list, kind);
	}
}

/* Of keys that we may not read only their worker can tell. */
static void judge_seal_keys(struct finding *f)
{
	g_autoptr(seal_keys_auto) keys = NULL;
	g_autoptr(GError) error = NULL;

	if (f->trust->seal_key == NULL ||
	    (access(f->trust->seal_key, R_OK) != 0 && errno == EACCES)) {
		return;
	}
	if (!seal_keys_load(f->trust->seal_key, f->privileged, &keys, &error)) {
		wrong(f, _("no secret can be opened: %s"), error->message);
	}
}

static void judge(struct finding *f)
{
	unsigned people = count_people(f);

	if (f->privileged && f->trust->paths == NULL) {
		wrong(f, _("it has no 'paths', so that nothing may be changed"));
	}
	judge_kind(f, "package", "packages", f->trust->packages);
	judge_kind(f, "service", "services", f->trust->services);
	judge_kind(f, "command", "commands", f->trust->commands);
	if (people < (uint64_t)MAX(f->trust->minimum, 1)) {
		wrong(f, _("approvals needed: %" PRId64 "; people who can give one: %u"),
		      f->trust->minimum, people);
	}
	judge_seal_keys(f);
	if (f->info != NULL) {
		judge_agent(f);
	}
}

/* The names of the channels, one by one; g_strfreev(). */
static char **channels_of(const struct trust *trust)
{
	g_autoptr(GStrvBuilder) names = g_strv_builder_new();

	for (unsigned i = 0; channel_names[i] != NULL; i++) {
		if ((trust->attested & CHANNEL_BIT(i)) != 0) {
			g_strv_builder_add(names, channel_names[i]);
		}
	}
	return g_strv_builder_end(names);
}

static void print_list(struct out *out, const char *title, char **items, const char *none)
{
	if (items == NULL || items[0] == NULL) {
		out_field(out, title, "%s", none);
	}
	for (char **item = items; item != NULL && *item != NULL; item++) {
		out_field(out, item == items ? title : "", "%s", *item);
	}
}

static void print_people(const struct finding *f, struct out *out)
{
	for (size_t i = 0; i < f->trust->signers->count; i++) {
		const struct signer *s = &f->trust->signers->items[i];
		char fingerprint[SSH_FINGERPRINT_SIZE];

		ssh_key_fingerprint(fingerprint, &s->key);
		out_field(out, i == 0 ? C_("field", "who may") : "", "%s %s%s", s->principal,
			  fingerprint, is_valid_now(f, s) ? "" : _(" (not valid now)"));
	}
}

static void print_text(const struct finding *f, struct out *out)
{
	const struct trust *t = f->trust;
	g_auto(GStrv) channels = channels_of(t);

	out_field(out, C_("field", "file"), "%s", f->file);
	for (unsigned i = 0; i < t->agents->len; i++) {
		const struct trust_agent *a = &g_array_index(t->agents, struct trust_agent, i);
		char fingerprint[SSH_FINGERPRINT_SIZE];

		ssh_key_fingerprint(fingerprint, &a->key);
		out_field(out, i == 0 ? C_("field", "agents") : "", "%s %s", a->name, fingerprint);
	}
	out_field(out, C_("field", "list"), "%s", t->approvers_file);
	print_people(f, out);
	out_field(out, C_("field", "how many"), "%" PRId64, t->minimum);
	print_list(out, C_("field", "attested"), channels, _("nothing: signatures alone"));
	out_field(out, C_("field", "break-glass"), "%s", t->break_glass ? _("yes") : _("no"));
	out_field(out, C_("field", "restore"), "%s", t->restore ? _("yes") : _("no"));
	print_list(out, C_("field", "paths"), t->paths,
		   t->paths != NULL || f->privileged ? _("none") : _("any"));
	print_list(out, C_("field", "kinds"), t->kinds,
		   f->privileged ? _("files and folders") : _("any"));
	print_list(out, C_("field", "packages"), t->packages,
		   t->packages != NULL || f->privileged ? _("none") : _("any"));
	print_list(out, C_("field", "services"), t->services,
		   t->services != NULL || f->privileged ? _("none") : _("any"));
	print_list(out, C_("field", "commands"), t->commands,
		   t->commands != NULL || f->privileged ? _("none") : _("any"));
	out_field(out, C_("field", "setuid"), "%s", t->setuid ? _("yes") : _("no"));
	out_field(out, C_("field", "seal key"), "%s",
		  t->seal_key != NULL ? t->seal_key
		  : f->privileged     ? _("none: no secret is applied")
				      : _("the agent's own"));
	if (f->info == NULL) {
		out_note(out, _("No agent answers, so that its key is not compared.\n"));
	}
	for (unsigned i = 0; i < f->problems->len; i++) {
		g_autofree char *text = out_safe(out, f->problems->pdata[i]);

		out_styled(out, STYLE_BAD, "%s", _("bad "));
		out_printf(out, "%s\n", text);
	}
}

static void list_json(struct json_writer *w, const char *name, char **items)
{
	if (items == NULL) {
		json_w_null(w, name);
		return;
	}
	json_w_array(w, name);
	for (char **item = items; *item != NULL; item++) {
		g_autofree char *text = g_utf8_make_valid(*item, -1);

		json_w_str(w, NULL, text);
	}
	json_w_end(w);
}

static void people_json(const struct finding *f, struct json_writer *w)
{
	json_w_array(w, "approvers");
	for (size_t i = 0; i < f->trust->signers->count; i++) {
		const struct signer *s = &f->trust->signers->items[i];
		char fingerprint[SSH_FINGERPRINT_SIZE];

		ssh_key_fingerprint(fingerprint, &s->key);
		json_w_object(w, NULL);
		json_w_str(w, "person", s->principal);
		json_w_str(w, "key", fingerprint);
		json_w_bool(w, "valid", is_valid_now(f, s));
		json_w_end(w);
	}
	json_w_end(w);
}

static bool print_json(const struct finding *f, struct out *out, GError **error)
{
	struct json_writer *w = out_json_begin(out);
	const struct trust *t = f->trust;
	g_auto(GStrv) channels = channels_of(t);

	json_w_str(w, "file", f->file);
	json_w_array(w, "agents");
	for (unsigned i = 0; i < t->agents->len; i++) {
		const struct trust_agent *a = &g_array_index(t->agents, struct trust_agent, i);
		char fingerprint[SSH_FINGERPRINT_SIZE];

		ssh_key_fingerprint(fingerprint, &a->key);
		json_w_object(w, NULL);
		json_w_str(w, "name", a->name);
		json_w_str(w, "key", fingerprint);
		json_w_end(w);
	}
	json_w_end(w);
	json_w_str(w, "approver_list", t->approvers_file);
	people_json(f, w);
	json_w_int(w, "minimum", t->minimum);
	list_json(w, "attested", channels);
	json_w_bool(w, "break_glass", t->break_glass);
	json_w_bool(w, "restore", t->restore);
	list_json(w, "paths", t->paths);
	list_json(w, "kinds", t->kinds);
	list_json(w, "packages", t->packages);
	list_json(w, "services", t->services);
	list_json(w, "commands", t->commands);
	json_w_bool(w, "setuid", t->setuid);
	if (t->seal_key != NULL) {
		g_autofree char *seal_key = g_utf8_make_valid(t->seal_key, -1);

		json_w_str(w, "seal_key", seal_key);
	} else {
		json_w_null(w, "seal_key");
	}
	json_w_bool(w, "compared", f->info != NULL);
	g_ptr_array_add(f->problems, NULL);
	list_json(w, "problems", (char **)f->problems->pdata);
	g_ptr_array_set_size(f->problems, (int)f->problems->len - 1);
	return out_json_end(out, w, error);
}

static bool check(struct cli *cli, struct finding *f, GError **error)
{
	g_autoptr(GError) unreachable = NULL;
	bool loaded = f->privileged ? trust_load_root(f->file, &f->trust, error)
				    : trust_load(f->file, &f->trust, error);

	if (!loaded) {
		return false;
	}
	if (!api_info(cli->client, &f->info, &unreachable)) {
		f->info = NULL;
	}
	judge(f);
	if (f->problems->len > 0) {
		cli->status = EXIT_REFUSED;
	}
	if (out_is_json(cli->out)) {
		return print_json(f, cli->out, error);
	}
	print_text(f, cli->out);
	return true;
}

/* To be read, completed and put in place by root: nothing of a user's runs as root for it. */
static bool print_template(struct cli *cli, GError **error)
{
	g_autoptr(api_info_auto) info = NULL;
	g_autofree char *text = NULL;
	g_autofree char *whole = NULL;

	if (!api_info(cli->client, &info, error)) {
		return false;
	}
	text = trust_text(info->agent, info->plan_key, "allowed_signers", 1);
	whole = g_strconcat(text,
			    "# What root lets those people change; * stays within a folder, ** "
			    "does not.\n"
			    "paths: []\n"
			    "kinds: [directory, file, link, tree]\n",
			    NULL);
	return out_text(cli->out, "text", whole, error);
}

bool cmd_trust(struct cli *cli, int argc, char **argv, GError **error)
{
	gboolean template = FALSE;
	const GOptionEntry options[] = {{"template", 0, 0, G_OPTION_ARG_NONE, &template,
					 N_("Print a first one for the agent that answers"), NULL},
					{NULL}};
	struct finding f = {.file = PRIVILEGED_FILE, .privileged = true};
	bool ok;

	if (!cli_begin(cli, options, &argc, &argv, error)) {
		return false;
	}
	if (template) {
		return print_template(cli, error);
	}
	if (argc > 0) {
		f.file = argv[0];
		f.privileged = strcmp(f.file, PRIVILEGED_FILE) == 0;
	}
	f.now = g_get_real_time() / G_USEC_PER_SEC;
	f.problems = g_ptr_array_new_with_free_func(g_free);
	sealing_no_core();
	ok = check(cli, &f, error);
	trust_free(f.trust);
	api_info_free(f.info);
	g_ptr_array_unref(f.problems);
	return ok;
}
