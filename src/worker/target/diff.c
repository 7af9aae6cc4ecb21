/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The diff that people approve, by libgit2's diff engine. */
#include "worker/target/diff.h"

#include <inttypes.h>
#include <git2.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"

#define CONTEXT_LINES 3

struct differ {
	size_t left; /* bytes that the plan's diff may still grow */
};

struct differ *differ_new(size_t max_plan)
{
	struct differ *d = g_new0(struct differ, 1);

	git_libgit2_init();
	d->left = max_plan;
	return d;
}

void differ_free(struct differ *d)
{
	if (d != NULL) {
		git_libgit2_shutdown();
		g_free(d);
	}
}

static bool is_plain(const char *name)
{
	for (const unsigned char *p = (const unsigned char *)name; *p != '\0'; p++) {
		if (*p < 0x20 || *p >= 0x7f || *p == '"' || *p == '\\') {
			return false;
		}
	}
	return true;
}

/* prefix and name, in C's quotes where it has odd bytes, as git does. */
static void put_name(GString *out, const char *prefix, const char *name)
{
	if (is_plain(name)) {
		g_string_append_printf(out, "%s%s", prefix, name);
		return;
	}
	g_string_append_printf(out, "\"%s", prefix);
	for (const unsigned char *p = (const unsigned char *)name; *p != '\0'; p++) {
		if (*p == '"' || *p == '\\') {
			g_string_append_printf(out, "\\%c", *p);
		} else if (*p < 0x20 || *p >= 0x7f) {
			g_string_append_printf(out, "\\%03o", *p);
		} else {
			g_string_append_c(out, (char)*p);
		}
	}
	g_string_append_c(out, '"');
}

static unsigned git_mode(const struct plan_state *state, int64_t mode)
{
	switch (state->type) {
	case STATE_FILE:
		return S_IFREG | (unsigned)mode;
	case STATE_DIRECTORY:
		return S_IFDIR | (unsigned)mode;
	case STATE_LINK:
		return S_IFLNK;
	case STATE_ABSENT:
	case STATE_OTHER:
	case STATE_PACKAGE:
	case STATE_SERVICE:
	case STATE_COMMAND:
	case STATE_OBJECT:
		break;
	}
	return 0;
}

static void put_modes(GString *out, const struct plan_change *c)
{
	const struct plan_state *old = &c->observed, *new = &c->desired;
	int64_t old_mode = MAX(old->mode, 0);
	int64_t new_mode = new->mode >= 0 ? new->mode : old_mode;

	if (old->type == STATE_ABSENT) {
		g_string_append_printf(out, "new file mode %06o\n", git_mode(new, new_mode));
	} else if (new->type == STATE_ABSENT) {
		g_string_append_printf(out, "deleted file mode %06o\n", git_mode(old, old_mode));
	} else if (git_mode(old, old_mode) != git_mode(new, new_mode)) {
		g_string_append_printf(out, "old mode %06o\nnew mode %06o\n",
				       git_mode(old, old_mode), git_mode(new, new_mode));
	}
}

static void put_id(GString *out, const char *name, int64_t id)
{
	if (name != NULL && is_plain(name)) {
		g_string_append(out, name);
	} else if (id >= 0) {
		g_string_append_printf(out, "%" PRId64, id);
	}
}

static void put_owner(GString *out, const char *label, const struct plan_state *s)
{
	g_string_append(out, label);
	put_id(out, s->owner, s->uid);
	g_string_append_c(out, ':');
	put_id(out, s->group, s->gid);
	g_string_append_c(out, '\n');
}

static void put_owners(GString *out, const struct plan_change *c)
{
	const struct plan_state *old = &c->observed, *new = &c->desired;
	struct plan_state after = *new;

	if (new->type == STATE_ABSENT || (new->uid < 0 && new->gid < 0)) {
		return;
	}
	if (old->type == STATE_ABSENT) {
		put_owner(out, "new owner ", new);
		return;
	}
	if (after.uid < 0) {
		after.uid = old->uid;
		after.owner = old->owner;
	}
	if (after.gid < 0) {
		after.gid = old->gid;
		after.group = old->group;
	}
	if (after.uid != old->uid || after.gid != old->gid) {
		put_owner(out, "old owner ", old);
		put_owner(out, "new owner ", &after);
	}
}

/* What is one line of content for a link, none for a folder. */
static bool has_content(const struct plan_state *s)
{
	return (s->type == STATE_FILE && s->size >= 0) || s->type == STATE_LINK;
}

static void put_digest(GString *out, const char *label, const struct plan_state *s)
{
	char text[HASH_TEXT_SIZE];

	if (s->type == STATE_FILE && s->size >= 0) {
		hash_text(text, &s->digest);
		g_string_append_printf(out, "%s %" PRId64 " bytes %s\n", label, s->size, text);
	}
}

static void put_summary(GString *out, const struct plan_change *c, const char *why)
{
	g_string_append_printf(out, "%s\n", why);
	put_digest(out, "old", &c->observed);
	put_digest(out, "new", &c->desired);
}

static void put_file_names(GString *out, const struct plan_change *c)
{
	g_string_append(out, "--- ");
	put_name(out, has_content(&c->observed) ? "a" : "",
		 has_content(&c->observed) ? c->path : "/dev/null");
	g_string_append(out, "\n+++ ");
	put_name(out, has_content(&c->desired) ? "b" : "",
		 has_content(&c->desired) ? c->path : "/dev/null");
	g_string_append_c(out, '\n');
}

struct printing {
	GString *out;
	size_t start, max;
	unsigned lines;
	unsigned hidden;
};

static int print_line(const git_diff_delta *delta, const git_diff_hunk *hunk,
		      const git_diff_line *line, void *user)
{
	struct printing *p = user;

	(void)delta;
	(void)hunk;
	if (line->origin == GIT_DIFF_LINE_FILE_HDR || line->origin == GIT_DIFF_LINE_BINARY) {
		return 0;
	}
	if (p->hidden > 0 || p->lines >= DIFF_MAX_LINES ||
	    p->out->len - p->start + line->content_len + 1 > p->max) {
		p->hidden++;
		return 0;
	}
	p->lines++;
	if (line->origin == GIT_DIFF_LINE_CONTEXT || line->origin == GIT_DIFF_LINE_ADDITION ||
	    line->origin == GIT_DIFF_LINE_DELETION) {
		g_string_append_c(p->out, line->origin);
	}
	g_string_append_len(p->out, line->content, (gssize)line->content_len);
	return 0;
}

static bool fail_git(GError **error)
{
	const git_error *last = git_error_last();

	return fail(error, BASE_ERROR, BASE_ERROR_FAILED, "cannot compare contents: %s",
		    last != NULL ? last->message : "unknown reason");
}

static bool print_patch(git_patch *patch, GString *out, const struct plan_change *c, size_t max,
			GError **error)
{
	struct printing p = {.out = out};

	if ((git_patch_get_delta(patch)->flags & GIT_DIFF_FLAG_BINARY) != 0) {
		put_summary(out, c, "Binary files differ");
		return true;
	}
	put_file_names(out, c);
	p.start = out->len;
	p.max = max;
	if (git_patch_print(patch, print_line, &p) != 0) {
		return fail_git(error);
	}
	if (out->len > p.start && out->str[out->len - 1] != '\n') {
		g_string_append_c(out, '\n');
	}
	if (p.hidden > 0) {
		g_autofree char *why = g_strdup_printf("... %u more lines", p.hidden);

		put_summary(out, c, why);
	}
	return true;
}

static bool put_content(struct differ *d, GString *out, const struct plan_change *c,
			const struct diff_content *old, const struct diff_content *new,
			GError **error)
{
	git_diff_options options = GIT_DIFF_OPTIONS_INIT;
	git_patch *patch = NULL;
	bool ok;

	if (old->bytes == NULL || new->bytes == NULL) {
		put_summary(out, c, "... too large to be shown");
		return true;
	}
	if (d->left == 0) {
		put_summary(out, c, "... not shown, the plan's diff is too large");
		return true;
	}
	options.context_lines = CONTEXT_LINES;
	if (git_patch_from_buffers(&patch, old->bytes, old->len, c->path, new->bytes, new->len,
				   c->path, &options) != 0) {
		return fail_git(error);
	}
	ok = print_patch(patch, out, c, MIN(d->left, DIFF_MAX_SECTION), error);
	git_patch_free(patch);
	return ok;
}

/* Does the content differ, as far as the states tell? */
static bool content_changes(const struct plan_change *c)
{
	const struct plan_state *old = &c->observed, *new = &c->desired;

	if (old->type == STATE_FILE && new->type == STATE_FILE) {
		return new->size >= 0 && !hash_equal(&old->digest, &new->digest);
	}
	if (old->type == STATE_LINK && new->type == STATE_LINK) {
		return new->link != NULL &&g_strcmp0(old->link, new->link) != 0;
	}
	return has_content(old) || has_content(new);
}

bool diff_write(struct differ *d, GString *out, const struct plan_change *change,
		const struct diff_content *old, const struct diff_content *new, GError **error)
{
	size_t start = out->len;

	g_string_append(out, "diff --git ");
	put_name(out, "a", change->path);
	g_string_append_c(out, ' ');
	put_name(out, "b", change->path);
	g_string_append_c(out, '\n');
	put_modes(out, change);
	put_owners(out, change);
	if (PLAN_CHANGE_IS_SECRET(change)) {
		if (content_changes(change)) {
			g_string_append(out, "secret content, not shown\n");
		}
	} else if (change->renamed_from != NULL) {
		g_string_append(out, "same content as ");
		put_name(out, "", change->renamed_from);
		g_string_append(out, ", which goes\n");
		put_digest(out, "new", &change->desired);
	} else if (content_changes(change) && !put_content(d, out, change, old, new, error)) {
		return false;
	}
	d->left -= MIN(d->left, out->len - start);
	return true;
}
