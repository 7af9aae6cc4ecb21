#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A real `systemd --user` of an unprivileged user runs the agent by its unit, with all its fences:
# assent setup, ready, status, plan, approval and apply over ssh, reload, the journal, a hang that
# the watchdog ends, a wrong configuration, an end; and the alerts of a desktop, which come and go
# with its session. In namespaces of its own: see manager-box.sh.
# shellcheck disable=SC2016,SC2153,SC2086,SC2206
. "${srcdir:-.}/tests/system/lib-git.sh"
: "${srcdir:=.}" "${builddir:=.}"

if [ -z "${IN_BOX-}" ]; then
  git_need python3 git ssh ssh-keygen curl || tap_skip_all "$REASON"
  site=$(mktemp -d "${TMPDIR:-/tmp}/assent-manager-XXXXXX") || exit 1
  trap 'rm -rf "$site"' EXIT
  trap 'exit 1' HUP INT TERM
  chmod 755 "$site"
  made=$builddir/contrib
  bindir=$(sed -n 's|^ExecStart=\(.*\)/assentd$|\1|p' "$made/systemd/user/assentd.service")
  libexecdir=$(sed -n 's|.*exec.path">\(.*\)/assent-worker<.*|\1|p' \
    "$made/desktop/org.assent.worker.policy")
  mkdir -p "$site/stage$bindir" "$site/stage$libexecdir" "$site/units"
  cp "$builddir/assent" "$builddir/assentd" "$site/stage$bindir/"
  cp "$builddir/assent-worker" "$site/stage$libexecdir/"
  if [ -x "$builddir/assent-desktop" ]; then
    cp "$builddir/assent-desktop" "$builddir/fake-desktop" "$site/stage$libexecdir/"
  fi
  for unit in "$made"/systemd/user/*.service; do
    sed "s|^ExecStart=|&$site/stage|" "$unit" >"$site/units/$(basename "$unit")"
  done
  chmod -R u+w,a+rX "$site"
  mv "$site/units/assent-desktop.service" "$site/"
  if [ -n "${ASSENT_PKGDATADIR-}" ]; then
    mkdir -p "$site/stage$ASSENT_PKGDATADIR/autostart"
    cp "$made"/desktop/*-autostart.desktop "$site/stage$ASSENT_PKGDATADIR/autostart/"
  fi
  export IN_BOX=1 site bindir libexecdir srcdir builddir
  BOX_UNITS=$site/units bash "$srcdir/tests/systemd/manager-box.sh" bash "$0" >"$site/out"
  rc=$?
  [ $rc != 77 ] || tap_skip_all "$(head -n 1 "$site/out")"
  cat "$site/out"
  exit $rc
fi

# --- in the box
# What `make install` left in the build folder would be found by setup.
case $bindir in
  "$builddir"/*/bin) [ ! -d "$bindir" ] || mount -t tmpfs none "${bindir%/bin}" || exit 1 ;;
esac
TMPDIR=/run/box
git_begin
chmod 755 "$T"
as_ops=(setpriv --reuid "$BOX_UID" --regid "$BOX_UID" --clear-groups env -i $BOX_ENV
  "PATH=$site/stage$bindir:$PATH" ASAN_OPTIONS=detect_leaks=0)
ops() {
  "${as_ops[@]}" "$@"
}
# Without this the rest makes no sense.
must() {
  "$@" && return
  journalctl --no-pager -n 20 2>&1 | sed 's/^/# /' >&2
  echo 'Bail out! see above'
  exit 1
}
user_ctl() {
  ops systemctl --user "$@"
}
show() { # PROPERTY
  user_ctl show -p "$1" --value assentd
}
eventually() { # CONDITION
  for _ in $(seq 300); do
    eval "$1" && return 0
    sleep 0.05
  done
  echo "# waited in vain for: $1" >&2
  journalctl --no-pager -n 15 2>&1 | sed 's/^/# /' >&2
  return 1
}
setup() { # EXIT-CODE [OPTION...]: with what it says in $T/said
  code=$1
  shift
  ops assent setup "$@" >"$T/said" 2>&1
  got=$?
  [ $got = "$code" ] || {
    echo "# assent setup $* gave $got, not $code" >&2
    tap_note "$T/said"
    return 1
  }
}
said() {
  grep -qE -e "$1" "$T/said" || {
    tap_note "$T/said"
    return 1
  }
}
field() { # JSON on stdin
  python3 -c "import json,sys; d=json.load(sys.stdin); print($1)" 2>/dev/null
}
state() { # STACK
  ops assent status --json 2>&1 | field "[s['state'] for s in d['stacks'] if s['name'] == '$1'][0]"
}
pending() { # STACK
  ops assent status --json | field "[s['pending']['plan'] for s in d['stacks']
 if s['name'] == '$1'][0]"
}
mv "$T/home" "$T/home.git"
HOME=$T/home.git
conf=$BOX_HOME/.config/assent
user_unit=$BOX_HOME/.config/systemd/user/assentd.service.d
ops mkdir -p "$user_unit" "$BOX_HOME/.ssh"
printf '[Service]\nRestartSec=100ms\n' >"$user_unit/0-test.conf"
# Leaks are looked for by ptrace(2), which the fences forbid.
if grep -q __asan_init "$builddir/assentd"; then
  printf 'SystemCallFilter=ptrace\nEnvironment=ASAN_OPTIONS=detect_leaks=0\n' \
    >>"$user_unit/0-test.conf"
fi

# --- the repository, over ssh
git init -q -b main "$T/work"
mkdir "$T/work/www"
cat >"$T/work/assent.yaml" <<M
resources:
  - file: ~/app/app.conf
    source: app.conf
    mode: "0640"
  - tree: ~/app/www
    source: www/
M
echo one >"$T/work/app.conf"
echo '<p>' >"$T/work/www/index.html"
git -C "$T/work" add -A && git -C "$T/work" commit -q -m first
git clone -q --bare "$T/work" "$T/srv/ops.git"
git_ssh_up || tap_skip_all "$REASON"
cp "$T/id" "$T/known_hosts" "$BOX_HOME/.ssh/"
sed "s|$T/known_hosts|$BOX_HOME/.ssh/known_hosts|; s|$T/id|$BOX_HOME/.ssh/id|" "$T/ssh_config" \
  >"$BOX_HOME/.ssh/config"
ssh-keygen -q -t ed25519 -N '' -C ops -f "$BOX_HOME/.ssh/id_ed25519"
chown -R "$BOX_UID:$BOX_UID" "$BOX_HOME"

# --- assent setup
setup 1 && said "no configuration .*assentd.yaml" && said "assent init"
tap_ok 'setup without a configuration does nothing, and says how to begin'
ops assent init --agent box.example.org >"$T/init" 2>&1
tap_ok 'init writes one' || tap_note "$T/init"
stacks() { # NAME...
  printf 'agent: box.example.org\npeople:\n  ops: {user: ops}\nstacks:\n'
  for name in "$@"; do
    cat <<-C
		  $name:
		    source:
		      url: ssh://127.0.0.1:$SSH_PORT$T/srv/ops.git
		      branch: main
		      interval: 1h
		      ssh-command: ssh -F $BOX_HOME/.ssh/config
		    approval: {required: 1, from: [ops]}
	C
  done
}
stacks app >"$conf/assentd.yaml"
echo 'agent: [' >"$T/broken"
cp "$conf/assentd.yaml" "$T/good"
cat "$T/broken" >"$conf/assentd.yaml"
setup 1 && said 'mistake' && [ "$(show ActiveState)" = inactive ]
tap_ok 'nor with a wrong one'
cat "$T/good" >"$conf/assentd.yaml"
setup 1 --dry-run && said 'assentd.service: would start by itself' && said 'would be started' &&
  [ "$(show UnitFileState)/$(show ActiveState)" = disabled/inactive ]
tap_ok 'a dry run says what would be done, and does nothing'
setup 2 --undo now && setup 1 --system && said 'only root'
tap_ok 'what makes no sense is refused'
"${as_ops[@]}" assentd >"$T/foreground" 2>&1 &
other=$!
eventually 'ops assent status >/dev/null 2>&1; [ $? -le 1 ]'
setup 1 && said "an agent runs already, process" && [ "$(show ActiveState)" = inactive ]
tap_ok 'an agent in the foreground is not fought with'
kill -TERM $other && wait $other
must tap_ok 'and ends well by SIGTERM'
user_ctl stop assentd && user_ctl disable assentd 2>/dev/null
setup 0 && said 'assentd.service: starts by itself from now on' &&
  said 'assentd.service: was started' && said 'last session'
must tap_ok 'setup enables and starts it, and says so'
# Type=notify: systemctl start has waited for READY=1, so the agent answers at once.
ops assent status >"$T/status" 2>&1 || [ $? = 1 ]
tap_ok 'it was ready when setup returned' || tap_note "$T/status"
[ "$(show UnitFileState)/$(show ActiveState)/$(show SubState)" = enabled/active/running ] &&
  [ "$(show Type)" = notify ]
tap_ok 'it is enabled and runs'
pid=$(show MainPID)
setup 0 && said 'starts by itself already' && said 'runs already' &&
  [ "$(show MainPID)" = "$pid" ] && ! grep -qE 'from now on|was started' "$T/said"
tap_ok 'a second setup finds everything done'
ops assent setup --json >"$T/said" 2>"$T/err" &&
  [ "$(field "sorted((s['step'], s['result']) for s in d['steps'])" <"$T/said")" = \
    "[('enable', 'already'), ('start', 'already')]" ]
tap_ok 'and says so in JSON' || tap_note "$T/said" "$T/err"

# --- the fences
seccomp=$(sed -n 's/^Seccomp:\s*//p' "/proc/$pid/status")
nnp=$(sed -n 's/^NoNewPrivs:\s*//p' "/proc/$pid/status")
[ "$seccomp/$nnp" = 2/1 ]
tap_ok "the agent stands behind its fences ($seccomp/$nnp)"

# --- a whole round behind them
ops assent sync app >"$T/sync" 2>&1
eventually '[ "$(state app)" = pending ]'
must tap_ok 'a fetch over ssh gives a plan' || ops assent status >&2
[ "$(show StatusText)" = '1 plan waits for approval' ]
tap_ok 'systemctl status says that it waits' || show StatusText >&2
plan=$(pending app)
ops assent approve "$plan" --yes --key "$BOX_HOME/.ssh/id_ed25519" >"$T/approve" 2>&1
tap_ok 'it is approved' || tap_note "$T/approve"
eventually '[ "$(state app)" = converged ]'
tap_ok 'applied'
[ "$(cat "$BOX_HOME/app/app.conf")" = one ] && [ -f "$BOX_HOME/app/www/index.html" ]
tap_ok 'and there'
eventually '[ "$(show StatusText)" = "1 stack is watched" ]'
tap_ok 'and the status is quiet again'

# --- reload
stacks app two >"$conf/assentd.yaml"
user_ctl reload assentd
eventually 'ops assent status two >/dev/null 2>&1; [ $? -le 1 ]' && [ "$(show MainPID)" = "$pid" ]
tap_ok 'systemctl reload brings a new stack into force, in the same process'
cat "$T/broken" >"$conf/assentd.yaml"
user_ctl reload assentd
eventually 'journalctl -q --no-pager _PID=$pid | grep -q "old configuration stays in force"' &&
  [ "$(show ActiveState)" = active ]
tap_ok 'a wrong one changes nothing'
stacks app two >"$conf/assentd.yaml"

# --- the journal
row() { # NAME: its message id in the code
  sed -n "s/.*{\"$1\", \"\([0-9a-f]*\)\".*/\1/p" "$srcdir/src/base/log.c"
}
journalctl -q --no-pager -o json MESSAGE_ID="$(row approved)" >"$T/entry"
got=$(field "[d.get(k) for k in ('ASSENT_EVENT', 'ASSENT_STACK', 'ASSENT_PLAN', 'ASSENT_PERSON',
 'PRIORITY', 'SYSLOG_IDENTIFIER', 'CODE_FUNC', '_UID')]" <"$T/entry")
[ "$got" = "['approved', 'app', '$plan', 'ops', '5', 'assentd', 'log_vote', '$BOX_UID']" ] &&
  [ "$(field "d['CODE_FILE'].endswith('src/agent/decide.c') and int(d['CODE_LINE']) > 0" \
    <"$T/entry")" = True ]
tap_ok 'an approval stands in the journal with all its fields' || tap_note "$T/entry"
journalctl -q --no-pager -o json ASSENT_STACK=app | python3 -c '
import json, sys
ids = {json.loads(line)["MESSAGE_ID"] for line in sys.stdin}
sys.exit(not set(sys.argv[1:]) <= ids)' "$(row planned)" "$(row apply-start)" "$(row applied)"
tap_ok 'and so does the way to it'
mkdir -p /run/box/etc/systemd/catalog
if mount --bind "$srcdir/contrib/systemd" /usr/lib/systemd/catalog &&
  mount -t tmpfs tmpfs /var/lib/systemd/catalog && journalctl --update-catalog; then
  journalctl -q --no-pager -x MESSAGE_ID="$(row approved)" | grep -q 'Subject: A plan was approved'
  tap_ok 'journalctl -x explains it'
else
  tap_skip 'journalctl -x explains it' 'no folder for the catalog'
fi

# --- a hang
printf '[Service]\nWatchdogSec=2s\nExecStopPost=/bin/sh -c "echo $SERVICE_RESULT >>%%h/results"\n' \
  >"$user_unit/watchdog.conf"
setup 0 && said 'has read its units again'
tap_ok 'setup has the manager read a drop-in that is new'
user_ctl restart assentd
pid=$(show MainPID)
rm -f "$BOX_HOME/results"
[ "$pid" -gt 1 ] && kill -STOP "$pid"
eventually '[ "$(show NRestarts)" = 1 ] && [ "$(show ActiveState)" = active ]' &&
  [ "$(show MainPID)" != "$pid" ] && grep -qx watchdog "$BOX_HOME/results"
tap_ok 'the watchdog ends a main loop that hangs, and a new agent is ready' ||
  tap_note "$BOX_HOME/results"
[ "$(state app)" = converged ]
tap_ok 'which knows what the old one knew'
rm "$user_unit/watchdog.conf"

# --- a wrong configuration, and a right one again
user_ctl daemon-reload
cat "$T/broken" >"$conf/assentd.yaml"
! user_ctl restart assentd 2>"$T/err" && [ "$(show ActiveState)/$(show NRestarts)" = failed/0 ] &&
  [ "$(show ExecMainStatus)" = 78 ]
tap_ok 'a start with a wrong configuration fails, and is not tried again' || tap_note "$T/err"
cat "$T/good" >"$conf/assentd.yaml"
setup 0 && said 'assentd.service: was started'
tap_ok 'setup starts what had failed'

# --- elevate.conf
sed -i 's/^    source:/    elevate: sudo\n&/' "$conf/assentd.yaml"
! ops assent doctor >"$T/doctor" 2>&1 &&
  grep -q 'NoNewPrivileges, which forbids sudo' "$T/doctor"
tap_ok 'doctor knows that the fences forbid sudo' || tap_note "$T/doctor"
cp "$srcdir/contrib/systemd/examples/user/elevate.conf" "$user_unit/elevate.conf"
user_ctl daemon-reload && user_ctl restart assentd
pid=$(show MainPID)
grep -qE '^NoNewPrivs:\s*0$' "/proc/$pid/status" && grep -qE '^Seccomp:\s*0$' "/proc/$pid/status"
tap_ok 'with elevate.conf setuid programs may be what they are' ||
  grep -E 'Seccomp|NoNew' "/proc/$pid/status" >&2
! ops assent doctor >"$T/doctor" 2>&1 && ! grep -q NoNewPrivileges "$T/doctor"
tap_ok 'and that these do not' || tap_note "$T/doctor"
# To the end: by the real sudo, with a worker that believes /mnt/assent-test/etc.
if command -v sudo >/dev/null && [ -f /etc/sudoers ] && [ -f /etc/shadow ] && [ -d /mnt ]; then
  worker=$site/stage$libexecdir/assent-worker
  cp --remove-destination "$builddir/elevate-worker" "$worker"
  mount -t tmpfs -o mode=755 tmpfs /mnt
  mkdir -p /mnt/assent-test/etc /mnt/assent-test/site
  chmod 755 /mnt/assent-test /mnt/assent-test/etc /mnt/assent-test/site
  printf 'Defaults env_reset, !use_pty\n#%s ALL=(root) NOPASSWD: %s apply\n' \
    "$BOX_UID" "$worker" >/run/box/sudoers
  (umask 077 && { cat /etc/shadow && echo 'ops:*:19000:0:99999:7:::'; } >/run/box/shadow)
  chmod 440 /run/box/sudoers
  mount --bind /run/box/sudoers /etc/sudoers && mount --bind /run/box/shadow /etc/shadow
  ops assent trust --template |
    sed 's|^paths:.*|paths: [/mnt/assent-test/site/**]|' >/mnt/assent-test/etc/trust.yaml
  cp "$conf/allowed_signers" /mnt/assent-test/etc/
  chmod 644 /mnt/assent-test/etc/*
  cp "$T/work/assent.yaml" "$T/assent.yaml"
  cat >"$T/work/assent.yaml" <<-M
		resources:
		  - file: /mnt/assent-test/site/app.conf
		    source: app.conf
		    owner: root
		    mode: "0644"
	M
  git -C "$T/work" commit -qam 'for root' && git -C "$T/work" push -q "$T/srv/ops.git" main
  user_ctl restart assentd
  ops assent sync app >"$T/sync" 2>&1
  ops assent approve "$(pending app)" --yes --key "$BOX_HOME/.ssh/id_ed25519" >"$T/approve" 2>&1
  eventually '[ "$(state app)" = converged ]' &&
    [ "$(stat -c '%u %a' /mnt/assent-test/site/app.conf)" = '0 644' ]
  tap_ok 'and an approved plan is applied by root' || ops assent status >&2
  mv "$T/assent.yaml" "$T/work/"
  git -C "$T/work" commit -qam 'as before' && git -C "$T/work" push -q "$T/srv/ops.git" main
else
  tap_skip 'an approved plan is applied by root' 'sudo is not installed'
fi
cat "$T/good" >"$conf/assentd.yaml"

# --- lingering, asked of a loginctl that only writes down
mkdir "$T/bin"
printf '#!/bin/sh\necho "$@" >>%s/box-login\n' "$BOX_HOME" >"$T/bin/loginctl"
chmod 755 "$T/bin" "$T/bin/loginctl"
ops env PATH="$T/bin:$site/stage$bindir:$PATH" assent setup --linger >"$T/said" 2>&1 &&
  said 'ops: the agent runs without a session' && [ "$(cat "$BOX_HOME/box-login")" = enable-linger ]
tap_ok 'setup --linger asks for lingering'

# --- the alerts of the desktop, in a graphical session
desktop() { # PROPERTY
  user_ctl show -p "$1" --value assent-desktop
}
told() { # PATTERN: a notification; $id is its number
  eventually "grep -q '^notify .*$1' $T/fake.log" || return 1
  id=$(sed -n "s/^notify \([0-9]*\) .*$1.*/\1/p" "$T/fake.log" | tail -n 1)
}
if [ -x "$site/stage$libexecdir/assent-desktop" ]; then
  cp "$site/assent-desktop.service" /run/systemd/user/
  printf '[Unit]\nBindsTo=graphical-session.target\n' >/run/systemd/user/box-session.target
  # A browser is still there when whoever started it has ended.
  cat >"$T/bin/xdg-open" <<-X
		#!/bin/sh
		(umask; sed -n 's/^NoNewPrivs:[^0-9]*//p' /proc/self/status) >$BOX_HOME/opened.new
		echo \$\$ >>$BOX_HOME/opened.new
		mv $BOX_HOME/opened.new $BOX_HOME/opened
		exec sleep 600
	X
  chmod 755 "$T/bin/xdg-open"
  user_ctl set-environment "PATH=$T/bin:$PATH"
  user_ctl daemon-reload
  stacks app >"$conf/assentd.yaml"
  printf 'http:\n  listen: 127.0.0.1:%s\n' "$(git_ports 1)" >>"$conf/assentd.yaml"
  user_ctl restart assentd
  setup 0 && said 'assent-desktop.service: starts by itself from now on' &&
    said 'next graphical session' &&
    [ "$(desktop UnitFileState)/$(desktop ActiveState)" = enabled/inactive ]
  tap_ok 'setup has the alerts start with the graphical session, which there is none'
  mkfifo "$T/fake.in"
  exec 7<>"$T/fake.in"
  "${as_ops[@]}" "$site/stage$libexecdir/fake-desktop" <"$T/fake.in" >"$T/fake.log" 2>&1 7>&- &
  fake=$!
  echo two >"$T/work/app.conf"
  git -C "$T/work" commit -qam second && git -C "$T/work" push -q "$T/srv/ops.git" main
  ops assent sync app >"$T/sync" 2>&1
  user_ctl start box-session.target
  eventually '[ "$(desktop ActiveState)/$(desktop SubState)" = active/running ]'
  tap_ok 'the session brings them'
  told 'app: plan' && [ "$(desktop StatusText)" = 'plans that wait: 1, at agents: 1' ]
  must tap_ok 'a plan that waits is shown' || tap_note "$T/fake.log" "$T/sync"
  setup 0 && said 'assent-desktop.service: runs already' && ! said 'next graphical session' 2>&-
  tap_ok 'which setup sees'
  for _ in $(seq 20); do
    sleep 1.2
    echo "press $id review" >&7
    sleep 0.3
    [ ! -e "$BOX_HOME/opened" ] || break
  done
  [ -s "$BOX_HOME/opened" ]
  must tap_ok 'Review opens the page' || tap_note "$T/fake.log"
  browser=$(sed -n 3p "$BOX_HOME/opened")
  [ "$(sed -n 2p "$BOX_HOME/opened")" = 0 ]
  tap_ok 'in a browser that may be a setuid program, or start one'
  [ "$(sed -n 1p "$BOX_HOME/opened")" = "$(ops sh -c umask)" ]
  tap_ok 'and makes its files as others do, not as the alerts' || tap_note "$BOX_HOME/opened"
  pid=$(desktop MainPID)
  user_ctl restart assent-desktop && told 'app: plan' && [ "$(desktop MainPID)" != "$pid" ] &&
    kill -0 "$browser"
  tap_ok 'and stays when the alerts are started anew'
  user_ctl stop box-session.target
  eventually '[ "$(desktop ActiveState)/$(desktop Result)" = inactive/success ]' &&
    [ "$(show ActiveState)" = active ]
  tap_ok 'the session takes them along, and not the agent'
  user_ctl start box-session.target
  eventually '[ "$(desktop ActiveState)" = active ]'
  setup 0 --undo && said 'assent-desktop.service: was stopped' &&
    said 'assent-desktop.service: no longer starts by itself' &&
    [ "$(desktop UnitFileState)/$(desktop ActiveState)" = disabled/inactive ]
  tap_ok 'undo ends them, too'
  kill "$fake" "$browser"
  user_ctl stop box-session.target
  rm /run/systemd/user/assent-desktop.service /run/systemd/user/box-session.target
  user_ctl unset-environment PATH
  user_ctl daemon-reload
  setup 0
else
  tap_skip 'the alerts of the desktop' 'assent-desktop is not built: libnotify was not found'
fi

# --- the end
user_ctl stop assentd
[ "$(show Result)/$(show ExecMainStatus)/$(show ActiveState)" = success/0/inactive ]
tap_ok 'systemctl stop ends it well'
user_ctl start assentd
setup 1 --undo --dry-run && said 'would be stopped' && [ "$(show ActiveState)" = active ]
tap_ok 'a dry undo does nothing'
setup 0 --undo && said 'was stopped' && said 'no longer starts' &&
  [ "$(show UnitFileState)/$(show ActiveState)" = disabled/inactive ]
tap_ok 'undo stops it, and has it started no more'
setup 0 --undo && said 'does not run' && said 'does not start by itself'
tap_ok 'and finds that done the second time'

# --- a unit where the manager does not look
mkdir -p "$site/stage/$(dirname "$bindir")/lib/systemd/user"
mv /run/systemd/user/assentd.service "$site/stage/$(dirname "$bindir")/lib/systemd/user/"
rm -r "$user_unit"
user_ctl daemon-reload
setup 0 && [ "$(show UnitFileState)/$(show ActiveState)" = enabled/active ]
tap_ok 'a unit of another prefix is linked' || user_ctl status assentd >&2
setup 0 --undo && [ "$(show LoadState)" = not-found ]
tap_ok 'and undone'
rm "$site/stage/$(dirname "$bindir")/lib/systemd/user/assentd.service"
# Nor does one count that was installed there before.
[ ! -d "$(dirname "$bindir")/lib/systemd/user" ] ||
  mount -t tmpfs tmpfs "$(dirname "$bindir")/lib/systemd/user"
setup 1 && said 'there is no unit' && said 'doc/systemd.md'
tap_ok 'without any unit it says so'
ops env -u XDG_RUNTIME_DIR -u DBUS_SESSION_BUS_ADDRESS assent setup >"$T/said" 2>&1
[ $? = 1 ] && said 'service manager does not answer' && said machinectl
tap_ok 'and where there is no manager, what to do'

# --- a desktop without systemd
entry=$BOX_HOME/.config/autostart/assentd-autostart.desktop
alerts=$BOX_HOME/.config/autostart/assent-desktop-autostart.desktop
if [ -n "${ASSENT_PKGDATADIR-}" ]; then
  mv /run/systemd/system /run/systemd/hidden
  setup 1 --dry-run && said 'would be written' && [ ! -e "$entry" ]
  tap_ok 'without systemd a dry run names the entry of autostart'
  setup 0 && said "$entry: was written" && grep -q '^Exec=.*/assentd$' "$entry" &&
    said "$alerts: was written" && grep -q '^Exec=.*/assent-desktop$' "$alerts" &&
    said "run 'assentd'"
  tap_ok 'which setup writes'
  setup 0 && said 'is there already'
  tap_ok 'once'
  echo Hidden=true >>"$entry"
  setup 0 && said 'another than ours' && setup 0 --undo && said 'another than ours' &&
    grep -q Hidden "$entry"
  tap_ok 'and leaves alone what the user changed'
  sed -i '/^Hidden/d' "$entry"
  setup 0 --undo && said 'was removed' && [ ! -e "$entry" ] && [ ! -e "$alerts" ]
  tap_ok 'undo removes it'
  mv /run/systemd/hidden /run/systemd/system
fi
tap_end
