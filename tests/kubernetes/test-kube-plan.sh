#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# What the worker plans for objects of a real API server.
. "${srcdir:-.}/tests/system/lib-git.sh"
. "${srcdir:-.}/tests/kubernetes/lib-kube.sh"
kube_need || tap_skip_all "$REASON"
git_begin
kube_begin one && kube_front
kube_config "$T/kubeconfig"
kube_curl POST /api/v1/namespaces \
  '{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"shop"}}'
[ "$STATUS" = 201 ]
tap_ok 'a server with a namespace' || exit 1

export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null
repo=$T/repo keys=$T/keys objects=$T/objects
base='' context=one drift='' scope='"cluster_scoped":true'
mkdir "$keys"
"$builddir/mkplan" keys "$keys"
printf 'assent-seal-key1 %s test.example.org\n' "$(openssl rand -base64 32)" >"$keys/seal"
chmod 600 "$keys/seal"
git init -q -b main "$repo"
git -C "$repo" config user.name Test
git -C "$repo" config user.email test@example.org
git init -q --bare -b main "$T/mirror.git"

clusters() {
  printf '"clusters":[{"context":"%s","in_cluster":false,"inventory":"shop",' "$context"
  printf '"kubeconfig":"%s","name":"prod"}]' "$T/kubeconfig"
}
# What stands in the repository, planned against $base; $T/answer, $T/draft and $T/diff.
plan() {
  git -C "$repo" add -A
  git -C "$repo" commit -q --allow-empty -m change
  git -C "$repo" push -q "$T/mirror.git" HEAD:main
  commit=$(git -C "$repo" rev-parse HEAD)
  again
}
again() {
  rm -f "$T/draft" "$T/diff"
  {
    printf '{"v":1,"job":"plan","mirror":"%s","commit":"%s","base":"%s","path":"",' \
      "$T/mirror.git" "$commit" "$base"
    printf '"agent":"test.example.org","stack":"web","home":"%s","labels":[],' "$T"
    printf '"objects":"%s","out":"%s","cache":"%s","seal_key":"%s","cluster_scope":{%s},%s%s%s}\n' \
      "$objects" "$T/draft" "$T/cache" "$keys/seal" "$scope" "$(clusters)" "$drift" \
      "$([ ! -e "$T/applied" ] || printf ',"applied":"%s"' "$T/applied")"
  } >"$T/request"
  "$WORKER" <"$T/request" >"$T/answer" 2>"$T/err"
  RC=$?
  if [ -s "$T/draft" ] && ! grep -q '"changes":\[\]' "$T/draft"; then
    stored diff >"$T/diff"
  fi
}
# The object in the store that the draft names so.
stored() { # NAME...
  python3 - "$T/draft" "$objects" "$@" <<'END'
import json, sys
value = json.load(open(sys.argv[1]))
for name in sys.argv[3:]:
    value = value[int(name)] if name.isdigit() else value[name]
digits = value.split(":")[1]
sys.stdout.buffer.write(open(f"{sys.argv[2]}/{digits[:2]}/{digits[2:]}", "rb").read())
END
}
# The draft's changes are these, in this order: "ACTION ID".
changes() {
  python3 -c 'import json, sys
for c in json.load(open(sys.argv[1]))["changes"]: print(c["action"], c["id"])' "$T/draft" \
    >"$T/changes" 2>"$T/err"
  printf '%s\n' "$@" | sed '/^$/d' >"$T/wanted"
  cmp -s "$T/wanted" "$T/changes" || {
    tap_note "$T/changes" "$T/answer"
    return 1
  }
}
draft() { # EXPRESSION on c (the changes by id) and o (those of the first)
  python3 -c "import json, sys
list = json.load(open('$T/draft'))['changes']
c = {x['id']: x for x in list}
o = list[0]['object'] if list else None
sys.exit(not ($1))" || {
    tap_note "$T/draft"
    return 1
  }
}
shows() { # LINE...: of the diff
  for line in "$@"; do
    grep -qxF -- "$line" "$T/diff" || {
      printf '# no line: %s\n' "$line" >&2
      tap_note "$T/diff"
      return 1
    }
  done
}
fails() { # CODE WORDS...: and nothing is planned
  code=$1
  shift
  if [ "$RC" != 1 ] || [ -e "$T/draft" ] || ! grep -q "\"code\":\"$code\"" "$T/answer"; then
    tap_note "$T/answer"
    return 1
  fi
  for words in "$@"; do
    grep -qF -- "$words" "$T/answer" || {
      printf '# not said: %s\n' "$words" >&2
      tap_note "$T/answer"
      return 1
    }
  done
}
# Approved and carried out, and told to the plans that follow.
apply() {
  carry_out || {
    tap_note "$T/applying" "$T/err"
    return 1
  }
  base=$commit
  remember
}
carry_out() {
  approve && work && grep -q '"result":"ok"' "$T/applying"
}
approve() {
  "$builddir/mkplan" plan "$keys" "$T/draft" "$T/plan.json" &&
    "$builddir/mkplan" request "$keys" "$T/plan.json" "$objects" "$T/journal" alice |
    sed "s|}\$|,\"seal_key\":\"$keys/seal\",\"cluster_scope\":{$scope},$(clusters)}|" \
      >"$T/request"
}
work() {
  "$WORKER" --trust "$keys/trust.yaml" <"$T/request" >"$T/applying" 2>"$T/err"
}
remember() {
  python3 - "$T" "$objects" "$commit" <<'END'
import hashlib, json, os, sys
top, objects, commit = sys.argv[1:]
plan = open(top + "/plan.json", "rb").read()
digest = hashlib.sha256(plan).hexdigest()
os.makedirs(f"{objects}/{digest[:2]}", exist_ok=True)
open(f"{objects}/{digest[:2]}/{digest[2:]}", "wb").write(plan)
name = top + "/applied"
applied = json.load(open(name)) if os.path.exists(name) else {"applies": []}
applied["applies"].append({"all": True, "commit": commit, "plan": "sha256:" + digest, "time": 1})
open(name, "w").write(json.dumps(applied, sort_keys=True, separators=(",", ":")))
END
}
manifest() { # MORE: of the resource
  printf 'resources:\n  - {kubernetes: k8s/, context: prod, namespace: shop, prune: true, %s}\n' \
    "wait: false${1:+, $1}" >"$repo/assent.yaml"
}
object() { # FILE, from standard input
  mkdir -p "$repo/k8s"
  cat >"$repo/k8s/$1"
}

manifest
object web.yaml <<'END'
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data:
  color: blue
  app.conf: |
    listen 80
    workers 2
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - {name: web, image: "example.org/web:1", ports: [{containerPort: 80}]}
---
apiVersion: v1
kind: Secret
metadata: {name: db}
stringData: {password: correct-horse-battery}
END
plan
[ "$RC" = 0 ] && changes 'create k8s:prod/shop/ConfigMap/settings' \
  'create k8s:prod/shop/Secret/db' 'create k8s:prod/shop/Deployment/web'
tap_ok 'objects that are not there are made'
deployment=k8s:prod/shop/Deployment/web
draft "c['$deployment']['observed']['type'] == 'absent' and
  c['$deployment']['observed']['digest'] and c['$deployment']['risk'] == [] and
  c['$deployment']['object']['resource'] == 'deployments' and
  c['$deployment']['object']['from'] == 'kubernetes:prod/k8s' and
  c['$deployment']['object']['owner'] == 'test.example.org/web' and
  len(c['$deployment']['object']['cluster']) == 36 and
  c['k8s:prod/shop/Secret/db']['risk'] == ['secret']" &&
  shows '+.spec.replicas = 2' '+.data.color = "blue"' '+    workers 2' \
    '+.spec.template.spec.containers[name="web"].image = "example.org/web:1"'
tap_ok 'with what a dry run says of them'
kube_curl GET /api/v1/namespaces/shop/configmaps/settings
[ "$STATUS" = 404 ]
tap_ok 'and nothing is done'
plain=$(printf correct-horse-battery | openssl base64 -A)
! grep -rlF -e correct-horse -e "$plain" "$objects" "$T/draft" "$T/answer" "$T/err" &&
  shows "$(grep '^+.data.password = "(secret [0-9a-f]\{16\}:[0-9a-f]\{64\})"$' "$T/diff")"
tap_ok 'the value of a Secret stands nowhere, its keyed digest does'
cp "$T/draft" "$T/before"
again
cmp -s "$T/before" "$T/draft" || [ "$(sed 's/"sealed":"[^"]*"//' "$T/before")" = \
  "$(sed 's/"sealed":"[^"]*"//' "$T/draft")" ]
tap_ok 'the same is planned again'
apply
tap_ok 'it is applied'
plan
[ "$RC" = 0 ] && changes ''
tap_ok 'nothing is planned for what is as it shall be'

sed -i 's/replicas: 2/replicas: 3/; s/workers 2/workers 4/; s/correct-horse/wrong-mule/' \
  "$repo/k8s/web.yaml"
plan
changes 'update k8s:prod/shop/ConfigMap/settings' 'update k8s:prod/shop/Secret/db' \
  "update $deployment" && shows '-.spec.replicas = 2' '+.spec.replicas = 3' ' .data["app.conf"]:' \
  '-workers 2' '+workers 4' ' listen 80' &&
  [ "$(grep -c '^[-+].data.password = "(secret' "$T/diff")" = 2 ] &&
  draft "c['$deployment']['observed']['object_uid'] and not 'force' in c['$deployment']['object']"
tap_ok 'what differs is updated, field by field'
git -C "$repo" checkout -q HEAD~1 -- k8s

kube_ctl -n shop set image deployment/web web=example.org/web:2 >/dev/null
plan
changes "update $deployment" && draft "c['$deployment']['object']['force']" &&
  shows '-.spec.template.spec.containers[name="web"].image = "example.org/web:2"' \
    ' .spec.template.spec.containers[name="web"].image is taken over from "kubectl-set"'
tap_ok 'what somebody else has changed of ours is taken back, and who it was is said'
apply && again && changes ''
tap_ok 'and then it is as it shall be'
kube_ctl -n shop scale deployment/web --replicas=7 >/dev/null
kube_ctl -n shop delete configmap settings >/dev/null
drift=',"drift":{"default":"fix","rules":[{"on_drift":"report",'
drift=$drift'"resource":"k8s:prod/shop/ConfigMap/*"}]}'
again
changes "update $deployment" && grep -q '"fix":1,"propose":0,"report":1,"ignored":0' "$T/answer" &&
  grep -q '"restores":\["sha256:[0-9a-f]*"\]' "$T/draft" && shows '-.spec.replicas = 7'
tap_ok 'drift is fixed by what was approved, field and all' || tap_note "$T/answer"
drift=',"drift":{"default":"propose","rules":[{"kind":"kubernetes","on_drift":"ignore"}]}'
again
changes '' && grep -q '"ignored":2' "$T/answer"
tap_ok 'or ignored, by a rule for the kind'
drift=''
plan && apply && again && changes ''
tap_ok 'and put back by a plan of its own'

# What the cache of dry runs leaves out; somebody else asks first.
tried() { # COUNT...: dry runs of settings, web and db
  found=
  for what in configmaps/settings deployments/web secrets/db; do
    kube_passed PATCH "$what.*dryRun=All"
    found="$found $PASSED"
  done
  [ "$found" = " $*" ] || {
    echo "# tried$found, not $*" >&2
    return 1
  }
}
web_has() { # REPLICAS
  kube_curl PATCH "/apis/apps/v1/namespaces/shop/deployments/web?fieldManager=hand" \
    "{\"spec\":{\"replicas\":$1}}"
}
context=front
kube_rules ''
again && changes '' && tried 1 1 1 && kube_rules '' && again && changes '' && tried 0 0 1
tap_ok 'what a dry run left as it is is not tried again, but for Secrets'
web_has 5 && kube_rules '' && again && changes "update $deployment" && tried 0 2 1 &&
  shows '-.spec.replicas = 5'
tap_ok 'what somebody has changed is'
cp "$T/draft" "$T/kept"
web_has 2 && again && changes '' && kube_rules '' && again && changes '' && tried 0 0 1 &&
  cp "$T/kept" "$T/draft" && kube_rules '' && ! carry_out && tried 0 1 0 &&
  grep -q stale "$T/applying"
tap_ok 'and before an apply all that it is about, whatever is remembered' ||
  tap_note "$T/applying" "$T/err"
printf x | dd of="$T/cache.objects" bs=1 seek=40 conv=notrunc 2>"$T/err"
kube_rules ''
again && changes '' && tried 1 1 1
tap_ok 'a damaged cache is an empty one'
context=one

kube_curl APPLY '/api/v1/namespaces/shop/configmaps/theirs?fieldManager=others' \
  '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"theirs"},"data":{"a":"1","b":"1"}}'
object theirs.json <<'END'
{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "theirs"}, "data": {"a": "2"}}
END
plan
fails manifest "field .data.a of ConfigMap shop/theirs belongs to 'others'" force-conflicts \
  '"file":"k8s/theirs.json"'
tap_ok 'a field of others is not taken over'
manifest 'force-conflicts: true'
plan
changes 'update k8s:prod/shop/ConfigMap/theirs' && draft "o['force']" &&
  shows '-.data.a = "1"' '+.data.a = "2"' ' .data.a is taken over from "others"'
tap_ok 'unless the manifest says so'
apply && again && changes ''
tap_ok 'and then it is ours'
manifest

kube_curl PATCH /api/v1/namespaces/shop/configmaps/settings \
  '{"metadata":{"annotations":{"assent.org/id":"web1/other:/ConfigMap:shop/settings"}}}'
kube_curl GET /api/v1/namespaces/shop/configmaps/settings
plan
printf '%s' "$BODY" | grep -q 'web1/other' && fails manifest 'ConfigMap shop/settings'
tap_ok 'an object of another owner is left alone'
kube_curl PATCH /api/v1/namespaces/shop/configmaps/settings \
  '{"metadata":{"annotations":{"assent.org/id":"nonsense"}}}'
plan
[ "$RC" = 0 ] && changes 'update k8s:prod/shop/ConfigMap/settings' && apply
tap_ok 'a mark that is none is set right'

sed -i 's/app: web}/app: shop}/g' "$repo/k8s/web.yaml"
plan
fails manifest 'Deployment shop/web cannot be changed so: spec.selector' 'replace: true'
tap_ok 'a field that cannot change is said with the flag'
manifest 'replace: true'
plan
changes "replace $deployment" && draft "c['$deployment']['risk'] == ['deletion']" &&
  shows '-.spec.selector.matchLabels.app = "web"' '+.spec.selector.matchLabels.app = "shop"' &&
  grep -q '^ deleted and made again, since it cannot be changed: .*selector' "$T/diff"
tap_ok 'with it the object is replaced'
git -C "$repo" checkout -q HEAD~2 -- k8s/web.yaml
manifest

object new.yaml <<'END'
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.example.org}
spec:
  group: example.org
  names: {kind: Widget, plural: widgets, singular: widget, listKind: WidgetList}
  scope: Namespaced
  versions:
    - name: v1
      served: true
      storage: true
      subresources: {status: {}}
      schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
---
apiVersion: example.org/v1
kind: Widget
metadata: {name: first, namespace: annex}
spec: {size: 3}
---
apiVersion: v1
kind: Namespace
metadata: {name: annex}
---
apiVersion: v1
kind: Secret
metadata: {name: later, namespace: annex}
stringData: {token: hidden-until-then}
END
plan
widget=k8s:prod/annex/Widget.example.org/first
changes 'create k8s:prod/Namespace/annex' \
  'create k8s:prod/CustomResourceDefinition/widgets.example.org' \
  'create k8s:prod/annex/Secret/later' \
  "create $widget" &&
  draft "'digest' not in c['$widget']['observed'] and
    c['$widget']['object']['resource'] == 'widgets' and c['$widget']['object']['has_status'] and
    c['k8s:prod/Namespace/annex']['risk'] == ['cluster'] and
    'digest' in c['k8s:prod/Namespace/annex']['observed']" &&
  shows ' not tried yet: what it needs comes with this plan' '+.spec.size = 3' &&
  ! grep -rqF -e hidden-until -e "$(printf hidden-until-then | openssl base64 -A)" "$objects" \
    "$T/draft"
tap_ok 'what needs a kind or namespace of the same plan is not tried'
cp "$repo/k8s/new.yaml" "$T/new.yaml"
sed '/^kind: Namespace/,/^---/d' "$T/new.yaml" >"$repo/k8s/new.yaml"
sed -n '/^kind: Widget/,/^---/p' "$T/new.yaml" | sed '1i apiVersion: example.org/v1' |
  sed '/^---/d' >"$repo/k8s/new.yaml"
plan
fails manifest "no kind 'Widget' of 'example.org/v1'" '"file":"k8s/new.yaml"'
tap_ok 'a kind that nobody brings is refused'
object new.yaml <<'END'
{apiVersion: v1, kind: ConfigMap, metadata: {name: lost, namespace: nowhere}}
END
plan
fails manifest "no namespace 'nowhere'"
tap_ok 'and so is a namespace'
cp "$T/new.yaml" "$repo/k8s/new.yaml"
scope='"cluster_scoped":false,"namespaces":["shop","ann*"]'
plan
fails manifest 'CustomResourceDefinition widgets.example.org' 'Namespace annex'
tap_ok 'what the configuration does not allow is refused'
scope='"cluster_scoped":true,"namespaces":["annex"]'
plan
fails manifest "namespace 'shop'"
tap_ok 'in namespaces, too'
rm "$repo/k8s/new.yaml" "$repo/k8s/theirs.json"
scope='"cluster_scoped":true'

plan
changes 'remove k8s:prod/shop/ConfigMap/theirs' && draft "o['owner'] and not 'from' in o and
  list[0]['risk'] == ['deletion'] and list[0]['desired'] == {'type': 'absent'}" &&
  shows '-.data.a = "2"'
tap_ok 'what is not wanted any more is removed'
kube_curl PATCH /api/v1/namespaces/shop/configmaps/theirs \
  '{"metadata":{"annotations":{"assent.org/prune":"disabled"}}}'
again
changes '' && grep -q 'k8s:prod/shop/ConfigMap/theirs is not wanted any more and stays' "$T/answer"
tap_ok 'unless it is protected'
kube_curl PATCH /api/v1/namespaces/shop/configmaps/theirs \
  '{"metadata":{"annotations":{"assent.org/prune":null}}}'
printf 'resources:\n  - {kubernetes: k8s/, context: prod, namespace: shop, wait: false}\n' \
  >"$repo/assent.yaml"
plan
changes ''
tap_ok 'or the manifest does not want to prune'
manifest
git -C "$repo" commit -q -am 'prune again'

# An agent that has lost all: no plan before this one, and no object of any.
cp -a "$objects" "$T/objects-kept"
mv "$T/applied" "$T/applied-kept"
base_kept=$base
forget() {
  rm -rf "$objects" "$T/applied"
  mkdir "$objects"
  base=
}
forget
plan
changes 'remove k8s:prod/shop/ConfigMap/theirs' && ! grep -q 'is not in cluster' "$T/answer"
tap_ok 'an agent without any state finds what was applied before it, by the list in the cluster'
list=/api/v1/namespaces/shop/configmaps/$(kube_ctl -n shop get configmap -o name |
  sed -n 's,^configmap/\(assent-web-.*\),\1,p')
kube_curl -t application/json POST /api/v1/namespaces/shop/configmaps "$(
  kube_ctl -n shop get configmap theirs -o json | python3 -c 'import json, sys
d = json.load(sys.stdin)
d["metadata"] = {"name": "copied", **{k: d["metadata"][k] for k in ("annotations", "labels")}}
print(json.dumps(d))'
)"
kube_curl DELETE "$list"
[ "$STATUS" = 200 ] && again && changes 'remove k8s:prod/shop/ConfigMap/theirs' &&
  grep -q "ConfigMap 'shop/assent-web-[0-9a-f]*', is not in cluster 'prod'; by their labels [1-9]" \
    "$T/answer" && ! grep -q copied "$T/draft"
tap_ok 'and when that is lost, too, by their labels, and says so; but not what was copied'
kube_ctl -n shop delete configmap copied >/dev/null
cp "$repo/k8s/web.yaml" "$T/web.yaml"
sed -i 's/color: blue/color: grey/' "$repo/k8s/web.yaml"
printf 'resources:\n  - {kubernetes: k8s/, context: prod, namespace: shop, wait: false}\n' \
  >"$repo/assent.yaml"
plan
changes 'update k8s:prod/shop/ConfigMap/settings' && apply && kube_curl GET "$list" &&
  printf '%s' "$BODY" | grep -q theirs && printf '%s' "$BODY" | grep -q '\\"Deployment'
tap_ok 'the next apply writes the list again, with all that it does not touch'
rm -rf "$objects"
mv "$T/objects-kept" "$objects"
mv "$T/applied-kept" "$T/applied"
base=$base_kept
cp "$T/web.yaml" "$repo/k8s/web.yaml"
manifest
plan && apply && kube_curl GET /api/v1/namespaces/shop/configmaps/theirs && [ "$STATUS" = 404 ] &&
  again && changes ''
tap_ok 'it is gone'

# What was allowed when the plan was made, and is not any more.
narrow='"cluster_scoped":true,"namespaces":["elsewhere"]'
color() { # COLOR: it is that
  kube_curl GET /api/v1/namespaces/shop/configmaps/settings
  printf '%s' "$BODY" | grep -q "\"color\": *\"$1\""
}
refused() { # REQUEST with the configuration as it is now: for its namespace
  printf '%s' "$1" | sed "s|\"cluster_scope\":{$scope}|\"cluster_scope\":{$narrow}|" >"$T/request"
  if work || ! grep -q '"code":"untrusted"' "$T/applying" ||
    ! grep -q "'k8s:prod/shop/[^']*' is in namespace 'shop', which" "$T/applying"; then
    tap_note "$T/applying" "$T/err"
    return 1
  fi
}
sed 's/color: blue/color: red/; s/replicas: 2/replicas: 4/' "$T/web.yaml" >"$repo/k8s/web.yaml"
printf 'resources:\n  - {kubernetes: k8s/, context: prod, namespace: shop, within: 1h}\n' \
  >"$repo/assent.yaml"
plan
approve
request=$(cat "$T/request")
refused "$request" && color blue
tap_ok 'an approved plan is not applied where the configuration does not allow it any more'
printf '%s' "$request" | sed "s|\"cluster_scope\":{$scope},||" >"$T/request"
! work && grep -q '"code":"untrusted"' "$T/applying" && color blue
tap_ok 'nor where the request does not say what it allows'
printf '%s' "$request" >"$T/request"
"$WORKER" --trust "$keys/trust.yaml" <"$T/request" >"$T/applying" 2>"$T/err" & # waits for pods
worker=$!
kube_wait color red
kill -9 $worker
wait $worker 2>/dev/null
back() { # MODE
  printf '{"v":1,"job":"apply","mode":"%s","journal":"%s","seal_key":"%s",' "$1" "$T/journal" \
    "$keys/seal"
  printf '"cluster_scope":{%s},%s}' "$scope" "$(clusters)"
}
refused "$(back undo)" && refused "$(back recover)" && color red
tap_ok 'what was begun is not taken back there'
back recover >"$T/request"
work && color blue
tap_ok 'until it may be again' || tap_note "$T/applying" "$T/err"
cp "$T/web.yaml" "$repo/k8s/web.yaml"
manifest

object bad.yaml <<'END'
{apiVersion: v1, kind: Service, metadata: {name: s}, spec: {ports: [{port: 80}], nonsense: 1}}
END
plan
fails manifest nonsense '"file":"k8s/bad.yaml"'
tap_ok 'what the server refuses is told at the place'
rm "$repo/k8s/bad.yaml"
context=one-nobody
plan
fails auth "the list of the stack's objects" forbidden
tap_ok 'who has no rights plans nothing'
context=nonesuch
again
[ "$RC" = 1 ] && grep -q nonesuch "$T/answer"
tap_ok 'an unknown context is named'
context=one
kube_stop one
again
fails network prod
tap_ok 'and a server that is down is no fault of the manifest'
tap_end
