#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# An application of a user, deployed by the worker with a real `systemd --user`: unit, configuration
# and service; a new version, a broken one that comes back by itself, a crash, and its end.
# In namespaces of its own: see manager-box.sh.
# shellcheck disable=SC2086,SC2153,SC2119
if [ -z "${IN_BOX-}" ]; then
  . "${srcdir:-.}/tests/cli/libtest.sh" || exit 1
  need git python3
  site=$tmp/site
  mkdir -p "$site/tests/cli" "$site/tests/system"
  cp "$builddir/assent-worker" "$builddir/mkplan" "$site/"
  cp "$srcdir/tests/cli/libtest.sh" "$site/tests/cli/"
  cp "$srcdir/tests/system/lib-apply.sh" "$site/tests/system/"
  cp "$0" "$site/test.sh"
  chmod -R a+rX "$tmp"
  export site
  IN_BOX=1 bash "$srcdir/tests/systemd/manager-box.sh" bash "$site/test.sh" >"$tmp/out"
  rc=$?
  [ $rc != 77 ] || skip_all "$(head -n 1 "$tmp/out")"
  cat "$tmp/out"
  exit $rc
fi
if [ "$IN_BOX" = 1 ]; then
  # A generator is run each time that the manager reads its units.
  mkdir -p /run/systemd/user-generators
  printf '#!/bin/sh\necho >>%s/generated\n' "$BOX_HOME" >/run/systemd/user-generators/count
  chmod 755 /run/systemd/user-generators/count
  # Where journals are kept for good, everybody may read his own; this one is one for all.
  echo here | systemd-cat && journalctl --sync && chmod -R a+rX /run/log/journal
  exec setpriv --reuid "$BOX_UID" --regid "$BOX_UID" --clear-groups --no-new-privs env -i \
    $BOX_ENV IN_BOX=2 TMPDIR="$BOX_HOME" srcdir="$site" builddir="$site" \
    ASAN_OPTIONS=detect_leaks=0 BOX_ENV="$BOX_ENV" bash "$0"
fi

# --- as the user
. "$srcdir/tests/cli/libtest.sh" || exit 1
. "$srcdir/tests/system/lib-apply.sh"
apply_setup
for word in $BOX_ENV; do
  export "${word?}"
done
host=$HOME
units=$HOME/.config/systemd/user
ctl() {
  systemctl --user "$@"
}
state() { # UNIT
  echo "$(ctl show -p UnitFileState --value "$1")/$(ctl show -p ActiveState --value "$1")"
}
runs() { # UNIT: its state, the configuration that it has read
  [ "$(state app.service) $(cat "$HOME/app/seen" 2>/dev/null)" = "$1" ] || {
    state app.service
    cat "$HOME/app/seen"
    return 1
  }
}
reloads() {
  wc -l <"$HOME/generated"
}
planned() { # TEXT...: action and id of each change, in order
  python3 -c '
import json, sys
for c in json.load(open(sys.argv[1]))["changes"]:
    print(c["action"], c["id"].replace(sys.argv[2], "~"))' "$tmp/draft" "$HOME" >"$tmp/planned"
  [ $# = 0 ] || printf '%s\n' "$@" >"$tmp/expected"
  [ $# != 0 ] || : >"$tmp/expected"
  diff "$tmp/expected" "$tmp/planned"
}
outcome() { # ID: outcome and message
  tail -n 1 "$tmp/answer" | python3 -c '
import json, sys
for step in list(json.load(sys.stdin).values())[0]["steps"]:
    if step["id"] == sys.argv[1]:
        print(step["outcome"], step.get("message", ""))' "$1"
}
tells() { # ID REGEX
  outcome "$1" | grep -qE -e "$2" || {
    tail -n 1 "$tmp/answer"
    return 1
  }
}
said_why() { # REGEX
  field reason | grep -qE -e "$1"
}
planned_well() {
  plan "${applied-}" || {
    cat "$tmp/answer" "$tmp/worker.err"
    return 1
  }
}
deploy() { # [RESULT]: plan, approve, apply
  commit
  planned_well && sign && apply alice
  is result "${1:-ok}" && { [ "${1:-ok}" != ok ] || applied=$commit; }
}

cat >"$repo/app.service" <<'U'
[Service]
ExecStart=/bin/sh -c 'read word <%h/app/app.conf; \
  case $$word in broken) echo cannot read this; exit 3;; esac; \
  echo $$word >%h/app/seen; exec sleep 1000'
[Install]
WantedBy=default.target
U
cat >"$repo/hang.service" <<'U'
[Service]
Type=notify
ExecStart=/bin/sleep 1000
TimeoutStartSec=infinity
U
manifest() { # [LINE...]
  {
    printf '%s\n' 'prune: true' 'resources:' '  - directory: ~/app'
    printf '%s\n' "$@"
  } >"$repo/assent.yaml"
}
unit='  - {file: ~/.config/systemd/user/app.service, source: app.service, notify: service:app}'
conf='  - {file: ~/app/app.conf, source: app.conf, notify: service:app}'
service='  - {service: app, scope: user, enabled: true, state: running}'

echo one >"$repo/app.conf"
manifest "$service" "$conf" "$unit"
commit
touch "$HOME/generated"
before=$(reloads)
ok 'a plan is made' planned_well
ok 'in the order in which it must go' planned 'create directory:~/app' \
  'create file:~/app/app.conf' \
  'create directory:~/.config' 'create directory:~/.config/systemd' \
  'create directory:~/.config/systemd/user' \
  'create file:~/.config/systemd/user/app.service' 'reload service:daemon-reload' \
  'start service:app.service'
sign
apply alice
ok 'it is applied' is result ok
ok 'and runs, enabled' runs 'enabled/active one'
# The second is for the link that enables it.
ok 'its units were read once for the file' test "$(reloads)" = $((before + 2))
applied=$commit
ok 'then nothing is to be done' plan "$applied"
ok 'at all' planned

echo two >"$repo/app.conf"
before=$(reloads)
ok 'a new configuration is applied' deploy
ok 'the plan says so' planned 'update file:~/app/app.conf' 'restart service:app.service'
ok 'and read' runs 'enabled/active two'
ok 'without reading units' test "$(reloads)" = "$before"

echo broken >"$repo/app.conf"
ok 'a broken one comes back by itself' deploy rolled-back
ok 'the service tells why' tells service:app.service \
  "did not start again: it does not stay up; .*exit code 3; its last lines: .*cannot read this"
ok 'and runs as before' runs 'enabled/active two'
ok 'nothing is left' no_leftovers

echo three >"$repo/app.conf"
sed -i 's/^ExecStart=/Environment=A=1\n&/' "$repo/app.service"
before=$(reloads)
ok 'a new unit is applied' deploy
ok 'the plan reads it once, and restarts once' planned 'update file:~/app/app.conf' \
  'update file:~/.config/systemd/user/app.service' 'reload service:daemon-reload' \
  'restart service:app.service'
ok 'and so it was' test "$(reloads)" = $((before + 1))
ok 'it runs' runs 'enabled/active three'
ok 'as the new unit says' test "$(ctl show -p Environment --value app.service)" = A=1

sed -i 's/A=1/A=2/' "$repo/app.service"
echo broken >"$repo/app.conf"
ok 'a broken version with a new unit comes back' deploy rolled-back
ok 'to what it was' runs 'enabled/active three'
ok 'and its old unit' test "$(ctl show -p Environment --value app.service)" = A=1
git -C "$repo" checkout -q "$applied" -- .

# A manager starts one only so often, when nobody tells it that this is what people want.
sed -i '1i [Unit]\nStartLimitIntervalSec=1h\nStartLimitBurst=1\n' "$repo/app.service"
for word in four three; do
  echo $word >"$repo/app.conf"
  ok 'what was started often is started again, when a plan says so' deploy
  ok 'and runs' runs "enabled/active $word"
done
echo four >"$repo/app.conf"
manifest "$service" "$conf" "$unit"
printf 'checks:\n  - {tcp: "127.0.0.1:1", within: 1s}\n' >>"$repo/assent.yaml"
ok 'and when a plan is taken back' deploy rolled-back
ok 'so that it runs as before' runs 'enabled/active three'
git -C "$repo" checkout -q "$applied" -- .

ctl stop app.service
commit
ok 'a service that was stopped is to be started' plan "$applied"
ok 'alone' planned 'start service:app.service'
sign
ctl start app.service
exits 1 'what has changed since is not applied' apply alice
ok 'but is stale' is code stale
ctl stop app.service
ok 'and planned anew' deploy
ok 'it runs' runs 'enabled/active three'

manifest
printf 'checks:\n  - {tcp: "127.0.0.1:1", within: 1s}\n' >>"$repo/assent.yaml"
ok 'what is not declared any more would go, were it not for a check' deploy rolled-back
ok 'stopped first, then removed, then forgotten' planned 'stop service:app.service' \
  'remove file:~/app/app.conf' 'remove file:~/.config/systemd/user/app.service' \
  'reload service:daemon-reload'
ok 'all of it is back' runs 'enabled/active three'
ok 'with its file' test -e "$units/app.service"
git -C "$repo" checkout -q "$applied" -- .
manifest "$service" "$conf" "$unit" '  - {service: hang, scope: user, enabled: false}' \
  '  - {file: ~/.config/systemd/user/hang.service, source: hang.service}'
printf 'checks:\n  - {service: hang, scope: user, within: 1s}\n' >>"$repo/assent.yaml"
ok 'a service that is not active fails a check' deploy rolled-back
ok 'which tells how it is' said_why 'check service hang.service failed.*it is inactive'
sed -i 's/service: hang, scope: user, within/service: app, scope: user, within/' \
  "$repo/assent.yaml"
ok 'one that is active passes it' deploy
manifest
ok 'without it all goes' deploy
ok 'the service' test "$(state app.service)" = /inactive
ok 'and its link' test ! -e "$units/default.target.wants/app.service"

manifest '  - {file: ~/.config/systemd/user/hang.service, source: hang.service}' \
  '  - {service: hang, scope: user, state: running}'
commit
plan "$applied" && sign && request alice
"$worker" --trust "$keys/trust.yaml" <"$tmp/request" >"$tmp/answer" 2>"$tmp/worker.err" &
pid=$!
for _ in $(seq 1200); do
  [ "$(state hang.service)" = static/activating ] && break
  sleep 0.05
done
ok 'a unit hangs while it starts' test "$(state hang.service)" = static/activating
kill -KILL $pid
wait $pid 2>/dev/null
recover
ok 'what had been begun is taken back after a crash' is result rolled-back
ok 'the unit is stopped' test "$(state hang.service)" = /inactive
ok 'and gone' test ! -e "$units/hang.service"
finish
