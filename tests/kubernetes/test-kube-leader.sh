#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Two agents with one Lease on a real API server: one acts, the other does nothing and says who
# leads, until the first is killed, is stopped, or cannot renew.
# shellcheck disable=SC2016,SC2034,SC2119,SC2153
. "${srcdir:-.}/tests/kubernetes/lib-cluster.sh"
. "${srcdir:-.}/tests/system/lib-http.sh"
cluster_begin
agent_repo app
agent_stack app 'approval: {required: 1, from: [ops]}'
git init -q -b main "$T/shop"
mkdir "$T/shop/k8s"
printf 'resources:\n  - {kubernetes: k8s/, namespace: default, within: 1h}\n' >"$T/shop/assent.yaml"
cluster_web web:1 >"$T/shop/k8s/web.yaml"
agent_commit shop first
agent_stack shop 'approval: {required: 1, from: [ops]}' \
  'kubernetes: {clusters: [one], namespaces: [default]}'
cluster_conf "one: {kubeconfig: $KUBE/config}"
echo '  leader-election: {cluster: one, namespace: default, name: lead, lease: 3s}' >>"$CONF"
sed "s|^agent: .*|agent: web2.test|; s|^state: .*|state: $T/state-b|;
  s|^socket: .*|socket: $T/rt/b.sock|" "$CONF" >"$T/etc/b.yaml"
chmod 600 "$T/etc/b.yaml"
agent_init
key=$("$builddir/assentd" --config "$T/etc/b.yaml" --init) || exit 1
sed -i "s|^agents:|&\n  web2.test: $(echo "$key" | cut -d' ' -f1,2)|" "$T/etc/trust.yaml"
SOCK_A=$SOCK

begin() { # a or b: $pid, and what it says in $T/NAME.log
  file=$CONF
  [ "$1" = a ] || file=$T/etc/b.yaml
  "$builddir/assentd" --config "$file" --worker "$builddir/assent-worker" \
    >>"$T/$1.log" 2>&1 </dev/null &
  pid=$!
  git_pids="$git_pids $pid"
  ask "$1"
  agent_wait_for 'agent_get /v1/info && [ "$STATUS" = 200 ]'
}
ask() { # a or b
  SOCK=$SOCK_A
  [ "$1" = a ] || SOCK=$T/rt/b.sock
}
state() { # NAME STATE
  ask "$1"
  agent_get /v1/stacks/app && [ "$STATUS" = 200 ] && [ "$(field "d['state']")" = "$2" ]
}
says() { # NAME TEXT: in the reason
  ask "$1"
  agent_get /v1/stacks/app && field "d['reason']" | grep -qF -- "$2"
}
leads() { # a or b: by its metrics
  ask "$1"
  agent_get /metrics && printf '%s' "$BODY" | grep -qx "assent_leader $2"
}
entries() { # a or b: of its log
  tail -n +2 "$([ "$1" = a ] && echo "$STATE" || echo "$T/state-b")/head" | head -n 1
}

begin a && a=$pid
agent_wait_for 'state a pending'
tap_ok 'one agent alone leads, and makes its plan'
begin b && b=$pid
before=$(entries b)
agent_wait_for "says b \"'web1.test_\"" && says b "leads, by the Lease 'default/lead'" &&
  state b idle
tap_ok 'the other says who leads'
"$builddir/assent" why app --socket "$T/rt/b.sock" >"$T/said" 2>&1
grep -q "leads, by the Lease" "$T/said"
tap_ok '"assent why" says it, too'
"$builddir/assent" why app --json --socket "$T/rt/b.sock" >"$T/said" 2>&1
python3 -c 'import json, sys
d = json.load(sys.stdin)
leader = d["facts"]["stack"]["leader"]
assert d["because"] == ["follows"] and not leader["acts"], d
assert leader["holder"].startswith("web1.test_") and leader["name"] == "lead", leader' <"$T/said"
tap_ok 'with --json, too' || tap_note "$T/said"
"$builddir/assent" status app --json --socket "$SOCK_A" >"$T/said" 2>&1 &&
  grep -q '"acts":true' "$T/said" && grep -q '"holder":"web1.test_' "$T/said" &&
  "$builddir/assent" status app --json --socket "$T/rt/b.sock" >"$T/said" 2>&1
grep -q '"acts":false' "$T/said" && grep -q '"holder":"web1.test_' "$T/said"
tap_ok 'and "assent status --json" of both' || tap_note "$T/said"
leads a 1 && leads b 0
tap_ok 'so do the metrics of both'
! "$builddir/assent" suspend app --socket "$T/rt/b.sock" --reason x >"$T/said" 2>&1 &&
  grep -q "leads, by the Lease" "$T/said" && [ "$(entries b)" = "$before" ]
tap_ok 'a stack is suspended only where it is led' || tap_note "$T/said"
"$builddir/assent" stop-all --socket "$T/rt/b.sock" --reason x >"$T/said" 2>&1 &&
  [ "$(entries b)" != "$before" ] && ask b && agent_get /metrics &&
  printf '%s' "$BODY" | grep -qx 'assent_stopped 1' && ask a && agent_get /metrics &&
  printf '%s' "$BODY" | grep -qx 'assent_stopped 0' &&
  "$builddir/assent" resume --all --socket "$T/rt/b.sock" --reason x >>"$T/said" 2>&1
tap_ok 'one that follows can be stopped for when it leads, which stops no other' ||
  tap_note "$T/said"
before=$(entries b)
ask b
agent_post /v1/stacks/app/sync && [ "$STATUS" = 503 ] &&
  [ "$(field "d['error']['code']")" = follows ]
tap_ok 'it fetches nothing when asked'
agent_get /readyz && [ "$STATUS" = 503 ] && agent_get /healthz && [ "$STATUS" = 200 ]
tap_ok 'it is alive, and not ready'
ask a
agent_get /readyz && [ "$STATUS" = 200 ]
tap_ok 'the one that leads is'
agent_commit app 'second'
state a pending && [ "$(entries b)" = "$before" ] &&
  ! ls "$T/state-b/mirrors"/* >/dev/null 2>&1 && state b idle
tap_ok 'it has fetched, planned and logged nothing meanwhile'

kill -KILL "$a"
wait "$a" 2>/dev/null
agent_wait_for 'state b pending'
tap_ok 'when the first is killed, the other makes its own plan'
begin a && a=$pid
before=$(entries a)
agent_wait_for 'says a "leads, by the Lease"' && ! says a 'pending'
tap_ok 'the first follows when it is back, whatever it had begun'
plan=$(sed -n 's/.*planned stack=app plan=\([0-9a-f]*\).*/\1/p' "$T/a.log" | tail -n 1)
! "$builddir/assent" approve "$plan" --socket "$SOCK_A" --as alice --key "$T/keys/alice" --yes \
  >"$T/said" 2>&1 && [ "$(entries a)" = "$before" ] && grep -q 'nothing is decided here' "$T/said"
tap_ok 'no vote counts there' || tap_note "$T/said"

kill -TERM "$b"
wait "$b"
tap_ok 'the one that leads stops well'
agent_wait_for 'state a pending'
tap_ok 'and the other goes on'
kube_stop one
! wait "$a" && grep -q 'lead-lost' "$T/a.log"
tap_ok 'one that cannot renew its Lease ends'
begin a && a=$pid
agent_wait_for 'says a "it is not known who leads"' && state a idle
tap_ok 'and does nothing while nobody answers'
kube_start one && agent_wait_for 'state a pending'
tap_ok 'until it leads again'

# The Lease is lost in the middle of an apply, which waits for pods that nobody makes.
lease=/apis/coordination.k8s.io/v1/namespaces/default/leases/lead
there() { # STATUS of the Deployment
  kube_curl GET /apis/apps/v1/namespaces/default/deployments/web
  [ "$STATUS" = "$1" ]
}
shop_is() { # NAME STATE [WORDS of the reason]
  ask "$1"
  agent_is shop "$2" && case $REASON_NOW in *"${3-}"*) ;; *) false ;; esac
}
applying() {
  [ "$(agent_stack_field shop "d['job']")" = apply ]
}
under_way() { # a applies; $children: its processes
  agent_wait_for 'shop_is a pending'
  agent_decide "$PLAN" alice approve
  [ "$CODE" = accepted ] && agent_wait_for 'there 200 && applying'
  children=$(pgrep -P "$a")
}
ended() { # each of $children; who inherits the dead may not bury them
  for child in $children; do
    case $(sed -n 's/^State:[[:space:]]*//p' "/proc/$child/status" 2>/dev/null) in
      '' | [XZ]*) ;;
      *) return 1 ;;
    esac
  done
}
begin b && b=$pid
agent_wait_for 'says b "leads, by the Lease"'
under_way
led=$(grep -c 'this agent leads' "$T/b.log")
kube_curl DELETE "$lease"
made_again() {
  kube_curl GET "$lease"
  [ "$STATUS" = 200 ] && printf '%s' "$BODY" | grep -q '"holderIdentity": *"web1.test_'
}
agent_wait_for made_again && ask a && applying && kill -0 "$a" &&
  [ "$(grep -c 'this agent leads' "$T/b.log")" = "$led" ]
tap_ok 'a Lease that is deleted in the middle of an apply stays with the one that leads'

[ -n "$children" ] && kill -KILL "$a"
wait "$a" 2>/dev/null
agent_wait_for ended
tap_ok 'one that is killed in the middle of an apply takes its workers along'
agent_wait_for 'leads b 1 && shop_is b pending'
agent_decide "$PLAN" alice approve
[ "$CODE" = accepted ] && agent_wait_for "shop_is b blocked \"belongs to 'web1.test/shop'\""
tap_ok 'the other leads, its old plan is void, and what bears another name is left alone' || {
  ask b
  agent_get /v1/stacks/shop
  echo "# $BODY" >&2
}
begin a && a=$pid
agent_wait_for 'says a "leads, by the Lease"' && there 200
tap_ok 'the first follows, and what it had begun waits'
kill -TERM "$b"
wait "$b"
agent_wait_for 'there 404 && shop_is a failed'
tap_ok 'until it leads again, and takes it back'
"$builddir/assent" replan --socket "$SOCK_A" shop >"$T/said" 2>&1
under_way
kube_curl PATCH "$lease" '{"spec":{"holderIdentity":"other","leaseDurationSeconds":3}}'
! wait "$a" && [ -n "$children" ] && ended
tap_ok 'one whose Lease was taken ends, and nothing of it is at work any more'
begin a && a=$pid
undone() {
  there 404 && ask a && agent_entries apply-done shop && [ "$(field \
    "len(d) == 2 and d[1]['result'] in ('interrupted', 'rolled-back')")" = True ]
}
agent_wait_for undone
tap_ok 'what it had begun is taken back, if not by then when it leads again'

sed "s|lease: 3s|lease: 4s|" "$CONF" >"$CONF.new" && cat "$CONF.new" >"$CONF"
kill -HUP "$a"
agent_wait_for "grep -q 'leader-election.*needs a restart' \"\$T/a.log\""
tap_ok 'another Lease takes a restart'
[ "$tap_failed" = 0 ] || tap_note "$T/a.log" "$T/b.log"
tap_end
