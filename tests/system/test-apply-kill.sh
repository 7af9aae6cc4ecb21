#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Ends, disturbs and ends again the worker's apply at every system call that changes the disk.
# The helpers take arguments where they need them.
# shellcheck disable=SC2119
. "${srcdir:-.}/tests/cli/libtest.sh" || exit 1
. "$srcdir/tests/system/lib-apply.sh"
need git python3 strace
strace -qq -o /dev/null -e trace=write true 2>/dev/null || skip_all "strace may not trace"
# Leaks cannot be looked for under strace.
export ASAN_OPTIONS="${ASAN_OPTIONS:-detect_leaks=0}"
apply_setup

# Every way of becoming visible: put, take, swap, touch; files, folders, links, each for each.
mkdir -p "$repo/www/sub"
echo 'new content' >"$repo/a"
echo 'in a folder' >"$repo/www/sub/b"
echo 'file for a folder' >"$repo/www/was-folder"
mkdir "$repo/www/was-file" && echo 'inside' >"$repo/www/was-file/x"
ln -s sub/b "$repo/www/was-text"
cat >"$repo/assent.yaml" <<END
resources:
  - file: $host/updated
    source: a
  - file: $host/made/above/file
    source: a
  - file: $host/mode-only
    source: a
    mode: "0600"
  - tree: $host/www
    source: www
    prune: true
  - directory: $host/folder
    mode: "0750"
  - link: $host/link
    to: elsewhere
END
commit
mkdir -p "$host/www/was-folder/deep" "$host/www/gone/deep" "$host/folder"
echo 'old content' >"$host/updated"
cp "$repo/a" "$host/mode-only"
echo 'x' >"$host/www/was-folder/deep/x"
echo 'y' >"$host/www/gone/deep/y"
echo 'text' >"$host/www/was-file"
echo 'text' >"$host/www/was-text"
ln -s nowhere "$host/link"
setfattr -n user.note -v kept "$host/updated" 2>/dev/null
chmod 755 "$host/folder" "$host/www" "$host/www"/*/ "$host"
chmod 644 "$host/updated" "$host/mode-only" "$host/www/was-text"
cp -a "$host" "$tmp/old"
ok 'a plan of every kind of step is made' plan
ok 'with each of them' is summary '{"create": 6, "remove": 5, "replace": 3, "update": 4}'
sign
ok 'it is applied undisturbed' apply alice
is result ok || { cat "$tmp/answer"; finish; }
cp -a "$host" "$tmp/new"

sweep() { # MODE WORKER...
	python3 "$srcdir/tests/system/apply-sweep.py" "$1" "$tmp/old" "$tmp/new" \
		"$host" "$journal" "$tmp/request" "${@:2}" >"$tmp/out" 2>&1
	grep '^#' "$tmp/out"
	read -r _ runs _ hit _ bad < <(tail -n 1 "$tmp/out")
}

sweep kill "$worker" --trust "$keys/trust.yaml"
ok 'it was ended at many places' test "$runs" -gt 100
ok 'each time' test "$hit" -eq "$runs"
ok 'and every path was old or new, then all of them' test "$bad" -eq 0

sweep kill-recover "$worker" --trust "$keys/trust.yaml"
ok 'its recovery was ended too' test "$runs" -gt 30
ok 'each time' test "$hit" -eq "$runs"
ok 'and the next one came to an end' test "$bad" -eq 0

sweep error "$worker" --trust "$keys/trust.yaml"
ok 'its calls failed' test "$runs" -gt 80
ok 'most of them were noticed' test "$hit" -gt 40
ok 'and nothing was left half done' test "$bad" -eq 0

# Can this rig fail? A writer that writes in place must be found out.
cat >"$tmp/wrong.py" <<END
import os, sys
request = sys.stdin.read()
if '"recover"' not in request:
    with open("$host/updated", "w") as f:
        f.write("new ")
        f.flush()
        f.write("content\n")
    os.chmod("$host/mode-only", 0o600)
print('{"result":{"result":"none"}}')
END
sweep kill python3 "$tmp/wrong.py"
ok 'a wrong writer was ended too' test "$hit" -gt 1
ok 'and is found out' test "$bad" -gt 1
finish
