#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# assent(1) names every command of the table as its help does, with every option; assentd(8) too.
. "${srcdir:-.}/tests/cli/libtest.sh" || exit 1

page="$srcdir/doc/assent.1"
export ASSENT_SOCKET="$tmp/none"
# As text: no font escapes, no macros at a line's head, plain dashes.
sed -e 's/\\f[BIRP]//g; s/\\-/-/g; s/^\.[A-Z]* //; s/^\.\(SS\) /\1 /; s/"//g' "$page" >"$tmp/flat"
sed -e 's/\\f[BIRP]//g; s/\\-/-/g; s/"//g; s/ ,//g' "$page" >"$tmp/page"

# section USAGE: what stands below this heading
section() {
  awk -v want=".SS $1" '$0 == want { on = 1; next } /^\.S[SH]/ { on = 0 } on' "$tmp/page"
}

options_of() {
  sed '/^Common options/,$d' "$tmp/out" | grep -oE -e '--[a-z][a-z-]*' | sort -u
}

check_command() {
  local usage option missing=
  exits 0 "assent $* --help" assent "$@" --help
  usage=$(sed -n '2s/^  //p' "$tmp/out" | sed 's/…/.../; s/ *$//')
  section "$usage" >"$tmp/section"
  ok "'$usage' stands in the manual" test -s "$tmp/section"
  for option in $(options_of); do
    tr -d ' ' <"$tmp/section" | grep -qF -e "$option" || missing="$missing $option"
  done
  ok "with all options of assent $*" test -z "$missing"
  [ -z "$missing" ] || echo "# missing:$missing"
}

names() {
  sed -n '/^Commands/,/^$/s/^  \([a-z][a-z-]*\)  .*/\1/p' "$tmp/out"
}

exits 0 'the list of commands' assent --help
names >"$tmp/commands"
ok 'has commands' test -s "$tmp/commands"
while read -r command <&3; do
  exits 0 "$command explains itself" assent "$command" --help
  names >"$tmp/members"
  if ! grep -q '^  assent [a-z-]* COMMAND' "$tmp/out"; then
    check_command "$command"
  fi
  while read -r member <&4; do
    check_command "$command" "$member"
  done 4<"$tmp/members"
done 3<"$tmp/commands"

# And nothing that is not there.
sed -n 's/^\.SS assent \([a-z -]*[a-z]\).*/\1/p' "$tmp/page" >"$tmp/headings"
while read -r words <&3; do
  # shellcheck disable=SC2086 # a group and its member are two words
  exits 0 "the manual's '$words' is a command" assent $words --help
done 3<"$tmp/headings"

exits 0 'common options' assent help --help
sed -n '/^Common options/,$p' "$tmp/out" | grep -oE -e '--[a-z][a-z-]*' | sort -u >"$tmp/common"
while read -r option <&3; do
  ok "$option is explained" grep -qF -e "$option" "$tmp/flat"
done 3<"$tmp/common"
# The manuals of the other programs name each option, too.
check_program() { # PROGRAM
	exits 0 "$1 --help" "$1" --help
	grep -oE -e '--[a-z][a-z-]*' "$tmp/out" | sort -u >"$tmp/options"
	ok 'has options' test -s "$tmp/options"
	while read -r option <&3; do
		ok "$1 $option is explained" \
			grep -qF -e "$option" <(sed 's/\\-/-/g' "$srcdir/doc/$1.8")
	done 3<"$tmp/options"
}
check_program assentd
if command -v assent-desktop >/dev/null; then
	check_program assent-desktop
fi

if command -v groff >/dev/null; then
  ok 'groff has nothing to complain about' \
    test -z "$(groff -man -Tutf8 -ww -z "$page" 2>&1 | head -n 3)"
fi
finish
