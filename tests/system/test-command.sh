#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Commands of the manifest, by the worker alone: guards, bounds, and what a failure leaves.
# The helpers take arguments where they need them.
# shellcheck disable=SC2119
. "${srcdir:-.}/tests/cli/libtest.sh" || exit 1
. "$srcdir/tests/system/lib-apply.sh"
need git python3
apply_setup
trace=

# The manifest from standard input, applied as alice approves; $base is what was applied last.
base=
go() {
  cat >"$repo/assent.yaml"
  commit
  plan "$base" && sign && apply alice
}
went() { # ...and became what holds
  go && is result ok && remember && base=$commit
}
# Changes of a plan, without applying anything.
planned() { # COUNT
  cat >"$repo/assent.yaml"
  commit
  plan "$base" && is changes "$1"
}
diff_of_plan() {
  python3 - "$tmp/draft" "$objects" <<'END'
import json, sys
d = json.load(open(sys.argv[1]))["diff"][7:]
sys.stdout.buffer.write(open(f"{sys.argv[2]}/{d[:2]}/{d[2:]}", "rb").read())
END
}
step() { # NUMBER MEMBER
  tail -n 1 "$tmp/answer" | python3 -c '
import json, sys
print(json.load(sys.stdin)["result"]["steps"][int(sys.argv[1])][sys.argv[2]])' "$@"
}
step_is() { # NUMBER MEMBER VALUE
  [ "$(step "$1" "$2")" = "$3" ] || { step "$1" "$2"; return 1; }
}
step_says() { # NUMBER TEXT
  step "$1" message | grep -qF -- "$2" || { step "$1" message; return 1; }
}

# 1. A guard that leaves a trace: nobody has approved it, so nobody runs it to make a plan.
guarded() { # VALUE
  cat <<END
resources:
  - command: first
    shell: "echo $1 >>$host/ran; touch $host/done"
    unless: [sh, -c, "echo asked >>$host/asked; test -e $host/done"]
END
}
ok 'a new command is planned' planned 1 < <(guarded one)
ok 'its guard was not asked' test ! -e "$host/asked"
diff_of_plan >"$tmp/out"
says 'the plan shows what is run' out "+run /bin/sh -c 'echo one >>$host/ran; touch $host/done'"
says 'and the guard' out "+unless sh -c 'echo asked >>$host/asked; test -e $host/done'"
says 'and says that it is new' out 'the guard is new'
sign
ok 'without an approval it is not run' not apply
ok 'nor is the guard' test ! -e "$host/asked" -a ! -e "$host/ran"
ok 'approved it is run' apply alice
ok 'with all done' is result ok
ok 'once' test "$(cat "$host/ran")" = one
remember
base=$commit
rm -f "$host/asked"
ok 'then the approved guard is asked for a plan' planned 0 < <(guarded one)
ok 'and leaves its trace' test "$(cat "$host/asked")" = asked
rm "$host/done"
ok 'when it says so there is drift' planned 1 < <(guarded one)
touch "$host/done" "$host/asked"
sign
ok 'the guard is asked again before it is run' apply alice
ok 'which is told' step_says 0 'not needed: sh -c'
ok 'and it was not run' test "$(cat "$host/ran")" = one
rm "$host/asked"
ok 'another command has another guard' planned 1 < <(guarded two)
ok 'that is not asked' test ! -e "$host/asked"
# What is declared for others is nobody's approval here, also when this host becomes one of them.
elsewhere() {
  guarded one | sed 's/command: first/command: other/; s/    shell:/    hosts: role=db\n&/'
  printf '  - directory: %s\n' "$host/here"
}
mkdir "$host/here"
ok 'one for other hosts is none for this one' planned 0 < <(elsewhere)
base=$commit
labels='{"name":"role","value":"db"}'
ok 'until it is one of them' planned 1 < <(elsewhere)
ok 'its guard is not asked, though it stands in the last commit' test ! -e "$host/asked"
labels=

# 2. Not needed where what it creates is there; then no plan, and no approval, is needed.
creates() {
  cat <<END
resources:
  - command: second
    run: [touch, "$host/made"]
    creates: $host/made
END
}
ok 'what it creates is missing' went < <(creates)
ok 'now it is there' planned 0 < <(creates)
rm "$host/made"
ok 'and now not' planned 1 < <(creates)
touch "$host/made"
sign
ok 'what somebody made meanwhile makes the plan stale' not apply alice
ok 'as stale' is code stale
# A commit without changes is applied by nobody's approval. It must not slip in a guard.
ok 'a new guard is a change even where nothing is to be done' planned 1 <<END
resources:
  - command: second
    run: [touch, "$host/made"]
    creates: $host/made
    unless: [sh, -c, "echo asked >>$host/asked"]
END
ok 'nor is it asked' test ! -e "$host/asked"

# 3. Environment, folder, no terminal, no descriptors of ours.
mkdir -p "$host/where"
export ASSENT_LEAK=secret
ok 'a command with its own surroundings' went <<END
resources:
  - command: look
    shell: 'env | sort >env; pwd -P >pwd; umask >umask; cat >input'
    directory: $host/where
    env: {COLOUR: "light blue"}
    creates: $host/where/env
END
ok 'has what it states' grep -qx 'COLOUR=light blue' "$host/where/env"
ok 'and a home' grep -q '^HOME=/' "$host/where/env"
ok 'but nothing of ours' not grep -q LEAK "$host/where/env"
ok 'is run where it wants' test "$(cat "$host/where/pwd")" = "$(cd "$host/where" && pwd -P)"
ok 'with the usual permissions' grep -qx 0022 "$host/where/umask"
ok 'with nothing to read' test ! -s "$host/where/input"

# 4. What fails is told, and everything else goes back.
failing() { # TEXT OF SHELL [MEMBER]
  cat <<END
resources:
  - file: $host/etc/x
    content: x
  - command: early
    run: [touch, "$host/early"]
    creates: $host/early
    after: ["file:$host/etc/x"]
  - command: bad
    shell: "$1"
    creates: $host/never
    after: [command:early]
    ${2:-}
END
}
taken_back() { # TEXT
  is result failed && { step_says 1 "$1" || step_says 2 "$1" || step_says 3 "$1"; }
}
gone() {
  test ! -e "$host/etc/x" && no_leftovers
}
ok 'a command fails' go < <(failing 'echo fine; echo out of luck >&2; exit 3')
ok 'the files go back' gone
ok 'it is told how it ended' taken_back "'command:bad' ended with status 3: out of luck"
ok 'and what stays of it' taken_back 'what it did until then is not undone'
ok 'and of the one before' taken_back 'was run and cannot be undone'
rm -f "$host/early"
ok 'one is too slow' go < <(failing 'echo begun; exec sleep 600' 'timeout: 1s')
ok 'which is told' taken_back 'did not finish within 1 seconds; its last words: begun'
ok 'and undone' gone
rm -f "$host/early"
ok 'one writes too much' go < <(failing 'while :; do echo spam; done' 'output: 1K')
ok 'which is told' taken_back 'writes more than is allowed'
ok 'and undone' gone
rm -f "$host/early"
ok 'a program is missing' go <<END
resources:
  - file: $host/etc/x
    content: x
  - command: none
    run: [no-such-program-of-assent]
    creates: $host/never
END
ok 'and nothing was begun' gone

# 5. Only when it is notified.
notified() { # CONTENT
  cat <<END
resources:
  - file: $host/conf
    content: "$1"
    notify: [command:reload]
  - command: reload
    shell: "cat $host/conf >>$host/reloaded; echo >>$host/reloaded"
    when: notified
END
}
ok 'a change notifies' went < <(notified one)
ok 'after it was made' grep -qx one "$host/reloaded"
ok 'without a change there is nothing to do' planned 0 < <(notified one)
ok 'another change' went < <(notified two)
ok 'is told again' test "$(tail -n 1 "$host/reloaded")" = two
because() {
  python3 -c 'import json, sys
print([c.get("because") for c in json.load(open(sys.argv[1]))["changes"]])' "$tmp/plan.json"
}
ok 'the plan says why' test "$(because)" = "[None, ['file:$host/conf']]"

# 6. The worker is told to stop, or killed, while one runs. It does not go on unseen.
endless() {
  cat <<END
resources:
  - file: $host/etc/x
    content: x
  - command: endless
    shell: 'echo \$\$ >$host/pid; exec sleep 600'
    after: ["file:$host/etc/x"]
    creates: $host/never
END
}
# A zombie that nobody has looked at yet has ended.
ended() { # PID
  ! grep -qs '^State:.*[^Z]$' "/proc/$1/status" || grep -q '^State:.*Z' "/proc/$1/status"
}
begin_endless() {
  rm -f "$host/pid"
  request alice
  "$worker" --trust "$keys/trust.yaml" <"$tmp/request" >"$tmp/answer" 2>"$tmp/worker.err" &
  worker_pid=$!
  wait_for test -s "$host/pid" && kill -0 "$(cat "$host/pid")"
}
ok 'a command without an end is planned' planned 3 < <(endless)
sign
ok 'it runs' begin_endless
kill -TERM "$worker_pid"
wait "$worker_pid"
ok 'asked to stop, the worker ends it' ended "$(cat "$host/pid")"
ok 'and says so' step_says 2 'we are asked to stop'
ok 'and takes back what can be' gone
ok 'it runs again' begin_endless
kill -KILL "$worker_pid"
wait "$worker_pid" 2>/dev/null
ok 'killed, the worker takes it with it' wait_for ended "$(cat "$host/pid")"
ok 'a recovery follows' recover
ok 'it takes back what can be' gone
ok 'and says what nobody knows' step_says 2 'may have run, and cannot be undone'
ok 'as failed' is result failed

# 7. Users.
as() { # USER
  cat <<END
resources:
  - directory: $host/open
    mode: "0777"
  - command: whoami
    shell: 'id -u >me; echo "\$HOME \$USER" >>me'
    user: $1
    directory: $host/open
    creates: $host/open/me
END
}
if [ "$(id -u)" = 0 ]; then
  # The way to it must be open to that user.
  chmod 755 "$tmp" "$host"
  ok 'root runs it as somebody else' went < <(as nobody)
  ok 'who that is' test "$(head -n 1 "$host/open/me")" = "$(id -u nobody)"
  ok 'with his name' grep -q ' nobody$' "$host/open/me"
else
  ok 'nobody but root runs it as somebody else' not planned 1 < <(as root)
  ok 'which is a fault of the manifest' is code manifest
fi

# 8. What the trust file does not allow.
echo 'kinds: [file, directory]' >>"$keys/trust.yaml"
ok 'a command may be shut out' not go <<END
resources:
  - command: out
    run: [touch, "$host/out"]
    creates: $host/out
END
ok 'as untrusted' is code untrusted
ok 'and was not run' test ! -e "$host/out"
ok 'and so is a check that runs something' not go <<END
resources:
  - file: $host/conf
    content: three
checks:
  - command: out
    run: [touch, "$host/out"]
END
ok 'as untrusted, too' is code untrusted
ok 'nor was that run' test ! -e "$host/out"
finish
