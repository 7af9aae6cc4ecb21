# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# One agent with one stack "web" for the tests here, steered by the command line only. Read after
# lib.sh.
#
#   repo_make                    $site/ops, and $site/srv/ops.git that agents fetch
#   stack_make URL [KEY: VALUE]  keys, approvers, configuration; the rest is added to `source:`
#   agent_start; agent_stop
#   repo_commit TEXT             app.conf becomes TEXT, and is pushed
#   sync_now; plan_pending; approve PLAN; stack_is STATE

target=
agent_pid=

repo_make() {
  target=$site/home/app
  mkdir -p "$site/ops/web/www"
  git init -q -b main "$site/ops"
  cat >"$site/ops/web/assent.yaml" <<END
resources:
  - directory: ~/app
  - file: ~/app/app.conf
    source: app.conf
    mode: "0640"
  - tree: ~/app/www
    source: www/
    prune: true
  - link: ~/app/current
    to: www
END
  echo 'first' >"$site/ops/web/app.conf"
  echo '<p>hello</p>' >"$site/ops/web/www/index.html"
  git -C "$site/ops" add -A
  git -C "$site/ops" commit -q -m 'Describe the application'
  git clone -q --bare "$site/ops" "$site/srv/ops.git"
  git -C "$site/ops" remote add origin "$site/srv/ops.git"
}

repo_commit() { # TEXT
  echo "$1" >"$site/ops/web/app.conf"
  git -C "$site/ops" commit -q -a -m "Set $1" && git -C "$site/ops" push -q origin main
}

stack_make() { # URL [KEY: VALUE]...
  url=$1
  shift
  conf=$(dirname "$ASSENT_CONFIG")
  mkdir -p "$conf" "$site/keys"
  ssh-keygen -q -t ed25519 -N '' -C alice -f "$site/keys/alice"
  ssh-keygen -q -t ed25519 -N '' -C mallory -f "$site/keys/mallory"
  printf 'alice namespaces="assent.approval.v1" %s\n' "$(cut -d' ' -f1,2 "$site/keys/alice.pub")" \
    >"$conf/allowed_signers"
  {
    cat <<END
agent: e2e.example.org
stacks:
  web:
    source:
      url: $url
      branch: main
      path: ${stack_path:-web}
      interval: ${interval:-1h}
END
    for line in "$@"; do
      printf '      %s\n' "$line"
    done
    cat <<END
    on-drift: propose
    approval: {required: ${required:-1}, from: [alice]}
people:
  alice: {email: [alice@example.org]}
END
  } >"$ASSENT_CONFIG"
  chmod 600 "$ASSENT_CONFIG" "$conf/allowed_signers"
  assent init
}

agent_start() {
  # shellcheck disable=SC2086
  background "$site/agent.log" ${agent_under-} "$ASSENT_BINDIR/assentd"
  agent_pid=$pid
  wait_for assent status
}

agent_stop() {
  kill "$agent_pid" && wait "$agent_pid"
}

# field PATH: one value of the JSON on standard input, "" when it is not there.
field() {
  python3 -c '
import json, sys
value = json.load(sys.stdin)
for name in sys.argv[1].split("."):
    try:
        value = value[int(name)] if isinstance(value, list) else value[name]
    except (KeyError, IndexError, TypeError):
        value = None
print("" if value is None else value)' "$1"
}

stack_field() {
  assent status --json | field "stacks.0.$1"
}

stack_is() {
  [ "$(stack_field state)" = "$1" ] || {
    assent status
    return 1
  }
}

# Exit code 1 says that something waits or is not as it should be.
sync_now() {
  assent sync web || [ $? = 1 ]
}

plan_pending() {
  stack_field pending.plan
}

approve() { # PLAN [OPTION...]
  plan=$1
  shift
  assent approve "$plan" --yes --as alice --key "$site/keys/alice" "$@"
}
