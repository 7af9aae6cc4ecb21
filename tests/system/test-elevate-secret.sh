#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A secret of root's for a user's agent, by the real sudo: root's worker opens it with root's
# copy of the keys, and with no others.
# shellcheck disable=SC2016,SC2119,SC2153
. "${srcdir:-.}/tests/system/lib-elevate.sh" || exit 1
. "${srcdir:-.}/tests/system/lib-git.sh"
. "${srcdir:-.}/tests/system/lib-agent.sh"
git_need curl ssh-keygen || tap_skip_all "$REASON"
elevate_begin
agent_begin
printf '[safe]\n\tdirectory = *\n' >"$HOME/.gitconfig"
MARK=$(python3 "$srcdir/tests/secret-scan.py" --marker)
out=$R/site/key keys=$T/state/keys

agent_start() {
  setpriv --reuid 65534 --regid 65534 --clear-groups env -i PATH="$PATH" HOME="$U" USER=nobody \
    LC_ALL=C.UTF-8 XDG_RUNTIME_DIR="$T/rt" ASAN_OPTIONS="${ASAN_OPTIONS-}" \
    $R/bin/assentd --config "$CONF" --worker $R/bin/assent-worker >>"$T/agent.log" 2>&1 \
    </dev/null &
  agent_pid=$!
  agent_wait_for 'agent_get /v1/info && [ "$STATUS" = 200 ]' || tap_note "$T/agent.log"
}
seal() { # CONTENT
  echo "$1" | "$builddir/assent" seal --to "$keys/seal.pub" --for "web1.test/app:$out" \
    -o "$T/app/key.sealed" -
  agent_commit app "${1#"$MARK "}"
  chown -R 65534 "$T/app"
}
copy_key() { # as doc/elevate.md says
  install -o root -m 600 "$keys/seal.key" $R/etc/seal.key
}
refused() { # TEXT: the plan that waits, approved; since nothing was touched another one follows
  old=$PLAN short=$(echo "$PLAN" | cut -c8-19)
  agent_decide "$PLAN" alice approve
  agent_wait_for 'grep -qF "[apply-failed stack=app plan=$short" "$T/agent.log"'
  agent_ask app replan
  agent_wait_for 'agent_look app && [ "$STATE_NOW" = pending ] && [ "$PLAN" != "$old" ]'
  grep -F '[apply-failed stack=app ' "$T/agent.log" | tail -n 1 >"$T/last"
  if ! grep -qF "$1" "$T/last" || [ -e $out ]; then
    tap_note "$T/last"
    return 1
  fi
}

git init -q -b main "$T/app"
cat >"$T/app/assent.yaml" <<M
resources:
  - {file: $out, source: key.sealed, sealed: true, owner: root, group: nogroup, mode: "0640"}
M
agent_stack app 'approval: {required: 1, from: [alice]}' 'elevate: sudo'
chown -R 65534 "$T"
as_key=$(as_user $R/bin/assentd --config "$CONF" --init)
cp "$T/etc/allowed_signers" $R/etc/allowed_signers
chmod 644 $R/etc/allowed_signers
printf 'agents:\n  web1.test: %s\napprovers: allowed_signers\npaths: [%s]\n' \
  "$(echo "$as_key" | cut -d' ' -f1,2)" $out >$R/etc/agents
seal "$MARK one"

elevate_trust
agent_start
agent_sync app
agent_get "/v1/plans/$PLAN/plan.json"
[ "$(field "d['changes'][0]['risk']")" = "['secret', 'root']" ]
tap_ok 'the plan says that it concerns a secret and root' || echo "# $STATE_NOW $REASON_NOW"
refused "names no 'seal_key'"
tap_ok 'root has no keys: nothing is applied'
elevate_trust 'seal_key: seal.key'
copy_key
chmod 640 $R/etc/seal.key
refused 'others may read it'
tap_ok 'nor when others can read them'
copy_key
chown 65534 $R/etc/seal.key
refused "'$R/etc/seal.key' is not a file of root's own"
tap_ok 'nor when they are the user'\''s'
elevate_trust 'seal_key: seal.key'
copy_key
agent_decide "$PLAN" alice approve
agent_becomes app converged && [ "$(cat $out)" = "$MARK one" ] &&
  [ "$(stat -c '%a %U %G' $out)" = '640 root nogroup' ]
tap_ok 'with root'\''s copy it is applied, with the owner and the mode of the plan' ||
  echo "# $STATE_NOW $REASON_NOW"
agent_stop TERM
! grep -rqF "$MARK" "$T/state" "$T/agent.log" "$T/rt" $R/worker
tap_ok 'neither the agent nor root'\''s journal has the content'
tap_end
