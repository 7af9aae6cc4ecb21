#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# What Assent's work costs beside `find -newer`, which does no more than an lstat() of each, `git
# status`, rsync and cf-agent on the same files, as a table of ratios. `make bench`, or by hand with
# ASSENT_BINDIR and ASSENT_LIBEXECDIR of an installation:
#
#   tests/bench/bench.sh [COUNT...]     numbers of files, 1000 and 10000 by default
#
# Nothing here is a test: it fails only when something cannot be measured. Compare ratios, not
# milliseconds, and only those of one run.
: "${srcdir:=$(cd "$(dirname "$0")/../.." && pwd)}"
# shellcheck source=tests/e2e/lib.sh
. "$srcdir/tests/e2e/lib.sh" || exit 1
# shellcheck source=tests/e2e/stack.sh
. "$srcdir/tests/e2e/stack.sh"

worker=${ASSENT_LIBEXECDIR:?is set by make bench}/assent-worker
tools=$srcdir/tests/bench
runs=${RUNS:-11}

die() {
  echo "bench: $*" >&2
  exit 1
}

job() { # REQUEST-FILE
  "$worker" <"$1" >"$site/job" || die "$(tail -n 1 "$site/job")"
}

# work: the repository; live: what is managed, at first the same.
files_make() { # COUNT
  base=$site/$1
  live=$HOME/live
  rm -rf "$live"
  mkdir -p "$base/wanted" "$base/objects" "$base/results"
  python3 "$tools/tree.py" make "$base/wanted/files" "$1"
  printf 'resources:\n  - tree: ~/live\n    source: files/\n    prune: true\n' \
    >"$base/wanted/assent.yaml"
  git init -q -b main "$base/wanted"
  git -C "$base/wanted" add -A
  git -C "$base/wanted" commit -q -m 'Files'
  cp -a "$base/wanted/files" "$live"
  git clone -q "$base/wanted" "$base/git"
}

mirror_make() { # COUNT
  tr -d '\n' >"$base/fetch.json" <<END
{"v":1,"job":"fetch","url":"file://$base/wanted","ref":"refs/heads/main",
"mirror":"$base/mirror.git","known":"","path":""}
END
  echo >>"$base/fetch.json"
  job "$base/fetch.json"
  tr -d '\n' >"$base/plan.json" <<END
{"v":1,"job":"plan","mirror":"$base/mirror.git","commit":"$(git -C "$base/wanted" rev-parse HEAD)",
"base":"","path":"","agent":"bench","stack":"bench","home":"$HOME","labels":[],
"objects":"$base/objects","out":"$base/draft.json","cache":"$base/cache"}
END
  echo >>"$base/plan.json"
  # hyperfine of Debian 12 cannot give a command its standard input.
  echo "exec '$worker' <'$base/plan.json'" >"$base/plan.sh"
  job "$base/plan.json"
}

measure() { # WORK COUNT HYPERFINE-ARGUMENTS...
  work=$1
  count=$2
  shift 2
  hyperfine -w 2 -r "$runs" --style none --export-json "$base/results/$work-$count.json" "$@" \
    >"$site/hyperfine" 2>&1 || die "$(cat "$site/hyperfine")"
  results="$results $base/results/$work-$count.json"
}

cf_policy() {
  cat <<END
body common control { bundlesequence => { "copy" }; }
bundle agent copy
{
  files:
    "$live/." copy_from => from_work, depth_search => all;
}
body copy_from from_work { source => "$base/wanted/files/."; compare => "digest"; }
body depth_search all { depth => "inf"; }
END
}

# Looks only, on files that are all as they should be (noop) or of which one in a hundred is not.
measure_plan() { # WORK COUNT
  set -- "$1" "$2" -N -n assent "sh $base/plan.sh" \
    -n 'find -newer' "find $live -newer $base/plan.json" \
    -n 'git status' "git -C $base/git status --porcelain" \
    -n 'rsync -n' "rsync -a -n --delete $base/wanted/files/ $live/" \
    -n 'rsync -n -c' "rsync -a -n -c --delete $base/wanted/files/ $live/"
  if command -v cf-agent >/dev/null; then
    cf_policy >"$base/copy.cf"
    chmod 600 "$base/copy.cf"
    set -- "$@" -n 'cf-agent -n, digest' "cf-agent -K -n -f $base/copy.cf"
  fi
  measure "$@"
}

# The worker alone, with a plan that the agent has signed and alice approved. Before each run the
# files are as spoiled as when the plan was made.
measure_apply() { # COUNT
  rm -rf "$site/keys" "$site/state" "$site/home/.config/assent"
  stack_path=.
  stack_make "file://$base/wanted" >/dev/null 2>&1 || die "cannot configure an agent"
  agent_start || die "the agent does not start"
  sync_now >/dev/null || die "cannot plan"
  waiting=$(plan_pending)
  cp -a "$live" "$base/spoiled"
  approve "$waiting" >/dev/null || die "cannot approve"
  wait_for stack_is converged || die "cannot apply"
  memory=$(awk '/^Pss:/ { all = $2 } /^Private_Dirty:/ { own = $2 }
    END { print all " KiB, of it written by itself: " own }' "/proc/$agent_pid/smaps_rollup")
  assent log export "$waiting" "$base/bundle" >/dev/null || die "cannot export"
  agent_stop
  python3 "$tools/request.py" "$base/bundle" "$site/state/assent" "$base/journal" \
    >"$base/apply.json"
  echo "exec '$worker' --trust '$(dirname "$ASSENT_CONFIG")/trust.yaml' <'$base/apply.json'" \
    >"$base/apply.sh"
  echo "rsync -a --delete '$base/spoiled/' '$live/'; rm -rf '$base/journal'; sync" \
    >"$base/prepare.sh"
  measure apply-1% "$1" -N \
    --prepare "sh $base/prepare.sh" \
    -n assent "sh $base/apply.sh" \
    -n 'rsync' "rsync -a --delete $base/wanted/files/ $live/" \
    -n 'rsync --fsync' "rsync -a --fsync --delete $base/wanted/files/ $live/"
}

bench() { # COUNT
  files_make "$1"
  mirror_make "$1"
  measure_plan plan-noop "$1"
  python3 "$tools/tree.py" change "$live" 1 >/dev/null
  python3 "$tools/tree.py" change "$base/git/files" 1 >/dev/null
  measure_plan plan-1% "$1"
  measure_apply "$1"
}

for program in hyperfine rsync git python3 ssh-keygen; do
  command -v "$program" >/dev/null || die "$program is not installed"
done
results=
for count in "${@:-1000 10000}"; do
  for number in $count; do
    bench "$number"
  done
done
# shellcheck disable=SC2086
python3 "$tools/table.py" $results
printf '\nmemory of the idle agent (PSS): %s KiB\n' "$memory"
