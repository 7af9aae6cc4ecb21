#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Who changed it: where fanotify may be used, a drift names the process, its program and its user,
# beside the owner; and assent blame says so.
# shellcheck disable=SC2016,SC2119,SC2153
. "${srcdir:-.}/tests/system/lib-git.sh"
. "${srcdir:-.}/tests/system/lib-agent.sh"
git_need git curl ssh-keygen python3 || tap_skip_all "$REASON"
[ "$(id -u)" = 0 ] || tap_skip_all 'fanotify tells who only to root'
agent_begin
# What the agent asks of the kernel, asked without it.
python3 - "$T" <<'P' || tap_skip_all 'no fanotify that names files and processes here'
import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
fd = libc.fanotify_init(0x1 | 0x400 | 0x800, os.O_RDONLY)  # and DIR_FID, NAME
mark = libc.fanotify_mark
mark.argtypes = [ctypes.c_int, ctypes.c_uint, ctypes.c_uint64, ctypes.c_int, ctypes.c_char_p]
sys.exit(fd < 0 or mark(fd, 0x1 | 0x8, 0x2 | 0x8000000, -100, sys.argv[1].encode()) != 0)
P
agent_repo app
agent_stack app 'approval: {required: 1, from: [alice]}' 'on-drift: report'
agent_init
agent_start
conf=$T/out/app/app.conf page=$T/out/app/www/index.html

drift_is() { agent_get /v1/stacks/app && [ "$(field "d['drift']")" = "$1" ]; }
rests() { [ "$(agent_stack_field app "d['job']")" = none ]; }
detail() { # EXPRESSION on c, the changes by the last part of their path
  agent_get /v1/stacks/app/drift
  field "(lambda c: $1)({x['id'].split('/')[-1]: x for x in d['changes']})"
}
# Changes a file as a user of its own, and stays until it is told to go: /proc names who is there.
write_as() { # USER-ID FILE
  python3 - "$@" <<'P' &
import os, sys, time
open("/proc/self/comm", "w").write("by-hand")
with open(sys.argv[2], "a") as f:
    os.setgroups([])
    os.setuid(int(sys.argv[1]))
    f.write("changed\n")
    f.flush()
    time.sleep(600)
P
  writer=$!
  git_pids="$git_pids $writer"
}
gone() {
  kill "$writer" && wait "$writer" 2>/dev/null
}
python=$(python3 -c 'import os, sys; print(os.path.realpath(sys.executable))')
# Who logged in counts first, as behind sudo.
login=$(cat /proc/self/loginuid 2>/dev/null || echo 4294967295)
user_of() { # USER-ID
  [ "$login" = 4294967295 ] || set -- "$login"
  python3 -c 'import pwd, sys; print(pwd.getpwuid(int(sys.argv[1])).pw_name)' "$1"
}

agent_sync app
agent_decide "$PLAN" alice approve && agent_becomes app converged && agent_wait_for rests
tap_ok 'a commit is applied'

chown 65534 "$conf" # which nobody has asked for, so it may be
write_as 65534 "$conf"
agent_wait_for 'drift_is 1 && rests'
tap_ok 'what somebody changes is noticed'
pid=$(detail "c['app.conf'].get('who', {}).get('pid')")
[ "$pid" = "$writer" ]
tap_ok 'its process is named' || tap_note "$T/body"
[ "$(detail "c['app.conf']['who']['exe']")" = "$python" ] &&
  [ "$(detail "c['app.conf']['who']['process']")" = by-hand ]
tap_ok 'its program, by path and by name' || tap_note "$T/body"
[ "$(detail "(c['app.conf']['who']['uid'], c['app.conf']['who']['user'])")" = \
  "(65534, '$(user_of 65534)')" ]
tap_ok 'and its user' || tap_note "$T/body"
[ "$(detail "c['app.conf']['owner']")" = "$(stat -c %U "$conf")" ]
tap_ok 'beside the owner that the file has now' || tap_note "$T/body"
agent_entries drift app
[ "$(field "len(d) == 1 and d[0]['changes'] == 1 and 'details' in d[0]")" = True ]
tap_ok 'it stands in the log, by the digest of what is told' || tap_note "$T/body"
"$builddir/assent" blame "$conf" --config "$CONF" >"$T/blame" 2>&1
grep -q "$writer" "$T/blame" && grep -q "$(user_of 65534)" "$T/blame"
tap_ok 'and assent blame says so' || tap_note "$T/blame"
gone

# Another one, and the first is not forgotten.
first=$writer
write_as 0 "$page"
agent_wait_for 'drift_is 2 && rests'
[ "$(detail "(c['app.conf']['who']['pid'], c['index.html']['who']['pid'])")" = \
  "($first, $writer)" ]
tap_ok 'each change has its own, also one whose process has gone' || tap_note "$T/body"
[ "$(detail "c['index.html']['who']['uid']")" = 0 ]
tap_ok 'with its own user' || tap_note "$T/body"
agent_stop
agent_start
agent_wait_for 'drift_is 2 && rests'
[ "$(detail "(c['app.conf']['who']['pid'], c['index.html']['who']['pid'])")" = \
  "($first, $writer)" ]
tap_ok 'an agent that is started again still knows' || tap_note "$T/body"
gone

tap_end
