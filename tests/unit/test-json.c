/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of core/json.h: what is read, what is refused, what is written. */
#include "unit/vectors.h"

static int parse(const void *bytes, size_t len, unsigned flags)
{
	struct json_doc *doc = NULL;
	int rc = json_doc_parse(&doc, bytes, len, flags, NULL);

	if (rc == 0) {
		json_doc_free(doc);
	} else {
		g_assert_null(doc);
	}
	return rc;
}

/* Parsed and written again by a writer with flags; NULL when refused. */
static char *rewrite(const char *text, unsigned flags)
{
	struct json_doc *doc = NULL;
	struct json_writer *w = json_writer_new(flags);
	char *out = NULL;
	size_t len;

	g_assert_cmpint(json_doc_parse(&doc, text, strlen(text), 0, NULL), ==, 0);
	json_w_value(w, NULL, json_doc_value(doc));
	if (json_writer_finish(w, &out, &len, NULL) == 0) {
		g_assert_cmpuint(strlen(out), ==, len);
	}
	json_doc_free(doc);
	return out;
}

static void accepts_vectors(void)
{
	struct json_obj root, item;
	struct json_arr list;
	struct json_doc *doc = vector_json("jcs/accept.json", &root);
	size_t used = 0, count = json_arr_get(&root, "list", 1000, &list);

	for (size_t i = 0; i < count; i++) {
		const char *in, *out;
		g_autofree char *again = NULL;
		uint8_t bytes[256];
		size_t len;

		g_assert_true(json_arr_obj(&list, i, &item));
		in = json_str(&item, "in", 4096);
		out = json_str(&item, "out", 4096);
		if (strstr(in, "\\u0000") != NULL) { /* forbidden by our profile */
			g_assert_cmpint(parse(in, strlen(in), 0), ==, ASSENT_EMALFORMED);
			continue;
		}
		again = rewrite(in, 0);
		g_assert_cmpstr(again, ==, out);
		len = vector_hex(bytes, sizeof(bytes), json_str(&item, "out_hex", 512));
		g_assert_cmpmem(again, strlen(again), bytes, len);
		g_assert_true((strcmp(in, out) == 0) || parse(in, strlen(in), JSON_CANONICAL) != 0);
		used++;
	}
	g_assert_cmpuint(used, >, 10);
	g_assert_cmpint(json_doc_status(doc, NULL), ==, 0);
	json_doc_free(doc);
}

/* What is signed in the other vectors stands in the canonical form already. */
static void signed_vectors_are_canonical(void)
{
	static const char *const paths[] = {
		"sshsig/plan.json",	      "sshsig/approval-alice.json",
		"sshsig/approval-bob.json",   "sshsig/approval-carol.json",
		"bundle/plan.json",	      "bundle/approval-alice.json",
		"bundle/approval-carol.json", "bundle/proofs/0.leaf",
		"bundle/proofs/1.leaf",	      "bundle/proofs/2.leaf",
		"bundle/proofs/3.leaf",	      "bundle/proofs/4.leaf",
		"bundle/proofs/5.leaf",
	};

	for (size_t i = 0; i < G_N_ELEMENTS(paths); i++) {
		size_t len;
		g_autofree char *text = vector_load(paths[i], &len), *again = NULL;

		g_test_message("%s", paths[i]);
		g_assert_cmpint(parse(text, len, JSON_CANONICAL), ==, 0);
		again = rewrite(text, JSON_CANONICAL);
		g_assert_cmpstr(again, ==, text);
	}
}

/* RFC 8785's own files; those with a fraction or an exponent are outside our profile. */
static void upstream_vectors(void)
{
	static const struct {
		const char *name;
		bool in, out;  /* are they of integers only? */
		int canonical; /* what our profile says, which has names of [a-z0-9_] */
	} all[] = {
		{"arrays", true, true, 0},
		{"french", true, true, ASSENT_EMALFORMED},
		{"structures", false, true, ASSENT_EMALFORMED},
		{"unicode", true, true, ASSENT_EMALFORMED},
		{"values", false, false, ASSENT_EMALFORMED},
		{"weird", true, true, ASSENT_EMALFORMED},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(all); i++) {
		g_autofree char *in_path = g_strdup_printf("upstream-jcs/%s.in.json", all[i].name);
		g_autofree char *out_path =
			g_strdup_printf("upstream-jcs/%s.out.json", all[i].name);
		g_autofree char *in = NULL, *out = NULL;
		size_t len, out_len;

		in = upstream_load(in_path, &len);
		if (in == NULL) {
			return;
		}
		out = upstream_load(out_path, &out_len);
		g_test_message("%s", all[i].name);
		g_assert_cmpint(parse(in, len, 0), ==, all[i].in ? 0 : ASSENT_EMALFORMED);
		g_assert_cmpint(parse(out, out_len, 0), ==, all[i].out ? 0 : ASSENT_EMALFORMED);
		g_assert_cmpint(parse(in, len, JSON_FLOATS), ==, 0);
		g_assert_cmpint(parse(in, len, JSON_CANONICAL), ==, ASSENT_EMALFORMED);
		g_assert_cmpint(parse(out, out_len, JSON_CANONICAL), ==, all[i].canonical);
		if (all[i].out) {
			g_autofree char *again = rewrite(all[i].in ? in : out, 0);

			g_assert_cmpstr(again, ==, out);
		}
	}
}

static void refuses_vectors(void)
{
	struct json_obj root, item;
	struct json_arr list;
	struct json_doc *doc = vector_json("jcs/reject.json", &root);
	size_t count = json_arr_get(&root, "list", 1000, &list);

	g_assert_cmpuint(count, >, 15);
	for (size_t i = 0; i < count; i++) {
		const char *in;

		g_assert_true(json_arr_obj(&list, i, &item));
		in = json_str(&item, "in", 4096);
		g_test_message("%s", json_str(&item, "why", 200));
		g_assert_cmpint(parse(in, strlen(in), 0), <, 0);
		g_assert_cmpint(parse(in, strlen(in), JSON_CANONICAL), <, 0);
	}
	json_doc_free(doc);
	doc = vector_json("jcs/reject-bytes.json", &root);
	count = json_arr_get(&root, "list", 1000, &list);
	for (size_t i = 0; i < count; i++) {
		uint8_t bytes[256];
		size_t len;

		g_assert_true(json_arr_obj(&list, i, &item));
		len = vector_hex(bytes, sizeof(bytes), json_str(&item, "in_hex", 400));
		g_assert_cmpint(parse(bytes, len, 0), ==, ASSENT_EMALFORMED);
	}
	json_doc_free(doc);
}

static void canonical_has_one_spelling(void)
{
	static const char *const good[] = {
		"{}",
		"[]",
		"{\"a\":1,\"b\":[true,false,null,\"x\\n\\u001f\"]}",
		"{\"a\":-1,\"a_\":0}",
		"{\"a\":9007199254740991}",
		"\"\x7f\xe2\x80\xa8\"",
	};
	static const char *const bad[] = {
		" {}",
		"{} ",
		"{}\n",
		"{\"b\":1,\"a\":1}",
		"{\"a\":1,\"a\":1}",
		"{\"A\":1}",
		"{\"\":1}",
		"{\"a\" :1}",
		"{\"a\":1,}",
		"\"\\/\"",
		"\"\\u0041\"",
		"\"\\u000a\"",
		"\"\\u001F\"",
		"",
		"{\"ab\":1,\"a\":1}",
		"nul",
		"tru",
		"[1",
		"{\"a\":}",
		"{\"a\"",
		"\"abc",
		"\"\\",
		"1e1",
		"+1",
		"--1",
		"-",
		"1.5",
	};

	for (size_t i = 0; i < G_N_ELEMENTS(good); i++) {
		g_autofree char *again = NULL;

		g_assert_cmpint(parse(good[i], strlen(good[i]), JSON_CANONICAL), ==, 0);
		again = rewrite(good[i], JSON_CANONICAL);
		g_assert_cmpstr(again, ==, good[i]);
	}
	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_test_message("%s", bad[i]);
		g_assert_cmpint(parse(bad[i], strlen(bad[i]), JSON_CANONICAL), <, 0);
	}
}

static void depth_is_bounded(void)
{
	char text[2 * JSON_MAX_DEPTH + 3];

	memset(text, '[', JSON_MAX_DEPTH);
	memset(text + JSON_MAX_DEPTH, ']', JSON_MAX_DEPTH);
	g_assert_cmpint(parse(text, 2 * JSON_MAX_DEPTH, JSON_CANONICAL), ==, 0);
	memset(text, '[', JSON_MAX_DEPTH + 1);
	memset(text + JSON_MAX_DEPTH + 1, ']', JSON_MAX_DEPTH + 1);
	g_assert_cmpint(parse(text, 2 * JSON_MAX_DEPTH + 2, 0), ==, ASSENT_ELIMIT);
}

static void floats_only_on_request(void)
{
	g_assert_cmpint(parse("[1.5e3]", 7, 0), <, 0);
	g_assert_cmpint(parse("[1.5e3]", 7, JSON_FLOATS), ==, 0);
	g_assert_cmpint(parse("[1.]", 4, JSON_FLOATS), <, 0);
	g_assert_cmpint(parse("[01]", 4, JSON_FLOATS), <, 0);
}

static struct json_doc *open_text(const char *text, struct json_obj *root)
{
	struct json_doc *doc = NULL;

	g_assert_cmpint(json_doc_parse(&doc, text, strlen(text), 0, NULL), ==, 0);
	json_doc_root(doc, root);
	return doc;
}

static void first_error_sticks_with_its_path(void)
{
	struct assent_error err = {0};
	struct json_obj root, child;
	struct json_arr list;
	struct json_doc *doc =
		open_text("{\"list\":[{\"n\":1},{\"n\":\"x\"}],\"other\":true}", &root);

	g_assert_cmpuint(json_arr_get(&root, "list", 10, &list), ==, 2);
	g_assert_true(json_arr_obj(&list, 0, &child));
	g_assert_cmpint(json_int(&child, "n", 0, 10), ==, 1);
	g_assert_true(json_arr_obj(&list, 1, &child));
	g_assert_cmpint(json_int(&child, "n", 0, 10), ==, 0);
	g_assert_cmpstr(json_str(&root, "missing", 10), ==, "");
	json_obj_end(&root);
	g_assert_cmpint(json_doc_status(doc, &err), ==, ASSENT_EMALFORMED);
	g_assert_cmpstr(err.text, ==, "list[1].n: expected an integer");
	json_doc_free(doc);
}

static void unread_names_are_errors(void)
{
	struct assent_error err = {0};
	struct json_obj root;
	struct json_doc *doc = open_text("{\"a\":1,\"b\":2}", &root);

	g_assert_cmpint(json_int(&root, "a", 0, 1), ==, 1);
	json_obj_end(&root);
	g_assert_cmpint(json_doc_status(doc, &err), ==, ASSENT_EMALFORMED);
	g_assert_cmpstr(err.text, ==, "b: unknown member");
	json_doc_free(doc);
	doc = open_text("{\"a\":1,\"b\":2}", &root);
	json_obj_ignore_rest(&root);
	json_obj_end(&root);
	g_assert_cmpint(json_doc_status(doc, NULL), ==, 0);
	json_doc_free(doc);
}

static void getters_check_bounds(void)
{
	struct json_obj root;
	struct json_doc *doc = open_text("{\"n\":11,\"s\":\"abc\"}", &root);

	g_assert_cmpint(json_int(&root, "n", 0, 10), ==, 0);
	g_assert_cmpint(json_doc_status(doc, NULL), ==, ASSENT_EMALFORMED);
	json_doc_free(doc);
	doc = open_text("{\"n\":11,\"s\":\"abc\"}", &root);
	g_assert_cmpstr(json_str(&root, "s", 2), ==, "");
	g_assert_cmpint(json_doc_status(doc, NULL), ==, ASSENT_ELIMIT);
	json_doc_free(doc);
}

static void bytes_travel_as_text_or_base64(void)
{
	static const char *const values[] = {"plain",	    "",		"\xc3\xa9",
					     "line\nbreak", "\xff\xfe", "\x7f"};

	for (size_t i = 0; i < G_N_ELEMENTS(values); i++) {
		struct json_writer *w = json_writer_new(JSON_CANONICAL);
		struct json_doc *doc = NULL;
		struct json_obj root;
		char *text = NULL, *back;
		size_t len;

		json_w_object(w, NULL);
		json_w_bytes(w, "p", values[i], strlen(values[i]));
		json_w_end(w);
		g_assert_cmpint(json_writer_finish(w, &text, &len, NULL), ==, 0);
		g_assert_true((strstr(text, "p_b64") != NULL) == (i >= 3));
		g_assert_cmpint(json_doc_parse(&doc, text, len, JSON_CANONICAL, NULL), ==, 0);
		json_doc_root(doc, &root);
		back = json_bytes_dup(&root, "p", 100, &len);
		json_obj_end(&root);
		g_assert_cmpint(json_doc_status(doc, NULL), ==, 0);
		g_assert_cmpmem(back, len, values[i], strlen(values[i]));
		free(back);
		free(text);
		json_doc_free(doc);
	}
}

static void base64_of_plain_text_is_refused(void)
{
	static const char *const bad[] = {
		"{\"p_b64\":\"YWJj\"}", "{\"p\":\"a\",\"p_b64\":\"//8=\"}",
		"{\"p_b64\":\"//8\"}",	"{\"p_b64\":\"//9=\"}",
		"{\"p\":\"a\\nb\"}",
	};

	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
		struct json_obj root;
		struct json_doc *doc = open_text(bad[i], &root);
		size_t len;

		g_assert_null(json_bytes_dup(&root, "p", 100, &len));
		g_assert_cmpint(json_doc_status(doc, NULL), ==, ASSENT_EMALFORMED);
		json_doc_free(doc);
	}
}

static void writer_refuses_disorder(void)
{
	char *text = NULL;
	size_t len;
	struct json_writer *w = json_writer_new(JSON_CANONICAL);

	json_w_object(w, NULL);
	json_w_int(w, "b", 1);
	json_w_int(w, "a", 1);
	json_w_end(w);
	g_assert_cmpint(json_writer_finish(w, &text, &len, NULL), ==, ASSENT_EFAILED);
	w = json_writer_new(0);
	json_w_object(w, NULL);
	g_assert_cmpint(json_writer_finish(w, &text, &len, NULL), ==, ASSENT_EFAILED);
	w = json_writer_new(0);
	json_w_str(w, NULL, "\xff");
	g_assert_cmpint(json_writer_finish(w, &text, &len, NULL), ==, ASSENT_EFAILED);
	w = json_writer_new(0);
	json_w_int(w, NULL, JSON_MAX_INT + 1);
	g_assert_cmpint(json_writer_finish(w, &text, &len, NULL), ==, ASSENT_EFAILED);
	g_assert_null(text);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/json/accepts-vectors", accepts_vectors);
	g_test_add_func("/json/refuses-vectors", refuses_vectors);
	g_test_add_func("/json/signed-vectors-are-canonical", signed_vectors_are_canonical);
	g_test_add_func("/json/upstream-vectors", upstream_vectors);
	g_test_add_func("/json/canonical-has-one-spelling", canonical_has_one_spelling);
	g_test_add_func("/json/depth-is-bounded", depth_is_bounded);
	g_test_add_func("/json/floats-only-on-request", floats_only_on_request);
	g_test_add_func("/json/first-error-sticks-with-its-path", first_error_sticks_with_its_path);
	g_test_add_func("/json/unread-names-are-errors", unread_names_are_errors);
	g_test_add_func("/json/getters-check-bounds", getters_check_bounds);
	g_test_add_func("/json/bytes-travel-as-text-or-base64", bytes_travel_as_text_or_base64);
	g_test_add_func("/json/base64-of-plain-text-is-refused", base64_of_plain_text_is_refused);
	g_test_add_func("/json/writer-refuses-disorder", writer_refuses_disorder);
	return g_test_run();
}
