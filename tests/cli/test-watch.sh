#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# assent watch: drawn on a terminal, which is left as it was; lines for everybody else.
. "${srcdir:-.}/tests/cli/libtest.sh" || exit 1
. "$srcdir/tests/cli/libstack.sh" || exit 1
screen() { # SIZE [VARIABLE...]: steps come from standard input
  local size=$1
  shift
  env "$@" python3 "$srcdir/tests/cli/on-screen.py" "$size" assent watch >"$tmp/out" 2>"$tmp/err"
}
left() { # NAME
  ok "$1: the terminal is as it was" grep -qx 'terminal same' "$tmp/out"
  says 'with its cursor' out 'cursor on'
  says 'and its screen' out 'screen main'
  says 'nothing was too wide' out 'wraps 0'
}
# A plan job that says how far it is, for as long as it is held.
with_worker=$tmp/worker
cat >"$with_worker" <<END
#!/bin/sh
read -r line
if [ -e "$tmp/hold" ]; then
  echo '{"event":"progress","text":"compared","done":3,"total":12}'
  while [ -e "$tmp/hold" ]; do sleep 0.05; done
fi
printf '%s\n' "\$line" | "$builddir/assent-worker" "\$@"
END
chmod 755 "$with_worker"

stack_begin report
exits 1 'a plan waits' assent sync
id=$(stack_pending | cut -c8-19)
screen 100x24 <<END
wait Waits for approval
wait commit web
wait q: quit
show
key q
END
ok 'it runs, and ends with q' grep -qx 'exit 0' "$tmp/out"
left 'q'
says 'with colours' out 'colours some'
ok 'it shows the stack with its state' grep -qE \
  '^\|web  pending +(now|[0-9]+s ago) +plan ' "$tmp/out"
says 'the plan that waits' out "|$id  web  0/1, expires in "
says 'and the newest of the log' out 'Newest of the log'
says 'how to leave it' out '|q: quit'

# What happens meanwhile is drawn, with how far a job is.
touch "$tmp/hold"
screen 90x20 NO_COLOR=1 <<END
wait Waits for approval
run assent sync web --no-wait
wait fetch [#####...............] 3/12 compared
show
run rm $tmp/hold
gone 3/12
run assent approve $id --yes --as alice --key $tmp/alice
wait web  converged
gone Waits for approval
wait apply-done web
show
signal INT
END
ok 'an interrupt ends it' grep -qx 'exit 0' "$tmp/out"
left 'an interrupt'
says 'NO_COLOR has none' out 'colours none'

# Narrow, low, and resized.
screen 20x5 <<END
wait web  converged
show
size 120x30
wait Newest of the log
size 10x2
wait q: quit
show
size 1x1
size 60x12
wait Newest of the log
signal TERM
END
ok 'a termination ends it' grep -qx 'exit 0' "$tmp/out"
left 'a termination'

# An agent that goes is told, and found again.
kill "$pid" && wait "$pid"
background "$tmp/assentd2.log" assentd --worker "$builddir/assent-worker"
wait_for test -S "$socket"
agent=$pid
screen 80x24 <<END
wait web
run kill $agent
wait no agent
key q
END
says 'an agent that goes is told' out 'exit 0'
background "$tmp/assentd3.log" assentd --worker "$builddir/assent-worker"
wait_for stack_is converged

# One that does not answer keeps nobody.
screen 80x24 <<END
wait web  converged
run kill -STOP $pid
run sleep 1.5
size 60x10
wait web  converged
show
signal INT
END
kill -CONT "$pid"
lacks 'it is drawn again while the agent hangs' out 'does not answer'
ok 'an interrupt ends it while the agent hangs' grep -qx 'exit 0' "$tmp/out"
left 'a hanging agent'

# Names that would steer a terminal, or turn the direction of text.
cp "$repo/assent.yaml" "$tmp/manifest"
printf 'resources:\n  - {"evil \\e]0;x\\a\\e[31mred\\u009bJ \\u202etxt": /x}\n' >"$repo/assent.yaml"
stack_commit 'a hostile kind'
exits 1 'a manifest that names an odd kind' assent sync
screen 200x24 <<END
wait unknown kind
show
key q
END
says 'which is shown escaped' out \
  "unknown kind 'evil \\x1b]0;x\\x07\\x1b[31mred\\x9bJ \\u202etxt'"
left 'a hostile kind'
cp "$tmp/manifest" "$repo/assent.yaml"

# Lines.
background "$tmp/lines.log" assent watch
background "$tmp/asked.log" assent watch --lines
background "$tmp/json.log" assent watch --json
seen() {
  echo "$RANDOM" >"$repo/app.conf"
  stack_commit 'another'
  assent sync web
  grep -q ' commit web ' "$tmp/lines.log" && grep -q ' commit web ' "$tmp/asked.log" &&
    grep -q '"type":"commit"' "$tmp/json.log"
}
ok 'a pipe gets lines, also as JSON' wait_for seen
ok 'and nothing that draws' not grep -q "$(printf '\033')" "$tmp/lines.log"
finish
