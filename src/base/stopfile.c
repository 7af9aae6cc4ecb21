/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The file that stops every apply. */
#include "base/stopfile.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/autoptr.h"
#include "base/error.h"
#include "base/file.h"
#include "core/json.h"
#include "core/text.h"

#define FILE_MAX 16384
#define REASON_MAX 2000

static char *path_of(const char *state_dir)
{
	return g_build_filename(state_dir, STOPFILE, NULL);
}

bool stopfile_present(const char *state_dir)
{
	g_autofree char *path = path_of(state_dir);
	struct stat st;

	return lstat(path, &st) == 0 || errno != ENOENT;
}

static void read_members(struct stopfile *out, const char *text, size_t len)
{
	g_autoptr(json_doc_auto) doc = NULL;
	struct assent_error err;
	struct json_obj o;
	const char *reason;
	int64_t until;

	if (json_doc_parse(&doc, text, len, 0, &err) != 0) {
		out->problem = g_strdup(err.text);
		return;
	}
	json_doc_root(doc, &o);
	reason = json_str(&o, "reason", REASON_MAX);
	until = json_int_opt(&o, "until", 1, JSON_MAX_INT, 0);
	json_obj_end(&o);
	if (json_doc_status(doc, &err) != 0) {
		out->problem = g_strdup(err.text);
	} else if (!text_is_plain(reason, strlen(reason))) {
		out->problem = g_strdup("its reason is not one line of text");
	} else {
		out->reason = g_strdup(reason);
		out->until = until;
	}
}

void stopfile_look(const char *state_dir, struct stopfile *out)
{
	g_autofree char *path = path_of(state_dir);
	g_autoptr(GError) error = NULL;
	g_autofree char *text = NULL;
	struct stat st;
	size_t len = 0;

	*out = (struct stopfile){0};
	if (lstat(path, &st) != 0) {
		out->present = errno != ENOENT;
		out->problem = out->present ? g_strdup(g_strerror(errno)) : NULL;
		return;
	}
	out->present = out->has_owner = true;
	out->owner = st.st_uid;
	if (!file_read(path, FILE_MAX, &text, &len, &error)) {
		out->problem = g_strdup(error->message);
	} else {
		read_members(out, text, len);
	}
}

void stopfile_clear(struct stopfile *file)
{
	g_free(file->reason);
	g_free(file->problem);
	*file = (struct stopfile){0};
}

bool stopfile_write(const char *state_dir, const char *reason, int64_t until, GError **error)
{
	g_autofree char *path = path_of(state_dir);
	struct json_writer *w = json_writer_new(0);
	autocfree char *text = NULL;
	struct assent_error err;
	size_t len;

	json_w_object(w, NULL);
	json_w_str(w, "reason", reason);
	if (until != 0) {
		json_w_int(w, "until", until);
	}
	json_w_end(w);
	if (json_writer_finish(w, &text, &len, &err) != 0) {
		return fail_core(error, &err, "'%s'", path);
	}
	/* Root may write it for an agent that is not root. */
	return file_replace(path, text, len, 0644, error);
}

bool stopfile_remove(const char *state_dir, GError **error)
{
	g_autofree char *path = path_of(state_dir);

	if (unlink(path) != 0 && errno != ENOENT) {
		return fail_errno(error, "cannot remove '%s'", path);
	}
	return file_sync_dir(AT_FDCWD, state_dir, error);
}
