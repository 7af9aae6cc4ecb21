/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A message on its way, in memory and in its file. */
#include "agent/notify/outbox-job.h"

#include <sodium.h>
#include <string.h>

#include "base/autoptr.h"
#include "base/error.h"
#include "base/file.h"
#include "base/json-file.h"
#include "base/log.h"
#include "core/hash.h"

#define FILE_MAX ((size_t)256 << 10)
#define KEY_MAX 255
#define REVISION_MAX 255
#define HANDLE_MAX 4096
#define TEXT_MAX 4096
#define MEMBERS_MAX 1000

struct outbox_job *outbox_job_new(const char *notifier, const char *key, int64_t seq)
{
	struct outbox_job *job = g_new0(struct outbox_job, 1);

	job->notifier = g_strdup(notifier);
	job->key = g_strdup(key);
	job->seq = seq;
	job->want = g_strdup("");
	job->sent = g_strdup("");
	return job;
}

void outbox_job_drop_tokens(struct outbox_job *job)
{
	GHashTableIter iter;
	char *text;

	if (job->tokens == NULL) {
		return;
	}
	g_hash_table_iter_init(&iter, job->tokens);
	while (g_hash_table_iter_next(&iter, NULL, (void **)&text)) {
		sodium_memzero(text, strlen(text));
	}
	g_clear_pointer(&job->tokens, g_hash_table_unref);
}

void outbox_job_free(struct outbox_job *job)
{
	if (job == NULL) {
		return;
	}
	outbox_job_drop_tokens(job);
	g_free(job->notifier);
	g_free(job->key);
	g_free(job->want);
	g_free(job->sent);
	g_free(job->handle);
	g_free(job->text);
	g_strfreev(job->members);
	g_free(job);
}

char *outbox_job_file(const char *dir, const struct outbox_job *job)
{
	g_autofree char *both = g_strconcat(job->notifier, "\n", job->key, NULL);
	char text[HASH_TEXT_SIZE];
	g_autofree char *name = NULL;
	struct hash hash;

	hash_bytes(&hash, both, strlen(both));
	hash_text(text, &hash);
	name = g_strconcat(text + strlen("sha256:"), ".json", NULL);
	return g_build_filename(dir, name, NULL);
}

bool outbox_job_store(const char *dir, const struct outbox_job *job, GError **error)
{
	struct json_writer *w = json_writer_new(JSON_CANONICAL);
	g_autofree char *file = outbox_job_file(dir, job);
	g_autofree char *what = g_strdup_printf("message about '%s'", job->key);

	json_w_object(w, NULL);
	json_w_int(w, "attempts", job->attempts);
	json_w_bool(w, "grouped", job->grouped);
	if (job->handle != NULL) {
		json_w_str(w, "handle", job->handle);
	}
	json_w_str(w, "key", job->key);
	json_w_array(w, "members");
	for (char **m = job->members; m != NULL && *m != NULL; m++) {
		json_w_str(w, NULL, *m);
	}
	json_w_end(w);
	json_w_int(w, "next", job->next);
	json_w_str(w, "notifier", job->notifier);
	json_w_bool(w, "plain", job->plain);
	json_w_int(w, "remind", job->remind);
	json_w_str(w, "sent", job->sent);
	json_w_int(w, "seq", job->seq);
	json_w_int(w, "since", job->since);
	if (job->text != NULL) {
		json_w_str(w, "text", job->text);
	}
	json_w_int(w, "v", 1);
	json_w_str(w, "want", job->want);
	json_w_end(w);
	return json_file_store(file, w, what, error);
}

static void take(char **field, const char *text)
{
	g_free(*field);
	*field = g_strdup(text != NULL ? text : "");
}

static void read_members(struct outbox_job *job, struct json_obj *o)
{
	struct json_arr arr;
	size_t n = json_arr_get(o, "members", MEMBERS_MAX, &arr);
	GPtrArray *members = g_ptr_array_new();

	for (size_t i = 0; i < n; i++) {
		const char *key = json_arr_str(&arr, i, KEY_MAX);

		g_ptr_array_add(members, g_strdup(key != NULL ? key : ""));
	}
	if (n > 0) {
		g_ptr_array_add(members, NULL);
		job->members = (char **)g_ptr_array_free(members, FALSE);
	} else {
		g_ptr_array_unref(members);
	}
}

static struct outbox_job *read_job(struct json_obj *o)
{
	struct outbox_job *job = outbox_job_new("", "", 0);

	job->attempts = json_int(o, "attempts", 0, JSON_MAX_INT);
	job->grouped = json_bool(o, "grouped");
	job->handle = g_strdup(json_str_opt(o, "handle", HANDLE_MAX));
	take(&job->key, json_str(o, "key", KEY_MAX));
	read_members(job, o);
	job->next = json_int(o, "next", 0, JSON_MAX_INT);
	take(&job->notifier, json_str(o, "notifier", KEY_MAX));
	job->plain = json_bool(o, "plain");
	job->remind = json_int(o, "remind", 0, JSON_MAX_INT);
	take(&job->sent, json_str(o, "sent", REVISION_MAX));
	job->seq = json_int(o, "seq", 0, JSON_MAX_INT);
	job->since = json_int(o, "since", 0, JSON_MAX_INT);
	job->text = g_strdup(json_str_opt(o, "text", TEXT_MAX));
	json_int(o, "v", 1, 1);
	take(&job->want, json_str(o, "want", REVISION_MAX));
	json_obj_end(o);
	return job;
}

static bool job_load(const char *file, struct outbox_job **out, GError **error)
{
	g_autoptr(json_doc_auto) doc = NULL;
	struct assent_error err;
	struct outbox_job *job;
	struct json_obj o;

	if (!json_file_load(file, FILE_MAX, "message", &doc, error)) {
		return false;
	}
	json_doc_root(doc, &o);
	job = read_job(&o);
	if (json_doc_status(doc, &err) != 0) {
		outbox_job_free(job);
		return fail_core(error, &err, "message '%s'", file);
	}
	*out = job;
	return true;
}

static int by_seq(const void *a, const void *b)
{
	const struct outbox_job *x = *(const struct outbox_job *const *)a;
	const struct outbox_job *y = *(const struct outbox_job *const *)b;

	return x->seq < y->seq ? -1 : x->seq > y->seq;
}

static void load(GPtrArray *jobs, const char *dir, const char *name)
{
	g_autofree char *file = g_build_filename(dir, name, NULL);
	g_autoptr(GError) error = NULL;
	struct outbox_job *job = NULL;

	if (!g_str_has_suffix(name, ".json")) {
		return;
	}
	if (!job_load(file, &job, &error)) {
		log_event(EV_NOTIFY_FAILED, NULL, NULL, "%s", error->message);
		return;
	}
	g_ptr_array_add(jobs, job);
}

static void job_free(void *job)
{
	outbox_job_free(job);
}

GPtrArray *outbox_jobs_load(const char *dir, GError **error)
{
	GPtrArray *jobs;
	const char *name;
	GDir *d;

	if (!file_mkdirs(dir, 0700, error) || (d = g_dir_open(dir, 0, error)) == NULL) {
		return NULL;
	}
	jobs = g_ptr_array_new_with_free_func(job_free);
	while ((name = g_dir_read_name(d)) != NULL) {
		load(jobs, dir, name);
	}
	g_dir_close(d);
	g_ptr_array_sort(jobs, by_seq);
	return jobs;
}
