#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The catalogues are complete and right, and the programs speak by them.
# shellcheck disable=SC1091 # of libtest.sh
. "${srcdir:-.}/tests/cli/libtest.sh" || exit 1
need python3 xgettext msgfmt msgunfmt
po=$srcdir/po
catalogue() {
  python3 -B "$srcdir/tests/po/catalogue.py" "$@"
}

# --- what stands in POTFILES.in
listed() { # the sources, without the marks of their kind
  sed -e '/^#/d' -e '/^ *$/d' -e 's/^\[[^]]*\] *//' "$1/po/POTFILES.in"
}
# Comments of C are left out: they may speak of _().
marked() {
  (cd "$1" && find src -name '*.c' | LC_ALL=C sort | while read -r file; do
    sed -e 's:/\*.*\*/::g' -e 's://.*::' "$file" |
      grep -qE '(^|[^a-zA-Z0-9_])(N?_|g?_?d?n?gettext|d?c?n?p?gettext|N?C_) *\(' && echo "$file"
  done)
}
# src/base/lang.c is the function, no text.
potfiles() {
  local file
  listed "$1" | while read -r file; do
    [ -f "$1/$file" ] || echo "$file is not there"
  done
  diff <(listed "$1" | grep '\.c$') <(marked "$1" | grep -vxF src/base/lang.c) |
    sed -n -e 's/^< \(.*\)/\1 has no text for people/p' -e 's/^> \(.*\)/\1 is not listed/p'
  diff <(listed "$1") <(listed "$1" | LC_ALL=C sort -u) >/dev/null || echo 'not sorted'
}
potfiles_are_right() {
  potfiles "$1" >"$tmp/potfiles"
  cat "$tmp/potfiles"
  [ ! -s "$tmp/potfiles" ]
}
ok 'POTFILES.in has the sources with texts, and no others' potfiles_are_right "$srcdir"

mkdir -p "$tmp/copy/po"
cp -R "$srcdir/src" "$tmp/copy/"
chmod -R u+w "$tmp/copy"
cp "$po/POTFILES.in" "$tmp/copy/po/"
listed "$srcdir" | grep -v '^src/' | while read -r file; do
  mkdir -p "$tmp/copy/$(dirname "$file")" && cp "$srcdir/$file" "$tmp/copy/$file"
done
gap() { # LINE-OF-CODE TEXT
  # shellcheck disable=SC2016 # sed's $
  printf '%s\n' "$1" >"$tmp/copy/src/cli/zzz.c"
  potfiles "$tmp/copy" | grep -qxF "src/cli/zzz.c $2"
}
ok 'a new file with _() is missed' gap 'f(_("x"));' 'is not listed'
ok 'one with ngettext() as well' gap 'f(ngettext("x", "y", n));' 'is not listed'
ok 'and one with a text in a context' gap 'f(C_("a", "x"));' 'is not listed'
gap_of_comment() {
  ! gap '/* as _("x") does */ f(1); // or _("y")' 'is not listed'
}
ok 'a comment is no text' gap_of_comment
rm "$tmp/copy/src/cli/zzz.c"
echo src/base/hash.c >>"$tmp/copy/po/POTFILES.in"
ok 'a file that is not there is noticed' bash -c "$(declare -f listed marked potfiles)
  potfiles '$tmp/copy' | grep -q 'hash.c is not there'"
cp "$po/POTFILES.in" "$tmp/copy/po/"

# --- what the sources have to say, now
template() { # SOURCES POT
  local options
  options=$(sed -n 's/^XGETTEXT_OPTIONS *= *//p' "$po/Makevars")
  # shellcheck disable=SC2086 # a list
  GETTEXTDATADIRS=$1/po${GETTEXTDATADIRS:+:$GETTEXTDATADIRS} xgettext --directory="$1" \
    --files-from="$1/po/POTFILES.in" --add-comments=TRANSLATORS: --package-name=assent \
    --msgid-bugs-address=nobody $options --output="$2" 2>"$2.err"
}
ok 'the texts can be collected' template "$srcdir" "$tmp/assent.pot"
ok 'without a warning' bash -c "! grep . '$tmp/assent.pot.err'"

# What counts must not hang on a catalogue.
compares() {
  local by='(str[a-z]*cmp0?|str_equal|strstr|has_prefix|has_suffix)'
  grep -rnE "$by\([^()]*[^a-z]([NC]?_|n?gettext)\(" "$1/src" --include='*.c'
}
compares_nothing() {
  ! compares "$1"
}
ok 'no translated text is compared' compares_nothing "$srcdir"
# shellcheck disable=SC2016
printf '%s\n' 'x = strcmp(word, _("yes")) == 0;' >"$tmp/copy/src/cli/zzz.c"
ok 'one that was would be found' compares "$tmp/copy"
rm "$tmp/copy/src/cli/zzz.c"

# --- every language
judge() { # POT PO
  msgfmt --check -o /dev/null "$2" && catalogue check "$1" "$2"
}
texts() {
  msgunfmt --no-wrap --sort-output "$1" | grep -vE '^"(POT-Creation-Date|Report-Msgid-Bugs-To): '
}
is_built() {
  msgfmt -o "$tmp/$1.mo" "$po/$1.po" || return
  diff <(texts "$tmp/$1.mo") <(texts "$po/$1.gmo") && return
  echo "po/$1.gmo is older than the sources: remove po/assent.pot and po/stamp-po, and make"
  return 1
}
languages=$(sed 's/#.*//' "$po/LINGUAS")
for language in $languages; do
  ok "$language is complete and right" judge "$tmp/assent.pot" "$po/$language.po"
  ok "$language is built from it" is_built "$language"
done
lost() {
  for file in "$po"/*.po; do
    [ ! -f "$file" ] || grep -qwF "$(basename "$file" .po)" <<<"$languages" ||
      echo "$file is not in LINGUAS"
  done
}
ok 'no catalogue is left out of LINGUAS' bash -c "! echo '$(lost)' | grep ."

# --- this test notices what it should
catalogue pseudo "$tmp/assent.pot" >"$tmp/zz.po"
ok 'a complete catalogue passes' judge "$tmp/assent.pot" "$tmp/zz.po"
spoilt() {
  catalogue spoil "$1" "$tmp/zz.po" >"$tmp/$1.po" &&
    ! catalogue check "$tmp/assent.pot" "$tmp/$1.po"
}
for kind in $(catalogue kinds); do
  ok "a catalogue with this mistake fails: $kind" spoilt "$kind"
done
new_text() {
  # shellcheck disable=SC2016 # sed's $
  sed -i '$a const char *zzz(void);\nconst char *zzz(void)\n{\n\treturn _("a text of today");\n}' \
    "$tmp/copy/src/cli/say.c"
  template "$tmp/copy" "$tmp/new.pot" &&
    ! catalogue check "$tmp/new.pot" "$tmp/zz.po" >"$tmp/new" &&
    grep -qF "'a text of today' is missing" "$tmp/new"
}
ok 'a new text makes every catalogue incomplete' new_text

# --- the command line speaks by the catalogue
mkdir -p "$tmp/locale/zz/LC_MESSAGES"
msgfmt -o "$tmp/locale/zz/LC_MESSAGES/assent.mo" "$tmp/zz.po"
export ASSENT_LOCALEDIR="$tmp/locale"
# gettext asks for a locale that is not C; newer ones count C.UTF-8 as C.
speaks() {
  LC_ALL=$1 LANGUAGE=zz assent --help | grep -q '［'
}
find_locale() {
  local name
  for name in C.UTF-8 $(locale -a | grep -i 'utf-\?8' | grep -v '^C\.'); do
    speaks "$name" && echo "$name" && return
  done
  mkdir "$tmp/locales" && localedef -i en_US -f UTF-8 "$tmp/locales/en_US.UTF-8" 2>/dev/null
  export LOCPATH="$tmp/locales"
  speaks en_US.UTF-8 && echo en_US.UTF-8
}
locale=$(find_locale)
[ ! -d "$tmp/locales" ] || export LOCPATH="$tmp/locales"
spoken() { # NAME COMMAND...: only where there is a locale
  if [ -z "$locale" ]; then
    count=$((count + 1))
    echo "ok $count - $1 # SKIP no locale is installed"
  else
    ok "$@"
  fi
}
zz() {
  LC_ALL=$locale LANGUAGE=zz "$@"
}
manifest() { # COUNT: that many resources
  local i
  mkdir -p "$tmp/m$1"
  echo 'resources:' >"$tmp/m$1/assent.yaml"
  for i in $(seq "$1"); do
    echo "  - directory: /srv/$i" >>"$tmp/m$1/assent.yaml"
  done
}
plural() { # COUNT FORM
  manifest "$1"
  zz assent lint "$tmp/m$1" 2>&1 | tee "$tmp/plural" | grep -F "［$2：$1 resource"
}
helps() {
  zz assent --help | grep -F '［Approve a plan with your SSH key］' &&
    zz assent approve --help | grep -F '［Why; it is signed and logged］' &&
    zz assent approve --help | grep -F '［Common options:］'
}
fails() {
  ! zz assent statsu 2>"$tmp/err" && grep -F "［unknown command 'statsu'］" "$tmp/err" &&
    grep -F '［did you mean' "$tmp/err"
}
same() { # COMMAND...: in no language and in this one
  LC_ALL=C.UTF-8 LANGUAGE='' "$@" >"$tmp/same.c" 2>&1
  zz "$@" >"$tmp/same.zz" 2>&1
  diff "$tmp/same.c" "$tmp/same.zz" && grep -q '{' "$tmp/same.c"
}
spoken 'help is translated' helps
spoken 'errors and hints are' fails
spoken 'one thing has the first form' plural 1 0
spoken 'two have the second' plural 2 1
spoken 'three have the third' plural 3 2
spoken 'JSON is not translated' same assent lint --json "$tmp/m2"
printf 'resources: [{file: x}, {link: 3}]\n' >"$tmp/m1/assent.yaml"
spoken 'nor are the problems in it' same assent lint --json "$tmp/m1"
spoken 'nor its errors' same assent status --json --socket "$tmp/none"
spoken 'not even those of the operating system' same assent lint --json "$tmp/nowhere"
spoken 'nor the list of commands' same assent help --json
spoken 'without the catalogue it is English' bash -c \
  "LC_ALL='$locale' LANGUAGE=zz ASSENT_LOCALEDIR=/nonexistent assent --help | grep -q '^Commands:'"
aligned() {
  zz assent doctor --config "$tmp/none" --socket "$tmp/none" >"$tmp/doctor" 2>&1
  python3 - "$tmp/doctor" <<-'P'
	import sys, unicodedata
	wide = lambda t: sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in t)
	lines = [l for l in open(sys.argv[1], encoding="utf-8") if l.startswith("［")]
	print(lines)
	ends = {wide(l[:l.index("］") + 1]) + len(l[l.index("］") + 1:]) -
	        len(l[l.index("］") + 1:].lstrip(" ")) for l in lines}
	sys.exit(not lines or len(ends) != 1)
	P
}
spoken 'columns stand below each other with double-width letters' aligned
finish
