#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# SIGKILL at every system call of a fetch that changes the disk: the next fetch must work.
. "$srcdir/tests/system/lib-git.sh"
git_begin
git_need git python3 strace || tap_skip_all "$REASON"
strace -qq -o /dev/null true 2>/dev/null || tap_skip_all "strace may not trace here"
# ASan's own bookkeeping makes a trace ten times as long and adds nothing.
case $(nm -D "$WORKER" 2>/dev/null; ldd "$WORKER" 2>/dev/null) in
*libasan*) tap_skip_all "not with sanitizers" ;;
esac
git_seed
url=file://$T/srv/repo.git
calls=openat,write,pwrite64,rename,renameat,renameat2,link,linkat,unlink,unlinkat
calls=$calls,mkdir,mkdirat,rmdir
calls=$calls,fsync,fdatasync,ftruncate,fchmod,fchmodat,chmod,symlink,symlinkat,mmap,munmap,close

# Which of the calls a fetch makes, how often, by the process that makes most of them.
count_calls() { # FILE
  sed 's/^[0-9]* *//; s/(.*//' "$1" | grep -E '^[a-z_0-9]+$' | sort | uniq -c
}

# Kill points: every call that changes the disk; of the others, which only divide the time between
# those into steps, a spread that ends with the last.
spread() { # CALL COUNT
  case $1 in
  openat | mmap | munmap | close)
    seq 1 $(((($2 - 1) / 9) + 1)) "$2"
    echo "$2"
    ;;
  *) seq "$2" ;;
  esac | sort -nu
}

# PREPARE makes the mirror's state before; CHECK judges after the second fetch.
killed=0 bad=0
every_point() { # KNOWN PREPARE CHECK
  $2
  WRAP="strace -f -qq -o $T/trace -e trace=$calls -e signal=none" git_fetch "$url" "$1"
  WRAP=
  [ "$RC" = 0 ] || { echo "# the traced fetch failed"; tap_note "$T/out"; bad=1; return; }
  count_calls "$T/trace" >"$T/counts"
  while read -r n call; do
    for i in $(spread "$call" "$n"); do
      $2
      WRAP="strace -f -qq -o /dev/null -e trace=$call -e signal=none"
      WRAP="$WRAP --inject=$call:signal=KILL:when=$i"
      git_fetch "$url" "$1" 2>/dev/null
      WRAP=
      [ "$RC" = 0 ] || killed=$((killed + 1))
      $3 || { echo "# bad after a kill at $call #$i"; bad=$((bad + 1)); }
    done
  done <"$T/counts"
}
none() { rm -rf "$T/mirror.git" "$T/mirror.git.new"; }
many() { rm -rf "$T/mirror.git"; cp -a "$T/many.git" "$T/mirror.git"; }

works() {
  git_fetch "$url" "" && git_gives ok "$COMMIT" || return 1
  leftover=$(find "$T/mirror.git" "$T/mirror.git.new" \
    \( -name '*.lock' -o -name 'pack_git2_*' \) 2>/dev/null)
  if [ -n "$leftover" ] || ! git --git-dir="$T/mirror.git" fsck --strict >"$T/fsck" 2>&1; then
    tap_note "$T/fsck"
    echo "# left: $leftover"
    return 1
  fi
}

# What gets its name was synced before, its folder after, and nothing old goes in between. A kill
# does not show this, only a power cut would.
fetch_synced() { # NAME KNOWN
  WRAP="strace -f -qq -y -s 4096 -o $T/trace"
  WRAP="$WRAP -e trace=fsync,fdatasync,link,linkat,rename,renameat,renameat2,unlink,unlinkat"
  git_fetch "$url" "$2"
  WRAP=
  awk -F '"' '
    / = -1 / { next }
    /sync\(/ { path = $0; sub(/^[^<]*</, "", path); sub(/>.*/, "", path)
      synced[path] = 1; delete waits[path]; next }
    /unlink/ { for (w in waits) if ($0 ~ /pack-[0-9a-f]*\.(idx|pack)/)
      print "unlink before sync: " $0
      next }
    { folder = $4; sub(/\/[^\/]*$/, "", folder); named++
      if (!($2 in synced)) print "not synced: " $0
      waits[folder] = 1 }
    END { for (w in waits) print "folder not synced: " w
      if (named < 3) print "only " named + 0 " names" }' "$T/trace" >"$T/unsynced"
  [ "$RC" = 0 ] && [ ! -s "$T/unsynced" ]
  tap_ok "$1 is synced in order" || tap_note "$T/unsynced"
}
older() { rm -rf "$T/mirror.git"; cp -a "$T/older.git" "$T/mirror.git"; }
# The mirror itself, that is empty then, is nothing to lose.
git_fetch "$url" "" ref=refs/heads/none
fetch_synced "a first fetch" ""

every_point "" none works
[ "$bad" = 0 ] && [ "$killed" -gt 20 ]
tap_ok "a clone, killed at $killed points"

none
git_fetch "$url" ""
cp -a "$T/mirror.git" "$T/older.git"
first=$COMMIT
git_commit "change 4"
fetch_synced "a later fetch" "$first"
killed=0 bad=0
every_point "$first" older works
[ "$bad" = 0 ] && [ "$killed" -gt 20 ]
tap_ok "a fetch, killed at $killed points"

# One fetch below the number of packs that makes the next one join them.
for i in $(seq 30); do
  git_commit "pack $i"
  git_fetch "$url" ""
  packs=$(find "$T/mirror.git/objects/pack" -name '*.pack' | wc -l)
  [ "$packs" = 19 ] && break
done
cp -a "$T/mirror.git" "$T/many.git"
before=$COMMIT
git_commit "the one too many"
many
git_fetch "$url" "$before"
after=$(find "$T/mirror.git/objects/pack" -name '*.pack' | wc -l)
[ "$packs" = 19 ] && [ "$after" -lt 10 ]
tap_ok "twenty packs become $after"
many
fetch_synced "joining packs" "$before"
killed=0 bad=0
every_point "$before" many works
[ "$bad" = 0 ] && [ "$killed" -gt 20 ]
tap_ok "joining packs, killed at $killed points"

# The rig must be able to fail: a writer that is not careful leaves half a file.
cat >"$T/careless" <<-'C'
	import os, sys
	f = os.open(sys.argv[1], os.O_WRONLY | os.O_TRUNC)
	os.write(f, b"new "); os.write(f, b"content"); os.close(f)
C
found=0
for i in 1 2 3; do
  echo "old content" >"$T/victim"
  strace -f -qq -o /dev/null -e trace=write --inject=write:signal=KILL:when=$i \
    python3 "$T/careless" "$T/victim" >/dev/null 2>&1
  case $(cat "$T/victim") in
  "old content" | "new content") ;;
  *) found=$((found + 1)) ;;
  esac
done
[ "$found" -gt 0 ]
tap_ok "the rig finds a careless writer"
tap_end
