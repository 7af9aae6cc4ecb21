/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Digests remembered between plans. */
#include "worker/target/observe-cache.h"

#include <sodium.h>
#include <string.h>

#include "base/file.h"

#define MAGIC "assent-cache 2\n"
#define MAGIC_SIZE (sizeof(MAGIC) - 1)
#define HEAD_SIZE (MAGIC_SIZE + crypto_shorthash_BYTES)
#define MAX_FILE ((size_t)256 << 20)
#define RACY_SECONDS 2

/* As it lies in the file, of this machine's byte order; a name and NUL follow. */
struct record {
	uint64_t dev, ino;
	int64_t size, mtime, ctime;
	uint32_t mtime_ns, ctime_ns;
	uint32_t mode, uid, gid;
	uint32_t has_xattrs;
	uint32_t is_blob;
	uint32_t name_len;
	struct hash content, xattrs;
};
struct entry {
	struct record record;
	bool used;
	char name[];
};
struct observe_cache {
	char *file;
	int64_t now;
	bool dirty;
	GHashTable *files, *blobs; /* name (in the entry) to struct entry */
};

static struct entry *add(struct observe_cache *cache, const struct record *record, const char *name)
{
	GHashTable *table = record->is_blob != 0 ? cache->blobs : cache->files;
	struct entry *entry = g_malloc(sizeof(*entry) + record->name_len + 1);

	entry->record = *record;
	entry->used = false;
	memcpy(entry->name, name, record->name_len);
	entry->name[record->name_len] = '\0';
	g_hash_table_replace(table, entry->name, entry);
	return entry;
}

static bool read_records(struct observe_cache *cache, const char *p, size_t left)
{
	while (left > 0) {
		struct record record;

		if (left < sizeof(record)) {
			return false;
		}
		memcpy(&record, p, sizeof(record));
		p += sizeof(record);
		left -= sizeof(record);
		if (record.name_len >= left || p[record.name_len] != '\0' ||
		    strlen(p) != record.name_len) {
			return false;
		}
		add(cache, &record, p);
		p += record.name_len + 1;
		left -= record.name_len + 1;
	}
	return true;
}

static void forget(struct observe_cache *cache)
{
	g_hash_table_remove_all(cache->files);
	g_hash_table_remove_all(cache->blobs);
}

/* Against a torn write only: who may write the file may write the rest of the state, too. */
static void check_sum(unsigned char *out, const void *data, size_t len)
{
	static const unsigned char key[crypto_shorthash_KEYBYTES];

	crypto_shorthash(out, data, len, key);
}

/* The magic, the check sum of the rest, the rest. */
static void read_file(struct observe_cache *cache)
{
	unsigned char have[crypto_shorthash_BYTES];
	g_autofree char *text = NULL;
	size_t len;

	if (!file_read(cache->file, MAX_FILE, &text, &len, NULL) || len < HEAD_SIZE ||
	    memcmp(text, MAGIC, MAGIC_SIZE) != 0) {
		return;
	}
	check_sum(have, text + HEAD_SIZE, len - HEAD_SIZE);
	if (memcmp(have, text + MAGIC_SIZE, sizeof(have)) != 0 ||
	    !read_records(cache, text + HEAD_SIZE, len - HEAD_SIZE)) {
		forget(cache);
	}
}

struct observe_cache *observe_cache_load(const char *file, int64_t now)
{
	struct observe_cache *cache = g_new0(struct observe_cache, 1);

	cache->file = g_strdup(file);
	cache->now = now;
	cache->files = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, g_free);
	cache->blobs = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, g_free);
	read_file(cache);
	return cache;
}

void observe_cache_forget(struct observe_cache *cache, const char *path)
{
	/* It must not stay in the file either. */
	cache->dirty = g_hash_table_remove(cache->files, path) || cache->dirty;
}

void observe_cache_free(struct observe_cache *cache)
{
	if (cache == NULL) {
		return;
	}
	g_hash_table_unref(cache->files);
	g_hash_table_unref(cache->blobs);
	g_free(cache->file);
	g_free(cache);
}

static void write_table(GHashTable *table, GByteArray *out)
{
	GHashTableIter iter;
	gpointer value;

	g_hash_table_iter_init(&iter, table);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		const struct entry *entry = value;

		if (entry->used) {
			g_byte_array_append(out, (const guint8 *)&entry->record,
					    sizeof(entry->record));
			g_byte_array_append(out, (const guint8 *)entry->name,
					    entry->record.name_len + 1);
		}
	}
}

bool observe_cache_store(struct observe_cache *cache, GError **error)
{
	g_autoptr(GByteArray) out = NULL;

	if (!cache->dirty) {
		return true;
	}
	out = g_byte_array_new();
	g_byte_array_append(out, (const guint8 *)MAGIC, MAGIC_SIZE);
	g_byte_array_set_size(out, HEAD_SIZE);
	write_table(cache->files, out);
	write_table(cache->blobs, out);
	check_sum(out->data + MAGIC_SIZE, out->data + HEAD_SIZE, out->len - HEAD_SIZE);
	/* A torn file has another sum and counts as none. */
	return file_replace_unsynced(cache->file, out->data, out->len, 0600, error);
}

static void fill(struct record *record, const struct stat *st)
{
	/* Cleared as a whole, so that no stray byte of padding reaches the disk. */
	memset(record, 0, sizeof(*record));
	record->dev = st->st_dev;
	record->ino = st->st_ino;
	record->size = st->st_size;
	record->mtime = st->st_mtim.tv_sec;
	record->mtime_ns = (uint32_t)st->st_mtim.tv_nsec;
	record->ctime = st->st_ctim.tv_sec;
	record->ctime_ns = (uint32_t)st->st_ctim.tv_nsec;
	record->mode = st->st_mode;
	record->uid = st->st_uid;
	record->gid = st->st_gid;
}

static bool same_file(const struct record *a, const struct record *b)
{
	return a->dev == b->dev && a->ino == b->ino && a->size == b->size && a->mtime == b->mtime &&
	       a->mtime_ns == b->mtime_ns && a->ctime == b->ctime && a->ctime_ns == b->ctime_ns &&
	       a->mode == b->mode && a->uid == b->uid && a->gid == b->gid;
}

bool observe_cache_find(struct observe_cache *cache, const char *path, const struct stat *st,
			struct observe_digests *out)
{
	struct entry *entry = g_hash_table_lookup(cache->files, path);
	struct record now;

	if (entry == NULL) {
		return false;
	}
	fill(&now, st);
	if (!same_file(&entry->record, &now)) {
		return false;
	}
	entry->used = true;
	out->content = entry->record.content;
	out->has_xattrs = entry->record.has_xattrs != 0;
	out->xattrs = entry->record.xattrs;
	return true;
}

void observe_cache_put(struct observe_cache *cache, const char *path, const struct stat *st,
		       const struct observe_digests *digests)
{
	int64_t newest = MAX(st->st_mtim.tv_sec, st->st_ctim.tv_sec);
	struct record record;

	if (newest >= cache->now - RACY_SECONDS) {
		return;
	}
	fill(&record, st);
	record.content = digests->content;
	record.has_xattrs = digests->has_xattrs ? 1 : 0;
	record.xattrs = digests->xattrs;
	record.name_len = (uint32_t)strlen(path);
	add(cache, &record, path)->used = true;
	cache->dirty = true;
}

bool observe_cache_find_blob(struct observe_cache *cache, const char *oid, struct hash *out)
{
	struct entry *entry = g_hash_table_lookup(cache->blobs, oid);

	if (entry == NULL) {
		return false;
	}
	entry->used = true;
	*out = entry->record.content;
	return true;
}

void observe_cache_put_blob(struct observe_cache *cache, const char *oid, const struct hash *digest)
{
	struct record record;

	memset(&record, 0, sizeof(record));
	record.is_blob = 1;
	record.content = *digest;
	record.name_len = (uint32_t)strlen(oid);
	add(cache, &record, oid)->used = true;
	cache->dirty = true;
}
