#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Ends the store's writer at every system call that changes the disk, and breaks each of them once.
# Afterwards the store must open, verify, and hold every entry that was acknowledged.
driver=${builddir:-.}/store-driver
calls=write,pwrite64,fchmod,fsync,fdatasync,rename,renameat,renameat2,unlink,unlinkat,mkdir,mkdirat
calls=$calls,rmdir,ftruncate,link,linkat
# No leak check works below a tracer.
export ASAN_OPTIONS=detect_leaks=0
command -v strace >/dev/null || { echo "1..0 # SKIP no strace"; exit 0; }
strace -qq -o /dev/null -e trace=write true 2>/dev/null || {
  echo "1..0 # SKIP strace may not trace"
  exit 0
}
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
export ASAN_OPTIONS="${ASAN_OPTIONS:-detect_leaks=0}" # leaks cannot be looked for under strace
echo 1..8
n=0
quiet=
ok() { n=$((n + 1)); if [ "$1" = 0 ]; then echo "ok $n - $2"; else echo "not ok $n - $2"; fi; }

# Names and counts of the calls that change the disk: one trace of an undisturbed run.
points() { # template command count
  rm -rf "$dir/s" && cp -a "$1" "$dir/s"
  strace -qq -o "$dir/trace" -e trace=$calls -e signal=none "$driver" "$2" "$dir/s" "$3" \
    >/dev/null || return 1
  sed 's/(.*//' "$dir/trace" | sort | uniq -c
}

# Acknowledged by now: what the template held, and what this run said.
acked() { # held
  last=$(sed -n 's/^ack //p' "$dir/out" | tail -n 1)
  echo $((${last:-$(($1 - 1))} + 1))
}

# Runs with an injection at every point; counts runs, those that were hit and bad outcomes.
sweep() { # template held command count injection expected-status
  runs=0 hit=0 bad=0
  while read -r count call; do
    for i in $(seq "$count"); do
      rm -rf "$dir/s" && cp -a "$1" "$dir/s"
      # In braces, since the shell itself tells of every kill.
      { strace -qq -o /dev/null -e trace="$call" -e inject="$call:$5:when=$i" \
        "$driver" "$3" "$dir/s" "$4" >"$dir/out"; } 2>/dev/null
      rc=$?
      runs=$((runs + 1))
      [ $rc = "$6" ] && hit=$((hit + 1))
      if ! "$driver" check "$dir/s" "$(acked "$2")" 2>"$dir/why"; then
        bad=$((bad + 1))
        [ -n "$quiet" ] || echo "# after $5 at $call $i (status $rc): $(cat "$dir/why")"
      elif [ -n "$(find "$dir/s" -name '.assent-*')" ]; then
        bad=$((bad + 1))
        echo "# after $5 at $call $i: temporary files are left"
      fi
    done
  done <"$dir/points"
  echo "# $runs runs, $hit hit, $bad bad"
}

"$driver" init "$dir/empty" >/dev/null
"$driver" init "$dir/border" >/dev/null
"$driver" bulk "$dir/border" 254

points "$dir/empty" append 2 >"$dir/points"
sweep "$dir/empty" 0 append 2 signal=KILL 137
[ $runs -gt 30 ] && [ $hit = $runs ]
ok $? "every run on an empty log was killed"
[ $bad = 0 ]
ok $? "an empty log survives"

points "$dir/border" append 3 >"$dir/points"
sweep "$dir/border" 254 append 3 signal=KILL 137
[ $runs -gt 60 ] && [ $hit = $runs ]
ok $? "every run at the border of a tile was killed"
[ $bad = 0 ]
ok $? "a log at the border of a tile survives"

# A disk that fails: the store must die, and the next start must find a good log. What fails after
# the head is durable, or a folder that is there already, may pass.
grep -E ' (write|fsync|rename|renameat)$' "$dir/points" >"$dir/some" && mv "$dir/some" "$dir/points"
sweep "$dir/border" 254 append 3 error=EIO 3
[ $runs -gt 40 ] && [ $hit = $runs ]
ok $? "the store is dead after every failed write, fsync and rename"
[ $bad = 0 ]
ok $? "and the log is good at the next start"
sweep "$dir/border" 254 append 3 error=ENOSPC 3
[ $hit = $runs ] && [ $bad = 0 ]
ok $? "the same on a full disk"

# The rig can fail: a writer that signs before it writes is caught.
quiet=1
points "$dir/empty" wrong 2 >"$dir/points"
sweep "$dir/empty" 0 wrong 2 signal=KILL 137
[ $bad -gt 5 ]
ok $? "a writer with the wrong order is caught"
