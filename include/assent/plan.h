/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Plans: what an agent intends to change, exactly. An assent_plan has passed
 * assent_plan_verify(); there is no other way to one.
 */
#ifndef ASSENT_PLAN_H
#define ASSENT_PLAN_H

#include <stddef.h>
#include <stdint.h>

#include <assent/keyring.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct assent_plan assent_plan;

/* One change; strings are borrowed from the plan. */
struct assent_change {
	const char *action;	   /* "create", "update", "replace", "remove", ... */
	const char *id;		   /* stable name of the resource: "file:/etc/x" */
	const char *kind;	   /* kind of the resource */
	const char *path;	   /* absolute, any bytes but NUL; NULL for kinds without one */
	unsigned risk;		   /* ASSENT_RISK_... */
	struct assent_digest diff; /* of what reviewers were shown */
};

#define ASSENT_RISK_DELETION (1U << 0)
#define ASSENT_RISK_SECRET (1U << 1)
#define ASSENT_RISK_ROOT (1U << 2)
#define ASSENT_RISK_EXECUTABLE (1U << 3)
#define ASSENT_RISK_CLUSTER (1U << 4)

/*
 * bytes: plan.json as it is; signature: the armored SSH signature of namespace assent.plan.v1 over
 * exactly these bytes; key: the agent's plan key.
 *
 * ASSENT_EUNTRUSTED when another key signed, ASSENT_ESIGNATURE when the signature does not hold,
 * ASSENT_EMALFORMED or ASSENT_ELIMIT when signature or document are not as documented.
 */
ASSENT_API int assent_plan_verify(assent_plan **out, const void *bytes, size_t len,
				  const char *signature, size_t signature_len,
				  const assent_key *key, struct assent_error *err) ASSENT_CHECKED;
ASSENT_API void assent_plan_free(assent_plan *plan);

/* The plan's id. */
ASSENT_API void assent_plan_digest(const assent_plan *plan, struct assent_digest *out);
ASSENT_API const char *assent_plan_agent(const assent_plan *plan);
ASSENT_API const char *assent_plan_stack(const assent_plan *plan);
/* "commit", "drift", "rollback" or "try". */
ASSENT_API const char *assent_plan_reason(const assent_plan *plan);
/* Git object ids of what will be true afterwards. */
ASSENT_API const char *assent_plan_commit(const assent_plan *plan);
ASSENT_API const char *assent_plan_tree(const assent_plan *plan);
/* The agent's number of the plan, never used twice. */
ASSENT_API int64_t assent_plan_seq(const assent_plan *plan);
/* POSIX seconds. */
ASSENT_API int64_t assent_plan_created(const assent_plan *plan);
ASSENT_API int64_t assent_plan_expires(const assent_plan *plan);
/* How many distinct people must approve. */
ASSENT_API int64_t assent_plan_required(const assent_plan *plan);
/* Digest of the approver list that counts. */
ASSENT_API void assent_plan_approvers(const assent_plan *plan, struct assent_digest *out);
ASSENT_API size_t assent_plan_change_count(const assent_plan *plan);
/* ASSENT_EFAILED when there is no change of this index (from 0). */
ASSENT_API int assent_plan_change(const assent_plan *plan, size_t index, struct assent_change *out,
				  struct assent_error *err) ASSENT_CHECKED;

/*
 * What a change says besides; of all changes, but most of it is of packages, services and commands.
 * Strings are borrowed from the plan; NULL: not stated. Lists are walked by
 * assent_plan_change_list().
 */
struct assent_change_details {
	/* "apt", "dnf", "zypper" of a package, "system", "user" of a service. */
	const char *manager;
	/* Not 0: no resource asks for it; its manager adds, changes or removes this package. */
	int implied;
	/* Of a package, before and afterwards; both NULL where it is not there. */
	const char *version_before, *version_after;
	/* What was there was not what was applied last: commit and time (POSIX seconds) of that.
	 * NULL: it was, or nobody knows. */
	const char *outside_commit;
	int64_t outside_time;
	/* Of a command: where and as whom it runs, and for how many seconds at most; 0 of others.
	 */
	const char *directory, *user, *creates;
	int64_t timeout;
};
/* ASSENT_EFAILED as assent_plan_change(). */
ASSENT_API int assent_plan_change_details(const assent_plan *plan, size_t index,
					  struct assent_change_details *out,
					  struct assent_error *err) ASSENT_CHECKED;

/* Lists of a change. A value that this library does not know gives ASSENT_EFAILED. */
enum assent_change_list {
	ASSENT_LIST_NEEDS = 0,	 /* resources whose changes must have been made before */
	ASSENT_LIST_BECAUSE = 1, /* those of them that are the reason for this one */
	ASSENT_LIST_RUN = 2,	 /* program and arguments of a command; no shell */
	ASSENT_LIST_UNLESS = 3,	 /* its guard: not run when this exits with 0 */
	ASSENT_LIST_ENV = 4	 /* its environment, NAME=value */
};
/*
 * The texts of a list, which end with NULL; borrowed from the plan. NULL itself when the change has
 * no such list. ASSENT_EFAILED also when there is no change of this index.
 */
ASSENT_API int assent_plan_change_list(const assent_plan *plan, size_t index,
				       enum assent_change_list list, const char *const **out,
				       struct assent_error *err) ASSENT_CHECKED;

#ifdef __cplusplus
}
#endif
#endif
