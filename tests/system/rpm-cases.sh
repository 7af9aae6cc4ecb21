# shellcheck shell=bash
# SPDX-License-Identifier: GPL-3.0-or-later
# What dnf and zypper have to do alike. lib-rpm.sh and libtest.sh come first; $manager is the one.
is() { # TEXT TEXT
  [ "$1" = "$2" ] || {
    echo "'$1' is not '$2'; status $rc"
    cat /tmp/out /tmp/err
    return 1
  }
}
contains() { # TEXT PART
  case $1 in
  *"$2"*) ;;
  *)
    echo "no '$2' in '$1'; status $rc"
    cat /tmp/out /tmp/err
    return 1
    ;;
  esac
}
changes() { # of the last simulation
  printf '%s\n' "$out" | sed 's/ .*//' | tr '\n' ' '
}
is_status() {
  is "$rc" "$1"
}

# Against rpm itself.
case_order() {
  versions='1.0 1.0.1 1.00 1.0a 1.0~rc1 1.0~ 1.0^ 1.0^git 1a 1.a 10 9 0 00 a A 1..0 1.0_1'
  versions="$versions 2~~ ~ ^"
  script='' pairs=
  for one in $versions; do
    for other in $versions; do
      case $one$other in
      *-*) ;;
      *)
        script="$script print(rpm.vercmp('$one','$other')..'\\n')"
        pairs="$pairs $one $other"
        ;;
      esac
    done
  done
  rpm --eval "%{lua:$script}" >/tmp/order 2>&1
  # shellcheck disable=SC2086
  drive compare $pairs
  ok 'versions have the order of rpm' is "$out" "$(grep . /tmp/order)"
  ok 'all of them' test "$(grep -c . /tmp/order)" -ge 400
}

case_install() {
  drive simulate rig-a=1.0-1 rig-b rig-epoch
  ok 'a plan names what comes along' is "$(changes)" \
    'rig-a,noarch,,1.0-1, rig-b,noarch,,1.0-1, rig-epoch,noarch,,2:1.0-1, rig-lib,noarch,,2.0-1, '
  ok 'with size and digest of each archive' contains "$out" \
    "rig-lib,noarch,,2.0-1, archive=sha256:$(sha256sum "$repo/rig-lib-2.0-1.noarch.rpm" |
      cut -d' ' -f1) download=$(stat -c %s "$repo/rig-lib-2.0-1.noarch.rpm") size=-1->"
  drive fetch rig-a,noarch,,1.0-1 rig-lib,noarch,,1.0-1 rig-epoch,noarch,,2:1.0-1
  ok 'archives are fetched' is_status 0
  ok 'which installs nothing' is "$(has rig-a)" ''
  drive transact rig-a,noarch,,1.0-1 rig-lib,noarch,,1.0-1,i rig-b,noarch,,1.0-1 \
    rig-epoch,noarch,,2:1.0-1 rig-old,noarch,,1.0-1
  ok 'exactly the named versions come' is_status 0
  ok 'although there is a newer one' is "$(has rig-lib)" '1.0-1 '
  ok 'an epoch is part of it' is "$(has rig-epoch)$(has rig-a)" '1.0-1 1.0-1 '
  drive list
  ok 'the list has them' is "$(printf '%s\n' "$out" | tr '\n' '+')" \
    "rig-a noarch 1.0-1+rig-b noarch 1.0-1+rig-epoch noarch 2:1.0-1+$(:
    )rig-lib noarch 1.0-1+rig-old noarch 1.0-1+"
  drive simulate rig-a=1.0-1
  ok 'what is there needs nothing' is "$rc$out" 0
  drive available rig-a nothing rig-lib:noarch
  ok 'versions are known, the greatest first' is "$out" \
    "rig-a 2.0-1 1.0-1
nothing
rig-lib:noarch 2.0-1 1.0-1"
  long=rig-a-package-with-a-name-that-is-longer-than-any-table-is-wide-and-more
  drive simulate $long rig-sh
  ok 'a long name is read in full' is "$(changes)" "$long,noarch,,1.0-1, rig-sh,noarch,,1.0-1, "
}

case_change() {
  echo mine >>/etc/rig-a.conf
  drive simulate rig-a=2.0-1
  ok 'an upgrade takes along what it needs' is "$(changes)" \
    'rig-a,noarch,1.0-1,2.0-1, rig-lib,noarch,1.0-1,2.0-1, '
  drive transact rig-a,noarch,1.0-1,2.0-1
  ok 'a plan that lacks a part is refused' contains "$err" 'refused: '
  ok 'with the part' contains "$err" 'also rig-lib from 1.0-1 to 2.0-1'
  ok 'and nothing has changed' is "$(has rig-a)$(has rig-lib)" '1.0-1 1.0-1 '
  drive transact rig-a,noarch,1.0-1,2.0-1 rig-lib,noarch,1.0-1,2.0-1,i
  ok 'the whole one is done' is "$rc$(has rig-a)$(has rig-lib)" '02.0-1 2.0-1 '
  ok 'a changed configuration file stays, and it is said' contains "$out" \
    'said: kept /etc/rig-a.conf, the new one is /etc/rig-a.conf.rpmnew'
  ok 'as it was' grep -q mine /etc/rig-a.conf
  drive simulate rig-a=1.0-1 rig-lib=1.0-1
  ok 'back is a plan, too' is "$(changes)" \
    'rig-a,noarch,2.0-1,1.0-1, rig-lib,noarch,2.0-1,1.0-1, '
  drive transact rig-a,noarch,2.0-1,1.0-1 rig-lib,noarch,2.0-1,1.0-1
  ok 'and done' is "$rc$(has rig-a)$(has rig-lib)" '01.0-1 1.0-1 '
  drive simulate -rig-lib
  ok 'a removal takes along what needs it' is "$(changes)" \
    'rig-b,noarch,1.0-1,, rig-lib,noarch,1.0-1,, '
  drive simulate -rig-b rig-up=1.0-1
  ok 'both in one plan' is "$(changes)" 'rig-b,noarch,1.0-1,, rig-up,noarch,,1.0-1, '
  drive transact rig-b,noarch,1.0-1, rig-up,noarch,,1.0-1
  ok 'and in one transaction' is "$rc$(has rig-b)$(has rig-up)" '01.0-1 '
  drive simulate rig-new
  ok 'what takes the place of another says so' is "$(changes)" \
    'rig-new,noarch,,2.0-1, rig-old,noarch,1.0-1,, '
  drive transact rig-new,noarch,,2.0-1 rig-old,noarch,1.0-1,
  ok 'and does' is "$rc$(has rig-new)$(has rig-old)" '02.0-1 '
}

case_refused() {
  drive simulate rig-conflict
  ok 'a conflict is refused in words' contains "$err" 'rig-conflict-1.0-1.noarch conflicts with'
  drive simulate rig-unmet
  ok 'so is what nobody provides' contains "$err" no-such-thing
  drive simulate rig-nothing
  ok 'so is an unknown name' contains "$err" rig-nothing
  ok 'as refused' contains "$err" 'refused: '
  drive transact rig-conflict,noarch,,1.0-1
  ok 'a plan of such is not done' is_status 1
  ok 'at all' is "$(has rig-conflict)$(has rig-a)" '1.0-1 '
  drive transact rig-sh,noarch,,1.0-1 rig-post,noarch,,1.0-1
  ok 'a %post that fails is a failure' contains "$err" 'failed: '
  ok 'with its words' contains "$err" '%post(rig-post-1.0-1.noarch) scriptlet failed, exit status 7'
  drive transact rig-post,noarch,1.0-1,
  ok 'which is undone' is "$rc$(has rig-post)" 0
  drive transact rig-pre,noarch,,1.0-1
  ok 'a %pre that fails is one, too' contains "$err" 'scriptlet failed, exit status 7'
  ok 'and nothing came' is "$(has rig-pre)" ''
}

# Both at 2.0, whatever the tests before could do.
newer() {
  [ "$(has rig-lib)" = '2.0-1 ' ] || drive transact rig-lib,noarch,1.0-1,2.0-1
  [ "$(has rig-a)" = '2.0-1 ' ] || drive transact rig-a,noarch,1.0-1,2.0-1
}

case_hold() {
  drive hold rig-a
  if [ "$manager" = dnf ] && [ "$rc" != 0 ]; then
    ok 'without the plugin it is said that nothing can be held' contains "$err" versionlock
    return
  fi
  ok 'a package is held' is_status 0
  drive list
  ok 'the list knows' contains "$out" 'rig-a noarch 1.0-1 held'
  drive simulate rig-a=2.0-1
  ok 'it is not changed' contains "$err" 'refused: '
  drive simulate held rig-a=2.0-1
  ok 'unless that is wanted' contains "$out" 'rig-a,noarch,1.0-1,2.0-1,h'
  drive transact rig-a,noarch,1.0-1,2.0-1,h rig-lib,noarch,1.0-1,2.0-1
  ok 'then it is' is "$rc$(has rig-a)" '02.0-1 '
  drive list
  ok 'and held again' contains "$out" 'rig-a noarch 2.0-1 held'
  drive unhold rig-a
  drive list
  ok 'until it is let go' contains "$out" 'rig-a noarch 2.0-1'
  ok 'for good' test "$out" = "${out%held*}"
}

case_stale() {
  newer
  mv "$repo/rig-lib-1.0-1.noarch.rpm" /tmp/
  rpm_index
  drive fetch rig-lib,noarch,2.0-1,1.0-1 rig-a,noarch,2.0-1,1.0-1
  ok 'what the repository has no more is refused' contains "$err" 'rig-lib'
  ok 'before anything is done' is "$(has rig-a)$(has rig-lib)" '2.0-1 2.0-1 '
  mv /tmp/rig-lib-1.0-1.noarch.rpm "$repo/"
  rpm_index
  drive fetch "rig-a,noarch,2.0-1,1.0-1,sha256:$(printf %064d 7)"
  ok 'nothing is fetched of it' is_status 1
  ok 'another archive of the same version is refused' contains "$err" \
    "the archive of 'rig-a' 1.0-1 is another one than was planned"
  drive transact rig-a,noarch,2.0-1,1.0-1 "rig-lib,noarch,2.0-1,1.0-1"
  ok 'with the right one it goes on' is "$rc$(has rig-a)" '01.0-1 '
}

# A version that no repository has any more and the cache still has.
case_cache() {
  newer
  case $manager in
  dnf) cache=$(echo /var/cache/dnf/rig-*/)packages ;;
  zypper) cache=/var/cache/zypp/packages/rig ;;
  esac
  mkdir -p "$cache"
  mv "$repo/rig-a-1.0-1.noarch.rpm" "$cache/"
  rpm_index
  drive available rig-a
  ok 'the cache is asked, too' is "$out" 'rig-a 2.0-1 1.0-1'
  drive simulate rig-a=1.0-1
  ok 'a plan can go back to what only the cache has' contains "$out" \
    "rig-a,noarch,2.0-1,1.0-1, archive=sha256:$(sha256sum "$cache/rig-a-1.0-1.noarch.rpm" |
      cut -d' ' -f1) download=0"
  drive transact rig-a,noarch,2.0-1,1.0-1
  if [ "$manager" = zypper ]; then
    ok 'a file without a signature is nothing for zypper' contains "$err" \
      'Signature verification failed'
    ok 'which leaves what was' is "$rc$(has rig-a)" '12.0-1 '
  else
    ok 'and it does' is "$rc$(has rig-a)" '01.0-1 '
  fi
  rm -f "$cache/rig-a-1.0-1.noarch.rpm"
  newer
  drive simulate rig-a=1.0-1
  ok 'what nobody has is refused' contains "$err" 'refused: '
  ok 'by its name' contains "$err" rig-a
}

case_space() {
  mkdir -p /usr/share/rig-up
  mount -t tmpfs -o size=4k,nr_inodes=1 none /usr/share/rig-up
  before=$(has rig-up)
  drive transact rig-up,noarch,1.0-1,2.0-1
  ok 'no space is a failure' is_status 1
  umount /usr/share/rig-up
  drive repair
  ok 'that leaves what was there' is "$(has rig-up)" "$before"
}

case_busy() {
  sleep 300 &
  other=$!
  busy_lock $other
  LOCK_WAIT=1 drive transact rig-b,noarch,,1.0-1
  ok 'somebody else at work is waited for, but not for ever' contains "$err" 'busy: '
  ok 'and named' contains "$err" $other
  drive simulate rig-b
  ok 'looking needs no lock' is "$(changes)" 'rig-b,noarch,,1.0-1, '
  (
    sleep 1
    kill $other
    busy_free
  ) &
  LOCK_WAIT=30 drive transact rig-b,noarch,,1.0-1
  ok 'when the other has ended it is done' is "$rc$(has rig-b)" '01.0-1 '
  wait
}

case_killed() {
  : >/tmp/wait
  setsid "$builddir/package-driver" "$manager" transact rig-up,noarch,1.0-1,2.0-1 \
    >/dev/null 2>&1 &
  leader=$!
  for _ in $(seq 600); do
    [ ! -e /tmp/started ] || break
    sleep 0.1
  done
  ok 'it is in the middle' test -e /tmp/started
  # Everything at once, as when the power goes; the driver first, which else ends by itself and
  # waits for ever, in a build with sanitizers, for the helper of its end that is killed then.
  kill -9 $leader
  for _ in 1 2 3; do
    for entry in /proc/[0-9]*; do
      pid=${entry#/proc/}
      if [ "$pid" -gt $leader ] && [ "$pid" != $$ ]; then
        case $(tr '\0' ' ' 2>/dev/null <"$entry/cmdline") in
        *package-driver* | *dnf* | *zypper* | *rpm* | 'sleep 60 ' | '/bin/sh /var/tmp'*)
          kill -9 "$pid" 2>/dev/null
          ;;
        esac
      fi
    done
  done
  wait $leader 2>/dev/null
  rm -f /tmp/wait
  ok 'both versions are left' is "$(has rig-up)" '1.0-1 2.0-1 '
  drive list
  ok 'the list says so' contains "$out" \
    'rig-up noarch 1.0-1 (left over by an upgrade that was interrupted)'
  drive repair
  ok 'it is repaired' is "$rc$(has rig-up)" '02.0-1 '
  ok 'with the files of the one that stays' is "$(cat /usr/share/rig-up/version)" 2.0
  drive repair
  ok 'once' is_status 0
  drive transact rig-up,noarch,2.0-1,1.0-1
  ok 'and goes back to what was' is "$rc$(has rig-up)" '01.0-1 '
}

case_user() {
  setpriv --reuid 65534 --regid 65534 --clear-groups unshare --user --map-root-user true \
    2>/dev/null || return 0
  mkdir -p /tmp/nobody
  chown 65534 /tmp/nobody
  out=$(HOME=/tmp/nobody setpriv --reuid 65534 --regid 65534 --clear-groups \
    "$builddir/package-driver" "$manager" simulate rig-a=2.0-1 2>/tmp/err)
  ok 'a user who is not root can plan' is "$(changes)" \
    'rig-a,noarch,1.0-1,2.0-1, rig-lib,noarch,1.0-1,2.0-1, '
  ok 'with digests' contains "$out" archive=sha256:
}

rpm_cases() {
  case_order
  case_install
  case_change
  case_refused
  case_hold
  case_stale
  case_space
  case_busy
  case_killed
  case_user
  case_cache
}
