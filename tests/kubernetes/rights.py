# SPDX-License-Identifier: GPL-3.0-or-later
"""Asks a real API server who may do what.

  rights.py URL CA TOKEN-FILE < TABLE

Each line of the table: yes or no, NAMESPACE/ACCOUNT of a service account, verb, group/resource[/subresource]
(the group "-" for the core), namespace ("-": the cluster) and a name ("-": any). Prints the lines that
are not so.
"""
import json
import ssl
import sys
import urllib.request

url, ca, token = sys.argv[1], sys.argv[2], open(sys.argv[3], encoding="ascii").read().strip()
context = ssl.create_default_context(cafile=ca)
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}),
                                     urllib.request.HTTPSHandler(context=context))


def allowed(account, verb, kind, namespace, name):
    place, account = account.split("/")
    group, resource, below = (kind + "/").split("/")[:3]
    attributes = {"verb": verb, "group": "" if group == "-" else group, "resource": resource,
                  "subresource": below, "version": "*", "namespace": "" if namespace == "-" else namespace,
                  "name": "" if name == "-" else name}
    review = {"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview",
              "spec": {"user": "system:serviceaccount:%s:%s" % (place, account),
                       "groups": ["system:serviceaccounts", "system:serviceaccounts:" + place,
                                  "system:authenticated"],
                       "resourceAttributes": attributes}}
    request = urllib.request.Request(url + "/apis/authorization.k8s.io/v1/subjectaccessreviews",
                                     json.dumps(review).encode(),
                                     {"Content-Type": "application/json",
                                      "Authorization": "Bearer " + token})
    return json.load(opener.open(request, timeout=30))["status"]["allowed"]


count = bad = 0
for line in sys.stdin:
    want, *question = line.split()
    count += 1
    if allowed(*question) != (want == "yes"):
        bad += 1
        print("not", line.strip())
sys.exit(0 if count and not bad else 1)
