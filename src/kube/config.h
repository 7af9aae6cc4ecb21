/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * How a cluster is reached: what kubeconfigs say, merged and checked.
 *
 *	struct kube_config_ask ask = {.env = getenv("KUBECONFIG"), .home = home, .read = fn};
 *	if (!kube_config_load(&ask, &config, &diags, error)) ...   -- with places in diags
 *	kube_config_free(config);
 *
 * The files are the ecosystem's: of several, the first that defines a name wins
 * with all of it, paths are relative to the folder of the file that defined the
 * entry, keys that are not known are left alone. Only the context that is asked
 * for is checked, and that strictly: what kubectl refuses is refused, and also
 * credentials for a server without TLS, which it would silently keep back.
 *
 * A file comes through a callback and is wiped after it was read; tokens,
 * passwords and keys are kept in guarded memory. No program is run: one that
 * the user entry names must be on the caller's list.
 */
#include <glib.h>
#include <stdbool.h>

#include "base/seal.h"
#include "base/yaml.h"

#define KUBE_CONFIG_MAX ((size_t)1 << 20)
#define KUBE_CONFIG_MAX_FILES 32

/* Fails with BASE_ERROR_NOT_FOUND when there is no such file. *text is g_malloc()ed. */
typedef bool kube_config_read_fn(const char *path, char **text, size_t *len, void *data,
				 GError **error);

struct kube_config_ask {
	const char *path;    /* this file and no other; NULL: as env and home say */
	const char *env;     /* $KUBECONFIG; NULL: not set */
	const char *home;    /* for .kube/config; may be NULL */
	const char *context; /* NULL: the current one */
	/* Absolute paths of the programs that may give credentials; NULL: none. */
	const char *const *exec_allowed;
	kube_config_read_fn *read;
	void *data;
};

struct kube_config_exec {
	char *command; /* absolute, one of exec_allowed */
	char **args;
	char **env;	   /* "NAME=value" */
	char *api_version; /* "client.authentication.k8s.io/v1" or its v1beta1 */
	bool wants_cluster;
};

/* Texts that were not stated are NULL. */
struct kube_config {
	char *context;
	char *namespace; /* "default" when the context has none */

	char *server; /* without final slash */
	char *tls_server_name;
	bool insecure; /* no verification of the server's certificate */
	char *ca_file;
	char *ca_data; /* PEM */
	char *proxy;
	bool no_compression;

	char *cert_file, *key_file;
	char *cert_data;	     /* PEM */
	struct seal_bytes *key_data; /* PEM */
	struct seal_bytes *token;
	char *token_file; /* wins over token while it can be read */
	char *username;
	struct seal_bytes *password;
	struct kube_config_exec *exec; /* NULL also when the user entry needs none */

	char *as, *as_uid;
	char **as_groups;
	GPtrArray *as_extra; /* "NAME=value" */
};

/* What must be corrected in a file stands in diags, with its place; error says the rest, and which
 * context it was about. BASE_ERROR_NOT_FOUND: no file, or no such context. */
bool kube_config_load(const struct kube_config_ask *ask, struct kube_config **out,
		      struct diag_list *diags, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* In a pod: the values of KUBERNETES_SERVICE_HOST and _PORT, and the folder of the account's files.
 * namespace NULL: "default". */
bool kube_config_in_cluster(const char *host, const char *port, const char *folder,
			    const char *namespace, struct kube_config **out, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
void kube_config_free(struct kube_config *config);
typedef struct kube_config kube_config_auto;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(kube_config_auto, kube_config_free)
