# shellcheck shell=bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The example of contrib/try, told in plain words:
#
#   example_run PREFIX FOLDER     programs from PREFIX; FOLDER is made anew
#
# Every command that a person would type is printed before it runs.

example_agent=

example_say() {
  printf '\n%s\n' "$*" | fold -s -w 79
}

example_step() {
  printf '\n== %s\n' "$*"
}

example_die() {
  printf 'contrib/try: %s\n' "$*" >&2
  exit 1
}

# Prints the command and runs it, its output indented. Code 1 of assent says that there is a
# difference, or something to decide; it is no failure.
example_show() {
  local code=0
  printf '\n  $ %s\n' "$*"
  "$@" >"$place/out" 2>&1 </dev/null || code=$?
  sed 's/^/    /' "$place/out"
  [ $code = 0 ] || { [ $code = 1 ] && [[ "$1 ${2-}" =~ ^assent\ (sync|plan|status|show)$ ]]; } ||
    example_die "this was not expected to fail, and did with code $code"
}

example_stop() {
  if [ -n "$example_agent" ]; then
    kill "$example_agent" 2>/dev/null || true
    wait "$example_agent" 2>/dev/null || true
    example_agent=
  fi
}

# The socket must have a short path, which a build folder often has not.
example_environment() { # PREFIX
  sockets=$(mktemp -d "${TMPDIR:-/tmp}/assent-try.XXXXXX")
  trap 'example_stop; rm -rf "$sockets"' EXIT
  export PATH="$1/bin:$PATH" HOME="$place/home" XDG_CONFIG_HOME="$place/home/.config"
  export XDG_STATE_HOME="$place/state" XDG_RUNTIME_DIR="$sockets" LC_ALL=C.UTF-8
  export ASSENT_CONFIG="$XDG_CONFIG_HOME/assent/assentd.yaml" PAGER=cat NO_COLOR=1
  export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
  export GIT_AUTHOR_NAME=Dora GIT_AUTHOR_EMAIL=dora@example.org
  export GIT_COMMITTER_NAME=Dora GIT_COMMITTER_EMAIL=dora@example.org
  unset SSH_AUTH_SOCK GIT_DIR GIT_WORK_TREE
  mkdir -p "$HOME" "$XDG_CONFIG_HOME/assent"
}

example_repository() {
  local work=$place/repository/app
  mkdir -p "$work/www"
  git init -q -b main "$place/repository"
  cat >"$work/assent.yaml" <<'END'
vars: {port: 8080}
resources:
  - directory: ~/app
  - file: ~/app/app.conf
    source: app.conf
    template: true
    mode: "0640"
  - tree: ~/app/www
    source: www/
    prune: true
END
  # shellcheck disable=SC2016
  printf 'listen = ${port}\nworkers = 2\n' >"$work/app.conf"
  printf '<p>Hello</p>\n' >"$work/www/index.html"
  git -C "$place/repository" add -A
  git -C "$place/repository" commit -q -m 'Describe the application'
}

example_configuration() {
  local conf=$XDG_CONFIG_HOME/assent
  ssh-keygen -q -t ed25519 -N '' -C alice -f "$place/alice"
  printf 'alice namespaces="assent.approval.v1" %s\n' "$(cut -d' ' -f1,2 "$place/alice.pub")" \
    >"$conf/allowed_signers"
  cat >"$ASSENT_CONFIG" <<END
agent: example.test
stacks:
  app:
    source: {url: "file://$place/repository", branch: main, path: app, interval: 1h}
    on-drift: propose
    approval: {required: 1, from: [alice]}
people:
  alice: {email: [alice@example.org]}
END
  chmod 600 "$ASSENT_CONFIG" "$conf/allowed_signers"
}

example_wait() { # WHAT COMMAND...
  local what=$1 tries=0
  shift
  until "$@" >/dev/null 2>&1; do
    tries=$((tries + 1))
    [ $tries -lt 300 ] || example_die "$what: waited in vain; see $place/agent.log"
    sleep 0.1
  done
}

example_state_is() {
  assent status --json | grep -qE "\"state\": ?\"$1\""
}

# The digest of the plan that waits.
example_pending() {
  assent status --json | tr -d ' \n' |
    sed -n 's/.*"pending":{[^}]*"plan":"\(sha256:[0-9a-f]*\)".*/\1/p'
}

# What is signed is shown again before the signature; here once is enough.
example_approve() { # PLAN
  local code=0
  set -- assent approve "${1:7:12}" --yes --as alice --key "$place/alice"
  printf '\n  $ %s\n' "$*"
  "$@" >"$place/out" 2>&1 </dev/null || code=$?
  sed -n 's/^/    /; 1p; 1s/.*/    .../p; $p' "$place/out"
  [ $code = 0 ] || example_die "the approval was refused"
  example_wait "the plan's end" example_state_is converged
}

# Mallory has a key, too, and nobody has asked for it.
example_stranger() { # PLAN
  ssh-keygen -q -t ed25519 -N '' -C mallory -f "$place/mallory"
  set -- assent approve "${1:7:12}" --yes --as alice --key "$place/mallory"
  printf '\n  $ %s\n' "$*"
  if "$@" >"$place/out" 2>&1 </dev/null; then
    example_die "a stranger's approval was accepted"
  fi
  sed 's/^/    /' "$place/out"
  [ ! -e "$HOME/app" ] || example_die "something was written without an approval"
}

example_first_plan() {
  local plan
  example_step "2. A commit arrives"
  example_say "The repository has a commit that this machine does not have yet. The agent" \
    "fetches it and works out what would change. Then it waits."
  example_show assent sync app
  plan=$(example_pending)
  [ -n "$plan" ] || example_die "no plan waits"
  example_show assent show "${plan:7:12}"
  [ ! -e "$HOME/app" ] || example_die "something was written before the approval"
  example_say "Nothing is written yet: $HOME/app does not exist."

  example_step "3. An approval arrives"
  example_say "First somebody whose key is not among the approvers' tries."
  example_stranger "$plan"
  example_say "Alice signs the plan's digest with her SSH key. Only now it is applied."
  example_approve "$plan"
  example_show cat "$HOME/app/app.conf"
}

example_change() {
  local plan
  example_step "4. A second commit"
  sed -i 's/workers = 2/workers = 4/' "$place/repository/app/app.conf"
  git -C "$place/repository" commit -q -a -m 'Twice the workers'
  example_show assent sync app
  plan=$(example_pending)
  example_show assent show "${plan:7:12}"
  example_approve "$plan"
}

example_drift() {
  local plan
  example_step "5. Somebody changes the machine by hand"
  printf 'workers = 64\n' >>"$HOME/app/app.conf"
  example_say "A line was added to app.conf, past Git and past Assent. The agent finds it and" \
    "proposes to restore what was approved; it does not do so by itself."
  example_show assent plan app
  plan=$(example_pending)
  [ -n "$plan" ] || example_die "the drift was not found"
  example_approve "$plan"
  ! grep -q 64 "$HOME/app/app.conf" || example_die "the drift is still there"
  drift_plan=$plan
}

example_verify() {
  example_step "6. What happened, and can it be believed?"
  example_show assent log
  example_show assent log verify
  example_say "The same without Assent: the plan, the approval and the proofs go into a folder," \
    "with a script that uses ssh-keygen, openssl and sha256sum only."
  example_show assent log export "${drift_plan:7:12}" "$place/bundle"
  example_show bash "$place/bundle/verify.sh"
  example_say "And if one byte of the plan is changed?"
  cp -r "$place/bundle" "$place/spoiled"
  sed -i 's/"seq":3/"seq":4/' "$place/spoiled/plan.json"
  if bash "$place/spoiled/verify.sh" >"$place/out" 2>&1; then
    example_die "the spoiled bundle was believed"
  fi
  tail -n 2 "$place/out" | sed 's/^/    /'
  example_say "It is refused."
}

example_run() { # PREFIX FOLDER
  local drift_plan=
  place=$2
  rm -rf "$place"
  mkdir -p "$place"
  place=$(cd "$place" && pwd)
  example_environment "$1"
  example_step "1. A machine, a repository, an approver"
  example_say "Everything is made now, in $place: a Git repository with a description of an" \
    "application, an SSH key for Alice, and an agent that asks her before it changes anything."
  example_repository
  example_configuration
  example_show assent init
  example_show cat "$ASSENT_CONFIG"
  assentd 2>"$place/agent.log" &
  example_agent=$!
  example_wait "the agent's start" assent status
  example_first_plan
  example_change
  example_drift
  example_verify
  example_stop
  example_step "Done. The agent has stopped; to look at:"
  printf '  %s\n      %s\n' "$place/repository" "the Git repository" \
    "$HOME/app" "what was applied" \
    "$ASSENT_CONFIG" "the configuration" \
    "$XDG_STATE_HOME/assent/log" "the signed log" \
    "$place/bundle" "what an auditor gets" \
    "$place/agent.log" "what the agent said"
}
