/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which objects a dry run would leave as they are. */
#include "worker/target/kubernetes-same.h"

#include <sodium.h>
#include <string.h>

#include "base/file.h"

#define MAGIC "assent-same 1\n"
#define MAGIC_SIZE (sizeof(MAGIC) - 1)
#define HEAD_SIZE (MAGIC_SIZE + crypto_shorthash_BYTES)
#define MAX_ENTRIES 200000
#define MAX_FILE (HEAD_SIZE + MAX_ENTRIES * sizeof(struct entry))

/* As it lies in the file, of this machine's byte order. */
struct entry {
	struct hash asked, seen;
	int64_t time;
};
struct same_cache {
	char *file;
	int64_t now;
	bool dirty;
	GHashTable *entries; /* struct entry, by what was asked */
};

static guint entry_hash(gconstpointer data)
{
	guint out;

	memcpy(&out, data, sizeof(out));
	return out;
}

static gboolean entry_equal(gconstpointer a, gconstpointer b)
{
	return hash_equal(a, b);
}

/* A clock that was set back has not seen the future. */
static bool is_believed(const struct same_cache *cache, const struct entry *entry)
{
	return entry->time <= cache->now && cache->now - entry->time < SAME_SECONDS;
}

static void add(struct same_cache *cache, const struct entry *entry)
{
	struct entry *own = g_new(struct entry, 1);

	*own = *entry;
	g_hash_table_replace(cache->entries, &own->asked, own);
}

/* Against a torn write only: who may write the file may write the rest of the state, too. */
static void check_sum(unsigned char *out, const void *data, size_t len)
{
	static const unsigned char key[crypto_shorthash_KEYBYTES];

	crypto_shorthash(out, data, len, key);
}

/* The magic, the check sum of the rest, the rest. */
static void read_file(struct same_cache *cache)
{
	unsigned char have[crypto_shorthash_BYTES];
	g_autofree char *text = NULL;
	size_t len;

	if (!file_read(cache->file, MAX_FILE, &text, &len, NULL) || len < HEAD_SIZE ||
	    (len - HEAD_SIZE) % sizeof(struct entry) != 0 || memcmp(text, MAGIC, MAGIC_SIZE) != 0) {
		return;
	}
	check_sum(have, text + HEAD_SIZE, len - HEAD_SIZE);
	if (memcmp(have, text + MAGIC_SIZE, sizeof(have)) != 0) {
		return;
	}
	for (size_t at = HEAD_SIZE; at < len; at += sizeof(struct entry)) {
		struct entry entry;

		memcpy(&entry, text + at, sizeof(entry));
		if (is_believed(cache, &entry)) {
			add(cache, &entry);
		}
	}
}

struct same_cache *same_cache_load(const char *file, int64_t now)
{
	struct same_cache *cache = g_new0(struct same_cache, 1);

	cache->file = g_strdup(file);
	cache->now = now;
	/* The digest of what was asked is the beginning of an entry. */
	cache->entries = g_hash_table_new_full(entry_hash, entry_equal, NULL, g_free);
	read_file(cache);
	return cache;
}

void same_cache_free(struct same_cache *cache)
{
	if (cache == NULL) {
		return;
	}
	g_hash_table_unref(cache->entries);
	g_free(cache->file);
	g_free(cache);
}

bool same_cache_store(struct same_cache *cache, GError **error)
{
	g_autoptr(GByteArray) out = NULL;
	GHashTableIter iter;
	gpointer value;

	if (!cache->dirty) {
		return true;
	}
	out = g_byte_array_new();
	g_byte_array_append(out, (const guint8 *)MAGIC, MAGIC_SIZE);
	g_byte_array_set_size(out, HEAD_SIZE);
	g_hash_table_iter_init(&iter, cache->entries);
	while (out->len < MAX_FILE && g_hash_table_iter_next(&iter, NULL, &value)) {
		g_byte_array_append(out, value, sizeof(struct entry));
	}
	check_sum(out->data + MAGIC_SIZE, out->data + HEAD_SIZE, out->len - HEAD_SIZE);
	/* A torn file has another sum and counts as none. */
	return file_replace_unsynced(cache->file, out->data, out->len, 0600, error);
}

bool same_cache_may_have(const struct same_cache *cache, const struct hash *asked)
{
	return g_hash_table_contains(cache->entries, asked);
}

bool same_cache_has(const struct same_cache *cache, const struct hash *asked,
		    const struct hash *seen)
{
	const struct entry *entry = g_hash_table_lookup(cache->entries, asked);

	return entry != NULL && hash_equal(&entry->seen, seen);
}

void same_cache_put(struct same_cache *cache, const struct hash *asked, const struct hash *seen)
{
	const struct entry entry = {.asked = *asked, .seen = *seen, .time = cache->now};

	add(cache, &entry);
	cache->dirty = true;
}
