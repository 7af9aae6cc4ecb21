/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any bytes as an approver list: every signer of an accepted one is whole and has its own key. */
#include <glib.h>
#include <string.h>

#include "core/signers.h"
#include "fuzz.h"

const char *const fuzz_corpus[] = {"signers", "vectors/sshsig", NULL};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree char *text = g_strndup((const char *)data, size);
	struct signers *list = NULL;

	if (signers_parse(&list, (const char *)data, size, NULL) != 0) {
		g_assert(list == NULL);
		return 0;
	}
	for (size_t i = 0; i < list->count; i++) {
		const struct signer *s = &list->items[i];

		g_assert(s->principal[0] != '\0' && s->namespaces[0] != '\0');
		g_assert(strpbrk(s->principal, " *?!,\"") == NULL);
		g_assert(strstr(text, s->principal) != NULL);
		g_assert(signers_has_principal(list, s->principal));
		for (size_t j = 0; j < i; j++) {
			g_assert(list->items[j].line == s->line ||
				 memcmp(list->items[j].key.pk, s->key.pk, sizeof(s->key.pk)) != 0);
		}
	}
	signers_free(list);
	return 0;
}
