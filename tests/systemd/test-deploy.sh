#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A small web service, deployed: a package, its unit, its configuration, a folder for its data and a
# check. Version 1 comes, 2 replaces it, 3 is broken and must give way to 2 by itself; meanwhile no
# request fails but during a restart. Then kill -9 at random instants of further deployments
# ($ASSENT_KILLS of them): each must end as one version or the other, wholly, and the log must say
# which. In a container with a real systemd and apt; the packages are made here.
# shellcheck disable=SC2016,SC2153
. "${srcdir:-.}/tests/system/lib-git.sh"
. "${srcdir:-.}/tests/systemd/lib-box.sh"
: "${srcdir:=.}" "${builddir:=.}"
[ "$(id -u)" = 0 ] || tap_skip_all 'needs root, for a container'
git_need systemd-nspawn nsenter unshare python3 git ssh-keygen dpkg-deb dpkg-scanpackages apt-get ||
  tap_skip_all "$REASON"
box_apart "$0"
git_begin
box_lay
kills=${ASSENT_KILLS:-3}
seed=${ASSENT_SEED:-$$}

# --- the packages
made=$root/srv/debs
mkdir -p "$made"
package() { # VERSION
  dir=$T/deb-$1
  mkdir -p "$dir/DEBIAN" "$dir/usr/lib/webapp" "$dir/etc/webapp"
  cat >"$dir/DEBIAN/control" <<C
Package: webapp
Version: $1
Architecture: all
Maintainer: Assent's tests <root@localhost>
Description: a web service
C
  echo /etc/webapp/banner >"$dir/DEBIAN/conffiles"
  echo welcome >"$dir/etc/webapp/banner"
  cat >"$dir/usr/lib/webapp/serve" <<C
#!/usr/bin/python3
import configparser, http.server, os, signal, time
version = "$1"
def say(what):
    print("%s %.6f" % (what, time.time()), flush=True)
def stop(*_):
    say("stopping")
    os._exit(0)
conf = configparser.ConfigParser()
conf.read("/etc/webapp/webapp.conf")
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        broken = self.path == "/healthz" and version == "3.0"
        body = "%s %s\n" % (version, conf["webapp"]["release"])
        self.send_response(500 if broken else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())
    def log_message(self, *_):
        pass
class Server(http.server.ThreadingHTTPServer):
    allow_reuse_address = True
server = Server(("127.0.0.1", int(conf["webapp"]["port"])), Handler)
open("/srv/webapp/started", "a").write(version + "\n")
say("listening")
signal.signal(signal.SIGTERM, stop)
server.serve_forever()
C
  chmod 755 "$dir/usr/lib/webapp/serve"
  dpkg-deb --root-owner-group -Znone -b "$dir" "$made/webapp_$1_all.deb" >/dev/null
}
for version in 1.0 2.0 3.0; do
  package $version
done
(cd "$made" && dpkg-scanpackages -m . >Packages 2>/dev/null)
rm -rf "$root"/etc/apt/sources.list "$root"/etc/apt/sources.list.d "$root"/etc/apt/preferences.d \
  "$root"/etc/apt/apt.conf.d/*proxy* "$root"/var/lib/apt/lists/*
mkdir -p "$root/etc/apt/sources.list.d"
echo 'deb [trusted=yes] file:/srv/debs ./' >"$root/etc/apt/sources.list"
rm -f "$root/usr/sbin/policy-rc.d"

# --- the desired state
port=8080
git init -q -b main "$T/work"
release() { # VERSION [TEXT]: the manifest asks for it, in every part
  within=30s
  [ "$1" != 3.0 ] || within=4s # it never will be well
  cat >"$T/work/assent.yaml" <<M
vars: {port: $port}
resources:
  - package: webapp
    version: "$1"
    notify: [service:webapp]
  - directory: /srv/webapp
    mode: "0750"
  - file: /etc/webapp/webapp.conf
    content: |
      [webapp]
      release = $1
      port = \${port}
    template: true
    after: [package:webapp]
    notify: [service:webapp]
  - file: /etc/systemd/system/webapp.service
    source: webapp.service
    notify: [service:webapp]
  - service: webapp
    enabled: true
    state: running
checks:
  - http: http://127.0.0.1:\${port}/healthz
    body: "$1 $1"
    within: $within
  - service: webapp
    within: 5s
on-failure: rollback
M
  cat >"$T/work/webapp.service" <<U
[Unit]
Description=Web service of release $1
[Service]
ExecStart=/usr/lib/webapp/serve
[Install]
WantedBy=multi-user.target
U
  echo "${2-}" >"$T/work/remark"
  git -C "$T/work" add -A && git -C "$T/work" commit -q -m "Release $1 ${2-}" &&
    git -C "$T/work" push -q "$root/srv/ops.git" main
}
git init -q --bare -b main "$root/srv/ops.git"

# --- the agent, a service of the container
mkdir -p "$root/opt/assent" "$root/etc/assent-test"
cp "$builddir/assent" "$builddir/assentd" "$builddir/assent-worker" "$root/opt/assent/"
chmod 755 "$root"/opt/assent/*
rm -rf "$root/etc/systemd/system/assentd.service" "$root/etc/systemd/system/multi-user.target.wants"
cat >"$root/etc/systemd/system/assentd.service" <<U
[Unit]
Description=The agent
StartLimitIntervalSec=0
[Service]
ExecStart=/opt/assent/assentd --config /etc/assent-test/assentd.yaml \\
  --worker /opt/assent/assent-worker
Restart=always
RestartSec=0
Environment=ASAN_OPTIONS=detect_leaks=0 LC_ALL=C.UTF-8 HOME=/root
U
cat >"$root/etc/assent-test/assentd.yaml" <<C
agent: web1.test
state: /srv/state
socket: /srv/rt/assent.sock
people:
  root: {user: root}
stacks:
  web:
    source: {url: "file:///srv/ops.git", branch: main, interval: 1h}
    approval: {required: 1, from: [root]}
C
mkdir -m 700 "$root/srv/rt"
box_path=/opt/assent
box_boot --quiet
assent() {
  box env ASSENT_CONFIG=/etc/assent-test/assentd.yaml assent "$@"
}
box mkdir -p -m 700 /root/.ssh
box rm -f /root/.ssh/id_ed25519 /root/.ssh/id_ed25519.pub
box ssh-keygen -q -t ed25519 -N '' -f /root/.ssh/id_ed25519
printf 'root namespaces="assent.approval.v1" %s\n' \
  "$(box cut -d' ' -f1,2 /root/.ssh/id_ed25519.pub)" >"$root/etc/assent-test/allowed_signers"
chmod 600 "$root"/etc/assent-test/*
box apt-get -qq update >"$T/update" 2>&1 && assent init >"$T/init" 2>&1 &&
  box systemctl start assentd
tap_ok 'an agent runs beside a real systemd and apt' || {
  tap_note "$T/update" "$T/init"
  exit 1
}

stack() { # EXPRESSION on s
  assent status --json 2>/dev/null | python3 -c "
import json, sys
s = json.load(sys.stdin)['stacks'][0]
print($1)" 2>/dev/null
}
# What is under way, and what has been.
tell_all() {
  {
    assent status 2>&1
    assent log --stack web 2>&1 | tail -n 4
    box ps -eo pid,ppid,pgid,sid,stat,etimes,wchan:20,args
    box journalctl -q --no-pager -n 20 -u assentd -u webapp
    box dpkg -l webapp | tail -n 1
    box tail -n 15 /var/log/dpkg.log
    box tail -n 15 /var/log/apt/history.log
  } | cut -c 1-280 | sed 's/^/# /' >&2
}
wait_for() { # COMMAND
  for _ in $(seq 1200); do
    eval "$1" && return 0
    sleep 0.05
  done
  echo "# waited in vain for: $1" >&2
  tell_all
  return 1
}
pending() {
  plan=$(stack "(s.get('pending') or {}).get('plan') or ''")
  [ -n "$plan" ]
}
ask() {
  assent sync web >"$T/sync" 2>&1
  wait_for pending || {
    tap_note "$T/sync"
    return 1
  }
}
rests() {
  case $(stack "s['state']") in
  converged | failed) [ "$(stack "(s.get('pending') or {}).get('plan') or ''")" = '' ] ;;
  *) return 1 ;;
  esac
}
deploy() {
  ask || return
  if ! assent approve "$plan" --yes >"$T/approve" 2>&1 || ! wait_for rests; then
    tap_note "$T/approve"
    return 1
  fi
}
# After a crash the agent may ask again; then the plan is another one. What was killed may have been
# the look that follows an apply, or a recovery: "failed", and soon tried again.
is_over() {
  [ "$(stack "(s.get('pending') or {}).get('plan') or ''")" != "$plan" ] &&
    case $(stack "s['state'] + ': ' + s['reason']") in
    failed:*'tries again'* | failed:*'cannot be recovered'*) false ;;
    converged:* | failed:* | pending:*) ;;
    *) false ;;
    esac
}
# Everything is of that version: package, its file, configuration, unit, what runs.
is_wholly() { # VERSION
  have=$(box dpkg-query -W -f '${db:Status-Abbrev}${Version}' webapp 2>/dev/null)
  conf=$(box sed -n 's/^release = //p' /etc/webapp/webapp.conf 2>/dev/null)
  unit=$(box sed -n 's/.*of release //p' /etc/systemd/system/webapp.service 2>/dev/null)
  knows=$(box systemctl show -p Description --value webapp 2>/dev/null)
  runs=$(box python3 -c "
import urllib.request
print(urllib.request.urlopen('http://127.0.0.1:$port/', timeout=10).read().decode().strip())" 2>&1)
  [ "$have $conf $unit $knows $runs" = "ii $1 $1 $1 Web service of release $1 $1 $1" ] || {
    echo "# wanted $1: package '$have' configuration '$conf' unit '$unit' ($knows) runs '$runs'" >&2
    return 1
  }
}
log_of() { # LAST-N
  assent log --stack web 2>/dev/null | tail -n "${1:-5}"
}
told() { # PATTERN, in what the log says
  assent log --stack web 2>/dev/null | grep -q -e "$1"
}

# --- versions
release 1.0
ask
assent show "$plan" >"$T/plan1" 2>&1
grep -q 'webapp' "$T/plan1" && grep -q '1\.0' "$T/plan1"
tap_ok 'the plan names the package and its version' || tap_note "$T/plan1"
deploy && is_wholly 1.0
tap_ok 'version 1 is deployed' || exit 1
box systemctl is-enabled webapp >/dev/null
tap_ok 'and starts by itself with the machine'

box python3 -c 'import time; print(time.time())' >"$T/since"
mkfifo "$T/hold"
cp "$srcdir/tests/systemd/webapp-load.py" "$root/srv/"
box python3 /srv/webapp-load.py $port /srv/load <"$T/hold" &
load=$!
exec 7>"$T/hold"
release 2.0
deploy && is_wholly 2.0
tap_ok 'version 2 replaces it'
before=$(box cat /etc/webapp/banner /srv/webapp/started | tail -n 1)
release 3.0
deploy
[ "$(stack "s['state']")" = failed ] && is_wholly 2.0
tap_ok "version 3 is broken and gives way to 2 by itself (it had been $before)"
exec 7>&-
wait $load
box journalctl -q -u webapp -o cat --since "@$(cat "$T/since")" >"$T/journal"
cp "$root/srv/load" "$T/load"
python3 "$srcdir/tests/systemd/webapp-outage.py" "$T/load" "$T/journal"
tap_ok 'no request failed but during a restart'
grep -q '^3\.0$' "$root/srv/webapp/started"
tap_ok 'version 3 did run for a while'
told 'rolled-back' && told '500'
tap_ok 'the log tells that it was rolled back, and why' || log_of 10 | sed 's/^/# /'
assent log verify >"$T/verify" 2>&1
tap_ok 'the log is whole' || tap_note "$T/verify"

# --- kill -9
begin=$(box date +%s%N)
release 1.0 again
deploy
end=$(box date +%s%N)
is_wholly 1.0
tap_ok 'the way back to version 1 is a deployment like any other'
span=$(((end - begin) / 1000000))
echo "# a deployment takes $span ms; seed $seed"
RANDOM=$seed
now=1.0 bad=0 finished=0 undone=0
for i in $(seq "$kills"); do
  next=1.0
  [ "$now" = 2.0 ] || next=2.0
  release "$next" "kill $i"
  ask || bad=$((bad + 1))
  delay=$((RANDOM * span / 32768))
  case $((RANDOM % 3)) in
  0) victim=worker ;;
  1) victim=agent ;;
  2) victim=both ;;
  esac
  assent approve "$plan" --yes >"$T/approve" 2>&1
  sleep "$((delay / 1000)).$(printf %03d $((delay % 1000)))"
  agent=$(box systemctl show -p MainPID --value assentd)
  worker=$(box pgrep -P "$agent" -x assent-worker)
  [ "$victim" = agent ] || [ -z "$worker" ] || box kill -KILL "$worker"
  [ "$victim" = worker ] || box kill -KILL "$agent"
  wait_for is_over
  case $(stack "s['state']") in
  converged) is_wholly "$next" && now=$next && finished=$((finished + 1)) ;;
  failed | pending) is_wholly "$now" && undone=$((undone + 1)) ;;
  *) false ;;
  esac || {
    bad=$((bad + 1))
    echo "# kill $i of $victim after $delay ms on the way from $now to $next:" >&2
    tell_all
    break
  }
done
[ $bad = 0 ] && [ $((finished + undone)) = "$kills" ]
tap_ok "kill -9 at $kills random instants: $finished finished, $undone undone, none in between"
[ -z "$(box find / -xdev -name '.assent-*' -not -path '/proc/*' 2>/dev/null)" ]
tap_ok 'nothing is left beside the targets'
next=1.0
[ "$now" = 2.0 ] || next=2.0
release "$next" finally
deploy && is_wholly "$next"
tap_ok 'and the next deployment works'
assent log verify >"$T/verify" 2>&1
tap_ok 'the log is whole' || tap_note "$T/verify"
tap_end
