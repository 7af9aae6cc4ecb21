/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Names of objects: the server's, the plan's, inventories', ApplySets'. */
#include "kube/id.h"

#include <string.h>

#include "base/error.h"
#include "core/hash.h"
#include "core/text.h"

#define MAX_NAME 253
#define MAX_LABEL 63
#define RBAC "rbac.authorization.k8s.io"

/* Groups of Kubernetes in which no kind has the name of one in another of these. events.k8s.io and
 * extensions are not among them: Event and Ingress. */
static const char *const plain_groups[] = {
	"",
	"admissionregistration.k8s.io",
	"apiextensions.k8s.io",
	"apiregistration.k8s.io",
	"apps",
	"autoscaling",
	"batch",
	"certificates.k8s.io",
	"coordination.k8s.io",
	"discovery.k8s.io",
	"flowcontrol.apiserver.k8s.io",
	"networking.k8s.io",
	"node.k8s.io",
	"policy",
	RBAC,
	"scheduling.k8s.io",
	"storage.k8s.io",
	NULL,
};

void kube_id_free(struct kube_id *id)
{
	if (id != NULL) {
		g_free(id->group);
		g_free(id->version);
		g_free(id->kind);
		g_free(id->namespace);
		g_free(id->name);
		g_free(id);
	}
}

struct kube_id *kube_id_dup(const struct kube_id *id)
{
	struct kube_id *copy = g_new0(struct kube_id, 1);

	copy->group = g_strdup(id->group);
	copy->version = g_strdup(id->version);
	copy->kind = g_strdup(id->kind);
	copy->namespace = g_strdup(id->namespace);
	copy->name = g_strdup(id->name);
	return copy;
}

int kube_id_compare(const struct kube_id *a, const struct kube_id *b)
{
	int order = strcmp(a->namespace, b->namespace);

	if (order == 0) {
		order = strcmp(a->group, b->group);
	}
	if (order == 0) {
		order = strcmp(a->kind, b->kind);
	}
	return order != 0 ? order : strcmp(a->name, b->name);
}

bool kube_id_equal(const struct kube_id *a, const struct kube_id *b)
{
	return kube_id_compare(a, b) == 0;
}

/* Small letters, digits and '-', not at its ends. */
static bool is_label(const char *text, size_t len)
{
	if (len == 0 || len > MAX_LABEL || text[0] == '-' || text[len - 1] == '-') {
		return false;
	}
	for (size_t i = 0; i < len; i++) {
		if (!g_ascii_islower(text[i]) && !g_ascii_isdigit(text[i]) && text[i] != '-') {
			return false;
		}
	}
	return true;
}

static bool is_group(const char *text)
{
	if (strlen(text) > MAX_NAME) {
		return false;
	}
	for (;;) {
		size_t len = strcspn(text, ".");

		if (!is_label(text, len)) {
			return false;
		}
		if (text[len] == '\0') {
			return true;
		}
		text += len + 1;
	}
}

static bool is_kind(const char *text)
{
	size_t len = strlen(text);

	if (len == 0 || len > MAX_LABEL || !g_ascii_isalpha(text[0])) {
		return false;
	}
	for (size_t i = 1; i < len; i++) {
		if (!g_ascii_isalnum(text[i]) && text[i] != '-') {
			return false;
		}
	}
	return true;
}

/* The widest of the server's rules, that of RBAC and of custom kinds: one segment of a path. What a
 * kind allows beyond is the server's to say. */
static bool is_name(const char *text)
{
	size_t len = strlen(text);

	return len > 0 && len <= MAX_NAME && strcmp(text, ".") != 0 && strcmp(text, "..") != 0 &&
	       strpbrk(text, "/%") == NULL && text_is_plain(text, len);
}

static bool bad(GError **error, const char *what, const char *text)
{
	g_autofree char *shown = g_utf8_make_valid(text, strnlen(text, 300));

	for (char *p = shown; *p != '\0'; p++) {
		*p = (unsigned char)*p < 0x20 || *p == 0x7f ? '?' : *p;
	}
	return fail(error, BASE_ERROR, BASE_ERROR_MALFORMED, "'%s' is no %s", shown, what);
}

bool kube_id_parse_version(const char *text, char **group, char **version, GError **error)
{
	const char *slash = strchr(text, '/');
	const char *last = slash != NULL ? slash + 1 : text;
	g_autofree char *first = g_strndup(text, slash != NULL ? (size_t)(slash - text) : 0);

	if ((slash != NULL && !is_group(first)) || !is_label(last, strlen(last))) {
		return bad(error, "apiVersion, which is VERSION or GROUP/VERSION", text);
	}
	*group = g_steal_pointer(&first);
	*version = g_strdup(last);
	return true;
}

char *kube_id_version(const struct kube_id *id)
{
	return g_strconcat(id->group, id->group[0] != '\0' ? "/" : "", id->version, NULL);
}

/* A string or nothing; other types are errors. */
static bool take_text(const struct kube_value *map, const char *name, const char **text,
		      GError **error)
{
	const struct kube_value *value = kube_value_get(map, name);

	*text = kube_value_str(value);
	if (*text == NULL && value != NULL && !kube_value_is(value, KUBE_NULL)) {
		return fail(error, BASE_ERROR, BASE_ERROR_MALFORMED, "'%s' is no text", name);
	}
	return true;
}

static bool check_names(const struct kube_id *id, GError **error)
{
	if (!is_kind(id->kind)) {
		return bad(error, "kind", id->kind);
	}
	if (!is_name(id->name)) {
		return bad(error, "name of an object", id->name);
	}
	if (id->namespace[0] != '\0' && !is_label(id->namespace, strlen(id->namespace))) {
		return bad(error, "namespace", id->namespace);
	}
	return true;
}

bool kube_id_from_object(const struct kube_value *object, struct kube_id **out, GError **error)
{
	const struct kube_value *metadata = kube_value_get(object, "metadata");
	const char *version, *kind, *name, *namespace;
	g_autoptr(kube_id_auto) id = g_new0(struct kube_id, 1);

	if (!take_text(object, "apiVersion", &version, error) ||
	    !take_text(object, "kind", &kind, error) ||
	    !take_text(metadata, "name", &name, error) ||
	    !take_text(metadata, "namespace", &namespace, error)) {
		return false;
	}
	if (version == NULL || kind == NULL) {
		return fail(error, BASE_ERROR, BASE_ERROR_MALFORMED, "no %s",
			    version == NULL ? "apiVersion" : "kind");
	}
	if (name == NULL) {
		return fail(error, BASE_ERROR, BASE_ERROR_MALFORMED, "%s without metadata.name%s",
			    kind,
			    kube_value_get(metadata, "generateName") != NULL
				    ? ": generateName cannot be applied"
				    : "");
	}
	if (!kube_id_parse_version(version, &id->group, &id->version, error)) {
		return false;
	}
	id->kind = g_strdup(kind);
	id->name = g_strdup(name);
	id->namespace = g_strdup(namespace != NULL ? namespace : "");
	if (!check_names(id, error)) {
		return false;
	}
	*out = g_steal_pointer(&id);
	return true;
}

bool kube_id_is_own_group(const char *group)
{
	return g_strv_contains(plain_groups, group) || strcmp(group, "events.k8s.io") == 0 ||
	       strcmp(group, "extensions") == 0;
}

static void append_kind(GString *text, const struct kube_id *id)
{
	g_string_append(text, id->kind);
	if (!g_strv_contains(plain_groups, id->group)) {
		g_string_append_printf(text, ".%s", id->group);
	}
}

char *kube_id_plan(const struct kube_id *id, const char *context)
{
	GString *text = g_string_new("k8s:");

	for (const char *p = context; *p != '\0'; p++) {
		if (*p == '/' || *p == '%') {
			g_string_append(text, *p == '/' ? "%2F" : "%25");
		} else {
			g_string_append_c(text, *p);
		}
	}
	if (id->namespace[0] != '\0') {
		g_string_append_printf(text, "/%s", id->namespace);
	}
	g_string_append_c(text, '/');
	append_kind(text, id);
	g_string_append_printf(text, "/%s", id->name);
	return g_string_free(text, FALSE);
}

char *kube_id_text(const struct kube_id *id)
{
	GString *text = g_string_new(NULL);

	append_kind(text, id);
	g_string_append_c(text, ' ');
	if (id->namespace[0] != '\0') {
		g_string_append_printf(text, "%s/", id->namespace);
	}
	g_string_append(text, id->name);
	return g_string_free(text, FALSE);
}

static bool is_rbac(const char *group, const char *kind)
{
	static const char *const kinds[] = {"Role", "ClusterRole", "RoleBinding",
					    "ClusterRoleBinding", NULL};

	return strcmp(group, RBAC) == 0 && g_strv_contains(kinds, kind);
}

static char *replaced(const char *text, const char *old, const char *new)
{
	GString *out = g_string_new(text);

	(void)g_string_replace(out, old, new, 0);
	return g_string_free(out, FALSE);
}

bool kube_id_inventory(const struct kube_id *id, char **out, GError **error)
{
	g_autofree char *name = NULL;

	if (strchr(id->name, '_') != NULL) {
		return fail(error, BASE_ERROR, BASE_ERROR_FAILED,
			    "%s '%s' cannot stand in an inventory: its name has a '_'", id->kind,
			    id->name);
	}
	name = is_rbac(id->group, id->kind) ? replaced(id->name, ":", "__") : g_strdup(id->name);
	*out = g_strdup_printf("%s_%s_%s_%s", id->namespace, name, id->group, id->kind);
	return true;
}

bool kube_id_parse_inventory(const char *text, struct kube_id **out, GError **error)
{
	static const char what[] = "id of an inventory, which is <namespace>_<name>_<group>_<kind>";
	const char *first = strchr(text, '_'), *last = strrchr(text, '_'), *middle;
	g_autoptr(kube_id_auto) id = g_new0(struct kube_id, 1);
	g_autofree char *name = NULL;

	middle = first != NULL ? g_strrstr_len(text, last - text, "_") : NULL;
	if (middle == NULL || middle <= first) {
		return bad(error, what, text);
	}
	id->namespace = g_strndup(text, (size_t)(first - text));
	name = g_strndup(first + 1, (size_t)(middle - first - 1));
	id->group = g_strndup(middle + 1, (size_t)(last - middle - 1));
	id->kind = g_strdup(last + 1);
	id->version = g_strdup("");
	id->name = is_rbac(id->group, id->kind) ? replaced(name, "__", ":") : g_strdup(name);
	if (strchr(id->name, '_') != NULL || (id->group[0] != '\0' && !is_group(id->group))) {
		return bad(error, what, text);
	}
	if (!check_names(id, NULL)) {
		return bad(error, what, text);
	}
	*out = g_steal_pointer(&id);
	return true;
}

char *kube_id_applyset(const char *name, const char *namespace, const char *kind, const char *group)
{
	g_autofree char *text = g_strdup_printf("%s.%s.%s.%s", name, namespace, kind, group);
	char encoded[sodium_base64_ENCODED_LEN(HASH_SIZE,
					       sodium_base64_VARIANT_URLSAFE_NO_PADDING)];
	struct hash hash;

	hash_bytes(&hash, text, strlen(text));
	(void)sodium_bin2base64(encoded, sizeof(encoded), hash.bytes, HASH_SIZE,
				sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	return g_strdup_printf("applyset-%s-v1", encoded);
}

/* Argo CD's form: OWNER:GROUP/KIND:NAMESPACE/NAME. */
char *kube_id_mark(const char *owner, const struct kube_id *id)
{
	g_assert(owner[0] != '\0' && strchr(owner, ':') == NULL);
	return g_strdup_printf("%s:%s/%s:%s/%s", owner, id->group, id->kind, id->namespace,
			       id->name);
}

char *kube_id_mark_owner(const char *text)
{
	size_t owner = strcspn(text, ":"), kind;

	if (owner == 0 || text[owner] == '\0') {
		return NULL;
	}
	kind = strcspn(text + owner + 1, ":");
	if (text[owner + 1 + kind] == '\0' || memchr(text + owner + 1, '/', kind) == NULL ||
	    strchr(text + owner + 1 + kind, '/') == NULL) {
		return NULL;
	}
	return g_strndup(text, owner);
}

enum kube_mark kube_id_judge_mark(const char *text, const char *owner, const struct kube_id *id)
{
	g_autofree char *named = text != NULL ? kube_id_mark_owner(text) : NULL;
	g_autofree char *meant = NULL;

	if (named == NULL) {
		return KUBE_MARK_NONE;
	}
	meant = kube_id_mark(named, id);
	if (strcmp(meant, text) != 0) {
		return KUBE_MARK_COPIED;
	}
	return strcmp(named, owner) == 0 ? KUBE_MARK_OURS : KUBE_MARK_OTHERS;
}
