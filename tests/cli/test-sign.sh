#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Every way to sign: what is handed to the agent is what ssh-keygen itself accepts.
. "${srcdir:-.}/tests/cli/libtest.sh" || exit 1
need python3 ssh-keygen ssh-agent ssh-add

web="$tmp/web"
export ASSENT_SOCKET="$tmp/agent.sock" ASSENT_CONFIG="$tmp/none"
python3 "$srcdir/tests/cli/fake-agent.py" make "$web" || skip_all 'python3 cannot make the answers'
background "$tmp/fake.log" python3 "$srcdir/tests/cli/fake-agent.py" serve "$web" "$ASSENT_SOCKET"
wait_for test -S "$ASSENT_SOCKET"
id=$(cat "$web/id")
signers=$(echo "$web"/v1/objects/*)

# member NAME: of what was posted last, to standard output without a newline
member() {
	python3 -c 'import json,sys
sys.stdout.write(json.loads(open(sys.argv[1]).readlines()[-1])[sys.argv[2]])' "$web/posted" "$1"
}

# Is what was posted a signature of the statement by this person?
posted_by() {
	local person=$1
	shift
	member signature >"$tmp/posted.sig"
	assent "$@" --as "$person" --print >"$tmp/statement" 2>/dev/null
	test "$(member person)" = "$person" &&
		ssh-keygen -Y verify -q -f "$signers" -I "$person" -n assent.approval.v1 \
			-s "$tmp/posted.sig" <"$tmp/statement"
}

exits 0 'a key file signs' assent approve "$id" --key "$web/alice" --yes
says 'the fingerprint is told' err "$(ssh-keygen -lf "$web/alice.pub" | cut -d' ' -f2)"
says 'what is approved is shown' out '1 resource is REMOVED'
ok 'ssh-keygen accepts it as hers' posted_by alice approve "$id"
exits 0 'with a reason' assent approve "$id" --key "$web/bob" --yes --reason 'it is "fine" — ja'
ok 'which is signed' posted_by bob approve "$id" --reason 'it is "fine" — ja'
ok 'and not another' not posted_by bob approve "$id" --reason 'it is fine'
exits 0 'a rejection' assent reject "$id" --key "$web/bob" --yes --reason 'no'
ok 'is a signature of a rejection' posted_by bob reject "$id" --reason no
ok 'and of nothing else' not posted_by bob approve "$id" --reason no

rm "$web/posted"
exits 1 'no key at all' assent approve "$id" --yes
says 'is told' err 'none of your keys'
exits 1 'a key that is not listed' assent approve "$id" --key "$web/mallory" --yes
exits 1 'a key of another person' assent approve "$id" --key "$web/alice" --as bob --yes
exits 1 'a key of another type' assent approve "$id" --key "$web/rsa" --yes
says 'is refused by its name' err 'ssh-rsa'
exits 1 'a person that nobody knows' assent approve "$id" --as carol --print
ok 'nothing was sent' test ! -e "$web/posted"
cp "$web/alice" "$tmp/odd"
cp "$web/bob.pub" "$tmp/odd.pub"
exits 1 'a key with the public half of another' assent approve "$id" --key "$tmp/odd" --yes
ok 'was not sent, either' test ! -e "$web/posted"

mkdir -m 700 "$HOME/.ssh"
cp "$web/alice" "$HOME/.ssh/id_ed25519"
cp "$web/alice.pub" "$HOME/.ssh/id_ed25519.pub"
exits 0 'the usual key file is found' assent approve "$id" --yes
ok 'and whom it stands for' posted_by alice approve "$id"
rm -r "$HOME/.ssh"

start_ssh_agent
exits 1 'an empty ssh-agent' assent approve "$id" --yes
ssh-add -q "$web/mallory" "$web/rsa" "$web/bob" 2>/dev/null
exits 0 'the ssh-agent signs, other keys are passed over' assent approve "$id" --yes
ok 'and ssh-keygen accepts it' posted_by bob approve "$id"
exits 0 'the private key of a public one is found there' \
	assent approve "$id" --key "$web/bob.pub" --yes
ok 'and used' posted_by bob approve "$id"
ssh-add -q "$web/alice" 2>/dev/null
exits 2 'keys of two people need --as' assent approve "$id" --yes
says 'which is said' err '--as PERSON'
exits 0 'and with it are good' assent approve "$id" --as alice --yes
ok 'for her' posted_by alice approve "$id"
ssh-add -q -D 2>/dev/null
exits 1 'keys that are gone' assent approve "$id" --yes
unset SSH_AUTH_SOCK

rm "$web/posted"
exits 0 '--print needs no key' assent approve "$id" --as alice --print
ok 'and prints the statement alone' python3 -c 'import json,sys
t = open(sys.argv[1], "rb").read()
d = json.loads(t)
assert t == json.dumps(d, sort_keys=True, separators=(",", ":")).encode()
assert d["approver"] == "alice" and d["plan"] == "sha256:" + sys.argv[2]' "$tmp/out" "$id"
says 'with the commands to use' err 'ssh-keygen -Y sign -n assent.approval.v1'
cp "$tmp/out" "$tmp/statement.json"
ssh-keygen -q -Y sign -n assent.approval.v1 -f "$web/alice" "$tmp/statement.json" 2>/dev/null
ok 'nothing was sent' test ! -e "$web/posted"
exits 0 'a signature from elsewhere is handed in' \
	assent approve "$id" --signature "$tmp/statement.json.sig"
ok 'as hers' posted_by alice approve "$id"
hand_in() {
	assent approve "$id" --signature - <"$tmp/statement.json.sig"
}
exits 0 'also from standard input' hand_in
rm "$web/posted"
exits 1 'not for another person' assent approve "$id" --as bob --signature "$tmp/statement.json.sig"
exits 1 'not for another reason' \
	assent approve "$id" --reason x --signature "$tmp/statement.json.sig"
exits 1 'not for the other decision' \
	assent reject "$id" --reason x --signature "$tmp/statement.json.sig"
says 'which is said' err 'not one of this statement'
rm "$tmp/statement.json.sig"
ssh-keygen -q -Y sign -n git -f "$web/alice" "$tmp/statement.json" 2>/dev/null
exits 1 'not of another namespace' assent approve "$id" --signature "$tmp/statement.json.sig"
head -c 100000 /dev/zero >"$tmp/huge"
exits 1 'not a huge one' assent approve "$id" --signature "$tmp/huge"
ok 'nothing of this was sent' test ! -e "$web/posted"

exits 2 'without a terminal nobody can be asked' assent approve "$id" --key "$web/alice"
on_terminal=(python3 "$srcdir/tests/cli/on-terminal.py")
exits 1 'no is no' "${on_terminal[@]}" n assent approve "$id" --key "$web/alice"
says 'the question names the person' out 'Approve this plan as alice?'
says 'after the plan was shown' out 'remove'
exits 1 'nothing typed is no' "${on_terminal[@]}" '' assent approve "$id" --key "$web/alice"
ok 'nothing was sent' test ! -e "$web/posted"
exits 0 'yes is yes' "${on_terminal[@]}" y assent approve "$id" --key "$web/alice"
ok 'and was sent' posted_by alice approve "$id"

ssh-keygen -q -p -N secret -P '' -f "$web/bob" >/dev/null
exits 0 'ssh-keygen asks for a passphrase on the terminal' \
	"${on_terminal[@]}" secret assent approve "$id" --key "$web/bob" --yes
says 'itself' out 'passphrase'
lacks 'and never shows it' out 'secret'
ok 'and signs' posted_by bob approve "$id"
exits 1 'a wrong passphrase' "${on_terminal[@]}" wrong assent approve "$id" --key "$web/bob" --yes

exits 0 'long output goes through the pager' env ASSENT_PAGER="sed 's/^/paged: /'" \
	"${on_terminal[@]}" '' assent show "$id"
says 'on a terminal' out 'paged: '
says 'with colour' out $'\033[31m'
exits 0 'but not with --no-pager' env ASSENT_PAGER="sed 's/^/paged: /'" \
	"${on_terminal[@]}" '' assent show "$id" --no-pager
lacks 'as asked' out 'paged: '
exits 0 'a pager that is quit early is no failure' env ASSENT_PAGER=true \
	"${on_terminal[@]}" '' assent show "$id"
exits 0 'NO_COLOR is obeyed' env NO_COLOR=1 ASSENT_PAGER=cat \
	"${on_terminal[@]}" '' assent show "$id"
lacks 'there is no escape character' out $'\033'
exits 0 'a narrow terminal' env COLUMNS=40 "${on_terminal[@]}" '' assent status
says 'cuts the last column' out '…'
finish
