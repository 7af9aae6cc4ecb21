#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Makes configure and its helpers from the sources under version control.
set -e
cd "$(dirname "$0")"
mkdir -p m4 build-aux
# Catalogues are built through the template: an old one would leave out what is new.
rm -f po/assent.pot po/stamp-po
autopoint --force
AUTOPOINT=true autoreconf --force --install --warnings=all,no-obsolete
