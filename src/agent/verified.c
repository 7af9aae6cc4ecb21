/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Holds what was verified against what is demanded. */
#include "agent/verified.h"

#include <string.h>

#include "base/autoptr.h"

/* Each demands what those before it do. */
static const char *const modes[] = {"none", "head", "all", NULL};

static int rank(const char *mode)
{
	int at = 0;

	while (modes[at] != NULL && strcmp(modes[at], mode) != 0) {
		at++;
	}
	return at; // what is not known is more than all of them
}

bool verified_demands(const struct conf_source *source)
{
	return source->verify != NULL && rank(source->verify) != 0;
}

bool verified_same(const struct conf_source *a, const struct conf_source *b)
{
	return g_strcmp0(a->verify, b->verify) == 0 && a->signatures == b->signatures &&
	       g_strcmp0(a->signers, b->signers) == 0 &&
	       g_strcmp0(a->revoked_keys, b->revoked_keys) == 0 &&
	       g_strcmp0(a->openpgp_keys, b->openpgp_keys) == 0;
}

static bool concerns(const struct conf_source *source, const char *reason)
{
	return verified_demands(source) &&
	       (strcmp(reason, "commit") == 0 || strcmp(reason, "try") == 0);
}

static bool suffices(const struct conf_source *source, const char *mode, int64_t signatures)
{
	return mode != NULL && rank(mode) < (int)G_N_ELEMENTS(modes) - 1 &&
	       rank(mode) >= rank(source->verify) && signatures >= source->signatures;
}

bool verified_commits(const struct conf_source *source, const char *reason, const char *commits,
		      size_t len)
{
	g_autoptr(json_doc_auto) doc = NULL;
	struct json_obj root, v;
	const char *mode;
	int64_t signatures;

	if (!concerns(source, reason)) {
		return true;
	}
	if (commits == NULL || json_doc_parse(&doc, commits, len, JSON_CANONICAL, NULL) != 0) {
		return false;
	}
	json_doc_root(doc, &root);
	if (!json_has(&root, "verification") || !json_obj_get(&root, "verification", &v)) {
		return false;
	}
	mode = json_str(&v, "mode", 16);
	signatures = json_int(&v, "signatures", 1, PLAN_MAX_SIGNERS);
	return json_doc_status(doc, NULL) == 0 && suffices(source, mode, signatures);
}

bool verified_plan(const struct conf_source *source, const struct plan *plan)
{
	return !concerns(source, plan->reason) ||
	       suffices(source, plan->verification.mode, plan->verification.signatures);
}
