#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# What desktops and polkit read is as they want it, and translations come into it.
. "${srcdir:-.}/tests/cli/libtest.sh" || exit 1
made="$builddir/contrib/desktop"
source="$srcdir/contrib/desktop"

for entry in "$made"/*.desktop; do
  name=$(basename "$entry")
  if command -v desktop-file-validate >/dev/null; then
    exits 0 "$name is valid" desktop-file-validate "$entry"
    ok 'without a warning' test ! -s "$tmp/out"
  fi
  ok "$name starts a program of ours" grep -qE '^Exec=/.*/assent(d|-desktop)?( review)?$' "$entry"
  icon=$(sed -n 's/^Icon=//p' "$entry")
  ok "and has its icon" test -f "$source/icons/$icon.svg"
done
for entry in "$made"/*-autostart.desktop; do
  ok "$(basename "$entry") does nothing where systemd starts sessions" \
    sh -c "grep -qx X-systemd-skip=true '$entry' &&
      grep -qx X-GNOME-HiddenUnderSystemd=true '$entry'"
done
if command -v appstreamcli >/dev/null; then
  exits 0 'the metadata are valid' \
    appstreamcli validate --no-net --no-color "$made/org.assent.Assent.metainfo.xml"
fi
launch=$(sed -n 's|.*desktop-id">\(.*\)</launch.*|\1|p' "$made/org.assent.Assent.metainfo.xml")
ok 'they name the entry of the menu' test -f "$made/$launch"

policy="$made/org.assent.worker.policy"
if command -v xmllint >/dev/null; then
  for file in "$source"/icons/*.svg "$policy" "$made"/*.xml; do
    exits 0 "$(basename "$file") is XML" xmllint --noout --nonet "$file"
  done
  dtd=/usr/share/polkit-1/policyconfig-1.dtd
  [ ! -f $dtd ] || exits 0 'the action is one for polkit' \
    xmllint --noout --nonet --dtdvalid $dtd "$policy"
fi
ok 'the action is for the worker that pkexec starts' \
  grep -qE 'exec\.path">/.*/assent-worker<' "$policy"
ok 'and for apply only' grep -q 'exec\.argv1">apply<' "$policy"
ok 'nobody passes without an administrator' \
  test "$(grep -cE '<allow_(any|inactive|active)>auth_admin<' "$policy")" = 3

# One name in several places.
server=$srcdir/src/desktop/server.c
hint=$(sed -n 's/.*g_variant_new_string("\(assent[a-z-]*\)").*/\1/p' "$server")
ok 'notifications name the entry of the menu' test -f "$made/${hint:-none}.desktop"
ok 'and its icon' grep -qF "\"$(sed -n 's/^Icon=//p' "$made/$hint.desktop")\"," "$server"
action=$(sed -n 's/.*<action id="\([^"]*\)".*/\1/p' "$policy")
for file in src/base/elevate.c doc/elevate.md doc/systemd.md; do
  ok "$file names the action of polkit" grep -qwF "$action" "$srcdir/$file"
done
rule=$builddir/contrib/sudoers.d/assent
ok 'sudo and polkit let the same program run' grep -qF \
  "$(sed -n 's|.*exec.path">\(.*\)<.*|\1|p' "$policy") apply" "$rule"
if command -v visudo >/dev/null; then
  exits 0 "and sudo's rule is one" visudo -cf "$rule"
fi

# A language of our own: each text in capitals.
if command -v msgfmt >/dev/null && command -v xgettext >/dev/null &&
  command -v python3 >/dev/null; then
  export GETTEXTDATADIRS="$srcdir/contrib/gettext"
  mkdir "$tmp/po"
  echo xx >"$tmp/po/LINGUAS"
  (cd "$source" && xgettext -o - --from-code=UTF-8 ./*.in) |
    python3 "$srcdir/tests/systemd/capitals.py" >"$tmp/po/xx.po"
  ok 'there are texts' grep -q 'ASSENT' "$tmp/po/xx.po"
  for file in "$source"/*.in; do
    kind=--xml
    case $file in *.desktop.in) kind=--desktop ;; esac
    name=$(basename "$file" .in)
    exits 0 "$name takes translations" \
      msgfmt $kind --template="$file" -d "$tmp/po" -o "$tmp/$name"
    case $name in
      *.desktop) want='^Comment\[xx\]=.*(DEPLOY|APPROVAL)' ;;
      *.xml) want='<summary xml:lang="xx">DEPLOY FROM GIT' ;;
      *.policy) want='<message xml:lang="xx">AUTHENTICATION IS' ;;
    esac
    ok 'in their places' grep -qE "$want" "$tmp/$name"
  done
fi
finish
