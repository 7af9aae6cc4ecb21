#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# From manifests to a plan: what the configuration allows, variables, renderers, sealed values, and
# errors with their file and line. Nothing is applied here.
# shellcheck disable=SC2016,SC2119,SC2153
. "${srcdir:-.}/tests/kubernetes/lib-cluster.sh"
cluster_begin
scan="python3 $srcdir/tests/secret-scan.py"
MARK=$($scan --marker)
agent_repo app
agent_stack app 'approval: {required: 1, from: [ops]}'
cp "$CONF" "$T/bare"
agent_init

# What a renderer of the configuration does: it prints another folder of the stack, and its values.
join='cat ../common/a.yaml; for f; do cat "${f#--values=}"; done'

allow() { # WHAT: of the stack, in the section kubernetes; nothing: no section
  cp "$T/bare" "$CONF"
  [ $# -eq 0 ] || echo "    kubernetes: {$*}" >>"$CONF"
  cluster_conf "prod: {kubeconfig: $KUBE/config, context: one}" \
    "test: {kubeconfig: $KUBE/config, context: one-nobody}"
  cat >>"$CONF" <<-C
	  renderers:
	    join: {run: [/bin/sh, -c, '$join', sh]}
	    bad: {run: [/bin/sh, -c, 'echo "kind: x"']}
	    fails: {run: [/bin/sh, -c, 'echo no chart here >&2; exit 3']}
	    beside: {run: [/bin/cat, $T/beside/a.yaml], reads: [$T/beside]}
	    spies: {run: [/bin/cat, $T/beside/a.yaml], reads: [$T/beside, $T/by-link]}
	C
}
manifest() { # the resources, from standard input
  {
    printf 'vars: {count: 2, motd: "a: b"}\nresources:\n'
    cat
  } >"$T/app/assent.yaml"
}
plan() { # SUBJECT: what the branch has
  agent_commit app "$1"
  agent_sync app
  rm -f "$T/plan.json"
  [ -z "$PLAN" ] || {
    agent_get "/v1/plans/$PLAN/plan.json" && cp "$T/body" "$T/plan.json"
    agent_get "/v1/plans/$PLAN/diff" && cp "$T/body" "$T/diff"
  }
}
says() { # TEXT...: the stack is blocked, and all of these are told
  agent_get /v1/stacks/app
  field "d['reason']" >"$T/reason"
  for text in "$@"; do
    if [ "$STATE_NOW" != blocked ] || ! grep -qF -e "$text" "$T/reason"; then
      printf '# %s: %s\n' "$STATE_NOW" "$(cat "$T/reason")" >&2
      return 1
    fi
  done
}
ids() { # ID...: what the plan changes
  python3 - "$T/plan.json" "$@" <<'P' || { echo "# $STATE_NOW: $REASON_NOW" >&2; return 1; }
import json, sys
found = [c["id"] for c in json.load(open(sys.argv[1]))["changes"]]
if sorted(found) != sorted(sys.argv[2:]):
    sys.exit("# " + " ".join(found))
P
}
reload() { # WHAT: another configuration
  allow "$@"
  before=$(grep -c 'has been read again' "$T/agent.log")
  kill -HUP "$agent_pid"
  agent_wait_for '[ "$(grep -c "has been read again" "$T/agent.log")" -gt "$before" ]'
  agent_sync app
}

mkdir "$T/app/manifests" "$T/app/common" "$T/app/chart"
cat >"$T/app/manifests/a.yaml" <<'M'
apiVersion: v1
kind: ConfigMap
metadata: {name: a}
data:
  motd: |
    ${motd}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: ${count}
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: "web:1"}]}
M
cat >"$T/app/common/a.yaml" <<'M'
apiVersion: v1
kind: ConfigMap
metadata: {name: common}
data: {script: 'echo ${HOME}'}
---
M
cat >"$T/app/chart/values.yaml" <<'M'
apiVersion: v1
kind: ConfigMap
metadata: {name: values}
M
manifest <<'M'
  - {kubernetes: manifests/, namespace: default, template: true}
M
assent() {
  "$builddir/assent" "$@"
}
assent lint "$T/app" >"$T/lint" 2>&1
tap_ok 'lint reads the objects' || tap_note "$T/lint"

# --- what the configuration allows
allow
agent_start
plan first
says "stack 'app' may touch no cluster"
tap_ok 'without a section in the configuration no cluster may be touched'
reload 'clusters: [prod], namespaces: [shop]'
says "is in namespace 'default'"
tap_ok 'nor another namespace'
reload 'clusters: [prod], namespaces: ["def*"]'
plan second
ids k8s:prod/default/ConfigMap/a k8s:prod/default/Deployment/web
tap_ok 'a plan has what is allowed'
grep -q 'a: b' "$T/diff" && grep -q 'replicas.*2' "$T/diff"
tap_ok 'with the values of variables' || tap_note "$T/diff"
ended() { # PLAN: its end, and why
  agent_get "/v1/plans/$1"
  field "(d['state'], d['result'])"
}
first=$PLAN
reload 'clusters: [prod], namespaces: [shop]'
says "is in namespace 'default'"
tap_ok 'less is allowed after that, and no plan is made'
[ "$(ended "$first")" = "('superseded', 'the configuration has changed')" ]
tap_ok 'the one that waited is closed' || ended "$first" >&2
reload 'clusters: [prod], namespaces: ["def*"]'
second=$PLAN
agent_stop
allow 'clusters: [prod], namespaces: [shop]'
agent_start
agent_wait_for 'agent_look app && [ -z "$PLAN" ]'
[ "$(ended "$second")" = "('superseded', 'the permission to touch its clusters has changed')" ]
tap_ok 'also when the agent was not there' || ended "$second" >&2
reload 'clusters: [prod], namespaces: ["def*"]'
manifest <<'M'
  - {kubernetes: manifests/, context: test, namespace: default, template: true}
M
plan third
says "stack 'app' may not touch cluster 'test'"
tap_ok 'another cluster is not'

# --- errors have their place
cat >"$T/app/manifests/b.yaml" <<'M'
apiVersion: v1
kind: ConfigMap
metadata: {name: a, namespace: default}
M
manifest <<'M'
  - {kubernetes: manifests/, namespace: default, template: true}
M
assent lint "$T/app" >"$T/lint" 2>&1
twice="manifests/b.yaml:1:1: 'ConfigMap default/a' stands in 'manifests/a.yaml', line 1"
grep -qF "/$twice" "$T/lint"
tap_ok 'lint finds an object that stands twice' || tap_note "$T/lint"
plan fourth
says "$twice"
tap_ok 'and so does the plan'
rm "$T/app/manifests/b.yaml"

# --- renderers
manifest <<'M'
  - {kubernetes: chart, namespace: default, render: join, values: chart/values.yaml}
M
plan fifth
ids k8s:prod/default/ConfigMap/common k8s:prod/default/ConfigMap/values
tap_ok 'what a renderer makes of folder and values is planned'
grep -qF 'echo ${HOME}' "$T/diff"
tap_ok 'and is no template' || tap_note "$T/diff"
cat >"$T/rendered.py" <<'P'
import hashlib, json, sys
plan, objects, sealed, text = sys.argv[1:5]
(made,) = json.load(open(plan))["rendered"]
assert made["from"] == "kubernetes:prod/chart" and made["renderer"] == "join", made
sh = hashlib.sha256(open("/bin/sh", "rb").read()).hexdigest()
assert made["program"] == "sha256:" + sh, made
name = made["object"][7:]
kept = open(f"{objects}/{name[:2]}/{name[2:]}", "rb").read()
assert hashlib.sha256(kept).hexdigest() == name
assert (b"name: " + text.encode() in kept) == (sealed == "plain"), kept
assert made.get("sealed", False) == (sealed == "sealed"), made
P
rendered() { # plain|sealed NAME: how the output is kept that has an object of that name
  python3 "$T/rendered.py" "$T/plan.json" "$STATE/objects" "$@"
}
rendered plain values
tap_ok 'the plan names program and output, which is kept'
assent show --config "$CONF" --no-pager "$PLAN" >"$T/show" 2>&1
grep -q '^ *rendered.*kubernetes:prod/chart by join (program sha256:' "$T/show"
tap_ok 'and shows it' || tap_note "$T/show"
printf 'apiVersion: v1\nkind: Secret\nmetadata: {name: made}\nstringData: {k: v}\n' \
  >"$T/app/chart/secret.yaml"
manifest <<'M'
  - {kubernetes: chart, namespace: default, render: join, values: chart/secret.yaml}
M
plan fifth-b
ids k8s:prod/default/ConfigMap/common k8s:prod/default/Secret/made && rendered sealed made
tap_ok 'one with a Secret is kept sealed'
manifest <<'M'
  - {kubernetes: chart, namespace: default, render: bad}
M
plan sixth
says "render:prod/chart:1:1: no 'apiVersion'"
tap_ok 'its objects are judged as others, with a place in its output'
manifest <<'M'
  - {kubernetes: chart, namespace: default, render: fails}
M
plan seventh
says "assent.yaml:3:5: renderer 'fails': " 'no chart here'
tap_ok 'one that fails says why'
mkdir "$T/beside"
printf 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: beside}\n' >"$T/beside/a.yaml"
manifest <<'M'
  - {kubernetes: chart, namespace: default, render: beside}
M
plan seventh-b
ids k8s:prod/default/ConfigMap/beside
tap_ok 'what it may read besides stands in the configuration'
manifest <<'M'
  - {kubernetes: chart, namespace: default, render: spies}
M
for own in "$STATE/keys" "${CONF%/*}" "${SOCK%/*}" "$KUBE/config"; do
  ln -sfn "$own" "$T/by-link"
  plan "seventh ${own##*/}"
  says "renderer 'spies': '$T/by-link' in 'reads' would let it see or be in"
  tap_ok "but not ${own##*/} of the agent, by no name"
done
manifest <<'M'
  - {kubernetes: chart, namespace: default, render: sh}
M
plan eighth
says "the agent's configuration has no renderer 'sh'"
tap_ok 'a commit names no program'

# --- sealed values
seal() { # LABEL: a Secret with a sealed value in it
  cat >"$T/app/manifests/db.yaml" <<-M
		apiVersion: v1
		kind: Secret
		metadata: {name: db}
		stringData:
		  user: app
		  password: |
	M
  printf '%s-&é\n' "$MARK" |
    assent seal --config "$CONF" --to "$STATE/keys/seal.pub" --for "$1" - |
    sed 's/^/    /' >>"$T/app/manifests/db.yaml"
}
manifest <<'M'
  - {kubernetes: manifests/, namespace: default, template: true}
M
seal web1.test/app:k8s:prod/default/Secret/db/password
assent lint "$T/app" >"$T/lint" 2>&1
tap_ok 'lint is content with a sealed value, without keys' || tap_note "$T/lint"
plan ninth
ids k8s:prod/default/ConfigMap/a k8s:prod/default/Deployment/web k8s:prod/default/Secret/db
tap_ok 'a Secret with a sealed value is planned'
python3 - "$T/plan.json" <<'P'
import json, sys
for c in json.load(open(sys.argv[1]))["changes"]:
    assert ("secret" in c["risk"]) == (c["id"] == "k8s:prod/default/Secret/db"), c
    assert ("sealed" in c["desired"]) == ("keyed" in c["desired"]) == ("secret" in c["risk"]), c
P
tap_ok 'and its content is told by a keyed digest'
seal web1.test/app:k8s:prod/default/Secret/other/password
plan tenth
says 'manifests/db.yaml:6:' "secret 'password': " 'sealed for'
tap_ok 'one that is bound to another Secret is refused'
seal web1.test/app
sed -i '$d' "$T/app/manifests/db.yaml"
plan eleventh
says "'password': no sealed secret"
tap_ok 'and one that was cut'
agent_stop
$scan --suite "$T" "$KUBE" >"$T.found" 2>&1
tap_ok 'nothing of it is anywhere' || tap_note "$T.found"
rm -f "$T.found"
printf '%s' "$MARK" | openssl base64 >"$T/probe"
! $scan --suite "$T" >"$T/found" 2>&1
tap_ok 'where it would be found'
tap_end
