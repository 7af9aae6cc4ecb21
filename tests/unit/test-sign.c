/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of cli/sign.c: whose key is whose, and which keys are none. */
#include "cli/sign.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/autoptr.h"
#include "cli/problem.h"
#include "unit/plans.h"
#include "unit/temp-dir.h"

#define NOW PLAN_TIME

struct home {
	char *path;
	struct plan_rig rig;
};

static void home_init(struct home *h)
{
	g_autofree char *ssh = NULL;

	h->path = temp_new();
	ssh = g_build_filename(h->path, ".ssh", NULL);
	g_assert_cmpint(g_mkdir(ssh, 0700), ==, 0);
	plan_rig_init(&h->rig, 1, true);
}

static void home_clear(struct home *h)
{
	plan_rig_clear(&h->rig);
	temp_free(h->path);
}

static char *write_key(const struct home *h, const char *name, const char *line)
{
	char *path = g_build_filename(h->path, ".ssh", name, NULL);

	g_assert_true(g_file_set_contents(path, line, -1, NULL));
	return path;
}

static void write_secret(const struct home *h, const char *name, const struct secret *secret)
{
	autocfree char *line = plan_rig_key_line(secret);

	g_free(write_key(h, name, line));
}

static void test_the_own_key_tells_the_person(void)
{
	struct home h;
	g_autoptr(signing_auto) signing = NULL;
	g_autoptr(GError) error = NULL;

	home_init(&h);
	write_secret(&h, "id_ed25519.pub", h.rig.alice);
	g_assert_true(sign_choose(h.rig.signers, NULL, NULL, h.path, NOW, &signing, &error));
	g_assert_no_error(error);
	g_assert_cmpstr(signing_person(signing), ==, "alice");
	home_clear(&h);
}

static void assert_no_choice(const struct home *h, const char *person, const char *key_file,
			     const char *name)
{
	struct signing *signing = NULL;
	g_autoptr(GError) error = NULL;

	g_assert_false(
		sign_choose(h->rig.signers, person, key_file, h->path, NOW, &signing, &error));
	g_assert_nonnull(error);
	g_assert_cmpstr(problem_name(error), ==, name);
	g_assert_null(signing);
}

static void test_a_key_for_another_person_is_none(void)
{
	struct home h;

	home_init(&h);
	assert_no_choice(&h, NULL, NULL, "no-key");
	write_secret(&h, "id_ed25519.pub", h.rig.plan_key);
	assert_no_choice(&h, NULL, NULL, "no-key");
	write_secret(&h, "id_ed25519.pub", h.rig.alice);
	assert_no_choice(&h, "bob", NULL, "no-key");
	assert_no_choice(&h, "mallory", NULL, "unknown-person");
	home_clear(&h);
}

static void test_keys_of_two_people_need_a_name(void)
{
	struct home h;
	g_autoptr(signing_auto) signing = NULL;

	home_init(&h);
	write_secret(&h, "id_ed25519.pub", h.rig.alice);
	write_secret(&h, "id_ed25519_sk.pub", h.rig.bob);
	assert_no_choice(&h, NULL, NULL, "ambiguous-person");
	g_assert_true(sign_choose(h.rig.signers, "bob", NULL, h.path, NOW, &signing, NULL));
	g_assert_cmpstr(signing_person(signing), ==, "bob");
	home_clear(&h);
}

static void test_other_types_are_refused_by_name(void)
{
	static const char *const types[] = {"ssh-rsa", "ecdsa-sha2-nistp256", "ssh-dss",
					    "sk-ecdsa-sha2-nistp256@openssh.com",
					    "ssh-ed25519-cert-v01@openssh.com"};
	struct home h;

	home_init(&h);
	for (size_t i = 0; i < G_N_ELEMENTS(types); i++) {
		g_autofree char *line = g_strdup_printf("%s AAAAB3NzaC1yc2E= me\n", types[i]);
		g_autofree char *path = write_key(&h, "other.pub", line);
		struct signing *signing = NULL;
		g_autoptr(GError) error = NULL;

		g_assert_false(
			sign_choose(h.rig.signers, NULL, path, h.path, NOW, &signing, &error));
		g_assert_cmpstr(problem_name(error), ==, "key-type");
		g_assert_nonnull(strstr(error->message, types[i]));
	}
	home_clear(&h);
}

static void test_a_missing_public_key_is_explained(void)
{
	struct home h;
	g_autofree char *path = NULL;

	home_init(&h);
	path = g_build_filename(h.path, ".ssh", "nothing", NULL);
	assert_no_choice(&h, NULL, path, "no-key");
	home_clear(&h);
}

static bool check(const struct home *h, const char *person, const char *armor, const char *text)
{
	return sign_check(h->rig.signers, person, armor, strlen(armor), text, strlen(text), NOW,
			  NULL);
}

static void test_signatures_from_elsewhere_are_judged(void)
{
	static const char text[] = "{\"statement\":1}";
	struct home h;
	autocfree char *good = NULL, *other_ns = NULL;

	home_init(&h);
	g_assert_cmpint(
		secret_sshsig(h.rig.alice, SSHSIG_NS_APPROVAL, text, strlen(text), &good, NULL), ==,
		0);
	g_assert_cmpint(
		secret_sshsig(h.rig.alice, SSHSIG_NS_PLAN, text, strlen(text), &other_ns, NULL), ==,
		0);
	g_assert_true(check(&h, "alice", good, text));
	g_assert_false(check(&h, "bob", good, text));
	g_assert_false(check(&h, "alice", good, "{\"statement\":2}"));
	g_assert_false(check(&h, "alice", other_ns, text));
	g_assert_false(check(&h, "alice", "no signature", text));
	home_clear(&h);
}

int main(int argc, char **argv)
{
	g_unsetenv("SSH_AUTH_SOCK");
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/sign/the-own-key-tells-the-person", test_the_own_key_tells_the_person);
	g_test_add_func("/sign/a-key-for-another-person-is-none",
			test_a_key_for_another_person_is_none);
	g_test_add_func("/sign/keys-of-two-people-need-a-name",
			test_keys_of_two_people_need_a_name);
	g_test_add_func("/sign/other-types-are-refused-by-name",
			test_other_types_are_refused_by_name);
	g_test_add_func("/sign/a-missing-public-key-is-explained",
			test_a_missing_public_key_is_explained);
	g_test_add_func("/sign/signatures-from-elsewhere-are-judged",
			test_signatures_from_elsewhere_are_judged);
	return g_test_run();
}
