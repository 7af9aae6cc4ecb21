/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * What the parts of the room share while a desired state is loaded. Nothing
 * outside src/desired/ includes this.
 *
 * Problems of the manifest go to diags and reading goes on; a repository that
 * cannot be read ends it: load_io_failed() keeps the first such error.
 */
#include "desired/desired.h"
#include "desired/keys.h"
#include "kube/source.h"

/* One file of the manifest. */
struct document {
	struct yaml_node *root;
	const char *file; /* path in the repository; kept by desired->files */
	char *folder;	  /* that holds it */
	bool selected;	  /* meant for this host */
	char *selector;	  /* texts of the includes' selectors; NULL: for all hosts */
};

/* A mention of another resource, resolved when all are known. */
struct reference {
	struct desired_resource *from;
	const struct yaml_node *node;
	char *id;
	bool is_after;
};

struct load {
	struct reader *reader;
	const struct desired_env *env;
	char *top; /* the stack's folder: "" or without slashes at its ends */
	struct diag_list *diags;
	GPtrArray *documents;  /* struct document; what is included stands before its includer */
	GHashTable *vars;      /* name to struct variable */
	GHashTable *secrets;   /* name to struct secret_value */
	GPtrArray *references; /* struct reference; at most DESIRED_MAX_REFERENCES */
	bool overfull;	       /* ... and there were more, which was told */
	struct desired *out;
	GError *io;
	/* of the part that is being read */
	const struct document *document;
	bool selected;
	const char *path; /* of a file, on the host; NULL: not known */
	size_t rendered;  /* bytes of all templates together, with their variables */
	/* Of clusters: resources, objects, and bytes of their files. */
	guint clusters, objects;
	size_t manifests;
	GHashTable *told; /* what was wrong in them */
};

/* Records that something could not be read: as a diagnostic at node when the repository's content
 * is to blame, as the end of loading otherwise. Takes error. */
void load_io_failed(struct load *l, const struct yaml_node *node, GError *error);
/* A copy with variables replaced; as it is when the part is not for this host. NULL with
 * diagnostics. */
char *load_expand(struct load *l, const struct yaml_node *node, const char *text);
/* The expanded path, checked by parse (of paths.h); NULL with diagnostics, or when the part is not
 * for this host. */
char *load_path(struct load *l, const struct yaml_node *node, const char *text,
		char *(*parse)(const char *text, const char *home, char **problem));
/* True when the map's `hosts` selects this host, or has none. *selector receives its text, to be
 * freed, or NULL. */
bool load_hosts(struct load *l, struct yaml_node *map, const struct keys_table *table,
		char **selector);
/* Joins two selectors' texts; NULL when both are. */
char *load_join_selectors(const char *a, const char *b);

/* include.c: reads the manifest and what it includes. */
void include_load(struct load *l);
/* vars.c */
void vars_load(struct load *l);
const char *vars_lookup(const char *name, struct load *l);
/* With the type that it was declared with; of others text. */
const char *vars_typed(const char *name, enum kube_var_type *type, struct load *l);
/* secrets.c, after vars.c */
void secrets_load(struct load *l);
/* NULL: no secret of that name; "" with diagnostics, and without keys. */
const char *secrets_lookup(const char *name, struct load *l);
/* Is it a sealed file, by its form? text and len, when not NULL, receive it. */
bool secrets_check(struct load *l, const struct yaml_node *node, const char *path, char **text,
		   size_t *len);
/* Does the file begin as a sealed one? Of one that is too large to be one: no. */
bool secrets_begins(struct load *l, const char *path, uint64_t size, bool *sealed, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
/* resource.c: one item of `resources`. */
void resource_read(struct load *l, struct yaml_node *node);
void resource_free(struct desired_resource *r);
void entry_free(void *entry);
/* "file:~/x" as the manifest writes it to "file:/home/me/x"; NULL with diagnostics. */
char *resource_id(struct load *l, const struct yaml_node *node, const char *text);
/* resource-act.c: the kinds that are no paths. Their readers, for the table of kinds. */
typedef void resource_reader_fn(struct load *l, struct yaml_node *map,
				const struct keys_table *table, struct desired_resource *r);
resource_reader_fn act_read_package, act_read_service, act_read_command;
/* The name as it stands in an id; NULL with diagnostics. */
char *act_name(struct load *l, const struct yaml_node *node, enum desired_kind kind,
	       const char *text);
/* The further package that a list names at node, with all that r says. */
struct desired_resource *act_clone_package(struct load *l, const struct desired_resource *r,
					   const struct yaml_node *node);
/* kubernetes.c, kubernetes-seal.c */
resource_reader_fn kubernetes_read;
char *kubernetes_name(struct load *l, const struct yaml_node *node, const char *text);
void kubernetes_free(struct desired_kubernetes *k);
/* Are their sealed values whole, and where they are opened? */
void kubernetes_check_sealed(const GPtrArray *objects, struct diag_list *diags);
/* exec.c: how something is run, as far as there are no diagnostics; for this host or not. */
struct desired_exec *exec_read(struct load *l, struct yaml_node *map,
			       const struct keys_table *table);
void exec_free(struct desired_exec *exec);
/* tree.c: lists what is beneath source in the repository. */
void tree_read(struct load *l, const struct yaml_node *node, const char *source,
	       struct desired_resource *r);
void content_clear(struct desired_content *content);
/* check.c: one item of `checks`. */
void check_read(struct load *l, struct yaml_node *node);
void check_free(struct desired_check *check);
/* conflict.c: nothing declared twice, nothing beneath a file. */
void conflict_find(struct load *l);
/* units.c: calls found for each service and a resource that brings a file of its unit. */
typedef void units_found_fn(struct desired_resource *service, struct desired_resource *file,
			    void *data);
void units_find(struct load *l, units_found_fn *found, void *data);
/* order.c: resolves references and sorts. */
void order_resolve(struct load *l);
