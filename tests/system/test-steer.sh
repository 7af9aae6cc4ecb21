#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# An apply that halts, and what people can do about it: the agent's and the command line's part,
# with a worker that says what the test wants. What the real one does is tested elsewhere.
# shellcheck disable=SC2016,SC2119,SC2153
. "${srcdir:-.}/tests/system/lib-git.sh"
. "${srcdir:-.}/tests/system/lib-agent.sh"
git_need git curl ssh-keygen openssl python3 || tap_skip_all "$REASON"
PAGER=cat ASSENT_PAGER=cat
export PAGER ASSENT_PAGER
agent_begin

# Answers with $T/answer.MODE, where there is one, and keeps what it was asked in $T/asked.MODE.
real=$(cd "$builddir" && pwd)/assent-worker
python=$(command -v python3)
WORKER=$T/worker
cat >"$WORKER" <<P
#!$python
import json, os, subprocess, sys
line = sys.stdin.readline()
mode = json.loads(line).get("mode", "")
with open("$T/asked." + mode, "w") as f:
    f.write(line)
path = "$T/answer." + mode
if not os.path.exists(path):
    sys.exit(subprocess.run(["$real"] + sys.argv[1:], input=line.encode()).returncode)
with open(path) as f:
    answer = f.read()
if answer.strip() == "die":
    sys.exit(9)
print(answer.strip())
sys.exit(0 if answer.startswith('{"result"') else 1)
P
chmod 755 "$WORKER"
step() { # OUTCOME ID MESSAGE
  printf '{"action":"update","id":"%s","message":"%s","outcome":"%s"}' "$2" "$3" "$1"
}
answers() { # MODE RESULT DONE UNDONE LEFT REASON STEPS [MORE]
  printf '{"result":{"done":%s,"left":%s,"reason":"%s","result":"%s",' "$3" "$5" "$6" "$2" \
    >"$T/answer.$1"
  printf '"steps":[%s],"undone":%s%s}}\n' "$7" "$4" "${8-}" >>"$T/answer.$1"
}
fails() { # MODE CODE
  printf '{"error":{"code":"%s","message":"as the test wants it"}}\n' "$2" >"$T/answer.$1"
}
real_again() { # MODE
  rm -f "$T/answer.$1"
}
half="$(step "done" file:/a 'kept /etc/a: it was changed'),$(step failed service:b 'says\nno'),$(
  step left file:/c '')"
halts() { # MODE
  answers "$1" failed 1 0 2 'service:b: it failed' "$half" ',"halted":true'
}
run() { # ARGUMENT...
  "$builddir/assent" "$@" --socket "$SOCK" >"$T/said" 2>&1 </dev/null
  SAID=$?
}
halted() { # SUBJECT: a plan of a new commit, approved, that halts
  halts apply
  echo "$1" >"$T/app/app.conf"
  agent_commit app "$1"
  agent_sync app
  HALTED=$PLAN
  agent_decide "$PLAN" alice approve
  agent_becomes app failed
}
last() { # TYPE EXPRESSION on the newest entry e
  agent_entries "$1" app && [ "$(field "(lambda e: $2)(d[-1])")" = True ]
}

agent_repo app
# What the false worker says it did is not there, and would be noticed.
agent_stack app 'approval: {required: 1, from: [ops]}' 'drift-watch: none'
sed -i "s/^  bob: {}/  bob: {user: $(id -un)}/" "$CONF"
agent_init
agent_start
run apply app --undo
[ $SAID = 1 ] && grep -q 'no apply of this stack has halted' "$T/said"
tap_ok 'nothing can be undone that has not halted' || tap_note "$T/said"
run apply app
[ $SAID = 2 ] && grep -q 'one of --resume and --undo' "$T/said"
tap_ok 'one of both must be said' || tap_note "$T/said"

# --- an apply that halts
halts apply
agent_sync app
first=$PLAN
agent_decide "$first" alice approve
agent_becomes app failed
tap_ok 'an apply that halts has failed'
halts_in() { # PLAN RESUMABLE
  [ "$(agent_stack_field app "(d['halted']['plan'], d['halted']['resumable'])")" = "('$1', $2)" ]
}
echo "$REASON_NOW" | grep -q '1 done, 0 undone, 2 left; .*--resume.* until 20.*--undo' &&
  halts_in "$first" True
tap_ok 'the status says what was done and how to go on' || echo "# $REASON_NOW" >&2
last apply-done "e['halted'] and e['result'] == 'failed' and e['steps'].startswith('sha256:')"
tap_ok 'so does the log' || echo "# $BODY" >&2
run show "$first"
[ $SAID = 0 ] && grep -q '1 done, 0 undone, 2 left' "$T/said" &&
  grep -q 'failed.*service:b' "$T/said" && grep -q '^ *says$' "$T/said" &&
  grep -q 'kept /etc/a' "$T/said" && grep -q -- '--undo app' "$T/said"
tap_ok 'each change is shown with what became of it' || tap_note "$T/said"
run show --json "$first"
[ "$(python3 -c 'import json,sys; d=json.load(open(sys.argv[1])); print(
  [s["outcome"] for s in d["known"]["steps"]], d["known"]["halted"])' "$T/said")" = \
  "['done', 'failed', 'left'] True" ]
tap_ok 'also as JSON' || tap_note "$T/said"

# Its words are wider in German: what was done still stands in one column.
NAME='the column of outcomes is as wide as its words'
mkdir -p "$T/locale/de/LC_MESSAGES"
if msgfmt -o "$T/locale/de/LC_MESSAGES/assent.mo" "$srcdir/po/de.po" 2>"$T/msgfmt" &&
  ASSENT_LOCALEDIR=$T/locale LC_ALL=C.UTF-8 LANGUAGE=de run show "$first" &&
  grep -q '^  fehlgeschlagen ' "$T/said"; then
  [ "$(python3 -c 'import re,sys; t=open(sys.argv[1], encoding="utf-8").read(); l=re.findall(
    "^  (?:fehlgeschlagen|ausgelassen|ausgef.hrt) +", t, re.M); w={len(m) for m in l}
print(len(l), len(w))' "$T/said")" = '3 1' ]
  tap_ok "$NAME" || tap_note "$T/said"
else
  tap_skip "$NAME" 'no msgfmt, or no locale to speak in'
fi

# --- gone on with
agent_post '/v1/stacks/app/apply' '{"mode":"apply"}'
[ "$STATUS" = 400 ]
tap_ok 'no other mode can be asked for' || echo "# $BODY" >&2
agent_post '/v1/stacks/app/apply' '{"mode":"resume","more":1}'
[ "$STATUS" = 400 ]
tap_ok 'nor anything besides'
fails resume expired
run apply app --resume
[ $SAID = 1 ] && last apply-start "e['mode'] == 'resume' and e['person'] == 'bob' and
  len(e['approvals']) == 1" &&
  last apply-done "e['halted'] and (e['done'], e['left']) == (1, 2) and 'expired' in e['reason']"
tap_ok 'what the worker refuses has changed nothing: it is halted as before' || echo "# $BODY" >&2
fails resume failed
answers recover halted 1 0 2 'as it was' "$half" ',"halted":true'
run apply app --resume
[ $SAID = 1 ] && last apply-done "e['halted'] and 'failed: as the test wants it' in e['reason']"
tap_ok 'so has what failed before it began' || echo "# $BODY" >&2
printf 'die\n' >"$T/answer.resume"
run apply app --resume
[ $SAID = 1 ] && last apply-done "e['halted'] and e['left'] == 2"
tap_ok 'a worker that dies leaves it to the journal' || echo "# $BODY" >&2
real_again recover
answers resume ok 3 0 0 '' "$(step "done" file:/a ''),$(step "done" service:b '')"
run apply app --resume
[ $SAID = 0 ] && agent_is app converged &&
  [ "$(agent_stack_field app "(d['halted'], *(d['last_apply'][k] for k in ('mode', 'person')))")" \
    = "(None, 'resume', 'bob')" ]
tap_ok 'an apply is gone on with to its end' || tap_note "$T/said"
run show "$first"
cp "$T/said" "$T/shown"
run status app
grep -q 'It was resumed by bob' "$T/shown" && grep -q 'had halted and was resumed by bob' "$T/said"
tap_ok 'and people can see who wanted it' || tap_note "$T/said"
python3 -c 'import json,sys; r=json.load(open(sys.argv[1])); sys.exit(
  not (len(r["approvals"]) == 1 and r["plan"] and r["signature"] and r["journal"]))' \
  "$T/asked.resume"
tap_ok 'with the plan and its approvals' || tap_note "$T/asked.resume"
run apply app --resume
[ $SAID = 1 ] && grep -q 'has halted' "$T/said"
tap_ok 'and once it is done, no more'

# --- taken back
halted second
answers undo rolled-back 0 1 2 '' "$(step undone file:/a '')"
run apply app --undo
[ $SAID = 0 ] && last apply-start "e['mode'] == 'undo' and e['approvals'] == []" &&
  last apply-done "e['result'] == 'rolled-back' and 'halted' not in e" &&
  ! grep -q approvals "$T/asked.undo"
tap_ok 'an apply is taken back, without approvals' || tap_note "$T/said"
halted third
answers undo none 0 0 0 'nothing' ''
run apply app --undo
last apply-done "e['result'] == 'interrupted' and 'nothing was left to undo' in e['reason']"
tap_ok 'an undo that finds nothing says so' || echo "# $BODY" >&2

# --- a host that has changed meanwhile
halted fourth
fails resume stale
run apply app --resume
last closed "e['outcome'] == 'void' and e['plan'] == '$HALTED'" &&
  halts_in "$HALTED" False
tap_ok 'what is stale is void, and cannot be resumed' || echo "# $BODY" >&2
agent_is app pending
tap_ok 'a new plan waits' || echo "# $STATE_NOW" >&2
run apply app --resume
[ $SAID = 1 ] && grep -q 'has come since' "$T/said"
tap_ok 'an apply that others have come after is not gone on with' || tap_note "$T/said"
answers undo rolled-back 0 1 2 '' "$(step undone file:/a '')"
agent_stop KILL
agent_start
run apply app --undo
[ $SAID = 0 ] && last closed "e['outcome'] == 'superseded'" &&
  last apply-start "e['plan'] == '$HALTED'"
tap_ok 'but taken back, also by an agent that was started anew' || tap_note "$T/said"

# --- the agent dies in between
halted fifth
cat >"$T/answer.undo" <<'N'
die
N
answers recover halted 1 0 2 'as it was' "$half" ',"halted":true'
agent_post '/v1/stacks/app/apply' '{"mode":"undo"}'
agent_stop KILL
agent_start
agent_becomes app failed && last apply-done "e['halted'] and e['plan'] == '$HALTED'"
tap_ok 'an undo that was cut off is found halted' || echo "# $BODY" >&2
halts apply
answers recover halted 1 0 2 'as it was' "$half" ",\"halted\":true,\"plan\":\"$HALTED\""
echo sixth >"$T/app/app.conf"
agent_commit app sixth
agent_sync app
printf 'die\n' >"$T/answer.apply"
next=$PLAN
agent_decide "$next" alice approve
agent_becomes app pending
last apply-done "e['plan'] == '$next' and e['result'] == 'interrupted' and 'halted' not in e" &&
  halts_in "$HALTED" False
tap_ok "what is halted stays its own plan's when the next one never began" || echo "# $BODY" >&2

# --- what outsiders can check
"$builddir/assent" log verify "$STATE/log" >"$T/said" 2>&1
tap_ok 'the log verifies' || tap_note "$T/said"
"$builddir/assent" log export "$first" "$T/bundle" --log "$STATE/log" >"$T/said" 2>&1 &&
  (cd "$T/bundle" && sh ./verify.sh) >>"$T/said" 2>&1 &&
  grep -q 'ok: resume, asked for by bob' "$T/said" && grep -q 'what became of the changes' "$T/said"
tap_ok 'so does the bundle of what was resumed' || tap_note "$T/said"
for file in "$T/bundle"/steps-*.json; do
  echo ' ' >>"$file"
done
! (cd "$T/bundle" && sh ./verify.sh) >"$T/said" 2>&1
tap_ok 'and not with other steps' || tap_note "$T/said"
tap_end
