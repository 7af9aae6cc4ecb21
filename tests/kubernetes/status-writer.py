#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stands in for the controllers of a cluster: writes the status of objects.

    status-writer.py URL CA TOKEN-FILE step STEP...
    status-writer.py URL CA TOKEN-FILE follow RULES-FILE

A step is "RESOURCE NAMESPACE/NAME STATE", such as "deployments shop/web progressing". States:

    ready        all replicas, bound, complete, an address
    progressing  seen by its controller, half of it done
    failed       deadline over, failed, lost
    unseen       an empty status, as before a controller looked at it
    old          ready, of the generation before
    {...}        a merge patch of the status, in JSON

"wait SECONDS" as a step waits; a step waits for its object to be there.

follow gives each object that appears or changes a status by the first line of RULES-FILE that fits,
"RESOURCE NAMESPACE/NAME STATE" with * and ?; what no line fits becomes ready, the state "leave"
leaves it alone. When the file changes all is looked at again. It ends namespaces (with what they
hold) and deletions in the foreground, as the garbage collector would.
"""
import fnmatch
import http.client
import json
import os
import ssl
import sys
import threading
import time
import urllib.parse


def path_of(resource, where):
    namespace, _, name = where.rpartition("/")
    base = KINDS[resource][0]
    middle = "/namespaces/" + namespace if namespace else ""
    return "%s%s/%s/%s" % (base, middle, resource, name)


def replicas(o):
    return o.get("spec", {}).get("replicas", 1)


def condition(kind, true, reason=""):
    return {"type": kind, "status": "True" if true else "False", "reason": reason or kind,
            "message": "", "lastTransitionTime": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}


def deployment(o, state):
    n = replicas(o)
    done = n if state == "ready" else n // 2
    why = {"ready": "NewReplicaSetAvailable", "failed": "ProgressDeadlineExceeded"}
    return {"replicas": n, "updatedReplicas": done, "readyReplicas": done,
            "availableReplicas": done, "unavailableReplicas": n - done,
            "conditions": [
                condition("Available", state == "ready"),
                condition("Progressing", state != "failed", why.get(state, "ReplicaSetUpdated"))]}


def stateful_set(o, state):
    n = replicas(o)
    done = n if state == "ready" else n // 2
    return {"replicas": n, "readyReplicas": done, "availableReplicas": done,
            "currentReplicas": done, "updatedReplicas": done,
            "currentRevision": "new" if state == "ready" else "old", "updateRevision": "new"}


def daemon_set(o, state):
    done = 2 if state == "ready" else 1
    return {"desiredNumberScheduled": 2, "currentNumberScheduled": 2, "numberMisscheduled": 0,
            "updatedNumberScheduled": done, "numberAvailable": done, "numberReady": done,
            "numberUnavailable": 2 - done}


def job(o, state):
    begun = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    if state == "ready":
        return {"startTime": begun, "completionTime": begun, "succeeded": 1, "ready": 0,
                "conditions": [condition("SuccessCriteriaMet", True),
                               condition("Complete", True)]}
    if state == "failed":
        return {"startTime": begun, "failed": 1, "ready": 0,
                "conditions": [condition("FailureTarget", True, "BackoffLimitExceeded"),
                               condition("Failed", True, "BackoffLimitExceeded")]}
    return {"startTime": begun, "active": 1, "ready": 1}


def claim(o, state):
    phase = {"ready": "Bound", "failed": "Lost"}.get(state, "Pending")
    return {"phase": phase}


def service(o, state):
    if o.get("spec", {}).get("type") != "LoadBalancer":
        return None
    return {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]} if state == "ready" else {}}


def pod(o, state):
    phase = {"ready": "Running", "failed": "Failed"}.get(state, "Pending")
    return {"phase": phase, "conditions": [condition("Ready", state == "ready")]}


def budget(o, state):
    n = 2 if state == "ready" else 1
    return {"currentHealthy": n, "desiredHealthy": 2, "expectedPods": 2, "disruptionsAllowed": 0}


def definition(o, state):
    # The server itself says the true one; a test may say otherwise.
    return None if state == "ready" else {"conditions": [
        condition("NamesAccepted", state != "failed", "Conflict"),
        condition("Established", False, "Installing")]}


# Where, how, and whether its status tells the generation that was seen.
KINDS = {
    "deployments": ("/apis/apps/v1", deployment, True),
    "statefulsets": ("/apis/apps/v1", stateful_set, True),
    "daemonsets": ("/apis/apps/v1", daemon_set, True),
    "jobs": ("/apis/batch/v1", job, False),
    "persistentvolumeclaims": ("/api/v1", claim, False),
    "services": ("/api/v1", service, False),
    "pods": ("/api/v1", pod, False),
    "poddisruptionbudgets": ("/apis/policy/v1", budget, True),
    "customresourcedefinitions": ("/apis/apiextensions.k8s.io/v1", definition, False),
    "namespaces": ("/api/v1", None, False),
}


class Server:
    def __init__(self, url, ca, token):
        self.url = urllib.parse.urlsplit(url)
        self.context = ssl.create_default_context(cafile=ca)
        self.token = open(token).read().strip()
        self.local = threading.local()

    def connect(self):
        return http.client.HTTPSConnection(self.url.hostname, self.url.port, timeout=60,
                                           context=self.context)

    def headers(self, kind="application/merge-patch+json"):
        return {"Authorization": "Bearer " + self.token, "Content-Type": kind,
                "Accept": "application/json"}

    def ask(self, method, path, body=None, kind="application/merge-patch+json"):
        for again in range(2):
            c = getattr(self.local, "c", None) or self.connect()
            try:
                c.request(method, path, json.dumps(body) if body is not None else None,
                          self.headers(kind))
                answer = c.getresponse()
                data = answer.read()
                self.local.c = c
                try:
                    return answer.status, json.loads(data)
                except ValueError:
                    return answer.status, {"message": data.decode(errors="replace")}
            except (OSError, http.client.HTTPException):
                c.close()
                self.local.c = None
                if again:
                    raise

    def write(self, resource, o, state):
        generation = o["metadata"].get("generation", 1)
        if state.startswith("{"):
            status = json.loads(state)
        elif state == "unseen":
            status = None
        else:
            status = KINDS[resource][1](o, "ready" if state == "old" else state)
            if status is None:
                return 200, o
            if KINDS[resource][2]:
                status["observedGeneration"] = generation - (state == "old")
        meta = o["metadata"]
        where = (meta["namespace"] + "/" if "namespace" in meta else "") + meta["name"]
        return self.ask("PATCH", path_of(resource, where) + "/status?fieldManager=controller",
                        {"metadata": {"uid": meta["uid"]}, "status": status})


def step_by_step(server, steps):
    for step in steps:
        resource, where, *state = step.split(None, 2)
        if resource == "wait":
            time.sleep(float(where))
            continue
        end = time.monotonic() + 60
        while True:
            code, o = server.ask("GET", path_of(resource, where))
            if code == 200:
                break
            if code != 404 or time.monotonic() > end:
                sys.exit("%s: %s %s" % (step, code, o.get("message")))
            time.sleep(0.05)
        code, o = server.write(resource, o, state[0])
        if code != 200:
            sys.exit("%s: %s %s" % (step, code, o.get("message")))


class Follower:
    def __init__(self, server, rules):
        self.server, self.rules_file = server, rules
        self.lock, self.seen, self.objects = threading.Lock(), {}, {}
        self.rules, self.stamp = [], None

    def read_rules(self):
        try:
            stamp = os.stat(self.rules_file).st_mtime_ns
            if stamp == self.stamp:
                return False
            self.rules = [line.split(None, 2) for line in open(self.rules_file) if line.strip()]
            self.stamp = stamp
            return True
        except OSError:
            return False

    def state(self, resource, where):
        for r, w, state in self.rules:
            if fnmatch.fnmatchcase(resource, r) and fnmatch.fnmatchcase(where, w):
                return state.strip()
        return "ready"

    def end_namespace(self, o):
        name = o["metadata"]["name"]
        groups = [("/api/v1", "v1")]
        groups += [("/apis/" + g["preferredVersion"]["groupVersion"], "")
                   for g in self.server.ask("GET", "/apis")[1]["groups"]]
        for base, _ in groups:
            for r in self.server.ask("GET", base)[1].get("resources", []):
                if r["namespaced"] and "deletecollection" in r["verbs"]:
                    self.server.ask("DELETE", "%s/namespaces/%s/%s" % (base, name, r["name"]))
        o["spec"]["finalizers"] = []
        self.server.ask("PUT", "/api/v1/namespaces/%s/finalize" % name, o, "application/json")

    def end(self, resource, where, o):
        left = [f for f in o["metadata"].get("finalizers", [])
                if f not in ("foregroundDeletion", "orphan")]
        if left != o["metadata"].get("finalizers", []):
            self.server.ask("PATCH", path_of(resource, where),
                            {"metadata": {"uid": o["metadata"]["uid"], "finalizers": left or None}})
        elif resource == "namespaces":
            self.end_namespace(o)

    def look(self, resource, o):
        meta = o["metadata"]
        where = (meta["namespace"] + "/" if "namespace" in meta else "") + meta["name"]
        with self.lock:
            self.objects[resource, where] = o
            state = self.state(resource, where)
            key = (meta["uid"], meta.get("generation"), meta.get("deletionTimestamp"), state)
            if self.seen.get((resource, where)) == key or state == "leave":
                return
            self.seen[resource, where] = key
        if "deletionTimestamp" in meta:
            self.end(resource, where, o)
        elif KINDS[resource][1] is not None:
            code, answer = self.server.write(resource, o, state)
            if code not in (200, 404, 409):
                print(resource, where, state, code, answer.get("message"), file=sys.stderr)

    def forget(self, resource, o):
        meta = o["metadata"]
        where = (meta["namespace"] + "/" if "namespace" in meta else "") + meta["name"]
        with self.lock:
            self.objects.pop((resource, where), None)
            self.seen.pop((resource, where), None)

    def watch(self, resource, version):
        path = "%s/%s?watch=true&resourceVersion=%s&timeoutSeconds=50" % (
            KINDS[resource][0], resource, version)
        c = self.server.connect()
        try:
            c.request("GET", path, headers=self.server.headers())
            answer = c.getresponse()
            while answer.status == 200:
                line = answer.readline()
                if not line:
                    return
                event = json.loads(line)
                if event["type"] == "ERROR":
                    return
                if event["type"] == "DELETED":
                    self.forget(resource, event["object"])
                else:
                    self.look(resource, event["object"])
        finally:
            c.close()

    def follow(self, resource):
        while True:
            try:
                code, found = self.server.ask("GET", KINDS[resource][0] + "/" + resource)
                if code == 200:
                    for o in found["items"]:
                        self.look(resource, o)
                    self.watch(resource, found["metadata"]["resourceVersion"])
            except (OSError, ValueError, http.client.HTTPException):
                pass
            time.sleep(0.2)

    def run(self):
        self.read_rules()
        for resource in KINDS:
            threading.Thread(target=self.follow, args=(resource,), daemon=True).start()
        while True:
            time.sleep(0.1)
            if self.read_rules():
                for (resource, _), o in list(self.objects.items()):
                    try:
                        self.look(resource, o)
                    except (OSError, http.client.HTTPException):
                        pass


def main():
    if len(sys.argv) < 5 or sys.argv[4] not in ("step", "follow"):
        sys.exit(__doc__)
    server = Server(*sys.argv[1:4])
    if sys.argv[4] == "step":
        step_by_step(server, sys.argv[5:])
    else:
        Follower(server, sys.argv[5]).run()


if __name__ == "__main__":
    main()
