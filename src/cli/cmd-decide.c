/* SPDX-License-Identifier: GPL-3.0-or-later */
/* assent approve and reject: sign a statement about exactly one plan and hand it to the agent. */
#include <inttypes.h>
#include <glib/gi18n.h>
#include <stdio.h>
#include <string.h>

#include "base/autoptr.h"
#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/confirm.h"
#include "cli/render.h"
#include "cli/say.h"
#include "cli/sign.h"
#include "core/statement.h"

struct decision {
	enum verdict verdict;
	/* options */
	char *reason, *person, *key_file, *signature_file;
	gboolean print, yes, break_glass;
	/* worked out on the way */
	struct review *review;
	struct signers *signers;
	struct signing *signing; /* NULL with a signature from elsewhere and with --print */
	char *statement;
	size_t statement_len;
	char *armor;
	int64_t now;
};

static void decision_clear(struct decision *d)
{
	g_free(d->reason);
	g_free(d->person);
	g_free(d->key_file);
	g_free(d->signature_file);
	review_free(d->review);
	signers_free(d->signers);
	signing_free(d->signing);
	free(d->statement);
	free(d->armor);
}

static bool check_options(const struct cli *cli, const struct decision *d, GError **error)
{
	if (d->print && (d->signature_file != NULL || d->key_file != NULL || cli->json)) {
		return problem(error, EXIT_USAGE, "bad-option", NULL,
			       _("--print stands alone: it signs nothing and sends nothing"));
	}
	if (d->signature_file != NULL && d->key_file != NULL) {
		return problem(error, EXIT_USAGE, "bad-option", NULL,
			       _("say --key or --signature, not both"));
	}
	if (d->verdict != VERDICT_APPROVE && (d->reason == NULL || d->reason[0] == '\0')) {
		return problem(error, EXIT_USAGE, "reason-missing",
			       _("say --reason TEXT; it stands in the log"),
			       d->verdict == VERDICT_REJECT ? _("a rejection needs a reason")
							    : _("--break-glass needs a reason"));
	}
	if (d->reason != NULL && !g_utf8_validate(d->reason, -1, NULL)) {
		return problem(error, EXIT_USAGE, "bad-option", NULL,
			       _("the reason must be UTF-8"));
	}
	if (d->reason != NULL && strlen(d->reason) > STATEMENT_REASON_MAX) {
		return problem(error, EXIT_USAGE, "bad-option", NULL,
			       ngettext("the reason is longer than %d byte",
					"the reason is longer than %d bytes", STATEMENT_REASON_MAX),
			       STATEMENT_REASON_MAX);
	}
	return true;
}

static bool read_signature(struct decision *d, GError **error)
{
	size_t len = 0;
	g_autofree char *text = NULL;

	if (strcmp(d->signature_file, "-") == 0) {
		text = g_malloc(SSHSIG_MAX_ARMOR + 2);
		len = fread(text, 1, SSHSIG_MAX_ARMOR + 1, stdin);
		text[len] = '\0';
		if (ferror(stdin) != 0 || len > SSHSIG_MAX_ARMOR) {
			return problem(error, EXIT_REFUSED, "bad-signature", NULL,
				       _("cannot read a signature from standard input"));
		}
	} else if (!file_read(d->signature_file, SSHSIG_MAX_ARMOR, &text, &len, error)) {
		return false;
	}
	d->armor = strndup(text, len);
	return true;
}

/* Whose signature is it that was made elsewhere? */
static bool person_of_signature(struct decision *d, GError **error)
{
	struct assent_error core;
	struct sshsig sig;
	const char *person;

	if (d->person != NULL) {
		return true;
	}
	if (sshsig_parse(&sig, d->armor, strlen(d->armor), &core) != 0) {
		return fail_core(error, &core, "the signature");
	}
	if (!sign_person_of(d->signers, &sig.key, &person, error)) {
		return false;
	}
	d->person = g_strdup(person);
	return true;
}

static bool find_person(struct decision *d, GError **error)
{
	if (d->signature_file != NULL) {
		return read_signature(d, error) && person_of_signature(d, error);
	}
	if (d->print && d->person != NULL) {
		return true;
	}
	if (!sign_choose(d->signers, d->person, d->key_file, g_get_home_dir(), d->now, &d->signing,
			 error)) {
		return false;
	}
	if (d->person == NULL) {
		d->person = g_strdup(signing_person(d->signing));
	}
	return true;
}

/* What the agent will refuse anyway is not worth a touch or a passphrase. */
static bool check_plan(const struct decision *d, GError **error)
{
	const struct plan *plan = d->review->plan;
	const struct api_plan *known = d->review->known;
	const char *const *people;

	if (strcmp(known->state, "pending") != 0) {
		return problem(error, EXIT_REFUSED, "closed",
			       _("'assent plans' lists those that wait"),
			       _("plan '%s' does not wait for approval: it is %s"), d->review->id,
			       known->state);
	}
	if (plan->expires <= d->now) {
		g_autofree char *hint =
			g_strdup_printf(_("'assent replan %s' asks again"), plan->stack);

		return problem(error, EXIT_REFUSED, "expired", hint, _("plan '%s' has expired"),
			       d->review->id);
	}
	if (!signers_has_principal(d->signers, d->person)) {
		return problem(error, EXIT_REFUSED, "unknown-person", NULL,
			       _("'%s' is not in the approver list of this plan"), d->person);
	}
	people = d->verdict == VERDICT_BREAK_GLASS ? plan->policy.break_glass : plan->policy.from;
	for (size_t i = 0; people != NULL && people[i] != NULL; i++) {
		if (strcmp(people[i], d->person) == 0) {
			return true;
		}
	}
	if (d->verdict == VERDICT_BREAK_GLASS) {
		return problem(error, EXIT_REFUSED, "not-allowed", NULL,
			       _("the policy of this plan does not let '%s' break the glass"),
			       d->person);
	}
	return problem(error, EXIT_REFUSED, "not-allowed", NULL,
		       _("the policy of this plan does not ask '%s'"), d->person);
}

static bool compose(struct decision *d, GError **error)
{
	const struct plan *plan = d->review->plan;
	struct statement statement = {.agent = plan->agent,
				      .stack = plan->stack,
				      .approver = d->person,
				      .verdict = d->verdict,
				      .plan = plan->digest,
				      .seq = plan->seq,
				      .expires = plan->expires,
				      .reason = d->reason != NULL ? d->reason : ""};
	struct assent_error core;

	if (statement_text(&d->statement, &d->statement_len, &statement, &core) != 0) {
		return fail_core(error, &core, "cannot write the statement");
	}
	return true;
}

static bool print_statement(struct cli *cli, const struct decision *d)
{
	g_autofree char *id = text_short_id(d->review->id);
	g_autofree char *person = g_shell_quote(d->person);
	g_autofree char *reason = d->reason != NULL ? g_shell_quote(d->reason) : NULL;
	const char *verb = d->verdict == VERDICT_REJECT ? "reject" : "approve";
	g_autofree char *safe_person = out_safe(cli->out, person);
	g_autofree char *safe_reason = out_safe(cli->out, reason);
	g_autofree char *options = g_strdup_printf(
		"%s--as %s%s%s", d->verdict == VERDICT_BREAK_GLASS ? "--break-glass " : "",
		safe_person, reason != NULL ? " --reason " : "", safe_reason);

	out_write(cli->out, d->statement, d->statement_len);
	/* TRANSLATORS: the lines that begin with blanks are commands, to be copied */
	out_note(cli->out,
		 _("\nThis is what to sign, without a newline at its end. Sign it with\n"
		   "  assent %s %s %s --print | ssh-keygen -Y sign -n %s -f KEYFILE > FILE\n"
		   "and hand it in with\n  assent %s %s %s --signature FILE\n"),
		 verb, id, options, SSHSIG_NS_APPROVAL, verb, id, options);
	return true;
}

/* A signature made elsewhere is a decision already; everything else is asked for once more. */
static bool confirm(struct cli *cli, const struct decision *d, GError **error)
{
	g_autofree char *person = out_safe(cli->out, d->person);
	g_autofree char *question = NULL;

	if (d->yes || d->signature_file != NULL) {
		return true;
	}
	/* TRANSLATORS: a person. [y/N] stays: only y and yes are understood. */
	question = g_strdup_printf(
		d->verdict == VERDICT_APPROVE  ? _("Approve this plan as %s? [y/N] ")
		: d->verdict == VERDICT_REJECT ? _("Reject this plan as %s? [y/N] ")
					       : _("Break the glass for this plan as %s? It is "
						   "applied now, whoever else should decide. "
						   "[y/N] "),
		person);
	return confirm_ask(question, _("say --yes after 'assent show' has shown you the plan"),
			   _("nothing was signed and nothing was sent"), error);
}

static bool sign_or_check(struct cli *cli, struct decision *d, GError **error)
{
	if (d->signing != NULL) {
		char fingerprint[SSH_FINGERPRINT_SIZE];

		ssh_key_fingerprint(fingerprint, signing_key(d->signing));
		out_note(cli->out,
			 signing_key(d->signing)->type == SSH_SK_ED25519
				 ? _("signing with %s: touch your security key\n")
				 : _("signing with %s\n"),
			 fingerprint);
		if (!sign_statement(d->signing, d->statement, d->statement_len, &d->armor, error)) {
			return false;
		}
	}
	return sign_check(d->signers, d->person, d->armor, strlen(d->armor), d->statement,
			  d->statement_len, d->now, error);
}

static bool submit(struct cli *cli, const struct decision *d, GError **error)
{
	g_autofree char *path = client_path("/v1/plans/%s/decisions", d->review->id);
	struct json_writer *w = json_writer_new(0);
	g_autoptr(json_doc_auto) answer = NULL;
	autocfree char *body = NULL;
	struct assent_error core;
	struct json_obj root;
	size_t len;

	json_w_object(w, NULL);
	json_w_str(w, "channel", "signature");
	json_w_str(w, "decision", verdict_names[d->verdict]);
	json_w_str(w, "person", d->person);
	json_w_str(w, "reason", d->reason != NULL ? d->reason : "");
	json_w_str(w, "signature", d->armor);
	json_w_end(w);
	if (json_writer_finish(w, &body, &len, &core) != 0) {
		return fail_core(error, &core, "cannot write the decision");
	}
	if (!client_post_json(cli->client, path, body, CLIENT_QUICK, &answer, error)) {
		return false;
	}
	json_doc_root(answer, &root);
	if (!json_bool(&root, "accepted") && json_doc_status(answer, NULL) == 0) {
		return problem(error, EXIT_REFUSED, "not-accepted", NULL,
			       _("the agent did not accept the decision"));
	}
	return client_check(answer, path, error);
}

static bool has_voted(const struct api_plan *known, const char *person)
{
	for (guint i = 0; i < known->votes->len; i++) {
		if (strcmp(g_array_index(known->votes, struct api_vote, i).person, person) == 0) {
			return true;
		}
	}
	return false;
}

/* Whom the policy still may ask. */
static char *missing_people(const struct review *review)
{
	const char **from = review->plan->policy.from;
	GString *text = g_string_new(NULL);

	for (size_t i = 0; from[i] != NULL; i++) {
		if (!has_voted(review->known, from[i])) {
			g_string_append_printf(text, "%s%s", text->len > 0 ? ", " : "", from[i]);
		}
	}
	return g_string_free(text, FALSE);
}

static void report_approval(struct cli *cli, const struct decision *d)
{
	const struct api_plan *known = d->review->known;
	g_autofree char *id = text_short_id(d->review->id);
	g_autofree char *people = missing_people(d->review);
	g_autofree char *safe = out_safe(cli->out, people);
	gint64 given = 0;

	for (guint i = 0; i < known->votes->len; i++) {
		given += strcmp(g_array_index(known->votes, struct api_vote, i).decision,
				"approve") == 0;
	}
	/* TRANSLATORS: a plan's id, given approvals, needed approvals */
	out_printf(cli->out, _("approved plan %s: %" PRId64 " of %" PRId64 "\n"), id, given,
		   (gint64)known->required);
	if (given < known->required) {
		/* TRANSLATORS: approvals, and people's names */
		out_printf(cli->out,
			   ngettext("%" PRId64 " more is needed, from: %s\n",
				    "%" PRId64 " more are needed, from: %s\n",
				    (gulong)(known->required - given)),
			   (gint64)known->required - given, safe);
	} else {
		g_autofree char *stack = out_safe(cli->out, known->stack);

		out_printf(cli->out, _("nothing is missing; 'assent status %s' tells the rest\n"),
			   stack);
	}
}

static bool report(struct cli *cli, struct decision *d, GError **error)
{
	g_autofree char *id = text_short_id(d->review->id);
	struct json_writer *w;

	if (!review_refresh(cli, d->review, error)) {
		return false;
	}
	if (out_is_json(cli->out)) {
		w = out_json_begin(cli->out);
		json_w_bool(w, "accepted", true);
		json_w_object(w, "plan");
		say_plan_json(w, d->review->known);
		json_w_end(w);
		return out_json_end(cli->out, w, error);
	}
	if (d->verdict == VERDICT_BREAK_GLASS) {
		out_printf(cli->out, _("broke the glass for plan %s; it is applied now\n"), id);
		return true;
	}
	if (d->verdict == VERDICT_REJECT) {
		out_printf(cli->out, _("rejected plan %s; it is closed\n"), id);
		return true;
	}
	report_approval(cli, d);
	return true;
}

static bool decide(struct cli *cli, struct decision *d, const char *id, GError **error)
{
	d->now = g_get_real_time() / G_USEC_PER_SEC;
	if (!check_options(cli, d, error) || !review_load(cli, id, &d->review, error) ||
	    !review_load_signers(cli, d->review, &d->signers, error) || !find_person(d, error) ||
	    !check_plan(d, error) || !compose(d, error)) {
		return false;
	}
	if (d->print) {
		return print_statement(cli, d);
	}
	if (!out_is_json(cli->out)) {
		render_head(cli->out, d->review, d->now);
		render_changes(cli->out, d->review->plan);
		out_printf(cli->out, "\n");
	}
	return confirm(cli, d, error) && sign_or_check(cli, d, error) && submit(cli, d, error) &&
	       report(cli, d, error);
}

static bool run(struct cli *cli, enum verdict verdict, int argc, char **argv, GError **error)
{
	struct decision d = {.verdict = verdict};
	GOptionEntry options[] = {
		{"reason", 'r', 0, G_OPTION_ARG_STRING, &d.reason,
		 N_("Why; it is signed and logged"), N_("TEXT")},
		{"key", 'k', 0, G_OPTION_ARG_FILENAME, &d.key_file,
		 N_("Sign with this key file (private or .pub)"), N_("FILE")},
		{"as", 0, 0, G_OPTION_ARG_STRING, &d.person,
		 N_("Who decides, as the approver list names you"), N_("PERSON")},
		{"print", 0, 0, G_OPTION_ARG_NONE, &d.print,
		 N_("Print what is to be signed, and nothing else"), NULL},
		{"signature", 0, 0, G_OPTION_ARG_FILENAME, &d.signature_file,
		 N_("Hand in a signature made elsewhere, - for standard input"), N_("FILE")},
		{"yes", 'y', 0, G_OPTION_ARG_NONE, &d.yes, N_("Do not ask"), NULL},
		/* the last one: a rejection ends before it */
		{"break-glass", 0, 0, G_OPTION_ARG_NONE, &d.break_glass,
		 N_("Decide for all, in an emergency; needs a reason"), NULL},
		{NULL}};
	bool ok;

	if (verdict == VERDICT_REJECT) {
		options[G_N_ELEMENTS(options) - 2].long_name = NULL;
	}
	ok = cli_begin(cli, options, &argc, &argv, error);
	d.verdict = d.break_glass ? VERDICT_BREAK_GLASS : verdict;
	ok = ok && decide(cli, &d, argv[0], error);

	decision_clear(&d);
	return ok;
}

bool cmd_approve(struct cli *cli, int argc, char **argv, GError **error)
{
	return run(cli, VERDICT_APPROVE, argc, argv, error);
}

bool cmd_reject(struct cli *cli, int argc, char **argv, GError **error)
{
	return run(cli, VERDICT_REJECT, argc, argv, error);
}
