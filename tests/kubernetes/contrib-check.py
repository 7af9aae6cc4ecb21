# SPDX-License-Identifier: GPL-3.0-or-later
"""Judges the manifests of contrib/kubernetes, read by kube-read from standard input.

  contrib-check.py whole          what belongs together fits, and pods are as fenced as they can be
  contrib-check.py names          "Kind namespace/name" of each
  contrib-check.py paths          where each is on a server, in the order of the input
  contrib-check.py get KIND NAME PATH...   the value that stands there, as JSON or plain text
"""
import json
import sys

objects = [json.loads(line) for line in sys.stdin]
by_name = {(o["kind"], o["metadata"].get("namespace", ""), o["metadata"]["name"]): o
           for o in objects}
problems = []


def check(truth, text):
    if not truth:
        problems.append(text)


def pods():
    return [o["spec"]["template"] for o in objects if o["kind"] == "Deployment"]


def check_container(c, volumes):
    fence, name = c["securityContext"], c["name"]
    check(fence.get("allowPrivilegeEscalation") is False, name + " may raise its rights")
    check(fence.get("readOnlyRootFilesystem") is True, name + " may write its root")
    check(fence.get("capabilities") == {"drop": ["ALL"]}, name + " has capabilities")
    check("limits" in c["resources"] and "requests" in c["resources"], name + " has no bounds")
    check(":" not in c["image"], name + ": the tag is kustomization.yaml's")
    places = [m["mountPath"] for m in c["volumeMounts"]]
    check(len(places) == len(set(places)), name + " mounts twice at one place")
    for mount in c["volumeMounts"]:
        volume = volumes.get(mount["name"])
        check(volume is not None, "%s mounts %s, which is not there" % (name, mount["name"]))
        if volume and "configMap" in volume:
            config = by_name[("ConfigMap", "assent", volume["configMap"]["name"])]
            check(mount.get("subPath") in config["data"], "no such file: " + mount["mountPath"])
    for entry in c["env"]:
        check("value" in entry, name + ": no secret in a variable")


def check_pod(pod):
    spec, fence = pod["spec"], pod["spec"]["securityContext"]
    check(fence.get("runAsNonRoot") is True and fence.get("runAsUser", 0) > 0, "the pod is root")
    check(fence.get("seccompProfile") == {"type": "RuntimeDefault"}, "no seccomp profile")
    for name in ("hostNetwork", "hostPID", "hostIPC"):
        check(name not in spec, "the pod shares the host's: " + name)
    volumes = {v["name"]: v for v in spec["volumes"]}
    allowed = {"configMap", "emptyDir", "secret", "persistentVolumeClaim"}
    for volume in spec["volumes"]:
        check(set(volume) - {"name"} <= allowed, "volume " + volume["name"])
        claim = volume.get("persistentVolumeClaim", {}).get("claimName")
        check(claim is None or ("PersistentVolumeClaim", "assent", claim) in by_name, "no claim")
    for c in spec.get("initContainers", []) + spec["containers"]:
        check_container(c, volumes)
    check(("ServiceAccount", "assent", spec["serviceAccountName"]) in by_name, "no account")
    main = spec["containers"][0]
    for probe, path in (("startupProbe", "/healthz"), ("livenessProbe", "/healthz"),
                        ("readinessProbe", "/readyz")):
        check(main[probe]["httpGet"]["path"] == path, probe)


def check_rules(role):
    name = role["metadata"]["name"]
    for rule in role["rules"]:
        texts = rule["apiGroups"] + rule["resources"] + rule["verbs"]
        check("*" not in texts, name + " allows everything")
        for verb in ("escalate", "bind", "update", "deletecollection"):
            check(verb not in rule["verbs"] or rule["resources"] == ["leases"],
                  "%s has the verb %s" % (name, verb))
        if "impersonate" in rule["verbs"]:
            check(rule["resources"] == ["serviceaccounts"] and rule.get("resourceNames"),
                  name + " may be anybody")
        check("rbac.authorization.k8s.io" not in rule["apiGroups"], name + " gives rights away")
        check("events" not in rule["resources"] or
              (rule["apiGroups"], rule["verbs"]) == (["events.k8s.io"], ["create"]),
              name + " may do more to Events than write them")
    if role["metadata"].get("namespace") == "assent":
        check(not {r for rule in role["rules"] for r in rule["resources"]} &
              {"configmaps", "secrets"}, "the agent reaches its own policy or secrets")


def check_binding(binding):
    place = binding["metadata"].get("namespace", "")
    ref = binding["roleRef"]
    role_place = place if ref["kind"] == "Role" else ""
    check((ref["kind"], role_place, ref["name"]) in by_name, "no role " + ref["name"])
    for subject in binding["subjects"]:
        check((subject["kind"], subject["namespace"], subject["name"]) in by_name,
              "no subject " + subject["name"])


def check_service(service):
    for pod in pods():
        labels = pod["metadata"]["labels"]
        check(service["spec"]["selector"].items() <= labels.items(), "the Service finds no pod")
        ports = {p["name"] for c in pod["spec"]["containers"] for p in c["ports"]}
        for port in service["spec"]["ports"]:
            check(port["targetPort"] in ports, "the Service's port is no pod's")


def whole():
    for pod in pods():
        check_pod(pod)
    check(len(pods()) == 1, "one Deployment")
    check([place for (kind, place, name), o in by_name.items() if kind.endswith("Role")
           for rule in o["rules"] if "events" in rule["resources"]] == ["shop"],
          "Events are for the stack's account to write, in its namespace")
    for o in objects:
        if o["kind"] in ("Role", "ClusterRole"):
            check_rules(o)
        elif o["kind"] in ("RoleBinding", "ClusterRoleBinding"):
            check_binding(o)
        elif o["kind"] == "Service":
            check_service(o)
        check(o["kind"] != "Secret", "a Secret stands among the manifests")


def paths():
    for o in objects:
        version, name = o["apiVersion"], o["metadata"]["name"]
        plural = o["kind"].lower()
        plural = plural[:-1] + "ies" if plural.endswith("y") else plural + "s"
        place = o["metadata"].get("namespace")
        print("/".join(["", "api" if "/" not in version else "apis", version] +
                       (["namespaces", place] if place else []) + [plural, name]))


def get(kind, name, path):
    value = [o for o in objects if o["kind"] == kind and o["metadata"]["name"] == name][0]
    for step in path:
        value = value[int(step) if isinstance(value, list) else step]
    print(value if isinstance(value, str) else json.dumps(value))


if sys.argv[1] == "whole":
    whole()
elif sys.argv[1] == "paths":
    paths()
elif sys.argv[1] == "names":
    for kind, place, name in sorted(by_name):
        print(kind, (place + "/" if place else "") + name)
else:
    get(sys.argv[2], sys.argv[3], sys.argv[4:])
for text in problems:
    print(text)
sys.exit(1 if problems else 0)
