/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Fetches a plan and refuses it unless everything about it fits. */
#include "cli/review.h"

#include <glib/gi18n.h>
#include <inttypes.h>
#include <string.h>

#include "base/autoptr.h"
#include "base/error.h"
#include "base/trust.h"
#include "base/words.h"
#include "cli/place.h"

#define LEAST_DIGITS 7
#define PREFIX "sha256:"

static const char *digits_of(const char *id)
{
	return g_str_has_prefix(id, PREFIX) ? id + strlen(PREFIX) : id;
}

static bool is_id(const char *id)
{
	const char *digits = digits_of(id);
	size_t len = strspn(digits, "0123456789abcdef");

	return digits[len] == '\0' && len >= LEAST_DIGITS && len <= (size_t)HASH_SIZE * 2;
}

bool review_id_matches(const char *id, const char *digest)
{
	return is_id(id) && g_str_has_prefix(digits_of(digest), digits_of(id));
}

/* Everything that makes a plan not worth looking at is told in the same way. */
static bool untrusted(GError **error, const char *id, const char *why)
{
	return problem(error, EXIT_REFUSED, "untrusted-plan",
		       _("nothing of it is shown; do not approve it by other means"),
		       _("plan '%s' cannot be trusted: %s"), id, why);
}

static bool trusted_key(struct cli *cli, const struct api_info *info, struct review *review,
			GError **error)
{
	g_autofree char *file = place_trust(cli->config_file);
	g_autoptr(trust_auto) trust = NULL;
	const struct ssh_key *key;
	struct assent_error core;

	if (!g_file_test(file, G_FILE_TEST_EXISTS)) {
		if (ssh_key_parse_line(&review->key, info->plan_key, &core) != 0) {
			return fail_core(error, &core, "the agent's plan key");
		}
		return true;
	}
	if (!trust_load(file, &trust, error)) {
		return false;
	}
	key = trust_agent_key(trust, info->agent);
	if (key == NULL) {
		return problem(error, EXIT_REFUSED, "untrusted-agent",
			       _("add its plan key there if this is the right agent"),
			       _("'%s' does not know the agent '%s'"), file, info->agent);
	}
	review->key = *key;
	review->from_trust_file = true;
	return true;
}

/* Verifies bytes and fills in the plan; id is what the user typed. */
static bool accept_plan(struct review *review, const char *id, const char *agent,
			const GString *signature, GError **error)
{
	struct assent_error core;

	if (plan_verify(&review->plan, review->bytes->str, review->bytes->len, signature->str,
			signature->len, &review->key, &core) != 0) {
		return untrusted(error, id, core.text);
	}
	hash_text(review->id, &review->plan->digest);
	if (!review_id_matches(id, review->id)) {
		return untrusted(error, id, _("the agent sent another plan"));
	}
	if (strcmp(review->plan->agent, agent) != 0) {
		return untrusted(error, id, _("it is another agent's"));
	}
	return true;
}

static bool fetch(struct cli *cli, const char *format, const char *id, size_t max, GString **body,
		  GError **error)
{
	g_autofree char *path = client_path(format, id);

	return client_get(cli->client, path, max, body, error);
}

/* A number is a help for people and no more: without it the id says enough. */
static void find_restored(struct cli *cli, struct review *review)
{
	const struct plan *plan = review->plan;

	review->restored = g_new0(int64_t, plan->restores_count + 1);
	for (size_t i = 0; i < plan->restores_count; i++) {
		g_autoptr(api_plan_auto) known = NULL;

		if (api_plan(cli->client, plan->restores[i], &known, NULL)) {
			review->restored[i] = known->seq;
		}
	}
}

bool review_load(struct cli *cli, const char *id, struct review **out, GError **error)
{
	g_autoptr(review_auto) review = g_new0(struct review, 1);
	g_autoptr(api_info_auto) info = NULL;
	g_autoptr(GString) signature = NULL;

	if (!is_id(id)) {
		return problem(error, EXIT_USAGE, "bad-id",
			       _("'assent plans' lists them; seven digits are enough"),
			       ngettext("'%s' is no plan: its id is at least %d digit of 0-9a-f",
					"'%s' is no plan: its id is at least %d digits of 0-9a-f",
					LEAST_DIGITS),
			       id, LEAST_DIGITS);
	}
	if (!api_info(cli->client, &info, error) || !trusted_key(cli, info, review, error) ||
	    !fetch(cli, "/v1/plans/%s/plan.json", id, PLAN_MAX_SIZE, &review->bytes, error) ||
	    !fetch(cli, "/v1/plans/%s/plan.json.sig", id, SSHSIG_MAX_ARMOR, &signature, error) ||
	    !accept_plan(review, id, info->agent, signature, error) ||
	    !review_refresh(cli, review, error)) {
		return false;
	}
	find_restored(cli, review);
	*out = g_steal_pointer(&review);
	return true;
}

bool review_refresh(struct cli *cli, struct review *review, GError **error)
{
	struct api_plan *known = NULL;

	if (!api_plan(cli->client, review->id, &known, error)) {
		return false;
	}
	api_plan_free(review->known);
	review->known = known;
	return true;
}

/* An agent makes the diff, too; what it would run is in the plan itself. */
static bool says_what_is_run(const struct plan_change *change, const char *section, size_t len)
{
	g_autoptr(GString) wanted = g_string_new(NULL);
	const char *name = strchr(change->id, ':');

	if (change->exec == NULL) {
		return true;
	}
	words_append_section(wanted, name != NULL ? name + 1 : change->id, change->exec);
	return len >= wanted->len && memcmp(section, wanted->str, wanted->len) == 0;
}

bool review_diff_matches(const struct plan *plan, const char *diff, size_t len, GError **error)
{
	struct hash hash;
	size_t at = 0;

	hash_bytes(&hash, diff, len);
	if ((uint64_t)plan->diff_size != len || !hash_equal(&hash, &plan->diff)) {
		return fail(error, BASE_ERROR, BASE_ERROR_MALFORMED,
			    _("the diff is not the one that the plan names"));
	}
	for (size_t i = 0; i < plan->changes_count; i++) {
		const struct plan_change *change = &plan->changes[i];
		size_t size = (size_t)change->diff_size;

		if (size <= len - at) {
			hash_bytes(&hash, diff + at, size);
		}
		if (size > len - at || !hash_equal(&hash, &change->diff)) {
			return fail(error, BASE_ERROR, BASE_ERROR_MALFORMED,
				    _("the diff of '%s' is not the one that the plan names"),
				    change->id);
		}
		if (!says_what_is_run(change, diff + at, size)) {
			return fail(error, BASE_ERROR, BASE_ERROR_MALFORMED,
				    _("the diff of '%s' does not show what the plan would run"),
				    change->id);
		}
		at += size;
	}
	if (at != len) {
		return fail(error, BASE_ERROR, BASE_ERROR_MALFORMED,
			    _("the diff has more than the plan's changes"));
	}
	return true;
}

bool review_load_diff(struct cli *cli, struct review *review, GError **error)
{
	g_autoptr(GString) diff = NULL;
	g_autoptr(GError) why = NULL;

	if (!fetch(cli, "/v1/plans/%s/diff", review->id, (size_t)review->plan->diff_size + 1, &diff,
		   error)) {
		return false;
	}
	if (!review_diff_matches(review->plan, diff->str, diff->len, &why)) {
		return untrusted(error, review->id, why->message);
	}
	review->diff = g_steal_pointer(&diff);
	return true;
}

bool review_load_signers(struct cli *cli, const struct review *review, struct signers **out,
			 GError **error)
{
	char digest[HASH_TEXT_SIZE];
	struct assent_error core;
	g_autoptr(signers_auto) signers = NULL;
	g_autoptr(GString) text = NULL;

	hash_text(digest, &review->plan->policy.approvers);
	if (!fetch(cli, "/v1/objects/%s", digest, SIGNERS_MAX_SIZE, &text, error)) {
		return false;
	}
	if (signers_parse(&signers, text->str, text->len, &core) != 0) {
		return fail_core(error, &core, "the approver list of plan '%s'", review->id);
	}
	if (!hash_equal(&signers->digest, &review->plan->policy.approvers)) {
		return untrusted(error, review->id,
				 _("the approver list is not the one that it names"));
	}
	*out = g_steal_pointer(&signers);
	return true;
}

void review_free(struct review *review)
{
	if (review == NULL) {
		return;
	}
	plan_free(review->plan);
	if (review->bytes != NULL) {
		g_string_free(review->bytes, TRUE);
	}
	if (review->diff != NULL) {
		g_string_free(review->diff, TRUE);
	}
	api_plan_free(review->known);
	g_free(review->restored);
	g_free(review);
}
