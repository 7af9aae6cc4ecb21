#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Services through a real `systemd --user`: what is seen of them, started, failing, started again,
# reloaded, enabled, masked, and taken back; units read again once; and what a plan makes of them.
# In namespaces of its own: see manager-box.sh.
# shellcheck disable=SC2015,SC2016,SC2046,SC2153,SC2086,SC2206
. "${srcdir:-.}/tests/system/lib-git.sh"
: "${srcdir:=.}" "${builddir:=.}"

if [ -z "${IN_BOX-}" ]; then
  site=$(mktemp -d "${TMPDIR:-/tmp}/assent-service-XXXXXX") || exit 1
  trap 'rm -rf "$site"' EXIT
  trap 'exit 1' HUP INT TERM
  cp "$builddir/service-rig" "$site/"
  chmod -R a+rX "$site"
  export IN_BOX=1 site srcdir builddir
  bash "$srcdir/tests/systemd/manager-box.sh" bash "$0" >"$site/out"
  rc=$?
  [ $rc != 77 ] || tap_skip_all "$(head -n 1 "$site/out")"
  cat "$site/out"
  exit $rc
fi

# --- in the box
T=/run/box/test
mkdir -m 755 $T
as_ops=(setpriv --reuid "$BOX_UID" --regid "$BOX_UID" --clear-groups env -i $BOX_ENV
  ASAN_OPTIONS=detect_leaks=0)
rig() {
  "${as_ops[@]}" "$site/service-rig" "$@" >$T/said 2>&1
}
ctl() {
  "${as_ops[@]}" systemctl --user "$@"
}
show() { # PROPERTY UNIT
  ctl show -p "$1" --value "$2"
}
said() { # REGEX, at the start of a line
  grep -qE -e "^($1)" $T/said || {
    tap_note $T/said
    return 1
  }
}
is() { # UNIT "ENABLED RUNNING"
  rig look user "$1" && [ "$(cat $T/said)" = "$1: $2" ] || {
    tap_note $T/said
    return 1
  }
}
# How often the manager has read its units.
reloads() {
  wc -l <"$BOX_HOME/generated"
}
# A generator is run each time.
mkdir -p /run/systemd/user-generators
printf '#!/bin/sh\necho >>%s/generated\n' "$BOX_HOME" >/run/systemd/user-generators/count
chmod 755 /run/systemd/user-generators/count
units=$BOX_HOME/.config/systemd/user
"${as_ops[@]}" mkdir -p "$units"
unit() { # NAME [LINE...]: of [Service]; the file is older than what the manager reads next
  name=$1
  shift
  { echo '[Service]' && printf '%s\n' "$@"; } >"$units/$name"
  chown "$BOX_UID" "$units/$name"
}
install='[Install]
WantedBy=default.target'
loop='ExecStart=/bin/sh -c "trap \"echo again >>%h/reloads\" HUP; while :; do sleep 0.05; done"'
unit good.service "$loop" 'ExecReload=/bin/kill -HUP $MAINPID' "$install"
unit plain.service "$loop"
unit bad.service 'ExecStart=/bin/sh -c "echo line one; echo cannot open the data >&2; exit 3"'
unit early.service Type=oneshot 'ExecStart=/bin/sh -c "echo too early; exit 4"'
unit crash.service 'ExecStart=/bin/false' Restart=always RestartSec=100ms StartLimitBurst=1000
unit pause.service ExecStart=/bin/false Restart=always RestartSec=1h
unit hang.service Type=notify 'ExecStart=/bin/sleep 1000' TimeoutStartSec=infinity
unit slow.service Type=notify 'ExecStart=/bin/sleep 1000' TimeoutStartSec=1
unit once.service Type=oneshot ExecStart=/bin/true
unit killed.service 'ExecStart=/bin/sh -c "sleep 0.2; kill -KILL $$$$"'
ctl daemon-reload
# Where journals are kept for good, everybody may read his own; this one is one for all.
echo here | systemd-cat && journalctl --sync && chmod -R a+rX /run/log/journal

# --- what is seen
is good.service 'disabled inactive'
tap_ok 'a unit that does not run'
is nowhere.service '- inactive absent'
tap_ok 'one that is not there'
ctl start good.service
is good.service 'disabled active'
tap_ok 'one that runs'
is plain.service 'static inactive'
tap_ok 'one that cannot be enabled'
ctl start bad.service
is bad.service 'static failed'
tap_ok 'one that has failed'
ctl start pause.service
for _ in $(seq 1200); do
  [ "$(show SubState pause.service)" = auto-restart ] && break
  sleep 0.05
done
is pause.service 'static failed'
tap_ok 'one that starts and fails again and again has failed'
ctl stop pause.service
seq -f 'many-%g.service' 500 >$T/many
"${as_ops[@]}" sh -c "cat >$units/many-7.service" <<M
[Service]
ExecStart=/bin/true
M
rig look user $(cat $T/many) && [ "$(wc -l <$T/said)" = 500 ] &&
  said 'many-7.service: static inactive$' && said 'many-8.service: - inactive absent$'
tap_ok 'five hundred in one go'
rig active user good.service && said 'active \(running\)'
tap_ok 'a check sees that it is active'
! rig active user bad.service && said 'failed'
tap_ok 'or not, and how it is'

# --- start and stop, and back
ctl stop good.service
rig steps check,observe,commit user start good.service running=active &&
  is good.service 'disabled active'
tap_ok 'it is started' || tap_note $T/said
ctl stop good.service
rig steps commit,undo,revive user start good.service running=active &&
  is good.service 'disabled inactive'
tap_ok 'and stopped when that is taken back' || tap_note $T/said
rig steps undo,revive user start good.service running=active && is good.service 'disabled inactive'
tap_ok 'what was never begun is not undone'
ctl start good.service
rig steps commit user stop good.service running=inactive && is good.service 'disabled inactive'
tap_ok 'it is stopped' || tap_note $T/said
ctl start good.service
rig steps commit,undo,revive,undo,revive user stop good.service running=inactive &&
  is good.service 'disabled active'
tap_ok 'and runs again when that is taken back, twice' || tap_note $T/said

# --- restart and reload
pid=$(show MainPID good.service)
rig steps commit user restart good.service running=active && is good.service 'disabled active' &&
  [ "$(show MainPID good.service)" != "$pid" ]
tap_ok 'it is restarted' || tap_note $T/said
pid=$(show MainPID good.service)
rig steps crash,undo,revive user restart good.service running=active &&
  is good.service 'disabled active' && [ "$(show MainPID good.service)" != "$pid" ]
tap_ok 'and once more when its old files are back' || tap_note $T/said
pid=$(show MainPID good.service)
rig steps commit,undo,revive user reload good.service running=active &&
  [ "$(show MainPID good.service)" = "$pid" ]
tap_ok 'it is reloaded, in the same process' || tap_note $T/said
sleep 0.2
[ "$(cat "$BOX_HOME/reloads")" = 'again
again' ]
tap_ok 'and once more when its old files are back'
! rig steps commit,undo user reload plain.service running=active observed=static/active &&
  said "commit: failed: 'plain.service' did not read its configuration"
tap_ok 'what cannot be reloaded is told'

# --- failures
! rig steps commit,undo,revive user start bad.service running=active observed=static/inactive &&
  said "commit: failed: 'bad.service' did not start: it does not stay up; it is failed" &&
  said '.*, result exit-code, exit code 3' &&
  said 'undo: ok'
tap_ok 'a service that ends at once has not been started'
said '.*; its last lines: (.* \| )?line one \| cannot open the data'
tap_ok 'and its last lines are told'
is bad.service 'static inactive'
tap_ok 'what failed by us is not left failed'
! rig steps commit,undo user start early.service running=active &&
  said "commit: failed: 'early.service' did not start: its job ended as 'failed'" &&
  said '.*exit code 4.*too early'
tap_ok 'so is one that fails while it starts'
! rig steps commit,undo user start crash.service running=active observed=static/inactive &&
  said "commit: failed: 'crash.service' did not start: it does not stay up" &&
  is crash.service 'static inactive'
tap_ok 'and one that is started again and again by its manager'
! rig steps commit,undo user start killed.service running=active &&
  said "commit: failed: .*killed by signal 9"
tap_ok 'and one that dies in its first moment'
! rig steps commit,undo user start slow.service running=active &&
  said 'commit: failed: .*result timeout' &&
  is slow.service 'static inactive'
tap_ok "a unit's own deadline ends the wait"
! rig job 1 user start hang.service &&
  said "start: failed: 'hang.service' did not start .*still under way after 1 seconds"
tap_ok 'a unit that allows itself for ever does not get it'
ctl stop hang.service
! rig steps commit,undo user start hang.service running=active stop=300 &&
  said "commit: failed: 'hang.service' did not start .*asked to stop" && said 'undo: ok' &&
  is hang.service 'static inactive'
tap_ok 'an end that is asked for comes while waiting, and the start is taken back'
rig steps commit user start once.service running=active && is once.service 'static inactive'
tap_ok 'a unit that runs once and ends well was started'
ctl start bad.service
sleep 0.2
unit bad.service "$loop"
rig steps commit user restart daemon-reload; rig steps commit user reload daemon-reload
rig steps commit user start bad.service running=active && is bad.service 'static active'
tap_ok 'what had failed starts when it is mended' || tap_note $T/said

# --- links
rig steps commit user enable good.service enabled=enabled && is good.service 'enabled active'
tap_ok 'it is enabled' || tap_note $T/said
rig steps commit,undo,revive user disable good.service enabled=disabled &&
  is good.service 'enabled active'
tap_ok 'disabled and enabled again' || tap_note $T/said
rig steps commit user disable good.service enabled=disabled && is good.service 'disabled active'
tap_ok 'disabled'
rig steps commit,undo,revive user enable good.service enabled=enabled &&
  is good.service 'disabled active'
tap_ok 'enabled and disabled again' || tap_note $T/said
! rig steps commit,undo,revive user enable plain.service enabled=enabled &&
  said "commit: failed: 'plain.service' cannot be enabled: its file has no \[Install\] section"
tap_ok 'a unit without [Install] cannot be enabled'
ctl stop good.service
! rig steps commit,undo user update good.service enabled=masked && said 'undo: ok'
tap_ok 'a unit of the very folder of masks cannot be masked' || tap_note $T/said
mkdir -p /run/systemd/user
cp "$units/plain.service" /run/systemd/user/vendor.service
ctl daemon-reload
rig steps commit user update vendor.service enabled=masked && 
  rig look user vendor.service && said 'vendor.service: masked(-runtime)? inactive$'
tap_ok 'one of the vendor is masked' || tap_note $T/said
! rig steps commit,undo user start vendor.service running=active && said 'commit: failed: .*masked'
tap_ok 'and cannot be started'
rig steps commit user start vendor.service enabled=unmasked running=active &&
  is vendor.service 'static active'
tap_ok 'unmasked and started' || tap_note $T/said
rig steps commit,undo,revive user update vendor.service enabled=masked &&
  is vendor.service 'static active'
tap_ok 'masked and unmasked again' || tap_note $T/said
"${as_ops[@]}" mkdir "$BOX_HOME/app"
cp "$units/good.service" "$BOX_HOME/app/linked.service"
ctl link "$BOX_HOME/app/linked.service" 2>/dev/null
is linked.service 'linked inactive' &&
  rig steps commit user start linked.service enabled=enabled running=active &&
  is linked.service 'enabled active'
tap_ok 'a linked one is enabled and started'
ctl stop linked.service && ctl disable linked.service 2>/dev/null
ctl link "$BOX_HOME/app/linked.service" 2>/dev/null
rig steps commit,undo,revive user start linked.service enabled=enabled running=active &&
  is linked.service 'linked inactive'
tap_ok 'and is linked as before when that is taken back' || tap_note $T/said

# --- a new unit, read once
before=$(reloads)
unit new.service "$loop"
rig steps commit user reload daemon-reload && [ "$(reloads)" = $((before + 1)) ] &&
  rig steps commit user start new.service running=active && is new.service 'static active' &&
  [ "$(reloads)" = $((before + 1)) ]
tap_ok 'a new unit is read, once, and started' || reloads >&2
unit new.service "$loop" Environment=A=1
rig steps undo,revive user reload daemon-reload && [ "$(reloads)" = $((before + 1)) ]
tap_ok 'a reading that was not begun is not repeated'
rig steps crash,undo,revive user restart new.service running=active &&
  [ "$(show Environment new.service)" = A=1 ] && [ "$(reloads)" = $((before + 2)) ]
tap_ok 'who is started again with old files reads them before' || tap_note $T/said
rig steps crash,undo,revive user reload daemon-reload && [ "$(reloads)" = $((before + 3)) ]
tap_ok 'a reading that was begun is repeated'

# --- what an apply does not take
refused() { # ARGUMENT...
  ! rig steps check "$@" observed=disabled/active && said "check: failed: the plan's change"
}
refused user enable good.service enabled=enabled running=active &&
  refused user update good.service enabled=disabled running=inactive &&
  refused user start good.service enabled=masked running=active &&
  refused user remove good.service running=inactive &&
  refused user stop --help running=inactive &&
  refused user stop ../x.service running=inactive &&
  refused user stop x@.service running=inactive &&
  refused user stop 'x y.service' running=inactive &&
  refused user start good.service running=active &&
  refused both stop good.service running=inactive &&
  refused user reload daemon-reload running=active
tap_ok 'an action that hides another, or a name that is none, is no plan'

# --- plans
line() { # NUMBER TEXT: of what was planned
  [ "$(sed -n "$1p" $T/said)" = "$2" ] || {
    tap_note $T/said
    return 1
  }
}
plan() {
  rig plan "$BOX_HOME" "$@"
}
ctl start good.service
plan service=good.service,scope=user,state=running \
  service=plain.service,scope=user,state=stopped,enabled=0 && [ ! -s $T/said ]
tap_ok 'nothing is planned when all is well' || tap_note $T/said
plan service=plain.service,scope=user,state=running &&
  line 1 'start service:plain.service user risk=0' && line 2 'service plain.service (user)' &&
  line 3 ' enabled static' && line 4 '-running inactive' && line 5 '+running active'
tap_ok 'a start'
plan change=/srv/app.conf,notify=good.service service=good.service,scope=user,enabled=1 &&
  line 2 'restart service:good.service user risk=0 needs=file:/srv/app.conf' &&
  said '-enabled disabled' && said '\+enabled enabled' && said '\+restart' &&
  said ' because file:/srv/app.conf'
tap_ok 'a restart for a file that it is told of, enabled by the way'
plan change=/srv/app.conf,notify=good.service service=good.service,scope=user,reload &&
  line 2 'reload service:good.service user risk=0 needs=file:/srv/app.conf'
tap_ok 'or a reload'
plan change=/srv/app.conf,notify=new.service service=new.service,scope=user,reload &&
  line 2 'restart service:new.service user risk=0 needs=file:/srv/app.conf' &&
  said "warning: 'new.service' cannot reload; it is restarted"
tap_ok 'which is a restart where it cannot reload'
plan change=/srv/app.conf,notify=plain.service service=plain.service,scope=user && line 2 ''
tap_ok 'what does not run is not restarted'
plan change=/srv/app.conf,notify=good.service service=good.service,scope=user,state=stopped &&
  line 2 'stop service:good.service user risk=0'
tap_ok 'nor what shall be stopped'
plan service=nothing.service,scope=user,state=running &&
  said "problem: there is no unit 'nothing.service', and nothing here brings it"
tap_ok 'a unit that is nowhere'
plan change=$units/nothing.service service=nothing.service,scope=user,state=running,enabled=1 &&
  line 2 'reload service:daemon-reload user risk=0' &&
  line 3 'start service:nothing.service user risk=0 needs=service:daemon-reload' &&
  said ' not there yet' && said '\+enabled enabled'
tap_ok 'one that the plan brings is started after its manager has read it'
plan package=app service=app.service,scope=user,state=stopped,enabled=0 &&
  line 2 'stop service:app.service user risk=0'
tap_ok 'what a package brings is stopped, should it run by then'
plan change=$units/a.service change=$units/b.service.d/x.conf \
  service=a.service,scope=user,state=running \
  service=plain.service,scope=user,state=running change=$units/c.service &&
  [ "$(grep -c '^reload service:daemon-reload.* user' $T/said)" = 2 ] &&
  line 3 'reload service:daemon-reload user risk=0' &&
  line 7 'reload service:daemon-reload:user user risk=0'
tap_ok 'units that come later are read later, the rest once'
plan remove=$units/gone.service && line 2 'reload service:daemon-reload user risk=0'
tap_ok 'a unit that goes is unread'
plan change=/srv/app.conf service=plain.service,scope=user,enabled=1 &&
  said "problem: 'plain.service' cannot be enabled: it is 'static'"
tap_ok 'a static unit is no unit to enable'
plan service=vendor.service,scope=user,masked=1,state=running &&
  said "problem: 'vendor.service' shall be masked"
tap_ok 'masked and running is nonsense'
plan service=vendor.service,scope=user,masked=1,state=stopped &&
  line 1 'stop service:vendor.service user risk=0' && said '\+enabled masked'
tap_ok 'masked and stopped is not'
plan service=once.service,scope=user,state=running && [ ! -s $T/said ]
tap_ok 'one that runs once is not started at every look' || tap_note $T/said
plan change=/srv/x,notify=once.service service=once.service,scope=user,state=running &&
  line 2 'start service:once.service user risk=0 needs=file:/srv/x'
tap_ok 'but when it is told of something'
plan root service=good.service,scope=user,state=running && said 'problem: root applies this stack'
tap_ok "root does not speak with a user's manager"
plan change=/srv/x was=good.service,scope=user,state=running,enabled=1 &&
  line 1 'stop service:good.service user risk=0' && line 2 'create file:/srv/x risk=0'
tap_ok 'what is not declared any more is stopped before anything else'
plan service=good.service,scope=system,state=running && said 'problem: the bus of the system cannot'
tap_ok 'a manager that is not there is told' || tap_note $T/said
ctl start bad.service && unit bad.service ExecStart=/bin/true "$loop" &&
  plan change=/srv/x,notify=bad.service service=bad.service,scope=user,state=running &&
  line 2 'reload service:daemon-reload user risk=0' &&
  said 'restart service:bad.service user .*needs=file:/srv/x needs=service:daemon-reload'
tap_ok 'a unit that changed before is read again, too'
tap_end
