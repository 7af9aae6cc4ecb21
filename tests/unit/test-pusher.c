/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Who pushed: what hooks say of it, and how it joins the list of commits. */
#include "agent/http/pusher.h"

#include <stdlib.h>
#include <string.h>

#define A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define C "cccccccccccccccccccccccccccccccccccccccc"
#define NONE "0000000000000000000000000000000000000000"
#define MAIN "refs/heads/main"

/* "commit email login login", with - for what is not said. */
static char *read_as(const char *kind, const char *body)
{
	struct push_report r;
	char *text;

	pusher_read(kind, body, strlen(body), MAIN, &r);
	text = g_strdup_printf(
		"%.4s %s %s %s", r.commit != NULL ? r.commit : "-", r.email != NULL ? r.email : "-",
		r.login[0] != NULL ? r.login[0] : "-", r.login[1] != NULL ? r.login[1] : "-");
	push_report_clear(&r);
	g_assert_null(r.email);
	return text;
}

#define PUSHER(more)                                                                               \
	"{\"ref\":\"" MAIN "\",\"before\":\"" NONE "\",\"after\":\"" A "\",\"pusher\":{" more      \
	"},\"score\":1.5,\"commits\":[{\"message\":\"a\\nb\"}]}"
#define CLOUD(type, name, hash)                                                                    \
	"{\"new\":{\"type\":\"" type "\",\"name\":\"" name "\",\"target\":{\"hash\":\"" hash "\"}" \
	"}}"
#define ACTOR "\"actor\":{\"nickname\":\"al\",\"account_id\":\"557058:x\",\"display_name\":\"Al\"}"

static void test_bodies(void)
{
	static const struct {
		const char *kind, *body, *says;
	} cases[] = {
		{"github", PUSHER("\"name\":\"al\",\"email\":\"1+al@users.noreply.github.com\""),
		 "aaaa 1+al@users.noreply.github.com - al"},
		{"github", PUSHER("\"name\":\"al\",\"email\":null"), "aaaa - - al"},
		{"github", PUSHER("\"name\":\"al\""), "aaaa - - al"},
		{"gitea",
		 PUSHER("\"id\":1,\"login\":\"al\",\"email\":\"al@x.org\",\"username\":\"al\""),
		 "aaaa al@x.org al -"},
		{"forgejo", PUSHER("\"login\":\"al\",\"email\":\"\""), "aaaa - al -"},
		{"gitlab",
		 "{\"ref\":\"" MAIN "\",\"after\":\"" A "\",\"checkout_sha\":\"" A
		 "\",\"user_username\":\"al\",\"user_email\":\"al@x.org\"}",
		 "aaaa al@x.org al -"},
		{"gitlab",
		 "{\"ref\":\"" MAIN "\",\"after\":\"" A
		 "\",\"user_username\":\"al\",\"user_email\":\"[REDACTED]\"}",
		 "aaaa - al -"},
		{"bitbucket",
		 "{" ACTOR
		 ",\"push\":{\"changes\":[{\"new\":null}," CLOUD("tag", "main", B) "," CLOUD(
			 "branch", "other", B) "," CLOUD("branch", "main", A) "]}}",
		 "aaaa - al 557058:x"},
		{"bitbucket",
		 "{\"actor\":{\"name\":\"al\",\"emailAddress\":\"al@x.org\"},\"changes\":[{"
		 "\"refId\":"
		 "\"refs/heads/x\",\"toHash\":\"" B "\"},{\"refId\":\"" MAIN "\",\"toHash\":\"" A
		 "\"}]}",
		 "aaaa al@x.org al -"},
		/* other branches, branches that go, bodies that make no sense */
		{"github",
		 "{\"ref\":\"refs/heads/x\",\"after\":\"" A "\",\"pusher\":{\"name\":\"al\"}}",
		 "- - - -"},
		{"github", "{\"ref\":\"refs/tags/main\",\"after\":\"" A "\",\"pusher\":{}}",
		 "- - - -"},
		{"github",
		 "{\"ref\":\"" MAIN "\",\"after\":\"" NONE "\",\"pusher\":{\"name\":\"al\"}}",
		 "- - - al"},
		{"github", "{\"ref\":\"" MAIN "\",\"after\":\"main\",\"pusher\":{\"name\":\"al\"}}",
		 "- - - al"},
		{"github", "{\"ref\":\"" MAIN "\",\"after\":7,\"pusher\":{\"name\":\"al\"}}",
		 "- - - -"},
		{"github", "{\"ref\":\"" MAIN "\",\"after\":\"" A "\",\"pusher\":[]}", "- - - -"},
		{"github", "{\"ref\":\"" MAIN "\"", "- - - -"},
		{"github", "[]", "- - - -"},
		{"github", "", "- - - -"},
		{"github", "{\"ref\":\"" MAIN "\",\"ref\":\"x\"}", "- - - -"},
		{"bitbucket", "{" ACTOR ",\"push\":{}}", "- - al 557058:x"},
		{"bitbucket", "{\"push\":{\"changes\":[" CLOUD("branch", "main", A) "]}}",
		 "- - - -"},
		{"nobody", PUSHER("\"name\":\"al\""), "- - - -"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *says = read_as(cases[i].kind, cases[i].body);

		g_test_message("%s %s", cases[i].kind, cases[i].body);
		g_assert_cmpstr(says, ==, cases[i].says);
	}
}

static void test_addresses(void)
{
	static const char *const good[] = {"a@b", "1+al@users.noreply.github.com",
					   "j\xc3\xbc@x.org"};
	static const char *const bad[] = {"",	      "a",	   "@b",    "a@",
					  "a@b@c",    "a b@c",	   "<a@b>", "a@b,c@d",
					  "a@b\nc@d", "a@\"b\"",   "a@b;",  "a@b\xe2\x80\xae",
					  "a@\xff",   "[REDACTED]"};
	g_autofree char *name = g_strnfill(250, 'a');
	g_autofree char *fits = g_strconcat(name, "@x.y", NULL);
	g_autofree char *longer = g_strconcat(name, "@x.yz", NULL);

	for (size_t i = 0; i < G_N_ELEMENTS(good); i++) {
		g_assert_true(pusher_is_address(good[i]));
	}
	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_test_message("%s", bad[i]);
		g_assert_false(pusher_is_address(bad[i]));
	}
	g_assert_true(pusher_is_address(fits));
	g_assert_false(pusher_is_address(longer));
}

static char alice[] = "alice", bob[] = "bob";
static char alice_mail[] = "alice@x.org", alice_login[] = "al";
static char *mails[] = {alice_mail, NULL}, *logins[] = {alice_login, NULL};

struct rig {
	struct pushers *pushers;
	struct conf conf;
	struct conf_person people[2];
	char *list;
	size_t len;
	bool fresh;
};

static void rig_start(struct rig *rig, const void *data)
{
	*rig = (struct rig){
		.pushers = pushers_new(),
		.people = {{.name = alice, .emails = mails, .forge = logins}, {.name = bob}}};
	rig->conf.people = g_ptr_array_new();
	g_ptr_array_add(rig->conf.people, &rig->people[0]);
	g_ptr_array_add(rig->conf.people, &rig->people[1]);
}

static void rig_stop(struct rig *rig, const void *data)
{
	pushers_free(rig->pushers);
	g_ptr_array_unref(rig->conf.people);
	free(rig->list);
}

static void note(struct rig *rig, const char *commit, const char *email, const char *login)
{
	const struct push_report report = {
		.commit = (char *)commit, .email = (char *)email, .login = {(char *)login, NULL}};

	pushers_note(rig->pushers, &rig->conf, &report);
}

#define LIST(authors, total, id)                                                                   \
	"{\"authors\":[" authors "],\"authors_total\":" total ",\"commits\":[{\"id\":\"" id        \
	"\"}],\"total\":1}"
#define JOINED(authors, total, id, pushers)                                                        \
	"{\"authors\":[" authors "],\"authors_total\":" total ",\"commits\":[{\"id\":\"" id        \
	"\"}],\"pushers\":[" pushers "],\"total\":1}"

static const char *join(struct rig *rig, const char *commit, const char *list, const char *before)
{
	g_autoptr(GError) error = NULL;

	free(rig->list);
	rig->list = strdup(list);
	rig->len = strlen(list);
	rig->fresh = false;
	if (!pushers_join(rig->pushers, commit, &rig->list, &rig->len, before,
			  before != NULL ? strlen(before) : 0, &rig->fresh, &error)) {
		g_error("%s", error->message);
	}
	g_assert_cmpuint(strlen(rig->list), ==, rig->len);
	return rig->list;
}

#define DORA "\"dora@x.org\""
#define BOTH "\"alice\",\"alice@x.org\""

static void test_joins(struct rig *rig, const void *data)
{
	const char *plain = LIST(DORA, "1", A);

	note(rig, C, "Bob@X.org", NULL); // of another commit
	g_assert_cmpstr(join(rig, A, plain, NULL), ==, plain);
	g_assert_false(rig->fresh);
	note(rig, A, "alice@x.org", NULL);
	note(rig, A, "alice@x.org", NULL);
	g_assert_cmpstr(join(rig, A, plain, NULL), ==, JOINED(BOTH "," DORA, "3", A, BOTH));
	g_assert_true(rig->fresh);
	g_assert_cmpstr(join(rig, A, plain, NULL), ==, plain); // forgotten after use
	note(rig, A, NULL, "AL");			       // a login alone
	g_assert_cmpstr(join(rig, A, plain, NULL), ==,
			JOINED("\"alice\"," DORA, "2", A, "\"alice\""));
	note(rig, A, NULL, "nobody");
	g_assert_cmpstr(join(rig, A, plain, NULL), ==, plain);
	/* one of the commits that came together */
	note(rig, A, "eve@x.org", NULL);
	g_assert_cmpstr(join(rig, B, plain, NULL), ==,
			JOINED(DORA ",\"eve@x.org\"", "2", A, "\"eve@x.org\""));
}

/* What an author pushes is not worth another plan. */
static void test_authors_push(struct rig *rig, const void *data)
{
	note(rig, A, "dora@x.org", NULL);
	g_assert_cmpstr(join(rig, A, LIST(DORA, "1", A), NULL), ==, JOINED(DORA, "1", A, DORA));
	g_assert_false(rig->fresh);
	note(rig, A, "Dora@X.org", NULL);
	join(rig, A, LIST(DORA, "1", A), NULL);
	g_assert_false(rig->fresh);
}

/* Who pushed what is not applied yet stays barred when more comes. */
static void test_before_counts(struct rig *rig, const void *data)
{
	const char *before = JOINED(BOTH "," DORA, "3", A, BOTH);

	g_assert_cmpstr(join(rig, B, LIST(DORA, "1", B), before), ==,
			JOINED(BOTH "," DORA, "3", B, BOTH));
	g_assert_false(rig->fresh);
	note(rig, B, "alice@x.org", NULL); // again: nothing new
	join(rig, B, LIST(DORA, "1", B), before);
	g_assert_false(rig->fresh);
	note(rig, B, "eve@x.org", NULL);
	join(rig, B, LIST(DORA, "1", B), before);
	g_assert_true(rig->fresh);
	g_assert_nonnull(strstr(rig->list, "\"pushers\":[" BOTH ",\"eve@x.org\"]"));
}

static void test_bounds(struct rig *rig, const void *data)
{
	g_autoptr(GString) before =
		g_string_new("{\"authors\":[],\"authors_total\":0,\"commits\":[],\"pushers\":[");

	for (int i = 0; i < PUSHERS_MAX + 4; i++) {
		g_autofree char *mail = g_strdup_printf("p%02d@x.org", i);

		note(rig, A, mail, NULL);
	}
	join(rig, A, LIST("", "0", A), NULL);
	g_assert_nonnull(strstr(rig->list, "\"authors_total\":16,"));
	g_assert_null(strstr(rig->list, "p03@x.org"));
	g_assert_nonnull(strstr(rig->list, "p04@x.org"));
	/* more than can be listed: then nobody knows who may approve */
	for (int i = 0; i < 100; i++) {
		g_string_append_printf(before, "%s\"q%03d@x.org\"", i > 0 ? "," : "", i);
	}
	g_string_append(before, "],\"total\":0}");
	note(rig, A, "one-more@x.org", NULL);
	join(rig, A, LIST("", "0", A), before->str);
	g_assert_nonnull(strstr(rig->list, "\"authors_total\":102,"));
	g_assert_nonnull(strstr(rig->list, "\"one-more@x.org\""));
	g_assert_true(rig->fresh);
}

/* Whoever was one too many is not forgotten, and the next one replaces no plan any more. */
static void test_too_many_stay(struct rig *rig, const void *data)
{
	g_autoptr(GString) many = g_string_new(NULL);
	g_autofree char *before = NULL;

	for (int i = 0; i < 100; i++) {
		g_string_append_printf(many, "%s\"q%03d@x.org\"", i > 0 ? "," : "", i);
	}
	before = g_strdup_printf("{\"authors\":[%s],\"authors_total\":101,\"commits\":[],"
				 "\"pushers\":[%s],\"total\":0}",
				 many->str, many->str);
	join(rig, B, LIST("", "0", B), before);
	g_assert_nonnull(strstr(rig->list, "\"authors_total\":101,"));
	note(rig, B, "one-more@x.org", NULL);
	join(rig, B, LIST("", "0", B), before);
	g_assert_nonnull(strstr(rig->list, "\"authors_total\":102,"));
	g_assert_false(rig->fresh);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*run)(struct rig *rig, const void *data);
	} tests[] = {{"/pusher/joins-the-authors", test_joins},
		     {"/pusher/an-author-who-pushes", test_authors_push},
		     {"/pusher/what-came-before-counts", test_before_counts},
		     {"/pusher/bounds", test_bounds},
		     {"/pusher/too-many-stay-too-many", test_too_many_stay}};

	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/pusher/bodies", test_bodies);
	g_test_add_func("/pusher/addresses", test_addresses);
	for (size_t i = 0; i < G_N_ELEMENTS(tests); i++) {
		g_test_add(tests[i].name, struct rig, NULL, rig_start, tests[i].run, rig_stop);
	}
	return g_test_run();
}
