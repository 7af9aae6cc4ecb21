# shellcheck shell=bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Installs what is missing, and nothing else. Read by contrib/try and contrib/check:
#
#   deps_install FOLDER GROUP...     FOLDER holds the lists, contrib/packages
#
# When everything is there, no package manager is started and no root is needed.

deps_say() {
  printf '%s\n' "$*" >&2
}

# Name of the list for this machine: what os-release says, then what it is like.
deps_family() {
  local id
  # shellcheck source=/dev/null
  id=$(. /etc/os-release 2>/dev/null && printf '%s %s' "${ID:-}" "${ID_LIKE:-}")
  case " $id " in
    *" debian "* | *" ubuntu "*) echo debian ;;
    *" fedora "* | *" rhel "*) echo fedora ;;
    *suse*) echo opensuse ;;
    *) return 1 ;;
  esac
}

deps_is_there() {
  case $1 in
    # A program of that name counts, too, when a package of another name brought it (npm).
    debian)
      dpkg-query -W -f '${db:Status-Abbrev}\n' "$2" 2>/dev/null | grep -q '^.i ' ||
        dpkg-query -S "/usr/bin/$2" >/dev/null 2>&1
      ;;
    *) rpm -q --whatprovides "$2" >/dev/null 2>&1 ;;
  esac
}

# Lines "package unit" of the groups' packages that are not installed.
deps_missing() {
  local family=$1 folder=$2 group package unit
  shift 2
  while read -r group package unit; do
    case " $* " in
      *" $group "*) deps_is_there "$family" "$package" || echo "$package $unit" ;;
    esac
  done < <(grep -v '^#' "$folder/$family")
}

deps_as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    deps_say "cannot install packages: run this as root, or install sudo"
    return 1
  fi
}

deps_apt() {
  deps_as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Use-Pty=0 \
    -o DPkg::Lock::Timeout=300 "$@" </dev/null
}

# A server that comes as a test's tool must not start on this machine: Debian's packages
# ask this script. One that an administrator put there stays as it is.
deps_apt_install() {
  local guard=/usr/sbin/policy-rc.d made='' rc=0
  deps_apt update || deps_say "the lists of packages could not be refreshed; going on"
  if [ ! -e "$guard" ]; then
    printf '#!/bin/sh\nexit 101\n' | deps_as_root tee "$guard" >/dev/null
    deps_as_root chmod 755 "$guard"
    made=yes
  fi
  deps_apt install --no-install-recommends "$@" || rc=$?
  [ -z "$made" ] || deps_as_root rm -f "$guard"
  return "$rc"
}

deps_install_now() { # FAMILY PACKAGE...
  local family=$1
  shift
  case $family in
    debian) deps_apt_install "$@" ;;
    fedora) deps_as_root dnf -y --setopt=install_weak_deps=False install "$@" ;;
    opensuse) deps_as_root zypper --non-interactive install --no-recommends "$@" ;;
  esac >&2 </dev/null
}

# A release of a distribution may lack a tool that only some tests need: those tests are
# skipped. What building needs must be there.
deps_install_one_by_one() { # FAMILY FOLDER PACKAGE...
  local family=$1 folder=$2 package rc=0
  shift 2
  for package in "$@"; do
    if ! deps_install_now "$family" "$package"; then
      deps_say "cannot install $package"
      ! awk -v p="$package" '$2 == p && $1 ~ /build|run/ { f = 1 } END { exit !f }' \
        "$folder/$family" || rc=1
    fi
  done
  return $rc
}

deps_install() {
  local folder=$1 family missing packages unit
  shift
  if ! family=$(deps_family); then
    deps_say "this distribution is not known here; install what $folder/debian names by hand"
    return 1
  fi
  missing=$(deps_missing "$family" "$folder" "$@")
  [ -n "$missing" ] || return 0
  mapfile -t packages < <(cut -d' ' -f1 <<<"$missing")
  deps_say "installing: ${packages[*]}"
  deps_install_now "$family" "${packages[@]}" ||
    deps_install_one_by_one "$family" "$folder" "${packages[@]}" || return 1
  while read -r _ unit; do
    [ -z "$unit" ] || deps_as_root systemctl disable "$unit" >/dev/null 2>&1 </dev/null || true
  done <<<"$missing"
}
