/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reads a configuration file by the table of keys, and checks what belongs together. */
#include <inttypes.h>
#include <string.h>

#include "base/autoptr.h"
#include "base/conf-load.h"
#include "base/conf-table.h"
#include "base/conf.h"
#include "base/error.h"
#include "base/paths.h"
#include "base/secure.h"
#include "core/sshsig.h"
#include "core/statement.h"

#define MAX_STACKS 1000

static void read_text(struct conf_reader *r, const struct conf_key *row,
		      const struct yaml_node *node, const char *name, char **field)
{
	g_autofree char *computed = NULL;
	const char *text = row->dflt;

	if (node != NULL) {
		text = yaml_text(node, name, r->diags);
		if (text == NULL) {
			return;
		}
	} else if (row->computed != NULL) {
		text = computed = row->computed();
	}
	if (text == NULL) {
		return;
	}
	if (*text == '\0') {
		yaml_fail(node, r->diags, "'%s' is empty", name);
	} else if (row->is_valid != NULL && !row->is_valid(text)) {
		yaml_fail(node, r->diags, "'%s' is not %s", name, row->shape);
	} else if (row->words != NULL && !g_strv_contains(row->words, text)) {
		g_autofree char *words = g_strjoinv(", ", (char **)row->words);

		yaml_fail(node, r->diags, "'%s' must be one of: %s", name, words);
	} else {
		g_free(*field);
		*field = row->type == CONF_PATH
				 ? paths_expand(text, r->conf->file, g_get_home_dir())
				 : g_strdup(text);
	}
}

/* What stands behind "file:" and "credential:"; NULL when it is neither. */
static char *secret_path(const struct conf_reader *r, const char *text)
{
	const char *folder = g_getenv("CREDENTIALS_DIRECTORY");

	if (g_str_has_prefix(text, "file:") && text[5] != '\0') {
		return paths_expand(text + 5, r->conf->file, g_get_home_dir());
	}
	if (g_str_has_prefix(text, "credential:") && conf_is_name(text + 11)) {
		return g_build_filename(folder != NULL ? folder
						       : "/run/credentials/assentd.service",
					text + 11, NULL);
	}
	return NULL;
}

static void read_secret(struct conf_reader *r, const struct yaml_node *node, const char *name,
			char **field)
{
	const char *text = node != NULL ? yaml_text(node, name, r->diags) : NULL;
	char *path = text != NULL ? secret_path(r, text) : NULL;

	if (path != NULL) {
		g_free(*field);
		*field = path;
	} else if (text != NULL) { // not quoted: it may be the secret itself
		yaml_fail(node, r->diags,
			  "'%s' must be file:PATH or credential:NAME, never the secret itself",
			  name);
	}
}

static void read_bytes(struct conf_reader *r, const struct conf_key *row,
		       const struct yaml_node *node, const char *name, int64_t *field)
{
	const char *text = node != NULL ? yaml_text(node, name, r->diags) : row->dflt;
	int64_t bytes;

	if (text == NULL) {
		return;
	}
	if (!conf_bytes(text, &bytes) || bytes < row->min || bytes > row->max) {
		g_autofree char *shape = conf_key_shape(row);

		yaml_fail(node, r->diags, "'%s' must be %s", name, shape);
		return;
	}
	*field = bytes;
}

/* Keeps what stands in the field when neither the file nor the table says something. */
static void read_number(struct conf_reader *r, const struct conf_key *row, struct yaml_node *map,
			const char *name, int64_t *field)
{
	bool given = map != NULL && yaml_get(map, name) != NULL;

	if (row->type == CONF_BYTES) {
		read_bytes(r, row, given ? yaml_get(map, name) : NULL, name, field);
	} else if (!given && row->dflt == NULL) {
		return;
	} else if (row->type == CONF_DURATION) {
		int64_t dflt = 0;

		if (row->dflt != NULL && !yaml_duration(row->dflt, &dflt)) {
			g_assert_not_reached();
		}
		*field = given ? yaml_get_duration(map, name, row->min, row->max, dflt, r->diags)
			       : dflt;
	} else {
		int64_t dflt = row->dflt != NULL ? g_ascii_strtoll(row->dflt, NULL, 10) : 0;

		*field = given ? yaml_get_int(map, name, row->min, row->max, dflt, r->diags) : dflt;
	}
}

static void read_bool(struct conf_reader *r, const struct conf_key *row, struct yaml_node *map,
		      const char *name, bool *field)
{
	bool dflt = row->dflt != NULL ? strcmp(row->dflt, "true") == 0 : *field;

	*field = map != NULL ? yaml_get_bool(map, name, dflt, r->diags) : dflt;
}

static void check_name(struct conf_reader *r, const struct conf_key *row,
		       const struct yaml_node *node, const char *name, const char *given)
{
	if (row->words != NULL && !g_strv_contains(row->words, given)) {
		g_autofree char *words = g_strjoinv(", ", (char **)row->words);

		yaml_fail(node, r->diags, "'%s' in '%s' must be one of: %s", given, name, words);
	} else if (row->is_valid != NULL && !row->is_valid(given)) {
		yaml_fail(node, r->diags, "'%s' in '%s' is not %s", given, name, row->shape);
	}
}

/* Keeps what stands in the field when neither the file nor the table says something. */
static void read_names(struct conf_reader *r, const struct conf_key *row, struct yaml_node *map,
		       const char *name, char ***field)
{
	const struct yaml_node *node = map != NULL ? yaml_get(map, name) : NULL;
	char **given = node != NULL ? yaml_get_strings(map, name, r->diags) : NULL;

	if (given == NULL && row->dflt != NULL) {
		g_autofree char *inner = g_strndup(row->dflt + 1, strlen(row->dflt) - 2);

		given = g_strsplit(inner, ", ", -1);
	}
	if (given == NULL) {
		return;
	}
	for (char **item = given; node != NULL && *item != NULL; item++) {
		check_name(r, row, node, name, *item);
	}
	if (row->words != NULL && given[0] == NULL) {
		yaml_fail(node, r->diags, "'%s' names none", name);
	}
	g_strfreev(*field);
	*field = given;
}

static void read_key(struct conf_reader *r, const struct conf_key *row, struct yaml_node *map,
		     const char *name, void *field)
{
	struct yaml_node *node = map != NULL ? yaml_get(map, name) : NULL;

	if (node == NULL && row->required && map != NULL) {
		yaml_fail(map, r->diags, "'%s' is missing: %s", name, row->help);
		return;
	}
	switch (row->type) {
	case CONF_TEXT:
	case CONF_PATH:
	case CONF_WORD:
		read_text(r, row, node, name, field);
		break;
	case CONF_SECRET:
		read_secret(r, node, name, field);
		break;
	case CONF_NAMES:
		read_names(r, row, map, name, field);
		break;
	case CONF_BOOL:
		read_bool(r, row, map, name, field);
		break;
	case CONF_COUNT:
	case CONF_DURATION:
	case CONF_BYTES:
		read_number(r, row, map, name, field);
		break;
	case CONF_SECTION:
	case CONF_MAP:
	case CONF_LIST:
		break;
	}
}

/* The single values of a section; what has rows below it is its caller's. map may be NULL. */
void conf_read_section(struct conf_reader *r, struct yaml_node *map, const char *section,
		       void *base)
{
	for (const struct conf_key *row = conf_keys; row->path != NULL; row++) {
		const char *name = conf_key_in(row, section);

		if (name != NULL) {
			read_key(r, row, map, name, (char *)base + row->offset);
		}
	}
}

void conf_end_section(struct conf_reader *r, struct yaml_node *map, const char *section)
{
	g_autoptr(GPtrArray) known = g_ptr_array_new();

	if (map == NULL) {
		return;
	}
	for (const struct conf_key *row = conf_keys; row->path != NULL; row++) {
		const char *name = conf_key_in(row, section);

		if (name != NULL && strcmp(name, "*") != 0) {
			g_ptr_array_add(known, (void *)name);
		}
	}
	g_ptr_array_add(known, NULL);
	yaml_end(map, (const char *const *)known->pdata, r->diags);
}

/* The section at node, NULL with a diagnostic when it is not a map. */
struct yaml_node *conf_as_map(struct conf_reader *r, struct yaml_node *node, const char *what)
{
	if (node->type != YAML_MAP) {
		yaml_fail(node, r->diags, "%s must be a map", what);
		return NULL;
	}
	return node;
}

void conf_read_named(struct conf_reader *r, struct yaml_node *root, const char *key,
		     conf_named_fn *each)
{
	struct yaml_node *map = yaml_get_map(root, key, r->diags);

	if (map != NULL && map->keys->len > MAX_STACKS) {
		yaml_fail(map, r->diags, "more than %d entries", MAX_STACKS);
		return;
	}
	for (unsigned i = 0; map != NULL && i < map->keys->len; i++) {
		const struct yaml_node *name = g_ptr_array_index(map->keys, i);

		if (!conf_is_name(name->value)) {
			yaml_get(map, name->value);
			yaml_fail(name, r->diags,
				  "'%s' is not a name: small letters, digits and . _ -, at most 64",
				  name->value);
			continue;
		}
		each(r, name->value, map);
	}
}

static void read_label(struct conf_reader *r, const char *name, struct yaml_node *map)
{
	const char *value = yaml_get_string(map, name, NULL, r->diags);
	struct conf_label *label;

	if (value != NULL) {
		label = g_new0(struct conf_label, 1);
		label->name = g_strdup(name);
		label->value = g_strdup(value);
		g_ptr_array_add(r->conf->labels, label);
	}
}

static void read_person(struct conf_reader *r, const char *name, struct yaml_node *map)
{
	struct yaml_node *node = conf_as_map(r, yaml_get(map, name), "a person");
	struct conf_person *person = g_new0(struct conf_person, 1);

	person->name = g_strdup(name);
	conf_read_section(r, node, "people.*", person);
	conf_end_section(r, node, "people.*");
	if (person->user != NULL && conf_person_of_user(r->conf, person->user) != NULL) {
		yaml_fail(node, r->diags, "user '%s' is another person's already", person->user);
	}
	if (person->mattermost != NULL &&
	    conf_person_of_mattermost(r->conf, person->mattermost) != NULL) {
		yaml_fail(node, r->diags, "Mattermost's '%s' is another person already",
			  person->mattermost);
	}
	if (person->slack != NULL && conf_person_of_slack(r->conf, person->slack) != NULL) {
		yaml_fail(node, r->diags, "Slack's '%s' is another person already", person->slack);
	}
	if (person->emails == NULL) {
		person->emails = g_new0(char *, 1);
	}
	g_ptr_array_add(r->conf->people, person);
}

static void read_group(struct conf_reader *r, const char *name, struct yaml_node *map)
{
	struct conf_group *group = g_new0(struct conf_group, 1);
	struct yaml_node *node = yaml_get(map, name);

	group->name = g_strdup(name);
	group->members = yaml_get_strings(map, name, r->diags);
	if (group->members == NULL) {
		group->members = g_new0(char *, 1);
	}
	if (conf_person(r->conf, name) != NULL) {
		yaml_fail(node, r->diags, "'%s' is a person already", name);
	}
	for (char **member = group->members; *member != NULL; member++) {
		if (conf_person(r->conf, *member) == NULL) {
			yaml_fail(node, r->diags, "'%s' is not among the people", *member);
		}
	}
	g_ptr_array_add(r->conf->groups, group);
}

/* Somebody whose key may sign approvals. */
static bool can_sign(const struct signers *signers, const char *person)
{
	for (size_t i = 0; i < signers->count; i++) {
		const struct signer *s = &signers->items[i];
		g_auto(GStrv) namespaces = g_strsplit(s->namespaces, ",", -1);

		if (strcmp(s->principal, person) == 0 &&
		    g_strv_contains((const char *const *)namespaces, SSHSIG_NS_APPROVAL)) {
			return true;
		}
	}
	return false;
}

/* at: where to report. */
static void check_approval(struct conf_reader *r, const struct conf_approval *approval,
			   const struct yaml_node *at)
{
	g_auto(GStrv) people = NULL;
	bool keys = conf_channels(approval->channels) == CHANNEL_BIT(CHANNEL_SIGNATURE);
	unsigned able = 0;
	bool known = true;

	for (char **name = approval->from; name != NULL && *name != NULL; name++) {
		if (conf_person(r->conf, *name) == NULL && conf_group(r->conf, *name) == NULL) {
			yaml_fail(at, r->diags, "'%s' is neither among the people nor a group",
				  *name);
			known = false;
		}
	}
	if (!known || r->signers == NULL) {
		return;
	}
	people = conf_people(r->conf, approval->from);
	for (char **name = people; *name != NULL; name++) {
		if (!keys || can_sign(r->signers, *name)) {
			able++; // who decides by chat needs no key
		} else {
			yaml_fail(at, r->diags, "'%s' has no key for namespace '%s' in '%s'", *name,
				  SSHSIG_NS_APPROVAL, r->conf->allowed_signers);
		}
	}
	if (approval->required > (int64_t)able) {
		yaml_fail(at, r->diags,
			  "%" PRId64 " people must approve, but only %u can: name more in "
			  "'from' or require less",
			  approval->required, able);
	}
}

static void check_glass(struct conf_reader *r, const struct conf_approval *approval,
			const struct yaml_node *at)
{
	const struct conf_approval glass = {.from = approval->break_glass};

	if (glass.from != NULL) {
		check_approval(r, &glass, at); // each must be able to sign
	}
}

/* section: where the rule's rows stand in the table. NULL when it is no rule at all. */
static struct conf_rule *read_rule(struct conf_reader *r, const struct conf_stack *stack,
				   struct yaml_node *node, const char *section)
{
	g_autofree char *below = g_strconcat(section, ".match", NULL);
	struct yaml_node *map = conf_as_map(r, node, "a rule");
	struct yaml_node *match = map != NULL ? yaml_get_map(map, "match", r->diags) : NULL;
	struct conf_rule *rule;

	if (map == NULL) {
		return NULL;
	}
	rule = g_new0(struct conf_rule, 1);
	rule->approval = stack->approval;
	rule->approval.from = g_strdupv(stack->approval.from);
	rule->approval.channels = g_strdupv(stack->approval.channels);
	rule->approval.break_glass = NULL;
	conf_read_section(r, match, below, rule);
	conf_end_section(r, match, below);
	if (match == NULL || match->keys->len == 0) {
		yaml_fail(node, r->diags,
			  "a rule needs 'match' with at least one of risk, kind, path, action");
	}
	rule->names_channels = yaml_get(map, "channels") != NULL;
	conf_read_section(r, map, section, &rule->approval);
	conf_end_section(r, map, section);
	return rule;
}

static void read_rules(struct conf_reader *r, struct conf_stack *stack, struct yaml_node *node)
{
	struct yaml_node *rules = yaml_get_list(node, "rules", r->diags);

	for (unsigned i = 0; rules != NULL && i < rules->items->len; i++) {
		struct yaml_node *item = g_ptr_array_index(rules->items, i);
		struct conf_rule *rule = read_rule(r, stack, item, "stacks.*.rules.*");

		if (rule != NULL) {
			rule->place = g_strdup_printf("stacks.%s.rules[%u]", stack->name, i);
			g_ptr_array_add(stack->rules, rule);
			check_approval(r, &rule->approval, item);
		}
	}
}

/* What is wrong with a common rule is wrong in each of its stacks, and said once. */
static void merge_diags(struct conf_reader *r, const struct diag_list *more)
{
	for (unsigned i = 0; i < more->items->len; i++) {
		const struct diag *d = g_ptr_array_index(more->items, i);
		bool said = false;

		for (unsigned j = 0; j < r->diags->items->len && !said; j++) {
			const struct diag *old = g_ptr_array_index(r->diags->items, j);

			said = old->line == d->line && old->column == d->column &&
			       strcmp(old->message, d->message) == 0;
		}
		if (!said) {
			diag_add(r->diags, d->file, d->line, d->column, "%s", d->message);
		}
	}
}

/* True when the rule is for this stack. */
static bool add_common(struct conf_reader *r, struct conf_stack *stack, struct yaml_node *item,
		       unsigned number)
{
	struct diag_list diags;
	struct conf_reader apart = {r->conf, &diags, r->signers};
	struct conf_rule *rule;
	bool fits;

	diag_list_init(&diags);
	rule = read_rule(&apart, stack, item, "rules.*");
	fits = rule != NULL &&
	       (rule->stack == NULL || g_pattern_match_simple(rule->stack, stack->name));
	if (fits) {
		check_approval(&apart, &rule->approval, item);
		rule->place = g_strdup_printf("rules[%u]", number);
		g_ptr_array_add(stack->rules, g_steal_pointer(&rule));
	}
	conf_rule_free(rule);
	merge_diags(r, &diags);
	diag_list_clear(&diags);
	return fits;
}

static void read_common_rules(struct conf_reader *r, struct yaml_node *root)
{
	struct yaml_node *rules = yaml_get_list(root, "rules", r->diags);

	for (unsigned i = 0; rules != NULL && i < rules->items->len; i++) {
		struct yaml_node *item = g_ptr_array_index(rules->items, i);
		bool any = false;

		for (unsigned j = 0; j < r->conf->stacks->len; j++) {
			any |= add_common(r, g_ptr_array_index(r->conf->stacks, j), item, i);
		}
		if (!any) {
			yaml_fail(item, r->diags, "this rule is for no stack");
		}
	}
}

static void read_http(struct conf_reader *r, struct yaml_node *root)
{
	struct yaml_node *at = yaml_get(root, "http");
	struct yaml_node *map = at != NULL ? conf_as_map(r, at, "'http'") : NULL;
	struct conf_http *http;

	if (map == NULL) {
		return;
	}
	http = r->conf->http = g_new0(struct conf_http, 1);
	conf_read_section(r, map, "http", http);
	conf_end_section(r, map, "http");
	if ((http->tls_cert == NULL) != (http->tls_key == NULL)) {
		yaml_fail(map, r->diags, "'tls-cert' and 'tls-key' belong together");
	}
	if (http->proxy_user_header != NULL &&
	    (http->trusted_proxy == NULL || http->proxy_secret == NULL)) {
		yaml_fail(map, r->diags,
			  "'proxy-user-header' needs 'trusted-proxy' and 'proxy-secret', or "
			  "anybody could be anybody");
	}
	if (http->peer_connections > http->connections) {
		yaml_fail(map, r->diags, "'peer-connections' is more than 'connections'");
	}
}

static void read_hook(struct conf_reader *r, struct yaml_node *stack_node, struct conf_hook *hook)
{
	struct yaml_node *map = yaml_get_map(stack_node, "hook", r->diags);

	conf_read_section(r, map, "stacks.*.hook", hook);
	conf_end_section(r, map, "stacks.*.hook");
	if (map != NULL && r->conf->http == NULL) {
		yaml_fail(map, r->diags,
			  "a hook needs the section 'http', which says where to "
			  "listen");
	}
}

/* path: the rows of the table. */
static void read_windows(struct conf_reader *r, struct conf_stack *stack, struct yaml_node *node,
			 const char *path)
{
	struct yaml_node *windows = yaml_get_list(node, "windows", r->diags);

	for (unsigned i = 0; windows != NULL && i < windows->items->len; i++) {
		struct yaml_node *map =
			conf_as_map(r, g_ptr_array_index(windows->items, i), "a window");
		struct conf_window *window;

		if (map != NULL) {
			window = g_new0(struct conf_window, 1);
			g_ptr_array_add(stack->windows, window);
			conf_read_section(r, map, path, window);
			conf_end_section(r, map, path);
		}
	}
}

/* Each stack has them besides its own. */
static void read_common_windows(struct conf_reader *r, struct yaml_node *root)
{
	for (unsigned i = 0; i < r->conf->stacks->len; i++) {
		struct diag_list diags;
		struct conf_reader apart = {r->conf, &diags, r->signers};

		diag_list_init(&diags);
		read_windows(&apart, g_ptr_array_index(r->conf->stacks, i), root, "windows.*");
		merge_diags(r, &diags);
		diag_list_clear(&diags);
	}
	if (r->conf->stacks->len == 0 && yaml_get_list(root, "windows", r->diags) != NULL) {
		yaml_fail(yaml_get(root, "windows"), r->diags, "these windows are for no stack");
	}
}

static void check_source(struct conf_reader *r, const struct conf_source *source,
			 const struct yaml_node *at)
{
	if (g_strcmp0(source->verify, "none") != 0 && source->signers == NULL &&
	    source->openpgp_keys == NULL) {
		yaml_fail(at, r->diags, "'verify' needs 'signers' or 'openpgp-keys'");
	}
}

static void read_stack(struct conf_reader *r, const char *name, struct yaml_node *map)
{
	struct yaml_node *node = conf_as_map(r, yaml_get(map, name), "a stack");
	struct conf_stack *stack = g_new0(struct conf_stack, 1);
	struct yaml_node *source, *approval;

	stack->name = g_strdup(name);
	stack->rules = g_ptr_array_new_with_free_func(conf_rule_free);
	stack->windows = g_ptr_array_new_with_free_func(conf_window_free);
	stack->drift_rules = g_ptr_array_new_with_free_func(conf_drift_rule_free);
	g_ptr_array_add(r->conf->stacks, stack);
	if (node == NULL) {
		return;
	}
	conf_read_section(r, node, "stacks.*", stack);
	source = yaml_get_map(node, "source", r->diags);
	if (source == NULL) {
		yaml_fail(node, r->diags,
			  "'source' is missing: it says where the desired state is");
	}
	conf_read_section(r, source, "stacks.*.source", &stack->source);
	conf_end_section(r, source, "stacks.*.source");
	check_source(r, &stack->source, source != NULL ? source : node);
	approval = yaml_get_map(node, "approval", r->diags);
	conf_read_section(r, approval, "stacks.*.approval", &stack->approval);
	conf_end_section(r, approval, "stacks.*.approval");
	if (stack->approval.from == NULL) {
		stack->approval.from = g_new0(char *, 1);
	}
	check_approval(r, &stack->approval, approval != NULL ? approval : node);
	check_glass(r, &stack->approval, approval);
	read_hook(r, node, &stack->hook);
	read_rules(r, stack, node);
	read_windows(r, stack, node, "stacks.*.windows.*");
	conf_read_drift_rules(r, stack, node);
	conf_read_suspend(r, node, &stack->suspend);
	conf_read_stack_kubernetes(r, node, stack);
	conf_end_section(r, node, "stacks.*");
}

static void check_shared_keys(struct conf_reader *r, const struct yaml_node *at)
{
	const struct signers *s = r->signers;

	for (size_t i = 0; i < s->count; i++) {
		for (size_t j = 0; j < i; j++) {
			if (strcmp(s->items[i].principal, s->items[j].principal) != 0 &&
			    ssh_key_equal(&s->items[i].key, &s->items[j].key)) {
				yaml_fail(at, r->diags,
					  "'%s', line %u: one key belongs to both '%s' and '%s'",
					  r->conf->allowed_signers, s->items[i].line,
					  s->items[j].principal, s->items[i].principal);
				return;
			}
		}
	}
}

static void read_signers(struct conf_reader *r, struct yaml_node *root)
{
	const struct yaml_node *at = yaml_get(root, "allowed-signers");
	g_autoptr(GError) error = NULL;
	g_autofree char *text = NULL;
	struct assent_error cerr;
	size_t len;

	at = at != NULL ? at : root;
	if (r->conf->allowed_signers == NULL) {
		return;
	}
	if (!secure_read(r->conf->allowed_signers, SIGNERS_MAX_SIZE, &text, &len, &error)) {
		/* Without stacks nobody has to approve anything yet. */
		if (yaml_get(root, "stacks") != NULL ||
		    !g_error_matches(error, BASE_ERROR, BASE_ERROR_NOT_FOUND)) {
			yaml_fail(at, r->diags, "approver list: %s", error->message);
		}
		return;
	}
	if (signers_parse(&r->signers, text, len, &cerr) != 0) {
		yaml_fail(at, r->diags, "approver list '%s': %s", r->conf->allowed_signers,
			  cerr.text);
		return;
	}
	check_shared_keys(r, at);
}

static void read_retention(struct conf_reader *r, struct yaml_node *root)
{
	struct yaml_node *map = yaml_get_map(root, "retention", r->diags);

	conf_read_section(r, map, "retention", &r->conf->retention);
	conf_end_section(r, map, "retention");
}

static void read_root(struct conf_reader *r, struct yaml_node *root)
{
	if (conf_as_map(r, root, "the configuration") == NULL) {
		return;
	}
	conf_read_section(r, root, "", r->conf);
	read_signers(r, root);
	read_http(r, root);
	conf_read_named(r, root, "labels", read_label);
	conf_read_named(r, root, "people", read_person);
	conf_read_named(r, root, "groups", read_group);
	conf_read_kubernetes(r, root);
	conf_read_named(r, root, "stacks", read_stack);
	conf_check_order(r, yaml_get(root, "stacks"));
	read_retention(r, root);
	read_common_rules(r, root);
	read_common_windows(r, root);
	conf_read_notify(r, root);
	conf_end_section(r, root, "");
}

static struct conf *conf_new(const char *file)
{
	struct conf *conf = g_new0(struct conf, 1);

	conf->file = g_canonicalize_filename(file, NULL);
	conf->labels = g_ptr_array_new_with_free_func(conf_label_free);
	conf->stacks = g_ptr_array_new_with_free_func(conf_stack_free);
	conf->people = g_ptr_array_new_with_free_func(conf_person_free);
	conf->groups = g_ptr_array_new_with_free_func(conf_group_free);
	conf->notifiers = g_ptr_array_new_with_free_func(conf_notifier_free);
	conf->kubernetes.clusters = g_ptr_array_new_with_free_func(conf_cluster_free);
	conf->kubernetes.renderers = g_ptr_array_new_with_free_func(conf_renderer_free);
	return conf;
}

struct conf *conf_load(const char *file, struct diag_list *diags, GError **error)
{
	g_autofree char *text = NULL;
	g_autoptr(conf_auto) conf = NULL;
	struct conf_reader reader;
	struct yaml_node *root;
	unsigned before = diags->items->len;
	size_t len;

	if (!secure_read(file, yaml_default_limits.max_size, &text, &len, error)) {
		fail_prefix(error, "configuration");
		return NULL;
	}
	conf = conf_new(file);
	hash_bytes(&conf->digest, text, len);
	reader = (struct conf_reader){.conf = conf, .diags = diags};
	root = yaml_parse(file, text, len, &yaml_default_limits, diags);
	if (root != NULL) {
		read_root(&reader, root);
	}
	yaml_node_free(root);
	signers_free(reader.signers);
	return root != NULL && diags->items->len == before ? g_steal_pointer(&conf) : NULL;
}
