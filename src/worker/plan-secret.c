/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Secrets of a plan: opened in memory, told by a keyed digest, stored sealed. */
#include "worker/plan.h"

#include <string.h>

#include "base/error.h"
#include "base/objects.h"

bool plan_secret_keys(struct planner *p, GError **error)
{
	if (p->keys != NULL) {
		return true;
	}
	if (p->seal_key == NULL) {
		return fail(error, BASE_ERROR, BASE_ERROR_FAILED, "the agent has no sealing keys");
	}
	return seal_keys_load(p->seal_key, false, &p->keys, error);
}

bool plan_unseal(const char *text, size_t len, const char *where, struct seal_bytes **out,
		 void *data, GError **error)
{
	struct planner *p = data;

	return plan_secret_keys(p, error) &&
	       seal_take(text, len, p->keys, p->env.agent, p->env.stack, where, out, error);
}

static bool mark(struct planner *p, const char *path, GError **error)
{
	return plan_secret_keys(p, error) &&
	       observer_secret(p->observer, path, p->keys, seal_keys_id(p->keys, 0), error);
}

static bool mark_all(struct planner *p, const struct desired *desired, GHashTable *marked,
		     GError **error)
{
	for (guint i = 0; i < desired->resources->len; i++) {
		const struct desired_resource *r = desired->resources->pdata[i];

		if (r->kind != DESIRED_FILE || !r->content.secret) {
			continue;
		}
		if (!mark(p, r->path, error)) {
			return false;
		}
		g_hash_table_add(marked, g_strdup(r->path));
	}
	return true;
}

/* What one of the last commits had as a secret is one in this plan, whatever is wanted now. */
static bool mark_applied(struct planner *p, GError **error)
{
	g_autoptr(GPtrArray) paths = NULL;

	if (plan_applied(p) == NULL) {
		return true;
	}
	paths = applied_secrets(plan_applied(p));
	for (guint i = 0; i < paths->len; i++) {
		if (!mark(p, paths->pdata[i], error)) {
			return false;
		}
		g_hash_table_add(p->secrets, g_strdup(paths->pdata[i]));
	}
	return true;
}

bool plan_secrets(struct planner *p, GError **error)
{
	bool moved = strcmp(p->base, p->commit) != 0;

	if (!mark_all(p, p->desired, p->secrets, error)) {
		return false;
	}
	if (moved && p->base[0] != '\0' && plan_base(p) != NULL &&
	    !mark_all(p, plan_base(p), p->secrets, error)) {
		return false;
	}
	return !moved || mark_applied(p, error);
}

bool plan_is_secret(const struct planner *p, const char *path)
{
	return g_hash_table_contains(p->secrets, path);
}

/* The content that is wanted, in guarded memory; and the sealed text, when the repository has it
 * and it is wanted. */
static bool open_content(struct planner *p, const struct want *want, struct seal_bytes **out,
			 char **sealed, size_t *sealed_len, GError **error)
{
	const struct desired_content *content = want->content;
	char *bytes = NULL;
	size_t len;
	bool ok;

	if (content->sealed) {
		ok = reader_read(p->reader, content->path, SEAL_MAX_SIZE, &bytes, &len, error) &&
		     plan_unseal(bytes, len, want->path, out, p, error);
		if (ok && sealed != NULL) {
			*sealed = g_steal_pointer(&bytes);
			*sealed_len = len;
		}
		g_free(bytes);
		return ok;
	}
	if (content->bytes != NULL) {
		*out = seal_bytes_new(g_bytes_get_data(content->bytes, &len),
				      g_bytes_get_size(content->bytes));
		return true;
	}
	if (!plan_content(p, want, &bytes, &len, error)) {
		return false;
	}
	*out = seal_bytes_new(bytes, len);
	g_free(bytes);
	return true;
}

bool plan_secret_digest(struct planner *p, const struct want *want, struct plan_state *out,
			GError **error)
{
	g_autoptr(seal_bytes_auto) bytes = NULL;
	g_autoptr(GError) problem = NULL;
	struct seal_digest digest;
	const char *content;
	size_t len;

	if (!open_content(p, want, &bytes, NULL, NULL, &problem)) {
		if (want->content->sealed) {
			plan_fail(p, want, "secret '%s': %s", want->content->path,
				  problem->message);
			return true;
		}
		g_propagate_error(error, g_steal_pointer(&problem));
		return false;
	}
	if (!seal_digest_begin(&digest, p->keys, seal_keys_id(p->keys, 0))) {
		return fail(error, BASE_ERROR, BASE_ERROR_FAILED, "no sealing key");
	}
	content = seal_bytes_get(bytes, &len);
	seal_digest_update(&digest, content, len);
	seal_digest_end(&digest, &out->digest);
	out->keyed = seal_keys_id(p->keys, 0);
	out->size = 0;
	return true;
}

bool plan_secret_seal(struct planner *p, const char *where, const char *content, size_t len,
		      char **text, size_t *text_len, GError **error)
{
	g_autofree char *label = g_strdup_printf("%s/%s:%s", p->env.agent, p->env.stack, where);
	struct seal_public own;

	seal_keys_public(p->keys, 0, &own);
	/* A pattern's signs in a path fit themselves; bytes that are no text would not. */
	if (!seal_label_is_valid(label)) {
		g_clear_pointer(&label, g_free);
	}
	return seal_write(&own, 1, label, content, len, text, text_len, error);
}

bool plan_secret_store(struct planner *p, struct plan_item *item, GError **error)
{
	struct plan_state *desired = &item->change.desired;
	g_autoptr(seal_bytes_auto) bytes = NULL;
	g_autofree char *text = NULL;
	char name[HASH_TEXT_SIZE];
	struct hash digest;
	const char *content;
	size_t len = 0, content_len;

	if (!open_content(p, item->want, &bytes, &text, &len, error)) {
		return false;
	}
	content = seal_bytes_get(bytes, &content_len);
	if ((text == NULL &&
	     !plan_secret_seal(p, item->change.path, content, content_len, &text, &len, error)) ||
	    !objects_store_unsynced(p->objects, text, len, &digest, error)) {
		return false;
	}
	hash_text(name, &digest);
	desired->sealed = plan_keep(p, name);
	return true;
}
