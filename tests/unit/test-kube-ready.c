/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of readiness: what objects say of themselves, and what follows. */
#include "kube/ready.h"

#include <string.h>

#include "unit/kube-vectors.h"

#define NOW 1000000
#define COND(type, status, reason) "{'type':'" type "','status':'" status "','reason':'" reason "'}"
#define DEPLOYMENT(spec, status, conditions)                                                       \
	"{'apiVersion':'apps/v1','kind':'Deployment','metadata':{'generation':2},'spec':{" spec    \
	"},'status':{'observedGeneration':2," status "'conditions':[" conditions "]}}"
#define COUNTS(all, updated, ready, available)                                                     \
	"'replicas':" #all ",'updatedReplicas':" #updated ",'readyReplicas':" #ready               \
	",'availableReplicas':" #available ","
#define GOOD                                                                                       \
	COND("Progressing", "True", "NewReplicaSetAvailable") "," COND("Available", "True", "x")
#define SET(spec, status)                                                                          \
	"{'apiVersion':'apps/v1','kind':'StatefulSet','metadata':{'generation':1},'spec':{" spec   \
	"},'status':{'observedGeneration':1" status "}}"
#define DAEMON(spec, status)                                                                       \
	"{'apiVersion':'apps/v1','kind':'DaemonSet','metadata':{'generation':1},'spec':{" spec     \
	"},'status':{'observedGeneration':1" status "}}"
#define POD_AT(second, status)                                                                     \
	"{'apiVersion':'v1','kind':'Pod','metadata':{'creationTimestamp':'1970-01-12T13:"          \
	"46:" second "Z'},'status':{" status "}}"
#define ANY(version, kind, rest) "{'apiVersion':'" version "','kind':'" kind "'" rest "}"

struct row {
	const char *name;
	enum kube_state state;
	const char *object; /* ' for " */
};

static const struct row deployments[] = {
	{"ready", KUBE_STATE_READY,
	 DEPLOYMENT("'replicas':3,'progressDeadlineSeconds':600", COUNTS(3, 3, 3, 3), GOOD)},
	{"default-is-one", KUBE_STATE_READY, DEPLOYMENT("", COUNTS(1, 1, 1, 1), GOOD)},
	{"zero", KUBE_STATE_READY, DEPLOYMENT("'replicas':0", COUNTS(0, 0, 0, 0), GOOD)},
	{"fresh", KUBE_STATE_WAITING, ANY("apps/v1", "Deployment", ",'spec':{'replicas':0}")},
	{"none", KUBE_STATE_WAITING, DEPLOYMENT("'replicas':3", "", GOOD)},
	{"few", KUBE_STATE_WAITING, DEPLOYMENT("'replicas':3", COUNTS(2, 2, 2, 2), GOOD)},
	{"old", KUBE_STATE_WAITING, DEPLOYMENT("'replicas':3", COUNTS(3, 2, 3, 3), GOOD)},
	{"many", KUBE_STATE_WAITING, DEPLOYMENT("'replicas':3", COUNTS(4, 3, 4, 4), GOOD)},
	{"unavailable", KUBE_STATE_WAITING, DEPLOYMENT("'replicas':3", COUNTS(3, 3, 3, 2), GOOD)},
	{"unready", KUBE_STATE_WAITING, DEPLOYMENT("'replicas':3", COUNTS(3, 3, 2, 3), GOOD)},
	{"rolls", KUBE_STATE_WAITING,
	 DEPLOYMENT("'replicas':1,'progressDeadlineSeconds':600", COUNTS(1, 1, 1, 1),
		    COND("Progressing", "True", "ReplicaSetUpdated") "," COND("Available", "True",
									      ""))},
	{"no-deadline", KUBE_STATE_READY,
	 DEPLOYMENT("'replicas':1,'progressDeadlineSeconds':2147483647", COUNTS(1, 1, 1, 1),
		    COND("Available", "True", ""))},
	{"not-available", KUBE_STATE_WAITING,
	 DEPLOYMENT("'replicas':1", COUNTS(1, 1, 1, 1), COND("Available", "False", ""))},
	{"deadline", KUBE_STATE_FAILED,
	 DEPLOYMENT("'replicas':1", COUNTS(1, 1, 1, 1),
		    COND("Progressing", "False", "ProgressDeadlineExceeded"))},
	{"older-seen", KUBE_STATE_WAITING,
	 "{'apiVersion':'apps/v1','kind':'Deployment','metadata':{'generation':3},'status':"
	 "{'observedGeneration':2," COUNTS(1, 1, 1, 1) "'conditions':[" GOOD "]}}"},
	{"deleted", KUBE_STATE_TERMINATING,
	 "{'apiVersion':'apps/v1','kind':'Deployment','metadata':{'deletionTimestamp':'x'}}"},
};

static const struct row sets[] = {
	{"ready", KUBE_STATE_READY,
	 SET("'replicas':2", ",'replicas':2,'readyReplicas':2,'currentReplicas':2,"
			     "'currentRevision':'a','updateRevision':'a'")},
	{"fresh", KUBE_STATE_WAITING, ANY("apps/v1", "StatefulSet", ",'spec':{'replicas':0}")},
	{"few", KUBE_STATE_WAITING, SET("'replicas':2", ",'replicas':1,'readyReplicas':1")},
	{"unready", KUBE_STATE_WAITING, SET("'replicas':2", ",'replicas':2,'readyReplicas':1")},
	{"many", KUBE_STATE_WAITING, SET("'replicas':2", ",'replicas':3,'readyReplicas':3")},
	{"current", KUBE_STATE_WAITING,
	 SET("'replicas':2", ",'replicas':2,'readyReplicas':2,'currentReplicas':1")},
	{"revision", KUBE_STATE_WAITING,
	 SET("'replicas':2", ",'replicas':2,'readyReplicas':2,'currentReplicas':2,"
			     "'currentRevision':'a','updateRevision':'b'")},
	{"on-delete", KUBE_STATE_READY, SET("'updateStrategy':{'type':'OnDelete'}", "")},
	{"partition", KUBE_STATE_READY,
	 SET("'replicas':3,'updateStrategy':{'rollingUpdate':{'partition':2}}",
	     ",'replicas':3,'readyReplicas':3,'updatedReplicas':1,'currentReplicas':2")},
	{"partition-waits", KUBE_STATE_WAITING,
	 SET("'replicas':3,'updateStrategy':{'rollingUpdate':{'partition':1}}",
	     ",'replicas':3,'readyReplicas':3,'updatedReplicas':1,'currentReplicas':2")},
	/* The server writes the default of 0, which is none. */
	{"partition-of-none", KUBE_STATE_WAITING,
	 SET("'replicas':1,'updateStrategy':{'rollingUpdate':{'partition':0}}",
	     ",'replicas':1,'readyReplicas':1,'updatedReplicas':1,'currentReplicas':1,"
	     "'currentRevision':'a','updateRevision':'b'")},
};

static const struct row daemons[] = {
	{"ready", KUBE_STATE_READY,
	 DAEMON("", ",'desiredNumberScheduled':2,'currentNumberScheduled':2,"
		    "'updatedNumberScheduled':2,'numberAvailable':2,'numberReady':2")},
	{"no-node", KUBE_STATE_READY, DAEMON("", ",'desiredNumberScheduled':0")},
	{"fresh", KUBE_STATE_WAITING, ANY("apps/v1", "DaemonSet", "")},
	{"unknown", KUBE_STATE_WAITING, DAEMON("", "")},
	{"scheduled", KUBE_STATE_WAITING,
	 DAEMON("", ",'desiredNumberScheduled':2,'currentNumberScheduled':1")},
	{"updated", KUBE_STATE_WAITING,
	 DAEMON("", ",'desiredNumberScheduled':2,'currentNumberScheduled':2,"
		    "'updatedNumberScheduled':1,'numberAvailable':2,'numberReady':2")},
	{"on-delete", KUBE_STATE_READY,
	 DAEMON("'updateStrategy':{'type':'OnDelete'}",
		",'desiredNumberScheduled':2,'currentNumberScheduled':2,"
		"'updatedNumberScheduled':0,'numberAvailable':2,'numberReady':2")},
	{"available", KUBE_STATE_WAITING,
	 DAEMON("", ",'desiredNumberScheduled':2,'currentNumberScheduled':2,"
		    "'updatedNumberScheduled':2,'numberAvailable':1,'numberReady':2")},
	{"numberReady", KUBE_STATE_WAITING,
	 DAEMON("", ",'desiredNumberScheduled':2,'currentNumberScheduled':2,"
		    "'updatedNumberScheduled':2,'numberAvailable':2,'numberReady':1")},
};

/* NOW is 13:46:40. */
static const struct row pods[] = {
	{"succeeded", KUBE_STATE_READY, POD_AT("00", "'phase':'Succeeded'")},
	{"failed", KUBE_STATE_FAILED, POD_AT("00", "'phase':'Failed'")},
	{"running", KUBE_STATE_READY,
	 POD_AT("00", "'phase':'Running','conditions':[" COND("Ready", "True", "") "]")},
	{"starts", KUBE_STATE_WAITING,
	 POD_AT("00", "'phase':'Running','conditions':[" COND("Ready", "False", "") "]")},
	{"crashes", KUBE_STATE_FAILED,
	 POD_AT("00", "'phase':'Running','containerStatuses':[{'state':{'running':{}}},"
		      "{'state':{'waiting':{'reason':'CrashLoopBackOff'}}}]")},
	{"pulls", KUBE_STATE_WAITING,
	 POD_AT("00", "'phase':'Pending','containerStatuses':[{'state':{'waiting':"
		      "{'reason':'ImagePullBackOff'}}}]")},
	{"unschedulable", KUBE_STATE_WAITING,
	 POD_AT("25", "'phase':'Pending','conditions':[" COND("PodScheduled", "False",
							      "Unschedulable") "]")},
	{"unschedulable-long", KUBE_STATE_FAILED,
	 POD_AT("24", "'phase':'Pending','conditions':[" COND("PodScheduled", "False",
							      "Unschedulable") "]")},
	{"fresh", KUBE_STATE_WAITING, POD_AT("00", "")},
};

static const struct row others[] = {
	{"replicaset", KUBE_STATE_READY,
	 ANY("apps/v1", "ReplicaSet",
	     ",'status':{'observedGeneration':1,'replicas':1,'fullyLabeledReplicas':1,"
	     "'availableReplicas':1,'readyReplicas':1}")},
	{"replicaset-few", KUBE_STATE_WAITING,
	 ANY("apps/v1", "ReplicaSet",
	     ",'status':{'observedGeneration':1,'replicas':1,'fullyLabeledReplicas':1,"
	     "'availableReplicas':1,'readyReplicas':0}")},
	{"replicaset-fails", KUBE_STATE_WAITING,
	 ANY("apps/v1", "ReplicaSet",
	     ",'spec':{'replicas':0},'status':{'conditions':[" COND("ReplicaFailure", "True",
								    "") "]}")},
	{"claim", KUBE_STATE_READY,
	 ANY("v1", "PersistentVolumeClaim", ",'status':{'phase':'Bound'}")},
	{"claim-lost", KUBE_STATE_FAILED,
	 ANY("v1", "PersistentVolumeClaim", ",'status':{'phase':'Lost'}")},
	{"service", KUBE_STATE_READY, ANY("v1", "Service", ",'spec':{'type':'ClusterIP'}")},
	{"balancer", KUBE_STATE_WAITING,
	 ANY("v1", "Service",
	     ",'spec':{'type':'LoadBalancer','clusterIP':'10.0.0.1'},"
	     "'status':{'loadBalancer':{}}")},
	{"balancer-ready", KUBE_STATE_READY,
	 ANY("v1", "Service",
	     ",'spec':{'type':'LoadBalancer'},"
	     "'status':{'loadBalancer':{'ingress':[{'ip':'192.0.2.1'}]}}")},
	{"job", KUBE_STATE_READY,
	 ANY("batch/v1", "Job", ",'status':{'conditions':[" COND("Complete", "True", "") "]}")},
	{"job-runs", KUBE_STATE_WAITING,
	 ANY("batch/v1", "Job", ",'status':{'startTime':'x','active':1}")},
	{"job-fresh", KUBE_STATE_WAITING, ANY("batch/v1", "Job", ",'status':{}")},
	{"job-failed", KUBE_STATE_FAILED,
	 ANY("batch/v1", "Job",
	     ",'status':{'conditions':[" COND("Failed", "True", "BackoffLimitExceeded") "]}")},
	{"job-suspended", KUBE_STATE_READY,
	 ANY("batch/v1", "Job",
	     ",'spec':{'suspend':true},'status':{'conditions':[" COND("Suspended", "True",
								      "") "]}")},
	{"job-resumes", KUBE_STATE_WAITING,
	 ANY("batch/v1", "Job",
	     ",'spec':{'suspend':false},'status':{'conditions':[" COND("Suspended", "True",
								       "") "]}")},
	{"crd", KUBE_STATE_READY,
	 ANY("apiextensions.k8s.io/v1", "CustomResourceDefinition",
	     ",'status':{'conditions':[" COND("NamesAccepted", "True",
					      "") "," COND("Established", "True", "") "]}")},
	{"crd-fresh", KUBE_STATE_WAITING,
	 ANY("apiextensions.k8s.io/v1", "CustomResourceDefinition", "")},
	{"crd-installs", KUBE_STATE_WAITING,
	 ANY("apiextensions.k8s.io/v1", "CustomResourceDefinition",
	     ",'status':{'conditions':[" COND("Established", "False", "Installing") "]}")},
	{"crd-cannot", KUBE_STATE_FAILED,
	 ANY("apiextensions.k8s.io/v1", "CustomResourceDefinition",
	     ",'status':{'conditions':[" COND("Established", "False", "NotAccepted") "]}")},
	{"crd-names", KUBE_STATE_FAILED,
	 ANY("apiextensions.k8s.io/v1", "CustomResourceDefinition",
	     ",'status':{'conditions':[" COND("NamesAccepted", "False",
					      "x") "," COND("Established", "True", "") "]}")},
	{"revision", KUBE_STATE_READY, ANY("apps/v1", "ControllerRevision", "")},
	{"map", KUBE_STATE_READY, ANY("v1", "ConfigMap", "")},
	{"secret", KUBE_STATE_READY, ANY("v1", "Secret", "")},
	{"cron", KUBE_STATE_READY, ANY("batch/v1", "CronJob", "")},
	{"budget", KUBE_STATE_READY, ANY("policy/v1", "PodDisruptionBudget", "")},
	{"ingress", KUBE_STATE_READY, ANY("networking.k8s.io/v1", "Ingress", "")},
	{"custom-fresh", KUBE_STATE_WAITING, ANY("example.org/v1", "Widget", "")},
	{"custom-seen", KUBE_STATE_READY,
	 ANY("example.org/v1", "Widget", ",'status':{'observedGeneration':1}")},
	{"custom-ready", KUBE_STATE_READY,
	 ANY("example.org/v1", "Widget",
	     ",'status':{'conditions':[" COND("Ready", "True", "") "]}")},
	{"custom-unready", KUBE_STATE_WAITING,
	 ANY("example.org/v1", "Widget",
	     ",'status':{'conditions':[" COND("Ready", "False", "No") "]}")},
	{"custom-unknown", KUBE_STATE_WAITING,
	 ANY("example.org/v1", "Widget",
	     ",'status':{'conditions':[" COND("Ready", "Unknown", "") "]}")},
	{"reconciling", KUBE_STATE_WAITING,
	 ANY("example.org/v1", "Widget",
	     ",'status':{'conditions':[" COND("Reconciling", "True", "") "," COND("Ready", "True",
										  "") "]}")},
	{"stalled", KUBE_STATE_FAILED,
	 ANY("example.org/v1", "Widget",
	     ",'status':{'conditions':[" COND("Stalled", "True", "Why") "]}")},
	{"nothing", KUBE_STATE_READY, "{}"},
};

static void judge(const char *text, bool has_status, struct kube_ready *out)
{
	g_autofree char *json = g_strdelimit(g_strdup(text), "'", '"');
	g_autoptr(kube_value_auto) object = kube_vector_parse(json);

	kube_ready_judge(object, &(struct kube_ready_how){.has_status = has_status, .now = NOW},
			 out);
}

static void check(const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct kube_ready ready;

		judge(rows[i].object, true, &ready);
		g_test_message("%s: %s: %s", rows[i].name, kube_state_name(ready.state),
			       ready.why != NULL ? ready.why : "");
		g_assert_cmpint(ready.state, ==, rows[i].state);
		g_assert_true((ready.why == NULL) == (ready.state == KUBE_STATE_READY));
		kube_ready_clear(&ready);
	}
}

static void test_deployments(void)
{
	check(deployments, G_N_ELEMENTS(deployments));
}

static void test_stateful_sets(void)
{
	check(sets, G_N_ELEMENTS(sets));
}

static void test_daemon_sets(void)
{
	check(daemons, G_N_ELEMENTS(daemons));
}

static void test_pods(void)
{
	check(pods, G_N_ELEMENTS(pods));
}

static void test_others(void)
{
	check(others, G_N_ELEMENTS(others));
}

/* Whoever knows that nothing writes a status may say so. */
static void test_without_status(void)
{
	struct kube_ready ready;

	judge(ANY("example.org/v1", "Widget", ""), false, &ready);
	g_assert_cmpint(ready.state, ==, KUBE_STATE_READY);
	kube_ready_clear(&ready);
	judge(ANY("apps/v1", "StatefulSet", ",'spec':{'replicas':0}"), false, &ready);
	g_assert_cmpint(ready.state, ==, KUBE_STATE_WAITING);
	kube_ready_clear(&ready);
}

static void test_claim_waits_for_its_user(void)
{
	struct kube_ready ready;

	judge(ANY("v1", "PersistentVolumeClaim", ",'status':{'phase':'Pending'}"), true, &ready);
	g_assert_cmpint(ready.state, ==, KUBE_STATE_WAITING);
	g_assert_true(ready.needs_user);
	kube_ready_clear(&ready);
	judge(ANY("batch/v1", "Job", ""), true, &ready);
	g_assert_false(ready.needs_user);
	kube_ready_clear(&ready);
}

/* A controller's words are one line. */
static void test_words(void)
{
	struct kube_ready ready;

	judge(ANY("example.org/v1", "Widget",
		  ",'status':{'conditions':[{'type':'Ready','status':'False','reason':'R',"
		  "'message':'a\\nb\\u001b[1m'}]}"),
	      true, &ready);
	g_assert_cmpstr(ready.why, ==, "Ready is False: R: a b [1m");
	kube_ready_clear(&ready);
	judge(DEPLOYMENT("'replicas':3", COUNTS(3, 2, 3, 3), GOOD), true, &ready);
	g_assert_cmpstr(ready.why, ==, "2 of 3 replicas are updated");
	kube_ready_clear(&ready);
}

/* As a server without controllers leaves them, and with a status that somebody wrote. */
static void test_recorded(void)
{
	static const struct {
		const char *name;
		enum kube_state state;
	} cases[] = {
		{"wl-01-deploy-create.json", KUBE_STATE_WAITING},
		{"wl-09-status-subresource-apply.json", KUBE_STATE_READY},
		{"wl-13-svc-create.json", KUBE_STATE_READY},
		{"wl-18-job-create.json", KUBE_STATE_WAITING},
		{"wl-20-pvc-create.json", KUBE_STATE_WAITING},
		{"wl-22-sts-create.json", KUBE_STATE_WAITING},
		{"wl-27-pod-create.json", KUBE_STATE_WAITING},
		{"crd-03-crd-create.json", KUBE_STATE_WAITING},
		{"crd-04-crd-get-established.json", KUBE_STATE_READY},
		{"crd-06-cr-create.json", KUBE_STATE_WAITING},
		{"ssa-03-apply-create-namespace.json", KUBE_STATE_READY},
		{"ssa-05-apply-create.json", KUBE_STATE_READY},
		{"prune-10-deployment-foreground-terminating-no-gc.json", KUBE_STATE_TERMINATING},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(kube_value_auto) exchange = kube_vector(cases[i].name);
		struct kube_ready ready;

		kube_ready_judge(kube_vector_body(exchange),
				 &(struct kube_ready_how){.has_status = true, .now = NOW}, &ready);
		g_test_message("%s: %s", cases[i].name, ready.why != NULL ? ready.why : "");
		g_assert_cmpint(ready.state, ==, cases[i].state);
		kube_ready_clear(&ready);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/kube/ready/deployments", test_deployments);
	g_test_add_func("/kube/ready/stateful-sets", test_stateful_sets);
	g_test_add_func("/kube/ready/daemon-sets", test_daemon_sets);
	g_test_add_func("/kube/ready/pods", test_pods);
	g_test_add_func("/kube/ready/others", test_others);
	g_test_add_func("/kube/ready/without-status", test_without_status);
	g_test_add_func("/kube/ready/claim-waits-for-its-user", test_claim_waits_for_its_user);
	g_test_add_func("/kube/ready/words", test_words);
	g_test_add_func("/kube/ready/recorded", test_recorded);
	return g_test_run();
}
