#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Help, versions and typing errors.
. "${srcdir:-.}/tests/cli/libtest.sh" || exit 1

exits 0 '--version' assent --version
says 'tells the name' out 'assent 0'
exits 0 '--version as JSON' assent --version --json
ok 'tells the number' grep -q '^{"schema_version":1,"version":"0' "$tmp/out"
exits 0 '--help' assent --help
says 'lists commands' out 'approve'
cp "$tmp/out" "$tmp/list"
exits 2 'no command is wrong usage' assent
ok 'and tells it on standard error' test ! -s "$tmp/out"
exits 2 'an unknown command is wrong usage' assent aprove
says 'the nearest is suggested' err "did you mean 'assent approve'?"
exits 2 'nothing is suggested for nonsense' assent xyzzy
lacks 'indeed' err 'did you mean'
exits 2 'an unknown option' assent status --frobnicate
exits 2 'an operand too many' assent status a b
exits 2 'an operand too few' assent show
exits 2 'a bad colour mode' assent status --color=pink
exits 2 'a bad plan id' assent show HEAD
exits 2 'a short plan id' assent show abc123
exits 2 'a rejection without a reason' assent reject 0123456789 --yes
exits 2 '--print and --key exclude each other' assent approve 0123456789 --print --key x
exits 2 'usage errors as JSON' assent frobnicate --json
ok 'have a code' grep -q '"code":"unknown-command"' "$tmp/err"

exits 0 'help of a command' assent help status
says 'is what the command says' out 'assent status [OPTION'
exits 0 'help of a member of a group' assent help config check
says 'is that of the member' out 'assent config check'
exits 2 'help of what is no command' assent help frobnicate
exits 2 'a hint about operands' assent init x
ok 'has nothing behind it' not grep -q ' $' "$tmp/err"

exits 0 'the list as JSON' assent help --json
ok 'has members of groups' grep -q '"name":"config check"' "$tmp/out"
ok 'but nothing hidden' not grep -q '"name":"complete"' "$tmp/out"
exits 0 'a text as JSON' assent config sample --json
ok 'is one member' grep -q '^{"schema_version":1,"sample":"' "$tmp/out"

# Every command of the list explains itself, on standard output, without an agent.
export ASSENT_SOCKET="$tmp/none"
sed -n 's/^  \([a-z][a-z-]*\)  .*/\1/p' "$tmp/list" >"$tmp/commands"
ok 'there are commands' test -s "$tmp/commands"
while read -r command <&3; do
  exits 0 "$command --help" assent "$command" --help
  ok "$command --help begins with its usage" \
    grep -q "^  assent $command " "$tmp/out"
  ok "$command --help says nothing on standard error" test ! -s "$tmp/err"
done 3<"$tmp/commands"
finish
