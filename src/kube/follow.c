/* SPDX-License-Identifier: GPL-3.0-or-later */
/* List, watch, and what comes between. */
#include "kube/follow.h"

#include <string.h>

#include "base/error.h"

#define PAGE 500
#define WATCH_SECONDS 300 /* and up to as many again */
#define SHORT 1000	  /* a stream that was no longer is taken for a failure */
#define FAILURES_MAX 16

const char *const kube_follow_what_names[] = {"new", "changed", "left", "gone", NULL};

struct known {
	char *key; /* "NAMESPACE/NAME" */
	struct kube_seen *seen;
	unsigned pass; /* of the list that had it last */
};
struct kube_follow {
	struct kube_kind kind;
	char *namespace, *selector, *own;
	unsigned spread;
	kube_follow_fn *fn;
	void *user;

	GHashTable *known; /* key to struct known */
	GQueue left;	   /* struct known, which are to be read */
	GQueue reading;	   /* and those that are being read */
	unsigned pass;
	char *version; /* where a watch goes on; NULL: a list is needed */
	char *more;    /* the token for the list's next page */
	bool listing;  /* of some pages */
	bool busy;     /* a list or a watch is under way */
	bool synced, refused;
	bool heard;    /* something came by this stream */
	int64_t begun; /* when it was asked for */
	int64_t due;
	unsigned failures; /* in a row */
	char *problem;
};

static void known_free(void *data)
{
	struct known *known = data;

	if (known != NULL) {
		kube_seen_free(known->seen);
		g_free(known->key);
		g_free(known);
	}
}

bool kube_follow_new(const struct kube_follow_of *of, struct kube_follow **out, GError **error)
{
	g_autofree char *path = NULL;
	struct kube_follow *f;

	if (!kube_discovery_path(of->kind, of->namespace, NULL, NULL, &path, error)) {
		return false;
	}
	f = g_new0(struct kube_follow, 1);
	f->kind = (struct kube_kind){
		.group = g_strdup(of->kind->group),
		.version = g_strdup(of->kind->version),
		.kind = g_strdup(of->kind->kind),
		.resource = g_strdup(of->kind->resource),
		.namespaced = of->kind->namespaced,
	};
	f->namespace = g_strdup(of->namespace);
	f->selector = g_strdup(of->selector);
	f->own = g_strdup(of->own);
	f->spread = of->spread;
	f->fn = of->fn;
	f->user = of->user;
	f->known = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, known_free);
	g_queue_init(&f->left);
	g_queue_init(&f->reading);
	*out = f;
	return true;
}

void kube_follow_free(struct kube_follow *f)
{
	if (f == NULL) {
		return;
	}
	g_free(f->kind.group);
	g_free(f->kind.version);
	g_free(f->kind.kind);
	g_free(f->kind.resource);
	g_free(f->namespace);
	g_free(f->selector);
	g_free(f->own);
	g_hash_table_unref(f->known);
	g_queue_clear_full(&f->left, known_free);
	g_queue_clear_full(&f->reading, known_free);
	g_free(f->version);
	g_free(f->more);
	g_free(f->problem);
	g_free(f);
}

bool kube_follow_is_synced(const struct kube_follow *f)
{
	return f->synced;
}

const char *kube_follow_problem(const struct kube_follow *f)
{
	return f->problem;
}

bool kube_follow_is_refused(const struct kube_follow *f)
{
	return f->refused;
}

size_t kube_follow_count(const struct kube_follow *f)
{
	return g_hash_table_size(f->known);
}

static char *base_path(const struct kube_follow *f)
{
	char *path = NULL;

	if (!kube_discovery_path(&f->kind, f->namespace, NULL, NULL, &path, NULL)) {
		return g_strdup("/"); // it was good in kube_follow_new()
	}
	return path;
}

static void add_text(GString *path, const char *name, const char *text)
{
	g_autofree char *escaped = g_uri_escape_string(text, NULL, false);

	g_string_append_printf(path, "&%s=%s", name, escaped);
}

static char *list_path(const struct kube_follow *f)
{
	g_autofree char *base = base_path(f);
	GString *path = g_string_new(NULL);

	g_string_printf(path, "%s?limit=%d", base, PAGE);
	if (f->selector != NULL) {
		add_text(path, "labelSelector", f->selector);
	}
	if (f->more != NULL) {
		add_text(path, "continue", f->more);
	}
	return g_string_free(path, FALSE);
}

static char *watch_path(const struct kube_follow *f)
{
	g_autofree char *base = base_path(f);
	GString *path = g_string_new(NULL);

	g_string_printf(path, "%s?watch=1&allowWatchBookmarks=true&timeoutSeconds=%u", base,
			WATCH_SECONDS + WATCH_SECONDS * f->spread / 100);
	if (f->selector != NULL) {
		add_text(path, "labelSelector", f->selector);
	}
	add_text(path, "resourceVersion", f->version);
	return g_string_free(path, FALSE);
}

static bool read_path(const struct known *known, const struct kube_follow *f, char **path)
{
	const char *slash = strchr(known->key, '/');
	g_autofree char *namespace = g_strndup(known->key, (gsize)(slash - known->key));

	return kube_discovery_path(&f->kind, namespace, slash + 1, NULL, path, NULL);
}

static void say(struct kube_follow *f, enum kube_follow_what what, const char *key,
		struct kube_change *change)
{
	const char *slash = strchr(key, '/');
	g_autofree char *namespace = g_strndup(key, (gsize)(slash - key));
	const struct kube_followed followed = {what, namespace, slash + 1, change};

	if (f->synced) {
		f->fn(&followed, f->user);
	}
	kube_change_clear(change);
}

/* One that cannot be asked for is as good as gone. */
static bool next_read(struct kube_follow *f, int64_t now, struct kube_follow_ask *out)
{
	while (g_queue_get_length(&f->reading) < KUBE_FOLLOW_READS && !g_queue_is_empty(&f->left)) {
		struct known *known = g_queue_pop_head(&f->left);
		struct kube_change change = {false};

		if (read_path(known, f, &out->path)) {
			out->kind = KUBE_FOLLOW_READ;
			out->about = known;
			out->due = now;
			g_queue_push_tail(&f->reading, known);
			return true;
		}
		say(f, KUBE_FOLLOW_GONE, known->key, &change);
		known_free(known);
	}
	return false;
}

bool kube_follow_next(struct kube_follow *f, int64_t now, struct kube_follow_ask *out)
{
	*out = (struct kube_follow_ask){.kind = KUBE_FOLLOW_LIST, .due = MAX(f->due, now)};
	if (next_read(f, now, out)) {
		return true;
	}
	if (f->busy) {
		return false;
	}
	out->kind = f->version == NULL ? KUBE_FOLLOW_LIST : KUBE_FOLLOW_WATCH;
	if (f->due > now) {
		return true;
	}
	out->path = f->version == NULL ? list_path(f) : watch_path(f);
	f->busy = true;
	f->heard = false;
	f->begun = now;
	if (f->version == NULL && !f->listing) {
		f->listing = true;
		f->pass++;
	}
	return true;
}

static void relist(struct kube_follow *f)
{
	g_clear_pointer(&f->version, g_free);
	g_clear_pointer(&f->more, g_free);
	f->listing = false;
}

static void went_well(struct kube_follow *f)
{
	f->failures = 0;
	f->refused = false;
	f->due = 0;
	g_clear_pointer(&f->problem, g_free);
}

static void set_problem(struct kube_follow *f, const char *what, const char *text)
{
	g_autofree char *base = base_path(f);

	g_free(f->problem);
	f->problem = text[0] != '\0' ? g_strdup_printf("%s: %s: %s", base, what, text)
				     : g_strdup_printf("%s: %s", base, what);
}

/* A server that has just begun refuses what it allows a second later. */
static int64_t pause_of(const struct kube_follow *f)
{
	int64_t pause = KUBE_FOLLOW_PAUSE;
	int64_t most = f->refused ? KUBE_FOLLOW_REFUSED : KUBE_FOLLOW_PAUSE_MAX;

	for (unsigned i = 1; i < f->failures && pause < most; i++) {
		pause *= 2;
	}
	pause = MIN(pause, most);
	return pause + pause * f->spread / 400;
}

static bool is_refusal(enum kube_class class)
{
	return class == KUBE_FORBIDDEN || class == KUBE_NOT_SERVED || class == KUBE_REFUSED ||
	       class == KUBE_NOT_FOUND;
}

/* What went wrong, and when it is tried again. */
static void went_wrong(struct kube_follow *f, const struct kube_answer *answer, const char *why,
		       int64_t now)
{
	bool was_refused = f->refused && f->problem != NULL;

	f->failures = MIN(f->failures + 1, FAILURES_MAX);
	f->refused = answer != NULL && is_refusal(answer->class);
	f->due = now + pause_of(f);
	if (answer == NULL) {
		set_problem(f, why, "");
		return;
	}
	if (answer->retry == KUBE_RETRY_AFTER) {
		f->due = MAX(f->due, now + (int64_t)answer->retry_after * 1000);
	}
	if (!was_refused || !f->refused) { // whether of a list or a watch is the same
		set_problem(f, kube_class_name(answer->class), answer->message);
	}
}

static char *key_of(const struct kube_value *object)
{
	const char *namespace = kube_value_str_at(object, "metadata", "namespace", NULL);
	const char *name = kube_value_str_at(object, "metadata", "name", NULL);

	if (name == NULL || strchr(name, '/') != NULL) {
		return NULL;
	}
	if (namespace != NULL && strchr(namespace, '/') != NULL) {
		return NULL;
	}
	return g_strconcat(namespace != NULL ? namespace : "", "/", name, NULL);
}

/* It is there, as this says. */
static void see(struct kube_follow *f, const struct kube_value *object)
{
	g_autofree char *key = key_of(object);
	struct kube_seen *seen = key != NULL ? kube_seen_new(object, f->own) : NULL;
	struct known *known = seen != NULL ? g_hash_table_lookup(f->known, key) : NULL;
	struct kube_change change = {false};
	bool is_new = known == NULL, tell;

	if (seen == NULL || (is_new && g_hash_table_size(f->known) >= KUBE_FOLLOW_MAX)) {
		kube_seen_free(seen);
		return;
	}
	tell = kube_seen_judge(is_new ? NULL : known->seen, seen, &change);
	if (is_new) {
		known = g_new0(struct known, 1);
		known->key = g_strdup(key);
		g_hash_table_insert(f->known, known->key, known);
	}
	kube_seen_free(known->seen);
	known->seen = seen;
	known->pass = f->pass;
	if (tell) {
		say(f, is_new ? KUBE_FOLLOW_NEW : KUBE_FOLLOW_CHANGED, key, &change);
	}
}

/* It is not selected any more; why, a look at it tells. */
static void lose(struct kube_follow *f, const char *key)
{
	void *known = NULL;

	if (g_hash_table_steal_extended(f->known, key, NULL, &known)) {
		g_queue_push_tail(&f->left, known);
	}
}

/* What the whole list did not have. */
static void sweep(struct kube_follow *f)
{
	g_autoptr(GPtrArray) gone = g_ptr_array_new();
	struct known *known;
	GHashTableIter iter;

	g_hash_table_iter_init(&iter, f->known);
	while (g_hash_table_iter_next(&iter, NULL, (void **)&known)) {
		if (known->pass != f->pass) {
			g_ptr_array_add(gone, known->key);
		}
	}
	for (guint i = 0; i < gone->len; i++) {
		lose(f, gone->pdata[i]);
	}
}

static void take_page(struct kube_follow *f, const struct kube_value *list, int64_t now)
{
	const struct kube_value *items = kube_value_get(list, "items");
	const char *more = kube_value_str_at(list, "metadata", "continue", NULL);
	const char *version = kube_value_str_at(list, "metadata", "resourceVersion", NULL);

	if (version == NULL || version[0] == '\0') {
		relist(f);
		went_wrong(f, NULL, "an answer that is no list", now);
		return;
	}
	for (size_t i = 0; i < kube_value_count(items); i++) {
		see(f, kube_value_item(items, i));
	}
	g_free(f->more);
	f->more = more != NULL && more[0] != '\0' ? g_strdup(more) : NULL;
	went_well(f);
	if (f->more != NULL) {
		return;
	}
	f->listing = false;
	f->version = g_strdup(version);
	sweep(f);
	f->synced = true;
}

void kube_follow_page(struct kube_follow *f, const struct kube_answer *answer, const char *why,
		      const struct kube_value *list, int64_t now)
{
	f->busy = false;
	if (answer != NULL && kube_answer_is_good(answer)) {
		take_page(f, list, now);
		return;
	}
	relist(f);
	went_wrong(f, answer, why, now);
}

static void end_by_error(struct kube_follow *f, const struct kube_answer *answer, const char *why,
			 int64_t now)
{
	if (answer != NULL && answer->class == KUBE_EXPIRED) {
		relist(f);
		f->due = f->failures == 0 ? now : now + pause_of(f);
		f->failures = MIN(f->failures + 1, FAILURES_MAX);
		return;
	}
	went_wrong(f, answer, why, now);
	if (f->failures > 2) {
		relist(f); // perhaps it is what we ask for
	}
}

bool kube_follow_event(struct kube_follow *f, const char *type, const struct kube_value *object,
		       int64_t now)
{
	const char *version = kube_value_str_at(object, "metadata", "resourceVersion", NULL);
	bool bookmark = strcmp(type, "BOOKMARK") == 0, deleted = strcmp(type, "DELETED") == 0;

	if (strcmp(type, "ERROR") == 0) {
		g_autoptr(kube_answer_auto) answer = kube_answer_from_status(object);

		f->busy = false;
		end_by_error(f, answer, NULL, now);
		return false;
	}
	if (version == NULL || (!bookmark && !deleted && strcmp(type, "ADDED") != 0 &&
				strcmp(type, "MODIFIED") != 0)) {
		f->busy = false;
		end_by_error(f, NULL, "an event that cannot be read", now);
		return false;
	}
	g_free(f->version);
	f->version = g_strdup(version);
	f->heard = true;
	went_well(f);
	if (deleted) {
		g_autofree char *key = key_of(object);

		if (key != NULL) {
			lose(f, key);
		}
	} else if (!bookmark) {
		see(f, object);
	}
	return true;
}

void kube_follow_ended(struct kube_follow *f, const struct kube_answer *answer, const char *why,
		       int64_t now)
{
	if (!f->busy) {
		return; // it was ended by what came
	}
	f->busy = false;
	if (answer != NULL && !kube_answer_is_good(answer)) {
		end_by_error(f, answer, NULL, now);
	} else if (why != NULL) {
		end_by_error(f, NULL, why, now);
	} else if (!f->heard && now - f->begun < SHORT) {
		end_by_error(f, NULL, "watches end at once", now);
	} else {
		went_well(f);
	}
}

void kube_follow_read(struct kube_follow *f, void *about, const struct kube_answer *answer,
		      const struct kube_value *object)
{
	struct known *known = about;
	g_autoptr(kube_seen_auto) seen = NULL;
	struct kube_change change = {false};
	enum kube_follow_what what = KUBE_FOLLOW_CHANGED; // as far as is known

	g_queue_remove(&f->reading, known);
	if (answer != NULL && kube_answer_is_good(answer)) {
		seen = kube_seen_new(object, f->own);
	} else if (answer != NULL &&
		   (answer->class == KUBE_NOT_FOUND || answer->class == KUBE_NOT_SERVED ||
		    answer->class == KUBE_NO_NAMESPACE)) {
		what = KUBE_FOLLOW_GONE;
	}
	if (seen != NULL) {
		what = strcmp(kube_seen_uid(seen), kube_seen_uid(known->seen)) == 0
			       ? KUBE_FOLLOW_LEFT
			       : KUBE_FOLLOW_CHANGED;
		(void)kube_seen_judge(known->seen, seen, &change);
	}
	if (g_hash_table_contains(f->known, known->key)) {
		kube_change_clear(&change); // it has come back, which was told
	} else {
		say(f, what, known->key, &change);
	}
	known_free(known);
}
