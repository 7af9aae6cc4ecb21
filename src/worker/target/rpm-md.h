/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * Metadata of rpm repositories as dnf and zypper keep it: primary.xml, packed
 * by gzip or zstd, or not at all. From it come digest and sizes of an archive.
 *
 * What cannot be read gives nothing: the changes then say "not known".
 */
#include <gio/gio.h>

#include "worker/target/package.h"

/* archive, download and new_size of those that come (to is set) and stand in one of the files
 * (patterns, ending with NULL). Where two repositories differ, archive stays not known. */
void rpm_md_complete(GPtrArray *changes, const char *const *patterns);
/* One file's text; false where it is no such XML. */
bool rpm_md_parse(GPtrArray *changes, GInputStream *stream, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
