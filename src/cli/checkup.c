/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Room, keys and the stop file, as assent doctor sees them. */
#include "cli/checkup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "base/autoptr.h"
#include "base/error.h"
#include "base/file.h"
#include "base/secure.h"
#include "base/stopfile.h"
#include "base/text.h"
#include "cli/problem.h"
#include "cli/remarks.h"

#define LEAST_FREE (INT64_C(64) << 20) /* an agent that cannot write its log applies nothing */
#define DEPTH_MAX 8
#define KEYS_MAX ((size_t)4 << 20) // as the worker

typedef DIR dir_auto;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(dir_auto, closedir)

/* What it takes on the disk. What goes meanwhile takes nothing. */
static int64_t size_of(int folder, const char *name, unsigned depth)
{
	autofd fd = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	g_autoptr(dir_auto) dir = fd >= 0 ? fdopendir(fd) : NULL;
	const struct dirent *entry;
	int64_t sum = 0;
	struct stat st;

	if (dir == NULL) {
		return 0;
	}
	fd = -1; // the folder's now
	while ((entry = readdir(dir)) != NULL) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
		    fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0) {
			continue;
		}
		sum += (int64_t)st.st_blocks * 512;
		if (S_ISDIR(st.st_mode) && depth < DEPTH_MAX) {
			sum += size_of(dirfd(dir), entry->d_name, depth + 1);
		}
	}
	return sum;
}

bool checkup_measure(const char *state, struct checkup_space *out, GError **error)
{
	autofd fd = open(state, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct statvfs fs;

	if (fd < 0 || fstatvfs(fd, &fs) != 0) {
		return fail(error, BASE_ERROR, BASE_ERROR_FAILED, _("cannot look at '%s': %s"),
			    state, g_strerror(errno));
	}
	*out = (struct checkup_space){
		.log = size_of(fd, "log", 0),
		.objects = size_of(fd, "objects", 0),
		.free = (int64_t)MIN((uint64_t)fs.f_bavail * fs.f_frsize, (uint64_t)INT64_MAX)};
	return true;
}

static void remark(GPtrArray *remarks, const char *state, const struct checkup_space *space,
		   const struct conf_retention *rule)
{
	g_autofree char *free_text = g_format_size((guint64)space->free);
	g_autofree char *age = text_duration(rule->age);
	struct remark *remark;

	if (space->log + space->objects <= space->free) {
		return;
	}
	remark = g_new0(struct remark, 1);
	/* TRANSLATORS: a folder, a size as "3.1 GB" */
	remark->text = g_strdup_printf(_("'%s' could not become twice as large: %s are free"),
				       state, free_text);
	remark->hint = g_strdup_printf(
		/* TRANSLATORS: a number of plans, a duration as "90d" */
		ngettext("make room; 'retention' keeps the contents of %" PRId64
			 " plan of each stack, and for %s",
			 "make room; 'retention' keeps the contents of %" PRId64
			 " plans of each stack, and for %s",
			 (gulong)rule->plans),
		rule->plans, age);
	g_ptr_array_add(remarks, remark);
}

bool checkup_space(const char *state, const struct checkup_space *space,
		   const struct conf_retention *rule, GPtrArray *remarks, GString *detail,
		   GError **error)
{
	g_autofree char *log = g_format_size((guint64)space->log);
	g_autofree char *objects = g_format_size((guint64)space->objects);
	g_autofree char *free_text = g_format_size((guint64)space->free);

	if (space->free < LEAST_FREE) {
		return problem(error, EXIT_REFUSED, "space",
			       _("make room: an agent that cannot write its log applies nothing"),
			       _("'%s' has room for %s only"), state, free_text);
	}
	remark(remarks, state, space, rule);
	/* TRANSLATORS: three sizes as "3.1 GB" */
	g_string_append_printf(detail, _("the log takes %s, contents %s, and %s are free"), log,
			       objects, free_text);
	return true;
}

/* Does it hold anything but comments? */
static bool says_anything(const char *text, size_t len)
{
	const char *end = text + len;

	while (text < end) {
		const char *line = text;

		while (line < end && g_ascii_isspace(*line)) {
			line++;
		}
		if (line < end && *line != '#') {
			return true;
		}
		text = line < end ? memchr(line, '\n', (size_t)(end - line)) : NULL;
		if (text == NULL) {
			return false;
		}
	}
	return false;
}

static bool check_keys(const struct conf_stack *stack, const char *key, const char *path,
		       bool may_be_empty, GError **error)
{
	g_autofree char *text = NULL;
	g_autoptr(GError) cause = NULL;
	size_t len;

	if (path == NULL) {
		return true;
	}
	if (!secure_linked(path, &cause) || !file_read(path, KEYS_MAX, &text, &len, &cause)) {
		return problem(error, EXIT_REFUSED, "commit-signers",
			       _("nothing of it is fetched until that is mended"),
			       "stacks.%s.source.%s: %s", stack->name, key, cause->message);
	}
	if (!may_be_empty && !says_anything(text, len)) {
		return problem(error, EXIT_REFUSED, "commit-signers",
			       _("no commit can be good: add who may sign"),
			       /* TRANSLATORS: a key of the configuration, a file */
			       _("'stacks.%s.source.%s': there is nobody in '%s'"), stack->name,
			       key, path);
	}
	return true;
}

bool checkup_signers(const struct conf *conf, GString *detail, GError **error)
{
	unsigned count = 0;

	for (unsigned i = 0; i < conf->stacks->len; i++) {
		const struct conf_stack *stack = g_ptr_array_index(conf->stacks, i);
		const struct conf_source *source = &stack->source;

		if (g_strcmp0(source->verify, "none") == 0) {
			continue;
		}
		count++;
		if (!check_keys(stack, "signers", source->signers, false, error) ||
		    !check_keys(stack, "openpgp-keys", source->openpgp_keys, false, error) ||
		    !check_keys(stack, "revoked-keys", source->revoked_keys, true, error)) {
			return false;
		}
	}
	if (count == 0) {
		g_string_append(detail, _("no stack has 'verify'"));
	} else {
		g_string_append_printf(detail,
				       ngettext("those of %u stack can be read",
						"those of %u stacks can be read", count),
				       count);
	}
	return true;
}

bool checkup_stop(const char *state, GString *detail, GError **error)
{
	g_auto(stopfile_auto) file = {0};

	stopfile_look(state, &file);
	if (file.present) {
		const char *why = file.reason != NULL ? file.reason : file.problem;

		return problem(error, EXIT_REFUSED, "stopped", _("'assent resume --all' ends it"),
			       /* TRANSLATORS: a file; the reason, or nothing */
			       _("everything is stopped by the file '%s/%s'%s%s"), state, STOPFILE,
			       why != NULL ? ": " : "", why != NULL ? why : "");
	}
	g_string_append(detail, _("nothing is stopped"));
	return true;
}
