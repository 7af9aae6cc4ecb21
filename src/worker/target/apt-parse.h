/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * What apt's and dpkg's programs print, in the C locale; and their order of
 * versions. Nothing here runs anything.
 */
#include "worker/target/package.h"

/* The format that apt_parse_list() reads, for dpkg-query. */
#define APT_LIST_FORMAT                                                                            \
	"${db:Status-Want}|${db:Status-Status}|${db:Status-Eflag}|${Package}|${Version}|"          \
	"${Architecture}\n"

bool apt_parse_list(const char *text, struct package_list *list, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
/* Is this problem of a package one that dpkg --configure cannot solve? */
bool apt_is_wreck(const char *problem);
/* apt-get -s: what is installed, changed and removed is added to changes. With the messages of
 * Debug::pkgDepCache::AutoInstall in the text, why is set. */
bool apt_parse_simulation(const char *text, const struct package_list *installed,
			  GPtrArray *changes, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* apt-cache show: archive, download and sizes of the changes. */
void apt_parse_show(const char *text, GPtrArray *changes);
/* apt-cache policy: versions by name as asked, as package_ops.available says. g_hash_table_unref()
 */
GHashTable *apt_parse_policy(const char *text);
/* Why a program failed, from all that it wrote: one line, in its own words. g_free() */
char *apt_parse_error(const char *out, const char *err);
/* Configuration files that dpkg kept, as a text; NULL: none. g_free() */
char *apt_parse_kept(const char *err);
/* The file that an archive has in the cache. g_free() */
char *apt_archive_name(const char *name, const char *version, const char *arch);
/* apt-get --print-uris: the path of a file: URI whose archive has this name; NULL: none. g_free()
 */
char *apt_parse_uri(const char *text, const char *archive);

int apt_compare_versions(const char *a, const char *b);
