# shellcheck shell=bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A machine of one's own for dnf and zypper: the root folder of lib-root.sh, with an empty database
# of packages and one repository in a folder. Source it first:
#
#	. "$srcdir/tests/system/lib-rpm.sh" MANAGER   # skips without root; runs the test inside
#	rpm_begin                 # $repo with its packages, dnf and zypper configured
#	rpm_spec NAME VERSION [TAGS [SCRIPTS]] >>FILE.in   # one package, part of a file of them
#	rpm_build FILE.in         # all of its packages, into $repo
#	rpm_index                 # the repository's metadata
#	drive COMMAND...          # package-driver MANAGER: $out, $err, $rc
#	has NAME                  # "VERSION-RELEASE" that are installed, of all
manager=$1
. "${srcdir:-.}/tests/system/lib-root.sh"
root_need "$manager" rpm rpmbuild createrepo_c

repo=/srv/rig/repo top=/srv/rig/top
export HOME=/root LC_ALL=C
rpm_spec() { # NAME VERSION [TAGS [SCRIPTS]]: "%NAME" in them is the package
  printf '%%package -n %s\nSummary: a test\nVersion: %s\n%b' "$1" "$2" "${3-}"
  printf '%%description -n %s\nA test.\n%b' "$1" "${4-}"
  printf '%%files -n %s\n/usr/share/%s\n%%config(noreplace) /etc/%s.conf\n' "$1" "$1" "$1"
}
rpm_build() { # FILE
  {
    printf 'Name: rig\nVersion: 1\nRelease: 1\nSummary: tests\nLicense: MIT\n'
    printf 'BuildArch: noarch\nAutoReqProv: no\n%%description\nTests.\n%%install\n'
    sed -n '/^%package/{s/.* -n //;h;};/^Version:/{s/.* //;H;g;s/\n/ /;p;}' "$1" |
      while read -r name version; do
        printf 'mkdir -p %%{buildroot}/usr/share/%s %%{buildroot}/etc\n' "$name"
        printf 'echo %s >%%{buildroot}/usr/share/%s/version\n' "$version" "$name"
        printf 'echo version=%s >%%{buildroot}/etc/%s.conf\n' "$version" "$name"
      done
    sed 's/^Version:.*/&\nAutoReqProv: no/' "$1"
  } >"$top/rig.spec"
  rpmbuild -bb --quiet --define "_topdir $top" --define "_rpmdir $repo" \
    --define '_build_name_fmt %%{NAME}-%%{VERSION}-%%{RELEASE}.%%{ARCH}.rpm' \
    --define '_binary_payload w0.gzdio' --define '__os_install_post %{nil}' \
    "$top/rig.spec" >"$top/log" 2>&1 || {
    cat "$top/log" >&2
    exit 1
  }
}
rpm_index() {
  createrepo_c -q --compress-type=gz "$repo" 2>/dev/null || createrepo_c -q "$repo"
  [ "$manager" != dnf ] || dnf -q clean expire-cache >/dev/null
}

rpm_configure() {
  # Debian's rpm keeps a database for each user.
  case $(rpm --eval %_dbpath) in
  */.rpmdb) mkdir -p /etc/rpm && echo '%_dbpath /var/lib/rpm' >>/etc/rpm/macros ;;
  esac
  database=$(rpm --eval %_dbpath)
  rm -rf "${database:?}"/* /var/cache/dnf /var/cache/zypp /etc/yum.repos.d /etc/zypp/repos.d \
    /var/lib/dnf /etc/zypp/locks
  mkdir -p "$database" /etc/yum.repos.d /etc/zypp/repos.d /etc/dnf/vars /etc/products.d
  rpm --initdb
  echo 1 >/etc/dnf/vars/releasever
  printf '[rig]\nname=rig\nbaseurl=file://%s\ngpgcheck=0\nmetadata_expire=0\n' $repo \
    >/etc/yum.repos.d/rig.repo
  printf '[rig]\nname=rig\nbaseurl=dir://%s\ngpgcheck=0\nenabled=1\nautorefresh=1\n' $repo \
    >/etc/zypp/repos.d/rig.repo
}

rpm_begin() {
  mkdir -p $repo $top
  {
    rpm_spec rig-sh 1.0 'Provides: /bin/sh\n'
    rpm_spec rig-a 1.0
    rpm_spec rig-lib 1.0
    rpm_spec rig-b 1.0 'Requires: rig-lib\n'
    rpm_spec rig-epoch 1.0 'Epoch: 2\n'
    rpm_spec rig-old 1.0
    rpm_spec rig-conflict 1.0 'Conflicts: rig-a\n'
    rpm_spec rig-unmet 1.0 'Requires: no-such-thing\n'
    rpm_spec rig-post 1.0 '' '%post -n rig-post\necho out of ink >\&2\nexit 7\n'
    rpm_spec rig-pre 1.0 '' '%pre -n rig-pre\nexit 7\n'
    rpm_spec rig-up 1.0
    rpm_spec rig-a-package-with-a-name-that-is-longer-than-any-table-is-wide-and-more 1.0
  } >$top/one
  {
    rpm_spec rig-a 2.0 'Requires: rig-lib >= 2\n'
    rpm_spec rig-lib 2.0
    rpm_spec rig-new 2.0 'Obsoletes: rig-old < 2\n'
    rpm_spec rig-up 2.0 '' \
      '%post -n rig-up\n[ ! -e /tmp/wait ] || { : >/tmp/started; sleep 60; }\n'
  } >$top/two
  rpm_build $top/one
  rpm_build $top/two
  rpm_configure
  rpm_index
}

drive() {
  rc=0
  "$builddir/package-driver" "$manager" "$@" >/tmp/out 2>/tmp/err </dev/null || rc=$?
  out=$(cat /tmp/out) err=$(cat /tmp/err)
}
has() {
  rpm -q --qf '%{VERSION}-%{RELEASE}\n' "$1" 2>/dev/null | grep -v 'not installed' | sort |
    tr '\n' ' '
}
