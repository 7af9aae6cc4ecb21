/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sections of the diff about objects of clusters. */
#include "worker/target/kubernetes-diff.h"

#include <git2.h>
#include <string.h>

#include "kube/diff.h"
#include "worker/target/diff.h"

struct lines {
	GString *out;
	size_t start;
	unsigned count, hidden;
};

/* One line, whatever is in it. */
static void put(struct lines *l, char sign, const char *text, size_t len)
{
	if (l->count >= DIFF_MAX_LINES || l->out->len - l->start + len > DIFF_MAX_SECTION) {
		l->hidden++;
		return;
	}
	l->count++;
	g_string_append_c(l->out, sign);
	for (size_t i = 0; i < len; i++) {
		g_string_append_c(l->out, text[i] == '\n' || text[i] == '\r' ? ' ' : text[i]);
	}
	g_string_append_c(l->out, '\n');
}

static void put_format(struct lines *l, char sign, const char *format, ...) G_GNUC_PRINTF(3, 4);
static void put_format(struct lines *l, char sign, const char *format, ...)
{
	g_autofree char *text = NULL;
	va_list args;

	va_start(args, format);
	text = g_strdup_vprintf(format, args);
	va_end(args);
	put(l, sign, text, strlen(text));
}

/* A text with lines of its own. */
static const char *text_of(const struct kube_value *value, size_t *len)
{
	const char *text = kube_value_is(value, KUBE_STRING) ? kube_value_text(value, len) : NULL;

	return text != NULL && memchr(text, '\n', *len) != NULL ? text : NULL;
}

static void put_text(struct lines *l, char sign, const char *path, const char *text, size_t len)
{
	put_format(l, sign, "%s =", path);
	while (len > 0) {
		const char *end = memchr(text, '\n', len);
		size_t line = end != NULL ? (size_t)(end - text) : len;
		g_autofree char *shown = g_strndup(text, line);

		put_format(l, sign, "    %s", shown);
		line += end != NULL;
		text += line;
		len -= line;
	}
}

static bool is_plain(const char *name)
{
	return name[0] != '\0' &&
	       strspn(name, G_CSET_A_2_Z G_CSET_a_2_z "0123456789-_$") == strlen(name);
}

static void append_name(GString *path, const char *name)
{
	g_autoptr(kube_value_auto) value = NULL;
	g_autofree char *quoted = NULL;
	size_t len;

	if (is_plain(name)) {
		g_string_append_printf(path, ".%s", name);
		return;
	}
	value = kube_value_string(name, -1);
	quoted = kube_value_canonical(value, &len);
	g_string_append_printf(path, "[%s]", quoted);
}

static void append_item(GString *path, const struct kube_value *item, size_t i)
{
	const struct kube_value *name = kube_value_get(item, "name");
	g_autofree char *quoted = NULL;
	size_t len;

	if (!kube_value_is(name, KUBE_STRING)) {
		g_string_append_printf(path, "[%zu]", i);
		return;
	}
	quoted = kube_value_canonical(name, &len);
	g_string_append_printf(path, "[name=%s]", quoted);
}

/* What the head says already. */
static bool is_in_head(const char *path)
{
	static const char *const said[] = {".apiVersion", ".kind", ".metadata.name",
					   ".metadata.namespace", NULL};

	return g_strv_contains(said, path);
}

/* Each field of a value that is new, or goes. */
static void put_leaves(struct lines *l, char sign, GString *path, const struct kube_value *value)
{
	g_autofree char *text = NULL;
	size_t before = path->len, len = 0;
	const char *several = text_of(value, &len);

	if (is_in_head(path->str)) {
		return;
	}
	if (several != NULL) {
		put_text(l, sign, path->str, several, len);
		return;
	}
	if (kube_value_count(value) == 0) {
		text = kube_value_canonical(value, &len);
		put_format(l, sign, "%s = %s", path->str, text);
		return;
	}
	for (size_t i = 0; i < kube_value_count(value); i++) {
		const struct kube_value *item = kube_value_item(value, i);

		if (kube_value_is(value, KUBE_MAP)) {
			append_name(path, kube_value_name(value, i));
		} else {
			append_item(path, item, i);
		}
		put_leaves(l, sign, path, item);
		g_string_truncate(path, before);
	}
}

static struct kube_value *parsed(const char *json)
{
	struct kube_value *value = NULL;

	return json != NULL && kube_value_parse(json, strlen(json), KUBE_VALUE_MAX_SIZE, &value,
						NULL)
		       ? value
		       : NULL;
}

static int put_hunk(const git_diff_delta *delta, const git_diff_hunk *hunk,
		    const git_diff_line *line, void *user)
{
	struct lines *l = user;
	char sign = line->origin;
	size_t len = line->content_len;

	(void)delta;
	(void)hunk;
	if (sign != GIT_DIFF_LINE_CONTEXT && sign != GIT_DIFF_LINE_ADDITION &&
	    sign != GIT_DIFF_LINE_DELETION) {
		return 0;
	}
	while (len > 0 && line->content[len - 1] == '\n') {
		len--;
	}
	if (len == line->content_len && line->content_len > 0) {
		put(l, sign, line->content, len);
		put_format(l, ' ', "(no newline at the end of the text)");
		return 0;
	}
	put(l, sign, line->content, len);
	return 0;
}

/* False: it is no text, or git cannot compare it. */
static bool put_hunks(struct lines *l, const char *path, const struct kube_value *old,
		      const struct kube_value *new)
{
	git_diff_options options = GIT_DIFF_OPTIONS_INIT;
	git_patch *patch = NULL;
	size_t old_len = 0, new_len = 0;
	const char *a = text_of(old, &old_len), *b = text_of(new, &new_len);
	bool ok;

	if (a == NULL || b == NULL || old_len > DIFF_MAX_CONTENT || new_len > DIFF_MAX_CONTENT) {
		return false;
	}
	options.flags = GIT_DIFF_FORCE_TEXT;
	git_libgit2_init();
	ok = git_patch_from_buffers(&patch, a, old_len, "a", b, new_len, "b", &options) == 0;
	if (ok) {
		put_format(l, ' ', "%s:", path);
		ok = git_patch_print(patch, put_hunk, l) == 0;
	}
	git_patch_free(patch);
	git_libgit2_shutdown();
	return ok;
}

static void put_difference(struct lines *l, const struct kube_difference *d)
{
	g_autoptr(kube_value_auto) old = parsed(d->old);
	g_autoptr(kube_value_auto) new = parsed(d->new);
	g_autoptr(GString) path = g_string_new(d->path);

	if (d->order) {
		put_format(l, '-', "%s in the order %s", d->path, d->old);
		put_format(l, '+', "%s in the order %s", d->path, d->new);
		return;
	}
	if (put_hunks(l, d->path, old, new)) {
		return;
	}
	if (old != NULL) {
		put_leaves(l, '-', path, old);
	}
	if (new != NULL) {
		put_leaves(l, '+', path, new);
	}
}

/* all: what is not in the body, too: with it those are what a server has made up. */
static void put_differences(struct lines *l, const struct look *look, bool all)
{
	g_autoptr(GPtrArray) differences = kube_diff(look->live, look->wanted);

	for (guint i = 0; i < differences->len; i++) {
		const struct kube_difference *d = differences->pdata[i];

		if (d->more) {
			put_format(l, ' ', "... and more fields");
		} else if (all || d->new != NULL) {
			put_difference(l, d);
		}
	}
}

static void put_whole(struct lines *l, char sign, const struct kube_value *value)
{
	g_autoptr(GString) path = g_string_new(NULL);

	if (value != NULL) {
		put_leaves(l, sign, path, value);
	}
}

static void put_remarks(struct lines *l, const struct look *look, enum plan_action action)
{
	for (guint i = 0; look->conflicts != NULL && i < look->conflicts->len; i++) {
		const struct kube_cause *c = look->conflicts->pdata[i];

		put_format(l, ' ', "%s is taken over from \"%s\"", c->field,
			   c->manager != NULL ? c->manager : "");
	}
	if (action == ACTION_REPLACE) {
		put_format(l, ' ', "deleted and made again, since it cannot be changed: %s",
			   look->problem);
	}
	if (look->state == LOOK_LATER) {
		put_format(l, ' ', "not tried yet: what it needs comes with this plan");
	}
	for (guint i = 0; look->warnings != NULL && i < look->warnings->len; i++) {
		put_format(l, ' ', "the server warns: %s", (const char *)look->warnings->pdata[i]);
	}
}

void kubernetes_diff_lines(GString *out, const struct look *look, enum plan_action action)
{
	struct lines l = {.out = out, .start = out->len};

	switch (action) {
	case ACTION_CREATE:
		put_whole(&l, '+', look->wanted);
		break;
	case ACTION_REMOVE:
		put_whole(&l, '-', look->live);
		break;
	case ACTION_UPDATE:
		put_differences(&l, look, true);
		break;
	case ACTION_REPLACE:
		put_differences(&l, look, false);
		break;
	case ACTION_START:
	case ACTION_STOP:
	case ACTION_RESTART:
	case ACTION_RELOAD:
	case ACTION_ENABLE:
	case ACTION_DISABLE:
	case ACTION_RUN:
		break;
	}
	if (l.hidden > 0) {
		g_string_append_printf(out, "... %u more lines\n", l.hidden);
	}
	/* These are short, and what a person must know. */
	l = (struct lines){.out = out, .start = out->len};
	put_remarks(&l, look, action);
}

void kubernetes_diff_write(GString *out, const struct plan_change *change)
{
	const struct plan_object *o = change->object;

	g_string_append_printf(out, "%s (%s%s%s)\n", change->id, o->group,
			       o->group[0] != '\0' ? "/" : "", o->version);
	if (change->note != NULL) {
		g_string_append(out, change->note);
	}
}
