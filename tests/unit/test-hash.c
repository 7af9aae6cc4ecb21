/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of core/hash.h, core/statement.h and the exact readers of core/text.h. */
#include <string.h>

#include "core/statement.h"
#include "core/text.h"
#include "unit/vectors.h"

static void text_form(void)
{
	static const char abc[] =
		"sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
	char text[HASH_TEXT_SIZE], upper[HASH_TEXT_SIZE];
	struct hash hash, again;

	hash_bytes(&hash, "abc", 3);
	hash_text(text, &hash);
	g_assert_cmpstr(text, ==, abc);
	g_assert_true(hash_parse(&again, text));
	g_assert_true(hash_equal(&hash, &again));
	g_assert_false(hash_parse(&again, abc + 7));
	g_assert_false(hash_parse(&again, "sha256:"));
	memcpy(upper, abc, sizeof(upper));
	upper[7] = 'B';
	g_assert_false(hash_parse(&again, upper));
	upper[70] = '\0';
	g_assert_false(hash_parse(&again, upper));
}

static void piece_by_piece(void)
{
	struct hash_state state;
	struct hash whole, pieces;

	hash_bytes(&whole, "hello world", 11);
	hash_init(&state);
	hash_update(&state, "hello", 5);
	hash_update(&state, "", 0);
	hash_update(&state, " world", 6);
	hash_final(&state, &pieces);
	g_assert_true(hash_equal(&whole, &pieces));
}

static void decimals(void)
{
	uint64_t n;

	g_assert_true(text_decimal(&n, "0", 1, 10));
	g_assert_true(text_decimal(&n, "10", 2, 10));
	g_assert_false(text_decimal(&n, "11", 2, 10));
	g_assert_false(text_decimal(&n, "01", 2, 10));
	g_assert_false(text_decimal(&n, "", 0, 10));
	g_assert_false(text_decimal(&n, "-1", 2, 10));
	g_assert_false(text_decimal(&n, "18446744073709551616", 20, UINT64_MAX));
	g_assert_true(text_decimal(&n, "18446744073709551615", 20, UINT64_MAX));
	g_assert_cmpuint(n, ==, UINT64_MAX);
}

static void statement(void)
{
	struct statement st = {.agent = "web1",
			       .stack = "web",
			       .approver = "alice",
			       .verdict = VERDICT_APPROVE,
			       .seq = 42,
			       .expires = 1767229200,
			       .reason = ""};
	char *text = NULL;
	size_t len;

	hash_bytes(&st.plan, "abc", 3);
	g_assert_cmpint(statement_text(&text, &len, &st, NULL), ==, 0);
	g_assert_cmpstr(
		text, ==,
		"{\"agent\":\"web1\",\"approver\":\"alice\",\"decision\":\"approve\","
		"\"expires\":1767229200,\"plan\":\"sha256:ba7816bf8f01cfea414140de5dae2223b003"
		"61a396177a9cb410ff61f20015ad\",\"reason\":\"\",\"seq\":42,\"stack\":\"web\","
		"\"type\":\"approval\",\"v\":1}");
	g_assert_cmpuint(len, ==, strlen(text));
	free(text);
	text = NULL;
	st.verdict = VERDICT_REJECT;
	g_assert_cmpint(statement_text(&text, &len, &st, NULL), ==, ASSENT_EMALFORMED);
	st.reason = "\xff";
	g_assert_cmpint(statement_text(&text, &len, &st, NULL), ==, ASSENT_EMALFORMED);
	st.reason = "no";
	st.approver = "";
	g_assert_cmpint(statement_text(&text, &len, &st, NULL), ==, ASSENT_EMALFORMED);
	g_assert_null(text);
}

static void attestation(void)
{
	struct statement st = {.agent = "web1",
			       .stack = "web",
			       .approver = "alice",
			       .verdict = VERDICT_APPROVE,
			       .seq = 42,
			       .expires = 1767229200,
			       .reason = ""};
	struct attestation by = {.channel = CHANNEL_SLACK, .time = 1767225600}, again;
	char *text = NULL, *plain = NULL;
	size_t len;

	hash_bytes(&st.plan, "abc", 3);
	hash_bytes(&by.evidence, "{}", 2);
	g_assert_cmpint(attestation_text(&text, &len, &st, &by, NULL), ==, 0);
	g_assert_cmpstr(
		text, ==,
		"{\"agent\":\"web1\",\"approver\":\"alice\",\"channel\":\"slack\","
		"\"decision\":\"approve\",\"evidence\":\"sha256:44136fa355b3678a1146ad16f7e86"
		"49e94fb4fc21fe77e8310c060f61caaff8a\",\"expires\":1767229200,\"plan\":"
		"\"sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\","
		"\"reason\":\"\",\"seq\":42,\"stack\":\"web\",\"time\":1767225600,"
		"\"type\":\"attestation\",\"v\":1}");
	g_assert_cmpint(attestation_parse(&again, text, len, NULL), ==, 0);
	g_assert_cmpint(again.channel, ==, CHANNEL_SLACK);
	g_assert_cmpint(again.time, ==, by.time);
	g_assert_true(hash_equal(&again.evidence, &by.evidence));
	g_assert_cmpint(attestation_parse(&again, text, len - 1, NULL), !=, 0);
	g_assert_cmpint(statement_text(&plain, &len, &st, NULL), ==, 0);
	g_assert_cmpint(attestation_parse(&again, plain, len, NULL), !=, 0);
	free(plain);
	free(text);
	text = NULL;
	by.channel = CHANNEL_SIGNATURE; // only a person makes one
	g_assert_cmpint(attestation_text(&text, &len, &st, &by, NULL), ==, ASSENT_EMALFORMED);
	by.channel = CHANNELS;
	g_assert_cmpint(attestation_text(&text, &len, &st, &by, NULL), ==, ASSENT_EMALFORMED);
	g_assert_null(text);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/hash/text-form", text_form);
	g_test_add_func("/hash/piece-by-piece", piece_by_piece);
	g_test_add_func("/text/decimals", decimals);
	g_test_add_func("/statement/bytes", statement);
	g_test_add_func("/statement/attestation", attestation);
	return g_test_run();
}
