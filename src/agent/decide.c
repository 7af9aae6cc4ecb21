/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Takes, refuses and records decisions about plans. */
#include "agent/decide.h"

#include <inttypes.h>
#include <string.h>

#include "base/autoptr.h"
#include "base/error.h"
#include "base/log.h"
#include "base/objects.h"

#define NO_EVIDENCE "{}"

G_DEFINE_QUARK(assent - decide, decide_error)

const char *const decide_error_names[] = {
	"unknown-plan",	  "ambiguous",	    "superseded",	   "expired",	"closed",
	"unknown-person", "not-allowed",    "channel-not-allowed", "author",	"duplicate",
	"bad-signature",  "reason-missing", "malformed",	   "unwritten", NULL,
};

/* A decision on its way through the door. */
struct visit {
	const struct decide_world *world;
	const struct decide_request *request;
	struct fold_plan *plan;
	struct plan *document; /* owned */
	enum verdict verdict;
	struct attestation by;
	struct ssh_key key;
	char *armor; /* owned: of an attestation */
	char *text;  /* owned: what was signed */
};

static bool find_plan(struct visit *v, GError **error)
{
	bool ambiguous;

	v->plan = fold_find_plan(v->world->fold, v->request->plan, &ambiguous);
	if (ambiguous) {
		return fail(error, DECIDE_ERROR, DECIDE_ERROR_AMBIGUOUS,
			    "several plans begin with '%s'", v->request->plan);
	}
	if (v->plan == NULL) {
		return fail(error, DECIDE_ERROR, DECIDE_ERROR_UNKNOWN_PLAN, "there is no plan '%s'",
			    v->request->plan);
	}
	return true;
}

static bool parse_verdict(const char *text, enum verdict *out, GError **error)
{
	int i;

	for (i = 0; verdict_names[i] != NULL; i++) {
		if (strcmp(verdict_names[i], text) == 0) {
			*out = (enum verdict)i;
			return true;
		}
	}
	return fail(error, DECIDE_ERROR, DECIDE_ERROR_MALFORMED,
		    "a decision is 'approve', 'reject' or 'break-glass', not '%s'", text);
}

static void statement_of(const struct plan *plan, const char *person, enum verdict verdict,
			 const char *reason, struct statement *out)
{
	*out = (struct statement){.agent = plan->agent,
				  .stack = plan->stack,
				  .approver = person,
				  .verdict = verdict,
				  .plan = plan->digest,
				  .seq = plan->seq,
				  .expires = plan->expires,
				  .reason = reason};
}

static bool is_blank(const char *text)
{
	return text[strspn(text, " \t\r\n")] == '\0';
}

static bool is_attested(const struct visit *v)
{
	return v->by.channel != CHANNEL_SIGNATURE;
}

/* A signature comes by its own channel, and by no other. */
static bool parse_channel(struct visit *v, GError **error)
{
	if (!channel_find(v->request->channel, &v->by.channel)) {
		return fail(error, DECIDE_ERROR, DECIDE_ERROR_CHANNEL, "there is no channel '%s'",
			    v->request->channel);
	}
	if (is_attested(v) != (v->request->signature == NULL)) {
		return fail(error, DECIDE_ERROR, DECIDE_ERROR_CHANNEL,
			    "a decision by channel '%s' comes %s a signature", v->request->channel,
			    is_attested(v) ? "without" : "with");
	}
	return true;
}

static bool check_form(struct visit *v, GError **error)
{
	if (!parse_channel(v, error)) {
		return false;
	}
	if (!parse_verdict(v->request->decision, &v->verdict, error)) {
		return false;
	}
	if (strlen(v->request->reason) > STATEMENT_REASON_MAX) {
		return fail(error, DECIDE_ERROR, DECIDE_ERROR_MALFORMED,
			    "the reason is longer than %d bytes", STATEMENT_REASON_MAX);
	}
	if (v->verdict != VERDICT_APPROVE && is_blank(v->request->reason)) {
		return fail(error, DECIDE_ERROR, DECIDE_ERROR_REASON_MISSING, "a %s needs a reason",
			    v->verdict == VERDICT_REJECT ? "rejection" : "break-glass");
	}
	if (v->verdict == VERDICT_BREAK_GLASS && is_attested(v)) {
		return fail(error, DECIDE_ERROR, DECIDE_ERROR_CHANNEL,
			    "the glass is broken by signature only");
	}
	return true;
}

/* Has exactly this been said before? */
static bool find_repeated(struct visit *v, bool *repeated, GError **error)
{
	unsigned i;

	*repeated = false;
	for (i = 0; i < v->plan->votes->len && !*repeated; i++) {
		const struct fold_vote *vote = g_ptr_array_index(v->plan->votes, i);
		g_autofree char *sig = NULL;

		if (vote->verdict != v->verdict || vote->by.channel != v->by.channel ||
		    strcmp(vote->person, v->request->person) != 0 ||
		    strcmp(vote->reason, v->request->reason) != 0) {
			continue;
		}
		if (is_attested(v)) {
			*repeated = true;
			continue;
		}
		if (!v->world->signature(v->world->user, vote, &sig, error)) {
			return false;
		}
		*repeated = strcmp(sig, v->request->signature) == 0;
	}
	return true;
}

static bool check_open(const struct visit *v, GError **error)
{
	enum decide_error code = DECIDE_ERROR_CLOSED;

	if (v->plan->phase == STACK_PHASE_OPEN && v->world->now < v->plan->expires) {
		return true;
	}
	if (v->plan->phase == STACK_PHASE_OPEN || v->plan->phase == STACK_PHASE_EXPIRED) {
		return fail(error, DECIDE_ERROR, DECIDE_ERROR_EXPIRED, "plan %s has expired",
			    v->plan->id);
	}
	if (v->plan->phase == STACK_PHASE_SUPERSEDED) {
		code = DECIDE_ERROR_SUPERSEDED;
	}
	return fail(error, DECIDE_ERROR, code, "plan %s is %s%s%s", v->plan->id,
		    stack_phase_names[v->plan->phase], v->plan->end != NULL ? ": " : "",
		    v->plan->end != NULL ? v->plan->end : "");
}

static bool may_decide(const struct plan *plan, enum verdict verdict, const char *person)
{
	if (verdict == VERDICT_BREAK_GLASS) {
		return plan->policy.break_glass != NULL &&
		       g_strv_contains(plan->policy.break_glass, person);
	}
	return g_strv_contains(plan->policy.from, person);
}

static bool is_known(const struct visit *v, const char *person)
{
	size_t i;

	if (signers_has_principal(v->world->signers, person)) {
		return true;
	}
	for (i = 0; is_attested(v) && i < v->world->people_count; i++) {
		if (strcmp(v->world->people[i].name, person) == 0) {
			return true; // who decides by chat needs no key
		}
	}
	return false;
}

static bool check_person(const struct visit *v, GError **error)
{
	const char *person = v->request->person;

	if (!is_known(v, person)) {
		return fail(error, DECIDE_ERROR, DECIDE_ERROR_UNKNOWN_PERSON,
			    "'%s' does not stand in the approver list", person);
	}
	if (!may_decide(v->document, v->verdict, person)) {
		return fail(error, DECIDE_ERROR, DECIDE_ERROR_NOT_ALLOWED,
			    "'%s' may not decide about plan %s", person, v->plan->id);
	}
	return true;
}

static bool check_channel(const struct visit *v, GError **error)
{
	if ((v->document->policy.channels & CHANNEL_BIT(v->by.channel)) != 0 ||
	    v->verdict == VERDICT_BREAK_GLASS) {
		return true;
	}
	return fail(error, DECIDE_ERROR, DECIDE_ERROR_CHANNEL,
		    "plan %s takes no decisions by channel '%s'%s", v->plan->id,
		    channel_names[v->by.channel],
		    v->document->policy.channels == CHANNEL_BIT(CHANNEL_SIGNATURE)
			    ? ", only signatures"
			    : "");
}

static bool check_list(const struct visit *v, GError **error)
{
	if (!hash_equal(&v->world->signers->digest, &v->document->policy.approvers)) {
		return fail(error, DECIDE_ERROR, DECIDE_ERROR_CLOSED,
			    "plan %s was made under another approver list", v->plan->id);
	}
	return true;
}

static void trust_of(const struct decide_world *world, struct approval_trust *out)
{
	*out = (struct approval_trust){
		.signers = world->signers,
		.agent_key = world->agent_key,
		.attested = CHANNELS_ATTESTED, // the plan's policy says which
		.break_glass = true,	       // and who
		.people = world->people,
		.people_count = world->people_count,
		.now = world->now,
	};
}

static bool check_signature(struct visit *v, const char *armor, GError **error)
{
	struct approval vote = {v->request->person, v->verdict, v->request->reason, armor, v->by};
	struct approval_trust trust;
	struct assent_error err;

	trust_of(v->world, &trust);
	if (approval_verify(&v->key, v->document, &vote, &trust, &err) != 0) {
		return fail(error, DECIDE_ERROR, DECIDE_ERROR_BAD_SIGNATURE, "%s", err.text);
	}
	return true;
}

static bool check_author(const struct visit *v, GError **error)
{
	const char *problem = approval_author_problem(v->document, v->request->person,
						      v->world->people, v->world->people_count);

	return v->verdict != VERDICT_APPROVE || problem == NULL ||
	       fail(error, DECIDE_ERROR, DECIDE_ERROR_AUTHOR, "'%s' %s", v->request->person,
		    problem);
}

static bool check_first(const struct visit *v, const char *fingerprint, GError **error)
{
	unsigned i;

	for (i = 0; i < v->plan->votes->len; i++) {
		const struct fold_vote *vote = g_ptr_array_index(v->plan->votes, i);

		if (v->verdict == VERDICT_BREAK_GLASS && vote->verdict == VERDICT_APPROVE) {
			continue; // who has approved may see that nobody else will
		}
		if (strcmp(vote->person, v->request->person) == 0) {
			return fail(error, DECIDE_ERROR, DECIDE_ERROR_DUPLICATE,
				    "'%s' has already decided about plan %s", vote->person,
				    v->plan->id);
		}
		if (fingerprint != NULL && g_strcmp0(vote->fingerprint, fingerprint) == 0) {
			return fail(error, DECIDE_ERROR, DECIDE_ERROR_DUPLICATE,
				    "'%s' has already signed with this key", vote->person);
		}
	}
	return true;
}

/* The log, the store or the key failed: nothing was decided. */
static bool fail_as(GError **error, enum decide_error code)
{
	g_prefix_error(error, "the decision could not be written down: ");
	(*error)->domain = DECIDE_ERROR;
	(*error)->code = (int)code;
	return false;
}

static bool append(const struct visit *v, enum entry_type type, struct json_writer *w,
		   GError **error)
{
	struct assent_error err;
	autocfree char *text = NULL;
	size_t len;

	json_w_end(w);
	if (json_writer_finish(w, &text, &len, &err) != 0) {
		return fail(error, DECIDE_ERROR, DECIDE_ERROR_MALFORMED, "%s", err.text);
	}
	if (!v->world->append(v->world->user, type, v->plan->stack, text, error)) {
		return fail_as(error, DECIDE_ERROR_UNWRITTEN);
	}
	return true;
}

static bool attest(struct visit *v, GError **error)
{
	const char *evidence = v->request->evidence != NULL ? v->request->evidence : NO_EVIDENCE;
	struct statement st;
	autocfree char *text = NULL;
	struct assent_error err;
	size_t len;

	if (strlen(evidence) > OBJECTS_EVIDENCE_MAX) {
		return fail(error, DECIDE_ERROR, DECIDE_ERROR_MALFORMED,
			    "the evidence is longer than %zu bytes", OBJECTS_EVIDENCE_MAX);
	}
	v->by.time = v->world->now;
	hash_bytes(&v->by.evidence, evidence, strlen(evidence));
	statement_of(v->document, v->request->person, v->verdict, v->request->reason, &st);
	if (attestation_text(&text, &len, &st, &v->by, &err) != 0) {
		return fail(error, DECIDE_ERROR, DECIDE_ERROR_MALFORMED, "%s", err.text);
	}
	if (!v->world->keep(v->world->user, evidence, error) ||
	    !v->world->attest(v->world->user, text, len, &v->armor, error)) {
		return fail_as(error, DECIDE_ERROR_UNWRITTEN);
	}
	v->text = g_strdup(text);
	return check_signature(v, v->armor, error); // what we sign is held to the same rules
}

static bool record_vote(const struct visit *v, const char *fingerprint, GError **error)
{
	struct json_writer *w = json_writer_new(0);

	json_w_object(w, NULL);
	json_w_str(w, "channel", channel_names[v->by.channel]);
	json_w_str(w, "decision", verdict_names[v->verdict]);
	if (fingerprint != NULL) {
		json_w_str(w, "fingerprint", fingerprint);
	}
	json_w_str(w, "person", v->request->person);
	json_w_str(w, "plan", v->plan->id);
	json_w_str(w, "reason", v->request->reason);
	json_w_str(w, "sig", is_attested(v) ? v->armor : v->request->signature);
	json_w_str(w, "statement", v->text);
	return append(v, ENTRY_APPROVAL, w, error);
}

static bool record_rejection(const struct visit *v, GError **error)
{
	struct json_writer *w = json_writer_new(0);
	g_autofree char *reason = g_strdup_printf("%s: %s", v->request->person, v->request->reason);

	json_w_object(w, NULL);
	json_w_str(w, "outcome", "rejected");
	json_w_str(w, "plan", v->plan->id);
	json_w_str(w, "reason", reason);
	return append(v, ENTRY_CLOSED, w, error);
}

bool decide_settle(const struct decide_world *world, struct fold_plan *plan, GError **error)
{
	GError *local = NULL; // append() looks into it, so it is always there
	unsigned i;

	for (i = 0; plan->phase == STACK_PHASE_OPEN && i < plan->votes->len; i++) {
		const struct fold_vote *vote = g_ptr_array_index(plan->votes, i);
		struct decide_request request = {.person = vote->person, .reason = vote->reason};
		struct visit v = {.world = world, .request = &request, .plan = plan};

		if (vote->verdict == VERDICT_REJECT && !record_rejection(&v, &local)) {
			g_propagate_error(error, local);
			return false;
		}
	}
	return true;
}

static void log_vote(const struct visit *v)
{
	static const char *const did[] = {
		[VERDICT_APPROVE] = "approved",
		[VERDICT_REJECT] = "rejected",
		[VERDICT_BREAK_GLASS] = "broken the glass for",
	};
	const struct decide_request *request = v->request;

	log_about_person(v->verdict == VERDICT_REJECT ? EV_REJECTED : EV_APPROVED, v->plan->stack,
			 v->plan->id, request->person, "'%s' has %s plan %" PRId64 "%s%s",
			 request->person, did[v->verdict], v->plan->number,
			 is_blank(request->reason) ? "" : ": ", request->reason);
}

static bool enter_signed(struct visit *v, GError **error)
{
	char fingerprint[SSH_FINGERPRINT_SIZE];

	if (!check_signature(v, v->request->signature, error) || !check_author(v, error) ||
	    !decide_statement(v->document, v->request->person, v->request->decision,
			      v->request->reason, &v->text, error)) {
		return false;
	}
	ssh_key_fingerprint(fingerprint, &v->key);
	return check_first(v, fingerprint, error) && record_vote(v, fingerprint, error);
}

static bool enter_attested(struct visit *v, GError **error)
{
	return check_author(v, error) && check_first(v, NULL, error) && attest(v, error) &&
	       record_vote(v, NULL, error);
}

/* What is refused whoever signs. */
static bool check_plan(struct visit *v, GError **error)
{
	return check_open(v, error) &&
	       (v->document != NULL ||
		v->world->load(v->world->user, v->plan, &v->document, error)) &&
	       check_person(v, error) && check_channel(v, error) && check_list(v, error);
}

static bool enter(struct visit *v, GError **error)
{
	if (!check_plan(v, error)) {
		return false;
	}
	if (!(is_attested(v) ? enter_attested(v, error) : enter_signed(v, error))) {
		return false;
	}
	log_vote(v);
	return v->verdict != VERDICT_REJECT || record_rejection(v, error);
}

bool decide(const struct decide_world *world, const struct decide_request *request,
	    struct fold_plan **plan, GError **error)
{
	struct visit v = {.world = world, .request = request};
	GError *local = NULL; // append() looks into it, so it is always there
	bool repeated = false;
	bool ok;

	ok = find_plan(&v, &local) && check_form(&v, &local) &&
	     find_repeated(&v, &repeated, &local) && (repeated || enter(&v, &local));
	plan_free(v.document);
	g_free(v.armor);
	g_free(v.text);
	if (!ok) {
		g_propagate_error(error, local);
		return false;
	}
	*plan = v.plan;
	return true;
}

bool decide_would(const struct decide_world *world, const struct decide_request *request,
		  const struct plan *document, GError **error)
{
	struct visit v = {.world = world, .request = request, .document = (struct plan *)document};
	bool would = find_plan(&v, error) && check_form(&v, error) && check_plan(&v, error) &&
		     check_author(&v, error) && check_first(&v, NULL, error);

	if (v.document != document) {
		plan_free(v.document);
	}
	return would;
}

bool decide_votes(const struct decide_world *world, const struct fold_plan *plan, GArray **votes,
		  char ***sigs, GError **error)
{
	g_autoptr(GArray) out = g_array_new(FALSE, FALSE, sizeof(struct approval));
	g_auto(GStrv) texts = g_new0(char *, plan->votes->len + 1);
	unsigned i;

	for (i = 0; i < plan->votes->len; i++) {
		const struct fold_vote *vote = g_ptr_array_index(plan->votes, i);
		struct approval item = {vote->person, vote->verdict, vote->reason, NULL, vote->by};

		if (!world->signature(world->user, vote, &texts[i], error)) {
			return false;
		}
		item.armor = texts[i];
		g_array_append_val(out, item);
	}
	*votes = g_steal_pointer(&out);
	*sigs = g_steal_pointer(&texts);
	return true;
}

bool decide_quorum(const struct decide_world *world, const struct fold_plan *plan, bool *enough,
		   char **why, GError **error)
{
	g_autoptr(plan_auto) document = NULL;
	g_autoptr(GArray) votes = NULL;
	g_auto(GStrv) sigs = NULL;
	struct approval_trust trust;
	struct assent_error err = {0};

	trust_of(world, &trust);
	if (!world->load(world->user, plan, &document, error) ||
	    !decide_votes(world, plan, &votes, &sigs, error)) {
		return false;
	}
	*enough = (plan->phase == STACK_PHASE_OPEN || plan->halted) &&
		  approval_quorum(document, (const struct approval *)(void *)votes->data,
				  votes->len, &trust, &err) == 0;
	*why = *enough ? NULL : g_strdup(err.text);
	return true;
}

bool decide_statement(const struct plan *plan, const char *person, const char *decision,
		      const char *reason, char **out, GError **error)
{
	autocfree char *text = NULL;
	struct assent_error err;
	enum verdict verdict;
	struct statement st;
	size_t len;

	if (!parse_verdict(decision, &verdict, error)) {
		return false;
	}
	statement_of(plan, person, verdict, reason, &st);
	if (statement_text(&text, &len, &st, &err) != 0) {
		return fail(error, DECIDE_ERROR,
			    st.verdict != VERDICT_APPROVE && is_blank(reason)
				    ? DECIDE_ERROR_REASON_MISSING
				    : DECIDE_ERROR_MALFORMED,
			    "%s", err.text);
	}
	*out = g_strdup(text);
	return true;
}
