#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# manager-box.sh COMMAND...: runs COMMAND as root in namespaces of its own, in which a real
# `systemd --user` of the unprivileged user "ops", its bus and a journal run. Nothing outlives it.
# Exit code 77 and a reason on stdout where this machine cannot do it.
#
# For COMMAND: /run is fresh; HOME of ops is $BOX_HOME; `setpriv` with $BOX_UID and the variables of
# $BOX_ENV (words NAME=VALUE) is how to be ops. BOX_UNITS: a folder whose files are units of all
# users. BOX_LOG=1: what the manager says comes on stderr.
set -u
uid=47011

cannot() {
  echo "$*"
  exit 77
}

# Without these, units would land among those of the machine.
mount_groups() {
  umount -R /sys/fs/cgroup || return
  if [ -z "$BOX_HYBRID" ]; then
    mount -t cgroup2 cgroup2 /sys/fs/cgroup
    return
  fi
  mount -t tmpfs tmpfs /sys/fs/cgroup &&
    mkdir /sys/fs/cgroup/systemd /sys/fs/cgroup/unified &&
    mount -t cgroup -o none,name=systemd cgroup /sys/fs/cgroup/systemd &&
    mount -t cgroup2 cgroup2 /sys/fs/cgroup/unified
}

# A group of our own; the manager may make groups below it.
make_group() {
  mkdir "$1" 2>/dev/null && echo $$ >"$1/cgroup.procs" && chown -R $uid:$uid "$1"
}

# --- inside
if [ "${1-}" = --inside ]; then
  shift
  mount --make-rprivate / 2>/dev/null
  mount -t tmpfs -o mode=755 tmpfs /run || cannot 'cannot mount /run'
  # sd_booted(3) looks for the first.
  mkdir -p /run/systemd/system /run/user /run/systemd/user /run/box/etc /run/sshd \
    /run/systemd/journald.conf.d
  mkdir -m 700 /run/user/$uid
  cp /etc/passwd /etc/group /run/box/etc/
  echo "ops:x:$uid:$uid::/run/box/home:/bin/sh" >>/run/box/etc/passwd
  echo "ops:x:$uid:" >>/run/box/etc/group
  for file in passwd group; do
    mount --bind /run/box/etc/$file /etc/$file || cannot "cannot mount /etc/$file"
  done
  mkdir -m 755 /run/box/home
  chown -R $uid:$uid /run/user/$uid /run/box/home
  mount_groups || cannot 'cannot mount the control groups'
  printf '[Journal]\nStorage=volatile\nAudit=no\nReadKMsg=no\nForwardToWall=no\n' \
    >/run/systemd/journald.conf.d/box.conf
  [ -z "${BOX_UNITS-}" ] || cp "$BOX_UNITS"/* /run/systemd/user/
  for journald in /usr/lib/systemd/systemd-journald /lib/systemd/systemd-journald; do
    [ -x $journald ] && break
  done
  $journald >/run/box/journald.log 2>&1 &
  for systemd in /usr/lib/systemd/systemd /lib/systemd/systemd; do
    [ -x $systemd ] && break
  done
  BOX_UID=$uid BOX_HOME=/run/box/home
  BOX_ENV="HOME=$BOX_HOME USER=ops LOGNAME=ops SHELL=/bin/sh PATH=$PATH LC_ALL=C.UTF-8 \
XDG_RUNTIME_DIR=/run/user/$uid DBUS_SESSION_BUS_ADDRESS=unix:path=/run/user/$uid/bus"
  export BOX_UID BOX_HOME BOX_ENV
  for i in $(seq 3000); do
    [ -S /run/systemd/journal/stdout ] && break
    sleep 0.02
  done
  # shellcheck disable=SC2086
  setpriv --reuid $uid --regid $uid --clear-groups --inh-caps=-all env -i $BOX_ENV \
    $systemd --user --log-target=console >/run/box/manager.log 2>&1 </dev/null &
  manager=$!
  for i in $(seq 3000); do
    # shellcheck disable=SC2086
    state=$(setpriv --reuid $uid --regid $uid --clear-groups env -i $BOX_ENV \
      systemctl --user is-system-running 2>&1)
    case $state in running | degraded) break ;; esac
    kill -0 $manager 2>/dev/null || break
    sleep 0.02
  done
  case $state in
    running | degraded) ;;
    *)
      tail -n 3 /run/box/manager.log
      cannot "systemd --user does not run here: $state"
      ;;
  esac
  "$@"
  rc=$?
  [ -z "${BOX_LOG-}" ] || cat /run/box/manager.log >&2
  kill -RTMIN+24 $manager
  for i in $(seq 250); do
    kill -0 $manager 2>/dev/null || break
    sleep 0.02
  done
  exit $rc
fi

# --- outside
[ "$(id -u)" = 0 ] || cannot 'needs root, for namespaces of its own'
for program in systemctl setpriv unshare dbus-daemon; do
  command -v $program >/dev/null || cannot "$program is not installed"
done
[ -f /usr/lib/systemd/user/dbus.socket ] || cannot 'there is no bus for users (dbus-user-session)'
name=assent-box-$$
if [ -d /sys/fs/cgroup/systemd ]; then
  BOX_HYBRID=1 folders="/sys/fs/cgroup/systemd/$name /sys/fs/cgroup/unified/$name"
elif [ -f /sys/fs/cgroup/cgroup.procs ]; then
  own=$(sed -n 's/^0:://p' /proc/self/cgroup)
  BOX_HYBRID='' folders=/sys/fs/cgroup${own%/}/$name
else
  cannot 'there are no control groups'
fi
export BOX_HYBRID
clean_up() {
  for folder in $folders; do
    echo $$ >"$(dirname "$folder")/cgroup.procs"
    find "$folder" -depth -type d -exec rmdir {} \; 2>/dev/null
  done
}
trap clean_up EXIT
for folder in $folders; do
  make_group "$folder" || cannot "cannot make the control group $folder"
done
unshare --mount --pid --fork --cgroup --ipc --kill-child --mount-proc -- \
  "$BASH" "$0" --inside "$@"
