# shellcheck shell=sh
# SPDX-License-Identifier: GPL-3.0-or-later
# An agent of one's own for a test: state, keys, people, repositories, and its API by curl.
#
#	. "$srcdir/tests/system/lib-agent.sh"     # after lib-git.sh
#	agent_begin                    # $T and all below it; people alice bob carol dora
#	agent_repo NAME                # $T/NAME: a work tree with its first commit
#	agent_stack NAME REST...       # a stack of that repository, lines of YAML added
#	agent_chats                    # fake-chats.py at $fake, with $FAKE; its hook key
#	agent_start                    # waits until it answers; $agent_pid; with $agent_env
#	agent_get PATH, agent_post PATH [JSON]    # $BODY, $STATUS
#	agent_sync STACK               # fetches, and waits until the stack rests
#	field EXPRESSION               # of $BODY, a Python expression on d
#
# shellcheck disable=SC2034  # variables for those who include this
# shellcheck disable=SC2016,SC2119,SC2120 # conditions are evaluated later; arguments are optional

: "${srcdir:=.}" "${builddir:=.}"
agent_pid=
agent_env=

agent_chats() {
  FAKE=$T/fake
  mkdir "$FAKE"
  echo hush >"$FAKE/key"
  : >"$FAKE/got"
  python3 "$srcdir/tests/system/fake-chats.py" "$FAKE" >"$T/fake.log" 2>&1 </dev/null &
  git_pids="$git_pids $!"
  agent_wait_for '[ -s "$FAKE/port" ]'
  fake=http://127.0.0.1:$(cat "$FAKE/port")
  echo hush >"$T/etc/key"
  chmod 600 "$T/etc/key"
}

agent_begin() {
  git_begin
  GIT_AUTHOR_NAME=Dora GIT_AUTHOR_EMAIL=dora@example.org
  GIT_COMMITTER_NAME=Dora GIT_COMMITTER_EMAIL=dora@example.org
  XDG_CONFIG_HOME=$T/etc XDG_STATE_HOME=$T/var XDG_RUNTIME_DIR=$T/rt
  export XDG_CONFIG_HOME XDG_STATE_HOME XDG_RUNTIME_DIR
  unset SSH_AUTH_SOCK ASSENT_CONFIG ASSENT_SOCKET NOTIFY_SOCKET
  STATE=$T/state SOCK=$T/rt/a.sock CONF=$T/etc/assentd.yaml
  chmod 700 "$T"
  mkdir -m 700 "$T/etc" "$T/rt" "$T/keys"
  for person in alice bob carol dora eve; do
    ssh-keygen -q -t ed25519 -N '' -C $person -f "$T/keys/$person"
  done
  : >"$T/etc/allowed_signers"
  for person in alice bob carol dora; do
    printf '%s namespaces="assent.approval.v1" %s\n' $person \
      "$(cut -d' ' -f1,2 "$T/keys/$person.pub")" >>"$T/etc/allowed_signers"
  done
  agent_head
  mkdir "$T/fields"
  mkfifo "$T/fields/ask" "$T/fields/answer"
  python3 -I -S "$srcdir/tests/system/fields.py" "$T/fields" >/dev/null 2>&1 </dev/null &
  git_pids="$git_pids $!"
  trap agent_cleanup EXIT
}

agent_head() {
  cat >"$CONF" <<-C
		agent: web1.test
		state: $STATE
		socket: $SOCK
		people:
		  alice: {email: [alice@example.org]}
		  bob: {}
		  carol: {}
		  dora: {email: [Dora@Example.org]}
		groups: {ops: [alice, bob, dora]}
		stacks:
	C
  chmod 600 "$CONF" "$T/etc/allowed_signers"
}

agent_cleanup() {
  agent_stop
  git_cleanup
}

# Keys and the trust file, once the configuration is written.
agent_init() {
  plan_key=$("$builddir/assentd" --config "$CONF" --init) || return 1
  cat >"$T/etc/trust.yaml" <<-C
		agents:
		  web1.test: $(echo "$plan_key" | cut -d' ' -f1,2)
		approvers: allowed_signers
		minimum: ${1:-1}
		people:
		  dora: [dora@example.org]
	C
  chmod 600 "$T/etc/trust.yaml"
}

agent_repo() { # NAME
  git init -q -b main "$T/$1"
  mkdir -p "$T/$1/www"
  cat >"$T/$1/assent.yaml" <<-M
		resources:
		  - file: $T/out/$1/app.conf
		    source: app.conf
		    mode: "0640"
		  - tree: $T/out/$1/www
		    source: www/
		    prune: true
	M
  mkdir -p "$T/out/$1"
  echo 'one' >"$T/$1/app.conf"
  echo '<p>' >"$T/$1/www/index.html"
  agent_commit "$1" 'first'
}

agent_commit() { # NAME SUBJECT: everything in the work tree
  git -C "$T/$1" add -A
  git -C "$T/$1" commit -q --allow-empty -m "$2"
  COMMIT=$(git -C "$T/$1" rev-parse HEAD)
}

agent_stack() { # NAME LINE...
  stack=$1
  shift
  cat >>"$CONF" <<-C
		  $stack:
		    source: {url: "file://$T/$stack", branch: main, interval: 1h, backoff-max: 1h}
		    drift-interval: 1h
	C
  for line in "$@"; do
    echo "    $line" >>"$CONF"
  done
}

# The stack fetches a bare repository, which its work tree pushes to.
agent_bare() { # NAME
  git clone -q --bare "$T/$1" "$T/$1.git"
  git -C "$T/$1" remote add origin "$T/$1.git"
  sed -i "s,file://$T/$1\",file://$T/$1.git\"," "$CONF"
}
agent_user() { # PERSON: who runs this test
  sed -i "s/^  $1: {}/  $1: {user: $(id -un)}/" "$CONF"
}

agent_start() { # OPTION...
  # shellcheck disable=SC2086
  env $agent_env "$builddir/assentd" --config "$CONF" \
    --worker "${WORKER:-$builddir/assent-worker}" "$@" \
    >>"$T/agent.log" 2>&1 </dev/null &
  agent_pid=$!
  agent_wait_for 'agent_get /v1/info && [ "$STATUS" = 200 ]' ||
    tap_note "$T/agent.log"
}

agent_stop() { # SIGNAL: sets $agent_code
  [ -n "$agent_pid" ] || return 0
  kill "-${1:-TERM}" "$agent_pid" 2>/dev/null
  wait "$agent_pid" 2>/dev/null
  agent_code=$?
  agent_pid=
}

# Until a command succeeds, for a minute at most.
agent_wait_for() { # COMMAND
  tries=0
  until eval "$1"; do
    tries=$((tries + 1))
    if [ $tries -gt 600 ]; then
      echo "# waited in vain for: $1" >&2
      return 1
    fi
    sleep 0.1
  done 2>/dev/null
}

agent_curl() {
  STATUS=$(curl -sS --noproxy '*' --max-time 120 --unix-socket "$SOCK" -o "$T/body" \
    -w '%{http_code}' "$@" 2>"$T/curl.err") || return 1
  BODY=$(cat "$T/body")
}
agent_get() { # PATH
  agent_curl "http://agent$1"
}
agent_post() { # PATH [JSON]
  agent_curl -X POST -H 'Content-Type: application/json' --data-binary "${2-}" "http://agent$1"
}
field() { # EXPRESSION [WORD...]: of $BODY, which is d; the words are the list a
  field_expression=$1
  shift
  printf '%s\0' "$field_expression" "$BODY" "$@" >"$T/fields/ask"
  field_answer=$(cat "$T/fields/answer")
  case $field_answer in
    0*) printf '%s\n' "${field_answer#0}" ;;
    *)
      printf '%s\n' "${field_answer#1}" >&2
      return 1
      ;;
  esac
}
agent_stack_field() { # STACK EXPRESSION
  agent_get "/v1/stacks/$1" && field "$2"
}

# $PLAN: the one that waits, or nothing; $STATE_NOW, $REASON_NOW
agent_look() { # STACK
  agent_get "/v1/stacks/$1" || return 1
  look=$(field "'\n'.join((d['state'], (d['pending'] or {}).get('plan', ''), d['reason']))")
  {
    IFS= read -r STATE_NOW
    IFS= read -r PLAN
    IFS= read -r REASON_NOW
  } <<-L
	$look
	L
  : # an error is an answer without these
}
agent_ask() { # STACK VERB
  agent_post "/v1/stacks/$1/$2?wait=60" || return 1
  agent_look "$1"
}
agent_sync() {
  agent_ask "$1" sync
}
agent_is() { # STACK STATE
  agent_look "$1" && [ "$STATE_NOW" = "$2" ]
}
agent_becomes() { # STACK STATE
  agent_wait_for "agent_is $1 $2" || {
    echo "# $1 is $STATE_NOW: $REASON_NOW" >&2
    tap_note "$T/agent.log"
    return 1
  }
}

# Signs as an outsider does and hands it in; $STATUS and $CODE tell.
agent_decide() { # PLAN PERSON DECISION [REASON [KEY]]
  agent_curl -G --data-urlencode "approver=$2" --data-urlencode "decision=$3" \
    --data-urlencode "reason=${4-}" "http://agent/v1/plans/$1/statement" || return 1
  if [ "$STATUS" != 200 ]; then
    CODE=$(field "d['error']['code']")
    return
  fi
  cp "$T/body" "$T/statement"
  rm -f "$T/statement.sig"
  ssh-keygen -q -Y sign -n assent.approval.v1 -f "$T/keys/${5:-$2}" "$T/statement" 2>/dev/null
  agent_submit "$1" "$2" "$3" "${4-}" signature
}
agent_submit() { # PLAN PERSON DECISION REASON CHANNEL: with the signature made before
  BODY=null
  decision=$(field 'json.dumps(dict(zip(("person", "decision", "reason", "channel"), a),
    signature=open(a[4]).read()))' "$2" "$3" "$4" "$5" "$T/statement.sig") || return 1
  agent_post "/v1/plans/$1/decisions" "$decision" || return 1
  CODE=$(field "'accepted' if d.get('accepted') else d['error']['code']")
}
# The log's entries of a type, as a list in $BODY.
agent_entries() { # TYPE [STACK]
  agent_get '/v1/log?from=0&count=1000'
  BODY=$(field 'json.dumps([x for x in d["entries"] if x["type"] == a[0]
    and (len(a) < 2 or x.get("stack") == a[1])])' "$@")
}
