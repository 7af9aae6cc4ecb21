#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The whole day of an approver against a real agent: set up, look, approve, reject, ask again.
. "${srcdir:-.}/tests/cli/libtest.sh" || exit 1
need git ssh-keygen ssh-agent ssh-add python3

export ASSENT_CONFIG="$HOME/conf/assentd.yaml" XDG_STATE_HOME="$HOME/state"
socket="$XDG_RUNTIME_DIR/assent/agent.sock"
target="$tmp/target" repo="$tmp/repo"
for name in alice bob carol; do
	ssh-keygen -q -t ed25519 -N '' -C "$name" -f "$tmp/$name"
done
mkdir -m 700 "$HOME/.ssh"
cp "$tmp/alice.pub" "$HOME/.ssh/id_ed25519.pub"
export GIT_CONFIG_NOSYSTEM=1

# commit SUBJECT: as bob, everything in the repository's folder
commit() {
	git -C "$repo" add -A &&
		git -C "$repo" -c user.name=Bob -c user.email=bob@example.org commit -q -m "$1"
}

# field NAME: of the only object that was printed
field() {
	python3 -c 'import json,sys
v = json.load(open(sys.argv[1]))
for k in sys.argv[2].split("."):
    v = v[int(k)] if k.isdigit() else v[k]
print(v)' "$tmp/out" "$1"
}

exits 0 'init' assent init --agent web1.example.org
says 'names the agent' out "agent 'web1.example.org'"
ok 'lists the own key' grep -q 'namespaces="assent.approval.v1" ssh-ed25519 ' \
	"$HOME/conf/allowed_signers"
ok 'writes what the worker believes' grep -q 'web1.example.org: ssh-ed25519 ' \
	"$HOME/conf/trust.yaml"
ok 'makes keys that are nobody else'"'"'s business' \
	test "$(stat -c %a "$XDG_STATE_HOME/assent/keys/plan.key")" = 600
exits 0 'its configuration is good' assent config check
cp -r "$HOME/conf" "$tmp/conf.before"
exits 0 'init again' assent init --json
ok 'makes nothing' test "$(field made)" = '[]'
ok 'and changes nothing' diff -r "$tmp/conf.before" "$HOME/conf"
exits 1 'another name is refused' assent init --agent web2.example.org
exits 1 'doctor sees that no agent runs' assent doctor
says 'and says so' out 'bad agent'
says 'the keys are those of this agent' out 'ok  state folder'
says 'how much room there is' out ' are free'
says 'that no commit has to be signed' out "no stack has 'verify'"
touch "$XDG_STATE_HOME/assent/stopped"
exits 1 'doctor sees that everything is stopped' assent doctor
says 'by what' out "everything is stopped by the file '$XDG_STATE_HOME/assent/stopped'"
says 'and what ends it' out "'assent resume --all' ends it"
rm "$XDG_STATE_HOME/assent/stopped"
sed 's/^agent: .*/agent: web2.example.org/' "$ASSENT_CONFIG" >"$HOME/conf/other.yaml"
exits 1 'doctor sees keys of another name' assent doctor --config "$HOME/conf/other.yaml"
says 'and whose they are' out "belongs to agent 'web1.example.org', the configuration names 'web2"
exits 1 'doctor without a configuration' env ASSENT_CONFIG="$HOME/conf/none.yaml" assent doctor
says 'tells what writes one' out "assent init"

mkdir "$repo"
git init -q -b main "$repo"
printf 'resources:\n  - directory: %s\n  - file: %s/a.conf\n    source: a.conf\n' \
	"$target" "$target" >"$repo/assent.yaml"
echo one >"$repo/a.conf"
commit 'the first' || skip_all 'git cannot commit'
for name in alice bob; do
	key=$(cut -d' ' -f1,2 "$tmp/$name.pub")
	echo "$name namespaces=\"assent.approval.v1\" $key"
done >"$HOME/conf/allowed_signers"
cat >"$ASSENT_CONFIG" <<EOF
agent: web1.example.org
stacks:
  web:
    source: {url: "file://$repo", interval: 1h}
    drift-interval: 30d
    approval: {required: 1, from: [alice, bob], author-may-approve: false}
people:
  alice: {email: [alice@example.org]}
  bob: {email: [bob@example.org]}
EOF
exits 0 'a stack of ours is good' assent config check
background "$tmp/assentd.log" assentd --worker "$builddir/assent-worker"
agent=$pid
wait_for test -S "$socket" || sed 's/^/# /' "$tmp/assentd.log"

exits 1 'sync finds something to approve' assent sync web
says 'and says what to do' err 'assent show '
exits 0 'status' assent status
says 'tells why nothing happens' out '0 of 1 approvals'
exits 0 'status of one stack, as JSON' assent status web --json
id=$(field pending.plan)
ok 'has the plan' test "${#id}" -eq 71
exits 0 'show' assent show "${id:7:7}"
says 'is by the trusted key' out 'plan key of the trust file'
says 'names the author' out 'Bob <bob@example.org>'
says 'lists the file' out "file:$target/a.conf"
says 'shows the diff' out '+one'
ok 'nothing is there yet' test ! -e "$target"

exits 1 'somebody whom nobody knows' assent approve "$id" --key "$tmp/carol" --yes
exits 1 'the author' assent approve "$id" --key "$tmp/bob" --yes --json
ok 'is refused as such' grep -q '"code":"author"' "$tmp/err"
ok 'and still nothing is there' test ! -e "$target"
start_ssh_agent
ssh-add -q "$tmp/alice" 2>/dev/null
exits 0 'alice approves by her ssh-agent' assent approve "$id" --yes --reason 'looks good'
says 'nobody else is needed' out '1 of 1'
wait_for grep -q one "$target/a.conf"
ok 'the file is there' grep -qx one "$target/a.conf"
is_state() {
	assent status web | grep -q "^web: $1:"
}
wait_for is_state converged
exits 1 'it cannot be approved twice' assent approve "$id" --yes
says 'because the plan is applied' err 'it is applied'
exits 0 'plan finds no difference' assent plan
exits 0 'sync neither' assent sync

echo two >"$repo/a.conf"
commit 'the second' || exit 1
exits 1 'a new commit' assent sync
exits 0 'is a plan' assent plans web --state pending --json
second=$(field plans.0.id)
ok 'of its own' test "$second" != "$id"
exits 0 'a rejection' assent reject "$second" --yes --reason 'not on a Friday'
exits 0 'closes the plan' assent plans --json
ok 'for good' test "$(field plans.0.state)" = rejected
exits 1 'it cannot be approved' assent approve "$second" --yes
says 'any more' err 'it is rejected'
exits 0 'the same commit is not planned again' assent sync
says 'without a person' out "not on a Friday; a new commit or 'assent replan'"
ok 'the file is the old one' grep -qx one "$target/a.conf"
exits 1 'replan asks again' assent replan web
says 'with a plan' out '+two'
exits 0 'which is pending' assent plans --state pending --json
third=$(field plans.0.id)
exits 0 'what is to be signed' assent approve "$third" --as alice --print
cp "$tmp/out" "$tmp/statement"
ssh-keygen -q -Y sign -n assent.approval.v1 -f "$tmp/alice" "$tmp/statement" 2>/dev/null
exits 0 'can be signed elsewhere' assent approve "$third" --signature "$tmp/statement.sig"
wait_for grep -q two "$target/a.conf"
ok 'and is applied' grep -qx two "$target/a.conf"
wait_for is_state converged

echo drift >"$target/a.conf"
exits 1 'what somebody changed here is found' assent plan
says 'as drift' out '(drift)'
says 'with what would be undone' out '-drift'

mv "$repo" "$repo.away"
exits 1 'a fetch that fails while a plan waits' assent sync
exits 0 'is told' assent status web
says 'beside what is waited for' out 'web: pending: '
says 'with its reason' out '; and fetching fails: network: '
mv "$repo.away" "$repo"
exits 1 'the next fetch is good again' assent sync
exits 0 'and nothing more is told' assent status web
lacks 'of the one before' out 'fetching fails'

background "$tmp/watch.log" assent watch
exits 0 'doctor is content' assent doctor
says 'and knows what the worker does not' out "write 'bob: [bob@example.org]' under 'people' in"
cp "$ASSENT_CONFIG" "$tmp/before.yaml"
sed -i 's/author-may-approve: false/quiet: 1h, break-glass: [bob]/' "$ASSENT_CONFIG"
exits 1 'doctor sees what the worker would refuse' assent doctor --json
ok 'each part of it' python3 -c 'import json, sys
look = [x for x in json.load(open(sys.argv[1]))["looks"] if x["name"] == "policy"][0]
bad = [x for x in look["remarks"] if not x["ok"]]
assert not look["ok"] and len(bad) == 2, look
assert "minimum: 0" in bad[0]["hint"] and "break_glass: true" in bad[1]["hint"], look' "$tmp/out"
exits 1 'and says so' assent doctor
says 'with what to do' out "write 'break_glass: true' in '"
sed 's/^    source:/    elevate: run0\n&/' "$tmp/before.yaml" >"$ASSENT_CONFIG"
exits 1 'doctor looks for the trust file of a worker that is root' assent doctor
says 'and does not find it' out "bad root's worker: "
cp "$tmp/before.yaml" "$ASSENT_CONFIG"
exits 0 'the log' assent log
says 'has the rejection' out 'reject'
exits 0 'verifies' assent log verify
# Nobody says when watch has begun to listen.
replanned_and_seen() {
	assent replan web >/dev/null 2>&1
	grep -q ' plan web ' "$tmp/watch.log"
}
ok 'watch sees new plans' wait_for replanned_and_seen

kill "$agent"
wait "$agent" 2>/dev/null
exits 3 'without the agent nothing can be approved' assent approve "$third" --yes
finish
