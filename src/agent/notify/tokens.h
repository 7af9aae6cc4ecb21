/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * One-time approval tokens: 32 random bytes that let their holder decide about
 * one plan, once, by one channel, for one person where it is known.
 *
 *	tokens_open(dir, &tokens, &error)          STATE/tokens, one file for each
 *	tokens_follow(tokens, ended, user)         which plans are over is the log's word
 *	tokens_issue(...)                          the only moment at which the text exists
 *	tokens_spend(...)  then decide()           durable before the decision
 *	tokens_restore(...)                        when the decision was refused
 *
 * Only the SHA-256 is kept. They are files in the state folder and not entries
 * of the log: a token that nobody used is no event, each retry of a notice may
 * make one, and a notice that fails must not end the agent as a failed append
 * does. What a token did stands in the log: its id is in the evidence of the
 * decision.
 */
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/hash.h"

#define TOKEN_TEXT_SIZE 48 /* "at_", 43 characters of base64url, NUL */
#define TOKEN_ID_SIZE 13   /* the first digits of the hash, NUL */
#define TOKENS_MAX 10000   /* at most, of all plans */

enum token_state { TOKEN_VALID, TOKEN_USED, TOKEN_REVOKED };
extern const char *const token_state_names[];

struct token {
	char id[TOKEN_ID_SIZE];
	struct hash hash;
	char *plan, *channel;
	char *person; /* NULL: whoever the holder names */
	char *slot;   /* of the notice it was made for, "" when issued by hand */
	bool rejects; /* and does nothing else */
	int64_t issued, expires;
	enum token_state state;
};
struct tokens;

bool tokens_open(const char *dir, struct tokens **out, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void tokens_free(struct tokens *tokens);
/* text receives the token; the caller wipes it. slot: a valid token of the same slot, plan and
 * person is revoked, so that a notice that is made again does not leave another behind. rejects:
 * it never approves, whoever has read it. */
bool tokens_issue(struct tokens *tokens, const char *plan, const char *channel, const char *person,
		  const char *slot, bool rejects, int64_t now, int64_t expires,
		  char text[static TOKEN_TEXT_SIZE], const struct token **out, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
/* NOTIFY_ERROR_TOKEN_*; *out is borrowed. Nothing changes. */
bool tokens_check(const struct tokens *tokens, const char *text, const char *person,
		  const char *verdict, int64_t now, const struct token **out, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
/* Durably used when it returns. */
bool tokens_spend(struct tokens *tokens, const struct token *token, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
bool tokens_restore(struct tokens *tokens, const struct token *token, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
/* By id or a unique beginning of it of at least 7 digits. */
bool tokens_revoke(struct tokens *tokens, const char *id, const struct token **out, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
/* When a plan ended, 0: it has not. */
typedef int64_t (*token_ended_fn)(void *user, const char *plan);
void tokens_follow(struct tokens *tokens, token_ended_fn ended, void *user);
/* Whatever has expired, or whose plan has ended, a day ago. tokens_issue() does it, too, and when
 * there are TOKENS_MAX it gives up the oldest that can decide nothing any more. */
void tokens_forget(struct tokens *tokens, int64_t now);
/* "valid", "used", "revoked", "expired", or "ended" with its plan. */
const char *tokens_state(const struct tokens *tokens, const struct token *token, int64_t now);
/* struct token, oldest first; g_ptr_array_unref(). */
GPtrArray *tokens_list(const struct tokens *tokens);
