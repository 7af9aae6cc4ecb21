#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The units as systemd reads them, alone and with each drop-in of the examples; the lists of users
# and folders; the catalog.
. "${srcdir:-.}/tests/cli/libtest.sh" || exit 1
need systemd-analyze
units="$builddir/contrib/systemd"
examples="$srcdir/contrib/systemd/examples"

# verified user|system FILE: systemd-analyze has nothing to say of what is ours. Programs need not
# be installed for this.
verified() {
  local kind=$1 unit=$2
  sed -i -e 's|^ExecStart=.*|ExecStart=/bin/true|' "$unit"
  systemd-analyze "--$kind" verify --man=no --recursive-errors=no "$unit" >"$tmp/said" 2>&1
  ! grep -E 'assent|^/|Unknown|Failed' "$tmp/said"
}

# placed KIND NAME [DROP-IN]: a copy in a folder of its own; sets $unit
placed() {
  local folder
  folder=$tmp/units.$1.$2.$(basename "${3:-none}")
  mkdir -p "$folder"
  unit=$folder/$2
  cp "$units/$1/$2" "$unit"
  chmod u+w "$unit"
  [ -z "${3-}" ] || { mkdir "$unit.d" && cp "$3" "$unit.d/"; }
}

for unit in "$units"/{user,system}/*.service; do
  name=$(basename "$unit") kind=$(basename "$(dirname "$unit")")
  ok "no path is left open in $kind/$name" not grep -n '@[a-z]*@' <(grep -v '^System' "$unit")
  placed "$kind" "$name"
  ok "systemd understands $kind/$name" verified "$kind" "$unit"
done
for example in "$examples"/{user,system}/*.conf; do
  name=$(basename "$example") kind=$(basename "$(dirname "$example")")
  placed "$kind" assentd.service "$example"
  ok "and the drop-in $kind/$name" verified "$kind" "$unit"
done
placed user assentd.service
mkdir "$unit.d"
printf '[Service]\nWatchdogSecs=1\n' >"$unit.d/x.conf"
ok 'a drop-in that is wrong would be seen' not verified user "$unit"
placed system assentd.service
sed -i 's|^SystemCallFilter=@system-service|&s|' "$unit"
ok 'and a unit that is wrong' not verified system "$unit"

# What elevate.conf must lift for setuid programs: all that implies NoNewPrivileges.
fences() {
  local names='NoNewPrivileges|LockPersonality|MemoryDenyWriteExecute|CapabilityBoundingSet'
  names="$names|Restrict[A-Za-z]*|System[A-Za-z]*|Protect[A-Za-z]*|Private[A-Za-z]*"
  sed -nE "s/^($names)=.*/\1/p" "$1" | grep -v '^SystemCallErrorNumber' | sort -u
}
for kind in user system; do
  fences "$units/$kind/assentd.service" >"$tmp/set"
  fences "$examples/$kind/elevate.conf" >"$tmp/lifted"
  ok "there are fences ($kind)" test "$(wc -l <"$tmp/set")" -gt 8
  ok "and elevate.conf lifts each ($kind)" diff "$tmp/set" "$tmp/lifted"
done
ok 'a wrong configuration is not tried again and again' \
  grep -q '^RestartPreventExitStatus=64 78$' "$units/user/assentd.service"

if command -v systemd-sysusers >/dev/null; then
  ok 'the user is made' sh -c "mkdir -p '$tmp/root/etc' &&
    systemd-sysusers --root='$tmp/root' - <'$units/sysusers/assent.conf' &&
    grep -q '^assent:.*:/var/lib/assent:' '$tmp/root/etc/passwd'"
fi
if command -v systemd-tmpfiles >/dev/null && [ -f "$tmp/root/etc/group" ] &&
  [ "$(id -u)" = 0 ]; then
  conf=$(sed -n 's/^d \([^ ]*\).*/\1/p' "$units/tmpfiles/assent.conf")
  mkdir -p "$tmp/root$conf"
  touch "$tmp/root$conf/assentd.yaml"
  ok 'the folder is made, and what is in it can be read by the agent' \
    sh -c "systemd-tmpfiles --root='$tmp/root' --create - <'$units/tmpfiles/assent.conf' &&
      [ \"\$(stat -c %a '$tmp/root$conf/assentd.yaml')\" = 640 ]"
fi
if command -v journalctl >/dev/null; then
  mkdir -p "$tmp/j/usr/lib/systemd/catalog" "$tmp/j/var/lib/systemd/catalog"
  cp "$srcdir/contrib/systemd/assent.catalog" "$tmp/j/usr/lib/systemd/catalog/"
  exits 0 'the catalog is taken in' journalctl --root="$tmp/j" --update-catalog
  ids=$(grep -c '^-- ' "$srcdir/contrib/systemd/assent.catalog")
  exits 0 'and each of its entries is found' journalctl --root="$tmp/j" --list-catalog
  ok 'all of them' test "$(grep -c 'Assent: ' "$tmp/out")" = "$ids"
fi
finish
