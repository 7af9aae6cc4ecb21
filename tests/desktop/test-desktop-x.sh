#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# assent-desktop on a screen of its own (Xvfb), with real notification servers: the buttons of
# notification-daemon are clicked, dunst is told by dunstctl. Pictures stay in
# $builddir/tests/desktop-*.png.
# shellcheck disable=SC2016,SC2119,SC2120,SC2153,SC2154
. "${srcdir:-.}/tests/system/lib-git.sh"
. "${srcdir:-.}/tests/system/lib-agent.sh"
. "${srcdir:-.}/tests/system/lib-review.sh"
. "${srcdir:-.}/tests/desktop/lib-desktop.sh"
desktop_need Xvfb xdotool import
daemon=
for path in /usr/lib/notification-daemon /usr/libexec /usr/lib/*/notification-daemon; do
  [ ! -x "$path/notification-daemon" ] || daemon=$path/notification-daemon
done
[ -n "$daemon" ] || command -v dunst >/dev/null ||
  tap_skip_all 'neither notification-daemon nor dunst is installed'
desktop_begin
desktop_stack web
agent_commit web 'Serve the new start page'
desktop_stack app
sed -i "s/^  alice: {/&user: $(id -un), /; s/web1\\.test/web1.example.org/" "$CONF"
review_http
agent_init
sed -i 's/web1\.test/web1.example.org/' "$T/etc/trust.yaml"
echo 'attested: [desktop]' >>"$T/etc/trust.yaml"
desktop_bus

# --- the screen
: >"$T/display"
Xvfb -displayfd 5 -screen 0 800x600x24 -nolisten tcp 5>"$T/display" >"$T/xvfb.log" 2>&1 &
more_pids=$!
agent_wait_for '[ -s "$T/display" ]' || tap_skip_all 'Xvfb does not start'
DISPLAY=:$(cat "$T/display") NO_AT_BRIDGE=1 GSETTINGS_BACKEND=memory GIO_USE_VFS=local
XDG_CACHE_HOME=$T/cache HOME=$T/home
export DISPLAY NO_AT_BRIDGE GSETTINGS_BACKEND GIO_USE_VFS XDG_CACHE_HOME
mkdir -p "$T/cache" "$T/home" "$builddir/tests"

picture() { # NAME
  import -window root -silent "$builddir/tests/desktop-$1.png" 2>"$T/import.err"
}
# The popup's place: $X $Y $WIDTH $HEIGHT.
popup() {
  window=$(xdotool search --onlyvisible --name '^Notification$' 2>/dev/null | tail -n 1)
  [ -n "$window" ] && eval "$(xdotool getwindowgeometry --shell "$window")" && [ "$WIDTH" -gt 100 ]
}
no_popup() {
  ! popup
}
# The buttons stand in one row at the bottom, at the same distance from the right side.
click() { # REVIEW|APPROVE|REJECT as distance, COMMAND
  clicks=0
  until eval "$2"; do
    clicks=$((clicks + 1))
    [ $clicks -le 20 ] || {
      picture failed
      tap_note "$T/desktop.log" "$T/agent.log"
      return 1
    }
    sleep 1.2
    ! popup || xdotool mousemove $((X + WIDTH - $1)) $((Y + HEIGHT - 39)) sleep 0.2 click 1
    sleep 0.3
  done
}
is_applied() {
  agent_is web converged
}
is_rejected() {
  agent_is app failed || [ -z "$PLAN" ]
}

agent_start
agent_sync web && web=$PLAN
agent_sync app && app=$PLAN
agent_decide "$app" bob reject 'later'
desktop_up

# --- real buttons
if [ -n "$daemon" ]; then
  "$daemon" >"$T/daemon.log" 2>&1 &
  server=$!
  more_pids="$more_pids $server"
  agent_wait_for popup && sleep 0.3 && picture buttons &&
    [ -s "$builddir/tests/desktop-buttons.png" ]
  tap_ok 'notification-daemon shows a plan that waits' || tap_note "$T/desktop.log" "$T/daemon.log"
  click 219 '[ -s "$T/opened" ]'
  link=$(sed -n 1p "$T/opened")
  review_post alice /login "t=${link#*t=}" &&
    grep -qi "^location: ./plans/$(review_short "$web")" "$T/header"
  tap_ok 'a click on Review opens its page' || tap_note "$T/opened"
  agent_stop
  agent_start
  agent_wait_for popup
  tap_ok 'an agent that is started anew is followed again'
  click 150 is_applied
  [ "$(cat "$T/out/web/app.conf")" = one ] && agent_entries approval web &&
    [ "$(field "[(x['person'], x['channel']) for x in d]")" = "[('alice', 'desktop')]" ]
  tap_ok 'a click on Approve is applied, as the vote of that person' || tap_note "$T/body"
  agent_wait_for popup && picture applied
  tap_ok 'and the result is shown'
  kill "$server" && wait "$server" 2>/dev/null
else
  tap_skip 'real buttons' 'notification-daemon is not installed'
fi

# --- dunst
if ! command -v dunst >/dev/null || ! command -v dunstctl >/dev/null; then
  tap_skip 'dunst' 'dunst is not installed'
  tap_end
fi
cat >"$T/dunstrc" <<D
[global]
    monitor = 0
    follow = none
    width = 420
    height = 300
    origin = top-left
    offset = 20x20
    notification_limit = 0
    font = DejaVu Sans 11
    markup = full
    format = "<b>%s</b>\n%b"
    show_indicators = yes
    idle_threshold = 0
    sticky_history = yes
    dmenu = $T/bin/pick
[urgency_low]
    timeout = 0
[urgency_normal]
    timeout = 0
[urgency_critical]
    timeout = 0
D
cat >"$T/bin/pick" <<P
#!/bin/sh
tee -a "$T/menu" | grep -F -m1 -- Reject
P
chmod +x "$T/bin/pick"
rm -f "$T/opened"
dunst -conf "$T/dunstrc" >"$T/dunst.log" 2>&1 &
more_pids="$more_pids $!"
agent_wait_for 'dunstctl count displayed >/dev/null'
displayed() { # NUMBER
  [ "$(dunstctl count displayed)" = "$1" ]
}
agent_wait_for 'displayed 0'
agent_ask app replan
agent_wait_for 'displayed 1' && picture dunst
tap_ok 'dunst is shown a new plan' || tap_note "$T/desktop.log" "$T/dunst.log"
try=0
until [ -s "$T/opened" ] || [ $try = 20 ]; do
  sleep 1.2
  dunstctl action 0
  sleep 0.3
  try=$((try + 1))
done
[ -s "$T/opened" ]
tap_ok 'its default action opens the page' || tap_note "$T/desktop.log" "$T/dunst.log"
agent_is app pending
tap_ok 'and decides nothing'
agent_ask app replan
app=$PLAN
agent_wait_for 'displayed 1'
agent_decide "$app" bob reject 'later'
agent_wait_for 'displayed 0'
tap_ok 'what is decided elsewhere goes from the screen' || tap_note "$T/desktop.log"
agent_ask app replan
agent_wait_for 'displayed 1'
try=0
until is_rejected || [ $try = 20 ]; do
  sleep 1.2
  timeout 5 dunstctl context
  sleep 0.3
  try=$((try + 1))
done
agent_entries approval app
[ "$(field "(d[-1]['person'], d[-1]['decision'], d[-1]['reason'])")" \
  = "('alice', 'reject', 'rejected on the desktop by alice')" ]
tap_ok 'Reject in its menu is a rejection with a reason' ||
  tap_note "$T/body" "$T/dunst.log" "$T/menu" "$T/desktop.log"
tap_end
