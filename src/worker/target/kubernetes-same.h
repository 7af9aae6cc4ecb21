/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * What is remembered between two plans, so that an object that stands as it was
 * asked for costs no dry run: that one left nothing to change, by a digest of
 * what was asked (cluster, who asks, object, body) and one of what was there (uid,
 * resourceVersion).
 *
 * Only plans use it, never the look before an apply. It can leave out a dry run
 * and nothing else. What a dry run depends on besides (defaults, webhooks, rights)
 * may change, so it is believed for SAME_SECONDS and then asked again, however often
 * it was of use. The file may be deleted at any time; one that is damaged is an
 * empty one. There are no Secrets in it, and of others digests alone.
 */
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/hash.h"

#define SAME_SECONDS 600

struct same_cache;
/* Never fails. now: POSIX seconds, before anything is looked at. */
struct same_cache *same_cache_load(const char *file, int64_t now);
void same_cache_free(struct same_cache *cache);
typedef struct same_cache same_cache_auto;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(same_cache_auto, same_cache_free)
/* Writes what may still be believed, if anything is new. */
bool same_cache_store(struct same_cache *cache, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Is anything known of what was asked? Then it is worth to look what is there first. */
bool same_cache_may_have(const struct same_cache *cache, const struct hash *asked);
bool same_cache_has(const struct same_cache *cache, const struct hash *asked,
		    const struct hash *seen);
void same_cache_put(struct same_cache *cache, const struct hash *asked, const struct hash *seen);
