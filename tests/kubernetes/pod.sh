#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Runs a program as a container of contrib/kubernetes/deployment.yaml would run it: with its user,
# no capabilities, a root file system that is read-only, and volumes with the owners and modes that
# a kubelet gives them. For root, in a mount namespace of its own:
#
#   unshare -m pod.sh FOLDER COMMAND...
#
# FOLDER has add/ (what the image has beside the host's root), state/, run/, tmp/, config/ and
# credentials/ (the volumes) and mounts, lines of a volume, a file in it or "-", and a place.
set -eu
at=$1
shift
user=$(cat "$at/user")
mkdir -p "$at/root" "$at/layer"
mount --make-rprivate /
# A layer may not lie within another one.
mount -t tmpfs -o mode=755 pod "$at/layer"
cp -a "$at/add/." "$at/layer"
mount -t overlay -o "lowerdir=$at/layer:/" pod "$at/root"
mount --rbind /proc "$at/root/proc"
mount --rbind /dev "$at/root/dev"
# What was built lies below a folder that may be a mount of its own.
mount --bind "$builddir" "$at/root/opt/assent"
while read -r volume file place; do
  [ "$file" != - ] || file=
  mount --bind "$at/$volume/$file" "$at/root$place"
  case $volume in
    config | credentials) mount -o remount,bind,ro "$at/root$place" ;;
  esac
done <"$at/mounts"
# shellcheck disable=SC2046 # one word for each variable
exec chroot "$at/root" setpriv --reuid "$user" --regid "$user" --clear-groups --no-new-privs \
  --inh-caps=-all --bounding-set=-all env -i "PATH=/opt/assent:/usr/bin:/bin" \
  $(cat "$at/env") "$@"
