# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# A container made of this very machine (an overlay that is thrown away), with a real systemd as
# its first process. For root. Read after lib-git.sh:
#
#	box_apart "$0"          # begins anew in mounts of our own; before git_begin
#	git_begin
#	box_lay                 # $root: this machine, to be changed at will; or the test is skipped
#	box_boot [OPTION...]    # of systemd-nspawn; or the test is skipped
#	box COMMAND...          # as the container's root, with $box_path before the usual PATH
#
# Everything ends with the test: box_down is the trap that does it. It has no network but lo.
root='' nspawn='' init='' box_groups=''
box_path=''

box_apart() { # SCRIPT
  if [ -z "${IN_MOUNTS-}" ]; then
    IN_MOUNTS=1 exec unshare --mount --propagation private bash "$1"
  fi
}

box_down() {
  if [ -n "$nspawn" ]; then
    kill -TERM "$nspawn" 2>/dev/null
    for _ in $(seq 100); do
      kill -0 "$nspawn" 2>/dev/null || break
      sleep 0.05
    done
    [ -z "$init" ] || kill -KILL "$init" 2>/dev/null
    kill -KILL "$nspawn" 2>/dev/null
    wait "$nspawn" 2>/dev/null
  fi
  for group in $box_groups; do
    find "$group" -depth -type d -exec rmdir {} \; 2>/dev/null
  done
  umount -R "$T/layer" 2>/dev/null
  git_cleanup
}

box_lay() {
  trap box_down EXIT
  mkdir "$T/layer"
  if ! mount -t tmpfs -o mode=755 tmpfs "$T/layer" ||
    ! mkdir "$T/layer/upper" "$T/layer/work" "$T/layer/root" ||
    ! mount -t overlay overlay \
      -o "lowerdir=/,upperdir=$T/layer/upper,workdir=$T/layer/work" "$T/layer/root" \
      2>"$T/run/overlay"; then
    tap_skip_all "cannot lay anything over this machine: $(cat "$T/run/overlay")"
  fi
  root=$T/layer/root
}

box_boot() { # OPTION...
  box_name=assent-box-$$
  if [ -d /sys/fs/cgroup/systemd ]; then
    box_groups="/sys/fs/cgroup/systemd/$box_name /sys/fs/cgroup/unified/$box_name"
  else
    own=$(sed -n 's/^0:://p' /proc/self/cgroup)
    box_groups=/sys/fs/cgroup${own%/}/$box_name
  fi
  for group in $box_groups; do
    mkdir "$group" 2>/dev/null || tap_skip_all "cannot make the control group $group"
  done
  (
    for group in $box_groups; do
      echo "$BASHPID" >"$group/cgroup.procs"
    done
    exec systemd-nspawn -q -D "$root" -M "$box_name" --register=no --keep-unit --console=pipe \
      --kill-signal=SIGRTMIN+3 --resolv-conf=off --timezone=off --link-journal=no \
      --capability=all --private-network "$@" -b </dev/null
  ) >"$T/console" 2>&1 &
  nspawn=$!
  for _ in $(seq 1200); do
    init=$(cat /proc/$nspawn/task/$nspawn/children 2>/dev/null)
    init=${init%% *}
    [ -n "$init" ] && [ -S "/proc/$init/root/run/systemd/private" ] && break
    kill -0 $nspawn 2>/dev/null || break
    sleep 0.05
  done
  state=$([ -n "$init" ] && box systemctl is-system-running --wait 2>&1)
  case $state in
  running | degraded) ;;
  *) tap_skip_all "no systemd boots here: $state $(tail -n 1 "$T/console")" ;;
  esac
}

box() {
  nsenter -t "$init" -m -u -i -n -p -C -r -w -- env -i \
    "PATH=${box_path:+$box_path:}/usr/sbin:/usr/bin:/sbin:/bin" HOME=/root LC_ALL=C.UTF-8 \
    ASAN_OPTIONS=detect_leaks=0 "$@"
}
