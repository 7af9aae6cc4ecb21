/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Leader election: who of several agents acts. */
#include "agent/leader.h"

#include <string.h>
#include <time.h>

#include "agent/clusters.h"
#include "base/autoptr.h"
#include "base/error.h"
#include "base/log.h"
#include "base/paths.h"
#include "base/proc.h"
#include "cluster/settings.h"

#define LINE_MAX_SIZE 65536
#define TEXT_MAX 4000
#define AGAIN 5		/* seconds, until a worker that ended is started again */
#define STOP_GRACE 5	/* seconds for giving the Lease back */
#define REASON_SIZE 600 /* more than a stack's reason holds */

struct leader {
	struct agent *agent;
	struct leader_ops ops;
	void *user;
	char *identity;
	struct proc *proc; /* NULL: it does not run */
	char *holder, *problem;
	char *failure; /* why the worker ended, until it has said something again */
	char *reason;
	int64_t until; /* by milliseconds() */
	guint timer, again;
	bool acquired, lost, stopping;
	void (*stopped)(void *user);
	void *stopped_user;
};

/* The worker's clock. */
static int64_t milliseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static const struct conf_leader *conf_of(const struct leader *leader)
{
	return leader->agent->conf->kubernetes.leader;
}

struct leader *leader_new(struct agent *agent, const struct leader_ops *ops, void *user)
{
	struct leader *leader = g_new0(struct leader, 1);
	g_autofree char *unique = g_uuid_string_random();

	leader->agent = agent;
	leader->ops = *ops;
	leader->user = user;
	leader->identity = g_strdup_printf("%.200s_%s", agent->conf->agent, unique);
	return leader;
}

static void drop(guint *source)
{
	if (*source != 0) {
		g_source_remove(*source);
		*source = 0;
	}
}

void leader_free(struct leader *leader)
{
	if (leader == NULL) {
		return;
	}
	drop(&leader->timer);
	drop(&leader->again);
	leader->stopping = true;
	if (leader->proc != NULL) {
		proc_stop(leader->proc, 0); // no loop runs any more that could tell its end
	}
	g_free(leader->identity);
	g_free(leader->holder);
	g_free(leader->problem);
	g_free(leader->failure);
	g_free(leader->reason);
	g_free(leader);
}

bool leader_acts(const struct agent *agent)
{
	const struct leader *leader = agent->leader;

	return leader == NULL ||
	       (leader->acquired && !leader->lost && milliseconds() < leader->until);
}

bool leader_waits(const struct agent *agent)
{
	return agent->leader != NULL && !agent->leader->acquired;
}

unsigned leader_grace(const struct agent *agent)
{
	return (unsigned)(agent->conf->kubernetes.leader->lease * 1000 / 4); // less than a third
}

const char *leader_reason(const struct agent *agent)
{
	struct leader *leader = agent->leader;
	const struct conf_leader *conf = conf_of(leader);
	const char *problem = leader->problem != NULL ? leader->problem : leader->failure;
	g_autofree char *who = NULL;

	if (leader->lost) {
		who = g_strdup("this agent leads no longer and ends");
	} else if (leader->holder != NULL) {
		who = g_strdup_printf("'%s' leads", leader->holder);
	} else {
		who = g_strdup("it is not known who leads");
	}
	g_free(leader->reason);
	leader->reason = g_strdup_printf("%s, by the Lease '%s/%s' of cluster '%s'%s%.*s", who,
					 conf->namespace, conf->name, conf->cluster,
					 problem != NULL ? ": " : "", REASON_SIZE,
					 problem != NULL ? problem : "");
	return leader->reason;
}

void leader_write(struct json_writer *w, const struct agent *agent)
{
	const struct leader *leader = agent->leader;
	const char *holder;

	if (leader == NULL) {
		json_w_null(w, "leader");
		return;
	}
	holder = leader_acts(agent) ? leader->identity : leader->holder;
	json_w_object(w, "leader");
	json_w_bool(w, "acts", leader_acts(agent));
	if (holder != NULL) {
		json_w_str(w, "holder", holder);
	} else {
		json_w_null(w, "holder");
	}
	json_w_str(w, "cluster", conf_of(leader)->cluster);
	json_w_str(w, "namespace", conf_of(leader)->namespace);
	json_w_str(w, "name", conf_of(leader)->name);
	json_w_end(w);
}

static bool same_cluster(const struct conf_cluster *a, const struct conf_cluster *b)
{
	return g_strcmp0(a->kubeconfig, b->kubeconfig) == 0 &&
	       g_strcmp0(a->context, b->context) == 0 && a->in_cluster == b->in_cluster;
}

bool leader_may_stay(const struct agent *agent, const struct conf *conf)
{
	const struct conf_leader *before = agent->conf->kubernetes.leader;
	const struct conf_leader *after = conf->kubernetes.leader;

	if (before == NULL || after == NULL) {
		return before == after;
	}
	return strcmp(before->cluster, after->cluster) == 0 &&
	       strcmp(before->namespace, after->namespace) == 0 &&
	       strcmp(before->name, after->name) == 0 && before->lease == after->lease &&
	       same_cluster(conf_cluster(agent->conf, before->cluster),
			    conf_cluster(conf, after->cluster));
}

void leader_look(struct agent_unit *unit)
{
	stack_keep(unit->step.follows, leader_waits(unit->agent) ? leader_reason(unit->agent) : "");
}

static void tell_the_stacks(struct leader *leader)
{
	struct agent_unit *unit;
	GHashTableIter iter;

	g_hash_table_iter_init(&iter, leader->agent->units);
	while (g_hash_table_iter_next(&iter, NULL, (void **)&unit)) {
		agent_send(unit, STACK_LOOK, NULL);
	}
}

static void lose(struct leader *leader)
{
	if (!leader->acquired || leader->lost || leader->stopping) {
		return;
	}
	leader->lost = true;
	drop(&leader->timer);
	log_event(EV_LEAD_LOST, NULL, NULL, "%s", leader_reason(leader->agent));
	leader->ops.lost(leader->user);
}

static gboolean on_until(void *user)
{
	struct leader *leader = user;

	leader->timer = 0;
	lose(leader);
	return G_SOURCE_REMOVE;
}

static void replace(char **field, const char *text)
{
	g_free(*field);
	*field = g_strdup(text);
}

/* until comes from before this moment: a line that lay in the pipe proves no more than it says. */
static void take(struct leader *leader, int64_t until)
{
	int64_t left = until - milliseconds();

	if (leader->lost) {
		return;
	}
	leader->until = until;
	drop(&leader->timer);
	if (left <= 0) {
		lose(leader);
		return;
	}
	leader->timer = g_timeout_add((guint)MIN(left, G_MAXINT), on_until, leader);
	if (!leader->acquired) {
		leader->acquired = true;
		log_event(EV_LEADS, NULL, NULL, "this agent leads, by the Lease '%s/%s'",
			  conf_of(leader)->namespace, conf_of(leader)->name);
		leader->ops.acquired(leader->user);
	}
}

static void follow(struct leader *leader, bool another)
{
	if (leader->acquired) {
		lose(leader);
		return;
	}
	if (another) {
		log_event(EV_FOLLOWS, NULL, NULL, "this agent waits: %s",
			  leader_reason(leader->agent));
	}
	tell_the_stacks(leader);
}

static void on_lead(struct leader *leader, struct json_obj *o)
{
	const char *holder = json_has(o, "holder") ? json_str(o, "holder", TEXT_MAX) : NULL;
	const char *problem = json_has(o, "problem") ? json_str(o, "problem", TEXT_MAX) : NULL;
	int64_t until = json_int(o, "until", 0, JSON_MAX_INT);
	struct assent_error error;
	bool another;

	if (json_doc_status(o->doc, &error) < 0) {
		return; // what is not understood proves nothing
	}
	another = g_strcmp0(holder, leader->holder) != 0 ||
		  (problem == NULL) != (leader->problem == NULL && leader->failure == NULL);
	replace(&leader->holder, holder);
	replace(&leader->problem, problem);
	replace(&leader->failure, NULL);
	if (until > 0) {
		take(leader, until);
	} else {
		follow(leader, another);
	}
}

static void on_line(const char *line, size_t len, void *user)
{
	struct leader *leader = user;
	struct assent_error error;
	struct json_doc *doc;
	struct json_obj root;

	if (len > LINE_MAX_SIZE || json_doc_parse(&doc, line, len, 0, &error) < 0) {
		return;
	}
	json_doc_root(doc, &root);
	if (json_has(&root, "event")) {
		if (g_strcmp0(json_str(&root, "event", 64), "lead") == 0) {
			on_lead(leader, &root);
		}
	} else if (json_has(&root, "error")) {
		struct json_obj problem;

		json_obj_get(&root, "error", &problem);
		replace(&leader->failure, json_str(&problem, "message", TEXT_MAX));
	}
	json_doc_free(doc);
}

static gboolean on_again(void *user)
{
	struct leader *leader = user;

	leader->again = 0;
	leader_start(leader);
	return G_SOURCE_REMOVE;
}

static void on_ended(int status, const char *err, const GError *error, void *user)
{
	struct leader *leader = user;

	(void)err;
	leader->proc = NULL;
	if (leader->stopping) {
		if (leader->stopped != NULL) {
			leader->stopped(leader->stopped_user);
		}
		return;
	}
	if (leader->failure == NULL) {
		leader->failure = error != NULL
					  ? g_strdup(error->message)
					  : g_strdup_printf("the worker ended with %d", status);
	}
	replace(&leader->holder, NULL);
	if (leader->acquired) {
		lose(leader);
	} else {
		follow(leader, true);
		leader->again = g_timeout_add_seconds(AGAIN, on_again, leader);
	}
}

static char *request(const struct leader *leader)
{
	const struct conf_leader *conf = conf_of(leader);
	g_autoptr(GPtrArray) list = clusters_named(leader->agent->conf, conf->cluster);
	struct json_writer *w = json_writer_new(0);
	struct assent_error error;
	autocfree char *text = NULL;
	size_t len;

	json_w_object(w, NULL);
	json_w_int(w, "v", 1);
	json_w_str(w, "job", "lead");
	cluster_settings_write(w, "clusters", list);
	json_w_int(w, "duration", conf->lease);
	json_w_str(w, "identity", leader->identity);
	json_w_str(w, "name", conf->name);
	json_w_str(w, "namespace", conf->namespace);
	json_w_end(w);
	return json_writer_finish(w, &text, &len, &error) < 0 ? g_strdup("")
							      : g_strconcat(text, "\n", NULL);
}

void leader_start(struct leader *leader)
{
	const struct conf *conf = leader->agent->conf;
	g_autofree char *worker = conf->worker != NULL ? g_strdup(conf->worker) : paths_worker();
	g_autofree char *input = request(leader);
	g_auto(GStrv) env = jobs_environment();
	const char *argv[] = {worker, NULL};
	const struct proc_ops ops = {on_line, on_ended};
	const struct proc_spec spec = {
		.argv = argv,
		.env = (const char *const *)env,
		.input = input,
		.input_len = strlen(input),
		.max_output = LINE_MAX_SIZE * 2,
		.endless = true,
	};
	g_autoptr(GError) error = NULL;

	if (!proc_start(&spec, &ops, leader, &leader->proc, &error)) {
		leader->proc = NULL;
		replace(&leader->failure, error->message);
		follow(leader, true);
		leader->again = g_timeout_add_seconds(AGAIN, on_again, leader);
	}
}

void leader_stop(struct leader *leader, void (*done)(void *user), void *user)
{
	leader->stopping = true;
	leader->stopped = done;
	leader->stopped_user = user;
	drop(&leader->timer);
	drop(&leader->again);
	if (leader->proc == NULL) {
		done(user);
	} else {
		proc_stop(leader->proc, STOP_GRACE);
	}
}
