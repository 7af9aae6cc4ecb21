/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Links, sessions and the tokens of forms. */
#include "agent/http/session.h"

#include <sodium.h>
#include <string.h>

#define TOKEN_SIZE 32
#define TOKEN_TEXT (2 * TOKEN_SIZE + 1)

struct sessions {
	GQueue links, open; /* struct session, oldest first */
	uint8_t key[crypto_generichash_KEYBYTES];
};

static void session_free(void *data)
{
	struct session *session = data;

	g_free(session->person);
	g_free(session->target);
	g_free(session);
}

struct sessions *sessions_new(void)
{
	struct sessions *s = g_new0(struct sessions, 1);

	g_queue_init(&s->links);
	g_queue_init(&s->open);
	randombytes_buf(s->key, sizeof(s->key));
	return s;
}

void sessions_free(struct sessions *s)
{
	if (s == NULL) {
		return;
	}
	g_queue_clear_full(&s->links, session_free);
	g_queue_clear_full(&s->open, session_free);
	sodium_memzero(s->key, sizeof(s->key));
	g_free(s);
}

void sessions_wipe(char *token)
{
	if (token != NULL) {
		sodium_memzero(token, strlen(token));
		g_free(token);
	}
}

/* Puts a new one at the end; its token is what comes back. */
static char *begin(GQueue *queue, guint most, const char *person, const char *target, int64_t now)
{
	struct session *session = g_new0(struct session, 1);
	char *text = g_malloc(TOKEN_TEXT);
	uint8_t token[TOKEN_SIZE];

	randombytes_buf(token, sizeof(token));
	sodium_bin2hex(text, TOKEN_TEXT, token, sizeof(token));
	sodium_memzero(token, sizeof(token));
	hash_bytes(&session->id, text, strlen(text));
	session->person = g_strdup(person);
	session->target = g_strdup(target);
	session->began = session->used = now;
	g_queue_push_tail(queue, session);
	while (g_queue_get_length(queue) > most) {
		session_free(g_queue_pop_head(queue));
	}
	return text;
}

static bool is_over(const struct session *session, int64_t life, int64_t idle, int64_t now)
{
	return now < session->began || now - session->began >= life || now - session->used >= idle;
}

static void sweep(GQueue *queue, int64_t life, int64_t idle, int64_t now)
{
	GList *next;

	for (GList *item = queue->head; item != NULL; item = next) {
		next = item->next;
		if (is_over(item->data, life, idle, now)) {
			session_free(item->data);
			g_queue_delete_link(queue, item);
		}
	}
}

static GList *find(GQueue *queue, const char *token)
{
	struct hash id;

	if (token == NULL || strlen(token) != TOKEN_TEXT - 1) {
		return NULL;
	}
	hash_bytes(&id, token, strlen(token));
	for (GList *item = queue->head; item != NULL; item = item->next) {
		const struct session *session = item->data;

		if (hash_equal(&session->id, &id)) {
			return item;
		}
	}
	return NULL;
}

char *sessions_link(struct sessions *s, const char *person, const char *target, int64_t now)
{
	sweep(&s->links, SESSION_LINK_LIFE, SESSION_LINK_LIFE, now);
	return begin(&s->links, SESSION_LINKS, person, target, now);
}

const struct session *sessions_peek(struct sessions *s, const char *token, int64_t now)
{
	GList *item;

	sweep(&s->links, SESSION_LINK_LIFE, SESSION_LINK_LIFE, now);
	item = find(&s->links, token);
	return item != NULL ? item->data : NULL;
}

char *sessions_login(struct sessions *s, const char *token, int64_t now, char **target)
{
	struct session *link;
	GList *item;
	char *cookie;

	sweep(&s->links, SESSION_LINK_LIFE, SESSION_LINK_LIFE, now);
	sweep(&s->open, SESSION_LIFE, SESSION_IDLE, now);
	item = find(&s->links, token);
	if (item == NULL) {
		return NULL;
	}
	link = item->data;
	g_queue_delete_link(&s->links, item);
	cookie = begin(&s->open, SESSION_COUNT, link->person, NULL, now);
	*target = g_steal_pointer(&link->target);
	session_free(link);
	return cookie;
}

const struct session *sessions_find(struct sessions *s, const char *cookie, int64_t now)
{
	struct session *session;
	GList *item;

	sweep(&s->open, SESSION_LIFE, SESSION_IDLE, now);
	item = find(&s->open, cookie);
	if (item == NULL) {
		return NULL;
	}
	session = item->data;
	session->used = now;
	return session;
}

void sessions_logout(struct sessions *s, const char *cookie)
{
	GList *item = find(&s->open, cookie);

	if (item != NULL) {
		session_free(item->data);
		g_queue_delete_link(&s->open, item);
	}
}

size_t sessions_count(const struct sessions *s)
{
	return s->open.length;
}

char *sessions_csrf(const struct sessions *s, const char *subject)
{
	uint8_t digest[TOKEN_SIZE];
	char *text = g_malloc(TOKEN_TEXT);

	crypto_generichash(digest, sizeof(digest), (const uint8_t *)subject, strlen(subject),
			   s->key, sizeof(s->key));
	return sodium_bin2hex(text, TOKEN_TEXT, digest, sizeof(digest));
}

bool sessions_csrf_fits(const struct sessions *s, const char *subject, const char *token)
{
	g_autofree char *want = sessions_csrf(s, subject);

	return token != NULL && strlen(token) == strlen(want) &&
	       sodium_memcmp(token, want, strlen(want)) == 0;
}
