/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * All manifests of a folder.
 *
 * Read are the files whose names end in .yaml, .yml or .json, in folders beneath, too, in the
 * order of their paths' bytes. Not read, and not an error: other names, what begins with a dot
 * (or is in a folder that does), and kustomization.yaml, which is no object. A link with the name
 * of a manifest is refused rather than left out, since what is missing would be removed from the
 * cluster; and so is a folder in which nothing is found.
 *
 * This room is below the one that knows repositories: the files come by functions of the caller,
 * those of desired/reader.h in another dress.
 */
#include "kube/object.h"

#define KUBE_FOLDER_MAX_FILES 5000
#define KUBE_FOLDER_MAX_SIZE ((size_t)64 << 20) /* of all files */
#define KUBE_FOLDER_MAX_OBJECTS 10000
#define KUBE_FOLDER_MAX_VALUES 2000000 /* of all files, with those that aliases repeat */
#define KUBE_FOLDER_MAX_TEXT ((size_t)128 << 20)

/* False stops the walk, with error set. path is from the root and borrowed. */
typedef bool kube_found_fn(const char *path, bool is_link, void *data, GError **error);

struct kube_files {
	/* The files and links beneath folder ("": the root), in any order. */
	bool (*walk)(void *data, const char *folder, kube_found_fn *found, void *found_data,
		     GError **error);
	/* A file's bytes; BASE_ERROR_LIMIT when there are more than max. */
	bool (*read)(void *data, const char *path, size_t max, char **bytes, size_t *len,
		     GError **error);
	void *data; /* for both */
};

/* Appends the objects of the folder. False with diagnostics (what a person must correct), or with
 * error (the files cannot be read); objects are incomplete then. */
bool kube_folder_read(const struct kube_files *files, const char *folder,
		      const struct kube_vars *vars, GPtrArray *objects, struct diag_list *diags,
		      GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The same of one file, whatever its name. */
bool kube_folder_read_file(const struct kube_files *files, const char *path,
			   const struct kube_vars *vars, GPtrArray *objects,
			   struct diag_list *diags, GError **error) G_GNUC_WARN_UNUSED_RESULT;
