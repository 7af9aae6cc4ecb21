/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Credentials from a kubeconfig's texts, files and program. */
#include "cluster/credentials.h"

#include <sodium.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/file.h"
#include "cluster/plugin.h"

#define FILE_MAX ((size_t)1 << 20)
#define TOKEN_MAX ((size_t)64 << 10)

enum watched { CA_FILE, CERT_FILE, KEY_FILE, TOKEN_FILE, WATCHED };

/* Enough to see that a file is another one; links are followed, as a pod's token is one. */
struct stamp {
	struct timespec changed;
	dev_t device;
	ino_t inode;
	off_t size;
};

struct credential_source {
	const struct kube_config *config;
	char *name;
	struct credentials *current;
	struct stamp stamps[WATCHED];
	unsigned last;
};

struct credentials *credentials_ref(struct credentials *credentials)
{
	credentials->refs++;
	return credentials;
}

static void secret_free(void *bytes)
{
	seal_bytes_free(bytes);
}

void credentials_unref(struct credentials *credentials)
{
	if (credentials == NULL || --credentials->refs > 0) {
		return;
	}
	for (struct curl_slist *h = credentials->headers, *next; h != NULL; h = next) {
		next = h->next;
		g_free(h);
	}
	seal_bytes_free(credentials->ca);
	seal_bytes_free(credentials->cert);
	seal_bytes_free(credentials->key);
	g_ptr_array_unref(credentials->secrets);
	g_free(credentials);
}

static struct credentials *credentials_new(unsigned number)
{
	struct credentials *credentials = g_new0(struct credentials, 1);

	credentials->refs = 1;
	credentials->number = number;
	credentials->secrets = g_ptr_array_new_with_free_func(secret_free);
	return credentials;
}

typedef struct credentials credentials_auto;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(credentials_auto, credentials_unref)

struct credential_source *credential_source_new(const struct kube_config *config, const char *name)
{
	struct credential_source *source = g_new0(struct credential_source, 1);

	source->config = config;
	source->name = g_strdup(name);
	return source;
}

void credential_source_free(struct credential_source *source)
{
	if (source != NULL) {
		credentials_unref(source->current);
		g_free(source->name);
		g_free(source);
	}
}

char *credential_source_describe(const struct credential_source *source)
{
	const struct kube_config *config = source->config;

	if (config->exec != NULL) {
		return g_strdup_printf("what '%s' gives", config->exec->command);
	}
	if (config->token_file != NULL) {
		return g_strdup_printf("the token in '%s'", config->token_file);
	}
	if (config->cert_file != NULL && config->token == NULL) {
		return g_strdup_printf("the certificate in '%s'", config->cert_file);
	}
	return g_strdup(config->token != NULL	    ? "the token of its kubeconfig"
			: config->username != NULL  ? "the user and password of its kubeconfig"
			: config->cert_data != NULL ? "the certificate of its kubeconfig"
						    : "requests without credentials");
}

static const char *watched_path(const struct credential_source *source, enum watched which)
{
	const struct kube_config *config = source->config;

	switch (which) {
	case CA_FILE:
		return config->ca_data != NULL ? NULL : config->ca_file;
	case CERT_FILE:
		return config->cert_data != NULL ? NULL : config->cert_file;
	case KEY_FILE:
		return config->key_data != NULL ? NULL : config->key_file;
	case TOKEN_FILE:
		return config->token_file;
	case WATCHED:
		break;
	}
	return NULL;
}

static struct stamp stamp_of(const char *path)
{
	struct stat st;

	if (path == NULL || stat(path, &st) != 0) {
		return (struct stamp){0};
	}
	return (struct stamp){st.st_mtim, st.st_dev, st.st_ino, st.st_size};
}

static bool same_stamp(const struct stamp *a, const struct stamp *b)
{
	return a->changed.tv_sec == b->changed.tv_sec && a->changed.tv_nsec == b->changed.tv_nsec &&
	       a->device == b->device && a->inode == b->inode && a->size == b->size;
}

static bool files_changed(const struct credential_source *source)
{
	for (enum watched which = 0; which < WATCHED; which++) {
		struct stamp now = stamp_of(watched_path(source, which));

		if (!same_stamp(&now, &source->stamps[which])) {
			return true;
		}
	}
	return false;
}

static bool read_file(const char *what, const char *path, size_t max, struct seal_bytes **out,
		      GError **error)
{
	char *text = NULL;
	size_t len = 0;

	if (!file_read(path, max, &text, &len, error)) {
		return fail_prefix(error, "%s", what);
	}
	*out = seal_bytes_new(text, len);
	sodium_memzero(text, len);
	g_free(text);
	return true;
}

/* "NAME: VALUE", in guarded memory. */
static void add_header(struct credentials *credentials, const char *name, const char *value,
		       size_t len)
{
	size_t before = strlen(name), all = before + strlen(": ") + len;
	struct curl_slist *node = g_new0(struct curl_slist, 1);
	char *line = sodium_malloc(all + 1);
	struct seal_bytes *bytes;

	if (line == NULL) {
		g_error("no memory for secrets");
	}
	memcpy(line, name, before);
	memcpy(line + before, ": ", 2);
	memcpy(line + before + 2, value, len);
	line[all] = '\0';
	bytes = seal_bytes_new(line, all);
	sodium_free(line);
	g_ptr_array_add(credentials->secrets, bytes);
	node->data = (char *)seal_bytes_get(bytes, &len);
	node->next = credentials->headers;
	credentials->headers = node;
}

/* What a header can carry, and no line of its own. */
static bool is_token(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (!g_ascii_isgraph(text[i])) {
			return false;
		}
	}
	return len > 0;
}

static bool add_bearer(struct credentials *credentials, const struct seal_bytes *token,
		       const char *what, GError **error)
{
	size_t len, all;
	const char *text = seal_bytes_get(token, &len);
	char *value;

	while (len > 0 && g_ascii_isspace(text[len - 1])) {
		len--;
	}
	while (len > 0 && g_ascii_isspace(text[0])) {
		text++;
		len--;
	}
	if (!is_token(text, len)) {
		return fail(error, BASE_ERROR, BASE_ERROR_MALFORMED, "%s %s", what,
			    len == 0 ? "is empty" : "has characters that no token has");
	}
	all = strlen("Bearer ") + len;
	value = sodium_malloc(all);
	if (value == NULL) {
		g_error("no memory for secrets");
	}
	memcpy(value, "Bearer ", strlen("Bearer "));
	memcpy(value + strlen("Bearer "), text, len);
	add_header(credentials, "Authorization", value, all);
	sodium_free(value);
	return true;
}

static void add_basic(struct credentials *credentials, const char *username,
		      const struct seal_bytes *password)
{
	size_t len, named = strlen(username);
	const char *text = seal_bytes_get(password, &len);
	size_t plain_len = named + 1 + len;
	size_t coded_len = sodium_base64_encoded_len(plain_len, sodium_base64_VARIANT_ORIGINAL) +
			   strlen("Basic ");
	char *plain = sodium_malloc(plain_len), *coded = sodium_malloc(coded_len);

	if (plain == NULL || coded == NULL) {
		g_error("no memory for secrets");
	}
	memcpy(plain, username, named);
	plain[named] = ':';
	memcpy(plain + named + 1, text, len);
	memcpy(coded, "Basic ", strlen("Basic "));
	sodium_bin2base64(coded + strlen("Basic "), coded_len - strlen("Basic "),
			  (const unsigned char *)plain, plain_len, sodium_base64_VARIANT_ORIGINAL);
	add_header(credentials, "Authorization", coded, strlen(coded));
	sodium_free(plain);
	sodium_free(coded);
}

static void add_text(struct credentials *credentials, const char *name, const char *value)
{
	add_header(credentials, name, value, strlen(value));
}

/* The part of a header's name may hold what only a value can: then it is escaped. */
static void add_extra(struct credentials *credentials, const char *extra)
{
	const char *equals = strchr(extra, '=');
	g_autofree char *key = g_strndup(extra, (size_t)(equals - extra));
	g_autofree char *escaped = g_uri_escape_string(key, "!#$&'*+^`|", false);
	g_autofree char *name = g_strconcat("Impersonate-Extra-", escaped, NULL);

	add_text(credentials, name, equals + 1);
}

static void add_impersonation(struct credentials *credentials, const struct kube_config *config)
{
	if (config->as == NULL) {
		return;
	}
	add_text(credentials, "Impersonate-User", config->as);
	if (config->as_uid != NULL) {
		add_text(credentials, "Impersonate-Uid", config->as_uid);
	}
	for (size_t i = 0; config->as_groups != NULL && config->as_groups[i] != NULL; i++) {
		add_text(credentials, "Impersonate-Group", config->as_groups[i]);
	}
	for (guint i = 0; i < config->as_extra->len; i++) {
		add_extra(credentials, config->as_extra->pdata[i]);
	}
}

static struct seal_bytes *copy(const struct seal_bytes *bytes)
{
	size_t len;
	const char *text = seal_bytes_get(bytes, &len);

	return seal_bytes_new(text, len);
}

static bool load_certificates(const struct credential_source *source, struct credentials *made,
			      GError **error)
{
	const struct kube_config *config = source->config;

	if (config->ca_data != NULL) {
		made->ca = seal_bytes_new(config->ca_data, strlen(config->ca_data));
	} else if (config->ca_file != NULL && !read_file("certificate-authority", config->ca_file,
							 FILE_MAX, &made->ca, error)) {
		return false;
	}
	if (config->cert_data != NULL) {
		made->cert = seal_bytes_new(config->cert_data, strlen(config->cert_data));
	} else if (config->cert_file != NULL && !read_file("client-certificate", config->cert_file,
							   FILE_MAX, &made->cert, error)) {
		return false;
	}
	if (config->key_data != NULL) {
		made->key = copy(config->key_data);
	} else if (config->key_file != NULL &&
		   !read_file("client-key", config->key_file, FILE_MAX, &made->key, error)) {
		return false;
	}
	return true;
}

/* The file wins while it can be read, else the text that stands beside it. */
static bool load_token(const struct credential_source *source, struct credentials *made,
		       GError **error)
{
	const struct kube_config *config = source->config;
	g_autoptr(GError) local = NULL;
	g_autofree char *what = NULL;
	struct seal_bytes *bytes = NULL;
	bool good;

	if (config->token_file == NULL) {
		return config->token == NULL || add_bearer(made, config->token, "its token", error);
	}
	what = g_strdup_printf("the token in '%s'", config->token_file);
	good = read_file("tokenFile", config->token_file, TOKEN_MAX, &bytes, &local) &&
	       add_bearer(made, bytes, what, &local);
	seal_bytes_free(bytes);
	if (good) {
		return true;
	}
	if (config->token != NULL) {
		return add_bearer(made, config->token, "its token", error);
	}
	g_propagate_error(error, g_steal_pointer(&local));
	return false;
}

static bool load(struct credential_source *source, GError **error)
{
	g_autoptr(credentials_auto) made = credentials_new(source->last + 1);
	const struct kube_config *config = source->config;
	struct stamp stamps[WATCHED];

	/* Before they are read: a change in between is seen the next time. */
	for (enum watched which = 0; which < WATCHED; which++) {
		stamps[which] = stamp_of(watched_path(source, which));
	}
	if (!load_certificates(source, made, error) || !load_token(source, made, error)) {
		return fail_prefix(error, "cluster '%s'", source->name);
	}
	if (config->username != NULL) {
		add_basic(made, config->username, config->password);
	}
	if (config->exec != NULL) {
		g_autoptr(plugin_result_auto) got = NULL;

		if (!plugin_run(config, &got, error)) {
			return fail_prefix(error, "cluster '%s'", source->name);
		}
		made->cert = g_steal_pointer(&got->cert);
		made->key = g_steal_pointer(&got->key);
		made->ends = got->ends;
		if (got->token != NULL &&
		    !add_bearer(made, got->token, "the token of its program", error)) {
			return fail_prefix(error, "cluster '%s'", source->name);
		}
	}
	add_impersonation(made, config);
	credentials_unref(source->current);
	source->current = g_steal_pointer(&made);
	source->last++;
	memcpy(source->stamps, stamps, sizeof(stamps));
	return true;
}

static bool is_over(const struct credentials *credentials)
{
	return credentials->ends != 0 && g_get_real_time() / G_USEC_PER_SEC >= credentials->ends;
}

bool credential_source_take(struct credential_source *source, struct credentials **out,
			    GError **error)
{
	g_autoptr(GError) local = NULL;

	if (source->current == NULL) {
		if (!load(source, error)) {
			return false;
		}
	} else if (is_over(source->current)) {
		if (!load(source, error)) {
			return false;
		}
	} else if (files_changed(source) && !load(source, &local)) {
		/* Half written, or not there for a moment: what we have may still be good. */
		g_debug("%s", local->message);
	}
	*out = credentials_ref(source->current);
	return true;
}

bool credential_source_renew(struct credential_source *source, const struct credentials *refused,
			     struct credentials **out, GError **error)
{
	*out = NULL;
	if (source->current == NULL || source->current->number == refused->number) {
		if (source->config->exec == NULL && !files_changed(source)) {
			return true;
		}
		if (!load(source, error)) {
			return false;
		}
	}
	*out = credentials_ref(source->current);
	return true;
}
