/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Limits of number, time and rate. */
#include "agent/http/gate.h"

#include <sodium.h>
#include <string.h>

#define BUCKET_SETS 1024 /* of WAYS peers each; a set's least recent peer makes place */
#define WAYS 4
#define MINUTE (60 * G_USEC_PER_SEC)

struct visit {
	struct net_address peer, key;
	bool is_free, is_cut;
	int fd;
	gint64 until;
	GQueue *queue; /* the one it stands in, or NULL */
	GList link;
};

struct bucket {
	struct net_address key;
	gint64 filled; /* when; 0: nobody's */
	gint64 credit; /* microseconds, a request costs MINUTE / rate */
	unsigned denied;
};

struct gate {
	struct gate_limits limits;
	GHashTable *counts; /* struct net_address to a number of connections */
	unsigned visits;
	GQueue asking, answering; /* the first one's time is up first */
	uint8_t seed[crypto_shorthash_KEYBYTES];
	struct bucket buckets[BUCKET_SETS][WAYS];
};

static guint hash_key(gconstpointer key)
{
	guint parts[4];

	memcpy(parts, key, sizeof(parts));
	return parts[0] ^ parts[1] * 31 ^ parts[2] * 1009 ^ parts[3] * 65599;
}

static gboolean equal_keys(gconstpointer a, gconstpointer b)
{
	return memcmp(a, b, sizeof(struct net_address)) == 0;
}

static struct net_address key_of(const struct net_address *peer)
{
	static const uint8_t v4[12] = {[10] = 0xff, [11] = 0xff};
	struct net_address key = *peer;

	if (memcmp(key.bytes, v4, sizeof(v4)) != 0) {
		memset(key.bytes + 8, 0, 8);
	}
	return key;
}

struct gate *gate_new(const struct gate_limits *limits)
{
	struct gate *gate = g_new0(struct gate, 1);

	g_assert(sodium_init() >= 0);
	gate->limits = *limits;
	gate->counts = g_hash_table_new_full(hash_key, equal_keys, g_free, NULL);
	g_queue_init(&gate->asking);
	g_queue_init(&gate->answering);
	randombytes_buf(gate->seed, sizeof(gate->seed)); // nobody can choose whose place to take
	return gate;
}

void gate_free(struct gate *gate)
{
	if (gate == NULL) {
		return;
	}
	g_assert(gate->visits == 0);
	g_hash_table_unref(gate->counts);
	g_free(gate);
}

unsigned gate_visits(const struct gate *gate)
{
	return gate->visits;
}

const struct net_address *gate_peer(const struct visit *visit)
{
	return &visit->peer;
}

static unsigned count_of(const struct gate *gate, const struct net_address *key)
{
	return GPOINTER_TO_UINT(g_hash_table_lookup(gate->counts, key));
}

static void set_count(struct gate *gate, const struct net_address *key, unsigned count)
{
	if (count == 0) {
		g_hash_table_remove(gate->counts, key);
	} else {
		g_hash_table_insert(gate->counts, g_memdup2(key, sizeof(*key)),
				    GUINT_TO_POINTER(count));
	}
}

bool gate_admits(const struct gate *gate, const struct net_address *peer, bool is_free)
{
	struct net_address key = key_of(peer);

	if (!is_free && count_of(gate, &key) >= gate->limits.peer_connections) {
		return false;
	}
	return gate->visits < gate->limits.connections || gate->asking.length > 0;
}

static void move(struct visit *visit, GQueue *to, gint64 until)
{
	if (visit->queue != NULL) {
		g_queue_unlink(visit->queue, &visit->link);
	}
	visit->queue = to;
	visit->until = until;
	if (to != NULL) {
		g_queue_push_tail_link(to, &visit->link);
	}
}

static void cut_visit(struct visit *visit, gate_cut cut, void *user)
{
	move(visit, NULL, 0);
	visit->is_cut = true;
	cut(visit->fd, user);
}

struct visit *gate_enter(struct gate *gate, const struct net_address *peer, bool is_free, int fd,
			 gint64 now, gate_cut cut, void *user)
{
	struct visit *visit = g_new0(struct visit, 1);

	if (gate->visits >= gate->limits.connections && gate->asking.length > 0) {
		cut_visit(gate->asking.head->data, cut, user);
	}
	visit->peer = *peer;
	visit->key = key_of(peer);
	visit->is_free = is_free;
	visit->fd = fd;
	visit->link.data = visit;
	gate->visits++;
	if (!is_free) {
		set_count(gate, &visit->key, count_of(gate, &visit->key) + 1);
	}
	move(visit, &gate->asking, now + gate->limits.ask);
	return visit;
}

void gate_answering(struct gate *gate, struct visit *visit, gint64 now)
{
	if (!visit->is_cut) {
		move(visit, &gate->answering, now + gate->limits.answer);
	}
}

void gate_asking(struct gate *gate, struct visit *visit, gint64 now)
{
	if (!visit->is_cut) {
		move(visit, &gate->asking, now + gate->limits.ask);
	}
}

void gate_leave(struct gate *gate, struct visit *visit)
{
	move(visit, NULL, 0);
	gate->visits--;
	if (!visit->is_free) {
		set_count(gate, &visit->key, count_of(gate, &visit->key) - 1);
	}
	g_free(visit);
}

static unsigned sweep(GQueue *queue, gint64 now, gate_cut cut, void *user)
{
	unsigned n = 0;

	while (queue->length > 0 && ((struct visit *)queue->head->data)->until <= now) {
		cut_visit(queue->head->data, cut, user);
		n++;
	}
	return n;
}

unsigned gate_sweep(struct gate *gate, gint64 now, gate_cut cut, void *user)
{
	return sweep(&gate->asking, now, cut, user) + sweep(&gate->answering, now, cut, user);
}

static struct bucket *find_bucket(struct gate *gate, const struct net_address *key)
{
	struct bucket *oldest = NULL, *set;
	uint64_t hash;

	G_STATIC_ASSERT(sizeof(hash) == crypto_shorthash_BYTES);
	crypto_shorthash((uint8_t *)&hash, key->bytes, sizeof(key->bytes), gate->seed);
	set = gate->buckets[hash % BUCKET_SETS];
	for (unsigned i = 0; i < WAYS; i++) {
		if (set[i].filled != 0 && equal_keys(&set[i].key, key)) {
			return &set[i];
		}
		if (oldest == NULL || set[i].filled < oldest->filled) {
			oldest = &set[i];
		}
	}
	*oldest = (struct bucket){.key = *key};
	return oldest;
}

bool gate_take(struct gate *gate, const struct net_address *peer, gint64 now, unsigned *denied)
{
	struct net_address key = key_of(peer);
	struct bucket *bucket = find_bucket(gate, &key);
	gint64 cost = MINUTE / gate->limits.rate;
	gint64 full = cost * gate->limits.burst;

	bucket->credit =
		bucket->filled == 0 ? full : MIN(full, bucket->credit + now - bucket->filled);
	bucket->filled = now;
	if (bucket->credit < cost) {
		*denied = ++bucket->denied;
		return false;
	}
	bucket->credit -= cost;
	*denied = bucket->denied;
	bucket->denied = 0;
	return true;
}
