/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reads the files of a log from a folder or over HTTP. */
#include "cli/logsource.h"

#include <glib/gi18n.h>
#include <string.h>

#include "base/autoptr.h"
#include "base/error.h"
#include "base/file.h"
#include "base/http.h"
#include "cli/place.h"
#include "core/merkle.h"
#include "core/record.h"

#define VKEY_MAX 1024
#define HTTP_TIMEOUT 60
#define INFO_TIMEOUT 5

struct log_source {
	char *place; /* without a slash at the end */
	bool remote;
	char *objects; /* NULL: none */
};

/* The folder that a running agent says its log is in; NULL when none answers. */
static char *folder_of_agent(const struct cli *cli)
{
	g_autofree char *socket =
		cli->socket != NULL ? g_strdup(cli->socket) : place_socket(cli->config_file);
	struct http_request request = {.socket = socket,
				       .method = "GET",
				       .url = "http://agent/v1/info",
				       .timeout = INFO_TIMEOUT};
	struct http_answer answer = {0};
	g_autoptr(json_doc_auto) doc = NULL;
	struct json_obj root;
	char *folder = NULL;

	if (http_perform(&request, &answer, NULL) && answer.status == 200 &&
	    json_doc_parse(&doc, answer.body->str, answer.body->len, 0, NULL) == 0) {
		json_doc_root(doc, &root);
		folder = g_strdup(json_str_opt(&root, "log", 4096));
		if (json_doc_status(doc, NULL) != 0) {
			g_clear_pointer(&folder, g_free);
		}
	}
	http_answer_clear(&answer);
	return folder;
}

bool log_source_open(const struct cli *cli, const char *place, struct log_source **out,
		     GError **error)
{
	g_autoptr(log_source_auto) source = g_new0(struct log_source, 1);
	g_autofree char *state = NULL, *parent = NULL, *objects = NULL;

	if (place != NULL) {
		source->place = g_strdup(place);
	} else {
		source->place = folder_of_agent(cli);
	}
	if (source->place == NULL) {
		state = place_state(cli->config_file);
		source->place = g_build_filename(state, "log", NULL);
	}
	while (strlen(source->place) > 1 && g_str_has_suffix(source->place, "/")) {
		source->place[strlen(source->place) - 1] = '\0';
	}
	source->remote = g_str_has_prefix(source->place, "https://") ||
			 g_str_has_prefix(source->place, "http://");
	if (!source->remote) {
		if (!g_file_test(source->place, G_FILE_TEST_IS_DIR)) {
			return fail(error, BASE_ERROR, BASE_ERROR_NOT_FOUND,
				    _("there is no log in '%s'"), source->place);
		}
		parent = g_path_get_dirname(source->place);
		objects = g_build_filename(parent, "objects", NULL);
		if (g_file_test(objects, G_FILE_TEST_IS_DIR)) {
			source->objects = g_steal_pointer(&objects);
		}
	}
	*out = g_steal_pointer(&source);
	return true;
}

void log_source_close(struct log_source *source)
{
	if (source != NULL) {
		g_free(source->place);
		g_free(source->objects);
		g_free(source);
	}
}

const char *log_source_place(const struct log_source *source)
{
	return source->place;
}

const char *log_source_folder(const struct log_source *source)
{
	return source->remote ? NULL : source->place;
}

const char *log_source_objects(const struct log_source *source)
{
	return source->objects;
}

static bool read_remote(const struct log_source *source, const char *path, size_t max, char **text,
			size_t *len, GError **error)
{
	g_autofree char *url = g_strdup_printf("%s/%s", source->place, path);
	struct http_request request = {
		.method = "GET", .url = url, .max_body = max, .timeout = HTTP_TIMEOUT};
	struct http_answer answer = {0};

	if (!http_perform(&request, &answer, error)) {
		/* Nobody listening is not a missing file. */
		if (error != NULL && g_error_matches(*error, BASE_ERROR, BASE_ERROR_NOT_FOUND)) {
			(*error)->code = BASE_ERROR_FAILED;
		}
		return false;
	}
	if (answer.status != 200) {
		int code = answer.status == 404 ? BASE_ERROR_NOT_FOUND : BASE_ERROR_FAILED;

		http_answer_clear(&answer);
		return fail(error, BASE_ERROR, code, _("cannot read '%s': HTTP status %ld"), url,
			    answer.status);
	}
	*len = answer.body->len;
	*text = g_string_free(g_steal_pointer(&answer.body), FALSE);
	http_answer_clear(&answer);
	return true;
}

bool log_source_read(struct log_source *source, const char *path, size_t max, char **text,
		     size_t *len, GError **error)
{
	g_autofree char *full = NULL;

	if (source->remote) {
		return read_remote(source, path, max, text, len, error);
	}
	full = g_build_filename(source->place, path, NULL);
	return file_read(full, max, text, len, error);
}

static bool parse_key(const char *text, const char *where, struct note_key *key, GError **error)
{
	g_autofree char *copy = g_strstrip(g_strdup(text));
	struct assent_error core;

	if (note_key_parse(key, copy, &core) != 0) {
		return fail_core(error, &core, _("the log's key '%s'"), where);
	}
	return true;
}

/* entry 0 of the first bundle, whose width only the checkpoint tells: the size is its second line.
 */
static bool key_of_genesis(struct log_source *source, struct note_key *key, GError **error)
{
	g_autofree char *note = NULL, *bundle = NULL;
	g_auto(GStrv) lines = NULL;
	char path[TILE_PATH_SIZE];
	struct assent_error core;
	struct entry entry = {0};
	struct record record;
	uint64_t size;
	size_t len, entry_len;
	bool good = false;

	if (!log_source_read(source, "checkpoint", NOTE_MAX_SIZE, &note, &len, error)) {
		return false;
	}
	lines = g_strsplit(note, "\n", 3);
	size = lines[0] != NULL && lines[1] != NULL ? g_ascii_strtoull(lines[1], NULL, 10) : 0;
	tile_path(path, -1, 0, size < TILE_WIDTH ? (unsigned)size : TILE_WIDTH);
	if (!log_source_read(source, path, (size_t)TILE_WIDTH * (ENTRY_MAX_SIZE + 2), &bundle, &len,
			     error)) {
		return false;
	}
	entry_len = len >= 2 ? (size_t)(guchar)bundle[0] << 8 | (guchar)bundle[1] : 0;
	if (entry_len == 0 || entry_len > len - 2) {
		return fail(error, BASE_ERROR, BASE_ERROR_MALFORMED, _("'%s' has no first entry"),
			    path);
	}
	if (entry_parse(&entry, bundle + 2, entry_len, &core) != 0 ||
	    record_read(&record, &entry, &core) != 0) {
		entry_clear(&entry);
		return fail_core(error, &core, _("first entry of the log"));
	}
	if (record.type == ENTRY_GENESIS) {
		good = parse_key(record.u.genesis.log_key, "log_key", key, error);
	} else {
		(void)fail(error, BASE_ERROR, BASE_ERROR_MALFORMED,
			   _("the log does not begin with a genesis entry"));
	}
	entry_clear(&entry);
	return good;
}

bool log_source_key(struct log_source *source, const char *given, struct note_key *key, bool *own,
		    GError **error)
{
	g_autofree char *text = NULL, *parent = NULL, *beside = NULL;
	size_t len;

	*own = false;
	if (given != NULL && strchr(given, '+') != NULL &&
	    !g_file_test(given, G_FILE_TEST_EXISTS)) {
		return parse_key(given, given, key, error);
	}
	if (given != NULL) {
		return file_read(given, VKEY_MAX, &text, &len, error) &&
		       parse_key(text, given, key, error);
	}
	if (!source->remote) {
		parent = g_path_get_dirname(source->place);
		beside = g_build_filename(parent, "keys", "log.vkey", NULL);
		if (g_file_test(beside, G_FILE_TEST_EXISTS)) {
			return file_read(beside, VKEY_MAX, &text, &len, error) &&
			       parse_key(text, beside, key, error);
		}
	}
	*own = true;
	return key_of_genesis(source, key, error);
}
