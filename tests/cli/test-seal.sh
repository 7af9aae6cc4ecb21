#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# assent seal and unseal at a terminal: what is typed is not shown, however it ends.
. "${srcdir:-.}/tests/cli/libtest.sh" || exit 1
need python3
SECRET=$(python3 "$srcdir/tests/secret-scan.py" --marker)-typed
export SECRET
key=$tmp/seal.key
exits 0 'a key' assent seal --key "$key" --rotate
type_secret() { # HOW
  python3 "$srcdir/tests/cli/type-secret.py" "$1" \
    assent seal --to "$tmp/seal.pub" -o "$tmp/sealed" >"$tmp/said"
}
said() { # PYTHON, of d
  python3 -c 'import json, os, signal, sys
d = json.load(open(sys.argv[1]))
secret = os.environ["SECRET"]
assert '"$1"', d' "$tmp/said"
}
typed_is_there() {
  [ "$(assent unseal --key "$key" "$tmp/sealed")" = "$SECRET" ]
}

ok 'a secret is typed' type_secret line
ok 'the terminal shows what is typed, but not at the prompt' \
  said 'd["before"] and not d["asked"] and d["after"]'
ok 'nothing of it was shown' said 'secret[:6] not in d["shown"] and d["code"] == 0'
ok 'what was typed is sealed' typed_is_there
for name in INT TERM HUP QUIT; do
  rm -f "$tmp/sealed"
  ok "SIG$name amid the line" type_secret $name
  ok '... ends it, as if nobody had caught it' said "d['code'] == -signal.SIG$name"
  ok '... and the terminal shows again what is typed' \
    said 'd["before"] and not d["asked"] and d["after"] and secret[:6] not in d["shown"]'
  ok '... and nothing was sealed' test ! -e "$tmp/sealed"
done
ok 'the terminal stops it amid the line' type_secret stop
ok 'the terminal shows what is typed meanwhile, and not when it is asked again' \
  said 'd["stopped"] and not d["again"] and d["after"] and secret[:6] not in d["shown"]'
ok 'what was typed then is sealed' typed_is_there
rm "$tmp/sealed"
ok 'nothing is typed' type_secret enter
ok 'which is no secret' said 'd["code"] == 1 and "nothing was typed" in d["shown"]'
ok '... and nothing was sealed' test ! -e "$tmp/sealed"

# --- what it is for
exits 0 'sealed for a place' assent seal --to "$tmp/seal.pub" --for 'a/b:/c' "$tmp/seal.pub"
ok '... nothing is said about that' test ! -s "$tmp/err"
exits 0 'sealed for any place' assent seal --to "$tmp/seal.pub" "$tmp/seal.pub"
says '... which is told' err 'better: --for AGENT/STACK:PATH'
lacks '... and not in what is sealed' out 'better'

# --- another user's keys
if [ "$(id -u)" = 0 ]; then
  cp -p "$key" "$tmp/seal.kept"
  chown 65534 "$key"
  for how in --rotate --drop-old; do
    exits 1 "root does not $how a user's keys" assent seal --key "$key" $how
    says '... and says why' err 'belongs to another user'
    ok '... and they are as they were' cmp "$key" "$tmp/seal.kept"
    ok '... and their owner is' test "$(stat -c %u "$key")" = 65534
  done
else
  ok "root does not change a user's keys # SKIP not root" true
fi
finish
