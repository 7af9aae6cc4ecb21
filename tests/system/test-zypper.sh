#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The back end of zypper against the real zypper, with packages built here, in a system that
# nobody sees.
. "${srcdir:-.}/tests/system/lib-rpm.sh" zypper || exit 1
. "${srcdir:-.}/tests/cli/libtest.sh" || exit 1
. "$srcdir/tests/system/rpm-cases.sh" || exit 1
busy_lock() { # PID
  echo "$1" >/run/zypp.pid
}
busy_free() {
  :
}
rpm_begin
rpm_cases
finish
