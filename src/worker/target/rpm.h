/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * What dnf and zypper have in common: the rpm database, the order of versions,
 * the words of rpm itself in their outputs, and repeating what somebody else's
 * lock kept from being done.
 *
 * A version is [EPOCH:]VERSION-RELEASE, epoch 0 left out.
 */
#include "worker/target/package.h"

/* By rpm's rules. A side without "-RELEASE" fits any release. */
int rpm_compare(const char *a, const char *b);
/* The host's architecture as rpm names it; g_free(). */
char *rpm_native(void);
/* The text without an epoch that is 0; borrowed. */
const char *rpm_version(const char *evr);
/* NAME-EPOCH:VERSION-RELEASE.ARCH, exactly one; g_free(). arch: NULL: any. */
char *rpm_spec(const char *name, const char *version, const char *arch);

/* held: is a package's version to stay? */
typedef bool (*rpm_held)(const char *name, const void *data);
/* One read of the database. */
bool rpm_list(const struct package_run *run, rpm_held held, const void *data,
	      struct package_list **out, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* One entry of the database. */
struct rpm_entry {
	char *name, *version, *arch;
	int64_t size, instance; /* the greater instance was added later */
	bool many;		/* more than one version of it is in order (kernels) */
};
/* Those with one of these names (NULL: all), in the database's order; struct rpm_entry. */
bool rpm_entries(const struct package_run *run, const char *const *names, GPtrArray **out,
		 GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The same of archives; what is none is left out. */
bool rpm_files(const struct package_run *run, const char *const *paths, GPtrArray **out,
	       GError **error) G_GNUC_WARN_UNUSED_RESULT;
GPtrArray *rpm_entries_parse(const char *text);
/* Entries that an interrupted upgrade left behind: all of a name and architecture but the one that
 * was added last. Borrowed from entries. */
GPtrArray *rpm_leftovers(const GPtrArray *entries);

/* What a manager wants to do, as far as its own words say: completes `from`, sizes, `foreign` and
 * `held` by the database, and archive and download by the metadata in folders (NULL-terminated
 * patterns of primary.xml.*), and sorts. */
bool rpm_complete(const struct package_run *run, GPtrArray *changes, const char *const *folders,
		  rpm_held held, const void *data, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The same packages from and to the same versions, by the same archives as far as metadata tell, in
 * whatever order? Otherwise an error that names the first difference; what: "dnf would now do
 * something else". */
bool rpm_same(const GPtrArray *planned, const GPtrArray *now, const char *what, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
/* What one run of a manager is told. */
struct rpm_call {
	const struct package_run *run;
	const struct rpm_way *way;
	bool five; /* dnf 5 */
	bool dry, download_only;
	bool cache_only; /* metadata is not fetched anew */
	bool exact;	 /* nothing that is only recommended */
	bool ignore_holds;
	unsigned flags;	     /* of package_exec() */
	GPtrArray *in, *out; /* what comes and goes, as the manager names it: char * */
};
/* How a manager is told. */
struct rpm_way {
	char *(*spec)(const char *name, const char *version, const char *arch); /* g_free() */
	/* Adds to call->in exactly this version, by its name or by a file of the cache. */
	bool (*add_version)(struct rpm_call *call, const char *name, const char *version,
			    const char *arch, GError **error);
	/* What it would do; g_ptr_array_unref(). */
	bool (*ask)(struct rpm_call *call, GPtrArray **changes, GError **error);
	const char *differs; /* what: of rpm_same() */
};
void rpm_call_init(struct rpm_call *call, const struct package_run *run, const struct rpm_way *way);
void rpm_call_clear(struct rpm_call *call);
/* Makes the call one that does what was planned, and nothing else: it is asked for that. */
bool rpm_choose(struct rpm_call *call, const GPtrArray *changes, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
typedef struct rpm_call rpm_call_auto;
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(rpm_call_auto, rpm_call_clear)
/* Is the database as the changes say? */
bool rpm_reached(const struct package_run *run, const GPtrArray *changes, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;

/* An archive in one of the manager's caches (NULL-terminated patterns of folders); NULL: none;
 * g_free(). */
char *rpm_cached(const char *const *folders, const char *name, const char *version,
		 const char *arch);
/* Sorts versions of repositories (char *), the greatest first, each once, and puts behind them what
 * only those caches have. arch NULL: the host's own or none. */
bool rpm_cached_versions(const struct package_run *run, const char *const *folders,
			 const char *name, const char *arch, GPtrArray *versions, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
/* "NAME:ARCH" or "NAME": arch NULL then. Both g_free(). */
void rpm_split_label(const char *label, char **name, char **arch);

/* Runs it again and again until busy() says no, at most run->lock_wait seconds. */
bool rpm_exec(const struct package_run *run, const char *const *argv, const char *const *env,
	      unsigned flags, bool (*busy)(const struct proc_result *result),
	      struct proc_result *result, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Waits for rpm's own lock. */
bool rpm_wait_lock(const struct package_run *run, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Scriptlets that failed, "; " between them; NULL: none; g_free(). */
char *rpm_scriptlets(const struct proc_result *result);
/* Configuration files that were kept or set aside; NULL: none; g_free(). */
char *rpm_said(const struct proc_result *result);
/* Lines of a text as one, without blanks at their ends; at most max bytes; g_free(). */
char *rpm_one_line(const char *text, size_t max);

/* What a manager said of a failure: text, or where that is empty the end of its output, or its exit
 * code; g_free(). */
char *rpm_words(const struct proc_result *result, const char *text);

/* A new folder of our own, and its end with all in it. */
char *rpm_scratch_new(GError **error);
void rpm_scratch_free(char *folder);

typedef struct proc_result proc_output;
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(proc_output, proc_result_clear)
typedef char rpm_scratch;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(rpm_scratch, rpm_scratch_free)
