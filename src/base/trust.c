/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The trust file. */
#include "base/trust.h"

#include <inttypes.h>
#include <string.h>

#include "base/autoptr.h"
#include "base/conf.h"
#include "base/error.h"
#include "base/secure.h"
#include "base/yaml.h"

#define TRUST_MAX_SIZE ((size_t)256 << 10)

static const char *const known_keys[] = {
	"agents",  "approvers", "attested", "break_glass", "commands",
	"kinds",   "minimum",	"packages", "paths",	   "people",
	"restore", "seal_key",	"services", "setuid",	   NULL,
};

/* secure_read(), or what is stricter. */
typedef bool (*read_fn)(const char *path, size_t max, char **text, size_t *len, GError **error);

static void agent_clear(void *item)
{
	g_free(((struct trust_agent *)item)->name);
}

static void person_clear(void *item)
{
	struct approval_person *person = item;

	g_free((char *)person->name);
	g_strfreev((char **)person->emails);
}

void trust_free(struct trust *trust)
{
	if (trust == NULL) {
		return;
	}
	g_clear_pointer(&trust->agents, g_array_unref);
	g_clear_pointer(&trust->people, g_array_unref);
	g_strfreev(trust->paths);
	g_strfreev(trust->kinds);
	g_strfreev(trust->packages);
	g_strfreev(trust->services);
	g_strfreev(trust->commands);
	g_free(trust->approvers_file);
	g_free(trust->seal_key);
	signers_free(trust->signers);
	g_free(trust);
}

const struct ssh_key *trust_agent_key(const struct trust *trust, const char *agent)
{
	for (unsigned i = 0; i < trust->agents->len; i++) {
		const struct trust_agent *a = &g_array_index(trust->agents, struct trust_agent, i);

		if (strcmp(a->name, agent) == 0) {
			return &a->key;
		}
	}
	return NULL;
}

static void read_agents(struct trust *trust, struct yaml_node *root, struct diag_list *diags)
{
	struct yaml_node *map = yaml_get_map(root, "agents", diags);

	if (map == NULL || map->keys->len == 0) {
		yaml_fail(root, diags,
			  "'agents' is missing: it names the agents and their plan keys");
		return;
	}
	for (unsigned i = 0; i < map->keys->len; i++) {
		const struct yaml_node *name = g_ptr_array_index(map->keys, i);
		struct assent_error cerr;
		struct trust_agent agent = {0};
		const char *line = yaml_get_string(map, name->value, NULL, diags);

		if (!conf_is_agent_name(name->value)) {
			yaml_fail(name, diags, "'%s' is not an agent's name", name->value);
			continue;
		}
		if (line == NULL) {
			continue;
		}
		if (ssh_key_parse_line(&agent.key, line, &cerr) != 0) {
			yaml_fail(name, diags, "key of agent '%s': %s", name->value, cerr.text);
			continue;
		}
		agent.name = g_strdup(name->value);
		g_array_append_val(trust->agents, agent);
	}
}

static void read_people(struct trust *trust, struct yaml_node *root, struct diag_list *diags)
{
	struct yaml_node *map = yaml_get_map(root, "people", diags);

	for (unsigned i = 0; map != NULL && i < map->keys->len; i++) {
		const struct yaml_node *name = g_ptr_array_index(map->keys, i);
		struct approval_person person = {0};
		char **emails = yaml_get_strings(map, name->value, diags);

		if (emails == NULL) {
			continue;
		}
		person.name = g_strdup(name->value);
		person.emails = (const char *const *)emails;
		g_array_append_val(trust->people, person);
	}
}

static void read_attested(struct trust *trust, struct yaml_node *root, struct diag_list *diags)
{
	g_auto(GStrv) names = yaml_get_strings(root, "attested", diags);

	for (char **name = names; name != NULL && *name != NULL; name++) {
		enum channel channel;

		if (!channel_find(*name, &channel) || channel == CHANNEL_SIGNATURE) {
			g_autofree char *known = g_strjoinv(", ", (char **)channel_names + 1);

			yaml_fail(yaml_get(root, "attested"), diags,
				  "'%s' is no channel that is attested: %s", *name, known);
			continue;
		}
		trust->attested |= CHANNEL_BIT(channel);
	}
}

/* No pattern reaches what its text does not show. */
static bool is_pattern(const char *text)
{
	g_auto(GStrv) parts = g_strsplit(text, "/", -1);

	if (parts[0] == NULL || parts[0][0] != '\0' || parts[1] == NULL) {
		return false;
	}
	for (char **part = parts + 1; *part != NULL; part++) {
		if (**part == '\0' || strcmp(*part, ".") == 0 || strcmp(*part, "..") == 0) {
			return false;
		}
	}
	return true;
}

static bool is_kind(const char *text)
{
	return *text != '\0' && strspn(text, G_CSET_a_2_z "-") == strlen(text);
}

/* Of a package or a unit; stars and question marks among it. */
static bool is_name(const char *text)
{
	for (const char *at = text; *at != '\0'; at++) {
		if (!g_ascii_isgraph(*at) || *at == '/') {
			return false;
		}
	}
	return *text != '\0';
}

static char **read_scope(struct yaml_node *root, const char *key, bool (*is_valid)(const char *),
			 const char *shape, struct diag_list *diags)
{
	char **items = yaml_get_strings(root, key, diags);

	for (char **item = items; item != NULL && *item != NULL; item++) {
		if (!is_valid(*item)) {
			yaml_fail(yaml_get(root, key), diags, "'%s' is not %s", *item, shape);
		}
	}
	return items;
}

static bool read_approvers(struct trust *trust, read_fn read, GError **error)
{
	g_autofree char *text = NULL;
	struct assent_error cerr;
	size_t len;

	if (!read(trust->approvers_file, SIGNERS_MAX_SIZE, &text, &len, error)) {
		return fail_prefix(error, "approver list");
	}
	return signers_parse(&trust->signers, text, len, &cerr) == 0 ||
	       fail_core(error, &cerr, "approver list '%s'", trust->approvers_file);
}

/* name as it is when absolute, else in file's folder. */
static char *beside(const char *file, const char *name)
{
	g_autofree char *folder = g_path_get_dirname(file);

	return g_path_is_absolute(name) ? g_strdup(name) : g_build_filename(folder, name, NULL);
}

static void read_root(struct trust *trust, const char *file, struct yaml_node *root,
		      struct diag_list *diags)
{
	const char *approvers, *seal_key;

	if (root->type != YAML_MAP) {
		yaml_fail(root, diags, "a map with 'agents' and 'approvers' is expected");
		return;
	}
	read_agents(trust, root, diags);
	read_people(trust, root, diags);
	read_attested(trust, root, diags);
	trust->paths = read_scope(root, "paths", is_pattern,
				  "an absolute path or a pattern of such without . and ..", diags);
	trust->kinds = read_scope(root, "kinds", is_kind, "a kind of resource", diags);
	trust->packages = read_scope(root, "packages", is_name,
				     "a package's name or a pattern of such", diags);
	trust->services =
		read_scope(root, "services", is_name, "a unit's name or a pattern of such", diags);
	trust->commands = read_scope(root, "commands", is_pattern,
				     "a program's absolute path or a pattern of such without . "
				     "and ..",
				     diags);
	trust->setuid = yaml_get_bool(root, "setuid", false, diags);
	trust->break_glass = yaml_get_bool(root, "break_glass", false, diags);
	trust->restore = yaml_get_bool(root, "restore", false, diags);
	trust->minimum = yaml_get_int(root, "minimum", 0, 1000, 1, diags);
	approvers = yaml_get_string(root, "approvers", NULL, diags);
	if (approvers == NULL || *approvers == '\0') {
		yaml_fail(root, diags, "'approvers' is missing: it names the approver list");
	} else {
		trust->approvers_file = beside(file, approvers);
	}
	seal_key = yaml_get_string(root, "seal_key", NULL, diags);
	if (seal_key != NULL && *seal_key == '\0') {
		yaml_fail(yaml_get(root, "seal_key"), diags, "'seal_key' is empty");
	} else if (seal_key != NULL) {
		trust->seal_key = beside(file, seal_key);
	}
	yaml_end(root, known_keys, diags);
}

static bool parse(struct trust *trust, const char *file, const char *text, size_t len,
		  GError **error)
{
	struct diag_list diags;
	struct yaml_node *root;
	bool ok;

	diag_list_init(&diags);
	root = yaml_parse(file, text, len, &yaml_default_limits, &diags);
	if (root != NULL) {
		read_root(trust, file, root, &diags);
	}
	ok = root != NULL && diags.items->len == 0;
	if (!ok) {
		g_autofree char *all = diag_text(&diags);

		fail(error, BASE_ERROR, BASE_ERROR_MALFORMED, "%s", g_strchomp(all));
	}
	yaml_node_free(root);
	diag_list_clear(&diags);
	return ok;
}

static bool load(const char *file, read_fn read, struct trust **out, GError **error)
{
	g_autofree char *text = NULL;
	g_autoptr(trust_auto) trust = g_new0(struct trust, 1);
	size_t len;

	trust->agents = g_array_new(FALSE, FALSE, sizeof(struct trust_agent));
	trust->people = g_array_new(FALSE, FALSE, sizeof(struct approval_person));
	g_array_set_clear_func(trust->agents, agent_clear);
	g_array_set_clear_func(trust->people, person_clear);
	if (!read(file, TRUST_MAX_SIZE, &text, &len, error) ||
	    !parse(trust, file, text, len, error) || !read_approvers(trust, read, error)) {
		return fail_prefix(error, "trust file");
	}
	*out = g_steal_pointer(&trust);
	return true;
}

bool trust_load(const char *file, struct trust **out, GError **error)
{
	return load(file, secure_read, out, error);
}

bool trust_load_root(const char *file, struct trust **out, GError **error)
{
	return load(file, secure_read_root, out, error);
}

char *trust_text(const char *agent, const char *plan_key, const char *approvers, int64_t minimum)
{
	/* In single quotes, where only they themselves have to be doubled. */
	g_auto(GStrv) parts = g_strsplit(approvers, "'", -1);
	g_autofree char *quoted = g_strjoinv("''", parts);

	return g_strdup_printf("# What assent-worker believes when it applies a plan.\n"
			       "agents:\n"
			       "  %s: %s\n"
			       "approvers: '%s'\n"
			       "minimum: %" PRId64 "\n",
			       agent, plan_key, quoted, minimum);
}
