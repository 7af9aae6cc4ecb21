/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * libgit2 as this program uses it: set up once, isolated from the
 * configuration of the user and the system, everything synced and verified.
 */
#include <git2.h>
#include <glib.h>
#include <stdbool.h>

typedef git_repository git_repository_auto;
typedef git_tree git_tree_auto;
typedef git_commit git_commit_auto;
typedef git_blob git_blob_auto;
typedef git_odb git_odb_auto;
typedef git_odb_object git_odb_object_auto;
typedef git_reference git_reference_auto;
typedef git_remote git_remote_auto;
typedef git_revwalk git_revwalk_auto;
typedef git_packbuilder git_packbuilder_auto;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(git_repository_auto, git_repository_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(git_tree_auto, git_tree_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(git_commit_auto, git_commit_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(git_blob_auto, git_blob_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(git_odb_auto, git_odb_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(git_odb_object_auto, git_odb_object_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(git_reference_auto, git_reference_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(git_remote_auto, git_remote_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(git_revwalk_auto, git_revwalk_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(git_packbuilder_auto, git_packbuilder_free)

/* Starts libgit2; may be called again. */
bool repo_setup(GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* A bare repository at exactly path. */
bool repo_open(const char *path, git_repository **out, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool repo_oid_parse(git_oid *out, const char *hex, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* With libgit2's last message added; GIT_ENOTFOUND becomes BASE_ERROR_NOT_FOUND. */
bool fail_git(GError **error, int code, const char *format, ...) G_GNUC_PRINTF(3, 4);
