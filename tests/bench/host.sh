#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# What it costs to look at a host of 2,000 packages and 10,000 files and to find that all is well:
# Assent's plan beside `puppet apply --noop`, `cf-agent -n` and `ansible-playbook --check` on the
# same work. A part of `make bench`, or by hand with ASSENT_BINDIR and ASSENT_LIBEXECDIR:
#
#   tests/bench/host.sh [PACKAGES [FILES]]
#
# Before it is measured each must, at a small size, find nothing, then a package that is missing and
# a file that is another one, so that none is quick because it does not look; and it must find
# nothing at full size. The packages stand in a database of dpkg's that holds in a mount namespace
# of its own, which takes root: what is installed here, and more of nobody's. A peer that is not
# installed is skipped: on Debian they are puppet-agent, cfengine3, ansible-core and python3-apt.
#
# Assent is measured twice: with what it remembers of files that have not changed, and without,
# when it reads every file, here and in the commit. ansible's copy compares sizes and times first,
# as the former does; puppet and cf-agent read.
#
# LIMIT: seconds for a tool; it is run RUNS times after a first one, or until they are over. One
# that does not end once within them is told as ">LIMIT". PEERS: NAME:PROGRAM of those to measure.
# KEEP: a folder for what the tools said. Progress goes to standard error.
#
# Nothing here is a test: it fails only when something cannot be measured. Compare ratios, not
# milliseconds, and only those of one run.
# shellcheck disable=SC2016 # of dpkg-query and cf-agent
if [ "$(id -u)" = 0 ] && [ -z "$BENCH_PRIVATE" ] && unshare -m true 2>/dev/null; then
  BENCH_PRIVATE=1 exec unshare -m --propagation private "$0" "$@"
fi
: "${srcdir:=$(cd "$(dirname "$0")/../.." && pwd)}" "${BENCH_PRIVATE:=}" "${KEEP:=}"
# shellcheck source=tests/e2e/lib.sh
. "$srcdir/tests/e2e/lib.sh" || exit 1
worker=${ASSENT_LIBEXECDIR:?is set by make bench}/assent-worker
tools=$srcdir/tests/bench
packages=${1:-2000}
files=${2:-10000}
small_packages=50
small_files=100
small_limit=300 # seconds
runs=${RUNS:-3}
limit=${LIMIT:-180}
status=/var/lib/dpkg/status
why=
kept=0

die() {
  echo "host: $*" >&2
  exit 1
}
say() {
  printf 'host: %s: %s\n' "$(date +%T)" "$*" >&2
}
skip() { # PEER REASON
  printf '%-18s%8s  %-22s SKIP: %s\n' host "$files" "$1" "$2"
}

installed() {
  dpkg-query -W -f '${db:Status-Abbrev} ${Package}\n' | sed -n 's/^.i  *//p' | sort -u
}

# As many more as are missing, of nobody and without files.
database_make() {
  local count i
  cp $status "$site/status"
  count=$(installed | wc -l)
  for ((i = count < packages ? count : packages - 1; i < packages; i++)); do
    printf '\nPackage: bench-%05d\nStatus: install ok installed\nPriority: optional\n' "$i"
    printf 'Section: misc\nInstalled-Size: 1\nMaintainer: Nobody <nobody@example.org>\n'
    printf 'Architecture: all\nVersion: 1.0-1\nDescription: nothing\n'
  done >>"$site/status"
  mount --bind "$site/status" $status || die 'cannot have a database of its own'
  mount -t tmpfs none /var/cache/apt || die 'cannot hide the cache of apt'
  # What cf-agent remembers of it is nobody else's.
  [ ! -d /var/lib/cfengine3/state ] || mount -t tmpfs -o mode=700 none /var/lib/cfengine3/state ||
    die 'cannot hide the state of cf-agent'
  printf '#!/bin/sh\nexec dpkg-query -W -f "%s\\n"\n' \
    '\${db:Status-Abbrev}:\${Package}:\${Version}:\${Architecture}:' >"$site/list"
  chmod 755 "$site/list"
}

# Some work: names of packages, the repository, the files as they are, and a script for each tool.
work_make() { # NAME PACKAGES FILES
  work=$site/$1
  live=$HOME/$1
  mkdir -p "$work/wanted" "$work/objects"
  { installed | grep '^bench-'; installed | grep -v '^bench-'; } | head -n "$2" >"$work/names"
  python3 "$tools/tree.py" make "$work/wanted/files" "$3"
  cp -a "$work/wanted/files" "$live"
  assent_make
  puppet_make
  cfengine_make
  ansible_make
}

assent_make() {
  {
    printf 'resources:\n  - package: ['
    paste -sd , "$work/names" | tr -d '\n'
    printf ']\n  - tree: %s\n    source: files/\n    prune: true\n' "$live"
  } >"$work/wanted/assent.yaml"
  git init -q -b main "$work/wanted"
  git -C "$work/wanted" add -A
  git -C "$work/wanted" commit -q -m 'All'
  printf '{"v":1,"job":"fetch","url":"file://%s","ref":"refs/heads/main","mirror":"%s",%s}\n' \
    "$work/wanted" "$work/mirror.git" '"known":"","path":""' >"$work/fetch.json"
  "$worker" <"$work/fetch.json" >"$site/job" || die "$(tail -n 1 "$site/job")"
  assent_plan assent "$work/cache"
  assent_plan assent-reads ''
}

assent_plan() { # NAME CACHE
  tr -d '\n' >"$work/$1.json" <<END
{"v":1,"job":"plan","mirror":"$work/mirror.git","commit":"$(git -C "$work/wanted" rev-parse HEAD)",
"base":"","path":"","agent":"bench","stack":"bench","home":"$HOME","labels":[],
"objects":"$work/objects","out":"$site/draft.json","cache":"$2"}
END
  echo >>"$work/$1.json"
  echo "exec '$worker' <'$work/$1.json'" >"$work/$1.sh"
}

puppet_make() {
  {
    sed "s/.*/package { '&': ensure => installed }/" "$work/names"
    printf "file { '%s': ensure => directory, recurse => true, purge => true, force => true,\n" \
      "$live"
    printf "  source => '%s', checksum => 'sha256', max_files => -1 }\n" "$work/wanted/files"
  } >"$work/site.pp"
  echo "exec puppet apply --noop --confdir '$work/puppet' --vardir '$work/puppet/var' \
    --logdest console --color false '$work/site.pp'" >"$work/puppet.sh"
  mkdir -p "$work/puppet"
}

cfengine_make() {
  cat >"$work/host.cf" <<END
body common control { bundlesequence => { "host" }; }
bundle agent host
{
  vars:
    "names" slist => readstringlist("$work/names", "", "\\n", 100000, 10000000);
  packages:
    "\$(names)" package_policy => "add", package_method => list;
  files:
    "$live/." copy_from => from_work, depth_search => all;
}
body package_method list
{
  package_changes => "individual";
  package_list_command => "$site/list";
  package_installed_regex => "^.i.*";
  package_list_name_regex => "^.i[^:]*:([^:]+):.*";
  package_list_version_regex => "^.i[^:]*:[^:]+:(.+):[^:]+:\$";
  package_list_arch_regex => ".*:([^:]+):\$";
  package_add_command => "/bin/false";
  package_name_convention => "\$(name)";
}
body copy_from from_work
{
  source => "$work/wanted/files/.";
  compare => "digest";
  purge => "true";
  preserve => "true";
}
body depth_search all { depth => "inf"; }
END
  chmod 600 "$work/host.cf"
  # It believes what it has seen a minute before; here it shall look.
  echo "rm -f /var/lib/cfengine3/state/software_packages.csv
exec cf-agent -K -n -I -f '$work/host.cf'" >"$work/cfengine.sh"
}

ansible_make() {
  {
    printf -- '- hosts: localhost\n  connection: local\n  gather_facts: false\n  tasks:\n'
    printf '    - apt:\n        name:\n'
    sed 's/^/          - /' "$work/names"
    printf '    - copy: {src: "%s/", dest: "%s/", remote_src: true}\n' "$work/wanted/files" "$live"
  } >"$work/host.yaml"
  echo "export ANSIBLE_HOME='$work/ansible' ANSIBLE_LOCALHOST_WARNING=false ANSIBLE_NOCOLOR=1
exec ansible-playbook --check -i localhost, '$work/host.yaml'" >"$work/ansible.sh"
}

# Sets took, in milliseconds, or to nothing when it did not end. What it says stands in $site/said,
# a plan of ours behind it.
once() { # TOOL SECONDS
  local start code=0
  rm -f "$site/draft.json"
  start=${EPOCHREALTIME/./}
  timeout -k 5 "$2" sh "$work/$1.sh" >"$site/said" 2>&1 </dev/null || code=$?
  took=$(((${EPOCHREALTIME/./} - start + 500) / 1000))
  [ "$code" != 124 ] && [ "$code" != 137 ] || took=
  [ -z "$KEEP" ] || cp "$site/said" "$KEEP/$((++kept)).$1.${work##*/}"
  [ ! -e "$site/draft.json" ] || cat "$site/draft.json" >>"$site/said"
}

# What it has said is that there is something to do, besides what it says always.
has_found() { # TOOL WORD
  case $1 in
    ansible) grep -qE "changed=[1-9]|No package matching '$2'" "$site/said" ;;
    *) grep -qF -e "$2" "$site/said" ;;
  esac
}

# Nothing is to be done, and it came to its end.
is_content() { # TOOL
  case $1 in
    assent*) grep -q '"changes":0,' "$site/said" ;;
    # Where root may not read all of /proc, facter complains of that.
    puppet)
      grep -q 'Applied catalog' "$site/said" &&
        ! grep -v '^Error: Facter: ' "$site/said" | grep -qE 'noop|Error'
      ;;
    cfengine) [ ! -s "$site/said" ] ;;
    ansible) grep -q 'ok=2 .*changed=0 .*failed=0' "$site/said" ;;
  esac
}

# All well, a package that is missing, and a file that is another one. Else $why says why not.
looks() { # TOOL
  local package file
  package=$(head -n 1 "$work/names")
  file=$(find "$live" -type f | sort | sed -n 77p)
  why=
  say "$1 is shown $small_packages packages and $small_files files"
  once "$1" "$small_limit"
  is_content "$1" || why="it is not content with what is right: $(tail -n 1 "$site/said")"
  sed "/^Package: $package\$/,/^\$/d" "$site/status" >"$site/spoiled"
  cp "$site/status" "$site/good"
  cat "$site/spoiled" >$status
  once "$1" "$small_limit"
  cat "$site/good" >$status
  has_found "$1" "$package" || why=${why:-it does not look at packages}
  cp -a "$file" "$site/good"
  echo changed >>"$file"
  once "$1" "$small_limit"
  has_found "$1" "${file##*/}" || why=${why:-it does not look at files}
  cp -a "$site/good" "$file"
}

# As a result of hyperfine's: {"command": NAME, "median": SECONDS}, and "over" when it did not end.
result() { # TOOL MILLISECONDS...
  local tool=$1 half
  shift
  if [ $# = 0 ]; then
    printf '{"command":"%s","median":%s,"over":true}\n' "$tool" "$limit"
    return
  fi
  half=$(printf '%s\n' "$@" | sort -n | sed -n "$((($# + 1) / 2))p")
  printf '{"command":"%s","median":%d.%03d}\n' "$tool" $((half / 1000)) $((half % 1000))
}

measure() { # TOOL
  local i all=0 list=
  say "$1: one run ahead"
  for ((i = 0; i <= runs && all < limit * 1000; i++)); do
    once "$1" "$limit"
    [ -n "$took" ] || break
    is_content "$1" || die "$1 is not content with what is right: $(tail -n 3 "$site/said")"
    say "$1: $took ms"
    all=$((all + took))
    # The first one fills caches, and counts only where it is the only one.
    [ "$i" = 1 ] && list=
    list="$list $took"
  done
  [ -n "$took" ] || say "$1: more than $limit s"
  # shellcheck disable=SC2086
  result "$1" $list >"$site/result.$1"
}

table() { # OURS
  local out=$site/results/$1-$files.json name list
  list=$(cat "$site/result.$1")
  for name in $measured; do
    list="$list,$(cat "$site/result.$name")"
  done
  mkdir -p "$site/results"
  echo "{\"results\":[$list]}" >"$out"
  echo "$out"
}

[ -n "$BENCH_PRIVATE" ] || {
  skip all 'only root can have a package database of its own'
  exit 0
}
for program in git python3 dpkg-query; do
  command -v "$program" >/dev/null || {
    skip all "$program is not installed"
    exit 0
  }
done
say "$packages packages, $files files"
database_make
work_make small $small_packages $small_files
chosen=
for tool in assent:"$worker" assent-reads:"$worker" \
  ${PEERS-cfengine:cf-agent ansible:ansible-playbook puppet:puppet}; do
  name=${tool%%:*}
  if ! command -v "${tool#*:}" >/dev/null; then
    skip "$name" "${tool#*:} is not installed"
    continue
  fi
  looks "$name"
  if [ -z "$why" ]; then
    chosen="$chosen $name"
    continue
  fi
  skip "$name" "$why"
  [ "${name#assent}" = "$name" ] || exit 1
done
work_make full "$packages" "$files"
measured=
for name in $chosen; do
  measure "$name"
  [ "${name#assent}" != "$name" ] || measured="$measured $name"
done
printf '\n%s packages of %s, %s files, all as they should be\n' "$(wc -l <"$work/names")" \
  "$(installed | wc -l)" "$files"
python3 "$tools/table.py" "$(table assent)" "$(table assent-reads)"
