/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any bytes as an SSH signature, a key, or a signed commit. */
#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "core/gitsig.h"
#include "core/sshsig.h"
#include "fuzz.h"

const char *const fuzz_corpus[] = {"vectors/sshsig", "vectors/keys", "vectors/git", NULL};

static void try_key(const char *line)
{
	struct ssh_key key, again;
	char *text = NULL;
	uint8_t *blob = NULL;
	size_t len;

	if (ssh_key_parse_line(&key, line, NULL) != 0) {
		return;
	}
	g_assert(ssh_key_line(&text, &key, NULL) == 0);
	g_assert(g_str_has_prefix(line, text));
	g_assert(ssh_key_to_blob(&key, &blob, &len, NULL) == 0);
	g_assert(ssh_key_from_blob(&again, blob, len, NULL) == 0);
	g_assert(ssh_key_equal(&key, &again));
	free(blob);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree char *text = g_strndup((const char *)data, size);
	struct gitsig commit = {0};
	struct sshsig sig, again;
	char *armor = NULL;

	if (sshsig_parse(&sig, (const char *)data, size, NULL) == 0) {
		g_assert(sshsig_armor(&armor, &sig, NULL) == 0);
		g_assert(sshsig_parse(&again, armor, strlen(armor), NULL) == 0);
		g_assert(ssh_key_equal(&sig.key, &again.key));
		g_assert(sshsig_verify(&sig, sig.ns, data, size, NULL) <= 0);
		free(armor);
	}
	if (gitsig_parse(&commit, (const char *)data, size, NULL) == 0) {
		g_assert(commit.payload_len + commit.armor_len <= size);
		gitsig_clear(&commit);
	}
	try_key(text);
	return 0;
}
