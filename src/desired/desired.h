/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * The desired state: what a stack's manifest asks for, on one host.
 *
 * desired_load() reads assent.yaml and what it includes, takes the parts that
 * are meant for this host, expands variables, checks everything that can be
 * checked without looking at the host, and returns the resources in an order
 * that honours `after`. Either the whole manifest is good or nothing is
 * returned: false with diagnostics in diags (what a person must correct) or
 * false with error (the repository cannot be read). It changes nothing and
 * needs neither clock nor network. doc/manifest.md describes the grammar.
 *
 * What is beneath a struct desired belongs to it. The contents of files are
 * not loaded here, except those that the manifest renders.
 */
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/seal.h"
#include "base/yaml.h"
#include "desired/reader.h"

#define DESIRED_MANIFEST "assent.yaml"
#define DESIRED_MAX_MANIFEST ((size_t)256 << 10)
#define DESIRED_MAX_INCLUDES 64
#define DESIRED_MAX_INCLUDE_DEPTH 8
#define DESIRED_MAX_RESOURCES 10000
#define DESIRED_MAX_ENTRIES 200000
#define DESIRED_MAX_REFERENCES 200000 /* of after and notify together */
#define DESIRED_MAX_CHECKS 100
#define DESIRED_MAX_KUBERNETES 200		 /* resources */
#define DESIRED_MAX_OBJECTS 20000		 /* of clusters, in all */
#define DESIRED_MAX_MANIFESTS ((size_t)64 << 20) /* bytes of the files that have them */
#define DESIRED_MAX_TEMPLATE ((size_t)1 << 20)
#define DESIRED_MAX_RENDERED ((size_t)64 << 20) /* of all templates together */

struct desired_label {
	const char *name, *value;
};
/* Opens what is sealed; where: the path of the file that is to hold it, alone or in a template, or
 * the secret's name. */
typedef bool desired_unseal_fn(const char *text, size_t len, const char *where,
			       struct seal_bytes **out, void *data, GError **error);
/* The host and stack that the manifest is read for; borrowed during desired_load(). */
struct desired_env {
	const char *agent, *stack;
	const char *home; /* absolute, what ~ means; NULL makes ~ an error */
	const struct desired_label *labels;
	size_t n_labels;
	desired_unseal_fn *unseal; /* NULL: only the form of secrets is checked */
	void *unseal_data;
	/* Clusters that the stack may touch, and renderers, by the agent's configuration. NULL: not
	 * known here, and every name is good. */
	const char *const *clusters, *const *renderers;
	bool no_objects; /* do not read the objects of clusters */
	/* For checking a repository: take what is meant for any host. Two resources that
	 * are meant for different hosts may then have the same path, so the result is
	 * good for its diagnostics only. */
	bool every_host;
};

enum desired_kind {
	DESIRED_FILE,
	DESIRED_TREE,
	DESIRED_DIRECTORY,
	DESIRED_LINK,
	DESIRED_PACKAGE,
	DESIRED_SERVICE,
	DESIRED_COMMAND,
	DESIRED_KUBERNETES,
};
/* How a thing is wanted; DESIRED_UNSTATED leaves it as it is. */
enum desired_state {
	DESIRED_UNSTATED,
	DESIRED_PRESENT,
	DESIRED_ABSENT,
	DESIRED_RUNNING,
	DESIRED_STOPPED,
};
/* "file", "tree", ... */
const char *desired_kind_name(enum desired_kind kind);

/* Where a file's bytes come from. */
struct desired_content {
	GBytes *bytes;		   /* inline or rendered from a template; NULL: read them at path */
	char *path;		   /* in the repository, from its root; NULL when inline */
	char oid[READER_OID_SIZE]; /* Git's id of the source, or "" */
	uint64_t size;		   /* of the bytes, or of the source */
	bool executable;	   /* as Git records it */
	bool secret;		   /* nobody may see it: rendered with a secret, or ... */
	bool sealed;		   /* ... what is read at path is sealed */
};

/* Something inside a tree. Folders stand before what they hold; siblings in byte order. */
struct desired_entry {
	char *path;			/* relative to the tree's; bytes, not always UTF-8 */
	enum reader_type type;		/* READER_FILE, READER_LINK or READER_FOLDER */
	struct desired_content content; /* of a file; of a link its path and id */
	char *link;			/* a link's text, bytes */
};

/* A command, variables replaced. Lists end with NULL; NULL: not stated. */
struct desired_exec {
	char **run; /* program and arguments; what the manifest wants a shell for has it in here */
	char **unless, **env;
	char *creates, *directory; /* absolute */
	char *user;
	unsigned timeout; /* seconds */
	unsigned output;  /* bytes */
};

/* Objects of a cluster. */
struct desired_kubernetes {
	char *context;	 /* the cluster's name; NULL: not stated, and not known here */
	char *path;	 /* from the repository's root: a folder or a file */
	bool is_folder;	 /* it is a folder */
	char *namespace; /* of objects that name none; NULL: none */
	char *render;	 /* the renderer that makes the objects out of path; NULL: they are there */
	char **values;	 /* files from the root, for the renderer; NULL: none */
	bool prune;	 /* remove what it had before and has no more */
	bool wait;	 /* until it is ready, or fail after */
	unsigned within; /* seconds */
	bool force;	 /* take fields over that other managers own */
	bool replace;	 /* what cannot be changed may be deleted and made again */
	/* struct kube_object, as the manifests have them: not settled, sealed values sealed. NULL:
	 * rendered, or not read (no_objects). */
	GPtrArray *objects;
};

struct desired_resource {
	enum desired_kind kind;
	char *id;   /* "file:/etc/x", "package:nginx" */
	char *path; /* absolute, no "//", ".", ".." or final slash; NULL of what is no path */
	/* Of a package (each of a list is a resource), unit or command; "CONTEXT/PATH" of
	 * kubernetes, or "PATH" (from the stack's folder) where the context is not known. */
	char *name;
	/* -1: the manifest does not state it. mode is that of a file or directory, or of
	 * the files of a tree; folder_mode of a tree's folders. */
	int mode, folder_mode;
	char *owner, *group;		/* a name or a decimal number; NULL: not stated */
	struct desired_content content; /* file */
	char *link;			/* link: its text */
	GPtrArray *entries;		/* tree: struct desired_entry */
	bool prune; /* tree: what is not in entries and not declared elsewhere goes */
	/* package, service */
	enum desired_state state;
	char *manager;	    /* package: "apt", "dnf", "zypper"; NULL: the host's own */
	char *version;	    /* package: conditions, each with its sign, ">=1.22, <2"; NULL: any */
	int held;	    /* package: 0, 1, -1: not stated */
	bool user_scope;    /* service: of the user's manager */
	int enabled;	    /* service: 0, 1, -1: not stated */
	int masked;	    /* service: 0, 1, -1: not stated */
	bool reload;	    /* service: a notification reloads it and does not restart it */
	bool only_notified; /* command: is run when it is notified, and not by itself */
	struct desired_exec *exec; /* command */
	struct desired_kubernetes *kubernetes;
	char **after, **notify; /* ids of other resources; NULL: none */
	unsigned position;	/* in the order of resources */
	char *selector;		/* private */
	const char *file; /* the place of the declaration; file lives as long as the desired */
	unsigned line, column;
};

enum desired_check_kind {
	DESIRED_CHECK_HTTP,
	DESIRED_CHECK_TCP,
	DESIRED_CHECK_COMMAND,
	DESIRED_CHECK_SERVICE,
};
struct desired_check {
	enum desired_check_kind kind;
	char *target;		      /* an http(s) URL, HOST:PORT, a name, a unit */
	unsigned within;	      /* seconds */
	unsigned interval, successes; /* seconds; in a row. 0: not stated */
	unsigned status;	      /* http; 0: 200 to 299 */
	char *body, *ca;	      /* http; NULL: not stated */
	struct desired_exec *exec;    /* command */
	bool user_scope;	      /* service */
	const char *file;
	unsigned line, column;
};
/* "system", "user" */
const char *desired_scope_name(bool user_scope);
/* "http", "tcp" ... */
const char *desired_check_name(enum desired_check_kind kind);

struct desired {
	GPtrArray *resources; /* struct desired_resource; `after` comes before */
	GPtrArray *checks;    /* struct desired_check */
	char *on_failure;     /* "rollback" or "stop" */
	bool prune;	      /* remove what the previous commit declared and this one does not */
	GPtrArray *warnings;  /* char *: texts for the reviewer */
	unsigned n_entries;   /* of all trees together */
	/* private */
	GHashTable *paths;
	GPtrArray *files;
};

/* folder: the stack's, from the repository's root; "" or "." for all of it. */
bool desired_load(struct reader *reader, const char *folder, const struct desired_env *env,
		  struct desired **out, struct diag_list *diags, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
void desired_free(struct desired *desired);
typedef struct desired desired_auto;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(desired_auto, desired_free)
/* True when a resource or a tree's entry declares this absolute path, or something beneath it:
 * pruning must leave it alone. */
bool desired_declares(const struct desired *desired, const char *path);
