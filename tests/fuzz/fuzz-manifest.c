/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any bytes as a manifest, and as a file that it includes: a good desired state or diagnostics. */
#include <glib.h>

#include "../unit/memory-reader.h"
#include "desired/desired.h"
#include "fuzz.h"

const char *const fuzz_corpus[] = {"manifests/bad", "manifests/good", NULL};

static void check_path(const struct desired *d, const struct desired_resource *r)
{
	g_assert(r->path[0] == '/' && strstr(r->path, "/../") == NULL);
	g_assert(!g_str_has_suffix(r->path, "/") && !g_str_has_suffix(r->path, "/.."));
	g_assert(desired_declares(d, r->path));
	g_assert(r->kind != DESIRED_LINK || r->link != NULL);
	g_assert(r->kind != DESIRED_TREE || r->entries != NULL);
	g_assert(r->kind != DESIRED_FILE || r->content.bytes != NULL || r->content.path != NULL);
}

static void check_exec(const struct desired_exec *e)
{
	g_assert(e->run != NULL && e->run[0] != NULL && e->run[0][0] != '-');
	g_assert(strchr(e->run[0], '/') == NULL || e->run[0][0] == '/');
	g_assert(e->unless == NULL || e->unless[0] != NULL);
	for (char **text = e->env; text != NULL && *text != NULL; text++) {
		g_assert(strchr(*text, '=') != NULL && !g_str_has_prefix(*text, "LD_"));
	}
	g_assert(e->timeout > 0 && e->output > 0);
}

static void check_act(const struct desired_resource *r)
{
	g_assert(r->path == NULL && r->name[0] != '-' && strchr(r->name, '/') == NULL);
	g_assert(strpbrk(r->name, " *?;&|$`'\"\n") == NULL && strlen(r->name) <= 255);
	g_assert((r->kind == DESIRED_COMMAND) == (r->exec != NULL));
	if (r->exec != NULL) {
		check_exec(r->exec);
		g_assert(r->exec->unless != NULL || r->exec->creates != NULL || r->only_notified);
	}
}

/* What a resource comes after stands earlier, what it notifies later. */
static void check_order(const struct desired *d)
{
	GHashTable *seen = g_hash_table_new(g_str_hash, g_str_equal);

	for (guint i = 0; i < d->resources->len; i++) {
		const struct desired_resource *r = d->resources->pdata[i];

		g_assert(r->position == i);
		for (char **id = r->after; id != NULL && *id != NULL; id++) {
			g_assert(g_hash_table_contains(seen, *id));
		}
		for (char **id = r->notify; id != NULL && *id != NULL; id++) {
			g_assert(!g_hash_table_contains(seen, *id));
		}
		g_assert(g_hash_table_add(seen, r->id));
	}
	g_hash_table_unref(seen);
}

static void check(const struct desired *d)
{
	for (guint i = 0; i < d->resources->len; i++) {
		const struct desired_resource *r = d->resources->pdata[i];

		if (r->kind < DESIRED_PACKAGE) {
			check_path(d, r);
		} else {
			check_act(r);
		}
	}
	for (guint i = 0; i < d->checks->len; i++) {
		const struct desired_check *c = d->checks->pdata[i];

		g_assert((c->kind == DESIRED_CHECK_COMMAND) == (c->exec != NULL));
		if (c->exec != NULL) {
			check_exec(c->exec);
		}
	}
	check_order(d);
	g_assert(d->resources->len > 0);
}

static void load(const uint8_t *data, size_t size, bool included)
{
	static const char includer[] = "include: a.yaml\nresources: [{link: /l, to: x}]\n";
	const struct desired_env env = {.agent = "web1", .stack = "web", .home = "/home/me"};
	struct memory_reader m;
	struct diag_list diags = {0};
	struct desired *d = NULL;
	GError *error = NULL;
	bool good;

	memory_reader_init(&m);
	memory_reader_add(&m, included ? "a.yaml" : DESIRED_MANIFEST, READER_FILE, data, size);
	if (included) {
		memory_reader_add(&m, DESIRED_MANIFEST, READER_FILE, includer, strlen(includer));
	}
	memory_reader_add(&m, "app.tmpl", READER_FILE, data, size);
	memory_reader_add(&m, "app.conf", READER_FILE, "a\n", 2);
	memory_reader_add(&m, "www/index.html", READER_FILE, "p\n", 2);
	diag_list_init(&diags);
	good = desired_load(&m.reader, "", &env, &d, &diags, &error);
	g_assert_no_error(error);
	g_assert(good == (diags.items->len == 0));
	if (good) {
		check(d);
	}
	desired_free(d);
	diag_list_clear(&diags);
	memory_reader_clear(&m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	load(data, size, false);
	load(data, size, true);
	return 0;
}
