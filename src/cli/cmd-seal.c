/* SPDX-License-Identifier: GPL-3.0-or-later */
/* assent seal: secrets for the repository, and the agent's keys that open them. */
#include <glib/gi18n.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/seal.h"
#include "cli/command.h"
#include "cli/place.h"
#include "cli/sealing.h"

#define LIST_MAX_SIZE ((size_t)64 << 10)
#define RECIPIENT "assent-seal1 "

struct asked {
	gboolean recipient, list, rotate, drop_old, reseal, force;
	char **to;
	char *label, *out, *key;
};

static void asked_clear(struct asked *a)
{
	g_strfreev(a->to);
	g_free(a->label);
	g_free(a->out);
	g_free(a->key);
}

#define autoasked __attribute__((cleanup(asked_clear))) struct asked

static char *key_file(const struct cli *cli, const struct asked *a, const char *name)
{
	g_autofree char *state = place_state(cli->config_file);

	return a->key != NULL ? g_strdup(a->key) : g_build_filename(state, "keys", name, NULL);
}

static bool fail_plainly(GError **error, GError *cause)
{
	bool missing = g_error_matches(cause, BASE_ERROR, BASE_ERROR_NOT_FOUND);

	problem(error, EXIT_REFUSED, missing ? "no_key" : "seal", NULL, "%s", cause->message);
	g_error_free(cause);
	return false;
}

static bool take_lines(const char *text, GArray *to, GError **error)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

	for (char **line = lines; *line != NULL; line++) {
		struct seal_public one;

		g_strstrip(*line);
		if (**line == '\0' || **line == '#') {
			continue;
		}
		if (!seal_public_parse(*line, &one, error)) {
			return false;
		}
		g_array_append_val(to, one);
	}
	return true;
}

/* Lines, or files of lines; without any the agent of this host. */
static bool read_recipients(const struct cli *cli, const struct asked *a, GArray *to,
			    GError **error)
{
	g_autofree char *state = place_state(cli->config_file);
	g_autofree char *own = g_build_filename(state, "keys", "seal.pub", NULL);
	char *standard[] = {own, NULL};
	GError *cause = NULL;

	for (char **item = a->to != NULL ? a->to : standard; *item != NULL; item++) {
		bool is_line = g_str_has_prefix(*item, RECIPIENT);
		g_autofree char *text = is_line ? g_strdup(*item) : NULL;
		size_t len;

		if ((!is_line && !file_read(*item, LIST_MAX_SIZE, &text, &len, &cause)) ||
		    !take_lines(text, to, &cause)) {
			g_prefix_error(&cause, "'%s': ", *item);
			return fail_plainly(error, cause);
		}
	}
	return true;
}

static bool print_recipient(struct cli *cli, const struct asked *a, GError **error)
{
	g_autofree char *file = key_file(cli, a, "seal.pub");
	g_autofree char *text = NULL;
	struct seal_public public;
	GError *cause = NULL;
	size_t len;

	if (!file_read(file, LIST_MAX_SIZE, &text, &len, &cause) ||
	    !seal_public_parse(g_strchomp(text), &public, &cause)) {
		return fail_plainly(error, cause);
	}
	if (out_is_json(cli->out)) {
		return out_text(cli->out, "recipient", text, error);
	}
	out_printf(cli->out, "%s\n", text);
	return true;
}

static bool list_json(struct cli *cli, const struct seal_box *box, GError **error)
{
	struct json_writer *w = out_json_begin(cli->out);
	size_t count;
	const struct seal_public *to = seal_box_recipients(box, &count);

	if (seal_box_label(box) != NULL) {
		json_w_str(w, "for", seal_box_label(box));
	} else {
		json_w_null(w, "for");
	}
	json_w_array(w, "recipients");
	for (size_t i = 0; i < count; i++) {
		g_autofree char *line = seal_public_text(&to[i]);
		char id[SEAL_ID_SIZE];

		seal_public_id(&to[i], id);
		json_w_object(w, NULL);
		json_w_str(w, "key_id", id);
		json_w_str(w, "name", to[i].name);
		json_w_str(w, "recipient", line);
		json_w_end(w);
	}
	json_w_end(w);
	return out_json_end(cli->out, w, error);
}

static bool load_box(const char *file, struct seal_box **out, GError **error)
{
	g_autofree char *text = NULL;
	GError *cause = NULL;
	size_t len;

	if (!file_read(file, SEAL_MAX_SIZE, &text, &len, &cause) ||
	    !seal_parse(text, len, out, &cause)) {
		g_prefix_error(&cause, "'%s': ", file);
		return fail_plainly(error, cause);
	}
	return true;
}

static bool list(struct cli *cli, const char *file, GError **error)
{
	g_autoptr(seal_box_auto) box = NULL;
	g_autoptr(table_auto) table = table_new(C_("column", "NAME"), C_("column", "KEY"), NULL);
	const struct seal_public *to;
	size_t count;

	if (!load_box(file, &box, error)) {
		return false;
	}
	if (out_is_json(cli->out)) {
		return list_json(cli, box, error);
	}
	if (seal_box_label(box) != NULL) {
		g_autofree char *label = out_safe(cli->out, seal_box_label(box));

		out_printf(cli->out, _("for %s\n"), label);
	}
	to = seal_box_recipients(box, &count);
	for (size_t i = 0; i < count; i++) {
		char id[SEAL_ID_SIZE];

		seal_public_id(&to[i], id);
		table_add(table, to[i].name[0] != '\0' ? to[i].name : NULL, id);
	}
	table_print(table, cli->out);
	return true;
}

/* A new key in front, or the old ones away; the public line follows. */
static bool change_keys(struct cli *cli, const struct asked *a, GError **error)
{
	g_autofree char *file = key_file(cli, a, "seal.key");
	g_autofree char *folder = g_path_get_dirname(file);
	g_autofree char *pub = g_build_filename(folder, "seal.pub", NULL);
	g_autofree char *agent = place_value(cli->config_file, "agent");
	g_autofree char *line = NULL;
	g_autofree char *text = NULL;
	g_autoptr(seal_keys_auto) keys = NULL;
	struct seal_public public;
	GError *cause = NULL;
	bool there = g_file_test(file, G_FILE_TEST_EXISTS);

	if (!(a->rotate ? seal_keys_renew(file, agent != NULL ? agent : "", there, &cause)
			: seal_keys_drop(file, &cause)) ||
	    !seal_keys_load(file, false, &keys, &cause)) {
		return fail_plainly(error, cause);
	}
	seal_keys_public(keys, 0, &public);
	line = seal_public_text(&public);
	text = g_strconcat(line, "\n", NULL);
	if (!file_replace(pub, text, strlen(text), 0644, &cause)) {
		return fail_plainly(error, cause);
	}
	if (out_is_json(cli->out)) {
		return out_text(cli->out, "recipient", line, error);
	}
	out_printf(cli->out, "%s\n", line);
	return true;
}

/* The recipients that the file names, an old key of ours becoming the newest. */
static void keep_recipients(const struct seal_box *box, const struct seal_keys *keys, GArray *to)
{
	size_t count;
	const struct seal_public *listed = seal_box_recipients(box, &count);
	bool own = false;

	for (size_t i = 0; i < count; i++) {
		struct seal_public one = listed[i];
		bool mine = false;

		for (size_t k = 0; !mine && k < seal_keys_count(keys); k++) {
			struct seal_public key;

			seal_keys_public(keys, k, &key);
			mine = memcmp(key.key, one.key, SEAL_KEY_SIZE) == 0;
		}
		if (mine && own) {
			continue;
		}
		if (mine) {
			seal_keys_public(keys, 0, &one);
			own = true;
		}
		g_array_append_val(to, one);
	}
}

static bool reseal(struct cli *cli, const struct asked *a, const char *file, GError **error)
{
	g_autoptr(GArray) to = g_array_new(FALSE, FALSE, sizeof(struct seal_public));
	g_autofree char *key = key_file(cli, a, "seal.key");
	g_autoptr(seal_keys_auto) keys = NULL;
	g_autoptr(seal_bytes_auto) bytes = NULL;
	g_autoptr(seal_box_auto) box = NULL;
	g_autofree char *text = NULL;
	GError *cause = NULL;
	const char *content;
	size_t len, text_len;

	if (!load_box(file, &box, error)) {
		return false;
	}
	if (!seal_keys_load(key, false, &keys, &cause) || !seal_open(box, keys, &bytes, &cause)) {
		g_prefix_error(&cause, "'%s': ", file);
		return fail_plainly(error, cause);
	}
	if (a->to == NULL) {
		keep_recipients(box, keys, to);
	} else if (!read_recipients(cli, a, to, error)) {
		return false;
	}
	content = seal_bytes_get(bytes, &len);
	if (!seal_write((const struct seal_public *)(void *)to->data, to->len,
			a->label != NULL ? a->label : seal_box_label(box), content, len, &text,
			&text_len, &cause) ||
	    !file_replace(file, text, text_len, 0644, &cause)) {
		return fail_plainly(error, cause);
	}
	out_note(cli->out, _("'%s' is sealed again\n"), file);
	return true;
}

/* What is sealed is there; the talk comes after it. */
static bool sealed(const struct cli *cli, const struct asked *a)
{
	if (a->label == NULL) {
		out_note(cli->out, _("without --for it may be put anywhere on its recipients' "
				     "hosts; better: --for AGENT/STACK:PATH\n"));
	}
	return true;
}

static bool seal(struct cli *cli, const struct asked *a, const char *file, GError **error)
{
	g_autoptr(GArray) to = g_array_new(FALSE, FALSE, sizeof(struct seal_public));
	g_autoptr(seal_bytes_auto) bytes = NULL;
	g_autofree char *text = NULL;
	GError *cause = NULL;
	const char *content;
	size_t len, text_len;

	if (!read_recipients(cli, a, to, error)) {
		return false;
	}
	if (!sealing_read(cli, file, &bytes, &cause)) {
		return fail_plainly(error, cause);
	}
	content = seal_bytes_get(bytes, &len);
	if (!seal_write((const struct seal_public *)(void *)to->data, to->len, a->label, content,
			len, &text, &text_len, &cause)) {
		return fail_plainly(error, cause);
	}
	if (a->out == NULL && out_is_json(cli->out)) {
		return out_text(cli->out, "sealed", text, error);
	}
	if (a->out == NULL) {
		out_printf(cli->out, "%s", text);
		return sealed(cli, a);
	}
	return file_replace(a->out, text, text_len, 0644, &cause) ? sealed(cli, a)
								  : fail_plainly(error, cause);
}

static bool run_seal(struct cli *cli, const struct asked *a, int argc, char **argv, GError **error)
{
	int modes = a->recipient + a->list + a->rotate + a->drop_old + a->reseal;
	bool ok = true;

	if (modes > 1) {
		return problem(error, EXIT_USAGE, "usage", NULL,
			       _("these options cannot be given together"));
	}
	if ((a->recipient || a->rotate || a->drop_old) != (argc == 0) &&
	    (argc == 0 ? a->list || a->reseal : a->recipient || a->rotate || a->drop_old)) {
		return problem(error, EXIT_USAGE, "usage", NULL,
			       argc == 0 ? _("a file is missing") : _("no file is expected"));
	}
	if (argc > 1 && !a->reseal) {
		return problem(error, EXIT_USAGE, "usage", NULL, _("only one file is expected"));
	}
	if (a->recipient) {
		return print_recipient(cli, a, error);
	}
	if (a->rotate || a->drop_old) {
		return change_keys(cli, a, error);
	}
	if (a->list) {
		return list(cli, argv[0], error);
	}
	for (int i = 0; ok && a->reseal && i < argc; i++) {
		ok = reseal(cli, a, argv[i], error);
	}
	return a->reseal ? ok : seal(cli, a, argc > 0 ? argv[0] : "-", error);
}

bool cmd_seal(struct cli *cli, int argc, char **argv, GError **error)
{
	autoasked a = {0};
	const GOptionEntry options[] = {
		{"to", 0, 0, G_OPTION_ARG_STRING_ARRAY, &a.to,
		 N_("Who may open it: a recipient, or a file of such (default: this agent)"),
		 N_("RECIPIENT")},
		{"for", 0, 0, G_OPTION_ARG_STRING, &a.label,
		 N_("What it is for: AGENT, AGENT/STACK or AGENT/STACK:PATH"), N_("LABEL")},
		{"output", 'o', 0, G_OPTION_ARG_FILENAME, &a.out, N_("Write it there"), N_("FILE")},
		{"key", 0, 0, G_OPTION_ARG_FILENAME, &a.key,
		 N_("File of the keys (default: the agent's)"), N_("FILE")},
		{"recipient", 0, 0, G_OPTION_ARG_NONE, &a.recipient,
		 N_("Print this agent as a recipient"), NULL},
		{"list", 0, 0, G_OPTION_ARG_NONE, &a.list, N_("Show for whom a file is sealed"),
		 NULL},
		{"reseal", 0, 0, G_OPTION_ARG_NONE, &a.reseal,
		 N_("Seal files again, for the newest keys or for others"), NULL},
		{"rotate", 0, 0, G_OPTION_ARG_NONE, &a.rotate,
		 N_("Make a new key; the old ones open what was sealed for them"), NULL},
		{"drop-old", 0, 0, G_OPTION_ARG_NONE, &a.drop_old,
		 N_("Forget all keys but the newest"), NULL},
		{NULL}};

	sealing_no_core();
	return cli_begin(cli, options, &argc, &argv, error) && run_seal(cli, &a, argc, argv, error);
}

static bool unseal(struct cli *cli, const struct asked *a, const char *file, GError **error)
{
	g_autofree char *key = key_file(cli, a, "seal.key");
	g_autoptr(seal_keys_auto) keys = NULL;
	g_autoptr(seal_bytes_auto) bytes = NULL;
	g_autoptr(seal_box_auto) box = NULL;
	GError *cause = NULL;
	const char *content;
	size_t len;

	if (!load_box(file, &box, error)) {
		return false;
	}
	if (!seal_keys_load(key, false, &keys, &cause) || !seal_open(box, keys, &bytes, &cause)) {
		g_prefix_error(&cause, "'%s': ", file);
		return fail_plainly(error, cause);
	}
	content = seal_bytes_get(bytes, &len);
	return (a->out != NULL ? file_replace(a->out, content, len, 0600, &cause)
			       : file_write_all(STDOUT_FILENO, content, len, &cause)) ||
	       fail_plainly(error, cause);
}

bool cmd_unseal(struct cli *cli, int argc, char **argv, GError **error)
{
	autoasked a = {0};
	const GOptionEntry options[] = {{"output", 'o', 0, G_OPTION_ARG_FILENAME, &a.out,
					 N_("Write it there, for its owner alone"), N_("FILE")},
					{"key", 0, 0, G_OPTION_ARG_FILENAME, &a.key,
					 N_("File of the keys (default: the agent's)"), N_("FILE")},
					{"force", 0, 0, G_OPTION_ARG_NONE, &a.force,
					 N_("Show it on a terminal, too"), NULL},
					{NULL}};

	sealing_no_core();
	if (!cli_begin(cli, options, &argc, &argv, error)) {
		return false;
	}
	if (out_is_json(cli->out)) {
		return problem(error, EXIT_USAGE, "usage", NULL,
			       _("a secret is never printed as JSON"));
	}
	if (a.out == NULL && !a.force && isatty(STDOUT_FILENO) == 1) {
		return problem(error, EXIT_USAGE, "usage", _("use -o FILE, a pipe, or --force"),
			       _("a secret is not shown on a terminal"));
	}
	return unseal(cli, &a, argv[0], error);
}
