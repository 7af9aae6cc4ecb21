/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Keeps who pushed until the commit comes, then makes them authors of it. */
#include "agent/pushers.h"

#include <stdlib.h>
#include <string.h>

#include "base/autoptr.h"
#include "base/error.h"
#include "core/json.h"
#include "core/plan.h"

#define COMMITS 100

struct waiting {
	char *commit, *who;
};

struct pushers {
	GPtrArray *waiting; /* struct waiting, the oldest first */
};

static void waiting_free(void *data)
{
	struct waiting *waiting = data;

	g_free(waiting->commit);
	g_free(waiting->who);
	g_free(waiting);
}

void push_report_clear(struct push_report *report)
{
	g_free(report->commit);
	g_free(report->email);
	g_free(report->login[0]);
	g_free(report->login[1]);
	*report = (struct push_report){0};
}

struct pushers *pushers_new(void)
{
	struct pushers *pushers = g_new0(struct pushers, 1);

	pushers->waiting = g_ptr_array_new_with_free_func(waiting_free);
	return pushers;
}

void pushers_free(struct pushers *pushers)
{
	if (pushers != NULL) {
		g_ptr_array_unref(pushers->waiting);
		g_free(pushers);
	}
}

static void add(struct pushers *pushers, const char *commit, const char *who)
{
	struct waiting *waiting;

	for (unsigned i = 0; i < pushers->waiting->len; i++) {
		waiting = g_ptr_array_index(pushers->waiting, i);
		if (strcmp(waiting->commit, commit) == 0 && strcmp(waiting->who, who) == 0) {
			return;
		}
	}
	if (pushers->waiting->len == PUSHERS_MAX) {
		g_ptr_array_remove_index(pushers->waiting, 0);
	}
	waiting = g_new0(struct waiting, 1);
	waiting->commit = g_strdup(commit);
	waiting->who = g_strdup(who);
	g_ptr_array_add(pushers->waiting, waiting);
}

static bool stands_in(char *const *texts, const char *text)
{
	for (; text != NULL && texts != NULL && *texts != NULL; texts++) {
		if (g_ascii_strcasecmp(*texts, text) == 0) {
			return true;
		}
	}
	return false;
}

void pushers_note(struct pushers *pushers, const struct conf *conf,
		  const struct push_report *report)
{
	if (report->commit == NULL) {
		return;
	}
	if (report->email != NULL) {
		add(pushers, report->commit, report->email);
	}
	for (unsigned i = 0; i < conf->people->len; i++) {
		const struct conf_person *person = g_ptr_array_index(conf->people, i);

		if (stands_in(person->emails, report->email) ||
		    stands_in(person->forge, report->login[0]) ||
		    stands_in(person->forge, report->login[1])) {
			add(pushers, report->commit, person->name);
		}
	}
}

/* A list of commits on its way to a new one. */
struct joining {
	struct json_doc *doc;
	struct json_obj root;
	GPtrArray *authors; /* borrowed texts, sorted by byte */
	int64_t total;	    /* of authors */
	GPtrArray *pushers; /* borrowed texts */
	bool fresh;
};

static int compare(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool is_listed(const GPtrArray *texts, const char *text, bool exactly)
{
	for (unsigned i = 0; i < texts->len; i++) {
		const char *other = g_ptr_array_index(texts, i);

		if (exactly ? strcmp(other, text) == 0 : g_ascii_strcasecmp(other, text) == 0) {
			return true;
		}
	}
	return false;
}

/* Whoever cannot be listed counts all the same: then nobody knows who may approve. */
static void join(struct joining *j, const char *who)
{
	if (is_listed(j->pushers, who, true)) {
		return;
	}
	if (!is_listed(j->authors, who, true)) {
		j->total++;
		if (j->authors->len < PLAN_MAX_AUTHORS) {
			g_ptr_array_add(j->authors, (void *)who);
		}
	}
	if (j->pushers->len < PLAN_MAX_PUSHERS && is_listed(j->authors, who, true)) {
		g_ptr_array_add(j->pushers, (void *)who);
	} else {
		j->total = MAX(j->total, (int64_t)j->authors->len + 1);
	}
}

/* Have those of before been too many, so that one of them is not listed? */
static bool has_lost(struct json_obj *before, const GPtrArray *known)
{
	struct json_arr arr;
	size_t listed = json_arr_get_opt(before, "authors", PLAN_MAX_AUTHORS, &arr);

	return known->len == PLAN_MAX_PUSHERS &&
	       json_int(before, "authors_total", 0, JSON_MAX_INT) > (int64_t)listed;
}

/* Nobody may approve until all of it is applied; so nobody new makes a difference. */
static void join_lost(struct joining *j)
{
	j->total = MAX(j->total, (int64_t)j->authors->len + 1);
	j->fresh = false;
}

static void read_texts(struct json_obj *o, const char *name, size_t max, GPtrArray *out)
{
	struct json_arr arr;
	size_t count = json_arr_get_opt(o, name, max, &arr);

	for (size_t i = 0; i < count; i++) {
		g_ptr_array_add(out, (void *)json_arr_str(&arr, i, PLAN_MAX_ADDRESS));
	}
}

static GHashTable *read_ids(struct json_obj *o, const char *commit)
{
	GHashTable *ids = g_hash_table_new(g_str_hash, g_str_equal);
	struct json_arr arr;
	struct json_obj item;
	size_t count = json_arr_get(o, "commits", COMMITS, &arr);

	g_hash_table_add(ids, (void *)commit);
	for (size_t i = 0; i < count && json_arr_obj(&arr, i, &item); i++) {
		g_hash_table_add(ids, (void *)json_str(&item, "id", 64));
		json_obj_ignore_rest(&item);
	}
	return ids;
}

/* Those who wait for one of the commits. known: who was barred already. */
static void join_waiting(struct joining *j, const struct pushers *pushers, GHashTable *ids,
			 const GPtrArray *known)
{
	for (unsigned i = 0; i < pushers->waiting->len; i++) {
		const struct waiting *waiting = g_ptr_array_index(pushers->waiting, i);

		if (g_hash_table_contains(ids, waiting->commit)) {
			j->fresh |= !is_listed(j->authors, waiting->who, false) &&
				    !is_listed(known, waiting->who, false);
			join(j, waiting->who);
		}
	}
}

static void write_texts(struct json_writer *w, const char *name, GPtrArray *texts)
{
	g_ptr_array_sort(texts, compare);
	json_w_array(w, name);
	for (unsigned i = 0; i < texts->len; i++) {
		json_w_str(w, NULL, g_ptr_array_index(texts, i));
	}
	json_w_end(w);
}

static bool write_joined(struct joining *j, char **list, size_t *len, GError **error)
{
	struct json_writer *w = json_writer_new(JSON_CANONICAL);
	struct assent_error err;
	char *text = NULL;
	size_t text_len;

	json_w_object(w, NULL);
	write_texts(w, "authors", j->authors);
	json_w_int(w, "authors_total", j->total);
	json_w_value(w, "commits", json_any(&j->root, "commits"));
	if (j->pushers->len > 0) {
		write_texts(w, "pushers", j->pushers);
	}
	if (json_has(&j->root, "rewritten")) {
		json_w_value(w, "rewritten", json_any(&j->root, "rewritten"));
	}
	json_w_value(w, "total", json_any(&j->root, "total"));
	if (json_has(&j->root, "verification")) {
		json_w_value(w, "verification", json_any(&j->root, "verification"));
	}
	json_w_end(w);
	if (json_doc_status(j->doc, &err) != 0 ||
	    json_writer_finish(w, &text, &text_len, &err) != 0) {
		return fail_core(error, &err, "the list of commits");
	}
	free(*list);
	*list = text;
	*len = text_len;
	return true;
}

static void forget(struct pushers *pushers, GHashTable *ids)
{
	for (unsigned i = pushers->waiting->len; i-- > 0;) {
		const struct waiting *waiting = g_ptr_array_index(pushers->waiting, i);

		if (g_hash_table_contains(ids, waiting->commit)) {
			g_ptr_array_remove_index(pushers->waiting, i);
		}
	}
}

bool pushers_join(struct pushers *pushers, const char *commit, char **list, size_t *len,
		  const char *before, size_t before_len, bool *fresh, GError **error)
{
	g_autoptr(json_doc_auto) doc = NULL, old = NULL;
	g_autoptr(GPtrArray) authors = g_ptr_array_new(), joined = g_ptr_array_new();
	g_autoptr(GPtrArray) known = g_ptr_array_new();
	g_autoptr(GHashTable) ids = NULL;
	struct joining j = {.authors = authors, .pushers = joined};
	struct assent_error err;
	struct json_obj last;

	if (json_doc_parse(&doc, *list, *len, JSON_CANONICAL, &err) != 0 ||
	    (before != NULL &&
	     json_doc_parse(&old, before, before_len, JSON_CANONICAL, &err) != 0)) {
		return fail_core(error, &err, "the list of commits");
	}
	j.doc = doc;
	json_doc_root(doc, &j.root);
	read_texts(&j.root, "authors", PLAN_MAX_AUTHORS, authors);
	j.total = json_int(&j.root, "authors_total", 0, JSON_MAX_INT);
	ids = read_ids(&j.root, commit);
	if (old != NULL) {
		json_doc_root(old, &last);
		read_texts(&last, "pushers", PLAN_MAX_PUSHERS, known);
	}
	join_waiting(&j, pushers, ids, known);
	for (unsigned i = 0; i < known->len; i++) {
		join(&j, g_ptr_array_index(known, i));
	}
	if (old != NULL && has_lost(&last, known)) {
		join_lost(&j);
	}
	if (!write_joined(&j, list, len, error)) {
		return false;
	}
	*fresh = j.fresh;
	forget(pushers, ids);
	return true;
}
