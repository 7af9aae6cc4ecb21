#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# What `make install` leaves: the programs answer, and are hardened as configure promises.
# shellcheck source=tests/e2e/lib.sh
. "$srcdir/tests/e2e/lib.sh" || exit 1
need readelf

programs="$ASSENT_BINDIR/assent $ASSENT_BINDIR/assentd $ASSENT_LIBEXECDIR/assent-worker"
# It is built where libnotify was found.
if [ -e "$ASSENT_LIBEXECDIR/assent-desktop" ]; then
  programs="$programs $ASSENT_LIBEXECDIR/assent-desktop"
fi

header() {
  readelf -hldW "$1" >"$site/elf" && grep -qE "$2" "$site/elf"
}

# The stack of a program must not be executable: its header says RW and not RWE.
stack_is_plain() {
  readelf -lW "$1" | grep 'GNU_STACK' | grep -q ' RW '
}

imports() {
  readelf -sW --dyn-syms "$1" | grep -qE "UND .*$2"
}

for program in $programs; do
  name=$(basename "$program")
  ok "$name is installed" test -x "$program"
  ok "$name is position independent" header "$program" 'Type: +DYN'
  if [ "${ASSENT_HARDENED-}" = yes ]; then
    ok "$name has its relocations read-only" header "$program" 'GNU_RELRO'
    ok "$name binds all symbols at start" header "$program" 'BIND_NOW|Flags:.* NOW'
    ok "$name has no executable stack" stack_is_plain "$program"
    ok "$name watches its stack" imports "$program" '__stack_chk_fail'
    ok "$name uses checked calls of libc" imports "$program" '__[a-z]+_chk'
  fi
done
for program in "$ASSENT_BINDIR/assent" "$ASSENT_BINDIR/assentd"; do
  ok "$(basename "$program") tells its version" "$program" --version
done
finish
