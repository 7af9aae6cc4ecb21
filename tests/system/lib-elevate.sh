# shellcheck shell=sh
# SPDX-License-Identifier: GPL-3.0-or-later
# A machine of one's own for a worker with raised rights: a private mount namespace in which
# /mnt and /etc/sudoers are the test's. Source it first:
#
#	. "$srcdir/tests/system/lib-elevate.sh"   # skips without root; runs the test again inside
#	elevate_begin                  # $R, root's: bin/ etc/ worker/ site/; $U, the user's
#	as_user COMMAND...             # as nobody, in $U, with nothing of root's
#	elevate_trust LINE...          # /mnt/assent-test/etc/trust.yaml, lines added
#
# The user may run one thing as root: $R/bin/assent-worker apply.
elevate_skip() {
  echo "1..0 # SKIP $1"
  exit 0
}
: "${srcdir:=.}" "${builddir:=.}"
if [ -z "${ELEVATE_INSIDE-}" ]; then
  [ "$(id -u)" = 0 ] || elevate_skip 'only root can lend its rights'
  for program in sudo setpriv unshare python3 git; do
    command -v $program >/dev/null || elevate_skip "no $program"
  done
  if [ ! -f /etc/sudoers ] || [ ! -d /mnt ]; then
    elevate_skip 'no /etc/sudoers or no /mnt'
  fi
  unshare --mount --propagation private mount -t tmpfs none /mnt 2>/dev/null ||
    elevate_skip 'no private mounts here'
  ELEVATE_INSIDE=yes exec unshare --mount --propagation private bash "$0" "$@"
fi

R=/mnt/assent-test U=/mnt/user
elevate_begin() {
  mount -t tmpfs -o mode=755 none /mnt || exit 1
  mkdir -p $R/bin $R/etc $R/site "$U"
  chmod 755 $R $R/bin $R/etc $R/site
  cp "$builddir/elevate-worker" $R/bin/assent-worker
  cp "$builddir/assentd" "$builddir/assent" "$builddir/mkplan" $R/bin
  chmod 755 $R/bin/*
  chown 65534 "$U"
  chmod 700 "$U"
  elevate_sudoers ''
}

elevate_sudoers() { # LINE: besides
  {
    echo 'Defaults env_reset, !use_pty'
    echo "#65534 ALL=(root) NOPASSWD: $R/bin/assent-worker apply"
    echo "$1"
  } >/mnt/sudoers
  chmod 440 /mnt/sudoers
  umount /etc/sudoers 2>/dev/null
  mount --bind /mnt/sudoers /etc/sudoers
}

# A system bus and a polkit of one's own, which lets the user run the worker and nothing else; adds
# to $git_pids. False, with $REASON, when they are not to be had.
elevate_polkit() {
  for polkitd in /usr/lib/polkit-1/polkitd /usr/libexec/polkit-1/polkitd \
    /usr/libexec/polkitd ''; do
    [ ! -x "$polkitd" ] || break
  done
  if [ -z "$polkitd" ] || ! command -v pkexec dbus-daemon >/dev/null ||
    [ ! -d /usr/share/polkit-1/actions ] || [ ! -d /etc/polkit-1/rules.d ]; then
    REASON='no pkexec, polkitd or dbus-daemon'
    return 1
  fi
  mount -t tmpfs none /run && mkdir -p /run/dbus /mnt/actions /mnt/rules
  cp /usr/share/polkit-1/actions/org.freedesktop.policykit.policy /mnt/actions
  cat >/mnt/actions/org.assent.worker.apply.policy <<-X
		<?xml version="1.0" encoding="UTF-8"?>
		<!DOCTYPE policyconfig PUBLIC
		 "-//freedesktop//DTD PolicyKit Policy Configuration 1.0//EN"
		 "http://www.freedesktop.org/standards/PolicyKit/1.0/policyconfig.dtd">
		<policyconfig>
		 <action id="org.assent.worker.apply">
		  <description>Apply</description>
		  <message>Apply</message>
		  <defaults>
		   <allow_any>no</allow_any>
		   <allow_inactive>no</allow_inactive>
		   <allow_active>no</allow_active>
		  </defaults>
		  <annotate
		   key="org.freedesktop.policykit.exec.path">$R/bin/assent-worker</annotate>
		 </action>
		</policyconfig>
	X
  cat >/mnt/rules/10-assent.rules <<-X
		polkit.addRule(function(action, subject) {
		  if (action.id == "org.assent.worker.apply" && subject.user == "nobody") {
		    return polkit.Result.YES;
		  }
		});
	X
  chmod 755 /mnt/actions /mnt/rules
  chmod 644 /mnt/actions/* /mnt/rules/*
  mount --bind /mnt/actions /usr/share/polkit-1/actions
  mount --bind /mnt/rules /etc/polkit-1/rules.d
  dbus-daemon --system --nofork --nopidfile --nosyslog >/mnt/dbus.log 2>&1 &
  git_pids="$git_pids $!"
  tries=0
  until [ -S /run/dbus/system_bus_socket ] || [ $tries -gt 100 ]; do
    tries=$((tries + 1))
    sleep 0.1
  done
  "$polkitd" --no-debug >/mnt/polkitd.log 2>&1 &
  git_pids="$git_pids $!"
  tries=0
  until dbus-send --system --print-reply --dest=org.freedesktop.DBus / \
    org.freedesktop.DBus.GetNameOwner string:org.freedesktop.PolicyKit1 >/dev/null 2>&1; do
    tries=$((tries + 1))
    if [ $tries -gt 100 ]; then
      REASON='polkitd does not start'
      return 1
    fi
    sleep 0.1
  done
}

as_user() {
  setpriv --reuid 65534 --regid 65534 --clear-groups env -i PATH="$PATH" HOME="$U" LC_ALL=C.UTF-8 \
    USER=nobody ASAN_OPTIONS="${ASAN_OPTIONS-}" sh -c 'cd && exec "$@"' sh "$@"
}

elevate_trust() { # LINE...
  {
    cat "$R/etc/agents"
    for line in "$@"; do
      echo "$line"
    done
  } >$R/etc/trust.yaml
  chmod 644 $R/etc/trust.yaml
}
