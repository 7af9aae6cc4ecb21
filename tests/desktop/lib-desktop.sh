# shellcheck shell=sh
# SPDX-License-Identifier: GPL-3.0-or-later
# A session of one's own for assent-desktop: a bus, notification servers, a browser that takes
# notes; after lib-git.sh and lib-agent.sh.
#
#	desktop_need PROGRAM...        # else the test is skipped, with the reason
#	desktop_bus                    # a private bus that starts nothing by itself
#	fake_up OPTION...              # the fake server; its calls stand in $T/fake.log
#	fake_do COMMAND ARGUMENT...    # see fake-desktop.c; returns when it was done
#	desktop_up OPTION...           # assent-desktop; its log is $T/desktop.log
#	shown PATTERN                  # waits for a notification; $ID is its number
#	press ID ACTION COMMAND        # until the command succeeds: presses in the first second
#	                               # of a notification do not count
#
# shellcheck disable=SC2034 # variables for those who include this
# shellcheck disable=SC2016 # conditions are evaluated later

desktop_pid='' fake_pid='' bus_pid=''

desktop_need() { # PROGRAM...
  [ -x "$builddir/assent-desktop" ] ||
    tap_skip_all 'assent-desktop is not built: libnotify was not found'
  git_need git curl ssh-keygen python3 dbus-daemon "$@" || tap_skip_all "$REASON"
}

desktop_end() {
  for pid in $desktop_pid $fake_pid $more_pids $bus_pid; do
    kill -CONT "$pid" 2>/dev/null
    kill "$pid" 2>/dev/null
    wait "$pid" 2>/dev/null
  done
  desktop_pid='' fake_pid='' more_pids='' bus_pid=''
}
more_pids=
desktop_cleanup() {
  desktop_end
  agent_cleanup
}

desktop_begin() {
  agent_begin
  trap desktop_cleanup EXIT
  unset DISPLAY WAYLAND_DISPLAY XDG_SESSION_ID DESKTOP_STARTUP_ID XDG_ACTIVATION_TOKEN
  mkdir "$T/bin"
  cat >"$T/bin/xdg-open" <<-X
		#!/bin/sh
		{
		  sed 's/.*url=\([^"]*\)".*/\1/p;d' "\$1"
		  echo "\$XDG_ACTIVATION_TOKEN"
		} >"$T/opened.new"
		mv "$T/opened.new" "$T/opened"
	X
  chmod +x "$T/bin/xdg-open"
}

# A stack that one person may decide about on the desktop, and which has a first plan.
desktop_stack() { # NAME LINE...
  stack=$1
  shift
  agent_repo "$stack"
  agent_stack "$stack" \
    'approval: {required: 1, from: [ops], channels: [signature, desktop]}' \
    'rules: [{match: {risk: root}, channels: [signature, desktop]}]' "$@"
}

desktop_bus() {
  cat >"$T/bus.conf" <<-B
		<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
		 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
		<busconfig>
		  <type>session</type>
		  <listen>unix:path=$T/bus</listen>
		  <auth>EXTERNAL</auth>
		  <policy context="default">
		    <allow send_destination="*" eavesdrop="true"/>
		    <allow eavesdrop="true"/>
		    <allow own="*"/>
		  </policy>
		</busconfig>
	B
  DBUS_SESSION_BUS_ADDRESS=unix:path=$T/bus
  DBUS_SYSTEM_BUS_ADDRESS=$DBUS_SESSION_BUS_ADDRESS
  export DBUS_SESSION_BUS_ADDRESS DBUS_SYSTEM_BUS_ADDRESS
  dbus-daemon --config-file="$T/bus.conf" --nofork --nopidfile >"$T/bus.log" 2>&1 &
  bus_pid=$!
  agent_wait_for '[ -S "$T/bus" ]'
}

fake_up() { # OPTION...
  [ -p "$T/fake.in" ] || mkfifo "$T/fake.in"
  : >"$T/fake.log"
  exec 7<>"$T/fake.in"
  "$builddir/fake-desktop" "$@" <"$T/fake.in" >>"$T/fake.log" 2>&1 7>&- &
  fake_pid=$!
}
fake_down() {
  kill "$fake_pid"
  wait "$fake_pid" 2>/dev/null
  fake_pid=
}
fake_do() { # COMMAND ARGUMENT...
  dones=$(grep -c "^done $1" "$T/fake.log")
  echo "$*" >&7
  agent_wait_for '[ "$(grep -c "^done '"$1"'" "$T/fake.log")" -gt '"$dones"' ]'
}

desktop_up() { # OPTION...
  PATH=$T/bin:$PATH "$builddir/assent-desktop" --socket "$SOCK" "$@" >>"$T/desktop.log" 2>&1 \
    </dev/null 7>&- &
  desktop_pid=$!
}
desktop_down() {
  kill "$desktop_pid"
  wait "$desktop_pid"
  desktop_code=$?
  desktop_pid=
}
desktop_lives() {
  kill -0 "$desktop_pid" 2>/dev/null
}

shown() { # PATTERN: of the newest notification that has it; $ID, $LINE
  agent_wait_for "grep -q '^notify .*$1' \"\$T/fake.log\"" || {
    tap_note "$T/fake.log" "$T/desktop.log"
    return 1
  }
  LINE=$(grep "^notify .*$1" "$T/fake.log" | tail -n 1)
  ID=${LINE#notify }
  ID=${ID%% *}
}
line_has() { # [-F] PATTERN: the newest one that was shown
  printf '%s\n' "$LINE" | grep -q "$@"
}
line_note() {
  printf '# %s\n' "$LINE" >&2
}
# How often, and how many lines there were when it was counted.
count_shown() { # PATTERN
  grep -c "^notify .*$1" "$T/fake.log"
}
closed() { # ID
  agent_wait_for "grep -qx 'close $1' \"\$T/fake.log\"" || {
    tap_note "$T/fake.log" "$T/desktop.log"
    return 1
  }
}
press() { # ID ACTION COMMAND
  presses=0
  until eval "$3"; do
    presses=$((presses + 1))
    [ $presses -le 20 ] || {
      tap_note "$T/fake.log" "$T/desktop.log" "$T/agent.log"
      return 1
    }
    sleep 1.1
    fake_do press "$1" "$2"
    sleep 0.2
  done
}
