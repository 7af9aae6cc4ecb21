#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Services through the system's manager, a real systemd as the first process of a container made of
# this very machine: as root, as a user whom polkit does not know, and where nobody answers.
# shellcheck disable=SC2015,SC2016,SC2119,SC2153
. "${srcdir:-.}/tests/system/lib-git.sh"
. "${srcdir:-.}/tests/systemd/lib-box.sh"
: "${srcdir:=.}" "${builddir:=.}"
[ "$(id -u)" = 0 ] || tap_skip_all 'needs root, for a container'
git_need systemd-nspawn nsenter unshare python3 setpriv || tap_skip_all "$REASON"

box_apart "$0"
git_begin
box_lay
units=$root/etc/systemd/system
rm -rf "$units"
mkdir -p "$units" "$root/usr/lib/systemd/system"
cp "$builddir/service-rig" "$root/usr/bin/assent-service-rig"
chmod 755 "$root/usr/bin/assent-service-rig"
loop='ExecStart=/bin/sh -c "while :; do sleep 0.1; done"'
printf '%s\n' '[Service]' "$loop" '[Install]' 'WantedBy=multi-user.target' >"$units/app.service"
printf '%s\n' '[Service]' "$loop" >"$root/usr/lib/systemd/system/vendor.service"
printf '%s\n' '[Service]' 'ExecStart=/bin/sh -c "echo no data here; exit 3"' >"$units/bad.service"
cat >"$units/own.service" <<'U'
[Service]
ExecStart=/bin/sh -c 'A=assent-service-rig; \
  $A steps commit system restart own.service running=active observed=static/active; \
  $A plan /root service=own.service,state=stopped; echo over; sleep 1000'
StandardOutput=file:/run/own
U
printf '%s\n' '[Service]' "$loop" '[Install]' 'WantedBy=multi-user.target' >"$units/many@.service"
# The agent's own fences around the rig.
sed -e 's|^ExecStart=.*|ExecStart=/usr/bin/assent-service-rig look system app.service|' \
  -e 's|^Type=.*|Type=oneshot|' -e '/^Watchdog/d; /^Restart/d; /^ExecReload/d' \
  -e 's/^\(User\|Group\)=.*/\1=daemon/; s|^\[Install\]|StandardOutput=file:/run/fenced\n&|' \
  "$builddir/contrib/systemd/system/assentd.service" >"$units/fenced.service"
if grep -q __asan_init "$builddir/assentd"; then
  mkdir "$units/fenced.service.d"
  printf '[Service]\nSystemCallFilter=ptrace\nEnvironment=ASAN_OPTIONS=detect_leaks=0\n' \
    >"$units/fenced.service.d/0-test.conf"
fi
box_boot
rig() {
  box assent-service-rig "$@" >"$T/said" 2>&1
}
as_nobody() {
  box setpriv --reuid 65534 --regid 65534 --clear-groups assent-service-rig "$@" >"$T/said" 2>&1
}
said() {
  grep -qE -e "^($1)" "$T/said" || {
    tap_note "$T/said"
    return 1
  }
}
is() { # UNIT "ENABLED RUNNING"
  rig look system "$1" && said "$1: $2\$"
}

is app.service 'disabled inactive'
tap_ok 'a unit of the system is seen'
as_nobody look system app.service && said 'app.service: disabled inactive$'
tap_ok 'by everybody'
rig steps check,observe,commit system start app.service enabled=enabled running=active &&
  is app.service 'enabled active' && [ -L "$units/multi-user.target.wants/app.service" ]
tap_ok 'it is enabled and started' || tap_note "$T/said"
rig steps commit,undo,revive system stop app.service enabled=disabled running=inactive &&
  is app.service 'enabled active'
tap_ok 'stopped and disabled, and taken back'
rig steps commit system update vendor.service enabled=masked && is vendor.service 'masked inactive'
tap_ok 'one of the vendor is masked'
rig steps commit,undo,revive system start vendor.service enabled=unmasked running=active &&
  is vendor.service 'masked inactive'
tap_ok 'unmasked and started, stopped and masked when that is taken back'
! rig steps commit,undo system start bad.service running=active &&
  said "commit: failed: 'bad.service' did not start: .*exit code 3; its last lines: .*no data here"
tap_ok 'the last lines of one that fails are told'
rig steps commit system enable many@.service enabled=disabled >/dev/null
rig look system many@.service many@one.service &&
  said 'many@.service: disabled inactive$' && said 'many@one.service: disabled inactive$'
tap_ok 'a template is seen, and an instance'
rig steps commit system start many@one.service enabled=enabled running=active &&
  is many@one.service 'enabled active'
tap_ok 'which is enabled and started' || tap_note "$T/said"
! as_nobody steps commit,undo,revive system stop app.service running=inactive &&
  said "commit: failed: .*manager refuses.*'elevate' for the stack.*'scope: user'" &&
  is app.service 'enabled active'
tap_ok 'who may not do it is told what to do'
as_nobody plan /nonexistent service=app.service,state=stopped &&
  said 'warning: services of the system are changed by this user only where polkit lets it'
tap_ok 'and so says the plan'
rig plan /root service=app.service,state=stopped && said 'stop service:app.service system risk=4$'
tap_ok 'a service of the system belongs to root'
rig plan /root change=/etc/systemd/system/new.service service=new.service,state=running &&
  said 'start service:new.service system risk=4 needs=service:daemon-reload'
tap_ok 'its units are read before'
rig plan /root root change=/etc/systemd/user/x.service &&
  said 'warning: units of users change' && ! grep -q daemon-reload "$T/said"
tap_ok "root does not tell users' managers"
box systemctl start own.service
for _ in $(seq 1200); do
  box cat /run/own >"$T/said" 2>/dev/null && grep -q over "$T/said" && break
  sleep 0.05
done
said "commit: failed: 'own.service' is the agent's own unit" &&
  said "problem: 'own.service' is the agent's own unit, which cannot"
tap_ok 'nobody ends the unit that he runs in'

box systemctl start fenced.service
box cat /run/fenced >"$T/said" && said 'app.service: enabled active$'
tap_ok "the system's manager is reached from behind the agent's fences" ||
  box systemctl status fenced.service >&2

# --- nobody answers
python3 - "$T" <<'P' &
import socket, sys, time
s = socket.socket(socket.AF_UNIX)
s.bind(sys.argv[1] + "/mute")
s.listen(8)
time.sleep(120)
P
mute=$!
git_pids="$git_pids $mute"
for _ in $(seq 1200); do
  [ -S "$T/mute" ] && break
  sleep 0.05
done
! DBUS_SYSTEM_BUS_ADDRESS=unix:path=$T/mute timeout 60 "$builddir/service-rig" look system \
  a.service >"$T/said" 2>&1 && said 'open: failed: the bus of the system cannot be reached'
tap_ok 'a bus that says nothing is given up'
! DBUS_SYSTEM_BUS_ADDRESS=unix:path=$T/none "$builddir/service-rig" look system a.service \
  >"$T/said" 2>&1 && said 'open: failed: the bus of the system cannot be reached'
tap_ok 'and one that is not there'
kill $mute
tap_end
