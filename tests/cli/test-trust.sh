#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# assent trust: what it shows, and what it says is wrong.
. "${srcdir:-.}/tests/cli/libtest.sh" || exit 1
need ssh-keygen python3
mkdir -p "$HOME/.config/assent" "$tmp/t"
ssh-keygen -q -t ed25519 -N '' -f "$tmp/alice"
ssh-keygen -q -t ed25519 -N '' -f "$tmp/bob"
line() { # PERSON OPTION
  echo "$1 namespaces=\"assent.approval.v1\"${2-} $(cut -d' ' -f1,2 "$tmp/$1.pub")"
}
{ line alice; line bob; } >"$tmp/t/allowed_signers"
cat >"$HOME/.config/assent/assentd.yaml" <<END
agent: web1.test
allowed-signers: $tmp/t/allowed_signers
END
chmod 600 "$HOME/.config/assent/assentd.yaml"
key=$(assentd --init | cut -d' ' -f1,2)
trust() { # LINE...
  printf 'agents:\n  web1.test: %s\napprovers: allowed_signers\n' "$key" >"$tmp/t/trust.yaml"
  [ $# = 0 ] || printf '%s\n' "$@" >>"$tmp/t/trust.yaml"
  chmod 644 "$tmp/t/trust.yaml" "$tmp/t/allowed_signers"
}
file=$tmp/t/trust.yaml

trust 'minimum: 2' 'paths: [/srv/app/**]' 'kinds: [file]' 'attested: [slack]'
exits 0 'a good one without an agent' assent trust "$file"
says 'who may' out 'alice SHA256:'
says 'how many' out 2
says 'which paths' out '/srv/app/**'
says 'which channels' out slack
says 'what is not compared' err 'No agent answers'
ok 'in a line of its own' test "$(tail -c 1 "$tmp/err" | wc -l)" = 1
exits 0 'the same for programs' assent trust --json "$file"
ok 'all of it' python3 - "$tmp/out" <<'END'
import json, sys
d = json.load(open(sys.argv[1]))
assert d["minimum"] == 2 and d["paths"] == ["/srv/app/**"] and d["kinds"] == ["file"]
assert [a["person"] for a in d["approvers"]] == ["alice", "bob"] and d["approvers"][0]["valid"]
assert d["agents"][0]["name"] == "web1.test" and d["attested"] == ["slack"]
assert d["problems"] == [] and d["compared"] is False and d["setuid"] is False
END
trust
exits 0 'one without keys of secrets' assent trust "$file"
says 'says whose are taken' out "seal key"
says '... the agent'"'"'s' out "the agent's own"
trust 'seal_key: seal.key'
exits 1 'keys of secrets that are missing' assent trust "$file"
says 'which are named' out "$tmp/t/seal.key"
says 'and what follows' out 'no secret can be opened'
exits 0 'they are made' assent seal --key "$tmp/t/seal.key" --rotate
exits 0 'keys of secrets' assent trust "$file"
says 'are shown' out "$tmp/t/seal.key"
exits 0 'for programs, too' assent trust --json "$file"
says 'by their name' out '"seal_key":"'"$tmp/t/seal.key"'"'
chmod 640 "$tmp/t/seal.key"
exits 1 'keys that others can read' assent trust "$file"
says 'are told' out 'no secret can be opened'
chmod 600 "$tmp/t/seal.key"
trust 'minimum: 3'
exits 1 'more approvals than people' assent trust "$file"
says 'it says how many can' out 'people who can give one: 2'
{ line alice ',valid-before="20200101Z"'; line bob; } >"$tmp/t/allowed_signers"
trust 'minimum: 2'
exits 1 'a key that has expired does not count' assent trust "$file"
says 'and is shown as that' out 'not valid now'
{ line alice; line bob; } >"$tmp/t/allowed_signers"
trust 'paths: [srv]'
exits 1 'a pattern that is none' assent trust "$file"
says 'it says which' err "'srv' is not an absolute path"
trust
chmod 666 "$file"
exits 1 'one that others can write' assent trust "$file"
says 'what to do about it' err 'chmod go-w'
trust
exits 1 'the one that root would use is missing here, or not ours to judge' \
  assent trust "$tmp/none.yaml"
exits 3 'a template needs an agent' assent trust --template
exits 2 'two files are too many' assent trust a b

background "$tmp/assentd.log" assentd --worker "$builddir/assent-worker"
wait_for assent status
exits 0 'with the agent' assent trust "$file"
lacks 'all is compared' err 'No agent answers'
exits 0 'the template' assent trust --template
says 'names the agent and its key' out "web1.test: $key"
cp "$tmp/out" "$tmp/t/template.yaml"
exits 0 'and can be read' assent trust "$tmp/t/template.yaml"
key=$(cut -d' ' -f1,2 "$tmp/bob.pub")
trust
exits 1 'another key than the agent has' assent trust "$file"
says 'it says so' out 'signs with another plan key'
mkdir "$tmp/u"
cp "$tmp/t/template.yaml" "$tmp/u/trust.yaml"
line alice >"$tmp/u/allowed_signers"
chmod 644 "$tmp/u/"*
exits 1 'another approver list than the agent has' assent trust "$tmp/u/trust.yaml"
says 'it says that no plan is valid' out 'no plan of it is valid'
finish
