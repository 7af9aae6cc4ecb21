/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Many small packs become one. Only packs that are together at least half as
 * large as the next larger one are touched, so that a large repository is not
 * written anew every MIRROR_PACKS fetches.
 */
#include "worker/source/mirror.h"

#include "worker/source/repo.h"

#include "base/error.h"

#include <errno.h>
#include <git2/sys/odb_backend.h>
#include <glib/gstdio.h>
#include <string.h>

struct pack {
	char *idx; /* path */
	goffset size;
};

static void pack_clear(void *item)
{
	g_free(((struct pack *)item)->idx);
}

static int by_size(gconstpointer a, gconstpointer b)
{
	const struct pack *x = a, *y = b;

	return (x->size > y->size) - (x->size < y->size);
}

/* The pack that belongs to an index. */
static char *pack_path(const char *idx)
{
	return g_strdup_printf("%.*s.pack", (int)(strlen(idx) - strlen(".idx")), idx);
}

static bool list_packs(const char *folder, GArray *packs, GError **error)
{
	g_autoptr(GDir) dir = g_dir_open(folder, 0, error);
	const char *name;

	if (dir == NULL) {
		return false;
	}
	while ((name = g_dir_read_name(dir)) != NULL) {
		struct pack pack = {0};
		g_autofree char *path = NULL;
		GStatBuf st;

		if (!g_str_has_suffix(name, ".idx")) {
			continue;
		}
		pack.idx = g_build_filename(folder, name, NULL);
		path = pack_path(pack.idx);
		if (g_stat(path, &st) < 0) {
			fail_errno(error, "cannot look at '%s'", path);
			pack_clear(&pack);
			return false;
		}
		pack.size = st.st_size;
		g_array_append_val(packs, pack);
	}
	g_array_sort(packs, by_size);
	return true;
}

/* How many of the packs, smallest first, are to become one. */
static unsigned choose(const GArray *packs)
{
	goffset sum = 0;
	unsigned count = 0;

	for (unsigned i = 0; i < packs->len; i++) {
		goffset size = g_array_index(packs, struct pack, i).size;

		if (size > 2 * sum && i >= MIRROR_PACKS / 2) {
			break;
		}
		sum += size;
		count = i + 1;
	}
	return count;
}

struct insertion {
	git_packbuilder *builder;
	unsigned count;
};

static int insert_one(const git_oid *oid, void *payload)
{
	struct insertion *insertion = payload;

	insertion->count++;
	return git_packbuilder_insert(insertion->builder, oid, NULL);
}

static int insert_pack(struct insertion *insertion, const char *idx)
{
	g_autoptr(git_odb_auto) odb = NULL;
	git_odb_backend *backend = NULL;
	int code = git_odb_new(&odb);

	code = code < 0 ? code : git_odb_backend_one_pack(&backend, idx);
	if (code < 0) {
		return code;
	}
	code = git_odb_add_backend(odb, backend, 1);
	if (code < 0) {
		backend->free(backend);
		return code;
	}
	return git_odb_foreach(odb, insert_one, insertion);
}

static int count_one(const git_oid *oid, void *payload)
{
	++*(unsigned *)payload;
	return 0;
}

/* The new pack holds as many objects as were put into it; libgit2 has checked their names. */
static bool check_new(const char *idx, size_t expected, GError **error)
{
	g_autoptr(git_odb_auto) odb = NULL;
	git_odb_backend *backend = NULL;
	unsigned count = 0;
	int code = git_odb_new(&odb);

	code = code < 0 ? code : git_odb_backend_one_pack(&backend, idx);
	code = code < 0 ? code : git_odb_add_backend(odb, backend, 1);
	code = code < 0 ? code : git_odb_foreach(odb, count_one, &count);
	if (code < 0) {
		return fail_git(error, code, "cannot read the new pack '%s'", idx);
	}
	return count == expected ||
	       fail(error, BASE_ERROR, BASE_ERROR_FAILED,
		    "the new pack '%s' has %u objects, not %zu", idx, count, expected);
}

/* The index first: a pack without one is a leftover that mirror_clean() removes. */
static bool remove_packs(const GArray *packs, unsigned count, const char *keep, GError **error)
{
	for (unsigned i = 0; i < count; i++) {
		const char *idx = g_array_index(packs, struct pack, i).idx;
		g_autofree char *path = pack_path(idx);

		if (strcmp(idx, keep) == 0) {
			continue;
		}
		if (g_unlink(idx) < 0 || g_unlink(path) < 0) {
			return fail_errno(error, "cannot remove the old pack '%s'", path);
		}
	}
	return true;
}

static bool build(git_repository *repository, const char *folder, const GArray *packs,
		  unsigned count, GError **error)
{
	g_autoptr(git_packbuilder_auto) builder = NULL;
	g_autofree char *idx = NULL;
	struct insertion insertion = {0};
	int code = git_packbuilder_new(&builder, repository);

	insertion.builder = builder;
	for (unsigned i = 0; code == 0 && i < count; i++) {
		code = insert_pack(&insertion, g_array_index(packs, struct pack, i).idx);
	}
	code = code < 0 ? code : git_packbuilder_write(builder, folder, 0, NULL, NULL);
	if (code < 0) {
		return fail_git(error, code, "cannot join the mirror's packs");
	}
	idx = g_strdup_printf("%s/pack-%s.idx", folder, git_packbuilder_name(builder));
	return check_new(idx, git_packbuilder_object_count(builder), error) &&
	       remove_packs(packs, count, idx, error);
}

bool mirror_repack(const char *path, GError **error)
{
	g_autoptr(git_repository_auto) repository = NULL;
	g_autofree char *folder = g_build_filename(path, "objects", "pack", NULL);
	g_autoptr(GArray) packs = g_array_new(FALSE, TRUE, sizeof(struct pack));

	g_array_set_clear_func(packs, pack_clear);
	if (!list_packs(folder, packs, error)) {
		return false;
	}
	if (packs->len < MIRROR_PACKS) {
		return true;
	}
	/* Opened anew: what an older handle knows of the packs is out of date. */
	return repo_open(path, &repository, error) &&
	       build(repository, folder, packs, choose(packs), error);
}
