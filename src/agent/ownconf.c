/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Changes of the agent's own configuration. */
#include "agent/ownconf.h"

#include <string.h>
#include <sys/stat.h>

#include "agent/watcher.h"
#include "base/log.h"
#include "base/secure.h"

#define MAX_SIZE (16 << 20)
#define LONGEST 600 /* seconds between two looks where nothing is noticed */

enum { CONFIGURATION, SIGNERS, TRUST, FILES };

/* What stands in a file, as far as it matters here. */
struct content {
	bool readable; /* by secure_read() */
	struct hash digest;
};
struct own_file {
	char *path;
	struct content in_force, told;
	struct stat seen; /* at the last look */
	bool is_seen, differs;
};
struct ownconf {
	struct agent *agent;
	struct own_file files[FILES];
	struct watcher *watcher;
	guint timer;
	char *problem;
};

static void read_content(const char *path, struct content *out)
{
	g_autofree char *text = NULL;
	size_t len;

	*out = (struct content){0};
	if (secure_read(path, MAX_SIZE, &text, &len, NULL)) {
		out->readable = true;
		hash_bytes(&out->digest, text, len);
	}
}

static bool same_content(const struct content *a, const struct content *b)
{
	return a->readable == b->readable && (!a->readable || hash_equal(&a->digest, &b->digest));
}

/* Whatever is written into a file, or done to its name or mode, shows in these. */
static bool same_stat(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       memcmp(&a->st_mtim, &b->st_mtim, sizeof(a->st_mtim)) == 0 &&
	       memcmp(&a->st_ctim, &b->st_ctim, sizeof(a->st_ctim)) == 0;
}

/* A file that is not there counts as seen with a stat of zeros. */
static bool is_untouched(struct own_file *file)
{
	struct stat now;
	bool same;

	if (lstat(file->path, &now) != 0) {
		memset(&now, 0, sizeof(now));
	}
	same = file->is_seen && same_stat(&file->seen, &now);
	file->seen = now;
	file->is_seen = true;
	return same;
}

static void tell(struct ownconf *own, const struct own_file *file, const char *what)
{
	struct record record = {.type = ENTRY_NOTE};
	g_autofree char *name = g_filename_display_name(file->path);
	g_autofree char *text = g_strdup_printf("%s: %s", what, name);
	g_autoptr(GError) error = NULL;

	log_event(EV_CONFIG_CHANGED, NULL, NULL, "%s", text);
	record.u.note.text = text;
	if (!agent_append(own->agent, NULL, &record, &error)) {
		return; // the log's failure has been told, and stops everything by itself
	}
}

/* Whoever refused to put something back may do it now. */
static void forget_refusals(struct agent *agent)
{
	struct agent_unit *unit;
	GHashTableIter iter;

	g_hash_table_iter_init(&iter, agent->units);
	while (g_hash_table_iter_next(&iter, NULL, (void **)&unit)) {
		unit->step.unfixable = false;
	}
}

static void look_at(struct ownconf *own, unsigned which)
{
	struct own_file *file = &own->files[which];
	struct content now;
	bool differed = file->differs;

	if (is_untouched(file)) {
		return;
	}
	read_content(file->path, &now);
	file->differs = !same_content(&now, &file->in_force);
	if (which == TRUST && file->differs) {
		file->in_force = now; // whoever changed it, the worker believes it
		file->differs = false;
		forget_refusals(own->agent);
		tell(own, file, "the trust file has changed and counts already");
	} else if (file->differs && !(differed && same_content(&now, &file->told))) {
		file->told = now;
		tell(own, file, "the configuration on disk is not the one in force");
	} else if (differed && !file->differs) {
		log_event(EV_CONFIG_CHANGED, NULL, NULL, "'%s' is again as it is in force",
			  file->path);
	}
}

static void look(void *user)
{
	struct ownconf *own = user;
	GString *problem = g_string_new(NULL);

	for (unsigned i = 0; i < FILES; i++) {
		g_autofree char *name = g_filename_display_name(own->files[i].path);

		if (!own->agent->stopping && own->agent->dead == NULL) {
			look_at(own, i);
		}
		if (own->files[i].differs) {
			g_string_append_printf(problem, "%s%s",
					       problem->len == 0
						       ? "the configuration on disk is not the "
							 "one in force: "
						       : ", ",
					       name);
		}
	}
	g_free(own->problem);
	own->problem = g_string_free(problem, problem->len == 0);
}

/* Folders that were away may be there again. */
static void watch_files(struct ownconf *own)
{
	struct watcher_place places[FILES] = {0};

	for (unsigned i = 0; i < FILES; i++) {
		places[i].path = own->files[i].path;
	}
	watcher_set(own->watcher, places, FILES);
}

static void on_touched(void *user)
{
	struct ownconf *own = user;

	watch_files(own);
	look(own);
}

static gboolean on_timer(void *user)
{
	on_touched(user);
	return G_SOURCE_CONTINUE;
}

/* The shortest of the stacks' drift-interval. */
static guint interval(const struct conf *conf)
{
	int64_t least = LONGEST;

	for (unsigned i = 0; i < conf->stacks->len; i++) {
		const struct conf_stack *stack = g_ptr_array_index(conf->stacks, i);

		if (stack->drift_interval > 0) {
			least = MIN(least, stack->drift_interval);
		}
	}
	return (guint)least;
}

void ownconf_start(struct agent *agent)
{
	const struct conf *conf = agent->conf;
	struct ownconf *own = g_new0(struct ownconf, 1);
	struct own_file *files = own->files;

	ownconf_stop(agent);
	own->agent = agent;
	files[CONFIGURATION].path = g_strdup(conf->file);
	files[CONFIGURATION].in_force = (struct content){true, conf->digest};
	files[SIGNERS].path = g_canonicalize_filename(conf->allowed_signers, NULL);
	files[SIGNERS].in_force = (struct content){true, agent->signers->digest};
	files[TRUST].path = g_canonicalize_filename(conf->trust, NULL);
	read_content(files[TRUST].path, &files[TRUST].in_force);
	agent->own = own;
	own->watcher = watcher_new(on_touched, own);
	watch_files(own); // before the first look: what comes later is noticed
	own->timer = g_timeout_add_seconds(interval(conf), on_timer, own);
	look(own);
}

void ownconf_stop(struct agent *agent)
{
	struct ownconf *own = g_steal_pointer(&agent->own);

	if (own == NULL) {
		return;
	}
	if (own->timer != 0) {
		g_source_remove(own->timer);
	}
	watcher_free(own->watcher);
	for (unsigned i = 0; i < FILES; i++) {
		g_free(own->files[i].path);
	}
	g_free(own->problem);
	g_free(own);
}

const char *ownconf_problem(const struct agent *agent)
{
	return agent->own != NULL ? agent->own->problem : NULL;
}
