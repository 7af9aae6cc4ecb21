/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * The plan document (doc/formats.md 2), parsed completely or refused.
 *
 * plan_parse() gives a struct plan whose strings live as long as it does. It
 * says nothing of trust: plan_verify() checks the agent's signature over the
 * same bytes and is the only way to a struct verified_plan.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/hash.h"
#include "core/json.h"
#include "core/sshsig.h"
#include "core/statement.h"

#define PLAN_MAX_SIZE ((size_t)64 << 20)
#define PLAN_MAX_CHANGES 200000
#define PLAN_MAX_AUTHORS 10000
#define PLAN_MAX_PUSHERS 100
#define PLAN_MAX_RESTORES 64
#define PLAN_MAX_RENDERED 1000
#define PLAN_MAX_SIGNERS 100
#define PLAN_MAX_ADDRESS 1024 /* bytes of an author's address */

enum plan_action {
	ACTION_CREATE,
	ACTION_UPDATE,
	ACTION_REPLACE,
	ACTION_REMOVE,
	ACTION_START,
	ACTION_STOP,
	ACTION_RESTART,
	ACTION_RELOAD,
	ACTION_ENABLE,
	ACTION_DISABLE,
	ACTION_RUN,
};
extern const char *const plan_action_names[]; /* NULL-terminated, in the order above */

enum plan_risk {
	RISK_DELETION = 1 << 0,
	RISK_SECRET = 1 << 1,
	RISK_ROOT = 1 << 2,	  /* target owned by root or to be */
	RISK_EXECUTABLE = 1 << 3, /* a file that becomes or stays executable */
	RISK_CLUSTER = 1 << 4,
};
extern const char *const plan_risk_names[]; /* by bit number: "deletion", ... NULL */

/* What a target is or shall be. Absent is a state: type STATE_ABSENT. */
enum state_type {
	STATE_ABSENT,
	STATE_FILE,
	STATE_DIRECTORY,
	STATE_LINK,
	STATE_OTHER,
	STATE_PACKAGE,
	STATE_SERVICE,
	STATE_COMMAND, /* a command whose guard says that it has run */
	STATE_OBJECT,  /* of a cluster */
};
extern const char *const state_type_names[]; /* "absent", "file", ... NULL, in the order above */

struct plan_state {
	enum state_type type;
	/* Of a file's content. keyed: HMAC-SHA-256 by the key of that id, of a secret; then size
	 * says nothing, and is 0 or -1 as below. NULL: SHA-256. */
	struct hash digest;
	const char *keyed;
	const char *sealed;	   /* "sha256:..." of the object that holds a wanted secret */
	int64_t size;		   /* of a file, bytes; -1: neither it nor digest is stated */
	int64_t mode;		   /* permission bits, -1: not stated (links) */
	int64_t uid, gid;	   /* -1: not stated */
	const char *owner, *group; /* names, NULL where unknown */
	const char *link;	   /* target of a link, bytes */
	const char *xattrs;	   /* "sha256:..." of the extended attributes, NULL: none */
	/* of a package; the texts as its manager writes them */
	const char *version, *arch; /* NULL: not stated */
	const char *archive;	    /* "sha256:..." of what is to be fetched, NULL: not known */
	int64_t download, space;    /* bytes to fetch, and on the disk; -1: not known */
	int held;		    /* 0, 1, -1: not stated */
	/* of a service; NULL: not stated */
	const char *enabled; /* "enabled", "disabled", "masked", "static" ... */
	const char *running; /* "active", "inactive", "failed" */
	/* Of an object. Desired: digest (or keyed and sealed, of a Secret) is that of the body that
	 * is applied. Observed: of the object as it is and what a dry run made of it, and this is
	 * its uid. size is 0. */
	const char *object_uid; /* NULL: not stated, as in desired */
	/* Of an object that is absent: digest is that of a dry run. Without it none was possible,
	 * since what it needs comes by the same plan. */
	bool dry_run;
};
#define PLAN_KEY_ID_LENGTH 16 /* hexadecimal digits */
/* Is there a secret on either side? */
#define PLAN_CHANGE_IS_SECRET(c) ((c)->observed.keyed != NULL || (c)->desired.keyed != NULL)
/* The same content, as far as one can tell: what different keys made says nothing. */
bool plan_content_equal(const struct plan_state *a, const struct plan_state *b);
/* Nothing is stated but the type. */
#define PLAN_STATE(t)                                                                              \
	((struct plan_state){.type = (t),                                                          \
			     .size = -1,                                                           \
			     .mode = -1,                                                           \
			     .uid = -1,                                                            \
			     .gid = -1,                                                            \
			     .download = -1,                                                       \
			     .space = -1,                                                          \
			     .held = -1})

/* A command, exactly. Lists end with NULL. */
struct plan_exec {
	const char **run;      /* program and arguments; no shell */
	const char **unless;   /* a guard: not needed when it exits with 0; NULL: none */
	const char *creates;   /* absolute; not needed when it is there; NULL: none */
	const char *user;      /* NULL: whoever applies */
	const char *directory; /* absolute; NULL: "/" */
	const char **env;      /* "NAME=value"; NULL: none */
	int64_t timeout;       /* seconds, of each of both */
	int64_t output;	       /* bytes of each of its two outputs that may come */
};

/* Of kind "kubernetes": which object, and how it is applied. */
struct plan_object {
	const char *cluster;	     /* what identifies it (plan_change.manager is its name) */
	const char *group, *version; /* group "": the core group */
	const char *kind, *namespace, *name; /* namespace "": it is the cluster's */
	const char *resource;		     /* as it stands in paths: "deployments" */
	bool namespaced;		     /* namespace is not "" */
	bool has_status;		     /* its kind has a subresource status */
	bool force;			     /* takes fields over from other managers */
	bool replace;	   /* may be deleted and made again, where a field cannot change */
	bool wait;	   /* until it is ready, at most within seconds */
	int64_t within;	   /* 0 unless wait */
	const char *set;   /* id of the ApplySet that it belongs to; NULL: none */
	const char *owner; /* "AGENT/STACK", of its mark */
	const char *from;  /* id of the resource that asks for it; NULL: none does any more */
};

struct plan_change {
	const char *id;	  /* "file:/etc/x" */
	const char *kind; /* "file", "tree", ... the resource's kind */
	const char *path; /* absolute, bytes; NULL for kinds without one */
	const char *root; /* folder of the tree the path must stay beneath, NULL: none */
	enum plan_action action;
	unsigned risk; /* enum plan_risk bits */
	struct plan_state observed;
	struct plan_state desired;
	const char *renamed_from; /* same content vanishes there; for display only */
	struct hash diff;	  /* of its section of the plan's diff */
	int64_t diff_size;
	/* Who does it: "apt", "dnf" or "zypper" of a package, "system" or "user" of a service, of
	 * an object the name of its cluster. */
	const char *manager;
	const struct plan_exec *exec;	  /* of kind "command"; NULL: none */
	const struct plan_object *object; /* of kind "kubernetes"; NULL: none */
	bool implied; /* no resource asks for it: a package that its manager adds or removes */
	/* Ids of resources that other changes belong to, sorted, ending with NULL; NULL: none. All
	 * of those stand earlier; when one of them fails or is left out, so is this one. */
	const char **needs;
	/* Those of them for which a service is restarted or reloaded, or a command is run. */
	const char **because;
	/* What is there is not what was applied by us last: the commit and time of that. */
	const char *outside_commit; /* NULL: it is, or nobody knows */
	int64_t outside_time;
	const char *note; /* lines for the section of the diff; in no document; NULL: none */
};

/* "none", "good", "bad", "unknown" (there is nothing to judge it by), "expired", "revoked",
 * "untrusted"; NULL-terminated. Only "good" is what git verify-commit takes. */
extern const char *const plan_signature_names[];

struct plan_commit {
	const char *id, *author_name, *author_email, *committer_name, *committer_email, *subject;
	int64_t time;	       /* committer, POSIX seconds */
	const char *signature; /* one of plan_signature_names */
	const char *signer;    /* principal of a good signature */
};

/* A target that does not descend from the base, and who accepted that. */
struct plan_rewritten {
	struct plan_commit *commits; /* that the target lacks and the base has, newest first */
	size_t commits_count;
	int64_t total; /* how many those are, -1: nobody knows any more */
	const char *person, *reason;
};

/* What was demanded of the signatures, and found (doc/verify.md). */
struct plan_verification {
	const char *mode;     /* "head" or "all"; NULL: nothing was demanded, the rest is not set */
	int64_t checked;      /* commits whose signatures were demanded and are good */
	int64_t signatures;   /* how many people had to vouch for the target's tree */
	const char **signers; /* those who do; sorted, none twice */
	size_t signers_count;
	const char *seal; /* the newest commit that vouches for what is older, NULL: none */
};

struct plan_policy {
	int64_t required;  /* distinct people */
	int64_t quiet;	   /* seconds without a rejection that stand for them, 0: none do */
	const char **from; /* principals who may approve; NULL-terminated */
	bool author_may_approve;
	const char **break_glass; /* who may decide for all; NULL-terminated, or NULL */
	unsigned channels;	  /* CHANNEL_BIT()s by which they may decide */
	struct hash approvers;	  /* digest of the allowed_signers file */
};

/* Manifests that a program made, when the plan was made; an apply never makes them again. */
struct plan_rendered {
	const char *from;     /* id of the resource */
	const char *renderer; /* its name in the agent's configuration */
	struct hash program;  /* of the program's file */
	struct hash input;    /* of all that it was given to read */
	struct hash object;   /* what it wrote, as it is kept */
	bool sealed;	      /* it is kept sealed, for there is a secret in it */
};

struct plan_check {
	const char *kind;   /* "http", "tcp", "command", "service" */
	const char *target; /* URL, HOST:PORT, name, unit */
	int64_t within;	    /* seconds for all of it */
	int64_t interval;   /* seconds between two tries; 0: 1 */
	int64_t successes;  /* in a row that it takes; 0: 1 */
	/* http */
	int64_t status;	  /* that is wanted; 0: 200 to 299 */
	const char *body; /* text that the answer must contain; NULL: any */
	const char *ca;	  /* absolute path of a file of authorities; NULL: the system's */
	const struct plan_exec *exec; /* command */
	const char *manager;	      /* service: "system" or "user" */
};

struct plan {
	struct hash digest; /* its id */
	const char *agent, *stack, *nonce, *reason, *repository, *ref, *path;
	int64_t seq, created, expires;	     /* POSIX seconds */
	const char *base_commit, *base_tree; /* NULL: nothing was applied before */
	const char *target_commit, *target_tree;
	struct plan_policy policy;
	const char *on_failure; /* "rollback", "stop" */
	/* Addresses of all who wrote or committed what lies between base and target, sorted by
	 * byte, none twice; the listed commits are only the newest. */
	const char **authors;
	size_t authors_count;
	int64_t authors_total; /* more than authors_count: there are others too */
	/* Those of them who are known to have pushed, by address or by name as principals. */
	const char **pushers;
	size_t pushers_count;
	struct plan_commit *commits;
	size_t commits_count;
	int64_t commits_total;
	int64_t until; /* of a trial: then it is put back without being asked; 0: no trial */
	/* Digests of applied plans that people approved: of each change, one of them wanted the
	 * desired state (or, where it was a trial, had observed it). NULL: none. */
	const char **restores;
	size_t restores_count;
	struct plan_rendered *rendered; /* by from, none twice; NULL: none */
	size_t rendered_count;
	bool is_rewritten; /* the rest of it is set only then */
	struct plan_rewritten rewritten;
	struct plan_verification verification;
	struct plan_check *checks;
	size_t checks_count;
	struct plan_change *changes;
	size_t changes_count;
	int64_t resources; /* that the manifest declares, -1: not stated */
	struct hash diff;  /* of the whole diff, the sections in order of changes */
	int64_t diff_size;
};

int plan_parse(struct plan **out, const void *bytes, size_t len, struct assent_error *err)
	ASSENT_CHECKED;
void plan_free(struct plan *plan);
/* The agent's signature (armor) over exactly these bytes. key: the agent's plan key. */
int plan_verify(struct plan **out, const void *bytes, size_t len, const char *armor,
		size_t armor_len, const struct ssh_key *key, struct assent_error *err)
	ASSENT_CHECKED;
/* The worker's draft: only changes, checks, diff, diff_size and on_failure are set; the agent fills
 * in the rest, whose strings stay its own, and writes the whole. */
int plan_draft_parse(struct plan **out, const void *bytes, size_t len, struct assent_error *err)
	ASSENT_CHECKED;
int plan_draft_write(char **out, size_t *len, const struct plan *plan, struct assent_error *err)
	ASSENT_CHECKED;
/* Every member but digest is written; refused when plan_parse() would refuse it. Freed with free().
 * The arrays of a plan from plan_draft_parse() belong to it: set policy.from, commits and their
 * counts in a copy of the struct, never in the original. */
int plan_write(char **out, size_t *len, const struct plan *plan, struct assent_error *err)
	ASSENT_CHECKED;
/* Writers shared by worker and agent: one change or state as a canonical object. */
void plan_change_write(struct json_writer *w, const struct plan_change *change);
void plan_state_write(struct json_writer *w, const char *name, const struct plan_state *state);
void plan_exec_write(struct json_writer *w, const char *name, const struct plan_exec *exec);
void plan_object_write(struct json_writer *w, const char *name, const struct plan_object *object);
void plan_commit_write(struct json_writer *w, const struct plan_commit *commit);
/* Nothing where none was demanded. */
void plan_verification_write(struct json_writer *w, const struct plan_verification *verification);
/* The policy's member "channels", where it is needed. */
void plan_channels_write(struct json_writer *w, unsigned channels);
void plan_check_write(struct json_writer *w, const struct plan_check *check);
/* The same object in the same cluster, with the same right to replace it; both may be NULL. How
 * long is waited does not count, nor who asks, nor force: to put back what was approved is to take
 * it back from whoever has it now. */
bool plan_object_equal(const struct plan_object *a, const struct plan_object *b);
/* The id of the resource that asks for the change: its own, or of what a tree holds the tree's, or
 * of an object that of its manifests.
 * Freed with free(); NULL without memory. */
char *plan_change_resource(const struct plan_change *change);
bool plan_state_equal(const struct plan_state *a, const struct plan_state *b);
