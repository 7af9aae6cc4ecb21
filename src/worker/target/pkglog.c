/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reads apt's history and dpkg's lists of files. */
#include "worker/target/pkglog.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/autoptr.h"
#include "base/file.h"

#define TAIL (256 * 1024)
#define MAX_PACKAGES 1000	     /* of a run */
#define MAX_LIST (4 * 1024 * 1024)   /* one package's */
#define MAX_LISTS (32 * 1024 * 1024) /* all of them together */
#define MAX_NAME 200
#define MAX_COMMAND 300

struct pkglog {
	char *root;
	GHashTable *asked;   /* path to int64_t, when it changed */
	GHashTable *answers; /* path to text */
	size_t left;	     /* bytes of lists that may still be read */
	bool looked;
};

/* A paragraph of the history; all borrowed from it, which is cut into lines. */
struct run {
	int64_t start, end; /* -1: not said */
	const char *command;
	const char *unpacked[4]; /* the lines of actions that put files there, NULL: none */
};

static const struct {
	const char *key;
	bool from; /* the version before is said first */
} actions[] = {
	{"Install: ", false}, {"Reinstall: ", false}, {"Upgrade: ", true}, {"Downgrade: ", true}};

struct package {
	char *name, *arch, *version;
};

static void package_clear(struct package *package)
{
	g_free(package->name);
	g_free(package->arch);
	g_free(package->version);
}
typedef struct package package_auto;
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(package_auto, package_clear)

struct pkglog *pkglog_new(const char *root)
{
	struct pkglog *log = g_new0(struct pkglog, 1);

	log->root = g_strdup(root);
	log->asked = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	log->answers = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	log->left = MAX_LISTS;
	return log;
}

void pkglog_free(struct pkglog *log)
{
	if (log != NULL) {
		g_free(log->root);
		g_hash_table_unref(log->asked);
		g_hash_table_unref(log->answers);
		g_free(log);
	}
}

void pkglog_ask(struct pkglog *log, const char *path, int64_t changed)
{
	int64_t *when = g_new(int64_t, 1);

	*when = changed;
	g_hash_table_replace(log->asked, g_strdup(path), when);
}

/* The end of the history, from where a paragraph begins; NULL: none. g_free() */
static char *read_tail(const struct pkglog *log)
{
	g_autofree char *path = g_build_filename(log->root, "var/log/apt/history.log", NULL);
	autofd fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
	g_autofree char *text = NULL;
	const char *begin;
	size_t len = 0;
	struct stat st;
	off_t from;

	if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
		return NULL;
	}
	from = MAX(st.st_size - TAIL, 0);
	text = g_malloc(TAIL + 1);
	while (len < TAIL) {
		ssize_t n = pread(fd, text + len, TAIL - len, from + (off_t)len);

		if (n <= 0) {
			break;
		}
		len += (size_t)n;
	}
	text[len] = '\0';
	begin = from > 0 ? strstr(text, "\n\n") : text;
	return begin != NULL ? g_strdup(begin) : NULL;
}

/* "2026-11-28  08:00:00", in the zone of the host; -1: it is none. */
static int64_t read_time(const char *text)
{
	int year, month, day, hour, minute, second;
	g_autoptr(GDateTime) time = NULL;

	if (sscanf(text, "%4d-%2d-%2d %2d:%2d:%2d", &year, &month, &day, &hour, &minute, &second) !=
	    6) {
		return -1;
	}
	time = g_date_time_new_local(year, month, day, hour, minute, second);
	return time != NULL ? g_date_time_to_unix(time) : -1;
}

static void read_line(struct run *run, const char *line)
{
	if (g_str_has_prefix(line, "Start-Date: ")) {
		run->start = read_time(line + strlen("Start-Date: "));
	} else if (g_str_has_prefix(line, "End-Date: ")) {
		run->end = read_time(line + strlen("End-Date: "));
	} else if (g_str_has_prefix(line, "Commandline: ")) {
		run->command = line + strlen("Commandline: ");
	}
	for (size_t i = 0; i < G_N_ELEMENTS(actions); i++) {
		if (g_str_has_prefix(line, actions[i].key)) {
			run->unpacked[i] = line + strlen(actions[i].key);
		}
	}
}

/* What dpkg did last: as far has a run come that has not ended. */
static int64_t end_so_far(const struct pkglog *log)
{
	g_autofree char *path = g_build_filename(log->root, "var/log/dpkg.log", NULL);
	struct stat st;

	return stat(path, &st) == 0 ? (int64_t)st.st_mtime : -1;
}

/* Nothing in it leads out of a folder. */
static bool is_word(const char *text, size_t len)
{
	return len > 0 && len <= MAX_NAME && g_ascii_isalnum(text[0]) &&
	       strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789+.-") >= len;
}

/* "NAME:ARCH (VERSION)", with two versions where there was one before; false: it is not that. */
static bool read_package(struct package *out, const char *text, const char *open, const char *end,
			 bool from)
{
	const char *colon = memchr(text, ':', (size_t)(open - text));
	const char *version = open + 2, *comma = g_strstr_len(version, end - version, ", ");

	if (colon == NULL || !is_word(text, (size_t)(colon - text)) ||
	    !is_word(colon + 1, (size_t)(open - colon - 1))) {
		return false;
	}
	if (from && comma != NULL) {
		version = comma + 2;
	} else if (comma != NULL) {
		end = comma; // "automatic"
	}
	out->name = g_strndup(text, (gsize)(colon - text));
	out->arch = g_strndup(colon + 1, (gsize)(open - colon - 1));
	out->version = g_strndup(version, (gsize)MIN(end - version, MAX_NAME));
	return true;
}

static char *answer_text(const struct run *run, const struct package *package)
{
	g_autofree char *text = NULL;

	if (run->command == NULL) {
		text = g_strdup_printf("%s %s", package->name, package->version);
	} else {
		text = g_strdup_printf("%s %s (%.*s)", package->name, package->version, MAX_COMMAND,
				       run->command);
	}
	return g_utf8_make_valid(text, -1);
}

/* dpkg's list of a package's files; where several architectures may be there, it says which. */
static bool read_list(struct pkglog *log, const struct package *package, char **text, size_t *len)
{
	g_autofree char *plain =
		g_strdup_printf("%s/var/lib/dpkg/info/%s.list", log->root, package->name);
	g_autofree char *full = g_strdup_printf("%s/var/lib/dpkg/info/%s:%s.list", log->root,
						package->name, package->arch);
	size_t max = MIN(MAX_LIST, log->left);

	if (!file_read(plain, max, text, len, NULL) && !file_read(full, max, text, len, NULL)) {
		return false;
	}
	log->left -= *len;
	return true;
}

/* Takes what the package has out of the wanted. */
static void search_package(struct pkglog *log, const struct run *run, const struct package *package,
			   GHashTable *wanted)
{
	g_autofree char *text = NULL;
	size_t len;
	char *next;

	if (!read_list(log, package, &text, &len)) {
		return;
	}
	for (char *line = text; line != NULL; line = next) {
		next = strchr(line, '\n');
		if (next != NULL) {
			*next++ = '\0';
		}
		if (g_hash_table_remove(wanted, line)) {
			g_hash_table_replace(log->answers, g_strdup(line),
					     answer_text(run, package));
		}
	}
}

static void search_run(struct pkglog *log, const struct run *run, GHashTable *wanted)
{
	unsigned count = 0;

	for (size_t i = 0; i < G_N_ELEMENTS(actions); i++) {
		const char *at = run->unpacked[i];
		const char *open = at != NULL ? strstr(at, " (") : NULL;
		const char *end = open != NULL ? strchr(open, ')') : NULL;

		while (end != NULL && g_hash_table_size(wanted) > 0 && count++ < MAX_PACKAGES) {
			g_auto(package_auto) package = {0};

			if (read_package(&package, at, open, end, actions[i].from)) {
				search_package(log, run, &package, wanted);
			}
			at = g_str_has_prefix(end, "), ") ? end + 3 : NULL;
			open = at != NULL ? strstr(at, " (") : NULL;
			end = open != NULL ? strchr(open, ')') : NULL;
		}
	}
}

/* last: nothing of a later run follows. */
static void look_at(struct pkglog *log, const char *paragraph, bool last)
{
	g_auto(GStrv) lines = g_strsplit(paragraph, "\n", -1);
	g_autoptr(GHashTable) wanted = g_hash_table_new(g_str_hash, g_str_equal);
	struct run run = {.start = -1, .end = -1};
	GHashTableIter iter;
	gpointer path, when;

	for (char **line = lines; *line != NULL; line++) {
		read_line(&run, *line);
	}
	if (run.end < 0 && last) {
		run.end = end_so_far(log);
	}
	g_hash_table_iter_init(&iter, log->asked);
	while (run.start >= 0 && g_hash_table_iter_next(&iter, &path, &when)) {
		int64_t changed = *(const int64_t *)when;

		if (changed >= run.start && changed <= run.end) {
			g_hash_table_add(wanted, path);
		}
	}
	if (g_hash_table_size(wanted) > 0) {
		search_run(log, &run, wanted);
	}
}

static void look(struct pkglog *log)
{
	g_autofree char *text = read_tail(log);
	g_auto(GStrv) paragraphs = text != NULL ? g_strsplit(g_strstrip(text), "\n\n", -1) : NULL;

	for (char **at = paragraphs; at != NULL && *at != NULL; at++) {
		look_at(log, *at, at[1] == NULL);
	}
}

const char *pkglog_answer(struct pkglog *log, const char *path)
{
	if (!log->looked) {
		log->looked = true;
		if (g_hash_table_size(log->asked) > 0) {
			look(log);
		}
	}
	return g_hash_table_lookup(log->answers, path);
}
