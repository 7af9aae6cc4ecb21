/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * Which package's installation changed a file, by what apt and dpkg wrote down: the run of apt in
 * whose time the file's inode changed, of a package that has the path. Reads a bounded part of
 * files, starts nothing; what cannot be read is not known.
 *
 *	struct pkglog *log = pkglog_new("/");
 *	pkglog_ask(log, path, st.st_ctime)      all that are to be known
 *	pkglog_answer(log, path)                "nginx 1.24-1 (apt-get upgrade)"
 */
#include <glib.h>
#include <stdint.h>

struct pkglog;

/* root: the folder in which var/log and var/lib are. */
struct pkglog *pkglog_new(const char *root);
void pkglog_free(struct pkglog *log);
void pkglog_ask(struct pkglog *log, const char *path, int64_t changed);
/* Valid UTF-8 of a few hundred bytes, that of the log; NULL: not known. The first call reads. */
const char *pkglog_answer(struct pkglog *log, const char *path);

typedef struct pkglog pkglog_auto;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(pkglog_auto, pkglog_free)
