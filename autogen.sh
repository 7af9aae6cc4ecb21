#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Makes configure and its helpers from the sources under version control.
set -e
cd "$(dirname "$0")"
mkdir -p m4 build-aux
autopoint --force
AUTOPOINT=true autoreconf --force --install --warnings=all,no-obsolete
