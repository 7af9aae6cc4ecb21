/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Objects as they are and as an apply would leave them. */
#include "worker/target/kubernetes-look.h"

#include <string.h>

#include "base/error.h"
#include "worker/target/kubernetes-listed.h"

#define ROUNDS_MAX 3 /* of an object that changes while it is looked at */

struct looking {
	struct cluster *cluster;
	const struct look_options *options;
	const char *identity;
	struct listed *listed;
	GPtrArray *calls;
	size_t done, total;
	GError *error; /* the first; then nothing more is asked */
};

static const char *const state_names[] = {
	[LOOK_SAME] = "same",	    [LOOK_DIFFERS] = "differs",	    [LOOK_ABSENT] = "absent",
	[LOOK_LATER] = "later",	    [LOOK_IMMUTABLE] = "immutable", [LOOK_CONFLICT] = "conflict",
	[LOOK_REFUSED] = "refused", [LOOK_THERE] = "there",	    [LOOK_GONE] = "gone",
};

const char *look_state_name(enum look_state state)
{
	return state_names[state];
}

static void forget(struct look *look)
{
	g_clear_pointer(&look->uid, g_free);
	g_clear_pointer(&look->raw, kube_value_free);
	g_clear_pointer(&look->fields, kube_value_free);
	g_clear_pointer(&look->live, kube_value_free);
	g_clear_pointer(&look->wanted, kube_value_free);
	g_clear_pointer(&look->conflicts, g_ptr_array_unref);
	g_clear_pointer(&look->causes, g_ptr_array_unref);
	g_clear_pointer(&look->warnings, g_ptr_array_unref);
	g_clear_pointer(&look->problem, g_free);
	look->created = look->untried = look->broken = look->listed = false;
	look->known = look->later = false;
}

static void look_free(void *item)
{
	forget(item);
	g_free(item);
}

GPtrArray *looks_new(void)
{
	return g_ptr_array_new_with_free_func(look_free);
}

struct look *look_add(GPtrArray *looks, const struct kube_id *id, const struct kube_kind *kind,
		      const struct kube_value *body)
{
	struct look *look = g_new0(struct look, 1);

	look->id = id;
	look->kind = *kind;
	look->body = body;
	g_ptr_array_add(looks, look);
	return look;
}

bool look_is_secret(const struct kube_id *id)
{
	return id->group[0] == '\0' && strcmp(id->kind, "Secret") == 0;
}

bool look_path(const struct kube_kind *kind, const struct kube_id *id, bool force, bool dry,
	       char **out, GError **error)
{
	g_autofree char *path = NULL;

	if (!kube_discovery_path(kind, id->namespace, id->name, NULL, &path, error)) {
		return false;
	}
	*out = g_strdup_printf("%s?fieldManager=" LOOK_MANAGER "&fieldValidation=Strict&force=%s%s",
			       path, force ? "true" : "false", dry ? "&dryRun=All" : "");
	return true;
}

static struct kube_value *own_map(struct kube_value *map, const char *name)
{
	if (!kube_value_is(kube_value_get(map, name), KUBE_MAP)) {
		kube_value_set(map, name, kube_value_map());
	}
	return kube_value_get(map, name);
}

struct kube_value *look_body(const struct kube_value *object, const struct kube_id *id,
			     const char *owner, const char *set)
{
	struct kube_value *body = kube_value_dup(object);
	struct kube_value *metadata = own_map(body, "metadata");
	g_autofree char *mark = kube_id_mark(owner, id);

	kube_value_set(own_map(metadata, "annotations"), KUBE_ID_MARK, kube_value_string(mark, -1));
	if (set != NULL) {
		kube_value_set(own_map(metadata, "labels"), KUBE_ID_PART_OF,
			       kube_value_string(set, -1));
	}
	return body;
}

bool look_keyed_digest(const struct seal_keys *keys, const char *key, const char *bytes, size_t len,
		       struct hash *out, const char **key_id)
{
	const char *id = key != NULL ? key : keys != NULL ? seal_keys_id(keys, 0) : NULL;
	struct seal_digest digest;

	if (keys == NULL || !seal_digest_begin(&digest, keys, id)) {
		return false;
	}
	seal_digest_update(&digest, bytes, len);
	seal_digest_end(&digest, out);
	if (key_id != NULL) {
		*key_id = id;
	}
	return true;
}

/* --- what came */

struct masking {
	const struct seal_keys *keys;
	const char *key;
};

static char *mask(const void *content, size_t len, void *data)
{
	const struct masking *m = data;
	const char *id = NULL;
	char text[HASH_TEXT_SIZE];
	struct hash hash;
	bool ok = look_keyed_digest(m->keys, m->key, content, len, &hash, &id);

	g_assert(ok); // asked before
	hash_text(text, &hash);
	return g_strdup_printf("(secret %s:%s)", id, text + strlen("sha256:"));
}

static bool may_mask(const struct look *look, const struct look_options *options)
{
	struct hash unused;

	return !look_is_secret(look->id) ||
	       look_keyed_digest(options->keys, look->key, "", 0, &unused, NULL);
}

static void mask_value(const struct look *look, const struct look_options *options,
		       struct kube_value *value)
{
	struct masking m = {options->keys, look->key};

	if (value != NULL && look_is_secret(look->id)) {
		kube_normal_mask(value, mask, &m);
	}
}

/* What is asked for, where no server says what would come of it. */
static void show_body(struct look *look, const struct look_options *options)
{
	look->wanted = kube_value_dup(look->body);
	mask_value(look, options, look->wanted);
}

static void refuse(struct look *look, const char *problem)
{
	look->state = LOOK_REFUSED;
	g_free(look->problem);
	look->problem = g_strdup(problem);
}

static void judge(struct look *look)
{
	if (look->body == NULL) {
		look->state = look->live != NULL ? LOOK_THERE : LOOK_GONE;
	} else if (look->class == KUBE_IMMUTABLE) {
		look->state = LOOK_IMMUTABLE;
	} else if (look->class == KUBE_CONFLICT) {
		look->state = LOOK_CONFLICT;
	} else if (look->live == NULL) {
		look->state = look->untried ? LOOK_LATER : LOOK_ABSENT;
	} else {
		look->state = kube_value_equal(look->live, look->wanted) ? LOOK_SAME : LOOK_DIFFERS;
	}
}

/* Is the one what the other was made of? Not every server says it; and what never stands still is
 * taken as it came in the end. */
static bool is_of_one_moment(const struct look *look)
{
	const char *live = kube_value_str_at(look->live, "metadata", "resourceVersion", NULL);
	const char *wanted = kube_value_str_at(look->wanted, "metadata", "resourceVersion", NULL);

	return live == NULL || wanted == NULL || strcmp(live, wanted) == 0 ||
	       look->rounds + 1 >= ROUNDS_MAX;
}

/* Do both answers tell of the same object? */
static bool is_consistent(const struct look *look)
{
	const char *uid = kube_value_str_at(look->wanted, "metadata", "uid", NULL);

	if (look->untried) {
		return look->live == NULL;
	}
	if (look->class == KUBE_IMMUTABLE || look->class == KUBE_CONFLICT) {
		return look->live != NULL;
	}
	return look->wanted == NULL ||
	       (look->created ? look->live == NULL
			      : g_strcmp0(uid, look->uid) == 0 && is_of_one_moment(look));
}

/* What is there, in one digest. False: it does not say, or a dry run saw another version. */
static bool see_version(const struct look *look, struct hash *out)
{
	const char *version = kube_value_str_at(look->live, "metadata", "resourceVersion", NULL);
	const char *wanted = kube_value_str_at(look->wanted, "metadata", "resourceVersion", NULL);
	struct hash_state state;

	if (look->uid == NULL || version == NULL ||
	    (look->wanted != NULL && g_strcmp0(version, wanted) != 0)) {
		return false;
	}
	hash_init(&state);
	hash_update(&state, look->uid, strlen(look->uid) + 1);
	hash_update(&state, version, strlen(version) + 1);
	hash_final(&state, out);
	return true;
}

/* The cache cannot tell what stands in the plan besides: conflicts, warnings. */
static void remember(struct looking *l, const struct look *look, const struct hash *version)
{
	if (look->caches && !look->known && look->state == LOOK_SAME && look->conflicts == NULL &&
	    look->warnings == NULL) {
		same_cache_put(l->options->cache, &look->asked, version);
	}
}

static void settle(struct looking *l, struct look *look)
{
	struct kube_observed seen = {.cluster = l->identity, .id = look->id};
	struct hash version;
	bool has_version = look->wanted != NULL && see_version(look, &version);

	if (look->live != NULL) {
		if (l->options->raw || look->body == NULL) {
			look->raw = kube_value_dup(look->live);
		}
		look->fields =
			kube_value_steal(kube_value_get(look->live, "metadata"), "managedFields");
		kube_normal_strip(look->live, look->kind.has_status);
	}
	if (look->wanted != NULL) {
		kube_normal_strip(look->wanted, look->kind.has_status);
		kube_normal_generated(look->wanted, look->body, look->live);
	}
	mask_value(look, l->options, look->live);
	mask_value(look, l->options, look->wanted);
	judge(look);
	if (has_version) {
		remember(l, look, &version);
	}
	seen.uid = look->uid;
	seen.live = look->live;
	seen.wanted = look->wanted;
	seen.conflicts = look->conflicts;
	kube_normal_digest(&seen, &look->digest);
	if (look->state == LOOK_LATER || look->state == LOOK_IMMUTABLE) {
		show_body(look, l->options);
	}
}

static bool ask(struct looking *l, struct look *look, GError **error);

static void finish(struct looking *l, struct look *look)
{
	if (!look->broken && !is_consistent(look)) {
		if (++look->rounds < ROUNDS_MAX) {
			forget(look);
			if (!ask(l, look, &l->error)) {
				refuse(look, l->error->message);
			}
			return;
		}
		refuse(look, "it is made and deleted again and again");
		look->broken = true;
	}
	if (look->broken) {
		/* They are not masked. */
		g_clear_pointer(&look->live, kube_value_free);
		g_clear_pointer(&look->wanted, kube_value_free);
	} else {
		settle(l, look);
	}
	l->done++;
	if (l->options->progress != NULL) {
		l->options->progress(l->done, l->total, l->options->user);
	}
}

/* --- what is asked */

static struct cluster_call *call_of(struct look *look, const char *method, char *path)
{
	struct cluster_call *call = cluster_call_new(method, path);

	call->resource = look->kind.resource;
	call->secret = look_is_secret(look->id);
	call->user = look;
	return call;
}

static bool ask_dry_run(struct looking *l, struct look *look, bool force, GError **error)
{
	struct cluster_call *call;
	char *path = NULL, *body = NULL;
	size_t len;

	if (!look_path(&look->kind, look->id, force, true, &path, error)) {
		return false;
	}
	if (!kube_value_apply_body(look->body, &body, &len, error)) {
		g_free(path);
		return false;
	}
	call = call_of(look, "PATCH", path);
	call->body = body;
	call->body_len = len;
	call->content_type = LOOK_APPLY_TYPE;
	call->again = true;
	look->waiting++;
	g_ptr_array_add(l->calls, call);
	return true;
}

static bool ask_live(struct looking *l, struct look *look, GError **error)
{
	char *path = NULL;

	if (!kube_discovery_path(&look->kind, look->id->namespace, look->id->name, NULL, &path,
				 error)) {
		return false;
	}
	look->waiting++;
	g_ptr_array_add(l->calls, call_of(look, "GET", path));
	return true;
}

static bool ask(struct looking *l, struct look *look, GError **error)
{
	look->class = KUBE_DONE;
	return ask_live(l, look, error) &&
	       (look->body == NULL || ask_dry_run(l, look, false, error));
}

static void see(struct look *look, struct kube_value *live /* taken */)
{
	kube_value_free(look->live);
	g_free(look->uid);
	look->live = live;
	look->uid = g_strdup(kube_value_str_at(live, "metadata", "uid", NULL));
}

/* What is asked for, in one digest: for the cache, and not of Secrets. */
static void name_asked(const struct looking *l, struct look *look)
{
	g_autofree char *kind = kube_id_version(look->id), *body = NULL;
	const char *const texts[] = {
		l->identity,	     l->options->who,	  kind,
		look->kind.version,  look->kind.resource, look->id->kind,
		look->id->namespace, look->id->name,
	};
	struct hash_state state;
	size_t len;

	if (l->options->cache == NULL || look->body == NULL || look_is_secret(look->id) ||
	    !kube_value_apply_body(look->body, &body, &len, NULL)) {
		return;
	}
	hash_init(&state);
	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
		const char *text = texts[i] != NULL ? texts[i] : "";

		hash_update(&state, text, strlen(text) + 1);
	}
	hash_update(&state, body, len);
	hash_final(&state, &look->asked);
	look->caches = true;
}

/* By the cache: then the dry run would give what is there. */
static bool is_known(const struct looking *l, struct look *look)
{
	struct hash version;

	if (!look->caches || !see_version(look, &version) ||
	    !same_cache_has(l->options->cache, &look->asked, &version)) {
		return false;
	}
	look->known = true;
	look->wanted = kube_value_dup(look->live);
	return true;
}

/* Of what is there, or is not, by now. */
static bool go_on(struct looking *l, struct look *look, GError **error)
{
	if (look->body != NULL && !is_known(l, look)) {
		return ask_dry_run(l, look, false, error);
	}
	finish(l, look);
	return true;
}

/* What the lists have is not asked for; where the cache may help that comes first. */
static bool begin(struct looking *l, struct look *look, GError **error)
{
	struct kube_value *live = listed_take(l->listed, &look->kind, look->id);

	look->class = KUBE_DONE;
	name_asked(l, look);
	if (live != NULL ||
	    (look->body != NULL && listed_was_read(l->listed, &look->kind, look->id))) {
		look->listed = true;
		see(look, live);
		return go_on(l, look, error);
	}
	if (look->caches && same_cache_may_have(l->options->cache, &look->asked)) {
		look->later = true;
		return ask_live(l, look, error);
	}
	return ask(l, look, error);
}

/* Has the dry run said what a list cannot have told? An object that was not in it; or nothing of
 * the moment that it saw. */
static bool needs_live(const struct look *look)
{
	if (!look->listed || look->broken) {
		return false;
	}
	return look->class == KUBE_IMMUTABLE || look->class == KUBE_CONFLICT ||
	       (look->live == NULL && look->wanted != NULL && !look->created);
}

/* The first problem of an object is the one that is told. */
static void take_problem(struct looking *l, struct look *look, struct cluster_call *call)
{
	g_autofree char *problem = cluster_call_problem(l->cluster, call);

	if (look->broken) {
		return;
	}
	look->broken = true;
	look->class = call->answer->class;
	look->causes = g_ptr_array_ref(call->answer->causes);
	refuse(look, problem);
}

static void take_live(struct looking *l, struct look *look, struct cluster_call *call)
{
	enum kube_class class = call->answer->class;

	if (kube_answer_is_good(call->answer) && call->value != NULL) {
		see(look, g_steal_pointer(&call->value));
	} else if (class != KUBE_NOT_FOUND && class != KUBE_NO_NAMESPACE) {
		take_problem(l, look, call);
	}
}

static char *causes_text(const struct kube_answer *answer)
{
	GString *text = g_string_new(NULL);

	for (guint i = 0; i < answer->causes->len; i++) {
		const struct kube_cause *cause = answer->causes->pdata[i];

		g_string_append_printf(text, "%s%s%s%s", i > 0 ? "; " : "", cause->field,
				       cause->field[0] != '\0' ? ": " : "", cause->message);
	}
	if (text->len == 0) {
		g_string_append(text, answer->message);
	}
	return g_string_free(text, FALSE);
}

static void take_conflict(struct looking *l, struct look *look, struct cluster_call *call)
{
	if (look->conflicts != NULL) { // there are none for who takes over
		take_problem(l, look, call);
		return;
	}
	look->conflicts = g_ptr_array_ref(call->answer->causes);
	if (!look->force) {
		look->class = KUBE_CONFLICT;
	} else if (!ask_dry_run(l, look, true, &l->error)) {
		take_problem(l, look, call);
	}
}

static void take_dry_run(struct looking *l, struct look *look, struct cluster_call *call)
{
	const struct kube_answer *answer = call->answer;

	if (call->warnings != NULL && look->warnings == NULL) {
		look->warnings = g_ptr_array_ref(call->warnings);
	}
	if (kube_answer_is_good(answer) && call->value != NULL) {
		look->wanted = g_steal_pointer(&call->value);
		look->created = answer->class == KUBE_CREATED;
	} else if (answer->class == KUBE_CONFLICT) {
		take_conflict(l, look, call);
	} else if (answer->class == KUBE_NO_NAMESPACE) {
		look->untried = true;
		look->class = answer->class;
	} else if (answer->class == KUBE_IMMUTABLE) {
		look->class = answer->class;
		look->causes = g_ptr_array_ref(answer->causes);
		look->problem = causes_text(answer);
	} else {
		take_problem(l, look, call);
	}
}

static void take(struct cluster_call *call, void *user)
{
	struct looking *l = user;
	struct look *look = call->user;

	if (strcmp(call->method, "GET") == 0) {
		take_live(l, look, call);
	} else {
		take_dry_run(l, look, call);
	}
	/* What was taken is not needed twice. */
	g_clear_pointer(&call->value, kube_value_free);
	if (--look->waiting > 0) {
		return;
	}
	if (look->later && !look->broken) {
		look->later = false;
		look->listed = true; // as old as if it was
		if (!go_on(l, look, &l->error)) {
			refuse(look, l->error->message);
		}
		return;
	}
	if (needs_live(look)) {
		look->listed = false;
		see(look, NULL);
		if (ask_live(l, look, &l->error)) {
			return;
		}
		refuse(look, l->error->message);
		look->broken = true;
	}
	finish(l, look);
}

static bool stopped(void *user)
{
	const struct looking *l = user;

	return l->error != NULL ||
	       (l->options->stopped != NULL && l->options->stopped(l->options->user));
}

/* Nothing is asked about a Secret that nobody could mask, nor of a kind that is not served. */
static bool is_asked(const struct look *look, const struct look_options *options)
{
	return look->kind.resource != NULL && may_mask(look, options);
}

static bool read_lists(const struct looking *l, const GPtrArray *looks, GError **error)
{
	for (guint i = 0; i < looks->len; i++) {
		const struct look *look = looks->pdata[i];

		if (is_asked(look, l->options)) {
			listed_want(l->listed, &look->kind, look->id);
		}
	}
	return listed_run(l->listed, l->cluster, l->options->stopped, l->options->user, error);
}

bool look_run(struct cluster *cluster, GPtrArray *looks, const struct look_options *options,
	      GError **error)
{
	struct looking l = {.cluster = cluster, .options = options, .total = looks->len};
	const struct cluster_limits limits = {.stopped = stopped, .done = take, .user = &l};
	g_autoptr(GPtrArray) calls = cluster_calls_new();
	g_autoptr(listed_auto) listed = listed_new(options->set);
	bool ok;

	l.calls = calls;
	l.listed = listed;
	if (!cluster_identity(cluster, &l.identity, error) || !read_lists(&l, looks, error)) {
		return false;
	}
	for (guint i = 0; i < looks->len; i++) {
		struct look *look = looks->pdata[i];

		if (!may_mask(look, options)) {
			refuse(look, "there is no sealing key to compare a Secret by");
			l.done++;
		} else if (look->kind.resource == NULL) {
			look->state = LOOK_LATER;
			look->class = KUBE_NOT_SERVED;
			show_body(look, options);
			l.done++;
		} else if (!begin(&l, look, error)) {
			return false;
		}
	}
	ok = cluster_run(cluster, calls, &limits, l.error == NULL ? error : NULL);
	if (l.error != NULL) {
		g_clear_error(error);
		g_propagate_error(error, l.error);
		return false;
	}
	return ok;
}
