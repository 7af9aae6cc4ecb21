/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * Packages: one kind of resource, and behind it a back end for each manager.
 *
 *	ops = package_manager_find(name)    -- "apt", "dnf", "zypper"; or
 *	package_manager_of_host(&ops, ...)  -- by os-release
 *	list = host_packages(host, ops)     -- what is installed, read once
 *	ops->simulate(run, request, ...)    -- all that the manager would change
 *	ops->fetch(run, changes, ...)       -- archives into its cache, digests compared
 *	ops->transact(run, changes, ...)    -- exactly that, in one transaction
 *
 * To add a manager: (1) src/worker/target/NAME.c with a struct package_ops; (2)
 * a line in the table of package-list.c, and its systems in the table of
 * os-release names there; (3) its name where the manifest is checked
 * (src/desired); (4) recorded outputs in tests/unit/test-NAME.c, a run of the
 * real thing in tests/system/test-NAME.sh, a section of doc/packages.md.
 *
 * The contract. All programs are run by package_exec(). Nothing prompts, and
 * configuration files that somebody changed stay. list() reads the database
 * without starting the manager, needs neither lock nor root, and is quick.
 * simulate() changes nothing, needs neither lock nor root, and refuses
 * (PACKAGE_ERROR_REFUSED, with the manager's own text) what the manager
 * refuses. transact() does what the list of changes says or fails; it never
 * removes, downgrades or changes a held package unless a change says so. It
 * waits for the manager's lock up to run->lock_wait seconds, and looks at
 * run->stopped meanwhile; once the manager works it is not interrupted. What
 * fails leaves the system in a state that repair() can take on. Names,
 * versions and architectures were checked by package_name_is_good() and its
 * brothers before they come here.
 *
 * Versions are texts as the manager writes them, complete: of deb
 * [EPOCH:]UPSTREAM[-REVISION], of rpm [EPOCH:]VERSION-RELEASE, epoch 0 left out.
 */
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/proc.h"

#define PACKAGE_ERROR package_error_quark()
GQuark package_error_quark(void);
enum package_error {
	PACKAGE_ERROR_FAILED,
	PACKAGE_ERROR_REFUSED, /* the manager will not do that; the text is its own */
	PACKAGE_ERROR_STOPPED, /* asked to stop */
	PACKAGE_ERROR_BUSY,    /* somebody else has the manager's lock */
};

/* One that is installed. */
struct package {
	const char *name, *arch, *version;
	bool foreign;	     /* not of the host's own architecture: its id is NAME:ARCH */
	bool held;	     /* its version shall stay */
	const char *problem; /* half installed, twice there ...: words for people; NULL: none */
};
/* All of them, sorted by name and architecture. Strings belong to it. */
struct package_list {
	char *native;	  /* the host's own architecture; "all" and "noarch" are not foreign */
	GPtrArray *items; /* struct package */
	GStringChunk *strings;
	GHashTable *index; /* "NAME:ARCH", and "NAME" of what is not foreign */
};
struct package_list *package_list_new(const char *native);
void package_list_free(struct package_list *list);
/* Copies the texts. problem: NULL: none. */
void package_list_add(struct package_list *list, const char *name, const char *arch,
		      const char *version, bool held, const char *problem);
/* After the last. A name and architecture may stand there more than once (kernels): where that is
 * wrong, the back end says so in problem. */
void package_list_end(struct package_list *list, int (*compare)(const char *a, const char *b));
/* arch NULL: the host's own, or of no architecture. Of several the greatest version. NULL when it
 * is not installed. */
const struct package *package_list_find(const struct package_list *list, const char *name,
					const char *arch);

/* What is wanted of one package; borrowed texts. */
struct package_want {
	const char *name;
	const char *arch;    /* NULL: the host's own */
	const char *version; /* exactly; NULL: the manager's choice */
	bool absent;
};
struct package_request {
	const struct package_want *wants;
	size_t count;
	bool change_held; /* what is held may be changed, too */
};

/* What happens to one package: installed (from NULL), removed (to NULL), up or down. */
struct package_change {
	char *name, *arch;
	char *from, *to;
	bool foreign;
	bool held;	  /* it is held now (transact: and shall be again, where it stays) */
	bool implied;	  /* nobody asked for it by name: it is marked so where that is known */
	char *archive;	  /* "sha256:..." of what is fetched; NULL: not known */
	int64_t download; /* bytes; 0: in the cache already; -1: not known */
	int64_t old_size, new_size; /* on the disk, bytes; -1: not known */
	char *why; /* "needed by nginx", "conflicts with apache2" ...; NULL: not known */
};
struct package_change *package_change_new(const char *name, const char *arch, const char *from,
					  const char *to);
void package_change_free(struct package_change *change);
/* For g_ptr_array_new_with_free_func(). */
void package_change_destroy(gpointer change);
/* By name and architecture. */
int package_change_compare(gconstpointer a, gconstpointer b);

/* How a manager's programs are run. */
struct package_run {
	bool (*stopped)(void *user); /* NULL: never */
	void *user;
	unsigned lock_wait; /* seconds */
};
#define PACKAGE_LOCK_WAIT 120
enum package_exec_flags {
	/* It is not interrupted when somebody asks to stop, and goes on when we die. */
	PACKAGE_EXEC_FINISH = 1 << 0,
};
/* Runs argv as proc_run() does, but looks at run->stopped (PACKAGE_ERROR_STOPPED) and has
 * LC_ALL=C and a PATH with the sbin folders. env: more of it, or NULL. max_output: 0: 16 MiB. */
bool package_exec(const struct package_run *run, const char *const *argv, const char *const *env,
		  unsigned timeout, unsigned flags, struct proc_result *result, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
/* Waits until nobody holds an fcntl() lock on the file, at most run->lock_wait seconds; with a text
 * that names the holder. A file that is not there is free. */
bool package_wait_lock(const struct package_run *run, const char *path, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
/* Waits as long for what PACKAGE_EXEC_FINISH has let outlive an earlier worker: what is there until
 * then is not what will be. */
bool package_wait_own(const struct package_run *run, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The SHA-256 of a file as "sha256:..."; NULL with error. */
char *package_digest_file(const char *path, GError **error);

struct package_ops {
	const char *name; /* "apt" */
	/* Are its programs there? Runs nothing. */
	bool (*detect)(void);
	bool (*list)(const struct package_run *run, struct package_list **out, GError **error);
	/* Versions that could be installed, of each name ("NAME" or "NAME:ARCH"): out is a table
	 * from name to a GPtrArray of char *, in the order in which the manager would take them
	 * (its own choice first, then the greatest); what the cache of archives alone still has is
	 * among them, at the end. Unknown names are missing in it. */
	bool (*available)(const struct package_run *run, const char *const *names, GHashTable **out,
			  GError **error);
	/* All changes (struct package_change, sorted by package_change_compare()); none: nothing to
	 * do. A version that only the cache has may be wanted. installed: what list() gave. */
	bool (*simulate)(const struct package_run *run, const struct package_list *installed,
			 const struct package_request *request, GPtrArray **changes,
			 GError **error);
	/* What is to be installed is in the cache afterwards, with the digest that its change
	 * states. */
	bool (*fetch)(const struct package_run *run, const GPtrArray *changes, GError **error);
	/* said: what a person should know (configuration files that were kept), or NULL; g_free().
	 */
	bool (*transact)(const struct package_run *run, const GPtrArray *changes, char **said,
			 GError **error);
	/* names ("NAME" or "NAME:ARCH") ends with NULL. */
	bool (*hold)(const struct package_run *run, const char *const *names, bool held,
		     GError **error);
	/* After an interruption or a failure: brings what is half done to an end, as far as that
	 * goes. Nothing to do is no error. */
	bool (*repair)(const struct package_run *run, GError **error);
	/* As the manager orders versions. Of rpm: a side without "-RELEASE" fits any release. */
	int (*compare)(const char *a, const char *b);
};
extern const struct package_ops package_apt, package_dnf, package_zypper;

/* NULL when there is no such manager. */
const struct package_ops *package_manager_find(const char *name);
/* The host's own, by os-release (a file's text; NULL: the host's); it must be there. */
bool package_manager_of_host(const char *os_release, const struct package_ops **out, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;

bool package_name_is_good(const char *name);
bool package_arch_is_good(const char *arch);
bool package_version_is_good(const char *version);
/* "NAME" or "NAME:ARCH"; g_free(). */
char *package_label(const char *name, const char *arch, bool foreign);
/* The other way round, as a manifest may write it, too: rpm's NAME.ARCH. *arch NULL: none. False
 * when one of them is not good. g_free() both. */
bool package_split(const struct package_ops *ops, const char *text, char **name, char **arch);

/* ">=1.22, <2": does the version fit? Operators = != < <= > >=; none means =. */
bool package_conditions_check(const char *conditions, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool package_conditions_fit(const struct package_ops *ops, const char *conditions,
			    const char *version);

typedef struct package_list package_list_auto;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(package_list_auto, package_list_free)
