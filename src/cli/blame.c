/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Finds the plans that changed a thing, and compares it with what they left. */
#include "cli/blame.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/autoptr.h"

#define LINK_MAX_BYTES 4096

const char *const blame_state_names[] = {"same", "different", "unknown", NULL};

/* "package:nginx" is one, "/a:b" and "./a:b" are not. */
static bool is_id(const char *text)
{
	const char *colon = strchr(text, ':'), *slash = strchr(text, '/');

	return colon != NULL && colon > text && (slash == NULL || colon < slash) &&
	       strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-") == (size_t)(colon - text);
}

static char *absolute(const char *text, const char *home, const char *folder)
{
	if (strcmp(text, "~") == 0 || g_str_has_prefix(text, "~/")) {
		g_autofree char *below = g_strconcat(home, text + 1, NULL);

		return g_canonicalize_filename(below, "/");
	}
	return g_canonicalize_filename(text, folder);
}

void blame_name_init(struct blame_name *name, const char *text, const char *home,
		     const char *folder)
{
	const char *rest = strchr(text, ':');

	*name = (struct blame_name){0};
	if (!is_id(text)) {
		name->path = absolute(text, home, folder);
		name->bare = strpbrk(text, "/~") == NULL ? g_strdup(text) : NULL;
	} else if (rest[1] == '~') {
		g_autofree char *path = absolute(rest + 1, home, folder);

		name->id = g_strdup_printf("%.*s:%s", (int)(rest - text), text, path);
	} else {
		name->id = g_strdup(text);
	}
}

void blame_name_clear(struct blame_name *name)
{
	g_free(name->id);
	g_free(name->path);
	g_free(name->bare);
}

static bool is_above(const char *path, const char *below)
{
	size_t len = strlen(path);

	return len == 1 || (strncmp(path, below, len) == 0 && below[len] == '/');
}

/* "package:nginx", "service:nginx.service" */
static bool is_called(const struct plan_change *change, const char *bare)
{
	const char *colon = strchr(change->id, ':');
	size_t len = strlen(bare);

	return bare[0] != '\0' && change->path == NULL && colon != NULL &&
	       strncmp(colon + 1, bare, len) == 0 &&
	       (colon[len + 1] == '\0' || strcmp(colon + 1 + len, ".service") == 0);
}

static bool is_about(const struct plan_change *change, const struct blame_name *name)
{
	if (name->id != NULL) {
		return strcmp(change->id, name->id) == 0;
	}
	switch (name->reach) {
	case BLAME_EXACT:
		return change->path != NULL && strcmp(change->path, name->path) == 0;
	case BLAME_BARE:
		return name->bare != NULL && is_called(change, name->bare);
	case BLAME_BELOW:
		return change->path != NULL && is_above(name->path, change->path);
	}
	return false;
}

/* The apply that did it, by the newest that tells; NULL: none did, or it was taken back. */
static const struct tale_run *run_of(const struct tale_plan *plan, const char *id)
{
	for (unsigned i = plan->runs->len; i > 0; i--) {
		const struct tale_run *run = plan->runs->pdata[i - 1];
		const char *outcome =
			run->outcomes != NULL ? g_hash_table_lookup(run->outcomes, id) : NULL;

		if (run->ended == 0) {
			continue;
		}
		if (outcome != NULL) {
			return strcmp(outcome, "done") == 0 && run->mode != MODE_UNDO ? run : NULL;
		}
		if (run->result == RESULT_OK) {
			return run;
		}
		if (run->result == RESULT_ROLLED_BACK || run->mode == MODE_UNDO) {
			return NULL;
		}
	}
	return NULL;
}

/* A file that takes a link's place makes two changes: what comes counts. */
static bool find_in(struct blame_finding *f, const struct blame_name *name)
{
	const struct plan *plan = f->plan->document;

	for (size_t i = 0; i < plan->changes_count; i++) {
		const struct plan_change *c = &plan->changes[i];
		bool better = f->change == NULL ||
			      (name->reach == BLAME_EXACT && c->action != ACTION_REMOVE);
		const struct tale_run *run =
			better && is_about(c, name) ? run_of(f->plan, c->id) : NULL;

		if (run != NULL) {
			f->change = c;
			f->run = run;
		}
	}
	return f->run != NULL;
}

GArray *blame_find(const struct tale *tale, const struct blame_name *name, const char *stack)
{
	GArray *found = g_array_new(FALSE, FALSE, sizeof(struct blame_finding));

	for (unsigned i = tale->plans->len; i > 0; i--) {
		const struct tale_plan *plan = tale->plans->pdata[i - 1];
		struct blame_finding f = {.plan = plan};

		if (plan->document == NULL || plan->runs->len == 0 ||
		    (stack != NULL && g_strcmp0(stack, plan->stack) != 0)) {
			continue;
		}
		if (find_in(&f, name)) {
			g_array_append_val(found, f);
		}
	}
	return found;
}

const char *blame_parent(const struct tale *tale, const struct blame_name *name)
{
	const char *best = NULL;

	for (unsigned i = 0; name->path != NULL && i < tale->plans->len; i++) {
		const struct plan *plan =
			((const struct tale_plan *)tale->plans->pdata[i])->document;

		for (size_t k = 0; plan != NULL && k < plan->changes_count; k++) {
			const char *paths[] = {plan->changes[k].path, plan->changes[k].root};

			for (size_t j = 0; j < G_N_ELEMENTS(paths); j++) {
				if (paths[j] != NULL && is_above(paths[j], name->path) &&
				    (best == NULL || strlen(paths[j]) > strlen(best))) {
					best = paths[j];
				}
			}
		}
	}
	return best;
}

static void unknown(struct blame_now *now, const char *code, const char *why)
{
	now->state = BLAME_UNKNOWN;
	g_free(now->why);
	now->code = code;
	now->why = g_strdup(why);
}

static void differs(struct blame_now *now, const char *what)
{
	if (now->state != BLAME_UNKNOWN) {
		now->state = BLAME_DIFFERENT;
	}
	g_ptr_array_add(now->differs, (void *)what);
}

static bool digest_of(int fd, struct hash *digest)
{
	g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
	guchar buf[65536];
	gsize len = HASH_SIZE;
	ssize_t n;

	while ((n = read(fd, buf, sizeof(buf))) > 0) {
		g_checksum_update(sum, buf, n);
	}
	g_checksum_get_digest(sum, digest->bytes, &len);
	return n == 0;
}

/* Opened without following a link or waiting for anybody, and judged by what was opened. */
static void look_at_content(struct blame_now *now, const char *path,
			    const struct plan_state *desired)
{
	autofd fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	struct hash digest;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
		unknown(now, "error", fd < 0 ? g_strerror(errno) : _("it changes under our eyes"));
	} else if (st.st_size != desired->size) {
		differs(now, "content");
	} else if (!digest_of(fd, &digest)) {
		unknown(now, "error", g_strerror(errno));
	} else if (!hash_equal(&digest, &desired->digest)) {
		differs(now, "content");
	}
}

static void look_at_link(struct blame_now *now, const char *path, const struct plan_state *desired)
{
	char target[LINK_MAX_BYTES + 1];
	ssize_t n = readlink(path, target, LINK_MAX_BYTES);

	if (n < 0) {
		unknown(now, "error", g_strerror(errno));
		return;
	}
	target[n] = '\0';
	if (desired->link != NULL && strcmp(target, desired->link) != 0) {
		differs(now, "target");
	}
}

static enum state_type type_of(mode_t mode)
{
	if (S_ISREG(mode)) {
		return STATE_FILE;
	}
	if (S_ISDIR(mode)) {
		return STATE_DIRECTORY;
	}
	return S_ISLNK(mode) ? STATE_LINK : STATE_OTHER;
}

static void look_at(struct blame_now *now, const struct plan_change *change, const struct stat *st)
{
	const struct plan_state *d = &change->desired;

	if (type_of(st->st_mode) != d->type) {
		differs(now, "type");
		return;
	}
	if (d->type != STATE_LINK && d->mode >= 0 && (int64_t)(st->st_mode & 07777) != d->mode) {
		differs(now, "mode");
	}
	if ((d->uid >= 0 && st->st_uid != (uid_t)d->uid) ||
	    (d->gid >= 0 && st->st_gid != (gid_t)d->gid)) {
		differs(now, "owner");
	}
	if (d->type == STATE_LINK) {
		look_at_link(now, change->path, d);
	} else if (d->type == STATE_FILE && (change->risk & RISK_SECRET) != 0) {
		unknown(now, "secret", _("what is secret is not compared"));
	} else if (d->type == STATE_FILE && d->size >= 0) {
		look_at_content(now, change->path, d);
	}
}

void blame_look(struct blame_now *now, const struct plan_change *change)
{
	enum state_type type = change->desired.type;
	struct stat st;

	*now = (struct blame_now){.state = BLAME_SAME, .differs = g_ptr_array_new()};
	if (change->path == NULL || (type != STATE_ABSENT && type != STATE_FILE &&
				     type != STATE_DIRECTORY && type != STATE_LINK)) {
		unknown(now, "kind", _("only files, folders and links are compared"));
	} else if (lstat(change->path, &st) == 0) {
		look_at(now, change, &st);
	} else if (errno != ENOENT && errno != ENOTDIR) {
		unknown(now, "error", g_strerror(errno));
	} else if (type != STATE_ABSENT) {
		differs(now, "type");
	}
}

void blame_now_clear(struct blame_now *now)
{
	g_clear_pointer(&now->differs, g_ptr_array_unref);
	g_clear_pointer(&now->why, g_free);
}

static bool names(const struct tale_event *e, const char *id)
{
	g_auto(GStrv) ids = g_strsplit(e->reason != NULL ? e->reason : "", ", ", -1);

	return g_strv_contains((const char *const *)ids, id);
}

const struct tale_event *blame_drift(const struct tale *tale, const struct blame_finding *finding)
{
	for (unsigned i = tale->events->len; i > 0; i--) {
		const struct tale_event *e = tale->events->pdata[i - 1];

		if (e->time < finding->run->started) {
			return NULL;
		}
		if (e->type == ENTRY_DRIFT && g_strcmp0(e->stack, finding->plan->stack) == 0 &&
		    names(e, finding->change->id)) {
			return e;
		}
	}
	return NULL;
}
