#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Agent, worker and two real API servers: what goes wrong there ends in a stated state.
#
# failure                                     shown
# two clusters in one plan                    1
# one of them away while planning, applying   2; the other stack goes on
# etcd compacted, server restarted, between   3; of watches: test-kube-client.sh,
#   plan and apply                              test-kube-drift.sh
# server killed in the middle of an apply     3; worker killed, too: test-kube-apply.sh 6 to 8
# server killed in the middle of a batch      test-kube-client.sh
# connections that are cut                    test-kube-client.sh
# 429                                         test-kube-client.sh (waited for); 4 (it lasts)
# 500 without a reason                        4 (at plan, at apply)
# 404 as plain text                           4 (at plan, at apply)
# webhook that denies at the apply            5; policy that denies: test-kube-apply.sh 11
# webhook that knows no dry run               4
# webhook that is not there                   4
# configuration that is another, or broken    6
# token that has expired                      5; of the client alone: test-kube-client.sh
# right that is revoked in the middle         5; test-kube-apply.sh 11 (not taken back)
# object of another by now, stale plans       test-kube-apply.sh 3, test-kube-agent.sh
#
# shellcheck disable=SC2016,SC2119,SC2153
. "${srcdir:-.}/tests/kubernetes/lib-cluster.sh"
cluster_begin one two
kube_writer two
data=$(cd "$srcdir" && pwd)/tests/data/kubernetes

# The stack shop sees the first server through something that answers by itself.
F=$T/front
mkdir "$F"
python3 "$srcdir/tests/kubernetes/fault-api.py" "$F" "$KUBE" "$(cat "$KUBE/one/port")" \
  2>"$F/err" </dev/null &
git_pids="$git_pids $!"
agent_wait_for '[ -s "$F/port" ]' || exit 1
front=https://127.0.0.1:$(cat "$F/port")
rules() { # LINE...: none, everything is passed on
  : >"$F/told"
  printf '%s\n' "$@" >"$F/rules.new"
  mv "$F/rules.new" "$F/rules"
}
rules ''
kube_config "$T/etc/kubeconfig"
cp "$KUBE/nobody.token" "$T/etc/token"
cat >"$T/etc/front" <<C
apiVersion: v1
kind: Config
clusters:
- {name: front, cluster: {server: "$front", certificate-authority-data: $(kube_data ca.pem)}}
users:
- {name: robot, user: {tokenFile: token}}
contexts:
- {name: front, context: {cluster: front, user: robot}}
C
chmod 600 "$T/etc/kubeconfig" "$T/etc/front" "$T/etc/token"
rights() { # create|delete: of the one as whom shop comes
  case $1 in
    create) kube_curl POST /apis/rbac.authorization.k8s.io/v1/clusterrolebindings "$binding" ;;
    *) kube_curl DELETE /apis/rbac.authorization.k8s.io/v1/clusterrolebindings/deploys ;;
  esac
}
subjects='{"apiGroup":"rbac.authorization.k8s.io","kind":"User","name":"nobody"},
{"kind":"ServiceAccount","name":"robot","namespace":"default"}'
binding='{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"ClusterRoleBinding",
"metadata":{"name":"deploys"},"roleRef":{"apiGroup":"rbac.authorization.k8s.io",
"kind":"ClusterRole","name":"cluster-admin"},"subjects":['$subjects']}'
rights create

git init -q -b main "$T/both"
git init -q -b main "$T/shop"
mkdir "$T/both/a" "$T/both/b" "$T/shop/a"
both() { # VALUE
  cluster_map both "$1" >"$T/both/a/all.yaml"
  {
    cluster_map both "$1"
    cluster_web "image:$1"
  } >"$T/both/b/all.yaml"
  agent_commit both "$1"
}
shop() { # VALUE [WEB]
  {
    cluster_map shop "$1"
    cluster_map more "$1"
    [ -z "${2-}" ] || cluster_web "image:$1"
  } >"$T/shop/a/all.yaml"
  agent_commit shop "$1"
}
cat >"$T/both/assent.yaml" <<'Y'
resources:
  - {kubernetes: a/, context: one, namespace: default, within: 50s}
  - {kubernetes: b/, context: two, namespace: default, within: 50s}
on-failure: rollback
Y
cat >"$T/shop/assent.yaml" <<'Y'
resources:
  - {kubernetes: a/, namespace: default, within: 50s}
on-failure: rollback
Y
git init -q -b main "$T/late"
mkdir "$T/late/a"
cluster_map late 1 >"$T/late/a/all.yaml"
sed '/context: two/d; s/context: one, //' "$T/both/assent.yaml" >"$T/late/assent.yaml"
agent_commit late 1
both 1
shop 1
agent_stack late 'approval: {required: 1, from: [ops]}' \
  'kubernetes: {clusters: [two], namespaces: [default]}'
agent_stack both 'approval: {required: 1, from: [ops]}' \
  'kubernetes: {clusters: [one, two], namespaces: [default]}'
agent_stack shop 'approval: {required: 1, from: [ops]}' \
  'kubernetes: {clusters: [front], namespaces: [default]}'
cluster_conf 'one: {kubeconfig: kubeconfig}' 'two: {kubeconfig: kubeconfig}' \
  'front: {kubeconfig: front}'
agent_init
agent_start

value() { # SERVER NAME VALUE: that is what the ConfigMap has; "none": there is none
  kube_curl -c "$1" GET "/api/v1/namespaces/default/configmaps/$2"
  case $STATUS in
    200) [ "$(field "d['data']['value']")" = "$3" ] ;;
    404) [ "$3" = none ] ;;
    *) false ;;
  esac
}
approve() { # STACK: its plan, which is carried out or not
  agent_look "$1"
  agent_decide "$PLAN" alice approve
  [ "$CODE" = accepted ]
}
applies() { # STACK: and all is well
  approve "$1" && agent_becomes "$1" converged
}
reason() { # STACK STATE WORDS...: it is in that state, and says why
  stack=$1 state=$2
  shift 2
  agent_wait_for 'agent_is "$stack" "$state" &&
    [ "$(agent_stack_field "$stack" "d[\"job\"]")" = none ]'
  for words in "$@"; do
    case $REASON_NOW in
      *"$words"*) ;;
      *) state='' ;;
    esac
  done
  [ "$STATE_NOW" = "$state" ] || {
    echo "# $stack is $STATE_NOW, without '$*': $REASON_NOW" >&2
    return 1
  }
}
logged() { # TYPE STACK EXPRESSION: true of x, its last entry
  agent_entries "$1" "$2"
  [ "$(field "(lambda x: $3)(d[-1]) if d else None")" = True ] || {
    echo "# $BODY" >&2
    return 1
  }
}
say() {
  tap_note "$T/agent.log"
}

no_dry_run='{"kind":"Status","status":"Failure","apiVersion":"v1","metadata":{},
"reason":"BadRequest","code":400,"message":
"admission webhook \"hook.example.org\" does not support dry run"}'
no_dry_run=$(printf %s "$no_dry_run" | tr -d '\n')
no_hook=$(python3 -c 'import json, sys
print(json.dumps(json.load(open(sys.argv[1]))["response"]["body"]))' \
  "$data/hook-01-unreachable-fail.json")
rests() { # STACK: no job of it runs
  resting=$1
  agent_wait_for '[ "$(agent_stack_field "$resting" "d[\"job\"]")" = none ]'
  agent_look "$resting"
}
again() { # STACK: somebody asks for a plan
  agent_ask "$1" replan
  rests "$1"
}
# 1 Two clusters, one plan
agent_sync both
web_of_two="'k8s:two/default/Deployment/web'"
agent_get "/v1/plans/$PLAN/plan.json"
[ "$(field "sorted(c['id'] for c in d['changes'])")" = \
  "['k8s:one/default/ConfigMap/both', 'k8s:two/default/ConfigMap/both', $web_of_two]" ]
tap_ok 'one plan is over two clusters' || say
value one both none && value two both none
tap_ok 'and in neither is anything before it is approved'
applies both && value one both 1 && value two both 1
tap_ok 'it is carried out in both' || say
agent_sync shop
applies shop && value one shop 1
tap_ok 'another stack reaches one of them by another way' || say

# 2 One is away when an approved plan is to be carried out, and when the next is made
both 2
agent_sync both
kube_stop two
approve both
reason both failed "cannot plan: network: cluster 'two'" 'nobody answers there; tries again at'
tap_ok 'a cluster that is away is named, and asked again' || say
logged apply-done both "x['result'] == 'interrupted' and 'nothing was left half done' in x['reason']
  and 'nobody answers there' in x['reason']" && value one both 1
tap_ok 'the plan came to nothing where the server answers, either' || say
shop 2
agent_sync shop
applies shop && value one shop 2
tap_ok 'another stack goes on' || say
kube_start two
again both
[ -n "$PLAN" ] && value one both 1 && value two both 1
tap_ok 'with the server comes a new plan, which is not approved by the old approval' || say
applies both && value one both 2 && value two both 2
tap_ok 'and can be carried out' || say

# 4 Answers of a strange kind, at the plan and at the apply
shop 3
dry='PATCH configmaps/more.*dryRun'
agent_sync shop
first=$PLAN
refused() { # STATE ANSWER WORDS...: a plan is not made
  state_wanted=$1
  rules "$dry $2"
  shift 2
  again shop
  reason shop "$state_wanted" front configmaps/more "$@" && [ -z "$PLAN" ] && value one shop 2
}
refused failed '500 something broke' 'cannot plan' 'something broke; tries again at'
tap_ok '500 of something else, at the plan' || say
refused failed '429 Too many requests' 'cannot plan' 'throttled (HTTP 429): Too many requests'
tap_ok '429 that lasts' || say
refused failed "=$no_hook" hook-unreachable hk.example.org 'connection refused; tries again at'
tap_ok 'a webhook that is not there' || say
refused blocked "@$data/ssa-17-unknown-field.json" a/all.yaml 'field not declared in schema'
tap_ok '500 without a reason is said at the place in the repository' || say
refused blocked '404 404 page not found' 'not-served (HTTP 404)'
tap_ok 'and so is 404 as plain text' || say
refused blocked "=$no_dry_run" "\"hook.example.org\" does not support dry run" \
  "webhook 'hook.example.org' must have \`sideEffects: None\` or \`NoneOnDryRun\`" 'another tool'
tap_ok 'and a webhook that knows no dry run, with what to do about it' || say

# 3 begins here and goes on while other things fail: server and worker die in the middle
agent_sync late
late=$PLAN
kube_rule two 'deployments default/* unseen'
both 3
agent_sync both
approve both
agent_wait_for 'value two both 3 && value one both 3'
tap_ok 'an apply is under way in both clusters' || say
kube_stop two
for pid in $(pgrep -P "$agent_pid" -f assent-worker); do
  kill -9 "$pid" 2>/dev/null
done

# 4 goes on
rules ''
again shop
[ -n "$PLAN" ]
tap_ok 'when it is over there is a plan' || say
taken_back() { # WORDS...: the plan of shop is approved, and comes to nothing
  approve shop
  reason shop failed 'was rolled back' front "$@" && value one shop 2 && value one more 2 &&
    logged apply-done shop "x['result'] == 'rolled-back'"
}
real='PATCH configmaps/more\?(?!.*dryRun)'
rules "$real @$data/ssa-17-unknown-field.json"
taken_back 'field not declared in schema' "'assent replan'"
tap_ok '500 without a reason, at the apply' || say
rules "$real 404 404 page not found"
again shop
approve shop
agent_wait_for '[ -s "$F/told" ]'
rules "$real 429 Too many requests"
agent_wait_for '[ -s "$F/told" ]'
rules ''
agent_becomes shop converged && value one more 3 && value one shop 3
tap_ok 'a 404 as plain text and a 429 that pass are waited for' || say

# 3 ends here
reason both failed 'cannot be recovered' "cluster 'two'" 'nobody answers there'
tap_ok 'a cluster that died in the middle is waited for, and nothing is forgotten' || say
kube_compact two
kube_start two
agent_wait_for 'value one both 2 && value two both 2' &&
  agent_wait_for 'agent_look both; case $REASON_NOW in *recovered*) false ;; esac'
tap_ok 'when it is back all is taken back, in both clusters' || say
agent_look late
[ "$PLAN" = "$late" ] && applies late && value two late 1
tap_ok 'a plan from before a restart and a compaction can be carried out' || say
kube_rule two
again both
applies both && value one both 3 && value two both 3
tap_ok 'and so can a new one' || say

# 5 Webhooks of the server itself, credentials, rights
hooks=/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations
kube_curl POST $hooks '{"apiVersion":"admissionregistration.k8s.io/v1",
"kind":"ValidatingWebhookConfiguration","metadata":{"name":"no"},"webhooks":[{
"name":"no.example.org","sideEffects":"None","failurePolicy":"Fail","timeoutSeconds":5,
"admissionReviewVersions":["v1"],"clientConfig":{"url":"'"$front"'/hook/no",
"caBundle":"'"$(kube_data ca.pem)"'"},"matchConditions":[{"name":"real","expression":
"object.metadata.name in [\"more\", \"probe\"] && !(has(request.dryRun) && request.dryRun)"}],
"rules":[{"apiGroups":[""],"apiVersions":["v1"],"operations":["CREATE","UPDATE"],
"resources":["configmaps"]}]}]}'
[ "$STATUS" = 201 ] || echo "# $BODY" >&2
is_denied() {
  kube_curl POST /api/v1/namespaces/default/configmaps '{"apiVersion":"v1","kind":"ConfigMap",
"metadata":{"name":"probe"}}'
  [ "$STATUS" = 403 ] || ! kube_curl DELETE /api/v1/namespaces/default/configmaps/probe
}
kube_wait is_denied
unchanged() {
  value one shop 3 && value one more 3
}
shop 4
agent_sync shop
approve shop
reason shop failed 'was rolled back' no.example.org 'not on a Friday' && unchanged
tap_ok 'a webhook that denies takes all of the plan back, in its own words' || say
kube_curl DELETE $hooks/no
kube_curl POST /api/v1/namespaces/default/serviceaccounts '{"metadata":{"name":"robot"}}'
kube_token one default robot -600
printf '%s' "$TOKEN" >"$T/etc/token"
again shop
reason shop failed "cluster 'front'" "does not accept the token in '$T/etc/token' (HTTP 401)" \
  expired && [ -z "$PLAN" ]
tap_ok 'a token that has expired is named by its file' || say
kube_token one default robot 3600
printf '%s' "$TOKEN" >"$T/etc/token"
shop 4 web
agent_sync shop
[ -n "$PLAN" ] || again shop
[ -n "$PLAN" ]
tap_ok 'with a good one there is a plan' || say
under_way() {
  approve shop
  agent_wait_for 'value one shop 4 && value one more 4'
}
under_way
rules "GET . @$data/ssa-26-bad-token.json" "PATCH . @$data/ssa-26-bad-token.json"
says_shop() {
  agent_look shop
  case $REASON_NOW in *"cannot be recovered"*401*) ;; *) false ;; esac
}
agent_wait_for says_shop
value one shop 4
tap_ok 'a token that expires in the middle is said, and what is half done is not forgotten' || say
rules ''
agent_wait_for 'unchanged' && reason shop failed
tap_ok 'with a good one all of it is taken back' || say
again shop
under_way
rights delete
reason shop failed 'k8s:front/default/Deployment/web: ' forbidden && value one shop 4
tap_ok 'a right that is revoked in the middle: what could not be taken back is told' || say
rights create
shop 5
agent_sync shop
applies shop && value one shop 5 && value one more 5
tap_ok 'with it a new plan can be carried out' || say

# 6 Another configuration
cp "$CONF" "$T/good"
configure() { # SED WORDS: of the good one; until that is in the log
  configured=$2
  logged_before=$(grep -c "$2" "$T/agent.log")
  sed "$1" "$T/good" >"$T/changed" && cat "$T/changed" >"$CONF"
  kill -HUP "$agent_pid"
  agent_wait_for '[ "$(grep -c "$configured" "$T/agent.log")" -gt "$logged_before" ]'
}
followers() {
  pgrep -P "$agent_pid" -f 'assent-worker --trust'
}
idle() {
  for stack in both late shop; do
    [ "$(agent_stack_field "$stack" 'd["job"]')" = none ] || return 1
  done
}
followed() { # COUNT [LEFT]: there are so many, so many of those in $before
  idle || return 1 # other jobs look the same
  left=0
  for pid in ${2+$before}; do
    ! followers | grep -qx "$pid" || left=$((left + 1))
  done
  [ "$left" = "${2-0}" ] && [ "$(followers | wc -l)" = "$1" ] && idle
}
refuses() { # PLAN
  agent_decide "$1" alice approve
  [ "$CODE" != accepted ]
}
agent_wait_for 'before=$(followers); followed 3 3'
both 4
agent_sync both
plan=$PLAN
configure 's/clusters: \[one, two\]/clusters: [one, nonesuch]/' 'the old configuration stays'
agent_look both
[ -n "$plan" ] && [ "$PLAN" = "$plan" ] && agent_wait_for 'followed 3 3'
tap_ok 'a broken configuration changes nothing: the same plan waits, the same workers follow' || say

sed 's/name: one-cert$/name: other/' "$T/etc/kubeconfig" >"$T/etc/other"
chmod 600 "$T/etc/other"
other='s/one: {kubeconfig: kubeconfig}/one: {kubeconfig: other, context: other}/'
configure "$other" 'has been read again'
agent_wait_for 'agent_look both; [ -n "$PLAN" ] && [ "$PLAN" != "$plan" ]' &&
  refuses "$plan" && agent_wait_for 'followed 3 2'
tap_ok 'with another kubeconfig of a cluster that one is followed anew, and a new plan waits' || say
applies both && value one both 4 && value two both 4
tap_ok 'which is carried out' || say
kube_curl PATCH /api/v1/namespaces/default/configmaps/both '{"data":{"value":"edited"}}'
agent_wait_for '[ "$(agent_stack_field both "d[\"drift\"]")" = 1 ]'
tap_ok 'and what happens there is seen' || say

both 5
agent_sync both
plan=$PLAN
less="$other; s/clusters: \\[one, two\\]/clusters: [one]/"
configure "$less" 'has been read again'
[ -n "$plan" ] && refuses "$plan" &&
  reason both blocked "stack 'both' may not touch cluster 'two'" && value two both 4
tap_ok 'a plan for a cluster that is no longer allowed cannot be applied' || say
shop 6
agent_sync shop
plan=$PLAN
configure "$less; /clusters: .front/s/default/elsewhere/" 'has been read again'
[ -n "$plan" ] && refuses "$plan" && reason shop blocked "is in namespace 'default'" &&
  value one shop 5
tap_ok 'nor one for another namespace' || say
configure "$less; s/clusters: .two.*default.*/clusters: [one]}/" 'has been read again'
agent_wait_for 'followed 2'
tap_ok 'what no stack may touch any more is not followed' || say
configure "$other" 'has been read again'
agent_wait_for 'followed 3 && agent_look both && [ -n "$PLAN" ]'
tap_ok 'what is allowed again is followed, and planned' || say
kube_rule two 'deployments default/* unseen'
approve both
agent_wait_for 'value two both 5'
configure "$less" 'must be allowed to touch its clusters until that has ended'
kube_rule two
agent_becomes both converged && value one both 5
tap_ok 'not while an apply goes on, which ends well' || say

"$builddir/assent" log verify "$STATE/log" >"$T/said" 2>&1
tap_ok 'the log is sound' || tap_note "$T/said"
tap_end
