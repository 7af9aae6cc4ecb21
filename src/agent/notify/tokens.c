/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One-time approval tokens: their hashes, in files. */
#include "agent/notify/tokens.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <sodium.h>
#include <string.h>

#include "agent/notify/notify.h"
#include "base/autoptr.h"
#include "base/error.h"
#include "base/file.h"
#include "base/json-file.h"
#include "base/log.h"

#define PREFIX "at_"
#define SECRET_SIZE 32
#define FILE_MAX 4096
#define KEPT_AFTER (INT64_C(24) * 3600) /* so that a late use is told why it is refused */
#define ID_MIN 7

const char *const token_state_names[] = {"valid", "used", "revoked", NULL};

struct tokens {
	char *dir;
	GHashTable *by_hash; /* "sha256:..." to struct token, owned */
	token_ended_fn ended;
	void *user;
};

static void token_free(void *data)
{
	struct token *token = data;

	g_free(token->plan);
	g_free(token->channel);
	g_free(token->person);
	g_free(token->slot);
	g_free(token);
}

static void set_hash(struct token *token, const struct hash *hash)
{
	char text[HASH_TEXT_SIZE];

	token->hash = *hash;
	hash_text(text, hash);
	g_strlcpy(token->id, text + strlen("sha256:"), sizeof(token->id));
}

static char *file_of(const struct tokens *tokens, const struct token *token)
{
	char text[HASH_TEXT_SIZE];
	g_autofree char *name = NULL;

	hash_text(text, &token->hash);
	name = g_strconcat(text + strlen("sha256:"), ".json", NULL);
	return g_build_filename(tokens->dir, name, NULL);
}

static bool store(const struct tokens *tokens, const struct token *token, GError **error)
{
	struct json_writer *w = json_writer_new(JSON_CANONICAL);
	g_autofree char *file = file_of(tokens, token);
	g_autofree char *what = g_strdup_printf("token %s", token->id);

	json_w_object(w, NULL);
	json_w_str(w, "channel", token->channel);
	json_w_int(w, "expires", token->expires);
	json_w_int(w, "issued", token->issued);
	if (token->person != NULL) {
		json_w_str(w, "person", token->person);
	}
	json_w_str(w, "plan", token->plan);
	if (token->rejects) {
		json_w_bool(w, "rejects", true);
	}
	json_w_str(w, "slot", token->slot);
	json_w_str(w, "state", token_state_names[token->state]);
	json_w_int(w, "v", 1);
	json_w_end(w);
	return json_file_store(file, w, what, error);
}

static struct token *parse(const char *file, GError **error)
{
	g_autoptr(json_doc_auto) doc = NULL;
	struct assent_error err;
	struct token *token;
	struct json_obj o;

	if (!json_file_load(file, FILE_MAX, "token", &doc, error)) {
		return NULL;
	}
	json_doc_root(doc, &o);
	token = g_new0(struct token, 1);
	token->channel = g_strdup(json_str(&o, "channel", 32));
	token->expires = json_int(&o, "expires", 0, JSON_MAX_INT);
	token->issued = json_int(&o, "issued", 0, JSON_MAX_INT);
	token->person = g_strdup(json_str_opt(&o, "person", 255));
	token->plan = g_strdup(json_str(&o, "plan", HASH_TEXT_SIZE));
	token->rejects = json_has(&o, "rejects") && json_bool(&o, "rejects");
	token->slot = g_strdup(json_str(&o, "slot", 255));
	token->state = (enum token_state)json_enum(&o, "state", token_state_names);
	json_int(&o, "v", 1, 1);
	json_obj_end(&o);
	if (json_doc_status(doc, &err) != 0) {
		token_free(token);
		fail_core(error, &err, "token '%s'", file);
		return NULL;
	}
	return token;
}

static void keep(struct tokens *tokens, struct token *token)
{
	char text[HASH_TEXT_SIZE];

	hash_text(text, &token->hash);
	g_hash_table_replace(tokens->by_hash, g_strdup(text), token);
}

/* A file that cannot be read is no token: whoever holds it is refused. */
static void load(struct tokens *tokens, const char *name)
{
	g_autofree char *file = g_build_filename(tokens->dir, name, NULL);
	g_autofree char *digits = g_strndup(name, strcspn(name, "."));
	g_autofree char *full = g_strconcat("sha256:", digits, NULL);
	g_autoptr(GError) error = NULL;
	struct token *token;
	struct hash hash;

	if (!g_str_has_suffix(name, ".json") || !hash_parse(&hash, full)) {
		return; // what an interrupted write left
	}
	token = parse(file, &error);
	if (token == NULL) {
		log_event(EV_NOTIFY_FAILED, NULL, NULL, "%s", error->message);
		return;
	}
	set_hash(token, &hash);
	keep(tokens, token);
}

bool tokens_open(const char *dir, struct tokens **out, GError **error)
{
	struct tokens *tokens;
	GDir *d;
	const char *name;

	if (!file_mkdirs(dir, 0700, error)) {
		return false;
	}
	d = g_dir_open(dir, 0, error);
	if (d == NULL) {
		return false;
	}
	tokens = g_new0(struct tokens, 1);
	tokens->dir = g_strdup(dir);
	tokens->by_hash = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, token_free);
	while ((name = g_dir_read_name(d)) != NULL) {
		load(tokens, name);
	}
	g_dir_close(d);
	*out = tokens;
	return true;
}

void tokens_free(struct tokens *tokens)
{
	if (tokens != NULL) {
		g_hash_table_unref(tokens->by_hash);
		g_free(tokens->dir);
		g_free(tokens);
	}
}

/* State first in memory only when it is durable. */
static bool set_state(struct tokens *tokens, struct token *token, enum token_state state,
		      GError **error)
{
	enum token_state before = token->state;

	token->state = state;
	if (!store(tokens, token, error)) {
		token->state = before;
		return false;
	}
	return true;
}

static bool revoke_slot(struct tokens *tokens, const char *plan, const char *person,
			const char *slot, GError **error)
{
	GHashTableIter iter;
	struct token *token;

	g_hash_table_iter_init(&iter, tokens->by_hash);
	while (slot[0] != '\0' && g_hash_table_iter_next(&iter, NULL, (void **)&token)) {
		if (token->state == TOKEN_VALID && strcmp(token->slot, slot) == 0 &&
		    strcmp(token->plan, plan) == 0 && g_strcmp0(token->person, person) == 0 &&
		    !set_state(tokens, token, TOKEN_REVOKED, error)) {
			return false;
		}
	}
	return true;
}

void tokens_follow(struct tokens *tokens, token_ended_fn ended, void *user)
{
	tokens->ended = ended;
	tokens->user = user;
}

/* From when on it decides nothing, whatever its state. */
static int64_t end_of(const struct tokens *tokens, const struct token *token)
{
	int64_t ended = tokens->ended != NULL ? tokens->ended(tokens->user, token->plan) : 0;

	return ended != 0 ? MIN(ended, token->expires) : token->expires;
}

const char *tokens_state(const struct tokens *tokens, const struct token *token, int64_t now)
{
	if (token->state != TOKEN_VALID || now < end_of(tokens, token)) {
		return token_state_names[token->state];
	}
	return now >= token->expires ? "expired" : "ended";
}

static bool remove_file(const struct tokens *tokens, const struct token *token)
{
	g_autofree char *file = file_of(tokens, token);

	return g_unlink(file) == 0 || errno == ENOENT;
}

void tokens_forget(struct tokens *tokens, int64_t now)
{
	GHashTableIter iter;
	struct token *token;

	g_hash_table_iter_init(&iter, tokens->by_hash);
	while (g_hash_table_iter_next(&iter, NULL, (void **)&token)) {
		if (now >= end_of(tokens, token) + KEPT_AFTER && remove_file(tokens, token)) {
			g_hash_table_iter_remove(&iter);
		}
	}
}

/* The oldest that decides nothing any more. */
static struct token *oldest_dead(const struct tokens *tokens, int64_t now)
{
	struct token *oldest = NULL, *token;
	GHashTableIter iter;

	g_hash_table_iter_init(&iter, tokens->by_hash);
	while (g_hash_table_iter_next(&iter, NULL, (void **)&token)) {
		if ((oldest == NULL || token->issued < oldest->issued) &&
		    (token->state != TOKEN_VALID || now >= end_of(tokens, token))) {
			oldest = token;
		}
	}
	return oldest;
}

/* Only tokens that still decide may be too many. */
static bool make_room(struct tokens *tokens, int64_t now, GError **error)
{
	char name[HASH_TEXT_SIZE];
	struct token *dead;

	tokens_forget(tokens, now);
	while (g_hash_table_size(tokens->by_hash) >= TOKENS_MAX) {
		dead = oldest_dead(tokens, now);
		if (dead == NULL || !remove_file(tokens, dead)) {
			return fail(error, BASE_ERROR, BASE_ERROR_LIMIT,
				    "there are %d tokens already", TOKENS_MAX);
		}
		hash_text(name, &dead->hash);
		g_hash_table_remove(tokens->by_hash, name);
	}
	return true;
}

bool tokens_issue(struct tokens *tokens, const char *plan, const char *channel, const char *person,
		  const char *slot, bool rejects, int64_t now, int64_t expires,
		  char text[static TOKEN_TEXT_SIZE], const struct token **out, GError **error)
{
	unsigned char secret[SECRET_SIZE];
	struct token *token;
	struct hash hash;

	if (!make_room(tokens, now, error) || !revoke_slot(tokens, plan, person, slot, error)) {
		return false;
	}
	randombytes_buf(secret, sizeof(secret));
	memcpy(text, PREFIX, strlen(PREFIX));
	sodium_bin2base64(text + strlen(PREFIX), TOKEN_TEXT_SIZE - strlen(PREFIX), secret,
			  sizeof(secret), sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	sodium_memzero(secret, sizeof(secret));
	hash_bytes(&hash, text, strlen(text));
	token = g_new0(struct token, 1);
	set_hash(token, &hash);
	token->plan = g_strdup(plan);
	token->channel = g_strdup(channel);
	token->person = g_strdup(person);
	token->slot = g_strdup(slot);
	token->rejects = rejects;
	token->issued = now;
	token->expires = expires;
	if (!store(tokens, token, error)) {
		token_free(token);
		sodium_memzero(text, TOKEN_TEXT_SIZE);
		return false;
	}
	keep(tokens, token);
	*out = token;
	return true;
}

bool tokens_check(const struct tokens *tokens, const char *text, const char *person,
		  const char *verdict, int64_t now, const struct token **out, GError **error)
{
	char name[HASH_TEXT_SIZE];
	struct token *token;
	struct hash hash;

	/* found by its hash, so that how long this takes tells nothing of a token */
	hash_bytes(&hash, text, strlen(text));
	hash_text(name, &hash);
	token = g_hash_table_lookup(tokens->by_hash, name);
	if (token == NULL) {
		return fail(error, NOTIFY_ERROR, NOTIFY_ERROR_TOKEN_UNKNOWN,
			    "this token is not one of this agent's");
	}
	if (token->state == TOKEN_USED) {
		return fail(error, NOTIFY_ERROR, NOTIFY_ERROR_TOKEN_USED,
			    "token %s was used already", token->id);
	}
	if (token->state == TOKEN_REVOKED) {
		return fail(error, NOTIFY_ERROR, NOTIFY_ERROR_TOKEN_REVOKED,
			    "token %s was revoked or replaced", token->id);
	}
	if (now >= token->expires) {
		return fail(error, NOTIFY_ERROR, NOTIFY_ERROR_TOKEN_EXPIRED, "token %s has expired",
			    token->id);
	}
	if (token->person != NULL && person != NULL && strcmp(token->person, person) != 0) {
		return fail(error, NOTIFY_ERROR, NOTIFY_ERROR_TOKEN_PERSON,
			    "token %s is another person's", token->id);
	}
	if (token->person == NULL && person == NULL) {
		return fail(error, NOTIFY_ERROR, NOTIFY_ERROR_MALFORMED,
			    "token %s is nobody's own: say which person decides", token->id);
	}
	if (token->rejects && strcmp(verdict, "reject") != 0) {
		return fail(error, NOTIFY_ERROR, NOTIFY_ERROR_TOKEN_VERDICT,
			    "token %s only rejects", token->id);
	}
	*out = token;
	return true;
}

static struct token *own(const struct tokens *tokens, const struct token *token)
{
	char name[HASH_TEXT_SIZE];

	hash_text(name, &token->hash);
	return g_hash_table_lookup(tokens->by_hash, name);
}

bool tokens_spend(struct tokens *tokens, const struct token *token, GError **error)
{
	return set_state(tokens, own(tokens, token), TOKEN_USED, error);
}

bool tokens_restore(struct tokens *tokens, const struct token *token, GError **error)
{
	return set_state(tokens, own(tokens, token), TOKEN_VALID, error);
}

bool tokens_revoke(struct tokens *tokens, const char *id, const struct token **out, GError **error)
{
	struct token *found = NULL, *token;
	size_t len = strlen(id);
	GHashTableIter iter;

	g_hash_table_iter_init(&iter, tokens->by_hash);
	while (len >= ID_MIN && g_hash_table_iter_next(&iter, NULL, (void **)&token)) {
		if (strncmp(token->id, id, len) != 0) {
			continue;
		}
		if (found != NULL) {
			return fail(error, NOTIFY_ERROR, NOTIFY_ERROR_MALFORMED,
				    "several tokens begin with '%s'", id);
		}
		found = token;
	}
	if (found == NULL) {
		return fail(error, NOTIFY_ERROR, NOTIFY_ERROR_TOKEN_UNKNOWN,
			    "there is no token '%s'", id);
	}
	if (found->state == TOKEN_USED) {
		return fail(error, NOTIFY_ERROR, NOTIFY_ERROR_TOKEN_USED,
			    "token %s was used already", found->id);
	}
	if (found->state == TOKEN_VALID && !set_state(tokens, found, TOKEN_REVOKED, error)) {
		return false;
	}
	*out = found;
	return true;
}

static int by_time(const void *a, const void *b)
{
	const struct token *x = *(const struct token *const *)a;
	const struct token *y = *(const struct token *const *)b;

	return x->issued != y->issued ? (x->issued < y->issued ? -1 : 1) : strcmp(x->id, y->id);
}

GPtrArray *tokens_list(const struct tokens *tokens)
{
	GPtrArray *list = g_ptr_array_new();
	GHashTableIter iter;
	struct token *token;

	g_hash_table_iter_init(&iter, tokens->by_hash);
	while (g_hash_table_iter_next(&iter, NULL, (void **)&token)) {
		g_ptr_array_add(list, token);
	}
	g_ptr_array_sort(list, by_time);
	return list;
}
