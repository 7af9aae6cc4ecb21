#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The agent of a server, under a real systemd as the first process of a container made of this very
# machine (an overlay that is thrown away): assent setup --system, a plan applied behind all the
# unit's fences, and what those forbid.
# shellcheck disable=SC2016,SC2153
. "${srcdir:-.}/tests/system/lib-git.sh"
. "${srcdir:-.}/tests/systemd/lib-box.sh"
: "${srcdir:=.}" "${builddir:=.}"
[ "$(id -u)" = 0 ] || tap_skip_all 'needs root, for a container'
git_need systemd-nspawn nsenter unshare python3 git ssh-keygen || tap_skip_all "$REASON"
[ -n "${ASSENT_PKGDATADIR-}" ] || tap_skip_all 'is run by make check'

box_apart "$0"
git_begin
box_lay

# --- what make install would do, and nothing of what this machine starts
made=$builddir/contrib
bindir=$(sed -n 's|^ExecStart=\(.*\)/assentd$|\1|p' "$made/systemd/system/assentd.service")
libexecdir=$(sed -n 's|.*exec.path">\(.*\)/assent-worker<.*|\1|p' \
  "$made/desktop/org.assent.worker.policy")
conf=$(sed -n 's/^d \([^ ]*\).*/\1/p' "$made/systemd/tmpfiles/assent.conf")
prefix=${ASSENT_PKGDATADIR%/share/assent}
# The container has a /tmp and a /run of its own, which would hide a prefix that lies there.
case $prefix in
/tmp/* | /run/*) stage=$T/stage shown=--bind=$T/stage$prefix:$prefix ;;
*) stage=$root shown=--quiet ;;
esac
rm -rf "$root/etc/systemd/system" "$root/var/lib/assent" "${stage:?}$conf"
units=$root/etc/systemd/system
mkdir -p "$units/assentd.service.d" "$stage$bindir" "$stage$libexecdir" \
  "$stage$prefix/lib/sysusers.d" "$stage$prefix/lib/tmpfiles.d" "$root/srv"
cp "$builddir/assent" "$builddir/assentd" "$stage$bindir/"
cp "$builddir/assent-worker" "$stage$libexecdir/"
cp "$made/systemd/system/assentd.service" "$units/"
rm -f "$root"/{etc,usr/lib,usr/local/lib}/{sysusers,tmpfiles}.d/assent.conf
for file in passwd group shadow gshadow; do
  [ ! -f "$root/etc/$file" ] || sed -i '/^assent:/d' "$root/etc/$file"
done
mkdir -p "$root/usr/share/polkit-1/actions"
cp "$made/desktop/org.assent.worker.policy" "$root/usr/share/polkit-1/actions/"
chmod 755 "$stage$bindir"/assent* "$stage$libexecdir/assent-worker"
echo '[Service]' >"$units/assentd.service.d/0-test.conf"
# Leaks are looked for by ptrace(2), which the fences forbid.
if grep -q __asan_init "$builddir/assentd"; then
  printf 'SystemCallFilter=ptrace\nEnvironment=ASAN_OPTIONS=detect_leaks=0\n' \
    >>"$units/assentd.service.d/0-test.conf"
fi
# And two fences would hide a prefix that is none for an installation, as tests may have it.
case $prefix in
/tmp/* | /var/tmp/*) echo 'PrivateTmp=no' ;;
/root/* | /home/*) echo 'ProtectHome=read-only' ;;
esac >>"$units/assentd.service.d/0-test.conf"
parent=$prefix
while [ "$parent" != / ]; do
  chmod a+x "$stage$parent"
  parent=$(dirname "$parent")
done
git init -q -b main "$T/work"
cat >"$T/work/assent.yaml" <<M
resources:
  - file: /srv/app/app.conf
    source: app.conf
    mode: "0640"
M
echo one >"$T/work/app.conf"
git -C "$T/work" add -A && git -C "$T/work" commit -q -m first
git clone -q --bare "$T/work" "$root/srv/ops.git"

# --- boot
box_path=$bindir
box_boot "$shown"
show() { # PROPERTY
  box systemctl show -p "$1" --value assentd
}
said() {
  grep -qE -e "$1" "$T/said" || {
    tap_note "$T/said"
    return 1
  }
}
setup() { # EXIT-CODE [OPTION...]
  code=$1
  shift
  box assent setup --system "$@" >"$T/said" 2>&1
  got=$?
  [ $got = "$code" ] || {
    echo "# assent setup $* gave $got, not $code" >&2
    tap_note "$T/said"
    box journalctl -q --no-pager -n 20 -u assentd | sed 's/^/# /' >&2
    return 1
  }
}
stack() { # FIELD
  box assent status --json 2>/dev/null | python3 -c "
import json, sys
s = json.load(sys.stdin)['stacks'][0]
print($1)" 2>/dev/null
}
becomes() { # STATE
  for _ in $(seq 300); do
    [ "$(stack "s['state']")" = "$1" ] && return 0
    sleep 0.05
  done
  box assent status | sed 's/^/# /' >&2
  return 1
}

# --- setup; Assent is installed while the system runs, which would make the user at its start
cp "$made/systemd/sysusers/assent.conf" "$stage$prefix/lib/sysusers.d/"
cp "$made/systemd/tmpfiles/assent.conf" "$stage$prefix/lib/tmpfiles.d/"
box mkdir -p /root/.ssh
box ssh-keygen -q -t ed25519 -N '' -f /root/.ssh/id_ed25519 2>/dev/null
setup 1 && said 'no configuration'
tap_ok 'setup wants a configuration' || exit 1
box assent init --agent server.example.org >"$T/init" 2>&1
tap_ok 'init writes one' || tap_note "$T/init"
cat >"$stage$conf/assentd.yaml" <<C
agent: server.example.org
people:
  root: {user: root}
stacks:
  app:
    source: {url: "file:///srv/ops.git", branch: main, interval: 1h}
    approval: {required: 1, from: [root]}
C
setup 1 --dry-run && said 'assent: this user would be made' &&
  said "$conf: would be made readable" && ! box id assent >/dev/null 2>&1
tap_ok 'a dry run tells, and makes no user'
setup 0 && said 'assent: this user was made' && said "$conf: can be read by the agent now" &&
  said 'assentd.service: starts by itself' && said 'assentd.service: was started'
tap_ok 'setup makes the user, opens the folder, enables and starts the agent' || {
  box sh -c "id assent; ls -ld $prefix $prefix/etc $conf $conf/*" >&2
  exit 1
}
setup 0 && ! said 'was made|now|was started' 2>/dev/null
tap_ok 'and finds it all done the second time'
pid=$(show MainPID)
box cat "/proc/$pid/status" >"$T/status"
uid=$(box id -u assent)
grep -qE "^Uid:\s*$uid\s" "$T/status" && grep -qE '^CapBnd:\s*0+$' "$T/status" &&
  grep -qE '^NoNewPrivs:\s*1$' "$T/status" && grep -qE '^Seccomp:\s*2$' "$T/status"
tap_ok 'it runs as assent, without capabilities' || tap_note "$T/status"
[ "$(box stat -c '%U:%G %a' /var/lib/assent/keys/plan.key)" = 'assent:assent 600' ] &&
  [ "$(box stat -c '%U:%G %a' "$conf/assentd.yaml")" = 'root:assent 640' ]
tap_ok 'its keys are its own, the configuration is not'

# --- a round; the repository may be read by everybody
box chown -R assent:assent /srv/ops.git
box assent sync app >"$T/said" 2>&1
becomes pending
tap_ok 'a commit gives a plan'
plan=$(stack "s['pending']['plan']")
box assent approve "$plan" --yes >"$T/said" 2>&1
becomes failed && [ ! -e "$root/srv/app" ]
tap_ok 'what is not named by ReadWritePaths cannot be written' || tap_note "$T/said"
box install -d -o assent -g assent /srv/app
sed '/^#/d' "$srcdir/contrib/systemd/examples/system/targets.conf" \
  >"$units/assentd.service.d/targets.conf"
setup 0 && said 'has read its units again'
box systemctl restart assentd
tap_ok 'with targets.conf it starts again'
box assent replan app >"$T/said" 2>&1
becomes pending && plan=$(stack "s['pending']['plan']") &&
  box assent approve "$plan" --yes >"$T/said" 2>&1 && becomes converged &&
  [ "$(box cat /srv/app/app.conf)" = one ]
tap_ok 'and what is named is written' || tap_note "$T/said"
[ "$(box stat -c '%U %a' /srv/app/app.conf)" = 'assent 640' ]
tap_ok 'as the agent'

# --- what polkit knows
if [ -x "$root/usr/bin/pkaction" ]; then
  box pkaction --verbose --action-id org.assent.worker.apply >"$T/said" 2>&1 &&
    said "exec.path -> $libexecdir/assent-worker" && said 'exec.argv1 -> apply' &&
    [ "$(grep -cE 'implicit .* auth_admin$' "$T/said")" = 3 ]
  tap_ok 'polkit knows the action of the worker, for administrators'
else
  tap_skip 'polkit knows the action of the worker' 'pkaction is not installed'
fi

# --- root.conf, and the end
cp "$srcdir/contrib/systemd/examples/system/root.conf" "$units/assentd.service.d/"
box systemctl daemon-reload && box systemctl restart assentd
pid=$(show MainPID)
box cat "/proc/$pid/status" >"$T/status"
grep -qE '^Uid:\s*0\s' "$T/status" && ! grep -qE '^CapBnd:\s*0+$' "$T/status" &&
  [ "$(stack "s['state']")" = converged ]
tap_ok 'root.conf makes it root' || tap_note "$T/status"
left=$(box systemctl show assentd -p MemoryDenyWriteExecute,ProtectClock,ProtectKernelLogs \
  -p LockPersonality,RestrictRealtime,SystemCallArchitectures | grep -v -e '=no$' -e '=$')
[ -z "$left" ]
tap_ok 'and leaves no fence that packages would run into' || echo "# $left" >&2
setup 0 --undo && said 'was stopped' && [ "$(show ActiveState)/$(show Result)" = inactive/success ]
tap_ok 'undo ends it'
tap_end
