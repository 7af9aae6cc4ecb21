/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/* A configuration in a folder of its own, with two approvers. */
#include "base/conf.h"
#include "signer-line.h"
#include "temp-dir.h"

struct place {
	char *dir, *file;
};

static struct place place_new(const char *text)
{
	struct place p = {.dir = temp_new()};
	g_autofree char *alice = seed_signer_line("alice", 1);
	g_autofree char *bob = seed_signer_line("bob", 2);
	g_autofree char *both = g_strconcat(alice, bob, NULL);

	g_free(temp_file(p.dir, "allowed_signers", both));
	p.file = temp_file(p.dir, "assentd.yaml", text);
	return p;
}

static void place_free(struct place *p)
{
	temp_free(p->dir);
	g_free(p->file);
}

static struct conf *load(const struct place *p, char **problems)
{
	struct diag_list diags;
	g_autoptr(GError) error = NULL;
	struct conf *conf;

	diag_list_init(&diags);
	conf = conf_load(p->file, &diags, &error);
	g_assert_no_error(error);
	*problems = diag_text(&diags);
	g_assert_cmpint(conf == NULL, ==, diags.items->len > 0);
	diag_list_clear(&diags);
	return conf;
}

static struct conf *load_good(const struct place *p)
{
	g_autofree char *problems = NULL;
	struct conf *conf = load(p, &problems);

	g_assert_cmpstr(problems, ==, "");
	return conf;
}

#define PEOPLE "people:\n  alice: {email: [alice@example.org], user: alice}\n  bob: {}\n"
