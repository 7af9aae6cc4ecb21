#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Several stacks of one agent: one comes after another, those that hang delay nobody, and one is
# fetched from a fallback while its first address does not answer.
# shellcheck disable=SC2016,SC2119,SC2153
. "${srcdir:-.}/tests/system/lib-git.sh"
. "${srcdir:-.}/tests/system/lib-agent.sh"
git_need git curl ssh-keygen openssl python3 || tap_skip_all "$REASON"
agent_begin
WORKER=$builddir/assent-worker

stack() { # NAME URL PATH LINE...
  source="url: \"$2\", branch: main, path: \"$3\", interval: 1h, backoff-max: 1h${FALLBACKS-}"
  printf '  %s:\n    source: {%s}\n' "$1" "$source" >>"$CONF"
  echo '    drift-interval: 1h' >>"$CONF"
  shift 3
  for line in "$@"; do
    echo "    $line" >>"$CONF"
  done
}
fresh() { # NAME: a repository with the folders base and web
  git init -q -b main "$T/$1"
  for part in base web; do
    mkdir -p "$T/$1/$part" "$T/out/$part"
    printf 'resources:\n  - file: %s/out/%s/a.conf\n    source: a.conf\n' "$T" $part \
      >"$T/$1/$part/assent.yaml"
    echo one >"$T/$1/$part/a.conf"
  done
  agent_commit "$1" 'first'
}
holds() { # PART
  cmp -s "$T/mono/$1/a.conf" "$T/out/$1/a.conf"
}
started() { # the stacks of the newest applies, in their order
  agent_entries apply-start && field '" ".join(x["stack"] for x in d[-2:])'
}

# --- order
fresh mono
stack web "file://$T/mono" web 'approval: {required: 1, from: [ops]}' 'after: [base]'
stack base "file://$T/mono" base 'approval: {required: 1, from: [ops]}'
agent_init
agent_start
agent_sync web
agent_decide "$PLAN" alice approve
agent_sync base
agent_look web
[ "$STATE_NOW" = pending ] && ! holds web &&
  echo "$REASON_NOW" | grep -q "waits for stack 'base', which is pending: "
tap_ok 'an approved plan waits for the stack before it, and says so' || echo "# $REASON_NOW"
agent_look base
agent_decide "$PLAN" alice approve
agent_becomes web converged && holds base && holds web && [ "$(started)" = 'base web' ]
tap_ok 'and is applied after it'
echo two >"$T/mono/base/a.conf"
echo two >"$T/mono/web/a.conf"
agent_commit mono 'both'
agent_sync web # alone: base does not know of the commit yet
web=$PLAN
agent_decide "$web" alice approve
agent_becomes base pending && agent_look web && [ "$PLAN" = "$web" ] && ! holds web
tap_ok 'it does not pass one that has not looked at the repository since'
agent_stop KILL
agent_start
agent_becomes base pending && agent_look web && [ "$PLAN" = "$web" ] && ! holds web
tap_ok 'nor after a restart'
agent_look base
agent_decide "$PLAN" alice reject 'not now'
agent_becomes base idle && agent_look web && echo "$REASON_NOW" | grep -q "waits for .*rejected" &&
  ! holds web
tap_ok 'nor one whose plan was rejected' || echo "# $REASON_NOW"
agent_ask base replan
agent_decide "$PLAN" alice approve
agent_becomes web converged && holds base && holds web && [ "$(started)" = 'base web' ]
tap_ok 'only one that holds what is newest'
object() { # DIGEST: its file
  sum=${1#sha256:}
  echo "$STATE/objects/$(echo "$sum" | cut -c1-2)/$(echo "$sum" | cut -c3-)"
}
echo three >"$T/mono/base/a.conf"
echo three >"$T/mono/web/a.conf"
agent_commit mono 'both again'
agent_sync web
web=$PLAN
agent_decide "$web" alice approve
agent_becomes base pending
echo damaged >>"$(object "$web")"
agent_look base
agent_decide "$PLAN" alice approve
agent_becomes base converged && agent_becomes web failed && ! holds web &&
  echo "$REASON_NOW" | grep -q "untrusted: plan $web: " && agent_entries apply-done web &&
  [ "$(field "(d[-1]['result'], d[-1]['done'])")" = "('failed', 0)" ]
tap_ok 'an approved plan that is damaged meanwhile is refused' || echo "# $REASON_NOW"
agent_ask web replan
agent_decide "$PLAN" alice approve
agent_becomes web converged && holds web
tap_ok 'and another one in its place is applied'
agent_stop

# --- stacks that hang
if ! git_http_up; then
  tap_skip 'stacks that hang delay no other' "$REASON"
  tap_skip 'fallbacks' "$REASON"
  tap_end
fi
for part in base web; do
  rm -rf "$T/out/$part"
  mkdir "$T/out/$part"
done
rm -rf "$STATE"
agent_head
git_proxy hang 0 "$HTTP_PORT"
for i in 1 2 3 4 5; do
  stack hung$i "http://localhost:$PROXY_PORT/open/$i.git" . 'approval: {required: 0}'
done
stack last "file://$T/mono" web 'approval: {required: 1, from: [ops]}'
agent_init
agent_start
# without asking: hers is the last turn
agent_becomes last pending && agent_decide "$PLAN" alice approve && agent_becomes last converged &&
  holds web
tap_ok 'more stacks that hang than fetches at once delay no other'
agent_get /v1/status
[ "$(field '[x["job"] for x in d["stacks"] if x["name"] != "last"]')" = \
  "['fetch', 'fetch', 'fetch', 'fetch', 'fetch']" ]
tap_ok 'and they still hang' || field '[x["job"] for x in d["stacks"]]'
agent_stop
git_proxy_down

# --- fallbacks
rm -rf "$STATE" "$T/out/web/a.conf"
agent_head
git clone -q --bare "$T/mono" "$T/srv/first.git"
git clone -q --bare "$T/mono" "$T/other.git"
dead=$(git_ports 1)
FALLBACKS=", fallbacks: [\"http://localhost:$dead/gone.git\", \"file://$T/other.git\"]"
stack app "http://localhost:$HTTP_PORT/open/first.git" web 'approval: {required: 0}'
agent_init 0
first_down() { kill "$(cat "$T/run/nginx.pid")" && git_wait_until '[ ! -e "$T/run/nginx.pid" ]'; }
first_up() { nginx -e "$T/run/nginx.err" -c "$T/nginx.conf" 2>"$T/run/nginx.start"; }
push() { # TO TEXT
  echo "$2" >"$T/mono/web/a.conf"
  agent_commit mono "$2"
  git -C "$T/mono" push -q -f "$T/$1" main
}
remote() { agent_get /v1/stacks/app && [ "$(field 'd["remote"]')" = "$1" ]; }
agent_start
agent_becomes app converged && remote "http://localhost:$HTTP_PORT/open/first.git"
tap_ok 'the first address is asked first'
push srv/first.git three
agent_sync app
[ "$STATE_NOW" = converged ] && holds web
tap_ok 'what it says is applied'
first_down
agent_sync app
agent_get /v1/stacks/app
[ "$STATE_NOW" = converged ] && [ "$(field 'd["commit"]')" = "$COMMIT" ] &&
  remote "file://$T/other.git" &&
  [ "$(field 'bool(d["remote_problem"]) and d["fetch_problem"] is None')" = True ]
tap_ok 'a fallback that lags behind is no rewind' || tap_note "$T/body"
"$builddir/assent" status app --config "$CONF" --socket "$SOCK" >"$T/said" 2>&1
grep -q "fallback 'file://$T/other.git'" "$T/said"
tap_ok 'and status says who has answered, and why' || tap_note "$T/said"
push other.git four
agent_sync app
[ "$STATE_NOW" = converged ] && holds web && agent_entries commit app &&
  [ "$(field 'd[-1]["repository"]')" = "file://$T/other.git" ]
tap_ok 'what is newer is believed, and the log says whose it was' || echo "# $REASON_NOW"
git -C "$T/mono" reset -q --hard HEAD~1
push other.git rewritten
agent_sync app
agent_get /v1/stacks/app
[ "$(field 'd["block"]')" = '' ] && ! holds web &&
  echo "$BODY" | grep -q 'only the first address can say'
tap_ok 'that the history was rewritten is not' || tap_note "$T/body"
git --git-dir="$T/other.git" update-ref -d refs/heads/main
agent_sync app
agent_get /v1/stacks/app
[ "$(field 'd["block"]')" = '' ] && echo "$BODY" | grep -q 'only the first address can say'
tap_ok 'nor that the branch is gone' || tap_note "$T/body"
first_up
agent_sync app
agent_get /v1/stacks/app
[ "$(field 'd["block"]["kind"]')" = rewound ] && remote "http://localhost:$HTTP_PORT/open/first.git"
tap_ok 'when the first one answers again, it counts: it has never seen what came since' ||
  tap_note "$T/body"
git -C "$T/mono" push -q -f "$T/other.git" main~1:refs/heads/main
first_down
agent_sync app
agent_get /v1/stacks/app
[ "$STATE_NOW" = blocked ] && [ "$(field 'd["block"]["kind"]')" = rewound ]
tap_ok 'and no fallback that is behind takes that back' || tap_note "$T/body"
tap_end
