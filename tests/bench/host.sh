#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# What it costs to look at a host of 2,000 packages and 10,000 files and to find that all is well:
# Assent's plan beside `puppet apply --noop`, `cf-agent -n` and `ansible-playbook --check` on the
# same work. A part of `make bench`, or by hand with ASSENT_BINDIR and ASSENT_LIBEXECDIR:
#
#   tests/bench/host.sh [PACKAGES [FILES]]
#
# Each must find a package and a file that are not as they should be before it is measured, so that
# none is quick because it does not look. The packages stand in a database of dpkg's that holds in a
# mount namespace of its own, which takes root: what is installed here, and more of nobody's. A
# peer that is not installed is skipped: on Debian they are puppet-agent, cfengine3, and
# ansible-core with python3-apt.
#
# LIMIT: seconds that a run of a peer may take; RUNS; PEERS: NAME:PROGRAM of those to measure.
# ansible's copy compares sizes and times first, as Assent's stat cache does; the others read.
#
# Nothing here is a test: it fails only when something cannot be measured. Compare ratios, not
# milliseconds, and only those of one run.
# shellcheck disable=SC2016 # of dpkg-query and cf-agent
if [ "$(id -u)" = 0 ] && [ -z "$BENCH_PRIVATE" ] && unshare -m true 2>/dev/null; then
  BENCH_PRIVATE=1 exec unshare -m --propagation private "$0" "$@"
fi
: "${srcdir:=$(cd "$(dirname "$0")/../.." && pwd)}"
# shellcheck source=tests/e2e/lib.sh
. "$srcdir/tests/e2e/lib.sh" || exit 1
worker=${ASSENT_LIBEXECDIR:?is set by make bench}/assent-worker
tools=$srcdir/tests/bench
packages=${1:-2000}
files=${2:-10000}
runs=${RUNS:-3}
limit=${LIMIT:-180} # seconds of one run
status=/var/lib/dpkg/status
live=$HOME/live

die() {
  echo "host: $*" >&2
  exit 1
}
skip() { # PEER REASON
  printf '%-18s%8s  %-22s SKIP: %s\n' host "$packages" "$1" "$2"
}

installed() {
  dpkg-query -W -f '${db:Status-Abbrev} ${Package}\n' | sed -n 's/^.i  *//p' | sort -u
}

# As many more as are missing, of nobody and without files.
database_make() {
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

names_make() {
  database_make
  { installed | grep '^bench-'; installed | grep -v '^bench-'; } | head -n "$packages" \
    >"$site/names"
  packages=$(wc -l <"$site/names")
}

files_make() {
  mkdir -p "$site/wanted" "$site/objects"
  python3 "$tools/tree.py" make "$site/wanted/files" "$files"
  cp -a "$site/wanted/files" "$live"
}

assent_make() {
  {
    printf 'resources:\n  - package: ['
    paste -sd , "$site/names" | tr -d '\n'
    printf ']\n  - tree: %s\n    source: files/\n    prune: true\n' "$live"
  } >"$site/wanted/assent.yaml"
  git init -q -b main "$site/wanted"
  git -C "$site/wanted" add -A
  git -C "$site/wanted" commit -q -m 'All'
  printf '{"v":1,"job":"fetch","url":"file://%s","ref":"refs/heads/main","mirror":"%s",%s}\n' \
    "$site/wanted" "$site/mirror.git" '"known":"","path":""' >"$site/fetch.json"
  "$worker" <"$site/fetch.json" >"$site/job" || die "$(tail -n 1 "$site/job")"
  tr -d '\n' >"$site/plan.json" <<END
{"v":1,"job":"plan","mirror":"$site/mirror.git","commit":"$(git -C "$site/wanted" rev-parse HEAD)",
"base":"","path":"","agent":"bench","stack":"bench","home":"$HOME","labels":[],
"objects":"$site/objects","out":"$site/draft.json","cache":"$site/cache"}
END
  echo >>"$site/plan.json"
  echo "exec '$worker' <'$site/plan.json'" >"$site/assent.sh"
}

puppet_make() {
  {
    sed "s/.*/package { '&': ensure => installed }/" "$site/names"
    printf "file { '%s': ensure => directory, recurse => true, purge => true, force => true,\n" \
      "$live"
    printf "  source => '%s', checksum => 'sha256', max_files => -1 }\n" "$site/wanted/files"
  } >"$site/site.pp"
  echo "exec puppet apply --noop --confdir '$site/puppet' --vardir '$site/puppet/var' \
    --logdest console --color false '$site/site.pp'" >"$site/puppet.sh"
  mkdir -p "$site/puppet"
}

cfengine_make() {
  cat >"$site/host.cf" <<END
body common control { bundlesequence => { "host" }; }
bundle agent host
{
  vars:
    "names" slist => readstringlist("$site/names", "", "\\n", 100000, 10000000);
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
  source => "$site/wanted/files/.";
  compare => "digest";
  purge => "true";
  preserve => "true";
}
body depth_search all { depth => "inf"; }
END
  chmod 600 "$site/host.cf"
  # It believes what it has seen a minute before; here it shall look.
  echo "rm -f /var/lib/cfengine3/state/software_packages.csv
exec cf-agent -K -n -I -f '$site/host.cf'" >"$site/cfengine.sh"
}

ansible_make() {
  {
    printf -- '- hosts: localhost\n  connection: local\n  gather_facts: false\n  tasks:\n'
    printf '    - apt:\n        name:\n'
    sed 's/^/          - /' "$site/names"
    printf '    - copy: {src: "%s/", dest: "%s/", remote_src: true}\n' "$site/wanted/files" "$live"
  } >"$site/host.yaml"
  echo "export ANSIBLE_HOME='$site/ansible' ANSIBLE_LOCALHOST_WARNING=false ANSIBLE_NOCOLOR=1
exec ansible-playbook --check -i localhost, '$site/host.yaml'" >"$site/ansible.sh"
}

# Does it say that there is something to do?
finds() { # TOOL WORD
  rm -f "$site/draft.json"
  timeout "$limit" sh "$site/$1.sh" >"$site/said" 2>&1
  [ $? != 124 ] || {
    why="it takes longer than $limit seconds"
    return 0
  }
  [ ! -e "$site/draft.json" ] || cat "$site/draft.json" >>"$site/said"
  case $1 in
    ansible) grep -qE "changed=[1-9]|No package matching '$2'" "$site/said" ;;
    *) grep -q "$2" "$site/said" ;;
  esac
}

# All well, a package that is missing, and a file that is another one.
looks() { # TOOL
  package=$(grep '^bench-' "$site/names" | tail -n 1)
  file=$(find "$live" -type f | sort | sed -n 77p)
  finds "$1" "$package" && [ -z "$why" ] &&
    die "$1 finds a package missing that is there: $(tail "$site/said")"
  [ -z "$why" ] || return 0
  finds "$1" "$file" && die "$1 finds a file changed that is not: $(tail "$site/said")"
  cp $status "$site/good"
  sed "/^Package: $package\$/,/^\$/d" "$site/good" >$status
  finds "$1" "$package" || why='it does not look at packages'
  [ -z "$KEEP" ] || cp "$site/said" "$KEEP/package.$1"
  cat "$site/good" >$status
  cp -a "$file" "$site/good"
  echo changed >>"$file"
  finds "$1" "${file##*/}" || why='it does not look at files'
  cp -a "$site/good" "$file"
  [ -z "$why" ] || [ -z "$KEEP" ] || cp "$site/said" "$KEEP/said.$1"
}

[ -n "$BENCH_PRIVATE" ] || {
  skip all 'only root can have a package database of its own'
  exit 0
}
for program in hyperfine git python3 dpkg-query; do
  command -v "$program" >/dev/null || {
    skip all "$program is not installed"
    exit 0
  }
done
names_make
files_make
assent_make
set --
for tool in assent:"$worker" ${PEERS-puppet:puppet cfengine:cf-agent ansible:ansible-playbook}; do
  name=${tool%%:*}
  if ! command -v "${tool#*:}" >/dev/null; then
    skip "$name" "${tool#*:} is not installed"
    continue
  fi
  [ "$name" = assent ] || "${name}_make"
  why=
  looks "$name"
  if [ -n "$why" ]; then
    skip "$name" "$why"
    [ "$name" != assent ] || exit 1
    continue
  fi
  set -- "$@" -n "$name" "sh $site/$name.sh"
done
mkdir "$site/results"
hyperfine -N -r "$runs" --style none --export-json "$site/results/host-$files.json" "$@" \
  >"$site/hyperfine" 2>&1 || die "$(cat "$site/hyperfine")"
printf '\n%s packages of %s, %s files, all as they should be\n' "$packages" \
  "$(installed | wc -l)" "$files"
python3 "$tools/table.py" "$site/results/host-$files.json"
