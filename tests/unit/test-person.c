/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Who is one person, as files of keys tell it. */
#include "worker/source/person.h"

#include <stdbool.h>
#include <string.h>

/* Keys of ssh-ed25519 and what ssh-keygen -l says of them. */
#define KEY_A "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define KEY_B "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB"
#define KEY_C "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIC"
#define A "SHA256:kmYcvdi2GkPeWxB6XLjrZB8JHsy2Hm8luHMFp9GMvqk"
#define B "SHA256:RXm/ruZ0eTzRXKwi1AQEDynB0VgHQ2ac9KPSFdf/YnA"

static bool same(const struct persons *persons, const char *a, const char *b)
{
	g_autofree char *x = persons_of(persons, a), *y = persons_of(persons, b);

	return strcmp(x, y) == 0;
}

static bool one(const char *signers)
{
	g_autoptr(persons_auto) persons = persons_new();

	persons_read_signers(persons, signers, strlen(signers));
	return same(persons, A, B);
}

static void test_lists(void)
{
	static const struct {
		const char *signers;
		bool one;
	} rows[] = {
		{"", false},
		{"a " KEY_A "\nb " KEY_B "\n", false},
		{"a " KEY_A "\na " KEY_B "\n", true},
		{"a " KEY_A "\nA " KEY_B, true},
		{"x,a " KEY_A " comment of mine\r\na,y " KEY_B " yours\r\n", true},
		{" \ta\tnamespaces=\"git,a b\",valid-after=\"20200101\" " KEY_A "\na " KEY_B, true},
		{"\"a,c\" " KEY_A "\nc namespaces=\"x \\\" y\" " KEY_B, true},
		{"a " KEY_A "\nb " KEY_B "\na,b " KEY_C, true},
		{"a " KEY_A "\nb " KEY_B "\na " KEY_C "\nb " KEY_C, true},
		{"a,b " KEY_C "\na " KEY_A "\nb " KEY_B, true},
		{"a " KEY_A "\nb " KEY_B "\na,b cert-authority " KEY_C, false},
		{"a " KEY_A "\nb " KEY_B "\na,b namespaces=\"git\",Cert-Authority " KEY_C, false},
		{"a " KEY_A "\nb " KEY_B "\na,b namespaces=\",cert-authority\" " KEY_C, true},
		{"a " KEY_A "\nb " KEY_B "\n#a,b " KEY_C, false},
		{"a " KEY_A "\nb " KEY_B "\na,!b " KEY_C, false},
		{"a " KEY_A "\nb " KEY_B "\na,b ssh-rsa AAAA\na,b\na,b ssh-ed25519\n,, x y z",
		 false},
		{"*@a " KEY_A "\n*@a " KEY_B, true},
		{"key " KEY_A "\nkey " KEY_B, true},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_test_message("%s", rows[i].signers);
		g_assert_cmpint(one(rows[i].signers), ==, rows[i].one);
	}
}

static void test_unite(void)
{
	g_autoptr(persons_auto) persons = persons_new();

	g_assert_true(same(persons, "1", "1"));
	g_assert_false(same(persons, "1", "2"));
	persons_unite(persons, "1", "Alice@example.org");
	persons_unite(persons, "2", "alice@example.ORG");
	g_assert_true(same(persons, "1", "2"));
	persons_unite(persons, "3", "bob");
	g_assert_false(same(persons, "1", "3"));
	persons_unite(persons, "3", "alice@example.org");
	persons_unite(persons, "3", "alice@example.org");
	g_assert_true(same(persons, "2", "3"));
	g_assert_false(same(persons, "4", "3"));
	persons_unite(persons, "4", "key 3");
	g_assert_false(same(persons, "4", "3"));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/person/lists-of-signers", test_lists);
	g_test_add_func("/person/unite", test_unite);
	return g_test_run();
}
