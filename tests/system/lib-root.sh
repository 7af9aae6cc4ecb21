# shellcheck shell=sh
# SPDX-License-Identifier: GPL-3.0-or-later
# The host's own root folder, to be spoilt: an overlay in namespaces of one's own, of which
# nothing reaches the host and which goes with the test. Source it first, before libtest.sh:
#
#	. "$srcdir/tests/system/lib-root.sh"   # skips without root; runs the test again inside
#
# The test runs as root in it, without a network; what it starts is killed when it ends.
#
#	root_need PROGRAM...                   # or the test is skipped
root_skip() {
  echo "1..0 # SKIP $1"
  exit 0
}
root_need() {
  for program in "$@"; do
    command -v "$program" >/dev/null || root_skip "no $program"
  done
}
: "${srcdir:=.}" "${builddir:=.}"
if [ -z "${ROOT_INSIDE-}" ]; then
  [ "$(id -u)" = 0 ] || root_skip 'only root can have a root folder of its own'
  root_need unshare
  [ -d /mnt ] || root_skip 'no /mnt'
  srcdir=$(cd "$srcdir" && pwd) builddir=$(cd "$builddir" && pwd)
  case $0 in
    /*) ROOT_TEST=$0 ;;
    *) ROOT_TEST=$PWD/$0 ;;
  esac
  unshare --mount --propagation private sh -c '
    mount -t tmpfs none /mnt && mkdir /mnt/upper /mnt/work /mnt/root &&
    mount -t overlay -o lowerdir=/,upperdir=/mnt/upper,workdir=/mnt/work none /mnt/root' \
    2>/dev/null || root_skip 'no overlay of the root folder here'
  export srcdir builddir ROOT_TEST
  # shellcheck disable=SC2016 # is expanded inside
  ROOT_INSIDE=yes exec unshare --mount --propagation private --pid --fork --kill-child \
    --mount-proc --net --ipc --uts -- sh -ec '
    mount -t tmpfs -o mode=755 none /mnt
    mkdir /mnt/upper /mnt/work /mnt/root
    mount -t overlay -o lowerdir=/,upperdir=/mnt/upper,workdir=/mnt/work none /mnt/root
    mount -t proc none /mnt/root/proc
    mount --rbind /dev /mnt/root/dev
    mount -t tmpfs -o mode=755 none /mnt/root/run
    mount -t tmpfs -o mode=1777 none /mnt/root/tmp
    for folder in "$srcdir" "$builddir"; do
      mkdir -p "/mnt/root$folder"
      mount --rbind "$folder" "/mnt/root$folder"
    done
    cd /mnt/root
    exec chroot /mnt/root env -u TMPDIR bash -c "cd \"\$1\" && exec bash \"\$2\"" sh \
      "$builddir" "$ROOT_TEST"'
fi
