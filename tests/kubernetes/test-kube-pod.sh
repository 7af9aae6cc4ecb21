#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# The agent under what contrib/kubernetes/deployment.yaml gives it: the sample configuration is
# accepted, keys are made, the probes are answered, a stop ends well, and a second start goes on.
# shellcheck disable=SC2016,SC2119,SC2153
. "${srcdir:-.}/tests/system/lib-git.sh"
: "${builddir:=.}"
git_need git python3 curl ssh-keygen unshare setpriv chroot || tap_skip_all "$REASON"
[ "$(id -u)" = 0 ] || tap_skip_all 'this needs root, for the namespaces and volumes of a pod'
unshare -m true 2>/dev/null || tap_skip_all 'there are no mount namespaces here'
git_begin
chmod 755 "$T"
dir=$srcdir/contrib/kubernetes
P=$T/pod
mkdir "$P"
"$builddir/kube-read" "$dir" >"$T/objects" || exit 1
judge() {
  python3 -I -S "$srcdir/tests/kubernetes/contrib-check.py" "$@" <"$T/objects"
}
pod='get Deployment assent spec template spec'
# shellcheck disable=SC2086
user=$(judge $pod securityContext runAsUser)
echo "$user" >"$P/user"
# shellcheck disable=SC2086
judge $pod containers 0 env | python3 -I -S -c 'import json, sys
for e in json.load(sys.stdin): print(e["name"] + "=" + e["value"])' >"$P/env"
mounts() { # CONTAINERS INDEX
  # shellcheck disable=SC2086
  judge $pod "$1" "$2" volumeMounts | python3 -I -S -c 'import json, sys
for m in json.load(sys.stdin): print(m["name"], m.get("subPath", "-"), m["mountPath"])'
}

# As a kubelet makes them: root's, the group of fsGroup, and folders that the whole pod may write.
mkdir -p "$P/add/etc/assent" "$P/add/run/assent" "$P/add/var/lib/assent" "$P/add/opt/assent" \
  "$P/add/run/secrets/assent"
touch "$P/add/etc/assent/assentd.yaml" "$P/add/etc/assent/allowed_signers" \
  "$P/add/etc/assent/trust.yaml"
for name in state run tmp config credentials; do
  mkdir "$P/$name"
  chown "0:$user" "$P/$name"
done
chmod 2775 "$P/state"
chmod 2777 "$P/run" "$P/tmp" "$P/config"
chmod 3777 "$P/credentials"
port=$(python3 -I -S -c 'import socket
s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
for name in alice bob; do
  ssh-keygen -q -t ed25519 -N '' -f "$T/$name"
done
for file in assentd.yaml allowed_signers trust.yaml; do
  judge get ConfigMap assent data "$file" >"$P/config/$file"
done
sed -i -e "s/:7420/:$port/" -e 's|https://git.example.org/ops.git|file:///nowhere|' \
  "$P/config/assentd.yaml"
for name in alice bob; do
  sed -i "s|^\($name .*\)ssh-ed25519 .*|\1$(cut -d' ' -f1,2 "$T/$name.pub")|" \
    "$P/config/allowed_signers"
done
chown "0:$user" "$P/config"/*
chmod 444 "$P/config"/*
mkdir "$P/credentials/..2026"
echo hush >"$P/credentials/..2026/git-token"
chown -R "0:$user" "$P/credentials/..2026"
chmod 440 "$P/credentials/..2026/git-token"
ln -s ..2026 "$P/credentials/..data"
ln -s ..data/git-token "$P/credentials/git-token"

in_pod() { # COMMAND...
  (
    export builddir
    exec unshare -m "$srcdir/tests/kubernetes/pod.sh" "$P" "$@"
  )
}
first() {
  mounts initContainers 0 >"$P/mounts"
  # shellcheck disable=SC2086
  in_pod /bin/sh -eu -c "$(judge $pod initContainers 0 args 0)" >"$T/said" 2>"$T/err"
}
first && [ "$(cut -d' ' -f1 "$T/said")" = ssh-ed25519 ]
tap_ok 'the container of the first start prints the plan key'
cat "$T/err"
[ "$(stat -c %u:%a "$P/run/credentials/git-token")" = "$user:400" ] &&
  [ "$(cat "$P/run/credentials/git-token")" = hush ]
tap_ok 'a secret is the agent'"'"'s alone'
key=$(cut -d' ' -f1,2 "$T/said")
chmod 644 "$P/config/trust.yaml"
sed -i "s|: ssh-ed25519 .*|: $key|" "$P/config/trust.yaml"
chmod 444 "$P/config/trust.yaml"
first && [ "$(cut -d' ' -f1,2 "$T/said")" = "$key" ]
tap_ok 'a second start finds it'

mounts containers 0 >"$P/mounts"
in_pod assentd --check >"$T/said" 2>&1
tap_ok 'the sample configuration is accepted'
cat "$T/said"
# There is no cluster here, and without its Lease an agent does nothing.
grep -q '^  leader-election: ' "$P/config/assentd.yaml" &&
  sed '/^  leader-election: /d' "$P/config/assentd.yaml" >"$T/alone" &&
  cat "$T/alone" >"$P/config/assentd.yaml"
! in_pod /bin/sh -c 'touch /etc/x || touch /usr/x || touch /etc/assent/x ||
  echo >>/etc/assent/assentd.yaml || chmod u+w /etc/assent/trust.yaml' 2>/dev/null
tap_ok 'nothing of the image or the configuration can be written'

host=$(judge get Deployment assent spec template spec containers 0 readinessProbe httpGet \
  httpHeaders 0 value)
answers() { # PATH
  code=$(curl -s -o /dev/null -w '%{http_code}' -H "Host: $host" "http://127.0.0.1:$port$1")
  [ "$code" = 200 ]
}
await() { # COMMAND...
  tries=0
  until "$@"; do
    tries=$((tries + 1))
    [ $tries -lt 300 ] && kill -0 "$agent" 2>/dev/null || return 1
    sleep 0.1
  done
}
begin() {
  # Not by in_pod: $! must be the agent.
  (
    export builddir
    exec unshare -m "$srcdir/tests/kubernetes/pod.sh" "$P" \
      assentd --worker /opt/assent/assent-worker
  ) >>"$T/log" 2>&1 </dev/null &
  agent=$!
  git_pids="$git_pids $agent"
}
finish() {
  kill -TERM "$agent"
  wait "$agent"
}
begin
await answers /healthz
tap_ok 'it is alive, as the probe asks'
await answers /readyz
tap_ok 'it is ready, when it has tried to fetch'
[ "$(curl -s -o /dev/null -w '%{http_code}' "http://127.0.0.1:$port/healthz")" = 421 ]
tap_ok 'without the name in the probe it would not answer'
# With the setgid bit, which the folder inherits.
[ "$(stat -c %u:%a "$P/state/assent/keys")" = "$user:2700" ]
tap_ok 'the state is out of the reach of the group that the volume has'
in_pod assent status >"$T/said" 2>&1
grep -q shop "$T/said"
tap_ok 'the command line in the pod reaches it'
finish
tap_ok 'SIGTERM ends it well'
begin
await answers /healthz && finish
tap_ok 'another start goes on with that state'
[ "$tap_failed" = 0 ] || sed 's/^/# /' "$T/log"
tap_end
