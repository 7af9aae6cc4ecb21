/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Readiness of the kinds that have a rule of their own. */
#include "kube/ready-rules.h"

#include <inttypes.h>
#include <string.h>

static int64_t number(const struct kube_value *object, const char *part, const char *name,
		      int64_t dflt)
{
	int64_t value;

	return kube_value_get_int(kube_value_at(object, part, name, NULL), &value) ? value : dflt;
}

/* Waits while have is below want. */
static bool lacks(struct kube_ready *out, int64_t have, int64_t want, const char *what)
{
	if (have >= want) {
		return false;
	}
	return ready_say(out, KUBE_STATE_WAITING, "%" PRId64 " of %" PRId64 " replicas are %s",
			 have, want, what);
}

static bool has_more(struct kube_ready *out, int64_t have, int64_t want)
{
	if (have <= want) {
		return false;
	}
	return ready_say(out, KUBE_STATE_WAITING, "%" PRId64 " replicas too many", have - want);
}

static bool rule_deployment(const struct kube_value *object, const struct kube_ready_how *how,
			    struct kube_ready *out)
{
	const struct kube_value *progressing = ready_condition(object, "Progressing");
	const char *reason = kube_value_str_at(progressing, "reason", NULL);
	int64_t want = number(object, "spec", "replicas", 1);
	int64_t all = number(object, "status", "replicas", 0);
	int64_t updated = number(object, "status", "updatedReplicas", 0);
	int64_t deadline = number(object, "spec", "progressDeadlineSeconds", INT32_MAX);

	(void)how;
	if (g_strcmp0(reason, "ProgressDeadlineExceeded") == 0) {
		return ready_say(out, KUBE_STATE_FAILED, "its progress deadline has passed");
	}
	if (lacks(out, all, want, "there") || lacks(out, updated, want, "updated") ||
	    has_more(out, all, want) ||
	    lacks(out, number(object, "status", "availableReplicas", 0), updated, "available") ||
	    lacks(out, number(object, "status", "readyReplicas", 0), want, "ready")) {
		return true;
	}
	if (deadline != INT32_MAX && !(g_strcmp0(reason, "NewReplicaSetAvailable") == 0 &&
				       ready_condition_is(object, "Progressing", "True"))) {
		return ready_say(out, KUBE_STATE_WAITING, "its rollout has not ended");
	}
	if (!ready_condition_is(object, "Available", "True")) {
		return ready_say(out, KUBE_STATE_WAITING, "it is not available");
	}
	return false;
}

static bool rule_stateful_set(const struct kube_value *object, const struct kube_ready_how *how,
			      struct kube_ready *out)
{
	const char *strategy = kube_value_str_at(object, "spec", "updateStrategy", "type", NULL);
	int64_t want = number(object, "spec", "replicas", 1), partition;
	int64_t all = number(object, "status", "replicas", 0);

	(void)how;
	if (g_strcmp0(strategy, "OnDelete") == 0) {
		return false;
	}
	if (lacks(out, all, want, "there") ||
	    lacks(out, number(object, "status", "readyReplicas", 0), want, "ready") ||
	    has_more(out, all, want)) {
		return true;
	}
	if (kube_value_get_int(kube_value_at(object, "spec", "updateStrategy", "rollingUpdate",
					     "partition", NULL),
			       &partition) &&
	    partition > 0) {
		return lacks(out, number(object, "status", "updatedReplicas", 0), want - partition,
			     "updated");
	}
	if (lacks(out, number(object, "status", "currentReplicas", 0), want, "current")) {
		return true;
	}
	if (!kube_value_equal(kube_value_at(object, "status", "currentRevision", NULL),
			      kube_value_at(object, "status", "updateRevision", NULL))) {
		return ready_say(out, KUBE_STATE_WAITING, "its update has not ended");
	}
	return false;
}

static bool rule_daemon_set(const struct kube_value *object, const struct kube_ready_how *how,
			    struct kube_ready *out)
{
	const char *strategy = kube_value_str_at(object, "spec", "updateStrategy", "type", NULL);
	int64_t want = number(object, "status", "desiredNumberScheduled", -1);

	(void)how;
	if (want < 0 || kube_value_at(object, "status", "observedGeneration", NULL) == NULL ||
	    kube_value_at(object, "metadata", "generation", NULL) == NULL) {
		return ready_say(out, KUBE_STATE_WAITING, "its controller has not seen it yet");
	}
	if (lacks(out, number(object, "status", "currentNumberScheduled", 0), want, "there")) {
		return true;
	}
	/* Nothing updates them before somebody deletes them. */
	if (g_strcmp0(strategy, "OnDelete") != 0 &&
	    lacks(out, number(object, "status", "updatedNumberScheduled", 0), want, "updated")) {
		return true;
	}
	return lacks(out, number(object, "status", "numberAvailable", 0), want, "available") ||
	       lacks(out, number(object, "status", "numberReady", 0), want, "ready");
}

static bool rule_replica_set(const struct kube_value *object, const struct kube_ready_how *how,
			     struct kube_ready *out)
{
	int64_t want = number(object, "spec", "replicas", 1);

	(void)how;
	if (ready_condition_is(object, "ReplicaFailure", "True")) {
		return ready_say(out, KUBE_STATE_WAITING, "replicas cannot be made");
	}
	return lacks(out, number(object, "status", "fullyLabeledReplicas", 0), want, "labelled") ||
	       lacks(out, number(object, "status", "availableReplicas", 0), want, "available") ||
	       lacks(out, number(object, "status", "readyReplicas", 0), want, "ready") ||
	       has_more(out, number(object, "status", "replicas", 0), want);
}

/* Why a container of the pod waits; NULL when none does. */
static const char *waits_for(const struct kube_value *object)
{
	const struct kube_value *list = kube_value_at(object, "status", "containerStatuses", NULL);
	const char *found = NULL;

	for (size_t i = 0; i < kube_value_count(list); i++) {
		const char *reason = kube_value_str_at(kube_value_item(list, i), "state", "waiting",
						       "reason", NULL);

		if (g_strcmp0(reason, "CrashLoopBackOff") == 0) {
			return reason;
		}
		found = found != NULL ? found : reason;
	}
	return found;
}

/* Since when; 0 when nobody can tell. */
static int64_t created(const struct kube_value *object)
{
	const char *text = kube_value_str_at(object, "metadata", "creationTimestamp", NULL);
	g_autoptr(GDateTime) time = text != NULL ? g_date_time_new_from_iso8601(text, NULL) : NULL;

	return time != NULL ? g_date_time_to_unix(time) : 0;
}

static bool rule_pod(const struct kube_value *object, const struct kube_ready_how *how,
		     struct kube_ready *out)
{
	const char *phase = kube_value_str_at(object, "status", "phase", NULL);
	const char *reason, *waits = waits_for(object);

	if (g_strcmp0(phase, "Succeeded") == 0) {
		return false;
	}
	if (g_strcmp0(phase, "Failed") == 0) {
		return ready_say(out, KUBE_STATE_FAILED, "it ended without success");
	}
	if (g_strcmp0(phase, "Running") == 0) {
		if (ready_condition_is(object, "Ready", "True")) {
			return false;
		}
		return g_strcmp0(waits, "CrashLoopBackOff") == 0
			       ? ready_say(out, KUBE_STATE_FAILED,
					   "a container crashes again and again")
			       : ready_say(out, KUBE_STATE_WAITING, "it is not ready%s%.100s",
					   waits != NULL ? ": " : "", waits != NULL ? waits : "");
	}
	reason = kube_value_str_at(ready_condition(object, "PodScheduled"), "reason", NULL);
	if (ready_condition_is(object, "PodScheduled", "False") &&
	    g_strcmp0(reason, "Unschedulable") == 0) {
		return ready_say(out,
				 how->now - created(object) > KUBE_READY_UNSCHEDULABLE
					 ? KUBE_STATE_FAILED
					 : KUBE_STATE_WAITING,
				 "no node takes it");
	}
	return ready_say(out, KUBE_STATE_WAITING, "it has not begun%s%.100s",
			 waits != NULL ? ": " : "", waits != NULL ? waits : "");
}

static bool rule_claim(const struct kube_value *object, const struct kube_ready_how *how,
		       struct kube_ready *out)
{
	const char *phase = kube_value_str_at(object, "status", "phase", NULL);

	(void)how;
	if (g_strcmp0(phase, "Bound") == 0) {
		return false;
	}
	if (g_strcmp0(phase, "Lost") == 0) {
		return ready_say(out, KUBE_STATE_FAILED, "its volume is lost");
	}
	out->needs_user = true;
	return ready_say(out, KUBE_STATE_WAITING, "it is not bound");
}

static bool rule_service(const struct kube_value *object, const struct kube_ready_how *how,
			 struct kube_ready *out)
{
	const struct kube_value *addresses;

	(void)how;
	if (g_strcmp0(kube_value_str_at(object, "spec", "type", NULL), "LoadBalancer") != 0) {
		return false;
	}
	addresses = kube_value_at(object, "status", "loadBalancer", "ingress", NULL);
	if (kube_value_count(addresses) == 0) {
		return ready_say(out, KUBE_STATE_WAITING, "its load balancer has no address");
	}
	return false;
}

static bool rule_job(const struct kube_value *object, const struct kube_ready_how *how,
		     struct kube_ready *out)
{
	(void)how;
	if (ready_condition_is(object, "Complete", "True")) {
		return false;
	}
	if (ready_condition_is(object, "Failed", "True")) {
		const char *reason =
			kube_value_str_at(ready_condition(object, "Failed"), "reason", NULL);

		return ready_say(out, KUBE_STATE_FAILED, "it failed%s%.100s",
				 reason != NULL ? ": " : "", reason != NULL ? reason : "");
	}
	if (ready_condition_is(object, "Suspended", "True") &&
	    kube_value_is_true(kube_value_at(object, "spec", "suspend", NULL))) {
		return false;
	}
	return ready_say(out, KUBE_STATE_WAITING, "%s",
			 kube_value_at(object, "status", "startTime", NULL) != NULL
				 ? "it has not completed"
				 : "it has not begun");
}

static bool rule_crd(const struct kube_value *object, const struct kube_ready_how *how,
		     struct kube_ready *out)
{
	const char *reason;

	(void)how;
	if (ready_condition_is(object, "NamesAccepted", "False")) {
		return ready_say(out, KUBE_STATE_FAILED, "its names are taken");
	}
	if (ready_condition_is(object, "Established", "True")) {
		return false;
	}
	reason = kube_value_str_at(ready_condition(object, "Established"), "reason", NULL);
	if (ready_condition_is(object, "Established", "False") &&
	    g_strcmp0(reason, "Installing") != 0) {
		return ready_say(out, KUBE_STATE_FAILED, "it cannot be served");
	}
	return ready_say(out, KUBE_STATE_WAITING, "it is not served yet");
}

static bool rule_always(const struct kube_value *object, const struct kube_ready_how *how,
			struct kube_ready *out)
{
	(void)object;
	(void)how;
	(void)out;
	return false;
}

static const struct {
	const char *group, *kind;
	ready_rule *rule;
} rules[] = {
	{"apps", "Deployment", rule_deployment},
	{"extensions", "Deployment", rule_deployment},
	{"apps", "StatefulSet", rule_stateful_set},
	{"apps", "DaemonSet", rule_daemon_set},
	{"extensions", "DaemonSet", rule_daemon_set},
	{"apps", "ReplicaSet", rule_replica_set},
	{"extensions", "ReplicaSet", rule_replica_set},
	{"", "Pod", rule_pod},
	{"", "PersistentVolumeClaim", rule_claim},
	{"", "Service", rule_service},
	{"batch", "Job", rule_job},
	{"apiextensions.k8s.io", "CustomResourceDefinition", rule_crd},
	{"policy", "PodDisruptionBudget", rule_always},
	{"batch", "CronJob", rule_always},
	{"", "ConfigMap", rule_always},
	{"", "Secret", rule_always},
};

ready_rule *ready_rule_find(const char *group, const char *kind)
{
	for (size_t i = 0; i < G_N_ELEMENTS(rules); i++) {
		if (strcmp(rules[i].group, group) == 0 && strcmp(rules[i].kind, kind) == 0) {
			return rules[i].rule;
		}
	}
	return NULL;
}
