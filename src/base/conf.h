/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * The agent's configuration, read through one table of keys (conf-table.c):
 * path, type, range, default, unit, what must reload, one line of help. The
 * sample configuration, the manual, the JSON Schema, `assent config check` and
 * the error texts come from that table.
 *
 * Adding a key: a row in conf-table.c, a field here, a line in its reader's
 * test. conf_load() reports all problems of a file at once, with their places.
 * It also reads the approver list, so that a quorum which nobody can reach, a
 * person without a key or a key of two people is found before it matters.
 *
 * It stands in base because `assent init` and `assent config check` use it too.
 */
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/yaml.h"
#include "core/hash.h"

struct conf_source {
	char *url, *branch, *path; /* branch without refs/heads/ */
	char **fallbacks;	   /* other addresses of the same, NULL: none */
	int64_t interval, timeout; /* seconds */
	int64_t backoff_max;	   /* seconds */
	char *username, *password_file, *token_file, *credential_helper, *ca_file, *proxy;
	char *ssh_command;
	int64_t max_bytes;
	char *verify;				     /* none, head, all */
	char *signers, *revoked_keys, *openpgp_keys; /* absolute paths, NULL: none */
	int64_t signatures;			     /* different people */
};
struct conf_approval {
	int64_t required;
	char **from;	 /* people or groups */
	int64_t expires; /* seconds */
	bool author_may_approve;
	char **channels; /* names; NULL: signature alone */
	int64_t quiet;	 /* seconds, 0: silence approves nothing */
	/* Of a stack only. */
	char **break_glass; /* people or groups */
	int64_t deletion_threshold, deletion_share /* percent */, size_threshold;
};
struct conf_rule {   /* strictest match wins */
	char *place; /* "stacks.web.rules[0]", for messages */
	char *stack; /* of the common rules only; matched when they are read */
	char *risk, *kind, *path, *action; /* NULL: any; at least one is given */
	char *namespace;
	struct conf_approval approval; /* what is not stated is the stack's */
	bool names_channels;	       /* states them itself */
};
struct conf_hook {
	char *secret, *kind; /* the secret's file; NULL: no hook */
	int64_t interval;    /* seconds */
};
struct conf_window {
	char *kind; /* allow, deny */
	char *schedule;
	int64_t duration; /* seconds */
	char *zone;
};
struct conf_drift_rule {
	char *kind, *path, *resource; /* NULL: any */
	char **fields;		      /* NULL: any */
	char *on_drift;		      /* fix, propose, report, ignore */
};
struct conf_suspend {
	bool reason, until;	 /* must be given */
	int64_t longest, remind; /* seconds, 0: without end; before the end */
};
/* What a stack may touch of clusters. The pointer to it is NULL when there is no such section:
 * none. */
struct conf_stack_kubernetes {
	char **clusters;     /* names of conf.kubernetes.clusters, at least one */
	char **namespaces;   /* patterns; NULL: all */
	bool cluster_scoped; /* and what is in no namespace */
	char *as, **as_groups;
	bool events; /* an apply tells on objects what it has done with them */
};
struct conf_stack {
	char *name;
	struct conf_source source;
	struct conf_approval approval;
	struct conf_hook hook;
	GPtrArray *rules;	/* struct conf_rule, the common ones that match last */
	GPtrArray *windows;	/* struct conf_window, those of all stacks last */
	char **after;		/* stacks, NULL: none */
	char *on_drift;		/* fix, propose, report */
	char *drift_watch;	/* auto, inotify, none */
	GPtrArray *drift_rules; /* struct conf_drift_rule, the first that fits counts */
	struct conf_suspend suspend;
	int64_t alert_after, alert_remind;		     /* seconds, alert_after 0: never */
	char *elevate;					     /* a name of base/elevate.h */
	struct conf_stack_kubernetes *kubernetes;	     /* NULL: no cluster */
	int64_t drift_interval, plan_timeout, apply_timeout; /* seconds */
};
struct conf_person {
	char *name; /* principal in the approver list */
	char **emails;
	char *user;	  /* Unix user, NULL: none */
	char *mattermost; /* user id, NULL: none */
	char *slack;	  /* "TEAM/USER", NULL: none */
	char **forge;	  /* logins at forges, NULL: none */
};
struct conf_group {
	char *name;
	char **members;
};
struct conf_http {
	char *listen, *public_url;
	char **hosts, **trusted_proxy; /* NULL: none */
	char *tls_cert, *tls_key;
	char *proxy_user_header; /* NULL: pages believe no proxy */
	char *proxy_secret;	 /* file; goes with it */
	int64_t connections, peer_connections;
	int64_t request_timeout; /* seconds */
	int64_t rate, burst;	 /* requests a minute, and at once */
	bool metrics;
};
struct conf_cluster {
	char *name;
	char *kubeconfig; /* absolute; NULL: $KUBECONFIG and ~/.kube/config */
	char *context;	  /* in it; NULL: as the name */
	bool in_cluster;  /* the pod's service account instead */
};
struct conf_renderer {
	char *name;
	char **run;	 /* a program's absolute path and its arguments */
	char **reads;	 /* absolute paths of files and folders; NULL: none */
	int64_t timeout; /* seconds */
};
/* Several agents, of which one acts. */
struct conf_leader {
	char *cluster, *namespace, *name; /* of the Lease */
	int64_t lease;			  /* seconds */
};
struct conf_kubernetes {
	char **exec_plugins; /* absolute paths; NULL: none may be run */
	GPtrArray *clusters, *renderers;
	struct conf_leader *leader; /* NULL: this agent acts, whoever else there is */
};
struct conf_retention {
	int64_t plans, age; /* of each stack; seconds */
};
struct conf_label {
	char *name, *value;
};
/* A way to tell people. Which fields a system has stands in the table: notify.*.SYSTEM. */
struct conf_notifier {
	char *type;	/* the system: "webhook", ... */
	char *name;	/* in messages and in the agent's memory; the type unless stated */
	char **stacks;	/* NULL: all */
	int64_t remind; /* seconds, 0: never */
	int64_t burst;	/* new messages a minute before they are put together */
	char *url, *ca_file, *channel, *team, *app, *topic, *person;
	char *url_file, *token_file, *secret_file, *app_token_file; /* absolute */
	bool approve; /* offer to approve, where it is not a matter of course */
	bool buttons; /* of the desktop: people may decide there, where policy lets them */
};
struct conf {
	char *file;	    /* where it was read */
	struct hash digest; /* of what stood there */
	char *agent;
	char *state_dir;
	char *socket;
	char *allowed_signers;	/* absolute */
	char *trust;		/* absolute path of the trust file for the worker */
	char *worker;		/* NULL: the installed one */
	struct conf_http *http; /* NULL: nothing listens on TCP */
	struct conf_retention retention;
	GPtrArray *labels, *stacks, *people, *groups;
	GPtrArray *notifiers; /* struct conf_notifier, in the order of the file */
	struct conf_kubernetes kubernetes;
};

/* NULL with diags filled, or error when the file cannot be read. */
struct conf *conf_load(const char *file, struct diag_list *diags, GError **error);
void conf_free(struct conf *conf);
/* Free functions of the arrays. */
void conf_stack_free(void *item);
void conf_rule_free(void *item);
void conf_window_free(void *item);
void conf_drift_rule_free(void *item);
void conf_cluster_free(void *item);
void conf_renderer_free(void *item);
void conf_person_free(void *item);
void conf_group_free(void *item);
void conf_label_free(void *item);
void conf_notifier_free(void *item);
/* People of a list of names and groups, sorted, without doubles. g_strfreev(). */
char **conf_people(const struct conf *conf, char *const *names);
/* CHANNEL_BIT()s of the names; NULL: that of signature. */
unsigned conf_channels(char *const *names);
/* By name; NULL when there is none. */
const struct conf_person *conf_person(const struct conf *conf, const char *name);
const struct conf_group *conf_group(const struct conf *conf, const char *name);
const struct conf_cluster *conf_cluster(const struct conf *conf, const char *name);
/* By the user id of the chat. */
const struct conf_person *conf_person_of_mattermost(const struct conf *conf, const char *id);
/* By "TEAM/USER". */
const struct conf_person *conf_person_of_slack(const struct conf *conf, const char *id);
const struct conf_person *conf_person_of_user(const struct conf *conf, const char *user);
/* The commented sample, from the table, with this user's defaults; g_free(). Settings are commented
 * out by one '#', prose by two. */
char *conf_sample(const char *agent);
char *conf_schema_json(void);
/* The agent's name: a C2SP origin without '+', spaces and control characters, in ASCII. */
bool conf_is_agent_name(const char *name);
/* Names of stacks, people and groups: [a-z0-9][a-z0-9._-]*, at most 64. */
bool conf_is_name(const char *name);

typedef struct conf conf_auto;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(conf_auto, conf_free)
