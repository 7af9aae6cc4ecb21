#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parts of kubernetes.sh.

make FOLDER MAPS DEPLOYMENTS    manifests, in YAML that is JSON
requests FOLDER NAMESPACE look|apply    what kube-floor sends for them
items FOLDER NAMESPACE SET      the list of objects for a watch
watch WORKER REQUEST URL CA TOKEN NAMESPACE COUNT TIMES PLAN
                                changes objects; until told, until looked at; into TIMES
table TIMES                     medians and ratios; a line is "work peer wall user system"
"""
import json
import os
import ssl
import statistics
import subprocess
import sys
import time
import urllib.request

EACH = 100  # objects a file


def config_map(number):
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": f"map-{number}", "labels": {"app": f"app-{number % 50}"}},
        "data": {f"key-{i}": f"value {number} {i} " + "x" * 80 for i in range(8)},
    }


def deployment(number):
    labels = {"app": f"web-{number}", "tier": "front"}
    probe = {"httpGet": {"path": "/healthz", "port": 8080}, "periodSeconds": 5}
    container = {
        "name": "web",
        "image": f"registry.example.org/web:{number}",
        "ports": [{"name": "http", "containerPort": 8080}],
        "env": [{"name": f"SETTING_{i}", "value": f"value {i}"} for i in range(6)],
        "resources": {"requests": {"cpu": "100m", "memory": "64Mi"}},
        "readinessProbe": probe,
        "volumeMounts": [{"name": "settings", "mountPath": "/etc/web"}],
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": f"web-{number}", "labels": labels},
        "spec": {
            "replicas": 2,
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {
                    "containers": [container],
                    "volumes": [{"name": "settings", "configMap": {"name": f"map-{number}"}}],
                },
            },
        },
    }


def make(folder, maps, deployments):
    objects = [config_map(i) for i in range(int(maps))]
    objects += [deployment(i) for i in range(int(deployments))]
    for first in range(0, len(objects), EACH):
        with open(f"{folder}/{first:05}.yaml", "w", encoding="utf-8") as out:
            out.write("\n---\n".join(json.dumps(o) for o in objects[first : first + EACH]) + "\n")


def read(folder):
    for name in sorted(os.listdir(folder)):
        with open(f"{folder}/{name}", encoding="utf-8") as source:
            for text in source.read().split("\n---\n"):
                yield json.loads(text)


def path_of(item, namespace):
    root = "/api/v1" if item["kind"] == "ConfigMap" else "/apis/apps/v1"
    kind = item["kind"].lower() + "s"
    return f"{root}/namespaces/{namespace}/{kind}/{item['metadata']['name']}"


def requests(folder, namespace, what):
    """As a plan asks; as an apply asks, which looks again just before each kind is changed."""
    query = "?fieldManager=floor&fieldValidation=Strict&force=true"
    objects = list(read(folder))
    for item in objects:
        path = path_of(item, namespace)
        print(f"GET {path} ")
        print(f"PATCH {path}{query}&dryRun=All {json.dumps(item)}")
    for kind in ("ConfigMap", "Deployment") if what == "apply" else ():
        same = [item for item in objects if item["kind"] == kind]
        print()
        for item in same:
            print(f"GET {path_of(item, namespace)} ")
        print()
        for item in same:
            print(f"PATCH {path_of(item, namespace)}{query} {json.dumps(item)}")


def items(folder, namespace, label):
    for item in read(folder):
        kind, name = item["kind"], item["metadata"]["name"]
        group, _, version = item["apiVersion"].rpartition("/")
        line = {
            "cluster": "prod",
            "group": group,
            "id": f"k8s:prod/{namespace}/{kind}/{name}",
            "kind": kind,
            "name": name,
            "namespace": namespace,
            "resource": kind.lower() + "s",
            "set": label,
            "version": version,
        }
        sys.stdout.write("k" + json.dumps(line, sort_keys=True, separators=(",", ":")) + "\0")


def change(url, context, token, path, number):
    body = json.dumps({"data": {"key-0": f"drift {number}"}}).encode()
    request = urllib.request.Request(url + path + "?fieldManager=hand", body, method="PATCH")
    request.add_header("Authorization", "Bearer " + token)
    request.add_header("Content-Type", "application/merge-patch+json")
    with urllib.request.urlopen(request, context=context) as answer:
        answer.read()


def event(process, *words):
    for line in process.stdout:
        if all(word in line for word in words):
            return
    sys.exit("the watch ended")


def measure(process, change_one, look, worker, namespace, number):
    name = f"map-{number}"
    begin = time.monotonic()
    change_one(f"/api/v1/namespaces/{namespace}/configmaps/{name}", number)
    written = time.monotonic()
    event(process, '"changed"', f'"k8s:prod/{namespace}/ConfigMap/{name}"')
    told = time.monotonic()
    done = subprocess.run(
        [worker], input=look.replace("@NAME@", name), capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(done.stdout + done.stderr)
    return {
        "assent": time.monotonic() - begin,
        "until_told": told - begin,
        "the_change_itself": written - begin,
    }


def watch(worker, request, url, ca, token_file, namespace, count, times, plan):
    os.environ["no_proxy"] = "*"
    context = ssl.create_default_context(cafile=ca)
    with open(token_file, encoding="ascii") as source:
        token = source.read().strip()
    with open(plan, encoding="utf-8") as source:
        look = source.read()
    with open(request, encoding="utf-8") as source, subprocess.Popen(
        [worker, "--trust", "/nonexistent"], stdin=source, stdout=subprocess.PIPE, text=True
    ) as process, open(times, "a", encoding="ascii") as out:
        try:
            event(process, '"watching"')
            for number in range(int(count)):
                took = measure(
                    process, lambda path, n: change(url, context, token, path, n), look, worker,
                    namespace, number,
                )  # fmt: skip
                for peer, seconds in took.items():
                    out.write(f"drift {peer} {seconds}\n")
        finally:
            process.terminate()
            process.communicate()


def table(times):
    works = {}
    with open(times, encoding="ascii") as source:
        for line in source:
            work, peer, wall, *cpu = line.split()
            took = (float(wall), sum(map(float, cpu)))
            works.setdefault(work, {}).setdefault(peer, []).append(took)
    print(f"{'work':<12}{'peer':<28}{'wall ms':>10}{'CPU ms':>9}{'wall/ours':>11}{'CPU/ours':>10}")
    for work, peers in works.items():
        median = {p: [statistics.median(x) * 1000 for x in zip(*v)] for p, v in peers.items()}
        wall, cpu = median["assent"]
        for peer, (w, c) in median.items():
            part = f"{c / cpu:>10.2f}" if cpu else f"{'-':>10}"
            print(f"{work:<12}{peer:<28}{w:>10.1f}{c:>9.0f}{w / wall:>11.2f}{part}")


if __name__ == "__main__":
    commands = {f.__name__: f for f in (make, requests, items, watch, table)}
    commands[sys.argv[1]](*sys.argv[2:])
