#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Packages by the real apt and dpkg, with archives made on the spot, in a root of their own.
# The helpers take arguments where they need them.
# shellcheck disable=SC2119
: "${srcdir:=.}"
. "$srcdir/tests/system/lib-root.sh"
. "$srcdir/tests/cli/libtest.sh" || exit 1
. "$srcdir/tests/system/lib-apply.sh"
need git python3 apt-get apt-cache apt-mark dpkg-deb dpkg-query
apply_setup

# deb NAME VERSION [FIELDS [SCRIPT [preinst]]]: into the repository, without listing it; the script
# is its postinst, or its preinst
deb() {
  local d=$tmp/deb
  rm -rf "$d"
  mkdir -p "$d/DEBIAN" "$d/etc/$1" "$d/usr/share/$1"
  echo "$2" >"$d/usr/share/$1/version"
  echo "of $1 $2" >"$d/etc/$1/$1.conf"
  echo "/etc/$1/$1.conf" >"$d/DEBIAN/conffiles"
  {
    printf 'Package: %s\nVersion: %s\nArchitecture: all\nInstalled-Size: 12\n' "$1" "$2"
    echo 'Maintainer: Test <test@example.org>'
    [ -z "${3-}" ] || echo "$3"
    echo "Description: $1 of a test"
  } >"$d/DEBIAN/control"
  if [ -n "${4-}" ]; then
    printf '#!/bin/sh\n%s\n' "$4" >"$d/DEBIAN/${5:-postinst}"
    chmod 755 "$d/DEBIAN/${5:-postinst}"
  fi
  dpkg-deb --root-owner-group -Znone -b "$d" "/repo/$1_${2/:/-}.deb" >/dev/null
}

# The list of what is in the repository, and apt's copy of it.
publish() {
  local file
  for file in /repo/*.deb; do
    dpkg-deb -f "$file"
    printf 'Filename: ./%s\nSize: %s\nSHA256: %s\n\n' "${file##*/}" "$(stat -c %s "$file")" \
      "$(sha256sum "$file" | cut -d ' ' -f 1)"
  done >/repo/Packages
  {
    printf 'Origin: test\nSuite: test\nCodename: test\nDate: %s\nSHA256:\n' "$(date -Ru)"
    printf ' %s %s Packages\n' "$(sha256sum /repo/Packages | cut -d ' ' -f 1)" \
      "$(stat -c %s /repo/Packages)"
  } >/repo/Release
  apt-get -q update >"$tmp/update.log" 2>&1 || cat "$tmp/update.log"
}

# "copy:" brings archives into the cache as a download does, "file:" leaves them where they are.
source_by() {
  echo "deb [trusted=yes] $1:/repo ./" >/etc/apt/sources.list
}

manifest() {
  cat >"$repo/assent.yaml"
  commit
}

# go [BASE]: plans, signs and applies
go() {
  plan "$@" && sign && apply alice
}

installed() { # NAME VERSION
  [ "$(dpkg-query -W -f '${db:Status-Status} ${Version}' "$1" 2>&1)" = "installed $2" ] && return
  dpkg-query -W -f '${db:Status-Status} ${Version}\n' "$1"
  tail -n 1 "$tmp/answer"
  return 1
}

absent() {
  case $(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null) in
    '' | not-installed | config-files) return 0 ;;
  esac
  return 1
}

diff_of_plan() {
  python3 - "$tmp/draft" "$objects" <<'END'
import json, sys
d = json.load(open(sys.argv[1]))["diff"][7:]
sys.stdout.buffer.write(open(f"{sys.argv[2]}/{d[:2]}/{d[2:]}", "rb").read())
END
}

# The members of a change: change ID NAME... of the draft, one line
change() {
  python3 - "$tmp/draft" "$@" <<'END'
import json, sys
for c in json.load(open(sys.argv[1]))["changes"]:
    if c["id"] == sys.argv[2]:
        print(" ".join(json.dumps(c.get(n), sort_keys=True) for n in sys.argv[3:]))
END
}

answer_says() {
  tail -n 1 "$tmp/answer" | grep -qF -e "$1" || {
    cat "$tmp/answer"
    return 1
  }
}

# Those of the test's packages that are there; files of configuration may be left of others.
database() {
  dpkg-query -W -f '${Status} ${Package} ${Version}\n' 'qq-*' 2>&1 |
    grep -v -e not-installed -e config-files -e 'no packages'
}

orderly() {
  [ -z "$(dpkg --audit)" ] && [ ! -e "$journal/journal" ]
}

rm -rf /etc/apt/sources.list.d/* /etc/apt/preferences.d/* /var/lib/apt/lists/*
rm -f /etc/apt/apt.conf.d/*clean
mkdir -p /repo /usr/local/sbin
mount -t tmpfs none /var/cache/apt
mkdir -p /var/cache/apt/archives/partial
source_by file
deb qq-app 1.0
deb qq-app 1.1
deb qq-app 2.0 'Depends: qq-lib (>= 2)'
deb qq-lib 1.0
deb qq-lib 2.0
deb qq-epoch 1:1.0-1
deb qq-rival 1.0 'Conflicts: qq-app'
deb qq-unmet 1.0 'Depends: qq-nowhere'
deb qq-bad 1.0
deb qq-bad 2.0 '' 'echo "no database" >&2; exit 7'
deb qq-worse 1.0 '' 'exit 9'
deb qq-slow 1.0
deb qq-slow 2.0 '' 'echo $$ >/tmp/slow.pid; while [ ! -e /tmp/go ]; do sleep 0.05; done'
deb qq-wreck 1.0
deb qq-wreck 2.0 '' 'echo $$ >/tmp/slow.pid; while [ ! -e /tmp/go ]; do sleep 0.05; done' preinst
publish
# Who starts it is seen, and how.
cat >/usr/local/sbin/apt-get <<'END'
#!/bin/sh
echo "$@" >>/tmp/apt.log
(umask; env) >/tmp/apt.env
exec /usr/bin/apt-get "$@"
END
chmod 755 /usr/local/sbin/apt-get

# 1. From nothing, with what they need.
manifest <<'END'
resources:
  - package: qq-app
    version: ">=1.1"
  - package: qq-epoch
END
ok 'a first plan is made' plan
ok 'with what is implied' is summary '{"create": 3}'
ok 'the newest version is pinned' test \
  "$(change package:qq-app action manager | tr -d '\n')" = '"create" "apt"'
ok 'the implied one says so' test "$(change package:qq-lib implied risk)" = 'true ["root"]'
digest=$(sha256sum </repo/qq-app_2.0.deb | cut -c 1-64)
says_archive() {
  change package:qq-app desired | grep -qF "sha256:$digest"
}
ok 'the archive is in the plan' says_archive
diff_of_plan >"$tmp/out"
says 'the diff names the package' out 'package qq-app (apt)'
says 'and its version' out '+2.0'
says 'and why there is another' out ' implied: Depends of qq-app'
ok 'planning installs nothing' test -z "$(database)"
sign
export XDG_DATA_HOME=$tmp/ours
ok 'it is applied' apply alice
unset XDG_DATA_HOME
ok 'with all done' is result ok
ok 'apt may write what others read' grep -qx 0022 /tmp/apt.env
ok 'and finds nothing of our surroundings' not grep -q XDG_ /tmp/apt.env
ok 'the package is there' installed qq-app 2.0
ok 'and what it needs' installed qq-lib 2.0
ok 'and the other' installed qq-epoch 1:1.0-1
ok 'the implied one is marked so' test "$(apt-mark showauto | grep qq-)" = qq-lib
ok 'the database is in order' orderly
first=$commit

# 2. Nothing differs: apt is not even started.
rm -f /tmp/apt.log
ok 'now nothing differs' plan "$first"
ok 'at all' is changes 0
ok 'and apt was not asked' test ! -e /tmp/apt.log

# 3. Down to 1.0 by a condition; the configuration of the administrator stays.
echo 'mine' >>/etc/qq-app/qq-app.conf
manifest <<'END'
resources:
  - package: qq-app
    version: "<2"
  - package: qq-epoch
END
ok 'an older version is planned' plan "$first"
ok 'as an update' is summary '{"update": 1}'
diff_of_plan >"$tmp/out"
says 'from the new version' out '-2.0'
says 'to the newest that fits' out '+1.1'
sign
ok 'it is applied' apply alice
ok 'the version is older' installed qq-app 1.1
ok 'the library stays' installed qq-lib 2.0
ok 'the configuration is kept' grep -qx mine /etc/qq-app/qq-app.conf
ok 'and that is said' answer_says \
  'kept, because somebody changed it: /etc/qq-app/qq-app.conf'
rm -f /etc/qq-app/qq-app.conf.dpkg-*

# 4. A check fails after an upgrade: back to what was there.
manifest <<'END'
resources:
  - package: qq-app
    version: "2.0"
  - package: qq-bad
checks:
  - tcp: 127.0.0.1:9
    within: 1s
END
sed -i 's/  - package: qq-bad/&\n    version: "1.0"/' "$repo/assent.yaml"
commit
before=$(database)
ok 'an upgrade is applied' go "$first"
ok 'and taken back when its check fails' is result rolled-back
ok 'to the old version' installed qq-app 1.1
ok 'without the new package' absent qq-bad
# The second apt-get is the one that takes back.
cat >/etc/apt/apt.conf.d/99kill <<'END'
DPkg::Pre-Invoke { "echo >>/tmp/invoked; test $(wc -l </tmp/invoked) != 2 || kill -TERM $PPID"; };
END
ok 'it is applied again' go "$first"
ok 'and taken back, though somebody ends the first apt-get that does it' is result rolled-back
ok 'to the old version, too' installed qq-app 1.1
ok 'by another apt-get' test "$(wc -l </tmp/invoked)" = 3
rm /etc/apt/apt.conf.d/99kill /tmp/invoked
ok 'the database is in order' orderly

# 5. A package's own script fails.
manifest <<'END'
resources:
  - package: qq-bad
    version: "1.0"
END
go "$first"
ok 'a good version is there' installed qq-bad 1.0
manifest <<'END'
resources:
  - package: [qq-bad, qq-worse]
END
before=$(database)
ok 'bad versions are tried' go "$first"
ok 'and taken back' is result rolled-back
ok 'with the words of dpkg' answer_says 'returned error exit status'
ok 'the old version is back' installed qq-bad 1.0
ok 'the new package is gone' absent qq-worse
ok 'the database is in order' orderly
ok 'and apt works' apt-get -q -y install qq-bad=1.0

# 6. Held.
manifest <<'END'
resources:
  - package: qq-app
    held: true
END
ok 'a hold is planned' plan "$first"
ok 'as an update' is summary '{"update": 1}'
rm -f /tmp/apt.log
sign
ok 'it is applied' apply alice
ok 'without a transaction' test ! -e /tmp/apt.log
ok 'it is held' test "$(apt-mark showhold)" = qq-app
manifest <<'END'
resources:
  - package: qq-app
    version: ">=2"
END
ok 'what is held is not changed' not plan "$first"
ok 'and that is said' answer_says 'Held packages were changed'
manifest <<'END'
resources:
  - package: qq-app
    version: ">=2"
    held: true
END
ok 'unless the manifest speaks of it' go "$first"
ok 'it is changed' installed qq-app 2.0
ok 'and held again' test "$(apt-mark showhold)" = qq-app
manifest <<'END'
resources:
  - package: qq-app
    held: false
END
ok 'it is released' go "$first"
ok 'and held no more' test -z "$(apt-mark showhold)"

# 7. What apt will not do, and what it would do besides.
manifest <<'END'
resources:
  - package: qq-unmet
  - package: qq-app
    version: ">=3"
  - package: qq-nix
END
ok 'no version fits' not plan "$first"
ok 'and those that there are are named' answer_says "no version of 'qq-app' is >=3: apt has 2.0"
sed -i '/qq-app/,+1d' "$repo/assent.yaml"
commit
ok 'an unknown package is refused' not plan "$first"
ok 'in the words of apt' answer_says 'Unable to locate package qq-nix'
ok 'at its line' answer_says '"line":3'
sed -i '/qq-nix/d' "$repo/assent.yaml"
commit
ok 'a missing dependency is refused' not plan "$first"
ok 'in the words of apt' answer_says 'Depends: qq-nowhere but it is not installable'
manifest <<'END'
resources:
  - package: qq-rival
END
ok 'a rival is planned' plan "$first"
ok 'with the removal of what it pushes out' is summary '{"create": 1, "remove": 1}'
ok 'which counts' is deletions 1
ok 'and is implied' test "$(change package:qq-app implied risk)" = 'true ["deletion", "root"]'
manifest <<'END'
resources:
  - package: [qq-rival, qq-app]
END
ok 'both cannot be' not plan "$first"
ok 'and that is said of both' test "$(tail -n 1 "$tmp/answer" | grep -o '"line":2' | wc -l)" -ge 1
manifest <<'END'
resources:
  - package: qq-lib
    state: absent
END
ok 'a removal is planned' plan "$first"
ok 'with what needs it' is summary '{"remove": 2}'
sign
ok 'it is applied' apply alice
ok 'the package is gone' absent qq-lib
ok 'and the other' absent qq-app
ok 'but its configuration is left' grep -qx mine /etc/qq-app/qq-app.conf

# 8. The lock is waited for.
rm -f /tmp/locked
manifest <<'END'
resources:
  - package: qq-app
    version: "1.0"
END
plan "$first"
sign
background "$tmp/lock.log" python3 -c '
import fcntl, time
f = open("/var/lib/dpkg/lock-frontend", "w")
fcntl.lockf(f, fcntl.LOCK_EX)
open("/tmp/locked", "w")
time.sleep(1.5)'
wait_for test -e /tmp/locked
ok 'whoever has the lock is waited for' apply alice
ok 'with all done' installed qq-app 1.0

# 9. The repository changes between plan and apply.
manifest <<'END'
resources:
  - package: qq-app
    version: "2.0"
END
plan "$first"
sign
deb qq-app 2.0 'Depends: qq-lib (>= 2), qq-slow'
publish
before=$(database)
apply alice
ok 'a plan that is out of date is not applied' is code stale
ok 'and says why' answer_says 'it would install qq-slow 2.0'
ok 'nothing was done' test "$(database)" = "$before"
plan "$first"
sign
deb qq-app 2.0 'Depends: qq-lib (>= 2)
Section: misc'
publish
apply alice
ok 'nor with another archive of the version' is code stale
ok 'nothing was done' test "$(database)" = "$before"
deb qq-app 2.0 'Depends: qq-lib (>= 2)'
publish
plan "$first"
sign
deb qq-app 2.0 'Depends: qq-lib (>= 1)'
apply alice
ok 'nor with a forged one' not is result ok
ok 'in the words of apt' answer_says 'Hash Sum mismatch'
ok 'nothing was done' test "$(database)" = "$before"
deb qq-app 2.0 'Depends: qq-lib (>= 2)'
publish

# 10. No space for the archive; then with it, from the cache.
source_by copy
apt-get -q update >/dev/null 2>&1
plan "$first"
sign
mount -t tmpfs -o size=16k none /var/cache/apt/archives
mkdir /var/cache/apt/archives/partial
ok 'without space for archives nothing is done' apply alice
ok 'it fails' is result failed
ok 'with the reason' answer_says 'free space'
ok 'before anything was changed' test "$(database)" = "$before"
umount /var/cache/apt/archives
ok 'with space it is applied' apply alice
ok 'and done' installed qq-app 2.0
ok 'the archives are kept for the way back' test -e /var/cache/apt/archives/qq-app_2.0_all.deb
mkdir /away
mv /repo/qq-app_2.0.deb /away
publish
manifest <<'END'
resources:
  - package: qq-app
    version: "1.1"
checks:
  - tcp: 127.0.0.1:9
    within: 1s
END
ok 'an archive that only the cache has' go "$first"
ok 'brings the old version back' installed qq-app 2.0
rm /var/cache/apt/archives/qq-app_2.0_all.deb
ok 'without it' plan "$first"
ok 'the plan warns' answer_says "package 'qq-app' cannot come back to 2.0"
sign
ok 'and is applied' apply alice
ok 'it stays' installed qq-app 1.1
ok 'and that is said' answer_says 'neither the sources of apt nor its cache have 2.0 any more'
mv /away/qq-app_2.0.deb /repo
source_by file
publish

# 11. Killed in the middle of a script: the worker alone; all of it; all of it while it unpacks.
printf 'resources:\n  - package: %s\n    version: "1.0"\n' qq-slow >"$repo/assent.yaml"
printf '  - package: %s\n    version: "1.0"\n' qq-wreck >>"$repo/assent.yaml"
commit
go "$first"
before=$(database)
for victim in worker all wreck; do
  manifest <<END
resources:
  - package: [qq-epoch, qq-rival]
  - package: qq-$([ $victim = wreck ] && echo wreck || echo slow)
    version: ">=2"
END
  rm -f /tmp/go /tmp/slow.pid
  plan "$first"
  sign
  request alice
  background "$tmp/kill.log" sh -c "exec '$worker' --trust '$keys/trust.yaml' <'$tmp/request'"
  ok "a script runs ($victim)" wait_for test -s /tmp/slow.pid
  if [ "$victim" = worker ]; then
    kill -9 "$pid"
  else
    # shellcheck disable=SC2046 # several
    kill -9 "$pid" $(pgrep -x apt-get) $(pgrep -x dpkg) "$(cat /tmp/slow.pid)"
  fi
  wait "$pid" 2>/dev/null
  [ "$victim" = worker ] || ok 'it is half done' test -n "$(dpkg --audit)"
  touch /tmp/go
  ok "it is recovered ($victim)" recover
  ok 'by undoing it' is result rolled-back
  ok 'all is as it was' test "$(database)" = "$before"
  ok 'and in order' orderly
done

# The worker alone, when apt has not begun yet to change what dpkg knows.
manifest <<'END'
resources:
  - package: [qq-epoch, qq-rival]
END
cat >/etc/apt/apt.conf.d/99wait <<'END'
DPkg::Pre-Invoke { "touch /tmp/invoked; until test -e /tmp/invoke; do sleep .1; done"; };
END
plan "$first"
sign
request alice
background "$tmp/kill.log" sh -c "exec '$worker' --trust '$keys/trust.yaml' <'$tmp/request'"
ok 'apt is about to begin' wait_for test -e /tmp/invoked
kill -9 "$pid"
wait "$pid" 2>/dev/null
recover &
sleep 1
touch /tmp/invoke
wait $!
rm /etc/apt/apt.conf.d/99wait
no_apt() {
  ! pgrep -x apt-get >/dev/null
}
ok 'it comes to its end' wait_for no_apt
ok 'and is undone then, and not before' is result rolled-back
ok 'so that all is as it was' test "$(database)" = "$before"

# 12. Pruned.
manifest <<'END'
prune: true
resources:
  - package: qq-epoch
  - package: qq-slow
    version: ">=2"
END
touch /tmp/go
go
ok 'the new version is there' installed qq-slow 2.0
base=$commit
manifest <<'END'
prune: true
resources:
  - package: qq-slow
END
ok 'what is not declared any more' plan "$base"
ok 'is removed' is summary '{"remove": 1}'
ok 'as a deletion of its own' test "$(change package:qq-epoch implied action)" = 'null "remove"'
sign
ok 'that is applied' apply alice
ok 'and gone' absent qq-epoch

# 13. A file that a package's installation has changed says so, what was edited does not.
echo 'name' >"$repo/ours"
manifest <<'END'
resources:
  - file: /usr/share/qq-slow/version
    source: ours
  - file: /etc/qq-slow/qq-slow.conf
    source: ours
END
sleep 1 # apt's history knows seconds
echo 'by hand' >>/etc/qq-slow/qq-slow.conf
packages_of_drift() {
  plan_request "$commit" | sed 's/}$/,"drift":{"default":"report"}}/' | "$worker" >"$tmp/answer"
  tail -n 1 "$tmp/answer" | python3 -c '
import json, sys
for c in json.load(sys.stdin)["result"]["drift"]["differs"]:
    print(c["id"], c.get("package"))'
}
packages_of_drift >"$tmp/out"
says 'what apt has put there is told with its package' out \
  'file:/usr/share/qq-slow/version qq-slow 2.0 (/usr/bin/apt-get '
says 'what somebody has edited is not' out 'file:/etc/qq-slow/qq-slow.conf None'

# 14. Managers that are not there.
manifest <<'END'
resources:
  - package: qq-slow
    manager: apt
END
ok 'a manager may be named' plan
ok 'and does the same' is changes 0
mv /usr/bin/apt-cache /usr/bin/apt-cache.away
ok 'one that is not there' not plan
ok 'is named' answer_says 'this host has no apt'
mv /usr/bin/apt-cache.away /usr/bin/apt-cache
sed -i '/manager/d' "$repo/assent.yaml"
commit
rm -f /etc/os-release
echo 'ID=minix' >/etc/os-release
ok 'an unknown system' not plan
ok 'is asked to be named' answer_says 'which package manager this host has is not known'
finish
