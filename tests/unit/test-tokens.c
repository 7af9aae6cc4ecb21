/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of one-time tokens: agent/notify/tokens.c. */
#include "agent/notify/tokens.h"

#include <string.h>

#include "agent/notify/notify.h"
#include "base/error.h"
#include "scratch.h"

#define PLAN "sha256:1111111111111111111111111111111111111111111111111111111111111111"
#define OTHER "sha256:2222222222222222222222222222222222222222222222222222222222222222"

struct rig {
	char *dir;
	struct tokens *tokens;
};

static void rig_open(struct rig *rig)
{
	g_autoptr(GError) error = NULL;

	g_assert_true(tokens_open(rig->dir, &rig->tokens, &error));
	g_assert_no_error(error);
}

static void rig_start(struct rig *rig)
{
	rig->dir = scratch_new();
	rig_open(rig);
}

static void rig_restart(struct rig *rig)
{
	tokens_free(rig->tokens);
	rig_open(rig);
}

static void rig_stop(struct rig *rig)
{
	tokens_free(rig->tokens);
	scratch_free(rig->dir);
}

static const struct token *issue(struct rig *rig, const char *plan, const char *person,
				 const char *slot, char text[static TOKEN_TEXT_SIZE])
{
	g_autoptr(GError) error = NULL;
	const struct token *token = NULL;

	g_assert_true(tokens_issue(rig->tokens, plan, "webhook", person, slot, false, 1000, 2000,
				   text, &token, &error));
	g_assert_no_error(error);
	return token;
}

/* -1: accepted */
static int code_of(struct rig *rig, const char *text, const char *person, int64_t now)
{
	g_autoptr(GError) error = NULL;
	const struct token *token = NULL;

	if (tokens_check(rig->tokens, text, person, "approve", now, &token, &error)) {
		return -1;
	}
	g_assert_true(error->domain == NOTIFY_ERROR);
	g_test_message("%s: %s", notify_error_names[error->code], error->message);
	g_assert_null(strstr(error->message, text)); // a message never holds it
	return error->code;
}

static void test_rules(void)
{
	char text[TOKEN_TEXT_SIZE], anybody[TOKEN_TEXT_SIZE];
	struct rig rig;

	rig_start(&rig);
	issue(&rig, PLAN, "alice", "", text);
	issue(&rig, PLAN, NULL, "", anybody);
	g_assert_cmpuint(strlen(text), ==, TOKEN_TEXT_SIZE - 2);
	g_assert_true(g_str_has_prefix(text, "at_"));
	g_assert_cmpstr(text, !=, anybody);
	g_assert_cmpint(code_of(&rig, text, "alice", 1999), ==, -1);
	g_assert_cmpint(code_of(&rig, text, NULL, 1999), ==, -1);
	g_assert_cmpint(code_of(&rig, text, "bob", 1999), ==, NOTIFY_ERROR_TOKEN_PERSON);
	g_assert_cmpint(code_of(&rig, anybody, "bob", 1999), ==, -1);
	g_assert_cmpint(code_of(&rig, anybody, NULL, 1999), ==, NOTIFY_ERROR_MALFORMED);
	g_assert_cmpint(code_of(&rig, text, "alice", 2000), ==, NOTIFY_ERROR_TOKEN_EXPIRED);
	text[10] = text[10] == 'A' ? 'B' : 'A';
	g_assert_cmpint(code_of(&rig, text, "alice", 1999), ==, NOTIFY_ERROR_TOKEN_UNKNOWN);
	g_assert_cmpint(code_of(&rig, "x", "alice", 1999), ==, NOTIFY_ERROR_TOKEN_UNKNOWN);
	g_assert_cmpint(code_of(&rig, "at_", "alice", 1999), ==, NOTIFY_ERROR_TOKEN_UNKNOWN);
	rig_stop(&rig);
}

/* What anybody may have read, as on a topic of ntfy. */
static void test_one_that_only_rejects(void)
{
	char text[TOKEN_TEXT_SIZE];
	g_autoptr(GError) error = NULL;
	const struct token *token;
	struct rig rig;

	rig_start(&rig);
	g_assert_true(tokens_issue(rig.tokens, PLAN, "ntfy", "alice", "ntfy", true, 1000, 2000,
				   text, &token, &error));
	g_assert_cmpint(code_of(&rig, text, "alice", 1500), ==, NOTIFY_ERROR_TOKEN_VERDICT);
	rig_restart(&rig);
	g_assert_cmpint(code_of(&rig, text, "alice", 1500), ==, NOTIFY_ERROR_TOKEN_VERDICT);
	g_assert_true(tokens_check(rig.tokens, text, NULL, "reject", 1500, &token, &error));
	g_assert_true(tokens_spend(rig.tokens, token, &error));
	g_assert_true(tokens_restore(rig.tokens, token, &error));
	rig_restart(&rig);
	g_assert_cmpint(code_of(&rig, text, "alice", 1500), ==, NOTIFY_ERROR_TOKEN_VERDICT);
	rig_stop(&rig);
}

static void test_used_once_whatever_happens(void)
{
	char text[TOKEN_TEXT_SIZE];
	g_autoptr(GError) error = NULL;
	const struct token *token;
	struct rig rig;

	rig_start(&rig);
	token = issue(&rig, PLAN, "alice", "", text);
	g_assert_true(tokens_spend(rig.tokens, token, &error));
	g_assert_cmpint(code_of(&rig, text, "alice", 1500), ==, NOTIFY_ERROR_TOKEN_USED);
	rig_restart(&rig);
	g_assert_cmpint(code_of(&rig, text, "alice", 1500), ==, NOTIFY_ERROR_TOKEN_USED);
	rig_stop(&rig);
}

static void test_restored_after_a_refusal(void)
{
	char text[TOKEN_TEXT_SIZE];
	g_autoptr(GError) error = NULL;
	const struct token *token;
	struct rig rig;

	rig_start(&rig);
	token = issue(&rig, PLAN, "alice", "", text);
	g_assert_true(tokens_spend(rig.tokens, token, &error));
	g_assert_true(tokens_restore(rig.tokens, token, &error));
	rig_restart(&rig);
	g_assert_cmpint(code_of(&rig, text, "alice", 1500), ==, -1);
	rig_stop(&rig);
}

static void test_only_hashes_are_kept(void)
{
	char text[TOKEN_TEXT_SIZE];
	struct rig rig;
	const char *name;
	unsigned files = 0;
	GDir *dir;

	rig_start(&rig);
	issue(&rig, PLAN, "alice", "hook", text);
	dir = g_dir_open(rig.dir, 0, NULL);
	while ((name = g_dir_read_name(dir)) != NULL) {
		g_autofree char *file = g_build_filename(rig.dir, name, NULL);
		g_autofree char *content = NULL;
		struct stat st;

		files++;
		g_assert_true(g_file_get_contents(file, &content, NULL, NULL));
		g_assert_null(strstr(content, text));
		g_assert_null(strstr(content, text + 3));
		g_assert_null(strstr(name, text + 3));
		g_assert_cmpint(stat(file, &st), ==, 0);
		g_assert_cmpint(st.st_mode & 07777, ==, 0600);
	}
	g_dir_close(dir);
	g_assert_cmpuint(files, ==, 1);
	rig_stop(&rig);
}

static void test_new_one_of_a_slot_revokes_the_old(void)
{
	char first[TOKEN_TEXT_SIZE], second[TOKEN_TEXT_SIZE], bob[TOKEN_TEXT_SIZE];
	char other[TOKEN_TEXT_SIZE], by_hand[TOKEN_TEXT_SIZE];
	struct rig rig;

	rig_start(&rig);
	issue(&rig, PLAN, "alice", "", by_hand);
	issue(&rig, PLAN, "alice", "hook", first);
	issue(&rig, PLAN, "bob", "hook", bob);
	issue(&rig, OTHER, "alice", "hook", other);
	issue(&rig, PLAN, "alice", "hook", second);
	rig_restart(&rig);
	g_assert_cmpint(code_of(&rig, first, "alice", 1500), ==, NOTIFY_ERROR_TOKEN_REVOKED);
	g_assert_cmpint(code_of(&rig, second, "alice", 1500), ==, -1);
	g_assert_cmpint(code_of(&rig, bob, "bob", 1500), ==, -1);
	g_assert_cmpint(code_of(&rig, other, "alice", 1500), ==, -1);
	g_assert_cmpint(code_of(&rig, by_hand, "alice", 1500), ==, -1);
	rig_stop(&rig);
}

static void test_revoke_by_id(void)
{
	char text[TOKEN_TEXT_SIZE], used[TOKEN_TEXT_SIZE], id[TOKEN_ID_SIZE];
	g_autoptr(GError) error = NULL;
	const struct token *token, *found = NULL;
	struct rig rig;

	rig_start(&rig);
	token = issue(&rig, PLAN, "alice", "", text);
	g_strlcpy(id, token->id, sizeof(id));
	g_assert_false(tokens_revoke(rig.tokens, "", &found, &error));
	g_clear_error(&error);
	id[6] = '\0'; // too short to be meant
	g_assert_false(tokens_revoke(rig.tokens, id, &found, &error));
	g_assert_error(error, NOTIFY_ERROR, NOTIFY_ERROR_TOKEN_UNKNOWN);
	g_clear_error(&error);
	g_assert_true(tokens_revoke(rig.tokens, token->id, &found, &error));
	g_assert_true(tokens_revoke(rig.tokens, token->id, &found, &error)); // as it is
	rig_restart(&rig);
	g_assert_cmpint(code_of(&rig, text, "alice", 1500), ==, NOTIFY_ERROR_TOKEN_REVOKED);
	token = issue(&rig, PLAN, "alice", "", used);
	g_assert_true(tokens_spend(rig.tokens, token, &error));
	g_assert_false(tokens_revoke(rig.tokens, token->id, &found, &error));
	g_assert_error(error, NOTIFY_ERROR, NOTIFY_ERROR_TOKEN_USED);
	rig_stop(&rig);
}

static void test_forgotten_a_day_after(void)
{
	char text[TOKEN_TEXT_SIZE];
	struct rig rig;

	rig_start(&rig);
	issue(&rig, PLAN, "alice", "", text);
	tokens_forget(rig.tokens, 2000 + 86399);
	g_assert_cmpint(code_of(&rig, text, "alice", 2000 + 86399), ==, NOTIFY_ERROR_TOKEN_EXPIRED);
	tokens_forget(rig.tokens, 2000 + 86400);
	rig_restart(&rig);
	g_assert_cmpint(code_of(&rig, text, "alice", 1500), ==, NOTIFY_ERROR_TOKEN_UNKNOWN);
	rig_stop(&rig);
}

/* One plan has ended, and when is what user tells. */
static int64_t plan_ended(void *user, const char *plan)
{
	return strcmp(plan, PLAN) == 0 ? *(int64_t *)user : 0;
}

static void test_forgotten_a_day_after_the_plan(void)
{
	char text[TOKEN_TEXT_SIZE], other[TOKEN_TEXT_SIZE];
	const struct token *token, *left;
	int64_t when = 0;
	struct rig rig;

	rig_start(&rig);
	token = issue(&rig, PLAN, "alice", "", text);
	left = issue(&rig, OTHER, "alice", "", other);
	tokens_follow(rig.tokens, plan_ended, &when);
	g_assert_cmpstr(tokens_state(rig.tokens, token, 1999), ==, "valid");
	when = 1500;
	g_assert_cmpstr(tokens_state(rig.tokens, token, 1499), ==, "valid");
	g_assert_cmpstr(tokens_state(rig.tokens, token, 1500), ==, "ended");
	g_assert_cmpstr(tokens_state(rig.tokens, left, 1500), ==, "valid");
	g_assert_cmpstr(tokens_state(rig.tokens, left, 2000), ==, "expired");
	tokens_forget(rig.tokens, 1500 + 86399);
	g_assert_cmpint(code_of(&rig, text, "alice", 1999), ==, -1); // decide() refuses it by name
	tokens_forget(rig.tokens, 1500 + 86400);
	g_assert_cmpint(code_of(&rig, text, "alice", 1999), ==, NOTIFY_ERROR_TOKEN_UNKNOWN);
	g_assert_cmpint(code_of(&rig, other, "alice", 1999), ==, -1);
	rig_restart(&rig);
	g_assert_cmpint(code_of(&rig, text, "alice", 1999), ==, NOTIFY_ERROR_TOKEN_UNKNOWN);
	g_assert_cmpint(code_of(&rig, other, "alice", 1999), ==, -1);
	rig_stop(&rig);
}

/* As many as there may be, the oldest ones of PLAN. */
static void fill(struct rig *rig, int of_plan)
{
	for (int i = 0; i < TOKENS_MAX; i++) {
		g_autofree char *name = g_strdup_printf("%064x.json", i);
		g_autofree char *text = g_strdup_printf(
			"{\"channel\":\"webhook\",\"expires\":9000,\"issued\":%d,\"plan\":\"%s\","
			"\"slot\":\"\",\"state\":\"valid\",\"v\":1}",
			i, i < of_plan ? PLAN : OTHER);

		scratch_file(rig->dir, name, text);
	}
	rig_restart(rig);
}

static void test_what_is_over_makes_room(void)
{
	char text[TOKEN_TEXT_SIZE];
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) list = NULL;
	const struct token *token = NULL;
	int64_t when = 0;
	struct rig rig;

	rig_start(&rig);
	fill(&rig, 2);
	tokens_follow(rig.tokens, plan_ended, &when);
	g_assert_false(tokens_issue(rig.tokens, OTHER, "webhook", NULL, "", false, 1000, 2000, text,
				    &token, &error));
	g_assert_error(error, BASE_ERROR, BASE_ERROR_LIMIT);
	when = 900;
	issue(&rig, OTHER, "alice", "", text);
	list = tokens_list(rig.tokens);
	g_assert_cmpuint(list->len, ==, TOKENS_MAX);
	token = g_ptr_array_index(list, 0);
	g_assert_cmpint(token->issued, ==, 1); // the oldest went, and no other
	g_assert_cmpint(code_of(&rig, text, "alice", 1500), ==, -1);
	rig_restart(&rig);
	g_assert_cmpint(code_of(&rig, text, "alice", 1500), ==, -1);
	rig_stop(&rig);
}

static void test_damaged_file_is_no_token(void)
{
	char text[TOKEN_TEXT_SIZE], name[HASH_TEXT_SIZE];
	g_autofree char *file = NULL;
	const struct token *token;
	struct rig rig;

	rig_start(&rig);
	token = issue(&rig, PLAN, "alice", "", text);
	hash_text(name, &token->hash);
	file = g_strconcat(name + strlen("sha256:"), ".json", NULL);
	scratch_file(rig.dir, file, "{\"channel\":\"webhook\"}");
	scratch_file(rig.dir, "other", "");
	rig_restart(&rig);
	g_assert_cmpint(code_of(&rig, text, "alice", 1500), ==, NOTIFY_ERROR_TOKEN_UNKNOWN);
	rig_stop(&rig);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/tokens/rules", test_rules);
	g_test_add_func("/tokens/one-that-only-rejects", test_one_that_only_rejects);
	g_test_add_func("/tokens/used-once-whatever-happens", test_used_once_whatever_happens);
	g_test_add_func("/tokens/restored-after-a-refusal", test_restored_after_a_refusal);
	g_test_add_func("/tokens/only-hashes-are-kept", test_only_hashes_are_kept);
	g_test_add_func("/tokens/new-one-of-a-slot-revokes-the-old",
			test_new_one_of_a_slot_revokes_the_old);
	g_test_add_func("/tokens/revoke-by-id", test_revoke_by_id);
	g_test_add_func("/tokens/forgotten-a-day-after", test_forgotten_a_day_after);
	g_test_add_func("/tokens/forgotten-a-day-after-the-plan",
			test_forgotten_a_day_after_the_plan);
	g_test_add_func("/tokens/what-is-over-makes-room", test_what_is_over_makes_room);
	g_test_add_func("/tokens/damaged-file-is-no-token", test_damaged_file_is_no_token);
	return g_test_run();
}
