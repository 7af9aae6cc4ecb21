/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Compares the configuration's policy with what the worker believes. */
#include "cli/remarks.h"

#include <glib/gi18n.h>
#include <inttypes.h>
#include <string.h>

#include "base/elevate.h"
#include "core/statement.h"

struct comparing {
	const struct conf *conf;
	const struct trust *trust;
	const char *trust_file;
	GPtrArray *list;
	unsigned told;	    /* CHANNEL_BIT()s that a remark names already */
	GHashTable *people; /* to whom the author rule applies, looked at already */
};

void remark_free(void *data)
{
	struct remark *remark = data;

	g_free(remark->text);
	g_free(remark->hint);
	g_free(remark);
}

/* Common rules come by once for each stack. */
static bool is_told(const struct comparing *c, const char *text)
{
	for (unsigned i = 0; i < c->list->len; i++) {
		const struct remark *remark = g_ptr_array_index(c->list, i);

		if (strcmp(remark->text, text) == 0) {
			return true;
		}
	}
	return false;
}

/* Takes both texts. */
static void add(struct comparing *c, bool bad, char *text, char *hint)
{
	struct remark *remark;

	if (is_told(c, text)) {
		g_free(text);
		g_free(hint);
		return;
	}
	remark = g_new0(struct remark, 1);
	remark->bad = bad;
	remark->text = text;
	remark->hint = hint;
	g_ptr_array_add(c->list, remark);
}

static void compare_channels(struct comparing *c, const char *place,
			     const struct conf_approval *approval)
{
	unsigned lost = conf_channels(approval->channels) & CHANNELS_ATTESTED &
			~(c->trust->attested | c->told);

	for (int i = 0; i < CHANNELS; i++) {
		if ((lost & CHANNEL_BIT(i)) != 0) {
			/* TRANSLATORS: a key of the configuration, a channel such as slack */
			add(c, true,
			    g_strdup_printf(_("'%s' takes decisions by '%s', which the worker does "
					      "not believe"),
					    place, channel_names[i]),
			    g_strdup_printf(_("add '%s' to 'attested' in '%s', or take it out of "
					      "'channels'"),
					    channel_names[i], c->trust_file));
		}
	}
	c->told |= lost;
}

static void compare_minimum(struct comparing *c, const char *place,
			    const struct conf_approval *approval)
{
	int64_t minimum = c->trust->minimum;

	if (approval->required < minimum) {
		add(c, true,
		    g_strdup_printf(_("'%s' has 'required: %" PRId64 "', less than the worker's "
				      "'minimum: %" PRId64 "'"),
				    place, approval->required, minimum),
		    g_strdup_printf(_("write 'minimum: %" PRId64 "' in '%s', or ask for more"),
				    approval->required, c->trust_file));
	}
	if (approval->quiet > 0 && minimum > 0) {
		add(c, true,
		    g_strdup_printf(_("'%s' lets silence approve, which the worker does not"),
				    place),
		    g_strdup_printf(_("write 'minimum: 0' in '%s', or take 'quiet' out"),
				    c->trust_file));
	}
}

static const struct approval_person *trusted_person(const struct trust *trust, const char *name)
{
	for (unsigned i = 0; i < trust->people->len; i++) {
		const struct approval_person *person =
			&g_array_index(trust->people, struct approval_person, i);

		if (strcmp(person->name, name) == 0) {
			return person;
		}
	}
	return NULL;
}

static bool has_address(const struct approval_person *person, const char *address)
{
	for (size_t i = 0; person != NULL && person->emails[i] != NULL; i++) {
		if (g_ascii_strcasecmp(person->emails[i], address) == 0) {
			return true;
		}
	}
	return false;
}

/* The worker judges authors by itself, by the addresses that it was given. */
static void compare_addresses(struct comparing *c, const struct conf_person *person)
{
	const struct approval_person *known = trusted_person(c->trust, person->name);
	g_autoptr(GPtrArray) lost = g_ptr_array_new();
	g_autofree char *text = NULL;

	for (size_t i = 0; person->emails[i] != NULL; i++) {
		if (!has_address(known, person->emails[i])) {
			g_ptr_array_add(lost, person->emails[i]);
		}
	}
	if (lost->len == 0) {
		return;
	}
	g_ptr_array_add(lost, NULL);
	text = g_strjoinv(", ", (char **)lost->pdata);
	add(c, false,
	    g_strdup_printf(_("the worker does not know that '%s' is %s, so that it cannot keep "
			      "this author from approving"),
			    person->name, text),
	    g_strdup_printf(_("write '%s: [%s]' under 'people' in '%s'"), person->name, text,
			    c->trust_file));
}

static void compare_person(struct comparing *c, const char *place, const char *name)
{
	const struct conf_person *person = conf_person(c->conf, name);

	if (person == NULL || !g_hash_table_add(c->people, (void *)person)) {
		return;
	}
	if (person->emails != NULL && person->emails[0] != NULL) {
		compare_addresses(c, person);
		return;
	}
	add(c, false,
	    g_strdup_printf(_("'%s' lets no author approve, and '%s' has no e-mail address by "
			      "which to be recognised as one"),
			    place, name),
	    g_strdup_printf(_("write 'email: [ADDRESS]' for '%s' under 'people' in '%s', and in "
			      "'%s', too"),
			    name, c->conf->file, c->trust_file));
}

static void compare(struct comparing *c, const char *place, const struct conf_approval *approval)
{
	g_auto(GStrv) people = conf_people(c->conf, approval->from);

	if (approval->required == 0) {
		return; // asks nobody
	}
	compare_channels(c, place, approval);
	for (size_t i = 0; !approval->author_may_approve && people[i] != NULL; i++) {
		compare_person(c, place, people[i]);
	}
}

/* What a rule does not state is its stack's, and told there. */
static void compare_rule(struct comparing *c, const struct conf_stack *stack,
			 const struct conf_rule *rule)
{
	if (rule->approval.required != stack->approval.required ||
	    rule->approval.quiet != stack->approval.quiet) {
		compare_minimum(c, rule->place, &rule->approval);
	}
	compare(c, rule->place, &rule->approval);
}

/* Nothing is refused then: people are asked instead, which is not what was asked for. */
static void compare_drift(struct comparing *c, const struct conf_stack *stack)
{
	g_autofree char *place = NULL;

	if (strcmp(stack->on_drift, "fix") == 0) {
		place = g_strdup_printf("stacks.%s.on-drift", stack->name);
	}
	for (unsigned i = 0; place == NULL && i < stack->drift_rules->len; i++) {
		const struct conf_drift_rule *rule = g_ptr_array_index(stack->drift_rules, i);

		if (strcmp(rule->on_drift, "fix") == 0) {
			place = g_strdup_printf("stacks.%s.drift-rules[%u].on-drift", stack->name,
						i);
		}
	}
	if (place != NULL && !c->trust->restore) {
		add(c, false,
		    g_strdup_printf(_("'%s' is 'fix', but the worker puts nothing back without "
				      "an approval: people are asked"),
				    place),
		    g_strdup_printf(_("write 'restore: true' in '%s', or 'propose' here"),
				    c->trust_file));
	}
}

static void compare_stack(struct comparing *c, const struct conf_stack *stack)
{
	g_autofree char *place = g_strdup_printf("stacks.%s.approval", stack->name);

	compare_minimum(c, place, &stack->approval);
	compare(c, place, &stack->approval);
	if (stack->approval.break_glass != NULL && stack->approval.break_glass[0] != NULL &&
	    !c->trust->break_glass) {
		add(c, true,
		    g_strdup_printf(_("'%s' lets people break the glass, which the worker does "
				      "not"),
				    place),
		    g_strdup_printf(_("write 'break_glass: true' in '%s', or take 'break-glass' "
				      "out"),
				    c->trust_file));
	}
	compare_drift(c, stack);
	for (unsigned i = 0; i < stack->rules->len; i++) {
		compare_rule(c, stack, g_ptr_array_index(stack->rules, i));
	}
}

static bool has_key(const struct signers *signers, const struct signer *wanted)
{
	for (size_t i = 0; i < signers->count; i++) {
		if (strcmp(signers->items[i].principal, wanted->principal) == 0 &&
		    ssh_key_equal(&signers->items[i].key, &wanted->key)) {
			return true;
		}
	}
	return false;
}

/* Whose key stands in only one of them; NULL: nobody's. */
static const char *other_key(const struct signers *a, const struct signers *b)
{
	for (size_t i = 0; i < a->count; i++) {
		if (!has_key(b, &a->items[i])) {
			return a->items[i].principal;
		}
	}
	return NULL;
}

/* A plan pins the list by the digest of its bytes, so a comment is a difference, too. */
static void compare_signers(struct comparing *c, const struct signers *signers)
{
	const struct trust *trust = c->trust;
	const char *who;
	char *text;

	if (hash_equal(&signers->digest, &trust->signers->digest)) {
		return;
	}
	who = other_key(signers, trust->signers);
	if (who == NULL) {
		who = other_key(trust->signers, signers);
	}
	text = who != NULL
		       ? g_strdup_printf(_("the approver lists '%s' and '%s' differ, first in a "
					   "key of '%s': the worker refuses every plan"),
					 c->conf->allowed_signers, trust->approvers_file, who)
		       : g_strdup_printf(_("the approver lists '%s' and '%s' have the same keys "
					   "and are not the same text: the worker refuses every "
					   "plan"),
					 c->conf->allowed_signers, trust->approvers_file);
	add(c, true, text,
	    g_strdup_printf(_("copy the right one over the other, or let 'approvers' in '%s' name "
			      "the agent's"),
			    c->trust_file));
}

GPtrArray *remarks_of(const struct conf *conf, const struct signers *signers,
		      const struct trust *trust, const char *trust_file, bool raised)
{
	g_autoptr(GHashTable) people = g_hash_table_new(NULL, NULL);
	struct comparing c = {.conf = conf,
			      .trust = trust,
			      .trust_file = trust_file,
			      .list = g_ptr_array_new_with_free_func(remark_free),
			      .people = people};

	for (unsigned i = 0; i < conf->stacks->len; i++) {
		const struct conf_stack *stack = g_ptr_array_index(conf->stacks, i);

		if ((elevate_parse(stack->elevate) != ELEVATE_NONE) == raised) {
			compare_signers(&c, signers); // told once
			compare_stack(&c, stack);
		}
	}
	return c.list;
}
