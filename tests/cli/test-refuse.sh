#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Whatever a broken or lying agent answers: nothing untrue is shown, nothing is signed.
. "${srcdir:-.}/tests/cli/libtest.sh" || exit 1
need python3 ssh-keygen

web="$tmp/web" socket="$tmp/agent.sock"
python3 "$srcdir/tests/cli/fake-agent.py" make "$web" || skip_all 'python3 cannot make the answers'
background "$tmp/fake.log" python3 "$srcdir/tests/cli/fake-agent.py" serve "$web" "$socket"
export ASSENT_SOCKET="$socket" ASSENT_CONFIG="$tmp/none.yaml"
wait_for test -S "$socket"
id=$(cat "$web/id")
plan="$web/v1/plan-sha256:$id"
cp -r "$web" "$tmp/good"

restore() {
  rm -rf "$web/v1" "$web/post" "$web/posted"
  cp -r "$tmp/good/v1" "$tmp/good/post" "$web/"
}

# Neither shown nor approved: TEXT of the error
refused() {
  exits 1 "$1: show refuses" assent show "sha256:$id"
  says "$1: show says why" err "$2"
  ok "$1: nothing is shown" test ! -s "$tmp/out"
  exits 1 "$1: approve refuses" assent approve "sha256:$id" --key "$web/alice" --yes
  ok "$1: nothing is sent" test ! -e "$web/posted"
  restore
}

exits 0 'a good plan is shown' assent show "${id:0:7}"
says 'removals are counted' out '1 resource is REMOVED'
says 'removals come first' out 'remove  file:/etc/old'
says 'the policy is told' out '2 approvals from: alice, bob; not by an author'
says 'a bidirectional override is made visible' out 'two <U+202E> changes'
says 'an escape sequence is made visible' out '+created<U+202E><U+001B>[31m'
lacks 'no escape character reaches the screen' out $'\033'
ok 'the removal stands before the creation' \
  awk '/remove +file/ { r = NR } /create +file/ { c = NR } END { exit !(r < c) }' "$tmp/out"
exits 0 'JSON is one document' assent show "$id" --json
ok 'and parses' python3 -c 'import json,sys
d = json.load(open(sys.argv[1]))
assert d["schema_version"] == 1 and d["plan"]["seq"] == 7 and "-old" in d["diff"]' "$tmp/out"

printf 'x' >>"$plan/plan.json"
refused 'a byte added to the plan' 'cannot be trusted'
sed -i 's/"required":2/"required":1/' "$plan/plan.json"
refused 'a changed plan' 'cannot be trusted'
cp "$tmp/good/v1/plan-$id/plan.json" "$tmp/data"
ssh-keygen -q -Y sign -n assent.plan.v1 -f "$web/mallory" "$tmp/data" 2>/dev/null
cp "$tmp/data.sig" "$plan/plan.json.sig"
refused 'a signature by another key' 'cannot be trusted'
rm -f "$tmp/data.sig"
ssh-keygen -q -Y sign -n git -f "$web/plan" "$tmp/data" 2>/dev/null
cp "$tmp/data.sig" "$plan/plan.json.sig"
refused 'a signature of another namespace' 'cannot be trusted'

# Another plan, well signed, under the digest that was asked for.
rm -f "$tmp/data.sig"
sed 's/"seq":7/"seq":8/' "$tmp/good/v1/plan-$id/plan.json" >"$tmp/data"
ssh-keygen -q -Y sign -n assent.plan.v1 -f "$web/plan" "$tmp/data" 2>/dev/null
cp "$tmp/data" "$plan/plan.json"
cp "$tmp/data.sig" "$plan/plan.json.sig"
refused 'another plan of the same agent' 'the agent sent another plan'
sed -i 's/web1.example.org/web2.example.org/' "$web/v1/info"
refused "another agent's plan" "another agent's"
sed -i 's/namespaces/nonsense/' "$web"/v1/objects/*
exits 1 'a changed approver list: approve refuses' assent approve "$id" --key "$web/alice" --yes
restore

sed -i 's/-old/-odd/' "$plan/diff"
exits 1 'a changed diff: show refuses' assent show "sha256:$id"
says 'and says so' err 'the diff is not the one that the plan names'
ok 'and shows nothing' test ! -s "$tmp/out"
head -c 20000000 /dev/zero >"$plan/diff"
exits 1 'an endless diff is refused' assent show "sha256:$id"
says 'as too large' err 'too large'
restore

# The key of the trust file beats what the agent says of itself.
mkdir -m 700 "$tmp/conf"
export ASSENT_CONFIG="$tmp/conf/assentd.yaml"
: >"$ASSENT_CONFIG"
cp "$web/v1/objects/"* "$tmp/conf/allowed_signers"
printf 'agents:\n  web1.example.org: %s\napprovers: allowed_signers\nminimum: 1\n' \
  "$(cut -d' ' -f1,2 "$web/plan.pub")" >"$tmp/conf/trust.yaml"
chmod 600 "$tmp/conf/"*
exits 0 'the trust file names the plan key' assent show "$id" --no-diff
says 'and that is told' out 'plan key of the trust file'
sed -i "s|ssh-ed25519 .*|$(cut -d' ' -f1,2 "$web/mallory.pub")|" "$tmp/conf/trust.yaml"
exits 1 'another key in the trust file: refused' assent show "$id"
says 'as not trusted' err 'cannot be trusted'
sed -i 's/web1/web9/' "$tmp/conf/trust.yaml"
exits 1 'an agent that the trust file does not know: refused' assent show "$id"
says 'by its name' err "does not know the agent 'web1.example.org'"
export ASSENT_CONFIG="$tmp/none.yaml"

# Malformed answers of every kind.
printf '{"schema_version":1,"stacks":[{}]}' >"$web/v1/status"
exits 1 'a stack without a name is refused' assent status
says 'with its place' err 'stacks[0].name: missing'
printf '{"schema_version":2,"stacks":[]}' >"$web/v1/status"
exits 1 'another schema version is refused' assent status
printf '{"schema_version":1,"stacks":[]' >"$web/v1/status"
exits 1 'half an answer is refused' assent status
printf '<html>' >"$web/v1/status"
printf 502 >"$web/v1/status.status"
exits 1 'an answer that is no JSON is refused' assent status
says 'with its status' err '502'
exits 1 'and as JSON' assent status --json
ok 'with a code' grep -q '"code":"bad-answer"' "$tmp/err"
ok 'and nothing else on standard output' test ! -s "$tmp/out"
restore
python3 -c 'print("{\"schema_version\":1,\"stacks\":[" + "[" * 100 + "]" * 100 + "]}")' \
  >"$web/v1/status"
exits 1 'a deep answer is refused' assent status
restore

printf '%s' '{"error":{"code":"closed","message":"plan is\u001b[2J closed","hint":"look"}}' \
  >"$web/post/v1/plan-sha256:$id/decisions"
printf 409 >"$web/post/v1/plan-sha256:$id/decisions.status"
exits 1 "the agent's refusal is passed on" assent approve "$id" --key "$web/alice" --yes
says 'with its text made harmless' err 'plan is<U+001B>[2J closed'
says 'and its hint' err 'look'
restore
mkdir -p "$web/v1/plan-1111111"
printf '%s' '{"error":{"code":"ambiguous","message":"several plans begin with '"'1111111'"'",
  "hint":"give more digits"}}' | tee "$web/v1/plan-1111111/plan.json" \
  >"$web/v1/plan-1111111/self"
printf 409 | tee "$web/v1/plan-1111111/plan.json.status" >"$web/v1/plan-1111111/self.status"
for words in show 'approve --yes' 'reject --yes --reason no' 'approve --print --as alice'; do
  # shellcheck disable=SC2086
  exits 1 "digits that several plans begin with: $words" assent $words 1111111
  says 'are told to be too few' err 'give more digits'
done
restore

export ASSENT_SOCKET="$tmp/nobody.sock"
exits 3 'no agent is an exit code of its own' assent status
says 'with what to do' err 'assentd'
exits 3 'also as JSON' assent status --json
ok 'with a code' grep -q '"code":"unreachable"' "$tmp/err"

# Root may look into any folder, and nobody perhaps not into that of the programs.
nobody=()
if [ "$(id -u)" = 0 ]; then
  chmod 755 "$tmp"
  nobody=(setpriv --reuid 65534 --regid 65534 --clear-groups)
fi
cp "$(command -v assent)" "$tmp/assent"
mkdir -m 000 "$tmp/closed"
exits 3 "another user's agent" "${nobody[@]}" "$tmp/assent" status \
  --socket "$tmp/closed/agent.sock"
says 'is not said to be absent' err 'you may not talk to the agent'
finish
