#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A user's agent with targets of root's, from the commit to the log, by the real sudo.
# shellcheck disable=SC2016,SC2119,SC2153
. "${srcdir:-.}/tests/system/lib-elevate.sh" || exit 1
. "${srcdir:-.}/tests/system/lib-git.sh"
. "${srcdir:-.}/tests/system/lib-agent.sh"
git_need curl ssh-keygen || tap_skip_all "$REASON"
elevate_begin
agent_begin
printf '[safe]\n\tdirectory = *\n' >"$HOME/.gitconfig"
mkdir -p "$U/bin"

fence=
agent_start() {
  # shellcheck disable=SC2086
  setpriv $fence --reuid 65534 --regid 65534 --clear-groups env -i PATH="$U/bin:$PATH" HOME="$U" \
    USER=nobody LC_ALL=C.UTF-8 XDG_RUNTIME_DIR="$T/rt" ASAN_OPTIONS="${ASAN_OPTIONS-}" \
    LD_LIBRARY_PATH=$U SUDO_UID=0 \
    $R/bin/assentd --config "$CONF" --worker $R/bin/assent-worker >>"$T/agent.log" 2>&1 \
    </dev/null &
  agent_pid=$!
  agent_wait_for 'agent_get /v1/info && [ "$STATUS" = 200 ]' || tap_note "$T/agent.log"
}
stack() { # NAME HOW [CHECKS]: one file of root's in a folder of the stack's
  git init -q -b main "$T/$1"
  mkdir $R/site/"$1"
  cat >"$T/$1/assent.yaml" <<-M
		resources:
		  - file: $R/site/$1/app.conf
		    source: app.conf
		    owner: root
		    mode: "0640"
		    group: nogroup
		${3-}
	M
  commit "$1" one
  agent_stack "$1" 'approval: {required: 1, from: [alice]}' "elevate: $2"
}
commit() { # NAME TEXT
  echo "$2" >"$T/$1/app.conf"
  agent_commit "$1" "$2"
  chown -R 65534 "$T/$1"
}
is_there() { # NAME TEXT: root's, as the plan says
  [ "$(cat $R/site/"$1"/app.conf)" = "$2" ] &&
    [ "$(stat -c '%a %U %G' $R/site/"$1"/app.conf)" = '640 root nogroup' ]
}
reason_has() { # STACK TEXT
  agent_look "$1" && case $REASON_NOW in *"$2"*) ;; *) false ;; esac
}

stack app sudo
stack fake run0
stack pk pkexec
stack held sudo 'checks: [{http: "http://127.0.0.1:1/", within: 10m}]'
chown -R 65534 "$T"
as_key=$(as_user $R/bin/assentd --config "$CONF" --init)
cp "$T/etc/allowed_signers" $R/etc/allowed_signers
chmod 644 $R/etc/allowed_signers
printf 'agents:\n  web1.test: %s\napprovers: allowed_signers\n' \
  "$(echo "$as_key" | cut -d' ' -f1,2)" >$R/etc/agents
elevate_trust "paths: [$R/site/*/app.conf]"

# --- what must be there first
grep -v NOPASSWD /mnt/sudoers >/mnt/none
umount /etc/sudoers
chmod 440 /mnt/none
mount --bind /mnt/none /etc/sudoers
agent_start
tap_ok 'a user runs an agent'
agent_sync app
[ "$STATE_NOW" = pending ]
tap_ok 'it plans for root' || tap_note "$T/agent.log"
agent_get "/v1/plans/$PLAN/plan.json"
[ "$(field "(d['changes'][0]['risk'], d['changes'][0]['desired']['uid'])")" = "(['root'], 0)" ]
tap_ok 'the plan says that it concerns root'
agent_decide "$PLAN" alice approve
agent_becomes app failed && [ ! -e $R/site/app/app.conf ] &&
  reason_has app 'cannot become root by sudo: sudo: ' &&
  reason_has app "needs the line 'nobody ALL=(root) NOPASSWD: $R/bin/assent-worker apply'"
tap_ok 'without a rule for sudo it says what the rule must be' || echo "# $REASON_NOW"

# --- and the fences of a unit
elevate_sudoers ''
agent_stop
fence=--no-new-privs
agent_start
fence=
agent_ask app replan
agent_decide "$PLAN" alice approve
agent_becomes app failed && [ ! -e $R/site/app/app.conf ] &&
  reason_has app 'the agent runs with NoNewPrivileges, which forbids sudo' &&
  reason_has app 'elevate.conf' && ! reason_has app sudoers
tap_ok 'behind NoNewPrivileges it says that this stands in the way' || echo "# $REASON_NOW"
agent_stop
agent_start

# --- the whole way
agent_ask app replan
first=$PLAN
agent_decide "$PLAN" alice approve
agent_becomes app converged && is_there app one
tap_ok 'an approved plan is applied by root' || tap_note "$T/agent.log"
agent_entries apply-done app
[ "$(field "(d[-1]['result'], d[-1]['plan'])")" = "('ok', '$first')" ]
tap_ok 'and the log says so' || echo "# $BODY"
[ -f $R/worker/web1.test/app/lock ] && ! as_user ls $R/worker >/dev/null 2>&1 &&
  [ -z "$(ls "$T/state/apply")" ]
tap_ok 'the journal was root'\''s'
applied=$(git -C "$T/app" rev-parse HEAD)
echo 'by hand' >>$R/site/app/app.conf
commit app two
agent_sync app
agent_get "/v1/plans/$PLAN/plan.json"
[ "$(field "d['changes'][0]['outside']['commit']")" = "$applied" ]
tap_ok 'what was changed since is marked in the next plan' || echo "# $BODY"
agent_decide "$PLAN" alice approve
agent_becomes app converged && is_there app two
tap_ok 'so is the next one'

# --- what root does not allow
elevate_trust "paths: [$R/site/other/**]"
commit app three
agent_sync app
agent_decide "$PLAN" alice approve
agent_becomes app failed && is_there app two &&
  reason_has app "'$R/site/app/app.conf': the trust file does not allow this path"
tap_ok 'approved and outside of what root allows: the stack names the path' ||
  echo "# $REASON_NOW"
elevate_trust "paths: [$R/site/*/app.conf]"

# --- the other raisers, as far as they can be had here
cat >"$U/bin/run0" <<-'S'
	#!/bin/sh
	printf '%s\n' run0 "$@" >"$HOME/run0.args"
	shift 2
	exec sudo -n "$@"
S
sed 's/run0/pkexec/g; s/shift 2/shift/' "$U/bin/run0" >"$U/bin/pkexec"
chmod 755 "$U/bin/run0" "$U/bin/pkexec"
for name in fake pk; do
  agent_sync $name
  agent_decide "$PLAN" alice approve
  agent_becomes $name converged && is_there $name one
  tap_ok "by what stands for the raiser of '$name'" || tap_note "$T/agent.log"
done
[ "$(tr '\n' ' ' <"$U/run0.args")" = \
  "run0 --no-ask-password --background= $R/bin/assent-worker apply " ] &&
  [ "$(tr '\n' ' ' <"$U/pkexec.args")" = \
    "pkexec --disable-internal-agent $R/bin/assent-worker apply " ]
tap_ok 'run0 and pkexec are asked for the worker and one argument' || cat "$U"/*.args
# The real pkexec, whose worker takes the place of its own process.
if elevate_polkit; then
  rm "$U/bin/pkexec"
  commit pk two
  agent_sync pk
  agent_decide "$PLAN" alice approve
  agent_becomes pk converged && is_there pk two
  tap_ok 'by the real pkexec and polkit' || tap_note "$T/agent.log" /mnt/polkitd.log
  as_user pkexec --disable-internal-agent $R/bin/assent-worker --trust "$T/etc/trust.yaml" \
    </dev/null 2>"$T/said"
  grep -q 'with raised rights --trust does not count' "$T/said"
  tap_ok 'which lets any argument through, and the worker does not' || tap_note "$T/said"
else
  tap_skip 'by the real pkexec and polkit' "$REASON"
fi
printf '#!/bin/sh\necho "Error executing command as another user: Not authorized" >&2\nexit 127\n' \
  >"$U/bin/pkexec"
chmod 755 "$U/bin/pkexec"
commit pk three
agent_sync pk
agent_decide "$PLAN" alice approve
agent_becomes pk failed && reason_has pk 'Not authorized' &&
  reason_has pk 'polkit must allow the action org.assent.worker.apply'
tap_ok 'pkexec refuses: it says what polkit must allow' || echo "# $REASON_NOW"
# --- an agent that stops, or dies, while root's worker is at work
held() {
  agent_sync held
  agent_decide "$PLAN" alice approve
  agent_wait_for '[ -e $R/site/held/app.conf ]'
}
rests() { # the worker has gone and taken everything back
  agent_wait_for '[ ! -e $R/site/held/app.conf ] &&
    flock -n $R/worker/web1.test/held/lock [ ! -e $R/worker/web1.test/held/journal ]'
}
held
tap_ok 'a plan whose check waits is in place meanwhile' || tap_note "$T/agent.log"
agent_stop TERM
rests
tap_ok 'the agent ends: root'\''s worker takes it back'
agent_start
recovered() {
  agent_becomes held pending && [ ! -e $R/site/held/app.conf ] && agent_entries apply-done held &&
    [ "$(field "d[-1]['result']")" = interrupted ]
}
recovered
tap_ok 'the next one asks root'\''s worker what was left' || echo "# $BODY"
agent_look held
agent_decide "$PLAN" alice approve
agent_wait_for '[ -e $R/site/held/app.conf ]'
agent_stop KILL
rests
tap_ok 'the agent is killed: root'\''s worker takes it back'
agent_start
recovered
tap_ok 'and the next one learns it from root'\''s worker' || echo "# $BODY"

agent_stop TERM
tap_end
